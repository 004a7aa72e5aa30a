/*
 * Joining: bootstrap tokens and what they may, certificates asked for, approved and signed; and running as somebody else.
 * The controllers run, as they do in the server.
 */
#include "apitest.h"

#include "base64.h"
#include "clock.h"
#include "controllers.h"
#include "csr.h"

#include <arpa/inet.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CSRS  "/apis/certificates.k8s.io/v1/certificatesigningrequests"
#define TOKEN "abcdef.0123456789abcdef"
#define MERGE "application/merge-patch+json"

static struct kl_controllers *controllers;

static void start_controllers(void)
{
	struct kl_err err = {0};
	if (controllers)
		return;
	int rc = kl_controllers_start(api_registry(),
		&(struct kl_controllers_options){.cluster_cidr = "10.244.0.0/16",
			.node_cidr_mask_v4 = 24,
			.node_monitor_grace_ms = 40000,
			.node_monitor_period_ms = 5000,
			.pod_eviction_timeout_ms = 40000,
			.pki = api_pki(),
			.root_ca_pem = kl_pki_ca_pem(api_pki())},
		&controllers, &err);
	if (rc < 0)
		abort();
}

static void stop_controllers(void)
{
	if (controllers)
		kl_controllers_stop(kl_take(&controllers));
}

/* --- tokens --- */

static void make_token(const char *id, const char *expiration, const char *usage)
{
	kl_autofree char *path = kl_asprintf("/api/v1/namespaces/kube-system/secrets/bootstrap-token-%s", id);
	api_auto gone = api_delete(path, NULL);
	kl_autofree char *body = kl_asprintf(
		"{\"metadata\":{\"name\":\"bootstrap-token-%s\"},\"type\":\"bootstrap.kubernetes.io/token\","
		"\"stringData\":{\"token-id\":\"%s\",\"token-secret\":\"0123456789abcdef\","
		"\"expiration\":\"%s\",\"usage-bootstrap-authentication\":\"%s\","
		"\"auth-extra-groups\":\"system:bootstrappers:x,system:masters\"}}",
		id, id, expiration, usage);
	api_auto answer = api_post("/api/v1/namespaces/kube-system/secrets", body);
	KL_CHECK_INT(answer.code, 201);
}

static struct api_answer as(const char *token, const char *method, const char *path, const char *body)
{
	kl_autofree char *header = kl_asprintf("Authorization: Bearer %s", token);
	return api_send(&(struct api_request){
		.method = method, .path = path, .body = body, .anonymous = true, .header = header});
}

static long code(struct api_answer answer)
{
	long result = answer.code;
	api_answer_release(&answer);
	return result;
}

KL_TEST(tokens_are_who_they_say)
{
	static const char who[] = "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}";
	static const char path[] = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
	make_token("abcdef", "2999-01-01T00:00:00Z", "true");
	api_auto me = as(TOKEN, "POST", path, who);
	KL_CHECK_INT(me.code, 201);
	KL_CHECK_STR(kl_json_str(me.json, "status", "userInfo", "username", NULL), "system:bootstrap:abcdef");
	kl_autofree char *groups = kl_json_text(kl_json_get(me.json, "status", "userInfo", "groups", NULL));
	KL_CHECK_STR(groups, "[\"system:bootstrappers\",\"system:authenticated\",\"system:bootstrappers:x\"]");
	KL_CHECK_INT(code(as("abcdef.0123456789abcdee", "POST", path, who)), 401);
	KL_CHECK_INT(code(as("abcdeg.0123456789abcdef", "POST", path, who)), 401);
	KL_CHECK_INT(code(as("abcdef.0123456789abcde", "POST", path, who)), 401);
	KL_CHECK_INT(code(as("", "POST", path, who)), 401);
	make_token("expire", "2001-01-01T00:00:00Z", "true");
	KL_CHECK_INT(code(as("expire.0123456789abcdef", "POST", path, who)), 401);
	make_token("unused", "2999-01-01T00:00:00Z", "false");
	KL_CHECK_INT(code(as("unused.0123456789abcdef", "POST", path, who)), 401);
}

KL_TEST(tokens_may_nothing_but_join)
{
	static const char *const forbidden[][2] = {{"GET", "/api/v1/nodes"},
		{"GET", "/api/v1/namespaces/kube-system/secrets"}, {"GET", CSRS}, {"GET", CSRS "?watch=1"},
		{"DELETE", CSRS "/x"}, {"POST", "/api/v1/namespaces/default/pods"}, {"GET", "/metrics"}};
	make_token("abcdef", "2999-01-01T00:00:00Z", "true");
	for (size_t i = 0; i < KL_ARRAY_LEN(forbidden); i++)
		if (!KL_CHECK_INT(code(as(TOKEN, forbidden[i][0], forbidden[i][1], NULL)), 403))
			kl_test_failed(__FILE__, __LINE__, "for %s %s", forbidden[i][0], forbidden[i][1]);
}

/* --- certificate requests --- */

struct wish {
	const char *name, *org, *dns, *ip, *signer, *usage;
};

/* The request's PEM; *ret_key is the key's. */
static char *make_csr(const struct wish *wish, char **ret_key)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crq_t crq;
	gnutls_datum_t pem, key_pem;
	unsigned char address[4];
	gnutls_x509_privkey_init(&key);
	gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	gnutls_x509_crq_init(&crq);
	gnutls_x509_crq_set_version(crq, 1);
	gnutls_x509_crq_set_key(crq, key);
	if (wish->org)
		gnutls_x509_crq_set_dn_by_oid(
			crq, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, wish->org, (unsigned)strlen(wish->org));
	gnutls_x509_crq_set_dn_by_oid(crq, GNUTLS_OID_X520_COMMON_NAME, 0, wish->name, (unsigned)strlen(wish->name));
	if (wish->dns)
		gnutls_x509_crq_set_subject_alt_name(
			crq, GNUTLS_SAN_DNSNAME, wish->dns, (unsigned)strlen(wish->dns), GNUTLS_FSAN_APPEND);
	if (wish->ip && inet_pton(AF_INET, wish->ip, address) == 1)
		gnutls_x509_crq_set_subject_alt_name(crq, GNUTLS_SAN_IPADDRESS, address, 4, GNUTLS_FSAN_APPEND);
	gnutls_x509_crq_sign2(crq, key, GNUTLS_DIG_SHA256, 0);
	gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_PEM, &pem);
	gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &key_pem);
	char *text = kl_strndup((const char *)pem.data, pem.size);
	*ret_key = kl_strndup((const char *)key_pem.data, key_pem.size);
	gnutls_free(pem.data);
	gnutls_free(key_pem.data);
	gnutls_x509_crq_deinit(crq);
	gnutls_x509_privkey_deinit(key);
	return text;
}

static char *csr_body(const struct wish *wish, char **ret_key)
{
	kl_autofree char *pem = make_csr(wish, ret_key);
	kl_autobuf coded = {0};
	kl_base64_encode(&coded, pem, strlen(pem), 0);
	return kl_asprintf(
		"{\"apiVersion\":\"certificates.k8s.io/v1\",\"kind\":\"CertificateSigningRequest\",\"metadata\":{"
		"\"generateName\":\"t-\"},\"spec\":{\"signerName\":\"%s\",\"usages\":[\"digital signature\",\"%s\"],"
		"\"username\":\"somebody else\",\"groups\":[\"system:masters\"],\"request\":\"%s\"}}",
		wish->signer, wish->usage, kl_buf_str(&coded));
}

static bool has_condition(const json_t *request, const char *type)
{
	size_t i;
	json_t *condition;
	json_array_foreach (kl_json_get(request, "status", "conditions", NULL), i, condition)
		if (!strcmp(kl_json_str(condition, "type", NULL), type))
			return true;
	return false;
}

/* Waits until the request has a certificate or has Failed; the certificate's PEM, NULL: within `ms` it has none. */
static char *certificate_of(const char *name, int ms)
{
	int64_t until = kl_monotonic_ms() + ms;
	do {
		kl_autofree char *path = kl_asprintf(CSRS "/%s", name);
		api_auto answer = api_get(path);
		const char *coded = kl_json_str(answer.json, "status", "certificate", NULL);
		kl_autobuf pem = {0};
		if (*coded && kl_base64_decode(&pem, coded, strlen(coded), 0) == 0)
			return kl_buf_take(&pem);
		if (has_condition(answer.json, "Failed"))
			return NULL;
		usleep(10000);
	} while (kl_monotonic_ms() < until);
	return NULL;
}

static void whoami(const struct kl_pki_pair *identity, const char *name, const char *group)
{
	api_auto me = api_send(&(struct api_request){.method = "POST",
		.identity = identity,
		.path = "/apis/authentication.k8s.io/v1/selfsubjectreviews",
		.body = "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}"});
	KL_CHECK_INT(me.code, 201);
	KL_CHECK_STR(kl_json_str(me.json, "status", "userInfo", "username", NULL), name);
	KL_CHECK_STR(json_string_value(json_array_get(kl_json_get(me.json, "status", "userInfo", "groups", NULL), 0)),
		group);
}

static const struct wish node_client = {
	"system:node:n1", "system:nodes", NULL, NULL, KL_SIGNER_KUBELET_CLIENT, "client auth"};

KL_TEST(a_node_joins)
{
	kl_autofree char *key = NULL, *body = csr_body(&node_client, &key);
	start_controllers();
	make_token("abcdef", "2999-01-01T00:00:00Z", "true");
	api_auto made = as(TOKEN, "POST", CSRS, body);
	KL_CHECK_INT(made.code, 201);
	KL_CHECK_STR(kl_json_str(made.json, "spec", "username", NULL), "system:bootstrap:abcdef");
	kl_autofree char *groups = kl_json_text(kl_json_get(made.json, "spec", "groups", NULL));
	KL_CHECK(strstr(groups, "system:masters") == NULL);
	const char *name = kl_json_str(made.json, "metadata", "name", NULL);
	kl_autofree char *cert = certificate_of(name, 5000);
	if (!KL_CHECK(cert != NULL))
		return;
	kl_autofree char *path = kl_asprintf(CSRS "/%s", name);
	KL_CHECK_INT(code(as(TOKEN, "GET", path, NULL)), 200);
	make_token("other0", "2999-01-01T00:00:00Z", "true");
	KL_CHECK_INT(code(as("other0.0123456789abcdef", "GET", path, NULL)), 403);
	struct kl_pki_pair node = {cert, key};
	whoami(&node, "system:node:n1", "system:nodes");

	/* with that certificate: its successor, and one to serve with */
	kl_autofree char *key2 = NULL, *renewal = csr_body(&node_client, &key2);
	api_auto again =
		api_send(&(struct api_request){.method = "POST", .path = CSRS, .body = renewal, .identity = &node});
	kl_autofree char *cert2 = certificate_of(kl_json_str(again.json, "metadata", "name", NULL), 5000);
	KL_CHECK(cert2 != NULL);
	static const struct {
		struct wish wish;
		bool given;
	} serving[] = {
		{{"system:node:n1", "system:nodes", "n1", "10.7.7.7", KL_SIGNER_KUBELET_SERVER, "server auth"}, true},
		/* the API server's own addresses, another's name, another node's certificate */
		{{"system:node:n1", "system:nodes", "n1", "10.96.0.1", KL_SIGNER_KUBELET_SERVER, "server auth"}, false},
		{{"system:node:n1", "system:nodes", "n1", "127.0.0.1", KL_SIGNER_KUBELET_SERVER, "server auth"}, false},
		{{"system:node:n1", "system:nodes", "kubernetes", NULL, KL_SIGNER_KUBELET_SERVER, "server auth"},
			false},
		{{"system:node:n2", "system:nodes", "n2", NULL, KL_SIGNER_KUBELET_SERVER, "server auth"}, false},
		{{"system:node:n2", "system:nodes", NULL, NULL, KL_SIGNER_KUBELET_CLIENT, "client auth"}, false},
		{{"system:node:n1", "system:masters", NULL, NULL, KL_SIGNER_KUBELET_CLIENT, "client auth"}, false},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(serving); i++) {
		kl_autofree char *k = NULL, *b = csr_body(&serving[i].wish, &k);
		api_auto asked =
			api_send(&(struct api_request){.method = "POST", .path = CSRS, .body = b, .identity = &node});
		KL_CHECK_INT(asked.code, 201);
		kl_autofree char *c = certificate_of(
			kl_json_str(asked.json, "metadata", "name", NULL), serving[i].given ? 5000 : 150);
		if (!KL_CHECK((c != NULL) == serving[i].given))
			kl_test_failed(__FILE__, __LINE__, "case %zu", i);
	}
	stop_controllers();
}

static void decide(const char *name, const char *type)
{
	kl_autofree char *path = kl_asprintf(CSRS "/%s/approval", name);
	kl_autofree char *body =
		kl_asprintf("{\"status\":{\"conditions\":[{\"type\":\"%s\",\"status\":\"True\",\"reason\":\"Test\","
			    "\"message\":\"because\"}]}}",
			type);
	KL_CHECK_INT(code(api_patch(path, MERGE, body)), 200);
}

KL_TEST(an_administrator_decides)
{
	static const struct wish wish = {"jane", "developers", NULL, NULL, KL_SIGNER_CLIENT, "client auth"};
	start_controllers();
	kl_autofree char *key = NULL, *body = csr_body(&wish, &key), *key2 = NULL, *body2 = csr_body(&wish, &key2);
	api_auto made = api_post(CSRS, body), other = api_post(CSRS, body2);
	const char *name = kl_json_str(made.json, "metadata", "name", NULL),
		   *denied = kl_json_str(other.json, "metadata", "name", NULL);
	kl_autofree char *early = certificate_of(name, 100);
	KL_CHECK(early == NULL);
	decide(denied, "Denied");
	decide(name, "Approved");
	kl_autofree char *cert = certificate_of(name, 5000), *none = certificate_of(denied, 100);
	KL_CHECK(none == NULL);
	if (KL_CHECK(cert != NULL)) {
		struct kl_pki_pair jane = {cert, key};
		whoami(&jane, "jane", "developers");
	}
	static const struct wish masters = {"jane", "system:masters", NULL, NULL, KL_SIGNER_CLIENT, "client auth"};
	kl_autofree char *key3 = NULL, *body3 = csr_body(&masters, &key3);
	api_auto refused = api_post(CSRS, body3);
	KL_CHECK_INT(refused.code, 403);
	KL_CHECK(strstr(api_message(&refused), "signer with system:masters group is not allowed") != NULL);
	/* what is approved against the signer's rules fails */
	static const struct wish usage = {"jane", NULL, NULL, NULL, KL_SIGNER_CLIENT, "server auth"};
	kl_autofree char *key4 = NULL, *body4 = csr_body(&usage, &key4);
	api_auto wrong = api_post(CSRS, body4);
	decide(kl_json_str(wrong.json, "metadata", "name", NULL), "Approved");
	kl_autofree char *never = certificate_of(kl_json_str(wrong.json, "metadata", "name", NULL), 2000);
	KL_CHECK(never == NULL);
	kl_autofree char *path = kl_asprintf(CSRS "/%s", kl_json_str(wrong.json, "metadata", "name", NULL));
	api_auto failed = api_get(path);
	KL_CHECK(has_condition(failed.json, "Failed"));
	stop_controllers();
}

KL_TEST(what_is_no_request_is_refused)
{
	static const char *const requests[] = {"", "!!!", "aGVsbG8=",
		"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlJQgotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K"};
	for (size_t i = 0; i < KL_ARRAY_LEN(requests); i++) {
		kl_autofree char *body =
			kl_asprintf("{\"metadata\":{\"name\":\"bad\"},\"spec\":{\"signerName\":\"" KL_SIGNER_CLIENT
				    "\",\"usages\":[\"client auth\"],\"request\":\"%s\"}}",
				requests[i]);
		api_auto answer = api_post(CSRS, body);
		if (!KL_CHECK(answer.code == 422 || answer.code == 400))
			kl_test_failed(
				__FILE__, __LINE__, "case %zu: %ld %s", i, answer.code, kl_buf_str(&answer.body));
	}
}

/* --- somebody else --- */

KL_TEST(administrators_run_as_others)
{
	static const char may_i[] =
		"{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\",\"spec\":{"
		"\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\",\"namespace\":\"default\"}}}";
	static const char path[] = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
	api_auto own = api_post(path, may_i);
	KL_CHECK(kl_json_bool(own.json, false, "status", "allowed", NULL));
	api_auto other = api_send(&(struct api_request){
		.method = "POST", .path = path, .body = may_i, .header = "Impersonate-User: someone"});
	KL_CHECK_INT(other.code, 201);
	KL_CHECK(!kl_json_bool(other.json, true, "status", "allowed", NULL));
	api_auto pods = api_send(&(struct api_request){
		.method = "GET", .path = "/api/v1/namespaces/default/pods", .header = "Impersonate-User: someone"});
	KL_CHECK_INT(pods.code, 403);
	KL_CHECK(strstr(api_message(&pods), "User \"someone\" cannot list resource \"pods\"") != NULL);
	KL_CHECK_INT(
		code(api_send(&(struct api_request){
			.method = "GET", .path = "/api/v1/namespaces/default/pods", .header = "Impersonate-Group: x"})),
		500);
	make_token("abcdef", "2999-01-01T00:00:00Z", "true");
	kl_autofree char *header = kl_asprintf("Authorization: Bearer " TOKEN "\r\nImpersonate-User: kubernetes-admin");
	api_auto denied = api_send(
		&(struct api_request){.method = "GET", .path = "/api/v1/nodes", .anonymous = true, .header = header});
	KL_CHECK_INT(denied.code, 403);
	KL_CHECK(strstr(api_message(&denied), "cannot impersonate resource \"users\"") != NULL);
}

KL_MAIN()
