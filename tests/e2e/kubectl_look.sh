#!/usr/bin/env bash
# Reading: every output form, describe of every kind, explain, discovery, wait, events, proxy, auth, top.
. "$(dirname "$0")/kubectl_lib.sh"
use_cluster

# One object of every kind that can be made by hand; cluster-wide ones are named after the namespace.
objects() {
	cat <<-YAML
	apiVersion: v1
	kind: List
	items:
	- {apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {color: blue}}
	- {apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {password: secret}}
	- {apiVersion: v1, kind: LimitRange, metadata: {name: x}, spec: {limits: [{type: Container, default: {cpu: 300m}, defaultRequest: {cpu: 200m}, max: {cpu: "2"}}]}}
	- {apiVersion: v1, kind: ResourceQuota, metadata: {name: x}, spec: {hard: {pods: "9"}}}
	- {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: x}, spec: {storageClassName: "$NS", accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
	- {apiVersion: v1, kind: PersistentVolume, metadata: {name: "$NS"}, spec: {storageClassName: other, capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /x}}}
	- {apiVersion: v1, kind: PodTemplate, metadata: {name: x}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: busybox}]}}}
	- {apiVersion: v1, kind: ReplicationController, metadata: {name: x}, spec: {replicas: 0, selector: {rc: x}, template: {metadata: {labels: {rc: x}}, spec: {containers: [{name: c, image: busybox}]}}}}
	- {apiVersion: v1, kind: Service, metadata: {name: x}, spec: {type: NodePort, selector: {a: b}, ports: [{port: 80, targetPort: http}]}}
	- {apiVersion: v1, kind: ServiceAccount, metadata: {name: x}}
	- {apiVersion: v1, kind: Pod, metadata: {name: x, labels: {a: b}}, spec: {nodeSelector: {not: there}, containers: [{name: c, image: busybox, env: [{name: E, value: v}], resources: {limits: {memory: 64Mi}}}]}}
	- {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: x}, spec: {selector: {matchLabels: {ds: x}}, template: {metadata: {labels: {ds: x}}, spec: {nodeSelector: {not: there}, containers: [{name: c, image: busybox}]}}}}
	- {apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {replicas: 0, selector: {matchLabels: {d: x}}, template: {metadata: {labels: {d: x}}, spec: {containers: [{name: c, image: busybox}]}}}}
	- {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: x}, spec: {replicas: 0, serviceName: x, selector: {matchLabels: {s: x}}, template: {metadata: {labels: {s: x}}, spec: {containers: [{name: c, image: busybox}]}}}}
	- {apiVersion: batch/v1, kind: Job, metadata: {name: x}, spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}}
	- {apiVersion: batch/v1, kind: CronJob, metadata: {name: x}, spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}}}}
	- {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: x}, spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: x}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}}
	- {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: x}, spec: {minAvailable: 1, selector: {matchLabels: {d: x}}}}
	- {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x}, spec: {ingressClassName: c, rules: [{host: h.local, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: x, port: {number: 80}}}}]}}]}}
	- {apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: "$NS"}, spec: {controller: example.com/c}}
	- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x}, spec: {podSelector: {matchLabels: {a: b}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]}}
	- {apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: mine}, addressType: IPv4, endpoints: [{addresses: [10.1.2.3]}], ports: [{name: http, port: 80}]}
	- {apiVersion: v1, kind: Endpoints, metadata: {name: mine}, subsets: [{addresses: [{ip: 10.1.2.3}], ports: [{port: 80}]}]}
	- {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: x}, rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}
	- {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: x}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: x}, subjects: [{kind: User, name: u}]}
	- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "$NS"}, rules: [{nonResourceURLs: [/x], verbs: [get]}]}
	- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: "$NS"}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "$NS"}, subjects: [{kind: Group, name: g}]}
	- {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: "$NS"}, provisioner: example.com/p, volumeBindingMode: WaitForFirstConsumer}
	- {apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: "$NS.example.com"}, spec: {attachRequired: false}}
	- {apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: "$NS"}, spec: {drivers: [{name: d, nodeID: id1, topologyKeys: [zone]}]}}
	- {apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: x}, storageClassName: "$NS", capacity: 1Gi, nodeTopology: {matchLabels: {zone: a}}}
	- {apiVersion: storage.k8s.io/v1, kind: VolumeAttachment, metadata: {name: "$NS"}, spec: {attacher: a, nodeName: node1, source: {persistentVolumeName: "$NS"}}}
	- {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: "$NS"}, value: 7, description: words}
	- {apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: "$NS"}, handler: crun}
	- {apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: x}, spec: {holderIdentity: me}}
	- {apiVersion: apps/v1, kind: ControllerRevision, metadata: {name: x}, revision: 4, data: {}}
	YAML
}
make_objects() {
	objects >"$T/objects.yaml"
	check_out "apply of one object of every kind" '^controllerrevision.apps/x created$' n apply -f "$T/objects.yaml"
}
wide_ones() { echo "pv/$NS ingressclass/$NS clusterrole/$NS clusterrolebinding/$NS sc/$NS csidriver/$NS.example.com csinode/$NS \
	volumeattachment/$NS pc/$NS runtimeclass/$NS"; }

columns() { # TYPE COLUMNS…: a heading of `get TYPE -o wide`, its words apart by spaces
	local type=$1
	shift
	check_is "get $type -o wide" "$(n get "$type" -o wide 2>"$T/warnings" | head -n 1 | tr -s ' ' | sed 's/ $//')" "$*"
}
headings() {
	columns cm NAME DATA AGE
	columns secret NAME TYPE DATA AGE
	columns limits NAME CREATED AT
	columns quota NAME REQUEST LIMIT AGE
	columns pvc NAME STATUS VOLUME CAPACITY ACCESS MODES STORAGECLASS VOLUMEATTRIBUTESCLASS AGE VOLUMEMODE
	columns pv NAME CAPACITY ACCESS MODES RECLAIM POLICY STATUS CLAIM STORAGECLASS VOLUMEATTRIBUTESCLASS REASON AGE VOLUMEMODE
	columns podtemplate NAME CONTAINERS IMAGES POD LABELS
	columns rc NAME DESIRED CURRENT READY AGE CONTAINERS IMAGES SELECTOR
	columns svc NAME TYPE CLUSTER-IP EXTERNAL-IP "PORT(S)" AGE SELECTOR
	columns ep NAME ENDPOINTS AGE
	check_out "with the Warning that it is an old kind" '^Warning: v1 Endpoints is deprecated in v1.33' cat "$T/warnings"
	columns ns NAME STATUS AGE
	columns po NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES
	columns ds NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE SELECTOR AGE CONTAINERS IMAGES SELECTOR
	columns deploy NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR
	columns rs NAME DESIRED CURRENT READY AGE CONTAINERS IMAGES SELECTOR
	columns sts NAME READY AGE CONTAINERS IMAGES
	columns controllerrevisions NAME CONTROLLER REVISION AGE
	columns job NAME STATUS COMPLETIONS DURATION AGE CONTAINERS IMAGES SELECTOR
	columns cj NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST SCHEDULE AGE CONTAINERS IMAGES SELECTOR
	columns hpa NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE
	columns pdb NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE
	columns ing NAME CLASS HOSTS ADDRESS PORTS AGE
	columns ingressclass NAME CONTROLLER PARAMETERS AGE
	columns netpol NAME POD-SELECTOR AGE
	columns endpointslice NAME ADDRESSTYPE PORTS ENDPOINTS AGE
	columns role NAME CREATED AT
	columns rolebinding NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS
	columns clusterrolebinding NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS
	columns sc NAME PROVISIONER RECLAIMPOLICY VOLUMEBINDINGMODE ALLOWVOLUMEEXPANSION AGE
	columns csidriver NAME ATTACHREQUIRED PODINFOONMOUNT STORAGECAPACITY TOKENREQUESTS REQUIRESREPUBLISH MODES AGE
	columns csinode NAME DRIVERS AGE
	columns csistoragecapacity NAME STORAGECLASSNAME CAPACITY
	columns volumeattachment NAME ATTACHER PV NODE ATTACHED AGE
	columns pc NAME VALUE GLOBAL-DEFAULT AGE PREEMPTIONPOLICY
	columns lease NAME HOLDER AGE
	columns runtimeclass NAME HANDLER AGE
}

# kubectl's own describers and the general one: each shows what it shows of upstream's objects.
described() { # TYPE/NAME REGEX…: lines of its describe
	local what=$1 regex out
	shift
	out=$(n describe "${what%%/*}" "${what#*/}" 2>&1)
	for regex in "$@"; do
		grep -qE -- "$regex" <<<"$out" || { fail "describe $what: $regex" "$out"; return; }
	done
	pass "describe $what"
}
describe_all() {
	described cm/x '^color:$' '^blue$'
	described secret/x '^password: +6 bytes$' '^Type: +Opaque$'
	described limits/x '^Container +cpu +- +2 +200m +300m +-$'
	described quota/x '^Resource +Used +Hard$'
	described pvc/x '^Status: +Pending$' "^StorageClass: +$NS\$" '^Used By: +<none>$'
	described "pv/$NS" '^Reclaim Policy: +Retain$' '^    Type: +HostPath'
	described podtemplate/x 'Image: +busybox'
	described rc/x '^Replicas: +0 current / 0 desired$' '^    Image: +busybox$'
	described svc/x '^Type: +NodePort$' '^NodePort: +<unset> +[0-9]+/TCP$' '^Endpoints: '
	described sa/x '^Mountable secrets: +<none>$'
	described po/x '^Status: +Pending$' '^QoS Class: +Burstable$' '^Node-Selectors: +not=there$' '^      E: +v$' '^Tolerations: +node.kubernetes.io/not-ready:NoExecute'
	described ds/x '^Desired Number of Nodes Scheduled: 0$' '^Node-Selector: +not=there$'
	described deploy/x '^StrategyType: +RollingUpdate$' '^RollingUpdateStrategy: +25% max unavailable, 25% max surge$' '^NewReplicaSet: +x-[0-9a-z]+ \(0/0 replicas created\)$'
	described sts/x '^Replicas: +0 desired \| 0 total$' '^Update Strategy: +RollingUpdate$'
	described job/x '^Parallelism: +1$' '^Completions: +1$'
	described cj/x '^Schedule: +0 3 \* \* \*$' '^Concurrency Policy: +Allow$'
	described hpa/x '^Reference: +Deployment/x$' '<unknown> / 80%|^Target CPU utilization: +80%$'
	described pdb/x '^Min available: +1$' '^Selector: +d=x$'
	described ing/x '^  h.local +$|^  h.local *$' '/ +x:80'
	described "ingressclass/$NS" '^Controller: +example.com/c$'
	described netpol/x '^  PodSelector: +a=b$' '^    To Port: 80/TCP$'
	described endpointslice/mine '^AddressType: +IPv4$' '^  - Addresses: +10.1.2.3$'
	described ep/mine '^  Addresses: +10.1.2.3$'
	described role/x '^  pods +\[\] +\[\] +\[get\]$'
	described rolebinding/x '^  Kind: +Role$' '^  User +u'
	described "clusterrole/$NS" '\[/x\] +\[\] +\[get\]$'
	described "clusterrolebinding/$NS" '^  Group +g'
	described "sc/$NS" '^VolumeBindingMode: +WaitForFirstConsumer$' '^ReclaimPolicy: +Delete$'
	described "csidriver/$NS.example.com" 'Attach Required: +false'
	described "csinode/$NS" 'd'
	described csistoragecapacity/x 'Capacity: +1Gi'
	described "volumeattachment/$NS" 'Attacher: +a'
	described "pc/$NS" '^Value: +7$' '^Description: +words$'
	described "runtimeclass/$NS" 'Handler: +crun'
	described lease/x 'Holder Identity: +me'
	described controllerrevision/x 'Revision: +4'
	described ns/"$NS" '^Status: +Active$' '^ +Resource +Used +Hard$' '^ Container +cpu +- +2 '
	described node/node1 '^Allocatable:$' '^  cpu +[0-9]+m? \([0-9]+%\)' '^PodCIDR: +10\.'
	check_out "describe by prefix" '^Name: +kubernetes$' k describe svc kuber
	check_out "describe -l" '^Name: +x$' n describe pods -l a=b
}

forms() {
	check_out "-o yaml" '^  color: blue$' n get cm x -o yaml
	check_is "-o json" "$(n get cm x -o json | jq -r '.kind + .data.color')" ConfigMapblue
	check_is "-o json of many is a List" "$(n get cm,sa -o json | jq -r .kind)" List
	check_out "-o name" '^configmap/x$' n get cm x -o name
	check_is "-o jsonpath" "$(n get cm -o 'jsonpath={.items[?(@.metadata.name=="x")].data.color}')" blue
	check_is "-o jsonpath-as-json" "$(n get cm x -o jsonpath-as-json='{.data}' | jq -c .)" '[{"color":"blue"}]'
	check_is "-o go-template" "$(n get cm x -o go-template='{{.data.color}}')" blue
	echo '{{range .items}}{{.metadata.name}} {{end}}' >"$T/template"
	check_is "-o go-template-file" "$(n get deploy -o go-template-file="$T/template")" 'x '
	check_out "-o custom-columns" '^x +blue$' n get cm x -o custom-columns=N:.metadata.name,C:.data.color
	check_out "--show-labels" '^x .* a=b$' n get po --show-labels
	check_out "-L" '^x .* b$' n get po -L a
	check_out "--show-kind" '^configmap/x ' n get cm --show-kind
	check_out "--no-headers" '^x +1 ' n get cm x --no-headers
	check_out "--sort-by" '^kube-root' n get cm --sort-by=.metadata.creationTimestamp --no-headers
	check_out "--field-selector" '^x$' n get po --field-selector status.phase=Pending,spec.nodeName= -o jsonpath='{.items[*].metadata.name}'
	check_out "a field that cannot be selected by" 'field label not supported: spec.foo' n get po --field-selector spec.foo=1
	check_out "get all" '^service/x ' n get all
	check_out "get several kinds" '^deployment.apps/x ' n get deploy,svc
	check_out "get -A" "^$NS +x " k get cm -A
	check_out "get -f" '^configmap/x ' n get -f "$T/objects.yaml"
	check_out "--chunk-size" '^x ' n get cm --chunk-size=1 --no-headers
	check_out "get --raw" '"kind":"ConfigMapList"' k get --raw "/api/v1/namespaces/$NS/configmaps?limit=1"
	check_out "-w tells of what there is" '^configmap/x$' timeout 3 "$KUBECTL" -n "$NS" get cm -w -o name --request-timeout=1s
	! at_least 1.24 || check_out "get --subresource=scale" '^x +0 +0 ' n get deploy x --subresource=scale
	check_out "componentstatuses" '^(NAME +STATUS|Warning: v1 ComponentStatus is deprecated)' k get cs
	check_out "an unknown kind" "the server doesn't have a resource type \"wombats\"" k get wombats
}

certificates() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null -subj /CN=bob/O=dev -out "$T/csr.pem" 2>/dev/null
	cat >"$T/csr.yaml" <<-YAML
	{"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "$NS"}, "spec": {
	"request": "$(base64 -w0 "$T/csr.pem")", "signerName": "example.com/mine", "usages": ["client auth"], "expirationSeconds": 3600}}
	YAML
	check_out "a CertificateSigningRequest" 'created' k create -f "$T/csr.yaml"
	check_out "get csr" "^$NS +[0-9]+s +example.com/mine +[a-z:-]+ +(60m|1h) +Pending\$" k get csr
	check_out "certificate approve" 'approved' k certificate approve "$NS"
	check_out "get csr" ' Approved$' k get csr "$NS"
	check_out "describe csr" 'Common Name: +bob' k describe csr "$NS"
	check_not "what is approved is not denied" k certificate deny "$NS"
	k delete csr "$NS" >/dev/null
}
explains() {
	check_out "explain" 'Deployment' k explain deployment
	check_out "explain a field" '(FIELD|RESOURCE): +replicas' k explain deploy.spec.replicas
	check_out "its words" '[a-z]{3,} [a-z]{2,} [a-z]+' k explain deploy.spec.replicas
	check_out "explain --recursive" '^ +containerPort' k explain pod --recursive
	check_out "explain of an old version" 'targetCPUUtilizationPercentage' k explain hpa --api-version=autoscaling/v1 --recursive
	check_out "a field that is not" 'field "nope" does not exist' k explain pod.spec.nope
}
discovery() {
	check_out "api-resources" '^deployments +deploy +apps/v1 .*true +Deployment' k api-resources
	check_out "api-resources -o wide has verbs" '^(nodes|pods) .*(get|watch)' k api-resources -o wide
	check_out "api-resources --verbs" '^configmaps$' k api-resources --verbs=list,watch --namespaced -o name
	check_out "api-resources --api-group" '^cronjobs' k api-resources --api-group=batch
	check_out "api-versions" '^rbac.authorization.k8s.io/v1$' k api-versions
	check_out "version" 'v1\.33' k version
	check_out "cluster-info" 'control plane.* is running at' env NO_COLOR=1 TERM=dumb "$KUBECTL" cluster-info
	check_out "cluster-info dump" '"kind": "NodeList"' k cluster-info dump
	check_out "auth can-i" '^yes$' k auth can-i create deployments.apps
	check_out "auth can-i --list" '^\*\.\* ' k auth can-i --list
	check_out "somebody else may not" '^no' k auth can-i get pods --as=someone
	! at_least 1.28 || check_out "auth whoami" 'system:masters' k auth whoami
	check_out "auth reconcile" 'reconciled' n auth reconcile -f - \
		<<<'{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"rec","namespace":"'"$NS"'"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["list"]}]}'
}

waits() {
	check_out "wait --for=condition" 'timed out waiting' n wait --for=condition=Ready pod/x --timeout=1s
	(sleep 0.5 && n delete cm x >/dev/null) &
	check_out "wait --for=delete" '^configmap/x condition met$' n wait --for=delete cm/x --timeout=10s
	! at_least 1.23 || check_out "wait --for=jsonpath" 'condition met' n wait --for=jsonpath='{.status.phase}'=Pending pod/x --timeout=5s
	check_out "wait for a Deployment" 'condition met' n wait --for=condition=Available deploy/x --timeout=10s
	check_out "get events" 'FailedScheduling +pod/x ' n get events
	! at_least 1.26 || check_out "events" 'FailedScheduling' n events --for=pod/x
	check_out "events by a field" 'FailedScheduling' n get events --field-selector reason=FailedScheduling,involvedObject.kind=Pod
}
proxies() {
	local pid port
	"$KUBECTL" proxy --port=0 >"$T/proxy.out" 2>&1 &
	pid=$!
	wait_for "proxy listens" 5 grep -q 'Starting to serve' "$T/proxy.out"
	port=$(grep -oE '[0-9]+$' "$T/proxy.out")
	check_out "proxy" '"kind": ?"ServiceList"' curl -sS "http://127.0.0.1:$port/api/v1/namespaces/$NS/services"
	kill "$pid"
}

look_all() {
	make_objects
	headings
	describe_all
	forms
	certificates
	explains
	discovery
	waits
	proxies
	# shellcheck disable=SC2046 # words apart
	k delete $(wide_ones) >/dev/null
}
look_short() {
	make_objects
	headings
	explains
	check_out "api-resources" '^deployments +deploy +apps/v1 .*true +Deployment' k api-resources
	described deploy/x '^NewReplicaSet: +x-'
	described po/x '^Status: +Pending$'
	# shellcheck disable=SC2046 # words apart
	k delete $(wide_ones) >/dev/null
}
mapfile -t MAIN < <(main_versions)
mapfile -t OTHER < <(other_versions)
each_version look_all "${MAIN[@]}"
each_version look_short "${OTHER[@]}"
finish
