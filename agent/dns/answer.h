/*
 * From a query's bytes to a reply's (RFC 1035, 2308 for what is not there, 6891 for EDNS), with libldns for the wire
 * format. Pure but for the zone.
 */
#ifndef KL_ANSWER_H
#define KL_ANSWER_H

#include "buf.h"
#include "zone.h"

#include <ldns/ldns.h>

enum {
	KL_ANSWER_TTL = 5,        /* seconds; what CoreDNS gives names of a cluster */
	KL_ANSWER_UDP_MAX = 1232, /* the most that we send in a datagram (DNS flag day 2020) */
};

enum kl_answer_step {
	KL_ANSWER_READY,   /* the reply is complete */
	KL_ANSWER_FORWARD, /* no name of the cluster: somebody else knows */
	KL_ANSWER_ALIAS,   /* a CNAME to a name outside: ask for `alias_query`, then call kl_answer_alias */
	KL_ANSWER_IGNORE,  /* no query at all: no reply */
};

struct kl_answer {
	enum kl_answer_step step;
	ldns_pkt *reply;
	size_t udp_max; /* what the client takes in a datagram */
	uint16_t type;  /* of the question */
	char alias[KL_ZONE_NAME];
};

/* zone_ready: false while the zone is not complete: its names get SERVFAIL. */
void kl_answer_make(struct kl_zone *zone, bool zone_ready, const void *query, size_t len, struct kl_answer *ret);
void kl_answer_release(struct kl_answer *answer);

/* A query of the same type for the alias; id is the caller's. */
int kl_answer_alias_query(const struct kl_answer *answer, uint16_t id, struct kl_buf *out);
/* Takes the records of the reply to it; NULL: there was none, the client gets SERVFAIL. */
void kl_answer_alias(struct kl_answer *answer, const void *reply, size_t len);
/* Nobody can say (no upstream answered). Makes a reply for KL_ANSWER_FORWARD as well. */
void kl_answer_fail(struct kl_answer *answer);
/* Nothing is told to this client. */
void kl_answer_refuse(struct kl_answer *answer);

/* The reply's bytes; beyond max only its header and question, with the truncation bit. */
int kl_answer_wire(const struct kl_answer *answer, size_t max, struct kl_buf *out);
/* The same for a reply that came from elsewhere: when too long for max it becomes header and question with TC. */
int kl_answer_fit(const void *reply, size_t len, size_t max, struct kl_buf *out);

#endif
