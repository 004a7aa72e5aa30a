/* What the files of the scheduler's core share. */
#ifndef KL_SCHED_IMPL_H
#define KL_SCHED_IMPL_H

#include "sched.h"
#include "selector.h"

#include <uthash.h>

enum { RES_CPU, RES_MEMORY, RES_EPHEMERAL, RES_PODS, RES_FIXED, RES_MAX = 16 };
enum { TOPOLOGY_KEYS_MAX = 16 };

/* CPU in milli-units, everything else in whole units. */
struct resources {
	int64_t v[RES_MAX];
};

enum effect { EFFECT_NONE, EFFECT_NO_SCHEDULE, EFFECT_PREFER_NO_SCHEDULE, EFFECT_NO_EXECUTE };

struct taint {
	char *key, *value;
	enum effect effect;
};

struct toleration {
	char *key, *value;  /* key "": every key */
	bool exists;        /* operator Exists: every value */
	enum effect effect; /* EFFECT_NONE: every effect */
};

enum req_op { OP_IN, OP_NOT_IN, OP_EXISTS, OP_NOT_EXISTS, OP_GT, OP_LT, OP_NEVER };

struct node_req {
	char *key;
	char **values;
	size_t count;
	int64_t number; /* Gt, Lt */
	enum req_op op;
	bool field; /* metadata.name, not a label */
};

/* Requirements that must all hold. */
struct node_term {
	struct node_req *reqs;
	size_t count;
	int weight; /* preferred terms */
};

struct host_port {
	char *ip; /* "0.0.0.0": every address */
	char *protocol;
	int port;
};

struct namespace_labels {
	char *name;
	json_t *labels;
	UT_hash_handle hh;
};

/* "Pods that match the selector, in these namespaces, counted by a node label." */
struct pod_term {
	int key; /* index of the topology key */
	struct kl_selector *selector;
	char **namespaces;
	size_t namespace_count;
	struct kl_selector *ns_selector; /* NULL: none */
	int weight;
	uint8_t *matches; /* by class id: 0 unknown, 1 no, 2 yes */
	size_t match_size;
};

struct spread {
	struct pod_term term; /* namespace: the pod's own */
	int max_skew, min_domains;
	bool hard; /* DoNotSchedule */
	bool honor_affinity, honor_taints;
};

struct pod_terms {
	struct pod_term *items;
	size_t count;
};

struct group { /* pods of one controller */
	char *uid;
	unsigned refs;
	UT_hash_handle hh;
};

struct kl_sched_class {
	unsigned id, refs;
	char *key; /* canonical text of everything below */
	char *ns;
	json_t *label_map;
	struct group *group; /* NULL: no owner */
	struct resources requests;
	int64_t score_cpu, score_memory; /* requests, with upstream's guesses where there are none */
	bool unknown_resource;
	char *node_name;            /* NULL: not asked for */
	struct node_term selector;  /* spec.nodeSelector */
	struct node_term *required; /* any of them; count 0 with has_required: nothing matches */
	size_t required_count;
	bool has_required;
	struct node_term *preferred;
	size_t preferred_count;
	struct toleration *tolerations;
	size_t toleration_count;
	struct host_port *ports;
	size_t port_count;
	struct pod_terms affinity, anti, prefer, avoid; /* required, required anti, preferred, preferred anti */
	struct spread *spreads;
	size_t spread_count;
	unsigned assigned; /* pods of it on nodes */
	struct eval *eval; /* NULL: not evaluated lately */
	UT_hash_handle hh;
};

struct usage {
	struct kl_sched_class *cls;
	unsigned count;
};

struct node {
	char *name;
	char *key; /* canonical text of what matters of the Node; NULL: pods name it but it is not there */
	bool unschedulable;
	json_t *labels;
	struct taint *taints;
	size_t taint_count;
	struct resources allocatable, requested;
	int64_t score_cpu, score_memory;
	struct usage *usage;
	size_t usage_count, usage_size;
	int domain[TOPOLOGY_KEYS_MAX]; /* -1: the label is absent */
	unsigned slot;
	UT_hash_handle hh;
};

struct domain {
	char *value;
	int id;
	UT_hash_handle hh;
};

struct topology_key {
	char *label;
	struct domain *domains;
	int count;
};

/* A class against all nodes; arrays by slot. */
struct eval {
	struct kl_sched_class *cls;
	uint64_t generation; /* of the nodes it was made for */
	uint64_t log_at;     /* changes before this one are in it */
	size_t size;
	uint8_t *verdict;         /* 0: fits; else 1 + index of the static or local filter that refused */
	int32_t *static_score;    /* affinity and taints, normalised */
	int32_t *score;           /* with the local scores */
	unsigned *group_count;    /* pods of the same owner on the node */
	struct eval *prev, *next; /* least recently used first */
};

struct kl_sched {
	struct node **slots; /* may hold NULL */
	size_t slot_count, slot_size, present;
	struct node *by_name;
	struct kl_sched_class *classes; /* by key */
	struct kl_sched_class **by_id;
	size_t id_size;
	struct group *groups;
	char *resource_names[RES_MAX];
	size_t resource_count;
	struct topology_key keys[TOPOLOGY_KEYS_MAX];
	int key_count;
	struct namespace_labels *namespaces;
	unsigned anti_assigned; /* pods on nodes with required anti-affinity, or preferences for others */
	uint64_t generation;    /* of everything static about nodes */
	unsigned *log;          /* slots whose usage changed, oldest first */
	uint64_t log_base;      /* number of the first one kept */
	size_t log_count, log_size;
	struct eval *evals;
	size_t eval_count;
	uint64_t random;
};

/* resources.c */
int resource_index(struct kl_sched *s, const char *name); /* -1: too many kinds */
void resources_of_pod(struct kl_sched *s, const json_t *pod, struct kl_sched_class *cls);
void resources_of_node(struct kl_sched *s, const json_t *node, struct resources *ret);

/* affinity.c */
void node_term_parse(const json_t *term, struct node_term *ret);
void node_term_of_map(const json_t *map, struct node_term *ret);
void node_term_release(struct node_term *term);
bool node_term_matches(const struct node_term *term, const struct node *node);
bool node_affinity_matches(const struct kl_sched_class *cls, const struct node *node);

/* taints.c */
void taints_parse(const json_t *taints, struct taint **ret, size_t *ret_count);
void taints_free(struct taint *taints, size_t count);
void tolerations_parse(const json_t *tolerations, struct toleration **ret, size_t *ret_count);
void tolerations_free(struct toleration *tolerations, size_t count);
/* The first taint with one of the effects (bits 1 << effect) that the class does not tolerate; NULL: none. */
const struct taint *untolerated_taint(const struct kl_sched_class *cls, const struct node *node, unsigned effects);
unsigned untolerated_count(const struct kl_sched_class *cls, const struct node *node, enum effect effect);

/* topology.c: everything that looks at the pods of other nodes */
int topology_key_index(struct kl_sched *s, const char *label); /* -1: too many */
void topology_node_domains(struct kl_sched *s, struct node *node);
void topology_parse(struct kl_sched *s, const json_t *pod, struct kl_sched_class *cls);
void topology_release(struct kl_sched_class *cls);
bool topology_reaches_others(const struct kl_sched_class *cls);
void topology_forget_class(struct kl_sched *s, unsigned class_id);
void topology_forget_matches(struct kl_sched *s);
struct topology;
/* NULL when nothing of it concerns the class. */
struct topology *topology_prepare(struct kl_sched *s, struct kl_sched_class *cls);
void topology_free(struct topology *topology);
/* NULL: fits; else why not. */
const char *topology_refusal(const struct topology *topology, const struct node *node, bool *ret_unresolvable);
/* 0 to 400: spread and affinity, weighted; call topology_score_range first with every node that fits. */
void topology_score_range(struct topology *topology, const struct node *node);
int32_t topology_score(const struct topology *topology, const struct node *node);

/* filters.c */
struct refusals;
struct filter {
	const char *name;
	bool (*passes)(const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node);
	/* Says why not, once for each reason; returns whether evicting other pods cannot help. */
	bool (*explain)(const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node,
		struct refusals *refusals);
	bool local; /* depends on the pods of the node: looked at again when they change */
};
extern const struct filter sched_filters[];
extern const size_t sched_filter_count;

/* scores.c */
int32_t scores_local(const struct kl_sched_class *cls, const struct node *node);
void scores_static(struct kl_sched *s, struct eval *eval);
/* Spreads an owner's pods: `count` on this node, between lowest and highest. */
int32_t scores_group(unsigned count, unsigned lowest, unsigned highest);

/* message.c */
struct refusal {
	char *text;
	unsigned count;
};
struct refusals {
	struct refusal *items;
	size_t count;
};
void refusals_add(struct refusals *refusals, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void refusals_message(struct refusals *refusals, struct kl_buf *buf); /* sorted as upstream: "2 a, 1 b" by text */
void refusals_release(struct refusals *refusals);

/* podclass.c */
void class_free(struct kl_sched *s, struct kl_sched_class *cls);

/* eval.c */
void eval_drop(struct kl_sched *s, struct kl_sched_class *cls);

#endif
