#include "backoff.h"
#include "podenv.h"
#include "podfiles.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

static json_t *parse(const char *text)
{
	struct kl_err err = {0};
	json_t *value = kl_json_parse(text, strlen(text), &err);

	if (!value)
		kl_test_failed(__FILE__, __LINE__, "bad JSON in the test: %s", err.text);
	return value;
}

KL_TEST(expansion)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"$(A)", "1"},
		{"x$(A)y$(B)", "x1y2"},
		{"$(NOPE)", "$(NOPE)"},
		{"$$(A)", "$(A)"},
		{"$$$(A)", "$1"},
		{"$", "$"},
		{"$$", "$"},
		{"$(A", "$(A"},
		{"$(A)$(A)", "11"},
		{"$()", "$()"},
		{"$A", "$A"},
		{"$(EMPTY)", ""},
	};
	kl_cleanup(kl_env_release) struct kl_env env = {0};

	kl_env_set(&env, "A", "1");
	kl_env_set(&env, "B", "2");
	kl_env_set(&env, "EMPTY", "");
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autofree char *text = kl_env_expand(cases[i].text, &env);
		KL_CHECK_STR(text, cases[i].want);
	}
}

KL_TEST(services)
{
	kl_autojson *service =
		parse("{\"metadata\":{\"name\":\"my-svc\"},\"spec\":{\"clusterIP\":\"10.0.0.5\",\"ports\":["
		      "{\"name\":\"web-port\",\"port\":80},{\"port\":53,\"protocol\":\"UDP\"}]}}");
	kl_autojson *headless =
		parse("{\"metadata\":{\"name\":\"h\"},\"spec\":{\"clusterIP\":\"None\",\"ports\":[{\"port\":80}]}}");
	static const struct {
		const char *name, *value;
	} want[] = {
		{"MY_SVC_SERVICE_HOST", "10.0.0.5"},
		{"MY_SVC_SERVICE_PORT", "80"},
		{"MY_SVC_SERVICE_PORT_WEB_PORT", "80"},
		{"MY_SVC_PORT", "tcp://10.0.0.5:80"},
		{"MY_SVC_PORT_80_TCP", "tcp://10.0.0.5:80"},
		{"MY_SVC_PORT_80_TCP_PROTO", "tcp"},
		{"MY_SVC_PORT_80_TCP_PORT", "80"},
		{"MY_SVC_PORT_80_TCP_ADDR", "10.0.0.5"},
		{"MY_SVC_PORT_53_UDP", "udp://10.0.0.5:53"},
	};
	kl_cleanup(kl_env_release) struct kl_env env = {0};

	kl_env_add_service(&env, headless);
	KL_CHECK_INT(env.count, 0);
	kl_env_add_service(&env, service);
	for (size_t i = 0; i < KL_ARRAY_LEN(want); i++)
		KL_CHECK_STR(kl_env_get(&env, want[i].name), want[i].value);
}

static const char pod_text[] =
	"{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"},\"spec\":{\"enableServiceLinks\":false}}";
static const char objects_text[] =
	"{\"services\":[{\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\"},\"spec\":{\"clusterIP\":\"10."
	"0.0.1\","
	"\"ports\":[{\"port\":443,\"name\":\"https\"}]}},{\"metadata\":{\"name\":\"own\",\"namespace\":\"n\"},\"spec\":"
	"{\"clusterIP\":"
	"\"10.0.0.2\",\"ports\":[{\"port\":1}]}}],\"configmaps/c\":{\"data\":{\"k\":\"v\",\"9bad\":\"x\"}},"
	"\"secrets/s\":{\"data\":{\"u\":\"cm9vdA==\"}}}";

KL_TEST(environment)
{
	kl_autojson *pod = parse(pod_text), *objects = parse(objects_text),
		    *image = parse("{\"Env\":[\"PATH=/x\",\"A=image\"]}");
	kl_autojson *container = parse(
		"{\"envFrom\":[{\"configMapRef\":{\"name\":\"c\"}},{\"secretRef\":{\"name\":\"nope\",\"optional\":true}"
		"}],\"env\":["
		"{\"name\":\"A\",\"value\":\"own "
		"$(k)\"},{\"name\":\"B\",\"value\":\"$(A)+$(C)\"},{\"name\":\"C\",\"value\":\"late\"},"
		"{\"name\":\"U\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"u\"}}},"
		"{\"name\":\"O\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"no\",\"optional\":true}}},"
		"{\"name\":\"N\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}},"
		"{\"name\":\"K\",\"value\":\"$(KUBERNETES_SERVICE_HOST)\"},{\"name\":\"KUBERNETES_SERVICE_PORT\","
		"\"value\":\"mine\"}]}");
	const struct kl_env_sources sources = {.pod = pod, .objects = objects, .image_config = image, .hostname = "h"};
	static const struct {
		const char *name, *value;
	} want[] = {{"PATH", "/x"}, {"HOSTNAME", "h"}, {"A", "own v"}, {"B", "own v+$(C)"}, {"C", "late"},
		{"U", "root"}, {"N", "p"}, {"K", "10.0.0.1"}, {"KUBERNETES_SERVICE_PORT", "mine"}, {"k", "v"}};
	kl_cleanup(kl_env_release) struct kl_env env = {0};

	KL_CHECK_INT(kl_env_build(&sources, container, &env, NULL), 0);
	for (size_t i = 0; i < KL_ARRAY_LEN(want); i++)
		KL_CHECK_STR(kl_env_get(&env, want[i].name), want[i].value);
	KL_CHECK(!kl_env_get(&env, "O"));
	KL_CHECK(!kl_env_get(&env, "9bad"));
	KL_CHECK(!kl_env_get(&env, "OWN_SERVICE_HOST")); /* enableServiceLinks: false */
}

KL_TEST(missing_references)
{
	static const struct {
		const char *container, *words;
	} cases[] = {
		{"{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"x\",\"key\":\"k\"}}}]}",
			"configmap \"x\" not found"},
		{"{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"k\"}}}]}",
			"couldn't find key k in Secret n/s"},
		{"{\"envFrom\":[{\"secretRef\":{\"name\":\"x\"}}]}", "secret \"x\" not found"},
	};
	kl_autojson *pod = parse(pod_text), *objects = parse(objects_text);
	const struct kl_env_sources sources = {.pod = pod, .objects = objects, .hostname = "h"};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autojson *container = parse(cases[i].container);
		struct kl_env env = {0};
		struct kl_err err = {0};
		KL_CHECK(kl_env_build(&sources, container, &env, &err) < 0);
		KL_CHECK_STR(err.text, cases[i].words);
	}
}

KL_TEST(command_line)
{
	static const struct {
		const char *container, *want;
	} cases[] = {
		{"{}", "/entry cmd"},
		{"{\"args\":[\"a\"]}", "/entry a"},
		{"{\"command\":[\"c\"]}", "c"},
		{"{\"command\":[\"c\"],\"args\":[\"$(A)\",\"$$(A)\"]}", "c 1 $(A)"},
	};
	kl_autojson *image = parse("{\"Entrypoint\":[\"/entry\"],\"Cmd\":[\"cmd\"]}"), *nothing = json_object();
	kl_cleanup(kl_env_release) struct kl_env env = {0};

	kl_env_set(&env, "A", "1");
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autojson *container = parse(cases[i].container);
		char **argv = kl_env_argv(container, image, &env, NULL);
		kl_autobuf text = {0};
		for (size_t k = 0; argv && argv[k]; k++) {
			kl_buf_printf(&text, "%s%s", k ? " " : "", argv[k]);
			free(argv[k]);
		}
		free(argv);
		KL_CHECK_STR(kl_buf_str(&text), cases[i].want);
	}
	KL_CHECK(!kl_env_argv(nothing, nothing, &env, NULL));
}

KL_TEST(resolv_conf)
{
	static const char host[] = "# c\nnameserver 9.9.9.9\nsearch example.com\noptions timeout:1\n";
	static const char *const servers[] = {"10.96.0.10", NULL};
	static const struct {
		const char *spec;
		bool cluster;
		const char *want;
	} cases[] = {
		{"{}", true,
			"search n.svc.cluster.local svc.cluster.local cluster.local example.com\nnameserver "
			"10.96.0.10\noptions ndots:5\n"},
		{"{}", false, "search example.com\nnameserver 9.9.9.9\noptions timeout:1\n"},
		{"{\"dnsPolicy\":\"Default\"}", true, "search example.com\nnameserver 9.9.9.9\noptions timeout:1\n"},
		{"{\"hostNetwork\":true}", true, "search example.com\nnameserver 9.9.9.9\noptions timeout:1\n"},
		{"{\"dnsPolicy\":\"None\",\"dnsConfig\":{\"nameservers\":[\"1.1.1.1\"],\"searches\":[\"s\"],"
		 "\"options\":[{\"name\":\"ndots\",\"value\":\"2\"}]}}",
			true, "search s\nnameserver 1.1.1.1\noptions ndots:2\n"},
		{"{\"dnsConfig\":{\"options\":[{\"name\":\"ndots\",\"value\":\"1\"},{\"name\":\"rotate\"}]}}", true,
			"search n.svc.cluster.local svc.cluster.local cluster.local example.com\nnameserver "
			"10.96.0.10\noptions ndots:1 rotate\n"},
	};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autojson *spec = parse(cases[i].spec);
		kl_autojson *pod =
			json_pack("{s:{s:s,s:s},s:O}", "metadata", "name", "p", "namespace", "n", "spec", spec);
		const struct kl_podfiles_dns dns = {cases[i].cluster ? servers : NULL, "cluster.local", host};
		kl_autofree char *text = kl_podfiles_resolv(pod, &dns);
		KL_CHECK_STR(text, cases[i].want);
	}
}

KL_TEST(host_names)
{
	kl_autojson *pod =
		parse("{\"metadata\":{\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbb\"},"
		      "\"spec\":{}}");
	kl_autojson *own = parse("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"hostname\":\"web\"}}");
	kl_autofree char *cut = kl_podfiles_hostname(pod, "node"), *named = kl_podfiles_hostname(own, "node");

	KL_CHECK_INT(strlen(cut), 62); /* cut at 63, and no dash at the end */
	KL_CHECK_STR(named, "web");
}

KL_TEST(back_off)
{
	static const int64_t want[] = {10, 20, 40, 80, 160, 300, 300};
	struct kl_backoff b = {0};

	for (size_t i = 0; i < KL_ARRAY_LEN(want); i++)
		KL_CHECK_INT(kl_backoff_next(&b, 0), want[i] * 1000);
	kl_backoff_settle(&b, 599999);
	KL_CHECK_INT(b.delay_ms, 300000);
	kl_backoff_settle(&b, 600000);
	KL_CHECK_INT(kl_backoff_next(&b, 0), 10000);
}

KL_MAIN()
