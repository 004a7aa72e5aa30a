#include "bandwidth.h"

#include "api.h"

#include <errno.h>

#define MIN_BITS INT64_C(1000)
#define MAX_BITS INT64_C(1000000000000000)

static int read_one(const json_t *pod, const char *name, uint64_t *ret, struct kl_err *err)
{
	const json_t *text = kl_json_get(pod, "metadata", "annotations", name, NULL);
	int64_t bits;
	if (!text)
		return 0;
	if (!json_is_string(text) || kl_quantity_value(json_string_value(text), &bits))
		return kl_fail_msg(err, EINVAL, "annotation %s: '%.64s' is no quantity", name,
			json_is_string(text) ? json_string_value(text) : "");
	if (bits < MIN_BITS)
		return kl_fail_msg(err, EINVAL, "annotation %s: resource is unreasonably small (< 1kbit)", name);
	if (bits > MAX_BITS)
		return kl_fail_msg(err, EINVAL, "annotation %s: resource is unreasonably large (> 1Pbit)", name);
	*ret = (uint64_t)bits;
	return 0;
}

int kl_bandwidth_of_pod(const json_t *pod, struct kl_cni_bandwidth *ret, struct kl_err *err)
{
	struct kl_cni_bandwidth bandwidth = {0};
	int rc = read_one(pod, KL_ANNOTATION_INGRESS, &bandwidth.ingress_rate, err);
	if (!rc)
		rc = read_one(pod, KL_ANNOTATION_EGRESS, &bandwidth.egress_rate, err);
	if (!rc)
		*ret = bandwidth;
	return rc;
}
