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
	__u64 fingerprint; /* never 0 */
	__u32 line, line2; /* not yet masked */
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

KL_INLINE __u32 kl_frontend_hash(const __u32 *key, const __be32 addr[4], __be16 port, __u8 proto)
{
	__u64 sum = kl_nh(key, 0, addr[0], addr[1]) + kl_nh(key, 2, addr[2], addr[3]) +
		    kl_nh(key, 4, (__u32)port | (__u32)proto << 16, 0);
	return (__u32)(kl_mix(sum) >> 32);
}

KL_INLINE __u64 kl_flow_lane(const __u32 *key, const struct kl_flow_key *flow)
{
	return kl_nh(key, 0, flow->saddr[0], flow->saddr[1]) + kl_nh(key, 2, flow->saddr[2], flow->saddr[3]) +
	       kl_nh(key, 4, flow->daddr[0], flow->daddr[1]) + kl_nh(key, 6, flow->daddr[2], flow->daddr[3]) +
	       kl_nh(key, 8, (__u32)flow->sport | (__u32)flow->dport << 16, flow->proto);
}

KL_INLINE struct kl_flow_hash kl_flow_hash(const __u32 *key, const struct kl_flow_key *flow)
{
	__u64 a = kl_flow_lane(key, flow), b = kl_flow_lane(key + 4, flow);
	__u64 place = kl_mix(a + (b << 32 | b >> 32));
	struct kl_flow_hash ret = {
		.fingerprint = kl_mix(b ^ (a << 17 | a >> 47)) | 1,
		.line = (__u32)place,
		.line2 = (__u32)(place >> 32),
	};
	return ret;
}

/*
 * What chooses a backend for a flow: the same on every node of a cluster, whatever the boot's key, so that a node which
 * takes over an address in mid-flow finds the same Maglev slot. frontend: address of the service, port in both cases
 * in network order.
 */
KL_INLINE __u32 kl_pick_hash(const struct kl_flow_key *flow)
{
	__u64 x = kl_mix((__u64)flow->saddr[0] << 32 ^ flow->saddr[1] ^ 0x9e3779b97f4a7c15ull);
	x = kl_mix(x ^ ((__u64)flow->saddr[2] << 32 | flow->saddr[3]));
	x = kl_mix(x ^ ((__u64)flow->sport << 16 | flow->dport | (__u64)flow->proto << 32));
	return (__u32)(x >> 32);
}

#endif
