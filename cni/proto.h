/*
 * What the CNI plugin and the agent say to each other, and the network configuration both read. Pure: bytes in, values
 * out.
 *
 * One request a connection: a JSON object of at most KL_CNI_MAX bytes, ended by the writer's end of stream; the answer
 * is a JSON object {"result": …} or {"error": {"code", "msg", "details"}} ended likewise. The agent makes the result in
 * the form of the configuration's cniVersion, so the plugin only passes it on.
 *
 * References: CNI specification 1.0.0, sections 2 (execution protocol) and 5 (result types).
 */
#ifndef KL_PROTO_H
#define KL_PROTO_H

#include "json.h"
#include "rates.h"

enum { KL_CNI_MAX = 256 << 10 };
#define KL_CNI_VERSION        "1.0.0" /* the newest we speak */
#define KL_CNI_SOCKET_DEFAULT "/run/keelson/agent.sock"

/* Section 2, "Error"; above 99 are our own. */
enum kl_cni_code {
	KL_CNI_BAD_VERSION = 1,
	KL_CNI_BAD_FIELD = 2,
	KL_CNI_UNKNOWN_CONTAINER = 3,
	KL_CNI_BAD_ENVIRONMENT = 4,
	KL_CNI_IO = 5,
	KL_CNI_BAD_JSON = 6,
	KL_CNI_BAD_CONFIG = 7,
	KL_CNI_TRY_LATER = 11,
	KL_CNI_FAILED = 100,    /* the kernel refused */
	KL_CNI_DIFFERENT = 101, /* CHECK: something is not as ADD left it */
	KL_CNI_EXHAUSTED = 102, /* no address is free */
};

struct kl_cni_failure {
	int code; /* 0: none */
	char msg[128];
	char details[512];
};
/* Fills failure; returns -1, so that a parser can `return kl_cni_failed(…)`. */
int kl_cni_failed(struct kl_cni_failure *failure, int code, const char *msg, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The error object of the specification; cniVersion of the configuration, or ours when it is not known. */
json_t *kl_cni_failure_json(const struct kl_cni_failure *failure, const char *version);

enum kl_cni_command { KL_CNI_ADD, KL_CNI_DEL, KL_CNI_CHECK, KL_CNI_VERSION_COMMAND };
/* -1 for other words. */
int kl_cni_command_read(const char *word);
const char *kl_cni_command_name(enum kl_cni_command command);

bool kl_cni_version_known(const char *version);
json_t *kl_cni_versions_json(const char *version); /* the answer to VERSION */

/* One call, as the plugin got it and as the agent receives it. Owned strings, never NULL after a successful read. */
struct kl_cni_ask {
	enum kl_cni_command command;
	char *container_id, *netns, *ifname;
	char *pod_namespace, *pod_name, *pod_uid;
	char *version, *network; /* of the configuration */
	char *socket;            /* of the configuration, or the default */
	json_t *previous;        /* the configuration's prevResult; NULL: none */
	struct kl_cni_bandwidth bandwidth;
};
void kl_cni_ask_release(struct kl_cni_ask *ask);

/* The environment of section 2, "Parameters"; a NULL value stands for an unset variable. */
struct kl_cni_env {
	const char *command, *container_id, *netns, *ifname, *args;
};
/* Environment and configuration to values; 0 or -1 with failure filled. */
int kl_cni_ask_read(const struct kl_cni_env *env, const char *config, size_t len, struct kl_cni_ask *ret,
	struct kl_cni_failure *failure);
/* As it goes through the socket. */
json_t *kl_cni_ask_json(const struct kl_cni_ask *ask);
int kl_cni_ask_parse(const char *data, size_t len, struct kl_cni_ask *ret, struct kl_cni_failure *failure);

/* NULL where there is no limit; otherwise the object for runtimeConfig. */
json_t *kl_cni_bandwidth_json(const struct kl_cni_bandwidth *bandwidth);

/* The configuration list that goes to /etc/cni/net.d/10-keelson.conflist; owned by the caller. */
char *kl_cni_conflist(const char *socket_path);

#endif
