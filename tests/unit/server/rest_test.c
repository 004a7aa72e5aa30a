/* Requests that are wrong in every way a request can be: the status code, the reason and the words; and the server goes
 * on. */
#include "apitest.h"

#include <stdlib.h>
#include <string.h>

/* rows of tables leave out what is zero */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define NS "/api/v1/namespaces/default"
#define CM "{\"metadata\":{\"name\":\"cm\"},\"data\":{\"a\":\"b\"}}"

struct bad {
	const char *name;
	struct api_request request;
	long code;
	const char *reason, *words; /* words: part of the message */
};

static const struct bad bad_requests[] = {
	{"no such path", {"GET", "/nothing"}, 404, "NotFound", "could not find the requested resource"},
	{"no such group", {"GET", "/apis/none.example.com/v1/things"}, 404, "NotFound", "could not find"},
	{"no such resource", {"GET", NS "/things"}, 404, "NotFound", "could not find"},
	{"no such object", {"GET", NS "/configmaps/none"}, 404, "NotFound", "configmaps \"none\" not found"},
	{"no such subresource", {"GET", NS "/configmaps/none/status"}, 404, "NotFound", "could not find"},
	{"namespaced kind by name without namespace", {"GET", "/api/v1/configmaps/x"}, 404, "NotFound",
		"could not find"},
	{"cluster kind in a namespace", {"GET", NS "/nodes"}, 404, "NotFound", "could not find"},
	{"too deep", {"GET", NS "/configmaps/a/b/c/d"}, 404, "NotFound", "could not find"},
	{"empty segment", {"GET", NS "//configmaps"}, 404, "NotFound", "could not find"},
	{"broken escape", {"GET", NS "/configmaps/%zz"}, 400, "BadRequest", "malformed"},
	{"escaped NUL", {"GET", NS "/configmaps/a%00b"}, 400, "BadRequest", "malformed"},
	{"method", {"PUT", NS "/configmaps"}, 405, "MethodNotAllowed", "does not allow this method"},
	{"post to an object", {"POST", NS "/configmaps/x", CM}, 405, "MethodNotAllowed", "does not allow"},
	{"create in all namespaces", {"POST", "/api/v1/configmaps", CM}, 405, "MethodNotAllowed", "does not allow"},
	{"unknown method", {"BREW", NS "/configmaps"}, 405, "MethodNotAllowed", "does not allow"},
	{"delete of namespaces in bulk", {"DELETE", "/api/v1/namespaces"}, 405, "MethodNotAllowed", "does not allow"},
	{"accept", {"GET", NS "/configmaps", .accept = "image/png"}, 406, "NotAcceptable", "application/json"},
	{"media type", {"POST", NS "/configmaps", CM, "text/plain"}, 415, "UnsupportedMediaType", "application/json"},
	{"patch media type", {"PATCH", NS "/configmaps/x", CM, "application/json"}, 415, "UnsupportedMediaType",
		"merge-patch"},
	{"not JSON", {"POST", NS "/configmaps", "{\"metadata\":"}, 400, "BadRequest", ""},
	{"not an object", {"POST", NS "/configmaps", "[1,2]"}, 400, "BadRequest", ""},
	{"no body", {"POST", NS "/configmaps", ""}, 400, "BadRequest", ""},
	{"not UTF-8", {"POST", NS "/configmaps", "{\"metadata\":{\"name\":\"\xff\xfe\"}}"}, 400, "BadRequest", ""},
	{"wrong type", {"POST", NS "/configmaps", "{\"metadata\":{\"name\":1}}"}, 400, "BadRequest", "cannot"},
	{"wrong kind", {"POST", NS "/configmaps", "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"x\"}}"}, 400,
		"BadRequest", "kind"},
	{"wrong version", {"POST", NS "/configmaps", "{\"apiVersion\":\"v2\",\"metadata\":{\"name\":\"x\"}}"}, 400,
		"BadRequest", "API version"},
	{"other namespace", {"POST", NS "/configmaps", "{\"metadata\":{\"name\":\"x\",\"namespace\":\"kube-system\"}}"},
		400, "BadRequest", "namespace"},
	{"no name", {"POST", NS "/configmaps", "{\"metadata\":{}}"}, 422, "Invalid", "name"},
	{"bad name", {"POST", NS "/configmaps", "{\"metadata\":{\"name\":\"Not_A_Name\"}}"}, 422, "Invalid",
		"metadata.name"},
	{"resourceVersion in a creation",
		{"POST", NS "/configmaps", "{\"metadata\":{\"name\":\"x\",\"resourceVersion\":\"5\"}}"}, 400,
		"BadRequest", "resourceVersion should not be set"},
	{"no such namespace", {"POST", "/api/v1/namespaces/nowhere/configmaps", CM}, 404, "NotFound",
		"namespaces \"nowhere\" not found"},
	{"strict unknown field",
		{"POST", NS "/configmaps?fieldValidation=Strict", "{\"metadata\":{\"name\":\"x\"},\"dta\":{}}"}, 400,
		"BadRequest", "unknown field \"dta\""},
	{"field validation", {"POST", NS "/configmaps?fieldValidation=Hard", CM}, 422, "Invalid", "fieldValidation"},
	{"dry run", {"POST", NS "/configmaps?dryRun=Some", CM}, 422, "Invalid", "dryRun"},
	{"label selector", {"GET", NS "/configmaps?labelSelector=a%20in%20(b"}, 400, "BadRequest",
		"unable to parse requirement"},
	{"field selector", {"GET", NS "/configmaps?fieldSelector=data.a%3Db"}, 400, "BadRequest",
		"field label not supported"},
	{"limit", {"GET", NS "/configmaps?limit=ten"}, 400, "BadRequest", "limit"},
	{"continue", {"GET", NS "/configmaps?continue=%20%20"}, 400, "BadRequest", "continue key is not valid"},
	{"continue of another make", {"GET", NS "/configmaps?continue=Zm9v"}, 400, "BadRequest",
		"continue key is not valid"},
	{"resourceVersion", {"GET", NS "/configmaps?resourceVersion=new"}, 400, "BadRequest", "Invalid value"},
	{"resourceVersion of the future", {"GET", NS "/configmaps?resourceVersion=99999999"}, 504, "Timeout",
		"Too large resource version"},
	{"match with continue",
		{"GET", NS "/configmaps?continue=djEJMQlhCWI&resourceVersion=1&resourceVersionMatch=Exact"}, 422, "Invalid",
		"resourceVersionMatch is forbidden for continue"},
	{"version with continue", {"GET", NS "/configmaps?continue=djEJMQlhCWI&resourceVersion=1"}, 400, "BadRequest",
		"specifying resource version is not allowed when using continue"},
	{"match of another word", {"GET", NS "/configmaps?resourceVersion=1&resourceVersionMatch=About"}, 422, "Invalid",
		"Unsupported value: \"About\": supported values: \"Exact\", \"NotOlderThan\", \"\""},
	{"exactly anything", {"GET", NS "/configmaps?resourceVersion=0&resourceVersionMatch=Exact"}, 422, "Invalid",
		"resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""},
	{"initial events of a list",
		{"GET", NS "/configmaps?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=1"}, 422,
		"Invalid", "sendInitialEvents is forbidden for list"},
	{"two things wrong", {"GET", NS "/configmaps?resourceVersionMatch=About"}, 422, "Invalid",
		"is invalid: [resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is "
		"provided, resourceVersionMatch: Unsupported"},
	{"match of a watch", {"GET", NS "/configmaps?watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1"}, 422,
		"Invalid", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"},
	{"initial events of the future",
		{"GET", NS "/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=99999999"},
		504, "Timeout", "Too large resource version"},
	{"match without a version", {"GET", NS "/configmaps?resourceVersionMatch=Exact"}, 422, "Invalid",
		"resourceVersionMatch"},
	{"initial events without match", {"GET", NS "/configmaps?watch=1&sendInitialEvents=true"}, 422, "Invalid",
		"sendInitialEvents"},
	{"update of nothing", {"PUT", NS "/configmaps/none", "{\"metadata\":{\"name\":\"none\"}}"}, 404, "NotFound",
		"not found"},
	{"patch of nothing", {"PATCH", NS "/configmaps/none", "{}", "application/merge-patch+json"}, 404, "NotFound",
		"not found"},
	{"apply without a manager", {"PATCH", NS "/configmaps/none", "{}", "application/apply-patch+yaml"}, 422,
		"Invalid", "fieldManager"},
	{"force without apply", {"PATCH", NS "/configmaps/none?force=true", "{}", "application/merge-patch+json"}, 422,
		"Invalid", "force"},
	{"delete of nothing", {"DELETE", NS "/configmaps/none"}, 404, "NotFound", "not found"},
	{"propagation", {"DELETE", NS "/configmaps/kube?propagationPolicy=Sideways"}, 422, "Invalid",
		"propagationPolicy"},
	{"delete of default", {"DELETE", "/api/v1/namespaces/default"}, 403, "Forbidden", "may not be deleted"},
	{"delete options", {"DELETE", NS "/configmaps/none", "nonsense"}, 400, "BadRequest", ""},
	{"ClusterIP out of range",
		{"POST", NS "/services",
			"{\"metadata\":{\"name\":\"s\"},\"spec\":{\"clusterIP\":\"10.97.0.1\",\"ports\":[{\"port\":80}]"
			"}}"},
		422, "Invalid", "not in the valid range. The range of valid IPs is 10.96.0.0/24"},
	{"ClusterIP taken",
		{"POST", NS "/services",
			"{\"metadata\":{\"name\":\"s\"},\"spec\":{\"clusterIP\":\"10.96.0.1\",\"ports\":[{\"port\":80}]"
			"}}"},
		422, "Invalid", "provided IP is already allocated"},
	{"node port out of range",
		{"POST", NS "/services",
			"{\"metadata\":{\"name\":\"s\"},\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":80,"
			"\"nodePort\":80}]}}"},
		422, "Invalid", "The range of valid ports is 30000-30019"},
};

KL_TEST(bad_requests)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(bad_requests); i++) {
		const struct bad *bad = &bad_requests[i];
		api_auto answer = api_send(&bad->request);
		bool good = KL_CHECK_INT(answer.code, bad->code);
		good &= KL_CHECK_STR(kl_json_str(answer.json, "kind", NULL), "Status");
		good &= KL_CHECK_STR(api_reason(&answer), bad->reason);
		good &= KL_CHECK(strstr(api_message(&answer), bad->words) != NULL);
		good &= KL_CHECK_INT(kl_json_int(answer.json, 0, "code", NULL), bad->code);
		if (!good)
			kl_test_failed(__FILE__, __LINE__, "in '%s': %.300s", bad->name, kl_buf_str(&answer.body));
	}
}

KL_TEST(bodies_are_bounded)
{
	size_t len = 4 << 20;
	kl_autofree char *body = kl_malloc(len + 1);
	memset(body, ' ', len);
	body[len] = '\0';
	for (int chunked = 0; chunked < 2; chunked++) {
		api_auto answer = api_send(&(struct api_request){
			.method = "POST", .path = NS "/configmaps", .body = body, .body_len = len, .chunked = chunked});
		KL_CHECK_INT(answer.code, 413);
		KL_CHECK_STR(api_reason(&answer), "RequestEntityTooLarge");
	}
}

/* A million brackets must not become a million stack frames. */
KL_TEST(depth_is_bounded)
{
	size_t len = 1 << 20;
	kl_autofree char *body = kl_malloc(len + 1);
	memset(body, '[', len);
	body[len] = '\0';
	api_auto answer = api_send(
		&(struct api_request){.method = "POST", .path = NS "/configmaps", .body = body, .body_len = len});
	KL_CHECK_INT(answer.code, 400);
}

KL_TEST(headers_are_bounded)
{
	kl_autobuf header = {0};
	kl_buf_str_push(&header, "X-Long: ");
	for (int i = 0; i < 200000; i++)
		kl_buf_char(&header, 'x');
	api_auto answer =
		api_send(&(struct api_request){.method = "GET", .path = "/version", .header = kl_buf_str(&header)});
	KL_CHECK(answer.code >= 400 || answer.code == 0);
	api_auto after = api_get("/version");
	KL_CHECK_INT(after.code, 200);
}

KL_TEST(warnings_tell_unknown_fields)
{
	api_auto answer = api_post(NS "/configmaps", "{\"metadata\":{\"name\":\"warned\"},\"dta\":{}}");
	KL_CHECK_INT(answer.code, 201);
	KL_CHECK(strcasestr(kl_buf_str(&answer.headers), "Warning: 299 - \"unknown field \\\"dta\\\"\"") != NULL);
	KL_CHECK(json_object_get(answer.json, "dta") == NULL);
	api_auto ignored =
		api_post(NS "/configmaps?fieldValidation=Ignore", "{\"metadata\":{\"name\":\"ignored\"},\"dta\":{}}");
	KL_CHECK_INT(ignored.code, 201);
	KL_CHECK(strcasestr(kl_buf_str(&ignored.headers), "Warning:") == NULL);
}

KL_TEST(forms)
{
	api_auto yaml = api_send(&(struct api_request){
		.method = "GET", .path = "/api/v1/namespaces/default", .accept = "application/yaml"});
	KL_CHECK_INT(yaml.code, 200);
	KL_CHECK(strstr(kl_buf_str(&yaml.body), "kind: Namespace\n") != NULL);
	api_auto table = api_send(&(struct api_request){.method = "GET",
		.path = "/api/v1/namespaces",
		.accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"});
	KL_CHECK_STR(kl_json_str(table.json, "kind", NULL), "Table");
	KL_CHECK_INT(json_array_size(kl_json_get(table.json, "rows", NULL)), 4);
	api_auto one = api_send(&(struct api_request){.method = "GET",
		.path = "/api/v1/namespaces/default",
		.accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"});
	KL_CHECK_INT(json_array_size(kl_json_get(one.json, "rows", NULL)), 1);
	api_auto partial = api_send(&(struct api_request){.method = "GET",
		.path = "/api/v1/namespaces",
		.accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"});
	KL_CHECK_STR(kl_json_str(partial.json, "kind", NULL), "PartialObjectMetadataList");
	const json_t *first = json_array_get(json_object_get(partial.json, "items"), 0);
	KL_CHECK_STR(kl_json_str(first, "kind", NULL), "PartialObjectMetadata");
	KL_CHECK(!json_object_get(first, "spec") && json_object_get(first, "metadata"));
}

KL_TEST(pages)
{
	for (int i = 0; i < 7; i++) {
		kl_autofree char *body =
			kl_asprintf("{\"metadata\":{\"name\":\"page-%d\",\"labels\":{\"odd\":\"%d\"}}}", i, i % 2);
		api_auto answer = api_post("/api/v1/namespaces/kube-public/configmaps", body);
		KL_CHECK_INT(answer.code, 201);
	}
	static const struct {
		const char *query;
		int want;
	} cases[] = {
		{"limit=3", 7}, {"limit=1", 7}, {"limit=7", 7}, {"limit=100", 7}, {"limit=2&labelSelector=odd%3D1", 3}};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		char token[512] = "";
		int seen = 0;
		do {
			kl_autofree char *path = kl_asprintf(
				"/api/v1/namespaces/kube-public/configmaps?%s&continue=%s", cases[i].query, token);
			api_auto answer = api_get(path);
			KL_CHECK_INT(answer.code, 200);
			seen += (int)json_array_size(json_object_get(answer.json, "items"));
			snprintf(token, sizeof(token), "%s", kl_json_str(answer.json, "metadata", "continue", NULL));
		} while (*token && seen < 100);
		KL_CHECK_INT(seen, cases[i].want);
	}
	api_auto selected = api_get("/api/v1/configmaps?fieldSelector=metadata.name%3Dpage-3");
	KL_CHECK_INT(json_array_size(json_object_get(selected.json, "items")), 1);
	api_auto others = api_get("/api/v1/namespaces/kube-public/configmaps?fieldSelector=metadata.name!%3Dpage-3");
	KL_CHECK_INT(json_array_size(json_object_get(others.json, "items")), 6);
}

KL_TEST(documents)
{
	static const char *const paths[] = {"/api", "/apis", "/api/v1", "/apis/apps/v1", "/openapi/v2", "/openapi/v3",
		"/version", "/healthz", "/livez", "/readyz", "/metrics"};
	for (size_t i = 0; i < KL_ARRAY_LEN(paths); i++) {
		api_auto answer = api_get(paths[i]);
		if (!KL_CHECK_INT(answer.code, 200))
			kl_test_failed(__FILE__, __LINE__, "for %s", paths[i]);
	}
}

KL_MAIN()
