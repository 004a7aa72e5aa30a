#include "streamd.h"

#include "clock.h"
#include "compile.h"
#include "frame.h"
#include "kind.h"
#include "log.h"
#include "mem.h"
#include "streamd_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#define SERVICE_NAME_LABEL "kubernetes.io/service-name"
#define ZONE_LABEL         "topology.kubernetes.io/zone"

enum { DEFAULT_LOG = 8192, DEFAULT_HEARTBEAT_MS = 3000, TAKE = 64, NICE = -5 };

/* --- the Services and slices there are, by "namespace/name" of the Service; objects are references */

struct service_cache {
	UT_hash_handle hh;
	char *owner;
	struct kl_object *service; /* NULL: slices without their Service yet */
	struct kl_object **slices;
	size_t slice_count;
	bool dirty;
};

static struct service_cache *cache_get(struct kl_streamd *streamd, const char *ns, const char *name)
{
	struct service_cache *entry = NULL;
	kl_autofree char *owner = kl_asprintf("%s/%s", ns, name);
	HASH_FIND_STR(streamd->cache, owner, entry);
	if (entry)
		return entry;
	entry = kl_calloc(1, sizeof(*entry));
	entry->owner = kl_take(&owner);
	HASH_ADD_KEYPTR(hh, streamd->cache, entry->owner, strlen(entry->owner), entry);
	return entry;
}

static void cache_free(struct kl_streamd *streamd, struct service_cache *entry)
{
	HASH_DEL(streamd->cache, entry);
	kl_object_unref(entry->service);
	for (size_t i = 0; i < entry->slice_count; i++)
		kl_object_unref(entry->slices[i]);
	free(entry->slices);
	free(entry->owner);
	free(entry);
}

static void cache_clear(struct kl_streamd *streamd)
{
	struct service_cache *entry, *next;
	HASH_ITER (hh, streamd->cache, entry, next)
		cache_free(streamd, entry);
}

/* labels are packed as "key\0value\0…\0". */
static const char *label_of(const struct kl_object *object, const char *wanted)
{
	for (const char *key = object->labels; key && *key;) {
		const char *value = key + strlen(key) + 1;
		if (!strcmp(key, wanted))
			return value;
		key = value + strlen(value) + 1;
	}
	return NULL;
}

static const char *service_name_of(const struct kl_object *slice)
{
	return label_of(slice, SERVICE_NAME_LABEL);
}

static void slice_remove(struct kl_streamd *streamd, const struct kl_object *slice)
{
	const char *service = service_name_of(slice);
	if (!service)
		return;
	struct service_cache *entry = cache_get(streamd, slice->ns, service);
	for (size_t i = 0; i < entry->slice_count; i++) {
		if (strcmp(entry->slices[i]->name, slice->name))
			continue;
		kl_object_unref(entry->slices[i]);
		entry->slices[i] = entry->slices[--entry->slice_count];
		entry->dirty = true;
		return;
	}
}

static void slice_add(struct kl_streamd *streamd, struct kl_object *slice)
{
	const char *service = service_name_of(slice);
	if (!service)
		return;
	struct service_cache *entry = cache_get(streamd, slice->ns, service);
	entry->slices = kl_reallocarray(entry->slices, entry->slice_count + 1, sizeof(struct kl_object *));
	entry->slices[entry->slice_count++] = kl_object_ref(slice);
	entry->dirty = true;
}

static void service_set(struct kl_streamd *streamd, const struct kl_object *object, struct kl_object *now)
{
	struct service_cache *entry = cache_get(streamd, object->ns, object->name);
	kl_object_unref(entry->service);
	entry->service = now ? kl_object_ref(now) : NULL;
	entry->dirty = true;
}

static void on_service(struct kl_streamd *streamd, const struct kl_event *event)
{
	service_set(streamd, event->obj, event->type == KL_EVENT_DELETED ? NULL : event->obj);
}

static void on_slice(struct kl_streamd *streamd, const struct kl_event *event)
{
	if (event->prev)
		slice_remove(streamd, event->prev);
	slice_remove(streamd, event->obj);
	if (event->type != KL_EVENT_DELETED)
		slice_add(streamd, event->obj);
}

/* --- nodes: their addresses and zones */

static struct kl_node_info *node_info(const struct kl_object *object)
{
	kl_autojson *json = kl_object_parse(object);
	struct kl_node_info *node = kl_node_info_new(object->name, label_of(object, ZONE_LABEL));
	size_t i;
	json_t *item;
	json_array_foreach (kl_json_get(json, "status", "addresses", NULL), i, item) {
		struct kl_addr addr;
		const char *type = kl_json_str(item, "type", NULL);
		if ((!strcmp(type, "InternalIP") || !strcmp(type, "ExternalIP")) &&
			!kl_addr_parse(kl_json_str(item, "address", NULL), &addr))
			kl_node_info_add(node, &addr);
	}
	return node;
}

static void on_node(struct kl_streamd *streamd, const struct kl_event *event)
{
	struct kl_node_info *node = event->type == KL_EVENT_DELETED ? NULL : node_info(event->obj);
	pthread_mutex_lock(&streamd->lock);
	if (node)
		streamd->nodes_changed |= kl_ledger_node(streamd->ledger, node);
	else
		kl_ledger_node_gone(streamd->ledger, event->obj->name);
	streamd->nodes_changed |= !node;
	pthread_mutex_unlock(&streamd->lock);
}

/* --- compiling */

static void compile(struct service_cache *entry, struct kl_service ***ret, size_t *ret_count)
{
	*ret = NULL;
	*ret_count = 0;
	if (!entry->service)
		return;
	kl_autojson *service = kl_object_parse(entry->service);
	json_t **slices = kl_calloc(entry->slice_count + 1, sizeof(*slices));
	for (size_t i = 0; i < entry->slice_count; i++)
		slices[i] = kl_object_parse(entry->slices[i]);
	kl_compile_service(service, (const json_t *const *)slices, entry->slice_count, ret, ret_count);
	for (size_t i = 0; i < entry->slice_count; i++)
		json_decref(slices[i]);
	free(slices);
}

static void wake_clients(struct kl_streamd *streamd)
{
	struct stream_client *client;
	DL_FOREACH (streamd->clients, client)
		kl_http_stream_wake(client->stream);
}

static void compile_dirty(struct kl_streamd *streamd)
{
	struct service_cache *entry, *next;
	size_t changes = 0;
	HASH_ITER (hh, streamd->cache, entry, next) {
		struct kl_service **services;
		size_t count;
		if (!entry->dirty)
			continue;
		entry->dirty = false;
		compile(entry, &services, &count);
		pthread_mutex_lock(&streamd->lock);
		changes += kl_ledger_update(streamd->ledger, entry->owner, services, count);
		pthread_mutex_unlock(&streamd->lock);
		free(services);
		if (!entry->service && !entry->slice_count)
			cache_free(streamd, entry);
	}
	pthread_mutex_lock(&streamd->lock);
	if (changes || streamd->nodes_changed)
		wake_clients(streamd);
	streamd->nodes_changed = false;
	pthread_mutex_unlock(&streamd->lock);
}

/* --- watching */

static void on_notify(void *arg)
{
	struct kl_streamd *streamd = arg;
	pthread_mutex_lock(&streamd->lock);
	streamd->events = true;
	pthread_cond_signal(&streamd->wake);
	pthread_mutex_unlock(&streamd->lock);
}

static int watch_from_list(struct kl_streamd *streamd, const struct kl_kind *kind, struct kl_watch **watch,
	void (*each)(struct kl_streamd *streamd, const struct kl_event *event))
{
	struct kl_object_list list;
	kl_store_list(streamd->store, kind, NULL, &list);
	for (size_t i = 0; i < list.count; i++) {
		struct kl_event event = {.type = KL_EVENT_ADDED, .obj = list.items[i]};
		each(streamd, &event);
	}
	int failed = kl_store_watch(streamd->store, kind, NULL, list.rv, watch);
	kl_object_list_release(&list);
	if (failed)
		return failed;
	kl_watch_notify(*watch, on_notify, streamd);
	return 0;
}

struct owner_list {
	char **names;
	size_t count;
};

static void remember_owner(const char *owner, void *arg)
{
	struct owner_list *list = arg;
	list->names = kl_reallocarray(list->names, list->count + 1, sizeof(char *));
	list->names[list->count++] = kl_strdup(owner);
}

/* The store is asked without our lock: its writer takes it while it holds its own. */
static void forget_absent_nodes(struct kl_streamd *streamd)
{
	struct owner_list nodes = {0};
	pthread_mutex_lock(&streamd->lock);
	kl_ledger_nodes(streamd->ledger, remember_owner, &nodes);
	pthread_mutex_unlock(&streamd->lock);
	for (size_t i = 0; i < nodes.count; i++) {
		struct kl_object *object = kl_store_get(streamd->store, streamd->node_kind, "", nodes.names[i]);
		pthread_mutex_lock(&streamd->lock);
		if (!object)
			kl_ledger_node_gone(streamd->ledger, nodes.names[i]);
		pthread_mutex_unlock(&streamd->lock);
		kl_object_unref(object);
		free(nodes.names[i]);
	}
	free(nodes.names);
}

/* After a gap: what the ledger has and the store has not any more is gone. */
static void forget_absent(struct kl_streamd *streamd)
{
	struct owner_list owners = {0};
	forget_absent_nodes(streamd);
	pthread_mutex_lock(&streamd->lock);
	kl_ledger_owners(streamd->ledger, remember_owner, &owners);
	for (size_t i = 0; i < owners.count; i++) {
		struct service_cache *entry = NULL;
		HASH_FIND_STR(streamd->cache, owners.names[i], entry);
		if (!entry)
			kl_ledger_update(streamd->ledger, owners.names[i], NULL, 0);
		free(owners.names[i]);
	}
	pthread_mutex_unlock(&streamd->lock);
	free(owners.names);
}

static int start_watching(struct kl_streamd *streamd)
{
	kl_watch_close(kl_take(&streamd->services));
	kl_watch_close(kl_take(&streamd->slices));
	kl_watch_close(kl_take(&streamd->node_watch));
	cache_clear(streamd);
	int failed = watch_from_list(streamd, streamd->node_kind, &streamd->node_watch, on_node);
	if (!failed)
		failed = watch_from_list(streamd, streamd->service_kind, &streamd->services, on_service);
	if (!failed)
		failed = watch_from_list(streamd, streamd->slice_kind, &streamd->slices, on_slice);
	if (failed)
		return failed;
	forget_absent(streamd);
	compile_dirty(streamd);
	return 0;
}

/* Events taken, or a negative error: list again. */
static int take(struct kl_streamd *streamd, struct kl_watch *watch,
	void (*each)(struct kl_streamd *streamd, const struct kl_event *event))
{
	struct kl_event events[TAKE];
	int count = kl_watch_take(watch, events, TAKE);
	for (int i = 0; i < count; i++) {
		each(streamd, &events[i]);
		kl_event_release(&events[i]);
	}
	return count;
}

static void take_all(struct kl_streamd *streamd)
{
	int services, slices, nodes;
	do {
		nodes = take(streamd, streamd->node_watch, on_node);
		services = take(streamd, streamd->services, on_service);
		slices = take(streamd, streamd->slices, on_slice);
		if (services < 0 || slices < 0 || nodes < 0) {
			kl_warn("endpoint stream: fell behind the store, listing again");
			if (start_watching(streamd))
				kl_error("endpoint stream: cannot watch the store");
			return;
		}
		compile_dirty(streamd);
	} while (services || slices || nodes);
}

static void heartbeat(struct kl_streamd *streamd)
{
	struct stream_client *client;
	DL_FOREACH (streamd->clients, client)
		client->heartbeat_due = true;
	wake_clients(streamd);
}

static void add_ms(struct timespec *time, unsigned ms)
{
	time->tv_sec += ms / 1000;
	time->tv_nsec += (long)(ms % 1000) * 1000000;
	if (time->tv_nsec >= 1000000000) {
		time->tv_nsec -= 1000000000;
		time->tv_sec++;
	}
}

static void *run(void *arg)
{
	struct kl_streamd *streamd = arg;
	struct timespec next;
	kl_log_set_component("stream");
	/* Nodes wait for what it says; it is idle nearly always. Not allowed, it goes on as it is. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&streamd->lock);
	while (!streamd->stop) {
		bool late = false;
		while (!streamd->stop && !streamd->events && !late)
			late = pthread_cond_timedwait(&streamd->wake, &streamd->lock, &next) == ETIMEDOUT;
		bool events = streamd->events;
		streamd->events = false;
		if (late) {
			heartbeat(streamd);
			clock_gettime(CLOCK_MONOTONIC, &next);
			add_ms(&next, streamd->heartbeat_ms);
		}
		pthread_mutex_unlock(&streamd->lock);
		if (events)
			take_all(streamd);
		pthread_mutex_lock(&streamd->lock);
	}
	pthread_mutex_unlock(&streamd->lock);
	return NULL;
}

static struct kl_streamd *streamd_alloc(struct kl_store *store, const struct kl_streamd_options *options)
{
	struct kl_streamd *streamd = kl_calloc(1, sizeof(*streamd));
	pthread_condattr_t attr;
	uint64_t epoch = 0;
	if (getrandom(&epoch, sizeof(epoch), 0) != sizeof(epoch))
		epoch = (uint64_t)kl_monotonic_ns();
	epoch >>= 12; /* so that JSON's doubles carry it exactly */
	streamd->store = store;
	streamd->heartbeat_ms = options && options->heartbeat_ms ? options->heartbeat_ms : DEFAULT_HEARTBEAT_MS;
	streamd->ledger = kl_ledger_new(epoch | 1, options && options->log_events ? options->log_events : DEFAULT_LOG);
	streamd->service_kind = kl_kind_named("", "Service");
	streamd->slice_kind = kl_kind_named("discovery.k8s.io", "EndpointSlice");
	streamd->node_kind = kl_kind_named("", "Node");
	pthread_mutex_init(&streamd->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&streamd->wake, &attr);
	pthread_condattr_destroy(&attr);
	return streamd;
}

static void streamd_release(struct kl_streamd *streamd)
{
	struct stream_node *node, *next;
	kl_watch_close(streamd->services);
	kl_watch_close(streamd->slices);
	kl_watch_close(streamd->node_watch);
	cache_clear(streamd);
	kl_ledger_free(streamd->ledger);
	HASH_ITER (hh, streamd->nodes, node, next) {
		HASH_DEL(streamd->nodes, node);
		free(node->name);
		free(node);
	}
	pthread_cond_destroy(&streamd->wake);
	pthread_mutex_destroy(&streamd->lock);
	free(streamd);
}

int kl_streamd_new(struct kl_store *store, struct kl_httpd *httpd, const struct kl_streamd_options *options,
	struct kl_streamd **ret, struct kl_err *err)
{
	struct kl_streamd *streamd = streamd_alloc(store, options);
	int failed = start_watching(streamd);
	if (failed) {
		streamd_release(streamd);
		return kl_fail(err, -failed, "watch Services, EndpointSlices and Nodes");
	}
	failed = pthread_create(&streamd->thread, NULL, run, streamd);
	if (failed) {
		streamd_release(streamd);
		return kl_fail(err, failed, "start the endpoint stream's thread");
	}
	kl_httpd_route(httpd, "/keelson/v1/stream", kl_streamd_handle, streamd);
	kl_prom_register(kl_streamd_write_figures, streamd);
	*ret = streamd;
	return 0;
}

void kl_streamd_free(struct kl_streamd *streamd)
{
	if (!streamd)
		return;
	kl_prom_unregister(kl_streamd_write_figures, streamd);
	pthread_mutex_lock(&streamd->lock);
	streamd->stop = true;
	pthread_cond_signal(&streamd->wake);
	pthread_mutex_unlock(&streamd->lock);
	pthread_join(streamd->thread, NULL);
	streamd_release(streamd);
}
