/* Types: Node. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_AttachedVolume[] = {
	STR("devicePath", 2, FLAGS(KL_REQUIRED)),
	STR("name", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(AttachedVolume, "io.k8s.api.core.v1.AttachedVolume", .doc = NULL);

static const struct kl_field fields_ConfigMapNodeConfigSource[] = {
	STR("kubeletConfigKey", 5, FLAGS(KL_REQUIRED)),
	STR("name", 2, FLAGS(KL_REQUIRED)),
	STR("namespace", 1, FLAGS(KL_REQUIRED)),
	STR("resourceVersion", 4, FLAGS(KL_OMIT_ZERO)),
	STR("uid", 3, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ConfigMapNodeConfigSource, "io.k8s.api.core.v1.ConfigMapNodeConfigSource", .doc = NULL);

static const struct kl_field fields_ContainerImage[] = {
	LIST_STR("names", 1),
	I64("sizeBytes", 2),
};
SCHEMA(ContainerImage, "io.k8s.api.core.v1.ContainerImage", .doc = NULL);

static const struct kl_field fields_Node[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, NodeSpec, FLAGS(KL_ALWAYS)),
	OBJ("status", 3, NodeStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Node, "io.k8s.api.core.v1.Node", .doc = NULL);

static const struct kl_field fields_NodeAddress[] = {
	STR("address", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(NodeAddress, "io.k8s.api.core.v1.NodeAddress", .doc = NULL);

static const struct kl_field fields_NodeCondition[] = {
	TIME("lastHeartbeatTime", 3),
	TIME("lastTransitionTime", 4),
	STR("message", 6, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 5, FLAGS(KL_OMIT_ZERO)),
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(NodeCondition, "io.k8s.api.core.v1.NodeCondition", .doc = NULL);

static const struct kl_field fields_NodeConfigSource[] = {
	OBJ("configMap", 2, ConfigMapNodeConfigSource),
};
SCHEMA(NodeConfigSource, "io.k8s.api.core.v1.NodeConfigSource", .doc = NULL);

static const struct kl_field fields_NodeConfigStatus[] = {
	OBJ("active", 2, NodeConfigSource),
	OBJ("assigned", 1, NodeConfigSource),
	STR("error", 4, FLAGS(KL_OMIT_ZERO)),
	OBJ("lastKnownGood", 3, NodeConfigSource),
};
SCHEMA(NodeConfigStatus, "io.k8s.api.core.v1.NodeConfigStatus", .doc = NULL);

static const struct kl_field fields_NodeFeatures[] = {
	BOOL("supplementalGroupsPolicy", 1),
};
SCHEMA(NodeFeatures, "io.k8s.api.core.v1.NodeFeatures", .doc = NULL);

static const struct kl_field fields_NodeRuntimeHandler[] = {
	OBJ("features", 2, NodeRuntimeHandlerFeatures),
	STR("name", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(NodeRuntimeHandler, "io.k8s.api.core.v1.NodeRuntimeHandler", .doc = NULL);

static const struct kl_field fields_NodeRuntimeHandlerFeatures[] = {
	BOOL("recursiveReadOnlyMounts", 1),
	BOOL("userNamespaces", 2),
};
SCHEMA(NodeRuntimeHandlerFeatures, "io.k8s.api.core.v1.NodeRuntimeHandlerFeatures", .doc = NULL);

static const struct kl_field fields_NodeSpec[] = {
	OBJ("configSource", 6, NodeConfigSource),
	STR("externalID", 2, FLAGS(KL_OMIT_ZERO)),
	STR("podCIDR", 1, FLAGS(KL_OMIT_ZERO)),
	LIST_STR("podCIDRs", 7, FLAGS(KL_MERGE | KL_LIST_SET)),
	STR("providerID", 3, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("taints", 5, Taint),
	BOOL("unschedulable", 4, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(NodeSpec, "io.k8s.api.core.v1.NodeSpec", .doc = NULL);

static const struct kl_field fields_NodeStatus[] = {
	LIST_OBJ("addresses", 5, NodeAddress, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	MAP_QUANTITY("allocatable", 2),
	MAP_QUANTITY("capacity", 1),
	LIST_OBJ("conditions", 4, NodeCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	OBJ("config", 11, NodeConfigStatus),
	OBJ("daemonEndpoints", 6, NodeDaemonEndpoints),
	OBJ("features", 13, NodeFeatures),
	LIST_OBJ("images", 8, ContainerImage),
	OBJ("nodeInfo", 7, NodeSystemInfo),
	STR("phase", 3, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("runtimeHandlers", 12, NodeRuntimeHandler),
	LIST_OBJ("volumesAttached", 10, AttachedVolume),
	LIST_STR("volumesInUse", 9),
};
SCHEMA(NodeStatus, "io.k8s.api.core.v1.NodeStatus", .defaults = kl_default_NodeStatus);

static const struct kl_field fields_NodeSwapStatus[] = {
	I64("capacity", 1),
};
SCHEMA(NodeSwapStatus, "io.k8s.api.core.v1.NodeSwapStatus", .doc = NULL);

static const struct kl_field fields_NodeSystemInfo[] = {
	STR("architecture", 10, FLAGS(KL_REQUIRED)),
	STR("bootID", 3, FLAGS(KL_REQUIRED)),
	STR("containerRuntimeVersion", 6, FLAGS(KL_REQUIRED)),
	STR("kernelVersion", 4, FLAGS(KL_REQUIRED)),
	STR("kubeProxyVersion", 8, FLAGS(KL_REQUIRED)),
	STR("kubeletVersion", 7, FLAGS(KL_REQUIRED)),
	STR("machineID", 1, FLAGS(KL_REQUIRED)),
	STR("operatingSystem", 9, FLAGS(KL_REQUIRED)),
	STR("osImage", 5, FLAGS(KL_REQUIRED)),
	OBJ("swap", 11, NodeSwapStatus),
	STR("systemUUID", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(NodeSystemInfo, "io.k8s.api.core.v1.NodeSystemInfo", .doc = NULL);

static const struct kl_field fields_Taint[] = {
	STR("effect", 3, FLAGS(KL_REQUIRED), CHOICES("NoExecute|NoSchedule|PreferNoSchedule")),
	STR("key", 1, FLAGS(KL_REQUIRED)),
	TIME("timeAdded", 4),
	STR("value", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Taint, "io.k8s.api.core.v1.Taint", .validate = kl_check_Taint);
