#include "events.h"

#include "clock.h"
#include "mem.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

enum {
	DRAIN_MS = 20, /* the programs wake us only when a quarter of the ring is full */
	RENEW_MS = 1000,
	AHEAD_TICKS = 4, /* events end so long after an agent that was killed */
	BLOCK_EVENTS = 512,
};

struct kl_events {
	uv_loop_t *loop;
	const struct kl_maps *maps;
	struct ring_buffer *ring;
	uv_poll_t poll;
	uv_timer_t drain, renew;
	unsigned handles;
	int64_t since_ns; /* older events are leftovers */
	bool watching;
	void (*block)(const struct kl_map_event *events, size_t count, void *arg);
	void *arg;
	struct kl_map_event gathered[BLOCK_EVENTS];
	size_t count;
};

static void flush(struct kl_events *events)
{
	if (events->count)
		events->block(events->gathered, events->count, events->arg);
	events->count = 0;
}

static int on_event(void *arg, void *data, size_t size)
{
	struct kl_events *events = arg;
	const struct kl_map_event *event = data;
	if (size < sizeof(*event) || (int64_t)event->time_ns < events->since_ns)
		return 0;
	events->gathered[events->count++] = *event;
	if (events->count == BLOCK_EVENTS)
		flush(events);
	return 0;
}

static void consume(struct kl_events *events)
{
	ring_buffer__consume(events->ring);
	flush(events);
}

static void on_drain(uv_timer_t *timer)
{
	consume(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int what)
{
	(void)status;
	(void)what;
	consume(poll->data);
}

/* Zero stands for nobody: a tick that happens to be zero is passed over. */
static void renew(struct kl_events *events)
{
	uint32_t until = (uint32_t)kl_maps_tick(events->maps) + AHEAD_TICKS;
	__atomic_store_n(&events->maps->config->watch_until, until ? until : 1, __ATOMIC_RELAXED);
}

static void on_renew(uv_timer_t *timer)
{
	renew(timer->data);
}

static void begin(struct kl_events *events)
{
	events->since_ns = kl_monotonic_ns();
	events->watching = true;
	uv_poll_start(&events->poll, UV_READABLE, on_poll);
	uv_timer_start(&events->drain, on_drain, DRAIN_MS, DRAIN_MS);
	uv_timer_start(&events->renew, on_renew, RENEW_MS, RENEW_MS);
}

static void end(struct kl_events *events)
{
	__atomic_store_n(&events->maps->config->watch_until, 0, __ATOMIC_RELAXED);
	events->watching = false;
	uv_timer_stop(&events->drain);
	uv_timer_stop(&events->renew);
	uv_poll_stop(&events->poll);
}

void kl_events_watch(struct kl_events *events, unsigned watchers, uint32_t mask)
{
	if (!watchers) {
		end(events);
		return;
	}
	if (!events->watching)
		begin(events);
	__atomic_store_n(&events->maps->config->watch_mask, mask, __ATOMIC_RELAXED);
	renew(events);
}

/* --- start and end */

static void release(struct kl_events *events)
{
	if (events->ring)
		ring_buffer__free(events->ring);
	free(events);
}

static void unref(uv_handle_t *handle)
{
	struct kl_events *events = handle->data;
	if (!--events->handles)
		release(events);
}

static int open_ring(struct kl_events *events, struct kl_err *err)
{
	events->ring = ring_buffer__new(events->maps->fd[KL_MAP_EVENTS], on_event, events, NULL);
	if (!events->ring)
		return kl_fail(err, errno, "read the ring of events");
	int rc = uv_poll_init(events->loop, &events->poll, ring_buffer__epoll_fd(events->ring));
	return rc ? kl_fail(err, -rc, "watch the ring of events") : 0;
}

int kl_events_new(uv_loop_t *loop, const struct kl_maps *maps,
	void (*block)(const struct kl_map_event *events, size_t count, void *arg), void *arg, struct kl_events **ret,
	struct kl_err *err)
{
	struct kl_events *events = kl_calloc(1, sizeof(*events));
	events->loop = loop;
	events->block = block;
	events->arg = arg;
	events->maps = maps;
	/* Of an agent that was killed while somebody watched. */
	__atomic_store_n(&maps->config->watch_until, 0, __ATOMIC_RELAXED);
	int rc = open_ring(events, err);
	if (rc) {
		release(events);
		return rc;
	}
	events->handles = 3;
	events->poll.data = events->drain.data = events->renew.data = events;
	uv_timer_init(loop, &events->drain);
	uv_timer_init(loop, &events->renew);
	*ret = events;
	return 0;
}

void kl_events_free(struct kl_events *events)
{
	if (!events)
		return;
	end(events);
	uv_close((uv_handle_t *)&events->poll, unref);
	uv_close((uv_handle_t *)&events->drain, unref);
	uv_close((uv_handle_t *)&events->renew, unref);
}
