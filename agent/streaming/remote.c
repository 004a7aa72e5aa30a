#include "remote.h"

#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	STREAMS_TIMEOUT_MS = 30000, /* for the client to open its streams, as kubelet's */
	STALL_CHECK_MS = 1000,
	/* A client that takes nothing for so long, while its backlog is full, is cut off: it holds up the container. */
	STALL_LIMIT = 10,
	MAX_RESIZE = 1024,
};

struct kl_remote {
	struct kl_mux *mux;
	struct kl_mux_stream *streams[KL_CHANNEL_COUNT];
	unsigned expected; /* channels still to come, bits */
	struct kl_remote_options options;
	struct kl_backend *backend;
	uv_timer_t timer; /* waits for streams; later, while output is paused, watches a stalled client */
	bool started, paused, held, done, closing;
	size_t stalled_backlog;
	unsigned stalled_checks;
	struct kl_buf resize;
	void (*closed)(void *arg);
	void *arg;
};

static void end_session(struct kl_remote *remote);

/* --- telling the client how it ended */

static json_t *exit_status(int exit_code, const struct kl_err *err)
{
	if (err)
		return json_pack("{s:{},s:s,s:s,s:s,s:i}", "metadata", "status", "Failure", "message", kl_err_text(err),
			"reason", "InternalError", "code", 500);
	if (!exit_code)
		return json_pack("{s:{},s:s}", "metadata", "status", "Success");
	kl_autofree char *code = kl_asprintf("%d", exit_code);
	kl_autofree char *message =
		kl_asprintf("command terminated with non-zero exit code: exit status %d", exit_code);
	return json_pack("{s:{},s:s,s:s,s:s,s:{s:[{s:s,s:s}]}}", "metadata", "status", "Failure", "message", message,
		"reason", "NonZeroExitCode", "details", "causes", "reason", "ExitCode", "message", code);
}

static void send_status(struct kl_remote *remote, int exit_code, const struct kl_err *err)
{
	struct kl_mux_stream *stream = remote->streams[KL_CHANNEL_ERROR];
	kl_autobuf text = {0};
	if (!stream)
		return;
	if (remote->options.status_json) {
		kl_autojson *status = exit_status(exit_code, err);
		kl_json_dump(status, &text);
	} else if (err) {
		kl_buf_str_push(&text, kl_err_text(err));
	} else if (exit_code) {
		kl_buf_printf(&text, "error executing remote command: exit status %d", exit_code);
	}
	kl_mux_write(stream, kl_buf_str(&text), text.len);
}

static void finish(struct kl_remote *remote, int exit_code, const struct kl_err *err)
{
	static const enum kl_channel ORDER[] = {
		KL_CHANNEL_STDOUT, KL_CHANNEL_STDERR, KL_CHANNEL_ERROR, KL_CHANNEL_STDIN, KL_CHANNEL_RESIZE};
	if (remote->done)
		return;
	remote->done = true;
	uv_timer_stop(&remote->timer);
	send_status(remote, exit_code, err);
	for (size_t i = 0; i < KL_ARRAY_LEN(ORDER); i++)
		if (remote->streams[ORDER[i]])
			kl_mux_end(remote->streams[ORDER[i]]);
	if (remote->held)
		kl_mux_unhold(remote->mux);
	remote->held = false;
	kl_mux_finish(remote->mux);
}

/* --- from the backend */

static size_t output_backlog(const struct kl_remote *remote)
{
	size_t most = 0;
	for (enum kl_channel i = KL_CHANNEL_STDOUT; i <= KL_CHANNEL_STDERR; i++) {
		size_t backlog = remote->streams[i] ? kl_mux_backlog(remote->streams[i]) : 0;
		most = backlog > most ? backlog : most;
	}
	return most;
}

static void on_stall_check(uv_timer_t *timer)
{
	struct kl_remote *remote = timer->data;
	size_t backlog = output_backlog(remote);
	remote->stalled_checks = backlog == remote->stalled_backlog ? remote->stalled_checks + 1 : 0;
	remote->stalled_backlog = backlog;
	if (remote->stalled_checks >= STALL_LIMIT)
		end_session(remote);
}

static void set_paused(struct kl_remote *remote, bool paused)
{
	if (remote->paused == paused || remote->done)
		return;
	remote->paused = paused;
	remote->stalled_checks = 0;
	remote->backend->class->pause(remote->backend, paused);
	if (paused)
		uv_timer_start(&remote->timer, on_stall_check, STALL_CHECK_MS, STALL_CHECK_MS);
	else
		uv_timer_stop(&remote->timer);
}

void kl_remote_output(struct kl_remote *remote, enum kl_channel channel, const void *data, size_t len)
{
	struct kl_mux_stream *stream = remote->streams[channel];
	if (!stream || remote->done)
		return;
	kl_mux_write(stream, data, len);
	if (kl_mux_backlog(stream) > KL_CONN_HIGH)
		set_paused(remote, true);
}

void kl_remote_input_drained(struct kl_remote *remote)
{
	if (!remote->held)
		return;
	remote->held = false;
	kl_mux_unhold(remote->mux);
}

void kl_remote_exited(struct kl_remote *remote, int exit_code, const struct kl_err *err)
{
	finish(remote, exit_code, err);
}

/* --- from the client */

static void start(struct kl_remote *remote)
{
	struct kl_err err = {0};
	remote->started = true;
	uv_timer_stop(&remote->timer);
	if (remote->backend->class->start(remote->backend, &err) < 0)
		finish(remote, 0, &err);
}

static bool on_opened(struct kl_mux_stream *stream, void *arg)
{
	struct kl_remote *remote = arg;
	if (!(remote->expected & 1U << stream->channel))
		return false;
	remote->expected &= ~(1U << stream->channel);
	remote->streams[stream->channel] = stream;
	if (!remote->expected)
		start(remote);
	return true;
}

/* The resize channel carries JSON objects one after another: {"Width":80,"Height":24}. */
static void on_resize(struct kl_remote *remote, const uint8_t *data, size_t len)
{
	const char *end;
	kl_buf_push(&remote->resize, data, len);
	while (remote->resize.len && (end = memchr(remote->resize.data, '}', remote->resize.len))) {
		size_t n = (size_t)(end - remote->resize.data) + 1;
		kl_autojson *size = kl_json_parse(remote->resize.data, n, NULL);
		int64_t columns = kl_json_int(size, 0, "Width", NULL), rows = kl_json_int(size, 0, "Height", NULL);
		if (columns > 0 && rows > 0 && columns <= UINT16_MAX && rows <= UINT16_MAX)
			remote->backend->class->resize(remote->backend, (unsigned)columns, (unsigned)rows);
		kl_buf_consume(&remote->resize, n);
	}
	if (remote->resize.overflow)
		kl_buf_reset(&remote->resize);
}

static void on_data(struct kl_mux_stream *stream, const uint8_t *data, size_t len, void *arg)
{
	struct kl_remote *remote = arg;
	struct kl_backend *backend = remote->backend;
	if (remote->done || !remote->started)
		return;
	if (stream->channel == KL_CHANNEL_RESIZE)
		on_resize(remote, data, len);
	if (stream->channel != KL_CHANNEL_STDIN)
		return;
	backend->class->input(backend, data, len);
	if (!remote->held && backend->class->input_backlog(backend) > KL_CONN_HIGH) {
		remote->held = true;
		kl_mux_hold(remote->mux);
	}
}

static void on_ended(struct kl_mux_stream *stream, void *arg)
{
	struct kl_remote *remote = arg;
	if (stream->channel == KL_CHANNEL_STDIN && remote->started && !remote->done)
		remote->backend->class->input_end(remote->backend);
}

static void on_drained(void *arg)
{
	struct kl_remote *remote = arg;
	set_paused(remote, false);
}

static void on_gone(void *arg)
{
	end_session(arg);
}

/* --- its life */

static void on_timer_closed(uv_handle_t *handle)
{
	struct kl_remote *remote = handle->data;
	kl_buf_release(&remote->resize);
	free(remote);
}

static void end_session(struct kl_remote *remote)
{
	if (remote->closing)
		return;
	remote->closing = remote->done = true;
	kl_mux_close(remote->mux);
	remote->backend->remote = NULL;
	remote->backend->class->release(remote->backend);
	uv_close((uv_handle_t *)&remote->timer, on_timer_closed);
	remote->closed(remote->arg);
}

void kl_remote_abort(struct kl_remote *remote)
{
	end_session(remote);
}

static void on_streams_timeout(uv_timer_t *timer)
{
	struct kl_err err = {0};
	kl_fail_msg(&err, ETIMEDOUT, "timed out waiting for client to create streams");
	finish(timer->data, 0, &err);
}

static unsigned expected_channels(const struct kl_remote_options *options)
{
	return 1U << KL_CHANNEL_ERROR | (options->input ? 1U << KL_CHANNEL_STDIN : 0) |
	       (options->output ? 1U << KL_CHANNEL_STDOUT : 0) | (options->error ? 1U << KL_CHANNEL_STDERR : 0) |
	       (options->tty && options->resize ? 1U << KL_CHANNEL_RESIZE : 0);
}

struct kl_remote *kl_remote_new(uv_loop_t *loop, struct kl_http_upgraded *upgraded, int fd, const void *leftover,
	size_t len, const struct kl_mux_options *mux_options, const struct kl_remote_options *options,
	struct kl_backend *backend, void (*closed)(void *arg), void *arg)
{
	static const struct kl_mux_events EVENTS = {on_opened, on_data, on_ended, on_drained, on_gone};
	struct kl_remote *remote = kl_calloc(1, sizeof(*remote));
	struct kl_mux_options mux = *mux_options;
	remote->options = *options;
	remote->expected = mux.channels = expected_channels(options);
	remote->resize.max = MAX_RESIZE;
	remote->backend = backend;
	backend->remote = remote;
	remote->closed = closed;
	remote->arg = arg;
	uv_timer_init(loop, &remote->timer);
	remote->timer.data = remote;
	uv_timer_start(&remote->timer, on_streams_timeout, STREAMS_TIMEOUT_MS, 0);
	remote->mux = kl_mux_new(loop, upgraded, fd, leftover, len, &mux, &EVENTS, remote);
	kl_mux_start(remote->mux);
	return remote;
}
