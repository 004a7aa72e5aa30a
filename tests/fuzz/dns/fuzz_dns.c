/* A datagram as a query, and as the reply of an upstream; what comes out is a packet that fits. */
#include "answer.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct kl_zone *zone_make(void)
{
	static const char *const services[] = {"{\"metadata\":{\"name\":\"web\",\"namespace\":\"a\"},\"spec\":{"
					       "\"clusterIPs\":[\"10.3.0.1\",\"fd00::1\"],"
					       "\"ports\":[{\"name\":\"h\",\"port\":80}]}}",
		"{\"metadata\":{\"name\":\"x\",\"namespace\":\"a\"},\"spec\":{\"type\":\"ExternalName\","
		"\"externalName\":\"e.org\"}}",
		"{\"metadata\":{\"name\":\"y\",\"namespace\":\"a\"},\"spec\":{\"type\":\"ExternalName\","
		"\"externalName\":"
		"\"web.a.svc.c\"}}"};
	struct kl_zone *zone = kl_zone_new("c");
	for (size_t i = 0; i < KL_ARRAY_LEN(services); i++) {
		kl_autojson *object = kl_json_parse(services[i], strlen(services[i]), NULL);
		kl_zone_put_service(zone, object);
	}
	return zone;
}

static void check_wire(const struct kl_buf *out, size_t max)
{
	ldns_pkt *packet = NULL;
	if (out->len > max || ldns_wire2pkt(&packet, (const uint8_t *)out->data, out->len) != LDNS_STATUS_OK)
		abort();
	if (!ldns_pkt_qr(packet))
		abort();
	ldns_pkt_free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kl_zone *zone;
	struct kl_answer answer;
	kl_autobuf out = {0}, fitted = {0}, query = {0};
	if (!zone)
		zone = zone_make();
	kl_answer_make(zone, true, data, size, &answer);
	if (answer.step == KL_ANSWER_ALIAS && !kl_answer_alias_query(&answer, 1, &query))
		kl_answer_alias(&answer, data, size);
	if (answer.step != KL_ANSWER_IGNORE && !kl_answer_wire(&answer, answer.udp_max, &out))
		check_wire(&out, answer.udp_max);
	kl_answer_fit(data, size, 512, &fitted);
	kl_answer_release(&answer);
	return 0;
}
