#!/bin/sh
# layout_old.sh SOURCE_DIR OUT_DIR: the headers of another layout of the tables, for the tests of migration: an older
# number, fields in other places and of other widths, a counter more in front, and a hash that places everything
# elsewhere.
set -eu
mkdir -p "$2/keelson"
awk '
	/^#define KL_LAYOUT / { print "#define KL_LAYOUT 1"; next }
	/^struct kl_map_tuple \{/ { print; print "\t__u32 before[2];"; tuple = 1; next }
	tuple && /client_port, frontend_port;/ { ports = $0; next }
	tuple && /__u32 created;/ { sub(/__u32 created;[^\n]*/, "__u32 created;"); print; print ports; tuple = 0; next }
	/^struct kl_map_backend \{/ { print; print "\t__u32 before;\n\t__u32 before2;"; backend = 1; next }
	/^struct kl_map_config \{/ { print; print "\t__u32 before[2];"; next }
	/^struct kl_map_counters \{/ { print; print "\t__u64 before;"; next }
	/^struct kl_map_traffic \{/ { print; print "\t__u64 before;"; next }
	/^struct kl_map_affinity \{/ { print; print "\t__u64 before;"; next }
	/^struct kl_map_netns \{/ { print; print "\t__u32 before;"; next }
	/KL_ASSERT_SIZE\(kl_map_(tuple|backend|config|counters|traffic|affinity|netns),/ { next }
	{ print }
' "$1/keelson/abi.h" >"$2/keelson/abi.h.new"
sed 's/0x9e3779b97f4a7c15ull/0xd1342543de82ef95ull/' "$1/keelson/hash.h" >"$2/keelson/hash.h.new"
cmp -s "$1/keelson/hash.h" "$2/keelson/hash.h.new" && { echo "layout_old.sh: the hash is the same" >&2; exit 1; }
for header in abi hash; do
	mv "$2/keelson/$header.h.new" "$2/keelson/$header.h"
done
