#!/usr/bin/env bash
# `keelson up` is killed at points all over its way; `keelson down` leaves nothing, and `up` goes on from where it was.
. "$(dirname "$0")/lib.sh"
name=half$$
trap '"$KEELSON" down --name "$name" >/dev/null 2>&1; rm -rf "$HOME"' EXIT

# MS: starts `up` and kills it after so long.
kill_up_after() {
	local pid
	"$KEELSON" up --name "$name" --nodes 2 --wait 0 >/dev/null 2>&1 &
	pid=$!
	sleep "0.$(printf '%03d' "$1")"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

for ms in 5 15 30 50 80 120 200; do
	kill_up_after "$ms"
	check "down after $ms ms" "$KEELSON" down --name "$name"
	check "nothing is left" nothing_left "$name"
done

kill_up_after 40
kill_up_after 60
check "up goes on" "$KEELSON" up --name "$name" --nodes 2
check "status knows both nodes" bash -c "'$KEELSON' status --name $name -o json | grep -c '\"status\": \"Ready\"' | grep -qx 2"

# The description is lost: what stands is found by its names.
rm -rf "/var/lib/keelson/clusters/$name/cluster.json"
check "down without a description" "$KEELSON" down --name "$name"
check "nothing is left" nothing_left "$name"
check "down of nothing" "$KEELSON" down --name "$name"
finish
