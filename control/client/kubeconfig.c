#include "client.h"

#include "api.h"
#include "base64.h"
#include "file.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

enum { KUBECONFIG_MAX = 4 << 20, PEM_MAX = 1 << 20 };

void kl_kubeconfig_release(struct kl_kubeconfig *config)
{
	free(config->server);
	free(config->ca_pem);
	free(config->cert_pem);
	if (config->key_pem)
		explicit_bzero(config->key_pem, strlen(config->key_pem));
	free(config->key_pem);
	if (config->token)
		explicit_bzero(config->token, strlen(config->token));
	free(config->token);
	free(config->ns);
	*config = (struct kl_kubeconfig){0};
}

/* White space is skipped. NULL: it is no base64, or its bytes are no text. */
static char *base64_text(const char *text)
{
	kl_autobuf out = {0};
	if (kl_base64_decode(&out, text, strlen(text), KL_BASE64_SPACES | KL_BASE64_UNPADDED) < 0 ||
		(out.len && memchr(out.data, 0, out.len)))
		return NULL;
	return out.len ? kl_buf_take(&out) : kl_strdup("");
}

/* The element of a list like `clusters` whose name is `name`; its member `member`. */
static const json_t *named(const json_t *config, const char *list, const char *name, const char *member)
{
	size_t i;
	json_t *element;
	json_array_foreach (json_object_get(config, list), i, element) {
		if (!strcmp(kl_json_str(element, "name", NULL), name))
			return json_object_get(element, member);
	}
	return NULL;
}

static int read_relative(const char *config_path, const char *file, char **ret, struct kl_err *err)
{
	kl_autobuf buf = {.max = PEM_MAX};
	kl_autofree char *copy = kl_strdup(config_path);
	kl_autofree char *path = file[0] == '/' ? kl_strdup(file) : kl_asprintf("%s/%s", dirname(copy), file);
	int rc = kl_file_read(path, &buf, err);
	if (rc)
		return rc;
	*ret = buf.len ? kl_buf_take(&buf) : kl_strdup("");
	return 0;
}

/* A value that stands in the config itself (`<key>-data`, which wins) or in a file (`<key>`); neither is fine. */
static int data_or_file(const json_t *from, const char *key, const char *config_path, char **ret, struct kl_err *err)
{
	kl_autofree char *data_key = kl_asprintf("%s-data", key);
	const char *data = kl_json_str(from, data_key, NULL), *file = kl_json_str(from, key, NULL);
	if (*data) {
		*ret = base64_text(data);
		return *ret ? 0 : kl_fail_msg(err, EINVAL, "'%s' is not base64", data_key);
	}
	return *file ? read_relative(config_path, file, ret, err) : 0;
}

static int load_user(const json_t *user, const char *path, struct kl_kubeconfig *config, struct kl_err *err)
{
	const char *token = kl_json_str(user, "token", NULL), *token_file = kl_json_str(user, "tokenFile", NULL);
	int rc = data_or_file(user, "client-certificate", path, &config->cert_pem, err);
	if (!rc)
		rc = data_or_file(user, "client-key", path, &config->key_pem, err);
	if (!rc && *token_file)
		rc = read_relative(path, token_file, &config->token, err);
	else if (!rc && *token)
		config->token = kl_strdup(token);
	if (!rc && config->token)
		config->token[strcspn(config->token, "\r\n")] = 0;
	return rc;
}

static int load_context(const json_t *json, const char *path, struct kl_kubeconfig *config, struct kl_err *err)
{
	const char *name = kl_json_str(json, "current-context", NULL);
	const json_t *context = named(json, "contexts", name, "context");
	if (!context)
		return kl_fail_msg(err, EINVAL, "no context named '%s' (current-context)", name);
	const char *cluster_name = kl_json_str(context, "cluster", NULL);
	const json_t *cluster = named(json, "clusters", cluster_name, "cluster");
	const char *server = kl_json_str(cluster, "server", NULL);
	if (!*server)
		return kl_fail_msg(err, EINVAL, "cluster '%s' has no server", cluster_name);
	config->server = kl_strdup(server);
	for (size_t len = strlen(config->server); len && config->server[len - 1] == '/';)
		config->server[--len] = 0;
	config->insecure = kl_json_bool(cluster, false, "insecure-skip-tls-verify", NULL);
	const char *ns = kl_json_str(context, "namespace", NULL);
	config->ns = kl_strdup(*ns ? ns : "default");
	int rc = data_or_file(cluster, "certificate-authority", path, &config->ca_pem, err);
	if (rc)
		return rc;
	return load_user(named(json, "users", kl_json_str(context, "user", NULL), "user"), path, config, err);
}

int kl_kubeconfig_load(const char *path, struct kl_kubeconfig *ret, struct kl_err *err)
{
	kl_autobuf text = {.max = KUBECONFIG_MAX};
	struct kl_kubeconfig config = {0};
	int rc = kl_file_read(path, &text, err);
	if (rc)
		return rc;
	kl_autojson *json = kl_yaml_parse(kl_buf_str(&text), text.len, err);
	if (!json)
		return kl_fail_prefix(err, "kubeconfig '%s'", path);
	rc = load_context(json, path, &config, err);
	if (rc) {
		kl_kubeconfig_release(&config);
		kl_fail_prefix(err, "kubeconfig '%s'", path);
		return rc;
	}
	*ret = config;
	return 0;
}
