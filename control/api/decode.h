/*
 * Bringing a tree into the form its schema describes: types checked, unknown fields and nulls gone, zero values of
 * optional fields dropped, quantities canonical, defaults set. One pass.
 */
#ifndef KL_DECODE_H
#define KL_DECODE_H

#include "schema.h"

enum { KL_UNKNOWN_MAX = 64, KL_QUANTITY_TEXT = 64 };

/* Where the top object had duplicate keys, decoding leaves the list of their paths under this key for strategy.c. */
#define KL_DUPLICATES_KEY \
	"\x01"            \
	"duplicates"

struct kl_decode {
	bool note;           /* collect the paths of unknown fields */
	bool no_defaults;    /* only check and prune: patches, applied configurations */
	struct kl_buf error; /* why it failed, in the words of Go's decoder */
	char *unknown[KL_UNKNOWN_MAX];
	size_t unknown_count;
};
/* In place. 0, or -1 with d->error. */
int kl_schema_decode(struct kl_decode *d, const struct kl_schema *schema, json_t *object);
void kl_decode_release(struct kl_decode *d);
json_t *kl_schema_default_value(const char *text);

/* resource.Quantity in its canonical form: "0.5" → "500m", "1024Mi" → "1Gi". 0 or -EINVAL. */
int kl_quantity_canonical(const char *text, char ret[KL_QUANTITY_TEXT]);

/* Nesting that any value from outside may have: everything that walks a tree recurses. */
enum { KL_DEPTH_MAX = 512 };
bool kl_json_too_deep(const json_t *value);

#endif
