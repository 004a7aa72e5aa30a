#include "api.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read can be written, and is the same when it is read again: JSON is YAML, too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kl_err err = {0};
	kl_autojson *value = kl_yaml_parse((const char *)data, size, &err);
	if (!value)
		return 0;
	kl_autobuf buf = {0};
	kl_json_dump(value, &buf);
	json_t *again = kl_json_parse(kl_buf_str(&buf), buf.len, NULL);
	if (!again && buf.len < 1 << 20 && (json_is_object(value) || json_is_array(value)))
		__builtin_trap();
	json_decref(again);
	return 0;
}
