# Sourced by the dataplane's network tests: namespaces, real clients and servers, Keelson's tables without its control
# plane (lb_tool), and checks that say what was wrong.
#
#	 c .1 ---- r .254                                   c: client         192.168.78.0/24  fd79::/64
#	           r .1 ------+                             r: a router whose way back is narrow (MTU 1400) when told
#	                      bridge ---- n1 .2 ---- pa 10.50.1.2, pc 10.50.1.3
#	   192.168.77.0/24    bridge ---- n2 .3 ---- pb 10.50.2.2
#	   fd77::/64
#
# The client routes the cluster's addresses 10.77.0.0/16, fd78::/64 and the external 203.0.113.0/24, fd7e::/64 to n1.
# shellcheck shell=bash
set -u
tools=$(dirname "$KL_BIN")/tests
id=kp$$
pins=/sys/fs/bpf/$id
cgroup_mount=/tmp/$id-cgroup
work=$(mktemp -d /tmp/$id.XXXXXX)
pids=()
failures=0
checks=0
names=(c r br n1 n2 pa pc pb)
export ASAN_OPTIONS=detect_leaks=0

skip() { echo "skipped: $*"; exit 77; }
say_failed() { checks=$((checks + 1)); failures=$((failures + 1)); echo "FAILED: $*"; }
say_ok() { checks=$((checks + 1)); [ -z "${VERBOSE-1}" ] || echo "ok: $*"; }
inside() { nsenter --net="/run/netns/$id$1" "${@:2}"; }
peer() { inside "$1" timeout 60 "$tools/lb_peer" "${@:2}"; }
probe() { inside "$1" timeout 20 "$tools/lb_probe" "${@:2}"; }
# In the cgroup whose sockets are balanced, in a namespace.
pod() { (echo "$BASHPID" >$cgroup_mount/$id/cgroup.procs && exec nsenter --net="/run/netns/$id$1" timeout 60 "${@:2}"); }
expect() { # WANT WHAT COMMAND…: the output, lines joined
	local want=$1 what=$2 out
	shift 2
	out=$("$@" 2>&1 | paste -sd' ')
	[[ "$out" == $want ]] && say_ok "$what: $out" || say_failed "$what: '$out', not '$want'"
}

cleanup() {
	local pid ns n
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
	wait
	for n in 1 2; do "$tools/lb_tool" $pins$n unload 2>/dev/null; done
	for ns in "${names[@]}"; do ip netns del $id$ns 2>/dev/null; done
	rmdir $cgroup_mount/$id 2>/dev/null; umount -l $cgroup_mount 2>/dev/null; rmdir $cgroup_mount 2>/dev/null
	rm -rf "$work"
}
finish() {
	[ $failures = 0 ] && echo "all well: $checks checks" || echo "$failures of $checks failed"
	exit $((failures > 0))
}

# --- the network

add_link() { # ns address4 address6: eth0 on the bridge
	ip -n $id$1 link add eth0 type veth peer name v$1 netns ${id}br
	ip -n ${id}br link set v$1 master br0 up
	ip -n $id$1 link set eth0 up
	ip -n $id$1 addr add "$2" dev eth0
	ip -n $id$1 -6 addr add "$3" dev eth0 nodad
}

add_pod() { # node pod number host
	local dev=veth$2
	ip -n $id$1 link add $dev type veth peer name eth0 netns $id$2
	ip -n $id$1 link set $dev up; ip -n $id$2 link set eth0 up
	ip -n $id$1 addr add 10.50.$3.1/32 dev $dev; ip -n $id$2 addr add 10.50.$3.$4/32 dev eth0
	ip -n $id$1 -6 addr add fd50:$3::1/128 dev $dev nodad; ip -n $id$2 -6 addr add fd50:$3::$4/128 dev eth0 nodad
	ip -n $id$1 route add 10.50.$3.$4/32 dev $dev; ip -n $id$1 -6 route add fd50:$3::$4/128 dev $dev
	ip -n $id$2 route add 10.50.$3.1/32 dev eth0; ip -n $id$2 route add default via 10.50.$3.1
	ip -n $id$2 -6 route add fd50:$3::1/128 dev eth0; ip -n $id$2 -6 route add default via fd50:$3::1
}

make_network() {
	local ns
	for ns in "${names[@]}"; do
		ip netns add $id$ns && ip -n $id$ns link set lo up || return 1
		inside $ns sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
			net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000 2>/dev/null
	done
	ip -n ${id}br link add br0 type bridge && ip -n ${id}br link set br0 up || return 1
	add_link r 192.168.77.1/24 fd77::1/64
	add_link n1 192.168.77.2/24 fd77::2/64
	add_link n2 192.168.77.3/24 fd77::3/64
	ip -n ${id}r link add client type veth peer name eth0 netns ${id}c
	ip -n ${id}r link set client up; ip -n ${id}c link set eth0 up
	ip -n ${id}r addr add 192.168.78.254/24 dev client; ip -n ${id}c addr add 192.168.78.1/24 dev eth0
	ip -n ${id}r -6 addr add fd79::fe/64 dev client nodad; ip -n ${id}c -6 addr add fd79::1/64 dev eth0 nodad
	ip -n ${id}c route add default via 192.168.78.254; ip -n ${id}c -6 route add default via fd79::fe
	for ns in r n1 n2; do
		inside $ns sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	done
	for ns in n1 n2; do
		ip -n $id$ns route add default via 192.168.77.1; ip -n $id$ns -6 route add default via fd77::1
	done
	ip -n ${id}r route add 10.77.0.0/16 via 192.168.77.2; ip -n ${id}r -6 route add fd78::/64 via fd77::2
	ip -n ${id}r route add 203.0.113.0/24 via 192.168.77.2; ip -n ${id}r -6 route add fd7e::/64 via fd77::2
	add_pod n1 pa 1 2; add_pod n1 pc 1 3; add_pod n2 pb 2 2
	ip -n ${id}n1 route add 10.50.2.0/24 via 192.168.77.3; ip -n ${id}n1 -6 route add fd50:2::/64 via fd77::3
	ip -n ${id}n2 route add 10.50.1.0/24 via 192.168.77.2; ip -n ${id}n2 -6 route add fd50:1::/64 via fd77::2
	mkdir -p $cgroup_mount && mount -t cgroup2 none $cgroup_mount && mkdir $cgroup_mount/$id
}

# XDP sees packets before anybody has completed their checksums; what native XDP sends over a veth wakes the other end only
# if that has a program as well.
suit_xdp() { # mode
	local ns dev
	for ns in c r n1 n2 pa pb pc; do inside $ns ethtool -K eth0 tx off >/dev/null 2>&1; done
	for ns in n1 n2; do for dev in vethpa vethpb vethpc; do inside $ns ethtool -K $dev tx off >/dev/null 2>&1; done; done
	inside r ethtool -K client tx off >/dev/null 2>&1
	[ "$1" = xdp ] || return 0
	for dev in vr vn1 vn2; do inside br "$tools/lb_tool" - pass $dev || say_failed "XDP on $dev"; done
}

serve_pods() { # NAME…
	local name
	for name in "$@"; do
		(exec nsenter --net="/run/netns/$id$name" "$tools/lb_peer" serve $name 8000 >/dev/null 2>&1) &
		pids+=($!)
		(exec nsenter --net="/run/netns/$id$name" "$tools/lb_probe" sctp-serve $name 8000 >/dev/null 2>&1) &
		pids+=($!)
	done
	sleep 0.3
}

load() { # mode: new programs and tables on both nodes
	local n
	for n in 1 2; do
		"$tools/lb_tool" $pins$n unload 2>/dev/null
		inside n$n "$tools/lb_tool" $pins$n load node$n eth0 "$1" $cgroup_mount/$id 0 192.168.77.$((n + 1)) fd77::$((n + 1)) \
			>"$work/load$n" 2>&1 || { cat "$work/load$n"; return 1; }
	done
	"$tools/lb_tool" ${pins}1 peer node1 node2 192.168.77.3 fd77::3
	"$tools/lb_tool" ${pins}2 peer node2 node1 192.168.77.2 fd77::2
	return 0
}

put() { # key proto flags frontends -- backends: on both nodes
	local n
	for n in 1 2; do "$tools/lb_tool" $pins$n put node$n "$@" || say_failed "put $*"; done
}
counter() { # NODE NAME
	"$tools/lb_tool" $pins$1 counters | tr ' ' '\n' | sed -n "s/^$2=//p"
}
