/* Who may do what, by certificate. */
#include "apitest.h"

#include "file.h"

#include <stdlib.h>
#include <string.h>

/* rows of tables leave out what is zero */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

static struct kl_pki_pair node, nobody, stranger;
static struct kl_pki *other_pki;

static void issue(void)
{
	struct kl_err err = {0};
	const char *nodes[] = {"system:nodes", NULL}, *masters[] = {"system:masters", NULL};
	static char other_dir[] = "/tmp/kl-server-other-XXXXXX";
	if (node.cert_pem)
		return;
	KL_CHECK_INT(kl_pki_issue_client(api_pki(), "system:node:node1", nodes, &node, &err), 0);
	KL_CHECK_INT(kl_pki_issue_client(api_pki(), "nobody", NULL, &nobody, &err), 0);
	/* a certificate that says "administrator", signed by somebody else */
	KL_CHECK(mkdtemp(other_dir) != NULL);
	KL_CHECK_INT(kl_pki_open(other_dir, &other_pki, &err), 0);
	KL_CHECK_INT(kl_pki_issue_client(other_pki, "kubernetes-admin", masters, &stranger, &err), 0);
	kl_remove_tree(other_dir, NULL);
}

static long code_of(const struct kl_pki_pair *identity, const char *method, const char *path, const char *body)
{
	api_auto answer = api_send(&(struct api_request){
		.method = method, .path = path, .body = body, .identity = identity, .anonymous = !identity});
	if (answer.code >= 400) {
		KL_CHECK_STR(kl_json_str(answer.json, "kind", NULL), "Status");
		KL_CHECK(*api_message(&answer) != '\0');
	}
	return answer.code;
}

KL_TEST(anonymous_sees_health_and_version_only)
{
	static const char *const open_paths[] = {"/version", "/healthz", "/livez", "/readyz"};
	static const char *const closed_paths[] = {"/", "/api", "/apis", "/metrics", "/openapi/v2",
		"/api/v1/namespaces", "/api/v1/namespaces/default/secrets", "/api/v1/nodes/x/proxy", "/nothing"};
	for (size_t i = 0; i < KL_ARRAY_LEN(open_paths); i++)
		KL_CHECK_INT(code_of(NULL, "GET", open_paths[i], NULL), 200);
	for (size_t i = 0; i < KL_ARRAY_LEN(closed_paths); i++)
		KL_CHECK_INT(code_of(NULL, "GET", closed_paths[i], NULL), 403);
	KL_CHECK_INT(code_of(NULL, "POST", "/version", "{}"), 403);
}

KL_TEST(wrong_credentials)
{
	issue();
	KL_CHECK_INT(code_of(&stranger, "GET", "/api/v1/namespaces", NULL), 401);
	KL_CHECK_INT(code_of(&nobody, "GET", "/api/v1/namespaces", NULL), 403);
	api_auto token = api_send(&(struct api_request){.method = "GET",
		.path = "/api/v1/namespaces",
		.anonymous = true,
		.header = "Authorization: Bearer none"});
	KL_CHECK_INT(token.code, 401);
	KL_CHECK_STR(api_reason(&token), "Unauthorized");
	api_auto after = api_get("/api/v1/namespaces");
	KL_CHECK_INT(after.code, 200);
}

static void make_pods(void)
{
	api_auto used = api_post("/api/v1/namespaces/default/secrets", "{\"metadata\":{\"name\":\"used\"}}");
	api_auto unused = api_post("/api/v1/namespaces/default/secrets", "{\"metadata\":{\"name\":\"unused\"}}");
	KL_CHECK_INT(used.code, 201);
	KL_CHECK_INT(unused.code, 201);
	static const char *const more[] = {"secrets", "by-env", "secrets", "by-env-from", "secrets", "by-projection",
		"secrets", "by-pull", "secrets", "by-word", "secrets", "of-other", "configmaps", "by-env", "configmaps",
		"by-volume", "configmaps", "unused"};
	for (size_t i = 0; i < KL_ARRAY_LEN(more); i += 2) {
		kl_autofree char *path = kl_asprintf("/api/v1/namespaces/default/%s", more[i]);
		kl_autofree char *body = kl_asprintf("{\"metadata\":{\"name\":\"%s\"}}", more[i + 1]);
		api_auto answer = api_post(path, body);
		KL_CHECK_INT(answer.code, 201);
	}
	static const char *const bodies[] = {
		"{\"metadata\":{\"name\":\"each\",\"labels\":{\"a\":\"by-word\"}},\"spec\":{\"nodeName\":\"node1\","
		"\"imagePullSecrets\":[{\"name\":\"by-pull\"}],"
		"\"volumes\":[{\"name\":\"p\",\"projected\":{\"sources\":[{\"secret\":{\"name\":\"by-projection\"}}]}},"
		"{\"name\":\"c\",\"configMap\":{\"name\":\"by-volume\"}}],"
		"\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"env\":["
		"{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"by-env\",\"key\":\"k\"}}},"
		"{\"name\":\"B\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"by-env\",\"key\":\"k\"}}}],"
		"\"envFrom\":[{\"secretRef\":{\"name\":\"by-env-from\"}}]}]}}",
		"{\"metadata\":{\"name\":\"others\",\"labels\":{\"a\":\"node1\"}},\"spec\":{\"nodeName\":\"node2\","
		"\"imagePullSecrets\":[{\"name\":\"of-other\"}],\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}",
		"{\"metadata\":{\"name\":\"mine\"},\"spec\":{\"nodeName\":\"node1\",\"volumes\":[{\"name\":\"v\","
		"\"secret\":{\"secretName\":\"used\"}}],\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}",
		"{\"metadata\":{\"name\":\"other\"},\"spec\":{\"nodeName\":\"node2\",\"containers\":[{\"name\":\"c\","
		"\"image\":\"i\"}]}}",
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(bodies); i++) {
		api_auto answer = api_post("/api/v1/namespaces/default/pods", bodies[i]);
		KL_CHECK_INT(answer.code, 201);
	}
}

KL_TEST(a_node_is_kept_to_itself)
{
#define POD    "/api/v1/namespaces/default/pods/"
#define LEASES "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
	static const struct {
		const char *method, *path, *body;
		bool allowed;
	} cases[] = {
		{"GET", "/api/v1/nodes", NULL, true},
		{"GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode1", NULL, true},
		{"GET", "/api/v1/services", NULL, true},
		{"GET", "/apis/discovery.k8s.io/v1/endpointslices", NULL, true},
		{"GET", "/apis/apps/v1/deployments", NULL, false},
		{"GET", "/api/v1/namespaces/default/secrets/used", NULL, true},
		{"GET", "/api/v1/namespaces/default/secrets/unused", NULL, false},
		{"GET", "/api/v1/namespaces/default/secrets/by-env", NULL, true},
		{"GET", "/api/v1/namespaces/default/secrets/by-env-from", NULL, true},
		{"GET", "/api/v1/namespaces/default/secrets/by-projection", NULL, true},
		{"GET", "/api/v1/namespaces/default/secrets/by-pull", NULL, true},
		{"GET", "/api/v1/namespaces/default/secrets/by-word", NULL, false},
		{"GET", "/api/v1/namespaces/default/secrets/of-other", NULL, false},
		{"GET", "/api/v1/namespaces/default/configmaps/by-env", NULL, true},
		{"GET", "/api/v1/namespaces/default/configmaps/by-volume", NULL, true},
		{"GET", "/api/v1/namespaces/default/configmaps/unused", NULL, false},
		{"GET", "/api/v1/namespaces/default/configmaps", NULL, false},
		{"GET", "/api/v1/namespaces/default/secrets", NULL, false},
		{"POST", "/api/v1/nodes", "{\"metadata\":{\"name\":\"node1\"}}", true},
		{"PATCH", "/api/v1/nodes/node1/status", "{\"status\":{\"phase\":\"\"}}", true},
		{"PATCH", "/api/v1/nodes/node2/status", "{}", false},
		{"DELETE", "/api/v1/nodes/node1", NULL, false},
		{"POST", LEASES, "{\"metadata\":{\"name\":\"node1\"},\"spec\":{\"holderIdentity\":\"node1\"}}", true},
		{"PATCH", LEASES "/node1", "{\"spec\":{\"holderIdentity\":\"node1\"}}", true},
		{"PATCH", LEASES "/node2", "{}", false},
		{"PATCH", POD "mine/status", "{\"status\":{\"phase\":\"Running\"}}", true},
		{"PATCH", POD "other/status", "{\"status\":{\"phase\":\"Running\"}}", false},
		{"POST", "/api/v1/namespaces/default/pods", "{\"metadata\":{\"name\":\"new\"}}", false},
		{"DELETE", POD "other", NULL, false},
		{"POST", "/api/v1/namespaces/default/secrets", "{\"metadata\":{\"name\":\"new\"}}", false},
		{"DELETE", "/api/v1/namespaces/default/pods", NULL, false},
		{"POST", POD "other/exec?command=id", NULL, false},
		{"POST", "/api/v1/namespaces/default/events",
			"{\"metadata\":{\"name\":\"e\"},\"involvedObject\":{\"kind\":\"Pod\",\"namespace\":\"default\","
			"\"name\":\"mine\"}}",
			true},
		{"DELETE", POD "mine?gracePeriodSeconds=0", NULL, true},
	};
	issue();
	make_pods();
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		api_auto answer = api_send(&(struct api_request){.method = cases[i].method,
			.path = cases[i].path,
			.body = cases[i].body,
			.identity = &node,
			.content_type = !strcmp(cases[i].method, "PATCH") ? "application/merge-patch+json" : NULL});
		if (!KL_CHECK((answer.code == 403) == !cases[i].allowed) ||
			!KL_CHECK(!cases[i].allowed || answer.code < 300))
			kl_test_failed(__FILE__, __LINE__, "%s %s: %ld %.200s", cases[i].method, cases[i].path,
				answer.code, kl_buf_str(&answer.body));
	}
	kl_pki_pair_release(&node);
	kl_pki_pair_release(&nobody);
	kl_pki_pair_release(&stranger);
	kl_pki_free(other_pki);
}

/* --- ServiceAccounts --- */

static char *ask_token(const char *body, long want)
{
	api_auto answer = api_post("/api/v1/namespaces/default/serviceaccounts/robot/token", body);
	if (!KL_CHECK_INT(answer.code, want))
		kl_test_failed(__FILE__, __LINE__, "%.300s", kl_buf_str(&answer.body));
	return kl_asprintf("Authorization: Bearer %s", kl_json_str(answer.json, "status", "token", NULL));
}

static long code_with(const char *header, const char *method, const char *path, const char *body)
{
	api_auto answer = api_send(&(struct api_request){
		.method = method, .path = path, .body = body, .anonymous = true, .header = header});
	return answer.code;
}

#define REVIEWS "/apis/authentication.k8s.io/v1/selfsubjectreviews"

KL_TEST(tokens)
{
	api_auto account =
		api_post("/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"robot\"}}");
	KL_CHECK_INT(account.code, 201);
	kl_autofree char *header = ask_token("{\"spec\":{}}", 201);
	KL_CHECK_INT(code_with(header, "GET", "/api", NULL), 200);
	KL_CHECK_INT(code_with(header, "GET", "/api/v1/namespaces/default/secrets", NULL), 403);
	api_auto who = api_send(&(struct api_request){
		.method = "POST", .path = REVIEWS, .body = "{}", .anonymous = true, .header = header});
	KL_CHECK_INT(who.code, 201);
	KL_CHECK_STR(
		kl_json_str(who.json, "status", "userInfo", "username", NULL), "system:serviceaccount:default:robot");

	/* one letter of the signature, of the claims; another audience */
	header[strlen(header) - 10] ^= 1;
	KL_CHECK_INT(code_with(header, "GET", "/api", NULL), 401);
	header[strlen(header) - 10] ^= 1;
	char *claims = strchr(header, '.') + 20;
	*claims ^= 1;
	KL_CHECK_INT(code_with(header, "GET", "/api", NULL), 401);
	*claims ^= 1;
	KL_CHECK_INT(code_with(header, "GET", "/api", NULL), 200);
	kl_autofree char *other = ask_token("{\"spec\":{\"audiences\":[\"vault\"]}}", 201);
	KL_CHECK_INT(code_with(other, "GET", "/api", NULL), 401);
	free(ask_token("{\"spec\":{\"expirationSeconds\":5}}", 422));
	free(ask_token("{\"spec\":{\"boundObjectRef\":{\"kind\":\"Pod\",\"name\":\"none\"}}}", 404));

	api_auto deleted = api_delete("/api/v1/namespaces/default/serviceaccounts/robot", NULL);
	KL_CHECK_INT(deleted.code, 200);
	KL_CHECK_INT(code_with(header, "GET", "/api", NULL), 401);
}

KL_TEST(a_token_dies_with_its_pod)
{
	api_auto account =
		api_post("/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"robot\"}}");
	KL_CHECK_INT(account.code, 201);
	api_auto pod = api_post("/api/v1/namespaces/default/pods",
		"{\"metadata\":{\"name\":\"body\"},\"spec\":{\"serviceAccountName\":\"robot\","
		"\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}");
	KL_CHECK_INT(pod.code, 201);
	kl_autofree char *header =
		ask_token("{\"spec\":{\"boundObjectRef\":{\"kind\":\"Pod\",\"name\":\"body\"}}}", 201);
	KL_CHECK_INT(code_with(header, "GET", "/api", NULL), 200);
	api_auto deleted = api_delete("/api/v1/namespaces/default/pods/body", NULL);
	KL_CHECK_INT(deleted.code, 200);
	KL_CHECK_INT(code_with(header, "GET", "/api", NULL), 401);
}

KL_TEST(access_reviews)
{
	api_auto mine = api_post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
		"{\"spec\":{\"resourceAttributes\":{\"verb\":\"create\",\"group\":\"apps\",\"resource\":"
		"\"deployments\"}}}");
	KL_CHECK_INT(mine.code, 201);
	KL_CHECK(kl_json_bool(mine.json, false, "status", "allowed", NULL));
	api_auto other = api_post("/apis/authorization.k8s.io/v1/subjectaccessreviews",
		"{\"spec\":{\"user\":\"nobody\",\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\"}}}");
	KL_CHECK_INT(other.code, 201);
	KL_CHECK(!kl_json_bool(other.json, true, "status", "allowed", NULL));
	api_auto stored = api_get("/apis/authorization.k8s.io/v1/subjectaccessreviews");
	KL_CHECK_INT(stored.code, 405);
}

KL_MAIN()
