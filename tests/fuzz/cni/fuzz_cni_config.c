/*
 * The network configuration that the plugin reads on stdin, and CNI_ARGS: the first line of the input is the latter.
 * What is accepted must pass through the socket's form unchanged.
 */
#include "proto.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = memchr(data, '\n', size);
	size_t len = line ? (size_t)(line - data) : 0;
	kl_autofree char *args = kl_strndup((const char *)data, len);
	const char *config = (const char *)data + (line ? len + 1 : 0);
	size_t config_len = size - (line ? len + 1 : 0);
	struct kl_cni_env env = {.command = "ADD", .container_id = "c", .netns = "/n", .ifname = "eth0", .args = args};
	struct kl_cni_ask ask = {0}, back = {0};
	struct kl_cni_failure failure = {0};
	if (kl_cni_ask_read(&env, config, config_len, &ask, &failure)) {
		kl_autojson *json = kl_cni_failure_json(&failure, NULL);
		if (!failure.code || !json)
			abort();
		return 0;
	}
	kl_autojson *json = kl_cni_ask_json(&ask);
	kl_autobuf text = {0};
	if (json) { /* NULL: names that are not UTF-8 */
		kl_json_dump(json, &text);
		if (kl_cni_ask_parse(text.data, text.len, &back, &failure) && text.len <= KL_CNI_MAX)
			abort();
		kl_cni_ask_release(&back);
	}
	kl_cni_ask_release(&ask);
	return 0;
}
