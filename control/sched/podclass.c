/* What scheduling needs of a pod, shared by all pods that need the same. */
#include "sched_impl.h"

#include <stdlib.h>
#include <string.h>

static void push_value(struct kl_buf *key, const char *name, const json_t *value)
{
	if (!value || json_is_null(value))
		return;
	kl_buf_str_push(key, name);
	char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	if (!text)
		abort(); /* allocation failure */
	kl_buf_str_push(key, text);
	kl_buf_char(key, '\n');
	free(text);
}

static bool has_host_port(const json_t *container)
{
	size_t i;
	json_t *port;
	json_array_foreach (json_object_get(container, "ports"), i, port) {
		if (kl_json_int(port, 0, "hostPort", NULL))
			return true;
	}
	return false;
}

static void push_containers(struct kl_buf *key, const char *name, const json_t *containers)
{
	size_t i;
	json_t *container;
	json_array_foreach (containers, i, container) {
		kl_buf_str_push(key, name);
		push_value(key, "requests", kl_json_get(container, "resources", "requests", NULL));
		push_value(key, "restart", json_object_get(container, "restartPolicy"));
		if (has_host_port(container))
			push_value(key, "ports", json_object_get(container, "ports"));
	}
}

static const json_t *controller_of(const json_t *pod)
{
	size_t i;
	json_t *ref;
	json_array_foreach (kl_json_get(pod, "metadata", "ownerReferences", NULL), i, ref) {
		if (kl_json_bool(ref, false, "controller", NULL))
			return ref;
	}
	return NULL;
}

/* spec.nodeName is left out: the node a pod is bound to is told to assign, and an unbound pod has none. */
static void class_key(const json_t *pod, struct kl_buf *key)
{
	static const char *const parts[] = {
		"nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "overhead"};
	const json_t *spec = json_object_get(pod, "spec");
	kl_buf_printf(key, "%s\n", kl_json_str(pod, "metadata", "namespace", NULL));
	push_value(key, "labels", kl_json_get(pod, "metadata", "labels", NULL));
	kl_buf_printf(key, "owner %s\n", kl_json_str(controller_of(pod), "uid", NULL));
	for (size_t i = 0; i < KL_ARRAY_LEN(parts); i++)
		push_value(key, parts[i], json_object_get(spec, parts[i]));
	push_containers(key, "c ", json_object_get(spec, "containers"));
	push_containers(key, "i ", json_object_get(spec, "initContainers"));
}

static struct group *group_get(struct kl_sched *s, const char *uid)
{
	struct group *group;
	if (!*uid)
		return NULL;
	HASH_FIND_STR(s->groups, uid, group);
	if (!group) {
		group = kl_calloc(1, sizeof(*group));
		group->uid = kl_strdup(uid);
		HASH_ADD_KEYPTR(hh, s->groups, group->uid, strlen(group->uid), group);
	}
	group->refs++;
	return group;
}

static void group_put(struct kl_sched *s, struct group *group)
{
	if (!group || --group->refs)
		return;
	HASH_DELETE(hh, s->groups, group);
	free(group->uid);
	free(group);
}

static void parse_ports(const json_t *spec, struct kl_sched_class *cls)
{
	size_t i, k;
	json_t *container, *port;
	json_array_foreach (json_object_get(spec, "containers"), i, container) {
		json_array_foreach (json_object_get(container, "ports"), k, port) {
			int number = (int)kl_json_int(port, 0, "hostPort", NULL);
			if (!number)
				continue;
			const char *ip = kl_json_str(port, "hostIP", NULL);
			const char *protocol = kl_json_str(port, "protocol", NULL);
			cls->ports = kl_reallocarray(cls->ports, cls->port_count + 1, sizeof(*cls->ports));
			cls->ports[cls->port_count++] = (struct host_port){
				kl_strdup(*ip ? ip : "0.0.0.0"), kl_strdup(*protocol ? protocol : "TCP"), number};
		}
	}
}

static void parse_node_affinity(const json_t *spec, struct kl_sched_class *cls)
{
	size_t i;
	json_t *term;
	const json_t *affinity = kl_json_get(spec, "affinity", "nodeAffinity", NULL);
	const json_t *required = kl_json_get(affinity, "requiredDuringSchedulingIgnoredDuringExecution", NULL);
	const json_t *terms = json_object_get(required, "nodeSelectorTerms");
	const json_t *preferred = json_object_get(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
	node_term_of_map(json_object_get(spec, "nodeSelector"), &cls->selector);
	cls->has_required = json_is_object(required);
	cls->required = kl_calloc(json_array_size(terms) + 1, sizeof(*cls->required));
	json_array_foreach (terms, i, term)
		node_term_parse(term, &cls->required[cls->required_count++]);
	cls->preferred = kl_calloc(json_array_size(preferred) + 1, sizeof(*cls->preferred));
	json_array_foreach (preferred, i, term) {
		node_term_parse(json_object_get(term, "preference"), &cls->preferred[cls->preferred_count]);
		cls->preferred[cls->preferred_count++].weight = (int)kl_json_int(term, 0, "weight", NULL);
	}
}

static unsigned take_id(struct kl_sched *s, struct kl_sched_class *cls)
{
	size_t id = 0;
	while (id < s->id_size && s->by_id[id])
		id++;
	if (id == s->id_size) {
		s->id_size = s->id_size ? s->id_size * 2 : 64;
		s->by_id = kl_reallocarray(s->by_id, s->id_size, sizeof(*s->by_id));
		memset(s->by_id + id, 0, (s->id_size - id) * sizeof(*s->by_id));
	}
	s->by_id[id] = cls;
	return (unsigned)id;
}

static struct kl_sched_class *class_new(struct kl_sched *s, const json_t *pod, const char *key)
{
	const json_t *spec = json_object_get(pod, "spec");
	struct kl_sched_class *cls = kl_calloc(1, sizeof(*cls));
	cls->key = kl_strdup(key);
	cls->ns = kl_strdup(kl_json_str(pod, "metadata", "namespace", NULL));
	cls->label_map = json_deep_copy(kl_json_get(pod, "metadata", "labels", NULL));
	cls->group = group_get(s, kl_json_str(controller_of(pod), "uid", NULL));
	resources_of_pod(s, pod, cls);
	parse_ports(spec, cls);
	parse_node_affinity(spec, cls);
	tolerations_parse(json_object_get(spec, "tolerations"), &cls->tolerations, &cls->toleration_count);
	topology_parse(s, pod, cls);
	cls->id = take_id(s, cls);
	HASH_ADD_KEYPTR(hh, s->classes, cls->key, strlen(cls->key), cls);
	return cls;
}

void class_free(struct kl_sched *s, struct kl_sched_class *cls)
{
	HASH_DELETE(hh, s->classes, cls);
	s->by_id[cls->id] = NULL;
	topology_forget_class(s, cls->id);
	eval_drop(s, cls);
	topology_release(cls);
	group_put(s, cls->group);
	node_term_release(&cls->selector);
	for (size_t i = 0; i < cls->required_count; i++)
		node_term_release(&cls->required[i]);
	for (size_t i = 0; i < cls->preferred_count; i++)
		node_term_release(&cls->preferred[i]);
	for (size_t i = 0; i < cls->port_count; i++) {
		free(cls->ports[i].ip);
		free(cls->ports[i].protocol);
	}
	tolerations_free(cls->tolerations, cls->toleration_count);
	json_decref(cls->label_map);
	free(cls->required);
	free(cls->preferred);
	free(cls->ports);
	free(cls->key);
	free(cls->ns);
	free(cls);
}

struct kl_sched_class *kl_sched_class_get(struct kl_sched *s, const json_t *pod)
{
	kl_autobuf key = {0};
	struct kl_sched_class *cls;
	class_key(pod, &key);
	HASH_FIND(hh, s->classes, kl_buf_str(&key), key.len, cls);
	return kl_sched_class_ref(cls ? cls : class_new(s, pod, kl_buf_str(&key)));
}

struct kl_sched_class *kl_sched_class_ref(struct kl_sched_class *cls)
{
	cls->refs++;
	return cls;
}

void kl_sched_class_put(struct kl_sched *s, struct kl_sched_class *cls)
{
	if (cls && !--cls->refs)
		class_free(s, cls);
}

bool kl_sched_class_follows(const struct kl_sched_class *cls)
{
	return cls->affinity.count || cls->spread_count;
}
