#!/bin/bash
# runtimeConfig.bandwidth, as a runtime passes a pod's annotations on: real flows stay below the limit, and near it; other
# limits hold at once; the pod beside it is not touched.
. "$(dirname "$0")/lib.sh"
setup
node 1
pod 1 a '{"bandwidth":{"egressRate":8000000,"egressBurst":4294967295,"ingressRate":16000000,"ingressBurst":4294967295}}' ||
	fail "pod a"
pod 1 b || fail "pod b"
settle
seconds=1.6

flow() { # FROM TO-NS TO-ADDR tcp|udp: kbit/s
	local out pid port=$((7000 + BASHPID % 20000))
	out=$(mktemp "$work/sink.XXXXXX")
	inside "$2" "$tools/pod_meter" sink $port $seconds >"$out" & pid=$!
	sleep 0.15
	inside "$1" timeout 15 "$tools/pod_meter" blast "$4" "$3" $port 2.9 >/dev/null 2>&1
	wait $pid
	cat "$out"
}
# A limit is never passed by more than a burst's worth; a busy machine may stay far below: that is told, no failure.
within() { # WHAT KBIT LIMIT-KBIT
	if [ "${2:-0}" -le $(($3 * 115 / 100)) ] && [ "${2:-0}" -ge $(($3 / 8)) ]; then ok "$1: $2 kbit/s of $3"; else
		fail "$1: $2 kbit/s, the limit is $3"; fi
}
# One at a time: what answers one way shares the limit of the other.
within "egress, TCP" "$(flow a o 192.168.78.9 tcp)" 8000
within "egress, UDP, IPv6" "$(flow a o fd78::9 udp)" 8000
within "egress to a pod of the node, TCP" "$(flow a b "$(ip4 b)" tcp)" 8000
within "ingress, TCP" "$(flow b a "$(ip4 a)" tcp)" 16000
within "ingress, UDP" "$(flow b a "$(ip4 a)" udp)" 16000
within "ingress from the node, TCP, IPv6" "$(flow n1 a "$(ip6 a)" tcp)" 16000
dropped=$(counter 1 drop_rate)
[ "$dropped" -gt 0 ] && ok "drops are counted: $dropped" || fail "no drops counted"

# Other limits, and none, for a pod that runs; a killed node remembers them.
echo "uid-a 0 32000000" >"$work/1/limits"
kill -USR1 "${node_pid[1]}"
settle
within "a changed limit, TCP" "$(flow a o 192.168.78.9 tcp)" 32000
kill_node 1; node 1
within "the same after kill -9, TCP" "$(flow a o 192.168.78.9 tcp)" 32000
got=$(flow b a "$(ip4 a)" tcp)
[ "$got" -gt 40000 ] && ok "no limit any more: $got kbit/s" || fail "still limited: $got kbit/s"
got=$(flow b o 192.168.78.9 tcp)
[ "$got" -gt 40000 ] && ok "a pod without limits: $got kbit/s" || fail "a pod without limits: $got kbit/s"

# What a configuration must not say.
for bad in '{"bandwidth":[]}' '{"bandwidth":{"egressRate":-1}}' '{"bandwidth":{"ingressRate":"1M"}}'; do
	[ -e "/run/netns/${id}c" ] || { ip netns add "${id}c"; pods+=(c); }
	cni ADD 1 c "$bad" | jq -e '.code == 7' >/dev/null && ok "refused: $bad" || fail "taken: $bad"
done
finish
