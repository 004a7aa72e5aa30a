#include "volumes.h"

#include "clock.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the files that ..data shows are the payload already; then nothing is written and no watcher wakes up. */
static bool up_to_date(const struct kl_payload *payload, const char *data_dir)
{
	for (size_t i = 0; i < payload->count; i++) {
		const struct kl_payload_file *file = &payload->files[i];
		kl_autofree char *path = kl_asprintf("%s/%s", data_dir, file->path);
		kl_autobuf text = {0};
		struct stat st;
		if (stat(path, &st) || (st.st_mode & 0777) != file->mode || kl_file_read(path, &text, NULL) ||
			text.len != file->len || (file->len && memcmp(text.data, file->data, file->len)))
			return false;
	}
	return true;
}

static int write_file(const char *folder, const struct kl_payload_file *file, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/%s", folder, file->path);
	kl_autofree char *parent = kl_strndup(path, (size_t)(strrchr(path, '/') - path));
	int rc = kl_mkdir_p(parent, 0755, err);

	if (rc)
		return rc;
	kl_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, file->data, file->len) != (ssize_t)file->len || fchmod(fd, file->mode))
		return kl_fail(err, errno, "write '%s'", path);
	return 0;
}

/* rename(2) replaces a link at once: readers see the old files or the new ones. */
static int point_link(const char *folder, const char *name, const char *target, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/%s", folder, name), *tmp = kl_asprintf("%s/..tmp-%s", folder, name);

	unlink(tmp);
	if (symlink(target, tmp) || rename(tmp, path))
		return kl_fail(err, errno, "make the link '%s'", path);
	return 0;
}

static int link_names(const struct kl_payload *payload, const char *folder, struct kl_err *err)
{
	for (size_t i = 0; i < payload->count; i++) {
		const char *path = payload->files[i].path;
		kl_autofree char *name = kl_strndup(path, strcspn(path, "/")), *target = kl_asprintf("..data/%s", name);
		kl_autofree char *link = kl_asprintf("%s/%s", folder, name);
		char now[4096];
		ssize_t n = readlink(link, now, sizeof(now) - 1);
		if (n > 0 && (size_t)n == strlen(target) && !strncmp(now, target, (size_t)n))
			continue;
		int rc = point_link(folder, name, target, err);
		if (rc)
			return rc;
	}
	return 0;
}

static bool payload_has(const struct kl_payload *payload, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < payload->count; i++)
		if (!strncmp(payload->files[i].path, name, len) &&
			(!payload->files[i].path[len] || payload->files[i].path[len] == '/'))
			return true;
	return false;
}

static void drop_stale(const struct kl_payload *payload, const char *folder, const char *keep)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;
		kl_autofree char *path = kl_asprintf("%s/%s", folder, name);
		if (!strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, "..data") || !strcmp(name, keep))
			continue;
		if (!strncmp(name, "..", 2))
			kl_remove_tree(path, NULL);
		else if (!payload_has(payload, name))
			unlink(path);
	}
	if (dir)
		closedir(dir);
}

int kl_payload_write(const struct kl_payload *payload, const char *folder, struct kl_err *err)
{
	kl_autofree char *data_link = kl_asprintf("%s/..data", folder);
	kl_autofree char *stamp = kl_asprintf("..%" PRId64, kl_realtime_ms());
	kl_autofree char *fresh = kl_asprintf("%s/%s", folder, stamp);
	char now[256] = "";
	ssize_t n = readlink(data_link, now, sizeof(now) - 1);

	if (n > 0 && up_to_date(payload, data_link)) {
		drop_stale(payload, folder, now);
		return 0;
	}
	kl_remove_tree(fresh, NULL);
	int rc = kl_mkdir_p(fresh, 0755, err);
	for (size_t i = 0; !rc && i < payload->count; i++)
		rc = write_file(fresh, &payload->files[i], err);
	if (!rc)
		rc = point_link(folder, "..data", stamp, err);
	if (!rc)
		rc = link_names(payload, folder, err);
	if (!rc)
		drop_stale(payload, folder, stamp);
	return rc;
}
