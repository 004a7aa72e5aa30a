/*
 * Services and the pods they select. Which service selects which pod is kept as links that change with labels and
 * selectors only, so that a pod that becomes ready costs one look at its own services, however many there are.
 */
#include "endpoints.h"

struct pair { /* services whose selector has this label */
	char *key;
	struct service *services;
	UT_hash_handle hh;
};

struct slice_owner { /* the EndpointSlices of a Service */
	char *key;   /* "ns/service" */
	struct slice_name *names;
	UT_hash_handle hh;
};

struct state {
	struct service *services;
	struct pair *pairs;
	struct slice_owner *owners;
};

static struct state *state_of(struct kl_controllers *c)
{
	return c->state[CTL_ENDPOINTS];
}

static struct service *service_find(struct kl_controllers *c, const char *key)
{
	struct service *service;
	HASH_FIND_STR(state_of(c)->services, key, service);
	return service;
}

/* --- links */

static void link_add(struct service *service, struct pod *pod)
{
	struct service_link *link = kl_calloc(1, sizeof(*link));
	link->service = service;
	link->pod = pod;
	DL_APPEND(service->links, link);
	LL_PREPEND2(pod->services, link, pod_next);
}

static void link_remove(struct service_link *link)
{
	DL_DELETE(link->service->links, link);
	LL_DELETE2(link->pod->services, link, pod_next);
	free(link);
}

static struct service_link *link_find(const struct pod *pod, const struct service *service)
{
	struct service_link *link;
	for (link = pod->services; link; link = link->pod_next) {
		if (link->service == service)
			return link;
	}
	return NULL;
}

/* --- services */

static void pair_leave(struct state *state, struct service *service)
{
	struct pair *pair;
	if (!service->pair)
		return;
	HASH_FIND_STR(state->pairs, service->pair, pair);
	DL_DELETE2(pair->services, service, pair_prev, pair_next);
	if (!pair->services) {
		HASH_DELETE(hh, state->pairs, pair);
		free(pair->key);
		free(pair);
	}
	free(kl_take(&service->pair));
}

static void pair_enter(struct state *state, struct service *service, const json_t *selector)
{
	struct pair *pair;
	const char *label;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)selector, label, value) {
		service->pair = kl_asprintf("%s/%s=%s", service->ns, label, json_string_value(value));
		break;
	}
	if (!service->pair)
		return;
	HASH_FIND_STR(state->pairs, service->pair, pair);
	if (!pair) {
		pair = kl_calloc(1, sizeof(*pair));
		pair->key = kl_strdup(service->pair);
		HASH_ADD_KEYPTR(hh, state->pairs, pair->key, strlen(pair->key), pair);
	}
	DL_APPEND2(pair->services, service, pair_prev, pair_next);
}

static void unlink_all(struct service *service)
{
	struct service_link *link, *next;
	DL_FOREACH_SAFE (service->links, link, next)
		link_remove(link);
}

static void service_clear(struct state *state, struct service *service)
{
	unlink_all(service);
	pair_leave(state, service);
	kl_selector_free(kl_take(&service->selector));
	free(kl_take(&service->selector_text));
}

static void service_free(struct state *state, struct service *service)
{
	service_clear(state, service);
	HASH_DELETE(hh, state->services, service);
	free(service->hints_problem);
	free(service->key);
	free(service->ns);
	free(service);
}

static void link_pods(struct kl_controllers *c, struct service *service)
{
	struct pod *pod;
	for (pod = pods_of_ns(c, service->ns); service->selector && pod; pod = pod->ns_next) {
		if (kl_selector_matches_packed(service->selector, pod->obj->labels))
			link_add(service, pod);
	}
}

static struct service *service_ensure(struct kl_controllers *c, const struct kl_object *obj)
{
	kl_autofree char *key = kl_asprintf("%s/%s", obj->ns, obj->name);
	struct service *service = service_find(c, key);
	if (!service) {
		service = kl_calloc(1, sizeof(*service));
		service->key = kl_take(&key);
		service->ns = kl_strdup(obj->ns);
		HASH_ADD_KEYPTR(hh, state_of(c)->services, service->key, strlen(service->key), service);
	}
	return service;
}

static void service_update(struct kl_controllers *c, const struct kl_object *obj, const json_t *json)
{
	struct service *service = service_ensure(c, obj);
	service->automatic = hints_are_automatic(json);
	const json_t *selector = kl_json_get(json, "spec", "selector", NULL);
	bool external = !strcmp(kl_json_str(json, "spec", "type", NULL), "ExternalName");
	bool selects = json_object_size(selector) && !external;
	kl_autofree char *text = selects ? json_dumps(selector, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	bool same = (text && service->selector_text) ? !strcmp(text, service->selector_text)
						     : text == service->selector_text;
	if (!same) {
		service_clear(state_of(c), service);
		if (selects) {
			service->selector = kl_selector_from_map(selector);
			service->selector_text = kl_take(&text);
			pair_enter(state_of(c), service, selector);
			link_pods(c, service);
		}
	}
	ctl_enqueue(c, CTL_ENDPOINTS, service->key);
}

static void on_service(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	if (now) {
		service_update(c, now, kl_feed_parsed(c->feed));
		return;
	}
	kl_autofree char *key = kl_asprintf("%s/%s", prev->ns, prev->name);
	struct service *service = service_find(c, key);
	if (service)
		service_free(state_of(c), service);
	ctl_enqueue(c, CTL_ENDPOINTS, key);
}

/* --- pods */

static void link_services_of_label(struct kl_controllers *c, struct pod *pod, const char *label, const char *value)
{
	struct pair *pair;
	struct service *service;
	kl_autofree char *key = kl_asprintf("%s/%s=%s", pod->ns, label, value);
	HASH_FIND_STR(state_of(c)->pairs, key, pair);
	if (!pair)
		return;
	DL_FOREACH2(pair->services, service, pair_next)
	{
		if (!link_find(pod, service) && kl_selector_matches_packed(service->selector, pod->obj->labels))
			link_add(service, pod);
	}
}

static void enqueue_services(struct kl_controllers *c, const struct pod *pod)
{
	const struct service_link *link;
	for (link = pod->services; link; link = link->pod_next)
		ctl_enqueue(c, CTL_ENDPOINTS, link->service->key);
}

static void drop_stale_links(struct pod *pod)
{
	struct service_link *link, *next;
	for (link = pod->services; link; link = next) {
		next = link->pod_next;
		if (!kl_selector_matches_packed(link->service->selector, pod->obj->labels))
			link_remove(link);
	}
}

static void on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	enqueue_services(c, pod); /* those it had */
	if (gone) {
		while (pod->services)
			link_remove(pod->services);
		return;
	}
	drop_stale_links(pod);
	for (const char *label = pod->obj->labels; *label;) {
		const char *value = label + strlen(label) + 1;
		link_services_of_label(c, pod, label, value);
		label = value + strlen(value) + 1;
	}
	enqueue_services(c, pod);
}

/* --- what the user or an accident did to our own objects */

static struct slice_owner *owner_find(struct kl_controllers *c, const char *key)
{
	struct slice_owner *owner;
	HASH_FIND_STR(state_of(c)->owners, key, owner);
	return owner;
}

const struct slice_name *endpoints_slices(struct kl_controllers *c, const char *key)
{
	const struct slice_owner *owner = owner_find(c, key);
	return owner ? owner->names : NULL;
}

static void owner_remove(struct kl_controllers *c, const char *key, const char *name)
{
	struct slice_name *at, *next;
	struct slice_owner *owner = owner_find(c, key);
	if (!owner)
		return;
	LL_FOREACH_SAFE (owner->names, at, next) {
		if (!strcmp(at->name, name)) {
			LL_DELETE(owner->names, at);
			free(at->name);
			free(at);
		}
	}
	if (owner->names)
		return;
	HASH_DELETE(hh, state_of(c)->owners, owner);
	free(owner->key);
	free(owner);
}

static void owner_add(struct kl_controllers *c, const char *key, const char *name)
{
	struct slice_owner *owner;
	struct slice_name *at = kl_calloc(1, sizeof(*at));
	owner_remove(c, key, name);
	owner = owner_find(c, key);
	if (!owner) {
		owner = kl_calloc(1, sizeof(*owner));
		owner->key = kl_strdup(key);
		HASH_ADD_KEYPTR(hh, state_of(c)->owners, owner->key, strlen(owner->key), owner);
	}
	at->name = kl_strdup(name);
	LL_APPEND(owner->names, at);
}

/* The key of the Service that a slice of ours is for; NULL: not one of ours. */
static char *slice_service(const struct kl_object *obj)
{
	const char *service = NULL, *by = "";
	for (const char *label = obj->labels; *label;) {
		const char *value = label + strlen(label) + 1;
		if (!strcmp(label, "kubernetes.io/service-name"))
			service = value;
		if (!strcmp(label, "endpointslice.kubernetes.io/managed-by"))
			by = value;
		label = value + strlen(value) + 1;
	}
	return service && !strcmp(by, MANAGED_BY) ? kl_asprintf("%s/%s", obj->ns, service) : NULL;
}

static void on_slice(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	kl_autofree char *was = prev ? slice_service(prev) : NULL, *is = now ? slice_service(now) : NULL;
	if (was) {
		owner_remove(c, was, prev->name);
		ctl_enqueue(c, CTL_ENDPOINTS, was);
	}
	if (is) {
		owner_add(c, is, now->name);
		ctl_enqueue(c, CTL_ENDPOINTS, is);
	}
}

/* --- nodes: an endpoint carries its node's zone, and hints by share look at all of them */

static const char *zone_of(const struct kl_object *node)
{
	for (const char *label = node ? node->labels : NULL; label && *label;) {
		const char *value = label + strlen(label) + 1;
		if (!strcmp(label, "topology.kubernetes.io/zone"))
			return value;
		label = value + strlen(value) + 1;
	}
	return "";
}

/* What of a node matters for hints by share. */
static char *node_state(const struct kl_object *node)
{
	kl_autojson *json = node ? kl_object_parse(node) : NULL;
	const json_t *ready = condition_find(json_object_get(json, "status"), "Ready");
	return kl_asprintf("%s %s %s", zone_of(node), kl_json_str(json, "status", "allocatable", "cpu", NULL),
		kl_json_str(ready, "status", NULL));
}

static bool any_automatic(struct kl_controllers *c)
{
	for (const struct service *service = state_of(c)->services; service; service = service->hh.next)
		if (service->automatic)
			return true;
	return false;
}

static void on_node(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	const struct kl_object *any = now ? now : prev;
	if (strcmp(zone_of(now), zone_of(prev)))
		for (const struct pod *pod = pods_of_node(c, any->name); pod; pod = pod->node_next)
			enqueue_services(c, pod);
	if (!any_automatic(c)) /* heartbeats are many: only then is their text looked at */
		return;
	kl_autofree char *was = node_state(prev), *is = node_state(now);
	if (!strcmp(was, is))
		return;
	for (const struct service *service = state_of(c)->services; service; service = service->hh.next)
		if (service->automatic)
			ctl_enqueue(c, CTL_ENDPOINTS, service->key);
}

static void on_endpoints(struct kl_object *now, struct kl_object *prev, void *arg)
{
	ctl_enqueue_object(arg, CTL_ENDPOINTS, now ? now : prev);
}

/* --- ports */

static int64_t named_port(const json_t *pod_json, const char *name, const char *protocol)
{
	size_t i, k;
	json_t *container, *port;
	json_array_foreach (kl_json_get(pod_json, "spec", "containers", NULL), i, container) {
		json_array_foreach (json_object_get(container, "ports"), k, port) {
			const char *has = kl_json_str(port, "protocol", NULL);
			if (!strcmp(kl_json_str(port, "name", NULL), name) && !strcmp(*has ? has : "TCP", protocol))
				return kl_json_int(port, 0, "containerPort", NULL);
		}
	}
	return 0;
}

json_t *endpoints_ports(const json_t *service, const struct pod *pod, const json_t *pod_json)
{
	size_t i;
	json_t *port, *list = json_array();
	(void)pod;
	json_array_foreach (kl_json_get(service, "spec", "ports", NULL), i, port) {
		const char *protocol = kl_json_str(port, "protocol", NULL);
		const json_t *target = json_object_get(port, "targetPort");
		int64_t number = kl_json_int(port, 0, "port", NULL);
		if (!*protocol)
			protocol = "TCP";
		if (json_is_string(target))
			number = named_port(pod_json, json_string_value(target), protocol);
		else if (json_integer_value(target))
			number = json_integer_value(target);
		if (!number)
			continue; /* this pod has no port of that name */
		json_t *entry = json_pack("{s:s,s:s,s:I}", "name", kl_json_str(port, "name", NULL), "protocol",
			protocol, "port", (json_int_t)number);
		json_t *app = json_object_get(port, "appProtocol");
		if (app)
			json_object_set(entry, "appProtocol", app);
		json_array_append_new(list, entry);
	}
	return list;
}

/* --- sync */

static void sync(struct kl_controllers *c, const char *key)
{
	struct service *row = service_find(c, key);
	kl_autojson *service = row && row->selector ? ctl_load(c, c->kinds.service, key) : NULL;
	/* Slices and Endpoints of a Service that is gone belong to it: garbage collection removes them. */
	if (!service || is_deleting(service))
		return;
	slices_sync(c, key, service, row);
	classic_sync(c, key, service, row);
}

static void init(struct kl_controllers *c)
{
	c->state[CTL_ENDPOINTS] = kl_calloc(1, sizeof(struct state));
	kl_feed_add(c->feed, c->kinds.service, on_service, c);
	kl_feed_add(c->feed, c->kinds.slice, on_slice, c);
	kl_feed_add(c->feed, c->kinds.endpoints, on_endpoints, c);
	kl_feed_add(c->feed, c->kinds.node, on_node, c);
	pods_listen(c, on_pod);
}

static void release(struct kl_controllers *c)
{
	struct service *service, *next;
	struct slice_owner *owner, *next_owner;
	struct slice_name *name, *next_name;
	if (!state_of(c))
		return;
	HASH_ITER (hh, state_of(c)->services, service, next)
		service_free(state_of(c), service);
	HASH_ITER (hh, state_of(c)->owners, owner, next_owner) {
		HASH_DELETE(hh, state_of(c)->owners, owner);
		LL_FOREACH_SAFE (owner->names, name, next_name) {
			free(name->name);
			free(name);
		}
		free(owner->key);
		free(owner);
	}
	free(c->state[CTL_ENDPOINTS]);
}

const struct controller endpoints_controller = {"endpoint-slice-controller", init, sync, release};
