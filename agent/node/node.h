/*
 * This machine as a Node: registration, its Lease, and a status that is sent when it changes and every few minutes.
 *
 * Threads: everything on the loop's thread.
 */
#ifndef KL_NODE_H
#define KL_NODE_H

#include "client.h"

#include <uv.h>

/* What there is, read from /proc once at start. */
struct kl_node_capacity {
	int64_t cpus, memory_bytes, disk_bytes; /* disk: the file system of root_dir */
	int max_pods;
	int64_t reserved_cpu_milli, reserved_memory_bytes; /* --system-reserved: taken off the allocatable */
};
void kl_node_capacity_read(const char *root_dir, struct kl_node_capacity *ret);
/* "cpu=500m,memory=256Mi" into the reserved fields; -EINVAL. */
int kl_node_reserved_parse(const char *text, struct kl_node_capacity *capacity, struct kl_err *err);
/* Quantities as the status shows them ("2", "24681432Ki"); owned by the caller. */
char *kl_node_allocatable_cpu(const struct kl_node_capacity *capacity);
char *kl_node_allocatable_memory(const struct kl_node_capacity *capacity);

struct kl_node_options {
	const char *name;
	const char *const *ips;    /* NULL-terminated */
	const char *const *labels; /* "key=value", NULL-terminated; NULL: none */
	const char *const *taints; /* "key=value:Effect", "key:Effect", NULL-terminated; NULL: none */
	const char *root_dir;
	const char *runtime_version; /* "keelson://0.1.0 (crun 1.8.1)" */
	struct kl_node_capacity capacity;
	int kubelet_port;
	int lease_seconds;  /* duration; renewed every quarter; 0: 40 */
	int status_seconds; /* 0: 300 */
	/* Names and sizes for status.images: an array of {"names": […], "sizeBytes": n}; a new reference; NULL allowed.
	 */
	json_t *(*images)(void *arg);
	void *arg;
};

struct kl_node;
/* Everything is copied. Registers as soon as the API answers; tries for ever. */
struct kl_node *kl_node_new(uv_loop_t *loop, struct kl_client *client, const struct kl_node_options *options);
void kl_node_free(struct kl_node *node); /* NULL is fine */
/* The Ready condition; `reason` for people when not ("dataplane not ready"). A change is sent at once. */
void kl_node_set_ready(struct kl_node *node, bool ready, const char *reason);
bool kl_node_registered(const struct kl_node *node);

/* --- nodestatus.c: pure */
struct kl_node_facts {
	const struct kl_node_options *options;
	bool ready;
	const char *not_ready_reason;
	bool disk_pressure, memory_pressure, pid_pressure;
	bool patch;        /* the status is to be a strategic merge patch */
	const json_t *old; /* conditions' transition times; NULL: none */
	int64_t now_ms;
};
json_t *kl_node_status(const struct kl_node_facts *facts);
/* The whole Node for its creation: labels, taints, status. -EINVAL on bad labels or taints. */
int kl_node_object(const struct kl_node_facts *facts, json_t **ret, struct kl_err *err);

#endif
