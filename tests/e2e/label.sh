#!/usr/bin/env bash
# Labels and selectors.
. "$(dirname "$0")/lib.sh"
use_cluster

label() {
	k apply -f "$MANIFESTS/web.yaml,$MANIFESTS/service.yaml" >"$WORK/apply"
	check_out "apply -f a.yaml,b.yaml: the first" '^deployment.apps/web created$' cat "$WORK/apply"
	check_out "and the second" '^service/web created$' cat "$WORK/apply"
	wait_ready app=web 1
	POD=$(pods_of app=web)
	check_out "get pods -l" "^$POD +1/1 +Running" k get pods -l app=web
	check_out "nobody has that label" 'No resources found' k get pods -l app=other
	check_out "label" "^pod/$POD labeled$" k label pods "$POD" version=v1
	check_out "--show-labels" "app=web,pod-template-hash=[0-9a-z]+,version=v1" k get pods --show-labels
	check_out "-L makes a column" "^$POD .* v1$" k get pods -L version
	check_out "set-based" "^$POD " k get pods -l 'version in (v1,v2),app!=x,!missing'
	check_out "set-based, not" 'No resources found' k get pods -l 'version notin (v1,v2)'
	check_out "relabelling is refused" "'version' already has a value" k label pods "$POD" version=v2
	check_out "unless asked for" 'labeled' k label pods "$POD" version=v2 --overwrite
	check_out "a label goes" 'unlabeled|labeled' k label pods "$POD" version-
	check_is "it is gone" "$(get "pod/$POD" '{.metadata.labels.version}')" ""
	check_out "annotate" 'annotated?$' k annotate pods "$POD" note='a b'
	check_out "field selector" "^$POD " k get pods --field-selector status.phase=Running,metadata.namespace=default
	check_out "a bad selector" 'unable to parse' k get pods -l 'a in ('

	# A pod that loses the label is adopted by nobody, and replaced.
	check "take the pod out of its ReplicaSet" k label pods "$POD" app=debug --overwrite
	wait_ready app=web 1
	check_is "the pod lives on, by itself" "$(get "pod/$POD" '{.metadata.ownerReferences}')" ""
	check_out "delete service -l" '^service "web" deleted' k delete service -l app=web
	check "clean" k delete deploy,pods -l 'app in (web,debug)' --grace-period=1
	wait_for "nothing is left" 30 out_is 0 count pods
}
each_kubectl label
finish
