#include "ctl.h"

#include "annotations.h"

enum { LISTENERS = 16 };

struct bucket { /* pods with one owner, node or namespace */
	char *key;
	struct pod *head;
	UT_hash_handle hh;
};

struct pods {
	struct pod *by_key;
	struct bucket *owners, *nodes, *namespaces;
	pods_handler *listeners[LISTENERS];
	unsigned listener_count;
};

/* --- buckets */

static struct bucket *bucket_find(struct bucket *buckets, const char *key)
{
	struct bucket *bucket;
	HASH_FIND_STR(buckets, key, bucket);
	return bucket;
}

static struct bucket *bucket_ensure(struct bucket **buckets, const char *key)
{
	struct bucket *bucket = bucket_find(*buckets, key);
	if (!bucket) {
		bucket = kl_calloc(1, sizeof(*bucket));
		bucket->key = kl_strdup(key);
		HASH_ADD_KEYPTR(hh, *buckets, bucket->key, strlen(bucket->key), bucket);
	}
	return bucket;
}

static void bucket_free_if_empty(struct bucket **buckets, struct bucket *bucket)
{
	if (bucket->head)
		return;
	HASH_DELETE(hh, *buckets, bucket);
	free(bucket->key);
	free(bucket);
}

static void link_owner(struct pods *pods, struct pod *pod)
{
	if (pod->owner_uid)
		DL_APPEND2(bucket_ensure(&pods->owners, pod->owner_uid)->head, pod, owner_prev, owner_next);
}

static void unlink_owner(struct pods *pods, struct pod *pod)
{
	struct bucket *bucket = pod->owner_uid ? bucket_find(pods->owners, pod->owner_uid) : NULL;
	if (!bucket)
		return;
	DL_DELETE2(bucket->head, pod, owner_prev, owner_next);
	bucket_free_if_empty(&pods->owners, bucket);
}

static void link_node(struct pods *pods, struct pod *pod)
{
	if (pod->node)
		DL_APPEND2(bucket_ensure(&pods->nodes, pod->node)->head, pod, node_prev, node_next);
}

static void unlink_node(struct pods *pods, struct pod *pod)
{
	struct bucket *bucket = pod->node ? bucket_find(pods->nodes, pod->node) : NULL;
	if (!bucket)
		return;
	DL_DELETE2(bucket->head, pod, node_prev, node_next);
	bucket_free_if_empty(&pods->nodes, bucket);
}

static void unlink_ns(struct pods *pods, struct pod *pod)
{
	struct bucket *bucket = bucket_find(pods->namespaces, pod->ns);
	DL_DELETE2(bucket->head, pod, ns_prev, ns_next);
	bucket_free_if_empty(&pods->namespaces, bucket);
}

/* --- rows */

static void replace(char **field, const char *value)
{
	free(*field);
	*field = value && *value ? kl_strdup(value) : NULL;
}

static struct pod *pod_new(struct pods *pods, const struct kl_object *obj)
{
	struct pod *pod = kl_calloc(1, sizeof(*pod));
	/* "ns/name\0ns\0": one allocation holds the key and both halves. */
	size_t ns = strlen(obj->ns), name = strlen(obj->name);
	pod->key = kl_malloc(2 * ns + name + 3);
	memcpy(pod->key, obj->ns, ns);
	pod->key[ns] = '/';
	memcpy(pod->key + ns + 1, obj->name, name + 1);
	memcpy(pod->key + ns + name + 2, obj->ns, ns + 1);
	pod->name = pod->key + ns + 1;
	pod->ns = pod->key + ns + name + 2;
	pod->uid = kl_strdup(obj->uid);
	HASH_ADD_KEYPTR(hh, pods->by_key, pod->key, ns + 1 + name, pod);
	DL_APPEND2(bucket_ensure(&pods->namespaces, pod->ns)->head, pod, ns_prev, ns_next);
	return pod;
}

static void pod_free(struct pods *pods, struct pod *pod)
{
	unlink_owner(pods, pod);
	unlink_node(pods, pod);
	unlink_ns(pods, pod);
	HASH_DELETE(hh, pods->by_key, pod);
	free(pod->key);
	free(pod->uid);
	free(pod->owner_uid);
	free(pod->owner_kind);
	free(pod->owner_name);
	free(pod->node);
	free(pod->ip);
	free(pod->ip6);
	free(pod->hostname);
	free(pod->subdomain);
	free(pod);
}

static void read_addresses(struct pod *pod, const json_t *status)
{
	size_t i;
	json_t *item;
	const char *first = kl_json_str(status, "podIP", NULL);
	replace(&pod->ip, strchr(first, ':') ? NULL : first);
	replace(&pod->ip6, strchr(first, ':') ? first : NULL);
	json_array_foreach (json_object_get(status, "podIPs"), i, item) {
		const char *ip = kl_json_str(item, "ip", NULL);
		replace(strchr(ip, ':') ? &pod->ip6 : &pod->ip, ip);
	}
}

static void read_status(struct pod *pod, const json_t *status)
{
	size_t i;
	json_t *container;
	const char *phase = kl_json_str(status, "phase", NULL);
	const json_t *ready = condition_find(status, "Ready");
	pod->running = !strcmp(phase, "Running");
	pod->failed = !strcmp(phase, "Failed");
	pod->over = pod->failed || !strcmp(phase, "Succeeded");
	pod->ready = !strcmp(kl_json_str(ready, "status", NULL), "True");
	pod->ready_since_ms = 0;
	kl_time_parse(kl_json_str(ready, "lastTransitionTime", NULL), &pod->ready_since_ms);
	pod->restarts = 0;
	json_array_foreach (json_object_get(status, "containerStatuses"), i, container) {
		int restarts = (int)kl_json_int(container, 0, "restartCount", NULL);
		if (restarts > pod->restarts)
			pod->restarts = restarts;
	}
	read_addresses(pod, status);
}

static void pod_read(struct pod *pod, struct kl_object *obj, const json_t *json)
{
	const json_t *ref = controller_ref(json), *spec = json_object_get(json, "spec");
	pod->obj = obj;
	replace(&pod->owner_uid, kl_json_str(ref, "uid", NULL));
	replace(&pod->owner_kind, kl_json_str(ref, "kind", NULL));
	replace(&pod->owner_name, kl_json_str(ref, "name", NULL));
	replace(&pod->node, kl_json_str(spec, "nodeName", NULL));
	replace(&pod->hostname, kl_json_str(spec, "hostname", NULL));
	replace(&pod->subdomain, kl_json_str(spec, "subdomain", NULL));
	pod->deleting = is_deleting(json);
	pod->deleting_since_ms = meta_time_ms(json, "deletionTimestamp");
	pod->created_ms = meta_time_ms(json, "creationTimestamp");
	pod->deletion_cost =
		atoi(kl_json_str(json, "metadata", "annotations", "controller.kubernetes.io/pod-deletion-cost", NULL));
	const char *weight = kl_json_str(json, "metadata", "annotations", KL_ANNOTATION_WEIGHT, NULL);
	pod->weight = 0;
	pod->bad_weight = *weight && kl_weight_parse(weight, &pod->weight);
	read_status(pod, json_object_get(json, "status"));
}

static void tell(struct kl_controllers *c, struct pod *pod, bool gone)
{
	for (unsigned i = 0; i < c->pods->listener_count; i++)
		c->pods->listeners[i](c, pod, gone);
}

static size_t labels_size(const char *labels)
{
	const char *at = labels;
	while (*at)
		at += strlen(at) + 1;
	return (size_t)(at - labels);
}

static bool same_labels(const char *a, const char *b)
{
	size_t size = labels_size(a);
	return size == labels_size(b) && !memcmp(a, b, size);
}

static void on_pod(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	const struct kl_object *any = now ? now : prev;
	kl_autofree char *key = kl_asprintf("%s/%s", any->ns, any->name);
	struct pod *pod = pods_find(c, key);
	if (pod && (!now || strcmp(pod->uid, now->uid) != 0)) {
		/* Gone, or another one took its name between two of our looks. */
		pod->obj = prev;
		tell(c, pod, true);
		pod_free(c->pods, pod);
		pod = NULL;
	}
	if (!now)
		return;
	if (!pod) {
		pod = pod_new(c->pods, now);
		pod->relabeled = true;
	} else {
		pod->relabeled = !prev || !same_labels(prev->labels, now->labels);
		/* The owner it leaves wants to know as much as the one it comes to. */
		const json_t *ref = controller_ref(kl_feed_parsed(c->feed));
		if (pod->owner_uid && strcmp(pod->owner_uid, kl_json_str(ref, "uid", NULL)) != 0) {
			pod->relabeled = true;
			tell(c, pod, false);
		}
		unlink_owner(c->pods, pod);
		unlink_node(c->pods, pod);
	}
	pod_read(pod, now, kl_feed_parsed(c->feed));
	link_owner(c->pods, pod);
	link_node(c->pods, pod);
	tell(c, pod, false);
}

/* --- what the controllers see */

void pods_init(struct kl_controllers *c)
{
	c->pods = kl_calloc(1, sizeof(*c->pods));
}

void pods_listen(struct kl_controllers *c, pods_handler *handler)
{
	if (c->pods->listener_count == LISTENERS)
		abort(); /* a programming error */
	if (!c->pods->listener_count)
		kl_feed_add(c->feed, c->kinds.pod, on_pod, c);
	c->pods->listeners[c->pods->listener_count++] = handler;
}

void pods_release(struct kl_controllers *c)
{
	struct pod *pod, *next;
	if (!c->pods)
		return;
	HASH_ITER (hh, c->pods->by_key, pod, next)
		pod_free(c->pods, pod);
	free(kl_take(&c->pods));
}

struct pod *pods_find(struct kl_controllers *c, const char *key)
{
	struct pod *pod;
	HASH_FIND_STR(c->pods->by_key, key, pod);
	return pod;
}

struct pod *pods_first(struct kl_controllers *c)
{
	return c->pods->by_key;
}

struct pod *pods_of_owner(struct kl_controllers *c, const char *uid)
{
	struct bucket *bucket = bucket_find(c->pods->owners, uid);
	return bucket ? bucket->head : NULL;
}

struct pod *pods_of_node(struct kl_controllers *c, const char *node)
{
	struct bucket *bucket = bucket_find(c->pods->nodes, node);
	return bucket ? bucket->head : NULL;
}

struct pod *pods_of_ns(struct kl_controllers *c, const char *ns)
{
	struct bucket *bucket = bucket_find(c->pods->namespaces, ns);
	return bucket ? bucket->head : NULL;
}

bool pod_available(const struct pod *pod, int64_t min_ready_s, int64_t *ret_wait_ms)
{
	*ret_wait_ms = 0;
	if (!pod->ready)
		return false;
	int64_t left_ms = min_ready_s > 0 ? pod->ready_since_ms + min_ready_s * 1000 - kl_realtime_ms() : 0;
	if (left_ms <= 0)
		return true;
	*ret_wait_ms = left_ms;
	return false;
}
