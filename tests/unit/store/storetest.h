/* What the store's tests share: a store in a folder of its own, and small objects. */
#ifndef STORETEST_H
#define STORETEST_H

#include "store.h"
#include "testlib.h"

/* A fresh folder, removed at exit. */
const char *test_dir(void);
struct kl_store *test_open(const struct kl_store_options *options); /* path is filled in; NULL: defaults */
const struct kl_kind *test_kind(unsigned i); /* 0: ConfigMap, 1: Secret, 2: Node (cluster-scoped) */
/* {"metadata":{name, namespace},"data":{"value": value}} */
json_t *test_object(const char *ns, const char *name, uint64_t value);
uint64_t test_value(const struct kl_object *obj);
/* One write; returns its error. On success *ret_rv is the new version. */
int test_write(struct kl_store *store, enum kl_write_op op, unsigned kind, const char *ns, const char *name,
	uint64_t value, uint64_t expected_rv, uint64_t *ret_rv);

#endif
