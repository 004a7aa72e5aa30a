/*
 * `keelson maglev`: how evenly a Service's Maglev table spreads, whether nodes agree, and what a change would move.
 */
#include "cmd.h"

#include "look.h"
#include "maglev_table.h"
#include "mapnames.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct maglev_options {
	struct kl_look_options look;
	const char *remove, *add;
	int weight;
};

/* The one Service meant; several ports are told apart by their key. */
static uint32_t find_service(const struct kl_look *look, const char *wanted)
{
	const struct kl_maps *maps = look->maps;
	uint32_t found = 0;
	for (uint32_t i = 1; i < maps->entries[KL_MAP_NAMES]; i++) {
		const char *key = maps->names[i].key;
		if (!*key || !kl_lb_matches(key, wanted))
			continue;
		if (!strcmp(key, wanted))
			return i;
		if (found) {
			kl_cmd_fail(&kl_cmd_maglev, "'%s' is %s and %s, at least: say which", wanted,
				maps->names[found].key, key);
			return 0;
		}
		found = i;
	}
	if (!found)
		kl_cmd_fail(&kl_cmd_maglev, "no Service '%s' in the tables of %s", wanted, look->name);
	return found;
}

static char *backend_text(const struct kl_backend *backend)
{
	char text[KL_ADDR_TEXT];
	kl_addr_format(&backend->addr, text);
	return kl_asprintf(strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, backend->port);
}

static uint32_t weight_of(const struct kl_backend *backend)
{
	return backend->weight ? backend->weight : 1;
}

/* --- show */

struct spread {
	uint32_t *counts;
	uint64_t weights;
	double least, most; /* deviation from the share that the weight asks for */
};

static struct spread spread_of(const struct kl_maglev_table *table)
{
	struct spread ret = {.counts = kl_calloc(table->count + 1, sizeof(uint32_t))};
	for (uint32_t i = 0; i < table->size; i++)
		if (table->slots[i] < table->count)
			ret.counts[table->slots[i]]++;
	for (size_t i = 0; i < table->count; i++)
		ret.weights += weight_of(&table->backends[i]);
	return ret;
}

static double deviation(const struct kl_maglev_table *table, const struct spread *spread, size_t i)
{
	double wanted = (double)weight_of(&table->backends[i]) / (double)spread->weights * table->size;
	return wanted > 0 ? spread->counts[i] / wanted - 1 : 0;
}

static json_t *shares_json(const struct kl_maglev_table *table, struct spread *spread)
{
	json_t *list = json_array();
	for (size_t i = 0; i < table->count; i++) {
		double off = deviation(table, spread, i);
		kl_autofree char *text = backend_text(&table->backends[i]);
		spread->least = !i || off < spread->least ? off : spread->least;
		spread->most = !i || off > spread->most ? off : spread->most;
		json_array_append_new(
			list, json_pack("{s:s, s:i, s:i, s:f, s:f}", "backend", text, "weight",
				      (int)weight_of(&table->backends[i]), "slots", (int)spread->counts[i], "share",
				      (double)spread->counts[i] / table->size, "deviation", off));
	}
	return list;
}

static json_t *table_json(const struct kl_maglev_table *table)
{
	struct spread spread = spread_of(table);
	json_t *shares = shares_json(table, &spread);
	kl_autofree char *hash = kl_asprintf("%016" PRIx64, kl_maglev_table_hash(table));
	json_t *json = json_pack("{s:i, s:s, s:f, s:f, s:o}", "size", (int)table->size, "hash", hash, "minDeviation",
		spread.least, "maxDeviation", spread.most, "shares", shares);
	free(spread.counts);
	return json;
}

static void print_table(const json_t *table, const char *what)
{
	static const char *const headers[] = {"BACKEND", "WEIGHT", "SLOTS", "SHARE", "DEVIATION", NULL};
	struct kl_columns *columns = kl_columns_new(headers);
	size_t i;
	json_t *share;
	printf("%s%lld slots for %zu backends, deviation %+.2f %% to %+.2f %%, hash %s\n", what,
		(long long)kl_json_int(table, 0, "size", NULL), json_array_size(kl_json_get(table, "shares", NULL)),
		json_real_value(kl_json_get(table, "minDeviation", NULL)) * 100,
		json_real_value(kl_json_get(table, "maxDeviation", NULL)) * 100, kl_json_str(table, "hash", NULL));
	json_array_foreach (kl_json_get(table, "shares", NULL), i, share) {
		kl_autofree char *weight = kl_asprintf("%lld", (long long)kl_json_int(share, 0, "weight", NULL));
		kl_autofree char *slots = kl_asprintf("%lld", (long long)kl_json_int(share, 0, "slots", NULL));
		kl_autofree char *part =
			kl_asprintf("%.2f %%", json_real_value(kl_json_get(share, "share", NULL)) * 100);
		kl_autofree char *off =
			kl_asprintf("%+.2f %%", json_real_value(kl_json_get(share, "deviation", NULL)) * 100);
		const char *cells[] = {kl_json_str(share, "backend", NULL), weight, slots, part, off};
		kl_columns_row(columns, cells);
	}
	kl_columns_print(columns);
}

static int show(const struct kl_look *look, uint32_t service, const struct maglev_options *o)
{
	kl_autolbindex *index = kl_lb_index_new(look->maps);
	const struct kl_map_set *set = kl_lb_set(look->maps, service);
	kl_automaglev table;
	kl_maglev_table_read(index, look->maps, service, false, &table);
	kl_autojson *json = table_json(&table);
	json_object_set_new(json, "service", json_string(look->maps->names[service].key));
	json_object_set_new(json, "algorithm", json_string(set ? kl_algorithm_name(set->algorithm) : "none"));
	if (o->look.output)
		return kl_look_print_json(json);
	printf("Service:   %s\n", look->maps->names[service].key);
	if (!set || set->algorithm != KL_PICK_MAGLEV)
		printf("Balancing: %s, not maglev (annotation keelson.dev/load-balancing): these are its slots\n",
			set ? kl_algorithm_name(set->algorithm) : "none");
	print_table(json, "Table:     ");
	return KL_EXIT_OK;
}

/* --- disruption */

static bool take_away(struct kl_maglev_table *after, const char *text)
{
	struct kl_addr addr;
	uint16_t port;
	if (kl_endpoint_parse(text, &addr, &port)) {
		kl_cmd_fail(&kl_cmd_maglev, "--remove wants IP:PORT, not '%s'", text);
		return false;
	}
	for (size_t i = 0; i < after->count; i++)
		if (kl_addr_equal(&after->backends[i].addr, &addr) && (!port || after->backends[i].port == port)) {
			memmove(&after->backends[i], &after->backends[i + 1],
				(after->count - i - 1) * sizeof(*after->backends));
			after->count--;
			return true;
		}
	kl_cmd_fail(&kl_cmd_maglev, "'%s' is no backend that takes new connections", text);
	return false;
}

/* With the address of a pod that is there its weight changes, otherwise a backend is added. */
static bool put_in(struct kl_maglev_table *after, const char *text, int weight)
{
	struct kl_backend fresh = {.weight = (uint16_t)weight, .flags = KL_BACKEND_READY};
	if (kl_endpoint_parse(text, &fresh.addr, &fresh.port) || !fresh.port) {
		kl_cmd_fail(&kl_cmd_maglev, "--add wants IP:PORT, not '%s'", text);
		return false;
	}
	long at = kl_maglev_table_find(after, &fresh.addr, fresh.port);
	if (at >= 0) {
		after->backends[at].weight = fresh.weight;
		return true;
	}
	after->backends = kl_reallocarray(after->backends, after->count + 1, sizeof(*after->backends));
	after->backends[after->count++] = fresh;
	return true;
}

static void print_disruption(const struct kl_maglev_table *before, const struct kl_maglev_table *after,
	const struct kl_maglev_change *change)
{
	printf("Before:    %u slots for %zu backends, hash %016" PRIx64 "\n", before->size, before->count,
		kl_maglev_table_hash(before));
	printf("After:     %u slots for %zu backends, hash %016" PRIx64 "\n", after->size, after->count,
		kl_maglev_table_hash(after));
	if (before->size == after->size)
		printf("Changed:   %u of %u slots, ", change->slots_changed, before->size);
	else
		printf("Resized:   ");
	printf("%.2f %% of new flows go elsewhere; %.2f %% had to\n", change->moved * 100, change->necessary * 100);
	puts("Connections that are in the table stay where they are, unless their backend is gone.");
}

static int disruption(const struct kl_look *look, uint32_t service, const struct maglev_options *o)
{
	kl_autolbindex *index = kl_lb_index_new(look->maps);
	kl_automaglev kernel, before, changed, after;
	struct kl_maglev_change change;
	kl_maglev_table_read(index, look->maps, service, false, &kernel);
	kl_maglev_table_compute(kernel.backends, kernel.count, &before);
	kl_maglev_table_compute(kernel.backends, kernel.count, &changed);
	bool fine = (!o->remove || take_away(&changed, o->remove)) && (!o->add || put_in(&changed, o->add, o->weight));
	kl_maglev_table_compute(changed.backends, changed.count, &after);
	if (!fine)
		return KL_EXIT_FAILURE;
	kl_maglev_table_compare(&before, &after, &change);
	bool agrees = kl_maglev_table_equal(&kernel, &before);
	if (o->look.output) {
		kl_autojson *json = json_pack("{s:s, s:b, s:o, s:o, s:f, s:f, s:i}", "service",
			look->maps->names[service].key, "kernelAgrees", agrees, "before", table_json(&before), "after",
			table_json(&after), "moved", change.moved, "necessary", change.necessary, "slotsChanged",
			(int)change.slots_changed);
		return kl_look_print_json(json);
	}
	printf("Service:   %s\n", look->maps->names[service].key);
	print_disruption(&before, &after, &change);
	if (!agrees)
		puts("Note:      the kernel's present slots are others: another algorithm, or a slow start under way.");
	return KL_EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct maglev_options o = {.weight = 1};
	const struct kl_opt opts[] = {
		KL_LOOK_OPTS(&o.look),
		{"remove", 0, KL_OPT_STRING, &o.remove},
		{"add", 0, KL_OPT_STRING, &o.add},
		{"weight", 0, KL_OPT_INT, &o.weight},
	};
	int count = kl_opts_parse(&kl_cmd_maglev, opts, KL_ARRAY_LEN(opts), argc, argv);
	bool shows = count == 2 && !strcmp(argv[1], "show"), changes = count == 2 && !strcmp(argv[1], "disruption");
	if (!shows && !changes)
		return kl_cmd_fail(&kl_cmd_maglev, "say 'show SERVICE' or 'disruption SERVICE'"), KL_EXIT_USAGE;
	if (changes && !o.remove && !o.add)
		return kl_cmd_fail(&kl_cmd_maglev, "disruption wants --remove IP:PORT or --add IP:PORT"), KL_EXIT_USAGE;
	if (o.weight < 1 || o.weight > UINT16_MAX)
		return kl_cmd_fail(&kl_cmd_maglev, "--weight is 1 to 65535"), KL_EXIT_USAGE;
	kl_look_check_output(&kl_cmd_maglev, o.look.output, "json");
	kl_autolook look;
	if (!kl_look_open_maps(&kl_cmd_maglev, &o.look, &look))
		return KL_EXIT_FAILURE;
	uint32_t service = find_service(&look, argv[2]);
	if (!service)
		return KL_EXIT_FAILURE;
	return shows ? show(&look, service, &o) : disruption(&look, service, &o);
}

const struct kl_cmd kl_cmd_maglev = {
	.name = "maglev",
	.summary = "Show a Service's Maglev table, and what a change of backends would move",
	.run = run,
	.help = "Usage: keelson maglev show SERVICE [-o json]\n"
		"       keelson maglev disruption SERVICE --remove IP:PORT | --add IP:PORT [--weight N] [-o json]\n\n"
		"show: the table in the kernel: its size, each backend's share and how far that is from what its "
		"weight asks for,\n"
		"and a hash over which backend stands where. Nodes with equal hashes send a client's packets to the "
		"same backend.\n\n"
		"disruption: computes the table with a backend less, with one more, or with another weight of one that "
		"is there,\n"
		"and says how many new flows would go to another backend than now. Nothing is changed.\n\n"
		"A Service is balanced so by the annotation keelson.dev/load-balancing: maglev.\n\n" KL_LOOK_HELP
		"  -o, --output json\n\n"
		"Examples:\n"
		"  keelson maglev show web\n"
		"  for n in node1 node2; do keelson maglev show web --node $n -o json | jq -r .hash; done\n"
		"  keelson maglev disruption default/web:80 --remove 10.128.1.7:8080\n",
};
