/*
 * tcpSocket, and httpGet without TLS: a connection on the loop.
 */
#include "action_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_HEAD = 16384 };

struct net {
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_write_t write;
	bool http, opened;
	char *request, *url;
	char chunk[2048];
};

static void on_closed(uv_handle_t *handle)
{
	struct kl_action *action = handle->data;
	struct net *net = action->own;

	free(kl_take(&net->request));
	free(kl_take(&net->url));
	action_unref(action);
}

static const char *errno_words(int rc)
{
	switch (rc) {
	case UV_ECONNREFUSED:
		return "connect: connection refused";
	case UV_EHOSTUNREACH:
		return "connect: no route to host";
	case UV_ENETUNREACH:
		return "connect: network is unreachable";
	case UV_ECONNRESET:
		return "read: connection reset by peer";
	case UV_EOF:
		return "EOF";
	default:
		return uv_strerror(rc);
	}
}

static void failed(struct kl_action *action, int rc)
{
	struct net *net = action->own;
	kl_autobuf words = {0};

	if (net->http)
		kl_buf_printf(&words, "Get \"%s\": ", net->url);
	if (rc == UV_EOF)
		kl_buf_str_push(&words, "EOF");
	else
		kl_buf_printf(&words, strchr(action->host, ':') ? "dial tcp [%s]:%d: %s" : "dial tcp %s:%d: %s",
			action->host, action->port, errno_words(rc));
	action_finish(action, KL_ACTION_FAILED, kl_buf_str(&words));
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct net *net = ((struct kl_action *)handle->data)->own;

	(void)suggested;
	*buf = uv_buf_init(net->chunk, sizeof(net->chunk));
}

/* "HTTP/1.1 200 OK": the status line decides; the rest is not waited for. */
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct kl_action *action = stream->data;
	kl_autobuf words = {0};

	if (n < 0) {
		failed(action, (int)n);
		return;
	}
	kl_buf_push(&action->output, buf->base, (size_t)n);
	const char *text = kl_buf_str(&action->output);
	if (!strchr(text, '\n') && action->output.len < action->output.max)
		return;
	const char *blank = strncmp(text, "HTTP/1.", 7) ? NULL : strchr(text, ' ');
	int code = blank ? atoi(blank + 1) : 0;
	if (code >= 200 && code < 400) {
		action_finish(action, KL_ACTION_OK, "");
		return;
	}
	if (code)
		kl_buf_printf(&words, "HTTP probe failed with statuscode: %d", code);
	else
		kl_buf_str_push(&words, "malformed HTTP response");
	action_finish(action, KL_ACTION_FAILED, kl_buf_str(&words));
}

static void on_written(uv_write_t *req, int status)
{
	struct kl_action *action = req->data;

	if (status && !action->finished)
		failed(action, status);
}

static void on_connected(uv_connect_t *req, int status)
{
	struct kl_action *action = req->data;
	struct net *net = action->own;

	if (action->finished)
		return;
	if (status) {
		failed(action, status);
	} else if (!net->http) {
		action_finish(action, KL_ACTION_OK, "");
	} else {
		uv_buf_t buf = uv_buf_init(net->request, (unsigned)strlen(net->request));
		net->write.data = action;
		uv_write(&net->write, (uv_stream_t *)&net->tcp, &buf, 1, on_written);
		uv_read_start((uv_stream_t *)&net->tcp, on_alloc, on_read);
	}
}

static int open_connection(struct kl_action *action, struct kl_err *err)
{
	struct net *net = action->own;
	struct sockaddr_storage address;
	bool v6 = strchr(action->host, ':') != NULL;
	int rc = v6 ? uv_ip6_addr(action->host, action->port, (struct sockaddr_in6 *)&address)
		    : uv_ip4_addr(action->host, action->port, (struct sockaddr_in *)&address);

	if (rc && !strcmp(action->host, "localhost"))
		rc = uv_ip4_addr("127.0.0.1", action->port, (struct sockaddr_in *)&address);
	if (rc)
		return kl_fail_msg(err, EINVAL, "the handler's host '%.100s' is no address", action->host);
	uv_tcp_init(action->loop, &net->tcp);
	net->opened = true;
	net->tcp.data = net->connect.data = action;
	action_ref(action);
	rc = uv_tcp_connect(&net->connect, &net->tcp, (const struct sockaddr *)&address, on_connected);
	return rc ? kl_fail_msg(err, -rc, "connect: %s", uv_strerror(rc)) : 0;
}

static void build_request(struct kl_action *action, struct net *net)
{
	const char *path = kl_json_str(action->handler, "path", NULL);
	kl_autofree char *authority =
		kl_asprintf(strchr(action->host, ':') ? "[%s]:%d" : "%s:%d", action->host, action->port);
	struct kl_buf text = {.max = MAX_HEAD};
	bool has_host = false, has_agent = false;
	json_t *header;
	size_t i;

	net->url = kl_asprintf("http://%s%s%s", authority, *path == '/' ? "" : "/", path);
	kl_buf_printf(&text, "GET %s%s HTTP/1.1\r\n", *path == '/' ? "" : "/", path);
	json_array_foreach (json_object_get(action->handler, "httpHeaders"), i, header) {
		const char *name = kl_json_str(header, "name", NULL), *value = kl_json_str(header, "value", NULL);
		has_host |= !strcasecmp(name, "host");
		has_agent |= !strcasecmp(name, "user-agent");
		if (!strpbrk(name, "\r\n:") && !strpbrk(value, "\r\n"))
			kl_buf_printf(&text, "%s: %s\r\n", name, value);
	}
	if (!has_host)
		kl_buf_printf(&text, "Host: %s\r\n", authority);
	if (!has_agent)
		kl_buf_str_push(&text, "User-Agent: kube-probe/1.33\r\n");
	kl_buf_str_push(&text, "Accept: */*\r\nConnection: close\r\n\r\n");
	net->request = kl_buf_take(&text);
}

static int tcp_start(struct kl_action *action, struct kl_err *err)
{
	action->own = kl_calloc(1, sizeof(struct net));
	int rc = action_address(action, err);
	return rc ? rc : open_connection(action, err);
}

int action_http_plain_start(struct kl_action *action, struct kl_err *err)
{
	struct net *net = action->own = kl_calloc(1, sizeof(struct net));
	int rc = action_address(action, err);

	if (rc)
		return rc;
	net->http = true;
	build_request(action, net);
	return open_connection(action, err);
}

void action_net_stop(struct kl_action *action)
{
	struct net *net = action->own;

	if (net && net->opened) {
		uv_close((uv_handle_t *)&net->tcp, on_closed);
	} else if (net) {
		free(kl_take(&net->request));
		free(kl_take(&net->url));
	}
}

const char *action_net_timeout(struct kl_action *action, struct kl_buf *words)
{
	const struct net *net = action->own;

	if (net->http)
		kl_buf_printf(words,
			"Get \"%s\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
			net->url);
	else
		kl_buf_printf(words, "dial tcp %s:%d: i/o timeout", action->host, action->port);
	return kl_buf_str(words);
}

const struct action_kind action_tcp = {"tcpSocket", tcp_start, action_net_stop, action_net_timeout};
