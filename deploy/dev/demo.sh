# shellcheck shell=bash
# demo: four weeks of an invented trust's absences, lived through in some seconds.

DEMO_ENV=
DEMO_ORGANISATION=RW3
DEMO_LOGIN=demo-physio
DEMO_TEAM=demo-team # makes the calls of the four weeks

demo_title() {
    printf '\n== %s\n\n' "$*"
}

demo_step() {
    printf '%s ... ' "$1"
    DEMO_STEP_FROM=$EPOCHREALTIME
}

demo_done() {
    say "$(demo_seconds_since "$DEMO_STEP_FROM") s"
}

demo_seconds_since() {
    awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'
}

# demo_top N: the first lines, and how many more there are.
demo_top() {
    awk -v n="$1" 'NR <= n { print } END { if (NR > n) printf "... and %d more\n", NR - n }'
}

demo_shows() {
    printf '$ dayfour %s\n' "$*"
    "$ROOT/build/bin/dayfour" "$@" 9>&-
}

# demo_without HEADING...: a table without these columns, so that it fits 100 characters.
demo_without() {
    awk -v out="$(IFS=,; echo "$*")" '
        BEGIN { n = split(out, heading, ",") }
        /^\$/ { print; next }
        !seen++ {
            for (i = 1; i <= n; i++) {
                from[i] = index($0, heading[i])
                match(substr($0, from[i] + length(heading[i])), /^ */)
                width[i] = length(heading[i]) + RLENGTH
            }
        }
        { for (i = n; i >= 1; i--)
              if (from[i] > 0) $0 = substr($0, 1, from[i] - 1) substr($0, from[i] + width[i])
          sub(/ +$/, ""); print }'
}

# A login whose password is kept with the others: demo_login LOGIN [QUEUE]
demo_login() {
    local file=$RUN_DIR/secrets/$1
    if [ ! -s "$file" ]; then
        (umask 077 && random_hex 12 >"$file")
    fi
    "$ROOT/build/bin/dayfour" staff add "$1" "$DEMO_ORGANISATION" ${2:+--queues "$2"} \
        --password-file "$file" >>"$RUN_DIR/log/demo.log" 2>&1 9>&-
}

demo_generate() {
    python3 "$ROOT/deploy/demo/generate.py" --out "$DEMO_DIR/absences.jsonl" \
        --sent "$DEMO_DIR/sent.txt" --seed 4 --today "$DEMO_TODAY" --until "$(date -u +%FT%TZ)" \
        >>"$RUN_DIR/log/demo.log"
}

# --- a place: the run folder if it is empty or a demo's, else one of the demo's own inside it

demo_place() {
    if [ -e "$RUN_DIR/postgres.made" ] && [ ! -e "$RUN_DIR/demo.made" ]; then
        use_run_dir "$RUN_DIR/demo"
        say "$(dirname "$RUN_DIR") holds other data, so the demo is in $RUN_DIR."
        DEMO_ENV="DAYFOUR_RUN_DIR='$RUN_DIR' "
    fi
    unset PG_DSN KAFKA_BROKERS
    lock_run_dir 2
    touch "$RUN_DIR/demo.made"
    DEMO_DIR=$RUN_DIR/demo-data
    DEMO_TODAY=$(TZ=Europe/London date -I)
    mkdir -p "$DEMO_DIR"
}

demo_throw_away() {
    services_stop
    throwaway_remove
}

# Every demo begins with nothing in its database and its topics.
demo_afresh() {
    demo_throw_away
    date -u -d "$DEMO_TODAY - 28 days" +%FT%TZ |
        tee "$DEMO_DIR/intake.clock" >"$DEMO_DIR/followup.clock"
}

demo_start() {
    local generating
    demo_step "starting PostgreSQL, Kafka and the services"
    demo_afresh
    kafka_is_brief
    demo_generate &
    generating=$!
    infra_up "$ROOT/build/bin" || return 1
    export PG_DSN KAFKA_BROKERS
    services_start "$ROOT/build/bin" "$DEMO_DIR" || return 1
    demo_login "$DEMO_TEAM" && demo_login "$DEMO_LOGIN" physiotherapy || return 1
    wait "$generating" || return 1
    demo_done
}

# --- the four weeks

demo_count() {
    sed -n 's/.*"event":"batches_stored".*"'"$1"'":\([0-9]*\).*/\1/p' \
        "$RUN_DIR/log/dayfour-intake.jsonl" | awk '{ n += $1 } END { print n + 0 }'
}

demo_rate() {
    local records=$1 busy=$2
    awk -v n="$records" -v ms="$busy" 'BEGIN {
        printf "intake took %d messages in %.1f s of its own time: %d a second.\n",
            n, ms / 1000, n * 1000 / (ms ? ms : 1) }'
}

demo_replay() {
    demo_title "Four weeks of $(wc -l <"$DEMO_DIR/absences.jsonl") messages from HR, in fast motion"
    python3 "$ROOT/deploy/demo/replay.py" "$DEMO_DIR" \
        --today "$DEMO_TODAY" --team "$DEMO_TEAM" \
        --password-file "$RUN_DIR/secrets/$DEMO_TEAM" 9>&- || return 1
    services_stop
    say ""
    demo_rate "$(demo_count records)" "$(demo_count busy_ms)"
}

# --- this morning: the same services, on the real clock

demo_caught_up() {
    [ "$(psql -X -At "$PG_DSN" -c 'SELECT people_due + unconfirmed FROM ops.backlog' 9>&-)" = 0 ]
}

demo_consumed() {
    "$ROOT/build/bin/dayfour" positions --json 9>&- |
        python3 "$ROOT/deploy/kafka/topics.py" --brokers "$KAFKA_BROKERS" reached absence.events
}

# demo_wait WHAT COMMAND...
demo_wait() {
    local until=$((SECONDS + 60)) what=$1
    shift
    until "$@"; do
        if [ "$SECONDS" -ge "$until" ]; then
            warn "$what: not reached in a minute; see $RUN_DIR/log"
            return 1
        fi
        sleep 0.05
    done
}

demo_publish_rest() {
    if [ -s "$DEMO_DIR/rest.jsonl" ]; then
        "$ROOT/build/bin/dayfour" publish --force "$DEMO_DIR/rest.jsonl" \
            >>"$RUN_DIR/log/demo.log" 2>&1 9>&- || return 1
    fi
    demo_wait "all messages taken in" demo_consumed && demo_wait "all followed up" demo_caught_up
}

# One more message, while somebody watches the list.
demo_live() {
    demo_title "One message in, one task out"
    sed -e "s/@TODAY@/$DEMO_TODAY/g" -e "s/@NOW@/$(date -u +%FT%TZ)/g" \
        -e "s/@ORGANISATION@/$DEMO_ORGANISATION/g" "$ROOT/deploy/demo/one.json.in" \
        >"$DEMO_DIR/one.json"
    sed 's/^/  /' "$DEMO_DIR/one.json"
    say ""
    python3 "$ROOT/deploy/demo/live.py" "$DEMO_DIR/one.json" --login "$DEMO_LOGIN" \
        --password-file "$RUN_DIR/secrets/$DEMO_LOGIN"
}

# What a shell needs to be that physiotherapist.
demo_write_env() {
    local dsn
    dsn=$(dsn_of_user "$DEMO_LOGIN")
    cat >"$RUN_DIR/physio" <<TEXT
export DAYFOUR_PG_DSN=$(shell_quote "$dsn")
export DAYFOUR_PG_PASSWORD_FILE=$(shell_quote "$RUN_DIR/secrets/$DEMO_LOGIN")
export PATH=$(shell_quote "$ROOT/build/bin"):"\$PATH"
TEXT
}

demo_worklist() {
    demo_title "What a physiotherapist of $DEMO_ORGANISATION sees this morning"
    (
        # shellcheck disable=SC1091
        . "$RUN_DIR/physio"
        demo_shows tasks | demo_without QUEUE "BEST TIME" PERSON |
            cut -c1-100 | demo_top 18
    )
}

demo_story() {
    demo_title "One person's story"
    python3 "$ROOT/deploy/demo/story.py" "$DEMO_DIR" --queue physiotherapy \
        --task-file "$DEMO_DIR/task"
    DEMO_TASK=$(cat "$DEMO_DIR/task")
}

demo_dead_letters() {
    demo_title "What could not be taken, and why"
    demo_shows dead-letters list | demo_without ORGANISATION BYTES RECEIVED
}

# What is on a topic, by kind: how many, and how many of them were withdrawn.
demo_topic() {
    local kinds=$DEMO_DIR/kinds
    kcat -C -b "$KAFKA_BROKERS" -t "$1" -o beginning -e -q -X isolation.level=read_committed \
        -f '%h\n' 2>>"$RUN_DIR/log/demo.log" 9>&- |
        sed -n 's/.*\(ce_type\|dlq-reason\)=\(org\.dayfour\.\)\{0,1\}\([^,]*\).*/\3/p' >"$kinds"
    say "$1: $(wc -l <"$kinds") messages"
    awk '{ sub(/\.v1$/, "")
           if (sub(/\.withdrawn$/, "")) gone[$0]++; else out[$0]++ }
         END { for (k in out)
                   printf "%9d  %-30s%s\n", out[k], k, k in gone ? gone[k] " withdrawn" : "" }' \
        "$kinds" | sort -k1,1nr -k2
}

demo_topics() {
    demo_title "What went out on each topic"
    demo_topic oh.follow-up.events
    demo_topic return-to-work.events
    demo_topic absence.events.dead-letter
}

demo_go_on() {
    local physio=$RUN_DIR/physio
    physio=${physio#"$PWD"/}
    demo_title "Go on by hand"
    cat <<TEXT
  . $physio    makes this shell that physiotherapist; then
  dayfour tasks;  dayfour show $DEMO_TASK
  dayfour attempt $DEMO_TASK no_answer;  dayfour contact $DEMO_TASK self_management_advice

  ${DEMO_ENV}./run psql         the tables and views behind it
  ${DEMO_ENV}./run status       what runs, and where
  ${DEMO_ENV}./run down         stop it
TEXT
}

demo_this_morning() {
    demo_step "starting the services on the real clock"
    services_start "$ROOT/build/bin" || return 1
    demo_publish_rest || return 1
    demo_done
    demo_write_env
    demo_live && demo_worklist && demo_story && demo_dead_letters && demo_topics
}

# --- the command

demo_once_end() {
    local status=$1
    demo_throw_away
    if [ "$status" -eq 0 ]; then
        rm -rf "$RUN_DIR"
    else
        warn "logs are kept in $RUN_DIR/log"
    fi
}

# --once has a folder of its own, which it throws away.
demo_once_place() {
    use_run_dir "$RUN_DIR/demo-once"
    touch "$RUN_DIR/demo.made"
    demo_place
    trap 'demo_once_end $?' EXIT
    trap 'trap "" INT TERM HUP; exit 130' INT TERM HUP
}

cmd_demo() {
    local once='' from=$EPOCHREALTIME
    case "$*" in
    '') ;;
    --once) once=yes ;;
    *) usage_error "demo: unknown option $*" ;;
    esac
    need_packages build client postgres kafka demo || exit 3
    build_release || exit 3
    kafka_bring || exit 3
    if [ -n "$once" ]; then
        demo_once_place
    else
        demo_place
        guard_start
    fi
    export PYTHONDONTWRITEBYTECODE=1 DAYFOUR=$ROOT/build/bin/dayfour
    demo_start && demo_replay && demo_this_morning || exit 3
    say ""
    if [ -n "$once" ]; then
        say "That took $(demo_seconds_since "$from") s. Everything is stopped and thrown away;" \
            "./run demo leaves it running."
    else
        unguard_start
        say "That took $(demo_seconds_since "$from") s. Everything is left running."
        demo_go_on
    fi
}
