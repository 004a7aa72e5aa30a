/* What the tests of dataplane/sync share: tables of their own on a bpffs, and reading them as programs do. */
#ifndef KL_DPSYNC_LIB_H
#define KL_DPSYNC_LIB_H

#include "clock.h"
#include "dpsync.h"
#include "load.h"
#include "mem.h"
#include "testlib.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_BACKENDS = 30 };

extern char pin_dir[64];
/* Skips the program where BPF may not be used. */
struct kl_maps *maps_get(const struct kl_maps_sizes *sizes);
void maps_drop(struct kl_maps *maps);
struct kl_dpsync *sync_new(struct kl_maps *maps); /* of the node "here" */
struct kl_addr addr_of(uint8_t a, uint8_t b);     /* 10.0.a.b */
/* What kl_frontends says of an address and port; 0: nothing. */
uint32_t lookup(const struct kl_maps *maps, const struct kl_frontend *frontend);
void add_ranges(struct kl_service *service); /* 192.0.2.0/24, 10.0.0.0/8 */
void add_peer(struct kl_dpsync *sync, const char *name, uint8_t last);

#endif
