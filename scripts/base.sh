# shellcheck shell=bash
# What every command uses: messages, the run folder, processes, ports.

say() {
    printf '%s\n' "$*"
}

warn() {
    printf 'run: %s\n' "$*" >&2
}

die() {
    warn "$*"
    exit 3
}

usage_error() {
    warn "$*"
    warn "see ./run help"
    exit 1
}

# quietly WHAT LOGFILE COMMAND...: one line with the time taken; the end of the log if it fails.
quietly() {
    local what=$1 log=$2 from=$SECONDS
    shift 2
    mkdir -p "$(dirname "$log")"
    printf '%s ... ' "$what"
    if "$@" >"$log" 2>&1 </dev/null; then
        say "$((SECONDS - from)) s"
        return 0
    fi
    say "failed"
    tail -n "${DAYFOUR_LOG_LINES:-40}" "$log" >&2
    warn "all of it: $log"
    return 1
}

# use_run_dir DIR: where this command keeps servers, logs, passwords.
use_run_dir() {
    RUN_DIR=$(realpath -m -- "$1")
    mkdir -p "$RUN_DIR/log" "$RUN_DIR/pids" "$RUN_DIR/secrets"
    chmod 0700 "$RUN_DIR/secrets"
    if [ ! -e "$RUN_DIR/.gitignore" ]; then
        echo '*' >"$RUN_DIR/.gitignore"
    fi
}

# A run folder is changed by one command at a time; servers must not inherit the lock (9>&-).
lock_run_dir() {
    exec 9>"$RUN_DIR/lock"
    if ! flock -w "${1:-120}" 9; then
        die "another ./run is at work in $RUN_DIR"
    fi
}

unlock_run_dir() {
    exec 9>&-
}

random_hex() {
    od -An -vtx1 -N "$1" /dev/urandom | tr -d ' \n'
}

# --- processes: recorded with their start time, so that a number used again is never taken for ours

proc_start_time() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    # shellcheck disable=SC2086
    set -- $stat
    if [ "$1" = Z ] || [ "$1" = X ]; then
        return 1
    fi
    echo "${20}"
}

proc_record() {
    local start
    start=$(proc_start_time "$2") || return 1
    echo "$2 $start" >"$RUN_DIR/pids/$1"
}

# proc_pid NAME: prints the process id if the process recorded under NAME still runs.
proc_pid() {
    local pid start
    read -r pid start 2>/dev/null <"$RUN_DIR/pids/$1" || return 1
    if [ "$(proc_start_time "$pid")" != "$start" ]; then
        return 1
    fi
    echo "$pid"
}

# proc_stop NAME SIGNAL SECONDS: signal, wait, then kill.
proc_stop() {
    local pid waited=0
    if pid=$(proc_pid "$1"); then
        kill -s "$2" "$pid" 2>/dev/null || true
        while proc_pid "$1" >/dev/null; do
            sleep 0.05
            waited=$((waited + 1))
            if [ "$waited" -eq $(($3 * 20)) ]; then
                warn "$1 (pid $pid) did not end in $3 s: killed"
                kill -s KILL "$pid" 2>/dev/null || true
            elif [ "$waited" -gt $(($3 * 20 + 100)) ]; then
                warn "$1 (pid $pid) cannot be ended"
                return 1
            fi
        done
    fi
    rm -f "$RUN_DIR/pids/$1"
}

# --- ports

# Only listeners count: connections that linger after a server's end do not keep its port.
port_taken() {
    local hex
    hex=$(printf ':%04X' "$1")
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v h="$hex" '$4 == "0A" && substr($2, length($2) - 4) == h { found = 1 }
            END { exit !found }'
}

# A port nobody uses, below the range from which the kernel gives out its own.
free_port() {
    local port
    for _ in $(seq 100); do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 10000))
        if ! port_taken "$port"; then
            echo "$port"
            return 0
        fi
    done
    return 1
}

# port_of NAME: the port used last time if it is still free, so that addresses stay the same.
port_of() {
    local port
    port=$(cat "$RUN_DIR/ports.$1" 2>/dev/null) || port=
    if [ -z "$port" ] || port_taken "$port"; then
        port=$(free_port) || return 1
        echo "$port" >"$RUN_DIR/ports.$1"
    fi
    echo "$port"
}
