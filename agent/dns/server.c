/*
 * The sockets: datagrams and connections at each of the node's addresses. A query is answered at once, or forwarded and
 * answered when the reply has come. Everything is bounded: queries under way, connections, their idle time.
 */
#include "dns_impl.h"

#include "log.h"
#include "mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { MAX_DATAGRAM = 4096, MAX_TCP = 256, MAX_UDP_PENDING = 2000, IDLE_MS = 10000, BACKLOG = 64, MAX_MESSAGE = 65535 };

struct listener {
	struct kl_dns *dns;
	uv_udp_t udp;
	uv_tcp_t tcp;
	int open; /* handles that are not closed */
	char datagram[MAX_DATAGRAM];
};

/* A connection; its queries are answered one after the other. */
struct tcp_client {
	struct kl_dns *dns;
	uv_tcp_t tcp;
	uv_timer_t idle;
	uint8_t in[2 + MAX_MESSAGE];
	size_t got;
	bool busy, closing;
	int handles;
	unsigned refs; /* a query under way */
	struct tcp_client *prev, *next;
};

/* A query and the way back. */
struct asked {
	struct kl_dns *dns;
	struct tcp_client *client; /* NULL: by datagram */
	struct listener *listener;
	struct sockaddr_storage from;
	struct kl_answer answer;
};

static void client_next(struct tcp_client *client);
static void client_close(struct tcp_client *client);

/* --- who may ask */

static bool addr_of(const struct sockaddr *from, struct kl_addr *ret)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (from->sa_family == AF_INET) {
		memcpy(ret->bytes, mapped, sizeof(mapped));
		memcpy(ret->bytes + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
	} else {
		memcpy(ret->bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
	}
	return from->sa_family == AF_INET || from->sa_family == AF_INET6;
}

/* No open resolver: the node itself and its pods. */
bool dns_serves(struct kl_dns *dns, const struct sockaddr *from)
{
	struct kl_addr addr;
	bool found = false;

	if (!addr_of(from, &addr))
		return false;
	for (size_t i = 0; i < dns->listener_count && !found; i++)
		found = kl_addr_equal(&dns->own[i], &addr);
	pthread_mutex_lock(&dns->lock);
	for (size_t i = 0; i < dns->pod_count && !found; i++)
		found = kl_prefix_contains(&dns->pods[i], &addr);
	pthread_mutex_unlock(&dns->lock);
	return found;
}

/* --- replies */

struct tcp_write {
	uv_write_t write;
	struct tcp_client *client;
	struct kl_buf bytes;
};

static void on_written(uv_write_t *write, int status)
{
	struct tcp_write *w = write->data;
	struct tcp_client *client = w->client;

	(void)status; /* the reading side sees a broken connection */
	kl_buf_release(&w->bytes);
	free(w);
	client->refs--;
	client->busy = false;
	if (client->closing)
		client_close(client);
	else
		client_next(client);
}

static void send_tcp(struct tcp_client *client, const struct kl_buf *reply)
{
	struct tcp_write *w = kl_calloc(1, sizeof(*w));

	w->client = client;
	w->write.data = w;
	kl_buf_char(&w->bytes, (char)(reply->len >> 8));
	kl_buf_char(&w->bytes, (char)reply->len);
	kl_buf_push(&w->bytes, reply->data, reply->len);
	uv_buf_t bytes = uv_buf_init(w->bytes.data, (unsigned)w->bytes.len);
	client->refs++;
	if (client->closing || uv_write(&w->write, (uv_stream_t *)&client->tcp, &bytes, 1, on_written))
		on_written(&w->write, -1);
}

static void send_reply(struct asked *asked, const struct kl_buf *reply)
{
	uv_buf_t bytes = uv_buf_init(reply->data, (unsigned)reply->len);

	if (!reply->len && asked->client)
		client_close(asked->client);
	else if (asked->client)
		send_tcp(asked->client, reply);
	else if (reply->len) /* a full socket buffer loses it, as the network may */
		uv_udp_try_send(&asked->listener->udp, &bytes, 1, (const struct sockaddr *)&asked->from);
}

static void asked_free(struct asked *asked)
{
	if (asked->client) {
		asked->client->refs--;
		if (asked->client->closing)
			client_close(asked->client);
	} else {
		asked->dns->udp_pending--;
	}
	kl_answer_release(&asked->answer);
	free(asked);
}

static size_t reply_max(const struct asked *asked)
{
	return asked->client ? MAX_MESSAGE : asked->answer.udp_max;
}

static void finish(struct asked *asked)
{
	kl_autobuf reply = {0};

	if (ldns_pkt_get_rcode(asked->answer.reply) == LDNS_RCODE_SERVFAIL)
		asked->dns->failed++;
	else
		asked->dns->answered++;
	kl_answer_wire(&asked->answer, reply_max(asked), &reply);
	send_reply(asked, &reply);
	asked_free(asked);
}

static void on_alias(const void *reply, size_t len, void *arg)
{
	struct asked *asked = arg;

	kl_answer_alias(&asked->answer, reply, len);
	finish(asked);
}

static void on_forwarded(const void *bytes, size_t len, void *arg)
{
	struct asked *asked = arg;
	kl_autobuf reply = {0};

	if (!bytes || kl_answer_fit(bytes, len, reply_max(asked), &reply)) {
		kl_answer_fail(&asked->answer);
		finish(asked);
		return;
	}
	asked->dns->forwarded++;
	send_reply(asked, &reply);
	asked_free(asked);
}

/* --- queries */

static void query(struct asked *asked, const void *bytes, size_t len)
{
	struct kl_dns *dns = asked->dns;
	struct kl_answer *answer = &asked->answer;
	kl_autobuf alias = {0};

	dns->queries++;
	kl_answer_make(dns->zone, dns->synced, bytes, len, answer);
	if (answer->step == KL_ANSWER_IGNORE) {
		send_reply(asked, &alias);
		asked_free(asked);
		return;
	}
	if (!dns_serves(dns, (const struct sockaddr *)&asked->from)) {
		kl_answer_refuse(answer);
		dns->refused++;
	}
	if (answer->step == KL_ANSWER_FORWARD)
		kl_upstream_send(dns->upstream, bytes, len, asked->client != NULL, on_forwarded, asked);
	else if (answer->step == KL_ANSWER_ALIAS && !kl_answer_alias_query(answer, 0, &alias))
		kl_upstream_send(dns->upstream, alias.data, alias.len, asked->client != NULL, on_alias, asked);
	else
		finish(asked);
}

static struct asked *asked_new(struct kl_dns *dns, const struct sockaddr *from)
{
	struct asked *asked = kl_calloc(1, sizeof(*asked));

	asked->dns = dns;
	memcpy(&asked->from, from,
		from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	return asked;
}

/* --- datagrams */

static void alloc_datagram(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct listener *listener = handle->data;

	(void)suggested;
	*buf = uv_buf_init(listener->datagram, sizeof(listener->datagram));
}

static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	struct listener *listener = udp->data;
	struct kl_dns *dns = listener->dns;

	if (n <= 0 || !from || flags & UV_UDP_PARTIAL || dns->udp_pending >= MAX_UDP_PENDING)
		return;
	struct asked *asked = asked_new(dns, from);
	asked->listener = listener;
	dns->udp_pending++;
	query(asked, buf->base, (size_t)n);
}

/* --- connections */

static void on_client_closed(uv_handle_t *handle)
{
	struct tcp_client *client = handle->data;

	if (--client->handles)
		return;
	client->dns->tcp_count--;
	DL_DELETE(client->dns->tcp_clients, client);
	free(client);
}

static void client_shut(struct tcp_client *client)
{
	client->closing = true;
	if (uv_is_closing((uv_handle_t *)&client->tcp))
		return;
	uv_close((uv_handle_t *)&client->tcp, on_client_closed);
	uv_close((uv_handle_t *)&client->idle, on_client_closed);
}

/* Its memory stays until nothing that is under way points to it. */
static void client_close(struct tcp_client *client)
{
	client->closing = true;
	if (!client->refs)
		client_shut(client);
}

static void on_idle(uv_timer_t *timer)
{
	client_close(timer->data);
}

static void client_next(struct tcp_client *client)
{
	size_t len = client->got < 2 ? 0 : (size_t)client->in[0] << 8 | client->in[1];
	struct sockaddr_storage from;
	int from_len = sizeof(from);

	if (client->busy || client->closing || client->got < 2 || client->got < len + 2)
		return;
	uint8_t *bytes = kl_memdup(client->in + 2, len);
	client->got -= len + 2;
	memmove(client->in, client->in + 2 + len, client->got);
	if (uv_tcp_getpeername(&client->tcp, (struct sockaddr *)&from, &from_len)) {
		client_close(client);
	} else {
		struct asked *asked = asked_new(client->dns, (struct sockaddr *)&from);
		asked->client = client;
		client->refs++;
		client->busy = true;
		query(asked, bytes, len);
	}
	free(bytes);
}

static void alloc_tcp(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct tcp_client *client = handle->data;

	(void)suggested;
	*buf = uv_buf_init((char *)client->in + client->got, (unsigned)(sizeof(client->in) - client->got));
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct tcp_client *client = stream->data;

	(void)buf;
	if (n < 0) {
		client_close(client);
		return;
	}
	client->got += (size_t)n;
	uv_timer_start(&client->idle, on_idle, IDLE_MS, 0);
	client_next(client);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct listener *listener = server->data;
	struct kl_dns *dns = listener->dns;

	if (status)
		return;
	struct tcp_client *client = kl_calloc(1, sizeof(*client));
	client->dns = dns;
	uv_tcp_init(&dns->loop, &client->tcp);
	uv_timer_init(&dns->loop, &client->idle);
	client->tcp.data = client->idle.data = client;
	client->handles = 2;
	dns->tcp_count++;
	DL_APPEND(dns->tcp_clients, client);
	if (uv_accept(server, (uv_stream_t *)&client->tcp) || dns->tcp_count > MAX_TCP ||
		uv_read_start((uv_stream_t *)&client->tcp, alloc_tcp, on_bytes))
		client_close(client);
	else
		uv_timer_start(&client->idle, on_idle, IDLE_MS, 0);
}

/* --- */

static void on_listener_closed(uv_handle_t *handle)
{
	struct listener *listener = handle->data;

	if (--listener->open == 0)
		free(listener);
}

static void listener_close(struct listener *listener)
{
	uv_close((uv_handle_t *)&listener->udp, on_listener_closed);
	uv_close((uv_handle_t *)&listener->tcp, on_listener_closed);
}

int dns_listen(struct kl_dns *dns, const char *ip, uint16_t port, struct kl_err *err)
{
	struct sockaddr_storage at;
	struct sockaddr *any = (struct sockaddr *)&at;

	if (dns->listener_count == DNS_MAX_LISTENERS)
		return 0;
	if (uv_ip4_addr(ip, port, (struct sockaddr_in *)&at) && uv_ip6_addr(ip, port, (struct sockaddr_in6 *)&at))
		return kl_fail_msg(err, EINVAL, "'%s' is no address", ip);
	struct listener *listener = kl_calloc(1, sizeof(*listener));
	listener->dns = dns;
	uv_udp_init(&dns->loop, &listener->udp);
	uv_tcp_init(&dns->loop, &listener->tcp);
	listener->udp.data = listener->tcp.data = listener;
	listener->open = 2;
	int rc = uv_udp_bind(&listener->udp, any, 0);
	if (!rc)
		rc = uv_udp_recv_start(&listener->udp, alloc_datagram, on_datagram);
	if (!rc)
		rc = uv_tcp_bind(&listener->tcp, any, 0);
	if (!rc)
		rc = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
	if (rc) {
		listener_close(listener);
		return kl_fail(err, -rc, "listen for DNS at %s port %u", ip, port);
	}
	addr_of(any, &dns->own[dns->listener_count]);
	dns->listeners[dns->listener_count++] = listener;
	return 0;
}

void dns_unlisten(struct kl_dns *dns)
{
	struct tcp_client *client, *next;

	for (size_t i = 0; i < dns->listener_count; i++)
		listener_close(dns->listeners[i]);
	dns->listener_count = 0;
	DL_FOREACH_SAFE (dns->tcp_clients, client, next)
		client_shut(client); /* replies that are being written end before it */
}
