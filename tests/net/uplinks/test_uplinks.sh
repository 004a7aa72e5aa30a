#!/bin/bash
# A node with two uplinks: clients behind either reach NodePorts at either address, backends here and on the other node,
# by SNAT and by DSR, in tc and in XDP; an uplink that is taken off the list has no programs any more.
#
#	c ---- r ---- bridge ---- n1 eth0        as in rows/lib.sh
#	              n2 ----------|
#	c2 .1 ------------------- n1 eth1 .2     192.168.79.0/24  fd7a::/64
. "$(dirname "$0")/../rows/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
names+=(c2)
trap cleanup EXIT
make_network 2>"$work/err" || skip "cannot make namespaces: $(cat "$work/err")"
serve_pods pa pb

second_link() {
	ip -n ${id}n1 link add eth1 type veth peer name eth0 netns ${id}c2
	ip -n ${id}n1 link set eth1 up; ip -n ${id}c2 link set eth0 up
	ip -n ${id}n1 addr add 192.168.79.2/24 dev eth1; ip -n ${id}c2 addr add 192.168.79.1/24 dev eth0
	ip -n ${id}n1 -6 addr add fd7a::2/64 dev eth1 nodad; ip -n ${id}c2 -6 addr add fd7a::1/64 dev eth0 nodad
	ip -n ${id}c2 route add default via 192.168.79.2; ip -n ${id}c2 -6 route add default via fd7a::2
	# The other node answers c2 through n1, as a router would have it.
	ip -n ${id}n2 route add 192.168.79.0/24 via 192.168.77.2; ip -n ${id}n2 -6 route add fd7a::/64 via fd77::2
	inside n1 ethtool -K eth1 tx off >/dev/null 2>&1; inside c2 ethtool -K eth0 tx off >/dev/null 2>&1
}

load_node() { # number uplinks mode address…
	"$tools/lb_tool" $pins$1 unload 2>/dev/null
	inside n$1 "$tools/lb_tool" $pins$1 load node$1 "$2" "$3" $cgroup_mount/$id 0 "${@:4}" >"$work/load$1" 2>&1 ||
		{ cat "$work/load$1"; say_failed "load node$1 in $3"; }
}

load_both() { # mode
	load_node 1 eth0,eth1 "$1" 192.168.77.2 fd77::2 192.168.79.2 fd7a::2
	load_node 2 eth0 "$1" 192.168.77.3 fd77::3
	"$tools/lb_tool" ${pins}1 peer node1 node2 192.168.77.3 fd77::3
	"$tools/lb_tool" ${pins}2 peer node2 node1 192.168.77.2 fd77::2
}

services() { # forwarding
	put u/local:4 tcp "$1" node=0.0.0.0/30081 -- 10.50.1.2/8000@node1
	put u/far:4 tcp "$1" node=0.0.0.0/30082 external=203.0.113.9/30082 -- 10.50.2.2/8000@node2
	put u/local:6 tcp "$1" node=::/30081 -- fd50:1::2/8000@node1
	put u/far:6 tcp "$1" node=::/30082 external=fd7e::9/30082 -- fd50:2::2/8000@node2
}

# Under DSR c2's answers come from node 2 through node 1, its router. Had they node 1's own address as their source, its
# stack would take them for forged ones: an address of the Service's own it is.
far() { # client family forwarding
	case $1$2$3 in c24dsr) echo 203.0.113.9;; c26dsr) echo fd7e::9;; *) near "$1" "$2";; esac
}

reach() { # what forwarding
	local from
	for from in c c2; do
		expect "pa 3" "$1: $from to its own uplink, local backend" peer $from tcp "$(near $from 4)" 30081 3
		expect "pb 3" "$1: $from to its own uplink, the other node's backend" peer $from tcp "$(far $from 4 "$2")" 30082 3
		expect "pa 3" "$1: $from, IPv6, local backend" peer $from tcp "$(near $from 6)" 30081 3
		expect "pb 3" "$1: $from, IPv6, the other node's backend" peer $from tcp "$(far $from 6 "$2")" 30082 3
	done
	expect "* MB/s" "$1: 10 MB each way between uplinks" peer c2 bulk "$(far c2 4 "$2")" 30082 10
	[ "$2" = dsr ] || expect "pb 3" "$1: c2 to the other uplink's address" peer c2 tcp 192.168.77.2 30082 3
}
near() { # client family: the address of node 1 on its side
	case $1$2 in c4) echo 192.168.77.2;; c6) echo fd77::2;; c24) echo 192.168.79.2;; c26) echo fd7a::2;; esac
}

second_link
for mode in tc xdp; do
	[ $mode = tc ] || { suit_xdp xdp; inside c2 "$tools/lb_tool" - pass eth0; }
	load_both $mode
	for forwarding in snat dsr; do
		services $forwarding
		reach "$mode $forwarding" $forwarding
	done
done

# One uplink again: the other's pins go, and with them its programs.
[ "$(ls /sys/fs/bpf/${id}1/links | grep -c '^kl_lb_.*_[0-9]*$')" = 3 ] && say_ok "pins of both" || say_failed "pins: $(ls /sys/fs/bpf/${id}1/links | paste -sd' ')"
inside n1 "$tools/lb_tool" ${pins}1 load node1 eth0 tc $cgroup_mount/$id 0 192.168.77.2 fd77::2 >/dev/null 2>&1
[ "$(ls /sys/fs/bpf/${id}1/links | grep -c '^kl_lb_.*_[0-9]*$')" = 0 ] && say_ok "pins of one" || say_failed "pins left: $(ls /sys/fs/bpf/${id}1/links | paste -sd' ')"
expect "pb 3" "the uplink that stays goes on" peer c tcp 192.168.77.2 30082 3
finish
