#!/usr/bin/env bash
# The cluster's names: Services, headless ones, endpoints by name, SRV, PTR, ExternalName; pods'
# resolv.conf; what the name server refuses; an agent that is killed.
. "$(dirname "$0")/lib.sh"
use_cluster

cleanup() {
	k delete statefulset,svc,pod -l app=dns-test --wait=false >/dev/null 2>&1
	clean_web
}
ask() { k exec look -- nslookup "$@"; }
resolve() { k exec look -- sh -c "nslookup -type=a $1 | sed -n 's/^Address: //p'" | sort | tr '\n' ' '; }

check "some pods" k apply -f - <<-YAML
	{apiVersion: v1, kind: Pod, metadata: {name: look, labels: {app: dns-test}},
	 spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: "busybox:1.28", command: [sleep, "3600"]}]}}
	---
	{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, labels: {app: dns-test}},
	 spec: {serviceName: db, replicas: 2, podManagementPolicy: Parallel, selector: {matchLabels: {app: db}},
	  template: {metadata: {labels: {app: db}}, spec: {terminationGracePeriodSeconds: 0,
	   containers: [{name: c, image: "nginx:1.14", ports: [{name: http, containerPort: 80}]}]}}}}
	---
	{apiVersion: v1, kind: Service, metadata: {name: db, labels: {app: dns-test}},
	 spec: {clusterIP: None, selector: {app: db}, ports: [{name: http, port: 80}]}}
	---
	{apiVersion: v1, kind: Service, metadata: {name: front, labels: {app: dns-test}},
	 spec: {selector: {app: db}, ports: [{name: http, port: 80}]}}
	---
	{apiVersion: v1, kind: Service, metadata: {name: outside, labels: {app: dns-test}},
	 spec: {type: ExternalName, externalName: front.default.svc.cluster.local}}
YAML
check "they are ready" k wait --for=condition=Ready pod/look pod/db-0 pod/db-1 --timeout=40s

DNS=$(k get svc kube-dns -n kube-system -o 'jsonpath={.spec.clusterIP}')
check_is "kube-dns has the range's tenth address" "${DNS##*.}" 10
k exec look -- cat /etc/resolv.conf >"$WORK/resolv"
check_out "resolv.conf: the name server" "^nameserver $DNS\$" cat "$WORK/resolv"
check_out "resolv.conf: the search path" '^search default.svc.cluster.local svc.cluster.local cluster.local' cat "$WORK/resolv"
check_out "resolv.conf: ndots" '^options ndots:5$' cat "$WORK/resolv"

FRONT=$(cluster_ip front)
check_is "a Service by its short name" "$(resolve front)" "$FRONT "
check_out "with its namespace" 'Welcome to nginx' k exec look -- wget -q -O - http://front.default/
check_is "in full" "$(resolve front.default.svc.cluster.local.)" "$FRONT "
check_out "the API of the cluster" "$(k get svc kubernetes -o 'jsonpath={.spec.clusterIP}')" ask kubernetes.default
check_out "http by name" 'Welcome to nginx' k exec look -- wget -q -O - http://front/
check_is "a headless Service has its pods' addresses" "$(resolve db)" \
	"$(k get pods -l app=db -o 'jsonpath={range .items[*]}{.status.podIP}{"\n"}{end}' | sort | tr '\n' ' ')"
check_is "a pod of it by its hostname" "$(resolve db-1.db.default.svc.cluster.local)" "$(get pod/db-1 '{.status.podIP}') "
check_out "http to a pod by its hostname" 'Welcome to nginx' k exec look -- wget -q -O - http://db-0.db/
check_out "SRV" 'db-0.db.default.svc.cluster.local' ask -type=srv _http._tcp.db.default.svc.cluster.local
check_out "PTR" 'name = front.default.svc.cluster.local' ask "$FRONT"
check_out "ExternalName" 'Welcome to nginx' k exec look -- wget -q -O - --header 'Host: x' http://outside/
check_out "what is not there is not there" "can't find nothing.default|NXDOMAIN" ask nothing.default.svc.cluster.local

k delete pod db-1 --grace-period=0 --force >/dev/null 2>&1
wait_for "a pod that comes again is found at its new address" 20 \
	out_matches . sh -c "[ \"$(get pod/db-1 '{.status.podIP}')\" != x ] && $KUBECTL wait --for=condition=Ready pod/db-1 --timeout=15s"
follows() { [ "$(resolve db-1.db.default.svc.cluster.local)" = "$(get pod/db-1 '{.status.podIP}') " ]; }
wait_for "its name follows" 10 follows

# From this machine, which is no pod: the header's last half byte is the answer's code, 5 refuses.
stranger_code() { # NODE
	exec 3<>"/dev/udp/$(node_ip "$1")/10053" || return
	printf '\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05front\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01' >&3
	timeout 3 head -c 4 <&3 | od -An -tx1 | awk '{ print substr($4, 2) }'
	exec 3>&-
}
check_is "strangers are refused" "$(stranger_code "$(get pod/look '{.spec.nodeName}')")" 5

kill_hard "$(get pod/look '{.spec.nodeName}')" >/dev/null
answers() { [ "$(resolve front)" = "$FRONT " ]; }
wait_for "names are there again after the agent was killed" 10 answers
finish
