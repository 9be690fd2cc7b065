#!/usr/bin/env bash
# Installs the packages in a bare Debian (TRY_ROOT), starts the services as their units say, sends
# an absence through, upgrades, removes. `./run package --try` sets everything up.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=scripts/base.sh
. "$ROOT/scripts/base.sh"
# shellcheck source=scripts/roots.sh
. "$ROOT/scripts/roots.sh"

dir=$TRY_ROOT
passed=0
pids=()
trap 'for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done' EXIT

check() {
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        say "ok: $what"
    else
        say "failed: $what"
        say "cases: $passed passed, 1 failed, 0 skipped"
        exit 1
    fi
}

install_packages() {
    cp "$TRY_PACKAGES"/*.deb "$dir/tmp/"
    if ! in_root "$dir" sh -c 'apt-get -q -y update &&
        apt-get -q -y --no-install-recommends install /tmp/*.deb' >"$dir/tmp/apt.log" 2>&1; then
        tail -n 20 "$dir/tmp/apt.log"
        return 1
    fi
}

owner_of() {
    in_root "$dir" stat -c '%U:%G %a' "$1"
}

# shellcheck disable=SC2016
is_laid_out() {
    [ "$(owner_of /etc/dayfour/intake.conf)" = "root:dayfour 640" ] &&
        [ "$(owner_of /etc/dayfour/followup.conf)" = "root:dayfour 640" ] &&
        in_root "$dir" dpkg-query -W -f '${Conffiles}\n' dayfour-intake | grep -q /etc/dayfour/intake.conf &&
        in_root "$dir" test -s /usr/share/dayfour/settings/pathways.json &&
        in_root "$dir" test -s /usr/share/dayfour/kafka/acls.txt &&
        in_root "$dir" id -u dayfour >/dev/null &&
        in_root "$dir" dayfour --version | grep -q '^dayfour [0-9]'
}

sample_is_understood() {
    in_root "$dir" env PG_DSN=dbname=none KAFKA_BROKERS=127.0.0.1:1 "dayfour-$1" --config "/etc/dayfour/$1.conf" --check-config >/dev/null
}

# key VALUE of the unit, the first one.
unit_line() {
    sed -n "s/^$2=//p" "$dir/usr/lib/systemd/system/dayfour-$1.service" | head -n 1
}

make_logins() {
    local name
    for name in intake followup; do
        (umask 077 && random_hex 16 >"$dir/etc/dayfour/$name.password")
        psql -XAtq -v ON_ERROR_STOP=1 -d "$PG_DSN" -c \
            "create role try_$name login password '$(cat "$dir/etc/dayfour/$name.password")' in role dayfour_$name"
        {
            echo "kafka.brokers = $KAFKA_BROKERS"
            echo "pg.dsn = $(sed -E "s/(user|password)=[^ ]*//g" <<<"$PG_DSN") user=try_$name"
        } >>"$dir/etc/dayfour/$name.conf"
    done
}

# As systemd would: the unit's command and environment, its user, the password as a credential.
start() {
    local name=$1 credentials=/run/credentials/dayfour-$1.service
    local command environment waited=0
    command=$(unit_line "$name" ExecStart)
    environment=$(unit_line "$name" Environment)
    [ "$(unit_line "$name" User)" = dayfour ] || return 1
    in_root "$dir" install -d -m 0500 -o dayfour -g dayfour "$credentials"
    in_root "$dir" install -m 0400 -o dayfour -g dayfour \
        "$(unit_line "$name" LoadCredential | cut -d: -f2)" "$credentials/pg.password"
    # shellcheck disable=SC2086
    chroot --userspec=dayfour:dayfour "$dir" env -i PATH=/usr/bin CREDENTIALS_DIRECTORY="$credentials" \
        "${environment//%d/$credentials}" $command >"$dir/tmp/$name.log" 2>&1 &
    pids+=($!)
    while ! grep -q '"event":"ready"' "$dir/tmp/$name.log"; do
        if ! kill -0 "${pids[-1]}" 2>/dev/null || [ "$waited" -gt 600 ]; then
            tail -n 5 "$dir/tmp/$name.log"
            return 1
        fi
        sleep 0.1
        waited=$((waited + 1))
    done
}

an_absence_becomes_a_task() {
    local waited=0
    printf '%s\n' '{"specversion":"1.0","id":"1","source":"/hr/RW3","type":"org.dayfour.absence.opened.v1","data":{"organisation":"RW3","absence_id":"A-1","version":1,"person_id":"P-77","category":"sickness","onset_date":"'"$(date +%F)"'","reason":{"scheme":"esr","code":"S12"}}}' \
        >"$dir/tmp/one.jsonl"
    in_root "$dir" env KAFKA_BROKERS="$KAFKA_BROKERS" dayfour publish /tmp/one.jsonl >/dev/null || return 1
    while [ "$(psql -XAtq -d "$PG_DSN" -c 'select count(*) from followup.emitted')" = 0 ]; do
        [ "$waited" -lt 200 ] || return 1
        sleep 0.1
        waited=$((waited + 1))
    done
}

# As root, who can read the passwords, by the files the services use.
doctor_is_content() {
    in_root "$dir" env PG_DSN="$PG_DSN" dayfour doctor >"$dir/tmp/doctor" 2>&1 &&
        grep -q '^0 wrong' "$dir/tmp/doctor" && [ "$(grep -c service_rights "$dir/tmp/doctor")" = 2 ] && return 0
    cat "$dir/tmp/doctor"
    return 1
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

# The next version, with a sample file that says something else.
upgrade() {
    local work=$dir/tmp/next kept
    kept=$(sha256sum <"$dir/etc/dayfour/intake.conf")
    dpkg-deb -R "$TRY_PACKAGES"/dayfour-intake_*.deb "$work"
    sed -i 's/^Version: .*/Version: 99/' "$work/DEBIAN/control"
    echo "# new" >>"$work/etc/dayfour/intake.conf"
    rm -f "$work/DEBIAN/md5sums"
    dpkg-deb --root-owner-group -b "$work" "$dir/tmp/next.deb" >/dev/null
    in_root "$dir" dpkg --force-confold -i /tmp/next.deb >>"$dir/tmp/apt.log" 2>&1 || return 1
    [ "$(sha256sum <"$dir/etc/dayfour/intake.conf")" = "$kept" ] &&
        [ "$(owner_of /etc/dayfour/intake.conf)" = "root:dayfour 640" ] &&
        in_root "$dir" test -e /etc/dayfour/intake.conf.dpkg-dist
}

remove() {
    in_root "$dir" dpkg --remove dayfour-intake >>"$dir/tmp/apt.log" 2>&1 || return 1
    in_root "$dir" test -e /etc/dayfour/intake.conf || return 1
    in_root "$dir" dpkg --purge dayfour-intake dayfour-followup dayfour >>"$dir/tmp/apt.log" 2>&1 || return 1
    ! in_root "$dir" test -e /etc/dayfour
}

check "they install" install_packages
check "files, owners, user" is_laid_out
check "intake takes its sample" sample_is_understood intake
check "followup takes its sample" sample_is_understood followup
check "logins" make_logins
check "doctor finds nothing wrong" doctor_is_content
check "intake starts as its unit says" start intake
check "followup starts as its unit says" start followup
check "an absence becomes a task and an event" an_absence_becomes_a_task
check "both end well" end
check "an upgrade keeps the configuration" upgrade
check "removed, purged" remove
say "cases: $passed passed, 0 failed, 0 skipped"
