#!/usr/bin/env bash
# The systemd units: well-formed, exposed to less than 2.0 of 10 by systemd's own reckoning, and
# agreeing with each other and with the services.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

if ! command -v systemd-analyze >/dev/null; then
    echo "not run: systemd-analyze is not here"
    exit 77
fi

status=0
fail() {
    echo "$1"
    status=1
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

for unit in deploy/systemd/*.service; do
    name=$(basename "$unit")
    systemd-analyze security --offline=yes --threshold=20 --no-pager "$unit" >"$tmp/security" 2>&1 ||
        { tail -n 1 "$tmp/security"; fail "$name: exposed to 2.0 or more"; }
    # The programs and their pages are not installed here.
    systemd-analyze verify "$unit" 2>&1 |
        grep -vE "is not executable: No such file|Command 'man |^$" >"$tmp/verify" || true
    if [ -s "$tmp/verify" ]; then
        cat "$tmp/verify"
        fail "$name: systemd does not like it"
    fi
    for line in NoNewPrivileges=yes LimitCORE=0 ProtectSystem=strict \
        'SystemCallFilter=~@privileged @resources' CapabilityBoundingSet=; do
        grep -qxF "$line" "$unit" || fail "$name: $line is missing"
    done
    if [ "$name" = dayfour-feed@.service ]; then # a run, started by its timer and its path unit
        continue
    fi
    for line in Type=notify WatchdogSec=30 Restart=always; do
        grep -qxF "$line" "$unit" || fail "$name: $line is missing"
    done
    program=${name%.service}
    grep -qxF "ExecStart=/usr/bin/$program --config /etc/dayfour/${program#dayfour-}.conf" "$unit" ||
        fail "$name: ExecStart"
done

for unit in deploy/systemd/*.timer deploy/systemd/*.path; do
    systemd-analyze verify "$unit" 2>&1 |
        grep -vE "is not executable: No such file|Command 'man |^$" >"$tmp/verify" || true
    if [ -s "$tmp/verify" ]; then
        cat "$tmp/verify"
        fail "$(basename "$unit"): systemd does not like it"
    fi
done

# The two differ in name, description and memory limit.
plain() {
    sed -e 's/intake\|followup/SERVICE/g' -e '/^Description=/d' -e '/^MemoryMax=/d' "$1"
}
diff <(plain deploy/systemd/dayfour-intake.service) <(plain deploy/systemd/dayfour-followup.service) ||
    fail "the two units differ"
exit "$status"
