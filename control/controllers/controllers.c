#include "ctl.h"

#include "owned.h"
#include "prom.h"
#include "queue.h"

#include <pthread.h>

enum { WRITES_AT_ONCE = 1024, IDLE_MS = 60000 };

static const char *const groups[] = {"system:masters", NULL};
static const struct kl_user user = {"system:kube-controller-manager", groups};

static const struct controller *const table[CTL_COUNT] = {
	[CTL_DEPLOYMENT] = &deployment_controller,
	[CTL_REPLICASET] = &replicaset_controller,
	[CTL_REPLICATION] = &replication_controller,
	[CTL_STATEFULSET] = &statefulset_controller,
	[CTL_DAEMONSET] = &daemonset_controller,
	[CTL_JOB] = &job_controller,
	[CTL_CRONJOB] = &cronjob_controller,
	[CTL_VOLUME] = &volume_controller,
	[CTL_DISRUPTION] = &disruption_controller,
	[CTL_ENDPOINTS] = &endpoints_controller,
	[CTL_NODE] = &node_controller,
	[CTL_EVICTION] = &eviction_controller,
	[CTL_NODE_IPAM] = &node_ipam_controller,
	[CTL_POD_GC] = &pod_gc_controller,
	[CTL_NAMESPACE] = &namespace_controller,
	[CTL_GC] = &gc_controller,
	[CTL_SERVICEACCOUNT] = &serviceaccount_controller,
	[CTL_EVENT_TTL] = &event_ttl_controller,
	[CTL_SERVICE] = &service_controller,
	[CTL_MIRROR] = &mirror_controller,
	[CTL_CSR] = &csr_controller,
	[CTL_TOKEN_TTL] = &token_ttl_controller,
	[CTL_DNS] = &dns_controller,
};

/* --- queues */

void ctl_enqueue(struct kl_controllers *c, enum controller_id id, const char *key)
{
	queue_add(c->queues[id], key, 0);
}

void ctl_enqueue_object(struct kl_controllers *c, enum controller_id id, const struct kl_object *obj)
{
	kl_autofree char *key = kl_asprintf("%s/%s", obj->ns, obj->name);
	ctl_enqueue(c, id, key);
}

void ctl_enqueue_after(struct kl_controllers *c, enum controller_id id, const char *key, int64_t delay_ms)
{
	queue_add(c->queues[id], key, kl_monotonic_ms() + (delay_ms > 0 ? delay_ms : 1));
}

unsigned ctl_failures(struct kl_controllers *c, enum controller_id id, const char *key)
{
	return queue_failures(c->queues[id], key);
}

struct ctl_key ctl_key_split(const char *key)
{
	char *copy = kl_strdup(key), *slash = strchr(copy, '/');
	if (slash)
		*slash++ = 0;
	return (struct ctl_key){copy, slash};
}

void ctl_key_release(struct ctl_key *key)
{
	free(key->ns);
}

json_t *ctl_load(struct kl_controllers *c, const struct kl_kind *kind, const char *key)
{
	ctl_autokey at = ctl_key_split(key);
	const struct kl_object *obj = at.name ? kl_feed_get(c->feed, kind, at.ns, at.name) : NULL;
	return obj ? kl_object_parse(obj) : NULL;
}

void ctl_event(struct kl_controllers *c, enum controller_id id, const json_t *about, const char *type,
	const char *reason, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	kl_autofree char *message = kl_vasprintf(fmt, args);
	va_end(args);
	struct kl_event_object object = {kl_json_str(about, "apiVersion", NULL), kl_json_str(about, "kind", NULL),
		meta_str(about, "namespace"), meta_str(about, "name"), meta_str(about, "uid")};
	kl_recorder_say(c->recorder, table[id]->name, &object, type, reason, "%s", message);
}

/* --- writes */

struct pending_write {
	struct ctl_write w; /* its texts are ours */
	char *body;
};

static char *copy(const char *text)
{
	return text ? kl_strdup(text) : NULL;
}

void ctl_write(struct kl_controllers *c, const struct ctl_write *write)
{
	if (c->write_count == c->write_size) {
		c->write_size = c->write_size ? c->write_size * 2 : 64;
		c->writes = kl_reallocarray(c->writes, c->write_size, sizeof(*c->writes));
	}
	struct pending_write *p = &c->writes[c->write_count++];
	*p = (struct pending_write){.w = *write};
	p->w.key = copy(write->key);
	p->w.ns = copy(write->ns);
	p->w.name = copy(write->name);
	p->w.uid = copy(write->uid);
	p->w.note = copy(write->note);
	if (write->patch)
		p->body = kl_json_text(write->patch);
}

static void pending_release(struct pending_write *p)
{
	free((char *)(uintptr_t)p->w.key);
	free((char *)(uintptr_t)p->w.ns);
	free((char *)(uintptr_t)p->w.name);
	free((char *)(uintptr_t)p->w.uid);
	free((char *)(uintptr_t)p->w.note);
	json_decref(p->w.object);
	json_decref(p->w.patch);
	free(p->body);
}

void ctl_update(struct kl_controllers *c, enum controller_id id, const char *key, const struct kl_kind *kind,
	const char *subresource, json_t *object)
{
	ctl_write(c, &(struct ctl_write){.id = id,
			     .key = key,
			     .verb = KL_UPDATE,
			     .kind = kind,
			     .subresource = subresource,
			     .ns = meta_str(object, "namespace"),
			     .name = meta_str(object, "name"),
			     .object = object});
}

void ctl_create(struct kl_controllers *c, enum controller_id id, const char *key, const struct kl_kind *kind,
	json_t *object, ctl_done *done)
{
	ctl_write(c, &(struct ctl_write){.id = id,
			     .key = key,
			     .verb = KL_CREATE,
			     .kind = kind,
			     .ns = meta_str(object, "namespace"),
			     .object = object,
			     .done = done});
}

static struct kl_request request_of(const struct pending_write *p)
{
	const struct ctl_write *w = &p->w;
	return (struct kl_request){.verb = w->verb,
		.kind = w->kind,
		.ns = w->ns,
		.name = w->name,
		.subresource = w->subresource,
		.user = &user,
		.user_agent = "kube-controller-manager",
		.field_manager = "kube-controller-manager",
		.object = w->object,
		.body = p->body,
		.body_len = p->body ? strlen(p->body) : 0,
		.patch_type = w->patch_type,
		.propagation = w->propagation,
		.grace_period_s = w->verb == KL_DELETE ? w->grace_period_s : -1,
		.precondition_uid = w->uid,
		.field_validation = KL_VALIDATE_IGNORE};
}

/* What the write left behind, shown to the feed before its event comes. */
static void observe(struct kl_controllers *c, const struct ctl_write *w, const struct kl_response *response)
{
	if (w->verb != KL_DELETE) {
		if (response->object)
			kl_feed_observe(c->feed, response->object);
		return;
	}
	kl_cleanup(kl_cleanup_object) struct kl_object *left = kl_store_get(c->store, w->kind, w->ns, w->name);
	if (left)
		kl_feed_observe(c->feed, left);
	else if (w->uid)
		kl_feed_observe_gone(c->feed, w->kind, w->ns ? w->ns : "", w->name, w->uid);
}

static void finish(struct kl_controllers *c, const struct pending_write *p, const struct kl_response *response)
{
	const struct ctl_write *w = &p->w;
	int code = response->status.code;
	bool fine = !code || (code == 404 && w->verb != KL_CREATE); /* whatever it was about is gone */
	if (!code)
		observe(c, w, response);
	if (w->done)
		w->done(c, w, response);
	if (fine)
		return;
	queue_failed(c->queues[w->id], w->key, c->round, kl_monotonic_ms());
	kl_log(code == 409 ? KL_LOG_DEBUG : KL_LOG_WARN, "%s: %s of %s %s/%s: %s", table[w->id]->name,
		w->verb == KL_CREATE   ? "create"
		: w->verb == KL_DELETE ? "delete"
				       : "update",
		w->kind->plural, w->ns ? w->ns : "", w->name ? w->name : "",
		response->status.message ? response->status.message : "failed");
}

static void write_batch(struct kl_controllers *c, struct pending_write *writes, size_t count)
{
	kl_autofree struct kl_request *requests = kl_calloc(count, sizeof(*requests));
	kl_autofree struct kl_response *responses = kl_calloc(count, sizeof(*responses));
	for (size_t i = 0; i < count; i++)
		requests[i] = request_of(&writes[i]);
	kl_registry_do_many(c->registry, requests, responses, count);
	for (size_t i = 0; i < count; i++) {
		finish(c, &writes[i], &responses[i]);
		kl_response_release(&responses[i]);
	}
	for (size_t i = 0; i < count; i++) {
		queue_succeeded(c->queues[writes[i].w.id], writes[i].w.key, c->round);
		pending_release(&writes[i]);
	}
}

static void flush(struct kl_controllers *c)
{
	/* done callbacks may ask for more writes: those come in the next round. */
	struct pending_write *writes = kl_take(&c->writes);
	size_t count = c->write_count;
	c->write_count = c->write_size = 0;
	for (size_t at = 0; at < count; at += WRITES_AT_ONCE)
		write_batch(c, writes + at, count - at < WRITES_AT_ONCE ? count - at : WRITES_AT_ONCE);
	free(writes);
}

/* --- the thread */

/* True when a key of this controller asked for a write. */
static bool sync_one(struct kl_controllers *c, enum controller_id id, const char *key)
{
	size_t before = c->write_count;
	table[id]->sync(c, key);
	return c->write_count != before;
}

static bool run_ready(struct kl_controllers *c)
{
	bool any = false;
	int64_t now_ms = kl_monotonic_ms();
	c->round++;
	for (int id = 0; id < CTL_COUNT; id++) {
		char *key;
		while (c->write_count < WRITES_AT_ONCE && (key = queue_take(c->queues[id], now_ms))) {
			any = true;
			if (!sync_one(c, (enum controller_id)id, key))
				queue_succeeded(c->queues[id], key, c->round);
			free(key);
		}
	}
	flush(c);
	return any;
}

static int until_next_ms(struct kl_controllers *c)
{
	int64_t now_ms = kl_monotonic_ms(), next_ms = now_ms + IDLE_MS;
	for (int id = 0; id < CTL_COUNT; id++) {
		int64_t due_ms = queue_next_ms(c->queues[id]);
		if (due_ms < next_ms)
			next_ms = due_ms;
	}
	return next_ms > now_ms ? (int)(next_ms - now_ms) : 0;
}

static void *run(void *arg)
{
	struct kl_controllers *c = arg;
	kl_log_set_component("controllers");
	while (!atomic_load(&c->stop)) {
		kl_feed_deliver(c->feed);
		if (run_ready(c))
			continue;
		kl_recorder_flush(c->recorder);
		kl_feed_wait(c->feed, until_next_ms(c));
	}
	flush(c);
	return NULL;
}

/* --- the public face */

static void set_kinds(struct kl_controllers *c)
{
	c->kinds.pod = kl_kind_named("", "Pod");
	c->kinds.rs = kl_kind_named("apps", "ReplicaSet");
	c->kinds.deployment = kl_kind_named("apps", "Deployment");
	c->kinds.service = kl_kind_named("", "Service");
	c->kinds.slice = kl_kind_named("discovery.k8s.io", "EndpointSlice");
	c->kinds.endpoints = kl_kind_named("", "Endpoints");
	c->kinds.node = kl_kind_named("", "Node");
	c->kinds.lease = kl_kind_named("coordination.k8s.io", "Lease");
	c->kinds.ns = kl_kind_named("", "Namespace");
	c->kinds.event = kl_kind_named("", "Event");
	c->kinds.configmap = kl_kind_named("", "ConfigMap");
	c->kinds.serviceaccount = kl_kind_named("", "ServiceAccount");
}

/* --- metrics, by upstream's names */

static void write_figures(struct kl_buf *buf, void *arg)
{
	const struct kl_controllers *c = arg;
	struct queue_figures figures[CTL_COUNT];
	const struct {
		const char *name, *help;
		enum kl_prom_type type;
		size_t offset;
	} families[] = {
		{"workqueue_depth", "Keys that are due, by controller.", KL_PROM_GAUGE,
			offsetof(struct queue_figures, depth)},
		{"workqueue_adds_total", "Keys added, by controller.", KL_PROM_COUNTER,
			offsetof(struct queue_figures, adds)},
		{"workqueue_retries_total", "Keys put back because a write failed, by controller.", KL_PROM_COUNTER,
			offsetof(struct queue_figures, retries)},
	};
	for (int id = 0; id < CTL_COUNT; id++)
		queue_figures(c->queues[id], &figures[id]);
	for (size_t i = 0; i < KL_ARRAY_LEN(families); i++) {
		kl_prom_family(buf, families[i].name, families[i].type, families[i].help);
		for (int id = 0; id < CTL_COUNT; id++) {
			uint64_t value;
			memcpy(&value, (const char *)&figures[id] + families[i].offset, sizeof(value));
			kl_prom_count(buf, families[i].name, value, "name", table[id]->name, NULL);
		}
	}
}

static void controllers_free(struct kl_controllers *c)
{
	for (size_t i = 0; i < c->write_count; i++)
		pending_release(&c->writes[i]);
	free(c->writes);
	for (int id = 0; id < CTL_COUNT; id++) {
		if (table[id]->release)
			table[id]->release(c);
		queue_free(c->queues[id]);
	}
	pods_release(c);
	owned_release(c);
	kl_recorder_free(c->recorder);
	kl_feed_free(c->feed);
	free((char *)(uintptr_t)c->options.cluster_cidr);
	free((char *)(uintptr_t)c->options.load_balancer_ranges);
	free((char *)(uintptr_t)c->options.root_ca_pem);
	free(c);
}

static int prepare(struct kl_controllers *c, struct kl_err *err)
{
	int rc = kl_feed_new(c->store, &c->feed, err);
	if (rc)
		return rc;
	pods_init(c);
	for (int id = 0; id < CTL_COUNT; id++)
		c->queues[id] = queue_new();
	for (int id = 0; id < CTL_COUNT; id++)
		table[id]->init(c);
	return kl_feed_sync(c->feed, err);
}

int kl_controllers_start(struct kl_registry *registry, const struct kl_controllers_options *options,
	struct kl_controllers **ret, struct kl_err *err)
{
	struct kl_controllers *c = kl_calloc(1, sizeof(*c));
	c->registry = registry;
	c->store = kl_registry_store(registry);
	c->options = *options;
	c->options.cluster_cidr = copy(options->cluster_cidr);
	c->options.load_balancer_ranges = copy(options->load_balancer_ranges);
	c->options.root_ca_pem = copy(options->root_ca_pem);
	c->recorder = kl_recorder_new(registry, &user);
	set_kinds(c);
	int rc = prepare(c, err);
	if (!rc)
		rc = -pthread_create(&c->thread, NULL, run, c);
	if (rc) {
		controllers_free(c);
		return rc;
	}
	kl_prom_register(write_figures, c);
	*ret = c;
	return 0;
}

void kl_controllers_stop(struct kl_controllers *c)
{
	kl_prom_unregister(write_figures, c);
	if (!c)
		return;
	atomic_store(&c->stop, true);
	kl_feed_wake(c->feed);
	pthread_join(c->thread, NULL);
	controllers_free(c);
}
