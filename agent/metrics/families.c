#include "mapnames.h"
#include "metrics_impl.h"
#include "prom.h"

#include <stdlib.h>
#include <string.h>

void kl_metrics_write_build(struct kl_buf *buf, const char *node, const struct kl_netsync_status *netsync)
{
	kl_prom_family(buf, "keelson_build_info", KL_PROM_GAUGE, "Always 1; what runs here is in the labels.");
	kl_prom_count(buf, "keelson_build_info", 1, "version", KL_VERSION, "component", "agent", "node", node,
		"lb_mode", netsync->lb_mode ? netsync->lb_mode : "none", NULL);
}

/* --- what the programs counted */

static void write_kind(struct kl_buf *buf, const struct kl_map_counters *counters, enum kl_counter_kind kind,
	const char *family, const char *help, const char *label)
{
	size_t count;
	const struct kl_counter_row *rows = kl_counter_rows(&count);
	kl_prom_family(buf, family, KL_PROM_COUNTER, help);
	for (size_t i = 0; i < count; i++)
		if (rows[i].kind == kind)
			kl_prom_count(buf, family, kl_counter_value(counters, &rows[i]), label,
				kind == KL_COUNTER_DROP ? rows[i].reason : rows[i].name, NULL);
}

void kl_metrics_write_counters(struct kl_buf *buf, const struct kl_maps *maps)
{
	struct kl_map_counters counters;
	if (kl_maps_counters(maps, &counters, NULL))
		return;
	write_kind(buf, &counters, KL_COUNTER_DROP, "keelson_drops_total",
		"Packets and connections refused, by reason.", "reason");
	write_kind(buf, &counters, KL_COUNTER_PATH, "keelson_packets_total", "Packets by what became of them.", "path");
	write_kind(buf, &counters, KL_COUNTER_FLOW, "keelson_flow_events_total",
		"What became of flows of the connection table.", "event");
	write_kind(buf, &counters, KL_COUNTER_SOCKET, "keelson_socket_events_total",
		"Sockets given a backend, and what became of them.", "event");
	kl_prom_family(
		buf, "keelson_events_lost_total", KL_PROM_COUNTER, "Events for watchers that found the ring full.");
	kl_prom_count(buf, "keelson_events_lost_total", counters.events_lost, NULL);
}

/* --- how full the tables are */

static void write_fill(struct kl_buf *buf, const struct kl_table_stats *stats, bool size)
{
	const struct {
		const char *table;
		const struct kl_fill *fill;
	} rows[] = {
		{"services", &stats->services},
		{"frontends", &stats->frontends},
		{"backends", &stats->backends},
		{"slot-blocks", &stats->slots},
		{"conntrack-main", &stats->ct[KL_CT_MAIN]},
		{"conntrack-half-open", &stats->ct[KL_CT_HALF_OPEN]},
		{"conntrack-overflow", &stats->ct[KL_CT_OVERFLOW]},
	};
	const char *family = size ? "keelson_table_capacity" : "keelson_table_entries";
	kl_prom_family(buf, family, KL_PROM_GAUGE,
		size ? "Places of the kernel's tables." : "Places taken of the kernel's tables.");
	for (size_t i = 0; i < KL_ARRAY_LEN(rows); i++)
		kl_prom_count(
			buf, family, size ? rows[i].fill->size : rows[i].fill->used, "table", rows[i].table, NULL);
}

void kl_metrics_write_tables(struct kl_buf *buf, const struct kl_table_stats *stats)
{
	write_fill(buf, stats, false);
	write_fill(buf, stats, true);
	kl_prom_family(buf, "keelson_flows", KL_PROM_GAUGE, "Flows of the connection table by phase.");
	for (unsigned phase = KL_PHASE_NEW; phase < KL_PHASES; phase++)
		kl_prom_count(buf, "keelson_flows", stats->phases[phase], "phase", kl_phase_name(phase), NULL);
	kl_prom_single(buf, "keelson_live_connections", KL_PROM_GAUGE,
		"Connections open now: flows of the balancer and connected sockets.", (double)stats->live);
}

/* --- Services: the busiest, so that a cluster of ten thousand does not make ten thousand series */

static void fill_row(struct kl_service_row *row, const struct kl_map_name *name)
{
	memcpy(row->key, name->key, sizeof(row->key));
	row->key[sizeof(row->key) - 1] = 0;
	row->traffic = (struct kl_map_traffic){
		.packets = name->packets, .bytes = name->bytes, .connections = name->connections};
}

static void add_backend(const struct kl_maps *maps, struct kl_service_row *rows, uint32_t id)
{
	const struct kl_map_backend *backend = &maps->backends[id];
	struct kl_map_traffic one;
	uint32_t service = backend->service;
	if (!(backend->flags & KL_BE_LIVE) || service >= maps->entries[KL_MAP_NAMES] ||
		kl_maps_traffic(maps, id, &one, NULL))
		return;
	rows[service].traffic.packets += one.packets;
	rows[service].traffic.bytes += one.bytes;
	rows[service].traffic.reply_bytes += one.reply_bytes;
	rows[service].traffic.connections += one.connections;
	rows[service].live += maps->live[id].connections;
}

static int by_traffic(const void *a, const void *b)
{
	const struct kl_service_row *x = a, *y = b;
	uint64_t p = x->traffic.packets + x->traffic.connections, q = y->traffic.packets + y->traffic.connections;
	return p < q ? 1 : p > q ? -1 : 0;
}

/* A system call for each backend: not for the loop's thread. */
struct kl_service_row *kl_service_rows(const struct kl_maps *maps, int limit, size_t *ret_count)
{
	struct kl_service_row *rows = kl_calloc(maps->entries[KL_MAP_NAMES], sizeof(*rows));
	size_t count = 0;
	for (uint32_t i = 1; i < maps->entries[KL_MAP_NAMES]; i++)
		fill_row(&rows[i], &maps->names[i]);
	for (uint32_t id = 1; id < maps->entries[KL_MAP_BACKENDS]; id++)
		add_backend(maps, rows, id);
	for (uint32_t i = 1; i < maps->entries[KL_MAP_NAMES]; i++)
		if (rows[i].key[0])
			rows[count++] = rows[i];
	if (count > (size_t)limit) {
		qsort(rows, count, sizeof(*rows), by_traffic);
		count = (size_t)limit;
	}
	*ret_count = count;
	return rows;
}

static void write_family(struct kl_buf *buf, const struct kl_service_row *rows, size_t count, const char *family,
	enum kl_prom_type type, const char *help, size_t offset)
{
	kl_prom_family(buf, family, type, help);
	for (size_t i = 0; i < count; i++)
		kl_prom_count(buf, family, *(const uint64_t *)(const void *)((const char *)&rows[i] + offset),
			"service", rows[i].key, NULL);
}

void kl_metrics_write_services(struct kl_buf *buf, const struct kl_service_row *rows, size_t count)
{
	write_family(buf, rows, count, "keelson_service_connections_total", KL_PROM_COUNTER,
		"Connections to a Service: new flows and connected sockets.",
		offsetof(struct kl_service_row, traffic.connections));
	write_family(buf, rows, count, "keelson_service_packets_total", KL_PROM_COUNTER,
		"Packets towards a Service's backends that crossed the uplink.",
		offsetof(struct kl_service_row, traffic.packets));
	write_family(buf, rows, count, "keelson_service_bytes_total", KL_PROM_COUNTER,
		"Bytes towards a Service's backends that crossed the uplink.",
		offsetof(struct kl_service_row, traffic.bytes));
	write_family(buf, rows, count, "keelson_service_reply_bytes_total", KL_PROM_COUNTER,
		"Bytes of a Service's replies that crossed the uplink.",
		offsetof(struct kl_service_row, traffic.reply_bytes));
	write_family(buf, rows, count, "keelson_service_live_connections", KL_PROM_GAUGE,
		"Connections to a Service that are open now.", offsetof(struct kl_service_row, live));
}

/* --- the endpoint stream and the audit */

static void write_audits(struct kl_buf *buf, const struct kl_netsync_gauges *gauges)
{
	kl_prom_single(buf, "keelson_audits_total", KL_PROM_COUNTER,
		"Comparisons of the desired with the kernel's tables.", (double)gauges->audits);
	kl_prom_family(buf, "keelson_audit_differences_total", KL_PROM_COUNTER, "Entries that audits found to differ.");
	kl_prom_count(buf, "keelson_audit_differences_total", gauges->audit_missing, "difference", "missing", NULL);
	kl_prom_count(buf, "keelson_audit_differences_total", gauges->audit_wrong, "difference", "wrong", NULL);
	kl_prom_count(buf, "keelson_audit_differences_total", gauges->audit_foreign, "difference", "foreign", NULL);
	kl_prom_single(buf, "keelson_audit_last_timestamp_seconds", KL_PROM_GAUGE, "When the last audit ended.",
		(double)gauges->audit_ms / 1000);
}

void kl_metrics_write_netsync(struct kl_buf *buf, const struct kl_netsync_status *status)
{
	const struct kl_netsync_gauges *gauges = &status->gauges;
	kl_prom_single(buf, "keelson_stream_connected", KL_PROM_GAUGE, "1 while the endpoint stream is up.",
		status->connected);
	kl_prom_single(
		buf, "keelson_stream_synced", KL_PROM_GAUGE, "1 once a complete table was applied.", status->synced);
	kl_prom_single(buf, "keelson_stream_position", KL_PROM_GAUGE,
		"The last change of the endpoint stream that the kernel has.", (double)status->seq);
	kl_prom_single(buf, "keelson_stream_heard_timestamp_seconds", KL_PROM_GAUGE,
		"When the stream was heard last; a heartbeat comes every few seconds.",
		(double)gauges->heard_ms / 1000);
	kl_prom_single(buf, "keelson_stream_connects_total", KL_PROM_COUNTER,
		"Connections made to the endpoint stream.", (double)gauges->connects);
	kl_prom_single(buf, "keelson_stream_changes_total", KL_PROM_COUNTER,
		"Changes of Services and endpoints applied to the kernel.", (double)gauges->changes);
	kl_prom_single(buf, "keelson_stream_failures_total", KL_PROM_COUNTER, "Changes that the tables could not take.",
		(double)gauges->failures);
	kl_prom_family(buf, "keelson_programming_duration_seconds", KL_PROM_HISTOGRAM,
		"From the receipt of a change to the kernel's tables.");
	kl_histogram_write(buf, "keelson_programming_duration_seconds", &gauges->programming, NULL);
	write_audits(buf, gauges);
}
