#include "up_api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "clock.h"

struct kl_api {
	uv_loop_t loop;
	struct kl_client *client;
	char *server, *ca_pem;
};

struct answer {
	bool done;
	int http;
	json_t *body;
	struct kl_err err;
};

int kl_api_open(const char *kubeconfig, struct kl_api **ret, struct kl_err *err)
{
	struct kl_kubeconfig config = {0};
	int rc = kl_kubeconfig_load(kubeconfig, &config, err);
	if (rc)
		return rc;
	struct kl_api *api = kl_calloc(1, sizeof(*api));
	uv_loop_init(&api->loop);
	api->server = kl_strdup(config.server);
	api->ca_pem = kl_strdup(config.ca_pem);
	rc = kl_client_new(&api->loop, &config, "keelson", &api->client, err);
	kl_kubeconfig_release(&config);
	if (rc) {
		kl_api_close(api);
		return rc;
	}
	*ret = api;
	return 0;
}

void kl_api_close(struct kl_api *api)
{
	if (!api)
		return;
	if (api->client)
		kl_client_free(api->client);
	uv_run(&api->loop, UV_RUN_DEFAULT);
	uv_loop_close(&api->loop);
	free(api->server);
	free(api->ca_pem);
	free(api);
}

static void answered(const struct kl_client_answer *from, void *arg)
{
	struct answer *to = arg;
	to->done = true;
	to->http = from->http;
	to->err = from->err;
	if (from->len)
		to->body = kl_json_parse(from->body, from->len, NULL);
}

int kl_api_get(struct kl_api *api, const char *path, int timeout_ms, json_t **ret, struct kl_err *err)
{
	return kl_api_send(api, "GET", path, NULL, timeout_ms, ret, err);
}

const char *kl_api_server(const struct kl_api *api)
{
	return api->server;
}

const char *kl_api_ca_pem(const struct kl_api *api)
{
	return api->ca_pem;
}

int kl_api_send(struct kl_api *api, const char *method, const char *path, const json_t *body, int timeout_ms, json_t **ret,
	struct kl_err *err)
{
	struct answer answer = {0};
	kl_autofree char *text = body ? kl_json_text(body) : NULL;
	struct kl_client_request request = {
		.method = method, .path = path, .timeout_ms = timeout_ms, .body = text, .body_len = text ? strlen(text) : 0};
	kl_client_send(api->client, &request, answered, &answer);
	while (!answer.done)
		uv_run(&api->loop, UV_RUN_ONCE);
	if (ret)
		*ret = answer.body;
	else
		json_decref(answer.body);
	if (!answer.http) {
		if (err)
			*err = answer.err;
		return answer.err.code ? answer.err.code : -EIO;
	}
	return answer.http;
}

const json_t *kl_node_find(const json_t *nodes, const char *name)
{
	size_t i;
	json_t *node;
	json_array_foreach (kl_json_get(nodes, "items", NULL), i, node)
		if (!strcmp(kl_json_str(node, "metadata", "name", NULL), name))
			return node;
	return NULL;
}

static const json_t *ready_condition(const json_t *node)
{
	size_t i;
	json_t *condition;
	json_array_foreach (kl_json_get(node, "status", "conditions", NULL), i, condition)
		if (!strcmp(kl_json_str(condition, "type", NULL), "Ready"))
			return condition;
	return NULL;
}

bool kl_node_ready(const json_t *nodes, const char *name, bool *ret_known)
{
	const json_t *node = kl_node_find(nodes, name);
	if (ret_known)
		*ret_known = node != NULL;
	return !strcmp(kl_json_str(ready_condition(node), "status", NULL), "True");
}

int64_t kl_node_heartbeat_ms(const json_t *nodes, const char *name)
{
	int64_t ms;
	const json_t *condition = ready_condition(kl_node_find(nodes, name));
	return kl_time_parse(kl_json_str(condition, "lastHeartbeatTime", NULL), &ms) ? 0 : ms;
}
