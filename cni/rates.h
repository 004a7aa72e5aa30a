/*
 * A pod's bandwidth as the CNI convention of capabilities has it: runtimeConfig.bandwidth.
 */
#ifndef KL_CNI_RATES_H
#define KL_CNI_RATES_H

#include <stdint.h>

/* Bits a second and bits; 0: no limit, our choice. */
struct kl_cni_bandwidth {
	uint64_t ingress_rate, ingress_burst; /* towards the pod */
	uint64_t egress_rate, egress_burst;
};

#endif
