/*
 * A container's environment, command and arguments as kubelet computes them. Pure.
 */
#ifndef KL_PODENV_H
#define KL_PODENV_H

#include "downward.h"
#include "json.h"

/* An ordered map of variables; a later set of a name keeps the first one's place. */
struct kl_env {
	char **names, **values;
	size_t count;
};
void kl_env_set(struct kl_env *env, const char *name, const char *value);
const char *kl_env_get(const struct kl_env *env, const char *name); /* NULL: not set */
void kl_env_release(struct kl_env *env);
/* "NAME=value" texts, NULL-terminated; owned by the caller. */
char **kl_env_list(const struct kl_env *env);

/* "$(NAME)" → value where the name is set, "$$(NAME)" → "$(NAME)", everything else unchanged. Owned by the caller. */
char *kl_env_expand(const char *text, const struct kl_env *env);

/* {SVC}_SERVICE_HOST and its kin of one Service with a ClusterIP. */
void kl_env_add_service(struct kl_env *env, const json_t *service);

struct kl_env_sources {
	const json_t *pod;
	const json_t *objects; /* "configmaps/x", "secrets/x" → object; "services" → array */
	struct kl_downward_node node;
	const json_t *image_config; /* its Env comes first */
	const char *hostname;
};
/* -ENOENT with upstream's words when a ConfigMap, Secret or key is missing that is not optional. */
int kl_env_build(const struct kl_env_sources *sources, const json_t *container, struct kl_env *ret, struct kl_err *err);

/*
 * The argv: command and args of the container, else the image's, by Kubernetes' rules; expanded. NULL-terminated, owned
 * by the caller; NULL and err when there is nothing to run.
 */
char **kl_env_argv(const json_t *container, const json_t *image_config, const struct kl_env *env, struct kl_err *err);

#endif
