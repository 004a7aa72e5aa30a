/*
 * keelson bench control: the API server under load, over TLS, on the processors that it shares with the load generator.
 * Every figure stands beside what bounds it on this machine, measured in the same run.
 */
#include "bench_control.h"
#include "bench.h"

#include "clock.h"
#include "cmd.h"
#include "mem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct kl_cmd bench_cmd;

void bench_add(struct bench_run *run, const struct bench_figure *figure)
{
	if (run->figure_count < KL_ARRAY_LEN(run->figures))
		run->figures[run->figure_count++] = *figure;
}

/* --- requests --- */

/* As a whole about 1,380 bytes once the server has stored it. */
#define OBJECT_FORM                                                                                             \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"%s-%lld\",\"labels\":{\"app\":" \
	"\"bench\","                                                                                            \
	"\"tier\":\"t%lld\"}},\"data\":{\"key\":\"value-%lld\",\"text\":\"%0*d\"}}"
enum { SMALL = 300, LARGE = 850 };

static size_t make_object(
	const struct bench_run *run, const char *ns, const char *name, int64_t n, int fill, char *buf, size_t size)
{
	char body[2048];
	int len = snprintf(
		body, sizeof(body), OBJECT_FORM, name, (long long)n, (long long)(n % 7), (long long)n, fill, 0);
	return (size_t)snprintf(buf, size,
		"POST /api/v1/namespaces/%s/configmaps HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %d\r\n\r\n%s",
		ns, run->target->host, len, body);
}

static size_t make_create(const struct bench_run *run, int64_t n, char *buf, size_t size)
{
	return make_object(run, run->ns, "made", n, SMALL, buf, size);
}

static size_t make_listed(const struct bench_run *run, int64_t n, char *buf, size_t size)
{
	kl_autofree char *ns = kl_asprintf("%s-list", run->ns);
	return make_object(run, ns, "listed", n, LARGE, buf, size);
}

static size_t make_get(const struct bench_run *run, int64_t n, char *buf, size_t size)
{
	return (size_t)snprintf(buf, size,
		"GET /api/v1/namespaces/%s/configmaps/made-%lld HTTP/1.1\r\nHost: %s\r\n\r\n", run->ns,
		(long long)(n * 7919 % run->created), run->target->host);
}

static size_t make_list(const struct bench_run *run, int64_t n, char *buf, size_t size)
{
	(void)n;
	return (size_t)snprintf(buf, size, "GET /api/v1/namespaces/%s-list/configmaps HTTP/1.1\r\nHost: %s\r\n\r\n",
		run->ns, run->target->host);
}

static size_t make_health(const struct bench_run *run, int64_t n, char *buf, size_t size)
{
	(void)n;
	return (size_t)snprintf(buf, size, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", run->target->host);
}

/* --- the parts --- */

static int refused(const struct bench_rate *rate, const char *what, struct kl_err *err)
{
	return rate->failures ? kl_fail_msg(err, EPROTO, "%lld of %lld %s were refused", (long long)rate->failures,
					(long long)rate->answers, what)
			      : 0;
}

static int measure_floor(struct bench_run *run, struct kl_err *err)
{
	struct bench_rate rate;
	int rc = bench_load(run, run->options.connections, run->options.seconds, 0, make_health, &rate, err);
	run->exchanges = rate.per_second;
	return rc;
}

static int measure_creates(struct bench_run *run, struct kl_err *err)
{
	struct bench_rate rate;
	int64_t before = bench_resident(run->pid);
	int rc = bench_load(run, run->options.connections, run->options.seconds, 0, make_create, &rate, err);
	if (rc == 0)
		rc = refused(&rate, "creates", err);
	if (rc < 0)
		return rc;
	run->created = rate.answers;
	run->object_bytes = (double)rate.body_bytes;
	double most = run->fsyncs * run->options.connections;
	bool disk = most > 0 && most < run->exchanges;
	bench_add(run,
		&(struct bench_figure){.key = "creates_per_s",
			.what = "durable creates",
			.unit = "/s",
			.value = rate.per_second,
			.aim = 20000,
			.at_least = true,
			.bound = disk ? "the disk's syncs, one for all connections" : "exchanges without an object",
			.bound_value = disk ? most : run->exchanges,
			.bound_unit = "/s",
			.ratio = rate.per_second / (disk ? most : run->exchanges),
			.client_share = rate.client_share});
	if (!before)
		return 0;
	sleep(1); /* memory that is only on loan goes back */
	double each = (double)(bench_resident(run->pid) - before) / (double)rate.answers;
	bench_add(run, &(struct bench_figure){.key = "bytes_beyond_json",
			       .what = "memory of an object beyond its JSON",
			       .unit = "B",
			       .value = each - run->object_bytes,
			       .aim = 1024,
			       .bound = "its JSON",
			       .bound_value = run->object_bytes,
			       .bound_unit = "B",
			       .ratio = (each - run->object_bytes) / run->object_bytes,
			       .client_share = -1});
	return 0;
}

static int measure_gets(struct bench_run *run, struct kl_err *err)
{
	struct bench_rate rate;
	int rc = bench_load(run, run->options.connections, run->options.seconds, 0, make_get, &rate, err);
	if (rc == 0)
		rc = refused(&rate, "gets", err);
	if (rc < 0)
		return rc;
	bench_add(run, &(struct bench_figure){.key = "gets_per_s",
			       .what = "gets",
			       .unit = "/s",
			       .value = rate.per_second,
			       .aim = 50000,
			       .at_least = true,
			       .bound = "exchanges without an object",
			       .bound_value = run->exchanges,
			       .bound_unit = "/s",
			       .ratio = rate.per_second / run->exchanges,
			       .client_share = rate.client_share});
	return 0;
}

static int measure_list(struct bench_run *run, struct kl_err *err)
{
	struct bench_rate rate;
	int rc = bench_load(run, run->options.connections, 60, run->options.objects, make_listed, &rate, err);
	if (rc == 0)
		rc = refused(&rate, "creates", err);
	if (rc == 0)
		rc = bench_load(run, 1, run->options.seconds, 0, make_list, &rate, err);
	if (rc < 0)
		return rc;
	double cipher = bench_cipher_ms((size_t)rate.body_bytes);
	kl_autofree char *what =
		kl_asprintf("list of %d objects, %.1f MB, median", run->options.objects, (double)rate.body_bytes / 1e6);
	bench_add(run, &(struct bench_figure){.key = "list_ms",
			       .what = kl_strdup(what),
			       .unit = "ms",
			       .value = rate.median_ms,
			       .aim = 6,
			       .bound = "AES-GCM of its bytes, both ends",
			       .bound_value = cipher,
			       .bound_unit = "ms",
			       .ratio = rate.median_ms / cipher,
			       .client_share = rate.client_share});
	return 0;
}

static int measure_watch(struct bench_run *run, struct kl_err *err)
{
	struct bench_told told = {0};
	int rc = bench_watch(run, &told, err);
	if (rc < 0)
		return rc;
	/* one sends, one receives: about half an exchange each */
	double floor = run->exchanges ? run->options.watchers / run->exchanges / 2 * 1e3 : 0;
	const struct {
		const char *key, *what;
		double value, aim;
	} rows[] = {
		{"watchers_all_ms", "a change told to all of %d watchers", told.all_ms, 100},
		{"watchers_p99_ms", "… to 99 %% of %d watchers", told.p99_ms, 0},
		{"watchers_median_ms", "… to half of %d watchers", told.median_ms, 0},
		{"watchers_worst_ms", "… to all of %d, the slowest change", told.worst_ms, 0},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(rows); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		char *what = kl_asprintf(rows[i].what, run->options.watchers);
#pragma GCC diagnostic pop
		bench_add(run, &(struct bench_figure){.key = rows[i].key,
				       .what = what,
				       .unit = "ms",
				       .value = rows[i].value,
				       .aim = rows[i].aim,
				       .bound = i ? NULL : "half an exchange without an object for each",
				       .bound_value = floor,
				       .bound_unit = "ms",
				       .ratio = floor ? rows[i].value / floor : 0,
				       .client_share = i ? -1 : told.client_share});
	}
	if (told.watcher_bytes > 0)
		bench_add(run, &(struct bench_figure){.key = "watcher_bytes",
				       .what = "the server's memory for a watcher",
				       .unit = "B",
				       .value = (double)told.watcher_bytes,
				       .client_share = -1});
	return 0;
}

static int measure_start(struct bench_run *run, struct kl_err *err)
{
	struct bench_server *server = &run->server;
	bench_add(run, &(struct bench_figure){.key = "ready_ms",
			       .what = "ready after start, no data",
			       .unit = "ms",
			       .value = server->ready_ms,
			       .aim = 100,
			       .client_share = -1});
	sleep(1);
	bench_add(run, &(struct bench_figure){.key = "idle_mb",
			       .what = "resident, idle",
			       .unit = "MB",
			       .value = (double)bench_resident(run->pid) / 1e6,
			       .aim = 25,
			       .client_share = -1});
	(void)err;
	return 0;
}

static int measure_restart(struct bench_run *run, struct kl_err *err)
{
	int rc = bench_server_restart(&run->server, err);
	if (rc < 0)
		return rc;
	run->pid = run->server.pid;
	run->target = &run->server.target;
	bench_add(run, &(struct bench_figure){.key = "ready_again_ms",
			       .what = kl_asprintf("ready after start, %lld objects",
				       (long long)run->created + run->options.objects),
			       .unit = "ms",
			       .value = run->server.ready_ms,
			       .client_share = -1});
	return 0;
}

/* In this order: later ones need what earlier ones made. */
static const struct part {
	const char *name;
	int (*measure)(struct bench_run *run, struct kl_err *err);
	bool own_server; /* only with a server of our own */
} parts[] = {
	{"start", measure_start, true},
	{"floor", measure_floor, false},
	{"creates", measure_creates, false},
	{"gets", measure_gets, false},
	{"list", measure_list, false},
	{"watch", measure_watch, false},
	{"restart", measure_restart, true},
};

static bool wanted(const struct bench_run *run, const char *name)
{
	const char *only = run->options.only;
	if (!only || !strcmp(name, "floor") || (!strcmp(name, "creates") && strstr(only, "gets")))
		return true;
	return strstr(only, name) != NULL;
}

static int make_namespaces(struct bench_run *run, struct kl_err *err)
{
	snprintf(run->ns, sizeof(run->ns), "bench-%d", (int)getpid());
	const char *suffixes[] = {"", "-list", "-watch"};
	for (size_t i = 0; i < KL_ARRAY_LEN(suffixes); i++) {
		kl_autofree char *body =
			kl_asprintf("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"%s%s\"}}",
				run->ns, suffixes[i]);
		int rc = bench_ask(run->target, "POST", "/api/v1/namespaces", body, NULL, err);
		if (rc != 201)
			return rc < 0 ? rc : kl_fail_msg(err, EPROTO, "a namespace was answered with %d", rc);
	}
	return 0;
}

static void remove_namespaces(struct bench_run *run)
{
	const char *suffixes[] = {"", "-list", "-watch"};
	for (size_t i = 0; i < KL_ARRAY_LEN(suffixes); i++) {
		kl_autofree char *path = kl_asprintf("/api/v1/namespaces/%s%s", run->ns, suffixes[i]);
		bench_ask(run->target, "DELETE", path, NULL, NULL, NULL);
	}
}

static int measure_all(struct bench_run *run, bool own, struct kl_err *err)
{
	run->fsyncs = own ? bench_fsyncs(run->server.dir) : 0;
	int rc = make_namespaces(run, err);
	for (size_t i = 0; i < KL_ARRAY_LEN(parts) && rc == 0; i++)
		if (wanted(run, parts[i].name) && (own || !parts[i].own_server))
			rc = parts[i].measure(run, err);
	if (!own)
		remove_namespaces(run);
	return rc;
}

/* --- output --- */

static bool reached(const struct bench_figure *f)
{
	return f->at_least ? f->value >= f->aim : f->value <= f->aim;
}

static char *number(double value)
{
	return value >= 1000  ? kl_asprintf("%.0f", value)
	       : value >= 100 ? kl_asprintf("%.1f", value)
			      : kl_asprintf("%.2f", value);
}

static void print_row(struct kl_columns *table, const struct bench_figure *f)
{
	kl_autofree char *value = number(f->value), *aim = number(f->aim), *bound_value = number(f->bound_value);
	kl_autofree char *with_unit = kl_asprintf("%s %s", value, f->unit);
	kl_autofree char *aim_text =
		f->aim ? kl_asprintf("%s %s %s", f->at_least ? "≥" : "≤", aim, reached(f) ? "" : "MISSED")
		       : kl_strdup("-");
	kl_autofree char *bound =
		f->bound ? kl_asprintf("%.2f × %s (%s %s)", f->ratio, f->bound, bound_value, f->bound_unit)
			 : kl_strdup("-");
	kl_autofree char *client =
		f->client_share >= 0 ? kl_asprintf("%.0f %%", f->client_share * 100) : kl_strdup("-");
	kl_columns_row(table, (const char *const[]){f->what, with_unit, aim_text, client, bound});
}

static void print_table(const struct bench_run *run)
{
	struct kl_columns *table =
		kl_columns_new((const char *const[]){"FIGURE", "VALUE", "AIM", "GENERATOR", "BOUND BY", NULL});
	for (size_t i = 0; i < run->figure_count; i++)
		print_row(table, &run->figures[i]);
	kl_columns_print(table);
	printf("\n%d connections, TLS; exchanges without an object: %.0f/s; syncs of the disk: %.0f/s; GENERATOR: its "
	       "share of the processors\n",
		run->options.connections, run->exchanges, run->fsyncs);
}

static void print_json(const struct bench_run *run)
{
	kl_autojson *json = json_object();
	json_object_set_new(json, "connections", json_integer(run->options.connections));
	json_object_set_new(json, "exchangesPerSecond", json_real(run->exchanges));
	json_object_set_new(json, "syncsPerSecond", json_real(run->fsyncs));
	json_t *figures = json_object();
	json_object_set_new(json, "figures", figures);
	for (size_t i = 0; i < run->figure_count; i++) {
		const struct bench_figure *f = &run->figures[i];
		json_t *one = json_pack("{s:s, s:f, s:s}", "what", f->what, "value", f->value, "unit", f->unit);
		if (f->aim) {
			json_object_set_new(one, "aim", json_real(f->aim));
			json_object_set_new(one, "reached", json_boolean(reached(f)));
		}
		if (f->bound)
			json_object_set_new(one, "bound",
				json_pack("{s:s, s:f, s:s, s:f}", "what", f->bound, "value", f->bound_value, "unit",
					f->bound_unit, "ratio", f->ratio));
		if (f->client_share >= 0)
			json_object_set_new(one, "generatorShare", json_real(f->client_share));
		json_object_set_new(figures, f->key, one);
	}
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
}

/* --- the command --- */

/* Somebody else's server. */
static int use_server(
	struct bench_run *run, struct kl_kubeconfig *config, struct bench_target *target, struct kl_err *err)
{
	const char *path = run->options.kubeconfig ? run->options.kubeconfig : getenv("KUBECONFIG");
	if (!path)
		return kl_fail_msg(
			err, EINVAL, "--server needs --kubeconfig FILE with the administrator's certificate");
	int rc = kl_kubeconfig_load(path, config, err);
	if (rc < 0)
		return rc;
	if (run->options.server) {
		free(config->server);
		config->server = kl_strdup(run->options.server);
	}
	run->target = target;
	return bench_target_init(config, target, err);
}

static int bench(struct bench_run *run, struct kl_err *err)
{
	struct kl_kubeconfig config = {0};
	struct bench_target target = {0};
	bool own = !run->options.server && !run->options.kubeconfig;
	int rc = own ? bench_server_start(run->options.data_dir, &run->server, err)
		     : use_server(run, &config, &target, err);
	if (rc == 0 && own) {
		run->pid = run->server.pid;
		run->target = &run->server.target;
	}
	if (rc == 0)
		rc = measure_all(run, own, err);
	bench_server_end(&run->server);
	bench_target_release(&target);
	kl_kubeconfig_release(&config);
	return rc;
}

static bool valid(const struct bench_options *o)
{
	return o->connections >= 1 && o->connections <= 1024 && o->seconds >= 1 && o->seconds <= 3600 &&
	       o->objects >= 1 && o->watchers >= 1 && o->watchers <= 50000 && o->changes >= 1 && o->changes <= 100000;
}

int kl_bench_control(int argc, char **argv)
{
	struct bench_run run = {.options = {.data_dir = "/tmp",
					.output = "table",
					.connections = 32,
					.seconds = 3,
					.objects = 5000,
					.watchers = 10000,
					.changes = 9}};
	struct bench_options *o = &run.options;
	const struct kl_opt opts[] = {
		{"server", 0, KL_OPT_STRING, &o->server},
		{"kubeconfig", 0, KL_OPT_STRING, &o->kubeconfig},
		{"data-dir", 0, KL_OPT_STRING, &o->data_dir},
		{"only", 0, KL_OPT_STRING, &o->only},
		{"connections", 0, KL_OPT_INT, &o->connections},
		{"seconds", 0, KL_OPT_INT, &o->seconds},
		{"objects", 0, KL_OPT_INT, &o->objects},
		{"watchers", 0, KL_OPT_INT, &o->watchers},
		{"changes", 0, KL_OPT_INT, &o->changes},
		{"output", 'o', KL_OPT_STRING, &o->output},
	};
	struct kl_err err = {0};
	bool json;
	if (kl_opts_parse(&bench_cmd, opts, KL_ARRAY_LEN(opts), argc, argv) > 0) {
		fprintf(stderr, "keelson bench control: it takes no argument '%s'\n", argv[1]);
		return KL_EXIT_USAGE;
	}
	json = !strcmp(o->output, "json");
	if ((!json && strcmp(o->output, "table") != 0) || !valid(o)) {
		fprintf(stderr,
			"keelson bench control: a number is out of its range, or -o is neither table nor json\n");
		return KL_EXIT_USAGE;
	}
	int rc = bench(&run, &err);
	if (rc < 0)
		return kl_cmd_fail(&bench_cmd, "%s", kl_err_text(&err));
	(json ? print_json : print_table)(&run);
	return KL_EXIT_OK;
}

static const struct kl_cmd bench_cmd = {
	.name = "bench control",
	.help = "Usage: keelson bench control [OPTIONS]\n\n"
		"Starts a server of its own in a folder that it removes again, and measures over TLS, on the "
		"processors that\n"
		"the server shares with the load generator: durable creates and gets a second, the list of thousands "
		"of objects,\n"
		"how long a change takes to reach thousands of watchers, memory, and the time until it is ready. "
		"Beside each\n"
		"figure stands what bounds it, measured in the same run.\n\n"
		"      --connections N     (32)\n"
		"      --seconds N         of creates, and of gets (3)\n"
		"      --objects N         in the list (5000)\n"
		"      --watchers N        each on a connection of its own (10000)\n"
		"      --changes N         that the watchers are told of (9)\n"
		"      --only PART,…       of start, creates, gets, list, watch, restart\n"
		"      --data-dir DIR      where the server's folder is made: its disk is what creates are synced to "
		"(/tmp)\n"
		"      --kubeconfig FILE   measure that server instead, as its administrator, in namespaces of its "
		"own\n"
		"      --server URL        … at another address than the kubeconfig's\n"
		"  -o, --output FORMAT     table or json\n",
};
