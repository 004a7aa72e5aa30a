#include "podspec.h"

#include "api.h"
#include "file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_DATABASE = 1 << 20 };

/* --- resources */

static int64_t milli_of(const json_t *container, const char *section, const char *resource)
{
	const json_t *quantity = kl_json_get(container, "resources", section, resource, NULL);
	int64_t milli;

	if (!quantity && !strcmp(section, "requests"))
		return milli_of(container, "limits", resource); /* a limit alone is the request too */
	return quantity && !kl_quantity_json(quantity, &milli) ? milli : 0;
}

static void qos_of_list(const json_t *list, bool *any, bool *all_limited)
{
	static const char *const names[] = {"cpu", "memory"};
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		for (size_t k = 0; k < KL_ARRAY_LEN(names); k++) {
			int64_t request = milli_of(item, "requests", names[k]),
				limit = milli_of(item, "limits", names[k]);
			*any |= request || limit;
			*all_limited &= limit && request == limit;
		}
}

const char *kl_podspec_qos(const json_t *pod)
{
	const char *given = kl_json_str(pod, "status", "qosClass", NULL);
	bool any = false, all_limited = true;

	if (*given)
		return given;
	qos_of_list(kl_json_get(pod, "spec", "containers", NULL), &any, &all_limited);
	qos_of_list(kl_json_get(pod, "spec", "initContainers", NULL), &any, &all_limited);
	return !any ? "BestEffort" : all_limited ? "Guaranteed" : "Burstable";
}

int kl_podspec_oom_score(const json_t *pod, const json_t *container, int64_t memory_capacity)
{
	const char *qos = kl_podspec_qos(pod), *priority = kl_json_str(pod, "spec", "priorityClassName", NULL);
	int64_t request = milli_of(container, "requests", "memory") / 1000;

	if (!strcmp(qos, "Guaranteed") || !strcmp(priority, "system-node-critical"))
		return -997;
	if (!strcmp(qos, "BestEffort") || memory_capacity <= 0)
		return 1000;
	int64_t score = 1000 - (int64_t)((double)request * 1000.0 / (double)memory_capacity);
	if (score < 3)
		return 3; /* always worse than Guaranteed, always better than BestEffort */
	return score > 999 ? 999 : (int)score;
}

int64_t kl_podspec_shares(int64_t milli)
{
	int64_t shares = milli * 1024 / 1000;

	return shares < 2 ? 2 : shares > 262144 ? 262144 : shares;
}

static void fill_resources(const struct kl_podspec_in *in, struct kl_resources_spec *r)
{
	int64_t cpu_limit = milli_of(in->container, "limits", "cpu");

	r->cpu_shares = kl_podspec_shares(milli_of(in->container, "requests", "cpu"));
	if (cpu_limit) {
		r->cpu_quota_us = cpu_limit * 100;
		if (r->cpu_quota_us < 1000)
			r->cpu_quota_us = 1000; /* the least the kernel takes */
	}
	r->memory_limit = milli_of(in->container, "limits", "memory") / 1000;
	r->pids_limit = in->pids_limit;
	r->oom_score_adj = kl_podspec_oom_score(in->pod, in->container, in->memory_capacity);
}

/* --- users */

static int read_database(const char *rootfs, const char *path, struct kl_buf *text)
{
	kl_autoclose int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	kl_autoclose int fd = root < 0 ? -1 : kl_open_beneath(root, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, NULL);
	char chunk[8192];
	ssize_t n;

	if (fd < 0)
		return -ENOENT;
	text->max = MAX_DATABASE;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0 && !text->overflow)
		kl_buf_push(text, chunk, (size_t)n);
	return 0;
}

/* Cuts a line at its colons; the missing fields are "". */
static void split_fields(char *line, char *fields[7])
{
	static char empty[] = "";

	for (size_t i = 0; i < 7; i++) {
		fields[i] = line ? line : empty;
		line = line ? strchr(line, ':') : NULL;
		if (line)
			*line++ = 0;
	}
}

static bool number(const char *text, uint32_t *ret)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	unsigned long value = strtoul(text, &end, 10);
	if (*end || value > UINT32_MAX - 1)
		return false;
	*ret = (uint32_t)value;
	return true;
}

/* The user's primary group, and its number where it was named. Returns its name (owned by the caller) or NULL. */
static char *find_user(char *passwd, const char *user, bool by_name, struct kl_user *ret)
{
	char *fields[7], *save = NULL;
	uint32_t uid, gid;

	for (char *line = strtok_r(passwd, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		split_fields(line, fields);
		if (!number(fields[2], &uid) || !number(fields[3], &gid))
			continue;
		if (by_name ? strcmp(fields[0], user) : uid != ret->uid)
			continue;
		ret->uid = uid;
		ret->gid = gid;
		if (*fields[5])
			snprintf(ret->home, sizeof(ret->home), "%s", fields[5]);
		return kl_strdup(fields[0]);
	}
	return NULL;
}

static bool is_member(char *members, const char *user)
{
	char *save = NULL;

	for (char *name = strtok_r(members, ",", &save); name; name = strtok_r(NULL, ",", &save))
		if (!strcmp(name, user))
			return true;
	return false;
}

static void find_groups(char *group, const char *user, const char *wanted, struct kl_user *ret, bool *found)
{
	char *fields[7], *save = NULL;
	uint32_t gid;

	for (char *line = strtok_r(group, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		split_fields(line, fields);
		if (!number(fields[2], &gid))
			continue;
		if (wanted && !strcmp(fields[0], wanted)) {
			ret->gid = gid;
			*found = true;
		}
		if (user && is_member(fields[3], user) && ret->group_count < KL_ARRAY_LEN(ret->groups))
			ret->groups[ret->group_count++] = gid;
	}
}

int kl_podspec_user(const char *rootfs, const char *text, struct kl_user *ret, struct kl_err *err)
{
	kl_autofree char *user = kl_strndup(text, strcspn(text, ":")), *name = NULL;
	const char *group = strchr(text, ':') ? strchr(text, ':') + 1 : NULL;
	kl_autobuf passwd = {0}, groups = {0};
	bool group_found = false;

	*ret = (struct kl_user){.home = "/"};
	ret->by_name = *user && !number(user, &ret->uid);
	if (!read_database(rootfs, "etc/passwd", &passwd) && passwd.len)
		name = find_user(passwd.data, user, ret->by_name, ret);
	if (ret->by_name && !name)
		return kl_fail_msg(err, ENOENT, "unable to find user %.64s: no matching entries in passwd file", user);
	bool group_by_number = group && number(group, &ret->gid);
	if (!read_database(rootfs, "etc/group", &groups) && groups.len)
		find_groups(groups.data, name, group && !group_by_number ? group : NULL, ret, &group_found);
	if (group && *group && !group_by_number && !group_found)
		return kl_fail_msg(err, ENOENT, "unable to find group %.64s: no matching entries in group file", group);
	return 0;
}

/* --- security */

static char **string_list(const json_t *list)
{
	char **texts = kl_calloc(json_array_size(list) + 1, sizeof(*texts));
	size_t i, count = 0;
	json_t *item;

	json_array_foreach (list, i, item)
		if (json_is_string(item))
			texts[count++] = kl_strdup(json_string_value(item));
	return texts;
}

/* The container's own word goes before the pod's. */
static const json_t *security(const struct kl_podspec_in *in, const char *field)
{
	const json_t *own = kl_json_get(in->container, "securityContext", field, NULL);

	return own ? own : kl_json_get(in->pod, "spec", "securityContext", field, NULL);
}

static void add_group(struct kl_container_spec *spec, uint32_t gid)
{
	for (size_t i = 0; i < spec->group_count; i++)
		if (spec->groups[i] == gid)
			return;
	spec->groups = kl_reallocarray(spec->groups, spec->group_count + 1, sizeof(*spec->groups));
	spec->groups[spec->group_count++] = gid;
}

static void fill_groups(const struct kl_podspec_in *in, const struct kl_user *user, struct kl_container_spec *spec)
{
	const json_t *pod_security = kl_json_get(in->pod, "spec", "securityContext", NULL), *item;
	int64_t fs_group = kl_json_int(pod_security, -1, "fsGroup", NULL);
	bool strict = !strcmp(kl_json_str(pod_security, "supplementalGroupsPolicy", NULL), "Strict");
	size_t i;

	for (i = 0; !strict && i < user->group_count; i++)
		add_group(spec, user->groups[i]);
	json_array_foreach (json_object_get(pod_security, "supplementalGroups"), i, item)
		add_group(spec, (uint32_t)json_integer_value(item));
	if (fs_group >= 0)
		add_group(spec, (uint32_t)fs_group);
}

static int fill_user(
	const struct kl_podspec_in *in, struct kl_container_spec *spec, char **ret_home, struct kl_err *err)
{
	const json_t *as_user = security(in, "runAsUser"), *as_group = security(in, "runAsGroup");
	const char *image_user = kl_json_str(in->image_config, "User", NULL);
	kl_autofree char *text = json_is_integer(as_user)
					 ? kl_asprintf("%" JSON_INTEGER_FORMAT, json_integer_value(as_user))
					 : kl_strdup(image_user);
	struct kl_user user;
	int rc = kl_podspec_user(in->rootfs, *text ? text : "0", &user, err);

	if (rc)
		return rc;
	if (json_is_true(security(in, "runAsNonRoot"))) {
		if (user.uid == 0)
			return kl_fail_msg(err, EPERM, "container has runAsNonRoot and image will run as root");
		if (user.by_name)
			return kl_fail_msg(err, EPERM,
				"container has runAsNonRoot and image has non-numeric user (%s), cannot verify user is "
				"non-root",
				image_user);
	}
	spec->uid = user.uid;
	spec->gid = json_is_integer(as_group) ? (uint32_t)json_integer_value(as_group) : user.gid;
	fill_groups(in, &user, spec);
	*ret_home = kl_strdup(user.home);
	return 0;
}

const char *kl_podspec_cwd(const json_t *container, const json_t *image_config)
{
	const char *own = kl_json_str(container, "workingDir", NULL);

	return *own ? own : kl_json_str(image_config, "WorkingDir", NULL);
}

int kl_podspec_fill(const struct kl_podspec_in *in, struct kl_container_spec *spec, char **ret_home, struct kl_err *err)
{
	const json_t *own = json_object_get(in->container, "securityContext");
	const json_t *caps = json_object_get(own, "capabilities");
	int rc = fill_user(in, spec, ret_home, err);

	if (rc)
		return rc;
	spec->cwd = kl_strdup(kl_podspec_cwd(in->container, in->image_config));
	spec->rootfs_readonly = kl_json_bool(own, false, "readOnlyRootFilesystem", NULL);
	spec->privileged = kl_json_bool(own, false, "privileged", NULL);
	spec->no_new_privileges = !kl_json_bool(own, true, "allowPrivilegeEscalation", NULL);
	spec->unmask_proc = !strcmp(kl_json_str(own, "procMount", NULL), "Unmasked");
	spec->cap_add = string_list(json_object_get(caps, "add"));
	spec->cap_drop = string_list(json_object_get(caps, "drop"));
	spec->tty = kl_json_bool(in->container, false, "tty", NULL);
	spec->stdin_open = kl_json_bool(in->container, false, "stdin", NULL);
	spec->stdin_once = kl_json_bool(in->container, false, "stdinOnce", NULL);
	fill_resources(in, &spec->resources);
	return 0;
}

int kl_podspec_signal(const char *name)
{
	uint32_t value;

	if (number(name, &value) && value > 0 && value < 65)
		return (int)value;
	if (!strncmp(name, "SIG", 3))
		name += 3;
	for (int i = 1; i < NSIG; i++) {
		const char *known = sigabbrev_np(i);
		if (known && !strcmp(known, name))
			return i;
	}
	if (!strncmp(name, "RTMIN+", 6) && number(name + 6, &value) && value < 31)
		return SIGRTMIN + (int)value;
	return SIGTERM;
}
