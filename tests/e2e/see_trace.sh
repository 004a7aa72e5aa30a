#!/usr/bin/env bash
# keelson trace: the steps it prints are what happens; it leaves nothing behind and moves no counter.
. "$(dirname "$0")/lib.sh"
use_cluster

kl() { "$KEELSON" "$@" --cluster "$NAME" --node "${NODE:-node1}"; }
k create deployment web --image=nginx:1.14 --replicas=3 >/dev/null
k expose deployment web --port=8080 --target-port=80 --type=NodePort >/dev/null
wait_ready app=web 3
for NODE in $(nodes); do wait_for "in the kernel of $NODE" 10 out_matches ' 3/3 ' kl lb list; done
NODE=node1
IP=$(node_ip node1) PORT=$(node_port)
sums() { kl drops --all -o json | jq -c '[.counters[] | select(.counter != "passed") | .total]'; }

section "from outside"
before=$(sums) flows=$(kl ct list -o json | jq length)
kl trace --from 198.51.100.7 --to "$IP:$PORT" >"$WORK/trace"
for step in "^frontend +$IP:$PORT/TCP is a NodePort" '^service +default/web:8080 ' '^policy +externalTrafficPolicy Cluster' \
	'^known +none' '^slot +hash [0-9a-f]{8} takes slot [0-2] of 3' '^program +kl_lb_in .*as loaded; on a copy' \
	'^event +new: 198\.51\.100\.7:40000 > ' '^counted +forwarded' '^verdict +TCX_' "^flow +198.51.100.7:40000 > $IP:$PORT > 10\\." \
	'^result +TCP .* > 10\.[0-9.]+:80, ' '^fate +'; do
	check_out "a step: $step" "$step" cat "$WORK/trace"
done
check_is "no counter has moved" "$(sums)" "$before"
check_is "no flow stays behind" "$(kl ct list -o json | jq length)" "$flows"

section "what it says is what happens"
HERE_IP=$(ip -4 route get "$IP" | sed -nE 's/.* src ([0-9.]+).*/\1/p')
for sport in 21001 21002 21003 21004; do
	said=$(kl trace --from "$HERE_IP" --to "$IP:$PORT" --sport $sport -o json | jq -r '[.steps[] | select(.step == "flow")][0].flow.backend')
	curl -sS -o /dev/null --max-time 5 --local-port $sport "http://$IP:$PORT/"
	check_is "port $sport" "$(kl ct list --client "$HERE_IP:$sport" -o json | jq -r '.[0].backend')" "$said"
done
check_out "a known flow is found" '^known +.*, (open|closing|closed), entry [0-9]+ of the' kl trace --from "$HERE_IP" --to "$IP:$PORT" --sport 21001 --flags ack

section "the reply, bytes, JSON"
kl trace --from 198.51.100.7 --to web --reply --hex >"$WORK/reply"
check_out "the answer is the frontend's" "^result +TCP $IP:$PORT > 198\\.51\\.100\\.7:40000" cat "$WORK/reply"
check_out "bytes" '^    0000  ([ ]?[0-9a-f]{2}){8} ' cat "$WORK/reply"
check "JSON" jq -e '.steps | length > 8' <(kl trace --to web -o json)

section "--insert"
before=$(kl drops --all -o json | jq '[.counters[] | select(.counter == "flows_inserted").total] | add')
kl trace --from 198.51.100.8 --to "$IP:$PORT" --insert >"$WORK/insert"
check_out "the loaded program itself" '^program +kl_lb_in .*the loaded one, on the real tables' cat "$WORK/insert"
check_is "the flow stays" "$(kl ct list --client 198.51.100.8 -o json | jq length)" 1
check_is "and is counted" "$(kl drops --all -o json | jq '[.counters[] | select(.counter == "flows_inserted").total] | add')" $((before + 1))
check_out "until it is flushed" '^1 flow of web flushed' kl ct flush --service web --client 198.51.100.8

section "from a pod"
POD=$(k get pods -l app=web -o jsonpath='{range .items[?(@.spec.nodeName=="node1")]}{.metadata.name}{"\n"}{end}' | head -n 1)
[ -n "$POD" ] || { NODE=node2 && POD=$(k get pods -l app=web -o jsonpath='{range .items[?(@.spec.nodeName=="node2")]}{.metadata.name}{"\n"}{end}' | head -n 1); }
kl trace --from "$POD" --to web:8080 >"$WORK/pod"
check_out "a socket: no packets" "^path +a pod's socket" cat "$WORK/pod"
check_is "every backend with its chance" "$(grep -cE '^candidate +33\.3 %' "$WORK/pod")" 3
kl trace --from "default/$POD" --to web --packet >"$WORK/packet"
check_out "--packet: the pod's program" '^program +kl_pod_out' cat "$WORK/packet"
check_out "balances it" '^result +TCP .* > 10\.[0-9.]+:80' cat "$WORK/packet"

section "drops and mistakes"
k create service nodeport nobody --tcp=80:80 >/dev/null
wait_for "a Service without endpoints" 10 out_matches nobody kl lb list
check_out "why it is dropped, and what to do" '^(drop|counted) +drop_no_backend' kl trace --to nobody
check_out "from a pod: refused" 'ECONNREFUSED' kl trace --from "$POD" --to nobody
check_is "no --to: exit code" "$(kl trace >/dev/null 2>&1; echo $?)" 2
check_is "an unknown Service: exit code" "$(kl trace --to nothing >/dev/null 2>&1; echo $?)" 2
check_is "odd flags: exit code" "$(kl trace --to web --flags sin >/dev/null 2>&1; echo $?)" 2
k delete svc nobody >/dev/null
finish
