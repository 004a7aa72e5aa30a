#include "upstream.h"

#include "mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <utlist.h>

enum { HEADER = 12, MAX_MESSAGE = 65535 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* A question under way. Its handles are closed and made anew for each server that is tried. */
struct asking {
	struct kl_upstream *upstream;
	kl_upstream_done *done; /* NULL: nobody waits any more */
	void *arg;
	uint8_t *query; /* with our id; two bytes of length in front, for TCP */
	size_t len, question;
	uint16_t client_id;
	bool tcp, over;
	size_t tries, server;
	struct attempt *attempt;
	uv_timer_t timer;
	struct asking *prev, *next;
};

struct attempt {
	struct asking *asking; /* NULL: given up */
	union {
		uv_handle_t any;
		uv_stream_t stream;
		uv_udp_t udp;
		uv_tcp_t tcp;
	} handle;
	uv_connect_t connect;
	uv_write_t write;
	size_t got;
	uint8_t *reply; /* MAX_MESSAGE + 2 bytes */
};

struct kl_upstream {
	uv_loop_t *loop;
	union address servers[KL_UPSTREAM_SERVERS];
	size_t count, first, under_way;
	struct asking *askings;
};

/* --- */

static bool read_address(const char *text, union address *ret)
{
	char host[64];
	const char *mark = strchr(text, '#');
	int port = mark ? atoi(mark + 1) : 53;
	size_t len = mark ? (size_t)(mark - text) : strlen(text);

	if (len >= sizeof(host) || port < 1 || port > 65535)
		return false;
	memcpy(host, text, len);
	host[len] = 0;
	return !uv_ip4_addr(host, port, &ret->v4) || !uv_ip6_addr(host, port, &ret->v6);
}

struct kl_upstream *kl_upstream_new(uv_loop_t *loop, const char *const *servers, size_t count)
{
	struct kl_upstream *upstream = kl_calloc(1, sizeof(*upstream));

	upstream->loop = loop;
	for (size_t i = 0; i < count && upstream->count < KL_UPSTREAM_SERVERS; i++)
		upstream->count += read_address(servers[i], &upstream->servers[upstream->count]);
	return upstream;
}

size_t kl_upstream_servers(const struct kl_upstream *upstream)
{
	return upstream->count;
}

static void on_attempt_closed(uv_handle_t *handle)
{
	struct attempt *attempt = handle->data;

	free(attempt->reply);
	free(attempt);
}

static void attempt_end(struct asking *asking)
{
	struct attempt *attempt = kl_take(&asking->attempt);

	if (!attempt)
		return;
	attempt->asking = NULL;
	uv_close(&attempt->handle.any, on_attempt_closed);
}

static void on_asking_closed(uv_handle_t *handle)
{
	struct asking *asking = handle->data;

	free(asking->query);
	free(asking);
}

static void asking_end(struct asking *asking)
{
	if (asking->over)
		return;
	asking->over = true;
	attempt_end(asking);
	DL_DELETE(asking->upstream->askings, asking);
	asking->upstream->under_way--;
	uv_close((uv_handle_t *)&asking->timer, on_asking_closed);
}

static void asking_done(struct asking *asking, uint8_t *reply, size_t len)
{
	kl_upstream_done *done = asking->done;
	void *arg = asking->arg;

	if (reply) {
		reply[0] = (uint8_t)(asking->client_id >> 8);
		reply[1] = (uint8_t)asking->client_id;
	}
	if (done)
		done(reply, len, arg);
	asking_end(asking);
}

void kl_upstream_free(struct kl_upstream *upstream)
{
	struct asking *asking, *next;

	if (!upstream)
		return;
	DL_FOREACH_SAFE (upstream->askings, asking, next)
		asking_done(asking, NULL, 0);
	free(upstream);
}

/* --- what comes back */

/* The bytes of the one question, names not compressed; 0: there is none. */
static size_t question_length(const uint8_t *message, size_t len)
{
	size_t at = HEADER;

	while (at < len && message[at] && message[at] < 64)
		at += message[at] + 1u;
	return at + 5 <= len && message[at] == 0 ? at + 5 - HEADER : 0;
}

static bool is_answer(const struct asking *asking, const uint8_t *reply, size_t len)
{
	const uint8_t *query = asking->query + 2;

	return len >= HEADER + asking->question && reply[0] == query[0] && reply[1] == query[1] && reply[2] & 0x80 &&
	       !memcmp(reply + HEADER, query + HEADER, asking->question);
}

static void try_next(struct asking *asking);

static void alloc_reply(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct attempt *attempt = handle->data;

	(void)suggested;
	if (!attempt->reply)
		attempt->reply = kl_calloc(1, MAX_MESSAGE + 2);
	*buf = uv_buf_init((char *)attempt->reply + attempt->got, (unsigned)(MAX_MESSAGE + 2 - attempt->got));
}

/* What does not match is not ours: the right one may still come. */
static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	struct attempt *attempt = udp->data;
	struct asking *asking = attempt->asking;

	(void)flags;
	if (!asking || (n == 0 && !from))
		return;
	if (n < 0)
		try_next(asking);
	else if (is_answer(asking, (uint8_t *)buf->base, (size_t)n))
		asking_done(asking, (uint8_t *)buf->base, (size_t)n);
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct attempt *attempt = stream->data;
	struct asking *asking = attempt->asking;

	(void)buf;
	if (!asking)
		return;
	if (n < 0) {
		try_next(asking);
		return;
	}
	attempt->got += (size_t)n;
	size_t want = attempt->got < 2 ? 0 : (size_t)attempt->reply[0] << 8 | attempt->reply[1];
	if (attempt->got < 2 || attempt->got < want + 2)
		return;
	if (is_answer(asking, attempt->reply + 2, want))
		asking_done(asking, attempt->reply + 2, want);
	else
		try_next(asking);
}

/* --- asking */

static void on_written(uv_write_t *write, int status)
{
	struct attempt *attempt = write->data;

	if (attempt->asking && status)
		try_next(attempt->asking);
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct attempt *attempt = connect->data;
	struct asking *asking = attempt->asking;

	if (!asking)
		return;
	uv_buf_t bytes = uv_buf_init((char *)asking->query, (unsigned)asking->len + 2);
	attempt->write.data = attempt;
	if (status || uv_read_start(&attempt->handle.stream, alloc_reply, on_bytes) ||
		uv_write(&attempt->write, &attempt->handle.stream, &bytes, 1, on_written))
		try_next(asking);
}

static int attempt_udp(struct asking *asking, struct attempt *attempt, const union address *server)
{
	uv_buf_t bytes = uv_buf_init((char *)asking->query + 2, (unsigned)asking->len);

	uv_udp_init(asking->upstream->loop, &attempt->handle.udp);
	attempt->handle.any.data = attempt;
	int rc = uv_udp_connect(&attempt->handle.udp, &server->any);
	if (!rc)
		rc = uv_udp_recv_start(&attempt->handle.udp, alloc_reply, on_datagram);
	if (!rc)
		rc = uv_udp_try_send(&attempt->handle.udp, &bytes, 1, NULL);
	return rc < 0 ? rc : 0;
}

static int attempt_tcp(struct asking *asking, struct attempt *attempt, const union address *server)
{
	uv_tcp_init(asking->upstream->loop, &attempt->handle.tcp);
	attempt->handle.any.data = attempt;
	attempt->connect.data = attempt;
	return uv_tcp_connect(&attempt->connect, &attempt->handle.tcp, &server->any, on_connected);
}

static void on_timeout(uv_timer_t *timer)
{
	try_next(timer->data);
}

/* Two rounds over the servers. The one that answered last time is asked first. */
static void try_next(struct asking *asking)
{
	struct kl_upstream *upstream = asking->upstream;

	attempt_end(asking);
	if (asking->tries == 2 * upstream->count) {
		asking_done(asking, NULL, 0);
		return;
	}
	if (asking->tries++)
		upstream->first = (upstream->first + 1) % upstream->count;
	const union address *server = &upstream->servers[upstream->first];
	struct attempt *attempt = kl_calloc(1, sizeof(*attempt));
	attempt->asking = asking;
	asking->attempt = attempt;
	int rc = asking->tcp ? attempt_tcp(asking, attempt, server) : attempt_udp(asking, attempt, server);
	/* A failure at once waits a moment too: the callback never comes from inside _send. */
	uv_timer_start(&asking->timer, on_timeout, rc ? 10 : KL_UPSTREAM_TRY_MS, 0);
}

static void on_refused(uv_timer_t *timer)
{
	asking_done(timer->data, NULL, 0);
}

void kl_upstream_send(
	struct kl_upstream *upstream, const void *query, size_t len, bool tcp, kl_upstream_done *done, void *arg)
{
	struct asking *asking = kl_calloc(1, sizeof(*asking));
	const uint8_t *bytes = query;

	asking->upstream = upstream;
	asking->done = done;
	asking->arg = arg;
	asking->tcp = tcp;
	asking->query = kl_calloc(1, len + 2);
	asking->query[0] = (uint8_t)(len >> 8);
	asking->query[1] = (uint8_t)len;
	memcpy(asking->query + 2, query, len);
	asking->len = len;
	asking->question = question_length(bytes, len);
	asking->client_id = (uint16_t)(len < 2 ? 0 : bytes[0] << 8 | bytes[1]);
	uv_timer_init(upstream->loop, &asking->timer);
	asking->timer.data = asking;
	DL_APPEND(upstream->askings, asking);
	if (++upstream->under_way > KL_UPSTREAM_MAX || !upstream->count || !asking->question || len > MAX_MESSAGE ||
		getrandom(asking->query + 2, 2, 0) != 2)
		uv_timer_start(&asking->timer, on_refused, 0, 0);
	else
		try_next(asking);
}
