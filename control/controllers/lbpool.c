#include "lbpool.h"

#include "mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { TRIES_MAX = 1 << 20 };

struct range {
	struct kl_addr first, last; /* inclusive */
};

struct held {
	UT_hash_handle hh;
	struct kl_addr addr;
	char *owner;
};

struct lbpool {
	struct range *ranges;
	size_t count;
	struct held *held; /* by address */
};

/* --- arithmetic on addresses, which are big-endian numbers */

static void increment(struct kl_addr *addr)
{
	for (size_t i = sizeof(addr->bytes); i-- > 0 && !++addr->bytes[i];)
		;
}

static void decrement(struct kl_addr *addr)
{
	for (size_t i = sizeof(addr->bytes); i-- > 0 && addr->bytes[i]-- == 0;)
		;
}

static int order(const struct kl_addr *a, const struct kl_addr *b)
{
	return memcmp(a, b, sizeof(*a));
}

/* --- ranges */

static struct range of_prefix(const struct kl_range *prefix)
{
	struct range range = {prefix->addr, prefix->addr};
	for (unsigned bit = prefix->len; bit < 128; bit++)
		range.last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	if (prefix->len > 126)
		return range;
	increment(&range.first); /* the network's own; of IPv6 the routers' anycast address */
	if (kl_addr_is_v4(&prefix->addr))
		decrement(&range.last);
	return range;
}

static int parse(const char *text, struct range *ret)
{
	struct kl_range prefix;
	const char *dash = strchr(text, '-');
	if (!dash) {
		int failed = kl_range_parse(text, &prefix);
		*ret = failed ? (struct range){0} : of_prefix(&prefix);
		return failed;
	}
	kl_autofree char *first = kl_strndup(text, (size_t)(dash - text));
	if (kl_addr_parse(first, &ret->first) || kl_addr_parse(dash + 1, &ret->last) ||
		kl_addr_is_v4(&ret->first) != kl_addr_is_v4(&ret->last) || order(&ret->first, &ret->last) > 0)
		return -EINVAL;
	return 0;
}

int lbpool_new(const char *ranges, struct lbpool **ret, struct kl_err *err)
{
	struct lbpool *pool = kl_calloc(1, sizeof(*pool));
	kl_autofree char *copy = kl_strdup(ranges ? ranges : "");
	char *rest = copy, *part;
	while ((part = strsep(&rest, ","))) {
		if (!*part)
			continue;
		pool->ranges = kl_reallocarray(pool->ranges, pool->count + 1, sizeof(*pool->ranges));
		if (parse(part, &pool->ranges[pool->count++])) {
			lbpool_free(pool);
			return kl_fail_msg(err, EINVAL,
				"'%s' is no range of addresses for load balancers: PREFIX/LENGTH or FIRST-LAST", part);
		}
	}
	*ret = pool;
	return 0;
}

void lbpool_free(struct lbpool *pool)
{
	struct held *held, *next;
	if (!pool)
		return;
	HASH_ITER (hh, pool->held, held, next) {
		HASH_DEL(pool->held, held);
		free(held->owner);
		free(held);
	}
	free(pool->ranges);
	free(pool);
}

bool lbpool_has_family(const struct lbpool *pool, bool v4)
{
	for (size_t i = 0; i < pool->count; i++)
		if (kl_addr_is_v4(&pool->ranges[i].first) == v4)
			return true;
	return false;
}

static bool in_ranges(const struct lbpool *pool, const struct kl_addr *addr)
{
	for (size_t i = 0; i < pool->count; i++)
		if (order(&pool->ranges[i].first, addr) <= 0 && order(addr, &pool->ranges[i].last) <= 0)
			return true;
	return false;
}

/* --- holding */

static struct held *find(const struct lbpool *pool, const struct kl_addr *addr)
{
	struct held *held = NULL;
	HASH_FIND(hh, pool->held, addr, sizeof(*addr), held);
	return held;
}

const char *lbpool_owner(const struct lbpool *pool, const struct kl_addr *addr)
{
	const struct held *held = find(pool, addr);
	return held ? held->owner : NULL;
}

bool lbpool_held(const struct lbpool *pool, const char *owner, bool v4, struct kl_addr *ret)
{
	for (const struct held *held = pool->held; held; held = held->hh.next)
		if (!strcmp(held->owner, owner) && kl_addr_is_v4(&held->addr) == v4) {
			*ret = held->addr;
			return true;
		}
	return false;
}

int lbpool_take(struct lbpool *pool, const char *owner, const struct kl_addr *addr)
{
	struct held *held = find(pool, addr);
	if (held)
		return strcmp(held->owner, owner) ? -EADDRINUSE : 0;
	if (!in_ranges(pool, addr))
		return -ERANGE;
	held = kl_calloc(1, sizeof(*held));
	held->addr = *addr;
	held->owner = kl_strdup(owner);
	HASH_ADD(hh, pool->held, addr, sizeof(held->addr), held);
	return 0;
}

int lbpool_pick(struct lbpool *pool, const char *owner, bool v4, struct kl_addr *ret)
{
	for (size_t i = 0; i < pool->count; i++) {
		struct kl_addr addr = pool->ranges[i].first;
		if (kl_addr_is_v4(&addr) != v4)
			continue;
		for (int tries = 0; tries < TRIES_MAX && order(&addr, &pool->ranges[i].last) <= 0; tries++) {
			if (!find(pool, &addr)) {
				*ret = addr;
				return lbpool_take(pool, owner, &addr);
			}
			increment(&addr);
		}
	}
	return -ENOSPC;
}

void lbpool_release(struct lbpool *pool, const char *owner, bool v4)
{
	struct held *held, *next;
	HASH_ITER (hh, pool->held, held, next) {
		if (strcmp(held->owner, owner) || kl_addr_is_v4(&held->addr) != v4)
			continue;
		HASH_DEL(pool->held, held);
		free(held->owner);
		free(held);
	}
}
