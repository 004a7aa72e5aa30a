#ifndef KL_HAMMER_OPTIONS_H
#define KL_HAMMER_OPTIONS_H

#include "err.h"

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define KL_TARGETS_MAX 16

struct kl_target {
	struct sockaddr_storage address;
	socklen_t address_len;
	char name[80];    /* "10.88.0.11:30080" */
	char *request[2]; /* by lane: closing, keep-alive */
};

struct kl_hammer_options {
	struct kl_target targets[KL_TARGETS_MAX];
	size_t target_count;
	double rate;      /* short connections a second; 0: as fast as --concurrency allows */
	int concurrency;  /* short connections at once */
	int64_t requests; /* short requests in all; -1: until the duration ends */
	int keep;         /* long-lived connections */
	double keep_rate; /* requests a second on each of them */
	int64_t duration_ms;
	int64_t timeout_ms; /* of one request, its connection included */
	bool strict, pinned;
	const char *netns; /* a path or the name of a namespace in /run/netns */
	bool has_match;
	regex_t match; /* first group: who answered */
};

/* 0; 1 when help was asked for (and printed); -EINVAL. */
int kl_hammer_options(struct kl_hammer_options *opts, int argc, char **argv, struct kl_err *err);
void kl_hammer_options_release(struct kl_hammer_options *opts);

#endif
