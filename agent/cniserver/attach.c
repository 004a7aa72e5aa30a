#include "attach.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "attachment.h"
#include "clock.h"
#include "file.h"
#include "ipam.h"
#include "log.h"
#include "netns.h"
#include "result.h"

enum { RANGES = 2, MTU_DEFAULT = 1500, MTU_MIN = 1280 };

struct kl_attacher {
	uv_loop_t *loop;
	const struct kl_cniserver_opts *opts;
	struct kl_ipam *ranges[RANGES];
	size_t range_count;
	struct kl_attachment *attachments;
	unsigned working; /* operations in the pool */
	bool closing;
	void (*freed)(void *arg);
	void *freed_arg;
};

/* One call while a worker is on it. */
struct operation {
	uv_work_t work;
	struct kl_attacher *attacher;
	struct kl_attachment *attachment;
	struct kl_cni_ask ask;
	int rc;
	struct kl_err err;
	kl_attach_done *done;
	void *arg;
};

static void note_failure(struct kl_cni_failure *failure, int code, const char *msg, const struct kl_err *err)
{
	kl_cni_failed(failure, code, msg, "%s", kl_err_text(err));
}

static void destroy(struct kl_attacher *attacher)
{
	struct kl_attachment *at, *next;
	DL_FOREACH_SAFE (attacher->attachments, at, next)
		kl_attachment_free(at);
	for (size_t i = 0; i < attacher->range_count; i++)
		kl_ipam_free(attacher->ranges[i]);
	if (attacher->freed)
		attacher->freed(attacher->freed_arg);
	free(attacher);
}

/* ---- addresses ---- */

static void release_ips(struct kl_attacher *attacher, const struct kl_attachment *attachment)
{
	for (size_t i = 0; i < attachment->link.ip_count; i++)
		for (size_t r = 0; r < attacher->range_count; r++)
			kl_ipam_release(attacher->ranges[r], &attachment->link.ips[i], kl_monotonic_ms());
}

static int take_ips(struct kl_attacher *attacher, struct kl_attachment *attachment)
{
	for (size_t r = 0; r < attacher->range_count; r++) {
		int rc = kl_ipam_take(
			attacher->ranges[r], kl_monotonic_ms(), &attachment->link.ips[attachment->link.ip_count]);
		if (rc) {
			release_ips(attacher, attachment);
			return rc;
		}
		attachment->link.ip_count++;
	}
	return 0;
}

static void hold_known(struct kl_attacher *attacher, struct kl_ipam *range)
{
	struct kl_attachment *at;
	DL_FOREACH (attacher->attachments, at)
		for (size_t i = 0; i < at->link.ip_count; i++)
			kl_ipam_hold(range, &at->link.ips[i]);
}

static bool same_ranges(const struct kl_attacher *attacher, const struct kl_prefix *ranges, size_t count)
{
	if (count != attacher->range_count)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct kl_prefix network = kl_prefix_network(&ranges[i]);
		if (!kl_prefix_equal(kl_ipam_range(attacher->ranges[i]), &network))
			return false;
	}
	return true;
}

static int read_ranges(const char *const *cidrs, size_t count, struct kl_prefix ranges[RANGES], struct kl_err *err)
{
	if (!count || count > RANGES)
		return kl_fail_msg(err, EINVAL, "a node has one or two pod ranges, not %zu", count);
	for (size_t i = 0; i < count; i++)
		if (kl_prefix_read(cidrs[i], &ranges[i]))
			return kl_fail_msg(err, EINVAL, "the pod range '%s' is no CIDR", cidrs[i]);
	if (count == 2 && kl_addr_is_v4(&ranges[0].addr) == kl_addr_is_v4(&ranges[1].addr))
		return kl_fail_msg(err, EINVAL, "two pod ranges must be of different families");
	return 0;
}

static int enable_forwarding(const struct kl_prefix *ranges, size_t count, struct kl_err *err)
{
	for (size_t i = 0; i < count; i++) {
		bool v4 = kl_addr_is_v4(&ranges[i].addr);
		int rc = kl_netns_sysctl(-1, v4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding", "1", err);
		if (rc)
			return rc;
	}
	return 0;
}

int kl_attacher_set_cidrs(struct kl_attacher *attacher, const char *const *cidrs, size_t count, struct kl_err *err)
{
	struct kl_prefix ranges[RANGES];
	int rc = read_ranges(cidrs, count, ranges, err);
	if (rc || same_ranges(attacher, ranges, count))
		return rc;
	rc = enable_forwarding(ranges, count, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < attacher->range_count; i++)
		kl_ipam_free(attacher->ranges[i]);
	for (size_t i = 0; i < count; i++) {
		attacher->ranges[i] = kl_ipam_new(&ranges[i]);
		hold_known(attacher, attacher->ranges[i]);
	}
	attacher->range_count = count;
	return 0;
}

/* ---- attachments ---- */

static struct kl_attachment *find(struct kl_attacher *attacher, const char *container_id, const char *ifname)
{
	struct kl_attachment *at;
	DL_FOREACH (attacher->attachments, at)
		if (!strcmp(at->container_id, container_id) && !strcmp(at->ifname, ifname))
			return at;
	return NULL;
}

/* Tells, gives the addresses back, removes the file, and frees. */
static void forget(struct kl_attacher *attacher, struct kl_attachment *attachment)
{
	/* One that is pending may have been told of before its agent was killed. */
	if ((attachment->state == KL_ATTACHMENT_READY || attachment->link.netns_cookie) &&
		attacher->opts->pod_removed) {
		struct kl_cni_pod pod = kl_attachment_pod(attachment);
		attacher->opts->pod_removed(&pod, attacher->opts->arg);
	}
	release_ips(attacher, attachment);
	kl_attachment_forget(attachment, attacher->opts->state_dir);
	DL_DELETE(attacher->attachments, attachment);
	kl_attachment_free(attachment);
}

static int announce(struct kl_attacher *attacher, const struct kl_attachment *attachment, struct kl_err *err)
{
	struct kl_cni_pod pod = kl_attachment_pod(attachment);
	return attacher->opts->pod_added ? attacher->opts->pod_added(&pod, attacher->opts->arg, err) : 0;
}

/* A pod that is just being attached takes what its ADD said; the next change of its object comes here again. */
int kl_attacher_limit(
	struct kl_attacher *attacher, const char *pod_uid, const struct kl_cni_bandwidth *bandwidth, struct kl_err *err)
{
	struct kl_attachment *at;
	int rc = 0;
	DL_FOREACH (attacher->attachments, at) {
		if (at->state != KL_ATTACHMENT_READY || strcmp(at->pod_uid, pod_uid) ||
			!memcmp(&at->bandwidth, bandwidth, sizeof(*bandwidth)))
			continue;
		at->bandwidth = *bandwidth;
		int failed = announce(attacher, at, err);
		if (!failed)
			failed = kl_attachment_save(at, attacher->opts->state_dir, err);
		rc = rc ? rc : failed;
	}
	return rc;
}

void kl_attacher_each(struct kl_attacher *attacher, void (*each)(const struct kl_cni_pod *pod, void *arg), void *arg)
{
	struct kl_attachment *at, *next;
	DL_FOREACH_SAFE (attacher->attachments, at, next) {
		if (at->state != KL_ATTACHMENT_READY)
			continue;
		struct kl_cni_pod pod = kl_attachment_pod(at);
		each(&pod, arg);
	}
}

static bool alive(const struct kl_attachment *attachment)
{
	uint64_t cookie;
	if (attachment->state != KL_ATTACHMENT_READY)
		return false;
	kl_autoclose int netns = kl_netns_open(attachment->link.netns_path, NULL);
	return netns >= 0 && !kl_netns_cookie(netns, &cookie, NULL) && cookie == attachment->link.netns_cookie;
}

void kl_attacher_collect(struct kl_attacher *attacher)
{
	struct kl_attachment *at, *next;
	DL_FOREACH_SAFE (attacher->attachments, at, next) {
		if (at->busy || alive(at))
			continue;
		struct kl_err err = {0};
		kl_info("the network namespace of pod %s/%s is gone: its addresses are free", at->pod_namespace,
			at->pod_name);
		if (kl_podlink_delete(at->host_ifname, &err))
			kl_warn("%s", kl_err_text(&err));
		forget(attacher, at);
	}
}

/* ---- start ---- */

static void load_one(struct kl_attacher *attacher, const char *name)
{
	kl_autofree char *path = kl_asprintf("%s/%s", attacher->opts->state_dir, name);
	struct kl_err err = {0};
	size_t len = strlen(name);
	if (len > 4 && !strcmp(name + len - 4, ".tmp")) {
		unlink(path);
		return;
	}
	struct kl_attachment *attachment = kl_attachment_load(path, &err);
	if (!attachment) {
		kl_warn("forgetting a pod's attachment: %s", kl_err_text(&err));
		unlink(path);
		return;
	}
	DL_APPEND(attacher->attachments, attachment);
}

static int load_all(struct kl_attacher *attacher, struct kl_err *err)
{
	int rc = kl_mkdir_p(attacher->opts->state_dir, 0700, err);
	if (rc)
		return rc;
	DIR *dir = opendir(attacher->opts->state_dir);
	if (!dir)
		return kl_fail(err, errno, "open the folder '%s'", attacher->opts->state_dir);
	for (const struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			load_one(attacher, entry->d_name);
	closedir(dir);
	return 0;
}

int kl_attacher_new(uv_loop_t *loop, const struct kl_cniserver_opts *opts, struct kl_attacher **ret, struct kl_err *err)
{
	struct kl_attacher *attacher = kl_calloc(1, sizeof(*attacher));
	attacher->loop = loop;
	attacher->opts = opts;
	int rc = load_all(attacher, err);
	if (rc) {
		destroy(attacher);
		return rc;
	}
	kl_attacher_collect(attacher);
	struct kl_attachment *at;
	DL_FOREACH (attacher->attachments, at) {
		struct kl_err words = {0};
		if (announce(attacher, at, &words))
			kl_error("pod %s/%s: %s", at->pod_namespace, at->pod_name, kl_err_text(&words));
	}
	*ret = attacher;
	return 0;
}

void kl_attacher_free(struct kl_attacher *attacher, void (*freed)(void *arg), void *arg)
{
	attacher->closing = true;
	attacher->freed = freed;
	attacher->freed_arg = arg;
	if (!attacher->working)
		destroy(attacher);
}

/* ---- operations ---- */

static struct operation *operation_new(struct kl_attacher *attacher, struct kl_attachment *attachment,
	struct kl_cni_ask *ask, kl_attach_done *done, void *arg)
{
	struct operation *op = kl_calloc(1, sizeof(*op));
	op->work.data = op;
	op->attacher = attacher;
	op->attachment = attachment;
	op->ask = *ask;
	*ask = (struct kl_cni_ask){0};
	op->done = done;
	op->arg = arg;
	return op;
}

static void start(struct operation *op, uv_work_cb work, uv_after_work_cb after)
{
	op->attachment->busy = true;
	op->attacher->working++;
	uv_queue_work(op->attacher->loop, &op->work, work, after);
}

/* False when the attacher is going: the operation is then over without an answer. */
static bool finish_work(struct operation *op)
{
	struct kl_attacher *attacher = op->attacher;
	op->attachment->busy = false;
	attacher->working--;
	if (!attacher->closing)
		return true;
	kl_cni_ask_release(&op->ask);
	free(op);
	if (!attacher->working)
		destroy(attacher);
	return false;
}

static void answer(struct operation *op, json_t *result, const struct kl_cni_failure *failure)
{
	op->done(result, failure, op->arg);
	kl_cni_ask_release(&op->ask);
	free(op);
}

static void add_work(uv_work_t *work)
{
	struct operation *op = work->data;
	struct kl_podlink *link = &op->attachment->link;
	kl_autofree char *alias = kl_asprintf("%.100s/%.150s", op->attachment->pod_namespace, op->attachment->pod_name);
	link->alias = alias;
	op->rc = kl_podlink_make(link, &op->err);
	link->alias = NULL;
}

static void undo_work(uv_work_t *work)
{
	struct operation *op = work->data;
	/* The words of the first failure are the ones to tell. */
	kl_podlink_delete(op->attachment->host_ifname, NULL);
}

static void add_failed(struct operation *op)
{
	struct kl_cni_failure failure = {0};
	note_failure(&failure, KL_CNI_FAILED, "cannot connect the pod", &op->err);
	forget(op->attacher, op->attachment);
	answer(op, NULL, &failure);
}

static void undo_after(uv_work_t *work, int status)
{
	(void)status;
	if (finish_work(work->data))
		add_failed(work->data);
}

static void add_after(uv_work_t *work, int status)
{
	struct operation *op = work->data;
	struct kl_attachment *attachment = op->attachment;
	(void)status;
	if (!finish_work(op))
		return;
	if (op->rc) {
		add_failed(op);
		return;
	}
	/* Pending with the namespace's cookie, before anybody hears of it: whoever is killed here leaves a trace. */
	op->rc = kl_attachment_save(attachment, op->attacher->opts->state_dir, &op->err);
	if (!op->rc)
		op->rc = announce(op->attacher, attachment, &op->err);
	attachment->state = KL_ATTACHMENT_READY;
	if (!op->rc)
		op->rc = kl_attachment_save(attachment, op->attacher->opts->state_dir, &op->err);
	if (op->rc) {
		start(op, undo_work, undo_after);
		return;
	}
	struct kl_cni_pod pod = kl_attachment_pod(attachment);
	answer(op, kl_cni_result(&pod, op->ask.version), NULL);
}

static void del_work(uv_work_t *work)
{
	struct operation *op = work->data;
	op->rc = kl_podlink_delete(op->attachment->host_ifname, &op->err);
}

static void check_work(uv_work_t *work)
{
	struct operation *op = work->data;
	op->rc = kl_podlink_check(&op->attachment->link, &op->err);
}

/* Of DEL and CHECK. */
static void known_after(uv_work_t *work, int status)
{
	struct operation *op = work->data;
	struct kl_cni_failure failure = {0};
	bool del = op->ask.command == KL_CNI_DEL;
	(void)status;
	if (!finish_work(op))
		return;
	if (op->rc && del)
		note_failure(&failure, KL_CNI_FAILED, "cannot disconnect the pod", &op->err);
	else if (op->rc)
		note_failure(&failure, KL_CNI_DIFFERENT, "the pod's network is not as it was made", &op->err);
	else if (del)
		forget(op->attacher, op->attachment);
	answer(op, NULL, op->rc ? &failure : NULL);
}

/* ---- the three commands ---- */

/* IPv6 asks for 1280 bytes at least (RFC 8200, section 5). */
static uint32_t mtu_of(const struct kl_attacher *attacher)
{
	if (attacher->opts->mtu)
		return attacher->opts->mtu;
	uint32_t uplink = kl_cni_uplink_mtu(attacher->opts->uplink, MTU_DEFAULT), less = attacher->opts->mtu_less;
	return uplink > less + MTU_MIN ? uplink - less : uplink < MTU_MIN ? uplink : MTU_MIN;
}

static struct kl_attachment *new_attachment(
	struct kl_attacher *attacher, struct kl_cni_ask *ask, struct kl_cni_failure *failure)
{
	struct kl_err err = {0};
	if (!attacher->range_count) {
		kl_cni_failed(failure, KL_CNI_TRY_LATER, "the node is not ready for pods",
			"its pod ranges are not known yet");
		return NULL;
	}
	struct kl_attachment *attachment = kl_attachment_new(ask->container_id, ask->ifname, ask->netns);
	attachment->pod_namespace = kl_take(&ask->pod_namespace);
	attachment->pod_name = kl_take(&ask->pod_name);
	attachment->pod_uid = kl_take(&ask->pod_uid);
	attachment->link.mtu = mtu_of(attacher);
	attachment->bandwidth = ask->bandwidth;
	if (take_ips(attacher, attachment)) {
		kl_cni_failed(failure, KL_CNI_EXHAUSTED, "no address is free",
			"all addresses of the node's pod range are in use");
		kl_attachment_free(attachment);
		return NULL;
	}
	/* On the disk before the link exists: whatever a kill leaves behind, the next agent knows of it. */
	if (kl_attachment_save(attachment, attacher->opts->state_dir, &err)) {
		note_failure(failure, KL_CNI_IO, "cannot remember the pod", &err);
		release_ips(attacher, attachment);
		kl_attachment_free(attachment);
		return NULL;
	}
	DL_APPEND(attacher->attachments, attachment);
	return attachment;
}

static bool same_namespace(const struct kl_attachment *attachment, const char *netns_path)
{
	uint64_t cookie;
	kl_autoclose int netns = kl_netns_open(netns_path, NULL);
	return netns >= 0 && !kl_netns_cookie(netns, &cookie, NULL) && cookie == attachment->link.netns_cookie;
}

static void add(struct kl_attacher *attacher, struct kl_cni_ask *ask, kl_attach_done *done, void *arg)
{
	struct kl_cni_failure failure = {0};
	struct kl_err err = {0};
	struct kl_attachment *known = find(attacher, ask->container_id, ask->ifname);
	if (known && same_namespace(known, ask->netns) && !kl_podlink_check(&known->link, &err) &&
		!announce(attacher, known, &err)) {
		struct kl_cni_pod pod = kl_attachment_pod(known);
		done(kl_cni_result(&pod, ask->version), NULL, arg);
		return;
	}
	/* Another namespace under the same id, or a link that somebody took away: made anew, with a fresh address. */
	if (known)
		forget(attacher, known);
	struct kl_attachment *attachment = new_attachment(attacher, ask, &failure);
	if (!attachment) {
		done(NULL, &failure, arg);
		return;
	}
	start(operation_new(attacher, attachment, ask, done, arg), add_work, add_after);
}

/* Without a record there may still be a link: its name follows from the container's id. */
static void del_unknown(const struct kl_cni_ask *ask, kl_attach_done *done, void *arg)
{
	struct kl_cni_failure failure = {0};
	struct kl_err err = {0};
	char name[IFNAMSIZ];
	kl_podlink_host_name(ask->container_id, ask->ifname, name);
	int rc = kl_podlink_delete(name, &err);
	if (rc)
		note_failure(&failure, KL_CNI_FAILED, "cannot disconnect the pod", &err);
	done(NULL, rc ? &failure : NULL, arg);
}

void kl_attacher_call(struct kl_attacher *attacher, struct kl_cni_ask *ask, kl_attach_done *done, void *arg)
{
	struct kl_cni_failure failure = {0};
	struct kl_attachment *known = find(attacher, ask->container_id, ask->ifname);
	if (known && known->busy) {
		kl_cni_failed(&failure, KL_CNI_TRY_LATER, "busy", "another call for this container is under way");
		done(NULL, &failure, arg);
	} else if (ask->command == KL_CNI_ADD) {
		add(attacher, ask, done, arg);
	} else if (known) {
		uv_work_cb work = ask->command == KL_CNI_DEL ? del_work : check_work;
		start(operation_new(attacher, known, ask, done, arg), work, known_after);
	} else if (ask->command == KL_CNI_DEL) {
		del_unknown(ask, done, arg);
	} else {
		kl_cni_failed(&failure, KL_CNI_UNKNOWN_CONTAINER, "unknown container", "'%.64s' was never added",
			ask->container_id);
		done(NULL, &failure, arg);
	}
	kl_cni_ask_release(ask);
}
