#!/bin/bash
# What the shortcuts past the node's stack save: the same traffic with and without them, turn by turn. Medians; CPU is that
# of generator, sink and softirq threads.
. "$(dirname "$0")/lib.sh"
setup
node 1; node 2
pod 1 a || fail "pod a"; pod 1 b || fail "pod b"; pod 2 d || fail "pod d"
settle
rounds=${KL_BENCH_ROUNDS:-5}
both() { local n; for n in 1 2; do "$tools/pod_switch" "$pins$n" "$1"; done; }
median() { sort -n | awk '{v[NR]=$1} END{print v[int((NR+1)/2)]}'; }
measure() { # LABEL KIND FROM TO ADDR
	local i mode
	rm -f "$work"/fig-*
	for i in $(seq "$rounds"); do
		for mode in off on; do
			both $mode
			inside "$3" "$tools/pod_flood" "$2" "/run/netns/$id$4" "$5" 7100 0.6 >>"$work/fig-$mode" || fail "$1"
		done
	done
	local off on off2 on2
	off=$(awk '{print $1}' "$work/fig-off" | median) on=$(awk '{print $1}' "$work/fig-on" | median)
	off2=$(awk '{print $2}' "$work/fig-off" | median) on2=$(awk '{print $2}' "$work/fig-on" | median)
	if [ "$2" = stream ]; then
		printf '%-34s %8s Mbit/s -> %8s Mbit/s   CPU %5s -> %5s ns/KiB\n' "$1" "$off" "$on" "$off2" "$on2"
	else
		printf '%-34s %8s /s     -> %8s /s       CPU %5s -> %5s ns/packet\n' "$1" "$off" "$on" "$off2" "$on2"
	fi
}
echo "through the node's stack -> by shortcut"
measure "pod to pod, 64 bytes" packets a b "$(ip4 b)"
measure "pod to pod, 64 bytes, IPv6" packets a b "$(ip6 b)"
measure "pod to pod of another node, 64 bytes" packets a d "$(ip4 d)"
measure "pod to pod, stream" stream a b "$(ip4 b)"
measure "pod to pod of another node, stream" stream a d "$(ip4 d)"
measure "pod to outside (masqueraded), 64 bytes" packets a o 192.168.78.9
measure "pod to outside (masqueraded), stream" stream a o 192.168.78.9
finish
