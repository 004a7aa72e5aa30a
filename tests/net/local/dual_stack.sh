#!/usr/bin/env bash
# IPv6 beside IPv4, end to end: addresses and routes of pods, ClusterIP and NodePort of a dual-stack Service.
. "$(dirname "$0")/lib.sh"
name=dual$$
export KUBECONFIG=/var/lib/keelson/clusters/$name/kubeconfig
command -v kubectl >/dev/null || { echo "skipped: there is no kubectl"; exit 77; }
trap '"$KEELSON" down --name "$name" >/dev/null 2>&1; rm -rf "$HOME"' EXIT

# URL: asked forty times; how many different pods answered, none failing.
fetch() {
	local i
	for i in $(seq 40); do
		curl -gfsS --noproxy '*' -m 3 "$1" | sed -n 's/.*pod: \([^<]*\).*/\1/p' | grep . || echo failed
	done
}
all_answer() {
	local got
	got=$(fetch "$1")
	[ "$(sort -u <<<"$got" | grep -c .)" = 3 ] && ! grep -q failed <<<"$got" || { sort <<<"$got" | uniq -c; return 1; }
}
one_of_each() { grep -q '\.' <<<"$1" && grep -q ':' <<<"$1" || { echo "$1"; return 1; }; }

check "up" "$KEELSON" up --name "$name" --nodes 2 --dual-stack
kubectl create deployment web --image=nginx:1.14 --replicas=3 >/dev/null
kubectl apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  ipFamilyPolicy: RequireDualStack
  selector: {app: web}
  ports: [{port: 8080, targetPort: 80}]
YAML
check "three pods roll out" kubectl rollout status deployment/web --timeout=60s
check "a node has both ranges" one_of_each "$(kubectl get node node1 -o jsonpath='{.spec.podCIDRs}')"
check "a pod has both addresses" one_of_each "$(kubectl get pods -l app=web -o jsonpath='{.items[0].status.podIPs}')"
check "the Service has both" one_of_each "$(kubectl get service web -o jsonpath='{.spec.clusterIPs}')"

port=$(kubectl get service web -o jsonpath='{.spec.ports[0].nodePort}')
four=$(kubectl get service web -o jsonpath='{.spec.clusterIPs[0]}') six=$(kubectl get service web -o jsonpath='{.spec.clusterIPs[1]}')
for node in node1 node2; do
	for family in inet inet6; do
		ip=$(ip -n "kl-$name-$node" -o addr show dev eth0 scope global | awk -v f="$family" '$3 == f { sub("/.*", "", $4); print $4; exit }')
		[ "$family" = inet ] || ip="[$ip]"
		check "NodePort of $node, $ip" all_answer "http://$ip:$port/"
	done
done
check "ClusterIP $four from this machine" all_answer "http://$four:8080/"
check "ClusterIP $six from this machine" all_answer "http://[$six]:8080/"
for ip in "$four" "[$six]"; do
	check "ClusterIP $ip from a pod" kubectl exec deploy/web -- bash -c "for i in \$(seq 20); do curl -gfsS -m 3 -o /dev/null http://$ip:8080/ || exit 1; done"
done
check "down" "$KEELSON" down --name "$name"
check "nothing is left" nothing_left "$name"
finish
