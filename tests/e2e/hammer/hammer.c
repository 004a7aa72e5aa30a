/*
 * An HTTP load client for the end-to-end tests and benches: one thread, one epoll. Short connections carry one request
 * each; long-lived ones stay open and carry a request now and then, as a browser's or a database client's do.
 *
 * A long-lived connection that its peer closes between two requests, or before the first byte of an answer, is opened
 * anew and the request sent again, as RFC 9112 section 9.3.1 lets clients do; that is tallied as a reconnect.
 */
#include "clock.h"
#include "hammer_answer.h"
#include "hammer_options.h"
#include "hammer_tally.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define NS_PER_MS 1000000ll
#define NS_PER_S  1000000000ll

enum state { STATE_CLOSED, STATE_CONNECTING, STATE_WAITING, STATE_IDLE };

struct conn {
	enum state state;
	enum kl_lane lane;
	int fd;
	struct kl_target *target;
	struct kl_answer answer;
	int64_t sent_ns; /* when the request (and, for a new connection, the connect) began */
	int64_t due_ns;  /* long-lived: when the next request is due */
	bool used;       /* an answer has come over this connection */
};

struct hammer {
	struct kl_hammer_options opts;
	struct kl_tally *tally;
	struct conn *conns; /* opts.concurrency short ones, then opts.keep long ones */
	size_t conn_count;
	int epoll_fd;
	int64_t end_ns, due_ns, short_sent;
	size_t turn; /* of the targets */
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static void conn_close(struct conn *conn)
{
	if (conn->state == STATE_CLOSED)
		return;
	close(conn->fd);
	conn->fd = -1;
	conn->state = STATE_CLOSED;
}

static void conn_fail(struct hammer *h, struct conn *conn, enum kl_failure failure)
{
	kl_tally_failure(h->tally, conn->lane, failure, conn->target->name);
	conn_close(conn);
}

static void conn_send(struct hammer *h, struct conn *conn)
{
	const char *request = conn->target->request[conn->lane];
	size_t len = strlen(request);

	kl_answer_init(&conn->answer);
	conn->state = STATE_WAITING;
	/* A request is far smaller than an empty send buffer. */
	ssize_t sent = send(conn->fd, request, len, MSG_NOSIGNAL);
	if (sent != (ssize_t)len)
		conn_fail(h, conn, sent < 0 ? kl_failure_of_errno(errno) : KL_FAILURE_OTHER);
}

static void conn_watch(struct hammer *h, struct conn *conn, int op, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = conn};

	if (epoll_ctl(h->epoll_fd, op, conn->fd, &event))
		abort();
}

static void conn_open(struct hammer *h, struct conn *conn)
{
	conn->target = &h->opts.targets[h->turn++ % h->opts.target_count];
	conn->used = false;
	conn->fd = socket(conn->target->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (conn->fd < 0) {
		kl_tally_failure(h->tally, conn->lane, KL_FAILURE_OTHER, "socket");
		return;
	}
	conn->state = STATE_CONNECTING;
	if (connect(conn->fd, (struct sockaddr *)&conn->target->address, conn->target->address_len) &&
		errno != EINPROGRESS) {
		conn_fail(h, conn, kl_failure_of_errno(errno));
		return;
	}
	conn_watch(h, conn, EPOLL_CTL_ADD, EPOLLOUT);
}

static void on_connected(struct hammer *h, struct conn *conn)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		conn_fail(h, conn, kl_failure_of_errno(error));
		return;
	}
	conn_watch(h, conn, EPOLL_CTL_MOD, EPOLLIN);
	conn_send(h, conn);
}

/* The first line of the body, or the pattern's first group. Owned by the caller. */
static char *who_answered(const struct hammer *h, const struct kl_answer *answer)
{
	const char *body = kl_buf_str(&answer->bytes) + answer->body;
	regmatch_t group[2];

	if (!h->opts.has_match) {
		size_t len = strcspn(body, "\r\n");
		return kl_strndup(body, len > 120 ? 120 : len);
	}
	if (regexec(&h->opts.match, body, 2, group, 0))
		return kl_strdup("(no match)");
	return kl_strndup(body + group[1].rm_so, (size_t)(group[1].rm_eo - group[1].rm_so));
}

static void on_answer(struct hammer *h, struct conn *conn)
{
	if (conn->answer.status < 200 || conn->answer.status > 299) {
		conn_fail(h, conn, KL_FAILURE_STATUS);
		return;
	}
	kl_autofree char *key = who_answered(h, &conn->answer);
	kl_tally_answer(h->tally, conn->lane, key, conn->sent_ns);
	conn->used = true;
	if (conn->lane == KL_LANE_SHORT)
		conn_close(conn);
	else
		conn->state = STATE_IDLE;
}

/* Closed by the peer while nothing of an answer had come: not a failure of a connection that has served before. */
static bool conn_may_retry(const struct conn *conn)
{
	return conn->lane == KL_LANE_LONG && conn->used && (conn->state == STATE_IDLE || !conn->answer.bytes.len);
}

static void conn_lost(struct hammer *h, struct conn *conn, enum kl_failure failure)
{
	if (!conn_may_retry(conn)) {
		conn_fail(h, conn, failure);
		return;
	}
	bool again = conn->state == STATE_WAITING;
	kl_tally_reconnect(h->tally, conn->target->name);
	conn_close(conn);
	if (again)
		conn_open(h, conn);
}

static void on_end(struct hammer *h, struct conn *conn)
{
	if (conn->state == STATE_WAITING && kl_answer_eof(&conn->answer) == KL_ANSWER_COMPLETE) {
		on_answer(h, conn);
		conn_close(conn);
		return;
	}
	conn_lost(h, conn, KL_FAILURE_CLOSED);
}

static void on_readable(struct hammer *h, struct conn *conn)
{
	char data[16384];
	ssize_t len = recv(conn->fd, data, sizeof(data), 0);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len < 0) {
		conn_lost(h, conn, kl_failure_of_errno(errno));
		return;
	}
	if (!len) {
		on_end(h, conn);
		return;
	}
	if (conn->state == STATE_IDLE) {
		conn_fail(h, conn, KL_FAILURE_MALFORMED);
		return;
	}
	switch (kl_answer_feed(&conn->answer, data, (size_t)len)) {
	case KL_ANSWER_COMPLETE:
		on_answer(h, conn);
		break;
	case KL_ANSWER_MALFORMED:
		conn_fail(h, conn, KL_FAILURE_MALFORMED);
		break;
	case KL_ANSWER_MORE:
		break;
	}
}

static struct conn *free_short_conn(struct hammer *h)
{
	for (int i = 0; i < h->opts.concurrency; i++)
		if (h->conns[i].state == STATE_CLOSED)
			return &h->conns[i];
	return NULL;
}

static bool short_lane_done(const struct hammer *h)
{
	return h->opts.requests >= 0 && h->short_sent >= h->opts.requests;
}

static void start_short(struct hammer *h, int64_t now_ns)
{
	while (!short_lane_done(h) && h->due_ns <= now_ns) {
		struct conn *conn = free_short_conn(h);
		if (!conn && h->opts.rate == 0)
			return;
		h->due_ns = h->opts.rate > 0 ? h->due_ns + (int64_t)((double)NS_PER_S / h->opts.rate) : now_ns;
		h->short_sent++;
		if (!conn) {
			kl_tally_skipped(h->tally);
			continue;
		}
		conn->sent_ns = now_ns;
		conn_open(h, conn);
	}
}

static void start_long(struct hammer *h, int64_t now_ns)
{
	int64_t interval_ns = h->opts.keep_rate > 0 ? (int64_t)((double)NS_PER_S / h->opts.keep_rate) : NS_PER_S;

	for (size_t i = (size_t)h->opts.concurrency; i < h->conn_count; i++) {
		struct conn *conn = &h->conns[i];
		if (conn->due_ns > now_ns || (conn->state != STATE_IDLE && conn->state != STATE_CLOSED))
			continue;
		conn->due_ns = now_ns + interval_ns;
		conn->sent_ns = now_ns;
		if (conn->state == STATE_IDLE)
			conn_send(h, conn);
		else
			conn_open(h, conn);
	}
}

static void expire(struct hammer *h, int64_t now_ns)
{
	for (size_t i = 0; i < h->conn_count; i++) {
		struct conn *conn = &h->conns[i];
		bool busy = conn->state == STATE_CONNECTING || conn->state == STATE_WAITING;
		if (busy && now_ns - conn->sent_ns > h->opts.timeout_ms * NS_PER_MS)
			conn_fail(h, conn, KL_FAILURE_TIMEOUT);
	}
}

static bool busy(const struct hammer *h)
{
	for (size_t i = 0; i < h->conn_count; i++)
		if (h->conns[i].state == STATE_CONNECTING || h->conns[i].state == STATE_WAITING)
			return true;
	return false;
}

static void handle_events(struct hammer *h)
{
	struct epoll_event events[128];
	/* Short enough for the due times of any rate that a test asks for. */
	int count = epoll_wait(h->epoll_fd, events, (int)KL_ARRAY_LEN(events), h->opts.rate > 500 ? 0 : 1);

	for (int i = 0; i < count; i++) {
		struct conn *conn = events[i].data.ptr;
		if (conn->state == STATE_CONNECTING)
			on_connected(h, conn);
		else if (conn->state != STATE_CLOSED)
			on_readable(h, conn);
	}
}

/* New requests until the end, then what is still under way. */
static void run(struct hammer *h)
{
	for (;;) {
		int64_t now_ns = kl_monotonic_ns();
		bool ending = stopped || now_ns >= h->end_ns || (short_lane_done(h) && !h->opts.keep);
		if (ending && !busy(h))
			return;
		if (!ending) {
			start_short(h, now_ns);
			start_long(h, now_ns);
		}
		expire(h, now_ns);
		handle_events(h);
	}
}

static int enter_netns(const char *name, struct kl_err *err)
{
	kl_autofree char *path = strchr(name, '/') ? kl_strdup(name) : kl_asprintf("/run/netns/%s", name);
	kl_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return kl_fail(err, errno, "open '%s'", path);
	if (setns(fd, CLONE_NEWNET))
		return kl_fail(err, errno, "enter '%s'", path);
	return 0;
}

static int hammer_init(struct hammer *h, struct kl_err *err)
{
	const struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (h->opts.netns && enter_netns(h->opts.netns, err))
		return err->code;
	h->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (h->epoll_fd < 0)
		return kl_fail(err, errno, "epoll");
	h->conn_count = (size_t)(h->opts.concurrency + h->opts.keep);
	h->conns = kl_calloc(h->conn_count, sizeof(*h->conns));
	for (size_t i = 0; i < h->conn_count; i++)
		h->conns[i].lane = i < (size_t)h->opts.concurrency ? KL_LANE_SHORT : KL_LANE_LONG;
	h->tally = kl_tally_new();
	h->due_ns = kl_monotonic_ns();
	h->end_ns = h->due_ns + h->opts.duration_ms * NS_PER_MS;
	return 0;
}

static void hammer_release(struct hammer *h)
{
	for (size_t i = 0; i < h->conn_count; i++) {
		conn_close(&h->conns[i]);
		kl_answer_release(&h->conns[i].answer);
	}
	free(h->conns);
	kl_tally_free(h->tally);
	kl_hammer_options_release(&h->opts);
	if (h->epoll_fd >= 0)
		close(h->epoll_fd);
}

static int verdict(const struct hammer *h)
{
	if (!h->opts.strict)
		return 0;
	if (kl_tally_failures(h->tally) || !kl_tally_answers(h->tally))
		return 1;
	return h->opts.pinned && kl_tally_reconnects(h->tally) ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct hammer h = {.epoll_fd = -1};
	struct kl_err err = {0};

	int rc = kl_hammer_options(&h.opts, argc, argv, &err);
	if (rc > 0)
		return 0;
	if (rc || hammer_init(&h, &err)) {
		fprintf(stderr, "hammer: %s\n", kl_err_text(&err));
		hammer_release(&h);
		return 2;
	}
	run(&h);
	json_t *tally = kl_tally_json(h.tally);
	json_dumpf(tally, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(tally);
	rc = verdict(&h);
	hammer_release(&h);
	return rc;
}
