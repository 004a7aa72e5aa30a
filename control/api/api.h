/*
 * The pure half of the API: bytes and values in, values out. No sockets, no store, no threads of its own; every
 * function may be called from any thread.
 *
 * Objects are jansson trees. A function that fails fills `st` with what the client is told and returns -1.
 */
#ifndef KL_API_H
#define KL_API_H

#include "buf.h"
#include "json.h"
#include "kind.h"
#include "selector.h"
#include "status.h"

enum kl_media { KL_MEDIA_JSON, KL_MEDIA_YAML, KL_MEDIA_UNKNOWN, KL_MEDIA_PROTOBUF };
enum kl_field_validation { KL_VALIDATE_WARN, KL_VALIDATE_IGNORE, KL_VALIDATE_STRICT };
enum kl_patch_type { KL_PATCH_JSON, KL_PATCH_MERGE, KL_PATCH_STRATEGIC, KL_PATCH_APPLY };

/* Texts for `Warning: 299 - "…"` headers. */
struct kl_warnings {
	size_t count;
	char **texts;
};
void kl_warnings_add(struct kl_warnings *warnings, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void kl_warnings_release(struct kl_warnings *warnings);

/* --- decode.c: one object from a request body. Bounds depth and size; NULL and st (400, 415) on bad input. */
enum kl_media kl_media_parse(const char *content_type);
json_t *kl_api_decode(enum kl_media media, const char *data, size_t len, struct kl_status *st);
/* YAML (one document) to a value, with YAML 1.1 scalars as sigs.k8s.io/yaml reads them. */
json_t *kl_yaml_parse(const char *data, size_t len, struct kl_err *err);

/* --- strategy.c: what create and update do to an object before it is stored. */
struct kl_write {
	const struct kl_kind *kind;
	const char *subresource; /* NULL, "status", … */
	const char *ns, *name;	 /* from the URL; name NULL for create */
	const char *manager;	 /* fieldManager for managedFields; NULL: derived from user_agent */
	const char *user_agent;
	const char *operation; /* "Update" or "Apply" */
	enum kl_field_validation field_validation;
	int64_t now_ms;
	bool created_by_update; /* set by apply-to-create */
	const char *user;	/* who writes: CertificateSigningRequests remember it; NULL: nobody in particular */
	const char *const *user_groups; /* NULL-terminated; may be NULL */
};
/*
 * Checks apiVersion/kind/namespace/name, handles unknown and duplicate fields, prunes what clients may not set, defaults,
 * sets uid, creationTimestamp, generation and generateName's suffix, records managedFields, validates.
 */
int kl_api_create(const struct kl_write *w, json_t *object, struct kl_warnings *warnings, struct kl_status *st);
/*
 * The same for a replacement of `old`: keeps what is immutable or belongs to the other subresource, raises generation
 * when spec changed. Does not compare resourceVersions (the store's writer does, atomically).
 */
int kl_api_update(const struct kl_write *w, const json_t *old, json_t *object, struct kl_warnings *warnings,
	struct kl_status *st);
/* Applies a patch to `current` (NULL only for apply on an absent object); new reference, not yet passed to kl_api_update. */
json_t *kl_api_patch(const struct kl_write *w, enum kl_patch_type type, const json_t *current, const char *data, size_t len,
	bool force, struct kl_status *st);
/* Between versions of one kind (both rows share storage_id); in place. */
int kl_api_convert(const struct kl_kind *from, const struct kl_kind *to, json_t *object, struct kl_status *st);
/* autoscaling/v1 Scale of a Deployment, ReplicaSet, …; and back into the object. */
json_t *kl_api_scale_get(const struct kl_kind *kind, const json_t *object, struct kl_status *st);
int kl_api_scale_set(const struct kl_kind *kind, json_t *object, const json_t *scale, struct kl_status *st);
/* metadata.name: a DNS subdomain or label, as the kind wants it. */
bool kl_valid_dns_label(const char *name);
bool kl_valid_dns_subdomain(const char *name);

/* --- quantity.c: resource.Quantity. */
/* Milli-units, rounded up; -EINVAL on bad text, saturating at INT64_MAX. */
int kl_quantity_milli(const char *text, int64_t *ret_milli);
/* Whole units (bytes), rounded up. */
int kl_quantity_value(const char *text, int64_t *ret);
/* Same for a JSON string or number. */
int kl_quantity_json(const json_t *quantity, int64_t *ret_milli);

/* --- table.c: meta.k8s.io/v1 Table, as kubectl get asks for it. */
enum kl_include_object { KL_INCLUDE_METADATA, KL_INCLUDE_NONE, KL_INCLUDE_OBJECT };
/* {"kind":"Table",…,"columnDefinitions":[…] — the head up to and including `"rows":[`. */
void kl_table_head(const struct kl_kind *kind, const char *list_meta_json, struct kl_buf *buf);
/* One row object; `bytes` is the object's stored JSON. */
void kl_table_row(const struct kl_kind *kind, const json_t *object, const char *bytes, size_t len,
	enum kl_include_object include, int64_t now_ms, struct kl_buf *buf);

/* --- discovery.c, openapi.c: documents made once from the kind table; static storage, never freed. */
struct kl_document {
	const char *data;
	size_t len;
	const char *content_type;
	const char *etag; /* quoted */
};
/* `path` such as "/api", "/apis", "/api/v1", "/apis/apps/v1", "/openapi/v2", "/openapi/v3", "/openapi/v3/apis/apps/v1". */
bool kl_api_document(const char *path, const char *accept, struct kl_document *ret);

#endif
