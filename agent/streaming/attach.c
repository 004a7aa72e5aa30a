/*
 * attach: the socket on which conmon passes a container's output on. Every packet that comes starts with the number of
 * its pipe; what we send is the container's input. conmon writes to it blocking, so an attached client that takes
 * nothing would hold up the container: remote.c cuts it off.
 */
#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	PACKET = 32768, /* conmon's own are of 8 KiB and a byte */
	INPUT_PACKET = 4096,
	PIPE_STDOUT = 2,
	PIPE_STDERR = 3,
	/* conmon (2.1) heeds only the first of several sizes that it reads at once: they are told this far apart. */
	RESIZE_GAP_MS = 50,
	MAX_SIDE = 1000, /* conmon refuses more */
};

struct attach {
	struct kl_backend base;
	uv_loop_t *loop;
	const struct kl_streaming_container *container; /* borrowed: not after release */
	uv_poll_t poll;
	uv_timer_t resize_timer;
	unsigned handles, rows, columns;
	bool resize_pending;
	int fd;
	struct kl_buf input;
	bool open, paused, input_ended, ended;
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void update_poll(struct attach *attach)
{
	int events = (attach->paused ? 0 : UV_READABLE) | (attach->input.len ? UV_WRITABLE : 0);
	if (attach->ended)
		return;
	if (events)
		uv_poll_start(&attach->poll, events, on_poll);
	else
		uv_poll_stop(&attach->poll);
}

static void end(struct attach *attach)
{
	attach->ended = true;
	uv_poll_stop(&attach->poll);
	if (attach->base.remote)
		kl_remote_exited(attach->base.remote, 0, NULL);
}

static void on_readable(struct attach *attach)
{
	char packet[PACKET];
	ssize_t n = recv(attach->fd, packet, sizeof(packet), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end(attach);
		return;
	}
	if (n > 1 && (packet[0] == PIPE_STDOUT || packet[0] == PIPE_STDERR))
		kl_remote_output(attach->base.remote, packet[0] == PIPE_STDOUT ? KL_CHANNEL_STDOUT : KL_CHANNEL_STDERR,
			packet + 1, (size_t)n - 1);
}

static void send_input(struct attach *attach)
{
	while (attach->input.len) {
		size_t len = attach->input.len < INPUT_PACKET ? attach->input.len : INPUT_PACKET;
		ssize_t n = send(attach->fd, attach->input.data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			kl_buf_reset(&attach->input); /* nobody takes it; the end comes through reading */
		if (n < 0)
			return;
		kl_buf_consume(&attach->input, (size_t)n);
	}
	if (attach->input_ended)
		shutdown(attach->fd, SHUT_WR);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct attach *attach = poll->data;
	if (status < 0) {
		end(attach);
		return;
	}
	if (events & UV_WRITABLE) {
		send_input(attach);
		if (attach->base.remote && attach->input.len <= KL_CONN_LOW)
			kl_remote_input_drained(attach->base.remote);
	}
	if ((events & UV_READABLE) && attach->base.remote)
		on_readable(attach);
	if (attach->base.remote)
		update_poll(attach);
}

/* connect(2) to a path of any length: through its folder, which is open. */
static int connect_path(int fd, const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	kl_autofree char *folder = kl_strdup(path), *name = kl_strdup(path);
	kl_autoclose int dir = open(dirname(folder), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	int n = snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", dir, basename(name));
	if (n >= (int)sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	return connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
}

static int start(struct kl_backend *backend, struct kl_err *err)
{
	struct attach *attach = (struct attach *)backend;
	kl_autofree char *path = kl_asprintf("%s/attach", attach->container->bundle);
	attach->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (attach->fd < 0)
		return kl_fail(err, errno, "make a socket");
	int rc = connect_path(attach->fd, path);
	if (rc < 0)
		return kl_fail(err, -rc, "connect to '%s'", path);
	uv_poll_init(attach->loop, &attach->poll, attach->fd);
	uv_timer_init(attach->loop, &attach->resize_timer);
	attach->poll.data = attach->resize_timer.data = attach;
	attach->handles = 2;
	attach->open = true;
	update_poll(attach);
	return 0;
}

static void input(struct kl_backend *backend, const uint8_t *data, size_t len)
{
	struct attach *attach = (struct attach *)backend;
	if (attach->ended || attach->input_ended)
		return;
	kl_buf_push(&attach->input, data, len);
	update_poll(attach);
}

static void input_end(struct kl_backend *backend)
{
	struct attach *attach = (struct attach *)backend;
	attach->input_ended = true;
	if (!attach->ended && !attach->input.len)
		shutdown(attach->fd, SHUT_WR);
}

static size_t input_backlog(const struct kl_backend *backend)
{
	return ((const struct attach *)backend)->input.len;
}

/* conmon reads "rows columns" lines from the FIFO beside its socket. */
static void tell_size(struct attach *attach)
{
	char line[32];
	kl_autofree char *path = kl_asprintf("%s/winsz", attach->container->bundle);
	kl_autoclose int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	int n = snprintf(line, sizeof(line), "%u %u\n", attach->rows, attach->columns);
	if (fd >= 0 && write(fd, line, (size_t)n) < 0)
		return; /* the size stays as it was: of no consequence */
}

static void on_resize_timer(uv_timer_t *timer)
{
	struct attach *attach = timer->data;
	if (!attach->resize_pending)
		return;
	attach->resize_pending = false;
	tell_size(attach);
	uv_timer_start(timer, on_resize_timer, RESIZE_GAP_MS, 0);
}

static void resize(struct kl_backend *backend, unsigned columns, unsigned rows)
{
	struct attach *attach = (struct attach *)backend;
	attach->columns = columns < MAX_SIDE ? columns : MAX_SIDE;
	attach->rows = rows < MAX_SIDE ? rows : MAX_SIDE;
	attach->resize_pending = true;
	if (attach->open && !uv_is_active((uv_handle_t *)&attach->resize_timer))
		on_resize_timer(&attach->resize_timer);
}

static void pause_output(struct kl_backend *backend, bool paused)
{
	struct attach *attach = (struct attach *)backend;
	attach->paused = paused;
	update_poll(attach);
}

static void free_attach(struct attach *attach)
{
	if (attach->fd >= 0)
		close(attach->fd);
	kl_buf_release(&attach->input);
	free(attach);
}

static void on_closed(uv_handle_t *handle)
{
	struct attach *attach = handle->data;
	if (--attach->handles == 0)
		free_attach(attach);
}

static void release(struct kl_backend *backend)
{
	struct attach *attach = (struct attach *)backend;
	if (!attach->open) {
		free_attach(attach);
		return;
	}
	uv_close((uv_handle_t *)&attach->poll, on_closed);
	uv_close((uv_handle_t *)&attach->resize_timer, on_closed);
}

struct kl_backend *kl_attach_backend(uv_loop_t *loop, const struct kl_streaming_container *container)
{
	static const struct kl_backend_class CLASS = {
		start, input, input_end, input_backlog, resize, pause_output, release};
	struct attach *attach = kl_calloc(1, sizeof(*attach));
	attach->base.class = &CLASS;
	attach->loop = loop;
	attach->container = container;
	attach->fd = -1;
	return &attach->base;
}
