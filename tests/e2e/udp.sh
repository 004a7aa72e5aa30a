#!/usr/bin/env bash
# Datagrams to a ClusterIP and to NodePorts, from pods, nodes and this machine; a dead backend's sockets move on.
#
#   udp_tool ask --> CLUSTER_IP:53, NODE:NODE_PORT --> udp_tool serve, in the network namespaces of the pods of "web"
. "$(dirname "$0")/lib.sh"
use_cluster

UDP=$(dirname "$HAMMER")/udp_tool
SERVERS=()
cleanup() { for pid in "${SERVERS[@]}"; do kill "$pid" 2>/dev/null; done; clean_web; }
serve_in() { # POD
	"$UDP" serve --port 5300 --name "$1" --netns "$(pod_netns "$1")" >"$WORK/serve.$1" 2>&1 &
	SERVERS+=($!)
	wait_for "a server in $1" 5 grep -q ready "$WORK/serve.$1"
}
asks() { # WHAT WANTED-NUMBER-OF-ANSWERERS OPTIONS…
	local what=$1 want=$2 out
	shift 2
	if out=$("$UDP" ask "$@" 2>&1); then
		check_is "$what" "$(jq '.answered_by | length' <<<"$out")" "$want"
	else
		fail "$what" "$out"
	fi
}
k create deployment web --image=nginx:1.14 --replicas=3 >/dev/null
k run client --image=nginx:1.14 >/dev/null
wait_ready app=web 3
wait_ready run=client 1
for pod in $(pods_of app=web); do serve_in "$pod"; done
k create -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Service
metadata: {name: dns, labels: {app: web}}
spec:
  type: NodePort
  selector: {app: web}
  ports:
  - {name: u, port: 53, targetPort: 5300, protocol: UDP}
  - {name: t, port: 53, targetPort: 80, protocol: TCP}
YAML
wait_for "three endpoints" 5 out_is 3 ready_endpoints dns
sleep 0.3
ip=$(cluster_ip dns) port=$(node_port dns) inside=$(pod_netns client)
check_out "get svc tells both protocols" '53:[0-9]+/UDP,53:[0-9]+/TCP' k get svc dns

section "one question a socket: everybody answers in turn"
for where in "$inside" "/run/netns/$(node_netns node1)"; do
	for mode in "" --connected; do
		for _ in {1..24}; do "$UDP" ask --netns "$where" --to "$ip:53" $mode; done 2>&1 >"$WORK/asked" | tee "$WORK/asked.err" >/dev/null
		check_is "all answer a socket in ${where##*/} ${mode:-that is not connected}" \
			"$(jq -s 'map(.answered_by | keys) | add | unique | length' "$WORK/asked" 2>/dev/null)" 3 || cat "$WORK/asked.err"
	done
done
asks "a socket stays with its backend" 1 --netns "$inside" --to "$ip:53" --count 20
asks "a connected one too" 1 --netns "$inside" --to "$ip:53" --count 20 --connected
for node in $(nodes); do
	asks "$node's NodePort from this machine" 1 --to "$(node_ip "$node"):$port" --count 20
	asks "$node's NodePort from a pod" 1 --netns "$inside" --to "$(node_ip "$node"):$port" --count 20
done
check_out "TCP on the same port goes elsewhere" 'Welcome' curl -sS --max-time 5 "http://$ip:53/"

section "a backend goes while a socket is in use"
"$UDP" ask --netns "$inside" --to "$ip:53" --count 60 --interval-ms 50 >"$WORK/move" 2>&1 &
asker=$!
sleep 0.5
k delete pod -l app=web --grace-period=1 --wait=false >/dev/null
wait_ready app=web 3
for pod in $(k get pods -l app=web --field-selector status.phase=Running -o jsonpath='{range .items[*]}{.metadata.name}{"\n"}{end}'); do
	serve_in "$pod" >/dev/null
done
wait $asker
sleep 0.5
asks "the new ones answer" 1 --netns "$inside" --to "$ip:53" --count 10
say "the socket that asked on meanwhile: $(tail -n 2 "$WORK/move" | tr '\n' ' ')"
k delete svc dns >/dev/null
check_not "a Service that is gone does not answer" "$UDP" ask --netns "$inside" --to "$ip:53"
finish
