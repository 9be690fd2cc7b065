#!/usr/bin/env bash
# ./run coverage: which branches of the parts that judge and decide the tests without servers take.
# What is left out: abort() when memory is out, and what the compiler says cannot be reached.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=$ROOT/build/coverage

cmake -S "$ROOT" --preset dev -B "$BUILD" -DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$BUILD/bin" \
    -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O0 -g --coverage" >/dev/null
cmake --build "$BUILD" >/dev/null
find "$BUILD" -name '*.gcda' -delete
DAYFOUR_BIN=$BUILD/bin ctest --test-dir "$BUILD" -L 'unit|properties' --output-on-failure | tail -n 3
for part in common/casework common/event common/json; do
    printf '%-16s ' "$part"
    gcovr -r "$ROOT" "$BUILD" -f "$ROOT/$part.*" --branches --exclude-unreachable-branches \
        ${1:+"$@"} | sed -n "${1:+1,\$p};s/^TOTAL  *//p"
done
