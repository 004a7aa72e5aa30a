#include "apitest.h"

#include "clock.h"
#include "file.h"
#include "httpd.h"
#include "rest.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64], url[64], ca_path[96];
static struct kl_store *store;
static struct kl_registry *registry;
static struct kl_pki *pki;
static struct kl_httpd *httpd;
static struct kl_rest *rest;
static struct kl_pki_pair admin;
static struct kl_jwt_key *token_key;
static pid_t apart; /* the server's process; 0: it is ours */
static bool away;   /* … or another's, if it runs at all */
static int port;    /* 0: any */

/* One handle a thread, so that its requests share a connection. */
static pthread_key_t handle_key;

static void free_handle(void *handle)
{
	curl_easy_cleanup(handle);
}

static void must(int rc, const struct kl_err *err)
{
	if (rc < 0) {
		fprintf(stderr, "test server: %s\n", kl_err_text(err));
		abort();
	}
}

static void stop(void)
{
	kl_httpd_free(httpd);
	kl_rest_free(rest);
	kl_registry_free(registry);
	kl_store_close(store);
	httpd = NULL;
	rest = NULL;
	registry = NULL;
	store = NULL;
}

static void finish(void)
{
	curl_easy_cleanup(pthread_getspecific(handle_key));
	if (apart)
		api_kill();
	if (httpd)
		stop();
	kl_pki_pair_release(&admin);
	kl_jwt_key_free(token_key);
	kl_pki_free(pki);
	kl_remove_tree(dir, NULL);
	curl_global_cleanup();
}

static void start(void)
{
	struct kl_err err = {0};
	struct kl_pki_pair pair = {0};
	kl_autofree char *db = kl_asprintf("%s/keelson.db", dir);
	kl_autofree char *address = kl_asprintf("127.0.0.1:%d", port);
	const char *sans[] = {"127.0.0.1", NULL}, *addresses[] = {address, NULL};
	must(kl_store_open(&(struct kl_store_options){.path = db}, &store, &err), &err);
	must(kl_registry_new(&(struct kl_registry_options){.store = store,
				     .service_cidr = "10.96.0.0/24",
				     .node_port_min = 30000,
				     .node_port_max = 30019,
				     .default_toleration_s = 300},
		     &registry, &err),
		&err);
	must(kl_pki_server(pki, sans, &pair, &err), &err);
	must(kl_httpd_new(&(struct kl_httpd_options){.addresses = addresses,
				  .cert_pem = pair.cert_pem,
				  .key_pem = pair.key_pem,
				  .client_ca_pem = kl_pki_ca_pem(pki),
				  .error_body = kl_rest_error_body},
		     &httpd, &err),
		&err);
	must(kl_registry_bootstrap(registry, "127.0.0.1", kl_httpd_port(httpd, 0), &err), &err);
	must(kl_rest_new(&(struct kl_rest_options){.registry = registry, .token_key = token_key}, httpd, &rest, &err),
		&err);
	must(kl_httpd_start(httpd, &err), &err);
	kl_pki_pair_release(&pair);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d", kl_httpd_port(httpd, 0));
}

static void open_pki(void)
{
	struct kl_err err = {0};
	kl_autofree char *pki_dir = kl_asprintf("%s/pki", dir), *pem = NULL;
	must(kl_pki_open(pki_dir, &pki, &err), &err);
	must(kl_pki_token_key(pki, &pem, &err), &err);
	must(kl_jwt_key_new(pem, &token_key, &err), &err);
	snprintf(ca_path, sizeof(ca_path), "%s/ca.crt", pki_dir);
}

static void prepare(void)
{
	struct kl_err err = {0};
	const char *orgs[] = {"system:masters", NULL};
	strcpy(dir, "/tmp/kl-server-test-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	curl_global_init(CURL_GLOBAL_ALL);
	pthread_key_create(&handle_key, free_handle);
	open_pki();
	must(kl_pki_issue_client(pki, "kubernetes-admin", orgs, &admin, &err), &err);
	atexit(finish);
}

static void ensure(void)
{
	if (httpd || away)
		return;
	if (!dir[0])
		prepare();
	start();
}

void api_restart(void)
{
	ensure();
	stop();
	start();
}

/* --- apart --- */

void api_serve(int argc, char **argv)
{
	if (argc != 4 || strcmp(argv[1], "--serve") != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(dir, sizeof(dir), "%s", argv[2]);
	port = atoi(argv[3]);
	open_pki();
	start();
	printf("%d\n", kl_httpd_port(httpd, 0));
	fflush(stdout);
	for (;;)
		pause();
}

void api_apart(void)
{
	int out[2];
	char text[16] = "";
	if (!dir[0])
		prepare();
	kl_autofree char *wanted = kl_asprintf("%d", port);
	if (pipe(out) < 0)
		abort();
	away = true;
	apart = fork();
	if (!apart) {
		/* its memory is looked at: what is freed shall be free */
		const char *asan = getenv("ASAN_OPTIONS");
		kl_autofree char *options = kl_asprintf("%s%squarantine_size_mb=1", asan ? asan : "", asan ? ":" : "");
		setenv("ASAN_OPTIONS", options, 1);
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execl("/proc/self/exe", "apitest", "--serve", dir, wanted, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	if (read(out[0], text, sizeof(text) - 1) <= 0)
		abort();
	close(out[0]);
	port = atoi(text);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d", port);
}

void api_kill(void)
{
	kill(apart, SIGKILL);
	waitpid(apart, NULL, 0);
	apart = 0;
}

const struct kl_pki_pair *api_admin(void)
{
	return &admin;
}

int api_port(void)
{
	return port;
}

pid_t api_pid(void)
{
	return apart;
}

struct kl_registry *api_registry(void)
{
	ensure();
	return registry;
}

struct kl_pki *api_pki(void)
{
	ensure();
	return pki;
}

const char *api_url(void)
{
	ensure();
	return url;
}

static size_t take(char *data, size_t size, size_t count, void *arg)
{
	kl_buf_push(arg, data, size * count);
	return size * count;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

/* This libcurl's TLS reads keys from files only; one pair of files for each identity. */
static void set_identity(CURL *curl, const struct kl_pki_pair *identity)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	unsigned hash = 5381;
	for (const char *at = identity->cert_pem; *at; at++)
		hash = hash * 33 + (unsigned char)*at;
	kl_autofree char *cert = kl_asprintf("%s/client-%08x.crt", dir, hash), *key = kl_asprintf("%s.key", cert);
	pthread_mutex_lock(&lock);
	if (!kl_path_exists(cert)) {
		write_file(key, identity->key_pem);
		write_file(cert, identity->cert_pem);
	}
	pthread_mutex_unlock(&lock);
	curl_easy_setopt(curl, CURLOPT_SSLCERT, cert);
	curl_easy_setopt(curl, CURLOPT_SSLKEY, key);
}

static void set_up(CURL *curl, const char *path, const struct kl_pki_pair *identity)
{
	kl_autofree char *full = kl_asprintf("%s%s", api_url(), path);
	curl_easy_setopt(curl, CURLOPT_URL, full);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_CAINFO, ca_path);
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* not the machine's CAs, which take long to read */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
	if (identity)
		set_identity(curl, identity);
}

static CURL *thread_handle(void)
{
	CURL *curl = pthread_getspecific(handle_key);
	if (!curl) {
		curl = curl_easy_init();
		pthread_setspecific(handle_key, curl);
	}
	curl_easy_reset(curl);
	return curl;
}

static struct curl_slist *headers_of(const struct api_request *request)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	kl_autofree char *type =
		kl_asprintf("Content-Type: %s", request->content_type ? request->content_type : "application/json");
	list = curl_slist_append(list, type);
	if (request->accept) {
		kl_autofree char *accept = kl_asprintf("Accept: %s", request->accept);
		list = curl_slist_append(list, accept);
	}
	if (request->chunked)
		list = curl_slist_append(list, "Transfer-Encoding: chunked");
	return request->header ? curl_slist_append(list, request->header) : list;
}

struct api_answer api_send(const struct api_request *request)
{
	struct api_answer answer = {0};
	ensure();
	CURL *curl = thread_handle();
	set_up(curl, request->path, request->anonymous ? NULL : request->identity ? request->identity : &admin);
	struct curl_slist *headers = headers_of(request);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer.headers);
	if (request->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t)(request->body_len ? request->body_len : strlen(request->body)));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	}
	CURLcode rc = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.code);
	if (rc != CURLE_OK && away)
		answer.code = 0; /* cut in the middle counts as no answer */
	if (rc != CURLE_OK && !answer.code && !away)
		fprintf(stderr, "%s %s: %s\n", request->method, request->path, curl_easy_strerror(rc));
	curl_slist_free_all(headers);
	answer.json = kl_json_parse(kl_buf_str(&answer.body), answer.body.len, NULL);
	return answer;
}

void api_answer_release(struct api_answer *answer)
{
	kl_buf_release(&answer->body);
	kl_buf_release(&answer->headers);
	json_decref(answer->json);
	*answer = (struct api_answer){0};
}

struct api_answer api_get(const char *path)
{
	return api_send(&(struct api_request){.method = "GET", .path = path});
}

struct api_answer api_post(const char *path, const char *body)
{
	return api_send(&(struct api_request){.method = "POST", .path = path, .body = body});
}

struct api_answer api_put(const char *path, const json_t *object)
{
	kl_autofree char *body = kl_json_text(object);
	return api_send(&(struct api_request){.method = "PUT", .path = path, .body = body});
}

struct api_answer api_patch(const char *path, const char *content_type, const char *body)
{
	return api_send(
		&(struct api_request){.method = "PATCH", .path = path, .body = body, .content_type = content_type});
}

struct api_answer api_delete(const char *path, const char *body)
{
	return api_send(&(struct api_request){.method = "DELETE", .path = path, .body = body});
}

const char *api_reason(const struct api_answer *answer)
{
	return kl_json_str(answer->json, "reason", NULL);
}

const char *api_message(const struct api_answer *answer)
{
	return kl_json_str(answer->json, "message", NULL);
}

/* --- streams --- */

struct api_watch {
	CURL *curl;
	CURLM *multi;
	struct kl_buf data;
	bool ended;
};

struct api_watch *api_watch_open(const char *path)
{
	struct api_watch *watch = kl_calloc(1, sizeof(*watch));
	ensure();
	watch->curl = curl_easy_init();
	set_up(watch->curl, path, &admin);
	watch->multi = curl_multi_init();
	curl_easy_setopt(watch->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(watch->curl, CURLOPT_WRITEDATA, &watch->data);
	curl_multi_add_handle(watch->multi, watch->curl);
	return watch;
}

static json_t *take_line(struct api_watch *watch)
{
	char *end = watch->data.len ? memchr(watch->data.data, '\n', watch->data.len) : NULL;
	if (!end)
		return NULL;
	size_t len = (size_t)(end - watch->data.data);
	json_t *line = kl_json_parse(watch->data.data, len, NULL);
	kl_buf_consume(&watch->data, len + 1);
	return line;
}

json_t *api_watch_next(struct api_watch *watch, int timeout_ms, bool *ret_ended)
{
	int64_t end_ms = kl_monotonic_ms() + timeout_ms;
	json_t *line;
	if (ret_ended)
		*ret_ended = false;
	while (!(line = take_line(watch))) {
		int running = 0;
		curl_multi_perform(watch->multi, &running);
		if ((line = take_line(watch)))
			break;
		if (!running) {
			if (ret_ended)
				*ret_ended = true;
			return NULL;
		}
		int64_t left = end_ms - kl_monotonic_ms();
		if (left <= 0)
			return NULL;
		curl_multi_poll(watch->multi, NULL, 0, (int)left, NULL);
	}
	return line;
}

void api_watch_close(struct api_watch *watch)
{
	curl_multi_remove_handle(watch->multi, watch->curl);
	curl_easy_cleanup(watch->curl);
	curl_multi_cleanup(watch->multi);
	kl_buf_release(&watch->data);
	free(watch);
}
