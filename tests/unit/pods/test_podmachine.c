/*
 * The pod state machine on a node of fakes.
 */
#include "fake_node.h"

#include "clock.h"
#include "testlib.h"

#include <string.h>
#include <unistd.h>

static bool running(struct fake_node *node)
{
	return !strcmp(fake_phase(node, "p"), "Running") && !strcmp(fake_condition(node, "p", "Ready"), "True");
}

static bool gone(struct fake_node *node)
{
	return kl_pods_count(node->pods) == 0;
}

static bool reason_is(struct fake_node *node, const char *container, const char *state, const char *reason)
{
	return !strcmp(
		kl_json_str(fake_container_status(node, "p", container), "state", state, "reason", NULL), reason);
}

static void add(struct fake_node *node, const char *spec)
{
	kl_autojson *pod = fake_pod("p", spec);

	kl_pods_update(node->pods, pod);
}

static void delete_with_grace(struct fake_node *node, const char *spec, int seconds)
{
	kl_autojson *pod = fake_pod("p", spec);
	char at[KL_TIME_TEXT];

	kl_time_format(kl_realtime_ms() / 1000 + seconds, at);
	kl_json_set(pod, json_string(at), "metadata", "deletionTimestamp", NULL);
	kl_json_set(pod, json_integer(seconds), "metadata", "deletionGracePeriodSeconds", NULL);
	kl_pods_update(node->pods, pod);
}

KL_TEST(comes_up_and_goes)
{
	struct fake_node node;

	fake_node_init(&node);
	add(&node, "{}");
	KL_CHECK(fake_run_until(&node, running));
	const json_t *status = fake_container_status(&node, "p", "c");
	KL_CHECK(kl_json_bool(status, false, "ready", NULL) && kl_json_bool(status, false, "started", NULL));
	KL_CHECK(!strncmp(kl_json_str(status, "containerID", NULL), "keelson://", 10));
	KL_CHECK_STR(kl_json_str(node.status, "p", "podIP", NULL), "10.1.2.3");
	KL_CHECK_STR(kl_json_str(node.status, "p", "hostIP", NULL), "192.0.2.1");
	KL_CHECK_STR(fake_condition(&node, "p", "PodReadyToStartContainers"), "True");
	KL_CHECK_STR(fake_condition(&node, "p", "PodScheduled"), "True");
	fake_run_for(&node, 20);
	KL_CHECK(fake_event(&node, "Pulled: Container image \"i:1\" already present on machine"));
	KL_CHECK(fake_event(&node, "Created: Created container: c") &&
		 fake_event(&node, "Started: Started container c"));
	delete_with_grace(&node, "{}", 5);
	KL_CHECK(fake_run_until(&node, gone));
	KL_CHECK_INT(json_array_size(node.deleted), 1);
	KL_CHECK_INT(node.adds, 1);
	KL_CHECK_INT(node.dels, 1);
	KL_CHECK(fake_event(&node, "Killing: Stopping container c"));
	KL_CHECK(fake_find(&node, "c")->removed && fake_find(&node, "c")->terms == 1 &&
		 fake_find(&node, "c")->kills == 0);
	KL_CHECK_INT(node.mounts, node.unmounts);
	fake_node_release(&node);
}

KL_TEST(killed_after_the_grace_period)
{
	struct fake_node node;

	fake_node_init(&node);
	node.runtime.stubborn = true;
	add(&node, "{}");
	KL_CHECK(fake_run_until(&node, running));
	int64_t begin = kl_monotonic_ms();
	delete_with_grace(&node, "{}", 2);
	KL_CHECK(fake_run_until(&node, gone));
	int64_t took = kl_monotonic_ms() - begin;
	KL_CHECK(took >= 900 && took < 5000);
	KL_CHECK(fake_find(&node, "c")->terms == 1 && fake_find(&node, "c")->kills == 1);
	fake_node_release(&node);
}

static bool hold_is_over(struct fake_node *node)
{
	return fake_find(node, "c")->terms == 1;
}

KL_TEST(a_ready_pod_is_held_back_before_its_signal)
{
	struct fake_node node;

	fake_node_init(&node);
	fake_node_stop(&node);
	node.hold_ms = 300;
	fake_node_start(&node);
	add(&node, "{}");
	KL_CHECK(fake_run_until(&node, running));
	int64_t begin = kl_monotonic_ms();
	delete_with_grace(&node, "{}", 30);
	KL_CHECK(fake_run_until(&node, hold_is_over));
	int64_t took = kl_monotonic_ms() - begin;
	KL_CHECK(took >= 290 && took < 2000);
	KL_CHECK(fake_run_until(&node, gone));
	fake_node_release(&node);
}

static void dawdle(uv_timer_t *timer)
{
	(void)timer;
	usleep(10000);
}

/*
 * What runs before on the loop makes its cached time stale, and a timer armed by it early: the pod must not sleep for ever then.
 */
KL_TEST(a_hold_ends_though_its_timer_was_early)
{
	struct fake_node node;
	uv_timer_t busy;

	fake_node_init(&node);
	fake_node_stop(&node);
	node.hold_ms = 40;
	fake_node_start(&node);
	uv_timer_init(&node.loop, &busy);
	for (int round = 0; round < 24; round++) {
		add(&node, "{}");
		KL_CHECK(fake_run_until(&node, running));
		uv_timer_start(&busy, dawdle, 0, 13);
		delete_with_grace(&node, "{}", 30);
		KL_CHECK(fake_run_until(&node, gone));
		uv_timer_stop(&busy);
		json_array_clear(node.deleted);
	}
	uv_close((uv_handle_t *)&busy, NULL);
	fake_run_for(&node, 1);
	fake_node_release(&node);
}

static json_t *slices(bool any, bool ready)
{
	json_t *endpoint = json_pack(
		"{s:{s:s},s:{s:b}}", "targetRef", "uid", any ? "uid-p" : "uid-other", "conditions", "ready", ready);

	return json_pack("{s:[{s:[o]}]}", "items", "endpoints", endpoint);
}

KL_TEST(the_hold_ends_when_no_node_sends_any_more)
{
	static const char slices_path[] = "/apis/discovery.k8s.io/v1/namespaces/ns/endpointslices";
	static const char stream_path[] = "/keelson/v1/stream/status";
	struct fake_node node;

	fake_node_init(&node);
	fake_node_stop(&node);
	node.hold_ms = 8000;
	fake_node_start(&node);
	json_object_set_new(node.objects, slices_path, slices(true, true));
	json_object_set_new(node.objects, stream_path,
		json_pack("{s:[{s:b,s:i},{s:b,s:i}]}", "nodes", "connected", 1, "lag", 3, "connected", 0, "lag", 9));
	add(&node, "{}");
	KL_CHECK(fake_run_until(&node, running));
	delete_with_grace(&node, "{}", 30);
	fake_run_for(&node, 300);
	KL_CHECK_INT(fake_find(&node, "c")->terms, 0); /* a slice calls it ready */
	json_object_set_new(node.objects, slices_path, slices(true, false));
	fake_run_for(&node, 700);
	KL_CHECK_INT(fake_find(&node, "c")->terms, 0); /* one node lags; the one that is away does not count */
	json_object_set_new(node.objects, stream_path, json_pack("{s:[{s:b,s:i}]}", "nodes", "connected", 1, "lag", 0));
	KL_CHECK(fake_run_until(&node, gone));
	KL_CHECK_INT(fake_find(&node, "c")->terms, 1);
	fake_node_release(&node);
}

KL_TEST(a_pod_of_no_service_is_not_held)
{
	struct fake_node node;

	fake_node_init(&node);
	fake_node_stop(&node);
	node.hold_ms = 8000;
	fake_node_start(&node);
	json_object_set_new(
		node.objects, "/apis/discovery.k8s.io/v1/namespaces/ns/endpointslices", slices(false, true));
	add(&node, "{}");
	KL_CHECK(fake_run_until(&node, running));
	int64_t begin = kl_monotonic_ms();
	delete_with_grace(&node, "{}", 30);
	KL_CHECK(fake_run_until(&node, gone));
	KL_CHECK(kl_monotonic_ms() - begin < 2000);
	fake_node_release(&node);
}

static bool restarted_once(struct fake_node *node)
{
	return kl_json_int(fake_container_status(node, "p", "c"), 0, "restartCount", NULL) == 1 && running(node);
}

static bool crash_loops(struct fake_node *node)
{
	return reason_is(node, "c", "waiting", "CrashLoopBackOff");
}

KL_TEST(restarts_at_once_then_backs_off)
{
	struct fake_node node;

	fake_node_init(&node);
	add(&node, "{\"restartPolicy\":\"Always\"}");
	KL_CHECK(fake_run_until(&node, running));
	fake_end(&node, fake_find(&node, "c"), 3);
	KL_CHECK(fake_run_until(&node, restarted_once));
	const json_t *last = kl_json_get(fake_container_status(&node, "p", "c"), "lastState", "terminated", NULL);
	KL_CHECK_INT(kl_json_int(last, 0, "exitCode", NULL), 3);
	KL_CHECK_STR(kl_json_str(last, "reason", NULL), "Error");
	fake_end(&node, fake_find(&node, "c"), 0);
	KL_CHECK(fake_run_until(&node, crash_loops));
	KL_CHECK_STR(fake_phase(&node, "p"), "Running");
	KL_CHECK_STR(fake_condition(&node, "p", "Ready"), "False");
	const json_t *status = fake_container_status(&node, "p", "c");
	KL_CHECK_STR(kl_json_str(status, "lastState", "terminated", "reason", NULL), "Completed");
	KL_CHECK(strstr(kl_json_str(status, "state", "waiting", "message", NULL),
		"back-off 10s restarting failed container=c pod=p_ns("));
	KL_CHECK_INT(node.runtime.created, 2);
	delete_with_grace(&node, "{}", 1); /* also while it waits */
	KL_CHECK(fake_run_until(&node, gone));
	fake_node_release(&node);
}

static bool finished(struct fake_node *node)
{
	const char *phase = fake_phase(node, "p");

	return (!strcmp(phase, "Succeeded") || !strcmp(phase, "Failed")) && node->dels == 1;
}

KL_TEST(final_phases)
{
	static const struct {
		const char *policy;
		int code;
		const char *phase, *reason;
	} cases[] = {
		{"Never", 0, "Succeeded", "Completed"},
		{"Never", 1, "Failed", "Error"},
		{"OnFailure", 0, "Succeeded", "Completed"},
	};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct fake_node node;
		kl_autofree char *spec = kl_asprintf("{\"restartPolicy\":\"%s\"}", cases[i].policy);
		fake_node_init(&node);
		add(&node, spec);
		KL_CHECK(fake_run_until(&node, running));
		fake_end(&node, fake_find(&node, "c"), cases[i].code);
		KL_CHECK(fake_run_until(&node, finished));
		fake_run_for(&node, 20);
		KL_CHECK_STR(fake_phase(&node, "p"), cases[i].phase);
		KL_CHECK(reason_is(&node, "c", "terminated", cases[i].reason));
		KL_CHECK_STR(fake_condition(&node, "p", "Ready"), "False");
		KL_CHECK_INT(node.runtime.created, 1);
		KL_CHECK_INT(kl_pods_count(node.pods), 1); /* its logs stay until it is deleted */
		delete_with_grace(&node, spec, 1);
		KL_CHECK(fake_run_until(&node, gone));
		fake_node_release(&node);
	}
}

static bool first_init_runs(struct fake_node *node)
{
	return fake_find(node, "a") && fake_find(node, "a")->started;
}

static bool second_init_runs(struct fake_node *node)
{
	return fake_find(node, "b") && fake_find(node, "b")->started;
}

static const char two_inits[] =
	"{\"restartPolicy\":\"Never\",\"initContainers\":[{\"name\":\"a\",\"image\":\"i\",\"imagePullPolicy\":"
	"\"IfNotPresent\"},{\"name\":\"b\",\"image\":\"i\",\"imagePullPolicy\":\"IfNotPresent\"}]}";

KL_TEST(init_containers_in_their_order)
{
	struct fake_node node;

	fake_node_init(&node);
	add(&node, two_inits);
	KL_CHECK(fake_run_until(&node, first_init_runs));
	fake_run_for(&node, 30);
	KL_CHECK(!fake_find(&node, "b") && !fake_find(&node, "c"));
	KL_CHECK_STR(fake_phase(&node, "p"), "Pending");
	KL_CHECK_STR(fake_condition(&node, "p", "Initialized"), "False");
	KL_CHECK(reason_is(&node, "c", "waiting", "PodInitializing"));
	fake_end(&node, fake_find(&node, "a"), 0);
	KL_CHECK(fake_run_until(&node, second_init_runs));
	KL_CHECK(!fake_find(&node, "c"));
	fake_end(&node, fake_find(&node, "b"), 0);
	KL_CHECK(fake_run_until(&node, running));
	KL_CHECK_STR(fake_condition(&node, "p", "Initialized"), "True");
	fake_node_release(&node);
}

KL_TEST(a_failed_init_container_fails_the_pod)
{
	struct fake_node node;

	fake_node_init(&node);
	add(&node, two_inits);
	KL_CHECK(fake_run_until(&node, first_init_runs));
	fake_end(&node, fake_find(&node, "a"), 1);
	KL_CHECK(fake_run_until(&node, finished));
	KL_CHECK_STR(fake_phase(&node, "p"), "Failed");
	KL_CHECK(!fake_find(&node, "b") && !fake_find(&node, "c"));
	fake_node_release(&node);
}

static bool pull_error(struct fake_node *node)
{
	return reason_is(node, "c", "waiting", "ErrImagePull");
}

static bool pull_backs_off(struct fake_node *node)
{
	return reason_is(node, "c", "waiting", "ImagePullBackOff");
}

KL_TEST(images_that_do_not_come)
{
	struct fake_node node;

	fake_node_init(&node);
	node.no_images = true;
	add(&node, "{}");
	KL_CHECK(fake_run_until(&node, pull_error));
	KL_CHECK_STR(fake_phase(&node, "p"), "Pending");
	KL_CHECK(fake_run_until(&node, pull_backs_off));
	fake_run_for(&node, 20);
	KL_CHECK(fake_event(&node, "Failed: Failed to pull image \"i:1\": ") &&
		 fake_event(&node, "Failed: Error: ErrImagePull"));
	KL_CHECK(fake_event(&node, "BackOff: Back-off pulling image \"i:1\""));
	delete_with_grace(&node, "{}", 1);
	KL_CHECK(fake_run_until(&node, gone));
	KL_CHECK_INT(node.runtime.created, 0);
	fake_node_release(&node);
}

static bool never_pull(struct fake_node *node)
{
	return reason_is(node, "c", "waiting", "ErrImageNeverPull");
}

static bool start_fails(struct fake_node *node)
{
	return reason_is(node, "c", "waiting", "RunContainerError");
}

static bool config_error(struct fake_node *node)
{
	return reason_is(node, "c", "waiting", "CreateContainerConfigError");
}

KL_TEST(reasons_of_waiting)
{
	struct fake_node node;

	fake_node_init(&node);
	node.no_images = true;
	add(&node, "{\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"imagePullPolicy\":\"Never\"}]}");
	KL_CHECK(fake_run_until(&node, never_pull));
	fake_node_release(&node);

	fake_node_init(&node);
	node.runtime.refuse_start = true;
	add(&node, "{}");
	KL_CHECK(fake_run_until(&node, start_fails));
	KL_CHECK_INT(node.mounts, node.unmounts); /* nothing of a failed start is left */
	fake_node_release(&node);

	fake_node_init(&node);
	add(&node, "{\"containers\":[{\"name\":\"c\",\"image\":\"i:1\",\"envFrom\":[{\"secretRef\":{\"name\":\"nope\"}}"
		   "]}]}");
	KL_CHECK(fake_run_until(&node, config_error));
	KL_CHECK_STR(kl_json_str(fake_container_status(&node, "p", "c"), "state", "waiting", "message", NULL),
		"secret \"nope\" not found");
	fake_node_release(&node);
}

KL_TEST(status_is_not_lost_by_failing_sends)
{
	struct fake_node node;

	fake_node_init(&node);
	add(&node, "{}");
	KL_CHECK(fake_run_until(&node, running));
	node.failing = 4;
	fake_end(&node, fake_find(&node, "c"), 1);
	KL_CHECK(fake_run_until(&node, restarted_once));
	KL_CHECK_INT(node.failing, 0);
	fake_node_release(&node);
}

KL_TEST(a_new_agent_takes_over)
{
	struct fake_node node;

	fake_node_init(&node);
	add(&node, "{\"restartPolicy\":\"Always\"}");
	KL_CHECK(fake_run_until(&node, running));
	fake_end(&node, fake_find(&node, "c"), 1);
	KL_CHECK(fake_run_until(&node, restarted_once));
	fake_node_stop(&node);
	json_object_clear(node.status);
	fake_node_start(&node);
	KL_CHECK(fake_run_until(&node, restarted_once)); /* the same container, its count, told anew */
	KL_CHECK_INT(node.runtime.created, 2);
	KL_CHECK_INT(node.adds, 1);
	fake_node_stop(&node);
	fake_end(&node, fake_find(&node, "c"), 9); /* while nobody looks */
	fake_node_start(&node);
	KL_CHECK(fake_run_until(&node, crash_loops));
	KL_CHECK_INT(
		kl_json_int(fake_container_status(&node, "p", "c"), 0, "lastState", "terminated", "exitCode", NULL), 9);
	fake_node_release(&node);
}

KL_TEST(after_a_reboot_pods_begin_anew)
{
	struct fake_node node;

	fake_node_init(&node);
	add(&node, "{\"restartPolicy\":\"Always\"}");
	KL_CHECK(fake_run_until(&node, running));
	fake_node_stop(&node);
	node.lost_namespaces = true;
	fake_node_start(&node);
	KL_CHECK(fake_run_until(&node, restarted_once));
	KL_CHECK_INT(node.adds, 2);
	KL_CHECK(node.runtime.containers[0].removed); /* what was left of the old run */
	const json_t *last = kl_json_get(fake_container_status(&node, "p", "c"), "lastState", "terminated", NULL);
	KL_CHECK_INT(kl_json_int(last, 0, "exitCode", NULL), 255);
	fake_node_release(&node);
}

static bool nobody_known(const char *ns, const char *name, const char *uid, void *arg)
{
	(void)ns, (void)name, (void)uid, (void)arg;
	return false;
}

KL_TEST(deleted_while_the_agent_was_away)
{
	struct fake_node node;

	fake_node_init(&node);
	add(&node, "{\"terminationGracePeriodSeconds\":1}");
	KL_CHECK(fake_run_until(&node, running));
	fake_node_stop(&node);
	fake_node_start(&node);
	kl_pods_synced(node.pods, nobody_known, NULL);
	KL_CHECK(fake_run_until(&node, gone));
	KL_CHECK_INT(json_array_size(node.deleted), 0); /* there is nothing to delete at the API */
	KL_CHECK(fake_find(&node, "c")->removed);
	KL_CHECK_INT(node.dels, 1);
	fake_node_release(&node);
}

KL_TEST(a_lost_monitor)
{
	struct fake_node node;

	fake_node_init(&node);
	add(&node, "{\"restartPolicy\":\"Never\"}");
	KL_CHECK(fake_run_until(&node, running));
	fake_find(&node, "c")->lost = true;
	fake_end(&node, fake_find(&node, "c"), 137);
	KL_CHECK(fake_run_until(&node, finished));
	KL_CHECK(reason_is(&node, "c", "terminated", "ContainerStatusUnknown"));
	fake_node_release(&node);
}

KL_TEST(another_image_in_the_spec_restarts_the_container)
{
	struct fake_node node;

	fake_node_init(&node);
	add(&node, "{\"restartPolicy\":\"Never\"}");
	KL_CHECK(fake_run_until(&node, running));
	add(&node, "{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"i:2\"}]}");
	KL_CHECK(fake_run_until(&node, restarted_once));
	KL_CHECK_STR(kl_json_str(fake_container_status(&node, "p", "c"), "image", NULL), "i:2");
	fake_run_for(&node, 20);
	KL_CHECK(fake_event(&node, "Killing: Container c definition changed, will be restarted"));
	fake_node_release(&node);
}

static bool debugging(struct fake_node *node)
{
	const json_t *status = json_array_get(kl_json_get(node->status, "p", "ephemeralContainerStatuses", NULL), 0);

	return json_is_object(kl_json_get(status, "state", "running", NULL));
}

static bool debugged(struct fake_node *node)
{
	const json_t *status = json_array_get(kl_json_get(node->status, "p", "ephemeralContainerStatuses", NULL), 0);

	return kl_json_int(status, -1, "state", "terminated", "exitCode", NULL) == 3;
}

/* kubectl debug: it joins a running pod, is not started again, and does not matter to the pod's state. */
KL_TEST(an_ephemeral_container_joins_a_running_pod)
{
	static const char *const with = "{\"ephemeralContainers\":[{\"name\":\"debug\",\"image\":\"i:1\","
					"\"targetContainerName\":\"c\"}]}";
	struct fake_node node;

	fake_node_init(&node);
	add(&node, "{}");
	KL_CHECK(fake_run_until(&node, running));
	add(&node, with);
	KL_CHECK(fake_run_until(&node, debugging));
	KL_CHECK_STR(fake_phase(&node, "p"), "Running");
	KL_CHECK_INT(json_array_size(kl_json_get(node.status, "p", "containerStatuses", NULL)), 1);
	fake_node_stop(&node);
	fake_node_start(&node);
	add(&node, with);
	fake_end(&node, fake_find(&node, "debug"), 3);
	KL_CHECK(fake_run_until(&node, debugged));
	fake_run_for(&node, 50);
	KL_CHECK_STR(fake_phase(&node, "p"), "Running");
	KL_CHECK_STR(fake_condition(&node, "p", "Ready"), "True");
	KL_CHECK_INT(node.runtime.created, 2);
	delete_with_grace(&node, with, 5);
	KL_CHECK(fake_run_until(&node, gone));
	KL_CHECK_INT(node.mounts, node.unmounts);
	fake_node_release(&node);
}

/* It waits for its target, and ends with the pod that ends by itself. */
KL_TEST(an_ephemeral_container_without_its_target_waits)
{
	struct fake_node node;

	fake_node_init(&node);
	add(&node, "{\"ephemeralContainers\":[{\"name\":\"debug\",\"image\":\"i:1\","
		   "\"targetContainerName\":\"nobody\"}]}");
	KL_CHECK(fake_run_until(&node, running));
	fake_run_for(&node, 100);
	KL_CHECK(fake_event(&node, "Failed: Error: the target container \"nobody\" is not running"));
	KL_CHECK(!fake_find(&node, "debug"));
	KL_CHECK_STR(fake_phase(&node, "p"), "Running");
	fake_node_release(&node);
}

KL_TEST(many_pods_come_and_go)
{
	struct fake_node node;

	fake_node_init(&node);
	for (int i = 0; i < 20; i++) {
		kl_autofree char *name = kl_asprintf("p%d", i);
		kl_autojson *pod = fake_pod(name, "{\"terminationGracePeriodSeconds\":1}");
		kl_pods_update(node.pods, pod);
		if (i % 3 == 0)
			kl_pods_deleted(node.pods, pod); /* at once, whatever it is doing */
	}
	fake_run_for(&node, 100);
	kl_pods_synced(node.pods, nobody_known, NULL);
	KL_CHECK(fake_run_until(&node, gone));
	KL_CHECK_INT(node.mounts, node.unmounts);
	for (unsigned i = 0; i < node.runtime.count; i++)
		KL_CHECK(node.runtime.containers[i].removed);
	fake_node_release(&node);
}

KL_TEST(rejected_for_a_taken_host_port)
{
	static const char spec[] = "{\"containers\":[{\"name\":\"c\",\"image\":\"i:1\",\"ports\":[{\"containerPort\":1,"
				   "\"hostPort\":80}]}]}";
	kl_autojson *second = fake_pod("q", spec);
	struct fake_node node;

	fake_node_init(&node);
	add(&node, spec);
	KL_CHECK(fake_run_until(&node, running));
	kl_pods_update(node.pods, second);
	fake_run_for(&node, 50);
	KL_CHECK_STR(fake_phase(&node, "q"), "Failed");
	KL_CHECK_STR(kl_json_str(node.status, "q", "reason", NULL), "NodePorts");
	KL_CHECK_INT(node.runtime.created, 1);
	fake_node_release(&node);
}

KL_MAIN()
