/*
 * `keelson trace`: what would become of a packet, or of a connect()?
 */
#include "cmd.h"

#include "ct_flows.h"
#include "flows_event.h"
#include "look.h"
#include "mapnames.h"
#include "netns.h"
#include "trace_ends.h"
#include "trace_run.h"
#include "trace_steps.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ASK_TIMEOUT_MS = 5000, DEFAULT_SPORT = 40000 };

/* --- the connect() of a pod */

static void trace_socket(struct trace *trace, const struct kl_trace_frontend *frontend)
{
	kl_autolbindex *index = kl_lb_index_new(trace->look->maps);
	kl_trace_say(trace->steps, "path",
		"a pod's socket: cgroup hooks kl_connect4/6 (TCP, connected UDP), kl_sendmsg4/6; --packet for what "
		"does not use them");
	kl_trace_socket(index, trace->look->maps, frontend, (uint64_t)kl_json_int(trace->pod, 0, "netnsCookie", NULL),
		trace->steps);
}

/* --- a packet */

struct mac_question {
	uint32_t ifindex;
	uint8_t mac[6];
};

static int ask_mac(void *arg, struct kl_err *err)
{
	struct mac_question *question = arg;
	struct ifreq request = {0};
	kl_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || !if_indextoname(question->ifindex, request.ifr_name) || ioctl(fd, SIOCGIFHWADDR, &request))
		return kl_fail(err, errno, "ask for the address of interface %u", question->ifindex);
	memcpy(question->mac, request.ifr_hwaddr.sa_data, sizeof(question->mac));
	return 0;
}

static int interface_mac(const struct kl_look *look, uint32_t ifindex, uint8_t ret[6], struct kl_err *err)
{
	struct mac_question question = {.ifindex = ifindex};
	kl_autoclose int netns = look->netns ? kl_netns_open(look->netns, err) : -1;
	if (look->netns && netns < 0)
		return netns;
	int rc = kl_netns_run(netns, ask_mac, &question, err);
	memcpy(ret, question.mac, sizeof(question.mac));
	return rc;
}

/* A pod's packets are taken only with its own address: kl_pods knows it. */
static void pod_mac(const struct kl_look *look, uint32_t ifindex, uint8_t ret[6])
{
	kl_autofree char *path = kl_asprintf("%s/v%d/maps/kl_pods", look->pin_dir, KL_LAYOUT);
	kl_autoclose int fd = bpf_obj_get(path);
	struct kl_map_pod pod;
	if (fd >= 0 && !bpf_map_lookup_elem(fd, &ifindex, &pod))
		memcpy(ret, pod.mac, sizeof(pod.mac));
}

/* Both directions of the flow that the packet belongs to, in a connection table. */
static json_t *find_flow(const struct trace *trace, const struct kl_ct_view *view)
{
	uint64_t fingerprint = kl_flow_hash(view->maps->config->hash_key, &trace->key).fingerprint;
	for (uint32_t i = 0; i < view->maps->entries[KL_MAP_CT_COLD]; i++) {
		struct kl_ct_flow flow = {.index = i, .hot = view->hot[i / KL_LINE_FLOWS].flow[i % KL_LINE_FLOWS]};
		if (flow.hot.fingerprint != fingerprint || flow.hot.phase <= KL_PHASE_CLAIMED)
			continue;
		kl_ct_resolve(view, &flow);
		if (flow.nameless) {
			memcpy(flow.cold.client, trace->key.saddr, 16);
			memcpy(flow.cold.frontend, trace->key.daddr, 16);
			flow.cold.client_port = trace->key.sport;
			flow.cold.frontend_port = trace->key.dport;
			flow.cold.proto = (uint8_t)trace->key.proto;
		}
		return kl_ct_flow_json(view, &flow);
	}
	return NULL;
}

static void say_flow(struct trace *trace, const char *step, const struct kl_ct_view *view)
{
	kl_autojson *flow = find_flow(trace, view);
	if (!flow) {
		kl_trace_say(trace->steps, step, "none in the connection table");
		return;
	}
	long long nat = (long long)kl_json_int(flow, 0, "natPort", NULL);
	kl_autofree char *port = nat ? kl_asprintf(", source port %lld", nat) : kl_strdup("");
	json_t *said = kl_trace_say(trace->steps, step, "%s > %s > %s, %s, entry %lld of the %s region%s",
		kl_json_str(flow, "client", NULL), kl_json_str(flow, "frontend", NULL),
		kl_json_str(flow, "backend", NULL), kl_json_str(flow, "state", NULL),
		(long long)kl_json_int(flow, 0, "entry", NULL), kl_json_str(flow, "region", NULL), port);
	json_object_set(said, "flow", flow);
}

/* The copy's table with the live one's names beside it. */
static int say_flow_after(struct trace *trace, const struct kl_trace_run *run, struct kl_err *err)
{
	struct kl_maps copy = *trace->look->maps;
	kl_autoct view = {0};
	if (run->clone) {
		copy.fd[KL_MAP_CT_HOT] = kl_trace_clone_map(run->clone, "kl_ct_hot");
		copy.fd[KL_MAP_CT_COLD] = kl_trace_clone_map(run->clone, "kl_ct_cold");
	}
	int rc = kl_ct_open(&copy, false, &view, err);
	if (!rc)
		say_flow(trace, "flow", &view);
	return rc;
}

static int say_flow_before(struct trace *trace, struct kl_err *err)
{
	kl_autoct view = {0};
	int rc = kl_ct_open(trace->look->maps, false, &view, err);
	if (!rc)
		say_flow(trace, "known", &view);
	return rc;
}

static json_t *layers_of(const struct trace *trace, const struct kl_trace_packet *packet)
{
	return kl_frame_json(packet->frame, packet->len, ntohs(trace->look->maps->config->geneve_port));
}

static void say_packet(struct trace *trace, const char *step, const struct kl_trace_packet *packet)
{
	struct kl_flow_key key;
	char hex[KL_FRAME_MAX * 2 + 1];
	for (size_t i = 0; i < packet->len; i++)
		snprintf(hex + i * 2, 3, "%02x", packet->frame[i]);
	json_t *said;
	if (kl_frame_key(packet->frame, packet->len, &key)) {
		said = kl_trace_say(trace->steps, step, "%zu bytes", packet->len);
	} else {
		kl_autofree char *from = kl_endpoint_text(key.saddr, key.sport),
				 *to = kl_endpoint_text(key.daddr, key.dport);
		said = kl_trace_say(
			trace->steps, step, "%s %s > %s, %zu bytes", kl_proto_name(key.proto), from, to, packet->len);
	}
	json_object_set_new(said, "layers", layers_of(trace, packet));
	json_object_set_new(said, "hex", json_string(packet->len ? hex : ""));
}

/* By the outermost header: an envelope goes where it says. */
static int outer_destination(const struct trace *trace, const struct kl_trace_packet *packet, struct kl_addr *ret)
{
	kl_autojson *layers = layers_of(trace, packet);
	return kl_addr_parse(kl_json_str(json_array_get(layers, 1), "destination", NULL), ret);
}

static bool is_pod_here(const struct trace *trace, const struct kl_addr *wanted)
{
	size_t i, k;
	json_t *pod, *ip;
	json_array_foreach (kl_json_get(trace->status, "pods", NULL), i, pod)
		json_array_foreach (kl_json_get(pod, "ips", NULL), k, ip) {
			struct kl_addr addr;
			if (!kl_addr_parse(json_string_value(ip), &addr) && kl_addr_equal(&addr, wanted))
				return true;
		}
	return false;
}

static bool stays_here(const struct trace *trace, const struct kl_trace_packet *packet)
{
	const struct kl_map_config *config = trace->look->maps->config;
	struct kl_addr to;
	return outer_destination(trace, packet, &to) || is_pod_here(trace, &to) ||
	       !memcmp(to.bytes, config->node_addr4, 16) || !memcmp(to.bytes, config->node_addr6, 16);
}

/* A packet of its own inside another's. */
static bool enveloped(const struct trace *trace, const struct kl_trace_packet *packet)
{
	kl_autojson *layers = layers_of(trace, packet);
	size_t headers = 0, i;
	json_t *layer;
	json_array_foreach (layers, i, layer)
		headers += !strncmp(kl_json_str(layer, "layer", NULL), "ip", 2);
	return headers > 1;
}

static void say_fate(
	struct trace *trace, enum kl_trace_verdict verdict, bool inwards, const struct kl_trace_packet *packet)
{
	const char *where = verdict == KL_TRACE_DROP    ? "the packet ends here"
			    : !inwards                  ? "out by the uplink"
			    : stays_here(trace, packet) ? "to a pod or a socket of this node"
			    : verdict == KL_TRACE_SENT && enveloped(trace, packet)
				    ? "out again by the uplink, in an envelope to the backend's node"
			    : verdict == KL_TRACE_SENT ? "out again by the uplink"
						       : "to the node's stack, which routes it on";
	json_t *said = kl_trace_say(trace->steps, "fate", "%s", where);
	json_object_set_new(said, "dropped", json_boolean(verdict == KL_TRACE_DROP));
}

/* The answer of whoever the packet went to, back the way it takes. */
static int trace_reply(struct trace *trace, struct kl_trace_run *run, uint32_t uplink, struct kl_err *err)
{
	struct kl_frame_spec spec = {.payload = (uint16_t)trace->options->bytes, .tcp_flags = 0x12, .ttl = 63};
	struct kl_flow_key went;
	enum kl_trace_verdict verdict;
	bool local = stays_here(trace, &run->packet);
	if (kl_frame_key(run->packet.frame, run->packet.len, &went))
		return 0;
	if (enveloped(trace, &run->packet)) {
		kl_trace_say(trace->steps, "reply", "goes from the backend's node to the client, not through here");
		return 0;
	}
	memcpy(spec.key.saddr, went.daddr, 16);
	memcpy(spec.key.daddr, went.saddr, 16);
	spec.key.sport = went.dport;
	spec.key.dport = went.sport;
	spec.key.proto = went.proto;
	int rc = interface_mac(trace->look, uplink, spec.dmac, err);
	if (rc)
		return rc;
	run->packet.len = kl_frame_build(&spec, run->packet.frame);
	kl_trace_say(trace->steps, "reply", "%s", local ? "leaves this node by the uplink" : "arrives on the uplink");
	say_packet(trace, "packet", &run->packet);
	rc = kl_trace_run_way(run, local ? KL_TRACE_UPLINK_OUT : KL_TRACE_UPLINK_IN, uplink, &verdict, err);
	if (rc)
		return rc;
	say_packet(trace, "result", &run->packet);
	say_fate(trace, verdict, !local, &run->packet);
	return 0;
}

static int trace_packet(
	struct trace *trace, const struct kl_trace_frontend *frontend, struct kl_trace_run *run, struct kl_err *err)
{
	uint32_t uplink = kl_trace_uplink(run->links, run->link_count);
	uint32_t ifindex = trace->pod ? (uint32_t)kl_json_int(trace->pod, 0, "ifindex", NULL) : uplink;
	struct kl_frame_spec spec = {.key = trace->key,
		.tcp_flags = trace->tcp_flags,
		.payload = (uint16_t)trace->options->bytes,
		.smac = {2, 0, 0, 0, 0, 1}};
	enum kl_trace_verdict verdict;
	if (!ifindex)
		return kl_fail_msg(err, ENODEV, "the balancer is attached to no interface (--lb-mode none?)");
	int rc = interface_mac(trace->look, ifindex, spec.dmac, err);
	if (rc)
		return rc;
	if (trace->pod)
		pod_mac(trace->look, ifindex, spec.smac);
	run->packet.len = kl_frame_build(&spec, run->packet.frame);
	kl_trace_say(trace->steps, "path",
		trace->pod ? "a packet of pod %s arrives on the node" : "a packet arrives on the uplink",
		trace->options->from);
	say_packet(trace, "packet", &run->packet);
	rc = say_flow_before(trace, err);
	if (!rc && frontend->service && !trace->pod)
		kl_trace_slot(trace->look->maps, &trace->key, frontend->service, trace->steps);
	if (!rc)
		rc = kl_trace_run_way(run, trace->pod ? KL_TRACE_POD_OUT : KL_TRACE_UPLINK_IN, ifindex, &verdict, err);
	bool leaves = !rc && trace->pod && verdict != KL_TRACE_DROP && !stays_here(trace, &run->packet);
	if (leaves)
		rc = kl_trace_run_way(run, KL_TRACE_UPLINK_OUT, uplink, &verdict, err);
	if (!rc)
		rc = say_flow_after(trace, run, err);
	if (rc)
		return rc;
	say_packet(trace, "result", &run->packet);
	say_fate(trace, verdict, !leaves, &run->packet);
	return trace->options->reply && verdict != KL_TRACE_DROP && !trace->pod ? trace_reply(trace, run, uplink, err)
										: 0;
}

/* --- printing */

static enum kl_colour step_colour(const char *step)
{
	return !strcmp(step, "drop") || !strcmp(step, "advice")     ? KL_RED
	       : !strcmp(step, "verdict") || !strcmp(step, "fate")  ? KL_BOLD
	       : !strcmp(step, "event") || !strcmp(step, "counted") ? KL_DIM
								    : KL_PLAIN;
}

static size_t unhex(const char *hex, uint8_t frame[KL_FRAME_MAX])
{
	size_t len = 0;
	for (; hex[len * 2] && len < KL_FRAME_MAX; len++)
		sscanf(hex + len * 2, "%2hhx", &frame[len]);
	return len;
}

static void print_steps(const json_t *steps, bool hex)
{
	const json_t *before = NULL;
	uint8_t frame[KL_FRAME_MAX];
	size_t i;
	json_t *step;
	json_array_foreach (steps, i, step) {
		const char *name = kl_json_str(step, "step", NULL);
		const json_t *layers = kl_json_get(step, "layers", NULL);
		printf("%-10s %s%s%s\n", name, kl_colour(step_colour(name)), kl_json_str(step, "text", NULL),
			kl_colour(KL_PLAIN));
		if (!layers)
			continue;
		kl_frame_print(layers, strcmp(name, "result") ? NULL : before);
		before = layers;
		if (hex)
			kl_frame_hexdump(frame, unhex(kl_json_str(step, "hex", NULL), frame));
	}
}

static int print(const struct trace *trace)
{
	if (!trace->options->look.output) {
		print_steps(trace->steps, trace->options->hex);
		return KL_EXIT_OK;
	}
	kl_autofree char *from = kl_endpoint_text(trace->key.saddr, trace->key.sport);
	kl_autofree char *to = kl_endpoint_text(trace->key.daddr, trace->key.dport);
	kl_autojson *json = json_pack("{s:s, s:s, s:s, s:s, s:O}", "node", trace->look->name, "from", from, "to", to,
		"protocol", kl_proto_name(trace->key.proto), "steps", trace->steps);
	return kl_look_print_json(json);
}

/* --- all of it */

static int trace_all(struct trace *trace, struct kl_err *err)
{
	const struct trace_options *o = trace->options;
	int rc = kl_trace_ends(trace);
	if (rc)
		return rc;
	struct kl_trace_frontend frontend = kl_trace_lookup(trace->look->maps, &trace->key, !trace->pod, trace->steps);
	if (trace->pod && frontend.service && !o->packet) {
		trace_socket(trace, &frontend);
		return 0;
	}
	kl_autotraceclone *clone = o->insert ? NULL : kl_trace_clone_new(trace->look->pin_dir, trace->look->maps);
	size_t count;
	kl_autofree struct kl_pinned_link *links = kl_pinned_links(trace->look->pin_dir, &count);
	struct kl_trace_run run = {
		.look = trace->look, .clone = clone, .links = links, .link_count = count, .steps = trace->steps};
	return trace_packet(trace, &frontend, &run, err);
}

static int run(int argc, char **argv)
{
	struct trace_options o = {.sport = DEFAULT_SPORT, .bytes = 0};
	const struct kl_opt opts[] = {
		KL_LOOK_OPTS(&o.look),
		{"from", 0, KL_OPT_STRING, &o.from},
		{"to", 0, KL_OPT_STRING, &o.to},
		{"proto", 0, KL_OPT_STRING, &o.proto},
		{"sport", 0, KL_OPT_INT, &o.sport},
		{"flags", 0, KL_OPT_STRING, &o.flags},
		{"bytes", 0, KL_OPT_INT, &o.bytes},
		{"packet", 0, KL_OPT_FLAG, &o.packet},
		{"insert", 0, KL_OPT_FLAG, &o.insert},
		{"reply", 0, KL_OPT_FLAG, &o.reply},
		{"hex", 'x', KL_OPT_FLAG, &o.hex},
	};
	struct kl_err err = {0};
	if (kl_opts_parse(&kl_cmd_trace, opts, KL_ARRAY_LEN(opts), argc, argv) || !o.to)
		return kl_cmd_fail(&kl_cmd_trace, "wants --to SERVICE[:PORT] or --to IP:PORT"), KL_EXIT_USAGE;
	if (o.sport < 1 || o.sport > UINT16_MAX || o.bytes < 0 || o.bytes > 1400)
		return kl_cmd_fail(&kl_cmd_trace, "--sport is 1 to 65535, --bytes 0 to 1400"), KL_EXIT_USAGE;
	kl_look_check_output(&kl_cmd_trace, o.look.output, "json");
	kl_autolook look;
	if (!kl_look_open_maps(&kl_cmd_trace, &o.look, &look))
		return KL_EXIT_FAILURE;
	kl_autojson *status = kl_look_ask(&look, "{\"ask\":\"status\"}", ASK_TIMEOUT_MS, NULL), *steps = json_array();
	struct trace trace = {
		.options = &o, .look = &look, .status = status, .steps = steps, .names = kl_pod_names_new(status)};
	int rc = trace_all(&trace, &err);
	kl_pod_names_free(trace.names);
	if (err.code)
		return kl_cmd_fail(&kl_cmd_trace, "%s", err.text);
	return rc ? KL_EXIT_USAGE : print(&trace);
}

const struct kl_cmd kl_cmd_trace = {
	.name = "trace",
	.summary = "Show step by step what a node would do with a packet or a connect()",
	.run = run,
	.help = "Usage: keelson trace --to SERVICE[:PORT]|IP:PORT [--from POD|IP[:PORT]] [OPTIONS]\n\n"
		"From an address outside: makes a packet, runs the programs of the uplink on it (BPF_PROG_TEST_RUN) "
		"and prints each\n"
		"step: frontend, Service, policy, slot, flow, what the programs counted and told, verdict, rewritten "
		"headers. The\n"
		"programs run on a copy of the tables, so no flow stays behind and no counter moves; equal tags show "
		"that they are\n"
		"those that are loaded.\n"
		"From a pod on the node to a Service: says what its connect() would be given, since such connections "
		"have no packets\n"
		"to look at; --packet runs the pod's programs instead, as for raw sockets.\n\n"
		"      --from POD|IP[:PORT]   default: an address from outside (192.0.2.1, 2001:db8::1)\n"
		"      --to SERVICE[:PORT]    a name or namespace/name, with the port's name or number where it has "
		"several;\n"
		"                             from outside its LoadBalancer address, external address or NodePort\n"
		"      --proto tcp|udp|sctp   default: the Service's, else tcp\n"
		"      --sport PORT           default 40000\n"
		"      --flags syn,ack,…      of TCP; default syn\n"
		"      --bytes N              payload, default none\n"
		"      --packet               from a pod: a packet, not a socket\n"
		"      --reply                then the answer of the backend as well\n"
		"      --insert               run the loaded programs on the real tables: the flow stays, counters "
		"count\n"
		"  -x, --hex                  the packets' bytes too\n" KL_LOOK_HELP "  -o, --output json\n\n"
		"Examples:\n"
		"  keelson trace --to web\n"
		"  keelson trace --from 198.51.100.7 --to 10.88.0.11:30080 --flags ack --reply -x\n"
		"  keelson trace --from default/client --to web:http --node node2\n",
};
