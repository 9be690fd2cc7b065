#!/usr/bin/env bash
# Holds doc/rules.md and the tests of the rules together: every rule names the tests that hold it, every such
# test says above its name which rules it holds (a comment "R-40 R-41"), and the two agree.
# rules.sh --write puts what the tests say into the document.
set -euo pipefail
cd "$(dirname "$0")/../.."
doc=doc/rules.md
mapfile -t tests < <(grep -l '"tests/unit/scene.h"' tests/unit/test_*.c)

# "R-40 derive.due_dates", and "- suite.name" for a test that names no rule
said_by_tests() {
    awk '
        /^\/\* R-[0-9]/ { rules = $0; next }
        /^Test\(/ {
            name = $0
            sub(/^Test\(/, "", name); sub(/\).*/, "", name); sub(/, */, ".", name)
            n = 0
            while (match(rules, /R-[0-9]+/)) {
                print substr(rules, RSTART, RLENGTH), name
                rules = substr(rules, RSTART + RLENGTH); n++
            }
            if (n == 0) print "-", name
        }
        { rules = "" }' "${tests[@]}"
}

# The same from the document, and "R-40 -" for a rule that names no test
said_by_rules() {
    awk '
        function end() { if (rule != "" && n == 0) print rule, "-" }
        /^\*\*R-[0-9]/ { end(); match($0, /R-[0-9]+/); rule = substr($0, RSTART, RLENGTH); n = 0 }
        /^Held by: / { for (i = 3; i <= NF; i++) { t = $i; gsub(/[`,.]*$|^`/, "", t); print rule, t; n++ } }
        END { end() }' "$doc"
}

write() {
    local out
    out=$(mktemp)
    awk '
        NR == FNR { held[$1] = held[$1] (held[$1] == "" ? "" : ", ") "`" $2 "`"; next }
        function end() { if (rule != "") { print "Held by: " held[rule]; rule = "" } }
        /^Held by: / { next }
        /^\*\*R-[0-9]/ { match($0, /R-[0-9]+/); rule = substr($0, RSTART, RLENGTH) }
        /^$/ { end() }
        { print }
        END { end() }' <(said_by_tests | sort -u) "$doc" >"$out"
    cat "$out" >"$doc"
    rm -f "$out"
}

if [ "${1:-}" = --write ]; then
    write
fi

status=0
complain() {
    while read -r rule test; do
        echo "$1: $rule $test"
        status=1
    done
}
complain "test without a rule" < <(said_by_tests | grep '^-' || true)
complain "rule without a test" < <(said_by_rules | grep -- ' -$' || true)
complain "only in the tests" < <(comm -23 <(said_by_tests | grep -v '^-' | sort -u) <(said_by_rules | sort -u))
complain "only in $doc" < <(comm -13 <(said_by_tests | sort -u) <(said_by_rules | grep -v -- ' -$' | sort -u))
complain "rule twice" < <(grep -o '^\*\*R-[0-9]*' "$doc" | sort | uniq -d | sed 's/\*//g')
exit $status
