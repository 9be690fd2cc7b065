# shellcheck shell=bash
# A private Apache Kafka: one KRaft node on loopback, from Maven artefacts.

KAFKA_VERSION=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$ROOT/deploy/kafka/pom.xml")
KAFKA_LIB=${XDG_CACHE_HOME:-$HOME/.cache}/dayfour/kafka-$KAFKA_VERSION/lib

# name:partitions:settings. Absences may be larger than Dayfour takes, so that they arrive and are
# dead-lettered instead of stopping at the HR system's producer.
KAFKA_TOPICS=(
    absence.events:8:max.message.bytes=2097152
    oh.follow-up.events:8:max.message.bytes=1048588
    return-to-work.events:8:max.message.bytes=1048588
    absence.events.dead-letter:4:max.message.bytes=1048588
)

kafka_jars_here() {
    [ -e "$KAFKA_LIB/kafka_2.13-$KAFKA_VERSION.jar" ]
}

# Into a folder beside the final one, renamed when complete: a broken download is never used.
kafka_copy_jars() {
    local tmp
    mkdir -p "$(dirname "$KAFKA_LIB")"
    find "$(dirname "$KAFKA_LIB")" -maxdepth 1 -name 'lib.*' -mmin +60 -exec rm -rf {} +
    tmp=$(mktemp -d "$KAFKA_LIB.XXXXXX")
    if ! mvn -B -q -f "$ROOT/deploy/kafka/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$tmp"; then
        rm -rf "$tmp"
        return 1
    fi
    chmod 0755 "$tmp"
    mv -T "$tmp" "$KAFKA_LIB" 2>/dev/null || rm -rf "$tmp"
    kafka_jars_here
}

kafka_bring() {
    if ! kafka_jars_here; then
        need_packages jars || return 1
        quietly "fetching Apache Kafka $KAFKA_VERSION through Maven" "$RUN_DIR/log/maven.log" \
            kafka_copy_jars
    fi
}

kafka_format() {
    local id
    rm -rf "$RUN_DIR/kafka/data"
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
    java -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$KAFKA_LIB/*" \
        kafka.tools.StorageTool format -t "$id" -c "$RUN_DIR/kafka/server.properties" \
        >"$RUN_DIR/log/kafka-format.log" 2>&1 9>&- || {
        tail -n 20 "$RUN_DIR/log/kafka-format.log" >&2
        return 1
    }
}

kafka_configure() {
    sed -e "s|@PORT@|$1|g" -e "s|@CONTROLLER_PORT@|$2|g" -e "s|@DATA@|$RUN_DIR/kafka/data|g" \
        "$ROOT/deploy/kafka/server.properties.in" >"$RUN_DIR/kafka/server.properties"
}

kafka_spawn() {
    setsid java -Xms128m -Xmx512m -XX:+UseSerialGC \
        -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.showDateTime=true \
        '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS' \
        -cp "$KAFKA_LIB/*" kafka.Kafka "$RUN_DIR/kafka/server.properties" \
        >>"$RUN_DIR/kafka/log" 2>&1 </dev/null 9>&- &
    proc_record kafka $!
    disown
}

kafka_make_topics() {
    python3 "$ROOT/deploy/kafka/topics.py" --brokers "$1" "${@:2}" create "${KAFKA_TOPICS[@]}"
}

# kafka_launch: sets KAFKA_PORT; the broker comes up on its own, kafka_ready waits for it.
kafka_launch() {
    mkdir -p "$RUN_DIR/kafka"
    if proc_pid kafka >/dev/null; then
        KAFKA_PORT=$(cat "$RUN_DIR/ports.kafka")
        return 0
    fi
    KAFKA_PORT=$(port_of kafka)
    kafka_configure "$KAFKA_PORT" "$(port_of kafka-controller)"
    if [ ! -e "$RUN_DIR/kafka/data/meta.properties" ]; then
        kafka_format || return 1
    fi
    kafka_spawn
}

kafka_ready() {
    local pid
    if pid=$(proc_pid kafka) && kafka_make_topics "127.0.0.1:$KAFKA_PORT" --pid "$pid"; then
        return 0
    fi
    grep -v '^[[:space:]]*at ' "$RUN_DIR/kafka/log" | tail -n 20 >&2
    return 1
}

kafka_start() {
    for _ in 1 2 3; do
        kafka_launch || return 1
        if kafka_ready; then
            return 0
        fi
        proc_stop kafka TERM 10
        port_taken "$KAFKA_PORT" || break
    done
    return 1
}

kafka_stop() {
    proc_stop kafka TERM 20
}
