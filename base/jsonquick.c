/*
 * The quick way through JSON as clients and the store write it. What is unusual (reals, surrogates, duplicate keys, bad
 * input) is given up, and jansson's parser decides and says why.
 */
#include "json.h"

#include <string.h>

enum { DEPTH_MAX = 256, DIGITS_MAX = 18 };

struct scan {
	const char *at, *end;
	struct kl_buf text; /* a string without its escapes */
};

struct slice {
	const char *data;
	size_t len;
	bool ascii;
};

static void skip_space(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
		s->at++;
}

static bool take(struct scan *s, char c)
{
	skip_space(s);
	if (s->at >= s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \uXXXX as UTF-8; not NUL, no surrogates. */
static bool push_code(struct scan *s)
{
	unsigned code = 0;
	if (s->end - s->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(*s->at++);
		if (digit < 0)
			return false;
		code = code << 4 | (unsigned)digit;
	}
	if (!code || (code >= 0xd800 && code <= 0xdfff))
		return false;
	if (code < 0x80) {
		kl_buf_char(&s->text, (char)code);
		return true;
	}
	if (code < 0x800) {
		kl_buf_char(&s->text, (char)(0xc0 | code >> 6));
	} else {
		kl_buf_char(&s->text, (char)(0xe0 | code >> 12));
		kl_buf_char(&s->text, (char)(0x80 | (code >> 6 & 0x3f)));
	}
	kl_buf_char(&s->text, (char)(0x80 | (code & 0x3f)));
	return true;
}

static bool push_escape(struct scan *s)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (s->at >= s->end)
		return false;
	char c = *s->at++;
	if (c == 'u')
		return push_code(s);
	const char *found = c ? strchr(from, c) : NULL;
	if (found)
		kl_buf_char(&s->text, to[found - from]);
	return found;
}

/* From the first backslash on: the rest of the string goes through s->text. */
static bool take_escaped(struct scan *s, const char *start, struct slice *ret)
{
	kl_buf_reset(&s->text);
	kl_buf_push(&s->text, start, (size_t)(s->at - start));
	while (s->at < s->end && *s->at != '"') {
		unsigned char c = (unsigned char)*s->at++;
		if (c < 0x20 || (c == '\\' && !push_escape(s)))
			return false;
		if (c != '\\')
			kl_buf_char(&s->text, (char)c);
	}
	if (s->at++ >= s->end)
		return false;
	*ret = (struct slice){kl_buf_str(&s->text), s->text.len, false};
	return true;
}

/* s->at stands behind the opening quote. The slice lasts until the next one is taken. */
static bool take_string(struct scan *s, struct slice *ret)
{
	const char *start = s->at;
	unsigned char seen = 0;
	for (; s->at < s->end; s->at++) {
		unsigned char c = (unsigned char)*s->at;
		if (c == '"') {
			*ret = (struct slice){start, (size_t)(s->at++ - start), seen < 0x80};
			return true;
		}
		if (c == '\\')
			return take_escaped(s, start, ret);
		if (c < 0x20)
			return false;
		seen |= c;
	}
	return false;
}

static json_t *make_string(const struct slice *text)
{
	return text->ascii ? json_stringn_nocheck(text->data, text->len) : json_stringn(text->data, text->len);
}

static json_t *take_integer(struct scan *s)
{
	bool negative = *s->at == '-';
	s->at += negative;
	const char *start = s->at;
	json_int_t value = 0;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && s->at - start < DIGITS_MAX)
		value = value * 10 + (*s->at++ - '0');
	size_t digits = (size_t)(s->at - start);
	bool more = s->at < s->end && (strchr(".eE", *s->at) || (*s->at >= '0' && *s->at <= '9'));
	if (!digits || more || (*start == '0' && (digits > 1 || negative)))
		return NULL;
	return json_integer(negative ? -value : value);
}

static json_t *take_word(struct scan *s, const char *word, json_t *value)
{
	size_t len = strlen(word);
	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len))
		return NULL;
	s->at += len;
	return value;
}

static json_t *take_value(struct scan *s, int depth);

static bool take_member(struct scan *s, json_t *object, int depth)
{
	struct slice key;
	char small[64];
	if (!take(s, '"') || !take_string(s, &key) || !key.ascii)
		return false;
	/* The key outlives what its value's strings do to s->text: it is ASCII, so it points into the input. */
	kl_autofree char *large = key.len < sizeof(small) ? NULL : kl_strndup(key.data, key.len);
	const char *name = large;
	if (!large)
		name = memcpy(small, key.data, key.len);
	json_t *value = take(s, ':') ? take_value(s, depth) : NULL;
	size_t before = json_object_size(object);
	/* A key that was there already does not make the object larger. */
	return value && !json_object_setn_new_nocheck(object, name, key.len, value) && json_object_size(object) > before;
}

static json_t *take_object(struct scan *s, int depth)
{
	kl_autojson *object = json_object();
	if (take(s, '}'))
		return kl_take(&object);
	do
		if (!take_member(s, object, depth))
			return NULL;
	while (take(s, ','));
	return take(s, '}') ? kl_take(&object) : NULL;
}

static json_t *take_array(struct scan *s, int depth)
{
	kl_autojson *array = json_array();
	if (take(s, ']'))
		return kl_take(&array);
	do {
		json_t *value = take_value(s, depth);
		if (!value || json_array_append_new(array, value))
			return NULL;
	} while (take(s, ','));
	return take(s, ']') ? kl_take(&array) : NULL;
}

static json_t *take_value(struct scan *s, int depth)
{
	struct slice text;
	skip_space(s);
	if (s->at >= s->end || depth > DEPTH_MAX)
		return NULL;
	switch (*s->at) {
	case '{':
		s->at++;
		return take_object(s, depth + 1);
	case '[':
		s->at++;
		return take_array(s, depth + 1);
	case '"':
		s->at++;
		return take_string(s, &text) ? make_string(&text) : NULL;
	case 't':
		return take_word(s, "true", json_true());
	case 'f':
		return take_word(s, "false", json_false());
	case 'n':
		return take_word(s, "null", json_null());
	default:
		return *s->at == '-' || (*s->at >= '0' && *s->at <= '9') ? take_integer(s) : NULL;
	}
}

json_t *kl_json_parse_quick(const char *data, size_t len)
{
	if (!len)
		return NULL;
	struct scan s = {.at = data, .end = data + len};
	json_t *value = take_value(&s, 0);
	skip_space(&s);
	if (value && s.at != s.end) {
		json_decref(value);
		value = NULL;
	}
	kl_buf_release(&s.text);
	return value;
}
