/*
 * What the commands that look into a node's dataplane share: which node is meant, its tables, its agent, and how they
 * print.
 */
#ifndef KL_LOOK_H
#define KL_LOOK_H

#include "cmd.h"
#include "err.h"
#include "json.h"
#include "maps.h"
#include "service.h"

#include <stdint.h>

struct kl_look_options {
	const char *cluster, *node, *pin_dir, *run_dir, *output;
};
/* Rows of an option table. */
#define KL_LOOK_OPTS(o)                                                                                     \
	{"cluster", 0, KL_OPT_STRING, &(o)->cluster}, {"node", 0, KL_OPT_STRING, &(o)->node},               \
		{"pin-dir", 0, KL_OPT_STRING, &(o)->pin_dir}, {"run-dir", 0, KL_OPT_STRING, &(o)->run_dir}, \
	{                                                                                                   \
		"output", 'o', KL_OPT_STRING, &(o)->output                                                  \
	}
#define KL_LOOK_HELP                                                                                              \
	"Which node (default: this machine's agent; without one the first node of the only local cluster, or of " \
	"'dev')\n"                                                                                                \
	"      --cluster NAME   a cluster of 'keelson up'\n"                                                      \
	"      --node NODE      a node of it\n"                                                                   \
	"      --pin-dir DIR    the tables' folder (default /sys/fs/bpf/keelson); --run-dir DIR: the agent's\n"

struct kl_look {
	const struct kl_cmd *cmd;
	char *name;                 /* for people: "node1 of cluster dev", "this machine" */
	char *pin_dir, *run_dir;    /* run_dir NULL: unknown */
	char *netns;                /* path; NULL: the caller's own */
	char *kubeconfig;           /* NULL: unknown */
	const struct kl_maps *maps; /* NULL until kl_look_maps */
};
/* Exits with words and KL_EXIT_USAGE where `allowed` ("json wide", space-separated) does not hold the -o given. */
void kl_look_check_output(const struct kl_cmd *cmd, const char *output, const char *allowed);
/* Which node; with words on stderr and false when there is none. */
bool kl_look_open(const struct kl_cmd *cmd, const struct kl_look_options *options, struct kl_look *ret);
/* Its tables too. */
bool kl_look_open_maps(const struct kl_cmd *cmd, const struct kl_look_options *options, struct kl_look *ret);
void kl_look_close(struct kl_look *look);
#define kl_autolook kl_cleanup(kl_look_close) struct kl_look

/* A connection to the node's agent with the request sent; negative errno where none answers. */
int kl_look_connect(const struct kl_look *look, const char *request, struct kl_err *err);
/* One question to the agent: a new reference; NULL on failure, also when the agent says so. */
json_t *kl_look_ask(const struct kl_look *look, const char *request, int timeout_ms, struct kl_err *err);

/* --- printing */
enum kl_colour { KL_PLAIN, KL_BOLD, KL_DIM, KL_RED, KL_GREEN, KL_YELLOW, KL_BLUE };
/* "" unless stdout is a terminal and NO_COLOR is not set. */
const char *kl_colour(enum kl_colour colour);
/* Owned by the caller. */
char *kl_coloured(enum kl_colour colour, const char *text);
int kl_look_print_json(const json_t *json);
/* "10.0.0.1:80", "[fd00::1]:80"; port in network order. Owned by the caller. */
char *kl_endpoint_text(const __be32 addr[4], __be16 port);
/* "1.2 MiB"; "12 k" for counts. */
char *kl_bytes_text(uint64_t bytes);
/* "10.0.0.1:80", "[fd00::1]:80", "fd00::1" (port 0). -EINVAL. */
int kl_endpoint_parse(const char *text, struct kl_addr *ret_addr, uint16_t *ret_port);

#endif
