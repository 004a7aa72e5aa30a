#!/bin/bash
# Invariant 7: nothing leaks between nodes and clusters that share a kernel. Two clusters with the same service addresses
# on one hierarchy of cgroups: a pod of one never reaches the other's backends, a namespace of neither is not touched, and
# what one cluster does to its services leaves the other's connections alone.
. "$(dirname "$0")/../rows/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
trap cleanup EXIT
make_network 2>"$work/err" || skip "cannot make namespaces: $(cat "$work/err")"
serve_pods pa pb
services=50

# Cluster 1 is node n1 with pods pc (client) and pa; cluster 2 is node n2 with client r and pod pb. Both filter.
for n in 1 2; do
	inside n$n "$tools/lb_tool" $pins$n load node$n - tc $cgroup_mount/$id 1 192.168.77.$((n + 1)) fd77::$((n + 1)) >"$work/out" 2>&1 ||
		skip "the programs do not load here: $(cat "$work/out")"
done
cookie() { inside $1 "$tools/lb_tool" - cookie; }
"$tools/lb_tool" ${pins}1 netns $(cookie pc)
"$tools/lb_tool" ${pins}2 netns $(cookie r)
ip -n ${id}r route add 10.50.2.0/24 via 192.168.77.3
mine() { "$tools/lb_tool" $pins$1 put node$1 "t/s$2:80" $3 - cluster=10.77.1.$2/80 -- $4; }
for i in $(seq $services); do
	mine 1 $i tcp 10.50.1.2/8000@node1
	mine 2 $i tcp 10.50.2.2/8000@node2
done
"$tools/lb_tool" ${pins}1 put node1 t/dns:53 udp - cluster=10.77.2.1/53 -- 10.50.1.2/8000@node1
"$tools/lb_tool" ${pins}2 put node2 t/dns:53 udp - cluster=10.77.2.1/53 -- 10.50.2.2/8000@node2

all_of() { # NS: who answers at every service
	local i
	for i in $(seq 1 7 $services); do pod $1 "$tools/lb_peer" tcp 10.77.1.$i 80 2; done | sort | uniq -c | sed 's/^ *//'
}
expect "8 pa 2" "cluster 1's pod, services of both at the same addresses" all_of pc
expect "8 pb 2" "cluster 2's pod, services of both at the same addresses" all_of r
expect "FAILED 1" "a namespace of neither is not touched" pod c "$tools/lb_peer" tcp 10.77.1.1 80 1

pod r "$tools/lb_hold" udp 10.77.2.1 53 20 "$work/go" >"$work/udp" &
udp=$!
pod r "$tools/lb_hold" tcp 10.77.1.3 80 20 "$work/go" >"$work/tcp" &
tcp=$!
for i in $(seq 50); do grep -q open "$work/udp" && grep -q open "$work/tcp" && break; sleep 0.1; done
# The first cluster loses everything: its sockets are reaped, its services go, its programs too.
"$tools/lb_tool" ${pins}1 put node1 t/dns:53 udp - cluster=10.77.2.1/53 --
"$tools/lb_tool" ${pins}1 reap /run/netns/${id}r >/dev/null
for i in $(seq $services); do "$tools/lb_tool" ${pins}1 delete node1 t/s$i:80; done
expect "FAILED 1" "cluster 1 without services" pod pc "$tools/lb_peer" tcp 10.77.1.1 80 1
expect "8 pb 2" "cluster 2 goes on" all_of r
"$tools/lb_tool" ${pins}1 unload
expect "8 pb 2" "cluster 2 goes on without the other's programs" all_of r
touch "$work/go"
wait $udp; wait $tcp
expect "answered 20 ended 0 silent 0" "its connected UDP sockets" tail -1 "$work/udp"
expect "*broken 0 moved 0" "its connections" tail -1 "$work/tcp"
finish
