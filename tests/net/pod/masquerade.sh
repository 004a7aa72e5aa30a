#!/bin/bash
# What leaves the cluster from a pod has the node's address: TCP, UDP, echoes, fragments, ICMP errors, both families. What
# stays inside has the pod's own, and so has the answer to somebody outside who asked the pod by its own address.
. "$(dirname "$0")/lib.sh"
setup
node 1; node 2
for p in a b; do pod 1 $p || fail "pod $p"; done
pod 2 d || fail "pod d"
a4=$(ip4 a) a6=$(ip6 a)
for p in o d; do serve $p 8000; done
# Who asks? Answers with the address seen.
(exec nsenter --net="/run/netns/${id}o" socat TCP6-LISTEN:8001,fork,reuseaddr,ipv6only=0 \
	SYSTEM:'read x; echo $SOCAT_PEERADDR' 2>/dev/null) & pids+=($!)
(exec nsenter --net="/run/netns/${id}d" socat TCP6-LISTEN:8001,fork,reuseaddr,ipv6only=0 \
	SYSTEM:'read x; echo $SOCAT_PEERADDR' 2>/dev/null) & pids+=($!)
settle
plain() { python3 -c 'import ipaddress,sys
a=ipaddress.ip_address(sys.argv[1]); print(a.ipv4_mapped or a if a.version==6 else a)' "$1" 2>/dev/null || echo "$1"; }
seen() { local got; got=$(echo x | inside "$1" timeout 5 socat -t3 - "TCP:$2:8001" | tr -d '[]'); plain "$got"; }

is "TCP to the outside" "$(seen a 192.168.78.9)" 192.168.78.1
is "TCP to the outside, IPv6" "$(seen a '[fd78::9]')" fd78::1
is "TCP to a pod elsewhere" "$(seen a "$(ip4 d)")" "$a4"
is "TCP to a pod elsewhere, IPv6" "$(seen a "[$(ip6 d)]")" "$a6"
for proto in tcp udp; do
	is "$proto, many flows" "$(peer a $proto 192.168.78.9 8000 200)" "o 200"
	is "$proto, many flows, IPv6" "$(peer a $proto fd78::9 8000 200)" "o 200"
	is "$proto of the node itself" "$(peer n1 $proto 192.168.78.9 8000 20)" "o 20"
done
is "datagrams in fragments" "$(peer a udp 192.168.78.9 8000 20 4000)" "o 20"
is "datagrams in fragments, IPv6" "$(peer a udp fd78::9 8000 20 4000)" "o 20"
for addr in 192.168.78.9 fd78::9; do
	out=$(peer a bulk $addr 8000 30) && ok "a stream to $addr: $out" || fail "a stream to $addr: $out"
	raw a ping $addr && ok "an echo of $addr" || fail "an echo of $addr"
	raw a refused $addr 9999 && ok "a closed port of $addr is told" || fail "a closed port of $addr is not told"
done
inside a ping -c1 -W2 -s 3000 192.168.78.9 >/dev/null && ok "an echo in fragments" || fail "an echo in fragments"
# Two pods, the same port to the same remote.
(inside a timeout 5 socat -t2 - UDP:192.168.78.9:8000,bind="$a4:5555" <<<x >"$work/x1") &
(inside b timeout 5 socat -t2 - UDP:192.168.78.9:8000,bind="$(ip4 b):5555" <<<x >"$work/x2") &
wait %+ %- 2>/dev/null
sleep 0.2
is "two pods from one port" "$(cat "$work/x1" "$work/x2" | tr -cd o)" oo

# From outside straight to a pod: the answer comes from the pod's own address.
ip -n "${id}o" route add 10.60.1.0/24 via 192.168.78.1
ip -n "${id}o" -6 route add fd60:1::/64 via fd78::1
serve a 8000
settle
before=$(counter 1 masqueraded)
for proto in tcp udp; do
	is "$proto from outside to a pod" "$(peer o $proto "$a4" 8000 20)" "a 20"
	is "$proto from outside to a pod, IPv6" "$(peer o $proto "$a6" 8000 20)" "a 20"
done
raw o ping "$a4" && raw o ping "$a6" && ok "an echo from outside to a pod" || fail "an echo from outside to a pod"
is "answers are not masqueraded" "$(counter 1 masqueraded)" "$before"

# Ports: of the range, which nobody else has.
bpftool -j map dump pinned "${pins}1/v2/maps/kl_ct_cold" >"$work/cold"
is "ports of the range alone" "$(jq '[.[]|(.formatted.value // .value)|select(.nat_port!=0)|.nat_port|((.%256)*256+(./256|floor))|select(.<61000)]|length' "$work/cold")" 0
ip -n "${id}o" route del 10.60.1.0/24; ip -n "${id}o" -6 route del fd60:1::/64

# A restarted agent keeps flows.
peer a hold 192.168.78.9 8000 3 >"$work/hold" &
hold=$!
settle
kill_node 1; node 1
wait $hold && ok "a restart keeps flows: $(cat "$work/hold")" || fail "a restart broke a flow: $(cat "$work/hold")"

# Off: the pod's own address leaves (and here nobody outside knows the way back).
kill_node 1; node 1 masquerade=off
before=$(counter 1 masqueraded)
inside a timeout 1 bash -c ': </dev/tcp/192.168.78.9/8000' 2>/dev/null && fail "masquerade=off still works" || ok "masquerade=off"
is "masquerade=off translates nothing" "$(counter 1 masqueraded)" "$before"
finish
