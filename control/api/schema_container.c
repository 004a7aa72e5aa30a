/* Types: a pod's containers. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_AppArmorProfile[] = {
	STR("localhostProfile", 2, FLAGS(KL_OMIT_ZERO), DOC("The profile's file on the node, or its name.")),
	STR("type", 1, FLAGS(KL_REQUIRED), CHOICES("Localhost|RuntimeDefault|Unconfined"), DOC("Which type.")),
};
SCHEMA(AppArmorProfile, "io.k8s.api.core.v1.AppArmorProfile", .doc = NULL);

static const struct kl_field fields_Capabilities[] = {
	LIST_STR("add", 1, DOC("Capabilities that the container gets beyond the runtime's own set.")),
	LIST_STR("drop", 2, DOC("Capabilities taken from the runtime's own set.")),
};
SCHEMA(Capabilities, "io.k8s.api.core.v1.Capabilities", .doc = NULL);

static const struct kl_field fields_ConfigMapEnvSource[] = {
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	BOOL("optional", 2, DOC("Whether it may be missing.")),
};
SCHEMA(ConfigMapEnvSource, "io.k8s.api.core.v1.ConfigMapEnvSource", .doc = NULL);

static const struct kl_field fields_ConfigMapKeySelector[] = {
	STR("key", 2, FLAGS(KL_REQUIRED), DOC("The key.")),
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	BOOL("optional", 3, DOC("Whether it may be missing.")),
};
SCHEMA(ConfigMapKeySelector, "io.k8s.api.core.v1.ConfigMapKeySelector", .atomic = true);

static const struct kl_field fields_Container[] = {
	LIST_STR("args", 4,
		DOC("Arguments of the entrypoint instead of the image's CMD; $(NAME) is replaced from the "
		    "environment.")),
	LIST_STR("command", 3,
		DOC("The entrypoint instead of the image's; not run in a shell. $(NAME) is replaced from the "
		    "environment.")),
	LIST_OBJ("env", 7, EnvVar, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name"),
		DOC("Environment variables; of equal names the last one counts.")),
	LIST_OBJ("envFrom", 19, EnvFromSource,
		DOC("ConfigMaps and Secrets whose keys become environment variables; env goes before them.")),
	STR("image", 2, FLAGS(KL_OMIT_ZERO), DOC("The image, such as nginx:1.14 or registry/name@sha256:….")),
	STR("imagePullPolicy", 14, FLAGS(KL_OMIT_ZERO), CHOICES("Always|IfNotPresent|Never"),
		DOC("Always, IfNotPresent or Never; Always where the tag is latest or missing.")),
	OBJ("lifecycle", 12, Lifecycle, DOC("What is done after the start and before the end of the container.")),
	OBJ("livenessProbe", 10, Probe, DOC("Tells whether the container lives; it is restarted when not.")),
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("The container's name, unique in the pod; cannot be changed.")),
	LIST_OBJ("ports", 6, ContainerPort, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("containerPort,protocol"),
		DOC("Ports that the container listens on; a list for people and for names, not a filter.")),
	OBJ("readinessProbe", 11, Probe,
		DOC("Tells whether the container takes traffic; it leaves its Services' endpoints when not.")),
	LIST_OBJ("resizePolicy", 23, ContainerResizePolicy,
		DOC("Whether the container restarts when its resources change.")),
	OBJ("resources", 8, ResourceRequirements, FLAGS(KL_ALWAYS), DOC("What it needs and may use.")),
	STR("restartPolicy", 24, FLAGS(KL_OMIT_ZERO),
		DOC("Always makes an init container run beside the others, as a sidecar; other containers have none.")),
	OBJ("securityContext", 15, SecurityContext, DOC("Users, groups, capabilities and the like.")),
	OBJ("startupProbe", 22, Probe, DOC("Tells whether the container has come up; the other probes wait for it.")),
	BOOL("stdin", 16, FLAGS(KL_OMIT_ZERO), DOC("Whether the container has an input.")),
	BOOL("stdinOnce", 17, FLAGS(KL_OMIT_ZERO), DOC("Whether the input is closed after the first client.")),
	STR("terminationMessagePath", 13, FLAGS(KL_OMIT_ZERO), DEF("\"/dev/termination-log\""),
		DOC("The file in which the container may leave its last words.")),
	STR("terminationMessagePolicy", 20, FLAGS(KL_OMIT_ZERO), DEF("\"File\""), CHOICES("FallbackToLogsOnError|File"),
		DOC("File, or FallbackToLogsOnError.")),
	BOOL("tty", 18, FLAGS(KL_OMIT_ZERO), DOC("Whether the container has a terminal.")),
	LIST_OBJ("volumeDevices", 21, VolumeDevice, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("devicePath"),
		DOC("Block devices in the container.")),
	LIST_OBJ("volumeMounts", 9, VolumeMount, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("mountPath"),
		DOC("Volumes in the container's filesystem.")),
	STR("workingDir", 5, FLAGS(KL_OMIT_ZERO), DOC("The working directory, where it is not the image's.")),
};
SCHEMA(Container, "io.k8s.api.core.v1.Container", .defaults = kl_default_Container, .validate = kl_check_Container,
	DOC("One container of a pod."));

static const struct kl_field fields_ContainerPort[] = {
	I32("containerPort", 3, FLAGS(KL_REQUIRED | KL_PORT),
		DOC("The port that the process in the container listens on.")),
	STR("hostIP", 5, FLAGS(KL_OMIT_ZERO), DOC("The node's address.")),
	I32("hostPort", 2, FLAGS(KL_OMIT_ZERO), DOC("A port of the node that leads to this container.")),
	STR("name", 1, FLAGS(KL_OMIT_ZERO), DOC("A name that Services and probes can use.")),
	STR("protocol", 4, FLAGS(KL_OMIT_ZERO), DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP"), DOC("TCP, UDP or SCTP.")),
};
SCHEMA(ContainerPort, "io.k8s.api.core.v1.ContainerPort", .doc = NULL);

static const struct kl_field fields_ContainerResizePolicy[] = {
	STR("resourceName", 1, FLAGS(KL_REQUIRED), DOC("The resource's name.")),
	STR("restartPolicy", 2, FLAGS(KL_REQUIRED), DOC("NotRequired, or RestartContainer.")),
};
SCHEMA(ContainerResizePolicy, "io.k8s.api.core.v1.ContainerResizePolicy", .doc = NULL);

static const struct kl_field fields_ContainerState[] = {
	OBJ("running", 2, ContainerStateRunning, DOC("It runs, and since when.")),
	OBJ("terminated", 3, ContainerStateTerminated, DOC("It has ended, and how.")),
	OBJ("waiting", 1, ContainerStateWaiting, DOC("It waits, and for what.")),
};
SCHEMA(ContainerState, "io.k8s.api.core.v1.ContainerState", .doc = NULL);

static const struct kl_field fields_ContainerStateRunning[] = {
	TIME("startedAt", 1, DOC("When it began.")),
};
SCHEMA(ContainerStateRunning, "io.k8s.api.core.v1.ContainerStateRunning", .doc = NULL);

static const struct kl_field fields_ContainerStateTerminated[] = {
	STR("containerID", 7, FLAGS(KL_OMIT_ZERO), DOC("The container as the runtime knows it, <type>://<id>.")),
	I32("exitCode", 1, FLAGS(KL_REQUIRED), DOC("The exit code of the process.")),
	TIME("finishedAt", 6, DOC("When the container ended.")),
	STR("message", 4, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 3, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	I32("signal", 2, DOC("The signal that ended the container.")),
	TIME("startedAt", 5, DOC("When it began.")),
};
SCHEMA(ContainerStateTerminated, "io.k8s.api.core.v1.ContainerStateTerminated", .doc = NULL);

static const struct kl_field fields_ContainerStateWaiting[] = {
	STR("message", 2, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 1, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
};
SCHEMA(ContainerStateWaiting, "io.k8s.api.core.v1.ContainerStateWaiting", .doc = NULL);

static const struct kl_field fields_ContainerStatus[] = {
	MAP_QUANTITY("allocatedResources", 10, DOC("What has been set aside for it.")),
	LIST_OBJ("allocatedResourcesStatus", 14, ResourceStatus, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name"),
		DOC("Health and state of the devices that were given to the container.")),
	STR("containerID", 8, FLAGS(KL_OMIT_ZERO), DOC("The container as the runtime knows it, <type>://<id>.")),
	STR("image", 6, FLAGS(KL_REQUIRED), DOC("The image, such as nginx:1.14 or registry/name@sha256:….")),
	STR("imageID", 7, FLAGS(KL_REQUIRED), DOC("The image that really runs.")),
	OBJ("lastState", 3, ContainerState, DOC("How the container ended before.")),
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	BOOL("ready", 4, FLAGS(KL_REQUIRED), DOC("Whether it is ready.")),
	OBJ("resources", 11, ResourceRequirements, DOC("What it needs and may use.")),
	I32("restartCount", 5, FLAGS(KL_REQUIRED), DOC("How often the container was started again.")),
	BOOL("started", 9, DOC("Whether the startup probe has succeeded.")),
	OBJ("state", 2, ContainerState, DOC("What the container does now.")),
	STR("stopSignal", 15, FLAGS(KL_OMIT_ZERO), DOC("The signal that tells the container to end.")),
	OBJ("user", 13, ContainerUser, DOC("The user.")),
	LIST_OBJ("volumeMounts", 12, VolumeMountStatus, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("mountPath"),
		DOC("Volumes in the container's filesystem.")),
};
SCHEMA(ContainerStatus, "io.k8s.api.core.v1.ContainerStatus", .doc = NULL);

static const struct kl_field fields_ContainerUser[] = {
	OBJ("linux", 1, LinuxContainerUser, DOC("The user as Linux knows it.")),
};
SCHEMA(ContainerUser, "io.k8s.api.core.v1.ContainerUser", .doc = NULL);

static const struct kl_field fields_EnvFromSource[] = {
	OBJ("configMapRef", 2, ConfigMapEnvSource, DOC("All keys of a ConfigMap.")),
	STR("prefix", 1, FLAGS(KL_OMIT_ZERO), DOC("Put before each name.")),
	OBJ("secretRef", 3, SecretEnvSource, DOC("The Secret.")),
};
SCHEMA(EnvFromSource, "io.k8s.api.core.v1.EnvFromSource", .doc = NULL);

static const struct kl_field fields_EnvVar[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("The variable's name.")),
	STR("value", 2, FLAGS(KL_OMIT_ZERO), DOC("The value; $(NAME) is replaced from what stands before.")),
	OBJ("valueFrom", 3, EnvVarSource, DOC("Where the value comes from.")),
};
SCHEMA(EnvVar, "io.k8s.api.core.v1.EnvVar", .validate = kl_check_EnvVar);

static const struct kl_field fields_EnvVarSource[] = {
	OBJ("configMapKeyRef", 3, ConfigMapKeySelector, DOC("A key of a ConfigMap.")),
	OBJ("fieldRef", 1, ObjectFieldSelector,
		DOC("A field of the pod: metadata.name, metadata.labels['k'], spec.nodeName, status.podIP and some "
		    "more.")),
	OBJ("resourceFieldRef", 2, ResourceFieldSelector, DOC("A limit or request of a container.")),
	OBJ("secretKeyRef", 4, SecretKeySelector, DOC("A key of a Secret.")),
};
SCHEMA(EnvVarSource, "io.k8s.api.core.v1.EnvVarSource", .validate = kl_check_EnvVarSource);

static const struct kl_field fields_EphemeralContainer[] = {
	LIST_STR("args", INLINE(1, 4),
		DOC("Arguments of the entrypoint instead of the image's CMD; $(NAME) is replaced from the "
		    "environment.")),
	LIST_STR("command", INLINE(1, 3),
		DOC("The entrypoint instead of the image's; not run in a shell. $(NAME) is replaced from the "
		    "environment.")),
	LIST_OBJ("env", INLINE(1, 7), EnvVar, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name"),
		DOC("Environment variables; of equal names the last one counts.")),
	LIST_OBJ("envFrom", INLINE(1, 19), EnvFromSource,
		DOC("ConfigMaps and Secrets whose keys become environment variables; env goes before them.")),
	STR("image", INLINE(1, 2), FLAGS(KL_OMIT_ZERO),
		DOC("The image, such as nginx:1.14 or registry/name@sha256:….")),
	STR("imagePullPolicy", INLINE(1, 14), FLAGS(KL_OMIT_ZERO), CHOICES("Always|IfNotPresent|Never"),
		DOC("Always, IfNotPresent or Never; Always where the tag is latest or missing.")),
	OBJ("lifecycle", INLINE(1, 12), Lifecycle,
		DOC("What is done after the start and before the end of the container.")),
	OBJ("livenessProbe", INLINE(1, 10), Probe, DOC("Tells whether the container lives; it is restarted when not.")),
	STR("name", INLINE(1, 1), FLAGS(KL_REQUIRED), DOC("Its name.")),
	LIST_OBJ("ports", INLINE(1, 6), ContainerPort, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("containerPort,protocol"),
		DOC("The ports.")),
	OBJ("readinessProbe", INLINE(1, 11), Probe,
		DOC("Tells whether the container takes traffic; it leaves its Services' endpoints when not.")),
	LIST_OBJ("resizePolicy", INLINE(1, 23), ContainerResizePolicy,
		DOC("Whether the container restarts when its resources change.")),
	OBJ("resources", INLINE(1, 8), ResourceRequirements, FLAGS(KL_ALWAYS), DOC("What it needs and may use.")),
	STR("restartPolicy", INLINE(1, 24), FLAGS(KL_OMIT_ZERO), DOC("May not be set here.")),
	OBJ("securityContext", INLINE(1, 15), SecurityContext, DOC("Users, groups, capabilities and the like.")),
	OBJ("startupProbe", INLINE(1, 22), Probe,
		DOC("Tells whether the container has come up; the other probes wait for it.")),
	BOOL("stdin", INLINE(1, 16), FLAGS(KL_OMIT_ZERO), DOC("Whether the container has an input.")),
	BOOL("stdinOnce", INLINE(1, 17), FLAGS(KL_OMIT_ZERO),
		DOC("Whether the input is closed after the first client.")),
	STR("targetContainerName", 2, FLAGS(KL_OMIT_ZERO), DOC("The container whose namespaces it joins.")),
	STR("terminationMessagePath", INLINE(1, 13), FLAGS(KL_OMIT_ZERO), DEF("\"/dev/termination-log\""),
		DOC("The file in which the container may leave its last words.")),
	STR("terminationMessagePolicy", INLINE(1, 20), FLAGS(KL_OMIT_ZERO), DEF("\"File\""),
		CHOICES("FallbackToLogsOnError|File"), DOC("File, or FallbackToLogsOnError.")),
	BOOL("tty", INLINE(1, 18), FLAGS(KL_OMIT_ZERO), DOC("Whether the container has a terminal.")),
	LIST_OBJ("volumeDevices", INLINE(1, 21), VolumeDevice, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("devicePath"),
		DOC("Block devices in the container.")),
	LIST_OBJ("volumeMounts", INLINE(1, 9), VolumeMount, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("mountPath"),
		DOC("Volumes in the container's filesystem.")),
	STR("workingDir", INLINE(1, 5), FLAGS(KL_OMIT_ZERO),
		DOC("The working directory, where it is not the image's.")),
};
SCHEMA(EphemeralContainer, "io.k8s.api.core.v1.EphemeralContainer", .defaults = kl_default_EphemeralContainer,
	.validate = kl_check_EphemeralContainer);

static const struct kl_field fields_ExecAction[] = {
	LIST_STR("command", 1,
		DOC("The entrypoint instead of the image's; not run in a shell. $(NAME) is replaced from the "
		    "environment.")),
};
SCHEMA(ExecAction, "io.k8s.api.core.v1.ExecAction", .doc = NULL);

static const struct kl_field fields_GRPCAction[] = {
	I32("port", 1, FLAGS(KL_REQUIRED | KL_PORT), DOC("The port, by number or by name.")),
	STR("service", 2, DEF("\"\""), DOC("The name that is asked about in the health request.")),
};
SCHEMA(GRPCAction, "io.k8s.api.core.v1.GRPCAction", .doc = NULL);

static const struct kl_field fields_HTTPGetAction[] = {
	STR("host", 3, FLAGS(KL_OMIT_ZERO), DOC("The host that is connected to; the pod's address unless given.")),
	LIST_OBJ("httpHeaders", 5, HTTPHeader, DOC("Headers of the request.")),
	STR("path", 1, FLAGS(KL_OMIT_ZERO), DEF("\"/\""), DOC("The path that is asked for.")),
	INT_OR_STR("port", 2, FLAGS(KL_REQUIRED), DOC("The port, by number or by name.")),
	STR("scheme", 4, FLAGS(KL_OMIT_ZERO), DEF("\"HTTP\""), CHOICES("HTTP|HTTPS"), DOC("HTTP or HTTPS.")),
};
SCHEMA(HTTPGetAction, "io.k8s.api.core.v1.HTTPGetAction", .doc = NULL);

static const struct kl_field fields_HTTPHeader[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	STR("value", 2, FLAGS(KL_REQUIRED), DOC("The value of the header.")),
};
SCHEMA(HTTPHeader, "io.k8s.api.core.v1.HTTPHeader", .doc = NULL);

static const struct kl_field fields_Lifecycle[] = {
	OBJ("postStart", 1, LifecycleHandler,
		DOC("Done right after the container's start; a failure ends the container.")),
	OBJ("preStop", 2, LifecycleHandler, DOC("Done before the container is told to end, within the grace period.")),
	STR("stopSignal", 3, FLAGS(KL_OMIT_ZERO), DOC("The signal that tells the container to end.")),
};
SCHEMA(Lifecycle, "io.k8s.api.core.v1.Lifecycle", .doc = NULL);

static const struct kl_field fields_LifecycleHandler[] = {
	OBJ("exec", 1, ExecAction, DOC("Runs a command in the container; exit code 0 is success.")),
	OBJ("httpGet", 2, HTTPGetAction, DOC("Sends an HTTP GET; 200 to 399 is success.")),
	OBJ("sleep", 4, SleepAction, DOC("Waits for so many seconds.")),
	OBJ("tcpSocket", 3, TCPSocketAction, DOC("Opens a connection.")),
};
SCHEMA(LifecycleHandler, "io.k8s.api.core.v1.LifecycleHandler", .validate = kl_check_LifecycleHandler);

static const struct kl_field fields_LinuxContainerUser[] = {
	I64("gid", 2, FLAGS(KL_REQUIRED), DOC("The group of the first process.")),
	LIST_I64("supplementalGroups", 3, DOC("The groups that the first process has besides.")),
	I64("uid", 1, FLAGS(KL_REQUIRED), DOC("The unique identifier of the object, never used again.")),
};
SCHEMA(LinuxContainerUser, "io.k8s.api.core.v1.LinuxContainerUser", .doc = NULL);

static const struct kl_field fields_ObjectFieldSelector[] = {
	STR("apiVersion", 1, FLAGS(KL_OMIT_ZERO), DEF("\"v1\""),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("fieldPath", 2, FLAGS(KL_REQUIRED), DOC("The field, as a path.")),
};
SCHEMA(ObjectFieldSelector, "io.k8s.api.core.v1.ObjectFieldSelector", .atomic = true);

static const struct kl_field fields_Probe[] = {
	OBJ("exec", INLINE(1, 1), ExecAction, DOC("Runs a command in the container; exit code 0 is success.")),
	I32("failureThreshold", 6, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE), DEF("3"),
		DOC("Failures in a row before the probe counts as failed.")),
	OBJ("grpc", INLINE(1, 4), GRPCAction, DOC("Calls the gRPC health service.")),
	OBJ("httpGet", INLINE(1, 2), HTTPGetAction, DOC("Sends an HTTP GET; 200 to 399 is success.")),
	I32("initialDelaySeconds", 2, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE),
		DOC("Seconds between the container's start and the first probe.")),
	I32("periodSeconds", 4, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE), DEF("10"),
		DOC("Seconds from one probe to the next.")),
	I32("successThreshold", 5, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE), DEF("1"),
		DOC("Successes in a row before the probe counts as passed.")),
	OBJ("tcpSocket", INLINE(1, 3), TCPSocketAction, DOC("Opens a connection.")),
	I64("terminationGracePeriodSeconds", 7, DOC("Seconds between the request to end and the kill.")),
	I32("timeoutSeconds", 3, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE), DEF("1"),
		DOC("Seconds after which the probe has failed.")),
};
SCHEMA(Probe, "io.k8s.api.core.v1.Probe", .validate = kl_check_Probe, DOC("A check of a container's health."));

static const struct kl_field fields_ResourceClaim[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	STR("request", 2, FLAGS(KL_OMIT_ZERO), DOC("One request of the claim.")),
};
SCHEMA(ResourceClaim, "io.k8s.api.core.v1.ResourceClaim", .doc = NULL);

static const struct kl_field fields_ResourceFieldSelector[] = {
	STR("containerName", 1, FLAGS(KL_OMIT_ZERO), DOC("The container that is meant.")),
	QUANTITY("divisor", 3, DOC("The unit that the value is given in; 1 unless set.")),
	STR("resource", 2, FLAGS(KL_REQUIRED), DOC("Which value: limits.cpu, requests.memory and so on.")),
};
SCHEMA(ResourceFieldSelector, "io.k8s.api.core.v1.ResourceFieldSelector", .atomic = true);

static const struct kl_field fields_ResourceHealth[] = {
	STR("health", 2, FLAGS(KL_OMIT_ZERO), DOC("Whether it works.")),
	STR("resourceID", 1, FLAGS(KL_REQUIRED), DOC("Which device.")),
};
SCHEMA(ResourceHealth, "io.k8s.api.core.v1.ResourceHealth", .doc = NULL);

static const struct kl_field fields_ResourceRequirements[] = {
	LIST_OBJ("claims", 3, ResourceClaim, FLAGS(KL_LIST_MAP), KEYS("name"),
		DOC("Resource claims of the pod that this container uses.")),
	MAP_QUANTITY("limits", 1, DOC("The most it may use.")),
	MAP_QUANTITY("requests", 2, DOC("The least it needs; what the scheduler counts with.")),
};
SCHEMA(ResourceRequirements, "io.k8s.api.core.v1.ResourceRequirements", DOC("What a container needs and may use."));

static const struct kl_field fields_ResourceStatus[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	LIST_OBJ("resources", 2, ResourceHealth, FLAGS(KL_LIST_MAP), KEYS("resourceID"),
		DOC("What it needs and may use.")),
};
SCHEMA(ResourceStatus, "io.k8s.api.core.v1.ResourceStatus", .doc = NULL);

static const struct kl_field fields_SELinuxOptions[] = {
	STR("level", 4, FLAGS(KL_OMIT_ZERO), DOC("The SELinux level.")),
	STR("role", 2, FLAGS(KL_OMIT_ZERO), DOC("The SELinux role.")),
	STR("type", 3, FLAGS(KL_OMIT_ZERO), DOC("Which type.")),
	STR("user", 1, FLAGS(KL_OMIT_ZERO), DOC("The user.")),
};
SCHEMA(SELinuxOptions, "io.k8s.api.core.v1.SELinuxOptions", .doc = NULL);

static const struct kl_field fields_SeccompProfile[] = {
	STR("localhostProfile", 2, FLAGS(KL_OMIT_ZERO), DOC("The profile's file on the node, or its name.")),
	STR("type", 1, FLAGS(KL_REQUIRED), CHOICES("Localhost|RuntimeDefault|Unconfined"), DOC("Which type.")),
};
SCHEMA(SeccompProfile, "io.k8s.api.core.v1.SeccompProfile", .doc = NULL);

static const struct kl_field fields_SecretEnvSource[] = {
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	BOOL("optional", 2, DOC("Whether it may be missing.")),
};
SCHEMA(SecretEnvSource, "io.k8s.api.core.v1.SecretEnvSource", .doc = NULL);

static const struct kl_field fields_SecretKeySelector[] = {
	STR("key", 2, FLAGS(KL_REQUIRED), DOC("The key.")),
	STR("name", INLINE(1, 1), FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	BOOL("optional", 3, DOC("Whether it may be missing.")),
};
SCHEMA(SecretKeySelector, "io.k8s.api.core.v1.SecretKeySelector", .atomic = true);

static const struct kl_field fields_SecurityContext[] = {
	BOOL("allowPrivilegeEscalation", 7,
		DOC("Whether a process may gain more privileges than its parent has (no_new_privs turned off).")),
	OBJ("appArmorProfile", 12, AppArmorProfile, DOC("The AppArmor profile that confines the processes.")),
	OBJ("capabilities", 1, Capabilities, DOC("Linux capabilities to give and to take away.")),
	BOOL("privileged", 2, DOC("Whether the container may do what root of the node may.")),
	STR("procMount", 9, DOC("How /proc is masked.")),
	BOOL("readOnlyRootFilesystem", 6, DOC("Whether the container's root cannot be written.")),
	I64("runAsGroup", 8, DOC("The group of the first process.")),
	BOOL("runAsNonRoot", 5, DOC("Whether it must not be root.")),
	I64("runAsUser", 4, DOC("The user of the first process.")),
	OBJ("seLinuxOptions", 3, SELinuxOptions, DOC("The SELinux label.")),
	OBJ("seccompProfile", 11, SeccompProfile, DOC("The filter of system calls.")),
	OBJ("windowsOptions", 10, WindowsSecurityContextOptions, DOC("Settings for Windows.")),
};
SCHEMA(SecurityContext, "io.k8s.api.core.v1.SecurityContext", .validate = kl_check_SecurityContext);

static const struct kl_field fields_SleepAction[] = {
	I64("seconds", 1, FLAGS(KL_REQUIRED), DOC("How many seconds.")),
};
SCHEMA(SleepAction, "io.k8s.api.core.v1.SleepAction", .doc = NULL);

static const struct kl_field fields_TCPSocketAction[] = {
	STR("host", 2, FLAGS(KL_OMIT_ZERO), DOC("The host that is connected to; the pod's address unless given.")),
	INT_OR_STR("port", 1, FLAGS(KL_REQUIRED), DOC("The port, by number or by name.")),
};
SCHEMA(TCPSocketAction, "io.k8s.api.core.v1.TCPSocketAction", .doc = NULL);

static const struct kl_field fields_VolumeDevice[] = {
	STR("devicePath", 2, FLAGS(KL_REQUIRED), DOC("The path of the device inside the container.")),
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
};
SCHEMA(VolumeDevice, "io.k8s.api.core.v1.VolumeDevice", .doc = NULL);

static const struct kl_field fields_VolumeMount[] = {
	STR("mountPath", 3, FLAGS(KL_REQUIRED), DOC("Where it is mounted in the container.")),
	STR("mountPropagation", 5, CHOICES("Bidirectional|HostToContainer|None"),
		DOC("Whether mounts made later are passed on: None, HostToContainer or Bidirectional.")),
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	BOOL("readOnly", 2, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	STR("recursiveReadOnly", 7, DOC("Whether mounts below are read-only, too.")),
	STR("subPath", 4, FLAGS(KL_OMIT_ZERO), DOC("A path inside the volume that is mounted instead of its root.")),
	STR("subPathExpr", 6, FLAGS(KL_OMIT_ZERO), DOC("The same, with $(NAME) replaced from the environment.")),
};
SCHEMA(VolumeMount, "io.k8s.api.core.v1.VolumeMount", .validate = kl_check_VolumeMount);

static const struct kl_field fields_VolumeMountStatus[] = {
	STR("mountPath", 2, FLAGS(KL_REQUIRED), DOC("Where it is mounted in the container.")),
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	BOOL("readOnly", 3, FLAGS(KL_OMIT_ZERO), DOC("Whether it cannot be written.")),
	STR("recursiveReadOnly", 4, DOC("Whether mounts below are read-only, too.")),
};
SCHEMA(VolumeMountStatus, "io.k8s.api.core.v1.VolumeMountStatus", .doc = NULL);

static const struct kl_field fields_WindowsSecurityContextOptions[] = {
	STR("gmsaCredentialSpec", 2, DOC("The credential spec of a Windows group account.")),
	STR("gmsaCredentialSpecName", 1, FLAGS(KL_OMIT_ZERO), DOC("The name of the credential spec.")),
	BOOL("hostProcess", 4, DOC("Whether the container is a process of the Windows host.")),
	STR("runAsUserName", 3, FLAGS(KL_OMIT_ZERO), DOC("The Windows user.")),
};
SCHEMA(WindowsSecurityContextOptions, "io.k8s.api.core.v1.WindowsSecurityContextOptions", .doc = NULL);
