/*
 * Names of a cluster from the API's objects to the bytes of replies, against the specification's examples.
 */
#include "answer.h"

#include "testlib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kl_zone *zone;

static void put(const char *text, void (*call)(struct kl_zone *, const json_t *))
{
	kl_autojson *object = kl_json_parse(text, strlen(text), NULL);

	if (KL_CHECK(object != NULL))
		call(zone, object);
}

#define SLICE(name, service, endpoints)                                                   \
	"{\"metadata\":{\"name\":\"" name                                                 \
	"\",\"namespace\":\"prod\",\"labels\":{\"kubernetes.io/service-name\":\"" service \
	"\"}},\"endpoints\":[" endpoints "],\"ports\":[{\"name\":\"db\",\"protocol\":\"TCP\",\"port\":5432}]}"

static const char web[] =
	"{\"metadata\":{\"name\":\"web\",\"namespace\":\"prod\"},\"spec\":{\"clusterIP\":\"10.3.0.100\","
	"\"clusterIPs\":[\"10.3.0.100\",\"fd00::64\"],\"ports\":[{\"name\":\"https\",\"protocol\":\"TCP\","
	"\"port\":443},{\"name\":\"dns\",\"protocol\":\"UDP\",\"port\":53}]}}";
static const char db[] = "{\"metadata\":{\"name\":\"db\",\"namespace\":\"prod\"},\"spec\":{\"clusterIP\":\"None\","
			 "\"clusterIPs\":[\"None\"],\"ports\":[{\"name\":\"db\",\"port\":5432}]}}";
static const char db_slice[] = SLICE("db-1", "db",
	"{\"addresses\":[\"10.1.0.1\"],\"hostname\":\"db-0\",\"conditions\":{\"ready\":true}},"
	"{\"addresses\":[\"10.1.0.2\"],\"conditions\":{}},"
	"{\"addresses\":[\"10.1.0.3\"],\"hostname\":\"db-2\",\"conditions\":{\"ready\":false}}");

static void fill(void)
{
	zone = kl_zone_new("cluster.local");
	put(web, kl_zone_put_service);
	put(db, kl_zone_put_service);
	put(db_slice, kl_zone_put_slice);
	put("{\"metadata\":{\"name\":\"out\",\"namespace\":\"prod\"},\"spec\":{\"type\":\"ExternalName\","
	    "\"externalName\":\"www.example.org\"}}",
		kl_zone_put_service);
	put("{\"metadata\":{\"name\":\"in\",\"namespace\":\"prod\"},\"spec\":{\"type\":\"ExternalName\","
	    "\"externalName\":\"web.prod.svc.cluster.local\"}}",
		kl_zone_put_service);
	put("{\"metadata\":{\"name\":\"round\",\"namespace\":\"prod\"},\"spec\":{\"type\":\"ExternalName\","
	    "\"externalName\":\"round.prod.svc.cluster.local\"}}",
		kl_zone_put_service);
	put("{\"metadata\":{\"name\":\"kube-dns\",\"namespace\":\"kube-system\"},\"spec\":{\"clusterIP\":\"10.3.0.10\"}"
	    "}",
		kl_zone_put_service);
}

/* A whole exchange, as text: "rcode: owner type data; …". */
static char *ask_with(const char *name, ldns_rr_type type, uint16_t edns, size_t *ret_bytes)
{
	ldns_pkt *query = NULL, *reply = NULL;
	struct kl_answer answer;
	kl_autobuf out = {0}, text = {0};
	uint8_t *wire = NULL;
	size_t len;

	ldns_pkt_query_new_frm_str(&query, name, type, LDNS_RR_CLASS_IN, LDNS_RD);
	ldns_pkt_set_id(query, 4711);
	ldns_pkt_set_edns_udp_size(query, edns);
	ldns_pkt2wire(&wire, query, &len);
	kl_answer_make(zone, true, wire, len, &answer);
	free(wire);
	ldns_pkt_free(query);
	if (answer.step != KL_ANSWER_READY)
		kl_buf_printf(&text, "%s%s", answer.step == KL_ANSWER_FORWARD ? "forward" : "alias ", answer.alias);
	if (answer.step == KL_ANSWER_READY) {
		KL_CHECK_INT(kl_answer_wire(&answer, answer.udp_max, &out), 0);
		KL_CHECK_INT(ldns_wire2pkt(&reply, (uint8_t *)out.data, out.len), LDNS_STATUS_OK);
		KL_CHECK(out.len <= answer.udp_max);
		KL_CHECK(ldns_pkt_id(reply) == 4711 && ldns_pkt_qr(reply) && ldns_pkt_rd(reply));
		static const char *const codes[] = {"ok", "formerr", "servfail", "nxdomain"};
		kl_buf_str_push(&text, ldns_pkt_tc(reply) ? "truncated" : codes[ldns_pkt_get_rcode(reply)]);
		for (size_t i = 0; i < ldns_rr_list_rr_count(ldns_pkt_answer(reply)); i++) {
			const ldns_rr *rr = ldns_rr_list_rr(ldns_pkt_answer(reply), i);
			for (size_t k = 0; k < ldns_rr_rd_count(rr); k++) {
				char *word = ldns_rdf2str(ldns_rr_rdf(rr, k));
				kl_buf_printf(&text, "%s%s", k ? " " : "; ", word);
				free(word);
			}
		}
		bool absent = !ldns_rr_list_rr_count(ldns_pkt_answer(reply)) && !ldns_pkt_tc(reply);
		KL_CHECK_INT(ldns_rr_list_rr_count(ldns_pkt_authority(reply)), absent); /* the SOA */
	}
	if (ret_bytes)
		*ret_bytes = out.len;
	ldns_pkt_free(reply);
	kl_answer_release(&answer);
	return kl_buf_take(&text);
}

static char *ask(const char *name, ldns_rr_type type)
{
	return ask_with(name, type, 0, NULL);
}

KL_TEST(names_of_the_specification)
{
	static const struct {
		const char *name;
		ldns_rr_type type;
		const char *want;
	} cases[] = {
		{"web.prod.svc.cluster.local.", LDNS_RR_TYPE_A, "ok; 10.3.0.100"},
		{"WEB.Prod.SVC.cluster.LOCAL.", LDNS_RR_TYPE_A, "ok; 10.3.0.100"},
		{"web.prod.svc.cluster.local.", LDNS_RR_TYPE_AAAA, "ok; fd00::64"},
		{"web.prod.svc.cluster.local.", LDNS_RR_TYPE_MX, "ok"},
		{"web.other.svc.cluster.local.", LDNS_RR_TYPE_A, "nxdomain"},
		{"none.prod.svc.cluster.local.", LDNS_RR_TYPE_A, "nxdomain"},
		{"x.web.prod.svc.cluster.local.", LDNS_RR_TYPE_A, "nxdomain"},
		{"a.b.c.d.e.prod.svc.cluster.local.", LDNS_RR_TYPE_A, "nxdomain"},
		{"prod.svc.cluster.local.", LDNS_RR_TYPE_A, "ok"},
		{"nobody.svc.cluster.local.", LDNS_RR_TYPE_A, "nxdomain"}, {"svc.cluster.local.", LDNS_RR_TYPE_A, "ok"},
		{"cluster.local.", LDNS_RR_TYPE_A, "ok"}, {"nothing.cluster.local.", LDNS_RR_TYPE_A, "nxdomain"},
		{"_https._tcp.web.prod.svc.cluster.local.", LDNS_RR_TYPE_SRV,
			"ok; 0 100 443 web.prod.svc.cluster.local."},
		{"_dns._udp.web.prod.svc.cluster.local.", LDNS_RR_TYPE_SRV, "ok; 0 100 53 web.prod.svc.cluster.local."},
		{"_dns._tcp.web.prod.svc.cluster.local.", LDNS_RR_TYPE_SRV, "nxdomain"},
		{"dns._udp.web.prod.svc.cluster.local.", LDNS_RR_TYPE_SRV, "nxdomain"},
		{"web.prod.svc.cluster.local.", LDNS_RR_TYPE_SRV,
			"ok; 0 100 443 web.prod.svc.cluster.local.; 0 100 53 web.prod.svc.cluster.local."},
		{"db.prod.svc.cluster.local.", LDNS_RR_TYPE_A, "ok; 10.1.0.1; 10.1.0.2"},
		{"db.prod.svc.cluster.local.", LDNS_RR_TYPE_A, "ok; 10.1.0.2; 10.1.0.1"}, /* in turns */
		{"db.prod.svc.cluster.local.", LDNS_RR_TYPE_AAAA, "ok"},
		{"db-0.db.prod.svc.cluster.local.", LDNS_RR_TYPE_A, "ok; 10.1.0.1"},
		{"10-1-0-2.db.prod.svc.cluster.local.", LDNS_RR_TYPE_A, "ok; 10.1.0.2"},
		{"db-2.db.prod.svc.cluster.local.", LDNS_RR_TYPE_A, "nxdomain"}, /* not ready */
		{"_db._tcp.db.prod.svc.cluster.local.", LDNS_RR_TYPE_SRV,
			"ok; 0 100 5432 db-0.db.prod.svc.cluster.local.; 0 100 5432 "
			"10-1-0-2.db.prod.svc.cluster.local."},
		{"out.prod.svc.cluster.local.", LDNS_RR_TYPE_A, "alias www.example.org"},
		{"out.prod.svc.cluster.local.", LDNS_RR_TYPE_CNAME, "ok; www.example.org."},
		{"in.prod.svc.cluster.local.", LDNS_RR_TYPE_A, "ok; web.prod.svc.cluster.local.; 10.3.0.100"},
		{"10-1-0-9.prod.pod.cluster.local.", LDNS_RR_TYPE_A, "ok; 10.1.0.9"},
		{"fd00--9.prod.pod.cluster.local.", LDNS_RR_TYPE_AAAA, "ok; fd00::9"},
		{"10-1-0.prod.pod.cluster.local.", LDNS_RR_TYPE_A, "nxdomain"},
		{"100.0.3.10.in-addr.arpa.", LDNS_RR_TYPE_PTR, "ok; web.prod.svc.cluster.local."},
		{"1.0.1.10.in-addr.arpa.", LDNS_RR_TYPE_PTR, "ok; db-0.db.prod.svc.cluster.local."},
		{"2.0.1.10.in-addr.arpa.", LDNS_RR_TYPE_PTR, "forward"}, /* without a hostname */
		{"4.6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.", LDNS_RR_TYPE_PTR,
			"ok; web.prod.svc.cluster.local."},
		{"1.1.1.1.in-addr.arpa.", LDNS_RR_TYPE_PTR, "forward"},
		{"dns-version.cluster.local.", LDNS_RR_TYPE_TXT, "ok; \"1.1.0\""},
		{"cluster.local.", LDNS_RR_TYPE_NS, "ok; ns.dns.cluster.local."},
		{"ns.dns.cluster.local.", LDNS_RR_TYPE_A, "ok; 10.3.0.10"}, {"example.org.", LDNS_RR_TYPE_A, "forward"},
		{"local.", LDNS_RR_TYPE_A, "forward"},
		{"web.prod.svc.cluster.local.example.org.", LDNS_RR_TYPE_A, "forward"},
		{"web\\.prod.svc.cluster.local.", LDNS_RR_TYPE_A, "nxdomain"}, /* one label, not two */
	};

	fill();
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autofree char *got = ask(cases[i].name, cases[i].type);
		if (!KL_CHECK_STR(got, cases[i].want))
			kl_test_failed(__FILE__, __LINE__, "that was %s type %d", cases[i].name, cases[i].type);
	}
	kl_autofree char *soa = ask("cluster.local.", LDNS_RR_TYPE_SOA);
	KL_CHECK_STR(soa, "ok; ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 5");
	kl_autofree char *round = ask("round.prod.svc.cluster.local.", LDNS_RR_TYPE_A);
	KL_CHECK(!strncmp(round, "ok; round", 9)); /* ends */
	kl_zone_free(zone);
}

KL_TEST(names_come_and_go)
{
	fill();
	KL_CHECK_INT(kl_zone_services(zone), 6);
	put(db, kl_zone_delete_service);
	kl_autofree char *gone = ask("db.prod.svc.cluster.local.", LDNS_RR_TYPE_A);
	KL_CHECK_STR(gone, "nxdomain");
	put(db, kl_zone_put_service); /* its slice was there all the time */
	put(SLICE("db-1", "db", "{\"addresses\":[\"10.1.0.7\"]}"), kl_zone_put_slice);
	put(SLICE("db-2", "db", "{\"addresses\":[\"10.1.0.8\"]}"), kl_zone_put_slice);
	kl_autofree char *both = ask("db.prod.svc.cluster.local.", LDNS_RR_TYPE_A);
	KL_CHECK(strstr(both, "10.1.0.7") && strstr(both, "10.1.0.8") &&
		 strlen(both) == strlen("ok; 10.1.0.7; 10.1.0.8"));
	put(SLICE("db-1", "db", ""), kl_zone_delete_slice);
	kl_autofree char *one = ask("db.prod.svc.cluster.local.", LDNS_RR_TYPE_A);
	KL_CHECK_STR(one, "ok; 10.1.0.8");
	KL_CHECK_STR(kl_zone_cluster_ips(zone, "kube-system", "kube-dns")[0], "10.3.0.10");
	KL_CHECK(!kl_zone_cluster_ips(zone, "kube-system", "other")[0]);
	kl_zone_free(zone);
}

/* 200 endpoints do not fit into a datagram: the client is told to come by TCP. */
KL_TEST(long_answers_are_cut)
{
	kl_autobuf text = {0};
	size_t bytes;

	zone = kl_zone_new("cluster.local");
	put(db, kl_zone_put_service);
	for (int i = 0; i < 200; i++)
		kl_buf_printf(&text, "%s{\"addresses\":[\"10.1.0.%d\"]}", i ? "," : "", i);
	kl_autofree char *slice = kl_asprintf("{\"metadata\":{\"name\":\"s\",\"namespace\":\"prod\",\"labels\":{"
					      "\"kubernetes.io/service-name\":\"db\"}},\"endpoints\":[%s]}",
		kl_buf_str(&text));
	put(slice, kl_zone_put_slice);
	kl_autofree char *small = ask_with("db.prod.svc.cluster.local.", LDNS_RR_TYPE_A, 0, &bytes);
	KL_CHECK_STR(small, "truncated");
	kl_autofree char *large = ask_with("db.prod.svc.cluster.local.", LDNS_RR_TYPE_A, 4096, &bytes);
	KL_CHECK_STR(large, "truncated"); /* never more than 1,232 bytes in a datagram */
	kl_zone_free(zone);
}

KL_TEST(what_is_no_query)
{
	static const uint8_t cut[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'e'};
	static const uint8_t none[] = {0x12, 0x34, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t reply[] = {0x12, 0x34, 0x81, 0x80, 0, 0, 0, 0, 0, 0, 0, 0};
	struct kl_answer answer;

	zone = kl_zone_new("cluster.local");
	kl_answer_make(zone, true, cut, sizeof(cut), &answer);
	KL_CHECK_INT(ldns_pkt_get_rcode(answer.reply), LDNS_RCODE_FORMERR);
	KL_CHECK_INT(ldns_pkt_id(answer.reply), 0x1234);
	kl_answer_release(&answer);
	kl_answer_make(zone, true, none, sizeof(none), &answer);
	KL_CHECK_INT(ldns_pkt_get_rcode(answer.reply), LDNS_RCODE_FORMERR);
	kl_answer_release(&answer);
	kl_answer_make(zone, true, reply, sizeof(reply), &answer);
	KL_CHECK_INT(answer.step, KL_ANSWER_IGNORE);
	kl_answer_release(&answer);
	kl_answer_make(zone, true, cut, 5, &answer);
	KL_CHECK_INT(answer.step, KL_ANSWER_IGNORE);
	kl_answer_release(&answer);
	kl_zone_free(zone);
}

KL_MAIN()
