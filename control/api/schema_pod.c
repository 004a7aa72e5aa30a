/* Types: Pod. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_Affinity[] = {
	OBJ("nodeAffinity", NodeAffinity),
	OBJ("podAffinity", PodAffinity),
	OBJ("podAntiAffinity", PodAntiAffinity),
};
SCHEMA(Affinity, "io.k8s.api.core.v1.Affinity", .doc = NULL);

static const struct kl_field fields_Binding[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("target", ObjectReference, FLAGS(KL_REQUIRED)),
};
SCHEMA(Binding, "io.k8s.api.core.v1.Binding", .doc = NULL);

static const struct kl_field fields_HostAlias[] = {
	LIST_STR("hostnames"),
	STR("ip", FLAGS(KL_REQUIRED)),
};
SCHEMA(HostAlias, "io.k8s.api.core.v1.HostAlias", .doc = NULL);

static const struct kl_field fields_HostIP[] = {
	STR("ip", FLAGS(KL_REQUIRED)),
};
SCHEMA(HostIP, "io.k8s.api.core.v1.HostIP", .doc = NULL);

static const struct kl_field fields_NodeAffinity[] = {
	LIST_OBJ("preferredDuringSchedulingIgnoredDuringExecution", PreferredSchedulingTerm),
	OBJ("requiredDuringSchedulingIgnoredDuringExecution", NodeSelector),
};
SCHEMA(NodeAffinity, "io.k8s.api.core.v1.NodeAffinity", .doc = NULL);

static const struct kl_field fields_NodeSelector[] = {
	LIST_OBJ("nodeSelectorTerms", NodeSelectorTerm, FLAGS(KL_REQUIRED)),
};
SCHEMA(NodeSelector, "io.k8s.api.core.v1.NodeSelector", .atomic = true);

static const struct kl_field fields_NodeSelectorRequirement[] = {
	STR("key", FLAGS(KL_REQUIRED)),
	STR("operator", FLAGS(KL_REQUIRED), CHOICES("DoesNotExist|Exists|Gt|In|Lt|NotIn")),
	LIST_STR("values"),
};
SCHEMA(NodeSelectorRequirement, "io.k8s.api.core.v1.NodeSelectorRequirement", .validate = kl_check_NodeSelectorRequirement);

static const struct kl_field fields_NodeSelectorTerm[] = {
	LIST_OBJ("matchExpressions", NodeSelectorRequirement),
	LIST_OBJ("matchFields", NodeSelectorRequirement),
};
SCHEMA(NodeSelectorTerm, "io.k8s.api.core.v1.NodeSelectorTerm", .atomic = true);

static const struct kl_field fields_Pod[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", PodSpec),
	OBJ("status", PodStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Pod, "io.k8s.api.core.v1.Pod", .doc = NULL);

static const struct kl_field fields_PodAffinity[] = {
	LIST_OBJ("preferredDuringSchedulingIgnoredDuringExecution", WeightedPodAffinityTerm),
	LIST_OBJ("requiredDuringSchedulingIgnoredDuringExecution", PodAffinityTerm),
};
SCHEMA(PodAffinity, "io.k8s.api.core.v1.PodAffinity", .doc = NULL);

static const struct kl_field fields_PodAffinityTerm[] = {
	OBJ("labelSelector", LabelSelector),
	LIST_STR("matchLabelKeys"),
	LIST_STR("mismatchLabelKeys"),
	OBJ("namespaceSelector", LabelSelector),
	LIST_STR("namespaces"),
	STR("topologyKey", FLAGS(KL_REQUIRED)),
};
SCHEMA(PodAffinityTerm, "io.k8s.api.core.v1.PodAffinityTerm", .validate = kl_check_PodAffinityTerm);

static const struct kl_field fields_PodAntiAffinity[] = {
	LIST_OBJ("preferredDuringSchedulingIgnoredDuringExecution", WeightedPodAffinityTerm),
	LIST_OBJ("requiredDuringSchedulingIgnoredDuringExecution", PodAffinityTerm),
};
SCHEMA(PodAntiAffinity, "io.k8s.api.core.v1.PodAntiAffinity", .doc = NULL);

static const struct kl_field fields_PodCondition[] = {
	TIME("lastProbeTime"),
	TIME("lastTransitionTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	I64("observedGeneration", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(PodCondition, "io.k8s.api.core.v1.PodCondition", .doc = NULL);

static const struct kl_field fields_PodDNSConfig[] = {
	LIST_STR("nameservers"),
	LIST_OBJ("options", PodDNSConfigOption),
	LIST_STR("searches"),
};
SCHEMA(PodDNSConfig, "io.k8s.api.core.v1.PodDNSConfig", .doc = NULL);

static const struct kl_field fields_PodDNSConfigOption[] = {
	STR("name", FLAGS(KL_OMIT_ZERO)),
	STR("value"),
};
SCHEMA(PodDNSConfigOption, "io.k8s.api.core.v1.PodDNSConfigOption", .doc = NULL);

static const struct kl_field fields_PodIP[] = {
	STR("ip", FLAGS(KL_REQUIRED)),
};
SCHEMA(PodIP, "io.k8s.api.core.v1.PodIP", .doc = NULL);

static const struct kl_field fields_PodOS[] = {
	STR("name", FLAGS(KL_REQUIRED), CHOICES("linux|windows")),
};
SCHEMA(PodOS, "io.k8s.api.core.v1.PodOS", .doc = NULL);

static const struct kl_field fields_PodReadinessGate[] = {
	STR("conditionType", FLAGS(KL_REQUIRED)),
};
SCHEMA(PodReadinessGate, "io.k8s.api.core.v1.PodReadinessGate", .doc = NULL);

static const struct kl_field fields_PodResourceClaim[] = {
	STR("name", FLAGS(KL_REQUIRED)),
	STR("resourceClaimName", FLAGS(KL_OMIT_ZERO)),
	STR("resourceClaimTemplateName", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(PodResourceClaim, "io.k8s.api.core.v1.PodResourceClaim", .doc = NULL);

static const struct kl_field fields_PodResourceClaimStatus[] = {
	STR("name", FLAGS(KL_REQUIRED)),
	STR("resourceClaimName", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(PodResourceClaimStatus, "io.k8s.api.core.v1.PodResourceClaimStatus", .doc = NULL);

static const struct kl_field fields_PodSchedulingGate[] = {
	STR("name", FLAGS(KL_REQUIRED)),
};
SCHEMA(PodSchedulingGate, "io.k8s.api.core.v1.PodSchedulingGate", .doc = NULL);

static const struct kl_field fields_PodSecurityContext[] = {
	OBJ("appArmorProfile", AppArmorProfile),
	I64("fsGroup"),
	STR("fsGroupChangePolicy", CHOICES("Always|OnRootMismatch")),
	I64("runAsGroup"),
	BOOL("runAsNonRoot"),
	I64("runAsUser"),
	STR("seLinuxChangePolicy"),
	OBJ("seLinuxOptions", SELinuxOptions),
	OBJ("seccompProfile", SeccompProfile),
	LIST_I64("supplementalGroups"),
	STR("supplementalGroupsPolicy"),
	LIST_OBJ("sysctls", Sysctl),
	OBJ("windowsOptions", WindowsSecurityContextOptions),
};
SCHEMA(PodSecurityContext, "io.k8s.api.core.v1.PodSecurityContext", .doc = NULL);

static const struct kl_field fields_PodSpec[] = {
	I64("activeDeadlineSeconds"),
	OBJ("affinity", Affinity),
	BOOL("automountServiceAccountToken"),
	LIST_OBJ("containers", Container, FLAGS(KL_REQUIRED | KL_MERGE | KL_LIST_MAP), KEYS("name")),
	OBJ("dnsConfig", PodDNSConfig),
	STR("dnsPolicy", FLAGS(KL_OMIT_ZERO), DEF("\"ClusterFirst\""), CHOICES("ClusterFirst|ClusterFirstWithHostNet|Default|None")),
	BOOL("enableServiceLinks"),
	LIST_OBJ("ephemeralContainers", EphemeralContainer, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	LIST_OBJ("hostAliases", HostAlias, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("ip")),
	BOOL("hostIPC", FLAGS(KL_OMIT_ZERO)),
	BOOL("hostNetwork", FLAGS(KL_OMIT_ZERO)),
	BOOL("hostPID", FLAGS(KL_OMIT_ZERO)),
	BOOL("hostUsers"),
	STR("hostname"),
	LIST_OBJ("imagePullSecrets", LocalObjectReference, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	LIST_OBJ("initContainers", Container, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	STR("nodeName", FLAGS(KL_OMIT_ZERO)),
	MAP_STR("nodeSelector", FLAGS(KL_ATOMIC)),
	OBJ("os", PodOS),
	MAP_STR("overhead"),
	STR("preemptionPolicy", CHOICES("Never|PreemptLowerPriority")),
	I32("priority"),
	STR("priorityClassName", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("readinessGates", PodReadinessGate),
	LIST_OBJ("resourceClaims", PodResourceClaim, FLAGS(KL_MERGE | KL_RETAIN_KEYS | KL_LIST_MAP), KEYS("name")),
	OBJ("resources", ResourceRequirements),
	STR("restartPolicy", FLAGS(KL_OMIT_ZERO), DEF("\"Always\""), CHOICES("Always|Never|OnFailure")),
	STR("runtimeClassName"),
	STR("schedulerName", FLAGS(KL_OMIT_ZERO), DEF("\"default-scheduler\"")),
	LIST_OBJ("schedulingGates", PodSchedulingGate, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	OBJ("securityContext", PodSecurityContext, DEF("{}")),
	STR("serviceAccount", FLAGS(KL_OMIT_ZERO)),
	STR("serviceAccountName", FLAGS(KL_OMIT_ZERO)),
	BOOL("setHostnameAsFQDN"),
	BOOL("shareProcessNamespace"),
	STR("subdomain", FLAGS(KL_OMIT_ZERO)),
	I64("terminationGracePeriodSeconds", FLAGS(KL_NON_NEGATIVE), DEF("30")),
	LIST_OBJ("tolerations", Toleration),
	LIST_OBJ("topologySpreadConstraints", TopologySpreadConstraint, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("topologyKey,whenUnsatisfiable")),
	LIST_OBJ("volumes", Volume, FLAGS(KL_MERGE | KL_RETAIN_KEYS | KL_LIST_MAP), KEYS("name")),
};
SCHEMA(PodSpec, "io.k8s.api.core.v1.PodSpec", .defaults = kl_default_PodSpec, .validate = kl_check_PodSpec);

static const struct kl_field fields_PodStatus[] = {
	LIST_OBJ("conditions", PodCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	LIST_OBJ("containerStatuses", ContainerStatus),
	LIST_OBJ("ephemeralContainerStatuses", ContainerStatus),
	STR("hostIP", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("hostIPs", HostIP, FLAGS(KL_MERGE), KEYS("ip")),
	LIST_OBJ("initContainerStatuses", ContainerStatus),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("nominatedNodeName", FLAGS(KL_OMIT_ZERO)),
	I64("observedGeneration", FLAGS(KL_OMIT_ZERO)),
	STR("phase", FLAGS(KL_OMIT_ZERO), DEF("\"Pending\"")),
	STR("podIP", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("podIPs", PodIP, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("ip")),
	STR("qosClass", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("resize", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("resourceClaimStatuses", PodResourceClaimStatus, FLAGS(KL_MERGE | KL_RETAIN_KEYS | KL_LIST_MAP), KEYS("name")),
	TIME("startTime"),
};
SCHEMA(PodStatus, "io.k8s.api.core.v1.PodStatus", .doc = NULL);

static const struct kl_field fields_PodTemplate[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("template", PodTemplateSpec),
};
SCHEMA(PodTemplate, "io.k8s.api.core.v1.PodTemplate", .doc = NULL);

static const struct kl_field fields_PodTemplateSpec[] = {
	OBJ("metadata", ObjectMeta),
	OBJ("spec", PodSpec),
};
SCHEMA(PodTemplateSpec, "io.k8s.api.core.v1.PodTemplateSpec", .doc = NULL);

static const struct kl_field fields_PreferredSchedulingTerm[] = {
	OBJ("preference", NodeSelectorTerm, FLAGS(KL_REQUIRED)),
	I32("weight", FLAGS(KL_REQUIRED)),
};
SCHEMA(PreferredSchedulingTerm, "io.k8s.api.core.v1.PreferredSchedulingTerm", .doc = NULL);

static const struct kl_field fields_Sysctl[] = {
	STR("name", FLAGS(KL_REQUIRED)),
	STR("value", FLAGS(KL_REQUIRED)),
};
SCHEMA(Sysctl, "io.k8s.api.core.v1.Sysctl", .doc = NULL);

static const struct kl_field fields_Toleration[] = {
	STR("effect", FLAGS(KL_OMIT_ZERO), CHOICES("|NoExecute|NoSchedule|PreferNoSchedule")),
	STR("key"),
	STR("operator", FLAGS(KL_OMIT_ZERO)),
	I64("tolerationSeconds"),
	STR("value", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Toleration, "io.k8s.api.core.v1.Toleration", .validate = kl_check_Toleration);

static const struct kl_field fields_TopologySpreadConstraint[] = {
	OBJ("labelSelector", LabelSelector),
	LIST_STR("matchLabelKeys"),
	I32("maxSkew", FLAGS(KL_REQUIRED | KL_POSITIVE)),
	I32("minDomains", FLAGS(KL_POSITIVE)),
	STR("nodeAffinityPolicy", FLAGS(KL_OMIT_ZERO), CHOICES("Honor|Ignore")),
	STR("nodeTaintsPolicy", FLAGS(KL_OMIT_ZERO), CHOICES("Honor|Ignore")),
	STR("topologyKey", FLAGS(KL_REQUIRED)),
	STR("whenUnsatisfiable", FLAGS(KL_REQUIRED), CHOICES("DoNotSchedule|ScheduleAnyway")),
};
SCHEMA(TopologySpreadConstraint, "io.k8s.api.core.v1.TopologySpreadConstraint", .validate = kl_check_TopologySpreadConstraint);

static const struct kl_field fields_WeightedPodAffinityTerm[] = {
	OBJ("podAffinityTerm", PodAffinityTerm, FLAGS(KL_REQUIRED)),
	I32("weight", FLAGS(KL_REQUIRED)),
};
SCHEMA(WeightedPodAffinityTerm, "io.k8s.api.core.v1.WeightedPodAffinityTerm", .doc = NULL);
