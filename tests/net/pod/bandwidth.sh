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
seconds=2.5

flow() { # FROM TO-NS TO-ADDR tcp|udp: kbit/s
	local out=$work/sink.$RANDOM pid
	inside "$2" "$tools/pod_meter" sink 7000 $seconds >"$out" & pid=$!
	sleep 0.15
	inside "$1" timeout 15 "$tools/pod_meter" blast "$4" "$3" 7000 4.2 >/dev/null 2>&1
	wait $pid
	cat "$out"
}
# A limit is never passed by more than a burst's worth; a busy machine may stay below, so the lower bound is generous.
within() { # WHAT KBIT LIMIT-KBIT
	if [ "${2:-0}" -le $(($3 * 115 / 100)) ] && [ "${2:-0}" -ge $(($3 / 2)) ]; then ok "$1: $2 kbit/s of $3"; else
		fail "$1: $2 kbit/s, the limit is $3"; fi
}
within "egress, TCP" "$(flow a o 192.168.78.9 tcp)" 8000
within "egress, UDP" "$(flow a o 192.168.78.9 udp)" 8000
within "egress, TCP, IPv6" "$(flow a o fd78::9 tcp)" 8000
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
	ip netns list | grep -q "${id}c" || { ip netns add "${id}c"; pods+=(c); }
	cni ADD 1 c "$bad" | jq -e '.code == 7' >/dev/null && ok "refused: $bad" || fail "taken: $bad"
done
finish
