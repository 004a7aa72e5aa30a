#!/usr/bin/env bash
# What kubectl does with objects of any kind: create, patch, replace, edit, apply on the server, watch, delete with and
# without what they own; namespaces.
. "$(dirname "$0")/lib.sh"
use_cluster

cleanup() { k delete ns e2e-objects --ignore-not-found --wait=false >/dev/null 2>&1; clean_web; }
n() { k -n e2e-objects "$@"; }
value() { n get cm kept -o jsonpath='{.data.a}'; }
objects() {
	check_out "create namespace" '^namespace/e2e-objects created$' k create namespace e2e-objects
	wait_for "its default ServiceAccount" 5 n get serviceaccount default
	check_out "create configmap --from-literal" '^configmap/kept created$' n create configmap kept --from-literal=a=1
	check_out "create configmap --from-file" 'created' n create configmap redis-config --from-file="$MANIFESTS/redis.properties"
	check_out "get configmap -o yaml" '^  redis.properties: \|' n get configmap redis-config -o yaml
	check_out "create secret" '^secret/s created$' n create secret generic s --from-literal=password=123456
	check_is "a Secret is base64" "$(n get secret s -o jsonpath='{.data.password}')" MTIzNDU2
	check_no_out "describe secret does not tell it" '123456|MTIzNDU2' n describe secret s
	check_out "get cm" '^NAME +DATA +AGE$' n get cm

	check "strategic merge patch" n patch cm kept -p '{"data":{"a":"2"}}'
	check_is "it took" "$(value)" 2
	check "merge patch" n patch cm kept --type=merge -p '{"data":{"a":"3","b":null}}'
	check_is "it took" "$(value)" 3
	check "JSON patch" n patch cm kept --type=json -p '[{"op":"test","path":"/data/a","value":"3"},{"op":"replace","path":"/data/a","value":"4"}]'
	check_is "it took" "$(value)" 4
	check_out "a patch that changes nothing" '\(no change\)' n patch cm kept -p '{"data":{"a":"4"}}'
	n get cm kept -o yaml | sed 's/a: "4"/a: "5"/' >"$WORK/kept.yaml"
	check_out "replace" '^configmap/kept replaced$' n replace -f "$WORK/kept.yaml"
	check_out "replace of an old version" 'object has been modified' n replace -f "$WORK/kept.yaml"
	printf '#!/bin/sh\nsed -i s/\\"5\\"/\\"6\\"/ "$1"\n' >"$WORK/editor"
	chmod +x "$WORK/editor"
	check_out "edit" '^configmap/kept edited$' env EDITOR="$WORK/editor" "$KUBECTL" -n e2e-objects edit cm kept
	check_is "it took" "$(value)" 6

	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: applied\ndata:\n  one: "1"\n  two: "2"\n' >"$WORK/applied.yaml"
	check_out "apply --server-side" 'serverside-applied' n apply --server-side -f "$WORK/applied.yaml"
	check_out "its manager is recorded" 'manager: kubectl' n get cm applied -o yaml --show-managed-fields
	sed -i '/two/d' "$WORK/applied.yaml"
	n apply --server-side -f "$WORK/applied.yaml" >/dev/null
	check_is "a field that is no longer applied goes" "$(n get cm applied -o jsonpath='{.data.two}')" ""
	check_out "a conflict with another manager" 'conflict' \
		bash -c "sed 's/one: \"1\"/one: \"9\"/' '$WORK/applied.yaml' | '$KUBECTL' -n e2e-objects apply --server-side --field-manager=other -f -"
	check "--force-conflicts" \
		bash -c "sed 's/one: \"1\"/one: \"9\"/' '$WORK/applied.yaml' | '$KUBECTL' -n e2e-objects apply --server-side --force-conflicts --field-manager=other -f -"

	timeout 20 "$KUBECTL" -n e2e-objects get cm -w -o name >"$WORK/watched" 2>&1 &
	watcher=$!
	wait_for "a watch lists first" 5 grep -q configmap/kept "$WORK/watched"
	n create cm seen --from-literal=x=y >/dev/null
	wait_for "and then tells of what is new" 3 grep -q configmap/seen "$WORK/watched"
	kill $watcher
	wait $watcher 2>/dev/null

	section "owners"
	n create deployment owner --image=nginx:1.14 --replicas=2 >/dev/null
	wait_for "it has pods" 20 out_is 2 count pods -n e2e-objects -l app=owner
	check "delete --cascade=orphan" n delete deploy owner --cascade=orphan
	check_is "the ReplicaSet lives on" "$(count rs -n e2e-objects)" 1
	check "delete rs in the foreground" n delete rs -l app=owner --cascade=foreground --timeout=40s
	check_is "and its pods were gone first" "$(k get pods -n e2e-objects -l app=owner -o json | jq '[.items[] | select(.metadata.deletionTimestamp == null)] | length')" 0

	check_out "a namespace that ends takes everything along" 'namespace "e2e-objects" deleted' k delete ns e2e-objects --timeout=60s
	check_out "nothing of it is left" 'NotFound' k get ns e2e-objects
	check_is "nor of its objects" "$(k get cm,secrets,pods -A -o json | jq '[.items[] | select(.metadata.namespace == "e2e-objects")] | length')" 0
}
each_kubectl objects
check_out "default cannot be deleted" 'Forbidden|forbidden' k delete ns default
finish
