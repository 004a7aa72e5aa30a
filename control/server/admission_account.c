/*
 * A pod's ServiceAccount: its name, and a projected volume with a token, the cluster's CA and the namespace where
 * client libraries look for them.
 */
#include "registry_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MOUNT_PATH "/var/run/secrets/kubernetes.io/serviceaccount"
enum { TOKEN_SECONDS = 3607 }; /* upstream's odd number: it tells an injected token from one that was asked for */

static char *volume_name(void)
{
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
	unsigned char random[5];
	char suffix[sizeof(random) + 1] = {0};
	while (getrandom(random, sizeof(random), 0) != sizeof(random))
		if (errno != EINTR)
			abort();
	for (size_t i = 0; i < sizeof(random); i++)
		suffix[i] = alphabet[random[i] % (sizeof(alphabet) - 1)];
	return kl_asprintf("kube-api-access-%s", suffix);
}

static json_t *token_volume(const char *name)
{
	return json_pack("{s:s, s:{s:i, s:[{s:{s:i, s:s}}, {s:{s:s, s:[{s:s, s:s}]}}, {s:{s:[{s:s, s:{s:s, s:s}}]}}]}}",
		"name", name, "projected", "defaultMode", 0644, "sources", "serviceAccountToken", "expirationSeconds",
		TOKEN_SECONDS, "path", "token", "configMap", "name", "kube-root-ca.crt", "items", "key", "ca.crt",
		"path", "ca.crt", "downwardAPI", "items", "path", "namespace", "fieldRef", "apiVersion", "v1",
		"fieldPath", "metadata.namespace");
}

static bool mounts_it(const json_t *container)
{
	size_t i;
	json_t *mount;
	json_array_foreach (json_object_get(container, "volumeMounts"), i, mount)
		if (!strcmp(kl_json_str(mount, "mountPath", NULL), MOUNT_PATH))
			return true;
	return false;
}

/* How many of the containers got the mount; those that mount something there themselves do not. */
static size_t mount_in(json_t *containers, const char *volume)
{
	size_t i, count = 0;
	json_t *container;
	json_array_foreach (containers, i, container) {
		if (mounts_it(container))
			continue;
		json_t *mounts = json_object_get(container, "volumeMounts");
		if (!mounts) {
			mounts = json_array();
			json_object_set_new(container, "volumeMounts", mounts);
		}
		json_array_append_new(
			mounts, json_pack("{s:s, s:s, s:b}", "name", volume, "mountPath", MOUNT_PATH, "readOnly", 1));
		count++;
	}
	return count;
}

static void inject(json_t *spec)
{
	kl_autofree char *name = volume_name();
	size_t count = mount_in(json_object_get(spec, "containers"), name) +
		       mount_in(json_object_get(spec, "initContainers"), name);
	if (!count)
		return;
	json_t *volumes = json_object_get(spec, "volumes");
	if (!volumes) {
		volumes = json_array();
		json_object_set_new(spec, "volumes", volumes);
	}
	json_array_append_new(volumes, token_volume(name));
}

/*
 * Has the pod a say, it counts; else the account's; else yes. "default" comes a moment after its namespace: a pod that is
 * faster than it (account NULL) gets the volume, and its node waits for the account.
 */
static bool wants_token(const json_t *spec, const struct kl_object *account)
{
	if (json_is_boolean(json_object_get(spec, "automountServiceAccountToken")))
		return kl_json_bool(spec, true, "automountServiceAccountToken", NULL);
	kl_autojson *tree = account ? kl_object_parse(account) : NULL;
	return kl_json_bool(tree, true, "automountServiceAccountToken", NULL);
}

int admit_account(struct kl_op *op, json_t *pod)
{
	json_t *spec = json_object_get(pod, "spec");
	const char *ns = kl_json_str(pod, "metadata", "namespace", NULL);
	if (!*kl_json_str(spec, "serviceAccountName", NULL)) {
		const char *old_name = kl_json_str(spec, "serviceAccount", NULL);
		json_object_set_new(spec, "serviceAccountName", json_string(*old_name ? old_name : "default"));
	}
	json_object_set(spec, "serviceAccount", json_object_get(spec, "serviceAccountName"));
	const char *name = kl_json_str(spec, "serviceAccountName", NULL);
	struct kl_object *account = kl_store_get(op->registry->store, kl_kind_named("", "ServiceAccount"), ns, name);
	if (!account && strcmp(name, "default") != 0)
		return kl_status_set(&op->response->status, 403, "Forbidden",
			"pods \"%s\" is forbidden: error looking up service account %s/%s: serviceaccount \"%s\" not "
			"found",
			kl_json_str(pod, "metadata", "name", NULL), ns, name, name);
	if (op->registry->mount_tokens && wants_token(spec, account))
		inject(spec);
	kl_object_unref(account);
	return 0;
}
