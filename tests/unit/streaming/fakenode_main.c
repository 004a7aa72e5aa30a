/*
 * The fake node as a program of its own, to try clients against by hand:
 *
 *	fakenode PORT DIR [CERTS]     serves until its standard input ends; its lines become "main"'s log
 */
#include "fakenode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "runtime"))
		return fakenode_runtime(argc, argv);
	if (argc < 3 || argc > 4)
		return 2;
	struct fakenode *node = fakenode_new(argv[2], "/proc/self/exe", atoi(argv[1]), argv[3]);
	printf("port %d\n", fakenode_port(node));
	fflush(stdout);
	char line[1024];
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		fakenode_log(node, "2026-11-20T10:30:35.123456789+00:00", "stdout", "F", line);
	}
	fakenode_free(node);
	return 0;
}
