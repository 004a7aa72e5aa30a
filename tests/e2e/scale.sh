#!/usr/bin/env bash
# Scaling, in the file and by command, both ways; pods spread over the nodes.
. "$(dirname "$0")/lib.sh"
use_cluster

on_nodes() { k get pods -l app=web -o json | jq '[.items[] | select(.metadata.deletionTimestamp == null).spec.nodeName] | unique | length'; }
scale() {
	sed 's/replicas: 1/replicas: 5/' "$MANIFESTS/web.yaml" >"$WORK/web5.yaml"
	check_out "five in the file" 'created' k apply -f "$WORK/web5.yaml"
	wait_ready app=web 5
	check_is "on all three nodes" "$(on_nodes)" 3
	check_out "scale to ten" '^deployment.apps/web scaled$' k scale deploy web --replicas=10
	wait_ready app=web 10
	check_out "get deploy" '^web +10/10 +10 +10 ' k get deploy web
	check_out "to one" 'scaled' k scale deploy web --replicas=1
	wait_for "one pod is left" 40 out_is 1 count pods -l app=web
	check_out "to four, by type/name" 'deployment.apps/web scaled' k scale deployments/web --replicas=4
	wait_ready app=web 4
	check_out "to none (maintain)" 'scaled' k scale deployment web --replicas=0
	wait_for "none is left" 40 no_pods app=web
	check_out "and back to three" 'scaled' k scale deployment web --replicas=3
	wait_ready app=web 3
	check_out "a precondition that does not hold" 'Expected|expected' k scale deploy web --current-replicas=7 --replicas=2
	k delete deploy web >/dev/null
	wait_for "its pods go" 40 no_pods app=web
}
each_kubectl scale
finish
