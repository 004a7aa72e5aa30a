#include "hammer_answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void kl_answer_init(struct kl_answer *answer)
{
	kl_answer_release(answer);
	*answer = (struct kl_answer){.bytes.max = KL_ANSWER_MAX, .length = -1};
}

void kl_answer_release(struct kl_answer *answer)
{
	kl_buf_release(&answer->bytes);
}

static bool parse_status_line(struct kl_answer *answer, const char *line)
{
	if (strncmp(line, "HTTP/1.", 7) || strlen(line) < 12 || line[8] != ' ')
		return false;
	answer->status = (int)strtol(line + 9, NULL, 10);
	return answer->status >= 100 && answer->status < 600;
}

/* "Name: value", or NULL when the line is another header. */
static const char *header_value(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) || line[len] != ':')
		return NULL;
	line += len + 1;
	return line + strspn(line, " \t");
}

static void parse_header(struct kl_answer *answer, const char *line)
{
	const char *value;

	if ((value = header_value(line, "Content-Length")))
		answer->length = strtoll(value, NULL, 10);
	else if ((value = header_value(line, "Transfer-Encoding")))
		answer->chunked = !strncasecmp(value, "chunked", 7);
	else if ((value = header_value(line, "Connection")))
		answer->closes = !strncasecmp(value, "close", 5);
}

static bool parse_head(struct kl_answer *answer, const char *end)
{
	kl_autofree char *head = kl_strndup(answer->bytes.data, (size_t)(end - answer->bytes.data));
	char *save = NULL;

	answer->body = (size_t)(end - answer->bytes.data) + 4;
	char *line = strtok_r(head, "\r\n", &save);
	if (!line || !parse_status_line(answer, line))
		return false;
	while ((line = strtok_r(NULL, "\r\n", &save)))
		parse_header(answer, line);
	return answer->length >= -1;
}

/* The last chunk's size line is 0 (trailers are not expected from the servers we hammer). */
static bool chunks_ended(const struct kl_answer *answer)
{
	const char *at = answer->bytes.data + answer->body, *end = answer->bytes.data + answer->bytes.len;

	while (at < end) {
		char *after;
		unsigned long size = strtoul(at, &after, 16);
		const char *line = memmem(after, (size_t)(end - after), "\r\n", 2);
		if (!line || size > (unsigned long)(end - line))
			return false;
		at = line + 2 + size + 2;
		if (!size)
			return at <= end;
	}
	return false;
}

static bool body_ended(const struct kl_answer *answer)
{
	if (answer->chunked)
		return chunks_ended(answer);
	if (answer->status == 204 || answer->status == 304)
		return true;
	return answer->length >= 0 && answer->bytes.len - answer->body >= (size_t)answer->length;
}

enum kl_answer_state kl_answer_feed(struct kl_answer *answer, const char *data, size_t len)
{
	kl_buf_push(&answer->bytes, data, len);
	if (answer->bytes.overflow)
		return KL_ANSWER_MALFORMED;
	if (!answer->body) {
		const char *end = memmem(kl_buf_str(&answer->bytes), answer->bytes.len, "\r\n\r\n", 4);
		if (!end)
			return KL_ANSWER_MORE;
		if (!parse_head(answer, end))
			return KL_ANSWER_MALFORMED;
	}
	return body_ended(answer) ? KL_ANSWER_COMPLETE : KL_ANSWER_MORE;
}

enum kl_answer_state kl_answer_eof(const struct kl_answer *answer)
{
	bool until_close = answer->body && !answer->chunked && answer->length < 0;

	return until_close ? KL_ANSWER_COMPLETE : KL_ANSWER_MALFORMED;
}
