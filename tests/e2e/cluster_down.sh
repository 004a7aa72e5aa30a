#!/usr/bin/env bash
# The end of the shared cluster: down removes every trace of it.
. "$(dirname "$0")/lib.sh"
. "$HERE/traces.sh"

check "down" "$KEELSON" down --name "$NAME"
no_traces "$NAME"
check "down again is fine" "$KEELSON" down --name "$NAME"
finish
