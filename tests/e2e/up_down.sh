#!/usr/bin/env bash
# up and down: two clusters side by side that do not disturb each other; down leaves nothing, also after everything was
# killed; the cluster comes back after its supervisor died.
. "$(dirname "$0")/lib.sh"
. "$HERE/traces.sh"
A=e2ea$$ B=e2eb$$
OWN=("$A" "$B")
# Of the other clusters nothing is looked at: they come and go.
ours() { grep -vE 'kl[0-9]+-node|kl-|kl[0-9a-f]{8}' | sort; }
links_before=$(ip -o link | awk -F': ' '{ print $2 }' | ours)
routes_before=$(ip route | ours)
export KUBECONFIG=
others() { find /run/keelson/clusters -mindepth 1 -maxdepth 1 -type d 2>/dev/null | grep -vE "/($A|$B)$" | grep -c .; }
alone=$(others)
progs_before=$(bpftool -j prog show | jq length)
kubeconfig_of() { echo "/var/lib/keelson/clusters/$1/kubeconfig"; }

section "two clusters"
check "up the first" "$KEELSON" up --nodes 2 --name "$A"
check "up the second" "$KEELSON" up --nodes 1 --name "$B"
for name in $A $B; do
	KUBECONFIG=$(kubeconfig_of "$name")
	k create deployment web --image=nginx:1.14 --replicas=2 >/dev/null
	k expose deployment web --port=8080 --target-port=80 --type=NodePort >/dev/null
done
for name in $A $B; do
	KUBECONFIG=$(kubeconfig_of "$name")
	wait_ready app=web 2
	check_out "$name serves at its NodePort" "$WHICH_POD" curl -sS --max-time 5 "http://$(node_ip node1):$(node_port)/"
	check_out "$name serves at its ClusterIP" "$WHICH_POD" curl -sS --max-time 5 "http://$(cluster_ip):8080/"
	POD=$(pods_of app=web | head -n 1)
	check_out "$name serves its pods" "$WHICH_POD" k exec "$POD" -- curl -sS --max-time 5 "http://$(cluster_ip):8080/"
done
check_is "they share no address" "$(for name in $A $B; do KUBECONFIG=$(kubeconfig_of $name) k get nodes,pods,svc -o json |
	jq -r '.items[] | .status.podIP, .spec.clusterIP, .status.addresses[0].address? | select(. != null)'; done | sort | uniq -d)" ""
check "down the first" "$KEELSON" down --name "$A"
no_traces "$A"
KUBECONFIG=$(kubeconfig_of "$B")
check_out "the second goes on" "$WHICH_POD" curl -sS --max-time 5 "http://$(node_ip node1):$(node_port)/"
check "its API too" k get nodes

section "the supervisor dies"
NAME=$B
id=$(container_id "$(pods_of app=web | head -n 1)")
kill -9 "$(pid_of supervisor)"
sleep 0.5
check_out "traffic goes on" "$WHICH_POD" curl -sS --max-time 5 "http://$(node_ip node1):$(node_port)/"
server=$(pid_of server)
check "up again adopts what lives" "$KEELSON" up --nodes 1 --name "$B"
check_is "the same server" "$(pid_of server)" "$server"
check_test "a new supervisor" -n "$(pid_of supervisor)" -a -d "/proc/$(pid_of supervisor)"
check_is "the same container" "$(container_id "$(pods_of app=web | head -n 1)")" "$id"

section "everything is killed"
processes_of "$B" | awk '{ print $1 }' | while read -r pid; do kill -9 "$pid" 2>/dev/null; done
sleep 0.3
check "down after kill -9 of everything" "$KEELSON" down --name "$B"
no_traces "$B"
check_is "links are as before" "$(ip -o link | awk -F': ' '{ print $2 }' | ours)" "$links_before"
check_is "routes are as before" "$(ip route | ours)" "$routes_before"
if [ "$alone" = 0 ] && [ "$(others)" = 0 ]; then
	check_is "no BPF program is left" "$(bpftool -j prog show | jq length)" "$progs_before"
	check_is "nor one on a cgroup" "$(bpftool cgroup tree 2>/dev/null | grep -c ' kl_')" 0
else
	say "other clusters are on this machine: their BPF programs cannot be told apart from what might be left"
fi

section "words for mistakes"
check_out "a name that cannot be" 'name|NAME' "$KEELSON" up --name 'Bad Name!'
check_not "is refused" "$KEELSON" up --name 'Bad Name!'
check_not "no nodes" "$KEELSON" up --nodes 0 --name "$A"
check_not "status of what is not there" "$KEELSON" status --name "$A"
check "down of what is not there is fine" "$KEELSON" down --name "$A"
check_out "help" 'keelson up' "$KEELSON" help up
finish
