/*
 * The plugin's environment and configuration, and what goes through the socket: CNI specification 1.0.0, section 2.
 */
#include "proto.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

#define CONFIG "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"type\":\"keelson-cni\"}"

static const struct kl_cni_env good = {
	.command = "ADD",
	.container_id = "c1",
	.netns = "/run/netns/x",
	.ifname = "eth0",
	.args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-1;K8S_POD_UID=u",
};

static int read_with(
	const struct kl_cni_env *env, const char *config, struct kl_cni_ask *ask, struct kl_cni_failure *failure)
{
	*ask = (struct kl_cni_ask){0};
	*failure = (struct kl_cni_failure){0};
	return kl_cni_ask_read(env, config, strlen(config), ask, failure);
}

KL_TEST(reads_environment_and_configuration)
{
	struct kl_cni_ask ask;
	struct kl_cni_failure failure;
	KL_CHECK_INT(read_with(&good, CONFIG, &ask, &failure), 0);
	KL_CHECK_INT(ask.command, KL_CNI_ADD);
	KL_CHECK_STR(ask.container_id, "c1");
	KL_CHECK_STR(ask.netns, "/run/netns/x");
	KL_CHECK_STR(ask.ifname, "eth0");
	KL_CHECK_STR(ask.pod_namespace, "default");
	KL_CHECK_STR(ask.pod_name, "web-1");
	KL_CHECK_STR(ask.pod_uid, "u");
	KL_CHECK_STR(ask.socket, KL_CNI_SOCKET_DEFAULT);
	kl_cni_ask_release(&ask);
}

KL_TEST(refuses_bad_environments)
{
	static const struct {
		struct kl_cni_env env;
		int code;
	} cases[] = {
		{{NULL, "c1", "/n", "eth0", NULL}, 4},
		{{"add", "c1", "/n", "eth0", NULL}, 4},
		{{"STATUS", "c1", "/n", "eth0", NULL}, 4},
		{{"ADD", NULL, "/n", "eth0", NULL}, 4},
		{{"ADD", "", "/n", "eth0", NULL}, 4},
		{{"ADD", "../etc/x", "/n", "eth0", NULL}, 4},
		{{"ADD", ".hidden", "/n", "eth0", NULL}, 4},
		{{"ADD", "a/b", "/n", "eth0", NULL}, 4},
		{{"ADD", "c1", NULL, "eth0", NULL}, 4},
		{{"ADD", "c1", "relative", "eth0", NULL}, 4},
		{{"CHECK", "c1", "", "eth0", NULL}, 4},
		{{"DEL", "c1", "", "eth0", NULL}, 0}, /* its namespace may be gone */
		{{"DEL", "c1", NULL, "eth0", NULL}, 0},
		{{"ADD", "c1", "/n", NULL, NULL}, 4},
		{{"ADD", "c1", "/n", "a-name-of-sixteen", NULL}, 4},
		{{"ADD", "c1", "/n", "..", NULL}, 4},
		{{"ADD", "c1", "/n", "a b", NULL}, 4},
		{{"ADD", "c1", "/n", "a:b", NULL}, 4},
		{{"ADD", "c1", "/n", "a/b", NULL}, 4},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_cni_ask ask;
		struct kl_cni_failure failure;
		int rc = read_with(&cases[i].env, CONFIG, &ask, &failure);
		if (!KL_CHECK_INT(failure.code, cases[i].code))
			kl_test_failed(__FILE__, __LINE__, "in case %zu", i);
		if (!rc)
			kl_cni_ask_release(&ask);
	}
}

KL_TEST(refuses_bad_configurations)
{
	static const struct {
		const char *config;
		int code;
	} cases[] = {
		{"", 6},
		{"[]", 6},
		{"{", 6},
		{CONFIG "x", 6},
		{"{\"name\":\"net\"}", 1},
		{"{\"cniVersion\":\"0.2.0\",\"name\":\"net\"}", 1},
		{"{\"cniVersion\":\"1.1.0\",\"name\":\"net\"}", 1},
		{"{\"cniVersion\":1,\"name\":\"net\"}", 1},
		{"{\"cniVersion\":\"1.0.0\"}", 7},
		{"{\"cniVersion\":\"1.0.0\",\"name\":\"a/b\"}", 7},
		{"{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"socket\":\"relative\"}", 7},
		{"{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"socket\":\"/0123456789012345678901234567890123456789"
		 "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890\"}",
			7},
		{"{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"prevResult\":[]}", 7},
		{"{\"cniVersion\":\"0.3.1\",\"name\":\"net\"}", 0},
		{"{\"cniVersion\":\"0.4.0\",\"name\":\"net\",\"prevResult\":{\"ips\":[]},\"unknown\":true}", 0},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_cni_ask ask;
		struct kl_cni_failure failure;
		int rc = read_with(&good, cases[i].config, &ask, &failure);
		if (!KL_CHECK_INT(failure.code, cases[i].code))
			kl_test_failed(__FILE__, __LINE__, "in case %zu: %s", i, cases[i].config);
		if (!rc)
			kl_cni_ask_release(&ask);
	}
}

KL_TEST(bandwidth_comes_through)
{
	static const char config[] = "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"runtimeConfig\":{\"bandwidth\":"
				     "{\"ingressRate\":1000,\"ingressBurst\":4294967295,\"egressRate\":2000}}}";
	struct kl_cni_ask sent, got = {0};
	struct kl_cni_failure failure;
	KL_CHECK_INT(read_with(&good, config, &sent, &failure), 0);
	kl_autojson *json = kl_cni_ask_json(&sent);
	kl_autobuf text = {0};
	kl_json_dump(json, &text);
	KL_CHECK_INT(kl_cni_ask_parse(text.data, text.len, &got, &failure), 0);
	KL_CHECK_INT(got.bandwidth.ingress_rate, 1000);
	KL_CHECK_INT(got.bandwidth.ingress_burst, 4294967295);
	KL_CHECK_INT(got.bandwidth.egress_rate, 2000);
	KL_CHECK_INT(got.bandwidth.egress_burst, 0);
	kl_cni_ask_release(&sent);
	kl_cni_ask_release(&got);
}

KL_TEST(refuses_bad_bandwidth)
{
	static const char *const cases[] = {"[]", "1", "{\"ingressRate\":-1}", "{\"egressRate\":\"1M\"}",
		"{\"egressBurst\":1.5}", "{\"ingressBurst\":null}"};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_cni_ask ask;
		struct kl_cni_failure failure;
		kl_autofree char *config = kl_asprintf(
			"{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"runtimeConfig\":{\"bandwidth\":%s}}", cases[i]);
		if (!KL_CHECK(read_with(&good, config, &ask, &failure)) ||
			!KL_CHECK_INT(failure.code, KL_CNI_BAD_CONFIG))
			kl_test_failed(__FILE__, __LINE__, "taken: %s", cases[i]);
	}
}

KL_TEST(what_is_sent_is_received)
{
	struct kl_cni_ask sent, got = {0};
	struct kl_cni_failure failure;
	KL_CHECK_INT(read_with(&good, CONFIG, &sent, &failure), 0);
	kl_autojson *json = kl_cni_ask_json(&sent);
	kl_autobuf text = {0};
	kl_json_dump(json, &text);
	KL_CHECK_INT(kl_cni_ask_parse(text.data, text.len, &got, &failure), 0);
	KL_CHECK_INT(got.command, sent.command);
	KL_CHECK_STR(got.container_id, sent.container_id);
	KL_CHECK_STR(got.pod_name, sent.pod_name);
	KL_CHECK_STR(got.version, sent.version);
	kl_cni_ask_release(&sent);
	kl_cni_ask_release(&got);
}

KL_TEST(failures_are_objects_of_the_specification)
{
	struct kl_cni_failure failure = {0};
	kl_cni_failed(&failure, KL_CNI_TRY_LATER, "later", "because of %s", "\xff");
	kl_autojson *json = kl_cni_failure_json(&failure, "0.4.0");
	KL_CHECK_STR(kl_json_str(json, "cniVersion", NULL), "0.4.0");
	KL_CHECK_INT(kl_json_int(json, 0, "code", NULL), 11);
	KL_CHECK_STR(kl_json_str(json, "msg", NULL), "later");
	kl_autojson *versions = kl_cni_versions_json("9.9.9");
	KL_CHECK_STR(kl_json_str(versions, "cniVersion", NULL), "1.0.0");
	KL_CHECK_INT(json_array_size(kl_json_get(versions, "supportedVersions", NULL)), 4);
}

KL_TEST(the_configuration_list_is_one_that_we_accept)
{
	struct kl_cni_ask ask;
	struct kl_cni_failure failure;
	kl_autofree char *text = kl_cni_conflist("/run/x.sock");
	kl_autojson *list = kl_json_parse(text, strlen(text), NULL);
	json_t *plugin = json_array_get(kl_json_get(list, "plugins", NULL), 0);
	KL_CHECK_STR(kl_json_str(plugin, "type", NULL), "keelson-cni");
	/* A runtime puts the list's name and version into what it gives to each plugin. */
	json_object_set(plugin, "name", kl_json_get(list, "name", NULL));
	json_object_set(plugin, "cniVersion", kl_json_get(list, "cniVersion", NULL));
	kl_autofree char *config = kl_json_text(plugin);
	KL_CHECK_INT(read_with(&good, config, &ask, &failure), 0);
	KL_CHECK_STR(ask.socket, "/run/x.sock");
	kl_cni_ask_release(&ask);
}

KL_MAIN()
