/*
 * The name server's sockets on loopback, with a real upstream beside it: datagrams, connections, forwarding, aliases to the
 * outside, silence and lies of the upstream, clients it does not know, and its end while questions are under way.
 */
#include "dns_impl.h"

#include "clock.h"
#include "mem.h"
#include "testlib.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

/* --- an upstream that answers "192.0.2.7" to every A question; UDP and TCP on one port */

enum mood { HONEST, SILENT, LYING, LONG };
static struct upstream {
	pthread_t threads[2];
	int udp, tcp;
	uint16_t port;
	_Atomic enum mood mood;
	_Atomic int asked;
} up;

static int bound(int type, uint16_t *port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(*port)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	KL_CHECK(!bind(fd, (struct sockaddr *)&at, sizeof(at)));
	getsockname(fd, (struct sockaddr *)&at, &len);
	*port = ntohs(at.sin_port);
	return fd;
}

static size_t reply_make(const uint8_t *query, size_t len, uint8_t **ret)
{
	ldns_pkt *packet = NULL;
	size_t size = 0;

	*ret = NULL;
	if (ldns_wire2pkt(&packet, query, len) != LDNS_STATUS_OK)
		return 0;
	ldns_pkt_set_qr(packet, true);
	ldns_pkt_set_ra(packet, true);
	for (int i = 0; i < (up.mood == LONG ? 100 : 1); i++) {
		ldns_rr *rr = ldns_rr_new();
		ldns_rr_set_owner(rr, ldns_rdf_clone(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(packet), 0))));
		ldns_rr_set_type(rr, LDNS_RR_TYPE_A);
		ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
		ldns_rr_set_ttl(rr, 60);
		ldns_rr_push_rdf(
			rr, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_A, 4, (uint8_t[]){192, 0, 2, (uint8_t)(7 + i)}));
		ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, rr);
	}
	ldns_pkt2wire(ret, packet, &size);
	ldns_pkt_free(packet);
	return size;
}

static void *serve_udp(void *arg)
{
	uint8_t query[2048], *reply;
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t n;

	(void)arg;
	while ((n = recvfrom(up.udp, query, sizeof(query), 0, (struct sockaddr *)&from, &from_len)) > 4) {
		size_t size = reply_make(query, (size_t)n, &reply);
		up.asked++;
		if (up.mood == LYING) /* with another id: it must wait for the right one */
			reply[0] ^= 1;
		if (up.mood != SILENT)
			sendto(up.udp, reply, size, 0, (struct sockaddr *)&from, from_len);
		free(reply);
	}
	return NULL;
}

static void *serve_tcp(void *arg)
{
	uint8_t query[2048], *reply;
	int fd;

	(void)arg;
	while ((fd = accept(up.tcp, NULL, NULL)) >= 0) {
		ssize_t n = recv(fd, query, sizeof(query), 0);
		size_t size = n > 2 ? reply_make(query + 2, (size_t)n - 2, &reply) : 0;
		uint8_t head[2] = {(uint8_t)(size >> 8), (uint8_t)size};
		up.asked++;
		if (size && send(fd, head, 2, MSG_NOSIGNAL) == 2)
			send(fd, reply, size, MSG_NOSIGNAL);
		if (size)
			free(reply);
		close(fd);
	}
	return NULL;
}

static void upstream_start(void)
{
	memset(&up, 0, sizeof(up));
	up.tcp = bound(SOCK_STREAM, &up.port);
	up.udp = bound(SOCK_DGRAM, &up.port);
	listen(up.tcp, 8);
	pthread_create(&up.threads[0], NULL, serve_udp, NULL);
	pthread_create(&up.threads[1], NULL, serve_tcp, NULL);
}

static void upstream_stop(void)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(up.port)};

	sendto(up.udp, "end", 3, 0, (struct sockaddr *)&at, sizeof(at));
	shutdown(up.tcp, SHUT_RDWR);
	pthread_join(up.threads[0], NULL);
	pthread_join(up.threads[1], NULL);
	close(up.tcp);
	close(up.udp);
}

/* --- the server under test, without an API */

static struct kl_dns dns;
static uint16_t port;

static void on_stop(uv_async_t *async)
{
	uv_stop(async->loop);
}

static void *run(void *arg)
{
	(void)arg;
	uv_run(&dns.loop, UV_RUN_DEFAULT);
	kl_upstream_free(dns.upstream);
	uv_run(&dns.loop, UV_RUN_NOWAIT);
	dns_unlisten(&dns);
	uv_close((uv_handle_t *)&dns.stop, NULL);
	uv_run(&dns.loop, UV_RUN_DEFAULT);
	return NULL;
}

static void put(const char *text)
{
	kl_autojson *object = kl_json_parse(text, strlen(text), NULL);

	kl_zone_put_service(dns.zone, object);
}

static void start(void)
{
	kl_autofree char *name = kl_asprintf("127.0.0.1#%u", up.port);
	struct kl_err err = {0};

	memset(&dns, 0, sizeof(dns));
	pthread_mutex_init(&dns.lock, NULL);
	uv_loop_init(&dns.loop);
	uv_async_init(&dns.loop, &dns.stop, on_stop);
	dns.zone = kl_zone_new("cluster.local");
	put("{\"metadata\":{\"name\":\"web\",\"namespace\":\"a\"},\"spec\":{\"clusterIP\":\"10.3.0.1\"}}");
	put("{\"metadata\":{\"name\":\"out\",\"namespace\":\"a\"},\"spec\":{\"type\":\"ExternalName\",\"externalName\":"
	    "\"www.example.org\"}}");
	dns.synced = true;
	dns.upstream = kl_upstream_new(&dns.loop, (const char *const[]){name}, 1);
	port = 0;
	int probe = bound(SOCK_STREAM, &port);
	close(probe);
	KL_CHECK_INT(dns_listen(&dns, "127.0.0.1", port, &err), 0);
	pthread_create(&dns.thread, NULL, run, NULL);
}

static void stop(void)
{
	uv_async_send(&dns.stop);
	pthread_join(dns.thread, NULL);
	KL_CHECK_INT(uv_loop_close(&dns.loop), 0);
	KL_CHECK_INT(dns.tcp_count, 0);
	KL_CHECK_INT(dns.udp_pending, 0);
	kl_zone_free(dns.zone);
}

/* --- clients */

static int client(int type, const char *from)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
	struct sockaddr_in own = {.sin_family = AF_INET};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 10}, sizeof(struct timeval));
	inet_pton(AF_INET, from, &own.sin_addr);
	KL_CHECK(!bind(fd, (struct sockaddr *)&own, sizeof(own)));
	KL_CHECK(!connect(fd, (struct sockaddr *)&at, sizeof(at)));
	return fd;
}

static size_t query_make(const char *name, uint8_t **ret)
{
	ldns_pkt *query = NULL;
	size_t len = 0;

	ldns_pkt_query_new_frm_str(&query, name, LDNS_RR_TYPE_A, LDNS_RR_CLASS_IN, LDNS_RD);
	ldns_pkt_set_id(query, 77);
	ldns_pkt2wire(ret, query, &len);
	ldns_pkt_free(query);
	return len;
}

/* "rcode, answers, last address or name". */
static char *describe(const uint8_t *reply, ssize_t len)
{
	ldns_pkt *packet = NULL;

	if (len < 12 || ldns_wire2pkt(&packet, reply, (size_t)len) != LDNS_STATUS_OK)
		return kl_strdup("nothing");
	const ldns_rr_list *answers = ldns_pkt_answer(packet);
	size_t count = ldns_rr_list_rr_count(answers);
	char *last = count ? ldns_rdf2str(ldns_rr_rdf(ldns_rr_list_rr(answers, count - 1), 0)) : NULL;
	char *text = kl_asprintf("%d%s, %zu, %s", ldns_pkt_get_rcode(packet), ldns_pkt_tc(packet) ? " cut" : "", count,
		last ? last : "-");
	KL_CHECK_INT(ldns_pkt_id(packet), 77);
	free(last);
	ldns_pkt_free(packet);
	return text;
}

static char *ask_udp_from(const char *name, const char *from)
{
	uint8_t *query, reply[4096];
	size_t len = query_make(name, &query);
	int fd = client(SOCK_DGRAM, from);

	send(fd, query, len, 0);
	ssize_t n = recv(fd, reply, sizeof(reply), 0);
	free(query);
	close(fd);
	return describe(reply, n);
}

static char *ask_udp(const char *name)
{
	return ask_udp_from(name, "127.0.0.1");
}

static char *ask_tcp(int fd, const char *name)
{
	uint8_t *query, head[2], reply[8192];
	size_t len = query_make(name, &query), got = 0;

	head[0] = (uint8_t)(len >> 8);
	head[1] = (uint8_t)len;
	send(fd, head, 1, 0); /* in pieces */
	usleep(2000);
	send(fd, head + 1, 1, 0);
	send(fd, query, len, 0);
	free(query);
	while (got < 2 || got < 2 + ((size_t)reply[0] << 8 | reply[1])) {
		ssize_t n = recv(fd, reply + got, sizeof(reply) - got, 0);
		if (n <= 0)
			return kl_strdup("closed");
		got += (size_t)n;
	}
	return describe(reply + 2, (ssize_t)got - 2);
}

#define CHECK_UDP(name, want)                          \
	do {                                           \
		kl_autofree char *got = ask_udp(name); \
		KL_CHECK_STR(got, want);               \
	} while (0)

KL_TEST(answers_and_forwards)
{
	upstream_start();
	start();
	CHECK_UDP("web.a.svc.cluster.local.", "0, 1, 10.3.0.1");
	CHECK_UDP("none.a.svc.cluster.local.", "3, 0, -");
	KL_CHECK_INT(up.asked, 0);
	CHECK_UDP("example.org.", "0, 1, 192.0.2.7");
	CHECK_UDP("out.a.svc.cluster.local.", "0, 2, 192.0.2.7"); /* the alias, and what the upstream knows of it */
	KL_CHECK_INT(up.asked, 2);
	up.mood = LONG;
	CHECK_UDP("example.org.", "0 cut, 0, -");
	int fd = client(SOCK_STREAM, "127.0.0.1");
	for (int i = 0; i < 3; i++) {
		kl_autofree char *near = ask_tcp(fd, "web.a.svc.cluster.local."), *far = ask_tcp(fd, "example.org.");
		KL_CHECK_STR(near, "0, 1, 10.3.0.1");
		KL_CHECK_STR(far, "0, 100, 192.0.2.106");
	}
	close(fd);
	stop();
	upstream_stop();
}

KL_TEST(strangers_are_refused)
{
	upstream_start();
	start();
	kl_autofree char *near = ask_udp_from("web.a.svc.cluster.local.", "127.0.0.9");
	KL_CHECK_STR(near, "5, 0, -");
	kl_autofree char *far = ask_udp_from("example.org.", "127.0.0.9");
	KL_CHECK_STR(far, "5, 0, -");
	KL_CHECK_INT(up.asked, 0);
	kl_dns_set_pod_cidrs(&dns, (const char *const[]){"127.0.0.8/29"}, 1);
	kl_autofree char *pod = ask_udp_from("web.a.svc.cluster.local.", "127.0.0.9");
	KL_CHECK_STR(pod, "0, 1, 10.3.0.1");
	stop();
	upstream_stop();
}

KL_TEST(an_upstream_that_lies_or_is_silent)
{
	upstream_start();
	start();
	int64_t begin = kl_monotonic_ms();
	up.mood = LYING;
	CHECK_UDP("example.org.", "2, 0, -");
	KL_CHECK(kl_monotonic_ms() - begin >= 2 * KL_UPSTREAM_TRY_MS - 100);
	KL_CHECK_INT(up.asked, 2);
	CHECK_UDP("web.a.svc.cluster.local.", "0, 1, 10.3.0.1");
	stop();
	upstream_stop();
}

/* It ends with questions under way: each is answered, nothing is left. */
KL_TEST(ends_in_the_middle)
{
	uint8_t *query, reply[512];

	upstream_start();
	up.mood = SILENT;
	start();
	size_t len = query_make("example.org.", &query);
	int fd = client(SOCK_DGRAM, "127.0.0.1"), half = client(SOCK_STREAM, "127.0.0.1");
	for (int i = 0; i < 20; i++)
		send(fd, query, len, 0);
	send(half, "\0", 1, 0);
	while (dns.queries < 20)
		usleep(1000);
	stop();
	kl_autofree char *text = describe(reply, recv(fd, reply, sizeof(reply), 0));
	KL_CHECK_STR(text, "2, 0, -");
	close(fd);
	close(half);
	free(query);
	upstream_stop();
}

KL_MAIN()
