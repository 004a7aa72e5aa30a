/*
 * The drain hold: a terminating pod's first signal waits until no node sends it new connections.
 *
 * When a pod is deleted, its endpoint is withdrawn by the EndpointSlice controller at the same moment as this agent
 * hears of it, and every node's tables follow within milliseconds. A process that quits on SIGTERM at once (nginx does)
 * would refuse connections that some node still sends in between; upstream has this race and tells people to put `sleep`
 * in preStop. Here a pod that was Ready is held back until
 *	1. no EndpointSlice of its namespace calls it ready any more (a pod of no Service passes at once), and
 *	2. every connected node has acknowledged the endpoint stream (a node without leave to ask waits SETTLE_MS
 * instead); at most `drain_hold_ms`, and at most half of the grace period, inside of which the hold counts. Where the
 * API does not answer, BLIND_MS are waited. Established connections are the program's own matter: it gets its image's
 * STOPSIGNAL (SIGQUIT drains nginx) and the rest of the grace period.
 */
#include "pods_impl.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

enum {
	DRAIN_HOLD_MS = 5000,
	BLIND_MS = 1000,
	SETTLE_MS = 400,
	GRACE_MS = 50,
	POLL_FIRST_MS = 20,
	POLL_MAX_MS = 320,
	GET_TIMEOUT_MS = 2000
};

enum phase { ASK_SLICES, ASK_STREAM, WAIT };

struct drain {
	enum phase phase;
	uint64_t id;                 /* the request under way; 0: none */
	int64_t until_ms, latest_ms; /* monotonic: when the signal goes out; at the latest */
	int64_t poll_ms;
};

static void ask(struct kl_pod *pod);

static void on_timer(uv_timer_t *timer)
{
	struct kl_pod *pod = container_of(timer, struct kl_pod, timer);
	struct drain *d = pod->drain;

	if (d && d->phase != WAIT && !d->id && kl_monotonic_ms() < d->until_ms)
		ask(pod);
	pod_step(pod);
}

/* The signal goes out so much later from now. */
static void wait_for(struct kl_pod *pod, int64_t ms)
{
	struct drain *d = pod->drain;
	int64_t now = kl_monotonic_ms();

	d->phase = WAIT;
	d->until_ms = now + ms < d->latest_ms ? now + ms : d->latest_ms;
	uv_timer_start(&pod->timer, on_timer, (uint64_t)(d->until_ms > now ? d->until_ms - now : 0), 0);
}

static void ask_again(struct kl_pod *pod)
{
	struct drain *d = pod->drain;

	uv_timer_start(&pod->timer, on_timer, (uint64_t)d->poll_ms, 0);
	d->poll_ms = d->poll_ms * 2 > POLL_MAX_MS ? POLL_MAX_MS : d->poll_ms * 2;
}

/* --- 1: the slices */

struct mentions {
	bool any, ready;
};

static void look(const struct kl_pod *pod, const json_t *slice, struct mentions *found)
{
	json_t *endpoint;
	size_t i;

	json_array_foreach (json_object_get(slice, "endpoints"), i, endpoint) {
		if (strcmp(kl_json_str(endpoint, "targetRef", "uid", NULL), pod->uid) != 0)
			continue;
		found->any = true;
		found->ready |= kl_json_bool(endpoint, true, "conditions", "ready", NULL);
	}
}

static void judge_slices(struct kl_pod *pod, const json_t *list)
{
	struct mentions found = {0};
	json_t *slice;
	size_t i;

	json_array_foreach (json_object_get(list, "items"), i, slice)
		look(pod, slice, &found);
	if (!found.any) {
		wait_for(pod, 0);
	} else if (found.ready) {
		ask_again(pod);
	} else {
		pod->drain->phase = ASK_STREAM;
		ask(pod);
	}
}

/* --- 2: the stream */

static void judge_stream(struct kl_pod *pod, const json_t *status)
{
	json_t *node;
	size_t i;

	json_array_foreach (json_object_get(status, "nodes"), i, node)
		if (kl_json_bool(node, false, "connected", NULL) && kl_json_int(node, 0, "lag", NULL) > 0) {
			ask_again(pod);
			return;
		}
	wait_for(pod, GRACE_MS); /* requests that were on their way to the backend */
}

static void on_answer(const struct kl_client_answer *answer, void *arg)
{
	struct kl_pod *pod = arg;
	struct drain *d = pod->drain;

	d->id = 0;
	kl_autojson *body = answer->http == 200 ? kl_json_parse(answer->body, answer->len, NULL) : NULL;
	if (!body)
		wait_for(pod, d->phase == ASK_STREAM ? SETTLE_MS : BLIND_MS);
	else if (d->phase == ASK_SLICES)
		judge_slices(pod, body);
	else
		judge_stream(pod, body);
	pod_step(pod);
}

static void ask(struct kl_pod *pod)
{
	const struct kl_pods_options *opt = &pod->pods->opt;
	kl_autofree char *slices = kl_asprintf("/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices", pod->ns);
	const struct kl_client_request request = {.method = "GET",
		.timeout_ms = GET_TIMEOUT_MS,
		.path = pod->drain->phase == ASK_SLICES ? slices : "/keelson/v1/stream/status"};

	pod->drain->id = opt->ops->send(opt->ops_arg, &request, on_answer, pod);
}

/* --- from the state machine */

void drain_begin(struct kl_pod *pod)
{
	struct drain *d = pod->drain = kl_calloc(1, sizeof(*d));
	int64_t now = kl_monotonic_ms(), left = pod->delete_at_ms - now;
	int64_t hold = pod->pods->opt.drain_hold_ms ? pod->pods->opt.drain_hold_ms : DRAIN_HOLD_MS;

	if (hold > left / 2)
		hold = left / 2;
	if (pod->api_gone || pod->host_network || !pod_is_ready(pod) || hold < 0)
		hold = 0;
	*d = (struct drain){.until_ms = now + hold, .latest_ms = now + hold, .poll_ms = POLL_FIRST_MS};
	if (hold) {
		uv_timer_start(&pod->timer, on_timer, (uint64_t)hold, 0);
		ask(pod);
	}
}

void drain_end(struct kl_pod *pod)
{
	struct drain *d = kl_take(&pod->drain);
	const struct kl_pods_options *opt = &pod->pods->opt;

	if (d && d->id)
		opt->ops->cancel(opt->ops_arg, d->id);
	free(d);
}

/* A hold that nobody began (a new agent found the pod in it) is over. */
bool drain_over(struct kl_pod *pod)
{
	struct drain *d = pod->drain;
	int64_t now = kl_monotonic_ms();

	if (d && now < d->until_ms && !pod->api_gone) {
		/*
		 * The answer decides, but not for longer than the hold. A timer counts from the loop's cached time and may so
		 * have fired a little early: then nothing else would wake this pod again.
		 */
		int64_t wake = d->id ? d->latest_ms : d->until_ms;
		if (d->id || !uv_is_active((uv_handle_t *)&pod->timer))
			uv_timer_start(&pod->timer, on_timer, (uint64_t)(wake - now), 0);
		return false;
	}
	uv_timer_stop(&pod->timer);
	drain_end(pod);
	return true;
}
