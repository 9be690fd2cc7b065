# shellcheck shell=bash
# demo: four weeks of an invented trust's absences, lived through in some seconds.

DEMO_ENV=
DEMO_ORGANISATION=RW3
DEMO_LOGIN=demo-physio
DEMO_LEAD=demo-lead
DEMO_TEAM=demo-team # makes the calls of the four weeks
DEMO_FEED=demo-feed # runs `dayfour feed`
DEMO_STREAM=        # yes: HR sends JSON messages instead of nightly files

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

# demo_without HEADING...: a table without these columns, which are named from left to right.
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

# Lines of at most 100 characters: a longer one ends after a whole word, with three dots.
demo_narrow() {
    awk '{ sub(/ +$/, "")
           if (length($0) > 100) { $0 = substr($0, 1, 97); sub(/ +[^ ]*$/, ""); $0 = $0 " ..." }
           print }'
}

# A login with a new password, kept with the others: demo_login LOGIN OPTIONS OF staff add...
demo_login() {
    local file=$RUN_DIR/secrets/$1
    (umask 077 && random_hex 12 >"$file")
    "$ROOT/build/bin/dayfour" staff add "$1" "$DEMO_ORGANISATION" "${@:2}" \
        --password-file "$file" >>"$RUN_DIR/log/demo.log" 2>&1 9>&-
}

demo_logins() {
    demo_login "$DEMO_TEAM" --name "Sam Team" --queues physiotherapy,mental-health &&
        demo_login "$DEMO_LOGIN" --name "Amy Jones" --role physiotherapist --queues physiotherapy &&
        demo_login "$DEMO_LEAD" --name "Lena Hughes" --role lead --admin &&
        { [ -n "$DEMO_STREAM" ] || demo_feed_login; }
}

# The login of `dayfour feed` sees the feed's state and no case, so it has no organisation.
demo_feed_login() {
    local file=$RUN_DIR/secrets/$DEMO_FEED
    (umask 077 && random_hex 12 >"$file")
    "$ROOT/build/bin/dayfour" staff add "$DEMO_FEED" --feed --password-file "$file" \
        >>"$RUN_DIR/log/demo.log" 2>&1 9>&-
}

demo_generate() {
    local nights=()
    [ -n "$DEMO_STREAM" ] || nights=(--nights "$DEMO_DIR/nights")
    python3 "$ROOT/scripts/demo/generate.py" --out "$DEMO_DIR/absences.jsonl" \
        --sent "$DEMO_DIR/sent.txt" --seed 4 --today "$DEMO_TODAY" --until "$(date -u +%FT%TZ)" \
        "${nights[@]}" >>"$RUN_DIR/log/demo.log"
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
    DEMO_NIGHTLY=$RUN_DIR/nightly
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
    rm -rf "$DEMO_NIGHTLY" "$DEMO_DIR/nights"
    if [ -z "$DEMO_STREAM" ]; then
        mkdir -m 0750 "$DEMO_NIGHTLY" && cp "$ROOT/deploy/feed/roster.json" "$DEMO_NIGHTLY"
    fi
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
    demo_logins || return 1
    wait "$generating" || return 1
    demo_done
}

# --- the first two nights

# demo_nights PHASE: first, weeks or morning.
demo_nights() {
    python3 "$ROOT/scripts/demo/nights.py" "$1" "$DEMO_DIR" --nightly "$DEMO_NIGHTLY" \
        --today "$DEMO_TODAY" --team "$DEMO_TEAM" --password-file "$RUN_DIR/secrets/$DEMO_TEAM" \
        --feed "$DEMO_FEED" --feed-password-file "$RUN_DIR/secrets/$DEMO_FEED" 9>&-
}

demo_first_nights() {
    demo_title "Two nightly files, and the calls that they made"
    cat <<TEXT
Each night the HR system of an invented trust writes two files into one folder: an extract
of all absences, and a list of all staff with their telephone numbers. A mapping,
deploy/feed/roster.json, says which column means what. (feed check is shortened here. The
first file of a source needs --first, so that a wrong mapping cannot fill the list.)

TEXT
    demo_nights first || return 1
    demo_write_envs
    say ""
    say "This is a physiotherapist's list after the second night."
    say ""
    demo_tasks 6
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

# HR's messages of this morning, which the jumps leave out.
demo_rest() {
    case $1 in
    0) ;;
    1) say "The last message, of this morning, follows on the real clock." ;;
    *) say "The last $1 messages, of this morning, follow on the real clock." ;;
    esac
}

demo_weeks() {
    demo_title "Four weeks of nightly files, in fast motion"
    cat <<TEXT
The clock jumps from Friday to Friday, and day by day at the end. Each file is taken at
05:35, and the team calls until 16:30. What fell due between two jumps is published at the
second, so some events below look days late. $(wc -l <"$DEMO_DIR/absences.jsonl") facts that no file has, such as people who
do not want calls, come as messages.

TEXT
    demo_nights weeks || return 1
    services_stop
    say ""
    demo_rate "$(demo_count records)" "$(demo_count busy_ms)"
}

demo_replay() {
    demo_title "Four weeks of $(wc -l <"$DEMO_DIR/absences.jsonl") messages from HR, in fast motion"
    cat <<TEXT
The clock jumps from Friday to Friday, and day by day at the end. What fell due between
two jumps is published at the second, so some events below look days late.

TEXT
    python3 "$ROOT/scripts/demo/replay.py" "$DEMO_DIR" \
        --today "$DEMO_TODAY" --team "$DEMO_TEAM" \
        --password-file "$RUN_DIR/secrets/$DEMO_TEAM" 9>&- || return 1
    services_stop
    say ""
    demo_rate "$(demo_count records)" "$(demo_count busy_ms)"
    demo_rest "$(wc -l <"$DEMO_DIR/rest.jsonl")"
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

# It sends one more message, while somebody watches the list.
demo_live() {
    demo_title "One message in, one task out"
    if [ -z "$DEMO_STREAM" ]; then
        say "An HR system that can send messages does not have to wait for the night."
        say ""
    fi
    sed -e "s/@TODAY@/$DEMO_TODAY/g" -e "s/@NOW@/$(date -u +%FT%TZ)/g" \
        -e "s/@ORGANISATION@/$DEMO_ORGANISATION/g" "$ROOT/scripts/demo/one.json.in" \
        >"$DEMO_DIR/one.json"
    sed 's/^/  /' "$DEMO_DIR/one.json"
    say ""
    python3 "$ROOT/scripts/demo/live.py" "$DEMO_DIR/one.json" --login "$DEMO_LOGIN" \
        --password-file "$RUN_DIR/secrets/$DEMO_LOGIN"
}

# demo_write_env LOGIN FILE: the settings with which a shell is that login.
demo_write_env() {
    local dsn
    dsn=$(dsn_of_user "$1")
    cat >"$2" <<TEXT
export DAYFOUR_PG_DSN=$(shell_quote "$dsn")
export DAYFOUR_PG_PASSWORD_FILE=$(shell_quote "$RUN_DIR/secrets/$1")
export PATH=$(shell_quote "$ROOT/build/bin"):"\$PATH"
TEXT
}

demo_write_envs() {
    demo_write_env "$DEMO_LOGIN" "$RUN_DIR/physio"
    if [ -z "$DEMO_STREAM" ]; then
        demo_write_env "$DEMO_FEED" "$RUN_DIR/feed"
        echo "export DAYFOUR_KAFKA_BROKERS=$(shell_quote "$KAFKA_BROKERS")" >>"$RUN_DIR/feed"
    fi
}

# demo_tasks N: the first N lines of the physiotherapist's list.
demo_tasks() {
    (
        # shellcheck disable=SC1091
        . "$RUN_DIR/physio"
        demo_shows tasks | demo_without LANG "BEST TIME" QUEUE PERSON ORGANISATION |
            demo_narrow | demo_top "$1"
    )
}

demo_worklist() {
    demo_title "What a physiotherapist of $DEMO_ORGANISATION sees this morning"
    demo_tasks 18
}

demo_story() {
    local nights=()
    [ -n "$DEMO_STREAM" ] || nights=(--nights)
    demo_title "One person's story"
    python3 "$ROOT/scripts/demo/story.py" "$DEMO_DIR" --queue physiotherapy \
        --task-file "$DEMO_DIR/task" "${nights[@]}"
    DEMO_TASK=$(cat "$DEMO_DIR/task")
}

demo_dead_letters() {
    demo_title "What could not be taken, and why"
    demo_shows dead-letters list | demo_without ORGANISATION BYTES RECEIVED
}

# The rows of the newest file that were set aside.
demo_rejected_rows() {
    local file
    demo_title "Rows that could not be taken, and why"
    file=$(cd "$DEMO_NIGHTLY" && printf '%s\n' rejected/*.csv | tail -n 1)
    say "\$ cat $file"
    cat "$DEMO_NIGHTLY/$file"
}

# It counts the events of a topic by kind, and those of them that were withdrawn.
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

# Where the page is, and who may log in.
demo_page() {
    demo_title "The page"
    cat <<TEXT
  $(page_address)

  physiotherapist   $DEMO_LOGIN   $(cat "$RUN_DIR/secrets/$DEMO_LOGIN")
  lead              $DEMO_LEAD     $(cat "$RUN_DIR/secrets/$DEMO_LEAD")
TEXT
}

demo_go_on() {
    local place=$RUN_DIR
    place=${place#"$PWD"/}
    demo_title "Go on by hand"
    cat <<TEXT
  . $place/physio    makes this shell that physiotherapist; then
  dayfour tasks;  dayfour show $DEMO_TASK
  dayfour attempt $DEMO_TASK no_answer;  dayfour contact $DEMO_TASK self_management_advice

TEXT
    if [ -z "$DEMO_STREAM" ]; then
        cat <<TEXT
  . $place/feed    makes this shell the login of \`dayfour feed\`; then
  dayfour feed status;  dayfour feed run $place/nightly/roster.json

TEXT
    fi
    cat <<TEXT
  ${DEMO_ENV}./run psql         the tables and views behind it
  ${DEMO_ENV}./run status       what runs, and where
  ${DEMO_ENV}./run down         stop it
TEXT
}

demo_this_morning() {
    demo_step "starting the services on the real clock"
    services_start "$ROOT/build/bin" || return 1
    if [ -z "$DEMO_STREAM" ]; then
        demo_done
        demo_title "This morning's file"
        demo_nights morning && demo_publish_rest || return 1
    else
        demo_publish_rest || return 1
        demo_done
    fi
    demo_write_envs
    demo_live && demo_worklist && demo_story || return 1
    if [ -n "$DEMO_STREAM" ]; then
        demo_dead_letters
    else
        demo_rejected_rows
    fi
    demo_topics
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
    local once='' from=$EPOCHREALTIME option
    for option; do
        case $option in
        --once) once=yes ;;
        --stream) DEMO_STREAM=yes ;;
        *) usage_error "demo: unknown option $option; there are --once and --stream" ;;
        esac
    done
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
    demo_start || exit 3
    if [ -n "$DEMO_STREAM" ]; then
        demo_replay || exit 3
    else
        demo_first_nights && demo_weeks || exit 3
    fi
    demo_this_morning || exit 3
    say ""
    if [ -n "$once" ]; then
        say "That took $(demo_seconds_since "$from") s. Everything is stopped and thrown away;" \
            "./run demo leaves it running."
    else
        unguard_start
        say "That took $(demo_seconds_since "$from") s. Everything is left running."
        demo_page
        demo_go_on
    fi
}
