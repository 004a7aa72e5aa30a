/* Where the API server's proxies send a request, and in which words they refuse: a table over a fake lookup. */
#include "proxy_route.h"
#include "testlib.h"
#include "url.h"

#include <string.h>

static const char OBJECTS[] =
	"{\"Node\": {\"n1\": {\"status\": {\"addresses\": [{\"type\":\"Hostname\",\"address\":\"n1\"},"
	"  {\"type\":\"InternalIP\",\"address\":\"10.0.0.1\"}], \"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":10250}}}},"
	"  \"n2\": {\"status\": {\"addresses\": [{\"type\":\"InternalIP\",\"address\":\"fd00::2\"}]}}, \"n3\": {}},"
	" \"Pod\": {\"one\": {\"spec\": {\"nodeName\":\"n1\", \"containers\": [{\"name\":\"c\",\"ports\":[{\"containerPort\":8080,\"name\":\"web\"}]}]},"
	"    \"status\": {\"podIP\":\"10.1.0.5\"}},"
	"  \"two\": {\"spec\": {\"nodeName\":\"n2\", \"containers\": [{\"name\":\"a\"},{\"name\":\"b\"}], \"initContainers\": [{\"name\":\"i\"}]}},"
	"  \"three\": {\"metadata\": {\"annotations\": {\"kubectl.kubernetes.io/default-container\":\"b\"}},"
	"    \"spec\": {\"nodeName\":\"n1\", \"containers\": [{\"name\":\"a\"},{\"name\":\"b\"}]}},"
	"  \"lost\": {\"spec\": {\"containers\": [{\"name\":\"c\"}]}},"
	"  \"gone\": {\"spec\": {\"nodeName\":\"nowhere\", \"containers\": [{\"name\":\"c\"}]}}},"
	" \"Service\": {\"web\": {\"spec\": {\"ports\": [{\"port\":80,\"targetPort\":8080}]}},"
	"  \"many\": {\"spec\": {\"ports\": [{\"port\":80,\"name\":\"http\"},{\"port\":443,\"name\":\"tls\"}]}},"
	"  \"empty\": {\"spec\": {\"ports\": [{\"port\":80}]}}},"
	" \"slices\": {\"web\": [{\"ports\":[{\"port\":8080}],\"endpoints\":["
	"     {\"addresses\":[\"10.1.0.9\"],\"conditions\":{\"ready\":false}},{\"addresses\":[\"10.1.0.5\"],\"conditions\":{\"ready\":true}}]}],"
	"  \"many\": [{\"ports\":[{\"name\":\"http\",\"port\":8080},{\"name\":\"tls\",\"port\":8443}],\"endpoints\":[{\"addresses\":[\"fd00::5\"]}]}],"
	"  \"empty\": []}}";

static json_t *objects;

static json_t *lookup_get(const char *kind, const char *ns, const char *name, void *arg)
{
	(void)arg;
	bool right = !strcmp(kind, "Node") ? !*ns : !strcmp(ns, "default");
	return right ? json_incref(kl_json_get(objects, kind, name, NULL)) : NULL;
}

static json_t *lookup_slices(const char *ns, const char *service, void *arg)
{
	(void)ns;
	(void)arg;
	return json_incref(kl_json_get(objects, "slices", service, NULL));
}

#define PODS "/api/v1/namespaces/default/pods/"
#define SERVICES "/api/v1/namespaces/default/services/"

static const struct {
	const char *resource, *name, *subresource, *path, *query;
	bool upgrade;
	const char *want; /* "peer host port target", or "code message" */
} CASES[] = {
	/* logs */
	{"pods", "one", "log", PODS "one/log", "", false, "0 10.0.0.1 10250 /containerLogs/default/one/c"},
	{"pods", "one", "log", PODS "one/log", "container=c&follow=true&tailLines=5&pretty=1", false,
		"0 10.0.0.1 10250 /containerLogs/default/one/c?follow=true&tailLines=5"},
	{"pods", "two", "log", PODS "two/log", "", false,
		"400 a container name must be specified for pod two, choose one of: [a b] or one of the init containers: [i]"},
	{"pods", "two", "log", PODS "two/log", "container=i", false, "0 fd00::2 10250 /containerLogs/default/two/i"},
	{"pods", "two", "log", PODS "two/log", "container=z", false, "400 container z is not valid for pod two"},
	{"pods", "three", "log", PODS "three/log", "", false, "0 10.0.0.1 10250 /containerLogs/default/three/b"},
	{"pods", "lost", "log", PODS "lost/log", "", false, "empty"},
	{"pods", "none", "log", PODS "none/log", "", false, "404 pods \"none\" not found"},
	{"pods", "gone", "log", PODS "gone/log", "", false, "404 nodes \"nowhere\" not found"},
	/* exec, attach, port-forward */
	{"pods", "one", "exec", PODS "one/exec", "command=sh&command=-c&command=a+%26b&stdin=true&stdout=1&tty=true&container=c", true,
		"0 10.0.0.1 10250 /exec/default/one/c?command=sh&command=-c&command=a%20%26b&input=true&output=1&tty=true"},
	{"pods", "one", "exec", PODS "one/exec", "command=sh", true, "400 you must specify at least 1 of stdin, stdout, stderr"},
	{"pods", "one", "exec", PODS "one/exec", "stdout=true", true, "400 you must specify at least 1 command"},
	{"pods", "one", "exec", PODS "one/exec", "command=sh&stdout=true", false, "400 Upgrade request required"},
	{"pods", "lost", "exec", PODS "lost/exec", "command=sh&stdout=true", true, "400 pod lost does not have a host assigned"},
	{"pods", "one", "attach", PODS "one/attach", "stdout=true&stderr=true", true,
		"0 10.0.0.1 10250 /attach/default/one/c?output=true&error=true"},
	{"pods", "one", "portforward", PODS "one/portforward", "", true, "0 10.0.0.1 10250 /portForward/default/one"},
	{"pods", "one", "portforward", PODS "one/portforward", "ports=80,443&x=1", true,
		"0 10.0.0.1 10250 /portForward/default/one?port=80%2C443"},
	/* pods/proxy */
	{"pods", "one", "proxy", PODS "one/proxy/a/b%20c", "x=1&y", false, "2 10.1.0.5 8080 /a/b%20c?x=1&y"},
	{"pods", "one:81", "proxy", PODS "one:81/proxy/", "", false, "2 10.1.0.5 81 /"},
	{"pods", "https:one:web", "proxy", PODS "https:one:web/proxy/", "", false, "1 10.1.0.5 8080 /"},
	{"pods", "one:nope", "proxy", PODS "one:nope/proxy/", "", false, "400 invalid pod request \"one:nope\""},
	{"pods", "lost", "proxy", PODS "lost/proxy/", "", false, "400 address not allowed"},
	{"pods", "ftp:one:1", "proxy", PODS "ftp:one:1/proxy/", "", false, "400 invalid name \"ftp:one:1\""},
	{"pods", "one", "proxy", PODS "one/proxy", "q=1", false, "redirect " PODS "one/proxy/?q=1"},
	/* services/proxy */
	{"services", "web", "proxy", SERVICES "web/proxy/x", "", false, "2 10.1.0.5 8080 /x"},
	{"services", "http:web:80", "proxy", SERVICES "http:web:80/proxy/", "", false, "2 10.1.0.5 8080 /"},
	{"services", "many:tls", "proxy", SERVICES "many:tls/proxy/", "", false, "2 fd00::5 8443 /"},
	{"services", "https:many:443", "proxy", SERVICES "https:many:443/proxy/", "", false, "1 fd00::5 8443 /"},
	{"services", "many", "proxy", SERVICES "many/proxy/", "", false, "503 no endpoints available for service \"many\""},
	{"services", "web:81", "proxy", SERVICES "web:81/proxy/", "", false, "503 no service port 81 found for service \"web\""},
	{"services", "empty", "proxy", SERVICES "empty/proxy/", "", false, "503 no endpoints available for service \"empty\""},
	{"services", "none", "proxy", SERVICES "none/proxy/", "", false, "404 services \"none\" not found"},
	/* nodes/proxy */
	{"nodes", "n1", "proxy", "/api/v1/nodes/n1/proxy/pods", "", false, "0 10.0.0.1 10250 /pods"},
	{"nodes", "n1:10250", "proxy", "/api/v1/nodes/n1:10250/proxy/", "", false, "0 10.0.0.1 10250 /"},
	{"nodes", "n1:9100", "proxy", "/api/v1/nodes/n1:9100/proxy/metrics", "", false, "2 10.0.0.1 9100 /metrics"},
	{"nodes", "n3", "proxy", "/api/v1/nodes/n3/proxy/", "", false, "503 node \"n3\" has no address"},
};

static void describe(const struct kl_proxy_route *route, struct kl_buf *out)
{
	if (route->empty)
		kl_buf_str_push(out, "empty");
	else if (route->redirect)
		kl_buf_printf(out, "redirect %s", route->redirect);
	else
		kl_buf_printf(out, "%d %s %d %s", route->peer, route->host, route->port, route->target);
}

KL_TEST(routes_and_refusals)
{
	struct kl_proxy_lookup lookup = {lookup_get, lookup_slices, NULL};
	struct kl_err err = {0};
	objects = kl_json_parse(OBJECTS, sizeof(OBJECTS) - 1, &err);
	if (!KL_CHECK(objects))
		kl_test_failed(__FILE__, __LINE__, "%s", kl_err_text(&err));
	for (size_t i = 0; i < KL_ARRAY_LEN(CASES); i++) {
		bool node = !strcmp(CASES[i].resource, "nodes");
		struct kl_proxy_target target = {CASES[i].resource, node ? "" : "default", CASES[i].name, CASES[i].subresource};
		kl_autofree char *text = kl_asprintf("/x?%s", CASES[i].query);
		struct kl_url url;
		KL_CHECK_INT(kl_url_parse(text, &url), 0);
		struct kl_proxy_ask ask = {"GET", CASES[i].path, CASES[i].query, url.params, url.param_count, CASES[i].upgrade};
		struct kl_proxy_route route;
		kl_cleanup(kl_status_release) struct kl_status st = {0};
		kl_autobuf got = {0};
		if (kl_proxy_route(&lookup, &target, &ask, &route, &st) == 0)
			describe(&route, &got);
		else
			kl_buf_printf(&got, "%d %s", st.code, st.message);
		KL_CHECK_STR(kl_buf_str(&got), CASES[i].want);
		kl_proxy_route_release(&route);
		kl_url_release(&url);
	}
	json_decref(objects);
}

KL_TEST(what_is_served)
{
	KL_CHECK(kl_proxy_serves("pods", "exec"));
	KL_CHECK(kl_proxy_serves("services", "proxy"));
	KL_CHECK(!kl_proxy_serves("services", "exec"));
	KL_CHECK(!kl_proxy_serves("pods", "status"));
	KL_CHECK(!kl_proxy_serves("secrets", "proxy"));
}

KL_MAIN()
