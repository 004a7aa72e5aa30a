/* Types: Node. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_AttachedVolume[] = {
	STR("devicePath", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
};
SCHEMA(AttachedVolume, "io.k8s.api.core.v1.AttachedVolume", .doc = NULL);

static const struct kl_field fields_ConfigMapNodeConfigSource[] = {
	STR("kubeletConfigKey", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
	STR("namespace", FLAGS(KL_REQUIRED)),
	STR("resourceVersion", FLAGS(KL_OMIT_ZERO)),
	STR("uid"),
};
SCHEMA(ConfigMapNodeConfigSource, "io.k8s.api.core.v1.ConfigMapNodeConfigSource", .doc = NULL);

static const struct kl_field fields_ContainerImage[] = {
	LIST_STR("names"),
	I64("sizeBytes"),
};
SCHEMA(ContainerImage, "io.k8s.api.core.v1.ContainerImage", .doc = NULL);

static const struct kl_field fields_Node[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", NodeSpec, FLAGS(KL_ALWAYS)),
	OBJ("status", NodeStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Node, "io.k8s.api.core.v1.Node", .doc = NULL);

static const struct kl_field fields_NodeAddress[] = {
	STR("address", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(NodeAddress, "io.k8s.api.core.v1.NodeAddress", .doc = NULL);

static const struct kl_field fields_NodeCondition[] = {
	TIME("lastHeartbeatTime"),
	TIME("lastTransitionTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(NodeCondition, "io.k8s.api.core.v1.NodeCondition", .doc = NULL);

static const struct kl_field fields_NodeConfigSource[] = {
	OBJ("configMap", ConfigMapNodeConfigSource),
};
SCHEMA(NodeConfigSource, "io.k8s.api.core.v1.NodeConfigSource", .doc = NULL);

static const struct kl_field fields_NodeConfigStatus[] = {
	OBJ("active", NodeConfigSource),
	OBJ("assigned", NodeConfigSource),
	STR("error", FLAGS(KL_OMIT_ZERO)),
	OBJ("lastKnownGood", NodeConfigSource),
};
SCHEMA(NodeConfigStatus, "io.k8s.api.core.v1.NodeConfigStatus", .doc = NULL);

static const struct kl_field fields_NodeFeatures[] = {
	BOOL("supplementalGroupsPolicy"),
};
SCHEMA(NodeFeatures, "io.k8s.api.core.v1.NodeFeatures", .doc = NULL);

static const struct kl_field fields_NodeRuntimeHandler[] = {
	OBJ("features", NodeRuntimeHandlerFeatures),
	STR("name", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(NodeRuntimeHandler, "io.k8s.api.core.v1.NodeRuntimeHandler", .doc = NULL);

static const struct kl_field fields_NodeRuntimeHandlerFeatures[] = {
	BOOL("recursiveReadOnlyMounts"),
	BOOL("userNamespaces"),
};
SCHEMA(NodeRuntimeHandlerFeatures, "io.k8s.api.core.v1.NodeRuntimeHandlerFeatures", .doc = NULL);

static const struct kl_field fields_NodeSpec[] = {
	OBJ("configSource", NodeConfigSource),
	STR("externalID", FLAGS(KL_OMIT_ZERO)),
	STR("podCIDR", FLAGS(KL_OMIT_ZERO)),
	LIST_STR("podCIDRs", FLAGS(KL_MERGE | KL_LIST_SET)),
	STR("providerID", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("taints", Taint),
	BOOL("unschedulable", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(NodeSpec, "io.k8s.api.core.v1.NodeSpec", .doc = NULL);

static const struct kl_field fields_NodeStatus[] = {
	LIST_OBJ("addresses", NodeAddress, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	MAP_QUANTITY("allocatable"),
	MAP_QUANTITY("capacity"),
	LIST_OBJ("conditions", NodeCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	OBJ("config", NodeConfigStatus),
	OBJ("daemonEndpoints", NodeDaemonEndpoints),
	OBJ("features", NodeFeatures),
	LIST_OBJ("images", ContainerImage),
	OBJ("nodeInfo", NodeSystemInfo),
	STR("phase", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("runtimeHandlers", NodeRuntimeHandler),
	LIST_OBJ("volumesAttached", AttachedVolume),
	LIST_STR("volumesInUse"),
};
SCHEMA(NodeStatus, "io.k8s.api.core.v1.NodeStatus", .defaults = kl_default_NodeStatus);

static const struct kl_field fields_NodeSwapStatus[] = {
	I64("capacity"),
};
SCHEMA(NodeSwapStatus, "io.k8s.api.core.v1.NodeSwapStatus", .doc = NULL);

static const struct kl_field fields_NodeSystemInfo[] = {
	STR("architecture", FLAGS(KL_REQUIRED)),
	STR("bootID", FLAGS(KL_REQUIRED)),
	STR("containerRuntimeVersion", FLAGS(KL_REQUIRED)),
	STR("kernelVersion", FLAGS(KL_REQUIRED)),
	STR("kubeProxyVersion", FLAGS(KL_REQUIRED)),
	STR("kubeletVersion", FLAGS(KL_REQUIRED)),
	STR("machineID", FLAGS(KL_REQUIRED)),
	STR("operatingSystem", FLAGS(KL_REQUIRED)),
	STR("osImage", FLAGS(KL_REQUIRED)),
	OBJ("swap", NodeSwapStatus),
	STR("systemUUID", FLAGS(KL_REQUIRED)),
};
SCHEMA(NodeSystemInfo, "io.k8s.api.core.v1.NodeSystemInfo", .doc = NULL);

static const struct kl_field fields_Taint[] = {
	STR("effect", FLAGS(KL_REQUIRED), CHOICES("NoExecute|NoSchedule|PreferNoSchedule")),
	STR("key", FLAGS(KL_REQUIRED)),
	TIME("timeAdded"),
	STR("value"),
};
SCHEMA(Taint, "io.k8s.api.core.v1.Taint", .validate = kl_check_Taint);
