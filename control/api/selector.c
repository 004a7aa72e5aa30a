#include "selector.h"

#include "names.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum op { OP_IN, OP_NOT_IN, OP_EXISTS, OP_ABSENT, OP_GREATER, OP_LESS };

struct requirement {
	enum op op;
	char *key;
	char **values;
	size_t value_count;
};

struct kl_selector {
	bool nothing; /* matches no object at all */
	size_t count;
	struct requirement *terms;
};

/* More than any client sends; keeps a hostile selector from costing more than its length. */
enum { TERMS_MAX = 4096 };

static struct kl_selector *selector_new(bool nothing)
{
	struct kl_selector *sel = kl_calloc(1, sizeof(*sel));
	sel->nothing = nothing;
	return sel;
}

static struct requirement *add_term(struct kl_selector *sel, char *key_taken, enum op op)
{
	sel->terms = kl_reallocarray(sel->terms, sel->count + 1, sizeof(*sel->terms));
	sel->terms[sel->count] = (struct requirement){.op = op, .key = key_taken};
	return &sel->terms[sel->count++];
}

static void add_value(struct requirement *term, char *value_taken)
{
	term->values = kl_reallocarray(term->values, term->value_count + 1, sizeof(*term->values));
	term->values[term->value_count++] = value_taken;
}

void kl_selector_free(struct kl_selector *sel)
{
	if (!sel)
		return;
	for (size_t i = 0; i < sel->count; i++) {
		for (size_t v = 0; v < sel->terms[i].value_count; v++)
			free(sel->terms[i].values[v]);
		free(sel->terms[i].values);
		free(sel->terms[i].key);
	}
	free(sel->terms);
	free(sel);
}

KL_AUTO(cleanup_selector, struct kl_selector, kl_selector_free)

static void skip_space(const char **at)
{
	while (isspace((unsigned char)**at))
		(*at)++;
}

static bool is_special(char c)
{
	return !c || strchr("=!(),<>", c) || isspace((unsigned char)c);
}

/* A key, value or word up to the next special byte; never NULL, may be "". */
static char *take_word(const char **at)
{
	skip_space(at);
	const char *start = *at;
	while (!is_special(**at))
		(*at)++;
	return kl_strndup(start, (size_t)(*at - start));
}

static int check_term(const struct requirement *term, struct kl_err *err)
{
	const char *why = kl_name_qualified(term->key);
	if (why)
		return kl_fail_msg(
			err, EINVAL, "unable to parse requirement: key: Invalid value: \"%s\": %s", term->key, why);
	for (size_t i = 0; i < term->value_count; i++) {
		why = kl_name_label_value(term->values[i]);
		if (why)
			return kl_fail_msg(err, EINVAL,
				"unable to parse requirement: values[%zu][%s]: Invalid value: \"%s\": %s", i, term->key,
				term->values[i], why);
		char *end;
		errno = 0;
		(void)strtoll(term->values[i], &end, 10);
		if ((term->op == OP_GREATER || term->op == OP_LESS) && (*end || end == term->values[i] || errno))
			return kl_fail_msg(err, EINVAL,
				"unable to parse requirement: values[0]: Invalid value: \"%s\": for 'Gt', 'Lt' "
				"operators, the "
				"value must be an integer",
				term->values[i]);
	}
	return 0;
}

/* "(a, b,c)"; an empty entry is the value "". */
static int parse_set(const char **at, struct requirement *term, struct kl_err *err)
{
	skip_space(at);
	if (**at != '(')
		return kl_fail_msg(err, EINVAL, "unable to parse requirement: found '%.16s', expected: '('", *at);
	do {
		(*at)++;
		if (term->value_count >= TERMS_MAX)
			return kl_fail_msg(err, EINVAL, "unable to parse requirement: too many values");
		add_value(term, take_word(at));
		skip_space(at);
	} while (**at == ',');
	if (**at != ')')
		return kl_fail_msg(
			err, EINVAL, "unable to parse requirement: found '%.16s', expected: ',' or ')'", *at);
	(*at)++;
	return 0;
}

struct operator
{
	const char *text;
	enum op op;
};

static const struct operator operators[] = {
	{"==", OP_IN},
	{"=", OP_IN},
	{"!=", OP_NOT_IN},
	{">", OP_GREATER},
	{"<", OP_LESS},
};

static int parse_operator(const char **at, struct requirement *term, struct kl_err *err)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(operators); i++) {
		size_t len = strlen(operators[i].text);
		if (strncmp(*at, operators[i].text, len))
			continue;
		*at += len;
		term->op = operators[i].op;
		add_value(term, take_word(at));
		return 0;
	}
	kl_autofree char *word = take_word(at);
	if (strcmp(word, "in") && strcmp(word, "notin"))
		return kl_fail_msg(err, EINVAL,
			"unable to parse requirement: found '%.64s', expected: in, notin, =, ==, !=, gt, lt",
			*word ? word : *at);
	term->op = *word == 'i' ? OP_IN : OP_NOT_IN;
	return parse_set(at, term, err);
}

static int parse_term(struct kl_selector *sel, const char **at, struct kl_err *err)
{
	skip_space(at);
	bool absent = **at == '!';
	*at += absent;
	char *key = take_word(at);
	struct requirement *term = add_term(sel, key, absent ? OP_ABSENT : OP_EXISTS);
	skip_space(at);
	if (!*key)
		return kl_fail_msg(
			err, EINVAL, "unable to parse requirement: found '%.16s', expected: identifier", *at);
	if (!absent && **at && **at != ',' && parse_operator(at, term, err) < 0)
		return err ? err->code : -EINVAL;
	skip_space(at);
	if (**at && **at != ',')
		return kl_fail_msg(err, EINVAL,
			"unable to parse requirement: found '%.16s', expected: ',' or 'end of string'", *at);
	return check_term(term, err);
}

struct kl_selector *kl_selector_parse(const char *text, struct kl_err *err)
{
	kl_cleanup(cleanup_selector) struct kl_selector *sel = selector_new(false);
	const char *at = text ? text : "";
	skip_space(&at);
	while (*at) {
		if (sel->count >= TERMS_MAX) {
			kl_fail_msg(err, EINVAL, "unable to parse requirement: too many requirements");
			return NULL;
		}
		if (parse_term(sel, &at, err) < 0)
			return NULL;
		if (!*at)
			break;
		at++; /* the comma */
		skip_space(&at);
		if (!*at) {
			kl_fail_msg(err, EINVAL, "found '', expected: identifier after ','");
			return NULL;
		}
	}
	return kl_take(&sel);
}

static int expression_op(const char *name, enum op *ret)
{
	static const char *const names[] = {"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"};
	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++)
		if (!strcmp(name, names[i])) {
			*ret = (enum op)i;
			return 0;
		}
	return -EINVAL;
}

static int add_expression(struct kl_selector *sel, const json_t *expression, struct kl_err *err)
{
	enum op op;
	const char *name = kl_json_str(expression, "operator", NULL);
	if (expression_op(name, &op) < 0)
		return kl_fail_msg(err, EINVAL, "\"%.64s\" is not a valid label selector operator", name);
	struct requirement *term = add_term(sel, kl_strdup(kl_json_str(expression, "key", NULL)), op);
	size_t i;
	json_t *value;
	json_array_foreach (json_object_get(expression, "values"), i, value)
		add_value(term, kl_strdup(json_string_value(value) ?: ""));
	if ((op == OP_IN || op == OP_NOT_IN) && !term->value_count)
		return kl_fail_msg(err, EINVAL, "for 'in', 'notin' operators, values set can't be empty");
	if ((op == OP_GREATER || op == OP_LESS) && term->value_count != 1)
		return kl_fail_msg(err, EINVAL, "for 'Gt', 'Lt' operators, exactly one value is required");
	if ((op == OP_EXISTS || op == OP_ABSENT) && term->value_count)
		return kl_fail_msg(err, EINVAL, "values set must be empty for exists and does not exist");
	return check_term(term, err);
}

static void add_map(struct kl_selector *sel, const json_t *map)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)map, key, value)
		add_value(add_term(sel, kl_strdup(key), OP_IN), kl_strdup(json_string_value(value) ?: ""));
}

struct kl_selector *kl_selector_from_json(const json_t *label_selector, struct kl_err *err)
{
	if (!label_selector || json_is_null(label_selector))
		return selector_new(true);
	kl_cleanup(cleanup_selector) struct kl_selector *sel = selector_new(false);
	add_map(sel, json_object_get(label_selector, "matchLabels"));
	size_t i;
	json_t *expression;
	json_array_foreach (json_object_get(label_selector, "matchExpressions"), i, expression)
		if (add_expression(sel, expression, err) < 0)
			return NULL;
	return kl_take(&sel);
}

struct kl_selector *kl_selector_from_map(const json_t *map)
{
	struct kl_selector *sel = selector_new(!json_object_size(map));
	add_map(sel, map);
	return sel;
}

bool kl_selector_empty(const struct kl_selector *sel)
{
	return !sel->nothing && !sel->count;
}

static bool has_value(const struct requirement *term, const char *value)
{
	for (size_t i = 0; i < term->value_count; i++)
		if (!strcmp(term->values[i], value))
			return true;
	return false;
}

static bool compare_number(const struct requirement *term, const char *value)
{
	char *end;
	errno = 0;
	long long have = strtoll(value, &end, 10), want = strtoll(term->values[0], NULL, 10);
	if (errno || *end || end == value)
		return false;
	return term->op == OP_GREATER ? have > want : have < want;
}

/* value NULL: the label is absent. */
static bool term_matches(const struct requirement *term, const char *value)
{
	switch (term->op) {
	case OP_IN:
		return value && has_value(term, value);
	case OP_NOT_IN:
		return !value || !has_value(term, value);
	case OP_EXISTS:
		return value;
	case OP_ABSENT:
		return !value;
	case OP_GREATER:
	case OP_LESS:
		return value && compare_number(term, value);
	}
	return false;
}

bool kl_selector_matches(const struct kl_selector *sel, const json_t *labels)
{
	if (sel->nothing)
		return false;
	for (size_t i = 0; i < sel->count; i++)
		if (!term_matches(&sel->terms[i], json_string_value(json_object_get(labels, sel->terms[i].key))))
			return false;
	return true;
}

static const char *packed_value(const char *packed, const char *key)
{
	while (packed && *packed) {
		const char *value = packed + strlen(packed) + 1;
		if (!strcmp(packed, key))
			return value;
		packed = value + strlen(value) + 1;
	}
	return NULL;
}

bool kl_selector_matches_packed(const struct kl_selector *sel, const char *packed)
{
	if (sel->nothing)
		return false;
	for (size_t i = 0; i < sel->count; i++)
		if (!term_matches(&sel->terms[i], packed_value(packed, sel->terms[i].key)))
			return false;
	return true;
}
