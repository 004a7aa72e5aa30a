/*
 * Questions that others answer: to the servers of the node's resolv.conf, one after the other, by the client's own
 * transport. Each question has a socket (and so a port) and an id of its own; what comes back must carry both, and the question.
 *
 * Threads: the loop's.
 */
#ifndef KL_UPSTREAM_H
#define KL_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct kl_upstream;

enum { KL_UPSTREAM_SERVERS = 3, KL_UPSTREAM_TRY_MS = 2000, KL_UPSTREAM_MAX = 1000 };

/* servers: "192.0.2.1", "fd00::1", "192.0.2.1#5353"; at most KL_UPSTREAM_SERVERS, others are left out. */
struct kl_upstream *kl_upstream_new(uv_loop_t *loop, const char *const *servers, size_t count);
/* Every question under way ends with NULL. The loop must still turn once. */
void kl_upstream_free(struct kl_upstream *upstream);
size_t kl_upstream_servers(const struct kl_upstream *upstream);

/* reply has the query's id; NULL: nobody answered, or too many questions are under way. Never called from inside _send. */
typedef void kl_upstream_done(const void *reply, size_t len, void *arg);
void kl_upstream_send(
	struct kl_upstream *upstream, const void *query, size_t len, bool tcp, kl_upstream_done *done, void *arg);

#endif
