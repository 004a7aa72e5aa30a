#!/usr/bin/env bash
# 1,000 requests to each node's NodePort, and to the ClusterIP from inside a pod: each of five pods answers 10 to 30 %.
#
#   this machine --1,000--> node1:NODE_PORT --+
#                --1,000--> node2:NODE_PORT --+--> web x 5
#                --1,000--> node3:NODE_PORT --+
#   pod "client" --1,000--> CLUSTER_IP:8080 --+
. "$(dirname "$0")/lib.sh"
use_cluster

fair() { # WHAT ID: five pods, each 10-30 % of a thousand answers, no failure
	check_clean "$1" "$2"
	check_is "$1: a thousand answers" "$(tally "$2" .answers)" 1000
	check_is "$1: five pods answer" "$(tally "$2" '.answered_by | length')" 5
	check_is "$1: each between 10 % and 30 %" "$(tally "$2" '[.answered_by[] | . >= 100 and . <= 300] | all')" true
	say "shares: $(tally "$2" '[.answered_by[]] | sort | join(" ")'), p50 $(tally "$2" .latency_us.p50) us, p99 $(tally "$2" .latency_us.p99) us"
}
thousand() { # ID OPTIONS…
	hammer_start "$1" "${@:2}" --rate 0 --requests 1000 --concurrency 4 --duration 30
	wait "${HAMMERS[$1]}"
	unset "HAMMERS[$1]"
}
sed 's/replicas: 1/replicas: 5/' "$MANIFESTS/web.yaml" >"$WORK/web5.yaml"
k apply -f "$WORK/web5.yaml" -f "$MANIFESTS/service.yaml" >/dev/null
k run client --image=nginx:1.14 >/dev/null
wait_ready app=web 5
wait_ready run=client 1
wait_for "five endpoints" 5 out_is 5 ready_endpoints web
for node in $(nodes); do
	thousand "$node" --url "http://$(node_ip "$node"):$(node_port)/"
	fair "$node's NodePort" "$node"
done
thousand inside --url "http://$(cluster_ip):8080/" --netns "$(pod_netns client)"
fair "the ClusterIP from inside a pod" inside
thousand outside --url "http://$(cluster_ip):8080/"
fair "the ClusterIP from this machine" outside
thousand nodelocal --url "http://$(node_ip node2):$(node_port)/" --netns "$(node_netns node2)"
fair "a node's own NodePort from that node" nodelocal

section "the same, typed by hand inside the pod"
k exec client -- bash -c "for i in {1..100}; do curl -sS --max-time 5 http://$(cluster_ip):8080/ | grep -oE '$WHICH_POD'; done" >"$WORK/typed"
check_is "100 answers" "$(wc -l <"$WORK/typed")" 100
check_is "of five pods" "$(sort -u "$WORK/typed" | wc -l)" 5

section "a big answer, and a slow client's long one"
for pod in $(pods_of app=web); do k exec "$pod" -- bash -c 'head -c 5000000 /dev/zero > /usr/share/nginx/html/big'; done
check_is "five megabytes through a NodePort" "$(curl -sS --max-time 20 "http://$(node_ip node3):$(node_port)/big" | wc -c)" 5000000
check_is "and through the ClusterIP from a pod" \
	"$(k exec client -- curl -sS --max-time 20 "http://$(cluster_ip):8080/big" | wc -c)" 5000000
finish
