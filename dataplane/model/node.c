#include "service.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>

struct kl_node_info *kl_node_info_new(const char *name, const char *zone)
{
	struct kl_node_info *node = kl_calloc(1, sizeof(*node));
	node->name = kl_strdup(name);
	node->zone = kl_strdup(zone ? zone : "");
	return node;
}

void kl_node_info_add(struct kl_node_info *node, const struct kl_addr *addr)
{
	for (size_t i = 0; i < node->addr_count; i++)
		if (kl_addr_equal(&node->addrs[i], addr))
			return;
	node->addrs = kl_reallocarray(node->addrs, node->addr_count + 1, sizeof(*node->addrs));
	node->addrs[node->addr_count++] = *addr;
}

bool kl_node_info_equal(const struct kl_node_info *a, const struct kl_node_info *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->zone, b->zone) && a->addr_count == b->addr_count &&
	       (!a->addr_count || !memcmp(a->addrs, b->addrs, a->addr_count * sizeof(*a->addrs)));
}

void kl_node_info_free(struct kl_node_info *node)
{
	if (!node)
		return;
	free(node->name);
	free(node->zone);
	free(node->addrs);
	free(node);
}
