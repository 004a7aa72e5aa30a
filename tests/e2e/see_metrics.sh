#!/usr/bin/env bash
# Prometheus metrics of agents and of the server: well-formed, by promtool, and true.
. "$(dirname "$0")/lib.sh"
use_cluster

command -v promtool >/dev/null || skip "no promtool on this machine; tools/setup brings it"
NS=$(node_netns node1)
agent_metrics() { ip netns exec "$NS" curl -sS --max-time 5 http://127.0.0.1:10249/metrics; }
value() { # FILE SERIES
	awk -v series="$2" '$1 == series { print $2; exit }' "$WORK/$1"
}
wellformed() { # WHAT FILE
	promtool check metrics <"$WORK/$2" >"$WORK/promtool" 2>&1
	check_is "$1: promtool finds nothing" "$? $(cat "$WORK/promtool")" "0 "
}

k create deployment web --image=nginx:1.14 --replicas=2 >/dev/null
k expose deployment web --port=8080 --target-port=80 --type=NodePort >/dev/null
wait_ready app=web 2
wait_for "in the kernel" 10 out_matches ' 2/2 ' "$KEELSON" lb list --cluster "$NAME" --node node1

section "an agent, as kube-proxy serves them"
agent_metrics >"$WORK/before"
for _ in 1 2 3 4 5; do curl -sS -o /dev/null --max-time 5 "http://$(node_ip node1):$(node_port)/"; done
agent_metrics >"$WORK/agent"
wellformed "the agent" agent
check_is "connections of the Service" \
	"$(($(value agent 'keelson_service_connections_total{service="default/web:8080"}') - $(value before 'keelson_service_connections_total{service="default/web:8080"}')))" 5
for series in 'keelson_drops_total{reason="table-full"}' 'keelson_packets_total{path="forwarded"}' 'keelson_flows{phase="open"}' \
	'keelson_table_capacity{table="conntrack-main"}' 'keelson_stream_connected' 'keelson_stream_position' \
	'keelson_programming_duration_seconds_count' 'keelson_audits_total' 'keelson_pods' 'keelson_containers_running' \
	process_resident_memory_bytes process_cpu_seconds_total; do
	check_test "there is $series" -n "$(value agent "$series")"
done
check_is "the stream is up" "$(value agent keelson_stream_connected)" 1
check_out "build info" '^keelson_build_info\{version="[0-9.]+",component="agent",node="node1",lb_mode="[a-z]+"\} 1$' cat "$WORK/agent"
check_is "healthz" "$(ip netns exec "$NS" curl -sS http://127.0.0.1:10249/healthz)" ok

section "an agent, as a kubelet serves them"
k get --raw /api/v1/nodes/node1/proxy/metrics >"$WORK/proxied" 2>&1
wellformed "through the server" proxied
check_out "the same figures" '^keelson_pods [0-9]+$' cat "$WORK/proxied"
check_is "not for everybody" "$(curl -sk -o /dev/null -w '%{http_code}' --max-time 5 "https://$(node_ip node1):10250/metrics")" 401

section "the server"
k get nodes >/dev/null
k get --raw /metrics >"$WORK/server"
wellformed "the server" server
check_test "requests are counted" \
	"$(value server 'apiserver_request_total{verb="LIST",group="",version="v1",resource="nodes",subresource="",code="200"}')" -ge 1
check_test "and timed" \
	"$(value server 'apiserver_request_duration_seconds_count{verb="LIST",group="",version="v1",resource="nodes",subresource=""}')" -ge 1
k get --raw /api/v1/namespaces/default/pods/nothing >/dev/null 2>&1
k get --raw /metrics >"$WORK/again"
check_test "failures by their code" \
	"$(value again 'apiserver_request_total{verb="GET",group="",version="v1",resource="pods",subresource="",code="404"}')" -ge 1
check_is "objects" "$(value again 'apiserver_storage_objects{resource="nodes"}')" "$(count nodes)"
check_is "every node has acknowledged all" "$(value again 'keelson_stream_lag{node="node1"}')" 0
check_test "the controllers' queues" -n "$(value again 'workqueue_adds_total{name="deployment-controller"}')"
finish
