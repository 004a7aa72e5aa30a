#include "compile.h"

#include "annotations.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_AFFINITY_S = 10800 };

struct compile {
	const json_t *service, *spec, *port;
	const json_t *const *slices;
	size_t slice_count;
	bool v4;
};

static uint8_t proto_of(const json_t *port)
{
	const char *name = kl_json_str(port, "protocol", NULL);
	return !strcmp(name, "UDP") ? KL_PROTO_UDP : !strcmp(name, "SCTP") ? KL_PROTO_SCTP : KL_PROTO_TCP;
}

static char *key_of(const struct compile *compile, bool second_family)
{
	const char *name = kl_json_str(compile->port, "name", NULL);
	uint8_t proto = proto_of(compile->port);
	kl_autofree char *number = kl_asprintf("%lld", (long long)kl_json_int(compile->port, 0, "port", NULL));
	return kl_asprintf("%s/%s:%s%s%s", kl_json_str(compile->service, "metadata", "namespace", NULL),
		kl_json_str(compile->service, "metadata", "name", NULL), name[0] ? name : number,
		proto == KL_PROTO_UDP    ? "/UDP"
		: proto == KL_PROTO_SCTP ? "/SCTP"
					 : "",
		second_family ? compile->v4 ? "/IPv4" : "/IPv6" : "");
}

static void add_frontend(struct kl_service *to, const struct kl_addr *addr, int64_t port, uint8_t type)
{
	if (port < 1 || port > 65535)
		return;
	to->frontends = kl_reallocarray(to->frontends, to->frontend_count + 1, sizeof(*to->frontends));
	to->frontends[to->frontend_count++] =
		(struct kl_frontend){.addr = *addr, .port = (uint16_t)port, .proto = to->proto, .type = type};
}

static void add_text_frontend(const struct compile *compile, struct kl_service *to, const char *text, uint8_t type)
{
	struct kl_addr addr;
	if (text && !kl_addr_parse(text, &addr) && kl_addr_is_v4(&addr) == compile->v4)
		add_frontend(to, &addr, kl_json_int(compile->port, 0, "port", NULL), type);
}

/* What the status says of another type is of the past; "Proxy" is an address that somebody in front of us answers at. */
static void add_load_balancer_frontends(const struct compile *compile, struct kl_service *to)
{
	size_t i;
	json_t *item;
	if (strcmp(kl_json_str(compile->spec, "type", NULL), "LoadBalancer"))
		return;
	json_array_foreach (kl_json_get(compile->service, "status", "loadBalancer", "ingress", NULL), i, item)
		if (strcmp(kl_json_str(item, "ipMode", NULL), "Proxy"))
			add_text_frontend(compile, to, kl_json_str(item, "ip", NULL), KL_FRONTEND_LOAD_BALANCER);
}

static void add_frontends(const struct compile *compile, struct kl_service *to)
{
	size_t i;
	json_t *item;
	json_array_foreach (kl_json_get(compile->spec, "clusterIPs", NULL), i, item)
		add_text_frontend(compile, to, json_string_value(item), KL_FRONTEND_CLUSTER_IP);
	if (!json_array_size(kl_json_get(compile->spec, "clusterIPs", NULL)))
		add_text_frontend(compile, to, kl_json_str(compile->spec, "clusterIP", NULL), KL_FRONTEND_CLUSTER_IP);
	struct kl_addr any = kl_addr_any(compile->v4);
	add_frontend(to, &any, kl_json_int(compile->port, 0, "nodePort", NULL), KL_FRONTEND_NODE_PORT);
	json_array_foreach (kl_json_get(compile->spec, "externalIPs", NULL), i, item)
		add_text_frontend(compile, to, json_string_value(item), KL_FRONTEND_EXTERNAL_IP);
	add_load_balancer_frontends(compile, to);
}

/* "a,b" of hints.forZones or hints.forNodes; NULL: none. */
static char *hints_of(const json_t *endpoint, const char *kind)
{
	size_t i;
	json_t *item;
	kl_autobuf hints = {0};
	json_array_foreach (kl_json_get(endpoint, "hints", kind, NULL), i, item)
		kl_buf_printf(&hints, "%s%s", hints.len ? "," : "", kl_json_str(item, "name", NULL));
	return hints.len ? kl_buf_take(&hints) : NULL;
}

static uint8_t conditions_of(const json_t *endpoint)
{
	/* Absent conditions: discovery/v1 says that unknown counts as ready, and that serving follows ready. */
	bool ready = kl_json_bool(endpoint, true, "conditions", "ready", NULL);
	bool serving = kl_json_bool(endpoint, ready, "conditions", "serving", NULL);
	bool terminating = kl_json_bool(endpoint, false, "conditions", "terminating", NULL);
	return (uint8_t)((ready ? KL_BACKEND_READY : 0) | (serving ? KL_BACKEND_SERVING : 0) |
			 (terminating ? KL_BACKEND_TERMINATING : 0));
}

static void add_backend(
	const struct compile *compile, struct kl_service *to, const json_t *endpoint, int64_t port, const char *weights)
{
	struct kl_addr addr;
	/* All addresses of an endpoint are the same thing; consumers take the first. */
	const char *text = json_string_value(json_array_get(kl_json_get(endpoint, "addresses", NULL), 0));
	if (!text || port < 1 || port > 65535 || kl_addr_parse(text, &addr) || kl_addr_is_v4(&addr) != compile->v4)
		return;
	to->backends = kl_reallocarray(to->backends, to->backend_count + 1, sizeof(*to->backends));
	struct kl_backend *backend = &to->backends[to->backend_count++];
	*backend = (struct kl_backend){
		.addr = addr,
		.port = (uint16_t)port,
		.flags = conditions_of(endpoint),
		.weight = weights ? kl_weights_find(weights, text) : 0,
		.node = kl_strdup(kl_json_str(endpoint, "nodeName", NULL)),
		.zone_hints = hints_of(endpoint, "forZones"),
		.node_hints = hints_of(endpoint, "forNodes"),
	};
}

/* The slice's number for the Service's port: slices name ports as the Service does. 0: not in this slice. */
static int64_t slice_port(const struct compile *compile, const json_t *slice)
{
	size_t i;
	json_t *port;
	json_array_foreach (kl_json_get(slice, "ports", NULL), i, port)
		if (!strcmp(kl_json_str(port, "name", NULL), kl_json_str(compile->port, "name", NULL)) &&
			proto_of(port) == proto_of(compile->port))
			return kl_json_int(port, 0, "port", NULL);
	return 0;
}

static void add_backends(const struct compile *compile, struct kl_service *to)
{
	const char *type = compile->v4 ? "IPv4" : "IPv6";
	for (size_t i = 0; i < compile->slice_count; i++) {
		const json_t *slice = compile->slices[i];
		const char *weights =
			kl_json_str_or_null(slice, "metadata", "annotations", KL_ANNOTATION_WEIGHTS, NULL);
		int64_t port = slice_port(compile, slice);
		size_t k;
		json_t *endpoint;
		if (!port || strcmp(kl_json_str(slice, "addressType", NULL), type))
			continue;
		json_array_foreach (kl_json_get(slice, "endpoints", NULL), k, endpoint)
			add_backend(compile, to, endpoint, port, weights);
	}
}

static void add_ranges(const struct compile *compile, struct kl_service *to)
{
	size_t i;
	json_t *item;
	const json_t *list = json_object_get(compile->spec, "loadBalancerSourceRanges");
	if (strcmp(kl_json_str(compile->spec, "type", NULL), "LoadBalancer"))
		return;
	to->ranges = json_array_size(list) ? kl_calloc(json_array_size(list) + 1, sizeof(*to->ranges)) : NULL;
	json_array_foreach (list, i, item) {
		struct kl_range range;
		if (json_is_string(item) && !kl_range_parse(json_string_value(item), &range) &&
			(compile->v4 ? range.len >= 96 && kl_addr_is_v4(&range.addr) : !kl_addr_is_v4(&range.addr)))
			to->ranges[to->range_count++] = range;
	}
	/* Ranges of the other family alone let nobody of this one in. */
	if (to->ranges && !to->range_count)
		to->ranges[to->range_count++] = (struct kl_range){.addr = kl_addr_any(compile->v4), .len = 128};
}

/*
 * A port of SCTP stands in every packet under a CRC32c of all of it, which a program cannot make anew: what would need
 * another port is left out (the service controller says so in the Service's status).
 */
static void keep_same_ports(struct kl_service *service, int64_t port)
{
	size_t frontends = 0, backends = 0;
	for (size_t i = 0; i < service->frontend_count; i++)
		if (service->frontends[i].port == port)
			service->frontends[frontends++] = service->frontends[i];
	service->frontend_count = frontends;
	for (size_t i = 0; i < service->backend_count; i++) {
		struct kl_backend *backend = &service->backends[i];
		if (backend->port == port) {
			service->backends[backends++] = *backend;
			continue;
		}
		free(backend->node);
		free(backend->zone_hints);
		free(backend->node_hints);
	}
	service->backend_count = backends;
}

static void add_wishes(const struct compile *compile, struct kl_service *to)
{
	struct kl_service_wishes wishes;
	kl_service_wishes_read(compile->service, &wishes, NULL, NULL);
	to->algorithm = wishes.algorithm;
	to->forward = wishes.forward;
	to->slow_start_ms = wishes.slow_start_ms;
	to->flags |= wishes.flags;
}

static struct kl_service *compile_port(const struct compile *compile, bool second_family)
{
	kl_autofree char *key = key_of(compile, second_family);
	struct kl_service *to = kl_service_new(key);
	to->proto = proto_of(compile->port);
	add_wishes(compile, to);
	if (!strcmp(kl_json_str(compile->spec, "externalTrafficPolicy", NULL), "Local"))
		to->flags |= KL_SERVICE_EXTERNAL_LOCAL;
	if (!strcmp(kl_json_str(compile->spec, "internalTrafficPolicy", NULL), "Local"))
		to->flags |= KL_SERVICE_INTERNAL_LOCAL;
	if (!strcmp(kl_json_str(compile->spec, "sessionAffinity", NULL), "ClientIP")) {
		to->flags |= KL_SERVICE_AFFINITY;
		to->affinity_s = (uint32_t)kl_json_int(
			compile->spec, DEFAULT_AFFINITY_S, "sessionAffinityConfig", "clientIP", "timeoutSeconds", NULL);
	}
	to->health_port = (uint16_t)kl_json_int(compile->spec, 0, "healthCheckNodePort", NULL);
	add_frontends(compile, to);
	add_backends(compile, to);
	add_ranges(compile, to);
	if (to->proto == KL_PROTO_SCTP)
		keep_same_ports(to, kl_json_int(compile->port, 0, "port", NULL));
	kl_service_normalise(to);
	return to;
}

static bool is_translated(const json_t *spec)
{
	const char *cluster_ip = kl_json_str(spec, "clusterIP", NULL);
	return cluster_ip[0] && strcmp(cluster_ip, "None") && strcmp(kl_json_str(spec, "type", NULL), "ExternalName");
}

/* Families by the cluster addresses themselves, the first of them first. */
static size_t families_of(const json_t *spec, bool ret_v4[2])
{
	size_t i, count = 0;
	json_t *item;
	struct kl_addr addr;
	json_array_foreach (kl_json_get(spec, "clusterIPs", NULL), i, item)
		if (count < 2 && json_string_value(item) && !kl_addr_parse(json_string_value(item), &addr))
			ret_v4[count++] = kl_addr_is_v4(&addr);
	if (!count && !kl_addr_parse(kl_json_str(spec, "clusterIP", NULL), &addr))
		ret_v4[count++] = kl_addr_is_v4(&addr);
	return count;
}

void kl_compile_service(const json_t *service, const json_t *const *slices, size_t slice_count,
	struct kl_service ***ret, size_t *ret_count)
{
	const json_t *spec = kl_json_get(service, "spec", NULL);
	const json_t *ports = kl_json_get(spec, "ports", NULL);
	bool v4[2] = {0};
	size_t families = is_translated(spec) ? families_of(spec, v4) : 0, count = 0;
	struct kl_service **list = kl_calloc(json_array_size(ports) * 2 + 1, sizeof(*list));
	for (size_t family = 0; family < families; family++)
		for (size_t i = 0; i < json_array_size(ports); i++) {
			struct compile compile = {
				service, spec, json_array_get(ports, i), slices, slice_count, v4[family]};
			list[count++] = compile_port(&compile, family > 0);
		}
	*ret = list;
	*ret_count = count;
}
