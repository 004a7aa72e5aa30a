#include "trim.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct mapping {
	unsigned long begin, end;
	bool candidate; /* a private mapping of a file that is not writable now */
};

static void parse_head(const char *line, struct mapping *m)
{
	char access[5], path[16] = "";

	if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %15s", &m->begin, &m->end, access, path) >= 3)
		m->candidate = path[0] == '/' && access[1] != 'w' && access[3] == 'p';
}

/*
 * Read-only is not enough: relocated data was written before it was protected (RELRO) and would come back unrelocated.
 * A mapping without a single anonymous page was never written.
 */
void kl_memory_trim(void)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	struct mapping m = {0};
	unsigned long anonymous;
	char line[512];

	malloc_trim(0);
	while (smaps && fgets(line, sizeof(line), smaps))
		if (sscanf(line, "Anonymous: %lu", &anonymous) == 1) {
			if (m.candidate && anonymous == 0)
				madvise((void *)m.begin, m.end - m.begin, MADV_DONTNEED);
			m.candidate = false;
		} else if (strchr(line, '-')) {
			parse_head(line, &m);
		}
	if (smaps)
		fclose(smaps);
}
