#include "rest_impl.h"

#include "clock.h"
#include "log.h"
#include "prom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

/* --- calls --- */

static bool is_read(const struct kl_http_request *req)
{
	const char *method = kl_http_method(req);
	return !strcmp(method, "GET") || !strcmp(method, "HEAD");
}

static bool is_watch(const struct rest_call *call)
{
	return call->path.watch || kl_http_query_bool(call->req, "watch");
}

static bool proxied(const struct rest_call *call)
{
	const struct kl_rest_path *path = &call->path;
	return path->resource && !*path->group && path->name && path->subresource &&
	       kl_proxy_serves(path->resource, path->subresource);
}

static enum kl_rest_verb verb_of(const struct rest_call *call)
{
	const char *method = kl_http_method(call->req);
	bool named = call->path.name != NULL;
	if (proxied(call))
		return KL_VERB_CONNECT;
	if (is_read(call->req))
		return !call->kind || named ? KL_VERB_GET : is_watch(call) ? KL_VERB_WATCH : KL_VERB_LIST;
	if (!strcmp(method, "DELETE"))
		return named || !call->kind ? KL_VERB_DELETE : KL_VERB_DELETECOLLECTION;
	return !strcmp(method, "PUT") ? KL_VERB_PUT : !strcmp(method, "PATCH") ? KL_VERB_PATCH : KL_VERB_POST;
}

static void count_call(const struct rest_call *call)
{
	kl_rest_metrics_count(call->rest->metrics, &(struct kl_rest_sample){.kind = call->kind,
							   .verb = verb_of(call),
							   .subresource = call->path.subresource,
							   .code = kl_http_answered(call->req),
							   .ns = kl_monotonic_ns() - call->begin_ns});
}

static void free_call(void *arg)
{
	struct rest_call *call = arg;
	count_call(call);
	kl_rest_path_release(&call->path);
	kl_response_release(&call->response);
	kl_warnings_release(&call->decode_warnings);
	json_decref(call->body);
	free(call->delete_options);
	kl_auth_user_release(&call->auth);
	kl_impersonation_release(&call->impersonation);
	free(call);
}

static int not_found(struct kl_status *st)
{
	kl_status_set(st, 404, "NotFound", "the server could not find the requested resource");
	st->details = json_object();
	return -1;
}

static int not_allowed(struct kl_status *st)
{
	kl_status_set(st, 405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
	st->details = json_object();
	return -1;
}

/* --- what is no resource --- */

static void reply_text(struct kl_http_request *req, int status, const char *text)
{
	kl_http_reply(req, &(struct kl_http_reply){.status = status,
				   .content_type = "text/plain; charset=utf-8",
				   .data = text,
				   .len = strlen(text)});
}

static void health(struct kl_rest *rest, struct kl_http_request *req)
{
	(void)rest;
	reply_text(req, 200, "ok");
}

static void readiness(struct kl_rest *rest, struct kl_http_request *req)
{
	bool ready = !rest->options.ready || rest->options.ready(rest->options.ready_arg);
	reply_text(req, ready ? 200 : 500, ready ? "ok" : "not ready");
}

static void version(struct kl_rest *rest, struct kl_http_request *req)
{
	(void)rest;
	struct utsname host = {0};
	uname(&host);
	const char *machine = !strcmp(host.machine, "x86_64")    ? "amd64"
			      : !strcmp(host.machine, "aarch64") ? "arm64"
								 : host.machine;
	kl_autofree char *platform = kl_asprintf("linux/%s", machine);
	kl_autojson *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "major", "1", "minor", "33",
		"gitVersion", KL_KUBERNETES_VERSION "+keelson" KL_VERSION, "gitCommit", "", "gitTreeState", "clean",
		"buildDate", "1970-01-01T00:00:00Z", "goVersion", "", "compiler", "gcc", "platform", platform);
	kl_autobuf buf = {0};
	kl_json_dump(json, &buf);
	kl_http_reply_buf(req, 200, "application/json", &buf);
}

/* "pods", "deployments.apps": as upstream writes a resource. */
static void count_objects(struct kl_rest *rest, struct kl_buf *buf)
{
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	kl_prom_family(buf, "apiserver_storage_objects", KL_PROM_GAUGE, "Objects stored, by resource.");
	for (size_t i = 0; i < count; i++) {
		kl_autofree char *resource =
			kl_asprintf("%s%s%s", kinds[i].plural, *kinds[i].group ? "." : "", kinds[i].group);
		if (kinds[i].id == kinds[i].storage_id)
			kl_prom_count(buf, "apiserver_storage_objects", kl_store_count(rest->store, &kinds[i]),
				"resource", resource, NULL);
	}
}

static void metrics(struct kl_rest *rest, struct kl_http_request *req)
{
	struct kl_buf buf = {0};
	pthread_mutex_lock(&rest->lock);
	unsigned watches = rest->watch_count;
	pthread_mutex_unlock(&rest->lock);
	kl_prom_family(&buf, "keelson_build_info", KL_PROM_GAUGE, "Always 1; what runs here is in the labels.");
	kl_prom_count(&buf, "keelson_build_info", 1, "version", KL_VERSION, "kubernetes_version", KL_KUBERNETES_VERSION,
		"component", "server", NULL);
	kl_prom_single(&buf, "keelson_watches", KL_PROM_GAUGE, "Watches that are open.", watches);
	kl_prom_single(&buf, "keelson_http_connections", KL_PROM_GAUGE, "Connections of clients.",
		kl_httpd_connections(rest->httpd));
	kl_prom_single(&buf, "keelson_store_resource_version", KL_PROM_GAUGE,
		"The store's resourceVersion: it grows by one with every write.", (double)kl_store_rv(rest->store));
	count_objects(rest, &buf);
	kl_rest_metrics_write(rest->metrics, &buf);
	kl_prom_collect(&buf);
	kl_prom_process(&buf);
	kl_http_reply_buf(req, 200, KL_PROM_CONTENT_TYPE, &buf);
}

static const struct {
	const char *path;
	void (*answer)(struct kl_rest *rest, struct kl_http_request *req);
} pages[] = {
	{"/healthz", health},
	{"/livez", health},
	{"/readyz", readiness},
	{"/version", version},
	{"/version/", version},
	{"/metrics", metrics},
};

static bool same_tag(const struct kl_http_request *req, const struct kl_document *document)
{
	const char *known = kl_http_header(req, "If-None-Match");
	return known && document->etag && strstr(known, document->etag);
}

static void keep(void *arg)
{
	(void)arg; /* documents live for ever */
}

static bool reply_document(struct kl_http_request *req)
{
	struct kl_document document = {0};
	if (!kl_api_document(kl_http_path(req), kl_http_header(req, "Accept"), &document))
		return false;
	/* a URL with the document's hash never says anything else: clients may keep it */
	const char *hash = kl_http_query(req, "hash");
	bool known = hash && document.etag && strlen(hash) + 2 == strlen(document.etag) &&
		     !strncmp(document.etag + 1, hash, strlen(hash));
	struct kl_http_header headers[] = {{"Vary", "Accept"},
		{"Cache-Control", known ? "public, immutable, max-age=31536000" : "no-cache, private"},
		{"Etag", document.etag}};
	bool same = same_tag(req, &document);
	kl_http_reply(req, &(struct kl_http_reply){.status = same ? 304 : 200,
				   .content_type = document.content_type,
				   .headers = headers,
				   .header_count = document.etag ? 3 : 2,
				   .data = document.data,
				   .len = same ? 0 : document.len,
				   .release = keep});
	return true;
}

static void other(struct kl_rest *rest, struct kl_http_request *req)
{
	struct kl_status st = {0};
	const char *path = kl_http_path(req);
	for (size_t i = 0; i < KL_ARRAY_LEN(pages) && is_read(req); i++)
		if (!strcmp(path, pages[i].path)) {
			pages[i].answer(rest, req);
			return;
		}
	if (is_read(req) && reply_document(req))
		return;
	not_found(&st);
	reply_failure(req, &st);
}

/* --- resources --- */

/* kubectl asks for the list of these when it meets a kind that it does not know: there are none. */
static bool is_crd_list(const struct rest_call *call)
{
	const struct kl_rest_path *path = &call->path;
	return is_read(call->req) && !path->name && !path->ns && !strcmp(path->group, "apiextensions.k8s.io") &&
	       !strcmp(path->version, "v1") && !strcmp(path->resource, "customresourcedefinitions");
}

static void reply_crd_list(struct rest_call *call)
{
	kl_autojson *list = json_pack("{s:s, s:s, s:{s:s}, s:[]}", "kind", "CustomResourceDefinitionList", "apiVersion",
		"apiextensions.k8s.io/v1", "metadata", "resourceVersion", "1", "items");
	reply_json(call, 200, list);
}

static const struct {
	const char *name;
	unsigned bit;
} subresources[] = {
	{"status", KL_SUB_STATUS},
	{"scale", KL_SUB_SCALE},
	{"binding", KL_SUB_BINDING},
	{"eviction", KL_SUB_EVICTION},
	{"finalize", KL_SUB_FINALIZE},
	{"ephemeralcontainers", KL_SUB_EPHEMERAL_CONTAINERS},
	{"token", KL_SUB_TOKEN},
	{"approval", KL_SUB_APPROVAL},
};

static bool has_subresource(const struct kl_kind *kind, const char *name)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(subresources); i++)
		if (!strcmp(subresources[i].name, name))
			return kind->subresources & subresources[i].bit;
	return false;
}

static void refuse(struct rest_call *call)
{
	struct kl_status st = {0};
	not_allowed(&st);
	reply_failure(call->req, &st);
}

static void read_resource(struct rest_call *call)
{
	const struct kl_rest_path *path = &call->path;
	const char *sub = path->subresource;
	if (call->kind->virtual)
		rest_components(call);
	else if (sub && !strcmp(sub, "scale"))
		rest_write(call); /* the registry makes it */
	else if (sub && strcmp(sub, "status") && strcmp(sub, "ephemeralcontainers") && strcmp(sub, "approval"))
		refuse(call);
	else if (is_watch(call) && !sub)
		rest_watch(call);
	else if (path->name)
		rest_get(call);
	else
		rest_list(call);
}

static unsigned verb_bit(const struct rest_call *call)
{
	const char *method = kl_http_method(call->req);
	bool named = call->path.name != NULL;
	if (is_read(call->req))
		return is_watch(call) ? KL_CAN_WATCH : named ? KL_CAN_GET : KL_CAN_LIST;
	if (!named && call->kind->namespaced && !call->path.ns)
		return 0; /* all namespaces at once are only read */
	if (!strcmp(method, "POST"))
		return named ? 0 : KL_CAN_CREATE;
	if (!strcmp(method, "DELETE"))
		return named ? KL_CAN_DELETE : KL_CAN_DELETE_COLLECTION;
	if (!named)
		return 0;
	return !strcmp(method, "PUT") ? KL_CAN_UPDATE : !strcmp(method, "PATCH") ? KL_CAN_PATCH : 0;
}

/* Subresources have verbs of their own, which the registry's table knows. */
static bool verb_allowed(const struct rest_call *call)
{
	if (call->path.subresource)
		return strcmp(kl_http_method(call->req), "DELETE") != 0 || is_read(call->req);
	return call->kind->verbs & verb_bit(call);
}

static void dispatch(struct rest_call *call)
{
	if (!verb_allowed(call)) {
		refuse(call);
	} else if (is_review(call->kind)) {
		rest_review(call);
	} else if (is_read(call->req)) {
		read_resource(call);
	} else if (!strcmp(kl_http_method(call->req), "DELETE") && !call->path.name) {
		rest_delete_collection(call);
	} else if (call->path.subresource && !strcmp(call->path.subresource, "token")) {
		rest_token(call);
	} else {
		rest_write(call);
	}
}

static void pass_on(struct rest_call *call)
{
	struct kl_status st = {0};
	if (!call->rest->options.proxy) {
		kl_status_set(&st, 503, "ServiceUnavailable", "this server passes no streams on");
		reply_failure(call->req, &st);
		return;
	}
	struct kl_proxy_target target = {
		call->path.resource, call->path.ns ? call->path.ns : "", call->path.name, call->path.subresource};
	kl_proxy_handle(call->rest->options.proxy, call->req, &target);
}

/* 0, or -1: the kind, the scope, the subresource or the wanted form is unknown. */
static int check_call(struct rest_call *call, struct kl_status *st)
{
	const struct kl_rest_path *path = &call->path;
	const struct kl_kind *kind = call->kind;
	if (!kind || (kind->namespaced ? path->name && !path->ns : path->ns != NULL))
		return not_found(st);
	if (path->rest || (path->subresource && !has_subresource(kind, path->subresource)))
		return not_found(st);
	if (!kl_accept_parse(kl_http_header(call->req, "Accept"), &call->accept))
		return kl_status_set(st, 406, "NotAcceptable",
			"only the following media types are accepted: application/json, application/yaml");
	return 0;
}

static int authorize(struct rest_call *call, struct kl_status *st)
{
	if (!kl_auth_user(call->req, call->rest->options.token_key, call->rest->store, &call->auth))
		return kl_status_set(st, 401, "Unauthorized", "Unauthorized");
	call->user = call->auth.user;
	if (kl_impersonate(call->req, &call->user, &call->impersonation, st) < 0)
		return -1;
	return kl_auth_check(&(struct kl_access){.user = &call->user,
				     .method = kl_http_method(call->req),
				     .path = kl_http_path(call->req),
				     .resource = call->path.resource ? &call->path : NULL,
				     .kind = call->kind,
				     .store = call->rest->store},
		st);
}

static void serve(struct rest_call *call)
{
	struct kl_status st = {0};
	enum kl_rest_path_kind kind = kl_rest_path_parse(kl_http_path(call->req), &call->path);
	if (kind == KL_PATH_RESOURCE)
		call->kind = kl_kind_by_resource(call->path.group, call->path.version, call->path.resource);
	if (call->kind && call->kind->deprecation)
		kl_http_warn(call->req, call->kind->deprecation);
	int rc = authorize(call, &st);
	if (rc == 0 && kind == KL_PATH_BAD)
		rc = not_found(&st);
	if (rc == 0 && kind == KL_PATH_OTHER) {
		other(call->rest, call->req);
		return;
	}
	if (rc == 0 && is_crd_list(call)) {
		reply_crd_list(call);
		return;
	}
	if (rc == 0 && proxied(call)) {
		pass_on(call);
		return;
	}
	if (rc == 0)
		rc = check_call(call, &st);
	if (rc == 0)
		dispatch(call);
	else
		reply_failure(call->req, &st);
}

static void handle(struct kl_http_request *req, void *arg)
{
	struct rest_call *call = kl_http_state(req);
	if (call) {
		rest_write(call); /* its write has been stored */
		return;
	}
	call = kl_calloc(1, sizeof(*call));
	call->rest = arg;
	call->req = req;
	call->begin_ns = kl_monotonic_ns();
	kl_http_set_state(req, call, free_call);
	serve(call);
}

/* --- life --- */

static void *tick(void *arg)
{
	struct kl_rest *rest = arg;
	kl_log_set_component("server");
	pthread_mutex_lock(&rest->lock);
	while (!rest->stop) {
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		pthread_cond_timedwait(&rest->wake, &rest->lock, &until);
		if (rest->stop)
			break;
		pthread_mutex_unlock(&rest->lock);
		watches_tick(rest, kl_monotonic_ms());
		kl_snapshots_tick(rest->snapshots, kl_monotonic_ms());
		pthread_mutex_lock(&rest->lock);
	}
	pthread_mutex_unlock(&rest->lock);
	return NULL;
}

int kl_rest_new(const struct kl_rest_options *options, struct kl_httpd *httpd, struct kl_rest **ret, struct kl_err *err)
{
	struct kl_rest *rest = kl_calloc(1, sizeof(*rest));
	rest->options = *options;
	rest->registry = options->registry;
	rest->store = kl_registry_store(options->registry);
	rest->httpd = httpd;
	rest->snapshots = kl_snapshots_new(rest->store);
	rest->metrics = kl_rest_metrics_new();
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&rest->lock, NULL);
	pthread_cond_init(&rest->wake, &attr);
	pthread_condattr_destroy(&attr);
	int rc = pthread_create(&rest->ticker, NULL, tick, rest);
	if (rc) {
		kl_snapshots_free(rest->snapshots);
		kl_rest_metrics_free(rest->metrics);
		free(rest);
		return kl_fail(err, rc, "start a thread");
	}
	kl_httpd_route(httpd, "/", handle, rest);
	*ret = rest;
	return 0;
}

void kl_rest_free(struct kl_rest *rest)
{
	if (!rest)
		return;
	pthread_mutex_lock(&rest->lock);
	rest->stop = true;
	pthread_cond_signal(&rest->wake);
	pthread_mutex_unlock(&rest->lock);
	pthread_join(rest->ticker, NULL);
	kl_snapshots_free(rest->snapshots);
	kl_rest_metrics_free(rest->metrics);
	pthread_cond_destroy(&rest->wake);
	pthread_mutex_destroy(&rest->lock);
	free(rest);
}
