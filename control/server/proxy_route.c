#include "proxy_route.h"

#include "buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

enum { AGENT_PORT = 10250 };

void kl_proxy_route_release(struct kl_proxy_route *route)
{
	free(route->host);
	free(route->node);
	free(route->target);
	free(route->prefix);
	free(route->redirect);
	*route = (struct kl_proxy_route){0};
}

static json_t *get(const struct kl_proxy_lookup *lookup, const char *kind, const char *resource, const char *ns,
	const char *name, struct kl_status *st)
{
	json_t *object = lookup->get(kind, ns, name, lookup->arg);
	if (!object)
		kl_status_not_found(st, "", resource, name);
	return object;
}

static int unavailable(struct kl_status *st, const char *service)
{
	return kl_status_set(st, 503, "ServiceUnavailable", "no endpoints available for service \"%s\"", service);
}

/* --- queries for the agent */

static void push_escaped(struct kl_buf *out, const char *text)
{
	static const char SAFE[] = "-_.~";
	for (const char *at = text; *at; at++) {
		unsigned char c = (unsigned char)*at;
		bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr(SAFE, c);
		if (plain)
			kl_buf_char(out, (char)c);
		else
			kl_buf_printf(out, "%%%02X", c);
	}
}

/* How the API's parameters are called by the agent; the others are the API server's own. */
struct param {
	const char *api, *agent;
};
static const struct param LOG_PARAMS[] = {{"follow", "follow"}, {"previous", "previous"}, {"timestamps", "timestamps"},
	{"sinceSeconds", "sinceSeconds"}, {"sinceTime", "sinceTime"}, {"tailLines", "tailLines"},
	{"limitBytes", "limitBytes"}, {"stream", "stream"}, {0}};
static const struct param REMOTE_PARAMS[] = {
	{"stdin", "input"}, {"stdout", "output"}, {"stderr", "error"}, {"tty", "tty"}, {"command", "command"}, {0}};
static const struct param FORWARD_PARAMS[] = {{"ports", "port"}, {0}};

static void push_query(struct kl_buf *out, const struct kl_proxy_ask *ask, const struct param *params)
{
	char mark = '?';
	for (size_t i = 0; i < ask->param_count; i++) {
		const struct param *p = params;
		while (p->api && strcmp(p->api, ask->params[i].name) != 0)
			p++;
		if (!p->api)
			continue;
		kl_buf_printf(out, "%c%s=", mark, p->agent);
		push_escaped(out, ask->params[i].value);
		mark = '&';
	}
}

static const char *param_value(const struct kl_proxy_ask *ask, const char *name)
{
	for (size_t i = 0; i < ask->param_count; i++)
		if (!strcmp(ask->params[i].name, name))
			return ask->params[i].value;
	return NULL;
}

static bool param_true(const struct kl_proxy_ask *ask, const char *name)
{
	const char *value = param_value(ask, name);
	return value && (!*value || !strcasecmp(value, "true") || !strcasecmp(value, "t") || !strcmp(value, "1"));
}

/* --- nodes */

static const char *node_address(const json_t *node)
{
	static const char *const TYPES[] = {"InternalIP", "ExternalIP", "Hostname"};
	const json_t *addresses = kl_json_get(node, "status", "addresses", NULL), *entry;
	size_t i;
	for (size_t t = 0; t < KL_ARRAY_LEN(TYPES); t++)
		json_array_foreach (addresses, i, entry)
			if (!strcmp(kl_json_str(entry, "type", NULL), TYPES[t]))
				return kl_json_str(entry, "address", NULL);
	return NULL;
}

static int agent_port(const json_t *node)
{
	int64_t port = kl_json_int(node, 0, "status", "daemonEndpoints", "kubeletEndpoint", "Port", NULL);
	return port > 0 && port <= UINT16_MAX ? (int)port : AGENT_PORT;
}

static int route_to_agent(
	const struct kl_proxy_lookup *lookup, const char *name, struct kl_proxy_route *ret, struct kl_status *st)
{
	kl_autojson *node = get(lookup, "Node", "nodes", "", name, st);
	if (!node)
		return -1;
	const char *address = node_address(node);
	if (!address)
		return kl_status_set(st, 503, "ServiceUnavailable", "node \"%s\" has no address", name);
	ret->peer = KL_PROXY_AGENT;
	ret->host = kl_strdup(address);
	ret->node = kl_strdup(name);
	ret->port = agent_port(node);
	return 0;
}

/* --- which container */

static const json_t *containers(const json_t *pod, const char *list)
{
	return kl_json_get(pod, "spec", list, NULL);
}

static bool has_container(const json_t *pod, const char *name)
{
	static const char *const LISTS[] = {"containers", "initContainers", "ephemeralContainers"};
	const json_t *entry;
	size_t i;
	for (size_t list = 0; list < KL_ARRAY_LEN(LISTS); list++)
		json_array_foreach (containers(pod, LISTS[list]), i, entry)
			if (!strcmp(kl_json_str(entry, "name", NULL), name))
				return true;
	return false;
}

static void push_names(struct kl_buf *out, const json_t *list)
{
	const json_t *entry;
	size_t i;
	json_array_foreach (list, i, entry)
		kl_buf_printf(out, "%s%s", i ? " " : "", kl_json_str(entry, "name", NULL));
}

static int several_containers(const json_t *pod, const char *name, struct kl_status *st)
{
	kl_autobuf words = {0};
	const json_t *init = containers(pod, "initContainers");
	push_names(&words, containers(pod, "containers"));
	kl_buf_char(&words, ']');
	if (json_array_size(init)) {
		kl_buf_str_push(&words, " or one of the init containers: [");
		push_names(&words, init);
		kl_buf_char(&words, ']');
	}
	return kl_status_bad_request(
		st, "a container name must be specified for pod %s, choose one of: [%s", name, kl_buf_str(&words));
}

/* The container's name, borrowed from pod or ask; NULL with st. */
static const char *choose_container(
	const json_t *pod, const char *name, const struct kl_proxy_ask *ask, struct kl_status *st)
{
	const char *asked = param_value(ask, "container");
	const char *by_default =
		kl_json_str(pod, "metadata", "annotations", "kubectl.kubernetes.io/default-container", NULL);
	if (asked && *asked) {
		if (has_container(pod, asked))
			return asked;
		kl_status_bad_request(st, "container %s is not valid for pod %s", asked, name);
		return NULL;
	}
	const json_t *list = containers(pod, "containers");
	if (json_array_size(list) == 1)
		return kl_json_str(json_array_get(list, 0), "name", NULL);
	if (*by_default && has_container(pod, by_default))
		return by_default;
	if (json_array_size(list) == 0)
		kl_status_bad_request(st, "a container name must be specified for pod %s", name);
	else
		several_containers(pod, name, st);
	return NULL;
}

/* --- pods/{log,exec,attach,portforward} */

static int check_remote(const struct kl_proxy_target *target, const struct kl_proxy_ask *ask, struct kl_status *st)
{
	if (!param_true(ask, "stdin") && !param_true(ask, "stdout") && !param_true(ask, "stderr"))
		return kl_status_bad_request(st, "you must specify at least 1 of stdin, stdout, stderr");
	if (!strcmp(target->subresource, "exec") && !param_value(ask, "command"))
		return kl_status_bad_request(st, "you must specify at least 1 command");
	return 0;
}

static int route_log(const json_t *pod, const struct kl_proxy_target *target, const struct kl_proxy_ask *ask,
	struct kl_proxy_route *ret, struct kl_status *st)
{
	kl_autobuf path = {0};
	const char *container = choose_container(pod, target->name, ask, st);
	if (!container)
		return -1;
	kl_buf_printf(&path, "/containerLogs/%s/%s/%s", target->ns, target->name, container);
	push_query(&path, ask, LOG_PARAMS);
	ret->target = kl_buf_take(&path);
	ret->agent_errors = true;
	return 0;
}

static int route_remote(const json_t *pod, const struct kl_proxy_target *target, const struct kl_proxy_ask *ask,
	struct kl_proxy_route *ret, struct kl_status *st)
{
	kl_autobuf path = {0};
	if (check_remote(target, ask, st) < 0)
		return -1;
	const char *container = choose_container(pod, target->name, ask, st);
	if (!container)
		return -1;
	kl_buf_printf(&path, "/%s/%s/%s/%s", target->subresource, target->ns, target->name, container);
	push_query(&path, ask, REMOTE_PARAMS);
	ret->target = kl_buf_take(&path);
	return 0;
}

static char *forward_target(const struct kl_proxy_target *target, const struct kl_proxy_ask *ask)
{
	struct kl_buf path = {0};
	kl_buf_printf(&path, "/portForward/%s/%s", target->ns, target->name);
	push_query(&path, ask, FORWARD_PARAMS);
	return kl_buf_take(&path);
}

static int route_pod_stream(const struct kl_proxy_lookup *lookup, const struct kl_proxy_target *target,
	const struct kl_proxy_ask *ask, struct kl_proxy_route *ret, struct kl_status *st)
{
	bool log = !strcmp(target->subresource, "log");
	kl_autojson *pod = get(lookup, "Pod", "pods", target->ns, target->name, st);
	if (!pod)
		return -1;
	const char *node = kl_json_str(pod, "spec", "nodeName", NULL);
	int rc = 0;
	if (log)
		rc = route_log(pod, target, ask, ret, st);
	else if (!strcmp(target->subresource, "portforward"))
		ret->target = forward_target(target, ask);
	else
		rc = route_remote(pod, target, ask, ret, st);
	if (rc < 0)
		return rc;
	if (!*node && log) {
		ret->empty = true;
		return 0;
	}
	if (!*node)
		return kl_status_bad_request(st, "pod %s does not have a host assigned", target->name);
	if (!log && !ask->wants_upgrade)
		return kl_status_bad_request(st, "Upgrade request required");
	return route_to_agent(lookup, node, ret, st);
}

/* --- proxies: [scheme:]name[:port] */

struct name {
	char *text;                       /* holds the rest */
	const char *scheme, *name, *port; /* "" when not given */
};

static void release_name(struct name *name)
{
	free(name->text);
}

static int split_name(const char *text, struct name *ret, struct kl_status *st)
{
	*ret = (struct name){.text = kl_strdup(text), .scheme = "", .port = ""};
	char *first = strchr(ret->text, ':'), *second = first ? strchr(first + 1, ':') : NULL;
	if (first)
		*first++ = 0;
	if (second)
		*second++ = 0;
	ret->scheme = second ? ret->text : "";
	ret->name = second ? first : ret->text;
	ret->port = second ? second : first ? first : "";
	if (!*ret->name || (second && strchr(second, ':')) ||
		(*ret->scheme && strcmp(ret->scheme, "http") != 0 && strcmp(ret->scheme, "https") != 0))
		return kl_status_bad_request(st, "invalid name \"%s\"", text);
	return 0;
}

/* A port's number, or -1 for a word. */
static int port_number(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);
	return *text && !*end && number > 0 && number <= UINT16_MAX ? (int)number : -1;
}

/* The rest of the path behind ".../proxy", as sent; the part before it goes to *ret_prefix. */
static const char *rest_of_path(const char *raw_path, char **ret_prefix)
{
	/* "/api/v1/namespaces/NS/pods/NAME/proxy…" or "/api/v1/nodes/NAME/proxy…" */
	bool namespaced = !strncmp(raw_path, "/api/v1/namespaces/", strlen("/api/v1/namespaces/"));
	const char *at = raw_path;
	for (int segments = namespaced ? 7 : 5; segments; segments--) {
		const char *slash = strchr(at + 1, '/');
		at = slash ? slash : at + strlen(at);
		if (!*at)
			break;
	}
	*ret_prefix = kl_strndup(raw_path, (size_t)(at - raw_path));
	return at;
}

static void set_target(const struct kl_proxy_ask *ask, struct kl_proxy_route *ret)
{
	const char *rest = rest_of_path(ask->raw_path, &ret->prefix), *query = ask->raw_query;
	const char *mark = *query ? "?" : "";
	if (!*rest && !ask->wants_upgrade && (!strcmp(ask->method, "GET") || !strcmp(ask->method, "HEAD")))
		ret->redirect = kl_asprintf("%s/%s%s", ask->raw_path, mark, query);
	ret->target = kl_asprintf("%s%s%s", *rest ? rest : "/", mark, query);
}

static int route_node_proxy(
	const struct kl_proxy_lookup *lookup, const struct name *name, struct kl_proxy_route *ret, struct kl_status *st)
{
	if (route_to_agent(lookup, name->name, ret, st) < 0)
		return -1;
	int port = port_number(name->port);
	if (*name->port && port < 0)
		return kl_status_bad_request(st, "invalid node request \"%s\"", name->port);
	if (port > 0 && port != ret->port) {
		ret->port = port;
		ret->peer = !strcmp(name->scheme, "https") ? KL_PROXY_HTTPS : KL_PROXY_HTTP;
	}
	return 0;
}

/* A pod's port by number or name; without one the first that it declares; 80 when it declares none. */
static int pod_port(const json_t *pod, const char *wanted)
{
	const json_t *container, *port;
	size_t i, k;
	int number = port_number(wanted);
	if (number > 0)
		return number;
	json_array_foreach (containers(pod, "containers"), i, container)
		json_array_foreach (json_object_get(container, "ports"), k, port)
			if (!*wanted || !strcmp(kl_json_str(port, "name", NULL), wanted))
				return (int)kl_json_int(port, 0, "containerPort", NULL);
	return *wanted ? -1 : 80;
}

static int route_pod_proxy(const struct kl_proxy_lookup *lookup, const char *ns, const struct name *name,
	struct kl_proxy_route *ret, struct kl_status *st)
{
	kl_autojson *pod = get(lookup, "Pod", "pods", ns, name->name, st);
	if (!pod)
		return -1;
	const char *address = kl_json_str(pod, "status", "podIP", NULL);
	if (!*address)
		return kl_status_bad_request(st, "address not allowed");
	ret->port = pod_port(pod, name->port);
	if (ret->port < 0)
		return kl_status_bad_request(st, "invalid pod request \"%s:%s\"", name->name, name->port);
	ret->peer = !strcmp(name->scheme, "https") ? KL_PROXY_HTTPS : KL_PROXY_HTTP;
	ret->host = kl_strdup(address);
	return 0;
}

/* --- services: a ready endpoint at random */

/* The name of the Service's port that was asked for ("" is a name too); NULL: there is none. */
static const char *service_port_name(const json_t *service, const char *wanted)
{
	const json_t *ports = kl_json_get(service, "spec", "ports", NULL), *port;
	size_t i;
	int number = port_number(wanted);
	json_array_foreach (ports, i, port) {
		const char *name = kl_json_str(port, "name", NULL);
		if (!strcmp(name, wanted) || (number > 0 && kl_json_int(port, 0, "port", NULL) == number))
			return name;
	}
	/* Without a port in the request the only one is meant. */
	return !*wanted && json_array_size(ports) == 1 ? kl_json_str(json_array_get(ports, 0), "name", NULL) : NULL;
}

static int slice_port(const json_t *slice, const char *name)
{
	const json_t *port;
	size_t i;
	json_array_foreach (json_object_get(slice, "ports"), i, port)
		if (!strcmp(kl_json_str(port, "name", NULL), name))
			return (int)kl_json_int(port, 0, "port", NULL);
	return 0;
}

static uint32_t random_below(uint32_t bound)
{
	uint32_t value = 0;
	if (getrandom(&value, sizeof(value), 0) < 0)
		value = 0;
	return value % bound;
}

/* Reservoir sampling: each ready endpoint seen so far is the chosen one with equal chance. */
static void choose_endpoint(const json_t *slice, int port, uint32_t *seen, struct kl_proxy_route *ret)
{
	const json_t *endpoint;
	size_t i;
	json_array_foreach (json_object_get(slice, "endpoints"), i, endpoint) {
		const char *address = json_string_value(json_array_get(json_object_get(endpoint, "addresses"), 0));
		if (!address || !kl_json_bool(endpoint, true, "conditions", "ready", NULL))
			continue;
		if (random_below(++*seen) != 0)
			continue;
		free(ret->host);
		ret->host = kl_strdup(address);
		ret->port = port;
	}
}

static int route_service_proxy(const struct kl_proxy_lookup *lookup, const char *ns, const struct name *name,
	struct kl_proxy_route *ret, struct kl_status *st)
{
	kl_autojson *service = get(lookup, "Service", "services", ns, name->name, st);
	if (!service)
		return -1;
	const char *port_name = service_port_name(service, name->port);
	if (!port_name && port_number(name->port) > 0)
		return kl_status_set(st, 503, "ServiceUnavailable", "no service port %s found for service \"%s\"",
			name->port, name->name);
	if (!port_name)
		return unavailable(st, name->name);
	kl_autojson *slices = lookup->slices(ns, name->name, lookup->arg);
	const json_t *slice;
	size_t i;
	uint32_t seen = 0;
	json_array_foreach (slices, i, slice) {
		int port = slice_port(slice, port_name);
		if (port > 0)
			choose_endpoint(slice, port, &seen, ret);
	}
	if (!seen)
		return unavailable(st, name->name);
	ret->peer = !strcmp(name->scheme, "https") ? KL_PROXY_HTTPS : KL_PROXY_HTTP;
	return 0;
}

static int route_proxy(const struct kl_proxy_lookup *lookup, const struct kl_proxy_target *target,
	const struct kl_proxy_ask *ask, struct kl_proxy_route *ret, struct kl_status *st)
{
	kl_cleanup(release_name) struct name name = {0};
	if (split_name(target->name, &name, st) < 0)
		return -1;
	set_target(ask, ret);
	if (!strcmp(target->resource, "nodes"))
		return route_node_proxy(lookup, &name, ret, st);
	if (!strcmp(target->resource, "pods"))
		return route_pod_proxy(lookup, target->ns, &name, ret, st);
	return route_service_proxy(lookup, target->ns, &name, ret, st);
}

bool kl_proxy_serves(const char *resource, const char *subresource)
{
	static const char *const STREAMS[] = {"log", "exec", "attach", "portforward"};
	if (!strcmp(subresource, "proxy"))
		return !strcmp(resource, "pods") || !strcmp(resource, "services") || !strcmp(resource, "nodes");
	for (size_t i = 0; i < KL_ARRAY_LEN(STREAMS); i++)
		if (!strcmp(subresource, STREAMS[i]))
			return !strcmp(resource, "pods");
	return false;
}

int kl_proxy_route(const struct kl_proxy_lookup *lookup, const struct kl_proxy_target *target,
	const struct kl_proxy_ask *ask, struct kl_proxy_route *ret, struct kl_status *st)
{
	*ret = (struct kl_proxy_route){0};
	int rc = !strcmp(target->subresource, "proxy") ? route_proxy(lookup, target, ask, ret, st)
						       : route_pod_stream(lookup, target, ask, ret, st);
	if (rc < 0)
		kl_proxy_route_release(ret);
	return rc;
}
