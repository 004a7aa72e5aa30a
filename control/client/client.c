/*
 * libcurl's multi interface driven by libuv. curl tells us which sockets to watch and when to wake; its write callback
 * only collects bytes. User callbacks run after curl has returned (deliver()), so that they may send, cancel or free
 * whatever they like.
 */
#include "client.h"

#include "log.h"

#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

enum {
	ANSWER_MAX = 256 << 20, /* an answer's body, or the bytes of a stream in one turn of the loop */
	CONNECT_TIMEOUT_MS = 5000,
	SEND_TIMEOUT_MS = 30000,
	DEAD_PEER_S = 20, /* silence of the peer's TCP after which a stream is given up */
	MAX_IDLE_CONNECTIONS = 16,
};

struct transfer {
	uint64_t id;
	struct kl_client *client;
	CURL *easy;
	struct curl_slist *headers;
	char *request_body;
	struct kl_buf body; /* answer so far; a stream's bytes not yet delivered */
	kl_client_data *data;
	kl_client_done *done;
	void *arg;
	char curl_error[CURL_ERROR_SIZE];
	CURLcode result;
	bool finished;                /* curl is done with it */
	bool ready;                   /* on the ready list */
	struct transfer *prev, *next; /* ready list */
	UT_hash_handle hh;
};

/* Closed handles outlive the client until the loop has run their close callbacks. */
struct socket_watch {
	uv_poll_t poll;
	struct kl_client *client;
	curl_socket_t fd;
};

struct kl_client {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t *timer;
	char *server, *user_agent, *auth_header;
	int ca_fd, cert_fd, key_fd; /* memfds: curl's GnuTLS backend reads credentials from paths only */
	bool insecure;
	uint64_t last_id;
	struct transfer *transfers; /* by id */
	struct transfer *ready;     /* with bytes or an end to deliver */
	bool delivering, dead;
};

/* --- transfers */

static void transfer_unready(struct transfer *t)
{
	if (!t->ready)
		return;
	DL_DELETE(t->client->ready, t);
	t->ready = false;
}

static void transfer_ready(struct transfer *t)
{
	if (t->ready)
		return;
	DL_APPEND(t->client->ready, t);
	t->ready = true;
}

static void transfer_free(struct transfer *t)
{
	transfer_unready(t);
	HASH_DELETE(hh, t->client->transfers, t);
	curl_multi_remove_handle(t->client->multi, t->easy);
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	free(t->request_body);
	kl_buf_release(&t->body);
	free(t);
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	kl_buf_push(&t->body, data, size * count);
	if (t->body.overflow)
		return 0;
	if (t->data)
		transfer_ready(t);
	return size * count;
}

/* Close-on-exec from birth: an agent's children (conmon, skopeo) must not hold its connections. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)arg;
	(void)purpose;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* An unanswered peer (a node that lost power) must end a stream that would otherwise be silent for ever. */
static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg;
	(void)purpose;
	int on = 1, idle_s = DEAD_PEER_S / 2, interval_s = DEAD_PEER_S / 4, probes = 2;
	unsigned unacked_ms = DEAD_PEER_S * 1000;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms));
	return CURL_SOCKOPT_OK;
}

static void set_path(CURL *easy, CURLoption option, int fd)
{
	char path[40];
	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	curl_easy_setopt(easy, option, path);
}

static void set_common(struct transfer *t, const char *path)
{
	struct kl_client *client = t->client;
	kl_autofree char *url = kl_asprintf("%s%s", client->server, path);
	CURL *easy = t->easy;
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->curl_error);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, client->user_agent);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, client->insecure ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, client->insecure ? 0L : 2L);
	if (client->ca_fd >= 0)
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	set_path(easy, CURLOPT_CAINFO, client->ca_fd);
	set_path(easy, CURLOPT_SSLCERT, client->cert_fd);
	set_path(easy, CURLOPT_SSLKEY, client->key_fd);
}

static struct transfer *transfer_new(struct kl_client *client, const char *path, kl_client_done *done, void *arg)
{
	struct transfer *t = kl_calloc(1, sizeof(*t));
	t->id = ++client->last_id;
	t->client = client;
	t->done = done;
	t->arg = arg;
	t->body.max = ANSWER_MAX;
	t->easy = curl_easy_init();
	if (!t->easy)
		abort(); /* allocation failure */
	set_common(t, path);
	HASH_ADD(hh, client->transfers, id, sizeof(t->id), t);
	return t;
}

static void add_header(struct transfer *t, const char *header)
{
	t->headers = curl_slist_append(t->headers, header);
}

static void transfer_start(struct transfer *t)
{
	add_header(t, "Accept: application/json");
	add_header(t, "Expect:");
	if (t->client->auth_header)
		add_header(t, t->client->auth_header);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	curl_multi_add_handle(t->client->multi, t->easy);
}

/* --- delivery */

static const struct {
	int http, code;
} http_errno[] = {
	{400, EINVAL},
	{401, EACCES},
	{403, EACCES},
	{404, ENOENT},
	{409, EEXIST},
	{410, ESTALE},
	{422, EINVAL},
	{429, EAGAIN},
	{503, EAGAIN},
	{504, ETIMEDOUT},
};

static void fill_failure(const struct transfer *t, struct kl_client_answer *answer)
{
	int code = EIO;
	for (size_t i = 0; i < KL_ARRAY_LEN(http_errno); i++) {
		if (http_errno[i].http == answer->http)
			code = http_errno[i].code;
	}
	kl_autojson *status = kl_json_parse(kl_buf_str(&t->body), t->body.len, NULL);
	const char *message = kl_json_str(status, "message", NULL);
	if (*message)
		kl_fail_msg(&answer->err, code, "%s", message);
	else
		kl_fail_msg(&answer->err, code, "HTTP status %d", answer->http);
}

static int curl_errno(CURLcode result)
{
	switch (result) {
	case CURLE_OPERATION_TIMEDOUT:
		return ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
		return ECONNREFUSED;
	case CURLE_COULDNT_RESOLVE_HOST:
		return EHOSTUNREACH;
	case CURLE_WRITE_ERROR:
		return EFBIG;
	default:
		return EIO;
	}
}

static struct kl_client_answer answer_of(const struct transfer *t)
{
	struct kl_client_answer answer = {.body = kl_buf_str(&t->body), .len = t->body.len};
	long http = 0;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &http);
	answer.http = (int)http;
	if (t->result != CURLE_OK) {
		if (!t->data)
			answer.http = 0; /* a body that was cut off is no answer */
		const char *words = t->curl_error[0] ? t->curl_error : curl_easy_strerror(t->result);
		kl_fail_msg(&answer.err, curl_errno(t->result), "%s: %s", t->client->server, words);
	} else if (http >= 400) {
		fill_failure(t, &answer);
	}
	return answer;
}

static bool is_success(const struct transfer *t)
{
	long http = 0;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &http);
	return http >= 200 && http < 300;
}

/* The end of a transfer. Its memory goes before the callback, which may free the client. */
static void finish(struct transfer *t)
{
	struct kl_client_answer answer = answer_of(t);
	kl_client_done *done = t->done;
	void *arg = t->arg;
	struct kl_buf body = t->body;
	t->body = (struct kl_buf){0};
	transfer_free(t);
	if (done)
		done(&answer, arg);
	kl_buf_release(&body);
}

/* Hands a stream's waiting bytes over; the transfer may be gone afterwards. */
static void deliver_data(struct transfer *t)
{
	struct kl_client *client = t->client;
	uint64_t id = t->id;
	struct kl_buf bytes = t->body;
	t->body = (struct kl_buf){.max = ANSWER_MAX};
	bool end = t->data(bytes.data, bytes.len, t->arg) != 0;
	kl_buf_release(&bytes);
	if (client->dead)
		return;
	HASH_FIND(hh, client->transfers, &id, sizeof(id), t);
	if (!t)
		return;
	if (end && !t->finished) {
		t->finished = true;
		t->result = CURLE_ABORTED_BY_CALLBACK;
	}
	if (t->finished)
		transfer_ready(t);
}

static void client_destroy(struct kl_client *client);

static void collect_ends(struct kl_client *client)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(client->multi, &left))) {
		struct transfer *t;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		t->result = message->data.result;
		t->finished = true;
		transfer_ready(t);
	}
}

static void deliver(struct kl_client *client)
{
	collect_ends(client);
	client->delivering = true;
	while (!client->dead && client->ready) {
		struct transfer *t = client->ready;
		transfer_unready(t);
		if (t->data && t->body.len && is_success(t))
			deliver_data(t);
		else if (t->finished)
			finish(t);
	}
	client->delivering = false;
	if (client->dead)
		client_destroy(client);
}

/* --- curl and the loop */

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct socket_watch *watch = poll->data;
	struct kl_client *client = watch->client;
	int flags = 0, running;
	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(client->multi, watch->fd, flags, &running);
	deliver(client);
}

static void on_timer(uv_timer_t *timer)
{
	struct kl_client *client = timer->data;
	int running;
	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	deliver(client);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct kl_client *client = arg;
	(void)multi;
	if (timeout_ms < 0)
		uv_timer_stop(client->timer);
	else
		uv_timer_start(client->timer, on_timer, (uint64_t)timeout_ms, 0);
	return 0;
}

static void free_handle(uv_handle_t *handle)
{
	free(handle->data);
}

static void free_timer(uv_handle_t *handle)
{
	free(handle);
}

static struct socket_watch *watch_new(struct kl_client *client, curl_socket_t fd)
{
	struct socket_watch *watch = kl_calloc(1, sizeof(*watch));
	if (uv_poll_init_socket(client->loop, &watch->poll, fd)) {
		free(watch);
		return NULL;
	}
	watch->client = client;
	watch->fd = fd;
	watch->poll.data = watch;
	curl_multi_assign(client->multi, fd, watch);
	return watch;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct kl_client *client = arg;
	struct socket_watch *watch = socket_arg;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch) {
			uv_poll_stop(&watch->poll);
			uv_close((uv_handle_t *)&watch->poll, free_handle);
			curl_multi_assign(client->multi, fd, NULL);
		}
		return 0;
	}
	if (!watch)
		watch = watch_new(client, fd);
	if (!watch)
		return -1;
	int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	return uv_poll_start(&watch->poll, events, on_poll) ? -1 : 0;
}

/* --- the public face */

uint64_t kl_client_send(
	struct kl_client *client, const struct kl_client_request *request, kl_client_done *done, void *arg)
{
	struct transfer *t = transfer_new(client, request->path, done, arg);
	long timeout_ms = request->timeout_ms ? request->timeout_ms : SEND_TIMEOUT_MS;
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, timeout_ms);
	if (request->body) {
		kl_autofree char *type = kl_asprintf(
			"Content-Type: %s", request->content_type ? request->content_type : "application/json");
		t->request_body = kl_memdup(request->body, request->body_len ? request->body_len : 1);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->request_body);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		add_header(t, type);
	}
	curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, request->method);
	transfer_start(t);
	return t->id;
}

uint64_t kl_client_stream(
	struct kl_client *client, const char *path, kl_client_data *data, kl_client_done *done, void *arg)
{
	struct transfer *t = transfer_new(client, path, done, arg);
	t->data = data;
	transfer_start(t);
	return t->id;
}

uv_loop_t *kl_client_loop(const struct kl_client *client)
{
	return client->loop;
}

void kl_client_cancel(struct kl_client *client, uint64_t id)
{
	struct transfer *t;
	HASH_FIND(hh, client->transfers, &id, sizeof(id), t);
	if (t)
		transfer_free(t);
}

/* A file of memory that only this process can name; -1 when there is nothing to put into it. */
static int credential_fd(const char *name, const char *pem, int *ret, struct kl_err *err)
{
	if (!pem)
		return 0;
	kl_autoclose int fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0)
		return kl_fail(err, errno, "memfd_create");
	size_t len = strlen(pem);
	ssize_t written = write(fd, pem, len);
	if (written < 0 || (size_t)written != len)
		return kl_fail(err, written < 0 ? errno : ENOSPC, "write to a memfd");
	*ret = fd;
	fd = -1;
	return 0;
}

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void client_init_loop(struct kl_client *client, uv_loop_t *loop)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, init_curl);
	client->loop = loop;
	client->timer = kl_calloc(1, sizeof(*client->timer));
	uv_timer_init(loop, client->timer);
	client->timer->data = client;
	client->multi = curl_multi_init();
	if (!client->multi)
		abort(); /* allocation failure */
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
}

int kl_client_new(uv_loop_t *loop, const struct kl_kubeconfig *config, const char *user_agent, struct kl_client **ret,
	struct kl_err *err)
{
	struct kl_client *client = kl_calloc(1, sizeof(*client));
	client->ca_fd = client->cert_fd = client->key_fd = -1;
	client_init_loop(client, loop);
	client->server = kl_strdup(config->server);
	client->user_agent = kl_strdup(user_agent);
	client->insecure = config->insecure;
	if (config->token)
		client->auth_header = kl_asprintf("Authorization: Bearer %s", config->token);
	int rc = credential_fd("kl-ca", config->ca_pem, &client->ca_fd, err);
	if (!rc)
		rc = credential_fd("kl-cert", config->cert_pem, &client->cert_fd, err);
	if (!rc)
		rc = credential_fd("kl-key", config->key_pem, &client->key_fd, err);
	if (rc) {
		kl_client_free(client);
		return rc;
	}
	*ret = client;
	return 0;
}

static void client_destroy(struct kl_client *client)
{
	struct transfer *t, *next;
	HASH_ITER (hh, client->transfers, t, next)
		transfer_free(t);
	curl_multi_cleanup(client->multi);
	uv_timer_stop(client->timer);
	uv_close((uv_handle_t *)client->timer, free_timer);
	kl_cleanup_close(&client->ca_fd);
	kl_cleanup_close(&client->cert_fd);
	kl_cleanup_close(&client->key_fd);
	free(client->server);
	free(client->user_agent);
	free(client->auth_header);
	free(client);
}

void kl_client_free(struct kl_client *client)
{
	if (!client)
		return;
	if (client->delivering)
		client->dead = true; /* deliver() destroys it when the callback has returned */
	else
		client_destroy(client);
}
