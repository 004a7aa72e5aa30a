#include "up_node.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <mntent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "file.h"
#include "netns.h"
#include "routes.h"
#include "up_xdp.h"

/* ---- mounts ---- */

static bool below(const char *path, const char *dir)
{
	size_t len = strlen(dir);
	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

struct paths {
	char **items;
	size_t count;
};

static void mounts_below(const char *dir, struct paths *paths)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	for (const struct mntent *entry; mounts && (entry = getmntent(mounts));) {
		if (!below(entry->mnt_dir, dir))
			continue;
		paths->items = kl_reallocarray(paths->items, paths->count + 1, sizeof(*paths->items));
		paths->items[paths->count++] = kl_strdup(entry->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
}

int kl_unmount_below(const char *dir, struct kl_err *err)
{
	struct paths paths = {0};
	int rc = 0;
	mounts_below(dir, &paths);
	/* In the order of mounting, so the last are the deepest. */
	for (size_t i = paths.count; i-- > 0;) {
		if (umount2(paths.items[i], MNT_DETACH | UMOUNT_NOFOLLOW) && errno != EINVAL && errno != ENOENT)
			rc = kl_fail(err, errno, "unmount '%s'", paths.items[i]);
		free(paths.items[i]);
	}
	free(paths.items);
	return rc;
}

/* ---- the mount namespace ---- */

static bool is_mount_namespace(const char *path)
{
	kl_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNS;
}

/* A namespace can be bound only to a mount that is propagated nowhere, or it would come to stand in itself. */
static int private_folder(const char *dir, struct kl_err *err)
{
	struct paths paths = {0};
	int rc = kl_mkdir_p(dir, 0700, err);
	if (rc)
		return rc;
	mounts_below(dir, &paths);
	bool mounted = false;
	for (size_t i = 0; i < paths.count; i++) {
		mounted = mounted || !strcmp(paths.items[i], dir);
		free(paths.items[i]);
	}
	free(paths.items);
	if (!mounted && (mount(dir, dir, NULL, MS_BIND, NULL) || mount(NULL, dir, NULL, MS_PRIVATE, NULL)))
		return kl_fail(err, errno, "bind '%s' to itself", dir);
	return 0;
}

/*
 * crun 1.8 refuses a hybrid cgroup hierarchy while the v2 mount lists controllers; in the node's own mounts an empty
 * list is bound over it. Where that fails runc is taken.
 */
static void hide_controllers(void)
{
	struct kl_cgroups cgroups = {0};
	kl_autofree char *file = NULL;
	if (!kl_cgroups_load(&cgroups, NULL) && kl_cgroups_hybrid_controllers(&cgroups, &file))
		mount("/dev/null", file, NULL, MS_BIND, NULL);
	kl_cgroups_release(&cgroups);
}

/*
 * The copy of the mounts holds other nodes' namespaces as well, and would keep them alive after those nodes have gone.
 * Mounts made on the host later are seen, mounts made here are not seen there.
 */
static int enter_new_mounts(struct kl_err *err)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return kl_fail(err, errno, "make a mount namespace");
	kl_unmount_below(KL_NETNS_NAMED_DIR, NULL);
	kl_unmount_below(KL_CLUSTERS_RUN, NULL);
	hide_controllers();
	return 0;
}

/* The child has the namespace and waits until the parent has bound it. */
static void __attribute__((noreturn)) hold_mounts(int ready, int done)
{
	struct kl_err err = {0};
	char byte;
	enter_new_mounts(&err);
	if (write(ready, &err, sizeof(err)) != sizeof(err) || read(done, &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

static int bind_mounts(pid_t pid, int ready, const char *path, struct kl_err *err)
{
	struct kl_err said;
	kl_autofree char *self = kl_asprintf("/proc/%d/ns/mnt", pid);
	if (read(ready, &said, sizeof(said)) != sizeof(said))
		return kl_fail_msg(err, EIO, "the process that makes a mount namespace died");
	if (said.code) {
		if (err)
			*err = said;
		return said.code;
	}
	kl_autoclose int file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0400);
	if (file < 0 || mount(self, path, NULL, MS_BIND, NULL))
		return kl_fail(err, errno, "bind a mount namespace to '%s'", path);
	return 0;
}

static int make_mounts(const char *path, struct kl_err *err)
{
	int ready[2], done[2];
	if (is_mount_namespace(path))
		return 0;
	if (pipe2(ready, O_CLOEXEC) || pipe2(done, O_CLOEXEC))
		return kl_fail(err, errno, "make a pipe");
	pid_t pid = fork();
	if (!pid) {
		close(done[1]);
		hold_mounts(ready[1], done[0]);
	}
	close(ready[1]);
	close(done[0]);
	int rc = pid < 0 ? kl_fail(err, errno, "fork") : bind_mounts(pid, ready[0], path, err);
	close(ready[0]);
	close(done[1]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return rc;
}

/* ---- the network ---- */

static int give_address(struct kl_link *link, uint32_t ifindex, const char *ip, unsigned len, struct kl_err *err)
{
	struct kl_prefix prefix;
	kl_autofree char *text = kl_asprintf("%s/%u", ip, len);
	if (kl_prefix_read(text, &prefix))
		return kl_fail_msg(err, EINVAL, "'%s' is no address", text);
	return kl_link_addr_add(link, ifindex, &prefix, err);
}

int kl_cluster_bridge_make(struct kl_link *host, const struct kl_cluster *cluster, struct kl_err *err)
{
	struct kl_link_info bridge;
	int rc = kl_link_bridge_add(host, cluster->bridge, err);
	if (rc && rc != -EEXIST)
		return rc;
	rc = kl_link_get(host, cluster->bridge, &bridge, err);
	if (!rc)
		rc = kl_link_up(host, bridge.ifindex, err);
	if (!rc)
		rc = give_address(host, bridge.ifindex, cluster->bridge_ip, 24, err);
	/* A host without IPv6 does without it. */
	if (!rc)
		give_address(host, bridge.ifindex, cluster->bridge_ip6, 64, NULL);
	return rc;
}

static int remove_link(struct kl_link *host, const char *name, struct kl_err *err)
{
	struct kl_link_info info;
	int rc = kl_link_get(host, name, &info, err);
	if (!rc)
		rc = kl_link_delete(host, info.ifindex, err);
	if (rc == -ENODEV)
		kl_err_clear(err);
	return rc == -ENODEV ? 0 : rc;
}

int kl_cluster_bridge_remove(struct kl_link *host, const struct kl_cluster *cluster, struct kl_err *err)
{
	return remove_link(host, cluster->bridge, err);
}

static int default_route(struct kl_link *link, uint32_t ifindex, const char *via, struct kl_err *err)
{
	struct kl_route route = {.ifindex = ifindex};
	if (kl_addr_parse(via, &route.via))
		return kl_fail_msg(err, EINVAL, "'%s' is no address", via);
	kl_addr_parse(kl_addr_is_v4(&route.via) ? "0.0.0.0" : "::", &route.dst.addr);
	return kl_link_route_set(link, &route, err);
}

static int node_side(
	const struct kl_cluster *cluster, const struct kl_cluster_node *node, int netns, struct kl_err *err)
{
	kl_autolink *link = NULL;
	struct kl_link_info eth0;
	int rc = kl_link_open(netns, &link, err);
	if (!rc)
		rc = kl_link_get(link, "eth0", &eth0, err);
	if (!rc)
		rc = kl_link_up(link, eth0.ifindex, err);
	if (!rc)
		rc = give_address(link, eth0.ifindex, node->ip, 24, err);
	if (!rc)
		rc = default_route(link, eth0.ifindex, cluster->bridge_ip, err);
	if (!rc && !give_address(link, eth0.ifindex, node->ip6, 64, NULL))
		default_route(link, eth0.ifindex, cluster->bridge_ip6, NULL);
	/* Loose: a Service's answers come back another way than its requests went. */
	if (!rc)
		rc = kl_netns_sysctl(netns, "ipv4/conf/eth0/rp_filter", "2", err);
	return rc ? rc : kl_netns_sysctl(netns, "ipv4/ip_forward", "1", err);
}

static int make_uplink(struct kl_link *host, const struct kl_cluster *cluster, const struct kl_cluster_node *node,
	int netns, struct kl_err *err)
{
	struct kl_link_info end, bridge;
	struct kl_veth veth = {.name = node->link, .peer_name = "eth0", .peer_netns_fd = netns};
	int rc = kl_link_veth_add(host, &veth, err);
	if (rc && rc != -EEXIST)
		return rc;
	rc = kl_link_get(host, node->link, &end, err);
	if (!rc)
		rc = kl_link_get(host, cluster->bridge, &bridge, err);
	struct kl_link_change change = {
		.fields = KL_LINK_UP | KL_LINK_MASTER, .up = true, .master = rc ? 0 : bridge.ifindex};
	if (!rc)
		rc = kl_link_set(host, end.ifindex, &change, err);
	if (!rc)
		rc = node_side(cluster, node, netns, err);
	return rc || !kl_cluster_wants_xdp(cluster) ? rc : kl_node_prepare_xdp(cluster, node, netns, err);
}

static int open_or_make_netns(const char *path, struct kl_err *err)
{
	int fd = kl_netns_open(path, NULL);
	if (fd >= 0)
		return fd;
	/* Absent, or the empty file that a reboot leaves. */
	int rc = kl_netns_remove(path, err);
	if (!rc)
		rc = kl_mkdir_p(KL_NETNS_NAMED_DIR, 0755, err);
	if (!rc)
		rc = kl_netns_new(path, err);
	return rc ? rc : kl_netns_open(path, err);
}

int kl_node_make(
	struct kl_link *host, const struct kl_cluster *cluster, const struct kl_cluster_node *node, struct kl_err *err)
{
	kl_autofree char *ns_dir = kl_asprintf("%s/ns", cluster->run_dir);
	int rc = private_folder(ns_dir, err);
	if (!rc)
		rc = kl_mkdir_p(node->data_dir, 0755, err);
	if (!rc)
		rc = kl_mkdir_p(node->run_dir, 0755, err);
	if (!rc)
		rc = make_mounts(node->mntns, err);
	if (rc)
		return rc;
	kl_autoclose int netns = open_or_make_netns(node->netns, err);
	if (netns < 0)
		return netns;
	return make_uplink(host, cluster, node, netns, err);
}

int kl_node_remove(struct kl_link *host, const struct kl_cluster_node *node, struct kl_err *err)
{
	int rc = remove_link(host, node->link, err);
	if (!rc)
		rc = kl_netns_remove(node->netns, err);
	return rc ? rc : kl_netns_remove(node->mntns, err);
}

int kl_cluster_route(struct kl_link *host, const char *cidr, const char *node_ip, struct kl_err *err)
{
	struct kl_route route = {.protocol = KL_ROUTE_PROTOCOL};
	if (kl_prefix_read(cidr, &route.dst) || kl_addr_parse(node_ip, &route.via))
		return kl_fail_msg(err, EINVAL, "'%s' through '%s' is no route", cidr, node_ip);
	return kl_link_route_set(host, &route, err);
}
