/* Types: the sources of a pod's volumes. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_AWSElasticBlockStoreVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO)),
	I32("partition", 3),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO)),
	STR("volumeID", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(AWSElasticBlockStoreVolumeSource, "io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource", .doc = NULL);

static const struct kl_field fields_AzureDiskVolumeSource[] = {
	STR("cachingMode", 3, FLAGS(KL_OMIT_ZERO), DEF("\"ReadWrite\"")),
	STR("diskName", 1, FLAGS(KL_REQUIRED)),
	STR("diskURI", 2, FLAGS(KL_REQUIRED)),
	STR("fsType", 4, FLAGS(KL_OMIT_ZERO), DEF("\"ext4\"")),
	STR("kind", 6, FLAGS(KL_OMIT_ZERO), DEF("\"Shared\"")),
	BOOL("readOnly", 5, DEF("false")),
};
SCHEMA(AzureDiskVolumeSource, "io.k8s.api.core.v1.AzureDiskVolumeSource", .doc = NULL);

static const struct kl_field fields_AzureFilePersistentVolumeSource[] = {
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO)),
	STR("secretName", 1, FLAGS(KL_REQUIRED)),
	STR("secretNamespace", 4, FLAGS(KL_OMIT_ZERO)),
	STR("shareName", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(AzureFilePersistentVolumeSource, "io.k8s.api.core.v1.AzureFilePersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_AzureFileVolumeSource[] = {
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO)),
	STR("secretName", 1, FLAGS(KL_REQUIRED)),
	STR("shareName", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(AzureFileVolumeSource, "io.k8s.api.core.v1.AzureFileVolumeSource", .doc = NULL);

static const struct kl_field fields_CSIPersistentVolumeSource[] = {
	OBJ("controllerExpandSecretRef", 9, SecretReference),
	OBJ("controllerPublishSecretRef", 6, SecretReference),
	STR("driver", 1, FLAGS(KL_REQUIRED)),
	STR("fsType", 4, FLAGS(KL_OMIT_ZERO)),
	OBJ("nodeExpandSecretRef", 10, SecretReference),
	OBJ("nodePublishSecretRef", 8, SecretReference),
	OBJ("nodeStageSecretRef", 7, SecretReference),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO)),
	MAP_STR("volumeAttributes", 5),
	STR("volumeHandle", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(CSIPersistentVolumeSource, "io.k8s.api.core.v1.CSIPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_CSIVolumeSource[] = {
	STR("driver", 1, FLAGS(KL_REQUIRED)),
	STR("fsType", 3, FLAGS(KL_OMIT_ZERO)),
	OBJ("nodePublishSecretRef", 5, LocalObjectReference),
	BOOL("readOnly", 2),
	MAP_STR("volumeAttributes", 4),
};
SCHEMA(CSIVolumeSource, "io.k8s.api.core.v1.CSIVolumeSource", .doc = NULL);

static const struct kl_field fields_CephFSPersistentVolumeSource[] = {
	LIST_STR("monitors", 1, FLAGS(KL_REQUIRED)),
	STR("path", 2, FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly", 6, FLAGS(KL_OMIT_ZERO)),
	STR("secretFile", 4, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 5, SecretReference),
	STR("user", 3, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(CephFSPersistentVolumeSource, "io.k8s.api.core.v1.CephFSPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_CephFSVolumeSource[] = {
	LIST_STR("monitors", 1, FLAGS(KL_REQUIRED)),
	STR("path", 2, FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly", 6, FLAGS(KL_OMIT_ZERO)),
	STR("secretFile", 4, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 5, LocalObjectReference),
	STR("user", 3, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(CephFSVolumeSource, "io.k8s.api.core.v1.CephFSVolumeSource", .doc = NULL);

static const struct kl_field fields_CinderPersistentVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 4, SecretReference),
	STR("volumeID", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(CinderPersistentVolumeSource, "io.k8s.api.core.v1.CinderPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_CinderVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 4, LocalObjectReference),
	STR("volumeID", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(CinderVolumeSource, "io.k8s.api.core.v1.CinderVolumeSource", .doc = NULL);

static const struct kl_field fields_ClusterTrustBundleProjection[] = {
	OBJ("labelSelector", 3, LabelSelector),
	STR("name", 1, FLAGS(KL_OMIT_ZERO)),
	BOOL("optional", 5),
	STR("path", 4, FLAGS(KL_REQUIRED)),
	STR("signerName", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ClusterTrustBundleProjection, "io.k8s.api.core.v1.ClusterTrustBundleProjection", .doc = NULL);

static const struct kl_field fields_ConfigMapProjection[] = {
	LIST_OBJ("items", 2, KeyToPath),
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO)),
	BOOL("optional", 4),
};
SCHEMA(ConfigMapProjection, "io.k8s.api.core.v1.ConfigMapProjection", .doc = NULL);

static const struct kl_field fields_ConfigMapVolumeSource[] = {
	I32("defaultMode", 3, DEF("420")),
	LIST_OBJ("items", 2, KeyToPath),
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO)),
	BOOL("optional", 4),
};
SCHEMA(ConfigMapVolumeSource, "io.k8s.api.core.v1.ConfigMapVolumeSource", .doc = NULL);

static const struct kl_field fields_DownwardAPIProjection[] = {
	LIST_OBJ("items", 1, DownwardAPIVolumeFile),
};
SCHEMA(DownwardAPIProjection, "io.k8s.api.core.v1.DownwardAPIProjection", .doc = NULL);

static const struct kl_field fields_DownwardAPIVolumeFile[] = {
	OBJ("fieldRef", 2, ObjectFieldSelector),
	I32("mode", 4),
	STR("path", 1, FLAGS(KL_REQUIRED)),
	OBJ("resourceFieldRef", 3, ResourceFieldSelector),
};
SCHEMA(DownwardAPIVolumeFile, "io.k8s.api.core.v1.DownwardAPIVolumeFile", .doc = NULL);

static const struct kl_field fields_DownwardAPIVolumeSource[] = {
	I32("defaultMode", 2, DEF("420")),
	LIST_OBJ("items", 1, DownwardAPIVolumeFile),
};
SCHEMA(DownwardAPIVolumeSource, "io.k8s.api.core.v1.DownwardAPIVolumeSource", .doc = NULL);

static const struct kl_field fields_EmptyDirVolumeSource[] = {
	STR("medium", 1, FLAGS(KL_OMIT_ZERO)),
	QUANTITY("sizeLimit", 2),
};
SCHEMA(EmptyDirVolumeSource, "io.k8s.api.core.v1.EmptyDirVolumeSource", .doc = NULL);

static const struct kl_field fields_EphemeralVolumeSource[] = {
	OBJ("volumeClaimTemplate", 1, PersistentVolumeClaimTemplate),
};
SCHEMA(EphemeralVolumeSource, "io.k8s.api.core.v1.EphemeralVolumeSource", .doc = NULL);

static const struct kl_field fields_FCVolumeSource[] = {
	STR("fsType", 3, FLAGS(KL_OMIT_ZERO)),
	I32("lun", 2),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO)),
	LIST_STR("targetWWNs", 1),
	LIST_STR("wwids", 5),
};
SCHEMA(FCVolumeSource, "io.k8s.api.core.v1.FCVolumeSource", .doc = NULL);

static const struct kl_field fields_FlexPersistentVolumeSource[] = {
	STR("driver", 1, FLAGS(KL_REQUIRED)),
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO)),
	MAP_STR("options", 5),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 3, SecretReference),
};
SCHEMA(FlexPersistentVolumeSource, "io.k8s.api.core.v1.FlexPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_FlexVolumeSource[] = {
	STR("driver", 1, FLAGS(KL_REQUIRED)),
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO)),
	MAP_STR("options", 5),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 3, LocalObjectReference),
};
SCHEMA(FlexVolumeSource, "io.k8s.api.core.v1.FlexVolumeSource", .doc = NULL);

static const struct kl_field fields_FlockerVolumeSource[] = {
	STR("datasetName", 1, FLAGS(KL_OMIT_ZERO)),
	STR("datasetUUID", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(FlockerVolumeSource, "io.k8s.api.core.v1.FlockerVolumeSource", .doc = NULL);

static const struct kl_field fields_GCEPersistentDiskVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO)),
	I32("partition", 3),
	STR("pdName", 1, FLAGS(KL_REQUIRED)),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(GCEPersistentDiskVolumeSource, "io.k8s.api.core.v1.GCEPersistentDiskVolumeSource", .doc = NULL);

static const struct kl_field fields_GitRepoVolumeSource[] = {
	STR("directory", 3, FLAGS(KL_OMIT_ZERO)),
	STR("repository", 1, FLAGS(KL_REQUIRED)),
	STR("revision", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(GitRepoVolumeSource, "io.k8s.api.core.v1.GitRepoVolumeSource", .doc = NULL);

static const struct kl_field fields_GlusterfsPersistentVolumeSource[] = {
	STR("endpoints", 1, FLAGS(KL_REQUIRED)),
	STR("endpointsNamespace", 4, FLAGS(KL_OMIT_ZERO)),
	STR("path", 2, FLAGS(KL_REQUIRED)),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(GlusterfsPersistentVolumeSource, "io.k8s.api.core.v1.GlusterfsPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_GlusterfsVolumeSource[] = {
	STR("endpoints", 1, FLAGS(KL_REQUIRED)),
	STR("path", 2, FLAGS(KL_REQUIRED)),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(GlusterfsVolumeSource, "io.k8s.api.core.v1.GlusterfsVolumeSource", .doc = NULL);

static const struct kl_field fields_HostPathVolumeSource[] = {
	STR("path", 1, FLAGS(KL_REQUIRED)),
	STR("type", 2, DEF("\"\""), CHOICES("|BlockDevice|CharDevice|Directory|DirectoryOrCreate|File|FileOrCreate|Socket")),
};
SCHEMA(HostPathVolumeSource, "io.k8s.api.core.v1.HostPathVolumeSource", .doc = NULL);

static const struct kl_field fields_ISCSIPersistentVolumeSource[] = {
	BOOL("chapAuthDiscovery", 8),
	BOOL("chapAuthSession", 11),
	STR("fsType", 5, FLAGS(KL_OMIT_ZERO)),
	STR("initiatorName", 12, FLAGS(KL_OMIT_ZERO)),
	STR("iqn", 2, FLAGS(KL_REQUIRED)),
	STR("iscsiInterface", 4, FLAGS(KL_OMIT_ZERO), DEF("\"default\"")),
	I32("lun", 3, FLAGS(KL_REQUIRED)),
	LIST_STR("portals", 7),
	BOOL("readOnly", 6, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 10, SecretReference),
	STR("targetPortal", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(ISCSIPersistentVolumeSource, "io.k8s.api.core.v1.ISCSIPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_ISCSIVolumeSource[] = {
	BOOL("chapAuthDiscovery", 8),
	BOOL("chapAuthSession", 11),
	STR("fsType", 5, FLAGS(KL_OMIT_ZERO)),
	STR("initiatorName", 12, FLAGS(KL_OMIT_ZERO)),
	STR("iqn", 2, FLAGS(KL_REQUIRED)),
	STR("iscsiInterface", 4, FLAGS(KL_OMIT_ZERO), DEF("\"default\"")),
	I32("lun", 3, FLAGS(KL_REQUIRED)),
	LIST_STR("portals", 7),
	BOOL("readOnly", 6, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 10, LocalObjectReference),
	STR("targetPortal", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(ISCSIVolumeSource, "io.k8s.api.core.v1.ISCSIVolumeSource", .doc = NULL);

static const struct kl_field fields_ImageVolumeSource[] = {
	STR("pullPolicy", 2, FLAGS(KL_OMIT_ZERO)),
	STR("reference", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ImageVolumeSource, "io.k8s.api.core.v1.ImageVolumeSource", .doc = NULL);

static const struct kl_field fields_KeyToPath[] = {
	STR("key", 1, FLAGS(KL_REQUIRED)),
	I32("mode", 3),
	STR("path", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(KeyToPath, "io.k8s.api.core.v1.KeyToPath", .validate = kl_check_KeyToPath);

static const struct kl_field fields_LocalVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO)),
	STR("path", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(LocalVolumeSource, "io.k8s.api.core.v1.LocalVolumeSource", .doc = NULL);

static const struct kl_field fields_NFSVolumeSource[] = {
	STR("path", 2, FLAGS(KL_REQUIRED)),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO)),
	STR("server", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(NFSVolumeSource, "io.k8s.api.core.v1.NFSVolumeSource", .doc = NULL);

static const struct kl_field fields_PhotonPersistentDiskVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO)),
	STR("pdID", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(PhotonPersistentDiskVolumeSource, "io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource", .doc = NULL);

static const struct kl_field fields_PortworxVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO)),
	STR("volumeID", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(PortworxVolumeSource, "io.k8s.api.core.v1.PortworxVolumeSource", .doc = NULL);

static const struct kl_field fields_ProjectedVolumeSource[] = {
	I32("defaultMode", 2, DEF("420")),
	LIST_OBJ("sources", 1, VolumeProjection),
};
SCHEMA(ProjectedVolumeSource, "io.k8s.api.core.v1.ProjectedVolumeSource", .doc = NULL);

static const struct kl_field fields_QuobyteVolumeSource[] = {
	STR("group", 5, FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO)),
	STR("registry", 1, FLAGS(KL_REQUIRED)),
	STR("tenant", 6, FLAGS(KL_OMIT_ZERO)),
	STR("user", 4, FLAGS(KL_OMIT_ZERO)),
	STR("volume", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(QuobyteVolumeSource, "io.k8s.api.core.v1.QuobyteVolumeSource", .doc = NULL);

static const struct kl_field fields_RBDPersistentVolumeSource[] = {
	STR("fsType", 3, FLAGS(KL_OMIT_ZERO)),
	STR("image", 2, FLAGS(KL_REQUIRED)),
	STR("keyring", 6, FLAGS(KL_OMIT_ZERO), DEF("\"/etc/ceph/keyring\"")),
	LIST_STR("monitors", 1, FLAGS(KL_REQUIRED)),
	STR("pool", 4, FLAGS(KL_OMIT_ZERO), DEF("\"rbd\"")),
	BOOL("readOnly", 8, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 7, SecretReference),
	STR("user", 5, FLAGS(KL_OMIT_ZERO), DEF("\"admin\"")),
};
SCHEMA(RBDPersistentVolumeSource, "io.k8s.api.core.v1.RBDPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_RBDVolumeSource[] = {
	STR("fsType", 3, FLAGS(KL_OMIT_ZERO)),
	STR("image", 2, FLAGS(KL_REQUIRED)),
	STR("keyring", 6, FLAGS(KL_OMIT_ZERO), DEF("\"/etc/ceph/keyring\"")),
	LIST_STR("monitors", 1, FLAGS(KL_REQUIRED)),
	STR("pool", 4, FLAGS(KL_OMIT_ZERO), DEF("\"rbd\"")),
	BOOL("readOnly", 8, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 7, LocalObjectReference),
	STR("user", 5, FLAGS(KL_OMIT_ZERO), DEF("\"admin\"")),
};
SCHEMA(RBDVolumeSource, "io.k8s.api.core.v1.RBDVolumeSource", .doc = NULL);

static const struct kl_field fields_ScaleIOPersistentVolumeSource[] = {
	STR("fsType", 9, FLAGS(KL_OMIT_ZERO), DEF("\"xfs\"")),
	STR("gateway", 1, FLAGS(KL_REQUIRED)),
	STR("protectionDomain", 5, FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly", 10, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 3, SecretReference, FLAGS(KL_REQUIRED)),
	BOOL("sslEnabled", 4),
	STR("storageMode", 7, FLAGS(KL_OMIT_ZERO), DEF("\"ThinProvisioned\"")),
	STR("storagePool", 6, FLAGS(KL_OMIT_ZERO)),
	STR("system", 2, FLAGS(KL_REQUIRED)),
	STR("volumeName", 8, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ScaleIOPersistentVolumeSource, "io.k8s.api.core.v1.ScaleIOPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_ScaleIOVolumeSource[] = {
	STR("fsType", 9, FLAGS(KL_OMIT_ZERO), DEF("\"xfs\"")),
	STR("gateway", 1, FLAGS(KL_REQUIRED)),
	STR("protectionDomain", 5, FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly", 10, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 3, LocalObjectReference, FLAGS(KL_REQUIRED)),
	BOOL("sslEnabled", 4),
	STR("storageMode", 7, FLAGS(KL_OMIT_ZERO), DEF("\"ThinProvisioned\"")),
	STR("storagePool", 6, FLAGS(KL_OMIT_ZERO)),
	STR("system", 2, FLAGS(KL_REQUIRED)),
	STR("volumeName", 8, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ScaleIOVolumeSource, "io.k8s.api.core.v1.ScaleIOVolumeSource", .doc = NULL);

static const struct kl_field fields_SecretProjection[] = {
	LIST_OBJ("items", 2, KeyToPath),
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO)),
	BOOL("optional", 4),
};
SCHEMA(SecretProjection, "io.k8s.api.core.v1.SecretProjection", .doc = NULL);

static const struct kl_field fields_SecretVolumeSource[] = {
	I32("defaultMode", 3, DEF("420")),
	LIST_OBJ("items", 2, KeyToPath),
	BOOL("optional", 4),
	STR("secretName", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(SecretVolumeSource, "io.k8s.api.core.v1.SecretVolumeSource", .doc = NULL);

static const struct kl_field fields_ServiceAccountTokenProjection[] = {
	STR("audience", 1, FLAGS(KL_OMIT_ZERO)),
	I64("expirationSeconds", 2, DEF("3600")),
	STR("path", 3, FLAGS(KL_REQUIRED)),
};
SCHEMA(ServiceAccountTokenProjection, "io.k8s.api.core.v1.ServiceAccountTokenProjection", .doc = NULL);

static const struct kl_field fields_StorageOSPersistentVolumeSource[] = {
	STR("fsType", 3, FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 5, ObjectReference),
	STR("volumeName", 1, FLAGS(KL_OMIT_ZERO)),
	STR("volumeNamespace", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(StorageOSPersistentVolumeSource, "io.k8s.api.core.v1.StorageOSPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_StorageOSVolumeSource[] = {
	STR("fsType", 3, FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly", 4, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 5, LocalObjectReference),
	STR("volumeName", 1, FLAGS(KL_OMIT_ZERO)),
	STR("volumeNamespace", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(StorageOSVolumeSource, "io.k8s.api.core.v1.StorageOSVolumeSource", .doc = NULL);

static const struct kl_field fields_Volume[] = {
	OBJ("awsElasticBlockStore", INLINE(2, 4), AWSElasticBlockStoreVolumeSource),
	OBJ("azureDisk", INLINE(2, 22), AzureDiskVolumeSource),
	OBJ("azureFile", INLINE(2, 18), AzureFileVolumeSource),
	OBJ("cephfs", INLINE(2, 14), CephFSVolumeSource),
	OBJ("cinder", INLINE(2, 13), CinderVolumeSource),
	OBJ("configMap", INLINE(2, 19), ConfigMapVolumeSource),
	OBJ("csi", INLINE(2, 28), CSIVolumeSource),
	OBJ("downwardAPI", INLINE(2, 16), DownwardAPIVolumeSource),
	OBJ("emptyDir", INLINE(2, 2), EmptyDirVolumeSource),
	OBJ("ephemeral", INLINE(2, 29), EphemeralVolumeSource),
	OBJ("fc", INLINE(2, 17), FCVolumeSource),
	OBJ("flexVolume", INLINE(2, 12), FlexVolumeSource),
	OBJ("flocker", INLINE(2, 15), FlockerVolumeSource),
	OBJ("gcePersistentDisk", INLINE(2, 3), GCEPersistentDiskVolumeSource),
	OBJ("gitRepo", INLINE(2, 5), GitRepoVolumeSource),
	OBJ("glusterfs", INLINE(2, 9), GlusterfsVolumeSource),
	OBJ("hostPath", INLINE(2, 1), HostPathVolumeSource),
	OBJ("image", INLINE(2, 30), ImageVolumeSource),
	OBJ("iscsi", INLINE(2, 8), ISCSIVolumeSource),
	STR("name", 1, FLAGS(KL_REQUIRED)),
	OBJ("nfs", INLINE(2, 7), NFSVolumeSource),
	OBJ("persistentVolumeClaim", INLINE(2, 10), PersistentVolumeClaimVolumeSource),
	OBJ("photonPersistentDisk", INLINE(2, 23), PhotonPersistentDiskVolumeSource),
	OBJ("portworxVolume", INLINE(2, 24), PortworxVolumeSource),
	OBJ("projected", INLINE(2, 26), ProjectedVolumeSource),
	OBJ("quobyte", INLINE(2, 21), QuobyteVolumeSource),
	OBJ("rbd", INLINE(2, 11), RBDVolumeSource),
	OBJ("scaleIO", INLINE(2, 25), ScaleIOVolumeSource),
	OBJ("secret", INLINE(2, 6), SecretVolumeSource),
	OBJ("storageos", INLINE(2, 27), StorageOSVolumeSource),
	OBJ("vsphereVolume", INLINE(2, 20), VsphereVirtualDiskVolumeSource),
};
SCHEMA(Volume, "io.k8s.api.core.v1.Volume", .defaults = kl_default_Volume, .validate = kl_check_Volume);

static const struct kl_field fields_VolumeProjection[] = {
	OBJ("clusterTrustBundle", 5, ClusterTrustBundleProjection),
	OBJ("configMap", 3, ConfigMapProjection),
	OBJ("downwardAPI", 2, DownwardAPIProjection),
	OBJ("secret", 1, SecretProjection),
	OBJ("serviceAccountToken", 4, ServiceAccountTokenProjection),
};
SCHEMA(VolumeProjection, "io.k8s.api.core.v1.VolumeProjection", .doc = NULL);

static const struct kl_field fields_VsphereVirtualDiskVolumeSource[] = {
	STR("fsType", 2, FLAGS(KL_OMIT_ZERO)),
	STR("storagePolicyID", 4, FLAGS(KL_OMIT_ZERO)),
	STR("storagePolicyName", 3, FLAGS(KL_OMIT_ZERO)),
	STR("volumePath", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(VsphereVirtualDiskVolumeSource, "io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource", .doc = NULL);
