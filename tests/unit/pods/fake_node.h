/*
 * A node made of fakes, for the pod state machine: a runtime whose "containers" are event descriptors, an API that
 * remembers what it was told, images that are always there (or never). Nothing of it runs anything.
 */
#ifndef FAKE_NODE_H
#define FAKE_NODE_H

#include "pods.h"

#include <pthread.h>

enum { FAKE_MAX = 32 };

struct fake_container {
	char id[72], name[64]; /* name: the last part but one of the log's path */
	int fd;                /* eventfd: readable when it has ended */
	int exit_code;
	bool started, ended, removed, stubborn, lost;
	int terms, kills;
};

struct fake_runtime {
	struct kl_runtime base;
	pthread_mutex_t lock;
	struct fake_container containers[FAKE_MAX];
	unsigned count, created;
	bool stubborn;     /* new containers ignore SIGTERM */
	bool refuse_start; /* start fails */
};

struct fake_answer;
struct fake_node {
	uv_loop_t loop;
	struct fake_runtime runtime;
	struct kl_pods *pods;
	char root[64], *run;
	json_t *status;  /* as the API has it: pod name → status */
	json_t *objects; /* path → object, for GET */
	json_t *events;  /* "reason: message", in order */
	json_t *deleted; /* names that got the final delete */
	struct fake_answer *pending;
	unsigned failing; /* so many answers are failures of the transport */
	bool no_images;
	bool lost_namespaces; /* a new agent finds none */
	unsigned adds, dels, mounts, unmounts;
	int hold_ms;
};

void fake_node_init(struct fake_node *node);
void fake_node_start(struct fake_node *node); /* a new agent on the same files */
void fake_node_stop(struct fake_node *node);  /* the agent goes; its containers stay */
void fake_node_release(struct fake_node *node);
/* A pod object of one container "c" that the spec's text may extend; a new reference. */
json_t *fake_pod(const char *name, const char *spec);
/* Runs the loop until `done` says so; false after ten seconds. */
bool fake_run_until(struct fake_node *node, bool (*done)(struct fake_node *node));
void fake_run_for(struct fake_node *node, int ms);
/* The newest container of that name. */
struct fake_container *fake_find(struct fake_node *node, const char *name);
void fake_end(struct fake_node *node, struct fake_container *container, int exit_code);
const char *fake_phase(struct fake_node *node, const char *pod);
const json_t *fake_container_status(struct fake_node *node, const char *pod, const char *container);
const char *fake_condition(struct fake_node *node, const char *pod, const char *type);
bool fake_event(struct fake_node *node, const char *text);

#endif
