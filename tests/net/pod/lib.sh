# Sourced by the tests of this folder.
#
#	            bridge (own namespace), 192.168.78.0/24, fd78::/64
#	   o .9 ----------+---------- n1 .1 --- pods a, b, c …   10.60.1.0/24 fd60:1::/64
#	   outside        +---------- n2 .2 --- pods d …         10.60.2.0/24 fd60:2::/64
#	                  +---------- n3 .3     another cluster, same kernel (two_clusters.sh)
#
# Nodes are pod_node processes; pods are made by the plugin, as a runtime does. Services are put by lb_tool. "o" knows no
# route to the pods. Processes started outside of the cgroup meet no socket hook: their packets are balanced one by one.
# shellcheck shell=bash disable=SC2034
set -u
tools=$(dirname "$KL_BIN")/tests
plugin=$KL_BIN/keelson-cni
id=klp$$
work=/tmp/$id
pins=/sys/fs/bpf/$id
cgroup=$work/cgroup
declare -A node_pid=()
namespaces=(br o n1 n2 n3)
pods=()
pids=()
failures=0
export ASAN_OPTIONS=detect_leaks=0

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAILED: $*"; failures=$((failures + 1)); }
ok() { echo "ok: $*"; }
inside() { nsenter --net="/run/netns/$id$1" "${@:2}"; }
peer() { inside "$1" timeout 30 "$tools/lb_peer" "${@:2}"; }
raw() { inside "$1" timeout 30 "$tools/pod_raw" "${@:2}"; }
is() { if [ "$2" = "$3" ]; then ok "$1"; else fail "$1: got '$2', want '$3'"; fi; }
hooked() { (echo $BASHPID >"$cgroup/$id/cgroup.procs" && "$@"); } # with the socket hooks

cleanup() {
	local n
	for pid in "${pids[@]}" "${node_pid[@]}"; do kill -9 "$pid" 2>/dev/null; done
	wait 2>/dev/null
	for n in "$pins"*; do [ -d "$n" ] && "$tools/lb_tool" "$n" unload; done
	for n in "${namespaces[@]}" "${pods[@]}"; do ip netns del "$id$n" 2>/dev/null; done
	rmdir "$cgroup/$id" 2>/dev/null
	umount "$cgroup" 2>/dev/null
	rm -rf "$work"
}

setup() {
	local ns i
	[ "$(id -u)" = 0 ] || skip "needs root"
	trap cleanup EXIT
	mkdir -p "$work" "$cgroup"
	mount -t cgroup2 none "$cgroup" && mkdir "$cgroup/$id" || skip "no cgroup v2"
	for ns in "${namespaces[@]}"; do ip netns add "$id$ns" && ip -n "$id$ns" link set lo up || skip "no namespaces"; done
	ip -n "${id}br" link add br0 type bridge && ip -n "${id}br" link set br0 up || skip "no bridges"
	for ns in o n1 n2 n3; do
		i=${ns#n}; [ "$ns" = o ] && i=9
		ip -n "$id$ns" link add eth0 type veth peer name "v$ns" netns "${id}br"
		ip -n "${id}br" link set "v$ns" master br0 up
		ip -n "$id$ns" link set eth0 up
		ip -n "$id$ns" addr add "192.168.78.$i/24" dev eth0
		ip -n "$id$ns" -6 addr add "fd78::$i/64" dev eth0 nodad
		[ "$ns" = o ] && continue
		ip -n "$id$ns" route add default via 192.168.78.9
		ip -n "$id$ns" -6 route add default via fd78::9
		inside "$ns" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.eth0.rp_filter=2
	done
	ip -n "${id}n1" route add 10.60.2.0/24 via 192.168.78.2; ip -n "${id}n1" -6 route add fd60:2::/64 via fd78::2
	ip -n "${id}n2" route add 10.60.1.0/24 via 192.168.78.1; ip -n "${id}n2" -6 route add fd60:1::/64 via fd78::1
}

node() { # NUMBER OPTION=VALUE…: starts or restarts it
	local n=$1 i
	shift
	mkdir -p "$work/$n"
	rm -f "$work/$n/out"
	nsenter --net="/run/netns/${id}n$n" "$tools/pod_node" pins="$pins$n" run="$work/$n" name="node$n" \
		cgroup="$cgroup/$id" addrs="192.168.78.$n,fd78::$n" own="10.60.$n.0/24,fd60:$n::/64" "$@" \
		cluster=10.60.0.0/16,fd60::/16,10.77.0.0/16,fd77::/64 >"$work/$n/out" 2>"$work/$n/err" &
	node_pid[$n]=$!
	for i in $(seq 100); do grep -q ready "$work/$n/out" 2>/dev/null && return; sleep 0.1; done
	cat "$work/$n/err"
	skip "the node does not come up here"
}
kill_node() { kill -9 "${node_pid[$1]}"; wait "${node_pid[$1]}" 2>/dev/null; }

cni() { # COMMAND NODE POD [RUNTIME-CONFIG]
	local config="{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"type\":\"keelson-cni\",\"socket\":\"$work/$2/agent.sock\"${4:+,\"runtimeConfig\":$4}}"
	CNI_COMMAND=$1 CNI_CONTAINERID=$id$3 CNI_NETNS=/run/netns/$id$3 CNI_IFNAME=eth0 CNI_PATH=/ \
		CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=t;K8S_POD_NAME=$3;K8S_POD_UID=uid-$3" "$plugin" <<<"$config"
}
pod() { # NODE NAME [RUNTIME-CONFIG]: its addresses in $work/NAME.ips
	[ -e "/run/netns/$id$2" ] || { ip netns add "$id$2"; pods+=("$2"); }
	cni ADD "$1" "$2" "${3:-}" >"$work/$2.json" || { cat "$work/$2.json"; return 1; }
	jq -r '.ips[].address|split("/")[0]' "$work/$2.json" >"$work/$2.ips"
}
ip4() { sed -n 1p "$work/$1.ips"; }
ip6() { sed -n 2p "$work/$1.ips"; }
host_link() { jq -r '.interfaces[0].name' "$work/$1.json"; }
serve() { # NAMESPACE PORT: answers with the namespace's name
	(exec nsenter --net="/run/netns/$id$1" "$tools/lb_peer" serve "$1" "$2" >/dev/null 2>&1) &
	pids+=($!)
}
put() { # KEY PROTO FLAGS FRONTEND… -- BACKEND…: on both nodes
	local n
	for n in "${!node_pid[@]}"; do
		[ "$n" = 3 ] || "$tools/lb_tool" "$pins$n" put "node$n" "$@" || fail "put $*"
	done
}
counter() { # NODE NAME
	bpftool -j map dump pinned "$pins$1/v2/maps/kl_counters" |
		jq "[(.[0].formatted // .[0]).values[].value.$2] | add"
}
settle() { sleep 0.4; }
finish() { if [ $failures = 0 ]; then echo "all well"; else echo "$failures failures"; fi; exit $((failures > 0)); }
