/* Types: storage.k8s.io, PersistentVolume and its claim. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_CSIDriver[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, CSIDriverSpec, FLAGS(KL_REQUIRED)),
};
SCHEMA(CSIDriver, "io.k8s.api.storage.v1.CSIDriver", .doc = NULL);

static const struct kl_field fields_CSIDriverSpec[] = {
	BOOL("attachRequired", 1, DEF("true")),
	STR("fsGroupPolicy", 5, FLAGS(KL_OMIT_ZERO), DEF("\"ReadWriteOnceWithFSType\"")),
	I64("nodeAllocatableUpdatePeriodSeconds", 9),
	BOOL("podInfoOnMount", 2, DEF("false")),
	BOOL("requiresRepublish", 7, DEF("false")),
	BOOL("seLinuxMount", 8, DEF("false")),
	BOOL("storageCapacity", 4, DEF("false")),
	LIST_OBJ("tokenRequests", 6, CSITokenRequest),
	LIST_STR("volumeLifecycleModes", 3, DEF("[\"Persistent\"]")),
};
SCHEMA(CSIDriverSpec, "io.k8s.api.storage.v1.CSIDriverSpec", .doc = NULL);

static const struct kl_field fields_CSINode[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, CSINodeSpec, FLAGS(KL_REQUIRED)),
};
SCHEMA(CSINode, "io.k8s.api.storage.v1.CSINode", .doc = NULL);

static const struct kl_field fields_CSINodeDriver[] = {
	OBJ("allocatable", 4, VolumeNodeResources),
	STR("name", 1, FLAGS(KL_REQUIRED)),
	STR("nodeID", 2, FLAGS(KL_REQUIRED)),
	LIST_STR("topologyKeys", 3),
};
SCHEMA(CSINodeDriver, "io.k8s.api.storage.v1.CSINodeDriver", .doc = NULL);

static const struct kl_field fields_CSINodeSpec[] = {
	LIST_OBJ("drivers", 1, CSINodeDriver, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
};
SCHEMA(CSINodeSpec, "io.k8s.api.storage.v1.CSINodeSpec", .doc = NULL);

static const struct kl_field fields_CSIStorageCapacity[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	QUANTITY("capacity", 4),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	QUANTITY("maximumVolumeSize", 5),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("nodeTopology", 2, LabelSelector),
	STR("storageClassName", 3, FLAGS(KL_REQUIRED)),
};
SCHEMA(CSIStorageCapacity, "io.k8s.api.storage.v1.CSIStorageCapacity", .doc = NULL);

static const struct kl_field fields_CSITokenRequest[] = {
	STR("audience", 1, FLAGS(KL_REQUIRED)),
	I64("expirationSeconds", 2),
};
SCHEMA(CSITokenRequest, "io.k8s.api.storage.v1.TokenRequest", .doc = NULL);

static const struct kl_field fields_ModifyVolumeStatus[] = {
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("targetVolumeAttributesClassName", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ModifyVolumeStatus, "io.k8s.api.core.v1.ModifyVolumeStatus", .doc = NULL);

static const struct kl_field fields_PersistentVolume[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, PersistentVolumeSpec),
	OBJ("status", 3, PersistentVolumeStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(PersistentVolume, "io.k8s.api.core.v1.PersistentVolume", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaim[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, PersistentVolumeClaimSpec),
	OBJ("status", 3, PersistentVolumeClaimStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(PersistentVolumeClaim, "io.k8s.api.core.v1.PersistentVolumeClaim", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaimCondition[] = {
	TIME("lastProbeTime", 3),
	TIME("lastTransitionTime", 4),
	STR("message", 6, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 5, FLAGS(KL_OMIT_ZERO)),
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(PersistentVolumeClaimCondition, "io.k8s.api.core.v1.PersistentVolumeClaimCondition", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaimSpec[] = {
	LIST_STR("accessModes", 1),
	OBJ("dataSource", 7, TypedLocalObjectReference),
	OBJ("dataSourceRef", 8, TypedObjectReference),
	OBJ("resources", 2, VolumeResourceRequirements, FLAGS(KL_ALWAYS)),
	OBJ("selector", 4, LabelSelector),
	STR("storageClassName", 5),
	STR("volumeAttributesClassName", 9),
	STR("volumeMode", 6, DEF("\"Filesystem\""), CHOICES("Block|Filesystem")),
	STR("volumeName", 3, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(PersistentVolumeClaimSpec, "io.k8s.api.core.v1.PersistentVolumeClaimSpec", .validate = kl_check_PersistentVolumeClaimSpec);

static const struct kl_field fields_PersistentVolumeClaimStatus[] = {
	LIST_STR("accessModes", 2),
	MAP_STR("allocatedResourceStatuses", 7),
	MAP_QUANTITY("allocatedResources", 5),
	MAP_QUANTITY("capacity", 3),
	LIST_OBJ("conditions", 4, PersistentVolumeClaimCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	STR("currentVolumeAttributesClassName", 8),
	OBJ("modifyVolumeStatus", 9, ModifyVolumeStatus),
	STR("phase", 1, FLAGS(KL_OMIT_ZERO), DEF("\"Pending\"")),
};
SCHEMA(PersistentVolumeClaimStatus, "io.k8s.api.core.v1.PersistentVolumeClaimStatus", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaimTemplate[] = {
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, PersistentVolumeClaimSpec, FLAGS(KL_REQUIRED)),
};
SCHEMA(PersistentVolumeClaimTemplate, "io.k8s.api.core.v1.PersistentVolumeClaimTemplate", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaimVolumeSource[] = {
	STR("claimName", 1, FLAGS(KL_REQUIRED)),
	BOOL("readOnly", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(PersistentVolumeClaimVolumeSource, "io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource", .doc = NULL);

static const struct kl_field fields_PersistentVolumeSpec[] = {
	LIST_STR("accessModes", 3),
	OBJ("awsElasticBlockStore", INLINE(2, 2), AWSElasticBlockStoreVolumeSource),
	OBJ("azureDisk", INLINE(2, 16), AzureDiskVolumeSource),
	OBJ("azureFile", INLINE(2, 13), AzureFilePersistentVolumeSource),
	MAP_QUANTITY("capacity", 1),
	OBJ("cephfs", INLINE(2, 9), CephFSPersistentVolumeSource),
	OBJ("cinder", INLINE(2, 8), CinderPersistentVolumeSource),
	OBJ("claimRef", 4, ObjectReference),
	OBJ("csi", INLINE(2, 22), CSIPersistentVolumeSource),
	OBJ("fc", INLINE(2, 10), FCVolumeSource),
	OBJ("flexVolume", INLINE(2, 12), FlexPersistentVolumeSource),
	OBJ("flocker", INLINE(2, 11), FlockerVolumeSource),
	OBJ("gcePersistentDisk", INLINE(2, 1), GCEPersistentDiskVolumeSource),
	OBJ("glusterfs", INLINE(2, 4), GlusterfsPersistentVolumeSource),
	OBJ("hostPath", INLINE(2, 3), HostPathVolumeSource),
	OBJ("iscsi", INLINE(2, 7), ISCSIPersistentVolumeSource),
	OBJ("local", INLINE(2, 20), LocalVolumeSource),
	LIST_STR("mountOptions", 7),
	OBJ("nfs", INLINE(2, 5), NFSVolumeSource),
	OBJ("nodeAffinity", 9, VolumeNodeAffinity),
	STR("persistentVolumeReclaimPolicy", 5, FLAGS(KL_OMIT_ZERO), DEF("\"Retain\""), CHOICES("Delete|Recycle|Retain")),
	OBJ("photonPersistentDisk", INLINE(2, 17), PhotonPersistentDiskVolumeSource),
	OBJ("portworxVolume", INLINE(2, 18), PortworxVolumeSource),
	OBJ("quobyte", INLINE(2, 15), QuobyteVolumeSource),
	OBJ("rbd", INLINE(2, 6), RBDPersistentVolumeSource),
	OBJ("scaleIO", INLINE(2, 19), ScaleIOPersistentVolumeSource),
	STR("storageClassName", 6),
	OBJ("storageos", INLINE(2, 21), StorageOSPersistentVolumeSource),
	STR("volumeAttributesClassName", 10),
	STR("volumeMode", 8, DEF("\"Filesystem\""), CHOICES("Block|Filesystem")),
	OBJ("vsphereVolume", INLINE(2, 14), VsphereVirtualDiskVolumeSource),
};
SCHEMA(PersistentVolumeSpec, "io.k8s.api.core.v1.PersistentVolumeSpec", .validate = kl_check_PersistentVolumeSpec);

static const struct kl_field fields_PersistentVolumeStatus[] = {
	TIME("lastPhaseTransitionTime", 4),
	STR("message", 2, FLAGS(KL_OMIT_ZERO)),
	STR("phase", 1, FLAGS(KL_OMIT_ZERO), DEF("\"Pending\"")),
	STR("reason", 3, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(PersistentVolumeStatus, "io.k8s.api.core.v1.PersistentVolumeStatus", .doc = NULL);

static const struct kl_field fields_StorageClass[] = {
	BOOL("allowVolumeExpansion", 6),
	LIST_OBJ("allowedTopologies", 8, TopologySelectorTerm),
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	LIST_STR("mountOptions", 5),
	MAP_STR("parameters", 3),
	STR("provisioner", 2, FLAGS(KL_REQUIRED)),
	STR("reclaimPolicy", 4, DEF("\"Delete\""), CHOICES("Delete|Recycle|Retain")),
	STR("volumeBindingMode", 7, DEF("\"Immediate\""), CHOICES("Immediate|WaitForFirstConsumer")),
};
SCHEMA(StorageClass, "io.k8s.api.storage.v1.StorageClass", .doc = NULL);

static const struct kl_field fields_TopologySelectorLabelRequirement[] = {
	STR("key", 1, FLAGS(KL_REQUIRED)),
	LIST_STR("values", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(TopologySelectorLabelRequirement, "io.k8s.api.core.v1.TopologySelectorLabelRequirement", .doc = NULL);

static const struct kl_field fields_TopologySelectorTerm[] = {
	LIST_OBJ("matchLabelExpressions", 1, TopologySelectorLabelRequirement),
};
SCHEMA(TopologySelectorTerm, "io.k8s.api.core.v1.TopologySelectorTerm", .atomic = true);

static const struct kl_field fields_TypedObjectReference[] = {
	STR("apiGroup", 1),
	STR("kind", 2, FLAGS(KL_REQUIRED)),
	STR("name", 3, FLAGS(KL_REQUIRED)),
	STR("namespace", 4, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(TypedObjectReference, "io.k8s.api.core.v1.TypedObjectReference", .doc = NULL);

static const struct kl_field fields_VolumeAttachment[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, VolumeAttachmentSpec, FLAGS(KL_REQUIRED)),
	OBJ("status", 3, VolumeAttachmentStatus),
};
SCHEMA(VolumeAttachment, "io.k8s.api.storage.v1.VolumeAttachment", .doc = NULL);

static const struct kl_field fields_VolumeAttachmentSource[] = {
	OBJ("inlineVolumeSpec", 2, PersistentVolumeSpec),
	STR("persistentVolumeName", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(VolumeAttachmentSource, "io.k8s.api.storage.v1.VolumeAttachmentSource", .doc = NULL);

static const struct kl_field fields_VolumeAttachmentSpec[] = {
	STR("attacher", 1, FLAGS(KL_REQUIRED)),
	STR("nodeName", 3, FLAGS(KL_REQUIRED)),
	OBJ("source", 2, VolumeAttachmentSource, FLAGS(KL_REQUIRED)),
};
SCHEMA(VolumeAttachmentSpec, "io.k8s.api.storage.v1.VolumeAttachmentSpec", .doc = NULL);

static const struct kl_field fields_VolumeAttachmentStatus[] = {
	OBJ("attachError", 3, VolumeError),
	BOOL("attached", 1),
	MAP_STR("attachmentMetadata", 2),
	OBJ("detachError", 4, VolumeError),
};
SCHEMA(VolumeAttachmentStatus, "io.k8s.api.storage.v1.VolumeAttachmentStatus", .doc = NULL);

static const struct kl_field fields_VolumeError[] = {
	I32("errorCode", 3),
	STR("message", 2, FLAGS(KL_OMIT_ZERO)),
	TIME("time", 1),
};
SCHEMA(VolumeError, "io.k8s.api.storage.v1.VolumeError", .doc = NULL);

static const struct kl_field fields_VolumeNodeAffinity[] = {
	OBJ("required", 1, NodeSelector),
};
SCHEMA(VolumeNodeAffinity, "io.k8s.api.core.v1.VolumeNodeAffinity", .doc = NULL);

static const struct kl_field fields_VolumeNodeResources[] = {
	I32("count", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(VolumeNodeResources, "io.k8s.api.storage.v1.VolumeNodeResources", .doc = NULL);

static const struct kl_field fields_VolumeResourceRequirements[] = {
	MAP_QUANTITY("limits", 1),
	MAP_QUANTITY("requests", 2),
};
SCHEMA(VolumeResourceRequirements, "io.k8s.api.core.v1.VolumeResourceRequirements", .doc = NULL);
