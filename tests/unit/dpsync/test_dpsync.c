/*
 * The kernel's tables against a naive oracle: random services are put and deleted, and after every change the tables,
 * read as the programs read them, must answer for every frontend with exactly the backends wanted. Then: adoption by a
 * new agent writes nothing, the audit finds what was changed behind its back, and what does not fit leaves things as
 * they were.
 */
#include "clock.h"
#include "dpsync.h"
#include "load.h"
#include "mem.h"
#include "testlib.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SERVICES = 12, MAX_BACKENDS = 30 };

static char pin_dir[64];

static struct kl_maps *maps_get(const struct kl_maps_sizes *sizes)
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

static void maps_drop(struct kl_maps *maps)
{
	kl_maps_close(maps);
	kl_unload(pin_dir, NULL);
}

static struct kl_dpsync *sync_new(struct kl_maps *maps)
{
	struct kl_dpsync *sync = NULL;
	KL_CHECK_INT(kl_dpsync_new(maps, "here", &sync, NULL), 0);
	return sync;
}

static struct kl_addr addr_of(uint8_t a, uint8_t b)
{
	struct kl_addr addr = kl_addr_any(true);
	addr.bytes[12] = 10;
	addr.bytes[14] = a;
	addr.bytes[15] = b;
	return addr;
}

static struct kl_service *random_service(unsigned n)
{
	kl_autofree char *key = kl_asprintf("ns/s%u:80", n);
	struct kl_service *service = kl_service_new(key);
	service->algorithm = kl_test_random() % 2 ? KL_ALGORITHM_RANDOM : KL_ALGORITHM_MAGLEV;
	service->flags = (uint16_t)(kl_test_random() % 4);
	service->frontend_count = 1 + kl_test_random() % 3;
	service->frontends = kl_calloc(3, sizeof(*service->frontends));
	for (size_t i = 0; i < service->frontend_count; i++)
		service->frontends[i] = (struct kl_frontend){
			.addr = addr_of((uint8_t)(200 + n), (uint8_t)(i + kl_test_random() % 2 * 3)),
			.port = 80,
			.proto = KL_PROTO_TCP,
			.type = (uint8_t)(i ? KL_FRONTEND_EXTERNAL_IP : KL_FRONTEND_CLUSTER_IP)};
	service->backend_count = kl_test_random() % MAX_BACKENDS;
	service->backends = kl_calloc(MAX_BACKENDS, sizeof(*service->backends));
	for (size_t i = 0; i < service->backend_count; i++)
		service->backends[i] = (struct kl_backend){.addr = addr_of(1, (uint8_t)(kl_test_random() % 60)),
			.port = 8080,
			.flags = kl_test_random() % 5 ? KL_BACKEND_READY | KL_BACKEND_SERVING
						      : KL_BACKEND_SERVING | KL_BACKEND_TERMINATING,
			.node = kl_strdup(kl_test_random() % 3 ? "there" : "here")};
	kl_service_normalise(service);
	return service;
}

/* --- reading the tables as the programs do */

static uint32_t lookup(const struct kl_maps *maps, const struct kl_frontend *frontend)
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

/* Which of the service's backends take new connections: bit i for backend i; all: with none of them foreign. */
static uint64_t backends_in(
	const struct kl_maps *maps, const struct kl_service *service, uint32_t first, uint32_t count)
{
	uint64_t seen = 0;
	for (uint32_t slot = first; slot < first + count; slot++) {
		uint32_t id = maps->blocks[slot / KL_BLOCK_SLOTS].backend[slot % KL_BLOCK_SLOTS];
		const struct kl_map_backend *entry = &maps->backends[id];
		bool known = false;
		for (size_t i = 0; i < service->backend_count; i++)
			if (!memcmp(entry->addr, service->backends[i].addr.bytes, 16) &&
				entry->port == htons(service->backends[i].port)) {
				seen |= 1ull << i;
				known = true;
			}
		KL_CHECK(known && entry->flags & KL_BE_LIVE);
	}
	return seen;
}

static uint64_t wanted(const struct kl_service *service, bool local)
{
	uint64_t ready = 0, ending = 0;
	for (size_t i = 0; i < service->backend_count; i++) {
		const struct kl_backend *backend = &service->backends[i];
		if (local && strcmp(backend->node, "here"))
			continue;
		*(backend->flags & KL_BACKEND_READY ? &ready : &ending) |= 1ull << i;
	}
	return ready ? ready : ending;
}

static void check_service(const struct kl_maps *maps, const struct kl_service *service)
{
	for (size_t i = 0; i < service->frontend_count; i++) {
		uint32_t index = lookup(maps, &service->frontends[i]);
		if (!KL_CHECK(index))
			continue;
		const struct kl_map_set *set = &maps->blocks[(uint32_t)maps->services[index].set].set;
		KL_CHECK_STR(maps->names[index].key, service->key);
		KL_CHECK(backends_in(maps, service, set->all_first, set->all_count) == wanted(service, false));
		if (service->flags & (KL_SERVICE_EXTERNAL_LOCAL | KL_SERVICE_INTERNAL_LOCAL))
			KL_CHECK(backends_in(maps, service, set->local_first, set->local_count) ==
				 wanted(service, true));
	}
}

/* Of services. */
static size_t living_frontends(const struct kl_maps *maps)
{
	size_t count = 0;
	for (uint32_t i = 0; i <= maps->config->frontend_mask; i++)
		count += maps->frontends[i].service != KL_FRONTEND_NEVER &&
			 maps->frontends[i].service != KL_FRONTEND_PEER &&
			 maps->frontends[i].service != KL_FRONTEND_DELETED;
	return count;
}

static void check_all(const struct kl_maps *maps, struct kl_service *const *truth)
{
	size_t frontends = 0, backends = 0, living = 0;
	for (unsigned n = 0; n < SERVICES; n++) {
		if (!truth[n])
			continue;
		check_service(maps, truth[n]);
		backends += truth[n]->backend_count;
		for (size_t i = 0; i < truth[n]->frontend_count; i++) {
			bool twice = false;
			for (size_t k = 0; k < i; k++)
				twice |= kl_addr_equal(&truth[n]->frontends[i].addr, &truth[n]->frontends[k].addr);
			frontends += !twice;
		}
	}
	for (uint32_t id = 1; id < maps->entries[KL_MAP_BACKENDS]; id++)
		living += maps->backends[id].flags & KL_BE_LIVE;
	KL_CHECK_INT(living_frontends(maps), frontends);
	KL_CHECK_INT(living, backends);
}

static void change(struct kl_dpsync *sync, struct kl_service **truth)
{
	unsigned n = (unsigned)(kl_test_random() % SERVICES);
	kl_service_free(kl_take(&truth[n]));
	if (kl_test_random() % 4) {
		truth[n] = random_service(n);
		KL_CHECK_INT(kl_dpsync_put(sync, truth[n], NULL), 0);
	} else {
		kl_autofree char *key = kl_asprintf("ns/s%u:80", n);
		kl_dpsync_delete(sync, key);
	}
}

static void truth_free(struct kl_service **truth)
{
	for (unsigned n = 0; n < SERVICES; n++)
		kl_service_free(truth[n]);
}

KL_TEST(tables_say_what_was_put)
{
	struct kl_service *truth[SERVICES] = {NULL};
	struct kl_maps *maps = maps_get(NULL);
	struct kl_dpsync *sync = sync_new(maps);
	for (int i = 0; i < 600; i++) {
		change(sync, truth);
		check_all(maps, truth);
		if (i % 100 != 99)
			continue;
		kl_dpsync_free(sync); /* the agent is restarted now and then */
		maps->adopted = true;
		sync = sync_new(maps);
		check_all(maps, truth);
	}
	struct kl_dpsync_audit audit;
	kl_dpsync_audit(sync, false, &audit);
	truth_free(truth);
	kl_dpsync_free(sync);
	maps_drop(maps);
}

KL_TEST(a_new_agent_adopts_and_writes_nothing)
{
	struct kl_service *truth[SERVICES] = {NULL};
	struct kl_maps *maps = maps_get(NULL), *again;
	struct kl_dpsync *sync = sync_new(maps);
	for (unsigned n = 0; n < SERVICES; n++) {
		truth[n] = random_service(n);
		KL_CHECK_INT(kl_dpsync_put(sync, truth[n], NULL), 0);
	}
	kl_dpsync_free(sync);
	size_t slots = maps->entries[KL_MAP_SLOTS] * sizeof(*maps->blocks),
	       services = maps->entries[KL_MAP_SERVICES] * sizeof(*maps->services);
	size_t backends = maps->entries[KL_MAP_BACKENDS] * sizeof(*maps->backends);
	kl_autofree void *before_slots = kl_memdup(maps->blocks, slots),
			 *before_services = kl_memdup(maps->services, services);
	kl_autofree void *before_backends = kl_memdup(maps->backends, backends);
	KL_CHECK_INT(kl_maps_open(pin_dir, NULL, &again, NULL), 0);
	KL_CHECK(again->adopted);
	sync = sync_new(again);
	kl_dpsync_snapshot_begin(sync);
	for (unsigned n = 0; n < SERVICES; n++)
		KL_CHECK_INT(kl_dpsync_put(sync, truth[n], NULL), 0);
	kl_dpsync_snapshot_end(sync);
	KL_CHECK_INT(kl_dpsync_services(sync), SERVICES);
	KL_CHECK(!memcmp(before_slots, maps->blocks, slots) && !memcmp(before_services, maps->services, services) &&
		 !memcmp(before_backends, maps->backends, backends));
	check_all(maps, truth);
	kl_dpsync_snapshot_begin(sync); /* and what a snapshot does not name goes */
	KL_CHECK_INT(kl_dpsync_put(sync, truth[3], NULL), 0);
	kl_dpsync_snapshot_end(sync);
	for (unsigned n = 0; n < SERVICES; n++)
		if (n != 3)
			kl_service_free(kl_take(&truth[n]));
	check_all(maps, truth);
	truth_free(truth);
	kl_dpsync_free(sync);
	kl_maps_close(again);
	maps_drop(maps);
}

static void add_ranges(struct kl_service *service)
{
	service->ranges = kl_calloc(2, sizeof(*service->ranges));
	KL_CHECK_INT(kl_range_parse("192.0.2.0/24", &service->ranges[0]), 0);
	KL_CHECK_INT(kl_range_parse("10.0.0.0/8", &service->ranges[1]), 0);
	service->range_count = 2;
	kl_service_normalise(service);
}

static void add_peer(struct kl_dpsync *sync, const char *name, uint8_t last)
{
	struct kl_node_info *node = kl_node_info_new(name, "");
	struct kl_addr addr = addr_of(250, last);
	kl_node_info_add(node, &addr);
	kl_dpsync_put_peer(sync, node);
	kl_node_info_free(node);
}

/* --- the audit */

static struct kl_map_frontend *some_frontend(struct kl_maps *maps)
{
	for (uint32_t i = 0;; i++)
		if (maps->frontends[i].service != KL_FRONTEND_NEVER && maps->frontends[i].service != KL_FRONTEND_PEER &&
			maps->frontends[i].service != KL_FRONTEND_DELETED)
			return &maps->frontends[i];
}

static uint32_t some_service(struct kl_maps *maps)
{
	return some_frontend(maps)->service;
}

static uint32_t some_backend(struct kl_maps *maps)
{
	for (uint32_t id = 1;; id++)
		if (maps->backends[id].flags & KL_BE_LIVE)
			return id;
}

static void spoil_frontend_service(struct kl_maps *maps)
{
	some_frontend(maps)->service += 1000;
}

static void spoil_frontend_gone(struct kl_maps *maps)
{
	some_frontend(maps)->service = KL_FRONTEND_DELETED;
}

static void spoil_frontend_type(struct kl_maps *maps)
{
	some_frontend(maps)->type ^= 1;
}

static void spoil_set(struct kl_maps *maps)
{
	maps->services[some_service(maps)].set = 0;
}

static void spoil_slot(struct kl_maps *maps)
{
	maps->blocks[maps->blocks[(uint32_t)maps->services[some_service(maps)].set].set.all_first / KL_BLOCK_SLOTS]
		.backend[0] = 7777;
}

static void spoil_header(struct kl_maps *maps)
{
	maps->blocks[(uint32_t)maps->services[some_service(maps)].set].set.all_count = 1;
}

static void spoil_backend_addr(struct kl_maps *maps)
{
	maps->backends[some_backend(maps)].addr[3] ^= 1;
}

static void spoil_backend_flags(struct kl_maps *maps)
{
	maps->backends[some_backend(maps)].flags = 0;
}

static void spoil_foreign_backend(struct kl_maps *maps)
{
	maps->backends[maps->entries[KL_MAP_BACKENDS] - 1].flags = KL_BE_LIVE;
}

static void spoil_name(struct kl_maps *maps)
{
	maps->names[some_service(maps)].key[0] = 'X';
}

static void spoil_forward(struct kl_maps *maps)
{
	maps->backends[some_backend(maps)].forward ^= 1;
}

static void spoil_config(struct kl_maps *maps)
{
	maps->config->node_port_min = 1;
}

static void spoil_hash_key(struct kl_maps *maps)
{
	maps->config->hash_key[3] ^= 1;
}

static void spoil_peer(struct kl_maps *maps)
{
	for (uint32_t i = 0; i <= maps->config->frontend_mask; i++)
		if (maps->frontends[i].service == KL_FRONTEND_PEER)
			maps->frontends[i].service = KL_FRONTEND_DELETED;
}

static void spoil_range_gone(struct kl_maps *maps)
{
	struct kl_map_range key;
	KL_CHECK(!bpf_map_get_next_key(maps->fd[KL_MAP_RANGES], NULL, &key));
	KL_CHECK(!bpf_map_delete_elem(maps->fd[KL_MAP_RANGES], &key));
}

static void spoil_range_foreign(struct kl_maps *maps)
{
	const struct kl_map_range key = {.prefix = 32, .service = 77};
	const uint8_t one = 1;
	KL_CHECK(!bpf_map_update_elem(maps->fd[KL_MAP_RANGES], &key, &one, BPF_ANY));
}

static void spoil_netns_gone(struct kl_maps *maps)
{
	const uint64_t cookie = 4711;
	KL_CHECK(!bpf_map_delete_elem(maps->fd[KL_MAP_NETNS], &cookie));
}

static void spoil_netns_foreign(struct kl_maps *maps)
{
	const uint64_t cookie = 4712;
	const struct kl_map_netns value = {.flags = KL_NETNS_POD};
	KL_CHECK(!bpf_map_update_elem(maps->fd[KL_MAP_NETNS], &cookie, &value, BPF_ANY));
}

static void spoil_ports(struct kl_maps *maps)
{
	uint16_t port = ntohs(some_frontend(maps)->port);
	maps->ports[port / 64] &= ~(1ull << port % 64);
}

static void spoil_local_foreign(struct kl_maps *maps)
{
	const struct kl_map_local key = {.service = 77};
	const uint32_t id = 5;
	KL_CHECK(!bpf_map_update_elem(maps->fd[KL_MAP_LOCALS], &key, &id, BPF_ANY));
}

static void spoil_local(struct kl_maps *maps)
{
	struct kl_map_local key;
	KL_CHECK(!bpf_map_get_next_key(maps->fd[KL_MAP_LOCALS], NULL, &key));
	KL_CHECK(!bpf_map_delete_elem(maps->fd[KL_MAP_LOCALS], &key));
}

static const struct {
	const char *what;
	void (*spoil)(struct kl_maps *maps);
} spoils[] = {
	{"how a backend is reached", spoil_forward},
	{"configuration", spoil_config},
	{"the tables' key", spoil_hash_key},
	{"peer", spoil_peer},
	{"source range gone", spoil_range_gone},
	{"source range of nobody", spoil_range_foreign},
	{"namespace gone", spoil_netns_gone},
	{"namespace of nobody", spoil_netns_foreign},
	{"local backend", spoil_local},
	{"local backend of nobody", spoil_local_foreign},
	{"bitmap of ports", spoil_ports},
	{"frontend of another service", spoil_frontend_service},
	{"frontend gone", spoil_frontend_gone},
	{"frontend type", spoil_frontend_type},
	{"set gone", spoil_set},
	{"slot", spoil_slot},
	{"header", spoil_header},
	{"backend address", spoil_backend_addr},
	{"backend dead", spoil_backend_flags},
	{"foreign backend", spoil_foreign_backend},
	{"name", spoil_name},
};

KL_TEST(the_audit_finds_and_repairs_every_change)
{
	struct kl_service *truth[SERVICES] = {NULL};
	struct kl_maps *maps = maps_get(NULL);
	struct kl_dpsync *sync = sync_new(maps);
	struct kl_dpsync_audit audit;
	for (unsigned n = 0; n < SERVICES; n++)
		do {
			kl_service_free(truth[n]);
			truth[n] = random_service(n);
		} while (truth[n]->backend_count < 3);
	add_ranges(truth[0]);
	add_peer(sync, "there", 9);
	KL_CHECK_INT(kl_dpsync_netns_add(sync, 4711, KL_DPSYNC_POD, 7, NULL), 0);
	for (unsigned n = 0; n < SERVICES; n++)
		KL_CHECK_INT(kl_dpsync_put(sync, truth[n], NULL), 0);
	audit = (struct kl_dpsync_audit){0};
	kl_dpsync_audit(sync, false, &audit);
	KL_CHECK_INT(audit.services, SERVICES);
	KL_CHECK_STR(audit.words, "");
	for (size_t i = 0; i < KL_ARRAY_LEN(spoils); i++) {
		spoils[i].spoil(maps);
		audit = (struct kl_dpsync_audit){0};
		kl_dpsync_audit(sync, true, &audit);
		if (!KL_CHECK(audit.missing + audit.wrong + audit.foreign > 0 && audit.words[0]))
			kl_test_failed(__FILE__, __LINE__, "case: %s", spoils[i].what);
		kl_dpsync_audit(sync, false, &audit);
		if (!KL_CHECK_INT(audit.missing + audit.wrong + audit.foreign, 0))
			kl_test_failed(__FILE__, __LINE__, "case: %s: %s", spoils[i].what, audit.words);
		check_all(maps, truth);
	}
	truth_free(truth);
	kl_dpsync_free(sync);
	maps_drop(maps);
}

/* --- shares, places, ranges, links */

static struct kl_service *plain_service(unsigned backends)
{
	struct kl_service *service = kl_service_new("ns/plain:80");
	service->frontends = kl_calloc(1, sizeof(*service->frontends));
	service->frontend_count = 1;
	service->frontends[0] = (struct kl_frontend){.addr = addr_of(199, 1), .port = 80, .proto = KL_PROTO_TCP};
	service->backends = kl_calloc(MAX_BACKENDS, sizeof(*service->backends));
	service->backend_count = backends;
	for (unsigned i = 0; i < backends; i++)
		service->backends[i] = (struct kl_backend){.addr = addr_of(1, (uint8_t)(i + 1)),
			.port = 8080,
			.flags = KL_BACKEND_READY | KL_BACKEND_SERVING,
			.node = kl_strdup(i ? "there" : "here")};
	return service;
}

static const struct kl_map_set *set_of(const struct kl_maps *maps, const struct kl_service *service)
{
	return &maps->blocks[(uint32_t)maps->services[lookup(maps, &service->frontends[0])].set].set;
}

/* How many of the service's slots, in percent, are of backend i. */
static unsigned share(const struct kl_maps *maps, const struct kl_service *service, unsigned i)
{
	const struct kl_map_set *set = set_of(maps, service);
	unsigned found = 0;
	for (uint32_t slot = set->all_first; slot < set->all_first + set->all_count; slot++) {
		uint32_t id = maps->blocks[slot / KL_BLOCK_SLOTS].backend[slot % KL_BLOCK_SLOTS];
		found += !memcmp(maps->backends[id].addr, service->backends[i].addr.bytes, 16);
	}
	return found * 100 / set->all_count;
}

KL_TEST(a_new_backends_share_grows)
{
	struct kl_maps *maps = maps_get(NULL);
	struct kl_dpsync *sync = sync_new(maps);
	struct kl_service *two = plain_service(2), *three = plain_service(3);
	struct kl_dpsync_audit audit = {0};
	two->slow_start_ms = three->slow_start_ms = 16000;
	KL_CHECK_INT(kl_dpsync_put(sync, two, NULL), 0);
	KL_CHECK_INT(share(maps, two, 0), 50); /* those that begin together share alike */
	KL_CHECK_INT(kl_dpsync_tick(sync, kl_monotonic_ms()), -1);
	KL_CHECK_INT(kl_dpsync_put(sync, three, NULL), 0);
	int64_t begin = kl_monotonic_ms();
	KL_CHECK_INT(share(maps, three, 2), 3); /* 1 of 33 */
	unsigned last = 0;
	for (int second = 1; second < 16; second++) {
		KL_CHECK_INT(kl_dpsync_tick(sync, begin + second * 1000), 1000);
		unsigned now = share(maps, three, 2);
		KL_CHECK(now > last && now == (unsigned)(second * 100 / (32 + second)));
		last = now;
		kl_dpsync_audit(sync, false, &audit);
		KL_CHECK_STR(audit.words, "");
	}
	KL_CHECK_INT(kl_dpsync_tick(sync, begin + 17000), -1);
	KL_CHECK_INT(share(maps, three, 2), 33);
	KL_CHECK_INT(set_of(maps, three)->all_count, 3);
	/* A change of something else in the middle does not start it again; an end in the middle is an end. */
	KL_CHECK_INT(kl_dpsync_put(sync, two, NULL), 0);
	KL_CHECK_INT(kl_dpsync_put(sync, three, NULL), 0);
	kl_dpsync_delete(sync, "ns/plain:80");
	KL_CHECK_INT(kl_dpsync_tick(sync, begin + 20000), -1);
	kl_service_free(two);
	kl_service_free(three);
	kl_dpsync_free(sync);
	maps_drop(maps);
}

KL_TEST(a_zone_that_becomes_known_narrows)
{
	struct kl_maps *maps = maps_get(NULL);
	struct kl_dpsync *sync = sync_new(maps);
	struct kl_service *service = plain_service(3);
	struct kl_node_info *here = kl_node_info_new("here", "a");
	for (unsigned i = 0; i < 3; i++)
		service->backends[i].zone_hints = kl_strdup(i == 1 ? "a" : "b");
	KL_CHECK_INT(kl_dpsync_put(sync, service, NULL), 0);
	KL_CHECK_INT(set_of(maps, service)->all_count, 3);
	kl_dpsync_put_peer(sync, here);
	KL_CHECK_INT(share(maps, service, 1), 100);
	kl_service_free(service);
	kl_node_info_free(here);
	kl_dpsync_free(sync);
	maps_drop(maps);
}

static size_t peers_in(const struct kl_maps *maps)
{
	size_t count = 0;
	for (uint32_t i = 0; i <= maps->config->frontend_mask; i++)
		count += maps->frontends[i].service == KL_FRONTEND_PEER;
	return count;
}

KL_TEST(peers_come_and_go)
{
	struct kl_maps *maps = maps_get(NULL);
	struct kl_dpsync *sync = sync_new(maps);
	const struct kl_addr own = addr_of(250, 1);
	const struct kl_dpsync_node node = {.addrs = &own, .addr_count = 1, .mtu = 1400};
	KL_CHECK_INT(kl_dpsync_set_node(sync, &node, NULL), 0);
	KL_CHECK_INT(maps->config->mtu, 1400);
	KL_CHECK_INT(ntohs(maps->config->geneve_port), 6081);
	add_peer(sync, "a", 1); /* an address of our own is no peer's */
	add_peer(sync, "b", 2);
	add_peer(sync, "c", 3);
	KL_CHECK_INT(peers_in(maps), 2);
	kl_dpsync_delete_peer(sync, "b");
	KL_CHECK_INT(peers_in(maps), 1);
	kl_dpsync_free(sync); /* a new agent goes on with them until it knows better */
	maps->adopted = true;
	sync = sync_new(maps);
	KL_CHECK_INT(peers_in(maps), 1);
	kl_dpsync_snapshot_begin(sync);
	add_peer(sync, "b", 2);
	kl_dpsync_snapshot_end(sync);
	KL_CHECK_INT(peers_in(maps), 1);
	const struct kl_frontend b = {.addr = addr_of(250, 2)}, c = {.addr = addr_of(250, 3)};
	KL_CHECK_INT(lookup(maps, &b), KL_FRONTEND_PEER);
	KL_CHECK_INT(lookup(maps, &c), 0);
	kl_dpsync_free(sync);
	maps_drop(maps);
}

/* Is a source let in, as a program asks? */
static bool let_in(const struct kl_maps *maps, const struct kl_service *service, const char *source)
{
	struct kl_map_range key = {
		.prefix = KL_RANGE_SERVICE_BITS + 128, .service = lookup(maps, &service->frontends[0])};
	struct kl_addr addr;
	uint8_t value;
	KL_CHECK_INT(kl_addr_parse(source, &addr), 0);
	memcpy(key.addr, addr.bytes, sizeof(key.addr));
	return !(set_of(maps, service)->flags & KL_SET_RANGES) ||
	       !bpf_map_lookup_elem(maps->fd[KL_MAP_RANGES], &key, &value);
}

KL_TEST(source_ranges_are_kept)
{
	struct kl_maps *maps = maps_get(NULL);
	struct kl_dpsync *sync = sync_new(maps);
	struct kl_service *service = plain_service(2), *open = plain_service(2);
	struct kl_map_range key;
	add_ranges(service);
	KL_CHECK_INT(kl_dpsync_put(sync, service, NULL), 0);
	KL_CHECK(let_in(maps, service, "192.0.2.9") && let_in(maps, service, "10.9.9.9"));
	KL_CHECK(!let_in(maps, service, "11.0.0.1") && !let_in(maps, service, "2001:db8::1"));
	kl_dpsync_free(sync); /* adopted: what is not wanted any more goes */
	maps->adopted = true;
	sync = sync_new(maps);
	service->range_count = 1;
	KL_CHECK_INT(kl_dpsync_put(sync, service, NULL), 0);
	KL_CHECK(!let_in(maps, service, "192.0.2.9") && let_in(maps, service, "10.9.9.9"));
	KL_CHECK_INT(kl_dpsync_put(sync, open, NULL), 0);
	KL_CHECK(let_in(maps, open, "11.0.0.1"));
	KL_CHECK(bpf_map_get_next_key(maps->fd[KL_MAP_RANGES], NULL, &key));
	kl_service_free(service);
	kl_service_free(open);
	kl_dpsync_free(sync);
	maps_drop(maps);
}

KL_TEST(a_local_pods_link_is_known_to_its_backends)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9}, other[6] = {2, 0, 0, 0, 0, 8};
	struct kl_maps *maps = maps_get(NULL);
	struct kl_dpsync *sync = sync_new(maps);
	struct kl_service *service = plain_service(2);
	struct kl_dpsync_audit audit = {0};
	kl_dpsync_set_link(sync, &service->backends[0].addr, 42, mac);
	kl_dpsync_set_link(sync, &service->backends[1].addr, 43, mac); /* not ours: another node's */
	service->flags = KL_SERVICE_FORWARD;
	service->forward = KL_FORWARDING_DSR_GENEVE;
	KL_CHECK_INT(kl_dpsync_put(sync, service, NULL), 0);
	const struct kl_map_backend *local = NULL, *remote = NULL;
	for (uint32_t id = 1; id < maps->entries[KL_MAP_BACKENDS]; id++)
		if (maps->backends[id].flags & KL_BE_LIVE)
			*(maps->backends[id].flags & KL_BE_LOCAL ? &local : &remote) = &maps->backends[id];
	if (KL_CHECK(local && remote)) {
		KL_CHECK_INT(local->ifindex, 42);
		KL_CHECK(!memcmp(local->mac, mac, sizeof(mac)));
		KL_CHECK_INT(local->forward, KL_FORWARD_DSR_GENEVE);
		KL_CHECK_INT(remote->ifindex, 0);
		KL_CHECK_INT(remote->forward, KL_FORWARD_DSR_GENEVE);
		kl_dpsync_set_link(sync, &service->backends[0].addr, 44, other);
		KL_CHECK_INT(local->ifindex, 44);
		KL_CHECK(!memcmp(local->mac, other, sizeof(mac)));
	}
	kl_dpsync_audit(sync, false, &audit);
	KL_CHECK_STR(audit.words, "");
	kl_service_free(service);
	kl_dpsync_free(sync);
	maps_drop(maps);
}

/* Endpoints kept by hand name no node: what has the address of a pod here, or of the node, is local. */
KL_TEST(who_is_here_is_known_by_address_where_no_node_is_named)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	struct kl_maps *maps = maps_get(NULL);
	struct kl_dpsync *sync = sync_new(maps);
	struct kl_service *service = plain_service(3);
	const struct kl_dpsync_node node = {.addrs = &service->backends[2].addr, .addr_count = 1};
	for (unsigned i = 0; i < 3; i++)
		service->backends[i].node[0] = 0;
	service->flags = KL_SERVICE_INTERNAL_LOCAL;
	KL_CHECK_INT(kl_dpsync_set_node(sync, &node, NULL), 0);
	KL_CHECK_INT(kl_dpsync_put(sync, service, NULL), 0);
	KL_CHECK_INT(set_of(maps, service)->local_count, 1);
	kl_dpsync_set_link(sync, &service->backends[1].addr, 42, mac);
	KL_CHECK_INT(set_of(maps, service)->local_count, 2);
	kl_dpsync_set_link(sync, &service->backends[1].addr, 0, NULL);
	KL_CHECK_INT(set_of(maps, service)->local_count, 1);
	kl_service_free(service);
	kl_dpsync_free(sync);
	maps_drop(maps);
}

KL_TEST(defaults_hold_where_nothing_is_asked_for)
{
	struct kl_maps *maps = maps_get(NULL);
	struct kl_dpsync *sync = sync_new(maps);
	struct kl_service *service = plain_service(2);
	kl_dpsync_set_defaults(sync, KL_ALGORITHM_MAGLEV, KL_FORWARDING_DSR_IPIP);
	KL_CHECK_INT(kl_dpsync_put(sync, service, NULL), 0);
	KL_CHECK_INT(set_of(maps, service)->algorithm, KL_PICK_MAGLEV);
	service->flags = KL_SERVICE_ALGORITHM;
	service->algorithm = KL_ALGORITHM_LEAST_CONN;
	KL_CHECK_INT(kl_dpsync_put(sync, service, NULL), 0);
	KL_CHECK_INT(set_of(maps, service)->algorithm, KL_PICK_LEAST_CONN);
	KL_CHECK_INT(set_of(maps, service)->all_count, 2);
	kl_service_free(service);
	kl_dpsync_free(sync);
	maps_drop(maps);
}

KL_TEST(host_ports_are_no_part_of_a_snapshot)
{
	struct kl_maps *maps = maps_get(NULL);
	struct kl_dpsync *sync = sync_new(maps);
	struct kl_service *stream = plain_service(1), *host = plain_service(1);
	free(host->key);
	host->key = kl_strdup(KL_DPSYNC_HOST_PREFIX "ns/pod:80");
	host->frontends[0].port = 81;
	KL_CHECK_INT(kl_dpsync_put(sync, stream, NULL), 0);
	KL_CHECK_INT(kl_dpsync_put(sync, host, NULL), 0);
	kl_dpsync_snapshot_begin(sync);
	kl_dpsync_snapshot_end(sync);
	KL_CHECK(!kl_dpsync_get(sync, stream->key) && kl_dpsync_get(sync, host->key));
	kl_dpsync_free(sync);
	maps->adopted = true;
	sync = sync_new(maps);
	KL_CHECK_INT(kl_dpsync_services(sync), 1);
	kl_dpsync_hosts_end(sync);
	KL_CHECK_INT(kl_dpsync_services(sync), 0);
	kl_service_free(stream);
	kl_service_free(host);
	kl_dpsync_free(sync);
	maps_drop(maps);
}

KL_TEST(what_does_not_fit_changes_nothing)
{
	const struct kl_maps_sizes sizes = {.services = 3, .backends = 8, .blocks = 64};
	struct kl_maps *maps = maps_get(&sizes);
	struct kl_dpsync *sync = sync_new(maps);
	struct kl_err err = {0};
	struct kl_service *truth[SERVICES] = {NULL}, *big = random_service(0);
	truth[0] = random_service(0);
	while (truth[0]->backend_count > 5 || truth[0]->backend_count < 2 ||
		truth[0]->algorithm == KL_ALGORITHM_MAGLEV) {
		kl_service_free(truth[0]);
		truth[0] = random_service(0);
	}
	while (big->backend_count < 12) {
		kl_service_free(big);
		big = random_service(0);
	}
	KL_CHECK_INT(kl_dpsync_put(sync, truth[0], &err), 0);
	KL_CHECK_INT(kl_dpsync_put(sync, big, &err), -ENOSPC);
	KL_CHECK(err.text[0]);
	check_all(maps, truth);
	kl_service_free(big);
	truth_free(truth);
	kl_dpsync_free(sync);
	maps_drop(maps);
}

KL_TEST(generations_go_up_with_every_end)
{
	struct kl_maps *maps = maps_get(NULL);
	struct kl_dpsync *sync = sync_new(maps);
	struct kl_service *service = kl_service_new("ns/g:1");
	service->backends = kl_calloc(1, sizeof(*service->backends));
	service->backends[0] =
		(struct kl_backend){.addr = addr_of(1, 1), .port = 1, .flags = KL_BACKEND_READY, .node = kl_strdup("")};
	service->backend_count = 1;
	KL_CHECK_INT(kl_dpsync_put(sync, service, NULL), 0);
	uint32_t id = some_backend(maps);
	uint8_t generation = maps->backends[id].generation;
	service->backends[0].flags = KL_BACKEND_SERVING | KL_BACKEND_TERMINATING;
	KL_CHECK_INT(kl_dpsync_put(sync, service, NULL), 0);
	KL_CHECK_INT(maps->backends[id].generation, generation);
	kl_dpsync_delete(sync, "ns/g:1");
	KL_CHECK_INT(maps->backends[id].generation, (uint8_t)(generation + 1));
	KL_CHECK_INT(maps->backends[id].flags, 0);
	kl_service_free(service);
	kl_dpsync_free(sync);
	maps_drop(maps);
}

KL_MAIN()
