#!/usr/bin/env bash
# kill -9 of the server, then of each agent, in the middle of 10 requests/s over one long-lived and many short
# connections through NodePort and ClusterIP: nothing breaks, nothing is lost, no container is restarted.
#
#   this machine ==long-lived, short==> node1..3:NODE_PORT --> web x 5     (hammer "ports")
#   pod "client" ==long-lived, short==> CLUSTER_IP:8080 ----> web x 5      (hammer "inside")
. "$(dirname "$0")/lib.sh"
use_cluster

objects() { k get ns,nodes,deploy,rs,pods,svc,endpointslices,cm,secrets,sa -A -o json | jq -c '[.items[] | [.kind, .metadata.namespace, .metadata.name, .metadata.uid]] | sort'; }
containers() {
	k get pods -A -o json | jq -c '[.items[] | {p: .metadata.name, c: [.status.containerStatuses[]? | [.containerID, .restartCount, .state.running.startedAt, .ready]]}] | sort'
}
same() { [ "$("$1")" = "$2" ]; }
load_start() {
	local urls=() node
	for node in $(nodes); do urls+=(--url "http://$(node_ip "$node"):$(node_port)/"); done
	hammer_start ports "${urls[@]}" --rate 10 --keep 1 --duration 120
	hammer_start inside --url "http://$(cluster_ip):8080/" --netns "$NETNS" --rate 10 --keep 1 --duration 120
	sleep 1
}
load_stop() { # WHAT
	sleep 1
	hammer_stop ports
	hammer_stop inside
	check_clean "$1: through NodePorts" ports pinned
	check_clean "$1: through the ClusterIP from a pod" inside pinned
}

sed 's/replicas: 1/replicas: 5/' "$MANIFESTS/web.yaml" >"$WORK/web5.yaml"
k apply -f "$WORK/web5.yaml" -f "$MANIFESTS/service.yaml" >/dev/null
k run client --image=nginx:1.14 >/dev/null
k create configmap kept --from-literal=key=value >/dev/null
cleanup() { k delete configmap kept --ignore-not-found >/dev/null 2>&1; clean_web; }
wait_ready app=web 5
wait_ready run=client 1
wait_for "five endpoints" 5 out_is 5 ready_endpoints web
NETNS=$(pod_netns client)
sleep 1
before=$(objects) running=$(containers)

section "the server"
load_start
pid=$(kill_hard server)
start=$(now_ms)
wait_for "it is started again" 15 restarted server "$pid"
wait_for "and ready" 15 out_is ok k get --raw /readyz
say "server back after $(($(now_ms) - start)) ms"
check_is "every object is there, with its uid" "$(objects)" "$before"
for node in $(nodes); do wait_for "$node is Ready" 15 node_is "$node" True; done
load_stop "kill -9 of the server"
check_is "no container was restarted" "$(containers)" "$running"

section "an acknowledged write"
# What was written last is there after the crash, because an acknowledged write is on disk.
k create configmap written-last --from-literal=a=b >/dev/null && pid=$(kill_hard server)
wait_for "the server is back" 15 out_is ok k get --raw /readyz
check "the last acknowledged write is there" k get configmap written-last
k delete configmap written-last >/dev/null

for node in $(nodes); do
	section "the agent of $node"
	load_start
	pid=$(kill_hard "$node")
	start=$(now_ms)
	wait_for "it is started again" 15 restarted "$node" "$pid"
	say "agent back after $(($(now_ms) - start)) ms"
	sleep 2
	check "$node is Ready" node_is "$node" True
	load_stop "kill -9 of $node's agent"
	check_is "no container was restarted, no status was lost" "$(containers)" "$running"
done

section "a change while an agent is away is made up for"
pid=$(kill_hard node2)
k scale deploy web --replicas=6 >/dev/null
wait_for "the agent is back" 15 restarted node2 "$pid"
wait_ready app=web 6
wait_for "six endpoints" 5 out_is 6 ready_endpoints web
all_answer() { # COUNT: through node2, without a failure
	hammer_start after --url "http://$(node_ip node2):$(node_port)/" --rate 0 --requests 300 --concurrency 4
	wait "${HAMMERS[after]}"
	unset "HAMMERS[after]"
	check_clean "node2's table serves" after >>"$WORK/after.out" || return
	[ "$(tally after '.answered_by | length')" = "$1" ]
}
wait_for "node2's table has the change: all six answer there" 10 all_answer 6

section "everything at once"
load_start
pids=()
for part in server $(nodes); do pids+=("$part:$(kill_hard "$part")"); done
for part in "${pids[@]}"; do wait_for "${part%%:*} is back" 15 restarted "${part%%:*}" "${part##*:}"; done
wait_for "the server is ready" 15 out_is ok k get --raw /readyz
sleep 2
for node in $(nodes); do wait_for "$node is Ready" 15 node_is "$node" True; done
load_stop "kill -9 of server and agents"
running=$(jq -c '[.[].c[][1]] | add' <<<"$(containers)")
check_is "no container was restarted" "$running" 0
check_out "exec works with the new agents" 'client' k exec client -- hostname
check_out "logs too" 'GET / HTTP' k logs deploy/web --tail=5
finish
