/*
 * The agent's network side alone, for the network tests: follows a server's endpoint stream into the kernel.
 *
 *	lb_agent PIN_DIR KUBECONFIG NODE UPLINK|- CGROUP ADDR
 */
#include "netsync.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static void on_signal(uv_signal_t *signal, int number)
{
	(void)number;
	uv_stop(signal->loop);
}

int main(int argc, char **argv)
{
	struct kl_err err = {0};
	struct kl_kubeconfig config;
	struct kl_netsync *netsync;
	uv_loop_t loop;
	uv_signal_t term;
	if (argc < 7)
		return 2;
	const char *ips[] = {argv[6], NULL};
	struct kl_netsync_options options = {
		.node_name = argv[3],
		.node_ips = ips,
		.uplink = strcmp(argv[4], "-") ? argv[4] : NULL,
		.pin_dir = argv[1],
		.cgroup = argv[5],
		.external_cluster_ip = true,
		.kubeconfig = &config,
	};
	uv_loop_init(&loop);
	uv_signal_init(&loop, &term);
	uv_signal_start(&term, on_signal, SIGTERM);
	if (kl_kubeconfig_load(argv[2], &config, &err) || kl_netsync_new(&options, &netsync, &err)) {
		fprintf(stderr, "lb_agent: %s\n", kl_err_text(&err));
		return 1;
	}
	kl_kubeconfig_release(&config);
	uv_run(&loop, UV_RUN_DEFAULT);
	kl_netsync_free(netsync);
	return 0;
}
