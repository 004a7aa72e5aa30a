#include "answer.h"

#include "mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LABELS = 128, MAX_CHAIN = 8, UDP_MIN = 512 };

/* --- pieces of libldns */

static ldns_rdf *dname(const char *text)
{
	return ldns_dname_new_frm_str(*text ? text : ".");
}

static ldns_rr *record(const ldns_rdf *owner, ldns_rr_type type)
{
	ldns_rr *rr = ldns_rr_new();

	if (!rr)
		abort();
	ldns_rr_set_owner(rr, ldns_rdf_clone(owner));
	ldns_rr_set_type(rr, type);
	ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
	ldns_rr_set_ttl(rr, KL_ANSWER_TTL);
	return rr;
}

/* Takes the data; nothing happens when it is no name. */
static bool push(ldns_rr *rr, ldns_rdf *data)
{
	return data && ldns_rr_push_rdf(rr, data);
}

/* --- the question */

/* Labels in lower case, in one buffer. A label with a byte that no name here has cannot match: it is kept as "\". */
struct labels {
	const char *at[MAX_LABELS];
	size_t count;
	char text[KL_ZONE_NAME + MAX_LABELS];
};

static void labels_read(const ldns_rdf *name, struct labels *ret)
{
	const uint8_t *data = ldns_rdf_data(name), *end = data + ldns_rdf_size(name);
	char *to = ret->text;

	ret->count = 0;
	while (data < end && *data && ret->count < MAX_LABELS) {
		size_t len = *data++;
		if (data + len > end || to + len + 1 > ret->text + sizeof(ret->text))
			break;
		ret->at[ret->count++] = to;
		for (size_t i = 0; i < len; i++) {
			int c = tolower(data[i]);
			*to++ = (char)(c == '.' || c == 0 ? '\\' : c);
		}
		*to++ = 0;
		data += len;
	}
}

static enum kl_zone_type zone_type(ldns_rr_type type)
{
	switch (type) {
	case LDNS_RR_TYPE_A:
	case LDNS_RR_TYPE_AAAA:
	case LDNS_RR_TYPE_PTR:
	case LDNS_RR_TYPE_SRV:
	case LDNS_RR_TYPE_TXT:
		return (enum kl_zone_type)type;
	default:
		return KL_ZONE_OTHER;
	}
}

/* --- the answer */

struct making {
	struct kl_zone *zone;
	struct kl_answer *answer;
	const ldns_rdf *owner; /* of the records now */
	ldns_rr_type type;
	char target[KL_ZONE_NAME]; /* of the CNAME told last */
};

static void push_addr(struct making *m, const struct kl_zone_record *r)
{
	bool v4 = kl_addr_is_v4(&r->addr);
	ldns_rr *rr = record(m->owner, v4 ? LDNS_RR_TYPE_A : LDNS_RR_TYPE_AAAA);

	push(rr, ldns_rdf_new_frm_data(
			 v4 ? LDNS_RDF_TYPE_A : LDNS_RDF_TYPE_AAAA, v4 ? 4 : 16, r->addr.bytes + (v4 ? 12 : 0)));
	ldns_pkt_push_rr(m->answer->reply, LDNS_SECTION_ANSWER, rr);
}

static void push_srv(struct making *m, const struct kl_zone_record *r)
{
	ldns_rr *rr = record(m->owner, LDNS_RR_TYPE_SRV);

	push(rr, ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, 0));
	push(rr, ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, 100));
	push(rr, ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, r->port));
	if (push(rr, dname(r->text)))
		ldns_pkt_push_rr(m->answer->reply, LDNS_SECTION_ANSWER, rr);
	else
		ldns_rr_free(rr);
}

static void push_name(struct making *m, const char *text, ldns_rr_type type)
{
	ldns_rr *rr = record(m->owner, type);

	if (push(rr, dname(text)))
		ldns_pkt_push_rr(m->answer->reply, LDNS_SECTION_ANSWER, rr);
	else
		ldns_rr_free(rr);
}

static void push_text(struct making *m, const struct kl_zone_record *r)
{
	ldns_rr *rr = record(m->owner, LDNS_RR_TYPE_TXT);
	uint8_t data[KL_ZONE_NAME] = {0};
	size_t len = strlen(r->text);

	data[0] = (uint8_t)len;
	memcpy(data + 1, r->text, len);
	push(rr, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_STR, len + 1, data));
	ldns_pkt_push_rr(m->answer->reply, LDNS_SECTION_ANSWER, rr);
}

static void on_record(const struct kl_zone_record *r, void *arg)
{
	struct making *m = arg;

	snprintf(m->target, sizeof(m->target), "%s", r->text);
	switch (m->type) {
	case LDNS_RR_TYPE_A:
	case LDNS_RR_TYPE_AAAA:
		if (!*r->text) {
			push_addr(m, r);
			return;
		}
		break;
	case LDNS_RR_TYPE_SRV:
		if (r->port) {
			push_srv(m, r);
			return;
		}
		break;
	case LDNS_RR_TYPE_PTR:
		push_name(m, r->text, LDNS_RR_TYPE_PTR);
		return;
	case LDNS_RR_TYPE_TXT:
		if (!strcmp(r->text, "1.1.0")) {
			push_text(m, r);
			return;
		}
		break;
	default:
		break;
	}
	push_name(m, r->text, LDNS_RR_TYPE_CNAME);
}

/* RFC 2308: how long the absence may be remembered stands in the SOA's last number. */
static void push_soa(struct making *m, const char *domain, ldns_pkt_section section)
{
	static const uint32_t numbers[] = {1, 7200, 1800, 86400, KL_ANSWER_TTL};
	kl_autofree char *mname = kl_asprintf("ns.dns.%s", domain), *rname = kl_asprintf("hostmaster.%s", domain);
	ldns_rdf *owner = dname(domain);
	ldns_rr *rr = record(owner, LDNS_RR_TYPE_SOA);

	push(rr, dname(mname));
	push(rr, dname(rname));
	for (size_t i = 0; i < KL_ARRAY_LEN(numbers); i++)
		push(rr, ldns_native2rdf_int32(LDNS_RDF_TYPE_INT32, numbers[i]));
	ldns_pkt_push_rr(m->answer->reply, section, rr);
	ldns_rdf_deep_free(owner);
}

static void answer_apex(struct making *m, const char *domain)
{
	if (m->type == LDNS_RR_TYPE_NS) {
		kl_autofree char *ns = kl_asprintf("ns.dns.%s", domain);
		push_name(m, ns, LDNS_RR_TYPE_NS);
	} else {
		push_soa(m, domain, m->type == LDNS_RR_TYPE_SOA ? LDNS_SECTION_ANSWER : LDNS_SECTION_AUTHORITY);
	}
}

static enum kl_zone_result ask(struct making *m, const ldns_rdf *name)
{
	struct labels labels;

	labels_read(name, &labels);
	m->owner = name;
	return kl_zone_ask(m->zone,
		&(struct kl_zone_question){.labels = labels.at, .count = labels.count, .type = zone_type(m->type)},
		on_record, m);
}

/* A chain of ExternalNames within the cluster is followed here. */
static enum kl_zone_result follow(struct making *m, ldns_rdf *name)
{
	enum kl_zone_result result = ask(m, name);
	ldns_rdf *owned = NULL;

	for (int i = 0; result == KL_ZONE_ALIAS && i < MAX_CHAIN && m->type != LDNS_RR_TYPE_CNAME; i++) {
		ldns_rdf *next = dname(m->target);
		if (!next)
			break;
		snprintf(m->answer->alias, sizeof(m->answer->alias), "%s", m->target);
		result = ask(m, next);
		ldns_rdf_deep_free(owned);
		owned = next;
		if (result == KL_ZONE_OUTSIDE) {
			m->answer->step = KL_ANSWER_ALIAS;
			result = KL_ZONE_DATA;
		}
	}
	m->owner = NULL;
	ldns_rdf_deep_free(owned);
	return result;
}

static void fill(struct making *m, ldns_rdf *name)
{
	struct kl_answer *answer = m->answer;
	const char *domain = kl_zone_domain(m->zone);
	enum kl_zone_result result = follow(m, name);

	switch (result) {
	case KL_ZONE_OUTSIDE:
		answer->step = KL_ANSWER_FORWARD;
		break;
	case KL_ZONE_NO_NAME:
		ldns_pkt_set_rcode(answer->reply, LDNS_RCODE_NXDOMAIN);
		push_soa(m, domain, LDNS_SECTION_AUTHORITY);
		break;
	case KL_ZONE_NO_DATA:
		push_soa(m, domain, LDNS_SECTION_AUTHORITY);
		break;
	case KL_ZONE_APEX:
		m->owner = name;
		answer_apex(m, domain);
		break;
	case KL_ZONE_DATA:
	case KL_ZONE_ALIAS:
		break;
	}
}

/* --- replies */

static ldns_pkt *reply_to(const ldns_pkt *query)
{
	ldns_pkt *reply = ldns_pkt_new();
	const ldns_rr_list *questions = ldns_pkt_question(query);

	if (!reply)
		abort();
	ldns_pkt_set_id(reply, ldns_pkt_id(query));
	ldns_pkt_set_opcode(reply, ldns_pkt_get_opcode(query));
	ldns_pkt_set_qr(reply, true);
	ldns_pkt_set_rd(reply, ldns_pkt_rd(query));
	ldns_pkt_set_ra(reply, true);
	for (size_t i = 0; i < ldns_rr_list_rr_count(questions); i++)
		ldns_pkt_push_rr(reply, LDNS_SECTION_QUESTION, ldns_rr_clone(ldns_rr_list_rr(questions, i)));
	if (ldns_pkt_edns(query))
		ldns_pkt_set_edns_udp_size(reply, KL_ANSWER_UDP_MAX);
	return reply;
}

static size_t udp_max(const ldns_pkt *query)
{
	size_t size = ldns_pkt_edns(query) ? ldns_pkt_edns_udp_size(query) : UDP_MIN;

	return size < UDP_MIN ? UDP_MIN : size > KL_ANSWER_UDP_MAX ? KL_ANSWER_UDP_MAX : size;
}

/* What can be said of a query without looking at names; LDNS_RCODE_NOERROR: go on. */
static ldns_pkt_rcode refuse(const ldns_pkt *query)
{
	const ldns_rr_list *questions = ldns_pkt_question(query);

	if (ldns_pkt_get_opcode(query) != LDNS_PACKET_QUERY)
		return LDNS_RCODE_NOTIMPL;
	if (ldns_rr_list_rr_count(questions) != 1)
		return LDNS_RCODE_FORMERR;
	if (ldns_rr_get_class(ldns_rr_list_rr(questions, 0)) != LDNS_RR_CLASS_IN)
		return LDNS_RCODE_REFUSED;
	return LDNS_RCODE_NOERROR;
}

/* Bytes that are no packet, but have a header: say so. */
static void format_error(const uint8_t *query, size_t len, struct kl_answer *ret)
{
	ret->reply = ldns_pkt_new();
	if (!ret->reply || len < LDNS_HEADER_SIZE || LDNS_QR_WIRE(query)) {
		ret->step = KL_ANSWER_IGNORE;
		return;
	}
	ldns_pkt_set_id(ret->reply, LDNS_ID_WIRE(query));
	ldns_pkt_set_qr(ret->reply, true);
	ldns_pkt_set_rcode(ret->reply, LDNS_RCODE_FORMERR);
}

static void make(struct kl_zone *zone, bool zone_ready, const ldns_pkt *query, struct kl_answer *ret)
{
	ldns_pkt_rcode refused = refuse(query);

	ret->reply = reply_to(query);
	ret->udp_max = udp_max(query);
	ldns_pkt_set_rcode(ret->reply, (uint8_t)refused);
	if (refused != LDNS_RCODE_NOERROR)
		return;
	const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(query), 0);
	struct making m = {.zone = zone, .answer = ret, .type = ldns_rr_get_type(question)};
	ret->type = (uint16_t)m.type;
	ldns_pkt_set_aa(ret->reply, true);
	fill(&m, ldns_rr_owner(question));
	if (!zone_ready && ret->step != KL_ANSWER_FORWARD)
		kl_answer_fail(ret);
}

void kl_answer_make(struct kl_zone *zone, bool zone_ready, const void *query, size_t len, struct kl_answer *ret)
{
	ldns_pkt *packet = NULL;

	*ret = (struct kl_answer){.step = KL_ANSWER_READY, .udp_max = UDP_MIN};
	if (ldns_wire2pkt(&packet, query, len) != LDNS_STATUS_OK)
		format_error(query, len, ret);
	else if (ldns_pkt_qr(packet))
		ret->step = KL_ANSWER_IGNORE;
	else
		make(zone, zone_ready, packet, ret);
	ldns_pkt_free(packet);
}

void kl_answer_release(struct kl_answer *answer)
{
	ldns_pkt_free(answer->reply);
	answer->reply = NULL;
}

static void drop_records(ldns_pkt *packet)
{
	ldns_rr_list_deep_free(ldns_pkt_answer(packet));
	ldns_rr_list_deep_free(ldns_pkt_authority(packet));
	ldns_rr_list_deep_free(ldns_pkt_additional(packet));
	ldns_pkt_set_answer(packet, ldns_rr_list_new());
	ldns_pkt_set_authority(packet, ldns_rr_list_new());
	ldns_pkt_set_additional(packet, ldns_rr_list_new());
	ldns_pkt_set_ancount(packet, 0);
	ldns_pkt_set_nscount(packet, 0);
	ldns_pkt_set_arcount(packet, 0);
}

static void say_only(struct kl_answer *answer, ldns_pkt_rcode rcode)
{
	drop_records(answer->reply);
	ldns_pkt_set_rcode(answer->reply, (uint8_t)rcode);
	ldns_pkt_set_aa(answer->reply, false);
	answer->step = KL_ANSWER_READY;
}

void kl_answer_fail(struct kl_answer *answer)
{
	say_only(answer, LDNS_RCODE_SERVFAIL);
}

void kl_answer_refuse(struct kl_answer *answer)
{
	say_only(answer, LDNS_RCODE_REFUSED);
}

/* --- aliases */

static int append_wire(ldns_pkt *packet, struct kl_buf *out)
{
	uint8_t *wire = NULL;
	size_t len = 0;

	if (ldns_pkt2wire(&wire, packet, &len) != LDNS_STATUS_OK)
		return -EINVAL;
	kl_buf_push(out, wire, len);
	free(wire);
	return 0;
}

int kl_answer_alias_query(const struct kl_answer *answer, uint16_t id, struct kl_buf *out)
{
	ldns_pkt *query = NULL;
	int rc = -EINVAL;

	if (ldns_pkt_query_new_frm_str(&query, answer->alias, (ldns_rr_type)answer->type, LDNS_RR_CLASS_IN, LDNS_RD) !=
		LDNS_STATUS_OK)
		return -EINVAL;
	ldns_pkt_set_id(query, id);
	ldns_pkt_set_edns_udp_size(query, KL_ANSWER_UDP_MAX);
	rc = append_wire(query, out);
	ldns_pkt_free(query);
	return rc;
}

void kl_answer_alias(struct kl_answer *answer, const void *reply, size_t len)
{
	ldns_pkt *packet = NULL;

	answer->step = KL_ANSWER_READY;
	if (!reply || ldns_wire2pkt(&packet, reply, len) != LDNS_STATUS_OK) {
		kl_answer_fail(answer);
		return;
	}
	const ldns_rr_list *records = ldns_pkt_answer(packet);
	for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++)
		ldns_pkt_push_rr(answer->reply, LDNS_SECTION_ANSWER, ldns_rr_clone(ldns_rr_list_rr(records, i)));
	ldns_pkt_set_rcode(answer->reply, (uint8_t)ldns_pkt_get_rcode(packet));
	ldns_pkt_set_aa(answer->reply, false);
	ldns_pkt_free(packet);
}

/* --- bytes */

static int truncated(ldns_pkt *whole, struct kl_buf *out)
{
	drop_records(whole);
	ldns_pkt_set_tc(whole, true);
	return append_wire(whole, out);
}

int kl_answer_wire(const struct kl_answer *answer, size_t max, struct kl_buf *out)
{
	size_t before = out->len;
	int rc = append_wire(answer->reply, out);

	if (rc || out->len - before <= max)
		return rc;
	out->len = before;
	return truncated(answer->reply, out);
}

int kl_answer_fit(const void *reply, size_t len, size_t max, struct kl_buf *out)
{
	ldns_pkt *packet = NULL;

	if (len <= max) {
		kl_buf_push(out, reply, len);
		return 0;
	}
	if (ldns_wire2pkt(&packet, reply, len) != LDNS_STATUS_OK)
		return -EBADMSG;
	int rc = truncated(packet, out);
	ldns_pkt_free(packet);
	return rc;
}
