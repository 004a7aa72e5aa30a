#!/usr/bin/env bash
# The cluster that the other files share: three Ready nodes from one command; the command again changes nothing.
. "$(dirname "$0")/lib.sh"

# A run that was killed may have left it behind.
"$KEELSON" down --name "$NAME" >/dev/null 2>&1
start=$(now_ms)
check_out "up says how to use the cluster" 'KUBECONFIG=.*kubeconfig' "$KEELSON" up --nodes 3 --name "$NAME"
say "up took $(($(now_ms) - start)) ms"
use_cluster
check_is "three nodes are there" "$(nodes | sort | tr '\n' ' ')" "node1 node2 node3 "
for node in node1 node2 node3; do
	check "$node is Ready" node_is $node True
done
check_is "the kubeconfig is private" "$(stat -c %a "$KUBECONFIG")" 600

server=$(pid_of server) agent=$(pid_of node2)
check "up again is fine" "$KEELSON" up --nodes 3 --name "$NAME"
check_is "and left the server alone" "$(pid_of server)" "$server"
check_is "and the agents" "$(pid_of node2)" "$agent"
check_out "status names a node" 'node2' "$KEELSON" status --name "$NAME"
finish
