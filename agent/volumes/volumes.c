#include "volumes.h"

#include "api.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* One kind of volume: `setup` makes it at `path` (and again: refreshes it). */
struct volume_kind {
	const char *name;
	int (*setup)(const struct kl_volumes_env *env, const json_t *volume, const json_t *source, const char *path,
		struct kl_err *err);
	bool readonly; /* its contents are ours */
};

static char *volume_path(const struct kl_volumes_env *env, const char *name)
{
	return kl_asprintf("%s/volumes/%s", env->pod_dir, name);
}

static bool is_tmpfs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == TMPFS_MAGIC;
}

static int mount_tmpfs(const char *path, const char *options, struct kl_err *err)
{
	int rc = kl_mkdir_p(path, 0755, err);

	if (rc || is_tmpfs(path))
		return rc;
	if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options))
		return kl_fail(err, errno, "mount a tmpfs at '%s'", path);
	return 0;
}

static int64_t fs_group(const struct kl_volumes_env *env)
{
	return kl_json_int(env->pod, -1, "spec", "securityContext", "fsGroup", NULL);
}

/* The group owns what is below; new files inherit it (set-group-id folders). */
static void give_to_group(int dir_fd, gid_t group)
{
	DIR *dir = fdopendir(dup(dir_fd));
	struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		(void)!fchownat(dir_fd, entry->d_name, (uid_t)-1, group, AT_SYMLINK_NOFOLLOW);
		if (S_ISREG(st.st_mode))
			(void)!fchmodat(dir_fd, entry->d_name, (st.st_mode & 07777) | ((st.st_mode & 0700) >> 3), 0);
		kl_autoclose int child = S_ISDIR(st.st_mode) ? openat(dir_fd, entry->d_name,
								       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
							     : -1;
		if (child >= 0)
			give_to_group(child, group);
	}
	if (dir)
		closedir(dir);
	(void)!fchown(dir_fd, (uid_t)-1, group);
	if (!fstat(dir_fd, &st))
		(void)!fchmod(dir_fd, (st.st_mode & 07777) | 02070);
}

static void apply_fs_group(const struct kl_volumes_env *env, const char *path)
{
	int64_t group = fs_group(env);
	kl_autoclose int fd = group >= 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0)
		give_to_group(fd, (gid_t)group);
}

static int setup_empty_dir(const struct kl_volumes_env *env, const json_t *volume, const json_t *source,
	const char *path, struct kl_err *err)
{
	kl_autofree char *options = kl_strdup("mode=0777");
	const json_t *limit = json_object_get(source, "sizeLimit");
	int64_t milli = 0;
	int rc;

	(void)volume;
	if (!strcmp(kl_json_str(source, "medium", NULL), "Memory")) {
		if (limit && !kl_quantity_json(limit, &milli) && milli >= 1000) {
			free(options);
			options = kl_asprintf("mode=0777,size=%" PRId64, milli / 1000);
		}
		rc = mount_tmpfs(path, options, err);
	} else {
		if (kl_path_exists(path))
			return 0;
		rc = kl_mkdir_p(path, 0777, err);
	}
	if (!rc && chmod(path, 0777))
		rc = kl_fail(err, errno, "set the mode of '%s'", path);
	if (!rc)
		apply_fs_group(env, path);
	return rc;
}

static const struct {
	const char *type;
	mode_t format;
	const char *words;
	bool create;
} host_path_types[] = {
	{"DirectoryOrCreate", S_IFDIR, "a directory", true},
	{"Directory", S_IFDIR, "a directory", false},
	{"FileOrCreate", S_IFREG, "a file", true},
	{"File", S_IFREG, "a file", false},
	{"Socket", S_IFSOCK, "a socket file", false},
	{"CharDevice", S_IFCHR, "a character device", false},
	{"BlockDevice", S_IFBLK, "a block device", false},
};

static int make_host_path(const char *path, mode_t format, struct kl_err *err)
{
	if (format == S_IFDIR)
		return kl_mkdir_p(path, 0755, err);
	kl_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	return fd < 0 ? kl_fail(err, errno, "make the file '%s'", path) : 0;
}

/* Type "" makes a missing folder, as container engines always did. */
static int check_host_path(const char *path, const char *type, struct kl_err *err)
{
	struct stat st;
	bool there = !stat(path, &st);

	if (path[0] != '/')
		return kl_fail_msg(err, EINVAL, "hostPath '%.200s' is not absolute", path);
	if (!*type)
		return there ? 0 : make_host_path(path, S_IFDIR, err);
	for (size_t i = 0; i < KL_ARRAY_LEN(host_path_types); i++) {
		if (strcmp(type, host_path_types[i].type))
			continue;
		if (!there && host_path_types[i].create)
			return make_host_path(path, host_path_types[i].format, err);
		if (!there || (st.st_mode & S_IFMT) != host_path_types[i].format)
			return kl_fail_msg(err, ENOENT, "hostPath type check failed: %s is not %s", path,
				host_path_types[i].words);
		return 0;
	}
	return kl_fail_msg(err, EINVAL, "unknown hostPath type '%.40s'", type);
}

static int setup_host_path(const struct kl_volumes_env *env, const json_t *volume, const json_t *source,
	const char *path, struct kl_err *err)
{
	(void)env, (void)volume, (void)path;
	return check_host_path(kl_json_str(source, "path", NULL), kl_json_str(source, "type", NULL), err);
}

static int setup_payload(const struct kl_volumes_env *env, const json_t *volume, const json_t *source, const char *path,
	struct kl_err *err)
{
	kl_cleanup(kl_payload_release) struct kl_payload payload = {0};
	bool on_disk = json_object_get(volume, "configMap") || json_object_get(volume, "downwardAPI");
	int rc = kl_volume_payload(env, volume, &payload, err);

	(void)source;
	if (!rc) /* what is secret never touches the disk */
		rc = on_disk ? kl_mkdir_p(path, 0755, err) : mount_tmpfs(path, "mode=0755", err);
	if (!rc)
		rc = kl_payload_write(&payload, path, err);
	if (!rc)
		apply_fs_group(env, path);
	return rc;
}

/* The PersistentVolume of a bound claim; NULL and err otherwise. */
static const json_t *bound_volume(const struct kl_volumes_env *env, const json_t *source, struct kl_err *err)
{
	const char *name = kl_json_str(source, "claimName", NULL);
	kl_autofree char *claim_key = kl_asprintf("persistentvolumeclaims/%s", name);
	const json_t *claim = json_object_get(env->objects, claim_key);
	kl_autofree char *volume_key =
		kl_asprintf("persistentvolumes/%s", kl_json_str(claim, "spec", "volumeName", NULL));
	const json_t *pv = json_object_get(env->objects, volume_key);

	if (!claim)
		kl_fail_msg(err, ENOENT, "persistentvolumeclaim \"%s\" not found", name);
	else if (strcmp(kl_json_str(claim, "status", "phase", NULL), "Bound") != 0 || !pv)
		kl_fail_msg(err, EAGAIN, "persistentvolumeclaim \"%s\" is not bound", name);
	else
		return pv;
	return NULL;
}

static int mount_nfs(const json_t *nfs, const char *path, struct kl_err *err)
{
	kl_autofree char *source =
		kl_asprintf("%s:%s", kl_json_str(nfs, "server", NULL), kl_json_str(nfs, "path", NULL));
	kl_autofree char *options = kl_asprintf("addr=%s,vers=4.2", kl_json_str(nfs, "server", NULL));
	int rc = kl_mkdir_p(path, 0755, err);

	if (rc)
		return rc;
	if (mount(source, path, "nfs4", kl_json_bool(nfs, false, "readOnly", NULL) ? MS_RDONLY : 0, options) &&
		errno != EBUSY)
		return errno == ENODEV
			       ? kl_fail_msg(err, ENODEV, "mount NFS '%s': this kernel has no NFS client", source)
			       : kl_fail(err, errno, "mount NFS '%s'", source);
	return 0;
}

static int setup_claim(const struct kl_volumes_env *env, const json_t *volume, const json_t *source, const char *path,
	struct kl_err *err)
{
	const json_t *pv = bound_volume(env, source, err), *host = kl_json_get(pv, "spec", "hostPath", NULL);
	const json_t *local = kl_json_get(pv, "spec", "local", NULL), *nfs = kl_json_get(pv, "spec", "nfs", NULL);

	(void)volume;
	if (!pv)
		return err ? err->code : -ENOENT;
	if (host)
		return check_host_path(kl_json_str(host, "path", NULL), kl_json_str(host, "type", NULL), err);
	if (local)
		return check_host_path(kl_json_str(local, "path", NULL), "Directory", err);
	if (nfs)
		return mount_nfs(nfs, path, err);
	return kl_fail_msg(err, ENOTSUP, "persistentvolume \"%s\" has a source this node does not support",
		kl_json_str(pv, "metadata", "name", NULL));
}

static int setup_nfs(const struct kl_volumes_env *env, const json_t *volume, const json_t *source, const char *path,
	struct kl_err *err)
{
	(void)env, (void)volume;
	return mount_nfs(source, path, err);
}

static const struct volume_kind kinds[] = {
	{"emptyDir", setup_empty_dir, false},
	{"hostPath", setup_host_path, false},
	{"configMap", setup_payload, true},
	{"secret", setup_payload, true},
	{"downwardAPI", setup_payload, true},
	{"projected", setup_payload, true},
	{"persistentVolumeClaim", setup_claim, false},
	{"nfs", setup_nfs, false},
};

static const struct volume_kind *kind_of(const json_t *volume, const json_t **ret_source)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(kinds); i++) {
		*ret_source = json_object_get(volume, kinds[i].name);
		if (json_is_object(*ret_source))
			return &kinds[i];
	}
	return NULL;
}

static const json_t *find_volume(const json_t *pod, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach (kl_json_get(pod, "spec", "volumes", NULL), i, item)
		if (!strcmp(kl_json_str(item, "name", NULL), name))
			return item;
	return NULL;
}

bool kl_volumes_readonly(const json_t *pod, const char *volume)
{
	const json_t *source;
	const struct volume_kind *kind = kind_of(find_volume(pod, volume), &source);

	return kind && kind->readonly;
}

int kl_volumes_setup(const struct kl_volumes_env *env, struct kl_err *err)
{
	json_t *item;
	size_t i;

	json_array_foreach (kl_json_get(env->pod, "spec", "volumes", NULL), i, item) {
		const char *name = kl_json_str(item, "name", NULL);
		kl_autofree char *path = volume_path(env, name);
		const json_t *source;
		const struct volume_kind *kind = kind_of(item, &source);
		struct kl_err why = {0};
		int rc = kind ? kind->setup(env, item, source, path, &why)
			      : kl_fail_msg(&why, ENOTSUP, "no volume plugin matched");
		if (rc)
			return kl_fail_msg(err, -rc, "MountVolume.SetUp failed for volume \"%s\" : %s", name, why.text);
	}
	return 0;
}

/* The folder (or file) that a mount without subPath shows. Owned by the caller. */
static char *whole_source(const struct kl_volumes_env *env, const char *name, struct kl_err *err)
{
	const json_t *volume = find_volume(env->pod, name), *source;
	const struct volume_kind *kind = kind_of(volume, &source);

	if (!kind) {
		kl_fail_msg(err, ENOENT, "there is no volume \"%.100s\"", name);
		return NULL;
	}
	if (!strcmp(kind->name, "hostPath"))
		return kl_strdup(kl_json_str(source, "path", NULL));
	if (!strcmp(kind->name, "persistentVolumeClaim")) {
		const json_t *pv = bound_volume(env, source, err);
		const char *host = kl_json_str(pv, "spec", "hostPath", "path", NULL);
		const char *local = kl_json_str(pv, "spec", "local", "path", NULL);
		if (!pv)
			return NULL;
		if (*host || *local)
			return kl_strdup(*host ? host : local);
	}
	return volume_path(env, name);
}

/* A missing subPath becomes a folder. `..` and links never lead out of the volume: the kernel resolves. */
static int open_sub_path(int root_fd, const char *sub_path, struct kl_err *err)
{
	kl_autofree char *prefix = kl_strdup("");
	int fd = kl_open_beneath(root_fd, sub_path, O_PATH | O_CLOEXEC, 0, NULL);

	for (const char *at = sub_path; fd < 0 && *at;) {
		size_t len = strcspn(at, "/");
		kl_autoclose int parent =
			kl_open_beneath(root_fd, *prefix ? prefix : ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, err);
		kl_autofree char *name = kl_strndup(at, len);
		if (parent < 0)
			return parent;
		if (len && mkdirat(parent, name, 0750) && errno != EEXIST)
			return kl_fail(err, errno, "make the subPath '%.200s'", sub_path);
		char *longer = kl_asprintf("%s%s%s", prefix, *prefix ? "/" : "", name);
		free(prefix);
		prefix = longer;
		at += len + (at[len] == '/');
	}
	return fd >= 0 ? fd : kl_open_beneath(root_fd, sub_path, O_PATH | O_CLOEXEC, 0, err);
}

static bool climbs(const char *path)
{
	for (const char *at = path; *at;) {
		size_t len = strcspn(at, "/");
		if (len == 2 && !strncmp(at, "..", 2))
			return true;
		at += len + (at[len] == '/');
	}
	return *path == '/';
}

static int pin_sub_path(const struct kl_volumes_env *env, const char *source, const char *container, unsigned serial,
	const char *sub_path, char **ret, struct kl_err *err)
{
	kl_autofree char *folder = kl_asprintf("%s/subpaths/%s", env->pod_dir, container);
	kl_autofree char *target = kl_asprintf("%s/%u", folder, serial);
	kl_autoclose int root_fd = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (root_fd < 0)
		return kl_fail(err, errno, "open '%s'", source);
	if (climbs(sub_path))
		return kl_fail_msg(err, EINVAL, "subPath \"%.200s\" must not contain '..' or be absolute", sub_path);
	kl_autoclose int fd = open_sub_path(root_fd, sub_path, err);
	if (fd < 0)
		return kl_fail_prefix(err, "failed to prepare subPath for volumeMount of container \"%s\"", container);
	int rc = kl_mkdir_p(folder, 0750, err);
	if (rc || fstat(fd, &st))
		return rc ? rc : kl_fail(err, errno, "look at the subPath '%.200s'", sub_path);
	while (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	kl_autofree char *by_fd = kl_asprintf("/proc/self/fd/%d", fd);
	kl_autoclose int made = S_ISDIR(st.st_mode) ? -1 : open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (S_ISDIR(st.st_mode) && mkdir(target, 0700) && errno != EEXIST)
		return kl_fail(err, errno, "make '%s'", target);
	if (mount(by_fd, target, NULL, MS_BIND | MS_REC, NULL))
		return kl_fail(err, errno, "pin the subPath '%.200s'", sub_path);
	*ret = kl_take(&target);
	return 0;
}

int kl_volumes_source(const struct kl_volumes_env *env, const char *volume, const char *container, unsigned serial,
	const char *sub_path, char **ret, struct kl_err *err)
{
	kl_autofree char *source = whole_source(env, volume, err);

	if (!source)
		return err && err->code ? err->code : -ENOENT;
	if (sub_path && *sub_path)
		return pin_sub_path(env, source, container, serial, sub_path, ret, err);
	*ret = kl_take(&source);
	return 0;
}

/*
 * What stays mounted is never descended into: a subPath shows another file system's files, a host's perhaps, so only
 * rmdir and unlink of the mount points themselves are used.
 */
static void unmount_children(const char *folder, bool unlink_points)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		kl_autofree char *path = kl_asprintf("%s/%s", folder, entry->d_name);
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
			;
		if (unlink_points && unlink(path))
			rmdir(path);
	}
	if (dir)
		closedir(dir);
	if (unlink_points)
		rmdir(folder);
}

/* kl_remove_tree crosses no mount point, so a mount that would not go keeps its contents. */
void kl_volumes_teardown(const char *pod_dir)
{
	kl_autofree char *volumes = kl_asprintf("%s/volumes", pod_dir), *subpaths = kl_asprintf("%s/subpaths", pod_dir);
	DIR *dir = opendir(subpaths);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			kl_autofree char *path = kl_asprintf("%s/%s", subpaths, entry->d_name);
			unmount_children(path, true);
		}
	if (dir)
		closedir(dir);
	unmount_children(volumes, false);
	rmdir(subpaths);
	kl_remove_tree(volumes, NULL);
}
