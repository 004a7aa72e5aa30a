/*
 * Invariant 6: the audit finds and repairs any entry changed or deleted behind its back. bpftool does it, map by map and
 * entry by entry, through the pins; then one audit must find something and put back exactly what stood there. At last
 * bpftool detaches each of our links: the check finds it, and loading attaches it again.
 */
#include "load.h"
#include "mem.h"
#include "packet_lib.h"
#include "proc.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_VALUE = 512, MAX_KEY = 64, MAX_ENTRIES = 65536, TAMPERED = 12 /* entries a map */ };

/* Where a changed byte is wrong for certain: counters and cursors may be anything. */
struct subject {
	enum kl_map_id id;
	size_t byte;
	bool deletable;
};
static const struct subject subjects[] = {
	{KL_MAP_CONFIG, offsetof(struct kl_map_config, node_addr4) + 15, false},
	{KL_MAP_CONFIG, offsetof(struct kl_map_config, snat_port_min), false},
	{KL_MAP_FRONTENDS, offsetof(struct kl_map_frontend, port), false},
	{KL_MAP_FRONTENDS, offsetof(struct kl_map_frontend, addr) + 15, false},
	{KL_MAP_FRONTENDS, offsetof(struct kl_map_frontend, service), false},
	{KL_MAP_PORTS, 0, false},
	{KL_MAP_SERVICES, offsetof(struct kl_map_service, set), false},
	{KL_MAP_NAMES, 3, false},
	{KL_MAP_SLOTS, 0, false},
	{KL_MAP_SLOTS, 40, false},
	{KL_MAP_BACKENDS, offsetof(struct kl_map_backend, addr) + 14, false},
	{KL_MAP_BACKENDS, offsetof(struct kl_map_backend, port), false},
	{KL_MAP_BACKENDS, offsetof(struct kl_map_backend, flags), false},
	{KL_MAP_BACKENDS, offsetof(struct kl_map_backend, service), false},
	{KL_MAP_RANGES, 0, true},
	{KL_MAP_LOCALS, 0, true},
	{KL_MAP_NETNS, 0, true},
};

struct table {
	int fd;
	struct bpf_map_info info;
	uint8_t *keys, *values; /* of every entry that is not all zero */
	size_t count;
};

static bool all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

static bool read_table(int fd, struct table *ret)
{
	uint8_t key[MAX_KEY], value[MAX_VALUE], *previous = NULL;
	uint32_t len = sizeof(ret->info);
	memset(ret, 0, sizeof(*ret));
	ret->fd = fd;
	if (bpf_obj_get_info_by_fd(fd, &ret->info, &len) || ret->info.value_size > MAX_VALUE ||
		ret->info.key_size > MAX_KEY)
		return false;
	ret->keys = kl_calloc(MAX_ENTRIES, ret->info.key_size);
	ret->values = kl_calloc(MAX_ENTRIES, ret->info.value_size);
	while (!bpf_map_get_next_key(fd, previous, key) && ret->count < MAX_ENTRIES) {
		previous = key;
		if (bpf_map_lookup_elem(fd, key, value) || all_zero(value, ret->info.value_size))
			continue;
		memcpy(ret->keys + ret->count * ret->info.key_size, key, ret->info.key_size);
		memcpy(ret->values + ret->count++ * ret->info.value_size, value, ret->info.value_size);
	}
	return true;
}

static void table_free(struct table *table)
{
	free(table->keys);
	free(table->values);
}

/* A frontend that was given up leaves a mark at its place (linear probing): no entry. */
static bool is_mark(enum kl_map_id id, const uint8_t *value)
{
	struct kl_map_frontend entry;
	memcpy(&entry, value, sizeof(entry));
	return id == KL_MAP_FRONTENDS && (entry.service == KL_FRONTEND_DELETED || entry.service == KL_FRONTEND_NEVER);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct kl_map_frontend));
}

/* Frontends may stand at another place afterwards, and are compared as a set. */
static void drop_marks(struct table *table)
{
	size_t size = table->info.value_size, kept = 0;
	for (size_t i = 0; i < table->count; i++)
		if (!is_mark(KL_MAP_FRONTENDS, table->values + i * size))
			memmove(table->values + kept++ * size, table->values + i * size, size);
	table->count = kept;
	qsort(table->values, kept, size, by_bytes);
	memset(table->keys, 0, MAX_ENTRIES * (size_t)table->info.key_size);
}

static bool same_table(const struct table *a, const struct table *b)
{
	return a->count == b->count && !memcmp(a->keys, b->keys, a->count * a->info.key_size) &&
	       !memcmp(a->values, b->values, a->count * a->info.value_size);
}

/* --- bpftool */

static void add_hex(const char **argv, size_t *count, const uint8_t *bytes, size_t len, char (*texts)[8])
{
	argv[(*count)++] = "hex";
	for (size_t i = 0; i < len; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%02x", bytes[i]);
		argv[(*count)++] = texts[i];
	}
}

/* value NULL: delete. */
static void bpftool_write(const char *pin, const struct table *table, const uint8_t *key, const uint8_t *value)
{
	const char *argv[MAX_KEY + MAX_VALUE + 16] = {
		"bpftool", "map", value ? "update" : "delete", "pinned", pin, "key"};
	char keys[MAX_KEY][8], values[MAX_VALUE][8];
	size_t count = 6;
	struct kl_err err = {0};
	add_hex(argv, &count, key, table->info.key_size, keys);
	if (value) {
		argv[count++] = "value";
		add_hex(argv, &count, value, table->info.value_size, values);
	}
	if (kl_proc_check(argv, &err))
		kl_test_failed(__FILE__, __LINE__, "bpftool: %s", err.text);
}

/* --- one change, one audit */

static void check_one(struct bench *bench, const struct subject *subject, const char *pin, const struct table *table,
	size_t at, bool delete)
{
	uint8_t value[MAX_VALUE];
	const uint8_t *key = table->keys + at * table->info.key_size;
	struct kl_dpsync_audit found;
	struct table before, now;
	memcpy(value, table->values + at * table->info.value_size, table->info.value_size);
	value[subject->byte] ^= 0x5a;
	KL_CHECK(read_table(table->fd, &before));
	bpftool_write(pin, table, key, delete ? NULL : value);
	kl_dpsync_audit(bench->sync, true, &found);
	bool ok = KL_CHECK(found.missing + found.wrong + found.foreign > 0);
	KL_CHECK(read_table(table->fd, &now));
	if (subject->id == KL_MAP_FRONTENDS) {
		drop_marks(&before);
		drop_marks(&now);
	}
	ok &= KL_CHECK(same_table(&before, &now));
	table_free(&before);
	table_free(&now);
	kl_dpsync_audit(bench->sync, false, &found);
	ok &= KL_CHECK_INT(found.missing + found.wrong + found.foreign, 0);
	if (!ok)
		kl_test_failed(__FILE__, __LINE__, "that was %s, entry %zu of %zu, byte %zu, %s; the audit said: %s",
			kl_maps_name(subject->id), at, table->count, subject->byte, delete ? "deleted" : "changed",
			found.words);
}

static void check_subject(struct bench *bench, const struct subject *subject)
{
	kl_autofree char *pin =
		kl_asprintf("/sys/fs/bpf/kl-test-%d/v%d/maps/%s", (int)getpid(), KL_LAYOUT, kl_maps_name(subject->id));
	struct table table;
	if (!KL_CHECK(read_table(bench->maps->fd[subject->id], &table)))
		return;
	if (!KL_CHECK(table.count > 0))
		kl_test_failed(__FILE__, __LINE__, "%s is empty", kl_maps_name(subject->id));
	/* Each change starts from a table that is whole, but places may have moved: they are read anew. */
	size_t step = table.count > TAMPERED ? table.count / TAMPERED : 1, checked = 0;
	for (size_t at = 0; at < table.count && checked < TAMPERED; at += step) {
		if (is_mark(subject->id, table.values + at * table.info.value_size))
			continue;
		checked++;
		if (subject->id != KL_MAP_RANGES) /* whose values mean nothing */
			check_one(bench, subject, pin, &table, at, false);
		if (subject->deletable)
			check_one(bench, subject, pin, &table, at, true);
		table_free(&table);
		read_table(bench->maps->fd[subject->id], &table);
	}
	printf("%-14s byte %3zu: %zu of %zu entries changed%s\n", kl_maps_name(subject->id), subject->byte, checked,
		table.count, subject->deletable ? ", then deleted" : "");
	table_free(&table);
}

static void put(struct bench *bench, const char *key, uint16_t node_port, uint16_t vip_port, uint8_t algorithm)
{
	static const enum who all[] = {LOCAL_POD, REMOTE_POD, OTHER_POD};
	struct kl_service *service = service_build(key, KL_PROTO_TCP, false, node_port, vip_port, all, 3, 8080);
	struct kl_range range = {.len = 104};
	kl_addr_parse("192.0.0.0", &range.addr);
	service->algorithm = algorithm;
	service->flags = KL_SERVICE_ALGORITHM;
	service->ranges = kl_memdup(&range, sizeof(range));
	service->range_count = 1;
	service->frontends[0].type = KL_FRONTEND_LOAD_BALANCER;
	service->frontends[0].addr = who_addr(VIP, false);
	service->frontends[0].port = node_port;
	KL_CHECK_INT(kl_dpsync_put(bench->sync, service, NULL), 0);
	kl_service_free(service);
}

KL_TEST(invariant_6_the_audit_repairs_whatever_bpftool_changes)
{
	struct bench *bench = bench_new(0);
	struct kl_dpsync_audit found;
	put(bench, "inv/random:80", 30001, 80, KL_ALGORITHM_RANDOM);
	put(bench, "inv/maglev:80", 30002, 81, KL_ALGORITHM_MAGLEV);
	put(bench, "inv/round:80", 30003, 82, KL_ALGORITHM_ROUND_ROBIN);
	KL_CHECK_INT(kl_dpsync_netns_add(bench->sync, 4711, KL_DPSYNC_POD, 3, NULL), 0);
	kl_dpsync_audit(bench->sync, false, &found);
	KL_CHECK_INT(found.missing + found.wrong + found.foreign, 0);
	for (size_t i = 0; i < KL_ARRAY_LEN(subjects); i++)
		check_subject(bench, &subjects[i]);
	bench_free(bench);
}

/* --- links */

static char cgroup_mount[64], cgroup_dir[96];

static bool make_cgroup(void)
{
	snprintf(cgroup_mount, sizeof(cgroup_mount), "/tmp/kl-audit-%d", (int)getpid());
	snprintf(cgroup_dir, sizeof(cgroup_dir), "%s/kl-audit-%d", cgroup_mount, (int)getpid());
	return !mkdir(cgroup_mount, 0700) && !mount("none", cgroup_mount, "cgroup2", 0, NULL) &&
	       !mkdir(cgroup_dir, 0700);
}

static void remove_cgroup(void)
{
	rmdir(cgroup_dir);
	umount(cgroup_mount);
	rmdir(cgroup_mount);
}

static void detach(const struct kl_load_options *options, const char *name)
{
	struct kl_err err = {0};
	kl_autofree char *pin = kl_asprintf("%s/links/%s", options->pin_dir, name);
	const char *const argv[] = {"bpftool", "link", "detach", "pinned", pin, NULL};
	if (kl_proc_check(argv, &err))
		kl_test_failed(__FILE__, __LINE__, "%s: %s", name, err.text);
}

static void check_attached_again(const struct bench *bench, const struct kl_load_options *options, const char *what)
{
	struct kl_err err = {0};
	if (!KL_CHECK(kl_load_check(options, &err) != 0) ||
		!KL_CHECK_INT(kl_load(bench->maps, options, NULL, &err), 0) ||
		!KL_CHECK_INT(kl_load_check(options, &err), 0))
		kl_test_failed(__FILE__, __LINE__, "that was %s: %s", what, err.text);
}

/* One of each kind by itself, then all at once. */
static void detach_each(const struct bench *bench, const struct kl_load_options *options)
{
	static const char *const kinds[] = {"kl_connect4", "kl_lb_in", "kl_lb_out", "kl_lb_xdp"};
	kl_autofree char *links = kl_asprintf("%s/links", options->pin_dir);
	unsigned count = 0;
	for (size_t i = 0; i < KL_ARRAY_LEN(kinds); i++) {
		detach(options, kinds[i]);
		check_attached_again(bench, options, kinds[i]);
	}
	DIR *dir = opendir(links);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (entry->d_name[0] != '.' && ++count)
			detach(options, entry->d_name);
	if (dir)
		closedir(dir);
	check_attached_again(bench, options, "all of them");
	printf("%u links detached and attached again\n", count);
	KL_CHECK(count > KL_ARRAY_LEN(kinds));
}

KL_TEST(invariant_6_a_detached_link_is_attached_again)
{
	struct bench *bench = bench_new(0);
	struct kl_err err = {0};
	kl_autofree char *pin_dir = kl_asprintf("/sys/fs/bpf/kl-test-%d", (int)getpid());
	struct kl_load_options options = {
		.pin_dir = pin_dir, .cgroup = cgroup_dir, .uplink = "eth1", .mode = KL_LB_GENERIC};
	if (!make_cgroup())
		kl_test_skip("cannot make a cgroup v2 folder: %s", strerror(errno));
	if (KL_CHECK_INT(kl_load(bench->maps, &options, NULL, &err), 0))
		detach_each(bench, &options);
	else
		kl_test_failed(__FILE__, __LINE__, "%s", err.text);
	bench_free(bench);
	remove_cgroup();
}

KL_MAIN()
