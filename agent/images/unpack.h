/*
 * A layer's tar archive onto disk, as an overlayfs lower directory.
 *
 * The archive is not trusted: every name is resolved beneath the target folder by the kernel (openat2,
 * RESOLVE_IN_ROOT),
 * "..", absolute names, symbolic links that lead out and hard links to the outside stay inside; entries and bytes are
 * bounded. Whiteouts become overlayfs's (character device 0:0, trusted.overlay.opaque).
 */
#ifndef KL_UNPACK_H
#define KL_UNPACK_H

#include "err.h"

#include <stdint.h>

struct kl_unpack_limits {
	int64_t entries, bytes; /* 0: the defaults, 2 million and 64 GiB */
};
/*
 * Unpacks the (compressed or plain) archive into the empty folder `target`. `diff_id` ("sha256:…"; NULL: not checked)
 * is the digest that the uncompressed archive must have: -EBADMSG when it has another. Blocks; any thread.
 */
int kl_unpack_layer(const char *archive_path, const char *target, const char *diff_id,
	const struct kl_unpack_limits *limits, struct kl_err *err);

#endif
