#!/usr/bin/env python3
"""e2e.ready: /readyz follows brokers, topics and the database within five seconds, also while nothing
arrives; lag counts messages; what the Kafka library says is folded."""
import json
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import Stage, expect, until
from test_manager import event, free_port, get, metrics

WITHIN_S = 5


def becomes(port, status, what):
    """Within five seconds; a busy machine may take a little longer to answer."""
    until(lambda: get(port, "/readyz")[0] == status, "%s: %d" % (what, status), WITHIN_S + 0.5, 0.1)


def stays(port, service, what, seconds=3):
    """It is ready, and does not waver."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        expect(get(port, "/readyz")[0] == 200, "%s: not ready any more: %s" % (what, service.tail()))
        time.sleep(0.2)


def answers_ready(port):
    try:
        return get(port, "/readyz")[0] == 200
    except OSError:  # it does not listen yet
        return False


class Both:
    """Both services, idle, and their ports."""

    def __init__(self, around):
        self.around = around
        self.stage = FollowupStage(around)
        self.ports = (free_port(), free_port())
        listen = ["127.0.0.1:%d" % port for port in self.ports]
        try:
            self.services = (self.stage.start_intake(http__listen=listen[0], log__level="info"),
                             self.stage.start_followup(http__listen=listen[1], log__level="info"))
            self.stage.wait_taken(self.stage.publish([event(1)]))
            self.stage.wait_idle()
            for port in self.ports:
                until(lambda port=port: get(port, "/readyz")[0] == 200, "to be ready", 20)
        except BaseException:
            self.stage.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.stage.__exit__(*why)

    def away(self, begin, end, what, down_s=0, broker=True):
        """Neither is ready from soon after begin() to soon after end()."""
        begin()
        try:
            for port in self.ports:
                becomes(port, 503, what)
                if broker:  # intake is not ready as soon as it loses its partitions, which may be earlier
                    until(lambda port=port: metrics(port)["dayfour_kafka_up"] == 0, "the broker to be away", WITHIN_S)
            for port in self.ports:
                expect(get(port, "/healthz")[0] == 200, "%s: the loop stands" % what)
            time.sleep(down_s)
        finally:
            end()
        for port in self.ports:
            becomes(port, 200, "%s is back" % what)
        for port, service in zip(self.ports, self.services):
            stays(port, service, "%s was back" % what)


def broker_away(around):
    with Both(around) as both:
        both.away(lambda: around.server("stop", "kafka"), lambda: around.server("start", "kafka"), "the broker")
        both.away(lambda: around.server("pause", "kafka"), lambda: around.server("resume", "kafka"), "a frozen broker")
        both.stage.wait_taken(both.stage.publish([event(2)]))
        both.stage.wait_idle()


def standing_by(around):
    """Two intakes share one partition: the one without it is ready too, and takes over when the other ends."""
    with Stage(around) as stage:
        ports = free_port(), free_port()
        first = stage.start_intake(http__listen="127.0.0.1:%d" % ports[0])
        second = stage.start_intake(wait=None, http__listen="127.0.0.1:%d" % ports[1])
        for port in ports:
            until(lambda port=port: answers_ready(port), "to be ready", 20)
        until(lambda: len(first.lines("assigned")) + len(second.lines("assigned")) >= 2, "both to be in the group", 20)
        for port, service in zip(ports, (first, second)):
            stays(port, service, "standing by")
        expect(first.stop() == 0, "did not end well")
        stays(ports[1], second, "alone")
        stage.wait_taken(stage.publish([event(1)]))


def database_away(around):
    with Both(around) as both:
        both.away(lambda: around.server("stop", "postgres"), lambda: around.server("start", "postgres"),
                  "the database", broker=False)


def noise_is_folded(around):
    """Twenty seconds without Kafka: one line, and how many the library had to say."""
    with Both(around) as both:
        both.away(lambda: around.server("stop", "kafka"), lambda: around.server("start", "kafka"), "the broker", 20)
        for service in both.services:
            service.wait_for("kafka_up", 20)
            down = service.lines("kafka_down")
            expect(len(down) == 1, "said %d times: %s" % (len(down), down))
            counted = down[0]["messages"] + service.lines("kafka_up")[0]["messages"]
            expect(counted > 0, "nothing was counted")
            other = [line for line in service.lines("kafka_library") + service.lines("publish_failed")
                     if line["level"] in ("warn", "error")]
            expect(len(other) <= 1, "besides: %s" % other)


def topics_away(around):
    """A topic that is deleted and created is another one: followup writes to it, intake stops by name."""
    with FollowupStage(around) as stage:
        ports = free_port(), free_port()
        services = (stage.start_intake(http__listen="127.0.0.1:%d" % ports[0]),
                    stage.start_followup(http__listen="127.0.0.1:%d" % ports[1]))
        stage.wait_taken(stage.publish([event(1)]))
        stage.wait_idle()
        for port in ports:
            until(lambda port=port: get(port, "/readyz")[0] == 200, "to be ready", 20)
        for port, service, topic in reversed(list(zip(ports, services, (stage.topic, stage.out["return-to-work"])))):
            around.topics("delete", topic)
            becomes(port, 503, topic)
            service.wait_for("topic_missing")
            expect(service.lines("topic_missing")[-1]["topic"] == topic, "named: %s" % service.tail())
            until(lambda port=port, topic=topic: metrics(port)['dayfour_topic_missing{topic="%s"}' % topic] == 1,
                  "the metric", 5)
            around.topics("create", topic + ":1")
            if service is services[1]:
                becomes(port, 200, topic + " is back")
        code = services[0].wait(20)
        last = services[0].lines()[-1]
        expect(code == 3 and last["event"] == "stopped" and last["code"] == "position_lost",
               "ended with %s: %s" % (code, services[0].tail()))


def misspelt_topic(around):
    """It is named; made after all, it is read at once."""
    with Stage(around) as stage:
        port = free_port()
        topic = stage.id + ".evnets"
        intake = stage.start_intake(wait=False, kafka__topic__absences=topic, http__listen="127.0.0.1:%d" % port)
        intake.wait_for("topic_missing")
        expect(intake.lines("topic_missing")[0]["topic"] == topic, intake.tail())
        expect(get(port, "/readyz")[0] == 503, "ready without a topic")
        expect(metrics(port)['dayfour_topic_missing{topic="%s"}' % topic] == 1, "the metric")
        around.topics("create", topic + ":1")
        try:
            becomes(port, 200, "the topic is there")
            expect(intake.stop() == 0, "did not end well")
        finally:
            around.topics("delete", topic)


def lag_counts_messages(around):
    """Markers of transactions, committed and aborted, at the end of a partition."""
    with Stage(around) as stage:
        port = free_port()
        stage.start_intake(http__listen="127.0.0.1:%d" % port)
        name = 'dayfour_intake_lag_records{topic="%s",partition="0"}' % stage.topic
        producer = stage.producer("hr-" + stage.id)
        for n in range(3):
            producer.send_line(event(n))
            ends = producer.end("commit")
        stage.wait_taken(ends)
        until(lambda: metrics(port)[name] == 0, "no lag behind committed transactions", 20)
        producer.send_line(event(7))
        producer.end("abort")
        until(lambda: metrics(port)[name] == 0, "no lag behind an aborted one", 20)
        time.sleep(2)
        expect(metrics(port)[name] == 0, "lag comes back")
        shown = json.loads(stage.dayfour_with({"DAYFOUR_KAFKA_TOPIC_ABSENCES": stage.topic}, "positions", "--json"))
        expect([p["lag"] for p in shown] == [0], "positions: %s" % shown)
        around.server("stop", "postgres")
        try:
            until(lambda: metrics(port)["dayfour_db_failures_total"] >= 1, "the outage to show", 20)
            for n in (8, 9):
                producer.send_line(event(n))
            ends = producer.end("commit")
            until(lambda: metrics(port)[name] >= 2, "what waits to show", 20)
        finally:
            around.server("start", "postgres")
        stage.wait_taken(ends)
        until(lambda: metrics(port)[name] == 0, "no lag after the outage", 20)


CASES = {
    "the broker away": broker_away,
    "standing by": standing_by,
    "the database away": database_away,
    "what the library says": noise_is_folded,
    "topics away": topics_away,
    "a misspelt topic": misspelt_topic,
    "lag counts messages": lag_counts_messages,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
