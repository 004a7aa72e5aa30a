#include "trace_frame.h"

#include "flows_event.h"
#include "look.h"
#include "mapnames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ETH = 14, IP4 = 20, IP6 = 40, TCP = 20, UDP = 8, SCTP = 12, GENEVE = 8 };
enum { TYPE_IP4 = 0x0800, TYPE_IP6 = 0x86dd, TYPE_ETH = 0x6558 };
enum { PROTO_IPIP = 4, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_IP6 = 41, PROTO_SCTP = 132 };

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static bool key_is_v4(const struct kl_flow_key *key)
{
	return !key->saddr[0] && !key->saddr[1] && key->saddr[2] == htonl(0xffff);
}

/* --- building */

static uint32_t add_bytes(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* RFC 1071 over the pseudo header and the segment. */
static uint16_t transport_sum(const struct kl_flow_key *key, const uint8_t *segment, size_t len)
{
	uint32_t sum = add_bytes(key->proto + (uint32_t)len, segment, len);
	const uint8_t *saddr = (const uint8_t *)key->saddr, *daddr = (const uint8_t *)key->daddr;
	size_t skip = key_is_v4(key) ? 12 : 0;
	return fold(add_bytes(add_bytes(sum, saddr + skip, 16 - skip), daddr + skip, 16 - skip));
}

static uint32_t crc32c(const uint8_t *bytes, size_t len)
{
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static size_t build_transport(const struct kl_frame_spec *spec, uint8_t *at)
{
	const struct kl_flow_key *key = &spec->key;
	size_t header = key->proto == PROTO_TCP ? TCP : key->proto == PROTO_UDP ? UDP : SCTP;
	size_t len = header + spec->payload;
	memcpy(at, &key->sport, 2);
	memcpy(at + 2, &key->dport, 2);
	if (key->proto == PROTO_TCP) {
		put16(at + 6, 1); /* sequence number */
		at[12] = TCP / 4 << 4;
		at[13] = spec->tcp_flags;
		put16(at + 14, 64240);
		put16(at + 16, transport_sum(key, at, len));
	} else if (key->proto == PROTO_UDP) {
		put16(at + 4, (uint32_t)len);
		put16(at + 6, transport_sum(key, at, len));
	} else { /* RFC 9260: the sum in little-endian order */
		uint32_t sum = crc32c(at, len);
		memcpy(at + 8, &sum, sizeof(sum));
	}
	return len;
}

static size_t build_ip4(const struct kl_frame_spec *spec, uint8_t *ip, size_t segment)
{
	ip[0] = 0x45;
	put16(ip + 2, (uint32_t)(IP4 + segment));
	put16(ip + 6, 0x4000);
	ip[8] = spec->ttl ? spec->ttl : 64;
	ip[9] = (uint8_t)spec->key.proto;
	memcpy(ip + 12, &spec->key.saddr[3], 4);
	memcpy(ip + 16, &spec->key.daddr[3], 4);
	put16(ip + 10, fold(add_bytes(0, ip, IP4)));
	return IP4 + segment;
}

static size_t build_ip6(const struct kl_frame_spec *spec, uint8_t *ip, size_t segment)
{
	ip[0] = 0x60;
	put16(ip + 4, (uint32_t)segment);
	ip[6] = (uint8_t)spec->key.proto;
	ip[7] = spec->ttl ? spec->ttl : 64;
	memcpy(ip + 8, spec->key.saddr, 16);
	memcpy(ip + 24, spec->key.daddr, 16);
	return IP6 + segment;
}

size_t kl_frame_build(const struct kl_frame_spec *spec, uint8_t frame[KL_FRAME_MAX])
{
	bool v4 = key_is_v4(&spec->key);
	memset(frame, 0, KL_FRAME_MAX);
	memcpy(frame, spec->dmac, 6);
	memcpy(frame + 6, spec->smac, 6);
	put16(frame + 12, v4 ? TYPE_IP4 : TYPE_IP6);
	size_t segment = build_transport(spec, frame + ETH + (v4 ? IP4 : IP6));
	return ETH + (v4 ? build_ip4(spec, frame + ETH, segment) : build_ip6(spec, frame + ETH, segment));
}

/* --- reading */

/* What is left of the frame, and the layers found. */
struct reader {
	const uint8_t *at, *end;
	json_t *layers; /* NULL: not wanted */
	struct kl_flow_key *key;
	bool found; /* a flow: the innermost so far */
	uint16_t geneve_port;
};

static size_t left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

static void add_layer(struct reader *r, json_t *layer)
{
	if (r->layers)
		json_array_append_new(r->layers, layer);
	else
		json_decref(layer);
}

static void read_type(struct reader *r, uint16_t type, int depth);

static void read_geneve(struct reader *r, int depth)
{
	if (left(r) < GENEVE)
		return;
	uint32_t vni = (uint32_t)r->at[4] << 16 | (uint32_t)r->at[5] << 8 | r->at[6];
	uint16_t type = get16(r->at + 2);
	size_t options = (size_t)(r->at[0] & 0x3f) * 4;
	add_layer(r, json_pack("{s:s, s:i, s:i}", "layer", "geneve", "vni", (int)vni, "optionBytes", (int)options));
	r->at += left(r) < GENEVE + options ? left(r) : GENEVE + options;
	if (type == TYPE_ETH && left(r) >= ETH) {
		type = get16(r->at + 12);
		r->at += ETH;
	}
	read_type(r, type, depth + 1);
}

static void read_transport(struct reader *r, unsigned proto, int depth)
{
	char flags[9] = "";
	if ((proto != PROTO_TCP && proto != PROTO_UDP && proto != PROTO_SCTP) || left(r) < UDP)
		return;
	uint16_t dport = get16(r->at + 2);
	json_t *layer = json_pack("{s:s, s:i, s:i}", "layer",
		proto == PROTO_TCP   ? "tcp"
		: proto == PROTO_UDP ? "udp"
				     : "sctp",
		"source", get16(r->at), "destination", dport);
	if (proto == PROTO_TCP && left(r) >= TCP) {
		kl_tcp_flags_text(r->at[13], flags);
		json_object_set_new(layer, "flags", json_string(flags));
	}
	add_layer(r, layer);
	memcpy(&r->key->sport, r->at, 2);
	memcpy(&r->key->dport, r->at + 2, 2);
	r->key->proto = proto;
	r->found = true;
	if (proto == PROTO_UDP && r->geneve_port && dport == r->geneve_port) {
		r->at += UDP;
		read_geneve(r, depth);
	}
}

static void read_addresses(struct reader *r, const uint8_t *saddr, const uint8_t *daddr, bool v4)
{
	memset(r->key, 0, sizeof(*r->key));
	if (v4)
		r->key->saddr[2] = r->key->daddr[2] = htonl(0xffff);
	memcpy((uint8_t *)r->key->saddr + (v4 ? 12 : 0), saddr, v4 ? 4 : 16);
	memcpy((uint8_t *)r->key->daddr + (v4 ? 12 : 0), daddr, v4 ? 4 : 16);
}

static void read_ip(struct reader *r, bool v4, int depth)
{
	size_t header = v4 ? IP4 : IP6;
	char source[INET6_ADDRSTRLEN] = "", destination[INET6_ADDRSTRLEN] = "";
	if (left(r) < header || depth > 3)
		return;
	const uint8_t *ip = r->at, *saddr = ip + (v4 ? 12 : 8), *daddr = ip + (v4 ? 16 : 24);
	unsigned proto = v4 ? ip[9] : ip[6];
	inet_ntop(v4 ? AF_INET : AF_INET6, saddr, source, sizeof(source));
	inet_ntop(v4 ? AF_INET : AF_INET6, daddr, destination, sizeof(destination));
	read_addresses(r, saddr, daddr, v4);
	add_layer(r, json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "layer", v4 ? "ip" : "ip6", "source", source,
			     "destination", destination, "ttl", v4 ? ip[8] : ip[7], "length", get16(ip + (v4 ? 2 : 4)),
			     "protocol", (int)proto));
	size_t skip = v4 ? (size_t)(ip[0] & 15) * 4 : IP6;
	r->at += left(r) < skip ? left(r) : skip;
	if (proto == PROTO_IPIP)
		read_ip(r, true, depth + 1);
	else if (proto == PROTO_IP6)
		read_ip(r, false, depth + 1);
	else
		read_transport(r, proto, depth);
}

static void read_type(struct reader *r, uint16_t type, int depth)
{
	if (type == TYPE_IP4 || type == TYPE_IP6)
		read_ip(r, type == TYPE_IP4, depth);
}

static void read_frame(struct reader *r)
{
	char source[18], destination[18];
	if (left(r) < ETH)
		return;
	const uint8_t *eth = r->at;
	snprintf(destination, sizeof(destination), "%02x:%02x:%02x:%02x:%02x:%02x", eth[0], eth[1], eth[2], eth[3],
		eth[4], eth[5]);
	snprintf(source, sizeof(source), "%02x:%02x:%02x:%02x:%02x:%02x", eth[6], eth[7], eth[8], eth[9], eth[10],
		eth[11]);
	add_layer(r, json_pack("{s:s, s:s, s:s}", "layer", "eth", "source", source, "destination", destination));
	r->at += ETH;
	read_type(r, get16(eth + 12), 0);
}

json_t *kl_frame_json(const uint8_t *frame, size_t len, uint16_t geneve_port)
{
	struct kl_flow_key key;
	struct reader r = {
		.at = frame, .end = frame + len, .layers = json_array(), .key = &key, .geneve_port = geneve_port};
	read_frame(&r);
	return r.layers;
}

int kl_frame_key(const uint8_t *frame, size_t len, struct kl_flow_key *ret)
{
	struct reader r = {.at = frame, .end = frame + len, .key = ret};
	memset(ret, 0, sizeof(*ret));
	read_frame(&r);
	return r.found ? 0 : -EINVAL;
}

/* --- printing */

static char *value_text(const json_t *layer, const char *name)
{
	const json_t *value = json_object_get(layer, name);
	if (json_is_string(value))
		return kl_strdup(json_string_value(value));
	return value ? kl_asprintf("%lld", (long long)json_integer_value(value)) : kl_strdup("");
}

static char *marked(const json_t *layer, const json_t *before, const char *name)
{
	kl_autofree char *text = value_text(layer, name), *old = before ? value_text(before, name) : NULL;
	return old && strcmp(text, old) ? kl_coloured(KL_BOLD, text) : kl_take(&text);
}

/* The last layer of that name: that of the inner packet where there is an envelope. */
static const json_t *layer_named(const json_t *layers, const char *name)
{
	for (size_t i = json_array_size(layers); i > 0; i--)
		if (!strcmp(kl_json_str(json_array_get(layers, i - 1), "layer", NULL), name))
			return json_array_get(layers, i - 1);
	return NULL;
}

static void print_layer(const json_t *layer, const json_t *before, int indent)
{
	const char *name = kl_json_str(layer, "layer", NULL);
	kl_autofree char *source = marked(layer, before, "source"), *destination = marked(layer, before, "destination");
	printf("%*s%-6s ", indent, "", name);
	if (!strcmp(name, "geneve")) {
		printf("vni %lld\n", (long long)kl_json_int(layer, 0, "vni", NULL));
		return;
	}
	printf("%s > %s", source, destination);
	if (json_object_get(layer, "ttl")) {
		kl_autofree char *ttl = marked(layer, before, "ttl");
		printf(" ttl %s, %lld bytes, protocol %lld", ttl, (long long)kl_json_int(layer, 0, "length", NULL),
			(long long)kl_json_int(layer, 0, "protocol", NULL));
	}
	if (json_object_get(layer, "flags"))
		printf(" [%s]", kl_json_str(layer, "flags", NULL));
	putchar('\n');
}

void kl_frame_print(const json_t *layers, const json_t *before)
{
	size_t i;
	json_t *layer;
	json_array_foreach (layers, i, layer)
		print_layer(layer, before ? layer_named(before, kl_json_str(layer, "layer", NULL)) : NULL, 4);
}

void kl_frame_hexdump(const uint8_t *frame, size_t len)
{
	for (size_t at = 0; at < len; at += 16) {
		printf("    %04zx ", at);
		for (size_t i = at; i < at + 16; i++)
			if (i < len)
				printf("%s%02x", i % 8 ? " " : "  ", frame[i]);
		putchar('\n');
	}
}

int kl_tcp_flags_parse(const char *text, uint8_t *ret)
{
	static const char *const names[] = {"fin", "syn", "rst", "psh", "ack", "urg"};
	kl_autofree char *copy = kl_strdup(text);
	*ret = 0;
	for (char *save = NULL, *word = strtok_r(copy, ",+|", &save); word; word = strtok_r(NULL, ",+|", &save)) {
		size_t i = 0;
		while (i < KL_ARRAY_LEN(names) && strcasecmp(names[i], word))
			i++;
		if (i == KL_ARRAY_LEN(names))
			return -EINVAL;
		*ret |= (uint8_t)(1u << i);
	}
	return *ret ? 0 : -EINVAL;
}
