/*
 * JSON Patch (RFC 6902), JSON Pointer (RFC 6901) and JSON Merge Patch (RFC 7386).
 */
#include "decode.h"
#include "patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Copies could double a document again and again. */
enum { OPERATIONS_MAX = 10000, COPIED_BYTES_MAX = 3 << 20, MOVED_NODES_MAX = 2000000 };

struct target {
	json_t *parent; /* borrowed; NULL: the document itself */
	char *token;    /* the last reference token, unescaped */
};

static void target_release(struct target *target)
{
	free(target->token);
}
#define AUTO_TARGET kl_cleanup(target_release) struct target

static char *unescape(const char *text, size_t len)
{
	char *out = kl_malloc(len + 1), *to = out;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '~' && i + 1 < len && (text[i + 1] == '0' || text[i + 1] == '1'))
			*to++ = text[++i] == '0' ? '~' : '/';
		else
			*to++ = text[i];
	}
	*to = 0;
	return out;
}

/* An array index without sign or leading zeros; `end` allows the place behind the last entry ("-" too). */
static int array_index(const json_t *array, const char *token, bool end, size_t *ret)
{
	size_t count = json_array_size(array), index = 0;
	if (end && !strcmp(token, "-")) {
		*ret = count;
		return 0;
	}
	if (!*token || (token[0] == '0' && token[1]) || strlen(token) > 9)
		return -EINVAL;
	for (const char *at = token; *at; at++) {
		if (*at < '0' || *at > '9')
			return -EINVAL;
		index = index * 10 + (size_t)(*at - '0');
	}
	*ret = index;
	return index < count + end ? 0 : -ENOENT;
}

static json_t *child(json_t *parent, const char *token)
{
	size_t index;
	if (json_is_object(parent))
		return json_object_get(parent, token);
	return json_is_array(parent) && !array_index(parent, token, false, &index) ? json_array_get(parent, index)
										   : NULL;
}

static int resolve(json_t *document, const char *pointer, struct target *ret, struct kl_err *err)
{
	*ret = (struct target){0};
	if (!*pointer)
		return 0;
	if (*pointer != '/')
		return kl_fail_msg(err, EINVAL, "a path must start with '/': \"%.200s\"", pointer);
	json_t *at = document;
	size_t depth = 0;
	for (const char *start = pointer + 1;;) {
		if (++depth > KL_DEPTH_MAX)
			return kl_fail_msg(err, EINVAL, "a path is longer than %d steps", KL_DEPTH_MAX);
		const char *slash = strchrnul(start, '/');
		free(ret->token);
		ret->token = unescape(start, (size_t)(slash - start));
		ret->parent = at;
		if (!*slash)
			break;
		at = child(at, ret->token);
		if (!at)
			return kl_fail_msg(err, ENOENT, "the path \"%.200s\" does not exist", pointer);
		start = slash + 1;
	}
	if (!json_is_object(ret->parent) && !json_is_array(ret->parent))
		return kl_fail_msg(err, ENOENT, "the path \"%.200s\" does not exist", pointer);
	return 0;
}

static json_t *get(json_t *document, const struct target *target)
{
	return target->parent ? child(target->parent, target->token) : document;
}

static int add(json_t **document, const struct target *target, json_t *value_taken, struct kl_err *err)
{
	kl_autojson *value = value_taken;
	size_t index;
	if (!target->parent) {
		json_decref(*document);
		*document = kl_take(&value);
		return 0;
	}
	if (json_is_object(target->parent))
		return json_object_set(target->parent, target->token, value) ? kl_fail_msg(err, EINVAL, "bad key") : 0;
	if (array_index(target->parent, target->token, true, &index) < 0)
		return kl_fail_msg(err, EINVAL, "no such index: \"%.64s\"", target->token);
	return json_array_insert(target->parent, index, value);
}

static int take_away(const struct target *target, struct kl_err *err)
{
	size_t index;
	if (!target->parent)
		return kl_fail_msg(err, EINVAL, "the whole document cannot be removed");
	if (json_is_object(target->parent)) {
		if (json_object_del(target->parent, target->token))
			return kl_fail_msg(err, ENOENT, "nothing to remove at \"%.200s\"", target->token);
		return 0;
	}
	if (array_index(target->parent, target->token, false, &index) < 0)
		return kl_fail_msg(err, ENOENT, "nothing to remove at \"%.200s\"", target->token);
	return json_array_remove(target->parent, index);
}

struct context {
	json_t **document;
	const json_t *operation;
	size_t copied;
	size_t moved; /* nodes looked at by copies and moves */
	struct kl_err *err;
};

static const json_t *value_of(struct context *c)
{
	const json_t *value = json_object_get(c->operation, "value");
	if (!value)
		kl_fail_msg(c->err, EINVAL, "the operation has no \"value\"");
	return value;
}

static int op_add(struct context *c, const struct target *target)
{
	const json_t *value = value_of(c);
	return value ? add(c->document, target, json_deep_copy(value), c->err) : -EINVAL;
}

static int op_remove(struct context *c, const struct target *target)
{
	return take_away(target, c->err);
}

static int op_replace(struct context *c, const struct target *target)
{
	const json_t *value = value_of(c);
	size_t index;
	if (!value)
		return -EINVAL;
	if (!get(*c->document, target))
		return kl_fail_msg(c->err, ENOENT, "nothing to replace at \"%.200s\"", target->token);
	if (json_is_array(target->parent) && !array_index(target->parent, target->token, false, &index))
		return json_array_set_new(target->parent, index, json_deep_copy(value));
	return add(c->document, target, json_deep_copy(value), c->err);
}

static int op_test(struct context *c, const struct target *target)
{
	json_t *have = get(*c->document, target), *want = json_object_get(c->operation, "value");
	if (have == want || (have && want && json_equal(have, want)) || (!have && json_is_null(want)))
		return 0;
	return kl_fail_msg(c->err, EINVAL, "testing value %.200s failed", kl_json_str(c->operation, "path", NULL));
}

/*
 * By copies and moves a document could grow deeper than any that may be sent, and a tree is walked by recursion: what is
 * put at the end of a path (of KL_DEPTH_MAX steps at most) may have no more levels than that itself.
 */
static bool is_shallow(struct context *c, const json_t *value, int depth)
{
	const char *key;
	json_t *entry;
	size_t i;
	if (depth > KL_DEPTH_MAX || c->moved++ > MOVED_NODES_MAX)
		return false;
	json_array_foreach(value, i, entry)
		if (!is_shallow(c, entry, depth + 1))
			return false;
	json_object_foreach((json_t *)(uintptr_t)value, key, entry)
		if (!is_shallow(c, entry, depth + 1))
			return false;
	return true;
}

static int source(struct context *c, struct target *from, json_t **ret)
{
	const char *path = kl_json_str_or_null(c->operation, "from", NULL);
	if (!path)
		return kl_fail_msg(c->err, EINVAL, "the operation has no \"from\"");
	if (resolve(*c->document, path, from, c->err) < 0)
		return -ENOENT;
	*ret = get(*c->document, from);
	if (!*ret)
		return kl_fail_msg(c->err, ENOENT, "nothing at \"%.200s\"", path);
	return is_shallow(c, *ret, 0) ? 0 : kl_fail_msg(c->err, EFBIG, "the patch copies or moves too much");
}

static int op_copy(struct context *c, const struct target *target)
{
	AUTO_TARGET from = {0};
	json_t *value;
	if (source(c, &from, &value) < 0)
		return -EINVAL;
	c->copied += json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
	if (c->copied > COPIED_BYTES_MAX)
		return kl_fail_msg(c->err, EFBIG, "the patch copies more than %d bytes", COPIED_BYTES_MAX);
	return add(c->document, target, json_deep_copy(value), c->err);
}

static int op_move(struct context *c, const struct target *ignored)
{
	AUTO_TARGET from = {0};
	AUTO_TARGET to = {0};
	json_t *value;
	const char *from_path = kl_json_str(c->operation, "from", NULL),
		   *path = kl_json_str(c->operation, "path", NULL);
	size_t len = strlen(from_path);
	(void)ignored;
	if (!strncmp(from_path, path, len) && path[len] == '/')
		return kl_fail_msg(c->err, EINVAL, "a value cannot be moved into itself");
	if (source(c, &from, &value) < 0)
		return -EINVAL;
	kl_autojson *kept = json_incref(value);
	if (take_away(&from, c->err) < 0 || resolve(*c->document, path, &to, c->err) < 0)
		return -EINVAL;
	return add(c->document, &to, json_incref(kept), c->err);
}

struct operation {
	const char *name;
	int (*run)(struct context *c, const struct target *target);
};

static const struct operation operations[] = {
	{"add", op_add},
	{"remove", op_remove},
	{"replace", op_replace},
	{"test", op_test},
	{"copy", op_copy},
	{"move", op_move},
};

static int apply_one(struct context *c)
{
	const char *name = kl_json_str(c->operation, "op", NULL),
		   *path = kl_json_str_or_null(c->operation, "path", NULL);
	if (!path)
		return kl_fail_msg(c->err, EINVAL, "the operation has no \"path\"");
	for (size_t i = 0; i < KL_ARRAY_LEN(operations); i++) {
		if (strcmp(operations[i].name, name))
			continue;
		AUTO_TARGET target = {0};
		if (operations[i].run != op_move && resolve(*c->document, path, &target, c->err) < 0)
			return -EINVAL;
		return operations[i].run(c, &target);
	}
	return kl_fail_msg(c->err, EINVAL, "unexpected operation kind: \"%.64s\"", name);
}

int kl_patch_json(json_t **object, const json_t *list, struct kl_err *err)
{
	struct context c = {.document = object, .err = err};
	size_t i;
	json_t *operation;
	if (!json_is_array(list))
		return kl_fail_msg(err, EINVAL, "a JSON patch is a list of operations");
	if (json_array_size(list) > OPERATIONS_MAX)
		return kl_fail_msg(err, EFBIG, "the patch has more than %d operations", OPERATIONS_MAX);
	json_array_foreach (list, i, operation) {
		c.operation = operation;
		if (apply_one(&c) < 0)
			return -EINVAL;
	}
	return 0;
}

json_t *kl_patch_merge(const json_t *object, const json_t *patch)
{
	if (!json_is_object(patch))
		return json_deep_copy(patch);
	json_t *result = json_is_object(object) ? json_copy((json_t *)(uintptr_t)object) : json_object();
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)patch, key, value) {
		if (json_is_null(value))
			json_object_del(result, key);
		else
			json_object_set_new(result, key, kl_patch_merge(json_object_get(object, key), value));
	}
	return result;
}
