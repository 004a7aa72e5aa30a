/* Types: Pod. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_Affinity[] = {
	OBJ("nodeAffinity", 1, NodeAffinity),
	OBJ("podAffinity", 2, PodAffinity),
	OBJ("podAntiAffinity", 3, PodAntiAffinity),
};
SCHEMA(Affinity, "io.k8s.api.core.v1.Affinity", .doc = NULL);

static const struct kl_field fields_Binding[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("target", 2, ObjectReference, FLAGS(KL_REQUIRED)),
};
SCHEMA(Binding, "io.k8s.api.core.v1.Binding", .doc = NULL);

static const struct kl_field fields_HostAlias[] = {
	LIST_STR("hostnames", 2),
	STR("ip", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(HostAlias, "io.k8s.api.core.v1.HostAlias", .doc = NULL);

static const struct kl_field fields_HostIP[] = {
	STR("ip", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(HostIP, "io.k8s.api.core.v1.HostIP", .doc = NULL);

static const struct kl_field fields_NodeAffinity[] = {
	LIST_OBJ("preferredDuringSchedulingIgnoredDuringExecution", 2, PreferredSchedulingTerm),
	OBJ("requiredDuringSchedulingIgnoredDuringExecution", 1, NodeSelector),
};
SCHEMA(NodeAffinity, "io.k8s.api.core.v1.NodeAffinity", .doc = NULL);

static const struct kl_field fields_NodeSelector[] = {
	LIST_OBJ("nodeSelectorTerms", 1, NodeSelectorTerm, FLAGS(KL_REQUIRED)),
};
SCHEMA(NodeSelector, "io.k8s.api.core.v1.NodeSelector", .atomic = true);

static const struct kl_field fields_NodeSelectorRequirement[] = {
	STR("key", 1, FLAGS(KL_REQUIRED)),
	STR("operator", 2, FLAGS(KL_REQUIRED), CHOICES("DoesNotExist|Exists|Gt|In|Lt|NotIn")),
	LIST_STR("values", 3),
};
SCHEMA(NodeSelectorRequirement, "io.k8s.api.core.v1.NodeSelectorRequirement", .validate = kl_check_NodeSelectorRequirement);

static const struct kl_field fields_NodeSelectorTerm[] = {
	LIST_OBJ("matchExpressions", 1, NodeSelectorRequirement),
	LIST_OBJ("matchFields", 2, NodeSelectorRequirement),
};
SCHEMA(NodeSelectorTerm, "io.k8s.api.core.v1.NodeSelectorTerm", .atomic = true);

static const struct kl_field fields_Pod[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, PodSpec),
	OBJ("status", 3, PodStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Pod, "io.k8s.api.core.v1.Pod", .doc = NULL);

static const struct kl_field fields_PodAffinity[] = {
	LIST_OBJ("preferredDuringSchedulingIgnoredDuringExecution", 2, WeightedPodAffinityTerm),
	LIST_OBJ("requiredDuringSchedulingIgnoredDuringExecution", 1, PodAffinityTerm),
};
SCHEMA(PodAffinity, "io.k8s.api.core.v1.PodAffinity", .doc = NULL);

static const struct kl_field fields_PodAffinityTerm[] = {
	OBJ("labelSelector", 1, LabelSelector),
	LIST_STR("matchLabelKeys", 5),
	LIST_STR("mismatchLabelKeys", 6),
	OBJ("namespaceSelector", 4, LabelSelector),
	LIST_STR("namespaces", 2),
	STR("topologyKey", 3, FLAGS(KL_REQUIRED)),
};
SCHEMA(PodAffinityTerm, "io.k8s.api.core.v1.PodAffinityTerm", .validate = kl_check_PodAffinityTerm);

static const struct kl_field fields_PodAntiAffinity[] = {
	LIST_OBJ("preferredDuringSchedulingIgnoredDuringExecution", 2, WeightedPodAffinityTerm),
	LIST_OBJ("requiredDuringSchedulingIgnoredDuringExecution", 1, PodAffinityTerm),
};
SCHEMA(PodAntiAffinity, "io.k8s.api.core.v1.PodAntiAffinity", .doc = NULL);

static const struct kl_field fields_PodCondition[] = {
	TIME("lastProbeTime", 3),
	TIME("lastTransitionTime", 4),
	STR("message", 6, FLAGS(KL_OMIT_ZERO)),
	I64("observedGeneration", 7, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 5, FLAGS(KL_OMIT_ZERO)),
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(PodCondition, "io.k8s.api.core.v1.PodCondition", .doc = NULL);

static const struct kl_field fields_PodDNSConfig[] = {
	LIST_STR("nameservers", 1),
	LIST_OBJ("options", 3, PodDNSConfigOption),
	LIST_STR("searches", 2),
};
SCHEMA(PodDNSConfig, "io.k8s.api.core.v1.PodDNSConfig", .doc = NULL);

static const struct kl_field fields_PodDNSConfigOption[] = {
	STR("name", 1, FLAGS(KL_OMIT_ZERO)),
	STR("value", 2),
};
SCHEMA(PodDNSConfigOption, "io.k8s.api.core.v1.PodDNSConfigOption", .doc = NULL);

static const struct kl_field fields_PodIP[] = {
	STR("ip", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(PodIP, "io.k8s.api.core.v1.PodIP", .doc = NULL);

static const struct kl_field fields_PodOS[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), CHOICES("linux|windows")),
};
SCHEMA(PodOS, "io.k8s.api.core.v1.PodOS", .doc = NULL);

static const struct kl_field fields_PodReadinessGate[] = {
	STR("conditionType", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(PodReadinessGate, "io.k8s.api.core.v1.PodReadinessGate", .doc = NULL);

static const struct kl_field fields_PodResourceClaim[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
	STR("resourceClaimName", 3, FLAGS(KL_OMIT_ZERO)),
	STR("resourceClaimTemplateName", 4, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(PodResourceClaim, "io.k8s.api.core.v1.PodResourceClaim", .doc = NULL);

static const struct kl_field fields_PodResourceClaimStatus[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
	STR("resourceClaimName", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(PodResourceClaimStatus, "io.k8s.api.core.v1.PodResourceClaimStatus", .doc = NULL);

static const struct kl_field fields_PodSchedulingGate[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(PodSchedulingGate, "io.k8s.api.core.v1.PodSchedulingGate", .doc = NULL);

static const struct kl_field fields_PodSecurityContext[] = {
	OBJ("appArmorProfile", 11, AppArmorProfile),
	I64("fsGroup", 5),
	STR("fsGroupChangePolicy", 9, CHOICES("Always|OnRootMismatch")),
	I64("runAsGroup", 6),
	BOOL("runAsNonRoot", 3),
	I64("runAsUser", 2),
	STR("seLinuxChangePolicy", 13),
	OBJ("seLinuxOptions", 1, SELinuxOptions),
	OBJ("seccompProfile", 10, SeccompProfile),
	LIST_I64("supplementalGroups", 4),
	STR("supplementalGroupsPolicy", 12),
	LIST_OBJ("sysctls", 7, Sysctl),
	OBJ("windowsOptions", 8, WindowsSecurityContextOptions),
};
SCHEMA(PodSecurityContext, "io.k8s.api.core.v1.PodSecurityContext", .doc = NULL);

static const struct kl_field fields_PodSpec[] = {
	I64("activeDeadlineSeconds", 5),
	OBJ("affinity", 18, Affinity),
	BOOL("automountServiceAccountToken", 21),
	LIST_OBJ("containers", 2, Container, FLAGS(KL_REQUIRED | KL_MERGE | KL_LIST_MAP), KEYS("name")),
	OBJ("dnsConfig", 26, PodDNSConfig),
	STR("dnsPolicy", 6, FLAGS(KL_OMIT_ZERO), DEF("\"ClusterFirst\""), CHOICES("ClusterFirst|ClusterFirstWithHostNet|Default|None")),
	BOOL("enableServiceLinks", 30),
	LIST_OBJ("ephemeralContainers", 34, EphemeralContainer, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	LIST_OBJ("hostAliases", 23, HostAlias, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("ip")),
	BOOL("hostIPC", 13, FLAGS(KL_OMIT_ZERO)),
	BOOL("hostNetwork", 11, FLAGS(KL_OMIT_ZERO)),
	BOOL("hostPID", 12, FLAGS(KL_OMIT_ZERO)),
	BOOL("hostUsers", 37),
	STR("hostname", 16, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("imagePullSecrets", 15, LocalObjectReference, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	LIST_OBJ("initContainers", 20, Container, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	STR("nodeName", 10, FLAGS(KL_OMIT_ZERO)),
	MAP_STR("nodeSelector", 7, FLAGS(KL_ATOMIC)),
	OBJ("os", 36, PodOS),
	MAP_STR("overhead", 32),
	STR("preemptionPolicy", 31, CHOICES("Never|PreemptLowerPriority")),
	I32("priority", 25),
	STR("priorityClassName", 24, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("readinessGates", 28, PodReadinessGate),
	LIST_OBJ("resourceClaims", 39, PodResourceClaim, FLAGS(KL_MERGE | KL_RETAIN_KEYS | KL_LIST_MAP), KEYS("name")),
	OBJ("resources", 40, ResourceRequirements),
	STR("restartPolicy", 3, FLAGS(KL_OMIT_ZERO), DEF("\"Always\""), CHOICES("Always|Never|OnFailure")),
	STR("runtimeClassName", 29),
	STR("schedulerName", 19, FLAGS(KL_OMIT_ZERO), DEF("\"default-scheduler\"")),
	LIST_OBJ("schedulingGates", 38, PodSchedulingGate, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	OBJ("securityContext", 14, PodSecurityContext, DEF("{}")),
	STR("serviceAccount", 9, FLAGS(KL_OMIT_ZERO)),
	STR("serviceAccountName", 8, FLAGS(KL_OMIT_ZERO)),
	BOOL("setHostnameAsFQDN", 35),
	BOOL("shareProcessNamespace", 27),
	STR("subdomain", 17, FLAGS(KL_OMIT_ZERO)),
	I64("terminationGracePeriodSeconds", 4, FLAGS(KL_NON_NEGATIVE), DEF("30")),
	LIST_OBJ("tolerations", 22, Toleration),
	LIST_OBJ("topologySpreadConstraints", 33, TopologySpreadConstraint, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("topologyKey,whenUnsatisfiable")),
	LIST_OBJ("volumes", 1, Volume, FLAGS(KL_MERGE | KL_RETAIN_KEYS | KL_LIST_MAP), KEYS("name")),
};
SCHEMA(PodSpec, "io.k8s.api.core.v1.PodSpec", .defaults = kl_default_PodSpec, .validate = kl_check_PodSpec);

static const struct kl_field fields_PodStatus[] = {
	LIST_OBJ("conditions", 2, PodCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	LIST_OBJ("containerStatuses", 8, ContainerStatus),
	LIST_OBJ("ephemeralContainerStatuses", 13, ContainerStatus),
	STR("hostIP", 5, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("hostIPs", 16, HostIP, FLAGS(KL_MERGE), KEYS("ip")),
	LIST_OBJ("initContainerStatuses", 10, ContainerStatus),
	STR("message", 3, FLAGS(KL_OMIT_ZERO)),
	STR("nominatedNodeName", 11, FLAGS(KL_OMIT_ZERO)),
	I64("observedGeneration", 17, FLAGS(KL_OMIT_ZERO)),
	STR("phase", 1, FLAGS(KL_OMIT_ZERO), DEF("\"Pending\"")),
	STR("podIP", 6, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("podIPs", 12, PodIP, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("ip")),
	STR("qosClass", 9, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO)),
	STR("resize", 14, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("resourceClaimStatuses", 15, PodResourceClaimStatus, FLAGS(KL_MERGE | KL_RETAIN_KEYS | KL_LIST_MAP), KEYS("name")),
	TIME("startTime", 7),
};
SCHEMA(PodStatus, "io.k8s.api.core.v1.PodStatus", .doc = NULL);

static const struct kl_field fields_PodTemplate[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("template", 2, PodTemplateSpec),
};
SCHEMA(PodTemplate, "io.k8s.api.core.v1.PodTemplate", .doc = NULL);

static const struct kl_field fields_PodTemplateSpec[] = {
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, PodSpec),
};
SCHEMA(PodTemplateSpec, "io.k8s.api.core.v1.PodTemplateSpec", .doc = NULL);

static const struct kl_field fields_PreferredSchedulingTerm[] = {
	OBJ("preference", 2, NodeSelectorTerm, FLAGS(KL_REQUIRED)),
	I32("weight", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(PreferredSchedulingTerm, "io.k8s.api.core.v1.PreferredSchedulingTerm", .doc = NULL);

static const struct kl_field fields_Sysctl[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
	STR("value", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(Sysctl, "io.k8s.api.core.v1.Sysctl", .doc = NULL);

static const struct kl_field fields_Toleration[] = {
	STR("effect", 4, FLAGS(KL_OMIT_ZERO), CHOICES("|NoExecute|NoSchedule|PreferNoSchedule")),
	STR("key", 1, FLAGS(KL_OMIT_ZERO)),
	STR("operator", 2, FLAGS(KL_OMIT_ZERO)),
	I64("tolerationSeconds", 5),
	STR("value", 3, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Toleration, "io.k8s.api.core.v1.Toleration", .validate = kl_check_Toleration);

static const struct kl_field fields_TopologySpreadConstraint[] = {
	OBJ("labelSelector", 4, LabelSelector),
	LIST_STR("matchLabelKeys", 8),
	I32("maxSkew", 1, FLAGS(KL_REQUIRED | KL_POSITIVE)),
	I32("minDomains", 5, FLAGS(KL_POSITIVE)),
	STR("nodeAffinityPolicy", 6, FLAGS(KL_OMIT_ZERO), CHOICES("Honor|Ignore")),
	STR("nodeTaintsPolicy", 7, FLAGS(KL_OMIT_ZERO), CHOICES("Honor|Ignore")),
	STR("topologyKey", 2, FLAGS(KL_REQUIRED)),
	STR("whenUnsatisfiable", 3, FLAGS(KL_REQUIRED), CHOICES("DoNotSchedule|ScheduleAnyway")),
};
SCHEMA(TopologySpreadConstraint, "io.k8s.api.core.v1.TopologySpreadConstraint", .validate = kl_check_TopologySpreadConstraint);

static const struct kl_field fields_WeightedPodAffinityTerm[] = {
	OBJ("podAffinityTerm", 2, PodAffinityTerm, FLAGS(KL_REQUIRED)),
	I32("weight", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(WeightedPodAffinityTerm, "io.k8s.api.core.v1.WeightedPodAffinityTerm", .doc = NULL);
