#!/usr/bin/env bash
# Kinds of Services and how their addresses are reached: LoadBalancer, externalIPs, host ports, ports by name, Endpoints by hand.
#
#   this machine --curl--> LB_IP --route--> node1 --lb--> pod;  NODE:HOST_PORT --lb--> its own pod
#   node, pods   --sock--> any of them
. "$(dirname "$0")/lib.sh"
use_cluster

UDP=$(dirname "$HAMMER")/udp_tool
PIDS=()
cleanup() {
	for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null; done
	k delete svc,endpoints,pod,deploy -l svc-e2e --ignore-not-found --wait=false >/dev/null 2>&1
	clean_web
}
page() { curl -sS --max-time 5 "$1" | grep -oE "$WHICH_POD"; }
in_node() { local node=$1; shift; nsenter --net="/run/netns/$(node_netns "$node")" "$@"; }
lb_ip() { get "svc/$1" '{.status.loadBalancer.ingress[0].ip}'; }
has_event() { k get events --field-selector "reason=$1" -o jsonpath='{.items[*].message}' | grep -q "$2"; } # REASON WORDS
answers() { local i; for ((i = 0; i < $2; i++)); do page "$1"; done | sort -u | grep -c .; } # URL COUNT

k create -f - >/dev/null <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web, svc-e2e: ""}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.14", ports: [{name: http, containerPort: 80}]}]}
YAML
wait_ready app=web 3

section "LoadBalancer"
k expose deployment web --port=8080 --target-port=80 --type=LoadBalancer --name=lb -l svc-e2e= >/dev/null
wait_for "it gets an address" 10 test -n "$(lb_ip lb)"
wait_for "get svc shows it" 5 out_matches "^lb +LoadBalancer +[0-9.]+ +10\.[0-9.]+ +8080:3[0-9]+/TCP" k get svc lb
ip=$(lb_ip lb)
wait_for "three endpoints" 5 out_is 3 ready_endpoints lb
check_is "every pod answers at it, from this machine" "$(answers "http://$ip:8080/" 30)" 3
check_out "from a node" pod: in_node node2 curl -sS --max-time 5 "http://$ip:8080/"
check_out "from a pod" pod: k exec "$(pods_of app=web | head -n 1)" -- curl -sS --max-time 5 "http://$ip:8080/"
other="${ip%.*}.77"
k create -f - >/dev/null <<YAML
apiVersion: v1
kind: Service
metadata: {name: lb2, labels: {svc-e2e: ""}}
spec: {type: LoadBalancer, loadBalancerIP: $other, allocateLoadBalancerNodePorts: false, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: lb3, labels: {svc-e2e: ""}, annotations: {keelson.dev/load-balancer-ips: "$other"}}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: lb4, labels: {svc-e2e: ""}}
spec: {type: LoadBalancer, loadBalancerClass: example.com/other, selector: {app: web}, ports: [{port: 80}]}
YAML
wait_for "loadBalancerIP is honoured" 5 out_is "$other" lb_ip lb2
wait_for "without node ports, when none are wanted" 5 out_matches "^lb2 +LoadBalancer +[0-9.]+ +$other +80/TCP" k get svc lb2
wait_for "and it answers" 5 page "http://$other/"
wait_for "an address that is taken is said" 5 has_event AddressNotAvailable "belongs to Service default/lb2"
check_out "another class is left alone" '^lb4 +LoadBalancer +[0-9.]+ +<pending>' k get svc lb4
k patch svc lb2 -p '{"spec":{"type":"ClusterIP"}}' >/dev/null
wait_for "another type gives the address back, to who waits for it" 5 out_is "$other" lb_ip lb3
check_is "the status is empty then" "$(lb_ip lb2)" ""

section "loadBalancerSourceRanges"
k patch svc lb3 -p '{"spec":{"loadBalancerSourceRanges":["192.0.2.0/24"]}}' >/dev/null
wait_for "this machine is not let in" 5 eval "! curl -s --max-time 1 -o /dev/null http://$other/"
k patch svc lb3 -p '{"spec":{"loadBalancerSourceRanges":["192.0.2.0/24","10.88.0.0/16"]}}' >/dev/null
wait_for "now it is" 5 page "http://$other/"

section "externalIPs"
k create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Service
metadata: {name: ext, labels: {svc-e2e: ""}}
spec: {externalIPs: [198.51.100.9], selector: {app: web}, ports: [{port: 80}]}
YAML
wait_for "answered on nodes" 5 in_node node1 curl -sS --max-time 2 http://198.51.100.9/
check_out "shown" '^ext +ClusterIP +[0-9.]+ +198.51.100.9 ' k get svc ext

section "hostPort"
k create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: host, labels: {svc-e2e: "", app: host}}
spec:
  nodeName: node2
  containers:
  - name: c
    image: nginx:1.14
    ports: [{containerPort: 80, hostPort: 8088}, {containerPort: 80, hostPort: 8089, hostIP: 127.0.0.1}, {containerPort: 5300, hostPort: 5301, protocol: UDP}]
YAML
wait_ready app=host 1
node2=$(node_ip node2)
check_is "from this machine" "$(page "http://$node2:8088/")" "pod: host"
check_out "from another node" "pod: host" in_node node1 curl -sS --max-time 5 "http://$node2:8088/"
check_out "from the node itself" "pod: host" in_node node2 curl -sS --max-time 5 "http://$node2:8088/"
check_out "on its loopback" "pod: host" in_node node2 curl -sS --max-time 5 http://127.0.0.1:8088/
check_out "from a pod" "pod: host" k exec "$(pods_of app=web | head -n 1)" -- curl -sS --max-time 5 "http://$node2:8088/"
check_out "hostIP: there" "pod: host" in_node node2 curl -sS --max-time 5 http://127.0.0.1:8089/
check_not "hostIP: nowhere else" curl -sS --max-time 2 "http://$node2:8089/"
check_not "no other node has it" curl -sS --max-time 2 "http://$(node_ip node1):8088/"
"$UDP" serve --port 5300 --name host --netns "$(pod_netns host)" >"$WORK/serve" 2>&1 &
PIDS+=($!)
wait_for "a UDP server" 5 grep -q ready "$WORK/serve"
check "UDP" "$UDP" ask --to "$node2:5301" --count 3
k create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: host-again, labels: {svc-e2e: ""}}
spec: {nodeSelector: {kubernetes.io/hostname: node2}, containers: [{name: c, image: "nginx:1.14", ports: [{containerPort: 80, hostPort: 8088}]}]}
YAML
wait_for "a second one does not fit on the node" 10 out_matches "didn't have free ports" k get events --field-selector involvedObject.name=host-again
old=$(kill_hard node2)
wait_for "the agent is back after a kill" 20 restarted node2 "$old"
check_is "the host port served meanwhile and after" "$(page "http://$node2:8088/")" "pod: host"
k delete pod host host-again --wait=true --grace-period=1 >/dev/null
check_not "gone with the pod" curl -sS --max-time 2 "http://$node2:8088/"

section "a port by name, another number in each pod; without selector; headless; ExternalName"
k create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: other, labels: {svc-e2e: "", app: web}}
spec: {containers: [{name: c, image: "nginx:1.14", command: [bash, -c, "echo 'pod: other' >/usr/share/nginx/html/index.html; sed -i 's/80;/8081;/' /etc/nginx/conf.d/default.conf; exec nginx -g 'daemon off;'"], ports: [{name: http, containerPort: 8081}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: named, labels: {svc-e2e: ""}}
spec: {selector: {app: web}, ports: [{name: a, port: 80, targetPort: http}, {name: b, port: 81, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: byhand, labels: {svc-e2e: ""}}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: none, labels: {svc-e2e: ""}}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: far, labels: {svc-e2e: ""}}
spec: {type: ExternalName, externalName: example.com}
YAML
k create -f - >/dev/null <<YAML
apiVersion: v1
kind: Endpoints
metadata: {name: byhand, labels: {svc-e2e: ""}}
subsets: [{addresses: [{ip: $(k get pod "$(pods_of app=web | tail -n 1)" -o jsonpath='{.status.podIP}')}], ports: [{port: 80}]}]
YAML
wait_for "the fourth pod" 20 out_is 4 ready_pods app=web
wait_for "all of them by the name" 5 out_is 4 ready_endpoints named
wait_for "the one that listens at another number answers" 5 eval '[ "$(answers "http://$(cluster_ip named):80/" 12)" = 4 ]'
check_is "port a" "$(answers "http://$(cluster_ip named):80/" 40)" 4
check_is "port b" "$(answers "http://$(cluster_ip named):81/" 40)" 4
wait_for "Endpoints by hand are mirrored" 5 out_is 1 ready_endpoints byhand
wait_for "and answer" 5 page "http://$(cluster_ip byhand)/"
check_out "headless" '^none +ClusterIP +None ' k get svc none
check_out "ExternalName" '^far +ExternalName +<none> +example.com ' k get svc far

section "what is said of wishes that mean nothing, and of SCTP"
k annotate svc named keelson.dev/load-balancing=fastest >/dev/null
wait_for "an annotation" 5 has_event InvalidAnnotation "'fastest' is not random"
k create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Service
metadata: {name: sctp, labels: {svc-e2e: ""}}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 81, protocol: SCTP}]}
YAML
wait_for "SCTP that would need another port" 5 out_is False get svc/sctp '{.status.conditions[?(@.type=="SCTPTranslated")].status}'
finish
