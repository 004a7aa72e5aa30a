#include "inspect.h"

#include "events.h"
#include "file.h"
#include "log.h"
#include "mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utlist.h>

enum { CONNECTIONS = 32, REQUEST_MAX = 4096, REQUEST_TIMEOUT_MS = 5000, BACKLOG = 16, BEHIND_MAX = 4 << 20 };
#define NO_PACKETS 0xffffffffu /* as EVENT_NO_PACKETS in bpf/lib/event.h */

/* Bytes on their way to one or more clients. */
struct block {
	unsigned refs;
	size_t len;
	char data[];
};

struct client {
	struct kl_inspect *inspect;
	uv_pipe_t pipe;
	uv_timer_t timer;
	unsigned handles;             /* not closed yet */
	bool closing, watches, asked; /* asked: the request is complete, or refused */
	uint32_t mask;
	uint64_t lost; /* events not told of yet */
	struct kl_buf request;
	struct client *prev, *next;
};

struct sending {
	uv_write_t write;
	struct block *block;
	struct client *client;
	bool last; /* close behind it */
};

struct kl_inspect {
	uv_loop_t *loop;
	struct kl_inspect_ops ops;
	void *arg;
	char *path;
	uv_pipe_t listener;
	struct kl_events *events;
	struct client *clients;
	unsigned client_count, watchers;
};

/* --- clients come and go */

static void on_client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;
	if (--client->handles)
		return;
	kl_buf_release(&client->request);
	free(client);
}

static void watch_again(struct kl_inspect *inspect)
{
	struct client *client;
	uint32_t mask = NO_PACKETS;
	inspect->watchers = 0;
	DL_FOREACH (inspect->clients, client) {
		inspect->watchers += client->watches;
		if (client->watches)
			mask &= client->mask; /* masks are 2^n - 1 or all ones: the smallest */
	}
	kl_events_watch(inspect->events, inspect->watchers, mask);
}

static void client_close(struct client *client)
{
	struct kl_inspect *inspect = client->inspect;
	if (client->closing)
		return;
	client->closing = true;
	DL_DELETE(inspect->clients, client);
	inspect->client_count--;
	uv_close((uv_handle_t *)&client->pipe, on_client_closed);
	uv_close((uv_handle_t *)&client->timer, on_client_closed);
	if (client->watches)
		watch_again(inspect);
}

/* --- sending */

static struct block *block_new(const void *data, size_t len)
{
	struct block *block = kl_malloc(sizeof(*block) + len);
	block->refs = 1;
	block->len = len;
	memcpy(block->data, data, len);
	return block;
}

static void block_unref(struct block *block)
{
	if (!--block->refs)
		free(block);
}

static void on_sent(uv_write_t *write, int status)
{
	struct sending *sending = container_of(write, struct sending, write);
	if (status != UV_ECANCELED && (status || sending->last))
		client_close(sending->client);
	block_unref(sending->block);
	free(sending);
}

static void send_block(struct client *client, struct block *block, bool last)
{
	struct sending *sending = kl_calloc(1, sizeof(*sending));
	uv_buf_t buf = uv_buf_init(block->data, (unsigned)block->len);
	block->refs++;
	sending->block = block;
	sending->client = client;
	sending->last = last;
	if (!uv_write(&sending->write, (uv_stream_t *)&client->pipe, &buf, 1, on_sent))
		return;
	block_unref(block);
	free(sending);
	client_close(client);
}

static void send_json(struct client *client, json_t *json, bool last)
{
	kl_autobuf text = {0};
	kl_json_dump(json, &text);
	kl_buf_char(&text, '\n');
	json_decref(json);
	struct block *block = block_new(text.data, text.len);
	send_block(client, block, last);
	block_unref(block);
}

static void refuse(struct client *client, const char *words)
{
	send_json(client, json_pack("{s:s}", "error", words), true);
}

/* --- events */

static void tell_lost(struct client *client)
{
	struct kl_map_event event = {.kind = KL_INSPECT_LOST};
	event.bytes = client->lost > UINT32_MAX ? UINT32_MAX : (uint32_t)client->lost;
	client->lost = 0;
	struct block *block = block_new(&event, sizeof(event));
	send_block(client, block, false);
	block_unref(block);
}

static void on_events(const struct kl_map_event *events, size_t count, void *arg)
{
	struct kl_inspect *inspect = arg;
	struct client *client, *next;
	struct block *block = block_new(events, count * sizeof(*events));
	DL_FOREACH_SAFE (inspect->clients, client, next) {
		if (!client->watches)
			continue;
		if (uv_stream_get_write_queue_size((const uv_stream_t *)&client->pipe) > BEHIND_MAX) {
			client->lost += count;
			continue;
		}
		if (client->lost)
			tell_lost(client);
		if (!client->closing)
			send_block(client, block, false);
	}
	block_unref(block);
}

/* One in n, rounded up to a power of two, as a mask of random bits. */
static uint32_t mask_of(int64_t n)
{
	uint32_t mask = 0;
	if (n <= 0)
		return NO_PACKETS;
	while (mask + 1 < n && mask < NO_PACKETS / 2)
		mask = mask * 2 + 1;
	return mask;
}

static void ask_events(struct client *client, const json_t *ask)
{
	client->mask = mask_of(kl_json_int(ask, 0, "packets", NULL));
	client->watches = true;
	send_json(client, json_pack("{s:i}", "eventBytes", (int)sizeof(struct kl_map_event)), false);
	watch_again(client->inspect);
}

/* --- requests */

static void ask_status(struct client *client, const json_t *ask)
{
	(void)ask;
	send_json(client, client->inspect->ops.status(client->inspect->arg), true);
}

static void ask_verify(struct client *client, const json_t *ask)
{
	struct kl_err err = {0};
	json_t *answer =
		client->inspect->ops.verify(kl_json_bool(ask, false, "repair", NULL), client->inspect->arg, &err);
	if (answer)
		send_json(client, answer, true);
	else
		refuse(client, kl_err_text(&err));
}

static const struct {
	const char *name;
	void (*answer)(struct client *client, const json_t *ask);
} asks[] = {
	{"status", ask_status},
	{"verify", ask_verify},
	{"events", ask_events},
};

static void take_request(struct client *client)
{
	kl_autojson *ask = kl_json_parse(client->request.data, client->request.len, NULL);
	const char *name = kl_json_str(ask, "ask", NULL);
	uv_timer_stop(&client->timer);
	for (size_t i = 0; i < KL_ARRAY_LEN(asks); i++)
		if (!strcmp(asks[i].name, name)) {
			asks[i].answer(client, ask);
			return;
		}
	refuse(client, "ask for status, verify or events");
}

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct client *client = handle->data;
	(void)suggested;
	if (client->asked) /* what is said behind the request is not heard */
		client->request.len = 0;
	kl_buf_reserve(&client->request, 1024);
	*buf = uv_buf_init(client->request.data + client->request.len, 1023);
}

static void take_bytes(struct client *client, size_t n)
{
	struct kl_buf *request = &client->request;
	request->len += n;
	request->data[request->len] = 0;
	char *end = memchr(request->data, '\n', request->len);
	client->asked = end || request->len > REQUEST_MAX;
	if (end) {
		request->len = (size_t)(end - request->data);
		take_request(client);
	} else if (client->asked) {
		refuse(client, "the request is too long");
	}
}

/* Behind its request a client says nothing more; it is read on to notice when it goes. */
static void received(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *client = stream->data;
	(void)buf;
	if (n == UV_EOF && client->asked && !client->watches)
		uv_read_stop(stream); /* it has only closed its side, and waits for the answer */
	else if (n < 0)
		client_close(client);
	else if (!client->asked)
		take_bytes(client, (size_t)n);
}

static void timed_out(uv_timer_t *timer)
{
	client_close(timer->data);
}

static bool from_root(const uv_pipe_t *pipe)
{
	uv_os_fd_t fd;
	struct ucred peer;
	socklen_t len = sizeof(peer);
	return !uv_fileno((const uv_handle_t *)pipe, &fd) && !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       peer.uid == 0;
}

static void accepted(uv_stream_t *listener, int status)
{
	struct kl_inspect *inspect = listener->data;
	if (status < 0)
		return;
	struct client *client = kl_calloc(1, sizeof(*client));
	client->inspect = inspect;
	client->handles = 2;
	client->pipe.data = client->timer.data = client;
	uv_pipe_init(inspect->loop, &client->pipe, 0);
	uv_timer_init(inspect->loop, &client->timer);
	DL_APPEND(inspect->clients, client);
	inspect->client_count++;
	if (uv_accept(listener, (uv_stream_t *)&client->pipe) || inspect->client_count > CONNECTIONS ||
		!from_root(&client->pipe) || uv_read_start((uv_stream_t *)&client->pipe, allocate, received))
		client_close(client);
	else
		uv_timer_start(&client->timer, timed_out, REQUEST_TIMEOUT_MS, 0);
}

/* --- start and end */

static int listen_on(struct kl_inspect *inspect, struct kl_err *err)
{
	const char *path = inspect->path;
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return kl_fail_msg(err, ENAMETOOLONG, "the socket's path '%s' is too long", path);
	if (unlink(path) && errno != ENOENT)
		return kl_fail(err, errno, "remove '%s'", path);
	int rc = uv_pipe_bind(&inspect->listener, path);
	if (!rc && chmod(path, 0600))
		rc = -errno;
	if (!rc)
		rc = uv_listen((uv_stream_t *)&inspect->listener, BACKLOG, accepted);
	return rc ? kl_fail(err, -rc, "listen on '%s'", path) : 0;
}

int kl_inspect_new(
	uv_loop_t *loop, const struct kl_inspect_options *options, struct kl_inspect **ret, struct kl_err *err)
{
	struct kl_inspect *inspect = kl_calloc(1, sizeof(*inspect));
	inspect->loop = loop;
	inspect->ops = *options->ops;
	inspect->arg = options->arg;
	inspect->path = kl_strdup(options->socket_path);
	uv_pipe_init(loop, &inspect->listener, 0);
	inspect->listener.data = inspect;
	int rc = kl_events_new(loop, options->maps, on_events, inspect, &inspect->events, err);
	if (!rc)
		rc = listen_on(inspect, err);
	if (rc) {
		kl_inspect_free(inspect);
		return rc;
	}
	*ret = inspect;
	return 0;
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct kl_inspect *inspect = handle->data;
	free(inspect->path);
	free(inspect);
}

void kl_inspect_free(struct kl_inspect *inspect)
{
	struct client *client, *next;
	if (!inspect)
		return;
	DL_FOREACH_SAFE (inspect->clients, client, next)
		client_close(client);
	kl_events_free(inspect->events);
	uv_close((uv_handle_t *)&inspect->listener, on_listener_closed);
}

unsigned kl_inspect_watchers(const struct kl_inspect *inspect)
{
	return inspect ? inspect->watchers : 0;
}
