# Sourced by every file of this folder: a cluster, kubectl in two versions, checks that say what was wrong.
#
#   this machine                                   10.88.I.0/24 on a bridge
#   +-----------+   +------------+------------+------------+
#   | server    |---| node1 .11  | node2 .12  | node3 .13  |   each a network and a mount namespace with
#   | registry  |   | pods       | pods       | pods       |   an agent, its pods and their containers
#   +-----------+   +------------+------------+------------+
#
# Under ctest one cluster serves most files (KL_E2E_CLUSTER, made by cluster_up.sh, removed by cluster_down.sh); a file
# that is started by hand makes its own and removes it. A file ends with `finish`, whose exit code is the verdict.
# shellcheck shell=bash
set -u -o pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
KL_SRC=${KL_SRC:-$(cd "$HERE/../.." && pwd)}
MANIFESTS=$HERE/manifests
KL_BIN=${KL_BIN:-$KL_SRC/build/debug/bin}
KEELSON=$KL_BIN/keelson
HAMMER=$(cd "$KL_BIN/.." && pwd)/tests/hammer
SHARED=${KL_E2E_CLUSTER:-}
NAME=${SHARED:-e2e$$}
WORK=$(mktemp -d /tmp/kl-e2e.XXXXXX)
CHECKS=0 FAILED=0 OWN=()
export HOME=$WORK # kubectl's caches, and no ~/.kube/config of the developer

# --- words

say() { printf '%s %s\n' "$(date +%T.%3N)" "$*"; }
pass() { CHECKS=$((CHECKS + 1)) && say "ok    $1"; }
fail() { # WHAT [DETAIL…]
	CHECKS=$((CHECKS + 1)) FAILED=$((FAILED + 1))
	say "FAIL  $1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" | head -n 40 | sed 's/^/        /'
}
section() { say "----  $*"; }
skip() { say "skipped: $*" && exit 77; }
die() { fail "$@" && finish; }

# --- checks: each runs a command and goes on whatever it finds

check() { # WHAT COMMAND…: exits 0
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then pass "$what"; else fail "$what" "\$ $*" "$out"; return 1; fi
}
check_not() { # WHAT COMMAND…: exits with a failure
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then fail "$what" "\$ $*   (succeeded)" "$out"; return 1; else pass "$what"; fi
}
check_out() { # WHAT REGEX COMMAND…: prints a line that matches
	local what=$1 regex=$2 out
	shift 2
	out=$("$@" 2>&1)
	if grep -qE -- "$regex" <<<"$out"; then
		pass "$what"
	else
		fail "$what" "\$ $*" "no line matches: $regex" "$out"
		return 1
	fi
}
check_no_out() { # WHAT REGEX COMMAND…: prints no line that matches
	local what=$1 regex=$2 out
	shift 2
	out=$("$@" 2>&1)
	if grep -qE -- "$regex" <<<"$out"; then
		fail "$what" "\$ $*" "a line matches: $regex" "$out"
		return 1
	else
		pass "$what"
	fi
}
check_is() { # WHAT GOT WANT
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "got  '$2'" "want '$3'"; return 1; fi
}
check_test() { # WHAT TEST-EXPRESSION…
	local what=$1
	shift
	if [ "$@" ]; then pass "$what"; else fail "$what" "not so: $*"; return 1; fi
}

# --- waiting

now_ms() { date +%s%3N; }
wait_for() { # WHAT SECONDS COMMAND…: polls until it exits 0
	local what=$1 start deadline
	start=$(now_ms) deadline=$(($(now_ms) + $2 * 1000))
	shift 2
	until "$@" >"$WORK/wait.out" 2>&1; do
		if [ "$(now_ms)" -gt "$deadline" ]; then
			fail "$what: not within $(((deadline - start) / 1000)) s" "\$ $*" "$(tail -n 15 "$WORK/wait.out")"
			context
			return 1
		fi
		sleep 0.1
	done
	pass "$what ($(($(now_ms) - start)) ms)"
}
out_matches() { # REGEX COMMAND…
	local regex=$1 out
	shift
	out=$("$@" 2>&1)
	printf '%s\n' "$out"
	grep -qE -- "$regex" <<<"$out"
}
out_is() { # WANT COMMAND…
	local want=$1 got
	shift
	got=$("$@" 2>/dev/null)
	echo "got '$got', not '$want'"
	[ "$got" = "$want" ]
}

# --- kubectl, in the versions that the machine has

kubectl_paths() {
	local dir found=0 v
	dir=$(dirname "$(readlink -f "$(command -v kubectl)")")
	for v in ${KL_KUBECTL_VERSIONS:-1.27 1.33}; do
		[ -x "$dir/kubectl.$v" ] && echo "$dir/kubectl.$v" && found=1
	done
	[ $found = 1 ] || command -v kubectl
}
mapfile -t KUBECTLS < <(kubectl_paths)
KUBECTL=${KUBECTLS[-1]}
k() { "$KUBECTL" "$@"; }
each_kubectl() { # FUNCTION: under each version
	for KUBECTL in "${KUBECTLS[@]}"; do
		section "$(basename "$KUBECTL")"
		"$1"
	done
	KUBECTL=${KUBECTLS[-1]}
}
get() { k get "$1" -o jsonpath="$2"; } # TYPE/NAME TEMPLATE
count() { k get "$@" --no-headers 2>/dev/null | grep -c .; }
ready_pods() { # SELECTOR: how many are Running, Ready and not on their way out
	k get pods -l "$1" -o json | jq '[.items[] | select(.metadata.deletionTimestamp == null and .status.phase == "Running")
		| select(.status.conditions // [] | any(.type == "Ready" and .status == "True"))] | length'
}
pods_of() { k get pods -l "$1" -o jsonpath='{range .items[*]}{.metadata.name}{"\n"}{end}'; }
wait_ready() { wait_for "$2 pods of $1 are ready" "${3:-60}" out_is "$2" ready_pods "$1"; } # SELECTOR COUNT [SECONDS]
no_pods() { [ "$(count pods -l "$1")" = 0 ]; }
ready_endpoints() { # SERVICE
	k get endpointslices -l "kubernetes.io/service-name=$1" -o json |
		jq '[.items[].endpoints // [] | .[] | select(.conditions.ready != false) | .addresses[]] | length'
}
clean_web() { # what the tutorial's steps leave behind
	k delete deploy,rs,po,svc -l 'app in (web, order-service)' --ignore-not-found --wait=true --timeout=60s >/dev/null 2>&1
	k delete deploy,svc,pod --field-selector metadata.name!=kubernetes --ignore-not-found --wait=true --timeout=60s >/dev/null 2>&1
	wait_for "the namespace is empty again" 45 out_is 0 count pods
}

# --- the cluster

DATA() { echo "/var/lib/keelson/clusters/$NAME"; }
RUN() { echo "/run/keelson/clusters/$NAME"; }
up() { # [OPTIONS…]; prints what `keelson up` says
	OWN+=("$NAME")
	"$KEELSON" up --name "$NAME" "$@"
}
use_cluster() { # [NODES]: the shared one, or one of this file's own
	command -v kubectl >/dev/null || skip "no kubectl on this machine"
	if [ -z "$SHARED" ]; then
		up --nodes "${1:-3}" >"$WORK/up.out" 2>&1 || die "keelson up" "$(tail -n 20 "$WORK/up.out")"
	fi
	KUBECONFIG=$(DATA)/kubeconfig
	export KUBECONFIG
	[ -s "$KUBECONFIG" ] || die "there is a kubeconfig" "$KUBECONFIG is absent or empty"
	[ -z "$SHARED" ] || clean_web
}
nodes() { k get nodes -o jsonpath='{range .items[*]}{.metadata.name}{"\n"}{end}'; }
node_ip() { get "node/$1" '{.status.addresses[?(@.type=="InternalIP")].address}' | awk '{print $1}'; }
node_netns() { echo "kl-$NAME-$1"; }
pid_of() { awk 'NR == 1 { print $1 }' "$(RUN)/$1.pid"; } # server | supervisor | registry | NODE
alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }
kill_hard() { # server | NODE
	local pid
	pid=$(pid_of "$1")
	[ -n "$pid" ] || { fail "pid of $1"; return 1; }
	kill -9 "$pid"
	echo "$pid"
}
restarted() { # server|NODE OLD-PID
	local pid
	pid=$(pid_of "$1" 2>/dev/null)
	[ "$pid" != "$2" ] && alive "$pid"
}
node_is() { # NODE True|False|Unknown
	[ "$(get "node/$1" '{.status.conditions[?(@.type=="Ready")].status}')" = "$2" ]
}
node_port() { get "svc/${1:-web}" '{.spec.ports[0].nodePort}'; }
cluster_ip() { get "svc/${1:-web}" '{.spec.clusterIP}'; }
container_pid() { # CONTAINER-ID: the first process of its cgroup
	local dir
	dir=$(find /sys/fs/cgroup -type d -name "*$1*" 2>/dev/null | head -n 1)
	[ -n "$dir" ] && sort -n "$dir/cgroup.procs" | head -n 1
}
container_id() { # POD
	local id
	id=$(get "pod/$1" '{.status.containerStatuses[0].containerID}')
	echo "${id##*/}"
}
pod_netns() { echo "/proc/$(container_pid "$(container_id "$1")")/ns/net"; } # POD

# --- load

# What the pages of tools/demo-images say.
WHICH_POD='pod: ([a-z0-9-]+)'
WHICH_VERSION='version: ([0-9.]+)'
declare -A HAMMERS=()
hammer_start() { # ID OPTIONS…
	local id=$1
	shift
	"$HAMMER" --match "$WHICH_POD" "$@" >"$WORK/hammer.$id" 2>"$WORK/hammer.$id.err" &
	HAMMERS[$id]=$!
}
hammer_stop() { # ID
	local pid=${HAMMERS[$1]:-}
	[ -n "$pid" ] || return 0
	kill -TERM "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	unset "HAMMERS[$1]"
}
tally() { jq -r "$2" "$WORK/hammer.$1"; } # ID JQ-FILTER
# No failed request; with "pinned" no long-lived connection was closed either.
check_clean() { # WHAT ID [pinned]
	local filter='.answers > 0 and .failures == 0'
	[ "${3:-}" = pinned ] && filter+=' and .reconnects == 0'
	if [ "$(tally "$2" "$filter" 2>&1)" = true ]; then
		pass "$1: $(tally "$2" '"\(.answers) answers, longest gap \([.short, .long | .longest_gap_ms? // 0] | max) ms"')"
	else
		fail "$1" "$(jq -c 'del(.answered_by)' "$WORK/hammer.$2" 2>&1)" "$(cat "$WORK/hammer.$2.err")"
	fi
}

# --- the end

# What a reader of a failed run wants to see.
context() {
	[ -n "${KUBECONFIG:-}" ] || return 0
	{
		k get nodes,deploy,rs,pods,svc,endpointslices -o wide
		k get events --sort-by=.metadata.creationTimestamp | tail -n 12
		for log in "$(DATA)"/logs/*; do
			echo "== $log" && tail -n 6 "$log"
		done
	} 2>&1 | cut -c 1-200 | sed 's/^/      | /'
}
finish() { exit "$((FAILED > 0))"; }
at_exit() {
	local rc=$? id name
	trap - EXIT
	for id in "${!HAMMERS[@]}"; do hammer_stop "$id"; done
	[ "$(type -t cleanup)" = function ] && cleanup
	if [ "$rc" != 77 ]; then
		[ "$FAILED" = 0 ] && [ $rc = 0 ] || context
		say "$((CHECKS - FAILED)) of $CHECKS checks passed"
	fi
	for name in "${OWN[@]}"; do
		[ -n "${KL_E2E_KEEP:-}" ] || "$KEELSON" down --name "$name" >/dev/null 2>&1 || say "keelson down --name $name failed"
	done
	rm -rf "$WORK"
	exit $rc
}
trap at_exit EXIT
trap 'exit 130' INT TERM
[ -x "$KEELSON" ] || skip "$KEELSON is not built"
