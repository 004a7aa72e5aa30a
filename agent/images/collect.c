#include "images_impl.h"

#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { MAX_RECORD = 4 << 20, YOUNG_S = 600 };

/* What is needed, by file name: {"<name>": true}. */
struct needed {
	json_t *layers, *blobs;
};

static void need_layers(struct needed *n, const json_t *diff_ids)
{
	json_t *item;
	size_t i;

	json_array_foreach (diff_ids, i, item) {
		const char *hex = kl_digest_hex(json_is_string(item) ? json_string_value(item) : "");
		kl_autofree char *name = hex ? kl_strndup(hex, 32) : NULL;
		if (name)
			json_object_set_new(n->layers, name, json_true());
	}
}

static void need_blobs(struct needed *n, const json_t *digests)
{
	json_t *item;
	size_t i;

	json_array_foreach (digests, i, item) {
		const char *hex = kl_digest_hex(json_is_string(item) ? json_string_value(item) : "");
		if (hex)
			json_object_set_new(n->blobs, hex, json_true());
	}
}

/* Calls back for each file below root/name; the callback owns nothing. */
typedef void each_file(struct kl_images *images, const char *path, const char *name, void *arg);
static int each(struct kl_images *images, const char *folder, each_file *call, void *arg, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/%s", images->root, folder);
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? 0 : kl_fail(err, errno, "open '%s'", path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			kl_autofree char *child = kl_asprintf("%s/%s", path, entry->d_name);
			call(images, child, entry->d_name, arg);
		}
	closedir(dir);
	return 0;
}

static void mark_ref(struct kl_images *images, const char *path, const char *name, void *arg)
{
	kl_autojson *record = kl_json_load(path, MAX_RECORD, NULL);

	(void)images, (void)name;
	need_layers(arg, json_object_get(record, "layers"));
	need_blobs(arg, json_object_get(record, "blobs"));
}

static void mark_use(struct kl_images *images, const char *path, const char *name, void *arg)
{
	kl_autojson *layers = kl_json_load(path, MAX_RECORD, NULL);

	(void)images, (void)name;
	need_layers(arg, layers);
}

/* What was written just now may belong to a pull that has no record yet. */
static bool young(const char *path, struct stat *st)
{
	return stat(path, st) || time(NULL) - st->st_ctime < YOUNG_S;
}

static void sweep_layer(struct kl_images *images, const char *path, const char *name, void *arg)
{
	struct needed *n = arg;
	struct stat st;

	if (json_object_get(n->layers, name) || young(path, &st))
		return;
	kl_autoclose int lock = kl_images_lock(images, name, NULL);
	kl_autofree char *tmp = kl_asprintf("%s/tmp/drop-%s", images->root, name);
	if (lock >= 0 && !rename(path, tmp)) /* gone at once, whatever becomes of the rest */
		kl_remove_tree(tmp, NULL);
}

struct blob_sweep {
	struct needed *needed;
	int64_t bytes;
};

static void sweep_blob(struct kl_images *images, const char *path, const char *name, void *arg)
{
	struct blob_sweep *sweep = arg;
	struct stat st;

	(void)images;
	if (!json_object_get(sweep->needed->blobs, name) && !young(path, &st) && !unlink(path))
		sweep->bytes += st.st_size;
}

int kl_images_collect(struct kl_images *images, int64_t *ret_bytes, struct kl_err *err)
{
	kl_autojson *layers = json_object(), *blobs = json_object();
	struct needed needed = {.layers = layers, .blobs = blobs};
	struct blob_sweep sweep = {.needed = &needed};
	int rc = each(images, "refs", mark_ref, &needed, err);

	if (!rc)
		rc = each(images, "uses", mark_use, &needed, err);
	if (!rc)
		rc = each(images, "layers", sweep_layer, &needed, err);
	if (!rc)
		rc = each(images, "blobs/sha256", sweep_blob, &sweep, err);
	*ret_bytes = sweep.bytes;
	return rc;
}

/* --- making room */

static unsigned used_percent(const struct kl_images *images)
{
	struct statvfs fs;

	if (statvfs(images->root, &fs) || !fs.f_blocks)
		return 0;
	return (unsigned)(100 - fs.f_bavail * 100 / fs.f_blocks);
}

struct use_search {
	const json_t *layers;
	bool found;
};

static void compare_use(struct kl_images *images, const char *path, const char *name, void *arg)
{
	struct use_search *search = arg;
	kl_autojson *layers = kl_json_load(path, MAX_RECORD, NULL);

	(void)images, (void)name;
	search->found |= json_equal(layers, search->layers);
}

static bool in_use(struct kl_images *images, const struct kl_image *image)
{
	struct use_search search = {.layers = image->layers};

	return each(images, "uses", compare_use, &search, NULL) || search.found;
}

static int by_age(const void *a, const void *b)
{
	const struct kl_image *x = a, *y = b;

	return x->pulled_ms < y->pulled_ms ? -1 : x->pulled_ms > y->pulled_ms;
}

int kl_images_shrink(
	struct kl_images *images, unsigned high_percent, unsigned low_percent, int64_t *ret_bytes, struct kl_err *err)
{
	kl_cleanup(kl_image_list_release) struct kl_image_list list = {0};
	int rc = 0;

	*ret_bytes = 0;
	if (used_percent(images) <= high_percent)
		return 0;
	rc = kl_images_list(images, &list, err);
	if (!rc && list.count)
		qsort(list.items, list.count, sizeof(list.items[0]), by_age);
	for (size_t i = 0; !rc && i < list.count && used_percent(images) > low_percent; i++) {
		int64_t bytes = 0;
		if (in_use(images, &list.items[i]))
			continue;
		rc = kl_images_remove(images, list.items[i].name, err);
		if (!rc)
			rc = kl_images_collect(images, &bytes, err);
		*ret_bytes += bytes;
	}
	return rc;
}
