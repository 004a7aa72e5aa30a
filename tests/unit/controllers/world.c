#include "world.h"

#include "file.h"
#include "log.h"

#include <stdio.h>
#include <time.h>

static const char *const groups[] = {"system:masters", NULL};
static const struct kl_user admin = {"test", groups};

void world_nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static void must(int rc, const struct kl_err *err, const char *what)
{
	if (!rc)
		return;
	kl_test_failed(__FILE__, __LINE__, "%s: %s", what, kl_err_text(err));
	abort();
}

static struct world *current;

void world_dump(void)
{
	static const char *const kinds[][2] = {
		{"", "Node"}, {"apps", "Deployment"}, {"apps", "ReplicaSet"}, {"", "Pod"}};
	size_t i;
	json_t *object;
	for (size_t k = 0; current && k < KL_ARRAY_LEN(kinds); k++) {
		kl_autojson *list = world_list(current, kinds[k][0], kinds[k][1], NULL);
		json_array_foreach (list, i, object) {
			kl_autofree char *status = kl_json_text(json_object_get(object, "status"));
			fprintf(stderr, "%s %s rv %s node %s replicas %d deleting %d: %.700s\n", kinds[k][1],
				kl_json_str(object, "metadata", "name", NULL),
				kl_json_str(object, "metadata", "resourceVersion", NULL),
				kl_json_str(object, "spec", "nodeName", NULL),
				(int)kl_json_int(object, -1, "spec", "replicas", NULL),
				kl_json_get(object, "metadata", "deletionTimestamp", NULL) != NULL, status);
		}
	}
}

void world_start_loops(struct world *w)
{
	struct kl_err err = {0};
	must(kl_controllers_start(w->registry, &w->options, &w->controllers, &err), &err, "controllers");
	must(kl_scheduler_start(w->registry, &w->scheduler, &err), &err, "scheduler");
}

void world_stop_loops(struct world *w)
{
	kl_scheduler_stop(kl_take(&w->scheduler));
	kl_controllers_stop(kl_take(&w->controllers));
}

void world_open(struct world *w)
{
	world_open_with_grace(w, 60000);
}

void world_open_with_grace(struct world *w, int grace_ms)
{
	struct kl_err err = {0};
	*w = (struct world){.options = {.cluster_cidr = "10.244.0.0/16",
				    .node_cidr_mask_v4 = 24,
				    .node_monitor_grace_ms = grace_ms,
				    .node_monitor_period_ms = 200,
				    .pod_eviction_timeout_ms = 300,
				    .root_ca_pem = "CA"}};
	current = w;
	kl_log_set_level(KL_LOG_ERROR);
	/* In memory where there is such a place: these tests are about decisions, not about the disk. */
	snprintf(w->dir, sizeof(w->dir), "%s/kl-test-ctl-XXXXXX", kl_path_exists("/dev/shm") ? "/dev/shm" : "/tmp");
	if (!mkdtemp(w->dir))
		abort();
	kl_autofree char *path = kl_asprintf("%s/keelson.db", w->dir);
	must(kl_store_open(&(struct kl_store_options){.path = path}, &w->store, &err), &err, "store");
	struct kl_registry_options options = {.store = w->store,
		.service_cidr = "10.96.0.0/16",
		.cluster_cidr = w->options.cluster_cidr,
		.node_port_min = 30000,
		.node_port_max = 32767,
		.default_toleration_s = 1};
	must(kl_registry_new(&options, &w->registry, &err), &err, "registry");
	must(kl_registry_bootstrap(w->registry, "10.0.0.1", 6443, &err), &err, "bootstrap");
	world_start_loops(w);
	w->kubelet = kubelet_stub_start(w->registry);
}

void world_close(struct world *w)
{
	kubelet_stub_stop(w->kubelet);
	world_stop_loops(w);
	kl_registry_free(w->registry);
	kl_store_close(w->store);
	kl_remove_tree(w->dir, NULL);
}

static json_t *parse(const char *text)
{
	kl_autofree char *copy = kl_strdup(text);
	struct kl_err err = {0};
	for (char *at = copy; *at; at++) {
		if (*at == '\'')
			*at = '"';
	}
	json_t *json = kl_json_parse(copy, strlen(copy), &err);
	must(json ? 0 : -1, &err, text);
	return json;
}

static json_t *run(struct world *w, const struct kl_request *request)
{
	struct kl_response response;
	json_t *result = NULL;
	if (kl_registry_do(w->registry, request, &response))
		kl_test_failed(__FILE__, __LINE__, "%s %s: %s", request->kind->kind, request->name ? request->name : "",
			response.status.message);
	else if (response.object)
		result = kl_object_parse(response.object);
	kl_response_release(&response);
	return result;
}

json_t *world_create(struct world *w, const char *group, const char *kind, const char *ns, const char *text)
{
	kl_autojson *object = parse(text);
	struct kl_request request = {.verb = KL_CREATE,
		.kind = kl_kind_named(group, kind),
		.ns = ns,
		.user = &admin,
		.object = object,
		.grace_period_s = -1};
	return run(w, &request);
}

void world_patch(
	struct world *w, const char *group, const char *kind, const char *ns, const char *name, const char *text)
{
	kl_autojson *patch = parse(text);
	kl_autofree char *body = kl_json_text(patch);
	struct kl_request request = {.verb = KL_PATCH,
		.kind = kl_kind_named(group, kind),
		.ns = ns,
		.name = name,
		.user = &admin,
		.body = body,
		.body_len = strlen(body),
		.patch_type = KL_PATCH_STRATEGIC,
		.grace_period_s = -1};
	json_decref(run(w, &request));
}

void world_delete(
	struct world *w, const char *group, const char *kind, const char *ns, const char *name, const char *propagation)
{
	struct kl_request request = {.verb = KL_DELETE,
		.kind = kl_kind_named(group, kind),
		.ns = ns,
		.name = name,
		.user = &admin,
		.propagation = propagation,
		.grace_period_s = -1};
	json_decref(run(w, &request));
}

json_t *world_get(struct world *w, const char *group, const char *kind, const char *ns, const char *name)
{
	struct kl_object *obj = kl_store_get(w->store, kl_kind_named(group, kind), ns, name);
	json_t *json = obj ? kl_object_parse(obj) : NULL;
	kl_object_unref(obj);
	return json;
}

json_t *world_list(struct world *w, const char *group, const char *kind, const char *ns)
{
	struct kl_object_list list;
	json_t *array = json_array();
	kl_store_list(w->store, kl_kind_named(group, kind), ns, &list);
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(array, kl_object_parse(list.items[i]));
	kl_object_list_release(&list);
	return array;
}

size_t world_count(struct world *w, const char *group, const char *kind, const char *ns)
{
	kl_autojson *list = world_list(w, group, kind, ns);
	return json_array_size(list);
}

size_t world_ready(struct world *w, const char *ns)
{
	size_t i, k, count = 0;
	json_t *pod, *condition;
	kl_autojson *list = world_list(w, "", "Pod", ns);
	json_array_foreach (list, i, pod) {
		if (kl_json_get(pod, "metadata", "deletionTimestamp", NULL))
			continue;
		json_array_foreach (kl_json_get(pod, "status", "conditions", NULL), k, condition)
			count += !strcmp(kl_json_str(condition, "type", NULL), "Ready") &&
				 !strcmp(kl_json_str(condition, "status", NULL), "True");
	}
	return count;
}

void world_node(struct world *w, const char *name)
{
	kubelet_stub_join(w->kubelet, name);
}
