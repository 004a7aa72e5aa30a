/* Columns of what the cluster itself consists of: its parts, ranges and addresses of Services, quotas. */
#include "columns.h"

#include <string.h>

static const json_t *healthy(const struct kl_row *row)
{
	size_t i;
	json_t *condition;
	json_array_foreach (json_object_get(row->object, "conditions"), i, condition)
		if (!strcmp(kl_json_str(condition, "type", NULL), "Healthy"))
			return condition;
	return NULL;
}

static void component_status(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, strcmp(kl_json_str(healthy(row), "status", NULL), "True") ? "Unhealthy" : "Healthy");
}

static void component_message(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_str(healthy(row), "message", NULL));
}

static void component_error(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_str(healthy(row), "error", NULL));
}

const struct kl_column kl_columns_component_status[4] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Status", component_status, .doc = "Whether the part is healthy"),
	KL_COLUMN("Message", component_message, .doc = "What the part said"),
	KL_COLUMN("Error", component_error, .doc = "What went wrong when it was asked"),
};

/* "services/default/web" */
static void parent(const struct kl_row *row, struct kl_buf *buf)
{
	const json_t *ref = kl_json_get(row->object, "spec", "parentRef", NULL);
	const char *group = kl_json_str(ref, "group", NULL), *ns = kl_json_str(ref, "namespace", NULL);
	kl_autobuf text = {0};
	if (!ref) {
		kl_cell_str(buf, "<none>");
		return;
	}
	kl_buf_printf(&text, "%s%s%s%s%s/%s", kl_json_str(ref, "resource", NULL), *group ? "." : "", group,
		*ns ? "/" : "", ns, kl_json_str(ref, "name", NULL));
	kl_cell_str(buf, kl_buf_str(&text));
}

const struct kl_column kl_columns_ip_address[2] = {
	KL_NAME_COLUMN, KL_COLUMN("ParentRef", parent, .doc = "The object that uses the address")};

static void cidrs(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	size_t i;
	json_t *cidr;
	json_array_foreach (kl_json_get(row->object, "spec", "cidrs", NULL), i, cidr)
		kl_buf_printf(&text, "%s%s", i ? "," : "", json_string_value(cidr) ?: "");
	kl_cell_str(buf, kl_buf_str(&text));
}

const struct kl_column kl_columns_service_cidr[3] = {
	KL_NAME_COLUMN, KL_COLUMN("CIDRs", cidrs, .doc = "The ranges, one of a family"), KL_AGE_COLUMN};

static void driver_name(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_str(row->object, "driverName", NULL));
}

const struct kl_column kl_columns_volume_attributes_class[3] = {
	KL_NAME_COLUMN,
	KL_COLUMN("DriverName", driver_name, .doc = "The CSI driver that understands the parameters"),
	KL_AGE_COLUMN,
};

static void scale_desired(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_int(buf, kl_json_int(row->object, 0, "spec", "replicas", NULL));
}

static void scale_available(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_int(buf, kl_json_int(row->object, 0, "status", "replicas", NULL));
}

const struct kl_column kl_columns_scale[4] = {
	KL_NAME_COLUMN,
	KL_NUMBER("Desired", scale_desired, .doc = "How many pods are wanted"),
	KL_NUMBER("Available", scale_available, .doc = "How many pods there are"),
	KL_AGE_COLUMN,
};
