/*
 * Whoever follows the log from any point, or takes a snapshot, ends with the same services: against a plain list.
 */
#include "frame.h"
#include "ledger.h"
#include "mem.h"
#include "stream_random.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

enum { OWNERS = 6, PORTS = 3, LOG = 64 };

/* A follower: services by owner and port. */
struct follower {
	struct kl_service *services[OWNERS][PORTS];
	uint64_t seq;
};

static struct kl_service **slot_of(struct follower *follower, const char *key)
{
	int owner = key[strlen("ns/s")] - '0', port = key[strlen("ns/s0:")] - '0';
	return &follower->services[owner][port];
}

static int apply(struct kl_frame *frame, void *arg)
{
	struct follower *follower = arg;
	if (frame->type == KL_FRAME_PUT) {
		struct kl_service **slot = slot_of(follower, frame->service->key);
		kl_service_free(*slot);
		*slot = kl_take(&frame->service);
	} else if (frame->type == KL_FRAME_DELETE) {
		kl_service_free(kl_take(slot_of(follower, frame->key)));
	}
	return 0;
}

static void follower_clear(struct follower *follower)
{
	for (int i = 0; i < OWNERS * PORTS; i++)
		kl_service_free(kl_take(&follower->services[i / PORTS][i % PORTS]));
}

static void apply_entry(struct follower *follower, const struct kl_entry *entry)
{
	struct kl_frame_reader *reader = kl_frame_reader_new();
	KL_CHECK_INT(kl_frame_reader_feed(reader, entry->data, entry->len, apply, follower, NULL), 0);
	kl_frame_reader_free(reader);
}

static void check_same(const struct follower *follower, const struct follower *truth)
{
	for (int i = 0; i < OWNERS * PORTS; i++) {
		const struct kl_service *got = follower->services[i / PORTS][i % PORTS];
		const struct kl_service *want = truth->services[i / PORTS][i % PORTS];
		KL_CHECK(!got == !want && (!got || kl_service_equal(got, want)));
	}
}

static void change(struct kl_ledger *ledger, struct follower *truth)
{
	int owner = (int)(kl_test_random() % OWNERS);
	kl_autofree char *name = kl_asprintf("ns/s%d", owner);
	struct kl_service *services[PORTS];
	size_t count = 0;
	for (int port = 0; port < PORTS; port++) {
		struct kl_service **slot = &truth->services[owner][port];
		kl_autofree char *key = kl_asprintf("ns/s%d:%d", owner, port);
		if (kl_test_random() % 3 == 0) {
			kl_service_free(kl_take(slot));
		} else if (kl_test_random() % 2 || !*slot) {
			kl_service_free(*slot);
			*slot = stream_random_service(key);
			for (size_t i = 0; i < (*slot)->backend_count; i++)
				(*slot)->backends[i].flags &= (uint8_t)~KL_BACKEND_LOCAL;
		}
		if (*slot)
			services[count++] = kl_service_copy(*slot);
	}
	uint64_t before = kl_ledger_seq(ledger);
	size_t changes = kl_ledger_update(ledger, name, services, count);
	KL_CHECK_INT(changes, kl_ledger_seq(ledger) - before);
}

static void follow(struct kl_ledger *ledger, struct follower *follower)
{
	size_t count;
	if (kl_ledger_can_resume(ledger, kl_ledger_epoch(ledger), follower->seq)) {
		while (follower->seq < kl_ledger_seq(ledger))
			apply_entry(follower, kl_ledger_change(ledger, ++follower->seq));
		return;
	}
	struct kl_entry **snapshot = kl_ledger_snapshot(ledger, &count);
	follower_clear(follower);
	for (size_t i = 0; i < count; i++) {
		apply_entry(follower, snapshot[i]);
		kl_entry_unref(snapshot[i]);
	}
	free(snapshot);
	follower->seq = kl_ledger_seq(ledger);
}

KL_TEST(followers_agree_with_the_truth)
{
	struct kl_ledger *ledger = kl_ledger_new(42, LOG);
	struct follower truth = {0}, eager = {0}, lazy = {0};
	for (int i = 0; i < 2000; i++) {
		change(ledger, &truth);
		follow(ledger, &eager);
		check_same(&eager, &truth);
		if (kl_test_random() % 40 == 0) { /* sometimes within the log, sometimes beyond it */
			follow(ledger, &lazy);
			check_same(&lazy, &truth);
		}
	}
	follower_clear(&truth);
	follower_clear(&eager);
	follower_clear(&lazy);
	kl_ledger_free(ledger);
}

KL_TEST(the_same_again_is_no_change)
{
	struct kl_ledger *ledger = kl_ledger_new(42, LOG);
	struct kl_service *service = stream_random_service("ns/s0:0"), *copy = kl_service_copy(service);
	KL_CHECK_INT(kl_ledger_update(ledger, "ns/s0", &service, 1), 1);
	KL_CHECK_INT(kl_ledger_update(ledger, "ns/s0", &copy, 1), 0);
	KL_CHECK_INT(kl_ledger_services(ledger), 1);
	KL_CHECK_INT(kl_ledger_update(ledger, "ns/s0", NULL, 0), 1);
	KL_CHECK_INT(kl_ledger_services(ledger), 0);
	kl_ledger_free(ledger);
}

KL_TEST(where_one_can_resume)
{
	struct kl_ledger *ledger = kl_ledger_new(42, 4);
	KL_CHECK(kl_ledger_can_resume(ledger, 42, 0));
	for (int i = 0; i < 10; i++) {
		struct kl_service *service = stream_random_service("ns/s0:0");
		service->affinity_s = (uint32_t)(20000 + i);
		kl_ledger_update(ledger, "ns/s0", &service, 1);
	}
	KL_CHECK_INT(kl_ledger_seq(ledger), 10);
	KL_CHECK(kl_ledger_can_resume(ledger, 42, 10) && kl_ledger_can_resume(ledger, 42, 6));
	KL_CHECK(!kl_ledger_can_resume(ledger, 42, 5) && !kl_ledger_can_resume(ledger, 42, 11) &&
		 !kl_ledger_can_resume(ledger, 41, 10));
	kl_ledger_free(ledger);
}

KL_MAIN()
