#include "agent_impl.h"

#include "clock.h"
#include "file.h"
#include "log.h"
#include "trim.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	READY_POLL_MS = 50,
	DEFAULT_PORT = 10250,
	TRIM_AFTER_MS = 3000,
	TRIM_EVERY_MS = 120000,
	SHRINK_EVERY_MS = 300000,
	DISK_HIGH_PERCENT = 85,
	DISK_LOW_PERCENT = 80
};

/* --- the network's side */

static struct kl_netsync_pod netsync_pod(const struct kl_cni_pod *pod, char texts[2][64], const char *ips[3])
{
	size_t count = 0;

	for (size_t i = 0; i < pod->ip_count && i < 2; i++) {
		kl_addr_format(&pod->ips[i], texts[i]);
		ips[count++] = texts[i];
	}
	ips[count] = NULL;
	struct kl_netsync_pod ret = {.cookie = pod->netns_cookie,
		.ips = ips,
		.ifindex = pod->host_ifindex,
		.netns = pod->netns_path,
		.uid = pod->pod_uid};
	memcpy(ret.mac, pod->pod_mac, sizeof(ret.mac));
	return ret;
}

static int on_pod_added(const struct kl_cni_pod *pod, void *arg, struct kl_err *err)
{
	struct agent *agent = arg;
	char texts[2][64];
	const char *ips[3];
	const struct kl_netsync_pod entry = netsync_pod(pod, texts, ips);

	if (!agent->netsync)
		return kl_fail_msg(err, EAGAIN, "the dataplane is not up yet");
	int rc = kl_netsync_pod_add(agent->netsync, &entry, err);
	return rc ? rc : kl_podnet_pod_add(agent->podnet, pod, err);
}

static void on_pod_removed(const struct kl_cni_pod *pod, void *arg)
{
	struct agent *agent = arg;

	if (!agent->netsync)
		return;
	kl_podnet_pod_remove(agent->podnet, pod);
	kl_netsync_pod_remove(agent->netsync, pod->netns_cookie);
}

static void on_cidrs(const char *const *cidrs, size_t count, void *arg)
{
	struct agent *agent = arg;
	struct kl_err err = {0};

	if (kl_podnet_own(agent->podnet, cidrs, count, &err) ||
		kl_cniserver_set_cidrs(agent->cni, cidrs, count, &err)) {
		kl_error("the node's podCIDRs: %s", err.text);
		return;
	}
	agent->cidrs_known = count > 0;
	if (agent->dns)
		kl_dns_set_pod_cidrs(agent->dns, cidrs, count);
	kl_pods_network_ready(agent->pods, agent->cidrs_known && agent->dns_known);
}

/* Pods are told of kube-dns when they come: its address is known before the first of them. */
static bool dns_is_known(struct agent *agent)
{
	if (agent->dns_known || !kl_dns_synced(agent->dns))
		return agent->dns_known;
	kl_autofree char **ips = kl_dns_service_ips(agent->dns);
	/* Read by the pool's threads: an address is there before the one in front of it. */
	for (size_t i = 2; i-- > 0;)
		__atomic_store_n(&agent->dns_ips[i], ips[i], __ATOMIC_RELEASE);
	agent->dns_known = true;
	kl_pods_network_ready(agent->pods, agent->cidrs_known);
	return true;
}

static void on_settled(uv_timer_t *timer)
{
	(void)timer;
	kl_memory_trim();
}

static void on_other_cidrs(const struct kl_prefix *cidrs, size_t count, void *arg)
{
	struct agent *agent = arg;
	struct kl_err err = {0};

	if (kl_podnet_others(agent->podnet, cidrs, count, &err))
		kl_warn("pods of other nodes may be masqueraded to, --cluster-cidr helps: %s", err.text);
}

/* Ready as soon as pods get addresses and the tables hold what the server knows. */
static void on_ready_timer(uv_timer_t *timer)
{
	struct agent *agent = timer->data;
	struct kl_netsync_status status = {0};

	kl_netsync_status(agent->netsync, &status);
	if (!agent->cidrs_known) {
		kl_node_set_ready(
			agent->node, false, "container runtime network not ready: the node has no podCIDR yet");
	} else if (!dns_is_known(agent)) {
		kl_node_set_ready(agent->node, false, "name server not ready: the cluster's names are not known yet");
	} else if (!status.synced) {
		kl_node_set_ready(agent->node, false, "dataplane not ready: no complete endpoint table yet");
	} else {
		kl_node_set_ready(agent->node, true, NULL);
		kl_info("up after %lld ms; balancing on %s by %s", (long long)(kl_monotonic_ms() - agent->begin_ms),
			agent->config->uplink, status.lb_mode ? status.lb_mode : "?");
		uv_timer_start(timer, on_settled, TRIM_AFTER_MS, TRIM_EVERY_MS);
	}
}

/* --- room for images, as kubelet makes it: above 85 % down to 80 % */

static void shrink_work(uv_work_t *req)
{
	struct agent *agent = container_of(req, struct agent, shrink);
	struct kl_err err = {0};
	int64_t bytes;

	if (kl_images_shrink(agent->images, DISK_HIGH_PERCENT, DISK_LOW_PERCENT, &bytes, &err))
		kl_warn("make room among the images: %s", err.text);
	else if (bytes)
		kl_info("removed unused images: %lld bytes", (long long)bytes);
}

static void shrink_done(uv_work_t *req, int status)
{
	(void)status;
	container_of(req, struct agent, shrink)->shrinking = false;
}

static void on_shrink_timer(uv_timer_t *timer)
{
	struct agent *agent = timer->data;

	if (agent->shrinking)
		return;
	agent->shrinking = true;
	uv_queue_work(&agent->loop, &agent->shrink, shrink_work, shrink_done);
}

/* --- pods from the API */

static void on_pod_changed(const json_t *object, const json_t *old, void *arg)
{
	agent_podnet_pod_changed(arg, object, old);
	if (((struct agent *)arg)->netsync)
		kl_netsync_pod_spec(((struct agent *)arg)->netsync, object);
	kl_pods_update(((struct agent *)arg)->pods, object);
}

static void on_pod_deleted(const json_t *last, void *arg)
{
	if (((struct agent *)arg)->netsync)
		kl_netsync_pod_forget(((struct agent *)arg)->netsync, last);
	kl_pods_deleted(((struct agent *)arg)->pods, last);
}

static bool is_known(const char *ns, const char *name, const char *uid, void *arg)
{
	const json_t *object = kl_informer_get(((struct agent *)arg)->informer, ns, name);

	return object && !strcmp(kl_json_str(object, "metadata", "uid", NULL), uid);
}

static void on_synced(void *arg)
{
	struct agent *agent = arg;

	if (agent->netsync)
		kl_netsync_pods_synced(agent->netsync);
	kl_pods_synced(agent->pods, is_known, agent);
}

/* --- coming up */

static int load_kubeconfig(struct agent *agent, struct kl_err *err)
{
	const struct kl_agent_config *c = agent->config;
	int rc = kl_kubeconfig_load(c->kubeconfig, &agent->kubeconfig, err);

	if (!rc && c->server) {
		free(agent->kubeconfig.server);
		agent->kubeconfig.server = kl_strdup(c->server);
	}
	return rc;
}

static int make_dirs(const struct kl_agent_config *c, struct kl_err *err)
{
	const char *const dirs[] = {c->root_dir, c->run_dir, c->image_root};
	int rc = 0;

	for (size_t i = 0; !rc && i < KL_ARRAY_LEN(dirs); i++)
		rc = kl_mkdir_p(dirs[i], 0755, err);
	return rc;
}

static int start_runtime(struct agent *agent, struct kl_err *err)
{
	const struct kl_agent_config *c = agent->config;
	const struct kl_oci_options options = {.run_dir = c->run_dir,
		.cgroup_root = c->cgroup_root,
		.crun = c->crun,
		.runc = c->runc,
		.conmon = c->conmon,
		.own_mounts = c->netns_filter};
	kl_autofree char *report = NULL;
	int rc = kl_oci_new(&options, &agent->runtime, &report, err);

	if (rc)
		return rc;
	kl_info("containers run by %s", report);
	agent->runtime_version = kl_asprintf("keelson://%s (%s)", KL_VERSION, kl_oci_version(agent->runtime));
	return kl_cgroups_load(&agent->cgroups, err);
}

static int start_images(struct agent *agent, struct kl_err *err)
{
	kl_autofree char *work = kl_asprintf("%s/images", agent->config->run_dir);
	const struct kl_images_options options = {
		.root = agent->config->image_root, .work_dir = work, .mirrors = agent->config->registry_mirrors};

	return kl_images_new(&options, &agent->images, err);
}

static int read_capacity(struct agent *agent, struct kl_err *err)
{
	const struct kl_agent_config *c = agent->config;

	agent->capacity.max_pods = c->max_pods;
	kl_node_capacity_read(c->root_dir, &agent->capacity);
	int rc = c->system_reserved ? kl_node_reserved_parse(c->system_reserved, &agent->capacity, err) : 0;
	agent->allocatable_cpu = kl_node_allocatable_cpu(&agent->capacity);
	agent->allocatable_memory = kl_node_allocatable_memory(&agent->capacity);
	return rc;
}

static json_t *node_images(void *arg)
{
	struct agent *agent = arg;
	struct kl_image_list list;
	json_t *array = json_array();

	if (kl_images_list(agent->images, &list, NULL))
		return array;
	for (size_t i = 0; i < list.count && i < 50; i++)
		json_array_append_new(array, json_pack("{s:[s,s],s:I}", "names", list.items[i].repo_digest,
						     list.items[i].name, "sizeBytes", (json_int_t)list.items[i].size));
	kl_image_list_release(&list);
	return array;
}

static void start_node(struct agent *agent)
{
	const struct kl_agent_config *c = agent->config;
	const struct kl_node_options options = {.name = c->node_name,
		.ips = agent->node_ips,
		.labels = c->labels,
		.taints = c->taints,
		.root_dir = c->root_dir,
		.runtime_version = agent->runtime_version,
		.capacity = agent->capacity,
		.kubelet_port = c->port ? c->port : DEFAULT_PORT,
		.lease_seconds = c->lease_seconds,
		.images = node_images,
		.arg = agent};

	agent->node = kl_node_new(&agent->loop, agent->client, &options);
}

static int start_network(struct agent *agent, struct kl_err *err)
{
	const struct kl_agent_config *c = agent->config;
	kl_autofree char *state = kl_asprintf("%s/cni", c->run_dir);
	const struct kl_netsync_options netsync = {.node_name = c->node_name,
		.node_ips = agent->node_ips,
		.uplink = c->uplink,
		.lb_mode = c->lb_mode,
		.pin_dir = c->pin_dir,
		.netns_filter = c->netns_filter,
		.external_cluster_ip = c->external_cluster_ip,
		.kubeconfig = &agent->kubeconfig,
		.lb_algorithm = c->lb_algorithm,
		.lb_forwarding = c->lb_forwarding,
		.geneve_port = (uint16_t)c->geneve_port,
		.no_bind_guard = c->no_bind_guard,
		.lb_services = (uint32_t)c->lb_services,
		.lb_backends = (uint32_t)c->lb_backends,
		.lb_flows = (uint32_t)c->lb_flows};
	const struct kl_cniserver_opts cni = {.socket_path = agent->cni_socket,
		.state_dir = state,
		.mtu = (uint32_t)c->pod_mtu,
		.mtu_less = agent_envelope_bytes(agent),
		.uplink = c->uplink,
		.pod_added = on_pod_added,
		.pod_removed = on_pod_removed,
		.arg = agent};
	const struct kl_routes_opts routes = {.node_name = c->node_name, .pod_cidrs = on_cidrs, .others = on_other_cidrs, .arg = agent};
	int rc = kl_netsync_new(&netsync, &agent->netsync, err);

	if (!rc)
		rc = agent_podnet_start(agent, err);
	if (!rc)
		rc = kl_cniserver_new(&agent->loop, &cni, &agent->cni, err);
	if (!rc)
		agent_podnet_settled(agent);
	if (!rc)
		rc = kl_routes_new(&agent->loop, agent->client, &routes, &agent->routes, err);
	return rc;
}

static int start_dns(struct agent *agent, struct kl_err *err)
{
	const struct kl_agent_config *c = agent->config;
	const struct kl_dns_options options = {.kubeconfig = &agent->kubeconfig,
		.node_ips = agent->node_ips,
		.domain = c->cluster_domain ? c->cluster_domain : "cluster.local",
		.resolv_conf = c->resolv_conf,
		.upstreams = c->dns_upstreams};

	agent->dns_known = c->no_dns;
	return c->no_dns ? 0 : kl_dns_start(&options, &agent->dns, err);
}

static int start_pods(struct agent *agent, struct kl_err *err)
{
	const struct kl_agent_config *c = agent->config;
	const struct kl_pods_options options = {.root_dir = c->root_dir,
		.run_dir = c->run_dir,
		.cgroup_root = c->cgroup_root,
		.node_name = c->node_name,
		.node_ips = agent->node_ips,
		.cluster_dns = c->cluster_dns ? c->cluster_dns : agent->dns_ips,
		.cluster_domain = c->cluster_domain,
		.ca_pem = agent->kubeconfig.ca_pem,
		.node = {agent->allocatable_cpu, agent->allocatable_memory},
		.memory_capacity = agent->capacity.memory_bytes,
		.max_pods = c->max_pods,
		.pids_limit = c->pids_limit,
		.drain_hold_ms = c->drain_hold_ms,
		.runtime = agent->runtime,
		.ops = &agent_pods_ops,
		.ops_arg = agent};
	const struct kl_informer_handlers handlers = {
		.changed = on_pod_changed, .deleted = on_pod_deleted, .synced = on_synced, .arg = agent};
	kl_autofree char *query = kl_asprintf("fieldSelector=spec.nodeName%%3D%s", c->node_name);
	int rc = kl_pods_new(&agent->loop, &options, &agent->pods, err);

	if (!rc)
		agent->informer = kl_informer_new(agent->client, "/api/v1/pods", query, &handlers);
	return rc;
}

static int start_streaming(struct agent *agent, struct kl_err *err)
{
	const struct kl_agent_config *c = agent->config;
	kl_autofree char *scratch = kl_asprintf("%s/exec", c->run_dir);
	const struct kl_streaming_options options = {.port = c->port ? c->port : DEFAULT_PORT,
		.cert_path = c->tls_cert,
		.key_path = c->tls_key,
		.client_ca_path = c->client_ca,
		.scratch_dir = scratch,
		.ops = &agent_streaming_ops,
		.arg = agent};

	if (!c->tls_cert) {
		kl_warn("no --tls-cert-file: logs, exec and port-forward are not served");
		return 0;
	}
	return kl_streaming_new(&agent->loop, &options, &agent->streaming, err);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	(void)signum;
	uv_stop(handle->loop);
}

static void start_signals(struct agent *agent)
{
	uv_signal_init(&agent->loop, &agent->sigterm);
	uv_signal_init(&agent->loop, &agent->sigint);
	uv_signal_start(&agent->sigterm, on_signal, SIGTERM);
	uv_signal_start(&agent->sigint, on_signal, SIGINT);
}

/* The pods are there before the network: adopted ones report at once, new ones wait for it. */
static int start_all(struct agent *agent, struct kl_err *err)
{
	int rc = load_kubeconfig(agent, err);

	if (!rc)
		rc = make_dirs(agent->config, err);
	if (!rc)
		rc = read_capacity(agent, err);
	if (!rc)
		rc = start_runtime(agent, err);
	if (!rc)
		rc = start_images(agent, err);
	if (!rc)
		rc = kl_client_new(&agent->loop, &agent->kubeconfig, "keelson-agent/" KL_VERSION, &agent->client, err);
	if (rc)
		return rc;
	start_node(agent);
	rc = start_dns(agent, err);
	if (!rc)
		rc = start_pods(agent, err);
	if (!rc)
		rc = start_network(agent, err);
	if (!rc)
		rc = agent_start_looks(agent, err);
	if (!rc)
		rc = start_streaming(agent, err);
	return rc;
}

static void close_rest(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void stop_all(struct agent *agent)
{
	kl_metrics_free(kl_take(&agent->metrics)); /* before who still waits for its answer */
	kl_streaming_free(agent->streaming);
	kl_inspect_free(agent->inspect);
	if (agent->informer)
		kl_informer_free(agent->informer);
	kl_pods_free(agent->pods);
	if (agent->routes)
		kl_routes_free(agent->routes);
	if (agent->cni)
		kl_cniserver_free(agent->cni);
	kl_podnet_free(agent->podnet);
	kl_netsync_free(agent->netsync);
	kl_dns_stop(agent->dns);
	for (size_t i = 0; agent->dns_ips[i]; i++)
		free((char *)(uintptr_t)agent->dns_ips[i]);
	kl_node_free(agent->node);
	if (agent->client)
		kl_client_free(agent->client);
	while (agent->shrinking)
		uv_run(&agent->loop, UV_RUN_ONCE);
	uv_run(&agent->loop, UV_RUN_NOWAIT);
	uv_walk(&agent->loop, close_rest, NULL);
	uv_run(&agent->loop, UV_RUN_NOWAIT);
	uv_loop_close(&agent->loop);
	kl_images_free(agent->images);
	if (agent->runtime)
		agent->runtime->ops->free(agent->runtime);
	kl_cgroups_release(&agent->cgroups);
	kl_kubeconfig_release(&agent->kubeconfig);
	free(agent->cni_socket);
	free(agent->allocatable_cpu);
	free(agent->allocatable_memory);
	free(agent->runtime_version);
	kl_strv_free(agent->found_ips);
}

/* Few arenas: the pool's threads allocate little, and each arena of its own costs resident memory. */
static void tune_memory(void)
{
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_TRIM_THRESHOLD, 256 << 10); /* fixed: the thresholds would grow with the largest block seen */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	setenv("UV_THREADPOOL_SIZE", "10", 0); /* a thread may wait minutes for a registry */
}

int kl_agent_run(const struct kl_agent_config *config, struct kl_err *err)
{
	struct agent agent = {.config = config, .begin_ms = kl_monotonic_ms(), .begin_epoch_ms = kl_realtime_ms()};

	tune_memory();
	umask(022);
	uv_loop_init(&agent.loop);
	agent.cni_socket = kl_asprintf("%s/agent.sock", config->run_dir);
	agent.found_ips = config->node_ips ? NULL : agent_device_ips(config->uplink);
	agent.node_ips = config->node_ips ? config->node_ips : (const char *const *)agent.found_ips;
	uv_timer_init(&agent.loop, &agent.ready_timer);
	uv_timer_init(&agent.loop, &agent.shrink_timer);
	agent.ready_timer.data = agent.shrink_timer.data = &agent;
	start_signals(&agent);
	int rc = agent.node_ips[0] ? start_all(&agent, err)
				   : kl_fail_msg(err, ENODEV, "no address on '%s': give --node-ip", config->uplink);
	if (!rc) {
		uv_timer_start(&agent.ready_timer, on_ready_timer, 0, READY_POLL_MS);
		uv_timer_start(&agent.shrink_timer, on_shrink_timer, SHRINK_EVERY_MS, SHRINK_EVERY_MS);
		uv_run(&agent.loop, UV_RUN_DEFAULT);
		kl_info("the agent ends; containers and the dataplane go on");
	}
	stop_all(&agent);
	return rc;
}
