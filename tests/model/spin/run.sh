#!/usr/bin/env bash
# models.NAME: checks one model of tests/model/spin exhaustively, then shows that each of its mutations is
# found out. Ends with `cases: P passed, F failed, S skipped`; 77 where Spin is missing.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd)
model=${1:?which model: intake, followup or entries}
source=$ROOT/tests/model/spin/$model.pml
for tool in spin cc; do
    if ! command -v "$tool" >/dev/null; then
        echo "needs $tool"
        exit 77
    fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# explore [-DMUTATION]: prints Spin's report. Partial order reduction stays off where it would not
# pay: the processes share nearly all they have.
explore() {
    rm -f pan pan.* "$model.pml.trail"
    cp "$source" .
    spin ${1:+"$1"} -a "$model.pml" >spin.log || { cat spin.log >&2; return 2; }
    cc -O1 -w -DSAFETY -DMEMLIM=1024 -DVECTORSZ=2048 -DCOLLAPSE -o pan pan.c
    ./pan -m200000 -w22 >report.txt 2>&1 || true
    cat report.txt
}

count() {
    sed -nE 's/^ *([0-9.e+]+) states, stored.*/\1/p' report.txt
}

passed=0
failed=0
explore >/dev/null
if grep -q 'errors: 0' report.txt && ! grep -qE 'too small|out of memory|not completed' report.txt; then
    echo "ok   $model: every state explored, $(count) states"
    passed=$((passed + 1))
else
    cat report.txt
    spin -t -p -g "$model.pml" 2>/dev/null | tail -n 120
    echo "FAIL $model"
    failed=$((failed + 1))
fi
mapfile -t mutations < <(sed -nE 's/^ \*   ([A-Z_]+) +.*/\1/p' "$source")
for mutation in "${mutations[@]}"; do
    explore "-D$mutation" >/dev/null
    if grep -q 'assertion violated' report.txt; then
        echo "ok   $model without its guard is found out: $mutation," \
            "$(grep -m1 -o 'assertion violated.*' report.txt | cut -c1-90)"
        passed=$((passed + 1))
    else
        cat report.txt
        echo "FAIL $model: the mutation $mutation goes unnoticed"
        failed=$((failed + 1))
    fi
done
echo "cases: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
