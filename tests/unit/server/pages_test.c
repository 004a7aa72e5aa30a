/*
 * Lists in pages, and lists of an earlier moment: all pages of one list show the moment of the first, whatever is written
 * meanwhile; and who comes too late is told so, with a way to go on.
 */
#include "apitest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CMS "/api/v1/namespaces/default/configmaps"

static void make(const char *name, const char *value)
{
	kl_autofree char *body = kl_asprintf("{\"metadata\":{\"name\":\"%s\"},\"data\":{\"v\":\"%s\"}}", name, value);
	api_auto answer = api_post(CMS, body);
	KL_CHECK_INT(answer.code, 201);
}

static void change(const char *name, const char *value)
{
	kl_autofree char *body = kl_asprintf("{\"data\":{\"v\":\"%s\"}}", value), *path = kl_asprintf(CMS "/%s", name);
	api_auto answer = api_patch(path, "application/merge-patch+json", body);
	KL_CHECK_INT(answer.code, 200);
}

static void drop(const char *name)
{
	kl_autofree char *path = kl_asprintf(CMS "/%s", name);
	api_auto answer = api_delete(path, NULL);
	KL_CHECK_INT(answer.code, 200);
}

static void clear(void)
{
	api_auto answer = api_delete(CMS, NULL);
	KL_CHECK_INT(answer.code, 200);
}

/* "a=1 b=2 " of a list's items. */
static char *show(const json_t *list)
{
	struct kl_buf buf = {0};
	size_t i;
	json_t *item;
	json_array_foreach (json_object_get(list, "items"), i, item)
		kl_buf_printf(&buf, "%s=%s ", kl_json_str(item, "metadata", "name", NULL),
			kl_json_str(item, "data", "v", NULL));
	return kl_buf_take(&buf);
}

static const char *meta(const struct api_answer *answer, const char *key)
{
	return kl_json_str(answer->json, "metadata", key, NULL);
}

static struct api_answer next_page(const char *token)
{
	kl_autofree char *path = kl_asprintf(CMS "?limit=3&continue=%s", token);
	return api_get(path);
}

static void make_seven(void)
{
	clear();
	for (int i = 0; i < 7; i++) {
		kl_autofree char *name = kl_asprintf("c%d", i);
		make(name, "old");
	}
}

static void disturb(void)
{
	drop("c4");
	change("c3", "new");
	change("c6", "new");
	change("c6", "newer");
	make("c35", "new");
	drop("c1");
	drop("c5");
	make("c5", "again");
}

KL_TEST(all_pages_show_one_moment)
{
	make_seven();
	api_auto first = api_get(CMS "?limit=3");
	kl_autofree char *one = show(first.json);
	KL_CHECK_STR(one, "c0=old c1=old c2=old ");
	KL_CHECK_INT(kl_json_int(first.json, 0, "metadata", "remainingItemCount", NULL), 4);
	disturb();
	api_auto second = next_page(meta(&first, "continue"));
	kl_autofree char *two = show(second.json);
	KL_CHECK_STR(two, "c3=old c4=old c5=old ");
	KL_CHECK_STR(meta(&second, "resourceVersion"), meta(&first, "resourceVersion"));
	KL_CHECK_INT(kl_json_int(second.json, 0, "metadata", "remainingItemCount", NULL), 1);
	api_auto again = next_page(meta(&first, "continue"));
	kl_autofree char *two_again = show(again.json);
	KL_CHECK_STR(two_again, two);
	api_auto third = next_page(meta(&second, "continue"));
	kl_autofree char *three = show(third.json);
	KL_CHECK_STR(three, "c6=old ");
	KL_CHECK(!*meta(&third, "continue"));
	KL_CHECK(!kl_json_get(third.json, "metadata", "remainingItemCount", NULL));
}

KL_TEST(a_token_that_is_too_old_says_how_to_go_on)
{
	make_seven();
	api_auto first = api_get(CMS "?limit=3");
	disturb();
	api_restart(); /* nobody remembers */
	api_auto second = next_page(meta(&first, "continue"));
	KL_CHECK_INT(second.code, 410);
	KL_CHECK_STR(api_reason(&second), "Expired");
	KL_CHECK(strstr(api_message(&second),
			 "The provided continue parameter is too old to display a consistent list") != NULL);
	api_auto rest = next_page(meta(&second, "continue"));
	KL_CHECK_INT(rest.code, 200);
	kl_autofree char *shown = show(rest.json);
	KL_CHECK_STR(shown, "c3=new c35=new c5=again ");
	KL_CHECK(strcmp(meta(&rest, "resourceVersion"), meta(&first, "resourceVersion")) != 0);
	api_auto last = next_page(meta(&rest, "continue"));
	kl_autofree char *last_shown = show(last.json);
	KL_CHECK_STR(last_shown, "c6=newer ");
	KL_CHECK_STR(meta(&last, "resourceVersion"), meta(&rest, "resourceVersion"));
}

KL_TEST(versions_in_all_combinations)
{
	make_seven();
	api_auto before = api_get(CMS);
	kl_autofree char *old = show(before.json);
	disturb();
	api_auto after = api_get(CMS);
	kl_autofree char *new = show(after.json);
	const struct {
		const char *query; /* %s: the old version */
		const char *want;
		bool old_version;
	} cases[] = {
		{"?x=%.0s", new, false},
		{"?resourceVersion=0%.0s", new, false},
		{"?resourceVersion=%s", new, false},
		{"?resourceVersion=%s&resourceVersionMatch=NotOlderThan", new, false},
		{"?resourceVersion=0%.0s&resourceVersionMatch=NotOlderThan", new, false},
		{"?resourceVersion=%s&resourceVersionMatch=Exact", old, true},
		{"?resourceVersion=%s&limit=100", old, true},
		{"?resourceVersion=0%.0s&limit=100", new, false},
		{"?resourceVersion=%s&limit=100&resourceVersionMatch=NotOlderThan", new, false},
		{"?resourceVersion=%s&limit=100&resourceVersionMatch=Exact", old, true},
		{"?resourceVersion=%s&resourceVersionMatch=Exact&fieldSelector=metadata.name%%3Dc4", "c4=old ", true},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		kl_autofree char *query = kl_asprintf(cases[i].query, meta(&before, "resourceVersion"));
#pragma GCC diagnostic pop
		kl_autofree char *path = kl_asprintf(CMS "%s", query);
		api_auto answer = api_get(path);
		kl_autofree char *shown = show(answer.json);
		bool good = KL_CHECK_INT(answer.code, 200);
		good &= KL_CHECK_STR(shown, cases[i].want);
		good &= KL_CHECK_STR(meta(&answer, "resourceVersion"),
			meta(cases[i].old_version ? &before : &after, "resourceVersion"));
		if (!good)
			kl_test_failed(__FILE__, __LINE__, "for %s", query);
	}
}

KL_TEST(an_exact_version_that_nobody_remembers)
{
	make_seven();
	api_auto before = api_get(CMS);
	change("c0", "new");
	api_restart();
	kl_autofree char *path =
		kl_asprintf(CMS "?resourceVersion=%s&resourceVersionMatch=Exact", meta(&before, "resourceVersion"));
	api_auto answer = api_get(path);
	KL_CHECK_INT(answer.code, 410);
	KL_CHECK_STR(api_message(&answer), "The resourceVersion for the provided list is too old.");
}

KL_MAIN()
