/* What all controllers of pods share: claiming, making and deleting the pods of an owner, in a status's numbers. */
#ifndef KL_CTL_OWNED_H
#define KL_CTL_OWNED_H

#include "api.h"
#include "ctl.h"

/* An owner in one sync. */
struct owner {
	struct kl_controllers *c;
	enum controller_id id;
	const char *key;
	const struct kl_kind *kind;
	json_t *json; /* parsed; changed in place */
	struct kl_selector *selector; /* NULL: matches nothing */
};
/* False when it is gone. The selector is spec.selector: a LabelSelector, or a plain map for ReplicationControllers. */
bool owner_load(struct kl_controllers *c, enum controller_id id, const struct kl_kind *kind, const char *key, struct owner *ret);
void owner_release(struct owner *owner);
#define autoowner kl_cleanup(owner_release) struct owner

/*
 * Releases pods that do not match any more and adopts orphans that do; returns how many are being adopted, which count
 * from now on. Nothing when the owner is being deleted.
 */
int64_t owner_claim(struct owner *owner);
/* Its pods that match, are not being deleted and not over; or (all) every one of them. The caller's array. */
struct pod **owner_pods(struct owner *owner, bool all, size_t *ret_count);

/* A new Pod of the template, owned by the owner; name NULL: generated from the owner's. */
json_t *owner_pod_new(const struct owner *owner, const json_t *template, const char *name);
/* Both with upstream's events about the owner (SuccessfulCreate, FailedCreate, SuccessfulDelete). `pod` is taken. */
void owner_create_pod(struct owner *owner, json_t *pod);
void owner_delete_pod(struct owner *owner, const struct pod *pod);
/* Writes the owner's status (in owner->json). */
void owner_write_status(struct owner *owner);
/* Enqueues the pod's owner when it is of that Kind. */
void owner_of_pod_enqueue(struct kl_controllers *c, enum controller_id id, const char *kind, const struct pod *pod);
/* Enqueues every owner of the kind that would adopt this pod, which has no controller. */
void owner_offer_orphan(struct kl_controllers *c, enum controller_id id, const struct kl_kind *kind, const struct pod *pod);

void owned_release(struct kl_controllers *c);

/* Those to delete first come first: upstream's ActivePodsWithRanks. */
void owner_sort_for_deletion(struct kl_controllers *c, struct pod **pods, size_t count);

/* A status number as upstream writes it: `always`, or left out when nought. True when it changes. */
bool status_number(json_t *status, const char *field, int64_t value, bool always);
/* FNV-1a (32 bits) of a value's canonical text in the alphabet of generated names. */
enum { TEMPLATE_HASH = 16 };
void template_hash(const json_t *value, int64_t salt, char ret[TEMPLATE_HASH]);
bool template_equal(const json_t *a, const json_t *b, const char *without_label);

#endif
