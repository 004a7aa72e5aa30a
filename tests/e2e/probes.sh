#!/usr/bin/env bash
# Probes: the file /tmp/healthy is made in two of three pods; the third gets no traffic and is restarted.
. "$(dirname "$0")/lib.sh"
use_cluster

section "probes.yaml as printed"
check_out "apply" 'deployment.apps/web created' k apply -f "$MANIFESTS/probes.yaml"
wait_for "its pods run, not ready before the delay" 30 out_is 3 count pods -l app=web --field-selector status.phase=Running
check_out "get po" '^web-[0-9a-z-]+ +0/1 +Running +0 ' k get po
POD=$(pods_of app=web | head -n 1)
check_out "describe: readiness" 'Readiness: +exec \[cat /tmp/healthy\] delay=90s timeout=1s period=5s #success=1 #failure=3' k describe pod "$POD"
check_out "describe: liveness" 'Liveness: +exec \[cat /tmp/healthy\] delay=95s timeout=1s period=5s #success=1 #failure=3' k describe pod "$POD"
k delete deploy web --grace-period=1 >/dev/null
wait_for "clean" 30 no_pods app=web

section "the same with short delays"
k apply -f "$MANIFESTS/probes-quick.yaml" -f "$MANIFESTS/service.yaml" >/dev/null
wait_for "three run" 30 out_is 3 count pods -l app=web --field-selector status.phase=Running
mapfile -t PODS < <(pods_of app=web)
check_is "none is ready" "$(ready_pods app=web)" 0
for pod in "${PODS[@]:0:2}"; do
	check "touch /tmp/healthy in $pod" k exec "$pod" -- touch /tmp/healthy
done
wait_ready app=web 2
wait_for "two endpoints" 5 out_is 2 ready_endpoints web
SICK=${PODS[2]}
hammer_start run --url "http://$(node_ip node1):$(node_port)/" --rate 100 --requests 200
wait "${HAMMERS[run]}"
unset "HAMMERS[run]"
check_clean "traffic" run
check_is "the third pod gets none" "$(tally run ".answered_by[\"$SICK\"] // 0")" 0
check_is "the other two do" "$(tally run '.answered_by | length')" 2
wait_for "describe: Readiness probe failed" 10 out_matches 'Unhealthy .*Readiness probe failed: .*/tmp/healthy' k describe pod "$SICK"
wait_for "it is restarted" 30 out_matches "^$SICK +0/1 +(Running|CrashLoopBackOff) +[1-9]" k get pod "$SICK"
check_out "describe: will be restarted" 'Killing .*failed liveness probe, will be restarted' k describe pod "$SICK"
check_out "the others are not" "^${PODS[0]} +1/1 +Running +0 " k get pods
k delete deploy web --grace-period=1 >/dev/null
wait_for "clean" 30 no_pods app=web

section "readiness by HTTP, liveness by TCP"
k apply -f "$MANIFESTS/probes-net.yaml" >/dev/null
wait_for "two run" 30 out_is 2 count pods -l app=web --field-selector status.phase=Running
mapfile -t PODS < <(pods_of app=web)
wait_for "404 is not ready" 10 out_matches 'Readiness probe failed: HTTP probe failed with statuscode: 404' k describe pod "${PODS[0]}"
k exec "${PODS[0]}" -- touch /usr/share/nginx/html/ready.html
wait_ready app=web 1 10
check_out "describe: by the port's name" 'Readiness: +http-get http://:http/ready.html delay=0s timeout=1s period=1s #success=1 #failure=3' \
	k describe pod "${PODS[0]}"
k exec "${PODS[0]}" -- rm /usr/share/nginx/html/ready.html
wait_ready app=web 0 10
finish
