/*
 * The agent's inspection socket, <run-dir>/inspect.sock: what `keelson status`, `verify` and `flows` ask. Only root may
 * connect (mode 0600, SO_PEERCRED). A client sends one line of JSON and reads the answer until the socket closes:
 *
 *	{"ask":"status"}			one line of JSON
 *	{"ask":"verify","repair":false}		one line of JSON
 *	{"ask":"events","packets":N}		{"eventBytes":88}, a newline, then struct kl_map_event's without end
 *
 * A failure is one line {"error":"words"}. packets: of what happens with every packet of a flow one in N is wanted
 * (rounded up to a power of two), 0 none of it. The kernel's ring has one reader, so the agent reads it, only while
 * somebody watches, and serves any number of watchers. One that does not keep up loses events, not the others: a record
 * of kind KL_INSPECT_LOST says in `bytes` how many.
 *
 * Threads: everything on the loop's thread, callbacks too.
 */
#ifndef KL_INSPECT_H
#define KL_INSPECT_H

#include "err.h"
#include "json.h"
#include "maps.h"

#include <uv.h>

#define KL_INSPECT_SOCKET "inspect.sock"
enum { KL_INSPECT_LOST = 255 };

struct kl_inspect;

struct kl_inspect_ops {
	json_t *(*status)(void *arg);                                  /* a new reference */
	json_t *(*verify)(bool repair, void *arg, struct kl_err *err); /* a new reference; NULL: failed */
};
struct kl_inspect_options {
	const char *socket_path;    /* copied */
	const struct kl_maps *maps; /* the agent's own, writable; outlive the result */
	const struct kl_inspect_ops *ops;
	void *arg;
};
int kl_inspect_new(
	uv_loop_t *loop, const struct kl_inspect_options *options, struct kl_inspect **ret, struct kl_err *err);
/* Frees when the loop has run its close callbacks. Accepts NULL. */
void kl_inspect_free(struct kl_inspect *inspect);
/* How many watch events now. */
unsigned kl_inspect_watchers(const struct kl_inspect *inspect);

#endif
