# shellcheck shell=bash
# up, down, status, psql: PostgreSQL, Kafka and the services of one run folder.

SERVICES=(dayfour-intake dayfour-followup dayfour-web)
STARTED=()
OWN_POSTGRES= # set when PostgreSQL is the run folder's own

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

# If this call does not get to its end, it stops the servers that it started.
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
    OWN_POSTGRES=yes
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
    infra_packages || return 1
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

# --- services: each logs in with a role of its own, a member of the group that migrate made for it

login_of() {
    echo "${1#dayfour-}_service"
}

# Where a service's password is kept; of a server that is not ours, by its address.
login_secret() {
    if [ -n "$OWN_POSTGRES" ]; then
        echo "$RUN_DIR/secrets/$(login_of "$1")"
    else
        echo "$RUN_DIR/secrets/$(login_of "$1").$(printf '%s' "$PG_DSN" | sha256sum | cut -c1-12)"
    fi
}

# On somebody else's server a login that is there already is theirs: then CREATE fails.
login_sql() {
    local login=$1 team=$2 password=$3
    if [ -z "$OWN_POSTGRES" ]; then
        echo "CREATE ROLE $login LOGIN IN ROLE $team;"
    else
        echo "SELECT 'CREATE ROLE $login LOGIN IN ROLE $team'"
        echo "WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$login') \\gexec"
    fi
    echo "ALTER ROLE $login PASSWORD '$password';"
}

login_make() {
    local secret login password
    secret=$(login_secret "$1")
    login=$(login_of "$1")
    if [ -s "$secret" ]; then
        [ -n "$OWN_POSTGRES" ] || return 0
        password=$(cat "$secret")
    else
        password=$(random_hex 16)
    fi
    if login_sql "$login" "dayfour_${1#dayfour-}" "$password" |
        psql -X -q -1 -v ON_ERROR_STOP=1 "$PG_DSN" >"$RUN_DIR/log/$login.log" 2>&1 9>&-; then
        (umask 077 && echo "$password" >"$secret")
    elif [ -z "$OWN_POSTGRES" ]; then
        warn "$1 logs in as PG_DSN says: no login $login of ours could be made there"
    else
        cat "$RUN_DIR/log/$login.log" >&2
        return 1
    fi
}

# The same database for another user.
dsn_of_user() {
    case $PG_DSN in
    postgres://*\?* | postgresql://*\?*) echo "$PG_DSN&user=$1" ;;
    postgres://* | postgresql://*) echo "$PG_DSN?user=$1" ;;
    *[\'\\]*) echo "$PG_DSN user=$1" ;;
    *) echo "$(sed -E 's/(^| +)(user|password)=[^ ]*//g' <<<"$PG_DSN") user=$1" ;;
    esac
}

service_env() {
    local secret
    export KAFKA_BROKERS
    secret=$(login_secret "$1")
    if [ ! -s "$secret" ]; then
        export PG_DSN
        return
    fi
    DAYFOUR_PG_DSN=$(dsn_of_user "$(login_of "$1")")
    export DAYFOUR_PG_DSN DAYFOUR_PG_PASSWORD_FILE=$secret
    export -n PG_DSN
}

service_conf() {
    local conf=$RUN_DIR/$1.conf port
    if [ ! -e "$conf" ]; then
        echo "# Servers and login come from the environment, as ./run sets it; this is for the rest." \
            >"$conf"
        echo "log.format = json" >>"$conf"
    fi
    # The port may have been taken by somebody else since.
    if [ "$1" = dayfour-web ]; then
        port=$(port_of dayfour-web)
        sed -i '/^web\.\(listen\|origin\) *=/d' "$conf"
        printf 'web.listen = 127.0.0.1:%s\nweb.origin = http://127.0.0.1:%s\n' "$port" "$port" >>"$conf"
    fi
    echo "$conf"
}

# service_spawn NAME BINDIR [CLOCKS]: with CLOCKS, a folder, the service runs on a clock in it.
service_spawn() {
    local conf log=$RUN_DIR/log/$1.jsonl
    conf=$(service_conf "$1")
    if [ -s "$log" ]; then
        mv "$log" "$log.1"
    fi
    STARTED+=("$1")
    (
        service_env "$1"
        if [ -n "${3:-}" ]; then
            export DAYFOUR_CLOCK_FILE=$3/${1#dayfour-}.clock
        fi
        exec setsid "$2/$1" --config "$conf" 9>&-
    ) >"$log" 2>"$RUN_DIR/log/$1.err" </dev/null &
    proc_record "$1" $!
    disown
}

# Until the service says that it is ready.
service_wait() {
    local waited=0 log=$RUN_DIR/log/$1.jsonl
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

# services_start BINDIR [CLOCKS]: those that do not run yet, side by side. Nobody looks at the page while clocks jump.
services_start() {
    local name fresh=()
    for name in "${SERVICES[@]}"; do
        if proc_pid "$name" >/dev/null || [ "$name:${2:+clocks}" = dayfour-web:clocks ]; then
            continue
        elif [ ! -x "$1/$name" ]; then
            warn "$name is not built"
        else
            login_make "$name" || return 1
            service_spawn "$name" "$@"
            fresh+=("$name")
        fi
    done
    for name in "${fresh[@]}"; do
        service_wait "$name" || return 1
    done
}

services_stop() {
    local name pids=()
    for name in "${SERVICES[@]}"; do
        proc_stop "$name" TERM 12 &
        pids+=($!)
    done
    wait "${pids[@]}"
}

page_address() {
    echo "http://127.0.0.1:$(cat "$RUN_DIR/ports.dayfour-web")"
}

say_endpoints() {
    local where
    where=$(sed -E 's/ *(password|passfile)=[^ ]*//; s#(//[^:/@]*):[^@]*@#\1@#' <<<"$PG_DSN")
    say "PostgreSQL  $where"
    say "Kafka       $KAFKA_BROKERS"
    say "Environment . $RUN_DIR/env"
    if proc_pid dayfour-web >/dev/null; then
        say "Page        $(page_address)"
    fi
    say "Logs        $RUN_DIR/log"
}

cmd_up() {
    local with_services=yes
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
        services_start "$ROOT/build/bin" || exit 3
    fi
    unguard_start
    say_endpoints
}

infra_down() {
    services_stop
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

# The last thing a service that is not running said, where that was not a proper end.
service_last_words() {
    [ -e "$RUN_DIR/log/$1.jsonl" ] || return 0
    sed -n 's/.*"event":"\(failed\|position_lost\|position_ahead\)".*"msg":"\([^"]*\)".*/\2/p' \
        "$RUN_DIR/log/$1.jsonl" | tail -n 1
}

# status_line NAME [ADDRESS]: the address of a server that is not ours.
status_line() {
    local pid words
    if [ -n "${2:-}" ]; then
        printf '%-17s not ours\n' "$1"
    elif pid=$(proc_pid "$1"); then
        printf '%-17s running   pid %-8s %s\n' "$1" "$pid" \
            "$(sed 's/^/port /' "$RUN_DIR/ports.$1" 2>/dev/null || true)"
    else
        words=$(service_last_words "$1")
        printf '%-17s not running%s\n' "$1" "${words:+: $words}"
    fi
}

cmd_status() {
    local name
    [ $# -eq 0 ] || usage_error "status takes no arguments"
    unset PG_DSN KAFKA_BROKERS
    if [ -e "$RUN_DIR/env" ]; then
        # shellcheck disable=SC1091
        . "$RUN_DIR/env"
    fi
    (
        forget_own_addresses
        status_line postgres "${PG_DSN:-}"
        status_line kafka "${KAFKA_BROKERS:-}"
    )
    for name in "${SERVICES[@]}"; do
        status_line "$name"
    done
    if [ -e "$RUN_DIR/env" ]; then
        say_endpoints
    else
        say "nothing is up in $RUN_DIR: ./run up starts it, ./run demo shows it at work"
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
