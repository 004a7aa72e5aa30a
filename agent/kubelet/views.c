#include "agent_impl.h"

#include "clock.h"

#include <errno.h>
#include <string.h>

static int find_container(const char *ns, const char *pod, const char *uid, const char *container,
	struct kl_streaming_container *ret, void *arg, struct kl_err *err)
{
	struct agent *agent = arg;
	struct kl_pod_container_view view;
	int rc = kl_pods_find_container(agent->pods, ns, pod, uid, container, &view, err);

	if (rc)
		return rc;
	ret->running = view.running;
	if (!view.running)
		ret->state = *view.waiting_reason ? kl_asprintf("waiting to start: %s", view.waiting_reason)
						  : kl_strdup("terminated");
	ret->tty = view.tty;
	ret->stdin_open = view.stdin_open;
	ret->log_path = kl_strdup(view.log_path);
	ret->log_path_previous = view.log_path_previous;
	ret->conmon_pid = view.running ? view.monitor_pid : 0;
	ret->runtime_argv = kl_oci_argv(agent->runtime);
	ret->container_id = kl_strdup(view.id);
	ret->bundle = kl_strdup(view.bundle);
	return 0;
}

static int find_netns(const char *ns, const char *pod, const char *uid, char **ret_path, void *arg, struct kl_err *err)
{
	return kl_pods_find_netns(((struct agent *)arg)->pods, ns, pod, uid, ret_path, err);
}

static json_t *list_pods(void *arg)
{
	return kl_pods_list(((struct agent *)arg)->pods);
}

/* --- stats/summary: what the metrics API is made of */

struct summary {
	struct agent *agent;
	json_t *pods;
	char now[KL_TIME_TEXT];
	uint64_t cpu_ns, memory_bytes;
};

static json_t *usage_json(const struct summary *s, const char *name, const struct kl_cgroup_usage *usage)
{
	return json_pack("{s:s,s:{s:s,s:I},s:{s:s,s:I,s:I}}", "name", name, "cpu", "time", s->now,
		"usageCoreNanoSeconds", (json_int_t)usage->cpu_ns, "memory", "time", s->now, "workingSetBytes",
		(json_int_t)usage->memory_bytes, "usageBytes", (json_int_t)usage->memory_bytes);
}

static json_t *pod_entry(struct summary *s, const json_t *pod)
{
	const char *uid = kl_json_str(pod, "metadata", "uid", NULL);
	json_t *item;
	size_t i;

	json_array_foreach (s->pods, i, item)
		if (!strcmp(kl_json_str(item, "podRef", "uid", NULL), uid))
			return item;
	item = json_pack("{s:{s:s,s:s,s:s},s:[]}", "podRef", "name", kl_json_str(pod, "metadata", "name", NULL),
		"namespace", kl_json_str(pod, "metadata", "namespace", NULL), "uid", uid, "containers");
	json_array_append_new(s->pods, item);
	return item;
}

static void add_container(const json_t *pod, const char *container, const char *cgroup, void *arg)
{
	struct summary *s = arg;
	struct kl_cgroup_usage usage;

	if (kl_cgroups_usage(&s->agent->cgroups, cgroup, &usage))
		return;
	s->cpu_ns += usage.cpu_ns;
	s->memory_bytes += usage.memory_bytes;
	json_array_append_new(json_object_get(pod_entry(s, pod), "containers"), usage_json(s, container, &usage));
}

static json_t *stats(void *arg)
{
	struct agent *agent = arg;
	struct summary s = {.agent = agent, .pods = json_array()};

	kl_time_now(s.now);
	kl_pods_each_running(agent->pods, add_container, &s);
	const struct kl_cgroup_usage total = {s.cpu_ns, s.memory_bytes};
	kl_autojson *node = usage_json(&s, agent->config->node_name, &total);
	json_object_set_new(node, "nodeName", json_string(agent->config->node_name));
	json_object_del(node, "name");
	return json_pack("{s:O,s:o}", "node", node, "pods", s.pods);
}

static void metrics(void (*done)(struct kl_buf *text, void *done_arg), void *done_arg, void *arg)
{
	struct agent *agent = arg;
	struct kl_buf none = {0};

	if (agent->metrics)
		kl_metrics_ask(agent->metrics, done, done_arg);
	else
		done(&none, done_arg); /* the agent is about to end */
}

const struct kl_streaming_ops agent_streaming_ops = {
	.find_container = find_container,
	.find_netns = find_netns,
	.pods = list_pods,
	.stats = stats,
	.metrics = metrics,
};
