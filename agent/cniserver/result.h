/*
 * The CNI result object of an attachment, in the form of a specification version; and the node's MTU for pods.
 */
#ifndef KL_RESULT_H
#define KL_RESULT_H

#include "cniserver.h"

#include <jansson.h>

json_t *kl_cni_result(const struct kl_cni_pod *pod, const char *version);
/*
 * The MTU of the device, of the first where a list is given ("eth0,eth1"); NULL: of that of the default route (IPv4
 * first). `otherwise` when there is none.
 */
uint32_t kl_cni_uplink_mtu(const char *device, uint32_t otherwise);

#endif
