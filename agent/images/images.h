/*
 * The image store of a node, or of all nodes of one machine: blobs fetched by skopeo, layers unpacked once by diffID,
 * overlayfs roots on top of them.
 *
 *	root/blobs/sha256/<hex>   shared by all images, as skopeo writes them
 *	root/refs/<hash>.json     one record per image name
 *	root/layers/<hex>/fs      an unpacked layer, ready to be an overlayfs lower directory
 *	root/uses/<id>            the layers that a mounted container root holds
 *	root/locks, root/tmp
 *
 * Threads: every function blocks and may be called from any thread, and from several processes on one root: records
 * appear by rename, pulls and unpacks are serialised per image and per layer by file locks.
 */
#ifndef KL_IMAGES_H
#define KL_IMAGES_H

#include "err.h"
#include "json.h"

#include <stdint.h>

struct kl_images;
struct kl_images_options {
	const char *root;
	const char *work_dir;       /* of this process: registries.conf, auth files */
	const char *const *mirrors; /* "docker.io=http://10.88.0.1:5000", …, NULL; NULL: none */
	const char *skopeo;         /* NULL: found in PATH */
};
int kl_images_new(const struct kl_images_options *options, struct kl_images **ret, struct kl_err *err);
void kl_images_free(struct kl_images *images);

struct kl_image {
	char *name;        /* docker.io/library/nginx:1.14 */
	char *id;          /* sha256:… of the configuration */
	char *repo_digest; /* docker.io/library/nginx@sha256:… */
	int64_t size;      /* bytes of the compressed layers */
	int64_t pulled_ms; /* since the epoch */
	json_t *config;    /* the OCI image configuration's "config" object, never NULL */
	json_t *layers;    /* diffIDs, lowest first */
};
void kl_image_release(struct kl_image *image);

/* -ENOENT when it is not here. `name` as in a pod: it is normalised. */
int kl_images_find(struct kl_images *images, const char *name, struct kl_image *ret, struct kl_err *err);
/*
 * Fetches and unpacks; what is here already is not fetched again. `auth_json`: the contents of an auth file
 * ({"auths":…}), or NULL. -ENOENT when the registry does not have it, -EACCES when it wants other credentials.
 */
int kl_images_pull(
	struct kl_images *images, const char *name, const char *auth_json, struct kl_image *ret, struct kl_err *err);
int kl_images_remove(struct kl_images *images, const char *name, struct kl_err *err);
/* Ordered by name; kl_image_list_free(). */
struct kl_image_list {
	struct kl_image *items;
	size_t count;
};
int kl_images_list(struct kl_images *images, struct kl_image_list *ret, struct kl_err *err);
void kl_image_list_release(struct kl_image_list *list);
/* Removes layers and blobs that no image and no mounted root needs; returns the bytes of blobs freed. */
int kl_images_collect(struct kl_images *images, int64_t *ret_bytes, struct kl_err *err);

/*
 * When the store's file system is fuller than `high_percent`: removes images that no mounted root uses, the longest
 * here first, until it is below `low_percent`. Returns the bytes freed; 0 also when nothing had to be done.
 */
int kl_images_shrink(
	struct kl_images *images, unsigned high_percent, unsigned low_percent, int64_t *ret_bytes, struct kl_err *err);

/* --- snapshot.c */
/* Mounts the image with a writable layer of its own (upper_dir/{upper,work}) at `target`, which is made. */
int kl_images_mount(struct kl_images *images, const struct kl_image *image, const char *id, const char *upper_dir,
	const char *target, struct kl_err *err);
void kl_images_unmount(struct kl_images *images, const char *id, const char *upper_dir, const char *target);

/* --- reference.c */
struct kl_reference {
	char *registry, *path, *tag,
		*digest; /* docker.io, library/nginx, 1.14 (NULL with a digest), sha256:… or NULL */
};
/* "nginx" → docker.io/library/nginx:latest. -EINVAL on what is not an image name. */
int kl_reference_parse(const char *text, struct kl_reference *ret, struct kl_err *err);
void kl_reference_release(struct kl_reference *ref);
/* Without a tag where there is a digest. Owned by the caller. */
char *kl_reference_text(const struct kl_reference *ref);

#endif
