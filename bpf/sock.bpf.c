/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * East-west balancing: a socket that connects or sends to a Service gets a backend's address instead, once; no packet
 * costs anything after that. cgroup hooks, for TCP and UDP, both families and IPv4 on IPv6 sockets. The kernel has no such
 * hooks for SCTP.
 *
 * What a socket asked for is kept in its own storage, so that getpeername(2) and recvmsg(2) show the Service's address, and so
 * that its end is known to be the end of a connection to that backend (kl_live).
 */
#include "lib/event.h"
#include "lib/service.h"
#include "lib/metadata.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* On a machine that is one node everything belongs to it; where nodes share a kernel only the namespaces in kl_netns
 * do. */
const volatile __u8 netns_filter = 0;

enum verdict { REFUSE = 0, ALLOW = 1 };
enum { SOCK_DGRAM = 2 };

struct target {
	__be32 addr[4];
	__be16 port;
	__u8 proto;
	__u8 v4;
};

KL_INLINE void target_v4(const struct bpf_sock_addr *ctx, struct target *ret)
{
	addr_from_v4(ret->addr, ctx->user_ip4);
	ret->port = (__be16)ctx->user_port;
	ret->proto = (__u8)ctx->protocol;
	ret->v4 = 1;
}

KL_INLINE void target_v6(const struct bpf_sock_addr *ctx, struct target *ret)
{
	ret->addr[0] = ctx->user_ip6[0];
	ret->addr[1] = ctx->user_ip6[1];
	ret->addr[2] = ctx->user_ip6[2];
	ret->addr[3] = ctx->user_ip6[3];
	ret->port = (__be16)ctx->user_port;
	ret->proto = (__u8)ctx->protocol;
	ret->v4 = 0;
}

KL_INLINE void rewrite(struct bpf_sock_addr *ctx, const struct target *target, const __be32 addr[4], __be16 port)
{
	if (target->v4) {
		ctx->user_ip4 = addr[3];
	} else {
		ctx->user_ip6[0] = addr[0];
		ctx->user_ip6[1] = addr[1];
		ctx->user_ip6[2] = addr[2];
		ctx->user_ip6[3] = addr[3];
	}
	ctx->user_port = port;
}

/* Who asks: its network namespace, as the agent knows it. */
struct asker {
	__u64 cookie;
	const struct kl_map_netns *netns; /* NULL: unknown */
};

/* On a node that has its kernel for itself every namespace is ours, and the lookup is spared. */
KL_INLINE int is_ours(struct bpf_sock_addr *ctx, const struct target *target, struct asker *ret)
{
	ret->cookie = bpf_get_netns_cookie(ctx);
	ret->netns = NULL;
	if (!netns_filter && !is_loopback(target->addr))
		return 1;
	ret->netns = bpf_map_lookup_elem(&kl_netns, &ret->cookie);
	/* Loopback is the node's own: in a pod's namespace it is the pod's, whatever the port. */
	if (is_loopback(target->addr))
		return ret->netns && ret->netns->flags & KL_NETNS_NODE;
	return ret->netns != NULL;
}

/* An IPv6 socket cannot be sent to an IPv4 address that is not mapped, nor an IPv4 one to IPv6: mixed backends are
 * refused. */
KL_INLINE int same_family(const struct target *target, const struct kl_map_backend *backend)
{
	return addr_is_v4(target->addr) == addr_is_v4(backend->addr);
}

/* A backend and the generation it had when it was seen alive. A second try is for one retired between its slot and
 * itself. */
struct picked {
	struct kl_map_backend *backend; /* NULL: the service has none */
	__u32 id;
	__u8 generation;
};

KL_INLINE struct picked pick(const struct kl_map_config *cfg, const struct frontend *frontend, __u64 cookie)
{
	/* From inside the cluster an address for outside leads to any backend. */
	int scope = frontend->type == KL_TYPE_CLUSTER_IP ? SCOPE_INTERNAL : SCOPE_ANY;
	struct kl_map_client client = {.addr = {(__be32)cookie, (__be32)(cookie >> 32)}};
	struct picked ret = {};
	for (int i = 0; i < 2; i++) {
		ret.id = service_pick(cfg, frontend->service, scope, bpf_get_prandom_u32(), &client);
		struct kl_map_backend *backend = ret.id ? backend_get(ret.id) : NULL;
		if (!backend)
			return ret;
		ret.generation = KL_READ(backend->generation);
		if (KL_READ(backend->flags) & KL_BE_LIVE) {
			ret.backend = backend;
			return ret;
		}
	}
	return ret;
}

KL_INLINE void peer_fill(
	struct kl_map_peer *peer, const struct target *target, const struct picked *picked, __u32 service)
{
	const struct kl_map_backend *backend = picked->backend;

	addr_copy(peer->frontend, target->addr);
	addr_copy(peer->backend, backend->addr);
	peer->frontend_port = target->port;
	peer->backend_port = backend->port;
	peer->backend_id = picked->id;
	peer->generation = picked->generation;
	peer->service = service;
	peer->counted = 1;
	live_open(picked->id);
}

/* The socket is with this backend no longer. */
KL_INLINE void peer_leave(struct kl_map_peer *peer)
{
	if (!peer->backend_id || !peer->counted)
		return;
	peer->counted = 0;
	live_close(peer->backend_id, peer->generation);
}

KL_INLINE int peer_is_alive(const struct kl_map_peer *peer)
{
	const struct kl_map_backend *backend = backend_get(peer->backend_id);
	return backend && backend->generation == peer->generation && (backend->flags & KL_BE_LIVE);
}

/* What a watcher is told (bpf/lib/event.h). */
KL_INLINE void tell(const struct target *target, const struct kl_map_backend *backend, struct event_what *what)
{
	struct kl_flow_key key = {.dport = target->port, .proto = target->proto}, to = {.proto = target->proto};
	addr_copy(key.daddr, target->addr);
	what->hook = KL_HOOK_SOCKET;
	what->pid = (__u32)(bpf_get_current_pid_tgid() >> 32);
	if (backend) {
		addr_copy(to.daddr, backend->addr);
		to.dport = backend->port;
	}
	event_write(&key, backend ? &to : NULL, what);
}

/* Where there is nobody to talk to: what a closed port would say. */
KL_INLINE int refuse(const struct kl_map_config *cfg, struct kl_map_counters *counters, const struct target *target,
	const struct frontend *frontend)
{
	counters->sock_no_backend++;
	if (event_wanted(cfg))
		tell(target, NULL,
			&(struct event_what){.kind = KL_EVENT_DROP,
				.service = frontend->service,
				.reason = event_reason(counters, &counters->sock_no_backend)});
	bpf_set_retval(-111); /* ECONNREFUSED */
	return REFUSE;
}

/* The socket goes to the backend. */
KL_INLINE void send_to(struct bpf_sock_addr *ctx, const struct kl_map_config *cfg, const struct target *target,
	const struct asker *asker, const struct picked *picked)
{
	rewrite(ctx, target, picked->backend->addr, picked->backend->port);
	traffic_connection(picked->id);
	if (event_wanted(cfg))
		tell(target, picked->backend,
			&(struct event_what){.kind = KL_EVENT_CONNECT,
				.backend_id = picked->id,
				.ifindex = asker->netns ? asker->netns->ifindex : 0});
}

/* A UDP socket may be connected again, elsewhere; so may a TCP socket whose connection failed. */
KL_INLINE void forget_peer(struct bpf_sock_addr *ctx)
{
	struct kl_map_peer *peer = bpf_sk_storage_get(&kl_sk_peer, ctx->sk, NULL, 0);
	if (!peer)
		return;
	peer_leave(peer);
	bpf_sk_storage_delete(&kl_sk_peer, ctx->sk);
}

KL_INLINE int do_connect(struct bpf_sock_addr *ctx, const struct target *target)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !counters)
		return ALLOW;
	struct frontend frontend = frontend_find_any(cfg, target->addr, target->port, target->proto, 1);
	struct asker asker;
	if (!frontend.service || !is_ours(ctx, target, &asker)) {
		forget_peer(ctx);
		return ALLOW;
	}
	struct picked picked = pick(cfg, &frontend, asker.cookie);
	if (!picked.backend || !same_family(target, picked.backend))
		return refuse(cfg, counters, target, &frontend);
	struct kl_map_peer *peer = bpf_sk_storage_get(&kl_sk_peer, ctx->sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (peer) {
		peer_leave(peer);
		peer_fill(peer, target, &picked, frontend.service);
	}
	send_to(ctx, cfg, target, &asker, &picked);
	counters->sock_connect++;
	return ALLOW;
}

/* The entry of a socket's storage for this service, or the one to be replaced by it. */
KL_INLINE struct kl_map_peer *dgram_peer(struct kl_map_dgram *dgram, const struct target *target)
{
	for (int i = 0; i < KL_DGRAM_PEERS; i++) {
		struct kl_map_peer *peer = &dgram->peer[i];
		if (peer->backend_id && peer->frontend_port == target->port && addr_equal(peer->frontend, target->addr))
			return peer;
	}
	__u32 victim = dgram->next++ % KL_DGRAM_PEERS;
	peer_leave(&dgram->peer[victim]);
	dgram->peer[victim].backend_id = 0;
	return &dgram->peer[victim];
}

KL_INLINE int do_sendmsg(struct bpf_sock_addr *ctx, const struct target *target)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !counters)
		return ALLOW;
	struct frontend frontend = frontend_find_any(cfg, target->addr, target->port, target->proto, 1);
	struct asker asker;
	if (!frontend.service || !is_ours(ctx, target, &asker))
		return ALLOW;
	struct kl_map_dgram *dgram = bpf_sk_storage_get(&kl_sk_dgram, ctx->sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	struct kl_map_peer *peer = dgram ? dgram_peer(dgram, target) : NULL;
	if (peer && peer->backend_id && peer->service == frontend.service && peer_is_alive(peer)) {
		rewrite(ctx, target, peer->backend, peer->backend_port);
		return ALLOW;
	}
	struct picked picked = pick(cfg, &frontend, asker.cookie);
	if (!picked.backend || !same_family(target, picked.backend))
		return refuse(cfg, counters, target, &frontend);
	if (peer) {
		peer_leave(peer);
		peer_fill(peer, target, &picked, frontend.service);
	}
	send_to(ctx, cfg, target, &asker, &picked);
	counters->sock_sendmsg++;
	return ALLOW;
}

KL_INLINE int is_backend(const struct kl_map_peer *peer, const struct target *from)
{
	return peer->backend_id && peer->backend_port == from->port && addr_equal(peer->backend, from->addr);
}

/* The address shown for where a datagram came from, and for whom a socket is connected to. */
KL_INLINE int do_reverse(struct bpf_sock_addr *ctx, const struct target *from)
{
	struct kl_map_peer *peer = bpf_sk_storage_get(&kl_sk_peer, ctx->sk, NULL, 0);
	if (peer && is_backend(peer, from)) {
		rewrite(ctx, from, peer->frontend, peer->frontend_port);
		return ALLOW;
	}
	struct kl_map_dgram *dgram = bpf_sk_storage_get(&kl_sk_dgram, ctx->sk, NULL, 0);
	if (!dgram)
		return ALLOW;
	for (int i = 0; i < KL_DGRAM_PEERS; i++)
		if (is_backend(&dgram->peer[i], from)) {
			rewrite(ctx, from, dgram->peer[i].frontend, dgram->peer[i].frontend_port);
			return ALLOW;
		}
	return ALLOW;
}

SEC("cgroup/connect4")
int kl_connect4(struct bpf_sock_addr *ctx)
{
	struct target target;
	target_v4(ctx, &target);
	return do_connect(ctx, &target);
}

SEC("cgroup/connect6")
int kl_connect6(struct bpf_sock_addr *ctx)
{
	struct target target;
	target_v6(ctx, &target);
	return do_connect(ctx, &target);
}

SEC("cgroup/sendmsg4")
int kl_sendmsg4(struct bpf_sock_addr *ctx)
{
	struct target target;
	target_v4(ctx, &target);
	return do_sendmsg(ctx, &target);
}

SEC("cgroup/sendmsg6")
int kl_sendmsg6(struct bpf_sock_addr *ctx)
{
	struct target target;
	target_v6(ctx, &target);
	return do_sendmsg(ctx, &target);
}

SEC("cgroup/recvmsg4")
int kl_recvmsg4(struct bpf_sock_addr *ctx)
{
	struct target from;
	target_v4(ctx, &from);
	return do_reverse(ctx, &from);
}

SEC("cgroup/recvmsg6")
int kl_recvmsg6(struct bpf_sock_addr *ctx)
{
	struct target from;
	target_v6(ctx, &from);
	return do_reverse(ctx, &from);
}

SEC("cgroup/getpeername4")
int kl_getpeername4(struct bpf_sock_addr *ctx)
{
	struct target from;
	target_v4(ctx, &from);
	return do_reverse(ctx, &from);
}

SEC("cgroup/getpeername6")
int kl_getpeername6(struct bpf_sock_addr *ctx)
{
	struct target from;
	target_v6(ctx, &from);
	return do_reverse(ctx, &from);
}

/* --- ends: what a socket was with is one connection less */

SEC("cgroup/sock_release")
int kl_release(struct bpf_sock *ctx)
{
	struct kl_map_peer *peer = bpf_sk_storage_get(&kl_sk_peer, ctx, NULL, 0);
	if (peer)
		peer_leave(peer);
	if (ctx->type != SOCK_DGRAM)
		return ALLOW;
	struct kl_map_dgram *dgram = bpf_sk_storage_get(&kl_sk_dgram, ctx, NULL, 0);
	for (int i = 0; dgram && i < KL_DGRAM_PEERS; i++)
		peer_leave(&dgram->peer[i]);
	return ALLOW;
}

/*
 * --- NodePorts of others: a process of the node that bound one would never hear of anybody, since packets and connections to
 * it go to the Service. It is told so at once.
 */

/* port in the machine's order, as the range is. */
KL_INLINE int is_node_port(const struct kl_map_config *cfg, __u16 port, __u8 proto, int v6)
{
	const __be32 any4[4] = {0, 0, bpf_htonl(0xffff), 0}, any6[4] = {};
	if (!(cfg->flags & KL_CONFIG_GUARD_NODE_PORTS) || port < cfg->node_port_min || port > cfg->node_port_max)
		return 0;
	/* A socket of IPv6 may take IPv4 along. */
	return frontend_find(cfg, any4, bpf_htons(port), proto).service ||
	       (v6 && frontend_find(cfg, any6, bpf_htons(port), proto).service);
}

KL_INLINE int guard(__u64 cookie, __u16 port, __u8 proto, int v6)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !counters || !is_node_port(cfg, port, proto, v6))
		return ALLOW;
	const struct kl_map_netns *netns = bpf_map_lookup_elem(&kl_netns, &cookie);
	if (!netns || !(netns->flags & KL_NETNS_NODE))
		return ALLOW; /* a pod's ports are its own */
	counters->sock_bind_refused++;
	bpf_set_retval(-98); /* EADDRINUSE */
	return REFUSE;
}

SEC("cgroup/bind4")
int kl_bind4(struct bpf_sock_addr *ctx)
{
	return guard(bpf_get_netns_cookie(ctx), bpf_ntohs((__be16)ctx->user_port), (__u8)ctx->protocol, 0);
}

SEC("cgroup/bind6")
int kl_bind6(struct bpf_sock_addr *ctx)
{
	return guard(bpf_get_netns_cookie(ctx), bpf_ntohs((__be16)ctx->user_port), (__u8)ctx->protocol, 1);
}

/* Where the kernel chose the port. */
SEC("cgroup/post_bind4")
int kl_post_bind4(struct bpf_sock *ctx)
{
	return guard(bpf_get_netns_cookie(ctx), (__u16)ctx->src_port, (__u8)ctx->protocol, 0);
}

SEC("cgroup/post_bind6")
int kl_post_bind6(struct bpf_sock *ctx)
{
	return guard(bpf_get_netns_cookie(ctx), (__u16)ctx->src_port, (__u8)ctx->protocol, 1);
}
