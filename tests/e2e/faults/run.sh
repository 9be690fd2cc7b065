#!/usr/bin/env bash
# ./run faults [--minutes N] [--seed S]: builds, starts servers of its own, and lets tests/e2e/faults
# do its worst.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd)
log=$ROOT/build/faults.log
mkdir -p "$ROOT/build"
if ! (cd "$ROOT" && cmake --preset dev && cmake --build build/dev -j "${DAYFOUR_JOBS:-$(nproc)}" \
    --target dayfour dayfour-intake dayfour-followup e2e_topic fault_switch) >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "the build failed" >&2
    exit 1
fi
# The mount of a small disk is seen by this run alone, and gone with its last process.
alone=()
if [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
    alone=(unshare --mount)
fi
exec "${alone[@]}" "$ROOT/run" with python3 -B "$ROOT/tests/e2e/faults/faults.py" "$@"
