#!/bin/bash
# The programs load when built by Debian's older compiler too.
set -u
skip() { echo "skipped: $*"; exit 77; }
clang=$(command -v clang-14) || skip "no clang-14"
bpftool=$(command -v bpftool || echo /usr/sbin/bpftool)
[ "$(id -u)" = 0 ] || skip "needs root"
grep -q " /sys/fs/bpf bpf" /proc/mounts || mount -t bpf bpf /sys/fs/bpf || skip "no BPF file system"
work=$(mktemp -d)
pins=/sys/fs/bpf/kl-clang14-$$
trap 'rm -rf "$work" "$pins"' EXIT
failures=0
for build in sock lb "lb -DKL_XDP" pod reap; do
	set -- $build
	object=$work/$1.o
	"$clang" -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -Wall -Werror -Wno-unused-parameter -Wno-address-of-packed-member \
		-Wno-missing-declarations -I"$KL_SRC/bpf/include" -I"$KL_SRC/bpf" -I"/usr/include/$(uname -m)-linux-gnu" ${2:-} \
		-c "$KL_SRC/bpf/$1.bpf.c" -o "$object" || { echo "FAILED to build $build"; failures=$((failures + 1)); continue; }
	mkdir -p "$pins"
	if [ "$1" = reap ]; then
		"$bpftool" prog load "$object" "$pins/reap" >"$work/log" 2>&1
	else
		"$bpftool" prog loadall "$object" "$pins/all" >"$work/log" 2>&1
	fi && echo "ok: $build" || { echo "FAILED to load $build"; tail -5 "$work/log"; failures=$((failures + 1)); }
	rm -rf "$pins"
done
exit $((failures > 0))
