/*
 * From a pod, an image and the objects they name to what the runtime is told. Pure, but for the user database of the
 * image that is read below its root.
 */
#ifndef KL_PODSPEC_H
#define KL_PODSPEC_H

#include "podenv.h"
#include "runtime.h"

struct kl_podspec_in {
	const json_t *pod, *container, *image_config;
	int64_t memory_capacity; /* of the node, bytes */
	int64_t pids_limit;
	const char *rootfs;
};
/* Where its commands run: workingDir, else the image's; "" when neither says. Borrowed. */
const char *kl_podspec_cwd(const json_t *container, const json_t *image_config);
/*
 * Users, capabilities, resources, flags, working folder; the caller adds identity, namespaces, mounts, argv and env.
 * ret_home is the user's home folder, owned by the caller.
 */
int kl_podspec_fill(
	const struct kl_podspec_in *in, struct kl_container_spec *spec, char **ret_home, struct kl_err *err);

/* "Guaranteed", "Burstable" or "BestEffort", as the API computes it. */
const char *kl_podspec_qos(const json_t *pod);
int kl_podspec_oom_score(const json_t *pod, const json_t *container, int64_t memory_capacity);
/* cgroup v1 shares of milli-CPUs. */
int64_t kl_podspec_shares(int64_t milli);
/*
 * An image's or runAsUser's "user[:group]" by number or by name in /etc/passwd and /etc/group below `rootfs`.
 */
struct kl_user {
	uint32_t uid, gid;
	uint32_t groups[32];
	size_t group_count;
	bool by_name;
	char home[256]; /* "/" for a user without an entry */
};
int kl_podspec_user(const char *rootfs, const char *text, struct kl_user *ret, struct kl_err *err);
/* The signal of "SIGQUIT", "QUIT", "3"; SIGTERM for what is not known. */
int kl_podspec_signal(const char *name);

#endif
