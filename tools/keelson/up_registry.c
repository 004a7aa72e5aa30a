/*
 * The registry that a local cluster pulls the example images from: Debian's docker-registry over a folder.
 */
#include "up_units.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

const char *kl_registry_program(void)
{
	static const char *const paths[] = {
		"/usr/bin/docker-registry", "/usr/sbin/docker-registry", "/usr/local/bin/docker-registry"};
	for (size_t i = 0; i < KL_ARRAY_LEN(paths); i++)
		if (!access(paths[i], X_OK))
			return paths[i];
	return NULL;
}

static int copy_file(int from_dir, int to_dir, const char *name, struct kl_err *err)
{
	struct stat st;
	kl_autoclose int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	kl_autoclose int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (from < 0 || to < 0 || fstat(from, &st))
		return kl_fail(err, errno, "copy '%s'", name);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)left, 0);
		if (n < 0)
			return kl_fail(err, errno, "copy '%s'", name);
		if (!n)
			break;
		left -= n;
	}
	return 0;
}

static int copy_tree(const char *from, const char *to, struct kl_err *err)
{
	int rc = kl_mkdir_p(to, 0755, err);
	kl_autoclose int to_fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = opendir(from);
	if (!dir || to_fd < 0)
		rc = rc ? rc : kl_fail(err, errno, "copy '%s' to '%s'", from, to);
	for (const struct dirent *entry; !rc && (entry = readdir(dir));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (entry->d_type == DT_DIR) {
			kl_autofree char *sub_from = kl_asprintf("%s/%s", from, entry->d_name);
			kl_autofree char *sub_to = kl_asprintf("%s/%s", to, entry->d_name);
			rc = copy_tree(sub_from, sub_to, err);
		} else if (entry->d_type == DT_REG) {
			rc = copy_file(dirfd(dir), to_fd, entry->d_name, err);
		}
	}
	if (dir)
		closedir(dir);
	return rc;
}

/* A registry's storage is copied whole: it writes to its files in place, and the cache must stay as it was made. */
static int take_images(const char *registry_dir, const char *demo_images, struct kl_err *err)
{
	kl_autofree char *from = kl_asprintf("%s/registry", demo_images), *stamp = kl_asprintf("%s/stamp", demo_images);
	kl_autofree char *to = kl_asprintf("%s/data", registry_dir), *taken = kl_asprintf("%s/stamp", registry_dir);
	kl_autofree char *lock = kl_asprintf("%s/.lock", demo_images);
	kl_autobuf want = {0}, have = {0};
	/* tools/demo-images holds it while it exchanges the folders. */
	kl_autoclose int fd = open(lock, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		flock(fd, LOCK_SH);
	if (!kl_path_exists(from) || kl_file_read(stamp, &want, NULL))
		return 0;
	if (!kl_file_read(taken, &have, NULL) && !strcmp(kl_buf_str(&want), kl_buf_str(&have)))
		return 0;
	int rc = copy_tree(from, to, err);
	return rc ? rc : kl_file_write_atomic(taken, want.data, want.len, 0644, err);
}

int kl_registry_prepare(struct kl_cluster *cluster, const char *demo_images, struct kl_err *err)
{
	kl_autofree char *dir = kl_asprintf("%s/registry", cluster->data_dir);
	kl_autofree char *data = kl_asprintf("%s/data", dir), *config = kl_asprintf("%s/config.yml", dir);
	kl_autobuf text = {0};
	cluster->registry = kl_registry_program() != NULL;
	if (!cluster->registry)
		return 0;
	kl_buf_printf(&text,
		"version: 0.1\n"
		"log: {level: warn, accesslog: {disabled: true}}\n"
		"storage:\n"
		"  filesystem: {rootdirectory: \"%s\"}\n"
		"  delete: {enabled: true}\n"
		"http: {addr: \"%s:%d\"}\n",
		data, cluster->bridge_ip, KL_REGISTRY_PORT);
	int rc = kl_mkdir_p(data, 0755, err);
	if (!rc)
		rc = take_images(dir, demo_images, err);
	return rc ? rc : kl_file_write_atomic(config, text.data, text.len, 0644, err);
}
