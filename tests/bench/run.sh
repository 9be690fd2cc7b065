#!/usr/bin/env bash
# ./run bench [--quick] [--events N] [--repeat N] [--json FILE]: everything in one run, so that ratios hold on a
# noisy machine. See doc/performance.md.
# ./run bench lists, report, web, feed, outage: what people wait for; what is held while the database is away.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
cd "$ROOT"
./run build >/dev/null
cmake --preset bench >/dev/null
cmake --build build/bench >/dev/null
script=bench
if [ -e "$ROOT/tests/bench/${1:-}.py" ]; then
    script=$1
    shift
fi
exec ./run with python3 -B "$ROOT/tests/bench/$script.py" "$@"
