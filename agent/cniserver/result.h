/*
 * The CNI result object of an attachment, in the form of a specification version; and the node's MTU for pods.
 */
#ifndef KL_RESULT_H
#define KL_RESULT_H

#include "cniserver.h"

#include <jansson.h>

json_t *kl_cni_result(const struct kl_cni_pod *pod, const char *version);
/* The MTU of the device that the default route (IPv4 first) leaves through; `otherwise` when there is none. */
uint32_t kl_cni_uplink_mtu(uint32_t otherwise);

#endif
