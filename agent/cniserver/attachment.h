/*
 * One pod's attachment as the CNI server remembers it, in memory and in a file of the state folder.
 */
#ifndef KL_ATTACHMENT_H
#define KL_ATTACHMENT_H

#include "cniserver.h"
#include "podlink.h"

enum kl_attachment_state {
	KL_ATTACHMENT_PENDING, /* addresses are taken, the link is being made; what a killed agent leaves is undone */
	KL_ATTACHMENT_READY,
};

struct kl_attachment {
	enum kl_attachment_state state;
	bool busy; /* a worker is on it */
	char *container_id, *ifname, *netns_path;
	char *pod_namespace, *pod_name, *pod_uid;
	struct kl_cni_bandwidth bandwidth;
	struct kl_podlink link; /* strings of link point into this struct */
	char host_ifname[IFNAMSIZ];
	struct kl_attachment *prev, *next;
};

void kl_attachment_free(struct kl_attachment *attachment);
KL_AUTO(kl_cleanup_attachment, struct kl_attachment, kl_attachment_free)
struct kl_attachment *kl_attachment_new(const char *container_id, const char *ifname, const char *netns_path);
/* As callbacks see it; borrowed from the attachment. */
struct kl_cni_pod kl_attachment_pod(const struct kl_attachment *attachment);

int kl_attachment_save(const struct kl_attachment *attachment, const char *dir, struct kl_err *err);
void kl_attachment_forget(const struct kl_attachment *attachment, const char *dir);
/* NULL with words when the file is no attachment. */
struct kl_attachment *kl_attachment_load(const char *path, struct kl_err *err);

#endif
