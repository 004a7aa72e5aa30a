#include "forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

enum { CHUNK = 32768 };

/*
 * One forwarded connection. It is made with its first stream and freed when it has left the session and neither the
 * worker (dialing) nor the socket's handle (tcp_open) holds it.
 */
struct pair {
	struct kl_forward *forward; /* NULL: has left the session */
	struct pair *next, *prev;
	char request_id[80];
	struct kl_mux_stream *data, *error;
	int port;
	uv_work_t work;
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	char *netns_path;
	int fds[2]; /* AF_INET, AF_INET6 */
	bool dialing, tcp_open, connected, held, paused, client_ended, pod_ended;
	struct kl_buf early; /* what the client sent before the connection stood */
};

struct kl_forward {
	uv_loop_t *loop;
	struct kl_mux *mux;
	struct pair *pairs;
	char *netns_path, *pod;
	bool fixed; /* WebSocket's channels: no more pairs will come, and the end of the last is the end of the session */
	void (*closed)(void *arg);
	void *arg;
};

static void try_connect(struct pair *pair, int family);

/* --- a pair's end */

static void free_pair(struct pair *pair)
{
	if (pair->forward || pair->dialing || pair->tcp_open)
		return;
	for (int i = 0; i < 2; i++)
		if (pair->fds[i] >= 0)
			close(pair->fds[i]);
	kl_buf_release(&pair->early);
	free(pair->netns_path);
	free(pair);
}

static void on_tcp_closed(uv_handle_t *handle)
{
	struct pair *pair = handle->data;
	pair->tcp_open = false;
	free_pair(pair);
}

static void unhold(struct pair *pair)
{
	if (pair->held)
		kl_mux_unhold(pair->forward->mux);
	pair->held = false;
}

static void release_stream(struct kl_mux_stream *stream)
{
	if (!stream)
		return;
	kl_mux_end(stream);
	kl_mux_release(stream);
}

static void leave(struct pair *pair)
{
	struct kl_forward *forward = pair->forward;
	if (!forward)
		return;
	unhold(pair);
	release_stream(pair->error);
	release_stream(pair->data);
	pair->data = pair->error = NULL;
	DL_DELETE(forward->pairs, pair);
	pair->forward = NULL;
	if (forward->fixed && !forward->pairs)
		kl_mux_finish(forward->mux);
	if (pair->tcp_open && !uv_is_closing((uv_handle_t *)&pair->tcp))
		uv_close((uv_handle_t *)&pair->tcp, on_tcp_closed);
	free_pair(pair);
}

static void fail(struct pair *pair, int rc)
{
	kl_autofree char *text =
		kl_asprintf("error forwarding port %d to pod %s: connect to localhost:%d inside the pod: %s",
			pair->port, pair->forward->pod, pair->port, strerror(-rc));
	kl_mux_write(pair->error, text, strlen(text));
	leave(pair);
}

/* --- client to pod */

struct chunk {
	uv_write_t req;
	struct pair *pair;
	char data[];
};

static size_t pod_backlog(const struct pair *pair)
{
	return pair->connected ? uv_stream_get_write_queue_size((const uv_stream_t *)&pair->tcp) : pair->early.len;
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	struct pair *pair = req->data;
	(void)status;
	if (pair->pod_ended)
		leave(pair);
}

static void end_to_pod(struct pair *pair)
{
	pair->shutdown.data = pair;
	if (uv_shutdown(&pair->shutdown, (uv_stream_t *)&pair->tcp, on_shutdown) < 0)
		leave(pair);
}

static void on_written(uv_write_t *req, int status)
{
	struct chunk *chunk = (struct chunk *)req;
	struct pair *pair = chunk->pair;
	free(chunk);
	if (!pair->forward)
		return;
	if (status < 0)
		leave(pair);
	else if (pod_backlog(pair) <= KL_CONN_LOW)
		unhold(pair);
}

static void write_to_pod(struct pair *pair, const void *data, size_t len)
{
	struct chunk *chunk = kl_malloc(sizeof(*chunk) + len);
	chunk->pair = pair;
	memcpy(chunk->data, data, len);
	uv_buf_t buf = uv_buf_init(chunk->data, (unsigned)len);
	if (uv_write(&chunk->req, (uv_stream_t *)&pair->tcp, &buf, 1, on_written) < 0)
		free(chunk);
}

static void on_data(struct kl_mux_stream *stream, const uint8_t *data, size_t len, void *arg)
{
	struct pair *pair = stream->user;
	(void)arg;
	if (stream->channel != KL_CHANNEL_DATA)
		return;
	if (pair->connected)
		write_to_pod(pair, data, len);
	else
		kl_buf_push(&pair->early, data, len);
	if (!pair->held && pod_backlog(pair) > KL_CONN_HIGH) {
		pair->held = true;
		kl_mux_hold(pair->forward->mux);
	}
}

static void on_ended(struct kl_mux_stream *stream, void *arg)
{
	struct pair *pair = stream->user;
	(void)arg;
	if (stream->channel != KL_CHANNEL_DATA || pair->client_ended)
		return;
	pair->client_ended = true;
	if (stream->we_ended) /* reset, or the pod's side is over as well */
		leave(pair);
	else if (pair->connected)
		end_to_pod(pair);
}

/* --- pod to client */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	static _Thread_local char chunk[CHUNK]; /* used up before the next read */
	(void)handle;
	(void)suggested;
	*ret = uv_buf_init(chunk, sizeof(chunk));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct pair *pair = stream->data;
	if (n == 0)
		return;
	if (n < 0) {
		/* kubectl waits for the end of both of its streams once it has seen the end of data. */
		pair->pod_ended = true;
		uv_read_stop(stream);
		kl_mux_end(pair->data);
		kl_mux_end(pair->error);
		if (pair->client_ended || n != UV_EOF)
			leave(pair);
		return;
	}
	kl_mux_write(pair->data, buf->base, (size_t)n);
	if (kl_mux_backlog(pair->data) > KL_CONN_HIGH) {
		pair->paused = true;
		uv_read_stop(stream);
	}
}

static void on_drained(void *arg)
{
	struct kl_forward *forward = arg;
	struct pair *pair;
	DL_FOREACH (forward->pairs, pair) {
		if (!pair->paused || !pair->connected || pair->pod_ended)
			continue;
		pair->paused = false;
		uv_read_start((uv_stream_t *)&pair->tcp, on_alloc, on_read);
	}
}

/* --- dialing */

static void on_connected(struct pair *pair)
{
	pair->connected = true;
	uv_tcp_nodelay(&pair->tcp, 1);
	if (pair->early.len)
		write_to_pod(pair, pair->early.data, pair->early.len);
	kl_buf_release(&pair->early);
	uv_read_start((uv_stream_t *)&pair->tcp, on_alloc, on_read);
	if (pair->client_ended)
		end_to_pod(pair);
}

static void on_retry(uv_handle_t *handle)
{
	struct pair *pair = handle->data;
	pair->tcp_open = false;
	if (pair->forward)
		try_connect(pair, 1);
	else
		free_pair(pair);
}

static void on_connect(uv_connect_t *req, int status)
{
	struct pair *pair = req->data;
	if (!pair->forward)
		return;
	if (!status)
		on_connected(pair);
	else if (pair->fds[1] >= 0)
		uv_close((uv_handle_t *)&pair->tcp, on_retry);
	else
		fail(pair, status);
}

/* family: index into fds; IPv4 first, as localhost resolves for most servers. */
static void try_connect(struct pair *pair, int family)
{
	struct sockaddr_storage addr = {0};
	if (family == 0)
		uv_ip4_addr("127.0.0.1", pair->port, (struct sockaddr_in *)&addr);
	else
		uv_ip6_addr("::1", pair->port, (struct sockaddr_in6 *)&addr);
	uv_tcp_init(pair->forward->loop, &pair->tcp);
	pair->tcp.data = pair->connect.data = pair;
	pair->tcp_open = true;
	int rc = uv_tcp_open(&pair->tcp, pair->fds[family]);
	if (rc == 0) {
		pair->fds[family] = -1;
		rc = uv_tcp_connect(&pair->connect, &pair->tcp, (struct sockaddr *)&addr, on_connect);
	}
	if (rc < 0)
		fail(pair, rc);
}

static void make_sockets(uv_work_t *work)
{
	struct pair *pair = work->data;
	pair->fds[0] = kl_socket_in_netns(pair->netns_path, AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
	pair->fds[1] = kl_socket_in_netns(pair->netns_path, AF_INET6, SOCK_STREAM | SOCK_NONBLOCK);
}

static void on_sockets(uv_work_t *work, int status)
{
	struct pair *pair = work->data;
	pair->dialing = false;
	if (!pair->forward)
		free_pair(pair);
	else if (status < 0 || pair->fds[0] < 0)
		fail(pair, status < 0 ? status : pair->fds[0]);
	else
		try_connect(pair, 0);
}

static void dial(struct pair *pair)
{
	struct kl_forward *forward = pair->forward;
	if (pair->port < 1 || pair->port > UINT16_MAX) {
		fail(pair, -EINVAL);
		return;
	}
	pair->netns_path = kl_strdup(forward->netns_path);
	pair->work.data = pair;
	pair->dialing = true;
	uv_queue_work(forward->loop, &pair->work, make_sockets, on_sockets);
}

/* --- streams */

/*
 * Clients before 1.1 sent no request id: they open an error stream and then its data stream, so that the error
 * stream's number names the pair.
 */
static void pair_name(const struct kl_mux_stream *stream, char *ret, size_t size)
{
	if (stream->request_id[0])
		snprintf(ret, size, "id %s", stream->request_id);
	else
		snprintf(ret, size, "stream %u", stream->channel == KL_CHANNEL_ERROR ? stream->id : stream->id - 2);
}

static struct pair *find_pair(struct kl_forward *forward, const struct kl_mux_stream *stream)
{
	struct pair *pair;
	char name[sizeof(pair->request_id)];
	pair_name(stream, name, sizeof(name));
	DL_FOREACH (forward->pairs, pair)
		if (!strcmp(pair->request_id, name))
			return pair;
	pair = kl_calloc(1, sizeof(*pair));
	pair->forward = forward;
	pair->fds[0] = pair->fds[1] = -1;
	memcpy(pair->request_id, name, sizeof(name));
	DL_APPEND(forward->pairs, pair);
	return pair;
}

static bool on_opened(struct kl_mux_stream *stream, void *arg)
{
	if (stream->channel != KL_CHANNEL_DATA && stream->channel != KL_CHANNEL_ERROR)
		return false;
	struct pair *pair = find_pair(arg, stream);
	struct kl_mux_stream **slot = stream->channel == KL_CHANNEL_DATA ? &pair->data : &pair->error;
	if (*slot)
		return false;
	*slot = stream;
	stream->user = pair;
	pair->port = stream->port ? stream->port : pair->port;
	if (pair->data && pair->error)
		dial(pair);
	return true;
}

/* --- the session */

static void end_session(struct kl_forward *forward)
{
	struct pair *pair, *next;
	DL_FOREACH_SAFE (forward->pairs, pair, next)
		leave(pair);
	kl_mux_close(forward->mux);
	forward->closed(forward->arg);
	free(forward->netns_path);
	free(forward->pod);
	free(forward);
}

static void on_gone(void *arg)
{
	end_session(arg);
}

void kl_forward_abort(struct kl_forward *forward)
{
	end_session(forward);
}

struct kl_forward *kl_forward_new(uv_loop_t *loop, struct kl_http_upgraded *upgraded, int fd, const void *leftover,
	size_t len, const struct kl_mux_options *mux_options, const char *netns_path, const char *pod,
	void (*closed)(void *arg), void *arg)
{
	static const struct kl_mux_events EVENTS = {on_opened, on_data, on_ended, on_drained, on_gone};
	struct kl_forward *forward = kl_calloc(1, sizeof(*forward));
	forward->loop = loop;
	forward->netns_path = kl_strdup(netns_path);
	forward->pod = kl_strdup(pod);
	forward->closed = closed;
	forward->arg = arg;
	forward->fixed = mux_options->port_count > 0;
	forward->mux = kl_mux_new(loop, upgraded, fd, leftover, len, mux_options, &EVENTS, forward);
	kl_mux_start(forward->mux);
	return forward;
}
