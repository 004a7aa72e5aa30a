/* Nodes and what runs on them. */
#include "sched_impl.h"

#include <stdlib.h>
#include <string.h>

enum { LOG_MIN = 4096 };

/* --- the log of nodes whose usage changed: evaluations read on from where they stood */

static void log_change(struct kl_sched *s, unsigned slot)
{
	if (s->log_count == s->log_size && s->log_size >= LOG_MIN && s->log_size >= 8 * s->slot_count) {
		size_t half = s->log_count / 2;
		memmove(s->log, s->log + half, (s->log_count - half) * sizeof(*s->log));
		s->log_count -= half;
		s->log_base += half;
	}
	if (s->log_count == s->log_size) {
		s->log_size = s->log_size ? s->log_size * 2 : LOG_MIN;
		s->log = kl_reallocarray(s->log, s->log_size, sizeof(*s->log));
	}
	s->log[s->log_count++] = slot;
}

/* --- nodes */

static struct node *node_ensure(struct kl_sched *s, const char *name)
{
	struct node *node;
	size_t slot = 0;
	HASH_FIND_STR(s->by_name, name, node);
	if (node)
		return node;
	while (slot < s->slot_count && s->slots[slot])
		slot++;
	if (slot == s->slot_count) {
		if (s->slot_count == s->slot_size) {
			s->slot_size = s->slot_size ? s->slot_size * 2 : 16;
			s->slots = kl_reallocarray(s->slots, s->slot_size, sizeof(*s->slots));
		}
		s->slot_count++;
	}
	node = kl_calloc(1, sizeof(*node));
	node->name = kl_strdup(name);
	node->slot = (unsigned)slot;
	s->slots[slot] = node;
	HASH_ADD_KEYPTR(hh, s->by_name, node->name, strlen(node->name), node);
	s->generation++;
	return node;
}

static void node_clear(struct node *node)
{
	json_decref(kl_take(&node->labels));
	taints_free(kl_take(&node->taints), node->taint_count);
	node->taint_count = 0;
	free(kl_take(&node->key));
}

/* A node lives as long as it exists or pods are assigned to its name. */
static void node_free_if_unused(struct kl_sched *s, struct node *node)
{
	if (node->key || node->usage_count)
		return;
	HASH_DELETE(hh, s->by_name, node);
	s->slots[node->slot] = NULL;
	s->generation++;
	free(node->usage);
	free(node->name);
	free(node);
}

static char *node_key(const json_t *node)
{
	kl_autojson *parts = json_object();
	json_object_set(parts, "l", kl_json_get(node, "metadata", "labels", NULL));
	json_object_set(parts, "t", kl_json_get(node, "spec", "taints", NULL));
	json_object_set(parts, "u", kl_json_get(node, "spec", "unschedulable", NULL));
	json_object_set(parts, "a", kl_json_get(node, "status", "allocatable", NULL));
	char *text = json_dumps(parts, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text)
		abort(); /* allocation failure */
	return text;
}

bool kl_sched_node_set(struct kl_sched *s, const json_t *json)
{
	struct node *node = node_ensure(s, kl_json_str(json, "metadata", "name", NULL));
	kl_autofree char *key = node_key(json);
	if (node->key && !strcmp(node->key, key))
		return false;
	s->present += !node->key;
	node_clear(node);
	node->key = kl_take(&key);
	node->unschedulable = kl_json_bool(json, false, "spec", "unschedulable", NULL);
	json_t *labels = kl_json_get(json, "metadata", "labels", NULL);
	node->labels = labels ? json_deep_copy(labels) : json_object();
	taints_parse(kl_json_get(json, "spec", "taints", NULL), &node->taints, &node->taint_count);
	resources_of_node(s, json, &node->allocatable);
	topology_node_domains(s, node);
	s->generation++;
	return true;
}

void kl_sched_node_remove(struct kl_sched *s, const char *name)
{
	struct node *node;
	HASH_FIND_STR(s->by_name, name, node);
	if (!node || !node->key)
		return;
	s->present--;
	s->generation++;
	node_clear(node);
	node_free_if_unused(s, node);
}

size_t kl_sched_node_count(const struct kl_sched *s)
{
	return s->present;
}

/* --- pods on nodes */

static void account(struct kl_sched *s, struct node *node, const struct kl_sched_class *cls, int sign)
{
	for (size_t i = 0; i < s->resource_count; i++)
		node->requested.v[i] += sign * cls->requests.v[i];
	node->score_cpu += sign * cls->score_cpu;
	node->score_memory += sign * cls->score_memory;
	if (topology_reaches_others(cls))
		s->anti_assigned += (unsigned)sign;
	log_change(s, node->slot);
}

void kl_sched_assign(struct kl_sched *s, struct kl_sched_class *cls, const char *name)
{
	struct node *node = node_ensure(s, name);
	size_t i = 0;
	while (i < node->usage_count && node->usage[i].cls != cls)
		i++;
	if (i == node->usage_count) {
		if (node->usage_count == node->usage_size) {
			node->usage_size = node->usage_size ? node->usage_size * 2 : 8;
			node->usage = kl_reallocarray(node->usage, node->usage_size, sizeof(*node->usage));
		}
		node->usage[node->usage_count++] = (struct usage){.cls = kl_sched_class_ref(cls)};
	}
	node->usage[i].count++;
	cls->assigned++;
	account(s, node, cls, 1);
}

void kl_sched_unassign(struct kl_sched *s, struct kl_sched_class *cls, const char *name)
{
	struct node *node;
	size_t i = 0;
	HASH_FIND_STR(s->by_name, name, node);
	while (node && i < node->usage_count && node->usage[i].cls != cls)
		i++;
	if (!node || i == node->usage_count)
		return;
	cls->assigned--;
	account(s, node, cls, -1);
	if (--node->usage[i].count)
		return;
	node->usage[i] = node->usage[--node->usage_count];
	kl_sched_class_put(s, cls);
	node_free_if_unused(s, node);
}

/* --- the whole */

void kl_sched_namespace_set(struct kl_sched *s, const char *name, const json_t *labels)
{
	struct namespace_labels *ns;
	HASH_FIND_STR(s->namespaces, name, ns);
	if (ns && labels && json_equal(ns->labels, labels))
		return;
	if (ns) {
		HASH_DELETE(hh, s->namespaces, ns);
		json_decref(ns->labels);
		free(ns->name);
		free(ns);
	}
	topology_forget_matches(s);
	if (!labels)
		return;
	ns = kl_calloc(1, sizeof(*ns));
	ns->name = kl_strdup(name);
	ns->labels = json_deep_copy(labels);
	HASH_ADD_KEYPTR(hh, s->namespaces, ns->name, strlen(ns->name), ns);
}

struct kl_sched *kl_sched_new(uint64_t seed)
{
	struct kl_sched *s = kl_calloc(1, sizeof(*s));
	static const char *const fixed[RES_FIXED] = {"cpu", "memory", "ephemeral-storage", "pods"};
	for (int i = 0; i < RES_FIXED; i++)
		s->resource_names[i] = kl_strdup(fixed[i]);
	s->resource_count = RES_FIXED;
	s->random = seed ? seed : 1;
	return s;
}

static void keys_free(struct kl_sched *s)
{
	struct domain *domain, *next;
	for (int i = 0; i < s->key_count; i++) {
		HASH_ITER (hh, s->keys[i].domains, domain, next) {
			HASH_DELETE(hh, s->keys[i].domains, domain);
			free(domain->value);
			free(domain);
		}
		free(s->keys[i].label);
	}
}

static void nodes_free(struct kl_sched *s)
{
	for (size_t i = 0; i < s->slot_count; i++) {
		struct node *node = s->slots[i];
		if (!node)
			continue;
		while (node->usage_count)
			kl_sched_class_put(s, node->usage[--node->usage_count].cls);
		node_clear(node);
		node_free_if_unused(s, node);
	}
}

void kl_sched_free(struct kl_sched *s)
{
	struct namespace_labels *ns, *next;
	if (!s)
		return;
	nodes_free(s);
	HASH_ITER (hh, s->namespaces, ns, next)
		kl_sched_namespace_set(s, ns->name, NULL);
	keys_free(s);
	for (size_t i = 0; i < s->resource_count; i++)
		free(s->resource_names[i]);
	free(s->by_id);
	free(s->slots);
	free(s->log);
	free(s);
}
