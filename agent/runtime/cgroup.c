#include "cgroup.h"

#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* proc(5): "36 35 98:0 /root /mount/point opts … - type source super-options". */
static void mountinfo_line(struct kl_cgroups *cgroups, char *line)
{
	char *fields[6], *save = NULL, *dash = strstr(line, " - ");

	if (!dash)
		return;
	*dash = 0;
	for (size_t i = 0; i < KL_ARRAY_LEN(fields); i++) {
		fields[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!fields[i])
			return;
	}
	char *type = strtok_r(dash + 3, " ", &save), *source = strtok_r(NULL, " ", &save),
	     *super = strtok_r(NULL, " \n", &save);
	if (!type || !source || (strcmp(type, "cgroup") && strcmp(type, "cgroup2")))
		return;
	struct stat st;
	if (stat(fields[4], &st) || !S_ISDIR(st.st_mode)) /* a file bound over one of its files */
		return;
	cgroups->mounts = kl_reallocarray(cgroups->mounts, cgroups->count + 1, sizeof(cgroups->mounts[0]));
	cgroups->mounts[cgroups->count++] = (struct kl_cgroup_mount){.path = kl_strdup(fields[4]),
		.controllers = strcmp(type, "cgroup2") ? kl_strdup(super ? super : "") : NULL};
}

int kl_cgroups_load(struct kl_cgroups *ret, struct kl_err *err)
{
	kl_autobuf text = {0};
	char *save = NULL;
	int rc = kl_file_read("/proc/self/mountinfo", &text, err);

	*ret = (struct kl_cgroups){0};
	if (rc)
		return rc;
	for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		mountinfo_line(ret, line);
	if (!ret->count)
		return kl_fail_msg(err, ENOENT, "no cgroup hierarchy is mounted");
	return 0;
}

void kl_cgroups_release(struct kl_cgroups *cgroups)
{
	for (unsigned i = 0; i < cgroups->count; i++) {
		free(cgroups->mounts[i].path);
		free(cgroups->mounts[i].controllers);
	}
	free(cgroups->mounts);
	*cgroups = (struct kl_cgroups){0};
}

bool kl_cgroups_v2_only(const struct kl_cgroups *cgroups)
{
	for (unsigned i = 0; i < cgroups->count; i++)
		if (cgroups->mounts[i].controllers)
			return false;
	return true;
}

bool kl_cgroups_hybrid_controllers(const struct kl_cgroups *cgroups, char **ret_file)
{
	if (kl_cgroups_v2_only(cgroups))
		return false;
	for (unsigned i = 0; i < cgroups->count; i++) {
		if (cgroups->mounts[i].controllers)
			continue;
		kl_autofree char *file = kl_asprintf("%s/cgroup.controllers", cgroups->mounts[i].path);
		kl_autobuf text = {0};
		if (!kl_file_read(file, &text, NULL) && strspn(kl_buf_str(&text), " \n") < text.len) {
			*ret_file = kl_take(&file);
			return true;
		}
	}
	return false;
}

/* Depth first: a cgroup folder is removed by rmdir once its children are. */
static void remove_below(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		kl_autofree char *child = kl_asprintf("%s/%s", path, entry->d_name);
		remove_below(child);
	}
	closedir(dir);
	rmdir(path);
}

void kl_cgroups_remove(const struct kl_cgroups *cgroups, const char *path)
{
	for (unsigned i = 0; i < cgroups->count; i++) {
		kl_autofree char *folder = kl_asprintf("%s%s", cgroups->mounts[i].path, path);
		remove_below(folder);
	}
}

static unsigned kill_below(const char *path)
{
	kl_autofree char *procs = kl_asprintf("%s/cgroup.procs", path);
	kl_autobuf text = {0};
	unsigned count = 0;

	if (!kl_file_read(procs, &text, NULL))
		for (const char *at = kl_buf_str(&text); *at;) {
			char *end;
			long pid = strtol(at, &end, 10);
			if (end == at)
				break;
			if (pid > 1 && !kill((pid_t)pid, SIGKILL))
				count++;
			at = end + (*end == '\n');
		}
	DIR *dir = opendir(path);
	struct dirent *entry;
	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			kl_autofree char *child = kl_asprintf("%s/%s", path, entry->d_name);
			count += kill_below(child);
		}
	if (dir)
		closedir(dir);
	return count;
}

unsigned kl_cgroups_kill(const struct kl_cgroups *cgroups, const char *path)
{
	unsigned count = 0;

	for (unsigned i = 0; i < cgroups->count; i++) {
		kl_autofree char *folder = kl_asprintf("%s%s", cgroups->mounts[i].path, path);
		count += kill_below(folder);
	}
	return count;
}

/* The number after `key` and a blank at the start of a line, or in a file of one number when key is NULL. */
static bool read_number(const char *folder, const char *path, const char *name, const char *key, uint64_t *ret)
{
	kl_autofree char *file = kl_asprintf("%s%s/%s", folder, path, name);
	kl_autobuf text = {0};

	if (kl_file_read(file, &text, NULL))
		return false;
	for (const char *line = kl_buf_str(&text); *line;) {
		size_t len = key ? strlen(key) : 0;
		if (!key || (!strncmp(line, key, len) && line[len] == ' ')) {
			*ret = strtoull(line + len, NULL, 10);
			return true;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return false;
}

static bool has_controller(const struct kl_cgroup_mount *m, const char *name)
{
	const char *at = m->controllers;

	if (!at)
		return true; /* v2: all in one */
	for (size_t len = strlen(name); (at = strstr(at, name)); at += len)
		if ((at == m->controllers || at[-1] == ',') && (!at[len] || at[len] == ','))
			return true;
	return false;
}

/* Where both hierarchies are mounted, v1's files are tried first: the controllers are there. */
uint64_t kl_cgroups_oom_kills(const struct kl_cgroups *cgroups, const char *path)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < cgroups->count; i++) {
		const struct kl_cgroup_mount *m = &cgroups->mounts[i];
		const char *file = m->controllers ? "memory.oom_control" : "memory.events";
		if (has_controller(m, "memory") && read_number(m->path, path, file, "oom_kill", &count) && count)
			return count;
	}
	return 0;
}

static void usage_of(const struct kl_cgroup_mount *m, const char *path, struct kl_cgroup_usage *ret)
{
	uint64_t used = 0, inactive = 0, cpu = 0;
	bool v2 = !m->controllers;

	if (has_controller(m, "memory") &&
		read_number(m->path, path, v2 ? "memory.current" : "memory.usage_in_bytes", NULL, &used)) {
		read_number(m->path, path, "memory.stat", v2 ? "inactive_file" : "total_inactive_file", &inactive);
		ret->memory_bytes = used > inactive ? used - inactive : 0;
	}
	if (v2 && read_number(m->path, path, "cpu.stat", "usage_usec", &cpu) && !ret->cpu_ns)
		ret->cpu_ns = cpu * 1000;
	if (!v2 && has_controller(m, "cpuacct") && read_number(m->path, path, "cpuacct.usage", NULL, &cpu))
		ret->cpu_ns = cpu;
}

int kl_cgroups_usage(const struct kl_cgroups *cgroups, const char *path, struct kl_cgroup_usage *ret)
{
	*ret = (struct kl_cgroup_usage){0};
	for (unsigned i = 0; i < cgroups->count; i++)
		usage_of(&cgroups->mounts[i], path, ret);
	return ret->cpu_ns || ret->memory_bytes ? 0 : -ENOENT;
}
