#include "bench_tables.h"

#include "mem.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fts.h>
#include <keelson/abi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct mapped {
	void *data;
	size_t size;
	uint32_t entries;
};

struct kl_tables {
	struct mapped names, services, slots, backends;
};

/* The path of the pin called `name` below dir; NULL when there is none. Owned by the caller. */
static char *find_pin(const char *dir, const char *name)
{
	char *const roots[] = {(char *)dir, NULL};
	char *found = NULL;
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	while (fts && !found && (entry = fts_read(fts)))
		if (!strcmp(entry->fts_name, name))
			found = kl_strdup(entry->fts_path);
	if (fts)
		fts_close(fts);
	return found;
}

static int map_pin(const char *dir, const char *name, size_t value_size, struct mapped *ret, struct kl_err *err)
{
	kl_autofree char *path = find_pin(dir, name);
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	if (!path)
		return kl_fail_msg(err, ENOENT, "no map '%s' is pinned below '%s'", name, dir);
	kl_autoclose int fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return kl_fail(err, errno, "open '%s'", path);
	if (info.value_size != value_size)
		return kl_fail_msg(err, EPROTO, "'%s' has values of %u bytes, not %zu: another layout", path,
			info.value_size, value_size);
	ret->entries = info.max_entries;
	ret->size = (size_t)info.max_entries * value_size;
	ret->data = mmap(NULL, ret->size, PROT_READ, MAP_SHARED, fd, 0);
	if (ret->data == MAP_FAILED) {
		ret->data = NULL;
		return kl_fail(err, errno, "map '%s'", path);
	}
	return 0;
}

struct kl_tables *kl_tables_open(const char *pin_dir, struct kl_err *err)
{
	struct kl_tables *tables = kl_calloc(1, sizeof(*tables));

	if (map_pin(pin_dir, "kl_names", sizeof(struct kl_map_name), &tables->names, err) ||
		map_pin(pin_dir, "kl_services", sizeof(struct kl_map_service), &tables->services, err) ||
		map_pin(pin_dir, "kl_slots", sizeof(struct kl_map_block), &tables->slots, err) ||
		map_pin(pin_dir, "kl_backends", sizeof(struct kl_map_backend), &tables->backends, err)) {
		kl_tables_free(tables);
		return NULL;
	}
	return tables;
}

static void unmap(struct mapped *map)
{
	if (map->data)
		munmap(map->data, map->size);
}

void kl_tables_free(struct kl_tables *tables)
{
	if (!tables)
		return;
	unmap(&tables->names);
	unmap(&tables->services);
	unmap(&tables->slots);
	unmap(&tables->backends);
	free(tables);
}

uint32_t kl_tables_service(const struct kl_tables *tables, const char *prefix)
{
	const struct kl_map_name *names = tables->names.data;

	for (uint32_t i = 1; i < tables->names.entries; i++)
		if (!strncmp(names[i].key, prefix, strlen(prefix)))
			return i;
	return 0;
}

static bool is_addr(const struct kl_map_backend *backend, uint32_t addr)
{
	return (backend->flags & KL_BE_LIVE) && backend->addr[3] == addr;
}

bool kl_tables_has(const struct kl_tables *tables, uint32_t service, uint32_t addr)
{
	const struct kl_map_service *services = tables->services.data;
	const struct kl_map_block *blocks = tables->slots.data;
	const struct kl_map_backend *backends = tables->backends.data;
	uint32_t at = (uint32_t)__atomic_load_n(&services[service].set, __ATOMIC_ACQUIRE);

	if (!at || at >= tables->slots.entries)
		return false;
	const struct kl_map_set *set = &blocks[at].set;
	for (uint32_t i = set->all_first; i < set->all_first + set->all_count; i++) {
		if (i / KL_BLOCK_SLOTS >= tables->slots.entries)
			return false;
		uint32_t backend = blocks[i / KL_BLOCK_SLOTS].backend[i % KL_BLOCK_SLOTS];
		if (backend < tables->backends.entries && is_addr(&backends[backend], addr))
			return true;
	}
	return false;
}
