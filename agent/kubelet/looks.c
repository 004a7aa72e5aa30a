/* What the inspection socket and the metrics ask of the rest of the agent. */
#include "agent_impl.h"

#include "clock.h"

#include <string.h>
#include <unistd.h>

/* --- the inspection socket */

static void add_pod(const struct kl_cni_pod *pod, void *arg)
{
	json_t *ips = json_array();
	for (size_t i = 0; i < pod->ip_count; i++) {
		char text[KL_ADDR_TEXT];
		kl_addr_format(&pod->ips[i], text);
		json_array_append_new(ips, json_string(text));
	}
	json_array_append_new(
		arg, json_pack("{s:s, s:s, s:o, s:i, s:s, s:s, s:I}", "namespace", pod->pod_namespace, "name",
			     pod->pod_name, "ips", ips, "ifindex", (int)pod->host_ifindex, "interface",
			     pod->host_ifname, "netns", pod->netns_path, "netnsCookie", (json_int_t)pod->netns_cookie));
}

static json_t *time_json(int64_t ms)
{
	char text[KL_TIME_TEXT];
	if (!ms)
		return json_null();
	kl_time_format_ms(ms, text);
	return json_string(text);
}

static json_t *stream_json(const struct kl_netsync_status *status)
{
	const struct kl_netsync_gauges *gauges = &status->gauges;
	json_t *json = json_pack("{s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:f}", "connected", status->connected, "synced",
		status->synced, "epoch", (json_int_t)status->epoch, "seq", (json_int_t)status->seq, "connects",
		(json_int_t)gauges->connects, "changes", (json_int_t)gauges->changes, "failures",
		(json_int_t)gauges->failures, "programmingP99Seconds",
		kl_histogram_quantile(&gauges->programming, 0.99));
	json_object_set_new(json, "heard", time_json(gauges->heard_ms));
	return json;
}

static json_t *audit_json(const struct kl_netsync_gauges *gauges)
{
	json_t *json = json_pack("{s:I, s:I, s:I, s:I}", "runs", (json_int_t)gauges->audits, "missing",
		(json_int_t)gauges->audit_missing, "wrong", (json_int_t)gauges->audit_wrong, "foreign",
		(json_int_t)gauges->audit_foreign);
	json_object_set_new(json, "last", time_json(gauges->audit_ms));
	return json;
}

static json_t *status(void *arg)
{
	struct agent *agent = arg;
	const struct kl_agent_config *c = agent->config;
	struct kl_netsync_status netsync = {0};
	json_t *pods = json_array();
	kl_netsync_status(agent->netsync, &netsync);
	kl_cniserver_each(agent->cni, add_pod, pods);
	json_t *json = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:I, s:I, s:i, s:o, s:o, s:o}", "node", c->node_name,
		"version", KL_VERSION, "pid", (int)getpid(), "uplink", c->uplink, "mode",
		netsync.lb_mode ? netsync.lb_mode : "none", "pinDir", c->pin_dir, "services",
		(json_int_t)netsync.services, "backends", (json_int_t)netsync.backends, "watchers",
		(int)kl_inspect_watchers(agent->inspect), "stream", stream_json(&netsync), "audit",
		audit_json(&netsync.gauges), "pods", pods);
	json_object_set_new(json, "started", time_json(agent->begin_epoch_ms));
	return json;
}

static void add_difference(const char *difference, void *arg)
{
	json_array_append_new(arg, json_string(difference));
}

static json_t *verify(bool repair, void *arg, struct kl_err *err)
{
	struct agent *agent = arg;
	struct kl_dpsync_audit audit = {0};
	json_t *differences = json_array();
	if (kl_netsync_verify(agent->netsync, repair, add_difference, differences, &audit, err)) {
		json_decref(differences);
		return NULL;
	}
	return json_pack("{s:s, s:b, s:{s:I, s:I, s:I, s:I}, s:I, s:I, s:I, s:o}", "node", agent->config->node_name,
		"repaired", repair, "compared", "services", (json_int_t)audit.services, "frontends",
		(json_int_t)audit.frontends, "backends", (json_int_t)audit.backends, "slots", (json_int_t)audit.slots,
		"missing", (json_int_t)audit.missing, "wrong", (json_int_t)audit.wrong, "foreign",
		(json_int_t)audit.foreign, "differences", differences);
}

static const struct kl_inspect_ops inspect_ops = {status, verify};

/* --- metrics */

static void netsync_figures(struct kl_netsync_status *ret, void *arg)
{
	kl_netsync_status(((struct agent *)arg)->netsync, ret);
}

static void count_running(const json_t *pod, const char *container, const char *cgroup, void *arg)
{
	(void)pod;
	(void)container;
	(void)cgroup;
	((struct kl_metrics_pods *)arg)->containers++;
}

static void pod_figures(struct kl_metrics_pods *ret, void *arg)
{
	struct agent *agent = arg;
	ret->pods = kl_pods_count(agent->pods);
	kl_pods_each_running(agent->pods, count_running, ret);
}

static unsigned watchers(void *arg)
{
	return kl_inspect_watchers(((struct agent *)arg)->inspect);
}

static const struct kl_metrics_ops metrics_ops = {netsync_figures, pod_figures, watchers};

int agent_start_looks(struct agent *agent, struct kl_err *err)
{
	const struct kl_agent_config *c = agent->config;
	const struct kl_maps *maps = kl_netsync_maps(agent->netsync);
	kl_autofree char *socket = kl_asprintf("%s/" KL_INSPECT_SOCKET, c->run_dir);
	const struct kl_inspect_options inspect = {
		.socket_path = socket, .maps = maps, .ops = &inspect_ops, .arg = agent};
	const struct kl_metrics_options metrics = {.maps = maps,
		.node_name = c->node_name,
		.bind_address = c->metrics_address,
		.service_limit = c->metrics_services,
		.ops = &metrics_ops,
		.arg = agent};
	int rc = kl_inspect_new(&agent->loop, &inspect, &agent->inspect, err);
	return rc ? rc : kl_metrics_new(&agent->loop, &metrics, &agent->metrics, err);
}
