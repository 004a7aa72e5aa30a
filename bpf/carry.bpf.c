/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Adds to per-CPU counters while the programs count: user space can only overwrite a value, and what was counted between
 * its reading and its writing would be lost. Run by the agent (BPF_PROG_TEST_RUN) on whatever CPU it is; the additions
 * are single instructions there, so that no packet's counting comes in between.
 */
#include "lib/maps.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Written before each run: whose traffic (0: the node's counters), and how much. */
__u64 backend;
__u64 add[sizeof(struct kl_map_counters) / sizeof(__u64)];

KL_INLINE int add_to(__u64 *words, __u32 count)
{
	if (!words)
		return -1;
	for (__u32 i = 0; i < count; i++)
		__sync_fetch_and_add(&words[i], add[i]);
	return 0;
}

SEC("syscall")
int kl_carry(void *ctx)
{
	__u32 index = (__u32)backend, zero = 0;
	if (index)
		return add_to(bpf_map_lookup_elem(&kl_traffic, &index), sizeof(struct kl_map_traffic) / sizeof(__u64));
	return add_to(bpf_map_lookup_elem(&kl_counters, &zero), sizeof(struct kl_map_counters) / sizeof(__u64));
}
