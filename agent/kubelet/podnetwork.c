/*
 * The pods' programs and masquerading, wired to the CNI server, the Node objects and the pods' annotations.
 */
#include "agent_impl.h"

#include "bandwidth.h"
#include "log.h"

#include <errno.h>
#include <string.h>

enum { AUDIT_MS = 30000, IPV4_HEADER = 20, IPV6_HEADER = 40, GENEVE_HEADERS = 8 + 8 };

static void on_audit(uv_timer_t *timer)
{
	kl_podnet_audit(((struct agent *)timer->data)->podnet);
}

static int read_words(const struct kl_agent_config *c, struct kl_podnet_options *options, struct kl_err *err)
{
	if (c->masquerade && kl_masquerade_parse(c->masquerade, &options->masquerade))
		return kl_fail_msg(err, EINVAL, "--masquerade is one of bpf, off, not '%s'", c->masquerade);
	options->no_shortcuts = c->pod_shortcuts && !strcmp(c->pod_shortcuts, "off");
	if (c->pod_shortcuts && !options->no_shortcuts && strcmp(c->pod_shortcuts, "on") != 0)
		return kl_fail_msg(err, EINVAL, "--pod-shortcuts is one of on, off, not '%s'", c->pod_shortcuts);
	return 0;
}

/*
 * Where packets to pods come in envelopes pods announce smaller segments: then what they are sent fits into the uplink with
 * its envelope. A Service that asks for envelopes by itself has its clients' segments clamped by the balancer.
 */
uint32_t agent_envelope_bytes(const struct agent *agent)
{
	const char *forwarding = agent->config->lb_forwarding;
	uint32_t ip = IPV4_HEADER;

	if (!forwarding || strncmp(forwarding, "dsr", 3) != 0)
		return 0;
	for (size_t i = 0; agent->node_ips && agent->node_ips[i]; i++)
		if (strchr(agent->node_ips[i], ':'))
			ip = IPV6_HEADER;
	return !strcmp(forwarding, "dsr-geneve") ? ip + GENEVE_HEADERS : ip;
}

int agent_podnet_start(struct agent *agent, struct kl_err *err)
{
	const struct kl_agent_config *c = agent->config;
	struct kl_podnet_options options = {.pin_dir = c->pin_dir,
		.uplink = c->uplink,
		.non_masquerade = c->non_masquerade,
		.cluster_cidrs = c->cluster_cidrs,
		.service_cidrs = c->service_cidrs};
	int rc = read_words(c, &options, err);

	if (!rc)
		rc = kl_podnet_new(kl_netsync_maps(agent->netsync), &options, &agent->podnet, err);
	if (rc)
		return rc;
	uv_timer_init(&agent->loop, &agent->podnet_timer);
	agent->podnet_timer.data = agent;
	uv_timer_start(&agent->podnet_timer, on_audit, AUDIT_MS, AUDIT_MS);
	return 0;
}

void agent_podnet_settled(struct agent *agent)
{
	kl_podnet_sweep(agent->podnet);
}

static bool same_annotations(const json_t *object, const json_t *old)
{
	const json_t *now = kl_json_get(object, "metadata", "annotations", NULL);
	const json_t *then = kl_json_get(old, "metadata", "annotations", NULL);

	return now == then || (now && then && json_equal(now, then));
}

/* Upstream looks at them only when a pod starts; here they hold at once. A bad value leaves the limits as they were. */
void agent_podnet_pod_changed(struct agent *agent, const json_t *object, const json_t *old)
{
	struct kl_cni_bandwidth bandwidth;
	struct kl_err err = {0};

	if (!agent->cni || (old && same_annotations(object, old)))
		return;
	if (kl_bandwidth_of_pod(object, &bandwidth, &err) ||
		kl_cniserver_limit(agent->cni, kl_json_str(object, "metadata", "uid", NULL), &bandwidth, &err))
		kl_warn("pod %s/%s keeps its bandwidth: %s", kl_json_str(object, "metadata", "namespace", NULL),
			kl_json_str(object, "metadata", "name", NULL), err.text);
}
