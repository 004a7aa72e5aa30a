/*
 * EndpointSlices of a Service: endpoints stay in the slice where they are, changed ones are rewritten there, new ones
 * fill what has room. So one pod's change writes one slice.
 */
#include "endpoints.h"

#include "annotations.h"

enum { ENDPOINTS_MAX = 100 };

/* Pods with the same ports and address family share slices. */
struct group {
	const char *family; /* "IPv4", "IPv6" */
	json_t *ports;
	char *ports_text;
	struct backend *backends;
	size_t count;
};

struct groups {
	struct group *items;
	size_t count;
};

/* --- wanted */

static json_t *endpoint_json(struct kl_controllers *c, const struct pod *pod, const char *ip, const json_t *service)
{
	bool publish = kl_json_bool(service, false, "spec", "publishNotReadyAddresses", NULL);
	bool serving = pod->ready, ready = publish || (pod->ready && !pod->deleting);
	json_t *endpoint = json_pack("{s:[s],s:{s:b,s:b,s:b},s:{s:s,s:s,s:s,s:s}}", "addresses", ip, "conditions",
		"ready", ready, "serving", serving, "terminating", pod->deleting, "targetRef", "kind", "Pod",
		"namespace", pod->ns, "name", pod->name, "uid", pod->uid);
	const struct kl_object *node = pod->node ? kl_feed_get(c->feed, c->kinds.node, "", pod->node) : NULL;
	if (pod->node)
		json_object_set_new(endpoint, "nodeName", json_string(pod->node));
	if (pod->hostname && pod->subdomain && !strcmp(pod->subdomain, meta_str(service, "name")))
		json_object_set_new(endpoint, "hostname", json_string(pod->hostname));
	for (const char *label = node ? node->labels : ""; *label;) {
		const char *value = label + strlen(label) + 1;
		if (!strcmp(label, "topology.kubernetes.io/zone"))
			json_object_set_new(endpoint, "zone", json_string(value));
		label = value + strlen(value) + 1;
	}
	return endpoint;
}

static struct group *group_ensure(struct groups *groups, const char *family, json_t *ports)
{
	char *text = json_dumps(ports, JSON_COMPACT | JSON_SORT_KEYS);
	for (size_t i = 0; i < groups->count; i++) {
		if (groups->items[i].family == family && !strcmp(groups->items[i].ports_text, text)) {
			free(text);
			return &groups->items[i];
		}
	}
	groups->items = kl_reallocarray(groups->items, groups->count + 1, sizeof(*groups->items));
	struct group *group = &groups->items[groups->count++];
	*group = (struct group){.family = family, .ports = json_incref(ports), .ports_text = text};
	return group;
}

static void groups_release(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct group *group = &groups->items[i];
		for (size_t k = 0; k < group->count; k++)
			json_decref(group->backends[k].endpoint);
		free(group->backends);
		json_decref(group->ports);
		free(group->ports_text);
	}
	free(groups->items);
}

static bool has_family(const json_t *service, const char *family)
{
	size_t i;
	json_t *item;
	const json_t *families = kl_json_get(service, "spec", "ipFamilies", NULL);
	json_array_foreach (families, i, item) {
		if (!strcmp(json_is_string(item) ? json_string_value(item) : "", family))
			return true;
	}
	return !json_array_size(families) && !strcmp(family, "IPv4");
}

static void add_backend(struct kl_controllers *c, struct groups *groups, const json_t *service, struct pod *pod,
	const char *family, json_t *ports)
{
	const char *ip = !strcmp(family, "IPv6") ? pod->ip6 : pod->ip;
	if (!ip || !has_family(service, family))
		return;
	struct group *group = group_ensure(groups, family, ports);
	group->backends = kl_reallocarray(group->backends, group->count + 1, sizeof(*group->backends));
	group->backends[group->count++] =
		(struct backend){.pod = pod, .ip = ip, .endpoint = endpoint_json(c, pod, ip, service)};
}

static bool has_named_target(const json_t *service)
{
	size_t i;
	json_t *port;
	json_array_foreach (kl_json_get(service, "spec", "ports", NULL), i, port) {
		if (json_is_string(json_object_get(port, "targetPort")))
			return true;
	}
	return false;
}

static const char *const families[] = {"IPv4", "IPv6"};

static void collect(struct kl_controllers *c, struct groups *groups, const json_t *service, const struct service *row)
{
	const struct service_link *link;
	bool named = has_named_target(service);
	kl_autojson *same = named ? NULL : endpoints_ports(service, NULL, NULL);
	DL_FOREACH (row->links, link) {
		struct pod *pod = link->pod;
		if (pod->over || (!pod->ip && !pod->ip6))
			continue;
		kl_autojson *json = named ? kl_object_parse(pod->obj) : NULL;
		kl_autojson *ports = named ? endpoints_ports(service, pod, json) : json_incref(same);
		for (size_t i = 0; i < KL_ARRAY_LEN(families); i++)
			add_backend(c, groups, service, pod, families[i], ports);
	}
	/* A Service without backends still has one empty slice of each of its families. */
	for (size_t i = 0; i < KL_ARRAY_LEN(families); i++) {
		bool any = false;
		for (size_t k = 0; k < groups->count; k++)
			any |= groups->items[k].family == families[i];
		kl_autojson *none = json_array();
		if (!any && has_family(service, families[i]))
			group_ensure(groups, families[i], none);
	}
}

/* A reason that hints were asked for in vain is said when it changes. */
static void give_hints(struct kl_controllers *c, const json_t *service, struct service *row, struct groups *groups)
{
	const char *problem = NULL;
	for (size_t i = 0; i < groups->count; i++) {
		const char *words = hints_give(c, service, groups->items[i].backends, groups->items[i].count);
		problem = words ? words : problem;
	}
	if (!strcmp(problem ? problem : "", row->hints_problem ? row->hints_problem : ""))
		return;
	free(row->hints_problem);
	row->hints_problem = problem ? kl_strdup(problem) : NULL;
	if (problem)
		ctl_event(c, CTL_ENDPOINTS, service, "Warning", "TopologyAwareHintsDisabled",
			"no topology hints are given: %s", problem);
}

/* --- existing */

struct slice {
	json_t *json;
	bool dirty, used;
	struct group *group;
};

struct slices {
	struct slice *items;
	size_t count;
};

static void take_slices(struct kl_controllers *c, const char *key, const char *ns, struct slices *slices)
{
	const struct slice_name *at;
	LL_FOREACH (endpoints_slices(c, key), at) {
		const struct kl_object *obj = kl_feed_get(c->feed, c->kinds.slice, ns, at->name);
		if (!obj)
			continue;
		slices->items = kl_reallocarray(slices->items, slices->count + 1, sizeof(*slices->items));
		slices->items[slices->count++] = (struct slice){.json = kl_object_parse(obj)};
	}
}

static void slices_release(struct slices *slices)
{
	for (size_t i = 0; i < slices->count; i++)
		json_decref(slices->items[i].json);
	free(slices->items);
}

static json_t *normal_ports(const json_t *slice)
{
	size_t i;
	json_t *port;
	const json_t *ports = json_object_get(slice, "ports");
	json_t *copy = json_is_array(ports) ? json_deep_copy(ports) : json_array();
	json_array_foreach (copy, i, port) {
		if (!json_object_get(port, "name"))
			json_object_set_new(port, "name", json_string(""));
	}
	return copy;
}

static struct group *group_of(struct groups *groups, const json_t *slice)
{
	kl_autojson *ports = normal_ports(slice);
	for (size_t i = 0; i < groups->count; i++) {
		struct group *group = &groups->items[i];
		if (!strcmp(group->family, kl_json_str(slice, "addressType", NULL)) && json_equal(group->ports, ports))
			return group;
	}
	return NULL;
}

static struct backend *backend_of(struct group *group, const json_t *endpoint)
{
	const char *uid = kl_json_str(endpoint, "targetRef", "uid", NULL);
	const char *ip = json_string_value(json_array_get(json_object_get(endpoint, "addresses"), 0));
	for (size_t i = 0; ip && i < group->count; i++) {
		struct backend *backend = &group->backends[i];
		if (!backend->placed && !strcmp(backend->pod->uid, uid) && !strcmp(backend->ip, ip))
			return backend;
	}
	return NULL;
}

/* Keeps what is still wanted where it is. */
static void keep(struct slice *slice)
{
	json_t *endpoints = json_object_get(slice->json, "endpoints");
	if (!json_is_array(endpoints)) {
		endpoints = json_array();
		json_object_set_new(slice->json, "endpoints", endpoints);
	}
	for (size_t i = json_array_size(endpoints); i-- > 0;) {
		json_t *endpoint = json_array_get(endpoints, i);
		struct backend *backend = backend_of(slice->group, endpoint);
		if (!backend) {
			json_array_remove(endpoints, i);
			slice->dirty = true;
			continue;
		}
		backend->placed = true;
		if (!json_equal(endpoint, backend->endpoint)) {
			json_array_set(endpoints, i, backend->endpoint);
			slice->dirty = true;
		}
	}
}

/* --- weights: of the pods, as an annotation of the slice that they are in */

static const struct pod *pod_at(const struct group *group, const json_t *endpoint)
{
	const char *uid = kl_json_str(endpoint, "targetRef", "uid", NULL);
	for (size_t i = 0; i < group->count; i++)
		if (!strcmp(group->backends[i].pod->uid, uid))
			return group->backends[i].pod;
	return NULL;
}

static bool any_weight(const struct group *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->backends[i].pod->weight)
			return true;
	return false;
}

static void keep_weights(struct slice *slice)
{
	size_t i;
	json_t *endpoint;
	kl_autobuf text = {0};
	const char *has = kl_json_str(slice->json, "metadata", "annotations", KL_ANNOTATION_WEIGHTS, NULL);
	if (any_weight(slice->group))
		json_array_foreach (json_object_get(slice->json, "endpoints"), i, endpoint) {
			const struct pod *pod = pod_at(slice->group, endpoint);
			if (pod && pod->weight)
				kl_buf_printf(&text, "%s%s=%u", text.len ? "," : "",
					json_string_value(json_array_get(json_object_get(endpoint, "addresses"), 0)),
					pod->weight);
		}
	if (!strcmp(has, kl_buf_str(&text)))
		return;
	if (text.len)
		kl_json_set(slice->json, json_string(kl_buf_str(&text)), "metadata", "annotations",
			KL_ANNOTATION_WEIGHTS, NULL);
	else
		kl_json_delete(slice->json, "metadata", "annotations", KL_ANNOTATION_WEIGHTS, NULL);
	slice->dirty = true;
}

/* --- labels */

static json_t *slice_labels(const json_t *service)
{
	const json_t *own = kl_json_get(service, "metadata", "labels", NULL);
	json_t *labels = own ? json_deep_copy(own) : json_object();
	json_object_set_new(labels, "kubernetes.io/service-name", json_string(meta_str(service, "name")));
	json_object_set_new(labels, "endpointslice.kubernetes.io/managed-by", json_string(MANAGED_BY));
	if (!strcmp(kl_json_str(service, "spec", "clusterIP", NULL), "None"))
		json_object_set_new(labels, "service.kubernetes.io/headless", json_string(""));
	else
		json_object_del(labels, "service.kubernetes.io/headless");
	return labels;
}

static void keep_labels(struct slice *slice, json_t *labels)
{
	if (json_equal(kl_json_get(slice->json, "metadata", "labels", NULL), labels))
		return;
	kl_json_set(slice->json, json_incref(labels), "metadata", "labels", NULL);
	slice->dirty = true;
}

static json_t *slice_new(const json_t *service, const struct group *group, json_t *labels)
{
	kl_autofree char *prefix = kl_asprintf("%s-", meta_str(service, "name"));
	json_t *slice = json_pack("{s:s,s:s,s:s,s:{s:s,s:s,s:O,s:[o]},s:O,s:[]}", "apiVersion", "discovery.k8s.io/v1",
		"kind", "EndpointSlice", "addressType", group->family, "metadata", "generateName", prefix, "namespace",
		meta_str(service, "namespace"), "labels", labels, "ownerReferences", controller_ref_new(service),
		"ports", group->ports, "endpoints");
	return slice;
}

/* --- sync */

static void fill(struct slice *slice)
{
	json_t *endpoints = json_object_get(slice->json, "endpoints");
	for (size_t i = 0; i < slice->group->count && json_array_size(endpoints) < ENDPOINTS_MAX; i++) {
		struct backend *backend = &slice->group->backends[i];
		if (backend->placed)
			continue;
		json_array_append(endpoints, backend->endpoint);
		backend->placed = true;
		slice->dirty = true;
	}
}

static bool is_empty(const struct slice *slice)
{
	return !json_array_size(json_object_get(slice->json, "endpoints"));
}

static void write_slice(struct kl_controllers *c, const char *key, struct slice *slice)
{
	bool last_of_group = !slice->group || slice->group->count;
	if (!slice->group || (is_empty(slice) && (last_of_group || slice->used)))
		ctl_write(c, &(struct ctl_write){.id = CTL_ENDPOINTS,
				     .key = key,
				     .verb = KL_DELETE,
				     .kind = c->kinds.slice,
				     .ns = meta_str(slice->json, "namespace"),
				     .name = meta_str(slice->json, "name"),
				     .uid = meta_str(slice->json, "uid"),
				     .grace_period_s = CTL_DEFAULT_GRACE});
	else if (slice->dirty)
		ctl_update(c, CTL_ENDPOINTS, key, c->kinds.slice, NULL, json_incref(slice->json));
}

static bool all_placed(const struct group *group)
{
	for (size_t i = 0; i < group->count; i++) {
		if (!group->backends[i].placed)
			return false;
	}
	return true;
}

static void create_rest(struct kl_controllers *c, const char *key, const json_t *service, struct group *group,
	json_t *labels, bool has_slice)
{
	while (!has_slice || !all_placed(group)) {
		struct slice fresh = {.json = slice_new(service, group, labels), .group = group};
		fill(&fresh);
		keep_weights(&fresh);
		ctl_create(c, CTL_ENDPOINTS, key, c->kinds.slice, fresh.json, NULL);
		has_slice = true;
	}
}

void slices_sync(struct kl_controllers *c, const char *key, const json_t *service, struct service *row)
{
	struct groups groups = {0};
	struct slices slices = {0};
	kl_autojson *labels = slice_labels(service);
	collect(c, &groups, service, row);
	give_hints(c, service, row, &groups);
	take_slices(c, key, meta_str(service, "namespace"), &slices);
	for (size_t i = 0; i < slices.count; i++) {
		slices.items[i].group = group_of(&groups, slices.items[i].json);
		if (!slices.items[i].group)
			continue;
		keep(&slices.items[i]);
		keep_labels(&slices.items[i], labels);
	}
	for (size_t i = 0; i < slices.count; i++) {
		if (!slices.items[i].group)
			continue;
		fill(&slices.items[i]);
		keep_weights(&slices.items[i]);
	}
	for (size_t g = 0; g < groups.count; g++) {
		bool has_slice = false;
		for (size_t i = 0; i < slices.count; i++) {
			if (slices.items[i].group != &groups.items[g])
				continue;
			/* Of several empty slices one is enough. */
			slices.items[i].used = has_slice;
			has_slice = true;
		}
		create_rest(c, key, service, &groups.items[g], labels, has_slice);
	}
	for (size_t i = 0; i < slices.count; i++)
		write_slice(c, key, &slices.items[i]);
	slices_release(&slices);
	groups_release(&groups);
}
