#!/usr/bin/env bash
# keelson flows: events live, filtered, to two watchers at once; nothing is written when nobody watches.
. "$(dirname "$0")/lib.sh"
use_cluster

AT=(--cluster "$NAME" --node node1)
kl() { "$KEELSON" "$@" "${AT[@]}"; }
k create deployment web --image=nginx:1.14 --replicas=2 >/dev/null
k expose deployment web --port=8080 --target-port=80 --type=NodePort >/dev/null
k create service clusterip nobody --tcp=80:80 >/dev/null
wait_ready app=web 2
wait_for "in the kernel" 10 out_matches ' 2/2 ' kl lb list
IP=$(node_ip node1) PORT=$(node_port) VIP=$(cluster_ip) NS=$(node_netns node1)
MAPS=$(find "/sys/fs/bpf/keelson/$NAME/node1" -maxdepth 1 -name 'v*')/maps
until_tick() { bpftool -j map dump pinned "$MAPS/kl_config" | jq '.[0].formatted.value.watch_until'; }
traffic() {
	for _ in 1 2 3; do
		curl -sS -o /dev/null --max-time 5 "http://$IP:$PORT/"
		ip netns exec "$NS" curl -sS -o /dev/null --max-time 5 "http://$VIP:8080/"
		ip netns exec "$NS" curl -s -o /dev/null --max-time 5 "http://$(cluster_ip nobody)/"
	done
}

section "nobody watches"
check_is "no events are asked for" "$(until_tick)" 0

section "watching"
"$KEELSON" flows "${AT[@]}" -o json >"$WORK/all" 2>"$WORK/all.err" &
first=$!
"$KEELSON" flows "${AT[@]}" --service web --packets 1 -o json >"$WORK/web" 2>&1 &
second=$!
"$KEELSON" flows "${AT[@]}" --verdict dropped -o json -n 2 >"$WORK/drops" 2>&1 &
third=$!
wait_for "the programs are asked" 5 eval '[ "$(until_tick)" -gt 0 ]'
sleep 0.3 # all three are connected
traffic
events() { jq -s "[.[] | select($2)] | length" "$WORK/$1"; }
wait_for "flows begun on the uplink" 5 out_is 3 events all '.kind == "new" and .service == "default/web:8080"'
check_is "each with its ends" "$(events all ".kind == \"new\" and .frontend == \"$IP:$PORT\" and (.client | length) > 8 and (.backend | endswith(\":80\"))")" 3
wait_for "sockets given a backend" 5 out_is 3 events all ".kind == \"connect\" and .frontend == \"$VIP:8080\" and .hook == \"socket\""
check_is "with the process" "$(events all '.kind == "connect" and .service == "default/web:8080" and .pid > 0')" 3
wait_for "drops with their reason" 5 out_is 3 events all '.kind == "drop" and .reason == "socket-no-backend"'
wait_for "flows closed" 5 eval "[ \"\$(events all '.kind == \"end\"')\" -ge 3 ]"
check_is "no packets of flows unless asked for" "$(events all '.kind == "forward"')" 0
check_is "the second watcher saw the same" "$(events web '.kind == "new"')" 3
check_test "and the packets it asked for" "$(events web '.kind == "forward"')" -ge 12
check_is "but not other Services" "$(events web '.service != "default/web:8080"')" 0
wait_for "the third ended behind two drops" 5 eval "! kill -0 $third 2>/dev/null"
check_is "and saw only drops" "$(events drops '.verdict == "dropped"')" 2
kill -INT $second
wait $second 2>/dev/null
check_test "one gone, events go on" "$(until_tick)" -gt 0
kill -INT $first
wait $first
check_is "interrupted: exit code 0" $? 0
wait_for "the last gone, nobody is asked any more" 5 out_is 0 until_tick
check_is "nothing was lost" "$(cat "$WORK/all.err")" ""

section "forms"
(sleep 0.5 && curl -sS -o /dev/null --max-time 5 "http://$IP:$PORT/") &
check_out "lines for people" "^[0-9:.]{15} +new +TCP +[0-9.]+:[0-9]+ +$IP:$PORT +.*:80 +default/web:8080 +(tc-in|xdp)" kl flows -n 1 --kind new --duration 5
(sleep 0.5 && curl -sS -o /dev/null --max-time 5 "http://$IP:$PORT/") &
check_out "compact" "^[0-9:.]{15} new TCP [0-9.]+:[0-9]+ > $IP:$PORT > " kl flows -n 1 --kind new -o compact --duration 5
check_is "an unknown kind: exit code" "$(kl flows --kind nonsense >/dev/null 2>&1; echo $?)" 2
check_is "an unknown pod: exit code" "$(kl flows --from nosuchpod >/dev/null 2>&1; echo $?)" 2

section "the agent goes while somebody watches"
"$KEELSON" flows "${AT[@]}" -o json >"$WORK/orphan" 2>"$WORK/orphan.err" &
watcher=$!
wait_for "asked" 5 eval '[ "$(until_tick)" -gt 0 ]'
old=$(kill_hard node1)
wait_for "the watcher ends" 5 eval "! kill -0 $watcher 2>/dev/null"
wait $watcher
check_is "with a failure" $? 1
check_out "that says why" 'the agent has ended' cat "$WORK/orphan.err"
wait_for "the agent is back" 20 restarted node1 "$old"
wait_for "and nobody is asked" 10 out_is 0 until_tick
k delete svc nobody >/dev/null
finish
