#!/usr/bin/env bash
# The supervisor and what it keeps running; a node that goes and comes; data that is kept; a build that takes over.
. "$(dirname "$0")/lib.sh"
command -v kubectl >/dev/null || { echo "skipped: there is no kubectl"; exit 77; }
name=life$$
run=/run/keelson/clusters/$name
trap '"$KEELSON" down --name "$name" >/dev/null 2>&1; rm -rf "$HOME"' EXIT

pid_of() { cut -d' ' -f1 "$run/$1.pid"; }
eventually() { # COMMAND…: within ten seconds
	local try
	for try in $(seq 100); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	"$@"
}
changed() { [ "$(pid_of "$1")" != "$2" ] && kill -0 "$(pid_of "$1")"; }

check "up" "$KEELSON" up --name "$name" --nodes 2
server=$(pid_of server) agent=$(pid_of node1) supervisor=$(pid_of supervisor)

kill -9 "$agent"
check "a killed agent is started again" eventually changed node1 "$agent"
agent=$(pid_of node1)
kill -9 "$supervisor"
check "up starts another supervisor" "$KEELSON" up --name "$name"
check "it is another one" changed supervisor "$supervisor"
check "which adopts what lives" [ "$(pid_of node1)" = "$agent" ]
kill -9 "$server"
check "and starts again what dies" eventually changed server "$server"

check "down --node" "$KEELSON" down --name "$name" --node node2
check "its namespace is gone" bash -c "! ip netns list | grep -q kl-$name-node2"
check "the other goes on" kill -0 "$agent"
check "up makes it anew" "$KEELSON" up --name "$name" --nodes 3
check "fewer nodes than there are is refused" bash -c "! '$KEELSON' up --name $name --nodes 1"

agent=$(pid_of node1)
check "up --restart" "$KEELSON" up --name "$name" --restart
check "the agent is another process" changed node1 "$agent"

export KUBECONFIG=/var/lib/keelson/clusters/$name/kubeconfig
kubectl create deployment web --image=nginx:1.14 --replicas=2 >/dev/null
check "two pods run" kubectl rollout status deployment/web --timeout=60s
check "down --keep-data" "$KEELSON" down --name "$name" --keep-data
check "the data is there" test -s "/var/lib/keelson/clusters/$name/server/keelson.db"
check "nothing runs" bash -c "! ip netns list | grep -q kl-$name-"
check "up goes on with it" "$KEELSON" up --name "$name"
restarted() { [ "$(kubectl get pods --no-headers | awk '$2 == "1/1" && $3 == "Running" && $4 == 1' | wc -l)" = 2 ] || { kubectl get pods; return 1; }; }
check "as after a reboot, its pods run again" eventually restarted
check "down" "$KEELSON" down --name "$name"
check "nothing is left" nothing_left "$name"
finish
