/*
 * One event of the dataplane: does it match, and how does it read.
 */
#ifndef KL_FLOWS_EVENT_H
#define KL_FLOWS_EVENT_H

#include "json.h"
#include "maps.h"
#include "service.h"

/* Who has which address, on this node. */
struct kl_pod_names;
/* status: the agent's answer; borrowed while the result lives. */
struct kl_pod_names *kl_pod_names_new(const json_t *status);
void kl_pod_names_free(struct kl_pod_names *names);
/* "namespace/name"; NULL: unknown. */
const char *kl_pod_name_of(const struct kl_pod_names *names, const __be32 addr[4], uint32_t ifindex);
/* The pod called "name" or "namespace/name"; NULL: not on this node. */
const json_t *kl_pod_find(const struct kl_pod_names *names, const char *wanted);

/* An end of a flow: an address, with or without a port; or a pod on this node. */
struct kl_end_filter {
	bool given;
	struct kl_addr addrs[2];
	size_t addr_count;
	uint16_t port;
	uint32_t ifindex; /* of a pod: events of its sockets have no address */
};
/* "10.0.0.1", "10.0.0.1:80", "web-abc", "default/web-abc"; -EINVAL. */
int kl_end_parse(const struct kl_pod_names *names, const char *text, struct kl_end_filter *ret);

struct kl_event_filter {
	const char *service;
	struct kl_end_filter from, to;
	uint8_t proto;
	uint32_t kinds; /* bits of enum kl_map_event_kind */
};
/* 0 with words printed by the caller: a bit set of "new,drop"; all known kinds for "all". */
uint32_t kl_event_kinds_parse(const char *text);

struct kl_event_view {
	const struct kl_maps *maps;
	const struct kl_pod_names *names;
	int64_t boot_ns; /* realtime minus monotonic */
};
bool kl_event_matches(
	const struct kl_event_filter *filter, const struct kl_event_view *view, const struct kl_map_event *event);
json_t *kl_event_json(const struct kl_event_view *view, const struct kl_map_event *event);
void kl_event_print_header(void);
void kl_event_print(const struct kl_event_view *view, const struct kl_map_event *event, bool compact);
/* "SA": SYN and ACK. */
void kl_tcp_flags_text(uint8_t flags, char ret[9]);

#endif
