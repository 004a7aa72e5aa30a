#!/usr/bin/env bash
# Who of a Service's endpoints is asked: policies, topology, algorithms, weights, slow start, affinity; health checks; what nodes may bind;
# tables and programs that somebody changed.
. "$(dirname "$0")/lib.sh"
use_cluster

PORT=30555
cleanup() {
	k label node node1 node2 node3 topology.kubernetes.io/zone- >/dev/null 2>&1
	k delete svc,pod,deploy -l svc-e2e --ignore-not-found --wait=false >/dev/null 2>&1
	clean_web
}
in_node() { local node=$1; shift; nsenter --net="/run/netns/$(node_netns "$node")" "$@"; }
ask() { curl -sS --max-time 5 "$1" | grep -oE "$WHICH_POD"; }
# How often each pod answers, as {"pod-a": 12, …}, asked COUNT times from NODE (- for this machine).
shares() { # NODE URL COUNT
	local run=()
	[ "$1" = - ] || run=(nsenter "--net=/run/netns/$(node_netns "$1")")
	"${run[@]}" bash -c "for ((i = 0; i < $3; i++)); do curl -s --max-time 5 '$2'; done" | grep -oE "$WHICH_POD" |
		sed 's/pod: //' | sort | uniq -c | jq -Rn '[inputs | capture("(?<n>\\d+) (?<p>\\S+)")] | map({(.p): (.n | tonumber)}) | add // {}'
}
pods_on() { k get pods -l "$2" --field-selector "spec.nodeName=$1" -o jsonpath='{range .items[*]}{.metadata.name}{"\n"}{end}'; } # NODE SELECTOR
only_from() { # WHAT SHARES-JSON POD…: nobody else answered, and somebody did
	local what=$1 json=$2
	shift 2
	check_is "$what" "$(jq -c --args 'length > 0 and (keys - $ARGS.positional | length == 0)' "$@" <<<"$json")" true ||
		printf '        %s\n' "$json" "wanted: $*"
}
patch() { k patch svc web -p "$1" >/dev/null && sleep 0.4; }

k create -f - >/dev/null <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web, svc-e2e: ""}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]
      terminationGracePeriodSeconds: 1
      containers: [{name: web, image: "nginx:1.14", ports: [{containerPort: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {svc-e2e: ""}}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, nodePort: 30555}]}
YAML
wait_ready app=web 3
wait_for "three endpoints" 5 out_is 3 ready_endpoints web
ip=$(cluster_ip web) url="http://$(cluster_ip web)/"
for n in 1 2 3; do declare "pod$n=$(pods_on node$n app=web)"; done
# shellcheck disable=SC2154
check_test "a pod on every node" -n "$pod1" -a -n "$pod2" -a -n "$pod3"

section "policies"
patch '{"spec":{"internalTrafficPolicy":"Local"}}'
only_from "internalTrafficPolicy Local: the node's own" "$(shares node2 "$url" 8)" "$pod2"
only_from "and from its pods" "$(k exec "$pod3" -- bash -c "for i in 1 2 3 4 5 6; do curl -s $url; done" | grep -oE "$WHICH_POD" | sed 's/pod: //' | sort | uniq -c | awk '{print "{\"" $2 "\":" $1 "}"}' | jq -s add)" "$pod3"
patch '{"spec":{"internalTrafficPolicy":"Cluster","externalTrafficPolicy":"Local"}}'
only_from "externalTrafficPolicy Local: from outside, that node's own" "$(shares - "http://$(node_ip node2):$PORT/" 8)" "$pod2"
check_is "inside, any" "$(shares node1 "http://$(node_ip node1):$PORT/" 40 | jq length)" 3
health=$(get svc/web '{.spec.healthCheckNodePort}')
health_is() { out_matches "$2" curl -s --max-time 2 -D - "http://$(node_ip "$1"):$health/healthz"; }
wait_for "the health check node port: 200" 5 health_is node2 '^HTTP/1.1 200'
check_out "how many there are" '^X-Load-Balancing-Endpoint-Weight: 1' curl -s -D - "http://$(node_ip node2):$health/"
check_is "its words are kube-proxy's" "$(curl -s "http://$(node_ip node2):$health/" | jq -c .)" \
	'{"service":{"namespace":"default","name":"web"},"localEndpoints":1,"serviceProxyHealthy":true}'
k scale deploy web --replicas=2 >/dev/null
wait_for "two endpoints" 10 out_is 2 ready_endpoints web
empty=""
for n in 1 2 3; do [ -n "$(k get pods -l app=web -o json | jq -r --arg n node$n '.items[] | select(.metadata.deletionTimestamp == null and .spec.nodeName == $n).metadata.name')" ] || empty=node$n; done
wait_for "503 where none is left" 5 health_is "$empty" '^HTTP/1.1 503'
check_not "and nobody answers there" curl -s --max-time 1 "http://$(node_ip "$empty"):$PORT/"
k scale deploy web --replicas=3 >/dev/null
wait_for "two and one more" 10 out_is 3 ready_endpoints web
wait_ready app=web 3
for n in 1 2 3; do declare "pod$n=$(pods_on node$n app=web)"; done
patch '{"spec":{"externalTrafficPolicy":"Cluster"}}'
check_not "the health check port is closed with the policy" curl -s --max-time 1 "http://$(node_ip node1):$health/"

section "topology"
k label node node1 node3 topology.kubernetes.io/zone=a >/dev/null
k label node node2 topology.kubernetes.io/zone=b >/dev/null
patch '{"spec":{"trafficDistribution":"PreferClose"}}'
wait_for "hints for zones" 5 out_is "a a b" bash -c "$KUBECTL get endpointslices -l kubernetes.io/service-name=web -o json | jq -r '[.items[].endpoints[].hints.forZones[0].name] | sort | join(\" \")'"
only_from "PreferClose: the zone's" "$(shares node1 "$url" 20)" "$pod1" "$pod3"
only_from "and in the other zone" "$(shares node2 "$url" 8)" "$pod2"
patch '{"spec":{"trafficDistribution":"PreferSameNode"}}'
sleep 0.3
only_from "PreferSameNode: the node's" "$(shares node3 "$url" 8)" "$pod3"
patch '{"spec":{"trafficDistribution":null}}'
k label node node1 node2 node3 topology.kubernetes.io/zone- >/dev/null

section "algorithms, weights, affinity"
for algorithm in random round-robin maglev least-connection; do
	k annotate svc web keelson.dev/load-balancing=$algorithm --overwrite >/dev/null && sleep 0.3
	check_is "$algorithm: everybody answers at the NodePort" "$(shares - "http://$(node_ip node1):$PORT/" 36 | jq length)" 3
	check_is "$algorithm: and at sockets" "$(shares node1 "$url" 36 | jq length)" 3
done
k annotate svc web keelson.dev/load-balancing=round-robin --overwrite >/dev/null
k annotate pod "$pod1" keelson.dev/weight=8 >/dev/null && sleep 0.4
check_test "a pod with eight times the weight answers most" "$(shares node2 "$url" 50 | jq --arg p "$pod1" '.[$p] // 0')" -ge 35
k annotate pod "$pod1" keelson.dev/weight- >/dev/null
patch '{"spec":{"sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":2}}}}'
check_is "affinity: one backend" "$(shares - "http://$(node_ip node1):$PORT/" 12 | jq length)" 1
check_is "affinity at sockets too" "$(shares node1 "$url" 12 | jq length)" 1
seen=""
for _ in {1..8}; do sleep 2.6; seen+=" $(ask "http://$(node_ip node1):$PORT/")"; [ "$(tr ' ' '\n' <<<"$seen" | grep -v pod: | sort -u | grep -c .)" -gt 1 ] && break; done
check_test "until its time is up" "$(tr ' ' '\n' <<<"$seen" | grep -v pod: | sort -u | grep -c .)" -gt 1
patch '{"spec":{"sessionAffinity":"None"}}'

section "slow start"
k annotate svc web keelson.dev/slow-start=8s keelson.dev/load-balancing=round-robin --overwrite >/dev/null
k delete pod "$pod2" --wait=true >/dev/null
wait_ready app=web 3
wait_for "three endpoints again" 5 out_is 3 ready_endpoints web
fresh=$(k get pods -l app=web --sort-by=.metadata.creationTimestamp -o jsonpath='{.items[-1:].metadata.name}')
first=$(shares node1 "$url" 40 | jq --arg p "$fresh" '.[$p] // 0')
sleep 9
later=$(shares node1 "$url" 60 | jq --arg p "$fresh" '.[$p] // 0')
check_test "a new pod gets little at first ($first of 40), then its share ($later of 60)" "$first" -lt 10 -a "$later" -ge 12
k annotate svc web keelson.dev/slow-start- keelson.dev/load-balancing- >/dev/null

section "publishNotReadyAddresses"
k create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: unready, labels: {svc-e2e: "", app: unready}}
spec: {containers: [{name: c, image: "nginx:1.14", readinessProbe: {exec: {command: ["false"]}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: unready, labels: {svc-e2e: ""}}
spec: {publishNotReadyAddresses: true, selector: {app: unready}, ports: [{port: 80}]}
YAML
wait_for "a pod that is not ready answers" 15 ask "http://$(cluster_ip unready)/"
patch_unready() { k patch svc unready -p '{"spec":{"publishNotReadyAddresses":false}}' >/dev/null; }
patch_unready
wait_for "without it, it does not" 5 eval "! curl -s --max-time 1 -o /dev/null http://$(cluster_ip unready)/"

section "the last one that ends still serves (KEP-1669)"
k create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: last, labels: {svc-e2e: "", app: last}}
spec:
  terminationGracePeriodSeconds: 20
  containers: [{name: c, image: "nginx:1.14", lifecycle: {preStop: {exec: {command: [sleep, "6"]}}}}]
---
apiVersion: v1
kind: Service
metadata: {name: last, labels: {svc-e2e: ""}}
spec: {type: NodePort, externalTrafficPolicy: Local, selector: {app: last}, ports: [{port: 80, nodePort: 30556}]}
YAML
wait_ready app=last 1
wait_for "it answers" 5 ask "http://$(cluster_ip last)/"
at=$(node_ip "$(get pod/last '{.spec.nodeName}')")
k delete pod last --wait=false >/dev/null
terminating() { k get endpointslices -l kubernetes.io/service-name=last -o json | jq -e '[.items[].endpoints[].conditions | select(.terminating and .serving)] | length == 1'; }
wait_for "it is terminating" 5 terminating
check_is "and answers still" "$(ask "http://$(cluster_ip last)/")" "pod: last"
check_is "from outside too, on its node (Local)" "$(ask "http://$at:30556/")" "pod: last"

section "NodePorts are not bound by the node's own processes"
bind_on() { in_node node1 python3 -c "import socket; s = socket.socket(); s.bind(('0.0.0.0', $1))"; }
check_out "one in use" 'Address already in use' bind_on $PORT
check "another port" bind_on 30999

section "changed behind the agent's back"
pin=$(find "/sys/fs/bpf/keelson/$NAME/node1" -name kl_connect4 -path '*links*' | head -n 1)
bpftool link detach pinned "$pin" >/dev/null 2>&1
check_not "without its program the node reaches no ClusterIP by its own sockets" in_node node1 curl -s --max-time 1 http://127.0.0.1:$PORT/
wait_for "the audit attaches it again" 40 in_node node1 curl -s --max-time 1 -o /dev/null http://127.0.0.1:$PORT/
finish
