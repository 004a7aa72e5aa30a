#include "dpsync_lib.h"

char pin_dir[64];

struct kl_maps *maps_get(const struct kl_maps_sizes *sizes)
{
	struct kl_maps *maps;
	struct kl_err err = {0};
	snprintf(pin_dir, sizeof(pin_dir), "/sys/fs/bpf/kl-dpsync-%d", (int)getpid());
	if (geteuid())
		kl_test_skip("needs root for BPF");
	if (kl_maps_open(pin_dir, sizes, &maps, &err))
		kl_test_skip("no BPF here: %s", err.text);
	return maps;
}

void maps_drop(struct kl_maps *maps)
{
	kl_maps_close(maps);
	kl_unload(pin_dir, NULL);
}

struct kl_dpsync *sync_new(struct kl_maps *maps)
{
	struct kl_dpsync *sync = NULL;
	KL_CHECK_INT(kl_dpsync_new(maps, "here", &sync, NULL), 0);
	return sync;
}

struct kl_addr addr_of(uint8_t a, uint8_t b)
{
	struct kl_addr addr = kl_addr_any(true);
	addr.bytes[12] = 10;
	addr.bytes[14] = a;
	addr.bytes[15] = b;
	return addr;
}

uint32_t lookup(const struct kl_maps *maps, const struct kl_frontend *frontend)
{
	const __be32 *words = (const __be32 *)(const void *)frontend->addr.bytes;
	uint32_t at = kl_frontend_hash(maps->config->hash_key, words, htons(frontend->port), frontend->proto);
	for (uint32_t i = 0; i < KL_PROBES; i++) {
		const struct kl_map_frontend *entry = &maps->frontends[(at + i) & maps->config->frontend_mask];
		if (entry->service == KL_FRONTEND_NEVER)
			return 0;
		if (entry->service != KL_FRONTEND_DELETED && entry->port == htons(frontend->port) &&
			entry->proto == frontend->proto && !memcmp(entry->addr, words, 16))
			return entry->service;
	}
	return 0;
}

void add_ranges(struct kl_service *service)
{
	service->ranges = kl_calloc(2, sizeof(*service->ranges));
	KL_CHECK_INT(kl_range_parse("192.0.2.0/24", &service->ranges[0]), 0);
	KL_CHECK_INT(kl_range_parse("10.0.0.0/8", &service->ranges[1]), 0);
	service->range_count = 2;
	kl_service_normalise(service);
}

void add_peer(struct kl_dpsync *sync, const char *name, uint8_t last)
{
	struct kl_node_info *node = kl_node_info_new(name, "");
	struct kl_addr addr = addr_of(250, last);
	kl_node_info_add(node, &addr);
	kl_dpsync_put_peer(sync, node);
	kl_node_info_free(node);
}
