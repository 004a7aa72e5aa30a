#include "up_cluster.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "netns.h"

#define LOCK KL_CLUSTERS_RUN "/.lock"

bool kl_cluster_name_valid(const char *name)
{
	size_t len = strlen(name);
	if (!len || len > KL_CLUSTER_NAME_MAX || !islower((unsigned char)*name) || name[len - 1] == '-')
		return false;
	for (; *name; name++)
		if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '-')
			return false;
	return true;
}

/* "kl-dev"; a long name is cut and told apart by a hash. */
static void bridge_name(const char *name, char ret[IFNAMSIZ])
{
	uint32_t hash = 0x811c9dc5;
	if (strlen(name) + 3 < IFNAMSIZ) {
		snprintf(ret, IFNAMSIZ, "kl-%s", name);
		return;
	}
	for (const char *at = name; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 0x01000193;
	snprintf(ret, IFNAMSIZ, "kl-%.5s-%06x", name, hash >> 8);
}

struct kl_cluster *kl_cluster_new(const char *name, int index)
{
	struct kl_cluster *cluster = kl_calloc(1, sizeof(*cluster));
	cluster->name = kl_strdup(name);
	cluster->index = index;
	cluster->data_dir = kl_asprintf(KL_CLUSTERS_DATA "/%s", name);
	cluster->run_dir = kl_asprintf(KL_CLUSTERS_RUN "/%s", name);
	cluster->pin_dir = kl_asprintf(KL_CLUSTERS_PINS "/%s", name);
	cluster->kubeconfig = kl_asprintf("%s/kubeconfig", cluster->data_dir);
	bridge_name(name, cluster->bridge);
	snprintf(cluster->bridge_ip, sizeof(cluster->bridge_ip), "10.88.%d.1", index);
	snprintf(cluster->bridge_ip6, sizeof(cluster->bridge_ip6), "fd88:0:0:%x::1", index);
	snprintf(cluster->pod_cidr, sizeof(cluster->pod_cidr), "10.%d.0.0/16", 128 + index);
	snprintf(cluster->service_cidr, sizeof(cluster->service_cidr), "10.%d.0.0/16", 160 + index);
	snprintf(cluster->lb_cidr, sizeof(cluster->lb_cidr), "10.%d.0.0/24", 192 + index);
	snprintf(cluster->pod_cidr6, sizeof(cluster->pod_cidr6), "fd88:1:%x::/48", index);
	snprintf(cluster->service_cidr6, sizeof(cluster->service_cidr6), "fd88:2:%x::/112", index);
	snprintf(cluster->lb_cidr6, sizeof(cluster->lb_cidr6), "fd88:3:%x::/112", index);
	cluster->api_port = 6443 + index;
	cluster->server_args = json_array();
	cluster->agent_args = json_array();
	return cluster;
}

void kl_cluster_free(struct kl_cluster *cluster)
{
	if (!cluster)
		return;
	free(cluster->name);
	free(cluster->data_dir);
	free(cluster->run_dir);
	free(cluster->pin_dir);
	free(cluster->kubeconfig);
	free(cluster->binary);
	free(cluster->cni_plugin);
	json_decref(cluster->server_args);
	json_decref(cluster->agent_args);
	free(cluster);
}

static char *file_of(const char *name)
{
	return kl_asprintf(KL_CLUSTERS_DATA "/%s/cluster.json", name);
}

int kl_cluster_load(const char *name, struct kl_cluster **ret, struct kl_err *err)
{
	kl_autofree char *path = file_of(name);
	if (!kl_path_exists(path))
		return kl_fail_msg(err, ENOENT, "there is no cluster '%s'", name);
	kl_autojson *json = kl_json_load(path, 1 << 20, err);
	int index = (int)kl_json_int(json, -1, "index", NULL);
	if (!json || index < 0 || index >= KL_CLUSTERS_MAX)
		return json ? kl_fail_msg(err, EINVAL, "'%s' has no valid index", path) : -EINVAL;
	struct kl_cluster *cluster = kl_cluster_new(name, index);
	size_t i;
	json_t *node;
	json_array_foreach (kl_json_get(json, "nodes", NULL), i, node)
		kl_cluster_add_node(cluster, (int)json_integer_value(node));
	cluster->dual_stack = kl_json_bool(json, false, "dualStack", NULL);
	cluster->registry = kl_json_bool(json, false, "registry", NULL);
	cluster->binary = kl_strdup(kl_json_str(json, "binary", NULL));
	cluster->cni_plugin = kl_strdup(kl_json_str(json, "cniPlugin", NULL));
	json_array_extend(cluster->server_args, kl_json_get(json, "serverArgs", NULL));
	json_array_extend(cluster->agent_args, kl_json_get(json, "agentArgs", NULL));
	*ret = cluster;
	return 0;
}

int kl_cluster_save(const struct kl_cluster *cluster, struct kl_err *err)
{
	kl_autofree char *path = file_of(cluster->name);
	kl_autobuf text = {0};
	json_t *nodes = json_array();
	for (size_t i = 0; i < cluster->node_count; i++)
		json_array_append_new(nodes, json_integer(cluster->nodes[i]));
	kl_autojson *json = json_pack("{s:s, s:i, s:o, s:b, s:b, s:s, s:s, s:O, s:O}", "name", cluster->name, "index",
		cluster->index, "nodes", nodes, "dualStack", cluster->dual_stack, "registry", cluster->registry,
		"binary", cluster->binary, "cniPlugin", cluster->cni_plugin, "serverArgs", cluster->server_args,
		"agentArgs", cluster->agent_args);
	kl_json_dump(json, &text);
	kl_buf_char(&text, '\n');
	int rc = kl_mkdir_p(cluster->data_dir, 0755, err);
	return rc ? rc : kl_file_write_atomic(path, text.data, text.len, 0644, err);
}

static void add_names(const char *dir, char ***names, size_t *count)
{
	DIR *folder = opendir(dir);
	for (const struct dirent *entry; folder && (entry = readdir(folder));) {
		bool known = !kl_cluster_name_valid(entry->d_name);
		for (size_t i = 0; !known && i < *count; i++)
			known = !strcmp((*names)[i], entry->d_name);
		if (known)
			continue;
		*names = kl_reallocarray(*names, *count + 1, sizeof(**names));
		(*names)[(*count)++] = kl_strdup(entry->d_name);
	}
	if (folder)
		closedir(folder);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **kl_cluster_names(size_t *ret_count)
{
	char **names = NULL;
	size_t count = 0;
	add_names(KL_CLUSTERS_DATA, &names, &count);
	add_names(KL_CLUSTERS_RUN, &names, &count);
	if (count)
		qsort(names, count, sizeof(*names), by_name);
	*ret_count = count;
	return names;
}

struct overlap {
	struct kl_prefix ranges[4];
	bool found;
};

static void seek_overlap(uint32_t ifindex, const struct kl_prefix *addr, void *arg)
{
	struct overlap *overlap = arg;
	(void)ifindex;
	for (size_t i = 0; i < KL_ARRAY_LEN(overlap->ranges); i++)
		overlap->found = overlap->found || kl_prefix_contains(&overlap->ranges[i], &addr->addr);
}

/* An address of somebody else's (podman takes 10.88.0.1) where this cluster's would be. */
static bool addresses_taken(const struct kl_cluster *cluster)
{
	kl_autolink *host = NULL;
	struct overlap overlap = {0};
	kl_autofree char *nodes = kl_asprintf("%s/24", cluster->bridge_ip);
	if (kl_prefix_read(nodes, &overlap.ranges[0]) || kl_prefix_read(cluster->pod_cidr, &overlap.ranges[1]) ||
		kl_prefix_read(cluster->service_cidr, &overlap.ranges[2]) ||
		kl_prefix_read(cluster->lb_cidr, &overlap.ranges[3]) || kl_link_open(-1, &host, NULL) ||
		kl_link_addrs_each(host, 0, seek_overlap, &overlap, NULL))
		return false;
	return overlap.found;
}

static bool port_taken(int port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;
	kl_autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd >= 0 && bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) && errno == EADDRINUSE;
}

static bool index_usable(int index)
{
	kl_autocluster *cluster = kl_cluster_new("probe", index);
	return !port_taken(cluster->api_port) && !addresses_taken(cluster);
}

int kl_cluster_free_index(struct kl_err *err)
{
	bool used[KL_CLUSTERS_MAX] = {false};
	size_t count;
	char **names = kl_cluster_names(&count);
	for (size_t i = 0; i < count; i++) {
		kl_autocluster *cluster = NULL;
		if (!kl_cluster_load(names[i], &cluster, NULL))
			used[cluster->index] = true;
		free(names[i]);
	}
	free(names);
	for (int i = 0; i < KL_CLUSTERS_MAX; i++)
		if (!used[i] && index_usable(i))
			return i;
	return kl_fail_msg(err, ENOSPC,
		"all %d places for clusters on this machine are taken; 'keelson down' makes room", KL_CLUSTERS_MAX);
}

static int lock_file(int fd, struct kl_err *err)
{
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return 0;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "waiting for another 'keelson up' or 'keelson down' to end…\n");
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return kl_fail(err, errno, "lock '" LOCK "'");
	return 0;
}

int kl_clusters_lock(struct kl_err *err)
{
	for (;;) {
		struct stat held, named;
		if (kl_mkdir_p(KL_CLUSTERS_RUN, 0755, err))
			return err->code;
		kl_autoclose int fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return kl_fail(err, errno, "open '" LOCK "'");
		int rc = lock_file(fd, err);
		if (rc)
			return rc;
		/* Whoever removed the last cluster removed the file too, perhaps while we waited for it. */
		if (fstat(fd, &held) || stat(LOCK, &named) || held.st_ino != named.st_ino)
			continue;
		int ret = fd;
		fd = -1;
		return ret;
	}
}

void kl_clusters_forget(void)
{
	size_t count;
	char **names = kl_cluster_names(&count);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	if (count)
		return;
	unlink(LOCK);
	rmdir(KL_CLUSTERS_RUN);
	rmdir("/run/keelson");
}

bool kl_cluster_has_node(const struct kl_cluster *cluster, int node)
{
	for (size_t i = 0; i < cluster->node_count; i++)
		if (cluster->nodes[i] == node)
			return true;
	return false;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void kl_cluster_add_node(struct kl_cluster *cluster, int node)
{
	if (node < 1 || node > KL_CLUSTER_NODES_MAX || kl_cluster_has_node(cluster, node))
		return;
	cluster->nodes[cluster->node_count++] = node;
	qsort(cluster->nodes, cluster->node_count, sizeof(*cluster->nodes), by_number);
}

void kl_cluster_remove_node(struct kl_cluster *cluster, int node)
{
	size_t kept = 0;
	for (size_t i = 0; i < cluster->node_count; i++)
		if (cluster->nodes[i] != node)
			cluster->nodes[kept++] = cluster->nodes[i];
	cluster->node_count = kept;
}

int kl_cluster_node_number(const char *name)
{
	char *end;
	if (strncmp(name, "node", 4) || !isdigit((unsigned char)name[4]))
		return -EINVAL;
	long number = strtol(name + 4, &end, 10);
	return *end || number < 1 || number > KL_CLUSTER_NODES_MAX ? -EINVAL : (int)number;
}

void kl_cluster_node(const struct kl_cluster *cluster, int number, struct kl_cluster_node *ret)
{
	struct kl_cluster_node node = {.number = number};
	snprintf(node.name, sizeof(node.name), "node%d", number);
	snprintf(node.ip, sizeof(node.ip), "10.88.%d.%d", cluster->index, 10 + number);
	snprintf(node.ip6, sizeof(node.ip6), "fd88:0:0:%x::%x", cluster->index, 10 + number);
	snprintf(node.link, sizeof(node.link), "kl%x-%.8s", cluster->index, node.name);
	snprintf(node.netns, sizeof(node.netns), KL_NETNS_NAMED_DIR "/kl-%s-%s", cluster->name, node.name);
	snprintf(node.mntns, sizeof(node.mntns), "%s/ns/%s.mnt", cluster->run_dir, node.name);
	snprintf(node.data_dir, sizeof(node.data_dir), "%s/nodes/%s", cluster->data_dir, node.name);
	snprintf(node.run_dir, sizeof(node.run_dir), "%s/nodes/%s", cluster->run_dir, node.name);
	snprintf(node.pin_dir, sizeof(node.pin_dir), "%s/%s", cluster->pin_dir, node.name);
	snprintf(node.pki_dir, sizeof(node.pki_dir), "%s/pki", node.data_dir);
	snprintf(node.cgroup, sizeof(node.cgroup), "/keelson/%s/%s", cluster->name, node.name);
	*ret = node;
}
