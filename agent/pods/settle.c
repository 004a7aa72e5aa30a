/*
 * When a container without a readiness probe counts as ready.
 *
 * Kubernetes says: at once. But kubelet notices a start only by its once-a-second listing, and programs live from that
 * second: nginx needs some tens of milliseconds until it listens. An agent that reports within a millisecond would send
 * it requests that are refused, in every rolling update. So we look whether anything in the pod's network namespace
 * listens (or has a bound UDP socket) and call it ready then; what never listens is ready after SETTLE_MS, or after
 * SETTLE_PORTS_MS where the pod or the image names ports that are to be served.
 */
#include "pods_impl.h"

#include "clock.h"
#include "file.h"

#include <stdio.h>
#include <string.h>

enum { SETTLE_MS = 500, SETTLE_PORTS_MS = 3000, POLL_MS = 5 };

/* proc(5), net/tcp: the fourth column is the state; 0A is LISTEN, 07 a UDP socket without peer. */
static bool has_state(pid_t pid, const char *table, const char *state)
{
	kl_autobuf text = {.max = 1 << 20};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, table);
	if (kl_file_read(path, &text, NULL))
		return false;
	for (const char *line = strchr(kl_buf_str(&text), '\n'); line; line = strchr(line + 1, '\n')) {
		char word[4];
		if (sscanf(line + 1, "%*s %*s %*s %2s", word) == 1 && !strcmp(word, state))
			return true;
	}
	return false;
}

static bool listens(pid_t pid)
{
	return has_state(pid, "tcp", "0A") || has_state(pid, "tcp6", "0A") || has_state(pid, "udp", "07") ||
	       has_state(pid, "udp6", "07");
}

static int64_t limit_ms(const struct container *c)
{
	bool declares = json_array_size(json_object_get(container_spec(c), "ports")) > 0 ||
			json_object_size(json_object_get(c->image.config, "ExposedPorts")) > 0;

	return declares && !c->pod->host_network ? SETTLE_PORTS_MS : SETTLE_MS;
}

static void on_settle(uv_timer_t *timer)
{
	struct container *c = container_of(timer, struct container, timer);

	if (c->state != C_RUNNING) {
		uv_timer_stop(timer);
		return;
	}
	bool early = kl_realtime_ms() - c->started_ms < limit_ms(c);
	/* The node's own sockets say nothing of a host-network pod. */
	if (early && (c->pod->host_network || !listens(c->handle.pid)))
		return;
	uv_timer_stop(timer);
	c->ready = true;
	report_changed(c->pod);
	pod_step(c->pod);
}

void container_settle(struct container *c)
{
	if (c->ready)
		return;
	uv_timer_start(&c->timer, on_settle, 0, POLL_MS);
}
