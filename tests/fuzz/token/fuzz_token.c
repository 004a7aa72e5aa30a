/*
 * Continue tokens: any text, and any bytes encoded as one; what is understood is written again and understood the same.
 * Base64 in all its tolerances on the way: what decodes encodes back to what decodes the same.
 */
#include "rest_impl.h"

#include "base64.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *token)
{
	struct list_options options = {0}, again = {0};
	struct kl_status st = {0};
	int rc = list_token_parse(token, &options, &st);
	if ((rc < 0) != (st.code != 0))
		abort();
	if (rc == 0) {
		struct kl_object last = {.ns = options.after_ns, .name = options.after_name};
		kl_autofree char *text =
			options.exact ? list_token(options.rv, &last) : list_token_inconsistent(&options);
		if (!*options.after_name || list_token_parse(text, &again, &st) < 0 || again.rv != options.rv ||
			again.exact != options.exact || strcmp(again.after_ns, options.after_ns) ||
			strcmp(again.after_name, options.after_name))
			abort();
	}
	list_options_release(&options);
	list_options_release(&again);
	kl_status_release(&st);
}

static void check_base64(const uint8_t *data, size_t size)
{
	for (unsigned flags = 0; flags < 16; flags++) {
		kl_autobuf plain = {0}, coded = {0}, again = {0};
		int rc = kl_base64_decode(&plain, (const char *)data, size, flags);
		if ((rc < 0) != (kl_base64_check((const char *)data, size, flags) >= 0))
			abort();
		if (rc < 0)
			continue;
		kl_base64_encode(&coded, plain.data, plain.len, flags);
		if (kl_base64_decode(&again, kl_buf_str(&coded), coded.len, flags) < 0 || again.len != plain.len ||
			(plain.len && memcmp(again.data, plain.data, plain.len)))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	kl_autofree char *text = kl_strndup(size ? (const char *)data : "", size);
	kl_autobuf coded = {0};
	check(text);
	kl_base64_encode(&coded, data, size, KL_BASE64_URL);
	check(kl_buf_str(&coded));
	check_base64(data, size);
	return 0;
}
