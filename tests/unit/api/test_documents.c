#include "document.h"

#include "json.h"
#include "testlib.h"

#include <stdio.h>
#include <string.h>

static json_t *document(const char *path, const char *accept)
{
	struct kl_document doc;
	if (!kl_api_document(path, accept, &doc))
		return NULL;
	json_t *json = kl_json_parse(doc.data, doc.len, NULL);
	KL_CHECK(json != NULL);
	KL_CHECK_INT((int64_t)strlen(doc.data), (int64_t)doc.len);
	return json;
}

KL_TEST(every_version_is_discovered)
{
	struct kl_group_version gvs[KL_GROUP_VERSIONS_MAX];
	size_t count = kl_group_versions(gvs, KL_GROUP_VERSIONS_MAX);
	KL_CHECK(count > 15);
	for (size_t i = 0; i < count; i++) {
		char path[160];
		const char *root = *gvs[i].group ? "/apis/" : "/api/";
		snprintf(path, sizeof(path), "%s%s", root, kl_kind_api_version(gvs[i].first));
		kl_autojson *resources = document(path, NULL);
		KL_CHECK_STR(kl_json_str(resources, "groupVersion", NULL), kl_kind_api_version(gvs[i].first));
		KL_CHECK(json_array_size(json_object_get(resources, "resources")));
		snprintf(path, sizeof(path), "/openapi/v3%s%s", root, kl_kind_api_version(gvs[i].first));
		kl_autojson *openapi = document(path, NULL);
		KL_CHECK_STR(kl_json_str(openapi, "openapi", NULL), "3.0.0");
	}
	kl_autojson *slash = document("/apis/", NULL);
	KL_CHECK(slash != NULL);
	KL_CHECK(!document("/apis/nope", NULL) && !document("/apis/apps/v2", NULL) && !document("/openapi/v3/x", NULL));
}

KL_TEST(aggregated_discovery_is_negotiated)
{
	static const struct {
		const char *accept, *version;
	} cases[] = {
		{"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;"
		 "as=APIGroupDiscoveryList,application/json", "apidiscovery.k8s.io/v2"},
		{"application/json;as=APIGroupDiscoveryList;v=v2beta1;g=apidiscovery.k8s.io,application/json", "apidiscovery.k8s.io/v2beta1"},
		{"application/json", "v1"}, {NULL, "v1"}, {"application/json, */*", "v1"},
		{"application/vnd.kubernetes.protobuf;as=APIGroupDiscoveryList;v=v9;g=x,application/json", "v1"},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autojson *groups = document("/apis", cases[i].accept);
		KL_CHECK_STR(kl_json_str(groups, "apiVersion", NULL), cases[i].version);
	}
}

/* Every $ref of v2 leads somewhere. */
static void check_refs(const json_t *json, const json_t *definitions)
{
	const char *key;
	json_t *value;
	size_t i;
	json_object_foreach((json_t *)(uintptr_t)json, key, value) {
		const char *ref = strcmp(key, "$ref") ? NULL : json_string_value(value);
		if (ref && !json_object_get(definitions, ref + strlen("#/definitions/")))
			kl_test_failed(__FILE__, __LINE__, "%s leads nowhere", ref);
		check_refs(value, definitions);
	}
	json_array_foreach(json, i, value)
		check_refs(value, definitions);
}

KL_TEST(openapi_v2_is_closed)
{
	kl_autojson *doc = document("/openapi/v2", "application/json");
	const json_t *definitions = json_object_get(doc, "definitions");
	check_refs(doc, definitions);
	const json_t *pod = json_object_get(definitions, "io.k8s.api.core.v1.PodSpec");
	KL_CHECK_STR(kl_json_str(pod, "properties", "containers", "x-kubernetes-patch-merge-key", NULL), "name");
	KL_CHECK_STR(kl_json_str(pod, "properties", "volumes", "x-kubernetes-patch-strategy", NULL), "merge,retainKeys");
	struct kl_document proto;
	KL_CHECK(kl_api_document("/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf", &proto));
	KL_CHECK(proto.len > 100000 && !memcmp(proto.data, "\x0a\x03" "2.0", 5));
	struct kl_document again;
	KL_CHECK(kl_api_document("/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf", &again));
	KL_CHECK(again.data == proto.data);
}

KL_TEST(hashes_are_those_of_the_documents)
{
	kl_autojson *index = document("/openapi/v3", NULL);
	const char *key;
	json_t *value;
	json_object_foreach (json_object_get(index, "paths"), key, value) {
		char path[160];
		struct kl_document doc;
		const char *url = kl_json_str(value, "serverRelativeURL", NULL), *hash = strstr(url, "?hash=");
		KL_CHECK(hash && hash < url + sizeof(path));
		snprintf(path, sizeof(path), "%.*s", (int)(hash - url), url);
		KL_CHECK(kl_api_document(path, NULL, &doc));
		KL_CHECK(strlen(doc.etag) == 18 && !strncmp(doc.etag + 1, hash + 6, 16));
	}
}

/* Old clients alone see what only they need. */
KL_TEST(legacy_groups_are_in_plain_discovery_only)
{
	struct kl_document plain, aggregated;
	KL_CHECK(kl_api_document("/apis", NULL, &plain));
	KL_CHECK(kl_api_document("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", &aggregated));
	KL_CHECK(strstr(plain.data, "\"extensions/v1beta1\"") && !strstr(aggregated.data, "\"extensions\""));
	KL_CHECK(strstr(aggregated.data, "\"networking.k8s.io\""));
}

KL_MAIN()
