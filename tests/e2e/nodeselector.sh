#!/usr/bin/env bash
# nodeSelector: pods wait for a node with the label; a taint wins over the label.
. "$(dirname "$0")/lib.sh"
use_cluster

cleanup() {
	k taint node node2 dedicated- >/dev/null 2>&1
	k label node node2 test123_env- >/dev/null 2>&1
	clean_web
}
on_node() { k get pods -l app=web --field-selector "spec.nodeName=$1,status.phase=Running" -o name | grep -c .; }
check "apply before any node has the label" k apply -f "$MANIFESTS/nodeselector.yaml"
wait_for "all ten are Pending" 10 out_is 10 count pods -l app=web --field-selector status.phase=Pending
POD=$(pods_of app=web | head -n 1)
wait_for "describe says why" 5 out_matches "0/3 nodes are available: 3 node\(s\) didn't match Pod's node affinity/selector" k describe pod "$POD"
check "taint node2" k taint node node2 dedicated=x:NoSchedule
check_out "label node2" '^node/node2 labeled$' k label node node2 test123_env=prod
sleep 1
check_is "the taint wins: still Pending" "$(count pods -l app=web --field-selector status.phase=Pending)" 10
wait_for "describe names the taint" 5 out_matches "1 node\(s\) had untolerated taint \{dedicated: x\}" k describe pod "$POD"
check_out "untaint" '^node/node2 untainted$' k taint node node2 dedicated-
wait_ready app=web 10
check_is "all ten on node2" "$(on_node node2)" 10
finish
