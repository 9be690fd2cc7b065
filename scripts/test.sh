# shellcheck shell=bash
# test: throw-away servers, the dev build, ctest, one line of counts.

# throwaway_infra DIR BINDIR: servers of their own for one run; exports where they are.
throwaway_infra() {
    use_run_dir "$1"
    lock_run_dir 2
    throwaway_remove
    guard_throwaway
    unset PG_DSN KAFKA_BROKERS
    infra_up "$2" || return 1
    export PG_DSN KAFKA_BROKERS DAYFOUR_RUN_DIR=$RUN_DIR DAYFOUR_BIN=$2
}

# Where Kafka cannot be had, PostgreSQL alone still serves many tests.
throwaway_postgres_only() {
    unset PG_DSN KAFKA_BROKERS
    if ! infra_start_postgres || ! KAFKA_BROKERS='' infra_migrate "$1"; then
        unset PG_DSN
        say "not run: tests that need PostgreSQL or Kafka (the servers did not start)"
        return 0
    fi
    say "not run: tests that need Kafka (it could not be fetched or started)"
    export PG_DSN
}

throwaway_remove() {
    proc_stop kafka KILL 10
    pg_remove
    rm -rf "$RUN_DIR/kafka" "$RUN_DIR/migrated" "$RUN_DIR/env"
}

guard_throwaway() {
    trap 'throwaway_remove' EXIT
    trap 'trap "" INT TERM HUP; exit 130' INT TERM HUP
}

# test_names timed|rest [ARGUMENTS TO CTEST]: the tests to run, the longest first by the time each may take. Unit tests
# are one entry, as each takes no time. Timed tests have the label `timed`.
test_names() {
    local which=$1
    shift
    ctest --test-dir "$ROOT/build/dev" --show-only=json-v1 "$@" 9>&- | python3 -c '
import json, sys
found = {}
for test in json.load(sys.stdin)["tests"]:
    of = {p["name"]: p["value"] for p in test.get("properties", [])}
    labels = of.get("LABELS", [])
    unit = "unit" in labels
    if ("timed" in labels) == (sys.argv[1] == "timed"):
        found["unit" if unit else test["name"]] = 301 if unit else of.get("TIMEOUT", 300)
print("\n".join(sorted(found, key=lambda name: -found[name])))' "$which"
}

# A worker takes one name at a time from the list.
next_test() {
    local name
    {
        flock 8
        name=$(head -n 1 "$1")
        sed -i 1d "$1"
    } 8>"$1.lock"
    [ -n "$name" ] && echo "$name"
}

# run_named LIST RESULTS [ARGUMENTS TO CTEST]: until the list is empty; status 1 if one failed.
run_named() {
    local list=$1 results=$2 name failed=0 which
    shift 2
    while name=$(next_test "$list"); do
        which=(-R "^${name//./\\.}\$")
        if [ "$name" = unit ]; then
            which=(-L '^unit$')
        fi
        if ! ctest --test-dir "$ROOT/build/dev" --output-on-failure --no-tests=error \
            --timeout "${DAYFOUR_TEST_TIMEOUT:-300}" --test-output-size-passed 10000000 \
            --test-output-size-failed 10000000 --output-junit "$results/$name.xml" "$@" \
            "${which[@]}" >"$results/$name.log" 2>&1 9>&- </dev/null; then
            failed=1
        fi
        # Whole, so that what two workers print does not mix.
        grep -Ev '^(Internal ctest|Test project|Label Time|Total Test|[a-z]+ +=|100% tests|$)' \
            "$results/$name.log" || true
    done
    return "$failed"
}

# test_worker N LIST RESULTS BINDIR [ARGUMENTS TO CTEST]: with servers of its own.
test_worker() {
    local n=$1 list=$2 results=$3 bin=$4 status=0
    shift 4
    if [ "$(cat "$list")" = unit ]; then
        run_named "$list" "$results" "$@" # they need no servers
        return
    fi
    if ! throwaway_infra "$RUN_DIR/test.$n" "$bin"; then
        throwaway_postgres_only "$bin"
        export DAYFOUR_RUN_DIR=$RUN_DIR DAYFOUR_BIN=$bin
    fi
    run_named "$list" "$results" "$@" || status=1
    throwaway_remove
    trap - EXIT INT TERM HUP
    return "$status"
}

# run_workers JOBS LIST RESULTS BINDIR [ARGUMENTS TO CTEST]: until the list is empty.
run_workers() {
    local jobs=$1 pids=() n status=0
    shift
    if [ ! -s "$1" ]; then
        return 0
    fi
    trap 'kill -TERM "${pids[@]}" 2>/dev/null; wait' EXIT
    trap 'trap "" INT TERM HUP; exit 130' INT TERM HUP
    for ((n = 1; n <= jobs; n++)); do
        (test_worker "$n" "$@" 7>&-) &
        pids+=($!)
    done
    for n in "${pids[@]}"; do
        wait "$n" || status=1
    done
    trap - EXIT INT TERM HUP
    return "$status"
}

# Tests stop servers, move clocks and read whole topics, so none runs beside another on the same servers: each worker
# has its own. They wait more than they compute, so there is one more than processors; DAYFOUR_TEST_JOBS sets another
# number. Tests that assert on seconds run after the others, one by one: nothing is timed beside other work.
run_tests() {
    local bin=$1 list=$RUN_DIR/tests results=$RUN_DIR/results jobs status=0
    shift
    exec 7>"$RUN_DIR/test.lock"
    flock -n 7 || die "another ./run test is at work in $RUN_DIR"
    rm -rf "$results" "$list" "$list.timed"
    mkdir -p "$results"
    test_names rest "$@" | sed '/^$/d' >"$list" || return 1
    test_names timed "$@" | sed '/^$/d' >"$list.timed" || return 1
    jobs=${DAYFOUR_TEST_JOBS:-$(($(nproc) + 1))}
    if [ "$(wc -l <"$list")" -lt "$jobs" ]; then
        jobs=1
    fi
    run_workers "$jobs" "$list" "$results" "$bin" "$@" || status=1
    run_workers 1 "$list.timed" "$results" "$bin" "$@" || status=1
    return "$status"
}

# test_in debian-13 [ARGUMENTS]: the same in a bare system of its own: its compiler, libraries and
# servers. Sources are copied in, Kafka's jars are the user's.
test_in() {
    local suite dir=$RUN_DIR/in status=0
    case "${1:-}" in
    debian-12) suite=bookworm ;;
    debian-13) suite=trixie ;;
    *) usage_error "test --in: debian-12 or debian-13" ;;
    esac
    shift
    if ! root_copy "$suite" "$dir"; then
        say "not run: everything (no bare Debian could be made)"
        exit 77
    fi
    trap 'root_remove "$RUN_DIR/in"' EXIT
    mkdir -p "$dir/src" "$dir/root/.cache/dayfour" "$ROOTS/../apt-$suite"
    files_named . | tar -C "$ROOT" -cf - -T - | tar -C "$dir/src" -xf -
    mount --bind "$(dirname "$ROOTS")" "$dir/root/.cache/dayfour"
    # Packages that were fetched once are kept.
    mount --bind "$ROOTS/../apt-$suite" "$dir/var/cache/apt/archives"
    in_root "$dir" sh -c 'apt-get -q update && cd /src && exec ./run test "$@"' \
        sh "$@" || status=$?
    rm -rf "$RUN_DIR/results-$suite"
    cp -r "$dir/src/.run/results" "$RUN_DIR/results-$suite" 2>/dev/null || true
    exit "$status"
}

cmd_test() {
    local long='' bin=$ROOT/build/dev/bin status=0
    if [ "${1:-}" = --in ]; then
        shift
        test_in "$@"
    fi
    if [ "${1:-}" = --long ]; then
        long=yes
        shift
    fi
    if ! build_preset dev test; then
        say "failed: the build"
        say "0 passed, 1 failed, 0 skipped"
        exit 1
    fi
    bring_promtool || true
    kafka_is_brief
    local labels=(-LE '^long$')
    if [ -n "$long" ]; then
        labels=()
        (need_packages long) || say "not run: tests that need the packages of the group long"
    fi
    run_tests "$bin" "${labels[@]}" "$@" || status=$?
    python3 "$ROOT/scripts/count_tests.py" "$status" "$RUN_DIR"/results/*.xml
}

# with COMMAND...: runs a command against servers of its own, for work on a single test.
cmd_with() {
    local status=0
    [ $# -gt 0 ] || usage_error "with: a command is needed"
    throwaway_infra "$RUN_DIR/with.$$" "$ROOT/build/dev/bin" || exit 3
    "$@" 9>&- || status=$?
    throwaway_remove
    trap - EXIT
    rm -rf "$RUN_DIR"
    exit "$status"
}
