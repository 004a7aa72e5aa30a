#include "columns.h"

#include "clock.h"

#include <string.h>

/* A column that is one text of the object. */
#define TEXT(function, ...)                                                    \
	static void function(const struct kl_row *row, struct kl_buf *buf)     \
	{                                                                      \
		kl_cell_str(buf, kl_json_str(row->object, __VA_ARGS__, NULL)); \
	}

#define FLAG(function, yes, no, ...)                                                              \
	static void function(const struct kl_row *row, struct kl_buf *buf)                        \
	{                                                                                         \
		kl_cell_str(buf, kl_json_bool(row->object, false, __VA_ARGS__, NULL) ? yes : no); \
	}

TEXT(phase, "status", "phase")

const struct kl_column kl_columns_namespace[3] = {KL_NAME_COLUMN, KL_COLUMN("Status", phase), KL_AGE_COLUMN};

TEXT(secret_type, "type")

static void data_count(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_int(buf, (int64_t)(json_object_size(json_object_get(row->object, "data")) +
				   json_object_size(json_object_get(row->object, "binaryData"))));
}

const struct kl_column kl_columns_secret[4] = {
	KL_NAME_COLUMN, KL_COLUMN("Type", secret_type), KL_NUMBER("Data", data_count), KL_AGE_COLUMN};
const struct kl_column kl_columns_config_map[3] = {KL_NAME_COLUMN, KL_NUMBER("Data", data_count), KL_AGE_COLUMN};

static void secret_count(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_int(buf, (int64_t)json_array_size(json_object_get(row->object, "secrets")));
}

const struct kl_column kl_columns_service_account[3] = {
	KL_NAME_COLUMN, KL_NUMBER("Secrets", secret_count), KL_AGE_COLUMN};

TEXT(lease_holder, "spec", "holderIdentity")

const struct kl_column kl_columns_lease[3] = {KL_NAME_COLUMN, KL_COLUMN("Holder", lease_holder), KL_AGE_COLUMN};

TEXT(created_at, "metadata", "creationTimestamp")

const struct kl_column kl_columns_created_at[2] = {KL_NAME_COLUMN, KL_COLUMN("Created At", created_at)};

/* --- storage --- */

static void push_modes(const json_t *modes, struct kl_buf *text)
{
	static const char *const names[][2] = {{"ReadWriteOnce", "RWO"}, {"ReadOnlyMany", "ROX"},
		{"ReadWriteMany", "RWX"}, {"ReadWriteOncePod", "RWOP"}};
	size_t i;
	json_t *mode;
	for (size_t k = 0; k < KL_ARRAY_LEN(names); k++)
		json_array_foreach (modes, i, mode)
			if (!strcmp(json_string_value(mode) ?: "", names[k][0])) {
				kl_buf_printf(text, "%s%s", text->len ? "," : "", names[k][1]);
				break;
			}
}

static void terminating_or_phase(const struct kl_row *row, struct kl_buf *buf)
{
	bool going = kl_json_get(row->object, "metadata", "deletionTimestamp", NULL);
	kl_cell_str(buf, going ? "Terminating" : kl_json_str(row->object, "status", "phase", NULL));
}

TEXT(pv_capacity, "spec", "capacity", "storage")
TEXT(pv_policy, "spec", "persistentVolumeReclaimPolicy")
TEXT(pv_class, "spec", "storageClassName")
TEXT(pv_reason, "status", "reason")
TEXT(pv_mode, "spec", "volumeMode")

static void pv_modes(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	push_modes(kl_json_get(row->object, "spec", "accessModes", NULL), &text);
	kl_cell_str(buf, kl_buf_str(&text));
}

static void pv_claim(const struct kl_row *row, struct kl_buf *buf)
{
	const json_t *claim = kl_json_get(row->object, "spec", "claimRef", NULL);
	kl_autobuf text = {0};
	if (claim)
		kl_buf_printf(&text, "%s/%s", kl_json_str(claim, "namespace", NULL), kl_json_str(claim, "name", NULL));
	kl_cell_str(buf, kl_buf_str(&text));
}

static void attributes_class(const struct kl_row *row, struct kl_buf *buf)
{
	const char *name = kl_json_str(row->object, "spec", "volumeAttributesClassName", NULL);
	kl_cell_str(buf, *name ? name : "<unset>");
}

const struct kl_column kl_columns_pv[11] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Capacity", pv_capacity),
	KL_COLUMN("Access Modes", pv_modes),
	KL_COLUMN("Reclaim Policy", pv_policy),
	KL_COLUMN("Status", terminating_or_phase),
	KL_COLUMN("Claim", pv_claim),
	KL_COLUMN("StorageClass", pv_class),
	KL_COLUMN("VolumeAttributesClass", attributes_class),
	KL_COLUMN("Reason", pv_reason),
	KL_AGE_COLUMN,
	KL_WIDE("VolumeMode", pv_mode),
};

TEXT(pvc_volume, "spec", "volumeName")

/* Size and modes are those of the volume it is bound to. */
static void pvc_capacity(const struct kl_row *row, struct kl_buf *buf)
{
	bool bound = *kl_json_str(row->object, "spec", "volumeName", NULL);
	kl_cell_str(buf, bound ? kl_json_str(row->object, "status", "capacity", "storage", NULL) : "");
}

static void pvc_modes(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	if (*kl_json_str(row->object, "spec", "volumeName", NULL))
		push_modes(kl_json_get(row->object, "status", "accessModes", NULL), &text);
	kl_cell_str(buf, kl_buf_str(&text));
}

const struct kl_column kl_columns_pvc[9] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Status", terminating_or_phase),
	KL_COLUMN("Volume", pvc_volume),
	KL_COLUMN("Capacity", pvc_capacity),
	KL_COLUMN("Access Modes", pvc_modes),
	KL_COLUMN("StorageClass", pv_class),
	KL_COLUMN("VolumeAttributesClass", attributes_class),
	KL_AGE_COLUMN,
	KL_WIDE("VolumeMode", pv_mode),
};

TEXT(class_provisioner, "provisioner")
TEXT(class_reclaim, "reclaimPolicy")
TEXT(class_binding, "volumeBindingMode")
FLAG(class_expansion, "true", "false", "allowVolumeExpansion")

static void class_name(const struct kl_row *row, struct kl_buf *buf)
{
	const char *is_default = kl_json_str(
		row->object, "metadata", "annotations", "storageclass.kubernetes.io/is-default-class", NULL);
	kl_autofree char *text = kl_asprintf("%s%s", kl_json_str(row->object, "metadata", "name", NULL),
		strcmp(is_default, "true") ? "" : " (default)");
	kl_cell_str(buf, text);
}

const struct kl_column kl_columns_storage_class[6] = {
	{.name = "Name", .type = "string", .format = "name", .cell = class_name},
	KL_COLUMN("Provisioner", class_provisioner),
	KL_COLUMN("ReclaimPolicy", class_reclaim),
	KL_COLUMN("VolumeBindingMode", class_binding),
	KL_COLUMN("AllowVolumeExpansion", class_expansion),
	KL_AGE_COLUMN,
};

FLAG(driver_attach, "true", "false", "spec", "attachRequired")
FLAG(driver_info, "true", "false", "spec", "podInfoOnMount")
FLAG(driver_capacity, "true", "false", "spec", "storageCapacity")
FLAG(driver_republish, "true", "false", "spec", "requiresRepublish")

static void driver_tokens(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	size_t i;
	json_t *token;
	json_array_foreach (kl_json_get(row->object, "spec", "tokenRequests", NULL), i, token)
		kl_buf_printf(&text, "%s%s", i ? "," : "", kl_json_str(token, "audience", NULL));
	kl_cell_str(buf, text.len ? kl_buf_str(&text) : "<unset>");
}

static void driver_modes(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	size_t i;
	json_t *mode;
	json_array_foreach (kl_json_get(row->object, "spec", "volumeLifecycleModes", NULL), i, mode)
		kl_buf_printf(&text, "%s%s", i ? "," : "", json_string_value(mode) ?: "");
	kl_cell_str(buf, text.len ? kl_buf_str(&text) : "<none>");
}

const struct kl_column kl_columns_csi_driver[8] = {
	KL_NAME_COLUMN,
	KL_COLUMN("AttachRequired", driver_attach),
	KL_COLUMN("PodInfoOnMount", driver_info),
	KL_COLUMN("StorageCapacity", driver_capacity),
	KL_COLUMN("TokenRequests", driver_tokens),
	KL_COLUMN("RequiresRepublish", driver_republish),
	KL_COLUMN("Modes", driver_modes),
	KL_AGE_COLUMN,
};

static void driver_count(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_int(buf, (int64_t)json_array_size(kl_json_get(row->object, "spec", "drivers", NULL)));
}

const struct kl_column kl_columns_csi_node[3] = {KL_NAME_COLUMN, KL_NUMBER("Drivers", driver_count), KL_AGE_COLUMN};

TEXT(capacity_class, "storageClassName")
TEXT(capacity_amount, "capacity")

const struct kl_column kl_columns_csi_storage_capacity[3] = {
	KL_NAME_COLUMN, KL_COLUMN("StorageClassName", capacity_class), KL_COLUMN("Capacity", capacity_amount)};

TEXT(attachment_driver, "spec", "attacher")
TEXT(attachment_pv, "spec", "source", "persistentVolumeName")
TEXT(attachment_node, "spec", "nodeName")
FLAG(attachment_done, "true", "false", "status", "attached")

const struct kl_column kl_columns_volume_attachment[6] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Attacher", attachment_driver),
	KL_COLUMN("PV", attachment_pv),
	KL_COLUMN("Node", attachment_node),
	KL_COLUMN("Attached", attachment_done),
	KL_AGE_COLUMN,
};

/* --- roles --- */

static void binding_role(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autofree char *text = kl_asprintf("%s/%s", kl_json_str(row->object, "roleRef", "kind", NULL),
		kl_json_str(row->object, "roleRef", "name", NULL));
	kl_cell_str(buf, text);
}

static void subjects_of(const struct kl_row *row, const char *kind, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	size_t i;
	json_t *subject;
	json_array_foreach (json_object_get(row->object, "subjects"), i, subject) {
		const char *ns = kl_json_str(subject, "namespace", NULL);
		if (strcmp(kl_json_str(subject, "kind", NULL), kind))
			continue;
		kl_buf_printf(&text, "%s%s%s%s", text.len ? ", " : "", ns, *ns ? "/" : "",
			kl_json_str(subject, "name", NULL));
	}
	kl_cell_str(buf, kl_buf_str(&text));
}

static void binding_users(const struct kl_row *row, struct kl_buf *buf)
{
	subjects_of(row, "User", buf);
}

static void binding_groups(const struct kl_row *row, struct kl_buf *buf)
{
	subjects_of(row, "Group", buf);
}

static void binding_accounts(const struct kl_row *row, struct kl_buf *buf)
{
	subjects_of(row, "ServiceAccount", buf);
}

const struct kl_column kl_columns_role_binding[6] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Role", binding_role),
	KL_AGE_COLUMN,
	KL_WIDE("Users", binding_users),
	KL_WIDE("Groups", binding_groups),
	KL_WIDE("ServiceAccounts", binding_accounts),
};

/* --- the rest --- */

TEXT(csr_signer, "spec", "signerName")
TEXT(csr_user, "spec", "username")

static void csr_duration(const struct kl_row *row, struct kl_buf *buf)
{
	char text[KL_TIME_TEXT] = "<none>";
	int64_t seconds = kl_json_int(row->object, 0, "spec", "expirationSeconds", NULL);
	if (seconds)
		kl_duration_human(seconds, text);
	kl_cell_str(buf, text);
}

static void csr_condition(const struct kl_row *row, struct kl_buf *buf)
{
	kl_autobuf text = {0};
	size_t i;
	json_t *condition;
	json_array_foreach (kl_json_get(row->object, "status", "conditions", NULL), i, condition)
		kl_buf_printf(&text, "%s%s", text.len ? "," : "", kl_json_str(condition, "type", NULL));
	if (!text.len)
		kl_buf_str_push(&text, "Pending");
	if (*kl_json_str(row->object, "status", "certificate", NULL))
		kl_buf_str_push(&text, ",Issued");
	kl_cell_str(buf, kl_buf_str(&text));
}

const struct kl_column kl_columns_csr[6] = {
	KL_NAME_COLUMN,
	KL_AGE_COLUMN,
	KL_COLUMN("SignerName", csr_signer),
	KL_COLUMN("Requestor", csr_user),
	KL_COLUMN("RequestedDuration", csr_duration),
	KL_COLUMN("Condition", csr_condition),
};

FLAG(priority_default, "true", "false", "globalDefault")
TEXT(priority_preemption, "preemptionPolicy")

static void priority_value(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_int(buf, kl_json_int(row->object, 0, "value", NULL));
}

const struct kl_column kl_columns_priority_class[5] = {
	KL_NAME_COLUMN,
	KL_NUMBER("Value", priority_value),
	KL_COLUMN("Global-Default", priority_default),
	KL_AGE_COLUMN,
	KL_COLUMN("PreemptionPolicy", priority_preemption),
};

TEXT(runtime_handler, "handler")

const struct kl_column kl_columns_runtime_class[3] = {
	KL_NAME_COLUMN, KL_COLUMN("Handler", runtime_handler), KL_AGE_COLUMN};

/* "cpu: 1/4, pods: 2/10"; limits.* apart from the rest. */
static void quota(const struct kl_row *row, bool limits, struct kl_buf *buf)
{
	const char *name;
	json_t *hard;
	kl_autobuf text = {0};
	json_object_foreach (kl_json_get(row->object, "status", "hard", NULL), name, hard) {
		if (!strncmp(name, "limits.", 7) != limits)
			continue;
		const char *used = kl_json_str(row->object, "status", "used", name, NULL);
		kl_buf_printf(&text, "%s%s: %s/%s", text.len ? ", " : "", name, *used ? used : "0",
			json_string_value(hard) ?: "");
	}
	kl_cell_str(buf, kl_buf_str(&text));
}

static void quota_requests(const struct kl_row *row, struct kl_buf *buf)
{
	quota(row, false, buf);
}

static void quota_limits(const struct kl_row *row, struct kl_buf *buf)
{
	quota(row, true, buf);
}

const struct kl_column kl_columns_resource_quota[4] = {
	KL_NAME_COLUMN, KL_COLUMN("Request", quota_requests), KL_COLUMN("Limit", quota_limits), KL_AGE_COLUMN};
