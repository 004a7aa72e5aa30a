#include "kind.h"

#include "columns.h"
#include "hooks.h"
#include "mem.h"
#include "schema.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The order is that of discovery: kubectl resolves a short name to the first group that has it. */
enum id {
	ID_COMPONENT_STATUS,
	ID_CONFIG_MAP,
	ID_ENDPOINTS,
	ID_EVENT_CORE,
	ID_LIMIT_RANGE,
	ID_NAMESPACE,
	ID_NODE,
	ID_PVC,
	ID_PV,
	ID_POD,
	ID_POD_TEMPLATE,
	ID_RC,
	ID_RESOURCE_QUOTA,
	ID_SECRET,
	ID_SERVICE_ACCOUNT,
	ID_SERVICE,
	ID_CONTROLLER_REVISION,
	ID_DAEMON_SET,
	ID_DEPLOYMENT,
	ID_REPLICA_SET,
	ID_STATEFUL_SET,
	ID_EVENT,
	ID_HPA_V2,
	ID_HPA_V1,
	ID_CRON_JOB,
	ID_JOB,
	ID_CRON_JOB_BETA,
	ID_CSR,
	ID_INGRESS_CLASS,
	ID_INGRESS,
	ID_IP_ADDRESS,
	ID_NETWORK_POLICY,
	ID_SERVICE_CIDR,
	ID_PDB,
	ID_PDB_BETA,
	ID_CLUSTER_ROLE_BINDING,
	ID_CLUSTER_ROLE,
	ID_ROLE_BINDING,
	ID_ROLE,
	ID_CSI_DRIVER,
	ID_CSI_NODE,
	ID_CSI_STORAGE_CAPACITY,
	ID_STORAGE_CLASS,
	ID_VOLUME_ATTACHMENT,
	ID_VOLUME_ATTRIBUTES_CLASS,
	ID_PRIORITY_CLASS,
	ID_LEASE,
	ID_RUNTIME_CLASS,
	ID_ENDPOINT_SLICE,
	ID_ENDPOINT_SLICE_BETA,
	ID_SELF_SUBJECT_REVIEW,
	ID_TOKEN_REVIEW,
	ID_LOCAL_ACCESS_REVIEW,
	ID_SELF_ACCESS_REVIEW,
	ID_SELF_RULES_REVIEW,
	ID_ACCESS_REVIEW,
	ID_INGRESS_BETA,
	ID_COUNT,
};

#define NAMES(...)       ((const char *const[]){__VA_ARGS__, NULL})
#define COLUMNS(set)     .columns = kl_columns_##set, .column_count = KL_ARRAY_LEN(kl_columns_##set)
#define DEPRECATED(text) .deprecation = "299 - \"" text "\""
#define IDENTITY(row, stored, grp, ver, name, many, one) \
	.id = row, .storage_id = stored, .group = grp, .version = ver, .kind = name, .plural = many, .singular = one

static const struct kl_kind kinds[ID_COUNT] = {
	/* core */
	[ID_COMPONENT_STATUS] = {IDENTITY(ID_COMPONENT_STATUS, ID_COMPONENT_STATUS, "", "v1", "ComponentStatus",
					 "componentstatuses", "componentstatus"),
		.short_names = NAMES("cs"), .virtual = true, DEPRECATED("v1 ComponentStatus is deprecated in v1.19+"),
		.verbs = KL_CAN_GET | KL_CAN_LIST, .schema = &kl_schema_ComponentStatus, COLUMNS(component_status)},
	[ID_CONFIG_MAP] = {IDENTITY(ID_CONFIG_MAP, ID_CONFIG_MAP, "", "v1", "ConfigMap", "configmaps", "configmap"),
		.short_names = NAMES("cm"), .namespaced = true, .verbs = KL_CAN_ALL, .schema = &kl_schema_ConfigMap,
		COLUMNS(config_map), .hooks = &kl_hooks_config_map},
	[ID_ENDPOINTS] = {IDENTITY(ID_ENDPOINTS, ID_ENDPOINTS, "", "v1", "Endpoints", "endpoints", "endpoints"),
		.short_names = NAMES("ep"), .namespaced = true,
		DEPRECATED("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
		.verbs = KL_CAN_ALL, .schema = &kl_schema_Endpoints, COLUMNS(endpoints)},
	[ID_EVENT_CORE] = {IDENTITY(ID_EVENT_CORE, ID_EVENT_CORE, "", "v1", "Event", "events", "event"),
		.short_names = NAMES("ev"), .namespaced = true, .verbs = KL_CAN_ALL, .schema = &kl_schema_CoreEvent,
		COLUMNS(event), .hooks = &kl_hooks_event},
	[ID_LIMIT_RANGE] =
		{IDENTITY(ID_LIMIT_RANGE, ID_LIMIT_RANGE, "", "v1", "LimitRange", "limitranges", "limitrange"),
			.short_names = NAMES("limits"), .namespaced = true, .verbs = KL_CAN_ALL,
			.schema = &kl_schema_LimitRange, COLUMNS(created_at)},
	[ID_NAMESPACE] = {IDENTITY(ID_NAMESPACE, ID_NAMESPACE, "", "v1", "Namespace", "namespaces", "namespace"),
		.short_names = NAMES("ns"), .verbs = KL_CAN_ALL & ~KL_CAN_DELETE_COLLECTION,
		.subresources = KL_SUB_STATUS | KL_SUB_FINALIZE, .schema = &kl_schema_Namespace, COLUMNS(namespace),
		.hooks = &kl_hooks_namespace},
	[ID_NODE] = {IDENTITY(ID_NODE, ID_NODE, "", "v1", "Node", "nodes", "node"), .short_names = NAMES("no"),
		.verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS, .schema = &kl_schema_Node, COLUMNS(node),
		.hooks = &kl_hooks_node},
	[ID_PVC] = {IDENTITY(ID_PVC, ID_PVC, "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims",
			    "persistentvolumeclaim"),
		.short_names = NAMES("pvc"), .namespaced = true, .verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS,
		.schema = &kl_schema_PersistentVolumeClaim, COLUMNS(pvc), .hooks = &kl_hooks_pvc},
	[ID_PV] = {IDENTITY(ID_PV, ID_PV, "", "v1", "PersistentVolume", "persistentvolumes", "persistentvolume"),
		.short_names = NAMES("pv"), .verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS,
		.schema = &kl_schema_PersistentVolume, COLUMNS(pv), .hooks = &kl_hooks_pv},
	[ID_POD] = {IDENTITY(ID_POD, ID_POD, "", "v1", "Pod", "pods", "pod"), .short_names = NAMES("po"),
		.categories = NAMES("all"), .namespaced = true, .verbs = KL_CAN_ALL,
		.subresources = KL_SUB_STATUS | KL_SUB_BINDING | KL_SUB_EVICTION | KL_SUB_EPHEMERAL_CONTAINERS,
		.schema = &kl_schema_Pod, COLUMNS(pod), .hooks = &kl_hooks_pod},
	[ID_POD_TEMPLATE] =
		{IDENTITY(ID_POD_TEMPLATE, ID_POD_TEMPLATE, "", "v1", "PodTemplate", "podtemplates", "podtemplate"),
			.namespaced = true, .verbs = KL_CAN_ALL, .schema = &kl_schema_PodTemplate,
			COLUMNS(pod_template)},
	[ID_RC] = {IDENTITY(ID_RC, ID_RC, "", "v1", "ReplicationController", "replicationcontrollers",
			   "replicationcontroller"),
		.short_names = NAMES("rc"), .categories = NAMES("all"), .namespaced = true, .verbs = KL_CAN_ALL,
		.subresources = KL_SUB_STATUS | KL_SUB_SCALE, .schema = &kl_schema_ReplicationController, COLUMNS(rc),
		.hooks = &kl_hooks_rc},
	[ID_RESOURCE_QUOTA] = {IDENTITY(ID_RESOURCE_QUOTA, ID_RESOURCE_QUOTA, "", "v1", "ResourceQuota",
				       "resourcequotas", "resourcequota"),
		.short_names = NAMES("quota"), .namespaced = true, .verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS,
		.schema = &kl_schema_ResourceQuota, COLUMNS(resource_quota)},
	[ID_SECRET] = {IDENTITY(ID_SECRET, ID_SECRET, "", "v1", "Secret", "secrets", "secret"), .namespaced = true,
		.verbs = KL_CAN_ALL, .schema = &kl_schema_Secret, COLUMNS(secret), .hooks = &kl_hooks_secret},
	[ID_SERVICE_ACCOUNT] = {IDENTITY(ID_SERVICE_ACCOUNT, ID_SERVICE_ACCOUNT, "", "v1", "ServiceAccount",
					"serviceaccounts", "serviceaccount"),
		.short_names = NAMES("sa"), .namespaced = true, .verbs = KL_CAN_ALL, .subresources = KL_SUB_TOKEN,
		.schema = &kl_schema_ServiceAccount, COLUMNS(service_account)},
	[ID_SERVICE] = {IDENTITY(ID_SERVICE, ID_SERVICE, "", "v1", "Service", "services", "service"),
		.short_names = NAMES("svc"), .categories = NAMES("all"), .namespaced = true, .verbs = KL_CAN_ALL,
		.subresources = KL_SUB_STATUS, .schema = &kl_schema_Service, COLUMNS(service),
		.hooks = &kl_hooks_service},
	/* apps */
	[ID_CONTROLLER_REVISION] = {IDENTITY(ID_CONTROLLER_REVISION, ID_CONTROLLER_REVISION, "apps", "v1",
					    "ControllerRevision", "controllerrevisions", "controllerrevision"),
		.namespaced = true, .verbs = KL_CAN_ALL, .schema = &kl_schema_ControllerRevision,
		COLUMNS(controller_revision)},
	[ID_DAEMON_SET] = {IDENTITY(ID_DAEMON_SET, ID_DAEMON_SET, "apps", "v1", "DaemonSet", "daemonsets", "daemonset"),
		.short_names = NAMES("ds"), .categories = NAMES("all"), .namespaced = true, .verbs = KL_CAN_ALL,
		.subresources = KL_SUB_STATUS, .schema = &kl_schema_DaemonSet, COLUMNS(daemon_set),
		.hooks = &kl_hooks_daemon_set},
	[ID_DEPLOYMENT] =
		{IDENTITY(ID_DEPLOYMENT, ID_DEPLOYMENT, "apps", "v1", "Deployment", "deployments", "deployment"),
			.short_names = NAMES("deploy"), .categories = NAMES("all"), .namespaced = true,
			.verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS | KL_SUB_SCALE,
			.schema = &kl_schema_Deployment, COLUMNS(deployment), .hooks = &kl_hooks_deployment},
	[ID_REPLICA_SET] =
		{IDENTITY(ID_REPLICA_SET, ID_REPLICA_SET, "apps", "v1", "ReplicaSet", "replicasets", "replicaset"),
			.short_names = NAMES("rs"), .categories = NAMES("all"), .namespaced = true, .verbs = KL_CAN_ALL,
			.subresources = KL_SUB_STATUS | KL_SUB_SCALE, .schema = &kl_schema_ReplicaSet,
			COLUMNS(replica_set), .hooks = &kl_hooks_replica_set},
	[ID_STATEFUL_SET] =
		{IDENTITY(ID_STATEFUL_SET, ID_STATEFUL_SET, "apps", "v1", "StatefulSet", "statefulsets", "statefulset"),
			.short_names = NAMES("sts"), .categories = NAMES("all"), .namespaced = true,
			.verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS | KL_SUB_SCALE,
			.schema = &kl_schema_StatefulSet, COLUMNS(stateful_set), .hooks = &kl_hooks_stateful_set},
	/* events: the same objects as the core ones */
	[ID_EVENT] = {IDENTITY(ID_EVENT, ID_EVENT_CORE, "events.k8s.io", "v1", "Event", "events", "event"),
		.short_names = NAMES("ev"), .namespaced = true, .verbs = KL_CAN_ALL, .schema = &kl_schema_Event,
		COLUMNS(event)},
	/* autoscaling: v2 is stored */
	[ID_HPA_V2] = {IDENTITY(ID_HPA_V2, ID_HPA_V2, "autoscaling", "v2", "HorizontalPodAutoscaler",
			       "horizontalpodautoscalers", "horizontalpodautoscaler"),
		.short_names = NAMES("hpa"), .categories = NAMES("all"), .namespaced = true, .verbs = KL_CAN_ALL,
		.subresources = KL_SUB_STATUS, .schema = &kl_schema_HorizontalPodAutoscalerV2, COLUMNS(hpa),
		.hooks = &kl_hooks_hpa},
	[ID_HPA_V1] = {IDENTITY(ID_HPA_V1, ID_HPA_V2, "autoscaling", "v1", "HorizontalPodAutoscaler",
			       "horizontalpodautoscalers", "horizontalpodautoscaler"),
		.short_names = NAMES("hpa"), .categories = NAMES("all"), .namespaced = true, .verbs = KL_CAN_ALL,
		.subresources = KL_SUB_STATUS, .schema = &kl_schema_HorizontalPodAutoscaler, COLUMNS(hpa),
		.hooks = &kl_hooks_hpa},
	/* batch */
	[ID_CRON_JOB] = {IDENTITY(ID_CRON_JOB, ID_CRON_JOB, "batch", "v1", "CronJob", "cronjobs", "cronjob"),
		.short_names = NAMES("cj"), .categories = NAMES("all"), .namespaced = true, .verbs = KL_CAN_ALL,
		.subresources = KL_SUB_STATUS, .schema = &kl_schema_CronJob, COLUMNS(cron_job),
		.hooks = &kl_hooks_cron_job},
	[ID_JOB] = {IDENTITY(ID_JOB, ID_JOB, "batch", "v1", "Job", "jobs", "job"), .categories = NAMES("all"),
		.namespaced = true, .verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS, .schema = &kl_schema_Job,
		COLUMNS(job), .hooks = &kl_hooks_job},
	[ID_CRON_JOB_BETA] =
		{IDENTITY(ID_CRON_JOB_BETA, ID_CRON_JOB, "batch", "v1beta1", "CronJob", "cronjobs", "cronjob"),
			.short_names = NAMES("cj"), .categories = NAMES("all"), .namespaced = true,
			DEPRECATED("batch/v1beta1 CronJob is deprecated in v1.21+, unavailable in v1.25+; use batch/v1 "
				   "CronJob"),
			.verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS, .schema = &kl_schema_CronJob,
			COLUMNS(cron_job), .hooks = &kl_hooks_cron_job},
	[ID_CSR] = {IDENTITY(ID_CSR, ID_CSR, "certificates.k8s.io", "v1", "CertificateSigningRequest",
			    "certificatesigningrequests", "certificatesigningrequest"),
		.short_names = NAMES("csr"), .verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS | KL_SUB_APPROVAL,
		.schema = &kl_schema_CertificateSigningRequest, COLUMNS(csr), .hooks = &kl_hooks_csr},
	/* networking */
	[ID_INGRESS_CLASS] = {IDENTITY(ID_INGRESS_CLASS, ID_INGRESS_CLASS, "networking.k8s.io", "v1", "IngressClass",
				      "ingressclasses", "ingressclass"),
		.verbs = KL_CAN_ALL, .schema = &kl_schema_IngressClass, COLUMNS(ingress_class),
		.hooks = &kl_hooks_ingress_class},
	[ID_INGRESS] = {IDENTITY(ID_INGRESS, ID_INGRESS, "networking.k8s.io", "v1", "Ingress", "ingresses", "ingress"),
		.short_names = NAMES("ing"), .namespaced = true, .verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS,
		.schema = &kl_schema_Ingress, COLUMNS(ingress), .hooks = &kl_hooks_ingress},
	[ID_IP_ADDRESS] = {IDENTITY(ID_IP_ADDRESS, ID_IP_ADDRESS, "networking.k8s.io", "v1", "IPAddress", "ipaddresses",
				   "ipaddress"),
		.short_names = NAMES("ip"), .verbs = KL_CAN_ALL, .schema = &kl_schema_IPAddress, COLUMNS(ip_address)},
	[ID_NETWORK_POLICY] = {IDENTITY(ID_NETWORK_POLICY, ID_NETWORK_POLICY, "networking.k8s.io", "v1",
				       "NetworkPolicy", "networkpolicies", "networkpolicy"),
		.short_names = NAMES("netpol"), .namespaced = true, .verbs = KL_CAN_ALL,
		.schema = &kl_schema_NetworkPolicy, COLUMNS(network_policy), .hooks = &kl_hooks_network_policy},
	[ID_SERVICE_CIDR] = {IDENTITY(ID_SERVICE_CIDR, ID_SERVICE_CIDR, "networking.k8s.io", "v1", "ServiceCIDR",
				     "servicecidrs", "servicecidr"),
		.verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS, .schema = &kl_schema_ServiceCIDR,
		COLUMNS(service_cidr), .hooks = &kl_hooks_service_cidr},
	/* policy */
	[ID_PDB] = {IDENTITY(ID_PDB, ID_PDB, "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets",
			    "poddisruptionbudget"),
		.short_names = NAMES("pdb"), .namespaced = true, .verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS,
		.schema = &kl_schema_PodDisruptionBudget, COLUMNS(pdb), .hooks = &kl_hooks_pdb},
	[ID_PDB_BETA] = {IDENTITY(ID_PDB_BETA, ID_PDB, "policy", "v1beta1", "PodDisruptionBudget",
				 "poddisruptionbudgets", "poddisruptionbudget"),
		.short_names = NAMES("pdb"), .namespaced = true,
		DEPRECATED("policy/v1beta1 PodDisruptionBudget is deprecated in v1.21+, unavailable in v1.25+; use "
			   "policy/v1 PodDisruptionBudget"),
		.verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS, .schema = &kl_schema_PodDisruptionBudget,
		COLUMNS(pdb), .hooks = &kl_hooks_pdb},
	/* rbac */
	[ID_CLUSTER_ROLE_BINDING] =
		{IDENTITY(ID_CLUSTER_ROLE_BINDING, ID_CLUSTER_ROLE_BINDING, "rbac.authorization.k8s.io", "v1",
			 "ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding"),
			.verbs = KL_CAN_ALL, .schema = &kl_schema_ClusterRoleBinding, COLUMNS(role_binding),
			.hooks = &kl_hooks_rbac},
	[ID_CLUSTER_ROLE] = {IDENTITY(ID_CLUSTER_ROLE, ID_CLUSTER_ROLE, "rbac.authorization.k8s.io", "v1",
				     "ClusterRole", "clusterroles", "clusterrole"),
		.verbs = KL_CAN_ALL, .schema = &kl_schema_ClusterRole, COLUMNS(created_at), .hooks = &kl_hooks_rbac},
	[ID_ROLE_BINDING] = {IDENTITY(ID_ROLE_BINDING, ID_ROLE_BINDING, "rbac.authorization.k8s.io", "v1",
				     "RoleBinding", "rolebindings", "rolebinding"),
		.namespaced = true, .verbs = KL_CAN_ALL, .schema = &kl_schema_RoleBinding, COLUMNS(role_binding),
		.hooks = &kl_hooks_rbac},
	[ID_ROLE] = {IDENTITY(ID_ROLE, ID_ROLE, "rbac.authorization.k8s.io", "v1", "Role", "roles", "role"),
		.namespaced = true, .verbs = KL_CAN_ALL, .schema = &kl_schema_Role, COLUMNS(created_at),
		.hooks = &kl_hooks_rbac},
	/* storage */
	[ID_CSI_DRIVER] =
		{IDENTITY(ID_CSI_DRIVER, ID_CSI_DRIVER, "storage.k8s.io", "v1", "CSIDriver", "csidrivers", "csidriver"),
			.verbs = KL_CAN_ALL, .schema = &kl_schema_CSIDriver, COLUMNS(csi_driver)},
	[ID_CSI_NODE] = {IDENTITY(ID_CSI_NODE, ID_CSI_NODE, "storage.k8s.io", "v1", "CSINode", "csinodes", "csinode"),
		.verbs = KL_CAN_ALL, .schema = &kl_schema_CSINode, COLUMNS(csi_node)},
	[ID_CSI_STORAGE_CAPACITY] = {IDENTITY(ID_CSI_STORAGE_CAPACITY, ID_CSI_STORAGE_CAPACITY, "storage.k8s.io", "v1",
					     "CSIStorageCapacity", "csistoragecapacities", "csistoragecapacity"),
		.namespaced = true, .verbs = KL_CAN_ALL, .schema = &kl_schema_CSIStorageCapacity,
		COLUMNS(csi_storage_capacity)},
	[ID_STORAGE_CLASS] = {IDENTITY(ID_STORAGE_CLASS, ID_STORAGE_CLASS, "storage.k8s.io", "v1", "StorageClass",
				      "storageclasses", "storageclass"),
		.short_names = NAMES("sc"), .verbs = KL_CAN_ALL, .schema = &kl_schema_StorageClass,
		COLUMNS(storage_class), .hooks = &kl_hooks_storage_class},
	[ID_VOLUME_ATTACHMENT] = {IDENTITY(ID_VOLUME_ATTACHMENT, ID_VOLUME_ATTACHMENT, "storage.k8s.io", "v1",
					  "VolumeAttachment", "volumeattachments", "volumeattachment"),
		.verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS, .schema = &kl_schema_VolumeAttachment,
		COLUMNS(volume_attachment)},
	[ID_VOLUME_ATTRIBUTES_CLASS] =
		{IDENTITY(ID_VOLUME_ATTRIBUTES_CLASS, ID_VOLUME_ATTRIBUTES_CLASS, "storage.k8s.io", "v1beta1",
			 "VolumeAttributesClass", "volumeattributesclasses", "volumeattributesclass"),
			.short_names = NAMES("vac"), .verbs = KL_CAN_ALL, .schema = &kl_schema_VolumeAttributesClass,
			COLUMNS(volume_attributes_class), .hooks = &kl_hooks_volume_attributes_class},
	/* the rest */
	[ID_PRIORITY_CLASS] = {IDENTITY(ID_PRIORITY_CLASS, ID_PRIORITY_CLASS, "scheduling.k8s.io", "v1",
				       "PriorityClass", "priorityclasses", "priorityclass"),
		.short_names = NAMES("pc"), .verbs = KL_CAN_ALL, .schema = &kl_schema_PriorityClass,
		COLUMNS(priority_class), .hooks = &kl_hooks_priority_class},
	[ID_LEASE] = {IDENTITY(ID_LEASE, ID_LEASE, "coordination.k8s.io", "v1", "Lease", "leases", "lease"),
		.namespaced = true, .verbs = KL_CAN_ALL, .schema = &kl_schema_Lease, COLUMNS(lease)},
	[ID_RUNTIME_CLASS] = {IDENTITY(ID_RUNTIME_CLASS, ID_RUNTIME_CLASS, "node.k8s.io", "v1", "RuntimeClass",
				      "runtimeclasses", "runtimeclass"),
		.verbs = KL_CAN_ALL, .schema = &kl_schema_RuntimeClass, COLUMNS(runtime_class),
		.hooks = &kl_hooks_runtime_class},
	[ID_ENDPOINT_SLICE] = {IDENTITY(ID_ENDPOINT_SLICE, ID_ENDPOINT_SLICE, "discovery.k8s.io", "v1", "EndpointSlice",
				       "endpointslices", "endpointslice"),
		.namespaced = true, .verbs = KL_CAN_ALL, .schema = &kl_schema_EndpointSlice, COLUMNS(endpoint_slice),
		.hooks = &kl_hooks_endpoint_slice},
	[ID_ENDPOINT_SLICE_BETA] = {IDENTITY(ID_ENDPOINT_SLICE_BETA, ID_ENDPOINT_SLICE, "discovery.k8s.io", "v1beta1",
					    "EndpointSlice", "endpointslices", "endpointslice"),
		.namespaced = true,
		DEPRECATED("discovery.k8s.io/v1beta1 EndpointSlice is deprecated in v1.21+, unavailable in v1.25+; use "
			   "discovery.k8s.io/v1 EndpointSlice"),
		.verbs = KL_CAN_ALL, .schema = &kl_schema_EndpointSliceBeta, COLUMNS(endpoint_slice),
		.hooks = &kl_hooks_endpoint_slice},
	/* questions to the server, answered by create and stored nowhere */
	[ID_SELF_SUBJECT_REVIEW] = {IDENTITY(ID_SELF_SUBJECT_REVIEW, ID_SELF_SUBJECT_REVIEW, "authentication.k8s.io",
					    "v1", "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview"),
		.verbs = KL_CAN_CREATE, .schema = &kl_schema_SelfSubjectReview, COLUMNS(created_at)},
	[ID_TOKEN_REVIEW] = {IDENTITY(ID_TOKEN_REVIEW, ID_TOKEN_REVIEW, "authentication.k8s.io", "v1", "TokenReview",
				     "tokenreviews", "tokenreview"),
		.verbs = KL_CAN_CREATE, .schema = &kl_schema_TokenReview, COLUMNS(created_at)},
	[ID_LOCAL_ACCESS_REVIEW] =
		{IDENTITY(ID_LOCAL_ACCESS_REVIEW, ID_LOCAL_ACCESS_REVIEW, "authorization.k8s.io", "v1",
			 "LocalSubjectAccessReview", "localsubjectaccessreviews", "localsubjectaccessreview"),
			.namespaced = true, .verbs = KL_CAN_CREATE, .schema = &kl_schema_LocalSubjectAccessReview,
			COLUMNS(created_at)},
	[ID_SELF_ACCESS_REVIEW] =
		{IDENTITY(ID_SELF_ACCESS_REVIEW, ID_SELF_ACCESS_REVIEW, "authorization.k8s.io", "v1",
			 "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview"),
			.verbs = KL_CAN_CREATE, .schema = &kl_schema_SelfSubjectAccessReview, COLUMNS(created_at)},
	[ID_SELF_RULES_REVIEW] =
		{IDENTITY(ID_SELF_RULES_REVIEW, ID_SELF_RULES_REVIEW, "authorization.k8s.io", "v1",
			 "SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview"),
			.verbs = KL_CAN_CREATE, .schema = &kl_schema_SelfSubjectRulesReview, COLUMNS(created_at)},
	[ID_ACCESS_REVIEW] = {IDENTITY(ID_ACCESS_REVIEW, ID_ACCESS_REVIEW, "authorization.k8s.io", "v1",
				      "SubjectAccessReview", "subjectaccessreviews", "subjectaccessreview"),
		.verbs = KL_CAN_CREATE, .schema = &kl_schema_SubjectAccessReview, COLUMNS(created_at)},
	/* last, so that "ingresses" alone means networking.k8s.io to everybody */
	[ID_INGRESS_BETA] =
		{IDENTITY(ID_INGRESS_BETA, ID_INGRESS, "extensions", "v1beta1", "Ingress", "ingresses", "ingress"),
			.short_names = NAMES("ing"), .namespaced = true, .legacy = true,
			DEPRECATED("extensions/v1beta1 Ingress is deprecated in v1.14+, unavailable in v1.22+; "
				   "use networking.k8s.io/v1 Ingress"),
			.verbs = KL_CAN_ALL, .subresources = KL_SUB_STATUS, .schema = &kl_schema_IngressBeta,
			COLUMNS(ingress), .hooks = &kl_hooks_ingress},
};

const struct kl_kind kl_kind_scale = {
	.group = "autoscaling", .version = "v1", .kind = "Scale", .schema = &kl_schema_Scale, COLUMNS(scale)};

const struct kl_kind *kl_kinds(size_t *ret_count)
{
	*ret_count = ID_COUNT;
	return kinds;
}

const struct kl_kind *kl_kind_by_id(unsigned id)
{
	return id < ID_COUNT ? &kinds[id] : NULL;
}

const struct kl_kind *kl_kind_by_resource(const char *group, const char *version, const char *plural)
{
	for (size_t i = 0; i < ID_COUNT; i++)
		if (!strcmp(kinds[i].plural, plural) && !strcmp(kinds[i].group, group) &&
			!strcmp(kinds[i].version, version))
			return &kinds[i];
	return NULL;
}

const struct kl_kind *kl_kind_by_type(const char *api_version, const char *kind)
{
	for (size_t i = 0; i < ID_COUNT; i++)
		if (!strcmp(kinds[i].kind, kind) && !strcmp(kl_kind_api_version(&kinds[i]), api_version))
			return &kinds[i];
	return NULL;
}

const struct kl_kind *kl_kind_named(const char *group, const char *kind)
{
	for (size_t i = 0; i < ID_COUNT; i++)
		if (!strcmp(kinds[i].kind, kind) && !strcmp(kinds[i].group, group) && kinds[i].storage_id == i)
			return &kinds[i];
	fprintf(stderr, "keelson: no kind %s in group '%s'\n", kind, group);
	abort();
}

static char api_versions[ID_COUNT][64];

static void fill_api_versions(void)
{
	for (size_t i = 0; i < ID_COUNT; i++)
		snprintf(api_versions[i], sizeof(api_versions[i]), "%s%s%s", kinds[i].group, *kinds[i].group ? "/" : "",
			kinds[i].version);
}

const char *kl_kind_api_version(const struct kl_kind *kind)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fill_api_versions);
	return api_versions[kind->id];
}
