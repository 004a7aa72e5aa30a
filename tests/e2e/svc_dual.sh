#!/usr/bin/env bash
# Services of both families, forwarding without the balancer's address (DSR), Maglev alike on all nodes, and the defaults by flag.
. "$(dirname "$0")/lib.sh"
[ -z "$SHARED" ] || skip "it makes a cluster of its own"
command -v kubectl >/dev/null || skip "no kubectl on this machine"
up --nodes 3 --dual-stack --agent-arg --lb-algorithm=maglev --agent-arg --lb-forwarding=dsr >"$WORK/up.out" 2>&1 ||
	die "keelson up" "$(tail -n 20 "$WORK/up.out")"
KUBECONFIG=$(DATA)/kubeconfig
export KUBECONFIG

in_node() { local node=$1; shift; nsenter --net="/run/netns/$(node_netns "$node")" "$@"; }
answers() { local i; for ((i = 0; i < $2; i++)); do curl -sS --max-time 5 "$1" | grep -oE "$WHICH_POD"; done | sort -u | grep -c .; }
address() { get "svc/web" "{$1}"; }
enveloped() { "$KEELSON" drops --all --cluster "$NAME" --node "$1" -o json | jq '.counters[] | select(.counter == "enveloped").total'; }

k create -f - >/dev/null <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.14", ports: [{containerPort: 80, hostPort: 8090}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, ipFamilyPolicy: RequireDualStack, selector: {app: web}, ports: [{port: 80, nodePort: 30666}]}
YAML
wait_ready app=web 3
has_both() { [ "$(get svc/web '{.status.loadBalancer.ingress[*].ip}' | wc -w)" = 2 ]; }
wait_for "it has an address of each family" 5 has_both
wait_for "three endpoints of each family" 5 out_is 6 ready_endpoints web
for family in 0 1; do
	six=$([ $family = 0 ] && echo "" || echo "IPv6: ")
	url() { case $1 in *:*) echo "http://[$1]${2:-}/" ;; *) echo "http://$1${2:-}/" ;; esac }
	cluster=$(address ".spec.clusterIPs[$family]") balancer=$(address ".status.loadBalancer.ingress[$family].ip")
	node=$(get node/node2 "{.status.addresses[?(@.type==\"InternalIP\")].address}" | cut -d' ' -f$((family + 1)))
	check_is "${six}ClusterIP from a node" "$(in_node node1 bash -c "for i in {1..40}; do curl -s --max-time 5 $(url "$cluster"); done" | grep -oE "$WHICH_POD" | sort -u | grep -c .)" 3
	check_is "${six}load balancer's address from this machine" "$(answers "$(url "$balancer")" 60)" 3
	check_is "${six}NodePort from this machine" "$(answers "$(url "$node" :30666)" 60)" 3
	check_out "${six}NodePort on loopback" pod: in_node node3 curl -sS --max-time 5 "$(url "$([ $family = 0 ] && echo 127.0.0.1 || echo ::1)" :30666)"
	check_out "${six}host port" pod: curl -sS --max-time 5 "$(url "$node" :8090)"
done
check_test "packets go in envelopes (DSR by the agents' flag)" "$(enveloped node2)" -gt 0

section "Maglev tables are the same on all nodes"
hash_of() { "$KEELSON" maglev show default/web:80 --cluster "$NAME" --node "$1" -o json | jq -r "[.. | objects | .hash? // empty] | join(\" \")"; }
hash=$(hash_of node1)
check_test "there is a table" -n "$hash"
check_is "node2's is the same" "$(hash_of node2)" "$hash"
check_is "and node3's" "$(hash_of node3)" "$hash"

section "an annotation goes before the flag"
k annotate svc web keelson.dev/forwarding=snat keelson.dev/load-balancing=round-robin >/dev/null && sleep 0.4
check_is "round robin, by SNAT: everybody in turn" "$(answers "http://$(node_ip node1):30666/" 6)" 3
finish
