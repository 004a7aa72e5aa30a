/*
 * From one set of maps to another, of another layout or size, while programs use the old ones.
 *
 *	1. The new maps are made in a folder of their own. Those that would be the same are not made: the old ones are
 *	   pinned there as well, and both generations of programs share them.
 *	2. Fill: services, backends, frontends, names, tables of namespaces and pods, and the flows, whose places and
 *	   fingerprints are computed anew from their tuples.
 *	3. Once the new programs are loaded, and before the first takes an old one's place: the old table admits no new
 *	   flows any more (its half-open region is put where nothing is, and what finds no place is dropped and sent again),
 *	   and those made since step 2 follow. No flow is unknown to the programs that come.
 *	4. When all are replaced: counters are added, states that changed meanwhile are taken over, the old pins go.
 *
 * A start that finds this half done (kl_pins_settle) goes back to 1 as long as no program had been replaced, and on to 3
 * after that.
 */
#include "maps_impl.h"

#include "fields.h"
#include "file.h"
#include "flowtable.h"
#include "mem.h"

#include "kl_carry_bpf.skel.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct old_map {
	int fd; /* -1: that layout has no such map */
	struct bpf_map_info info;
	bool shared;
};

struct kl_migration {
	struct kl_maps *maps; /* the new ones */
	char *pin_dir, *old_dir;
	struct old_map old[KL_MAP_COUNT];
	bool same_layout, resume;
	bool begun, done; /* the switch of the programs */
	/* the old connection table */
	uint8_t *hot, *cold, *config;
	struct kl_fields *line_fields, *tuple_fields;
	uint64_t *seen;      /* of each old place: the state and fingerprint that were copied, mixed */
	uint32_t half_at;    /* where config has half_first */
	uint32_t half_first; /* as it was */
	uint32_t old_main;   /* mask of the main region */
	bool frozen;
	size_t flows, lost;
};

/* --- the old maps */

static size_t stride(uint32_t bytes)
{
	return (bytes + 7u) / 8 * 8;
}

static int open_old(struct kl_migration *migration, enum kl_map_id id, struct kl_err *err)
{
	struct old_map *old = &migration->old[id];
	kl_autofree char *path = kl_asprintf("%s/%s", migration->old_dir, kl_maps_name(id));
	uint32_t len = sizeof(old->info);
	old->fd = bpf_obj_get(path);
	if (old->fd >= 0 && bpf_obj_get_info_by_fd(old->fd, &old->info, &len))
		return kl_fail(err, errno, "ask about the map '%s'", path);
	return 0;
}

static void *map_old(const struct kl_migration *migration, enum kl_map_id id, struct kl_err *err)
{
	const struct old_map *old = &migration->old[id];
	size_t bytes = stride(old->info.value_size) * old->info.max_entries;
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, old->fd, 0);
	if (at != MAP_FAILED)
		return at;
	kl_fail(err, errno, "map the former %s into memory", kl_maps_name(id));
	return NULL;
}

static void unmap_old(const struct kl_migration *migration, enum kl_map_id id, void *at)
{
	const struct old_map *old = &migration->old[id];
	if (at)
		munmap(at, stride(old->info.value_size) * old->info.max_entries);
}

/* All but what can be told of it. */
static void release(struct kl_migration *migration)
{
	unmap_old(migration, KL_MAP_CT_HOT, migration->hot);
	unmap_old(migration, KL_MAP_CT_COLD, migration->cold);
	unmap_old(migration, KL_MAP_CONFIG, migration->config);
	migration->hot = migration->cold = migration->config = NULL;
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		if (migration->old[id].fd >= 0)
			close(migration->old[id].fd);
		migration->old[id].fd = -1;
	}
	free(migration->seen);
	migration->seen = NULL;
}

void kl_migration_free(struct kl_migration *migration)
{
	if (!migration)
		return;
	release(migration);
	kl_fields_free(migration->line_fields);
	kl_fields_free(migration->tuple_fields);
	free(migration->pin_dir);
	free(migration->old_dir);
	free(migration);
}

/* --- maps that serve as they are */

/* Places in these depend on the hash, which may differ between layouts; the table of flows is one map in two. */
static bool is_placed(enum kl_map_id id)
{
	return id == KL_MAP_FRONTENDS || id == KL_MAP_CT_HOT || id == KL_MAP_CT_COLD;
}

static bool same_types(int old_fd, int new_fd, const struct bpf_map_info *info)
{
	kl_autofields *key = NULL;
	kl_autofields *value = NULL;
	if (info->type == BPF_MAP_TYPE_RINGBUF)
		return true;
	if (kl_fields_new(old_fd, new_fd, KL_FIELDS_KEY, NULL, &key, NULL) ||
		kl_fields_new(old_fd, new_fd, KL_FIELDS_VALUE, NULL, &value, NULL))
		return false;
	return kl_fields_same(key) && kl_fields_same(value);
}

static bool can_share(const struct kl_migration *migration, enum kl_map_id id)
{
	const struct old_map *old = &migration->old[id];
	struct bpf_map_info new = {0};
	uint32_t len = sizeof(new);
	if (old->fd < 0 || id == KL_MAP_CONFIG || (is_placed(id) && !migration->same_layout) ||
		bpf_obj_get_info_by_fd(migration->maps->fd[id], &new, &len))
		return false;
	return old->info.type == new.type && old->info.map_flags == new.map_flags &&
	       old->info.max_entries == new.max_entries && old->info.key_size == new.key_size &&
	       old->info.value_size == new.value_size &&same_types(old->fd, migration->maps->fd[id], &old->info);
}

/* The new map, empty still, gives way to the old one. */
static int share(struct kl_migration *migration, const char *dir, enum kl_map_id id, struct kl_err *err)
{
	struct old_map *old = &migration->old[id];
	kl_autofree char *path = kl_asprintf("%s/%s", dir, kl_maps_name(id));
	if (unlink(path) || bpf_obj_pin(old->fd, path))
		return kl_fail(err, errno, "pin '%s'", path);
	if (dup3(old->fd, migration->maps->fd[id], O_CLOEXEC) < 0)
		return kl_fail(err, errno, "duplicate the descriptor of map %s", kl_maps_name(id));
	old->shared = true;
	return 0;
}

static bool is_same_map(int a, int b)
{
	struct bpf_map_info first = {0}, second = {0};
	uint32_t len = sizeof(first), len2 = sizeof(second);
	return !bpf_obj_get_info_by_fd(a, &first, &len) && !bpf_obj_get_info_by_fd(b, &second, &len2) &&
	       first.id == second.id;
}

static int share_all(struct kl_migration *migration, const char *dir, struct kl_err *err)
{
	bool flows = can_share(migration, KL_MAP_CT_HOT) && can_share(migration, KL_MAP_CT_COLD);
	int failed = 0;
	for (int id = 0; id < KL_MAP_COUNT && !failed; id++) {
		bool of_flows = id == KL_MAP_CT_HOT || id == KL_MAP_CT_COLD;
		if (migration->resume)
			migration->old[id].shared = migration->old[id].fd >= 0 &&
						    is_same_map(migration->old[id].fd, migration->maps->fd[id]);
		else if (of_flows ? flows : can_share(migration, (enum kl_map_id)id))
			failed = share(migration, dir, (enum kl_map_id)id, err);
	}
	return failed;
}

/* Makes or opens the maps of the new folder. */
int kl_migration_new(const char *pin_dir, const struct kl_pins *pins, struct kl_maps *maps, struct kl_migration **ret,
	struct kl_err *err)
{
	kl_cleanup(kl_cleanup_migration) struct kl_migration *migration = kl_calloc(1, sizeof(*migration));
	int failed = 0;
	migration->maps = maps;
	migration->pin_dir = kl_strdup(pin_dir);
	migration->old_dir = kl_strdup(pins->old);
	migration->resume = pins->resume;
	for (int id = 0; id < KL_MAP_COUNT; id++)
		migration->old[id].fd = -1;
	kl_autofree char *ours = kl_asprintf("%s/v%d/maps", pin_dir, KL_LAYOUT);
	migration->same_layout = !strcmp(ours, pins->old);
	for (int id = 0; id < KL_MAP_COUNT && !failed; id++)
		failed = open_old(migration, (enum kl_map_id)id, err);
	if (!failed && migration->old[KL_MAP_CONFIG].fd < 0)
		failed = kl_fail_msg(err, ENOENT, "'%s' has no kl_config", pins->old);
	if (!failed)
		failed = kl_maps_make(pins->dir, maps, err);
	if (!failed)
		failed = share_all(migration, pins->dir, err);
	if (failed)
		return failed;
	*ret = kl_take(&migration);
	return 0;
}

/* --- filling */

/* Of an old value, a new one. */
struct copier {
	struct kl_migration *migration;
	enum kl_map_id id;
	struct kl_fields *key, *value;
	uint8_t *old_key, *new_key, *old_value, *new_value;
};

static void copier_release(struct copier *copier)
{
	kl_fields_free(copier->key);
	kl_fields_free(copier->value);
	free(copier->old_key);
	free(copier->new_key);
	free(copier->old_value);
	free(copier->new_value);
}

static int copier_init(struct copier *copier, struct kl_migration *migration, enum kl_map_id id, const char *member,
	struct kl_err *err)
{
	const struct old_map *old = &migration->old[id];
	int new_fd = migration->maps->fd[id];
	*copier = (struct copier){.migration = migration, .id = id};
	int failed = kl_fields_new(old->fd, new_fd, KL_FIELDS_KEY, NULL, &copier->key, err);
	if (!failed)
		failed = kl_fields_new(old->fd, new_fd, KL_FIELDS_VALUE, member, &copier->value, err);
	if (failed)
		return failed;
	copier->old_key = kl_calloc(1, old->info.key_size);
	copier->new_key = kl_calloc(1, kl_fields_bytes(copier->key));
	copier->old_value = kl_calloc(1, stride(old->info.value_size));
	copier->new_value = kl_calloc(1, stride((uint32_t)kl_map_value_size(id)));
	return 0;
}

static int fail_copy(const struct copier *copier, struct kl_err *err)
{
	return kl_fail(err, errno, "copy an entry of %s", kl_maps_name(copier->id));
}

/* Entries keep their numbers: what refers to them is copied too. */
static int copy_array(struct copier *copier, struct kl_err *err)
{
	const struct old_map *old = &copier->migration->old[copier->id];
	static const uint8_t nothing[4096];
	for (uint32_t i = 0; i < old->info.max_entries && i < copier->migration->maps->entries[copier->id]; i++) {
		if (bpf_map_lookup_elem(old->fd, &i, copier->old_value))
			return fail_copy(copier, err);
		if (old->info.value_size <= sizeof(nothing) &&
			!memcmp(copier->old_value, nothing, old->info.value_size))
			continue;
		kl_fields_copy(copier->value, copier->old_value, copier->new_value);
		if (bpf_map_update_elem(copier->migration->maps->fd[copier->id], &i, copier->new_value, BPF_ANY))
			return fail_copy(copier, err);
	}
	return 0;
}

static int copy_hash(struct copier *copier, struct kl_err *err)
{
	const struct old_map *old = &copier->migration->old[copier->id];
	const void *before = NULL;
	while (!bpf_map_get_next_key(old->fd, before, copier->old_key)) {
		before = copier->old_key;
		if (bpf_map_lookup_elem(old->fd, copier->old_key, copier->old_value))
			continue; /* gone meanwhile */
		kl_fields_copy(copier->key, copier->old_key, copier->new_key);
		kl_fields_copy(copier->value, copier->old_value, copier->new_value);
		if (bpf_map_update_elem(
			    copier->migration->maps->fd[copier->id], copier->new_key, copier->new_value, BPF_ANY))
			return fail_copy(copier, err);
	}
	return 0;
}

/* A block is a set's header or a piece of its slots; which, the services say. */
static int copy_headers(struct kl_migration *migration, struct kl_err *err)
{
	kl_cleanup(copier_release) struct copier copier;
	const struct kl_maps *maps = migration->maps;
	int failed = copier_init(&copier, migration, KL_MAP_SLOTS, "set", err);
	for (uint32_t i = 1; i < maps->entries[KL_MAP_SERVICES] && !failed; i++) {
		uint32_t block = (uint32_t)maps->services[i].set;
		if (!block || block >= maps->entries[KL_MAP_SLOTS])
			continue;
		if (bpf_map_lookup_elem(migration->old[KL_MAP_SLOTS].fd, &block, copier.old_value))
			return fail_copy(&copier, err);
		kl_fields_copy(copier.value, copier.old_value, &maps->blocks[block].set);
	}
	return failed;
}

static int copy_slots(struct copier *copier, struct kl_err *err)
{
	int failed = copy_array(copier, err);
	return failed ? failed : copy_headers(copier->migration, err);
}

static void insert_frontend(struct kl_maps *maps, const struct kl_map_frontend *frontend)
{
	uint32_t at = kl_frontend_hash(maps->config->hash_key, frontend->addr, frontend->port, frontend->proto);
	for (uint32_t i = 0; i < KL_PROBES; i++) {
		struct kl_map_frontend *place = &maps->frontends[(at + i) & maps->config->frontend_mask];
		if (place->service != KL_FRONTEND_NEVER)
			continue;
		*place = *frontend;
		return;
	}
	/* None free: the first snapshot puts it, or says that there is no room. */
}

static int copy_frontends(struct copier *copier, struct kl_err *err)
{
	const struct old_map *old = &copier->migration->old[KL_MAP_FRONTENDS];
	struct kl_map_frontend frontend;
	for (uint32_t i = 0; i < old->info.max_entries; i++) {
		if (bpf_map_lookup_elem(old->fd, &i, copier->old_value))
			return fail_copy(copier, err);
		kl_fields_copy(copier->value, copier->old_value, &frontend);
		if (frontend.service != KL_FRONTEND_NEVER && frontend.service != KL_FRONTEND_DELETED)
			insert_frontend(copier->migration->maps, &frontend);
	}
	return 0;
}

/* The new table's regions are its own; the rest of the old configuration goes on, its hash key included. */
static int copy_config(struct copier *copier, struct kl_err *err)
{
	struct kl_maps *maps = copier->migration->maps;
	struct kl_map_config config;
	uint32_t zero = 0;
	int failed = kl_config_init(maps, err);
	if (failed)
		return failed;
	if (bpf_map_lookup_elem(copier->migration->old[KL_MAP_CONFIG].fd, &zero, copier->old_value))
		return fail_copy(copier, err);
	kl_fields_copy(copier->value, copier->old_value, &config);
	config.layout = 0;
	/* Where the flows stay in their table both generations of programs may put some into its overflow: never 0 again. */
	config.over_used = copier->migration->old[KL_MAP_CT_HOT].shared ? config.over_used + 1 : 0;
	config.migration = KL_MIGRATION_COPYING;
	*maps->config = config;
	kl_config_set_regions(maps);
	return 0;
}

/* In this order: frontends are placed by the configuration's key, and headers of sets are found through services. */
static const struct {
	enum kl_map_id id;
	const char *member;
	int (*copy)(struct copier *copier, struct kl_err *err);
} copies[] = {
	{KL_MAP_CONFIG, NULL, copy_config},
	{KL_MAP_FRONTENDS, NULL, copy_frontends},
	{KL_MAP_PORTS, NULL, copy_array},
	{KL_MAP_SERVICES, NULL, copy_array},
	{KL_MAP_NAMES, NULL, copy_array},
	{KL_MAP_SLOTS, "backend", copy_slots},
	{KL_MAP_BACKENDS, NULL, copy_array},
	{KL_MAP_LIVE, NULL, copy_array},
	{KL_MAP_NET, NULL, copy_array},
	{KL_MAP_RANGES, NULL, copy_hash},
	{KL_MAP_LOCALS, NULL, copy_hash},
	{KL_MAP_NETNS, NULL, copy_hash},
	{KL_MAP_AFFINITY, NULL, copy_hash},
	{KL_MAP_FRAGMENTS, NULL, copy_hash},
	{KL_MAP_PODS, NULL, copy_hash},
	{KL_MAP_POD_ADDRS, NULL, copy_hash},
	{KL_MAP_INBOUND, NULL, copy_hash},
};

static int copy_maps(struct kl_migration *migration, struct kl_err *err)
{
	int failed = 0;
	for (size_t i = 0; i < KL_ARRAY_LEN(copies) && !failed; i++) {
		const struct old_map *old = &migration->old[copies[i].id];
		if (old->fd < 0 || old->shared)
			continue;
		kl_cleanup(copier_release) struct copier copier;
		failed = copier_init(&copier, migration, copies[i].id, copies[i].member, err);
		if (!failed)
			failed = copies[i].copy(&copier, err);
	}
	return failed;
}

/* --- flows */

static const struct kl_map_flow no_flow;

/* The old table's entry as the new layout has it. */
static struct kl_map_flow flow_at(const struct kl_migration *migration, uint32_t index)
{
	struct kl_map_line line;
	size_t bytes = stride(migration->old[KL_MAP_CT_HOT].info.value_size);
	if (index >= migration->old[KL_MAP_CT_COLD].info.max_entries)
		return no_flow;
	kl_fields_copy(migration->line_fields, migration->hot + index / KL_LINE_FLOWS * bytes, &line);
	return line.flow[index % KL_LINE_FLOWS];
}

static struct kl_map_tuple tuple_at(const struct kl_migration *migration, uint32_t index)
{
	struct kl_map_tuple tuple;
	size_t bytes = stride(migration->old[KL_MAP_CT_COLD].info.value_size);
	kl_fields_copy(migration->tuple_fields, migration->cold + index * bytes, &tuple);
	return tuple;
}

static bool is_void(const struct kl_maps *maps, const struct kl_map_flow *flow)
{
	return flow->backend >= maps->entries[KL_MAP_BACKENDS] ||
	       maps->backends[flow->backend].generation != flow->generation;
}

static void set_key(
	struct kl_flow_key *key, const __be32 src[4], __be16 sport, const __be32 dst[4], __be16 dport, uint8_t proto)
{
	memcpy(key->saddr, src, sizeof(key->saddr));
	memcpy(key->daddr, dst, sizeof(key->daddr));
	key->sport = sport;
	key->dport = dport;
	key->proto = proto;
}

static bool is_v4(const __be32 addr[4])
{
	return !addr[0] && !addr[1] && addr[2] == htonl(0xffff);
}

/*
 * The key of a flow's replies, as the programs make it: from the backend, or for what pods send to the outside (backend 0)
 * from there; to the client, or to this node where the client's address was replaced.
 */
static void set_reply(const struct kl_maps *maps, struct kl_flow_pair *pair)
{
	const struct kl_map_tuple *tuple = &pair->tuple;
	const struct kl_map_backend *backend = &maps->backends[pair->state.backend];
	const __be32 *node = is_v4(tuple->client) ? maps->config->node_addr4 : maps->config->node_addr6;
	__be16 port = tuple->nat_port ? tuple->nat_port : tuple->client_port;
	if (!pair->state.backend) {
		set_key(&pair->reply, tuple->frontend, tuple->frontend_port, node, port, tuple->proto);
		return;
	}
	bool itself = !memcmp(backend->addr, tuple->client, sizeof(tuple->client));
	bool kept = !tuple->nat_port || (backend->flags & KL_BE_LOCAL && !itself);
	set_key(&pair->reply, backend->addr, backend->port, kept ? tuple->client : node, port, tuple->proto);
}

/* The connection whose forward entry stands at index. false: nothing to be taken over. */
static bool read_pair(const struct kl_migration *migration, uint32_t index, struct kl_flow_pair *ret)
{
	struct kl_map_flow flow = flow_at(migration, index);
	if (flow.phase <= KL_PHASE_CLAIMED || flow.reverse || is_void(migration->maps, &flow))
		return false;
	*ret = (struct kl_flow_pair){.state = flow, .oneway = flow.nat_port == htons(KL_FLOW_DSR)};
	if (ret->oneway && flow.phase == KL_PHASE_NEW)
		return false; /* has no tuple yet; its next packet makes it again */
	ret->tuple = tuple_at(migration, index);
	const struct kl_map_tuple *tuple = &ret->tuple;
	set_key(&ret->forward, tuple->client, tuple->client_port, tuple->frontend, tuple->frontend_port, tuple->proto);
	if (ret->oneway)
		return true;
	struct kl_map_flow peer = flow_at(migration, tuple->peer);
	if (peer.phase <= KL_PHASE_CLAIMED || !peer.reverse || tuple_at(migration, tuple->peer).peer != index)
		return false;
	ret->reply_stamp = peer.stamp;
	set_reply(migration->maps, ret);
	return true;
}

static int open_flows(struct kl_migration *migration, struct kl_err *err)
{
	const struct old_map *hot = &migration->old[KL_MAP_CT_HOT], *cold = &migration->old[KL_MAP_CT_COLD];
	int failed = 0;
	if (hot->fd < 0 || cold->fd < 0)
		return kl_fail_msg(err, ENOENT, "'%s' has no connection table", migration->old_dir);
	migration->hot = map_old(migration, KL_MAP_CT_HOT, err);
	migration->cold = migration->hot ? map_old(migration, KL_MAP_CT_COLD, err) : NULL;
	migration->config = migration->cold ? map_old(migration, KL_MAP_CONFIG, err) : NULL;
	if (!migration->config)
		return -EIO;
	failed = kl_fields_new(
		hot->fd, migration->maps->fd[KL_MAP_CT_HOT], KL_FIELDS_VALUE, NULL, &migration->line_fields, err);
	if (!failed)
		failed = kl_fields_new(cold->fd, migration->maps->fd[KL_MAP_CT_COLD], KL_FIELDS_VALUE, NULL,
			&migration->tuple_fields, err);
	if (!failed)
		failed = kl_fields_place(migration->old[KL_MAP_CONFIG].fd, "half_first", &migration->half_at, err);
	uint32_t mask_at = 0;
	if (!failed)
		failed = kl_fields_place(migration->old[KL_MAP_CONFIG].fd, "main_mask", &mask_at, err);
	memcpy(&migration->old_main, migration->config + mask_at, sizeof(migration->old_main));
	migration->seen = kl_calloc(cold->info.max_entries, sizeof(*migration->seen));
	return failed;
}

/* What tells one occupant of a place from the next. */
static uint64_t identity(const struct kl_map_flow *flow)
{
	return flow->fingerprint ^ ((uint64_t)flow->backend << 32 | flow->generation);
}

/*
 * Takes over what has come since the last time. A flow that has moved within the old table, because it was confirmed,
 * moves in the new one too, unless programs use that already.
 */
static int copy_flows(struct kl_migration *migration, struct kl_err *err)
{
	struct kl_flowtable table;
	struct kl_flow_pair pair;
	int failed = kl_flowtable_open(migration->maps, &table, err);
	if (failed)
		return failed;
	for (uint32_t i = 0; i < migration->old[KL_MAP_CT_COLD].info.max_entries; i++) {
		struct kl_map_flow flow = flow_at(migration, i);
		if (flow.phase <= KL_PHASE_CLAIMED || flow.reverse || migration->seen[i] == identity(&flow) ||
			!read_pair(migration, i, &pair))
			continue;
		int64_t there = migration->resume ? -1 : kl_flowtable_find(&table, &pair.forward);
		if (there >= 0)
			kl_flowtable_remove(&table, (uint32_t)there);
		if (kl_flowtable_put(&table, &pair))
			migration->lost++;
		else
			migration->flows++;
		migration->seen[i] = identity(&flow);
	}
	kl_flowtable_close(&table);
	return 0;
}

static bool moves_flows(const struct kl_migration *migration)
{
	return !migration->old[KL_MAP_CT_HOT].shared;
}

int kl_migration_fill(struct kl_migration *migration, struct kl_err *err)
{
	int failed = 0;
	if (!migration->resume)
		failed = copy_maps(migration, err);
	if (!failed && moves_flows(migration))
		failed = open_flows(migration, err);
	if (!failed && moves_flows(migration) && !migration->resume)
		failed = copy_flows(migration, err);
	return failed;
}

/* --- switching */

/* No line has this number. */
static const uint32_t NOWHERE = 0xffff0000;

static uint32_t *old_half_first(const struct kl_migration *migration)
{
	return (uint32_t *)(void *)(migration->config + migration->half_at);
}

static void freeze(struct kl_migration *migration)
{
	const struct timespec while_programs_end = {.tv_nsec = 2000000};
	uint32_t before = __atomic_exchange_n(old_half_first(migration), NOWHERE, __ATOMIC_SEQ_CST);
	/* Already so: by an agent that died. The region stands right behind main. */
	migration->half_first = before != NOWHERE ? before : migration->old_main + 1;
	migration->frozen = true;
	nanosleep(&while_programs_end, NULL);
}

static void thaw(struct kl_migration *migration)
{
	migration->begun = false;
	if (migration->frozen)
		__atomic_store_n(old_half_first(migration), migration->half_first, __ATOMIC_SEQ_CST);
	migration->frozen = false;
}

/* The programs' phases and ages after the last copy. */
static void merge_states(struct kl_migration *migration, struct kl_flowtable *table)
{
	struct kl_flow_pair pair;
	for (uint32_t i = 0; i < migration->old[KL_MAP_CT_COLD].info.max_entries; i++) {
		if (!read_pair(migration, i, &pair))
			continue;
		int64_t there = kl_flowtable_find(table, &pair.forward);
		struct kl_map_flow *flow = there < 0 ? NULL : kl_flowtable_at(table, (uint32_t)there);
		if (flow && (pair.state.phase == KL_PHASE_FIN || pair.state.phase == KL_PHASE_CLOSED))
			kl_flowtable_set_phase(table, (uint32_t)there, pair.state.phase);
	}
}

/* The sum of an old value's CPUs, as the new layout has it. */
static int read_sum(struct copier *copier, uint32_t index, uint64_t *ret, size_t words, struct kl_err *err)
{
	const struct old_map *old = &copier->migration->old[copier->id];
	size_t bytes = stride(old->info.value_size), cpus = copier->migration->maps->cpus;
	kl_autofree uint8_t *values = kl_calloc(cpus, bytes);
	kl_autofree uint64_t *one = kl_calloc(words, sizeof(*one));
	if (bpf_map_lookup_elem(old->fd, &index, values))
		return fail_copy(copier, err);
	for (size_t cpu = 0; cpu < cpus; cpu++) {
		kl_fields_copy(copier->value, values + cpu * bytes, one);
		for (size_t i = 0; i < words; i++)
			ret[i] += one[i];
	}
	return 0;
}

/* What an agent that is killed later on must not add once more. */
static int clear_sum(struct copier *copier, uint32_t index, struct kl_err *err)
{
	const struct old_map *old = &copier->migration->old[copier->id];
	kl_autofree uint8_t *zero = kl_calloc(copier->migration->maps->cpus, stride(old->info.value_size));
	return bpf_map_update_elem(old->fd, &index, zero, BPF_ANY) ? fail_copy(copier, err) : 0;
}

static bool is_zero(const uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (words[i])
			return false;
	return true;
}

static int carry_map(struct kl_migration *migration, enum kl_map_id id, struct kl_carry_bpf *object, struct kl_err *err)
{
	kl_cleanup(copier_release) struct copier copier;
	size_t words = kl_map_value_size(id) / sizeof(uint64_t);
	uint64_t *add = (uint64_t *)(void *)object->bss->add;
	int failed = copier_init(&copier, migration, id, NULL, err);
	for (uint32_t i = id == KL_MAP_TRAFFIC ? 1 : 0; i < migration->old[id].info.max_entries && !failed; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts);
		memset(add, 0, words * sizeof(*add));
		failed = read_sum(&copier, i, add, words, err);
		if (failed || is_zero(add, words))
			continue;
		object->bss->backend = i;
		if (bpf_prog_test_run_opts(bpf_program__fd(object->progs.kl_carry), &opts))
			return kl_fail(err, errno, "add counters of %s", kl_maps_name(id));
		failed = clear_sum(&copier, i, err);
	}
	return failed;
}

static void destroy_carry(struct kl_carry_bpf *object)
{
	kl_carry_bpf__destroy(object);
}
KL_AUTO(cleanup_carry, struct kl_carry_bpf, destroy_carry)

static int carry_counters(struct kl_migration *migration, struct kl_err *err)
{
	static const enum kl_map_id ids[] = {KL_MAP_COUNTERS, KL_MAP_TRAFFIC};
	if (migration->old[KL_MAP_COUNTERS].shared && migration->old[KL_MAP_TRAFFIC].shared)
		return 0;
	kl_cleanup(cleanup_carry) struct kl_carry_bpf *object = kl_carry_bpf__open();
	if (!object)
		return kl_fail(err, errno, "open the BPF object that carries counters");
	bpf_map__reuse_fd(object->maps.kl_counters, migration->maps->fd[KL_MAP_COUNTERS]);
	bpf_map__reuse_fd(object->maps.kl_traffic, migration->maps->fd[KL_MAP_TRAFFIC]);
	int failed = kl_carry_bpf__load(object);
	if (failed)
		return kl_fail(err, -failed, "load the BPF program that carries counters");
	for (size_t i = 0; i < KL_ARRAY_LEN(ids) && !failed; i++)
		if (migration->old[ids[i]].fd >= 0 && !migration->old[ids[i]].shared)
			failed = carry_map(migration, ids[i], object, err);
	return failed;
}

static int finish(struct kl_migration *migration, struct kl_err *err)
{
	int failed = carry_counters(migration, err);
	if (!failed && moves_flows(migration)) {
		struct kl_flowtable table;
		failed = kl_flowtable_open(migration->maps, &table, err);
		if (!failed)
			merge_states(migration, &table);
		if (!failed)
			kl_flowtable_close(&table);
	}
	if (failed)
		return failed;
	__atomic_store_n(&migration->maps->config->migration, KL_MIGRATION_NONE, __ATOMIC_SEQ_CST);
	return kl_pins_finish(migration->pin_dir, err);
}

/* The agent's threads may come to the end of a switch at the same time. */
static pthread_mutex_t switching = PTHREAD_MUTEX_INITIALIZER;

bool kl_maps_switching(const struct kl_maps *maps)
{
	return maps->migration && !maps->migration->done;
}

static int begin(struct kl_migration *migration, struct kl_err *err)
{
	__atomic_store_n(&migration->maps->config->migration, KL_MIGRATION_SWITCHING, __ATOMIC_SEQ_CST);
	migration->begun = true;
	if (!moves_flows(migration))
		return 0;
	freeze(migration);
	return copy_flows(migration, err);
}

int kl_maps_switch_begin(const struct kl_maps *maps, struct kl_err *err)
{
	pthread_mutex_lock(&switching);
	int failed = kl_maps_switching(maps) && !maps->migration->begun ? begin(maps->migration, err) : 0;
	pthread_mutex_unlock(&switching);
	return failed;
}

void kl_maps_switch_abort(const struct kl_maps *maps)
{
	pthread_mutex_lock(&switching);
	if (kl_maps_switching(maps))
		thaw(maps->migration);
	pthread_mutex_unlock(&switching);
}

int kl_maps_switch_end(const struct kl_maps *maps, struct kl_err *err)
{
	struct kl_migration *migration = maps->migration;
	int failed = 0;
	pthread_mutex_lock(&switching);
	if (kl_maps_switching(maps) && migration->begun) {
		failed = finish(migration, err);
		migration->done = !failed;
		if (migration->done)
			release(migration);
	}
	pthread_mutex_unlock(&switching);
	return failed;
}

bool kl_maps_migrated(const struct kl_maps *maps, size_t *ret_flows, size_t *ret_lost)
{
	if (!maps->migration)
		return false;
	*ret_flows = maps->migration->flows;
	*ret_lost = maps->migration->lost;
	return true;
}
