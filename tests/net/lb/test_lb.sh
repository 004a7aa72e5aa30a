#!/bin/bash
# Real TCP and UDP through NodePorts and cluster addresses, in tc and in XDP, both families, without the control plane.
#
#	                  bridge (own namespace)
#	   client .1 ----------+---------- n1 .2 --- pa 10.50.1.2
#	   192.168.77.0/24     +---------- n2 .3 --- pb 10.50.2.2
#	   fd77::/64
#
# Then: a new agent adopts programs and tables while a connection lives; backends come and go while connections stay.
set -u
tools=$(dirname "$KL_BIN")/tests
id=klb$$
pins=/sys/fs/bpf/$id
cgroup_mount=/tmp/$id-cgroup
pids=()
failures=0
export ASAN_OPTIONS=detect_leaks=0

skip() { echo "skipped: $*"; exit 77; }
say_failed() { echo "FAILED: $*"; failures=$((failures + 1)); }
inside() { nsenter --net="/run/netns/$id$1" "${@:2}"; }
peer() { inside "$1" timeout 60 "$tools/lb_peer" "${@:2}"; }

cleanup() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
	wait 2>/dev/null
	"$tools/lb_tool" ${pins}1 unload; "$tools/lb_tool" ${pins}2 unload
	for ns in c br n1 n2 pa pb; do ip netns del $id$ns 2>/dev/null; done
	rmdir $cgroup_mount/$id 2>/dev/null; umount $cgroup_mount 2>/dev/null; rmdir $cgroup_mount 2>/dev/null
}

[ "$(id -u)" = 0 ] || skip "needs root"
trap cleanup EXIT

make_network() {
	local ns i=1
	for ns in c br n1 n2 pa pb; do ip netns add $id$ns && ip -n $id$ns link set lo up || return 1; done
	ip -n ${id}br link add br0 type bridge && ip -n ${id}br link set br0 up || return 1
	for ns in c n1 n2; do
		ip -n $id$ns link add eth0 type veth peer name v$ns netns ${id}br
		ip -n ${id}br link set v$ns master br0 up
		ip -n $id$ns link set eth0 up
		ip -n $id$ns addr add 192.168.77.$i/24 dev eth0
		ip -n $id$ns -6 addr add fd77::$i/64 dev eth0 nodad
		i=$((i + 1))
	done
	add_pod n1 pa 1; add_pod n2 pb 2
	ip -n ${id}n1 route add 10.50.2.0/24 via 192.168.77.3; ip -n ${id}n1 -6 route add fd50:2::/64 via fd77::3
	ip -n ${id}n2 route add 10.50.1.0/24 via 192.168.77.2; ip -n ${id}n2 -6 route add fd50:1::/64 via fd77::2
	ip -n ${id}c route add 10.77.0.0/16 via 192.168.77.2; ip -n ${id}c -6 route add fd78::/64 via fd77::2
}

add_pod() { # node pod number
	ip -n $id$1 link add veth0 type veth peer name eth0 netns $id$2
	ip -n $id$1 link set veth0 up; ip -n $id$2 link set eth0 up
	ip -n $id$1 addr add 10.50.$3.1/24 dev veth0; ip -n $id$2 addr add 10.50.$3.2/24 dev eth0
	ip -n $id$1 -6 addr add fd50:$3::1/64 dev veth0 nodad; ip -n $id$2 -6 addr add fd50:$3::2/64 dev eth0 nodad
	ip -n $id$2 route add default via 10.50.$3.1; ip -n $id$2 -6 route add default via fd50:$3::1
	inside $1 sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

load() { # mode
	local n
	for n in 1 2; do
		inside n$n "$tools/lb_tool" $pins$n load node$n eth0 "$1" $cgroup_mount/$id 0 192.168.77.$((n + 1)) fd77::$((n + 1)) ||
			return 1
	done
}

put() { # key proto flags frontends -- backends: on both nodes
	local n
	for n in 1 2; do "$tools/lb_tool" $pins$n put node$n "$@" || say_failed "put $*"; done
}

both4="10.50.1.2/8000@node1 10.50.2.2/8000@node2"
both6="fd50:1::2/8000@node1 fd50:2::2/8000@node2"

put_all() {
	local proto
	for proto in tcp udp; do
		put t/web:80/$proto $proto - cluster=10.77.0.1/80 node=0.0.0.0/30080 -- $both4
		put t/web:80/$proto/v6 $proto maglev cluster=fd78::1/80 node=::/30080 -- $both6
	done
}

# Both pods answer, each a fair share, and nobody fails.
expect_both() { # what command…
	local what=$1 out
	shift
	out=$("$@") || { say_failed "$what: $out"; return; }
	local a b
	a=$(awk '$1=="pa"{print $2}' <<<"$out"); b=$(awk '$1=="pb"{print $2}' <<<"$out")
	[ "${a:-0}" -ge 15 ] && [ "${b:-0}" -ge 15 ] || say_failed "$what: shares $out"
	echo "ok: $what: pa ${a:-0}, pb ${b:-0}"
}

traffic() { # mode
	local proto addr
	for proto in tcp udp; do
		for addr in 192.168.77.2 192.168.77.3 fd77::2 fd77::3; do
			expect_both "$1 $proto NodePort of $addr" peer c $proto $addr 30080 60
		done
		expect_both "$1 $proto cluster address from outside" peer c $proto 10.77.0.1 80 60
		expect_both "$1 $proto cluster address from outside, IPv6" peer c $proto fd78::1 80 60
	done
	expect_both "$1 udp datagrams in fragments" peer c udp 192.168.77.2 30080 60 4000
	expect_both "$1 udp datagrams in fragments, IPv6" peer c udp fd77::2 30080 60 4000
}

bulk() {
	local out addr
	for addr in 192.168.77.2 192.168.77.3 fd77::2; do
		out=$(peer c bulk $addr 30080 50) && echo "ok: $1 bulk through $addr: $out" || say_failed "$1 bulk through $addr: $out"
	done
}

# Sockets in the cgroup, in the namespaces of a pod and of a node.
sockets() {
	local ns addr
	for ns in n1 pa pb; do
		for addr in 10.77.0.1 fd78::1; do
			expect_both "socket of $ns to $addr, tcp" peer $ns tcp $addr 80 60
			expect_both "socket of $ns to $addr, udp" peer $ns udp $addr 80 60
		done
	done
	expect_both "socket of n1 to its NodePort" peer n1 tcp 192.168.77.2 30080 60
	expect_both "socket of n1 to loopback's NodePort" peer n1 tcp 127.0.0.1 30080 60
}

link_ids() { find $pins$1/links -type f | sort | while read -r pin; do bpftool link show pinned "$pin" | head -1 | cut -d: -f1; done; }

# A new agent: the same links, other programs, and connections and counters that never notice.
adoption() {
	local before after out held=()
	before=$(link_ids 1)
	local addr
	for addr in 192.168.77.2 192.168.77.3 fd77::2; do
		peer c hold $addr 30080 4 >/tmp/$id-hold-$addr &
		held+=($!)
	done
	sleep 0.5
	for _ in 1 2 3; do load tc >/tmp/$id-load || say_failed "load again"; sleep 0.7; done
	grep -q adopted /tmp/$id-load || say_failed "the tables were not adopted"
	after=$(link_ids 1)
	[ -n "$before" ] && [ "$before" = "$after" ] || say_failed "links changed: $before / $after"
	for pid in "${held[@]}"; do wait "$pid" || say_failed "a held connection broke: $(cat /tmp/$id-hold-*)"; done
	echo "ok: adoption kept links $(tr '\n' ' ' <<<"$after") and every connection: $(cat /tmp/$id-hold-* | tr '\n' ';')"
	rm -f /tmp/$id-hold-* /tmp/$id-churn-* /tmp/$id-load
}

# Backends come and go: what stays keeps its connections; a terminating one takes no new ones.
churn() {
	local held=() i
	put t/web:80/tcp tcp - cluster=10.77.0.1/80 node=0.0.0.0/30080 -- 10.50.1.2/8000@node1
	for i in 1 2 3 4; do peer c hold 192.168.77.$((2 + i % 2)) 30080 3 >/tmp/$id-churn-$i & held+=($!); done
	sleep 0.4
	for i in $(seq 12); do
		put t/web:80/tcp tcp - cluster=10.77.0.1/80 node=0.0.0.0/30080 -- $both4 10.50.1.99/8000@node1!
		put t/web:80/tcp tcp - cluster=10.77.0.1/80 node=0.0.0.0/30080 -- 10.50.1.2/8000@node1! 10.50.2.2/8000@node2
	done
	[ "$(peer c tcp 192.168.77.2 30080 20)" = "pb 20" ] || say_failed "a terminating backend took new connections"
	for pid in "${held[@]}"; do wait "$pid" || say_failed "churn broke a connection: $(cat /tmp/$id-churn-*)"; done
	echo "ok: churn: $(cat /tmp/$id-churn-* | tr '\n' ';')"
	rm -f /tmp/$id-hold-* /tmp/$id-churn-* /tmp/$id-load
	put_all
}

make_network 2>/tmp/$id-err || skip "cannot make namespaces: $(cat /tmp/$id-err)"
rm -f /tmp/$id-err
mkdir -p $cgroup_mount && mount -t cgroup2 none $cgroup_mount && mkdir $cgroup_mount/$id || skip "no cgroup v2"
for pod in pa pb; do
	(exec nsenter --net="/run/netns/$id$pod" "$tools/lb_peer" serve $pod 8000 >/dev/null 2>&1) &
	pids+=($!)
done
sleep 0.3
load tc || skip "the programs do not load here"
put_all
traffic tc
bulk tc
adoption
churn
(echo $BASHPID >$cgroup_mount/$id/cgroup.procs && sockets; exit $failures) || failures=$((failures + $?))
# Generic XDP needs complete checksums: a veth's sender leaves them to a card that is not there.
for ns in c pa pb n1 n2; do inside $ns ethtool -K eth0 tx off >/dev/null 2>&1; done
for ns in n1 n2; do inside $ns ethtool -K veth0 tx off >/dev/null 2>&1; done
if load generic; then traffic generic; fi
"$tools/lb_tool" ${pins}1 counters
[ $failures = 0 ] && echo "all well" || echo "$failures failures"
exit $((failures > 0))
