/*
 * The kernel's tables against a naive oracle: random services are put and deleted, and after every change the tables,
 * read as the programs read them, must answer for every frontend with exactly the backends wanted. Then: adoption by a
 * new agent writes nothing, the audit finds what was changed behind its back, and what does not fit leaves things as
 * they were.
 */
#include "dpsync_lib.h"

enum { SERVICES = 12 };

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
