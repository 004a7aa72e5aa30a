#!/bin/bash
# Invariant 5: a service is scaled up and down under load, and connections to the backends that stay never break; with
# Maglev and DSR a second node that takes the address over in mid-flow keeps them: the router sends everything to the
# other balancer, and back.
. "$(dirname "$0")/../rows/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
trap cleanup EXIT
make_network 2>"$work/err" || skip "cannot make namespaces: $(cat "$work/err")"
for name in pa pb pc; do
	(exec nsenter --net="/run/netns/$id$name" "$tools/lb_hold" serve $name 8000 >/dev/null 2>&1) &
	pids+=($!)
done
load tc || skip "the programs do not load here"
stay="10.50.1.2/8000@node1 10.50.2.2/8000@node2"
ext4=203.0.113.9 ext6=fd7e::9
put t/scaled:80 tcp maglev node=0.0.0.0/30001 cluster=10.77.0.9/80 -- $stay
put t/taken:80 tcp maglev,dsr external=$ext4/80 -- $stay
put t/taken6:80 tcp maglev,dsr external=$ext6/80 -- fd50:1::2/8000@node1 fd50:2::2/8000@node2
holders=()
hold() { # NAME NS ADDR PORT COUNT
	local run=inside
	[ $2 = pc ] && run=pod
	$run $2 "$tools/lb_hold" tcp $3 $4 $5 "$work/stop" >"$work/$1" 2>&1 &
	holders+=($!)
}
sleep 0.3
hold nodeport c 192.168.77.2 30001 200
hold second c 192.168.77.3 30001 200
hold socket pc 10.77.0.9 80 100
hold taken4 c $ext4 80 200
hold taken6 c $ext6 80 200
for file in nodeport second socket taken4 taken6; do
	for i in $(seq 200); do grep -q open "$work/$file" 2>/dev/null && break; sleep 0.1; done
	grep -q ", 0 failed" "$work/$file" || say_failed "$file: $(cat "$work/$file")"
done
inside c "$tools/lb_hold" churn 192.168.77.2 30001 "$work/stop" >"$work/churn" &
holders+=($!)

# Up to nine and down again, the new ones answering nobody's old connection; a terminating one gets nothing new.
for i in $(seq 15); do
	put t/scaled:80 tcp maglev node=0.0.0.0/30001 cluster=10.77.0.9/80 -- $stay 10.50.1.3/8000@node1
	put t/scaled:80 tcp maglev node=0.0.0.0/30001 cluster=10.77.0.9/80 -- $stay '10.50.1.3/8000@node1!'
	put t/scaled:80 tcp maglev node=0.0.0.0/30001 cluster=10.77.0.9/80 -- $stay
done
say_ok "scaled up and down fifteen times"
for via in 3 2 3 2; do
	ip -n ${id}r route replace 203.0.113.0/24 via 192.168.77.$via
	ip -n ${id}r -6 route replace fd7e::/64 via fd77::$via
	sleep 0.7
done
say_ok "the address went to the other balancer and back, twice"
touch "$work/stop"
for holder in "${holders[@]}"; do wait $holder; done
for file in nodeport second socket taken4 taken6; do
	expect "*broken 0 moved 0" "connections, $file" tail -1 "$work/$file"
done
expect "opened * failed *" "new connections meanwhile (those to what was being taken away may fail)" tail -1 "$work/churn"
finish
