/*
 * keelson: one binary, its subcommands in a table.
 */
#include "cmd.h"

#include "log.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct kl_cmd *const commands[] = {
	&kl_cmd_up,   &kl_cmd_down,  &kl_cmd_status,  &kl_cmd_lb, &kl_cmd_ct, &kl_cmd_maglev,
	&kl_cmd_drops, &kl_cmd_flows, &kl_cmd_trace, &kl_cmd_verify,   &kl_cmd_image,
	&kl_cmd_server, &kl_cmd_agent, &kl_cmd_token, &kl_cmd_bench, &kl_cmd_version, &kl_cmd_help,
};

static const struct kl_cmd *find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static void print_overview(FILE *to)
{
	fputs("A Kubernetes-compatible orchestrator whose heart is its eBPF dataplane.\n\n"
	      "Usage: keelson COMMAND [OPTIONS]\n\nCommands:\n", to);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(to, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n'keelson help COMMAND' explains one. Start with: keelson up\n", to);
}

static int run_help(int argc, char **argv)
{
	if (argc < 2) {
		print_overview(stdout);
		return KL_EXIT_OK;
	}
	const struct kl_cmd *cmd = find(argv[1]);
	if (!cmd) {
		fprintf(stderr, "keelson help: there is no command '%s'; 'keelson help' lists them\n", argv[1]);
		return KL_EXIT_USAGE;
	}
	fputs(cmd->help, stdout);
	return KL_EXIT_OK;
}

const struct kl_cmd kl_cmd_help = {
	.name = "help",
	.summary = "Explain a command",
	.run = run_help,
	.help = "Usage: keelson help [COMMAND]\n",
};

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		print_overview(stderr);
		return KL_EXIT_USAGE;
	}
	const char *name = argv[1];
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	if (!strcmp(name, "--version"))
		name = "version";
	const struct kl_cmd *cmd = find(name);
	if (!cmd) {
		fprintf(stderr, "keelson: there is no command '%s'; 'keelson help' lists them\n", name);
		return KL_EXIT_USAGE;
	}
	kl_log_set_component(cmd->name);
	return cmd->run(argc - 1, argv + 1);
}
