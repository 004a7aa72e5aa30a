/*
 * Events about pods. The same words about the same thing raise the count of the event that is there, as kubelet's
 * recorder does; what cannot be sent is tried again a few times and then dropped: events are hints, not state.
 */
#include "pods_impl.h"

#include "clock.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { MAX_KNOWN = 512, MAX_SENDING = 512, MAX_TRIES = 6, RETRY_MS = 1000, MAX_MESSAGE = 1024 };

/* An event that was made: `key` is pod, container, reason and message. */
struct known {
	UT_hash_handle hh;
	char *key, *name, *uid;
	int count;
};

struct sending {
	struct sending *prev, *next;
	struct events *events;
	char *method, *path, *body;
	const char *content_type;
	uint64_t id; /* 0: waits for the timer */
	int tries;
};

struct events {
	struct kl_pods *pods;
	struct known *known;
	struct sending *queue;
	size_t queued;
	uv_timer_t timer;
	uint64_t serial;
};

static void sending_free(struct sending *s)
{
	DL_DELETE(s->events->queue, s);
	s->events->queued--;
	free(s->method);
	free(s->path);
	free(s->body);
	free(s);
}

static void send_now(struct sending *s);

static void on_retry(uv_timer_t *timer)
{
	struct events *events = timer->data;
	struct sending *s, *next;

	DL_FOREACH_SAFE (events->queue, s, next)
		if (!s->id)
			send_now(s);
}

static void on_sent(const struct kl_client_answer *answer, void *arg)
{
	struct sending *s = arg;
	bool temporary = answer->http == 0 || answer->http >= 500 || answer->http == 429;

	s->id = 0;
	if (temporary && ++s->tries < MAX_TRIES) {
		if (!uv_is_active((uv_handle_t *)&s->events->timer))
			uv_timer_start(&s->events->timer, on_retry, RETRY_MS, 0);
		return;
	}
	if (answer->http >= 400)
		kl_debug("event not taken: %s", answer->err.text);
	sending_free(s);
}

static void send_now(struct sending *s)
{
	const struct kl_pods_options *opt = &s->events->pods->opt;
	const struct kl_client_request request = {.method = s->method,
		.path = s->path,
		.body = s->body,
		.body_len = strlen(s->body),
		.content_type = s->content_type};

	s->id = opt->ops->send(opt->ops_arg, &request, on_sent, s);
}

static void enqueue(struct events *events, const char *method, char *path, char *body, const char *content_type)
{
	struct sending *s = kl_calloc(1, sizeof(*s));

	*s = (struct sending){.events = events,
		.method = kl_strdup(method),
		.path = path,
		.body = body,
		.content_type = content_type};
	DL_APPEND(events->queue, s);
	if (++events->queued > MAX_SENDING)
		sending_free(s);
	else
		send_now(s);
}

struct events *events_new(struct kl_pods *pods)
{
	struct events *events = kl_calloc(1, sizeof(*events));

	events->pods = pods;
	events->serial = (uint64_t)kl_realtime_ms() * 1000;
	uv_timer_init(pods->loop, &events->timer);
	events->timer.data = events;
	return events;
}

static void known_free(struct events *events, struct known *known)
{
	HASH_DEL(events->known, known);
	free(known->key);
	free(known->name);
	free(known->uid);
	free(known);
}

void events_forget(struct events *events, const char *uid)
{
	struct known *known, *next;

	HASH_ITER (hh, events->known, known, next)
		if (!strcmp(known->uid, uid))
			known_free(events, known);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void events_free(struct events *events)
{
	const struct kl_pods_options *opt = &events->pods->opt;
	struct known *known, *next;

	while (events->queue) {
		if (events->queue->id)
			opt->ops->cancel(opt->ops_arg, events->queue->id);
		sending_free(events->queue);
	}
	HASH_ITER (hh, events->known, known, next)
		known_free(events, known);
	uv_close((uv_handle_t *)&events->timer, on_closed);
}

static void bump(struct events *events, const struct kl_pod *pod, struct known *known)
{
	char now[KL_TIME_TEXT];

	known->count++;
	kl_time_now(now);
	enqueue(events, "PATCH", kl_asprintf("/api/v1/namespaces/%s/events/%s", pod->ns, known->name),
		kl_asprintf("{\"count\":%d,\"lastTimestamp\":\"%s\"}", known->count, now),
		"application/merge-patch+json");
}

static json_t *involved(const struct kl_pod *pod, const char *container)
{
	json_t *ref = json_pack("{s:s,s:s,s:s,s:s,s:s}", "kind", "Pod", "apiVersion", "v1", "namespace", pod->ns,
		"name", pod->name, "uid", pod->uid);
	static const char *const lists[] = {"initContainers", "containers", "ephemeralContainers"};
	const char *list = lists[KIND_APP];

	for (size_t i = 0; container && i < pod->count; i++)
		if (!strcmp(pod->containers[i]->name, container))
			list = lists[pod->containers[i]->kind];
	if (container)
		json_object_set_new(ref, "fieldPath", json_sprintf("spec.%s{%s}", list, container));
	json_object_set_new(
		ref, "resourceVersion", json_string(kl_json_str(pod->object, "metadata", "resourceVersion", NULL)));
	return ref;
}

static void create(struct events *events, const struct kl_pod *pod, const char *container, const char *type,
	const char *reason, const char *message, struct known *known)
{
	char now[KL_TIME_TEXT];

	kl_time_now(now);
	kl_autojson *event = json_pack("{s:s,s:s,s:{s:s,s:s},s:o,s:s,s:s,s:{s:s,s:s},s:s,s:s,s:i,s:s,s:s,s:s}",
		"apiVersion", "v1", "kind", "Event", "metadata", "name", known->name, "namespace", pod->ns,
		"involvedObject", involved(pod, container), "reason", reason, "message", message, "source", "component",
		"kubelet", "host", events->pods->opt.node_name, "firstTimestamp", now, "lastTimestamp", now, "count", 1,
		"type", type, "reportingComponent", "kubelet", "reportingInstance", events->pods->opt.node_name);
	if (event)
		enqueue(events, "POST", kl_asprintf("/api/v1/namespaces/%s/events", pod->ns), kl_json_text(event),
			NULL);
}

void pod_event(struct kl_pod *pod, const char *container, const char *type, const char *reason, const char *fmt, ...)
{
	struct events *events = pod->pods->events;
	struct known *known;
	va_list args;

	if (pod->freed)
		return;
	va_start(args, fmt);
	kl_autofree char *full = kl_vasprintf(fmt, args);
	va_end(args);
	kl_autofree char *message = kl_strndup(full, MAX_MESSAGE);
	kl_autofree char *key = kl_asprintf("%s|%s|%s|%s", pod->uid, container ? container : "", reason, message);
	kl_info("pod %s/%s%s%s: %s: %s", pod->ns, pod->name, container ? " " : "", container ? container : "", reason,
		message);
	HASH_FIND_STR(events->known, key, known);
	if (known) {
		bump(events, pod, known);
		return;
	}
	if (HASH_COUNT(events->known) >= MAX_KNOWN)
		known_free(events, events->known); /* the oldest: uthash keeps the order of insertion */
	known = kl_calloc(1, sizeof(*known));
	known->key = kl_take(&key);
	known->uid = kl_strdup(pod->uid);
	known->count = 1;
	known->name = kl_asprintf("%.200s.%llx", pod->name, (unsigned long long)++events->serial);
	HASH_ADD_KEYPTR(hh, events->known, known->key, strlen(known->key), known);
	create(events, pod, container, type, reason, message, known);
}
