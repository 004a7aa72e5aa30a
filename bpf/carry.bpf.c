/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Adds to per-CPU counters while the programs count: user space can only overwrite a value, and what was counted between
 * its reading and its writing would be lost. Run by the agent (BPF_PROG_TEST_RUN) on whatever CPU it is; the additions
 * are single instructions there, so that no packet's counting comes in between.
 */
#include "lib/maps.h"

char _license[] SEC("license") = "Dual BSD/GPL";

enum { CARRY_WORDS = sizeof(struct kl_map_counters) / sizeof(__u64) };
struct carry {
	__u64 backend; /* whose traffic; 0: the node's counters */
	__u64 add[CARRY_WORDS];
};

SEC("syscall")
int kl_carry(struct carry *carry)
{
	__u32 backend = (__u32)carry->backend, zero = 0;
	__u64 *words;
	if (backend) {
		words = bpf_map_lookup_elem(&kl_traffic, &backend);
		for (__u32 i = 0; words && i < sizeof(struct kl_map_traffic) / sizeof(__u64); i++)
			__sync_fetch_and_add(&words[i], carry->add[i]);
	} else {
		words = bpf_map_lookup_elem(&kl_counters, &zero);
		for (__u32 i = 0; words && i < CARRY_WORDS; i++)
			__sync_fetch_and_add(&words[i], carry->add[i]);
	}
	return words ? 0 : -1;
}
