#include "registry_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void adopt_services(struct kl_registry *registry)
{
	struct kl_object_list list;
	kl_store_list(registry->store, kl_kind_named("", "Service"), NULL, &list);
	for (size_t i = 0; i < list.count; i++) {
		kl_autojson *service = kl_object_parse(list.items[i]);
		kl_alloc_adopt(registry->alloc, service);
	}
	kl_object_list_release(&list);
}

int kl_registry_new(const struct kl_registry_options *options, struct kl_registry **ret, struct kl_err *err)
{
	struct kl_registry *registry = kl_calloc(1, sizeof(*registry));
	registry->store = options->store;
	registry->default_toleration_s = options->default_toleration_s;
	registry->mount_tokens = options->mount_tokens;
	int rc = kl_alloc_new(
		options->service_cidr, options->node_port_min, options->node_port_max, &registry->alloc, err);
	if (rc < 0) {
		free(registry);
		return rc;
	}
	adopt_services(registry);
	*ret = registry;
	return 0;
}

void kl_registry_free(struct kl_registry *registry)
{
	if (!registry)
		return;
	kl_alloc_free(registry->alloc);
	free(registry);
}

struct kl_store *kl_registry_store(struct kl_registry *registry)
{
	return registry->store;
}

void kl_response_release(struct kl_response *response)
{
	kl_status_release(&response->status);
	kl_object_unref(response->object);
	json_decref(response->json);
	kl_warnings_release(&response->warnings);
	*response = (struct kl_response){0};
}

static void hold_write(struct kl_op *op, struct kl_store_write *to)
{
	*to = op->write;
}

static enum kl_op_step take_result(struct kl_op *op, const struct kl_store_write *from)
{
	op->write.result = from->result;
	op->write.error = from->error;
	return kl_op_written(op);
}

void kl_registry_do_many(
	struct kl_registry *registry, const struct kl_request *requests, struct kl_response *responses, size_t count)
{
	kl_autofree struct kl_op *ops = kl_calloc(count, sizeof(*ops));
	kl_autofree struct kl_store_write *writes = kl_calloc(count, sizeof(*writes));
	kl_autofree size_t *pending = kl_calloc(count, sizeof(*pending));
	size_t pending_count = 0;
	for (size_t i = 0; i < count; i++) {
		responses[i] = (struct kl_response){0};
		if (kl_op_begin(&ops[i], registry, &requests[i], &responses[i]) == KL_OP_WRITE)
			pending[pending_count++] = i;
	}
	while (pending_count) {
		for (size_t i = 0; i < pending_count; i++)
			hold_write(&ops[pending[i]], &writes[i]);
		kl_store_commit_each(registry->store, writes, pending_count);
		size_t left = 0;
		for (size_t i = 0; i < pending_count; i++)
			if (take_result(&ops[pending[i]], &writes[i]) == KL_OP_WRITE)
				pending[left++] = pending[i];
		pending_count = left;
	}
}

int kl_registry_do(struct kl_registry *registry, const struct kl_request *request, struct kl_response *response)
{
	kl_registry_do_many(registry, request, response, 1);
	return response->status.code ? -1 : 0;
}
