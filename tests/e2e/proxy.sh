#!/usr/bin/env bash
# kubectl proxy: the API, and a Service's page, for whoever has no certificate.
. "$(dirname "$0")/lib.sh"
use_cluster

PROXY=
cleanup() { [ -z "$PROXY" ] || kill "$PROXY" 2>/dev/null; clean_web; }
proxy() {
	k proxy --port=0 >"$WORK/proxy.out" 2>&1 &
	PROXY=$!
	wait_for "kubectl proxy listens" 5 grep -qE 'Starting to serve on' "$WORK/proxy.out"
	url=http://$(grep -oE '127\.0\.0\.1:[0-9]+' "$WORK/proxy.out")
	check_out "/version" '"major": *"1"' curl -sS "$url/version"
	check_out "/api/v1/nodes" '"kind": *"NodeList"' curl -sS "$url/api/v1/nodes"
	check_out "a Service's page" "$WHICH_POD" curl -sS --max-time 5 "$url/api/v1/namespaces/default/services/http:web:8080/proxy/"
	check_out "a Service without scheme" "$WHICH_POD" curl -sS --max-time 5 "$url/api/v1/namespaces/default/services/web:8080/proxy/"
	pod=$(pods_of app=web | head -n 1)
	check_out "a pod's page" "pod: $pod" curl -sS --max-time 5 "$url/api/v1/namespaces/default/pods/$pod/proxy/"
	check_out "a page that nginx has not got" '^404$' curl -sS -o /dev/null -w '%{http_code}\n' --max-time 5 \
		"$url/api/v1/namespaces/default/services/web:8080/proxy/nothing"
	check_out "a Service that is not there" '"code": *404' curl -sS "$url/api/v1/namespaces/default/services/nope:80/proxy/"
	kill "$PROXY"
	wait "$PROXY" 2>/dev/null
	PROXY=
}
k apply -f "$MANIFESTS/web.yaml" -f "$MANIFESTS/service.yaml" >/dev/null
wait_ready app=web 1
wait_for "the Service has an endpoint" 5 out_is 1 ready_endpoints web
each_kubectl proxy
finish
