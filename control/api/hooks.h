/*
 * What a kind does beyond its schema; any member may be NULL. Objects are already decoded and defaulted.
 */
#ifndef KL_HOOKS_H
#define KL_HOOKS_H

#include "api.h"
#include "validate.h"

struct kl_kind_hooks {
	kl_name_check *name_check; /* NULL: a DNS subdomain */
	bool generation;           /* metadata.generation counts the changes of spec */
	bool keeps_status;         /* create takes the status that came with the object (Node) */
	void (*create)(const struct kl_write *w, json_t *object);
	void (*update)(const struct kl_write *w, const json_t *old, json_t *object);
	void (*validate)(const json_t *object, struct kl_errors *errors);
	void (*validate_create)(const json_t *object, struct kl_errors *errors); /* beside `validate` */
	void (*validate_update)(const json_t *old, const json_t *object, struct kl_errors *errors);
	/* Writes of the subresources status and approval. */
	void (*status_update)(const struct kl_write *w, const json_t *old, json_t *object);
	void (*status_validate)(
		const struct kl_write *w, const json_t *old, const json_t *object, struct kl_errors *errors);
};

extern const struct kl_kind_hooks kl_hooks_config_map, kl_hooks_event, kl_hooks_namespace, kl_hooks_node, kl_hooks_pvc,
	kl_hooks_pv, kl_hooks_pod, kl_hooks_rc, kl_hooks_secret, kl_hooks_service, kl_hooks_daemon_set,
	kl_hooks_deployment, kl_hooks_replica_set, kl_hooks_stateful_set, kl_hooks_hpa, kl_hooks_cron_job, kl_hooks_job,
	kl_hooks_csr, kl_hooks_ingress, kl_hooks_network_policy, kl_hooks_pdb, kl_hooks_rbac, kl_hooks_storage_class,
	kl_hooks_priority_class, kl_hooks_endpoint_slice, kl_hooks_service_cidr, kl_hooks_volume_attributes_class,
	kl_hooks_ingress_class, kl_hooks_runtime_class;

#endif
