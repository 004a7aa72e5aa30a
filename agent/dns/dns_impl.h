/* Inside of agent/dns: dns.c (thread, names), server.c (sockets), upstream.c, answer.c and zone.c (pure). */
#ifndef KL_DNS_IMPL_H
#define KL_DNS_IMPL_H

#include "answer.h"
#include "dns.h"
#include "link.h"
#include "upstream.h"

#include <pthread.h>
#include <stdatomic.h>

struct listener;
struct tcp_client;

enum { DNS_MAX_CIDRS = 2, DNS_MAX_LISTENERS = 8 };

struct kl_dns {
	uv_loop_t loop;
	pthread_t thread;
	uv_async_t stop;
	char *domain;
	struct kl_client *client;
	struct kl_informer *services, *slices;
	struct kl_zone *zone;
	struct kl_upstream *upstream;
	struct listener *listeners[DNS_MAX_LISTENERS];
	size_t listener_count;
	struct kl_addr own[DNS_MAX_LISTENERS]; /* the node's addresses */
	struct tcp_client *tcp_clients;
	size_t tcp_count, udp_pending;

	atomic_uint_fast64_t queries, answered, forwarded, refused, failed;
	pthread_mutex_t lock; /* of what stands below */
	struct kl_prefix pods[DNS_MAX_CIDRS];
	size_t pod_count;
	char *service_ips[3]; /* of kube-dns, NULL-terminated */
	size_t service_count;
	bool synced;
};

/* server.c, on the DNS's thread except the first, which runs before there is one */
int dns_listen(struct kl_dns *dns, const char *ip, uint16_t port, struct kl_err *err);
void dns_unlisten(struct kl_dns *dns);
bool dns_serves(struct kl_dns *dns, const struct sockaddr *from);

#endif
