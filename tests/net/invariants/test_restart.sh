#!/bin/bash
# Invariant 4: a restart, kill -9 at any moment, other programs, other table sizes and another layout break none of 1,000
# open connections (250 each through NodePort with SNAT, to a local backend, by DSR, and by a pod's socket), and lose no
# counters.
. "$(dirname "$0")/../rows/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
trap cleanup EXIT
make_network 2>"$work/err" || skip "cannot make namespaces: $(cat "$work/err")"
for name in pa pb pc; do
	(exec nsenter --net="/run/netns/$id$name" "$tools/lb_hold" serve $name 8000 >/dev/null 2>&1) &
	pids+=($!)
done

# As an agent that starts: adopts, loads, replaces.
start() { # mode [NODE…]
	local mode=$1 n
	shift
	for n in "${@:-1 2}"; do for n in $n; do
		inside n$n "$tools/lb_tool" $pins$n load node$n eth0 "$mode" $cgroup_mount/$id 0 192.168.77.$((n + 1)) fd77::$((n + 1))
	done; done
}

hold() { # NAME NS ADDR PORT
	local run=inside
	[ $2 = pc ] && run=pod
	$run $2 "$tools/lb_hold" tcp $3 $4 250 "$work/stop" >"$work/$1" 2>&1 &
	holders+=($!)
}

wait_open() {
	local i file
	for file in snat local dsr socket; do
		for i in $(seq 200); do grep -q open "$work/$file" 2>/dev/null && break; sleep 0.1; done
		grep -q "open 250, 0 failed" "$work/$file" || say_failed "$file: $(cat "$work/$file")"
	done
}

load tc || skip "the programs do not load here"
put t/snat:80 tcp - node=0.0.0.0/30001 -- 10.50.2.2/8000@node2
put t/local:80 tcp - node=0.0.0.0/30002 -- 10.50.1.2/8000@node1
put t/dsr:80 tcp dsr node=0.0.0.0/30003 -- 10.50.2.2/8000@node2
put t/socket:80 tcp - cluster=10.77.0.9/80 -- 10.50.1.2/8000@node1 10.50.2.2/8000@node2
holders=()
sleep 0.3
hold snat c 192.168.77.2 30001
hold local c 192.168.77.2 30002
hold dsr c 192.168.77.2 30003
hold socket pc 10.77.0.9 80
wait_open
before=$(counter 1 forwarded); sockets=$(counter 1 connect)

for i in 1 2 3; do start tc >"$work/out" 2>&1 || say_failed "restart: $(cat "$work/out")"; done
grep -q adopted "$work/out" && say_ok "three restarts" || say_failed "not adopted: $(cat "$work/out")"

# kill -9 wherever it happens to be; the next start makes it whole.
for i in $(seq 12); do
	start tc 1 >/dev/null 2>&1 &
	victim=$!
	sleep 0.0$((RANDOM % 10))$((RANDOM % 10))
	pkill -9 -P $victim 2>/dev/null; kill -9 $victim 2>/dev/null
	wait $victim 2>/dev/null
done
start tc >"$work/out" 2>&1 && say_ok "twelve starts killed" || say_failed "start after kill -9: $(cat "$work/out")"

# Other programs: XDP in front, and away again.
suit_xdp generic
start generic >"$work/out" 2>&1 && say_ok "programs of another mode: XDP" || say_failed "generic: $(cat "$work/out")"
sleep 0.5
start tc >"$work/out" 2>&1 && say_ok "and back" || say_failed "tc again: $(cat "$work/out")"

# Other sizes: the tables move.
for n in 1 2; do
	LB_FLOWS=524288 start tc $n >"$work/out" 2>&1 && say_ok "larger tables on node$n: $(cat "$work/out")" || say_failed "larger tables: $(cat "$work/out")"
done
# Another layout: what is pinned is made to be a former one.
layout=$(ls $pins"1" | sed -n 's/^v//p')
for n in 1 2; do
	mv $pins$n/v$layout $pins$n/v1 && "$tools/lb_tool" $pins$n relabel 1 || say_failed "relabel node$n"
	start tc $n >"$work/out" 2>&1 && say_ok "another layout on node$n: $(cat "$work/out")" || say_failed "another layout: $(cat "$work/out")"
	[ -d $pins$n/v1 ] && say_failed "the former layout's pins are still there"
done
sleep 0.5
after=$(counter 1 forwarded)
[ "$after" -gt "$before" ] && [ "$(counter 1 connect)" = "$sockets" ] && say_ok "no counter was lost: forwarded $before, then $after; connects $sockets" ||
	say_failed "counters: forwarded $before, then $after; connects $sockets, then $(counter 1 connect)"
touch "$work/stop"
for holder in "${holders[@]}"; do wait $holder; done
for file in snat local dsr socket; do
	expect "*broken 0 moved 0" "250 connections, $file" tail -1 "$work/$file"
done
finish
