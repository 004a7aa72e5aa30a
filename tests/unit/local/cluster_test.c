/*
 * What follows from a local cluster's name and index: names that fit where they must, addresses that never collide.
 */
#include "testlib.h"
#include "up_cluster.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define LONGEST "a-name-of-forty-letters-is-still-allowed"

KL_TEST(names)
{
	static const struct {
		const char *name;
		bool valid;
	} cases[] = {
		{"dev", true},
		{"a", true},
		{"e2e-4711", true},
		{LONGEST, true},
		{LONGEST "x", false},
		{"", false},
		{"Dev", false},
		{"1st", false},
		{"-a", false},
		{"a-", false},
		{"a b", false},
		{"a/b", false},
		{"..", false},
		{"a.b", false},
		{"a_b", false},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++)
		if (kl_cluster_name_valid(cases[i].name) != cases[i].valid)
			kl_test_failed(
				__FILE__, __LINE__, "'%s' is %svalid", cases[i].name, cases[i].valid ? "not " : "");
}

KL_TEST(node_names)
{
	static const struct {
		const char *name;
		int number;
	} cases[] = {
		{"node1", 1},
		{"node200", 200},
		{"node201", -EINVAL},
		{"node0", -EINVAL},
		{"node", -EINVAL},
		{"node1x", -EINVAL},
		{"node-1", -EINVAL},
		{"node 1", -EINVAL},
		{"nodes", -EINVAL},
		{"", -EINVAL},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++)
		KL_CHECK_INT(kl_cluster_node_number(cases[i].name), cases[i].number);
}

KL_TEST(a_set_of_nodes)
{
	kl_autocluster *cluster = kl_cluster_new("dev", 0);
	static const int added[] = {3, 1, 2, 3, 0, 201, -1};
	for (size_t i = 0; i < KL_ARRAY_LEN(added); i++)
		kl_cluster_add_node(cluster, added[i]);
	KL_CHECK_INT(cluster->node_count, 3);
	KL_CHECK(cluster->nodes[0] == 1 && cluster->nodes[1] == 2 && cluster->nodes[2] == 3);
	kl_cluster_remove_node(cluster, 2);
	kl_cluster_remove_node(cluster, 9);
	KL_CHECK_INT(cluster->node_count, 2);
	KL_CHECK(!kl_cluster_has_node(cluster, 2) && kl_cluster_has_node(cluster, 3));
}

KL_TEST(what_is_derived_fits_where_it_must)
{
	kl_autocluster *cluster = kl_cluster_new(LONGEST, KL_CLUSTERS_MAX - 1);
	struct kl_cluster_node node;
	char socket[sizeof(((struct sockaddr_un *)0)->sun_path) + 64];
	kl_cluster_node(cluster, KL_CLUSTER_NODES_MAX, &node);
	KL_CHECK(strlen(cluster->bridge) < IFNAMSIZ);
	KL_CHECK_STR(node.link, "klf-node200");
	KL_CHECK_STR(node.ip, "10.88.15.210");
	KL_CHECK_STR(node.ip6, "fd88:0:0:f::d2");
	KL_CHECK_STR(cluster->pod_cidr, "10.143.0.0/16");
	KL_CHECK_STR(cluster->service_cidr, "10.175.0.0/16");
	KL_CHECK_STR(strrchr(node.netns, '/'), "/kl-" LONGEST "-node200");
	KL_CHECK_STR(strrchr(node.mntns, '/'), "/node200.mnt");
	KL_CHECK_STR(strrchr(node.pki_dir, '/'), "/pki");
	snprintf(socket, sizeof(socket), "%s/agent.sock", node.run_dir);
	KL_CHECK(strlen(socket) < sizeof(((struct sockaddr_un *)0)->sun_path));
}

KL_TEST(long_names_have_bridges_of_their_own)
{
	kl_autocluster *a = kl_cluster_new("a-name-that-is-cut-1", 0), *b = kl_cluster_new("a-name-that-is-cut-2", 1);
	kl_autocluster *fits = kl_cluster_new("twelve-chars", 2);
	KL_CHECK(strcmp(a->bridge, b->bridge) != 0);
	KL_CHECK_STR(fits->bridge, "kl-twelve-chars");
}

KL_TEST(ranges_of_all_clusters_are_disjoint)
{
	static const char *const machine[] = {
		"10.88.0.0/16", "10.96.0.0/16", "10.244.0.0/16"}; /* nodes; a real host's defaults */
	struct kl_prefix ranges[2 * KL_CLUSTERS_MAX + KL_ARRAY_LEN(machine)];
	size_t count = 0;
	for (size_t i = 0; i < KL_ARRAY_LEN(machine); i++)
		KL_CHECK_INT(kl_prefix_read(machine[i], &ranges[count++]), 0);
	for (int i = 0; i < KL_CLUSTERS_MAX; i++) {
		kl_autocluster *cluster = kl_cluster_new("dev", i);
		KL_CHECK_INT(kl_prefix_read(cluster->pod_cidr, &ranges[count++]), 0);
		KL_CHECK_INT(kl_prefix_read(cluster->service_cidr, &ranges[count++]), 0);
	}
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++)
			KL_CHECK(i == k || !kl_prefix_contains(&ranges[i], &ranges[k].addr));
}

KL_MAIN()
