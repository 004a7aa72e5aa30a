/* Types: Pod. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_Affinity[] = {
	OBJ("nodeAffinity", 1, NodeAffinity, DOC("Which nodes are wanted.")),
	OBJ("podAffinity", 2, PodAffinity, DOC("Which pods it should be near.")),
	OBJ("podAntiAffinity", 3, PodAntiAffinity, DOC("Which pods it should be far from.")),
};
SCHEMA(Affinity, "io.k8s.api.core.v1.Affinity", .doc = NULL);

static const struct kl_field fields_Binding[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("target", 2, ObjectReference, FLAGS(KL_REQUIRED), DOC("The node that the pod is bound to.")),
};
SCHEMA(Binding, "io.k8s.api.core.v1.Binding", .doc = NULL);

static const struct kl_field fields_HostAlias[] = {
	LIST_STR("hostnames", 2, DOC("Names for the address.")),
	STR("ip", 1, FLAGS(KL_REQUIRED), DOC("An IP address.")),
};
SCHEMA(HostAlias, "io.k8s.api.core.v1.HostAlias", .doc = NULL);

static const struct kl_field fields_HostIP[] = {
	STR("ip", 1, FLAGS(KL_REQUIRED), DOC("An IP address.")),
};
SCHEMA(HostIP, "io.k8s.api.core.v1.HostIP", .doc = NULL);

static const struct kl_field fields_NodeAffinity[] = {
	LIST_OBJ("preferredDuringSchedulingIgnoredDuringExecution", 2, PreferredSchedulingTerm,
		DOC("What is liked; the sum of the weights decides.")),
	OBJ("requiredDuringSchedulingIgnoredDuringExecution", 1, NodeSelector,
		DOC("What has to hold when the pod is placed.")),
};
SCHEMA(NodeAffinity, "io.k8s.api.core.v1.NodeAffinity", .doc = NULL);

static const struct kl_field fields_NodeSelector[] = {
	LIST_OBJ("nodeSelectorTerms", 1, NodeSelectorTerm, FLAGS(KL_REQUIRED), DOC("Alternatives; one has to match.")),
};
SCHEMA(NodeSelector, "io.k8s.api.core.v1.NodeSelector", .atomic = true);

static const struct kl_field fields_NodeSelectorRequirement[] = {
	STR("key", 1, FLAGS(KL_REQUIRED), DOC("The key of the node's label.")),
	STR("operator", 2, FLAGS(KL_REQUIRED), CHOICES("DoesNotExist|Exists|Gt|In|Lt|NotIn"),
		DOC("In, NotIn, Exists, DoesNotExist, Gt or Lt.")),
	LIST_STR("values", 3, DOC("The values for In and NotIn; one number for Gt and Lt.")),
};
SCHEMA(NodeSelectorRequirement, "io.k8s.api.core.v1.NodeSelectorRequirement",
	.validate = kl_check_NodeSelectorRequirement);

static const struct kl_field fields_NodeSelectorTerm[] = {
	LIST_OBJ("matchExpressions", 1, NodeSelectorRequirement, DOC("Requirements on labels; all have to hold.")),
	LIST_OBJ("matchFields", 2, NodeSelectorRequirement, DOC("Requirements on fields; all have to hold.")),
};
SCHEMA(NodeSelectorTerm, "io.k8s.api.core.v1.NodeSelectorTerm", .atomic = true);

static const struct kl_field fields_Pod[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, PodSpec, DOC("The containers, their volumes, and how and where they run.")),
	OBJ("status", 3, PodStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(Pod, "io.k8s.api.core.v1.Pod",
	DOC("Containers that run together on one node and share its address and volumes."));

static const struct kl_field fields_PodAffinity[] = {
	LIST_OBJ("preferredDuringSchedulingIgnoredDuringExecution", 2, WeightedPodAffinityTerm,
		DOC("What is liked; the sum of the weights decides.")),
	LIST_OBJ("requiredDuringSchedulingIgnoredDuringExecution", 1, PodAffinityTerm,
		DOC("What has to hold when the pod is placed.")),
};
SCHEMA(PodAffinity, "io.k8s.api.core.v1.PodAffinity", .doc = NULL);

static const struct kl_field fields_PodAffinityTerm[] = {
	OBJ("labelSelector", 1, LabelSelector, DOC("Which objects are meant, by their labels.")),
	LIST_STR("matchLabelKeys", 5, DOC("Labels whose values are taken from the pod itself.")),
	LIST_STR("mismatchLabelKeys", 6, DOC("Labels whose values must not be those of the pod itself.")),
	OBJ("namespaceSelector", 4, LabelSelector, DOC("Which namespaces are meant, by their labels; {} means all.")),
	LIST_STR("namespaces", 2, DOC("Names of namespaces.")),
	STR("topologyKey", 3, FLAGS(KL_REQUIRED), DOC("The node label whose values are the domains.")),
};
SCHEMA(PodAffinityTerm, "io.k8s.api.core.v1.PodAffinityTerm", .validate = kl_check_PodAffinityTerm);

static const struct kl_field fields_PodAntiAffinity[] = {
	LIST_OBJ("preferredDuringSchedulingIgnoredDuringExecution", 2, WeightedPodAffinityTerm,
		DOC("What is liked; the sum of the weights decides.")),
	LIST_OBJ("requiredDuringSchedulingIgnoredDuringExecution", 1, PodAffinityTerm,
		DOC("What has to hold when the pod is placed.")),
};
SCHEMA(PodAntiAffinity, "io.k8s.api.core.v1.PodAntiAffinity", .doc = NULL);

static const struct kl_field fields_PodCondition[] = {
	TIME("lastProbeTime", 3, DOC("When it was last looked at.")),
	TIME("lastTransitionTime", 4, DOC("When the status last changed.")),
	STR("message", 6, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	I64("observedGeneration", 7, FLAGS(KL_OMIT_ZERO), DOC("The generation that the status is about.")),
	STR("reason", 5, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(PodCondition, "io.k8s.api.core.v1.PodCondition", .doc = NULL);

static const struct kl_field fields_PodDNSConfig[] = {
	LIST_STR("nameservers", 1, DOC("Addresses of name servers.")),
	LIST_OBJ("options", 3, PodDNSConfigOption, DOC("Resolver options.")),
	LIST_STR("searches", 2, DOC("Search domains.")),
};
SCHEMA(PodDNSConfig, "io.k8s.api.core.v1.PodDNSConfig", .doc = NULL);

static const struct kl_field fields_PodDNSConfigOption[] = {
	STR("name", 1, FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	STR("value", 2, DOC("The value of the option.")),
};
SCHEMA(PodDNSConfigOption, "io.k8s.api.core.v1.PodDNSConfigOption", .doc = NULL);

static const struct kl_field fields_PodIP[] = {
	STR("ip", 1, FLAGS(KL_REQUIRED), DOC("An IP address.")),
};
SCHEMA(PodIP, "io.k8s.api.core.v1.PodIP", .doc = NULL);

static const struct kl_field fields_PodOS[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), CHOICES("linux|windows"), DOC("Its name.")),
};
SCHEMA(PodOS, "io.k8s.api.core.v1.PodOS", .doc = NULL);

static const struct kl_field fields_PodReadinessGate[] = {
	STR("conditionType", 1, FLAGS(KL_REQUIRED),
		DOC("A condition that has to be true before the pod counts as ready.")),
};
SCHEMA(PodReadinessGate, "io.k8s.api.core.v1.PodReadinessGate", .doc = NULL);

static const struct kl_field fields_PodResourceClaim[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	STR("resourceClaimName", 3, FLAGS(KL_OMIT_ZERO), DOC("The claim's name.")),
	STR("resourceClaimTemplateName", 4, FLAGS(KL_OMIT_ZERO), DOC("What the claim is made from.")),
};
SCHEMA(PodResourceClaim, "io.k8s.api.core.v1.PodResourceClaim", .doc = NULL);

static const struct kl_field fields_PodResourceClaimStatus[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	STR("resourceClaimName", 2, FLAGS(KL_OMIT_ZERO), DOC("The claim's name.")),
};
SCHEMA(PodResourceClaimStatus, "io.k8s.api.core.v1.PodResourceClaimStatus", .doc = NULL);

static const struct kl_field fields_PodSchedulingGate[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
};
SCHEMA(PodSchedulingGate, "io.k8s.api.core.v1.PodSchedulingGate", .doc = NULL);

static const struct kl_field fields_PodSecurityContext[] = {
	OBJ("appArmorProfile", 11, AppArmorProfile, DOC("The AppArmor profile that confines the processes.")),
	I64("fsGroup", 5, DOC("A group that owns the files of the pod's volumes, and that its processes are in.")),
	STR("fsGroupChangePolicy", 9, CHOICES("Always|OnRootMismatch"),
		DOC("Whether ownership is changed Always or only when the volume's root does not fit.")),
	I64("runAsGroup", 6, DOC("The group of the first process.")),
	BOOL("runAsNonRoot", 3, DOC("Whether it must not be root.")),
	I64("runAsUser", 2, DOC("The user of the first process.")),
	STR("seLinuxChangePolicy", 13, DOC("How the labels of volumes are changed.")),
	OBJ("seLinuxOptions", 1, SELinuxOptions, DOC("The SELinux label.")),
	OBJ("seccompProfile", 10, SeccompProfile, DOC("The filter of system calls.")),
	LIST_I64("supplementalGroups", 4, DOC("Further groups of the processes.")),
	STR("supplementalGroupsPolicy", 12, DOC("Whether groups of the image count, too.")),
	LIST_OBJ("sysctls", 7, Sysctl, DOC("Kernel parameters of the pod's namespaces.")),
	OBJ("windowsOptions", 8, WindowsSecurityContextOptions, DOC("Settings for Windows.")),
};
SCHEMA(PodSecurityContext, "io.k8s.api.core.v1.PodSecurityContext", .validate = kl_check_PodSecurityContext);

static const struct kl_field fields_PodSpec[] = {
	I64("activeDeadlineSeconds", 5,
		DOC("Seconds it may be active before the system stops it and calls it failed.")),
	OBJ("affinity", 18, Affinity,
		DOC("Rules that attract the pod to nodes or to other pods, or keep it away from them.")),
	BOOL("automountServiceAccountToken", 21,
		DOC("Whether a token of the service account is mounted into the containers.")),
	LIST_OBJ("containers", 2, Container, FLAGS(KL_REQUIRED | KL_MERGE | KL_LIST_MAP), KEYS("name"),
		DOC("The containers of the pod; at least one, and fixed once the pod exists.")),
	OBJ("dnsConfig", 26, PodDNSConfig, DOC("Name servers and search domains beyond those of dnsPolicy.")),
	STR("dnsPolicy", 6, FLAGS(KL_OMIT_ZERO), DEF("\"ClusterFirst\""),
		CHOICES("ClusterFirst|ClusterFirstWithHostNet|Default|None"),
		DOC("Where names are resolved: ClusterFirst, ClusterFirstWithHostNet, Default (the node's way) or "
		    "None.")),
	BOOL("enableServiceLinks", 30,
		DOC("Whether Services of the namespace appear as environment variables; true unless set.")),
	LIST_OBJ("ephemeralContainers", 34, EphemeralContainer, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name"),
		DOC("Containers added to a running pod, for debugging, by the ephemeralcontainers subresource.")),
	LIST_OBJ("hostAliases", 23, HostAlias, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("ip"),
		DOC("Lines for the pod's /etc/hosts.")),
	BOOL("hostIPC", 13, FLAGS(KL_OMIT_ZERO), DOC("Whether the pod shares the node's IPC namespace.")),
	BOOL("hostNetwork", 11, FLAGS(KL_OMIT_ZERO),
		DOC("Whether the pod uses the node's network; its ports are then the node's.")),
	BOOL("hostPID", 12, FLAGS(KL_OMIT_ZERO), DOC("Whether the pod sees the node's processes.")),
	BOOL("hostUsers", 37, DOC("Whether the pod uses the node's user namespace; true unless set.")),
	STR("hostname", 16, FLAGS(KL_OMIT_ZERO), DOC("The pod's host name, where it is not the pod's name.")),
	LIST_OBJ("imagePullSecrets", 15, LocalObjectReference, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name"),
		DOC("Secrets with the registries' passwords.")),
	LIST_OBJ("initContainers", 20, Container, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name"),
		DOC("Containers that run before the others, one after another; with restartPolicy Always they stay "
		    "as sidecars.")),
	STR("nodeName", 10, FLAGS(KL_OMIT_ZERO), DOC("The node it runs on; set by the scheduler unless given.")),
	MAP_STR("nodeSelector", 7, FLAGS(KL_ATOMIC), DOC("Labels that the node must have.")),
	OBJ("os", 36, PodOS, DOC("The operating system that the pod is made for.")),
	MAP_STR("overhead", 32, DOC("What the pod costs beyond its containers.")),
	STR("preemptionPolicy", 31, CHOICES("Never|PreemptLowerPriority"),
		DOC("Never, or PreemptLowerPriority (the default).")),
	I32("priority", 25, DOC("The number that the priority class stands for.")),
	STR("priorityClassName", 24, FLAGS(KL_OMIT_ZERO), DOC("How important the pod is.")),
	LIST_OBJ("readinessGates", 28, PodReadinessGate,
		DOC("Conditions that have to be true, too, before the pod counts as ready.")),
	LIST_OBJ("resourceClaims", 39, PodResourceClaim, FLAGS(KL_MERGE | KL_RETAIN_KEYS | KL_LIST_MAP), KEYS("name"),
		DOC("Claims for devices that have to be there before the pod starts.")),
	OBJ("resources", 40, ResourceRequirements, DOC("What the pod as a whole needs and may use.")),
	STR("restartPolicy", 3, FLAGS(KL_OMIT_ZERO), DEF("\"Always\""), CHOICES("Always|Never|OnFailure"),
		DOC("Whether containers are started again when they end: Always, OnFailure or Never.")),
	STR("runtimeClassName", 29, DOC("The RuntimeClass, where it is not the default.")),
	STR("schedulerName", 19, FLAGS(KL_OMIT_ZERO), DEF("\"default-scheduler\""),
		DOC("The scheduler that places the pod.")),
	LIST_OBJ("schedulingGates", 38, PodSchedulingGate, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name"),
		DOC("While there is one, the pod is not placed.")),
	OBJ("securityContext", 14, PodSecurityContext, DEF("{}"), DOC("What holds for all containers of the pod.")),
	STR("serviceAccount", 9, FLAGS(KL_OMIT_ZERO), DOC("The old name of serviceAccountName.")),
	STR("serviceAccountName", 8, FLAGS(KL_OMIT_ZERO), DOC("The account that the pod's processes act as.")),
	BOOL("setHostnameAsFQDN", 35, DOC("Whether the host name is the full one.")),
	BOOL("shareProcessNamespace", 27, DOC("Whether the containers see each other's processes.")),
	STR("subdomain", 17, FLAGS(KL_OMIT_ZERO), DOC("The middle part of the pod's full host name.")),
	I64("terminationGracePeriodSeconds", 4, FLAGS(KL_NON_NEGATIVE), DEF("30"),
		DOC("Seconds between the request to end and the kill; 30 unless given.")),
	LIST_OBJ("tolerations", 22, Toleration, DOC("Taints that the pod bears.")),
	LIST_OBJ("topologySpreadConstraints", 33, TopologySpreadConstraint, FLAGS(KL_MERGE | KL_LIST_MAP),
		KEYS("topologyKey,whenUnsatisfiable"), DOC("How the pods are to be spread over domains.")),
	LIST_OBJ("volumes", 1, Volume, FLAGS(KL_MERGE | KL_RETAIN_KEYS | KL_LIST_MAP), KEYS("name"),
		DOC("Volumes that the containers may mount.")),
};
SCHEMA(PodSpec, "io.k8s.api.core.v1.PodSpec", .defaults = kl_default_PodSpec, .validate = kl_check_PodSpec,
	DOC("What a pod is to be."));

static const struct kl_field fields_PodStatus[] = {
	LIST_OBJ("conditions", 2, PodCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	LIST_OBJ("containerStatuses", 8, ContainerStatus, DOC("One entry for each container.")),
	LIST_OBJ("ephemeralContainerStatuses", 13, ContainerStatus,
		DOC("One entry for each container added for debugging.")),
	STR("hostIP", 5, FLAGS(KL_OMIT_ZERO), DOC("The node's address.")),
	LIST_OBJ("hostIPs", 16, HostIP, FLAGS(KL_MERGE), KEYS("ip"), DOC("The node's addresses, one for each family.")),
	LIST_OBJ("initContainerStatuses", 10, ContainerStatus, DOC("One entry for each init container.")),
	STR("message", 3, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("nominatedNodeName", 11, FLAGS(KL_OMIT_ZERO), DOC("The node where pods are being preempted for this one.")),
	I64("observedGeneration", 17, FLAGS(KL_OMIT_ZERO), DOC("The generation that the status is about.")),
	STR("phase", 1, FLAGS(KL_OMIT_ZERO), DEF("\"Pending\""), DOC("Where it is in its life, in one word.")),
	STR("podIP", 6, FLAGS(KL_OMIT_ZERO), DOC("The pod's address.")),
	LIST_OBJ("podIPs", 12, PodIP, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("ip"),
		DOC("The pod's addresses, one for each family.")),
	STR("qosClass", 9, FLAGS(KL_OMIT_ZERO), DOC("Guaranteed, Burstable or BestEffort.")),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("resize", 14, FLAGS(KL_OMIT_ZERO), DOC("How far a change of the resources has come.")),
	LIST_OBJ("resourceClaimStatuses", 15, PodResourceClaimStatus, FLAGS(KL_MERGE | KL_RETAIN_KEYS | KL_LIST_MAP),
		KEYS("name"), DOC("How the pod's claims stand.")),
	TIME("startTime", 7, DOC("When it began.")),
};
SCHEMA(PodStatus, "io.k8s.api.core.v1.PodStatus", DOC("How a pod does."));

static const struct kl_field fields_PodTemplate[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("template", 2, PodTemplateSpec, DOC("What new pods are made from.")),
};
SCHEMA(PodTemplate, "io.k8s.api.core.v1.PodTemplate", DOC("A template for pods, stored by itself."));

static const struct kl_field fields_PodTemplateSpec[] = {
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, PodSpec, DOC("The containers, their volumes, and how and where they run.")),
};
SCHEMA(PodTemplateSpec, "io.k8s.api.core.v1.PodTemplateSpec", .doc = NULL);

static const struct kl_field fields_PreferredSchedulingTerm[] = {
	OBJ("preference", 2, NodeSelectorTerm, FLAGS(KL_REQUIRED), DOC("Which nodes.")),
	I32("weight", 1, FLAGS(KL_REQUIRED), DOC("How much it counts, 1 to 100.")),
};
SCHEMA(PreferredSchedulingTerm, "io.k8s.api.core.v1.PreferredSchedulingTerm", .doc = NULL);

static const struct kl_field fields_Sysctl[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	STR("value", 2, FLAGS(KL_REQUIRED), DOC("What the setting is set to.")),
};
SCHEMA(Sysctl, "io.k8s.api.core.v1.Sysctl", .validate = kl_check_Sysctl);

static const struct kl_field fields_Toleration[] = {
	STR("effect", 4, FLAGS(KL_OMIT_ZERO), CHOICES("|NoExecute|NoSchedule|PreferNoSchedule"),
		DOC("NoSchedule, PreferNoSchedule or NoExecute; for a toleration, empty means all.")),
	STR("key", 1, FLAGS(KL_OMIT_ZERO),
		DOC("The key of the taint; empty, with operator Exists, matches every taint.")),
	STR("operator", 2, FLAGS(KL_OMIT_ZERO), DOC("Equal (the default) compares the value, Exists takes any.")),
	I64("tolerationSeconds", 5, DOC("For how long a NoExecute taint is borne; not set means for ever.")),
	STR("value", 3, FLAGS(KL_OMIT_ZERO), DOC("The value of the taint; empty with operator Exists.")),
};
SCHEMA(Toleration, "io.k8s.api.core.v1.Toleration", .validate = kl_check_Toleration, DOC("Bears taints that match."));

static const struct kl_field fields_TopologySpreadConstraint[] = {
	OBJ("labelSelector", 4, LabelSelector, DOC("Which objects are meant, by their labels.")),
	LIST_STR("matchLabelKeys", 8, DOC("Labels whose values are taken from the pod itself.")),
	I32("maxSkew", 1, FLAGS(KL_REQUIRED | KL_POSITIVE),
		DOC("How much the pods of two domains may differ in number.")),
	I32("minDomains", 5, FLAGS(KL_POSITIVE), DOC("The number of domains at least expected.")),
	STR("nodeAffinityPolicy", 6, FLAGS(KL_OMIT_ZERO), CHOICES("Honor|Ignore"),
		DOC("Whether nodeSelector and nodeAffinity are honoured when the domains are counted.")),
	STR("nodeTaintsPolicy", 7, FLAGS(KL_OMIT_ZERO), CHOICES("Honor|Ignore"),
		DOC("Whether tainted nodes are left out when the domains are counted.")),
	STR("topologyKey", 2, FLAGS(KL_REQUIRED), DOC("The node label whose values are the domains.")),
	STR("whenUnsatisfiable", 3, FLAGS(KL_REQUIRED), CHOICES("DoNotSchedule|ScheduleAnyway"),
		DOC("DoNotSchedule, or ScheduleAnyway.")),
};
SCHEMA(TopologySpreadConstraint, "io.k8s.api.core.v1.TopologySpreadConstraint",
	.validate = kl_check_TopologySpreadConstraint);

static const struct kl_field fields_WeightedPodAffinityTerm[] = {
	OBJ("podAffinityTerm", 2, PodAffinityTerm, FLAGS(KL_REQUIRED),
		DOC("Pods and the topology in which nearness is meant.")),
	I32("weight", 1, FLAGS(KL_REQUIRED), DOC("How much it counts, 1 to 100.")),
};
SCHEMA(WeightedPodAffinityTerm, "io.k8s.api.core.v1.WeightedPodAffinityTerm", .doc = NULL);
