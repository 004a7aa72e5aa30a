/*
 * Garbage collection by ownerReferences. Whatever names an owner is remembered under that owner's uid; when an owner
 * goes, or begins to go with a finalizer, its dependents are looked at again. Whether an owner exists is asked of the
 * store itself, never of a memory that might be behind. Keys: "kind id/namespace/name".
 */
#include "ctl.h"

#include <stdio.h>

struct edge {
	struct dependent *dependent;
	char *owner_uid;
	bool blocks;
	struct edge *owner_prev, *owner_next; /* of the same owner */
	struct edge *next;                    /* of the same dependent */
};

struct dependent {
	char *key, *uid;
	struct edge *edges;
	UT_hash_handle hh;
};

struct owner {
	char *uid;
	struct edge *edges;
	UT_hash_handle hh;
};

struct graph {
	struct dependent *dependents;
	struct owner *owners;
};

static struct graph *graph_of(struct kl_controllers *c)
{
	return c->state[CTL_GC];
}

static char *key_of(const struct kl_object *obj)
{
	return kl_asprintf("%u/%s/%s", obj->kind->id, obj->ns, obj->name);
}

/* --- the graph */

static void edge_free(struct graph *graph, struct edge *edge)
{
	struct owner *owner;
	HASH_FIND_STR(graph->owners, edge->owner_uid, owner);
	DL_DELETE2(owner->edges, edge, owner_prev, owner_next);
	if (!owner->edges) {
		HASH_DELETE(hh, graph->owners, owner);
		free(owner->uid);
		free(owner);
	}
	free(edge->owner_uid);
	free(edge);
}

static void dependent_free(struct graph *graph, struct dependent *dependent)
{
	while (dependent->edges) {
		struct edge *edge = dependent->edges;
		dependent->edges = edge->next;
		edge_free(graph, edge);
	}
	HASH_DELETE(hh, graph->dependents, dependent);
	free(dependent->key);
	free(dependent->uid);
	free(dependent);
}

static void edge_add(struct graph *graph, struct dependent *dependent, const json_t *ref)
{
	struct owner *owner;
	struct edge *edge = kl_calloc(1, sizeof(*edge));
	edge->dependent = dependent;
	edge->owner_uid = kl_strdup(kl_json_str(ref, "uid", NULL));
	edge->blocks = kl_json_bool(ref, false, "blockOwnerDeletion", NULL);
	LL_PREPEND(dependent->edges, edge);
	HASH_FIND_STR(graph->owners, edge->owner_uid, owner);
	if (!owner) {
		owner = kl_calloc(1, sizeof(*owner));
		owner->uid = kl_strdup(edge->owner_uid);
		HASH_ADD_KEYPTR(hh, graph->owners, owner->uid, strlen(owner->uid), owner);
	}
	DL_APPEND2(owner->edges, edge, owner_prev, owner_next);
}

static struct edge *edges_of_owner(struct graph *graph, const char *uid)
{
	struct owner *owner;
	HASH_FIND_STR(graph->owners, uid, owner);
	return owner ? owner->edges : NULL;
}

static bool same_edges(const struct dependent *dependent, const json_t *refs)
{
	size_t i, count = 0;
	json_t *ref;
	const struct edge *edge;
	LL_FOREACH (dependent->edges, edge)
		count++;
	if (count != json_array_size(refs))
		return false;
	json_array_foreach (refs, i, ref) {
		bool found = false;
		LL_FOREACH (dependent->edges, edge)
			found |= !strcmp(edge->owner_uid, kl_json_str(ref, "uid", NULL)) &&
				 edge->blocks == kl_json_bool(ref, false, "blockOwnerDeletion", NULL);
		if (!found)
			return false;
	}
	return true;
}

static void enqueue_dependents(struct kl_controllers *c, const char *uid)
{
	const struct edge *edge;
	DL_FOREACH2(edges_of_owner(graph_of(c), uid), edge, owner_next)
	ctl_enqueue(c, CTL_GC, edge->dependent->key);
}

/* --- events */

/* Owners that wait for this one to go (foreground) are looked at again. */
static void enqueue_owners(struct kl_controllers *c, const json_t *json, const char *ns)
{
	size_t i;
	json_t *ref;
	json_array_foreach (kl_json_get(json, "metadata", "ownerReferences", NULL), i, ref) {
		const struct kl_kind *kind =
			kl_kind_by_type(kl_json_str(ref, "apiVersion", NULL), kl_json_str(ref, "kind", NULL));
		if (!kind)
			continue;
		kl_autofree char *key = kl_asprintf(
			"%u/%s/%s", kind->storage_id, kind->namespaced ? ns : "", kl_json_str(ref, "name", NULL));
		ctl_enqueue(c, CTL_GC, key);
	}
}

static void note(struct kl_controllers *c, const struct kl_object *obj, const char *key, const json_t *refs)
{
	struct dependent *dependent;
	struct graph *graph = graph_of(c);
	HASH_FIND_STR(graph->dependents, key, dependent);
	bool same = dependent && !strcmp(dependent->uid, obj->uid) && same_edges(dependent, refs);
	if (same)
		return;
	if (dependent)
		dependent_free(graph, dependent);
	size_t i;
	json_t *ref;
	dependent = kl_calloc(1, sizeof(*dependent));
	dependent->key = kl_strdup(key);
	dependent->uid = kl_strdup(obj->uid);
	HASH_ADD_KEYPTR(hh, graph->dependents, dependent->key, strlen(dependent->key), dependent);
	json_array_foreach (refs, i, ref)
		edge_add(graph, dependent, ref);
	ctl_enqueue(c, CTL_GC, key);
}

static void forget(struct kl_controllers *c, const char *key)
{
	struct dependent *dependent;
	HASH_FIND_STR(graph_of(c)->dependents, key, dependent);
	if (dependent)
		dependent_free(graph_of(c), dependent);
}

/* Most objects have neither an owner nor a deletion under way: their bytes tell, without parsing. */
static bool may_have(const struct kl_object *obj, const char *member)
{
	return strstr(obj->json, member) != NULL;
}

static void on_object(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	kl_autofree char *key = key_of(now ? now : prev);
	bool owned = may_have(now ? now : prev, "\"ownerReferences\"");
	if (!now) {
		if (owned)
			enqueue_owners(c, kl_feed_parsed(c->feed), prev->ns);
		forget(c, key);
		enqueue_dependents(c, prev->uid);
		return;
	}
	if (prev && strcmp(prev->uid, now->uid) != 0)
		enqueue_dependents(c, prev->uid);
	const json_t *refs = owned ? kl_json_get(kl_feed_parsed(c->feed), "metadata", "ownerReferences", NULL) : NULL;
	if (json_array_size(refs))
		note(c, now, key, refs);
	else
		forget(c, key);
	bool going = may_have(now, "\"deletionTimestamp\"") && may_have(now, "\"finalizers\"");
	if (going && is_deleting(kl_feed_parsed(c->feed)))
		ctl_enqueue(c, CTL_GC, key);
}

/* --- judging owners */

enum owner_state { OWNER_ABSENT, OWNER_FOREGROUND, OWNER_SOLID };

static bool has_finalizer(const json_t *json, const char *name)
{
	size_t i;
	json_t *item;
	json_array_foreach (kl_json_get(json, "metadata", "finalizers", NULL), i, item) {
		if (json_is_string(item) && !strcmp(json_string_value(item), name))
			return true;
	}
	return false;
}

static enum owner_state owner_state(struct kl_controllers *c, const json_t *ref, const char *ns)
{
	const struct kl_kind *kind =
		kl_kind_by_type(kl_json_str(ref, "apiVersion", NULL), kl_json_str(ref, "kind", NULL));
	if (!kind)
		return OWNER_SOLID; /* a kind we do not serve: nothing can be said against it */
	kl_cleanup(kl_cleanup_object) struct kl_object *owner = kl_store_get(
		c->store, kl_kind_by_id(kind->storage_id), kind->namespaced ? ns : "", kl_json_str(ref, "name", NULL));
	if (!owner || strcmp(owner->uid, kl_json_str(ref, "uid", NULL)) != 0)
		return OWNER_ABSENT;
	if (!may_have(owner, "\"foregroundDeletion\""))
		return OWNER_SOLID;
	kl_autojson *json = kl_object_parse(owner);
	return is_deleting(json) && has_finalizer(json, "foregroundDeletion") ? OWNER_FOREGROUND : OWNER_SOLID;
}

/* --- writes */

static void delete_object(
	struct kl_controllers *c, const char *key, const struct kl_object *obj, const char *propagation)
{
	ctl_write(c, &(struct ctl_write){.id = CTL_GC,
			     .key = key,
			     .verb = KL_DELETE,
			     .kind = obj->kind,
			     .ns = obj->ns,
			     .name = obj->name,
			     .uid = obj->uid,
			     .propagation = propagation,
			     .grace_period_s = CTL_DEFAULT_GRACE});
}

static void write_owners(
	struct kl_controllers *c, const char *key, const struct kl_object *obj, json_t *json, json_t *refs)
{
	json_t *next = json_copy(json);
	kl_autojson *meta = json_copy(json_object_get(json, "metadata"));
	json_object_set_new(meta, "ownerReferences", refs);
	json_object_set(next, "metadata", meta);
	ctl_update(c, CTL_GC, key, obj->kind, NULL, next);
}

static void remove_finalizer(
	struct kl_controllers *c, const char *key, const struct kl_object *obj, json_t *json, const char *name)
{
	json_t *finalizers = kl_json_get(json, "metadata", "finalizers", NULL);
	for (size_t i = json_array_size(finalizers); i-- > 0;) {
		if (!strcmp(json_string_value(json_array_get(finalizers, i)), name))
			json_array_remove(finalizers, i);
	}
	ctl_update(c, CTL_GC, key, obj->kind, NULL, json_incref(json));
}

/* --- an object and its owners */

static void judge(struct kl_controllers *c, const char *key, const struct kl_object *obj, json_t *json)
{
	size_t i;
	json_t *ref;
	bool foreground = false;
	kl_autojson *solid = json_array();
	json_t *refs = kl_json_get(json, "metadata", "ownerReferences", NULL);
	json_array_foreach (refs, i, ref) {
		enum owner_state state = owner_state(c, ref, obj->ns);
		foreground |= state == OWNER_FOREGROUND;
		if (state == OWNER_SOLID)
			json_array_append(solid, ref);
	}
	if (!json_array_size(refs))
		return;
	if (!json_array_size(solid)) {
		bool deep = foreground && edges_of_owner(graph_of(c), obj->uid);
		delete_object(c, key, obj,
			has_finalizer(json, "orphan") ? "Orphan"
			: deep                        ? "Foreground"
						      : "Background");
	} else if (json_array_size(solid) != json_array_size(refs)) {
		write_owners(c, key, obj, json, json_incref(solid));
	}
}

/* --- an owner and its dependents */

static struct kl_object *object_of(struct kl_controllers *c, const char *key)
{
	unsigned id = 0;
	int at = 0;
	if (sscanf(key, "%u/%n", &id, &at) != 1 || !at)
		return NULL;
	const struct kl_kind *kind = kl_kind_by_id(id);
	ctl_autokey name = ctl_key_split(key + at);
	return kind && name.name ? kl_feed_get(c->feed, kind, name.ns, name.name) : NULL;
}

static void foreground(struct kl_controllers *c, const char *key, const struct kl_object *obj, json_t *json)
{
	const struct edge *edge;
	bool blocked = false;
	DL_FOREACH2(edges_of_owner(graph_of(c), obj->uid), edge, owner_next)
	{
		blocked |= edge->blocks;
		ctl_enqueue(c, CTL_GC, edge->dependent->key);
	}
	if (!blocked)
		remove_finalizer(c, key, obj, json, "foregroundDeletion");
}

static void orphan(struct kl_controllers *c, const char *key, const struct kl_object *obj, json_t *json)
{
	const struct edge *edge;
	bool any = false;
	DL_FOREACH2(edges_of_owner(graph_of(c), obj->uid), edge, owner_next)
	{
		size_t i;
		json_t *ref;
		const struct kl_object *child = object_of(c, edge->dependent->key);
		kl_autojson *child_json = child ? kl_object_parse(child) : NULL;
		if (!child_json)
			continue;
		json_t *rest = json_array();
		json_array_foreach (kl_json_get(child_json, "metadata", "ownerReferences", NULL), i, ref) {
			if (strcmp(kl_json_str(ref, "uid", NULL), obj->uid) != 0)
				json_array_append(rest, ref);
		}
		any = true;
		write_owners(c, key, child, child_json, rest);
	}
	if (any)
		ctl_enqueue_after(c, CTL_GC, key, 1);
	else
		remove_finalizer(c, key, obj, json, "orphan");
}

static void sync(struct kl_controllers *c, const char *key)
{
	const struct kl_object *obj = object_of(c, key);
	kl_autojson *json = obj ? kl_object_parse(obj) : NULL;
	if (!json)
		return;
	if (!is_deleting(json))
		judge(c, key, obj, json);
	else if (has_finalizer(json, "orphan"))
		orphan(c, key, obj, json);
	else if (has_finalizer(json, "foregroundDeletion"))
		foreground(c, key, obj, json);
}

static void init(struct kl_controllers *c)
{
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	c->state[CTL_GC] = kl_calloc(1, sizeof(struct graph));
	for (size_t i = 0; i < count; i++) {
		bool stored = kinds[i].id == kinds[i].storage_id && kinds[i].verbs & KL_CAN_WATCH;
		/* Events are many, own nothing and are owned by nobody. */
		if (stored && &kinds[i] != c->kinds.event)
			kl_feed_add(c->feed, &kinds[i], on_object, c);
	}
}

static void release(struct kl_controllers *c)
{
	struct graph *graph = graph_of(c);
	while (graph && graph->dependents)
		dependent_free(graph, graph->dependents);
	free(graph);
}

const struct controller gc_controller = {"garbage-collector-controller", init, sync, release};
