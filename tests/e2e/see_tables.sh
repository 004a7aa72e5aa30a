#!/usr/bin/env bash
# What the dataplane holds, as its commands show it: lb, ct, maglev, drops, verify, status of a node.
. "$(dirname "$0")/lib.sh"
use_cluster

kl() { "$KEELSON" "$@" --cluster "$NAME" --node "$NODE"; }
NODE=node1
k create deployment web --image=nginx:1.14 --replicas=3 >/dev/null
k expose deployment web --port=8080 --target-port=80 --type=NodePort >/dev/null
k annotate svc web keelson.dev/load-balancing=maglev >/dev/null
wait_ready app=web 3
wait_for "maglev in the kernel" 10 out_matches 'maglev.*3/3' kl lb list
PORT=$(node_port) IP=$(node_ip node1)

section "lb"
check_out "list: the Service, its NodePort, its backends" "^default/web:8080 +TCP +maglev +.*\\*:$PORT.* 3/3 +" kl lb list
check_out "list -o wide: policy and forwarding" '^SERVICE .*FORWARDING +POLICY' kl lb list -o wide
check_is "list -o json" "$(kl lb list -o json | jq -r '.[] | select(.service == "default/web:8080") | .set.algorithm')" maglev
check_out "get: weights and live connections" '^ID +BACKEND +FORWARDING +STATE +WEIGHT +LIVE' kl lb get web
check_is "get of what is not there: exit code" "$(kl lb get nothing >/dev/null 2>&1; echo $?)" 1
check_is "an unknown form of output: exit code" "$(kl lb list -o yaml >/dev/null 2>&1; echo $?)" 2
check_no_out "no colour but on a terminal" $'\033' kl lb get web

section "ct"
for _ in 1 2 3 4 5 6; do curl -sS -o /dev/null --max-time 5 "http://$IP:$PORT/"; done
exec 9<>"/dev/tcp/$IP/$PORT" # stays open
printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' >&9
read -r -t 5 _ <&9
wait_for "an open flow" 5 out_matches " open +" kl ct list --service web --state open
check_out "its ends and its Service" "^TCP +[0-9.]+:[0-9]+ +$IP:$PORT +10\\.[0-9.]+:80 +open +[0-9]+s +default/web:8080" \
	kl ct list --service default/web:8080 --state open
check_is "-o json counts the same" "$(kl ct list --service web --state open -o json | jq length)" 1
CLIENT=$(kl ct list --service web --state open -o json | jq -r '.[0].client')
check_is "--client finds it" "$(kl ct list --client "$CLIENT" -o json | jq length)" 1
check_is "--client of nobody" "$(kl ct list --client 192.0.2.77 -o json | jq length)" 0
check_is "--state nonsense: exit code" "$(kl ct list --state nonsense >/dev/null 2>&1; echo $?)" 2
check_is "flush without --service: exit code" "$(kl ct flush >/dev/null 2>&1; echo $?)" 2
check_is "flush of an unknown Service: exit code" "$(kl ct flush --service nothing >/dev/null 2>&1; echo $?)" 1
BACKEND=$(kl ct list --client "$CLIENT" -o json | jq -r '.[0].backend')
check_out "flush says how many" '^[1-9][0-9]* flows? of web flushed towards' kl ct flush --service web --backend "$BACKEND"
check_is "they are gone" "$(kl ct list --service web --backend "$BACKEND" -o json | jq length)" 0
printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' >&9
wait_for "the open connection's next packet makes its flow anew, at the same backend (maglev)" 5 \
	out_is "$BACKEND" eval 'kl ct list --client "$CLIENT" -o json | jq -r ".[0].backend"'
exec 9<&-

section "maglev"
check_out "show: size, share, deviation, hash" '^Table: +509 slots for 3 backends, deviation .* hash [0-9a-f]{16}$' kl maglev show web
for NODE in $(nodes); do kl maglev show web -o json | jq -r .hash; done >"$WORK/hashes"
NODE=node1
check_is "one table on all nodes" "$(sort -u "$WORK/hashes" | wc -l)" 1
GONE=$(kl lb get web -o json | jq -r '.[0].backends[0] | "\(.address):\(.port)"')
check_out "disruption of one backend less" '^Changed: +1[0-9][0-9] of 509 slots' kl maglev disruption web --remove "$GONE"
check_is "the computed table is the kernel's" "$(kl maglev disruption web --remove "$GONE" -o json | jq .kernelAgrees)" true
check_out "disruption of one more" '% of new flows go elsewhere' kl maglev disruption web --add 10.99.0.1:80
check_is "--remove of a stranger: exit code" "$(kl maglev disruption web --remove 10.99.0.1:80 >/dev/null 2>&1; echo $?)" 1

section "drops"
k create service clusterip nobody --tcp=80:80 >/dev/null
wait_for "the Service without endpoints" 10 out_matches nobody kl lb list
drops() { kl drops -o json | jq "[.counters[] | select(.reason == \"$1\") | .total] | add"; }
before=$(drops socket-no-backend)
ip netns exec "$(node_netns node1)" curl -s --max-time 2 "http://$(cluster_ip nobody)/" >/dev/null
check_is "a refused connect is counted by its reason" "$(drops socket-no-backend)" $((before + 1))
check_out "and there is advice" '^socket-no-backend: .*endpointslices' kl drops
check_out "--all shows more" '^forwarded +[1-9]' kl drops --all
check_is "--watch -n 2 with -o json: two lines" "$(kl drops --watch -n 2 -o json | jq -s length)" 2

section "status of a node"
kl status >"$WORK/status" 2>&1
check_out "programs and where they are attached" '^kl_lb_in +tcx +eth0 +ingress' cat "$WORK/status"
check_out "the stream" '^Stream: +connected, position [0-9]+' cat "$WORK/status"
check_out "how full the tables are" '^conntrack main +[0-9]+ +[0-9]+ +[0-9.]+ %' cat "$WORK/status"
check_is "-o json" "$(kl status -o json | jq -r '.agent.node')" node1

section "verify"
check_out "no difference" 'no difference$' kl verify
check_is "exit code 0" "$(kl verify >/dev/null 2>&1; echo $?)" 0
PINS=$(find "/sys/fs/bpf/keelson/$NAME/node1" -maxdepth 1 -name 'v*')/maps
damage() { # the NodePort's entry of kl_frontends is cleared
	local place
	place=$(kl trace --to "$IP:$PORT" --from 192.0.2.1 -o json | jq -r '.steps[] | select(.step == "frontend").text' | sed -nE 's/.*entry ([0-9]+) of.*/\1/p')
	# shellcheck disable=SC2046
	bpftool map update pinned "$PINS/kl_frontends" \
		key $(printf '%d %d %d %d' $((place & 255)) $((place >> 8 & 255)) $((place >> 16 & 255)) $((place >> 24))) \
		value $(printf '0 %.0s' $(seq 32))
}
# The agent's own audit may be quicker, once in 30 seconds.
for _ in 1 2 3; do
	damage
	kl verify >"$WORK/verify" 2>&1
	rc=$?
	[ $rc = 0 ] || break
done
check_is "an entry deleted behind its back: exit code 1" "$rc" 1
check_out "and says which" "frontend .* port $PORT of default/web:8080 missing" cat "$WORK/verify"
damage
check_out "--repair puts it right" 'put right|no difference' kl verify --repair
check_is "so that nothing differs" "$(kl verify >/dev/null 2>&1; echo $?)" 0
check "and it balances again" curl -sS -o /dev/null --max-time 5 "http://$IP:$PORT/"
# A program that somebody has detached: seen by the agent itself within seconds too.
for _ in 1 2 3; do
	bpftool link detach pinned "/sys/fs/bpf/keelson/$NAME/node1/links/kl_connect4"
	kl verify >"$WORK/verify" 2>&1
	rc=$?
	[ $rc = 0 ] || break
done
check_is "a detached program: exit code 1" "$rc" 1
check_out "and says which" 'kl_connect4' cat "$WORK/verify"
check "--repair attaches it" kl verify --repair
check_out "status agrees" '^kl_connect4 +cgroup +cgroup root' kl status
old=$(kill_hard node1)
check_is "without an agent: exit code 2" "$(kl verify >/dev/null 2>&1; echo $?)" 2
check_out "lb shows the tables all the same" '^default/web:8080' kl lb list
wait_for "the agent is back" 20 restarted node1 "$old"
k delete svc nobody >/dev/null

section "completion"
complete_words() ( # WORD…: what bash would offer for the last one
	# shellcheck source=/dev/null
	. "$KL_SRC/tools/packaging/keelson.bash"
	keelson() { "$KEELSON" "$@"; }
	COMP_WORDS=(keelson "$@") COMP_CWORD=$#
	_keelson
	echo "${COMPREPLY[*]}"
)
check_out "commands" '(^| )ct maglev drops flows trace verify( |$)' complete_words ""
check_is "verbs" "$(complete_words ct "")" "list flush"
check_is "states" "$(complete_words ct list --state c)" "closing closed"
check_out "Services in the kernel" '(^| )default/web( |$)' complete_words lb get --cluster "$NAME" --node node1 ""
check_out "options from the help" '(^| )--packets( |$)' complete_words flows --
finish
