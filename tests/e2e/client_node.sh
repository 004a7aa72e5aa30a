#!/usr/bin/env bash
# @kubernetes/client-node from npm, kept in a cache: list, watch with resume, informer, create, patch, exec, logs.
. "$(dirname "$0")/lib.sh"
version=1.4.0
cache=${KEELSON_NODE_CLIENT:-/var/cache/keelson/node-client}/$version

command -v node >/dev/null || skip "there is no node: run tools/setup"
fetch() {
	command -v npm >/dev/null || skip "there is no npm: run tools/setup"
	mkdir -p "$cache.new"
	echo '{"private": true}' >"$cache.new/package.json"
	timeout 120 npm install --prefix "$cache.new" --no-audit --no-fund --ignore-scripts "@kubernetes/client-node@$version" \
		>"$WORK/npm.out" 2>&1 || skip "npm could not fetch @kubernetes/client-node $version: $(grep -m 1 -iE 'error' "$WORK/npm.out")"
	mv "$cache.new" "$cache"
}
[ -d "$cache/node_modules/@kubernetes/client-node" ] || fetch
use_cluster 1

KL_NODE_CLIENT=$cache timeout 120 node "$HERE/client_node.mjs" >"$WORK/client.out" 2>&1
rc=$?
while read -r verdict words; do
	case $verdict in
	ok) pass "$words" ;;
	FAIL) fail "$words" ;;
	esac
done <"$WORK/client.out"
check_is "the program came to its end" $rc 0 || tail -n 12 "$WORK/client.out"
finish
