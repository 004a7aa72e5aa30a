/*
 * Services: gives those of type LoadBalancer their addresses (status.loadBalancer) from the server's ranges, says in events what
 * their annotations ask for in vain, and in a condition which SCTP ports no node can serve. Key: "ns/name".
 *
 * Which addresses are taken is what the stored Services say: it is read again at each start, before any is given out.
 */
#include "api.h"
#include "ctl.h"

#include "annotations.h"
#include "lbpool.h"

#include <errno.h>

#define ADDRESSES_ANNOTATION "keelson.dev/load-balancer-ips"
#define SCTP_CONDITION       "SCTPTranslated"

struct said { /* what was complained about last, so that it is said once */
	UT_hash_handle hh;
	char *key, *words;
};

struct state {
	struct lbpool *pool;
	bool gives; /* there are ranges; without them somebody else may give addresses out */
	struct said *said;
};

static struct state *state_of(struct kl_controllers *c)
{
	return c->state[CTL_SERVICE];
}

/* --- saying things once */

static struct said *said_find(struct kl_controllers *c, const char *key)
{
	struct said *said = NULL;
	HASH_FIND_STR(state_of(c)->said, key, said);
	return said;
}

static void said_free(struct kl_controllers *c, struct said *said)
{
	if (!said)
		return;
	HASH_DEL(state_of(c)->said, said);
	free(said->key);
	free(said->words);
	free(said);
}

/* True when these words (all of an object's, one line each) are not those of last time. */
static bool is_news(struct kl_controllers *c, const char *key, const char *words)
{
	struct said *said = said_find(c, key);
	if (!strcmp(said ? said->words : "", words))
		return false;
	said_free(c, said);
	if (!*words)
		return false;
	said = kl_calloc(1, sizeof(*said));
	said->key = kl_strdup(key);
	said->words = kl_strdup(words);
	HASH_ADD_KEYPTR(hh, state_of(c)->said, said->key, strlen(said->key), said);
	return true;
}

struct warnings {
	struct kl_buf lines; /* "Reason\twords\n"… */
};

static void warn(struct warnings *warnings, const char *reason, const char *words)
{
	kl_buf_printf(&warnings->lines, "%s\t%s\n", reason, words);
}

static void say(struct kl_controllers *c, const char *key, const json_t *service, struct warnings *warnings)
{
	const char *all = kl_buf_str(&warnings->lines);
	if (!is_news(c, key, all))
		return;
	kl_autofree char *copy = kl_strdup(all);
	char *rest = copy, *line;
	while ((line = strsep(&rest, "\n"))) {
		char *words = strchr(line, '\t');
		if (!words)
			continue;
		*words++ = 0;
		ctl_event(c, CTL_SERVICE, service, "Warning", line, "%s", words);
	}
}

static void on_complaint(const char *annotation, const char *words, void *arg)
{
	(void)annotation;
	warn(arg, "InvalidAnnotation", words);
}

/* --- addresses */

/* The address of a family among "A,B". */
static bool address_in(const char *list, bool v4, struct kl_addr *ret)
{
	kl_autofree char *copy = kl_strdup(list);
	char *rest = copy, *part;
	while ((part = strsep(&rest, ","))) {
		while (*part == ' ')
			part++;
		if (!kl_addr_parse(part, ret) && kl_addr_is_v4(ret) == v4)
			return true;
	}
	return false;
}

/* What the Service asks for: the annotation, or the older field. */
static bool asked_address(const json_t *service, bool v4, struct kl_addr *ret)
{
	const char *list = kl_json_str(service, "metadata", "annotations", ADDRESSES_ANNOTATION, NULL);
	return address_in(*list ? list : kl_json_str(service, "spec", "loadBalancerIP", NULL), v4, ret);
}

/* What its status says already. */
static bool status_address(const json_t *service, bool v4, struct kl_addr *ret)
{
	size_t i;
	json_t *item;
	json_array_foreach (kl_json_get(service, "status", "loadBalancer", "ingress", NULL), i, item)
		if (!kl_addr_parse(kl_json_str(item, "ip", NULL), ret) && kl_addr_is_v4(ret) == v4)
			return true;
	return false;
}

static bool is_ours(const json_t *service)
{
	return !strcmp(kl_json_str(service, "spec", "type", NULL), "LoadBalancer") &&
	       !*kl_json_str(service, "spec", "loadBalancerClass", NULL) && !is_deleting(service);
}

static bool wants_family(const json_t *service, bool v4)
{
	size_t i;
	json_t *item;
	json_array_foreach (kl_json_get(service, "spec", "ipFamilies", NULL), i, item)
		if (json_is_string(item) && !strcmp(json_string_value(item), v4 ? "IPv4" : "IPv6"))
			return true;
	return false;
}

static int take_asked(
	struct kl_controllers *c, const char *key, const struct kl_addr *addr, bool v4, struct warnings *warnings)
{
	struct lbpool *pool = state_of(c)->pool;
	struct kl_addr held;
	char text[KL_ADDR_TEXT];
	if (lbpool_held(pool, key, v4, &held) && !kl_addr_equal(&held, addr))
		lbpool_release(pool, key, v4);
	int failed = lbpool_take(pool, key, addr);
	if (!failed)
		return 0;
	kl_addr_format(addr, text);
	kl_autofree char *words =
		failed == -ERANGE ? kl_asprintf("address %s is in none of the server's ranges", text)
				  : kl_asprintf("address %s belongs to Service %s", text, lbpool_owner(pool, addr));
	warn(warnings, "AddressNotAvailable", words);
	return failed;
}

/* The Service's address of a family; false: it has none yet. */
static bool settle(struct kl_controllers *c, const char *key, const json_t *service, bool v4, struct warnings *warnings,
	struct kl_addr *ret)
{
	struct lbpool *pool = state_of(c)->pool;
	if (!lbpool_has_family(pool, v4))
		return false;
	if (asked_address(service, v4, ret))
		return !take_asked(c, key, ret, v4, warnings);
	if (lbpool_held(pool, key, v4, ret))
		return true;
	if (!lbpool_pick(pool, key, v4, ret))
		return true;
	warn(warnings, "NoAddressFree",
		v4 ? "no IPv4 address is free in the server's ranges for load balancers"
		   : "no IPv6 address is free in the server's ranges for load balancers");
	return false;
}

static json_t *ingress_of(struct kl_controllers *c, const char *key, const json_t *service, struct warnings *warnings)
{
	json_t *list = json_array();
	size_t i;
	json_t *family;
	json_array_foreach (kl_json_get(service, "spec", "ipFamilies", NULL), i, family) {
		struct kl_addr addr;
		char text[KL_ADDR_TEXT];
		bool v4 = json_is_string(family) && !strcmp(json_string_value(family), "IPv4");
		if (!settle(c, key, service, v4, warnings, &addr))
			continue;
		kl_addr_format(&addr, text);
		json_array_append_new(list, json_pack("{s:s,s:s}", "ip", text, "ipMode", "VIP"));
	}
	return list;
}

static void release(struct kl_controllers *c, const char *key)
{
	lbpool_release(state_of(c)->pool, key, true);
	lbpool_release(state_of(c)->pool, key, false);
}

static void release_unwanted(struct kl_controllers *c, const char *key, const json_t *service)
{
	for (int v4 = 0; v4 < 2; v4++)
		if (!wants_family(service, v4))
			lbpool_release(state_of(c)->pool, key, v4);
}

/* Others wait for what was given back. */
static void wake_waiting(struct kl_object *obj, void *arg)
{
	kl_autojson *service = kl_object_parse(obj);
	if (is_ours(service) && !json_array_size(kl_json_get(service, "status", "loadBalancer", "ingress", NULL)))
		ctl_enqueue_object(arg, CTL_SERVICE, obj);
}

static void give_back(struct kl_controllers *c, const char *key)
{
	struct kl_addr addr;
	if (!lbpool_held(state_of(c)->pool, key, true, &addr) && !lbpool_held(state_of(c)->pool, key, false, &addr))
		return;
	release(c, key);
	kl_feed_each(c->feed, c->kinds.service, wake_waiting, c);
}

static void say_given(struct kl_controllers *c, const json_t *service, const json_t *ingress)
{
	size_t i;
	json_t *item;
	kl_autobuf text = {0};
	json_array_foreach (ingress, i, item)
		kl_buf_printf(&text, "%s%s", i ? ", " : "", kl_json_str(item, "ip", NULL));
	ctl_event(c, CTL_SERVICE, service, "Normal", "EnsuredLoadBalancer", "it has %s", kl_buf_str(&text));
}

/* True when the status has to be written. */
static bool set_ingress(struct kl_controllers *c, const char *key, json_t *service, struct warnings *warnings)
{
	const json_t *has = kl_json_get(service, "status", "loadBalancer", "ingress", NULL);
	if (!state_of(c)->gives)
		return false;
	if (!is_ours(service)) {
		bool other_class = *kl_json_str(service, "spec", "loadBalancerClass", NULL);
		give_back(c, key);
		if (!json_array_size(has) || other_class)
			return false;
		kl_json_set(service, json_object(), "status", "loadBalancer", NULL);
		return true;
	}
	release_unwanted(c, key, service);
	kl_autojson *want = ingress_of(c, key, service, warnings);
	if (json_array_size(want) ? json_equal(has, want) : !json_array_size(has))
		return false;
	if (json_array_size(want))
		kl_json_set(service, json_pack("{s:O}", "ingress", want), "status", "loadBalancer", NULL);
	else
		kl_json_set(service, json_object(), "status", "loadBalancer", NULL);
	if (json_array_size(want))
		say_given(c, service, want);
	return true;
}

/* --- SCTP: a port of a packet is covered by a checksum of all of it, so it can only stay what it is */

static void note_port(struct kl_buf *words, int64_t port, const char *what, int64_t other)
{
	kl_buf_printf(words, "%sport %lld: %s %lld is another number", words->len ? "; " : "", (long long)port, what,
		(long long)other);
}

static bool note_sctp(const json_t *service, struct kl_buf *words)
{
	size_t i;
	json_t *port;
	bool any = false;
	json_array_foreach (kl_json_get(service, "spec", "ports", NULL), i, port) {
		int64_t number = kl_json_int(port, 0, "port", NULL), node = kl_json_int(port, 0, "nodePort", NULL);
		const json_t *target = json_object_get(port, "targetPort");
		if (strcmp(kl_json_str(port, "protocol", NULL), "SCTP"))
			continue;
		any = true;
		if (json_is_integer(target) && json_integer_value(target) != number)
			note_port(words, number, "targetPort", json_integer_value(target));
		else if (json_is_string(target))
			kl_buf_printf(words, "%sport %lld: pods where '%s' is another number are left out",
				words->len ? "; " : "", (long long)number, json_string_value(target));
		if (node && node != number)
			note_port(words, number, "nodePort", node);
	}
	return any;
}

static bool set_condition(json_t *service, struct warnings *warnings)
{
	kl_autobuf words = {0};
	bool any = note_sctp(service, &words);
	json_t *status = kl_json_ensure(service, "status", NULL);
	if (!any && !condition_find(status, SCTP_CONDITION))
		return false;
	if (!any) {
		condition_remove(status, SCTP_CONDITION);
		return true;
	}
	bool fine = !words.len;
	const char *message = fine ? "every SCTP port stays what it is" : kl_buf_str(&words);
	const json_t *had = condition_find(status, SCTP_CONDITION);
	if (!fine)
		warn(warnings, "SCTPPortNotTranslated", message);
	if (had && strcmp(kl_json_str(had, "message", NULL), message))
		condition_remove(status, SCTP_CONDITION);
	return condition_set(status, SCTP_CONDITION, fine ? "True" : "False", fine ? "PortsStay" : "PortMustNotChange",
		message, false);
}

/* --- */

static void sync(struct kl_controllers *c, const char *key)
{
	kl_autojson *service = ctl_load(c, c->kinds.service, key);
	struct warnings warnings = {0};
	struct kl_service_wishes wishes;
	if (!service) {
		said_free(c, said_find(c, key));
		give_back(c, key);
		return;
	}
	kl_service_wishes_read(service, &wishes, on_complaint, &warnings);
	bool changed = set_ingress(c, key, service, &warnings);
	if (!is_deleting(service))
		changed |= set_condition(service, &warnings);
	say(c, key, service, &warnings);
	kl_buf_release(&warnings.lines);
	if (changed)
		ctl_update(c, CTL_SERVICE, key, c->kinds.service, "status", json_incref(service));
}

/* What a stored Service has is its own before anybody is given anything: all are delivered before the first key runs. */
static void adopt(struct kl_controllers *c, const char *key, const json_t *service)
{
	struct kl_addr addr, held;
	for (int v4 = 0; is_ours(service) && v4 < 2; v4++)
		if (status_address(service, v4, &addr) && !lbpool_held(state_of(c)->pool, key, v4, &held))
			lbpool_take(state_of(c)->pool, key, &addr);
}

static void on_service(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	const struct kl_object *any = now ? now : prev;
	kl_autofree char *key = kl_asprintf("%s/%s", any->ns, any->name);
	if (now && !prev)
		adopt(c, key, kl_feed_parsed(c->feed));
	ctl_enqueue(c, CTL_SERVICE, key);
}

static void on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	if (gone || !pod->bad_weight || !pod->relabeled)
		return;
	kl_autojson *json = kl_object_parse(pod->obj);
	ctl_event(c, CTL_SERVICE, json, "Warning", "InvalidAnnotation",
		"annotation " KL_ANNOTATION_WEIGHT ": '%.60s' is not a number from 1 to %d; the pod weighs 1",
		kl_json_str(json, "metadata", "annotations", KL_ANNOTATION_WEIGHT, NULL), KL_WEIGHT_MAX);
}

int kl_controllers_check_ranges(const char *ranges, struct kl_err *err)
{
	struct lbpool *pool = NULL;
	int failed = lbpool_new(ranges, &pool, err);
	lbpool_free(pool);
	return failed;
}

static void init(struct kl_controllers *c)
{
	struct state *state = c->state[CTL_SERVICE] = kl_calloc(1, sizeof(*state));
	struct kl_err err = {0};
	/* The server has looked at them before. */
	if (lbpool_new(c->options.load_balancer_ranges, &state->pool, &err)) {
		kl_error("%s", err.text);
		lbpool_new("", &state->pool, NULL);
	}
	state->gives = lbpool_has_family(state->pool, true) || lbpool_has_family(state->pool, false);
	kl_feed_add(c->feed, c->kinds.service, on_service, c);
	pods_listen(c, on_pod);
}

static void free_state(struct kl_controllers *c)
{
	struct said *said, *next;
	if (!state_of(c))
		return;
	HASH_ITER (hh, state_of(c)->said, said, next)
		said_free(c, said);
	lbpool_free(state_of(c)->pool);
	free(c->state[CTL_SERVICE]);
}

const struct controller service_controller = {"service-controller", init, sync, free_state};
