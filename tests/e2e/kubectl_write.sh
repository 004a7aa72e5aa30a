#!/usr/bin/env bash
# Changing objects: apply on either side, edit, every type of patch, label, annotate, set, diff, replace, delete in its
# three ways, kustomize, prune.
. "$(dirname "$0")/kubectl_lib.sh"
use_cluster

is() { check_is "$1 $2" "$(val "$1" "$2")" "$3"; } # OBJECT JSONPATH WANT

web() { # REPLICAS IMAGE
	cat <<-YAML
	apiVersion: apps/v1
	kind: Deployment
	metadata: {name: web, labels: {app: web}}
	spec:
	  replicas: $1
	  selector: {matchLabels: {app: web}}
	  template:
	    metadata: {labels: {app: web}}
	    spec:
	      containers:
	      - {name: web, image: "$2", ports: [{containerPort: 80}]}
	YAML
}

apply_client() {
	web 0 nginx:1.14 >"$T/web.yaml"
	check_out "apply creates" '^deployment.apps/web created$' n apply -f "$T/web.yaml"
	check_out "apply again: unchanged" '^deployment.apps/web unchanged$' n apply -f "$T/web.yaml"
	check_out "diff of the same is silent" '^$' n diff -f "$T/web.yaml"
	web 0 nginx:1.15 >"$T/web.yaml"
	check_out "diff shows the change" '^\+ *- image: nginx:1.15$' n diff -f "$T/web.yaml"
	check_out "apply --dry-run=server" 'configured \(server dry run\)' n apply --dry-run=server -f "$T/web.yaml"
	check_out "apply --dry-run=client" 'configured \(dry run\)' n apply --dry-run=client -f "$T/web.yaml"
	is deploy/web '{.spec.template.spec.containers[0].image}' nginx:1.14
	check_out "apply changes" '^deployment.apps/web configured$' n apply -f "$T/web.yaml"
	is deploy/web '{.spec.template.spec.containers[0].image} {.metadata.generation}' 'nginx:1.15 2'
	check_out "last applied is remembered" 'nginx:1.15' n apply view-last-applied deploy/web
	check_out "set-last-applied" '^deployment.apps/web configured$' n apply set-last-applied -f "$T/web.yaml"

	cat >"$T/cm.yaml" <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1","b":"2"}}'
	n apply -f "$T/cm.yaml" >/dev/null
	n patch cm c -p '{"data":{"mine":"3"}}' >/dev/null
	cat >"$T/cm.yaml" <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1"}}'
	check_out "a key that is no longer applied" '^configmap/c configured$' n apply -f "$T/cm.yaml"
	is cm/c '{.data}' '{"a":"1","mine":"3"}'
	printf -- '---\n%s\n---\n%s\n' '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"l1"}}' \
		'{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"l2"}}]}' >"$T/list.yaml"
	check_out "several documents and a List" '^configmap/l2 created$' n apply -f "$T/list.yaml"
}

apply_server() {
	cat >"$T/ssa.yaml" <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"data":{"a":"1","b":"2"}}'
	check_out "apply --server-side" '^configmap/s serverside-applied$' n apply --server-side -f "$T/ssa.yaml"
	cat >"$T/ssa.yaml" <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"data":{"a":"1"}}'
	n apply --server-side -f "$T/ssa.yaml" >/dev/null
	is cm/s '{.data}' '{"a":"1"}'
	cat >"$T/ssa.yaml" <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"data":{"a":"9"}}'
	check_out "another manager's field" 'Apply failed with 1 conflict: conflict with "kubectl": \.data\.a' \
		n apply --server-side --field-manager=other -f "$T/ssa.yaml"
	check_out "with --force-conflicts" 'serverside-applied' n apply --server-side --field-manager=other --force-conflicts -f "$T/ssa.yaml"
	is cm/s '{.data.a}' 9
	check_is "its owners" "$(n get cm s -o json ${FIELDS:-} | jq -c '[.metadata.managedFields[] | "\(.manager) \(.operation)"]')" \
		'["other Apply"]'
	check_out "from client side to server side" 'serverside-applied' n apply --server-side --force-conflicts -f "$T/web.yaml"
	check_out "apply --server-side --dry-run=server" 'serverside-applied \(server dry run\)' \
		n apply --server-side --dry-run=server -f "$T/ssa.yaml" --field-manager=other
}

patches() {
	n create cm p --from-literal=a=1 >/dev/null
	check_out "patch --type=strategic" '^configmap/p patched$' n patch cm p -p '{"data":{"a":"2"}}'
	check_out "that changes nothing" '^configmap/p patched \(no change\)$' n patch cm p -p '{"data":{"a":"2"}}'
	check_out "patch --type=merge" 'patched' n patch cm p --type=merge -p '{"data":{"a":null,"b":"3"}}'
	is cm/p '{.data}' '{"b":"3"}'
	check_out "patch --type=json" 'patched' n patch cm p --type=json -p \
		'[{"op":"test","path":"/data/b","value":"3"},{"op":"copy","from":"/data/b","path":"/data/c"},{"op":"move","from":"/data/b","path":"/data/d"},{"op":"remove","path":"/data/c"}]'
	is cm/p '{.data}' '{"d":"3"}'
	check_out "a test that fails" 'testing.*value|test failed|^The request is invalid' n patch cm p --type=json -p '[{"op":"test","path":"/data/d","value":"4"}]'
	check_out "patch --dry-run=server" 'd: "7"' n patch cm p -p '{"data":{"d":"7"}}' --dry-run=server -o yaml
	n get cm p -o yaml >"$T/p.yaml"
	check_out "patch -f, locally" 'd: "8"' n patch -f "$T/p.yaml" --local -p '{"data":{"d":"8"}}' -o yaml
	check_out "a container is merged by its name" 'patched' n patch deploy web -p \
		'{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox"},{"name":"web","env":[{"name":"E","value":"1"}]}]}}}}'
	is deploy/web '{.spec.template.spec.containers[*].name}' 'side web'
	check_out 'and goes by $patch: delete' 'patched' n patch deploy web -p \
		'{"spec":{"template":{"spec":{"containers":[{"name":"side","$patch":"delete"}]}}}}'
	is deploy/web '{.spec.template.spec.containers[*].name}' web
	check_out 'retainKeys' 'patched' n patch deploy web -p '{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}'
	is deploy/web '{.spec.strategy}' '{"type":"Recreate"}'
	check_out "an invalid patch: reason and field" 'The Deployment "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0' \
		n patch deploy web -p '{"spec":{"replicas":-1}}'
	if at_least 1.24; then
		check_out "patch --subresource=status" 'patched' n patch deploy web --subresource=status --type=merge -p '{"status":{"collisionCount":3}}'
		check_out "get --subresource=status" 'collisionCount: 3' n get deploy web --subresource=status -o yaml
		check_out "patch --subresource=scale" 'patched' n patch deploy web --subresource=scale --type=merge -p '{"spec":{"replicas":0}}'
	fi
}

edits() {
	printf '#!/bin/sh\nsed -i "s/d: \\"3\\"/d: \\"5\\"/" "$1"\n' >"$T/editor"
	chmod +x "$T/editor"
	export KUBE_EDITOR=$T/editor
	check_out "edit" '^configmap/p edited$' n edit cm p
	is cm/p '{.data.d}' 5
	check_out "edit without a change" 'Edit cancelled, no changes made|no changes' n edit cm p
	printf '#!/bin/sh\nsed -i "s/d: \\"5\\"/d: [1]/" "$1"\n' >"$T/editor"
	check_out "edit to what is refused" 'cannot unmarshal|json: |ReadString|strict decoding|configmaps "p" is invalid' n edit cm p
	printf '#!/bin/sh\nsed -i "s/nginx:1.15/nginx:1.14/" "$1"\n' >"$T/editor"
	check_out "edit -o yaml of a Deployment" 'image: nginx:1.14' n edit deploy web -o yaml
	unset KUBE_EDITOR

	check_out "label" '^configmap/p labeled$' n label cm p tier=x
	check_out "label again" "'tier' already has a value \\(x\\), and --overwrite is false" n label cm p tier=y
	check_out "label --overwrite" 'labeled' n label cm p tier=y --overwrite
	check_out "label --list" '^ *tier=y$' n label cm p --list
	check_out "by selector" '^p ' n get cm -l tier=y --no-headers
	check_out "label off" '^configmap/p (unlabeled|labeled)$' n label cm p tier-
	check_out "a label that is none" 'metadata.labels: Invalid value: "not ok"|invalid label value' n label cm p tier='not ok'
	check_out "annotate" '^configmap/p annotated?$' n annotate cm p note='two words' # 1.27 leaves the d off
	is cm/p '{.metadata.annotations.note}' 'two words'
	check_out "annotate off, by all" 'annotated?$' n annotate cm --all note-

	n get cm p -o json | jq -c '.data.d="6"' >"$T/p.json"
	check_out "replace" '^configmap/p replaced$' n replace -f "$T/p.json"
	check_out "replace of what is old" 'Conflict.*the object has been modified; please apply your changes to the latest version' n replace -f "$T/p.json"
	uid=$(val cm/p '{.metadata.uid}')
	check_out "replace --force" '^configmap/p replaced$' n replace --force -f "$T/p.json"
	check_test "which made another" "$uid" != "$(val cm/p '{.metadata.uid}')"
}

sets() {
	check_out "set image" '^deployment.apps/web image updated$' n set image deploy/web web=nginx:1.15
	check_out "set env" 'env updated' n set env deploy/web A=b
	n create cm vars --from-literal=X=1 >/dev/null
	check_out "set env --from" 'env updated' n set env deploy/web --from=cm/vars --prefix=P_
	check_out "set env --list" '^A=b$' n set env deploy/web --list
	is deploy/web '{.spec.template.spec.containers[0].env[?(@.name=="P_X")].valueFrom.configMapKeyRef.key}' X
	check_out "set resources" 'resource requirements updated' n set resources deploy/web --limits=cpu=200m,memory=64Mi --requests=cpu=50m
	is deploy/web '{.spec.template.spec.containers[0].resources.requests.cpu}' 50m
	n create sa robot >/dev/null
	check_out "set serviceaccount" 'serviceaccount updated' n set serviceaccount deploy/web robot
	is deploy/web '{.spec.template.spec.serviceAccountName}' robot
	n create service clusterip web --tcp=80 >/dev/null
	check_out "set selector" 'selector updated' n set selector svc/web tier=front
	is svc/web '{.spec.selector}' '{"tier":"front"}'
	n create rolebinding rb --clusterrole=view --user=u >/dev/null
	check_out "set subject" 'subjects updated' n set subject rolebinding/rb --group=g
	is rolebinding/rb '{.subjects[*].name}' 'u g'
}

deletes() {
	n create deploy gone --image=nginx:1.14 --replicas=0 >/dev/null
	wait_for "its ReplicaSet" 5 out_is 1 count rs -n "$NS" -l app=gone
	check_out "delete --cascade=orphan" 'deployment.apps "gone" deleted' n delete deploy gone --cascade=orphan
	check_is "leaves the ReplicaSet" "$(count rs -n "$NS" -l app=gone)" 1
	check_is "with no owner" "$(n get rs -l app=gone -o jsonpath='{.items[0].metadata.ownerReferences}')" ""
	n create deploy gone --image=nginx:1.14 --replicas=0 >/dev/null
	wait_for "a new Deployment adopts it" 5 out_is gone n get rs -l app=gone -o jsonpath='{.items[0].metadata.ownerReferences[0].name}'
	check_out "delete --cascade=foreground" 'deleted' n delete deploy gone --cascade=foreground --timeout=30s
	check_is "waits for the ReplicaSet" "$(count rs -n "$NS" -l app=gone)" 0
	n create deploy gone --image=nginx:1.14 --replicas=0 >/dev/null
	wait_for "its ReplicaSet" 5 out_is 1 count rs -n "$NS" -l app=gone
	check_out "delete --cascade=background" 'deleted' n delete deploy gone --cascade=background
	wait_for "the ReplicaSet goes later" 10 out_is 0 count rs -n "$NS" -l app=gone
	check_out "delete --dry-run=server" '^configmap "p" deleted.*\(server dry run\)$' n delete cm p --dry-run=server
	check_out "it is still there" '^configmap/p$' n get cm p -o name
	check_out "delete --ignore-not-found" '^$' n delete cm nothere --ignore-not-found
	check_out "delete of what is not there" '^Error from server \(NotFound\): configmaps "nothere" not found$' n delete cm nothere
	n patch cm p --type=merge -p '{"metadata":{"finalizers":["example.com/hold"]}}' >/dev/null
	check_out "a finalizer holds it" 'deleted' n delete cm p --wait=false
	check_test "deletionTimestamp" -n "$(val cm/p '{.metadata.deletionTimestamp}')"
	n patch cm p --type=json -p '[{"op":"remove","path":"/metadata/finalizers"}]' >/dev/null
	check_out "until it is taken off" 'NotFound' n get cm p
	check_out "delete -l" 'deleted' n delete cm l1 l2
	check_out "delete --all" 'deleted' n delete pdb,secrets,cm --all
}

folders() {
	mkdir -p "$T/kust"
	cat >"$T/kust/kustomization.yaml" <<-'YAML'
	namePrefix: k-
	resources: [web.yaml]
	configMapGenerator:
	- {name: gen, literals: [a=1]}
	YAML
	web 0 nginx:1.14 >"$T/kust/web.yaml"
	check_out "kustomize" '^  name: k-web$' k kustomize "$T/kust"
	check_out "apply -k" '^deployment.apps/k-web created$' n apply -k "$T/kust"
	check_out "with a generated name" '^configmap/k-gen-[a-z0-9]+' n get cm -o name
	check_out "diff -k" '^$' n diff -k "$T/kust"
	check_out "delete -k" '"k-web" deleted' n delete -k "$T/kust"

	mkdir -p "$T/prune"
	for i in a b; do
		echo "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"prune-$i\",\"labels\":{\"set\":\"$V\"}}}" >"$T/prune/$i.yaml"
	done
	check_out "apply --prune" '^configmap/prune-b created$' n apply --prune -l "set=$V" -f "$T/prune"
	rm "$T/prune/b.yaml"
	check_out "apply --prune again" '^configmap/prune-b pruned$' n apply --prune -l "set=$V" -f "$T/prune"
	check_out "apply -R -f folder" '^configmap/prune-a unchanged$' n apply -R -f "$T/prune"
	if at_least 1.27; then
		check_out "apply --prune --applyset" '^secret/set created|^configmap/prune-a' \
			env KUBECTL_APPLYSET=true "$KUBECTL" -n "$NS" apply --server-side --force-conflicts --prune --applyset=set -f "$T/prune"
	fi
}

write_all() {
	! at_least 1.21 || FIELDS=--show-managed-fields
	apply_client
	apply_server
	patches
	edits
	sets
	deletes
	folders
}
mapfile -t MAIN < <(main_versions)
mapfile -t OTHER < <(other_versions)
each_version write_all "${MAIN[@]}"
both_applies() {
	FIELDS=--show-managed-fields
	apply_client
	apply_server
}
each_version both_applies "${OTHER[@]}"
finish
