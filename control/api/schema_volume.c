/* Types: the sources of a pod's volumes. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_AWSElasticBlockStoreVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	I32("partition"),
	BOOL("readOnly"),
	STR("volumeID", FLAGS(KL_REQUIRED)),
};
SCHEMA(AWSElasticBlockStoreVolumeSource, "io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource", .doc = NULL);

static const struct kl_field fields_AzureDiskVolumeSource[] = {
	STR("cachingMode", FLAGS(KL_OMIT_ZERO), DEF("\"ReadWrite\"")),
	STR("diskName", FLAGS(KL_REQUIRED)),
	STR("diskURI", FLAGS(KL_REQUIRED)),
	STR("fsType", FLAGS(KL_OMIT_ZERO), DEF("\"ext4\"")),
	STR("kind", FLAGS(KL_OMIT_ZERO), DEF("\"Shared\"")),
	BOOL("readOnly", DEF("false")),
};
SCHEMA(AzureDiskVolumeSource, "io.k8s.api.core.v1.AzureDiskVolumeSource", .doc = NULL);

static const struct kl_field fields_AzureFilePersistentVolumeSource[] = {
	BOOL("readOnly"),
	STR("secretName", FLAGS(KL_REQUIRED)),
	STR("secretNamespace", FLAGS(KL_OMIT_ZERO)),
	STR("shareName", FLAGS(KL_REQUIRED)),
};
SCHEMA(AzureFilePersistentVolumeSource, "io.k8s.api.core.v1.AzureFilePersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_AzureFileVolumeSource[] = {
	BOOL("readOnly"),
	STR("secretName", FLAGS(KL_REQUIRED)),
	STR("shareName", FLAGS(KL_REQUIRED)),
};
SCHEMA(AzureFileVolumeSource, "io.k8s.api.core.v1.AzureFileVolumeSource", .doc = NULL);

static const struct kl_field fields_CSIPersistentVolumeSource[] = {
	OBJ("controllerExpandSecretRef", SecretReference),
	OBJ("controllerPublishSecretRef", SecretReference),
	STR("driver", FLAGS(KL_REQUIRED)),
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	OBJ("nodeExpandSecretRef", SecretReference),
	OBJ("nodePublishSecretRef", SecretReference),
	OBJ("nodeStageSecretRef", SecretReference),
	BOOL("readOnly"),
	MAP_STR("volumeAttributes"),
	STR("volumeHandle", FLAGS(KL_REQUIRED)),
};
SCHEMA(CSIPersistentVolumeSource, "io.k8s.api.core.v1.CSIPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_CSIVolumeSource[] = {
	STR("driver", FLAGS(KL_REQUIRED)),
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	OBJ("nodePublishSecretRef", LocalObjectReference),
	BOOL("readOnly"),
	MAP_STR("volumeAttributes"),
};
SCHEMA(CSIVolumeSource, "io.k8s.api.core.v1.CSIVolumeSource", .doc = NULL);

static const struct kl_field fields_CephFSPersistentVolumeSource[] = {
	LIST_STR("monitors", FLAGS(KL_REQUIRED)),
	STR("path", FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly"),
	STR("secretFile", FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", SecretReference),
	STR("user", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(CephFSPersistentVolumeSource, "io.k8s.api.core.v1.CephFSPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_CephFSVolumeSource[] = {
	LIST_STR("monitors", FLAGS(KL_REQUIRED)),
	STR("path", FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly"),
	STR("secretFile", FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", LocalObjectReference),
	STR("user", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(CephFSVolumeSource, "io.k8s.api.core.v1.CephFSVolumeSource", .doc = NULL);

static const struct kl_field fields_CinderPersistentVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly"),
	OBJ("secretRef", SecretReference),
	STR("volumeID", FLAGS(KL_REQUIRED)),
};
SCHEMA(CinderPersistentVolumeSource, "io.k8s.api.core.v1.CinderPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_CinderVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly"),
	OBJ("secretRef", LocalObjectReference),
	STR("volumeID", FLAGS(KL_REQUIRED)),
};
SCHEMA(CinderVolumeSource, "io.k8s.api.core.v1.CinderVolumeSource", .doc = NULL);

static const struct kl_field fields_ClusterTrustBundleProjection[] = {
	OBJ("labelSelector", LabelSelector),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	BOOL("optional"),
	STR("path", FLAGS(KL_REQUIRED)),
	STR("signerName", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ClusterTrustBundleProjection, "io.k8s.api.core.v1.ClusterTrustBundleProjection", .doc = NULL);

static const struct kl_field fields_ConfigMapProjection[] = {
	LIST_OBJ("items", KeyToPath),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	BOOL("optional"),
};
SCHEMA(ConfigMapProjection, "io.k8s.api.core.v1.ConfigMapProjection", .doc = NULL);

static const struct kl_field fields_ConfigMapVolumeSource[] = {
	I32("defaultMode", DEF("420")),
	LIST_OBJ("items", KeyToPath),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	BOOL("optional"),
};
SCHEMA(ConfigMapVolumeSource, "io.k8s.api.core.v1.ConfigMapVolumeSource", .doc = NULL);

static const struct kl_field fields_DownwardAPIProjection[] = {
	LIST_OBJ("items", DownwardAPIVolumeFile),
};
SCHEMA(DownwardAPIProjection, "io.k8s.api.core.v1.DownwardAPIProjection", .doc = NULL);

static const struct kl_field fields_DownwardAPIVolumeFile[] = {
	OBJ("fieldRef", ObjectFieldSelector),
	I32("mode"),
	STR("path", FLAGS(KL_REQUIRED)),
	OBJ("resourceFieldRef", ResourceFieldSelector),
};
SCHEMA(DownwardAPIVolumeFile, "io.k8s.api.core.v1.DownwardAPIVolumeFile", .doc = NULL);

static const struct kl_field fields_DownwardAPIVolumeSource[] = {
	I32("defaultMode", DEF("420")),
	LIST_OBJ("items", DownwardAPIVolumeFile),
};
SCHEMA(DownwardAPIVolumeSource, "io.k8s.api.core.v1.DownwardAPIVolumeSource", .doc = NULL);

static const struct kl_field fields_EmptyDirVolumeSource[] = {
	STR("medium", FLAGS(KL_OMIT_ZERO)),
	QUANTITY("sizeLimit"),
};
SCHEMA(EmptyDirVolumeSource, "io.k8s.api.core.v1.EmptyDirVolumeSource", .doc = NULL);

static const struct kl_field fields_EphemeralVolumeSource[] = {
	OBJ("volumeClaimTemplate", PersistentVolumeClaimTemplate),
};
SCHEMA(EphemeralVolumeSource, "io.k8s.api.core.v1.EphemeralVolumeSource", .doc = NULL);

static const struct kl_field fields_FCVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	I32("lun"),
	BOOL("readOnly"),
	LIST_STR("targetWWNs"),
	LIST_STR("wwids"),
};
SCHEMA(FCVolumeSource, "io.k8s.api.core.v1.FCVolumeSource", .doc = NULL);

static const struct kl_field fields_FlexPersistentVolumeSource[] = {
	STR("driver", FLAGS(KL_REQUIRED)),
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	MAP_STR("options"),
	BOOL("readOnly"),
	OBJ("secretRef", SecretReference),
};
SCHEMA(FlexPersistentVolumeSource, "io.k8s.api.core.v1.FlexPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_FlexVolumeSource[] = {
	STR("driver", FLAGS(KL_REQUIRED)),
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	MAP_STR("options"),
	BOOL("readOnly"),
	OBJ("secretRef", LocalObjectReference),
};
SCHEMA(FlexVolumeSource, "io.k8s.api.core.v1.FlexVolumeSource", .doc = NULL);

static const struct kl_field fields_FlockerVolumeSource[] = {
	STR("datasetName", FLAGS(KL_OMIT_ZERO)),
	STR("datasetUUID", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(FlockerVolumeSource, "io.k8s.api.core.v1.FlockerVolumeSource", .doc = NULL);

static const struct kl_field fields_GCEPersistentDiskVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	I32("partition"),
	STR("pdName", FLAGS(KL_REQUIRED)),
	BOOL("readOnly"),
};
SCHEMA(GCEPersistentDiskVolumeSource, "io.k8s.api.core.v1.GCEPersistentDiskVolumeSource", .doc = NULL);

static const struct kl_field fields_GitRepoVolumeSource[] = {
	STR("directory", FLAGS(KL_OMIT_ZERO)),
	STR("repository", FLAGS(KL_REQUIRED)),
	STR("revision", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(GitRepoVolumeSource, "io.k8s.api.core.v1.GitRepoVolumeSource", .doc = NULL);

static const struct kl_field fields_GlusterfsPersistentVolumeSource[] = {
	STR("endpoints", FLAGS(KL_REQUIRED)),
	STR("endpointsNamespace", FLAGS(KL_OMIT_ZERO)),
	STR("path", FLAGS(KL_REQUIRED)),
	BOOL("readOnly"),
};
SCHEMA(GlusterfsPersistentVolumeSource, "io.k8s.api.core.v1.GlusterfsPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_GlusterfsVolumeSource[] = {
	STR("endpoints", FLAGS(KL_REQUIRED)),
	STR("path", FLAGS(KL_REQUIRED)),
	BOOL("readOnly"),
};
SCHEMA(GlusterfsVolumeSource, "io.k8s.api.core.v1.GlusterfsVolumeSource", .doc = NULL);

static const struct kl_field fields_HostPathVolumeSource[] = {
	STR("path", FLAGS(KL_REQUIRED)),
	STR("type", DEF("\"\""), CHOICES("|BlockDevice|CharDevice|Directory|DirectoryOrCreate|File|FileOrCreate|Socket")),
};
SCHEMA(HostPathVolumeSource, "io.k8s.api.core.v1.HostPathVolumeSource", .doc = NULL);

static const struct kl_field fields_ISCSIPersistentVolumeSource[] = {
	BOOL("chapAuthDiscovery"),
	BOOL("chapAuthSession"),
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	STR("initiatorName", FLAGS(KL_OMIT_ZERO)),
	STR("iqn", FLAGS(KL_REQUIRED)),
	STR("iscsiInterface", FLAGS(KL_OMIT_ZERO), DEF("\"default\"")),
	I32("lun", FLAGS(KL_REQUIRED)),
	LIST_STR("portals"),
	BOOL("readOnly"),
	OBJ("secretRef", SecretReference),
	STR("targetPortal", FLAGS(KL_REQUIRED)),
};
SCHEMA(ISCSIPersistentVolumeSource, "io.k8s.api.core.v1.ISCSIPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_ISCSIVolumeSource[] = {
	BOOL("chapAuthDiscovery"),
	BOOL("chapAuthSession"),
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	STR("initiatorName", FLAGS(KL_OMIT_ZERO)),
	STR("iqn", FLAGS(KL_REQUIRED)),
	STR("iscsiInterface", FLAGS(KL_OMIT_ZERO), DEF("\"default\"")),
	I32("lun", FLAGS(KL_REQUIRED)),
	LIST_STR("portals"),
	BOOL("readOnly"),
	OBJ("secretRef", LocalObjectReference),
	STR("targetPortal", FLAGS(KL_REQUIRED)),
};
SCHEMA(ISCSIVolumeSource, "io.k8s.api.core.v1.ISCSIVolumeSource", .doc = NULL);

static const struct kl_field fields_ImageVolumeSource[] = {
	STR("pullPolicy", FLAGS(KL_OMIT_ZERO)),
	STR("reference", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ImageVolumeSource, "io.k8s.api.core.v1.ImageVolumeSource", .doc = NULL);

static const struct kl_field fields_KeyToPath[] = {
	STR("key", FLAGS(KL_REQUIRED)),
	I32("mode"),
	STR("path", FLAGS(KL_REQUIRED)),
};
SCHEMA(KeyToPath, "io.k8s.api.core.v1.KeyToPath", .validate = kl_check_KeyToPath);

static const struct kl_field fields_LocalVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	STR("path", FLAGS(KL_REQUIRED)),
};
SCHEMA(LocalVolumeSource, "io.k8s.api.core.v1.LocalVolumeSource", .doc = NULL);

static const struct kl_field fields_NFSVolumeSource[] = {
	STR("path", FLAGS(KL_REQUIRED)),
	BOOL("readOnly", FLAGS(KL_OMIT_ZERO)),
	STR("server", FLAGS(KL_REQUIRED)),
};
SCHEMA(NFSVolumeSource, "io.k8s.api.core.v1.NFSVolumeSource", .doc = NULL);

static const struct kl_field fields_PhotonPersistentDiskVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	STR("pdID", FLAGS(KL_REQUIRED)),
};
SCHEMA(PhotonPersistentDiskVolumeSource, "io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource", .doc = NULL);

static const struct kl_field fields_PortworxVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly"),
	STR("volumeID", FLAGS(KL_REQUIRED)),
};
SCHEMA(PortworxVolumeSource, "io.k8s.api.core.v1.PortworxVolumeSource", .doc = NULL);

static const struct kl_field fields_ProjectedVolumeSource[] = {
	I32("defaultMode", DEF("420")),
	LIST_OBJ("sources", VolumeProjection),
};
SCHEMA(ProjectedVolumeSource, "io.k8s.api.core.v1.ProjectedVolumeSource", .doc = NULL);

static const struct kl_field fields_QuobyteVolumeSource[] = {
	STR("group", FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly"),
	STR("registry", FLAGS(KL_REQUIRED)),
	STR("tenant", FLAGS(KL_OMIT_ZERO)),
	STR("user", FLAGS(KL_OMIT_ZERO)),
	STR("volume", FLAGS(KL_REQUIRED)),
};
SCHEMA(QuobyteVolumeSource, "io.k8s.api.core.v1.QuobyteVolumeSource", .doc = NULL);

static const struct kl_field fields_RBDPersistentVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	STR("image", FLAGS(KL_REQUIRED)),
	STR("keyring", FLAGS(KL_OMIT_ZERO), DEF("\"/etc/ceph/keyring\"")),
	LIST_STR("monitors", FLAGS(KL_REQUIRED)),
	STR("pool", FLAGS(KL_OMIT_ZERO), DEF("\"rbd\"")),
	BOOL("readOnly"),
	OBJ("secretRef", SecretReference),
	STR("user", FLAGS(KL_OMIT_ZERO), DEF("\"admin\"")),
};
SCHEMA(RBDPersistentVolumeSource, "io.k8s.api.core.v1.RBDPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_RBDVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	STR("image", FLAGS(KL_REQUIRED)),
	STR("keyring", FLAGS(KL_OMIT_ZERO), DEF("\"/etc/ceph/keyring\"")),
	LIST_STR("monitors", FLAGS(KL_REQUIRED)),
	STR("pool", FLAGS(KL_OMIT_ZERO), DEF("\"rbd\"")),
	BOOL("readOnly"),
	OBJ("secretRef", LocalObjectReference),
	STR("user", FLAGS(KL_OMIT_ZERO), DEF("\"admin\"")),
};
SCHEMA(RBDVolumeSource, "io.k8s.api.core.v1.RBDVolumeSource", .doc = NULL);

static const struct kl_field fields_ScaleIOPersistentVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO), DEF("\"xfs\"")),
	STR("gateway", FLAGS(KL_REQUIRED)),
	STR("protectionDomain", FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly"),
	OBJ("secretRef", SecretReference, FLAGS(KL_REQUIRED)),
	BOOL("sslEnabled"),
	STR("storageMode", FLAGS(KL_OMIT_ZERO), DEF("\"ThinProvisioned\"")),
	STR("storagePool", FLAGS(KL_OMIT_ZERO)),
	STR("system", FLAGS(KL_REQUIRED)),
	STR("volumeName", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ScaleIOPersistentVolumeSource, "io.k8s.api.core.v1.ScaleIOPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_ScaleIOVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO), DEF("\"xfs\"")),
	STR("gateway", FLAGS(KL_REQUIRED)),
	STR("protectionDomain", FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly"),
	OBJ("secretRef", LocalObjectReference, FLAGS(KL_REQUIRED)),
	BOOL("sslEnabled"),
	STR("storageMode", FLAGS(KL_OMIT_ZERO), DEF("\"ThinProvisioned\"")),
	STR("storagePool", FLAGS(KL_OMIT_ZERO)),
	STR("system", FLAGS(KL_REQUIRED)),
	STR("volumeName", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ScaleIOVolumeSource, "io.k8s.api.core.v1.ScaleIOVolumeSource", .doc = NULL);

static const struct kl_field fields_SecretProjection[] = {
	LIST_OBJ("items", KeyToPath),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	BOOL("optional"),
};
SCHEMA(SecretProjection, "io.k8s.api.core.v1.SecretProjection", .doc = NULL);

static const struct kl_field fields_SecretVolumeSource[] = {
	I32("defaultMode", DEF("420")),
	LIST_OBJ("items", KeyToPath),
	BOOL("optional"),
	STR("secretName", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(SecretVolumeSource, "io.k8s.api.core.v1.SecretVolumeSource", .doc = NULL);

static const struct kl_field fields_ServiceAccountTokenProjection[] = {
	STR("audience", FLAGS(KL_OMIT_ZERO)),
	I64("expirationSeconds", DEF("3600")),
	STR("path", FLAGS(KL_REQUIRED)),
};
SCHEMA(ServiceAccountTokenProjection, "io.k8s.api.core.v1.ServiceAccountTokenProjection", .doc = NULL);

static const struct kl_field fields_StorageOSPersistentVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly"),
	OBJ("secretRef", ObjectReference),
	STR("volumeName", FLAGS(KL_OMIT_ZERO)),
	STR("volumeNamespace", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(StorageOSPersistentVolumeSource, "io.k8s.api.core.v1.StorageOSPersistentVolumeSource", .doc = NULL);

static const struct kl_field fields_StorageOSVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	BOOL("readOnly"),
	OBJ("secretRef", LocalObjectReference),
	STR("volumeName", FLAGS(KL_OMIT_ZERO)),
	STR("volumeNamespace", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(StorageOSVolumeSource, "io.k8s.api.core.v1.StorageOSVolumeSource", .doc = NULL);

static const struct kl_field fields_Volume[] = {
	OBJ("awsElasticBlockStore", AWSElasticBlockStoreVolumeSource),
	OBJ("azureDisk", AzureDiskVolumeSource),
	OBJ("azureFile", AzureFileVolumeSource),
	OBJ("cephfs", CephFSVolumeSource),
	OBJ("cinder", CinderVolumeSource),
	OBJ("configMap", ConfigMapVolumeSource),
	OBJ("csi", CSIVolumeSource),
	OBJ("downwardAPI", DownwardAPIVolumeSource),
	OBJ("emptyDir", EmptyDirVolumeSource),
	OBJ("ephemeral", EphemeralVolumeSource),
	OBJ("fc", FCVolumeSource),
	OBJ("flexVolume", FlexVolumeSource),
	OBJ("flocker", FlockerVolumeSource),
	OBJ("gcePersistentDisk", GCEPersistentDiskVolumeSource),
	OBJ("gitRepo", GitRepoVolumeSource),
	OBJ("glusterfs", GlusterfsVolumeSource),
	OBJ("hostPath", HostPathVolumeSource),
	OBJ("image", ImageVolumeSource),
	OBJ("iscsi", ISCSIVolumeSource),
	STR("name", FLAGS(KL_REQUIRED)),
	OBJ("nfs", NFSVolumeSource),
	OBJ("persistentVolumeClaim", PersistentVolumeClaimVolumeSource),
	OBJ("photonPersistentDisk", PhotonPersistentDiskVolumeSource),
	OBJ("portworxVolume", PortworxVolumeSource),
	OBJ("projected", ProjectedVolumeSource),
	OBJ("quobyte", QuobyteVolumeSource),
	OBJ("rbd", RBDVolumeSource),
	OBJ("scaleIO", ScaleIOVolumeSource),
	OBJ("secret", SecretVolumeSource),
	OBJ("storageos", StorageOSVolumeSource),
	OBJ("vsphereVolume", VsphereVirtualDiskVolumeSource),
};
SCHEMA(Volume, "io.k8s.api.core.v1.Volume", .defaults = kl_default_Volume, .validate = kl_check_Volume);

static const struct kl_field fields_VolumeProjection[] = {
	OBJ("clusterTrustBundle", ClusterTrustBundleProjection),
	OBJ("configMap", ConfigMapProjection),
	OBJ("downwardAPI", DownwardAPIProjection),
	OBJ("secret", SecretProjection),
	OBJ("serviceAccountToken", ServiceAccountTokenProjection),
};
SCHEMA(VolumeProjection, "io.k8s.api.core.v1.VolumeProjection", .doc = NULL);

static const struct kl_field fields_VsphereVirtualDiskVolumeSource[] = {
	STR("fsType", FLAGS(KL_OMIT_ZERO)),
	STR("storagePolicyID", FLAGS(KL_OMIT_ZERO)),
	STR("storagePolicyName", FLAGS(KL_OMIT_ZERO)),
	STR("volumePath", FLAGS(KL_REQUIRED)),
};
SCHEMA(VsphereVirtualDiskVolumeSource, "io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource", .doc = NULL);
