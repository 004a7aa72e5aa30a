/*
 * The server's life, and its housekeeping thread: it accepts connections for all addresses (libmicrohttpd's own
 * listener knows only one) and watches for clients that hang up while their connection sleeps.
 */
#include "front.h"
#include "stream.h"

#include "log.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

/*
 * The library's buffers of one connection: a request's headers and a piece of its body, the answer's headers, a chunk
 * of a stream. It zeroes all of it between requests, so more costs time as well as memory; more than a TLS record is of
 * no use.
 */
enum { CONNECTION_MEMORY = 24 * 1024 };

/* What an epoll event is about: the kind in the upper half, an index or a socket in the lower. */
enum { TAG_STOP, TAG_LISTENER, TAG_CLIENT };

static uint64_t tag(unsigned kind, unsigned value)
{
	return (uint64_t)kind << 32 | value;
}

static int split_address(const char *text, char host[64], char port[8], struct kl_err *err)
{
	const char *colon = strrchr(text, ':');
	size_t host_len = colon ? (size_t)(colon - text) : 0;
	const char *start = text;
	if (host_len >= 2 && text[0] == '[' && text[host_len - 1] == ']') {
		start++;
		host_len -= 2;
	}
	if (!colon || host_len >= 64 || strlen(colon + 1) >= 8 || !colon[1])
		return kl_fail_msg(err, EINVAL, "'%s' is not ADDRESS:PORT", text);
	memcpy(host, start, host_len);
	host[host_len] = '\0';
	strcpy(port, colon + 1);
	return 0;
}

static int listen_on(const char *address, struct kl_err *err)
{
	char host[64], port[8];
	int rc = split_address(address, host, port, err);
	if (rc < 0)
		return rc;
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM},
			*info;
	rc = getaddrinfo(*host ? host : NULL, port, &hints, &info);
	if (rc)
		return kl_fail_msg(err, EINVAL, "listen address '%s': %s", address, gai_strerror(rc));
	int one = 1, fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (info->ai_family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	}
	if (fd < 0 || bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, 1024) < 0) {
		rc = kl_fail(err, errno, "listen on %s", address);
		if (fd >= 0)
			close(fd);
		fd = rc;
	}
	freeaddrinfo(info);
	return fd;
}

static int epoll_add(int epoll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = {.events = events, .data.u64 = data};
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int open_listeners(struct kl_httpd *httpd, struct kl_err *err)
{
	for (const char *const *address = httpd->options.addresses; *address; address++) {
		if (httpd->listener_count == MAX_LISTENERS)
			return kl_fail_msg(err, E2BIG, "more than %d addresses to listen on", MAX_LISTENERS);
		int fd = listen_on(*address, err);
		if (fd < 0)
			return fd;
		epoll_add(httpd->epoll, fd, EPOLLIN, tag(TAG_LISTENER, (unsigned)httpd->listener_count));
		httpd->listeners[httpd->listener_count++] = fd;
	}
	return 0;
}

static void set_defaults(struct kl_httpd_options *options)
{
	unsigned processors = (unsigned)get_nprocs();
	if (!options->threads)
		options->threads = processors < 2 ? 2 : processors;
	if (!options->max_connections)
		options->max_connections = 16384;
	if (!options->idle_timeout_s)
		options->idle_timeout_s = 180;
	if (!options->max_body)
		options->max_body = KL_HTTP_MAX_BODY;
}

KL_AUTO(cleanup_httpd, struct kl_httpd, kl_httpd_free)

int kl_httpd_new(const struct kl_httpd_options *options, struct kl_httpd **ret, struct kl_err *err)
{
	kl_cleanup(cleanup_httpd) struct kl_httpd *httpd = kl_calloc(1, sizeof(*httpd));
	httpd->options = *options;
	set_defaults(&httpd->options);
	pthread_mutex_init(&httpd->lock, NULL);
	httpd->client_ca = kl_strdup(options->client_ca_pem);
	httpd->epoll = epoll_create1(EPOLL_CLOEXEC);
	httpd->stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (httpd->epoll < 0 || httpd->stop_event < 0)
		return kl_fail(err, errno, "epoll");
	epoll_add(httpd->epoll, httpd->stop_event, EPOLLIN, tag(TAG_STOP, 0));
	int rc = options->cert_pem ? httpd_add_credentials(httpd, options->cert_pem, options->key_pem, err) : 0;
	if (rc == 0)
		rc = open_listeners(httpd, err);
	if (rc < 0)
		return rc;
	*ret = kl_take(&httpd);
	return 0;
}

void kl_httpd_route(struct kl_httpd *httpd, const char *prefix, kl_http_handler *handler, void *arg)
{
	if (httpd->route_count == MAX_ROUTES)
		abort();
	struct route *route = &httpd->routes[httpd->route_count++];
	*route = (struct route){.prefix = kl_strdup(prefix), .len = strlen(prefix), .handler = handler, .arg = arg};
	while (route->len && route->prefix[route->len - 1] == '/')
		route->prefix[--route->len] = '\0';
}

int kl_httpd_port(const struct kl_httpd *httpd, size_t i)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	if (i >= httpd->listener_count || getsockname(httpd->listeners[i], (struct sockaddr *)&address, &len) < 0)
		return -1;
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						   : ((struct sockaddr_in *)&address)->sin_port);
}

unsigned kl_httpd_connections(const struct kl_httpd *httpd)
{
	return atomic_load(&httpd->connections);
}

static void accept_all(struct kl_httpd *httpd, int listener)
{
	for (;;) {
		struct sockaddr_storage address;
		socklen_t len = sizeof(address);
		int fd = accept4(listener, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
				usleep(10 * 1000); /* the listener stays readable: do not spin on it */
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			return;
		}
		int one = 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
		if (httpd->front)
			front_accept(httpd->front, fd, (struct sockaddr *)&address, len);
		else if (MHD_add_connection(httpd->daemon, fd, (struct sockaddr *)&address, len) != MHD_YES)
			kl_debug("connection refused: too many");
	}
}

void httpd_watch_hangup(struct kl_httpd *httpd, struct kl_http_request *req)
{
	pthread_mutex_lock(&httpd->lock);
	pthread_mutex_lock(&req->lock);
	if (req->conn && req->watched_fd < 0) {
		int fd = MHD_get_connection_info(req->conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		size_t index = (size_t)fd;
		if (index >= httpd->watched_size) {
			size_t size = (index + 64) * 2;
			httpd->watched = kl_reallocarray(httpd->watched, size, sizeof(struct kl_http_request *));
			memset(httpd->watched + httpd->watched_size, 0,
				(size - httpd->watched_size) * sizeof(struct kl_http_request *));
			httpd->watched_size = size;
		}
		httpd->watched[index] = req;
		req->watched_fd = fd;
		epoll_add(httpd->epoll, fd, EPOLLRDHUP | EPOLLONESHOT, tag(TAG_CLIENT, (unsigned)fd));
	}
	pthread_mutex_unlock(&req->lock);
	pthread_mutex_unlock(&httpd->lock);
}

void httpd_unwatch(struct kl_httpd *httpd, struct kl_http_request *req)
{
	pthread_mutex_lock(&httpd->lock);
	if (req->watched_fd >= 0) {
		epoll_ctl(httpd->epoll, EPOLL_CTL_DEL, req->watched_fd, NULL);
		httpd->watched[req->watched_fd] = NULL;
		req->watched_fd = -1;
	}
	pthread_mutex_unlock(&httpd->lock);
}

/*
 * The event may be stale (the socket's number was used again): the table says whose it is now, and poll(2) whether it
 * really hung up. The socket cannot close meanwhile: httpd_unwatch() comes first and waits for the lock.
 */
static void on_hangup(struct kl_httpd *httpd, unsigned fd)
{
	struct kl_http_request *req = NULL;
	struct MHD_Connection *sleeper = NULL;
	pthread_mutex_lock(&httpd->lock);
	if (fd < httpd->watched_size && httpd->watched[fd]) {
		struct pollfd poll_fd = {.fd = (int)fd, .events = POLLRDHUP};
		if (poll(&poll_fd, 1, 0) > 0) {
			req = request_ref(httpd->watched[fd]);
			if (req->stream)
				sleeper = stream_hangup(req->stream);
		}
	}
	pthread_mutex_unlock(&httpd->lock);
	resume_connection(sleeper);
	if (!req)
		return;
	request_hangup(req);
	request_unref(req);
}

static void *housekeep(void *arg)
{
	struct kl_httpd *httpd = arg;
	kl_log_set_component("http");
	for (;;) {
		struct epoll_event events[64];
		int count = epoll_wait(httpd->epoll, events, KL_ARRAY_LEN(events), -1);
		for (int i = 0; i < count; i++) {
			unsigned kind = (unsigned)(events[i].data.u64 >> 32), value = (unsigned)events[i].data.u64;
			if (kind == TAG_STOP)
				return NULL;
			if (kind == TAG_LISTENER)
				accept_all(httpd, httpd->listeners[value]);
			else
				on_hangup(httpd, value);
		}
	}
}

static void log_line(void *arg, const char *fmt, va_list args)
{
	(void)arg;
	char text[512];
	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	kl_debug("%s", text);
}

/* Targets are decoded by kl_url_parse(). */
static size_t leave_escaped(void *arg, struct MHD_Connection *conn, char *text)
{
	(void)arg, (void)conn;
	return strlen(text);
}

/* tls: with a certificate, and then it must have one; connections get httpd->credentials (tls.c). */
static struct MHD_Daemon *start_daemon(struct kl_httpd *httpd, bool tls)
{
	const struct kl_httpd_options *options = &httpd->options;
	unsigned flags = MHD_USE_EPOLL_INTERNALLY | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem certificate[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->cert_pem},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->key_pem},
		{MHD_OPTION_END, 0, NULL},
	};
	if (tls)
		flags |= MHD_USE_TLS;
	else
		certificate[0] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	return MHD_start_daemon(flags, 0, NULL, NULL, request_access, httpd, MHD_OPTION_EXTERNAL_LOGGER, log_line, NULL,
		MHD_OPTION_THREAD_POOL_SIZE, options->threads < 2 ? 2 : options->threads, MHD_OPTION_CONNECTION_LIMIT,
		options->max_connections, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_UNESCAPE_CALLBACK,
		leave_escaped, NULL, MHD_OPTION_URI_LOG_CALLBACK, request_begin, httpd, MHD_OPTION_NOTIFY_COMPLETED,
		request_completed, httpd, MHD_OPTION_NOTIFY_CONNECTION, peer_started, httpd,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, certificate, MHD_OPTION_END);
}

int kl_httpd_start(struct kl_httpd *httpd, struct kl_err *err)
{
	bool tls = httpd->options.cert_pem != NULL;
	httpd->daemon = start_daemon(httpd, tls);
	if (tls)
		httpd->plain_daemon = start_daemon(httpd, false);
	if (!httpd->daemon || (tls && !httpd->plain_daemon))
		return kl_fail_msg(err, EIO, "the HTTP server did not start");
	if (tls)
		httpd->front = front_new(httpd);
	httpd->options.cert_pem = httpd->options.key_pem = httpd->options.client_ca_pem = NULL;
	httpd->options.addresses = NULL;
	if (pumps_start(httpd, err) < 0)
		return -EAGAIN;
	int rc = pthread_create(&httpd->housekeeper, NULL, housekeep, httpd);
	if (rc)
		return kl_fail(err, rc, "start a thread");
	httpd->housekeeping = true;
	return 0;
}

/* libmicrohttpd wants nothing suspended when it stops. */
static void release_waiting(struct kl_httpd *httpd)
{
	size_t count = 0;
	pthread_mutex_lock(&httpd->lock);
	for (const struct kl_http_request *req = httpd->requests; req; req = req->next)
		count++;
	kl_autofree struct MHD_Connection **sleepers = kl_calloc(count + 1, sizeof(*sleepers));
	count = 0;
	for (struct kl_http_request *req = httpd->requests; req; req = req->next) {
		struct MHD_Connection *sleeper = req->stream ? stream_hangup(req->stream) : request_abort(req);
		if (sleeper)
			sleepers[count++] = sleeper;
	}
	pthread_mutex_unlock(&httpd->lock);
	for (size_t i = 0; i < count; i++)
		resume_connection(sleepers[i]);
}

/*
 * Lets what is under way come to its end. Requests that are still being received need not: the library cuts them.
 * Connections that were taken over must be closed by their owners; false: some are not.
 */
static bool drain(struct kl_httpd *httpd)
{
	enum { ROUND_MS = 5, REQUESTS_MS = 300, UPGRADED_MS = 5000 };
	for (int waited_ms = 0; waited_ms < UPGRADED_MS; waited_ms += ROUND_MS) {
		upgraded_shutdown_all(httpd); /* again: one may just have been taken */
		pthread_mutex_lock(&httpd->lock);
		bool busy = httpd->requests && waited_ms < REQUESTS_MS, taken = httpd->upgraded;
		pthread_mutex_unlock(&httpd->lock);
		if (!busy && !taken)
			return true;
		usleep(ROUND_MS * 1000);
	}
	return false;
}

static bool stop_daemon(struct kl_httpd *httpd)
{
	pumps_stop(httpd);
	release_waiting(httpd);
	if (!drain(httpd)) {
		kl_error("a connection that was taken over is not closed by its owner: the HTTP server's memory is "
			 "left");
		return false;
	}
	front_free(httpd->front); /* first: it hands connections to the daemons */
	MHD_stop_daemon(httpd->daemon);
	if (httpd->plain_daemon)
		MHD_stop_daemon(httpd->plain_daemon);
	return true;
}

void kl_httpd_free(struct kl_httpd *httpd)
{
	if (!httpd)
		return;
	atomic_store(&httpd->stopping, true);
	if (httpd->housekeeping) {
		eventfd_write(httpd->stop_event, 1);
		pthread_join(httpd->housekeeper, NULL);
	}
	for (size_t i = 0; i < httpd->listener_count; i++)
		close(httpd->listeners[i]);
	if (httpd->daemon && !stop_daemon(httpd))
		return;
	if (httpd->epoll >= 0)
		close(httpd->epoll);
	if (httpd->stop_event >= 0)
		close(httpd->stop_event);
	pumps_free(httpd);
	httpd_free_credentials(httpd);
	for (size_t i = 0; i < httpd->route_count; i++)
		free(httpd->routes[i].prefix);
	pthread_mutex_destroy(&httpd->lock);
	free(httpd->watched);
	free(httpd->client_ca);
	free(httpd);
}
