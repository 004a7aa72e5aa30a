#!/usr/bin/env bash
# A whole node goes: its pods are replaced, the endpoints corrected, and after that no request fails.
#
#   this machine ==> node1, node2:NODE_PORT --> web x 6       node3: agent, containers and link are gone
. "$(dirname "$0")/lib.sh"
SHARED=
use_cluster 3

on_node() { k get pods -l app=web -o json | jq "[.items[] | select(.metadata.deletionTimestamp == null and .spec.nodeName == \"$1\")] | length"; }
endpoints_on() { # NODE: those that get traffic
	k get endpointslices -l kubernetes.io/service-name=web -o json |
		jq "[.items[].endpoints[]? | select(.nodeName == \"$1\" and .conditions.ready != false)] | length"
}
# The way a machine dies: its link first, then everything on it.
lose_node() { # NODE
	local pid
	ip netns exec "$(node_netns "$1")" ip link set eth0 down
	for pid in $(processes_on "$1"); do kill -9 "$pid" 2>/dev/null; done
	ip netns delete "$(node_netns "$1")"
}
processes_on() { # NODE: whatever has it in its cgroup or command line
	local pid
	for pid in /proc/[0-9]*; do
		if grep -q "keelson/$NAME/$1" "$pid/cgroup" 2>/dev/null || tr '\0' ' ' <"$pid/cmdline" 2>/dev/null | grep -q "/$NAME/nodes/$1"; then
			echo "${pid#/proc/}"
		fi
	done
}
k create deployment web --image=nginx:1.14 --replicas=6 >/dev/null
k expose deployment web --port=8080 --target-port=80 --type=NodePort >/dev/null
wait_ready app=web 6
check_test "some pods stand on node3" "$(on_node node3)" -gt 0
wait_for "six endpoints" 5 out_is 6 ready_endpoints web
URLS=(--url "http://$(node_ip node1):$(node_port)/" --url "http://$(node_ip node2):$(node_port)/")

hammer_start run "${URLS[@]}" --rate 20 --timeout-ms 1000 --duration 150
sleep 1
lost=$(now_ms)
lose_node node3
wait_for "the node is found out" 60 out_matches '^node3 +NotReady' k get nodes
wait_for "the endpoints are corrected" 30 out_is 0 endpoints_on node3
sleep 0.2
corrected=$(now_ms)
say "endpoints corrected $((corrected - lost)) ms after the loss"
sleep 3
check_out "describe node says what is known" 'NodeStatusUnknown|Kubelet stopped posting|NodeNotReady' k describe node node3
check_out "it is tainted" 'node.kubernetes.io/unreachable' k describe node node3
check_out "delete node" '^node "node3" deleted' k delete node node3
wait_ready app=web 6 40
check_is "all on the nodes that are left" "$(($(on_node node1) + $(on_node node2)))" 6
wait_for "six endpoints" 10 out_is 6 ready_endpoints web
sleep 2
hammer_stop run
check_test "no request failed after the correction" "$(tally run .last_failure_ms)" -lt "$((corrected + 1000))"
say "while the node was dead: $(tally run .failures) failed of $(tally run '.answers + .failures')"
wait_for "the pods of the dead node are gone" 30 out_is 6 count pods -l app=web
finish
