#include "ct_flows.h"

#include "lb_service.h"
#include "look.h"
#include "mapnames.h"
#include "tablestats.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* A view is for reading; the descriptors allow writing. */
static void *map_writable(const struct kl_maps *maps, enum kl_map_id id, size_t *ret_len, struct kl_err *err)
{
	const void *view = kl_maps_view(maps, id, ret_len, err);
	if (!view)
		return NULL;
	munmap((void *)view, *ret_len);
	void *at = mmap(NULL, *ret_len, PROT_READ | PROT_WRITE, MAP_SHARED, maps->fd[id], 0);
	if (at != MAP_FAILED)
		return at;
	kl_fail(err, errno, "map %s for writing", kl_maps_name(id));
	return NULL;
}

static int open_writable(struct kl_ct_view *view, struct kl_err *err)
{
	view->hot = map_writable(view->maps, KL_MAP_CT_HOT, &view->hot_len, err);
	view->config = map_writable(view->maps, KL_MAP_CONFIG, &view->config_len, err);
	view->live = map_writable(view->maps, KL_MAP_LIVE, &view->live_len, err);
	return view->hot && view->config && view->live ? 0 : err->code;
}

int kl_ct_open(const struct kl_maps *maps, bool writable, struct kl_ct_view *ret, struct kl_err *err)
{
	*ret = (struct kl_ct_view){.maps = maps};
	ret->cold = kl_maps_view(maps, KL_MAP_CT_COLD, &ret->cold_len, err);
	if (!ret->cold)
		return err->code;
	if (writable)
		return open_writable(ret, err);
	ret->hot = (struct kl_map_line *)kl_maps_view(maps, KL_MAP_CT_HOT, &ret->hot_len, err);
	return ret->hot ? 0 : err->code;
}

void kl_ct_close(struct kl_ct_view *view)
{
	if (view->hot)
		munmap(view->hot, view->hot_len);
	if (view->cold)
		munmap((void *)view->cold, view->cold_len);
	if (view->config)
		munmap(view->config, view->config_len);
	if (view->live)
		munmap(view->live, view->live_len);
}

static struct kl_map_flow *entry_at(const struct kl_ct_view *view, uint32_t index)
{
	return &view->hot[index / KL_LINE_FLOWS].flow[index % KL_LINE_FLOWS];
}

/* Backend 0 is nobody's: a pod's flow that left the cluster under the node's address. */
void kl_ct_resolve(const struct kl_ct_view *view, struct kl_ct_flow *flow)
{
	const struct kl_maps *maps = view->maps;
	flow->cold = view->cold[flow->index];
	flow->backend = NULL;
	flow->one_way = flow->hot.nat_port == htons(KL_FLOW_DSR);
	flow->nameless = flow->one_way && flow->hot.phase == KL_PHASE_NEW;
	flow->service = flow->hot.backend ? "" : "<masquerade>";
	if (!flow->hot.backend || flow->hot.backend >= maps->entries[KL_MAP_BACKENDS])
		return;
	const struct kl_map_backend *backend = &maps->backends[flow->hot.backend];
	if (backend->generation != flow->hot.generation || backend->service >= maps->entries[KL_MAP_NAMES])
		return;
	flow->backend = backend;
	flow->service = maps->names[backend->service].key;
}

static const char *state_of(const struct kl_ct_flow *flow)
{
	return *flow->service ? kl_phase_name(flow->hot.phase) : "void";
}

static bool same_end(const struct kl_addr *addr, uint16_t port, const __be32 words[4], __be16 at_port)
{
	return !memcmp(addr->bytes, words, sizeof(addr->bytes)) && (!port || htons(port) == at_port);
}

static bool matches(const struct kl_ct_filter *filter, const struct kl_ct_flow *flow)
{
	if (filter->proto && filter->proto != flow->cold.proto)
		return false;
	if (filter->has_client &&
		!same_end(&filter->client, filter->client_port, flow->cold.client, flow->cold.client_port))
		return false;
	if (filter->has_backend && (!flow->backend || !same_end(&filter->backend, filter->backend_port,
							      flow->backend->addr, flow->backend->port)))
		return false;
	if (filter->state && strcmp(filter->state, state_of(flow)))
		return false;
	return !filter->service || kl_lb_matches(flow->service, filter->service);
}

void kl_ct_each(const struct kl_ct_view *view, const struct kl_ct_filter *filter,
	bool (*each)(const struct kl_ct_flow *flow, void *arg), void *arg)
{
	uint32_t count = view->maps->entries[KL_MAP_CT_COLD];
	for (uint32_t i = 0; i < count; i++) {
		struct kl_ct_flow flow = {.index = i, .hot = *entry_at(view, i)};
		if (flow.hot.phase <= KL_PHASE_CLAIMED || flow.hot.reverse)
			continue;
		kl_ct_resolve(view, &flow);
		if (!flow.nameless && matches(filter, &flow) && !each(&flow, arg))
			return;
	}
}

/* The younger of both directions: a download is silent one way. */
static uint16_t idle_ticks(const struct kl_ct_view *view, const struct kl_ct_flow *flow)
{
	uint16_t now = (uint16_t)kl_maps_tick(view->maps), idle = (uint16_t)(now - flow->hot.stamp);
	uint32_t peer = flow->cold.peer;
	if (peer >= view->maps->entries[KL_MAP_CT_COLD] || view->cold[peer].peer != flow->index)
		return idle;
	uint16_t back = (uint16_t)(now - entry_at(view, peer)->stamp);
	return back < idle ? back : idle;
}

json_t *kl_ct_flow_json(const struct kl_ct_view *view, const struct kl_ct_flow *flow)
{
	kl_autofree char *client = kl_endpoint_text(flow->cold.client, flow->cold.client_port);
	kl_autofree char *frontend = kl_endpoint_text(flow->cold.frontend, flow->cold.frontend_port);
	kl_autofree char *backend = flow->backend ? kl_endpoint_text(flow->backend->addr, flow->backend->port)
						  : kl_strdup(*flow->service ? frontend : "gone");
	uint32_t age = (uint32_t)kl_maps_tick(view->maps) - flow->cold.created;
	enum kl_ct_region region = kl_ct_region_of(view->maps->config, flow->index / KL_LINE_FLOWS);
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:i, s:s, s:I}", "protocol",
		kl_proto_name(flow->cold.proto), "client", client, "frontend", frontend, "backend", backend, "service",
		flow->service, "state", state_of(flow), "ageSeconds", (json_int_t)age, "idleSeconds",
		(json_int_t)idle_ticks(view, flow), "natPort", flow->one_way ? 0 : ntohs((uint16_t)flow->hot.nat_port),
		"region", kl_ct_region_name(region), "entry", (json_int_t)flow->index);
	if (flow->one_way)
		json_object_set_new(json, "oneWay", json_true());
	return json;
}

/* What a freed entry counted in, as flow_free() of bpf/lib/conntrack.h does it. */
static void account(const struct kl_ct_view *view, const struct kl_map_flow *flow, uint32_t index)
{
	enum kl_ct_region region = kl_ct_region_of(view->config, index / KL_LINE_FLOWS);
	if (region == KL_CT_OVERFLOW)
		__atomic_sub_fetch(&view->config->over_used, 1, __ATOMIC_SEQ_CST);
	if (flow->reverse || !flow->backend || flow->phase < KL_PHASE_ANSWERED || flow->phase == KL_PHASE_CLOSED ||
		region == KL_CT_HALF_OPEN || flow->backend >= view->maps->entries[KL_MAP_LIVE] ||
		view->maps->backends[flow->backend].generation != flow->generation)
		return;
	uint32_t *live = &view->live[flow->backend].connections, before = __atomic_load_n(live, __ATOMIC_RELAXED);
	while (before &&
		!__atomic_compare_exchange_n(live, &before, before - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}

/* The state word swapped for zero, unless the place has changed hands; a packet that changes its stamp costs a try. */
static bool free_entry(const struct kl_ct_view *view, uint32_t index, const struct kl_map_flow *seen)
{
	struct kl_map_flow *entry = entry_at(view, index), now;
	for (int i = 0; i < 3; i++) {
		uint64_t *words = (uint64_t *)(void *)entry, state = __atomic_load_n(&words[1], __ATOMIC_ACQUIRE);
		now.fingerprint = entry->fingerprint;
		memcpy((uint64_t *)(void *)&now + 1, &state, sizeof(state));
		if (!state || now.fingerprint != seen->fingerprint || now.backend != seen->backend ||
			now.generation != seen->generation)
			return false;
		if (__atomic_compare_exchange_n(&words[1], &state, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			account(view, &now, index);
			return true;
		}
	}
	return false;
}

bool kl_ct_free(const struct kl_ct_view *view, const struct kl_ct_flow *flow)
{
	uint32_t peer = flow->cold.peer;
	bool paired = peer != flow->index && peer < view->maps->entries[KL_MAP_CT_COLD] &&
		      view->cold[peer].peer == flow->index;
	struct kl_map_flow back = paired ? *entry_at(view, peer) : flow->hot;
	if (!free_entry(view, flow->index, &flow->hot))
		return false;
	if (paired)
		free_entry(view, peer, &back);
	return true;
}
