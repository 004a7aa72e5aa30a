#include "metrics.h"

#include "mem.h"
#include "prom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Codes by their place; others fall to the last of their hundred. */
static const int codes[] = {101, 200, 201, 202, 304, 400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 422, 429, 500,
	502, 503, 504, 0 /* cut off before an answer, or any other */};

/* One verb of one resource, made when it is asked for the first time. */
struct cell {
	uint64_t code[KL_ARRAY_LEN(codes)];
	struct kl_histogram duration;
};

/* Of a resource's subresources only whether it is one of these. */
static const char *const subresources[] = {"", "status", "scale", "binding", "eviction", "log", "exec", "attach",
	"portforward", "proxy", "token", "approval", "?"};

struct kl_rest_metrics {
	const struct kl_kind *kinds;
	size_t kind_count;
	struct cell **cells; /* (kinds + 1, the first for none) x subresources x verbs */
};

static size_t cell_count(const struct kl_rest_metrics *metrics)
{
	return (metrics->kind_count + 1) * KL_ARRAY_LEN(subresources) * KL_VERB_COUNT;
}

struct kl_rest_metrics *kl_rest_metrics_new(void)
{
	struct kl_rest_metrics *metrics = kl_calloc(1, sizeof(*metrics));
	metrics->kinds = kl_kinds(&metrics->kind_count);
	metrics->cells = kl_calloc(cell_count(metrics), sizeof(*metrics->cells));
	return metrics;
}

void kl_rest_metrics_free(struct kl_rest_metrics *metrics)
{
	if (!metrics)
		return;
	for (size_t i = 0; i < cell_count(metrics); i++)
		free(metrics->cells[i]);
	free(metrics->cells);
	free(metrics);
}

static size_t subresource_place(const char *subresource)
{
	size_t i = 0;
	while (i + 1 < KL_ARRAY_LEN(subresources) && strcmp(subresource ? subresource : "", subresources[i]))
		i++;
	return i;
}

static struct cell *cell_of(struct kl_rest_metrics *metrics, const struct kl_rest_sample *sample)
{
	size_t kind = sample->kind ? (size_t)(sample->kind - metrics->kinds) + 1 : 0;
	size_t place = (kind * KL_ARRAY_LEN(subresources) + subresource_place(sample->subresource)) * KL_VERB_COUNT +
		       sample->verb;
	struct cell *cell = __atomic_load_n(&metrics->cells[place], __ATOMIC_ACQUIRE), *none = NULL;
	if (cell)
		return cell;
	cell = kl_calloc(1, sizeof(*cell));
	if (__atomic_compare_exchange_n(&metrics->cells[place], &none, cell, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return cell;
	free(cell);
	return none;
}

void kl_rest_metrics_count(struct kl_rest_metrics *metrics, const struct kl_rest_sample *sample)
{
	struct cell *cell = cell_of(metrics, sample);
	size_t code = 0;
	while (code + 1 < KL_ARRAY_LEN(codes) && codes[code] != sample->code)
		code++;
	__atomic_fetch_add(&cell->code[code], 1, __ATOMIC_RELAXED);
	/* A watch lasts as long as its client likes: that is no latency. */
	if (sample->verb != KL_VERB_WATCH && sample->verb != KL_VERB_CONNECT)
		kl_histogram_add(&cell->duration, sample->ns);
}

/* --- writing */

static const char *const verb_names[] = {
	"GET", "LIST", "WATCH", "POST", "PUT", "PATCH", "DELETE", "DELETECOLLECTION", "CONNECT"};

struct labels {
	const char *verb, *group, *version, *resource, *subresource;
};

static struct labels labels_of(const struct kl_rest_metrics *metrics, size_t place)
{
	size_t kind = place / KL_VERB_COUNT / KL_ARRAY_LEN(subresources);
	const struct kl_kind *row = kind ? &metrics->kinds[kind - 1] : NULL;
	return (struct labels){verb_names[place % KL_VERB_COUNT], row ? row->group : "", row ? row->version : "",
		row ? row->plural : "", subresources[place / KL_VERB_COUNT % KL_ARRAY_LEN(subresources)]};
}

static void write_codes(struct kl_buf *buf, const struct cell *cell, const struct labels *labels)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(codes); i++) {
		char code[16];
		uint64_t value = __atomic_load_n(&cell->code[i], __ATOMIC_RELAXED);
		if (!value)
			continue;
		snprintf(code, sizeof(code), "%d", codes[i]);
		kl_prom_count(buf, "apiserver_request_total", value, "verb", labels->verb, "group", labels->group,
			"version", labels->version, "resource", labels->resource, "subresource", labels->subresource,
			"code", code, NULL);
	}
}

void kl_rest_metrics_write(const struct kl_rest_metrics *metrics, struct kl_buf *buf)
{
	kl_prom_family(buf, "apiserver_request_total", KL_PROM_COUNTER,
		"Requests by verb, resource and HTTP code (0: cut off before an answer).");
	for (size_t i = 0; i < cell_count(metrics); i++) {
		const struct cell *cell = __atomic_load_n(&metrics->cells[i], __ATOMIC_ACQUIRE);
		struct labels labels = labels_of(metrics, i);
		if (cell)
			write_codes(buf, cell, &labels);
	}
	kl_prom_family(buf, "apiserver_request_duration_seconds", KL_PROM_HISTOGRAM,
		"From a request's arrival to the end of its answer; watches and streams left out.");
	for (size_t i = 0; i < cell_count(metrics); i++) {
		const struct cell *cell = __atomic_load_n(&metrics->cells[i], __ATOMIC_ACQUIRE);
		struct labels l = labels_of(metrics, i);
		size_t verb = i % KL_VERB_COUNT;
		if (cell && verb != KL_VERB_WATCH && verb != KL_VERB_CONNECT)
			kl_histogram_write(buf, "apiserver_request_duration_seconds", &cell->duration, "verb", l.verb,
				"group", l.group, "version", l.version, "resource", l.resource, "subresource",
				l.subresource, NULL);
	}
}
