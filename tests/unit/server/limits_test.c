/*
 * What a server has to bear: ten thousand connections that say nothing, clients that read or write slowly or not at all,
 * bodies without end, JSON without bottom, headers without number. Each is refused in the right words or bounded, the
 * server's memory stays within a stated bound, and others are served meanwhile.
 *
 * The server is a process of its own, so that its memory can be looked at.
 */
#include "apitest.h"

#include "clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define CMS "/api/v1/namespaces/default/configmaps"
#ifdef __SANITIZE_ADDRESS__
enum { FACTOR = 3 }; /* red zones, shadow memory, and freed memory that is kept back */
#else
enum { FACTOR = 1 };
#endif
enum { IDLE = 10000, OPENERS = 2, KB = 1024, MB = 1024 * 1024, ANSWER_S = 20 };

/* --- the server's memory --- */

static int64_t resident(void)
{
	kl_autofree char *path = kl_asprintf("/proc/%d/statm", (int)api_pid());
	long long size, pages = 0;
	FILE *file = fopen(path, "r");
	if (file && fscanf(file, "%lld %lld", &size, &pages) != 2)
		pages = 0;
	if (file)
		fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

static double in_mb(int64_t bytes)
{
	return (double)bytes / (1024 * 1024);
}

static void check_memory(const char *what, int64_t before, int64_t more)
{
	int64_t grown = resident() - before;
	printf("%s: the server's memory grows by %.1f MB, bound %.1f\n", what, in_mb(grown), in_mb(more * FACTOR));
	if (grown > more * FACTOR)
		kl_test_failed(__FILE__, __LINE__, "%s: the server's memory grew by %" PRId64 " bytes", what, grown);
}

static void check_served(const char *what)
{
	int64_t start = kl_monotonic_ms();
	api_auto health = api_get("/healthz"), list = api_get(CMS "?limit=1");
	if (health.code != 200 || list.code != 200)
		kl_test_failed(__FILE__, __LINE__, "%s: others are answered %ld and %ld", what, health.code, list.code);
	printf("%s: others are served within %lld ms\n", what, (long long)(kl_monotonic_ms() - start));
}

/* --- a client of its own: bytes over TLS --- */

struct peer {
	int fd;
	gnutls_session_t session;
};
static gnutls_certificate_credentials_t credentials;

static void start(void)
{
	struct rlimit limit;
	if (credentials)
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	api_apart();
	const struct kl_pki_pair *admin = api_admin();
	gnutls_datum_t cert = {(unsigned char *)admin->cert_pem, (unsigned)strlen(admin->cert_pem)},
		       key = {(unsigned char *)admin->key_pem, (unsigned)strlen(admin->key_pem)};
	gnutls_certificate_allocate_credentials(&credentials);
	if (gnutls_certificate_set_x509_key_mem(credentials, &cert, &key, GNUTLS_X509_FMT_PEM) < 0)
		abort();
	api_auto first = api_get("/healthz"); /* the server's caches are made */
	KL_CHECK_INT(first.code, 200);
}

static int dial(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)api_port())};
	struct timeval timeout = {.tv_sec = ANSWER_S};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* alpn: "h2" as kubectl offers, or only http/1.1, which takes the server's other path. */
static bool peer_open(struct peer *peer, bool h2)
{
	gnutls_datum_t protocols[] = {{(unsigned char *)"http/1.1", 8}, {(unsigned char *)"h2", 2}};
	peer->fd = dial();
	if (peer->fd < 0)
		return false;
	gnutls_init(&peer->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
	gnutls_set_default_priority(peer->session);
	gnutls_alpn_set_protocols(peer->session, protocols, h2 ? 2 : 1, 0);
	gnutls_credentials_set(peer->session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(peer->session, peer->fd);
	int rc;
	do
		rc = gnutls_handshake(peer->session);
	while (rc < 0 && !gnutls_error_is_fatal(rc) && rc != GNUTLS_E_AGAIN);
	return rc == 0;
}

static void peer_close(struct peer *peer)
{
	if (peer->session)
		gnutls_deinit(peer->session);
	if (peer->fd > 0)
		close(peer->fd);
	*peer = (struct peer){0};
}

static bool peer_send(struct peer *peer, const char *data, size_t len)
{
	while (len) {
		ssize_t n = gnutls_record_send(peer->session, data, len);
		if (n <= 0 && n != GNUTLS_E_INTERRUPTED)
			return false;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* The status of the answer; 0: none came, the connection was cut. */
static int peer_status(struct peer *peer)
{
	char text[4096];
	ssize_t n;
	do
		n = gnutls_record_recv(peer->session, text, sizeof(text) - 1);
	while (n == GNUTLS_E_INTERRUPTED || n == GNUTLS_E_REHANDSHAKE);
	text[n > 0 ? n : 0] = '\0';
	return n > 12 && !strncmp(text, "HTTP/1.1 ", 9) ? atoi(text + 9) : 0;
}

static int ask(struct peer *peer, const char *text)
{
	return peer_send(peer, text, strlen(text)) ? peer_status(peer) : 0;
}

/* --- ten thousand that say nothing --- */

static struct peer *idle;
static atomic_int opened;

static void *open_some(void *arg)
{
	for (int i = (int)(intptr_t)arg; i < IDLE; i += OPENERS)
		if (peer_open(&idle[i], i % 4 != 0) && ask(&idle[i], "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == 200)
			atomic_fetch_add(&opened, 1);
	return NULL;
}

static void open_all(void)
{
	pthread_t threads[OPENERS];
	atomic_store(&opened, 0);
	for (intptr_t i = 0; i < OPENERS; i++)
		pthread_create(&threads[i], NULL, open_some, (void *)i);
	for (int i = 0; i < OPENERS; i++)
		pthread_join(threads[i], NULL);
}

static void close_all(void)
{
	for (int i = 0; i < IDLE; i++)
		peer_close(&idle[i]);
}

KL_TEST(ten_thousand_idle_connections)
{
	start();
	int64_t before = resident();
	idle = kl_calloc(IDLE, sizeof(*idle));
	open_all();
	KL_CHECK_INT(atomic_load(&opened), IDLE);
	check_memory("10,000 idle connections", before, (int64_t)IDLE * 80 * KB);
	check_served("10,000 idle connections");
	KL_CHECK_INT(ask(&idle[IDLE / 2], "GET /version HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
	close_all();
	free(idle);
}

/* --- those that do not read --- */

static void make_objects(int count, int bytes)
{
	kl_autofree char *fill = kl_calloc(1, (size_t)bytes + 1);
	memset(fill, 'f', (size_t)bytes);
	for (int i = 0; i < count; i++) {
		kl_autofree char *body =
			kl_asprintf("{\"metadata\":{\"name\":\"big-%d\"},\"data\":{\"f\":\"%s\"}}", i, fill);
		api_auto answer = api_post(CMS, body);
		KL_CHECK_INT(answer.code, 201);
	}
}

static void change_object(int n, int bytes)
{
	kl_autofree char *fill = kl_calloc(1, (size_t)bytes + 1);
	memset(fill, 'a' + n % 26, (size_t)bytes);
	kl_autofree char *body = kl_asprintf("{\"data\":{\"f\":\"%s\",\"n\":\"%d\"}}", fill, n);
	api_auto answer = api_patch(CMS "/big-0", "application/merge-patch+json", body);
	KL_CHECK_INT(answer.code, 200);
}

KL_TEST(slow_readers)
{
	enum { READERS = 64, OBJECTS = 50, BYTES = 100 * KB, CHANGES = 200 };
	struct peer readers[READERS] = {0};
	start();
	make_objects(OBJECTS, BYTES);
	int64_t before = resident();
	for (int i = 0; i < READERS; i++) {
		/* half of them a list of 5 MB, the others a watch of changes of 20 MB: nobody reads a byte of it */
		const char *path = i % 2 ? CMS : CMS "?watch=1";
		kl_autofree char *text = kl_asprintf("GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
		KL_CHECK(peer_open(&readers[i], i % 4 < 2) && peer_send(&readers[i], text, strlen(text)));
	}
	for (int i = 0; i < CHANGES; i++)
		change_object(i, BYTES);
	/* the history's 8 MB, and one version that each list holds */
	check_memory("64 that do not read", before, 40 * MB);
	check_served("64 that do not read");
	for (int i = 0; i < READERS; i++)
		peer_close(&readers[i]);
	api_auto gone = api_delete(CMS, NULL);
	KL_CHECK_INT(gone.code, 200);
}

/* --- those that write slowly --- */

KL_TEST(slow_writers)
{
	enum { WRITERS = 200 };
	struct peer writers[WRITERS] = {0};
	static const char *const beginnings[] = {"", "G", "GET /api", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A",
		"POST " CMS
		" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"meta",
		"POST " CMS " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a"};
	start();
	int64_t before = resident();
	for (int i = 0; i < WRITERS; i++) {
		const char *text = beginnings[i % (int)KL_ARRAY_LEN(beginnings)];
		KL_CHECK(peer_open(&writers[i], i % 2) && peer_send(&writers[i], text, strlen(text)));
	}
	int half_open[WRITERS];
	for (int i = 0; i < WRITERS; i++) /* and some not even with their TLS */
		half_open[i] = dial();
	check_memory("400 that do not get on", before, (int64_t)WRITERS * 2 * 100 * KB);
	check_served("400 that do not get on");
	for (int i = 0; i < WRITERS; i++) {
		peer_close(&writers[i]);
		close(half_open[i]);
	}
}

/* --- bodies without end --- */

static int send_body(struct peer *peer, const char *head, int64_t bytes, bool chunked, int64_t *ret_sent)
{
	enum { PIECE = 64 * KB };
	kl_autofree char *piece = kl_calloc(1, PIECE + 16);
	*ret_sent = 0;
	if (!peer_send(peer, head, strlen(head)))
		return 0;
	memset(piece, ' ', PIECE + 16);
	if (chunked) {
		memcpy(piece, "10000\r\n", 7);
		memcpy(piece + 7 + PIECE, "\r\n", 2);
	}
	while (*ret_sent < bytes && peer_send(peer, piece, chunked ? PIECE + 9 : PIECE))
		*ret_sent += PIECE;
	return peer_status(peer);
}

KL_TEST(bodies_without_end)
{
	static const struct {
		const char *name, *head;
		bool chunked;
	} cases[] = {
		{"1 GB that is announced",
			"POST " CMS
			" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n",
			false},
		{"1 GB in chunks",
			"POST " CMS
			" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
			true},
		{"1 GB as a patch",
			"PATCH " CMS
			"/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json-patch+json\r\nTransfer-Encoding: "
			"chunked\r\n\r\n",
			true},
	};
	start();
	for (size_t i = 0; i < KL_ARRAY_LEN(cases) * 2; i++) {
		struct peer peer = {0};
		int64_t sent, before = resident();
		if (!KL_CHECK(peer_open(&peer, i % 2)))
			continue;
		int status = send_body(&peer, cases[i / 2].head, 1 << 30, cases[i / 2].chunked, &sent);
		printf("%s: status %d after %.1f MB\n", cases[i / 2].name, status, in_mb(sent));
		if ((status && status != 413) || sent >= 1 << 30)
			kl_test_failed(__FILE__, __LINE__, "%s: status %d after %" PRId64 " bytes", cases[i / 2].name,
				status, sent);
		check_memory(cases[i / 2].name, before, 16 * MB);
		peer_close(&peer);
	}
	/* who stops in time gets to see the answer */
	struct peer polite = {0};
	int64_t sent;
	KL_CHECK(peer_open(&polite, true));
	KL_CHECK_INT(send_body(&polite, "POST " CMS " HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n", 8 * MB,
			     false, &sent),
		413);
	peer_close(&polite);
	check_served("bodies without end");
}

/* --- JSON without bottom --- */

static long post(const char *type, const struct kl_buf *body)
{
	api_auto answer = api_send(&(struct api_request){
		.method = "POST", .path = CMS, .body = body->data, .body_len = body->len, .content_type = type});
	return answer.code;
}

KL_TEST(documents_without_bottom)
{
	static const struct {
		const char *name, *type, *begin, *again, *end;
	} cases[] = {
		{"arrays", "application/json", "{\"metadata\":{\"name\":\"x\"},\"data\":", "[", ""},
		{"objects", "application/json", "{\"metadata\":{\"name\":\"x\"},\"data\":", "{\"a\":", ""},
		{"whitespace", "application/json", "{", "          ", ""},
		{"a string", "application/json", "{\"metadata\":{\"name\":\"", "aaaaaaaaaa", "\"}}"},
		{"digits", "application/json", "{\"metadata\":{\"name\":1", "1111111111", "}}"},
		{"YAML flow", "application/yaml", "metadata: {name: x}\ndata: ", "[", ""},
		{"YAML keys", "application/yaml", "", "? ", ""},
		{"YAML documents", "application/yaml", "a: b\n", "---\n", ""},
		{"YAML anchors", "application/yaml", "a: &a [x,x,x,x,x,x,x,x,x]\n", "b: &b [*a,*a,*a,*a,*a,*a,*a]\n",
			""},
		{"protobuf", "application/vnd.kubernetes.protobuf", "k8s", "\x0a\x7f", ""},
	};
	start();
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autobuf body = {0};
		int64_t before = resident(), start_ms = kl_monotonic_ms();
		kl_buf_str_push(&body, cases[i].begin);
		if (cases[i].type[12] == 'v')
			kl_buf_char(&body, '\0');
		while (body.len < 2 * MB)
			kl_buf_str_push(&body, cases[i].again);
		kl_buf_str_push(&body, cases[i].end);
		long status = post(cases[i].type, &body);
		printf("%s: status %ld after %lld ms\n", cases[i].name, status,
			(long long)(kl_monotonic_ms() - start_ms));
		if (status < 400 || status > 422)
			kl_test_failed(__FILE__, __LINE__, "%s: status %ld", cases[i].name, status);
		check_memory(cases[i].name, before, 48 * MB);
	}
	/* aliases of aliases of aliases: ten lines that would be a billion elements */
	kl_autobuf bomb = {0};
	kl_buf_str_push(&bomb, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 10; i++)
		kl_buf_printf(&bomb, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1,
			i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	int64_t before = resident();
	KL_CHECK_INT(post("application/yaml", &bomb), 400);
	check_memory("aliases of aliases", before, 48 * MB);
	check_served("documents without bottom");
}

/* --- headers and targets --- */

static int with_headers(int count, size_t each, bool h2)
{
	struct peer peer = {0};
	kl_autobuf text = {0};
	kl_autofree char *value = kl_calloc(1, each + 1);
	memset(value, 'v', each);
	kl_buf_str_push(&text, "GET /healthz HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; i < count; i++)
		kl_buf_printf(&text, "X-H-%d: %s\r\n", i, value);
	kl_buf_str_push(&text, "\r\n");
	int status = -1;
	if (peer_open(&peer, h2)) {
		peer_send(&peer, text.data, text.len);
		status = peer_status(&peer);
	}
	peer_close(&peer);
	return status;
}

KL_TEST(many_and_huge_headers)
{
	start();
	int64_t before = resident();
	KL_CHECK_INT(with_headers(50, 20, true), 200);
	KL_CHECK_INT(with_headers(1, 8 * KB, true), 200); /* a big token */
	for (int h2 = 0; h2 < 2; h2++) {
		KL_CHECK_INT(with_headers(1, 64 * KB, h2), 431);
		KL_CHECK_INT(with_headers(10000, 10, h2), 431);
		KL_CHECK_INT(with_headers(200, 500, h2), 431);
	}
	for (size_t i = 0; i < 3; i++) {
		static const size_t lengths[] = {30 * KB, 100 * KB, 2 * MB};
		struct peer peer = {0};
		kl_autobuf text = {0};
		kl_buf_str_push(&text, "GET /healthz?");
		while (text.len < lengths[i])
			kl_buf_str_push(&text, "abcdefghij");
		kl_buf_str_push(&text, " HTTP/1.1\r\nHost: x\r\n\r\n");
		KL_CHECK(peer_open(&peer, i % 2));
		int status = peer_send(&peer, text.data, text.len) ? peer_status(&peer) : peer_status(&peer);
		if (status != 414 && status != 431 && status != 0)
			kl_test_failed(__FILE__, __LINE__, "a target of %zu bytes: status %d", lengths[i], status);
		peer_close(&peer);
	}
	check_memory("headers", before, 8 * MB);
	check_served("headers");
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	api_serve(argc, argv);
	return kl_test_main(argc, argv);
}
