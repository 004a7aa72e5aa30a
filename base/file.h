/*
 * Files and folders. Paths that come from users are resolved beneath a root with openat2(2).
 */
#ifndef KL_FILE_H
#define KL_FILE_H

#include "buf.h"
#include "err.h"

#include <sys/types.h>

/* Appends the whole file to buf; -EFBIG past buf->max (default bound 64 MiB). */
int kl_file_read(const char *path, struct kl_buf *buf, struct kl_err *err);
/* Replaces the file at once: temporary file beside it, fsync, rename, fsync of the folder. */
int kl_file_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct kl_err *err);
/* Writes to an existing special file (sysfs, procfs, cgroupfs). */
int kl_file_poke(const char *path, const char *text, struct kl_err *err);
/* mkdir -p. */
int kl_mkdir_p(const char *path, mode_t mode, struct kl_err *err);
/* rm -r; crosses no mount point and follows no symbolic link; an absent path is fine. */
int kl_remove_tree(const char *path, struct kl_err *err);
/* open(2) of a path from outside, confined beneath root_fd (RESOLVE_IN_ROOT): returns an fd or -errno. */
int kl_open_beneath(int root_fd, const char *path, int flags, mode_t mode, struct kl_err *err);
bool kl_path_exists(const char *path);

#endif
