#include "dpsync_impl.h"

#include "mem.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { GENEVE_PORT = 6081 };

static bool same_key(const struct kl_frontend *a, const struct kl_frontend *b)
{
	return a->port == b->port && a->proto == b->proto && kl_addr_equal(&a->addr, &b->addr);
}

bool kl_dpsync_has_frontend(const struct kl_frontend *list, size_t count, const struct kl_frontend *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (same_key(&list[i], wanted))
			return true;
	return false;
}

static void set_address(__be32 to[4], const struct kl_dpsync_node *node, bool v4)
{
	static const struct kl_addr none;
	const struct kl_addr *addr = &none;
	for (size_t i = 0; i < node->addr_count && addr == &none; i++)
		if (kl_addr_is_v4(&node->addrs[i]) == v4)
			addr = &node->addrs[i];
	memcpy(to, addr->bytes, sizeof(addr->bytes));
}

static int set_addresses(struct kl_dpsync *sync, const struct kl_dpsync_node *node, struct kl_err *err)
{
	struct kl_frontend *entries = kl_calloc(node->addr_count + 1, sizeof(*entries));
	int failed = 0;
	for (size_t i = 0; i < node->addr_count; i++) {
		entries[i] = (struct kl_frontend){.addr = node->addrs[i], .type = KL_TYPE_NODE_ADDR};
		if (!failed)
			failed = kl_frontends_put(sync->maps, &entries[i], KL_FRONTEND_NODE, err);
	}
	for (size_t i = 0; i < sync->node_addr_count; i++)
		if (!kl_dpsync_has_frontend(entries, node->addr_count, &sync->node_addrs[i]))
			kl_frontends_delete(sync->maps, &sync->node_addrs[i], KL_FRONTEND_NODE);
	free(sync->node_addrs);
	sync->node_addrs = entries;
	sync->node_addr_count = node->addr_count;
	return failed;
}

static void set_ports(struct kl_map_config *want, const struct kl_dpsync_node *node)
{
	if (node->node_port_min) {
		want->node_port_min = node->node_port_min;
		want->node_port_max = node->node_port_max;
	}
	if (node->snat_port_min) {
		want->snat_port_min = node->snat_port_min;
		want->snat_port_max = node->snat_port_max;
	}
}

/* What the agent decides of the configuration, word by word: programs read it meanwhile. */
void kl_dpsync_write_config(struct kl_dpsync *sync)
{
	struct kl_map_config *there = sync->maps->config;
	const struct kl_map_config *want = &sync->config;
	memcpy(there->node_addr4, want->node_addr4, sizeof(there->node_addr4));
	memcpy(there->node_addr6, want->node_addr6, sizeof(there->node_addr6));
	there->node_port_min = want->node_port_min;
	there->node_port_max = want->node_port_max;
	there->snat_port_min = want->snat_port_min;
	there->snat_port_max = want->snat_port_max;
	there->mtu = want->mtu;
	there->geneve_port = want->geneve_port;
	there->flags = want->flags;
}

int kl_dpsync_set_node(struct kl_dpsync *sync, const struct kl_dpsync_node *node, struct kl_err *err)
{
	struct kl_map_config *want = &sync->config;
	set_address(want->node_addr4, node, true);
	set_address(want->node_addr6, node, false);
	set_ports(want, node);
	want->mtu = node->mtu;
	want->geneve_port = htons(node->geneve_port ? node->geneve_port : GENEVE_PORT);
	want->flags = (node->external_cluster_ip ? KL_CONFIG_EXTERNAL_CLUSTER_IP : 0u) |
		      (node->guard_node_ports ? KL_CONFIG_GUARD_NODE_PORTS : 0u);
	kl_dpsync_write_config(sync);
	return set_addresses(sync, node, err);
}

/* --- peers */

static struct peer *find_peer(struct kl_dpsync *sync, const char *name)
{
	struct peer *peer = NULL;
	HASH_FIND_STR(sync->peers, name, peer);
	return peer;
}

static void peer_free(struct kl_dpsync *sync, struct peer *peer)
{
	HASH_DEL(sync->peers, peer);
	kl_node_info_free(peer->node);
	free(peer);
}

static bool is_own(const struct kl_dpsync *sync, const struct kl_addr *addr)
{
	for (size_t i = 0; i < sync->node_addr_count; i++)
		if (kl_addr_equal(&sync->node_addrs[i].addr, addr))
			return true;
	return false;
}

void kl_dpsync_apply_peers(struct kl_dpsync *sync)
{
	struct kl_frontend *entries = NULL;
	size_t count = 0;
	for (const struct peer *peer = sync->peers; peer; peer = peer->hh.next)
		for (size_t i = 0; i < peer->node->addr_count; i++) {
			struct kl_frontend entry = {.addr = peer->node->addrs[i], .type = KL_TYPE_PEER_ADDR};
			if (is_own(sync, &entry.addr) || kl_frontends_put(sync->maps, &entry, KL_FRONTEND_PEER, NULL))
				continue;
			entries = kl_reallocarray(entries, count + 1, sizeof(*entries));
			entries[count++] = entry;
		}
	for (size_t i = 0; i < sync->peer_addr_count; i++)
		if (!kl_dpsync_has_frontend(entries, count, &sync->peer_addrs[i]))
			kl_frontends_delete(sync->maps, &sync->peer_addrs[i], KL_FRONTEND_PEER);
	free(sync->peer_addrs);
	sync->peer_addrs = entries;
	sync->peer_addr_count = count;
}

static bool has_hints(const struct kl_service *service)
{
	for (size_t i = 0; service && i < service->backend_count; i++)
		if (service->backends[i].zone_hints)
			return true;
	return false;
}

static void set_zone(struct kl_dpsync *sync, const char *zone)
{
	if (!strcmp(sync->zone, zone))
		return;
	free(sync->zone);
	sync->zone = kl_strdup(zone);
	for (struct service_state *state = sync->services; state; state = state->hh.next)
		if (has_hints(state->desired)) /* what does not fit stays as it is; the next put says so */
			kl_dpsync_switch_set(sync, state, state->desired, NULL);
}

void kl_dpsync_put_peer(struct kl_dpsync *sync, const struct kl_node_info *node)
{
	struct peer *peer = find_peer(sync, node->name);
	if (!strcmp(node->name, sync->node_name)) {
		set_zone(sync, node->zone);
		return;
	}
	if (peer)
		peer_free(sync, peer);
	peer = kl_calloc(1, sizeof(*peer));
	peer->node = kl_node_info_new(node->name, node->zone);
	peer->in_snapshot = true;
	for (size_t i = 0; i < node->addr_count; i++)
		kl_node_info_add(peer->node, &node->addrs[i]);
	HASH_ADD_KEYPTR(hh, sync->peers, peer->node->name, strlen(peer->node->name), peer);
	if (!sync->in_snapshot)
		kl_dpsync_apply_peers(sync);
}

void kl_dpsync_delete_peer(struct kl_dpsync *sync, const char *name)
{
	struct peer *peer = find_peer(sync, name);
	if (!peer)
		return;
	peer_free(sync, peer);
	kl_dpsync_apply_peers(sync);
}

void kl_dpsync_peers_begin(struct kl_dpsync *sync)
{
	sync->in_snapshot = true;
	for (struct peer *peer = sync->peers; peer; peer = peer->hh.next)
		peer->in_snapshot = false;
}

void kl_dpsync_peers_end(struct kl_dpsync *sync)
{
	struct peer *peer, *next;
	sync->in_snapshot = false;
	HASH_ITER (hh, sync->peers, peer, next)
		if (!peer->in_snapshot)
			peer_free(sync, peer);
	kl_dpsync_apply_peers(sync);
}

/* --- links of local pods */

const struct pod_link *kl_dpsync_link(const struct kl_dpsync *sync, const struct kl_addr *addr)
{
	struct pod_link *link = NULL;
	HASH_FIND(hh, sync->links, addr, sizeof(*addr), link);
	return link;
}

/* Backends that have the address already: a pod whose link is told of late. */
static void write_link(struct kl_dpsync *sync, const struct kl_addr *addr, uint32_t ifindex, const uint8_t mac[6])
{
	for (uint32_t id = 1; id < sync->maps->entries[KL_MAP_BACKENDS]; id++) {
		struct kl_map_backend *entry = &sync->maps->backends[id];
		if (!(entry->flags & KL_BE_LOCAL) || memcmp(entry->addr, addr->bytes, sizeof(entry->addr)))
			continue;
		entry->ifindex = ifindex;
		memcpy(entry->mac, mac, sizeof(entry->mac));
	}
}

void kl_dpsync_set_link(struct kl_dpsync *sync, const struct kl_addr *addr, uint32_t ifindex, const uint8_t mac[6])
{
	static const uint8_t no_mac[6];
	struct pod_link *link = NULL;
	HASH_FIND(hh, sync->links, addr, sizeof(*addr), link);
	if (link)
		HASH_DEL(sync->links, link);
	free(link);
	write_link(sync, addr, ifindex, ifindex ? mac : no_mac);
	if (!ifindex) {
		kl_dpsync_localise_again(sync, addr);
		return;
	}
	link = kl_calloc(1, sizeof(*link));
	link->addr = *addr;
	link->ifindex = ifindex;
	memcpy(link->mac, mac, sizeof(link->mac));
	HASH_ADD(hh, sync->links, addr, sizeof(link->addr), link);
	kl_dpsync_localise_again(sync, addr);
}

/* --- namespaces */

static struct netns_entry *netns_ensure(struct kl_dpsync *sync, uint64_t cookie)
{
	struct netns_entry *entry = NULL;
	HASH_FIND(hh, sync->netns, &cookie, sizeof(cookie), entry);
	if (entry)
		return entry;
	entry = kl_calloc(1, sizeof(*entry));
	entry->cookie = cookie;
	HASH_ADD(hh, sync->netns, cookie, sizeof(entry->cookie), entry);
	return entry;
}

int kl_dpsync_netns_add(
	struct kl_dpsync *sync, uint64_t cookie, enum kl_dpsync_netns what, uint32_t ifindex, struct kl_err *err)
{
	struct kl_map_netns value = {
		.flags = what == KL_DPSYNC_NODE ? KL_NETNS_NODE : KL_NETNS_POD,
		.ifindex = ifindex,
	};
	if (bpf_map_update_elem(sync->maps->fd[KL_MAP_NETNS], &cookie, &value, BPF_ANY))
		return kl_fail(err, errno, "add a network namespace to the kernel's table");
	netns_ensure(sync, cookie)->value = value;
	return 0;
}

void kl_dpsync_netns_remove(struct kl_dpsync *sync, uint64_t cookie)
{
	struct netns_entry *entry = netns_ensure(sync, cookie);
	HASH_DEL(sync->netns, entry);
	free(entry);
	bpf_map_delete_elem(sync->maps->fd[KL_MAP_NETNS], &cookie);
}

void kl_dpsync_nodes_free(struct kl_dpsync *sync)
{
	struct peer *peer, *next_peer;
	struct pod_link *link, *next_link;
	struct netns_entry *netns, *next_netns;
	HASH_ITER (hh, sync->peers, peer, next_peer)
		peer_free(sync, peer);
	HASH_ITER (hh, sync->links, link, next_link) {
		HASH_DEL(sync->links, link);
		free(link);
	}
	HASH_ITER (hh, sync->netns, netns, next_netns) {
		HASH_DEL(sync->netns, netns);
		free(netns);
	}
	free(sync->peer_addrs);
	free(sync->zone);
}
