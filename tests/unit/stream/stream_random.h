/* Random services for the stream's tests. */
#ifndef KL_STREAM_RANDOM_H
#define KL_STREAM_RANDOM_H

#include "service.h"

struct kl_service *stream_random_service(const char *key);

#endif
