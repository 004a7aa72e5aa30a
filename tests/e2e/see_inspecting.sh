#!/usr/bin/env bash
# Every command of docs/INSPECTING.md, as it stands there, on a live node.
#
# A command of the page is an indented line that begins with "$ "; it goes on in the next line where it ends in |, &, ; or
# a backslash. Other indented lines are output. The page's cluster is called dev, its node node1, its Service web.
. "$(dirname "$0")/lib.sh"
use_cluster

PAGE=$KL_SRC/docs/INSPECTING.md
k create deployment web --image=nginx:1.14 --replicas=3 >/dev/null
k expose deployment web --port=8080 --target-port=80 --type=NodePort >/dev/null
k annotate svc web keelson.dev/load-balancing=maglev >/dev/null
wait_ready app=web 3
wait_for "in the kernel" 10 out_matches 'maglev.* 3/3 ' "$KEELSON" lb list --cluster "$NAME" --node node1
k wait --for=condition=Ready pod -l app=web --timeout=30s >/dev/null
curl -sS -o /dev/null --max-time 5 "http://$(node_ip node1):$(node_port)/"

# A command a line, for one shell: the page's variables live on from one to the next.
commands() {
	awk '
	more { line = $0; sub(/^ +/, "", line); command = command " " line }
	!more && /^ +[$] / { command = $0; sub(/^ +[$] /, "", command); begun = 1 }
	begun || more { more = command ~ /[|&;\\\\]$/; sub(/\\\\$/, "", command); if (!more) print command; begun = 0 }' "$PAGE"
}
localised() {
	sed -e "s/--cluster dev/--cluster $NAME/g" -e "s#keelson/dev/#keelson/$NAME/#g" -e "s/kl-dev-/kl-$NAME-/g" \
		-e "s#clusters/dev/#clusters/$NAME/#g"
}
count=0
{
	# A reader that stops early would be a failure of the writer.
	echo 'set -o pipefail; export NO_COLOR=1; head() { command head "$@"; cat >/dev/null; }'
	echo "keelson() { $KEELSON \"\$@\"; }; kubectl() { $KUBECTL \"\$@\"; }"
	while IFS= read -r command; do
		count=$((count + 1))
		printf 'printf "\\x1e%%s\\n" %q\n' "$command"
		printf '{ %s\n} </dev/null 2>&1; printf "\\x1f%%s\\n" $?\n' "$command"
	done < <(commands | localised)
} >"$WORK/script"
timeout 150 bash "$WORK/script" >"$WORK/out" 2>&1
rc=$?
check_test "the page has commands" "$(grep -c '^printf "\\x1e' "$WORK/script")" -ge 40
check_is "all of them ran" "$rc" 0
# One record a command: its text, its output, its exit code.
while IFS= read -r -d $'\x1e' record; do
	[ -n "$record" ] || continue
	command=${record%%$'\n'*}
	code=${record##*$'\x1f'}
	output=${record#*$'\n'}
	output=${output%$'\x1f'*}
	if [ "${code%$'\n'}" = 0 ]; then
		pass "$command"
	else
		fail "$command" "exit code ${code%$'\n'}" "$output"
	fi
done < <(cat "$WORK/out"; printf '\x1e')
finish
