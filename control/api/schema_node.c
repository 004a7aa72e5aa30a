/* Types: Node. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_AttachedVolume[] = {
	STR("devicePath", 2, FLAGS(KL_REQUIRED), DOC("The path of the device inside the container.")),
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
};
SCHEMA(AttachedVolume, "io.k8s.api.core.v1.AttachedVolume", .doc = NULL);

static const struct kl_field fields_ConfigMapNodeConfigSource[] = {
	STR("kubeletConfigKey", 5, FLAGS(KL_REQUIRED), DOC("The key of the ConfigMap.")),
	STR("name", 2, FLAGS(KL_REQUIRED), DOC("Its name.")),
	STR("namespace", 1, FLAGS(KL_REQUIRED), DOC("The namespace it is in.")),
	STR("resourceVersion", 4, FLAGS(KL_OMIT_ZERO), DOC("The version of the object; compare for equality only.")),
	STR("uid", 3, FLAGS(KL_OMIT_ZERO), DOC("The unique identifier of the object, never used again.")),
};
SCHEMA(ConfigMapNodeConfigSource, "io.k8s.api.core.v1.ConfigMapNodeConfigSource", .doc = NULL);

static const struct kl_field fields_ContainerImage[] = {
	LIST_STR("names", 1, DOC("The names of the image.")),
	I64("sizeBytes", 2, DOC("Its size in bytes.")),
};
SCHEMA(ContainerImage, "io.k8s.api.core.v1.ContainerImage", .doc = NULL);

static const struct kl_field fields_Node[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, NodeSpec, FLAGS(KL_ALWAYS),
		DOC("The range of its pods, its taints, and whether it takes new pods.")),
	OBJ("status", 3, NodeStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(Node, "io.k8s.api.core.v1.Node", DOC("A machine that runs pods."));

static const struct kl_field fields_NodeAddress[] = {
	STR("address", 2, FLAGS(KL_REQUIRED), DOC("The address itself.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.")),
};
SCHEMA(NodeAddress, "io.k8s.api.core.v1.NodeAddress", .doc = NULL);

static const struct kl_field fields_NodeCondition[] = {
	TIME("lastHeartbeatTime", 3, DOC("When the node last said so.")),
	TIME("lastTransitionTime", 4, DOC("When the status last changed.")),
	STR("message", 6, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 5, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(NodeCondition, "io.k8s.api.core.v1.NodeCondition", .doc = NULL);

static const struct kl_field fields_NodeConfigSource[] = {
	OBJ("configMap", 2, ConfigMapNodeConfigSource, DOC("Keys of a ConfigMap.")),
};
SCHEMA(NodeConfigSource, "io.k8s.api.core.v1.NodeConfigSource", .doc = NULL);

static const struct kl_field fields_NodeConfigStatus[] = {
	OBJ("active", 2, NodeConfigSource, DOC("What is running now.")),
	OBJ("assigned", 1, NodeConfigSource, DOC("The configuration that the node has been told to use.")),
	STR("error", 4, FLAGS(KL_OMIT_ZERO), DOC("What went wrong.")),
	OBJ("lastKnownGood", 3, NodeConfigSource, DOC("The configuration to fall back to.")),
};
SCHEMA(NodeConfigStatus, "io.k8s.api.core.v1.NodeConfigStatus", .doc = NULL);

static const struct kl_field fields_NodeFeatures[] = {
	BOOL("supplementalGroupsPolicy", 1, DOC("Whether groups of the image count, too.")),
};
SCHEMA(NodeFeatures, "io.k8s.api.core.v1.NodeFeatures", .doc = NULL);

static const struct kl_field fields_NodeRuntimeHandler[] = {
	OBJ("features", 2, NodeRuntimeHandlerFeatures, DOC("What the node can do.")),
	STR("name", 1, FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
};
SCHEMA(NodeRuntimeHandler, "io.k8s.api.core.v1.NodeRuntimeHandler", .doc = NULL);

static const struct kl_field fields_NodeRuntimeHandlerFeatures[] = {
	BOOL("recursiveReadOnlyMounts", 1, DOC("Whether the runtime can do that.")),
	BOOL("userNamespaces", 2, DOC("Whether the runtime can do user namespaces.")),
};
SCHEMA(NodeRuntimeHandlerFeatures, "io.k8s.api.core.v1.NodeRuntimeHandlerFeatures", .doc = NULL);

static const struct kl_field fields_NodeSpec[] = {
	OBJ("configSource", 6, NodeConfigSource, DOC("No longer used.")),
	STR("externalID", 2, FLAGS(KL_OMIT_ZERO), DOC("No longer used.")),
	STR("podCIDR", 1, FLAGS(KL_OMIT_ZERO), DOC("The range that the node's pods get their addresses from.")),
	LIST_STR("podCIDRs", 7, FLAGS(KL_MERGE | KL_LIST_SET), DOC("The same for each address family.")),
	STR("providerID", 3, FLAGS(KL_OMIT_ZERO), DOC("What the cloud calls the node.")),
	LIST_OBJ("taints", 5, Taint, DOC("Marks that keep pods away which do not tolerate them.")),
	BOOL("unschedulable", 4, FLAGS(KL_OMIT_ZERO), DOC("Whether the node takes no new pods.")),
};
SCHEMA(NodeSpec, "io.k8s.api.core.v1.NodeSpec", .doc = NULL);

static const struct kl_field fields_NodeStatus[] = {
	LIST_OBJ("addresses", 5, NodeAddress, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("Addresses under which this is reached.")),
	MAP_QUANTITY("allocatable", 2, DOC("What of the node's resources pods may use.")),
	MAP_QUANTITY("capacity", 1, DOC("All that the node has.")),
	LIST_OBJ("conditions", 4, NodeCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	OBJ("config", 11, NodeConfigStatus, DOC("How the node's configuration stands.")),
	OBJ("daemonEndpoints", 6, NodeDaemonEndpoints, DOC("Where the node's own daemons listen.")),
	OBJ("features", 13, NodeFeatures, DOC("What the node can do.")),
	LIST_OBJ("images", 8, ContainerImage, DOC("Images on the node.")),
	OBJ("nodeInfo", 7, NodeSystemInfo, DOC("Versions and identifiers of the node.")),
	STR("phase", 3, FLAGS(KL_OMIT_ZERO), DOC("Where it is in its life, in one word.")),
	LIST_OBJ("runtimeHandlers", 12, NodeRuntimeHandler, DOC("Runtimes on the node.")),
	LIST_OBJ("volumesAttached", 10, AttachedVolume, DOC("Volumes attached to the node.")),
	LIST_STR("volumesInUse", 9, DOC("Volumes mounted on the node.")),
};
SCHEMA(NodeStatus, "io.k8s.api.core.v1.NodeStatus", .defaults = kl_default_NodeStatus);

static const struct kl_field fields_NodeSwapStatus[] = {
	I64("capacity", 1, DOC("How much there is.")),
};
SCHEMA(NodeSwapStatus, "io.k8s.api.core.v1.NodeSwapStatus", .doc = NULL);

static const struct kl_field fields_NodeSystemInfo[] = {
	STR("architecture", 10, FLAGS(KL_REQUIRED), DOC("The processor architecture of the node.")),
	STR("bootID", 3, FLAGS(KL_REQUIRED), DOC("Identifies the present boot of the node.")),
	STR("containerRuntimeVersion", 6, FLAGS(KL_REQUIRED), DOC("The runtime and its version.")),
	STR("kernelVersion", 4, FLAGS(KL_REQUIRED), DOC("The kernel's version.")),
	STR("kubeProxyVersion", 8, FLAGS(KL_REQUIRED), DOC("No longer used.")),
	STR("kubeletVersion", 7, FLAGS(KL_REQUIRED), DOC("The version of the node's agent.")),
	STR("machineID", 1, FLAGS(KL_REQUIRED), DOC("Identifies the machine.")),
	STR("operatingSystem", 9, FLAGS(KL_REQUIRED), DOC("The operating system.")),
	STR("osImage", 5, FLAGS(KL_REQUIRED), DOC("The operating system's full name.")),
	OBJ("swap", 11, NodeSwapStatus, DOC("The node's swap.")),
	STR("systemUUID", 2, FLAGS(KL_REQUIRED), DOC("Identifies the system.")),
};
SCHEMA(NodeSystemInfo, "io.k8s.api.core.v1.NodeSystemInfo", .doc = NULL);

static const struct kl_field fields_Taint[] = {
	STR("effect", 3, FLAGS(KL_REQUIRED), CHOICES("NoExecute|NoSchedule|PreferNoSchedule"),
		DOC("NoSchedule, PreferNoSchedule or NoExecute; for a toleration, empty means all.")),
	STR("key", 1, FLAGS(KL_REQUIRED), DOC("The key of the taint, in the form of a label key.")),
	TIME("timeAdded", 4, DOC("When the taint was set.")),
	STR("value", 2, FLAGS(KL_OMIT_ZERO), DOC("The value of the taint, in the form of a label value.")),
};
SCHEMA(Taint, "io.k8s.api.core.v1.Taint", .validate = kl_check_Taint, DOC("Keeps pods away that do not tolerate it."));
