/*
 * Status towards the API: one patch at a time per pod, always of the newest status, tried again until it is taken.
 */
#include "pods_impl.h"

#include "clock.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>

enum { RETRY_FIRST_MS = 100, RETRY_MAX_MS = 5000, REFUSED_RETRY_MS = 30000, SEND_TIMEOUT_MS = 10000 };

struct report {
	uv_timer_t timer;
	json_t *sent, *sending; /* what the API has; what is on its way */
	uint64_t id;
	int64_t retry_ms;
	bool deleting; /* the final delete is under way */
	bool off;      /* nothing is to be told any more */
};

static void send_status(struct kl_pod *pod);
static void send_delete(struct kl_pod *pod);

static struct report *report_of(struct kl_pod *pod)
{
	if (!pod->report) {
		pod->report = kl_calloc(1, sizeof(*pod->report));
		uv_timer_init(pod->pods->loop, &pod->report->timer);
		pod->report->timer.data = pod;
		pod_ref(pod);
	}
	return pod->report;
}

static void on_timer(uv_timer_t *timer)
{
	struct kl_pod *pod = timer->data;

	if (pod->report->deleting)
		send_delete(pod);
	else
		send_status(pod);
}

static void again_in(struct kl_pod *pod, int64_t ms)
{
	uv_timer_start(&pod->report->timer, on_timer, (uint64_t)ms, 0);
}

static void back_off(struct kl_pod *pod)
{
	struct report *r = pod->report;

	r->retry_ms = r->retry_ms ? r->retry_ms * 2 : RETRY_FIRST_MS;
	if (r->retry_ms > RETRY_MAX_MS)
		r->retry_ms = RETRY_MAX_MS;
	again_in(pod, r->retry_ms);
}

/* 404 and 409 (another uid) mean that this pod exists no more: the informer says so too, soon. */
static void on_status_sent(const struct kl_client_answer *answer, void *arg)
{
	struct kl_pod *pod = arg;
	struct report *r = pod->report;
	json_t *sending = kl_take(&r->sending);

	r->id = 0;
	if (answer->http >= 200 && answer->http < 300) {
		json_decref(r->sent);
		r->sent = sending;
		r->retry_ms = 0;
		if (!json_equal(r->sent, pod->status))
			again_in(pod, 0);
		pod_step(pod);
		return;
	}
	json_decref(sending);
	if (answer->http == 404 || answer->http == 409) {
		json_decref(r->sent);
		r->sent = json_incref(pod->status);
		pod_step(pod);
	} else if (answer->http >= 400 && answer->http < 500 && answer->http != 429) {
		kl_error("pod %s/%s: the API refused its status: %s", pod->ns, pod->name, answer->err.text);
		again_in(pod, REFUSED_RETRY_MS);
	} else {
		back_off(pod);
	}
}

static void send_status(struct kl_pod *pod)
{
	struct report *r = pod->report;
	const struct kl_pods_options *opt = &pod->pods->opt;

	if (r->off || r->id || pod->api_gone || !pod->status || json_equal(r->sent, pod->status))
		return;
	kl_autofree char *path = kl_asprintf("/api/v1/namespaces/%s/pods/%s/status", pod->ns, pod->name);
	kl_autojson *body = json_pack("{s:{s:s},s:O}", "metadata", "uid", pod->uid, "status", pod->status);
	kl_autobuf text = {0};
	kl_json_dump(body, &text);
	const struct kl_client_request request = {.method = "PATCH",
		.path = path,
		.body = text.data,
		.body_len = text.len,
		.content_type = "application/strategic-merge-patch+json",
		.timeout_ms = SEND_TIMEOUT_MS};
	r->sending = json_incref(pod->status);
	r->id = opt->ops->send(opt->ops_arg, &request, on_status_sent, pod);
}

/* What changes within one turn of the loop goes out as one patch. */
void report_changed(struct kl_pod *pod)
{
	if (pod->freed || pod->api_gone)
		return;
	struct report *r = report_of(pod);
	json_t *status = pod_status(pod, kl_realtime_ms());
	bool same = json_equal(status, pod->status);

	json_decref(pod->status);
	pod->status = status;
	if (!same && !pod->cleaned)
		checkpoint_save(pod);
	if (!r->off && !r->id && !r->deleting && !json_equal(r->sent, status) &&
		(!uv_is_active((uv_handle_t *)&r->timer) || !same))
		again_in(pod, 0);
}

bool report_idle(const struct kl_pod *pod)
{
	return pod->api_gone || !pod->report || (!pod->report->id && json_equal(pod->report->sent, pod->status));
}

static void on_deleted(const struct kl_client_answer *answer, void *arg)
{
	struct kl_pod *pod = arg;

	pod->report->id = 0;
	if ((answer->http >= 200 && answer->http < 300) || answer->http == 404 || answer->http == 409) {
		pod->confirmed = true;
		pod_step(pod);
		return;
	}
	back_off(pod);
}

static void send_delete(struct kl_pod *pod)
{
	const struct kl_pods_options *opt = &pod->pods->opt;
	kl_autofree char *path = kl_asprintf("/api/v1/namespaces/%s/pods/%s", pod->ns, pod->name);
	kl_autofree char *body =
		kl_asprintf("{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"gracePeriodSeconds\":0,"
			    "\"preconditions\":{\"uid\":\"%s\"}}",
			pod->uid);
	const struct kl_client_request request = {.method = "DELETE",
		.path = path,
		.body = body,
		.body_len = strlen(body),
		.timeout_ms = SEND_TIMEOUT_MS};

	if (!pod->report->id && !pod->report->off)
		pod->report->id = opt->ops->send(opt->ops_arg, &request, on_deleted, pod);
}

void report_final_delete(struct kl_pod *pod)
{
	struct report *r = report_of(pod);

	if (r->deleting)
		return;
	r->deleting = true;
	r->retry_ms = 0;
	uv_timer_stop(&r->timer);
	send_delete(pod);
}

static void on_closed(uv_handle_t *handle)
{
	struct kl_pod *pod = handle->data;
	struct report *r = container_of((uv_timer_t *)handle, struct report, timer);

	json_decref(r->sent);
	json_decref(r->sending);
	free(r);
	pod_unref(pod);
}

void report_stop(struct kl_pod *pod)
{
	struct report *r = kl_take(&pod->report);
	const struct kl_pods_options *opt = &pod->pods->opt;

	if (!r)
		return;
	if (r->id)
		opt->ops->cancel(opt->ops_arg, r->id);
	r->off = true;
	uv_close((uv_handle_t *)&r->timer, on_closed);
}
