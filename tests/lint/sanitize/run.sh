#!/usr/bin/env bash
# tests/lint/sanitize/run.sh asan|tsan [TEST [CASE]...]: builds the programs with AddressSanitizer and
# UndefinedBehaviorSanitizer, or with ThreadSanitizer, and runs an end-to-end test (tests/e2e/test_TEST.py;
# cli: those of the commands) against servers of its own; without TEST, one for each program. A report of a sanitizer is
# a failure, also where the test itself passes.
#
# tests/lint/sanitize/run.sh valgrind [TEST...]: unit tests under valgrind; by default those of common/event.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd)
kind=${1:?which: asan, tsan or valgrind}
shift

# Every test is a process of its own, which valgrind follows and writes a report of.
under_valgrind() {
    local test reports errors
    [ $# -gt 0 ] || set -- decimal inbound inbound_members inbound_corpus
    reports=$(mktemp -d)
    cmake -S "$ROOT" --preset dev >/dev/null
    cmake --build "$ROOT/build/dev" --target "${@/#/test_}" >/dev/null
    for test in "$@"; do
        echo "== valgrind: $test"
        (cd "$ROOT" && valgrind --trace-children=yes --leak-check=full \
            --errors-for-leak-kinds=definite --error-exitcode=9 --log-file="$reports/$test.%p" \
            "build/dev/bin/test_$test" -j1)
    done
    errors=$({ grep -L 'ERROR SUMMARY: 0 errors' "$reports"/* || true; } | wc -l)
    echo "valgrind: $(find "$reports" -type f | wc -l) processes, $errors with errors"
    if [ "$errors" -gt 0 ]; then
        grep -L 'ERROR SUMMARY: 0 errors' "$reports"/* | xargs cat
        exit 1
    fi
    rm -rf "$reports"
}

if [ "$kind" = valgrind ]; then
    under_valgrind "$@"
    exit 0
fi
BIN=$ROOT/build/$kind/bin
FOUND=$ROOT/build/$kind/found

build() {
    cmake -S "$ROOT" --preset "$kind" >/dev/null
    cmake --build "$ROOT/build/$kind" -j "${DAYFOUR_JOBS:-$(nproc)}" \
        --target dayfour dayfour-intake dayfour-followup e2e_topic
}

# one TEST [CASE]...
one() {
    local script=$ROOT/tests/e2e/test_$1.py status=0
    if [ "$1" = cli ]; then
        script=$ROOT/tests/integration/cli/run.py
    fi
    echo "== $kind: $*"
    (cd "$ROOT" && ASAN_OPTIONS="log_path=$FOUND/asan:detect_stack_use_after_return=1" \
        UBSAN_OPTIONS="log_path=$FOUND/ubsan:print_stacktrace=1" \
        TSAN_OPTIONS="log_path=$FOUND/tsan:second_deadlock_stack=1:suppressions=$ROOT/tests/lint/sanitize/tsan.supp" \
        ./run with env DAYFOUR_BIN="$BIN" python3 -B "$script" "${@:2}") || status=1
    return "$status"
}

if ! build >"$ROOT/build/$kind.log" 2>&1; then
    tail -n 30 "$ROOT/build/$kind.log" >&2
    echo "the build failed" >&2
    exit 1
fi
rm -rf "$FOUND"
mkdir -p "$FOUND"
failed=0
if [ $# -gt 0 ]; then
    one "$@" || failed=1
else
    one fixed2000 "three partitions" || failed=1
    one followup whole || failed=1
    one cli || failed=1
fi
reports=$(find "$FOUND" -type f | wc -l)
if [ "$reports" -gt 0 ]; then
    head -n 40 "$FOUND"/* || true
    failed=1
fi
echo "$kind: $reports reports"
exit "$failed"
