/* Addresses for load balancers, mirrored Endpoints, hints and weights: with a real store and the real controllers. */
#include "lbpool.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>

/* --- the pool */

static void addr(const char *text, struct kl_addr *ret)
{
	KL_CHECK_INT(kl_addr_parse(text, ret), 0);
}

static const char *picked(struct lbpool *pool, const char *owner, bool v4)
{
	static char text[KL_ADDR_TEXT];
	struct kl_addr got;
	if (lbpool_pick(pool, owner, v4, &got))
		return "";
	kl_addr_format(&got, text);
	return text;
}

KL_TEST(pools_give_each_address_once)
{
	struct lbpool *pool = NULL;
	struct kl_err err = {0};
	struct kl_addr a;
	KL_CHECK_INT(lbpool_new("10.0.0.0/29,10.1.0.5-10.1.0.6,fd00::10/126", &pool, &err), 0);
	KL_CHECK(lbpool_has_family(pool, true) && lbpool_has_family(pool, false));
	KL_CHECK_STR(picked(pool, "a", true), "10.0.0.1");
	KL_CHECK_STR(picked(pool, "b", true), "10.0.0.2");
	KL_CHECK_STR(picked(pool, "a", false), "fd00::11");
	addr("10.0.0.4", &a);
	KL_CHECK_INT(lbpool_take(pool, "c", &a), 0);
	KL_CHECK_INT(lbpool_take(pool, "c", &a), 0);
	KL_CHECK_INT(lbpool_take(pool, "d", &a), -EADDRINUSE);
	KL_CHECK_STR(lbpool_owner(pool, &a), "c");
	addr("10.0.0.7", &a); /* the last of a prefix is no host's */
	KL_CHECK_INT(lbpool_take(pool, "d", &a), -ERANGE);
	addr("10.1.0.7", &a);
	KL_CHECK_INT(lbpool_take(pool, "d", &a), -ERANGE);
	lbpool_release(pool, "a", true);
	KL_CHECK_STR(picked(pool, "e", true), "10.0.0.1");
	KL_CHECK(lbpool_held(pool, "a", false, &a) && !lbpool_held(pool, "a", true, &a));
	KL_CHECK_STR(picked(pool, "f", true), "10.0.0.3");
	KL_CHECK_STR(picked(pool, "g", true), "10.0.0.5");
	KL_CHECK_STR(picked(pool, "h", true), "10.0.0.6");
	KL_CHECK_STR(picked(pool, "i", true), "10.1.0.5");
	KL_CHECK_STR(picked(pool, "j", true), "10.1.0.6");
	KL_CHECK_STR(picked(pool, "k", true), "");
	lbpool_free(pool);
}

KL_TEST(ranges_that_are_none_are_refused)
{
	static const char *const bad[] = {
		"10.0.0.0", "10.0.0.9-10.0.0.1", "10.0.0.1-fd00::1", "10.0.0.0/33", "x-y", "1-2"};
	for (size_t i = 0; i < KL_ARRAY_LEN(bad); i++) {
		struct lbpool *pool = NULL;
		struct kl_err err = {0};
		if (!KL_CHECK_INT(lbpool_new(bad[i], &pool, &err), -EINVAL))
			kl_test_failed(__FILE__, __LINE__, "case: %s", bad[i]);
		KL_CHECK(err.text[0] && !pool);
	}
}

/* --- load balancers */

static void open_with_ranges(struct world *w, const char *ranges)
{
	world_open(w);
	world_stop_loops(w);
	w->options.load_balancer_ranges = ranges;
	world_start_loops(w);
}

#define LB(name, more) "{'metadata':{'name':'" name "'},'spec':{'type':'LoadBalancer','ports':[{'port':80}]" more "}}"

static char *ip_of(struct world *w, const char *name)
{
	kl_autojson *service = world_get(w, "", "Service", "default", name);
	const json_t *list = kl_json_get(service, "status", "loadBalancer", "ingress", NULL);
	return kl_strdup(kl_json_str(json_array_get(list, 0), "ip", NULL));
}

static bool has_ip(struct world *w, const char *name, const char *want)
{
	kl_autofree char *ip = ip_of(w, name);
	return !strcmp(ip, want);
}

static size_t events(struct world *w, const char *reason)
{
	size_t i, count = 0;
	json_t *event;
	kl_autojson *list = world_list(w, "", "Event", "default");
	json_array_foreach (list, i, event)
		count += !strcmp(kl_json_str(event, "reason", NULL), reason);
	return count;
}

KL_TEST(load_balancers_get_addresses)
{
	struct world w;
	open_with_ranges(&w, "192.0.2.0/29");
	json_decref(world_create(&w, "", "Service", "default", LB("a", "")));
	UNTIL(has_ip(&w, "a", "192.0.2.1"));
	json_decref(world_create(&w, "", "Service", "default", LB("b", ",'loadBalancerIP':'192.0.2.5'")));
	UNTIL(has_ip(&w, "b", "192.0.2.5"));
	json_decref(world_create(&w, "", "Service", "default", LB("c", ",'loadBalancerIP':'192.0.2.5'")));
	UNTIL(events(&w, "AddressNotAvailable") == 1);
	KL_CHECK(has_ip(&w, "c", ""));
	json_decref(world_create(&w, "", "Service", "default", LB("d", ",'loadBalancerClass':'x.io/y'")));
	json_decref(world_create(&w, "", "Service", "default", LB("e", ",'loadBalancerIP':'198.51.100.1'")));
	UNTIL(events(&w, "AddressNotAvailable") == 2);
	/* Who waits for an address gets it when it is given back: by another type, by deletion. */
	world_patch(&w, "", "Service", "default", "b", "{'spec':{'type':'ClusterIP'}}");
	UNTIL(has_ip(&w, "b", "") && has_ip(&w, "c", "192.0.2.5"));
	world_delete(&w, "", "Service", "default", "a", NULL);
	world_patch(&w, "", "Service", "default", "e", "{'spec':{'loadBalancerIP':null}}");
	UNTIL(!has_ip(&w, "e", ""));
	/* A new server knows what is taken before it gives anything out. */
	world_stop_loops(&w);
	world_start_loops(&w);
	json_decref(world_create(&w, "", "Service", "default", LB("f", "")));
	UNTIL(!has_ip(&w, "f", ""));
	kl_autofree char *e = ip_of(&w, "e"), *f = ip_of(&w, "f");
	KL_CHECK(strcmp(e, f) && has_ip(&w, "c", "192.0.2.5") && has_ip(&w, "d", ""));
	world_close(&w);
}

KL_TEST(without_ranges_a_status_is_somebody_elses)
{
	struct world w;
	world_open(&w);
	json_decref(world_create(&w, "", "Service", "default", LB("a", "")));
	world_patch(&w, "", "Service", "default", "a",
		"{'metadata':{'annotations':{'keelson.dev/load-balancing':'fastest','keelson.dev/slow-start':'1d'}}}");
	UNTIL(events(&w, "InvalidAnnotation") == 2);
	KL_CHECK(has_ip(&w, "a", ""));
	world_close(&w);
}

static bool sctp_is(struct world *w, const char *name, const char *want)
{
	size_t i;
	json_t *condition;
	kl_autojson *service = world_get(w, "", "Service", "default", name);
	json_array_foreach (kl_json_get(service, "status", "conditions", NULL), i, condition)
		if (!strcmp(kl_json_str(condition, "type", NULL), "SCTPTranslated"))
			return !strcmp(kl_json_str(condition, "status", NULL), want);
	return !*want;
}

KL_TEST(sctp_that_no_node_can_serve_is_said)
{
	struct world w;
	world_open(&w);
	json_decref(world_create(&w, "", "Service", "default",
		"{'metadata':{'name':'s'},'spec':{'ports':[{'port':80,'targetPort':81,'protocol':'SCTP'}]}}"));
	UNTIL(sctp_is(&w, "s", "False") && events(&w, "SCTPPortNotTranslated") == 1);
	world_patch(&w, "", "Service", "default", "s",
		"{'spec':{'ports':[{'port':80,'targetPort':80,'protocol':'SCTP'}]}}");
	UNTIL(sctp_is(&w, "s", "True"));
	world_patch(&w, "", "Service", "default", "s",
		"{'spec':{'ports':[{'$patch':'replace'},{'port':80,'targetPort':80,'protocol':'TCP'}]}}");
	UNTIL(sctp_is(&w, "s", ""));
	world_close(&w);
}

/* --- mirrored Endpoints */

static json_t *slice_of(struct world *w, const char *service)
{
	size_t i;
	json_t *slice;
	kl_autojson *slices = world_list(w, "discovery.k8s.io", "EndpointSlice", "default");
	json_array_foreach (slices, i, slice)
		if (!strcmp(kl_json_str(slice, "metadata", "labels", "kubernetes.io/service-name", NULL), service))
			return json_incref(slice);
	return NULL;
}

static bool first_address_is(struct world *w, const char *service, const char *want)
{
	kl_autojson *slice = slice_of(w, service);
	const json_t *endpoint = json_array_get(json_object_get(slice, "endpoints"), 0);
	const char *ip = json_string_value(json_array_get(json_object_get(endpoint, "addresses"), 0));
	return !strcmp(ip ? ip : "", want);
}

KL_TEST(endpoints_kept_by_hand_are_mirrored)
{
	struct world w;
	world_open(&w);
	json_decref(world_create(
		&w, "", "Service", "default", "{'metadata':{'name':'db'},'spec':{'ports':[{'port':5432}]}}"));
	json_decref(world_create(&w, "", "Endpoints", "default",
		"{'metadata':{'name':'db','labels':{'x':'y'}},'subsets':[{'addresses':[{'ip':'192.0.2.7'}],"
		"'notReadyAddresses':[{'ip':'192.0.2.8'}],'ports':[{'port':5433}]}]}"));
	UNTIL(first_address_is(&w, "db", "192.0.2.7"));
	kl_autojson *slice = slice_of(&w, "db");
	KL_CHECK_STR(kl_json_str(slice, "metadata", "labels", "x", NULL), "y");
	KL_CHECK_STR(kl_json_str(slice, "addressType", NULL), "IPv4");
	KL_CHECK_INT(json_array_size(json_object_get(slice, "endpoints")), 2);
	KL_CHECK_INT(kl_json_int(json_array_get(json_object_get(slice, "ports"), 0), 0, "port", NULL), 5433);
	world_patch(&w, "", "Endpoints", "default", "db",
		"{'subsets':[{'addresses':[{'ip':'192.0.2.9'}],'ports':[{'port':5433}]}]}");
	UNTIL(first_address_is(&w, "db", "192.0.2.9"));
	world_patch(&w, "", "Endpoints", "default", "db",
		"{'metadata':{'labels':{'endpointslice.kubernetes.io/skip-mirror':'true'}}}");
	UNTIL(first_address_is(&w, "db", ""));
	KL_CHECK(!slice_of(&w, "db"));
	world_close(&w);
}

/* --- hints and weights */

#define REPLICASET(annotations, count)                                                                          \
	"{'metadata':{'name':'rs'},'spec':{'replicas':" count                                                   \
	",'selector':{'matchLabels':{'app':'a'}},'template':{'metadata':{'labels':{'app':'a'}" annotations "}," \
	"'spec':{'terminationGracePeriodSeconds':1,'containers':[{'name':'c','image':'i'}]}}}}"

static void set_zone(struct world *w, const char *node, const char *zone)
{
	kl_autofree char *patch = kl_asprintf("{'metadata':{'labels':{'topology.kubernetes.io/zone':%s%s%s}}}",
		zone ? "'" : "", zone ? zone : "null", zone ? "'" : "");
	world_patch(w, "", "Node", "", node, patch);
}

/* "a1 b2": how many endpoints are hinted for zones a and b; "n" counts hints for nodes. */
static bool hints_are(struct world *w, const char *service, size_t a, size_t b, size_t nodes)
{
	kl_autojson *slice = slice_of(w, service);
	size_t i, has_a = 0, has_b = 0, has_nodes = 0;
	json_t *endpoint;
	json_array_foreach (json_object_get(slice, "endpoints"), i, endpoint) {
		const json_t *hints = json_object_get(endpoint, "hints");
		const char *zone = kl_json_str(json_array_get(json_object_get(hints, "forZones"), 0), "name", NULL);
		has_a += !strcmp(zone, "a");
		has_b += !strcmp(zone, "b");
		has_nodes += json_array_size(json_object_get(hints, "forNodes"));
	}
	return has_a == a && has_b == b && has_nodes == nodes;
}

static size_t endpoints_of(struct world *w, const char *service)
{
	size_t i, ready = 0;
	json_t *endpoint;
	kl_autojson *slice = slice_of(w, service);
	json_array_foreach (json_object_get(slice, "endpoints"), i, endpoint)
		ready += kl_json_bool(endpoint, false, "conditions", "ready", NULL);
	return ready;
}

static size_t on_node(struct world *w, const char *node)
{
	size_t i, count = 0;
	json_t *pod;
	kl_autojson *pods = world_list(w, "", "Pod", "default");
	json_array_foreach (pods, i, pod)
		count += !strcmp(kl_json_str(pod, "spec", "nodeName", NULL), node);
	return count;
}

KL_TEST(hints_follow_traffic_distribution)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	world_node(&w, "node2");
	set_zone(&w, "node1", "a");
	set_zone(&w, "node2", "b");
	json_decref(world_create(&w, "", "Service", "default",
		"{'metadata':{'name':'web'},'spec':{'ports':[{'port':80}],'selector':{'app':'a'},"
		"'trafficDistribution':'PreferClose'}}"));
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("", "4")));
	UNTIL(endpoints_of(&w, "web") == 4);
	size_t a = on_node(&w, "node1"), b = on_node(&w, "node2");
	UNTIL(hints_are(&w, "web", a, b, 0));
	world_patch(&w, "", "Service", "default", "web", "{'spec':{'trafficDistribution':'PreferSameNode'}}");
	UNTIL(hints_are(&w, "web", a, b, 4));
	set_zone(&w, "node2", "a"); /* endpoints follow their node's zone */
	UNTIL(hints_are(&w, "web", 4, 0, 4));
	world_patch(&w, "", "Service", "default", "web", "{'spec':{'trafficDistribution':null}}");
	UNTIL(hints_are(&w, "web", 0, 0, 0));
	world_close(&w);
}

KL_TEST(hints_by_share_need_zones_and_endpoints_enough)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	world_node(&w, "node2");
	set_zone(&w, "node1", "a");
	json_decref(world_create(&w, "", "Service", "default",
		"{'metadata':{'name':'web','annotations':{'service.kubernetes.io/topology-mode':'Auto'}},"
		"'spec':{'ports':[{'port':80}],'selector':{'app':'a'}}}"));
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("", "6")));
	UNTIL(endpoints_of(&w, "web") == 6 && events(&w, "TopologyAwareHintsDisabled") >= 1);
	KL_CHECK(hints_are(&w, "web", 0, 0, 0));
	set_zone(&w, "node2", "b");
	UNTIL(hints_are(&w, "web", 3, 3, 0));
	/* As many processors in both zones: each gets half of the endpoints, wherever those are. */
	world_close(&w);
}

static bool weights_are(struct world *w, const char *service, size_t want)
{
	kl_autojson *slice = slice_of(w, service);
	const char *text = kl_json_str(slice, "metadata", "annotations", "keelson.dev/weights", NULL);
	size_t found = 0;
	for (const char *at = text; (at = strstr(at, "=7")); at++)
		found++;
	return found == want;
}

KL_TEST(pods_weights_reach_their_slices)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "", "Service", "default",
		"{'metadata':{'name':'web'},'spec':{'ports':[{'port':80}],'selector':{'app':'a'}}}"));
	json_decref(world_create(
		&w, "apps", "ReplicaSet", "default", REPLICASET(",'annotations':{'keelson.dev/weight':'7'}", "2")));
	UNTIL(weights_are(&w, "web", 2));
	kl_autojson *pods = world_list(&w, "", "Pod", "default");
	const char *name = kl_json_str(json_array_get(pods, 0), "metadata", "name", NULL);
	world_patch(&w, "", "Pod", "default", name, "{'metadata':{'annotations':{'keelson.dev/weight':null}}}");
	UNTIL(weights_are(&w, "web", 1));
	json_decref(world_create(&w, "", "Pod", "default",
		"{'metadata':{'name':'bad','annotations':{'keelson.dev/weight':'heavy'}},"
		"'spec':{'containers':[{'name':'c','image':'i'}]}}"));
	UNTIL(events(&w, "InvalidAnnotation") == 1);
	world_close(&w);
}

KL_MAIN()
