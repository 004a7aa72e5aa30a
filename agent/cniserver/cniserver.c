/*
 * The socket: one request a connection, bounded in bytes, time and number; only root is heard.
 */
#include "cniserver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utlist.h>

#include "attach.h"
#include "log.h"
#include "proto.h"

enum { CONNECTIONS = 128, REQUEST_TIMEOUT_MS = 10000, COLLECT_MS = 60000, BACKLOG = 64 };

struct connection {
	struct kl_cniserver *server; /* NULL: the server has gone */
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_write_t write;
	unsigned handles; /* of pipe and timer, those not closed yet */
	bool answering;   /* the request is with the attacher, which will call back */
	bool closed;
	char *reply;
	struct kl_buf request;
	struct connection *prev, *next;
};

struct kl_cniserver {
	struct kl_cniserver_opts opts;
	char *socket_path, *state_dir, *uplink;
	uv_loop_t *loop;
	uv_pipe_t listener;
	uv_timer_t collector;
	unsigned handles;
	bool attacher_gone;
	struct kl_attacher *attacher;
	struct connection *connections;
	unsigned connection_count;
};

/* The last of: both handles closed, no answer to come. */
static void connection_unref(struct connection *conn)
{
	if (conn->handles || conn->answering)
		return;
	kl_buf_release(&conn->request);
	free(conn->reply);
	free(conn);
}

static void connection_handle_closed(uv_handle_t *handle)
{
	struct connection *conn = handle->data;
	conn->handles--;
	connection_unref(conn);
}

static void connection_close(struct connection *conn)
{
	if (conn->closed)
		return;
	conn->closed = true;
	DL_DELETE(conn->server->connections, conn);
	conn->server->connection_count--;
	uv_close((uv_handle_t *)&conn->pipe, connection_handle_closed);
	uv_close((uv_handle_t *)&conn->timer, connection_handle_closed);
}

static void written(uv_write_t *write, int status)
{
	(void)status;
	if (status != UV_ECANCELED)
		connection_close(write->data);
}

static void reply(struct connection *conn, json_t *json)
{
	conn->reply = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	uv_buf_t buf = uv_buf_init(conn->reply, (unsigned)strlen(conn->reply));
	conn->write.data = conn;
	if (uv_write(&conn->write, (uv_stream_t *)&conn->pipe, &buf, 1, written))
		connection_close(conn);
}

static void reply_failure(struct connection *conn, const struct kl_cni_failure *failure, const char *version)
{
	reply(conn, json_pack("{s:o}", "error", kl_cni_failure_json(failure, version)));
}

static void answered(json_t *result, const struct kl_cni_failure *failure, void *arg)
{
	struct connection *conn = arg;
	conn->answering = false;
	if (conn->closed) {
		json_decref(result);
		connection_unref(conn);
	} else if (failure) {
		reply_failure(conn, failure, NULL);
	} else {
		reply(conn, json_pack("{s:o}", "result", result ? result : json_object()));
	}
}

static void take_request(struct connection *conn)
{
	struct kl_cni_ask ask = {0};
	struct kl_cni_failure failure = {0};
	uv_read_stop((uv_stream_t *)&conn->pipe);
	uv_timer_stop(&conn->timer);
	if (kl_cni_ask_parse(kl_buf_str(&conn->request), conn->request.len, &ask, &failure)) {
		reply_failure(conn, &failure, NULL);
		return;
	}
	conn->answering = true;
	kl_attacher_call(conn->server->attacher, &ask, answered, conn);
}

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct connection *conn = handle->data;
	(void)suggested;
	kl_buf_reserve(&conn->request, 4096);
	*buf = uv_buf_init(conn->request.data + conn->request.len, 4095);
}

static void received(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct connection *conn = stream->data;
	(void)buf;
	if (n == UV_EOF) {
		take_request(conn);
	} else if (n < 0) {
		connection_close(conn);
	} else {
		conn->request.len += (size_t)n;
		conn->request.data[conn->request.len] = 0;
		if (conn->request.len > KL_CNI_MAX)
			take_request(conn);
	}
}

static void timed_out(uv_timer_t *timer)
{
	connection_close(timer->data);
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
	struct kl_cniserver *server = listener->data;
	if (status < 0)
		return;
	struct connection *conn = kl_calloc(1, sizeof(*conn));
	conn->server = server;
	conn->handles = 2;
	conn->pipe.data = conn->timer.data = conn;
	uv_pipe_init(server->loop, &conn->pipe, 0);
	uv_timer_init(server->loop, &conn->timer);
	DL_APPEND(server->connections, conn);
	server->connection_count++;
	if (uv_accept(listener, (uv_stream_t *)&conn->pipe) || server->connection_count > CONNECTIONS ||
		!from_root(&conn->pipe) || uv_read_start((uv_stream_t *)&conn->pipe, allocate, received))
		connection_close(conn);
	else
		uv_timer_start(&conn->timer, timed_out, REQUEST_TIMEOUT_MS, 0);
}

static void collect(uv_timer_t *timer)
{
	struct kl_cniserver *server = timer->data;
	kl_attacher_collect(server->attacher);
}

static void server_unref(struct kl_cniserver *server)
{
	if (server->handles || !server->attacher_gone)
		return;
	free(server->socket_path);
	free(server->state_dir);
	free(server->uplink);
	free(server);
}

static void server_handle_closed(uv_handle_t *handle)
{
	struct kl_cniserver *server = handle->data;
	server->handles--;
	server_unref(server);
}

static void attacher_freed(void *arg)
{
	struct kl_cniserver *server = arg;
	server->attacher_gone = true;
	server_unref(server);
}

static int listen_on(struct kl_cniserver *server, struct kl_err *err)
{
	const char *path = server->socket_path;
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return kl_fail_msg(err, ENAMETOOLONG, "the socket's path '%s' is too long", path);
	/* What a killed agent left; a living one would have been found by its pid file. */
	if (unlink(path) && errno != ENOENT)
		return kl_fail(err, errno, "remove '%s'", path);
	int rc = uv_pipe_bind(&server->listener, path);
	if (!rc && chmod(path, 0600))
		rc = -errno;
	if (!rc)
		rc = uv_listen((uv_stream_t *)&server->listener, BACKLOG, accepted);
	return rc ? kl_fail(err, -rc, "listen on '%s'", path) : 0;
}

int kl_cniserver_new(
	uv_loop_t *loop, const struct kl_cniserver_opts *opts, struct kl_cniserver **ret, struct kl_err *err)
{
	struct kl_cniserver *server = kl_calloc(1, sizeof(*server));
	server->loop = loop;
	server->opts = *opts;
	server->opts.socket_path = server->socket_path = kl_strdup(opts->socket_path);
	server->opts.state_dir = server->state_dir = kl_strdup(opts->state_dir);
	server->uplink = opts->uplink ? kl_strdup(opts->uplink) : NULL;
	server->opts.uplink = server->uplink;
	server->handles = 2;
	server->listener.data = server->collector.data = server;
	uv_pipe_init(loop, &server->listener, 0);
	uv_timer_init(loop, &server->collector);
	int rc = kl_attacher_new(loop, &server->opts, &server->attacher, err);
	if (!rc)
		rc = listen_on(server, err);
	if (rc) {
		kl_cniserver_free(server);
		return rc;
	}
	uv_timer_start(&server->collector, collect, COLLECT_MS, COLLECT_MS);
	*ret = server;
	return 0;
}

void kl_cniserver_free(struct kl_cniserver *server)
{
	struct connection *conn, *next;
	if (!server)
		return;
	DL_FOREACH_SAFE (server->connections, conn, next) {
		/* The attacher will not call back any more. */
		conn->answering = false;
		connection_close(conn);
	}
	uv_close((uv_handle_t *)&server->listener, server_handle_closed);
	uv_close((uv_handle_t *)&server->collector, server_handle_closed);
	if (server->attacher)
		kl_attacher_free(server->attacher, attacher_freed, server);
	else
		server->attacher_gone = true;
}

int kl_cniserver_set_cidrs(struct kl_cniserver *server, const char *const *cidrs, size_t count, struct kl_err *err)
{
	return kl_attacher_set_cidrs(server->attacher, cidrs, count, err);
}

int kl_cniserver_limit(
	struct kl_cniserver *server, const char *pod_uid, const struct kl_cni_bandwidth *bandwidth, struct kl_err *err)
{
	return kl_attacher_limit(server->attacher, pod_uid, bandwidth, err);
}

void kl_cniserver_each(struct kl_cniserver *server, void (*each)(const struct kl_cni_pod *pod, void *arg), void *arg)
{
	kl_attacher_each(server->attacher, each, arg);
}
