/* The dataplane of one node: its agent, programs, tables. */
#ifndef KL_STATUS_NODE_H
#define KL_STATUS_NODE_H

#include "look.h"

/* A new reference. */
json_t *kl_status_node_json(struct kl_look *look);
void kl_status_node_print(const json_t *node);

#endif
