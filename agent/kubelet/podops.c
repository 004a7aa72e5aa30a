#include "agent_impl.h"

#include "bandwidth.h"
#include "cniclient.h"
#include "podns.h"

#include <stdlib.h>
#include <string.h>

static uint64_t op_send(void *arg, const struct kl_client_request *request, kl_client_done *done, void *done_arg)
{
	struct agent *agent = arg;

	return kl_client_send(agent->client, request, done, done_arg);
}

static void op_cancel(void *arg, uint64_t id)
{
	struct agent *agent = arg;

	kl_client_cancel(agent->client, id);
}

struct network_call {
	void (*done)(const struct kl_err *err, const char *const *ips, size_t count, void *arg);
	void *arg;
};

static void on_cni(const struct kl_cni_answer *answer, void *arg)
{
	struct network_call *call = arg;
	const char *ips[KL_ARRAY_LEN(answer->ips)];

	for (size_t i = 0; i < answer->ip_count; i++)
		ips[i] = answer->ips[i];
	call->done(&answer->err, ips, answer->ip_count, call->arg);
	free(call);
}

static int op_network(void *arg, const char *command, const json_t *pod, const char *sandbox_id, const char *netns_path,
	void (*done)(const struct kl_err *err, const char *const *ips, size_t count, void *done_arg), void *done_arg,
	struct kl_err *err)
{
	struct agent *agent = arg;
	struct kl_cni_bandwidth bandwidth = {0};

	/* As a CRI runtime says it when it makes the sandbox. */
	if (!strcmp(command, "ADD") && kl_bandwidth_of_pod(pod, &bandwidth, err))
		return kl_fail_prefix(err, "failed to get bandwidth info from annotations");
	struct network_call *call = kl_calloc(1, sizeof(*call));
	const struct kl_cni_request request = {.plugin = agent->config->cni_plugin,
		.command = command,
		.socket_path = agent->cni_socket,
		.container_id = sandbox_id,
		.netns_path = netns_path,
		.pod_namespace = kl_json_str(pod, "metadata", "namespace", NULL),
		.pod_name = kl_json_str(pod, "metadata", "name", NULL),
		.pod_uid = kl_json_str(pod, "metadata", "uid", NULL),
		.bandwidth = bandwidth};

	*call = (struct network_call){done, done_arg};
	int rc = kl_cni_call(&agent->loop, &request, on_cni, call, err);
	if (rc)
		free(call);
	return rc;
}

/*
 * "name", "value", … of the pod's sysctls. Without other words every pod may bind low ports and ping without
 * capabilities, as containerd 2 lets them: the network namespace is the pod's own.
 */
static char **sysctls_of(const json_t *pod, bool own_net)
{
	const json_t *list = kl_json_get(pod, "spec", "securityContext", "sysctls", NULL);
	char **texts = kl_calloc(2 * json_array_size(list) + 5, sizeof(*texts));
	size_t count = 0, i;
	json_t *item;

	if (own_net) {
		texts[count++] = kl_strdup("net.ipv4.ip_unprivileged_port_start");
		texts[count++] = kl_strdup("0");
		texts[count++] = kl_strdup("net.ipv4.ping_group_range");
		texts[count++] = kl_strdup("0 2147483647");
	}
	json_array_foreach (list, i, item) {
		texts[count++] = kl_strdup(kl_json_str(item, "name", NULL));
		texts[count++] = kl_strdup(kl_json_str(item, "value", NULL));
	}
	return texts;
}

static int op_namespaces(void *arg, const char *dir, const json_t *pod, const char *hostname, struct kl_err *err)
{
	bool host_net = kl_json_bool(pod, false, "spec", "hostNetwork", NULL);
	char **sysctls = sysctls_of(pod, !host_net);
	const struct kl_podns_want want = {.hostname = host_net ? NULL : hostname,
		.net = !host_net,
		.ipc = !kl_json_bool(pod, false, "spec", "hostIPC", NULL),
		.pid = kl_json_bool(pod, false, "spec", "shareProcessNamespace", NULL),
		.sysctls = (const char *const *)sysctls};
	int rc = kl_podns_make(dir, &want, err);

	(void)arg;
	kl_strv_free(sysctls);
	return rc;
}

static void op_namespaces_remove(void *arg, const char *dir)
{
	(void)arg;
	kl_podns_remove(dir);
}

static bool op_namespaces_alive(void *arg, const char *dir)
{
	(void)arg;
	return kl_podns_alive(dir);
}

static int op_image_find(void *arg, const char *name, struct kl_image *ret, struct kl_err *err)
{
	return kl_images_find(((struct agent *)arg)->images, name, ret, err);
}

static int op_image_pull(void *arg, const char *name, const char *auth_json, struct kl_image *ret, struct kl_err *err)
{
	return kl_images_pull(((struct agent *)arg)->images, name, auth_json, ret, err);
}

static int op_image_mount(void *arg, const struct kl_image *image, const char *id, const char *upper,
	const char *target, struct kl_err *err)
{
	return kl_images_mount(((struct agent *)arg)->images, image, id, upper, target, err);
}

static void op_image_unmount(void *arg, const char *id, const char *upper, const char *target)
{
	kl_images_unmount(((struct agent *)arg)->images, id, upper, target);
}

const struct kl_pods_ops agent_pods_ops = {
	.send = op_send,
	.cancel = op_cancel,
	.network = op_network,
	.namespaces = op_namespaces,
	.namespaces_remove = op_namespaces_remove,
	.namespaces_alive = op_namespaces_alive,
	.image_find = op_image_find,
	.image_pull = op_image_pull,
	.image_mount = op_image_mount,
	.image_unmount = op_image_unmount,
};
