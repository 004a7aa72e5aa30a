/*
 * pods/eviction: a deletion that a PodDisruptionBudget may refuse. A granted one is first taken from the budget's
 * disruptionsAllowed, durably; then the pod is deleted. The disruption controller counts again when it sees the pod go,
 * or, if it never does, when the entry in disruptedPods is too old.
 */
#include "registry_impl.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DISRUPTED = 2000, PROCESSING_RETRY_S = 10 }; /* upstream's numbers */

static const char *status_of(const json_t *conditions, const char *type)
{
	size_t i;
	json_t *condition;
	json_array_foreach (conditions, i, condition)
		if (!strcmp(kl_json_str(condition, "type", NULL), type))
			return kl_json_str(condition, "status", NULL);
	return "";
}

/* One that does not run, or is on its way out, is missed by nobody. */
static bool needs_budget(const json_t *pod)
{
	const char *phase = kl_json_str(pod, "status", "phase", NULL);
	return !kl_json_get(pod, "metadata", "deletionTimestamp", NULL) && strcmp(phase, "Succeeded") != 0 &&
	       strcmp(phase, "Failed") != 0 && strcmp(phase, "Pending") != 0;
}

/* How many budgets select the pod; the last one's tree and version. */
static size_t find_budgets(const struct kl_op *op, const json_t *pod, json_t **ret, uint64_t *ret_rv)
{
	struct kl_object_list list;
	size_t found = 0;
	const json_t *labels = kl_json_get(pod, "metadata", "labels", NULL);
	kl_store_list(op->registry->store, kl_kind_named("policy", "PodDisruptionBudget"), op->request->ns, &list);
	for (size_t i = 0; i < list.count; i++) {
		json_t *budget = kl_object_parse(list.items[i]);
		const json_t *selector = kl_json_get(budget, "spec", "selector", NULL);
		struct kl_selector *sel = selector ? kl_selector_from_json(selector, NULL) : NULL;
		if (sel && kl_selector_matches(sel, labels)) {
			json_decref(*ret);
			*ret = json_incref(budget);
			*ret_rv = list.items[i]->rv;
			found++;
		}
		kl_selector_free(sel);
		json_decref(budget);
	}
	kl_object_list_release(&list);
	return found;
}

static int refuse(struct kl_op *op, int retry_s, const char *fmt, const json_t *budget)
{
	struct kl_status *st = &op->response->status;
	const char *name = kl_json_str(budget, "metadata", "name", NULL);
	long long desired = kl_json_int(budget, 0, "status", "desiredHealthy", NULL),
		  current = kl_json_int(budget, 0, "status", "currentHealthy", NULL);
	kl_status_set(st, 429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	kl_status_cause(st, "DisruptionBudget", NULL, fmt, name, desired, current);
#pragma GCC diagnostic pop
	if (retry_s)
		json_object_set_new(st->details, "retryAfterSeconds", json_integer(retry_s));
	return -1;
}

static int forbid(struct kl_op *op, const json_t *budget, const char *why)
{
	const char *name = kl_json_str(budget, "metadata", "name", NULL);
	struct kl_status *st = &op->response->status;
	kl_status_set(st, 403, "Forbidden", "poddisruptionbudgets.policy \"%s\" is forbidden: %s", name, why);
	st->details = json_pack("{s:s, s:s, s:s}", "name", name, "group", "policy", "kind", "poddisruptionbudgets");
	return -1;
}

static int check_budget(struct kl_op *op, const json_t *budget)
{
	const json_t *status = json_object_get(budget, "status");
	int64_t allowed = kl_json_int(status, 0, "disruptionsAllowed", NULL);
	if (kl_json_int(status, 0, "observedGeneration", NULL) < kl_json_int(budget, 0, "metadata", "generation", NULL))
		return refuse(op, PROCESSING_RETRY_S,
			"The disruption budget %s is still being processed by the server.", budget);
	if (allowed < 0)
		return forbid(op, budget, "pdb disruptions allowed is negative");
	if (json_object_size(json_object_get(status, "disruptedPods")) > MAX_DISRUPTED)
		return forbid(
			op, budget, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
	if (allowed == 0)
		return refuse(op, 0, "The disruption budget %s needs %lld healthy pods and has %lld currently", budget);
	return 0;
}

static void set_not_allowed(json_t *status)
{
	size_t i;
	json_t *condition;
	char now[KL_TIME_TEXT];
	kl_time_now(now);
	json_array_foreach (json_object_get(status, "conditions"), i, condition) {
		if (strcmp(kl_json_str(condition, "type", NULL), "DisruptionAllowed") != 0)
			continue;
		json_object_set_new(condition, "status", json_string("False"));
		json_object_set_new(condition, "reason", json_string("InsufficientPods"));
		json_object_set_new(condition, "lastTransitionTime", json_string(now));
	}
}

/* Prepares the budget's write; the pod's comes when it is stored. */
static enum kl_op_step take_from_budget(struct kl_op *op, json_t *budget, uint64_t rv)
{
	json_t *status = kl_json_ensure(budget, "status", NULL);
	int64_t left = kl_json_int(status, 0, "disruptionsAllowed", NULL) - 1;
	char now[KL_TIME_TEXT];
	kl_time_now(now);
	json_object_set_new(status, "disruptionsAllowed", json_integer((json_int_t)left));
	kl_json_set(status, json_string(now), "disruptedPods", op->request->name, NULL);
	if (!left)
		set_not_allowed(status);
	op->object = json_incref(budget);
	op->ns = kl_strdup(op->request->ns);
	op->name = kl_strdup(kl_json_str(budget, "metadata", "name", NULL));
	op->taking_budget = true;
	op->write = (struct kl_store_write){
		.op = KL_STORE_UPDATE,
		.kind = kl_kind_named("policy", "PodDisruptionBudget"),
		.ns = op->ns,
		.name = op->name,
		.object = op->object,
		.expected_rv = rv,
	};
	return KL_OP_WRITE;
}

/* Pods that are not ready keep nobody alive: whether a budget guards them is its policy. */
static bool unhealthy_may_go(const json_t *budget)
{
	int64_t desired = kl_json_int(budget, 0, "status", "desiredHealthy", NULL),
		current = kl_json_int(budget, 0, "status", "currentHealthy", NULL);
	if (!strcmp(kl_json_str(budget, "spec", "unhealthyPodEvictionPolicy", NULL), "AlwaysAllow"))
		return true;
	return desired > 0 && current >= desired;
}

static enum kl_op_step remove_pod(struct kl_op *op)
{
	const json_t *options = json_object_get(op->request->object, "deleteOptions");
	struct delete_options wanted = {
		.grace_s = kl_json_int(options, -1, "gracePeriodSeconds", NULL),
		.propagation = kl_json_str_or_null(options, "propagationPolicy", NULL),
		.uid = kl_json_str_or_null(options, "preconditions", "uid", NULL),
		.rv = kl_json_str_or_null(options, "preconditions", "resourceVersion", NULL),
	};
	enum kl_op_step step = op_delete_current(op, &wanted);
	if (step == KL_OP_DONE && !op->response->status.code && !op->response->json) {
		kl_object_unref(kl_take(&op->response->object));
		op->response->json = kl_status_json(&(struct kl_status){.code = 201});
		op->response->created = true;
	}
	return step;
}

enum kl_op_step op_evict(struct kl_op *op)
{
	op->answer = KL_ANSWER_SUCCESS;
	op->retry_conflict = true;
	if (!op_load(op))
		return op_fail(op);
	kl_autojson *pod = kl_object_parse(op->current), *budget = NULL;
	uint64_t rv = 0;
	size_t budgets = op->granted || !needs_budget(pod) ? 0 : find_budgets(op, pod, &budget, &rv);
	bool ready = !strcmp(status_of(kl_json_get(pod, "status", "conditions", NULL), "Ready"), "True");
	if (budgets > 1) {
		kl_status_set(&op->response->status, 500, "InternalError",
			"This pod has more than one PodDisruptionBudget, which the eviction subresource does not "
			"support.");
		return op_fail(op);
	}
	if (!budgets || (!ready && unhealthy_may_go(budget)))
		return remove_pod(op);
	if (check_budget(op, budget) < 0)
		return op_fail(op);
	if (op->request->dry_run)
		return remove_pod(op);
	kl_object_unref(kl_take(&op->current));
	return take_from_budget(op, budget, rv);
}
