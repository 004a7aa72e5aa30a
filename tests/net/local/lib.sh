# Sourced by the tests of local clusters.
# shellcheck shell=bash
set -u -o pipefail
KEELSON=${KL_BIN:?KL_BIN names the folder of the binaries}/keelson
FAILED=0 CHECKS=0
HOME=$(mktemp -d /tmp/kl-local.XXXXXX) # of kubectl's caches; the test's trap removes it
export HOME
[ "$(id -u)" = 0 ] || { echo "skipped: needs root"; exit 77; }
[ -x "$KEELSON" ] || { echo "skipped: $KEELSON is not built"; exit 77; }

# check WHAT COMMAND…
check() {
	local what=$1 out
	shift
	CHECKS=$((CHECKS + 1))
	if out=$("$@" 2>&1); then
		echo "ok    $what"
	else
		FAILED=$((FAILED + 1))
		printf 'FAIL  %s\n%s\n' "$what" "$out"
	fi
}

# Everything on this machine that carries the cluster's name.
left_of() {
	local pid
	ip -br link show | awk '{ print $1 }' | grep -E "^kl-$1(@|\$)"
	ip netns list | grep -E "^kl-$1-"
	awk '{ print "mount " $5 }' /proc/self/mountinfo | grep -E "/(clusters/$1|kl-$1-node)"
	ls -d "/run/keelson/clusters/$1" "/var/lib/keelson/clusters/$1" "/sys/fs/bpf/keelson/$1" 2>/dev/null
	find /sys/fs/cgroup -maxdepth 4 -type d -path "*/keelson/$1" 2>/dev/null
	nft list tables 2>/dev/null | grep -w "keelson-$1"
	for pid in /proc/[0-9]*; do
		{ tr '\0' ' ' <"$pid/cmdline"; } 2>/dev/null | grep -E "keelson/clusters/$1/|up --supervise --name $1 " | sed "s|^|process ${pid#/proc/} |"
	done
}
nothing_left() {
	local left
	left=$(left_of "$1")
	[ -z "$left" ] || { echo "$left"; return 1; }
}

finish() {
	echo "$((CHECKS - FAILED)) passed, $FAILED failed"
	[ $FAILED = 0 ]
	exit
}
