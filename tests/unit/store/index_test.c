/* Lists and pages against a sorted array. */
#include "storetest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMESPACES = 5, NAMES = 1200, ROUNDS = 1500 };

static bool present[NAMESPACES][NAMES];

static void key(int ns, int name, char ret_ns[16], char ret_name[16])
{
	snprintf(ret_ns, 16, "ns%d", ns);
	snprintf(ret_name, 16, "n%04d", name);
}

/* Both orders are that of the numbers, so the naive list is two loops. */
static void check_list(struct kl_store *store, int only)
{
	char ns[16], name[16], want_ns[16];
	struct kl_object_list list;
	size_t at = 0;
	snprintf(want_ns, sizeof(want_ns), "ns%d", only);
	kl_store_list(store, test_kind(0), only < 0 ? NULL : want_ns, &list);
	for (int i = 0; i < NAMESPACES; i++)
		for (int k = 0; k < NAMES; k++) {
			if (!present[i][k] || (only >= 0 && only != i))
				continue;
			key(i, k, ns, name);
			if (!KL_CHECK(at < list.count) || !KL_CHECK_STR(list.items[at]->ns, ns) ||
				!KL_CHECK_STR(list.items[at]->name, name))
				goto out;
			at++;
		}
	KL_CHECK_INT(list.count, at);
out:
	kl_object_list_release(&list);
}

/* Pages put together are the list, and the count of what remains is right on each. */
static void check_pages(struct kl_store *store, const char *ns, size_t page)
{
	struct kl_object_list all, part;
	kl_autofree char *after_ns = NULL, *after_name = NULL;
	size_t at = 0, remaining;
	kl_store_list(store, test_kind(0), ns, &all);
	do {
		kl_store_list_page(store, test_kind(0), ns, after_ns, after_name, page, &part, &remaining);
		for (size_t i = 0; i < part.count; i++, at++)
			KL_CHECK(at < all.count && all.items[at] == part.items[i]);
		KL_CHECK_INT(remaining, all.count - at);
		if (part.count) {
			free(after_ns);
			free(after_name);
			after_ns = kl_strdup(part.items[part.count - 1]->ns);
			after_name = kl_strdup(part.items[part.count - 1]->name);
		}
		kl_object_list_release(&part);
	} while (remaining);
	KL_CHECK_INT(at, all.count);
	kl_object_list_release(&all);
}

enum { MAX_RUN = 60 };

/* Creates what is absent and deletes what is there, for a run of neighbours in one group. */
static void toggle(struct kl_store *store, int i, int k, int run)
{
	struct kl_store_write writes[MAX_RUN] = {0};
	char ns[16], names[MAX_RUN][16];
	for (int n = 0; n < run; n++) {
		key(i, k + n, ns, names[n]);
		bool there = present[i][k + n];
		present[i][k + n] = !there;
		writes[n] = (struct kl_store_write){.op = there ? KL_STORE_DELETE : KL_STORE_CREATE,
			.kind = test_kind(0),
			.ns = ns,
			.name = names[n],
			.object = there ? NULL : test_object(ns, names[n], 1)};
	}
	kl_store_commit_each(store, writes, (size_t)run);
	for (int n = 0; n < run; n++) {
		KL_CHECK_INT(writes[n].error, 0);
		kl_object_unref(writes[n].result);
		json_decref(writes[n].object);
	}
}

KL_TEST(lists_in_order)
{
	struct kl_store *store = test_open(NULL);
	for (int round = 0; round < ROUNDS; round++) {
		/* runs of neighbours fill and empty blocks */
		int i = (int)(kl_test_random() % NAMESPACES), k = (int)(kl_test_random() % NAMES);
		int run = round % 3 == 0 ? (int)(kl_test_random() % MAX_RUN) : 1;
		toggle(store, i, k, k + run < NAMES ? run : NAMES - k);
		if (round % 250 == 0) {
			check_list(store, -1);
			check_list(store, (int)(kl_test_random() % NAMESPACES));
			check_pages(store, NULL, 1 + kl_test_random() % 300);
			check_pages(store, "ns2", 1 + kl_test_random() % 100);
		}
	}
	check_list(store, -1);
	KL_CHECK(kl_store_count(store, test_kind(1)) == 0);
	kl_store_close(store);
}

KL_TEST(pages_go_on_where_the_last_object_is_gone)
{
	struct kl_store *store = test_open(NULL);
	struct kl_object_list list;
	size_t remaining;
	kl_store_list_page(store, test_kind(0), NULL, "ns1", "n0000-gone", 10, &list, &remaining);
	for (size_t i = 0; i < list.count; i++)
		KL_CHECK(strcmp(list.items[i]->ns, "ns1") > 0 || strcmp(list.items[i]->name, "n0000-gone") > 0);
	kl_object_list_release(&list);
	kl_store_list_page(store, test_kind(0), "ns1", "ns4", "zzz", 10, &list, &remaining);
	KL_CHECK_INT(list.count, 0);
	KL_CHECK_INT(remaining, 0);
	kl_object_list_release(&list);
	kl_store_list(store, test_kind(0), "nowhere", &list);
	KL_CHECK_INT(list.count, 0);
	kl_object_list_release(&list);
	kl_store_close(store);
}

KL_MAIN()
