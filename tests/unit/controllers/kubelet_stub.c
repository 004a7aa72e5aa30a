#include "kubelet_stub.h"

#include "clock.h"
#include "feed.h"
#include "mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 16, RENEW_MS = 200 };

static const char *const groups[] = {"system:masters", NULL};
static const struct kl_user user = {"stub-kubelet", groups};

struct stub_node {
	char name[32];
	bool silent;
};

struct kubelet_stub {
	struct kl_registry *registry;
	struct kl_feed *feed;
	pthread_t thread;
	atomic_bool stop;
	pthread_mutex_t lock; /* nodes */
	struct stub_node nodes[NODES_MAX];
	size_t count;
	json_t *work; /* requests found while events are delivered: [verb, ns, name, ip] */
	int addresses;
};

static void run(struct kubelet_stub *stub, struct kl_request *request)
{
	struct kl_response response;
	request->user = &user;
	if (request->verb != KL_DELETE)
		request->grace_period_s = -1;
	kl_registry_do(stub->registry, request, &response); /* conflicts and vanished pods are nothing to it */
	kl_response_release(&response);
}

static bool is_served(struct kubelet_stub *stub, const char *node)
{
	bool served = false;
	pthread_mutex_lock(&stub->lock);
	for (size_t i = 0; i < stub->count; i++)
		served |= !strcmp(stub->nodes[i].name, node) && !stub->nodes[i].silent;
	pthread_mutex_unlock(&stub->lock);
	return served;
}

static void look_at(struct kubelet_stub *stub, const struct kl_object *obj, const json_t *pod)
{
	const json_t *first = json_array_get(kl_json_get(pod, "spec", "containers", NULL), 0);
	if (!is_served(stub, kl_json_str(pod, "spec", "nodeName", NULL)))
		return;
	bool deleting = kl_json_get(pod, "metadata", "deletionTimestamp", NULL) != NULL;
	const char *image = kl_json_str(first, "image", NULL);
	bool running = strcmp(kl_json_str(pod, "status", "phase", NULL), "Pending") != 0;
	if (deleting)
		json_array_append_new(stub->work, json_pack("[s,s,s]", "delete", obj->ns, obj->name));
	else if (!running && strcmp(image, "bad") != 0)
		json_array_append_new(stub->work, json_pack("[s,s,s]", image, obj->ns, obj->name));
}

static void on_pod(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kubelet_stub *stub = arg;
	(void)prev;
	if (now)
		look_at(stub, now, kl_feed_parsed(stub->feed));
}

/* What came while its node was not there yet, or went wrong the first time. */
static void look_again(struct kl_object *obj, void *arg)
{
	kl_autojson *pod = kl_object_parse(obj);
	look_at(arg, obj, pod);
}

static void patch_status(
	struct kubelet_stub *stub, const struct kl_kind *kind, const char *ns, const char *name, json_t *status)
{
	kl_autojson *patch = json_pack("{s:o}", "status", status);
	kl_autofree char *body = kl_json_text(patch);
	struct kl_request request = {.verb = KL_PATCH,
		.kind = kind,
		.ns = ns,
		.name = name,
		.subresource = "status",
		.body = body,
		.body_len = strlen(body),
		.patch_type = KL_PATCH_STRATEGIC};
	run(stub, &request);
}

static void end_pod(struct kubelet_stub *stub, const char *ns, const char *name, bool success)
{
	patch_status(stub, kl_kind_named("", "Pod"), ns, name,
		json_pack("{s:s,s:[{s:s,s:s}]}", "phase", success ? "Succeeded" : "Failed", "conditions", "type",
			"Ready", "status", "False"));
}

static void run_pod(struct kubelet_stub *stub, const char *ns, const char *name)
{
	char ip[40], now[KL_TIME_TEXT];
	int n = ++stub->addresses;
	snprintf(ip, sizeof(ip), "10.244.%d.%d", n / 250, n % 250 + 1);
	kl_time_now(now);
	patch_status(stub, kl_kind_named("", "Pod"), ns, name,
		json_pack("{s:s,s:s,s:[{s:s}],s:[{s:s,s:s,s:s}]}", "phase", "Running", "podIP", ip, "podIPs", "ip", ip,
			"conditions", "type", "Ready", "status", "True", "lastTransitionTime", now));
}

static void do_work(struct kubelet_stub *stub)
{
	size_t i;
	json_t *item;
	kl_autojson *work = stub->work;
	stub->work = json_array();
	json_array_foreach (work, i, item) {
		const char *ns = json_string_value(json_array_get(item, 1)),
			   *name = json_string_value(json_array_get(item, 2));
		const char *what = json_string_value(json_array_get(item, 0));
		if (strcmp(what, "delete") != 0) {
			bool ends = !strcmp(what, "done") || !strcmp(what, "fail");
			if (ends)
				end_pod(stub, ns, name, *what == 'd');
			else
				run_pod(stub, ns, name);
			continue;
		}
		struct kl_request request = {
			.verb = KL_DELETE, .kind = kl_kind_named("", "Pod"), .ns = ns, .name = name};
		run(stub, &request); /* grace 0: it has ended */
	}
}

static json_t *ready_condition(void)
{
	char now[KL_TIME_TEXT];
	kl_time_now(now);
	return json_pack("{s:s,s:s,s:s,s:s,s:s}", "type", "Ready", "status", "True", "reason", "KubeletReady",
		"lastHeartbeatTime", now, "lastTransitionTime", now);
}

/* A kubelet that was taken for dead says that it is not. */
static void post_status(struct kubelet_stub *stub, const char *node)
{
	struct kl_object *obj = kl_store_get(kl_registry_store(stub->registry), kl_kind_named("", "Node"), "", node);
	bool unknown = obj && strstr(obj->json, "NodeStatusUnknown");
	kl_object_unref(obj);
	if (unknown)
		patch_status(stub, kl_kind_named("", "Node"), NULL, node,
			json_pack("{s:[o]}", "conditions", ready_condition()));
}

static void renew(struct kubelet_stub *stub, const char *node)
{
	char now[KL_TIME_TEXT];
	kl_time_format_micro(kl_realtime_ms() * 1000, now);
	kl_autojson *patch = json_pack("{s:{s:s}}", "spec", "renewTime", now);
	kl_autofree char *body = kl_json_text(patch);
	struct kl_request request = {.verb = KL_PATCH,
		.kind = kl_kind_named("coordination.k8s.io", "Lease"),
		.ns = "kube-node-lease",
		.name = node,
		.body = body,
		.body_len = strlen(body),
		.patch_type = KL_PATCH_MERGE};
	run(stub, &request);
}

static void renew_all(struct kubelet_stub *stub)
{
	struct stub_node nodes[NODES_MAX];
	pthread_mutex_lock(&stub->lock);
	size_t count = stub->count;
	memcpy(nodes, stub->nodes, sizeof(nodes));
	pthread_mutex_unlock(&stub->lock);
	for (size_t i = 0; i < count; i++) {
		if (nodes[i].silent)
			continue;
		renew(stub, nodes[i].name);
		post_status(stub, nodes[i].name);
	}
}

static void *main_loop(void *arg)
{
	struct kubelet_stub *stub = arg;
	int64_t renewed_ms = 0;
	while (!atomic_load(&stub->stop)) {
		kl_feed_deliver(stub->feed);
		do_work(stub);
		if (kl_monotonic_ms() - renewed_ms >= RENEW_MS) {
			renewed_ms = kl_monotonic_ms();
			renew_all(stub);
			kl_feed_each(stub->feed, kl_kind_named("", "Pod"), look_again, stub);
		}
		kl_feed_wait(stub->feed, RENEW_MS / 2);
	}
	return NULL;
}

struct kubelet_stub *kubelet_stub_start(struct kl_registry *registry)
{
	struct kubelet_stub *stub = kl_calloc(1, sizeof(*stub));
	stub->registry = registry;
	stub->work = json_array();
	pthread_mutex_init(&stub->lock, NULL);
	if (kl_feed_new(kl_registry_store(registry), &stub->feed, NULL))
		abort();
	kl_feed_add(stub->feed, kl_kind_named("", "Pod"), on_pod, stub);
	if (kl_feed_sync(stub->feed, NULL) || pthread_create(&stub->thread, NULL, main_loop, stub))
		abort();
	return stub;
}

void kubelet_stub_stop(struct kubelet_stub *stub)
{
	atomic_store(&stub->stop, true);
	kl_feed_wake(stub->feed);
	pthread_join(stub->thread, NULL);
	kl_feed_free(stub->feed);
	json_decref(stub->work);
	pthread_mutex_destroy(&stub->lock);
	free(stub);
}

void kubelet_stub_join(struct kubelet_stub *stub, const char *node)
{
	kl_autojson *object = json_pack("{s:{s:s},s:{s:{s:s,s:s,s:s},s:{s:s,s:s,s:s},s:[o]}}", "metadata", "name", node,
		"status", "capacity", "cpu", "4", "memory", "8Gi", "pods", "110", "allocatable", "cpu", "4", "memory",
		"8Gi", "pods", "110", "conditions", ready_condition());
	kl_autojson *lease = json_pack("{s:{s:s},s:{s:s}}", "metadata", "name", node, "spec", "holderIdentity", node);
	struct kl_request request = {.verb = KL_CREATE, .kind = kl_kind_named("", "Node"), .object = object};
	kl_autojson *status = json_deep_copy(json_object_get(object, "status"));
	run(stub, &request);
	patch_status(stub, kl_kind_named("", "Node"), NULL, node, json_incref(status));
	request = (struct kl_request){.verb = KL_CREATE,
		.kind = kl_kind_named("coordination.k8s.io", "Lease"),
		.ns = "kube-node-lease",
		.object = lease};
	run(stub, &request);
	pthread_mutex_lock(&stub->lock);
	snprintf(stub->nodes[stub->count++].name, sizeof(stub->nodes[0].name), "%s", node);
	pthread_mutex_unlock(&stub->lock);
}

static void set_silent(struct kubelet_stub *stub, const char *node, bool silent)
{
	pthread_mutex_lock(&stub->lock);
	for (size_t i = 0; i < stub->count; i++) {
		if (!strcmp(stub->nodes[i].name, node))
			stub->nodes[i].silent = silent;
	}
	pthread_mutex_unlock(&stub->lock);
}

void kubelet_stub_silence(struct kubelet_stub *stub, const char *node)
{
	set_silent(stub, node, true);
}

void kubelet_stub_wake(struct kubelet_stub *stub, const char *node)
{
	set_silent(stub, node, false);
	patch_status(
		stub, kl_kind_named("", "Node"), NULL, node, json_pack("{s:[o]}", "conditions", ready_condition()));
}
