#include "api_helpers.h"

#include "testlib.h"

#include <stdlib.h>
#include <string.h>

static const char deployment[] =
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {a: b}}, template: "
	"{metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x}]}}}";
static const char pod[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: x}]}";
static const char service[] =
	"apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {type: NodePort, clusterIP: 10.0.0.1, ports: [{port: 80, "
	"nodePort: 30001}]}";

static json_t *made(const char *text)
{
	kl_autofree char *message = NULL;
	json_t *object = create(text, KL_VALIDATE_STRICT, &message);
	if (!object)
		kl_test_failed(__FILE__, __LINE__, "%s", message);
	return object;
}

/* merge: a JSON merge patch onto the old object; message "" for success. */
static const struct {
	const char *old, *subresource, *merge, *message;
	int64_t generation;
} cases[] = {
	{deployment, NULL, "{metadata: {labels: {x: z}}}", "", 1},
	{deployment, NULL, "{spec: {replicas: 3}}", "", 2},
	{deployment, NULL, "{status: {replicas: 3}}", "", 1},
	{deployment, "status", "{status: {replicas: 3}, spec: {replicas: 9}}", "", 1},
	{deployment, NULL, "{metadata: {uid: x}}", "409 Conflict", 0},
	{deployment, NULL, "{spec: {selector: {matchLabels: {a: c}}, template: {metadata: {labels: {a: c}}}}}",
		"422 Invalid Deployment.apps \"web\" is invalid: spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"c\"}}: field is "
		"immutable", 0},
	{pod, NULL, "{spec: {activeDeadlineSeconds: 5}}", "", 2},
	{pod, NULL, "{spec: {nodeName: n1}}", "", 2},
	{pod, NULL, "{spec: {restartPolicy: Never}}", "422 Invalid Pod \"p\" is invalid: spec: Forbidden: pod updates may not change", 0},
	{service, NULL, "{spec: {clusterIP: 10.0.0.2}}", "422 Invalid Service \"s\" is invalid: spec.clusterIPs[0]: Invalid value: "
							"\"10.0.0.2\": may not change once set", 0},
	{service, NULL, "{spec: {clusterIP: null}}", "", 0},
	{"apiVersion: v1\nkind: Secret\nmetadata: {name: s}", NULL, "{type: other}",
		"422 Invalid Secret \"s\" is invalid: type: Invalid value: \"other\": field is immutable", 0},
	{"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nimmutable: true\ndata: {a: b}", NULL, "{data: {a: c}}",
		"422 Invalid ConfigMap \"c\" is invalid: data: Forbidden: field is immutable when `immutable` is set", 0},
};

KL_TEST(updates)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autofree char *message = NULL;
		kl_autojson *old = made(cases[i].old), *patch = yaml(cases[i].merge);
		struct kl_write w = write_of(kl_kind_by_type(kl_json_str(old, "apiVersion", NULL), kl_json_str(old, "kind", NULL)));
		struct kl_status st = {0};
		kl_autofree char *text = sorted(patch);
		json_t *next = kl_api_patch(&w, KL_PATCH_MERGE, old, text, strlen(text), false, &st);
		kl_autojson *object = update(old, cases[i].subresource, next, &message);
		if (strncmp(message, cases[i].message, strlen(cases[i].message)) || !!object != !*cases[i].message)
			kl_test_failed(__FILE__, __LINE__, "case %zu: %s, want %s", i, message, cases[i].message);
		else if (object)
			KL_CHECK_INT(kl_json_int(object, 0, "metadata", "generation", NULL), cases[i].generation);
	}
}

KL_TEST(each_subresource_writes_its_own_part)
{
	kl_autofree char *message = NULL, *message2 = NULL;
	kl_autojson *old = made(deployment);
	json_t *next = json_deep_copy(old);
	kl_json_set(next, json_integer(7), "status", "replicas", NULL);
	kl_json_set(next, json_integer(7), "spec", "replicas", NULL);
	kl_autojson *status = update(old, "status", json_deep_copy(next), &message), *spec = update(old, NULL, next, &message2);
	KL_CHECK_INT(kl_json_int(status, 0, "status", "replicas", NULL), 7);
	KL_CHECK_INT(kl_json_int(status, 0, "spec", "replicas", NULL), 1);
	KL_CHECK_INT(kl_json_int(spec, 0, "status", "replicas", NULL), 0);
	KL_CHECK_INT(kl_json_int(spec, 0, "spec", "replicas", NULL), 7);
}

KL_TEST(allocated_fields_stay)
{
	kl_autofree char *message = NULL;
	kl_autojson *old = made(service);
	json_t *next = yaml(service);
	json_object_del(json_object_get(next, "spec"), "clusterIP");
	json_object_del(json_array_get(kl_json_get(next, "spec", "ports", NULL), 0), "nodePort");
	kl_autojson *object = update(old, NULL, next, &message);
	KL_CHECK_STR(kl_json_str(object, "spec", "clusterIP", NULL), "10.0.0.1");
	KL_CHECK_INT(kl_json_int(json_array_get(kl_json_get(object, "spec", "ports", NULL), 0), 0, "nodePort", NULL), 30001);
}

KL_TEST(scale_goes_there_and_back)
{
	const struct kl_kind *kind = kl_kind_named("apps", "Deployment");
	struct kl_status st = {0};
	kl_autojson *object = made(deployment), *scale = kl_api_scale_get(kind, object, &st);
	KL_CHECK_INT(kl_json_int(scale, 0, "spec", "replicas", NULL), 1);
	KL_CHECK_STR(kl_json_str(scale, "status", "selector", NULL), "a=b");
	kl_json_set(scale, json_integer(5), "spec", "replicas", NULL);
	KL_CHECK_INT(kl_api_scale_set(kind, object, scale, &st), 0);
	KL_CHECK_INT(kl_json_int(object, 0, "spec", "replicas", NULL), 5);
	kl_json_set(scale, json_integer(-5), "spec", "replicas", NULL);
	KL_CHECK_INT(kl_api_scale_set(kind, object, scale, &st), -1);
	KL_CHECK_INT(st.code, 422);
	kl_status_release(&st);
}

KL_TEST(versions_convert)
{
	const struct kl_kind *v1 = kl_kind_by_type("autoscaling/v1", "HorizontalPodAutoscaler");
	const struct kl_kind *v2 = kl_kind_by_type("autoscaling/v2", "HorizontalPodAutoscaler");
	struct kl_status st = {0};
	kl_autojson *hpa = yaml("{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, spec: {maxReplicas: 3, "
				"targetCPUUtilizationPercentage: 70}}");
	kl_autofree char *before = sorted(hpa);
	KL_CHECK_INT(kl_api_convert(v1, v2, hpa, &st), 0);
	KL_CHECK(kl_json_get(hpa, "spec", "metrics", NULL) != NULL);
	KL_CHECK_INT(kl_api_convert(v2, v1, hpa, &st), 0);
	kl_autofree char *after = sorted(hpa);
	KL_CHECK_STR(after, before);
	kl_autojson *event = yaml("{apiVersion: events.k8s.io/v1, kind: Event, regarding: {kind: Pod}, note: hi}");
	kl_autofree char *event_before = sorted(event);
	const struct kl_kind *events = kl_kind_by_type("events.k8s.io/v1", "Event"), *core = kl_kind_by_type("v1", "Event");
	KL_CHECK_INT(kl_api_convert(events, core, event, &st), 0);
	KL_CHECK_STR(kl_json_str(event, "message", NULL), "hi");
	KL_CHECK_INT(kl_api_convert(core, events, event, &st), 0);
	kl_autofree char *event_after = sorted(event);
	KL_CHECK_STR(event_after, event_before);
}

/* --- CertificateSigningRequests */

#define CSR(spec) "{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: c}, spec: {request: eA==, " spec "}}"
#define GOOD_CSR  CSR("signerName: example.com/s, usages: [client auth]")
#define REFUSED	  "422 Invalid CertificateSigningRequest.certificates.k8s.io \"c\" is invalid: "

static const struct {
	const char *object, *message;
} requests[] = {
	{GOOD_CSR, ""},
	{CSR("signerName: example.com/s"), REFUSED "spec.usages: Required value"},
	{CSR("signerName: s, usages: [any]"), REFUSED "spec.signerName: Invalid value: \"s\": must be a fully qualified domain and path"},
	{CSR("signerName: a.b/s, usages: [client]"), REFUSED "spec.usages[0]: Unsupported value: \"client\": supported values: \"any\", "},
	{CSR("signerName: a.b/s, usages: [s/mime], expirationSeconds: 599"),
		REFUSED "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)"},
};

KL_TEST(requests_for_certificates_are_checked)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(requests); i++) {
		kl_autofree char *message = NULL;
		kl_autojson *object = create(requests[i].object, KL_VALIDATE_STRICT, &message);
		if (!!object != !*requests[i].message || strncmp(message, requests[i].message, strlen(requests[i].message)))
			kl_test_failed(__FILE__, __LINE__, "%s\n  got  %s", requests[i].object, message);
	}
}

static char *verdict(const json_t *old, const char *subresource, const char *status, json_t **ret)
{
	char *message = NULL;
	json_t *object = json_deep_copy(old);
	json_object_set_new(object, "status", yaml(status));
	*ret = update(old, subresource, object, &message);
	return message;
}

KL_TEST(approvals_are_the_approvers)
{
	kl_autofree char *m1 = NULL, *m2 = NULL, *m3 = NULL, *m4 = NULL, *m5 = NULL;
	kl_autojson *old = create(GOOD_CSR, KL_VALIDATE_STRICT, &m1), *no = NULL, *both = NULL, *yes = NULL, *issued = NULL;
	m2 = verdict(old, "status", "{conditions: [{type: Approved, status: 'True'}]}", &no);
	KL_CHECK_STR(m2, REFUSED "status.conditions: Forbidden: updates may not add a condition of type \"Approved\"");
	m3 = verdict(old, "approval", "{conditions: [{type: Approved, status: 'True'}, {type: Denied, status: 'True'}]}", &both);
	KL_CHECK(!both);
	m4 = verdict(old, "approval", "{certificate: eA==, conditions: [{type: Approved, status: 'True'}]}", &yes);
	KL_CHECK_STR(m4, "");
	KL_CHECK(!kl_json_get(yes, "status", "certificate", NULL));
	const json_t *condition = json_array_get(kl_json_get(yes, "status", "conditions", NULL), 0);
	KL_CHECK_STR(kl_json_str(condition, "lastTransitionTime", NULL), "2025-11-20T10:30:35Z");
	m5 = verdict(yes, "status", "{certificate: eA==, conditions: [{type: Approved, status: 'True'}]}", &issued);
	KL_CHECK_STR(m5, "");
	KL_CHECK_STR(kl_json_str(issued, "status", "certificate", NULL), "eA==");
}

KL_MAIN()
