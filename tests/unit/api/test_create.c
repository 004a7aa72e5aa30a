#include "api_helpers.h"

#include "testlib.h"

#include <stdlib.h>
#include <string.h>

#define POD(spec)   "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: " spec
#define ONE(fields) POD("{containers: [{name: c, image: nginx" fields "}]}")
#define DEPLOY(spec)                                                                                                   \
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {a: b}}, template: "  \
	"{metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x}]}}" spec "}"
#define SVC(spec) "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {" spec "}"

/* A path into the created object ("a.b.0.c") and the value there as JSON; NULL: absent. */
static const struct {
	const char *yaml, *path, *want;
} defaults[] = {
	{ONE(""), "spec.restartPolicy", "\"Always\""}, {ONE(""), "spec.dnsPolicy", "\"ClusterFirst\""},
	{ONE(""), "spec.terminationGracePeriodSeconds", "30"}, {ONE(""), "spec.schedulerName", "\"default-scheduler\""},
	{ONE(""), "spec.securityContext", "{}"}, {ONE(""), "spec.containers.0.imagePullPolicy", "\"Always\""},
	{ONE(":1.14"), "spec.containers.0.imagePullPolicy", "\"IfNotPresent\""},
	{ONE(":latest"), "spec.containers.0.imagePullPolicy", "\"Always\""},
	{POD("{containers: [{name: c, image: 'r:5000/x'}]}"), "spec.containers.0.imagePullPolicy", "\"Always\""},
	{POD("{containers: [{name: c, image: 'r:5000/x@sha256:00'}]}"), "spec.containers.0.imagePullPolicy", "\"IfNotPresent\""},
	{ONE(""), "spec.containers.0.terminationMessagePath", "\"/dev/termination-log\""},
	{ONE(""), "spec.containers.0.terminationMessagePolicy", "\"File\""}, {ONE(""), "spec.containers.0.resources", "{}"},
	{ONE(""), "spec.enableServiceLinks", "true"},
	{ONE(""), "status.phase", "\"Pending\""}, {ONE(""), "status.qosClass", "\"BestEffort\""},
	{ONE(", resources: {limits: {cpu: 1, memory: 1024Mi}}"), "status.qosClass", "\"Guaranteed\""},
	{ONE(", resources: {limits: {cpu: 1, memory: 1024Mi}}"), "spec.containers.0.resources.requests.memory", "\"1Gi\""},
	{ONE(", resources: {requests: {cpu: 0.5}}"), "status.qosClass", "\"Burstable\""},
	{ONE(", resources: {limits: {cpu: 1.5, memory: 1Gi}, requests: {cpu: 1500m, memory: 1024Mi}}"), "status.qosClass",
		"\"Guaranteed\""},
	{ONE(", resources: {requests: {cpu: 0.5}}"), "spec.containers.0.resources.requests.cpu", "\"500m\""},
	{ONE(", ports: [{containerPort: 80}]"), "spec.containers.0.ports.0.protocol", "\"TCP\""},
	{ONE(", readinessProbe: {httpGet: {port: 80}}"), "spec.containers.0.readinessProbe.timeoutSeconds", "1"},
	{ONE(", readinessProbe: {httpGet: {port: 80}}"), "spec.containers.0.readinessProbe.periodSeconds", "10"},
	{ONE(", readinessProbe: {httpGet: {port: 80}}"), "spec.containers.0.readinessProbe.failureThreshold", "3"},
	{ONE(", readinessProbe: {httpGet: {port: 80}}"), "spec.containers.0.readinessProbe.httpGet.scheme", "\"HTTP\""},
	{ONE(", readinessProbe: {httpGet: {port: 80}}"), "spec.containers.0.readinessProbe.initialDelaySeconds", NULL},
	{ONE(", stdin: false, command: [], env: [{name: A, value: ''}]"), "spec.containers.0.env.0.value", NULL},
	{ONE(", stdin: false, command: []"), "spec.containers.0.stdin", NULL},
	{ONE(", stdin: false, command: []"), "spec.containers.0.command", NULL},
	{ONE(", securityContext: {privileged: false, runAsUser: 0}"), "spec.containers.0.securityContext.privileged", "false"},
	{ONE(", securityContext: {privileged: false, runAsUser: 0}"), "spec.containers.0.securityContext.runAsUser", "0"},
	{POD("{hostNetwork: true, containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}"),
		"spec.containers.0.ports.0.hostPort", "80"},
	{POD("{volumes: [{name: v}], containers: [{name: c, image: x}]}"), "spec.volumes.0.emptyDir", "{}"},
	{POD("{volumes: [{name: v, configMap: {name: m}}], containers: [{name: c, image: x}]}"),
		"spec.volumes.0.configMap.defaultMode", "420"},
	{ONE(""), "metadata.creationTimestamp", "\"2025-11-20T10:30:35Z\""}, {ONE(""), "metadata.namespace", "\"default\""},
	{DEPLOY(""), "spec.replicas", "1"}, {DEPLOY(", replicas: 0"), "spec.replicas", "0"},
	{DEPLOY(""), "spec.revisionHistoryLimit", "10"}, {DEPLOY(""), "spec.progressDeadlineSeconds", "600"},
	{DEPLOY(""), "spec.strategy.rollingUpdate.maxSurge", "\"25%\""},
	{DEPLOY(", strategy: {}"), "spec.strategy.type", "\"RollingUpdate\""},
	{DEPLOY(", strategy: {type: Recreate}"), "spec.strategy.rollingUpdate", NULL},
	{DEPLOY(", strategy: {rollingUpdate: {maxSurge: 1}}"), "spec.strategy.rollingUpdate.maxSurge", "1"},
	{DEPLOY(""), "metadata.generation", "1"}, {DEPLOY(""), "status", "{}"},
	{DEPLOY(""), "spec.template.spec.enableServiceLinks", NULL}, {DEPLOY(""), "spec.template.spec.restartPolicy", "\"Always\""},
	{SVC("ports: [{port: 80}]"), "spec.type", "\"ClusterIP\""}, {SVC("ports: [{port: 80}]"), "spec.ports.0.targetPort", "80"},
	{SVC("ports: [{port: 80}]"), "spec.sessionAffinity", "\"None\""},
	{SVC("ports: [{port: 80}]"), "spec.internalTrafficPolicy", "\"Cluster\""},
	{SVC("ports: [{port: 80}]"), "spec.externalTrafficPolicy", NULL},
	{SVC("type: NodePort, ports: [{port: 80}]"), "spec.externalTrafficPolicy", "\"Cluster\""},
	{SVC("type: LoadBalancer, ports: [{port: 80}]"), "spec.allocateLoadBalancerNodePorts", "true"},
	{SVC("sessionAffinity: ClientIP, ports: [{port: 80}]"), "spec.sessionAffinityConfig.clientIP.timeoutSeconds", "10800"},
	{SVC("ports: [{port: 80}]"), "status.loadBalancer", "{}"},
	{"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: hello}", "data.a", "\"aGVsbG8=\""},
	{"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: hello}", "stringData", NULL},
	{"apiVersion: v1\nkind: Secret\nmetadata: {name: s}", "type", "\"Opaque\""},
	{"apiVersion: v1\nkind: Namespace\nmetadata: {name: nn}", "spec.finalizers", "[\"kubernetes\"]"},
	{"apiVersion: v1\nkind: Namespace\nmetadata: {name: nn}", "status.phase", "\"Active\""},
	{"apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: c, "
	 "image: x}]}}}", "spec.backoffLimit", "6"},
	{"apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: c, "
	 "image: x}]}}}", "spec.completions", "1"},
	{"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\nspec: {schedule: '* * * * *', jobTemplate: {spec: {template: {spec: "
	 "{restartPolicy: Never, containers: [{name: c, image: x}]}}}}}", "spec.concurrencyPolicy", "\"Allow\""},
	{"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: nn}\nspec: {podSelector: {}, egress: [{}]}",
		"spec.policyTypes", "[\"Ingress\",\"Egress\"]"},
	{"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: nn}\nroleRef: {kind: Role, name: r}\n"
	 "subjects: [{kind: User, name: u}]", "subjects.0.apiGroup", "\"rbac.authorization.k8s.io\""},
	{"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: nn}\nspec: {storageClassName: '', accessModes: [ReadWriteOnce], "
	 "resources: {requests: {storage: 1Gi}}}", "spec.storageClassName", "\"\""},
	{"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: nn}\nspec: {accessModes: [ReadWriteOnce], "
	 "resources: {requests: {storage: 1Gi}}}", "spec.volumeMode", "\"Filesystem\""},
};

static const json_t *at_path(const json_t *json, const char *path)
{
	while (json && *path) {
		size_t len = strcspn(path, ".");
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(path)) : json_object_getn(json, path, len);
		path += len + (path[len] == '.');
	}
	return json;
}

KL_TEST(objects_are_defaulted)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(defaults); i++) {
		kl_autofree char *message = NULL;
		kl_autojson *object = create(defaults[i].yaml, KL_VALIDATE_STRICT, &message);
		const json_t *value = at_path(object, defaults[i].path);
		kl_autofree char *text = value ? sorted(value) : NULL;
		const char *want = defaults[i].want;
		if (!object || !!text != !!want || (want && strcmp(text, want)))
			kl_test_failed(__FILE__, __LINE__, "%s\n  %s is %s, want %s (%s)", defaults[i].yaml, defaults[i].path,
				text ? text : "absent", want ? want : "absent", message);
	}
}

#define INVALID "422 Invalid "
#define BAD	"400 BadRequest "

static const struct {
	const char *yaml, *message; /* the message, or its beginning where it ends in '…' */
} failures[] = {
	{DEPLOY(", replicas: -1"), INVALID "Deployment.apps \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater "
			   "than or equal to 0"},
	{DEPLOY(", replicas: a"), BAD "Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal string "
			  "into Go struct field DeploymentSpec.spec.replicas of type int32"},
	{DEPLOY(", foo: 1, strategy: {bar: 2}"), BAD "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding "
					 "error: unknown field \"spec.foo\", unknown field \"spec.strategy.bar\""},
	{DEPLOY(", strategy: {type: Foo}"), INVALID "Deployment.apps \"web\" is invalid: spec.strategy.type: Unsupported value: \"Foo\": "
				    "supported values: \"Recreate\", \"RollingUpdate\""},
	{DEPLOY(", strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}"),
		INVALID "Deployment.apps \"web\" is invalid: spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 "
			"when `maxSurge` is 0"},
	{"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {metadata: {labels: {a: b}}, spec: {containers: "
	 "[{name: c, image: x}]}}}", INVALID "Deployment.apps \"web\" is invalid: spec.selector: Required value"},
	{"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {a: x}}, template: {metadata: "
	 "{labels: {a: b}}, spec: {containers: [{name: c, image: x}]}}}",
		INVALID "Deployment.apps \"web\" is invalid: spec.template.metadata.labels: Invalid value: map[string]string{\"a\":\"b\"}: `selector` does "
			"not match template `labels`"},
	{POD("{}"), INVALID "Pod \"p\" is invalid: spec.containers: Required value"},
	{POD("{containers: [{name: c}]}"), INVALID "Pod \"p\" is invalid: spec.containers[0].image: Required value"},
	{POD("{containers: [{name: C, image: x}]}"), INVALID "Pod \"p\" is invalid: spec.containers[0].name: Invalid value: \"C\": a "
						     "lowercase RFC 1123 label must consist…"},
	{POD("{containers: [{name: c, image: x}, {name: c, image: z}]}"),
		INVALID "Pod \"p\" is invalid: spec.containers[1].name: Duplicate value: \"c\""},
	{POD("{restartPolicy: Sometimes, containers: [{name: c, image: x}]}"),
		INVALID "Pod \"p\" is invalid: spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\", "
			"\"OnFailure\""},
	{ONE(", ports: [{containerPort: 70000}]"), INVALID "Pod \"p\" is invalid: spec.containers[0].ports[0].containerPort: Invalid value: "
					   "70000: must be between 1 and 65535, inclusive"},
	{ONE(", volumeMounts: [{name: v, mountPath: /x}]"), INVALID "Pod \"p\" is invalid: spec.containers[0].volumeMounts[0].name: Not "
						    "found: \"v\""},
	{ONE(", resources: {requests: {cpu: 2}, limits: {cpu: 1}}"), INVALID "Pod \"p\" is invalid: spec.containers[0].resources.requests: "
							     "Invalid value: \"2\": must be less than or equal to cpu limit of 1"},
	{ONE(", resources: {requests: {cpu: abc}}"), BAD "Pod in version \"v1\" cannot be handled as a Pod: quantities must match the "
					     "regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
	{ONE(", livenessProbe: {}"), INVALID "Pod \"p\" is invalid: spec.containers[0].livenessProbe: Required value: must specify a handler "
			     "type"},
	{ONE(", env: [{name: A, value: 5}]"), BAD "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal number into Go "
				      "struct field EnvVar.spec.containers.env.value of type string"},
	{ONE(", env: {A: b}"), BAD "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal object into Go struct field "
		       "Container.spec.containers.env of type []v1.EnvVar"},
	{"apiVersion: v1\nkind: Pod\nmetadata: {name: Bad_Name}\nspec: {containers: [{name: c, image: x}]}",
		INVALID "Pod \"Bad_Name\" is invalid: metadata.name: Invalid value: \"Bad_Name\": a lowercase RFC 1123 subdomain…"},
	{"apiVersion: v1\nkind: Pod\nmetadata: {}\nspec: {containers: [{name: c, image: x}]}",
		INVALID "Pod \"\" is invalid: metadata.name: Required value: name or generateName is required"},
	{"apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: other}\nspec: {containers: [{name: c, image: x}]}",
		BAD "the namespace of the provided object does not match the namespace sent on the request"},
	{"apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {'-a': b}}\nspec: {containers: [{name: c, image: x}]}",
		INVALID "Pod \"p\" is invalid: metadata.labels: Invalid value: \"-a\": name part must consist of…"},
	{"apiVersion: v1\nkind: Pod\nmetadata: {name: p, resourceVersion: '5'}\nspec: {containers: [{name: c, image: x}]}",
		BAD "resourceVersion should not be set on objects to be created"},
	{SVC("type: NodePort"), INVALID "Service \"s\" is invalid: spec.ports: Required value"},
	{SVC("ports: [{port: 80}, {port: 81}]"),
		INVALID "Service \"s\" is invalid: [spec.ports[0].name: Required value, spec.ports[1].name: Required value]"},
	{SVC("type: Foo, ports: [{port: 80}]"), INVALID "Service \"s\" is invalid: spec.type: Unsupported value: \"Foo\": supported values: "
					"\"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\""},
	{SVC("ports: [{port: 0}]"), INVALID "Service \"s\" is invalid: [spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, "
			    "inclusive, spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive]"},
	{SVC("type: ExternalName"), INVALID "Service \"s\" is invalid: spec.externalName: Required value"},
	{"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {'a/b': c}",
		INVALID "ConfigMap \"c\" is invalid: data[a/b]: Invalid value: \"a/b\": a valid config key must consist of…"},
	{"apiVersion: v1\nkind: Secret\nmetadata: {name: c}\ndata: {a: '*'}",
		BAD "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data…"},
	{"apiVersion: v1\nkind: Secret\nmetadata: {name: c}\ntype: kubernetes.io/tls\ndata: {tls.key: aGk=}",
		INVALID "Secret \"c\" is invalid: data[tls.crt]: Required value"},
	{"apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}", INVALID "Namespace \"a.b\" is invalid: metadata.name: Invalid value: "
								    "\"a.b\": a lowercase RFC 1123 label must consist…"},
	{"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {}", INVALID "Ingress.networking.k8s.io \"i\" is "
											    "invalid: spec: Invalid value: …"},
};

KL_TEST(bad_objects_are_refused_in_upstreams_words)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(failures); i++) {
		kl_autofree char *message = NULL;
		kl_autojson *object = create(failures[i].yaml, KL_VALIDATE_STRICT, &message);
		const char *want = failures[i].message, *dots = strstr(want, "…");
		size_t len = dots ? (size_t)(dots - want) : strlen(want) + 1;
		if (object || strncmp(message, want, len))
			kl_test_failed(__FILE__, __LINE__, "%s\n  got  %s\n  want %s", failures[i].yaml, message, want);
	}
}

KL_TEST(names_are_generated)
{
	kl_autofree char *message = NULL;
	kl_autojson *a = create("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: web-}", KL_VALIDATE_STRICT, &message);
	const char *name = kl_json_str(a, "metadata", "name", NULL), *uid = kl_json_str(a, "metadata", "uid", NULL);
	KL_CHECK(!strncmp(name, "web-", 4) && strlen(name) == 9);
	KL_CHECK_INT((int64_t)strlen(uid), 36);
	KL_CHECK_INT(uid[14], '4');
}

KL_TEST(failures_carry_causes)
{
	kl_autojson *object = yaml(DEPLOY(", replicas: -1"));
	struct kl_write w = write_of(kl_kind_named("apps", "Deployment"));
	struct kl_status st = {0};
	KL_CHECK_INT(kl_api_create(&w, object, NULL, &st), -1);
	kl_autojson *status = kl_status_json(&st);
	kl_autofree char *text = sorted(json_object_get(status, "details"));
	KL_CHECK_STR(text, "{\"causes\":[{\"field\":\"spec.replicas\",\"message\":\"Invalid value: -1: must be greater than or equal to "
			   "0\",\"reason\":\"FieldValueInvalid\"}],\"group\":\"apps\",\"kind\":\"Deployment\",\"name\":\"web\"}");
	kl_status_release(&st);
}

/* --- warnings: the first of them */

static const struct {
	const char *yaml, *warning;
} warnings[] = {
	{ONE(""), ""},
	{POD("{nodeSelector: {beta.kubernetes.io/os: linux}, containers: [{name: c, image: x}]}"),
		"spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead"},
	{ONE(", env: [{name: A, value: '1'}, {name: B}, {name: A, value: '2'}]"),
		"spec.containers[0].env[2]: hides previous definition of \"A\", which may be dropped when using apply"},
	{ONE(", ports: [{containerPort: 80}, {name: x, containerPort: 80}]"),
		"spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"},
	{ONE(", resources: {limits: {memory: 128m}}"),
		"spec.containers[0].resources.limits[memory]: fractional byte value \"128m\" is invalid, must be an integer"},
	{POD("{imagePullSecrets: [{name: a}, {name: a}], containers: [{name: c, image: x}]}"), "spec.imagePullSecrets[1].name: duplicate name \"a\""},
	{"apiVersion: v1\nkind: Pod\nmetadata: {name: a.b}\nspec: {containers: [{name: c, image: x}]}",
		"metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must "
		"not contain dots]"},
	{"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {schedule: '* * * * *', jobTemplate: {spec: {template: {spec: "
	 "{restartPolicy: Never, nodeSelector: {beta.kubernetes.io/arch: x}, containers: [{name: c, image: x}]}}}}}",
		"spec.jobTemplate.spec.template.spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use \"kubernetes.io/arch\" "
		"instead"},
	{"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, finalizers: [x]}", "metadata.finalizers: \"x\": prefer a domain-qualified "
									       "finalizer name including a path (/) to avoid accidental "
									       "conflicts with other finalizer writers"},
};

KL_TEST(what_is_hardly_meant_is_told)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(warnings); i++) {
		kl_autofree char *message = NULL;
		kl_autojson *object = create(warnings[i].yaml, KL_VALIDATE_STRICT, &message);
		KL_CHECK(object != NULL);
		KL_CHECK_STR(message, warnings[i].warning);
	}
}

KL_MAIN()
