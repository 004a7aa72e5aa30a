#include "sched_impl.h"

#include "api.h"

#include <stdlib.h>
#include <string.h>

/* What a pod without requests is taken to need when nodes are compared (upstream's GetNonzeroRequests). */
enum { GUESS_CPU_MILLI = 100 };
static const int64_t GUESS_MEMORY = 200LL << 20;

static const char *const fixed_names[RES_FIXED] = {"cpu", "memory", "ephemeral-storage", "pods"};

int resource_index(struct kl_sched *s, const char *name)
{
	for (size_t i = 0; i < RES_FIXED; i++) {
		if (!strcmp(fixed_names[i], name))
			return (int)i;
	}
	for (size_t i = RES_FIXED; i < s->resource_count; i++) {
		if (!strcmp(s->resource_names[i], name))
			return (int)i;
	}
	if (s->resource_count == RES_MAX)
		return -1;
	s->resource_names[s->resource_count] = kl_strdup(name);
	return (int)s->resource_count++;
}

static int64_t amount(int index, const json_t *quantity)
{
	int64_t milli = 0;
	if (kl_quantity_json(quantity, &milli) || milli < 0)
		return 0;
	return index == RES_CPU ? milli : milli / 1000 + (milli % 1000 != 0);
}

/* False when a resource of it is one kind too many. */
static bool parse_list(struct kl_sched *s, const json_t *list, struct resources *ret)
{
	const char *name;
	json_t *quantity;
	bool known = true;
	json_object_foreach ((json_t *)(uintptr_t)list, name, quantity) {
		int index = resource_index(s, name);
		if (index >= 0)
			ret->v[index] = amount(index, quantity);
		else
			known = false;
	}
	return known;
}

static void add(struct resources *to, const struct resources *more)
{
	for (int i = 0; i < RES_MAX; i++) {
		if (__builtin_add_overflow(to->v[i], more->v[i], &to->v[i]))
			to->v[i] = INT64_MAX / 2;
	}
}

static void raise_to(struct resources *to, const struct resources *least)
{
	for (int i = 0; i < RES_MAX; i++) {
		if (to->v[i] < least->v[i])
			to->v[i] = least->v[i];
	}
}

static bool container_requests(struct kl_sched *s, const json_t *container, struct resources *ret)
{
	*ret = (struct resources){0};
	return parse_list(s, kl_json_get(container, "resources", "requests", NULL), ret);
}

/*
 * Init containers run one after the other before the others; those that are restarted always (sidecars) stay. So the
 * pod needs the most of: everything that stays, and each init container beside the sidecars started before it.
 */
static bool sum_containers(struct kl_sched *s, const json_t *spec, struct resources *ret)
{
	struct resources one, sidecars = {0}, peak = {0};
	bool known = true;
	size_t i;
	json_t *container;
	json_array_foreach (json_object_get(spec, "containers"), i, container) {
		known &= container_requests(s, container, &one);
		add(ret, &one);
	}
	json_array_foreach (json_object_get(spec, "initContainers"), i, container) {
		known &= container_requests(s, container, &one);
		if (!strcmp(kl_json_str(container, "restartPolicy", NULL), "Always")) {
			add(ret, &one);
			add(&sidecars, &one);
			raise_to(&peak, &sidecars);
		} else {
			add(&one, &sidecars);
			raise_to(&peak, &one);
		}
	}
	raise_to(ret, &peak);
	return known;
}

static void guesses(const json_t *spec, struct kl_sched_class *cls)
{
	size_t i;
	json_t *container;
	cls->score_cpu = cls->requests.v[RES_CPU];
	cls->score_memory = cls->requests.v[RES_MEMORY];
	json_array_foreach (json_object_get(spec, "containers"), i, container) {
		const json_t *requests = kl_json_get(container, "resources", "requests", NULL);
		if (!json_object_get(requests, "cpu"))
			cls->score_cpu += GUESS_CPU_MILLI;
		if (!json_object_get(requests, "memory"))
			cls->score_memory += GUESS_MEMORY;
	}
}

void resources_of_pod(struct kl_sched *s, const json_t *pod, struct kl_sched_class *cls)
{
	const json_t *spec = json_object_get(pod, "spec");
	struct resources overhead = {0};
	bool known = sum_containers(s, spec, &cls->requests);
	known &= parse_list(s, json_object_get(spec, "overhead"), &overhead);
	add(&cls->requests, &overhead);
	cls->requests.v[RES_PODS] = 1;
	cls->unknown_resource = !known;
	guesses(spec, cls);
}

void resources_of_node(struct kl_sched *s, const json_t *node, struct resources *ret)
{
	*ret = (struct resources){0};
	parse_list(s, kl_json_get(node, "status", "allocatable", NULL), ret);
}
