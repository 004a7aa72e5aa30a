#!/usr/bin/env bash
# A container's process is killed on its node: RESTARTS 1, Running, and traffic goes on through the others; and a pod
# that is deleted is replaced.
. "$(dirname "$0")/lib.sh"
use_cluster

restarts() { get "pod/$1" '{.status.containerStatuses[0].restartCount}'; }
k apply -f "$MANIFESTS/web3.yaml" -f "$MANIFESTS/svc.yaml" >/dev/null
wait_ready app=web 3
wait_for "three endpoints" 5 out_is 3 ready_endpoints web
POD=$(pods_of app=web | head -n 1)
ip=$(get "pod/$POD" '{.status.podIP}')
id=$(container_id "$POD")

section "kill the container's process"
hammer_start run --url "http://$(cluster_ip):8080/" --rate 50 --duration 60
sleep 0.5
killed=$(now_ms)
kill -9 "$(container_pid "$id")"
wait_for "RESTARTS 1" 15 out_is 1 restarts "$POD"
wait_for "Running, as get po shows it" 15 out_matches "^$POD +1/1 +Running +1 " k get po
wait_ready app=web 3
wait_for "three endpoints again" 5 out_is 3 ready_endpoints web
corrected=$(now_ms)
sleep 1
hammer_stop run
check_is "same pod, same address" "$(get "pod/$POD" '{.status.podIP}')" "$ip"
check_out "describe tells the last state" 'Last State: +Terminated' k describe pod "$POD"
check_out "and the signal" 'Exit Code: +137' k describe pod "$POD"
check_test "traffic: no failure after the correction" "$(tally run .last_failure_ms)" -lt "$corrected"
say "between kill and correction ($((corrected - killed)) ms): $(tally run '.failures') failed of $(tally run '.answers + .failures'), last after $(($(tally run .last_failure_ms) - killed)) ms"
check_test "all three answer" "$(tally run '.answered_by | length')" = 3

section "delete a pod, under requests"
hammer_start run --url "http://$(cluster_ip):8080/" --rate 50 --duration 60
sleep 0.5
check_out "delete" "^pod \"$POD\" deleted" k delete pod "$POD"
wait_ready app=web 3
wait_for "three endpoints" 5 out_is 3 ready_endpoints web
sleep 1
hammer_stop run
check_clean "a pod's graceful end loses no request" run
check_not "the old name is gone" k get pod "$POD"

section "delete a pod by force"
POD=$(pods_of app=web | head -n 1)
hammer_start run --url "http://$(cluster_ip):8080/" --rate 50 --duration 60 --timeout-ms 2000
sleep 0.5
deleted=$(now_ms)
check "delete --force" k delete pod "$POD" --grace-period=0 --force
wait_ready app=web 3
wait_for "three endpoints" 5 out_is 3 ready_endpoints web
corrected=$(now_ms)
sleep 2
hammer_stop run
check_test "no failure after the correction" "$(tally run .last_failure_ms)" -lt "$((corrected + 50))"
say "after --force: $(tally run .failures) failed of $(tally run '.answers + .failures') within $((corrected - deleted)) ms"
no_container() { [ -z "$(container_pid "$1")" ]; }
wait_for "its container is gone from the node" 15 no_container "$id"
finish
