#include "plan.h"

#include "maglev.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SLOTS = 131071 };

/* --- topology hints */

/* Is the name one of a comma separated list? */
static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = list; at && *at;) {
		size_t item = strcspn(at, ",");
		if (item == len && !memcmp(at, name, len))
			return true;
		at += item + (at[item] == ',');
	}
	return false;
}

static bool takes_new(const struct kl_backend *backend)
{
	return backend->flags & KL_BACKEND_READY;
}

enum topology { ANYWHERE, FOR_NODE, FOR_ZONE };

static const char *hints_of(const struct kl_backend *backend, enum topology topology)
{
	const char *hints = topology == FOR_NODE ? backend->node_hints : backend->zone_hints;
	return hints && hints[0] ? hints : NULL;
}

/* All that are ready have hints of the kind, and one is for `name`. */
static bool hints_hold(const struct kl_service *service, enum topology topology, const char *name)
{
	bool found = false;
	for (size_t i = 0; name && name[0] && i < service->backend_count; i++) {
		if (!takes_new(&service->backends[i]))
			continue;
		const char *hints = hints_of(&service->backends[i], topology);
		if (!hints)
			return false;
		found = found || listed(hints, name);
	}
	return found;
}

static enum topology topology_of(const struct kl_service *service, const struct kl_place *place)
{
	if (place && hints_hold(service, FOR_NODE, place->node))
		return FOR_NODE;
	return place && hints_hold(service, FOR_ZONE, place->zone) ? FOR_ZONE : ANYWHERE;
}

/* --- choosing */

static size_t choose_ready(
	const struct kl_service *service, const struct kl_place *place, bool local_only, uint32_t *ret)
{
	enum topology topology = local_only ? ANYWHERE : topology_of(service, place);
	size_t count = 0;
	for (size_t i = 0; i < service->backend_count; i++) {
		const struct kl_backend *backend = &service->backends[i];
		if (!takes_new(backend) || (local_only && !(backend->flags & KL_BACKEND_LOCAL)))
			continue;
		if (topology == ANYWHERE ||
			listed(hints_of(backend, topology), topology == FOR_NODE ? place->node : place->zone))
			ret[count++] = (uint32_t)i;
	}
	return count;
}

static size_t choose_terminating(const struct kl_service *service, bool local_only, uint32_t *ret)
{
	const uint8_t wanted = KL_BACKEND_SERVING | KL_BACKEND_TERMINATING;
	size_t count = 0;
	for (size_t i = 0; i < service->backend_count; i++)
		if ((service->backends[i].flags & wanted) == wanted &&
			(!local_only || service->backends[i].flags & KL_BACKEND_LOCAL))
			ret[count++] = (uint32_t)i;
	return count;
}

/* --- slots */

/* What was chosen: indices into the backends, and the weight of each. */
struct chosen {
	uint32_t *ids, *weights;
	size_t count;
};

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* Weights in lowest terms, and scaled down where they would need more slots than there may be. */
static uint32_t *expand(const struct chosen *chosen, size_t *ret_count)
{
	uint32_t unit = 0;
	uint64_t total = 0;
	for (size_t i = 0; i < chosen->count; i++)
		unit = gcd(chosen->weights[i], unit);
	for (size_t i = 0; i < chosen->count; i++)
		total += chosen->weights[i] / unit;
	uint64_t divisor = total > MAX_SLOTS ? (total + MAX_SLOTS - 1) / MAX_SLOTS : 1;
	uint32_t *slots = kl_calloc(total / divisor + chosen->count, sizeof(*slots));
	size_t at = 0;
	for (size_t i = 0; i < chosen->count; i++) {
		uint64_t share = chosen->weights[i] / unit / divisor;
		for (uint64_t n = share ? share : 1; n; n--)
			slots[at++] = chosen->ids[i];
	}
	*ret_count = at;
	return slots;
}

static uint32_t *maglev(const struct kl_service *service, const struct chosen *chosen, size_t *ret_count)
{
	uint32_t size = kl_maglev_size(chosen->count);
	kl_autofree const struct kl_backend **backends = kl_calloc(chosen->count, sizeof(struct kl_backend *));
	uint32_t *slots = kl_calloc(size, sizeof(*slots));
	for (size_t i = 0; i < chosen->count; i++)
		backends[i] = &service->backends[chosen->ids[i]];
	kl_maglev_fill_weighted(backends, chosen->weights, chosen->count, slots, size);
	for (uint32_t i = 0; i < size; i++)
		slots[i] = chosen->ids[slots[i]];
	*ret_count = size;
	return slots;
}

static uint32_t *one_each(const struct chosen *chosen, size_t *ret_count)
{
	*ret_count = chosen->count;
	return kl_memdup(chosen->ids, chosen->count * sizeof(*chosen->ids));
}

static uint32_t weight_at(const struct kl_service *service, const struct kl_place *place, uint32_t i)
{
	uint32_t weight = place && place->weights ? place->weights[i] : service->backends[i].weight;
	return weight ? weight : 1;
}

static uint32_t *make(const struct kl_service *service, const struct kl_place *place, bool local_only,
	size_t *ret_count, size_t *ret_chosen)
{
	kl_autofree uint32_t *ids = kl_calloc(service->backend_count + 1, sizeof(*ids));
	kl_autofree uint32_t *weights = kl_calloc(service->backend_count + 1, sizeof(*weights));
	struct chosen chosen = {ids, weights, choose_ready(service, place, local_only, ids)};
	if (!chosen.count)
		chosen.count = choose_terminating(service, local_only, ids);
	*ret_count = 0;
	*ret_chosen = chosen.count;
	if (!chosen.count)
		return NULL;
	for (size_t i = 0; i < chosen.count; i++)
		weights[i] = weight_at(service, place, ids[i]);
	if (service->algorithm == KL_ALGORITHM_MAGLEV)
		return maglev(service, &chosen, ret_count);
	return service->algorithm == KL_ALGORITHM_LEAST_CONN ? one_each(&chosen, ret_count)
							     : expand(&chosen, ret_count);
}

void kl_plan_make_at(const struct kl_service *service, const struct kl_place *place, struct kl_plan *ret)
{
	size_t local_chosen;
	bool wants_local = service->flags & (KL_SERVICE_EXTERNAL_LOCAL | KL_SERVICE_INTERNAL_LOCAL);
	*ret = (struct kl_plan){0};
	ret->all = make(service, place, false, &ret->all_count, &ret->chosen);
	if (wants_local)
		ret->local = make(service, place, true, &ret->local_count, &local_chosen);
}

void kl_plan_make(const struct kl_service *service, struct kl_plan *ret)
{
	kl_plan_make_at(service, NULL, ret);
}

void kl_plan_release(struct kl_plan *plan)
{
	free(plan->all);
	free(plan->local);
	*plan = (struct kl_plan){0};
}
