/*
 * migrate_old PIN_DIR: tables of another layout with services and flows in them, left pinned. Linked against the
 * dataplane built for that layout.
 */
#include "migrate_lib.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	struct kl_maps_sizes sizes = {.flows = MIGRATE_ENTRIES};
	struct bench *bench = bench_new_at(argv[1], &sizes);
	migrate_put_services(bench);
	for (int kind = 0; kind < MIGRATE_KINDS; kind++)
		for (uint32_t n = 0; n < MIGRATE_FLOWS; n++)
			migrate_establish(bench, (enum migrate_kind)kind, n);
	struct kl_map_counters counters = bench_counters(bench);
	printf("%llu %llu %llu\n", (unsigned long long)counters.flows_inserted, (unsigned long long)counters.forwarded,
		(unsigned long long)counters.returned);
	bench_leave(bench);
	return fflush(stdout) != 0;
}
