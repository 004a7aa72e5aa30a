/*
 * `keelson flows`: what the dataplane does, as it does it. The agent reads the kernel's ring and serves any number of
 * watchers; filters are applied here.
 */
#include "cmd.h"

#include "clock.h"
#include "flows_event.h"
#include "inspect.h"
#include "look.h"
#include "mapnames.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct flows_options {
	struct kl_look_options look;
	const char *service, *from, *to, *proto, *verdict, *kind;
	int packets, last, duration_s;
};

enum {
	FLOW_KINDS = 1 << KL_EVENT_CONNECT | 1 << KL_EVENT_NEW | 1 << KL_EVENT_END | 1 << KL_EVENT_DROP,
	PACKET_KINDS = 1 << KL_EVENT_FORWARD | 1 << KL_EVENT_REPLY,
	ASK_TIMEOUT_MS = 5000
};

struct watching {
	const struct flows_options *options;
	struct kl_event_filter filter;
	struct kl_event_view view;
	uint64_t shown, lost;
	struct kl_buf bytes; /* received, not taken yet */
	bool header_seen;
};

static volatile sig_atomic_t stopped;

static void on_signal(int signum)
{
	(void)signum;
	stopped = 1;
}

/* --- options */

static bool misuse(const char *words, const char *text)
{
	kl_cmd_fail(&kl_cmd_flows, "%s, not '%s'", words, text);
	return false;
}

static bool take_verdict(const struct flows_options *o, struct kl_event_filter *filter)
{
	if (!o->verdict)
		return true;
	if (!strcmp(o->verdict, "drop") || !strcmp(o->verdict, "dropped"))
		filter->kinds &= 1u << KL_EVENT_DROP;
	else if (!strcmp(o->verdict, "forward") || !strcmp(o->verdict, "forwarded"))
		filter->kinds &= ~(1u << KL_EVENT_DROP);
	else
		return misuse("--verdict is forwarded or dropped", o->verdict);
	return true;
}

static bool take_filters(struct flows_options *o, const struct kl_pod_names *names, struct kl_event_filter *ret)
{
	*ret = (struct kl_event_filter){.service = o->service, .kinds = FLOW_KINDS | (o->packets ? PACKET_KINDS : 0)};
	if (o->kind && !(ret->kinds = kl_event_kinds_parse(o->kind)))
		return misuse("--kind is a list of connect, new, forward, reply, end, drop, or all", o->kind);
	if (o->from && kl_end_parse(names, o->from, &ret->from))
		return misuse("--from is a pod on this node, IP or IP:PORT", o->from);
	if (o->to && kl_end_parse(names, o->to, &ret->to))
		return misuse("--to is a pod on this node, IP or IP:PORT", o->to);
	if (o->proto)
		ret->proto = !strcasecmp(o->proto, "tcp")    ? KL_PROTO_TCP
			     : !strcasecmp(o->proto, "udp")  ? KL_PROTO_UDP
			     : !strcasecmp(o->proto, "sctp") ? KL_PROTO_SCTP
							     : 0;
	if (o->proto && !ret->proto)
		return misuse("--proto is tcp, udp or sctp", o->proto);
	if (ret->kinds & PACKET_KINDS && !o->packets)
		o->packets = 1;
	return take_verdict(o, ret);
}

/* --- events */

static void show(struct watching *watching, const struct kl_map_event *event)
{
	const char *output = watching->options->look.output;
	if (event->kind == KL_INSPECT_LOST) {
		watching->lost += event->bytes;
		return;
	}
	if (!kl_event_matches(&watching->filter, &watching->view, event))
		return;
	watching->shown++;
	if (output && !strcmp(output, "json")) {
		kl_autojson *json = kl_event_json(&watching->view, event);
		json_dumpf(json, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		kl_event_print(&watching->view, event, output != NULL);
	}
}

static bool enough(const struct watching *watching)
{
	return stopped || (watching->options->last && watching->shown >= (uint64_t)watching->options->last);
}

/* The first line is JSON: how long an event is, or why there are none. */
static int take_header(struct watching *watching, struct kl_err *err)
{
	char *end = memchr(watching->bytes.data, '\n', watching->bytes.len);
	if (!end)
		return watching->bytes.len > 65536 ? kl_fail_msg(err, EBADMSG, "the agent's answer makes no sense") : 0;
	kl_autojson *head = kl_json_parse(watching->bytes.data, (size_t)(end - watching->bytes.data), err);
	const char *error = kl_json_str_or_null(head, "error", NULL);
	if (!head)
		return err->code;
	if (error)
		return kl_fail_msg(err, EAGAIN, "the agent says: %s", error);
	if (kl_json_int(head, 0, "eventBytes", NULL) != sizeof(struct kl_map_event))
		return kl_fail_msg(err, EPROTO, "the agent is of another version than this command");
	kl_buf_consume(&watching->bytes, (size_t)(end - watching->bytes.data) + 1);
	watching->header_seen = true;
	return 0;
}

static int take_bytes(struct watching *watching, struct kl_err *err)
{
	int rc = watching->header_seen ? 0 : take_header(watching, err);
	size_t at = 0;
	if (rc || !watching->header_seen)
		return rc;
	for (; watching->bytes.len - at >= sizeof(struct kl_map_event) && !enough(watching);
		at += sizeof(struct kl_map_event)) {
		struct kl_map_event event;
		memcpy(&event, watching->bytes.data + at, sizeof(event));
		show(watching, &event);
	}
	kl_buf_consume(&watching->bytes, at);
	fflush(stdout);
	return 0;
}

static int follow(struct watching *watching, int fd, struct kl_err *err)
{
	int64_t end_ms = watching->options->duration_s ? kl_monotonic_ms() + watching->options->duration_s * 1000 : 0;
	char bytes[65536];
	while (!enough(watching)) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		int64_t left = end_ms ? end_ms - kl_monotonic_ms() : 1000;
		if (left <= 0)
			break;
		if (poll(&poll_fd, 1, (int)(left < 1000 ? left : 1000)) <= 0)
			continue;
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
		if (n <= 0)
			return kl_fail_msg(err, ECONNRESET, "the agent has ended");
		kl_buf_push(&watching->bytes, bytes, (size_t)n);
		int rc = take_bytes(watching, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* --- all of it */

static uint64_t ring_lost(const struct kl_look *look)
{
	struct kl_map_counters counters = {0};
	return kl_maps_counters(look->maps, &counters, NULL) ? 0 : counters.events_lost;
}

static void sum_up(const struct watching *watching, uint64_t ring)
{
	uint64_t lost = watching->lost + ring;
	if (lost)
		fprintf(stderr,
			"keelson flows: %llu shown, %llu lost: more than could be told; sample with --packets N\n",
			(unsigned long long)watching->shown, (unsigned long long)lost);
}

static int watch(const struct kl_look *look, struct watching *watching)
{
	struct kl_err err = {0};
	kl_autofree char *request = kl_asprintf("{\"ask\":\"events\",\"packets\":%d}", watching->options->packets);
	uint64_t lost_before = ring_lost(look);
	kl_autoclose int fd = kl_look_connect(look, request, &err);
	if (fd < 0)
		return kl_cmd_fail(&kl_cmd_flows, "%s", err.text);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (!watching->options->look.output)
		kl_event_print_header();
	fflush(stdout);
	int rc = follow(watching, fd, &err);
	kl_buf_release(&watching->bytes);
	sum_up(watching, ring_lost(look) - lost_before);
	return rc ? kl_cmd_fail(&kl_cmd_flows, "%s", err.text) : KL_EXIT_OK;
}

static int64_t boot_offset_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - kl_monotonic_ns();
}

static int run(int argc, char **argv)
{
	struct flows_options o = {0};
	const struct kl_opt opts[] = {
		KL_LOOK_OPTS(&o.look),
		{"service", 0, KL_OPT_STRING, &o.service},
		{"from", 0, KL_OPT_STRING, &o.from},
		{"to", 0, KL_OPT_STRING, &o.to},
		{"proto", 0, KL_OPT_STRING, &o.proto},
		{"verdict", 0, KL_OPT_STRING, &o.verdict},
		{"kind", 0, KL_OPT_STRING, &o.kind},
		{"packets", 0, KL_OPT_INT, &o.packets},
		{"last", 'n', KL_OPT_INT, &o.last},
		{"duration", 0, KL_OPT_INT, &o.duration_s},
	};
	struct kl_err err = {0};
	if (kl_opts_parse(&kl_cmd_flows, opts, KL_ARRAY_LEN(opts), argc, argv))
		return kl_cmd_fail(&kl_cmd_flows, "takes options only"), KL_EXIT_USAGE;
	if (o.packets < 0 || o.last < 0 || o.duration_s < 0)
		return kl_cmd_fail(&kl_cmd_flows, "numbers are not negative"), KL_EXIT_USAGE;
	kl_look_check_output(&kl_cmd_flows, o.look.output, "json compact");
	kl_autolook look;
	if (!kl_look_open_maps(&kl_cmd_flows, &o.look, &look))
		return KL_EXIT_FAILURE;
	kl_autojson *status = kl_look_ask(&look, "{\"ask\":\"status\"}", ASK_TIMEOUT_MS, &err);
	if (!status)
		return kl_cmd_fail(&kl_cmd_flows, "%s; it is what reads the events", err.text);
	struct kl_pod_names *names = kl_pod_names_new(status);
	struct watching watching = {.options = &o, .view = {look.maps, names, boot_offset_ns()}};
	int rc = take_filters(&o, names, &watching.filter) ? watch(&look, &watching) : KL_EXIT_USAGE;
	kl_pod_names_free(names);
	return rc;
}

const struct kl_cmd kl_cmd_flows = {
	.name = "flows",
	.summary = "Watch what a node's dataplane does: connections, drops, packets",
	.run = run,
	.help = "Usage: keelson flows [FILTERS] [-o json|compact]\n\n"
		"Prints events as they happen, until it is interrupted: sockets given a backend (connect), flows begun "
		"(new) and\n"
		"closed (end), drops with their reason; with --packets also packets of flows (forward, reply). The "
		"programs write\n"
		"events only while somebody watches; nobody watching costs nothing. Any number may watch at once.\n\n"
		"Filters\n"
		"      --service SERVICE    a name, namespace/name, or namespace/name:port\n"
		"      --from, --to         a pod on this node, IP or IP:PORT; --to: the frontend or the backend\n"
		"      --proto tcp|udp|sctp\n"
		"      --verdict forwarded|dropped\n"
		"      --kind KIND,…        connect, new, forward, reply, end, drop, or all\n"
		"      --packets N          of the packets of flows one in N, rounded up to a power of two (1: every "
		"one)\n"
		"  -n, --last N             end behind N events\n"
		"      --duration SECONDS   end after that time\n" KL_LOOK_HELP
		"  -o, --output FORM        json: an object a line; compact: short lines\n\n"
		"Examples:\n"
		"  keelson flows --verdict dropped\n"
		"  keelson flows --service web --packets 16 --node node2\n"
		"  keelson flows --from default/client -o json | jq -r '[.service, .backend] | @tsv'\n",
};
