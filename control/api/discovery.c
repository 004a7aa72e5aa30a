/*
 * /api, /apis and below: plain, and aggregated (apidiscovery.k8s.io v2 and v2beta1).
 */
#include "document.h"

#include <string.h>

size_t kl_group_versions(struct kl_group_version *ret, size_t max)
{
	size_t kind_count, count = 0;
	const struct kl_kind *kinds = kl_kinds(&kind_count);
	for (size_t i = 0; i < kind_count; i++) {
		bool known = false;
		for (size_t k = 0; k < count; k++)
			known |= !strcmp(ret[k].group, kinds[i].group) && !strcmp(ret[k].version, kinds[i].version);
		if (!known && count < max)
			ret[count++] = (struct kl_group_version){kinds[i].group, kinds[i].version, &kinds[i]};
	}
	return count;
}

/* --- subresources --- */

enum { GET_PUT_PATCH = KL_CAN_GET | KL_CAN_UPDATE | KL_CAN_PATCH, CONNECT = KL_CAN_GET | KL_CAN_CREATE };
#define PROXY_VERBS (KL_CAN_GET | KL_CAN_CREATE | KL_CAN_UPDATE | KL_CAN_PATCH | KL_CAN_DELETE)

struct bit_subresource {
	unsigned bit;
	struct kl_subresource sub;
};

static const struct bit_subresource by_bit[] = {
	{KL_SUB_APPROVAL, {"approval", NULL, NULL, NULL, GET_PUT_PATCH}},
	{KL_SUB_BINDING, {"binding", NULL, NULL, "Binding", KL_CAN_CREATE}},
	{KL_SUB_EPHEMERAL_CONTAINERS, {"ephemeralcontainers", NULL, NULL, NULL, GET_PUT_PATCH}},
	{KL_SUB_EVICTION, {"eviction", "policy", "v1", "Eviction", KL_CAN_CREATE}},
	{KL_SUB_FINALIZE, {"finalize", NULL, NULL, NULL, KL_CAN_UPDATE}},
	{KL_SUB_SCALE, {"scale", "autoscaling", "v1", "Scale", GET_PUT_PATCH}},
	{KL_SUB_STATUS, {"status", NULL, NULL, NULL, GET_PUT_PATCH}},
	{KL_SUB_TOKEN, {"token", "authentication.k8s.io", "v1", "TokenRequest", KL_CAN_CREATE}},
};

struct kind_subresource {
	const char *kind; /* of the core group */
	struct kl_subresource sub;
};

/* Streams and proxies: the server's, by kind. */
static const struct kind_subresource by_kind[] = {
	{"Pod", {"attach", NULL, NULL, "PodAttachOptions", CONNECT}},
	{"Pod", {"exec", NULL, NULL, "PodExecOptions", CONNECT}},
	{"Pod", {"log", NULL, NULL, NULL, KL_CAN_GET}},
	{"Pod", {"portforward", NULL, NULL, "PodPortForwardOptions", CONNECT}},
	{"Pod", {"proxy", NULL, NULL, "PodProxyOptions", PROXY_VERBS}},
	{"Node", {"proxy", NULL, NULL, "NodeProxyOptions", PROXY_VERBS}},
	{"Service", {"proxy", NULL, NULL, "ServiceProxyOptions", PROXY_VERBS}},
};

size_t kl_subresources(const struct kl_kind *kind, const struct kl_subresource **ret, size_t max)
{
	size_t count = 0;
	for (size_t i = 0; i < KL_ARRAY_LEN(by_kind); i++)
		if (!*kind->group && !strcmp(kind->kind, by_kind[i].kind) && count < max)
			ret[count++] = &by_kind[i].sub;
	for (size_t i = 0; i < KL_ARRAY_LEN(by_bit); i++)
		if ((kind->subresources & by_bit[i].bit) && count < max)
			ret[count++] = &by_bit[i].sub;
	return count;
}

/* --- pieces of the documents --- */

static void push_list(struct kl_buf *buf, const char *const *texts)
{
	kl_buf_char(buf, '[');
	for (size_t i = 0; texts && texts[i]; i++)
		kl_buf_printf(buf, "%s\"%s\"", i ? "," : "", texts[i]);
	kl_buf_char(buf, ']');
}

static void push_verbs(struct kl_buf *buf, unsigned verbs)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{KL_CAN_CREATE, "create"}, {KL_CAN_DELETE, "delete"},
		{KL_CAN_DELETE_COLLECTION, "deletecollection"}, {KL_CAN_GET, "get"}, {KL_CAN_LIST, "list"},
		{KL_CAN_PATCH, "patch"}, {KL_CAN_UPDATE, "update"}, {KL_CAN_WATCH, "watch"}};
	bool first = true;
	kl_buf_char(buf, '[');
	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++)
		if (verbs & names[i].bit) {
			kl_buf_printf(buf, "%s\"%s\"", first ? "" : ",", names[i].name);
			first = false;
		}
	kl_buf_char(buf, ']');
}

static bool in_version(const struct kl_kind *kind, const struct kl_group_version *gv)
{
	return !strcmp(kind->group, gv->group) && !strcmp(kind->version, gv->version);
}

/* --- plain --- */

static void push_resource(struct kl_buf *buf, const struct kl_kind *kind, bool first)
{
	kl_buf_printf(buf, "%s{\"name\":\"%s\",\"singularName\":\"%s\",\"namespaced\":%s,\"kind\":\"%s\",\"verbs\":",
		first ? "" : ",", kind->plural, kind->singular, kind->namespaced ? "true" : "false", kind->kind);
	push_verbs(buf, kind->verbs);
	if (kind->short_names) {
		kl_buf_str_push(buf, ",\"shortNames\":");
		push_list(buf, kind->short_names);
	}
	if (kind->categories) {
		kl_buf_str_push(buf, ",\"categories\":");
		push_list(buf, kind->categories);
	}
	kl_buf_char(buf, '}');
	const struct kl_subresource *subs[KL_SUBRESOURCES_MAX];
	size_t count = kl_subresources(kind, subs, KL_SUBRESOURCES_MAX);
	for (size_t i = 0; i < count; i++) {
		kl_buf_printf(buf, ",{\"name\":\"%s/%s\",\"singularName\":\"\",\"namespaced\":%s,\"kind\":\"%s\",",
			kind->plural, subs[i]->name, kind->namespaced ? "true" : "false",
			subs[i]->kind ? subs[i]->kind : kind->kind);
		if (subs[i]->group)
			kl_buf_printf(buf, "\"group\":\"%s\",\"version\":\"%s\",", subs[i]->group, subs[i]->version);
		kl_buf_str_push(buf, "\"verbs\":");
		push_verbs(buf, subs[i]->verbs);
		kl_buf_char(buf, '}');
	}
}

static void build_resources(struct kl_buf *buf, const struct kl_group_version *gv)
{
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	bool first = true;
	kl_buf_printf(buf,
		"{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\",\"groupVersion\":\"%s\",\"resources\":[",
		kl_kind_api_version(gv->first));
	if (!*gv->group) {
		kl_buf_str_push(buf,
			"{\"name\":\"bindings\",\"singularName\":\"binding\",\"namespaced\":true,\"kind\":\"Binding\","
			"\"verbs\":[\"create\"]}");
		first = false;
	}
	for (size_t i = 0; i < count; i++)
		if (in_version(&kinds[i], gv)) {
			push_resource(buf, &kinds[i], first);
			first = false;
		}
	kl_buf_str_push(buf, "]}");
}

/* The first version in the table's order is the preferred one. */
static void push_group(
	struct kl_buf *buf, const struct kl_group_version *gvs, size_t count, const char *group, bool alone)
{
	const char *preferred = NULL;
	kl_buf_str_push(buf, alone ? "{\"kind\":\"APIGroup\",\"apiVersion\":\"v1\"," : "{");
	kl_buf_printf(buf, "\"name\":\"%s\",\"versions\":[", group);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(gvs[i].group, group))
			continue;
		kl_buf_printf(buf, "%s{\"groupVersion\":\"%s/%s\",\"version\":\"%s\"}", preferred ? "," : "", group,
			gvs[i].version, gvs[i].version);
		preferred = preferred ? preferred : gvs[i].version;
	}
	kl_buf_printf(buf, "],\"preferredVersion\":{\"groupVersion\":\"%s/%s\",\"version\":\"%s\"}}", group, preferred,
		preferred);
}

static bool first_of_group(const struct kl_group_version *gvs, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(gvs[k].group, gvs[i].group))
			return false;
	return *gvs[i].group;
}

static void build_groups(struct kl_buf *buf, const struct kl_group_version *gvs, size_t count)
{
	bool first = true;
	kl_buf_str_push(buf, "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[");
	for (size_t i = 0; i < count; i++) {
		if (!first_of_group(gvs, i))
			continue;
		if (!first)
			kl_buf_char(buf, ',');
		push_group(buf, gvs, count, gvs[i].group, false);
		first = false;
	}
	kl_buf_str_push(buf, "]}");
}

/* --- aggregated --- */

static void push_response_kind(struct kl_buf *buf, const char *group, const char *version, const char *kind)
{
	kl_buf_printf(
		buf, "\"responseKind\":{\"group\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\"}", group, version, kind);
}

static void push_aggregated_subresources(struct kl_buf *buf, const struct kl_kind *kind)
{
	const struct kl_subresource *subs[KL_SUBRESOURCES_MAX];
	size_t count = kl_subresources(kind, subs, KL_SUBRESOURCES_MAX);
	if (!count)
		return;
	kl_buf_str_push(buf, ",\"subresources\":[");
	for (size_t i = 0; i < count; i++) {
		kl_buf_printf(buf, "%s{\"subresource\":\"%s\",", i ? "," : "", subs[i]->name);
		push_response_kind(buf, subs[i]->group ? subs[i]->group : kind->group,
			subs[i]->version ? subs[i]->version : kind->version,
			subs[i]->kind ? subs[i]->kind : kind->kind);
		kl_buf_str_push(buf, ",\"verbs\":");
		push_verbs(buf, subs[i]->verbs);
		kl_buf_char(buf, '}');
	}
	kl_buf_char(buf, ']');
}

static void push_aggregated_resource(struct kl_buf *buf, const struct kl_kind *kind)
{
	kl_buf_printf(buf, "{\"resource\":\"%s\",", kind->plural);
	push_response_kind(buf, kind->group, kind->version, kind->kind);
	kl_buf_printf(buf,
		",\"scope\":\"%s\",\"singularResource\":\"%s\",\"verbs\":", kind->namespaced ? "Namespaced" : "Cluster",
		kind->singular);
	push_verbs(buf, kind->verbs);
	if (kind->short_names) {
		kl_buf_str_push(buf, ",\"shortNames\":");
		push_list(buf, kind->short_names);
	}
	if (kind->categories) {
		kl_buf_str_push(buf, ",\"categories\":");
		push_list(buf, kind->categories);
	}
	push_aggregated_subresources(buf, kind);
	kl_buf_char(buf, '}');
}

static void push_aggregated_version(struct kl_buf *buf, const struct kl_group_version *gv)
{
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	bool first = true;
	kl_buf_printf(buf, "{\"version\":\"%s\",\"resources\":[", gv->version);
	for (size_t i = 0; i < count; i++) {
		if (!in_version(&kinds[i], gv))
			continue;
		if (!first)
			kl_buf_char(buf, ',');
		push_aggregated_resource(buf, &kinds[i]);
		first = false;
	}
	kl_buf_str_push(buf, "],\"freshness\":\"Current\"}");
}

static void push_aggregated_group(
	struct kl_buf *buf, const struct kl_group_version *gvs, size_t count, const char *group)
{
	bool first = true;
	if (*group)
		kl_buf_printf(buf, "{\"metadata\":{\"name\":\"%s\",\"creationTimestamp\":null},\"versions\":[", group);
	else
		kl_buf_str_push(buf, "{\"metadata\":{\"creationTimestamp\":null},\"versions\":[");
	for (size_t i = 0; i < count; i++) {
		if (strcmp(gvs[i].group, group))
			continue;
		if (!first)
			kl_buf_char(buf, ',');
		push_aggregated_version(buf, &gvs[i]);
		first = false;
	}
	kl_buf_str_push(buf, "]}");
}

static void build_aggregated(
	struct kl_buf *buf, const char *version, bool core, const struct kl_group_version *gvs, size_t count)
{
	bool first = true;
	kl_buf_printf(buf,
		"{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/"
		"%s\",\"metadata\":{},\"items\":[",
		version);
	if (core)
		push_aggregated_group(buf, gvs, count, "");
	for (size_t i = 0; !core && i < count; i++) {
		if (!first_of_group(gvs, i) || gvs[i].first->legacy)
			continue;
		if (!first)
			kl_buf_char(buf, ',');
		push_aggregated_group(buf, gvs, count, gvs[i].group);
		first = false;
	}
	kl_buf_str_push(buf, "]}");
}

/* --- */

static bool build_below_apis(const char *rest, struct kl_buf *buf, const struct kl_group_version *gvs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!*gvs[i].group)
			continue;
		if (!strcmp(rest, kl_kind_api_version(gvs[i].first))) {
			build_resources(buf, &gvs[i]);
			return true;
		}
		if (!strcmp(rest, gvs[i].group)) {
			push_group(buf, gvs, count, gvs[i].group, true);
			return true;
		}
	}
	return false;
}

bool kl_discovery_build(const char *path, const char *form, struct kl_buf *buf)
{
	struct kl_group_version gvs[KL_GROUP_VERSIONS_MAX];
	size_t count = kl_group_versions(gvs, KL_GROUP_VERSIONS_MAX);
	bool core = !strcmp(path, "/api");
	if (*form && (core || !strcmp(path, "/apis")))
		build_aggregated(buf, form, core, gvs, count);
	else if (core)
		kl_buf_str_push(
			buf, "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],\"serverAddressByClientCIDRs\":[]}");
	else if (!strcmp(path, "/apis"))
		build_groups(buf, gvs, count);
	else if (!strcmp(path, "/api/v1"))
		build_resources(buf, &gvs[0]);
	else
		return !strncmp(path, "/apis/", 6) && build_below_apis(path + 6, buf, gvs, count);
	return true;
}
