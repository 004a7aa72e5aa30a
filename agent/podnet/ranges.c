#include "ranges.h"

#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void kl_ranges_release(struct kl_ranges *ranges)
{
	free(ranges->items);
	*ranges = (struct kl_ranges){0};
}

static struct kl_prefix prefix_of(const struct kl_podload_prefix *range)
{
	return (struct kl_prefix){.addr = range->addr, .len = range->len};
}

static bool holds(const struct kl_podload_prefix *wide, const struct kl_podload_prefix *narrow)
{
	struct kl_prefix prefix = prefix_of(wide);
	return wide->len <= narrow->len && kl_prefix_contains(&prefix, &narrow->addr);
}

void kl_ranges_put(struct kl_ranges *ranges, const struct kl_podload_prefix *range)
{
	size_t kept = 0;
	for (size_t i = 0; i < ranges->count; i++)
		if (holds(&ranges->items[i], range))
			return;
	for (size_t i = 0; i < ranges->count; i++)
		if (!holds(range, &ranges->items[i]))
			ranges->items[kept++] = ranges->items[i];
	ranges->count = kept;
	if (ranges->count == ranges->size) {
		ranges->size = ranges->size ? ranges->size * 2 : 16;
		ranges->items = kl_reallocarray(ranges->items, ranges->size, sizeof(*ranges->items));
	}
	ranges->items[ranges->count++] = *range;
}

void kl_ranges_copy(struct kl_ranges *to, const struct kl_ranges *from)
{
	for (size_t i = 0; i < from->count; i++)
		kl_ranges_put(to, &from->items[i]);
}

static int read_item(struct kl_ranges *ranges, const char *item, struct kl_err *err)
{
	kl_autofree char *text = kl_strdup(item);
	char *rest = text, *part;
	while ((part = strsep(&rest, ","))) {
		struct kl_prefix prefix;
		if (!*part)
			continue;
		if (kl_prefix_read(part, &prefix))
			return kl_fail_msg(err, EINVAL, "'%s' is no CIDR", part);
		prefix = kl_prefix_network(&prefix);
		kl_ranges_put(ranges, &(struct kl_podload_prefix){prefix.addr, prefix.len});
	}
	return 0;
}

int kl_ranges_read(struct kl_ranges *ranges, const char *const *list, struct kl_err *err)
{
	int rc = 0;
	for (size_t i = 0; !rc && list && list[i]; i++)
		rc = read_item(ranges, list[i], err);
	return rc;
}

void kl_ranges_defaults(struct kl_ranges *ranges)
{
	static const char *const list[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"240.0.0.0/4", "fc00::/7", NULL};
	kl_ranges_read(ranges, list, NULL);
}

void kl_ranges_always(struct kl_ranges *ranges)
{
	static const char *const list[] = {"169.254.0.0/16", "224.0.0.0/4", "fe80::/10", "ff00::/8", NULL};
	kl_ranges_read(ranges, list, NULL);
}
