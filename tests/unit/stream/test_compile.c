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
	{"ClusterIP", "{" META ",\"spec\":{\"clusterIP\":\"10.0.0.9\",\"clusterIPs\":[\"10.0.0.9\"],\"ports\":[{\"port\":80,\"targetPort\":8080}]}}",
		"[{\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"\",\"port\":8080,\"protocol\":\"TCP\"}],\"endpoints\":["
		"{\"addresses\":[\"10.1.0.2\"],\"nodeName\":\"n2\"},{\"addresses\":[\"10.1.0.1\"],\"nodeName\":\"n1\",\"conditions\":{\"ready\":false,\"serving\":true,\"terminating\":true}}]}]",
		"ns/web:80 6 a0 f0 [10.0.0.9:80 t0] (10.1.0.1:8080 st @n1) (10.1.0.2:8080 rs @n2)"},
	{"headless", "{" META ",\"spec\":{\"clusterIP\":\"None\",\"clusterIPs\":[\"None\"],\"ports\":[{\"port\":80}]}}", "[]", ""},
	{"ExternalName", "{" META ",\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"x\"}}", "[]", ""},
	{"NodePort, named port, policies, affinity, algorithm",
		"{\"metadata\":{\"namespace\":\"ns\",\"name\":\"web\",\"annotations\":{\"keelson.dev/load-balancing\":\"maglev\"}},"
		"\"spec\":{\"type\":\"NodePort\",\"clusterIP\":\"10.0.0.9\",\"externalTrafficPolicy\":\"Local\",\"sessionAffinity\":\"ClientIP\","
		"\"sessionAffinityConfig\":{\"clientIP\":{\"timeoutSeconds\":60}},"
		"\"ports\":[{\"name\":\"http\",\"port\":80,\"nodePort\":30080,\"targetPort\":\"www\"}]}}",
		"[{\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"other\",\"port\":1}],\"endpoints\":[{\"addresses\":[\"10.1.0.9\"]}]},"
		"{\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"http\",\"port\":8080}],\"endpoints\":[{\"addresses\":[\"10.1.0.2\"],\"nodeName\":\"n2\"}]}]",
		"ns/web:http 6 a2 f5 60s [10.0.0.9:80 t0] [0.0.0.0:30080 t1] (10.1.0.2:8080 rs @n2)"},
	{"two ports, UDP too", "{" META ",\"spec\":{\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"name\":\"a\",\"port\":53,\"protocol\":\"UDP\"},{\"name\":\"b\",\"port\":53}]}}",
		"[{\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"a\",\"port\":5353,\"protocol\":\"UDP\"},{\"name\":\"b\",\"port\":5354}],\"endpoints\":[{\"addresses\":[\"10.1.0.2\"]}]}]",
		"ns/web:a/UDP 17 a0 f0 [10.0.0.9:53 t0] (10.1.0.2:5353 rs @); ns/web:b 6 a0 f0 [10.0.0.9:53 t0] (10.1.0.2:5354 rs @)"},
	{"dual stack, each family its own", "{" META ",\"spec\":{\"clusterIPs\":[\"10.0.0.9\",\"fd00::9\"],\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"port\":80,\"nodePort\":30001}]}}",
		"[{\"addressType\":\"IPv6\",\"ports\":[{\"port\":80}],\"endpoints\":[{\"addresses\":[\"fd01::1\"]}]},"
		"{\"addressType\":\"IPv4\",\"ports\":[{\"port\":80}],\"endpoints\":[{\"addresses\":[\"10.1.0.1\"]}]}]",
		"ns/web:80 6 a0 f0 [10.0.0.9:80 t0] [0.0.0.0:30001 t1] (10.1.0.1:80 rs @); "
		"ns/web:80/IPv6 6 a0 f0 [fd00::9:80 t0] [:::30001 t1] (fd01::1:80 rs @)"},
	{"external and load balancer addresses",
		"{" META ",\"spec\":{\"clusterIP\":\"10.0.0.9\",\"externalIPs\":[\"1.2.3.4\",\"fd::1\"],\"ports\":[{\"port\":80}]},"
		"\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"5.6.7.8\"},{\"hostname\":\"x\"}]}}}", "[]",
		"ns/web:80 6 a0 f0 [10.0.0.9:80 t0] [1.2.3.4:80 t2] [5.6.7.8:80 t3]"},
	{"the same endpoint in two slices", "{" META ",\"spec\":{\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"port\":80}]}}",
		"[{\"addressType\":\"IPv4\",\"ports\":[{\"port\":80}],\"endpoints\":[{\"addresses\":[\"10.1.0.1\"]}]},"
		"{\"addressType\":\"IPv4\",\"ports\":[{\"port\":80}],\"endpoints\":[{\"addresses\":[\"10.1.0.1\"]},{\"addresses\":[\"junk\"]},{}]}]",
		"ns/web:80 6 a0 f0 [10.0.0.9:80 t0] (10.1.0.1:80 rs @)"},
	{"junk", "{" META ",\"spec\":{\"clusterIP\":\"10.0.0.9\",\"ports\":[{\"port\":99999},{\"port\":\"x\"},7]}}", "[7,{}]",
		"ns/web:99999 6 a0 f0; ns/web:0 6 a0 f0; ns/web:0 6 a0 f0"},
};

static void print(const struct kl_service *service, struct kl_buf *out)
{
	char addr[KL_ADDR_TEXT];
	kl_buf_printf(out, "%s%s %u a%u f%u", out->len ? "; " : "", service->key, service->proto, service->algorithm, service->flags);
	if (service->affinity_s)
		kl_buf_printf(out, " %us", service->affinity_s);
	for (size_t i = 0; i < service->frontend_count; i++) {
		kl_addr_format(&service->frontends[i].addr, addr);
		kl_buf_printf(out, " [%s:%u t%u]", addr, service->frontends[i].port, service->frontends[i].type);
	}
	for (size_t i = 0; i < service->backend_count; i++) {
		const struct kl_backend *backend = &service->backends[i];
		kl_addr_format(&backend->addr, addr);
		kl_buf_printf(out, " (%s:%u %s%s%s @%s)", addr, backend->port, backend->flags & KL_BACKEND_READY ? "r" : "",
			backend->flags & KL_BACKEND_SERVING ? "s" : "", backend->flags & KL_BACKEND_TERMINATING ? "t" : "", backend->node);
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
