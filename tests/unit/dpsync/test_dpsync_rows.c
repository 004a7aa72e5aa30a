/* Slow start, topology, peers, source ranges, links, defaults, host ports: each row of services against the kernel's tables. */
#include "dpsync_lib.h"

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

KL_MAIN()
