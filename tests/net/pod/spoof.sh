#!/bin/bash
# A pod speaks only for itself: forged sources in IPv4, IPv6, ARP, neighbour advertisements, MAC and VLAN tags are dropped
# and counted; link-local addresses and duplicate address detection go on; the node's own packets are not looked at.
. "$(dirname "$0")/lib.sh"
setup
node 1
for p in a b; do pod 1 $p || fail "pod $p"; done
settle
a4=$(ip4 a) a6=$(ip6 a) b4=$(ip4 b) b6=$(ip6 b)
link=$(host_link a)

seen() { # KIND OWN OTHER TO: dropped or not, by the counter
	local before after
	before=$(counter 1 drop_spoofed)
	raw a send "$@" || fail "send $*"
	after=$(counter 1 drop_spoofed)
	[ "$after" -gt "$before" ] && echo dropped || echo passed
}
is "its own address" "$(seen own "$a4" x "$b4")" passed
is "its own address, IPv6" "$(seen own "$a6" x "$b6")" passed
is "another pod's address" "$(seen source "$a4" "$b4" "$b4")" dropped
is "another pod's address, IPv6" "$(seen source "$a6" "$b6" "$b6")" dropped
is "the node's address" "$(seen source "$a4" 192.168.78.1 "$b4")" dropped
is "the node's address, IPv6" "$(seen source "$a6" fd78::1 "$b6")" dropped
is "no address" "$(seen source "$a4" 0.0.0.0 "$b4")" dropped
is "loopback" "$(seen source "$a4" 127.0.0.1 "$b4")" dropped
is "link-local towards elsewhere" "$(seen source "$a6" fe80::77 "$b6")" dropped
is "link-local towards the link" "$(seen source "$a6" fe80::77 ff02::2)" passed
is "unspecified towards elsewhere" "$(seen source "$a6" :: "$b6")" dropped
is "unspecified towards the link (duplicate address detection)" "$(seen source "$a6" :: ff02::1:ff00:2)" passed
is "another MAC" "$(seen mac "$a4" x "$b4")" dropped
is "another MAC, IPv6" "$(seen mac "$a6" x "$b6")" dropped
is "a VLAN tag" "$(seen vlan "$a4" x "$b4")" dropped
is "ARP of its own" "$(seen arp-own "$a4" x x)" passed
is "ARP with another's address" "$(seen arp-ip "$a4" "$b4" x)" dropped
is "ARP with another's MAC" "$(seen arp-mac "$a4" x x)" dropped
is "an advertisement of its own" "$(seen advert-own "$a6" x x)" passed
is "an advertisement of another's" "$(seen advert "$a6" "$b6" x)" dropped

forged=$(bpftool -j map dump pinned "${pins}1/v2/maps/kl_pods" | jq '[.[].formatted.value // .[].value | .spoofed] | add')
is "the pod's own count" "$forged" "$(counter 1 drop_spoofed)"

# A link-local address is configured with duplicate address detection, and reaches the node's side.
inside a ip -6 addr add fe80::abc/64 dev eth0
for _ in $(seq 30); do
	inside a ip -6 addr show dev eth0 | grep -q tentative || break
	sleep 0.1
done
inside a ip -6 addr show dev eth0 | grep -q "fe80::abc/64 scope link *$" && ok "duplicate address detection ends" ||
	fail "duplicate address detection: $(inside a ip -6 addr show dev eth0 | tr '\n' ' ')"
inside n1 ip -6 addr add fe80::1/64 dev "$link" nodad
inside a timeout 5 ping -6 -c1 -W2 fe80::1%eth0 >/dev/null && ok "link-local traffic" || fail "link-local traffic"

# hostNetwork: the node's own sockets send what they like on its own interfaces.
before=$(counter 1 drop_spoofed)
inside n1 ip addr add 192.168.78.77/32 dev lo
inside n1 ping -c1 -W1 -I 192.168.78.77 192.168.78.9 >/dev/null 2>&1
is "the node's packets are not looked at" "$(counter 1 drop_spoofed)" "$before"
serve b 8000
settle
is "and pods talk" "$(peer a tcp "$b4" 8000 5)" "b 5"
is "and pods talk, IPv6" "$(peer a tcp "$b6" 8000 5)" "b 5"
finish
