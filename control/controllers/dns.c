/*
 * The endpoints of kube-system/kube-dns: the name server in every node's agent (agent/dns). The Service has
 * internalTrafficPolicy Local, so that each node's pods ask their own; so every node counts as ready, whatever others
 * think of it. A Service with a selector is somebody's own DNS (a Deployment of CoreDNS) and is left alone. Key: "all".
 */
#include "ctl.h"

#define SERVICE    "kube-dns"
#define NAMESPACE  "kube-system"
#define MANAGED_BY "node-dns.keelson.dev"
enum { PER_SLICE = 1000, MAX_SLICES = 64, FAMILIES = 2 };

struct dns_node {
	char *name;
	char *ips[FAMILIES]; /* of each family the first InternalIP; NULL: none */
	UT_hash_handle hh;
};

static const char *const families[FAMILIES] = {"IPv4", "IPv6"};

static struct dns_node **table(struct kl_controllers *c)
{
	return (struct dns_node **)&c->state[CTL_DNS];
}

/* --- nodes */

static void node_free(struct kl_controllers *c, struct dns_node *node)
{
	HASH_DEL(*table(c), node);
	for (size_t i = 0; i < FAMILIES; i++)
		free(node->ips[i]);
	free(node->name);
	free(node);
}

static const char *internal_ip(const json_t *node, size_t family)
{
	size_t i;
	json_t *address;
	json_array_foreach (kl_json_get(node, "status", "addresses", NULL), i, address) {
		const char *text = kl_json_str(address, "address", NULL);
		if (!strcmp(kl_json_str(address, "type", NULL), "InternalIP") && (strchr(text, ':') != NULL) == family)
			return text;
	}
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* True when an address has changed: a node's status is written much more often than that. */
static bool node_note(struct kl_controllers *c, const char *name, const json_t *json)
{
	struct dns_node *node;
	bool changed = false;
	HASH_FIND_STR(*table(c), name, node);
	if (!node) {
		node = kl_calloc(1, sizeof(*node));
		node->name = kl_strdup(name);
		HASH_ADD_KEYPTR(hh, *table(c), node->name, strlen(node->name), node);
	}
	for (size_t i = 0; i < FAMILIES; i++) {
		const char *ip = internal_ip(json, i);
		if (same(ip, node->ips[i]))
			continue;
		free(node->ips[i]);
		node->ips[i] = kl_strdup(ip);
		changed = true;
	}
	return changed;
}

static void on_node(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	struct dns_node *gone;
	bool changed = !now;
	if (now) {
		changed = node_note(c, now->name, kl_feed_parsed(c->feed));
	} else {
		HASH_FIND_STR(*table(c), prev->name, gone);
		if (gone)
			node_free(c, gone);
	}
	if (changed)
		ctl_enqueue(c, CTL_DNS, "all");
}

/* --- slices */

static json_t *endpoint_new(const struct dns_node *node, size_t family)
{
	return json_pack("{s:[s],s:{s:b,s:b,s:b},s:s}", "addresses", node->ips[family], "conditions", "ready", 1,
		"serving", 1, "terminating", 0, "nodeName", node->name);
}

static json_t *slice_new(const json_t *service, const char *name, size_t family)
{
	json_t *ports = json_array(), *port;
	size_t i;
	json_array_foreach (kl_json_get(service, "spec", "ports", NULL), i, port)
		json_array_append_new(ports, json_pack("{s:s,s:s,s:I}", "name", kl_json_str(port, "name", NULL),
						     "protocol", kl_json_str(port, "protocol", NULL), "port",
						     (json_int_t)kl_json_int(port, 0, "targetPort", NULL)));
	return json_pack("{s:s,s:s,s:s,s:{s:s,s:s,s:{s:s,s:s},s:[o]},s:o,s:[]}", "apiVersion", "discovery.k8s.io/v1",
		"kind", "EndpointSlice", "addressType", families[family], "metadata", "name", name, "namespace",
		NAMESPACE, "labels", "kubernetes.io/service-name", SERVICE, "endpointslice.kubernetes.io/managed-by",
		MANAGED_BY, "ownerReferences", controller_ref_new(service), "ports", ports, "endpoints");
}

static void put(struct kl_controllers *c, const char *key, const char *name, json_t *wanted)
{
	const struct kl_object *obj = kl_feed_get(c->feed, c->kinds.slice, NAMESPACE, name);
	if (!obj) {
		ctl_create(c, CTL_DNS, key, c->kinds.slice, wanted, NULL);
		return;
	}
	kl_autojson *present = kl_object_parse(obj), *fresh = wanted;
	bool dirty = false;
	static const char *const fields[] = {"endpoints", "ports"};
	for (size_t i = 0; i < KL_ARRAY_LEN(fields); i++) {
		json_t *value = json_object_get(fresh, fields[i]);
		if (json_equal(json_object_get(present, fields[i]), value))
			continue;
		json_object_set(present, fields[i], value);
		dirty = true;
	}
	if (dirty)
		ctl_update(c, CTL_DNS, key, c->kinds.slice, NULL, json_incref(present));
}

static void drop(struct kl_controllers *c, const char *key, const char *name)
{
	if (kl_feed_get(c->feed, c->kinds.slice, NAMESPACE, name))
		ctl_write(c, &(struct ctl_write){.id = CTL_DNS,
				     .key = key,
				     .verb = KL_DELETE,
				     .kind = c->kinds.slice,
				     .ns = NAMESPACE,
				     .name = name,
				     .grace_period_s = CTL_DEFAULT_GRACE});
}

/* Nodes in the order of their names, so many to a slice. */
static void put_family(struct kl_controllers *c, const char *key, const json_t *service, size_t family)
{
	const struct dns_node *node = *table(c);
	for (int n = 0; n < MAX_SLICES; n++) {
		kl_autofree char *name = kl_asprintf(SERVICE "-%s-%d", family ? "ipv6" : "ipv4", n);
		json_t *slice = slice_new(service, name, family), *endpoints = json_object_get(slice, "endpoints");
		for (; node && json_array_size(endpoints) < PER_SLICE; node = node->hh.next)
			if (node->ips[family])
				json_array_append_new(endpoints, endpoint_new(node, family));
		if (json_array_size(endpoints)) {
			put(c, key, name, slice);
		} else {
			json_decref(slice);
			drop(c, key, name);
		}
	}
}

static bool wants_family(const json_t *service, size_t family)
{
	size_t i;
	json_t *item;
	json_array_foreach (kl_json_get(service, "spec", "ipFamilies", NULL), i, item)
		if (json_is_string(item) && !strcmp(json_string_value(item), families[family]))
			return true;
	return false;
}

static int by_name(struct dns_node *a, struct dns_node *b)
{
	return strcmp(a->name, b->name);
}

/* What is left of a Service that is gone goes with its owner (gc.c). */
static void sync(struct kl_controllers *c, const char *key)
{
	const struct kl_object *obj = kl_feed_get(c->feed, c->kinds.service, NAMESPACE, SERVICE);
	kl_autojson *service = obj ? kl_object_parse(obj) : NULL;
	if (!service || json_object_size(kl_json_get(service, "spec", "selector", NULL)))
		return;
	HASH_SORT(*table(c), by_name);
	for (size_t family = 0; family < FAMILIES; family++)
		if (wants_family(service, family))
			put_family(c, key, service, family);
}

static void on_service(struct kl_object *now, struct kl_object *prev, void *arg)
{
	(void)prev;
	if (now && !strcmp(now->name, SERVICE) && !strcmp(now->ns, NAMESPACE))
		ctl_enqueue(arg, CTL_DNS, "all");
}

static void on_slice(struct kl_object *now, struct kl_object *prev, void *arg)
{
	const struct kl_object *obj = now ? now : prev;
	if (!strcmp(obj->ns, NAMESPACE) && !strncmp(obj->name, SERVICE "-ipv", sizeof(SERVICE "-ipv") - 1))
		ctl_enqueue(arg, CTL_DNS, "all");
}

static void init(struct kl_controllers *c)
{
	kl_feed_add(c->feed, c->kinds.node, on_node, c);
	kl_feed_add(c->feed, c->kinds.service, on_service, c);
	kl_feed_add(c->feed, c->kinds.slice, on_slice, c);
}

static void release(struct kl_controllers *c)
{
	struct dns_node *node, *next;
	HASH_ITER (hh, *table(c), node, next)
		node_free(c, node);
}

const struct controller dns_controller = {"dns-controller", init, sync, release};
