#include "scheduler.h"

#include "clock.h"
#include "feed.h"
#include "log.h"
#include "mem.h"
#include "recorder.h"
#include "sched.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum {
	BINDS_AT_ONCE = 512,  /* pods of one group commit */
	RETRY_ALL_MS = 30000, /* unschedulable pods are tried again after so long even if nothing seemed to change */
	BIND_RETRY_MS = 1000,
	SAY_AGAIN_MS = 300000, /* the same words about the same pod */
};

static const char component[] = "default-scheduler";
static const char *const groups[] = {"system:masters", NULL};
static const struct kl_user user = {"system:kube-scheduler", groups};

enum state {
	WAITING, /* wants a node */
	ASSUMED, /* its binding is under way */
	BOUND,
	ELSEWHERE, /* another scheduler's, gated or being deleted: no business of ours until it has a node */
};

struct pod {
	char *key, *ns, *name, *uid;
	struct kl_sched_class *cls;
	char *node; /* where it counts; NULL: nowhere */
	enum state state;
	int64_t priority;
	uint64_t number;         /* order of appearance */
	uint64_t tried_at;       /* value of `moves` at the last failure */
	uint64_t tried_arrivals; /* and of `arrivals` */
	int64_t said_ms;         /* when its last event was */
	int64_t not_before_ms;   /* after a failed bind */
	char *told;              /* the message its condition carries */
	json_t *claims;          /* names of its PersistentVolumeClaims; NULL: none */
	UT_hash_handle hh;
};

struct kl_scheduler {
	struct kl_registry *registry;
	struct kl_feed *feed;
	struct kl_recorder *recorder;
	struct kl_sched *core;
	const struct kl_kind *pod_kind, *claim_kind;
	struct pod *pods;
	size_t waiting;
	uint64_t numbers;
	uint64_t moves;    /* counts what may make room: waiting pods are tried again when it has changed */
	uint64_t arrivals; /* counts pods that came to a node: the same for those that follow others */
	int64_t last_retry_ms;
	pthread_t thread;
	atomic_bool stop;
};

/* --- pods */

static void set_state(struct kl_scheduler *s, struct pod *pod, enum state state)
{
	s->waiting += (state == WAITING) - (size_t)(pod->state == WAITING);
	pod->state = state;
}

static void leave_node(struct kl_scheduler *s, struct pod *pod)
{
	if (!pod->node)
		return;
	kl_sched_unassign(s->core, pod->cls, pod->node);
	free(kl_take(&pod->node));
	s->moves++;
}

static void enter_node(struct kl_scheduler *s, struct pod *pod, const char *node)
{
	pod->node = kl_strdup(node);
	kl_sched_assign(s->core, pod->cls, pod->node);
}

static void pod_free(struct kl_scheduler *s, struct pod *pod)
{
	leave_node(s, pod);
	set_state(s, pod, ELSEWHERE);
	HASH_DELETE(hh, s->pods, pod);
	kl_sched_class_put(s->core, pod->cls);
	free(pod->key);
	free(pod->ns);
	free(pod->name);
	free(pod->uid);
	free(pod->told);
	json_decref(pod->claims);
	free(pod);
}

static struct pod *pod_find(struct kl_scheduler *s, const char *ns, const char *name)
{
	struct pod *pod;
	kl_autofree char *key = kl_asprintf("%s/%s", ns, name);
	HASH_FIND_STR(s->pods, key, pod);
	return pod;
}

static struct pod *pod_new(struct kl_scheduler *s, const struct kl_object *obj)
{
	struct pod *pod = kl_calloc(1, sizeof(*pod));
	pod->key = kl_asprintf("%s/%s", obj->ns, obj->name);
	pod->ns = kl_strdup(obj->ns);
	pod->name = kl_strdup(obj->name);
	pod->uid = kl_strdup(obj->uid);
	pod->number = ++s->numbers;
	pod->state = ELSEWHERE;
	HASH_ADD_KEYPTR(hh, s->pods, pod->key, strlen(pod->key), pod);
	return pod;
}

/* Its labels may have changed, so the class may have too. */
static void reclass(struct kl_scheduler *s, struct pod *pod, const json_t *json)
{
	struct kl_sched_class *cls = kl_sched_class_get(s->core, json);
	if (cls == pod->cls) {
		kl_sched_class_put(s->core, cls);
		return;
	}
	kl_autofree char *node = pod->node ? kl_strdup(pod->node) : NULL;
	leave_node(s, pod);
	kl_sched_class_put(s->core, pod->cls);
	pod->cls = cls;
	pod->tried_at = 0;
	if (node)
		enter_node(s, pod, node);
}

static void read_claims(struct pod *pod, const json_t *json)
{
	size_t i;
	json_t *volume;
	json_decref(kl_take(&pod->claims));
	json_array_foreach (kl_json_get(json, "spec", "volumes", NULL), i, volume) {
		json_t *name = kl_json_get(volume, "persistentVolumeClaim", "claimName", NULL);
		if (!name)
			continue;
		if (!pod->claims)
			pod->claims = json_array();
		json_array_append(pod->claims, name);
	}
}

static bool is_ours(const json_t *json)
{
	const char *scheduler = kl_json_str(json, "spec", "schedulerName", NULL);
	return (!*scheduler || !strcmp(scheduler, component)) &&
	       !kl_json_get(json, "metadata", "deletionTimestamp", NULL) &&
	       !json_array_size(kl_json_get(json, "spec", "schedulingGates", NULL));
}

static bool is_over(const json_t *json)
{
	const char *phase = kl_json_str(json, "status", "phase", NULL);
	return !strcmp(phase, "Succeeded") || !strcmp(phase, "Failed");
}

static void pod_bound(struct kl_scheduler *s, struct pod *pod, const char *node)
{
	if (!pod->node || strcmp(pod->node, node) != 0) {
		leave_node(s, pod);
		enter_node(s, pod, node);
		s->arrivals++;
	}
	set_state(s, pod, BOUND);
}

static void pod_update(struct kl_scheduler *s, struct kl_object *obj)
{
	const json_t *json = kl_feed_parsed(s->feed);
	struct pod *pod = pod_find(s, obj->ns, obj->name);
	if (pod && (strcmp(pod->uid, obj->uid) != 0 || is_over(json))) {
		pod_free(s, pod);
		pod = NULL;
	}
	if (is_over(json))
		return;
	if (!pod)
		pod = pod_new(s, obj);
	reclass(s, pod, json);
	read_claims(pod, json);
	pod->priority = kl_json_int(json, 0, "spec", "priority", NULL);
	const char *node = kl_json_str(json, "spec", "nodeName", NULL);
	if (*node)
		pod_bound(s, pod, node);
	else if (!is_ours(json))
		set_state(s, pod, ELSEWHERE);
	else if (pod->state != ASSUMED)
		set_state(s, pod, WAITING);
}

static void on_pod(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_scheduler *s = arg;
	if (now) {
		pod_update(s, now);
		return;
	}
	struct pod *pod = pod_find(s, prev->ns, prev->name);
	if (pod)
		pod_free(s, pod);
}

static void on_node(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_scheduler *s = arg;
	if (!now) {
		kl_sched_node_remove(s->core, prev->name);
		s->moves++;
		return;
	}
	const json_t *json = kl_feed_parsed(s->feed);
	if (kl_sched_node_set(s->core, json))
		s->moves++;
}

static void on_namespace(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_scheduler *s = arg;
	const json_t *json = now ? kl_feed_parsed(s->feed) : NULL;
	json_t *labels = kl_json_get(json, "metadata", "labels", NULL);
	kl_autojson *none = json_object();
	kl_sched_namespace_set(s->core, now ? now->name : prev->name, now ? (labels ? labels : none) : NULL);
}

static void on_claim(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_scheduler *s = arg;
	(void)now;
	(void)prev;
	s->moves++;
}

/* --- results */

static struct kl_event_object event_object(const struct pod *pod)
{
	return (struct kl_event_object){"v1", "Pod", pod->ns, pod->name, pod->uid};
}

static json_t *condition_patch(const char *message)
{
	char now[KL_TIME_TEXT];
	kl_time_now(now);
	return json_pack("{s:{s:[{s:s,s:s,s:s,s:s,s:n,s:s}]}}", "status", "conditions", "type", "PodScheduled",
		"status", "False", "reason", "Unschedulable", "message", message, "lastProbeTime", "lastTransitionTime",
		now);
}

struct batch {
	struct pod *pods[BINDS_AT_ONCE];
	struct kl_request requests[BINDS_AT_ONCE];
	struct kl_response responses[BINDS_AT_ONCE];
	json_t *objects[BINDS_AT_ONCE]; /* bindings */
	char *patches[BINDS_AT_ONCE];   /* or conditions */
	size_t count;
};

static struct kl_request *batch_add(struct kl_scheduler *s, struct batch *batch, struct pod *pod)
{
	struct kl_request *request = &batch->requests[batch->count];
	batch->pods[batch->count++] = pod;
	*request = (struct kl_request){.kind = s->pod_kind,
		.ns = pod->ns,
		.name = pod->name,
		.user = &user,
		.user_agent = "kube-scheduler",
		.field_manager = "kube-scheduler",
		.grace_period_s = -1};
	return request;
}

static void batch_bind(struct kl_scheduler *s, struct batch *batch, struct pod *pod)
{
	struct kl_request *request = batch_add(s, batch, pod);
	request->verb = KL_CREATE;
	request->subresource = "binding";
	request->object = batch->objects[batch->count - 1] = json_pack("{s:s,s:s,s:{s:s,s:s,s:s},s:{s:s,s:s,s:s}}",
		"apiVersion", "v1", "kind", "Binding", "metadata", "name", pod->name, "namespace", pod->ns, "uid",
		pod->uid, "target", "apiVersion", "v1", "kind", "Node", "name", pod->node);
}

static void batch_condition(struct kl_scheduler *s, struct batch *batch, struct pod *pod, const char *message)
{
	kl_autojson *patch = condition_patch(message);
	if (!patch)
		return;
	struct kl_request *request = batch_add(s, batch, pod);
	request->verb = KL_PATCH;
	request->subresource = "status";
	request->patch_type = KL_PATCH_STRATEGIC;
	request->body = batch->patches[batch->count - 1] = kl_json_text(patch);
	request->body_len = strlen(request->body);
}

static void bind_done(struct kl_scheduler *s, struct pod *pod, const struct kl_response *response)
{
	struct kl_event_object about = event_object(pod);
	if (!response->status.code) {
		kl_recorder_say(s->recorder, component, &about, "Normal", "Scheduled",
			"Successfully assigned %s/%s to %s", pod->ns, pod->name, pod->node);
		return;
	}
	const char *words = response->status.message ? response->status.message : "";
	kl_warn("bind %s to %s: %s", pod->key, pod->node, words);
	leave_node(s, pod);
	pod->not_before_ms = kl_monotonic_ms() + BIND_RETRY_MS;
	pod->tried_at = 0;
	/* Not found: its deletion is on the way. Else it waits for another attempt. */
	set_state(s, pod, response->status.code == 404 ? ELSEWHERE : WAITING);
}

static void batch_flush(struct kl_scheduler *s, struct batch *batch)
{
	if (!batch->count)
		return;
	kl_registry_do_many(s->registry, batch->requests, batch->responses, batch->count);
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->objects[i])
			bind_done(s, batch->pods[i], &batch->responses[i]);
		kl_response_release(&batch->responses[i]);
		json_decref(batch->objects[i]);
		free(batch->patches[i]);
	}
	memset(batch, 0, sizeof(*batch));
}

/* --- a round */

static int by_priority(const void *a, const void *b)
{
	const struct pod *x = *(struct pod *const *)a, *y = *(struct pod *const *)b;
	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static bool worth_a_try(const struct kl_scheduler *s, const struct pod *pod, int64_t now_ms)
{
	if (pod->state != WAITING || pod->not_before_ms > now_ms)
		return false;
	return pod->tried_at != s->moves || (pod->tried_arrivals != s->arrivals && kl_sched_class_follows(pod->cls));
}

/* The waiting pods worth a try, best first; the caller's. */
static struct pod **candidates(struct kl_scheduler *s, size_t *ret_count)
{
	struct pod *pod, *next, **list = kl_calloc(s->waiting + 1, sizeof(struct pod *));
	int64_t now_ms = kl_monotonic_ms();
	size_t count = 0;
	HASH_ITER (hh, s->pods, pod, next) {
		if (worth_a_try(s, pod, now_ms))
			list[count++] = pod;
	}
	qsort(list, count, sizeof(*list), by_priority);
	*ret_count = count;
	return list;
}

/* Pods of a class fail for the same reasons: the words are made once for a run of them. */
struct explanation {
	const struct kl_sched_class *cls;
	uint64_t moves;
	struct kl_buf text;
};

static void say_failure(struct kl_scheduler *s, struct batch *batch, struct pod *pod, const char *words)
{
	struct kl_event_object about = event_object(pod);
	bool news = !pod->told || strcmp(pod->told, words) != 0;
	int64_t now_ms = kl_monotonic_ms();
	pod->tried_at = s->moves;
	pod->tried_arrivals = s->arrivals;
	if (news || now_ms - pod->said_ms >= SAY_AGAIN_MS) {
		kl_recorder_say(s->recorder, component, &about, "Warning", "FailedScheduling", "%s", words);
		pod->said_ms = now_ms;
	}
	if (!news)
		return;
	free(pod->told);
	pod->told = kl_strdup(words);
	batch_condition(s, batch, pod, words);
}

static void give_up(struct kl_scheduler *s, struct batch *batch, struct pod *pod, struct explanation *why)
{
	if (why->cls != pod->cls || why->moves != s->moves || !why->text.len) {
		kl_buf_reset(&why->text);
		kl_sched_explain(s->core, pod->cls, &why->text);
		why->cls = pod->cls;
		why->moves = s->moves;
	}
	say_failure(s, batch, pod, kl_buf_str(&why->text));
}

/* Why its claims keep it from every node, in upstream's words; NULL: they do not. The caller's. */
static char *claims_refuse(struct kl_scheduler *s, const struct pod *pod)
{
	size_t i;
	json_t *name;
	bool unbound = false;
	size_t nodes = kl_sched_node_count(s->core);
	json_array_foreach (pod->claims, i, name) {
		const char *text = json_is_string(name) ? json_string_value(name) : "";
		struct kl_object *obj = kl_feed_get(s->feed, s->claim_kind, pod->ns, text);
		if (!obj)
			return kl_asprintf(
				"0/%zu nodes are available: persistentvolumeclaim \"%s\" not found. preemption: "
				"0/%zu nodes are available: %zu Preemption is not helpful for scheduling.",
				nodes, text, nodes, nodes);
		kl_autojson *claim = kl_object_parse(obj);
		unbound |= strcmp(kl_json_str(claim, "status", "phase", NULL), "Bound") != 0;
	}
	if (!unbound)
		return NULL;
	return kl_asprintf("0/%zu nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: "
			   "0/%zu nodes are available: %zu Preemption is not helpful for scheduling.",
		nodes, nodes, nodes);
}

static void schedule_one(struct kl_scheduler *s, struct batch *batch, struct pod *pod, struct explanation *why)
{
	kl_autofree char *refusal = pod->claims ? claims_refuse(s, pod) : NULL;
	if (refusal) {
		say_failure(s, batch, pod, refusal);
		return;
	}
	const char *node = kl_sched_place(s->core, pod->cls);
	if (!node) {
		give_up(s, batch, pod, why);
		return;
	}
	enter_node(s, pod, node);
	s->arrivals++;
	set_state(s, pod, ASSUMED);
	batch_bind(s, batch, pod);
}

static void schedule(struct kl_scheduler *s, struct batch *batch)
{
	size_t count;
	struct explanation why = {0};
	if (!s->waiting)
		return;
	kl_autofree struct pod **list = candidates(s, &count);
	for (size_t i = 0; i < count; i++) {
		schedule_one(s, batch, list[i], &why);
		if (batch->count == BINDS_AT_ONCE)
			batch_flush(s, batch);
	}
	batch_flush(s, batch);
	kl_buf_release(&why.text);
}

static int wait_ms(const struct kl_scheduler *s)
{
	return s->waiting ? BIND_RETRY_MS : RETRY_ALL_MS;
}

static void *run(void *arg)
{
	struct kl_scheduler *s = arg;
	kl_autofree struct batch *batch = kl_calloc(1, sizeof(*batch));
	kl_log_set_component("scheduler");
	while (!atomic_load(&s->stop)) {
		kl_feed_deliver(s->feed);
		if (kl_monotonic_ms() - s->last_retry_ms >= RETRY_ALL_MS) {
			s->last_retry_ms = kl_monotonic_ms();
			s->moves++;
		}
		schedule(s, batch);
		kl_recorder_flush(s->recorder);
		kl_feed_wait(s->feed, wait_ms(s));
	}
	return NULL;
}

/* --- the public face */

static void scheduler_free(struct kl_scheduler *s)
{
	struct pod *pod, *next;
	HASH_ITER (hh, s->pods, pod, next)
		pod_free(s, pod);
	kl_sched_free(s->core);
	kl_recorder_free(s->recorder);
	kl_feed_free(s->feed);
	free(s);
}

static int prepare(struct kl_scheduler *s, struct kl_err *err)
{
	int rc = kl_feed_new(kl_registry_store(s->registry), &s->feed, err);
	if (rc)
		return rc;
	kl_feed_add(s->feed, kl_kind_named("", "Namespace"), on_namespace, s);
	kl_feed_add(s->feed, kl_kind_named("", "Node"), on_node, s);
	kl_feed_add(s->feed, s->claim_kind, on_claim, s);
	kl_feed_add(s->feed, s->pod_kind, on_pod, s);
	return kl_feed_sync(s->feed, err);
}

int kl_scheduler_start(struct kl_registry *registry, struct kl_scheduler **ret, struct kl_err *err)
{
	struct kl_scheduler *s = kl_calloc(1, sizeof(*s));
	s->registry = registry;
	s->pod_kind = kl_kind_named("", "Pod");
	s->claim_kind = kl_kind_named("", "PersistentVolumeClaim");
	s->core = kl_sched_new((uint64_t)kl_realtime_ms());
	s->recorder = kl_recorder_new(registry, &user);
	s->moves = 1;
	s->last_retry_ms = kl_monotonic_ms();
	int rc = prepare(s, err);
	if (!rc)
		rc = -pthread_create(&s->thread, NULL, run, s);
	if (rc) {
		scheduler_free(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void kl_scheduler_stop(struct kl_scheduler *s)
{
	if (!s)
		return;
	atomic_store(&s->stop, true);
	kl_feed_wake(s->feed);
	pthread_join(s->thread, NULL);
	scheduler_free(s);
}
