/* Events live for an hour. One key; it looks at all of them once a minute. */
#include "ctl.h"

enum { LOOK_MS = 60000, DELETES_AT_ONCE = 1000 };
static const int64_t TTL_MS = 3600 * 1000;

static int64_t last_said_ms(const json_t *event)
{
	int64_t ms = 0;
	const char *last = kl_json_str(event, "lastTimestamp", NULL);
	if (!*last || kl_time_parse(last, &ms))
		return meta_time_ms(event, "creationTimestamp");
	return ms;
}

static void sync(struct kl_controllers *c, const char *key)
{
	struct kl_object_list list;
	int64_t now_ms = kl_realtime_ms();
	size_t budget = DELETES_AT_ONCE;
	kl_store_list(c->store, c->kinds.event, NULL, &list);
	for (size_t i = 0; i < list.count && budget; i++) {
		const struct kl_object *obj = list.items[i];
		kl_autojson *event = kl_object_parse(list.items[i]);
		if (now_ms - last_said_ms(event) < TTL_MS)
			continue;
		budget--;
		ctl_write(c, &(struct ctl_write){.id = CTL_EVENT_TTL,
				     .key = key,
				     .verb = KL_DELETE,
				     .kind = c->kinds.event,
				     .ns = obj->ns,
				     .name = obj->name,
				     .uid = obj->uid,
				     .grace_period_s = CTL_DEFAULT_GRACE});
	}
	kl_object_list_release(&list);
	ctl_enqueue_after(c, CTL_EVENT_TTL, key, budget ? LOOK_MS : 1);
}

static void init(struct kl_controllers *c)
{
	ctl_enqueue_after(c, CTL_EVENT_TTL, "all", LOOK_MS);
}

const struct controller event_ttl_controller = {"event-ttl-controller", init, sync, NULL};
