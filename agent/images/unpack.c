#include "unpack.h"

#include "file.h"
#include "mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, SHA256_BYTES = 32, DEFAULT_ENTRIES = 2000000 };
#define DEFAULT_BYTES (INT64_C(64) << 30)

/* The archive as one stream of plain bytes, hashed on their way into the tar reader. */
struct source {
	struct archive *raw;
	gnutls_hash_hd_t hash;
	char chunk[CHUNK];
	int64_t bytes, max_bytes;
};

struct unpack {
	int root_fd;
	int64_t entries, max_entries;
	struct archive *tar;
};

static la_ssize_t source_read(struct archive *tar, void *arg, const void **ret)
{
	struct source *s = arg;
	la_ssize_t n = archive_read_data(s->raw, s->chunk, sizeof(s->chunk));

	if (n < 0) {
		archive_set_error(tar, EIO, "%s", archive_error_string(s->raw));
		return ARCHIVE_FATAL;
	}
	s->bytes += n;
	if (s->bytes > s->max_bytes) {
		archive_set_error(tar, EFBIG, "the layer is larger than %lld bytes", (long long)s->max_bytes);
		return ARCHIVE_FATAL;
	}
	gnutls_hash(s->hash, s->chunk, (size_t)n);
	*ret = s->chunk;
	return n;
}

static int archive_failed(struct archive *a, const char *what, struct kl_err *err)
{
	int code = archive_errno(a);
	const char *words = archive_error_string(a);

	return kl_fail_msg(err, code > 0 ? code : EIO, "%s: %s", what, words ? words : "damaged archive");
}

static int source_open(struct source *s, const char *path, struct kl_err *err)
{
	struct archive_entry *entry;

	s->raw = archive_read_new();
	archive_read_support_filter_all(s->raw);
	archive_read_support_format_raw(s->raw);
	archive_read_support_format_empty(s->raw);
	if (archive_read_open_filename(s->raw, path, CHUNK) != ARCHIVE_OK)
		return archive_failed(s->raw, path, err);
	int rc = archive_read_next_header(s->raw, &entry);
	if (rc != ARCHIVE_OK && rc != ARCHIVE_EOF)
		return archive_failed(s->raw, path, err);
	if (gnutls_hash_init(&s->hash, GNUTLS_DIG_SHA256) < 0)
		return kl_fail_msg(err, EIO, "no SHA-256");
	return 0;
}

static void source_close(struct source *s)
{
	if (s->hash)
		gnutls_hash_deinit(s->hash, NULL);
	if (s->raw)
		archive_read_free(s->raw);
}

/* --- names */

/* Cuts "./a/b/" to "a/b"; "" for the root itself. */
static char *clean_name(const char *name)
{
	while (*name == '/' || (name[0] == '.' && (name[1] == '/' || !name[1])))
		name++;
	char *copy = kl_strdup(name);
	for (size_t len = strlen(copy); len && copy[len - 1] == '/';)
		copy[--len] = 0;
	return copy;
}

static int make_parents(int root_fd, const char *path, struct kl_err *err)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		kl_autofree char *prefix = kl_strndup(path, (size_t)(slash - path));
		const char *last = strrchr(prefix, '/');
		kl_autofree char *above = last ? kl_strndup(prefix, (size_t)(last - prefix)) : kl_strdup(".");
		kl_autoclose int fd = kl_open_beneath(root_fd, above, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, err);
		if (fd < 0)
			return fd;
		if (mkdirat(fd, last ? last + 1 : prefix, 0755) && errno != EEXIST)
			return kl_fail(err, errno, "make folder '%s'", prefix);
	}
	return 0;
}

/* The folder that holds `path`, beneath the root whatever links it goes through. ret_base points into path. */
static int open_parent(int root_fd, const char *path, const char **ret_base, struct kl_err *err)
{
	const char *slash = strrchr(path, '/');
	kl_autofree char *folder = slash ? kl_strndup(path, (size_t)(slash - path)) : kl_strdup(".");

	*ret_base = slash ? slash + 1 : path;
	if (!**ret_base || !strcmp(*ret_base, ".") || !strcmp(*ret_base, ".."))
		return kl_fail_msg(err, EINVAL, "bad name '%.200s' in the layer", path);
	int fd = kl_open_beneath(root_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, NULL);
	if (fd >= 0)
		return fd;
	int rc = make_parents(root_fd, path, err);
	return rc ? rc : kl_open_beneath(root_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, err);
}

static int remove_old(int dir_fd, const char *base, struct kl_err *err)
{
	if (!unlinkat(dir_fd, base, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return kl_fail(err, errno, "replace '%s'", base);
	kl_autofree char *path = kl_asprintf("/proc/self/fd/%d/%s", dir_fd, base);
	return kl_remove_tree(path, err);
}

/* --- kinds of entries */

static void copy_xattrs(int fd, struct archive_entry *entry)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		/* Attributes that steer overlayfs come from us alone. Unsupported ones are no reason to fail. */
		if (strncmp(name, "trusted.", 8) && strncmp(name, "security.selinux", 16))
			(void)!fsetxattr(fd, name, value, size, 0);
}

/* The mode after the owner, because chown clears the set-user-id bit; capabilities after both. */
static int set_metadata(int fd, struct archive_entry *entry, struct kl_err *err)
{
	const struct timespec times[2] = {
		{.tv_sec = archive_entry_mtime(entry)}, {.tv_sec = archive_entry_mtime(entry)}};

	if (fchown(fd, (uid_t)archive_entry_uid(entry), (gid_t)archive_entry_gid(entry)))
		return kl_fail(err, errno, "set the owner of '%s'", archive_entry_pathname(entry));
	if (fchmod(fd, archive_entry_perm(entry)))
		return kl_fail(err, errno, "set the mode of '%s'", archive_entry_pathname(entry));
	copy_xattrs(fd, entry);
	futimens(fd, times);
	return 0;
}

static int write_data(struct archive *tar, int fd, struct kl_err *err)
{
	const void *block;
	size_t size;
	la_int64_t offset;
	int rc;

	while ((rc = archive_read_data_block(tar, &block, &size, &offset)) == ARCHIVE_OK)
		for (size_t done = 0; done < size;) {
			ssize_t n = pwrite(fd, (const char *)block + done, size - done, offset + (la_int64_t)done);
			if (n < 0 && errno != EINTR)
				return kl_fail(err, errno, "write a layer's file");
			done += n > 0 ? (size_t)n : 0;
		}
	return rc == ARCHIVE_EOF ? 0 : archive_failed(tar, "read a layer's file", err);
}

static int put_file(struct unpack *u, struct archive_entry *entry, int dir_fd, const char *base, struct kl_err *err)
{
	kl_autoclose int fd = openat(dir_fd, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return kl_fail(err, errno, "make '%s'", archive_entry_pathname(entry));
	int rc = write_data(u->tar, fd, err);
	if (!rc && archive_entry_size(entry) > 0 && ftruncate(fd, archive_entry_size(entry))) /* a sparse file's tail */
		rc = kl_fail(err, errno, "set the size of '%s'", archive_entry_pathname(entry));
	return rc ? rc : set_metadata(fd, entry, err);
}

static int put_folder(struct archive_entry *entry, int dir_fd, const char *base, struct kl_err *err)
{
	struct stat st;

	if (!fstatat(dir_fd, base, &st, AT_SYMLINK_NOFOLLOW) && !S_ISDIR(st.st_mode)) {
		int rc = remove_old(dir_fd, base, err);
		if (rc)
			return rc;
	}
	if (mkdirat(dir_fd, base, 0700) && errno != EEXIST)
		return kl_fail(err, errno, "make folder '%s'", archive_entry_pathname(entry));
	kl_autoclose int fd = openat(dir_fd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return kl_fail(err, errno, "open folder '%s'", archive_entry_pathname(entry));
	return set_metadata(fd, entry, err);
}

static int put_hardlink(struct unpack *u, struct archive_entry *entry, int dir_fd, const char *base, struct kl_err *err)
{
	kl_autofree char *target = clean_name(archive_entry_hardlink(entry));
	const char *target_base;
	kl_autoclose int target_fd = open_parent(u->root_fd, target, &target_base, err);

	if (target_fd < 0)
		return target_fd;
	if (linkat(target_fd, target_base, dir_fd, base, 0))
		return kl_fail(err, errno, "link '%s' to '%s'", archive_entry_pathname(entry), target);
	return 0;
}

static int put_symlink(struct archive_entry *entry, int dir_fd, const char *base, struct kl_err *err)
{
	const char *target = archive_entry_symlink(entry);

	if (!target || symlinkat(target, dir_fd, base))
		return kl_fail(err, target ? errno : EINVAL, "make the link '%s'", archive_entry_pathname(entry));
	if (fchownat(dir_fd, base, (uid_t)archive_entry_uid(entry), (gid_t)archive_entry_gid(entry),
		    AT_SYMLINK_NOFOLLOW))
		return kl_fail(err, errno, "set the owner of '%s'", archive_entry_pathname(entry));
	return 0;
}

static int put_node(struct archive_entry *entry, int dir_fd, const char *base, struct kl_err *err)
{
	mode_t type = archive_entry_filetype(entry);
	dev_t dev = type == S_IFIFO ? 0
				    : makedev((unsigned)archive_entry_rdevmajor(entry),
					      (unsigned)archive_entry_rdevminor(entry));

	if (mknodat(dir_fd, base, type | archive_entry_perm(entry), dev))
		return kl_fail(err, errno, "make the node '%s'", archive_entry_pathname(entry));
	if (fchownat(dir_fd, base, (uid_t)archive_entry_uid(entry), (gid_t)archive_entry_gid(entry),
		    AT_SYMLINK_NOFOLLOW) ||
		fchmodat(dir_fd, base, archive_entry_perm(entry), 0))
		return kl_fail(err, errno, "set the owner of '%s'", archive_entry_pathname(entry));
	return 0;
}

/* OCI image-spec, layer.md: ".wh.name" hides name, ".wh..wh..opq" hides all that lower layers have in the folder. */
static int put_whiteout(int dir_fd, const char *base, struct kl_err *err)
{
	const char *name = base + strlen(".wh.");

	if (!strcmp(base, ".wh..wh..opq")) {
		if (fsetxattr(dir_fd, "trusted.overlay.opaque", "y", 1, 0))
			return kl_fail(err, errno, "mark a folder opaque");
		return 0;
	}
	if (!strncmp(name, ".wh.", 4)) /* aufs's own files */
		return 0;
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return kl_fail_msg(err, EINVAL, "bad whiteout '%s' in the layer", base);
	int rc = remove_old(dir_fd, name, err);
	if (!rc && mknodat(dir_fd, name, S_IFCHR, makedev(0, 0)))
		rc = kl_fail(err, errno, "make the whiteout of '%s'", name);
	return rc;
}

static int put_entry(struct unpack *u, struct archive_entry *entry, struct kl_err *err)
{
	const char *raw = archive_entry_pathname(entry), *base;

	if (!raw || strlen(raw) >= 4096)
		return kl_fail_msg(err, ENAMETOOLONG, "a name in the layer is longer than 4095 bytes");
	kl_autofree char *path = clean_name(raw);
	if (!*path)
		return set_metadata(u->root_fd, entry, err);
	kl_autoclose int dir_fd = open_parent(u->root_fd, path, &base, err);
	if (dir_fd < 0)
		return dir_fd;
	if (!strncmp(base, ".wh.", 4))
		return put_whiteout(dir_fd, base, err);
	mode_t type = archive_entry_filetype(entry);
	if (!archive_entry_hardlink(entry) && type == S_IFDIR)
		return put_folder(entry, dir_fd, base, err);
	int rc = remove_old(dir_fd, base, err);
	if (rc)
		return rc;
	if (archive_entry_hardlink(entry))
		return put_hardlink(u, entry, dir_fd, base, err);
	switch (type) {
	case S_IFREG:
		return put_file(u, entry, dir_fd, base, err);
	case S_IFLNK:
		return put_symlink(entry, dir_fd, base, err);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
		return put_node(entry, dir_fd, base, err);
	default:
		return 0; /* sockets mean nothing on another machine */
	}
}

static int unpack_all(struct unpack *u, struct kl_err *err)
{
	struct archive_entry *entry;
	int rc;

	while ((rc = archive_read_next_header(u->tar, &entry)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
		if (++u->entries > u->max_entries)
			return kl_fail_msg(
				err, EFBIG, "the layer has more than %lld entries", (long long)u->max_entries);
		rc = put_entry(u, entry, err);
		if (rc)
			return rc;
	}
	return rc == ARCHIVE_EOF ? 0 : archive_failed(u->tar, "read the layer", err);
}

/* The digest counts every byte, also the padding behind the archive's end. */
static int check_digest(struct source *s, const char *diff_id, struct kl_err *err)
{
	unsigned char digest[SHA256_BYTES];
	char text[8 + 2 * SHA256_BYTES] = "sha256:";
	la_ssize_t n;

	while ((n = archive_read_data(s->raw, s->chunk, sizeof(s->chunk))) > 0) {
		s->bytes += n;
		if (s->bytes > s->max_bytes)
			return kl_fail_msg(err, EFBIG, "the layer is larger than %lld bytes", (long long)s->max_bytes);
		gnutls_hash(s->hash, s->chunk, (size_t)n);
	}
	if (n < 0)
		return archive_failed(s->raw, "read the layer", err);
	gnutls_hash_output(s->hash, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(text + 7 + 2 * i, 3, "%02x", digest[i]);
	if (diff_id && strcmp(text, diff_id))
		return kl_fail_msg(err, EBADMSG, "the layer's digest is %s, not %s as the image says", text, diff_id);
	return 0;
}

static void archive_close(struct archive **a)
{
	if (*a)
		archive_read_free(*a);
}

int kl_unpack_layer(const char *archive_path, const char *target, const char *diff_id,
	const struct kl_unpack_limits *limits, struct kl_err *err)
{
	kl_cleanup(source_close) struct source source = {
		.max_bytes = limits && limits->bytes ? limits->bytes : DEFAULT_BYTES};
	kl_autoclose int root_fd = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	kl_cleanup(archive_close) struct archive *tar = archive_read_new();
	struct unpack unpack = {.root_fd = root_fd,
		.tar = tar,
		.max_entries = limits && limits->entries ? limits->entries : DEFAULT_ENTRIES};

	if (root_fd < 0)
		return kl_fail(err, errno, "open '%s'", target);
	int rc = source_open(&source, archive_path, err);
	if (rc)
		return rc;
	archive_read_support_format_tar(tar);
	archive_read_support_format_empty(tar);
	if (archive_read_open(tar, &source, NULL, source_read, NULL) != ARCHIVE_OK)
		return archive_failed(tar, "open the layer", err);
	rc = unpack_all(&unpack, err);
	return rc ? rc : check_digest(&source, diff_id, err);
}
