/*
 * The `keelson` command: one file per subcommand, a const table of them (main.c).
 */
#ifndef KL_CMD_H
#define KL_CMD_H

#include <stdbool.h>
#include <stddef.h>

struct kl_cmd {
	const char *name;
	const char *summary; /* one line, for the table in `keelson help` */
	int (*run)(int argc, char **argv); /* argv[0] is the subcommand's name; returns the exit code */
	const char *help; /* the full text of `keelson help NAME` */
};

extern const struct kl_cmd kl_cmd_server, kl_cmd_agent, kl_cmd_up, kl_cmd_down, kl_cmd_status, kl_cmd_image, kl_cmd_lb, kl_cmd_ct,
	kl_cmd_maglev, kl_cmd_drops, kl_cmd_flows, kl_cmd_trace, kl_cmd_verify,
	kl_cmd_bench, kl_cmd_token, kl_cmd_version, kl_cmd_help;

enum { KL_EXIT_OK = 0, KL_EXIT_FAILURE = 1, KL_EXIT_USAGE = 2 };

/*
 * Options of a subcommand, as a const table: "--name VALUE", "--name=VALUE", "-n VALUE", and bare flags. -h and --help
 * print the subcommand's help to stdout and exit 0.
 */
enum kl_opt_type { KL_OPT_STRING, KL_OPT_INT, KL_OPT_FLAG, KL_OPT_LIST };
struct kl_opt {
	const char *name; /* without dashes */
	char letter;	  /* 0: none */
	enum kl_opt_type type;
	void *value; /* const char **, int *, bool *, struct kl_opt_list * */
};
struct kl_opt_list {
	const char *items[32];
	size_t count;
};
/* Returns the count of positional arguments, moved to the front of argv[1…]; prints one line and exits 2 on misuse. */
int kl_opts_parse(const struct kl_cmd *cmd, const struct kl_opt *opts, size_t count, int argc, char **argv);

/* One line "keelson NAME: words" to stderr; returns KL_EXIT_FAILURE. */
int kl_cmd_fail(const struct kl_cmd *cmd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A table for people: columns padded like kubectl's. Cells are copied. */
struct kl_columns;
struct kl_columns *kl_columns_new(const char *const *headers); /* NULL-terminated */
void kl_columns_row(struct kl_columns *table, const char *const *cells); /* as many as headers */
void kl_columns_print(struct kl_columns *table); /* prints and frees */

#endif
