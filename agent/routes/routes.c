#include "routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "log.h"

enum { RETRY_MS = 5000, AUDIT_MS = 30000, CIDRS = 2 };

/* A wanted or present route: the destination is the key. */
struct entry {
	struct kl_prefix dst;
	struct kl_addr via;
};
struct table {
	struct entry *items;
	size_t count, size;
};

struct kl_routes {
	struct kl_routes_opts opts;
	char *node_name;
	struct kl_link *link;
	struct kl_informer *nodes;
	uv_timer_t timer;
	struct kl_routes_counters counters;
	char *own[CIDRS]; /* as last told through pod_cidrs */
	size_t own_count;
};

static void table_put(struct table *table, const struct kl_prefix *dst, const struct kl_addr *via)
{
	if (table->count == table->size) {
		table->size = table->size ? table->size * 2 : 16;
		table->items = kl_reallocarray(table->items, table->size, sizeof(*table->items));
	}
	table->items[table->count++] = (struct entry){kl_prefix_network(dst), *via};
}

static int by_dst(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = memcmp(&x->dst.addr, &y->dst.addr, sizeof(x->dst.addr));
	return order ? order : (int)x->dst.len - (int)y->dst.len;
}

/* The Node's InternalIP of a family; false when it has none. */
static bool internal_ip(const json_t *node, bool v4, struct kl_addr *ret)
{
	size_t i;
	json_t *address;
	json_array_foreach (kl_json_get(node, "status", "addresses", NULL), i, address) {
		struct kl_addr addr;
		if (strcmp(kl_json_str(address, "type", NULL), "InternalIP") ||
			kl_addr_parse(kl_json_str(address, "address", NULL), &addr) || kl_addr_is_v4(&addr) != v4)
			continue;
		*ret = addr;
		return true;
	}
	return false;
}

static void want_node(const json_t *node, void *arg)
{
	struct table *wanted = ((void **)arg)[0];
	const struct kl_routes *routes = ((void **)arg)[1];
	size_t i;
	json_t *cidr;
	if (!strcmp(kl_json_str(node, "metadata", "name", NULL), routes->node_name))
		return;
	json_array_foreach (kl_json_get(node, "spec", "podCIDRs", NULL), i, cidr) {
		struct kl_prefix dst;
		struct kl_addr via;
		if (json_is_string(cidr) && !kl_prefix_read(json_string_value(cidr), &dst) && dst.len &&
			internal_ip(node, kl_addr_is_v4(&dst.addr), &via))
			table_put(wanted, &dst, &via);
	}
}

static void note_present(const struct kl_route *route, void *arg)
{
	table_put(arg, &route->dst, &route->via);
}

static int set(struct kl_routes *routes, const struct entry *entry, bool replaces)
{
	struct kl_err err = {0};
	struct kl_route route = {.dst = entry->dst, .via = entry->via, .protocol = KL_ROUTE_PROTOCOL};
	int rc = kl_link_route_set(routes->link, &route, &err);
	if (rc) {
		routes->counters.failed++;
		kl_warn("%s; trying again", kl_err_text(&err));
	} else if (replaces) {
		routes->counters.replaced++;
	} else {
		routes->counters.added++;
	}
	return rc;
}

static int drop(struct kl_routes *routes, const struct entry *entry)
{
	struct kl_err err = {0};
	struct kl_route route = {.dst = entry->dst, .protocol = KL_ROUTE_PROTOCOL};
	int rc = kl_link_route_delete(routes->link, &route, &err);
	if (rc && rc != -ESRCH) {
		routes->counters.failed++;
		kl_warn("%s; trying again", kl_err_text(&err));
		return rc;
	}
	routes->counters.deleted++;
	return 0;
}

/* Walks both sorted tables side by side. */
static int apply(struct kl_routes *routes, const struct table *wanted, const struct table *present)
{
	int rc = 0;
	for (size_t w = 0, p = 0; w < wanted->count || p < present->count;) {
		int order = w == wanted->count    ? 1
			    : p == present->count ? -1
						  : by_dst(&wanted->items[w], &present->items[p]);
		if (order > 0) {
			rc |= drop(routes, &present->items[p++]);
			continue;
		}
		bool there = !order;
		if (!there || !kl_addr_equal(&wanted->items[w].via, &present->items[p].via))
			rc |= set(routes, &wanted->items[w], there);
		w++;
		p += there;
	}
	return rc;
}

static void tell_others(struct kl_routes *routes, const struct table *wanted)
{
	kl_autofree struct kl_prefix *cidrs = kl_calloc(wanted->count + 1, sizeof(*cidrs));
	for (size_t i = 0; i < wanted->count; i++)
		cidrs[i] = wanted->items[i].dst;
	routes->opts.others(cidrs, wanted->count, routes->opts.arg);
}

/*
 * Compares the whole table each time: a node's change is rare, the dump costs microseconds a route, and a route that
 * somebody else took away comes back on the way.
 */
static int reconcile(struct kl_routes *routes)
{
	struct table wanted = {0}, present = {0};
	struct kl_err err = {0};
	void *arg[] = {&wanted, routes};
	/* Before the first complete list an absent node only means that we have not heard of it. */
	if (!kl_informer_synced(routes->nodes))
		return 0;
	kl_informer_each(routes->nodes, want_node, arg);
	if (routes->opts.others)
		tell_others(routes, &wanted);
	int rc = kl_link_routes_each(routes->link, KL_ROUTE_PROTOCOL, note_present, &present, &err);
	if (rc) {
		kl_warn("%s; trying again", kl_err_text(&err));
	} else {
		if (wanted.count)
			qsort(wanted.items, wanted.count, sizeof(*wanted.items), by_dst);
		if (present.count)
			qsort(present.items, present.count, sizeof(*present.items), by_dst);
		rc = apply(routes, &wanted, &present);
	}
	free(wanted.items);
	free(present.items);
	return rc;
}

static void again(uv_timer_t *timer);

/* And once more later: soon after a failure, else to mend what somebody else took away. */
static void reconcile_now(struct kl_routes *routes)
{
	uv_timer_start(&routes->timer, again, reconcile(routes) ? RETRY_MS : AUDIT_MS, 0);
}

static void again(uv_timer_t *timer)
{
	reconcile_now(timer->data);
}

static void tell_own(struct kl_routes *routes, const json_t *node)
{
	const char *cidrs[CIDRS];
	size_t count = 0, i;
	json_t *cidr;
	json_array_foreach (kl_json_get(node, "spec", "podCIDRs", NULL), i, cidr)
		if (json_is_string(cidr) && count < CIDRS)
			cidrs[count++] = json_string_value(cidr);
	bool same = count == routes->own_count;
	for (i = 0; same && i < count; i++)
		same = !strcmp(cidrs[i], routes->own[i]);
	if (same)
		return;
	for (i = 0; i < routes->own_count; i++)
		free(routes->own[i]);
	for (i = 0; i < count; i++)
		routes->own[i] = kl_strdup(cidrs[i]);
	routes->own_count = count;
	if (count && routes->opts.pod_cidrs)
		routes->opts.pod_cidrs(cidrs, count, routes->opts.arg);
}

static bool same_part(const json_t *a, const json_t *b, const char *first, const char *second)
{
	const json_t *x = kl_json_get(a, first, second, NULL), *y = kl_json_get(b, first, second, NULL);
	return x == y || (x && y && json_equal(x, y));
}

static void changed(const json_t *node, const json_t *old, void *arg)
{
	struct kl_routes *routes = arg;
	if (!strcmp(kl_json_str(node, "metadata", "name", NULL), routes->node_name)) {
		tell_own(routes, node);
		return;
	}
	/* A Node's status is renewed often; its addresses hardly ever change. */
	if (old && same_part(node, old, "spec", "podCIDRs") && same_part(node, old, "status", "addresses"))
		return;
	reconcile_now(routes);
}

static void deleted(const json_t *node, void *arg)
{
	(void)node;
	reconcile_now(arg);
}

static void synced(void *arg)
{
	reconcile_now(arg);
}

int kl_routes_new(uv_loop_t *loop, struct kl_client *client, const struct kl_routes_opts *opts, struct kl_routes **ret,
	struct kl_err *err)
{
	struct kl_link *link;
	int rc = kl_link_open(-1, &link, err);
	if (rc)
		return rc;
	struct kl_routes *routes = kl_calloc(1, sizeof(*routes));
	routes->opts = *opts;
	routes->opts.node_name = routes->node_name = kl_strdup(opts->node_name);
	routes->link = link;
	uv_timer_init(loop, &routes->timer);
	routes->timer.data = routes;
	struct kl_informer_handlers handlers = {
		.changed = changed, .deleted = deleted, .synced = synced, .arg = routes};
	routes->nodes = kl_informer_new(client, "/api/v1/nodes", NULL, &handlers);
	*ret = routes;
	return 0;
}

static void closed(uv_handle_t *handle)
{
	struct kl_routes *routes = handle->data;
	for (size_t i = 0; i < routes->own_count; i++)
		free(routes->own[i]);
	free(routes->node_name);
	free(routes);
}

void kl_routes_free(struct kl_routes *routes)
{
	if (!routes)
		return;
	kl_informer_free(routes->nodes);
	kl_link_close(routes->link);
	uv_close((uv_handle_t *)&routes->timer, closed);
}

void kl_routes_counters(const struct kl_routes *routes, struct kl_routes_counters *ret)
{
	*ret = routes->counters;
}
