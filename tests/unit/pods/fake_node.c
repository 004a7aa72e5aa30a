#include "fake_node.h"

#include "clock.h"
#include "file.h"
#include "log.h"
#include "testlib.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* --- the runtime */

static struct fake_runtime *fake_of(struct kl_runtime *runtime)
{
	return container_of(runtime, struct fake_runtime, base);
}

static struct fake_container *by_id(struct fake_runtime *fake, const char *id)
{
	for (unsigned i = 0; i < fake->count; i++)
		if (!strcmp(fake->containers[i].id, id))
			return &fake->containers[i];
	return NULL;
}

static void set_name(struct fake_container *c, const char *log_path)
{
	kl_autofree char *path = kl_strdup(log_path);

	*strrchr(path, '/') = 0;
	snprintf(c->name, sizeof(c->name), "%.60s", strrchr(path, '/') + 1);
}

/* The handle's pid is the place in the table, so that a new agent finds it from its checkpoint. */
static int fake_create(struct kl_runtime *runtime, const struct kl_container_spec *spec,
	struct kl_container_handle *ret, struct kl_err *err)
{
	struct fake_runtime *fake = fake_of(runtime);

	pthread_mutex_lock(&fake->lock);
	if (fake->count == FAKE_MAX) {
		pthread_mutex_unlock(&fake->lock);
		return kl_fail_msg(err, ENOSPC, "the fake is full");
	}
	struct fake_container *c = &fake->containers[fake->count];
	*c = (struct fake_container){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .stubborn = fake->stubborn};
	snprintf(c->id, sizeof(c->id), "%s", spec->id);
	set_name(c, spec->log_path);
	fake->count++;
	fake->created++;
	*ret = (struct kl_container_handle){
		.pid = (pid_t)fake->count, .monitor_pid = (pid_t)fake->count, .pid_start = 1, .monitor_start = 1};
	pthread_mutex_unlock(&fake->lock);
	return 0;
}

static int fake_start(struct kl_runtime *runtime, const char *id, struct kl_err *err)
{
	struct fake_runtime *fake = fake_of(runtime);

	if (fake->refuse_start)
		return kl_fail_msg(err, EIO, "the fake refuses");
	pthread_mutex_lock(&fake->lock);
	by_id(fake, id)->started = true;
	pthread_mutex_unlock(&fake->lock);
	return 0;
}

static void end_locked(struct fake_container *c, int code)
{
	uint64_t one = 1;

	if (c->ended)
		return;
	c->ended = true;
	c->exit_code = code;
	(void)!write(c->fd, &one, sizeof(one));
}

static int fake_signal(
	struct kl_runtime *runtime, const struct kl_container_handle *handle, int signal, struct kl_err *err)
{
	struct fake_runtime *fake = fake_of(runtime);
	struct fake_container *c = &fake->containers[handle->pid - 1];

	(void)err;
	pthread_mutex_lock(&fake->lock);
	c->kills += signal == SIGKILL;
	c->terms += signal != SIGKILL;
	if (signal == SIGKILL || !c->stubborn)
		end_locked(c, signal == SIGKILL ? 137 : 0);
	pthread_mutex_unlock(&fake->lock);
	return 0;
}

static int fake_watch_fd(struct kl_runtime *runtime, const struct kl_container_handle *handle)
{
	struct fake_container *c = &fake_of(runtime)->containers[handle->pid - 1];

	return c->ended ? -ESRCH : dup(c->fd);
}

static void fake_exit_status(struct kl_runtime *runtime, const char *id, const char *bundle, const char *cgroup,
	const struct kl_container_handle *handle, struct kl_container_exit *ret)
{
	struct fake_container *c = by_id(fake_of(runtime), id);

	(void)bundle, (void)cgroup, (void)handle;
	*ret = (struct kl_container_exit){.code = c->exit_code, .finished_ms = kl_realtime_ms(), .unknown = c->lost};
}

static int fake_remove(struct kl_runtime *runtime, const char *id, const char *cgroup, struct kl_err *err)
{
	struct fake_runtime *fake = fake_of(runtime);

	(void)cgroup, (void)err;
	pthread_mutex_lock(&fake->lock);
	struct fake_container *c = by_id(fake, id);
	if (c) {
		end_locked(c, 137);
		c->removed = true;
	}
	pthread_mutex_unlock(&fake->lock);
	return 0;
}

static const struct kl_runtime_ops fake_runtime_ops = {
	.name = "fake",
	.create = fake_create,
	.start = fake_start,
	.signal = fake_signal,
	.watch_fd = fake_watch_fd,
	.exit_status = fake_exit_status,
	.remove = fake_remove,
};

/* --- the API: answers come from the loop, one a turn */

struct fake_answer {
	struct fake_answer *next;
	uv_timer_t timer;
	struct fake_node *node;
	char *method, *path, *body;
	kl_client_done *done;
	void *arg;
	uint64_t id;
	bool cancelled;
};

static void answer_closed(uv_handle_t *handle)
{
	struct fake_answer *a = handle->data;

	free(a->method);
	free(a->path);
	free(a->body);
	free(a);
}

static void note_event(struct fake_node *node, const json_t *event)
{
	json_array_append_new(node->events,
		json_sprintf("%s: %s", kl_json_str(event, "reason", NULL), kl_json_str(event, "message", NULL)));
}

/* …/pods/<name>/status or …/pods/<name> */
static char *pod_name(const char *path)
{
	const char *at = strstr(path, "/pods/");

	return at ? kl_strndup(at + 6, strcspn(at + 6, "/")) : kl_strdup("");
}

static int handle(struct fake_node *node, const struct fake_answer *a, char **ret_body)
{
	kl_autojson *body = a->body ? kl_json_parse(a->body, strlen(a->body), NULL) : NULL;
	kl_autofree char *name = pod_name(a->path);
	const json_t *object = json_object_get(node->objects, a->path);

	if (!strcmp(a->method, "PATCH") && strstr(a->path, "/status"))
		json_object_set(node->status, name, json_object_get(body, "status"));
	else if (!strcmp(a->method, "DELETE"))
		json_array_append_new(node->deleted, json_string(name));
	else if (strstr(a->path, "/events"))
		note_event(node, body);
	else if (!object)
		return 404;
	*ret_body = object ? kl_json_text(object) : kl_strdup("{}");
	return 200;
}

static void answer_now(uv_timer_t *timer)
{
	struct fake_answer *a = timer->data;
	kl_autofree char *body = NULL;
	struct kl_client_answer answer = {0};

	if (!a->cancelled) {
		if (a->node->failing)
			a->node->failing--;
		else
			answer.http = handle(a->node, a, &body);
		answer.body = body ? body : "";
		answer.len = strlen(answer.body);
		a->done(&answer, a->arg);
	}
	for (struct fake_answer **at = &a->node->pending; *at; at = &(*at)->next)
		if (*at == a) {
			*at = a->next;
			break;
		}
	uv_close((uv_handle_t *)timer, answer_closed);
}

static uint64_t op_send(void *arg, const struct kl_client_request *request, kl_client_done *done, void *done_arg)
{
	static uint64_t serial;
	struct fake_node *node = arg;
	struct fake_answer *a = kl_calloc(1, sizeof(*a));

	*a = (struct fake_answer){.next = node->pending,
		.node = node,
		.method = kl_strdup(request->method),
		.path = kl_strdup(request->path),
		.body = request->body ? kl_strndup(request->body, request->body_len) : NULL,
		.done = done,
		.arg = done_arg,
		.id = ++serial};
	node->pending = a;
	uv_timer_init(&node->loop, &a->timer);
	a->timer.data = a;
	uv_timer_start(&a->timer, answer_now, 1, 0);
	return a->id;
}

static void op_cancel(void *arg, uint64_t id)
{
	struct fake_node *node = arg;

	for (struct fake_answer *a = node->pending; a; a = a->next)
		if (a->id == id)
			a->cancelled = true;
}

/* --- network and images */

static int op_network(void *arg, const char *command, const json_t *pod, const char *sandbox_id, const char *netns_path,
	void (*done)(const struct kl_err *err, const char *const *ips, size_t count, void *done_arg), void *done_arg,
	struct kl_err *err)
{
	static const char *const ips[] = {"10.1.2.3"};
	struct fake_node *node = arg;

	(void)pod, (void)sandbox_id, (void)netns_path, (void)err;
	if (!strcmp(command, "ADD"))
		node->adds++;
	else
		node->dels++;
	done(NULL, ips, 1, done_arg);
	return 0;
}

static int op_namespaces(void *arg, const char *dir, const json_t *pod, const char *hostname, struct kl_err *err)
{
	(void)arg, (void)dir, (void)pod, (void)hostname, (void)err;
	return 0;
}

static void op_namespaces_remove(void *arg, const char *dir)
{
	(void)arg, (void)dir;
}

static bool op_namespaces_alive(void *arg, const char *dir)
{
	(void)dir;
	return !((struct fake_node *)arg)->lost_namespaces;
}

static int op_image_find(void *arg, const char *name, struct kl_image *ret, struct kl_err *err)
{
	struct fake_node *node = arg;

	if (node->no_images)
		return kl_fail_msg(err, ENOENT, "the image is not here");
	*ret = (struct kl_image){.name = kl_strdup(name),
		.id = kl_strdup("sha256:1"),
		.repo_digest = kl_strdup("x@sha256:2"),
		.config = json_pack("{s:[s]}", "Cmd", "run"),
		.layers = json_array()};
	return 0;
}

static int op_image_pull(void *arg, const char *name, const char *auth_json, struct kl_image *ret, struct kl_err *err)
{
	(void)auth_json;
	return op_image_find(arg, name, ret, err);
}

static int op_image_mount(void *arg, const struct kl_image *image, const char *id, const char *upper,
	const char *target, struct kl_err *err)
{
	struct fake_node *node = arg;

	(void)image, (void)id, (void)upper;
	__atomic_add_fetch(&node->mounts, 1, __ATOMIC_RELAXED);
	return kl_mkdir_p(target, 0755, err);
}

static void op_image_unmount(void *arg, const char *id, const char *upper, const char *target)
{
	struct fake_node *node = arg;

	(void)id, (void)upper, (void)target;
	__atomic_add_fetch(&node->unmounts, 1, __ATOMIC_RELAXED);
}

static const struct kl_pods_ops ops = {
	.send = op_send,
	.cancel = op_cancel,
	.network = op_network,
	.namespaces = op_namespaces,
	.namespaces_remove = op_namespaces_remove,
	.namespaces_alive = op_namespaces_alive,
	.image_find = op_image_find,
	.image_pull = op_image_pull,
	.image_mount = op_image_mount,
	.image_unmount = op_image_unmount,
};

/* --- life */

void fake_node_init(struct fake_node *node)
{
	kl_log_set_level(KL_LOG_ERROR);
	*node = (struct fake_node){.root = "/tmp/keelson-pods-XXXXXX", .hold_ms = 1};
	if (!mkdtemp(node->root))
		kl_test_skip("no temporary folder");
	node->run = kl_asprintf("%s/run", node->root);
	node->runtime.base.ops = &fake_runtime_ops;
	pthread_mutex_init(&node->runtime.lock, NULL);
	node->status = json_object();
	node->objects = json_object();
	node->events = json_array();
	node->deleted = json_array();
	uv_loop_init(&node->loop);
	fake_node_start(node);
}

void fake_node_start(struct fake_node *node)
{
	static const char *const ips[] = {"192.0.2.1", NULL};
	const struct kl_pods_options options = {.root_dir = node->root,
		.run_dir = node->run,
		.cgroup_root = "/keelson-test",
		.node_name = "n1",
		.node_ips = ips,
		.drain_hold_ms = node->hold_ms,
		.runtime = &node->runtime.base,
		.ops = &ops,
		.ops_arg = node};
	struct kl_err err = {0};

	if (kl_pods_new(&node->loop, &options, &node->pods, &err))
		kl_test_failed(__FILE__, __LINE__, "kl_pods_new: %s", err.text);
	kl_pods_network_ready(node->pods, true);
}

void fake_node_stop(struct fake_node *node)
{
	kl_pods_free(kl_take(&node->pods));
	while (node->pending)
		uv_run(&node->loop, UV_RUN_ONCE);
	uv_run(&node->loop, UV_RUN_NOWAIT);
}

void fake_node_release(struct fake_node *node)
{
	fake_node_stop(node);
	uv_run(&node->loop, UV_RUN_DEFAULT);
	KL_CHECK_INT(uv_loop_close(&node->loop), 0); /* every handle was closed */
	for (unsigned i = 0; i < node->runtime.count; i++)
		close(node->runtime.containers[i].fd);
	json_decref(node->status);
	json_decref(node->objects);
	json_decref(node->events);
	json_decref(node->deleted);
	kl_remove_tree(node->root, NULL);
	free(node->run);
}

json_t *fake_pod(const char *name, const char *spec_text)
{
	kl_autojson *spec = kl_json_parse(spec_text, strlen(spec_text), NULL);
	kl_autofree char *uid = kl_asprintf("uid-%s", name);

	if (!spec)
		kl_test_failed(__FILE__, __LINE__, "bad spec: %s", spec_text);
	if (!json_object_get(spec, "containers"))
		json_object_set_new(spec, "containers", json_pack("[{s:s,s:s}]", "name", "c", "image", "i:1"));
	json_object_set_new(spec, "hostIPC", json_true()); /* no /dev/shm of its own: nothing is mounted */
	return json_pack(
		"{s:{s:s,s:s,s:s},s:O}", "metadata", "name", name, "namespace", "ns", "uid", uid, "spec", spec);
}

bool fake_run_until(struct fake_node *node, bool (*done)(struct fake_node *node))
{
	int64_t deadline = kl_monotonic_ms() + 10000;

	while (!done(node)) {
		if (kl_monotonic_ms() > deadline)
			return false;
		if (!uv_run(&node->loop, UV_RUN_NOWAIT))
			usleep(500);
		usleep(200);
	}
	return true;
}

void fake_run_for(struct fake_node *node, int ms)
{
	int64_t deadline = kl_monotonic_ms() + ms;

	while (kl_monotonic_ms() < deadline) {
		uv_run(&node->loop, UV_RUN_NOWAIT);
		usleep(500);
	}
}

struct fake_container *fake_find(struct fake_node *node, const char *name)
{
	for (unsigned i = node->runtime.count; i-- > 0;)
		if (!strcmp(node->runtime.containers[i].name, name))
			return &node->runtime.containers[i];
	return NULL;
}

void fake_end(struct fake_node *node, struct fake_container *container, int exit_code)
{
	pthread_mutex_lock(&node->runtime.lock);
	end_locked(container, exit_code);
	pthread_mutex_unlock(&node->runtime.lock);
}

const char *fake_phase(struct fake_node *node, const char *pod)
{
	return kl_json_str(node->status, pod, "phase", NULL);
}

const json_t *fake_container_status(struct fake_node *node, const char *pod, const char *container)
{
	static const char *const lists[] = {"containerStatuses", "initContainerStatuses"};
	json_t *item;
	size_t i;

	for (size_t k = 0; k < KL_ARRAY_LEN(lists); k++)
		json_array_foreach (kl_json_get(node->status, pod, lists[k], NULL), i, item)
			if (!strcmp(kl_json_str(item, "name", NULL), container))
				return item;
	return NULL;
}

const char *fake_condition(struct fake_node *node, const char *pod, const char *type)
{
	json_t *item;
	size_t i;

	json_array_foreach (kl_json_get(node->status, pod, "conditions", NULL), i, item)
		if (!strcmp(kl_json_str(item, "type", NULL), type))
			return kl_json_str(item, "status", NULL);
	return "";
}

bool fake_event(struct fake_node *node, const char *text)
{
	json_t *item;
	size_t i;

	json_array_foreach (node->events, i, item)
		if (strstr(json_string_value(item), text))
			return true;
	return false;
}
