#include "images_impl.h"

#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_RECORD = 4 << 20 };

int kl_images_new(const struct kl_images_options *options, struct kl_images **ret, struct kl_err *err)
{
	static const char *const folders[] = {"blobs", "refs", "layers", "uses", "locks", "tmp"};
	struct kl_images *images = kl_calloc(1, sizeof(*images));
	int rc = 0;

	images->root = kl_strdup(options->root);
	images->work_dir = kl_strdup(options->work_dir);
	images->skopeo = kl_strdup(options->skopeo ? options->skopeo : "skopeo");
	for (size_t i = 0; !rc && i < KL_ARRAY_LEN(folders); i++) {
		kl_autofree char *path = kl_asprintf("%s/%s", images->root, folders[i]);
		rc = kl_mkdir_p(path, 0711, err);
	}
	if (!rc)
		rc = kl_mkdir_p(images->work_dir, 0700, err);
	if (!rc)
		rc = kl_images_write_registries(images, options->mirrors, err);
	if (rc) {
		kl_images_free(images);
		return rc;
	}
	*ret = images;
	return 0;
}

void kl_images_free(struct kl_images *images)
{
	if (!images)
		return;
	free(images->root);
	free(images->work_dir);
	free(images->skopeo);
	free(images->registries_conf);
	free(images->no_proxy);
	free(images);
}

void kl_image_release(struct kl_image *image)
{
	free(image->name);
	free(image->id);
	free(image->repo_digest);
	json_decref(image->config);
	json_decref(image->layers);
	*image = (struct kl_image){0};
}

int kl_images_lock(struct kl_images *images, const char *name, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/locks/%s", images->root, name);
	kl_autoclose int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return kl_fail(err, errno, "open '%s'", path);
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return kl_fail(err, errno, "lock '%s'", path);
	int result = fd;
	fd = -1;
	return result;
}

const char *kl_digest_hex(const char *digest)
{
	if (strncmp(digest, "sha256:", 7) || strlen(digest) != 71 || strspn(digest + 7, "0123456789abcdef") != 64)
		return NULL;
	return digest + 7;
}

static char *name_hash(const char *text)
{
	unsigned char digest[32];
	char hex[33];

	gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), digest);
	for (size_t i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return kl_strdup(hex);
}

char *kl_images_record_path(struct kl_images *images, const char *full_name)
{
	kl_autofree char *hash = name_hash(full_name);

	return kl_asprintf("%s/refs/%s.json", images->root, hash);
}

/* Half of the digest is enough to tell layers apart and keeps overlayfs's option string short. */
char *kl_images_layer_path(struct kl_images *images, const char *diff_id)
{
	const char *hex = kl_digest_hex(diff_id);

	return kl_asprintf("%s/layers/%.32s", images->root, hex ? hex : "none");
}

char *kl_images_blob_path(struct kl_images *images, const char *digest)
{
	const char *hex = kl_digest_hex(digest);

	return kl_asprintf("%s/blobs/sha256/%s", images->root, hex ? hex : "none");
}

int kl_images_from_record(const json_t *record, struct kl_image *ret, struct kl_err *err)
{
	json_t *layers = json_object_get(record, "layers"), *config = json_object_get(record, "config"), *item;
	size_t i;

	if (!*kl_json_str(record, "name", NULL) || !json_is_array(layers) || !json_is_object(config) ||
		!kl_digest_hex(kl_json_str(record, "id", NULL)))
		return kl_fail_msg(err, EBADMSG, "damaged image record");
	json_array_foreach (layers, i, item)
		if (!json_is_string(item) || !kl_digest_hex(json_string_value(item)))
			return kl_fail_msg(err, EBADMSG, "damaged image record");
	*ret = (struct kl_image){
		.name = kl_strdup(kl_json_str(record, "name", NULL)),
		.id = kl_strdup(kl_json_str(record, "id", NULL)),
		.repo_digest = kl_strdup(kl_json_str(record, "repoDigest", NULL)),
		.size = kl_json_int(record, 0, "size", NULL),
		.pulled_ms = kl_json_int(record, 0, "pulled", NULL),
		.config = json_incref(config),
		.layers = json_incref(layers),
	};
	return 0;
}

static bool layers_present(struct kl_images *images, const json_t *layers)
{
	json_t *item;
	size_t i;

	json_array_foreach (layers, i, item) {
		kl_autofree char *path = kl_images_layer_path(images, json_string_value(item));
		if (!kl_path_exists(path))
			return false;
	}
	return true;
}

static int load_record(struct kl_images *images, const char *path, struct kl_image *ret, struct kl_err *err)
{
	if (!kl_path_exists(path))
		return kl_fail_msg(err, ENOENT, "the image is not here");
	kl_autojson *record = kl_json_load(path, MAX_RECORD, err);
	if (!record)
		return -EBADMSG;
	int rc = kl_images_from_record(record, ret, err);
	if (!rc && !layers_present(images, ret->layers)) {
		kl_image_release(ret);
		rc = kl_fail_msg(err, ENOENT, "the image is not whole here");
	}
	return rc;
}

int kl_images_find(struct kl_images *images, const char *name, struct kl_image *ret, struct kl_err *err)
{
	kl_cleanup(kl_reference_release) struct kl_reference ref = {0};
	int rc = kl_reference_parse(name, &ref, err);

	if (rc)
		return rc;
	kl_autofree char *full = kl_reference_text(&ref);
	kl_autofree char *path = kl_images_record_path(images, full);
	return load_record(images, path, ret, err);
}

int kl_images_remove(struct kl_images *images, const char *name, struct kl_err *err)
{
	kl_cleanup(kl_reference_release) struct kl_reference ref = {0};
	int rc = kl_reference_parse(name, &ref, err);

	if (rc)
		return rc;
	kl_autofree char *full = kl_reference_text(&ref);
	kl_autofree char *path = kl_images_record_path(images, full);
	if (unlink(path))
		return errno == ENOENT ? kl_fail_msg(err, ENOENT, "there is no image '%s' here", full)
				       : kl_fail(err, errno, "remove '%s'", path);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct kl_image *)a)->name, ((const struct kl_image *)b)->name);
}

int kl_images_list(struct kl_images *images, struct kl_image_list *ret, struct kl_err *err)
{
	kl_autofree char *folder = kl_asprintf("%s/refs", images->root);
	DIR *dir = opendir(folder);
	struct kl_image_list list = {0};
	struct dirent *entry;

	if (!dir)
		return kl_fail(err, errno, "open '%s'", folder);
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);
		kl_autofree char *path = kl_asprintf("%s/%s", folder, entry->d_name);
		struct kl_image image;
		if (len < 5 || strcmp(entry->d_name + len - 5, ".json") || load_record(images, path, &image, NULL))
			continue;
		list.items = kl_reallocarray(list.items, list.count + 1, sizeof(list.items[0]));
		list.items[list.count++] = image;
	}
	closedir(dir);
	if (list.count)
		qsort(list.items, list.count, sizeof(list.items[0]), by_name);
	*ret = list;
	return 0;
}

void kl_image_list_release(struct kl_image_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		kl_image_release(&list->items[i]);
	free(list->items);
	*list = (struct kl_image_list){0};
}
