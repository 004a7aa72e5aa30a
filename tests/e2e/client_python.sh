#!/usr/bin/env bash
# Debian's python3-kubernetes: list, watch with resume, create, patch, exec, logs, scale, and its dynamic client.
. "$(dirname "$0")/lib.sh"
python=/usr/bin/python3
"$python" -c 'import kubernetes' 2>/dev/null || skip "python3-kubernetes is not installed: run tools/setup"
use_cluster 1

timeout 120 "$python" "$HERE/client_python.py" >"$WORK/client.out" 2>&1
rc=$?
while read -r verdict words; do
	case $verdict in
	ok) pass "$words" ;;
	FAIL) fail "$words" ;;
	esac
done <"$WORK/client.out"
check_is "the program came to its end" $rc 0 || tail -n 12 "$WORK/client.out"
finish
