#include "api_helpers.h"
#include "proto.h"

#include "testlib.h"

#include <stdlib.h>
#include <string.h>

/* A message under construction: fields as (number, bytes). */
static void field(struct kl_buf *buf, unsigned number, const void *data, size_t len)
{
	unsigned key = number << 3 | 2;
	for (; key >= 0x80; key >>= 7)
		kl_buf_char(buf, (char)(key | 0x80));
	kl_buf_char(buf, (char)key);
	KL_CHECK(len < 0x80); /* one byte of length: the tests' messages are short */
	kl_buf_char(buf, (char)len);
	kl_buf_push(buf, data, len);
}

static void text(struct kl_buf *buf, unsigned number, const char *value)
{
	field(buf, number, value, strlen(value));
}

static void message(struct kl_buf *buf, unsigned number, const struct kl_buf *value)
{
	field(buf, number, kl_buf_str(value), value->len);
}

static void envelope(struct kl_buf *buf, const char *version, const char *kind, const struct kl_buf *raw)
{
	kl_autobuf type = {0};
	text(&type, 1, version);
	text(&type, 2, kind);
	kl_buf_push(buf, "k8s\0", 4);
	message(buf, 1, &type);
	message(buf, 2, raw);
}

KL_TEST(a_config_map)
{
	kl_autobuf meta = {0}, entry = {0}, binary = {0}, raw = {0}, all = {0};
	text(&meta, 1, "cm");
	field(&meta, 8, NULL, 0); /* creationTimestamp: the zero time */
	text(&entry, 1, "k");
	text(&entry, 2, "v");
	text(&binary, 1, "b");
	field(&binary, 2, "\xff\x00", 2);
	message(&raw, 1, &meta);
	message(&raw, 2, &entry);
	message(&raw, 3, &binary);
	envelope(&all, "v1", "ConfigMap", &raw);
	struct kl_status st = {0};
	kl_autojson *object = kl_api_decode(KL_MEDIA_PROTOBUF, kl_buf_str(&all), all.len, &st);
	kl_autofree char *got = sorted(object);
	KL_CHECK_STR(got, "{\"apiVersion\":\"v1\",\"binaryData\":{\"b\":\"/wA=\"},\"data\":{\"k\":\"v\"},\"kind\":\"ConfigMap\",\"metadata\":{"
			  "\"creationTimestamp\":null,\"name\":\"cm\"}}");
}

/* A volume's source and a probe's handler are messages of their own there, and are not in JSON. */
KL_TEST(embedded_structs)
{
	kl_autobuf name = {0}, source = {0}, volume = {0}, spec = {0}, raw = {0}, all = {0};
	text(&name, 1, "m"); /* LocalObjectReference.name */
	kl_autobuf config = {0};
	message(&config, 1, &name);
	message(&source, 19, &config); /* VolumeSource.configMap */
	text(&volume, 1, "v");
	message(&volume, 2, &source);
	message(&spec, 1, &volume);
	kl_buf_push(&spec, "\x20\x05", 2); /* terminationGracePeriodSeconds = 4 */
	message(&raw, 2, &spec);
	envelope(&all, "v1", "Pod", &raw);
	struct kl_status st = {0};
	kl_autojson *object = kl_api_decode(KL_MEDIA_PROTOBUF, kl_buf_str(&all), all.len, &st);
	KL_CHECK_STR(st.message ? st.message : "", "");
	kl_autofree char *got = sorted(json_object_get(object, "spec"));
	KL_CHECK_STR(got, "{\"terminationGracePeriodSeconds\":5,\"volumes\":[{\"configMap\":{\"name\":\"m\"},\"name\":\"v\"}]}");
}

KL_TEST(bad_bytes_are_refused)
{
	static const struct {
		const char *data;
		size_t len;
	} cases[] = {
		{"", 0}, {"k8s", 3}, {"k8s\0", 4}, {"{}", 2}, {"k8s\0\x0a", 5}, {"k8s\0\x0a\x7f", 6},
		{"k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12\x02\x12\xff", 18},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_status st = {0};
		kl_autofree char *copy = kl_memdup(cases[i].data, cases[i].len);
		kl_autojson *object = kl_api_decode(KL_MEDIA_PROTOBUF, copy, cases[i].len, &st);
		KL_CHECK(!object);
		KL_CHECK_INT(st.code, 400);
		kl_status_release(&st);
	}
}

KL_MAIN()
