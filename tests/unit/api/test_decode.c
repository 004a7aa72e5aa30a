#include "api_helpers.h"

#include "testlib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* want NULL: an error. */
static const struct {
	const char *yaml, *want;
} yaml_cases[] = {
	{"a: 1", "{\"a\":1}"}, {"a: '1'", "{\"a\":\"1\"}"}, {"a: yes", "{\"a\":true}"}, {"a: off", "{\"a\":false}"},
	{"a: 'yes'", "{\"a\":\"yes\"}"}, {"a: ~", "{\"a\":null}"}, {"a:", "{\"a\":null}"}, {"a: 0x1F", "{\"a\":31}"},
	{"a: 010", "{\"a\":8}"}, {"a: 0o17", "{\"a\":15}"}, {"a: 0b101", "{\"a\":5}"}, {"a: 1_000", "{\"a\":1000}"}, {"a: -5", "{\"a\":-5}"},
	{"a: 1.5", "{\"a\":1.5}"}, {"a: 1e3", "{\"a\":1000.0}"}, {"a: 1.2.3", "{\"a\":\"1.2.3\"}"}, {"a: 10.0.0.1", "{\"a\":\"10.0.0.1\"}"},
	{"a: 100m", "{\"a\":\"100m\"}"}, {"a: 2024-01-01", "{\"a\":\"2024-01-01\"}"}, {"a: 12:30", "{\"a\":\"12:30\"}"},
	{"a: !!str 5", "{\"a\":\"5\"}"}, {"1: a\ntrue: b", "{\"1\":\"a\",\"true\":\"b\"}"}, {"[1, two, {x: 'y'}]", "[1,\"two\",{\"x\":\"y\"}]"},
	{"- a\n- b: [c]", "[\"a\",{\"b\":[\"c\"]}]"}, {"a: &x {b: c}\nd: *x", "{\"a\":{\"b\":\"c\"},\"d\":{\"b\":\"c\"}}"},
	{"x: &x {b: c, d: e}\nz: {<<: *x, d: f}", "{\"x\":{\"b\":\"c\",\"d\":\"e\"},\"z\":{\"b\":\"c\",\"d\":\"f\"}}"},
	{"a: |\n  two\n  lines\n", "{\"a\":\"two\\nlines\\n\"}"}, {"a: >-\n  two\n  words\n", "{\"a\":\"two words\"}"}, {"", "null"},
	{"---\na: b\n...\n", "{\"a\":\"b\"}"}, {"a: 9223372036854775807", "{\"a\":9223372036854775807}"}, {"a: b\na: c", NULL},
	{"a: *nope", NULL}, {"a: [", NULL}, {"a: b: c", NULL}, {"a: b\n---\nc: d", NULL}, {"\ta: b", NULL}, {"? [a]\n: b", NULL},
	{"a: !!binary aGk=", NULL},
};

KL_TEST(yaml_scalars_and_structure)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(yaml_cases); i++) {
		struct kl_err err = {0};
		kl_autojson *value = kl_yaml_parse(yaml_cases[i].yaml, strlen(yaml_cases[i].yaml), &err);
		kl_autofree char *text = value ? sorted(value) : NULL;
		if (!!value != !!yaml_cases[i].want || (value && strcmp(text, yaml_cases[i].want)))
			kl_test_failed(__FILE__, __LINE__, "'%s': %s, want %s (%s)", yaml_cases[i].yaml, text ? text : "error",
				yaml_cases[i].want ? yaml_cases[i].want : "error", err.text);
	}
}

KL_TEST(yaml_bombs_are_refused)
{
	kl_autobuf buf = {0};
	struct kl_err err = {0};
	kl_buf_str_push(&buf, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 10; i++)
		kl_buf_printf(&buf, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1,
			i - 1, i - 1, i - 1, i - 1, i - 1);
	KL_CHECK(!kl_yaml_parse(kl_buf_str(&buf), buf.len, &err));
	KL_CHECK(strstr(err.text, "excessive aliasing"));
	kl_autobuf deep = {0};
	for (int i = 0; i < 5000; i++)
		kl_buf_char(&deep, '[');
	KL_CHECK(!kl_yaml_parse(kl_buf_str(&deep), deep.len, &err));
}

static int decode_code(enum kl_media media, const char *text, size_t len)
{
	struct kl_status st = {0};
	kl_autojson *object = kl_api_decode(media, text, len, &st);
	int code = st.code;
	KL_CHECK(!!object == !code);
	kl_status_release(&st);
	return code;
}

KL_TEST(bodies_are_bounded)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{"{}", 0}, {"{\"a\":1}", 0}, {"{\"a\":1,\"a\":2}", 0}, {"[]", 400}, {"1", 400}, {"", 400}, {"{", 400}, {"{\"a\":}", 400},
		{"{} x", 400}, {"{\"a\":\"\\u0000\"}", 400}, {"{\"a\":\"\xff\"}", 400}, {"{\"a\":99999999999999999999}", 400},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++)
		if (decode_code(KL_MEDIA_JSON, cases[i].text, strlen(cases[i].text)) != cases[i].code)
			kl_test_failed(__FILE__, __LINE__, "'%s' is not answered %d", cases[i].text, cases[i].code);
	size_t len = 4 << 20;
	kl_autofree char *big = kl_calloc(1, len);
	memset(big, ' ', len);
	KL_CHECK_INT(decode_code(KL_MEDIA_JSON, big, len), 413);
	KL_CHECK_INT(decode_code(KL_MEDIA_UNKNOWN, "{}", 2), 415);
	kl_autobuf deep = {0};
	for (int i = 0; i < 1000; i++)
		kl_buf_str_push(&deep, "{\"a\":");
	kl_buf_str_push(&deep, "1");
	for (int i = 0; i < 1000; i++)
		kl_buf_char(&deep, '}');
	KL_CHECK_INT(decode_code(KL_MEDIA_JSON, kl_buf_str(&deep), deep.len), 400);
}

KL_TEST(media_types)
{
	KL_CHECK_INT(kl_media_parse(NULL), KL_MEDIA_JSON);
	KL_CHECK_INT(kl_media_parse("application/json; charset=utf-8"), KL_MEDIA_JSON);
	KL_CHECK_INT(kl_media_parse("application/yaml"), KL_MEDIA_YAML);
	KL_CHECK_INT(kl_media_parse("application/vnd.kubernetes.protobuf"), KL_MEDIA_PROTOBUF);
	KL_CHECK_INT(kl_media_parse("text/plain"), KL_MEDIA_UNKNOWN);
}

static char *create_json(const char *text, enum kl_field_validation validation)
{
	struct kl_status st = {0};
	struct kl_warnings warnings = {0};
	kl_autojson *object = kl_api_decode(KL_MEDIA_JSON, text, strlen(text), &st);
	struct kl_write w = write_of(kl_kind_named("", "ConfigMap"));
	w.field_validation = validation;
	char *message = NULL;
	if (kl_api_create(&w, object, &warnings, &st) < 0)
		message = kl_strdup(st.message);
	else
		message = kl_strdup(warnings.count ? warnings.texts[0] : "");
	kl_warnings_release(&warnings);
	kl_status_release(&st);
	return message;
}

KL_TEST(duplicates_and_unknown_fields)
{
	static const char twice[] = "{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"x\":\"1\",\"x\":\"2\"}}";
	static const char unknown[] = "{\"metadata\":{\"name\":\"a\",\"foo\":1},\"bar\":{}}";
	kl_autofree char *warn = create_json(twice, KL_VALIDATE_WARN), *strict = create_json(twice, KL_VALIDATE_STRICT),
			 *ignore = create_json(twice, KL_VALIDATE_IGNORE), *field = create_json(unknown, KL_VALIDATE_STRICT),
			 *field_warn = create_json(unknown, KL_VALIDATE_WARN);
	KL_CHECK_STR(warn, "duplicate field \"data.x\"");
	KL_CHECK_STR(strict, "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: duplicate field "
			     "\"data.x\"");
	KL_CHECK_STR(ignore, "");
	KL_CHECK_STR(field, "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field "
			    "\"metadata.foo\", unknown field \"bar\"");
	KL_CHECK_STR(field_warn, "unknown field \"metadata.foo\"");
}

KL_MAIN()
