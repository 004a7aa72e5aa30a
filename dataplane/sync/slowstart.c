/*
 * Slow start: a backend that comes to a service which others serve already gets its share little by little. Shares are
 * weights in sixteenths; each step is a set of its own, switched to like any other change.
 */
#include "dpsync_impl.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { STEPS = 16, STEPS_OF_MANY = 4, MANY = 512, STEP_MIN_MS = 50 };

static uint32_t weight_of(const struct kl_backend *backend)
{
	return backend->weight ? backend->weight : 1;
}

static bool is_ready(const struct kl_backend *backend)
{
	return backend->flags & KL_BACKEND_READY;
}

/* Was it ready in what was desired before? */
static bool was_ready(const struct kl_service *before, const struct kl_backend *backend)
{
	const struct kl_backend *found = NULL;
	size_t low = 0, high = before->backend_count;
	while (low < high && !found) {
		size_t middle = (low + high) / 2;
		int order = kl_backend_compare(&before->backends[middle], backend);
		if (!order)
			found = &before->backends[middle];
		else if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return found && is_ready(found);
}

static bool any_ready(const struct kl_service *service)
{
	for (size_t i = 0; i < service->backend_count; i++)
		if (is_ready(&service->backends[i]))
			return true;
	return false;
}

/* Since when each backend's share grows. Where nobody served before, everybody starts with all of it. */
static void note_since(struct service_state *state, const struct kl_service *service, const struct backend_ref *old,
	size_t old_count, int64_t now_ms)
{
	const struct kl_service *before = state->desired;
	bool served = before && any_ready(before);
	size_t k = 0;
	for (size_t i = 0; i < state->backend_count; i++) {
		struct backend_ref *ref = &state->backends[i];
		while (k < old_count && kl_dpsync_ref_compare(&old[k], ref) < 0)
			k++;
		bool known = k < old_count && !kl_dpsync_ref_compare(&old[k], ref);
		ref->since_ms = known ? old[k].since_ms : 0;
		if (service->slow_start_ms && served && is_ready(&service->backends[i]) &&
			!was_ready(before, &service->backends[i]))
			ref->since_ms = now_ms;
	}
}

static bool is_growing(const struct backend_ref *ref, const struct kl_service *service, int64_t now_ms)
{
	return ref->since_ms && now_ms - ref->since_ms < (int64_t)service->slow_start_ms;
}

static uint32_t steps_of(const struct kl_service *service)
{
	return service->backend_count > MANY ? STEPS_OF_MANY : STEPS;
}

static uint32_t share_of(const struct service_state *state, const struct kl_service *service, size_t i, int64_t now_ms)
{
	const struct backend_ref *ref = &state->backends[i];
	uint32_t weight = weight_of(&service->backends[i]), steps = steps_of(service);
	if (!is_growing(ref, service, now_ms))
		return weight * steps;
	uint64_t step = (uint64_t)(now_ms - ref->since_ms) * steps / service->slow_start_ms;
	return weight * (uint32_t)(step ? step : 1);
}

static void make_shares(struct service_state *state, const struct kl_service *service, int64_t now_ms)
{
	bool growing = false;
	free(kl_take(&state->shares));
	for (size_t i = 0; i < state->backend_count; i++)
		growing = growing || is_growing(&state->backends[i], service, now_ms);
	if (!growing)
		return;
	state->shares = kl_calloc(state->backend_count, sizeof(*state->shares));
	for (size_t i = 0; i < state->backend_count; i++)
		state->shares[i] = share_of(state, service, i, now_ms);
}

static void enlist(struct kl_dpsync *sync, struct service_state *state)
{
	if (state->shares && !state->ramping)
		DL_APPEND2(sync->ramping, state, ramp_prev, ramp_next);
	else if (!state->shares && state->ramping)
		DL_DELETE2(sync->ramping, state, ramp_prev, ramp_next);
	state->ramping = state->shares != NULL;
}

void kl_dpsync_ramp(struct kl_dpsync *sync, struct service_state *state, const struct kl_service *service,
	const struct backend_ref *old, size_t old_count, int64_t now_ms)
{
	note_since(state, service, old, old_count, now_ms);
	make_shares(state, service, now_ms);
	enlist(sync, state);
}

void kl_dpsync_ramp_end(struct kl_dpsync *sync, struct service_state *state)
{
	free(kl_take(&state->shares));
	enlist(sync, state);
}

int64_t kl_dpsync_tick(struct kl_dpsync *sync, int64_t now_ms)
{
	int64_t next_ms = -1;
	struct service_state *state, *after;
	for (state = sync->ramping; state; state = after) {
		after = state->ramp_next;
		make_shares(state, state->desired, now_ms);
		enlist(sync, state);
		kl_dpsync_write_backends(sync, state, state->desired);
		kl_dpsync_switch_set(sync, state, state->desired, NULL); /* no room: the next step tries again */
		int64_t step_ms = state->desired->slow_start_ms / steps_of(state->desired);
		if (step_ms < STEP_MIN_MS)
			step_ms = STEP_MIN_MS;
		if (state->ramping && (next_ms < 0 || step_ms < next_ms))
			next_ms = step_ms;
	}
	return next_ms;
}
