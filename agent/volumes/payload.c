#include "volumes.h"

#include "base64.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MODE_DEFAULT = 0644 };

int kl_volume_base64(const char *text, char **ret, size_t *ret_len)
{
	kl_autobuf data = {0};

	if (kl_base64_decode(&data, text, strlen(text), KL_BASE64_LINES) < 0)
		return -EINVAL;
	*ret_len = data.len;
	*ret = data.len ? kl_buf_take(&data) : kl_strdup("");
	return 0;
}

void kl_payload_release(struct kl_payload *payload)
{
	for (size_t i = 0; i < payload->count; i++) {
		free(payload->files[i].path);
		free(payload->files[i].data);
	}
	free(payload->files);
	*payload = (struct kl_payload){0};
}

/* Beneath the volume: relative, no "..", and no first name that the writer uses itself. */
static bool valid_path(const char *path)
{
	if (!*path || *path == '/' || !strncmp(path, "..", 2) || strlen(path) > 4000)
		return false;
	for (const char *at = path; *at;) {
		size_t len = strcspn(at, "/");
		if (!len || (len == 1 && at[0] == '.') || (len == 2 && !strncmp(at, "..", 2)))
			return false;
		at += len + (at[len] == '/');
	}
	return path[strlen(path) - 1] != '/';
}

/* A later source of a projected volume wins over an earlier one of the same path. Takes data. */
static int push(struct kl_payload *payload, const char *path, char *data, size_t len, unsigned mode, struct kl_err *err)
{
	if (!valid_path(path)) {
		free(data);
		return kl_fail_msg(err, EINVAL, "invalid path \"%.200s\" in the volume", path);
	}
	for (size_t i = 0; i < payload->count; i++)
		if (!strcmp(payload->files[i].path, path)) {
			free(payload->files[i].data);
			payload->files[i].data = data;
			payload->files[i].len = len;
			payload->files[i].mode = mode;
			return 0;
		}
	payload->files = kl_reallocarray(payload->files, payload->count + 1, sizeof(payload->files[0]));
	payload->files[payload->count++] = (struct kl_payload_file){kl_strdup(path), data, len, mode};
	return 0;
}

/* A key's bytes: plain text, or base64 in a Secret's data and a ConfigMap's binaryData. */
static int key_data(const json_t *object, bool secret, const char *key, char **ret, size_t *ret_len, struct kl_err *err)
{
	const json_t *plain = secret ? NULL : kl_json_get(object, "data", key, NULL);
	const json_t *coded = kl_json_get(object, secret ? "data" : "binaryData", key, NULL);

	if (json_is_string(plain)) {
		*ret = kl_memdup(json_string_value(plain), json_string_length(plain) + 1);
		*ret_len = json_string_length(plain);
		return 0;
	}
	if (json_is_string(coded)) {
		if (kl_volume_base64(json_string_value(coded), ret, ret_len))
			return kl_fail_msg(err, EINVAL, "illegal base64 data in key \"%.100s\"", key);
		return 0;
	}
	return kl_fail_msg(err, ENOENT, "references non-existent %s key: %.100s", secret ? "secret" : "config", key);
}

static unsigned mode_of(const json_t *item, unsigned fallback)
{
	int64_t mode = kl_json_int(item, fallback, "mode", NULL);

	return (unsigned)mode & 0777;
}

static int push_items(struct kl_payload *payload, const json_t *object, bool secret, const json_t *items, bool optional,
	unsigned mode, struct kl_err *err)
{
	json_t *item;
	size_t i;

	json_array_foreach (items, i, item) {
		const char *key = kl_json_str(item, "key", NULL), *path = kl_json_str(item, "path", NULL);
		char *data;
		size_t len;
		int rc = key_data(object, secret, key, &data, &len, err);
		if (rc == -ENOENT && optional)
			continue;
		if (!rc)
			rc = push(payload, path, data, len, mode_of(item, mode), err);
		if (rc)
			return rc;
	}
	return 0;
}

static int push_all(struct kl_payload *payload, const json_t *object, bool secret, unsigned mode, struct kl_err *err)
{
	static const char *const sections[] = {"data", "binaryData"};
	const char *key;
	json_t *value;

	for (size_t i = 0; i < KL_ARRAY_LEN(sections); i++)
		json_object_foreach (json_object_get(object, sections[i]), key, value) {
			char *data;
			size_t len;
			int rc = key_data(object, secret, key, &data, &len, err);
			if (!rc)
				rc = push(payload, key, data, len, mode, err);
			if (rc)
				return rc;
		}
	return 0;
}

static int push_object(const struct kl_volumes_env *env, struct kl_payload *payload, const json_t *source, bool secret,
	const char *name, unsigned mode, struct kl_err *err)
{
	const char *kind = secret ? "secret" : "configmap";
	kl_autofree char *key = kl_asprintf("%ss/%s", kind, name);
	const json_t *object = json_object_get(env->objects, key), *items = json_object_get(source, "items");
	bool optional = kl_json_bool(source, false, "optional", NULL);

	if (!object)
		return optional ? 0 : kl_fail_msg(err, ENOENT, "%s \"%s\" not found", kind, name);
	if (json_array_size(items))
		return push_items(payload, object, secret, items, optional, mode, err);
	return push_all(payload, object, secret, mode, err);
}

static int push_downward(const struct kl_volumes_env *env, struct kl_payload *payload, const json_t *source,
	unsigned mode, struct kl_err *err)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(source, "items"), i, item) {
		const json_t *field = json_object_get(item, "fieldRef"),
			     *resource = json_object_get(item, "resourceFieldRef");
		const json_t *container = kl_pod_container(env->pod, kl_json_str(resource, "containerName", NULL));
		char *text = field ? kl_downward_field(env->pod, kl_json_str(field, "fieldPath", NULL), err)
				   : kl_downward_resource(container, resource, &env->node, err);
		if (!text)
			return -EINVAL;
		int rc = push(payload, kl_json_str(item, "path", NULL), text, strlen(text), mode_of(item, mode), err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Where the API gives no token the file is left out: ca.crt and namespace are of use without it. */
static int push_token(const struct kl_volumes_env *env, struct kl_payload *payload, const json_t *source, unsigned mode,
	struct kl_err *err)
{
	const char *account = kl_json_str(env->pod, "spec", "serviceAccountName", NULL);
	kl_autofree char *key =
		kl_asprintf("tokens/%s/%s", *account ? account : "default", kl_json_str(source, "audience", NULL));
	const char *token = kl_json_str(json_object_get(env->objects, key), "status", "token", NULL);

	if (!*token)
		return 0;
	return push(payload, kl_json_str(source, "path", NULL), kl_strdup(token), strlen(token), mode & 0600, err);
}

/* The API's CA stands in for the kube-root-ca.crt ConfigMap where no controller publishes that. */
static int push_config_map(const struct kl_volumes_env *env, struct kl_payload *payload, const json_t *source,
	unsigned mode, struct kl_err *err)
{
	const char *name = kl_json_str(source, "name", NULL);

	if (!strcmp(name, "kube-root-ca.crt") && !json_object_get(env->objects, "configmaps/kube-root-ca.crt") &&
		env->ca_pem)
		return push(payload, "ca.crt", kl_strdup(env->ca_pem), strlen(env->ca_pem), mode, err);
	return push_object(env, payload, source, false, name, mode, err);
}

static int push_projected(const struct kl_volumes_env *env, struct kl_payload *payload, const json_t *source,
	unsigned mode, struct kl_err *err)
{
	json_t *item;
	size_t i;
	int rc = 0;

	json_array_foreach (json_object_get(source, "sources"), i, item) {
		const json_t *map = json_object_get(item, "configMap"), *secret = json_object_get(item, "secret");
		const json_t *downward = json_object_get(item, "downwardAPI"),
			     *token = json_object_get(item, "serviceAccountToken");
		if (map)
			rc = push_config_map(env, payload, map, mode, err);
		else if (secret)
			rc = push_object(env, payload, secret, true, kl_json_str(secret, "name", NULL), mode, err);
		else if (downward)
			rc = push_downward(env, payload, downward, mode, err);
		else if (token)
			rc = push_token(env, payload, token, mode, err);
		if (rc)
			return rc;
	}
	return 0;
}

int kl_volume_payload(
	const struct kl_volumes_env *env, const json_t *volume, struct kl_payload *ret, struct kl_err *err)
{
	kl_cleanup(kl_payload_release) struct kl_payload payload = {0};
	const json_t *map = json_object_get(volume, "configMap"), *secret = json_object_get(volume, "secret");
	const json_t *downward = json_object_get(volume, "downwardAPI"),
		     *projected = json_object_get(volume, "projected");
	const json_t *source = map ? map : secret ? secret : downward ? downward : projected;
	unsigned mode = (unsigned)kl_json_int(source, MODE_DEFAULT, "defaultMode", NULL) & 0777;
	int rc;

	if (map)
		rc = push_config_map(env, &payload, map, mode, err);
	else if (secret)
		rc = push_object(env, &payload, secret, true, kl_json_str(secret, "secretName", NULL), mode, err);
	else if (downward)
		rc = push_downward(env, &payload, downward, mode, err);
	else
		rc = push_projected(env, &payload, projected, mode, err);
	if (rc)
		return rc;
	*ret = payload;
	payload = (struct kl_payload){0};
	return 0;
}
