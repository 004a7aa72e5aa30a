/*
 * The columns of `kubectl get`, one const table for each kind (columns_*.c).
 */
#ifndef KL_COLUMNS_H
#define KL_COLUMNS_H

#include "json.h"

#include <stdint.h>

struct kl_row {
	const json_t *object;
	int64_t now_ms;
};

struct kl_column {
	const char *name, *type, *format, *doc;
	int priority; /* 1: only with -o wide */
	/* Appends the cell as JSON. */
	void (*cell)(const struct kl_row *row, struct kl_buf *buf);
};

/* --- table.c: what cells are made of --- */
void kl_cell_str(struct kl_buf *buf, const char *text);
void kl_cell_int(struct kl_buf *buf, int64_t value);
/* The duration since an RFC 3339 time as a cell; "<unknown>" without one. */
void kl_cell_since(struct kl_buf *buf, const struct kl_row *row, const char *time);
/* "a=b,c in (d)" of a LabelSelector, "<none>" when it is empty. */
void kl_text_selector(const json_t *label_selector, struct kl_buf *buf);
/* "a=b,c=d" of a map, sorted; "<none>" when it is empty. */
void kl_text_map(const json_t *map, struct kl_buf *buf);
void kl_cell_name(const struct kl_row *row, struct kl_buf *buf);
void kl_cell_age(const struct kl_row *row, struct kl_buf *buf);
void kl_cell_containers(const struct kl_row *row, struct kl_buf *buf); /* of spec.template */
void kl_cell_images(const struct kl_row *row, struct kl_buf *buf);
void kl_cell_selector(const struct kl_row *row, struct kl_buf *buf); /* spec.selector, a LabelSelector */

#define KL_COLUMN(title, function, ...)                                                      \
	{                                                                                    \
		.name = title, .type = "string", .format = "", .cell = function, __VA_ARGS__ \
	}
#define KL_WIDE(title, function) KL_COLUMN(title, function, .priority = 1)
#define KL_NUMBER(title, function, ...)                                                       \
	{                                                                                     \
		.name = title, .type = "integer", .format = "", .cell = function, __VA_ARGS__ \
	}
#define KL_NAME_COLUMN                                                                   \
	{                                                                                \
		.name = "Name", .type = "string", .format = "name",                      \
		.doc = "Name of the object, unique among its kind", .cell = kl_cell_name \
	}
#define KL_AGE_COLUMN                                                                                      \
	{                                                                                                  \
		.name = "Age", .type = "string", .format = "", .doc = "Time since the object was created", \
		.cell = kl_cell_age                                                                        \
	}

extern const struct kl_column kl_columns_pod[9], kl_columns_node[10], kl_columns_deployment[8],
	kl_columns_replica_set[8], kl_columns_rc[8], kl_columns_daemon_set[11], kl_columns_stateful_set[5],
	kl_columns_service[7], kl_columns_endpoints[3], kl_columns_endpoint_slice[5], kl_columns_namespace[3],
	kl_columns_secret[4], kl_columns_config_map[3], kl_columns_service_account[3], kl_columns_event[10],
	kl_columns_lease[3], kl_columns_pv[11], kl_columns_pvc[9], kl_columns_storage_class[6], kl_columns_job[8],
	kl_columns_cron_job[10], kl_columns_hpa[7], kl_columns_ingress[6], kl_columns_ingress_class[4],
	kl_columns_network_policy[3], kl_columns_pdb[5], kl_columns_created_at[2], kl_columns_role_binding[6],
	kl_columns_csr[6], kl_columns_priority_class[5], kl_columns_runtime_class[3], kl_columns_resource_quota[4],
	kl_columns_pod_template[4], kl_columns_controller_revision[4], kl_columns_csi_driver[8], kl_columns_csi_node[3],
	kl_columns_csi_storage_capacity[3], kl_columns_volume_attachment[6], kl_columns_component_status[4],
	kl_columns_scale[4], kl_columns_ip_address[2], kl_columns_service_cidr[3],
	kl_columns_volume_attributes_class[3];

#endif
