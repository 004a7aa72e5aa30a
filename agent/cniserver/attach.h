/*
 * ADD, DEL and CHECK over the node's attachments: addresses, files, the link work in libuv's pool, callbacks. Internal
 * to the CNI server; everything on the loop's thread.
 */
#ifndef KL_ATTACH_H
#define KL_ATTACH_H

#include "cniserver.h"
#include "proto.h"

struct kl_attacher;

/* opts are borrowed for the attacher's life. Reads what an earlier agent left and calls pod_added for what lives. */
int kl_attacher_new(
	uv_loop_t *loop, const struct kl_cniserver_opts *opts, struct kl_attacher **ret, struct kl_err *err);
/* Ends at once or when the last worker has ended; pending answers are not delivered. Calls freed from the loop or now.
 */
void kl_attacher_free(struct kl_attacher *attacher, void (*freed)(void *arg), void *arg);
int kl_attacher_set_cidrs(struct kl_attacher *attacher, const char *const *cidrs, size_t count, struct kl_err *err);
int kl_attacher_limit(struct kl_attacher *attacher, const char *pod_uid, const struct kl_cni_bandwidth *bandwidth,
	struct kl_err *err);
void kl_attacher_each(struct kl_attacher *attacher, void (*each)(const struct kl_cni_pod *pod, void *arg), void *arg);
/* Forgets pods whose network namespace is gone or another one. */
void kl_attacher_collect(struct kl_attacher *attacher);

/* Exactly one of result (owned by the receiver) and failure; neither for a DEL or CHECK that worked. */
typedef void kl_attach_done(json_t *result, const struct kl_cni_failure *failure, void *arg);
/* Takes the ask's contents. done may be called before it returns. */
void kl_attacher_call(struct kl_attacher *attacher, struct kl_cni_ask *ask, kl_attach_done *done, void *arg);

#endif
