/* Types: the sources of a pod's volumes. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_AWSElasticBlockStoreVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	I32("partition", 3, DOC("The partition of the disk; 0 means all of it.")),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	STR("volumeID", 1, FLAGS(KL_REQUIRED), DOC("What the provider calls the volume.")),
};
SCHEMA(AWSElasticBlockStoreVolumeSource, "io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource", .doc = NULL);

static const struct kl_field fields_AzureDiskVolumeSource[] = {
	STR("cachingMode", 3, FLAGS(KL_OMIT_ZERO), DEF("\"ReadWrite\""), DOC("How the host caches the disk.")),
	STR("diskName", 1, FLAGS(KL_REQUIRED), DOC("The disk's name.")),
	STR("diskURI", 2, FLAGS(KL_REQUIRED), DOC("The disk's URI.")),
	STR("fsType", 4, FLAGS(KL_OMIT_ZERO), DEF("\"ext4\""),
		DOC("The filesystem on the volume, such as ext4 or xfs.")),
	STR("kind", 6, FLAGS(KL_OMIT_ZERO), DEF("\"Shared\""), DOC("What kind of object this is, in CamelCase.")),
	BOOL("readOnly", 5, DEF("false"), DOC("Whether it cannot be written.")),
};
SCHEMA(AzureDiskVolumeSource, "io.k8s.api.core.v1.AzureDiskVolumeSource", .doc = NULL);

static const struct kl_field fields_AzureFilePersistentVolumeSource[] = {
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	STR("secretName", 1, FLAGS(KL_REQUIRED), DOC("The Secret's name.")),
	STR("secretNamespace", 4, FLAGS(KL_OMIT_ZERO), DOC("The Secret's namespace.")),
	STR("shareName", 2, FLAGS(KL_REQUIRED), DOC("The share's name.")),
};
SCHEMA(AzureFilePersistentVolumeSource, "io.k8s.api.core.v1.AzureFilePersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_AzureFileVolumeSource[] = {
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	STR("secretName", 1, FLAGS(KL_REQUIRED), DOC("The Secret's name.")),
	STR("shareName", 2, FLAGS(KL_REQUIRED), DOC("The share's name.")),
};
SCHEMA(AzureFileVolumeSource, "io.k8s.api.core.v1.AzureFileVolumeSource", .doc = NULL);

static const struct kl_field fields_CSIPersistentVolumeSource[] = {
	OBJ("controllerExpandSecretRef", 9, SecretReference, DOC("The secret for making the volume larger.")),
	OBJ("controllerPublishSecretRef", 6, SecretReference, DOC("The secret for attaching the volume.")),
	STR("driver", 1, FLAGS(KL_REQUIRED), DOC("The driver's name.")),
	STR("fsType", 4, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	OBJ("nodeExpandSecretRef", 10, SecretReference, DOC("The secret for making the volume larger on the node.")),
	OBJ("nodePublishSecretRef", 8, SecretReference, DOC("The secret for mounting the volume into a pod.")),
	OBJ("nodeStageSecretRef", 7, SecretReference, DOC("The secret for preparing the volume on the node.")),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	MAP_STR("volumeAttributes", 5, DOC("Settings that the driver understands.")),
	STR("volumeHandle", 2, FLAGS(KL_REQUIRED), DOC("What the driver calls the volume.")),
};
SCHEMA(CSIPersistentVolumeSource, "io.k8s.api.core.v1.CSIPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_CSIVolumeSource[] = {
	STR("driver", 1, FLAGS(KL_REQUIRED), DOC("The driver's name.")),
	STR("fsType", 3, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	OBJ("nodePublishSecretRef", 5, LocalObjectReference, DOC("The secret for mounting the volume into a pod.")),
	BOOL("readOnly", 2, DOC("Whether it cannot be written.")),
	MAP_STR("volumeAttributes", 4, DOC("Settings that the driver understands.")),
};
SCHEMA(CSIVolumeSource, "io.k8s.api.core.v1.CSIVolumeSource", .doc = NULL);

static const struct kl_field fields_CephFSPersistentVolumeSource[] = {
	LIST_STR("monitors", 1, FLAGS(KL_REQUIRED), DOC("Addresses of the Ceph monitors.")),
	STR("path", 2, FLAGS(KL_OMIT_ZERO), DOC("The path.")),
	BOOL("readOnly", 6, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	STR("secretFile", 4, FLAGS(KL_OMIT_ZERO), DOC("The path of the secret.")),
	OBJ("secretRef", 5, SecretReference, DOC("The Secret.")),
	STR("user", 3, FLAGS(KL_OMIT_ZERO), DOC("The user.")),
};
SCHEMA(CephFSPersistentVolumeSource, "io.k8s.api.core.v1.CephFSPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_CephFSVolumeSource[] = {
	LIST_STR("monitors", 1, FLAGS(KL_REQUIRED), DOC("Addresses of the Ceph monitors.")),
	STR("path", 2, FLAGS(KL_OMIT_ZERO), DOC("The path.")),
	BOOL("readOnly", 6, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	STR("secretFile", 4, FLAGS(KL_OMIT_ZERO), DOC("The path of the secret.")),
	OBJ("secretRef", 5, LocalObjectReference, DOC("The Secret.")),
	STR("user", 3, FLAGS(KL_OMIT_ZERO), DOC("The user.")),
};
SCHEMA(CephFSVolumeSource, "io.k8s.api.core.v1.CephFSVolumeSource", .doc = NULL);

static const struct kl_field fields_CinderPersistentVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	OBJ("secretRef", 4, SecretReference, DOC("The Secret.")),
	STR("volumeID", 1, FLAGS(KL_REQUIRED), DOC("What the provider calls the volume.")),
};
SCHEMA(CinderPersistentVolumeSource, "io.k8s.api.core.v1.CinderPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_CinderVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	OBJ("secretRef", 4, LocalObjectReference, DOC("The Secret.")),
	STR("volumeID", 1, FLAGS(KL_REQUIRED), DOC("What the provider calls the volume.")),
};
SCHEMA(CinderVolumeSource, "io.k8s.api.core.v1.CinderVolumeSource", .doc = NULL);

static const struct kl_field fields_ClusterTrustBundleProjection[] = {
	OBJ("labelSelector", 3, LabelSelector, DOC("Which objects are meant, by their labels.")),
	STR("name", 1, FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	BOOL("optional", 5, DOC("Whether it may be missing.")),
	STR("path", 4, FLAGS(KL_REQUIRED), DOC("The path.")),
	STR("signerName", 2, FLAGS(KL_OMIT_ZERO), DOC("Who is asked to sign.")),
};
SCHEMA(ClusterTrustBundleProjection, "io.k8s.api.core.v1.ClusterTrustBundleProjection", .doc = NULL);

static const struct kl_field fields_ConfigMapProjection[] = {
	LIST_OBJ("items", 2, KeyToPath, DOC("Which keys become files, and where; all of them unless given.")),
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	BOOL("optional", 4, DOC("Whether it may be missing.")),
};
SCHEMA(ConfigMapProjection, "io.k8s.api.core.v1.ConfigMapProjection", .doc = NULL);

static const struct kl_field fields_ConfigMapVolumeSource[] = {
	I32("defaultMode", 3, DEF("420"), DOC("Permission bits of the files, in decimal in JSON; 0644 unless given.")),
	LIST_OBJ("items", 2, KeyToPath, DOC("Which keys become files, and where; all of them unless given.")),
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	BOOL("optional", 4, DOC("Whether it may be missing.")),
};
SCHEMA(ConfigMapVolumeSource, "io.k8s.api.core.v1.ConfigMapVolumeSource", .doc = NULL);

static const struct kl_field fields_DownwardAPIProjection[] = {
	LIST_OBJ("items", 1, DownwardAPIVolumeFile, DOC("Which fields become files, and where.")),
};
SCHEMA(DownwardAPIProjection, "io.k8s.api.core.v1.DownwardAPIProjection", .doc = NULL);

static const struct kl_field fields_DownwardAPIVolumeFile[] = {
	OBJ("fieldRef", 2, ObjectFieldSelector,
		DOC("A field of the pod: metadata.name, metadata.labels['k'], spec.nodeName, status.podIP and some "
		    "more.")),
	I32("mode", 4, DOC("Permission bits of the file; those of the volume unless given.")),
	STR("path", 1, FLAGS(KL_REQUIRED), DOC("Where the file is below the mount; may not contain \"..\".")),
	OBJ("resourceFieldRef", 3, ResourceFieldSelector, DOC("A limit or request of a container.")),
};
SCHEMA(DownwardAPIVolumeFile, "io.k8s.api.core.v1.DownwardAPIVolumeFile", .validate = kl_check_DownwardAPIVolumeFile);

static const struct kl_field fields_DownwardAPIVolumeSource[] = {
	I32("defaultMode", 2, DEF("420"), DOC("Permission bits of the files, in decimal in JSON; 0644 unless given.")),
	LIST_OBJ("items", 1, DownwardAPIVolumeFile, DOC("Which fields become files, and where.")),
};
SCHEMA(DownwardAPIVolumeSource, "io.k8s.api.core.v1.DownwardAPIVolumeSource", .doc = NULL);

static const struct kl_field fields_EmptyDirVolumeSource[] = {
	STR("medium", 1, FLAGS(KL_OMIT_ZERO),
		DOC("\"\" for the node's disk, Memory for tmpfs, HugePages for huge pages.")),
	QUANTITY("sizeLimit", 2, DOC("The most it may hold.")),
};
SCHEMA(EmptyDirVolumeSource, "io.k8s.api.core.v1.EmptyDirVolumeSource", .doc = NULL);

static const struct kl_field fields_EphemeralVolumeSource[] = {
	OBJ("volumeClaimTemplate", 1, PersistentVolumeClaimTemplate, DOC("What the claim is made from.")),
};
SCHEMA(EphemeralVolumeSource, "io.k8s.api.core.v1.EphemeralVolumeSource", .doc = NULL);

static const struct kl_field fields_FCVolumeSource[] = {
	STR("fsType", 3, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	I32("lun", 2, DOC("The logical unit number.")),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	LIST_STR("targetWWNs", 1, DOC("Names of the target.")),
	LIST_STR("wwids", 5, DOC("Names of the volume.")),
};
SCHEMA(FCVolumeSource, "io.k8s.api.core.v1.FCVolumeSource", .doc = NULL);

static const struct kl_field fields_FlexPersistentVolumeSource[] = {
	STR("driver", 1, FLAGS(KL_REQUIRED), DOC("The driver's name.")),
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	MAP_STR("options", 5, DOC("Resolver options.")),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	OBJ("secretRef", 3, SecretReference, DOC("The Secret.")),
};
SCHEMA(FlexPersistentVolumeSource, "io.k8s.api.core.v1.FlexPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_FlexVolumeSource[] = {
	STR("driver", 1, FLAGS(KL_REQUIRED), DOC("The driver's name.")),
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	MAP_STR("options", 5, DOC("Resolver options.")),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	OBJ("secretRef", 3, LocalObjectReference, DOC("The Secret.")),
};
SCHEMA(FlexVolumeSource, "io.k8s.api.core.v1.FlexVolumeSource", .doc = NULL);

static const struct kl_field fields_FlockerVolumeSource[] = {
	STR("datasetName", 1, FLAGS(KL_OMIT_ZERO), DOC("The dataset's name.")),
	STR("datasetUUID", 2, FLAGS(KL_OMIT_ZERO), DOC("The dataset's identifier.")),
};
SCHEMA(FlockerVolumeSource, "io.k8s.api.core.v1.FlockerVolumeSource", .doc = NULL);

static const struct kl_field fields_GCEPersistentDiskVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	I32("partition", 3, DOC("The partition of the disk; 0 means all of it.")),
	STR("pdName", 1, FLAGS(KL_REQUIRED), DOC("The disk's name.")),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
};
SCHEMA(GCEPersistentDiskVolumeSource, "io.k8s.api.core.v1.GCEPersistentDiskVolumeSource", .doc = NULL);

static const struct kl_field fields_GitRepoVolumeSource[] = {
	STR("directory", 3, FLAGS(KL_OMIT_ZERO), DOC("The directory in the volume that takes the checkout.")),
	STR("repository", 1, FLAGS(KL_REQUIRED), DOC("The repository's URL.")),
	STR("revision", 2, FLAGS(KL_OMIT_ZERO), DOC("The commit.")),
};
SCHEMA(GitRepoVolumeSource, "io.k8s.api.core.v1.GitRepoVolumeSource", .doc = NULL);

static const struct kl_field fields_GlusterfsPersistentVolumeSource[] = {
	STR("endpoints", 1, FLAGS(KL_REQUIRED), DOC("The Endpoints object that names the servers.")),
	STR("endpointsNamespace", 4, FLAGS(KL_OMIT_ZERO), DOC("The namespace of the Endpoints.")),
	STR("path", 2, FLAGS(KL_REQUIRED), DOC("The path.")),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
};
SCHEMA(GlusterfsPersistentVolumeSource, "io.k8s.api.core.v1.GlusterfsPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_GlusterfsVolumeSource[] = {
	STR("endpoints", 1, FLAGS(KL_REQUIRED), DOC("The Endpoints object that names the servers.")),
	STR("path", 2, FLAGS(KL_REQUIRED), DOC("The path.")),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
};
SCHEMA(GlusterfsVolumeSource, "io.k8s.api.core.v1.GlusterfsVolumeSource", .doc = NULL);

static const struct kl_field fields_HostPathVolumeSource[] = {
	STR("path", 1, FLAGS(KL_REQUIRED), DOC("The path on the node.")),
	STR("type", 2, DEF("\"\""),
		CHOICES("|BlockDevice|CharDevice|Directory|DirectoryOrCreate|File|FileOrCreate|Socket"),
		DOC("Which type.")),
};
SCHEMA(HostPathVolumeSource, "io.k8s.api.core.v1.HostPathVolumeSource", .validate = kl_check_HostPathVolumeSource);

static const struct kl_field fields_ISCSIPersistentVolumeSource[] = {
	BOOL("chapAuthDiscovery", 8, DOC("Whether discovery authenticates itself by CHAP.")),
	BOOL("chapAuthSession", 11, DOC("Whether sessions authenticate themselves by CHAP.")),
	STR("fsType", 5, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	STR("initiatorName", 12, FLAGS(KL_OMIT_ZERO), DOC("The iSCSI initiator's name.")),
	STR("iqn", 2, FLAGS(KL_REQUIRED), DOC("The iSCSI qualified name of the target.")),
	STR("iscsiInterface", 4, FLAGS(KL_OMIT_ZERO), DEF("\"default\""),
		DOC("The iSCSI interface; default unless set.")),
	I32("lun", 3, FLAGS(KL_REQUIRED), DOC("The logical unit number.")),
	LIST_STR("portals", 7, DOC("Further addresses of the target.")),
	BOOL("readOnly", 6, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	OBJ("secretRef", 10, SecretReference, DOC("The Secret.")),
	STR("targetPortal", 1, FLAGS(KL_REQUIRED), DOC("The address of the target.")),
};
SCHEMA(ISCSIPersistentVolumeSource, "io.k8s.api.core.v1.ISCSIPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_ISCSIVolumeSource[] = {
	BOOL("chapAuthDiscovery", 8, DOC("Whether discovery authenticates itself by CHAP.")),
	BOOL("chapAuthSession", 11, DOC("Whether sessions authenticate themselves by CHAP.")),
	STR("fsType", 5, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	STR("initiatorName", 12, FLAGS(KL_OMIT_ZERO), DOC("The iSCSI initiator's name.")),
	STR("iqn", 2, FLAGS(KL_REQUIRED), DOC("The iSCSI qualified name of the target.")),
	STR("iscsiInterface", 4, FLAGS(KL_OMIT_ZERO), DEF("\"default\""),
		DOC("The iSCSI interface; default unless set.")),
	I32("lun", 3, FLAGS(KL_REQUIRED), DOC("The logical unit number.")),
	LIST_STR("portals", 7, DOC("Further addresses of the target.")),
	BOOL("readOnly", 6, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	OBJ("secretRef", 10, LocalObjectReference, DOC("The Secret.")),
	STR("targetPortal", 1, FLAGS(KL_REQUIRED), DOC("The address of the target.")),
};
SCHEMA(ISCSIVolumeSource, "io.k8s.api.core.v1.ISCSIVolumeSource", .doc = NULL);

static const struct kl_field fields_ImageVolumeSource[] = {
	STR("pullPolicy", 2, FLAGS(KL_OMIT_ZERO), DOC("When the image is pulled.")),
	STR("reference", 1, FLAGS(KL_OMIT_ZERO), DOC("The image.")),
};
SCHEMA(ImageVolumeSource, "io.k8s.api.core.v1.ImageVolumeSource", .doc = NULL);

static const struct kl_field fields_KeyToPath[] = {
	STR("key", 1, FLAGS(KL_REQUIRED), DOC("The key.")),
	I32("mode", 3, DOC("Permission bits of the file; those of the volume unless given.")),
	STR("path", 2, FLAGS(KL_REQUIRED), DOC("Where the file is below the mount; may not contain \"..\".")),
};
SCHEMA(KeyToPath, "io.k8s.api.core.v1.KeyToPath", .validate = kl_check_KeyToPath);

static const struct kl_field fields_LocalVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	STR("path", 1, FLAGS(KL_REQUIRED), DOC("The path on the node of the disk, partition or directory.")),
};
SCHEMA(LocalVolumeSource, "io.k8s.api.core.v1.LocalVolumeSource", .doc = NULL);

static const struct kl_field fields_NFSVolumeSource[] = {
	STR("path", 2, FLAGS(KL_REQUIRED), DOC("The path that the server exports.")),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	STR("server", 1, FLAGS(KL_REQUIRED), DOC("The server's name or address.")),
};
SCHEMA(NFSVolumeSource, "io.k8s.api.core.v1.NFSVolumeSource", .doc = NULL);

static const struct kl_field fields_PhotonPersistentDiskVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	STR("pdID", 1, FLAGS(KL_REQUIRED), DOC("The disk's identifier.")),
};
SCHEMA(PhotonPersistentDiskVolumeSource, "io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource", .doc = NULL);

static const struct kl_field fields_PortworxVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	STR("volumeID", 1, FLAGS(KL_REQUIRED), DOC("What the provider calls the volume.")),
};
SCHEMA(PortworxVolumeSource, "io.k8s.api.core.v1.PortworxVolumeSource", .doc = NULL);

static const struct kl_field fields_ProjectedVolumeSource[] = {
	I32("defaultMode", 2, DEF("420"), DOC("Permission bits of the files, in decimal in JSON; 0644 unless given.")),
	LIST_OBJ("sources", 1, VolumeProjection, DOC("What is put together.")),
};
SCHEMA(ProjectedVolumeSource, "io.k8s.api.core.v1.ProjectedVolumeSource", .doc = NULL);

static const struct kl_field fields_QuobyteVolumeSource[] = {
	STR("group", 5, FLAGS(KL_OMIT_ZERO), DOC("Its group.")),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	STR("registry", 1, FLAGS(KL_REQUIRED), DOC("Addresses of the registry.")),
	STR("tenant", 6, FLAGS(KL_OMIT_ZERO), DOC("The tenant.")),
	STR("user", 4, FLAGS(KL_OMIT_ZERO), DOC("The user.")),
	STR("volume", 2, FLAGS(KL_REQUIRED), DOC("The volume.")),
};
SCHEMA(QuobyteVolumeSource, "io.k8s.api.core.v1.QuobyteVolumeSource", .doc = NULL);

static const struct kl_field fields_RBDPersistentVolumeSource[] = {
	STR("fsType", 3, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	STR("image", 2, FLAGS(KL_REQUIRED), DOC("The name of the block device image.")),
	STR("keyring", 6, FLAGS(KL_OMIT_ZERO), DEF("\"/etc/ceph/keyring\""), DOC("The path of the key ring.")),
	LIST_STR("monitors", 1, FLAGS(KL_REQUIRED), DOC("Addresses of the Ceph monitors.")),
	STR("pool", 4, FLAGS(KL_OMIT_ZERO), DEF("\"rbd\""), DOC("The pool.")),
	BOOL("readOnly", 8, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	OBJ("secretRef", 7, SecretReference, DOC("The Secret.")),
	STR("user", 5, FLAGS(KL_OMIT_ZERO), DEF("\"admin\""), DOC("The user.")),
};
SCHEMA(RBDPersistentVolumeSource, "io.k8s.api.core.v1.RBDPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_RBDVolumeSource[] = {
	STR("fsType", 3, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	STR("image", 2, FLAGS(KL_REQUIRED), DOC("The name of the block device image.")),
	STR("keyring", 6, FLAGS(KL_OMIT_ZERO), DEF("\"/etc/ceph/keyring\""), DOC("The path of the key ring.")),
	LIST_STR("monitors", 1, FLAGS(KL_REQUIRED), DOC("Addresses of the Ceph monitors.")),
	STR("pool", 4, FLAGS(KL_OMIT_ZERO), DEF("\"rbd\""), DOC("The pool.")),
	BOOL("readOnly", 8, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	OBJ("secretRef", 7, LocalObjectReference, DOC("The Secret.")),
	STR("user", 5, FLAGS(KL_OMIT_ZERO), DEF("\"admin\""), DOC("The user.")),
};
SCHEMA(RBDVolumeSource, "io.k8s.api.core.v1.RBDVolumeSource", .doc = NULL);

static const struct kl_field fields_ScaleIOPersistentVolumeSource[] = {
	STR("fsType", 9, FLAGS(KL_OMIT_ZERO), DEF("\"xfs\""),
		DOC("The filesystem on the volume, such as ext4 or xfs.")),
	STR("gateway", 1, FLAGS(KL_REQUIRED), DOC("The address of the gateway.")),
	STR("protectionDomain", 5, FLAGS(KL_OMIT_ZERO), DOC("The protection domain.")),
	BOOL("readOnly", 10, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	OBJ("secretRef", 3, SecretReference, FLAGS(KL_REQUIRED), DOC("The Secret.")),
	BOOL("sslEnabled", 4, DOC("Whether TLS is used.")),
	STR("storageMode", 7, FLAGS(KL_OMIT_ZERO), DEF("\"ThinProvisioned\""), DOC("Thick or thin.")),
	STR("storagePool", 6, FLAGS(KL_OMIT_ZERO), DOC("The pool.")),
	STR("system", 2, FLAGS(KL_REQUIRED), DOC("The storage system.")),
	STR("volumeName", 8, FLAGS(KL_OMIT_ZERO), DOC("The volume's name.")),
};
SCHEMA(ScaleIOPersistentVolumeSource, "io.k8s.api.core.v1.ScaleIOPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_ScaleIOVolumeSource[] = {
	STR("fsType", 9, FLAGS(KL_OMIT_ZERO), DEF("\"xfs\""),
		DOC("The filesystem on the volume, such as ext4 or xfs.")),
	STR("gateway", 1, FLAGS(KL_REQUIRED), DOC("The address of the gateway.")),
	STR("protectionDomain", 5, FLAGS(KL_OMIT_ZERO), DOC("The protection domain.")),
	BOOL("readOnly", 10, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	OBJ("secretRef", 3, LocalObjectReference, FLAGS(KL_REQUIRED), DOC("The Secret.")),
	BOOL("sslEnabled", 4, DOC("Whether TLS is used.")),
	STR("storageMode", 7, FLAGS(KL_OMIT_ZERO), DEF("\"ThinProvisioned\""), DOC("Thick or thin.")),
	STR("storagePool", 6, FLAGS(KL_OMIT_ZERO), DOC("The pool.")),
	STR("system", 2, FLAGS(KL_REQUIRED), DOC("The storage system.")),
	STR("volumeName", 8, FLAGS(KL_OMIT_ZERO), DOC("The volume's name.")),
};
SCHEMA(ScaleIOVolumeSource, "io.k8s.api.core.v1.ScaleIOVolumeSource", .doc = NULL);

static const struct kl_field fields_SecretProjection[] = {
	LIST_OBJ("items", 2, KeyToPath, DOC("Which keys become files, and where; all of them unless given.")),
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	BOOL("optional", 4, DOC("Whether it may be missing.")),
};
SCHEMA(SecretProjection, "io.k8s.api.core.v1.SecretProjection", .doc = NULL);

static const struct kl_field fields_SecretVolumeSource[] = {
	I32("defaultMode", 3, DEF("420"), DOC("Permission bits of the files, in decimal in JSON; 0644 unless given.")),
	LIST_OBJ("items", 2, KeyToPath, DOC("Which keys become files, and where; all of them unless given.")),
	BOOL("optional", 4, DOC("Whether it may be missing.")),
	STR("secretName", 1, FLAGS(KL_OMIT_ZERO), DOC("The Secret's name.")),
};
SCHEMA(SecretVolumeSource, "io.k8s.api.core.v1.SecretVolumeSource", .doc = NULL);

static const struct kl_field fields_ServiceAccountTokenProjection[] = {
	STR("audience", 1, FLAGS(KL_OMIT_ZERO), DOC("For whom the token is meant.")),
	I64("expirationSeconds", 2, DEF("3600"), DOC("For how long it is to be valid.")),
	STR("path", 3, FLAGS(KL_REQUIRED), DOC("Where the token is below the mount.")),
};
SCHEMA(ServiceAccountTokenProjection, "io.k8s.api.core.v1.ServiceAccountTokenProjection",
	.validate = kl_check_ServiceAccountTokenProjection);

static const struct kl_field fields_StorageOSPersistentVolumeSource[] = {
	STR("fsType", 3, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	OBJ("secretRef", 5, ObjectReference, DOC("The Secret.")),
	STR("volumeName", 1, FLAGS(KL_OMIT_ZERO), DOC("The volume's name.")),
	STR("volumeNamespace", 2, FLAGS(KL_OMIT_ZERO), DOC("The volume's namespace.")),
};
SCHEMA(StorageOSPersistentVolumeSource, "io.k8s.api.core.v1.StorageOSPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_StorageOSVolumeSource[] = {
	STR("fsType", 3, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	OBJ("secretRef", 5, LocalObjectReference, DOC("The Secret.")),
	STR("volumeName", 1, FLAGS(KL_OMIT_ZERO), DOC("The volume's name.")),
	STR("volumeNamespace", 2, FLAGS(KL_OMIT_ZERO), DOC("The volume's namespace.")),
};
SCHEMA(StorageOSVolumeSource, "io.k8s.api.core.v1.StorageOSVolumeSource", .doc = NULL);

static const struct kl_field fields_Volume[] = {
	OBJ("awsElasticBlockStore", INLINE(2, 4), AWSElasticBlockStoreVolumeSource,
		DOC("A disk of AWS EBS; served by its CSI driver.")),
	OBJ("azureDisk", INLINE(2, 22), AzureDiskVolumeSource, DOC("A data disk of Azure; served by its CSI driver.")),
	OBJ("azureFile", INLINE(2, 18), AzureFileVolumeSource,
		DOC("A share of Azure Files; served by its CSI driver.")),
	OBJ("cephfs", INLINE(2, 14), CephFSVolumeSource, DOC("A CephFS mount.")),
	OBJ("cinder", INLINE(2, 13), CinderVolumeSource,
		DOC("A volume of OpenStack Cinder; served by its CSI driver.")),
	OBJ("configMap", INLINE(2, 19), ConfigMapVolumeSource, DOC("Keys of a ConfigMap.")),
	OBJ("csi", INLINE(2, 28), CSIVolumeSource, DOC("A volume of a CSI driver.")),
	OBJ("downwardAPI", INLINE(2, 16), DownwardAPIVolumeSource, DOC("Fields of the pod itself as files.")),
	OBJ("emptyDir", INLINE(2, 2), EmptyDirVolumeSource, DOC("A directory that lives as long as the pod.")),
	OBJ("ephemeral", INLINE(2, 29), EphemeralVolumeSource,
		DOC("A claim that is made with the pod and goes with it.")),
	OBJ("fc", INLINE(2, 17), FCVolumeSource, DOC("A Fibre Channel disk.")),
	OBJ("flexVolume", INLINE(2, 12), FlexVolumeSource, DOC("A volume of a FlexVolume plugin.")),
	OBJ("flocker", INLINE(2, 15), FlockerVolumeSource, DOC("A Flocker volume; no longer served.")),
	OBJ("gcePersistentDisk", INLINE(2, 3), GCEPersistentDiskVolumeSource,
		DOC("A disk of Google Compute Engine; served by its CSI driver.")),
	OBJ("gitRepo", INLINE(2, 5), GitRepoVolumeSource,
		DOC("A checkout of a git repository; use an init container instead.")),
	OBJ("glusterfs", INLINE(2, 9), GlusterfsVolumeSource, DOC("A GlusterFS mount.")),
	OBJ("hostPath", INLINE(2, 1), HostPathVolumeSource, DOC("A file or directory of the node.")),
	OBJ("image", INLINE(2, 30), ImageVolumeSource,
		DOC("An OCI image or artifact whose files are mounted read-only.")),
	OBJ("iscsi", INLINE(2, 8), ISCSIVolumeSource, DOC("An iSCSI disk.")),
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	OBJ("nfs", INLINE(2, 7), NFSVolumeSource, DOC("A share of an NFS server.")),
	OBJ("persistentVolumeClaim", INLINE(2, 10), PersistentVolumeClaimVolumeSource,
		DOC("A claim of the pod's namespace.")),
	OBJ("photonPersistentDisk", INLINE(2, 23), PhotonPersistentDiskVolumeSource,
		DOC("A disk of Photon; no longer served.")),
	OBJ("portworxVolume", INLINE(2, 24), PortworxVolumeSource, DOC("A Portworx volume; served by its CSI driver.")),
	OBJ("projected", INLINE(2, 26), ProjectedVolumeSource, DOC("Several sources in one directory.")),
	OBJ("quobyte", INLINE(2, 21), QuobyteVolumeSource, DOC("A Quobyte volume; no longer served.")),
	OBJ("rbd", INLINE(2, 11), RBDVolumeSource, DOC("A Ceph block device.")),
	OBJ("scaleIO", INLINE(2, 25), ScaleIOVolumeSource, DOC("A ScaleIO volume; no longer served.")),
	OBJ("secret", INLINE(2, 6), SecretVolumeSource, DOC("Keys of a Secret.")),
	OBJ("storageos", INLINE(2, 27), StorageOSVolumeSource, DOC("A StorageOS volume; no longer served.")),
	OBJ("vsphereVolume", INLINE(2, 20), VsphereVirtualDiskVolumeSource,
		DOC("A disk of vSphere; served by its CSI driver.")),
};
SCHEMA(Volume, "io.k8s.api.core.v1.Volume", .defaults = kl_default_Volume, .validate = kl_check_Volume,
	DOC("A volume of a pod: a name and where it comes from."));

static const struct kl_field fields_VolumeProjection[] = {
	OBJ("clusterTrustBundle", 5, ClusterTrustBundleProjection,
		DOC("Certificates of a ClusterTrustBundle as a file.")),
	OBJ("configMap", 3, ConfigMapProjection, DOC("Keys of a ConfigMap.")),
	OBJ("downwardAPI", 2, DownwardAPIProjection, DOC("Fields of the pod itself as files.")),
	OBJ("secret", 1, SecretProjection, DOC("Keys of a Secret.")),
	OBJ("serviceAccountToken", 4, ServiceAccountTokenProjection,
		DOC("A token of the account, renewed before it ends.")),
};
SCHEMA(VolumeProjection, "io.k8s.api.core.v1.VolumeProjection", .doc = NULL);

static const struct kl_field fields_VsphereVirtualDiskVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO), DOC("The filesystem on the volume, such as ext4 or xfs.")),
	STR("storagePolicyID", 4, FLAGS(KL_OMIT_ZERO), DOC("The profile's identifier.")),
	STR("storagePolicyName", 3, FLAGS(KL_OMIT_ZERO), DOC("The profile's name.")),
	STR("volumePath", 1, FLAGS(KL_REQUIRED), DOC("The volume's path.")),
};
SCHEMA(VsphereVirtualDiskVolumeSource, "io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource", .doc = NULL);
