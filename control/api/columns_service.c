#include "columns.h"

#include <string.h>

/* --- Service --- */

static void service_type(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_str(row->object, "spec", "type", NULL));
}

static void service_cluster_ip(const struct kl_row *row, struct kl_buf *buf)
{
	const char *ip = kl_json_str(row->object, "spec", "clusterIP", NULL);
	kl_cell_str(buf, *ip ? ip : "<none>");
}

static void push_joined(struct kl_buf *text, const char *entry)
{
	kl_buf_printf(text, "%s%s", text->len ? "," : "", entry);
}

static void service_external_ip(const struct kl_row *row, struct kl_buf *buf)
{
	const char *type = kl_json_str(row->object, "spec", "type", NULL);
	const char *name = kl_json_str(row->object, "spec", "externalName", NULL);
	kl_autobuf text = {0};
	size_t i;
	json_t *entry;
	if (!strcmp(type, "ExternalName")) {
		kl_cell_str(buf, name);
		return;
	}
	if (!strcmp(type, "LoadBalancer"))
		json_array_foreach (kl_json_get(row->object, "status", "loadBalancer", "ingress", NULL), i, entry) {
			const char *ip = kl_json_str(entry, "ip", NULL), *host = kl_json_str(entry, "hostname", NULL);
			push_joined(&text, *ip ? ip : host);
		}
	json_array_foreach (kl_json_get(row->object, "spec", "externalIPs", NULL), i, entry)
		push_joined(&text, json_string_value(entry) ?: "");
	if (!text.len)
		kl_buf_str_push(&text, strcmp(type, "LoadBalancer") ? "<none>" : "<pending>");
	kl_cell_str(buf, kl_buf_str(&text));
}

static void service_ports(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	size_t i;
	json_t *port;
	json_array_foreach (kl_json_get(row->object, "spec", "ports", NULL), i, port) {
		int64_t node = kl_json_int(port, 0, "nodePort", NULL);
		kl_buf_printf(&text, "%s%lld", i ? "," : "", (long long)kl_json_int(port, 0, "port", NULL));
		if (node)
			kl_buf_printf(&text, ":%lld", (long long)node);
		kl_buf_printf(&text, "/%s", kl_json_str(port, "protocol", NULL));
	}
	kl_cell_str(buf, text.len ? kl_buf_str(&text) : "<none>");
}

static void service_selector(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	kl_text_map(kl_json_get(row->object, "spec", "selector", NULL), &text);
	kl_cell_str(buf, kl_buf_str(&text));
}

const struct kl_column kl_columns_service[7] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Type", service_type),
	KL_COLUMN("Cluster-IP", service_cluster_ip, .doc = "The address that the cluster reaches it by"),
	KL_COLUMN("External-IP", service_external_ip, .doc = "Addresses from outside the cluster"),
	KL_COLUMN("Port(s)", service_ports, .doc = "port[:nodePort]/protocol"),
	KL_AGE_COLUMN,
	KL_WIDE("Selector", service_selector),
};

/* --- Endpoints, EndpointSlice: lists are cut after three entries, with what is left out --- */

enum { SHOWN_MAX = 3 };

static void push_more(struct kl_buf *text, size_t count)
{
	if (count > SHOWN_MAX)
		kl_buf_printf(text, " + %zu more...", count - SHOWN_MAX);
}

static void push_address(struct kl_buf *text, const char *ip, const json_t *port)
{
	bool v6 = strchr(ip, ':');
	if (!port)
		push_joined(text, ip);
	else
		kl_buf_printf(text, "%s%s%s%s:%lld", text->len ? "," : "", v6 ? "[" : "", ip, v6 ? "]" : "",
			(long long)kl_json_int(port, 0, "port", NULL));
}

static void endpoints_addresses(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	size_t i, k, p, count = 0;
	json_t *subset, *address, *port;
	json_array_foreach (json_object_get(row->object, "subsets"), i, subset) {
		const json_t *ports = json_object_get(subset, "ports"),
			     *addresses = json_object_get(subset, "addresses");
		json_array_foreach (addresses, k, address) {
			const char *ip = kl_json_str(address, "ip", NULL);
			if (!json_array_size(ports) && count++ < SHOWN_MAX)
				push_address(&text, ip, NULL);
		}
		json_array_foreach (ports, p, port)
			json_array_foreach (addresses, k, address)
				if (count++ < SHOWN_MAX)
					push_address(&text, kl_json_str(address, "ip", NULL), port);
	}
	push_more(&text, count);
	kl_cell_str(buf, count ? kl_buf_str(&text) : "<none>");
}

const struct kl_column kl_columns_endpoints[3] = {
	KL_NAME_COLUMN, KL_COLUMN("Endpoints", endpoints_addresses), KL_AGE_COLUMN};

static void slice_type(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_str(row->object, "addressType", NULL));
}

static void slice_ports(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	const json_t *ports = json_object_get(row->object, "ports");
	size_t i;
	json_t *port;
	json_array_foreach (ports, i, port) {
		const json_t *number = json_object_get(port, "port");
		char digits[24] = "*";
		if (number)
			snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(number));
		if (i < SHOWN_MAX)
			push_joined(&text, digits);
	}
	push_more(&text, json_array_size(ports));
	kl_cell_str(buf, text.len ? kl_buf_str(&text) : "<unset>");
}

static void slice_endpoints(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	size_t i, k, count = 0;
	json_t *endpoint, *address;
	json_array_foreach (json_object_get(row->object, "endpoints"), i, endpoint)
		json_array_foreach (json_object_get(endpoint, "addresses"), k, address)
			if (count++ < SHOWN_MAX)
				push_joined(&text, json_string_value(address) ?: "");
	push_more(&text, count);
	kl_cell_str(buf, count ? kl_buf_str(&text) : "<unset>");
}

const struct kl_column kl_columns_endpoint_slice[5] = {
	KL_NAME_COLUMN,
	KL_COLUMN("AddressType", slice_type),
	KL_COLUMN("Ports", slice_ports),
	KL_COLUMN("Endpoints", slice_endpoints),
	KL_AGE_COLUMN,
};

/* --- Ingress --- */

static void ingress_class(const struct kl_row *row, struct kl_buf *buf)
{
	const char *class = kl_json_str(row->object, "spec", "ingressClassName", NULL);
	kl_cell_str(buf, *class ? class : "<none>");
}

static void ingress_hosts(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	size_t i, count = 0;
	json_t *rule;
	json_array_foreach (kl_json_get(row->object, "spec", "rules", NULL), i, rule) {
		const char *host = kl_json_str(rule, "host", NULL);
		if (*host && count++ < SHOWN_MAX)
			push_joined(&text, host);
	}
	push_more(&text, count);
	kl_cell_str(buf, count ? kl_buf_str(&text) : "*");
}

static void ingress_address(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	size_t i;
	json_t *entry;
	json_array_foreach (kl_json_get(row->object, "status", "loadBalancer", "ingress", NULL), i, entry) {
		const char *ip = kl_json_str(entry, "ip", NULL);
		push_joined(&text, *ip ? ip : kl_json_str(entry, "hostname", NULL));
	}
	kl_cell_str(buf, kl_buf_str(&text));
}

static void ingress_ports(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, json_array_size(kl_json_get(row->object, "spec", "tls", NULL)) ? "80, 443" : "80");
}

const struct kl_column kl_columns_ingress[6] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Class", ingress_class),
	KL_COLUMN("Hosts", ingress_hosts),
	KL_COLUMN("Address", ingress_address),
	KL_COLUMN("Ports", ingress_ports),
	KL_AGE_COLUMN,
};

static void class_controller(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_str(row->object, "spec", "controller", NULL));
}

static void class_parameters(const struct kl_row *row, struct kl_buf *buf)
{
	const json_t *ref = kl_json_get(row->object, "spec", "parameters", NULL);
	const char *group = kl_json_str(ref, "apiGroup", NULL);
	kl_autobuf text = {0};
	if (ref)
		kl_buf_printf(&text, "%s%s%s/%s", kl_json_str(ref, "kind", NULL), *group ? "." : "", group,
			kl_json_str(ref, "name", NULL));
	kl_cell_str(buf, ref ? kl_buf_str(&text) : "<none>");
}

const struct kl_column kl_columns_ingress_class[4] = {KL_NAME_COLUMN, KL_COLUMN("Controller", class_controller),
	KL_COLUMN("Parameters", class_parameters), KL_AGE_COLUMN};

static void policy_selector(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	kl_text_selector(kl_json_get(row->object, "spec", "podSelector", NULL), &text);
	kl_cell_str(buf, kl_buf_str(&text));
}

const struct kl_column kl_columns_network_policy[3] = {
	KL_NAME_COLUMN, KL_COLUMN("Pod-Selector", policy_selector), KL_AGE_COLUMN};

/* --- Event: both forms are stored in the core one --- */

static const char *event_time(const json_t *event, bool last)
{
	static const char *const last_keys[] = {
		"lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp"};
	static const char *const first_keys[] = {"firstTimestamp", "deprecatedFirstTimestamp", "eventTime"};
	const char *series = kl_json_str_or_null(event, "series", "lastObservedTime", NULL);
	if (last && series)
		return series;
	size_t count = last ? KL_ARRAY_LEN(last_keys) : KL_ARRAY_LEN(first_keys);
	for (size_t i = 0; i < count; i++) {
		const char *time = kl_json_str_or_null(event, last ? last_keys[i] : first_keys[i], NULL);
		if (time)
			return time;
	}
	return kl_json_str_or_null(event, "metadata", "creationTimestamp", NULL);
}

static void event_last(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_since(buf, row, event_time(row->object, true));
}

static void event_first(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_since(buf, row, event_time(row->object, false));
}

static void event_type(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_str(row->object, "type", NULL));
}

static void event_reason(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_str(row->object, "reason", NULL));
}

static const json_t *event_about(const struct kl_row *row)
{
	const json_t *about = json_object_get(row->object, "involvedObject");
	return about ? about : json_object_get(row->object, "regarding");
}

static void event_object(const struct kl_row *row, struct kl_buf *buf)
{
	const json_t *about = event_about(row);
	kl_autobuf text = {0};
	for (const char *kind = kl_json_str(about, "kind", NULL); *kind; kind++)
		kl_buf_char(&text, *kind >= 'A' && *kind <= 'Z' ? (char)(*kind + 32) : *kind);
	kl_buf_printf(&text, "/%s", kl_json_str(about, "name", NULL));
	kl_cell_str(buf, kl_buf_str(&text));
}

static void event_subobject(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_str(event_about(row), "fieldPath", NULL));
}

static void event_source(const struct kl_row *row, struct kl_buf *buf)
{
	const json_t *source = json_object_get(row->object, "source");
	const char *component = kl_json_str(source, "component", NULL), *host = kl_json_str(source, "host", NULL);
	kl_autobuf text = {0};
	if (!*component)
		component = kl_json_str(row->object, "reportingComponent", NULL);
	kl_buf_printf(&text, "%s%s%s", component, *host ? ", " : "", host);
	kl_cell_str(buf, kl_buf_str(&text));
}

static void event_message(const struct kl_row *row, struct kl_buf *buf)
{
	const char *text = kl_json_str(row->object, "message", NULL);
	if (!*text)
		text = kl_json_str(row->object, "note", NULL);
	size_t len = strlen(text);
	while (len && strchr(" \n\r\t", text[len - 1]))
		len--;
	kl_buf_json_string(buf, text, len);
}

static void event_count(const struct kl_row *row, struct kl_buf *buf)
{
	int64_t count = kl_json_int(row->object, 0, "count", NULL);
	if (!count)
		count = kl_json_int(row->object, 1, "series", "count", NULL);
	kl_cell_int(buf, count);
}

const struct kl_column kl_columns_event[10] = {
	KL_COLUMN("Last Seen", event_last),
	KL_COLUMN("Type", event_type),
	KL_COLUMN("Reason", event_reason),
	KL_COLUMN("Object", event_object),
	KL_WIDE("Subobject", event_subobject),
	KL_WIDE("Source", event_source),
	KL_COLUMN("Message", event_message),
	KL_WIDE("First Seen", event_first),
	KL_NUMBER("Count", event_count, .priority = 1),
	{.name = "Name", .type = "string", .format = "name", .priority = 1, .cell = kl_cell_name},
};
