/*
 * The compression dictionary of SPDY/3, made from its parts: names and values each behind a 32-bit length, then loose
 * text. The order of bytes is the protocol's; the unit test checks its Adler-32.
 */
#include "spdy.h"

#include <pthread.h>
#include <string.h>

static const char *const WORDS[] = {
	"options", "head", "post", "put", "delete", "trace", "accept", "accept-charset", "accept-encoding",
	"accept-language", "accept-ranges", "age", "allow", "authorization", "cache-control", "connection",
	"content-base", "content-encoding", "content-language", "content-length", "content-location", "content-md5",
	"content-range", "content-type", "date", "etag", "expect", "expires", "from", "host", "if-match",
	"if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified", "location",
	"max-forwards", "pragma", "proxy-authenticate", "proxy-authorization", "range", "referer", "retry-after",
	"server", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via", "warning",
	"www-authenticate", "method", "get", "status", "200 OK", "version", "HTTP/1.1", "url", "public",
	"set-cookie", "keep-alive", "origin",
};

static const char TAIL[] =
	"100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
	"203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
	"403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
	"Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
	"chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
	"text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

static uint8_t dictionary[1423];
static size_t dictionary_len;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void append(const void *data, size_t len)
{
	if (dictionary_len + len <= sizeof(dictionary))
		memcpy(dictionary + dictionary_len, data, len);
	dictionary_len += len;
}

static void build(void)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(WORDS); i++) {
		uint8_t len = (uint8_t)strlen(WORDS[i]);
		append((const uint8_t[4]){0, 0, 0, len}, 4);
		append(WORDS[i], len);
	}
	append(TAIL, sizeof(TAIL) - 1);
}

const uint8_t *kl_spdy_dictionary(size_t *ret_len)
{
	pthread_once(&once, build);
	*ret_len = dictionary_len;
	return dictionary;
}
