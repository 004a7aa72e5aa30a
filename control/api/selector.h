/*
 * Label and field selectors, as in ?labelSelector=, ?fieldSelector= and metav1.LabelSelector.
 */
#ifndef KL_SELECTOR_H
#define KL_SELECTOR_H

#include "json.h"

struct kl_selector; /* immutable after parsing; safe to share between threads */

/* "a=b,c!=d,e in (f,g),h notin (i),j,!k"; "" matches everything. NULL and err on bad syntax. */
struct kl_selector *kl_selector_parse(const char *text, struct kl_err *err);
/* {matchLabels, matchExpressions}; {} matches everything, NULL or null matches nothing. */
struct kl_selector *kl_selector_from_json(const json_t *label_selector, struct kl_err *err);
/* A plain map (Service.spec.selector); empty or NULL matches nothing, as for Services. */
struct kl_selector *kl_selector_from_map(const json_t *map);
void kl_selector_free(struct kl_selector *sel);
bool kl_selector_empty(const struct kl_selector *sel); /* matches everything */
bool kl_selector_matches(const struct kl_selector *sel, const json_t *labels);
/* The same against the packed form of a stored object: "key\0value\0key\0value\0\0" (see struct kl_object). */
bool kl_selector_matches_packed(const struct kl_selector *sel, const char *packed);

/* "metadata.name=x,spec.nodeName!=y": terms are and-ed, operators =, ==, !=. */
struct kl_field_selector;
struct kl_kind;
/* err when the kind does not support the field ("field label not supported: …", as upstream says it). */
struct kl_field_selector *kl_field_selector_parse(const struct kl_kind *kind, const char *text, struct kl_err *err);
void kl_field_selector_free(struct kl_field_selector *sel);
bool kl_field_selector_matches(const struct kl_field_selector *sel, const json_t *object);
/* The values it pins with "=", where it does (NULL otherwise): lets a list become a get. */
const char *kl_field_selector_pinned(const struct kl_field_selector *sel, const char *field);

#endif
