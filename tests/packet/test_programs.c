/*
 * What a person who looks with bpftool sees of every program and map: names of ours, types, which build it is; and what
 * the verifier had to walk through.
 */
#include "load_impl.h"
#include "packet_lib.h"

#include "load.h"

#include "kl_lb_tc_bpf.skel.h"
#include "kl_lb_xdp_bpf.skel.h"
#include "kl_pod_bpf.skel.h"
#include "kl_sock_bpf.skel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { INSNS_MOST = 800000 /* of the million that the kernel walks */, NAME_MOST = 15 };

static void check_name(const char *name)
{
	KL_CHECK(!strncmp(name, "kl_", 3));
	KL_CHECK(strlen(name) <= NAME_MOST);
}

static void check_program(const struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);
	KL_CHECK_INT(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len), 0);
	printf("%-16s %7u insns walked, %6u bytes of machine code, %u maps\n", info.name, info.verified_insns,
		info.jited_prog_len, info.nr_map_ids);
	check_name(info.name);
	KL_CHECK(info.btf_id != 0);
	KL_CHECK(info.verified_insns < INSNS_MOST);
}

/* Of the loaded object's own .rodata, as the kernel has it. */
static void check_metadata(const struct bpf_object *object)
{
	struct bpf_map *map;
	bpf_object__for_each_map (map, object) {
		uint32_t zero = 0;
		char value[512] = {0};
		const char *name = bpf_map__name(map), *dot = strchr(name, '.');
		if (!dot || strcmp(dot, ".rodata") || bpf_map__value_size(map) > sizeof(value))
			continue;
		KL_CHECK_INT(bpf_map_lookup_elem(bpf_map__fd(map), &zero, value), 0);
		KL_CHECK(memmem(value, sizeof(value), KL_VERSION, strlen(KL_VERSION)) != NULL);
	}
}

static void check_object(struct bpf_object *object, const struct kl_maps *maps)
{
	struct bpf_program *program;
	struct kl_err err = {0};
	int failed = kl_object_load(object, maps, &err);
	KL_CHECK_STR(failed ? err.text : "loaded", "loaded");
	if (failed)
		return;
	bpf_object__for_each_program (program, object)
		check_program(program);
	check_metadata(object);
}

KL_TEST(programs_have_names_types_a_build_and_bounds)
{
	struct bench *bench = bench_new(0);
	struct kl_lb_tc_bpf *tc = kl_lb_tc_bpf__open();
	struct kl_lb_xdp_bpf *xdp = kl_lb_xdp_bpf__open();
	struct kl_sock_bpf *sock = kl_sock_bpf__open();
	struct kl_pod_bpf *pod = kl_pod_bpf__open();
	check_object(tc->obj, bench->maps);
	check_object(xdp->obj, bench->maps);
	check_object(sock->obj, bench->maps);
	check_object(pod->obj, bench->maps);
	kl_lb_tc_bpf__destroy(tc);
	kl_lb_xdp_bpf__destroy(xdp);
	kl_sock_bpf__destroy(sock);
	kl_pod_bpf__destroy(pod);
	bench_free(bench);
}

KL_TEST(maps_have_names_and_types)
{
	struct bench *bench = bench_new(0);
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		struct bpf_map_info info = {0};
		uint32_t len = sizeof(info);
		KL_CHECK_INT(bpf_obj_get_info_by_fd(bench->maps->fd[id], &info, &len), 0);
		check_name(info.name);
		if (info.type == BPF_MAP_TYPE_RINGBUF) /* has neither keys nor values */
			continue;
		KL_CHECK(info.btf_id && info.btf_key_type_id && info.btf_value_type_id);
	}
	bench_free(bench);
}

/* --- what the tables take, as the kernel accounts it */

static uint64_t memory_of(const struct kl_maps *maps)
{
	uint64_t sum = 0;
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		char path[64], line[128];
		unsigned long long bytes = 0;
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", maps->fd[id]);
		FILE *file = fopen(path, "re");
		KL_CHECK(file != NULL);
		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "memlock: %llu", &bytes) == 1)
				sum += bytes;
		if (file)
			fclose(file);
	}
	return sum;
}

KL_TEST(tables_fit_into_the_memory_they_should)
{
	static const struct {
		const char *what;
		uint32_t services, backends, connections;
		unsigned most_mb;
	} rows[] = {
		{"10,000 services x 10 endpoints, 1 M connections", 10000, 100000, 1 << 20, 200},
		{"a node of `keelson up`", 2047, 8191, 32768, 16},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(rows); i++) {
		struct kl_maps_sizes sizes = {0};
		struct kl_maps *maps;
		char dir[64];
		kl_maps_sizes_set(&sizes, rows[i].services, rows[i].backends, rows[i].connections);
		snprintf(dir, sizeof(dir), "/sys/fs/bpf/kl-test-mem-%d", (int)getpid());
		KL_CHECK_INT(kl_maps_open(dir, &sizes, &maps, NULL), 0);
		double mb = (double)memory_of(maps) / 1e6;
		printf("%s: %.1f MB\n", rows[i].what, mb);
		KL_CHECK(mb <= rows[i].most_mb);
		kl_maps_close(maps);
		kl_unload(dir, NULL);
	}
}

KL_TEST(sizes_follow_the_machines_memory)
{
	static const struct {
		uint64_t memory;
		uint32_t services, flows; /* entries: two a connection */
	} rows[] = {{0, 1023, 16384}, {1ull << 30, 1023, 16384}, {24ull << 30, 8191, 262144}, {1ull << 40, 16383, 1 << 22}};
	for (size_t i = 0; i < KL_ARRAY_LEN(rows); i++) {
		struct kl_maps_sizes sizes;
		kl_maps_sizes_of_memory(rows[i].memory, &sizes);
		KL_CHECK_INT(sizes.services, rows[i].services);
		KL_CHECK_INT(sizes.flows, rows[i].flows);
	}
}

KL_MAIN()
