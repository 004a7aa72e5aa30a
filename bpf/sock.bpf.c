/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * East-west balancing: a socket that connects or sends to a Service gets a backend's address instead, once; no packet
 * costs anything after that. cgroup hooks, for TCP and UDP, both families and IPv4 on IPv6 sockets.
 *
 * What a socket asked for is kept in its own storage, so that getpeername(2) and recvmsg(2) show the Service's address.
 */
#include "lib/service.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* On a machine that is one node everything belongs to it; where nodes share a kernel only the namespaces in kl_netns
 * do. */
const volatile __u8 netns_filter = 0;

enum verdict { REFUSE = 0, ALLOW = 1 };

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

KL_INLINE int is_ours(struct bpf_sock_addr *ctx, __u64 *ret_cookie)
{
	__u64 cookie = bpf_get_netns_cookie(ctx);
	*ret_cookie = cookie;
	return !netns_filter || bpf_map_lookup_elem(&kl_netns, &cookie);
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

KL_INLINE struct picked pick(const struct kl_map_config *cfg, __u32 service, __u64 cookie)
{
	struct kl_map_client client = {.addr = {(__be32)cookie, (__be32)(cookie >> 32)}};
	struct picked ret = {};
	for (int i = 0; i < 2; i++) {
		ret.id = service_pick(cfg, service, 0, bpf_get_prandom_u32(), &client);
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
}

KL_INLINE int peer_is_alive(const struct kl_map_peer *peer)
{
	const struct kl_map_backend *backend = backend_get(peer->backend_id);
	return backend && backend->generation == peer->generation && (backend->flags & KL_BE_LIVE);
}

/* Where there is nobody to talk to: what a closed port would say. */
KL_INLINE int refuse(struct kl_map_counters *counters)
{
	counters->sock_no_backend++;
	bpf_set_retval(-111); /* ECONNREFUSED */
	return REFUSE;
}

KL_INLINE int do_connect(struct bpf_sock_addr *ctx, const struct target *target)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !counters)
		return ALLOW;
	struct frontend frontend = frontend_find_any(cfg, target->addr, target->port, target->proto, 1);
	__u64 cookie;
	if (!frontend.service || !is_ours(ctx, &cookie)) {
		/* A UDP socket may be connected again, elsewhere. */
		if (target->proto == 17)
			bpf_sk_storage_delete(&kl_sk_peer, ctx->sk);
		return ALLOW;
	}
	struct picked picked = pick(cfg, frontend.service, cookie);
	struct kl_map_backend *backend = picked.backend;
	if (!backend || !same_family(target, backend))
		return refuse(counters);
	struct kl_map_peer *peer = bpf_sk_storage_get(&kl_sk_peer, ctx->sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (peer)
		peer_fill(peer, target, &picked, frontend.service);
	rewrite(ctx, target, backend->addr, backend->port);
	traffic_connection(picked.id);
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
	__u64 cookie;
	if (!frontend.service || !is_ours(ctx, &cookie))
		return ALLOW;
	struct kl_map_dgram *dgram = bpf_sk_storage_get(&kl_sk_dgram, ctx->sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	struct kl_map_peer *peer = dgram ? dgram_peer(dgram, target) : NULL;
	if (peer && peer->backend_id && peer->service == frontend.service && peer_is_alive(peer)) {
		rewrite(ctx, target, peer->backend, peer->backend_port);
		return ALLOW;
	}
	struct picked picked = pick(cfg, frontend.service, cookie);
	struct kl_map_backend *backend = picked.backend;
	if (!backend || !same_family(target, backend))
		return refuse(counters);
	if (peer)
		peer_fill(peer, target, &picked, frontend.service);
	rewrite(ctx, target, backend->addr, backend->port);
	traffic_connection(picked.id);
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
