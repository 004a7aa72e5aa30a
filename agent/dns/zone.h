/*
 * The names of a cluster, as the specification of DNS-based service discovery has them (kubernetes/dns,
 * docs/specification.md, version 1.1.0):
 *
 *	SERVICE.NS.svc.DOMAIN			A, AAAA: its cluster addresses; headless: its ready endpoints; CNAME: externalName
 *	_PORT._PROTO.SERVICE.NS.svc.DOMAIN	SRV
 *	HOST.SERVICE.NS.svc.DOMAIN		one endpoint of a headless Service, by its hostname or by its dashed address
 *	1-2-3-4.NS.pod.DOMAIN			A, AAAA: the address itself
 *	addresses under in-addr.arpa, ip6.arpa	PTR: the Service, or the endpoint of a headless one that has a hostname
 *
 * A table of compact values, filled from the API's objects; looked up in constant time (PTR: linear in the Services).
 * Threads: one.
 */
#ifndef KL_ZONE_H
#define KL_ZONE_H

#include "json.h"
#include "service.h"

struct kl_zone;

struct kl_zone *kl_zone_new(const char *domain); /* "cluster.local" */
void kl_zone_free(struct kl_zone *zone);
const char *kl_zone_domain(const struct kl_zone *zone);

/* From API objects; a put replaces. Slices count only for Services that are headless. */
void kl_zone_put_service(struct kl_zone *zone, const json_t *service);
void kl_zone_delete_service(struct kl_zone *zone, const json_t *service);
void kl_zone_put_slice(struct kl_zone *zone, const json_t *slice);
void kl_zone_delete_slice(struct kl_zone *zone, const json_t *slice);
size_t kl_zone_services(const struct kl_zone *zone);

/* A Service's addresses, as text, NULL-terminated, at most two; empty when it has none or is not there. Borrowed. */
const char *const *kl_zone_cluster_ips(struct kl_zone *zone, const char *ns, const char *name);

enum kl_zone_type {
	KL_ZONE_A = 1,
	KL_ZONE_PTR = 12,
	KL_ZONE_TXT = 16,
	KL_ZONE_AAAA = 28,
	KL_ZONE_SRV = 33,
	KL_ZONE_OTHER = 0
};

enum kl_zone_result {
	KL_ZONE_OUTSIDE, /* no name of this cluster */
	KL_ZONE_NO_NAME, /* NXDOMAIN */
	KL_ZONE_NO_DATA, /* the name is there, nothing of that type */
	KL_ZONE_DATA,
	KL_ZONE_ALIAS, /* a CNAME: `text` is the target */
	KL_ZONE_APEX,  /* the domain itself */
};

enum { KL_ZONE_NAME = 256 };
/* One record; which fields count depends on the question's type. */
struct kl_zone_record {
	struct kl_addr addr;     /* A, AAAA */
	uint16_t port;           /* SRV */
	char text[KL_ZONE_NAME]; /* SRV target, PTR, CNAME, TXT; without the last dot */
};
/* A question's labels, in lower case, the most specific first. */
struct kl_zone_question {
	const char *const *labels;
	size_t count;
	enum kl_zone_type type;
};
typedef void kl_zone_each(const struct kl_zone_record *record, void *arg);
/* Calls `each` for every record of DATA and ALIAS. */
enum kl_zone_result kl_zone_ask(
	struct kl_zone *zone, const struct kl_zone_question *question, kl_zone_each *each, void *arg);

#endif
