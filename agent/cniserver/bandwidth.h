/*
 * A pod's annotations kubernetes.io/ingress-bandwidth and kubernetes.io/egress-bandwidth: quantities of bits a second,
 * from 1k to 1P, as upstream's kubelet and CRI runtimes take them. Pure.
 */
#ifndef KL_BANDWIDTH_H
#define KL_BANDWIDTH_H

#include "err.h"
#include "json.h"
#include "rates.h"

#define KL_ANNOTATION_INGRESS "kubernetes.io/ingress-bandwidth"
#define KL_ANNOTATION_EGRESS  "kubernetes.io/egress-bandwidth"

/* *ret is untouched on failure; without annotations no limit. */
int kl_bandwidth_of_pod(const json_t *pod, struct kl_cni_bandwidth *ret, struct kl_err *err);

#endif
