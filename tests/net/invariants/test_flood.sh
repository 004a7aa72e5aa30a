#!/bin/bash
# Invariant 3: a flood of half-open flows breaks no established connection, and what it does to the tables is counted.
# 300 real connections through a NodePort (local and remote) are asked over and over while SYNs from two million
# addresses and ports that never answer go to the same ports.  FLOOD=N sends another number.
. "$(dirname "$0")/../rows/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
trap cleanup EXIT
make_network 2>"$work/err" || skip "cannot make namespaces: $(cat "$work/err")"
for name in pa pb; do
	(exec nsenter --net="/run/netns/$id$name" "$tools/lb_hold" serve $name 8000 >/dev/null 2>&1) &
	pids+=($!)
done
# What the flood is made of is not answered: the pods would send as many SYN-ACKs.
for ns in n1 n2; do
	inside $ns nft -f - <<-EOR
		table ip flood { chain c { type filter hook forward priority 0; ip saddr 198.18.0.0/15 drop; }; }
	EOR
done
load tc || skip "the programs do not load here"
put t/far:80 tcp - node=0.0.0.0/30001 -- 10.50.2.2/8000@node2
put t/near:80 tcp - node=0.0.0.0/30002 -- 10.50.1.2/8000@node1
sleep 0.3
holders=()
for port in 30001 30002; do
	inside c "$tools/lb_hold" tcp 192.168.77.2 $port 150 "$work/stop" >"$work/$port" 2>&1 &
	holders+=($!)
done
for port in 30001 30002; do
	for i in $(seq 100); do grep -q open "$work/$port" && break; sleep 0.1; done
	grep -q ", 0 failed" "$work/$port" || say_failed "$port: $(cat "$work/$port")"
done
for port in 30001 30002; do
	inside r "$tools/lb_probe" flood 192.168.77.2 $port $((${FLOOD:-2000000} / 2)) >"$work/flood$port" || say_failed "flood: $(cat "$work/flood$port")"
done
touch "$work/stop"
for holder in "${holders[@]}"; do wait $holder; done
for port in 30001 30002; do expect "*broken 0 moved 0" "established during the flood, port $port" tail -1 "$work/$port"; done
evicted=$(counter 1 evicted)
[ "${evicted:-0}" -gt 100000 ] && say_ok "the pressure is counted: $evicted half-open flows replaced" || say_failed "evicted ${evicted:-?}"
expect "pb 5" "and new connections are served" peer c tcp 192.168.77.2 30001 5
finish
