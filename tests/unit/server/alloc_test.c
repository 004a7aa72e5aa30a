/* Random assignments and releases against a plain set of what must be held. */
#include "alloc.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

/* rows of tables leave out what is zero */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

enum { SERVICES = 30, ROUNDS = 4000 };

static json_t *services[SERVICES];

static json_t *random_service(void)
{
	json_t *spec = json_object(), *ports = json_array();
	static const char *const types[] = {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"};
	json_object_set_new(spec, "type", json_string(types[kl_test_random() % 4]));
	for (uint64_t i = 0; i < 1 + kl_test_random() % 3; i++) {
		json_t *port =
			json_pack("{s:I, s:s}", "port", (json_int_t)(80 + i), "protocol", i == 2 ? "UDP" : "TCP");
		if (kl_test_random() % 5 == 0)
			json_object_set_new(
				port, "nodePort", json_integer(30000 + (json_int_t)(kl_test_random() % 45)));
		json_array_append_new(ports, port);
	}
	if (kl_test_random() % 6 == 0)
		json_object_set_new(spec, "clusterIP",
			kl_test_random() % 2 ? json_string("None")
					     : json_sprintf("10.1.0.%d", (int)(kl_test_random() % 70)));
	json_object_set_new(spec, "ports", ports);
	return json_pack("{s:{s:s}, s:o}", "metadata", "name", "s", "spec", spec);
}

static void count_holdings(const json_t *service, int *ips, int *ports)
{
	size_t i;
	json_t *item;
	bool seen[65536] = {false};
	json_array_foreach (kl_json_get(service, "spec", "clusterIPs", NULL), i, item)
		if (strcmp(json_string_value(item), "None") != 0)
			ips[atoi(strrchr(json_string_value(item), '.') + 1)]++;
	json_array_foreach (kl_json_get(service, "spec", "ports", NULL), i, item) {
		json_int_t port = kl_json_int(item, 0, "nodePort", NULL);
		if (port && !seen[port])
			ports[port]++;
		seen[port] = true;
	}
}

/* Nobody shares, and what nobody holds can be had. */
static void check(struct kl_alloc *alloc)
{
	static int ports[65536];
	int ips[256] = {0};
	memset(ports, 0, sizeof(ports));
	for (int i = 0; i < SERVICES; i++)
		if (services[i])
			count_holdings(services[i], ips, ports);
	for (int i = 0; i < 64; i++) {
		KL_CHECK(ips[i] <= 1);
		kl_autojson *probe = json_pack("{s:{s:s}, s:{s:s, s:o, s:[]}}", "metadata", "name", "p", "spec", "type",
			"ClusterIP", "clusterIP", json_sprintf("10.1.0.%d", i), "ports");
		struct kl_alloc_change change;
		struct kl_status st = {0};
		KL_CHECK((kl_alloc_assign(alloc, NULL, probe, &change, &st) == 0) == (ips[i] == 0));
		kl_alloc_settle(alloc, &change, false);
		kl_status_release(&st);
	}
	for (int i = 30000; i < 30040; i++)
		KL_CHECK(ports[i] <= 1);
}

KL_TEST(nothing_is_given_twice_or_lost)
{
	struct kl_alloc *alloc;
	struct kl_err err = {0};
	KL_CHECK_INT(kl_alloc_new("10.1.0.0/26", 30000, 30039, &alloc, &err), 0);
	for (int round = 0; round < ROUNDS; round++) {
		size_t i = kl_test_random() % SERVICES;
		struct kl_alloc_change change = {0};
		struct kl_status st = {0};
		bool stored = kl_test_random() % 4 != 0;
		if (services[i] && kl_test_random() % 3 == 0) {
			kl_alloc_drop(services[i], &change);
			kl_alloc_settle(alloc, &change, stored);
			if (stored)
				json_decref(kl_take(&services[i]));
			continue;
		}
		json_t *next = random_service();
		if (services[i])
			kl_alloc_carry_over(services[i], next);
		if (kl_alloc_assign(alloc, services[i], next, &change, &st) < 0) {
			KL_CHECK_INT(st.code, 422);
			kl_status_release(&st);
			json_decref(next);
			continue;
		}
		kl_alloc_settle(alloc, &change, stored);
		json_decref(stored ? services[i] : next);
		if (stored)
			services[i] = next;
		if (round % 200 == 0)
			check(alloc);
	}
	check(alloc);
	for (int i = 0; i < SERVICES; i++)
		json_decref(services[i]);
	kl_alloc_free(alloc);
}

KL_TEST(ranges)
{
	static const struct {
		const char *cidr;
		int min, max;
		bool good;
	} cases[] = {
		{"10.96.0.0/16", 30000, 32767, true},
		{"fd00::/108", 30000, 32767, true},
		{"10.96.0.0/16,fd00::/108", 1, 65535, true},
		{"10.96.0.0", 30000, 32767, false},
		{"10.96.0.0/31", 1, 2, false},
		{"10.96.0.0/x", 1, 2, false},
		{"", 1, 2, false},
		{"10.96.0.0/16,10.97.0.0/16", 1, 2, false},
		{"10.96.0.0/16", 0, 2, false},
		{"10.96.0.0/16", 5, 2, false},
		{"10.96.0.0/16", 5, 70000, false},
		{"nonsense/16", 1, 2, false},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_alloc *alloc = NULL;
		struct kl_err err = {0};
		if (!KL_CHECK((kl_alloc_new(cases[i].cidr, cases[i].min, cases[i].max, &alloc, &err) == 0) ==
			      cases[i].good))
			kl_test_failed(__FILE__, __LINE__, "in '%s'", cases[i].cidr);
		kl_alloc_free(alloc);
	}
}

KL_TEST(dual_stack)
{
	struct kl_alloc *alloc;
	struct kl_alloc_change change;
	struct kl_status st = {0};
	KL_CHECK_INT(kl_alloc_new("10.1.0.0/24,fd00:1::/108", 30000, 30009, &alloc, NULL), 0);
	kl_autojson *both = json_pack("{s:{s:s}, s:{s:s, s:s, s:[]}}", "metadata", "name", "s", "spec", "type",
		"ClusterIP", "ipFamilyPolicy", "PreferDualStack", "ports");
	KL_CHECK_INT(kl_alloc_assign(alloc, NULL, both, &change, &st), 0);
	const json_t *ips = kl_json_get(both, "spec", "clusterIPs", NULL);
	KL_CHECK_INT(json_array_size(ips), 2);
	KL_CHECK(strchr(json_string_value(json_array_get(ips, 1)), ':') != NULL);
	kl_alloc_settle(alloc, &change, true);
	kl_autojson *six = json_pack("{s:{s:s}, s:{s:s, s:[s], s:[]}}", "metadata", "name", "s", "spec", "type",
		"ClusterIP", "ipFamilies", "IPv6", "ports");
	KL_CHECK_INT(kl_alloc_assign(alloc, NULL, six, &change, &st), 0);
	KL_CHECK(strchr(kl_json_str(six, "spec", "clusterIP", NULL), ':') != NULL);
	kl_alloc_settle(alloc, &change, true);
	kl_alloc_free(alloc);
}

/* A LoadBalancer with externalTrafficPolicy Local has a health check node port, as long as it is both. */
KL_TEST(health_ports_come_and_go_with_the_policy)
{
	struct kl_alloc *alloc = NULL;
	struct kl_alloc_change change;
	struct kl_status st = {0};
	KL_CHECK_INT(kl_alloc_new("10.1.0.0/24", 30000, 30009, &alloc, NULL), 0);
	kl_autojson *local = json_pack("{s:{s:s}, s:{s:s, s:s, s:[{s:i, s:s}]}}", "metadata", "name", "s", "spec",
		"type", "LoadBalancer", "externalTrafficPolicy", "Local", "ports", "port", 80, "protocol", "TCP");
	KL_CHECK_INT(kl_alloc_assign(alloc, NULL, local, &change, &st), 0);
	kl_alloc_settle(alloc, &change, true);
	int64_t port = kl_json_int(local, 0, "spec", "healthCheckNodePort", NULL);
	KL_CHECK(port >= 30000 && port != kl_json_int(json_array_get(kl_json_get(local, "spec", "ports", NULL), 0), 0,
						  "nodePort", NULL));
	kl_autojson *again = json_deep_copy(local), *cluster = json_deep_copy(local);
	kl_json_delete(again, "spec", "healthCheckNodePort", NULL);
	kl_alloc_carry_over(local, again);
	KL_CHECK_INT(kl_json_int(again, 0, "spec", "healthCheckNodePort", NULL), port);
	kl_json_set(cluster, json_string("Cluster"), "spec", "externalTrafficPolicy", NULL);
	kl_alloc_carry_over(local, cluster);
	KL_CHECK(!kl_json_get(cluster, "spec", "healthCheckNodePort", NULL));
	KL_CHECK_INT(kl_alloc_assign(alloc, local, cluster, &change, &st), 0);
	KL_CHECK_INT(json_integer_value(json_array_get(change.dropped, 0)), port);
	kl_alloc_settle(alloc, &change, true);
	kl_alloc_free(alloc);
}

KL_MAIN()
