/*
 * A pod's bandwidth annotations, as upstream's ExtractPodBandwidthResources takes them.
 */
#include "bandwidth.h"
#include "testlib.h"

static int of(const char *ingress, const char *egress, struct kl_cni_bandwidth *ret)
{
	struct kl_err err = {0};
	json_t *annotations = json_object();
	if (ingress)
		json_object_set_new(annotations, KL_ANNOTATION_INGRESS, json_string(ingress));
	if (egress)
		json_object_set_new(annotations, KL_ANNOTATION_EGRESS, json_string(egress));
	kl_autojson *pod = json_pack("{s:{s:o}}", "metadata", "annotations", annotations);
	return kl_bandwidth_of_pod(pod, ret, &err);
}

KL_TEST(annotations_become_bits)
{
	static const struct {
		const char *text;
		int64_t bits; /* 0: refused */
	} cases[] = {
		{"1k", 1000},
		{"1000", 1000},
		{"10M", 10000000},
		{"1.5M", 1500000},
		{"1Mi", 1048576},
		{"1e6", 1000000},
		{"1G", 1000000000},
		{"1P", INT64_C(1000000000000000)},
		{"999", 0},
		{"0", 0},
		{"-1M", 0},
		{"1m", 0},
		{"1001T", 0},
		{"1Pi", 0},
		{"1E", 0},
		{"", 0},
		{"fast", 0},
		{"10Mbit", 0},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_cni_bandwidth in = {0}, out = {0};
		int failed = of(cases[i].text, NULL, &in), failed_too = of(NULL, cases[i].text, &out);
		if (!KL_CHECK(!failed == !!cases[i].bits && !failed_too == !failed) ||
			!KL_CHECK_INT(in.ingress_rate, cases[i].bits) || !KL_CHECK_INT(out.egress_rate, cases[i].bits))
			kl_test_failed(__FILE__, __LINE__, "'%s'", cases[i].text);
	}
}

KL_TEST(without_annotations_no_limit_and_a_bad_one_changes_nothing)
{
	struct kl_cni_bandwidth bandwidth = {.egress_rate = 5};
	KL_CHECK_INT(of("1M", "x", &bandwidth) != 0, 1);
	KL_CHECK_INT(bandwidth.egress_rate, 5);
	KL_CHECK_INT(bandwidth.ingress_rate, 0);
	KL_CHECK_INT(of(NULL, NULL, &bandwidth), 0);
	KL_CHECK_INT(bandwidth.egress_rate, 0);
}

KL_MAIN()
