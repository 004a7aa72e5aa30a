#!/usr/bin/env bash
# Pods and what streams: run, logs, exec, cp, port-forward, attach, debug, expose, scale, autoscale, rollout, nodes, top.
. "$(dirname "$0")/kubectl_lib.sh"
use_cluster

run_pods() {
	check_out "run" '^pod/web created$' n run web --image=nginx:1.14 --labels=app=web --port=80
	check_out "run with a command" '^pod/sh created$' n run sh --image=busybox --env=WORD=hello --command -- \
		sh -c 'echo "$WORD world"; echo oops >&2; while :; do sleep 1; done'
	wait_for "they run" 40 n wait --for=condition=Ready pod/web pod/sh --timeout=2s
	check_out "logs" '^hello world$' n logs sh
	check_out "logs --tail --timestamps" '^20[0-9]+-[0-9]+-[0-9T:.]+(Z|[+-][0-9:]+) oops$' n logs sh --tail=1 --timestamps
	check_out "logs -c" '^hello world$' n logs pod/sh -c sh
	check_out "logs -f ends with its time limit" '^hello world$' timeout 2 "$KUBECTL" -n "$NS" logs -f sh
	check_out "logs of another container" 'container nope is not valid for pod sh' n logs sh -c nope
	check_out "logs --previous of a first run" 'previous terminated container "sh" in pod "sh" not found' n logs sh --previous
	check_out "get -o wide" '^web +1/1 +Running .* node[123] ' n get po web -o wide
}
streams() {
	check_out "exec" '^hello$' n exec sh -- sh -c 'echo $WORD'
	check_is "exec -i: stdin and its end" "$(printf 'some\nlines\n' | n exec -i sh -- cat)" "$(printf 'some\nlines')"
	check_is "a megabyte each way" "$(head -c 1048576 /dev/zero | n exec -i sh -- cat | wc -c)" 1048576
	n exec sh -- sh -c 'exit 7' >/dev/null 2>&1
	check_is "the exit code comes back" $? 7
	check_is "stderr apart from stdout" "$(n exec sh -- sh -c 'echo out; echo err >&2' 2>/dev/null)" out
	check_out "exec of what is not there" 'executable file.*not found|No such file' n exec sh -- /nothing
	check_out "exec in no such pod" 'pods "nope" not found' n exec nope -- true
	check_out "exec -it has a terminal and its size" '33 101' \
		script -qec "stty rows 33 cols 101; '$KUBECTL' -n '$NS' exec -it sh -- sh -c 'sleep 0.3; stty size'" /dev/null
	head -c 300000 /dev/urandom >"$T/blob"
	check "cp to a pod" n cp "$T/blob" web:/tmp/blob
	check "cp from a pod" n cp web:/tmp/blob "$T/blob.back"
	check "it is the same" cmp "$T/blob" "$T/blob.back"
	check_out "attach" '^(typed|If you)' timeout 3 "$KUBECTL" -n "$NS" attach sh
	check_out "run --rm -i: its output" '^from stdin$' bash -c "echo from stdin | '$KUBECTL' -n '$NS' run once --rm -i --restart=Never --image=busybox --quiet -- cat"
	check_out "and it is gone" 'NotFound' n get pod once
	n run fails --rm -i --restart=Never --image=busybox --quiet -- sh -c 'exit 5' >/dev/null 2>&1 </dev/null
	check_is "run's exit code comes back" $? 5
}
forwards() {
	local pid port
	"$KUBECTL" -n "$NS" port-forward svc/web :80 >"$T/forward.out" 2>&1 &
	pid=$!
	wait_for "port-forward listens" 5 grep -q 'Forwarding from 127' "$T/forward.out"
	port=$(grep -oE '127.0.0.1:[0-9]+' "$T/forward.out" | head -n 1)
	for i in 1 2 3; do
		check_out "port-forward to a Service, $i" 'pod: web' curl -sS --max-time 5 "http://$port/"
	done
	kill "$pid"
	"$KUBECTL" -n "$NS" port-forward pod/web :80 >"$T/forward2.out" 2>&1 &
	pid=$!
	wait_for "port-forward to a pod" 5 grep -q 'Forwarding from 127' "$T/forward2.out"
	port=$(grep -oE '127.0.0.1:[0-9]+' "$T/forward2.out" | head -n 1)
	check_out "answers" 'pod: web' curl -sS --max-time 5 "http://$port/"
	kill "$pid"
}
services() {
	check_out "expose pod" '^service/web exposed$' n expose pod web --port=80
	n create deploy d --image=nginx:1.14 --replicas=1 >/dev/null
	check_out "expose deployment" '^service/d exposed$' n expose deploy d --port=8080 --target-port=80 --type=NodePort --name=d
	check_is "its ports" "$(val svc/d '{.spec.ports[0].port} {.spec.ports[0].targetPort} {.spec.selector.app}')" '8080 80 d'
	check_out "expose service" '^service/d2 exposed$' n expose svc d --port=81 --name=d2
	check_out "scale" '^deployment.apps/d scaled$' n scale deploy d --replicas=2
	check_out "scale with a wrong precondition" 'Expected replicas to be 9, was 2' n scale deploy d --current-replicas=9 --replicas=1
	check_out "rollout status waits for it" 'successfully rolled out' n rollout status deploy/d --timeout=40s
	check_out "autoscale" '^horizontalpodautoscaler.autoscaling/d autoscaled$' n autoscale deploy d --min=2 --max=3 --cpu-percent=80
	check_is "as autoscaling/v2 holds it" \
		"$(n get horizontalpodautoscalers.v2.autoscaling d -o jsonpath='{.spec.metrics[0].resource.target.averageUtilization} {.spec.scaleTargetRef.name}')" '80 d'
	check_is "and as v1 does" "$(n get horizontalpodautoscalers.v1.autoscaling d -o jsonpath='{.spec.targetCPUUtilizationPercentage}')" 80
	n delete hpa d >/dev/null
}
rollouts() {
	check_out "set image" 'image updated' n set image deploy/d nginx=nginx:1.15
	check_out "rollout status" 'successfully rolled out' n rollout status deploy/d --timeout=40s
	check_out "rollout history" '^2 +<none>$' n rollout history deploy/d
	check_out "rollout history --revision" 'nginx:1.14' n rollout history deploy/d --revision=1
	check_out "rollout undo" 'rolled back' n rollout undo deploy/d
	check_out "rollout status after undo" 'successfully rolled out' n rollout status deploy/d --timeout=40s
	check_is "the old image" "$(val deploy/d '{.spec.template.spec.containers[0].image}')" nginx:1.14
	check_out "rollout pause" 'paused' n rollout pause deploy/d
	check_out "rollout resume" 'resumed' n rollout resume deploy/d
	check_out "rollout restart" 'restarted' n rollout restart deploy/d
	check_out "rollout status after restart" 'successfully rolled out' n rollout status deploy/d --timeout=40s
	check_out "logs of a Deployment" 'Found [0-9] pods|^$|GET|nginx' n logs deploy/d
	check_out "logs -l --prefix" '^\[pod/sh/sh\] hello world$' n logs -l run=sh --prefix
	check_out "exec into a Deployment" '^d-[0-9a-z]+-[0-9a-z]+$' n exec deploy/d -- hostname
}
debugs() {
	check_out "debug: a copy of the pod" '^copy of hello$' \
		n debug sh --copy-to=sh2 --container=sh --attach=true -i --quiet -- sh -c 'sleep 0.5; echo "copy of $WORD"'
	n delete pod sh2 --now --wait=false >/dev/null 2>&1
	check_out "debug: an ephemeral container" '^got typed$' \
		bash -c "echo typed | timeout 30 '$KUBECTL' -n '$NS' debug web --image=busybox -i --attach=true -c dbg -- sh -c 'read x; echo got \$x'"
	check_is "it stands in the pod" "$(val pod/web '{.spec.ephemeralContainers[0].name}')" dbg
}

pods_all() {
	run_pods
	streams
	services
	forwards
	rollouts
	! at_least 1.25 || debugs
	n delete po,deploy,svc --all --now --wait=false >/dev/null
}
# What goes another way on the wire in each version: SPDY up to 1.30, WebSocket after.
pods_short() {
	run_pods
	streams
	n expose pod web --port=80 >/dev/null
	forwards
	n delete po,svc --all --now --wait=false >/dev/null
}

# Nodes are one for all versions: one after the other.
node_verbs() {
	V=$1 KUBECTL=${KUBECTL_OF[$1]}
	section "kubectl $V: nodes"
	check_out "taint" '^node/node3 tainted$' k taint node node3 matrix=x:NoSchedule
	check_out "it shows" 'matrix=x:NoSchedule' k describe node node3
	check_out "taint again" 'already has matrix taint' k taint node node3 matrix=y:NoSchedule
	check_out "taint off" '^node/node3 untainted$' k taint node node3 matrix:NoSchedule-
	check_out "cordon" '^node/node3 cordoned$' k cordon node3
	check_out "it shows" '^node3 +Ready,SchedulingDisabled' k get nodes
	check_out "uncordon" '^node/node3 uncordoned$' k uncordon node3
	k create deploy drained --image=nginx:1.14 --replicas=3 >/dev/null
	check_out "rollout status" 'successfully rolled out' k rollout status deploy/drained --timeout=40s
	k run bare --image=nginx:1.14 --overrides='{"spec":{"nodeName":"node3"}}' >/dev/null
	check_out "drain minds pods without owner" 'cannot delete Pods (not managed by|that declare no controller)|cannot delete Pods declare no controller' k drain node3
	check_out "drain --force" '^node/node3 drained$|^node/node3 evicted$' k drain node3 --force --ignore-daemonsets --grace-period=1 --timeout=60s
	check_is "nothing of it is there" "$(k get pods -o json | jq '[.items[] | select(.spec.nodeName == "node3")] | length')" 0
	k uncordon node3 >/dev/null
	k delete deploy drained --cascade=foreground --timeout=30s >/dev/null
	check_out "label node" '^node/node3 labeled$' k label node node3 "matrix=$V"
	check_out "get nodes -l" '^node3$' k get nodes -l "matrix=$V" -o jsonpath='{.items[*].metadata.name}'
	k label node node3 matrix- >/dev/null
}

mapfile -t MAIN < <(main_versions)
mapfile -t OTHER < <(other_versions)
each_version pods_all "${MAIN[@]}"
each_version pods_short "${OTHER[@]}"
for version in "${MAIN[@]}"; do node_verbs "$version"; done
finish
