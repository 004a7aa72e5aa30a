#include "flows_event.h"

#include "clock.h"
#include "lb_service.h"
#include "look.h"
#include "mapnames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- pods */

struct kl_pod_names {
	const json_t *pods;
	char **names; /* beside the pods */
};

struct kl_pod_names *kl_pod_names_new(const json_t *status)
{
	struct kl_pod_names *ret = kl_calloc(1, sizeof(*ret));
	size_t i;
	json_t *pod;
	ret->pods = kl_json_get(status, "pods", NULL);
	ret->names = kl_calloc(json_array_size(ret->pods) + 1, sizeof(char *));
	json_array_foreach (ret->pods, i, pod)
		ret->names[i] =
			kl_asprintf("%s/%s", kl_json_str(pod, "namespace", NULL), kl_json_str(pod, "name", NULL));
	return ret;
}

void kl_pod_names_free(struct kl_pod_names *names)
{
	if (!names)
		return;
	for (size_t i = 0; i < json_array_size(names->pods); i++)
		free(names->names[i]);
	free(names->names);
	free(names);
}

static bool has_ip(const json_t *pod, const char *wanted)
{
	size_t i;
	json_t *ip;
	json_array_foreach (kl_json_get(pod, "ips", NULL), i, ip)
		if (!strcmp(json_string_value(ip), wanted))
			return true;
	return false;
}

static void addr_format(const __be32 words[4], char ret[KL_ADDR_TEXT])
{
	struct kl_addr addr;
	memcpy(addr.bytes, words, sizeof(addr.bytes));
	kl_addr_format(&addr, ret);
}

const char *kl_pod_name_of(const struct kl_pod_names *names, const __be32 addr[4], uint32_t ifindex)
{
	char text[KL_ADDR_TEXT];
	size_t i;
	json_t *pod;
	addr_format(addr, text);
	json_array_foreach (names->pods, i, pod)
		if ((ifindex && kl_json_int(pod, 0, "ifindex", NULL) == ifindex) || has_ip(pod, text))
			return names->names[i];
	return NULL;
}

const json_t *kl_pod_find(const struct kl_pod_names *names, const char *wanted)
{
	size_t i;
	json_t *pod;
	json_array_foreach (names->pods, i, pod)
		if (!strcmp(names->names[i], wanted) || !strcmp(kl_json_str(pod, "name", NULL), wanted))
			return pod;
	return NULL;
}

/* --- filters */

static void end_of_pod(const json_t *pod, struct kl_end_filter *ret)
{
	size_t i;
	json_t *ip;
	ret->ifindex = (uint32_t)kl_json_int(pod, 0, "ifindex", NULL);
	json_array_foreach (kl_json_get(pod, "ips", NULL), i, ip)
		if (ret->addr_count < KL_ARRAY_LEN(ret->addrs) &&
			!kl_addr_parse(json_string_value(ip), &ret->addrs[ret->addr_count]))
			ret->addr_count++;
}

int kl_end_parse(const struct kl_pod_names *names, const char *text, struct kl_end_filter *ret)
{
	const json_t *pod = kl_pod_find(names, text);
	*ret = (struct kl_end_filter){.given = true};
	if (pod) {
		end_of_pod(pod, ret);
		return 0;
	}
	ret->addr_count = 1;
	return kl_endpoint_parse(text, &ret->addrs[0], &ret->port);
}

static bool is_end(const struct kl_end_filter *end, const __be32 addr[4], __be16 port)
{
	if (end->port && htons(end->port) != port)
		return false;
	for (size_t i = 0; i < end->addr_count; i++)
		if (!memcmp(end->addrs[i].bytes, addr, sizeof(end->addrs[i].bytes)))
			return true;
	return false;
}

uint32_t kl_event_kinds_parse(const char *text)
{
	kl_autofree char *copy = kl_strdup(text);
	uint32_t kinds = 0;
	for (char *save = NULL, *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		uint32_t bit = 0;
		for (unsigned kind = KL_EVENT_CONNECT; kind <= KL_EVENT_DROP; kind++)
			if (!strcmp(word, "all") || !strcmp(word, kl_event_kind_name(kind)))
				bit |= 1u << kind;
		if (!bit)
			return 0;
		kinds |= bit;
	}
	return kinds;
}

static const char *service_of(const struct kl_event_view *view, const struct kl_map_event *event)
{
	return event->service && event->service < view->maps->entries[KL_MAP_NAMES]
		       ? view->maps->names[event->service].key
		       : "";
}

/* The interface tells whose: a socket that connects has no address yet, and a pod may send from one that is not its own. */
static uint32_t client_ifindex(const struct kl_map_event *event)
{
	return event->hook == KL_HOOK_SOCKET || event->hook == KL_HOOK_POD_OUT ? event->ifindex : 0;
}

bool kl_event_matches(
	const struct kl_event_filter *filter, const struct kl_event_view *view, const struct kl_map_event *event)
{
	if (!(filter->kinds >> event->kind & 1) || (filter->proto && filter->proto != event->proto))
		return false;
	if (filter->service && !kl_lb_matches(service_of(view, event), filter->service))
		return false;
	if (filter->from.given && !is_end(&filter->from, event->client, event->client_port) &&
		!(filter->from.ifindex && filter->from.ifindex == client_ifindex(event)))
		return false;
	return !filter->to.given || is_end(&filter->to, event->frontend, event->frontend_port) ||
	       is_end(&filter->to, event->backend, event->backend_port);
}

/* --- as text */

void kl_tcp_flags_text(uint8_t flags, char ret[9])
{
	static const char letters[] = "FSRPAUEC";
	size_t at = 0;
	for (unsigned bit = 0; bit < 8; bit++)
		if (flags >> bit & 1)
			ret[at++] = letters[bit];
	ret[at] = 0;
}

static void time_text(const struct kl_event_view *view, const struct kl_map_event *event, char ret[KL_TIME_TEXT])
{
	kl_time_format_micro(((int64_t)event->time_ns + view->boot_ns) / 1000, ret);
}

static bool is_set(const __be32 addr[4])
{
	return addr[0] || addr[1] || addr[3] || (addr[2] && addr[2] != htonl(0xffff));
}

static char *client_text(const struct kl_event_view *view, const struct kl_map_event *event)
{
	const char *pod = kl_pod_name_of(view->names, event->client, client_ifindex(event));
	kl_autofree char *end = is_set(event->client) ? kl_endpoint_text(event->client, event->client_port) : NULL;
	if (pod && end && !kl_pod_name_of(view->names, event->client, 0))
		return kl_asprintf("%s as %s", pod, end);
	if (pod)
		return end && event->client_port ? kl_asprintf("%s:%u", pod, ntohs(event->client_port))
						 : kl_strdup(pod);
	if (end)
		return kl_take(&end);
	return kl_strdup("the node");
}

static char *backend_text(const struct kl_event_view *view, const struct kl_map_event *event)
{
	if (!is_set(event->backend))
		return kl_strdup("-");
	const char *pod = kl_pod_name_of(view->names, event->backend, 0);
	return pod ? kl_asprintf("%s:%u", pod, ntohs(event->backend_port))
		   : kl_endpoint_text(event->backend, event->backend_port);
}

static void process_name(uint32_t pid, char ret[32])
{
	char path[48];
	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	kl_autoclose int fd = pid ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd >= 0 ? read(fd, ret, 31) : 0;
	ret[n > 0 ? n - 1 : 0] = 0;
}

/* What is particular to the kind: a drop's reason, who connected, TCP's flags. */
static char *detail_text(const struct kl_map_event *event)
{
	char flags[9], comm[32];
	if (event->kind == KL_EVENT_DROP) {
		const struct kl_counter_row *row = kl_counter_row(event->reason);
		return kl_strdup(row && row->reason ? row->reason : "?");
	}
	if (event->hook == KL_HOOK_SOCKET) {
		process_name(event->pid, comm);
		return comm[0] ? kl_asprintf("%s[%u]", comm, event->pid) : kl_asprintf("pid %u", event->pid);
	}
	kl_tcp_flags_text(event->tcp_flags, flags);
	return kl_asprintf("%s%s%u B", flags, *flags ? " " : "", event->bytes);
}

static const char *verdict(const struct kl_map_event *event)
{
	return event->kind == KL_EVENT_DROP ? "dropped" : event->kind == KL_EVENT_END ? "ended" : "forwarded";
}

json_t *kl_event_json(const struct kl_event_view *view, const struct kl_map_event *event)
{
	char now[KL_TIME_TEXT], flags[9];
	time_text(view, event, now);
	kl_tcp_flags_text(event->tcp_flags, flags);
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "time", now, "kind",
		kl_event_kind_name(event->kind), "verdict", verdict(event), "hook", kl_event_hook_name(event->hook),
		"protocol", kl_proto_name(event->proto), "service", service_of(view, event), "bytes",
		(json_int_t)event->bytes, "tcpFlags", flags);
	const struct {
		const char *name, *pod_name;
		const __be32 *addr;
		__be16 port;
		uint32_t ifindex;
	} ends[] = {
		{"client", "clientPod", event->client, event->client_port, client_ifindex(event)},
		{"frontend", NULL, event->frontend, event->frontend_port, 0},
		{"backend", "backendPod", event->backend, event->backend_port, 0},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(ends); i++) {
		kl_autofree char *text = kl_endpoint_text(ends[i].addr, ends[i].port);
		const char *pod = ends[i].pod_name ? kl_pod_name_of(view->names, ends[i].addr, ends[i].ifindex) : NULL;
		if (is_set(ends[i].addr))
			json_object_set_new(json, ends[i].name, json_string(text));
		if (pod)
			json_object_set_new(json, ends[i].pod_name, json_string(pod));
	}
	if (event->pid)
		json_object_set_new(json, "pid", json_integer(event->pid));
	if (event->kind == KL_EVENT_DROP) {
		kl_autofree char *reason = detail_text(event);
		json_object_set_new(json, "reason", json_string(reason));
	}
	return json;
}

void kl_event_print_header(void)
{
	printf("%-15s  %-7s  %-5s  %-24s  %-22s  %-36s  %-20s  %-6s  %s\n", "TIME", "KIND", "PROTO", "CLIENT",
		"FRONTEND", "BACKEND", "SERVICE", "HOOK", "DETAIL");
}

static enum kl_colour kind_colour(unsigned kind)
{
	return kind == KL_EVENT_DROP                              ? KL_RED
	       : kind == KL_EVENT_NEW || kind == KL_EVENT_CONNECT ? KL_GREEN
	       : kind == KL_EVENT_END                             ? KL_DIM
								  : KL_PLAIN;
}

void kl_event_print(const struct kl_event_view *view, const struct kl_map_event *event, bool compact)
{
	char now[KL_TIME_TEXT];
	kl_autofree char *client = client_text(view, event), *backend = backend_text(view, event);
	kl_autofree char *frontend = kl_endpoint_text(event->frontend, event->frontend_port);
	kl_autofree char *detail = detail_text(event);
	const char *colour = kl_colour(kind_colour(event->kind)), *plain = kl_colour(KL_PLAIN);
	const char *service = service_of(view, event);
	time_text(view, event, now);
	now[26] = 0; /* …:35.123456: without the zone, and without the day */
	if (compact)
		printf("%s %s%s%s %s %s > %s > %s %s (%s)\n", now + 11, colour, kl_event_kind_name(event->kind), plain,
			kl_proto_name(event->proto), client, frontend, backend, service, detail);
	else
		printf("%-15s  %s%-7s%s  %-5s  %-24s  %-22s  %-36s  %-20s  %-6s  %s\n", now + 11, colour,
			kl_event_kind_name(event->kind), plain, kl_proto_name(event->proto), client, frontend, backend,
			*service ? service : "-", kl_event_hook_name(event->hook), detail);
}
