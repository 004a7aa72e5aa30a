#include "plan.h"

#include "maglev.h"
#include "mem.h"

#include <stdlib.h>

enum { MAX_SLOTS = 131071 };

static bool takes_new(const struct kl_backend *backend)
{
	return backend->flags & KL_BACKEND_READY;
}

static bool serves_terminating(const struct kl_backend *backend)
{
	return (backend->flags & KL_BACKEND_SERVING) && (backend->flags & KL_BACKEND_TERMINATING);
}

static size_t choose(
	const struct kl_service *service, bool local_only, bool (*wanted)(const struct kl_backend *), uint32_t *ret)
{
	size_t count = 0;
	for (size_t i = 0; i < service->backend_count; i++)
		if (wanted(&service->backends[i]) && (!local_only || service->backends[i].flags & KL_BACKEND_LOCAL))
			ret[count++] = (uint32_t)i;
	return count;
}

static uint32_t weight_of(const struct kl_backend *backend)
{
	return backend->weight ? backend->weight : 1;
}

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
static uint32_t *expand(const struct kl_service *service, const uint32_t *chosen, size_t count, size_t *ret_count)
{
	uint32_t unit = 0;
	uint64_t total = 0;
	for (size_t i = 0; i < count; i++)
		unit = gcd(weight_of(&service->backends[chosen[i]]), unit);
	for (size_t i = 0; i < count; i++)
		total += weight_of(&service->backends[chosen[i]]) / unit;
	uint64_t divisor = total > MAX_SLOTS ? (total + MAX_SLOTS - 1) / MAX_SLOTS : 1;
	uint32_t *slots = kl_calloc(total / divisor + count, sizeof(*slots));
	size_t at = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t share = weight_of(&service->backends[chosen[i]]) / unit / divisor;
		for (uint64_t n = share ? share : 1; n; n--)
			slots[at++] = chosen[i];
	}
	*ret_count = at;
	return slots;
}

static uint32_t *maglev(const struct kl_service *service, const uint32_t *chosen, size_t count, size_t *ret_count)
{
	uint32_t size = kl_maglev_size(count);
	kl_autofree const struct kl_backend **backends = kl_calloc(count, sizeof(struct kl_backend *));
	uint32_t *slots = kl_calloc(size, sizeof(*slots));
	for (size_t i = 0; i < count; i++)
		backends[i] = &service->backends[chosen[i]];
	kl_maglev_fill(backends, count, slots, size);
	for (uint32_t i = 0; i < size; i++)
		slots[i] = chosen[slots[i]];
	*ret_count = size;
	return slots;
}

static uint32_t *make(const struct kl_service *service, bool local_only, size_t *ret_count, size_t *ret_chosen)
{
	kl_autofree uint32_t *chosen = kl_calloc(service->backend_count + 1, sizeof(*chosen));
	size_t count = choose(service, local_only, takes_new, chosen);
	if (!count)
		count = choose(service, local_only, serves_terminating, chosen);
	*ret_count = 0;
	*ret_chosen = count;
	if (!count)
		return NULL;
	return service->algorithm == KL_ALGORITHM_MAGLEV ? maglev(service, chosen, count, ret_count)
							 : expand(service, chosen, count, ret_count);
}

void kl_plan_make(const struct kl_service *service, struct kl_plan *ret)
{
	size_t local_chosen;
	bool wants_local = service->flags & (KL_SERVICE_EXTERNAL_LOCAL | KL_SERVICE_INTERNAL_LOCAL);
	*ret = (struct kl_plan){0};
	ret->all = make(service, false, &ret->all_count, &ret->chosen);
	if (wants_local)
		ret->local = make(service, true, &ret->local_count, &local_chosen);
}

void kl_plan_release(struct kl_plan *plan)
{
	free(plan->all);
	free(plan->local);
	*plan = (struct kl_plan){0};
}
