/*
 * ComponentStatus: the parts of a control plane, which are one process here. Whether they are healthy is what /readyz
 * tells; nothing is stored.
 */
#include "rest_impl.h"

#include "clock.h"

#include <string.h>

static const char *const parts[] = {"controller-manager", "etcd-0", "scheduler"};

static json_t *component(const struct rest_call *call, const char *name)
{
	const struct kl_rest_options *options = &call->rest->options;
	bool ready = !options->ready || options->ready(options->ready_arg);
	json_t *condition = json_pack("{s:s, s:s, s:s}", "type", "Healthy", "status", ready ? "True" : "False",
		ready ? "message" : "error", ready ? "ok" : "not ready");
	return json_pack("{s:s, s:s, s:{s:s, s:n}, s:[o]}", "apiVersion", "v1", "kind", "ComponentStatus", "metadata",
		"name", name, "creationTimestamp", "conditions", condition);
}

static void get(struct rest_call *call)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(parts); i++)
		if (!strcmp(parts[i], call->path.name)) {
			kl_autojson *tree = component(call, parts[i]);
			reply_tree(call, 200, tree);
			return;
		}
	struct kl_status st = {0};
	kl_status_not_found(&st, "", call->kind->plural, call->path.name);
	reply_failure(call->req, &st);
}

static void table(struct rest_call *call)
{
	kl_autobuf buf = {0};
	kl_table_head(call->kind, "{\"resourceVersion\":\"\"}", &buf);
	for (size_t i = 0; i < KL_ARRAY_LEN(parts); i++) {
		kl_autojson *tree = component(call, parts[i]);
		kl_autobuf bytes = {0};
		kl_json_dump(tree, &bytes);
		if (i)
			kl_buf_char(&buf, ',');
		kl_table_row(call->kind, tree, kl_buf_str(&bytes), bytes.len, include_object(call->req),
			kl_realtime_ms(), &buf);
	}
	kl_buf_str_push(&buf, "]}");
	kl_autojson *json = kl_json_parse(kl_buf_str(&buf), buf.len, NULL);
	reply_json(call, 200, json);
}

void rest_components(struct rest_call *call)
{
	if (call->path.name) {
		get(call);
	} else if (call->accept.form == KL_FORM_TABLE) {
		table(call);
	} else {
		kl_autojson *list = json_pack("{s:s, s:s, s:{s:s}, s:[]}", "kind", "ComponentStatusList", "apiVersion",
			"v1", "metadata", "resourceVersion", "", "items");
		for (size_t i = 0; i < KL_ARRAY_LEN(parts); i++)
			json_array_append_new(json_object_get(list, "items"), component(call, parts[i]));
		reply_json(call, 200, list);
	}
}
