/* What holds for every kind of the table: columns, words, versions of one object. */
#include "api_helpers.h"
#include "columns.h"
#include "schema.h"

#include "testlib.h"

#include <stdlib.h>
#include <string.h>

/* Headings as `kubectl get -o wide` prints them; those after '/' are only for -o wide. */
static const struct {
	const char *group, *kind, *columns;
} headings[] = {
	{"", "ComponentStatus", "NAME STATUS MESSAGE ERROR"},
	{"", "ConfigMap", "NAME DATA AGE"},
	{"", "Endpoints", "NAME ENDPOINTS AGE"},
	{"", "Event", "LAST SEEN,TYPE,REASON,OBJECT,/SUBOBJECT,/SOURCE,MESSAGE,/FIRST SEEN,/COUNT,/NAME"},
	{"", "LimitRange", "NAME,CREATED AT"},
	{"", "Namespace", "NAME STATUS AGE"},
	{"", "Node", "NAME STATUS ROLES AGE VERSION /INTERNAL-IP /EXTERNAL-IP /OS-IMAGE /KERNEL-VERSION /CONTAINER-RUNTIME"},
	{"", "PersistentVolumeClaim", "NAME,STATUS,VOLUME,CAPACITY,ACCESS MODES,STORAGECLASS,VOLUMEATTRIBUTESCLASS,AGE,/VOLUMEMODE"},
	{"", "PersistentVolume",
		"NAME,CAPACITY,ACCESS MODES,RECLAIM POLICY,STATUS,CLAIM,STORAGECLASS,VOLUMEATTRIBUTESCLASS,REASON,AGE,/VOLUMEMODE"},
	{"", "Pod", "NAME,READY,STATUS,RESTARTS,AGE,/IP,/NODE,/NOMINATED NODE,/READINESS GATES"},
	{"", "PodTemplate", "NAME,CONTAINERS,IMAGES,POD LABELS"},
	{"", "ReplicationController", "NAME DESIRED CURRENT READY AGE /CONTAINERS /IMAGES /SELECTOR"},
	{"", "ResourceQuota", "NAME REQUEST LIMIT AGE"},
	{"", "Secret", "NAME TYPE DATA AGE"},
	{"", "ServiceAccount", "NAME SECRETS AGE"},
	{"", "Service", "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE /SELECTOR"},
	{"apps", "ControllerRevision", "NAME CONTROLLER REVISION AGE"},
	{"apps", "DaemonSet", "NAME,DESIRED,CURRENT,READY,UP-TO-DATE,AVAILABLE,NODE SELECTOR,AGE,/CONTAINERS,/IMAGES,/SELECTOR"},
	{"apps", "Deployment", "NAME READY UP-TO-DATE AVAILABLE AGE /CONTAINERS /IMAGES /SELECTOR"},
	{"apps", "ReplicaSet", "NAME DESIRED CURRENT READY AGE /CONTAINERS /IMAGES /SELECTOR"},
	{"apps", "StatefulSet", "NAME READY AGE /CONTAINERS /IMAGES"},
	{"autoscaling", "HorizontalPodAutoscaler", "NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE"},
	{"batch", "CronJob", "NAME,SCHEDULE,TIMEZONE,SUSPEND,ACTIVE,LAST SCHEDULE,AGE,/CONTAINERS,/IMAGES,/SELECTOR"},
	{"batch", "Job", "NAME STATUS COMPLETIONS DURATION AGE /CONTAINERS /IMAGES /SELECTOR"},
	{"certificates.k8s.io", "CertificateSigningRequest", "NAME AGE SIGNERNAME REQUESTOR REQUESTEDDURATION CONDITION"},
	{"networking.k8s.io", "IngressClass", "NAME CONTROLLER PARAMETERS AGE"},
	{"networking.k8s.io", "Ingress", "NAME CLASS HOSTS ADDRESS PORTS AGE"},
	{"networking.k8s.io", "IPAddress", "NAME PARENTREF"},
	{"networking.k8s.io", "NetworkPolicy", "NAME POD-SELECTOR AGE"},
	{"networking.k8s.io", "ServiceCIDR", "NAME CIDRS AGE"},
	{"policy", "PodDisruptionBudget", "NAME,MIN AVAILABLE,MAX UNAVAILABLE,ALLOWED DISRUPTIONS,AGE"},
	{"rbac.authorization.k8s.io", "ClusterRoleBinding", "NAME ROLE AGE /USERS /GROUPS /SERVICEACCOUNTS"},
	{"rbac.authorization.k8s.io", "ClusterRole", "NAME,CREATED AT"},
	{"rbac.authorization.k8s.io", "RoleBinding", "NAME ROLE AGE /USERS /GROUPS /SERVICEACCOUNTS"},
	{"rbac.authorization.k8s.io", "Role", "NAME,CREATED AT"},
	{"storage.k8s.io", "CSIDriver", "NAME ATTACHREQUIRED PODINFOONMOUNT STORAGECAPACITY TOKENREQUESTS REQUIRESREPUBLISH MODES AGE"},
	{"storage.k8s.io", "CSINode", "NAME DRIVERS AGE"},
	{"storage.k8s.io", "CSIStorageCapacity", "NAME STORAGECLASSNAME CAPACITY"},
	{"storage.k8s.io", "StorageClass", "NAME PROVISIONER RECLAIMPOLICY VOLUMEBINDINGMODE ALLOWVOLUMEEXPANSION AGE"},
	{"storage.k8s.io", "VolumeAttachment", "NAME ATTACHER PV NODE ATTACHED AGE"},
	{"storage.k8s.io", "VolumeAttributesClass", "NAME DRIVERNAME AGE"},
	{"scheduling.k8s.io", "PriorityClass", "NAME VALUE GLOBAL-DEFAULT AGE PREEMPTIONPOLICY"},
	{"coordination.k8s.io", "Lease", "NAME HOLDER AGE"},
	{"node.k8s.io", "RuntimeClass", "NAME HANDLER AGE"},
	{"discovery.k8s.io", "EndpointSlice", "NAME ADDRESSTYPE PORTS ENDPOINTS AGE"},
};

static char *headings_of(const struct kl_kind *kind, char separator)
{
	struct kl_buf text = {0};
	for (size_t i = 0; i < kind->column_count; i++) {
		if (i)
			kl_buf_char(&text, separator);
		if (kind->columns[i].priority)
			kl_buf_char(&text, '/');
		for (const char *at = kind->columns[i].name; *at; at++)
			kl_buf_char(&text, *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at);
	}
	return kl_buf_take(&text);
}

static const char *headings_wanted(const struct kl_kind *kind)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(headings); i++)
		if (!strcmp(headings[i].group, kind->group) && !strcmp(headings[i].kind, kind->kind))
			return headings[i].columns;
	return NULL;
}

KL_TEST(every_kind_has_upstreams_columns)
{
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	for (size_t i = 0; i < count; i++) {
		if (kinds[i].id != kinds[i].storage_id || kinds[i].verbs == KL_CAN_CREATE)
			continue;
		const char *want = headings_wanted(&kinds[i]);
		kl_autofree char *got = headings_of(&kinds[i], want && strchr(want, ',') ? ',' : ' ');
		if (!want || strcmp(got, want))
			kl_test_failed(__FILE__, __LINE__, "%s\n  got  %s\n  want %s", kinds[i].kind, got, want ? want : "(no row)");
	}
}

/* --- words for `kubectl explain` */

static unsigned without_words(const struct kl_schema *schema, json_t *seen)
{
	unsigned missing = 0;
	if (json_object_get(seen, schema->openapi))
		return 0;
	json_object_set_new(seen, schema->openapi, json_true());
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct kl_field *field = &schema->fields[i];
		if (!field->doc || strlen(field->doc) < 8) {
			kl_test_failed(__FILE__, __LINE__, "%s.%s has no description", schema->openapi, field->name);
			missing++;
		}
		if (field->ref)
			missing += without_words(field->ref, seen);
	}
	return missing;
}

KL_TEST(every_field_that_people_meet_is_described)
{
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	kl_autojson *seen = json_object();
	unsigned missing = 0;
	for (size_t i = 0; i < count; i++) {
		missing += without_words(kinds[i].schema, seen);
		if (!kinds[i].schema->doc)
			kl_test_failed(__FILE__, __LINE__, "%s has no description", kinds[i].schema->openapi);
	}
	KL_CHECK_INT(missing, 0);
	KL_CHECK(json_object_size(seen) > 300);
}

/* --- versions of one object */

static const struct {
	const char *from, *to, *back; /* back NULL: the first form again */
} versions[] = {
	{"{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, spec: {maxReplicas: 3, targetCPUUtilizationPercentage: 80}, "
	 "status: {currentReplicas: 1, desiredReplicas: 2, currentCPUUtilizationPercentage: 50}}",
		"{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, spec: {maxReplicas: 3, metrics: [{type: Resource, resource: "
		"{name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}, status: {currentReplicas: 1, desiredReplicas: 2, "
		"currentMetrics: [{type: Resource, resource: {name: cpu, current: {averageUtilization: 50}}}]}}", NULL},
	{"{apiVersion: v1, kind: Event, involvedObject: {kind: Pod}, message: m, source: {component: c}, count: 2, firstTimestamp: "
	 "'2025-01-01T00:00:00Z', lastTimestamp: '2025-01-01T00:00:01Z', reportingComponent: r}",
		"{apiVersion: events.k8s.io/v1, kind: Event, regarding: {kind: Pod}, note: m, deprecatedSource: {component: c}, "
		"deprecatedCount: 2, deprecatedFirstTimestamp: '2025-01-01T00:00:00Z', deprecatedLastTimestamp: '2025-01-01T00:00:01Z', "
		"reportingController: r, eventTime: '2025-01-01T00:00:00.000000Z'}",
		"{apiVersion: v1, kind: Event, involvedObject: {kind: Pod}, message: m, source: {component: c}, count: 2, firstTimestamp: "
		"'2025-01-01T00:00:00Z', lastTimestamp: '2025-01-01T00:00:01Z', reportingComponent: r, eventTime: "
		"'2025-01-01T00:00:00.000000Z'}"},
	{"{apiVersion: discovery.k8s.io/v1beta1, kind: EndpointSlice, addressType: IPv4, endpoints: [{addresses: [10.0.0.1], topology: "
	 "{kubernetes.io/hostname: n, topology.kubernetes.io/zone: z}}]}",
		"{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, endpoints: [{addresses: [10.0.0.1], nodeName: n, "
		"zone: z}]}",
		"{apiVersion: discovery.k8s.io/v1beta1, kind: EndpointSlice, addressType: IPv4, endpoints: [{addresses: [10.0.0.1], nodeName: "
		"n, topology: {kubernetes.io/hostname: n, topology.kubernetes.io/zone: z}}]}"},
	{"{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, spec: {minAvailable: 1}}",
		"{apiVersion: policy/v1, kind: PodDisruptionBudget, spec: {minAvailable: 1}}", NULL},
	{"{apiVersion: batch/v1beta1, kind: CronJob, spec: {schedule: '* * * * *'}}",
		"{apiVersion: batch/v1, kind: CronJob, spec: {schedule: '* * * * *'}}", NULL},
	{"{apiVersion: extensions/v1beta1, kind: Ingress, spec: {backend: {serviceName: d, servicePort: 80}, rules: [{host: h, http: {paths: "
	 "[{path: /, backend: {serviceName: s, servicePort: web}}]}}]}}",
		"{apiVersion: networking.k8s.io/v1, kind: Ingress, spec: {defaultBackend: {service: {name: d, port: {number: 80}}}, rules: "
		"[{host: h, http: {paths: [{path: /, backend: {service: {name: s, port: {name: web}}}}]}}]}}", NULL},
};

static void convert(json_t *object, const char *to)
{
	const char *kind = kl_json_str(object, "kind", NULL);
	const struct kl_kind *from = kl_kind_by_type(kl_json_str(object, "apiVersion", NULL), kind);
	struct kl_status st = {0};
	KL_CHECK_INT(kl_api_convert(from, kl_kind_by_type(to, kind), object, &st), 0);
}

static void check_same(const json_t *got, const json_t *want)
{
	kl_autofree char *is = sorted(got), *should = sorted(want);
	KL_CHECK_STR(is, should);
}

KL_TEST(old_versions_and_back)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(versions); i++) {
		kl_autojson *object = yaml(versions[i].from), *first = yaml(versions[i].back ? versions[i].back : versions[i].from),
			    *second = yaml(versions[i].to);
		convert(object, kl_json_str(second, "apiVersion", NULL));
		check_same(object, second);
		convert(object, kl_json_str(first, "apiVersion", NULL));
		check_same(object, first);
	}
}

/* --- Services */

#define SVC(spec)     "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}], " spec "}}"
#define INVALID(text) "422 Invalid Service \"s\" is invalid: spec." text

static const struct {
	const char *object, *message;
} services[] = {
	{SVC("trafficDistribution: PreferClose"), ""},
	{SVC("trafficDistribution: Far"), INVALID("trafficDistribution: Unsupported value: \"Far\": supported values: \"PreferClose\", "
						  "\"PreferSameNode\", \"PreferSameZone\"")},
	{SVC("type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8, 'fd00::/8']"), ""},
	{SVC("type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/33]"),
		INVALID("loadBalancerSourceRanges[0]: Invalid value: \"10.0.0.0/33\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or "
			"2001:db8::/64)")},
	{SVC("loadBalancerSourceRanges: [10.0.0.0/8]"),
		INVALID("loadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'")},
	{SVC("loadBalancerClass: x"), INVALID("loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'")},
	{SVC("type: LoadBalancer, loadBalancerClass: example.com/x"), ""},
	{SVC("externalTrafficPolicy: Local"),
		INVALID("externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services")},
	{SVC("externalTrafficPolicy: Local, externalIPs: [192.0.2.1]"), ""},
	{SVC("type: NodePort, externalTrafficPolicy: Sometimes"),
		INVALID("externalTrafficPolicy: Unsupported value: \"Sometimes\": supported values: \"Cluster\", \"Local\"")},
	{SVC("internalTrafficPolicy: x"), INVALID("internalTrafficPolicy: Unsupported value: \"x\": supported values: \"Cluster\", \"Local\"")},
	{SVC("type: NodePort, healthCheckNodePort: 30000"),
		INVALID("healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and "
			"`externalTrafficPolicy` is 'Local'")},
	{SVC("sessionAffinityConfig: {clientIP: {timeoutSeconds: 5}}"), ""}, /* dropped: the affinity is None */
	{SVC("sessionAffinity: Me"), INVALID("sessionAffinity: Unsupported value: \"Me\": supported values: \"ClientIP\", \"None\"")},
};

KL_TEST(services_are_checked)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(services); i++) {
		kl_autofree char *message = NULL;
		kl_autojson *object = create(services[i].object, KL_VALIDATE_STRICT, &message);
		KL_CHECK_STR(message, services[i].message);
	}
}

KL_TEST(a_balancers_class_stays)
{
	kl_autofree char *message = NULL, *refused = NULL;
	kl_autojson *old = create(SVC("type: LoadBalancer, loadBalancerClass: a"), KL_VALIDATE_STRICT, &message);
	json_t *other = json_deep_copy(old);
	kl_json_set(other, json_string("b"), "spec", "loadBalancerClass", NULL);
	kl_autojson *updated = update(old, NULL, other, &refused);
	KL_CHECK(!updated);
	KL_CHECK_STR(refused, INVALID("loadBalancerClass: Invalid value: \"b\": may not change once set"));
}

KL_MAIN()
