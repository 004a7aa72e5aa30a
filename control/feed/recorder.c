#include "recorder.h"

#include "clock.h"
#include "log.h"
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <uthash.h>

enum {
	PENDING_MAX = 512,
	REMEMBERED_MAX = 4096,
	BURST = 25,
	REFILL_MS = 300 * 1000,
	MESSAGE_MAX = 1024, /* upstream's bound of an Event's note */
};

/* One Event object, so that the next of its like only raises its count. */
struct remembered {
	char *key; /* component, object, type, reason, message */
	char *ns, *name;
	int64_t count, first_ms;
	UT_hash_handle hh; /* in order of the last use: the head is the oldest */
};

/* How much one object may still say. */
struct budget {
	char *uid;
	int tokens;
	int64_t refilled_ms;
	UT_hash_handle hh;
};

struct pending {
	json_t *object; /* a new Event; NULL: a patch */
	char *ns, *name, *patch;
};

struct kl_recorder {
	struct kl_registry *registry;
	const struct kl_user *user;
	const struct kl_kind *kind;
	struct remembered *remembered;
	struct budget *budgets;
	struct pending pending[PENDING_MAX];
	size_t count;
	uint64_t dropped, failed;
};

static void remembered_free(struct kl_recorder *rec, struct remembered *r)
{
	HASH_DELETE(hh, rec->remembered, r);
	free(r->key);
	free(r->ns);
	free(r->name);
	free(r);
}

static void budget_free(struct kl_recorder *rec, struct budget *budget)
{
	HASH_DELETE(hh, rec->budgets, budget);
	free(budget->uid);
	free(budget);
}

static bool spend(struct kl_recorder *rec, const char *uid, int64_t now_ms)
{
	struct budget *budget;
	HASH_FIND_STR(rec->budgets, uid, budget);
	if (!budget) {
		if (HASH_COUNT(rec->budgets) >= REMEMBERED_MAX)
			budget_free(rec, rec->budgets);
		budget = kl_calloc(1, sizeof(*budget));
		budget->uid = kl_strdup(uid);
		budget->tokens = BURST;
		budget->refilled_ms = now_ms;
		HASH_ADD_KEYPTR(hh, rec->budgets, budget->uid, strlen(budget->uid), budget);
	}
	int64_t refills = (now_ms - budget->refilled_ms) / REFILL_MS;
	if (refills > 0) {
		budget->tokens = refills > BURST - budget->tokens ? BURST : budget->tokens + (int)refills;
		budget->refilled_ms += refills * REFILL_MS;
	}
	return budget->tokens > 0 && budget->tokens--;
}

static struct pending *pending_next(struct kl_recorder *rec)
{
	if (rec->count == PENDING_MAX) {
		rec->dropped++;
		return NULL;
	}
	struct pending *p = &rec->pending[rec->count++];
	*p = (struct pending){0};
	return p;
}

static struct remembered *remember(struct kl_recorder *rec, const char *key, const char *ns, const char *object_name)
{
	uint64_t random_bits = 0;
	struct remembered *r = kl_calloc(1, sizeof(*r));
	if (HASH_COUNT(rec->remembered) >= REMEMBERED_MAX)
		remembered_free(rec, rec->remembered);
	if (getrandom(&random_bits, sizeof(random_bits), 0) < 0)
		random_bits = (uint64_t)kl_monotonic_ns();
	r->key = kl_strdup(key);
	r->ns = kl_strdup(ns);
	r->name = kl_asprintf("%.220s.%016llx", object_name, (unsigned long long)random_bits);
	HASH_ADD_KEYPTR(hh, rec->remembered, r->key, strlen(r->key), r);
	return r;
}

static json_t *event_json(const struct remembered *r, const char *component, const struct kl_event_object *about,
	const char *type, const char *reason, const char *message)
{
	char time[KL_TIME_TEXT];
	kl_time_format(r->first_ms / 1000, time);
	json_t *event = json_pack("{s:s,s:s,s:{s:s,s:s},s:s,s:s,s:s,s:s,s:s,s:I,s:{s:s},s:s,s:s}", "apiVersion", "v1",
		"kind", "Event", "metadata", "name", r->name, "namespace", r->ns, "type", type, "reason", reason,
		"message", message, "firstTimestamp", time, "lastTimestamp", time, "count", (json_int_t)r->count,
		"source", "component", component, "reportingComponent", component, "reportingInstance", "");
	if (!event)
		return NULL; /* words that are not UTF-8 */
	json_t *involved = json_pack("{s:s,s:s,s:s,s:s}", "apiVersion", about->api_version, "kind", about->kind, "name",
		about->name, "uid", about->uid);
	if (about->ns && *about->ns)
		json_object_set_new(involved, "namespace", json_string(about->ns));
	json_object_set_new(event, "involvedObject", involved);
	json_object_set_new(event, "eventTime", json_null());
	return event;
}

static char *count_patch(const struct remembered *r, int64_t now_ms)
{
	char time[KL_TIME_TEXT];
	kl_time_format(now_ms / 1000, time);
	return kl_asprintf("{\"count\":%lld,\"lastTimestamp\":\"%s\"}", (long long)r->count, time);
}

static void say(struct kl_recorder *rec, const char *component, const struct kl_event_object *about, const char *type,
	const char *reason, const char *message)
{
	struct remembered *r;
	const char *ns = about->ns && *about->ns ? about->ns : "default";
	int64_t now_ms = kl_realtime_ms();
	kl_autofree char *key =
		kl_asprintf("%s|%s|%s|%s|%s|%s|%s", component, about->kind, ns, about->uid, type, reason, message);
	struct pending *p = spend(rec, about->uid, now_ms) ? pending_next(rec) : NULL;
	if (!p)
		return;
	HASH_FIND_STR(rec->remembered, key, r);
	if (r) {
		HASH_DELETE(hh, rec->remembered, r);
		HASH_ADD_KEYPTR(hh, rec->remembered, r->key, strlen(r->key), r);
		r->count++;
		p->patch = count_patch(r, now_ms);
	} else {
		r = remember(rec, key, ns, about->name);
		r->count = 1;
		r->first_ms = now_ms;
		p->object = event_json(r, component, about, type, reason, message);
		if (!p->object) {
			rec->count--;
			rec->dropped++;
			remembered_free(rec, r);
			return;
		}
	}
	p->ns = kl_strdup(r->ns);
	p->name = kl_strdup(r->name);
}

void kl_recorder_say(struct kl_recorder *rec, const char *component, const struct kl_event_object *about,
	const char *type, const char *reason, const char *fmt, ...)
{
	va_list args;
	char message[MESSAGE_MAX];
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	say(rec, component, about, type, reason, message);
}

bool kl_recorder_pending(const struct kl_recorder *rec)
{
	return rec->count > 0;
}

static struct kl_request request_of(const struct kl_recorder *rec, const struct pending *p)
{
	struct kl_request request = {.kind = rec->kind,
		.ns = p->ns,
		.user = rec->user,
		.grace_period_s = -1,
		.user_agent = "keelson",
		.field_manager = "keelson"};
	if (p->object) {
		request.verb = KL_CREATE;
		request.object = p->object;
	} else {
		request.verb = KL_PATCH;
		request.name = p->name;
		request.patch_type = KL_PATCH_MERGE;
		request.body = p->patch;
		request.body_len = strlen(p->patch);
	}
	return request;
}

static void forget_named(struct kl_recorder *rec, const char *ns, const char *name)
{
	struct remembered *r, *next;
	HASH_ITER (hh, rec->remembered, r, next) {
		if (!strcmp(r->name, name) && !strcmp(r->ns, ns))
			remembered_free(rec, r);
	}
}

static void pending_release(struct kl_recorder *rec)
{
	for (size_t i = 0; i < rec->count; i++) {
		json_decref(rec->pending[i].object);
		free(rec->pending[i].ns);
		free(rec->pending[i].name);
		free(rec->pending[i].patch);
	}
	rec->count = 0;
}

void kl_recorder_flush(struct kl_recorder *rec)
{
	if (!rec->count)
		return;
	kl_autofree struct kl_request *requests = kl_calloc(rec->count, sizeof(*requests));
	kl_autofree struct kl_response *responses = kl_calloc(rec->count, sizeof(*responses));
	for (size_t i = 0; i < rec->count; i++)
		requests[i] = request_of(rec, &rec->pending[i]);
	kl_registry_do_many(rec->registry, requests, responses, rec->count);
	for (size_t i = 0; i < rec->count; i++) {
		if (responses[i].status.code) {
			rec->failed++;
			kl_debug("event: %s", responses[i].status.message ? responses[i].status.message : "failed");
			forget_named(rec, rec->pending[i].ns, rec->pending[i].name);
		}
		kl_response_release(&responses[i]);
	}
	pending_release(rec);
}

struct kl_recorder *kl_recorder_new(struct kl_registry *registry, const struct kl_user *user)
{
	struct kl_recorder *rec = kl_calloc(1, sizeof(*rec));
	rec->registry = registry;
	rec->user = user;
	rec->kind = kl_kind_named("", "Event");
	return rec;
}

void kl_recorder_free(struct kl_recorder *rec)
{
	struct remembered *r, *next;
	struct budget *b, *next_budget;
	if (!rec)
		return;
	pending_release(rec);
	HASH_ITER (hh, rec->remembered, r, next)
		remembered_free(rec, r);
	HASH_ITER (hh, rec->budgets, b, next_budget)
		budget_free(rec, b);
	free(rec);
}
