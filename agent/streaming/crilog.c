#include "crilog.h"

#include "clock.h"

#include <string.h>
#include <unistd.h>

enum { TAIL_BLOCK = 65536, TAG_WINDOW = 96 };

/* The next word of a line, up to a blank. */
static bool take_word(const char **at, const char *end, const char **ret, size_t *ret_len)
{
	const char *blank = memchr(*at, ' ', (size_t)(end - *at));
	if (!blank || blank == *at)
		return false;
	*ret = *at;
	*ret_len = (size_t)(blank - *at);
	*at = blank + 1;
	return true;
}

static bool word_is(const char *word, size_t len, const char *text)
{
	return len == strlen(text) && !memcmp(word, text, len);
}

bool kl_crilog_parse(const char *line, size_t len, struct kl_crilog_record *ret)
{
	const char *at = line, *end = line + len, *stream, *tag;
	size_t stream_len, tag_len;
	*ret = (struct kl_crilog_record){0};
	if (!take_word(&at, end, &ret->time, &ret->time_len) || !take_word(&at, end, &stream, &stream_len))
		return false;
	/* An empty text may come without the blank that ends its tag. */
	if (!take_word(&at, end, &tag, &tag_len)) {
		tag = at;
		tag_len = (size_t)(end - at);
		at = end;
	}
	ret->is_stderr = word_is(stream, stream_len, "stderr");
	if (!ret->is_stderr && !word_is(stream, stream_len, "stdout"))
		return false;
	/* Tags may be joined by colons; the first one tells. */
	if (!tag_len || (tag[0] != 'F' && tag[0] != 'P') || (tag_len > 1 && tag[1] != ':'))
		return false;
	ret->partial = tag[0] == 'P';
	ret->text = at;
	ret->len = (size_t)(end - at);
	return true;
}

static bool wanted(const struct kl_crilog_filter *filter, const struct kl_crilog_record *record)
{
	char text[KL_TIME_TEXT];
	int64_t ms;
	if (record->is_stderr ? filter->skip_stderr : filter->skip_stdout)
		return false;
	if (!filter->since_ms)
		return true;
	if (record->time_len >= sizeof(text))
		return false;
	memcpy(text, record->time, record->time_len);
	text[record->time_len] = 0;
	return kl_time_parse(text, &ms) == 0 && ms >= filter->since_ms;
}

static void push_limited(struct kl_crilog_filter *filter, struct kl_buf *out, const char *data, size_t len)
{
	if (filter->limit_bytes >= 0) {
		len = (int64_t)len < filter->limit_bytes ? len : (size_t)filter->limit_bytes;
		filter->limit_bytes -= (int64_t)len;
	}
	kl_buf_push(out, data, len);
}

/* conmon writes UTC as +00:00; kubelet gives Z. */
static void push_time(struct kl_crilog_filter *filter, struct kl_buf *out, const struct kl_crilog_record *record)
{
	static const char ZERO[] = "+00:00";
	size_t zero = sizeof(ZERO) - 1, len = record->time_len;
	bool utc = len > zero && !memcmp(record->time + len - zero, ZERO, zero);
	push_limited(filter, out, record->time, utc ? len - zero : len);
	push_limited(filter, out, utc ? "Z " : " ", utc ? 2 : 1);
}

static void push_record(struct kl_crilog_filter *filter, struct kl_buf *out, const struct kl_crilog_record *record)
{
	bool *in_line = &filter->in_line[record->is_stderr];
	if (filter->timestamps && !*in_line)
		push_time(filter, out, record);
	push_limited(filter, out, record->text, record->len);
	if (!record->partial)
		push_limited(filter, out, "\n", 1);
	*in_line = record->partial;
}

size_t kl_crilog_filter_bytes(struct kl_crilog_filter *filter, const char *raw, size_t len, struct kl_buf *out)
{
	size_t used = 0;
	const char *newline;
	while (filter->limit_bytes && used < len && (newline = memchr(raw + used, '\n', len - used))) {
		size_t n = (size_t)(newline - (raw + used));
		struct kl_crilog_record record;
		if (kl_crilog_parse(raw + used, n, &record) && wanted(filter, &record))
			push_record(filter, out, &record);
		used += n + 1;
	}
	return used;
}

/* Whether the record at this offset ends a line of the container: only its head is read. */
static bool is_full_at(int fd, int64_t offset)
{
	char head[TAG_WINDOW];
	struct kl_crilog_record record;
	ssize_t n = pread(fd, head, sizeof(head), offset);
	if (n <= 0)
		return false;
	const char *newline = memchr(head, '\n', (size_t)n);
	return kl_crilog_parse(head, newline ? (size_t)(newline - head) : (size_t)n, &record) && !record.partial;
}

/*
 * Going backwards over record starts: the (lines + 1)th record that ends a line is the one before what is wanted. `end`
 * is the offset just behind the record that starts at `start`.
 */
struct tail {
	int fd;
	int64_t lines, full, end, found;
};

static bool tail_record(struct tail *tail, int64_t start)
{
	if (is_full_at(tail->fd, start) && ++tail->full > tail->lines) {
		tail->found = tail->end;
		return true;
	}
	tail->end = start;
	return false;
}

int64_t kl_crilog_tail(int fd, int64_t size, int64_t lines)
{
	struct tail tail = {.fd = fd, .lines = lines, .end = size};
	kl_autofree char *block = kl_malloc(TAIL_BLOCK);
	for (int64_t block_end = size; block_end > 0;) {
		int64_t from = block_end > TAIL_BLOCK ? block_end - TAIL_BLOCK : 0;
		ssize_t n = pread(fd, block, (size_t)(block_end - from), from);
		for (ssize_t i = n - 1; i >= 0; i--) {
			int64_t start = from + i + 1;
			if (block[i] == '\n' && start < size && tail_record(&tail, start))
				return tail.found;
		}
		block_end = from;
	}
	return size && tail_record(&tail, 0) ? tail.found : 0;
}
