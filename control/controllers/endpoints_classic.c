/* v1 Endpoints: the older form of the same, which kubectl describe service and many scripts still read. */
#include "endpoints.h"

enum { ADDRESSES_MAX = 1000 }; /* upstream truncates there as well */

struct subset {
	json_t *ports, *ready, *not_ready; /* arrays */
};

struct subsets {
	struct subset *items;
	size_t count;
	size_t addresses;
};

static struct subset *subset_of(struct subsets *subsets, json_t *ports)
{
	for (size_t i = 0; i < subsets->count; i++) {
		if (json_equal(subsets->items[i].ports, ports))
			return &subsets->items[i];
	}
	subsets->items = kl_reallocarray(subsets->items, subsets->count + 1, sizeof(*subsets->items));
	struct subset *subset = &subsets->items[subsets->count++];
	*subset = (struct subset){json_incref(ports), json_array(), json_array()};
	return subset;
}

/* Unnamed ports carry no name in this form. */
static json_t *plain_ports(json_t *ports)
{
	size_t i;
	json_t *port;
	json_array_foreach (ports, i, port) {
		if (!*kl_json_str(port, "name", NULL))
			json_object_del(port, "name");
	}
	return ports;
}

static json_t *address_json(const struct pod *pod, const char *ip)
{
	json_t *address = json_pack("{s:s,s:{s:s,s:s,s:s,s:s}}", "ip", ip, "targetRef", "kind", "Pod", "namespace",
		pod->ns, "name", pod->name, "uid", pod->uid);
	if (pod->node)
		json_object_set_new(address, "nodeName", json_string(pod->node));
	return address;
}

static int by_ip(const void *a, const void *b)
{
	return strcmp(kl_json_str(*(json_t *const *)a, "ip", NULL), kl_json_str(*(json_t *const *)b, "ip", NULL));
}

/* In the order of addresses, so that the same pods always give the same bytes. */
static json_t *sorted(json_t *array)
{
	size_t count = json_array_size(array);
	kl_autofree json_t **items = kl_calloc(count + 1, sizeof(*items));
	json_t *result = json_array();
	for (size_t i = 0; i < count; i++)
		items[i] = json_array_get(array, i);
	qsort(items, count, sizeof(json_t *), by_ip);
	for (size_t i = 0; i < count; i++)
		json_array_append(result, items[i]);
	json_decref(array);
	return result;
}

static void add_pod(struct subsets *subsets, const json_t *service, const struct pod *pod)
{
	bool publish = kl_json_bool(service, false, "spec", "publishNotReadyAddresses", NULL);
	const char *first = json_string_value(json_array_get(kl_json_get(service, "spec", "ipFamilies", NULL), 0));
	const char *ip = first && !strcmp(first, "IPv6") ? pod->ip6 : pod->ip;
	if (!ip || pod->over || (pod->deleting && !publish) || subsets->addresses >= ADDRESSES_MAX)
		return;
	kl_autojson *json = kl_object_parse(pod->obj);
	kl_autojson *ports = plain_ports(endpoints_ports(service, pod, json));
	struct subset *subset = subset_of(subsets, ports);
	json_array_append_new(pod->ready || publish ? subset->ready : subset->not_ready, address_json(pod, ip));
	subsets->addresses++;
}

static json_t *subsets_json(struct subsets *subsets)
{
	json_t *list = json_array();
	for (size_t i = 0; i < subsets->count; i++) {
		struct subset *subset = &subsets->items[i];
		json_t *item = json_object(), *ready = sorted(subset->ready), *not_ready = sorted(subset->not_ready);
		if (json_array_size(ready))
			json_object_set(item, "addresses", ready);
		if (json_array_size(not_ready))
			json_object_set(item, "notReadyAddresses", not_ready);
		if (json_array_size(subset->ports))
			json_object_set(item, "ports", subset->ports);
		json_decref(ready);
		json_decref(not_ready);
		json_decref(subset->ports);
		json_array_append_new(list, item);
	}
	free(subsets->items);
	return list;
}

static json_t *endpoints_new(const json_t *service, json_t *subsets)
{
	json_t *labels = kl_json_get(service, "metadata", "labels", NULL);
	json_t *endpoints = json_pack("{s:s,s:s,s:{s:s,s:s,s:[o]},s:O}", "apiVersion", "v1", "kind", "Endpoints",
		"metadata", "name", meta_str(service, "name"), "namespace", meta_str(service, "namespace"),
		"ownerReferences", controller_ref_new(service), "subsets", subsets);
	if (labels)
		kl_json_set(endpoints, json_deep_copy(labels), "metadata", "labels", NULL);
	return endpoints;
}

void classic_sync(struct kl_controllers *c, const char *key, const json_t *service, const struct service *row)
{
	struct subsets found = {0};
	const struct service_link *link;
	DL_FOREACH (row->links, link)
		add_pod(&found, service, link->pod);
	kl_autojson *subsets = subsets_json(&found);
	kl_autojson *old = ctl_load(c, c->kinds.endpoints, key);
	if (!old) {
		ctl_create(c, CTL_ENDPOINTS, key, c->kinds.endpoints, endpoints_new(service, subsets), NULL);
		return;
	}
	const json_t *had = json_object_get(old, "subsets");
	if ((had && json_equal(had, subsets)) || (!json_array_size(had) && !json_array_size(subsets)))
		return;
	json_object_set(old, "subsets", subsets);
	ctl_update(c, CTL_ENDPOINTS, key, c->kinds.endpoints, NULL, json_incref(old));
}
