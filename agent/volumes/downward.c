#include "downward.h"

#include "api.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* "key" in metadata.labels['key']; NULL when the path has another form. */
static char *subscript(const char *path, const char *head)
{
	size_t len = strlen(head), total = strlen(path);

	if (strncmp(path, head, len) || total < len + 4 || strncmp(path + len, "['", 2) ||
		strcmp(path + total - 2, "']"))
		return NULL;
	return kl_strndup(path + len + 2, total - len - 4);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One `key="value"` a line, sorted: the form of downward API files. */
static char *map_text(const json_t *map)
{
	size_t count = json_object_size(map), at = 0;
	kl_autofree const char **keys = kl_calloc(count + 1, sizeof(*keys));
	struct kl_buf text = {0};
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)map, key, value)
		keys[at++] = key;
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < count; i++) {
		const char *word = kl_json_str(map, keys[i], NULL);
		kl_buf_printf(&text, "%s%s=", i ? "\n" : "", keys[i]);
		kl_buf_json_string(&text, word, strlen(word));
	}
	return text.data ? kl_buf_take(&text) : kl_strdup("");
}

static char *ip_list(const json_t *list)
{
	struct kl_buf text = {0};
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		kl_buf_printf(&text, "%s%s", i ? "," : "", kl_json_str(item, "ip", NULL));
	return text.data ? kl_buf_take(&text) : kl_strdup("");
}

char *kl_downward_field(const json_t *pod, const char *path, struct kl_err *err)
{
	static const struct {
		const char *path, *a, *b;
	} plain[] = {
		{"metadata.name", "metadata", "name"},
		{"metadata.namespace", "metadata", "namespace"},
		{"metadata.uid", "metadata", "uid"},
		{"spec.nodeName", "spec", "nodeName"},
		{"spec.serviceAccountName", "spec", "serviceAccountName"},
		{"status.hostIP", "status", "hostIP"},
		{"status.podIP", "status", "podIP"},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(plain); i++)
		if (!strcmp(path, plain[i].path))
			return kl_strdup(kl_json_str(pod, plain[i].a, plain[i].b, NULL));
	if (!strcmp(path, "metadata.labels") || !strcmp(path, "metadata.annotations"))
		return map_text(kl_json_get(pod, "metadata", path + strlen("metadata."), NULL));
	if (!strcmp(path, "status.podIPs") || !strcmp(path, "status.hostIPs"))
		return ip_list(kl_json_get(pod, "status", path + strlen("status."), NULL));
	kl_autofree char *label = subscript(path, "metadata.labels"), *note = subscript(path, "metadata.annotations");
	if (label)
		return kl_strdup(kl_json_str(pod, "metadata", "labels", label, NULL));
	if (note)
		return kl_strdup(kl_json_str(pod, "metadata", "annotations", note, NULL));
	kl_fail_msg(err, EINVAL, "unsupported fieldPath: %.100s", path);
	return NULL;
}

/* Both in milli-units; the result is rounded up to whole divisors. */
char *kl_downward_resource(
	const json_t *container, const json_t *ref, const struct kl_downward_node *node, struct kl_err *err)
{
	const char *resource = kl_json_str(ref, "resource", NULL), *dot = strchr(resource, '.');
	const char *divisor_text = kl_json_str(ref, "divisor", NULL);
	int64_t value = 0, divisor = 1000;

	if (!dot || (strncmp(resource, "limits.", 7) && strncmp(resource, "requests.", 9))) {
		kl_fail_msg(err, EINVAL, "unsupported container resource: %.100s", resource);
		return NULL;
	}
	kl_autofree char *section = kl_strndup(resource, (size_t)(dot - resource));
	const json_t *quantity = kl_json_get(container, "resources", section, dot + 1, NULL);
	const char *stand_in = !strcmp(dot + 1, "cpu") ? node->cpu : !strcmp(dot + 1, "memory") ? node->memory : NULL;
	if (quantity)
		kl_quantity_json(quantity, &value);
	else if (resource[0] == 'l' && stand_in)
		kl_quantity_milli(stand_in, &value);
	if (*divisor_text && strcmp(divisor_text, "0") && kl_quantity_milli(divisor_text, &divisor)) {
		kl_fail_msg(err, EINVAL, "bad divisor '%.40s'", divisor_text);
		return NULL;
	}
	if (divisor <= 0)
		divisor = 1000;
	return kl_asprintf("%" PRId64, value / divisor + (value % divisor > 0));
}

const json_t *kl_pod_container(const json_t *pod, const char *name)
{
	static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};
	json_t *item;
	size_t at;

	for (size_t i = 0; i < KL_ARRAY_LEN(lists); i++)
		json_array_foreach (kl_json_get(pod, "spec", lists[i], NULL), at, item)
			if (!strcmp(kl_json_str(item, "name", NULL), name))
				return item;
	return NULL;
}
