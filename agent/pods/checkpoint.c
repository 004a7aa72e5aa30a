/*
 * What the next agent needs to take a pod over, in root_dir/pods/<uid>/checkpoint.json. Written by rename without
 * fsync: it must survive the agent, and after the machine's end the containers are gone as well (the boot id tells).
 */
#include "pods_impl.h"

#include "clock.h"
#include "file.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

enum { MAX_CHECKPOINT = 16 << 20 };

json_t *boot_id_read(void)
{
	kl_autobuf text = {.max = 128};

	if (kl_file_read("/proc/sys/kernel/random/boot_id", &text, NULL))
		return json_string("");
	return json_stringn(kl_buf_str(&text), strcspn(kl_buf_str(&text), "\n"));
}

/* --- writing */

static json_t *or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *image_json(const struct container *c)
{
	if (!c->image.name)
		return json_null();
	return json_pack("{s:s,s:s,s:s,s:I,s:O,s:O}", "name", c->image.name, "id", c->image.id, "repoDigest",
		c->image.repo_digest ? c->image.repo_digest : "", "size", (json_int_t)c->image.size, "config",
		c->image.config, "layers", c->image.layers);
}

static json_t *container_json(const struct container *c)
{
	json_t *value = json_pack("{s:s,s:i,s:s,s:i,s:i,s:I,s:b,s:b,s:b,s:I}", "name", c->name, "state", (int)c->state,
		"id", c->id, "restarts", c->restarts, "log", c->log_number, "started_ms", (json_int_t)c->started_ms,
		"ready", c->ready, "started", c->started, "poststart", c->poststart_done, "backoff_ms",
		(json_int_t)c->restart_backoff.delay_ms);

	json_object_set_new(value, "retry_at_ms", json_integer(c->retry_at_ms));
	json_object_set_new(value, "handle",
		json_pack("{s:I,s:I,s:I,s:I}", "pid", (json_int_t)c->handle.pid, "monitor",
			(json_int_t)c->handle.monitor_pid, "pid_start", (json_int_t)c->handle.pid_start,
			"monitor_start", (json_int_t)c->handle.monitor_start));
	json_object_set_new(value, "image", image_json(c));
	json_object_set_new(value, "reason", or_null(c->waiting_reason));
	json_object_set_new(value, "message", or_null(c->waiting_message));
	json_object_set_new(value, "terminated", c->terminated ? json_incref(c->terminated) : json_null());
	json_object_set_new(value, "last", c->last ? json_incref(c->last) : json_null());
	return value;
}

static json_t *pod_json(const struct kl_pod *pod)
{
	json_t *value = json_pack("{s:i,s:O,s:O,s:i,s:s,s:I,s:b,s:b,s:b,s:b,s:b,s:b}", "version", 1, "boot",
		pod->pods->boot_id, "pod", pod->object, "state", (int)pod->state, "sandbox", pod->sandbox_id,
		"start_ms", (json_int_t)pod->start_ms, "sandboxed", pod->sandboxed, "mounted", pod->mounted, "released",
		pod->released, "deleting", pod->deleting, "api_gone", pod->api_gone, "stop_all", pod->stop_all);
	json_t *ips = json_array(), *containers = json_array();

	for (size_t i = 0; i < pod->ip_count; i++)
		json_array_append_new(ips, json_string(pod->ips[i]));
	for (size_t i = 0; i < pod->count; i++)
		json_array_append_new(containers, container_json(pod->containers[i]));
	json_object_set_new(value, "ips", ips);
	json_object_set_new(value, "containers", containers);
	json_object_set_new(value, "status", pod->status ? json_incref(pod->status) : json_null());
	json_object_set_new(value, "reject", or_null(pod->reject_reason));
	json_object_set_new(value, "reject_message", or_null(pod->reject_message));
	return value;
}

void checkpoint_save(struct kl_pod *pod)
{
	kl_autofree char *path = kl_asprintf("%s/checkpoint.json", pod->dir), *tmp = kl_asprintf("%s.new", path);
	kl_autojson *value = pod_json(pod);
	kl_autobuf text = {0};

	if (pod->cleaned || pod->freed)
		return;
	kl_json_dump(value, &text);
	kl_autoclose int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len || rename(tmp, path))
		kl_error("pod %s/%s: write '%s': %s", pod->ns, pod->name, path, strerror(errno));
}

/* --- reading */

static char *text_or_null(const json_t *json, const char *key)
{
	return kl_strdup(kl_json_str_or_null(json, key, NULL));
}

static json_t *object_or_null(const json_t *json, const char *key)
{
	json_t *value = json_object_get(json, key);

	return json_is_object(value) ? json_incref(value) : NULL;
}

static void load_image(struct container *c, const json_t *image)
{
	if (!json_is_object(image))
		return;
	c->image = (struct kl_image){.name = kl_strdup(kl_json_str(image, "name", NULL)),
		.id = kl_strdup(kl_json_str(image, "id", NULL)),
		.repo_digest = kl_strdup(kl_json_str(image, "repoDigest", NULL)),
		.size = kl_json_int(image, 0, "size", NULL),
		.config = json_incref(json_object_get(image, "config")),
		.layers = json_incref(json_object_get(image, "layers"))};
	c->image_text = kl_strdup(c->image.name);
	c->image_id = kl_strdup(*c->image.repo_digest ? c->image.repo_digest : c->image.id);
}

static void load_container(struct container *c, const json_t *saved)
{
	const json_t *handle = json_object_get(saved, "handle");

	c->state = (enum container_state)kl_json_int(saved, C_IDLE, "state", NULL);
	snprintf(c->id, sizeof(c->id), "%s", kl_json_str(saved, "id", NULL));
	c->restarts = (int)kl_json_int(saved, 0, "restarts", NULL);
	c->log_number = (int)kl_json_int(saved, 0, "log", NULL);
	c->started_ms = kl_json_int(saved, 0, "started_ms", NULL);
	c->ready = kl_json_bool(saved, false, "ready", NULL);
	c->started = kl_json_bool(saved, false, "started", NULL);
	c->poststart_done = kl_json_bool(saved, false, "poststart", NULL);
	c->retry_at_ms = kl_json_int(saved, 0, "retry_at_ms", NULL);
	c->restart_backoff.delay_ms = kl_json_int(saved, 0, "backoff_ms", NULL);
	c->handle = (struct kl_container_handle){(pid_t)kl_json_int(handle, 0, "pid", NULL),
		(pid_t)kl_json_int(handle, 0, "monitor", NULL), (uint64_t)kl_json_int(handle, 0, "pid_start", NULL),
		(uint64_t)kl_json_int(handle, 0, "monitor_start", NULL)};
	load_image(c, json_object_get(saved, "image"));
	c->waiting_reason = text_or_null(saved, "reason");
	c->waiting_message = text_or_null(saved, "message");
	c->terminated = object_or_null(saved, "terminated");
	c->last = object_or_null(saved, "last");
	if (*c->id)
		container_paths(c);
}

static void load_containers(struct kl_pod *pod, const json_t *list)
{
	json_t *saved;
	size_t i;

	json_array_foreach (list, i, saved)
		for (size_t k = 0; k < pod->count; k++)
			if (!strcmp(pod->containers[k]->name, kl_json_str(saved, "name", NULL)))
				load_container(pod->containers[k], saved);
}

static void load_flags(struct kl_pod *pod, const json_t *saved)
{
	json_t *ip;
	size_t i;

	pod->state = (enum pod_state)kl_json_int(saved, P_ADMIT, "state", NULL);
	snprintf(pod->sandbox_id, sizeof(pod->sandbox_id), "%s", kl_json_str(saved, "sandbox", NULL));
	pod->start_ms = kl_json_int(saved, pod->start_ms, "start_ms", NULL);
	pod->sandboxed = kl_json_bool(saved, false, "sandboxed", NULL);
	pod->mounted = kl_json_bool(saved, false, "mounted", NULL);
	pod->released = kl_json_bool(saved, false, "released", NULL);
	pod->deleting = kl_json_bool(saved, false, "deleting", NULL);
	pod->api_gone = kl_json_bool(saved, false, "api_gone", NULL);
	pod->stop_all = kl_json_bool(saved, false, "stop_all", NULL);
	pod->reject_reason = text_or_null(saved, "reject");
	pod->reject_message = text_or_null(saved, "reject_message");
	pod->status = object_or_null(saved, "status");
	json_array_foreach (json_object_get(saved, "ips"), i, ip)
		if (pod->ip_count < KL_ARRAY_LEN(pod->ips) && json_is_string(ip))
			pod->ips[pod->ip_count++] = kl_strdup(json_string_value(ip));
}

/* Nobody saw it end: now is the best that can be said. */
static json_t *lost_run(const struct container *c)
{
	char started[KL_TIME_TEXT], now[KL_TIME_TEXT];

	kl_time_format(c->started_ms / 1000, started);
	kl_time_now(now);
	return json_pack("{s:i,s:s,s:s,s:s,s:o}", "exitCode", 255, "reason", "Unknown", "startedAt", started,
		"finishedAt", now, "containerID", json_sprintf("keelson://%s", c->id));
}

/* After a reboot nothing of the pod runs: it begins anew, and what ran counts as ended. */
static void after_reboot(struct kl_pod *pod)
{
	pod->sandboxed = pod->mounted = false;
	if (pod->state < P_RELEASE && pod->state > P_FETCH)
		pod->state = P_FETCH;
	for (size_t i = 0; i < pod->count; i++) {
		struct container *c = pod->containers[i];
		if (c->state == C_DONE)
			continue;
		if (c->state == C_RUNNING) {
			json_decref(c->last);
			c->last = lost_run(c);
		}
		/* As C_LAUNCH, what is left of the old run is removed first. */
		c->state = *c->id && c->state != C_IDLE ? C_LAUNCH : C_IDLE;
		c->ready = c->started = false;
	}
}

/* A node whose namespaces were made anew (keelson down, up) has lost its pods without a reboot of the machine. */
static bool namespaces_lost(const struct kl_pod *pod)
{
	const struct kl_pods_options *opt = &pod->pods->opt;

	return pod->sandboxed && !pod->host_network && opt->ops->namespaces_alive &&
	       !opt->ops->namespaces_alive(opt->ops_arg, pod->ns_dir);
}

static void load_one(struct kl_pods *pods, const char *path)
{
	struct kl_err err = {0};
	kl_autojson *saved = kl_json_load(path, MAX_CHECKPOINT, &err);
	json_t *object = json_object_get(saved, "pod");
	struct kl_pod *pod;

	if (!json_is_object(object) || !*kl_json_str(object, "metadata", "uid", NULL)) {
		kl_warn("'%s' is no checkpoint: %s", path, kl_err_text(&err));
		return;
	}
	HASH_FIND_STR(pods->table, kl_json_str(object, "metadata", "uid", NULL), pod);
	if (pod)
		return;
	pod = pod_new(pods, object);
	load_flags(pod, saved);
	load_containers(pod, json_object_get(saved, "containers"));
	if (!json_equal(json_object_get(saved, "boot"), pods->boot_id) || namespaces_lost(pod))
		after_reboot(pod);
	if (pod->deleting) /* what is left of the grace period is known from the object alone */
		pod->delete_at_ms = kl_monotonic_ms() +
				    1000 * kl_json_int(object, 30, "metadata", "deletionGracePeriodSeconds", NULL);
}

void checkpoint_load_all(struct kl_pods *pods)
{
	DIR *dir = opendir(pods->pods_dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		kl_autofree char *path = kl_asprintf("%s/%s/checkpoint.json", pods->pods_dir, entry->d_name);
		if (entry->d_name[0] != '.' && kl_path_exists(path))
			load_one(pods, path);
	}
	if (dir)
		closedir(dir);
}

/* --- what no checkpoint knows */

static bool bundle_known(const struct kl_pods *pods, const char *name)
{
	for (struct kl_pod *pod = pods->table; pod; pod = pod->hh.next)
		for (size_t i = 0; i < pod->count; i++)
			if (*pod->containers[i]->id && !strncmp(pod->containers[i]->id, name, strlen(name)))
				return true;
	return false;
}

/* config.json names the cgroup, whose last part is the whole id. */
static void remove_bundle(struct kl_pods *pods, const char *path)
{
	kl_autofree char *config_path = kl_asprintf("%s/config.json", path), *rootfs = kl_asprintf("%s/rootfs", path);
	kl_autojson *config = kl_json_load(config_path, MAX_CHECKPOINT, NULL);
	const char *cgroup = kl_json_str(config, "linux", "cgroupsPath", NULL), *id = strrchr(cgroup, '/');

	if (id) {
		kl_autofree char *upper = kl_asprintf("%s%s", pods->upper_dir, id);
		pods->opt.runtime->ops->remove(pods->opt.runtime, id + 1, cgroup, NULL);
		pods->opt.ops->image_unmount(pods->opt.ops_arg, id + 1, upper, rootfs);
	}
	while (umount2(rootfs, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	kl_remove_tree(path, NULL);
	kl_warn("removed a container that no pod knows: '%s'", path);
}

static void each_entry(
	struct kl_pods *pods, const char *folder, void (*call)(struct kl_pods *, const char *path, const char *name))
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			kl_autofree char *path = kl_asprintf("%s/%s", folder, entry->d_name);
			call(pods, path, entry->d_name);
		}
	if (dir)
		closedir(dir);
}

static void check_bundle(struct kl_pods *pods, const char *path, const char *name)
{
	if (!bundle_known(pods, name))
		remove_bundle(pods, path);
}

static void check_upper(struct kl_pods *pods, const char *path, const char *name)
{
	if (!bundle_known(pods, name))
		kl_remove_tree(path, NULL);
}

static void check_netns(struct kl_pods *pods, const char *path, const char *name)
{
	struct kl_pod *pod;

	HASH_FIND_STR(pods->table, name, pod);
	if (!pod)
		pods->opt.ops->namespaces_remove(pods->opt.ops_arg, path);
}

static void check_pod_dir(struct kl_pods *pods, const char *path, const char *name)
{
	struct kl_pod *pod;

	HASH_FIND_STR(pods->table, name, pod);
	kl_autofree char *checkpoint = kl_asprintf("%s/checkpoint.json", path);
	if (!pod && !kl_path_exists(checkpoint)) {
		kl_autofree char *shm = kl_asprintf("%s/shm", path);
		while (umount2(shm, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
			;
		kl_remove_tree(path, NULL);
	}
}

void checkpoint_orphans(struct kl_pods *pods)
{
	each_entry(pods, pods->containers_dir, check_bundle);
	each_entry(pods, pods->upper_dir, check_upper);
	each_entry(pods, pods->netns_dir, check_netns);
	each_entry(pods, pods->pods_dir, check_pod_dir);
}
