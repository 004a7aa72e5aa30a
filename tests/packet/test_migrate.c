/*
 * Tables of another layout, and of another size: what stands in them is taken over, flows made at any time are known to
 * the programs that come, no counter is lost, and an agent killed at any step is followed by one that makes it whole.
 */
#include "file.h"
#include "mem.h"
#include "migrate_lib.h"
#include "proc.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];

static void fresh_dir(void)
{
	snprintf(dir, sizeof(dir), "/sys/fs/bpf/kl-migrate-%d", (int)getpid());
	kl_remove_tree(dir, NULL);
}

static bool is_there(const char *below)
{
	kl_autofree char *path = kl_asprintf("%s/%s", dir, below);
	return kl_path_exists(path);
}

/* The program beside this one that was built for the other layout. What it counted, as it says. */
static bool make_old(unsigned long long ret[3])
{
	char self[512];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[len < 0 ? 0 : len] = 0;
	char *slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	kl_autofree char *program = kl_asprintf("%s/migrate_old", self);
	const char *const argv[] = {program, dir, NULL};
	struct kl_proc_result result = {0};
	struct kl_err err = {0};
	bool ok = !kl_proc_run(argv, NULL, 60000, &result, &err) && result.exit_code == 0 &&
		  sscanf((const char *)result.out.data, "%llu %llu %llu", &ret[0], &ret[1], &ret[2]) == 3;
	if (!ok)
		kl_test_failed(__FILE__, __LINE__, "%s: code %d, %s %s", program, result.exit_code, err.text,
			result.err_out.len ? result.err_out.data : "");
	kl_proc_result_release(&result);
	return ok;
}

static const struct kl_maps_sizes sizes = {.flows = MIGRATE_ENTRIES}, larger = {.flows = MIGRATE_ENTRIES * 4};

/* Nothing of the old generation is left, and a further start has nothing to do. */
static void check_settled(void)
{
	KL_CHECK(is_there("v2/maps/kl_config"));
	KL_CHECK(!is_there("v2/next"));
	KL_CHECK(!is_there("v2/old"));
	KL_CHECK(!is_there("v1"));
}

static void check_whole(struct bench *bench)
{
	KL_CHECK_INT(migrate_count_lost(bench), 0);
	KL_CHECK_INT(kl_maps_switch_begin(bench->maps, NULL), 0);
	KL_CHECK_INT(migrate_count_lost(bench), 0);
	KL_CHECK_INT(kl_maps_switch_end(bench->maps, NULL), 0);
	KL_CHECK_INT(migrate_count_lost(bench), 0);
	KL_CHECK(!kl_maps_switching(bench->maps));
	check_settled();
}

KL_TEST(another_layout_is_migrated)
{
	unsigned long long old[3];
	fresh_dir();
	if (!make_old(old))
		return;
	struct bench *bench = bench_new_at(dir, &sizes);
	size_t flows = 0, lost = 1;
	KL_CHECK(kl_maps_migrated(bench->maps, &flows, &lost));
	KL_CHECK_INT(flows, MIGRATE_FLOWS * MIGRATE_KINDS);
	KL_CHECK_INT(lost, 0);
	KL_CHECK_INT(kl_dpsync_services(bench->sync), MIGRATE_KINDS);
	KL_CHECK_INT(kl_dpsync_backends(bench->sync), MIGRATE_KINDS);
	struct kl_map_counters before = bench_counters(bench);
	check_whole(bench);
	struct kl_map_counters counters = bench_counters(bench);
	/* migrate_count_lost() ran three times. */
	KL_CHECK_INT(counters.flows_inserted, old[0]);
	KL_CHECK_INT(counters.forwarded, old[1] + 3 * MIGRATE_FLOWS * MIGRATE_KINDS);
	KL_CHECK_INT(counters.returned, old[2] + 3 * MIGRATE_FLOWS * (MIGRATE_KINDS - 1));
	KL_CHECK_INT(before.forwarded, 0);
	bench_leave(bench);
	bench = bench_new_at(dir, &sizes);
	KL_CHECK(bench->maps->adopted && !kl_maps_switching(bench->maps));
	KL_CHECK_INT(migrate_count_lost(bench), 0);
	bench_free(bench);
}

static struct bench *small_with_flows(void)
{
	struct bench *bench = bench_new_at(dir, &sizes);
	migrate_put_services(bench);
	for (int kind = 0; kind < MIGRATE_KINDS; kind++)
		for (uint32_t n = 0; n < MIGRATE_FLOWS; n++)
			migrate_establish(bench, (enum migrate_kind)kind, n);
	return bench;
}

/* The old programs run on until the switch; what they admit before it is known after it, and then they admit nothing. */
KL_TEST(larger_tables_take_over_in_full_flight)
{
	enum { LATE = 100 };
	fresh_dir();
	struct bench *old = small_with_flows();
	struct bench *new = bench_new_at(dir, &larger);
	KL_CHECK(kl_maps_switching(new->maps));
	KL_CHECK_INT(new->maps->entries[KL_MAP_CT_HOT], old->maps->entries[KL_MAP_CT_HOT] * 4);
	for (uint32_t n = 0; n < LATE; n++)
		for (int kind = 0; kind < MIGRATE_KINDS; kind++)
			migrate_establish(old, (enum migrate_kind)kind, MIGRATE_FLOWS + n);
	KL_CHECK_INT(kl_maps_switch_begin(new->maps, NULL), 0);
	uint64_t inserted = bench_counters(new).flows_inserted;
	for (uint32_t n = 0; n < LATE; n++)
		for (int kind = 0; kind < MIGRATE_KINDS; kind++)
			migrate_send(new, (enum migrate_kind)kind, MIGRATE_FLOWS + n, TCP_FLAG_ACK);
	KL_CHECK_INT(bench_counters(new).flows_inserted, inserted);
	migrate_send(old, MIGRATE_LOCAL, MIGRATE_FLOWS + LATE, TCP_FLAG_SYN);
	KL_CHECK_INT(bench_counters(old).flows_inserted, inserted);
	KL_CHECK_INT(migrate_count_lost(old), 0); /* what was established goes on through both */
	check_whole(new);
	bench_leave(old);
	bench_free(new);
}

KL_TEST(an_aborted_switch_leaves_the_old_as_they_were)
{
	fresh_dir();
	struct bench *old = small_with_flows();
	struct bench *new = bench_new_at(dir, &larger);
	KL_CHECK_INT(kl_maps_switch_begin(new->maps, NULL), 0);
	kl_maps_switch_abort(new->maps);
	uint64_t inserted = bench_counters(old).flows_inserted;
	migrate_send(old, MIGRATE_LOCAL, MIGRATE_FLOWS, TCP_FLAG_SYN);
	KL_CHECK_INT(bench_counters(old).flows_inserted, inserted + 1);
	bench_leave(old);
	bench_free(new);
}

KL_TEST(smaller_sizes_change_nothing)
{
	fresh_dir();
	struct bench *bench = small_with_flows();
	bench_leave(bench);
	bench = bench_new_at(dir, &(struct kl_maps_sizes){.flows = 1024});
	KL_CHECK(!kl_maps_switching(bench->maps));
	KL_CHECK_INT(migrate_count_lost(bench), 0);
	bench_free(bench);
}

/* --- killed */

enum step { FILLED, SWITCHING, RENAMED, STEPS };
static const char *const step_names[] = {
	"when it had filled them", "while it switched the programs", "between two renames"};

/* In a process of its own, which ends as by kill -9. */
static void die_at(enum step step, const struct kl_maps_sizes *wanted)
{
	pid_t child = fork();
	if (!child) {
		struct kl_maps *maps;
		if (kl_maps_open(dir, wanted, &maps, NULL) || !kl_maps_switching(maps))
			_exit(1);
		if (step >= SWITCHING && kl_maps_switch_begin(maps, NULL))
			_exit(2);
		kl_autofree char *from = kl_asprintf("%s/v2/maps", dir), *to = kl_asprintf("%s/v2/old", dir);
		if (step == RENAMED && is_there("v2/maps") && (maps->config->migration = 0, rename(from, to)))
			_exit(3);
		kill(getpid(), SIGKILL);
	}
	int status = 0;
	waitpid(child, &status, 0);
	KL_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

KL_TEST(whoever_is_killed_growing_them_is_followed_by_one_that_ends_it)
{
	for (int step = 0; step < STEPS; step++) {
		fresh_dir();
		bench_leave(small_with_flows());
		die_at((enum step)step, &larger);
		struct bench *bench = bench_new_at(dir, &larger);
		printf("killed %s\n", step_names[step]);
		KL_CHECK_INT(bench->maps->entries[KL_MAP_CT_HOT] > MIGRATE_ENTRIES / KL_LINE_FLOWS * 4, 1);
		if (kl_maps_switching(bench->maps))
			check_whole(bench);
		KL_CHECK_INT(migrate_count_lost(bench), 0);
		check_settled();
		bench_free(bench);
	}
}

KL_TEST(whoever_is_killed_migrating_a_layout_is_followed_by_one_that_ends_it)
{
	for (int step = 0; step < RENAMED; step++) {
		unsigned long long old[3];
		fresh_dir();
		if (!make_old(old))
			return;
		die_at((enum step)step, &sizes);
		struct bench *bench = bench_new_at(dir, &sizes);
		printf("killed %s\n", step_names[step]);
		check_whole(bench);
		KL_CHECK_INT(bench_counters(bench).forwarded, old[1] + 3 * MIGRATE_FLOWS * MIGRATE_KINDS);
		bench_free(bench);
	}
}

KL_TEST(tables_of_a_newer_release_are_left_alone)
{
	fresh_dir();
	struct bench *bench = bench_new_at(dir, &sizes);
	kl_autofree char *from = kl_asprintf("%s/v2", dir), *to = kl_asprintf("%s/v99", dir);
	struct kl_maps *maps;
	struct kl_err err = {0};
	KL_CHECK_INT(rename(from, to), 0);
	KL_CHECK(kl_maps_open(dir, &sizes, &maps, &err) < 0);
	KL_CHECK(strstr(err.text, "newer release") != NULL);
	KL_CHECK(is_there("v99/maps/kl_config"));
	bench_free(bench);
}

KL_MAIN()
