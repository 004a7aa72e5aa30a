/* Bootstrap tokens whose time is over are removed. One key; it looks once a minute. */
#include "ctl.h"

#include "base64.h"

enum { LOOK_MS = 60000 };

static bool is_over(const json_t *secret)
{
	int64_t until_ms;
	kl_autobuf text = {0};
	const char *coded = kl_json_str(secret, "data", "expiration", NULL);
	return *coded && kl_base64_decode(&text, coded, strlen(coded), KL_BASE64_LINES) == 0 &&
	       kl_time_parse(kl_buf_str(&text), &until_ms) == 0 && until_ms <= kl_realtime_ms();
}

static void sync(struct kl_controllers *c, const char *key)
{
	struct kl_object_list list;
	const struct kl_kind *kind = kl_kind_named("", "Secret");
	kl_store_list(c->store, kind, "kube-system", &list);
	for (size_t i = 0; i < list.count; i++) {
		if (strncmp(list.items[i]->name, "bootstrap-token-", strlen("bootstrap-token-")) != 0)
			continue;
		kl_autojson *secret = kl_object_parse(list.items[i]);
		if (strcmp(kl_json_str(secret, "type", NULL), "bootstrap.kubernetes.io/token") || !is_over(secret))
			continue;
		ctl_write(c, &(struct ctl_write){.id = CTL_TOKEN_TTL,
				     .key = key,
				     .verb = KL_DELETE,
				     .kind = kind,
				     .ns = "kube-system",
				     .name = list.items[i]->name,
				     .uid = list.items[i]->uid,
				     .grace_period_s = CTL_DEFAULT_GRACE});
	}
	kl_object_list_release(&list);
	ctl_enqueue_after(c, CTL_TOKEN_TTL, key, LOOK_MS);
}

static void init(struct kl_controllers *c)
{
	ctl_enqueue_after(c, CTL_TOKEN_TTL, "all", 1);
}

const struct controller token_ttl_controller = {"token-cleaner", init, sync, NULL};
