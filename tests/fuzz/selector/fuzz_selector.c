#include "kind.h"
#include "selector.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match_labels(const char *text)
{
	struct kl_selector *sel = kl_selector_parse(text, NULL);
	kl_autojson *labels = json_pack("{s:s,s:s,s:s}", "a", "b", "n", "5", "k8s.io/x", "");
	if (!sel)
		return;
	bool tree = kl_selector_matches(sel, labels);
	if (tree != kl_selector_matches_packed(sel, "a\0b\0n\0" "5\0k8s.io/x\0\0\0"))
		__builtin_trap();
	kl_selector_free(sel);
}

static void match_fields(const char *text)
{
	static const char *const kinds[] = {"Pod", "Node", "Event", "Service"};
	kl_autojson *object = json_pack("{s:{s:s},s:{s:s},s:{s:[{s:s}]}}", "metadata", "name", "a", "spec", "nodeName", "n", "status",
		"podIPs", "ip", "1.2.3.4");
	for (size_t i = 0; i < KL_ARRAY_LEN(kinds); i++) {
		struct kl_field_selector *sel = kl_field_selector_parse(kl_kind_named("", kinds[i]), text, NULL);
		if (!sel)
			continue;
		kl_field_selector_matches(sel, object);
		kl_field_selector_pinned(sel, "metadata.name");
		kl_field_selector_free(sel);
	}
}

static void match_json(const char *text, size_t len)
{
	kl_autojson *json = kl_json_parse(text, len, NULL);
	struct kl_selector *sel = json ? kl_selector_from_json(json, NULL) : NULL;
	kl_autojson *labels = json_pack("{s:s}", "a", "b");
	if (sel)
		kl_selector_matches(sel, labels);
	kl_selector_free(sel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	kl_autofree char *text = kl_strndup(size ? (const char *)data : "", size);
	match_labels(text);
	match_fields(text);
	match_json((const char *)data, size);
	return 0;
}
