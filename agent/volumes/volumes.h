/*
 * A pod's volumes on disk: emptyDir, hostPath, configMap, secret, downwardAPI, projected, and claims bound to a
 * hostPath (or NFS) PersistentVolume.
 *
 *	pod_dir/volumes/<name>	   made here (not for hostPath)
 *	pod_dir/subpaths/<c>/<n>   a subPath, pinned by a bind mount so that nobody can swap it afterwards
 *
 * Threads: every function blocks and may be called from any thread; not for the same pod at the same time.
 */
#ifndef KL_VOLUMES_H
#define KL_VOLUMES_H

#include "downward.h"
#include "err.h"
#include "json.h"

struct kl_volumes_env {
	const char *pod_dir;
	const json_t *pod;
	/*
	 * Objects of the API that the volumes name: {"configmaps/<name>": {…}, "secrets/<name>": {…},
	 * "persistentvolumeclaims/<name>": {…}, "persistentvolumes/<name>": {…},
	 * "tokens/<service account>/<audience>": {TokenRequest}}. An absent one does not exist.
	 */
	const json_t *objects;
	struct kl_downward_node node;
	const char *ca_pem; /* of the API server; NULL: unknown */
};

/*
 * Makes every volume; again: brings the contents of configMaps, secrets and downward files up to date (atomically, by
 * the ..data link). Errors have upstream's form: MountVolume.SetUp failed for volume "x" : ….
 */
int kl_volumes_setup(const struct kl_volumes_env *env, struct kl_err *err);
/*
 * Where the volume of a volumeMount is on the host, subPath and subPathExpr (already expanded: `sub_path`) resolved.
 * `serial` tells mounts of one container apart. *ret is owned by the caller.
 */
int kl_volumes_source(const struct kl_volumes_env *env, const char *volume, const char *container, unsigned serial,
	const char *sub_path, char **ret, struct kl_err *err);
/* Whether the named volume may never be written (configMap, secret, downwardAPI, projected). */
bool kl_volumes_readonly(const json_t *pod, const char *volume);
/* Unmounts and removes all of it; contents of hostPath volumes are never touched. */
void kl_volumes_teardown(const char *pod_dir);

/* --- payload.c: what the files of such a volume hold. Pure. */
struct kl_payload_file {
	char *path; /* relative, no "..", checked */
	char *data;
	size_t len;
	unsigned mode;
};
struct kl_payload {
	struct kl_payload_file *files;
	size_t count;
};
/* `volume` is a member of spec.volumes with a configMap, secret, downwardAPI or projected source. */
int kl_volume_payload(
	const struct kl_volumes_env *env, const json_t *volume, struct kl_payload *ret, struct kl_err *err);
void kl_payload_release(struct kl_payload *payload);
/* RFC 4648 with padding; *ret is owned by the caller and NUL-terminated. -EINVAL. */
int kl_volume_base64(const char *text, char **ret, size_t *ret_len);

/* --- writer.c */
/* Makes `folder` show exactly the payload: ..<time> with the files, ..data → it, one link per first name. */
int kl_payload_write(const struct kl_payload *payload, const char *folder, struct kl_err *err);

#endif
