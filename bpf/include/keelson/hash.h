/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The keyed hash of the tables, for both sides.
 *
 * NH, the universal hash of UMAC (RFC 4418, section 5.2.2), in two lanes that share a key shifted by four words (a
 * Toeplitz extension), then mixed. For any two tuples chosen without knowledge of the key a lane collides with
 * probability 2^-32, independently of the other. Only multiplications and additions: no helper call.
 */
#ifndef KEELSON_HASH_H
#define KEELSON_HASH_H

#include <keelson/abi.h>

#define KL_INLINE static inline __attribute__((always_inline))

struct kl_flow_key { /* no padding: compared and hashed as ten words */
	__be32 saddr[4];
	__be32 daddr[4];
	__be16 sport, dport;
	__u32 proto;
};

struct kl_flow_hash {
	__u64 fingerprint; /* never 0; to be compared only: its single bits are no random ones */
	__u32 line, line2; /* not yet masked; whoever needs a number by the flow takes line */
};

KL_INLINE __u64 kl_nh(const __u32 *key, __u32 i, __u32 a, __u32 b)
{
	return (__u64)(__u32)(a + key[i]) * (__u32)(b + key[i + 1]);
}

/* The finalizer of MurmurHash3 (public domain): every input bit reaches every output bit. */
KL_INLINE __u64 kl_mix(__u64 x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ull;
	return x ^ (x >> 33);
}

/* One multiplication by an odd constant (2^64 over the golden ratio): its upper half depends on every bit below. */
KL_INLINE __u32 kl_spread(__u64 x)
{
	return (__u32)(((x ^ x >> 32) * 0x9e3779b97f4a7c15ull) >> 32);
}

KL_INLINE __u32 kl_frontend_hash(const __u32 *key, const __be32 addr[4], __be16 port, __u8 proto)
{
	return kl_spread(kl_nh(key, 4, addr[0], addr[1]) + kl_nh(key, 6, addr[2], addr[3]) +
			 kl_nh(key, 8, (__u32)port | (__u32)proto << 16, 0));
}

KL_INLINE __u64 kl_flow_lane(const __u32 *key, const struct kl_flow_key *flow)
{
	return kl_nh(key, 0, flow->saddr[0], flow->saddr[1]) + kl_nh(key, 2, flow->saddr[2], flow->saddr[3]) +
	       kl_nh(key, 4, flow->daddr[0], flow->daddr[1]) + kl_nh(key, 6, flow->daddr[2], flow->daddr[3]) +
	       kl_nh(key, 8, (__u32)flow->sport | (__u32)flow->dport << 16, flow->proto);
}

/*
 * The fingerprint needs no mixing: it is only compared, and mixing is a permutation. Its lowest bit is given up, so that
 * it is never 0.
 */
KL_INLINE struct kl_flow_hash kl_flow_hash(const __u32 *key, const struct kl_flow_key *flow)
{
	__u64 a = kl_flow_lane(key, flow), b = kl_flow_lane(key + 4, flow);
	struct kl_flow_hash ret = {
		.fingerprint = (b ^ (a << 17 | a >> 47)) | 1,
		.line = kl_spread(a + (b << 32 | b >> 32)),
		.line2 = kl_spread(b - (a << 32 | a >> 32)),
	};
	return ret;
}

/*
 * What chooses a backend for a flow: the same on every node of a cluster, whatever the boot's key, so that a node which
 * takes over an address in mid-flow finds the same Maglev slot. The constants are digits of pi. Who knows them can make
 * many flows for one backend; he could as well open them one by one.
 */
KL_INLINE __u32 kl_pick_hash(const struct kl_flow_key *flow)
{
	static const __u32 pi[] = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0};
	__u64 sum = kl_nh(pi, 0, flow->saddr[0], flow->saddr[1]) + kl_nh(pi, 2, flow->saddr[2], flow->saddr[3]) +
		    kl_nh(pi, 4, (__u32)flow->sport | (__u32)flow->dport << 16, flow->proto);
	return (__u32)(kl_mix(sum) >> 32);
}

/* A number below count from a hash, without a division. */
KL_INLINE __u32 kl_below(__u32 hash, __u32 count)
{
	return (__u32)((__u64)hash * count >> 32);
}

#endif
