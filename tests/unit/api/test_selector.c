#include "selector.h"

#include "kind.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

/* labels as "k=v k=v"; matches: the answer, -1: the selector does not parse. */
static const struct {
	const char *selector, *labels;
	int matches;
} cases[] = {
	{"", "a=b", 1}, {"a=b", "a=b", 1}, {"a==b", "a=b", 1}, {"a=b", "a=c", 0}, {"a!=b", "a=c", 1}, {"a!=b", "", 1},
	{"a!=b", "a=b", 0}, {"a", "a=", 1}, {"a", "b=", 0}, {"!a", "b=", 1}, {"!a", "a=", 0}, {"a in (b,c)", "a=c", 1},
	{"a in (b, c)", "a=d", 0}, {"a in (b,c)", "", 0}, {"a notin (b,c)", "a=d", 1}, {"a notin (b,c)", "", 1},
	{"a notin (b)", "a=b", 0}, {"a=b,c=d", "a=b c=d", 1}, {"a=b,c=d", "a=b", 0}, {" a = b , !c ", "a=b", 1},
	{"a>1", "a=2", 1}, {"a>1", "a=1", 0}, {"a<5", "a=4", 1}, {"a<5", "a=x", 0}, {"a=", "a=", 1}, {"a in ()", "a=", 1},
	{"k8s.io/a=b", "k8s.io/a=b", 1}, {"a in (b", "", -1}, {"a b", "", -1}, {"=b", "", -1}, {"a=b,", "", -1},
	{"a in b", "", -1}, {"-a=b", "", -1}, {"a=-", "", -1}, {"a/b/c=d", "", -1}, {"!", "", -1}, {"a=b c", "", -1},
	{"a>x", "", -1}, {",a", "", -1},
};

static json_t *labels_of(const char *text, struct kl_buf *packed)
{
	json_t *labels = json_object();
	kl_autofree char *copy = kl_strdup(text);
	char *save;
	for (char *pair = strtok_r(copy, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
		char *equals = strchr(pair, '=');
		*equals = 0;
		json_object_set_new(labels, pair, json_string(equals + 1));
		kl_buf_push(packed, pair, strlen(pair) + 1);
		kl_buf_push(packed, equals + 1, strlen(equals + 1) + 1);
	}
	kl_buf_push(packed, "\0", 1);
	return labels;
}

KL_TEST(selectors_match)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_err err = {0};
		kl_autobuf packed = {0};
		kl_autojson *labels = labels_of(cases[i].labels, &packed);
		struct kl_selector *sel = kl_selector_parse(cases[i].selector, &err);
		int got = sel ? kl_selector_matches(sel, labels) : -1;
		int got_packed = sel ? kl_selector_matches_packed(sel, packed.data) : -1;
		if (got != cases[i].matches || got_packed != cases[i].matches)
			kl_test_failed(__FILE__, __LINE__, "'%s' on '%s': %d, %d, want %d (%s)", cases[i].selector, cases[i].labels,
				got, got_packed, cases[i].matches, err.text);
		kl_selector_free(sel);
	}
}

KL_TEST(label_selectors_from_json)
{
	kl_autojson *both = json_pack("{s:{s:s},s:[{s:s,s:s,s:[s,s]},{s:s,s:s}]}", "matchLabels", "a", "b", "matchExpressions",
		"key", "c", "operator", "In", "values", "d", "e", "key", "f", "operator", "DoesNotExist");
	kl_autojson *labels = json_pack("{s:s,s:s}", "a", "b", "c", "e"), *more = json_pack("{s:s,s:s,s:s}", "a", "b", "c", "e",
		"f", "");
	struct kl_selector *sel = kl_selector_from_json(both, NULL);
	KL_CHECK(kl_selector_matches(sel, labels));
	KL_CHECK(!kl_selector_matches(sel, more));
	kl_selector_free(sel);
	struct kl_selector *nothing = kl_selector_from_json(NULL, NULL), *map = kl_selector_from_map(NULL);
	kl_autojson *none = json_object();
	struct kl_selector *everything = kl_selector_from_json(none, NULL);
	KL_CHECK(!kl_selector_matches(nothing, labels) && !kl_selector_matches(map, labels));
	KL_CHECK(kl_selector_matches(everything, labels) && kl_selector_empty(everything) && !kl_selector_empty(nothing));
	kl_selector_free(nothing);
	kl_selector_free(map);
	kl_selector_free(everything);
	kl_autojson *bad = json_pack("{s:[{s:s,s:s}]}", "matchExpressions", "key", "a", "operator", "In");
	KL_CHECK(!kl_selector_from_json(bad, NULL));
}

static const struct {
	const char *kind, *selector;
	int matches; /* the pod below */
} field_cases[] = {
	{"Pod", "", 1}, {"Pod", "metadata.name=web", 1}, {"Pod", "metadata.name==web", 1}, {"Pod", "metadata.name!=web", 0},
	{"Pod", "spec.nodeName=n1,status.phase!=Running", 1}, {"Pod", "spec.nodeName=n2", 0}, {"Pod", "spec.hostNetwork=false", 1},
	{"Pod", "status.podIPs=10.0.0.1", 1}, {"Pod", "status.podIPs=10.0.0.2", 0}, {"Pod", "status.nominatedNodeName=", 1},
	{"Pod", "metadata.namespace=default", 1}, {"Pod", "spec.foo=x", -1}, {"Pod", "metadata.name", -1}, {"Pod", "=x", -1},
	{"Pod", "metadata.name=we\\,b", 0}, {"Pod", "metadata.name=a\\b", -1}, {"Node", "spec.unschedulable=false", 1},
	{"Node", "metadata.namespace=x", -1}, {"ConfigMap", "status.phase=x", -1},
};

KL_TEST(field_selectors)
{
	kl_autojson *pod = json_pack("{s:{s:s,s:s},s:{s:s},s:{s:s,s:s,s:[{s:s}]}}", "metadata", "name", "web", "namespace",
		"default", "spec", "nodeName", "n1", "status", "phase", "Pending", "podIP", "10.0.0.1", "podIPs", "ip", "10.0.0.1");
	for (size_t i = 0; i < KL_ARRAY_LEN(field_cases); i++) {
		struct kl_err err = {0};
		struct kl_field_selector *sel =
			kl_field_selector_parse(kl_kind_named("", field_cases[i].kind), field_cases[i].selector, &err);
		int got = sel ? kl_field_selector_matches(sel, pod) : -1;
		if (got != field_cases[i].matches)
			kl_test_failed(__FILE__, __LINE__, "'%s': %d, want %d (%s)", field_cases[i].selector, got,
				field_cases[i].matches, err.text);
		kl_field_selector_free(sel);
	}
	struct kl_err err = {0};
	KL_CHECK(!kl_field_selector_parse(kl_kind_named("", "Pod"), "spec.foo=x", &err));
	KL_CHECK_STR(err.text, "field label not supported: spec.foo");
	struct kl_field_selector *sel = kl_field_selector_parse(kl_kind_named("", "Pod"), "metadata.name=x,status.phase!=y", NULL);
	KL_CHECK_STR(kl_field_selector_pinned(sel, "metadata.name"), "x");
	KL_CHECK(!kl_field_selector_pinned(sel, "status.phase"));
	kl_field_selector_free(sel);
}

KL_MAIN()
