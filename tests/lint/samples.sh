#!/usr/bin/env bash
# Files made from tables in the code: the sample configurations, log events, metrics.
# Compares them with the code; --write writes them again.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# No build is needed for these few files, so none is waited for.
"${CC:-cc}" -std=c11 -D_POSIX_C_SOURCE=200809L -I. -o "$tmp/print_tables" \
    tests/lint/print_tables.c common/runtime/{conf,conf_keys,conf_print,log}.c common/base/{err,mem,utf8}.c -lm -lpthread

log_events() {
    cat <<'TEXT'
# Log events

Every event the programs can log. Lines are JSON on standard output, one an event, with `ts`,
`level`, `svc`, `event` and keys of its own; `log.format = logfmt` is for terminals. `ts` is the
system's clock. An event is held to five lines at once (100, where there is one for each partition,
shard, topic or organisation) and one a second after. `suppressed` on its next line, or on a line
`left_out` once it is quiet, says how many are missing. No line holds a name, a staff number, an absence or a reason:
topic, partition and offset say which message is meant.

This page is made from the table in `common/runtime/log.h` by `tests/lint/samples.sh --write`.

TEXT
    "$tmp/print_tables" log-events
}

metrics() {
    cat <<'TEXT'
# Metrics

What `/metrics` gives where `http.listen` is set, in Prometheus' text format. No label tells a
person, or a kind of event together with an organisation.

This page is made from the table in `common/runtime/metrics.h` by `tests/lint/samples.sh --write`.

TEXT
    "$tmp/print_tables" metrics
}

"$tmp/print_tables" intake.conf >"$tmp/intake.conf.example"
"$tmp/print_tables" followup.conf >"$tmp/followup.conf.example"
"$tmp/print_tables" web.conf >"$tmp/web.conf.example"
log_events >"$tmp/log-events.md"
metrics >"$tmp/metrics.md"

status=0
while read -r made kept; do
    if [ "${1:-}" = --write ]; then
        cp "$tmp/$made" "$kept"
    elif ! diff -u "$kept" "$tmp/$made"; then
        echo "$kept is not what the code says: bash tests/lint/samples.sh --write"
        status=1
    fi
done <<'TEXT'
intake.conf.example deploy/intake.conf.example
followup.conf.example deploy/followup.conf.example
web.conf.example deploy/web.conf.example
log-events.md doc/log-events.md
metrics.md doc/metrics.md
TEXT
exit "$status"
