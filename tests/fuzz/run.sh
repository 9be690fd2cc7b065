#!/usr/bin/env bash
# ./run fuzz [--seconds N] [TARGET...]: every fuzz target for N seconds (60), seeded by the test
# data. It makes each find as small as possible, saves and prints it. The targets keep their corpus in
# build/fuzz/corpus.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
FOUND=$ROOT/build/fuzz/found
seconds=60
if [ "${1:-}" = --seconds ]; then
    seconds=${2:?how many seconds}
    shift 2
fi
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(json inbound conf settings calendar reason csv feed form)

build() {
    (cd "$ROOT" && cmake --preset clang -B build/fuzz -DDAYFOUR_FUZZ=ON \
        -DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$ROOT/build/fuzz/bin") &&
        cmake --build "$ROOT/build/fuzz" -j "${DAYFOUR_JOBS:-$(nproc)}" --target fuzz_targets
}

# Seeds are files as they are, or lines of one.
seeds_of() {
    local dir=$1
    case $2 in
    json) cp "$ROOT"/tests/data/messages/*.msg "$ROOT"/deploy/settings/*.json "$dir" ;;
    inbound) cp "$ROOT"/tests/data/messages/*.msg "$ROOT"/tests/fuzz/seeds/inbound/* "$dir" ;;
    conf) cp "$ROOT"/deploy/*.conf.example "$ROOT"/tests/fuzz/seeds/conf/* "$dir" ;;
    settings) cp "$ROOT"/deploy/settings/pathways.json "$ROOT"/tests/fuzz/seeds/settings/* "$dir" ;;
    calendar) cp "$ROOT"/deploy/settings/bank-holidays.json \
        "$ROOT"/tests/fuzz/seeds/calendar/* "$dir" ;;
    reason) split -l 1 --additional-suffix=.txt "$ROOT"/tests/fuzz/seeds/reasons.txt "$dir/" ;;
    csv) cp "$ROOT"/doc/examples/*.csv "$ROOT"/tests/fuzz/seeds/csv/* "$dir" ;;
    feed) cp "$ROOT"/tests/fuzz/seeds/feed/* "$dir" ;;
    form) printf '%s' 'login=Test+Person&password=x%26y&at=%C3%AB%0D%0A' >"$dir/form" ;;
    *) echo "no such target: $2" >&2 && return 1 ;;
    esac
}

# shrink PROGRAM FILE: the smallest input with the same end, beside it.
shrink() {
    "$1" -minimize_crash=1 -max_total_time=20 -exact_artifact_path="$2.small" "$2" \
        >/dev/null 2>&1 || true
    if [ ! -s "$2.small" ]; then
        cp "$2" "$2.small"
    fi
    echo "     found: $2.small ($(stat -c %s "$2.small") bytes)"
    od -A d -t x1z "$2.small" | head -n 12
}

log=$ROOT/build/fuzz.log
mkdir -p "$ROOT/build"
if ! build >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "the fuzz targets could not be built" >&2
    exit 1
fi
passed=0
failed=0
for name in "${targets[@]}"; do
    program=$ROOT/build/fuzz/bin/fuzz_$name
    corpus=$ROOT/build/fuzz/corpus/$name
    seeds=$(mktemp -d)
    mkdir -p "$corpus" "$FOUND"
    seeds_of "$seeds" "$name"
    dict=()
    if [ "$name" = inbound ] || [ "$name" = json ]; then
        dict=(-dict="$ROOT/tests/fuzz/event.dict")
    fi
    report=$ROOT/build/fuzz/$name.log
    if "$program" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1500 -max_len=8192 \
        -print_final_stats=1 -artifact_prefix="$FOUND/$name-" "${dict[@]}" "$corpus" "$seeds" \
        >"$report" 2>&1; then
        echo "ok   fuzz $name: $(sed -n 's/stat::number_of_executed_units: *//p' "$report") inputs" \
            "in $seconds s, $(grep -o 'cov: [0-9]*' "$report" | tail -n 1)"
        passed=$((passed + 1))
    else
        echo "FAIL fuzz $name"
        grep -m3 -E 'ERROR|not so|runtime error' "$report" || tail -n 5 "$report"
        file=$(sed -n 's/.*Test unit written to //p' "$report" | head -n 1)
        [ -z "$file" ] || shrink "$program" "$file"
        failed=$((failed + 1))
    fi
    rm -rf "$seeds"
done
echo "cases: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
