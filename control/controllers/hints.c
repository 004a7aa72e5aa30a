/*
 * Topology hints of a Service's endpoints: by spec.trafficDistribution, or by proportion to the zones' processors where the
 * annotation service.kubernetes.io/topology-mode says Auto. They go into the endpoints' own trees before slices are compared.
 */
#include "endpoints.h"

enum { ZONES_MAX = 64 };
/* An endpoint of a zone takes at most a fifth more than its share of all traffic, or there are no hints. */
static const double OVERLOAD = 1.2;

bool hints_are_automatic(const json_t *service)
{
	const json_t *annotations = kl_json_get(service, "metadata", "annotations", NULL);
	const char *mode = kl_json_str(annotations, "service.kubernetes.io/topology-mode", NULL);
	if (!*mode) /* the older name */
		mode = kl_json_str(annotations, "service.kubernetes.io/topology-aware-hints", NULL);
	return !strcmp(mode, "Auto") || !strcmp(mode, "auto");
}

static bool is_ready(const json_t *endpoint)
{
	return kl_json_bool(endpoint, false, "conditions", "ready", NULL);
}

static const char *zone_of(const json_t *endpoint)
{
	return kl_json_str(endpoint, "zone", NULL);
}

static void add_hint(json_t *endpoint, const char *kind, const char *name)
{
	if (!*name)
		return;
	json_object_set_new(kl_json_ensure(endpoint, "hints", NULL), kind, json_pack("[{s:s}]", "name", name));
}

/* --- trafficDistribution */

static void hint_near(struct backend *backends, size_t count, bool nodes)
{
	for (size_t i = 0; i < count; i++) {
		json_t *endpoint = backends[i].endpoint;
		if (!is_ready(endpoint))
			continue;
		add_hint(endpoint, "forZones", zone_of(endpoint));
		if (nodes)
			add_hint(endpoint, "forNodes", kl_json_str(endpoint, "nodeName", NULL));
	}
}

/* --- topology-mode: Auto */

struct zone {
	const char *name;
	double cpu;
	size_t has, least; /* endpoints: now, and at least */
	double wanted;
};

struct zones {
	struct zone items[ZONES_MAX];
	size_t count;
	double cpu;
	const char *problem; /* NULL: none */
};

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

static struct zone *zone_find(struct zones *zones, const char *name)
{
	for (size_t i = 0; i < zones->count; i++)
		if (!strcmp(zones->items[i].name, name))
			return &zones->items[i];
	return NULL;
}

static void add_node(struct kl_object *obj, void *arg)
{
	struct zones *zones = arg;
	const char *name = label_of(obj, "topology.kubernetes.io/zone");
	if (label_of(obj, "node-role.kubernetes.io/control-plane"))
		return;
	kl_autojson *node = kl_object_parse(obj);
	const json_t *ready = condition_find(json_object_get(node, "status"), "Ready");
	int64_t cpu = 0;
	if (strcmp(kl_json_str(ready, "status", NULL), "True"))
		return;
	if (kl_quantity_milli(kl_json_str(node, "status", "allocatable", "cpu", NULL), &cpu))
		cpu = 0;
	if (!name || cpu <= 0) {
		zones->problem = name ? "a node does not say how many processors it has" : "a node has no zone";
		return;
	}
	struct zone *zone = zone_find(zones, name);
	if (!zone && zones->count == ZONES_MAX) {
		zones->problem = "there are too many zones";
		return;
	}
	if (!zone) {
		zone = &zones->items[zones->count++];
		*zone = (struct zone){.name = name};
	}
	zone->cpu += (double)cpu;
	zones->cpu += (double)cpu;
}

static size_t ready_count(const struct backend *backends, size_t count)
{
	size_t ready = 0;
	for (size_t i = 0; i < count; i++)
		ready += is_ready(backends[i].endpoint);
	return ready;
}

static size_t round_up(double value)
{
	size_t whole = (size_t)value;
	return (double)whole < value ? whole + 1 : whole;
}

/* How many endpoints each zone has, and should have at least. */
static void count_endpoints(struct zones *zones, const struct backend *backends, size_t count)
{
	size_t ready = ready_count(backends, count), least = 0;
	for (size_t i = 0; i < count && !zones->problem; i++) {
		if (!is_ready(backends[i].endpoint))
			continue;
		struct zone *zone = zone_find(zones, zone_of(backends[i].endpoint));
		if (zone)
			zone->has++;
		else
			zones->problem = "an endpoint is in no known zone";
	}
	for (size_t i = 0; i < zones->count; i++) {
		struct zone *zone = &zones->items[i];
		zone->wanted = zone->cpu / zones->cpu * (double)ready;
		zone->least = round_up(zone->wanted / OVERLOAD);
		least += zone->least;
	}
	if (!zones->problem && (least > ready || zones->count > ready))
		zones->problem = "there are too few endpoints for the zones";
}

static struct zone *poorest(struct zones *zones)
{
	struct zone *found = NULL;
	for (size_t i = 0; i < zones->count; i++)
		if (zones->items[i].has < zones->items[i].least &&
			(!found || zones->items[i].least - zones->items[i].has > found->least - found->has))
			found = &zones->items[i];
	return found;
}

static struct zone *richest(struct zones *zones)
{
	struct zone *found = NULL;
	for (size_t i = 0; i < zones->count; i++) {
		struct zone *zone = &zones->items[i];
		if (zone->has > zone->least &&
			(!found || (double)zone->has - zone->wanted > (double)found->has - found->wanted))
			found = zone;
	}
	return found;
}

/* One endpoint that is hinted for its own zone still; by address, so that the same is lent every time. */
static json_t *lend(struct backend *backends, size_t count, const char *zone)
{
	struct backend *found = NULL;
	for (size_t i = 0; i < count; i++) {
		json_t *endpoint = backends[i].endpoint;
		if (is_ready(endpoint) && !json_object_get(endpoint, "hints") && !strcmp(zone_of(endpoint), zone) &&
			(!found || strcmp(backends[i].ip, found->ip) < 0))
			found = &backends[i];
	}
	return found ? found->endpoint : NULL;
}

static void hint_by_share(struct zones *zones, struct backend *backends, size_t count)
{
	struct zone *to, *from;
	while ((to = poorest(zones)) && (from = richest(zones))) {
		json_t *endpoint = lend(backends, count, from->name);
		if (!endpoint)
			break;
		add_hint(endpoint, "forZones", to->name);
		from->has--;
		to->has++;
	}
	for (size_t i = 0; i < count; i++)
		if (is_ready(backends[i].endpoint) && !json_object_get(backends[i].endpoint, "hints"))
			add_hint(backends[i].endpoint, "forZones", zone_of(backends[i].endpoint));
}

static const char *hint_automatic(struct kl_controllers *c, struct backend *backends, size_t count)
{
	struct zones zones = {0};
	kl_feed_each(c->feed, c->kinds.node, add_node, &zones);
	if (!zones.problem && zones.count < 2)
		zones.problem = "there are fewer than two zones";
	if (!zones.problem)
		count_endpoints(&zones, backends, count);
	if (!zones.problem)
		hint_by_share(&zones, backends, count);
	return zones.problem;
}

const char *hints_give(struct kl_controllers *c, const json_t *service, struct backend *backends, size_t count)
{
	const char *distribution = kl_json_str(service, "spec", "trafficDistribution", NULL);
	if (hints_are_automatic(service))
		return ready_count(backends, count) ? hint_automatic(c, backends, count) : NULL;
	if (!strcmp(distribution, "PreferClose") || !strcmp(distribution, "PreferSameZone"))
		hint_near(backends, count, false);
	else if (!strcmp(distribution, "PreferSameNode"))
		hint_near(backends, count, true);
	return NULL;
}
