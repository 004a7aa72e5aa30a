#include "ipam.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct slot {
	bool used;
	int64_t released_ms; /* 0: never used */
};

struct kl_ipam {
	struct kl_prefix range;
	uint32_t first, end; /* offsets that may be given out: [first, end) */
	uint32_t next;       /* where the search goes on, so that neighbours in time are neighbours in number */
	uint32_t used;
	struct slot *slots;
};

struct kl_ipam *kl_ipam_new(const struct kl_prefix *range)
{
	struct kl_ipam *ipam = kl_calloc(1, sizeof(*ipam));
	bool v4 = kl_addr_is_v4(&range->addr);
	unsigned host_bits = (v4 ? 32U : 128U) - range->len;
	uint32_t size = host_bits >= 16 ? KL_IPAM_MAX : 1U << host_bits;
	ipam->range = kl_prefix_network(range);
	ipam->first = 2;
	ipam->end = v4 && host_bits < 17 ? size - 1 : size;
	ipam->next = ipam->first;
	ipam->slots = kl_calloc(size, sizeof(*ipam->slots));
	return ipam;
}

void kl_ipam_free(struct kl_ipam *ipam)
{
	if (!ipam)
		return;
	free(ipam->slots);
	free(ipam);
}

const struct kl_prefix *kl_ipam_range(const struct kl_ipam *ipam)
{
	return &ipam->range;
}

static bool rested(const struct slot *slot, int64_t now_ms)
{
	return !slot->released_ms || now_ms - slot->released_ms >= KL_IPAM_REST_MS;
}

/* The next rested address in turn, else the free one that was released longest ago; end when there is none. */
static uint32_t find(const struct kl_ipam *ipam, int64_t now_ms)
{
	uint32_t oldest = ipam->end;
	for (uint32_t i = 0; i < ipam->end - ipam->first; i++) {
		uint32_t at = ipam->first + (ipam->next - ipam->first + i) % (ipam->end - ipam->first);
		const struct slot *slot = &ipam->slots[at];
		if (slot->used)
			continue;
		if (rested(slot, now_ms))
			return at;
		if (oldest == ipam->end || slot->released_ms < ipam->slots[oldest].released_ms)
			oldest = at;
	}
	return oldest;
}

int kl_ipam_take(struct kl_ipam *ipam, int64_t now_ms, struct kl_addr *ret)
{
	if (ipam->end <= ipam->first)
		return -ENOSPC;
	uint32_t at = find(ipam, now_ms);
	if (at == ipam->end)
		return -ENOSPC;
	ipam->slots[at].used = true;
	ipam->used++;
	ipam->next = at + 1 < ipam->end ? at + 1 : ipam->first;
	*ret = kl_prefix_nth(&ipam->range, at);
	return 0;
}

/* NULL for an address that this range does not give out. */
static struct slot *slot_of(struct kl_ipam *ipam, const struct kl_addr *addr)
{
	if (!kl_prefix_contains(&ipam->range, addr))
		return NULL;
	uint32_t low = (uint32_t)addr->bytes[14] << 8 | addr->bytes[15];
	uint32_t base = (uint32_t)ipam->range.addr.bytes[14] << 8 | ipam->range.addr.bytes[15];
	uint32_t at = (low - base) & 0xffff;
	struct kl_addr back = kl_prefix_nth(&ipam->range, at);
	return at >= ipam->first && at < ipam->end && kl_addr_equal(&back, addr) ? &ipam->slots[at] : NULL;
}

void kl_ipam_hold(struct kl_ipam *ipam, const struct kl_addr *addr)
{
	struct slot *slot = slot_of(ipam, addr);
	if (!slot || slot->used)
		return;
	slot->used = true;
	ipam->used++;
	uint32_t at = (uint32_t)(slot - ipam->slots);
	if (at >= ipam->next)
		ipam->next = at + 1 < ipam->end ? at + 1 : ipam->first;
}

void kl_ipam_release(struct kl_ipam *ipam, const struct kl_addr *addr, int64_t now_ms)
{
	struct slot *slot = slot_of(ipam, addr);
	if (!slot || !slot->used)
		return;
	slot->used = false;
	slot->released_ms = now_ms;
	ipam->used--;
}

uint32_t kl_ipam_free_count(const struct kl_ipam *ipam)
{
	return ipam->end > ipam->first ? ipam->end - ipam->first - ipam->used : 0;
}
