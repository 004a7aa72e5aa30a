/*
 * The connection table, read and in one case written (`ct flush`) through its mapping.
 */
#ifndef KL_CT_FLOWS_H
#define KL_CT_FLOWS_H

#include "json.h"
#include "maps.h"
#include "service.h"

struct kl_ct_view {
	const struct kl_maps *maps;
	struct kl_map_line *hot; /* writable only when it was opened so, and these too: */
	struct kl_map_config *config;
	struct kl_map_live *live;
	size_t config_len, live_len;
	const struct kl_map_tuple *cold;
	size_t hot_len, cold_len;
};
int kl_ct_open(const struct kl_maps *maps, bool writable, struct kl_ct_view *ret, struct kl_err *err);
void kl_ct_close(struct kl_ct_view *view);
#define kl_autoct kl_cleanup(kl_ct_close) struct kl_ct_view

/* Which flows; NULL, zero: whichever. */
struct kl_ct_filter {
	const char *service, *state; /* as kl_lb_matches takes it; a phase's name, "void" */
	bool has_client, has_backend;
	struct kl_addr client, backend;
	uint16_t client_port, backend_port; /* 0: any */
	uint8_t proto;
};
struct kl_ct_flow {
	uint32_t index; /* of the forward entry */
	struct kl_map_flow hot;
	struct kl_map_tuple cold;
	const struct kl_map_backend *backend; /* NULL: gone, or a masqueraded flow */
	const char *service;                  /* its key; "" when gone, "<masquerade>" */
	bool one_way;                         /* DSR: answers do not come by here */
	bool nameless;                        /* its tuple is not written yet: a one-way flow of a single packet */
};
/* Fills in cold, backend and service from index and hot. */
void kl_ct_resolve(const struct kl_ct_view *view, struct kl_ct_flow *flow);
/* Calls back for each that matches; false ends. */
void kl_ct_each(const struct kl_ct_view *view, const struct kl_ct_filter *filter,
	bool (*each)(const struct kl_ct_flow *flow, void *arg), void *arg);
/* A new reference. */
json_t *kl_ct_flow_json(const struct kl_ct_view *view, const struct kl_ct_flow *flow);
/* Frees both entries of a flow, unless it has changed hands since it was read. */
bool kl_ct_free(const struct kl_ct_view *view, const struct kl_ct_flow *flow);

#endif
