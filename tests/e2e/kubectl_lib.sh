# Sourced by kubectl_*.sh: every kubectl that this machine has, Debian's 1.20 beside them, each in a namespace of its own.
#
# each_version FUNCTION VERSION… runs the function under several versions at once, each in a subshell with its own
# HOME (kubectl's caches), working folder $T and namespace $NS; what they print comes out one version after the other.
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

declare -A KUBECTL_OF=()
KUBECTL_CACHE=${KEELSON_KUBECTL_CACHE:-/var/cache/keelson/kubectl}

# Debian 12 has kubectl 1.20: its package is unpacked into a cache, never installed.
debian_kubectl() {
	local dir=$KUBECTL_CACHE tmp
	[ -x "$dir/kubectl.1.20" ] && return
	command -v apt-get dpkg >/dev/null || return
	mkdir -p "$dir"
	tmp=$(mktemp -d)
	chmod 755 "$tmp"
	(cd "$tmp" && apt-get download kubernetes-client >download.log 2>&1 && dpkg -x kubernetes-client_*.deb x &&
		x/usr/bin/kubectl version --client --short | grep -q 'v1\.20\.' && mv x/usr/bin/kubectl "$dir/kubectl.1.20")
	rm -rf "$tmp"
}
find_kubectls() {
	local path dir own version
	debian_kubectl
	own=$(readlink -f "$(command -v kubectl)")
	dir=$(dirname "$own")
	for path in "$KUBECTL_CACHE"/kubectl.1.* "$dir"/kubectl.1.*; do
		[ -x "$path" ] && KUBECTL_OF[${path##*kubectl.}]=$path
	done
	version=$("$own" version --client -o json 2>/dev/null | jq -r '.clientVersion | "\(.major).\(.minor)"' | tr -d +)
	[ -n "${KUBECTL_OF[$version]:-}" ] || KUBECTL_OF[$version]=$own
	mapfile -t VERSIONS < <(printf '%s\n' "${!KUBECTL_OF[@]}" | sort -t. -k2 -n)
}
find_kubectls
NEWEST=${VERSIONS[-1]}
# The ones that differ most: run through every verb.
main_versions() {
	local v
	for v in 1.20 1.27 "$NEWEST"; do
		[ -n "${KUBECTL_OF[$v]:-}" ] && echo "$v"
	done | sort -u
}
other_versions() { comm -23 <(printf '%s\n' "${VERSIONS[@]}" | sort) <(main_versions); }
at_least() { [ "${V#*.}" -ge "${1#*.}" ]; } # 1.27

n() { k -n "$NS" "$@"; }
k() { timeout 90 "$KUBECTL" "$@"; } # a hanging one is a failed one
# A value of an object of this version's namespace.
val() { n get "$1" -o jsonpath="$2"; }

one_version() { # FUNCTION
	KUBECTL=${KUBECTL_OF[$V]} T=$WORK/$V NS=m${V/./}-${1//_/-} HOME=$WORK/$V
	CHECKS=0 FAILED=0
	mkdir -p "$T"
	section "kubectl $V: $1"
	k create namespace "$NS" >/dev/null || die "namespace $NS"
	wait_for "its default ServiceAccount" 5 n get serviceaccount default
	"$1"
	k delete namespace "$NS" --wait=false >/dev/null 2>&1
	echo "$CHECKS $FAILED" >"$T/count.$1"
}
each_version() { # FUNCTION VERSION…
	local what=$1 v pids=() checks failed
	shift
	for v in "$@"; do
		(V=$v && one_version "$what") >"$WORK/log.$what.$v" 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	for v in "$@"; do
		cat "$WORK/log.$what.$v"
		if read -r checks failed <"$WORK/$v/count.$what"; then
			CHECKS=$((CHECKS + checks)) FAILED=$((FAILED + failed))
		else
			fail "kubectl $v: $what came to its end"
		fi
	done
}
