#!/usr/bin/env bash
# The pods' network with real pods: bandwidth by annotation, changed while it runs and refused where it makes no sense;
# whose address the outside sees; programs on every pod's link that a killed agent leaves and the next one adopts.
. "$(dirname "$0")/lib.sh"
use_cluster
command -v socat >/dev/null || skip "no socat on this machine"

pod_yaml() { # NAME ANNOTATIONS-JSON [HOST-NETWORK]
	cat <<-YAML
	apiVersion: v1
	kind: Pod
	metadata: {name: $1, labels: {run: $1}, annotations: $2}
	spec:
	  hostNetwork: ${3:-false}
	  containers: [{name: nginx, image: "nginx:1.14", command: ["sleep", "3600"]}]
	YAML
}
limited='{kubernetes.io/ingress-bandwidth: "16M", kubernetes.io/egress-bandwidth: "8M"}'
k run files --image=nginx:1.14 >/dev/null
pod_yaml limited "$limited" | k apply -f - >/dev/null
pod_yaml free '{}' | k apply -f - >/dev/null
pod_yaml host '{}' true | k apply -f - >/dev/null
wait_ready run=files 1
for pod in limited free host; do wait_ready run=$pod 1; done
files=$(get pod/files '{.status.podIP}')
k exec files -- sh -c 'head -c 6000000 /dev/zero >/usr/share/nginx/html/big'

section "bandwidth"
# Kilobits a second of a download, and of an upload (nginx reads what it refuses to take).
down() { k exec "$1" -- curl -sS -o /dev/null --max-time 60 -w '%{speed_download}' "http://$files/big" | awk '{print int($1 * 8 / 1000)}'; }
below() { # WHAT KBIT LIMIT: a fifth above for the burst, and at least an eighth of it on a busy machine
	check_test "$1: $2 kbit/s of $3" "$2" -le $(($3 * 12 / 10)) -a "$2" -ge $(($3 / 8))
}
below "ingress-bandwidth" "$(down limited)" 16000
check_test "a pod without annotations is faster" "$(down free)" -gt 40000
k annotate pod limited --overwrite kubernetes.io/ingress-bandwidth=32M >/dev/null
sleep 1
below "a changed annotation holds" "$(down limited)" 32000
k annotate pod limited kubernetes.io/ingress-bandwidth- >/dev/null
sleep 1
check_test "a removed one too" "$(down limited)" -gt 60000
port=$((20000 + RANDOM % 5000))
host_ip=$(node_ip node1 | sed 's/\.[0-9]*$/.1/')
timeout 30 socat -u "TCP-LISTEN:$port,bind=$host_ip,reuseaddr" OPEN:/dev/null &
sink=$!
sleep 0.3
start=$(now_ms)
k exec limited -- bash -c "head -c 3000000 /dev/zero >/dev/tcp/$host_ip/$port"
wait $sink
below "egress-bandwidth, to this machine" $((3000000 * 8 / ($(now_ms) - start))) 8000

section "annotations that make no sense"
for bad in 10:small 2P:large much:quantity; do
	pod_yaml "bad-${bad#*:}" "{kubernetes.io/egress-bandwidth: \"${bad%:*}\"}" | k apply -f - >/dev/null
done
for bad in 'small:unreasonably small' 'large:unreasonably large' 'quantity:no quantity'; do
	wait_for "an event says why: ${bad#*:}" 20 out_matches "FailedCreatePodSandBox.*${bad#*:}" k get events \
		--field-selector "involvedObject.name=bad-${bad%:*}" --no-headers
	check_is "and the pod does not start" "$(get "pod/bad-${bad%:*}" '{.status.phase}')" Pending
done
k delete pod bad-small bad-large bad-quantity --now >/dev/null

section "whose address is seen"
seen() { # POD: by this machine, which is outside of the cluster
	local out=$WORK/seen.$1
	timeout 20 socat "TCP-LISTEN:$port,bind=$host_ip,reuseaddr" SYSTEM:'echo $SOCAT_PEERADDR' >"$out.err" 2>&1 &
	local pid=$!
	sleep 0.3
	k exec "$1" -- bash -c "cat </dev/tcp/$host_ip/$port"
	wait $pid
}
node=$(get pod/free '{.spec.nodeName}')
check_is "a pod's: its node's" "$(seen free)" "$(node_ip "$node")"
check_is "a hostNetwork pod's: its node's" "$(seen host)" "$(node_ip "$(get pod/host '{.spec.nodeName}')")"

section "programs on the links"
pins=/sys/fs/bpf/keelson/$NAME/$node/pods
pods_of_node() { k get pods -A --field-selector "spec.nodeName=$node" -o json |
	jq '[.items[] | select(.spec.hostNetwork != true and .status.phase == "Running")] | length'; }
check_is "every pod of the node has its two" "$(find "$pins" -type f | wc -l)" $(($(pods_of_node) * 2))
ids() { find "$pins" -type f | sort | while read -r pin; do bpftool -j link show pinned "$pin" | jq -c '[.id]'; done; }
before=$(ids)
old=$(kill_hard "$node")
wait_for "the agent is back" 30 restarted "$node" "$old"
wait_for "the node is Ready" 30 node_is "$node" True
check_is "a killed agent's links are the next one's" "$(ids)" "$before"
k delete pod limited free host files --now >/dev/null
wait_for "they go with their pods" 30 out_is "$(($(pods_of_node) * 2))" bash -c "find $pins -type f | wc -l"
finish
