#include "bench_nft.h"

#include "mem.h"
#include "proc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

uint32_t kl_bench_cluster_ip(unsigned service)
{
	return 0x0a600000u + service + 1;
}

uint32_t kl_bench_endpoint_ip(unsigned service, unsigned endpoint)
{
	return 0x0a800000u + service * 16 + endpoint + 1;
}

static void dotted(struct kl_buf *to, uint32_t addr)
{
	kl_buf_printf(to, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255);
}

/* Names as kube-proxy's: a hash, so that they stay short, then what people know the service by. */
static void service_name(struct kl_buf *to, unsigned service)
{
	kl_buf_printf(to, "%08X-bench/svc%u/tcp/p80", service * 2654435761u, service);
}

static void endpoint_name(struct kl_buf *to, unsigned service, unsigned endpoint)
{
	kl_buf_printf(to, "endpoint-%08X-bench/svc%u/tcp/p80__", (service * 16 + endpoint) * 2654435761u, service);
	dotted(to, kl_bench_endpoint_ip(service, endpoint));
	kl_buf_printf(to, "/%d", KL_BENCH_TARGET_PORT);
}

static const char base_table[] =
	"table ip kube-proxy {\n"
	" set cluster-ips { type ipv4_addr; }\n"
	" set nodeport-ips { type ipv4_addr; elements = { 192.0.2.1 }; }\n"
	" map no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict; }\n"
	" map no-endpoint-nodeports { type inet_proto . inet_service : verdict; }\n"
	" map firewall-ips { type ipv4_addr . inet_proto . inet_service : verdict; }\n"
	" map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }\n"
	" map service-nodeports { type inet_proto . inet_service : verdict; }\n"
	" chain mark-for-masquerade { mark set mark or 0x4000; }\n"
	" chain masquerading { mark and 0x4000 == 0 return; mark set mark xor 0x4000; masquerade fully-random; }\n"
	" chain reject-chain { reject; }\n"
	" chain cluster-ips-check { ip daddr @cluster-ips reject; }\n"
	" chain nodeport-endpoints-check { ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports; "
	"}\n"
	" chain service-endpoints-check { ip daddr . meta l4proto . th dport vmap @no-endpoint-services; }\n"
	" chain firewall-check { ip daddr . meta l4proto . th dport vmap @firewall-ips; }\n"
	" chain services { ip daddr . meta l4proto . th dport vmap @service-ips;\n"
	"  ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports; }\n"
	" chain filter-prerouting-pre-dnat { type filter hook prerouting priority -110; ct state new jump "
	"firewall-check; }\n"
	" chain filter-output-pre-dnat { type filter hook output priority -110; ct state new jump firewall-check; }\n"
	" chain filter-input { type filter hook input priority 0; ct state new jump nodeport-endpoints-check;\n"
	"  ct state new jump service-endpoints-check; }\n"
	" chain filter-forward { type filter hook forward priority 0; ct state new jump service-endpoints-check;\n"
	"  ct state new jump cluster-ips-check; }\n"
	" chain filter-output { type filter hook output priority 0; ct state new jump service-endpoints-check;\n"
	"  ct state new jump cluster-ips-check; }\n"
	" chain nat-prerouting { type nat hook prerouting priority -100; jump services; }\n"
	" chain nat-output { type nat hook output priority -100; jump services; }\n"
	" chain nat-postrouting { type nat hook postrouting priority 100; jump masquerading; }\n"
	"}\n";

static void add_endpoint(struct kl_buf *to, unsigned service, unsigned endpoint)
{
	kl_buf_str_push(to, "add chain ip kube-proxy ");
	endpoint_name(to, service, endpoint);
	kl_buf_str_push(to, "\nadd rule ip kube-proxy ");
	endpoint_name(to, service, endpoint);
	kl_buf_str_push(to, " ip saddr ");
	dotted(to, kl_bench_endpoint_ip(service, endpoint));
	kl_buf_str_push(to, " jump mark-for-masquerade\nadd rule ip kube-proxy ");
	endpoint_name(to, service, endpoint);
	kl_buf_str_push(to, " meta l4proto tcp dnat to ");
	dotted(to, kl_bench_endpoint_ip(service, endpoint));
	kl_buf_printf(to, ":%d\n", KL_BENCH_TARGET_PORT);
}

/* `fresh` stands in for `gone`. */
static void add_choice(struct kl_buf *to, unsigned service, unsigned endpoints, unsigned gone, unsigned fresh)
{
	kl_buf_str_push(to, "add rule ip kube-proxy service-");
	service_name(to, service);
	kl_buf_printf(to, " numgen random mod %u vmap {", endpoints);
	for (unsigned i = 0; i < endpoints; i++) {
		kl_buf_printf(to, "%s %u : goto ", i ? "," : "", i);
		endpoint_name(to, service, i == gone ? fresh : i);
	}
	kl_buf_str_push(to, " }\n");
}

static void add_cluster_rule(struct kl_buf *to, unsigned service)
{
	kl_buf_str_push(to, "add rule ip kube-proxy service-");
	service_name(to, service);
	kl_buf_str_push(to, " ip daddr ");
	dotted(to, kl_bench_cluster_ip(service));
	kl_buf_str_push(to, " tcp dport 80 ip saddr != 10.128.0.0/9 jump mark-for-masquerade\n");
}

static void add_service(struct kl_buf *to, unsigned service, unsigned endpoints)
{
	kl_buf_str_push(to, "add element ip kube-proxy cluster-ips { ");
	dotted(to, kl_bench_cluster_ip(service));
	kl_buf_str_push(to, " }\nadd chain ip kube-proxy service-");
	service_name(to, service);
	kl_buf_str_push(to, "\nadd chain ip kube-proxy external-");
	service_name(to, service);
	kl_buf_str_push(to, "\n");
	for (unsigned i = 0; i < endpoints; i++)
		add_endpoint(to, service, i);
	add_cluster_rule(to, service);
	add_choice(to, service, endpoints, endpoints, 0);
	kl_buf_str_push(to, "add rule ip kube-proxy external-");
	service_name(to, service);
	kl_buf_str_push(to, " jump mark-for-masquerade\nadd rule ip kube-proxy external-");
	service_name(to, service);
	kl_buf_str_push(to, " goto service-");
	service_name(to, service);
	kl_buf_str_push(to, "\nadd element ip kube-proxy service-ips { ");
	dotted(to, kl_bench_cluster_ip(service));
	kl_buf_str_push(to, " . tcp . 80 : goto service-");
	service_name(to, service);
	kl_buf_str_push(to, " }\n");
	if (KL_BENCH_FIRST_NODE_PORT + service > 32767)
		return;
	kl_buf_printf(to, "add element ip kube-proxy service-nodeports { tcp . %u : goto external-",
		KL_BENCH_FIRST_NODE_PORT + service);
	service_name(to, service);
	kl_buf_str_push(to, " }\n");
}

void kl_bench_nft_ruleset(struct kl_buf *to, unsigned services, unsigned endpoints)
{
	kl_buf_str_push(to, base_table);
	for (unsigned service = 0; service < services; service++)
		add_service(to, service, endpoints);
}

void kl_bench_nft_change(struct kl_buf *to, unsigned service, unsigned endpoints, unsigned gone, unsigned fresh)
{
	add_endpoint(to, service, fresh);
	kl_buf_str_push(to, "flush chain ip kube-proxy service-");
	service_name(to, service);
	kl_buf_str_push(to, "\n");
	add_cluster_rule(to, service);
	add_choice(to, service, endpoints, gone, fresh);
	kl_buf_str_push(to, "flush chain ip kube-proxy ");
	endpoint_name(to, service, gone);
	kl_buf_str_push(to, "\ndelete chain ip kube-proxy ");
	endpoint_name(to, service, gone);
	kl_buf_str_push(to, "\n");
}

int kl_bench_nft_apply(const struct kl_buf *rules, struct kl_err *err)
{
	static const char *const argv[] = {"nft", "-f", "-", NULL};
	struct kl_proc_result result = {0};
	int failed = kl_proc_run(argv, kl_buf_str(rules), 120000, &result, err);
	if (!failed && result.exit_code)
		failed = kl_fail_msg(err, EINVAL, "nft: %.200s", kl_buf_str(&result.err_out));
	kl_proc_result_release(&result);
	return failed;
}
