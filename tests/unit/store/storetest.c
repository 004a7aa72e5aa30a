#include "storetest.h"

#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64];
static pid_t owner;

static void remove_dir(void)
{
	if (getpid() == owner)
		kl_remove_tree(dir, NULL);
}

const char *test_dir(void)
{
	if (!dir[0]) {
		strcpy(dir, "/tmp/kl-store-test-XXXXXX");
		if (!mkdtemp(dir))
			abort();
		owner = getpid();
		atexit(remove_dir);
	}
	return dir;
}

struct kl_store *test_open(const struct kl_store_options *options)
{
	kl_autofree char *path = kl_asprintf("%s/test.db", test_dir());
	struct kl_store_options all = options ? *options : (struct kl_store_options){0};
	struct kl_store *store = NULL;
	struct kl_err err = {0};
	all.path = path;
	if (kl_store_open(&all, &store, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return store;
}

const struct kl_kind *test_kind(unsigned i)
{
	static const char *const names[] = {"ConfigMap", "Secret", "Node"};
	return kl_kind_named("", names[i]);
}

json_t *test_object(const char *ns, const char *name, uint64_t value)
{
	return json_pack("{s:{s:s, s:s, s:s, s:{s:s}}, s:{s:I}}", "metadata", "name", name, "namespace", ns, "uid",
		"u-1", "labels", "app", name, "data", "value", (json_int_t)value);
}

uint64_t test_value(const struct kl_object *obj)
{
	kl_autojson *json = kl_object_parse(obj);
	return (uint64_t)kl_json_int(json, -1, "data", "value", NULL);
}

int test_write(struct kl_store *store, enum kl_write_op op, unsigned kind, const char *ns, const char *name,
	uint64_t value, uint64_t expected_rv, uint64_t *ret_rv)
{
	kl_autojson *object = op == KL_STORE_DELETE ? NULL : test_object(ns, name, value);
	struct kl_store_write write = {.op = op,
		.kind = test_kind(kind),
		.ns = ns,
		.name = name,
		.object = object,
		.expected_rv = expected_rv};
	struct kl_err err = {0};
	int rc = kl_store_commit(store, &write, 1, &err);
	KL_CHECK_INT(write.error, rc);
	if (rc == 0 && KL_CHECK(write.result != NULL) && ret_rv)
		*ret_rv = write.result->rv;
	kl_object_unref(write.result);
	return rc;
}
