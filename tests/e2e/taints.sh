#!/usr/bin/env bash
# Taints: NoSchedule keeps new pods away, PreferNoSchedule as far as it can, NoExecute evicts.
. "$(dirname "$0")/lib.sh"
use_cluster

KEY=node-role.kubernetes.io/master
cleanup() {
	k taint node node1 node2 node3 $KEY- >/dev/null 2>&1
	k uncordon node1 node2 node3 >/dev/null 2>&1
	clean_web
}
on_node() { k get pods -l app=web -o json | jq "[.items[] | select(.metadata.deletionTimestamp == null and .spec.nodeName == \"$1\")] | length"; }
taints() {
	check_out "taint NoSchedule" '^node/node3 tainted$' k taint node node3 $KEY:NoSchedule
	check_out "describe node | grep Taints" "^Taints: +$KEY:NoSchedule$" k describe node node3
	check_out "twice the same" 'already has|already has .*taint' k taint node node3 $KEY:NoSchedule
	k create deployment web --image=nginx:1.14 --replicas=6 >/dev/null
	wait_ready app=web 6
	check_is "none went there" "$(on_node node3)" 0
	check_out "untaint" '^node/node3 untainted$' k taint node node3 $KEY-
	check_out "describe node: none" '^Taints: +<none>$' k describe node node3
	check_is "pods stay where they are" "$(on_node node3)" 0
	check "scale up" k scale deploy web --replicas=9
	wait_ready app=web 9
	check_test "now some go there" "$(on_node node3)" -gt 0

	check_out "taint NoExecute" '^node/node3 tainted$' k taint node node3 $KEY:NoExecute
	wait_for "it evicts" 30 out_is 0 on_node node3
	wait_ready app=web 9
	check_is "replaced elsewhere" "$(on_node node3)" 0
	check_out "untaint by key and effect" '^node/node3 untainted$' k taint node node3 $KEY:NoExecute-
	k delete deploy web --grace-period=1 >/dev/null
	wait_for "clean" 40 no_pods app=web
}
each_kubectl taints

section "PreferNoSchedule"
check "taint node1 and node2" k taint node node1 node2 $KEY:PreferNoSchedule
k create deployment web --image=nginx:1.14 --replicas=2 >/dev/null
wait_ready app=web 2
check_is "both prefer node3" "$(on_node node3)" 2
check "tainting node3 hard leaves only the others" k taint node node3 $KEY:NoSchedule
check "scale" k scale deploy web --replicas=4
wait_ready app=web 4
check_is "the new ones went to the less wanted nodes" "$(on_node node3)" 2
check "untaint all" k taint node node1 node2 node3 $KEY-

section "cordon"
check_out "cordon" '^node/node2 cordoned$' k cordon node2
check_out "get nodes" '^node2 +Ready,SchedulingDisabled' k get nodes
check "scale" k scale deploy web --replicas=8
wait_ready app=web 8
check_out "uncordon" '^node/node2 uncordoned$' k uncordon node2
finish
