#!/usr/bin/env bash
# deploy/Dockerfile and docker-compose.yml as far as that goes without a container engine: the steps of the file, one by
# one, in bare Debian roots (IMAGE_ROOTS), then the services of the compose file from what came out, as its user, on a
# read-only root without a shell of its own. `./run package --image` sets everything up.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=scripts/base.sh
. "$ROOT/scripts/base.sh"
# shellcheck source=scripts/roots.sh
. "$ROOT/scripts/roots.sh"

passed=0
pids=()
log=$IMAGE_ROOTS/log
sealed=

clean_up() {
    local pid
    for pid in "${pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
    done
    [ -z "$sealed" ] || umount -l "$sealed"
}
trap clean_up EXIT

check() {
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        say "ok: $what"
    else
        say "failed: $what"
        tail -n 20 "$log"
        say "cases: $passed passed, 1 failed, 0 skipped"
        exit 1
    fi
}

# --- the Dockerfile: a root for each FROM; $stage is where we are, $work its WORKDIR

stages=()
declare -A named
stage=
work=/
user=
command=

step_from() {
    [ "$1" = debian:trixie-slim ] || { say "FROM $1: not known here" >>"$log"; return 1; }
    stage=$IMAGE_ROOTS/stage${#stages[@]}
    stages+=("$stage")
    work=/
    root_copy trixie "$stage" || return 1
    if [ "${2:-}" = AS ]; then
        named[$3]=$stage
    fi
}

step_copy() {
    local from=$ROOT to
    case $1 in
    --from=*)
        from=${named[${1#--from=}]}
        shift
        ;;
    esac
    to=${*: -1}
    case $to in
    /*) to=$stage$to ;;
    *) to=$stage$work/$to ;;
    esac
    while [ $# -gt 1 ]; do
        if [ -d "$from/$1" ]; then
            mkdir -p "$to"
            cp -a "$from/$1/." "$to/" || return 1
        else
            case $to in
            */ | */.) mkdir -p "$to" ;;
            esac
            cp -a "$from/$1" "$to" || return 1
        fi
        shift
    done
}

# Words of an instruction, already in one line.
step() {
    local word=$1
    shift
    case $word in
    FROM) step_from "$@" ;;
    COPY) step_copy "$@" ;;
    WORKDIR) work=$1 && mkdir -p "$stage$work" ;;
    RUN) in_root "$stage" sh -c "cd '$work' && $*" >>"$log" 2>&1 ;;
    USER) user=$1 ;;
    STOPSIGNAL) [ "$1" = SIGTERM ] ;;
    CMD) command=$* ;;
    *) say "$word: not known here" >>"$log"; return 1 ;;
    esac
}

steps() {
    local line
    while read -r line; do
        say "== $line" >>"$log"
        # shellcheck disable=SC2086
        case $line in
        RUN\ *) step RUN "${line#RUN }" || return 1 ;;
        *) step $line || return 1 ;;
        esac
    done < <(sed -e '/^ *#/d' -e '/^ *$/d' "$ROOT/deploy/Dockerfile" | sed -e ':a' -e '/\\$/N; s/\\\n */ /; ta')
}

# --- what came out

# As the image runs: its user, nothing of its root can be written to, and no shell.
seal() {
    rm -f "$stage/bin/sh" "$stage/bin/dash" "$stage/bin/bash"
    mount --rbind "$stage" "$stage" || return 1
    mount --make-rslave "$stage"
    sealed=$stage
    mount -o remount,bind,ro "$stage" || return 1
    ! touch "$stage/tmp/x" 2>/dev/null && ! chroot "$stage" /bin/sh -c true 2>/dev/null
}

in_image() {
    chroot --userspec="$user" "$stage" "$@"
}

shows_help() {
    local words
    mapfile -t words < <(python3 -c 'import json, sys; print(*json.loads(sys.argv[1]), sep="\n")' "$command")
    in_image /usr/bin/env -i PATH=/usr/bin "${words[@]}" >>"$log" 2>&1
}

is_slim() {
    ! chroot "$stage" /usr/bin/dpkg-query -W gcc >/dev/null 2>&1 && [ "${user%%:*}" -ge 1000 ]
}

# The environment that docker-compose.yml gives a service, with our servers in the place of its own.
environment_of() {
    python3 - "$IMAGE_ROOTS/compose" "$1" <<'PY'
import json
import os
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    service = json.load(file)["services"][sys.argv[2]]
for name, value in service["environment"].items():
    value = value.replace("host=postgres", "host=127.0.0.1 port=" + os.environ["DB_PORT"])
    print("%s=%s" % (name, value.replace("kafka:9092", os.environ["KAFKA_BROKERS"])))
PY
}

run_service() {
    local environment
    mapfile -t environment < <(environment_of "$1")
    shift
    in_image /usr/bin/env -i PATH=/usr/bin "${environment[@]}" "$@"
}

migrates() {
    run_service migrate dayfour migrate >>"$log" 2>&1
}

make_logins() {
    local name
    for name in intake followup; do
        psql -XAtq -v ON_ERROR_STOP=1 -d "$PG_DSN" -c \
            "create role ${name}_service login password 'x' in role dayfour_$name" >>"$log" 2>&1 || return 1
    done
}

start() {
    local waited=0 out=$IMAGE_ROOTS/$1.log environment
    mapfile -t environment < <(environment_of "$1")
    chroot --userspec="$user" "$stage" /usr/bin/env -i PATH=/usr/bin "${environment[@]}" "dayfour-$1" \
        >"$out" 2>&1 </dev/null &
    pids+=($!)
    while ! grep -q '"event":"ready"' "$out"; do
        if ! kill -0 "${pids[-1]}" 2>/dev/null || [ "$waited" -gt 600 ]; then
            tail -n 5 "$out" >>"$log"
            return 1
        fi
        sleep 0.1
        waited=$((waited + 1))
    done
}

an_absence_becomes_a_task() {
    local waited=0
    kcat -P -b "$KAFKA_BROKERS" -t absence.events -k P-77 <<<'{"specversion":"1.0","id":"1","source":"/hr/RW3","type":"org.dayfour.absence.opened.v1","data":{"organisation":"RW3","absence_id":"A-1","version":1,"person_id":"P-77","category":"sickness","onset_date":"'"$(date +%F)"'","reason":{"scheme":"esr","code":"S12"}}}'
    while [ "$(psql -XAtq -d "$PG_DSN" -c 'select count(*) from followup.emitted')" = 0 ]; do
        [ "$waited" -lt 200 ] || return 1
        sleep 0.1
        waited=$((waited + 1))
    done
}

end() {
    local pid status=0
    for pid in "${pids[@]}"; do
        kill -TERM "$pid"
        wait "$pid" || status=$?
    done
    pids=()
    return "$status"
}

# By Docker's own reading, Debian 13's, which needs no engine for it.
compose_is_understood() {
    local name
    in_root "$1" sh -c 'apt-get -q -y update && apt-get -q -y --no-install-recommends install docker-compose' \
        >>"$log" 2>&1 || return 1
    mkdir -p "$1/compose/deploy"
    cp "$ROOT/docker-compose.yml" "$1/compose/"
    cp "$ROOT/deploy/Dockerfile" "$1/compose/deploy/"
    in_root "$1" env DAYFOUR_DB_PASSWORD="$DB_PASSWORD" DAYFOUR_INTAKE_PASSWORD=x DAYFOUR_FOLLOWUP_PASSWORD=x DAYFOUR_WEB_PASSWORD=x \
        docker-compose -f /compose/docker-compose.yml config --format json >"$IMAGE_ROOTS/compose" 2>>"$log" || return 1
    for name in kafka topics postgres migrate roles intake followup web; do
        grep -q "\"$name\": {" "$IMAGE_ROOTS/compose" || return 1
    done
    # It must not run without passwords of the installation's own.
    ! in_root "$1" docker-compose -f /compose/docker-compose.yml config >>"$log" 2>&1
}

: >"$log"
DB_PASSWORD=$(sed -n 's/.*password=\([^ ]*\).*/\1/p' <<<"$PG_DSN")
DB_PORT=$(sed -n 's/.*port=\([^ ]*\).*/\1/p' <<<"$PG_DSN")
export DB_PORT

check "the Dockerfile's steps" steps
check "Docker understands docker-compose.yml" compose_is_understood "${stages[0]}"
check "no compiler, and not root" is_slim
check "nothing can be written to, and there is no shell" seal
check "what it says by itself" shows_help
check "migrate" migrates
check "logins" make_logins
check "intake" start intake
check "followup" start followup
check "an absence becomes a task and an event" an_absence_becomes_a_task
check "both end well" end
say "not run: docker itself (no container engine): the images' own entry points, health checks, networks, limits"
say "cases: $passed passed, 0 failed, 0 skipped"
