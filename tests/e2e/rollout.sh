#!/usr/bin/env bash
# A rolling update under load, with no failed request; history; undo.
. "$(dirname "$0")/lib.sh"
use_cluster

version_of() { # the versions of the pods that stand behind the Deployment
	k get pods -l app=web -o json |
		jq -r '[.items[] | select(.metadata.deletionTimestamp == null).spec.containers[0].image] | unique | join(" ")'
}
rolled() { out_is "$1" version_of && [ "$(ready_pods app=web)" = 5 ]; }
load_start() {
	local urls=() node
	for node in $(nodes); do urls+=(--url "http://$(node_ip "$node"):$(node_port)/"); done
	hammer_start ports "${urls[@]}" --rate 100 --keep 3 --keep-rate 10 --duration 120
	hammer_start cluster --url "http://$(cluster_ip):8080/" --rate 50 --keep 1 --duration 120 --netns "$(pod_netns client)"
}
load_stop() { # WHAT
	sleep 1
	hammer_stop ports
	hammer_stop cluster
	check_clean "$1: NodePorts" ports
	check_clean "$1: ClusterIP from a pod" cluster
}
sed 's/replicas: 1/replicas: 5/' "$MANIFESTS/web.yaml" >"$WORK/web-1.14.yaml"
sed 's/nginx:1.14/nginx:1.15/' "$WORK/web-1.14.yaml" >"$WORK/web-1.15.yaml"
k apply -f "$WORK/web-1.14.yaml" -f "$MANIFESTS/service.yaml" >/dev/null
k run client --image=nginx:1.14 >/dev/null
wait_ready app=web 5
wait_ready run=client 1
wait_for "five endpoints" 5 out_is 5 ready_endpoints web

section "apply nginx:1.15 while requests run"
load_start
sleep 1
start=$(now_ms)
check_out "apply" 'deployment.apps/web configured' k apply -f "$WORK/web-1.15.yaml"
check_out "rollout status" 'deployment "web" successfully rolled out' k rollout status deployment/web --timeout=60s
say "rolled out in $(($(now_ms) - start)) ms"
wait_for "only nginx:1.15 is left" 40 rolled nginx:1.15
load_stop "the update"
check_out "the page is the new one" 'version: 1.15' curl -sS --max-time 5 "http://$(node_ip node1):$(node_port)/"
check_out "the Deployment keeps the old ReplicaSet" '^web-[0-9a-z]+ +0 +0 +0 ' k get rs

section "history"
check_out "two revisions" '^2 +<none>$' k rollout history deployment/web
check_out "REVISION, CHANGE-CAUSE" '^REVISION +CHANGE-CAUSE$' k rollout history deployment/web
check_out "one revision in detail" 'Image:.*nginx:1.14' k rollout history deployment/web --revision=1

section "undo, under load"
load_start
sleep 0.5
check_out "undo" '^deployment.apps/web rolled back$' k rollout undo deployment/web
check "rollout status" k rollout status deployment/web --timeout=60s
wait_for "nginx:1.14 again" 40 rolled nginx:1.14
load_stop "the undo"
check_out "revision 1 became 3" '^3 +<none>$' k rollout history deployment/web
check_out "undo --to-revision=2" 'rolled back' k rollout undo deployment/web --to-revision=2
check "rollout status" k rollout status deployment/web --timeout=60s
wait_for "nginx:1.15" 40 rolled nginx:1.15

section "set image, restart, pause and resume; an image that does not exist"
check_out "set image" 'image updated' k set image deployment/web nginx=nginx:1.14
check "rollout status" k rollout status deployment/web --timeout=60s
check_out "restart" 'restarted' k rollout restart deployment/web
check "rollout status" k rollout status deployment/web --timeout=60s
check "pause" k rollout pause deployment/web
check "set image while paused" k set image deployment/web nginx=nginx:1.15
sleep 1
check_is "nothing moves" "$(version_of)" nginx:1.14
check "resume" k rollout resume deployment/web
wait_for "now it does" 60 rolled nginx:1.15
check "an image that is not there" k set image deployment/web nginx=nginx:9.99
wait_for "the new pods fail" 60 out_matches 'ErrImagePull|ImagePullBackOff' k get pods -l app=web
hammer_start ports --url "http://$(node_ip node1):$(node_port)/" --requests 100 --rate 100
wait "${HAMMERS[ports]}"
unset "HAMMERS[ports]"
check_clean "the old ones serve on" ports
check "undo" k rollout undo deployment/web
wait_for "all well again" 60 rolled nginx:1.15
finish
