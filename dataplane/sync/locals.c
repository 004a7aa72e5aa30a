#include "locals.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

static struct kl_map_local key_of(uint32_t service, const struct kl_addr *addr)
{
	struct kl_map_local key = {.service = service};
	memcpy(key.addr, addr->bytes, sizeof(key.addr));
	return key;
}

int kl_locals_put(
	struct kl_maps *maps, uint32_t service, const struct kl_addr *addr, uint32_t backend, struct kl_err *err)
{
	struct kl_map_local key = key_of(service, addr);
	if (kl_locals_get(maps, service, addr) == backend)
		return 0;
	if (!bpf_map_update_elem(maps->fd[KL_MAP_LOCALS], &key, &backend, BPF_ANY))
		return 0;
	char text[KL_ADDR_TEXT];
	kl_addr_format(addr, text);
	return kl_fail(err, errno, "note the local backend %s", text);
}

void kl_locals_remove(struct kl_maps *maps, uint32_t service, const struct kl_addr *addr, uint32_t backend)
{
	struct kl_map_local key = key_of(service, addr);
	if (kl_locals_get(maps, service, addr) == backend)
		bpf_map_delete_elem(maps->fd[KL_MAP_LOCALS], &key);
}

uint32_t kl_locals_get(const struct kl_maps *maps, uint32_t service, const struct kl_addr *addr)
{
	struct kl_map_local key = key_of(service, addr);
	uint32_t backend = 0;
	return bpf_map_lookup_elem(maps->fd[KL_MAP_LOCALS], &key, &backend) ? 0 : backend;
}
