#include "selector_text.h"

#include <stdlib.h>
#include <string.h>

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void kl_selector_text_map(const json_t *map, struct kl_buf *buf)
{
	size_t count = 0;
	kl_autofree const char **keys = kl_calloc(json_object_size(map), sizeof(*keys));
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)map, key, value)
		keys[count++] = key;
	qsort(keys, count, sizeof(*keys), compare_texts);
	for (size_t i = 0; i < count; i++)
		kl_buf_printf(buf, "%s%s=%s", i ? "," : "", keys[i], kl_json_str(map, keys[i], NULL));
}

static void text_expression(const json_t *expression, struct kl_buf *buf)
{
	const char *key = kl_json_str(expression, "key", NULL), *op = kl_json_str(expression, "operator", NULL);
	size_t i;
	json_t *value;
	if (!strcmp(op, "Exists") || !strcmp(op, "DoesNotExist")) {
		kl_buf_printf(buf, "%s%s", *op == 'D' ? "!" : "", key);
		return;
	}
	kl_buf_printf(buf, "%s %s (", key, !strcmp(op, "In") ? "in" : "notin");
	json_array_foreach (json_object_get(expression, "values"), i, value)
		kl_buf_printf(buf, "%s%s", i ? "," : "", json_string_value(value) ?: "");
	kl_buf_char(buf, ')');
}

void kl_selector_text(const json_t *label_selector, struct kl_buf *buf)
{
	const json_t *labels = json_object_get(label_selector, "matchLabels");
	size_t i;
	json_t *expression;
	kl_selector_text_map(labels, buf);
	json_array_foreach (json_object_get(label_selector, "matchExpressions"), i, expression) {
		if (i || json_object_size(labels))
			kl_buf_char(buf, ',');
		text_expression(expression, buf);
	}
}
