/*
 * The objects of the API that a pod names: ConfigMaps, Secrets, claims and their volumes, Services for the environment,
 * tokens. Fetched when the pod comes, before a container starts anew, and every now and then for its volumes.
 */
#include "pods_impl.h"

#include "clock.h"
#include "log.h"
#include "volumes.h"

#include <stdlib.h>
#include <string.h>

enum { GET_TIMEOUT_MS = 5000, TOKEN_SECONDS = 3607 };

struct fetch;
struct get {
	struct fetch *fetch;
	char *key; /* in pod->objects; "services" appends */
	uint64_t id;
	bool done, list;
};
struct fetch {
	struct kl_pod *pod;
	json_t *objects; /* the new set */
	struct get **gets;
	size_t count, left;
	bool failed; /* an answer other than the object or "not found" */
};

static void fetch_finish(struct fetch *fetch);
static void on_get(const struct kl_client_answer *answer, void *arg);

static bool wanted_already(const struct fetch *fetch, const char *key)
{
	for (size_t i = 0; i < fetch->count; i++)
		if (!strcmp(fetch->gets[i]->key, key))
			return true;
	return false;
}

static void send_get(
	struct fetch *fetch, const char *key, const char *method, const char *path, const char *body, bool list)
{
	const struct kl_pods_options *opt = &fetch->pod->pods->opt;
	const struct kl_client_request request = {.method = method,
		.path = path,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ms = GET_TIMEOUT_MS};
	struct get *get = kl_calloc(1, sizeof(*get));

	*get = (struct get){.fetch = fetch, .key = kl_strdup(key), .list = list};
	fetch->gets = kl_reallocarray(fetch->gets, fetch->count + 1, sizeof(*fetch->gets));
	fetch->gets[fetch->count++] = get;
	fetch->left++;
	get->id = opt->ops->send(opt->ops_arg, &request, on_get, get);
}

static void want(struct fetch *fetch, const char *plural, const char *name)
{
	kl_autofree char *key = kl_asprintf("%s/%s", plural, name);
	bool global = !strcmp(plural, "persistentvolumes");
	kl_autofree char *path = global ? kl_asprintf("/api/v1/%s/%s", plural, name)
					: kl_asprintf("/api/v1/namespaces/%s/%s/%s", fetch->pod->ns, plural, name);

	if (*name && !wanted_already(fetch, key))
		send_get(fetch, key, "GET", path, NULL, false);
}

/* --- what the pod names */

static void want_env(struct fetch *fetch, const json_t *containers)
{
	json_t *container, *item;
	size_t i, k;

	json_array_foreach (containers, i, container) {
		json_array_foreach (json_object_get(container, "env"), k, item) {
			want(fetch, "configmaps", kl_json_str(item, "valueFrom", "configMapKeyRef", "name", NULL));
			want(fetch, "secrets", kl_json_str(item, "valueFrom", "secretKeyRef", "name", NULL));
		}
		json_array_foreach (json_object_get(container, "envFrom"), k, item) {
			want(fetch, "configmaps", kl_json_str(item, "configMapRef", "name", NULL));
			want(fetch, "secrets", kl_json_str(item, "secretRef", "name", NULL));
		}
	}
}

/* A token is asked for again when four fifths of its life are over, as kubelet does. */
static bool token_is_fresh(const json_t *token)
{
	int64_t expires_ms, life_ms = kl_json_int(token, TOKEN_SECONDS, "spec", "expirationSeconds", NULL) * 1000;

	return !kl_time_parse(kl_json_str(token, "status", "expirationTimestamp", NULL), &expires_ms) &&
	       expires_ms - kl_realtime_ms() > life_ms / 5;
}

static void want_token(struct fetch *fetch, const json_t *source)
{
	const char *account = kl_json_str(fetch->pod->object, "spec", "serviceAccountName", NULL);
	const char *audience = kl_json_str(source, "audience", NULL);
	kl_autofree char *key = kl_asprintf("tokens/%s/%s", *account ? account : "default", audience);
	kl_autofree char *path = kl_asprintf(
		"/api/v1/namespaces/%s/serviceaccounts/%s/token", fetch->pod->ns, *account ? account : "default");
	const json_t *old = json_object_get(fetch->pod->objects, key);
	kl_autojson *body =
		json_pack("{s:s,s:s,s:{s:I}}", "apiVersion", "authentication.k8s.io/v1", "kind", "TokenRequest", "spec",
			"expirationSeconds", (json_int_t)kl_json_int(source, TOKEN_SECONDS, "expirationSeconds", NULL));

	if (old && token_is_fresh(old)) {
		json_object_set(fetch->objects, key, (json_t *)(uintptr_t)old);
		return;
	}
	if (wanted_already(fetch, key))
		return;
	if (*audience)
		kl_json_set(body, json_pack("[s]", audience), "spec", "audiences", NULL);
	kl_json_set(body,
		json_pack("{s:s,s:s,s:s,s:s}", "kind", "Pod", "apiVersion", "v1", "name", fetch->pod->name, "uid",
			fetch->pod->uid),
		"spec", "boundObjectRef", NULL);
	kl_autofree char *text = kl_json_text(body);
	send_get(fetch, key, "POST", path, text, false);
}

static void want_projected(struct fetch *fetch, const json_t *sources)
{
	json_t *item;
	size_t i;

	json_array_foreach (sources, i, item) {
		const json_t *token = json_object_get(item, "serviceAccountToken");
		want(fetch, "configmaps", kl_json_str(item, "configMap", "name", NULL));
		want(fetch, "secrets", kl_json_str(item, "secret", "name", NULL));
		if (token)
			want_token(fetch, token);
	}
}

static void want_volumes(struct fetch *fetch)
{
	json_t *volume;
	size_t i;

	json_array_foreach (kl_json_get(fetch->pod->object, "spec", "volumes", NULL), i, volume) {
		want(fetch, "configmaps", kl_json_str(volume, "configMap", "name", NULL));
		want(fetch, "secrets", kl_json_str(volume, "secret", "secretName", NULL));
		want(fetch, "persistentvolumeclaims", kl_json_str(volume, "persistentVolumeClaim", "claimName", NULL));
		want_projected(fetch, kl_json_get(volume, "projected", "sources", NULL));
	}
}

static void want_services(struct fetch *fetch)
{
	kl_autofree char *own = kl_asprintf("/api/v1/namespaces/%s/services", fetch->pod->ns);
	bool in_default = !strcmp(fetch->pod->ns, "default");

	if (kl_json_bool(fetch->pod->object, true, "spec", "enableServiceLinks", NULL))
		send_get(fetch, "services", "GET", own, NULL, true);
	else
		in_default = false;
	if (!in_default)
		send_get(fetch, "services", "GET", "/api/v1/namespaces/default/services/kubernetes", NULL, false);
}

static void want_all(struct fetch *fetch)
{
	const json_t *spec = json_object_get(fetch->pod->object, "spec");
	json_t *item;
	size_t i;

	want_env(fetch, json_object_get(spec, "containers"));
	want_env(fetch, json_object_get(spec, "initContainers"));
	want_volumes(fetch);
	json_array_foreach (json_object_get(spec, "imagePullSecrets"), i, item)
		want(fetch, "secrets", kl_json_str(item, "name", NULL));
	want_services(fetch);
}

/* --- answers */

static void add_services(struct fetch *fetch, const struct get *get, json_t *answer)
{
	json_t *list = json_object_get(fetch->objects, "services"), *item;
	size_t i;

	if (!get->list) {
		json_array_append(list, answer);
		return;
	}
	json_array_foreach (json_object_get(answer, "items"), i, item)
		json_array_append(list, item);
}

static void take_answer(struct fetch *fetch, const struct get *get, const struct kl_client_answer *answer)
{
	bool token = !strncmp(get->key, "tokens/", 7);

	if (answer->http >= 200 && answer->http < 300) {
		kl_autojson *object = kl_json_parse(answer->body, answer->len, NULL);
		if (!object)
			fetch->failed = true;
		else if (!strcmp(get->key, "services"))
			add_services(fetch, get, object);
		else
			json_object_set(fetch->objects, get->key, object);
		if (!strncmp(get->key, "persistentvolumeclaims/", 23))
			want(fetch, "persistentvolumes", kl_json_str(object, "spec", "volumeName", NULL));
	} else if (answer->http != 404 && answer->http != 403 && !token) {
		fetch->failed = true;
	}
}

static void on_get(const struct kl_client_answer *answer, void *arg)
{
	struct get *get = arg;
	struct fetch *fetch = get->fetch;

	get->done = true;
	take_answer(fetch, get, answer);
	if (--fetch->left == 0)
		fetch_finish(fetch);
}

static void fetch_free(struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->count; i++) {
		free(fetch->gets[i]->key);
		free(fetch->gets[i]);
	}
	free(fetch->gets);
	json_decref(fetch->objects);
	free(fetch);
}

/* With the API away, what was fetched before still serves; a pod that never had anything waits. */
static void fetch_finish(struct fetch *fetch)
{
	struct kl_pod *pod = fetch->pod;

	pod->fetch = NULL;
	if (!fetch->failed || pod->fetched) {
		if (!fetch->failed) {
			json_decref(pod->objects);
			pod->objects = json_incref(fetch->objects);
		}
		pod->objects_ms = kl_monotonic_ms();
		pod->fetched = true;
	}
	pod->fetch = NULL;
	if (pod->refreshing && pod->state == P_RUN && !fetch->failed)
		volumes_start(pod);
	else
		pod->refreshing = false;
	fetch_free(fetch);
	for (size_t i = 0; i < pod->count; i++)
		container_objects_fresh(pod->containers[i]);
	pod_step(pod);
}

void fetch_start(struct kl_pod *pod)
{
	if (pod->fetch)
		return;
	struct fetch *fetch = kl_calloc(1, sizeof(*fetch));
	fetch->pod = pod;
	fetch->objects = json_pack("{s:[]}", "services");
	fetch->left = 1; /* until all are sent */
	pod->fetch = fetch;
	want_all(fetch);
	fetch->left--;
}

void fetch_cancel(struct kl_pod *pod)
{
	struct fetch *fetch = kl_take(&pod->fetch);
	const struct kl_pods_options *opt = &pod->pods->opt;

	for (size_t i = 0; fetch && i < fetch->count; i++)
		if (!fetch->gets[i]->done)
			opt->ops->cancel(opt->ops_arg, fetch->gets[i]->id);
	if (fetch)
		fetch_free(fetch);
}

/* --- image credentials */

static void add_auths(json_t *into, const json_t *secret)
{
	const char *type = kl_json_str(secret, "type", NULL);
	bool old = !strcmp(type, "kubernetes.io/dockercfg");
	const char *coded = kl_json_str(secret, "data", old ? ".dockercfg" : ".dockerconfigjson", NULL);
	kl_autofree char *text = NULL;
	size_t len;

	if (!*coded || kl_volume_base64(coded, &text, &len))
		return;
	kl_autojson *config = kl_json_parse(text, len, NULL);
	json_object_update_missing(into, old ? config : json_object_get(config, "auths"));
}

char *fetch_auth(struct kl_pod *pod)
{
	kl_autojson *auths = json_object();
	json_t *item;
	size_t i;

	json_array_foreach (kl_json_get(pod->object, "spec", "imagePullSecrets", NULL), i, item) {
		kl_autofree char *key = kl_asprintf("secrets/%s", kl_json_str(item, "name", NULL));
		add_auths(auths, json_object_get(pod->objects, key));
	}
	if (!json_object_size(auths))
		return NULL;
	kl_autojson *file = json_pack("{s:O}", "auths", auths);
	return kl_json_text(file);
}
