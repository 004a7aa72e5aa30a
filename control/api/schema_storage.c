/* Types: storage.k8s.io, PersistentVolume and its claim. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_CSIDriver[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, CSIDriverSpec, FLAGS(KL_REQUIRED), DOC("What the driver needs and can do.")),
};
SCHEMA(CSIDriver, "io.k8s.api.storage.v1.CSIDriver", DOC("What the cluster has to know of a CSI driver."));

static const struct kl_field fields_CSIDriverSpec[] = {
	BOOL("attachRequired", 1, DEF("true"),
		DOC("Whether volumes of this driver have to be attached before they are mounted.")),
	STR("fsGroupPolicy", 5, FLAGS(KL_OMIT_ZERO), DEF("\"ReadWriteOnceWithFSType\""),
		DOC("Whether the driver's volumes understand fsGroup.")),
	I64("nodeAllocatableUpdatePeriodSeconds", 9, DOC("How often the node's volume limit is asked for.")),
	BOOL("podInfoOnMount", 2, DEF("false"), DOC("Whether the driver is told about the pod.")),
	BOOL("requiresRepublish", 7, DEF("false"), DOC("Whether the driver wants to mount again from time to time.")),
	BOOL("seLinuxMount", 8, DEF("false"), DOC("Whether the driver's volumes can be mounted with a label.")),
	BOOL("storageCapacity", 4, DEF("false"), DOC("Whether the scheduler looks at the capacity that is left.")),
	LIST_OBJ("tokenRequests", 6, CSITokenRequest, DOC("Tokens that the driver wants.")),
	LIST_STR("volumeLifecycleModes", 3, DEF("[\"Persistent\"]"), CHOICES("Ephemeral|Persistent"),
		DOC("Persistent, Ephemeral or both.")),
};
SCHEMA(CSIDriverSpec, "io.k8s.api.storage.v1.CSIDriverSpec", .doc = NULL);

static const struct kl_field fields_CSINode[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, CSINodeSpec, FLAGS(KL_REQUIRED), DOC("The drivers of the node.")),
};
SCHEMA(CSINode, "io.k8s.api.storage.v1.CSINode", DOC("CSI drivers on a node."));

static const struct kl_field fields_CSINodeDriver[] = {
	OBJ("allocatable", 4, VolumeNodeResources, DOC("What of the node's resources pods may use.")),
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	STR("nodeID", 2, FLAGS(KL_REQUIRED), DOC("What the driver calls the node.")),
	LIST_STR("topologyKeys", 3, DOC("Labels that the driver sets on nodes.")),
};
SCHEMA(CSINodeDriver, "io.k8s.api.storage.v1.CSINodeDriver", .doc = NULL);

static const struct kl_field fields_CSINodeSpec[] = {
	LIST_OBJ("drivers", 1, CSINodeDriver, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name"),
		DOC("CSI drivers on the node.")),
};
SCHEMA(CSINodeSpec, "io.k8s.api.storage.v1.CSINodeSpec", .doc = NULL);

static const struct kl_field fields_CSIStorageCapacity[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	QUANTITY("capacity", 4, DOC("How much room there is.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	QUANTITY("maximumVolumeSize", 5, DOC("The largest volume that can be made there.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("nodeTopology", 2, LabelSelector, DOC("The nodes that can use the storage.")),
	STR("storageClassName", 3, FLAGS(KL_REQUIRED), DOC("The StorageClass; \"\" means none.")),
};
SCHEMA(CSIStorageCapacity, "io.k8s.api.storage.v1.CSIStorageCapacity",
	DOC("How much a CSI driver can still make where."));

static const struct kl_field fields_CSITokenRequest[] = {
	STR("audience", 1, FLAGS(KL_REQUIRED), DOC("For whom the token is meant.")),
	I64("expirationSeconds", 2, DOC("For how long it is to be valid.")),
};
SCHEMA(CSITokenRequest, "io.k8s.api.storage.v1.TokenRequest", .doc = NULL);

static const struct kl_field fields_ModifyVolumeStatus[] = {
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("What was last observed; written by the system, not by users.")),
	STR("targetVolumeAttributesClassName", 1, FLAGS(KL_OMIT_ZERO), DOC("The class that is being changed to.")),
};
SCHEMA(ModifyVolumeStatus, "io.k8s.api.core.v1.ModifyVolumeStatus", .doc = NULL);

static const struct kl_field fields_PersistentVolume[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, PersistentVolumeSpec,
		DOC("How large the volume is, where its storage is, and how it may be used.")),
	OBJ("status", 3, PersistentVolumeStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(PersistentVolume, "io.k8s.api.core.v1.PersistentVolume", DOC("A piece of storage in the cluster."));

static const struct kl_field fields_PersistentVolumeClaim[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, PersistentVolumeClaimSpec, DOC("How much storage is asked for, of which class, for which use.")),
	OBJ("status", 3, PersistentVolumeClaimStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(PersistentVolumeClaim, "io.k8s.api.core.v1.PersistentVolumeClaim",
	DOC("A wish for storage, and what it is bound to."));

static const struct kl_field fields_PersistentVolumeClaimCondition[] = {
	TIME("lastProbeTime", 3, DOC("When it was last looked at.")),
	TIME("lastTransitionTime", 4, DOC("When the status last changed.")),
	STR("message", 6, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 5, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(PersistentVolumeClaimCondition, "io.k8s.api.core.v1.PersistentVolumeClaimCondition", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaimSpec[] = {
	LIST_STR("accessModes", 1,
		DOC("The ways the volume may be mounted: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, "
		    "ReadWriteOncePod.")),
	OBJ("dataSource", 7, TypedLocalObjectReference,
		DOC("What the volume is filled with: a snapshot or another claim.")),
	OBJ("dataSourceRef", 8, TypedObjectReference,
		DOC("What the volume is filled with: any object that a populator knows.")),
	OBJ("resources", 2, VolumeResourceRequirements, FLAGS(KL_ALWAYS), DOC("How much storage is asked for.")),
	OBJ("selector", 4, LabelSelector, DOC("Which volumes may serve the claim, by their labels.")),
	STR("storageClassName", 5, DOC("The StorageClass; \"\" means none.")),
	STR("volumeAttributesClassName", 9, DOC("The VolumeAttributesClass.")),
	STR("volumeMode", 6, DEF("\"Filesystem\""), CHOICES("Block|Filesystem"), DOC("Filesystem or Block.")),
	STR("volumeName", 3, FLAGS(KL_OMIT_ZERO), DOC("The volume's name.")),
};
SCHEMA(PersistentVolumeClaimSpec, "io.k8s.api.core.v1.PersistentVolumeClaimSpec",
	.validate = kl_check_PersistentVolumeClaimSpec);

static const struct kl_field fields_PersistentVolumeClaimStatus[] = {
	LIST_STR("accessModes", 2,
		DOC("The ways the volume may be mounted: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, "
		    "ReadWriteOncePod.")),
	MAP_STR("allocatedResourceStatuses", 7, DOC("How far the change of each allocated resource has come.")),
	MAP_QUANTITY("allocatedResources", 5, DOC("What has been set aside for it.")),
	MAP_QUANTITY("capacity", 3, DOC("How large the bound volume is.")),
	LIST_OBJ("conditions", 4, PersistentVolumeClaimCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	STR("currentVolumeAttributesClassName", 8, DOC("The VolumeAttributesClass in force.")),
	OBJ("modifyVolumeStatus", 9, ModifyVolumeStatus,
		DOC("How far the change of the volume's attributes has come.")),
	STR("phase", 1, FLAGS(KL_OMIT_ZERO), DEF("\"Pending\""), DOC("Where it is in its life, in one word.")),
};
SCHEMA(PersistentVolumeClaimStatus, "io.k8s.api.core.v1.PersistentVolumeClaimStatus", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaimTemplate[] = {
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, PersistentVolumeClaimSpec, FLAGS(KL_REQUIRED), DOC("What is wanted.")),
};
SCHEMA(PersistentVolumeClaimTemplate, "io.k8s.api.core.v1.PersistentVolumeClaimTemplate", .doc = NULL);

static const struct kl_field fields_PersistentVolumeClaimVolumeSource[] = {
	STR("claimName", 1, FLAGS(KL_REQUIRED), DOC("The PersistentVolumeClaim, in the pod's namespace.")),
	BOOL("readOnly", 2, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
};
SCHEMA(PersistentVolumeClaimVolumeSource, "io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource", .doc = NULL);

static const struct kl_field fields_PersistentVolumeSpec[] = {
	LIST_STR("accessModes", 3,
		DOC("The ways the volume may be mounted: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, "
		    "ReadWriteOncePod.")),
	OBJ("awsElasticBlockStore", INLINE(2, 2), AWSElasticBlockStoreVolumeSource,
		DOC("A disk of AWS EBS; served by its CSI driver.")),
	OBJ("azureDisk", INLINE(2, 16), AzureDiskVolumeSource, DOC("A data disk of Azure; served by its CSI driver.")),
	OBJ("azureFile", INLINE(2, 13), AzureFilePersistentVolumeSource,
		DOC("A share of Azure Files; served by its CSI driver.")),
	MAP_QUANTITY("capacity", 1, DOC("How large the volume is.")),
	OBJ("cephfs", INLINE(2, 9), CephFSPersistentVolumeSource, DOC("A CephFS mount.")),
	OBJ("cinder", INLINE(2, 8), CinderPersistentVolumeSource,
		DOC("A volume of OpenStack Cinder; served by its CSI driver.")),
	OBJ("claimRef", 4, ObjectReference, DOC("The claim that this volume is bound to.")),
	OBJ("csi", INLINE(2, 22), CSIPersistentVolumeSource, DOC("A volume of a CSI driver.")),
	OBJ("fc", INLINE(2, 10), FCVolumeSource, DOC("A Fibre Channel disk.")),
	OBJ("flexVolume", INLINE(2, 12), FlexPersistentVolumeSource, DOC("A volume of a FlexVolume plugin.")),
	OBJ("flocker", INLINE(2, 11), FlockerVolumeSource, DOC("A Flocker volume; no longer served.")),
	OBJ("gcePersistentDisk", INLINE(2, 1), GCEPersistentDiskVolumeSource,
		DOC("A disk of Google Compute Engine; served by its CSI driver.")),
	OBJ("glusterfs", INLINE(2, 4), GlusterfsPersistentVolumeSource, DOC("A GlusterFS mount.")),
	OBJ("hostPath", INLINE(2, 3), HostPathVolumeSource, DOC("A file or directory of the node.")),
	OBJ("iscsi", INLINE(2, 7), ISCSIPersistentVolumeSource, DOC("An iSCSI disk.")),
	OBJ("local", INLINE(2, 20), LocalVolumeSource, DOC("A disk or directory of one node.")),
	LIST_STR("mountOptions", 7, DOC("Options of the mount.")),
	OBJ("nfs", INLINE(2, 5), NFSVolumeSource, DOC("A share of an NFS server.")),
	OBJ("nodeAffinity", 9, VolumeNodeAffinity, DOC("The nodes that can reach the volume.")),
	STR("persistentVolumeReclaimPolicy", 5, FLAGS(KL_OMIT_ZERO), DEF("\"Retain\""),
		CHOICES("Delete|Recycle|Retain"),
		DOC("What becomes of the volume when its claim goes: Retain, Delete or Recycle.")),
	OBJ("photonPersistentDisk", INLINE(2, 17), PhotonPersistentDiskVolumeSource,
		DOC("A disk of Photon; no longer served.")),
	OBJ("portworxVolume", INLINE(2, 18), PortworxVolumeSource, DOC("A Portworx volume; served by its CSI driver.")),
	OBJ("quobyte", INLINE(2, 15), QuobyteVolumeSource, DOC("A Quobyte volume; no longer served.")),
	OBJ("rbd", INLINE(2, 6), RBDPersistentVolumeSource, DOC("A Ceph block device.")),
	OBJ("scaleIO", INLINE(2, 19), ScaleIOPersistentVolumeSource, DOC("A ScaleIO volume; no longer served.")),
	STR("storageClassName", 6, DOC("The StorageClass; \"\" means none.")),
	OBJ("storageos", INLINE(2, 21), StorageOSPersistentVolumeSource, DOC("A StorageOS volume; no longer served.")),
	STR("volumeAttributesClassName", 10, DOC("The VolumeAttributesClass.")),
	STR("volumeMode", 8, DEF("\"Filesystem\""), CHOICES("Block|Filesystem"), DOC("Filesystem or Block.")),
	OBJ("vsphereVolume", INLINE(2, 14), VsphereVirtualDiskVolumeSource,
		DOC("A disk of vSphere; served by its CSI driver.")),
};
SCHEMA(PersistentVolumeSpec, "io.k8s.api.core.v1.PersistentVolumeSpec", .validate = kl_check_PersistentVolumeSpec);

static const struct kl_field fields_PersistentVolumeStatus[] = {
	TIME("lastPhaseTransitionTime", 4, DOC("When the phase last changed.")),
	STR("message", 2, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("phase", 1, FLAGS(KL_OMIT_ZERO), DEF("\"Pending\""), DOC("Where it is in its life, in one word.")),
	STR("reason", 3, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
};
SCHEMA(PersistentVolumeStatus, "io.k8s.api.core.v1.PersistentVolumeStatus", .doc = NULL);

static const struct kl_field fields_StorageClass[] = {
	BOOL("allowVolumeExpansion", 6, DOC("Whether volumes of this class may be made larger later.")),
	LIST_OBJ("allowedTopologies", 8, TopologySelectorTerm, DOC("Where volumes of this class may be made.")),
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	LIST_STR("mountOptions", 5, DOC("Options of the mount.")),
	MAP_STR("parameters", 3, DOC("Settings that the provider understands.")),
	STR("provisioner", 2, FLAGS(KL_REQUIRED), DOC("Who makes the volumes.")),
	STR("reclaimPolicy", 4, DEF("\"Delete\""), CHOICES("Delete|Recycle|Retain"),
		DOC("What becomes of volumes of this class when their claims go.")),
	STR("volumeBindingMode", 7, DEF("\"Immediate\""), CHOICES("Immediate|WaitForFirstConsumer"),
		DOC("Immediate, or WaitForFirstConsumer.")),
};
SCHEMA(StorageClass, "io.k8s.api.storage.v1.StorageClass", DOC("A sort of storage and how its volumes are made."));

static const struct kl_field fields_TopologySelectorLabelRequirement[] = {
	STR("key", 1, FLAGS(KL_REQUIRED), DOC("The key.")),
	LIST_STR("values", 2, FLAGS(KL_REQUIRED), DOC("The values.")),
};
SCHEMA(TopologySelectorLabelRequirement, "io.k8s.api.core.v1.TopologySelectorLabelRequirement", .doc = NULL);

static const struct kl_field fields_TopologySelectorTerm[] = {
	LIST_OBJ("matchLabelExpressions", 1, TopologySelectorLabelRequirement,
		DOC("Requirements on the topology's labels.")),
};
SCHEMA(TopologySelectorTerm, "io.k8s.api.core.v1.TopologySelectorTerm", .atomic = true);

static const struct kl_field fields_TypedObjectReference[] = {
	STR("apiGroup", 1, DOC("The API group of what is named; empty for the core group.")),
	STR("kind", 2, FLAGS(KL_REQUIRED), DOC("What kind of object this is, in CamelCase.")),
	STR("name", 3, FLAGS(KL_REQUIRED), DOC("Its name.")),
	STR("namespace", 4, FLAGS(KL_OMIT_ZERO), DOC("The namespace it is in.")),
};
SCHEMA(TypedObjectReference, "io.k8s.api.core.v1.TypedObjectReference", .doc = NULL);

static const struct kl_field fields_VolumeAttachment[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, VolumeAttachmentSpec, FLAGS(KL_REQUIRED),
		DOC("Which volume is attached to which node, by whom.")),
	OBJ("status", 3, VolumeAttachmentStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(VolumeAttachment, "io.k8s.api.storage.v1.VolumeAttachment",
	DOC("A volume that is, or is to be, attached to a node."));

static const struct kl_field fields_VolumeAttachmentSource[] = {
	OBJ("inlineVolumeSpec", 2, PersistentVolumeSpec, DOC("A volume that is described here and is no object.")),
	STR("persistentVolumeName", 1, FLAGS(KL_OMIT_ZERO), DOC("The volume's name.")),
};
SCHEMA(VolumeAttachmentSource, "io.k8s.api.storage.v1.VolumeAttachmentSource",
	.validate = kl_check_VolumeAttachmentSource);

static const struct kl_field fields_VolumeAttachmentSpec[] = {
	STR("attacher", 1, FLAGS(KL_REQUIRED), DOC("The driver that does the work.")),
	STR("nodeName", 3, FLAGS(KL_REQUIRED), DOC("The node that the volume is attached to.")),
	OBJ("source", 2, VolumeAttachmentSource, FLAGS(KL_REQUIRED), DOC("The volume that is attached.")),
};
SCHEMA(VolumeAttachmentSpec, "io.k8s.api.storage.v1.VolumeAttachmentSpec", .doc = NULL);

static const struct kl_field fields_VolumeAttachmentStatus[] = {
	OBJ("attachError", 3, VolumeError, DOC("What went wrong when the volume was last attached.")),
	BOOL("attached", 1, DEF("false"), DOC("Whether the volume is attached.")),
	MAP_STR("attachmentMetadata", 2, DOC("What the driver needs to know for what follows the attachment.")),
	OBJ("detachError", 4, VolumeError, DOC("What went wrong when the volume was last detached.")),
};
SCHEMA(VolumeAttachmentStatus, "io.k8s.api.storage.v1.VolumeAttachmentStatus", .doc = NULL);

static const struct kl_field fields_VolumeError[] = {
	I32("errorCode", 3, DOC("The gRPC code of the failure.")),
	STR("message", 2, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	TIME("time", 1, DOC("When the error was met.")),
};
SCHEMA(VolumeError, "io.k8s.api.storage.v1.VolumeError", .doc = NULL);

static const struct kl_field fields_VolumeNodeAffinity[] = {
	OBJ("required", 1, NodeSelector, DOC("What has to hold.")),
};
SCHEMA(VolumeNodeAffinity, "io.k8s.api.core.v1.VolumeNodeAffinity", .doc = NULL);

static const struct kl_field fields_VolumeNodeResources[] = {
	I32("count", 1, FLAGS(KL_OMIT_ZERO), DOC("How many volumes of the driver a node can have.")),
};
SCHEMA(VolumeNodeResources, "io.k8s.api.storage.v1.VolumeNodeResources", .doc = NULL);

static const struct kl_field fields_VolumeResourceRequirements[] = {
	MAP_QUANTITY("limits", 1, DOC("The most it may use.")),
	MAP_QUANTITY("requests", 2, DOC("The least it needs; what the scheduler counts with.")),
};
SCHEMA(VolumeResourceRequirements, "io.k8s.api.core.v1.VolumeResourceRequirements", .doc = NULL);
