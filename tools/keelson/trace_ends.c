#include "trace_ends.h"

#include "lb_service.h"
#include "trace_frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int misuse(const char *words, const char *text)
{
	kl_cmd_fail(&kl_cmd_trace, "%s, not '%s'", words, text);
	return -EINVAL;
}

/* --- who to whom */

static void words_of(const struct kl_addr *addr, __be32 ret[4])
{
	memcpy(ret, addr->bytes, 16);
}

/* "http", "8080": the port's name, or the number of one of the frontends. */
static bool names_port(const struct kl_maps *maps, uint32_t service, const char *port)
{
	const char *colon = strrchr(maps->names[service].key, ':');
	size_t len = strlen(port);
	if (colon && !strncmp(colon + 1, port, len) && (!colon[1 + len] || colon[1 + len] == '/'))
		return true;
	if (!len || port[strspn(port, "0123456789")])
		return false;
	for (uint32_t i = 0; i <= maps->config->frontend_mask; i++)
		if (maps->frontends[i].service == service && ntohs(maps->frontends[i].port) == atoi(port))
			return true;
	return false;
}

/* A dual-stack Service stands there once for each family: that of the sender is meant. */
static bool other_family(const struct trace *trace, const char *key)
{
	size_t len = strlen(key);
	bool v6 = len > 5 && !strcmp(key + len - 5, "/IPv6");
	struct kl_addr addr;
	uint16_t port;
	bool from_v6 = trace->options->from && !trace->pod && !kl_endpoint_parse(trace->options->from, &addr, &port) &&
		       !kl_addr_is_v4(&addr);
	return v6 != from_v6;
}

/* "web", "default/web", "web:http", "web:8080", "default/web:8080/IPv6". */
static int find_service(struct trace *trace, const char *text)
{
	const struct kl_maps *maps = trace->look->maps;
	kl_autofree char *name = kl_strdup(text);
	char *port = strchr(name, ':');
	if (port)
		*port++ = 0;
	for (uint32_t i = 1; i < maps->entries[KL_MAP_NAMES]; i++)
		if (!strcmp(maps->names[i].key, text))
			trace->service = i;
	for (uint32_t i = 1; i < maps->entries[KL_MAP_NAMES] && (!trace->service || !port); i++) {
		const char *key = maps->names[i].key;
		if (!*key || !kl_lb_matches(key, name) || (port && !names_port(maps, i, port)) ||
			other_family(trace, key))
			continue;
		if (trace->service) {
			kl_cmd_fail(&kl_cmd_trace, "'%s' is %s and %s, at least: say which port", text,
				maps->names[trace->service].key, key);
			return -EINVAL;
		}
		trace->service = i;
	}
	if (!trace->service)
		return kl_cmd_fail(&kl_cmd_trace, "no Service '%s' in the tables of %s, and no IP:PORT", text,
			       trace->look->name),
		       -ENOENT;
	return 0;
}

/* From a pod its ClusterIP; from outside what can be reached from there. */
static int frontend_rank(uint8_t type, bool inside)
{
	static const int outside[] = {[KL_TYPE_CLUSTER_IP] = 1,
		[KL_TYPE_NODE_PORT] = 3,
		[KL_TYPE_EXTERNAL_IP] = 4,
		[KL_TYPE_LOAD_BALANCER] = 5,
		[KL_TYPE_HOST_PORT] = 2};
	if (type >= KL_ARRAY_LEN(outside))
		return 0;
	return inside && type == KL_TYPE_CLUSTER_IP ? 9 : outside[type];
}

/* A NodePort's frontend has no address: it is reached at the node's. */
static int take_frontend(struct trace *trace)
{
	const struct kl_maps *maps = trace->look->maps;
	const struct kl_map_frontend *best = NULL;
	int best_rank = 0;
	for (uint32_t i = 0; i <= maps->config->frontend_mask; i++) {
		const struct kl_map_frontend *entry = &maps->frontends[i];
		int rank = entry->service == trace->service ? frontend_rank(entry->type, trace->pod != NULL) : 0;
		if (rank > best_rank) {
			best = entry;
			best_rank = rank;
		}
	}
	if (!best)
		return kl_cmd_fail(&kl_cmd_trace, "%s has no frontend", maps->names[trace->service].key), -ENOENT;
	bool v4 = best->addr[2] == htonl(0xffff);
	const __be32 *node = v4 ? maps->config->node_addr4 : maps->config->node_addr6;
	memcpy(trace->key.daddr, best->type == KL_TYPE_NODE_PORT ? node : best->addr, 16);
	trace->key.dport = best->port;
	trace->key.proto = best->proto;
	return 0;
}

static int take_to(struct trace *trace)
{
	const char *text = trace->options->to;
	struct kl_addr addr;
	uint16_t port;
	if (!kl_endpoint_parse(text, &addr, &port)) {
		if (!port)
			return misuse("--to wants a port as well: IP:PORT", text);
		words_of(&addr, trace->key.daddr);
		trace->key.dport = htons(port);
		return 0;
	}
	int rc = find_service(trace, text);
	return rc ? rc : take_frontend(trace);
}

/* A pod's address of the destination's family. */
static int take_pod_addr(struct trace *trace)
{
	bool v4 = trace->key.daddr[2] == htonl(0xffff) && !trace->key.daddr[0] && !trace->key.daddr[1];
	size_t i;
	json_t *ip;
	json_array_foreach (kl_json_get(trace->pod, "ips", NULL), i, ip) {
		struct kl_addr addr;
		if (kl_addr_parse(json_string_value(ip), &addr) || kl_addr_is_v4(&addr) != v4)
			continue;
		words_of(&addr, trace->key.saddr);
		return 0;
	}
	return kl_cmd_fail(&kl_cmd_trace, "pod '%s' has no address of the destination's family", trace->options->from),
	       -EINVAL;
}

/* Without --from: an address of documentation, from outside. */
static int take_from(struct trace *trace)
{
	const char *text = trace->options->from;
	bool v4 = trace->key.daddr[2] == htonl(0xffff) && !trace->key.daddr[0] && !trace->key.daddr[1];
	struct kl_addr addr;
	uint16_t port = 0;
	if (trace->pod)
		return take_pod_addr(trace);
	if (kl_endpoint_parse(text ? text : v4 ? "192.0.2.1" : "2001:db8::1", &addr, &port))
		return misuse(trace->status ? "--from is a pod on this node, IP or IP:PORT"
					    : "--from is IP or IP:PORT (no agent "
					      "answers, so pods are not known)",
			text);
	if (kl_addr_is_v4(&addr) != v4)
		return misuse("--from is of the other family", text);
	words_of(&addr, trace->key.saddr);
	if (port)
		trace->key.sport = htons(port);
	return 0;
}

/* An address of a pod on this node means that pod. */
static const json_t *find_pod(const struct trace *trace, const char *text)
{
	size_t i, k;
	json_t *pod, *ip;
	const json_t *found = text ? kl_pod_find(trace->names, text) : NULL;
	if (found || !text)
		return found;
	json_array_foreach (kl_json_get(trace->status, "pods", NULL), i, pod)
		json_array_foreach (kl_json_get(pod, "ips", NULL), k, ip)
			if (!strcmp(json_string_value(ip), text))
				return pod;
	return NULL;
}

static int take_proto(struct trace *trace)
{
	const char *proto = trace->options->proto;
	if (!proto)
		return 0;
	unsigned number = !strcasecmp(proto, "tcp")    ? KL_PROTO_TCP
			  : !strcasecmp(proto, "udp")  ? KL_PROTO_UDP
			  : !strcasecmp(proto, "sctp") ? KL_PROTO_SCTP
						       : 0;
	if (!number)
		return misuse("--proto is tcp, udp or sctp", proto);
	trace->key.proto = number;
	return 0;
}

int kl_trace_ends(struct trace *trace)
{
	const struct trace_options *o = trace->options;
	trace->key.proto = KL_PROTO_TCP;
	trace->key.sport = htons((uint16_t)o->sport);
	trace->tcp_flags = 2;
	if (o->flags && kl_tcp_flags_parse(o->flags, &trace->tcp_flags))
		return misuse("--flags is a list of syn, ack, fin, rst, psh", o->flags);
	trace->pod = find_pod(trace, o->from);
	int rc = take_to(trace);
	if (!rc)
		rc = take_proto(trace);
	return rc ? rc : take_from(trace);
}
