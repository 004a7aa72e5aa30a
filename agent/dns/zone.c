#include "zone.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define DNS_VERSION "1.1.0"

struct port {
	char *name;
	const char *proto; /* "_tcp", … */
	uint16_t number;
};

struct endpoint {
	struct kl_addr addr;
	char *host; /* hostname, or the address with dashes */
	bool named; /* it is a hostname */
};

/* What an EndpointSlice adds to its Service. */
struct slice {
	char *key; /* "ns/name" of the slice */
	struct service *service;
	struct endpoint *endpoints;
	size_t endpoint_count;
	struct port *ports;
	size_t port_count;
	struct slice *next; /* of the same Service */
	UT_hash_handle hh;
};

struct service {
	char *key;    /* "ns/name" */
	bool present; /* false: only slices of it are known yet */
	char *external;
	char *ip_text[3];
	struct kl_addr ips[2];
	size_t ip_count;
	struct port *ports;
	size_t port_count;
	struct slice *slices;
	UT_hash_handle hh;
};

struct kl_zone {
	char *domain;
	char *domain_labels[16];
	size_t domain_count;
	struct service *services;
	struct slice *slices;
	size_t present;
	uint32_t turn; /* answers start at another endpoint each time */
};

/* --- life */

static void ports_free(struct port *ports, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(ports[i].name);
	free(ports);
}

static void service_clear(struct service *service)
{
	ports_free(service->ports, service->port_count);
	free(service->external);
	for (size_t i = 0; i < service->ip_count; i++)
		free(service->ip_text[i]);
	service->ports = NULL;
	service->external = NULL;
	service->port_count = service->ip_count = 0;
	service->ip_text[0] = NULL;
	service->present = false;
}

/* A Service that is neither present nor named by a slice is forgotten. */
static void service_settle(struct kl_zone *zone, struct service *service)
{
	if (service->present || service->slices)
		return;
	HASH_DEL(zone->services, service);
	service_clear(service);
	free(service->key);
	free(service);
}

static void slice_free(struct kl_zone *zone, struct slice *slice)
{
	struct service *service = slice->service;
	struct slice **at = &service->slices;

	while (*at && *at != slice)
		at = &(*at)->next;
	if (*at)
		*at = slice->next;
	HASH_DEL(zone->slices, slice);
	for (size_t i = 0; i < slice->endpoint_count; i++)
		free(slice->endpoints[i].host);
	free(slice->endpoints);
	ports_free(slice->ports, slice->port_count);
	free(slice->key);
	free(slice);
	service_settle(zone, service);
}

struct kl_zone *kl_zone_new(const char *domain)
{
	struct kl_zone *zone = kl_calloc(1, sizeof(*zone));

	zone->domain = kl_strdup(domain);
	for (const char *at = domain; *at && zone->domain_count < KL_ARRAY_LEN(zone->domain_labels);) {
		size_t len = strcspn(at, ".");
		if (len)
			zone->domain_labels[zone->domain_count++] = kl_strndup(at, len);
		at += len + (at[len] == '.');
	}
	return zone;
}

void kl_zone_free(struct kl_zone *zone)
{
	struct slice *slice, *next_slice;
	struct service *service, *next;

	if (!zone)
		return;
	HASH_ITER (hh, zone->slices, slice, next_slice)
		slice_free(zone, slice);
	HASH_ITER (hh, zone->services, service, next) {
		service->present = false;
		service_settle(zone, service);
	}
	for (size_t i = 0; i < zone->domain_count; i++)
		free(zone->domain_labels[i]);
	free(zone->domain);
	free(zone);
}

const char *kl_zone_domain(const struct kl_zone *zone)
{
	return zone->domain;
}

/* --- from the API */

static char *key_of(const json_t *object, const char *name)
{
	return kl_asprintf("%s/%s", kl_json_str(object, "metadata", "namespace", NULL), name);
}

static struct service *service_ensure(struct kl_zone *zone, const char *key)
{
	struct service *service;

	HASH_FIND_STR(zone->services, key, service);
	if (!service) {
		service = kl_calloc(1, sizeof(*service));
		service->key = kl_strdup(key);
		HASH_ADD_KEYPTR(hh, zone->services, service->key, strlen(service->key), service);
	}
	return service;
}

static const char *proto_label(const char *proto)
{
	return !strcmp(proto, "UDP") ? "_udp" : !strcmp(proto, "SCTP") ? "_sctp" : "_tcp";
}

static struct port *ports_read(const json_t *list, size_t *ret_count)
{
	struct port *ports = json_array_size(list) ? kl_calloc(json_array_size(list), sizeof(*ports)) : NULL;
	json_t *item;
	size_t i, count = 0;

	json_array_foreach (list, i, item) {
		int64_t number = kl_json_int(item, 0, "port", NULL);
		if (number < 1 || number > 65535)
			continue;
		ports[count++] = (struct port){.name = kl_strdup(kl_json_str(item, "name", NULL)),
			.proto = proto_label(kl_json_str(item, "protocol", NULL)),
			.number = (uint16_t)number};
	}
	*ret_count = count;
	return ports;
}

static void add_ip(struct service *service, const char *text)
{
	if (service->ip_count < KL_ARRAY_LEN(service->ips) && !kl_addr_parse(text, &service->ips[service->ip_count])) {
		service->ip_text[service->ip_count++] = kl_strdup(text);
		service->ip_text[service->ip_count] = NULL;
	}
}

void kl_zone_put_service(struct kl_zone *zone, const json_t *object)
{
	kl_autofree char *key = key_of(object, kl_json_str(object, "metadata", "name", NULL));
	struct service *service = service_ensure(zone, key);
	const json_t *spec = json_object_get(object, "spec"), *ips = json_object_get(spec, "clusterIPs");
	json_t *ip;
	size_t i;

	zone->present += !service->present;
	service_clear(service);
	service->present = true;
	if (!strcmp(kl_json_str(spec, "type", NULL), "ExternalName")) {
		service->external = kl_strdup(kl_json_str(spec, "externalName", NULL));
		return;
	}
	json_array_foreach (ips, i, ip)
		if (json_is_string(ip))
			add_ip(service, json_string_value(ip));
	if (!json_array_size(ips))
		add_ip(service, kl_json_str(spec, "clusterIP", NULL));
	service->ports = ports_read(json_object_get(spec, "ports"), &service->port_count);
}

void kl_zone_delete_service(struct kl_zone *zone, const json_t *object)
{
	kl_autofree char *key = key_of(object, kl_json_str(object, "metadata", "name", NULL));
	struct service *service;

	HASH_FIND_STR(zone->services, key, service);
	if (!service || !service->present)
		return;
	zone->present--;
	service_clear(service);
	service_settle(zone, service);
}

static char *dashed(const struct kl_addr *addr)
{
	char text[KL_ADDR_TEXT];

	kl_addr_format(addr, text);
	for (char *c = text; *c; c++)
		if (*c == '.' || *c == ':')
			*c = '-';
	return kl_strdup(text);
}

/* "ready" is absent where it is unknown, and then counts as true. */
static void endpoints_read(struct slice *slice, const json_t *list)
{
	json_t *item;
	size_t i;

	slice->endpoints = json_array_size(list) ? kl_calloc(json_array_size(list), sizeof(*slice->endpoints)) : NULL;
	json_array_foreach (list, i, item) {
		const json_t *first = json_array_get(json_object_get(item, "addresses"), 0);
		const char *host = kl_json_str(item, "hostname", NULL);
		struct endpoint *endpoint = &slice->endpoints[slice->endpoint_count];
		if (!kl_json_bool(item, true, "conditions", "ready", NULL) || !json_is_string(first) ||
			kl_addr_parse(json_string_value(first), &endpoint->addr))
			continue;
		endpoint->named = *host;
		endpoint->host = *host ? kl_strdup(host) : dashed(&endpoint->addr);
		slice->endpoint_count++;
	}
}

static struct slice *slice_find(struct kl_zone *zone, const json_t *object)
{
	kl_autofree char *key = key_of(object, kl_json_str(object, "metadata", "name", NULL));
	struct slice *slice;

	HASH_FIND_STR(zone->slices, key, slice);
	return slice;
}

void kl_zone_delete_slice(struct kl_zone *zone, const json_t *object)
{
	struct slice *slice = slice_find(zone, object);

	if (slice)
		slice_free(zone, slice);
}

void kl_zone_put_slice(struct kl_zone *zone, const json_t *object)
{
	const char *service = kl_json_str(object, "metadata", "labels", "kubernetes.io/service-name", NULL);
	kl_autofree char *service_key = key_of(object, service);

	kl_zone_delete_slice(zone, object);
	if (!*service)
		return;
	struct slice *slice = kl_calloc(1, sizeof(*slice));
	slice->key = key_of(object, kl_json_str(object, "metadata", "name", NULL));
	slice->service = service_ensure(zone, service_key);
	slice->next = slice->service->slices;
	slice->service->slices = slice;
	endpoints_read(slice, json_object_get(object, "endpoints"));
	slice->ports = ports_read(json_object_get(object, "ports"), &slice->port_count);
	HASH_ADD_KEYPTR(hh, zone->slices, slice->key, strlen(slice->key), slice);
}

size_t kl_zone_services(const struct kl_zone *zone)
{
	return zone->present;
}

const char *const *kl_zone_cluster_ips(struct kl_zone *zone, const char *ns, const char *name)
{
	static const char *const none[] = {NULL};
	kl_autofree char *key = kl_asprintf("%s/%s", ns, name);
	struct service *service;

	HASH_FIND_STR(zone->services, key, service);
	return service && service->present ? (const char *const *)service->ip_text : none;
}

/* --- questions */

struct asking {
	struct kl_zone *zone;
	enum kl_zone_type type;
	kl_zone_each *each;
	void *arg;
	size_t told;
};

static void tell(struct asking *a, const struct kl_zone_record *record)
{
	a->each(record, a->arg);
	a->told++;
}

static void tell_addr(struct asking *a, const struct kl_addr *addr)
{
	struct kl_zone_record record = {.addr = *addr};

	if ((a->type == KL_ZONE_A && kl_addr_is_v4(addr)) || (a->type == KL_ZONE_AAAA && !kl_addr_is_v4(addr)))
		tell(a, &record);
}

static enum kl_zone_result data_or_none(const struct asking *a)
{
	return a->told ? KL_ZONE_DATA : KL_ZONE_NO_DATA;
}

static struct service *service_find(struct kl_zone *zone, const char *ns, const char *name)
{
	kl_autofree char *key = kl_asprintf("%s/%s", ns, name);
	struct service *service;

	HASH_FIND_STR(zone->services, key, service);
	return service && service->present ? service : NULL;
}

static bool is_headless(const struct service *service)
{
	return !service->ip_count && !service->external;
}

/* "ns/name" → "name.ns.svc.domain", with a host in front where there is one. */
static void service_name(
	const struct kl_zone *zone, const struct service *service, const char *host, char ret[KL_ZONE_NAME])
{
	const char *slash = strchr(service->key, '/');

	snprintf(ret, KL_ZONE_NAME, "%s%s%s.%.*s.svc.%s", host ? host : "", host ? "." : "", slash + 1,
		(int)(slash - service->key), service->key, zone->domain);
}

static size_t endpoint_total(const struct service *service)
{
	size_t total = 0;

	for (const struct slice *slice = service->slices; slice; slice = slice->next)
		total += slice->endpoint_count;
	return total;
}

static const struct endpoint *endpoint_at(const struct service *service, size_t index)
{
	for (const struct slice *slice = service->slices; slice; slice = slice->next) {
		if (index < slice->endpoint_count)
			return &slice->endpoints[index];
		index -= slice->endpoint_count;
	}
	return NULL;
}

/* From another endpoint on each time, so that clients that take the first spread out. */
static void tell_endpoints(struct asking *a, const struct service *service)
{
	size_t total = endpoint_total(service), first = total ? a->zone->turn++ % total : 0;

	for (size_t i = 0; i < total; i++)
		tell_addr(a, &endpoint_at(service, (first + i) % total)->addr);
}

static bool port_matches(const struct port *port, const char *name, const char *proto)
{
	return (!name || !strcmp(port->name, name)) && (!proto || !strcmp(port->proto, proto));
}

/* name and proto NULL: every port. */
static void tell_srv(struct asking *a, const struct service *service, const char *name, const char *proto)
{
	struct kl_zone_record record = {0};

	if (!is_headless(service))
		service_name(a->zone, service, NULL, record.text);
	for (size_t i = 0; !is_headless(service) && i < service->port_count; i++) {
		record.port = service->ports[i].number;
		if (port_matches(&service->ports[i], name + (name && *name == '_'), proto))
			tell(a, &record);
	}
	if (!is_headless(service))
		return;
	for (const struct slice *slice = service->slices; slice; slice = slice->next)
		for (size_t i = 0; i < slice->port_count; i++)
			for (size_t k = 0; k < slice->endpoint_count; k++) {
				if (!port_matches(&slice->ports[i], name + (name && *name == '_'), proto))
					continue;
				record.port = slice->ports[i].number;
				service_name(a->zone, service, slice->endpoints[k].host, record.text);
				tell(a, &record);
			}
}

static enum kl_zone_result ask_service(struct asking *a, const struct service *service)
{
	if (service->external) {
		struct kl_zone_record record = {0};
		snprintf(record.text, sizeof(record.text), "%s", service->external);
		tell(a, &record);
		return KL_ZONE_ALIAS;
	}
	if (a->type == KL_ZONE_SRV)
		tell_srv(a, service, NULL, NULL);
	else if (is_headless(service))
		tell_endpoints(a, service);
	for (size_t i = 0; i < service->ip_count; i++)
		tell_addr(a, &service->ips[i]);
	return data_or_none(a);
}

static enum kl_zone_result ask_endpoint(struct asking *a, const struct service *service, const char *host)
{
	bool found = false;

	for (const struct slice *slice = service->slices; slice && is_headless(service); slice = slice->next)
		for (size_t i = 0; i < slice->endpoint_count; i++)
			if (!strcmp(slice->endpoints[i].host, host)) {
				tell_addr(a, &slice->endpoints[i].addr);
				found = true;
			}
	return found ? data_or_none(a) : KL_ZONE_NO_NAME;
}

static enum kl_zone_result ask_port(
	struct asking *a, const struct service *service, const char *port, const char *proto)
{
	enum kl_zone_type type = a->type;
	struct asking all = {.zone = a->zone, .type = KL_ZONE_SRV, .each = a->each, .arg = a->arg};

	if (*port != '_' || *proto != '_')
		return KL_ZONE_NO_NAME;
	if (type == KL_ZONE_SRV)
		tell_srv(&all, service, port, proto);
	a->told = all.told;
	return type == KL_ZONE_SRV && !all.told ? KL_ZONE_NO_NAME : data_or_none(a);
}

static bool has_namespace(const struct kl_zone *zone, const char *ns)
{
	size_t len = strlen(ns);

	for (const struct service *service = zone->services; service; service = service->hh.next)
		if (service->present && !strncmp(service->key, ns, len) && service->key[len] == '/')
			return true;
	return false;
}

/* labels: what stands before "svc". */
static enum kl_zone_result ask_svc(struct asking *a, const char *const *labels, size_t count)
{
	const struct service *service;

	if (count == 0)
		return KL_ZONE_NO_DATA;
	if (count == 1)
		return has_namespace(a->zone, labels[0]) ? KL_ZONE_NO_DATA : KL_ZONE_NO_NAME;
	service = service_find(a->zone, labels[count - 1], labels[count - 2]);
	if (!service)
		return KL_ZONE_NO_NAME;
	switch (count) {
	case 2:
		return ask_service(a, service);
	case 3:
		return ask_endpoint(a, service, labels[0]);
	case 4:
		return ask_port(a, service, labels[0], labels[1]);
	default:
		return KL_ZONE_NO_NAME;
	}
}

/* "10-1-2-3" or "fd00--1", with the namespace of some pod behind it. */
static enum kl_zone_result ask_pod(struct asking *a, const char *const *labels, size_t count)
{
	struct kl_addr addr;
	char text[64];
	bool v4 = true;

	if (count == 0)
		return KL_ZONE_NO_DATA;
	if (count == 1)
		return has_namespace(a->zone, labels[0]) ? KL_ZONE_NO_DATA : KL_ZONE_NO_NAME;
	if (count != 2 || strlen(labels[0]) >= sizeof(text))
		return KL_ZONE_NO_NAME;
	for (int form = 0; form < 2; form++, v4 = false) {
		size_t i = 0;
		for (; labels[0][i]; i++)
			text[i] = labels[0][i] == '-' ? (v4 ? '.' : ':') : labels[0][i];
		text[i] = 0;
		if (kl_addr_parse(text, &addr))
			continue;
		tell_addr(a, &addr);
		return data_or_none(a);
	}
	return KL_ZONE_NO_NAME;
}

/* --- addresses */

static bool v4_of_labels(const char *const *labels, size_t count, struct kl_addr *ret)
{
	char text[64];

	if (count != 6 || strcmp(labels[4], "in-addr") || strcmp(labels[5], "arpa"))
		return false;
	snprintf(text, sizeof(text), "%.15s.%.15s.%.15s.%.15s", labels[3], labels[2], labels[1], labels[0]);
	return !kl_addr_parse(text, ret);
}

static int nibble(const char *label)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = *label && !label[1] ? strchr(digits, *label) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool v6_of_labels(const char *const *labels, size_t count, struct kl_addr *ret)
{
	if (count != 34 || strcmp(labels[32], "ip6") || strcmp(labels[33], "arpa"))
		return false;
	for (size_t i = 0; i < 16; i++) {
		int low = nibble(labels[31 - 2 * i - 1]), high = nibble(labels[31 - 2 * i]);
		if (low < 0 || high < 0)
			return false;
		ret->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void tell_names_of(struct asking *a, const struct service *service, const struct kl_addr *addr)
{
	struct kl_zone_record record = {0};

	for (size_t i = 0; i < service->ip_count; i++)
		if (kl_addr_equal(&service->ips[i], addr)) {
			service_name(a->zone, service, NULL, record.text);
			tell(a, &record);
		}
	for (const struct slice *slice = service->slices; slice && is_headless(service); slice = slice->next)
		for (size_t i = 0; i < slice->endpoint_count; i++)
			if (slice->endpoints[i].named && kl_addr_equal(&slice->endpoints[i].addr, addr)) {
				service_name(a->zone, service, slice->endpoints[i].host, record.text);
				tell(a, &record);
			}
}

/* An address of nobody here is somebody else's to name. */
static enum kl_zone_result ask_address(struct asking *a, const struct kl_addr *addr)
{
	bool wanted = a->type == KL_ZONE_PTR;

	for (const struct service *service = a->zone->services; service; service = service->hh.next)
		if (service->present)
			tell_names_of(a, service, addr);
	if (!a->told)
		return KL_ZONE_OUTSIDE;
	return wanted ? KL_ZONE_DATA : KL_ZONE_NO_DATA;
}

static void tell_nobody(const struct kl_zone_record *record, void *arg)
{
	(void)record, (void)arg;
}

/* --- */

static bool in_domain(const struct kl_zone *zone, const struct kl_zone_question *question)
{
	if (question->count < zone->domain_count)
		return false;
	for (size_t i = 0; i < zone->domain_count; i++)
		if (strcmp(question->labels[question->count - zone->domain_count + i], zone->domain_labels[i]))
			return false;
	return true;
}

static enum kl_zone_result ask_apex(struct asking *a, const char *const *labels, size_t count)
{
	static const struct kl_zone_record version = {.text = DNS_VERSION};
	struct service *dns = service_find(a->zone, "kube-system", "kube-dns");

	if (count == 0)
		return KL_ZONE_APEX;
	if (count == 1 && !strcmp(labels[0], "dns-version")) {
		if (a->type == KL_ZONE_TXT)
			tell(a, &version);
		return data_or_none(a);
	}
	if (count == 1 && !strcmp(labels[0], "dns"))
		return KL_ZONE_NO_DATA;
	if (count == 2 && !strcmp(labels[0], "ns") && !strcmp(labels[1], "dns") && dns && a->type != KL_ZONE_SRV)
		return ask_service(a, dns);
	return KL_ZONE_NO_NAME;
}

enum kl_zone_result kl_zone_ask(
	struct kl_zone *zone, const struct kl_zone_question *question, kl_zone_each *each, void *arg)
{
	struct asking a = {.zone = zone, .type = question->type, .each = each, .arg = arg};
	struct kl_addr addr;

	if (v4_of_labels(question->labels, question->count, &addr) ||
		v6_of_labels(question->labels, question->count, &addr)) {
		a.each = question->type == KL_ZONE_PTR ? each : tell_nobody;
		return ask_address(&a, &addr);
	}
	if (!in_domain(zone, question))
		return KL_ZONE_OUTSIDE;
	size_t count = question->count - zone->domain_count;
	if (count && !strcmp(question->labels[count - 1], "svc"))
		return ask_svc(&a, question->labels, count - 1);
	if (count && !strcmp(question->labels[count - 1], "pod"))
		return ask_pod(&a, question->labels, count - 1);
	return ask_apex(&a, question->labels, count);
}
