#!/usr/bin/env bash
# The balancer in each way of sitting on the uplink that a flag can choose: native XDP, generic XDP, tc.
#
#   this machine --> node1:NODE_PORT --XDP | generic XDP | tc--> web x 3 on two nodes
. "$(dirname "$0")/lib.sh"
SHARED=

xdp_on_eth0() { ip netns exec "$(node_netns node1)" ip link show eth0 | grep -oE '\bxdp(generic)?\b' | head -n 1; }
balanced() { # MODE XDP-AS-IP-SHOWS-IT
	section "--lb-mode=$1"
	up --nodes 2 --agent-arg "--lb-mode=$1" >"$WORK/up.out" 2>&1 || die "keelson up" "$(tail -n 20 "$WORK/up.out")"
	KUBECONFIG=$(DATA)/kubeconfig
	export KUBECONFIG
	check_is "XDP on eth0" "$(xdp_on_eth0)" "$2"
	k create deployment web --image=nginx:1.14 --replicas=3 >/dev/null
	k expose deployment web --port=8080 --target-port=80 --type=NodePort >/dev/null
	wait_ready app=web 3
	wait_for "three endpoints" 5 out_is 3 ready_endpoints web
	for node in node1 node2; do
		hammer_start "$1-$node" --url "http://$(node_ip "$node"):$(node_port)/" --rate 0 --requests 300 --concurrency 4 --duration 30
		wait "${HAMMERS[$1-$node]}"
		unset "HAMMERS[$1-$node]"
		check_clean "$node's NodePort" "$1-$node"
		check_is "$node: three pods answer" "$(tally "$1-$node" '.answered_by | length')" 3
	done
	"$KEELSON" down --name "$NAME" >/dev/null 2>&1
}
balanced xdp xdp
balanced generic xdpgeneric
balanced tc ''
finish
