/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Ends connected UDP sockets whose backend is dead: the socket programs chose it at connect() and no hook runs for what
 * the socket sends later. An iterator over the UDP sockets of one network namespace, run by the agent when a UDP
 * backend has gone; the sockets' owners see ECONNABORTED and connect again.
 */
#include "lib/maps.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "lib/metadata.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Of the kernel's types only what is read here; libbpf finds the offsets. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct sock_common {
	__be16 skc_dport;
	volatile unsigned char skc_state;
};
struct sock {
	struct sock_common __sk_common;
};
struct udp_sock;
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__udp {
	struct bpf_iter_meta *meta;
	struct udp_sock *udp_sk;
};
#pragma clang attribute pop

extern int bpf_sock_destroy(struct sock_common *sock) __ksym;

enum { STATE_ESTABLISHED = 1 };

SEC("iter/udp")
int kl_reap_udp(struct bpf_iter__udp *ctx)
{
	struct sock *sock = (struct sock *)ctx->udp_sk;
	if (!sock || sock->__sk_common.skc_state != STATE_ESTABLISHED)
		return 0;
	struct kl_map_peer *peer = bpf_sk_storage_get(&kl_sk_peer, sock, NULL, 0);
	if (!peer || !peer->backend_id || sock->__sk_common.skc_dport != peer->backend_port)
		return 0;
	const struct kl_map_backend *backend = backend_get(peer->backend_id);
	struct kl_map_counters *counters = counters_get();
	if (!backend || !counters || backend->generation == peer->generation)
		return 0;
	peer->backend_id = 0;
	if (!bpf_sock_destroy((struct sock_common *)sock))
		counters->udp_reaped++;
	return 0;
}
