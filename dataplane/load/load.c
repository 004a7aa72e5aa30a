#include "load.h"

#include "bpflink.h"
#include "file.h"
#include "load_impl.h"
#include "log.h"
#include "mem.h"

#include "kl_lb_tc_bpf.skel.h"
#include "kl_lb_xdp_bpf.skel.h"
#include "kl_sock_bpf.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/mount.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

struct hook {
	const char *program;
	uint32_t attach_type;
};
static const struct hook sock_hooks[] = {
	{"kl_connect4", BPF_CGROUP_INET4_CONNECT},
	{"kl_connect6", BPF_CGROUP_INET6_CONNECT},
	{"kl_sendmsg4", BPF_CGROUP_UDP4_SENDMSG},
	{"kl_sendmsg6", BPF_CGROUP_UDP6_SENDMSG},
	{"kl_recvmsg4", BPF_CGROUP_UDP4_RECVMSG},
	{"kl_recvmsg6", BPF_CGROUP_UDP6_RECVMSG},
	{"kl_getpeername4", BPF_CGROUP_INET4_GETPEERNAME},
	{"kl_getpeername6", BPF_CGROUP_INET6_GETPEERNAME},
	{"kl_release", BPF_CGROUP_INET_SOCK_RELEASE},
	{"kl_bind4", BPF_CGROUP_INET4_BIND},
	{"kl_bind6", BPF_CGROUP_INET6_BIND},
	{"kl_post_bind4", BPF_CGROUP_INET4_POST_BIND},
	{"kl_post_bind6", BPF_CGROUP_INET6_POST_BIND},
};
static const struct hook tc_hooks[] = {
	{"kl_lb_out", KL_TCX_EGRESS}, /* before the ingress: no reply may leave untranslated */
	{"kl_lb_in", KL_TCX_INGRESS},
};
static const struct hook xdp_hooks[] = {{"kl_lb_xdp", BPF_XDP}};

static const char *const mode_names[] = {
	[KL_LB_AUTO] = "auto",
	[KL_LB_XDP] = "xdp",
	[KL_LB_GENERIC] = "generic",
	[KL_LB_TC] = "tc",
	[KL_LB_NONE] = "none",
};

int kl_lb_mode_parse(const char *text, enum kl_lb_mode *ret)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(mode_names); i++)
		if (!strcmp(text, mode_names[i])) {
			*ret = (enum kl_lb_mode)i;
			return 0;
		}
	return -EINVAL;
}

const char *kl_lb_mode_name(enum kl_lb_mode mode)
{
	return mode_names[mode];
}

/* Keeps what libbpf says for the error message: the verifier's reason is in its last lines. */
static char last_words[400];
static int keep_words(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(last_words, sizeof(last_words), fmt, args);
	for (char *c = last_words; *c; c++)
		if (*c == '\n')
			*c = ' ';
	return 0;
}

static int reuse_maps(struct bpf_object *object, const struct kl_maps *maps, struct kl_err *err)
{
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, kl_maps_name((enum kl_map_id)id));
		int failed = map ? bpf_map__reuse_fd(map, maps->fd[id]) : 0;
		if (failed)
			return kl_fail(err, -failed, "use the pinned map %s", kl_maps_name((enum kl_map_id)id));
	}
	return 0;
}

int kl_object_load(struct bpf_object *object, const struct kl_maps *maps, struct kl_err *err)
{
	int failed = reuse_maps(object, maps, err);
	if (failed)
		return failed;
	kl_object_describe(object);
	last_words[0] = 0;
	libbpf_print_fn_t before = libbpf_set_print(keep_words);
	failed = bpf_object__load(object);
	libbpf_set_print(before);
	if (failed)
		return kl_fail(err, -failed, "load the BPF programs of %s (%s)", bpf_object__name(object), last_words);
	return 0;
}

/* A new pin takes the old one's place at once. */
static int pin_as(const char *pin_dir, const char *kind, const char *name, int fd, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/%s/%s", pin_dir, kind, name);
	kl_autofree char *fresh = kl_asprintf("%s/%s/%s_new", pin_dir, kind, name);
	unlink(fresh);
	if (bpf_obj_pin(fd, fresh) || rename(fresh, path))
		return kl_fail(err, errno, "pin '%s'", path);
	return 0;
}

int kl_program_pin(const char *pin_dir, const char *name, int fd, struct kl_err *err)
{
	return pin_as(pin_dir, "progs", name, fd, err);
}

struct attach {
	const struct kl_load_options *options;
	struct bpf_object *object;
	const struct hook *hooks;
	size_t count;
	int target;
	uint32_t flags;
	const char *suffix; /* of the pins' names; NULL: none */
};

static int attach_all(const struct attach *attach, struct kl_err *err)
{
	for (size_t i = 0; i < attach->count; i++) {
		const struct hook *hook = &attach->hooks[i];
		struct bpf_program *program = bpf_object__find_program_by_name(attach->object, hook->program);
		kl_autofree char *name = kl_asprintf("%s%s", hook->program, attach->suffix ? attach->suffix : "");
		kl_autofree char *path = kl_asprintf("%s/links/%s", attach->options->pin_dir, name);
		struct kl_bpf_link_spec spec = {
			.path = path,
			.prog_fd = bpf_program__fd(program),
			.attach_type = hook->attach_type,
			.target = attach->target,
			.flags = attach->flags,
		};
		int failed = kl_bpf_link_ensure(&spec, err);
		if (!failed)
			failed = kl_program_pin(attach->options->pin_dir, name, spec.prog_fd, err);
		if (failed)
			return failed;
	}
	return 0;
}

/* The root of the cgroup v2 hierarchy, wherever it is mounted, or if it is hidden here. */
static int open_cgroup(const char *path, struct kl_err *err)
{
	if (path) {
		int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return fd >= 0 ? fd : kl_fail(err, errno, "open the cgroup '%s'", path);
	}
	kl_autoclose int fs = (int)syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC);
	if (fs < 0)
		return kl_fail(err, errno, "open the cgroup v2 file system");
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return kl_fail(err, errno, "set up the cgroup v2 file system");
	kl_autoclose int mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (mount < 0)
		return kl_fail(err, errno, "mount the cgroup v2 file system");
	/* What fsmount returns is a path descriptor: bpf(2) wants an open folder. */
	int fd = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : kl_fail(err, errno, "open the cgroup v2 root");
}

static void destroy_sock(struct kl_sock_bpf *object)
{
	kl_sock_bpf__destroy(object);
}
KL_AUTO(cleanup_sock, struct kl_sock_bpf, destroy_sock)

static int load_sock(const struct kl_maps *maps, const struct kl_load_options *options, struct kl_err *err)
{
	kl_cleanup(cleanup_sock) struct kl_sock_bpf *skeleton = kl_sock_bpf__open();
	if (!skeleton)
		return kl_fail(err, errno, "open the BPF object of the socket programs");
	skeleton->rodata->netns_filter = options->netns_filter;
	int failed = kl_object_load(skeleton->obj, maps, err);
	if (failed)
		return failed;
	kl_autoclose int cgroup = open_cgroup(options->cgroup, err);
	if (cgroup < 0)
		return cgroup;
	struct attach attach = {options, skeleton->obj, sock_hooks, KL_ARRAY_LEN(sock_hooks), cgroup, 0, NULL};
	return attach_all(&attach, err);
}

/* BPF_F_IPV6 of bpf_l4_csum_replace came with 6.16. */
uint64_t kl_csum_v6_flag(void)
{
	struct utsname name;
	unsigned major = 0, minor = 0;
	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return 0;
	return major > 6 || (major == 6 && minor >= 16) ? 1ull << 7 : 0;
}

/* --- the balancer's uplinks. The first one's pins are named like the programs, the others' end in _IFINDEX. */

enum { UPLINKS_MAX = 16 };

struct uplink {
	char name[IFNAMSIZ];
	char suffix[16];
	int ifindex;
	bool veth, xdp;
};
struct uplinks {
	struct uplink list[UPLINKS_MAX];
	size_t count;
	bool any_veth, any_xdp;
};

static bool is_veth(const char *ifname)
{
	kl_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (void *)&info};
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", ifname);
	return fd >= 0 && !ioctl(fd, SIOCETHTOOL, &request) && !strcmp(info.driver, "veth");
}

static int uplink_add(struct uplinks *uplinks, const char *name, size_t len, enum kl_lb_mode mode, struct kl_err *err)
{
	struct uplink *uplink = &uplinks->list[uplinks->count];
	if (uplinks->count == UPLINKS_MAX)
		return kl_fail_msg(err, E2BIG, "more than %d uplinks", UPLINKS_MAX);
	if (!len || len >= sizeof(uplink->name))
		return kl_fail_msg(err, EINVAL, "'%.*s' is no interface's name", (int)len, name);
	memcpy(uplink->name, name, len);
	uplink->name[len] = 0;
	uplink->ifindex = (int)if_nametoindex(uplink->name);
	if (!uplink->ifindex)
		return kl_fail(err, errno, "find the uplink interface '%s'", uplink->name);
	for (size_t i = 0; i < uplinks->count; i++)
		if (uplinks->list[i].ifindex == uplink->ifindex)
			return 0;
	if (uplinks->count)
		snprintf(uplink->suffix, sizeof(uplink->suffix), "_%d", uplink->ifindex);
	uplink->veth = is_veth(uplink->name);
	uplink->xdp = mode == KL_LB_XDP || mode == KL_LB_GENERIC || (mode == KL_LB_AUTO && !uplink->veth);
	uplinks->any_veth |= uplink->veth;
	uplinks->any_xdp |= uplink->xdp;
	uplinks->count++;
	return 0;
}

/* "eth0,eth1" */
static int uplinks_parse(const char *text, enum kl_lb_mode mode, struct uplinks *ret, struct kl_err *err)
{
	memset(ret, 0, sizeof(*ret));
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		int failed = uplink_add(ret, at, len, mode, err);
		at += len;
		if (failed || !*at)
			return failed;
	}
}

static void drop_pin(const struct kl_load_options *options, const char *name)
{
	kl_autofree char *link = kl_asprintf("%s/links/%s", options->pin_dir, name);
	kl_autofree char *prog = kl_asprintf("%s/progs/%s", options->pin_dir, name);
	unlink(link);
	unlink(prog);
}

static void drop_xdp(const struct kl_load_options *options, const struct uplink *uplink)
{
	kl_autofree char *name = kl_asprintf("kl_lb_xdp%s", uplink->suffix);
	drop_pin(options, name);
}

/* Whether a pin is of an interface that is no uplink any more. */
static bool is_left_over(const struct uplinks *uplinks, const char *name)
{
	static const char *const begins[] = {"kl_lb_in_", "kl_lb_out_", "kl_lb_xdp_"};
	for (size_t i = 0; i < KL_ARRAY_LEN(begins); i++) {
		size_t len = strlen(begins[i]);
		if (strncmp(name, begins[i], len) || !name[len] || name[len + strspn(name + len, "0123456789")])
			continue;
		for (size_t k = 1; k < uplinks->count; k++)
			if (!strcmp(name + len - 1, uplinks->list[k].suffix))
				return false;
		return true;
	}
	return false;
}

static void drop_left_over(const struct kl_load_options *options, const struct uplinks *uplinks)
{
	kl_autofree char *path = kl_asprintf("%s/links", options->pin_dir);
	DIR *dir = opendir(path);
	for (const struct dirent *entry; dir && (entry = readdir(dir));)
		if (is_left_over(uplinks, entry->d_name))
			drop_pin(options, entry->d_name);
	if (dir)
		closedir(dir);
}

static void destroy_tc(struct kl_lb_tc_bpf *object)
{
	kl_lb_tc_bpf__destroy(object);
}
KL_AUTO(cleanup_tc, struct kl_lb_tc_bpf, destroy_tc)

static int open_tc(
	const struct kl_maps *maps, const struct uplinks *uplinks, struct kl_lb_tc_bpf **ret, struct kl_err *err)
{
	kl_cleanup(cleanup_tc) struct kl_lb_tc_bpf *skeleton = kl_lb_tc_bpf__open();
	if (!skeleton)
		return kl_fail(err, errno, "open the BPF object of the balancer");
	skeleton->rodata->csum_v6_flag = kl_csum_v6_flag();
	skeleton->rodata->many_uplinks = uplinks->count > 1;
	int failed = kl_object_load(skeleton->obj, maps, err);
	if (!failed)
		*ret = kl_take(&skeleton);
	return failed;
}

static void destroy_xdp(struct kl_lb_xdp_bpf *object)
{
	kl_lb_xdp_bpf__destroy(object);
}
KL_AUTO(cleanup_xdp, struct kl_lb_xdp_bpf, destroy_xdp)

static int open_xdp(
	const struct kl_maps *maps, const struct uplinks *uplinks, struct kl_lb_xdp_bpf **ret, struct kl_err *err)
{
	kl_cleanup(cleanup_xdp) struct kl_lb_xdp_bpf *skeleton = kl_lb_xdp_bpf__open();
	if (!skeleton)
		return kl_fail(err, errno, "open the BPF object of the balancer");
	skeleton->rodata->bounce_by_redirect = uplinks->any_veth;
	int failed = kl_object_load(skeleton->obj, maps, err);
	if (!failed)
		*ret = kl_take(&skeleton);
	return failed;
}

static int attach_tc(const struct kl_load_options *options, const struct kl_lb_tc_bpf *skeleton,
	const struct uplinks *uplinks, struct kl_err *err)
{
	int failed = 0;
	for (size_t i = 0; !failed && i < uplinks->count; i++) {
		const struct uplink *uplink = &uplinks->list[i];
		struct attach attach = {
			options, skeleton->obj, tc_hooks, KL_ARRAY_LEN(tc_hooks), uplink->ifindex, 0, uplink->suffix};
		failed = attach_all(&attach, err);
	}
	return failed;
}

/* What was not asked for by name may fail: tc does it alone. */
static int attach_xdp_to(const struct kl_load_options *options, const struct kl_lb_xdp_bpf *skeleton,
	struct uplink *uplink, struct kl_err *err)
{
	struct kl_err why = {0};
	uint32_t flags = options->mode == KL_LB_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
	struct attach attach = {
		options, skeleton->obj, xdp_hooks, KL_ARRAY_LEN(xdp_hooks), uplink->ifindex, flags, uplink->suffix};
	int failed = attach_all(&attach, &why);
	if (!failed)
		return 0;
	if (options->mode != KL_LB_AUTO)
		return kl_fail_msg(err, -failed, "%s", why.text);
	kl_info("no native XDP on %s, tc alone: %s", uplink->name, why.text);
	uplink->xdp = false;
	return 0;
}

static int attach_xdp(const struct kl_load_options *options, const struct kl_lb_xdp_bpf *skeleton,
	struct uplinks *uplinks, struct kl_err *err)
{
	int failed = 0;
	uplinks->any_xdp = false;
	for (size_t i = 0; !failed && i < uplinks->count; i++) {
		if (uplinks->list[i].xdp)
			failed = attach_xdp_to(options, skeleton, &uplinks->list[i], err);
		uplinks->any_xdp |= uplinks->list[i].xdp;
	}
	/* The kernel empties an array of programs that no descriptor and no pin holds. */
	return failed ? failed
		      : pin_as(options->pin_dir, "tails", "kl_lb_rest", bpf_map__fd(skeleton->maps.kl_lb_rest), err);
}

/* Programs and pins of what is not wanted any more. */
static void drop_old(const struct kl_load_options *options, const struct uplinks *uplinks)
{
	kl_autofree char *rest = kl_asprintf("%s/tails/kl_lb_rest", options->pin_dir);
	for (size_t i = 0; i < uplinks->count; i++)
		if (!uplinks->list[i].xdp)
			drop_xdp(options, &uplinks->list[i]);
	if (!uplinks->any_xdp)
		unlink(rest);
	drop_left_over(options, uplinks);
}

/* XDP's object, unless it does not load and was not asked for by name. */
static int open_xdp_if_wanted(const struct kl_maps *maps, const struct kl_load_options *options,
	struct uplinks *uplinks, struct kl_lb_xdp_bpf **ret, struct kl_err *err)
{
	struct kl_err why = {0};
	int failed = uplinks->any_xdp ? open_xdp(maps, uplinks, ret, &why) : 0;
	if (!failed)
		return 0;
	if (options->mode != KL_LB_AUTO)
		return kl_fail_msg(err, -failed, "%s", why.text);
	kl_info("no XDP, tc alone: %s", why.text);
	for (size_t i = 0; i < uplinks->count; i++)
		uplinks->list[i].xdp = false;
	uplinks->any_xdp = false;
	return 0;
}

/*
 * tc is there in every mode; XDP stands in front of it. Everything is loaded before the first program takes its place:
 * when they come with new maps the old ones admit nothing in between.
 */
static int load_lb(
	const struct kl_maps *maps, const struct kl_load_options *options, enum kl_lb_mode *mode, struct kl_err *err)
{
	kl_cleanup(cleanup_tc) struct kl_lb_tc_bpf *tc = NULL;
	kl_cleanup(cleanup_xdp) struct kl_lb_xdp_bpf *xdp = NULL;
	struct uplinks uplinks;
	int failed = uplinks_parse(options->uplink, options->mode, &uplinks, err);
	if (!failed)
		failed = open_tc(maps, &uplinks, &tc, err);
	if (!failed)
		failed = open_xdp_if_wanted(maps, options, &uplinks, &xdp, err);
	if (!failed)
		failed = kl_maps_switch_begin(maps, err);
	if (!failed)
		failed = attach_tc(options, tc, &uplinks, err);
	if (!failed && xdp)
		failed = attach_xdp(options, xdp, &uplinks, err);
	if (failed)
		return failed;
	drop_old(options, &uplinks);
	*mode = !uplinks.any_xdp ? KL_LB_TC : options->mode == KL_LB_GENERIC ? KL_LB_GENERIC : KL_LB_XDP;
	return 0;
}

int kl_load(const struct kl_maps *maps, const struct kl_load_options *options, enum kl_lb_mode *ret_mode,
	struct kl_err *err)
{
	enum kl_lb_mode mode = options->mode;
	static const char *const dirs[] = {"links", "progs", "tails"};
	for (size_t i = 0; i < KL_ARRAY_LEN(dirs); i++) {
		kl_autofree char *dir = kl_asprintf("%s/%s", options->pin_dir, dirs[i]);
		int failed = kl_mkdir_p(dir, 0700, err);
		if (failed)
			return failed;
	}
	int failed = load_sock(maps, options, err);
	if (!failed && options->uplink && mode != KL_LB_NONE) {
		failed = load_lb(maps, options, &mode, err);
	} else {
		mode = KL_LB_NONE;
		if (!failed)
			failed = kl_maps_switch_begin(maps, err); /* sockets' programs alone: they are in place */
	}
	if (failed)
		kl_maps_switch_abort(maps);
	/* The objects' code and BTF were several megabytes: back to the system, since this process lives long. */
	malloc_trim(0);
	if (!failed && ret_mode)
		*ret_mode = mode;
	return failed;
}

int kl_unload(const char *pin_dir, struct kl_err *err)
{
	return kl_remove_tree(pin_dir, err);
}
