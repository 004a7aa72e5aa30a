/* Objects that break a rule of their kind: which field, which reason, in which words. */
#include "api_helpers.h"

#include "testlib.h"

#include <stdlib.h>
#include <string.h>

#define OBJ(version, kind, rest) "{apiVersion: " version ", kind: " kind ", metadata: {name: x}, " rest "}"
#define POD(spec)		 OBJ("v1", "Pod", "spec: {" spec ", containers: [{name: c, image: x}]}")
#define ONE(fields)		 OBJ("v1", "Pod", "spec: {containers: [{name: c, image: x, " fields "}]}")
#define LIMITS(item)		 OBJ("v1", "LimitRange", "spec: {limits: [{" item "}]}")
#define QUOTA(spec)		 OBJ("v1", "ResourceQuota", "spec: {" spec "}")
#define HPA(metric)                                                                                                    \
	OBJ("autoscaling/v2", "HorizontalPodAutoscaler",                                                               \
		"spec: {maxReplicas: 3, scaleTargetRef: {kind: D, name: d}, metrics: [{" metric "}]}")
#define RBAC(kind, rest) OBJ("rbac.authorization.k8s.io/v1", kind, rest)
#define ROLE_REF(role)	 "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: " role ", name: r}"
#define SLICE(rest)	 OBJ("discovery.k8s.io/v1", "EndpointSlice", "addressType: IPv4, " rest)
#define SUBSET(rest)	 OBJ("v1", "Endpoints", "subsets: [{" rest "}]")
#define CRON(spec)                                                                                                     \
	OBJ("batch/v1", "CronJob",                                                                                     \
		"spec: {jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}}}, " spec "}")

/* What stands behind `is invalid: `; NULL: the object is good. */
static const struct {
	const char *object, *why;
} cases[] = {
	{LIMITS("type: Container, max: {cpu: 2}, min: {cpu: 1}, default: {cpu: 2}, defaultRequest: {cpu: 1500m}"), NULL},
	{LIMITS("type: Container, max: {cpu: 1}, min: {cpu: 2}"), "spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1"},
	{LIMITS("type: Container, max: {cpu: 1}, default: {cpu: 2}"),
		"spec.limits[0].default[cpu]: Invalid value: \"2\": default value 2 is greater than max value 1"},
	{LIMITS("type: Pod, default: {cpu: 1}"), "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"},
	{LIMITS("type: PersistentVolumeClaim"), "spec.limits[0]: Required value: either minimum or maximum storage value is required"},
	{LIMITS("type: Pod, max: {cpu: 1}}, {type: Pod, max: {cpu: 1}"), "spec.limits[1].type: Duplicate value: \"Pod\""},
	{QUOTA("hard: {pods: 3, requests.nvidia.com/gpu: 1, count/deployments.apps: 2}, scopes: [BestEffort]"), NULL},
	{QUOTA("hard: {pods: -1}"), "spec.hard[pods]: Invalid value: \"-1\": must be greater than or equal to 0"},
	{QUOTA("hard: {foo: 1}"), "spec.hard[foo]: Invalid value: \"foo\": must be a standard resource for quota"},
	{QUOTA("scopes: [Foo]"), "spec.scopes: Invalid value: [\"Foo\"]: unsupported scope"},
	{HPA("type: Resource"), "spec.metrics[0].resource: Required value: must populate information for the given metric source"},
	{HPA("type: Resource, resource: {name: cpu, target: {type: Utilization}}"),
		"spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization"},
	{HPA("type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}"), NULL},
	{OBJ("scheduling.k8s.io/v1", "PriorityClass", "value: 1000000001"),
		"value: Forbidden: maximum allowed value of a user defined priority is 1000000000"},
	{"{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: system-x}, value: 2}",
		"metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only"},
	{OBJ("node.k8s.io/v1", "RuntimeClass", "handler: A_b"), "handler: Invalid value: \"A_b\": a lowercase RFC 1123 label must"},
	{OBJ("networking.k8s.io/v1", "IngressClass", "spec: {}"), "spec.controller: Required value"},
	{OBJ("networking.k8s.io/v1", "IngressClass", "spec: {controller: x}"),
		"spec.controller: Invalid value: \"x\": must be a domain-prefixed path (such as \"acme.io/foo\")"},
	{OBJ("storage.k8s.io/v1", "CSIDriver", "spec: {volumeLifecycleModes: [Foo]}"),
		"spec.volumeLifecycleModes[0]: Unsupported value: \"Foo\": supported values: \"Ephemeral\", \"Persistent\""},
	{OBJ("storage.k8s.io/v1", "VolumeAttachment", "spec: {attacher: a, nodeName: n1, source: {}}"),
		"spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"},
	{OBJ("networking.k8s.io/v1", "ServiceCIDR", "spec: {cidrs: [10.0.0.1/8]}"), "spec.cidrs[0]: Invalid value: \"10.0.0.1/8\": must be a valid CIDR"},
	{OBJ("networking.k8s.io/v1", "ServiceCIDR", "spec: {cidrs: [10.0.0.0/8, 'fd00::/108']}"), NULL},
	{SUBSET("addresses: [{ip: 10.0.0.1}], ports: [{port: 80}]"), NULL},
	{SUBSET("addresses: [{ip: foo}], ports: [{port: 80}]"), "subsets[0].addresses[0].ip: Invalid value: \"foo\": must be a valid IP address"},
	{SUBSET("addresses: [{ip: 127.0.0.1}], ports: [{port: 80}]"),
		"subsets[0].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"},
	{SUBSET("addresses: [{ip: 10.0.0.1}], ports: [{name: a, port: 80}, {port: 81}]"), "subsets[0].ports[1].name: Required value"},
	{SUBSET("ports: [{port: 80}]"), "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"},
	{SLICE("endpoints: [{addresses: [10.0.0.1]}], ports: [{port: 80}]"), NULL},
	{SLICE("endpoints: [{addresses: ['fd00::1']}]"), "endpoints[0].addresses[0]: Invalid value: \"fd00::1\": must be a valid IPv4 address"},
	{SLICE("endpoints: [{addresses: [169.254.1.1]}]"), "endpoints[0].addresses[0]: Invalid value: \"169.254.1.1\": may not be in the link-local"},
	{SLICE("endpoints: [], ports: [{name: a, port: 1}, {name: a, port: 2}]"), "ports[1].name: Duplicate value: \"a\""},
	{RBAC("Role", "rules: [{verbs: [get], nonResourceURLs: [/x]}]"),
		"rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs"},
	{RBAC("RoleBinding", ROLE_REF("Foo")), "roleRef.kind: Unsupported value: \"Foo\": supported values: \"ClusterRole\", \"Role\""},
	{RBAC("ClusterRoleBinding", ROLE_REF("Role")), "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\""},
	{RBAC("RoleBinding", ROLE_REF("Role") ", subjects: [{kind: ServiceAccount, name: s}]"), "subjects[0].namespace: Required value"},
	{RBAC("RoleBinding", ROLE_REF("Role") ", subjects: [{kind: Foo, name: s}]"),
		"subjects[0].kind: Unsupported value: \"Foo\": supported values: \"Group\", \"ServiceAccount\", \"User\""},
	{CRON("schedule: '*/5 * * * *', timeZone: Etc/UTC"), NULL},
	{CRON("schedule: x"), "spec.schedule: Invalid value: \"x\": expected exactly 5 fields, found 1: [x]"},
	{CRON("schedule: '* * * * *', timeZone: ../x"), "spec.timeZone: Invalid value: \"../x\": unknown time zone ../x"},
	{"{apiVersion: batch/v1, kind: CronJob, metadata: {name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}, spec: {schedule: '* * * * "
	 "*', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}}}}}",
		"metadata.name: Invalid value: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": must be no more than 52 characters"},
	{OBJ("policy/v1", "PodDisruptionBudget", "spec: {minAvailable: 120%}"),
		"spec.minAvailable: Invalid value: \"120%\": must not be greater than 100%"},
	{OBJ("apps/v1", "ControllerRevision", "revision: -1, data: {}"), "revision: Invalid value: -1: must be greater than or equal to 0"},
	{OBJ("v1", "PersistentVolume", "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /../x}}"),
		"spec.hostPath.path: Invalid value: \"/../x\": must not contain '..'"},
	{OBJ("v1", "PersistentVolume", "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /a..b}}"), NULL},
	{ONE("env: [{name: a, valueFrom: {fieldRef: {fieldPath: foo}}}]"),
		"spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"foo\": error converting fieldPath: field label not "
		"supported: foo"},
	{ONE("env: [{name: a, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['app']\"}}}]"), NULL},
	{OBJ("v1", "Pod", "spec: {hostNetwork: true, containers: [{name: c, image: x, ports: [{containerPort: 80, hostPort: 81}]}]}"),
		"spec.containers[0].ports[0].containerPort: Invalid value: 80: must match `hostPort` when `hostNetwork` is true"},
	{POD("dnsPolicy: None"), "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"},
	{POD("dnsPolicy: None, dnsConfig: {nameservers: [10.0.0.1]}"), NULL},
	{POD("securityContext: {runAsUser: -1}"), "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"},
	{ONE("securityContext: {runAsGroup: -1}"),
		"spec.containers[0].securityContext.runAsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive"},
	{ONE("securityContext: {allowPrivilegeEscalation: false, privileged: true}"),
		"spec.containers[0].securityContext: Invalid value: {\"allowPrivilegeEscalation\":false,\"privileged\":true}: cannot set "
		"`allowPrivilegeEscalation` to false and `privileged` to true"},
	{POD("securityContext: {sysctls: [{name: net.core.somaxconn, value: '5'}]}"), NULL},
	{POD("securityContext: {sysctls: [{name: a b, value: c}]}"), "spec.securityContext.sysctls[0].name: Invalid value: \"a b\": must have at most"},
	{POD("volumes: [{name: v, projected: {sources: [{serviceAccountToken: {expirationSeconds: 5, path: x}}]}}]"),
		"spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less "
		"than 10 minutes"},
	{POD("ephemeralContainers: [{name: e, image: z}]"), "spec.ephemeralContainers: Forbidden: cannot be set on create"},
	{POD("initContainers: [{name: i, image: z, livenessProbe: {exec: {command: [a]}}}]"),
		"spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"},
	{POD("initContainers: [{name: i, image: z, restartPolicy: Always, livenessProbe: {exec: {command: [a]}}}]"), NULL},
	{ONE("volumeDevices: [{name: v, devicePath: /d}]"), "spec.containers[0].volumeDevices[0].name: Not found: \"v\""},
};

KL_TEST(rules_of_each_kind)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autofree char *message = NULL;
		kl_autojson *object = create(cases[i].object, KL_VALIDATE_STRICT, &message);
		const char *why = strstr(message, " is invalid: "), *want = cases[i].why;
		bool right = want ? !object && why && !strncmp(why + 13, want, strlen(want)) : object != NULL;
		if (!right)
			kl_test_failed(__FILE__, __LINE__, "%s\n  got  %s\n  want %s", cases[i].object, message, want ? want : "(good)");
	}
}

KL_MAIN()
