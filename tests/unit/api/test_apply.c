#include "api_helpers.h"
#include "fieldset.h"

#include "testlib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web"
#define TAIL                                                                                                           \
	"selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x}]}}}"

/* Applies as `manager`; current NULL: creates. The stored object, or NULL with *ret_message. */
static json_t *apply(const json_t *current, const char *manager, const char *text, bool force, char **ret_message)
{
	struct kl_write w = write_of(kl_kind_named("apps", "Deployment"));
	struct kl_status st = {0};
	w.manager = manager;
	w.operation = "Apply";
	w.name = "web";
	w.created_by_update = !current;
	json_t *object = kl_api_patch(&w, KL_PATCH_APPLY, current, text, strlen(text), force, &st);
	int rc = !object ? -1 : current ? kl_api_update(&w, current, object, NULL, &st) : kl_api_create(&w, object, NULL, &st);
	*ret_message = kl_strdup(st.message ? st.message : "");
	kl_status_release(&st);
	if (!rc)
		return object;
	json_decref(object);
	return NULL;
}

static char *managers(const json_t *object)
{
	kl_autobuf text = {0};
	size_t i;
	json_t *entry;
	json_array_foreach(kl_json_get(object, "metadata", "managedFields", NULL), i, entry)
		kl_buf_printf(&text, "%s%s/%s", i ? " " : "", kl_json_str(entry, "manager", NULL), kl_json_str(entry, "operation", NULL));
	return kl_buf_take(&text);
}

KL_TEST(apply_owns_conflicts_and_lets_go)
{
	kl_autofree char *m1 = NULL, *m2 = NULL, *m3 = NULL, *m4 = NULL, *m5 = NULL, *m6 = NULL;
	kl_autojson *first = apply(NULL, "one", HEAD ", labels: {x: z}}\nspec: {replicas: 2, " TAIL, false, &m1);
	KL_CHECK_STR(m1, "");
	KL_CHECK_INT(kl_json_int(first, 0, "spec", "replicas", NULL), 2);
	/* Another manager may say the same … */
	kl_autojson *shared = apply(first, "two", HEAD "}\nspec: {replicas: 2, " TAIL, false, &m2);
	KL_CHECK_STR(m2, "");
	/* … but not something else … */
	kl_autojson *refused = apply(shared, "two", HEAD "}\nspec: {replicas: 3, " TAIL, false, &m3);
	KL_CHECK(!refused);
	KL_CHECK_STR(m3, "Apply failed with 1 conflict: conflict with \"one\": .spec.replicas");
	/* … unless it forces its way. */
	kl_autojson *forced = apply(shared, "two", HEAD "}\nspec: {replicas: 3, " TAIL, true, &m4);
	KL_CHECK_INT(kl_json_int(forced, 0, "spec", "replicas", NULL), 3);
	/* What one manager leaves out goes where it was its own alone. */
	kl_autojson *less = apply(forced, "one", HEAD "}\nspec: {" TAIL, false, &m5);
	KL_CHECK_STR(m5, "");
	KL_CHECK(!kl_json_get(less, "metadata", "labels", NULL));
	KL_CHECK_INT(kl_json_int(less, 0, "spec", "replicas", NULL), 3);
	kl_autofree char *names = managers(less);
	KL_CHECK_STR(names, "two/Apply one/Apply");
	/* The same again changes nothing. */
	KL_CHECK(!kl_json_get(json_array_get(kl_json_get(less, "metadata", "managedFields", NULL), 0), "fieldsV1", "f:status", NULL));
	kl_autojson *again = apply(less, "one", HEAD "}\nspec: {" TAIL, false, &m6);
	KL_CHECK(json_equal(again, less));
}

KL_TEST(updates_take_fields_over)
{
	kl_autofree char *m1 = NULL, *m2 = NULL, *m3 = NULL;
	kl_autojson *first = apply(NULL, "one", HEAD "}\nspec: {replicas: 2, " TAIL, false, &m1);
	json_t *next = json_deep_copy(first);
	kl_json_set(next, json_integer(5), "spec", "replicas", NULL);
	kl_autojson *second = update(first, NULL, next, &m2);
	kl_autofree char *names = managers(second);
	KL_CHECK_STR(names, "one/Apply test/Update");
	kl_autojson *refused = apply(second, "one", HEAD "}\nspec: {replicas: 2, " TAIL, false, &m3);
	KL_CHECK(!refused);
	KL_CHECK_STR(m3, "Apply failed with 1 conflict: conflict with \"test\" using apps/v1 at 2025-11-20T10:30:35Z: .spec.replicas");
}

KL_TEST(lists_are_owned_by_entry)
{
	kl_autofree char *m1 = NULL, *m2 = NULL;
	static const char one[] = HEAD "}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: "
				       "[{name: c, image: x, ports: [{containerPort: 80}], env: [{name: A, value: '1'}]}]}}}";
	static const char two[] = HEAD "}\nspec: {template: {spec: {containers: [{name: c, env: [{name: B, value: '2'}]}, {name: side, "
				       "image: z}]}}}";
	kl_autojson *first = apply(NULL, "one", one, false, &m1), *both = apply(first, "two", two, false, &m2);
	const json_t *containers = kl_json_get(both, "spec", "template", "spec", "containers", NULL);
	KL_CHECK_STR(m2, "");
	KL_CHECK_INT((int64_t)json_array_size(containers), 2);
	KL_CHECK_INT((int64_t)json_array_size(json_object_get(json_array_get(containers, 0), "env")), 2);
	kl_autofree char *text = sorted(json_array_get(kl_json_get(both, "metadata", "managedFields", NULL), 1));
	KL_CHECK(strstr(text, "k:{\\\"name\\\":\\\"side\\\"}") != NULL);
}

/* fieldsV1 of an object, and the algebra over it. */
KL_TEST(field_sets)
{
	kl_autojson *pod = yaml("{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {a: b}}, spec: {hostname: h, containers: [{name: c, "
				"image: x}]}}");
	kl_autojson *other = yaml("{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {a: c}}, spec: {hostname: h, containers: [{name: c, "
				  "image: z}]}}");
	kl_autojson *set = kl_fieldset_of(&kl_schema_Pod, pod), *diff = kl_fieldset_diff(&kl_schema_Pod, pod, other);
	kl_autofree char *text = sorted(set), *diff_text = sorted(diff);
	KL_CHECK_STR(text, "{\"f:metadata\":{\"f:labels\":{\"f:a\":{}}},\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"c\\\"}\":{\".\":{},"
			   "\"f:image\":{},\"f:name\":{}}},\"f:hostname\":{}}}");
	KL_CHECK_STR(diff_text, "{\"f:metadata\":{\"f:labels\":{\"f:a\":{}}},\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"c\\\"}\":{"
				"\"f:image\":{}}}}}");
	kl_autojson *left = kl_fieldset_subtract(set, diff), *back = kl_fieldset_union(left, diff), *both = kl_fieldset_intersect(set, diff);
	KL_CHECK(json_equal(back, set));
	KL_CHECK(json_equal(both, diff));
	kl_fieldset_remove(&kl_schema_Pod, diff, pod);
	KL_CHECK(!kl_json_get(pod, "metadata", "labels", "a", NULL));
	kl_autojson *pruned = kl_fieldset_prune(&kl_schema_Pod, set, pod);
	KL_CHECK(!json_object_get(pruned, "f:metadata") && kl_json_get(pruned, "f:spec", "f:hostname", NULL));
	KL_CHECK(!kl_fieldset_diff(&kl_schema_Pod, pod, pod));
}

/* A Deployment whose labels, environment and ports come from the random bits. */
static json_t *random_deployment(void)
{
	json_t *object = yaml(HEAD ", namespace: default}\nspec: {" TAIL);
	json_t *container = json_array_get(kl_json_get(object, "spec", "template", "spec", "containers", NULL), 0);
	json_t *env = json_array(), *ports = json_array();
	uint64_t bits = kl_test_random();
	for (int i = 0; i < 4; i++, bits >>= 4) {
		char name[8], value[8];
		snprintf(name, sizeof(name), "N%d", i);
		snprintf(value, sizeof(value), "v%d", (int)(bits >> 20 & 1));
		if (bits & 1)
			kl_json_set(object, json_string(value), "metadata", "labels", name, NULL);
		if (bits & 2)
			json_array_append_new(env, json_pack("{s:s,s:s}", "name", name, "value", value));
		if (bits & 4)
			json_array_append_new(ports, json_pack("{s:i}", "containerPort", 80 + i));
	}
	json_object_set_new(container, "env", env);
	json_object_set_new(container, "ports", ports);
	return object;
}

/* Every field has exactly one owner as long as nobody applies: the sets are apart, and together they are the object's. */
static void check_ownership(const json_t *object)
{
	kl_autojson *all = NULL, *want = kl_fieldset_of(&kl_schema_Deployment, object);
	size_t i;
	json_t *entry;
	json_object_del(want, "f:status");
	json_array_foreach(kl_json_get(object, "metadata", "managedFields", NULL), i, entry) {
		const json_t *set = json_object_get(entry, "fieldsV1");
		kl_autojson *shared = all ? kl_fieldset_intersect(all, set) : NULL;
		KL_CHECK(!shared);
		json_t *sum = kl_fieldset_union(all, set);
		json_decref(all);
		all = sum;
	}
	kl_autofree char *got_text = sorted(all), *want_text = sorted(want);
	KL_CHECK_STR(got_text, want_text);
}

KL_TEST(updates_share_the_fields_out)
{
	static const char *const names[] = {"one", "two", "three"};
	struct kl_write w = write_of(kl_kind_named("apps", "Deployment"));
	for (int round = 0; round < 200; round++) {
		json_t *object = random_deployment();
		struct kl_status st = {0};
		w.manager = names[0];
		KL_CHECK_INT(kl_api_create(&w, object, NULL, &st), 0);
		check_ownership(object);
		for (int step = 0; step < 10; step++) {
			json_t *next = random_deployment();
			w.manager = names[kl_test_random() % KL_ARRAY_LEN(names)];
			KL_CHECK_INT(kl_api_update(&w, object, next, NULL, &st), 0);
			json_decref(object);
			object = next;
			check_ownership(object);
		}
		json_decref(object);
		kl_status_release(&st);
	}
}

KL_MAIN()
