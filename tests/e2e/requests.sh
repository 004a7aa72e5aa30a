#!/usr/bin/env bash
# A request larger than any node: Pending, and describe says why. Requests that fit are counted and enforced.
. "$(dirname "$0")/lib.sh"
use_cluster

check_out "memory.yaml is accepted" 'deployment.apps/web created' k apply -f "$MANIFESTS/memory.yaml"
pending() { [ "$(k get pods -l app=web -o jsonpath='{.items[0].status.conditions[?(@.type=="PodScheduled")].reason}')" = Unschedulable ]; }
wait_for "the scheduler gives its verdict" 10 pending
check_out "get pods" '^web-[0-9a-z-]+ +0/1 +Pending +0 ' k get pods
POD=$(pods_of app=web)
check_out "describe says why" 'FailedScheduling .*0/3 nodes are available: 3 Insufficient memory' k describe pod "$POD"
check_out "and the status does" '0/3 nodes are available' k get pod "$POD" -o yaml
wait_for "get deploy" 5 out_matches '^web +0/1 +1 +0 ' k get deploy
check "set resources that fit" k set resources deployment web --requests=cpu=100m,memory=64Mi --limits=cpu=500m,memory=128Mi
wait_ready app=web 1
POD=$(k get pods -l app=web --field-selector status.phase=Running -o jsonpath='{.items[0].metadata.name}')
check_is "QoS class" "$(get "pod/$POD" '{.status.qosClass}')" Burstable
id=$(container_id "$POD")
check_out "the kernel enforces the memory limit" '134217728' bash -c \
	"find /sys/fs/cgroup -path '*$id*' \( -name memory.limit_in_bytes -o -name memory.max \) -exec cat {} +"
node=$(get "pod/$POD" '{.spec.nodeName}')
check_out "describe node counts it" "$POD +100m \([0-9]+%\) +500m \([0-9]+%\) +64Mi \([0-9]+%\) +128Mi" k describe node "$node"
check_out "limits below requests are refused" 'must be less than or equal to .*limit' \
	k set resources deployment web --requests=memory=64Mi --limits=memory=32Mi
finish
