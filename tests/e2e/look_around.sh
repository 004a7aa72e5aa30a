#!/usr/bin/env bash
# The tutorial's first step: what a newcomer types to see what is there.
. "$(dirname "$0")/lib.sh"
use_cluster

look() {
	check_out "version names the server" '^Server Version: .*v1\.[0-9]+' k version
	check_no_out "get nodes complains of nothing" 'rror|arning' k get nodes
	check_out "cluster-info" 'control plane.* is running at https://127.0.0.1:' env NO_COLOR=1 TERM=dumb "$KUBECTL" cluster-info
	check_out "get nodes has kubectl's columns" '^NAME +STATUS +ROLES +AGE +VERSION$' k get nodes
	check_out "get nodes" '^node1 +Ready +[a-z<>,-]+ +[0-9a-z]+ +v1\.[0-9]+' k get nodes
	check_out "get nodes -o wide has INTERNAL-IP" \
		'^NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME' \
		k get nodes -o wide
	check_out "and its value" "^node3 +Ready .* 10\.88\.[0-9]+\.13 .* $(uname -r) " k get nodes -o wide
	check_out "get namespaces" '^default +Active +[0-9a-z]+$' k get namespaces
	check_out "kube-system is there" '^kube-system +Active' k get ns
	check_not "a namespace that is not there" k get ns nowhere
	check_out "and its words" 'Error from server \(NotFound\): namespaces "nowhere" not found' k get ns nowhere
	check "get pods --all-namespaces" k get pods --all-namespaces
	check_out "no pods, in kubectl's words" '^No resources found in default namespace\.$' k get pods
	check_out "get all --all-namespaces -o wide" \
		'^default +service/kubernetes +ClusterIP +10\.[0-9.]+ +<none> +443/TCP +[0-9a-z]+ +<none>$' \
		k get all --all-namespaces -o wide
	check_out "api-resources: deployments" '^deployments +deploy +apps/v1 +true +Deployment$' k api-resources
	check_out "api-resources: pods" '^pods +po +v1 +true +Pod$' k api-resources
	check_out "api-resources --namespaced=false" '^nodes +no +v1 +false +Node$' k api-resources --namespaced=false
	check_out "api-versions" '^apps/v1$' k api-versions
	check_out "explain" 'replicas' k explain deployment.spec.replicas
	check_out "describe node" '^Roles:' k describe node node1
	check_out "describe node shows its capacity" '^Capacity:' k describe node node1
	check_out "describe node shows what runs there" '^Allocated resources:' k describe node node1
	check_out "get by name, as yaml" '^  name: node2$' k get node node2 -o yaml
	check_out "custom columns" '^node2 +True$' \
		k get nodes -o 'custom-columns=N:.metadata.name,R:.status.conditions[?(@.type=="Ready")].status'
	check_out "an unknown type" "the server doesn't have a resource type \"wombats\"" k get wombats
	check_out "--help" 'Basic Commands' k --help
	check_out "auth can-i" '^yes$' k auth can-i create deployments
	check_out "get --raw" '"gitVersion"' k get --raw /version
	check_is "readyz" "$(k get --raw /readyz)" ok
}
each_kubectl look
finish
