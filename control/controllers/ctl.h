/*
 * What the controllers share: the thread's round, work queues, batched writes.
 *
 * A round: deliver what the feed has; run every controller's keys that are due; write everything they asked for in one
 * group commit; show the results to the feed. A controller never blocks and never writes by itself. Since the feed
 * knows our own writes before the next key runs, a controller always decides on what it did before.
 *
 * A write that fails puts its key back with a growing delay; the key then runs on the newer state. So losing a race
 * (409) costs one more round and never an update.
 */
#ifndef KL_CTL_H
#define KL_CTL_H

#include "controllers.h"
#include "feed.h"
#include "recorder.h"

#include "clock.h"
#include "log.h"
#include "mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum controller_id {
	CTL_DEPLOYMENT,
	CTL_REPLICASET,
	CTL_REPLICATION,
	CTL_STATEFULSET,
	CTL_DAEMONSET,
	CTL_JOB,
	CTL_CRONJOB,
	CTL_VOLUME,
	CTL_DISRUPTION,
	CTL_ENDPOINTS,
	CTL_NODE,
	CTL_EVICTION,
	CTL_NODE_IPAM,
	CTL_POD_GC,
	CTL_NAMESPACE,
	CTL_GC,
	CTL_SERVICEACCOUNT,
	CTL_EVENT_TTL,
	CTL_SERVICE,
	CTL_MIRROR,
	CTL_CSR,
	CTL_TOKEN_TTL,
	CTL_DNS,
	CTL_COUNT,
};

struct ctl_write;
/* response->status.code 0: it is done. */
typedef void ctl_done(struct kl_controllers *c, const struct ctl_write *write, const struct kl_response *response);

struct ctl_write {
	enum controller_id id; /* whose key runs again when it fails */
	const char *key;       /* copied */
	enum kl_verb verb;
	const struct kl_kind *kind;
	const char *ns, *name, *subresource; /* copied; subresource static */
	json_t *object;			     /* create, update: taken */
	json_t *patch;			     /* taken */
	enum kl_patch_type patch_type;
	const char *uid; /* delete: precondition; copied; NULL: none */
	const char *propagation;
	int64_t grace_period_s; /* delete; CTL_DEFAULT_GRACE: the object's own */
	ctl_done *done;
	const char *note; /* for done; copied; may be NULL */
};
enum { CTL_DEFAULT_GRACE = -1 };
void ctl_write(struct kl_controllers *c, const struct ctl_write *write);

/* A full replacement of an object that was parsed from the feed and changed; `object` is taken. */
void ctl_update(struct kl_controllers *c, enum controller_id id, const char *key, const struct kl_kind *kind,
	const char *subresource, json_t *object);
void ctl_create(struct kl_controllers *c, enum controller_id id, const char *key, const struct kl_kind *kind,
	json_t *object, ctl_done *done);

void ctl_enqueue(struct kl_controllers *c, enum controller_id id, const char *key);
void ctl_enqueue_object(struct kl_controllers *c, enum controller_id id, const struct kl_object *obj); /* "ns/name" */
void ctl_enqueue_after(struct kl_controllers *c, enum controller_id id, const char *key, int64_t delay_ms);
/* How often the key's writes have failed in a row. */
unsigned ctl_failures(struct kl_controllers *c, enum controller_id id, const char *key);

/* "ns/name" into its halves, in one allocation; name NULL when there is no slash. */
struct ctl_key {
	char *ns, *name;
};
struct ctl_key ctl_key_split(const char *key);
void ctl_key_release(struct ctl_key *key);
#define ctl_autokey kl_cleanup(ctl_key_release) struct ctl_key

/* The object of a key, parsed; NULL when it is gone. */
json_t *ctl_load(struct kl_controllers *c, const struct kl_kind *kind, const char *key);

void ctl_event(struct kl_controllers *c, enum controller_id id, const json_t *about, const char *type, const char *reason,
	const char *fmt, ...) __attribute__((format(printf, 6, 7)));

struct controller {
	const char *name; /* component of its events */
	void (*init)(struct kl_controllers *c);
	void (*sync)(struct kl_controllers *c, const char *key);
	void (*release)(struct kl_controllers *c); /* may be NULL */
};
extern const struct controller deployment_controller, replicaset_controller, replication_controller,
	daemonset_controller, job_controller, cronjob_controller, endpoints_controller, node_controller, eviction_controller,
	node_ipam_controller, pod_gc_controller, namespace_controller, gc_controller,
	serviceaccount_controller, event_ttl_controller, csr_controller, token_ttl_controller, dns_controller, volume_controller, statefulset_controller,
	disruption_controller, service_controller, mirror_controller;

struct queue;
struct pending_write;

struct kl_controllers {
	struct kl_registry *registry;
	struct kl_store *store;
	struct kl_feed *feed;
	struct kl_recorder *recorder;
	struct kl_controllers_options options; /* texts are ours */
	struct {
		const struct kl_kind *pod, *rs, *deployment, *service, *slice, *endpoints, *node, *lease, *ns, *event,
			*configmap, *serviceaccount;
	} kinds;
	const struct kl_kind *owner_kinds[CTL_COUNT]; /* of those controllers that own pods */
	struct queue *queues[CTL_COUNT];
	struct pending_write *writes;
	size_t write_count, write_size;
	uint64_t round;
	struct pods *pods;
	struct known_selector *selectors; /* owned.c */
	void *state[CTL_COUNT]; /* each controller's own */
	pthread_t thread;
	atomic_bool stop;
};

/* --- objects */

/* The ownerReference with controller: true; NULL: none. */
const json_t *controller_ref(const json_t *object);
/* A new ownerReference to `owner` as its controller. */
json_t *controller_ref_new(const json_t *owner);
const char *meta_str(const json_t *object, const char *field); /* metadata.<field>; never NULL */
bool is_deleting(const json_t *object);
int64_t meta_time_ms(const json_t *object, const char *field); /* 0: absent */
/* The condition of a type in status.conditions; NULL: none. */
json_t *condition_find(const json_t *status, const char *type);
/*
 * Sets a condition as upstream does: the transition time changes with the status only, and nothing at all when status
 * and reason are what they were. True when something changed.
 */
bool condition_set(json_t *status, const char *type, const char *value, const char *reason, const char *message,
	bool with_update_time);
void condition_remove(json_t *status, const char *type);

/* --- pods.c: all pods as compact rows, indexed by controller, node and namespace */

struct service_link; /* endpoints.c */

struct pod {
	char *key; /* "ns/name" */
	const char *ns, *name;
	char *uid;
	struct kl_object *obj; /* the current version; the feed's reference */
	char *owner_uid, *owner_kind, *owner_name; /* NULL: no controller */
	char *node;				   /* NULL: not scheduled */
	char *ip, *ip6;				   /* NULL: none */
	char *hostname, *subdomain;		   /* NULL: none */
	bool running, ready, over, failed;	   /* over: Succeeded or Failed */
	bool deleting;
	bool relabeled; /* in the present event: new, or its labels or its controller changed */
	int64_t created_ms, ready_since_ms, deleting_since_ms;
	int restarts, deletion_cost;
	uint16_t weight; /* keelson.dev/weight; 0: none */
	bool bad_weight; /* there is one that is no weight */
	UT_hash_handle hh;
	struct pod *owner_prev, *owner_next, *node_prev, *node_next, *ns_prev, *ns_next;
	struct service_link *services; /* that select it */
};
/* now NULL: gone. `pod` is the row after the change (before it is freed, when gone); changed labels are for the handler to see. */
typedef void pods_handler(struct kl_controllers *c, struct pod *pod, bool gone);

void pods_init(struct kl_controllers *c);
void pods_release(struct kl_controllers *c);
void pods_listen(struct kl_controllers *c, pods_handler *handler);
struct pod *pods_of_owner(struct kl_controllers *c, const char *uid); /* first; then ->owner_next */
struct pod *pods_of_node(struct kl_controllers *c, const char *node); /* ->node_next */
struct pod *pods_of_ns(struct kl_controllers *c, const char *ns);     /* ->ns_next */
struct pod *pods_find(struct kl_controllers *c, const char *key);
struct pod *pods_first(struct kl_controllers *c); /* ->hh.next */
/* Ready for at least min_ready_s; else *ret_wait_ms (0: it is not ready) says when it may be. */
bool pod_available(const struct pod *pod, int64_t min_ready_s, int64_t *ret_wait_ms);

#endif
