# shellcheck shell=bash
# A private PostgreSQL: loopback only, password needed, data in the run folder.

pg_bin() {
    local dir
    if [ -z "${PG_BIN:-}" ]; then
        for dir in /usr/lib/postgresql/*/bin /usr/local/pgsql/bin; do
            if [ -x "$dir/initdb" ]; then
                PG_BIN=$dir
            fi
        done
        if [ -z "${PG_BIN:-}" ] && command -v pg_config >/dev/null; then
            PG_BIN=$(pg_config --bindir)
        fi
    fi
    [ -x "${PG_BIN:-}/postgres" ]
}

# The server refuses to run as root: then it runs as postgres. Descriptor 9 is the lock of `run`.
pg_as() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups "$@" 9>&-
    else
        "$@" 9>&-
    fi
}

# Where the data lives: the run folder, or a place of root's when postgres cannot get into that.
pg_dir() {
    local dir key
    if [ ! -s "$RUN_DIR/postgres.dir" ]; then
        dir=$RUN_DIR/postgres
        if [ "$(id -u)" -eq 0 ] && ! pg_as test -x "$RUN_DIR" 2>/dev/null; then
            key=$(printf '%s' "$RUN_DIR" | sha256sum | cut -c1-16)
            dir=/var/lib/dayfour-dev/$key
        fi
        echo "$dir" >"$RUN_DIR/postgres.dir"
    fi
    cat "$RUN_DIR/postgres.dir"
}

pg_secret() {
    local file=$RUN_DIR/secrets/postgres
    if [ ! -s "$file" ]; then
        (umask 077 && random_hex 16 >"$file")
    fi
    cat "$file"
}

# An operator would set these too; durability stays on, the tests are about it.
pg_settings() {
    cat <<'CONF'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 4GB
min_wal_size = 4GB
wal_compression = lz4
checkpoint_timeout = 15min
fsync = on
synchronous_commit = on
password_encryption = scram-sha-256
log_destination = stderr
logging_collector = off
log_line_prefix = '%m [%p] %a '
log_timezone = 'UTC'
timezone = 'UTC'
CONF
}

pg_init() {
    local dir=$1 pwfile=$1.pw
    rm -rf "$dir"
    if [ "$(id -u)" -eq 0 ]; then
        install -d -m 0755 "$(dirname "$dir")"
        install -d -m 0700 -o postgres -g postgres "$dir"
    fi
    (umask 077 && pg_secret >"$pwfile")
    if [ "$(id -u)" -eq 0 ]; then
        chown postgres "$pwfile"
    fi
    # The working folder may be closed to postgres; initdb wants to return to it.
    (cd / && pg_as "$PG_BIN/initdb" -D "$dir" -U postgres --pwfile="$pwfile" -E UTF8 \
        --locale=C.UTF-8 --data-checksums --auth=scram-sha-256 --no-instructions) || return 1
    rm -f "$pwfile"
    pg_settings | pg_as tee "$dir/dayfour.conf" >/dev/null
    echo "include 'dayfour.conf'" | pg_as tee -a "$dir/postgresql.conf" >/dev/null
    echo "host all all 127.0.0.1/32 scram-sha-256" | pg_as tee "$dir/pg_hba.conf" >/dev/null
    touch "$RUN_DIR/postgres.made"
}

pg_spawn() {
    local as=()
    if [ "$(id -u)" -eq 0 ]; then
        as=(setpriv --reuid=postgres --regid=postgres --init-groups)
    fi
    (cd / && exec setsid "${as[@]}" "$PG_BIN/postgres" -D "$1" -p "$2" 9>&-) \
        >>"$RUN_DIR/log/postgres.log" 2>&1 </dev/null &
    proc_record postgres $!
    disown
}

# Ready is the eighth line of the server's own pid file.
pg_wait() {
    local waited=0
    while ! sed -n 8p "$1/postmaster.pid" 2>/dev/null | grep -q '^ready'; do
        if ! proc_pid postgres >/dev/null; then
            return 1
        fi
        sleep 0.05
        waited=$((waited + 1))
        if [ "$waited" -gt 1200 ]; then
            return 1
        fi
    done
}

# The server's own account, for commands of `run`; the password goes through the environment.
pg_sql() {
    PGPASSWORD=$(pg_secret) PGHOST=127.0.0.1 PGPORT=$PG_PORT PGUSER=postgres PGCONNECT_TIMEOUT=10 \
        "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 "$@"
}

pg_make_database() {
    if [ -z "$(pg_sql -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = 'dayfour'")" ]; then
        pg_sql -d postgres -c "CREATE DATABASE dayfour"
    fi
}

pg_dsn() {
    echo "host=127.0.0.1 port=$PG_PORT dbname=dayfour user=postgres password=$(pg_secret)"
}

# pg_start: sets PG_PORT; a server that runs already is left alone.
pg_start() {
    local dir
    pg_bin || { warn "no PostgreSQL server programs found"; return 1; }
    dir=$(pg_dir)
    if proc_pid postgres >/dev/null; then
        PG_PORT=$(cat "$RUN_DIR/ports.postgres")
        return 0
    fi
    if [ ! -e "$RUN_DIR/postgres.made" ]; then
        pg_init "$dir" >"$RUN_DIR/log/initdb.log" 2>&1 || {
            tail -n 20 "$RUN_DIR/log/initdb.log" >&2
            return 1
        }
    fi
    for _ in 1 2 3; do
        PG_PORT=$(port_of postgres)
        pg_spawn "$dir" "$PG_PORT"
        if pg_wait "$dir"; then
            pg_make_database
            return
        fi
        proc_stop postgres INT 10
        port_taken "$PG_PORT" || break
    done
    tail -n 20 "$RUN_DIR/log/postgres.log" >&2
    return 1
}

# INT is PostgreSQL's fast shutdown.
pg_stop() {
    proc_stop postgres INT 30
}

# Data that go away need no checkpoint: QUIT is PostgreSQL's immediate shutdown.
pg_remove() {
    local dir
    proc_stop postgres QUIT 20
    if [ -s "$RUN_DIR/postgres.dir" ]; then
        dir=$(cat "$RUN_DIR/postgres.dir")
        rm -rf -- "$dir" "$RUN_DIR/postgres.dir" "$RUN_DIR/postgres.made"
    fi
}
