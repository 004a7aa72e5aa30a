/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * For `keelson bench events`: what telling watchers costs, a thousand times a run so that the run itself does not count.
 */
#include "lib/event.h"

char _license[] SEC("license") = "Dual BSD/GPL";

enum mode { MODE_FLOOR, MODE_WANTED, MODE_WANTED_PACKET, MODE_WRITE };
enum { TIMES = 1000 };

__u32 mode;
__u64 wanted; /* how often it was */

KL_INLINE int ask(const struct kl_map_config *cfg, __u32 what)
{
	switch (what) {
	case MODE_WANTED:
		return event_wanted(cfg);
	case MODE_WANTED_PACKET:
		return event_wanted_packet(cfg);
	default:
		return KL_READ(cfg->hz) == 0; /* a load and a branch that is never taken, as any program has hundreds */
	}
}

KL_INLINE int ask_often(const struct kl_map_config *cfg, __u32 what)
{
	__u64 count = 0;
	for (int i = 0; i < TIMES; i++)
		count += (__u64)ask(cfg, what);
	wanted += count;
	return XDP_PASS;
}

SEC("xdp")
int kl_bench_events(struct xdp_md *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_flow_key key = {.saddr = {0, 0, bpf_htonl(0xffff), ctx->ingress_ifindex}, .proto = 6};
	if (!cfg)
		return XDP_PASS;
	if (mode == MODE_WANTED)
		return ask_often(cfg, MODE_WANTED);
	if (mode == MODE_WANTED_PACKET)
		return ask_often(cfg, MODE_WANTED_PACKET);
	if (mode == MODE_FLOOR)
		return ask_often(cfg, MODE_FLOOR);
	event_write(&key, &key, &(struct event_what){.kind = KL_EVENT_FORWARD, .hook = KL_HOOK_XDP, .bytes = 64});
	return XDP_PASS;
}
