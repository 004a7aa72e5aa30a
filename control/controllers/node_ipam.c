/* Gives every node its share of the pods' addresses: spec.podCIDR and spec.podCIDRs. */
#include "cidr.h"
#include "ctl.h"

#include <sys/socket.h>

enum { RANGES_MAX = 2, MASK_V4 = 24, MASK_V6 = 64 };

struct ranges {
	struct cidr whole[RANGES_MAX];
	int mask[RANGES_MAX];
	size_t count;
};

static struct ranges *ranges_of(struct kl_controllers *c)
{
	return c->state[CTL_NODE_IPAM];
}

struct used {
	const struct ranges *ranges;
	size_t range;
	uint8_t *taken; /* by index of the part */
	uint32_t parts;
};

static void mark(struct used *used, const char *text)
{
	struct cidr part;
	int64_t index = cidr_parse(text, &part) ? cidr_index(&used->ranges->whole[used->range], &part) : -1;
	if (index >= 0 && index < used->parts)
		used->taken[index] = 1;
}

static void mark_node(struct kl_object *obj, void *arg)
{
	size_t i;
	json_t *cidr;
	kl_autojson *node = kl_object_parse(obj);
	mark(arg, kl_json_str(node, "spec", "podCIDR", NULL));
	json_array_foreach (kl_json_get(node, "spec", "podCIDRs", NULL), i, cidr)
		mark(arg, json_is_string(cidr) ? json_string_value(cidr) : "");
}

/* Looks at the nodes themselves each time: there is no other record that could disagree with them. */
static bool choose(struct kl_controllers *c, size_t range, uint8_t *promised, char ret[CIDR_TEXT])
{
	const struct ranges *ranges = ranges_of(c);
	struct used used = {.ranges = ranges,
		.range = range,
		.parts = cidr_parts(&ranges->whole[range], ranges->mask[range]),
		.taken = promised};
	kl_feed_each(c->feed, c->kinds.node, mark_node, &used);
	for (uint32_t i = 0; i < used.parts; i++) {
		if (used.taken[i])
			continue;
		struct cidr part = cidr_part(&ranges->whole[range], ranges->mask[range], i);
		cidr_format(&part, ret);
		used.taken[i] = 1;
		return true;
	}
	return false;
}

static void assigned(struct kl_controllers *c, const struct ctl_write *w, const struct kl_response *response)
{
	(void)w;
	if (!response->status.code)
		ctl_enqueue(c, CTL_NODE_IPAM, "all");
}

/* One node in a round: the next one is chosen knowing this one's range. */
static bool assign(struct kl_controllers *c, const char *key, const json_t *node)
{
	const struct ranges *ranges = ranges_of(c);
	char text[CIDR_TEXT];
	json_t *cidrs = json_array();
	for (size_t i = 0; i < ranges->count; i++) {
		kl_autofree uint8_t *taken = kl_calloc(1u << 16, 1);
		if (!choose(c, i, taken, text)) {
			ctl_event(c, CTL_NODE_IPAM, node, "Normal", "CIDRNotAvailable",
				"Node %s status is now: CIDRNotAvailable", meta_str(node, "name"));
			json_decref(cidrs);
			return false;
		}
		json_array_append_new(cidrs, json_string(text));
	}
	json_t *patch = json_pack("{s:{s:s},s:{s:O,s:o}}", "metadata", "resourceVersion",
		meta_str(node, "resourceVersion"), "spec", "podCIDR", json_array_get(cidrs, 0), "podCIDRs", cidrs);
	ctl_write(c, &(struct ctl_write){.id = CTL_NODE_IPAM,
			     .key = key,
			     .verb = KL_PATCH,
			     .kind = c->kinds.node,
			     .name = meta_str(node, "name"),
			     .patch = patch,
			     .patch_type = KL_PATCH_MERGE,
			     .done = assigned});
	return true;
}

struct search {
	struct kl_controllers *c;
	json_t *found;
};

static void find_bare(struct kl_object *obj, void *arg)
{
	struct search *search = arg;
	if (search->found)
		return;
	kl_autojson *node = kl_object_parse(obj);
	if (!*kl_json_str(node, "spec", "podCIDR", NULL) && !is_deleting(node))
		search->found = kl_take(&node);
}

static void sync(struct kl_controllers *c, const char *key)
{
	struct search search = {.c = c};
	if (!ranges_of(c)->count)
		return;
	kl_feed_each(c->feed, c->kinds.node, find_bare, &search);
	if (search.found && !assign(c, key, search.found))
		ctl_enqueue_after(c, CTL_NODE_IPAM, key, 10000);
	json_decref(search.found);
}

static void on_node(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	(void)prev;
	if (now && !*kl_json_str(kl_feed_parsed(c->feed), "spec", "podCIDR", NULL))
		ctl_enqueue(c, CTL_NODE_IPAM, "all");
}

static void read_ranges(struct kl_controllers *c, struct ranges *ranges)
{
	kl_autofree char *text = kl_strdup(c->options.cluster_cidr ? c->options.cluster_cidr : "");
	char *save = NULL;
	for (char *at = strtok_r(text, ",", &save); at && ranges->count < RANGES_MAX; at = strtok_r(NULL, ",", &save)) {
		struct cidr *whole = &ranges->whole[ranges->count];
		if (!cidr_parse(at, whole)) {
			kl_error("cluster CIDR '%s' is not a range of addresses", at);
			continue;
		}
		int v4 = c->options.node_cidr_mask_v4 > 0 ? c->options.node_cidr_mask_v4 : MASK_V4;
		int mask = whole->family == AF_INET ? v4 : MASK_V6;
		ranges->mask[ranges->count++] = mask < whole->prefix ? whole->prefix : mask;
	}
}

static void init(struct kl_controllers *c)
{
	struct ranges *ranges = c->state[CTL_NODE_IPAM] = kl_calloc(1, sizeof(*ranges));
	read_ranges(c, ranges);
	kl_feed_add(c->feed, c->kinds.node, on_node, c);
}

static void release(struct kl_controllers *c)
{
	free(c->state[CTL_NODE_IPAM]);
}

const struct controller node_ipam_controller = {"cidrAllocator", init, sync, release};
