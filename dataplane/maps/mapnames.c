#include "mapnames.h"

#include "mem.h"

static const char *name_at(const char *const *names, size_t count, unsigned at)
{
	return at < count && names[at] ? names[at] : "?";
}

const char *kl_phase_name(unsigned phase)
{
	static const char *const names[] = {
		[KL_PHASE_FREE] = "free",
		[KL_PHASE_CLAIMED] = "claimed",
		[KL_PHASE_NEW] = "new",
		[KL_PHASE_ANSWERED] = "answered",
		[KL_PHASE_OPEN] = "open",
		[KL_PHASE_FIN] = "closing",
		[KL_PHASE_CLOSED] = "closed",
		[KL_PHASE_UDP] = "udp",
	};
	return name_at(names, KL_ARRAY_LEN(names), phase);
}

const char *kl_algorithm_name(unsigned algorithm)
{
	static const char *const names[] = {
		[KL_PICK_RANDOM] = "random",
		[KL_PICK_ROUND_ROBIN] = "round-robin",
		[KL_PICK_MAGLEV] = "maglev",
		[KL_PICK_LEAST_CONN] = "least-connection",
	};
	return name_at(names, KL_ARRAY_LEN(names), algorithm);
}

const char *kl_forward_name(unsigned forward)
{
	static const char *const names[] = {
		[KL_FORWARD_SNAT] = "snat",
		[KL_FORWARD_DSR_IPIP] = "dsr",
		[KL_FORWARD_DSR_GENEVE] = "dsr-geneve",
	};
	return name_at(names, KL_ARRAY_LEN(names), forward);
}

const char *kl_frontend_type_name(unsigned type)
{
	static const char *const names[] = {
		[KL_TYPE_CLUSTER_IP] = "ClusterIP",
		[KL_TYPE_NODE_PORT] = "NodePort",
		[KL_TYPE_EXTERNAL_IP] = "ExternalIP",
		[KL_TYPE_LOAD_BALANCER] = "LoadBalancer",
		[KL_TYPE_HOST_PORT] = "HostPort",
		[KL_TYPE_PEER_ADDR] = "Peer",
		[KL_TYPE_NODE_ADDR] = "Node",
	};
	return name_at(names, KL_ARRAY_LEN(names), type);
}

const char *kl_event_kind_name(unsigned kind)
{
	static const char *const names[] = {
		[KL_EVENT_CONNECT] = "connect",
		[KL_EVENT_NEW] = "new",
		[KL_EVENT_FORWARD] = "forward",
		[KL_EVENT_REPLY] = "reply",
		[KL_EVENT_END] = "end",
		[KL_EVENT_DROP] = "drop",
	};
	return name_at(names, KL_ARRAY_LEN(names), kind);
}

const char *kl_event_hook_name(unsigned hook)
{
	static const char *const names[] = {
		[KL_HOOK_SOCKET] = "socket",
		[KL_HOOK_XDP] = "xdp",
		[KL_HOOK_TC_IN] = "tc-in",
		[KL_HOOK_TC_OUT] = "tc-out",
		[KL_HOOK_POD_IN] = "pod-in",
		[KL_HOOK_POD_OUT] = "pod-out",
	};
	return name_at(names, KL_ARRAY_LEN(names), hook);
}

const char *kl_proto_name(unsigned proto)
{
	return proto == 6     ? "TCP"
	       : proto == 17  ? "UDP"
	       : proto == 132 ? "SCTP"
	       : proto == 1   ? "ICMP"
	       : proto == 58  ? "ICMPv6"
			      : "?";
}

#define AT(field) offsetof(struct kl_map_counters, field) / sizeof(uint64_t)
#define DROP(field, reason, what, advice)                                \
	{                                                                \
#field, reason, what, advice, AT(field), KL_COUNTER_DROP \
	}
#define COUNT(field, kind, what)                          \
	{                                                 \
#field, NULL, what, NULL, AT(field), kind \
	}
static const struct kl_counter_row rows[] = {
	DROP(drop_no_backend, "no-backend", "the Service has no endpoint that may be used",
		"kubectl get endpointslices: are pods ready, does the selector fit, is the policy Local on this node?"),
	DROP(sock_no_backend, "socket-no-backend", "connect() or sendmsg() to a Service without endpoint: ECONNREFUSED",
		"the same: kubectl get endpointslices; the socket's owner saw 'connection refused' at once"),
	DROP(drop_no_nat_port, "no-nat-port", "every source port tried towards a backend was in use",
		"more backends, or a wider SNAT range; DSR (keelson.dev/forwarding: dsr) needs none"),
	DROP(drop_ct_full, "table-full", "no place for a flow in the connection table",
		"keelson status --node shows its fill; restart the agent with a larger --lb-flows"),
	DROP(drop_no_node_addr, "no-node-address", "the node has no address of the packet's family for SNAT",
		"give the node one of each family (--node-ip), or only backends of its own family"),
	DROP(drop_ttl, "ttl", "the hop limit was reached",
		"a traceroute, which is answered (expired_told), or a loop on the way here"),
	DROP(drop_sctp_port, "sctp-port", "SCTP to a Service whose port and targetPort differ",
		"make them equal: SCTP's checksum forbids another port, see the Service's conditions"),
	DROP(drop_rewrite, "rewrite", "the kernel refused to change the packet",
		"should not happen: keelson trace the flow and report it"),
	DROP(drop_source_range, "source-range", "the source is not in the Service's loadBalancerSourceRanges",
		"wanted? otherwise add the client's range to spec.loadBalancerSourceRanges"),
	DROP(drop_too_big, "too-big", "it did not fit into the uplink in its envelope (DSR)",
		"senders were told the MTU (too_big_told); raise the uplink's MTU, or dsr-geneve to dsr"),
	DROP(drop_envelope, "envelope", "an envelope that is malformed, from a stranger, or for nobody here",
		"is the sender a node of this cluster (kubectl get nodes -o wide)? keelson verify there; else somebody forges"),
	DROP(drop_spoofed, "spoofed", "a pod sent from an address that is not its own",
		"keelson flows --verdict dropped names the pod and the address it took"),
	DROP(drop_rate, "rate", "beyond a pod's bandwidth annotation",
		"as asked for by kubernetes.io/{in,e}gress-bandwidth; raise it if it is too tight"),
	COUNT(passed, KL_COUNTER_PATH, "looked at, not ours"),
	COUNT(forwarded, KL_COUNTER_PATH, "packets towards a backend"),
	COUNT(returned, KL_COUNTER_PATH, "replies translated back"),
	COUNT(icmp_translated, KL_COUNTER_PATH, "ICMP errors about flows of ours"),
	COUNT(deferred, KL_COUNTER_PATH, "left by XDP to tc"),
	COUNT(fragments_unknown, KL_COUNTER_PATH, "later fragments without their first: passed"),
	COUNT(enveloped, KL_COUNTER_PATH, "sent to a backend's node by DSR"),
	COUNT(opened, KL_COUNTER_PATH, "envelopes of DSR opened"),
	COUNT(too_big_told, KL_COUNTER_PATH, "senders told that a packet is too big"),
	COUNT(expired_told, KL_COUNTER_PATH, "senders told that the hop limit was reached"),
	COUNT(refused, KL_COUNTER_PATH, "clients told by ICMP that nobody serves there"),
	COUNT(icmp_limited, KL_COUNTER_PATH, "errors not sent: too many in a second"),
	COUNT(masqueraded, KL_COUNTER_PATH, "packets of pods that left under the node's address"),
	COUNT(shortcuts, KL_COUNTER_PATH, "packets of pods that skipped the node's stack"),
	COUNT(flows_inserted, KL_COUNTER_FLOW, "new flows"),
	COUNT(flows_promoted, KL_COUNTER_FLOW, "answered flows moved to the main region"),
	COUNT(flows_overflowed, KL_COUNTER_FLOW, "flows that found both main lines full"),
	COUNT(flows_expired, KL_COUNTER_FLOW, "ended flows whose place was taken"),
	COUNT(ports_moved, KL_COUNTER_FLOW, "flows given another source port: theirs was taken at the pod"),
	COUNT(flows_void, KL_COUNTER_FLOW, "flows of a dead backend, or begun anew"),
	COUNT(half_open_evicted, KL_COUNTER_FLOW, "unanswered flows that made room"),
	COUNT(sock_connect, KL_COUNTER_SOCKET, "sockets connected to a Service"),
	COUNT(sock_sendmsg, KL_COUNTER_SOCKET, "datagram sockets given a backend"),
	COUNT(sock_bind_refused, KL_COUNTER_SOCKET, "the node's own sockets refused a NodePort in use"),
	COUNT(udp_reaped, KL_COUNTER_SOCKET, "connected UDP sockets closed: backend dead"),
	COUNT(events_lost, KL_COUNTER_WATCHER, "events that found the ring full"),
};

const struct kl_counter_row *kl_counter_rows(size_t *ret_count)
{
	*ret_count = KL_ARRAY_LEN(rows);
	return rows;
}

const struct kl_counter_row *kl_counter_row(unsigned index)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(rows); i++)
		if (rows[i].index == index)
			return &rows[i];
	return NULL;
}

uint64_t kl_counter_value(const struct kl_map_counters *counters, const struct kl_counter_row *row)
{
	return ((const uint64_t *)(const void *)counters)[row->index];
}
