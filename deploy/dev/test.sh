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

run_ctest() {
    local long=$1 labels=(-LE '^long$')
    shift
    if [ -n "$long" ]; then
        labels=()
    fi
    ctest --test-dir "$ROOT/build/dev" --output-on-failure --no-tests=error \
        --timeout "${DAYFOUR_TEST_TIMEOUT:-300}" -j "${DAYFOUR_TEST_JOBS:-1}" \
        --test-output-size-passed 10000000 --test-output-size-failed 10000000 \
        --output-junit "$RUN_DIR/junit.xml" "${labels[@]}" "$@" 9>&- </dev/null
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
    # What was fetched once need not be again.
    mount --bind "$ROOTS/../apt-$suite" "$dir/var/cache/apt/archives"
    in_root "$dir" sh -c 'apt-get -q update && cd /src && exec ./run test "$@"' \
        sh "$@" || status=$?
    cp "$dir/src/.run/test/junit.xml" "$RUN_DIR/junit-$suite.xml" 2>/dev/null || true
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
    if ! throwaway_infra "$RUN_DIR/test" "$bin"; then
        throwaway_postgres_only "$bin"
        export DAYFOUR_RUN_DIR=$RUN_DIR DAYFOUR_BIN=$bin
    fi
    rm -f "$RUN_DIR/junit.xml"
    run_ctest "$long" "$@" || status=$?
    throwaway_remove
    trap - EXIT INT TERM HUP
    python3 "$ROOT/deploy/dev/count_tests.py" "$RUN_DIR/junit.xml" "$status"
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
