/* Types: a pod's containers. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_AppArmorProfile[] = {
	STR("localhostProfile", 2, FLAGS(KL_OMIT_ZERO)),
	STR("type", 1, FLAGS(KL_REQUIRED), CHOICES("Localhost|RuntimeDefault|Unconfined")),
};
SCHEMA(AppArmorProfile, "io.k8s.api.core.v1.AppArmorProfile", .doc = NULL);

static const struct kl_field fields_Capabilities[] = {
	LIST_STR("add", 1),
	LIST_STR("drop", 2),
};
SCHEMA(Capabilities, "io.k8s.api.core.v1.Capabilities", .doc = NULL);

static const struct kl_field fields_ConfigMapEnvSource[] = {
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO)),
	BOOL("optional", 2),
};
SCHEMA(ConfigMapEnvSource, "io.k8s.api.core.v1.ConfigMapEnvSource", .doc = NULL);

static const struct kl_field fields_ConfigMapKeySelector[] = {
	STR("key", 2, FLAGS(KL_REQUIRED)),
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO)),
	BOOL("optional", 3),
};
SCHEMA(ConfigMapKeySelector, "io.k8s.api.core.v1.ConfigMapKeySelector", .atomic = true);

static const struct kl_field fields_Container[] = {
	LIST_STR("args", 4),
	LIST_STR("command", 3),
	LIST_OBJ("env", 7, EnvVar, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	LIST_OBJ("envFrom", 19, EnvFromSource),
	STR("image", 2, FLAGS(KL_OMIT_ZERO)),
	STR("imagePullPolicy", 14, FLAGS(KL_OMIT_ZERO), CHOICES("Always|IfNotPresent|Never")),
	OBJ("lifecycle", 12, Lifecycle),
	OBJ("livenessProbe", 10, Probe),
	STR("name", 1, FLAGS(KL_REQUIRED)),
	LIST_OBJ("ports", 6, ContainerPort, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("containerPort,protocol")),
	OBJ("readinessProbe", 11, Probe),
	LIST_OBJ("resizePolicy", 23, ContainerResizePolicy),
	OBJ("resources", 8, ResourceRequirements, FLAGS(KL_ALWAYS)),
	STR("restartPolicy", 24, FLAGS(KL_OMIT_ZERO)),
	OBJ("securityContext", 15, SecurityContext),
	OBJ("startupProbe", 22, Probe),
	BOOL("stdin", 16, FLAGS(KL_OMIT_ZERO)),
	BOOL("stdinOnce", 17, FLAGS(KL_OMIT_ZERO)),
	STR("terminationMessagePath", 13, FLAGS(KL_OMIT_ZERO), DEF("\"/dev/termination-log\"")),
	STR("terminationMessagePolicy", 20, FLAGS(KL_OMIT_ZERO), DEF("\"File\""), CHOICES("FallbackToLogsOnError|File")),
	BOOL("tty", 18, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("volumeDevices", 21, VolumeDevice, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("devicePath")),
	LIST_OBJ("volumeMounts", 9, VolumeMount, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("mountPath")),
	STR("workingDir", 5, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Container, "io.k8s.api.core.v1.Container", .defaults = kl_default_Container, .validate = kl_check_Container);

static const struct kl_field fields_ContainerPort[] = {
	I32("containerPort", 3, FLAGS(KL_REQUIRED | KL_PORT)),
	STR("hostIP", 5, FLAGS(KL_OMIT_ZERO)),
	I32("hostPort", 2, FLAGS(KL_OMIT_ZERO)),
	STR("name", 1, FLAGS(KL_OMIT_ZERO)),
	STR("protocol", 4, FLAGS(KL_OMIT_ZERO), DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP")),
};
SCHEMA(ContainerPort, "io.k8s.api.core.v1.ContainerPort", .doc = NULL);

static const struct kl_field fields_ContainerResizePolicy[] = {
	STR("resourceName", 1, FLAGS(KL_REQUIRED)),
	STR("restartPolicy", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(ContainerResizePolicy, "io.k8s.api.core.v1.ContainerResizePolicy", .doc = NULL);

static const struct kl_field fields_ContainerState[] = {
	OBJ("running", 2, ContainerStateRunning),
	OBJ("terminated", 3, ContainerStateTerminated),
	OBJ("waiting", 1, ContainerStateWaiting),
};
SCHEMA(ContainerState, "io.k8s.api.core.v1.ContainerState", .doc = NULL);

static const struct kl_field fields_ContainerStateRunning[] = {
	TIME("startedAt", 1),
};
SCHEMA(ContainerStateRunning, "io.k8s.api.core.v1.ContainerStateRunning", .doc = NULL);

static const struct kl_field fields_ContainerStateTerminated[] = {
	STR("containerID", 7, FLAGS(KL_OMIT_ZERO)),
	I32("exitCode", 1, FLAGS(KL_REQUIRED)),
	TIME("finishedAt", 6),
	STR("message", 4, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 3, FLAGS(KL_OMIT_ZERO)),
	I32("signal", 2),
	TIME("startedAt", 5),
};
SCHEMA(ContainerStateTerminated, "io.k8s.api.core.v1.ContainerStateTerminated", .doc = NULL);

static const struct kl_field fields_ContainerStateWaiting[] = {
	STR("message", 2, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ContainerStateWaiting, "io.k8s.api.core.v1.ContainerStateWaiting", .doc = NULL);

static const struct kl_field fields_ContainerStatus[] = {
	MAP_QUANTITY("allocatedResources", 10),
	LIST_OBJ("allocatedResourcesStatus", 14, ResourceStatus, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	STR("containerID", 8, FLAGS(KL_OMIT_ZERO)),
	STR("image", 6, FLAGS(KL_REQUIRED)),
	STR("imageID", 7, FLAGS(KL_REQUIRED)),
	OBJ("lastState", 3, ContainerState),
	STR("name", 1, FLAGS(KL_REQUIRED)),
	BOOL("ready", 4, FLAGS(KL_REQUIRED)),
	OBJ("resources", 11, ResourceRequirements),
	I32("restartCount", 5, FLAGS(KL_REQUIRED)),
	BOOL("started", 9),
	OBJ("state", 2, ContainerState),
	STR("stopSignal", 15, FLAGS(KL_OMIT_ZERO)),
	OBJ("user", 13, ContainerUser),
	LIST_OBJ("volumeMounts", 12, VolumeMountStatus, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("mountPath")),
};
SCHEMA(ContainerStatus, "io.k8s.api.core.v1.ContainerStatus", .doc = NULL);

static const struct kl_field fields_ContainerUser[] = {
	OBJ("linux", 1, LinuxContainerUser),
};
SCHEMA(ContainerUser, "io.k8s.api.core.v1.ContainerUser", .doc = NULL);

static const struct kl_field fields_EnvFromSource[] = {
	OBJ("configMapRef", 2, ConfigMapEnvSource),
	STR("prefix", 1, FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", 3, SecretEnvSource),
};
SCHEMA(EnvFromSource, "io.k8s.api.core.v1.EnvFromSource", .doc = NULL);

static const struct kl_field fields_EnvVar[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
	STR("value", 2, FLAGS(KL_OMIT_ZERO)),
	OBJ("valueFrom", 3, EnvVarSource),
};
SCHEMA(EnvVar, "io.k8s.api.core.v1.EnvVar", .validate = kl_check_EnvVar);

static const struct kl_field fields_EnvVarSource[] = {
	OBJ("configMapKeyRef", 3, ConfigMapKeySelector),
	OBJ("fieldRef", 1, ObjectFieldSelector),
	OBJ("resourceFieldRef", 2, ResourceFieldSelector),
	OBJ("secretKeyRef", 4, SecretKeySelector),
};
SCHEMA(EnvVarSource, "io.k8s.api.core.v1.EnvVarSource", .doc = NULL);

static const struct kl_field fields_EphemeralContainer[] = {
	LIST_STR("args", INLINE(1, 4)),
	LIST_STR("command", INLINE(1, 3)),
	LIST_OBJ("env", INLINE(1, 7), EnvVar, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	LIST_OBJ("envFrom", INLINE(1, 19), EnvFromSource),
	STR("image", INLINE(1, 2), FLAGS(KL_OMIT_ZERO)),
	STR("imagePullPolicy", INLINE(1, 14), FLAGS(KL_OMIT_ZERO), CHOICES("Always|IfNotPresent|Never")),
	OBJ("lifecycle", INLINE(1, 12), Lifecycle),
	OBJ("livenessProbe", INLINE(1, 10), Probe),
	STR("name", INLINE(1, 1), FLAGS(KL_REQUIRED)),
	LIST_OBJ("ports", INLINE(1, 6), ContainerPort, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("containerPort,protocol")),
	OBJ("readinessProbe", INLINE(1, 11), Probe),
	LIST_OBJ("resizePolicy", INLINE(1, 23), ContainerResizePolicy),
	OBJ("resources", INLINE(1, 8), ResourceRequirements, FLAGS(KL_ALWAYS)),
	STR("restartPolicy", INLINE(1, 24), FLAGS(KL_OMIT_ZERO)),
	OBJ("securityContext", INLINE(1, 15), SecurityContext),
	OBJ("startupProbe", INLINE(1, 22), Probe),
	BOOL("stdin", INLINE(1, 16), FLAGS(KL_OMIT_ZERO)),
	BOOL("stdinOnce", INLINE(1, 17), FLAGS(KL_OMIT_ZERO)),
	STR("targetContainerName", 2, FLAGS(KL_OMIT_ZERO)),
	STR("terminationMessagePath", INLINE(1, 13), FLAGS(KL_OMIT_ZERO), DEF("\"/dev/termination-log\"")),
	STR("terminationMessagePolicy", INLINE(1, 20), FLAGS(KL_OMIT_ZERO), DEF("\"File\""), CHOICES("FallbackToLogsOnError|File")),
	BOOL("tty", INLINE(1, 18), FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("volumeDevices", INLINE(1, 21), VolumeDevice, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("devicePath")),
	LIST_OBJ("volumeMounts", INLINE(1, 9), VolumeMount, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("mountPath")),
	STR("workingDir", INLINE(1, 5), FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(EphemeralContainer, "io.k8s.api.core.v1.EphemeralContainer", .defaults = kl_default_EphemeralContainer, .validate = kl_check_EphemeralContainer);

static const struct kl_field fields_ExecAction[] = {
	LIST_STR("command", 1),
};
SCHEMA(ExecAction, "io.k8s.api.core.v1.ExecAction", .doc = NULL);

static const struct kl_field fields_GRPCAction[] = {
	I32("port", 1, FLAGS(KL_REQUIRED | KL_PORT)),
	STR("service", 2, DEF("\"\"")),
};
SCHEMA(GRPCAction, "io.k8s.api.core.v1.GRPCAction", .doc = NULL);

static const struct kl_field fields_HTTPGetAction[] = {
	STR("host", 3, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("httpHeaders", 5, HTTPHeader),
	STR("path", 1, FLAGS(KL_OMIT_ZERO), DEF("\"/\"")),
	INT_OR_STR("port", 2, FLAGS(KL_REQUIRED)),
	STR("scheme", 4, FLAGS(KL_OMIT_ZERO), DEF("\"HTTP\""), CHOICES("HTTP|HTTPS")),
};
SCHEMA(HTTPGetAction, "io.k8s.api.core.v1.HTTPGetAction", .doc = NULL);

static const struct kl_field fields_HTTPHeader[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
	STR("value", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(HTTPHeader, "io.k8s.api.core.v1.HTTPHeader", .doc = NULL);

static const struct kl_field fields_Lifecycle[] = {
	OBJ("postStart", 1, LifecycleHandler),
	OBJ("preStop", 2, LifecycleHandler),
	STR("stopSignal", 3, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Lifecycle, "io.k8s.api.core.v1.Lifecycle", .doc = NULL);

static const struct kl_field fields_LifecycleHandler[] = {
	OBJ("exec", 1, ExecAction),
	OBJ("httpGet", 2, HTTPGetAction),
	OBJ("sleep", 4, SleepAction),
	OBJ("tcpSocket", 3, TCPSocketAction),
};
SCHEMA(LifecycleHandler, "io.k8s.api.core.v1.LifecycleHandler", .validate = kl_check_LifecycleHandler);

static const struct kl_field fields_LinuxContainerUser[] = {
	I64("gid", 2, FLAGS(KL_REQUIRED)),
	LIST_I64("supplementalGroups", 3),
	I64("uid", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(LinuxContainerUser, "io.k8s.api.core.v1.LinuxContainerUser", .doc = NULL);

static const struct kl_field fields_ObjectFieldSelector[] = {
	STR("apiVersion", 1, FLAGS(KL_OMIT_ZERO), DEF("\"v1\"")),
	STR("fieldPath", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(ObjectFieldSelector, "io.k8s.api.core.v1.ObjectFieldSelector", .atomic = true);

static const struct kl_field fields_Probe[] = {
	OBJ("exec", INLINE(1, 1), ExecAction),
	I32("failureThreshold", 6, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE), DEF("3")),
	OBJ("grpc", INLINE(1, 4), GRPCAction),
	OBJ("httpGet", INLINE(1, 2), HTTPGetAction),
	I32("initialDelaySeconds", 2, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE)),
	I32("periodSeconds", 4, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE), DEF("10")),
	I32("successThreshold", 5, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE), DEF("1")),
	OBJ("tcpSocket", INLINE(1, 3), TCPSocketAction),
	I64("terminationGracePeriodSeconds", 7),
	I32("timeoutSeconds", 3, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE), DEF("1")),
};
SCHEMA(Probe, "io.k8s.api.core.v1.Probe", .validate = kl_check_Probe);

static const struct kl_field fields_ResourceClaim[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
	STR("request", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ResourceClaim, "io.k8s.api.core.v1.ResourceClaim", .doc = NULL);

static const struct kl_field fields_ResourceFieldSelector[] = {
	STR("containerName", 1, FLAGS(KL_OMIT_ZERO)),
	QUANTITY("divisor", 3),
	STR("resource", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(ResourceFieldSelector, "io.k8s.api.core.v1.ResourceFieldSelector", .atomic = true);

static const struct kl_field fields_ResourceHealth[] = {
	STR("health", 2, FLAGS(KL_OMIT_ZERO)),
	STR("resourceID", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(ResourceHealth, "io.k8s.api.core.v1.ResourceHealth", .doc = NULL);

static const struct kl_field fields_ResourceRequirements[] = {
	LIST_OBJ("claims", 3, ResourceClaim, FLAGS(KL_LIST_MAP), KEYS("name")),
	MAP_QUANTITY("limits", 1),
	MAP_QUANTITY("requests", 2),
};
SCHEMA(ResourceRequirements, "io.k8s.api.core.v1.ResourceRequirements", .doc = NULL);

static const struct kl_field fields_ResourceStatus[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
	LIST_OBJ("resources", 2, ResourceHealth, FLAGS(KL_LIST_MAP), KEYS("resourceID")),
};
SCHEMA(ResourceStatus, "io.k8s.api.core.v1.ResourceStatus", .doc = NULL);

static const struct kl_field fields_SELinuxOptions[] = {
	STR("level", 4, FLAGS(KL_OMIT_ZERO)),
	STR("role", 2, FLAGS(KL_OMIT_ZERO)),
	STR("type", 3, FLAGS(KL_OMIT_ZERO)),
	STR("user", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(SELinuxOptions, "io.k8s.api.core.v1.SELinuxOptions", .doc = NULL);

static const struct kl_field fields_SeccompProfile[] = {
	STR("localhostProfile", 2, FLAGS(KL_OMIT_ZERO)),
	STR("type", 1, FLAGS(KL_REQUIRED), CHOICES("Localhost|RuntimeDefault|Unconfined")),
};
SCHEMA(SeccompProfile, "io.k8s.api.core.v1.SeccompProfile", .doc = NULL);

static const struct kl_field fields_SecretEnvSource[] = {
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO)),
	BOOL("optional", 2),
};
SCHEMA(SecretEnvSource, "io.k8s.api.core.v1.SecretEnvSource", .doc = NULL);

static const struct kl_field fields_SecretKeySelector[] = {
	STR("key", 2, FLAGS(KL_REQUIRED)),
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO)),
	BOOL("optional", 3),
};
SCHEMA(SecretKeySelector, "io.k8s.api.core.v1.SecretKeySelector", .atomic = true);

static const struct kl_field fields_SecurityContext[] = {
	BOOL("allowPrivilegeEscalation", 7),
	OBJ("appArmorProfile", 12, AppArmorProfile),
	OBJ("capabilities", 1, Capabilities),
	BOOL("privileged", 2),
	STR("procMount", 9),
	BOOL("readOnlyRootFilesystem", 6),
	I64("runAsGroup", 8),
	BOOL("runAsNonRoot", 5),
	I64("runAsUser", 4),
	OBJ("seLinuxOptions", 3, SELinuxOptions),
	OBJ("seccompProfile", 11, SeccompProfile),
	OBJ("windowsOptions", 10, WindowsSecurityContextOptions),
};
SCHEMA(SecurityContext, "io.k8s.api.core.v1.SecurityContext", .doc = NULL);

static const struct kl_field fields_SleepAction[] = {
	I64("seconds", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(SleepAction, "io.k8s.api.core.v1.SleepAction", .doc = NULL);

static const struct kl_field fields_TCPSocketAction[] = {
	STR("host", 2, FLAGS(KL_OMIT_ZERO)),
	INT_OR_STR("port", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(TCPSocketAction, "io.k8s.api.core.v1.TCPSocketAction", .doc = NULL);

static const struct kl_field fields_VolumeDevice[] = {
	STR("devicePath", 2, FLAGS(KL_REQUIRED)),
	STR("name", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(VolumeDevice, "io.k8s.api.core.v1.VolumeDevice", .doc = NULL);

static const struct kl_field fields_VolumeMount[] = {
	STR("mountPath", 3, FLAGS(KL_REQUIRED)),
	STR("mountPropagation", 5, CHOICES("Bidirectional|HostToContainer|None")),
	STR("name", 1, FLAGS(KL_REQUIRED)),
	BOOL("readOnly", 2, FLAGS(KL_OMIT_ZERO)),
	STR("recursiveReadOnly", 7),
	STR("subPath", 4, FLAGS(KL_OMIT_ZERO)),
	STR("subPathExpr", 6, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(VolumeMount, "io.k8s.api.core.v1.VolumeMount", .validate = kl_check_VolumeMount);

static const struct kl_field fields_VolumeMountStatus[] = {
	STR("mountPath", 2, FLAGS(KL_REQUIRED)),
	STR("name", 1, FLAGS(KL_REQUIRED)),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO)),
	STR("recursiveReadOnly", 4),
};
SCHEMA(VolumeMountStatus, "io.k8s.api.core.v1.VolumeMountStatus", .doc = NULL);

static const struct kl_field fields_WindowsSecurityContextOptions[] = {
	STR("gmsaCredentialSpec", 2),
	STR("gmsaCredentialSpecName", 1, FLAGS(KL_OMIT_ZERO)),
	BOOL("hostProcess", 4),
	STR("runAsUserName", 3, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(WindowsSecurityContextOptions, "io.k8s.api.core.v1.WindowsSecurityContextOptions", .doc = NULL);
