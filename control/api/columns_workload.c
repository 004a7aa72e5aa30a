#include "clock.h"
#include "columns.h"

#include <string.h>

/* A column that is one integer of the object. */
#define INTEGER(function, absent, ...)                                                 \
	static void function(const struct kl_row *row, struct kl_buf *buf)             \
	{                                                                              \
		kl_cell_int(buf, kl_json_int(row->object, absent, __VA_ARGS__, NULL)); \
	}

INTEGER(desired, 1, "spec", "replicas")
INTEGER(current, 0, "status", "replicas")
INTEGER(ready, 0, "status", "readyReplicas")
INTEGER(updated, 0, "status", "updatedReplicas")
INTEGER(available, 0, "status", "availableReplicas")

static void ready_of(const struct kl_row *row, struct kl_buf *buf)
{
	kl_buf_printf(buf, "\"%lld/%lld\"", (long long)kl_json_int(row->object, 0, "status", "readyReplicas", NULL),
		(long long)kl_json_int(row->object, 1, "spec", "replicas", NULL));
}

const struct kl_column kl_columns_deployment[8] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Ready", ready_of, .doc = "Pods ready, of those wanted"),
	KL_NUMBER("Up-to-date", updated, .doc = "Pods of the present template"),
	KL_NUMBER("Available", available, .doc = "Pods ready for at least minReadySeconds"),
	KL_AGE_COLUMN,
	KL_WIDE("Containers", kl_cell_containers),
	KL_WIDE("Images", kl_cell_images),
	KL_WIDE("Selector", kl_cell_selector),
};

const struct kl_column kl_columns_replica_set[8] = {
	KL_NAME_COLUMN,
	KL_NUMBER("Desired", desired),
	KL_NUMBER("Current", current),
	KL_NUMBER("Ready", ready),
	KL_AGE_COLUMN,
	KL_WIDE("Containers", kl_cell_containers),
	KL_WIDE("Images", kl_cell_images),
	KL_WIDE("Selector", kl_cell_selector),
};

static void cell_map_selector(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	kl_text_map(kl_json_get(row->object, "spec", "selector", NULL), &text);
	kl_cell_str(buf, kl_buf_str(&text));
}

const struct kl_column kl_columns_rc[8] = {
	KL_NAME_COLUMN,
	KL_NUMBER("Desired", desired),
	KL_NUMBER("Current", current),
	KL_NUMBER("Ready", ready),
	KL_AGE_COLUMN,
	KL_WIDE("Containers", kl_cell_containers),
	KL_WIDE("Images", kl_cell_images),
	KL_WIDE("Selector", cell_map_selector),
};

INTEGER(ds_desired, 0, "status", "desiredNumberScheduled")
INTEGER(ds_current, 0, "status", "currentNumberScheduled")
INTEGER(ds_ready, 0, "status", "numberReady")
INTEGER(ds_updated, 0, "status", "updatedNumberScheduled")
INTEGER(ds_available, 0, "status", "numberAvailable")

static void node_selector(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	kl_text_map(kl_json_get(row->object, "spec", "template", "spec", "nodeSelector", NULL), &text);
	kl_cell_str(buf, kl_buf_str(&text));
}

const struct kl_column kl_columns_daemon_set[11] = {
	KL_NAME_COLUMN,
	KL_NUMBER("Desired", ds_desired),
	KL_NUMBER("Current", ds_current),
	KL_NUMBER("Ready", ds_ready),
	KL_NUMBER("Up-to-date", ds_updated),
	KL_NUMBER("Available", ds_available),
	KL_COLUMN("Node Selector", node_selector),
	KL_AGE_COLUMN,
	KL_WIDE("Containers", kl_cell_containers),
	KL_WIDE("Images", kl_cell_images),
	KL_WIDE("Selector", kl_cell_selector),
};

const struct kl_column kl_columns_stateful_set[5] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Ready", ready_of),
	KL_AGE_COLUMN,
	KL_WIDE("Containers", kl_cell_containers),
	KL_WIDE("Images", kl_cell_images),
};

/* --- batch --- */

static bool has_condition(const json_t *object, const char *type)
{
	size_t i;
	json_t *condition;
	json_array_foreach (kl_json_get(object, "status", "conditions", NULL), i, condition)
		if (!strcmp(kl_json_str(condition, "type", NULL), type))
			return !strcmp(kl_json_str(condition, "status", NULL), "True");
	return false;
}

static void job_status(const struct kl_row *row, struct kl_buf *buf)
{
	static const char *const types[][2] = {
		{"Complete", "Complete"},
		{"Failed", "Failed"},
		{"Suspended", "Suspended"},
		{"FailureTarget", "FailureTarget"},
		{"SuccessCriteriaMet", "SuccessCriteriaMet"},
	};
	const char *status =
		kl_json_get(row->object, "metadata", "deletionTimestamp", NULL) ? "Terminating" : "Running";
	for (size_t i = 0; i < KL_ARRAY_LEN(types); i++)
		if (has_condition(row->object, types[i][0])) {
			status = types[i][1];
			break;
		}
	kl_cell_str(buf, status);
}

static void job_completions(const struct kl_row *row, struct kl_buf *buf)
{
	int64_t done = kl_json_int(row->object, 0, "status", "succeeded", NULL);
	int64_t wanted = kl_json_int(row->object, -1, "spec", "completions", NULL);
	int64_t parallel = kl_json_int(row->object, 0, "spec", "parallelism", NULL);
	if (wanted >= 0)
		kl_buf_printf(buf, "\"%lld/%lld\"", (long long)done, (long long)wanted);
	else if (parallel > 1)
		kl_buf_printf(buf, "\"%lld/1 of %lld\"", (long long)done, (long long)parallel);
	else
		kl_buf_printf(buf, "\"%lld/1\"", (long long)done);
}

static void job_duration(const struct kl_row *row, struct kl_buf *buf)
{
	char text[KL_TIME_TEXT] = "";
	int64_t start, end = row->now_ms;
	const char *finished = kl_json_str(row->object, "status", "completionTime", NULL);
	if (!kl_time_parse(kl_json_str(row->object, "status", "startTime", NULL), &start)) {
		if (*finished)
			kl_time_parse(finished, &end);
		kl_duration_human(end > start ? (end - start) / 1000 : 0, text);
	}
	kl_cell_str(buf, text);
}

const struct kl_column kl_columns_job[8] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Status", job_status),
	KL_COLUMN("Completions", job_completions),
	KL_COLUMN("Duration", job_duration),
	KL_AGE_COLUMN,
	KL_WIDE("Containers", kl_cell_containers),
	KL_WIDE("Images", kl_cell_images),
	KL_WIDE("Selector", kl_cell_selector),
};

static void cron_schedule(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_str(row->object, "spec", "schedule", NULL));
}

static void cron_zone(const struct kl_row *row, struct kl_buf *buf)
{
	const char *zone = kl_json_str(row->object, "spec", "timeZone", NULL);
	kl_cell_str(buf, *zone ? zone : "<none>");
}

static void cron_suspend(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_bool(row->object, false, "spec", "suspend", NULL) ? "True" : "False");
}

static void cron_active(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_int(buf, (int64_t)json_array_size(kl_json_get(row->object, "status", "active", NULL)));
}

static void cron_last(const struct kl_row *row, struct kl_buf *buf)
{
	const char *time = kl_json_str(row->object, "status", "lastScheduleTime", NULL);
	if (*time)
		kl_cell_since(buf, row, time);
	else
		kl_cell_str(buf, "<none>");
}

static void cron_selector(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	kl_text_selector(kl_json_get(row->object, "spec", "jobTemplate", "spec", "selector", NULL), &text);
	kl_cell_str(buf, kl_buf_str(&text));
}

const struct kl_column kl_columns_cron_job[10] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Schedule", cron_schedule),
	KL_COLUMN("Timezone", cron_zone),
	KL_COLUMN("Suspend", cron_suspend),
	KL_NUMBER("Active", cron_active),
	KL_COLUMN("Last Schedule", cron_last),
	KL_AGE_COLUMN,
	KL_WIDE("Containers", kl_cell_containers),
	KL_WIDE("Images", kl_cell_images),
	KL_WIDE("Selector", cron_selector),
};

/* --- autoscaling --- */

static void hpa_reference(const struct kl_row *row, struct kl_buf *buf)
{
	const json_t *target = kl_json_get(row->object, "spec", "scaleTargetRef", NULL);
	kl_autofree char *text =
		kl_asprintf("%s/%s", kl_json_str(target, "kind", NULL), kl_json_str(target, "name", NULL));
	kl_cell_str(buf, text);
}

/* The value now of the i-th metric: its place in the status is its place in the spec. */
static void push_current(const json_t *object, size_t i, const char *source, struct kl_buf *text)
{
	const json_t *metric = json_array_get(kl_json_get(object, "status", "currentMetrics", NULL), i);
	const json_t *now = kl_json_get(metric, source, "current", NULL);
	const json_t *percent = json_object_get(now, "averageUtilization");
	const char *value = kl_json_str(now, "averageValue", NULL);
	if (percent)
		kl_buf_printf(text, "%lld%%", (long long)json_integer_value(percent));
	else
		kl_buf_str_push(text, *value ? value : "<unknown>");
}

static void push_metric(const json_t *object, const json_t *metric, size_t i, struct kl_buf *text)
{
	static const char *const sources[] = {"resource", "containerResource", "pods", "object", "external"};
	for (size_t k = 0; k < KL_ARRAY_LEN(sources); k++) {
		const json_t *source = json_object_get(metric, sources[k]), *target = json_object_get(source, "target");
		const json_t *percent = json_object_get(target, "averageUtilization");
		const char *value = kl_json_str(target, "averageValue", NULL);
		if (!source)
			continue;
		if (k < 2)
			kl_buf_printf(text, "%s: ", kl_json_str(source, "name", NULL));
		push_current(object, i, sources[k], text);
		if (percent)
			kl_buf_printf(text, "/%lld%%", (long long)json_integer_value(percent));
		else
			kl_buf_printf(text, "/%s", *value ? value : kl_json_str(target, "value", NULL));
		return;
	}
}

static void hpa_targets(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	const json_t *metrics = kl_json_get(row->object, "spec", "metrics", NULL);
	const json_t *v1 = kl_json_get(row->object, "spec", "targetCPUUtilizationPercentage", NULL);
	size_t i;
	json_t *metric;
	json_array_foreach (metrics, i, metric) {
		if (i)
			kl_buf_str_push(&text, ", ");
		push_metric(row->object, metric, i, &text);
	}
	if (!metrics && v1)
		kl_buf_printf(&text, "<unknown>/%lld%%", (long long)json_integer_value(v1));
	kl_cell_str(buf, text.len ? kl_buf_str(&text) : "<none>");
}

static void hpa_min(const struct kl_row *row, struct kl_buf *buf)
{
	kl_buf_printf(buf, "\"%lld\"", (long long)kl_json_int(row->object, 1, "spec", "minReplicas", NULL));
}

INTEGER(hpa_max, 0, "spec", "maxReplicas")
INTEGER(hpa_replicas, 0, "status", "currentReplicas")

const struct kl_column kl_columns_hpa[7] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Reference", hpa_reference),
	KL_COLUMN("Targets", hpa_targets),
	KL_COLUMN("MinPods", hpa_min),
	KL_NUMBER("MaxPods", hpa_max),
	KL_NUMBER("Replicas", hpa_replicas),
	KL_AGE_COLUMN,
};

/* --- policy, revisions, templates --- */

static void count_or_percent(const json_t *value, struct kl_buf *buf)
{
	if (json_is_integer(value))
		kl_buf_printf(buf, "\"%lld\"", (long long)json_integer_value(value));
	else
		kl_cell_str(buf, json_string_value(value) ?: "N/A");
}

static void pdb_min(const struct kl_row *row, struct kl_buf *buf)
{
	count_or_percent(kl_json_get(row->object, "spec", "minAvailable", NULL), buf);
}

static void pdb_max(const struct kl_row *row, struct kl_buf *buf)
{
	count_or_percent(kl_json_get(row->object, "spec", "maxUnavailable", NULL), buf);
}

INTEGER(pdb_allowed, 0, "status", "disruptionsAllowed")

const struct kl_column kl_columns_pdb[5] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Min Available", pdb_min),
	KL_COLUMN("Max Unavailable", pdb_max),
	KL_NUMBER("Allowed Disruptions", pdb_allowed),
	KL_AGE_COLUMN,
};

static void revision_owner(const struct kl_row *row, struct kl_buf *buf)
{
	size_t i;
	json_t *owner;
	json_array_foreach (kl_json_get(row->object, "metadata", "ownerReferences", NULL), i, owner)
		if (kl_json_bool(owner, false, "controller", NULL)) {
			const char *kind = kl_json_str(owner, "kind", NULL);
			kl_autobuf text = {0};
			for (; *kind; kind++)
				kl_buf_char(&text, *kind >= 'A' && *kind <= 'Z' ? (char)(*kind + 32) : *kind);
			kl_buf_printf(&text, ".apps/%s", kl_json_str(owner, "name", NULL));
			kl_cell_str(buf, kl_buf_str(&text));
			return;
		}
	kl_cell_str(buf, "<none>");
}

INTEGER(revision_number, 0, "revision")

const struct kl_column kl_columns_controller_revision[4] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Controller", revision_owner),
	KL_NUMBER("Revision", revision_number),
	KL_AGE_COLUMN,
};

static void template_labels(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	kl_text_map(kl_json_get(row->object, "template", "metadata", "labels", NULL), &text);
	kl_cell_str(buf, kl_buf_str(&text));
}

const struct kl_column kl_columns_pod_template[4] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Containers", kl_cell_containers),
	KL_COLUMN("Images", kl_cell_images),
	KL_COLUMN("Pod Labels", template_labels),
};
