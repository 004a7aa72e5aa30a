#include "alloc.h"

#include "validate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <uthash.h>

enum { MAX_RANGES = 2, RANDOM_TRIES = 64, DNS_OFFSET = 10 };

struct range {
	char text[64]; /* as configured */
	int family;
	unsigned char base[16];
	size_t len; /* of an address */
	unsigned host_bits;
	uint64_t size; /* addresses, at most 2^32 */
};

struct used_ip {
	UT_hash_handle hh;
	char text[INET6_ADDRSTRLEN];
};

struct kl_alloc {
	struct range ranges[MAX_RANGES];
	size_t range_count;
	int port_min, port_max;
	char first_ip[INET6_ADDRSTRLEN], dns_ip[INET6_ADDRSTRLEN];
	pthread_mutex_t lock; /* of what follows */
	struct used_ip *ips;
	unsigned char ports[65536 / 8];
};

/* --- ranges --- */

static int parse_range(const char *text, struct range *ret, struct kl_err *err)
{
	char address[64];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : 0;
	if (!slash || len >= sizeof(address) || strlen(text) >= sizeof(ret->text))
		return kl_fail_msg(err, EINVAL, "'%s' is not an address range", text);
	memcpy(address, text, len);
	address[len] = '\0';
	struct range range = {.family = strchr(address, ':') ? AF_INET6 : AF_INET};
	range.len = range.family == AF_INET6 ? 16 : 4;
	strcpy(range.text, text);
	char *end;
	long prefix = strtol(slash + 1, &end, 10);
	if (*end || prefix < 8 || prefix > (long)range.len * 8 - 2 || inet_pton(range.family, address, range.base) != 1)
		return kl_fail_msg(err, EINVAL, "'%s' is not an address range for Services", text);
	range.host_bits = (unsigned)(range.len * 8 - (size_t)prefix);
	range.size = 1ULL << (range.host_bits > 32 ? 32 : range.host_bits);
	*ret = range;
	return 0;
}

static void address_text(const struct range *range, uint64_t offset, char ret[INET6_ADDRSTRLEN])
{
	unsigned char bytes[16];
	memcpy(bytes, range->base, sizeof(bytes));
	for (size_t i = 0; i < 4; i++)
		bytes[range->len - 1 - i] |= (unsigned char)(offset >> (8 * i));
	inet_ntop(range->family, bytes, ret, INET6_ADDRSTRLEN);
}

static bool in_range(const struct range *range, const char *text)
{
	unsigned char bytes[16];
	if (inet_pton(range->family, text, bytes) != 1)
		return false;
	size_t prefix = range->len * 8 - range->host_bits;
	for (size_t bit = 0; bit < prefix; bit++)
		if ((bytes[bit / 8] ^ range->base[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

int kl_alloc_new(const char *service_cidr, int port_min, int port_max, struct kl_alloc **ret, struct kl_err *err)
{
	if (port_min < 1 || port_max > 65535 || port_min > port_max)
		return kl_fail_msg(err, EINVAL, "%d-%d is not a range of node ports", port_min, port_max);
	struct kl_alloc *alloc = kl_calloc(1, sizeof(*alloc));
	kl_autofree char *copy = kl_strdup(service_cidr);
	char *rest = copy, *part;
	int rc = 0;
	while (rc == 0 && (part = strsep(&rest, ","))) {
		if (alloc->range_count == MAX_RANGES)
			rc = kl_fail_msg(err, EINVAL, "'%s': more than two ranges for Services", service_cidr);
		else
			rc = parse_range(part, &alloc->ranges[alloc->range_count++], err);
	}
	if (rc == 0 && alloc->range_count == 2 && alloc->ranges[0].family == alloc->ranges[1].family)
		rc = kl_fail_msg(err, EINVAL, "'%s': two ranges of one address family", service_cidr);
	if (rc < 0) {
		free(alloc);
		return rc;
	}
	alloc->port_min = port_min;
	alloc->port_max = port_max;
	address_text(&alloc->ranges[0], 1, alloc->first_ip);
	if (alloc->ranges[0].size > DNS_OFFSET + 1)
		address_text(&alloc->ranges[0], DNS_OFFSET, alloc->dns_ip);
	pthread_mutex_init(&alloc->lock, NULL);
	*ret = alloc;
	return 0;
}

void kl_alloc_free(struct kl_alloc *alloc)
{
	if (!alloc)
		return;
	struct used_ip *ip, *next;
	HASH_ITER (hh, alloc->ips, ip, next) {
		HASH_DEL(alloc->ips, ip);
		free(ip);
	}
	pthread_mutex_destroy(&alloc->lock);
	free(alloc);
}

const char *kl_alloc_first_ip(const struct kl_alloc *alloc)
{
	return alloc->first_ip;
}

const char *kl_alloc_dns_ip(const struct kl_alloc *alloc)
{
	return alloc->dns_ip;
}

/* --- what is taken; all under the lock --- */

static struct used_ip *find_ip(struct kl_alloc *alloc, const char *text)
{
	struct used_ip *ip;
	HASH_FIND_STR(alloc->ips, text, ip);
	return ip;
}

static bool take_ip(struct kl_alloc *alloc, const char *text)
{
	if (find_ip(alloc, text))
		return false;
	struct used_ip *ip = kl_calloc(1, sizeof(*ip));
	strncpy(ip->text, text, sizeof(ip->text) - 1);
	HASH_ADD_STR(alloc->ips, text, ip);
	return true;
}

static bool port_used(const struct kl_alloc *alloc, int port)
{
	return alloc->ports[port / 8] >> (port % 8) & 1;
}

static bool take_port(struct kl_alloc *alloc, int port)
{
	if (port_used(alloc, port))
		return false;
	alloc->ports[port / 8] |= (unsigned char)(1 << (port % 8));
	return true;
}

static void free_item(struct kl_alloc *alloc, const json_t *item)
{
	if (json_is_integer(item)) {
		int port = (int)json_integer_value(item);
		alloc->ports[port / 8] &= (unsigned char)~(1 << (port % 8));
		return;
	}
	struct used_ip *ip = find_ip(alloc, json_string_value(item));
	if (ip) {
		HASH_DEL(alloc->ips, ip);
		free(ip);
	}
}

static void free_items(struct kl_alloc *alloc, const json_t *items)
{
	size_t i;
	json_t *item;
	json_array_foreach (items, i, item)
		free_item(alloc, item);
}

static void note(json_t **list, json_t *item)
{
	if (!*list)
		*list = json_array();
	json_array_append_new(*list, item);
}

void kl_alloc_settle(struct kl_alloc *alloc, struct kl_alloc_change *change, bool stored)
{
	pthread_mutex_lock(&alloc->lock);
	free_items(alloc, stored ? change->dropped : change->taken);
	pthread_mutex_unlock(&alloc->lock);
	json_decref(change->taken);
	json_decref(change->dropped);
	*change = (struct kl_alloc_change){0};
}

/* --- what a Service holds --- */

static bool has_ip(const char *text)
{
	return *text && strcmp(text, "None") != 0;
}

static bool contains(const json_t *list, const json_t *item)
{
	size_t i;
	json_t *other;
	json_array_foreach (list, i, other)
		if (json_equal(other, item))
			return true;
	return false;
}

/* Every ClusterIP and node port in it, each once. */
static json_t *holdings(const json_t *service)
{
	json_t *list = json_array(), *item;
	size_t i;
	const json_t *spec = json_object_get(service, "spec");
	if (has_ip(kl_json_str(spec, "clusterIP", NULL)))
		json_array_append(list, json_object_get(spec, "clusterIP"));
	json_array_foreach (json_object_get(spec, "clusterIPs"), i, item)
		if (json_is_string(item) && has_ip(json_string_value(item)) && !contains(list, item))
			json_array_append(list, item);
	json_array_foreach (json_object_get(spec, "ports"), i, item) {
		json_t *port = json_object_get(item, "nodePort");
		if (json_integer_value(port) > 0 && json_integer_value(port) < 65536 && !contains(list, port))
			json_array_append(list, port);
	}
	json_t *health = json_object_get(spec, "healthCheckNodePort");
	if (json_integer_value(health) > 0 && json_integer_value(health) < 65536 && !contains(list, health))
		json_array_append(list, health);
	return list;
}

void kl_alloc_adopt(struct kl_alloc *alloc, const json_t *service)
{
	kl_autojson *list = holdings(service);
	size_t i;
	json_t *item;
	pthread_mutex_lock(&alloc->lock);
	json_array_foreach (list, i, item) {
		if (json_is_integer(item))
			take_port(alloc, (int)json_integer_value(item));
		else
			take_ip(alloc, json_string_value(item));
	}
	pthread_mutex_unlock(&alloc->lock);
}

void kl_alloc_drop(const json_t *service, struct kl_alloc_change *change)
{
	change->dropped = holdings(service);
}

/* --- assignment --- */

struct assignment {
	struct kl_alloc *alloc;
	json_t *spec;
	json_t *held; /* what the predecessor holds */
	struct kl_alloc_change *change;
	struct kl_errors *errors;
};

static const struct kl_path spec_path = {.key = "spec"};

static uint64_t random_below(uint64_t bound)
{
	uint64_t value = 0;
	while (getrandom(&value, sizeof(value), 0) != sizeof(value))
		if (errno != EINTR)
			abort();
	return value % bound;
}

/* A free address, by chance; after some misses by walking. The first (network), last (broadcast) are left out. */
static bool pick_ip(struct kl_alloc *alloc, const struct range *range, char ret[INET6_ADDRSTRLEN])
{
	uint64_t usable = range->size - 2, start = random_below(usable);
	for (uint64_t i = 0; i < usable; i++) {
		uint64_t offset = i < RANDOM_TRIES ? random_below(usable) : (start + i) % usable;
		address_text(range, offset + 1, ret);
		if (strcmp(ret, alloc->first_ip) && strcmp(ret, alloc->dns_ip) && take_ip(alloc, ret))
			return true;
	}
	return false;
}

static const struct range *range_of_family(const struct kl_alloc *alloc, const char *family)
{
	int wanted = !strcmp(family, "IPv6") ? AF_INET6 : AF_INET;
	for (size_t i = 0; i < alloc->range_count; i++)
		if (alloc->ranges[i].family == wanted)
			return &alloc->ranges[i];
	return NULL;
}

static const char *family_name(int family)
{
	return family == AF_INET6 ? "IPv6" : "IPv4";
}

/* Settles spec.ipFamilyPolicy and spec.ipFamilies; false with an error when the cluster cannot serve them. */
static bool settle_families(struct assignment *a)
{
	struct kl_alloc *alloc = a->alloc;
	json_t *families = json_object_get(a->spec, "ipFamilies");
	const char *policy = kl_json_str(a->spec, "ipFamilyPolicy", NULL);
	if (!*policy) {
		policy = json_array_size(families) > 1 ? "RequireDualStack" : "SingleStack";
		json_object_set_new(a->spec, "ipFamilyPolicy", json_string(policy));
		policy = kl_json_str(a->spec, "ipFamilyPolicy", NULL);
	}
	if (!json_is_array(families)) {
		families = json_array();
		json_object_set_new(a->spec, "ipFamilies", families);
	}
	size_t i;
	json_t *family;
	json_array_foreach (families, i, family)
		if (!range_of_family(alloc, json_string_value(family) ?: "")) {
			kl_invalid(a->errors, KL_INDEX(KL_KEY(&spec_path, "ipFamilies"), i), family,
				"not configured on this cluster");
			return false;
		}
	if (!strcmp(policy, "RequireDualStack") && alloc->range_count < 2) {
		kl_invalid_str(a->errors, KL_KEY(&spec_path, "ipFamilyPolicy"), policy,
			"this cluster is not configured for dual-stack services");
		return false;
	}
	size_t wanted = strcmp(policy, "SingleStack") ? alloc->range_count : 1;
	for (i = 0; i < alloc->range_count && json_array_size(families) < wanted; i++) {
		kl_autojson *name = json_string(family_name(alloc->ranges[i].family));
		if (!contains(families, name))
			json_array_append(families, name);
	}
	while (json_array_size(families) > wanted)
		json_array_remove(families, wanted);
	return true;
}

static void take_given_ip(struct assignment *a, size_t i, const json_t *value, const struct range *range)
{
	const char *text = json_string_value(value);
	kl_autojson *list = json_pack("[O]", value);
	const struct kl_path *path = KL_KEY(&spec_path, "clusterIPs");
	(void)i;
	if (contains(a->held, value))
		return;
	if (!in_range(range, text))
		kl_invalid(a->errors, path, list,
			"failed to allocate IP %s: the provided IP (%s) is not in the valid range. "
			"The range of valid IPs is %s",
			text, text, range->text);
	else if (!take_ip(a->alloc, text))
		kl_invalid(a->errors, path, list, "failed to allocate IP %s: provided IP is already allocated", text);
	else
		note(&a->change->taken, json_string(text));
}

static void take_any_ip(struct assignment *a, json_t *ips, const struct range *range)
{
	char text[INET6_ADDRSTRLEN];
	if (!pick_ip(a->alloc, range, text)) {
		kl_invalid(a->errors, KL_KEY(&spec_path, "clusterIPs"), ips,
			"failed to allocate a service IP: range is full");
		return;
	}
	note(&a->change->taken, json_string(text));
	json_array_append_new(ips, json_string(text));
}

static void assign_ips(struct assignment *a)
{
	json_t *ips = json_object_get(a->spec, "clusterIPs"), *families = json_object_get(a->spec, "ipFamilies");
	const char *first = kl_json_str(a->spec, "clusterIP", NULL);
	if (!json_is_array(ips)) {
		ips = json_array();
		json_object_set_new(a->spec, "clusterIPs", ips);
		if (*first)
			json_array_append_new(ips, json_string(first));
	}
	for (size_t i = 0; i < json_array_size(families) && !a->errors->count; i++) {
		const struct range *range = range_of_family(a->alloc, json_string_value(json_array_get(families, i)));
		json_t *given = json_array_get(ips, i);
		if (given)
			take_given_ip(a, i, given, range);
		else
			take_any_ip(a, ips, range);
	}
	while (json_array_size(ips) > json_array_size(families))
		json_array_remove(ips, json_array_size(families));
	json_object_set(a->spec, "clusterIP", json_array_get(ips, 0));
}

/* A given address decides the first family when nothing else does. */
static void family_from_ip(struct assignment *a)
{
	const char *ip = kl_json_str(a->spec, "clusterIP", NULL);
	if (!has_ip(ip) || json_array_size(json_object_get(a->spec, "ipFamilies")))
		return;
	json_object_set_new(a->spec, "ipFamilies", json_pack("[s]", strchr(ip, ':') ? "IPv6" : "IPv4"));
}

static void assign_cluster_ips(struct assignment *a)
{
	const char *ip = kl_json_str(a->spec, "clusterIP", NULL);
	if (!strcmp(kl_json_str(a->spec, "type", NULL), "ExternalName")) {
		static const char *const keys[] = {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"};
		for (size_t i = 0; i < KL_ARRAY_LEN(keys); i++)
			json_object_del(a->spec, keys[i]);
		return;
	}
	family_from_ip(a);
	if (!settle_families(a))
		return;
	if (!strcmp(ip, "None"))
		json_object_set_new(a->spec, "clusterIPs", json_pack("[s]", "None"));
	else
		assign_ips(a);
}

static bool wants_node_ports(const json_t *spec)
{
	const char *type = kl_json_str(spec, "type", NULL);
	return !strcmp(type, "NodePort") ||
	       (!strcmp(type, "LoadBalancer") && kl_json_bool(spec, true, "allocateLoadBalancerNodePorts", NULL));
}

static int pick_port(struct kl_alloc *alloc)
{
	int size = alloc->port_max - alloc->port_min + 1, start = (int)random_below((uint64_t)size);
	for (int i = 0; i < size; i++) {
		int port = alloc->port_min + (start + i) % size;
		if (take_port(alloc, port))
			return port;
	}
	return -1;
}

static void take_given_port(struct assignment *a, const json_t *value, const struct kl_path *path)
{
	json_int_t port = json_integer_value(value);
	if (contains(a->held, value) || contains(a->change->taken, value))
		return; /* ours already: TCP and UDP of one Service may share a number */
	if (port < a->alloc->port_min || port > a->alloc->port_max)
		kl_invalid(a->errors, path, value,
			"provided port is not in the valid range. The range of valid ports is %d-%d",
			a->alloc->port_min, a->alloc->port_max);
	else if (!take_port(a->alloc, (int)port))
		kl_invalid(a->errors, path, value, "provided port is already allocated");
	else
		note(&a->change->taken, json_integer(port));
}

/* Another port entry of the same number but another protocol gets the same node port. */
static json_t *shared_port(const json_t *ports, const json_t *entry)
{
	size_t i;
	json_t *other;
	json_array_foreach (ports, i, other)
		if (other != entry && kl_json_int(other, 0, "nodePort", NULL) > 0 &&
			kl_json_int(other, -1, "port", NULL) == kl_json_int(entry, -2, "port", NULL) &&
			strcmp(kl_json_str(other, "protocol", NULL), kl_json_str(entry, "protocol", NULL)) != 0)
			return json_object_get(other, "nodePort");
	return NULL;
}

static void give_port(struct assignment *a, json_t *to, const char *key, const struct kl_path *path)
{
	int port = pick_port(a->alloc);
	if (port < 0) {
		kl_invalid(a->errors, path, json_object_get(to, key), "failed to allocate a nodePort: range is full");
		return;
	}
	note(&a->change->taken, json_integer(port));
	json_object_set_new(to, key, json_integer(port));
}

static void assign_node_ports(struct assignment *a)
{
	json_t *ports = json_object_get(a->spec, "ports"), *entry;
	const struct kl_path *ports_path = KL_KEY(&spec_path, "ports");
	size_t i;
	/* what is asked for goes first, so that chance does not take it */
	json_array_foreach (ports, i, entry)
		if (kl_json_int(entry, 0, "nodePort", NULL) > 0)
			take_given_port(
				a, json_object_get(entry, "nodePort"), KL_KEY(KL_INDEX(ports_path, i), "nodePort"));
	if (a->errors->count || !wants_node_ports(a->spec))
		return;
	json_array_foreach (ports, i, entry) {
		if (kl_json_int(entry, 0, "nodePort", NULL) > 0)
			continue;
		json_t *shared = shared_port(ports, entry);
		if (shared)
			json_object_set(entry, "nodePort", shared);
		else
			give_port(a, entry, "nodePort", KL_KEY(KL_INDEX(ports_path, i), "nodePort"));
	}
}

static bool wants_health_port(const json_t *spec)
{
	return !strcmp(kl_json_str(spec, "type", NULL), "LoadBalancer") &&
	       !strcmp(kl_json_str(spec, "externalTrafficPolicy", NULL), "Local");
}

static void assign_health_port(struct assignment *a)
{
	const struct kl_path *path = KL_KEY(&spec_path, "healthCheckNodePort");
	json_t *given = json_object_get(a->spec, "healthCheckNodePort");
	if (!wants_health_port(a->spec))
		json_object_del(a->spec, "healthCheckNodePort");
	else if (json_integer_value(given) > 0)
		take_given_port(a, given, path);
	else
		give_port(a, a->spec, "healthCheckNodePort", path);
}

/* --- before an update is validated --- */

static const char *protocol_of(const json_t *port)
{
	const char *protocol = kl_json_str(port, "protocol", NULL);
	return *protocol ? protocol : "TCP";
}

static bool same_port(const json_t *a, const json_t *b)
{
	json_t *number = json_object_get(a, "port");
	return number && json_equal(number, json_object_get(b, "port")) && !strcmp(protocol_of(a), protocol_of(b));
}

/* A field that belongs to the old type, and was not changed along with the type, goes. */
static void drop_unchanged(json_t *spec, const json_t *old_spec, const char *key)
{
	json_t *value = json_object_get(old_spec, key);
	if (value && json_equal(value, json_object_get(spec, key)))
		json_object_del(spec, key);
}

static void carry_node_ports(json_t *spec, const json_t *old_spec)
{
	size_t i, k;
	json_t *entry, *before;
	bool wanted = wants_node_ports(spec);
	json_array_foreach (json_object_get(spec, "ports"), i, entry)
		json_array_foreach (json_object_get(old_spec, "ports"), k, before) {
			if (!same_port(entry, before))
				continue;
			if (!wanted)
				drop_unchanged(entry, before, "nodePort");
			else if (!json_object_get(entry, "nodePort") && json_object_get(before, "nodePort"))
				json_object_set(entry, "nodePort", json_object_get(before, "nodePort"));
		}
}

/* What an update leaves out but cannot change (kubectl replace, apply), it keeps; what its new type has no use for
 * goes. */
void kl_alloc_carry_over(const json_t *old, json_t *service)
{
	static const char *const cluster[] = {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"};
	static const char *const balancer[] = {
		"healthCheckNodePort", "allocateLoadBalancerNodePorts", "loadBalancerClass"};
	json_t *spec = json_object_get(service, "spec");
	const json_t *old_spec = json_object_get(old, "spec");
	const char *type = kl_json_str(spec, "type", NULL);
	bool external = !strcmp(type, "ExternalName"),
	     was_external = !strcmp(kl_json_str(old_spec, "type", NULL), "ExternalName");
	if (!json_is_object(spec))
		return;
	for (size_t i = 0; i < KL_ARRAY_LEN(cluster); i++) {
		json_t *value = json_object_get(old_spec, cluster[i]);
		if (external)
			drop_unchanged(spec, old_spec, cluster[i]);
		else if (value && !was_external && !json_object_get(spec, cluster[i]))
			json_object_set_new(spec, cluster[i], json_deep_copy(value));
	}
	for (size_t i = 0; i < KL_ARRAY_LEN(balancer) && strcmp(type, "LoadBalancer") != 0; i++)
		drop_unchanged(spec, old_spec, balancer[i]);
	if (strcmp(type, "LoadBalancer") != 0 && strcmp(type, "NodePort") != 0)
		drop_unchanged(spec, old_spec, "externalTrafficPolicy");
	/* It goes with the policy; while that stays, who leaves it out means the one it has. */
	if (!wants_health_port(spec))
		drop_unchanged(spec, old_spec, "healthCheckNodePort");
	else if (!json_object_get(spec, "healthCheckNodePort") && json_object_get(old_spec, "healthCheckNodePort"))
		json_object_set(spec, "healthCheckNodePort", json_object_get(old_spec, "healthCheckNodePort"));
	carry_node_ports(spec, old_spec);
}

/* --- */

static void note_dropped(struct assignment *a, const json_t *service)
{
	kl_autojson *now = holdings(service);
	size_t i;
	json_t *item;
	json_array_foreach (a->held, i, item)
		if (!contains(now, item))
			note(&a->change->dropped, json_incref(item));
}

int kl_alloc_assign(struct kl_alloc *alloc, const json_t *old, json_t *service, struct kl_alloc_change *change,
	struct kl_status *st)
{
	kl_cleanup(kl_errors_release) struct kl_errors errors = {0};
	kl_autojson *held = holdings(old);
	struct assignment a = {alloc, kl_json_ensure(service, "spec", NULL), held, change, &errors};
	*change = (struct kl_alloc_change){0};
	pthread_mutex_lock(&alloc->lock);
	assign_cluster_ips(&a);
	if (!errors.count)
		assign_node_ports(&a);
	if (!errors.count)
		assign_health_port(&a);
	pthread_mutex_unlock(&alloc->lock);
	if (!errors.count) {
		note_dropped(&a, service);
		return 0;
	}
	kl_alloc_settle(alloc, change, false);
	return kl_errors_status(
		&errors, kl_kind_named("", "Service"), kl_json_str(service, "metadata", "name", NULL), st);
}
