# What a cluster leaves on the machine while it lives, and must not leave after `keelson down`.
# shellcheck shell=bash

# Processes whose command line or cgroup belongs to the cluster; not those that are dead and wait for init to notice.
processes_of() { # NAME
	local pid
	for pid in /proc/[0-9]*; do
		grep -qE '^State:\s+[ZX]' "$pid/status" 2>/dev/null && continue
		if tr '\0' ' ' <"$pid/cmdline" 2>/dev/null | grep -qE "keelson/clusters/$1/|keelson up .*--name $1( |$)" ||
			grep -q "keelson/$1[/-]" "$pid/cgroup" 2>/dev/null; then
			[ "${pid#/proc/}" = $$ ] || echo "${pid#/proc/} $(tr '\0' ' ' <"$pid/cmdline" 2>/dev/null | cut -c 1-120)"
		fi
	done
}
traces() { # NAME
	ip netns list | awk '{ print "namespace", $1 }' | grep -E " kl-$1-"
	ip -o link | awk -F': ' '{ print "link", $2 }' | grep -E " (kl-$1|kl-$1[-.@].*)$"
	find /sys/fs/bpf/keelson -maxdepth 1 -name "$1" 2>/dev/null | sed 's/^/pins /'
	find /sys/fs/cgroup -type d -path "*keelson/$1*" 2>/dev/null | sed 's/^/cgroup /'
	awk '{ print "mount", $5 }' /proc/self/mountinfo | grep -E "/keelson/clusters/$1(/|$)"
	ls -d "/run/keelson/clusters/$1" "/var/lib/keelson/clusters/$1" 2>/dev/null | sed 's/^/folder /'
	processes_of "$1" | sed 's/^/process /'
}
no_traces() { # NAME
	check_is "$1 left no namespace, link, pin, cgroup, mount, folder or process" "$(traces "$1")" ""
}
