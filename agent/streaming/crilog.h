/*
 * The CRI log format: one line a record, "2026-11-20T10:30:35.123456789+00:00 stdout F the text", with P instead of F
 * when the container's line goes on in the next record of that stream. Pure.
 */
#ifndef KL_CRILOG_H
#define KL_CRILOG_H

#include "buf.h"

#include <stdint.h>

struct kl_crilog_record {
	const char *time; /* RFC 3339, not NUL-terminated */
	size_t time_len;
	bool is_stderr, partial;
	const char *text;
	size_t len;
};
/* A record without its newline; false on anything else. */
bool kl_crilog_parse(const char *line, size_t len, struct kl_crilog_record *ret);

/* What a reader of logs asked for, and where it stands. Initialise with KL_CRILOG_FILTER. */
struct kl_crilog_filter {
	int64_t since_ms; /* since the epoch; records before it are left out; 0: none */
	bool timestamps;
	bool skip_stdout, skip_stderr;
	int64_t limit_bytes;	/* still to be given; -1: no limit */
	bool in_line[2];	/* of stdout and stderr: the last record was partial */
};
#define KL_CRILOG_FILTER ((struct kl_crilog_filter){.limit_bytes = -1})
/*
 * Takes whole records (up to the last newline) out of raw bytes and appends what the reader sees to out; returns the
 * bytes taken. Lines that are no records are skipped. At limit_bytes 0 the answer is complete.
 */
size_t kl_crilog_filter_bytes(struct kl_crilog_filter *filter, const char *raw, size_t len, struct kl_buf *out);

/* Where the last `lines` whole lines of a log begin: its size for 0. Reads the file backwards, in blocks. */
int64_t kl_crilog_tail(int fd, int64_t size, int64_t lines);

#endif
