#include "podenv.h"

#include "volumes.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void kl_env_set(struct kl_env *env, const char *name, const char *value)
{
	for (size_t i = 0; i < env->count; i++)
		if (!strcmp(env->names[i], name)) {
			free(env->values[i]);
			env->values[i] = kl_strdup(value);
			return;
		}
	env->names = kl_reallocarray(env->names, env->count + 1, sizeof(*env->names));
	env->values = kl_reallocarray(env->values, env->count + 1, sizeof(*env->values));
	env->names[env->count] = kl_strdup(name);
	env->values[env->count++] = kl_strdup(value);
}

const char *kl_env_get(const struct kl_env *env, const char *name)
{
	for (size_t i = 0; i < env->count; i++)
		if (!strcmp(env->names[i], name))
			return env->values[i];
	return NULL;
}

void kl_env_release(struct kl_env *env)
{
	for (size_t i = 0; i < env->count; i++) {
		free(env->names[i]);
		free(env->values[i]);
	}
	free(env->names);
	free(env->values);
	*env = (struct kl_env){0};
}

char **kl_env_list(const struct kl_env *env)
{
	char **list = kl_calloc(env->count + 1, sizeof(*list));

	for (size_t i = 0; i < env->count; i++)
		list[i] = kl_asprintf("%s=%s", env->names[i], env->values[i]);
	return list;
}

char *kl_env_expand(const char *text, const struct kl_env *env)
{
	struct kl_buf out = {0};

	while (*text) {
		const char *close = text[0] == '$' && text[1] == '(' ? strchr(text, ')') : NULL;
		kl_autofree char *name = close ? kl_strndup(text + 2, (size_t)(close - text - 2)) : NULL;
		const char *value = name ? kl_env_get(env, name) : NULL;
		if (text[0] == '$' && text[1] == '$') {
			kl_buf_char(&out, '$');
			text += 2;
		} else if (value) {
			kl_buf_str_push(&out, value);
			text = close + 1;
		} else {
			kl_buf_char(&out, *text++);
		}
	}
	return out.data ? kl_buf_take(&out) : kl_strdup("");
}

/* "my-svc" → "MY_SVC" */
static char *upper_name(const char *name)
{
	char *upper = kl_strdup(name);

	for (char *at = upper; *at; at++)
		*at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
	return upper;
}

static void set_format(struct kl_env *env, const char *value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void set_format(struct kl_env *env, const char *value, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	kl_autofree char *name = kl_vasprintf(fmt, args);
	va_end(args);
	kl_env_set(env, name, value);
}

static void add_link(struct kl_env *env, const char *name, const char *ip, const json_t *port, bool first)
{
	kl_autofree char *number = kl_asprintf("%" PRId64, kl_json_int(port, 0, "port", NULL));
	const char *protocol = kl_json_str(port, "protocol", NULL);
	kl_autofree char *lower = kl_strdup(*protocol ? protocol : "TCP");
	kl_autofree char *upper = upper_name(lower);

	for (char *at = lower; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	kl_autofree char *url = kl_asprintf(strchr(ip, ':') ? "%s://[%s]:%s" : "%s://%s:%s", lower, ip, number);
	if (first)
		set_format(env, url, "%s_PORT", name);
	set_format(env, url, "%s_PORT_%s_%s", name, number, upper);
	set_format(env, lower, "%s_PORT_%s_%s_PROTO", name, number, upper);
	set_format(env, number, "%s_PORT_%s_%s_PORT", name, number, upper);
	set_format(env, ip, "%s_PORT_%s_%s_ADDR", name, number, upper);
}

void kl_env_add_service(struct kl_env *env, const json_t *service)
{
	const char *ip = kl_json_str(service, "spec", "clusterIP", NULL);
	const json_t *ports = kl_json_get(service, "spec", "ports", NULL);
	kl_autofree char *name = upper_name(kl_json_str(service, "metadata", "name", NULL));
	json_t *port;
	size_t i;

	if (!*ip || !strcmp(ip, "None") || !json_array_size(ports))
		return;
	kl_autofree char *first = kl_asprintf("%" PRId64, kl_json_int(json_array_get(ports, 0), 0, "port", NULL));
	set_format(env, ip, "%s_SERVICE_HOST", name);
	set_format(env, first, "%s_SERVICE_PORT", name);
	json_array_foreach (ports, i, port) {
		kl_autofree char *port_name = upper_name(kl_json_str(port, "name", NULL));
		kl_autofree char *number = kl_asprintf("%" PRId64, kl_json_int(port, 0, "port", NULL));
		if (*port_name)
			set_format(env, number, "%s_SERVICE_PORT_%s", name, port_name);
	}
	json_array_foreach (ports, i, port)
		add_link(env, name, ip, port, i == 0);
}

/* The pod's own namespace and, from "default", the API server's Service alone, which no pod can opt out of. */
static void service_env(const struct kl_env_sources *s, struct kl_env *env)
{
	const char *ns = kl_json_str(s->pod, "metadata", "namespace", NULL);
	bool links = kl_json_bool(s->pod, true, "spec", "enableServiceLinks", NULL);
	json_t *service;
	size_t i;

	json_array_foreach (json_object_get(s->objects, "services"), i, service) {
		const char *name = kl_json_str(service, "metadata", "name", NULL);
		const char *service_ns = kl_json_str(service, "metadata", "namespace", NULL);
		bool master = !strcmp(service_ns, "default") && !strcmp(name, "kubernetes");
		if (master || (links && !strcmp(service_ns, ns)))
			kl_env_add_service(env, service);
	}
}

static const json_t *object_of(const struct kl_env_sources *s, bool secret, const char *name)
{
	kl_autofree char *key = kl_asprintf("%s/%s", secret ? "secrets" : "configmaps", name);

	return json_object_get(s->objects, key);
}

static int missing(bool secret, const char *name, const char *key, const char *ns, struct kl_err *err)
{
	if (!key)
		return kl_fail_msg(err, ENOENT, "%s \"%s\" not found", secret ? "secret" : "configmap", name);
	return kl_fail_msg(
		err, ENOENT, "couldn't find key %s in %s %s/%s", key, secret ? "Secret" : "ConfigMap", ns, name);
}

/* NULL when the key is absent. Owned by the caller. */
static char *object_value(const json_t *object, bool secret, const char *key)
{
	const char *text = kl_json_str_or_null(object, "data", key, NULL);
	char *data;
	size_t len;

	if (!text)
		return NULL;
	if (!secret)
		return kl_strdup(text);
	return kl_volume_base64(text, &data, &len) ? NULL : data;
}

static bool valid_name(const char *name)
{
	return *name && !strchr(name, '=') && !isdigit((unsigned char)*name) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(name);
}

static int add_env_from(const struct kl_env_sources *s, struct kl_env *env, const json_t *from, struct kl_err *err)
{
	const json_t *map = json_object_get(from, "configMapRef"), *secret = json_object_get(from, "secretRef");
	const json_t *ref = map ? map : secret;
	const char *name = kl_json_str(ref, "name", NULL), *prefix = kl_json_str(from, "prefix", NULL), *key;
	const json_t *object = object_of(s, secret != NULL, name);
	json_t *value;

	if (!object)
		return kl_json_bool(ref, false, "optional", NULL) ? 0 : missing(secret != NULL, name, NULL, "", err);
	json_object_foreach (json_object_get(object, "data"), key, value) {
		kl_autofree char *full = kl_asprintf("%s%s", prefix, key);
		kl_autofree char *text = object_value(object, secret != NULL, key);
		if (text && valid_name(full))
			kl_env_set(env, full, text);
	}
	return 0;
}

static int value_from_key(
	const struct kl_env_sources *s, const json_t *ref, bool secret, char **ret, struct kl_err *err)
{
	const char *name = kl_json_str(ref, "name", NULL), *key = kl_json_str(ref, "key", NULL);
	const json_t *object = object_of(s, secret, name);
	bool optional = kl_json_bool(ref, false, "optional", NULL);

	*ret = object ? object_value(object, secret, key) : NULL;
	if (*ret || optional)
		return 0;
	return missing(secret, name, object ? key : NULL, kl_json_str(s->pod, "metadata", "namespace", NULL), err);
}

/* *ret stays NULL where an optional reference leads nowhere. */
static int value_from(
	const struct kl_env_sources *s, const json_t *container, const json_t *from, char **ret, struct kl_err *err)
{
	const json_t *map = json_object_get(from, "configMapKeyRef"), *secret = json_object_get(from, "secretKeyRef");
	const json_t *field = json_object_get(from, "fieldRef"), *resource = json_object_get(from, "resourceFieldRef");

	if (map || secret)
		return value_from_key(s, map ? map : secret, secret != NULL, ret, err);
	if (field) {
		*ret = kl_downward_field(s->pod, kl_json_str(field, "fieldPath", NULL), err);
		return *ret ? 0 : -EINVAL;
	}
	const char *other = kl_json_str(resource, "containerName", NULL);
	*ret = kl_downward_resource(*other ? kl_pod_container(s->pod, other) : container, resource, &s->node, err);
	return *ret ? 0 : -EINVAL;
}

/* References see what stands before them, and the services. */
static int add_env(const struct kl_env_sources *s, const json_t *container, const struct kl_env *services,
	struct kl_env *env, struct kl_err *err)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(container, "env"), i, item) {
		const char *name = kl_json_str(item, "name", NULL);
		const json_t *from = json_object_get(item, "valueFrom");
		kl_cleanup(kl_env_release) struct kl_env seen = {0};
		kl_autofree char *value = NULL;
		for (size_t k = 0; k < services->count; k++)
			kl_env_set(&seen, services->names[k], services->values[k]);
		for (size_t k = 0; k < env->count; k++)
			kl_env_set(&seen, env->names[k], env->values[k]);
		int rc = 0;
		if (from)
			rc = value_from(s, container, from, &value, err);
		else
			value = kl_env_expand(kl_json_str(item, "value", NULL), &seen);
		if (rc)
			return rc;
		if (value)
			kl_env_set(env, name, value);
	}
	return 0;
}

static void image_env(const struct kl_env_sources *s, struct kl_env *env)
{
	json_t *item;
	size_t i;

	kl_env_set(env, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	kl_env_set(env, "HOSTNAME", s->hostname);
	json_array_foreach (json_object_get(s->image_config, "Env"), i, item) {
		const char *text = json_string_value(item), *equals = text ? strchr(text, '=') : NULL;
		kl_autofree char *name = equals ? kl_strndup(text, (size_t)(equals - text)) : NULL;
		if (name)
			kl_env_set(env, name, equals + 1);
	}
}

int kl_env_build(const struct kl_env_sources *s, const json_t *container, struct kl_env *ret, struct kl_err *err)
{
	kl_cleanup(kl_env_release) struct kl_env services = {0}, own = {0};
	struct kl_env all = {0};
	json_t *from;
	size_t i;
	int rc;

	service_env(s, &services);
	json_array_foreach (json_object_get(container, "envFrom"), i, from) {
		rc = add_env_from(s, &own, from, err);
		if (rc)
			return rc;
	}
	rc = add_env(s, container, &services, &own, err);
	if (rc)
		return rc;
	image_env(s, &all);
	if (kl_json_bool(container, false, "tty", NULL))
		kl_env_set(&all, "TERM", "xterm");
	for (size_t k = 0; k < own.count; k++)
		kl_env_set(&all, own.names[k], own.values[k]);
	for (size_t k = 0; k < services.count; k++)
		if (!kl_env_get(&own, services.names[k]))
			kl_env_set(&all, services.names[k], services.values[k]);
	*ret = all;
	return 0;
}

static size_t push_expanded(char **argv, size_t at, const json_t *list, const struct kl_env *env)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *text = json_is_string(item) ? json_string_value(item) : "";
		argv[at++] = env ? kl_env_expand(text, env) : kl_strdup(text);
	}
	return at;
}

/* A command without args drops the image's Cmd too; args alone keep the image's Entrypoint. */
char **kl_env_argv(const json_t *container, const json_t *image_config, const struct kl_env *env, struct kl_err *err)
{
	const json_t *command = json_object_get(container, "command"), *args = json_object_get(container, "args");
	const json_t *entrypoint = json_object_get(image_config, "Entrypoint"),
		     *cmd = json_object_get(image_config, "Cmd");
	bool own_command = json_array_size(command) > 0, own_args = json_array_size(args) > 0;
	size_t max =
		json_array_size(command) + json_array_size(args) + json_array_size(entrypoint) + json_array_size(cmd);
	char **argv = kl_calloc(max + 1, sizeof(*argv));
	size_t count = own_command ? push_expanded(argv, 0, command, env) : push_expanded(argv, 0, entrypoint, NULL);

	if (own_args)
		count = push_expanded(argv, count, args, env);
	else if (!own_command)
		count = push_expanded(argv, count, cmd, NULL);
	if (count)
		return argv;
	free(argv);
	kl_fail_msg(err, EINVAL, "no command specified");
	return NULL;
}
