/*
 * One pod at a time: from the moment its POST is sent until a watch tells that it is scheduled, Running, Ready; and
 * from its DELETE until it is gone.
 */
#include "bench_api.h"
#include "bench_latency.h"
#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum event { EVENT_SCHEDULED, EVENT_RUNNING, EVENT_READY, EVENT_GONE, EVENTS };
static const char *const event_names[EVENTS] = {"scheduled", "running", "ready", "gone"};

struct watch {
	const struct kl_bench_options *opts;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char name[40];         /* the pod of this round */
	int64_t at_ns[EVENTS]; /* 0: not yet */
	atomic_bool over;
	struct kl_err err;
};

static bool is_ready(const json_t *pod)
{
	size_t i;
	json_t *condition;

	json_array_foreach (kl_json_get(pod, "status", "conditions", NULL), i, condition)
		if (!strcmp(kl_json_str(condition, "type", NULL), "Ready"))
			return !strcmp(kl_json_str(condition, "status", NULL), "True");
	return false;
}

static void note(struct watch *watch, enum event event, bool happened, int64_t now_ns)
{
	if (happened && !watch->at_ns[event])
		watch->at_ns[event] = now_ns;
}

static void on_line(const char *line, void *arg)
{
	struct watch *watch = arg;
	int64_t now_ns = kl_monotonic_ns();
	kl_autojson *event = kl_json_parse(line, strlen(line), NULL);
	const json_t *pod = kl_json_get(event, "object", NULL);

	pthread_mutex_lock(&watch->lock);
	if (pod && !strcmp(kl_json_str(pod, "metadata", "name", NULL), watch->name)) {
		note(watch, EVENT_SCHEDULED, *kl_json_str(pod, "spec", "nodeName", NULL), now_ns);
		note(watch, EVENT_RUNNING, !strcmp(kl_json_str(pod, "status", "phase", NULL), "Running"), now_ns);
		note(watch, EVENT_READY, is_ready(pod), now_ns);
		note(watch, EVENT_GONE, !strcmp(kl_json_str(event, "type", NULL), "DELETED"), now_ns);
		pthread_cond_broadcast(&watch->changed);
	}
	pthread_mutex_unlock(&watch->lock);
}

static void *run_watch(void *arg)
{
	struct watch *watch = arg;
	struct kl_bench_api *api = kl_bench_api_new(watch->opts->kubeconfig, &watch->err);

	if (api)
		kl_bench_api_watch(api, "/api/v1/namespaces/default/pods?watch=1&labelSelector=bench%3Dpod", 300000,
			on_line, watch, &watch->over, &watch->err);
	kl_bench_api_free(api);
	return NULL;
}

static int wait_event(struct watch *watch, enum event event, struct kl_err *err)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 30;
	pthread_mutex_lock(&watch->lock);
	while (!watch->at_ns[event] && !rc)
		rc = pthread_cond_timedwait(&watch->changed, &watch->lock, &until);
	pthread_mutex_unlock(&watch->lock);
	return rc ? kl_fail_msg(err, rc, "the pod is not %s within 30 s (watch: %s)", event_names[event],
			    kl_err_text(&watch->err))
		  : 0;
}

static void begin_round(struct watch *watch, int round)
{
	pthread_mutex_lock(&watch->lock);
	snprintf(watch->name, sizeof(watch->name), "bench-%d-%d", (int)getpid(), round);
	memset(watch->at_ns, 0, sizeof(watch->at_ns));
	pthread_mutex_unlock(&watch->lock);
}

static int one_round(
	struct watch *watch, struct kl_bench_api *api, struct kl_samples samples[EVENTS], struct kl_err *err)
{
	kl_autofree char *body =
		kl_asprintf("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\",\"labels\":"
			    "{\"bench\":\"pod\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"%s\"}]}}",
			watch->name, watch->opts->image);
	kl_autofree char *path = kl_asprintf("/api/v1/namespaces/default/pods/%s?gracePeriodSeconds=1", watch->name);

	int64_t start_ns = kl_monotonic_ns();
	if (kl_bench_api_call(api, "POST", "/api/v1/namespaces/default/pods", NULL, body, err) ||
		wait_event(watch, EVENT_READY, err))
		return err->code;
	for (enum event event = EVENT_SCHEDULED; event <= EVENT_READY; event++)
		kl_samples_add(&samples[event], (watch->at_ns[event] - start_ns) / 1000);
	start_ns = kl_monotonic_ns();
	if (kl_bench_api_call(api, "DELETE", path, NULL, NULL, err) || wait_event(watch, EVENT_GONE, err))
		return err->code;
	kl_samples_add(&samples[EVENT_GONE], (watch->at_ns[EVENT_GONE] - start_ns) / 1000);
	return 0;
}

json_t *kl_bench_pods(const struct kl_bench_options *opts, struct kl_err *err)
{
	static struct kl_samples samples[EVENTS];
	struct watch watch = {.opts = opts, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	struct kl_bench_api *api = kl_bench_api_new(opts->kubeconfig, err);
	pthread_t thread;
	int rc = 0;

	if (!api || pthread_create(&thread, NULL, run_watch, &watch)) {
		kl_bench_api_free(api);
		return NULL;
	}
	usleep(300000); /* the watch stands before the first pod */
	for (int round = 0; round < opts->rounds && !rc; round++) {
		begin_round(&watch, round);
		rc = one_round(&watch, api, samples, err);
	}
	watch.over = true;
	pthread_join(thread, NULL);
	kl_bench_api_free(api);
	if (rc)
		return NULL;
	json_t *out = json_object();
	for (enum event event = 0; event < EVENTS; event++)
		json_object_set_new(out, event_names[event], kl_samples_json(&samples[event]));
	return out;
}
