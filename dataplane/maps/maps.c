#include "maps.h"

#include "file.h"
#include "mem.h"

#include "kl_maps_bpf.skel.h"

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

static uint32_t power_of_two(uint32_t n)
{
	uint32_t power = 2;
	while (power < n)
		power *= 2;
	return power;
}

/* Regions of the connection table, in lines. */
struct regions {
	uint32_t main, half, over;
};

static struct regions regions_of(uint32_t flows)
{
	struct regions ret = {.main = power_of_two(flows) / KL_LINE_FLOWS};
	if (ret.main < 64)
		ret.main = 64;
	ret.half = ret.main / 4;
	ret.over = ret.main / 16 < 16 ? 16 : ret.main / 16;
	return ret;
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
	return value ? value : fallback;
}

static void sizes_fill(const struct kl_maps_sizes *given, uint32_t ret[KL_MAP_COUNT], struct regions *ret_regions)
{
	static const struct kl_maps_sizes none;
	const struct kl_maps_sizes *sizes = given ? given : &none;
	struct regions regions = regions_of(or_default(sizes->flows, 131072));
	uint32_t lines = regions.main + regions.half + regions.over;
	uint32_t services = or_default(sizes->services, 2047) + 1, backends = or_default(sizes->backends, 8191) + 1;
	ret[KL_MAP_CONFIG] = ret[KL_MAP_COUNTERS] = 1;
	ret[KL_MAP_FRONTENDS] = power_of_two(or_default(sizes->frontends, 4096)) * 2;
	ret[KL_MAP_PORTS] = KL_PORT_WORDS;
	ret[KL_MAP_SERVICES] = ret[KL_MAP_NAMES] = services;
	ret[KL_MAP_SLOTS] = or_default(sizes->blocks, 8192);
	ret[KL_MAP_BACKENDS] = ret[KL_MAP_TRAFFIC] = ret[KL_MAP_LIVE] = backends;
	ret[KL_MAP_RANGES] = or_default(sizes->ranges, 4096);
	ret[KL_MAP_LOCALS] = backends;
	ret[KL_MAP_EVENTS] = 256 * 1024;
	ret[KL_MAP_CT_HOT] = lines;
	ret[KL_MAP_CT_COLD] = lines * KL_LINE_FLOWS;
	ret[KL_MAP_NETNS] = or_default(sizes->netns, 4096);
	ret[KL_MAP_AFFINITY] = or_default(sizes->affinity, 4096);
	ret[KL_MAP_FRAGMENTS] = 1024;
	ret[KL_MAP_SK_PEER] = ret[KL_MAP_SK_DGRAM] = 0;
	ret[KL_MAP_PODS] = or_default(sizes->pods, 1024);
	ret[KL_MAP_POD_ADDRS] = ret[KL_MAP_PODS] * 2;
	ret[KL_MAP_NET] = 1;
	ret[KL_MAP_INBOUND] = 4096;
	*ret_regions = regions;
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

static int map_views(struct kl_maps *maps, int protection, struct kl_err *err)
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

/* The layout is stored last: a map without it was made by an agent that died here. */
static int config_init(struct kl_maps *maps, const struct regions *regions, struct kl_err *err)
{
	struct kl_map_config *config = maps->config;
	if (getrandom(config->hash_key, sizeof(config->hash_key), 0) != sizeof(config->hash_key))
		return kl_fail(err, errno, "get random bytes");
	config->hz = kernel_hz();
	config->tick_shift = 31 - (uint32_t)__builtin_clz(config->hz + config->hz / 3);
	config->frontend_mask = maps->entries[KL_MAP_FRONTENDS] - 1;
	config->main_mask = regions->main - 1;
	config->half_first = regions->main;
	config->half_mask = regions->half - 1;
	config->over_first = regions->main + regions->half;
	config->over_mask = regions->over - 1;
	config->node_port_min = 30000;
	config->node_port_max = 32767;
	/* Below the NodePorts: neither they nor ip_local_port_range (32768-60999) reach here. */
	config->snat_port_min = 10240;
	config->snat_port_max = 29999;
	__atomic_store_n(&config->layout, KL_LAYOUT, __ATOMIC_RELEASE);
	return 0;
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

static int make_or_adopt(const char *dir, struct kl_maps *maps, struct kl_err *err)
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

int kl_maps_open(const char *pin_dir, const struct kl_maps_sizes *sizes, struct kl_maps **ret, struct kl_err *err)
{
	kl_cleanup(cleanup_maps) struct kl_maps *maps = maps_alloc();
	kl_autofree char *dir = kl_asprintf("%s/v%d/maps", pin_dir, KL_LAYOUT);
	struct regions regions;
	int failed = ensure_bpffs(pin_dir, err);
	if (!failed)
		failed = kl_mkdir_p(dir, 0700, err);
	if (failed)
		return failed;
	sizes_fill(sizes, maps->entries, &regions);
	failed = make_or_adopt(dir, maps, err);
	if (!failed)
		failed = map_views(maps, PROT_READ | PROT_WRITE, err);
	if (failed)
		return failed;
	if (__atomic_load_n(&maps->config->layout, __ATOMIC_ACQUIRE) != KL_LAYOUT) {
		maps->adopted = false;
		failed = config_init(maps, &regions, err);
		if (failed)
			return failed;
	}
	*ret = kl_take(&maps);
	return 0;
}

int kl_maps_look(const char *pin_dir, const struct kl_maps **ret, struct kl_err *err)
{
	kl_cleanup(cleanup_maps) struct kl_maps *maps = maps_alloc();
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		kl_autofree char *path = kl_asprintf("%s/v%d/maps/%s", pin_dir, KL_LAYOUT, rows[id].name);
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
	int failed = map_views(maps, PROT_READ, err);
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
