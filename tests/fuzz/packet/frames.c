#include "frames.h"

#include <string.h>

enum {
	ETH = 14,
	V4 = 20,
	V6 = 40,
	ICMP = 1,
	IPIP = 4,
	TCP = 6,
	UDP = 17,
	IPV6_IN = 41,
	FRAG = 44,
	HOP_BY_HOP = 0,
	ROUTING = 43,
	DEST_OPTIONS = 60,
	ICMPV6 = 58,
	SCTP = 132
};
enum { GENEVE_PORT = 6081 };

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint64_t add_bytes(uint64_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint64_t)bytes[i] << 8;
	return sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Where an IP packet's parts are; all offsets lie within the frame. */
struct parts {
	bool ok, v6, fragment, first;
	uint8_t proto;
	size_t ip, l4, end; /* end: as the header says */
};

static struct parts parts_v4(const uint8_t *bytes, size_t at, size_t len)
{
	struct parts ret = {.ip = at};
	if (at + V4 > len || bytes[at] >> 4 != 4 || (bytes[at] & 15) < 5)
		return ret;
	uint16_t fragment = get16(bytes + at + 6);
	ret.l4 = at + (bytes[at] & 15u) * 4u;
	ret.end = at + get16(bytes + at + 2);
	ret.proto = bytes[at + 9];
	ret.fragment = fragment & 0x1fff;
	ret.first = !ret.fragment && fragment & 0x2000;
	ret.ok = ret.end <= len && ret.l4 <= ret.end;
	return ret;
}

static struct parts parts_v6(const uint8_t *bytes, size_t at, size_t len)
{
	struct parts ret = {.ip = at, .v6 = true};
	if (at + V6 > len || bytes[at] >> 4 != 6)
		return ret;
	ret.l4 = at + V6;
	ret.end = ret.l4 + get16(bytes + at + 4);
	ret.proto = bytes[at + 6];
	if (ret.end > len)
		return ret;
	while (ret.proto == HOP_BY_HOP || ret.proto == ROUTING || ret.proto == DEST_OPTIONS || ret.proto == FRAG) {
		const uint8_t *header = bytes + ret.l4;
		if (ret.l4 + 8 > ret.end)
			return ret;
		if (ret.proto == FRAG) {
			ret.fragment = get16(header + 2) >> 3;
			ret.first = !ret.fragment && header[3] & 1;
		}
		ret.l4 += ret.proto == FRAG ? 8 : 8u * (header[1] + 1u);
		ret.proto = header[0];
		if (ret.fragment)
			break;
	}
	if (ret.l4 > ret.end)
		return ret;
	ret.ok = true;
	return ret;
}

static struct parts parts_of(const struct frame *frame)
{
	static const struct parts none;
	if (frame->len < ETH)
		return none;
	uint16_t type = get16(frame->bytes + 12);
	return type == 0x0800   ? parts_v4(frame->bytes, ETH, frame->len)
	       : type == 0x86dd ? parts_v6(frame->bytes, ETH, frame->len)
				: none;
}

static void copy_addrs(const uint8_t *ip, bool v6, uint8_t src[16], uint8_t dst[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (v6) {
		memcpy(src, ip + 8, 16);
		memcpy(dst, ip + 24, 16);
		return;
	}
	memcpy(src, mapped, 12);
	memcpy(dst, mapped, 12);
	memcpy(src + 12, ip + 12, 4);
	memcpy(dst + 12, ip + 16, 4);
}

/* Of the transport header's checksum within it; 0: the protocol has none that we know. */
static size_t sum_offset(uint8_t proto)
{
	return proto == TCP ? 16 : proto == UDP ? 6 : proto == ICMP || proto == ICMPV6 ? 2 : 0;
}

static size_t header_bytes(uint8_t proto)
{
	return proto == TCP ? 20 : 8;
}

static uint16_t transport_sum(const uint8_t *bytes, const struct parts *parts)
{
	size_t len = parts->end - parts->l4;
	uint64_t sum = 0;
	if (parts->proto != ICMP)
		sum = add_bytes(
			parts->proto + (uint64_t)len, bytes + parts->ip + (parts->v6 ? 8 : 12), parts->v6 ? 32 : 8);
	return fold(add_bytes(sum, bytes + parts->l4, len));
}

/* 1: right, 0: wrong, -1: nothing can be said. */
static int transport_right(const uint8_t *bytes, const struct parts *parts)
{
	size_t at = sum_offset(parts->proto);
	if (parts->fragment || parts->first || !at || parts->end - parts->l4 < header_bytes(parts->proto))
		return -1;
	if (parts->proto == UDP) {
		if (get16(bytes + parts->l4 + 4) != parts->end - parts->l4)
			return -1;
		if (!get16(bytes + parts->l4 + 6)) /* none: RFC 768, and RFC 6935 for envelopes */
			return parts->v6 ? -1 : 1;
	}
	return transport_sum(bytes, parts) == 0xffff;
}

static bool header_right(const uint8_t *bytes, const struct parts *parts)
{
	return parts->v6 || fold(add_bytes(0, bytes + parts->ip, parts->l4 - parts->ip)) == 0xffff;
}

/* The packet inside, where there is one. */
static struct parts inner_parts(const struct frame *frame, const struct parts *outer)
{
	static const struct parts none;
	const uint8_t *bytes = frame->bytes;
	size_t at = outer->l4;
	if (outer->fragment || outer->first)
		return none;
	if (outer->proto == UDP && outer->l4 + 16 <= outer->end && get16(bytes + outer->l4 + 2) == GENEVE_PORT)
		at += 8u + 8u + (bytes[outer->l4 + 8] & 0x3fu) * 4u;
	else if (outer->proto != IPIP && outer->proto != IPV6_IN)
		return none;
	if (at >= outer->end)
		return none;
	return bytes[at] >> 4 == 4 ? parts_v4(bytes, at, outer->end) : parts_v6(bytes, at, outer->end);
}

static void look_inside(const struct frame *frame, const struct parts *outer, struct frame_view *ret)
{
	struct parts inner = inner_parts(frame, outer);
	if (!inner.ok) { /* whatever is in it, nothing can be said of its sums */
		ret->sums_known &= outer->proto != IPIP && outer->proto != IPV6_IN && ret->dport != GENEVE_PORT;
		return;
	}
	ret->envelope = true;
	copy_addrs(frame->bytes + inner.ip, inner.v6, ret->inner_src, ret->inner_dst);
	int right = transport_right(frame->bytes, &inner);
	ret->sums_right = ret->sums_right && header_right(frame->bytes, &inner) && right != 0;
}

struct frame_view frame_look(const struct frame *frame)
{
	struct frame_view ret = {0};
	struct parts parts = parts_of(frame);
	if (!parts.ok)
		return ret;
	const uint8_t *l4 = frame->bytes + parts.l4;
	ret.ip = true;
	ret.v6 = parts.v6;
	copy_addrs(frame->bytes + parts.ip, parts.v6, ret.src, ret.dst);
	ret.proto = parts.proto;
	ret.later_fragment = parts.fragment;
	ret.first_fragment = parts.first;
	ret.ip_bytes = parts.end - parts.ip;
	ret.well_formed = true;
	ret.ports = !parts.fragment && (parts.proto == TCP || parts.proto == UDP || parts.proto == SCTP) &&
		    parts.end - parts.l4 >= header_bytes(parts.proto);
	if (ret.ports) {
		ret.sport = get16(l4);
		ret.dport = get16(l4 + 2);
	}
	int right = transport_right(frame->bytes, &parts);
	ret.sums_known = (right >= 0 || parts.fragment || parts.first);
	ret.sums_right = ret.outer_right = header_right(frame->bytes, &parts) && right != 0;
	look_inside(frame, &parts, &ret);
	return ret;
}

void frame_repair_sums(struct frame *frame)
{
	struct parts parts = parts_of(frame);
	if (!parts.ok)
		return;
	uint8_t *bytes = frame->bytes;
	size_t at = sum_offset(parts.proto);
	if (!parts.v6) {
		put16(bytes + parts.ip + 10, 0);
		put16(bytes + parts.ip + 10, (uint16_t)~fold(add_bytes(0, bytes + parts.ip, parts.l4 - parts.ip)));
	}
	if (parts.fragment || parts.first || !at || parts.end - parts.l4 < header_bytes(parts.proto))
		return;
	if (parts.proto == UDP)
		put16(bytes + parts.l4 + 4, (uint16_t)(parts.end - parts.l4));
	put16(bytes + parts.l4 + at, 0);
	uint16_t sum = (uint16_t)~transport_sum(bytes, &parts);
	put16(bytes + parts.l4 + at, parts.proto == UDP && !sum ? 0xffff : sum);
}

static void swap_bytes(uint8_t *a, uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = a[i];
		a[i] = b[i];
		b[i] = byte;
	}
}

void frame_turn(struct frame *frame)
{
	struct parts parts = parts_of(frame);
	if (!parts.ok)
		return;
	uint8_t *ip = frame->bytes + parts.ip, *l4 = frame->bytes + parts.l4;
	swap_bytes(ip + (parts.v6 ? 8 : 12), ip + (parts.v6 ? 24 : 16), parts.v6 ? 16 : 4);
	if (!parts.fragment && parts.end - parts.l4 >= 8 &&
		(parts.proto == TCP || parts.proto == UDP || parts.proto == SCTP))
		swap_bytes(l4, l4 + 2, 2);
}

/* --- changes */

static uint64_t below(uint64_t (*random)(void), uint64_t bound)
{
	return bound ? random() % bound : 0;
}

static void flip_bits(struct frame *frame, uint64_t (*random)(void))
{
	for (uint64_t i = 1 + below(random, 4); i; i--)
		frame->bytes[below(random, frame->len)] ^= (uint8_t)(1u << below(random, 8));
}

/* Where the meaning is: the first 80 bytes. */
static void set_byte(struct frame *frame, uint64_t (*random)(void))
{
	static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xff, 0x45, 0x4f, 0x60, 4, 5, 6, 17, 41, 44, 58, 132};
	size_t at = below(random, frame->len < 80 ? frame->len : 80);
	frame->bytes[at] = random() & 1 ? odd[below(random, sizeof(odd))] : (uint8_t)random();
}

static void cut(struct frame *frame, uint64_t (*random)(void))
{
	frame->len = ETH + below(random, frame->len - ETH + 1);
}

static void lengthen(struct frame *frame, uint64_t (*random)(void))
{
	size_t more = below(random, 64);
	if (frame->len + more > FRAME_ROOM)
		return;
	for (size_t i = 0; i < more; i++)
		frame->bytes[frame->len + i] = (uint8_t)random();
	frame->len += more;
}

/* IPv4 options, or an IPv6 extension header, in front of what there was; lengths follow. */
static void add_header(struct frame *frame, uint64_t (*random)(void))
{
	struct parts parts = parts_of(frame);
	size_t more = parts.v6 ? 8 : 4 * (1 + below(random, 3));
	if (!parts.ok || frame->len + more > FRAME_ROOM)
		return;
	uint8_t *bytes = frame->bytes;
	size_t at = parts.v6 ? parts.ip + V6 : parts.l4;
	if (!parts.v6 && (bytes[parts.ip] & 15u) + more / 4 > 15)
		return;
	memmove(bytes + at + more, bytes + at, frame->len - at);
	memset(bytes + at, 1, more); /* IPv4: no operation */
	frame->len += more;
	if (!parts.v6) {
		bytes[parts.ip] = (uint8_t)(bytes[parts.ip] + more / 4);
		put16(bytes + parts.ip + 2, (uint16_t)(parts.end - parts.ip + more));
		return;
	}
	static const uint8_t kinds[] = {0, 43, FRAG, 60, 51};
	bytes[at] = bytes[parts.ip + 6];
	bytes[at + 1] = 0;
	bytes[parts.ip + 6] = kinds[below(random, sizeof(kinds))];
	put16(bytes + parts.ip + 4, (uint16_t)(parts.end - parts.ip - V6 + more));
}

static void set_length(struct frame *frame, uint64_t (*random)(void))
{
	struct parts parts = parts_of(frame);
	if (parts.ok)
		put16(frame->bytes + parts.ip + (parts.v6 ? 4 : 2),
			(uint16_t)(random() & 1 ? random() : below(random, frame->len)));
}

static void make_fragment(struct frame *frame, uint64_t (*random)(void))
{
	struct parts parts = parts_of(frame);
	if (parts.ok && !parts.v6)
		put16(frame->bytes + parts.ip + 6, (uint16_t)(random() & 0x3fff));
}

/* Another packet wrapped around it, as DSR sends them. */
static void wrap(struct frame *frame, uint64_t (*random)(void))
{
	struct parts parts = parts_of(frame);
	if (!parts.ok || frame->len + V6 > FRAME_ROOM)
		return;
	size_t header = parts.v6 ? V6 : V4, bytes = frame->len - ETH;
	uint8_t *ip = frame->bytes + ETH;
	memmove(ip + header, ip, bytes);
	if (parts.v6) {
		put16(ip + 4, (uint16_t)bytes);
		ip[6] = IPV6_IN;
	} else {
		ip[0] = 0x45;
		put16(ip + 2, (uint16_t)(bytes + V4));
		ip[9] = random() & 7 ? IPIP : IPV6_IN;
	}
	frame->len += header;
}

void frame_mutate(struct frame *frame, uint64_t (*random)(void))
{
	static void (*const changes[])(struct frame *, uint64_t(*)(void)) = {
		flip_bits, set_byte, set_byte, cut, lengthen, add_header, set_length, make_fragment, wrap};
	if (frame->len > ETH)
		changes[below(random, sizeof(changes) / sizeof(changes[0]))](frame, random);
}

void frame_complain(struct frame *frame, uint64_t (*random)(void))
{
	static const uint8_t types4[] = {3, 11, 12}, types6[] = {1, 2, 3, 4};
	struct parts parts = parts_of(frame);
	if (!parts.ok)
		return;
	size_t header = parts.v6 ? V6 : V4, quoted = parts.end - parts.ip;
	if (quoted > header + 8 + below(random, 64))
		quoted = header + 8;
	uint8_t *ip = frame->bytes + ETH, *icmp = ip + header;
	memmove(icmp + 8, ip, quoted);
	memset(icmp, 0, 8);
	icmp[0] = parts.v6 ? types6[below(random, 4)] : types4[below(random, 3)];
	icmp[1] = (uint8_t)below(random, 6);
	put16(icmp + 6, (uint16_t)(parts.v6 || icmp[1] == 4 ? 1280 + below(random, 300) : 0));
	frame->len = ETH + header + 8 + quoted;
	if (parts.v6) {
		put16(ip + 4, (uint16_t)(8 + quoted));
		ip[6] = ICMPV6;
	} else {
		ip[0] = 0x45;
		put16(ip + 2, (uint16_t)(V4 + 8 + quoted));
		put16(ip + 6, 0);
		ip[9] = ICMP;
	}
	swap_bytes(ip + (parts.v6 ? 8 : 12), ip + (parts.v6 ? 24 : 16), parts.v6 ? 16 : 4);
	if (random() & 1) /* a router on the way */
		ip[parts.v6 ? 15 : 14] ^= 0x55;
	frame_repair_sums(frame);
}

void frame_envelop(struct frame *frame, const uint8_t src[16], const uint8_t dst[16], bool geneve)
{
	static const uint8_t header[16] = {
		0xc0, 1, GENEVE_PORT >> 8, GENEVE_PORT & 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x4b, 0x4c, 0};
	struct parts parts = parts_of(frame);
	if (!parts.ok || frame->len + V6 + sizeof(header) > FRAME_ROOM)
		return;
	size_t ip_len = parts.v6 ? V6 : V4, between = geneve ? sizeof(header) : 0, inner = parts.end - parts.ip;
	uint8_t *ip = frame->bytes + ETH;
	memmove(ip + ip_len + between, ip, inner);
	frame->len = ETH + ip_len + between + inner;
	memset(ip, 0, ip_len);
	if (geneve) {
		memcpy(ip + ip_len, header, sizeof(header));
		put16(ip + ip_len + 4, (uint16_t)(between + inner));
		put16(ip + ip_len + 10, parts.v6 ? 0x86dd : 0x0800);
	}
	if (parts.v6) {
		ip[0] = 0x60;
		put16(ip + 4, (uint16_t)(between + inner));
		ip[6] = geneve ? UDP : IPV6_IN;
		ip[7] = 64;
		memcpy(ip + 8, src, 16);
		memcpy(ip + 24, dst, 16);
		return;
	}
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(V4 + between + inner));
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = geneve ? UDP : IPIP;
	memcpy(ip + 12, src + 12, 4);
	memcpy(ip + 16, dst + 12, 4);
	put16(ip + 10, (uint16_t)~fold(add_bytes(0, ip, V4)));
}
