#ifndef KL_IMAGES_IMPL_H
#define KL_IMAGES_IMPL_H

#include "images.h"

struct kl_images {
	char *root, *work_dir, *skopeo, *registries_conf;
	char *no_proxy; /* hosts of the mirrors: never reached through a proxy */
};

/* Takes the lock `name` (made in root/locks) for writing; the descriptor releases it. Waits. */
int kl_images_lock(struct kl_images *images, const char *name, struct kl_err *err);
/* Hexadecimal digits of a "sha256:…" digest; NULL when it is none. Borrowed from its argument. */
const char *kl_digest_hex(const char *digest);
/* root/refs/<hash of name>.json; owned by the caller. */
char *kl_images_record_path(struct kl_images *images, const char *full_name);
char *kl_images_layer_path(struct kl_images *images, const char *diff_id);
char *kl_images_blob_path(struct kl_images *images, const char *digest);
/* Makes registries.conf from the mirrors. */
int kl_images_write_registries(struct kl_images *images, const char *const *mirrors, struct kl_err *err);
/* From a record's JSON; -EBADMSG when it is damaged. */
int kl_images_from_record(const json_t *record, struct kl_image *ret, struct kl_err *err);

#endif
