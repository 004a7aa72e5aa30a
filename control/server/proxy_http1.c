#include "proxy_http1.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum chunk_state {
	CHUNK_SIZE,
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_CR,
	CHUNK_LF,
	TRAILER_START,
	TRAILER,
	TRAILER_LF
};

/* --- the head */

/* The length up to and with the empty line; 0 when it has not come yet. */
static size_t head_length(const char *data, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (data[i] != '\n')
			continue;
		if (data[i + 1] == '\n')
			return i + 2;
		if (data[i + 1] == '\r' && i + 2 < len && data[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

/* Cuts a line off at *at: NUL-terminates it without its line end. */
static char *take_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');
	*at = end + 1;
	*end = 0;
	if (end > line && end[-1] == '\r')
		end[-1] = 0;
	return line;
}

static int parse_status_line(const char *line)
{
	if (strncmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') || line[8] != ' ')
		return -EPROTO;
	for (int i = 9; i < 12; i++)
		if (line[i] < '0' || line[i] > '9')
			return -EPROTO;
	if (line[12] && line[12] != ' ')
		return -EPROTO;
	int status = atoi(line + 9);
	return status >= 100 ? status : -EPROTO;
}

static char *trim(char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	for (size_t len = strlen(text); len && (text[len - 1] == ' ' || text[len - 1] == '\t'); len--)
		text[len - 1] = 0;
	return text;
}

static int parse_length(const char *value, int64_t *ret)
{
	int64_t length = 0;
	if (!*value)
		return -EPROTO;
	for (; *value; value++) {
		if (*value < '0' || *value > '9' || length > INT64_MAX / 10 - 9)
			return -EPROTO;
		length = length * 10 + (*value - '0');
	}
	if (*ret >= 0 && *ret != length) /* two that differ: an attempt at smuggling */
		return -EPROTO;
	*ret = length;
	return 0;
}

static int parse_header(char *line, struct kl_http1_head *ret)
{
	char *colon = strchr(line, ':');
	if (!colon || colon == line || strcspn(line, " \t") < (size_t)(colon - line))
		return -EPROTO;
	*colon = 0;
	char *value = trim(colon + 1);
	if (ret->header_count == KL_HTTP1_MAX_HEADERS)
		return -EMSGSIZE;
	ret->headers[ret->header_count++] = (struct kl_http_header){line, value};
	if (!strcasecmp(line, "Content-Length"))
		return parse_length(value, &ret->length);
	if (!strcasecmp(line, "Transfer-Encoding")) {
		if (strcasecmp(value, "chunked") != 0)
			return -EPROTO;
		ret->chunked = true;
	}
	return 0;
}

ssize_t kl_http1_head(char *data, size_t len, struct kl_http1_head *ret)
{
	size_t head_len = head_length(data, len < KL_HTTP1_MAX_HEAD ? len : KL_HTTP1_MAX_HEAD);
	if (!head_len)
		return len >= KL_HTTP1_MAX_HEAD ? -EMSGSIZE : 0;
	if (memchr(data, 0, head_len))
		return -EPROTO;
	char *at = data, *end = data + head_len;
	*ret = (struct kl_http1_head){.length = -1};
	ret->status = parse_status_line(take_line(&at));
	if (ret->status < 0)
		return ret->status;
	while (at < end) {
		char *line = take_line(&at);
		int rc = *line ? parse_header(line, ret) : 0;
		if (rc < 0)
			return rc;
	}
	return (ssize_t)head_len;
}

const char *kl_http1_header(const struct kl_http1_head *head, const char *name)
{
	for (size_t i = 0; i < head->header_count; i++)
		if (!strcasecmp(head->headers[i].name, name))
			return head->headers[i].value;
	return NULL;
}

static bool list_has(const char *list, const char *name)
{
	size_t len = strlen(name);
	while (list && *list) {
		list += strspn(list, ", \t");
		size_t word = strcspn(list, ", \t");
		if (word == len && !strncasecmp(list, name, len))
			return true;
		list += word;
	}
	return false;
}

bool kl_http1_hop_by_hop(const char *name, const char *connection)
{
	static const char *const NAMES[] = {"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate",
		"Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade"};
	for (size_t i = 0; i < KL_ARRAY_LEN(NAMES); i++)
		if (!strcasecmp(name, NAMES[i]))
			return true;
	return list_has(connection, name);
}

/* --- the body */

void kl_http1_body_init(struct kl_http1_body *body, const struct kl_http1_head *head, const char *method)
{
	bool none = !strcmp(method, "HEAD") || head->status == 204 || head->status == 304 || head->status < 200;
	*body = (struct kl_http1_body){.framing = KL_HTTP1_UNTIL_CLOSE};
	if (none || head->length >= 0)
		body->framing = KL_HTTP1_LENGTH;
	if (!none && head->chunked)
		body->framing = KL_HTTP1_CHUNKED;
	body->left = none || body->framing != KL_HTTP1_LENGTH ? 0 : head->length;
	body->state = CHUNK_SIZE;
	body->done = body->framing == KL_HTTP1_LENGTH && !body->left;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int size_char(struct kl_http1_body *body, char c)
{
	int digit = hex(c);
	if (digit >= 0) {
		if (body->left > INT64_MAX >> 5)
			return -EPROTO;
		body->left = body->left << 4 | digit;
	} else if (c == ';' || c == ' ' || c == '\t') {
		body->state = CHUNK_EXTENSION;
	} else if (c == '\r') {
		body->state = CHUNK_SIZE_LF;
	} else {
		return -EPROTO;
	}
	return 0;
}

/* One byte of the framing between payloads. */
static int chunk_char(struct kl_http1_body *body, char c)
{
	switch ((enum chunk_state)body->state) {
	case CHUNK_SIZE:
		return size_char(body, c);
	case CHUNK_EXTENSION:
		if (c == '\r')
			body->state = CHUNK_SIZE_LF;
		return 0;
	case CHUNK_SIZE_LF:
		body->state = body->left ? CHUNK_DATA : TRAILER_START;
		return c == '\n' ? 0 : -EPROTO;
	case CHUNK_CR:
		body->state = CHUNK_LF;
		return c == '\r' ? 0 : -EPROTO;
	case CHUNK_LF:
		body->state = CHUNK_SIZE;
		return c == '\n' ? 0 : -EPROTO;
	case TRAILER_START:
		body->state = c == '\r' ? TRAILER_LF : TRAILER;
		return 0;
	case TRAILER:
		if (c == '\n')
			body->state = TRAILER_START;
		return 0;
	case TRAILER_LF:
		body->done = true;
		return c == '\n' ? 0 : -EPROTO;
	case CHUNK_DATA:
		break;
	}
	return -EPROTO;
}

static ssize_t feed_chunked(
	struct kl_http1_body *body, const char *data, size_t len, const char **ret_piece, size_t *ret_len)
{
	size_t used = 0;
	while (used < len && !body->done && body->state != CHUNK_DATA) {
		int rc = chunk_char(body, data[used++]);
		if (rc < 0)
			return rc;
	}
	if (body->done || body->state != CHUNK_DATA)
		return (ssize_t)used;
	size_t n = len - used < (size_t)body->left ? len - used : (size_t)body->left;
	*ret_piece = data + used;
	*ret_len = n;
	body->left -= (int64_t)n;
	if (!body->left)
		body->state = CHUNK_CR;
	return (ssize_t)(used + n);
}

ssize_t kl_http1_body_feed(
	struct kl_http1_body *body, const char *data, size_t len, const char **ret_piece, size_t *ret_len)
{
	*ret_piece = data;
	*ret_len = 0;
	if (body->done)
		return 0;
	if (body->framing == KL_HTTP1_CHUNKED)
		return feed_chunked(body, data, len, ret_piece, ret_len);
	size_t n = len;
	if (body->framing == KL_HTTP1_LENGTH) {
		n = (int64_t)len < body->left ? len : (size_t)body->left;
		body->left -= (int64_t)n;
		body->done = !body->left;
	}
	*ret_len = n;
	return (ssize_t)n;
}
