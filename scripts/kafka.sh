# shellcheck shell=bash
# A private Apache Kafka: one KRaft node on loopback, from Maven artefacts.

KAFKA_VERSION=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$ROOT/deploy/kafka/pom.xml")
KAFKA_HOME=${XDG_CACHE_HOME:-$HOME/.cache}/dayfour/kafka-$KAFKA_VERSION
KAFKA_LIB=$KAFKA_HOME/lib
KAFKA_JVM=(java -XX:+UseSerialGC -cp "$KAFKA_LIB/*"
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn
    -Dorg.slf4j.simpleLogger.showDateTime=true
    '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS')

# kafka_is_brief: a broker that lives for minutes is better off without the slow, thorough compiler.
KAFKA_LIFE=()
kafka_is_brief() {
    KAFKA_LIFE=(-XX:TieredStopAtLevel=1)
}

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

# The classes of a started broker, as this JVM wants them: they make the next start twice as fast.
kafka_archive() {
    echo "$KAFKA_HOME/classes-$(stat -L -c '%Y-%s' "$(command -v java)").jsa"
}

# kafka_format_by_tool PROPERTIES-FILE
kafka_format_by_tool() {
    "${KAFKA_JVM[@]}" -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format -t "$(kafka_id)" \
        -c "$1" 9>&-
}

# A broker is started once for its archive of classes and for what a fresh data folder holds.
kafka_prime_in() {
    local dir=$1 port pid status=0
    port=$(free_port)
    kafka_properties "$port" "$(free_port)" "$dir/data" >"$dir/server.properties"
    kafka_format_by_tool "$dir/server.properties" || return 1
    cp "$dir/data/bootstrap.checkpoint" "$dir/bootstrap.checkpoint"
    timeout --foreground 120 "${KAFKA_JVM[@]}" -Xlog:disable \
        -XX:ArchiveClassesAtExit="$dir/classes.jsa" kafka.Kafka "$dir/server.properties" 9>&- &
    pid=$!
    kafka_make_topics "127.0.0.1:$port" --pid "$pid" --timeout 60 || status=1
    kill "$pid" 2>/dev/null
    wait "$pid" || true
    [ "$status" -eq 0 ] && [ -s "$dir/classes.jsa" ] &&
        mv "$dir/classes.jsa" "$(kafka_archive)" &&
        mv "$dir/bootstrap.checkpoint" "$KAFKA_HOME/bootstrap.checkpoint"
}

kafka_prime() {
    local tmp status=0
    tmp=$(mktemp -d "$KAFKA_HOME/prime.XXXXXX")
    kafka_prime_in "$tmp" || status=1
    rm -rf "$tmp"
    return "$status"
}

kafka_bring() {
    if ! kafka_jars_here; then
        need_packages jars || return 1
        quietly "fetching Apache Kafka $KAFKA_VERSION through Maven" "$RUN_DIR/log/maven.log" \
            kafka_copy_jars || return 1
    fi
    if [ ! -e "$(kafka_archive)" ] || [ ! -e "$KAFKA_HOME/bootstrap.checkpoint" ]; then
        # Only for speed.
        quietly "preparing Apache Kafka's next starts" "$RUN_DIR/log/kafka-prime.log" kafka_prime ||
            true
    fi
}

# 16 random bytes as Kafka writes them.
kafka_id() {
    head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '='
}

# What `kafka-storage format` does, without a JVM where its one binary file is there already.
kafka_format() {
    local data=$RUN_DIR/kafka/data
    rm -rf "$data"
    if [ ! -e "$KAFKA_HOME/bootstrap.checkpoint" ]; then
        kafka_format_by_tool "$RUN_DIR/kafka/server.properties" \
            >"$RUN_DIR/log/kafka-format.log" 2>&1 || {
            tail -n 20 "$RUN_DIR/log/kafka-format.log" >&2
            return 1
        }
        return 0
    fi
    mkdir -p "$data"
    cp "$KAFKA_HOME/bootstrap.checkpoint" "$data"
    printf '%s\n' version=1 node.id=1 "cluster.id=$(kafka_id)" "directory.id=$(kafka_id)" \
        >"$data/meta.properties"
}

# kafka_properties PORT CONTROLLER-PORT DATA
kafka_properties() {
    sed -e "s|@PORT@|$1|g" -e "s|@CONTROLLER_PORT@|$2|g" -e "s|@DATA@|$3|g" \
        "$ROOT/deploy/kafka/server.properties.in"
}

kafka_spawn() {
    local archive shared=()
    archive=$(kafka_archive)
    if [ -e "$archive" ]; then
        shared=(-XX:SharedArchiveFile="$archive")
    fi
    setsid "${KAFKA_JVM[@]}" -Xms128m -Xmx512m "${shared[@]}" "${KAFKA_LIFE[@]}" kafka.Kafka \
        "$RUN_DIR/kafka/server.properties" >>"$RUN_DIR/kafka/log" 2>&1 </dev/null 9>&- &
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
    kafka_properties "$KAFKA_PORT" "$(port_of kafka-controller)" "$RUN_DIR/kafka/data" \
        >"$RUN_DIR/kafka/server.properties"
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
