/*
 * Random sequences of API operations against a deliberately naive model of a few ConfigMaps, with a server that is killed at
 * random moments: every acknowledged write is there afterwards, no refused one is, and what was under way is either wholly
 * there or not at all. Watchers that resume from the last version they saw learn of every change exactly once, in order;
 * only where the server says that it has forgotten (410) may they list again.
 *
 * KL_TEST_SEED repeats a sequence (not the moments of the kills); KL_TEST_SECONDS makes it longer.
 */
#include "apitest.h"

#include "clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CMS "/api/v1/namespaces/default/configmaps"
enum { NAMES = 8, KEYS = 5, DEFAULT_SECONDS = 12, WATCHERS = 2, LOG_MAX = 1 << 18 };

/* --- the model --- */

enum owner { WRITER = 1, APPLIER = 2 };
struct value {
	char text[16]; /* "": absent */
	unsigned owners;
};
struct entry {
	bool there;
	struct value data[KEYS];
	char label[4];
	char rv[24], uid[40];
};
static struct entry model[NAMES];

/* What watchers must have been told, in order: written down when a write is known to have happened. */
struct told {
	uint64_t rv;
	int name;
	char type; /* 'A', 'M', 'D' */
};
static struct told *truth;
static size_t truth_count;
static pthread_mutex_t truth_lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned choose(unsigned n)
{
	return (unsigned)(kl_test_random() % n);
}

static void random_value(char to[16])
{
	static const char *const values[] = {"a", "b", "c", "", "x y", "\xc3\xa4"};
	snprintf(to, 16, "%s%u", values[choose(KL_ARRAY_LEN(values))], choose(4));
}

static void record(char type, int name, const char *rv)
{
	pthread_mutex_lock(&truth_lock);
	if (truth_count < LOG_MAX)
		truth[truth_count++] = (struct told){strtoull(rv, NULL, 10), name, type};
	pthread_mutex_unlock(&truth_lock);
}

static json_t *data_of(const struct entry *e)
{
	json_t *data = json_object();
	for (int k = 0; k < KEYS; k++)
		if (*e->data[k].text) {
			char key[4] = {'k', (char)('0' + k)};
			json_object_set_new(data, key, json_string(e->data[k].text));
		}
	return data;
}

static bool same(const struct entry *e, const json_t *object)
{
	kl_autojson *want = data_of(e);
	const json_t *data = json_object_get(object, "data");
	bool equal = data ? json_equal(data, want) : !json_object_size(want);
	return equal && !strcmp(kl_json_str(object, "metadata", "labels", "l", NULL), e->label);
}

static void note_version(struct entry *e, const json_t *object)
{
	snprintf(e->rv, sizeof(e->rv), "%s", kl_json_str(object, "metadata", "resourceVersion", NULL));
	snprintf(e->uid, sizeof(e->uid), "%s", kl_json_str(object, "metadata", "uid", NULL));
}

/* --- operations: each changes a copy of the entry as it expects the server to, and says which answer it expects --- */

struct operation {
	char method[8], path[160];
	const char *content_type;
	json_t *body;
	long want;          /* the status expected */
	struct entry after; /* if it is carried out */
	bool dry;
};

static const char *name_of(int i)
{
	static char names[NAMES][8];
	snprintf(names[i], sizeof(names[i]), "cm-%d", i);
	return names[i];
}

/* A write of the manager "writer": what it changes is its own alone. */
static void write_key(struct entry *e, int k, const char *text)
{
	if (strcmp(e->data[k].text, text) != 0)
		e->data[k].owners = *text ? WRITER : 0;
	snprintf(e->data[k].text, sizeof(e->data[k].text), "%s", text);
}

static json_t *object_of(int i, const struct entry *e)
{
	return json_pack("{s:s, s:s, s:{s:s, s:{s:s}}, s:o}", "apiVersion", "v1", "kind", "ConfigMap", "metadata",
		"name", name_of(i), "labels", "l", e->label, "data", data_of(e));
}

static void random_entry(struct entry *e)
{
	for (int k = 0; k < KEYS; k++) {
		char text[16] = "";
		if (k == 0 || choose(2))
			random_value(text);
		write_key(e, k, text);
	}
	snprintf(e->label, sizeof(e->label), "%c", "xyz"[choose(3)]);
}

static void set_path(struct operation *op, const char *method, int i, const char *query)
{
	snprintf(op->method, sizeof(op->method), "%s", method);
	op->dry = !choose(8);
	if (i < 0)
		snprintf(op->path, sizeof(op->path), CMS "?fieldManager=writer%s", op->dry ? "&dryRun=All" : "");
	else
		snprintf(op->path, sizeof(op->path), CMS "/%s?%s%s", name_of(i), query, op->dry ? "&dryRun=All" : "");
}

static void plan_create(int i, struct operation *op)
{
	struct entry fresh = {.there = true};
	random_entry(&fresh);
	set_path(op, "POST", -1, "");
	op->body = object_of(i, &fresh);
	op->want = model[i].there ? 409 : 201;
	if (!model[i].there)
		op->after = fresh;
}

static void plan_update(int i, struct operation *op)
{
	random_entry(&op->after);
	set_path(op, "PUT", i, "fieldManager=writer");
	op->body = object_of(i, &op->after);
	unsigned version = choose(4); /* none, none, the present one, an old one */
	if (version == 2)
		kl_json_set(op->body, json_string(model[i].rv), "metadata", "resourceVersion", NULL);
	if (version == 3)
		kl_json_set(op->body, json_string("1"), "metadata", "resourceVersion", NULL);
	op->want = !model[i].there ? 404 : version == 3 ? 409 : 200;
}

/* {"data": {"k1": "v", "k2": null}}, as merge patch or strategic merge patch, perhaps with its directive. */
static void plan_merge(int i, struct operation *op)
{
	bool strategic = choose(2), replace = strategic && !choose(3);
	json_t *data = json_object();
	if (replace) {
		json_object_set_new(data, "$patch", json_string("replace"));
		for (int k = 0; k < KEYS; k++)
			write_key(&op->after, k, "");
	}
	for (int k = 0; k < KEYS; k++) {
		char key[4] = {'k', (char)('0' + k)}, text[16];
		unsigned what = choose(3);
		if (what == 0)
			continue;
		random_value(text);
		if (what == 1 || k == 0)
			json_object_set_new(data, key, json_string(text));
		else if (replace)
			continue;
		else
			json_object_set_new(data, key, json_null());
		write_key(&op->after, k, what == 1 || k == 0 ? text : "");
	}
	if (replace) /* what it sets again to the old value was never another's: owners as they were */
		for (int k = 0; k < KEYS; k++)
			if (!strcmp(op->after.data[k].text, model[i].data[k].text))
				op->after.data[k].owners = model[i].data[k].owners;
	set_path(op, "PATCH", i, "fieldManager=writer");
	op->content_type = strategic ? "application/strategic-merge-patch+json" : "application/merge-patch+json";
	op->body = json_pack("{s:o}", "data", data);
	op->want = model[i].there ? 200 : 404;
}

static void plan_json_patch(int i, struct operation *op)
{
	bool wrong = !choose(4);
	int k = (int)choose(KEYS);
	char pointer[16], text[16];
	snprintf(pointer, sizeof(pointer), "/data/k%d", k);
	random_value(text);
	op->body = json_array();
	if (wrong)
		json_array_append_new(
			op->body, json_pack("{s:s, s:s, s:s}", "op", "test", "path", "/metadata/name", "value", "no"));
	json_array_append_new(op->body, json_pack("{s:s, s:s, s:s}", "op", "add", "path", pointer, "value", text));
	write_key(&op->after, k, text);
	set_path(op, "PATCH", i, "fieldManager=writer");
	op->content_type = "application/json-patch+json";
	kl_autojson *present = data_of(&model[i]);
	bool no_data = model[i].there && json_object_size(present) == 0;
	op->want = !model[i].there ? 404 : wrong || no_data ? 422 : 200;
}

/* Server-side apply: what the applier says is so and its own; what it no longer says goes, unless it is another's too. */
static void plan_apply(int i, struct operation *op)
{
	bool force = choose(2), conflict = false;
	struct entry before = model[i].there ? model[i] : (struct entry){.there = true};
	json_t *data = json_object();
	op->after = before;
	for (int k = 0; k < KEYS; k++) {
		struct value *v = &op->after.data[k];
		char key[4] = {'k', (char)('0' + k)}, text[16];
		if (choose(2)) {
			v->owners &= ~(unsigned)APPLIER;
			if (before.data[k].owners & APPLIER && !v->owners)
				*v = (struct value){0};
			continue;
		}
		random_value(text);
		json_object_set_new(data, key, json_string(text));
		bool differs = strcmp(v->text, text) != 0;
		conflict |= differs && v->owners & WRITER;
		v->owners = differs ? APPLIER : v->owners | APPLIER;
		snprintf(v->text, sizeof(v->text), "%s", text);
	}
	set_path(op, "PATCH", i, force ? "fieldManager=applier&force=true" : "fieldManager=applier");
	op->content_type = "application/apply-patch+yaml";
	op->body = json_pack("{s:s, s:s, s:{s:s}, s:o}", "apiVersion", "v1", "kind", "ConfigMap", "metadata", "name",
		name_of(i), "data", data);
	op->want = !model[i].there ? 201 : conflict && !force ? 409 : 200;
}

static void plan_delete(int i, struct operation *op)
{
	unsigned condition = choose(4);
	set_path(op, "DELETE", i, "x=y");
	if (condition == 1)
		op->body = json_pack("{s:{s:s}}", "preconditions", "uid", model[i].there ? model[i].uid : "u");
	if (condition == 2)
		op->body = json_pack("{s:{s:s}}", "preconditions", "uid", "another");
	op->want = !model[i].there ? 404 : condition == 2 ? 409 : 200;
	op->after = (struct entry){0};
}

static void (*const plans[])(int i, struct operation *op) = {plan_create, plan_create, plan_update, plan_merge,
	plan_merge, plan_json_patch, plan_apply, plan_apply, plan_delete};

/* --- carrying out --- */

static _Atomic bool over, spared, resting; /* spared: no more kills; resting: the killer has understood */
static _Atomic unsigned kills;
static _Atomic size_t steps;
static pthread_mutex_t server_lock = PTHREAD_MUTEX_INITIALIZER; /* while the server is being killed and started */

static char type_of(const struct entry *before, const struct entry *after)
{
	return !before->there ? 'A' : after->there ? 'M' : 'D';
}

/* The write has happened: `object` is the version that it made (or, for a deletion, rv its version). */
static void happened(int i, const struct entry *after, const json_t *object, const char *rv)
{
	struct entry before = model[i];
	model[i] = *after;
	model[i].there = object != NULL;
	if (object)
		note_version(&model[i], object);
	if (strcmp(before.rv, rv) != 0)
		record(type_of(&before, &model[i]), i, rv);
}

/* Nobody answered: the server was killed. What is there now, the old or the new? */
static void find_out(int i, const struct operation *op)
{
	kl_autofree char *path = kl_asprintf(CMS "/%s", name_of(i));
	struct api_answer now = {0};
	do {
		api_answer_release(&now);
		pthread_mutex_lock(&server_lock);
		pthread_mutex_unlock(&server_lock);
		now = api_get(path);
	} while (now.code != 200 && now.code != 404);
	bool changed = now.code == 200
			       ? !model[i].there ||
					 strcmp(model[i].rv, kl_json_str(now.json, "metadata", "resourceVersion", NULL))
			       : model[i].there;
	if (changed && (op->dry || op->want >= 300))
		kl_test_failed(__FILE__, __LINE__, "%s %s: refused or dry, and yet carried out", op->method, op->path);
	if (changed && now.code == 200 && !same(&op->after, now.json))
		kl_test_failed(__FILE__, __LINE__, "%s %s: half carried out: %.300s", op->method, op->path,
			kl_buf_str(&now.body));
	if (changed && now.code == 404) {
		/* its deletion's version is known to nobody: watchers are told a version between the last one and the next */
		model[i] = (struct entry){0};
		record('D', i, "0");
	} else if (changed) {
		happened(i, &op->after, now.json, kl_json_str(now.json, "metadata", "resourceVersion", NULL));
	} else if (now.code == 200 && !same(&model[i], now.json)) {
		kl_test_failed(__FILE__, __LINE__, "%s: an acknowledged write is lost: %.300s", name_of(i),
			kl_buf_str(&now.body));
	}
	api_answer_release(&now);
}

/* The version that a deletion has made: that of the list right after it, since nobody else writes. */
static char *version_now(void)
{
	api_auto list = api_get(CMS "?limit=1");
	return list.code == 200 ? kl_strdup(kl_json_str(list.json, "metadata", "resourceVersion", NULL))
				: kl_strdup("0");
}

static void carry_out(int i, struct operation *op)
{
	kl_autofree char *body = op->body ? kl_json_text(op->body) : NULL;
	api_auto answer = api_send(&(struct api_request){
		.method = op->method, .path = op->path, .body = body, .content_type = op->content_type});
	if (!answer.code) {
		find_out(i, op);
		return;
	}
	if (answer.code != op->want) {
		kl_test_failed(__FILE__, __LINE__, "%s %s %s: %ld instead of %ld: %.300s", op->method, op->path,
			body ? body : "", answer.code, op->want, kl_buf_str(&answer.body));
		find_out(i, op);
		return;
	}
	if (answer.code > 299 || op->dry)
		return;
	if (!strcmp(op->method, "DELETE")) {
		kl_autofree char *rv = version_now();
		happened(i, &op->after, NULL, rv);
		return;
	}
	op->after.there = true;
	if (!same(&op->after, answer.json))
		kl_test_failed(__FILE__, __LINE__, "%s %s %s: unexpected result %.300s", op->method, op->path,
			body ? body : "", kl_buf_str(&answer.body));
	happened(i, &op->after, answer.json, kl_json_str(answer.json, "metadata", "resourceVersion", NULL));
}

/* --- reading: one object, all, in pages, by label --- */

static void check_one(int i)
{
	kl_autofree char *path = kl_asprintf(CMS "/%s", name_of(i));
	api_auto answer = api_get(path);
	if (!answer.code)
		return;
	if (answer.code != (model[i].there ? 200 : 404) || (model[i].there && !same(&model[i], answer.json)) ||
		(model[i].there && strcmp(kl_json_str(answer.json, "metadata", "resourceVersion", NULL), model[i].rv)))
		kl_test_failed(__FILE__, __LINE__, "%s: %ld %.300s", name_of(i), answer.code, kl_buf_str(&answer.body));
}

static void check_list(void)
{
	static const char *const labels[] = {"", "x", "y", "z"};
	const char *label = labels[choose(4)];
	char token[512] = "";
	size_t seen = 0, want = 0;
	for (int i = 0; i < NAMES; i++)
		want += model[i].there && (!*label || !strcmp(model[i].label, label));
	do {
		kl_autofree char *path = kl_asprintf(CMS "?limit=%u&continue=%s%s%s", 1 + choose(4), token,
			*label ? "&labelSelector=l%3D" : "", label);
		api_auto page = api_get(path);
		if (page.code != 200) /* killed; a token does not outlive that */
			return;
		size_t n;
		json_t *item;
		json_array_foreach (json_object_get(page.json, "items"), n, item) {
			int i = atoi(kl_json_str(item, "metadata", "name", NULL) + strlen("cm-"));
			if (i < 0 || i >= NAMES || !model[i].there || !same(&model[i], item))
				kl_test_failed(
					__FILE__, __LINE__, "listed: %s", kl_json_str(item, "metadata", "name", NULL));
			seen++;
		}
		snprintf(token, sizeof(token), "%s", kl_json_str(page.json, "metadata", "continue", NULL));
	} while (*token);
	if (seen != want)
		kl_test_failed(__FILE__, __LINE__, "%zu of %zu are listed with label '%s'", seen, want, label);
}

static void one_step(void)
{
	int i = (int)choose(NAMES);
	struct operation op = {.after = model[i]};
	op.after.there = true;
	if (!choose(6))
		check_list();
	else if (!choose(4))
		check_one(i);
	plans[choose(KL_ARRAY_LEN(plans))](i, &op);
	carry_out(i, &op);
	json_decref(op.body);
}

/* --- watchers --- */

struct watcher {
	pthread_t thread;
	struct told *seen;
	size_t count;
	unsigned resumed, listed, forgotten;
	_Atomic uint64_t rv; /* seen so far; 0: it has to list */
	bool there[NAMES];
};

static void see(struct watcher *w, char type, int name, uint64_t rv)
{
	if (w->count < LOG_MAX)
		w->seen[w->count++] = (struct told){rv, name, type};
	w->there[name] = type != 'D';
}

static int index_of(const json_t *object)
{
	const char *name = kl_json_str(object, "metadata", "name", NULL);
	return strncmp(name, "cm-", 3) ? -1 : atoi(name + 3);
}

/* The state as it is: what changed unseen becomes no event, but a mark that from here on all are seen. */
static bool list_again(struct watcher *w)
{
	api_auto list = api_get(CMS);
	size_t n;
	json_t *item;
	if (list.code != 200)
		return false;
	memset(w->there, 0, sizeof(w->there));
	json_array_foreach (json_object_get(list.json, "items"), n, item)
		if (index_of(item) >= 0)
			w->there[index_of(item)] = true;
	w->rv = strtoull(kl_json_str(list.json, "metadata", "resourceVersion", NULL), NULL, 10);
	w->listed++;
	see(w, 'L', 0, w->rv);
	return true;
}

/* One line; false: the watch is over. */
static bool take_line(struct watcher *w, const json_t *line)
{
	const char *type = kl_json_str(line, "type", NULL);
	const json_t *object = json_object_get(line, "object");
	if (!strcmp(type, "ERROR")) {
		w->forgotten++;
		w->rv = 0;
		if (kl_json_int(object, 0, "code", NULL) != 410)
			kl_test_failed(
				__FILE__, __LINE__, "a watch was told: %s", kl_json_str(object, "message", NULL));
		return false;
	}
	uint64_t rv = strtoull(kl_json_str(object, "metadata", "resourceVersion", NULL), NULL, 10);
	if (rv <= w->rv && strcmp(type, "BOOKMARK") != 0)
		kl_test_failed(__FILE__, __LINE__, "a watch goes back from %" PRIu64 " to %" PRIu64, w->rv, rv);
	if (strcmp(type, "BOOKMARK") != 0 && index_of(object) >= 0)
		see(w, type[0], index_of(object), rv);
	w->rv = rv;
	return true;
}

static void watch_once(struct watcher *w)
{
	kl_autofree char *path = kl_asprintf(CMS "?watch=1&allowWatchBookmarks=true&resourceVersion=%" PRIu64, w->rv);
	struct api_watch *watch = api_watch_open(path);
	bool ended = false;
	w->resumed++;
	while (!ended) {
		kl_autojson *line = api_watch_next(watch, 200, &ended);
		if (line && !take_line(w, line))
			break;
		if (!line && atomic_load(&over))
			break;
	}
	api_watch_close(watch);
}

static void *run_watcher(void *arg)
{
	struct watcher *w = arg;
	while (!atomic_load(&over)) {
		pthread_mutex_lock(&server_lock);
		pthread_mutex_unlock(&server_lock);
		if (w->rv || list_again(w))
			watch_once(w);
		else
			usleep(5000);
	}
	return NULL;
}

/*
 * What was seen against what happened: between two lists ('L'), every change of a version above the list's is there once, in
 * order. A deletion whose version nobody knows ("0") is looked for by its place alone.
 */
static void compare(const struct watcher *w, int number)
{
	size_t t = 0, missing = 0, extra = 0;
	uint64_t last = 0;
	for (size_t i = 0; i < w->count; i++) {
		const struct told *seen = &w->seen[i];
		if (seen->type == 'L') {
			while (t < truth_count && truth[t].rv <= seen->rv)
				t++; /* known from the list, or from before */
			last = seen->rv;
			continue;
		}
		if (seen->rv <= last) {
			extra++;
			continue;
		}
		last = seen->rv;
		if (t < truth_count && truth[t].name == seen->name && truth[t].type == seen->type &&
			(truth[t].rv == seen->rv || !truth[t].rv)) {
			t++;
			continue;
		}
		/* a gap: how far on does the truth have it? */
		size_t at = t;
		while (at < truth_count && truth[at].rv != seen->rv)
			at++;
		if (at == truth_count) {
			extra++;
			continue;
		}
		for (; t < at; t++)
			missing += truth[t].rv != 0;
		t++;
	}
	for (; t < truth_count; t++)
		missing += truth[t].rv > w->rv;
	if (missing || extra)
		kl_test_failed(__FILE__, __LINE__,
			"watcher %d: %zu of %zu changes missed, %zu told that were none or told twice", number, missing,
			truth_count, extra);
	for (int i = 0; i < NAMES; i++)
		if (w->there[i] != model[i].there)
			kl_test_failed(__FILE__, __LINE__, "watcher %d ends with %s %s", number, name_of(i),
				w->there[i] ? "there" : "gone");
}

/* --- kills --- */

/* After some more steps and a moment: whatever the machine's speed, there is something to lose. */
static void *run_killer(void *arg)
{
	(void)arg;
	while (!atomic_load(&spared)) {
		size_t until = atomic_load(&steps) + 3 + (size_t)kl_monotonic_ns() / 1000 % 60;
		while (!atomic_load(&spared) && atomic_load(&steps) < until)
			usleep(200);
		usleep((useconds_t)(kl_monotonic_ns() / 1000 % 2000));
		if (atomic_load(&spared))
			break;
		pthread_mutex_lock(&server_lock);
		api_kill();
		atomic_fetch_add(&kills, 1);
		api_apart();
		pthread_mutex_unlock(&server_lock);
	}
	atomic_store(&resting, true);
	while (!atomic_load(&over)) /* the server dies with the thread that has started it */
		usleep(1000);
	return NULL;
}

/* One more write, which is in no model: when a watcher knows of it, it knows of everything before. */
static void settle(struct watcher *watchers)
{
	int64_t until = kl_monotonic_ms() + 30000;
	struct api_answer end = {0};
	for (int i = 0; i < 3 && end.code != 201; i++) { /* the first may find its connection cut */
		api_answer_release(&end);
		end = api_post(CMS, "{\"metadata\":{\"generateName\":\"end-\"}}");
	}
	uint64_t last = strtoull(kl_json_str(end.json, "metadata", "resourceVersion", NULL), NULL, 10);
	KL_CHECK_INT(end.code, 201);
	api_answer_release(&end);
	for (int i = 0; i < WATCHERS; i++)
		while (atomic_load(&watchers[i].rv) < last && kl_monotonic_ms() < until)
			usleep(10000);
}

KL_TEST(random_operations_and_kills)
{
	const char *text = getenv("KL_TEST_SECONDS");
	int seconds = text ? atoi(text) : DEFAULT_SECONDS;
	struct watcher watchers[WATCHERS] = {0};
	pthread_t killer;
	truth = kl_calloc(LOG_MAX, sizeof(*truth));
	api_apart();
	for (int i = 0; i < WATCHERS; i++) {
		watchers[i].seen = kl_calloc(LOG_MAX, sizeof(*watchers[i].seen));
		list_again(&watchers[i]);
		pthread_create(&watchers[i].thread, NULL, run_watcher, &watchers[i]);
	}
	pthread_create(&killer, NULL, run_killer, NULL);
	for (int64_t until = kl_monotonic_ms() + seconds * 1000; kl_monotonic_ms() < until && steps < LOG_MAX / 2;
		steps++)
		one_step();
	atomic_store(&spared, true);
	while (!atomic_load(&resting))
		usleep(1000);
	for (int i = 0; i < NAMES; i++)
		check_one(i);
	settle(watchers);
	atomic_store(&over, true);
	pthread_join(killer, NULL);
	for (int i = 0; i < WATCHERS; i++) {
		pthread_join(watchers[i].thread, NULL);
		compare(&watchers[i], i);
		printf("watcher %d: %zu lines, resumed %u times, forgotten %u times, listed %u times\n", i,
			watchers[i].count, watchers[i].resumed, watchers[i].forgotten, watchers[i].listed);
		free(watchers[i].seen);
	}
	printf("KL_TEST_SEED=%s: %zu operations, %zu changes, %u kills\n", getenv("KL_TEST_SEED"), atomic_load(&steps),
		truth_count, atomic_load(&kills));
	KL_CHECK(atomic_load(&steps) > 0);
	free(truth);
}

int main(int argc, char **argv)
{
	api_serve(argc, argv);
	kl_autofree char *seed = kl_asprintf("%" PRId64, kl_realtime_ms());
	setenv("KL_TEST_SEED", seed, 0);
	return kl_test_main(argc, argv);
}
