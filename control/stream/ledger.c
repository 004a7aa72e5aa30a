#include "ledger.h"

#include "clock.h"
#include "frame.h"
#include "log.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct record { /* one kl_service */
	UT_hash_handle hh;
	struct kl_service *service;
	struct kl_entry *put;
	bool seen;
};

struct node_record {
	UT_hash_handle hh;
	struct kl_node_info *node;
	struct kl_entry *put;
};

struct owner {
	UT_hash_handle hh;
	char *name;
	char **keys; /* of its services */
	size_t count;
};

struct kl_ledger {
	uint64_t epoch, seq; /* seq 0: nothing said */
	struct record *records;
	struct node_record *nodes;
	struct owner *owners;
	struct kl_entry **log; /* ring: change n at n % log_size */
	size_t log_size;
};

struct kl_entry *kl_entry_ref(struct kl_entry *entry)
{
	atomic_fetch_add_explicit(&entry->refs, 1, memory_order_relaxed);
	return entry;
}

void kl_entry_unref(struct kl_entry *entry)
{
	if (entry && atomic_fetch_sub_explicit(&entry->refs, 1, memory_order_acq_rel) == 1)
		free(entry);
}

static struct kl_entry *entry_new(const struct kl_frame *frame)
{
	kl_autobuf buf = {0};
	struct kl_err err = {0};
	size_t base;
	if (kl_frame_encode_both(frame, &buf, &base, &err)) {
		kl_error("%s", err.text);
		return NULL;
	}
	struct kl_entry *entry = kl_malloc(sizeof(*entry) + buf.len);
	atomic_init(&entry->refs, 1);
	entry->seq = frame->seq;
	entry->at_ns = kl_monotonic_ns();
	entry->len = buf.len;
	entry->base = base;
	memcpy(entry->data, buf.data, buf.len);
	return entry;
}

struct kl_ledger *kl_ledger_new(uint64_t epoch, size_t log_entries)
{
	struct kl_ledger *ledger = kl_calloc(1, sizeof(*ledger));
	ledger->epoch = epoch;
	ledger->log_size = log_entries;
	ledger->log = kl_calloc(log_entries, sizeof(*ledger->log));
	return ledger;
}

static void record_free(struct kl_ledger *ledger, struct record *record)
{
	HASH_DEL(ledger->records, record);
	kl_service_free(record->service);
	kl_entry_unref(record->put);
	free(record);
}

static void node_record_free(struct kl_ledger *ledger, struct node_record *record)
{
	HASH_DEL(ledger->nodes, record);
	kl_node_info_free(record->node);
	kl_entry_unref(record->put);
	free(record);
}

static void owner_clear(struct owner *owner)
{
	for (size_t i = 0; i < owner->count; i++)
		free(owner->keys[i]);
	free(owner->keys);
	owner->keys = NULL;
	owner->count = 0;
}

static void owner_free(struct kl_ledger *ledger, struct owner *owner)
{
	HASH_DEL(ledger->owners, owner);
	owner_clear(owner);
	free(owner->name);
	free(owner);
}

void kl_ledger_free(struct kl_ledger *ledger)
{
	struct record *record, *next_record;
	struct owner *owner, *next_owner;
	struct node_record *node, *next_node;
	if (!ledger)
		return;
	HASH_ITER (hh, ledger->nodes, node, next_node)
		node_record_free(ledger, node);
	HASH_ITER (hh, ledger->records, record, next_record)
		record_free(ledger, record);
	HASH_ITER (hh, ledger->owners, owner, next_owner)
		owner_free(ledger, owner);
	for (size_t i = 0; i < ledger->log_size; i++)
		kl_entry_unref(ledger->log[i]);
	free(ledger->log);
	free(ledger);
}

/* Gives the change its number. The reference stays the caller's. */
static struct kl_entry *say(struct kl_ledger *ledger, struct kl_frame *frame)
{
	frame->epoch = ledger->epoch;
	frame->seq = ledger->seq + 1;
	struct kl_entry *entry = entry_new(frame);
	if (!entry)
		return NULL;
	ledger->seq++;
	struct kl_entry **place = &ledger->log[ledger->seq % ledger->log_size];
	kl_entry_unref(*place);
	*place = kl_entry_ref(entry);
	return entry;
}

static struct record *find_record(struct kl_ledger *ledger, const char *key)
{
	struct record *record = NULL;
	HASH_FIND_STR(ledger->records, key, record);
	return record;
}

/* Steals service; true: that was a change. */
static bool put(struct kl_ledger *ledger, struct kl_service *service)
{
	struct record *record = find_record(ledger, service->key);
	struct kl_frame frame = {.type = KL_FRAME_PUT, .service = service};
	if (record)
		record->seen = true;
	if (record && kl_service_equal(record->service, service)) {
		kl_service_free(service);
		return false;
	}
	struct kl_entry *entry = say(ledger, &frame);
	if (!entry) { /* too big: what was there before stays */
		kl_service_free(service);
		return false;
	}
	if (record)
		record_free(ledger, record);
	record = kl_calloc(1, sizeof(*record));
	*record = (struct record){.service = service, .put = entry, .seen = true};
	HASH_ADD_KEYPTR(hh, ledger->records, record->service->key, strlen(record->service->key), record);
	return true;
}

static void forget(struct kl_ledger *ledger, struct record *record)
{
	struct kl_frame frame = {.type = KL_FRAME_DELETE, .key = record->service->key};
	kl_entry_unref(say(ledger, &frame));
	record_free(ledger, record);
}

static struct owner *owner_get(struct kl_ledger *ledger, const char *name)
{
	struct owner *owner = NULL;
	HASH_FIND_STR(ledger->owners, name, owner);
	if (owner)
		return owner;
	owner = kl_calloc(1, sizeof(*owner));
	owner->name = kl_strdup(name);
	HASH_ADD_KEYPTR(hh, ledger->owners, owner->name, strlen(owner->name), owner);
	return owner;
}

size_t kl_ledger_update(struct kl_ledger *ledger, const char *name, struct kl_service **services, size_t count)
{
	struct owner *owner = owner_get(ledger, name);
	char **keys = kl_calloc(count + 1, sizeof(*keys));
	uint64_t before = ledger->seq;
	for (size_t i = 0; i < owner->count; i++) {
		struct record *record = find_record(ledger, owner->keys[i]);
		if (record)
			record->seen = false;
	}
	for (size_t i = 0; i < count; i++) {
		keys[i] = kl_strdup(services[i]->key);
		put(ledger, services[i]);
	}
	for (size_t i = 0; i < owner->count; i++) {
		struct record *record = find_record(ledger, owner->keys[i]);
		if (record && !record->seen)
			forget(ledger, record);
	}
	owner_clear(owner);
	owner->keys = keys;
	owner->count = count;
	if (!count)
		owner_free(ledger, owner);
	return (size_t)(ledger->seq - before);
}

static struct node_record *find_node(struct kl_ledger *ledger, const char *name)
{
	struct node_record *record = NULL;
	HASH_FIND_STR(ledger->nodes, name, record);
	return record;
}

bool kl_ledger_node(struct kl_ledger *ledger, struct kl_node_info *node)
{
	struct node_record *record = find_node(ledger, node->name);
	struct kl_frame frame = {.type = KL_FRAME_NODE, .node = node};
	bool same = record && kl_node_info_equal(record->node, node);
	struct kl_entry *entry = same ? NULL : say(ledger, &frame);
	if (!entry) {
		kl_node_info_free(node);
		return false;
	}
	if (record)
		node_record_free(ledger, record);
	record = kl_calloc(1, sizeof(*record));
	*record = (struct node_record){.node = node, .put = entry};
	HASH_ADD_KEYPTR(hh, ledger->nodes, node->name, strlen(node->name), record);
	return true;
}

void kl_ledger_node_gone(struct kl_ledger *ledger, const char *name)
{
	struct node_record *record = find_node(ledger, name);
	if (!record)
		return;
	struct kl_frame frame = {.type = KL_FRAME_NODE_GONE, .key = record->node->name};
	kl_entry_unref(say(ledger, &frame));
	node_record_free(ledger, record);
}

void kl_ledger_nodes(struct kl_ledger *ledger, void (*each)(const char *name, void *arg), void *arg)
{
	struct node_record *record, *next;
	HASH_ITER (hh, ledger->nodes, record, next)
		each(record->node->name, arg);
}

void kl_ledger_owners(struct kl_ledger *ledger, void (*each)(const char *owner, void *arg), void *arg)
{
	struct owner *owner, *next;
	HASH_ITER (hh, ledger->owners, owner, next)
		each(owner->name, arg);
}

uint64_t kl_ledger_epoch(const struct kl_ledger *ledger)
{
	return ledger->epoch;
}

uint64_t kl_ledger_seq(const struct kl_ledger *ledger)
{
	return ledger->seq;
}

size_t kl_ledger_services(const struct kl_ledger *ledger)
{
	return HASH_COUNT(ledger->records);
}

struct kl_entry *kl_ledger_change(const struct kl_ledger *ledger, uint64_t seq)
{
	struct kl_entry *entry = ledger->log[seq % ledger->log_size];
	return seq && seq <= ledger->seq && entry && entry->seq == seq ? entry : NULL;
}

bool kl_ledger_can_resume(const struct kl_ledger *ledger, uint64_t epoch, uint64_t seq)
{
	return epoch == ledger->epoch && seq <= ledger->seq &&
	       (seq == ledger->seq || kl_ledger_change(ledger, seq + 1));
}

struct kl_entry *kl_ledger_mark(const struct kl_ledger *ledger, int type)
{
	struct kl_frame frame = {.type = (enum kl_frame_type)type, .epoch = ledger->epoch, .seq = ledger->seq};
	return entry_new(&frame);
}

struct kl_entry **kl_ledger_snapshot(struct kl_ledger *ledger, size_t *ret_count)
{
	struct kl_entry **list =
		kl_calloc(HASH_COUNT(ledger->records) + HASH_COUNT(ledger->nodes) + 2, sizeof(struct kl_entry *));
	size_t count = 0;
	list[count++] = kl_ledger_mark(ledger, KL_FRAME_SNAPSHOT_BEGIN);
	for (struct node_record *node = ledger->nodes; node; node = node->hh.next)
		list[count++] = kl_entry_ref(node->put);
	for (struct record *record = ledger->records; record; record = record->hh.next)
		list[count++] = kl_entry_ref(record->put);
	list[count++] = kl_ledger_mark(ledger, KL_FRAME_SNAPSHOT_END);
	*ret_count = count;
	return list;
}
