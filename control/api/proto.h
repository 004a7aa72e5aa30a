/*
 * Reading objects from application/vnd.kubernetes.protobuf.
 */
#ifndef KL_PROTO_H
#define KL_PROTO_H

#include "schema.h"

/* The object as JSON; fields that no schema knows are skipped. NULL and err on bad input. */
json_t *kl_proto_parse(const char *data, size_t len, struct kl_err *err);

#endif
