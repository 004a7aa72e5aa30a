#include "httpstub.h"

#include "buf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

struct stub_conn {
	uv_tcp_t tcp;
	struct stub *stub;
	struct kl_buf in;
	struct stub_conn *prev, *next;
};

struct stub {
	uv_tcp_t *listener;
	stub_handler *handler;
	void *arg;
	int accepted;
	struct stub_conn *conns;
};

static void conn_closed(uv_handle_t *handle)
{
	struct stub_conn *conn = handle->data;
	kl_buf_release(&conn->in);
	free(conn);
}

void stub_cut(struct stub_conn *conn)
{
	DL_DELETE(conn->stub->conns, conn);
	uv_close((uv_handle_t *)&conn->tcp, conn_closed);
}

static void write_done(uv_write_t *req, int status)
{
	(void)status;
	free(req->data);
	free(req);
}

static void send_bytes(struct stub_conn *conn, struct kl_buf *bytes)
{
	uv_write_t *req = kl_calloc(1, sizeof(*req));
	uv_buf_t buf = uv_buf_init(bytes->data, (unsigned)bytes->len);
	req->data = kl_buf_take(bytes);
	uv_write(req, (uv_stream_t *)&conn->tcp, &buf, 1, write_done);
}

void stub_reply(struct stub_conn *conn, int code, const char *body)
{
	struct kl_buf out = {0};
	kl_buf_printf(&out, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", code,
		strlen(body));
	kl_buf_str_push(&out, body);
	send_bytes(conn, &out);
}

void stub_chunks(struct stub_conn *conn)
{
	struct kl_buf out = {0};
	kl_buf_str_push(&out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	send_bytes(conn, &out);
}

void stub_chunk(struct stub_conn *conn, const char *data, size_t len)
{
	struct kl_buf out = {0};
	kl_buf_printf(&out, "%zx\r\n", len);
	kl_buf_push(&out, data, len);
	kl_buf_str_push(&out, "\r\n");
	send_bytes(conn, &out);
}

void stub_end(struct stub_conn *conn)
{
	struct kl_buf out = {0};
	kl_buf_str_push(&out, "0\r\n\r\n");
	send_bytes(conn, &out);
}

static size_t content_length(const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length:");
	return at ? strtoul(at + 17, NULL, 10) : 0;
}

/* One whole request out of conn->in, or 0 when more bytes are needed. */
static size_t take_request(struct stub_conn *conn)
{
	char *head_end = conn->in.len ? strstr(conn->in.data, "\r\n\r\n") : NULL;
	if (!head_end)
		return 0;
	size_t head = (size_t)(head_end - conn->in.data) + 4, body = content_length(conn->in.data);
	if (conn->in.len < head + body)
		return 0;
	char method[16], path[2048];
	if (sscanf(conn->in.data, "%15s %2047s", method, path) != 2)
		abort();
	kl_autofree char *text = kl_strndup(conn->in.data + head, body);
	kl_buf_consume(&conn->in, head + body);
	conn->stub->handler(conn, method, path, text, conn->stub->arg);
	return head + body;
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
	(void)handle;
	*ret = uv_buf_init(kl_malloc(size), (unsigned)size);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct stub_conn *conn = stream->data;
	if (n > 0)
		kl_buf_push(&conn->in, buf->base, (size_t)n);
	free(buf->base);
	if (n < 0 && !uv_is_closing((uv_handle_t *)stream))
		stub_cut(conn);
	while (n > 0 && !uv_is_closing((uv_handle_t *)stream) && take_request(conn))
		;
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct stub *stub = listener->data;
	struct stub_conn *conn = kl_calloc(1, sizeof(*conn));
	(void)status;
	conn->stub = stub;
	uv_tcp_init(listener->loop, &conn->tcp);
	conn->tcp.data = conn;
	uv_accept(listener, (uv_stream_t *)&conn->tcp);
	DL_APPEND(stub->conns, conn);
	stub->accepted++;
	uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read);
}

struct stub *stub_new(uv_loop_t *loop, stub_handler *handler, void *arg)
{
	struct sockaddr_in addr;
	struct stub *stub = kl_calloc(1, sizeof(*stub));
	stub->listener = kl_calloc(1, sizeof(*stub->listener));
	stub->handler = handler;
	stub->arg = arg;
	uv_tcp_init(loop, stub->listener);
	stub->listener->data = stub;
	uv_ip4_addr("127.0.0.1", 0, &addr);
	if (uv_tcp_bind(stub->listener, (struct sockaddr *)&addr, 0) ||
		uv_listen((uv_stream_t *)stub->listener, 64, on_connection))
		abort();
	return stub;
}

int stub_port(const struct stub *stub)
{
	struct sockaddr_in addr;
	int len = sizeof(addr);
	uv_tcp_getsockname(stub->listener, (struct sockaddr *)&addr, &len);
	return ntohs(addr.sin_port);
}

int stub_accepted(const struct stub *stub)
{
	return stub->accepted;
}

bool stub_alive(const struct stub *stub, const struct stub_conn *conn)
{
	const struct stub_conn *each;
	DL_FOREACH (stub->conns, each) {
		if (each == conn)
			return true;
	}
	return false;
}

static void free_listener(uv_handle_t *handle)
{
	free(handle);
}

void stub_free(struct stub *stub)
{
	while (stub->conns)
		stub_cut(stub->conns);
	uv_close((uv_handle_t *)stub->listener, free_listener);
	free(stub);
}
