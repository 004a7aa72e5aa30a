#!/bin/bash
# Invariant 2: a backend that was removed is dead at once. 100 connected UDP sockets of a pod: those at the dead backend
# are closed by the kernel, the others go on; 100 UDP flows from outside: the next datagram of each is answered by the
# backend that is left, without a wait; unconnected sockets move with their next datagram.
. "$(dirname "$0")/../rows/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
trap cleanup EXIT
make_network 2>"$work/err" || skip "cannot make namespaces: $(cat "$work/err")"
serve_pods pa pb
load tc || skip "the programs do not load here"
both="10.50.1.2/8000@node1 10.50.2.2/8000@node2" left="10.50.2.2/8000@node2"
put_dns() { put t/dns:53 udp round-robin cluster=10.77.0.5/53 node=0.0.0.0/30053 -- "$@"; }
put_dns $both

pod pc "$tools/lb_hold" udp 10.77.0.5 53 100 "$work/go" >"$work/socket" &
sockets=$!
inside c "$tools/lb_hold" udp 192.168.77.2 30053 100 "$work/go" >"$work/flow" &
flows=$!
for file in socket flow; do
	for i in $(seq 100); do grep -q "open" "$work/$file" && break; sleep 0.1; done
	expect "open 100" "100 answered before, $file" cat "$work/$file"
done
put_dns $left
expect "*" "sockets at dead backends are closed" "$tools/lb_tool" ${pins}1 reap "/run/netns/${id}pc"
touch "$work/go"
wait $sockets; wait $flows
read -r _ answered _ ended _ silent < <(tail -1 "$work/socket")
[ $((answered + ended)) = 100 ] && [ "$silent" = 0 ] && [ "$ended" -gt 20 ] && [ "$answered" -gt 20 ] &&
	say_ok "connected sockets of a pod: $answered answered, $ended closed" || say_failed "connected sockets: $(tail -1 "$work/socket")"
expect "answered 100 ended 0 silent 0" "flows from outside, next datagram" tail -1 "$work/flow"
expect "pb 10" "new ones, of a pod" pod pc "$tools/lb_peer" udp 10.77.0.5 53 10
expect "pb 10" "new ones, from outside" peer c udp 192.168.77.2 30053 10
finish
