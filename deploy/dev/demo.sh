# shellcheck shell=bash
# demo: everything once from start to end, on invented absences.

DEMO_ORGANISATION=RW3
DEMO_LOGIN=demo-physio

demo_title() {
    printf '\n== %s\n' "$*"
}

demo_show_command() {
    printf '$ %s\n' "$*"
}

# demo_top N: the first lines, and how many more there are.
demo_top() {
    awk -v n="$1" 'NR <= n { print } END { if (NR > n) printf "... and %d more lines\n", NR - n }'
}

demo_seconds_since() {
    awk -v from="$1" -v to="$(date +%s.%N)" 'BEGIN { printf "%.1f", to - from }'
}

# demo_wait SECONDS WHAT COMMAND...: until the command succeeds.
demo_wait() {
    local until=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        if [ "$SECONDS" -ge "$until" ]; then
            warn "$what: not reached; see $RUN_DIR/log"
            return 1
        fi
        sleep 0.1
    done
}

demo_products() {
    local name
    for name in "${PROGRAMS[@]}"; do
        [ -x "$ROOT/build/bin/$name" ] || die "there is no $name yet: nothing to show"
    done
}

demo_absences() {
    mkdir -p "$RUN_DIR/demo"
    DEMO_FILE=$RUN_DIR/demo/absences.jsonl
    python3 "$ROOT/deploy/demo/generate.py" --out "$DEMO_FILE" --seed 4 --today "$(date -I)"
}

# Every message's effect is committed.
demo_consumed() {
    "$ROOT/build/bin/dayfour" positions --json >"$RUN_DIR/demo/positions.json" &&
        python3 "$ROOT/deploy/kafka/topics.py" --brokers "$KAFKA_BROKERS" reached absence.events \
            <"$RUN_DIR/demo/positions.json"
}

# Everybody due has been looked at, and every event is out.
demo_followed_up() {
    local left
    left=$(psql -X -At "$PG_DSN" -c 'SELECT people_due + unconfirmed FROM ops.backlog') &&
        [ "$left" = 0 ]
}

# The list as a clinician sees it needs a clinician: a login of the demo's own.
demo_clinician() {
    local file=$RUN_DIR/secrets/$DEMO_LOGIN
    if [ ! -s "$file" ]; then
        (umask 077 && random_hex 12 >"$file")
    fi
    "$ROOT/build/bin/dayfour" staff add "$DEMO_LOGIN" "$DEMO_ORGANISATION" --queues physiotherapy \
        --password-file "$file" >>"$RUN_DIR/log/demo.log" 2>&1 || return 1
    DEMO_DSN="$PG_DSN user=$DEMO_LOGIN password=$(cat "$file")"
}

demo_as_clinician() {
    PG_DSN=$DEMO_DSN "$ROOT/build/bin/dayfour" "$@"
}

# first_task JSON-FILE: of a relapse if there is one, since that has the longer story.
demo_first_task() {
    python3 - "$1" <<'PY'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read().strip()
tasks = json.loads(text) if text.startswith("[") else [json.loads(t) for t in text.splitlines()]
tasks.sort(key=lambda t: not t.get("relapse"))
print(tasks[0]["task_id"] if tasks else "")
PY
}

demo_worklist() {
    demo_title "What a physiotherapist of $DEMO_ORGANISATION sees"
    demo_show_command "dayfour tasks"
    demo_as_clinician tasks | demo_top 16
    demo_as_clinician tasks --json >"$RUN_DIR/demo/tasks.json"
    DEMO_TASK=$(demo_first_task "$RUN_DIR/demo/tasks.json")
    if [ -n "$DEMO_TASK" ]; then
        demo_title "One person's story"
        demo_show_command "dayfour show $DEMO_TASK"
        demo_as_clinician show "$DEMO_TASK"
    fi
}

demo_dead_letters() {
    demo_title "What could not be read, and why"
    demo_show_command "dayfour dead-letters list"
    "$ROOT/build/bin/dayfour" dead-letters list | demo_top 12
}

demo_topic() {
    local topic=$1
    printf '\n%s\n' "$topic"
    kcat -C -b "$KAFKA_BROKERS" -t "$topic" -o beginning -e -q -X isolation.level=read_committed \
        -f '%h\n' 2>>"$RUN_DIR/log/demo.log" |
        sed -n 's/.*\(ce_type\|dlq-reason\)=\(org\.dayfour\.\)\{0,1\}\([^,]*\).*/\3/p' |
        sort | uniq -c | sort -rn
}

demo_topics() {
    local topic
    demo_title "What went out on each topic"
    for topic in oh.follow-up.events return-to-work.events absence.events.dead-letter; do
        demo_topic "$topic"
    done
}

demo_go_on() {
    demo_title "Go on by hand"
    cat <<TEXT
. '$RUN_DIR/env'; export PATH='$ROOT/build/bin':"\$PATH"
export PG_DSN="\$PG_DSN user=$DEMO_LOGIN password=\$(cat '$RUN_DIR/secrets/$DEMO_LOGIN')"
dayfour claim ${DEMO_TASK:-TASK}; dayfour attempt ${DEMO_TASK:-TASK} no_answer
dayfour contact ${DEMO_TASK:-TASK} self_management_advice; dayfour show ${DEMO_TASK:-TASK}
./run psql       the tables and views behind it
./run status     what runs; logs are in $RUN_DIR/log
./run down       stop it
TEXT
}

demo_flow() {
    local from lines seconds
    demo_title "Absences in"
    demo_absences
    lines=$(wc -l <"$DEMO_FILE")
    demo_show_command "dayfour publish $DEMO_FILE"
    from=$(date +%s.%N)
    "$ROOT/build/bin/dayfour" publish "$DEMO_FILE"
    demo_wait 120 "all messages stored" demo_consumed
    seconds=$(demo_seconds_since "$from")
    demo_wait 120 "all follow-ups sent" demo_followed_up
    say "$lines messages published and stored in $seconds s" \
        "($(awk -v n="$lines" -v s="$seconds" 'BEGIN { printf "%d", n / s }') a second);" \
        "every event out after $(demo_seconds_since "$from") s"
    demo_clinician || { tail -n 5 "$RUN_DIR/log/demo.log" >&2; return 1; }
    demo_worklist
    demo_dead_letters
    demo_topics
}

# --once has servers of its own, so that it may throw them away.
demo_once_begin() {
    use_run_dir "$RUN_DIR/demo-once"
    lock_run_dir 2
    infra_down
    throwaway_remove
    unset PG_DSN KAFKA_BROKERS
    trap 'demo_once_end $?' EXIT
    trap 'trap "" INT TERM HUP; exit 130' INT TERM HUP
}

demo_once_end() {
    local status=$1
    infra_down
    throwaway_remove
    if [ "$status" -eq 0 ]; then
        rm -rf "$RUN_DIR"
    else
        warn "logs are kept in $RUN_DIR/log"
    fi
}

cmd_demo() {
    local once='' service
    case "${1:-}" in
    '') ;;
    --once) once=yes ;;
    *) usage_error "demo: unknown option $1" ;;
    esac
    need_packages build demo
    build_release || exit 3
    demo_products
    if [ -n "$once" ]; then
        demo_once_begin
    else
        lock_run_dir
        guard_start
    fi
    printf 'starting PostgreSQL, Kafka and the services ... '
    infra_up "$ROOT/build/bin" || exit 3
    for service in "${SERVICES[@]}"; do
        service_start "$service" "$ROOT/build/bin" || exit 3
    done
    say "done"
    export PG_DSN KAFKA_BROKERS
    demo_flow
    if [ -n "$once" ]; then
        say ""
        say "Everything is stopped again; ./run demo leaves it running."
    else
        unguard_start
        demo_go_on
    fi
}
