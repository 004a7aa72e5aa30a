#!/usr/bin/env bash
# One pod: run, describe, logs, exec, with and without a terminal, attach, port-forward, cp.
. "$(dirname "$0")/lib.sh"
use_cluster

FORWARD=
cleanup() { [ -z "$FORWARD" ] || kill "$FORWARD" 2>/dev/null; clean_web; }
tty() { script -qec "$1" /dev/null </dev/null; }
inspect() {
	POD=hello-nginx
	check_out "run" '^pod/hello-nginx created$' k run $POD --image=nginx:1.14 --port=80
	check "wait for it" k wait --for=condition=Ready pod/$POD --timeout=30s
	check_out "get pods" '^hello-nginx +1/1 +Running +0 +[0-9a-z]+$' k get pods
	k describe pods $POD >"$WORK/describe"
	check_out "describe: where it runs" '^Node: +node[123]/10\.88\.' cat "$WORK/describe"
	check_out "describe: status" '^Status: +Running' cat "$WORK/describe"
	check_out "describe: address" '^IP: +10\.' cat "$WORK/describe"
	check_out "describe: container" 'Container ID: +[a-z.-]+://[0-9a-f]{64}' cat "$WORK/describe"
	check_out "describe: image" 'Image ID: +.*sha256:[0-9a-f]{64}' cat "$WORK/describe"
	check_out "describe: state" 'State: +Running' cat "$WORK/describe"
	check_out "describe: port" 'Port: +80/TCP' cat "$WORK/describe"
	for reason in Scheduled Pulled Created Started; do
		check_out "describe: event $reason" "Normal +$reason +" cat "$WORK/describe"
	done

	curl -sS -o /dev/null --max-time 5 "http://$(get pod/$POD '{.status.podIP}')/logged"
	wait_for "logs" 3 out_matches '"GET /logged HTTP/1.1" 404' k logs $POD
	check_is "logs --tail=1" "$(k logs $POD --tail=1 | wc -l)" 1
	check_out "logs --timestamps" '^20[0-9-]+T[0-9:.]+Z .*GET /logged' k logs $POD --timestamps --tail=1
	timeout 10 "$KUBECTL" logs -f $POD >"$WORK/follow" 2>&1 &
	follow=$!
	sleep 0.7
	curl -sS -o /dev/null --max-time 5 "http://$(get pod/$POD '{.status.podIP}')/followed"
	wait_for "logs -f follows" 3 grep -q 'GET /followed' "$WORK/follow"
	kill $follow 2>/dev/null
	wait $follow 2>/dev/null
	check_out "logs of a pod that is not there" 'pods "nope" not found' k logs nope

	check_out "exec -- env" '^HOSTNAME=hello-nginx$' k exec $POD -- env
	check_out "exec -- env: the image's own" '^NGINX_VERSION=1.14$' k exec $POD -- env
	check_out "exec -- env: the API's Service" '^KUBERNETES_SERVICE_HOST=10\.' k exec $POD -- env
	check_is "exec passes the exit code" "$(k exec $POD -- bash -c 'exit 7' >/dev/null 2>&1; echo $?)" 7
	check_out "exec tells it" 'command terminated with exit code 7' k exec $POD -- bash -c 'exit 7'
	check_out "exec of what is not there" 'not found|no such file|No such file' k exec $POD -- /nothing
	check_is "exec -i" "$(printf 'one\ntwo\n' | k exec -i $POD -- wc -l)" 2
	check_is "a megabyte through exec -i" \
		"$(head -c 1000000 /dev/zero | k exec -i $POD -- sha256sum)" "$(head -c 1000000 /dev/zero | sha256sum)"
	check_is "stderr is apart" "$(k exec $POD -- bash -c 'echo out; echo err >&2' 2>/dev/null)" out
	check_out "exec -ti has a terminal" '/dev/pts/[0-9]' tty "$KUBECTL exec -ti $POD -- bash -c 'test -t 0 && readlink /proc/self/fd/0'"
	check_out "typing into bash" 'sum=42' tty "printf 'echo sum=\$((40+2))\nexit\n' | $KUBECTL exec -i $POD -- bash"
	if [[ $KUBECTL != *1.3[1-9] ]]; then
		check_out "exec, old form" 'hello-nginx' k exec $POD hostname
	fi

	k port-forward pod/$POD 0:80 >"$WORK/forward" 2>&1 &
	FORWARD=$!
	wait_for "port-forward listens" 5 grep -qE 'Forwarding from 127.0.0.1:[0-9]+ ' "$WORK/forward"
	check_out "port-forward carries the page" 'Welcome to nginx' \
		curl -sS --max-time 5 "http://127.0.0.1:$(sed -nE 's/.*127\.0\.0\.1:([0-9]+) .*/\1/p' "$WORK/forward")/"
	kill $FORWARD
	wait $FORWARD 2>/dev/null
	FORWARD=

	check_out "delete pod" '^pod "hello-nginx" deleted' k delete pod $POD
	check_out "it is gone" 'pods "hello-nginx" not found' k get pod $POD
}
each_kubectl inspect

section "a pod that ends, and one that fails"
k run once --image=busybox --restart=Never -- sh -c 'echo done; exit 0' >/dev/null
wait_for "Completed" 20 out_matches '^once +0/1 +Completed +0' k get pod once
check_is "its logs stay" "$(k logs once)" "done"
k run crash --image=busybox -- sh -c 'echo oops; exit 3' >/dev/null
wait_for "restarted" 20 out_matches '^crash +0/1 +(Error|CrashLoopBackOff) +[1-9]' k get pod crash
wait_for "CrashLoopBackOff" 20 out_matches '^crash +0/1 +CrashLoopBackOff +' k get pod crash
check_out "describe tells the exit code" 'Exit Code: +3' k describe pod crash
check_is "logs --previous" "$(k logs crash --previous)" oops
k run nopull --image=nowhere.invalid/nothing:1 >/dev/null
wait_for "an image that cannot be had" 60 out_matches '^nopull +0/1 +(ErrImagePull|ImagePullBackOff) +0' k get pod nopull
check_out "and describe says why" 'Warning +Failed +.*(Failed to pull image|ErrImagePull)' k describe pod nopull
check_out "run --rm -i" '^from inside$' k run shell --rm -i --restart=Never --image=busybox -- echo "from inside"
k delete pod once crash nopull --grace-period=1 >/dev/null
finish
