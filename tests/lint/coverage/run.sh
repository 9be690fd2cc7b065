#!/usr/bin/env bash
# ./run coverage [--histories N]: which branches of the parts that judge and decide are taken by the
# unit tests and by N (400) histories of tests/model/properties. Lists those that are not, and ends with 1
# where less than 95 % of a part are. Nothing is left out.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd)
BUILD=$ROOT/build/coverage
histories=400
if [ "${1:-}" = --histories ]; then
    histories=${2:?how many histories}
fi

# With -fexceptions the compiler gives calls a second way out, for a callee that throws: no branch of
# ours, and never taken.
cmake -S "$ROOT" --preset dev -B "$BUILD" -DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$BUILD/bin" \
    -DDAYFOUR_HAS_fexceptions=OFF -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O0 -g --coverage" >/dev/null
cmake --build "$BUILD" -j "${DAYFOUR_JOBS:-$(nproc)}" >/dev/null
find "$BUILD" -name '*.gcda' -delete
ctest --test-dir "$BUILD" -L unit -j "${DAYFOUR_JOBS:-$(nproc)}" --output-on-failure | tail -n 3
if [ "$histories" -gt 0 ]; then
    DAYFOUR_BIN=$BUILD/bin python3 -B "$ROOT/tests/model/properties/properties.py" \
        --persons "$histories" --live 0
fi
gcovr -r "$ROOT" "$BUILD" -f "$ROOT/common/(casework|event)/" -f "$ROOT/common/json/" \
    --json -o "$BUILD/coverage.json"
python3 -B "$ROOT/tests/lint/coverage/report.py" "$BUILD/coverage.json"
