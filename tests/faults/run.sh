#!/usr/bin/env bash
# ./run faults [--minutes N] [--seed S]: builds, starts servers of its own, and lets tests/faults
# do its worst.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
log=$ROOT/build/faults.log
mkdir -p "$ROOT/build"
if ! (cd "$ROOT" && cmake --preset dev && cmake --build build/dev -j "${DAYFOUR_JOBS:-$(nproc)}" \
    --target dayfour dayfour-intake dayfour-followup e2e_topic) >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "the build failed" >&2
    exit 1
fi
exec "$ROOT/run" with python3 -B "$ROOT/tests/faults/faults.py" "$@"
