# shellcheck shell=bash
# up, down, status, psql: PostgreSQL, Kafka and the services of one run folder.

SERVICES=(dayfour-intake dayfour-followup)
STARTED=()

# An address in the environment that is our own (somebody sourced .run/env) is not an external one.
forget_own_addresses() {
    local port
    port=$(cat "$RUN_DIR/ports.postgres" 2>/dev/null || echo 0)
    if [ -e "$RUN_DIR/postgres.made" ] && [ "${PG_DSN:-}" = "$(PG_PORT=$port pg_dsn)" ]; then
        unset PG_DSN
    fi
    port=$(cat "$RUN_DIR/ports.kafka" 2>/dev/null || echo 0)
    if [ "${KAFKA_BROKERS:-}" = "127.0.0.1:$port" ]; then
        unset KAFKA_BROKERS
    fi
}

# What this call started is stopped again when it does not get to its end.
stop_started() {
    local i
    for ((i = ${#STARTED[@]} - 1; i >= 0; i--)); do
        case ${STARTED[i]} in
        postgres) pg_stop ;;
        *) proc_stop "${STARTED[i]}" TERM 15 ;;
        esac
    done
    STARTED=()
}

guard_start() {
    trap 'stop_started' EXIT
    trap 'trap "" INT TERM HUP; warn "interrupted"; exit 130' INT TERM HUP
}

unguard_start() {
    trap - EXIT INT TERM HUP
    STARTED=()
}

infra_packages() {
    local groups=()
    [ -n "${PG_DSN:-}" ] || groups+=(postgres)
    [ -n "${KAFKA_BROKERS:-}" ] || groups+=(kafka)
    need_packages client "${groups[@]}"
}

infra_start_postgres() {
    if ! proc_pid postgres >/dev/null; then
        STARTED+=(postgres)
    fi
    pg_start || { warn "PostgreSQL does not start: $RUN_DIR/log/postgres.log"; return 1; }
    PG_DSN=$(pg_dsn)
}

infra_launch_kafka() {
    kafka_bring || { warn "Apache Kafka could not be fetched"; return 1; }
    if ! proc_pid kafka >/dev/null; then
        STARTED+=(kafka)
    fi
    kafka_launch
}

infra_ready_kafka() {
    # A port somebody else took meanwhile is the one failure worth a second try.
    if ! kafka_ready 2>"$RUN_DIR/log/kafka-ready.log"; then
        proc_stop kafka TERM 10
        kafka_start || { warn "Kafka does not start: $RUN_DIR/kafka/log"; return 1; }
    fi
    KAFKA_BROKERS=127.0.0.1:$KAFKA_PORT
}

infra_migrate() {
    local bin=$1 stamp
    if [ ! -x "$bin/dayfour" ]; then
        return 0
    fi
    stamp="$(stat -c '%Y %s' "$bin/dayfour") $(printf '%s' "$PG_DSN" | sha256sum)"
    if [ "$(cat "$RUN_DIR/migrated" 2>/dev/null)" = "$stamp" ]; then
        return 0
    fi
    PG_DSN=$PG_DSN KAFKA_BROKERS=$KAFKA_BROKERS "$bin/dayfour" migrate \
        >"$RUN_DIR/log/migrate.log" 2>&1 9>&- || {
        tail -n 20 "$RUN_DIR/log/migrate.log" >&2
        warn "dayfour migrate failed"
        return 1
    }
    echo "$stamp" >"$RUN_DIR/migrated"
}

shell_quote() {
    local q="'\\''"
    printf "'%s'" "${1//\'/$q}"
}

write_env() {
    local tmp=$RUN_DIR/env.$$
    (umask 077 && echo "export PG_DSN=$(shell_quote "$PG_DSN")" \
        "KAFKA_BROKERS=$(shell_quote "$KAFKA_BROKERS")" >"$tmp")
    mv "$tmp" "$RUN_DIR/env"
}

# infra_up BINDIR: both servers, topics, migration, env file. Sets PG_DSN and KAFKA_BROKERS.
# Kafka starts first, since it takes longest; PostgreSQL meanwhile.
infra_up() {
    local own_kafka=
    forget_own_addresses
    if [ -z "${PG_DSN:-}" ] && ! proc_pid postgres >/dev/null ||
        [ -z "${KAFKA_BROKERS:-}" ] && ! proc_pid kafka >/dev/null; then
        infra_packages || return 1
    fi
    if [ -z "${KAFKA_BROKERS:-}" ]; then
        own_kafka=yes
        infra_launch_kafka || return 1
    fi
    if [ -z "${PG_DSN:-}" ]; then
        infra_start_postgres || return 1
    fi
    if [ -n "$own_kafka" ]; then
        infra_ready_kafka || return 1
    elif ! kafka_make_topics "$KAFKA_BROKERS" --timeout 15; then
        warn "the topics could not be made on $KAFKA_BROKERS: make them there (${KAFKA_TOPICS[*]})"
    fi
    infra_migrate "$1" || return 1
    write_env
}

service_conf() {
    local conf=$RUN_DIR/$1.conf
    if [ ! -e "$conf" ]; then
        echo "# The database and the broker come from the environment (.run/env)." >"$conf"
        echo "log.format = json" >>"$conf"
    fi
    echo "$conf"
}

service_spawn() {
    local conf
    conf=$(service_conf "$1")
    (
        export PG_DSN KAFKA_BROKERS
        exec setsid "$2/$1" --config "$conf" 9>&-
    ) >"$RUN_DIR/log/$1.jsonl" 2>"$RUN_DIR/log/$1.err" </dev/null &
    proc_record "$1" $!
    disown
}

# service_start NAME BINDIR: returns once the service says it is ready.
service_start() {
    local waited=0 log=$RUN_DIR/log/$1.jsonl
    if proc_pid "$1" >/dev/null; then
        return 0
    fi
    if [ -s "$log" ]; then
        mv "$log" "$log.1"
    fi
    STARTED+=("$1")
    service_spawn "$1" "$2"
    while ! grep -q '"event":"ready"' "$log" 2>/dev/null; do
        if ! proc_pid "$1" >/dev/null || [ "$waited" -gt 600 ]; then
            tail -n 5 "$log" "$RUN_DIR/log/$1.err" >&2
            warn "$1 is not ready"
            return 1
        fi
        sleep 0.05
        waited=$((waited + 1))
    done
}

say_endpoints() {
    local where
    where=$(sed -E 's/ *(password|passfile)=[^ ]*//; s#(//[^:/@]*):[^@]*@#\1@#' <<<"$PG_DSN")
    say "PostgreSQL  $where"
    say "Kafka       $KAFKA_BROKERS"
    say "environment . $RUN_DIR/env"
}

cmd_up() {
    local with_services=yes service
    case "${1:-}" in
    '') ;;
    --infra) with_services= ;;
    *) usage_error "up: unknown option $1" ;;
    esac
    lock_run_dir
    guard_start
    if [ ! -x "$ROOT/build/bin/dayfour" ] && [ -e "$ROOT/CMakeLists.txt" ]; then
        if ! build_release && [ -n "$with_services" ]; then
            die "the build failed"
        fi
    fi
    infra_up "$ROOT/build/bin" || exit 3
    if [ -n "$with_services" ]; then
        for service in "${SERVICES[@]}"; do
            if [ ! -x "$ROOT/build/bin/$service" ]; then
                warn "$service is not built"
            else
                service_start "$service" "$ROOT/build/bin" || exit 3
            fi
        done
    fi
    unguard_start
    say_endpoints
}

infra_down() {
    proc_stop dayfour-followup TERM 12
    proc_stop dayfour-intake TERM 12
    proc_stop kafka TERM 20 &
    pg_stop
    wait
}

cmd_down() {
    local name running=()
    if [ ! -d "$RUN_DIR/pids" ]; then
        say "nothing runs"
        return 0
    fi
    lock_run_dir
    for name in "${SERVICES[@]}" kafka postgres; do
        if proc_pid "$name" >/dev/null; then
            running+=("$name")
        fi
    done
    infra_down
    rm -f "$RUN_DIR/env"
    say "stopped: ${running[*]:-nothing was running}"
}

cmd_status() {
    local name pid
    for name in postgres kafka "${SERVICES[@]}"; do
        if pid=$(proc_pid "$name"); then
            printf '%-17s running  pid %-8s %s\n' "$name" "$pid" \
                "$(sed 's/^/port /' "$RUN_DIR/ports.$name" 2>/dev/null || true)"
        else
            printf '%-17s stopped\n' "$name"
        fi
    done
    if [ -e "$RUN_DIR/env" ]; then
        # shellcheck disable=SC1091
        (. "$RUN_DIR/env" && say_endpoints)
    fi
}

cmd_psql() {
    if [ -z "${PG_DSN:-}" ]; then
        [ -e "$RUN_DIR/env" ] || die "nothing runs here: ./run up --infra first"
        # shellcheck disable=SC1091
        . "$RUN_DIR/env"
    fi
    command -v psql >/dev/null || need_packages client
    exec psql "$PG_DSN" "$@"
}

# --- for tests that stop and start servers under the product; ports stay the same

server_and_children() {
    local pid children
    pid=$(proc_pid "$1") || die "$1 does not run"
    children=$(cat "/proc/$pid/task/$pid/children")
    # shellcheck disable=SC2086
    printf '%s\n' "$pid" $children
}

server_signal() {
    # shellcheck disable=SC2046
    kill -s "$2" $(server_and_children "$1")
}

server_start() {
    if port_taken "$(cat "$RUN_DIR/ports.$1")" && ! proc_pid "$1" >/dev/null; then
        die "somebody else has taken the port of $1"
    fi
    case $1 in
    postgres) pg_start ;;
    kafka) kafka_start ;;
    esac
}

cmd_server() {
    case "${2:-}" in
    postgres | kafka) ;;
    *) usage_error "server: start, stop, kill, pause or resume, then postgres or kafka" ;;
    esac
    case $1 in
    start) server_start "$2" ;;
    stop) if [ "$2" = postgres ]; then pg_stop; else kafka_stop; fi ;;
    # QUIT is PostgreSQL's immediate shutdown: a crash, without processes left behind.
    kill) proc_stop "$2" "$(if [ "$2" = postgres ]; then echo QUIT; else echo KILL; fi)" 20 ;;
    pause) server_signal "$2" STOP ;;
    resume) server_signal "$2" CONT ;;
    *) usage_error "server: unknown action $1" ;;
    esac
}
