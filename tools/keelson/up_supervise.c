/*
 * The supervisor of a local cluster: starts what is missing, adopts what lives, restarts what dies, with a growing
 * pause. It holds nothing: when it goes, everything else goes on.
 */
#include "up_units.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

enum { BACKOFF_FIRST_MS = 200, BACKOFF_LAST_MS = 5000, STEADY_MS = 10000, UNITS_MAX = KL_CLUSTER_NODES_MAX + 2 };

/* Why a unit cannot be started stands in its own log too, where people look first. */
static void tell(const struct kl_unit *unit, const char *words)
{
	kl_autoclose int fd = open(unit->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd >= 0)
		dprintf(fd, "cannot be started: %s\n", words);
}

static void start(struct kl_unit *unit)
{
	struct kl_err err = {0};
	int rc = kl_unit_start(unit, &err);
	if (rc < 0) {
		kl_error("%s: %s", unit->name, kl_err_text(&err));
		tell(unit, kl_err_text(&err));
		unit->backoff_ms = unit->backoff_ms ? unit->backoff_ms * 2 : BACKOFF_FIRST_MS;
		if (unit->backoff_ms > BACKOFF_LAST_MS)
			unit->backoff_ms = BACKOFF_LAST_MS;
		unit->start_after_ms = kl_monotonic_ms() + unit->backoff_ms;
	} else {
		kl_info("%s: %s process %d", unit->name, rc ? "started" : "adopted", unit->pid);
	}
}

static void ended(struct kl_unit *unit)
{
	int64_t now = kl_monotonic_ms();
	/* Ours to reap, or, when adopted, somebody else's. */
	waitpid(unit->pid, NULL, WNOHANG);
	close(unit->pidfd);
	unit->pidfd = -1;
	if (now - unit->started_ms >= STEADY_MS)
		unit->backoff_ms = 0;
	unit->backoff_ms = unit->backoff_ms ? unit->backoff_ms * 2 : BACKOFF_FIRST_MS;
	if (unit->backoff_ms > BACKOFF_LAST_MS)
		unit->backoff_ms = BACKOFF_LAST_MS;
	unit->start_after_ms = now + unit->backoff_ms;
	kl_warn("%s: process %d ended; starting it again in %d ms", unit->name, unit->pid, unit->backoff_ms);
	unit->pid = 0;
}

static struct kl_unit *find(struct kl_units *units, const char *name)
{
	for (size_t i = 0; i < units->count; i++)
		if (!strcmp(units->items[i].name, name))
			return &units->items[i];
	return NULL;
}

/* New units come, units whose node was removed go; the others keep their state. */
static int reload(const char *name, struct kl_units *units, struct kl_err *err)
{
	kl_autocluster *cluster = NULL;
	int rc = kl_cluster_load(name, &cluster, err);
	if (rc)
		return rc;
	struct kl_units fresh = kl_units_of(cluster);
	for (size_t i = 0; i < fresh.count; i++) {
		struct kl_unit *to = &fresh.items[i], *from = find(units, to->name);
		if (!from)
			continue;
		to->pid = from->pid;
		to->pidfd = from->pidfd;
		to->started_ms = from->started_ms;
		to->start_after_ms = from->start_after_ms;
		to->backoff_ms = from->backoff_ms;
		from->pidfd = -1;
	}
	kl_units_release(units);
	*units = fresh;
	return 0;
}

/* Starts what is due; returns the time to wait for the next one, -1 for no limit. */
static int start_due(struct kl_units *units)
{
	int64_t wait = -1, now = kl_monotonic_ms();
	for (size_t i = 0; i < units->count; i++) {
		struct kl_unit *unit = &units->items[i];
		if (unit->pidfd >= 0)
			continue;
		if (unit->start_after_ms <= now)
			start(unit);
		if (unit->pidfd < 0 && (wait < 0 || unit->start_after_ms - now < wait))
			wait = unit->start_after_ms > now ? unit->start_after_ms - now : 0;
	}
	return (int)wait;
}

static void wait_for_ends(struct kl_units *units, int signals, int timeout_ms)
{
	struct pollfd fds[UNITS_MAX + 1] = {{.fd = signals, .events = POLLIN}};
	for (size_t i = 0; i < units->count && i < UNITS_MAX; i++)
		fds[i + 1] = (struct pollfd){.fd = units->items[i].pidfd, .events = POLLIN};
	if (poll(fds, units->count + 1, timeout_ms) <= 0)
		return;
	for (size_t i = 0; i < units->count; i++)
		if (fds[i + 1].revents)
			ended(&units->items[i]);
}

/* The signal that came, or 0. */
static int next_signal(int signals)
{
	struct signalfd_siginfo info;
	return read(signals, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

int kl_supervise(const char *name, struct kl_err *err)
{
	sigset_t set;
	struct kl_units units = {0};
	kl_log_set_component("supervisor");
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kl_autoclose int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return kl_fail(err, errno, "make a signalfd");
	int rc = reload(name, &units, err);
	while (!rc) {
		wait_for_ends(&units, signals, start_due(&units));
		int number = next_signal(signals);
		if (number == SIGHUP)
			rc = reload(name, &units, err);
		else if (number)
			break;
	}
	kl_units_release(&units);
	return rc;
}
