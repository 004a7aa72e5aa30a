#include "flows_event.h"
#include "lb_service.h"
#include "look.h"
#include "maglev_table.h"
#include "mapnames.h"
#include "testlib.h"
#include "trace_frame.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* --- counters */

KL_TEST(every_counter_has_one_row)
{
	size_t count;
	const struct kl_counter_row *rows = kl_counter_rows(&count);
	unsigned seen[sizeof(struct kl_map_counters) / sizeof(uint64_t)] = {0};
	size_t known = offsetof(struct kl_map_counters, reserved) / sizeof(uint64_t);
	for (size_t i = 0; i < count; i++) {
		seen[rows[i].index]++;
		KL_CHECK(rows[i].kind != KL_COUNTER_DROP || (rows[i].reason && rows[i].advice));
		KL_CHECK(kl_counter_row(rows[i].index) == &rows[i]);
	}
	for (size_t i = 0; i < known; i++)
		if (seen[i] != 1)
			kl_test_failed(__FILE__, __LINE__,
				"word %zu of struct kl_map_counters has %u rows in mapnames.c", i, seen[i]);
}

/* --- Services by name */

KL_TEST(a_service_is_meant_by_name_key_or_port)
{
	static const struct {
		const char *key, *wanted;
		bool match;
	} cases[] = {
		{"default/web:8080", "web", true},
		{"default/web:8080", "default/web", true},
		{"default/web:8080", "default/web:8080", true},
		{"default/web:8080", "web:8080", true},
		{"default/web:8080", "we", false},
		{"default/web:8080", "other/web", false},
		{"default/web:8080", "default/web:80", false},
		{"default/dns:dns/UDP", "dns", true},
		{"default/dns:dns/UDP", "default/dns:dns", true},
		{"default/web-2:80", "web", false},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++)
		if (kl_lb_matches(cases[i].key, cases[i].wanted) != cases[i].match)
			kl_test_failed(__FILE__, __LINE__, "'%s' for '%s'", cases[i].wanted, cases[i].key);
}

KL_TEST(ends_are_parsed)
{
	static const struct {
		const char *text, *addr;
		int port; /* -1: refused */
	} cases[] = {
		{"10.0.0.1", "10.0.0.1", 0},
		{"10.0.0.1:80", "10.0.0.1", 80},
		{"[fd00::1]:443", "fd00::1", 443},
		{"[fd00::1]", "fd00::1", 0},
		{"fd00::1", "fd00::1", 0},
		{"10.0.0.1:", NULL, -1},
		{"10.0.0.1:0", NULL, -1},
		{"10.0.0.1:65536", NULL, -1},
		{"10.0.0.1:8x", NULL, -1},
		{"[fd00::1", NULL, -1},
		{"[fd00::1]80", NULL, -1},
		{"web", NULL, -1},
		{"", NULL, -1},
		{"1111111111111111111111111111111111111111111111111111111111111111111111", NULL, -1},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_addr addr;
		uint16_t port = 0;
		char text[KL_ADDR_TEXT];
		bool fine = !kl_endpoint_parse(cases[i].text, &addr, &port);
		if (fine != (cases[i].port >= 0))
			kl_test_failed(__FILE__, __LINE__, "'%s'", cases[i].text);
		if (!fine || cases[i].port < 0)
			continue;
		kl_addr_format(&addr, text);
		KL_CHECK_STR(text, cases[i].addr);
		KL_CHECK_INT(port, cases[i].port);
	}
}

KL_TEST(kinds_and_flags_are_parsed)
{
	uint8_t flags;
	KL_CHECK_INT(kl_event_kinds_parse("new"), 1 << KL_EVENT_NEW);
	KL_CHECK_INT(kl_event_kinds_parse("new,drop"), 1 << KL_EVENT_NEW | 1 << KL_EVENT_DROP);
	KL_CHECK_INT(kl_event_kinds_parse("all"), (1 << (KL_EVENT_DROP + 1)) - 1);
	KL_CHECK_INT(kl_event_kinds_parse("nonsense"), 0);
	KL_CHECK_INT(kl_event_kinds_parse("new,nonsense"), 0);
	KL_CHECK_INT(kl_tcp_flags_parse("syn", &flags), 0);
	KL_CHECK_INT(flags, 2);
	KL_CHECK_INT(kl_tcp_flags_parse("SYN,ack", &flags), 0);
	KL_CHECK_INT(flags, 0x12);
	KL_CHECK(kl_tcp_flags_parse("sin", &flags) < 0);
	KL_CHECK(kl_tcp_flags_parse("", &flags) < 0);
}

KL_TEST(sizes_read_well)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {{0, "0 B"}, {1023, "1023 B"}, {1536, "1.5 KiB"}, {10240, "10 KiB"}, {5ull << 30, "5.0 GiB"}};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autofree char *text = kl_bytes_text(cases[i].bytes);
		KL_CHECK_STR(text, cases[i].text);
	}
}

/* --- frames */

static void fill_key(
	struct kl_flow_key *key, const char *from, const char *to, uint16_t sport, uint16_t dport, uint8_t proto)
{
	struct kl_addr addr;
	memset(key, 0, sizeof(*key));
	kl_addr_parse(from, &addr);
	memcpy(key->saddr, addr.bytes, 16);
	kl_addr_parse(to, &addr);
	memcpy(key->daddr, addr.bytes, 16);
	key->sport = htons(sport);
	key->dport = htons(dport);
	key->proto = proto;
}

/* RFC 1071: the sum over everything, checksums included, is all ones. */
static uint16_t sum16(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

KL_TEST(a_made_frame_reads_back)
{
	static const struct {
		const char *from, *to;
		uint8_t proto;
		size_t header;
		const char *layer;
	} cases[] = {
		{"192.0.2.1", "10.0.0.1", 6, 14 + 20 + 20, "tcp"},
		{"192.0.2.1", "10.0.0.1", 17, 14 + 20 + 8, "udp"},
		{"192.0.2.1", "10.0.0.1", 132, 14 + 20 + 12, "sctp"},
		{"2001:db8::1", "fd00::1", 6, 14 + 40 + 20, "tcp"},
		{"2001:db8::1", "fd00::1", 17, 14 + 40 + 8, "udp"},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_frame_spec spec = {.payload = 11, .tcp_flags = 0x12};
		struct kl_flow_key key;
		uint8_t frame[KL_FRAME_MAX];
		fill_key(&spec.key, cases[i].from, cases[i].to, 40000, 80, cases[i].proto);
		size_t len = kl_frame_build(&spec, frame);
		KL_CHECK_INT(len, cases[i].header + 11);
		KL_CHECK_INT(kl_frame_key(frame, len, &key), 0);
		KL_CHECK(!memcmp(&key, &spec.key, sizeof(key)));
		kl_autojson *layers = kl_frame_json(frame, len, 0);
		KL_CHECK_INT(json_array_size(layers), 3);
		KL_CHECK_STR(kl_json_str(json_array_get(layers, 2), "layer", NULL), cases[i].layer);
		KL_CHECK_INT(kl_json_int(json_array_get(layers, 2), 0, "destination", NULL), 80);
		if (frame[14] >> 4 == 4)
			KL_CHECK_INT(sum16(frame + 14, 20, 0), 0xffff);
	}
}

KL_TEST(transport_checksums_are_right)
{
	struct kl_frame_spec spec = {.payload = 5, .tcp_flags = 2};
	uint8_t frame[KL_FRAME_MAX];
	fill_key(&spec.key, "192.0.2.1", "10.0.0.1", 1234, 80, 6);
	size_t len = kl_frame_build(&spec, frame), segment = len - 34;
	KL_CHECK_INT(sum16(frame + 34, segment, 6 + (uint32_t)segment + sum16(frame + 26, 8, 0)), 0xffff);
	fill_key(&spec.key, "2001:db8::1", "fd00::1", 1234, 53, 17);
	len = kl_frame_build(&spec, frame);
	segment = len - 54;
	KL_CHECK_INT(sum16(frame + 54, segment, 17 + (uint32_t)segment + sum16(frame + 22, 32, 0)), 0xffff);
}

/* An IPv4 packet in IPv4, and one in UDP with Geneve's header: the innermost flow is the one that counts. */
KL_TEST(envelopes_are_looked_into)
{
	struct kl_frame_spec inner = {.tcp_flags = 2}, outer = {.payload = 0};
	uint8_t frame[KL_FRAME_MAX], wrapped[KL_FRAME_MAX];
	struct kl_flow_key key;
	fill_key(&inner.key, "192.0.2.9", "203.0.113.1", 5555, 443, 6);
	size_t len = kl_frame_build(&inner, frame) - 14;
	fill_key(&outer.key, "10.0.0.1", "10.0.0.2", 1, 6081, 17);
	kl_frame_build(&outer, wrapped);
	wrapped[23] = 4; /* IPIP: the packet right behind the IP header */
	memcpy(wrapped + 34, frame + 14, len);
	KL_CHECK_INT(kl_frame_key(wrapped, 34 + len, &key), 0);
	KL_CHECK(!memcmp(&key, &inner.key, sizeof(key)));
	wrapped[23] = 17;
	outer.payload = (uint16_t)(8 + len);
	kl_frame_build(&outer, wrapped);
	memset(wrapped + 42, 0, 8);
	wrapped[44] = 0x08; /* EtherType IPv4 */
	memcpy(wrapped + 50, frame + 14, len);
	kl_autojson *layers = kl_frame_json(wrapped, 50 + len, 6081);
	KL_CHECK_INT(json_array_size(layers), 6); /* eth ip udp geneve ip tcp */
	KL_CHECK_STR(kl_json_str(json_array_get(layers, 3), "layer", NULL), "geneve");
	KL_CHECK_STR(kl_json_str(json_array_get(layers, 4), "destination", NULL), "203.0.113.1");
	kl_autojson *closed = kl_frame_json(wrapped, 50 + len, 0);
	KL_CHECK_INT(json_array_size(closed), 3);
}

/* Whatever the bytes are and wherever they are cut off, nothing is read behind them (ASan looks on). */
KL_TEST(odd_frames_do_no_harm)
{
	for (int round = 0; round < 20000; round++) {
		size_t len = kl_test_random() % 120;
		uint8_t *frame = malloc(len + 1);
		struct kl_flow_key key;
		for (size_t i = 0; i < len; i++)
			frame[i] = (uint8_t)kl_test_random();
		if (len > 14 && round % 2) {
			static const uint8_t types[][2] = {{0x08, 0x00}, {0x86, 0xdd}};
			memcpy(frame + 12, types[round / 2 % 2], 2);
			if (len > 23)
				frame[round / 2 % 2 ? 20 : 23] = (uint8_t[]){4, 6, 17, 41}[round / 4 % 4];
		}
		kl_frame_key(frame, len, &key);
		json_decref(kl_frame_json(frame, len, 6081));
		free(frame);
	}
}

/* --- Maglev */

static struct kl_backend *some_backends(size_t count)
{
	struct kl_backend *backends = kl_calloc(count, sizeof(*backends));
	for (size_t i = 0; i < count; i++) {
		kl_autofree char *text = kl_asprintf("10.1.%zu.%zu", i / 200, i % 200 + 1);
		kl_addr_parse(text, &backends[i].addr);
		backends[i].port = 80;
		backends[i].weight = 1;
		backends[i].flags = KL_BACKEND_READY;
	}
	return backends;
}

KL_TEST(a_table_moves_little_when_a_backend_goes)
{
	for (size_t count = 2; count < 60; count += 7) {
		kl_autofree struct kl_backend *backends = some_backends(count);
		kl_automaglev all, fewer, again;
		struct kl_maglev_change change, none;
		kl_maglev_table_compute(backends, count, &all);
		kl_maglev_table_compute(backends, count, &again);
		kl_maglev_table_compute(backends + 1, count - 1, &fewer);
		kl_maglev_table_compare(&all, &fewer, &change);
		kl_maglev_table_compare(&all, &again, &none);
		KL_CHECK(kl_maglev_table_equal(&all, &again));
		KL_CHECK(kl_maglev_table_hash(&all) == kl_maglev_table_hash(&again));
		KL_CHECK(kl_maglev_table_hash(&all) != kl_maglev_table_hash(&fewer));
		KL_CHECK(none.moved == 0 && none.necessary == 0 && none.slots_changed == 0);
		/* What the gone one had must move; a little more does. Another size moves more. */
		KL_CHECK(change.moved >= change.necessary - 1e-9);
		KL_CHECK(change.necessary > 0.5 / (double)count && change.necessary < 2.0 / (double)count);
		if (all.size == fewer.size)
			KL_CHECK(change.moved < change.necessary + 0.1);
	}
}

KL_TEST(a_table_to_nothing_moves_all)
{
	kl_autofree struct kl_backend *backends = some_backends(3);
	kl_automaglev all, none;
	struct kl_maglev_change change;
	kl_maglev_table_compute(backends, 3, &all);
	kl_maglev_table_compute(backends, 0, &none);
	kl_maglev_table_compare(&all, &none, &change);
	KL_CHECK(change.moved == 1 && change.necessary == 1);
	kl_maglev_table_compare(&none, &none, &change);
	KL_CHECK(change.moved == 0);
}

/* --- events */

static json_t *status_of_pods(void)
{
	return json_pack("{s:[{s:s,s:s,s:[s],s:i},{s:s,s:s,s:[s,s],s:i}]}", "pods", "namespace", "default", "name", "a",
		"ips", "10.1.0.1", "ifindex", 7, "namespace", "other", "name", "b", "ips", "10.1.0.2", "fd00::2",
		"ifindex", 8);
}

static void words(const char *text, __be32 ret[4])
{
	struct kl_addr addr;
	kl_addr_parse(text, &addr);
	memcpy(ret, addr.bytes, 16);
}

KL_TEST(events_are_filtered)
{
	kl_autojson *status = status_of_pods();
	struct kl_pod_names *names = kl_pod_names_new(status);
	struct kl_map_name keys[2] = {{.key = ""}, {.key = "default/web:80"}};
	struct kl_maps maps = {.names = keys};
	const struct kl_event_view view = {&maps, names, 0};
	struct kl_map_event event = {
		.kind = KL_EVENT_CONNECT, .hook = KL_HOOK_SOCKET, .proto = 6, .service = 1, .ifindex = 7};
	maps.entries[KL_MAP_NAMES] = 2;
	words("0.0.0.0", event.client);
	words("10.96.0.1", event.frontend);
	words("10.1.0.2", event.backend);
	event.frontend_port = htons(80);
	event.backend_port = htons(8080);
	static const struct {
		const char *service, *from, *to;
		uint8_t proto;
		uint32_t kinds;
		bool match;
	} cases[] = {
		{NULL, NULL, NULL, 0, 1, true},
		{NULL, NULL, NULL, 0, 2, false},
		{"web", NULL, NULL, 0, 1, true},
		{"api", NULL, NULL, 0, 1, false},
		{NULL, "a", NULL, 0, 1, true}, /* by its interface: a socket that connects has no address yet */
		{NULL, "default/a", NULL, 6, 1, true},
		{NULL, "other/b", NULL, 0, 1, false},
		{NULL, NULL, "b", 0, 1, true},
		{NULL, NULL, "10.1.0.2:8080", 0, 1, true},
		{NULL, NULL, "10.96.0.1", 0, 1, true},
		{NULL, NULL, "10.96.0.1:81", 0, 1, false},
		{NULL, NULL, NULL, 17, 1, false},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_event_filter filter = {
			.service = cases[i].service, .proto = cases[i].proto, .kinds = cases[i].kinds};
		if (cases[i].from)
			KL_CHECK_INT(kl_end_parse(names, cases[i].from, &filter.from), 0);
		if (cases[i].to)
			KL_CHECK_INT(kl_end_parse(names, cases[i].to, &filter.to), 0);
		if (kl_event_matches(&filter, &view, &event) != cases[i].match)
			kl_test_failed(__FILE__, __LINE__, "case %zu", i);
	}
	kl_autojson *json = kl_event_json(&view, &event);
	KL_CHECK_STR(kl_json_str(json, "clientPod", NULL), "default/a");
	KL_CHECK_STR(kl_json_str(json, "backendPod", NULL), "other/b");
	KL_CHECK_STR(kl_json_str(json, "service", NULL), "default/web:80");
	KL_CHECK(json_object_get(json, "client") == NULL);
	kl_pod_names_free(names);
}

KL_MAIN()
