/* Types: storage.k8s.io, PersistentVolume and its claim. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_CSIDriver[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", CSIDriverSpec, FLAGS(KL_REQUIRED)),
};
SCHEMA(CSIDriver, "io.k8s.api.storage.v1.CSIDriver", .doc = NULL);

static const struct kl_field fields_CSIDriverSpec[] = {
	BOOL("attachRequired", DEF("true")),
	STR("fsGroupPolicy", FLAGS(KL_OMIT_ZERO), DEF("\"ReadWriteOnceWithFSType\"")),
	I64("nodeAllocatableUpdatePeriodSeconds"),
	BOOL("podInfoOnMount", DEF("false")),
	BOOL("requiresRepublish", DEF("false")),
	BOOL("seLinuxMount", DEF("false")),
	BOOL("storageCapacity", DEF("false")),
	LIST_OBJ("tokenRequests", CSITokenRequest),
	LIST_STR("volumeLifecycleModes", DEF("[\"Persistent\"]")),
};
SCHEMA(CSIDriverSpec, "io.k8s.api.storage.v1.CSIDriverSpec", .doc = NULL);

static const struct kl_field fields_CSINode[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", CSINodeSpec, FLAGS(KL_REQUIRED)),
};
SCHEMA(CSINode, "io.k8s.api.storage.v1.CSINode", .doc = NULL);

static const struct kl_field fields_CSINodeDriver[] = {
	OBJ("allocatable", VolumeNodeResources),
	STR("name", FLAGS(KL_REQUIRED)),
	STR("nodeID", FLAGS(KL_REQUIRED)),
	LIST_STR("topologyKeys"),
};
SCHEMA(CSINodeDriver, "io.k8s.api.storage.v1.CSINodeDriver", .doc = NULL);

static const struct kl_field fields_CSINodeSpec[] = {
	LIST_OBJ("drivers", CSINodeDriver, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
};
SCHEMA(CSINodeSpec, "io.k8s.api.storage.v1.CSINodeSpec", .doc = NULL);

static const struct kl_field fields_CSIStorageCapacity[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	QUANTITY("capacity"),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	QUANTITY("maximumVolumeSize"),
	OBJ("metadata", ObjectMeta),
	OBJ("nodeTopology", LabelSelector),
	STR("storageClassName", FLAGS(KL_REQUIRED)),
};
SCHEMA(CSIStorageCapacity, "io.k8s.api.storage.v1.CSIStorageCapacity", .doc = NULL);

static const struct kl_field fields_CSITokenRequest[] = {
	STR("audience", FLAGS(KL_REQUIRED)),
	I64("expirationSeconds"),
};
SCHEMA(CSITokenRequest, "io.k8s.api.storage.v1.TokenRequest", .doc = NULL);

static const struct kl_field fields_ModifyVolumeStatus[] = {
	STR("status", FLAGS(KL_REQUIRED)),
	STR("targetVolumeAttributesClassName", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ModifyVolumeStatus, "io.k8s.api.core.v1.ModifyVolumeStatus", .doc = NULL);

static const struct kl_field fields_PersistentVolume[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", PersistentVolumeSpec),
	OBJ("status", PersistentVolumeStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(PersistentVolume, "io.k8s.api.core.v1.PersistentVolume", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaim[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", PersistentVolumeClaimSpec),
	OBJ("status", PersistentVolumeClaimStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(PersistentVolumeClaim, "io.k8s.api.core.v1.PersistentVolumeClaim", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaimCondition[] = {
	TIME("lastProbeTime"),
	TIME("lastTransitionTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(PersistentVolumeClaimCondition, "io.k8s.api.core.v1.PersistentVolumeClaimCondition", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaimSpec[] = {
	LIST_STR("accessModes"),
	OBJ("dataSource", TypedLocalObjectReference),
	OBJ("dataSourceRef", TypedObjectReference),
	OBJ("resources", VolumeResourceRequirements, FLAGS(KL_ALWAYS)),
	OBJ("selector", LabelSelector),
	STR("storageClassName"),
	STR("volumeAttributesClassName"),
	STR("volumeMode", DEF("\"Filesystem\""), CHOICES("Block|Filesystem")),
	STR("volumeName", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(PersistentVolumeClaimSpec, "io.k8s.api.core.v1.PersistentVolumeClaimSpec", .validate = kl_check_PersistentVolumeClaimSpec);

static const struct kl_field fields_PersistentVolumeClaimStatus[] = {
	LIST_STR("accessModes"),
	MAP_STR("allocatedResourceStatuses"),
	MAP_QUANTITY("allocatedResources"),
	MAP_QUANTITY("capacity"),
	LIST_OBJ("conditions", PersistentVolumeClaimCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	STR("currentVolumeAttributesClassName"),
	OBJ("modifyVolumeStatus", ModifyVolumeStatus),
	STR("phase", FLAGS(KL_OMIT_ZERO), DEF("\"Pending\"")),
};
SCHEMA(PersistentVolumeClaimStatus, "io.k8s.api.core.v1.PersistentVolumeClaimStatus", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaimTemplate[] = {
	OBJ("metadata", ObjectMeta),
	OBJ("spec", PersistentVolumeClaimSpec, FLAGS(KL_REQUIRED)),
};
SCHEMA(PersistentVolumeClaimTemplate, "io.k8s.api.core.v1.PersistentVolumeClaimTemplate", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaimVolumeSource[] = {
	STR("claimName", FLAGS(KL_REQUIRED)),
	BOOL("readOnly", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(PersistentVolumeClaimVolumeSource, "io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource", .doc = NULL);

static const struct kl_field fields_PersistentVolumeSpec[] = {
	LIST_STR("accessModes"),
	OBJ("awsElasticBlockStore", AWSElasticBlockStoreVolumeSource),
	OBJ("azureDisk", AzureDiskVolumeSource),
	OBJ("azureFile", AzureFilePersistentVolumeSource),
	MAP_QUANTITY("capacity"),
	OBJ("cephfs", CephFSPersistentVolumeSource),
	OBJ("cinder", CinderPersistentVolumeSource),
	OBJ("claimRef", ObjectReference),
	OBJ("csi", CSIPersistentVolumeSource),
	OBJ("fc", FCVolumeSource),
	OBJ("flexVolume", FlexPersistentVolumeSource),
	OBJ("flocker", FlockerVolumeSource),
	OBJ("gcePersistentDisk", GCEPersistentDiskVolumeSource),
	OBJ("glusterfs", GlusterfsPersistentVolumeSource),
	OBJ("hostPath", HostPathVolumeSource),
	OBJ("iscsi", ISCSIPersistentVolumeSource),
	OBJ("local", LocalVolumeSource),
	LIST_STR("mountOptions"),
	OBJ("nfs", NFSVolumeSource),
	OBJ("nodeAffinity", VolumeNodeAffinity),
	STR("persistentVolumeReclaimPolicy", FLAGS(KL_OMIT_ZERO), DEF("\"Retain\""), CHOICES("Delete|Recycle|Retain")),
	OBJ("photonPersistentDisk", PhotonPersistentDiskVolumeSource),
	OBJ("portworxVolume", PortworxVolumeSource),
	OBJ("quobyte", QuobyteVolumeSource),
	OBJ("rbd", RBDPersistentVolumeSource),
	OBJ("scaleIO", ScaleIOPersistentVolumeSource),
	STR("storageClassName"),
	OBJ("storageos", StorageOSPersistentVolumeSource),
	STR("volumeAttributesClassName"),
	STR("volumeMode", DEF("\"Filesystem\""), CHOICES("Block|Filesystem")),
	OBJ("vsphereVolume", VsphereVirtualDiskVolumeSource),
};
SCHEMA(PersistentVolumeSpec, "io.k8s.api.core.v1.PersistentVolumeSpec", .validate = kl_check_PersistentVolumeSpec);

static const struct kl_field fields_PersistentVolumeStatus[] = {
	TIME("lastPhaseTransitionTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("phase", FLAGS(KL_OMIT_ZERO), DEF("\"Pending\"")),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(PersistentVolumeStatus, "io.k8s.api.core.v1.PersistentVolumeStatus", .doc = NULL);

static const struct kl_field fields_StorageClass[] = {
	BOOL("allowVolumeExpansion"),
	LIST_OBJ("allowedTopologies", TopologySelectorTerm),
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	LIST_STR("mountOptions"),
	MAP_STR("parameters"),
	STR("provisioner", FLAGS(KL_REQUIRED)),
	STR("reclaimPolicy", DEF("\"Delete\""), CHOICES("Delete|Recycle|Retain")),
	STR("volumeBindingMode", DEF("\"Immediate\""), CHOICES("Immediate|WaitForFirstConsumer")),
};
SCHEMA(StorageClass, "io.k8s.api.storage.v1.StorageClass", .doc = NULL);

static const struct kl_field fields_TopologySelectorLabelRequirement[] = {
	STR("key", FLAGS(KL_REQUIRED)),
	LIST_STR("values", FLAGS(KL_REQUIRED)),
};
SCHEMA(TopologySelectorLabelRequirement, "io.k8s.api.core.v1.TopologySelectorLabelRequirement", .doc = NULL);

static const struct kl_field fields_TopologySelectorTerm[] = {
	LIST_OBJ("matchLabelExpressions", TopologySelectorLabelRequirement),
};
SCHEMA(TopologySelectorTerm, "io.k8s.api.core.v1.TopologySelectorTerm", .atomic = true);

static const struct kl_field fields_TypedObjectReference[] = {
	STR("apiGroup"),
	STR("kind", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
	STR("namespace", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(TypedObjectReference, "io.k8s.api.core.v1.TypedObjectReference", .doc = NULL);

static const struct kl_field fields_VolumeAttachment[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", VolumeAttachmentSpec, FLAGS(KL_REQUIRED)),
	OBJ("status", VolumeAttachmentStatus),
};
SCHEMA(VolumeAttachment, "io.k8s.api.storage.v1.VolumeAttachment", .doc = NULL);

static const struct kl_field fields_VolumeAttachmentSource[] = {
	OBJ("inlineVolumeSpec", PersistentVolumeSpec),
	STR("persistentVolumeName", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(VolumeAttachmentSource, "io.k8s.api.storage.v1.VolumeAttachmentSource", .doc = NULL);

static const struct kl_field fields_VolumeAttachmentSpec[] = {
	STR("attacher", FLAGS(KL_REQUIRED)),
	STR("nodeName", FLAGS(KL_REQUIRED)),
	OBJ("source", VolumeAttachmentSource, FLAGS(KL_REQUIRED)),
};
SCHEMA(VolumeAttachmentSpec, "io.k8s.api.storage.v1.VolumeAttachmentSpec", .doc = NULL);

static const struct kl_field fields_VolumeAttachmentStatus[] = {
	OBJ("attachError", VolumeError),
	BOOL("attached"),
	MAP_STR("attachmentMetadata"),
	OBJ("detachError", VolumeError),
};
SCHEMA(VolumeAttachmentStatus, "io.k8s.api.storage.v1.VolumeAttachmentStatus", .doc = NULL);

static const struct kl_field fields_VolumeError[] = {
	I32("errorCode"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	TIME("time"),
};
SCHEMA(VolumeError, "io.k8s.api.storage.v1.VolumeError", .doc = NULL);

static const struct kl_field fields_VolumeNodeAffinity[] = {
	OBJ("required", NodeSelector),
};
SCHEMA(VolumeNodeAffinity, "io.k8s.api.core.v1.VolumeNodeAffinity", .doc = NULL);

static const struct kl_field fields_VolumeNodeResources[] = {
	I32("count", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(VolumeNodeResources, "io.k8s.api.storage.v1.VolumeNodeResources", .doc = NULL);

static const struct kl_field fields_VolumeResourceRequirements[] = {
	MAP_QUANTITY("limits"),
	MAP_QUANTITY("requests"),
};
SCHEMA(VolumeResourceRequirements, "io.k8s.api.core.v1.VolumeResourceRequirements", .doc = NULL);
