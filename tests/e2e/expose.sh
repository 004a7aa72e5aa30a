#!/usr/bin/env bash
# A Deployment behind a NodePort, as the tutorial exposes it, and its ClusterIP.
#
#   this machine --curl--> node1..3:NODE_PORT --lb--> pod
#                --curl--> CLUSTER_IP:8080 --route--> a node --lb--> pod
#   a pod ------exec curl--> CLUSTER_IP:8080 --sock--> pod
. "$(dirname "$0")/lib.sh"
use_cluster

answers() { # URL COUNT: how many different pods answer
	local i
	for ((i = 0; i < $2; i++)); do curl -sS --max-time 5 "$1" | grep -oE "$WHICH_POD"; done | sort -u | grep -c .
}
expose() {
	k create deployment web --image=nginx:1.14 --replicas=3 >/dev/null
	check_out "expose" '^service/web exposed$' k expose deployment web --port=8080 --target-port=80 --type=NodePort
	wait_ready app=web 3
	check_out "get svc -o wide" '^web +NodePort +10\.[0-9.]+ +<none> +8080:3[0-9]{4}/TCP +[0-9a-z]+ +app=web$' k get svc -o wide
	port=$(k get services/web -o go-template='{{(index .spec.ports 0).nodePort}}')
	check_out "go-template gives the port" '^3[0-2][0-9]{3}$' echo "$port"
	wait_for "three endpoints" 5 out_is 3 ready_endpoints web
	check_out "get endpoints" '^web +10\.[0-9.]+:80,10\.[0-9.]+:80,10\.[0-9.]+:80 ' k get endpoints
	check_out "get endpointslices" '^web-[a-z0-9]{5} +IPv4 +80 +10\.' k get endpointslices
	check_out "describe svc" '^NodePort: +<unset> +[0-9]+/TCP$' k describe svc web
	check_out "describe svc: endpoints" '^Endpoints: +10\.' k describe svc web
	for node in $(nodes); do
		check_is "every pod answers at $node's NodePort" "$(answers "http://$(node_ip "$node"):$port/" 30)" 3
	done
	check_is "and at the ClusterIP, from this machine" "$(answers "http://$(cluster_ip):8080/" 30)" 3
	POD=$(pods_of app=web | head -n 1)
	check_is "and at the ClusterIP, from inside a pod" "$(k exec "$POD" -- bash -c \
		"for i in {1..30}; do curl -sS --max-time 5 http://$(cluster_ip):8080/ | grep -oE '$WHICH_POD'; done" | sort -u | grep -c .)" 3
	check_out "and at a NodePort, from inside a pod" 'Welcome' k exec "$POD" -- curl -sS --max-time 5 "http://$(node_ip node1):$port/"
	check_out "a node reaches its own NodePort" 'Welcome' nsenter --net="/run/netns/$(node_netns node1)" \
		curl -sS --max-time 5 "http://$(node_ip node1):$port/"
	check_out "a pod reaches the API" '"gitVersion"' k exec "$POD" -- bash -c \
		"curl -sSk --max-time 5 https://\$KUBERNETES_SERVICE_HOST:\$KUBERNETES_SERVICE_PORT/version"
	check_out "a port that is taken" 'provided port is already allocated' k create service nodeport other --tcp=80:80 --node-port="$port"
	k scale deploy web --replicas=1 >/dev/null
	wait_for "one endpoint" 20 out_is 1 ready_endpoints web
	POD=$(k get pods -l app=web -o json | jq -r '[.items[] | select(.metadata.deletionTimestamp == null)][0].metadata.name')
	check_out "a pod reaches itself through its Service" "pod: $POD" k exec "$POD" -- curl -sS --max-time 5 "http://$(cluster_ip):8080/"
	check_out "delete service" '^service "web" deleted' k delete service web
	check_not "its NodePort is closed" curl -sS --max-time 2 "http://$(node_ip node1):$port/"
	k delete deploy web >/dev/null
	wait_for "its pods go" 30 no_pods app=web
}
each_kubectl expose

section "the tutorial's service.yaml: creationTimestamp null, status in the manifest"
check_out "apply" '^service/web created$' k apply -f "$MANIFESTS/service.yaml"
check_out "without pods it has no endpoints" '^Endpoints: +(<none>)?$' k describe svc web
check_not "and refuses connections" curl -sS --max-time 2 "http://$(node_ip node1):$(node_port)/"
k delete -f "$MANIFESTS/service.yaml" >/dev/null

section "orders.yaml: a LoadBalancer and several documents in one file"
check_out "apply" '^service/order-service created$' k apply -f "$MANIFESTS/orders.yaml"
wait_ready app=order-service 3
check_out "get svc" '^order-service +LoadBalancer +10\.[0-9.]+ +[^ ]+ +80:3[0-9]{4}/TCP' k get svc
check_out "its NodePort serves" 'Welcome' curl -sS --max-time 5 "http://$(node_ip node2):$(node_port order-service)/"
k delete -f "$MANIFESTS/orders.yaml" >/dev/null
finish
