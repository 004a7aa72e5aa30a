#include "columns.h"

#include "api.h"
#include "clock.h"
#include "selector_text.h"

#include <stdlib.h>
#include <string.h>

void kl_cell_str(struct kl_buf *buf, const char *text)
{
	kl_buf_json_string(buf, text, strlen(text));
}

void kl_cell_int(struct kl_buf *buf, int64_t value)
{
	kl_buf_printf(buf, "%lld", (long long)value);
}

void kl_cell_since(struct kl_buf *buf, const struct kl_row *row, const char *time)
{
	char text[KL_TIME_TEXT];
	int64_t ms;
	if (!time || kl_time_parse(time, &ms) < 0) {
		kl_cell_str(buf, "<unknown>");
		return;
	}
	kl_duration_human(row->now_ms > ms ? (row->now_ms - ms) / 1000 : 0, text);
	kl_cell_str(buf, text);
}

void kl_text_map(const json_t *map, struct kl_buf *buf)
{
	size_t before = buf->len;
	kl_selector_text_map(map, buf);
	if (buf->len == before)
		kl_buf_str_push(buf, "<none>");
}

void kl_text_selector(const json_t *label_selector, struct kl_buf *buf)
{
	size_t before = buf->len;
	kl_selector_text(label_selector, buf);
	if (buf->len == before)
		kl_buf_str_push(buf, "<none>");
}

void kl_cell_name(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_str(row->object, "metadata", "name", NULL));
}

void kl_cell_age(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_since(buf, row, kl_json_str_or_null(row->object, "metadata", "creationTimestamp", NULL));
}

static const json_t *template_containers(const struct kl_row *row)
{
	const json_t *spec = json_object_get(row->object, "spec"), *template = json_object_get(spec, "template");
	if (!template)
		template = json_object_get(row->object, "template"); /* PodTemplate */
	if (!template)
		template = kl_json_get(spec, "jobTemplate", "spec", "template", NULL);
	return kl_json_get(template, "spec", "containers", NULL);
}

static void cell_of_containers(const struct kl_row *row, const char *key, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	size_t i;
	json_t *container;
	json_array_foreach (template_containers(row), i, container)
		kl_buf_printf(&text, "%s%s", i ? "," : "", kl_json_str(container, key, NULL));
	kl_cell_str(buf, kl_buf_str(&text));
}

void kl_cell_containers(const struct kl_row *row, struct kl_buf *buf)
{
	cell_of_containers(row, "name", buf);
}

void kl_cell_images(const struct kl_row *row, struct kl_buf *buf)
{
	cell_of_containers(row, "image", buf);
}

void kl_cell_selector(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	kl_text_selector(kl_json_get(row->object, "spec", "selector", NULL), &text);
	kl_cell_str(buf, kl_buf_str(&text));
}

/* --- the table --- */

void kl_table_head(const struct kl_kind *kind, const char *list_meta_json, struct kl_buf *buf)
{
	kl_buf_printf(buf,
		"{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":%s,\"columnDefinitions\":[",
		list_meta_json && *list_meta_json ? list_meta_json : "{}");
	for (size_t i = 0; i < kind->column_count; i++) {
		const struct kl_column *column = &kind->columns[i];
		kl_buf_printf(buf,
			"%s{\"name\":\"%s\",\"type\":\"%s\",\"format\":\"%s\",\"description\":", i ? "," : "",
			column->name, column->type, column->format);
		kl_cell_str(buf, column->doc ? column->doc : column->name);
		kl_buf_printf(buf, ",\"priority\":%d}", column->priority);
	}
	kl_buf_str_push(buf, "],\"rows\":[");
}

static void push_metadata(const json_t *object, struct kl_buf *buf)
{
	kl_buf_str_push(buf, "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":");
	const json_t *meta = json_object_get(object, "metadata");
	if (meta)
		kl_json_dump(meta, buf);
	else
		kl_buf_str_push(buf, "{}");
	kl_buf_char(buf, '}');
}

void kl_table_row(const struct kl_kind *kind, const json_t *object, const char *bytes, size_t len,
	enum kl_include_object include, int64_t now_ms, struct kl_buf *buf)
{
	const struct kl_row row = {object, now_ms};
	kl_buf_str_push(buf, "{\"cells\":[");
	for (size_t i = 0; i < kind->column_count; i++) {
		if (i)
			kl_buf_char(buf, ',');
		kind->columns[i].cell(&row, buf);
	}
	kl_buf_str_push(buf, "],\"object\":");
	if (include == KL_INCLUDE_OBJECT && bytes)
		kl_buf_push(buf, bytes, len);
	else if (include == KL_INCLUDE_METADATA)
		push_metadata(object, buf);
	else
		kl_buf_str_push(buf, "null");
	kl_buf_char(buf, '}');
}
