/* From API objects to services: a table of objects as text, and what becomes of them as text. */
#include "compile.h"
#include "mem.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

struct compile_case {
	const char *what, *service, *slices, *want;
};

#define META "\"metadata\":{\"namespace\":\"ns\",\"name\":\"web\"}"
static const struct compile_case cases[] = {
	{"ClusterIP",
		"{" META ",\"spec\":{\"clusterIP\":\"10.0.0.9\",\"clusterIPs\":[\"10.0.0.9\"],\"ports\":[{\"port\":80,"
			 "\"targetPort\":8080}]}}",
		"[{\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"\",\"port\":8080,\"protocol\":\"TCP\"}],"
		"\"endpoints\":["
		"{\"addresses\":[\"10.1.0.2\"],\"nodeName\":\"n2\"},{\"addresses\":[\"10.1.0.1\"],\"nodeName\":\"n1\","
		"\"conditions\":{\"ready\":false,\"serving\":true,\"terminating\":true}}]}]",
		"ns/web:80 6 a0 f0 [10.0.0.9:80 t0] (10.1.0.1:8080 st @n1) (10.1.0.2:8080 rs @n2)"},
	{"headless", "{" META ",\"spec\":{\"clusterIP\":\"None\",\"clusterIPs\":[\"None\"],\"ports\":[{\"port\":80}]}}",
		"[]", ""},
	{"ExternalName", "{" META ",\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"x\"}}", "[]", ""},
	{"NodePort, named port, policies, affinity, algorithm",
		"{\"metadata\":{\"namespace\":\"ns\",\"name\":\"web\",\"annotations\":{\"keelson.dev/"
		"load-balancing\":\"maglev\"}},"
		"\"spec\":{\"type\":\"NodePort\",\"clusterIP\":\"10.0.0.9\",\"externalTrafficPolicy\":\"Local\","
		"\"sessionAffinity\":\"ClientIP\","
		"\"sessionAffinityConfig\":{\"clientIP\":{\"timeoutSeconds\":60}},"
		"\"ports\":[{\"name\":\"http\",\"port\":80,\"nodePort\":30080,\"targetPort\":\"www\"}]}}",
		"[{\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"other\",\"port\":1}],\"endpoints\":[{\"addresses\":["
		"\"10.1.0.9\"]}]},"
		"{\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"http\",\"port\":8080}],\"endpoints\":[{\"addresses\":"
		"[\"10.1.0.2\"],\"nodeName\":\"n2\"}]}]",
		"ns/web:http 6 a2 f13 60s [10.0.0.9:80 t0] [0.0.0.0:30080 t1] (10.1.0.2:8080 rs @n2)"},
	{"two ports, UDP too",
		"{" META ",\"spec\":{\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"name\":\"a\",\"port\":53,\"protocol\":"
			 "\"UDP\"},{\"name\":\"b\",\"port\":53}]}}",
		"[{\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"a\",\"port\":5353,\"protocol\":\"UDP\"},{\"name\":"
		"\"b\",\"port\":5354}],\"endpoints\":[{\"addresses\":[\"10.1.0.2\"]}]}]",
		"ns/web:a/UDP 17 a0 f0 [10.0.0.9:53 t0] (10.1.0.2:5353 rs @); ns/web:b 6 a0 f0 [10.0.0.9:53 t0] "
		"(10.1.0.2:5354 rs @)"},
	{"dual stack, each family its own",
		"{" META ",\"spec\":{\"clusterIPs\":[\"10.0.0.9\",\"fd00::9\"],\"clusterIP\":\"10.0.0.9\",\"ports\":[{"
			 "\"port\":80,\"nodePort\":30001}]}}",
		"[{\"addressType\":\"IPv6\",\"ports\":[{\"port\":80}],\"endpoints\":[{\"addresses\":[\"fd01::1\"]}]},"
		"{\"addressType\":\"IPv4\",\"ports\":[{\"port\":80}],\"endpoints\":[{\"addresses\":[\"10.1.0.1\"]}]}]",
		"ns/web:80 6 a0 f0 [10.0.0.9:80 t0] [0.0.0.0:30001 t1] (10.1.0.1:80 rs @); "
		"ns/web:80/IPv6 6 a0 f0 [fd00::9:80 t0] [:::30001 t1] (fd01::1:80 rs @)"},
	{"external and load balancer addresses",
		"{" META ",\"spec\":{\"type\":\"LoadBalancer\",\"clusterIP\":\"10.0.0.9\",\"externalIPs\":[\"1.2.3.4\","
			 "\"fd::1\"],\"ports\":[{\"port\":80}]},"
		"\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"5.6.7.8\"},{\"hostname\":\"x\"}]}}}",
		"[]", "ns/web:80 6 a0 f0 [10.0.0.9:80 t0] [1.2.3.4:80 t2] [5.6.7.8:80 t3]"},
	{"a balancer's address of a type that was, and one that somebody else answers at",
		"{" META ",\"spec\":{\"type\":\"ClusterIP\",\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"port\":80}],"
			 "\"loadBalancerSourceRanges\":[\"1.0.0.0/8\"]},"
		"\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"5.6.7.8\"},{\"ip\":\"5.6.7.9\",\"ipMode\":"
		"\"Proxy\"}]}}}",
		"[]", "ns/web:80 6 a0 f0 [10.0.0.9:80 t0]"},
	{"source ranges of its family",
		"{" META ",\"spec\":{\"type\":\"LoadBalancer\",\"clusterIP\":\"10.0.0.9\",\"clusterIPs\":[\"10.0.0.9\","
			 "\"fd00::9\"],\"ports\":[{\"port\":80}],"
		"\"loadBalancerSourceRanges\":[\"10.1.2.3/8\",\"1.2.3.4/32\",\"fd00:1::/32\",\"x\"]}}",
		"[]",
		"ns/web:80 6 a0 f0 [10.0.0.9:80 t0] <1.2.3.4/128> <10.0.0.0/104>; ns/web:80/IPv6 6 a0 f0 [fd00::9:80 "
		"t0] <fd00:1::/32>"},
	{"source ranges of the other family let nobody in",
		"{" META ",\"spec\":{\"type\":\"LoadBalancer\",\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"port\":80}],"
		"\"loadBalancerSourceRanges\":[\"fd00:1::/32\"]}}",
		"[]", "ns/web:80 6 a0 f0 [10.0.0.9:80 t0] <0.0.0.0/128>"},
	{"wishes: forwarding, slow start, weights, hints",
		"{\"metadata\":{\"namespace\":\"ns\",\"name\":\"web\",\"annotations\":{\"keelson.dev/"
		"load-balancing\":\"least-connection\","
		"\"keelson.dev/forwarding\":\"dsr-geneve\",\"keelson.dev/slow-start\":\"1m30s\"}},"
		"\"spec\":{\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"port\":80}]}}",
		"[{\"metadata\":{\"annotations\":{\"keelson.dev/"
		"weights\":\"10.1.0.10=9,10.1.0.1=3,10.1.0.2=junk\"}},\"addressType\":\"IPv4\",\"ports\":[{\"port\":80}"
		"],"
		"\"endpoints\":[{\"addresses\":[\"10.1.0.1\"],\"hints\":{\"forZones\":[{\"name\":\"a\"},{\"name\":"
		"\"b\"}],\"forNodes\":[{\"name\":\"n1\"}]}},"
		"{\"addresses\":[\"10.1.0.2\"]}]}]",
		"ns/web:80 6 a3 f24 d2 90000ms [10.0.0.9:80 t0] (10.1.0.1:80 rs @ w3 za,b nn1) (10.1.0.2:80 rs @)"},
	{"wishes that mean nothing",
		"{\"metadata\":{\"namespace\":\"ns\",\"name\":\"web\",\"annotations\":{\"keelson.dev/"
		"load-balancing\":\"fastest\","
		"\"keelson.dev/forwarding\":\"\",\"keelson.dev/slow-start\":\"soon\"}},"
		"\"spec\":{\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"port\":80}]}}",
		"[]", "ns/web:80 6 a0 f0 [10.0.0.9:80 t0]"},
	{"SCTP: only where the port need not change",
		"{" META ",\"spec\":{\"type\":\"NodePort\",\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"port\":80,"
			 "\"nodePort\":30080,\"protocol\":\"SCTP\"}]}}",
		"[{\"addressType\":\"IPv4\",\"ports\":[{\"port\":80,\"protocol\":\"SCTP\"}],\"endpoints\":[{"
		"\"addresses\":[\"10.1.0.1\"]}]},"
		"{\"addressType\":\"IPv4\",\"ports\":[{\"port\":81,\"protocol\":\"SCTP\"}],\"endpoints\":[{"
		"\"addresses\":[\"10.1.0.2\"],\"nodeName\":\"n\"}]}]",
		"ns/web:80/SCTP 132 a0 f0 [10.0.0.9:80 t0] (10.1.0.1:80 rs @)"},
	{"the same endpoint in two slices",
		"{" META ",\"spec\":{\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"port\":80}]}}",
		"[{\"addressType\":\"IPv4\",\"ports\":[{\"port\":80}],\"endpoints\":[{\"addresses\":[\"10.1.0.1\"]}]},"
		"{\"addressType\":\"IPv4\",\"ports\":[{\"port\":80}],\"endpoints\":[{\"addresses\":[\"10.1.0.1\"]},{"
		"\"addresses\":[\"junk\"]},{}]}]",
		"ns/web:80 6 a0 f0 [10.0.0.9:80 t0] (10.1.0.1:80 rs @)"},
	{"junk", "{" META ",\"spec\":{\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"port\":99999},{\"port\":\"x\"},7]}}",
		"[7,{}]", "ns/web:99999 6 a0 f0; ns/web:0 6 a0 f0; ns/web:0 6 a0 f0"},
};

static void print(const struct kl_service *service, struct kl_buf *out)
{
	char addr[KL_ADDR_TEXT];
	kl_buf_printf(out, "%s%s %u a%u f%u", out->len ? "; " : "", service->key, service->proto, service->algorithm,
		service->flags);
	if (service->affinity_s)
		kl_buf_printf(out, " %us", service->affinity_s);
	if (service->forward)
		kl_buf_printf(out, " d%u", service->forward);
	if (service->slow_start_ms)
		kl_buf_printf(out, " %ums", service->slow_start_ms);
	for (size_t i = 0; i < service->frontend_count; i++) {
		kl_addr_format(&service->frontends[i].addr, addr);
		kl_buf_printf(out, " [%s:%u t%u]", addr, service->frontends[i].port, service->frontends[i].type);
	}
	for (size_t i = 0; i < service->backend_count; i++) {
		const struct kl_backend *backend = &service->backends[i];
		kl_addr_format(&backend->addr, addr);
		kl_buf_printf(out, " (%s:%u %s%s%s @%s", addr, backend->port,
			backend->flags & KL_BACKEND_READY ? "r" : "", backend->flags & KL_BACKEND_SERVING ? "s" : "",
			backend->flags & KL_BACKEND_TERMINATING ? "t" : "", backend->node);
		if (backend->weight)
			kl_buf_printf(out, " w%u", backend->weight);
		if (backend->zone_hints)
			kl_buf_printf(out, " z%s", backend->zone_hints);
		if (backend->node_hints)
			kl_buf_printf(out, " n%s", backend->node_hints);
		kl_buf_printf(out, ")");
	}
	for (size_t i = 0; i < service->range_count; i++) {
		kl_addr_format(&service->ranges[i].addr, addr);
		kl_buf_printf(out, " <%s/%u>", addr, service->ranges[i].len);
	}
}

KL_TEST(objects_become_services)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_err err = {0};
		kl_autojson *service = kl_json_parse(cases[i].service, strlen(cases[i].service), &err);
		kl_autojson *slices = kl_json_parse(cases[i].slices, strlen(cases[i].slices), &err);
		const json_t *list[8];
		struct kl_service **got;
		size_t count;
		kl_autobuf text = {0};
		if (!KL_CHECK(service && slices)) {
			kl_test_failed(__FILE__, __LINE__, "case: %s: %s", cases[i].what, err.text);
			continue;
		}
		for (size_t k = 0; k < json_array_size(slices); k++)
			list[k] = json_array_get(slices, k);
		kl_compile_service(service, list, json_array_size(slices), &got, &count);
		for (size_t k = 0; k < count; k++) {
			print(got[k], &text);
			kl_service_free(got[k]);
		}
		free(got);
		if (!KL_CHECK_STR(kl_buf_str(&text), cases[i].want))
			kl_test_failed(__FILE__, __LINE__, "case: %s", cases[i].what);
	}
}

KL_MAIN()
