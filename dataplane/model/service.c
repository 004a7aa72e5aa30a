#include "service.h"

#include "mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

struct kl_service *kl_service_new(const char *key)
{
	struct kl_service *service = kl_calloc(1, sizeof(*service));
	service->key = kl_strdup(key);
	service->proto = KL_PROTO_TCP;
	return service;
}

struct kl_service *kl_service_copy(const struct kl_service *from)
{
	struct kl_service *to = kl_memdup(from, sizeof(*from));
	to->key = kl_strdup(from->key);
	to->frontends = from->frontend_count
				? kl_memdup(from->frontends, from->frontend_count * sizeof(*from->frontends))
				: NULL;
	to->backends =
		from->backend_count ? kl_memdup(from->backends, from->backend_count * sizeof(*from->backends)) : NULL;
	for (size_t i = 0; i < to->backend_count; i++) {
		to->backends[i].node = kl_strdup(from->backends[i].node);
		to->backends[i].zone_hints = kl_strdup(from->backends[i].zone_hints);
		to->backends[i].node_hints = kl_strdup(from->backends[i].node_hints);
	}
	to->ranges = from->range_count ? kl_memdup(from->ranges, from->range_count * sizeof(*from->ranges)) : NULL;
	return to;
}

static void backend_release(struct kl_backend *backend)
{
	free(backend->node);
	free(backend->zone_hints);
	free(backend->node_hints);
}

void kl_service_free(struct kl_service *service)
{
	if (!service)
		return;
	for (size_t i = 0; i < service->backend_count; i++)
		backend_release(&service->backends[i]);
	free(service->backends);
	free(service->frontends);
	free(service->ranges);
	free(service->key);
	free(service);
}

int kl_backend_compare(const struct kl_backend *a, const struct kl_backend *b)
{
	int order = memcmp(&a->addr, &b->addr, sizeof(a->addr));
	return order ? order : (int)a->port - (int)b->port;
}

static int compare(const void *a, const void *b)
{
	return kl_backend_compare(a, b);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct kl_range *x = a, *y = b;
	int order = memcmp(&x->addr, &y->addr, sizeof(x->addr));
	return order ? order : (int)x->len - (int)y->len;
}

static void normalise_ranges(struct kl_service *service)
{
	size_t kept = 0;
	if (service->range_count)
		qsort(service->ranges, service->range_count, sizeof(*service->ranges), compare_ranges);
	for (size_t i = 0; i < service->range_count; i++)
		if (!kept || compare_ranges(&service->ranges[kept - 1], &service->ranges[i]))
			service->ranges[kept++] = service->ranges[i];
	service->range_count = kept;
}

void kl_service_normalise(struct kl_service *service)
{
	size_t kept = 0;
	normalise_ranges(service);
	if (service->backend_count)
		qsort(service->backends, service->backend_count, sizeof(*service->backends), compare);
	for (size_t i = 0; i < service->backend_count; i++) {
		if (kept && !kl_backend_compare(&service->backends[kept - 1], &service->backends[i]))
			backend_release(&service->backends[--kept]);
		service->backends[kept++] = service->backends[i];
	}
	service->backend_count = kept;
}

static bool text_equal(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool frontend_equal(const struct kl_frontend *a, const struct kl_frontend *b)
{
	return kl_addr_equal(&a->addr, &b->addr) && a->port == b->port && a->proto == b->proto && a->type == b->type;
}

static bool backend_equal(const struct kl_backend *a, const struct kl_backend *b)
{
	return !kl_backend_compare(a, b) && a->flags == b->flags && a->weight == b->weight &&
	       text_equal(a->node, b->node) && text_equal(a->zone_hints, b->zone_hints) &&
	       text_equal(a->node_hints, b->node_hints);
}

static bool ranges_equal(const struct kl_service *a, const struct kl_service *b)
{
	if (a->range_count != b->range_count)
		return false;
	for (size_t i = 0; i < a->range_count; i++)
		if (compare_ranges(&a->ranges[i], &b->ranges[i]))
			return false;
	return true;
}

bool kl_service_equal(const struct kl_service *a, const struct kl_service *b)
{
	if (strcmp(a->key, b->key) || a->proto != b->proto || a->algorithm != b->algorithm || a->flags != b->flags ||
		a->affinity_s != b->affinity_s || a->health_port != b->health_port || a->forward != b->forward ||
		a->slow_start_ms != b->slow_start_ms || !ranges_equal(a, b) || a->frontend_count != b->frontend_count ||
		a->backend_count != b->backend_count)
		return false;
	for (size_t i = 0; i < a->frontend_count; i++)
		if (!frontend_equal(&a->frontends[i], &b->frontends[i]))
			return false;
	for (size_t i = 0; i < a->backend_count; i++)
		if (!backend_equal(&a->backends[i], &b->backends[i]))
			return false;
	return true;
}

int kl_addr_parse(const char *text, struct kl_addr *ret)
{
	struct kl_addr addr;
	memcpy(addr.bytes, v4_prefix, sizeof(v4_prefix));
	if (inet_pton(AF_INET, text, addr.bytes + 12) != 1 && inet_pton(AF_INET6, text, addr.bytes) != 1)
		return -EINVAL;
	*ret = addr;
	return 0;
}

void kl_addr_format(const struct kl_addr *addr, char ret[KL_ADDR_TEXT])
{
	if (kl_addr_is_v4(addr))
		inet_ntop(AF_INET, addr->bytes + 12, ret, KL_ADDR_TEXT);
	else
		inet_ntop(AF_INET6, addr->bytes, ret, KL_ADDR_TEXT);
}

bool kl_addr_is_v4(const struct kl_addr *addr)
{
	return !memcmp(addr->bytes, v4_prefix, sizeof(v4_prefix));
}

bool kl_addr_equal(const struct kl_addr *a, const struct kl_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

struct kl_addr kl_addr_any(bool v4)
{
	struct kl_addr addr = {0};
	if (v4)
		memcpy(addr.bytes, v4_prefix, sizeof(v4_prefix));
	return addr;
}

int kl_range_parse(const char *text, struct kl_range *ret)
{
	char address[KL_ADDR_TEXT], *end;
	const char *slash = strchr(text, '/');
	struct kl_range range;
	if (!slash || (size_t)(slash - text) >= sizeof(address) || slash[1] < '0' || slash[1] > '9')
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = 0;
	unsigned long len = strtoul(slash + 1, &end, 10);
	bool v4 = !strchr(address, ':');
	if (*end || len > (v4 ? 32 : 128) || kl_addr_parse(address, &range.addr))
		return -EINVAL;
	range.len = (uint8_t)(len + (v4 ? 96 : 0));
	for (unsigned bit = range.len; bit < 128; bit++)
		range.addr.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	*ret = range;
	return 0;
}
