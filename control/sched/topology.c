/*
 * What depends on the pods of other nodes: affinity and anti-affinity between pods, topology spread constraints.
 *
 * A topology key's label values are numbered (domains); counting is by domain. Whether a term matches the pods of a
 * class is decided once and remembered in the term.
 */
#include "sched_impl.h"

#include <stdlib.h>
#include <string.h>

enum { WEIGHT_AFFINITY = 2, WEIGHT_SPREAD = 2, FULL = 100 };

/* --- keys and domains */

static int domain_of(struct topology_key *key, const char *value)
{
	struct domain *domain;
	HASH_FIND_STR(key->domains, value, domain);
	if (!domain) {
		domain = kl_calloc(1, sizeof(*domain));
		domain->value = kl_strdup(value);
		domain->id = key->count++;
		HASH_ADD_KEYPTR(hh, key->domains, domain->value, strlen(domain->value), domain);
	}
	return domain->id;
}

static void set_domain(struct kl_sched *s, struct node *node, int key)
{
	const char *value = json_string_value(json_object_get(node->labels, s->keys[key].label));
	node->domain[key] = value ? domain_of(&s->keys[key], value) : -1;
}

void topology_node_domains(struct kl_sched *s, struct node *node)
{
	for (int i = 0; i < s->key_count; i++)
		set_domain(s, node, i);
}

int topology_key_index(struct kl_sched *s, const char *label)
{
	for (int i = 0; i < s->key_count; i++) {
		if (!strcmp(s->keys[i].label, label))
			return i;
	}
	if (s->key_count == TOPOLOGY_KEYS_MAX)
		return -1;
	int key = s->key_count++;
	s->keys[key].label = kl_strdup(label);
	for (size_t i = 0; i < s->slot_count; i++) {
		if (s->slots[i] && s->slots[i]->key)
			set_domain(s, s->slots[i], key);
	}
	return key;
}

/* --- parsing */

static void term_parse(struct kl_sched *s, const json_t *json, const char *own_ns, struct pod_term *ret)
{
	size_t i;
	json_t *name;
	const json_t *names = json_object_get(json, "namespaces"),
		     *ns_selector = json_object_get(json, "namespaceSelector");
	*ret = (struct pod_term){.key = topology_key_index(s, kl_json_str(json, "topologyKey", NULL))};
	ret->selector = kl_selector_from_json(json_object_get(json, "labelSelector"), NULL);
	if (json_is_object(ns_selector))
		ret->ns_selector = kl_selector_from_json(ns_selector, NULL);
	ret->namespaces = kl_calloc(json_array_size(names) + 1, sizeof(*ret->namespaces));
	json_array_foreach (names, i, name)
		ret->namespaces[ret->namespace_count++] =
			kl_strdup(json_is_string(name) ? json_string_value(name) : "");
	if (!ret->namespace_count && !ret->ns_selector)
		ret->namespaces[ret->namespace_count++] = kl_strdup(own_ns);
}

static void term_release(struct pod_term *term)
{
	kl_selector_free(term->selector);
	kl_selector_free(term->ns_selector);
	for (size_t i = 0; i < term->namespace_count; i++)
		free(term->namespaces[i]);
	free(term->namespaces);
	free(term->matches);
}

/* `weighted`: items are {weight, podAffinityTerm}. */
static void terms_parse(
	struct kl_sched *s, const json_t *list, bool weighted, int sign, const char *ns, struct pod_terms *ret)
{
	size_t i;
	json_t *item;
	ret->items = kl_calloc(json_array_size(list) + 1, sizeof(*ret->items));
	json_array_foreach (list, i, item) {
		term_parse(s, weighted ? json_object_get(item, "podAffinityTerm") : item, ns, &ret->items[i]);
		ret->items[i].weight = sign * (int)kl_json_int(item, 1, "weight", NULL);
		ret->count++;
	}
}

static void terms_release(struct pod_terms *terms)
{
	for (size_t i = 0; i < terms->count; i++)
		term_release(&terms->items[i]);
	free(terms->items);
}

static json_t *with_match_label_keys(const json_t *constraint, const json_t *labels)
{
	size_t i;
	json_t *key, *copy = json_deep_copy(constraint);
	json_array_foreach (json_object_get(constraint, "matchLabelKeys"), i, key) {
		json_t *value = json_object_get(labels, json_is_string(key) ? json_string_value(key) : "");
		if (value)
			kl_json_set(
				copy, json_incref(value), "labelSelector", "matchLabels", json_string_value(key), NULL);
	}
	return copy;
}

static void spread_parse(struct kl_sched *s, const json_t *json, struct kl_sched_class *cls, struct spread *ret)
{
	kl_autojson *constraint = with_match_label_keys(json, cls->label_map);
	*ret = (struct spread){0};
	term_parse(s, constraint, cls->ns, &ret->term);
	ret->max_skew = (int)kl_json_int(json, 1, "maxSkew", NULL);
	ret->min_domains = (int)kl_json_int(json, 1, "minDomains", NULL);
	ret->hard = strcmp(kl_json_str(json, "whenUnsatisfiable", NULL), "ScheduleAnyway") != 0;
	ret->honor_affinity = strcmp(kl_json_str(json, "nodeAffinityPolicy", NULL), "Ignore") != 0;
	ret->honor_taints = !strcmp(kl_json_str(json, "nodeTaintsPolicy", NULL), "Honor");
}

void topology_parse(struct kl_sched *s, const json_t *pod, struct kl_sched_class *cls)
{
	static const char required[] = "requiredDuringSchedulingIgnoredDuringExecution";
	static const char preferred[] = "preferredDuringSchedulingIgnoredDuringExecution";
	size_t i;
	json_t *constraint;
	const json_t *spec = json_object_get(pod, "spec");
	const json_t *affinity = kl_json_get(spec, "affinity", "podAffinity", NULL);
	const json_t *anti = kl_json_get(spec, "affinity", "podAntiAffinity", NULL);
	const json_t *spreads = json_object_get(spec, "topologySpreadConstraints");
	terms_parse(s, json_object_get(affinity, required), false, 1, cls->ns, &cls->affinity);
	terms_parse(s, json_object_get(anti, required), false, 1, cls->ns, &cls->anti);
	terms_parse(s, json_object_get(affinity, preferred), true, 1, cls->ns, &cls->prefer);
	terms_parse(s, json_object_get(anti, preferred), true, -1, cls->ns, &cls->avoid);
	cls->spreads = kl_calloc(json_array_size(spreads) + 1, sizeof(*cls->spreads));
	json_array_foreach (spreads, i, constraint)
		spread_parse(s, constraint, cls, &cls->spreads[cls->spread_count++]);
}

void topology_release(struct kl_sched_class *cls)
{
	terms_release(&cls->affinity);
	terms_release(&cls->anti);
	terms_release(&cls->prefer);
	terms_release(&cls->avoid);
	for (size_t i = 0; i < cls->spread_count; i++)
		term_release(&cls->spreads[i].term);
	free(cls->spreads);
}

bool topology_reaches_others(const struct kl_sched_class *cls)
{
	return cls->affinity.count || cls->anti.count || cls->prefer.count || cls->avoid.count;
}

/* --- does a term mean the pods of a class? */

static bool namespace_matches(struct kl_sched *s, const struct pod_term *term, const char *name)
{
	struct namespace_labels *ns;
	for (size_t i = 0; i < term->namespace_count; i++) {
		if (!strcmp(term->namespaces[i], name))
			return true;
	}
	if (!term->ns_selector)
		return false;
	if (kl_selector_empty(term->ns_selector))
		return true;
	HASH_FIND_STR(s->namespaces, name, ns);
	return ns && kl_selector_matches(term->ns_selector, ns->labels);
}

static bool term_matches(struct kl_sched *s, struct pod_term *term, const struct kl_sched_class *cls)
{
	if (term->match_size < s->id_size) {
		term->matches = kl_realloc(term->matches, s->id_size);
		memset(term->matches + term->match_size, 0, s->id_size - term->match_size);
		term->match_size = s->id_size;
	}
	uint8_t *known = &term->matches[cls->id];
	if (!*known) {
		bool yes = term->selector && namespace_matches(s, term, cls->ns) &&
			   kl_selector_matches(term->selector, cls->label_map);
		*known = yes ? 2 : 1;
	}
	return *known == 2;
}

static void terms_forget(struct pod_terms *terms, size_t from, size_t to)
{
	for (size_t i = 0; i < terms->count; i++) {
		struct pod_term *term = &terms->items[i];
		for (size_t id = from; id < to && id < term->match_size; id++)
			term->matches[id] = 0;
	}
}

static void forget(struct kl_sched *s, size_t from, size_t to)
{
	for (struct kl_sched_class *cls = s->classes; cls; cls = cls->hh.next) {
		terms_forget(&cls->affinity, from, to);
		terms_forget(&cls->anti, from, to);
		terms_forget(&cls->prefer, from, to);
		terms_forget(&cls->avoid, from, to);
		for (size_t i = 0; i < cls->spread_count; i++) {
			struct pod_terms one = {&cls->spreads[i].term, 1};
			terms_forget(&one, from, to);
		}
	}
}

void topology_forget_class(struct kl_sched *s, unsigned class_id)
{
	forget(s, class_id, (size_t)class_id + 1);
}

void topology_forget_matches(struct kl_sched *s)
{
	forget(s, 0, s->id_size);
}

/* --- one decision */

struct tally { /* pods by domain of one key */
	int64_t *count;
	int64_t total, lowest;
	int domains; /* that have an eligible node */
	bool *eligible;
};

struct topology {
	struct kl_sched *s;
	struct kl_sched_class *cls;
	struct tally *affinity, *anti, *spread;
	bool *blocked[TOPOLOGY_KEYS_MAX];   /* domains that pods there keep the class out of; NULL: none */
	int64_t *wished[TOPOLOGY_KEYS_MAX]; /* preference by domain; NULL: none */
	bool first_of_its_kind;             /* required affinity that only the pod itself could satisfy */
	int64_t wish_low, wish_high, skew_low, skew_high;
	bool ranged;
};

static void tally_init(struct kl_sched *s, struct tally *tally, int key)
{
	int count = key >= 0 ? s->keys[key].count : 0;
	tally->count = kl_calloc((size_t)count + 1, sizeof(*tally->count));
	tally->eligible = kl_calloc((size_t)count + 1, sizeof(*tally->eligible));
}

static int domain_at(const struct node *node, int key)
{
	return key >= 0 && node->key ? node->domain[key] : -1;
}

static bool eligible(const struct spread *spread, const struct kl_sched_class *cls, const struct node *node)
{
	if (spread->honor_affinity && !node_affinity_matches(cls, node))
		return false;
	return !spread->honor_taints ||
	       !untolerated_taint(cls, node, 1u << EFFECT_NO_SCHEDULE | 1u << EFFECT_NO_EXECUTE);
}

static bool has_all_keys(const struct kl_sched_class *cls, const struct node *node, bool hard)
{
	for (size_t i = 0; i < cls->spread_count; i++) {
		if (cls->spreads[i].hard == hard && domain_at(node, cls->spreads[i].term.key) < 0)
			return false;
	}
	return true;
}

static void count_spread(struct topology *t, size_t index, const struct node *node)
{
	struct spread *spread = &t->cls->spreads[index];
	struct tally *tally = &t->spread[index];
	int domain = domain_at(node, spread->term.key);
	if (domain < 0 || !has_all_keys(t->cls, node, spread->hard) || !eligible(spread, t->cls, node))
		return;
	tally->domains += !tally->eligible[domain];
	tally->eligible[domain] = true;
	for (size_t u = 0; u < node->usage_count; u++) {
		if (!strcmp(node->usage[u].cls->ns, t->cls->ns) &&
			term_matches(t->s, &spread->term, node->usage[u].cls))
			tally->count[domain] += node->usage[u].count;
	}
}

static bool matches_all(struct kl_sched *s, struct pod_terms *terms, const struct kl_sched_class *cls)
{
	for (size_t i = 0; i < terms->count; i++) {
		if (!term_matches(s, &terms->items[i], cls))
			return false;
	}
	return true;
}

static void count_required(struct topology *t, const struct node *node, const struct usage *usage)
{
	struct kl_sched_class *cls = t->cls;
	bool all = cls->affinity.count && matches_all(t->s, &cls->affinity, usage->cls);
	for (size_t i = 0; all && i < cls->affinity.count; i++) {
		int domain = domain_at(node, cls->affinity.items[i].key);
		if (domain < 0)
			continue;
		t->affinity[i].count[domain] += usage->count;
		t->affinity[i].total += usage->count;
	}
	for (size_t i = 0; i < cls->anti.count; i++) {
		int domain = domain_at(node, cls->anti.items[i].key);
		if (domain >= 0 && term_matches(t->s, &cls->anti.items[i], usage->cls))
			t->anti[i].count[domain] += usage->count;
	}
}

static void wish(struct topology *t, int key, const struct node *node, int64_t weight)
{
	int domain = domain_at(node, key);
	if (domain < 0)
		return;
	if (!t->wished[key])
		t->wished[key] = kl_calloc((size_t)t->s->keys[key].count + 1, sizeof(**t->wished));
	t->wished[key][domain] += weight;
}

/* Preferences work both ways: what this pod wants of those, and what those want of it. */
static void count_wishes(struct topology *t, const struct node *node, const struct usage *usage, struct pod_terms *mine,
	struct pod_terms *theirs)
{
	for (size_t i = 0; i < mine->count; i++) {
		if (term_matches(t->s, &mine->items[i], usage->cls))
			wish(t, mine->items[i].key, node, (int64_t)mine->items[i].weight * usage->count);
	}
	for (size_t i = 0; i < theirs->count; i++) {
		if (term_matches(t->s, &theirs->items[i], t->cls))
			wish(t, theirs->items[i].key, node, (int64_t)theirs->items[i].weight * usage->count);
	}
}

static void block(struct topology *t, const struct node *node, struct pod_terms *theirs)
{
	for (size_t i = 0; i < theirs->count; i++) {
		int key = theirs->items[i].key, domain = domain_at(node, key);
		if (domain < 0 || !term_matches(t->s, &theirs->items[i], t->cls))
			continue;
		if (!t->blocked[key])
			t->blocked[key] = kl_calloc((size_t)t->s->keys[key].count + 1, sizeof(**t->blocked));
		t->blocked[key][domain] = true;
	}
}

static void count_node(struct topology *t, const struct node *node)
{
	for (size_t u = 0; u < node->usage_count; u++) {
		struct usage *usage = &node->usage[u];
		static struct pod_terms none;
		count_required(t, node, usage);
		block(t, node, &usage->cls->anti);
		count_wishes(t, node, usage, &t->cls->prefer, &usage->cls->prefer);
		count_wishes(t, node, usage, &t->cls->avoid, &usage->cls->avoid);
		/* Required affinity of those that run counts as a wish of weight 1 (hardPodAffinityWeight). */
		count_wishes(t, node, usage, &none, &usage->cls->affinity);
	}
	for (size_t i = 0; i < t->cls->spread_count; i++)
		count_spread(t, i, node);
}

/* The emptiest eligible domain; 0 when there are fewer domains than the constraint wants. */
static void find_lowest(struct topology *t, size_t index)
{
	const struct spread *spread = &t->cls->spreads[index];
	struct tally *tally = &t->spread[index];
	int64_t lowest = INT64_MAX;
	int count = spread->term.key >= 0 ? t->s->keys[spread->term.key].count : 0;
	for (int i = 0; i < count; i++) {
		if (tally->eligible[i] && tally->count[i] < lowest)
			lowest = tally->count[i];
	}
	tally->lowest = tally->domains < spread->min_domains || lowest == INT64_MAX ? 0 : lowest;
}

static void tallies_init(struct topology *t)
{
	struct kl_sched_class *cls = t->cls;
	t->affinity = kl_calloc(cls->affinity.count + 1, sizeof(*t->affinity));
	t->anti = kl_calloc(cls->anti.count + 1, sizeof(*t->anti));
	t->spread = kl_calloc(cls->spread_count + 1, sizeof(*t->spread));
	for (size_t i = 0; i < cls->affinity.count; i++)
		tally_init(t->s, &t->affinity[i], cls->affinity.items[i].key);
	for (size_t i = 0; i < cls->anti.count; i++)
		tally_init(t->s, &t->anti[i], cls->anti.items[i].key);
	for (size_t i = 0; i < cls->spread_count; i++)
		tally_init(t->s, &t->spread[i], cls->spreads[i].term.key);
}

struct topology *topology_prepare(struct kl_sched *s, struct kl_sched_class *cls)
{
	if (!topology_reaches_others(cls) && !cls->spread_count && !s->anti_assigned)
		return NULL;
	struct topology *t = kl_calloc(1, sizeof(*t));
	t->s = s;
	t->cls = cls;
	tallies_init(t);
	for (size_t i = 0; i < s->slot_count; i++) {
		if (s->slots[i] && s->slots[i]->key)
			count_node(t, s->slots[i]);
	}
	for (size_t i = 0; i < cls->spread_count; i++)
		find_lowest(t, i);
	int64_t total = 0;
	for (size_t i = 0; i < cls->affinity.count; i++)
		total += t->affinity[i].total;
	t->first_of_its_kind = !total && matches_all(s, &cls->affinity, cls);
	return t;
}

static void tallies_free(struct tally *tallies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(tallies[i].count);
		free(tallies[i].eligible);
	}
	free(tallies);
}

void topology_free(struct topology *t)
{
	if (!t)
		return;
	tallies_free(t->affinity, t->cls->affinity.count);
	tallies_free(t->anti, t->cls->anti.count);
	tallies_free(t->spread, t->cls->spread_count);
	for (int i = 0; i < TOPOLOGY_KEYS_MAX; i++) {
		free(t->blocked[i]);
		free(t->wished[i]);
	}
	free(t);
}

static const char *spread_refusal(const struct topology *t, const struct node *node, bool *ret_unresolvable)
{
	for (size_t i = 0; i < t->cls->spread_count; i++) {
		struct spread *spread = &t->cls->spreads[i];
		if (!spread->hard)
			continue;
		int domain = domain_at(node, spread->term.key);
		if (domain < 0) {
			*ret_unresolvable = true;
			return "node(s) didn't match pod topology spread constraints (missing required label)";
		}
		int64_t self = term_matches(t->s, &spread->term, t->cls);
		if (t->spread[i].count[domain] + self - t->spread[i].lowest > spread->max_skew)
			return "node(s) didn't match pod topology spread constraints";
	}
	return NULL;
}

static bool affinity_holds(const struct topology *t, const struct node *node)
{
	bool somebody = true;
	for (size_t i = 0; i < t->cls->affinity.count; i++) {
		int domain = domain_at(node, t->cls->affinity.items[i].key);
		if (domain < 0)
			return false;
		somebody &= t->affinity[i].count[domain] > 0;
	}
	return somebody || t->first_of_its_kind;
}

static bool anti_holds(const struct topology *t, const struct node *node)
{
	for (size_t i = 0; i < t->cls->anti.count; i++) {
		int domain = domain_at(node, t->cls->anti.items[i].key);
		if (domain >= 0 && t->anti[i].count[domain])
			return false;
	}
	return true;
}

static bool is_blocked(const struct topology *t, const struct node *node)
{
	for (int key = 0; key < t->s->key_count; key++) {
		int domain = domain_at(node, key);
		if (t->blocked[key] && domain >= 0 && t->blocked[key][domain])
			return true;
	}
	return false;
}

const char *topology_refusal(const struct topology *t, const struct node *node, bool *ret_unresolvable)
{
	*ret_unresolvable = false;
	const char *refusal = spread_refusal(t, node, ret_unresolvable);
	if (refusal)
		return refusal;
	if (!affinity_holds(t, node)) {
		*ret_unresolvable = true;
		return "node(s) didn't match pod affinity rules";
	}
	if (!anti_holds(t, node))
		return "node(s) didn't match pod anti-affinity rules";
	return is_blocked(t, node) ? "node(s) didn't satisfy existing pods anti-affinity rules" : NULL;
}

static int64_t wish_at(const struct topology *t, const struct node *node)
{
	int64_t total = 0;
	for (int key = 0; key < t->s->key_count; key++) {
		int domain = domain_at(node, key);
		if (t->wished[key] && domain >= 0)
			total += t->wished[key][domain];
	}
	return total;
}

/* How full the node's domains are for the soft constraints: less is better. */
static int64_t skew_at(const struct topology *t, const struct node *node)
{
	int64_t total = 0;
	for (size_t i = 0; i < t->cls->spread_count; i++) {
		int domain = domain_at(node, t->cls->spreads[i].term.key);
		if (!t->cls->spreads[i].hard)
			total += domain >= 0 ? t->spread[i].count[domain] : INT32_MAX;
	}
	return total;
}

void topology_score_range(struct topology *t, const struct node *node)
{
	int64_t wished = wish_at(t, node), skew = skew_at(t, node);
	t->wish_low = t->ranged && t->wish_low < wished ? t->wish_low : wished;
	t->wish_high = t->ranged && t->wish_high > wished ? t->wish_high : wished;
	t->skew_low = t->ranged && t->skew_low < skew ? t->skew_low : skew;
	t->skew_high = t->ranged && t->skew_high > skew ? t->skew_high : skew;
	t->ranged = true;
}

int32_t topology_score(const struct topology *t, const struct node *node)
{
	int64_t score = 0;
	if (t->wish_high > t->wish_low)
		score += WEIGHT_AFFINITY * FULL * (wish_at(t, node) - t->wish_low) / (t->wish_high - t->wish_low);
	if (t->skew_high > t->skew_low)
		score += WEIGHT_SPREAD * FULL * (t->skew_high - skew_at(t, node)) / (t->skew_high - t->skew_low);
	return (int32_t)score;
}
