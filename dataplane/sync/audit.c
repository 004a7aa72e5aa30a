/*
 * Desired against actual. What differs was changed behind the agent's back (bpftool, a stray program, a bug).
 */
#include "dpsync_impl.h"

#include "mem.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct audit {
	struct kl_dpsync *sync;
	bool repair;
	struct kl_dpsync_audit *ret;
	struct service_state **by_index;
	uint64_t *known_backends; /* bitmap of ids that belong to somebody */
};

__attribute__((format(printf, 2, 3))) static void describe(struct audit *audit, const char *fmt, ...)
{
	char *words = audit->ret->words, one[320];
	size_t used = strlen(words), room = sizeof(audit->ret->words) - used;
	va_list args;
	va_start(args, fmt);
	vsnprintf(one, sizeof(one), fmt, args);
	va_end(args);
	if (audit->sync->difference)
		audit->sync->difference(one, audit->sync->difference_arg);
	if (room >= 4)
		snprintf(words + used, room, "%s%s", used ? "; " : "", one);
}

__attribute__((format(printf, 3, 4))) static void found(void *arg, size_t *count, const char *fmt, ...)
{
	char words[200];
	va_list args;
	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	++*count;
	describe(arg, "%s", words);
}

static void audit_backends(struct audit *audit, const struct service_state *state)
{
	for (size_t i = 0; i < state->backend_count; i++) {
		uint32_t id = state->backends[i].id;
		struct kl_map_backend want, *entry = &audit->sync->maps->backends[id];
		kl_dpsync_backend_entry(audit->sync, state, state->desired, i, &want);
		want.generation = entry->generation; /* the place's own */
		audit->known_backends[id / 64] |= 1ull << (id % 64);
		audit->ret->backends++;
		if (!memcmp(entry, &want, KL_BACKEND_OWN))
			continue;
		bool missing = !(entry->flags & KL_BE_LIVE);
		*(missing ? &audit->ret->missing : &audit->ret->wrong) += 1;
		describe(audit, "backend %u of %s %s", id, state->key, missing ? "missing" : "changed");
		if (audit->repair)
			memcpy(entry, &want, KL_BACKEND_OWN);
	}
}

static void audit_set(struct audit *audit, struct service_state *state)
{
	struct kl_maps *maps = audit->sync->maps;
	uint32_t total;
	kl_autofree struct kl_map_block *want =
		kl_dpsync_compile(audit->sync, state, state->desired, state->first_block, &total);
	audit->ret->slots += want->set.all_count + want->set.local_count;
	if (total != state->blocks)
		return; /* the last put failed for want of room: nothing to compare with */
	if (memcmp(&maps->blocks[state->first_block], want, total * sizeof(*want))) {
		audit->ret->wrong++;
		describe(audit, "slots of %s changed", state->key);
		if (audit->repair)
			memcpy(&maps->blocks[state->first_block], want, total * sizeof(*want));
	}
	uint64_t set = (uint64_t)state->changes << 32 | state->first_block;
	__u64 *word = &maps->services[state->index].set;
	if (*word == set)
		return;
	*(*word ? &audit->ret->wrong : &audit->ret->missing) += 1;
	describe(audit, "set of %s %s", state->key, *word ? "changed" : "missing");
	if (audit->repair)
		__atomic_store_n(word, set, __ATOMIC_RELEASE);
}

static void audit_name(struct audit *audit, const struct service_state *state)
{
	struct kl_map_name *name = &audit->sync->maps->names[state->index];
	if (!strncmp(name->key, state->key, sizeof(name->key)))
		return;
	audit->ret->wrong++;
	describe(audit, "name of %s changed", state->key);
	if (audit->repair)
		strncpy(name->key, state->key, sizeof(name->key) - 1);
}

static void audit_frontend(struct audit *audit, const struct kl_frontend *frontend, uint32_t service, const char *whose)
{
	struct kl_maps *maps = audit->sync->maps;
	int64_t place = kl_frontends_find(maps, frontend);
	audit->ret->frontends++;
	if (place >= 0 && maps->frontends[place].service == service && maps->frontends[place].type == frontend->type)
		return;
	char text[KL_ADDR_TEXT];
	kl_addr_format(&frontend->addr, text);
	*(place < 0 ? &audit->ret->missing : &audit->ret->wrong) += 1;
	describe(audit, "frontend %s port %u of %s %s", text, frontend->port, whose, place < 0 ? "missing" : "changed");
	if (audit->repair)
		kl_frontends_put(maps, frontend, service, NULL);
}

/* Two services may claim one address and port: the one that put it last has it, and the other does not miss it. */
static bool claimed_by_another(
	const struct audit *audit, const struct service_state *state, const struct kl_frontend *frontend)
{
	int64_t place = kl_frontends_find(audit->sync->maps, frontend);
	if (place < 0)
		return false;
	uint32_t service = audit->sync->maps->frontends[place].service;
	const struct service_state *other =
		service < audit->sync->maps->entries[KL_MAP_NAMES] ? audit->by_index[service] : NULL;
	for (size_t i = 0; other && other != state && i < other->frontend_count; i++)
		if (other->frontends[i].port == frontend->port && other->frontends[i].proto == frontend->proto &&
			kl_addr_equal(&other->frontends[i].addr, &frontend->addr))
			return true;
	return false;
}

static void audit_service(struct audit *audit, struct service_state *state)
{
	audit->ret->services++;
	audit_name(audit, state);
	audit_backends(audit, state);
	audit_set(audit, state);
	for (size_t i = 0; i < state->frontend_count; i++)
		if (!claimed_by_another(audit, state, &state->frontends[i]))
			audit_frontend(audit, &state->frontends[i], state->index, state->key);
}

static bool frontend_is_known(const struct audit *audit, const struct kl_map_frontend *entry)
{
	const struct kl_dpsync *sync = audit->sync;
	const struct kl_frontend *list = sync->node_addrs;
	size_t count = sync->node_addr_count;
	if (entry->service == KL_FRONTEND_PEER) {
		list = sync->peer_addrs;
		count = sync->peer_addr_count;
	} else if (entry->service != KL_FRONTEND_NODE) {
		const struct service_state *state =
			entry->service < sync->maps->entries[KL_MAP_NAMES] ? audit->by_index[entry->service] : NULL;
		if (!state)
			return false;
		list = state->frontends;
		count = state->frontend_count;
	}
	for (size_t i = 0; i < count; i++)
		if (htons(list[i].port) == entry->port && list[i].proto == entry->proto &&
			!memcmp(list[i].addr.bytes, entry->addr, sizeof(entry->addr)))
			return true;
	return false;
}

static void audit_foreign(struct audit *audit)
{
	struct kl_dpsync *sync = audit->sync;
	for (uint32_t i = 0; i <= sync->maps->config->frontend_mask; i++) {
		const struct kl_map_frontend *entry = &sync->maps->frontends[i];
		if (entry->service == KL_FRONTEND_NEVER || entry->service == KL_FRONTEND_DELETED ||
			frontend_is_known(audit, entry))
			continue;
		audit->ret->foreign++;
		describe(audit, "frontend entry %u belongs to nobody", i);
		if (audit->repair)
			kl_frontends_delete_at(sync->maps, i);
	}
	for (uint32_t id = 1; id < sync->maps->entries[KL_MAP_BACKENDS]; id++) {
		struct kl_map_backend *entry = &sync->maps->backends[id];
		if (!(entry->flags & KL_BE_LIVE) || audit->known_backends[id / 64] >> (id % 64) & 1)
			continue;
		audit->ret->foreign++;
		describe(audit, "backend entry %u belongs to nobody", id);
		if (!audit->repair)
			continue;
		__atomic_store_n(&entry->flags, 0, __ATOMIC_RELEASE);
		__atomic_store_n(&entry->generation, (uint8_t)(entry->generation + 1), __ATOMIC_RELEASE);
	}
}

void kl_dpsync_audit(struct kl_dpsync *sync, bool repair, struct kl_dpsync_audit *ret)
{
	*ret = (struct kl_dpsync_audit){0};
	struct audit audit = {
		.sync = sync,
		.repair = repair,
		.ret = ret,
		.by_index = kl_calloc(sync->maps->entries[KL_MAP_NAMES], sizeof(struct service_state *)),
		.known_backends = kl_calloc(sync->maps->entries[KL_MAP_BACKENDS] / 64 + 1, sizeof(uint64_t)),
	};
	for (struct service_state *state = sync->services; state; state = state->hh.next)
		audit.by_index[state->index] = state;
	for (struct service_state *state = sync->services; state; state = state->hh.next) {
		for (size_t i = 0; i < state->backend_count; i++)
			audit.known_backends[state->backends[i].id / 64] |= 1ull << (state->backends[i].id % 64);
		if (state->desired)
			audit_service(&audit, state);
	}
	for (size_t i = 0; i < sync->node_addr_count; i++)
		audit_frontend(&audit, &sync->node_addrs[i], KL_FRONTEND_NODE, "the node");
	for (size_t i = 0; i < sync->peer_addr_count; i++)
		audit_frontend(&audit, &sync->peer_addrs[i], KL_FRONTEND_PEER, "a peer");
	audit_foreign(&audit);
	size_t ports = kl_frontends_audit_ports(sync->maps, repair);
	if (ports)
		found(&audit, &ret->missing, "%zu ports of frontends were not marked in kl_ports", ports);
	kl_dpsync_audit_more(
		&(struct kl_dpsync_finding){.sync = sync, .repair = repair, .ret = ret, .found = found, .arg = &audit});
	free(audit.by_index);
	free(audit.known_backends);
}

void kl_dpsync_on_difference(struct kl_dpsync *sync, void (*each)(const char *difference, void *arg), void *arg)
{
	sync->difference = each;
	sync->difference_arg = arg;
}
