/* Defaults and rules of types that the rows cannot say; named in schema_*.c, defined in default_*.c and check_*.c. */
#ifndef KL_TYPE_HOOKS_H
#define KL_TYPE_HOOKS_H

#include "json.h"

struct kl_path;
struct kl_errors;

typedef void kl_type_default(json_t *object);
typedef void kl_type_check(const json_t *object, const struct kl_path *path, struct kl_errors *errors);

kl_type_default kl_default_Container, kl_default_DaemonSetUpdateStrategy, kl_default_DeploymentStrategy,
	kl_default_EphemeralContainer, kl_default_HorizontalPodAutoscalerV2Spec, kl_default_JobSpec,
	kl_default_NetworkPolicySpec, kl_default_NodeStatus, kl_default_PodSpec, kl_default_Secret,
	kl_default_ServicePort, kl_default_ServiceSpec, kl_default_StatefulSetUpdateStrategy, kl_default_Subject,
	kl_default_Volume;
kl_type_check kl_check_Container, kl_check_CronJobSpec, kl_check_DaemonSetSpec, kl_check_DeploymentSpec,
	kl_check_DeploymentStrategy, kl_check_EnvVar, kl_check_EphemeralContainer, kl_check_HTTPIngressPath,
	kl_check_HorizontalPodAutoscalerV2Spec, kl_check_IngressBackend, kl_check_IngressSpec, kl_check_JobSpec,
	kl_check_KeyToPath, kl_check_LabelSelector, kl_check_LifecycleHandler, kl_check_NetworkPolicyPeer,
	kl_check_NetworkPolicyPort, kl_check_NodeSelectorRequirement, kl_check_PersistentVolumeClaimSpec,
	kl_check_PersistentVolumeSpec, kl_check_PodAffinityTerm, kl_check_PodDisruptionBudgetSpec, kl_check_PodSpec,
	kl_check_PolicyRule, kl_check_Probe, kl_check_ReplicaSetSpec, kl_check_ServiceSpec, kl_check_StatefulSetSpec,
	kl_check_Taint, kl_check_Toleration, kl_check_ClusterRoleBinding, kl_check_DownwardAPIVolumeFile,
	kl_check_EndpointSlice, kl_check_EndpointSubset, kl_check_Endpoints, kl_check_EnvVarSource,
	kl_check_HostPathVolumeSource, kl_check_LimitRangeItem, kl_check_LimitRangeSpec, kl_check_MetricSpec,
	kl_check_MetricTarget, kl_check_PodSecurityContext, kl_check_ResourceQuotaSpec, kl_check_Role,
	kl_check_RoleBinding, kl_check_SecurityContext, kl_check_ServiceAccountTokenProjection, kl_check_Sysctl,
	kl_check_VolumeAttachmentSource, kl_check_pod_parts, kl_check_TopologySpreadConstraint, kl_check_Volume,
	kl_check_VolumeMount;

#endif
