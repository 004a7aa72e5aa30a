/*
 * What arrives at the agent's CNI socket.
 */
#include "proto.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kl_cni_ask ask = {0};
	struct kl_cni_failure failure = {0};
	if (kl_cni_ask_parse((const char *)data, size, &ask, &failure)) {
		kl_autojson *json = kl_cni_failure_json(&failure, NULL);
		if (!failure.code || !json)
			abort();
		return 0;
	}
	/* These become a file's name and a link's: nothing that leads elsewhere may get through. */
	for (const char *at = ask.container_id; *at; at++)
		if (*at == '/')
			abort();
	if (ask.container_id[0] == '.' || !ask.ifname[0])
		abort();
	kl_cni_ask_release(&ask);
	return 0;
}
