/* Node selectors: spec.nodeSelector and spec.affinity.nodeAffinity. */
#include "sched_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum req_op op_parse(const char *text)
{
	static const struct {
		const char *text;
		enum req_op op;
	} table[] = {{"In", OP_IN}, {"NotIn", OP_NOT_IN}, {"Exists", OP_EXISTS}, {"DoesNotExist", OP_NOT_EXISTS},
		{"Gt", OP_GT}, {"Lt", OP_LT}};
	for (size_t i = 0; i < KL_ARRAY_LEN(table); i++) {
		if (!strcmp(table[i].text, text))
			return table[i].op;
	}
	return OP_NEVER;
}

static bool parse_number(const char *text, int64_t *ret)
{
	char *end;
	errno = 0;
	*ret = strtoll(text, &end, 10);
	return *text && !*end && !errno;
}

static void req_parse(const json_t *json, bool field, struct node_req *ret)
{
	size_t i;
	json_t *value;
	const json_t *values = json_object_get(json, "values");
	ret->key = kl_strdup(kl_json_str(json, "key", NULL));
	ret->op = op_parse(kl_json_str(json, "operator", NULL));
	ret->field = field;
	ret->count = json_array_size(values);
	ret->values = kl_calloc(ret->count + 1, sizeof(*ret->values));
	json_array_foreach (values, i, value)
		ret->values[i] = kl_strdup(json_is_string(value) ? json_string_value(value) : "");
	if (ret->op != OP_GT && ret->op != OP_LT)
		return;
	if (ret->count != 1 || !parse_number(ret->values[0], &ret->number))
		ret->op = OP_NEVER;
}

void node_term_parse(const json_t *term, struct node_term *ret)
{
	size_t i;
	json_t *req;
	const json_t *labels = json_object_get(term, "matchExpressions"),
		     *fields = json_object_get(term, "matchFields");
	*ret = (struct node_term){0};
	ret->reqs = kl_calloc(json_array_size(labels) + json_array_size(fields) + 1, sizeof(*ret->reqs));
	json_array_foreach (labels, i, req)
		req_parse(req, false, &ret->reqs[ret->count++]);
	json_array_foreach (fields, i, req)
		req_parse(req, true, &ret->reqs[ret->count++]);
}

void node_term_of_map(const json_t *map, struct node_term *ret)
{
	const char *key;
	json_t *value;
	*ret = (struct node_term){.reqs = kl_calloc(json_object_size(map) + 1, sizeof(*ret->reqs))};
	json_object_foreach ((json_t *)(uintptr_t)map, key, value) {
		struct node_req *req = &ret->reqs[ret->count++];
		req->key = kl_strdup(key);
		req->op = OP_IN;
		req->count = 1;
		req->values = kl_calloc(2, sizeof(*req->values));
		req->values[0] = kl_strdup(json_is_string(value) ? json_string_value(value) : "");
	}
}

void node_term_release(struct node_term *term)
{
	for (size_t i = 0; i < term->count; i++) {
		for (size_t k = 0; k < term->reqs[i].count; k++)
			free(term->reqs[i].values[k]);
		free(term->reqs[i].values);
		free(term->reqs[i].key);
	}
	free(term->reqs);
	*term = (struct node_term){0};
}

static bool is_among(const struct node_req *req, const char *value)
{
	for (size_t i = 0; i < req->count; i++) {
		if (!strcmp(req->values[i], value))
			return true;
	}
	return false;
}

static bool req_matches(const struct node_req *req, const struct node *node)
{
	int64_t number;
	const char *value = req->field ? (strcmp(req->key, "metadata.name") ? NULL : node->name)
				       : json_string_value(json_object_get(node->labels, req->key));
	switch (req->op) {
	case OP_IN:
		return value && is_among(req, value);
	case OP_NOT_IN:
		return !value || !is_among(req, value);
	case OP_EXISTS:
		return value != NULL;
	case OP_NOT_EXISTS:
		return !value;
	case OP_GT:
		return value && parse_number(value, &number) && number > req->number;
	case OP_LT:
		return value && parse_number(value, &number) && number < req->number;
	case OP_NEVER:
		break;
	}
	return false;
}

bool node_term_matches(const struct node_term *term, const struct node *node)
{
	for (size_t i = 0; i < term->count; i++) {
		if (!req_matches(&term->reqs[i], node))
			return false;
	}
	return true;
}

bool node_affinity_matches(const struct kl_sched_class *cls, const struct node *node)
{
	if (!node_term_matches(&cls->selector, node))
		return false;
	for (size_t i = 0; i < cls->required_count; i++) {
		/* An empty required term matches nothing, unlike an empty selector. */
		if (cls->required[i].count && node_term_matches(&cls->required[i], node))
			return true;
	}
	return !cls->has_required;
}
