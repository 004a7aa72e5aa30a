/*
 * A remote command session (exec or attach): the client's streams on one side, a backend (a process started by the
 * runtime, or conmon's attach socket) on the other. Bounded both ways: output stops being read while the client's
 * backlog is high, the client stops being read while the backend's input backlog is.
 *
 * Threads: the streaming thread only.
 */
#ifndef KL_REMOTE_H
#define KL_REMOTE_H

#include "mux.h"
#include "streaming.h"

struct kl_remote;

struct kl_remote_options {
	bool input, output, error, tty; /* streams that the client asked for */
	bool status_json; /* *v4 and later: the end is told as a Status; before: as text, and nothing on success */
	bool resize;      /* the client sends terminal sizes (v3 and later, with tty) */
	char **command;   /* exec: NULL-terminated; owned by the job */
};

/* What a session drives. A backend calls kl_remote_* back from the loop, never from inside these. */
struct kl_backend;
struct kl_backend_class {
	/* Returns 0, or a negative errno with words for the client; then release follows. */
	int (*start)(struct kl_backend *backend, struct kl_err *err);
	void (*input)(struct kl_backend *backend, const uint8_t *data, size_t len);
	void (*input_end)(struct kl_backend *backend);
	size_t (*input_backlog)(const struct kl_backend *backend);
	void (*resize)(struct kl_backend *backend, unsigned columns, unsigned rows);
	void (*pause)(struct kl_backend *backend, bool paused); /* output is not read while paused */
	void (*release)(
		struct kl_backend *backend); /* kills what still runs and frees, now or later; no call back after it */
};
struct kl_backend {
	const struct kl_backend_class *class;
	struct kl_remote *remote; /* set before start; NULL after release */
};

/* Backends made for one container; options and container are borrowed until release. */
struct kl_backend *kl_exec_backend(uv_loop_t *loop, const struct kl_remote_options *options,
	const struct kl_streaming_container *container, const char *scratch_dir);
struct kl_backend *kl_attach_backend(uv_loop_t *loop, const struct kl_streaming_container *container);

/* What backends say. */
void kl_remote_output(struct kl_remote *remote, enum kl_channel channel, const void *data, size_t len);
void kl_remote_input_drained(struct kl_remote *remote);
/* The end: exit_code 0… as wait(2) tells it (128 + signal); err non-NULL: it failed for a reason of ours. */
void kl_remote_exited(struct kl_remote *remote, int exit_code, const struct kl_err *err);

/*
 * Steals upgraded and backend; borrows options. `closed` is called once, when the session has ended and may be
 * forgotten.
 */
struct kl_remote *kl_remote_new(uv_loop_t *loop, struct kl_http_upgraded *upgraded, int fd, const void *leftover,
	size_t len, const struct kl_mux_options *mux_options, const struct kl_remote_options *options,
	struct kl_backend *backend, void (*closed)(void *arg), void *arg);
/* Ends it at once, as if the client had gone; `closed` is called before this returns. */
void kl_remote_abort(struct kl_remote *remote);

#endif
