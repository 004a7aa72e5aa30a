/* Rules of writes that depend on other objects, or on what the cluster has to give. */
#include "registry_impl.h"

#include <stdlib.h>
#include <string.h>

static bool is_kind(const struct kl_kind *kind, const char *group, const char *name)
{
	return !strcmp(kind->kind, name) && !strcmp(kind->group, group);
}

/* The namespace must be there and, for something new, not on its way out. */
static int admit_into_namespace(struct kl_op *op, const json_t *object)
{
	const struct kl_kind *kind = op->request->kind;
	struct kl_status *st = &op->response->status;
	if (!kind->namespaced)
		return 0;
	const char *name = kl_json_str(object, "metadata", "namespace", NULL);
	struct kl_object *ns = kl_store_get(op->registry->store, kl_kind_named("", "Namespace"), "", name);
	if (!ns)
		return kl_status_not_found(st, "", "namespaces", name);
	/* cheap: the word is searched before the tree is made */
	bool going = strstr(ns->json, "\"deletionTimestamp\"") != NULL;
	if (going) {
		kl_autojson *tree = kl_object_parse(ns);
		going = kl_json_get(tree, "metadata", "deletionTimestamp", NULL) != NULL;
	}
	kl_object_unref(ns);
	if (!going)
		return 0;
	kl_autofree char *resource =
		*kind->group ? kl_asprintf("%s.%s", kind->plural, kind->group) : kl_strdup(kind->plural);
	const char *own = kl_json_str(object, "metadata", "name", NULL);
	kl_status_set(st, 403, "Forbidden",
		"%s \"%s\" is forbidden: unable to create new content in namespace %s because it is being terminated",
		resource, own, name);
	kl_status_cause(st, "NamespaceTerminating", "metadata.namespace", "namespace %s is being terminated", name);
	return -1;
}

int admit_create(struct kl_op *op, json_t *object)
{
	const struct kl_kind *kind = op->request->kind;
	if (admit_into_namespace(op, object) < 0)
		return -1;
	if (is_kind(kind, "", "Pod"))
		return admit_pod(op, object);
	if (is_kind(kind, "certificates.k8s.io", "CertificateSigningRequest"))
		return admit_csr(op, object);
	if (is_kind(kind, "", "Service"))
		return kl_alloc_assign(op->registry->alloc, NULL, object, &op->change, &op->response->status);
	return 0;
}

/* `kubectl replace --raw …/finalize` and the namespace controller change spec.finalizers; nothing else may. */
static void keep_namespace_finalizers(const struct kl_op *op, const json_t *old, json_t *object)
{
	const char *subresource = op->request->subresource ? op->request->subresource : "";
	if (!strcmp(subresource, "finalize"))
		return;
	json_t *finalizers = kl_json_get(old, "spec", "finalizers", NULL);
	if (finalizers)
		json_object_set(kl_json_ensure(object, "spec", NULL), "finalizers", finalizers);
}

int admit_update(struct kl_op *op, const json_t *old, json_t *object)
{
	const struct kl_kind *kind = op->request->kind;
	if (is_kind(kind, "", "Namespace"))
		keep_namespace_finalizers(op, old, object);
	if (is_kind(kind, "", "Service") && !op->request->subresource)
		return kl_alloc_assign(op->registry->alloc, old, object, &op->change, &op->response->status);
	return 0;
}

int admit_delete(struct kl_op *op, const struct kl_object *current)
{
	static const char *const kept[] = {"default", "kube-system", "kube-public"};
	if (!is_kind(op->request->kind, "", "Namespace"))
		return 0;
	for (size_t i = 0; i < KL_ARRAY_LEN(kept); i++)
		if (!strcmp(current->name, kept[i]))
			return kl_status_set(&op->response->status, 403, "Forbidden",
				"namespaces \"%s\" is forbidden: this namespace may not be deleted", current->name);
	return 0;
}
