/* Warnings about an object that is valid and yet hardly what was meant. */
#ifndef KL_WARN_H
#define KL_WARN_H

#include "api.h"

void kl_warn(const struct kl_kind *kind, const json_t *object, struct kl_warnings *warnings);

#endif
