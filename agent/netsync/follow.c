/*
 * Following the endpoint stream: connect with the position reached, apply every frame, acknowledge what the kernel has,
 * and connect again when the stream ends or falls silent. Between two connections the tables stay as they are.
 */
#include "clock.h"
#include "log.h"
#include "mem.h"
#include "netsync_impl.h"

#include <errno.h>
#include <stdlib.h>

enum { RETRY_MIN_MS = 50, RETRY_MAX_MS = 2000, SILENCE_MS = 15000, WATCHDOG_MS = 5000, RAMP_FIRST_MS = 20 };

static void on_freed(uv_handle_t *handle)
{
	free(handle);
}

void kl_netsync_timer_free(uv_timer_t *timer)
{
	if (timer)
		uv_close((uv_handle_t *)timer, on_freed);
}

uv_timer_t *kl_netsync_timer(struct kl_netsync *netsync, uv_timer_cb cb, uint64_t first_ms, uint64_t repeat_ms)
{
	uv_timer_t *timer = kl_calloc(1, sizeof(*timer));
	uv_timer_init(&netsync->loop, timer);
	timer->data = netsync;
	uv_timer_start(timer, cb, first_ms, repeat_ms);
	return timer;
}

/* --- acknowledgements: one at a time, always of the newest position */

static void on_acked(const struct kl_client_answer *answer, void *arg);

static void acknowledge(struct kl_netsync *netsync)
{
	if (netsync->ack || netsync->in_snapshot || !netsync->epoch ||
		(netsync->acked_epoch == netsync->epoch && netsync->acked_seq == netsync->seq))
		return;
	kl_autofree char *path = kl_asprintf("/keelson/v1/stream/ack?node=%s&epoch=%llu&seq=%llu", netsync->node_name,
		(unsigned long long)netsync->epoch, (unsigned long long)netsync->seq);
	netsync->acked_epoch = netsync->epoch;
	netsync->acked_seq = netsync->seq;
	struct kl_client_request request = {.method = "POST", .path = path, .timeout_ms = 5000};
	netsync->ack = kl_client_send(netsync->client, &request, on_acked, netsync);
}

static void on_acked(const struct kl_client_answer *answer, void *arg)
{
	struct kl_netsync *netsync = arg;
	netsync->ack = 0;
	if (answer->http / 100 == 2)
		acknowledge(netsync);
	else /* said again with the next change or after the next connection */
		netsync->acked_epoch = 0;
}

/* --- frames */

/* Shares that grow: the timer runs while there are any. */
static void on_ramp(uv_timer_t *timer)
{
	struct kl_netsync *netsync = timer->data;
	int64_t next_ms = kl_dpsync_tick(netsync->sync, kl_monotonic_ms());
	if (next_ms >= 0)
		uv_timer_start(netsync->ramp, on_ramp, (uint64_t)next_ms, 0);
}

static void start_ramp(struct kl_netsync *netsync)
{
	if (!netsync->ramp)
		netsync->ramp = kl_netsync_timer(netsync, on_ramp, RAMP_FIRST_MS, 0);
	else
		uv_timer_start(netsync->ramp, on_ramp, RAMP_FIRST_MS, 0);
}

static void apply_put(struct kl_netsync *netsync, const struct kl_service *service)
{
	struct kl_err err = {0};
	int failed = kl_dpsync_put(netsync->sync, service, &err);
	if (!failed && service->slow_start_ms)
		start_ramp(netsync);
	kl_health_changed(netsync->health, service->key);
	if (!failed)
		return;
	netsync->gauges.failures++;
	kl_error("service %s: %s", service->key, err.text);
}

static void apply_delete(struct kl_netsync *netsync, const char *key)
{
	kl_dpsync_delete(netsync->sync, key);
	kl_health_changed(netsync->health, key);
}

static void apply_node(struct kl_netsync *netsync, const struct kl_frame *frame)
{
	if (frame->type == KL_FRAME_NODE)
		kl_dpsync_put_peer(netsync->sync, frame->node);
	else
		kl_dpsync_delete_peer(netsync->sync, frame->key);
}

static void apply_change(struct kl_netsync *netsync, const struct kl_frame *frame)
{
	int64_t begin_ns = kl_monotonic_ns();
	if (frame->type == KL_FRAME_PUT)
		apply_put(netsync, frame->service);
	else
		apply_delete(netsync, frame->key);
	netsync->gauges.changes++;
	kl_histogram_add(&netsync->gauges.programming, kl_monotonic_ns() - begin_ns);
}

static void snapshot_end(struct kl_netsync *netsync)
{
	kl_dpsync_snapshot_end(netsync->sync);
	kl_health_review(netsync->health);
	netsync->in_snapshot = false;
	netsync->synced = true;
	kl_info("endpoints: snapshot applied, %zu services, %zu backends", kl_dpsync_services(netsync->sync),
		kl_dpsync_backends(netsync->sync));
}

static int on_frame(struct kl_frame *frame, void *arg)
{
	struct kl_netsync *netsync = arg;
	switch (frame->type) {
	case KL_FRAME_HELLO:
		return frame->epoch == netsync->epoch ? 0 : -EBADMSG;
	case KL_FRAME_SNAPSHOT_BEGIN:
		netsync->in_snapshot = true;
		kl_dpsync_snapshot_begin(netsync->sync);
		return 0;
	case KL_FRAME_PUT:
	case KL_FRAME_DELETE:
		apply_change(netsync, frame);
		break;
	case KL_FRAME_SNAPSHOT_END:
		snapshot_end(netsync);
		netsync->epoch = frame->epoch;
		netsync->seq = frame->seq;
		return 0;
	case KL_FRAME_HEARTBEAT:
		return 0;
	case KL_FRAME_NODE:
	case KL_FRAME_NODE_GONE:
		apply_node(netsync, frame);
		break;
	}
	if (!netsync->in_snapshot)
		netsync->seq = frame->seq;
	return 0;
}

static int on_data(const char *data, size_t len, void *arg)
{
	struct kl_netsync *netsync = arg;
	struct kl_err err = {0};
	netsync->heard_ms = kl_monotonic_ms();
	netsync->gauges.heard_ms = kl_realtime_ms();
	if (!netsync->connected) {
		netsync->connected = true;
		netsync->gauges.connects++;
		netsync->retry_ms = RETRY_MIN_MS;
		netsync->acked_epoch = 0; /* a new server knows of no acknowledgement */
	}
	int failed = kl_frame_reader_feed(netsync->reader, data, len, on_frame, netsync, &err);
	if (failed)
		kl_error("endpoints: %s", err.text[0] ? err.text : "the stream does not fit the position asked for");
	acknowledge(netsync);
	return failed;
}

/* --- connections */

static void on_retry(uv_timer_t *timer)
{
	kl_netsync_follow(timer->data);
}

static void lost(struct kl_netsync *netsync, const char *why)
{
	if (netsync->connected || netsync->retry_ms == RETRY_MIN_MS)
		kl_warn("endpoints: the stream has ended (%s); the tables stay as they are", why);
	netsync->stream = 0;
	netsync->connected = false;
	if (netsync->in_snapshot) { /* half a snapshot is no position */
		netsync->in_snapshot = false;
		netsync->epoch = netsync->seq = 0;
	}
	uv_timer_start(netsync->retry, on_retry, netsync->retry_ms, 0);
	netsync->retry_ms = netsync->retry_ms * 2 < RETRY_MAX_MS ? netsync->retry_ms * 2 : RETRY_MAX_MS;
}

static void on_done(const struct kl_client_answer *answer, void *arg)
{
	struct kl_netsync *netsync = arg;
	if (answer->http && answer->http != 200) { /* a position that was refused is not asked for again */
		netsync->epoch = netsync->seq = 0;
		kl_warn("endpoints: the server answers %d: %s", answer->http, kl_err_text(&answer->err));
	}
	lost(netsync, answer->err.text[0] ? answer->err.text : "closed by the server");
}

static void on_watchdog(uv_timer_t *timer)
{
	struct kl_netsync *netsync = timer->data;
	if (!netsync->stream || kl_monotonic_ms() - netsync->heard_ms < SILENCE_MS)
		return;
	kl_client_cancel(netsync->client, netsync->stream);
	lost(netsync, "silent for too long");
}

void kl_netsync_follow(struct kl_netsync *netsync)
{
	if (!netsync->retry) {
		netsync->retry_ms = RETRY_MIN_MS;
		netsync->retry = kl_netsync_timer(netsync, on_retry, 0, 0);
		uv_timer_stop(netsync->retry);
		netsync->watchdog = kl_netsync_timer(netsync, on_watchdog, WATCHDOG_MS, WATCHDOG_MS);
	}
	kl_autofree char *path =
		kl_asprintf("/keelson/v1/stream?node=%s&version=%d&epoch=%llu&seq=%llu", netsync->node_name,
			KL_FRAME_VERSION, (unsigned long long)netsync->epoch, (unsigned long long)netsync->seq);
	kl_frame_reader_free(netsync->reader);
	netsync->reader = kl_frame_reader_new();
	netsync->heard_ms = kl_monotonic_ms();
	netsync->stream = kl_client_stream(netsync->client, path, on_data, on_done, netsync);
}

void kl_netsync_unfollow(struct kl_netsync *netsync)
{
	if (netsync->stream)
		kl_client_cancel(netsync->client, netsync->stream);
	if (netsync->ack)
		kl_client_cancel(netsync->client, netsync->ack);
	kl_netsync_timer_free(kl_take(&netsync->retry));
	kl_netsync_timer_free(kl_take(&netsync->watchdog));
	kl_frame_reader_free(kl_take(&netsync->reader));
}
