/*
 * CertificateSigningRequests: nodes' are approved by themselves, what is approved is signed, what is old is removed.
 *
 * A client certificate of a node is for whoever joins with a bootstrap token, or the node itself that renews. A serving
 * certificate is for the node itself, for its own name and addresses: one that the API server answers at, or that another
 * node has said to be its own, is left to the administrator (`kubectl certificate approve`).
 */
#include "ctl.h"

#include "base64.h"
#include "csr.h"

#include <errno.h>

enum { CLEAN_MS = 60000, YEAR_S = 365 * 86400 };
/* Upstream keeps what is decided for an hour, and what is not for a day. */
static const int64_t DECIDED_MS = 3600 * 1000, PENDING_MS = 24 * 3600 * 1000;

static const struct kl_kind *csr_kind(void)
{
	return kl_kind_named("certificates.k8s.io", "CertificateSigningRequest");
}

static bool has_condition(const json_t *request, const char *type)
{
	const json_t *condition = condition_find(json_object_get(request, "status"), type);
	return condition && strcmp(kl_json_str(condition, "status", NULL), "False") != 0;
}

static bool in_group(const json_t *spec, const char *group)
{
	size_t i;
	json_t *item;
	json_array_foreach (json_object_get(spec, "groups"), i, item)
		if (!strcmp(json_string_value(item) ?: "", group))
			return true;
	return false;
}

/* --- approval --- */

static bool address_of_other_node(struct kl_controllers *c, const char *ip, const char *node)
{
	struct kl_object_list list;
	bool found = false;
	kl_store_list(c->store, c->kinds.node, NULL, &list);
	for (size_t i = 0; i < list.count && !found; i++) {
		if (!strcmp(list.items[i]->name, node))
			continue;
		size_t k;
		json_t *address;
		kl_autojson *tree = kl_object_parse(list.items[i]);
		json_array_foreach (kl_json_get(tree, "status", "addresses", NULL), k, address)
			found |= !strcmp(kl_json_str(address, "address", NULL), ip);
	}
	kl_object_list_release(&list);
	return found;
}

/* Is it one at which clients look for the API server? */
static bool address_of_server(struct kl_controllers *c, const char *ip)
{
	struct kl_object *obj = kl_store_get(c->store, c->kinds.service, "default", "kubernetes");
	kl_autojson *service = obj ? kl_object_parse(obj) : NULL;
	kl_object_unref(obj);
	bool found = !strcmp(kl_json_str(service, "spec", "clusterIP", NULL), ip);
	obj = kl_store_get(c->store, c->kinds.endpoints, "default", "kubernetes");
	kl_autojson *endpoints = obj ? kl_object_parse(obj) : NULL;
	kl_object_unref(obj);
	size_t i, k;
	json_t *subset, *address;
	json_array_foreach (json_object_get(endpoints, "subsets"), i, subset)
		json_array_foreach (json_object_get(subset, "addresses"), k, address)
			found |= !strcmp(kl_json_str(address, "ip", NULL), ip);
	return found || !strncmp(ip, "127.", 4) || !strcmp(ip, "::1");
}

static bool names_are_its_own(struct kl_controllers *c, const struct kl_csr *csr)
{
	const char *node = csr->common_name + strlen("system:node:");
	for (size_t i = 0; i < csr->dns_count; i++)
		if (strcmp(csr->dns[i], node) != 0)
			return false;
	for (size_t i = 0; i < csr->ip_count; i++)
		if (address_of_server(c, csr->ips[i]) || address_of_other_node(c, csr->ips[i], node))
			return false;
	return true;
}

static bool approves(struct kl_controllers *c, const json_t *spec, const struct kl_csr *csr)
{
	const char *signer = kl_json_str(spec, "signerName", NULL);
	bool itself = in_group(spec, "system:nodes") && !strcmp(kl_json_str(spec, "username", NULL), csr->common_name);
	if (!strcmp(signer, KL_SIGNER_KUBELET_CLIENT))
		return itself || in_group(spec, "system:bootstrappers");
	return !strcmp(signer, KL_SIGNER_KUBELET_SERVER) && itself && names_are_its_own(c, csr);
}

static void add_condition(json_t *request, const char *type, const char *reason, const char *message)
{
	char now[KL_TIME_TEXT];
	kl_time_now(now);
	json_t *status = kl_json_ensure(request, "status", NULL), *conditions = json_object_get(status, "conditions");
	if (!conditions) {
		conditions = json_array();
		json_object_set_new(status, "conditions", conditions);
	}
	json_array_append_new(
		conditions, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "type", type, "status", "True", "reason",
				    reason, "message", message, "lastUpdateTime", now, "lastTransitionTime", now));
}

static void decide(struct kl_controllers *c, const char *key, json_t *request)
{
	struct kl_csr csr = {0};
	const json_t *spec = json_object_get(request, "spec");
	kl_autofree char *pem = kl_csr_pem(spec, &csr, NULL);
	if (pem && kl_csr_check(spec, &csr, NULL) == 0 && approves(c, spec, &csr)) {
		add_condition(request, "Approved", "AutoApproved", "A node asked for its own certificate, as it may.");
		ctl_update(c, CTL_CSR, key, csr_kind(), "approval", json_incref(request));
	}
	kl_csr_release(&csr);
}

/* --- signing --- */

static void sign(struct kl_controllers *c, const char *key, json_t *request)
{
	struct kl_csr csr = {0};
	struct kl_err err = {0};
	const json_t *spec = json_object_get(request, "spec");
	kl_autofree char *pem = kl_csr_pem(spec, &csr, &err), *cert = NULL;
	int rc = pem ? kl_csr_check(spec, &csr, &err) : -EINVAL;
	kl_csr_release(&csr);
	if (rc == -ENOENT)
		return; /* another signer's */
	if (rc == 0)
		rc = kl_pki_sign(c->options.pki, pem, spec, c->options.signing_seconds ? c->options.signing_seconds : YEAR_S, &cert, &err);
	if (rc == 0) {
		kl_autobuf coded = {0};
		kl_base64_encode(&coded, cert, strlen(cert), 0);
		kl_json_set(request, json_string(kl_buf_str(&coded)), "status", "certificate", NULL);
	} else {
		add_condition(request, "Failed", "SignerValidationFailure", kl_err_text(&err));
	}
	ctl_update(c, CTL_CSR, key, csr_kind(), "status", json_incref(request));
}

/* --- what is old --- */

static void clean(struct kl_controllers *c)
{
	struct kl_object_list list;
	int64_t now_ms = kl_realtime_ms();
	kl_store_list(c->store, csr_kind(), NULL, &list);
	for (size_t i = 0; i < list.count; i++) {
		kl_autojson *request = kl_object_parse(list.items[i]);
		bool decided = has_condition(request, "Approved") || has_condition(request, "Denied") ||
			       has_condition(request, "Failed");
		if (now_ms - meta_time_ms(request, "creationTimestamp") < (decided ? DECIDED_MS : PENDING_MS))
			continue;
		ctl_write(c, &(struct ctl_write){.id = CTL_CSR,
				     .key = "",
				     .verb = KL_DELETE,
				     .kind = csr_kind(),
				     .ns = "",
				     .name = list.items[i]->name,
				     .uid = list.items[i]->uid,
				     .grace_period_s = CTL_DEFAULT_GRACE});
	}
	kl_object_list_release(&list);
	ctl_enqueue_after(c, CTL_CSR, "", CLEAN_MS);
}

static void sync(struct kl_controllers *c, const char *key)
{
	if (!*key) {
		clean(c);
		return;
	}
	kl_autojson *request = ctl_load(c, csr_kind(), key);
	if (!request || is_deleting(request) || !c->options.pki)
		return;
	bool denied = has_condition(request, "Denied") || has_condition(request, "Failed");
	if (denied || *kl_json_str(request, "status", "certificate", NULL))
		return;
	if (has_condition(request, "Approved"))
		sign(c, key, request);
	else
		decide(c, key, request);
}

static void on_request(struct kl_object *now, struct kl_object *prev, void *arg)
{
	(void)prev;
	if (now)
		ctl_enqueue_object(arg, CTL_CSR, now);
}

static void init(struct kl_controllers *c)
{
	kl_feed_add(c->feed, csr_kind(), on_request, c);
	ctl_enqueue_after(c, CTL_CSR, "", CLEAN_MS);
}

const struct controller csr_controller = {"certificate-controller", init, sync, NULL};
