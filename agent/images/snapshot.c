#include "images_impl.h"

#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPTIONS_MAX = 4096 }; /* mount(2) takes one page of options */

/* overlayfs wants the highest layer first. An image without layers gets an empty folder below. */
static void lower_dirs(
	struct kl_images *images, const struct kl_image *image, const char *upper_dir, struct kl_buf *text)
{
	for (size_t i = json_array_size(image->layers); i-- > 0;) {
		kl_autofree char *path =
			kl_images_layer_path(images, json_string_value(json_array_get(image->layers, i)));
		kl_buf_printf(text, "%s%s/fs", text->len ? ":" : "", path);
	}
	if (!text->len)
		kl_buf_printf(text, "%s/empty", upper_dir);
}

static int set_option(int fs, const char *key, const char *value, struct kl_err *err)
{
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0))
		return kl_fail(err, errno, "overlayfs: set %s", key);
	return 0;
}

/* Images of very many layers: one call a layer, in kernels that know "lowerdir+" (6.7). */
static int mount_by_layers(char *lower, const char *upper, const char *work, const char *target, struct kl_err *err)
{
	kl_autoclose int fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
	char *save = NULL;
	int rc = 0;

	if (fs < 0)
		return kl_fail(err, errno, "open overlayfs");
	for (char *dir = strtok_r(lower, ":", &save); dir && !rc; dir = strtok_r(NULL, ":", &save))
		rc = set_option(fs, "lowerdir+", dir, err);
	if (!rc)
		rc = set_option(fs, "upperdir", upper, err);
	if (!rc)
		rc = set_option(fs, "workdir", work, err);
	if (rc)
		return rc;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return kl_fail(err, errno, "make the container's root");
	kl_autoclose int mnt = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (mnt < 0 || syscall(SYS_move_mount, mnt, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH))
		return kl_fail(err, errno, "mount the container's root at '%s'", target);
	return 0;
}

static int mount_overlay(struct kl_buf *lower, const char *upper_dir, const char *target, struct kl_err *err)
{
	kl_autofree char *upper = kl_asprintf("%s/upper", upper_dir), *work = kl_asprintf("%s/work", upper_dir);
	kl_autofree char *options = kl_asprintf("lowerdir=%s,upperdir=%s,workdir=%s", lower->data, upper, work);

	if (strlen(options) >= OPTIONS_MAX)
		return mount_by_layers(lower->data, upper, work, target, err);
	if (mount("overlay", target, "overlay", 0, options))
		return kl_fail(err, errno, "mount the container's root at '%s'", target);
	return 0;
}

static int make_folders(const char *upper_dir, const char *target, struct kl_err *err)
{
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = {{"upper", 0755}, {"work", 0700}, {"empty", 0755}};
	int rc = 0;

	for (size_t i = 0; !rc && i < KL_ARRAY_LEN(folders); i++) {
		kl_autofree char *path = kl_asprintf("%s/%s", upper_dir, folders[i].name);
		rc = kl_mkdir_p(path, folders[i].mode, err);
	}
	return rc ? rc : kl_mkdir_p(target, 0711, err);
}

/* Said before the mount, so that a collection running at the same time in another process keeps the layers. */
static int note_use(struct kl_images *images, const struct kl_image *image, const char *id, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/uses/%s", images->root, id), *text = kl_json_text(image->layers);
	kl_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return kl_fail(err, errno, "write '%s'", path);
	return 0;
}

int kl_images_mount(struct kl_images *images, const struct kl_image *image, const char *id, const char *upper_dir,
	const char *target, struct kl_err *err)
{
	kl_autobuf lower = {0};
	int rc = note_use(images, image, id, err);

	if (!rc)
		rc = make_folders(upper_dir, target, err);
	if (rc)
		return rc;
	lower_dirs(images, image, upper_dir, &lower);
	rc = mount_overlay(&lower, upper_dir, target, err);
	if (rc)
		kl_images_unmount(images, id, upper_dir, target);
	return rc;
}

void kl_images_unmount(struct kl_images *images, const char *id, const char *upper_dir, const char *target)
{
	kl_autofree char *use = kl_asprintf("%s/uses/%s", images->root, id);

	while (umount2(target, MNT_DETACH) == 0)
		;
	rmdir(target);
	kl_remove_tree(upper_dir, NULL);
	unlink(use);
}
