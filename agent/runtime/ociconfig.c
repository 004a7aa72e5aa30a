#include "ociconfig.h"

#include <string.h>
#include <strings.h>

/* linux/capability.h, in the order of their numbers. */
static const char *const capability_names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

/* What containerd gives by default. */
static const char *const default_capabilities[] = {
	"CHOWN",
	"DAC_OVERRIDE",
	"FSETID",
	"FOWNER",
	"MKNOD",
	"NET_RAW",
	"SETGID",
	"SETUID",
	"SETFCAP",
	"SETPCAP",
	"NET_BIND_SERVICE",
	"SYS_CHROOT",
	"KILL",
	"AUDIT_WRITE",
};

static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/sys/firmware",
	"/sys/devices/virtual/powercap",
	NULL,
};
static const char *const readonly_paths[] = {
	"/proc/bus",
	"/proc/fs",
	"/proc/irq",
	"/proc/sys",
	"/proc/sysrq-trigger",
	NULL,
};

struct fixed_mount {
	const char *target, *type, *source, *options;
};
static const struct fixed_mount base_mounts[] = {
	{"/proc", "proc", "proc", "nosuid,noexec,nodev"},
	{"/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"},
	{"/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"},
	{"/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"},
};

int kl_capability_number(const char *name)
{
	if (!strncasecmp(name, "CAP_", 4))
		name += 4;
	for (size_t i = 0; i < KL_ARRAY_LEN(capability_names); i++)
		if (!strcasecmp(capability_names[i] + 4, name))
			return (int)i;
	return -1;
}

static uint64_t capability_mask(char *const *names)
{
	uint64_t mask = 0;

	for (; names && *names; names++) {
		int number = kl_capability_number(*names);
		if (!strcasecmp(*names, "ALL"))
			return UINT64_MAX;
		if (number >= 0)
			mask |= UINT64_C(1) << number;
	}
	return mask;
}

/*
 * "drop: [ALL], add: [X]" leaves X alone and "add: [ALL], drop: [Y]" leaves all but Y, so the wide word is applied
 * first whichever list it stands in.
 */
static uint64_t container_capabilities(const struct kl_container_spec *spec, uint64_t host)
{
	uint64_t mask = 0, add = capability_mask(spec->cap_add), drop = capability_mask(spec->cap_drop);

	if (spec->privileged)
		return host;
	for (size_t i = 0; i < KL_ARRAY_LEN(default_capabilities); i++)
		mask |= UINT64_C(1) << kl_capability_number(default_capabilities[i]);
	if (drop == UINT64_MAX)
		mask = add;
	else if (add == UINT64_MAX)
		mask = ~drop;
	else
		mask = (mask | add) & ~drop;
	return mask & host;
}

static json_t *capability_array(uint64_t mask)
{
	json_t *list = json_array();

	for (size_t i = 0; i < KL_ARRAY_LEN(capability_names); i++)
		if (mask & (UINT64_C(1) << i))
			json_array_append_new(list, json_string(capability_names[i]));
	return list;
}

/* Only root starts with capabilities in effect; for other users they bound what file capabilities may give. */
static json_t *capabilities(const struct kl_container_spec *spec, const struct kl_oci_host *host)
{
	uint64_t mask = container_capabilities(spec, host->capabilities), effective = spec->uid == 0 ? mask : 0;

	return json_pack("{s:o,s:o,s:o}", "bounding", capability_array(mask), "effective", capability_array(effective),
		"permitted", capability_array(effective));
}

static json_t *string_array(const char *const *list)
{
	json_t *array = json_array();

	for (; list && *list; list++)
		json_array_append_new(array, json_string(*list));
	return array;
}

static json_t *user(const struct kl_container_spec *spec)
{
	json_t *value = json_pack("{s:I,s:I}", "uid", (json_int_t)spec->uid, "gid", (json_int_t)spec->gid);

	if (spec->group_count) {
		json_t *groups = json_array();
		for (size_t i = 0; i < spec->group_count; i++)
			json_array_append_new(groups, json_integer(spec->groups[i]));
		json_object_set_new(value, "additionalGids", groups);
	}
	return value;
}

/* A score below our own is refused by kernels that let nobody lower it: then ours is the best there is. */
static int oom_score(const struct kl_container_spec *spec, const struct kl_oci_host *host)
{
	int score = spec->resources.oom_score_adj;

	return score < host->own_oom && !host->may_lower_oom ? host->own_oom : score;
}

static json_t *process(const struct kl_container_spec *spec, const struct kl_oci_host *host)
{
	return json_pack("{s:b,s:o,s:o,s:o,s:s,s:o,s:b,s:i}", "terminal", spec->tty, "user", user(spec), "args",
		string_array((const char *const *)spec->args), "env", string_array((const char *const *)spec->env),
		"cwd", spec->cwd && *spec->cwd ? spec->cwd : "/", "capabilities", capabilities(spec, host),
		"noNewPrivileges", spec->no_new_privileges, "oomScoreAdj", oom_score(spec, host));
}

static void mount_push(json_t *mounts, const char *target, const char *type, const char *source, const char *options)
{
	json_t *list = json_array();

	while (*options) {
		size_t len = strcspn(options, ",");
		json_array_append_new(list, json_stringn(options, len));
		options += len + (options[len] == ',');
	}
	json_array_append_new(mounts,
		json_pack("{s:s,s:s,s:s,s:o}", "destination", target, "type", type, "source", source, "options", list));
}

static void mount_volume(json_t *mounts, const struct kl_mount_spec *m)
{
	const char *propagation = m->propagate_both ? "rshared" : m->propagate_in ? "rslave" : "rprivate";
	kl_autofree char *options = kl_asprintf("rbind,%s,%s", propagation, m->readonly ? "ro" : "rw");

	if (m->tmpfs)
		mount_push(mounts, m->target, "tmpfs", "tmpfs",
			m->readonly ? "nosuid,nodev,ro" : "nosuid,nodev,mode=1777");
	else
		mount_push(mounts, m->target, "bind", m->source, options);
}

static bool volume_covers(const struct kl_container_spec *spec, const char *target)
{
	for (size_t i = 0; i < spec->mount_count; i++)
		if (!strcmp(spec->mounts[i].target, target))
			return true;
	return false;
}

static json_t *mounts(const struct kl_container_spec *spec)
{
	json_t *list = json_array();

	for (size_t i = 0; i < KL_ARRAY_LEN(base_mounts); i++)
		mount_push(list, base_mounts[i].target, base_mounts[i].type, base_mounts[i].source,
			base_mounts[i].options);
	if (!volume_covers(spec, "/sys"))
		mount_push(list, "/sys", "sysfs", "sysfs",
			spec->privileged ? "nosuid,noexec,nodev,rw" : "nosuid,noexec,nodev,ro");
	if (!volume_covers(spec, "/sys/fs/cgroup") && !volume_covers(spec, "/sys"))
		mount_push(list, "/sys/fs/cgroup", "cgroup", "cgroup",
			spec->privileged ? "nosuid,noexec,nodev,relatime,rw" : "nosuid,noexec,nodev,relatime,ro");
	if (spec->shm)
		mount_push(list, "/dev/shm", "bind", spec->shm, "rbind,rprivate,nosuid,noexec,nodev,rw");
	else
		mount_push(list, "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k");
	for (size_t i = 0; i < spec->mount_count; i++)
		mount_volume(list, &spec->mounts[i]);
	return list;
}

static void namespace_push(json_t *list, const char *type, const char *path)
{
	json_t *item = json_pack("{s:s}", "type", type);

	if (path)
		json_object_set_new(item, "path", json_string(path));
	json_array_append_new(list, item);
}

static json_t *namespaces(const struct kl_container_spec *spec, const struct kl_oci_host *host)
{
	json_t *list = json_array();

	namespace_push(list, "mount", NULL);
	if (!spec->host_pid)
		namespace_push(list, "pid", spec->pidns);
	if (spec->netns)
		namespace_push(list, "network", spec->netns);
	if (spec->ipcns)
		namespace_push(list, "ipc", spec->ipcns);
	if (spec->utsns)
		namespace_push(list, "uts", spec->utsns);
	if (host->cgroup2_only && !spec->privileged)
		namespace_push(list, "cgroup", NULL);
	return list;
}

static json_t *resources(const struct kl_container_spec *spec)
{
	const struct kl_resources_spec *r = &spec->resources;
	json_t *value = json_pack("{s:[{s:b,s:s}]}", "devices", "allow", spec->privileged, "access", "rwm");

	if (r->cpu_shares)
		kl_json_set(value, json_integer(r->cpu_shares), "cpu", "shares", NULL);
	if (r->cpu_quota_us) {
		kl_json_set(value, json_integer(r->cpu_quota_us), "cpu", "quota", NULL);
		kl_json_set(value, json_integer(100000), "cpu", "period", NULL);
	}
	if (r->memory_limit)
		kl_json_set(value, json_integer(r->memory_limit), "memory", "limit", NULL);
	if (r->pids_limit)
		kl_json_set(value, json_integer(r->pids_limit), "pids", "limit", NULL);
	return value;
}

static json_t *linux_section(const struct kl_container_spec *spec, const struct kl_oci_host *host)
{
	json_t *value = json_pack("{s:o,s:o,s:s}", "namespaces", namespaces(spec, host), "resources", resources(spec),
		"cgroupsPath", spec->cgroup);

	if (!spec->privileged && !spec->unmask_proc) {
		json_object_set_new(value, "maskedPaths", string_array(masked_paths));
		json_object_set_new(value, "readonlyPaths", string_array(readonly_paths));
	}
	if (spec->privileged && host->devices)
		json_object_set_new(value, "devices", json_deep_copy(host->devices));
	for (size_t i = 0; i < spec->mount_count; i++)
		if (spec->mounts[i].propagate_both)
			json_object_set_new(value, "rootfsPropagation", json_string("rshared"));
		else if (spec->mounts[i].propagate_in && !json_object_get(value, "rootfsPropagation"))
			json_object_set_new(value, "rootfsPropagation", json_string("rslave"));
	return value;
}

json_t *kl_oci_config(const struct kl_container_spec *spec, const struct kl_oci_host *host)
{
	json_t *config = json_pack("{s:s,s:o,s:{s:s,s:b},s:o,s:o}", "ociVersion", "1.0.2", "process",
		process(spec, host), "root", "path", spec->rootfs, "readonly", spec->rootfs_readonly, "mounts",
		mounts(spec), "linux", linux_section(spec, host));

	if (spec->hostname)
		json_object_set_new(config, "hostname", json_string(spec->hostname));
	return config;
}
