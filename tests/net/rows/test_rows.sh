#!/bin/bash
# Every row of "Forwarding and services", with real TCP, UDP and (by hand) SCTP, IPv4 and IPv6, in tc, in generic XDP
# and in native XDP. lib.sh draws the network.  test_rows.sh [MODE…]

# Each mode has a network of its own; they run side by side.
if [ $# != 1 ]; then
	for mode in "${@:-tc generic xdp}"; do for mode in $mode; do bash "$0" $mode & done; done
	for job in $(jobs -p); do
		wait "$job"; code=$?
		[ $code = 0 ] || worst=$code
	done
	exit ${worst:-0}
fi
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
trap cleanup EXIT
make_network 2>"$work/err" || skip "cannot make namespaces: $(cat "$work/err")"
serve_pods pa pc pb

# What differs between the families.
family() { # 4|6
	v=$1
	if [ $v = 4 ]; then
		any=0.0.0.0 n1=192.168.77.2 n2=192.168.77.3 client=192.168.78.1 router=192.168.78.254
		pa=10.50.1.2 pc=10.50.1.3 pb=10.50.2.2 vip=10.77.0 ext=203.0.113 dot=. all=0.0.0.0/0 mine=192.168.78.0/24 other=198.51.100.0/24
	else
		any=:: n1=fd77::2 n2=fd77::3 client=fd79::1 router=fd79::fe
		pa=fd50:1::2 pc=fd50:1::3 pb=fd50:2::2 vip=fd78: ext=fd7e: dot=: all=::/0 mine=fd79::/64 other=2001:db8::/64
	fi
}

put_all() { # forwarding of what leaves the node: snat dsr dsr-geneve
	local proto
	for proto in tcp udp sctp; do
		put t/web:$proto/$v $proto round-robin,$1 node=$any/30080 cluster=$vip${dot}1/80 external=$ext${dot}1/80 \
			-- $pa/8000@node1 $pb/8000@node2
		put t/local:$proto/$v $proto $1 node=$any/30081 -- $pa/8000@node1
		put t/far:$proto/$v $proto $1 node=$any/30082 -- $pb/8000@node2
		# The same port on both sides: SCTP's checksum covers it.
		put t/same:$proto/$v $proto $1 node=$any/30090 cluster=$vip${dot}3/8000 -- $pb/8000@node2
	done
	put t/policy:$v tcp external-local,$1 node=$any/30083 -- $pa/8000@node1 $pb/8000@node2
	put t/sticky:$v tcp round-robin,affinity,$1 node=$any/30084 -- $pa/8000@node1 $pb/8000@node2
	put t/allowed:$v tcp $1 lb=$ext${dot}2/80 range=$mine -- $pb/8000@node2
	put t/denied:$v tcp $1 lb=$ext${dot}3/80 range=$other -- $pb/8000@node2
	put t/dead:$v udp $1 node=$any/30085 -- $pb/8999@node2
	put t/deadlocal:$v udp $1 node=$any/30086 -- $pa/8999@node1
	put t/none:$v tcp $1 node=$any/30087 --
	put t/self:$v tcp $1 cluster=$vip${dot}2/80 -- $pa/8000@node1
	put t/host:$v tcp $1 host=$n1/9090 -- $pc/8000@node1
}

forwarding() {
	local node proto
	for node in $n1 $n2; do
		for proto in tcp udp; do
			expect "pa [2-6] pb [2-6]" "$at NodePort of $node, $proto" sorted peer c $proto $node 30080 8
			expect "pa 3" "$at NodePort of $node, $proto, one pod of node1" peer c $proto $node 30081 3
			expect "pb 3" "$at NodePort of $node, $proto, one pod of node2" peer c $proto $node 30082 3
		done
		expect "* MB/s" "$at NodePort of $node, 20 MB each way" peer c bulk $node 30082 20
	done
	expect "pa [2-6] pb [2-6]" "$at ClusterIP from outside" sorted peer c tcp $vip${dot}1 80 8
	expect "pa [2-6] pb [2-6]" "$at externalIP" sorted peer c tcp $ext${dot}1 80 8
	expect "pc 3" "$at hostPort of node1" peer c tcp $n1 9090 3
	expect "pb 3" "$at LoadBalancer address, source in its ranges" peer c tcp $ext${dot}2 80 3
	expect "silent" "$at LoadBalancer address, source not in its ranges" probe c refused tcp $ext${dot}3 80
}
# Round robin, but a client whose port was seen before keeps the backend of that flow.
sorted() { "$@" | sort; }

policies() {
	expect "pa 6" "$at externalTrafficPolicy: Local, node1" peer c tcp $n1 30083 6
	expect "pb 6" "$at externalTrafficPolicy: Local, node2" peer c tcp $n2 30083 6
	expect "$client" "$at externalTrafficPolicy: Local keeps the source" probe c who $n1 30083
	expect "p? 6" "$at ClientIP affinity" peer c tcp $n1 30084 6
	expect "refused" "$at a NodePort without endpoints refuses" probe c refused tcp $n1 30087
}

# By the route: an interface of a smaller MTU would also refuse what comes in.
narrow() {
	ip -n ${id}r route replace 192.168.78.1/32 dev client mtu lock 1400
	ip -n ${id}r -6 route replace fd79::1/128 dev client mtu lock 1400
}
wide() {
	ip -n ${id}r route del 192.168.78.1/32
	ip -n ${id}r -6 route del fd79::1/128
}

sizes() {
	expect "pa 3" "$at datagrams of 4000 bytes, in fragments, local" peer c udp $n1 30081 3 4000
	expect "pb 3" "$at datagrams of 4000 bytes, in fragments, remote" peer c udp $n1 30082 3 4000
	expect "pb 2" "$at datagrams of 9000 bytes, in fragments, remote" peer c udp $n1 30082 2 9000
	# The way back to the client is narrow: its router tells the backend, through us.
	narrow
	expect "* MB/s" "$at path MTU 1400 on the way back, remote backend" peer c bulk $n1 30082 5
	expect "* MB/s" "$at path MTU 1400 on the way back, local backend" peer c bulk $n1 30081 5
	wide
	for ns in n1 n2 pa pb pc; do inside $ns ip route flush cache; inside $ns ip -6 route flush cache; done 2>/dev/null
}

errors() {
	expect "refused" "$at a closed port of a local backend is told" probe c refused udp $n1 30086
	expect "refused" "$at a closed port of a remote backend is told" probe c refused udp $n1 30085
	expect "exceeded $router" "$at traceroute, first hop" probe c ttl $n1 30082 1
	expect "exceeded $n1" "$at traceroute, the balancing node" probe c ttl $n1 30082 2
	expect "exceeded *" "$at traceroute, the backend's node" probe c ttl $n1 30082 3
	expect "answered" "$at traceroute, the backend" probe c ttl $n1 30082 4
}

# Out of a cgroup of ours: packets, not sockets. In it: sockets.
inside_cluster() {
	expect "pa [1-3] pb [1-3]" "$at a pod's socket to a ClusterIP" sorted pod pc "$tools/lb_peer" tcp $vip${dot}1 80 4
	expect "pa [1-3] pb [1-3]" "$at a node's socket to its own NodePort" sorted pod n1 "$tools/lb_peer" tcp $n1 30080 4
	expect "pa 3" "$at hairpin: a pod reaches itself through its Service" pod pa "$tools/lb_peer" tcp $vip${dot}2 80 3
	expect "pa [1-3] pb [1-3]" "$at a node to another node's NodePort, by packets" sorted peer n2 tcp $n1 30080 4
	expect "pb 3" "$at a pod to another node's NodePort, by packets" peer pa tcp $n2 30082 3
}

sctp() {
	expect "answered pb" "$at SCTP, the port unchanged, remote" probe c sctp $vip${dot}3 8000
}

# Through an envelope: the backend sees the client, and everything that is large still passes.
dsr() { # dsr|dsr-geneve
	put_all $1
	local at="$at $1"
	expect "pa [2-6] pb [2-6]" "$at NodePort, tcp" sorted peer c tcp $n1 30080 8
	expect "pa [2-6] pb [2-6]" "$at NodePort, udp" sorted peer c udp $n1 30080 8
	expect "$client" "$at the source is kept" probe c who $n1 30082
	expect "* MB/s" "$at 20 MB each way, full-size segments" peer c bulk $n1 30082 20
	# IPv6 is fragmented by the sender alone: the first datagram is lost, and tells it how large they may be.
	[ $v = 4 ] || peer c udp $n1 30082 1 4000 >/dev/null
	expect "pb 3" "$at datagrams of 4000 bytes, in fragments" peer c udp $n1 30082 3 4000
	expect "mtu 14?? from * answered *" "$at a datagram that does not fit its envelope" probe c fits $n1 30082 $((v == 4 ? 1472 : 1452))
	expect "refused" "$at a closed port of the backend is told" probe c refused udp $n1 30085
	expect "exceeded *" "$at traceroute, the backend's node" probe c ttl $n1 30082 3
	narrow
	expect "* MB/s" "$at path MTU 1400 on the way back" peer c bulk $n1 30082 5
	wide
	inside n2 ip route flush cache; inside pb ip route flush cache; inside pb ip -6 route flush cache
	ip -n ${id}c route flush cache; ip -n ${id}c -6 route flush cache
}

mode=$1
[ $mode = tc ] || suit_xdp $mode
load $mode || { say_failed "load $mode"; finish; }
for family in 4 6; do
	family $family
	at="$mode IPv$v:"
	put_all snat
	forwarding
	policies
	sizes
	errors
	inside_cluster
	sctp
	dsr dsr
	dsr dsr-geneve
done
finish
