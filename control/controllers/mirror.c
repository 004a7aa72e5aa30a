/*
 * Endpoints that somebody keeps by hand for a Service without selector become EndpointSlices, which are what nodes follow. Key:
 * "ns/name" of both. A Service with a selector, a label endpointslice.kubernetes.io/skip-mirror, or a leader's annotation: none.
 */
#include "api.h"
#include "ctl.h"

#define MIRRORED_BY   "endpointslicemirroring-controller.k8s.io"
#define SERVICE_LABEL "kubernetes.io/service-name"
#define BY_LABEL      "endpointslice.kubernetes.io/managed-by"
#define SKIP_LABEL    "endpointslice.kubernetes.io/skip-mirror"

enum { ADDRESSES_MAX = 1000 }; /* of a subset, as upstream */

/* The slices made for an Endpoints object. */
struct mirrored {
	UT_hash_handle hh;
	char *key;
	char **names;
	size_t count;
};

static struct mirrored **table(struct kl_controllers *c)
{
	return (struct mirrored **)&c->state[CTL_MIRROR];
}

static struct mirrored *mirrored_find(struct kl_controllers *c, const char *key)
{
	struct mirrored *mirrored = NULL;
	HASH_FIND_STR(*table(c), key, mirrored);
	return mirrored;
}

static void mirrored_remove(struct kl_controllers *c, const char *key, const char *name)
{
	struct mirrored *mirrored = mirrored_find(c, key);
	for (size_t i = 0; mirrored && i < mirrored->count; i++) {
		if (strcmp(mirrored->names[i], name))
			continue;
		free(mirrored->names[i]);
		mirrored->names[i] = mirrored->names[--mirrored->count];
		break;
	}
	if (!mirrored || mirrored->count)
		return;
	HASH_DEL(*table(c), mirrored);
	free(mirrored->names);
	free(mirrored->key);
	free(mirrored);
}

static void mirrored_add(struct kl_controllers *c, const char *key, const char *name)
{
	mirrored_remove(c, key, name);
	struct mirrored *mirrored = mirrored_find(c, key);
	if (!mirrored) {
		mirrored = kl_calloc(1, sizeof(*mirrored));
		mirrored->key = kl_strdup(key);
		HASH_ADD_KEYPTR(hh, *table(c), mirrored->key, strlen(mirrored->key), mirrored);
	}
	mirrored->names = kl_reallocarray(mirrored->names, mirrored->count + 1, sizeof(char *));
	mirrored->names[mirrored->count++] = kl_strdup(name);
}

static const char *label_of(const struct kl_object *obj, const char *wanted)
{
	for (const char *label = obj->labels; label && *label;) {
		const char *value = label + strlen(label) + 1;
		if (!strcmp(label, wanted))
			return value;
		label = value + strlen(value) + 1;
	}
	return NULL;
}

static char *slice_key(const struct kl_object *slice)
{
	const char *service = label_of(slice, SERVICE_LABEL), *by = label_of(slice, BY_LABEL);
	return service && by && !strcmp(by, MIRRORED_BY) ? kl_asprintf("%s/%s", slice->ns, service) : NULL;
}

/* --- wanted */

static json_t *endpoint_json(const json_t *address, bool ready)
{
	static const char *const copied[] = {"hostname", "nodeName", "targetRef"};
	json_t *endpoint = json_pack(
		"{s:[s],s:{s:b}}", "addresses", kl_json_str(address, "ip", NULL), "conditions", "ready", ready);
	for (size_t i = 0; i < KL_ARRAY_LEN(copied); i++) {
		json_t *value = json_object_get(address, copied[i]);
		if (value)
			json_object_set(endpoint, copied[i], value);
	}
	return endpoint;
}

static void add_addresses(json_t *endpoints, const json_t *addresses, bool v6, bool ready)
{
	size_t i;
	json_t *address;
	json_array_foreach (addresses, i, address)
		if ((strchr(kl_json_str(address, "ip", NULL), ':') != NULL) == v6 &&
			json_array_size(endpoints) < ADDRESSES_MAX)
			json_array_append_new(endpoints, endpoint_json(address, ready));
}

static json_t *ports_json(const json_t *subset)
{
	size_t i;
	json_t *port, *list = json_array();
	json_array_foreach (json_object_get(subset, "ports"), i, port) {
		const char *protocol = kl_json_str(port, "protocol", NULL);
		json_t *entry = json_pack("{s:s,s:s,s:I}", "name", kl_json_str(port, "name", NULL), "protocol",
			*protocol ? protocol : "TCP", "port", (json_int_t)kl_json_int(port, 0, "port", NULL));
		if (json_object_get(port, "appProtocol"))
			json_object_set(entry, "appProtocol", json_object_get(port, "appProtocol"));
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *meta_json(const json_t *endpoints)
{
	static const char *const left_out[] = {
		"kubectl.kubernetes.io/last-applied-configuration", "endpoints.kubernetes.io/last-change-trigger-time"};
	const json_t *labels = kl_json_get(endpoints, "metadata", "labels", NULL);
	const json_t *annotations = kl_json_get(endpoints, "metadata", "annotations", NULL);
	kl_autofree char *prefix = kl_asprintf("%s-", meta_str(endpoints, "name"));
	json_t *own = labels ? json_deep_copy(labels) : json_object();
	json_object_set_new(own, SERVICE_LABEL, json_string(meta_str(endpoints, "name")));
	json_object_set_new(own, BY_LABEL, json_string(MIRRORED_BY));
	json_t *meta = json_pack("{s:s,s:s,s:o,s:[o]}", "generateName", prefix, "namespace",
		meta_str(endpoints, "namespace"), "labels", own, "ownerReferences", controller_ref_new(endpoints));
	json_t *copy = annotations ? json_deep_copy(annotations) : NULL;
	for (size_t i = 0; copy && i < KL_ARRAY_LEN(left_out); i++)
		json_object_del(copy, left_out[i]);
	if (json_object_size(copy))
		json_object_set(meta, "annotations", copy);
	json_decref(copy);
	return meta;
}

static json_t *wanted_slices(const json_t *endpoints)
{
	json_t *list = json_array(), *subset;
	size_t i;
	json_array_foreach (json_object_get(endpoints, "subsets"), i, subset)
		for (int v6 = 0; v6 < 2; v6++) {
			kl_autojson *found = json_array();
			add_addresses(found, json_object_get(subset, "addresses"), v6, true);
			add_addresses(found, json_object_get(subset, "notReadyAddresses"), v6, false);
			if (!json_array_size(found))
				continue;
			json_array_append_new(
				list, json_pack("{s:s,s:s,s:s,s:o,s:o,s:O}", "apiVersion", "discovery.k8s.io/v1",
					      "kind", "EndpointSlice", "addressType", v6 ? "IPv6" : "IPv4", "metadata",
					      meta_json(endpoints), "ports", ports_json(subset), "endpoints", found));
		}
	return list;
}

/* --- bringing what there is to it */

static bool is_mirrored(const json_t *service, const json_t *endpoints)
{
	const json_t *annotations = kl_json_get(endpoints, "metadata", "annotations", NULL);
	return service && endpoints && !is_deleting(service) && !is_deleting(endpoints) &&
	       !json_object_size(kl_json_get(service, "spec", "selector", NULL)) &&
	       strcmp(kl_json_str(service, "spec", "type", NULL), "ExternalName") &&
	       strcmp(kl_json_str(endpoints, "metadata", "labels", SKIP_LABEL, NULL), "true") &&
	       !json_object_get(annotations, "control-plane.alpha.kubernetes.io/leader");
}

/* Takes out of `wanted` the slice that an existing one may become; NULL: none. */
static json_t *take_match(json_t *wanted, const json_t *slice)
{
	size_t i;
	json_t *candidate;
	json_array_foreach (wanted, i, candidate) {
		if (strcmp(kl_json_str(candidate, "addressType", NULL), kl_json_str(slice, "addressType", NULL)) ||
			!json_equal(json_object_get(candidate, "ports"), json_object_get(slice, "ports")))
			continue;
		json_incref(candidate);
		json_array_remove(wanted, i);
		return candidate;
	}
	return NULL;
}

static bool same(const json_t *slice, const json_t *want)
{
	const json_t *has = kl_json_get(slice, "metadata", "annotations", NULL),
		     *asked = kl_json_get(want, "metadata", "annotations", NULL);
	return json_equal(json_object_get(slice, "endpoints"), json_object_get(want, "endpoints")) &&
	       json_equal(
		       kl_json_get(slice, "metadata", "labels", NULL), kl_json_get(want, "metadata", "labels", NULL)) &&
	       (json_equal(has, asked) || (!json_object_size(has) && !json_object_size(asked)));
}

static void drop_slice(struct kl_controllers *c, const char *key, const json_t *slice)
{
	ctl_write(c, &(struct ctl_write){.id = CTL_MIRROR,
			     .key = key,
			     .verb = KL_DELETE,
			     .kind = c->kinds.slice,
			     .ns = meta_str(slice, "namespace"),
			     .name = meta_str(slice, "name"),
			     .uid = meta_str(slice, "uid"),
			     .grace_period_s = CTL_DEFAULT_GRACE});
}

static void bring(struct kl_controllers *c, const char *key, json_t *slice, json_t *wanted)
{
	kl_autojson *want = take_match(wanted, slice);
	if (!want) {
		drop_slice(c, key, slice);
		return;
	}
	if (same(slice, want))
		return;
	json_t *annotations = kl_json_get(want, "metadata", "annotations", NULL);
	json_object_set(slice, "endpoints", json_object_get(want, "endpoints"));
	kl_json_set(slice, json_incref(kl_json_get(want, "metadata", "labels", NULL)), "metadata", "labels", NULL);
	if (annotations)
		kl_json_set(slice, json_incref(annotations), "metadata", "annotations", NULL);
	else
		kl_json_delete(slice, "metadata", "annotations", NULL);
	ctl_update(c, CTL_MIRROR, key, c->kinds.slice, NULL, json_incref(slice));
}

static void sync(struct kl_controllers *c, const char *key)
{
	kl_autojson *service = ctl_load(c, c->kinds.service, key), *endpoints = ctl_load(c, c->kinds.endpoints, key);
	kl_autojson *wanted = is_mirrored(service, endpoints) ? wanted_slices(endpoints) : json_array();
	const struct mirrored *mirrored = mirrored_find(c, key);
	ctl_autokey at = ctl_key_split(key);
	for (size_t i = 0; mirrored && i < mirrored->count; i++) {
		const struct kl_object *obj = kl_feed_get(c->feed, c->kinds.slice, at.ns, mirrored->names[i]);
		kl_autojson *slice = obj ? kl_object_parse(obj) : NULL;
		if (slice)
			bring(c, key, slice, wanted);
	}
	size_t i;
	json_t *rest;
	json_array_foreach (wanted, i, rest)
		ctl_create(c, CTL_MIRROR, key, c->kinds.slice, json_incref(rest), NULL);
}

/* --- watching: what a Service with a selector has is none of ours, and there are many of those */

static void on_endpoints(struct kl_object *now, struct kl_object *prev, void *arg)
{
	ctl_enqueue_object(arg, CTL_MIRROR, now ? now : prev);
}

static void on_service(struct kl_object *now, struct kl_object *prev, void *arg)
{
	ctl_enqueue_object(arg, CTL_MIRROR, now ? now : prev);
}

static void on_slice(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	kl_autofree char *was = prev ? slice_key(prev) : NULL, *is = now ? slice_key(now) : NULL;
	if (was) {
		mirrored_remove(c, was, prev->name);
		ctl_enqueue(c, CTL_MIRROR, was);
	}
	if (is) {
		mirrored_add(c, is, now->name);
		ctl_enqueue(c, CTL_MIRROR, is);
	}
}

static void init(struct kl_controllers *c)
{
	kl_feed_add(c->feed, c->kinds.service, on_service, c);
	kl_feed_add(c->feed, c->kinds.endpoints, on_endpoints, c);
	kl_feed_add(c->feed, c->kinds.slice, on_slice, c);
}

static void release(struct kl_controllers *c)
{
	struct mirrored *mirrored, *next;
	HASH_ITER (hh, *table(c), mirrored, next) {
		HASH_DEL(*table(c), mirrored);
		for (size_t i = 0; i < mirrored->count; i++)
			free(mirrored->names[i]);
		free(mirrored->names);
		free(mirrored->key);
		free(mirrored);
	}
}

const struct controller mirror_controller = {"endpoint-slice-mirroring-controller", init, sync, release};
