/*
 * The documents that discovery.c and openapi.c make, kept for ever under their path and form.
 */
#ifndef KL_DOCUMENT_H
#define KL_DOCUMENT_H

#include "api.h"

/* A group version that the table of kinds knows. */
struct kl_group_version {
	const char *group, *version;
	const struct kl_kind *first;
};
/* All, in discovery's order; `max` slots. */
size_t kl_group_versions(struct kl_group_version *ret, size_t max);
enum { KL_GROUP_VERSIONS_MAX = 48 };

/* A subresource as discovery and OpenAPI tell it. */
struct kl_subresource {
	const char *name;
	const char *group, *version, *kind; /* NULL: the parent's */
	unsigned verbs;
};
/* Those of a kind, up to `max`. */
size_t kl_subresources(const struct kl_kind *kind, const struct kl_subresource **ret, size_t max);
enum { KL_SUBRESOURCES_MAX = 16 };

/* What its Etag says, and the hash in the URLs of /openapi/v3. */
uint64_t kl_document_hash(const char *data, size_t len);

/* Builders: the document as JSON text or bytes, appended to buf; false when the path is none of theirs. */
bool kl_discovery_build(const char *path, const char *form, struct kl_buf *buf);
bool kl_openapi_build(const char *path, const char *form, struct kl_buf *buf);

#endif
