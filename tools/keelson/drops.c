/*
 * `keelson drops`: what was refused, why, and what to do; with --all everything that the programs count.
 */
#include "cmd.h"

#include "clock.h"
#include "look.h"
#include "mapnames.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct drops_options {
	struct kl_look_options look;
	bool watch, all;
	int interval_s, count;
};

/* Two readings, and the time between them; the first has none before it. */
struct reading {
	struct kl_map_counters now, before;
	double seconds; /* 0: since the tables were made */
};

static volatile sig_atomic_t stopped;

static void on_signal(int signum)
{
	(void)signum;
	stopped = 1;
}

static double rate(const struct reading *reading, const struct kl_counter_row *row)
{
	uint64_t more = kl_counter_value(&reading->now, row) - kl_counter_value(&reading->before, row);
	return reading->seconds > 0 ? (double)more / reading->seconds : 0;
}

static bool wanted(const struct drops_options *o, const struct kl_counter_row *row)
{
	return o->all || row->kind == KL_COUNTER_DROP;
}

static json_t *row_json(const struct reading *reading, const struct kl_counter_row *row)
{
	json_t *json = json_pack("{s:s, s:I, s:s}", "counter", row->name, "total",
		(json_int_t)kl_counter_value(&reading->now, row), "meaning", row->what);
	if (row->reason)
		json_object_set_new(json, "reason", json_string(row->reason));
	if (row->advice)
		json_object_set_new(json, "advice", json_string(row->advice));
	if (reading->seconds > 0)
		json_object_set_new(json, "perSecond", json_real(rate(reading, row)));
	return json;
}

static void print_json(const struct drops_options *o, const struct reading *reading)
{
	size_t count;
	const struct kl_counter_row *rows = kl_counter_rows(&count);
	char now[KL_TIME_TEXT];
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		if (wanted(o, &rows[i]))
			json_array_append_new(list, row_json(reading, &rows[i]));
	kl_time_format_ms(kl_realtime_ms(), now);
	kl_autojson *json = json_pack("{s:s, s:o}", "time", now, "counters", list);
	json_dumpf(json, stdout, o->watch ? JSON_COMPACT : JSON_INDENT(2));
	putchar('\n');
}

static char *rate_text(double value)
{
	return value <= 0 ? kl_strdup("-") : kl_asprintf(value < 10 ? "%.1f" : "%.0f", value);
}

static void print_table(const struct drops_options *o, const struct reading *reading)
{
	static const char *const headers[] = {"REASON", "TOTAL", "PER-SECOND", "WHAT HAPPENED", NULL};
	static const char *const once[] = {"REASON", "TOTAL", "WHAT HAPPENED", NULL};
	bool rates = reading->seconds > 0;
	struct kl_columns *table = kl_columns_new(rates ? headers : once);
	size_t count;
	const struct kl_counter_row *rows = kl_counter_rows(&count);
	for (size_t i = 0; i < count; i++) {
		uint64_t value = kl_counter_value(&reading->now, &rows[i]);
		bool moving = rate(reading, &rows[i]) > 0, drop = rows[i].kind == KL_COUNTER_DROP;
		if (!wanted(o, &rows[i]))
			continue;
		kl_autofree char *name = kl_coloured(moving && drop ? KL_RED
						     : value        ? KL_PLAIN
								    : KL_DIM,
			rows[i].reason ? rows[i].reason : rows[i].name);
		kl_autofree char *total = kl_asprintf("%llu", (unsigned long long)value);
		kl_autofree char *each = rate_text(rate(reading, &rows[i]));
		const char *with[] = {name, total, each, rows[i].what}, *without[] = {name, total, rows[i].what};
		kl_columns_row(table, rates ? with : without);
	}
	kl_columns_print(table);
}

/* What to do about those that count up, or without a rate those that ever did. */
static void print_advice(const struct reading *reading)
{
	size_t count;
	const struct kl_counter_row *rows = kl_counter_rows(&count);
	bool first = true;
	for (size_t i = 0; i < count; i++) {
		bool there = reading->seconds > 0 ? rate(reading, &rows[i]) > 0
						  : kl_counter_value(&reading->now, &rows[i]) > 0;
		if (!rows[i].advice || !there)
			continue;
		printf("%s%s%s%s: %s\n", first ? "\n" : "", kl_colour(KL_BOLD), rows[i].reason, kl_colour(KL_PLAIN),
			rows[i].advice);
		first = false;
	}
}

static void print(const struct drops_options *o, const struct reading *reading)
{
	if (o->look.output) {
		print_json(o, reading);
	} else {
		if (o->watch && isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		print_table(o, reading);
		print_advice(reading);
		if (o->watch)
			putchar('\n');
	}
	fflush(stdout);
}

static int watch(const struct kl_look *look, const struct drops_options *o, struct reading *reading, struct kl_err *err)
{
	int64_t last_ns = kl_monotonic_ns();
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	for (int i = 0; !stopped && (!o->count || i < o->count); i++) {
		sleep((unsigned)o->interval_s);
		if (stopped)
			break;
		reading->before = reading->now;
		if (kl_maps_counters(look->maps, &reading->now, err))
			return kl_cmd_fail(&kl_cmd_drops, "%s", err->text);
		int64_t now_ns = kl_monotonic_ns();
		reading->seconds = (double)(now_ns - last_ns) / 1e9;
		last_ns = now_ns;
		print(o, reading);
	}
	return KL_EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct drops_options o = {.interval_s = 1};
	const struct kl_opt opts[] = {
		KL_LOOK_OPTS(&o.look),
		{"watch", 'w', KL_OPT_FLAG, &o.watch},
		{"all", 0, KL_OPT_FLAG, &o.all},
		{"interval", 0, KL_OPT_INT, &o.interval_s},
		{"count", 'n', KL_OPT_INT, &o.count},
	};
	struct kl_err err = {0};
	struct reading reading = {0};
	if (kl_opts_parse(&kl_cmd_drops, opts, KL_ARRAY_LEN(opts), argc, argv))
		return kl_cmd_fail(&kl_cmd_drops, "takes options only"), KL_EXIT_USAGE;
	if (o.interval_s < 1 || o.count < 0)
		return kl_cmd_fail(&kl_cmd_drops, "--interval is at least 1, --count not negative"), KL_EXIT_USAGE;
	kl_look_check_output(&kl_cmd_drops, o.look.output, "json");
	kl_autolook look;
	if (!kl_look_open_maps(&kl_cmd_drops, &o.look, &look))
		return KL_EXIT_FAILURE;
	if (kl_maps_counters(look.maps, &reading.now, &err))
		return kl_cmd_fail(&kl_cmd_drops, "%s", err.text);
	if (o.watch)
		return watch(&look, &o, &reading, &err);
	print(&o, &reading);
	return KL_EXIT_OK;
}

const struct kl_cmd kl_cmd_drops = {
	.name = "drops",
	.summary = "Show what a node's dataplane refused, why, and what to do about it",
	.run = run,
	.help = "Usage: keelson drops [--watch] [--all] [-o json]\n\n"
		"Every reason to drop a packet or to refuse a connection has a counter; this adds them up over the "
		"CPUs. They count\n"
		"from when the tables were made and survive restarts of the agent.\n\n"
		"  -w, --watch          every second, what came since (a line of JSON with -o json)\n"
		"      --interval SEC   with --watch: how often\n"
		"  -n, --count N        with --watch: so many times, then end\n"
		"      --all            everything that is counted, not only drops\n" KL_LOOK_HELP
		"  -o, --output json\n\n"
		"Examples:\n"
		"  keelson drops\n"
		"  keelson drops --watch --node node2\n"
		"  keelson drops --all -o json | jq '.counters[] | select(.total > 0) | {(.counter): .total}'\n",
};
