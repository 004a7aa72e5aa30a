/* Random operations against a deliberately naive model, with the store closed and opened again in between. */
#include "storetest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS = 3, NAMESPACES = 3, NAMES = 12, SLOTS = KINDS * NAMESPACES * NAMES, OPERATIONS = 4000 };

static struct slot {
	bool there;
	uint64_t rv, value;
} model[SLOTS];
static uint64_t model_rv;

struct place {
	unsigned slot, kind;
	char ns[16], name[16];
};

static struct place place_of(unsigned slot)
{
	struct place place = {.slot = slot, .kind = slot / (NAMESPACES * NAMES)};
	if (place.kind != 2)
		snprintf(place.ns, sizeof(place.ns), "ns%u", slot / NAMES % NAMESPACES);
	snprintf(place.name, sizeof(place.name), "n%u-%u", slot % NAMES, place.kind == 2 ? slot / NAMES : 0);
	return place;
}

/* What the store must answer, by the plainest reading of its header. */
static int expect(enum kl_write_op op, const struct slot *slot, uint64_t expected_rv)
{
	if (op == KL_STORE_CREATE)
		return slot->there ? -EEXIST : 0;
	if (!slot->there)
		return -ENOENT;
	return expected_rv && expected_rv != slot->rv ? -ESTALE : 0;
}

static void apply(enum kl_write_op op, struct slot *slot, uint64_t value)
{
	model_rv++;
	*slot = (struct slot){.there = op != KL_STORE_DELETE, .rv = model_rv, .value = value};
}

static uint64_t random_rv(const struct slot *slot)
{
	switch (kl_test_random() % 3) {
	case 0:
		return 0;
	case 1:
		return slot->rv;
	default:
		return slot->rv + 1 + kl_test_random() % 3;
	}
}

static void single(struct kl_store *store)
{
	struct place at = place_of((unsigned)(kl_test_random() % SLOTS));
	enum kl_write_op op = (enum kl_write_op)(kl_test_random() % 3);
	struct slot *slot = &model[at.slot];
	uint64_t value = kl_test_random() >> 20, expected_rv = random_rv(slot), rv = 0;
	int want = expect(op, slot, expected_rv);
	KL_CHECK_INT(test_write(store, op, at.kind, at.ns, at.name, value, expected_rv, &rv), want);
	if (want)
		return;
	apply(op, slot, value);
	KL_CHECK_INT(rv, slot->rv);
}

/* A transaction of several, some on the same key: all or nothing. */
static void transaction(struct kl_store *store)
{
	enum { MAX = 5 };
	struct kl_store_write writes[MAX];
	struct place places[MAX];
	struct slot before[SLOTS];
	uint64_t rv_before = model_rv;
	size_t count = 2 + kl_test_random() % (MAX - 1);
	unsigned near = (unsigned)(kl_test_random() % SLOTS);
	int want = 0;
	memcpy(before, model, sizeof(model));
	for (size_t i = 0; i < count; i++) {
		places[i] = place_of((near + (unsigned)(kl_test_random() % 3)) % SLOTS);
		uint64_t value = kl_test_random() >> 20;
		struct slot *slot = &model[places[i].slot];
		writes[i] = (struct kl_store_write){.op = (enum kl_write_op)(kl_test_random() % 3),
			.kind = test_kind(places[i].kind),
			.ns = places[i].ns,
			.name = places[i].name};
		if (writes[i].op != KL_STORE_DELETE)
			writes[i].object = test_object(places[i].ns, places[i].name, value);
		int error = want ? want : expect(writes[i].op, slot, 0);
		want = error;
		if (!want)
			apply(writes[i].op, slot, value);
	}
	struct kl_err err = {0};
	KL_CHECK_INT(kl_store_commit(store, writes, count, &err), want);
	for (size_t i = 0; i < count; i++) {
		KL_CHECK((writes[i].result != NULL) == !want);
		kl_object_unref(writes[i].result);
		json_decref(writes[i].object);
	}
	if (want) {
		memcpy(model, before, sizeof(model));
		model_rv = rv_before;
	}
}

static void check_object(const struct kl_object *obj, const struct slot *slot)
{
	kl_autojson *json = kl_object_parse(obj);
	char rv[24];
	snprintf(rv, sizeof(rv), "%llu", (unsigned long long)slot->rv);
	KL_CHECK_INT(obj->rv, slot->rv);
	KL_CHECK_STR(kl_json_str(json, "metadata", "resourceVersion", NULL), rv);
	KL_CHECK_INT(kl_json_int(json, -1, "data", "value", NULL), slot->value);
	KL_CHECK_STR(obj->name, kl_json_str(json, "metadata", "name", NULL));
	KL_CHECK_STR(obj->uid, "u-1");
	KL_CHECK_STR(obj->labels, "app");
	KL_CHECK_STR(obj->labels + 4, obj->name);
	KL_CHECK(obj->labels[4 + strlen(obj->name) + 1] == '\0');
	KL_CHECK_INT(strlen(obj->json), obj->len);
}

static void check_all(struct kl_store *store)
{
	size_t counts[KINDS] = {0};
	for (unsigned i = 0; i < SLOTS; i++) {
		struct place at = place_of(i);
		struct kl_object *obj = kl_store_get(store, test_kind(at.kind), at.ns, at.name);
		counts[at.kind] += model[i].there;
		if (KL_CHECK((obj != NULL) == model[i].there) && obj)
			check_object(obj, &model[i]);
		kl_object_unref(obj);
	}
	for (unsigned kind = 0; kind < KINDS; kind++)
		KL_CHECK_INT(kl_store_count(store, test_kind(kind)), counts[kind]);
	KL_CHECK_INT(kl_store_rv(store), model_rv);
}

KL_TEST(random_operations)
{
	struct kl_store *store = test_open(NULL);
	model_rv = kl_store_rv(store);
	for (int i = 0; i < OPERATIONS; i++) {
		if (kl_test_random() % 4)
			single(store);
		else
			transaction(store);
		if (i % 400 == 399) {
			check_all(store);
			kl_store_close(store);
			store = test_open(NULL);
			check_all(store);
		}
	}
	kl_store_close(store);
}

KL_TEST(independent_writes_fail_alone)
{
	struct kl_store *store = test_open(NULL);
	kl_autojson *one = test_object("each", "a", 1), *two = test_object("each", "b", 2);
	struct kl_store_write writes[] = {
		{.op = KL_STORE_CREATE, .kind = test_kind(0), .ns = "each", .name = "a", .object = one},
		{.op = KL_STORE_CREATE, .kind = test_kind(0), .ns = "each", .name = "a", .object = two},
		{.op = KL_STORE_DELETE, .kind = test_kind(0), .ns = "each", .name = "none"},
		{.op = KL_STORE_CREATE, .kind = test_kind(0), .ns = "each", .name = "b", .object = two},
	};
	static const int want[] = {0, -EEXIST, -ENOENT, 0};
	kl_store_commit_each(store, writes, KL_ARRAY_LEN(writes));
	for (size_t i = 0; i < KL_ARRAY_LEN(writes); i++) {
		KL_CHECK_INT(writes[i].error, want[i]);
		kl_object_unref(writes[i].result);
	}
	kl_store_close(store);
}

KL_TEST(a_delete_may_give_the_final_state)
{
	struct kl_store *store = test_open(NULL);
	uint64_t rv;
	kl_autojson *last = test_object("final", "a", 99);
	KL_CHECK_INT(test_write(store, KL_STORE_CREATE, 0, "final", "a", 1, 0, &rv), 0);
	struct kl_store_write write = {
		.op = KL_STORE_DELETE, .kind = test_kind(0), .ns = "final", .name = "a", .object = last};
	KL_CHECK_INT(kl_store_commit(store, &write, 1, NULL), 0);
	KL_CHECK_INT(test_value(write.result), 99);
	KL_CHECK(write.result->rv > rv);
	kl_object_unref(write.result);
	kl_store_close(store);
}

KL_TEST(values_beside_objects)
{
	struct kl_store *store = test_open(NULL);
	kl_autobuf buf = {0}, again = {0};
	KL_CHECK_INT(kl_store_kv_get(store, "key", &buf, NULL), -ENOENT);
	KL_CHECK_INT(kl_store_kv_put(store, "key", "a\0b", 3, NULL), 0);
	KL_CHECK_INT(kl_store_kv_put(store, "empty", NULL, 0, NULL), 0);
	kl_store_close(store);
	store = test_open(NULL);
	KL_CHECK_INT(kl_store_kv_get(store, "key", &again, NULL), 0);
	KL_CHECK(again.len == 3 && !memcmp(again.data, "a\0b", 3));
	KL_CHECK_INT(kl_store_kv_get(store, "empty", &buf, NULL), 0);
	KL_CHECK_INT(buf.len, 0);
	kl_store_close(store);
}

KL_MAIN()
