#!/usr/bin/env bash
# The alert rules: well-formed, right about recorded failures, about metrics there are, and each
# with its cause and cure in doc/operations.md.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
rules=deploy/prometheus/dayfour.rules.yml

status=0
fail() {
    echo "$1"
    status=1
}

while read -r metric; do
    grep -qF "\"$metric\"" common/runtime/metrics.h || fail "$rules: there is no metric $metric"
done < <(grep -oE '\bdayfour_[a-z_]+\b' "$rules" | sort -u)

while read -r alert; do
    grep -qxF "### $alert" doc/operations.md || fail "doc/operations.md says nothing about $alert"
    for expected in 'exp_alerts:' 'exp_alerts: []'; do
        grep -hxFA 1 "        alertname: $alert" tests/data/alerts/*.test.yml | grep -qxF "        $expected" ||
            fail "no test in which $alert has $expected"
    done
    grep -qF "cure: doc/operations.md#${alert,,}" "$rules" || fail "$alert does not name its cure"
done < <(sed -n 's/^ *- alert: *//p' "$rules")

if ! command -v promtool >/dev/null; then
    [ "$status" -eq 0 ] || exit "$status"
    echo "not run: promtool is not here (Debian's package prometheus)"
    exit 77
fi
promtool check rules "$rules" >/dev/null || status=1
promtool test rules tests/data/alerts/*.test.yml || status=1
exit "$status"
