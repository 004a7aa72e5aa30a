#!/bin/bash
# Programs come and go with their pod: there when ADD returns, adopted by the next agent, replaced without a gap, gone
# with DEL. An agent killed in the middle of ADD and DEL leaves nothing behind once the next one is up.
. "$(dirname "$0")/lib.sh"
setup
node 1
pod 1 a || fail "pod a"
serve a 8000

links_of() { # NODE: "type prog" of each tcx link of the node's interfaces
	find "$pins$1/pods" -type f 2>/dev/null | wc -l
}
link_id() { bpftool -j link show pinned "$1" | jq .id; }
prog_id() { bpftool -j link show pinned "$1" | jq .prog_id; }
pods_known() { bpftool -j map dump pinned "$pins$1/v2/maps/kl_pods" | jq length; }
addrs_known() { bpftool -j map dump pinned "$pins$1/v2/maps/kl_pod_addrs" | jq length; }
veths() { ip -n "${id}n$1" -o link show type veth | awk -F': ' '$2 ~ /^kl/' | wc -l; }
out=${pins}1/pods/$(host_link a)/out

is "two programs a pod when ADD returns" "$(links_of 1)" 2
is "one pod is known" "$(pods_known 1)" 1
is "by both addresses" "$(addrs_known 1)" 2

# MTU: the uplink's; less where envelopes need room; never below what IPv6 asks for.
mtu() { inside "$1" ip -j link show eth0 | jq '.[0].mtu'; }
is "MTU of the uplink" "$(mtu a)" 1500
kill_node 1; node 1 mtu-less=60; pod 1 m || fail "pod m"
is "MTU less an envelope's" "$(mtu m)" 1440
kill_node 1; node 1 mtu-less=500; cni DEL 1 m >/dev/null; pod 1 m || fail "pod m"
is "MTU that IPv6 needs" "$(mtu m)" 1280
kill_node 1; node 1 mtu=9000; cni DEL 1 m >/dev/null; pod 1 m || fail "pod m"
is "MTU as told" "$(mtu m)" 9000
cni DEL 1 m >/dev/null

# A restart: the same links, other programs, and a connection that notices nothing.
pod 1 b || fail "pod b"
before=$(link_id "$out") program=$(prog_id "$out")
settle
peer b hold "$(ip4 a)" 8000 4 >"$work/hold" & hold=$!
settle
for _ in 1 2 3; do kill_node 1; node 1; done
is "the same link after three restarts" "$(link_id "$out")" "$before"
[ "$(prog_id "$out")" != "$program" ] && ok "another program" || fail "the program was not replaced"
wait $hold && ok "a connection noticed nothing: $(cat "$work/hold")" || fail "a connection broke: $(cat "$work/hold")"

# Somebody else detaches a program: the audit puts it back.
bpftool link detach pinned "$out" 2>/dev/null || rm "$out"
kill -HUP "${node_pid[1]}"
for _ in $(seq 30); do [ "$(bpftool -j link show pinned "$out" 2>/dev/null | jq '.ifindex // .target_ifindex // 1')" != 0 ] && break; sleep 0.1; done
raw a send source "$(ip4 a)" 192.0.2.1 "$(ip4 b)"
[ "$(counter 1 drop_spoofed)" -gt 0 ] && ok "the audit attached the program again" || fail "the program stayed detached"

cni DEL 1 b >/dev/null || fail "DEL b"
is "DEL takes programs" "$(links_of 1)" 2
is "DEL takes facts" "$(pods_known 1)" 1
cni DEL 1 b >/dev/null && ok "DEL again is fine" || fail "DEL again"

# Killed at any point of ADDs and DELs.
for i in 1 2 3 4 5 6; do ip netns add "${id}k$i"; pods+=("k$i"); done
for round in $(seq 8); do
	calls=()
	for i in 1 2 3 4 5 6; do cni ADD 1 k$i >/dev/null 2>&1 & calls+=($!); done
	sleep "0.0$((round * 7 % 10))"
	kill_node 1; wait "${calls[@]}" 2>/dev/null
	node 1
	calls=()
	for i in 1 2 3; do cni DEL 1 k$i >/dev/null 2>&1 & calls+=($!); done
	sleep "0.00$round"
	kill_node 1; wait "${calls[@]}" 2>/dev/null
	node 1
done
sleep 0.3
for i in 1 2 3 4 5 6; do cni DEL 1 k$i >/dev/null 2>&1 || fail "DEL k$i"; done
is "no interface is left" "$(veths 1)" 1
is "no program" "$(links_of 1)" 2
is "no fact" "$(pods_known 1)/$(addrs_known 1)" 1/2
is "no file" "$(find "$work/1/cni" -type f | wc -l)" 1
is "no route" "$(ip -n "${id}n1" route | grep -c 'dev kl')" 1
is "no namespace in the socket hooks' table but the node's and the pod's" "$(bpftool -j map dump pinned "${pins}1/v2/maps/kl_netns" | jq length)" 2
is "and the pod beside is well" "$(peer n1 tcp "$(ip4 a)" 8000 3)" "a 3"

# A namespace that goes without DEL.
pod 1 g || fail "pod g"
ip netns del "${id}g"
kill_node 1; node 1
is "a pod whose namespace went is forgotten" "$(links_of 1)/$(pods_known 1)" 2/1
cni DEL 1 a >/dev/null || fail "DEL a"
is "nothing is left" "$(links_of 1)/$(pods_known 1)/$(addrs_known 1)/$(veths 1)" 0/0/0/0
# An interface that is no uplink any more.
ip -n "${id}n1" link add eth1 type veth peer name eth2 && ip -n "${id}n1" link set eth1 up
uplinks() { find "${pins}1/links" -name 'kl_uplink_*' | wc -l; }
is "two programs of the uplink" "$(uplinks)" 2
kill_node 1; node 1 uplink=eth0,eth1
is "two for each of two uplinks" "$(uplinks)" 4
kill_node 1; node 1 uplink=eth1
is "none of one that is none" "$(uplinks)" 2
finish
