#include "world.h"

#include <stdio.h>

#define DEPLOYMENT(name, image, more)                                                                          \
	"{'metadata':{'name':'" name "'},'spec':{'replicas':5," more "'selector':{'matchLabels':{'app':'" name \
	"'}},'template':{'metadata':{'labels':{'app':'" name                                                   \
	"'}},'spec':{'terminationGracePeriodSeconds':1,'containers':[{'name':'c','image':'" image "'}]}}}}"
#define IMAGE(image) "{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'" image "'}]}}}}"

static void open_with_nodes(struct world *w)
{
	world_open(w);
	world_node(w, "node1");
	world_node(w, "node2");
	world_node(w, "node3");
}

static int64_t status(struct world *w, const char *name, const char *field)
{
	kl_autojson *json = world_get(w, "apps", "Deployment", "default", name);
	return kl_json_int(json, 0, "status", field, NULL);
}

static bool complete(struct world *w, const char *name, int64_t replicas)
{
	kl_autojson *json = world_get(w, "apps", "Deployment", "default", name);
	return kl_json_int(json, 0, "status", "observedGeneration", NULL) ==
		       kl_json_int(json, -1, "metadata", "generation", NULL) &&
	       kl_json_int(json, 0, "status", "replicas", NULL) == replicas &&
	       kl_json_int(json, 0, "status", "updatedReplicas", NULL) == replicas &&
	       kl_json_int(json, 0, "status", "availableReplicas", NULL) == replicas;
}

static const char *condition(const json_t *deployment, const char *type, const char *field)
{
	size_t i;
	json_t *item;
	json_array_foreach (kl_json_get(deployment, "status", "conditions", NULL), i, item) {
		if (!strcmp(kl_json_str(item, "type", NULL), type))
			return kl_json_str(item, field, NULL);
	}
	return "";
}

static bool progressing(struct world *w, const char *name, const char *reason)
{
	kl_autojson *json = world_get(w, "apps", "Deployment", "default", name);
	return !strcmp(condition(json, "Progressing", "reason"), reason);
}

static size_t with_image(struct world *w, const char *image)
{
	size_t i, count = 0;
	json_t *pod;
	kl_autojson *pods = world_list(w, "", "Pod", "default");
	json_array_foreach (pods, i, pod) {
		const json_t *first = json_array_get(kl_json_get(pod, "spec", "containers", NULL), 0);
		count += !strcmp(kl_json_str(first, "image", NULL), image);
	}
	return count;
}

/* Turns of the wait: never fewer ready than the bound says, never more pods than it allows (terminating ones aside). */
static bool watch_bounds(struct world *w, const char *name, int64_t replicas, size_t least, size_t most)
{
	size_t i, live = 0;
	json_t *pod;
	kl_autojson *pods = world_list(w, "", "Pod", "default");
	json_array_foreach (pods, i, pod)
		live += !kl_json_get(pod, "metadata", "deletionTimestamp", NULL);
	size_t ready = world_ready(w, "default");
	if (ready < least)
		kl_test_failed(__FILE__, __LINE__, "%zu ready, fewer than %zu", ready, least);
	if (live > most)
		kl_test_failed(__FILE__, __LINE__, "%zu pods, more than %zu", live, most);
	return complete(w, name, replicas);
}

KL_TEST(rolls_out_within_its_bounds)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "apps", "Deployment", "default", DEPLOYMENT("web", "v1", "")));
	UNTIL(complete(&w, "web", 5));
	UNTIL(progressing(&w, "web", "NewReplicaSetAvailable"));
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 5);
	world_patch(&w, "apps", "Deployment", "default", "web", IMAGE("v2"));
	/* 25 % of 5: one more when rounded down (unavailable 1), two more when rounded up (surge 2). */
	UNTIL(watch_bounds(&w, "web", 5, 4, 7) && with_image(&w, "v2") == 5 && with_image(&w, "v1") == 0);
	KL_CHECK_INT(world_count(&w, "apps", "ReplicaSet", "default"), 2);
	kl_autojson *json = world_get(&w, "apps", "Deployment", "default", "web");
	KL_CHECK_STR(kl_json_str(json, "metadata", "annotations", "deployment.kubernetes.io/revision", NULL), "2");
	KL_CHECK_STR(condition(json, "Available", "reason"), "MinimumReplicasAvailable");
	UNTIL(progressing(&w, "web", "NewReplicaSetAvailable"));
	world_close(&w);
}

KL_TEST(undo_takes_the_old_replicaset_again)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "apps", "Deployment", "default", DEPLOYMENT("web", "v1", "")));
	UNTIL(complete(&w, "web", 5));
	world_patch(&w, "apps", "Deployment", "default", "web", IMAGE("v2"));
	UNTIL(complete(&w, "web", 5) && with_image(&w, "v2") == 5);
	world_patch(&w, "apps", "Deployment", "default", "web", IMAGE("v1"));
	UNTIL(complete(&w, "web", 5) && with_image(&w, "v1") == 5 && with_image(&w, "v2") == 0);
	KL_CHECK_INT(world_count(&w, "apps", "ReplicaSet", "default"), 2);
	kl_autojson *json = world_get(&w, "apps", "Deployment", "default", "web");
	KL_CHECK_STR(kl_json_str(json, "metadata", "annotations", "deployment.kubernetes.io/revision", NULL), "3");
	kl_autojson *sets = world_list(&w, "apps", "ReplicaSet", "default");
	const json_t *first = json_array_get(sets, 0), *second = json_array_get(sets, 1);
	const json_t *current = kl_json_int(first, 0, "spec", "replicas", NULL) ? first : second;
	KL_CHECK_STR(kl_json_str(current, "metadata", "annotations", "deployment.kubernetes.io/revision", NULL), "3");
	KL_CHECK_STR(kl_json_str(current, "metadata", "annotations", "deployment.kubernetes.io/revision-history", NULL),
		"1");
	world_close(&w);
}

KL_TEST(a_bad_image_stops_the_rollout_and_keeps_the_service)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(
		&w, "apps", "Deployment", "default", DEPLOYMENT("web", "v1", "'progressDeadlineSeconds':1,")));
	UNTIL(complete(&w, "web", 5));
	world_patch(&w, "apps", "Deployment", "default", "web", IMAGE("bad"));
	UNTIL(progressing(&w, "web", "ProgressDeadlineExceeded"));
	KL_CHECK_INT(world_ready(&w, "default"), 4);
	kl_autojson *json = world_get(&w, "apps", "Deployment", "default", "web");
	KL_CHECK(strstr(condition(json, "Progressing", "message"), "has timed out progressing.") != NULL);
	world_patch(&w, "apps", "Deployment", "default", "web", IMAGE("v3"));
	UNTIL(watch_bounds(&w, "web", 5, 4, 7) && with_image(&w, "v3") == 5);
	world_close(&w);
}

KL_TEST(scales_and_counts)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "apps", "Deployment", "default", DEPLOYMENT("web", "v1", "")));
	UNTIL(complete(&w, "web", 5));
	static const int sizes[] = {10, 1, 4, 0, 3};
	for (size_t i = 0; i < KL_ARRAY_LEN(sizes); i++) {
		kl_autofree char *patch = kl_asprintf("{'spec':{'replicas':%d}}", sizes[i]);
		world_patch(&w, "apps", "Deployment", "default", "web", patch);
		UNTIL(complete(&w, "web", sizes[i]) && world_count(&w, "", "Pod", "default") == (size_t)sizes[i]);
	}
	KL_CHECK_INT(status(&w, "web", "readyReplicas"), 3);
	world_close(&w);
}

KL_TEST(recreate_ends_the_old_first)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(
		&w, "apps", "Deployment", "default", DEPLOYMENT("web", "v1", "'strategy':{'type':'Recreate'},")));
	UNTIL(complete(&w, "web", 5));
	world_patch(&w, "apps", "Deployment", "default", "web", IMAGE("v2"));
	UNTIL(({
		size_t old = with_image(&w, "v1"), fresh = with_image(&w, "v2");
		if (old && fresh && with_image(&w, "v1"))
			kl_test_failed(__FILE__, __LINE__, "old and new at once");
		complete(&w, "web", 5) && fresh == 5;
	}));
	world_close(&w);
}

KL_TEST(pause_holds_the_template_but_scales)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "apps", "Deployment", "default", DEPLOYMENT("web", "v1", "")));
	UNTIL(complete(&w, "web", 5));
	world_patch(&w, "apps", "Deployment", "default", "web", "{'spec':{'paused':true}}");
	UNTIL(progressing(&w, "web", "DeploymentPaused"));
	world_patch(&w, "apps", "Deployment", "default", "web", IMAGE("v2"));
	world_patch(&w, "apps", "Deployment", "default", "web", "{'spec':{'replicas':7}}");
	UNTIL(world_ready(&w, "default") == 7);
	KL_CHECK_INT(with_image(&w, "v2"), 0);
	world_patch(&w, "apps", "Deployment", "default", "web", "{'spec':{'paused':false}}");
	UNTIL(complete(&w, "web", 7) && with_image(&w, "v2") == 7);
	world_close(&w);
}

KL_TEST(history_is_limited)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(
		&w, "apps", "Deployment", "default", DEPLOYMENT("web", "v0", "'revisionHistoryLimit':2,")));
	UNTIL(complete(&w, "web", 5));
	static const char *const images[] = {IMAGE("v1"), IMAGE("v2"), IMAGE("v3"), IMAGE("v4")};
	for (size_t i = 0; i < KL_ARRAY_LEN(images); i++) {
		char name[4] = {'v', (char)('1' + i), 0};
		world_patch(&w, "apps", "Deployment", "default", "web", images[i]);
		UNTIL(complete(&w, "web", 5) && with_image(&w, name) == 5);
	}
	UNTIL(world_count(&w, "apps", "ReplicaSet", "default") == 3);
	world_close(&w);
}

KL_TEST(a_restart_in_the_middle_goes_on)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "apps", "Deployment", "default", DEPLOYMENT("web", "v1", "")));
	UNTIL(complete(&w, "web", 5));
	world_patch(&w, "apps", "Deployment", "default", "web", IMAGE("v2"));
	for (int i = 0; i < 5; i++) {
		world_stop_loops(&w);
		world_start_loops(&w);
		world_nap();
	}
	UNTIL(watch_bounds(&w, "web", 5, 4, 7) && with_image(&w, "v2") == 5 && with_image(&w, "v1") == 0);
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 5);
	world_close(&w);
}

KL_TEST(counts_pods_that_nobody_can_place)
{
	struct world w;
	world_open(&w); /* no node */
	for (int i = 0; i < 20; i++) {
		kl_autofree char *name = kl_asprintf("web%d", i);
		kl_autofree char *text = kl_asprintf(
			"{'metadata':{'name':'%s'},'spec':{'replicas':1,'selector':{'matchLabels':{'app':'%s'}},"
			"'template':{'metadata':{'labels':{'app':'%s'}},'spec':{'containers':[{'name':'c','image':'i'}]"
			"}}}}",
			name, name, name);
		json_decref(world_create(&w, "apps", "Deployment", "default", text));
		UNTIL(status(&w, name, "updatedReplicas") == 1 && status(&w, name, "unavailableReplicas") == 1);
	}
	world_close(&w);
}

KL_TEST(events_tell_the_story)
{
	struct world w;
	size_t i;
	json_t *event;
	bool up = false, down = false;
	open_with_nodes(&w);
	json_decref(world_create(&w, "apps", "Deployment", "default", DEPLOYMENT("web", "v1", "")));
	UNTIL(complete(&w, "web", 5));
	world_patch(&w, "apps", "Deployment", "default", "web", "{'spec':{'replicas':2}}");
	UNTIL(complete(&w, "web", 2));
	UNTIL(({
		kl_autojson *events = world_list(&w, "", "Event", "default");
		json_array_foreach (events, i, event) {
			const char *words = kl_json_str(event, "message", NULL);
			bool ours = !strcmp(kl_json_str(event, "reason", NULL), "ScalingReplicaSet") &&
				    !strcmp(kl_json_str(event, "involvedObject", "kind", NULL), "Deployment");
			up |= ours && strstr(words, "Scaled up replica set web-") == words && strstr(words, " to 5");
			down |= ours && strstr(words, " from 5 to 2");
		}
		up &&down;
	}));
	world_close(&w);
}

KL_MAIN()
