#include "netsync.h"

#include "annotations.h"
#include "log.h"
#include "mem.h"
#include "netsync_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uthash.h>

enum { AUDIT_MS = 30000, LOOK_MS = 5000, NICE = -10, MAX_POD_ADDRS = 2 };

/* --- handing over: whoever asks waits for the answer */

struct call {
	struct call *next;
	void (*run)(struct kl_netsync *netsync, void *arg);
	void *arg;
	uv_sem_t done;
};

static struct call *take_calls(struct kl_netsync *netsync)
{
	uv_mutex_lock(&netsync->lock);
	struct call *calls = kl_take(&netsync->calls);
	uv_mutex_unlock(&netsync->lock);
	return calls;
}

static void on_wake(uv_async_t *wake)
{
	struct kl_netsync *netsync = wake->data;
	for (struct call *call = take_calls(netsync), *next; call; call = next) {
		next = call->next; /* the call is its owner's again as soon as it is done */
		call->run(netsync, call->arg);
		uv_sem_post(&call->done);
	}
}

static void hand_over(struct kl_netsync *netsync, void (*run)(struct kl_netsync *netsync, void *arg), void *arg)
{
	struct call call = {.run = run, .arg = arg}, **end;
	uv_sem_init(&call.done, 0);
	uv_mutex_lock(&netsync->lock);
	for (end = &netsync->calls; *end; end = &(*end)->next)
		;
	*end = &call;
	uv_mutex_unlock(&netsync->lock);
	uv_async_send(&netsync->wake);
	uv_sem_wait(&call.done);
	uv_sem_destroy(&call.done);
}

/* --- pods */

struct pod_call {
	const struct kl_netsync_pod *pod;
	struct kl_err *err;
	int failed;
};

/* A pod's addresses, to forget its link by when it goes. */
struct pod_addrs {
	UT_hash_handle hh;
	uint64_t cookie;
	struct kl_addr addrs[MAX_POD_ADDRS];
	size_t count;
};

static void links_forget(struct kl_netsync *netsync, uint64_t cookie)
{
	struct pod_addrs *pod = NULL;
	HASH_FIND(hh, netsync->pods, &cookie, sizeof(cookie), pod);
	if (!pod)
		return;
	for (size_t i = 0; i < pod->count; i++)
		kl_dpsync_set_link(netsync->sync, &pod->addrs[i], 0, NULL);
	HASH_DEL(netsync->pods, pod);
	free(pod);
}

static void links_set(struct kl_netsync *netsync, const struct kl_netsync_pod *given)
{
	struct pod_addrs *pod = kl_calloc(1, sizeof(*pod));
	links_forget(netsync, given->cookie);
	pod->cookie = given->cookie;
	for (size_t i = 0; given->ips && given->ips[i] && pod->count < MAX_POD_ADDRS; i++)
		if (!kl_addr_parse(given->ips[i], &pod->addrs[pod->count])) {
			kl_dpsync_set_link(netsync->sync, &pod->addrs[pod->count], given->ifindex, given->mac);
			pod->count++;
		}
	HASH_ADD(hh, netsync->pods, cookie, sizeof(pod->cookie), pod);
}

static void links_free(struct kl_netsync *netsync)
{
	struct pod_addrs *pod, *next;
	HASH_ITER (hh, netsync->pods, pod, next) {
		HASH_DEL(netsync->pods, pod);
		free(pod);
	}
}

static void pod_add(struct kl_netsync *netsync, void *arg)
{
	struct pod_call *call = arg;
	kl_reaper_add(netsync->reaper, call->pod->cookie, call->pod->netns);
	links_set(netsync, call->pod);
	call->failed =
		kl_dpsync_netns_add(netsync->sync, call->pod->cookie, KL_DPSYNC_POD, call->pod->ifindex, call->err);
	if (!call->failed)
		kl_hostports_addresses(netsync->hostports, call->pod);
}

int kl_netsync_pod_add(struct kl_netsync *netsync, const struct kl_netsync_pod *pod, struct kl_err *err)
{
	struct pod_call call = {.pod = pod, .err = err};
	hand_over(netsync, pod_add, &call);
	return call.failed;
}

static void pod_remove(struct kl_netsync *netsync, void *arg)
{
	const uint64_t *cookie = arg;
	kl_hostports_gone(netsync->hostports, *cookie);
	links_forget(netsync, *cookie);
	kl_reaper_remove(netsync->reaper, *cookie);
	kl_dpsync_netns_remove(netsync->sync, *cookie);
}

void kl_netsync_pod_remove(struct kl_netsync *netsync, uint64_t cookie)
{
	hand_over(netsync, pod_remove, &cookie);
}

struct spec_call {
	const char *uid, *name;
	json_t *ports;
};

static void pod_spec(struct kl_netsync *netsync, void *arg)
{
	struct spec_call *call = arg;
	kl_hostports_spec(netsync->hostports, call->uid, call->name, call->ports);
}

void kl_netsync_pod_spec(struct kl_netsync *netsync, const json_t *pod)
{
	json_t *ports = kl_hostports_of(pod);
	if (!ports)
		return; /* by far most of them */
	kl_autofree char *name = kl_asprintf(
		"%s/%s", kl_json_str(pod, "metadata", "namespace", NULL), kl_json_str(pod, "metadata", "name", NULL));
	struct spec_call call = {kl_json_str(pod, "metadata", "uid", NULL), name, ports};
	hand_over(netsync, pod_spec, &call);
}

static void pod_forget(struct kl_netsync *netsync, void *arg)
{
	kl_hostports_forget(netsync->hostports, arg);
}

void kl_netsync_pod_forget(struct kl_netsync *netsync, const json_t *pod)
{
	json_t *ports = kl_hostports_of(pod);
	kl_autofree char *uid = kl_strdup(kl_json_str(pod, "metadata", "uid", NULL));
	if (ports)
		hand_over(netsync, pod_forget, uid);
	json_decref(ports);
}

static void pods_synced(struct kl_netsync *netsync, void *arg)
{
	(void)arg;
	kl_hostports_synced(netsync->hostports);
}

void kl_netsync_pods_synced(struct kl_netsync *netsync)
{
	hand_over(netsync, pods_synced, NULL);
}

/* --- looking */

static void status(struct kl_netsync *netsync, void *arg)
{
	*(struct kl_netsync_status *)arg = (struct kl_netsync_status){
		.connected = netsync->connected,
		.synced = netsync->synced,
		.epoch = netsync->epoch,
		.seq = netsync->seq,
		.services = kl_dpsync_services(netsync->sync),
		.backends = kl_dpsync_backends(netsync->sync),
		.lb_mode = kl_lb_mode_name(netsync->mode),
		.gauges = netsync->gauges,
	};
}

void kl_netsync_status(struct kl_netsync *netsync, struct kl_netsync_status *ret)
{
	hand_over(netsync, status, ret);
}

struct verify_call {
	bool repair;
	void (*each)(const char *difference, void *arg);
	void *arg;
	struct kl_dpsync_audit *ret;
	struct kl_err *err;
	int failed;
};

/* Tables that no program reads are no use. */
static void verify_programs(struct kl_netsync *netsync, struct verify_call *call)
{
	struct kl_err why = {0};
	struct kl_load_options load = netsync->load;
	load.mode = netsync->mode;
	if (!kl_load_check(&load, &why))
		return;
	call->ret->wrong++;
	if (call->each)
		call->each(why.text, call->arg);
	if (call->repair)
		call->failed = kl_load(netsync->maps, &load, NULL, call->err);
}

static void verify(struct kl_netsync *netsync, void *arg)
{
	struct verify_call *call = arg;
	if (!netsync->synced) {
		call->failed =
			kl_fail_msg(call->err, EAGAIN, "no complete endpoint table has come from the server yet");
		return;
	}
	kl_dpsync_on_difference(netsync->sync, call->each, call->arg);
	kl_netsync_audit(netsync, call->repair, call->ret);
	kl_dpsync_on_difference(netsync->sync, NULL, NULL);
	verify_programs(netsync, call);
}

int kl_netsync_verify(struct kl_netsync *netsync, bool repair, void (*each)(const char *difference, void *arg),
	void *arg, struct kl_dpsync_audit *ret, struct kl_err *err)
{
	struct verify_call call = {repair, each, arg, ret, err, 0};
	hand_over(netsync, verify, &call);
	return call.failed;
}

const struct kl_maps *kl_netsync_maps(const struct kl_netsync *netsync)
{
	return netsync->maps;
}

/* --- coming and going */

static void thread(void *arg)
{
	struct kl_netsync *netsync = arg;
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL); /* signals are the main thread's */
	/* It is idle nearly always; when something changes it goes before the containers that are starting. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	kl_log_set_component("netsync");
	uv_run(&netsync->loop, UV_RUN_DEFAULT);
}

static void close_all(struct kl_netsync *netsync, void *arg)
{
	(void)arg;
	kl_netsync_unfollow(netsync);
	kl_netsync_timer_free(kl_take(&netsync->audit));
	kl_netsync_timer_free(kl_take(&netsync->look));
	kl_netsync_timer_free(kl_take(&netsync->ramp));
	kl_health_free(kl_take(&netsync->health));
	kl_reaper_free(kl_take(&netsync->reaper));
	if (netsync->client)
		kl_client_free(kl_take(&netsync->client));
	uv_close((uv_handle_t *)&netsync->wake, NULL);
}

void kl_netsync_free(struct kl_netsync *netsync)
{
	if (!netsync)
		return;
	if (netsync->started) {
		hand_over(netsync, close_all, NULL);
		uv_thread_join(&netsync->thread);
	} else {
		close_all(netsync, NULL);
		uv_run(&netsync->loop, UV_RUN_DEFAULT);
	}
	uv_loop_close(&netsync->loop);
	uv_mutex_destroy(&netsync->lock);
	kl_hostports_free(netsync->hostports);
	links_free(netsync);
	kl_dpsync_free(netsync->sync);
	kl_maps_close(netsync->maps);
	free((char *)(uintptr_t)netsync->load.pin_dir);
	free((char *)(uintptr_t)netsync->load.cgroup);
	free((char *)(uintptr_t)netsync->load.uplink);
	free(netsync->node_addrs);
	free(netsync->node_name);
	free(netsync);
}

static int take_addresses(struct kl_netsync *netsync, const char *const *ips, struct kl_err *err)
{
	netsync->node_addrs = kl_calloc(KL_NETSYNC_MAX_ADDRS, sizeof(*netsync->node_addrs));
	for (size_t i = 0; ips && ips[i] && netsync->node_addr_count < KL_NETSYNC_MAX_ADDRS; i++)
		if (kl_addr_parse(ips[i], &netsync->node_addrs[netsync->node_addr_count++]))
			return kl_fail_msg(err, EINVAL, "'%s' is no address", ips[i]);
	return 0;
}

static char *copy(const char *text)
{
	return text ? kl_strdup(text) : NULL;
}

static int take_options(struct kl_netsync *netsync, const struct kl_netsync_options *options, struct kl_err *err)
{
	netsync->node_name = kl_strdup(options->node_name);
	netsync->external_cluster_ip = options->external_cluster_ip;
	netsync->node_port_min = options->node_port_min;
	netsync->node_port_max = options->node_port_max;
	netsync->geneve_port = options->geneve_port;
	netsync->guard_node_ports = !options->no_bind_guard;
	kl_maps_sizes_choose(&netsync->sizes, options->lb_services, options->lb_backends, options->lb_flows);
	netsync->load = (struct kl_load_options){.pin_dir = copy(options->pin_dir),
		.netns_filter = options->netns_filter,
		.cgroup = copy(options->cgroup),
		.uplink = copy(options->uplink)};
	if (options->lb_mode && kl_lb_mode_parse(options->lb_mode, &netsync->load.mode))
		return kl_fail_msg(
			err, EINVAL, "'%s' is no balancer mode: auto, xdp, generic, tc, none", options->lb_mode);
	if (options->lb_algorithm && kl_algorithm_parse(options->lb_algorithm, &netsync->algorithm))
		return kl_fail_msg(err, EINVAL, "'%s' is no algorithm: random, round-robin, maglev, least-connection",
			options->lb_algorithm);
	if (options->lb_forwarding && kl_forward_parse(options->lb_forwarding, &netsync->forward))
		return kl_fail_msg(
			err, EINVAL, "'%s' is no way of forwarding: snat, dsr, dsr-geneve", options->lb_forwarding);
	return take_addresses(netsync, options->node_ips, err);
}

static int start(struct kl_netsync *netsync, const struct kl_netsync_options *options, struct kl_err *err)
{
	int failed = take_options(netsync, options, err);
	netsync->hostports = kl_hostports_new(netsync);
	netsync->health = kl_health_new(netsync);
	if (!failed)
		failed = kl_netsync_bring_up(netsync, err);
	if (!failed)
		failed = kl_client_new(
			&netsync->loop, options->kubeconfig, "keelson-netsync/" KL_VERSION, &netsync->client, err);
	if (failed)
		return failed;
	kl_info("dataplane: %s, balancer %s on %s", netsync->maps->adopted ? "tables adopted" : "tables made",
		kl_lb_mode_name(netsync->mode), options->uplink ? options->uplink : "no uplink");
	netsync->reaper = kl_reaper_new(&netsync->loop, netsync->maps);
	netsync->audit = kl_netsync_timer(netsync, kl_netsync_on_audit, AUDIT_MS, AUDIT_MS);
	netsync->look = kl_netsync_timer(netsync, kl_netsync_on_look, LOOK_MS, LOOK_MS);
	kl_netsync_follow(netsync);
	failed = uv_thread_create(&netsync->thread, thread, netsync);
	netsync->started = !failed;
	return failed ? kl_fail_msg(err, EAGAIN, "start the dataplane's thread: %s", uv_strerror(failed)) : 0;
}

int kl_netsync_new(const struct kl_netsync_options *options, struct kl_netsync **ret, struct kl_err *err)
{
	struct kl_netsync *netsync = kl_calloc(1, sizeof(*netsync));
	uv_loop_init(&netsync->loop);
	uv_mutex_init(&netsync->lock);
	uv_async_init(&netsync->loop, &netsync->wake, on_wake);
	netsync->wake.data = netsync;
	int failed = start(netsync, options, err);
	if (failed) {
		kl_netsync_free(netsync);
		return failed;
	}
	*ret = netsync;
	return 0;
}
