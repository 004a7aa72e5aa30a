#include "proto.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static const char *const commands[] = {
	[KL_CNI_ADD] = "ADD",
	[KL_CNI_DEL] = "DEL",
	[KL_CNI_CHECK] = "CHECK",
	[KL_CNI_VERSION_COMMAND] = "VERSION",
};

static const char *const versions[] = {"0.3.0", "0.3.1", "0.4.0", KL_CNI_VERSION};

enum { ID_MAX = 253, PATH_LENGTH = 4095, NAME_LENGTH = 15 };

int kl_cni_failed(struct kl_cni_failure *failure, int code, const char *msg, const char *fmt, ...)
{
	va_list args;
	failure->code = code;
	snprintf(failure->msg, sizeof(failure->msg), "%s", msg);
	va_start(args, fmt);
	vsnprintf(failure->details, sizeof(failure->details), fmt, args);
	va_end(args);
	return -1;
}

/* Words may repeat what a caller sent: jansson takes only UTF-8. */
static json_t *text(const char *bytes)
{
	json_t *string = json_string(bytes);
	return string ? string : json_string("(not UTF-8)");
}

json_t *kl_cni_failure_json(const struct kl_cni_failure *failure, const char *version)
{
	return json_pack("{s:o, s:i, s:o, s:o}", "cniVersion",
		text(version && kl_cni_version_known(version) ? version : KL_CNI_VERSION), "code", failure->code, "msg",
		text(failure->msg), "details", text(failure->details));
}

int kl_cni_command_read(const char *word)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i], word))
			return (int)i;
	return -1;
}

const char *kl_cni_command_name(enum kl_cni_command command)
{
	return commands[command];
}

bool kl_cni_version_known(const char *version)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(versions); i++)
		if (!strcmp(versions[i], version))
			return true;
	return false;
}

json_t *kl_cni_versions_json(const char *version)
{
	json_t *list = json_array();
	for (size_t i = 0; i < KL_ARRAY_LEN(versions); i++)
		json_array_append_new(list, json_string(versions[i]));
	return json_pack("{s:s, s:o}", "cniVersion",
		version && kl_cni_version_known(version) ? version : KL_CNI_VERSION, "supportedVersions", list);
}

void kl_cni_ask_release(struct kl_cni_ask *ask)
{
	free(ask->container_id);
	free(ask->netns);
	free(ask->ifname);
	free(ask->pod_namespace);
	free(ask->pod_name);
	free(ask->pod_uid);
	free(ask->version);
	free(ask->network);
	free(ask->socket);
	json_decref(ask->previous);
	*ask = (struct kl_cni_ask){0};
}

/* Section "Network configuration": alphanumeric first, then also underscore, dot, hyphen. The id becomes a file's name.
 */
static bool valid_id(const char *id)
{
	size_t len = strlen(id);
	if (!len || len > ID_MAX || !isalnum((unsigned char)*id))
		return false;
	for (; *id; id++)
		if (!isalnum((unsigned char)*id) && !strchr("_.-", *id))
			return false;
	return true;
}

/* What the kernel's dev_valid_name() takes. */
static bool valid_ifname(const char *name)
{
	if (!*name || strlen(name) > NAME_LENGTH || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	return true;
}

static int check_ask(const struct kl_cni_ask *ask, struct kl_cni_failure *failure)
{
	if (!valid_id(ask->container_id))
		return kl_cni_failed(failure, KL_CNI_BAD_ENVIRONMENT, "invalid CNI_CONTAINERID",
			"'%.64s' must be letters, digits, '_', '.' and '-', at most %d, a letter or digit first",
			ask->container_id, ID_MAX);
	if (!valid_ifname(ask->ifname))
		return kl_cni_failed(failure, KL_CNI_BAD_ENVIRONMENT, "invalid CNI_IFNAME",
			"'%.32s' cannot be an interface's name", ask->ifname);
	if (strlen(ask->netns) > PATH_LENGTH)
		return kl_cni_failed(failure, KL_CNI_BAD_ENVIRONMENT, "invalid CNI_NETNS", "the path is too long");
	if (ask->netns[0] ? ask->netns[0] != '/' : ask->command != KL_CNI_DEL)
		return kl_cni_failed(
			failure, KL_CNI_BAD_ENVIRONMENT, "invalid CNI_NETNS", "an absolute path is required");
	return 0;
}

/* "K8S_POD_NAME=web;K8S_POD_NAMESPACE=default": unknown keys are other plugins'. */
static char *arg_value(const char *args, const char *key)
{
	size_t len = strlen(key);
	while (args && *args) {
		size_t part = strcspn(args, ";");
		if (part > len && !strncmp(args, key, len) && args[len] == '=')
			return kl_strndup(args + len + 1, part - len - 1);
		args += part + (args[part] == ';');
	}
	return kl_strdup("");
}

static const struct {
	const char *name;
	size_t offset;
} rates[] = {
	{"ingressRate", offsetof(struct kl_cni_bandwidth, ingress_rate)},
	{"ingressBurst", offsetof(struct kl_cni_bandwidth, ingress_burst)},
	{"egressRate", offsetof(struct kl_cni_bandwidth, egress_rate)},
	{"egressBurst", offsetof(struct kl_cni_bandwidth, egress_burst)},
};

static uint64_t *rate_at(struct kl_cni_bandwidth *bandwidth, size_t i)
{
	return (uint64_t *)(void *)((char *)bandwidth + rates[i].offset);
}

static int read_bandwidth(const json_t *object, struct kl_cni_ask *ask, struct kl_cni_failure *failure)
{
	if (object && !json_is_object(object))
		return kl_cni_failed(
			failure, KL_CNI_BAD_CONFIG, "invalid runtimeConfig.bandwidth", "it must be an object");
	for (size_t i = 0; i < KL_ARRAY_LEN(rates); i++) {
		const json_t *value = kl_json_get(object, rates[i].name, NULL);
		if (value && (!json_is_integer(value) || json_integer_value(value) < 0))
			return kl_cni_failed(failure, KL_CNI_BAD_CONFIG, "invalid runtimeConfig.bandwidth",
				"%s must be a number of bits, not negative", rates[i].name);
		*rate_at(&ask->bandwidth, i) = (uint64_t)json_integer_value(value);
	}
	return 0;
}

json_t *kl_cni_bandwidth_json(const struct kl_cni_bandwidth *bandwidth)
{
	struct kl_cni_bandwidth copy = *bandwidth;
	if (!bandwidth->ingress_rate && !bandwidth->egress_rate)
		return NULL;
	json_t *object = json_object();
	for (size_t i = 0; i < KL_ARRAY_LEN(rates); i++)
		if (*rate_at(&copy, i))
			json_object_set_new(object, rates[i].name, json_integer((json_int_t)*rate_at(&copy, i)));
	return object;
}

static int read_config(const json_t *config, struct kl_cni_ask *ask, struct kl_cni_failure *failure)
{
	/* Section "Version considerations": a configuration without cniVersion is of 0.2.0, which we do not speak. */
	const char *version = kl_json_str(config, "cniVersion", NULL);
	if (!kl_cni_version_known(version))
		return kl_cni_failed(failure, KL_CNI_BAD_VERSION, "incompatible CNI version",
			"the configuration's cniVersion is '%.32s'; this plugin speaks 0.3.0 to " KL_CNI_VERSION,
			version);
	ask->version = kl_strdup(version);
	ask->network = kl_strdup(kl_json_str(config, "name", NULL));
	if (!valid_id(ask->network))
		return kl_cni_failed(failure, KL_CNI_BAD_CONFIG, "invalid network name", "'%.64s'", ask->network);
	const char *path = kl_json_str_or_null(config, "socket", NULL);
	ask->socket = kl_strdup(path ? path : KL_CNI_SOCKET_DEFAULT);
	if (ask->socket[0] != '/' || strlen(ask->socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return kl_cni_failed(failure, KL_CNI_BAD_CONFIG, "invalid socket",
			"'%.64s' must be an absolute path that fits a socket's address", ask->socket);
	json_t *previous = kl_json_get(config, "prevResult", NULL);
	if (previous && !json_is_object(previous))
		return kl_cni_failed(failure, KL_CNI_BAD_CONFIG, "invalid prevResult", "it must be an object");
	ask->previous = json_incref(previous);
	return read_bandwidth(kl_json_get(config, "runtimeConfig", "bandwidth", NULL), ask, failure);
}

static int read_env(const struct kl_cni_env *env, struct kl_cni_ask *ask, struct kl_cni_failure *failure)
{
	int command = env->command ? kl_cni_command_read(env->command) : -1;
	if (command < 0)
		return kl_cni_failed(failure, KL_CNI_BAD_ENVIRONMENT, "invalid CNI_COMMAND",
			"'%.32s' must be ADD, DEL, CHECK or VERSION", env->command ? env->command : "");
	ask->command = (enum kl_cni_command)command;
	ask->container_id = kl_strdup(env->container_id ? env->container_id : "");
	ask->netns = kl_strdup(env->netns ? env->netns : "");
	ask->ifname = kl_strdup(env->ifname ? env->ifname : "");
	ask->pod_namespace = arg_value(env->args, "K8S_POD_NAMESPACE");
	ask->pod_name = arg_value(env->args, "K8S_POD_NAME");
	ask->pod_uid = arg_value(env->args, "K8S_POD_UID");
	return check_ask(ask, failure);
}

int kl_cni_ask_read(const struct kl_cni_env *env, const char *config, size_t len, struct kl_cni_ask *ret,
	struct kl_cni_failure *failure)
{
	struct kl_err err = {0};
	struct kl_cni_ask ask = {0};
	if (read_env(env, &ask, failure)) {
		kl_cni_ask_release(&ask);
		return -1;
	}
	kl_autojson *json = len > KL_CNI_MAX ? NULL : kl_json_parse(config, len, &err);
	int rc = 0;
	if (!json_is_object(json))
		rc = kl_cni_failed(failure, KL_CNI_BAD_JSON, "cannot decode the network configuration", "%s",
			json ? "it must be an object" : err.text);
	else
		rc = read_config(json, &ask, failure);
	if (rc) {
		kl_cni_ask_release(&ask);
		return rc;
	}
	*ret = ask;
	return 0;
}

json_t *kl_cni_ask_json(const struct kl_cni_ask *ask)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "command", kl_cni_command_name(ask->command),
		"containerID", ask->container_id, "netns", ask->netns, "ifname", ask->ifname, "podNamespace",
		ask->pod_namespace, "podName", ask->pod_name, "podUID", ask->pod_uid);
	json_t *config = json_pack("{s:s, s:s}", "cniVersion", ask->version, "name", ask->network);
	if (!json || !config) {
		json_decref(json);
		json_decref(config);
		return NULL;
	}
	if (ask->previous)
		json_object_set(config, "prevResult", ask->previous);
	json_t *bandwidth = kl_cni_bandwidth_json(&ask->bandwidth);
	if (bandwidth)
		json_object_set_new(config, "runtimeConfig", json_pack("{s:o}", "bandwidth", bandwidth));
	json_object_set_new(json, "config", config);
	return json;
}

static int read_object(const json_t *json, struct kl_cni_ask *ask, struct kl_cni_failure *failure)
{
	int command = kl_cni_command_read(kl_json_str(json, "command", NULL));
	if (command < 0 || command == KL_CNI_VERSION_COMMAND)
		return kl_cni_failed(failure, KL_CNI_BAD_ENVIRONMENT, "invalid command", "'%.32s'",
			kl_json_str(json, "command", NULL));
	ask->command = (enum kl_cni_command)command;
	ask->container_id = kl_strdup(kl_json_str(json, "containerID", NULL));
	ask->netns = kl_strdup(kl_json_str(json, "netns", NULL));
	ask->ifname = kl_strdup(kl_json_str(json, "ifname", NULL));
	ask->pod_namespace = kl_strdup(kl_json_str(json, "podNamespace", NULL));
	ask->pod_name = kl_strdup(kl_json_str(json, "podName", NULL));
	ask->pod_uid = kl_strdup(kl_json_str(json, "podUID", NULL));
	if (check_ask(ask, failure))
		return -1;
	return read_config(kl_json_get(json, "config", NULL), ask, failure);
}

int kl_cni_ask_parse(const char *data, size_t len, struct kl_cni_ask *ret, struct kl_cni_failure *failure)
{
	struct kl_err err = {0};
	struct kl_cni_ask ask = {0};
	kl_autojson *json = len > KL_CNI_MAX ? NULL : kl_json_parse(data, len, &err);
	if (!json_is_object(json))
		return kl_cni_failed(failure, KL_CNI_BAD_JSON, "cannot decode the request", "%s",
			json ? "it must be an object" : err.text);
	if (read_object(json, &ask, failure)) {
		kl_cni_ask_release(&ask);
		return -1;
	}
	*ret = ask;
	return 0;
}

char *kl_cni_conflist(const char *socket_path)
{
	kl_autojson *list = json_pack("{s:s, s:s, s:[{s:s, s:s, s:{s:b}}]}", "cniVersion", KL_CNI_VERSION, "name",
		"keelson", "plugins", "type", "keelson-cni", "socket", socket_path, "capabilities", "bandwidth", 1);
	return json_dumps(list, JSON_INDENT(2));
}
