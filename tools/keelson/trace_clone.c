#include "trace_clone.h"

#include "mem.h"

#include "kl_lb_tc_bpf.skel.h"
#include "kl_lb_xdp_bpf.skel.h"
#include "kl_pod_bpf.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_MAPS = 64, WATCH_TICKS = 3600 };

struct cloned_map {
	char name[16];
	int fd; /* the object's */
};

struct kl_trace_clone {
	char *pin_dir;
	const struct kl_maps *live;
	struct bpf_object *objects[KL_TRACE_OBJECTS];
	struct cloned_map maps[MAX_MAPS];
	size_t map_count;
	struct ring_buffer *ring;
	struct kl_map_event *events; /* being collected */
	size_t event_count;
};

static const void *object_bytes(enum kl_trace_object object, size_t *ret_size)
{
	switch (object) {
	case KL_TRACE_LB_TC:
		return kl_lb_tc_bpf__elf_bytes(ret_size);
	case KL_TRACE_LB_XDP:
		return kl_lb_xdp_bpf__elf_bytes(ret_size);
	default:
		return kl_pod_bpf__elf_bytes(ret_size);
	}
}

int kl_trace_clone_map(const struct kl_trace_clone *clone, const char *name)
{
	for (size_t i = 0; i < clone->map_count; i++)
		if (!strcmp(clone->maps[i].name, name))
			return clone->maps[i].fd;
	return -1;
}

int kl_trace_tag(int prog_fd, char ret[17])
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);
	if (bpf_obj_get_info_by_fd(prog_fd, &info, &len))
		return -errno;
	for (size_t i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(ret + i * 2, 3, "%02x", info.tag[i]);
	return 0;
}

/* --- contents */

static int open_live(const struct kl_trace_clone *clone, const char *name, struct bpf_map_info *ret_info)
{
	kl_autofree char *path = kl_asprintf("%s/v%d/maps/%s", clone->pin_dir, KL_LAYOUT, name);
	uint32_t len = sizeof(*ret_info);
	int fd = bpf_obj_get(path);
	memset(ret_info, 0, sizeof(*ret_info));
	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, ret_info, &len))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int copy_mapped(int from, int to, const struct bpf_map_info *info, struct kl_err *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), stride = (info->value_size + 7u) / 8 * 8;
	size_t len = (stride * info->max_entries + page - 1) / page * page;
	void *source = mmap(NULL, len, PROT_READ, MAP_SHARED, from, 0);
	void *target = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
	int rc = source == MAP_FAILED || target == MAP_FAILED ? kl_fail(err, errno, "map %s into memory", info->name)
							      : 0;
	if (!rc)
		memcpy(target, source, len);
	if (source != MAP_FAILED)
		munmap(source, len);
	if (target != MAP_FAILED)
		munmap(target, len);
	return rc;
}

/* Entries that go meanwhile are left out. */
static void copy_entries(int from, int to, const struct bpf_map_info *info)
{
	kl_autofree void *key = kl_calloc(1, info->key_size), *next = kl_calloc(1, info->key_size);
	kl_autofree void *value = kl_calloc(1, info->value_size + 8);
	bool first = true;
	for (uint32_t i = 0; i < info->max_entries && !bpf_map_get_next_key(from, first ? NULL : key, next); i++) {
		memcpy(key, next, info->key_size);
		first = false;
		if (!bpf_map_lookup_elem(from, key, value))
			bpf_map_update_elem(to, key, value, BPF_ANY);
	}
}

/* Counters begin at zero in the copy: what they show afterwards is the packet's. */
static int copy_map(int from, int to, const struct bpf_map_info *info, struct kl_err *err)
{
	if (info->map_flags & BPF_F_MMAPABLE)
		return copy_mapped(from, to, info, err);
	if (info->type == BPF_MAP_TYPE_HASH || info->type == BPF_MAP_TYPE_LRU_HASH ||
		info->type == BPF_MAP_TYPE_LPM_TRIE || info->type == BPF_MAP_TYPE_ARRAY)
		copy_entries(from, to, info);
	return 0;
}

/* --- objects */

/* What the loader has put into the loaded program's constants. */
static void copy_rodata(const struct kl_trace_clone *clone, struct bpf_object *object, struct bpf_map *rodata)
{
	uint32_t ids[MAX_MAPS], zero = 0, len = sizeof(struct bpf_prog_info);
	size_t size = 0;
	struct bpf_program *program = bpf_object__next_program(object, NULL);
	kl_autofree char *path = kl_asprintf("%s/progs/%s", clone->pin_dir, bpf_program__name(program));
	struct bpf_prog_info info = {.nr_map_ids = MAX_MAPS, .map_ids = (uint64_t)(uintptr_t)ids};
	kl_autoclose int fd = bpf_obj_get(path);
	bpf_map__initial_value(rodata, &size);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return;
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAX_MAPS; i++) {
		struct bpf_map_info map = {0};
		uint32_t map_len = sizeof(map);
		kl_autoclose int map_fd = bpf_map_get_fd_by_id(ids[i]);
		if (map_fd < 0 || bpf_obj_get_info_by_fd(map_fd, &map, &map_len) || !strstr(map.name, ".rodata") ||
			map.value_size != size)
			continue;
		kl_autofree void *value = kl_calloc(1, size);
		if (!bpf_map_lookup_elem(map_fd, &zero, value))
			bpf_map__set_initial_value(rodata, value, size);
	}
}

static bool is_ours(const struct bpf_map *map)
{
	return !strncmp(bpf_map__name(map), "kl_", 3) && !bpf_map__is_internal(map);
}

/* Of the sizes of the live ones; those that another object has brought are shared with it. */
static int prepare(const struct kl_trace_clone *clone, struct bpf_object *object, struct kl_err *err)
{
	struct bpf_map *map;
	bpf_object__for_each_map(map, object)
	{
		struct bpf_map_info info;
		const char *name = bpf_map__name(map);
		int shared = kl_trace_clone_map(clone, name);
		if (strstr(name, ".rodata"))
			copy_rodata(clone, object, map);
		if (!is_ours(map))
			continue;
		kl_autoclose int live = open_live(clone, name, &info);
		int rc = shared >= 0 ? bpf_map__reuse_fd(map, shared)
			 : live >= 0 ? bpf_map__set_max_entries(map, info.max_entries)
				     : 0;
		if (rc)
			return kl_fail(err, -rc, "prepare a copy of %s", name);
	}
	return 0;
}

/* Those that are no node's table are the object's own scratch, of its own layout. */
static int take_maps(struct kl_trace_clone *clone, struct bpf_object *object, struct kl_err *err)
{
	struct bpf_map *map;
	bpf_object__for_each_map(map, object)
	{
		struct bpf_map_info info;
		const char *name = bpf_map__name(map);
		kl_autoclose int live = is_ours(map) ? open_live(clone, name, &info) : -1;
		if (live < 0 || kl_trace_clone_map(clone, name) >= 0 || clone->map_count == MAX_MAPS)
			continue;
		struct cloned_map *cloned = &clone->maps[clone->map_count++];
		snprintf(cloned->name, sizeof(cloned->name), "%s", name);
		cloned->fd = bpf_map__fd(map);
		int rc = copy_map(live, cloned->fd, &info, err);
		if (rc)
			return rc;
	}
	return 0;
}

static char last_words[300];
static int keep_words(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(last_words, sizeof(last_words), fmt, args);
	last_words[strcspn(last_words, "\n")] = 0;
	return 0;
}

static int on_event(void *arg, void *data, size_t size)
{
	struct kl_trace_clone *clone = arg;
	if (size < sizeof(struct kl_map_event))
		return 0;
	clone->events = kl_reallocarray(clone->events, clone->event_count + 1, sizeof(*clone->events));
	memcpy(&clone->events[clone->event_count++], data, sizeof(struct kl_map_event));
	return 0;
}

static int switch_events_on(struct kl_trace_clone *clone, struct kl_err *err)
{
	struct kl_map_config config;
	uint32_t zero = 0;
	int config_fd = kl_trace_clone_map(clone, "kl_config"), ring_fd = kl_trace_clone_map(clone, "kl_events");
	if (clone->ring || config_fd < 0 || ring_fd < 0)
		return 0;
	if (bpf_map_lookup_elem(config_fd, &zero, &config))
		return kl_fail(err, errno, "read the copy's configuration");
	config.watch_until = (uint32_t)kl_maps_tick(clone->live) + WATCH_TICKS;
	config.watch_mask = 0;
	if (bpf_map_update_elem(config_fd, &zero, &config, BPF_ANY))
		return kl_fail(err, errno, "write the copy's configuration");
	clone->ring = ring_buffer__new(ring_fd, on_event, clone, NULL);
	return clone->ring ? 0 : kl_fail(err, errno, "read the copy's events");
}

static int load(struct kl_trace_clone *clone, enum kl_trace_object which, struct kl_err *err)
{
	size_t size;
	const void *bytes = object_bytes(which, &size);
	libbpf_print_fn_t print = libbpf_set_print(keep_words);
	LIBBPF_OPTS(
		bpf_object_open_opts, options, .object_name = "kl_trace"); /* the default is no valid name of a map */
	struct bpf_object *object = bpf_object__open_mem(bytes, size, &options);
	int rc = object ? prepare(clone, object, err) : kl_fail(err, errno, "open the programs");
	if (!rc && (rc = bpf_object__load(object)))
		kl_fail(err, -rc, "load the programs (%s)", last_words);
	libbpf_set_print(print);
	if (!rc)
		rc = take_maps(clone, object, err);
	if (rc) {
		bpf_object__close(object);
		return rc;
	}
	clone->objects[which] = object;
	return switch_events_on(clone, err);
}

int kl_trace_clone_program(
	struct kl_trace_clone *clone, enum kl_trace_object object, const char *program, struct kl_err *err)
{
	int rc = clone->objects[object] ? 0 : load(clone, object, err);
	if (rc)
		return rc;
	struct bpf_program *found = bpf_object__find_program_by_name(clone->objects[object], program);
	return found ? bpf_program__fd(found) : kl_fail_msg(err, ENOENT, "there is no program %s", program);
}

/* --- results */

int kl_trace_clone_counters(const struct kl_trace_clone *clone, struct kl_map_counters *ret, struct kl_err *err)
{
	kl_autofree struct kl_map_counters *values = kl_calloc(clone->live->cpus, sizeof(*values));
	uint64_t *sum = (uint64_t *)(void *)ret;
	uint32_t zero = 0;
	memset(ret, 0, sizeof(*ret));
	if (bpf_map_lookup_elem(kl_trace_clone_map(clone, "kl_counters"), &zero, values))
		return kl_fail(err, errno, "read the copy's counters");
	for (size_t i = 0; i < sizeof(*ret) / sizeof(*sum) * clone->live->cpus; i++)
		sum[i % (sizeof(*ret) / sizeof(*sum))] += ((const uint64_t *)(const void *)values)[i];
	return 0;
}

struct kl_map_event *kl_trace_clone_events(struct kl_trace_clone *clone, size_t *ret_count)
{
	if (clone->ring)
		ring_buffer__consume(clone->ring);
	*ret_count = clone->event_count;
	clone->event_count = 0;
	return kl_take(&clone->events);
}

struct kl_trace_clone *kl_trace_clone_new(const char *pin_dir, const struct kl_maps *maps)
{
	struct kl_trace_clone *clone = kl_calloc(1, sizeof(*clone));
	clone->pin_dir = kl_strdup(pin_dir);
	clone->live = maps;
	return clone;
}

void kl_trace_clone_free(struct kl_trace_clone *clone)
{
	if (!clone)
		return;
	if (clone->ring)
		ring_buffer__free(clone->ring);
	for (size_t i = 0; i < KL_TRACE_OBJECTS; i++)
		bpf_object__close(clone->objects[i]);
	free(clone->events);
	free(clone->pin_dir);
	free(clone);
}
