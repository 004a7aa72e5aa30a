#include "frontends.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static uint32_t service_at(const struct kl_maps *maps, uint32_t place)
{
	return __atomic_load_n(&maps->frontends[place].service, __ATOMIC_ACQUIRE);
}

static bool is_used(uint32_t service)
{
	return service != KL_FRONTEND_NEVER && service != KL_FRONTEND_DELETED;
}

static uint32_t first_place(const struct kl_maps *maps, const struct kl_frontend *frontend)
{
	return kl_frontend_hash(
		maps->config->hash_key, kl_addr_words(&frontend->addr), htons(frontend->port), frontend->proto);
}

static bool key_equal(const struct kl_map_frontend *entry, const struct kl_frontend *frontend)
{
	return entry->port == htons(frontend->port) && entry->proto == frontend->proto &&
	       !memcmp(entry->addr, frontend->addr.bytes, sizeof(entry->addr));
}

int64_t kl_frontends_find(const struct kl_maps *maps, const struct kl_frontend *frontend)
{
	uint32_t at = first_place(maps, frontend);
	for (uint32_t i = 0; i < KL_PROBES; i++) {
		uint32_t place = (at + i) & maps->config->frontend_mask;
		uint32_t service = service_at(maps, place);
		if (service == KL_FRONTEND_NEVER)
			return -1;
		if (is_used(service) && key_equal(&maps->frontends[place], frontend))
			return place;
	}
	return -1;
}

static void store(struct kl_map_frontend *entry, const struct kl_frontend *frontend, uint32_t service)
{
	memcpy(entry->addr, frontend->addr.bytes, sizeof(entry->addr));
	entry->port = htons(frontend->port);
	entry->proto = frontend->proto;
	entry->type = frontend->type;
	__atomic_store_n(&entry->service, service, __ATOMIC_RELEASE);
}

void kl_frontends_serve(struct kl_maps *maps, uint16_t port)
{
	__atomic_or_fetch(&maps->ports[port / 64], 1ull << port % 64, __ATOMIC_SEQ_CST);
}

int kl_frontends_put(struct kl_maps *maps, const struct kl_frontend *frontend, uint32_t service, struct kl_err *err)
{
	int64_t present = kl_frontends_find(maps, frontend);
	if (present >= 0) {
		struct kl_map_frontend *entry = &maps->frontends[present];
		entry->type = frontend->type;
		__atomic_store_n(&entry->service, service, __ATOMIC_RELEASE);
		return 0;
	}
	kl_frontends_serve(maps, frontend->port);
	uint32_t at = first_place(maps, frontend);
	for (uint32_t i = 0; i < KL_PROBES; i++) {
		uint32_t place = (at + i) & maps->config->frontend_mask;
		if (is_used(service_at(maps, place)))
			continue;
		store(&maps->frontends[place], frontend, service);
		return 0;
	}
	char text[KL_ADDR_TEXT];
	kl_addr_format(&frontend->addr, text);
	return kl_fail_msg(err, ENOSPC, "the table of frontends is too full for %s port %u", text, frontend->port);
}

/* A deleted place may end probe sequences again when the one behind it does; so may the deleted ones before it. */
void kl_frontends_delete_at(struct kl_maps *maps, uint32_t place)
{
	uint32_t mask = maps->config->frontend_mask;
	__atomic_store_n(&maps->frontends[place].service, KL_FRONTEND_DELETED, __ATOMIC_RELEASE);
	if (service_at(maps, (place + 1) & mask) != KL_FRONTEND_NEVER)
		return;
	while (service_at(maps, place) == KL_FRONTEND_DELETED) {
		__atomic_store_n(&maps->frontends[place].service, KL_FRONTEND_NEVER, __ATOMIC_RELEASE);
		place = (place - 1) & mask;
	}
}

void kl_frontends_delete(struct kl_maps *maps, const struct kl_frontend *frontend, uint32_t service)
{
	int64_t place = kl_frontends_find(maps, frontend);
	if (place >= 0 && service_at(maps, (uint32_t)place) == service)
		kl_frontends_delete_at(maps, (uint32_t)place);
}

size_t kl_frontends_audit_ports(struct kl_maps *maps, bool repair)
{
	uint64_t want[KL_PORT_WORDS] = {0};
	size_t missing = 0;
	for (uint32_t i = 0; i <= maps->config->frontend_mask; i++) {
		uint16_t port = ntohs(maps->frontends[i].port);
		if (is_used(service_at(maps, i)) && port)
			want[port / 64] |= 1ull << port % 64;
	}
	for (uint32_t i = 0; i < KL_PORT_WORDS; i++) {
		missing += (size_t)__builtin_popcountll(want[i] & ~maps->ports[i]);
		if (repair)
			__atomic_store_n(&maps->ports[i], want[i], __ATOMIC_SEQ_CST);
	}
	return missing;
}
