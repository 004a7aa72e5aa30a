/*
 * Versions of objects: one allocation each, immutable, counted references.
 *
 * An object's bytes hold its resourceVersion, which only the writer knows. So that the writer need not serialise, the
 * caller's thread writes a draft with a placeholder (random per process, hence nowhere else in the bytes), and the
 * writer splices the digits in.
 */
#include "store_impl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { RV_PLACEHOLDER_LEN = 32 };

static const char *placeholder(void)
{
	static char text[RV_PLACEHOLDER_LEN + 1];
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&lock);
	if (!text[0]) {
		unsigned char random[RV_PLACEHOLDER_LEN / 2];
		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			abort();
		for (size_t i = 0; i < sizeof(random); i++)
			snprintf(text + 2 * i, 3, "%02x", random[i]);
	}
	pthread_mutex_unlock(&lock);
	return text;
}

static void pack_labels(struct kl_buf *buf, const json_t *labels)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)labels, key, value) {
		kl_buf_push(buf, key, strlen(key) + 1);
		const char *text = json_is_string(value) ? json_string_value(value) : "";
		kl_buf_push(buf, text, strlen(text) + 1);
	}
	kl_buf_push(buf, "\0", buf->len ? 1 : 2);
}

void draft_write(struct draft *draft, json_t *object)
{
	json_t *metadata = kl_json_ensure(object, "metadata", NULL);
	json_object_set_new(metadata, "resourceVersion", json_string(placeholder()));
	kl_json_dump(object, &draft->json);
	json_object_del(metadata, "resourceVersion");
	const char *at = memmem(draft->json.data, draft->json.len, placeholder(), RV_PLACEHOLDER_LEN);
	if (!at)
		abort(); /* the tree cannot be written as JSON: a bug of the caller's */
	draft->rv_at = (size_t)(at - draft->json.data);
	pack_labels(&draft->labels, json_object_get(metadata, "labels"));
	draft->uid = kl_strdup(kl_json_str(metadata, "uid", NULL));
}

void draft_release(struct draft *draft)
{
	kl_buf_release(&draft->json);
	kl_buf_release(&draft->labels);
	free(draft->uid);
	*draft = (struct draft){0};
}

/* The JSON is head, rv's digits, tail. */
struct parts {
	const struct kl_kind *kind;
	const char *ns, *name, *uid, *labels;
	size_t labels_len;
	const char *head, *tail;
	size_t head_len, tail_len;
	uint64_t rv;
	int64_t row;
};

static char *put(char **to, const char *data, size_t len)
{
	char *at = *to;
	memcpy(at, data, len);
	*to += len;
	return at;
}

static struct kl_object *assemble(const struct parts *parts)
{
	char digits[24];
	size_t rv_len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, parts->rv);
	size_t ns_len = strlen(parts->ns) + 1, name_len = strlen(parts->name) + 1, uid_len = strlen(parts->uid) + 1;
	size_t len = parts->head_len + rv_len + parts->tail_len;
	struct object *obj = kl_malloc(sizeof(*obj) + ns_len + name_len + uid_len + parts->labels_len + len + 1);
	char *to = obj->texts;
	atomic_init(&obj->refs, 1);
	obj->row = parts->row;
	obj->rv_at = (unsigned)parts->head_len;
	obj->rv_len = (unsigned)rv_len;
	obj->pub.kind = parts->kind;
	obj->pub.rv = parts->rv;
	obj->pub.ns = put(&to, parts->ns, ns_len);
	obj->pub.name = put(&to, parts->name, name_len);
	obj->pub.uid = put(&to, parts->uid, uid_len);
	obj->pub.labels = put(&to, parts->labels, parts->labels_len);
	obj->pub.json = put(&to, parts->head, parts->head_len);
	put(&to, digits, rv_len);
	put(&to, parts->tail, parts->tail_len);
	*to = '\0';
	obj->pub.len = len;
	return &obj->pub;
}

struct kl_object *object_from_draft(const struct kl_kind *kind, const char *ns, const char *name,
	const struct draft *draft, uint64_t rv, int64_t row)
{
	size_t after = draft->rv_at + RV_PLACEHOLDER_LEN;
	return assemble(&(struct parts){.kind = kind,
		.ns = ns,
		.name = name,
		.uid = draft->uid,
		.labels = draft->labels.data,
		.labels_len = draft->labels.len,
		.head = draft->json.data,
		.head_len = draft->rv_at,
		.tail = draft->json.data + after,
		.tail_len = draft->json.len - after,
		.rv = rv,
		.row = row});
}

static size_t packed_len(const char *labels)
{
	const char *at = labels;
	while (*at) {
		at += strlen(at) + 1;
		at += strlen(at) + 1;
	}
	return (size_t)(at - labels) + (at == labels ? 2 : 1);
}

struct kl_object *object_with_rv(const struct kl_object *old, uint64_t rv)
{
	const struct object *obj = object_of((struct kl_object *)(uintptr_t)old);
	size_t after = obj->rv_at + obj->rv_len;
	return assemble(&(struct parts){.kind = old->kind,
		.ns = old->ns,
		.name = old->name,
		.uid = old->uid,
		.labels = old->labels,
		.labels_len = packed_len(old->labels),
		.head = old->json,
		.head_len = obj->rv_at,
		.tail = old->json + after,
		.tail_len = old->len - after,
		.rv = rv,
		.row = obj->row});
}

struct kl_object *object_from_row(const struct kl_kind *kind, const struct db_row *row)
{
	size_t after = (size_t)row->rv_at + row->rv_len;
	return assemble(&(struct parts){.kind = kind,
		.ns = row->ns,
		.name = row->name,
		.uid = row->uid,
		.labels = row->labels,
		.labels_len = row->labels_len,
		.head = row->json,
		.head_len = row->rv_at,
		.tail = row->json + after,
		.tail_len = row->len - after,
		.rv = row->rv,
		.row = row->row});
}

struct kl_object *kl_object_ref(struct kl_object *obj)
{
	atomic_fetch_add_explicit(&object_of(obj)->refs, 1, memory_order_relaxed);
	return obj;
}

void kl_object_unref(struct kl_object *obj)
{
	if (obj && atomic_fetch_sub_explicit(&object_of(obj)->refs, 1, memory_order_acq_rel) == 1)
		free(object_of(obj));
}

json_t *kl_object_parse(const struct kl_object *obj)
{
	json_t *json = kl_json_parse(obj->json, obj->len, NULL);
	if (!json)
		abort(); /* only what was parsed before is stored */
	return json;
}
