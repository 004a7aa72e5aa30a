/* Types: a pod's containers. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_AppArmorProfile[] = {
	STR("localhostProfile", FLAGS(KL_OMIT_ZERO)),
	STR("type", FLAGS(KL_REQUIRED), CHOICES("Localhost|RuntimeDefault|Unconfined")),
};
SCHEMA(AppArmorProfile, "io.k8s.api.core.v1.AppArmorProfile", .doc = NULL);

static const struct kl_field fields_Capabilities[] = {
	LIST_STR("add"),
	LIST_STR("drop"),
};
SCHEMA(Capabilities, "io.k8s.api.core.v1.Capabilities", .doc = NULL);

static const struct kl_field fields_ConfigMapEnvSource[] = {
	STR("name", FLAGS(KL_OMIT_ZERO)),
	BOOL("optional"),
};
SCHEMA(ConfigMapEnvSource, "io.k8s.api.core.v1.ConfigMapEnvSource", .doc = NULL);

static const struct kl_field fields_ConfigMapKeySelector[] = {
	STR("key", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	BOOL("optional"),
};
SCHEMA(ConfigMapKeySelector, "io.k8s.api.core.v1.ConfigMapKeySelector", .atomic = true);

static const struct kl_field fields_Container[] = {
	LIST_STR("args"),
	LIST_STR("command"),
	LIST_OBJ("env", EnvVar, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	LIST_OBJ("envFrom", EnvFromSource),
	STR("image", FLAGS(KL_OMIT_ZERO)),
	STR("imagePullPolicy", FLAGS(KL_OMIT_ZERO), CHOICES("Always|IfNotPresent|Never")),
	OBJ("lifecycle", Lifecycle),
	OBJ("livenessProbe", Probe),
	STR("name", FLAGS(KL_REQUIRED)),
	LIST_OBJ("ports", ContainerPort, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("containerPort,protocol")),
	OBJ("readinessProbe", Probe),
	LIST_OBJ("resizePolicy", ContainerResizePolicy),
	OBJ("resources", ResourceRequirements, FLAGS(KL_ALWAYS)),
	STR("restartPolicy", FLAGS(KL_OMIT_ZERO)),
	OBJ("securityContext", SecurityContext),
	OBJ("startupProbe", Probe),
	BOOL("stdin", FLAGS(KL_OMIT_ZERO)),
	BOOL("stdinOnce", FLAGS(KL_OMIT_ZERO)),
	STR("terminationMessagePath", FLAGS(KL_OMIT_ZERO), DEF("\"/dev/termination-log\"")),
	STR("terminationMessagePolicy", FLAGS(KL_OMIT_ZERO), DEF("\"File\""), CHOICES("FallbackToLogsOnError|File")),
	BOOL("tty", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("volumeDevices", VolumeDevice, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("devicePath")),
	LIST_OBJ("volumeMounts", VolumeMount, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("mountPath")),
	STR("workingDir", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Container, "io.k8s.api.core.v1.Container", .defaults = kl_default_Container, .validate = kl_check_Container);

static const struct kl_field fields_ContainerPort[] = {
	I32("containerPort", FLAGS(KL_REQUIRED | KL_PORT)),
	STR("hostIP", FLAGS(KL_OMIT_ZERO)),
	I32("hostPort", FLAGS(KL_OMIT_ZERO)),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	STR("protocol", FLAGS(KL_OMIT_ZERO), DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP")),
};
SCHEMA(ContainerPort, "io.k8s.api.core.v1.ContainerPort", .doc = NULL);

static const struct kl_field fields_ContainerResizePolicy[] = {
	STR("resourceName", FLAGS(KL_REQUIRED)),
	STR("restartPolicy", FLAGS(KL_REQUIRED)),
};
SCHEMA(ContainerResizePolicy, "io.k8s.api.core.v1.ContainerResizePolicy", .doc = NULL);

static const struct kl_field fields_ContainerState[] = {
	OBJ("running", ContainerStateRunning),
	OBJ("terminated", ContainerStateTerminated),
	OBJ("waiting", ContainerStateWaiting),
};
SCHEMA(ContainerState, "io.k8s.api.core.v1.ContainerState", .doc = NULL);

static const struct kl_field fields_ContainerStateRunning[] = {
	TIME("startedAt"),
};
SCHEMA(ContainerStateRunning, "io.k8s.api.core.v1.ContainerStateRunning", .doc = NULL);

static const struct kl_field fields_ContainerStateTerminated[] = {
	STR("containerID", FLAGS(KL_OMIT_ZERO)),
	I32("exitCode", FLAGS(KL_REQUIRED)),
	TIME("finishedAt"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	I32("signal"),
	TIME("startedAt"),
};
SCHEMA(ContainerStateTerminated, "io.k8s.api.core.v1.ContainerStateTerminated", .doc = NULL);

static const struct kl_field fields_ContainerStateWaiting[] = {
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ContainerStateWaiting, "io.k8s.api.core.v1.ContainerStateWaiting", .doc = NULL);

static const struct kl_field fields_ContainerStatus[] = {
	MAP_QUANTITY("allocatedResources"),
	LIST_OBJ("allocatedResourcesStatus", ResourceStatus, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	STR("containerID", FLAGS(KL_OMIT_ZERO)),
	STR("image", FLAGS(KL_REQUIRED)),
	STR("imageID", FLAGS(KL_REQUIRED)),
	OBJ("lastState", ContainerState),
	STR("name", FLAGS(KL_REQUIRED)),
	BOOL("ready", FLAGS(KL_REQUIRED)),
	OBJ("resources", ResourceRequirements),
	I32("restartCount", FLAGS(KL_REQUIRED)),
	BOOL("started"),
	OBJ("state", ContainerState),
	STR("stopSignal", FLAGS(KL_OMIT_ZERO)),
	OBJ("user", ContainerUser),
	LIST_OBJ("volumeMounts", VolumeMountStatus, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("mountPath")),
};
SCHEMA(ContainerStatus, "io.k8s.api.core.v1.ContainerStatus", .doc = NULL);

static const struct kl_field fields_ContainerUser[] = {
	OBJ("linux", LinuxContainerUser),
};
SCHEMA(ContainerUser, "io.k8s.api.core.v1.ContainerUser", .doc = NULL);

static const struct kl_field fields_EnvFromSource[] = {
	OBJ("configMapRef", ConfigMapEnvSource),
	STR("prefix", FLAGS(KL_OMIT_ZERO)),
	OBJ("secretRef", SecretEnvSource),
};
SCHEMA(EnvFromSource, "io.k8s.api.core.v1.EnvFromSource", .doc = NULL);

static const struct kl_field fields_EnvVar[] = {
	STR("name", FLAGS(KL_REQUIRED)),
	STR("value"),
	OBJ("valueFrom", EnvVarSource),
};
SCHEMA(EnvVar, "io.k8s.api.core.v1.EnvVar", .validate = kl_check_EnvVar);

static const struct kl_field fields_EnvVarSource[] = {
	OBJ("configMapKeyRef", ConfigMapKeySelector),
	OBJ("fieldRef", ObjectFieldSelector),
	OBJ("resourceFieldRef", ResourceFieldSelector),
	OBJ("secretKeyRef", SecretKeySelector),
};
SCHEMA(EnvVarSource, "io.k8s.api.core.v1.EnvVarSource", .doc = NULL);

static const struct kl_field fields_EphemeralContainer[] = {
	LIST_STR("args"),
	LIST_STR("command"),
	LIST_OBJ("env", EnvVar, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
	LIST_OBJ("envFrom", EnvFromSource),
	STR("image", FLAGS(KL_OMIT_ZERO)),
	STR("imagePullPolicy", FLAGS(KL_OMIT_ZERO), CHOICES("Always|IfNotPresent|Never")),
	OBJ("lifecycle", Lifecycle),
	OBJ("livenessProbe", Probe),
	STR("name", FLAGS(KL_REQUIRED)),
	LIST_OBJ("ports", ContainerPort, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("containerPort,protocol")),
	OBJ("readinessProbe", Probe),
	LIST_OBJ("resizePolicy", ContainerResizePolicy),
	OBJ("resources", ResourceRequirements, FLAGS(KL_ALWAYS)),
	STR("restartPolicy", FLAGS(KL_OMIT_ZERO)),
	OBJ("securityContext", SecurityContext),
	OBJ("startupProbe", Probe),
	BOOL("stdin", FLAGS(KL_OMIT_ZERO)),
	BOOL("stdinOnce", FLAGS(KL_OMIT_ZERO)),
	STR("targetContainerName", FLAGS(KL_OMIT_ZERO)),
	STR("terminationMessagePath", FLAGS(KL_OMIT_ZERO), DEF("\"/dev/termination-log\"")),
	STR("terminationMessagePolicy", FLAGS(KL_OMIT_ZERO), DEF("\"File\""), CHOICES("FallbackToLogsOnError|File")),
	BOOL("tty", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("volumeDevices", VolumeDevice, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("devicePath")),
	LIST_OBJ("volumeMounts", VolumeMount, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("mountPath")),
	STR("workingDir", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(EphemeralContainer, "io.k8s.api.core.v1.EphemeralContainer", .defaults = kl_default_EphemeralContainer, .validate = kl_check_EphemeralContainer);

static const struct kl_field fields_ExecAction[] = {
	LIST_STR("command"),
};
SCHEMA(ExecAction, "io.k8s.api.core.v1.ExecAction", .doc = NULL);

static const struct kl_field fields_GRPCAction[] = {
	I32("port", FLAGS(KL_REQUIRED | KL_PORT)),
	STR("service", DEF("\"\"")),
};
SCHEMA(GRPCAction, "io.k8s.api.core.v1.GRPCAction", .doc = NULL);

static const struct kl_field fields_HTTPGetAction[] = {
	STR("host", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("httpHeaders", HTTPHeader),
	STR("path", FLAGS(KL_OMIT_ZERO), DEF("\"/\"")),
	INT_OR_STR("port", FLAGS(KL_REQUIRED)),
	STR("scheme", FLAGS(KL_OMIT_ZERO), DEF("\"HTTP\""), CHOICES("HTTP|HTTPS")),
};
SCHEMA(HTTPGetAction, "io.k8s.api.core.v1.HTTPGetAction", .doc = NULL);

static const struct kl_field fields_HTTPHeader[] = {
	STR("name", FLAGS(KL_REQUIRED)),
	STR("value", FLAGS(KL_REQUIRED)),
};
SCHEMA(HTTPHeader, "io.k8s.api.core.v1.HTTPHeader", .doc = NULL);

static const struct kl_field fields_Lifecycle[] = {
	OBJ("postStart", LifecycleHandler),
	OBJ("preStop", LifecycleHandler),
	STR("stopSignal", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Lifecycle, "io.k8s.api.core.v1.Lifecycle", .doc = NULL);

static const struct kl_field fields_LifecycleHandler[] = {
	OBJ("exec", ExecAction),
	OBJ("httpGet", HTTPGetAction),
	OBJ("sleep", SleepAction),
	OBJ("tcpSocket", TCPSocketAction),
};
SCHEMA(LifecycleHandler, "io.k8s.api.core.v1.LifecycleHandler", .validate = kl_check_LifecycleHandler);

static const struct kl_field fields_LinuxContainerUser[] = {
	I64("gid", FLAGS(KL_REQUIRED)),
	LIST_I64("supplementalGroups"),
	I64("uid", FLAGS(KL_REQUIRED)),
};
SCHEMA(LinuxContainerUser, "io.k8s.api.core.v1.LinuxContainerUser", .doc = NULL);

static const struct kl_field fields_ObjectFieldSelector[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO), DEF("\"v1\"")),
	STR("fieldPath", FLAGS(KL_REQUIRED)),
};
SCHEMA(ObjectFieldSelector, "io.k8s.api.core.v1.ObjectFieldSelector", .atomic = true);

static const struct kl_field fields_Probe[] = {
	OBJ("exec", ExecAction),
	I32("failureThreshold", FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE), DEF("3")),
	OBJ("grpc", GRPCAction),
	OBJ("httpGet", HTTPGetAction),
	I32("initialDelaySeconds", FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE)),
	I32("periodSeconds", FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE), DEF("10")),
	I32("successThreshold", FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE), DEF("1")),
	OBJ("tcpSocket", TCPSocketAction),
	I64("terminationGracePeriodSeconds"),
	I32("timeoutSeconds", FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE), DEF("1")),
};
SCHEMA(Probe, "io.k8s.api.core.v1.Probe", .validate = kl_check_Probe);

static const struct kl_field fields_ResourceClaim[] = {
	STR("name", FLAGS(KL_REQUIRED)),
	STR("request", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ResourceClaim, "io.k8s.api.core.v1.ResourceClaim", .doc = NULL);

static const struct kl_field fields_ResourceFieldSelector[] = {
	STR("containerName", FLAGS(KL_OMIT_ZERO)),
	QUANTITY("divisor"),
	STR("resource", FLAGS(KL_REQUIRED)),
};
SCHEMA(ResourceFieldSelector, "io.k8s.api.core.v1.ResourceFieldSelector", .atomic = true);

static const struct kl_field fields_ResourceHealth[] = {
	STR("health", FLAGS(KL_OMIT_ZERO)),
	STR("resourceID", FLAGS(KL_REQUIRED)),
};
SCHEMA(ResourceHealth, "io.k8s.api.core.v1.ResourceHealth", .doc = NULL);

static const struct kl_field fields_ResourceRequirements[] = {
	LIST_OBJ("claims", ResourceClaim, FLAGS(KL_LIST_MAP), KEYS("name")),
	MAP_QUANTITY("limits"),
	MAP_QUANTITY("requests"),
};
SCHEMA(ResourceRequirements, "io.k8s.api.core.v1.ResourceRequirements", .doc = NULL);

static const struct kl_field fields_ResourceStatus[] = {
	STR("name", FLAGS(KL_REQUIRED)),
	LIST_OBJ("resources", ResourceHealth, FLAGS(KL_LIST_MAP), KEYS("resourceID")),
};
SCHEMA(ResourceStatus, "io.k8s.api.core.v1.ResourceStatus", .doc = NULL);

static const struct kl_field fields_SELinuxOptions[] = {
	STR("level", FLAGS(KL_OMIT_ZERO)),
	STR("role", FLAGS(KL_OMIT_ZERO)),
	STR("type", FLAGS(KL_OMIT_ZERO)),
	STR("user", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(SELinuxOptions, "io.k8s.api.core.v1.SELinuxOptions", .doc = NULL);

static const struct kl_field fields_SeccompProfile[] = {
	STR("localhostProfile", FLAGS(KL_OMIT_ZERO)),
	STR("type", FLAGS(KL_REQUIRED), CHOICES("Localhost|RuntimeDefault|Unconfined")),
};
SCHEMA(SeccompProfile, "io.k8s.api.core.v1.SeccompProfile", .doc = NULL);

static const struct kl_field fields_SecretEnvSource[] = {
	STR("name", FLAGS(KL_OMIT_ZERO)),
	BOOL("optional"),
};
SCHEMA(SecretEnvSource, "io.k8s.api.core.v1.SecretEnvSource", .doc = NULL);

static const struct kl_field fields_SecretKeySelector[] = {
	STR("key", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	BOOL("optional"),
};
SCHEMA(SecretKeySelector, "io.k8s.api.core.v1.SecretKeySelector", .atomic = true);

static const struct kl_field fields_SecurityContext[] = {
	BOOL("allowPrivilegeEscalation"),
	OBJ("appArmorProfile", AppArmorProfile),
	OBJ("capabilities", Capabilities),
	BOOL("privileged"),
	STR("procMount"),
	BOOL("readOnlyRootFilesystem"),
	I64("runAsGroup"),
	BOOL("runAsNonRoot"),
	I64("runAsUser"),
	OBJ("seLinuxOptions", SELinuxOptions),
	OBJ("seccompProfile", SeccompProfile),
	OBJ("windowsOptions", WindowsSecurityContextOptions),
};
SCHEMA(SecurityContext, "io.k8s.api.core.v1.SecurityContext", .doc = NULL);

static const struct kl_field fields_SleepAction[] = {
	I64("seconds", FLAGS(KL_REQUIRED)),
};
SCHEMA(SleepAction, "io.k8s.api.core.v1.SleepAction", .doc = NULL);

static const struct kl_field fields_TCPSocketAction[] = {
	STR("host", FLAGS(KL_OMIT_ZERO)),
	INT_OR_STR("port", FLAGS(KL_REQUIRED)),
};
SCHEMA(TCPSocketAction, "io.k8s.api.core.v1.TCPSocketAction", .doc = NULL);

static const struct kl_field fields_VolumeDevice[] = {
	STR("devicePath", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
};
SCHEMA(VolumeDevice, "io.k8s.api.core.v1.VolumeDevice", .doc = NULL);

static const struct kl_field fields_VolumeMount[] = {
	STR("mountPath", FLAGS(KL_REQUIRED)),
	STR("mountPropagation", CHOICES("Bidirectional|HostToContainer|None")),
	STR("name", FLAGS(KL_REQUIRED)),
	BOOL("readOnly", FLAGS(KL_OMIT_ZERO)),
	STR("recursiveReadOnly"),
	STR("subPath", FLAGS(KL_OMIT_ZERO)),
	STR("subPathExpr", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(VolumeMount, "io.k8s.api.core.v1.VolumeMount", .validate = kl_check_VolumeMount);

static const struct kl_field fields_VolumeMountStatus[] = {
	STR("mountPath", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
	BOOL("readOnly"),
	STR("recursiveReadOnly"),
};
SCHEMA(VolumeMountStatus, "io.k8s.api.core.v1.VolumeMountStatus", .doc = NULL);

static const struct kl_field fields_WindowsSecurityContextOptions[] = {
	STR("gmsaCredentialSpec"),
	STR("gmsaCredentialSpecName", FLAGS(KL_OMIT_ZERO)),
	BOOL("hostProcess"),
	STR("runAsUserName", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(WindowsSecurityContextOptions, "io.k8s.api.core.v1.WindowsSecurityContextOptions", .doc = NULL);
