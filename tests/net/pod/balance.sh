#!/bin/bash
# Services per packet: clients that no socket hook sees (real sockets outside of the cgroup, and raw ones), both families.
. "$(dirname "$0")/lib.sh"
setup
node 1; node 2
for p in a b; do pod 1 $p || fail "pod $p"; done
pod 2 d || fail "pod d"
for p in a b d; do serve $p 8000; done
settle
v4="$(ip4 b)/8000@node1 $(ip4 d)/8000@node2"
v6="$(ip6 b)/8000@node1 $(ip6 d)/8000@node2"
for proto in tcp udp; do
	put t/web:80/$proto $proto - cluster=10.77.0.1/80 node=0.0.0.0/30080 -- $v4
	put t/web6:80/$proto $proto maglev cluster=fd77::1/80 node=::/30080 -- $v6
	put t/self:80/$proto $proto - cluster=10.77.0.2/80 -- "$(ip4 a)/8000@node1"
	put t/self6:80/$proto $proto - cluster=fd77::2/80 -- "$(ip6 a)/8000@node1"
	put t/stick:80/$proto $proto affinity cluster=10.77.0.3/80 -- $v4
	put t/local:80/$proto $proto internal-local cluster=10.77.0.4/80 -- $v4
	put t/none:80/$proto $proto - cluster=10.77.0.5/80 --
	put t/none6:80/$proto $proto - cluster=fd77::5/80 --
done

share() { awk -v n="$1" '$1==n{print $2}' <<<"$2"; }
both() { # WHAT COMMAND…: b and d answer, each at least a fifth
	local out a d
	out=$("${@:2}") || { fail "$1: $out"; return; }
	a=$(share b "$out"); d=$(share d "$out")
	if [ "${a:-0}" -ge 12 ] && [ "${d:-0}" -ge 12 ]; then ok "$1: b $a, d $d"; else fail "$1: $out"; fi
}
before=$(counter 1 forwarded)
for proto in tcp udp; do
	both "$proto to a cluster address" peer a $proto 10.77.0.1 80 60
	both "$proto to a cluster address, IPv6" peer a $proto fd77::1 80 60
	both "$proto to the node's NodePort" peer a $proto 192.168.78.1 30080 60
	both "$proto to the node's NodePort, IPv6" peer a $proto fd78::1 30080 60
	is "$proto to itself through its Service" "$(peer a $proto 10.77.0.2 80 20)" "a 20"
	is "$proto to itself through its Service, IPv6" "$(peer a $proto fd77::2 80 20)" "a 20"
	is "$proto with affinity: one backend" "$(peer a $proto 10.77.0.3 80 40 | wc -l)" 1
	is "$proto with internalTrafficPolicy Local" "$(peer a $proto 10.77.0.4 80 20)" "b 20"
done
both "datagrams in fragments" peer a udp 10.77.0.1 80 60 4000
both "datagrams in fragments, IPv6" peer a udp fd77::1 80 60 4000
is "fragments to itself" "$(peer a udp 10.77.0.2 80 10 4000)" "a 10"
for addr in 10.77.0.1 fd77::1 10.77.0.2; do
	out=$(peer a bulk $addr 80 30) && ok "a stream through $addr: $out" || fail "a stream through $addr: $out"
done
test $(($(counter 1 forwarded) - before)) -gt 1000 && ok "it was the packets that were translated" || fail "few packets"

# Raw sockets: a SYN made by hand is answered by the Service's address.
raw a syn 10.77.0.1 80 && ok "a raw SYN" || fail "a raw SYN"
raw a syn fd77::1 80 && ok "a raw SYN, IPv6" || fail "a raw SYN, IPv6"
# An ICMP error of the backend names the Service, not the backend.
for proto in udp; do
	put t/closed:80/$proto $proto - cluster=10.77.0.6/80 cluster=10.77.0.7/80 -- "$(ip4 d)/9999@node2"
	put t/closed6:80/$proto $proto - cluster=fd77::6/80 -- "$(ip6 d)/9999@node2"
done
raw a refused 10.77.0.6 80 && ok "a closed port's ICMP error reaches the socket" || fail "no ICMP error"
raw a refused fd77::6 80 && ok "a closed port's ICMP error reaches the socket, IPv6" || fail "no ICMP error, IPv6"

raw a refused 10.77.0.5 80 && raw a refused fd77::5 80 && ok "a Service without endpoints is refused" ||
	fail "a Service without endpoints is silent"

# With the hooks nothing is left for the packets to do.
before=$(counter 1 forwarded)
out=$(hooked peer a tcp 10.77.0.1 80 40) || fail "with socket hooks: $out"
is "with socket hooks no packet is translated" "$(counter 1 forwarded)" "$before"

# A backend that goes takes its flows along, others stay.
peer a hold 10.77.0.4 80 2 >"$work/hold" &
hold=$!
settle
put t/local:80/tcp tcp internal-local cluster=10.77.0.4/80 -- "$(ip4 b)/8000@node1"
wait $hold && ok "a change of backends keeps flows to those that stay: $(cat "$work/hold")" || fail "a flow to a backend that stays broke"
finish
