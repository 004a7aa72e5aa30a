#include "api_helpers.h"
#include "columns.h"

#include "testlib.h"

#include <stdlib.h>
#include <string.h>

#define STATUS(...) "{metadata: {name: p, creationTimestamp: '2025-11-20T10:30:00Z'}, spec: {containers: [{name: c}]}, status: {" __VA_ARGS__ "}}"
#define STATE(...)  STATUS("phase: Running, containerStatuses: [{name: c, restartCount: 1, " __VA_ARGS__ "}]")

/* The cells without those of -o wide, joined by '|'. */
static const struct {
	const char *group, *kind, *object, *cells;
} cases[] = {
	{"", "Pod", STATUS("phase: Pending"), "p|0/1|Pending|0|35s"},
	{"", "Pod", STATUS("phase: Pending, containerStatuses: [{name: c, restartCount: 0, state: {waiting: {reason: ContainerCreating}}}]"),
		"p|0/1|ContainerCreating|0|35s"},
	{"", "Pod", STATE("ready: true, state: {running: {}}"), "p|1/1|Running|1|35s"},
	{"", "Pod", STATE("ready: true, lastState: {terminated: {finishedAt: '2025-11-20T10:30:30Z'}}, state: {running: {}}"),
		"p|1/1|Running|1 (5s ago)|35s"},
	{"", "Pod", STATE("ready: false, state: {waiting: {reason: CrashLoopBackOff}}"), "p|0/1|CrashLoopBackOff|1|35s"},
	{"", "Pod", STATE("state: {terminated: {reason: Completed, exitCode: 0}}"), "p|0/1|Completed|1|35s"},
	{"", "Pod", STATE("state: {terminated: {exitCode: 3}}"), "p|0/1|ExitCode:3|1|35s"},
	{"", "Pod", STATE("state: {terminated: {exitCode: 137, signal: 9}}"), "p|0/1|Signal:9|1|35s"},
	{"", "Pod", STATUS("phase: Failed, reason: Evicted"), "p|0/1|Evicted|0|35s"},
	{"", "Pod", "{metadata: {name: p, deletionTimestamp: '2025-11-20T10:30:00Z'}, spec: {containers: [{name: c}]}, status: {phase: Running}}",
		"p|0/1|Terminating|0|<unknown>"},
	{"", "Pod", "{metadata: {name: p}, spec: {initContainers: [{name: i}, {name: k}], containers: [{name: c}]}, status: {phase: Pending, "
		    "initContainerStatuses: [{name: i, state: {terminated: {exitCode: 0}}}, {name: k, state: {running: {}}}]}}",
		"p|0/1|Init:1/2|0|<unknown>"},
	{"", "Pod", "{metadata: {name: p}, spec: {initContainers: [{name: i}], containers: [{name: c}]}, status: {phase: Pending, "
		    "initContainerStatuses: [{name: i, restartCount: 2, state: {waiting: {reason: CrashLoopBackOff}}}]}}",
		"p|0/1|Init:CrashLoopBackOff|2|<unknown>"},
	{"", "Pod", "{metadata: {name: p}, spec: {initContainers: [{name: i}], containers: [{name: c}]}, status: {phase: Pending, "
		    "initContainerStatuses: [{name: i, state: {terminated: {exitCode: 4, reason: Error}}}]}}", "p|0/1|Init:Error|0|<unknown>"},
	{"", "Pod", "{metadata: {name: p}, spec: {initContainers: [{name: s, restartPolicy: Always}], containers: [{name: c}]}, status: {phase: "
		    "Running, initContainerStatuses: [{name: s, started: true, ready: true, state: {running: {}}}], containerStatuses: [{name: c, "
		    "ready: true, state: {running: {}}}]}}", "p|2/2|Running|0|<unknown>"},
	{"", "Node", "{metadata: {name: nn, labels: {node-role.kubernetes.io/b: '', node-role.kubernetes.io/a: ''}}, spec: {unschedulable: true}, "
		     "status: {conditions: [{type: Ready, status: 'True'}], nodeInfo: {kubeletVersion: v1}}}",
		"nn|Ready,SchedulingDisabled|a,b|<unknown>|v1"},
	{"", "Node", "{metadata: {name: nn}, status: {conditions: [{type: Ready, status: 'False'}]}}", "nn|NotReady|<none>|<unknown>|"},
	{"", "Service", "{metadata: {name: s}, spec: {type: NodePort, clusterIP: 10.0.0.1, ports: [{port: 80, nodePort: 30000, protocol: TCP}, "
			"{port: 53, protocol: UDP}]}}", "s|NodePort|10.0.0.1|<none>|80:30000/TCP,53/UDP|<unknown>"},
	{"", "Service", "{metadata: {name: s}, spec: {type: ExternalName, externalName: x.y}}", "s|ExternalName|<none>|x.y|<none>|<unknown>"},
	{"", "Service", "{metadata: {name: s}, spec: {type: LoadBalancer, clusterIP: 10.0.0.1}, status: {loadBalancer: {}}}",
		"s|LoadBalancer|10.0.0.1|<pending>|<none>|<unknown>"},
	{"", "Service", "{metadata: {name: s}, spec: {type: LoadBalancer, clusterIP: 10.0.0.1, externalIPs: [5.6.7.8]}, status: {loadBalancer: "
			"{ingress: [{ip: 1.2.3.4}, {hostname: h}]}}}", "s|LoadBalancer|10.0.0.1|1.2.3.4,h,5.6.7.8|<none>|<unknown>"},
	{"apps", "Deployment", "{metadata: {name: d}, spec: {replicas: 3}, status: {readyReplicas: 2, updatedReplicas: 1, availableReplicas: 2}}",
		"d|2/3|1|2|<unknown>"},
	{"apps", "ReplicaSet", "{metadata: {name: r}, spec: {replicas: 3}, status: {replicas: 2, readyReplicas: 1}}", "r|3|2|1|<unknown>"},
	{"", "Endpoints", "{metadata: {name: e}, subsets: [{addresses: [{ip: 1.1.1.1}, {ip: 2.2.2.2}], ports: [{port: 80}, {port: 81}]}]}",
		"e|1.1.1.1:80,2.2.2.2:80,1.1.1.1:81 + 1 more...|<unknown>"},
	{"discovery.k8s.io", "EndpointSlice", "{metadata: {name: e}, addressType: IPv4, ports: [{port: 80}], endpoints: [{addresses: [1.1.1.1]}]}",
		"e|IPv4|80|1.1.1.1|<unknown>"},
	{"", "PersistentVolume", "{metadata: {name: v}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteMany], claimRef: {namespace: d, "
				 "name: c}, persistentVolumeReclaimPolicy: Retain, storageClassName: manual}, status: {phase: Bound}}",
		"v|1Gi|RWX|Retain|Bound|d/c|manual|<unset>||<unknown>"},
	{"batch", "Job", "{metadata: {name: j}, spec: {completions: 3}, status: {succeeded: 3, startTime: '2025-11-20T10:30:00Z', completionTime: "
			 "'2025-11-20T10:30:07Z', conditions: [{type: Complete, status: 'True'}]}}", "j|Complete|3/3|7s|<unknown>"},
	{"networking.k8s.io", "Ingress", "{metadata: {name: i}, spec: {rules: [{host: a}, {host: b}], tls: [{}]}}", "i|<none>|a,b||80, 443|<unknown>"},
	{"", "ConfigMap", "{metadata: {name: c}, data: {a: b, c: d}}", "c|2|<unknown>"},
	{"", "Event", "{metadata: {name: e}, lastTimestamp: '2025-11-20T10:29:35Z', type: Normal, reason: Pulled, involvedObject: {kind: Pod, name: "
		      "p}, message: \"done \\n\"}", "60s|Normal|Pulled|pod/p|done"},
};

static char *row_text(const struct kl_kind *kind, const json_t *object)
{
	kl_autobuf buf = {0}, text = {0};
	size_t i;
	json_t *cell;
	kl_table_row(kind, object, NULL, 0, KL_INCLUDE_NONE, NOW_MS, &buf);
	kl_autojson *row = kl_json_parse(kl_buf_str(&buf), buf.len, NULL);
	const json_t *cells = json_object_get(row, "cells");
	KL_CHECK_INT((int64_t)json_array_size(cells), (int64_t)kind->column_count);
	bool first = true;
	json_array_foreach(cells, i, cell) {
		if (kind->columns[i].priority)
			continue;
		if (!first)
			kl_buf_char(&text, '|');
		first = false;
		if (json_is_integer(cell))
			kl_buf_printf(&text, "%lld", (long long)json_integer_value(cell));
		else
			kl_buf_str_push(&text, json_string_value(cell));
	}
	return kl_buf_take(&text);
}

KL_TEST(rows_are_printed_as_kubectl_shows_them)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autojson *object = yaml(cases[i].object);
		kl_autofree char *text = row_text(kl_kind_named(cases[i].group, cases[i].kind), object);
		if (strcmp(text, cases[i].cells))
			kl_test_failed(__FILE__, __LINE__, "%s\n  got  %s\n  want %s", cases[i].object, text, cases[i].cells);
	}
}

/* No column of any kind falls over an object that has nothing. */
KL_TEST(empty_objects_have_rows)
{
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	kl_autojson *nothing = json_object();
	for (size_t i = 0; i < count; i++) {
		kl_autofree char *text = row_text(&kinds[i], nothing);
		KL_CHECK(text != NULL);
	}
}

KL_TEST(tables_are_json)
{
	const struct kl_kind *kind = kl_kind_named("", "Pod");
	static const char bytes[] = "{\"metadata\":{\"name\":\"a\"}}";
	kl_autojson *object = kl_json_parse(bytes, strlen(bytes), NULL);
	for (int include = KL_INCLUDE_METADATA; include <= KL_INCLUDE_OBJECT; include++) {
		kl_autobuf buf = {0};
		kl_table_head(kind, "{\"resourceVersion\":\"5\"}", &buf);
		kl_table_row(kind, object, bytes, strlen(bytes), (enum kl_include_object)include, NOW_MS, &buf);
		kl_buf_str_push(&buf, "]}");
		kl_autojson *table = kl_json_parse(kl_buf_str(&buf), buf.len, NULL);
		KL_CHECK_STR(kl_json_str(table, "metadata", "resourceVersion", NULL), "5");
		KL_CHECK_STR(kl_json_str(json_array_get(json_object_get(table, "columnDefinitions"), 0), "format", NULL), "name");
		const json_t *shown = json_object_get(json_array_get(json_object_get(table, "rows"), 0), "object");
		KL_CHECK(include == KL_INCLUDE_NONE ? json_is_null(shown) : json_is_object(shown));
	}
}

KL_MAIN()
