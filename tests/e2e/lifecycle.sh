#!/usr/bin/env bash
# The life of a pod: graceful end and its limit, restart policies, a failing init container, OOM, hooks.
. "$(dirname "$0")/lib.sh"
use_cluster

status_of() { k get pod "$1" --no-headers | awk '{ print $3 }'; }
pod() { # NAME SPEC-YAML…: a pod of one container
	printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec:\n%s\n' "$1" "$2" | k apply -f - >/dev/null
}
section "graceful end"
pod polite '
  terminationGracePeriodSeconds: 20
  containers: [{name: c, image: busybox, command: [sh, -c, "trap \"sleep 1; echo bye; exit 0\" TERM; while true; do sleep 0.1; done"]}]'
check "it runs" k wait --for=condition=Ready pod/polite --timeout=20s
timeout 20 "$KUBECTL" logs -f polite >"$WORK/polite" 2>&1 &
follower=$!
sleep 0.7
start=$(now_ms)
k delete pod polite --wait=false >/dev/null
check_is "Terminating is shown" "$(status_of polite)" Terminating
wait_for "it goes when it is ready to" 8 out_matches NotFound k get pod polite
wait $follower
check_is "it was heard to say goodbye" "$(tail -n 1 "$WORK/polite")" bye
check_test "after about a second" $(($(now_ms) - start)) -lt 6000
pod stubborn '
  terminationGracePeriodSeconds: 2
  containers: [{name: c, image: busybox, command: [sh, -c, "trap \"\" TERM; while true; do sleep 0.1; done"]}]'
check "it runs" k wait --for=condition=Ready pod/stubborn --timeout=20s
start=$(now_ms)
check "one that will not hear is killed" k delete pod stubborn --timeout=20s
took=$(($(now_ms) - start))
check_test "after its grace period ($took ms)" "$took" -ge 1900 -a "$took" -lt 8000

section "restart policies"
pod never '
  restartPolicy: Never
  containers: [{name: c, image: busybox, command: [sh, -c, "exit 1"]}]'
wait_for "Never: Error" 20 out_is Error status_of never
wait_for "phase Failed" 2 out_is Failed get pod/never '{.status.phase}'
pod onfailure '
  restartPolicy: OnFailure
  containers: [{name: c, image: busybox, command: [sh, -c, "test -e /mark/m && exit 0; touch /mark/m; exit 1"], volumeMounts: [{name: m, mountPath: /mark}]}]
  volumes: [{name: m, emptyDir: {}}]'
wait_for "OnFailure: once again, then Completed" 40 out_is Completed status_of onfailure
check_is "one restart" "$(get pod/onfailure '{.status.containerStatuses[0].restartCount}')" 1
check_is "phase Succeeded" "$(get pod/onfailure '{.status.phase}')" Succeeded

section "init containers"
pod initfails '
  initContainers: [{name: i, image: busybox, command: [sh, -c, "exit 1"]}]
  containers: [{name: c, image: busybox, command: [sleep, "1000"]}]'
wait_for "a failing one" 20 out_matches '^initfails +0/1 +Init:(Error|CrashLoopBackOff) +' k get pod initfails
check_is "the container did not start" "$(get pod/initfails '{.status.containerStatuses[0].state.waiting.reason}')" PodInitializing

section "limits and commands"
pod greedy '
  restartPolicy: Never
  containers: [{name: c, image: nginx:1.14, command: [bash, -c, "x=$(head -c 200000000 /dev/zero | tr \"\\0\" x); echo ${#x}"], resources: {limits: {memory: 32Mi}}}]'
wait_for "too much memory" 30 out_is OOMKilled status_of greedy
pod nocommand '
  containers: [{name: c, image: busybox, command: [/no/such/program]}]'
wait_for "a command that is not there" 20 out_matches '^nocommand +0/1 +(RunContainerError|CrashLoopBackOff|CreateContainerError|StartError) ' k get pod nocommand
check_out "describe says which" 'no/such/program' k describe pod nocommand
pod hooks '
  terminationGracePeriodSeconds: 10
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "trap \"exit 0\" TERM; while true; do sleep 0.1; done"]
    workingDir: /tmp
    lifecycle:
      postStart: {exec: {command: [sh, -c, "pwd > /tmp/started"]}}
      preStop: {exec: {command: [sh, -c, "sleep 1"]}}'
check "hooks" k wait --for=condition=Ready pod/hooks --timeout=20s
check_is "postStart ran, in workingDir" "$(k exec hooks -- cat /tmp/started)" /tmp
check_is "the container itself runs in its workingDir" "$(k exec hooks -- readlink /proc/1/cwd)" /tmp
pod secure '
  securityContext: {runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000}
  hostname: named
  containers: [{name: c, image: busybox, command: [sleep, "1000"], securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false}}]'
check "a user of its own" k wait --for=condition=Ready pod/secure --timeout=20s
check_out "id" 'uid=1000 gid=2000' k exec secure -- id
check_is "hostname" "$(k exec secure -- hostname)" named
check_not "the root is read-only" k exec secure -- touch /x
check_out "hostNetwork sees the node" 'eth0' k run hostnet --rm -i --restart=Never --image=busybox \
	--overrides='{"spec":{"hostNetwork":true}}' -- ip addr
k delete pod never onfailure initfails greedy nocommand hooks secure --grace-period=1 >/dev/null
finish
