#!/usr/bin/env bash
# kubectl debug: a container beside a pod's own, with a look at its processes; a copy of a pod; a pod on a node.
. "$(dirname "$0")/lib.sh"
use_cluster

cleanup() { clean_web; }
tty() { script -qec "$1" /dev/null </dev/null; }
debug_state() { get pod/hello "{.status.ephemeralContainerStatuses[?(@.name==\"$1\")].state.$2}"; }

check_out "a pod to look at" 'created' k run hello --image=nginx:1.14
check "wait for it" k wait --for=condition=Ready pod/hello --timeout=30s

check "debug --target" k debug hello --image=busybox:1.28 --target=hello -c look -- \
	sh -c 'ps; cat /proc/1/cmdline | tr "\0" " "; wget -q -O - http://127.0.0.1/ | grep title; exit 5'
wait_for "it has ended, with its exit code" 20 out_is 5 debug_state look terminated.exitCode
check_out "it sees the target's processes" 'nginx: master|nginx -g' k logs hello -c look
check_out "it shares the pod's network" 'Welcome to nginx' k logs hello -c look
check_is "the pod is ready still" "$(get pod/hello '{.status.conditions[?(@.type=="Ready")].status}')" True
check_is "and was not restarted" "$(get pod/hello '{.status.containerStatuses[0].restartCount}')" 0
check_out "describe tells" '^Ephemeral Containers:' k describe pod hello

check "a second one that stays" k debug hello --image=busybox:1.28 -c stay -- sleep 300
wait_for "it runs" 20 out_matches . debug_state stay running
check_out "exec into it" '^stay$' k exec hello -c stay -- echo stay
check_is "without a target it sees itself alone" "$(k exec hello -c stay -- sh -c 'tr "\0" " " </proc/1/cmdline')" "sleep 300 "
check_out "it cannot be taken away again" 'existing ephemeral containers "(look|stay)" may not be removed' \
	k patch pod hello --type merge -p '{"spec":{"ephemeralContainers":null}}'
kill_hard "$(get pod/hello '{.spec.nodeName}')" >/dev/null
wait_for "an agent that was killed finds it again" 20 out_matches '^again$' k exec hello -c stay -- echo again

check_out "debug -it" 'sum=42' tty "printf 'echo sum=\$((40+2))\nexit\n' | $KUBECTL debug -i hello --image=busybox:1.28 -c term -- sh"

check "a copy of the pod, its processes shared" k debug hello --copy-to=copy --share-processes --image=busybox:1.28 -c side -- sleep 300
check "the copy is ready" k wait --for=condition=Ready pod/copy --timeout=30s
check_out "it sees nginx" 'nginx' k exec copy -c side -- ps

check "debug node/" k debug node/node1 --image=busybox:1.28 -- sh -c 'ls /host/etc/hostname && echo seen'
check_test "pods go" "$(k delete pod hello copy --wait=true --grace-period=1 --timeout=40s >/dev/null 2>&1; echo $?)" = 0
finish
