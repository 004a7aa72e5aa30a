#include "maps_impl.h"

#include "file.h"
#include "mem.h"

#include "kl_maps_bpf.skel.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

struct map_row {
	const char *name;
	size_t value_size;
	size_t view; /* offset of its pointer in struct kl_maps; 0: not kept mapped */
};
#define VIEW(field) offsetof(struct kl_maps, field)
static const struct map_row rows[KL_MAP_COUNT] = {
	[KL_MAP_CONFIG] = {"kl_config", sizeof(struct kl_map_config), VIEW(config)},
	[KL_MAP_FRONTENDS] = {"kl_frontends", sizeof(struct kl_map_frontend), VIEW(frontends)},
	[KL_MAP_PORTS] = {"kl_ports", sizeof(uint64_t), VIEW(ports)},
	[KL_MAP_SERVICES] = {"kl_services", sizeof(struct kl_map_service), VIEW(services)},
	[KL_MAP_NAMES] = {"kl_names", sizeof(struct kl_map_name), VIEW(names)},
	[KL_MAP_SLOTS] = {"kl_slots", sizeof(struct kl_map_block), VIEW(blocks)},
	[KL_MAP_BACKENDS] = {"kl_backends", sizeof(struct kl_map_backend), VIEW(backends)},
	[KL_MAP_TRAFFIC] = {"kl_traffic", sizeof(struct kl_map_traffic), 0},
	[KL_MAP_LIVE] = {"kl_live", sizeof(struct kl_map_live), VIEW(live)},
	[KL_MAP_RANGES] = {"kl_ranges", sizeof(uint8_t), 0},
	[KL_MAP_LOCALS] = {"kl_locals", sizeof(uint32_t), 0},
	[KL_MAP_EVENTS] = {"kl_events", 0, 0},
	[KL_MAP_COUNTERS] = {"kl_counters", sizeof(struct kl_map_counters), 0},
	[KL_MAP_CT_HOT] = {"kl_ct_hot", sizeof(struct kl_map_line), 0},
	[KL_MAP_CT_COLD] = {"kl_ct_cold", sizeof(struct kl_map_tuple), 0},
	[KL_MAP_NETNS] = {"kl_netns", sizeof(struct kl_map_netns), 0},
	[KL_MAP_AFFINITY] = {"kl_affinity", sizeof(struct kl_map_affinity), 0},
	[KL_MAP_FRAGMENTS] = {"kl_fragments", sizeof(struct kl_map_ports), 0},
	[KL_MAP_SK_PEER] = {"kl_sk_peer", sizeof(struct kl_map_peer), 0},
	[KL_MAP_SK_DGRAM] = {"kl_sk_dgram", sizeof(struct kl_map_dgram), 0},
	[KL_MAP_PODS] = {"kl_pods", sizeof(struct kl_map_pod), 0},
	[KL_MAP_POD_ADDRS] = {"kl_pod_addrs", sizeof(uint32_t), 0},
	[KL_MAP_NET] = {"kl_net", sizeof(struct kl_map_net), VIEW(net)},
	[KL_MAP_INBOUND] = {"kl_inbound", sizeof(uint32_t), 0},
};

const char *kl_maps_name(enum kl_map_id id)
{
	return rows[id].name;
}

size_t kl_map_value_size(enum kl_map_id id)
{
	return rows[id].value_size;
}

static int ensure_bpffs(const char *dir, struct kl_err *err)
{
	struct statfs fs;
	if (kl_mkdir_p(dir, 0700, NULL) == 0 && !statfs(dir, &fs) && fs.f_type == BPF_FS_MAGIC)
		return 0;
	if (!strncmp(dir, "/sys/fs/bpf", 11) && (statfs("/sys/fs/bpf", &fs) || fs.f_type != BPF_FS_MAGIC) &&
		mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700"))
		return kl_fail(err, errno, "mount a BPF file system at /sys/fs/bpf");
	int failed = kl_mkdir_p(dir, 0700, err);
	if (failed)
		return failed;
	if (statfs(dir, &fs) || fs.f_type != BPF_FS_MAGIC)
		return kl_fail_msg(err, EINVAL, "'%s' is not on a BPF file system", dir);
	return 0;
}

static size_t view_length(const struct kl_maps *maps, enum kl_map_id id)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t stride = (rows[id].value_size + 7) / 8 * 8;
	return (stride * maps->entries[id] + page - 1) / page * page;
}

static void **view_pointer(struct kl_maps *maps, enum kl_map_id id)
{
	return rows[id].view ? (void **)(void *)((char *)maps + rows[id].view) : NULL;
}

int kl_maps_map_views(struct kl_maps *maps, int protection, struct kl_err *err)
{
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		void **view = view_pointer(maps, (enum kl_map_id)id);
		if (!view)
			continue;
		void *at = mmap(NULL, view_length(maps, (enum kl_map_id)id), protection, MAP_SHARED, maps->fd[id], 0);
		if (at == MAP_FAILED)
			return kl_fail(err, errno, "map %s into memory", rows[id].name);
		*view = at;
	}
	return 0;
}

static struct kl_maps *maps_alloc(void)
{
	struct kl_maps *maps = kl_calloc(1, sizeof(*maps));
	for (int id = 0; id < KL_MAP_COUNT; id++)
		maps->fd[id] = -1;
	int cpus = libbpf_num_possible_cpus();
	maps->cpus = cpus > 0 ? (unsigned)cpus : 1;
	return maps;
}

void kl_maps_close(struct kl_maps *maps)
{
	if (!maps)
		return;
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		void **view = view_pointer(maps, (enum kl_map_id)id);
		if (view && *view)
			munmap(*view, view_length(maps, (enum kl_map_id)id));
		if (maps->fd[id] >= 0)
			close(maps->fd[id]);
	}
	kl_migration_free(maps->migration);
	free(maps);
}
KL_AUTO(cleanup_maps, struct kl_maps, kl_maps_close)

/* The clock's coarse resolution is one jiffy. */
static uint32_t kernel_hz(void)
{
	struct timespec resolution;
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) || resolution.tv_nsec <= 0)
		return 250;
	return (uint32_t)((1000000000 + resolution.tv_nsec / 2) / resolution.tv_nsec);
}

/* jiffies64 starts five minutes before its 32-bit overflow (INITIAL_JIFFIES), and counts from boot. */
uint64_t kl_maps_tick(const struct kl_maps *maps)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t hz = maps->config->hz;
	uint64_t ran = (uint64_t)now.tv_sec * hz + (uint64_t)now.tv_nsec * hz / 1000000000;
	return ((1ull << 32) - 300 * hz + ran) >> (maps->config->tick_shift & 31);
}

/* By the size of the map, so that they are the same whoever computes them. */
void kl_config_set_regions(struct kl_maps *maps)
{
	struct kl_map_config *config = maps->config;
	uint32_t lines = maps->entries[KL_MAP_CT_HOT], main = 64;
	while (main * 2 <= lines)
		main *= 2;
	uint32_t over = main / 16 < 16 ? 16 : main / 16, half = lines - main - over;
	config->frontend_mask = maps->entries[KL_MAP_FRONTENDS] - 1;
	config->main_mask = main - 1;
	config->half_first = main;
	config->half_mask = half - 1;
	config->over_first = main + half;
	config->over_mask = over - 1;
}

int kl_config_init(struct kl_maps *maps, struct kl_err *err)
{
	struct kl_map_config *config = maps->config;
	if (getrandom(config->hash_key, sizeof(config->hash_key), 0) != sizeof(config->hash_key))
		return kl_fail(err, errno, "get random bytes");
	config->hz = kernel_hz();
	config->tick_shift = 31 - (uint32_t)__builtin_clz(config->hz + config->hz / 3);
	config->node_port_min = 30000;
	config->node_port_max = 32767;
	/* Below the NodePorts: neither they nor ip_local_port_range (32768-60999) reach here. */
	config->snat_port_min = 10240;
	config->snat_port_max = 29999;
	kl_config_set_regions(maps);
	return 0;
}

/* The layout is stored last: a map without it was made by an agent that died here. */
void kl_config_complete(struct kl_maps *maps)
{
	__atomic_store_n(&maps->config->layout, KL_LAYOUT, __ATOMIC_RELEASE);
}

static int pinned_entries(const char *path, uint32_t *ret)
{
	kl_autoclose int fd = bpf_obj_get(path);
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return -ENOENT;
	*ret = info.max_entries;
	return 0;
}

static int prepare(struct bpf_object *object, const char *dir, struct kl_maps *maps, struct kl_err *err)
{
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		kl_autofree char *path = kl_asprintf("%s/%s", dir, rows[id].name);
		struct bpf_map *map = bpf_object__find_map_by_name(object, rows[id].name);
		if (!map)
			return kl_fail_msg(err, ENOENT, "the BPF object has no map %s", rows[id].name);
		if (!pinned_entries(path, &maps->entries[id]))
			maps->adopted = true;
		int failed = bpf_map__set_max_entries(map, maps->entries[id]);
		if (!failed)
			failed = bpf_map__set_pin_path(map, path);
		if (failed)
			return kl_fail(err, -failed, "prepare map %s", rows[id].name);
	}
	return 0;
}

static void object_destroy(struct kl_maps_bpf *object)
{
	kl_maps_bpf__destroy(object);
}
KL_AUTO(cleanup_object, struct kl_maps_bpf, object_destroy)

int kl_maps_make(const char *dir, struct kl_maps *maps, struct kl_err *err)
{
	kl_cleanup(cleanup_object) struct kl_maps_bpf *skeleton = kl_maps_bpf__open();
	if (!skeleton)
		return kl_fail(err, errno, "open the BPF object of the maps");
	int failed = prepare(skeleton->obj, dir, maps, err);
	if (failed)
		return failed;
	failed = kl_maps_bpf__load(skeleton);
	if (failed)
		return kl_fail(err, -failed, "make the BPF maps in '%s'", dir);
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		struct bpf_map *map = bpf_object__find_map_by_name(skeleton->obj, rows[id].name);
		maps->fd[id] = dup(bpf_map__fd(map));
		if (maps->fd[id] < 0)
			return kl_fail(err, errno, "duplicate the descriptor of map %s", rows[id].name);
	}
	return 0;
}

/* Maps of an earlier build of this layout may have frontends and no bits for their ports. */
static void serve_ports(struct kl_maps *maps)
{
	for (uint32_t i = 0; i <= maps->config->frontend_mask; i++) {
		const struct kl_map_frontend *frontend = &maps->frontends[i];
		uint16_t port = ntohs(frontend->port);
		if (frontend->service != KL_FRONTEND_NEVER && frontend->service != KL_FRONTEND_DELETED)
			__atomic_or_fetch(&maps->ports[port / 64], 1ull << port % 64, __ATOMIC_SEQ_CST);
	}
}

/* Whether any map in force is smaller than wanted. entries become what they are, or will be. */
static bool must_grow(const char *dir, const uint32_t wanted[KL_MAP_COUNT], uint32_t entries[KL_MAP_COUNT])
{
	bool grow = false;
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		kl_autofree char *path = kl_asprintf("%s/%s", dir, rows[id].name);
		uint32_t there = wanted[id];
		bool pinned = !pinned_entries(path, &there);
		grow = grow || (pinned && there < wanted[id]);
		entries[id] = there > wanted[id] ? there : wanted[id];
	}
	return grow;
}

static int open_in_force(const char *dir, struct kl_maps *maps, struct kl_err *err)
{
	int failed = kl_maps_make(dir, maps, err);
	if (!failed)
		failed = kl_maps_map_views(maps, PROT_READ | PROT_WRITE, err);
	if (failed || __atomic_load_n(&maps->config->layout, __ATOMIC_ACQUIRE) == KL_LAYOUT)
		return failed;
	maps->adopted = false;
	failed = kl_config_init(maps, err);
	if (!failed)
		kl_config_complete(maps);
	return failed;
}

static int open_migrating(const char *pin_dir, const struct kl_pins *pins, struct kl_maps *maps, struct kl_err *err)
{
	int failed = kl_migration_new(pin_dir, pins, maps, &maps->migration, err);
	if (!failed)
		failed = kl_maps_map_views(maps, PROT_READ | PROT_WRITE, err);
	if (!failed)
		failed = kl_migration_fill(maps->migration, err);
	if (failed)
		return failed;
	maps->adopted = true;
	kl_config_complete(maps);
	return 0;
}

int kl_maps_open(const char *pin_dir, const struct kl_maps_sizes *sizes, struct kl_maps **ret, struct kl_err *err)
{
	kl_cleanup(cleanup_maps) struct kl_maps *maps = maps_alloc();
	kl_cleanup(kl_pins_release) struct kl_pins pins = {0};
	uint32_t wanted[KL_MAP_COUNT];
	struct kl_regions regions;
	int failed = ensure_bpffs(pin_dir, err);
	if (!failed)
		failed = kl_pins_settle(pin_dir, &pins, err);
	if (failed)
		return failed;
	kl_sizes_fill(sizes, wanted, &regions);
	if (must_grow(pins.old ? pins.old : pins.dir, wanted, maps->entries) && sizes && !pins.old)
		kl_pins_grow(pin_dir, &pins);
	failed = kl_mkdir_p(pins.dir, 0700, err);
	if (!failed)
		failed = pins.old ? open_migrating(pin_dir, &pins, maps, err) : open_in_force(pins.dir, maps, err);
	if (failed)
		return failed;
	serve_ports(maps);
	*ret = kl_take(&maps);
	return 0;
}

static int look_in(const char *dir, struct kl_maps *maps, struct kl_err *err)
{
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		kl_autofree char *path = kl_asprintf("%s/%s", dir, rows[id].name);
		struct bpf_map_info info = {0};
		uint32_t len = sizeof(info);
		maps->fd[id] = bpf_obj_get(path);
		if (maps->fd[id] < 0)
			return kl_fail(err, errno, "open the pinned map '%s'", path);
		if (bpf_obj_get_info_by_fd(maps->fd[id], &info, &len))
			return kl_fail(err, errno, "ask about map %s", rows[id].name);
		maps->entries[id] = info.max_entries;
	}
	maps->adopted = true;
	return kl_maps_map_views(maps, PROT_READ, err);
}

int kl_maps_look(const char *pin_dir, const struct kl_maps **ret, struct kl_err *err)
{
	kl_cleanup(cleanup_maps) struct kl_maps *maps = maps_alloc();
	kl_autofree char *dir = kl_asprintf("%s/v%d/maps", pin_dir, KL_LAYOUT);
	kl_autofree char *next = kl_asprintf("%s/v%d/next", pin_dir, KL_LAYOUT);
	int failed = look_in(kl_path_exists(dir) || !kl_path_exists(next) ? dir : next, maps, err);
	if (failed)
		return failed;
	*ret = kl_take(&maps);
	return 0;
}

const void *kl_maps_view(const struct kl_maps *maps, enum kl_map_id id, size_t *ret_len, struct kl_err *err)
{
	size_t len = view_length(maps, id);
	void *at = mmap(NULL, len, PROT_READ, MAP_SHARED, maps->fd[id], 0);
	if (at == MAP_FAILED) {
		kl_fail(err, errno, "map %s into memory", rows[id].name);
		return NULL;
	}
	*ret_len = len;
	return at;
}

/* Adds the CPUs' values up: they are structs of nothing but u64. */
static int percpu_sum(const struct kl_maps *maps, enum kl_map_id id, uint32_t key, void *ret, struct kl_err *err)
{
	size_t words = rows[id].value_size / sizeof(uint64_t);
	kl_autofree uint64_t *values = kl_calloc(maps->cpus, rows[id].value_size);
	uint64_t *sum = ret;
	if (bpf_map_lookup_elem(maps->fd[id], &key, values))
		return kl_fail(err, errno, "read %s", rows[id].name);
	memset(ret, 0, rows[id].value_size);
	for (size_t i = 0; i < words * maps->cpus; i++)
		sum[i % words] += values[i];
	return 0;
}

int kl_maps_counters(const struct kl_maps *maps, struct kl_map_counters *ret, struct kl_err *err)
{
	return percpu_sum(maps, KL_MAP_COUNTERS, 0, ret, err);
}

int kl_maps_traffic(const struct kl_maps *maps, uint32_t backend, struct kl_map_traffic *ret, struct kl_err *err)
{
	return percpu_sum(maps, KL_MAP_TRAFFIC, backend, ret, err);
}

int kl_maps_traffic_clear(const struct kl_maps *maps, uint32_t backend, struct kl_err *err)
{
	kl_autofree struct kl_map_traffic *zero = kl_calloc(maps->cpus, sizeof(*zero));
	if (bpf_map_update_elem(maps->fd[KL_MAP_TRAFFIC], &backend, zero, BPF_ANY))
		return kl_fail(err, errno, "clear a backend's counters");
	return 0;
}
