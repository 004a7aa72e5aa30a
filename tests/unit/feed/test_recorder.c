#include "recorder.h"

#include "file.h"
#include "mem.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

static const char *const groups[] = {"system:masters", NULL};
static const struct kl_user user = {"test", groups};

struct world {
	char dir[48];
	struct kl_store *store;
	struct kl_registry *registry;
	struct kl_recorder *recorder;
};

static void world_open(struct world *w)
{
	struct kl_err err = {0};
	*w = (struct world){.dir = "/tmp/kl-test-rec-XXXXXX"};
	if (!mkdtemp(w->dir))
		abort();
	kl_autofree char *path = kl_asprintf("%s/db", w->dir);
	KL_CHECK_INT(kl_store_open(&(struct kl_store_options){.path = path}, &w->store, &err), 0);
	struct kl_registry_options options = {
		.store = w->store, .service_cidr = "10.96.0.0/16", .node_port_min = 30000, .node_port_max = 30100};
	KL_CHECK_INT(kl_registry_new(&options, &w->registry, &err), 0);
	KL_CHECK_INT(kl_registry_bootstrap(w->registry, "10.0.0.1", 6443, &err), 0);
	w->recorder = kl_recorder_new(w->registry, &user);
}

static void world_close(struct world *w)
{
	kl_recorder_free(w->recorder);
	kl_registry_free(w->registry);
	kl_store_close(w->store);
	kl_remove_tree(w->dir, NULL);
}

static json_t *events(struct world *w)
{
	struct kl_object_list list;
	json_t *all = json_array();
	kl_store_list(w->store, kl_kind_named("", "Event"), NULL, &list);
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(all, kl_object_parse(list.items[i]));
	kl_object_list_release(&list);
	return all;
}

static const struct kl_event_object pod = {"v1", "Pod", "default", "p", "uid-1"};

KL_TEST(repeated_words_are_counted)
{
	struct world w;
	world_open(&w);
	for (int i = 0; i < 5; i++) {
		kl_recorder_say(w.recorder, "scheduler", &pod, "Warning", "FailedScheduling", "no node %d", 1);
		kl_recorder_flush(w.recorder);
	}
	kl_recorder_say(w.recorder, "scheduler", &pod, "Normal", "Scheduled", "on a");
	KL_CHECK(kl_recorder_pending(w.recorder));
	kl_recorder_flush(w.recorder);
	KL_CHECK(!kl_recorder_pending(w.recorder));
	kl_autojson *all = events(&w);
	KL_CHECK_INT(json_array_size(all), 2);
	int64_t counts = 0;
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *event = json_array_get(all, i);
		counts += kl_json_int(event, 0, "count", NULL);
		KL_CHECK_STR(kl_json_str(event, "involvedObject", "uid", NULL), "uid-1");
		KL_CHECK_STR(kl_json_str(event, "source", "component", NULL), "scheduler");
		KL_CHECK(*kl_json_str(event, "firstTimestamp", NULL));
	}
	KL_CHECK_INT(counts, 6);
	world_close(&w);
}

KL_TEST(a_noisy_object_is_silenced_and_others_are_not)
{
	struct world w;
	struct kl_event_object other = pod;
	world_open(&w);
	other.uid = "uid-2";
	for (int i = 0; i < 100; i++)
		kl_recorder_say(w.recorder, "c", &pod, "Normal", "Noise", "%d", i);
	kl_recorder_say(w.recorder, "c", &other, "Normal", "Word", "x");
	kl_recorder_flush(w.recorder);
	kl_autojson *all = events(&w);
	KL_CHECK_INT(json_array_size(all), 26);
	world_close(&w);
}

KL_TEST(cluster_objects_and_bad_words)
{
	struct world w;
	const struct kl_event_object node = {"v1", "Node", "", "n", "uid-n"};
	world_open(&w);
	kl_recorder_say(w.recorder, "c", &node, "Normal", "Starting", "ok");
	kl_recorder_say(w.recorder, "c", &node, "Normal", "Starting", "%s", "not \xff utf-8");
	kl_recorder_flush(w.recorder);
	kl_autojson *all = events(&w);
	KL_CHECK_INT(json_array_size(all), 1);
	KL_CHECK_STR(kl_json_str(json_array_get(all, 0), "metadata", "namespace", NULL), "default");
	KL_CHECK_STR(kl_json_str(json_array_get(all, 0), "involvedObject", "kind", NULL), "Node");
	world_close(&w);
}

KL_MAIN()
