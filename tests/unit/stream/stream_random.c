#include "stream_random.h"

#include "mem.h"
#include "testlib.h"

static void random_addr(struct kl_addr *addr)
{
	*addr = kl_addr_any(kl_test_random() % 2);
	addr->bytes[13] = (uint8_t)kl_test_random();
	addr->bytes[15] = (uint8_t)kl_test_random();
}

static void random_backends(struct kl_service *service)
{
	service->backend_count = kl_test_random() % 20;
	service->backends = kl_calloc(service->backend_count + 1, sizeof(*service->backends));
	for (size_t i = 0; i < service->backend_count; i++) {
		struct kl_backend *backend = &service->backends[i];
		random_addr(&backend->addr);
		backend->port = (uint16_t)kl_test_random();
		backend->flags = kl_test_random() % 8;
		backend->weight = (uint16_t)(kl_test_random() % 3);
		backend->node = kl_asprintf("node%u", (unsigned)(kl_test_random() % 5));
		backend->zone_hints = kl_test_random() % 2 ? kl_strdup("zone-a,zone-b") : NULL;
		backend->node_hints = kl_test_random() % 3 ? NULL : kl_strdup("node1");
	}
}

struct kl_service *stream_random_service(const char *key)
{
	struct kl_service *service = kl_service_new(key);
	service->proto = kl_test_random() % 2 ? KL_PROTO_TCP : KL_PROTO_UDP;
	service->algorithm = kl_test_random() % 4;
	service->flags = kl_test_random() % 32;
	service->forward = (uint8_t)(kl_test_random() % 3);
	service->slow_start_ms = (uint32_t)(kl_test_random() % 3 * 10000);
	service->range_count = kl_test_random() % 3;
	service->ranges = kl_calloc(3, sizeof(*service->ranges));
	for (size_t i = 0; i < service->range_count; i++)
		service->ranges[i] =
			(struct kl_range){.addr = kl_addr_any(true), .len = (uint8_t)(96 + kl_test_random() % 33)};
	service->affinity_s = (uint32_t)(kl_test_random() % 10000);
	service->health_port = (uint16_t)(kl_test_random() % 2 * 30999);
	service->frontend_count = kl_test_random() % 5;
	service->frontends = kl_calloc(service->frontend_count + 1, sizeof(*service->frontends));
	for (size_t i = 0; i < service->frontend_count; i++) {
		random_addr(&service->frontends[i].addr);
		service->frontends[i].port = (uint16_t)kl_test_random();
		service->frontends[i].proto = service->proto;
		service->frontends[i].type = (uint8_t)(kl_test_random() % 5);
	}
	random_backends(service);
	kl_service_normalise(service);
	return service;
}
