#!/usr/bin/env bash
# The dataplane as its users look into it: `keelson lb`, and bpftool on the pinned maps.
. "$(dirname "$0")/lib.sh"
use_cluster

k create deployment web --image=nginx:1.14 --replicas=3 >/dev/null
k expose deployment web --port=8080 --target-port=80 --type=NodePort >/dev/null
wait_ready app=web 3
wait_for "three endpoints" 5 out_is 3 ready_endpoints web
PINS=/sys/fs/bpf/keelson/$NAME
for node in $(nodes); do
	lb() { "$KEELSON" lb "$@" --cluster "$NAME" --node "$node"; }
	wait_for "lb list on $node shows the Service" 5 out_matches "$(cluster_ip):8080" lb list
	check_out "and its NodePort" "$(node_port)" lb list
	lb list -o json >"$WORK/list.json" 2>&1
	check "list -o json is JSON" jq -e . "$WORK/list.json"
	for ip in $(k get pods -l app=web -o jsonpath='{.items[*].status.podIP}'); do
		check_out "lb get shows backend $ip" "$ip:80" lb get "default/web"
	done
	lb get default/web -o json >"$WORK/get.json" 2>&1
	check "get -o json is JSON" jq -e . "$WORK/get.json"
	check_not "lb get of what is not there" lb get default/nothing
done

section "bpftool"
maps=$(find "$PINS/node1" -name 'kl_*' 2>/dev/null)
check_test "maps are pinned with their names" -n "$maps"
for map in $maps; do
	[ -f "$map" ] || continue
	bpftool -j map show pinned "$map" >"$WORK/map.json" 2>/dev/null || continue # a program or link
	name=$(jq -r .name "$WORK/map.json")
	[ "$(jq -r '.max_entries' "$WORK/map.json")" -gt 70000 ] && { say "large, skipped: $name"; continue; }
	check_is "$name has BTF" "$(jq 'has("btf_id")' "$WORK/map.json")" true
	timeout 20 bpftool map dump pinned "$map" 2>/dev/null | head -c 4000 >"$WORK/dump"
	grep -q '"key"\|"value"' "$WORK/dump" && check_out "$name: dump shows named fields" '"[a-z_0-9]+": ' cat "$WORK/dump"
done
check_out "links are pinned" '.' find "$PINS/node1" -path '*link*' -type f
check_out "bpftool knows the programs by name" 'name kl_|name [a-z_0-9]+' bpftool prog show
finish
