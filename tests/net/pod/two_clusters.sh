#!/bin/bash
# Two nodes of a cluster and one of another on the same kernel and bridge, with the same addresses of Services: each
# namespace meets its own node's tables alone, in the socket hooks and on the links.
. "$(dirname "$0")/lib.sh"
setup
node 1; node 2; node 3
pod 1 a || fail "pod a"; pod 2 d || fail "pod d"; pod 3 x || fail "pod x"; pod 3 y || fail "pod y"
for p in a d x y; do serve $p 8000; done
settle
for proto in tcp udp; do
	put t/web:80/$proto $proto - cluster=10.77.0.1/80 node=0.0.0.0/30080 -- "$(ip4 d)/8000@node2"
	put t/web6:80/$proto $proto - cluster=fd77::1/80 -- "$(ip6 d)/8000@node2"
	"$tools/lb_tool" "${pins}3" put node3 t/web:80/$proto $proto - cluster=10.77.0.1/80 node=0.0.0.0/30080 -- "$(ip4 y)/8000@node3"
	"$tools/lb_tool" "${pins}3" put node3 t/web6:80/$proto $proto - cluster=fd77::1/80 -- "$(ip6 y)/8000@node3"
	# Known in one cluster alone.
	put t/mine:80/$proto $proto - cluster=10.77.0.9/80 -- "$(ip4 d)/8000@node2"
done
reaches() { "$@" 2>/dev/null | grep -v FAILED || echo none; }
for how in "" hooked; do
	for proto in tcp udp; do
		for addr in 10.77.0.1 fd77::1; do
			is "$proto ${how:-packets} $addr of the one" "$($how peer a $proto $addr 80 10)" "d 10"
			is "$proto ${how:-packets} $addr of the other" "$($how peer x $proto $addr 80 10)" "y 10"
		done
		is "$proto ${how:-packets} a node's own socket" "$(reaches $how peer n2 $proto 10.77.0.1 80 5)" \
			"$([ -n "$how" ] && echo "d 5" || echo none)"
	done
	is "${how:-packets} a Service of the other cluster" "$(reaches $how peer x tcp 10.77.0.9 80 1)" none
done
is "a node's NodePort" "$(peer o tcp 192.168.78.1 30080 5)" "d 5"
is "the other cluster's NodePort" "$(peer o tcp 192.168.78.3 30080 5)" "y 5"
# Neither a namespace of nobody.
is "a namespace of nobody, with the hooks" "$(reaches hooked peer o tcp 10.77.0.1 80 1)" none
# Each table names its own namespaces alone.
for n in 1 2 3; do
	bpftool -j map dump pinned "${pins}$n/v2/maps/kl_netns" | jq -r '.[]|(.formatted.key // .key)|tostring' | sort >"$work/netns$n"
done
is "no namespace in two tables" "$(sort "$work"/netns? | uniq -d | wc -l)" 0
# A flood in one cluster leaves the other's tables alone.
before=$(counter 3 flows_inserted)
peer a udp 10.77.0.9 80 300 >/dev/null
is "flows of the one are not in the other's table" "$(counter 3 flows_inserted)" "$before"
finish
