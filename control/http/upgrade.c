/* Connections taken over by their handler. */
#include "httpd_impl.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct kl_http_upgraded {
	struct kl_httpd *httpd;
	struct kl_http_upgraded *prev, *next;
	struct kl_http_request *req; /* a reference, until it is taken */
	struct MHD_UpgradeResponseHandle *handle;
	int fd;
	void (*taken)(struct kl_http_upgraded *conn, int fd, const char *leftover, size_t len, void *arg);
	void (*failed)(void *arg);
	void *arg;
};

static void link_upgraded(struct kl_http_upgraded *conn)
{
	struct kl_httpd *httpd = conn->httpd;
	pthread_mutex_lock(&httpd->lock);
	conn->next = httpd->upgraded;
	if (conn->next)
		conn->next->prev = conn;
	httpd->upgraded = conn;
	pthread_mutex_unlock(&httpd->lock);
}

static void unlink_upgraded(struct kl_http_upgraded *conn)
{
	struct kl_httpd *httpd = conn->httpd;
	pthread_mutex_lock(&httpd->lock);
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		httpd->upgraded = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	pthread_mutex_unlock(&httpd->lock);
}

static void on_upgrade(void *arg, struct MHD_Connection *mhd, void *context, const char *extra, size_t extra_len,
	MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
	(void)mhd, (void)context;
	struct kl_http_upgraded *conn = arg;
	conn->handle = handle;
	conn->fd = fd;
	link_upgraded(conn);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	struct kl_http_request *req = kl_take(&conn->req);
	req->upgraded = NULL;
	conn->taken(conn, fd, extra, extra_len, conn->arg);
	request_unref(req);
}

void kl_http_upgrade(struct kl_http_request *req, const struct kl_http_upgrade *upgrade)
{
	struct kl_http_upgraded *conn = kl_calloc(1, sizeof(*conn));
	*conn = (struct kl_http_upgraded){
		.httpd = req->httpd,
		.fd = -1,
		.taken = upgrade->taken,
		.failed = upgrade->failed,
		.arg = upgrade->arg,
		.req = request_ref(req),
	};
	struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgrade, conn);
	if (!response)
		abort();
	MHD_add_response_header(response, "Upgrade", upgrade->protocol);
	add_headers(response, NULL, upgrade->headers, upgrade->header_count);
	pthread_mutex_lock(&req->lock);
	bool gone = !req->conn;
	if (!gone)
		req->upgraded = conn;
	pthread_mutex_unlock(&req->lock);
	request_answer(req, 101, response);
	if (gone)
		upgrade_failed(conn);
}

void upgrade_failed(struct kl_http_upgraded *conn)
{
	if (conn->failed)
		conn->failed(conn->arg);
	request_unref(conn->req);
	free(conn);
}

void kl_http_upgraded_close(struct kl_http_upgraded *conn)
{
	MHD_upgrade_action(conn->handle, MHD_UPGRADE_ACTION_CLOSE);
	unlink_upgraded(conn); /* last: kl_httpd_free() waits for it before it ends the library's threads */
	free(conn);
}

void upgraded_shutdown_all(struct kl_httpd *httpd)
{
	pthread_mutex_lock(&httpd->lock);
	for (struct kl_http_upgraded *conn = httpd->upgraded; conn; conn = conn->next)
		shutdown(conn->fd, SHUT_RDWR);
	pthread_mutex_unlock(&httpd->lock);
}
