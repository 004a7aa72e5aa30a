/*
 * The const table of kinds: everything the generic machinery (verbs, discovery, OpenAPI, tables, defaults, validation,
 * patches) needs to know of a kind. Adding a kind is one row and its schema.
 */
#ifndef KL_KIND_H
#define KL_KIND_H

#include <stdbool.h>
#include <stddef.h>

enum kl_verbs { /* bits */
	KL_CAN_GET = 1,
	KL_CAN_LIST = 2,
	KL_CAN_WATCH = 4,
	KL_CAN_CREATE = 8,
	KL_CAN_UPDATE = 16,
	KL_CAN_PATCH = 32,
	KL_CAN_DELETE = 64,
	KL_CAN_DELETE_COLLECTION = 128,
	KL_CAN_ALL = 255,
};

enum kl_subresources { /* bits: those that read or write the object itself; streams and proxies are the server's */
	KL_SUB_STATUS = 1,
	KL_SUB_SCALE = 2,
	KL_SUB_BINDING = 4,
	KL_SUB_EVICTION = 8,
	KL_SUB_FINALIZE = 16,
	KL_SUB_EPHEMERAL_CONTAINERS = 32,
	KL_SUB_TOKEN = 64,
	KL_SUB_APPROVAL = 128,
};

struct kl_schema; /* schema.h */
struct kl_column; /* table.h */

struct kl_kind {
	unsigned id;                    /* dense index of this row */
	unsigned storage_id;            /* id of the row whose form is stored: other versions of one kind share it */
	const char *group;              /* "" for core */
	const char *version;            /* "v1" */
	const char *kind;               /* "Deployment" */
	const char *plural;             /* "deployments" */
	const char *singular;           /* "deployment" */
	const char *const *short_names; /* NULL-terminated, may be NULL */
	const char *const *categories;  /* "all"; NULL-terminated, may be NULL */
	bool namespaced;
	bool virtual;            /* answered from what the server knows; nothing is stored */
	bool legacy;             /* only plain discovery lists it: for clients that know nothing newer */
	const char *deprecation; /* value of a Warning header of every answer; NULL: none */
	unsigned verbs;          /* enum kl_verbs */
	unsigned subresources;   /* enum kl_subresources */
	const struct kl_schema *schema;
	const struct kl_column *columns;
	size_t column_count;
	const struct kl_kind_hooks *hooks; /* kind-specific defaults, validation, strategy; may be NULL */
};

/* What `kubectl get --subresource=scale` shows: columns, and no more. */
extern const struct kl_kind kl_kind_scale;

const struct kl_kind *kl_kinds(size_t *ret_count);
const struct kl_kind *kl_kind_by_id(unsigned id);
/* NULL when there is none. */
const struct kl_kind *kl_kind_by_resource(const char *group, const char *version, const char *plural);
const struct kl_kind *kl_kind_by_type(const char *api_version, const char *kind);
/* The storage row of a kind by its group and Kind, for code of ours: kl_kind_named("", "Pod"). Aborts on a typo. */
const struct kl_kind *kl_kind_named(const char *group, const char *kind);
/* "v1" or "apps/v1"; static storage, computed once. */
const char *kl_kind_api_version(const struct kl_kind *kind);

#endif
