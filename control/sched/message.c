#include "sched_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void refusals_add(struct refusals *refusals, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	kl_autofree char *text = kl_vasprintf(fmt, args);
	va_end(args);
	for (size_t i = 0; i < refusals->count; i++) {
		if (!strcmp(refusals->items[i].text, text)) {
			refusals->items[i].count++;
			return;
		}
	}
	refusals->items = kl_reallocarray(refusals->items, refusals->count + 1, sizeof(*refusals->items));
	refusals->items[refusals->count++] = (struct refusal){.text = kl_take(&text), .count = 1};
}

static int by_line(const void *a, const void *b)
{
	const struct refusal *x = a, *y = b;
	char left[24], right[24];
	snprintf(left, sizeof(left), "%u", x->count);
	snprintf(right, sizeof(right), "%u", y->count);
	/* Upstream sorts the whole words "<count> <reason>" as text. */
	int order = strcmp(left, right);
	return order ? order : strcmp(x->text, y->text);
}

void refusals_message(struct refusals *refusals, struct kl_buf *buf)
{
	if (refusals->count)
		qsort(refusals->items, refusals->count, sizeof(*refusals->items), by_line);
	for (size_t i = 0; i < refusals->count; i++)
		kl_buf_printf(buf, "%s%u %s", i ? ", " : "", refusals->items[i].count, refusals->items[i].text);
}

void refusals_release(struct refusals *refusals)
{
	for (size_t i = 0; i < refusals->count; i++)
		free(refusals->items[i].text);
	free(refusals->items);
	*refusals = (struct refusals){0};
}
