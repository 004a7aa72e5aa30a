#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DEFAULT_MAX = 64 << 20 };

int kl_file_read(const char *path, struct kl_buf *buf, struct kl_err *err)
{
	kl_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return kl_fail(err, errno, "open '%s'", path);
	size_t max = buf->max ? buf->max : DEFAULT_MAX;
	for (;;) {
		kl_buf_reserve(buf, 4096);
		ssize_t n = read(fd, buf->data + buf->len, buf->size - buf->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kl_fail(err, errno, "read '%s'", path);
		buf->len += (size_t)n;
		buf->data[buf->len] = 0;
		if (buf->len > max)
			return kl_fail_msg(err, EFBIG, "'%s' is larger than %zu bytes", path, max);
		if (!n)
			return 0;
	}
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int sync_parent(const char *path, struct kl_err *err)
{
	kl_autofree char *dir = kl_strdup(path);
	char *slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = 0;
	kl_autoclose int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		return kl_fail(err, errno, "sync the folder of '%s'", path);
	return 0;
}

int kl_file_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct kl_err *err)
{
	kl_autofree char *tmp = kl_asprintf("%s.tmp.XXXXXX", path);
	kl_autoclose int fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return kl_fail(err, errno, "create '%s'", tmp);
	int rc = write_all(fd, data, len);
	if (!rc && (fchmod(fd, mode) || fsync(fd) || rename(tmp, path)))
		rc = -errno;
	if (rc) {
		unlink(tmp);
		return kl_fail(err, -rc, "write '%s'", path);
	}
	return sync_parent(path, err);
}

int kl_file_poke(const char *path, const char *text, struct kl_err *err)
{
	kl_autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return kl_fail(err, errno, "open '%s'", path);
	int rc = write_all(fd, text, strlen(text));
	return rc ? kl_fail(err, -rc, "write '%s' to '%s'", text, path) : 0;
}

int kl_mkdir_p(const char *path, mode_t mode, struct kl_err *err)
{
	kl_autofree char *part = kl_strdup(path);
	for (char *at = part + 1; *part; at++) {
		if (*at != '/' && *at)
			continue;
		bool end = !*at;
		*at = 0;
		if (mkdir(part, mode) && errno != EEXIST)
			return kl_fail(err, errno, "create the folder '%s'", part);
		if (end)
			break;
		*at = '/';
	}
	return 0;
}

static int remove_at(int parent, const char *name, dev_t dev)
{
	if (!unlinkat(parent, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	struct stat st;
	if (fstat(fd, &st) || st.st_dev != dev) {
		close(fd);
		return -EXDEV;
	}
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	int rc = 0;
	for (struct dirent *entry; !rc && (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			rc = remove_at(dirfd(dir), entry->d_name, dev);
	closedir(dir);
	if (!rc && unlinkat(parent, name, AT_REMOVEDIR) && errno != ENOENT)
		rc = -errno;
	return rc;
}

int kl_remove_tree(const char *path, struct kl_err *err)
{
	struct stat st;
	if (lstat(path, &st))
		return errno == ENOENT ? 0 : kl_fail(err, errno, "look at '%s'", path);
	int rc = remove_at(AT_FDCWD, path, st.st_dev);
	return rc ? kl_fail(err, -rc, "remove '%s'", path) : 0;
}

int kl_open_beneath(int root_fd, const char *path, int flags, mode_t mode, struct kl_err *err)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	return fd < 0 ? kl_fail(err, errno, "open '%s'", path) : (int)fd;
}

bool kl_path_exists(const char *path)
{
	return !access(path, F_OK);
}
