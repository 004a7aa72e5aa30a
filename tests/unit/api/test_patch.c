#include "api_helpers.h"
#include "patch.h"

#include "testlib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values in YAML; want NULL: the patch is refused. */
struct patch_case {
	const char *object, *patch, *want;
};

static void check(const struct patch_case *c, json_t *got_taken, const struct kl_err *err)
{
	kl_autojson *got = got_taken, *want = c->want ? yaml(c->want) : NULL;
	kl_autofree char *got_text = got ? sorted(got) : NULL, *want_text = want ? sorted(want) : NULL;
	if (!!got != !!want || (want && strcmp(got_text, want_text)))
		kl_test_failed(__FILE__, __LINE__, "%s + %s\n  is   %s (%s)\n  want %s", c->object, c->patch,
			got ? got_text : "refused", err->text, want ? want_text : "refused");
}

static const struct patch_case json_cases[] = {
	{"{a: 1}", "[{op: add, path: /b, value: 2}]", "{a: 1, b: 2}"},
	{"{a: [1, 2]}", "[{op: add, path: /a/1, value: x}]", "{a: [1, x, 2]}"},
	{"{a: [1, 2]}", "[{op: add, path: /a/-, value: x}]", "{a: [1, 2, x]}"},
	{"{a: [1, 2]}", "[{op: add, path: /a/2, value: x}]", "{a: [1, 2, x]}"},
	{"{a: [1, 2]}", "[{op: add, path: /a/3, value: x}]", NULL},
	{"{a: [1, 2]}", "[{op: remove, path: /a/0}]", "{a: [2]}"},
	{"{a: [1, 2]}", "[{op: remove, path: /a/-}]", NULL},
	{"{a: [1, 2]}", "[{op: replace, path: /a/01, value: 3}]", NULL},
	{"{a: {b: c}}", "[{op: remove, path: /a/b}]", "{a: {}}"},
	{"{a: 1}", "[{op: remove, path: /b}]", NULL},
	{"{a: 1}", "[{op: replace, path: /a, value: {x: y}}]", "{a: {x: y}}"},
	{"{a: 1}", "[{op: replace, path: /b, value: 1}]", NULL},
	{"{a: 1}", "[{op: replace, path: '', value: {b: 2}}]", "{b: 2}"},
	{"{a: 1, b: 2}", "[{op: move, from: /a, path: /c}]", "{b: 2, c: 1}"},
	{"{a: {b: 1}}", "[{op: move, from: /a, path: /a/c}]", NULL},
	{"{a: [1, 2, 3]}", "[{op: move, from: /a/0, path: /a/2}]", "{a: [2, 3, 1]}"},
	{"{a: {b: 1}}", "[{op: copy, from: /a, path: /c}]", "{a: {b: 1}, c: {b: 1}}"},
	{"{a: 1}", "[{op: test, path: /a, value: 1}, {op: add, path: /b, value: 2}]", "{a: 1, b: 2}"},
	{"{a: 1}", "[{op: test, path: /a, value: '1'}]", NULL},
	{"{a/b: 1, m~n: 2}", "[{op: replace, path: /a~1b, value: 3}, {op: remove, path: /m~0n}]", "{a/b: 3}"},
	{"{a: 1}", "[{op: add, path: b, value: 1}]", NULL},
	{"{a: 1}", "[{op: add, path: /b}]", NULL},
	{"{a: 1}", "[{op: nope, path: /b}]", NULL},
	{"{a: 1}", "[{path: /b, value: 1}]", NULL},
	{"{a: 1}", "[5]", NULL},
	{"{a: 1}", "[{op: add, path: /a/b, value: 1}]", NULL},
	{"{a: 1}", "[{op: remove, path: ''}]", NULL},
};

KL_TEST(json_patch)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(json_cases); i++) {
		struct kl_err err = {0};
		json_t *object = yaml(json_cases[i].object);
		kl_autojson *patch = yaml(json_cases[i].patch);
		if (kl_patch_json(&object, patch, &err) < 0) {
			json_decref(object);
			object = NULL;
		}
		check(&json_cases[i], object, &err);
	}
}

/* RFC 7386, appendix A. */
static const struct patch_case merge_cases[] = {
	{"{a: b}", "{a: c}", "{a: c}"}, {"{a: b}", "{b: c}", "{a: b, b: c}"}, {"{a: b}", "{a: null}", "{}"},
	{"{a: b, b: c}", "{a: null}", "{b: c}"}, {"{a: [b]}", "{a: c}", "{a: c}"}, {"{a: c}", "{a: [b]}", "{a: [b]}"},
	{"{a: {b: c}}", "{a: {b: d, c: null}}", "{a: {b: d}}"}, {"{a: [{b: c}]}", "{a: [1]}", "{a: [1]}"}, {"[a, b]", "[c, d]", "[c, d]"},
	{"{a: b}", "[c]", "[c]"}, {"{a: foo}", "null", "null"}, {"{e: null}", "{a: 1}", "{e: null, a: 1}"}, {"[1, 2]", "{a: b, c: null}", "{a: b}"},
	{"{}", "{a: {bb: {ccc: null}}}", "{a: {bb: {}}}"},
};

KL_TEST(json_merge_patch)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(merge_cases); i++) {
		struct kl_err err = {0};
		kl_autojson *object = yaml(merge_cases[i].object), *patch = yaml(merge_cases[i].patch);
		check(&merge_cases[i], kl_patch_merge(object, patch), &err);
	}
}

/* Objects are PodSpecs: containers, volumes merge by name, tolerations are atomic. */
static const struct patch_case strategic_cases[] = {
	{"{containers: [{name: a, image: x}, {name: b, image: y}]}", "{containers: [{name: b, image: z}]}",
		"{containers: [{name: a, image: x}, {name: b, image: z}]}"},
	{"{containers: [{name: a, image: x}]}", "{containers: [{name: c, image: z, command: null}]}",
		"{containers: [{name: c, image: z}, {name: a, image: x}]}"},
	{"{containers: [{name: a}, {name: b}]}", "{containers: [{name: a, $patch: delete}]}", "{containers: [{name: b}]}"},
	{"{containers: [{name: a, image: x}]}", "{containers: [{$patch: replace}, {name: c, image: z}]}", "{containers: [{name: c, image: z}]}"},
	{"{containers: [{name: a, image: x}]}", "{containers: [{name: a, image: null, command: [q]}]}", "{containers: [{name: a, command: [q]}]}"},
	{"{containers: [{name: a, env: [{name: A, value: '1'}, {name: B, value: '2'}]}]}",
		"{containers: [{name: a, env: [{name: B, value: '3'}, {name: C, value: '4'}]}]}",
		"{containers: [{name: a, env: [{name: A, value: '1'}, {name: B, value: '3'}, {name: C, value: '4'}]}]}"},
	{"{containers: [{name: a, args: [x, y]}]}", "{containers: [{name: a, args: [z]}]}", "{containers: [{name: a, args: [z]}]}"},
	{"{tolerations: [{key: a}]}", "{tolerations: [{key: b}]}", "{tolerations: [{key: b}]}"},
	{"{nodeSelector: {a: b, c: d}}", "{nodeSelector: {a: null, e: f}}", "{nodeSelector: {c: d, e: f}}"},
	{"{nodeSelector: {a: b}}", "{nodeSelector: {$patch: replace, c: d}}", "{nodeSelector: {c: d}}"},
	{"{nodeSelector: {a: b}, hostname: h}", "{nodeSelector: {$patch: delete}}", "{hostname: h}"},
	{"{nodeSelector: {a: b}}", "{nodeSelector: {$patch: merge, c: d}}", "{nodeSelector: {a: b, c: d}}"},
	{"{nodeSelector: {a: b}}", "{nodeSelector: {$patch: nonsense}}", NULL},
	{"{volumes: [{name: v, emptyDir: {}}]}", "{volumes: [{name: v, $retainKeys: [name, hostPath], hostPath: {path: /x}}]}",
		"{volumes: [{name: v, hostPath: {path: /x}}]}"},
	{"{volumes: [{name: v}]}", "{volumes: [{name: v, $retainKeys: 5}]}", NULL},
	{"{containers: [{name: a}, {name: b}, {name: c}]}", "{$setElementOrder/containers: [{name: c}, {name: a}], containers: [{name: a, image: x}]}",
		"{containers: [{name: b}, {name: c}, {name: a, image: x}]}"},
	{"{containers: [{name: b}, {name: a}]}", "{$setElementOrder/containers: [{name: a}, {name: b}]}", "{containers: [{name: a}, {name: b}]}"},
	{"{containers: [{name: own}, {name: a}]}", "{$setElementOrder/containers: [{name: n}, {name: a}], containers: [{name: n}]}",
		"{containers: [{name: n}, {name: own}, {name: a}]}"},
	{"{containers: [{name: a}, {name: b}]}", "{containers: [{name: c}, {name: b, image: x}]}",
		"{containers: [{name: c}, {name: a}, {name: b, image: x}]}"},
	{"{containers: [{name: a}]}", "{containers: [{name: b, $patch: replace}, {name: c}]}", "{containers: [{name: c}]}"},
	{"{}", "{containers: [{name: b, $patch: delete}, {name: c}]}", "{containers: [{name: c}]}"},
	{"{containers: [{name: a}]}", "{containers: [{image: x}]}", NULL},
	{"{containers: [{name: a}]}", "{$setElementOrder/containers: 5}", NULL},
	{"{restartPolicy: Always}", "{restartPolicy: null}", "{}"},
	{"{securityContext: {runAsUser: 1}}", "{securityContext: {runAsGroup: 2}}", "{securityContext: {runAsGroup: 2, runAsUser: 1}}"},
	{"{}", "{affinity: {nodeAffinity: null, podAffinity: {$patch: replace}}}", "{affinity: {podAffinity: {}}}"},
	{"{unknown: {a: [1]}}", "{unknown: {a: [2], b: 3}}", "{unknown: {a: [2], b: 3}}"},
};

KL_TEST(strategic_merge)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(strategic_cases); i++) {
		struct kl_err err = {0};
		kl_autojson *object = yaml(strategic_cases[i].object), *patch = yaml(strategic_cases[i].patch);
		check(&strategic_cases[i], kl_patch_strategic(&kl_schema_PodSpec, object, patch, &err), &err);
	}
}

KL_TEST(strategic_merge_of_primitive_lists)
{
	static const struct patch_case cases[] = {
		{"{finalizers: [a, b]}", "{finalizers: [b, c]}", "{finalizers: [a, b, c]}"},
		{"{finalizers: [a, b, c]}", "{$deleteFromPrimitiveList/finalizers: [b]}", "{finalizers: [a, c]}"},
		{"{finalizers: [a, b]}", "{$setElementOrder/finalizers: [b, a]}", "{finalizers: [b, a]}"},
		{"{finalizers: [a]}", "{$deleteFromPrimitiveList/finalizers: x}", NULL},
		{"{ownerReferences: [{uid: u, name: a}]}", "{ownerReferences: [{uid: u, name: b}, {uid: v}]}",
			"{ownerReferences: [{uid: u, name: b}, {uid: v}]}"},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_err err = {0};
		kl_autojson *object = yaml(cases[i].object), *patch = yaml(cases[i].patch);
		check(&cases[i], kl_patch_strategic(&kl_schema_ObjectMeta, object, patch, &err), &err);
	}
}

KL_TEST(service_ports_merge_by_port)
{
	struct patch_case c = {"{ports: [{port: 80, name: a, protocol: TCP}, {port: 81, name: b}]}", "{ports: [{port: 81, targetPort: 8}]}",
		"{ports: [{port: 80, name: a, protocol: TCP}, {port: 81, name: b, targetPort: 8}]}"};
	struct kl_err err = {0};
	kl_autojson *object = yaml(c.object), *patch = yaml(c.patch);
	check(&c, kl_patch_strategic(&kl_schema_ServiceSpec, object, patch, &err), &err);
}

/*
 * The oracle keeps an environment as an array of values by number, and does to it what the patch says, one by one.
 */
enum { VARS = 6, NONE = -1 };

static json_t *environment(const int values[VARS])
{
	json_t *list = json_array();
	for (int i = 0; i < VARS; i++)
		if (values[i] != NONE) {
			char name[8], value[16];
			snprintf(name, sizeof(name), "V%d", i);
			snprintf(value, sizeof(value), "%d", values[i]);
			json_array_append_new(list, json_pack("{s:s,s:s}", "name", name, "value", value));
		}
	return json_pack("{s:o}", "env", list);
}

static void read_environment(const json_t *object, int values[VARS])
{
	size_t i;
	json_t *entry;
	for (int k = 0; k < VARS; k++)
		values[k] = NONE;
	json_array_foreach(json_object_get(object, "env"), i, entry) {
		int number = atoi(kl_json_str(entry, "name", NULL) + 1);
		KL_CHECK_INT(values[number], NONE); /* no name twice */
		values[number] = atoi(kl_json_str(entry, "value", NULL));
	}
}

KL_TEST(strategic_merge_against_an_oracle)
{
	for (int round = 0; round < 5000; round++) {
		int values[VARS], got[VARS];
		for (int i = 0; i < VARS; i++)
			values[i] = kl_test_random() % 3 ? (int)(kl_test_random() % 10) : NONE;
		kl_autojson *object = environment(values), *list = json_array();
		for (int i = 0; i < VARS; i++) {
			char name[8];
			uint64_t what = kl_test_random() % 4;
			snprintf(name, sizeof(name), "V%d", i);
			if (what == 0) {
				json_array_append_new(list, json_pack("{s:s,s:s}", "name", name, "$patch", "delete"));
				values[i] = NONE;
			} else if (what == 1) {
				json_array_append_new(list, json_pack("{s:s,s:s}", "name", name, "value", "77"));
				values[i] = 77;
			}
		}
		kl_autojson *patch = json_pack("{s:O}", "env", list);
		kl_autofree char *before = sorted(object);
		kl_autojson *result = kl_patch_strategic(&kl_schema_Container, object, patch, NULL);
		kl_autofree char *after = sorted(object);
		KL_CHECK_STR(after, before); /* the original is left alone */
		read_environment(result, got);
		KL_CHECK(!memcmp(got, values, sizeof(got)));
		/* Twice is once. */
		kl_autojson *again = kl_patch_strategic(&kl_schema_Container, result, patch, NULL);
		KL_CHECK(json_equal(again, result));
	}
}

static int patch_code(enum kl_patch_type type, const char *patch)
{
	struct kl_status st = {0};
	struct kl_write w = write_of(kl_kind_named("", "Pod"));
	kl_autojson *object = yaml("{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c}]}}");
	kl_autojson *result = kl_api_patch(&w, type, object, patch, strlen(patch), false, &st);
	int code = st.code;
	KL_CHECK(!!result == !code);
	kl_status_release(&st);
	return code;
}

KL_TEST(bad_patches_are_answered)
{
	KL_CHECK_INT(patch_code(KL_PATCH_JSON, "[]"), 0);
	KL_CHECK_INT(patch_code(KL_PATCH_JSON, "{}"), 400);
	KL_CHECK_INT(patch_code(KL_PATCH_JSON, "["), 400);
	KL_CHECK_INT(patch_code(KL_PATCH_JSON, "[{\"op\":\"test\",\"path\":\"/kind\",\"value\":\"x\"}]"), 422);
	KL_CHECK_INT(patch_code(KL_PATCH_JSON, "[{\"op\":\"replace\",\"path\":\"\",\"value\":5}]"), 422);
	KL_CHECK_INT(patch_code(KL_PATCH_MERGE, "[]"), 400);
	KL_CHECK_INT(patch_code(KL_PATCH_MERGE, "{}"), 0);
	KL_CHECK_INT(patch_code(KL_PATCH_STRATEGIC, "{\"spec\":{\"$patch\":\"x\"}}"), 400);
	KL_CHECK_INT(patch_code(KL_PATCH_APPLY, "kind: Pod"), 400);
}

/* Chains of objects moved below one another: each step deeper than the last. */
KL_TEST(documents_stay_shallow)
{
	kl_autobuf object = {0}, patch = {0};
	enum { CHAINS = 30, LINKS = 200 };
	kl_buf_char(&object, '{');
	for (int chain = 0; chain < CHAINS; chain++) {
		kl_buf_printf(&object, "%s\"c%d\":", chain ? "," : "", chain);
		for (int i = 0; i < LINKS; i++)
			kl_buf_str_push(&object, "{\"x\":");
		kl_buf_str_push(&object, "{}");
		for (int i = 0; i < LINKS; i++)
			kl_buf_char(&object, '}');
	}
	kl_buf_char(&object, '}');
	for (int chain = 1; chain < CHAINS; chain++) {
		kl_buf_printf(&patch, "%s{\"op\":\"move\",\"from\":\"/c%d\",\"path\":\"/c%d", chain > 1 ? "," : "[", chain - 1, chain);
		for (int i = 0; i < LINKS; i++)
			kl_buf_str_push(&patch, "/x");
		kl_buf_str_push(&patch, "/y\"}");
	}
	kl_buf_char(&patch, ']');
	struct kl_err err = {0};
	json_t *tree = kl_json_parse(kl_buf_str(&object), object.len, NULL);
	kl_autojson *operations = kl_json_parse(kl_buf_str(&patch), patch.len, NULL);
	KL_CHECK(tree && operations);
	KL_CHECK(kl_patch_json(&tree, operations, &err) < 0);
	KL_CHECK_STR(err.text, "the patch copies or moves too much");
	json_decref(tree);
}

KL_MAIN()
