/*
 * healthCheckNodePort: a load balancer in front of the nodes asks which of them have endpoints of a Service whose
 * externalTrafficPolicy is Local. An answer is made from what the tables hold at that moment; status, headers and body are
 * kube-proxy's.
 */
#include "netsync_impl.h"

#include "json.h"
#include "log.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum { MAX_REQUEST = 4096, MAX_CLIENTS = 128, CLIENT_MS = 5000, BACKLOG = 64 };

/* A service with such a number. */
struct watched {
	UT_hash_handle hh;
	char *key;
	uint16_t port;
};

/* One number: the services that have it are the ports and families of one Service. */
struct listener {
	UT_hash_handle hh;
	uint16_t port;
	struct health *health;
	uv_tcp_t *tcp; /* NULL: could not be bound, tried again with every review */
	bool complained;
	char **keys;
	size_t key_count;
};

struct client {
	struct client *prev, *next;
	struct listener *listener; /* NULL: gone meanwhile */
	struct health *health;
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_write_t write;
	struct kl_buf request, answer;
	unsigned open; /* handles */
	bool closing;
};

struct health {
	struct kl_netsync *netsync;
	struct listener *listeners; /* by port */
	struct watched *watched;    /* by key */
	struct client *clients;
	size_t client_count;
	bool freed;
};

struct health *kl_health_new(struct kl_netsync *netsync)
{
	struct health *health = kl_calloc(1, sizeof(*health));
	health->netsync = netsync;
	return health;
}

static void free_if_done(struct health *health)
{
	if (health->freed && !health->client_count)
		free(health);
}

/* --- answering */

/* Different addresses among those that are ready here; they are sorted by address. */
static size_t local_endpoints(const struct kl_service *service)
{
	size_t count = 0;
	const struct kl_addr *last = NULL;
	for (size_t i = 0; service && i < service->backend_count; i++) {
		const struct kl_backend *backend = &service->backends[i];
		if (!(backend->flags & KL_BACKEND_LOCAL) || !(backend->flags & KL_BACKEND_READY) ||
			(last && kl_addr_equal(last, &backend->addr)))
			continue;
		last = &backend->addr;
		count++;
	}
	return count;
}

/* Ports and families of a Service share their pods. */
static size_t endpoints_of(const struct listener *listener)
{
	size_t most = 0;
	for (size_t i = 0; i < listener->key_count; i++) {
		size_t count = local_endpoints(kl_dpsync_get(listener->health->netsync->sync, listener->keys[i]));
		most = count > most ? count : most;
	}
	return most;
}

static void write_answer(const struct listener *listener, struct kl_buf *out)
{
	const char *key = listener->key_count ? listener->keys[0] : "/:";
	size_t count = endpoints_of(listener), ns = strcspn(key, "/"), name = strcspn(key + ns + 1, ":");
	kl_autobuf body = {0};
	kl_autojson *json = json_pack("{s:{s:s%,s:s%},s:I,s:b}", "service", "namespace", key, ns, "name", key + ns + 1,
		name, "localEndpoints", (json_int_t)count, "serviceProxyHealthy", 1);
	kl_json_dump(json, &body);
	kl_buf_printf(out,
		"HTTP/1.1 %s\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n"
		"X-Load-Balancing-Endpoint-Weight: %zu\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		count ? "200 OK" : "503 Service Unavailable", count, body.len, kl_buf_str(&body));
}

/* --- clients: one request each */

static void on_client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;
	struct health *health = client->health;
	if (--client->open)
		return;
	DL_DELETE(health->clients, client);
	health->client_count--;
	kl_buf_release(&client->request);
	kl_buf_release(&client->answer);
	free(client);
	free_if_done(health);
}

static void client_close(struct client *client)
{
	if (client->closing)
		return;
	client->closing = true;
	uv_close((uv_handle_t *)&client->tcp, on_client_closed);
	uv_close((uv_handle_t *)&client->timer, on_client_closed);
}

static void on_client_late(uv_timer_t *timer)
{
	client_close(timer->data);
}

static void on_written(uv_write_t *write, int status)
{
	struct client *client = container_of(write, struct client, write);
	(void)status;
	client_close(client);
}

static void answer(struct client *client)
{
	uv_read_stop((uv_stream_t *)&client->tcp);
	if (!client->listener) {
		client_close(client);
		return;
	}
	write_answer(client->listener, &client->answer);
	uv_buf_t buf = uv_buf_init(client->answer.data, (unsigned)client->answer.len);
	if (uv_write(&client->write, (uv_stream_t *)&client->tcp, &buf, 1, on_written))
		client_close(client);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	static char room[1024]; /* one thread; taken out before the next read */
	(void)handle;
	(void)suggested;
	*ret = uv_buf_init(room, sizeof(room));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	struct client *client = stream->data;
	if (got > 0)
		kl_buf_push(&client->request, buf->base, (size_t)got);
	if (got < 0 || client->request.len > MAX_REQUEST)
		client_close(client);
	else if (strstr(kl_buf_str(&client->request), "\r\n\r\n") || strstr(kl_buf_str(&client->request), "\n\n"))
		answer(client);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct listener *listener = server->data;
	struct health *health = listener->health;
	if (status)
		return;
	struct client *client = kl_calloc(1, sizeof(*client));
	client->listener = listener;
	client->health = health;
	client->open = 2;
	uv_tcp_init(&health->netsync->loop, &client->tcp);
	uv_timer_init(&health->netsync->loop, &client->timer);
	client->tcp.data = client->timer.data = client;
	DL_APPEND(health->clients, client);
	health->client_count++;
	if (uv_accept(server, (uv_stream_t *)&client->tcp) || health->client_count > MAX_CLIENTS ||
		uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read)) {
		client_close(client);
		return;
	}
	uv_timer_start(&client->timer, on_client_late, CLIENT_MS, 0);
}

/* --- listeners */

static void on_listener_closed(uv_handle_t *handle)
{
	free(handle);
}

static int listen_at(struct listener *listener, const char *address)
{
	struct sockaddr_storage at;
	int failed = strchr(address, ':') ? uv_ip6_addr(address, listener->port, (struct sockaddr_in6 *)&at)
					  : uv_ip4_addr(address, listener->port, (struct sockaddr_in *)&at);
	uv_tcp_t *tcp = kl_calloc(1, sizeof(*tcp));
	uv_tcp_init(&listener->health->netsync->loop, tcp);
	tcp->data = listener;
	if (!failed)
		failed = uv_tcp_bind(tcp, (const struct sockaddr *)&at, 0);
	if (!failed)
		failed = uv_listen((uv_stream_t *)tcp, BACKLOG, on_connection);
	if (failed)
		uv_close((uv_handle_t *)tcp, on_listener_closed);
	else
		listener->tcp = tcp;
	return failed;
}

/* Both families by one socket; a kernel without IPv6 has the other alone. */
static void open_listener(struct listener *listener)
{
	if (listener->tcp)
		return;
	int failed = listen_at(listener, "::");
	if (failed == UV_EAFNOSUPPORT || failed == UV_EADDRNOTAVAIL)
		failed = listen_at(listener, "0.0.0.0");
	if (failed && !listener->complained)
		kl_warn("healthCheckNodePort %u of %s is not answered: %s", listener->port,
			listener->key_count ? listener->keys[0] : "?", uv_strerror(failed));
	listener->complained = failed != 0;
}

static void listener_free(struct health *health, struct listener *listener)
{
	struct client *client;
	HASH_DEL(health->listeners, listener);
	DL_FOREACH (health->clients, client)
		if (client->listener == listener)
			client->listener = NULL;
	if (listener->tcp)
		uv_close((uv_handle_t *)listener->tcp, on_listener_closed);
	for (size_t i = 0; i < listener->key_count; i++)
		free(listener->keys[i]);
	free(listener->keys);
	free(listener);
}

static struct listener *listener_ensure(struct health *health, uint16_t port)
{
	struct listener *listener = NULL;
	HASH_FIND(hh, health->listeners, &port, sizeof(port), listener);
	if (listener)
		return listener;
	listener = kl_calloc(1, sizeof(*listener));
	listener->port = port;
	listener->health = health;
	HASH_ADD(hh, health->listeners, port, sizeof(listener->port), listener);
	return listener;
}

static bool has_key(const struct listener *listener, const char *key, size_t *ret_at)
{
	for (*ret_at = 0; *ret_at < listener->key_count; ++*ret_at)
		if (!strcmp(listener->keys[*ret_at], key))
			return true;
	return false;
}

static void add_key(struct listener *listener, const char *key)
{
	size_t at;
	if (has_key(listener, key, &at))
		return;
	listener->keys = kl_reallocarray(listener->keys, listener->key_count + 1, sizeof(*listener->keys));
	listener->keys[listener->key_count++] = kl_strdup(key);
}

static void drop_key(struct listener *listener, const char *key)
{
	size_t at;
	if (!has_key(listener, key, &at))
		return;
	free(listener->keys[at]);
	listener->keys[at] = listener->keys[--listener->key_count];
}

static uint16_t port_of(const struct health *health, const char *key)
{
	const struct kl_service *service = kl_dpsync_get(health->netsync->sync, key);
	return service ? service->health_port : 0;
}

static void unwatch(struct health *health, struct watched *watched)
{
	struct listener *listener = NULL;
	HASH_FIND(hh, health->listeners, &watched->port, sizeof(watched->port), listener);
	if (listener)
		drop_key(listener, watched->key);
	if (listener && !listener->key_count)
		listener_free(health, listener);
	HASH_DEL(health->watched, watched);
	free(watched->key);
	free(watched);
}

static void watch(struct health *health, const char *key, uint16_t port)
{
	struct watched *watched = kl_calloc(1, sizeof(*watched));
	struct listener *listener = listener_ensure(health, port);
	watched->key = kl_strdup(key);
	watched->port = port;
	HASH_ADD_KEYPTR(hh, health->watched, watched->key, strlen(watched->key), watched);
	add_key(listener, key);
	open_listener(listener);
}

void kl_health_changed(struct health *health, const char *key)
{
	struct watched *watched = NULL;
	uint16_t port = port_of(health, key);
	HASH_FIND_STR(health->watched, key, watched);
	if (watched && watched->port != port) {
		unwatch(health, watched);
		watched = NULL;
	}
	if (!watched && port)
		watch(health, key, port);
}

void kl_health_review(struct health *health)
{
	struct watched *watched, *next;
	struct listener *listener;
	HASH_ITER (hh, health->watched, watched, next)
		if (port_of(health, watched->key) != watched->port)
			unwatch(health, watched);
	for (listener = health->listeners; listener; listener = listener->hh.next)
		open_listener(listener);
}

void kl_health_free(struct health *health)
{
	struct listener *listener, *next;
	struct client *client, *next_client;
	struct watched *watched, *next_watched;
	if (!health)
		return;
	HASH_ITER (hh, health->watched, watched, next_watched)
		unwatch(health, watched);
	HASH_ITER (hh, health->listeners, listener, next)
		listener_free(health, listener);
	DL_FOREACH_SAFE (health->clients, client, next_client)
		client_close(client);
	health->freed = true;
	free_if_done(health);
}
