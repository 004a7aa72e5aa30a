#!/usr/bin/env bash
# Deployments as the tutorial makes them: by command, by the file that the command writes, by apply; and the page of a pod.
. "$(dirname "$0")/lib.sh"
use_cluster

deploy() {
	check_out "create deployment" '^deployment.apps/web created$' k create deployment web --image=nginx:1.14
	wait_ready app=web 1
	check_out "get deploy" '^web +1/1 +1 +1 +[0-9a-z]+$' k get deploy
	check_out "get deploy,po -o wide: the Deployment" '^deployment.apps/web +1/1 +1 +1 +[0-9a-z]+ +nginx +nginx:1.14 +app=web$' \
		k get deploy,po -o wide
	check_out "get deploy,po -o wide: the pod" \
		'^pod/web-[0-9a-z]+-[0-9a-z]{5} +1/1 +Running +0 +[0-9a-z]+ +10\.[0-9.]+ +node[123] +<none> +<none>$' k get deploy,po -o wide
	check_out "the ReplicaSet" '^web-[0-9a-z]+ +1 +1 +1 +[0-9a-z]+$' k get rs
	pod=$(pods_of app=web)
	pod_ip=$(get "pod/$pod" '{.status.podIP}')
	check_out "curl POD_IP" 'Welcome to nginx' curl -sS --max-time 5 "http://$pod_ip"
	check_out "the page names version" "$WHICH_VERSION" curl -sS --max-time 5 "http://$pod_ip"
	check_out "and pod" "pod: $pod" curl -sS --max-time 5 "http://$pod_ip"
	check_out "creating it again" 'deployments.apps "web" already exists' k create deployment web --image=nginx:1.14
	check_out "delete deploy" '^deployment.apps "web" deleted' k delete deploy web
	wait_for "its pods go too" 30 no_pods app=web

	k create deployment web --image=nginx:1.14 --dry-run=client -o yaml >"$WORK/web.yaml"
	check_out "--dry-run=client writes a manifest" 'image: nginx:1.14' cat "$WORK/web.yaml"
	check_out "--dry-run, old form" 'image: nginx:1.14' k create deployment web --image=nginx:1.14 --dry-run -o yaml
	check_out "--dry-run=server" 'uid: ' k create deployment web --image=nginx:1.14 --dry-run=server -o yaml
	check_is "none of them made it" "$(count deploy)" 0
	check_out "apply -f" '^deployment.apps/web created$' k apply -f "$WORK/web.yaml"
	# kubectl's own manifests hold "creationTimestamp: null", which is a difference to it each time.
	check_out "apply again" '^deployment.apps/web (unchanged|configured)$' k apply -f "$WORK/web.yaml"
	grep -v creationTimestamp "$WORK/web.yaml" >"$WORK/plain.yaml"
	k apply -f "$WORK/plain.yaml" >/dev/null
	check_out "apply again, without it" '^deployment.apps/web unchanged$' k apply -f "$WORK/plain.yaml"
	check_out "the tutorial's web.yaml over it" '^deployment.apps/web (configured|unchanged)$' k apply -f "$MANIFESTS/web.yaml"
	wait_ready app=web 1
	check_out "diff finds nothing" '^0$' bash -c "'$KUBECTL' diff -f '$MANIFESTS/web.yaml'; echo \$?"
	check_out "get -o yaml has the status" 'readyReplicas: 1' k get deploy web -o yaml
	check_out "describe deploy" '^Replicas: +1 desired \| 1 updated \| 1 total \| 1 available \| 0 unavailable$' k describe deploy web
	check_out "its event" 'ScalingReplicaSet' k describe deploy web
	check_out "wait --for=condition" 'condition met' k wait --for=condition=Available deploy/web --timeout=20s
	check_out "delete -f" 'deployment.apps "web" deleted' k delete -f "$MANIFESTS/web.yaml"
	wait_for "its pods go too" 30 no_pods app=web
}
each_kubectl deploy
finish
