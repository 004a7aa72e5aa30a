#include "node.h"

#include "api.h"
#include "clock.h"
#include "file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

/* --- capacity */

static int64_t meminfo_bytes(const char *key)
{
	kl_autobuf text = {0};
	size_t len = strlen(key);

	if (kl_file_read("/proc/meminfo", &text, NULL))
		return 0;
	for (const char *line = kl_buf_str(&text); line && *line;
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, key, len) && line[len] == ':')
			return strtoll(line + len + 1, NULL, 10) * 1024;
	return 0;
}

void kl_node_capacity_read(const char *root_dir, struct kl_node_capacity *ret)
{
	struct statvfs fs;

	ret->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	ret->memory_bytes = meminfo_bytes("MemTotal");
	if (!statvfs(root_dir, &fs))
		ret->disk_bytes = (int64_t)(fs.f_blocks * fs.f_frsize);
	if (!ret->max_pods)
		ret->max_pods = 110;
}

int kl_node_reserved_parse(const char *text, struct kl_node_capacity *capacity, struct kl_err *err)
{
	for (const char *at = text; *at;) {
		size_t len = strcspn(at, ",");
		kl_autofree char *item = kl_strndup(at, len);
		char *equals = strchr(item, '=');
		int64_t milli;
		if (equals)
			*equals = 0;
		if (!equals || kl_quantity_milli(equals + 1, &milli))
			return kl_fail_msg(err, EINVAL, "bad reservation '%s': cpu=500m,memory=256Mi is the form", at);
		if (!strcmp(item, "cpu"))
			capacity->reserved_cpu_milli = milli;
		else if (!strcmp(item, "memory"))
			capacity->reserved_memory_bytes = milli / 1000;
		else
			return kl_fail_msg(
				err, EINVAL, "there is nothing to reserve of '%s': cpu and memory are known", item);
		at += len + (at[len] == ',');
	}
	return 0;
}

char *kl_node_allocatable_cpu(const struct kl_node_capacity *c)
{
	int64_t milli = c->cpus * 1000 - c->reserved_cpu_milli;

	if (milli < 0)
		milli = 0;
	return milli % 1000 ? kl_asprintf("%" PRId64 "m", milli) : kl_asprintf("%" PRId64, milli / 1000);
}

char *kl_node_allocatable_memory(const struct kl_node_capacity *c)
{
	int64_t bytes = c->memory_bytes - c->reserved_memory_bytes;

	return kl_asprintf("%" PRId64 "Ki", bytes > 0 ? bytes / 1024 : 0);
}

static json_t *resources(const struct kl_node_capacity *c, bool allocatable)
{
	kl_autofree char *cpu = allocatable ? kl_node_allocatable_cpu(c) : kl_asprintf("%" PRId64, c->cpus);
	kl_autofree char *memory =
		allocatable ? kl_node_allocatable_memory(c) : kl_asprintf("%" PRId64 "Ki", c->memory_bytes / 1024);
	kl_autofree char *disk = kl_asprintf("%" PRId64 "Ki", c->disk_bytes / 1024);
	kl_autofree char *pods = kl_asprintf("%d", c->max_pods);

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "cpu", cpu, "memory", memory, "ephemeral-storage", disk, "pods",
		pods, "hugepages-1Gi", "0", "hugepages-2Mi", "0");
}

/* --- what the machine says of itself */

static void set_file_line(json_t *info, const char *key, const char *path)
{
	kl_autobuf text = {.max = 256};

	if (kl_file_read(path, &text, NULL))
		text.len = 0;
	const char *line = text.len ? text.data : "";
	json_object_set_new(info, key, json_stringn(line, strcspn(line, "\n")));
}

static char *os_name(void)
{
	kl_autobuf text = {.max = 65536};
	const char *at =
		kl_file_read("/etc/os-release", &text, NULL) ? NULL : strstr(kl_buf_str(&text), "PRETTY_NAME=\"");

	if (!at)
		return kl_strdup("Linux");
	at += strlen("PRETTY_NAME=\"");
	return kl_strndup(at, strcspn(at, "\"\n"));
}

static const char *architecture(const struct utsname *u)
{
	return !strcmp(u->machine, "x86_64") ? "amd64" : !strcmp(u->machine, "aarch64") ? "arm64" : u->machine;
}

static json_t *node_info(const struct kl_node_options *options)
{
	struct utsname u;
	kl_autofree char *os = os_name();

	uname(&u);
	json_t *info = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "kernelVersion", u.release, "osImage", os,
		"containerRuntimeVersion", options->runtime_version, "kubeletVersion", "v1.33.0+keelson",
		"kubeProxyVersion", "", "operatingSystem", "linux", "architecture", architecture(&u));
	set_file_line(info, "machineID", "/etc/machine-id");
	set_file_line(info, "bootID", "/proc/sys/kernel/random/boot_id");
	set_file_line(info, "systemUUID", "/sys/class/dmi/id/product_uuid");
	return info;
}

/* The API merges this list by type, which would make one of two InternalIPs: a patch replaces it whole. */
static json_t *addresses(const struct kl_node_options *options, bool patch)
{
	json_t *list = patch ? json_pack("[{s:s}]", "$patch", "replace") : json_array();

	for (const char *const *ip = options->ips; ip && *ip; ip++)
		json_array_append_new(list, json_pack("{s:s,s:s}", "type", "InternalIP", "address", *ip));
	json_array_append_new(list, json_pack("{s:s,s:s}", "type", "Hostname", "address", options->name));
	return list;
}

/* --- conditions */

static const json_t *old_condition(const json_t *old, const char *type)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(old, "conditions"), i, item)
		if (!strcmp(kl_json_str(item, "type", NULL), type))
			return item;
	return NULL;
}

static void condition(const struct kl_node_facts *facts, json_t *list, const char *type, bool state, const char *reason,
	const char *message)
{
	const json_t *old = old_condition(facts->old, type);
	const char *word = state ? "True" : "False", *since = kl_json_str(old, "lastTransitionTime", NULL);
	char now[KL_TIME_TEXT];

	kl_time_format(facts->now_ms / 1000, now);
	if (!*since || strcmp(kl_json_str(old, "status", NULL), word) != 0)
		since = now;
	json_array_append_new(
		list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "type", type, "status", word, "lastHeartbeatTime", now,
			      "lastTransitionTime", since, "reason", reason, "message", message));
}

static json_t *conditions(const struct kl_node_facts *f)
{
	json_t *list = json_array();

	condition(f, list, "MemoryPressure", f->memory_pressure,
		f->memory_pressure ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory",
		f->memory_pressure ? "kubelet has insufficient memory available"
				   : "kubelet has sufficient memory available");
	condition(f, list, "DiskPressure", f->disk_pressure,
		f->disk_pressure ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
		f->disk_pressure ? "kubelet has disk pressure" : "kubelet has no disk pressure");
	condition(f, list, "PIDPressure", f->pid_pressure,
		f->pid_pressure ? "KubeletHasInsufficientPID" : "KubeletHasSufficientPID",
		f->pid_pressure ? "kubelet has insufficient PID available" : "kubelet has sufficient PID available");
	condition(f, list, "Ready", f->ready, f->ready ? "KubeletReady" : "KubeletNotReady",
		f->ready              ? "kubelet is posting ready status"
		: f->not_ready_reason ? f->not_ready_reason
				      : "starting");
	return list;
}

json_t *kl_node_status(const struct kl_node_facts *facts)
{
	const struct kl_node_options *o = facts->options;
	json_t *status = json_pack("{s:o,s:o,s:o,s:o,s:o,s:{s:{s:i}}}", "capacity", resources(&o->capacity, false),
		"allocatable", resources(&o->capacity, true), "conditions", conditions(facts), "addresses",
		addresses(o, facts->patch), "nodeInfo", node_info(o), "daemonEndpoints", "kubeletEndpoint", "Port",
		o->kubelet_port);

	if (o->images)
		json_object_set_new(status, "images", o->images(o->arg));
	return status;
}

/* --- the object */

static int set_labels(const struct kl_node_options *options, json_t *labels, struct kl_err *err)
{
	struct utsname u;

	uname(&u);
	static const char *const os_keys[] = {"kubernetes.io/os", "beta.kubernetes.io/os"};
	static const char *const arch_keys[] = {"kubernetes.io/arch", "beta.kubernetes.io/arch"};
	for (size_t i = 0; i < KL_ARRAY_LEN(os_keys); i++) {
		json_object_set_new(labels, os_keys[i], json_string("linux"));
		json_object_set_new(labels, arch_keys[i], json_string(architecture(&u)));
	}
	json_object_set_new(labels, "kubernetes.io/hostname", json_string(options->name));
	for (const char *const *l = options->labels; l && *l; l++) {
		size_t len = strcspn(*l, "=");
		kl_autofree char *key = kl_strndup(*l, len);
		if (!len)
			return kl_fail_msg(err, EINVAL, "bad node label '%s': KEY=VALUE is the form", *l);
		json_object_set_new(labels, key, json_string((*l)[len] ? *l + len + 1 : ""));
	}
	return 0;
}

static int push_taint(json_t *taints, const char *text, struct kl_err *err)
{
	const char *colon = strrchr(text, ':');
	size_t key_len = strcspn(text, "=:");
	kl_autofree char *key = kl_strndup(text, key_len);
	bool known = colon && (!strcmp(colon, ":NoSchedule") || !strcmp(colon, ":PreferNoSchedule") ||
				      !strcmp(colon, ":NoExecute"));

	if (!known || !key_len)
		return kl_fail_msg(err, EINVAL,
			"bad taint '%s': KEY[=VALUE]:NoSchedule|PreferNoSchedule|NoExecute is the form", text);
	json_t *taint = json_pack("{s:s,s:s}", "key", key, "effect", colon + 1);
	if (text[key_len] == '=')
		json_object_set_new(
			taint, "value", json_stringn(text + key_len + 1, (size_t)(colon - text) - key_len - 1));
	json_array_append_new(taints, taint);
	return 0;
}

int kl_node_object(const struct kl_node_facts *facts, json_t **ret, struct kl_err *err)
{
	const struct kl_node_options *o = facts->options;
	kl_autojson *node = json_pack("{s:s,s:s,s:{s:s,s:{},s:{s:s}},s:{}}", "apiVersion", "v1", "kind", "Node",
		"metadata", "name", o->name, "labels", "annotations",
		"volumes.kubernetes.io/controller-managed-attach-detach", "true", "spec");
	int rc = set_labels(o, kl_json_get(node, "metadata", "labels", NULL), err);

	if (o->taints && o->taints[0])
		kl_json_set(node, json_array(), "spec", "taints", NULL);
	for (const char *const *t = o->taints; !rc && t && *t; t++)
		rc = push_taint(kl_json_get(node, "spec", "taints", NULL), *t, err);
	if (rc)
		return rc;
	json_object_set_new(node, "status", kl_node_status(facts));
	*ret = kl_take(&node);
	return 0;
}
