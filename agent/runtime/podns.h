/*
 * The namespaces that a pod's containers share, kept alive by bind mounts instead of a pause process.
 */
#ifndef KL_PODNS_H
#define KL_PODNS_H

#include "err.h"

#include <stdbool.h>

struct kl_podns_want {
	const char *hostname; /* of the new uts namespace; NULL: none is made */
	bool net, ipc;
	const char *const *sysctls; /* "name", "value", …, NULL: set inside the new namespaces; NULL: none */
};
/*
 * Makes them and pins them as <dir>/net, <dir>/ipc and <dir>/uts; the loopback device is up. Idempotent: namespaces that
 * are pinned already are left alone. Blocks; any thread.
 */
int kl_podns_make(const char *dir, const struct kl_podns_want *want, struct kl_err *err);
/* Unpins what is there and removes the folder. */
void kl_podns_remove(const char *dir);

#endif
