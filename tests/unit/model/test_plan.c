/* Which backends take new connections: a table of cases; and the texts of addresses. */
#include "maglev.h"
#include "mem.h"
#include "plan.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

enum {
	R = KL_BACKEND_READY | KL_BACKEND_SERVING,
	T = KL_BACKEND_SERVING | KL_BACKEND_TERMINATING,
	N = 0,
	D = KL_BACKEND_TERMINATING,
	L = KL_BACKEND_LOCAL
};

struct plan_case {
	const char *what;
	uint16_t flags;
	uint8_t backends[5]; /* flags; 0xff ends */
	uint16_t weights[5];
	const char *all, *local; /* slots as digits */
};
static const struct plan_case cases[] = {
	{"none", 0, {0xff}, {0}, "", ""},
	{"ready ones", 0, {R, R, R, 0xff}, {0}, "012", ""},
	{"not the unready", 0, {R, N, R, 0xff}, {0}, "02", ""},
	{"not the terminating while there are ready ones", 0, {R, T, R, 0xff}, {0}, "02", ""},
	{"the terminating when nothing else serves", 0, {N, T, T, 0xff}, {0}, "12", ""},
	{"never those that terminate and do not serve", 0, {D, D, 0xff}, {0}, "", ""},
	{"weights in lowest terms", 0, {R, R, 0xff}, {10, 30}, "0111", ""},
	{"equal weights are one slot each", 0, {R, R, 0xff}, {7, 7}, "01", ""},
	{"local", KL_SERVICE_EXTERNAL_LOCAL, {R, R | L, R | L, 0xff}, {0}, "012", "12"},
	{"local falls back by itself", KL_SERVICE_INTERNAL_LOCAL, {R, T | L, N | L, 0xff}, {0}, "0", "1"},
	{"no local one", KL_SERVICE_EXTERNAL_LOCAL, {R, R, 0xff}, {0}, "01", ""},
};

static struct kl_service *service_of(const struct plan_case *c)
{
	struct kl_service *service = kl_service_new("a/b:80");
	service->flags = c->flags;
	service->backends = kl_calloc(5, sizeof(*service->backends));
	for (size_t i = 0; i < 5 && c->backends[i] != 0xff; i++) {
		struct kl_backend *backend = &service->backends[service->backend_count++];
		backend->addr = kl_addr_any(true);
		backend->addr.bytes[15] = (uint8_t)i;
		backend->flags = c->backends[i];
		backend->weight = c->weights[i];
		backend->node = kl_strdup("");
	}
	return service;
}

static void digits(const uint32_t *slots, size_t count, char *ret)
{
	for (size_t i = 0; i < count; i++)
		*ret++ = (char)('0' + slots[i]);
	*ret = 0;
}

KL_TEST(who_takes_new_connections)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_service *service = service_of(&cases[i]);
		struct kl_plan plan;
		char text[64];
		kl_plan_make(service, &plan);
		digits(plan.all, plan.all_count, text);
		if (!KL_CHECK_STR(text, cases[i].all))
			kl_test_failed(__FILE__, __LINE__, "case: %s", cases[i].what);
		digits(plan.local, plan.local_count, text);
		if (!KL_CHECK_STR(text, cases[i].local))
			kl_test_failed(__FILE__, __LINE__, "case: %s", cases[i].what);
		kl_plan_release(&plan);
		kl_service_free(service);
	}
}

struct hint_case {
	const char *what;
	uint8_t backends[5];
	const char *zones[5], *nodes[5];
	const char *all;
};
/* On node "n1" in zone "a". */
static const struct hint_case hint_cases[] = {
	{"one for this zone", {R, R, 0xff}, {"a", "b"}, {0}, "0"},
	{"several zones in a hint", {R, R, R, 0xff}, {"b,a", "b", "c,aa,a"}, {0}, "02"},
	{"a ready one without a hint: all", {R, R, 0xff}, {"a", NULL}, {0}, "01"},
	{"an unready one without a hint counts for nothing", {R, N, R, 0xff}, {"a", NULL, "b"}, {0}, "0"},
	{"none for this zone: all", {R, R, 0xff}, {"b", "c"}, {0}, "01"},
	{"an unready one for this zone does not count", {N, R, R, 0xff}, {"a", "b", "b"}, {0}, "12"},
	{"nodes go before zones", {R, R, 0xff}, {"a", "a"}, {"n1", "n2"}, "0"},
	{"no node's: zones", {R, R, R, 0xff}, {"a", "b", "a"}, {"n2", "n3", "n4"}, "02"},
	{"node hints of some only: zones", {R, R, 0xff}, {"a", "b"}, {NULL, "n1"}, "0"},
	{"terminating ones are taken from everywhere", {T, T, 0xff}, {"a", "b"}, {0}, "01"},
};

KL_TEST(hints_are_heeded_as_upstream_does)
{
	const struct kl_place place = {.node = "n1", .zone = "a"}, nowhere = {.node = "n1", .zone = ""};
	for (size_t i = 0; i < KL_ARRAY_LEN(hint_cases); i++) {
		const struct hint_case *c = &hint_cases[i];
		struct plan_case base = {c->what, KL_SERVICE_INTERNAL_LOCAL, {0}, {0}, "", ""};
		memcpy(base.backends, c->backends, sizeof(base.backends));
		struct kl_service *service = service_of(&base);
		struct kl_plan plan;
		char text[64];
		for (size_t k = 0; k < service->backend_count; k++) {
			service->backends[k].zone_hints = c->zones[k] ? kl_strdup(c->zones[k]) : NULL;
			service->backends[k].node_hints = c->nodes[k] ? kl_strdup(c->nodes[k]) : NULL;
		}
		kl_plan_make_at(service, &place, &plan);
		digits(plan.all, plan.all_count, text);
		if (!KL_CHECK_STR(text, c->all))
			kl_test_failed(__FILE__, __LINE__, "case: %s", c->what);
		kl_plan_release(&plan);
		/* What is local is not narrowed further. */
		service->backends[0].flags |= KL_BACKEND_LOCAL;
		kl_plan_make_at(service, &place, &plan);
		KL_CHECK_INT(plan.local_count, service->backends[0].flags & (KL_BACKEND_SERVING) ? 1 : 0);
		kl_plan_release(&plan);
		/* A node that knows no zone of its own heeds node hints alone. */
		kl_plan_make_at(service, &nowhere, &plan);
		KL_CHECK(plan.all_count >= 1);
		kl_plan_release(&plan);
		kl_service_free(service);
	}
}

KL_TEST(least_connections_has_one_slot_a_backend)
{
	const struct plan_case c = {"", 0, {R, R, R, 0xff}, {10, 1, 5}, "", ""};
	const uint32_t weights[] = {7, 1, 3};
	const struct kl_place place = {.weights = weights};
	struct kl_service *service = service_of(&c);
	struct kl_plan plan;
	char text[64];
	service->algorithm = KL_ALGORITHM_LEAST_CONN;
	kl_plan_make(service, &plan);
	digits(plan.all, plan.all_count, text);
	KL_CHECK_STR(text, "012");
	kl_plan_release(&plan);
	service->algorithm = KL_ALGORITHM_RANDOM; /* weights of the place go before the backends' own */
	kl_plan_make_at(service, &place, &plan);
	digits(plan.all, plan.all_count, text);
	KL_CHECK_STR(text, "00000001222");
	kl_plan_release(&plan);
	kl_service_free(service);
}

/* Whatever order the slices came in, and whichever of them are local: the same slot, the same backend. */
KL_TEST(maglev_tables_are_the_same_on_every_node)
{
	const struct plan_case c = {"", 0, {R, R, R, R, R}, {1, 2, 3, 1, 7}, "", ""};
	struct kl_service *one = service_of(&c), *other = service_of(&c);
	struct kl_plan a, b;
	one->algorithm = other->algorithm = KL_ALGORITHM_MAGLEV;
	for (size_t i = 0; i < 5; i++) {
		struct kl_backend swap = other->backends[i];
		other->backends[i] = other->backends[4 - i / 2];
		other->backends[4 - i / 2] = swap;
	}
	one->backends[1].flags |= KL_BACKEND_LOCAL;
	other->backends[3].flags |= KL_BACKEND_LOCAL;
	kl_service_normalise(one);
	kl_service_normalise(other);
	kl_plan_make(one, &a);
	kl_plan_make(other, &b);
	KL_CHECK_INT(a.all_count, kl_maglev_size(5));
	KL_CHECK_INT(a.all_count, b.all_count);
	for (size_t i = 0; i < a.all_count; i++)
		if (!KL_CHECK(!kl_backend_compare(&one->backends[a.all[i]], &other->backends[b.all[i]])))
			break;
	kl_plan_release(&a);
	kl_plan_release(&b);
	kl_service_free(one);
	kl_service_free(other);
}

KL_TEST(huge_weights_are_scaled_down)
{
	const struct plan_case c = {"", 0, {R, R, R, 0xff}, {65535, 65534, 1}, "", ""};
	struct kl_service *service = service_of(&c);
	struct kl_plan plan;
	size_t last = 0;
	kl_plan_make(service, &plan);
	KL_CHECK(plan.all_count && plan.all_count <= 131071 + 3);
	for (size_t i = 0; i < plan.all_count; i++)
		last += plan.all[i] == 2;
	KL_CHECK_INT(last, 1);
	kl_plan_release(&plan);
	kl_service_free(service);
}

KL_TEST(normalising_sorts_and_removes_doubles)
{
	const struct plan_case c = {"", 0, {R, R, R, R, 0xff}, {0}, "", ""};
	struct kl_service *service = service_of(&c);
	service->backends[0].addr.bytes[15] = 3;
	service->backends[1].addr.bytes[15] = 1;
	service->backends[2].addr.bytes[15] = 3;
	service->backends[3].addr.bytes[15] = 2;
	kl_service_normalise(service);
	KL_CHECK_INT(service->backend_count, 3);
	for (size_t i = 0; i < service->backend_count; i++)
		KL_CHECK_INT(service->backends[i].addr.bytes[15], i + 1);
	struct kl_service *copy = kl_service_copy(service);
	KL_CHECK(kl_service_equal(service, copy));
	copy->backends[1].weight = 9;
	KL_CHECK(!kl_service_equal(service, copy));
	kl_service_free(copy);
	kl_service_free(service);
}

KL_TEST(addresses_have_texts)
{
	static const struct {
		const char *text, *back;
		bool v4;
	} texts[] = {{"10.0.0.1", "10.0.0.1", true}, {"fd00::1", "fd00::1", false}, {"::ffff:1.2.3.4", "1.2.3.4", true},
		{"0.0.0.0", "0.0.0.0", true}, {"::", "::", false}};
	struct kl_addr addr;
	char back[KL_ADDR_TEXT];
	for (size_t i = 0; i < KL_ARRAY_LEN(texts); i++) {
		KL_CHECK_INT(kl_addr_parse(texts[i].text, &addr), 0);
		kl_addr_format(&addr, back);
		KL_CHECK_STR(back, texts[i].back);
		KL_CHECK(kl_addr_is_v4(&addr) == texts[i].v4);
	}
	KL_CHECK(kl_addr_parse("10.0.0", &addr) < 0 && kl_addr_parse("", &addr) < 0 && kl_addr_parse("x", &addr) < 0);
}

KL_TEST(ranges_have_texts)
{
	static const struct {
		const char *text, *addr;
		int len;
	} texts[] = {{"10.1.2.3/8", "10.0.0.0", 104}, {"1.2.3.4/32", "1.2.3.4", 128}, {"0.0.0.0/0", "0.0.0.0", 96},
		{"fd00:1::5/64", "fd00:1::", 64}, {"::/0", "::", 0}, {"1.2.3.4", NULL, 0}, {"1.2.3.4/33", NULL, 0},
		{"fd00::/129", NULL, 0}, {"1.2.3/8", NULL, 0}, {"/8", NULL, 0}, {"1.2.3.4/", NULL, 0},
		{"1.2.3.4/-1", NULL, 0}, {"1.2.3.4/8x", NULL, 0}};
	for (size_t i = 0; i < KL_ARRAY_LEN(texts); i++) {
		struct kl_range range;
		char back[KL_ADDR_TEXT];
		int failed = kl_range_parse(texts[i].text, &range);
		if (!KL_CHECK_INT(!failed, texts[i].addr != NULL))
			kl_test_failed(__FILE__, __LINE__, "case: %s", texts[i].text);
		if (failed)
			continue;
		kl_addr_format(&range.addr, back);
		KL_CHECK_STR(back, texts[i].addr);
		KL_CHECK_INT(range.len, texts[i].len);
	}
}

KL_MAIN()
