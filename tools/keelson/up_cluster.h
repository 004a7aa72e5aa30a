/*
 * A cluster on one machine, as `keelson up`, `down` and `status` know it: its name, its index (which all addresses
 * follow from), its nodes, its folders. Kept in <data>/cluster.json; everything else is derived.
 */
#ifndef KL_UP_CLUSTER_H
#define KL_UP_CLUSTER_H

#include "err.h"
#include "json.h"
#include "link.h"

#include <stdbool.h>
#include <stdint.h>

#define KL_CLUSTERS_DATA "/var/lib/keelson/clusters"
#define KL_CLUSTERS_RUN  "/run/keelson/clusters"
#define KL_CLUSTERS_PINS "/sys/fs/bpf/keelson"
#define KL_DEMO_IMAGES   "/var/cache/keelson/demo-images"

enum {
	KL_CLUSTERS_MAX = 16,       /* indexes 0…15 */
	KL_CLUSTER_NODES_MAX = 200, /* addresses .11 to .210 of the node network */
	KL_CLUSTER_NAME_MAX = 40,
	KL_REGISTRY_PORT = 5000,
};

struct kl_cluster {
	char *name;
	int index;
	bool dual_stack;                 /* pods and Services have IPv6 addresses too */
	bool registry;                   /* one is run beside the server */
	int nodes[KL_CLUSTER_NODES_MAX]; /* numbers, ascending: node1 is 1 */
	size_t node_count;
	char *data_dir, *run_dir, *pin_dir; /* of this cluster */
	char *kubeconfig;
	char *binary, *cni_plugin;        /* as found when the cluster was made */
	json_t *server_args, *agent_args; /* arrays of strings: more options for those programs */
	char bridge[IFNAMSIZ];
	char bridge_ip[KL_ADDR_TEXT], bridge_ip6[KL_ADDR_TEXT];
	char pod_cidr[KL_PREFIX_TEXT], service_cidr[KL_PREFIX_TEXT];
	char pod_cidr6[KL_PREFIX_TEXT], service_cidr6[KL_PREFIX_TEXT];
	char lb_cidr[KL_PREFIX_TEXT], lb_cidr6[KL_PREFIX_TEXT]; /* of Services of type LoadBalancer */
	int api_port;
};

/* Lower-case letters, digits and hyphens, a letter first: it becomes part of paths, links and namespaces. */
bool kl_cluster_name_valid(const char *name);
struct kl_cluster *kl_cluster_new(const char *name, int index);
void kl_cluster_free(struct kl_cluster *cluster);
KL_AUTO(kl_cleanup_cluster, struct kl_cluster, kl_cluster_free)
#define kl_autocluster kl_cleanup(kl_cleanup_cluster) struct kl_cluster

/* -ENOENT when there is no such cluster. */
int kl_cluster_load(const char *name, struct kl_cluster **ret, struct kl_err *err);
int kl_cluster_save(const struct kl_cluster *cluster, struct kl_err *err);
/* Names of all clusters that left anything, sorted; each and the array owned by the caller. */
char **kl_cluster_names(size_t *ret_count);
/* The smallest index that no cluster uses, and whose API port and addresses nobody else has; -ENOSPC. Under
 * kl_clusters_lock. */
int kl_cluster_free_index(struct kl_err *err);

/* Orders every `up` and `down` on the machine; the lock goes with the fd. Waits; says so on a terminal. */
int kl_clusters_lock(struct kl_err *err);
/* Removes the lock's file and its folders when no cluster is left. Under the lock. */
void kl_clusters_forget(void);

bool kl_cluster_has_node(const struct kl_cluster *cluster, int node);
void kl_cluster_add_node(struct kl_cluster *cluster, int node);
void kl_cluster_remove_node(struct kl_cluster *cluster, int node);
/* "node3" to 3; -EINVAL. */
int kl_cluster_node_number(const char *name);

/* Of one node. */
struct kl_cluster_node {
	int number;
	char name[16];
	char ip[KL_ADDR_TEXT], ip6[KL_ADDR_TEXT];
	char link[IFNAMSIZ];        /* the uplink's end in the root namespace */
	char netns[96], mntns[160]; /* paths */
	char data_dir[160], run_dir[160], pin_dir[160], pki_dir[192];
	char cgroup[96]; /* relative to each hierarchy: "/keelson/dev/node1" */
};
void kl_cluster_node(const struct kl_cluster *cluster, int number, struct kl_cluster_node *ret);

#endif
