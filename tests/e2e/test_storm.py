#!/usr/bin/env python3
"""e2e.storm: however much goes wrong, the log stays short, and nothing is missing from it without a word of how much."""
import collections
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import expect

BURST, MANY = 5, 100
OF_MANY = ("assigned", "active", "standby", "topic_missing", "feed_silent")
BAD = 3000


def bad(n):
    return [{"partition": 0, "key_b64": None, "headers": [], "value": "{"}] * n


def held(services, began):
    """The limits of common/runtime/log.h for each event, and for all together."""
    seconds = time.monotonic() - began
    for service in services:
        counts = collections.Counter(line["event"] for line in service.lines())
        for event, n in counts.items():
            most = (MANY if event in OF_MANY else BURST) + seconds + 1
            expect(n <= most, "%s: %d lines %s in %d s" % (service.name, n, event, seconds))
        expect(sum(counts.values()) <= 30 + 4 * seconds, "%s: %d lines in %d s: %s" % (
            service.name, sum(counts.values()), seconds, dict(counts)))
        print("    %s: %d lines in %d s: %s" % (service.name, sum(counts.values()), seconds, dict(counts)))


def start(stage, **settings):
    return [stage.start_intake(log__level="info", **settings), stage.start_followup(log__level="info")]


def every_message_is_bad(around):
    with FollowupStage(around) as stage:
        began = time.monotonic()
        services = start(stage, batch__max_rows="1")
        stage.wait_taken(stage.publish(bad(BAD)), 120)
        stage.wait_idle(120)
        held(services, began)
        for service in services:
            expect(service.stop() == 0, "%s does not end well" % service.name)
        intake = services[0]
        lines = intake.lines("dead_letters")
        told = sum(line.get("suppressed", 0) for line in lines) + sum(
            line["suppressed"] for line in intake.lines("left_out") if line["of"] == "dead_letters")
        expect(told > 0, "nothing was left out: this is no storm")
        batches = sum(line["batches"] for line in intake.lines("batches_stored"))
        expect(len(lines) + told == batches, "%d lines, %d left out, of %d batches" % (len(lines), told, batches))
        expect(sum(line["dead"] for line in intake.lines("batches_stored")) == BAD, "not all are counted")
        expect(stage.sql("select count(*) from intake.dead_letter") == str(BAD), "not all are kept")
        expect(len(stage.records("dead-letter")) == BAD, "not all went out")


def servers_flap(around):
    """The database dies again and again, then the broker, then both are away for a while."""
    with FollowupStage(around) as stage:
        began = time.monotonic()
        services = start(stage)
        try:
            for server, times in (("postgres", 5), ("kafka", 2)):
                for _ in range(times):
                    around.server("kill", server)
                    if server == "postgres":
                        stage.publish(bad(3))
                    time.sleep(1.5)
                    around.server("start", server)
                    time.sleep(1.5)
            around.server("kill", "kafka")
            around.server("kill", "postgres")
            time.sleep(20)
        finally:
            around.server("start", "postgres")
            around.server("start", "kafka")
        stage.wait_taken(stage.publish(bad(1)), 60)
        stage.wait_idle(60)
        held(services, began)


def sessions_flap(around):
    """Sessions that the server ends as fast as they come."""
    with FollowupStage(around) as stage:
        began = time.monotonic()
        services = start(stage)
        end = time.monotonic() + 15
        while time.monotonic() < end:
            ends = stage.publish(bad(3))
            stage.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = '%s'"
                      " and usename like '%s_%%'" % (stage.id, stage.id), database=None)
        stage.wait_taken(ends, 60)
        stage.wait_idle(60)
        held(services, began)
        for service in services:
            expect(service.lines("db_down"), "%s did not notice" % service.name)


def begins_without_database(around):
    """The first try that fails is in the log, not only the second."""
    with FollowupStage(around) as stage:
        around.server("kill", "postgres")
        try:
            services = [stage.start_intake(wait=False), stage.start_followup(wait=None)]
            for service in services:
                line = service.wait_for("db_down").lines("db_down")[0]
                expect(line["attempt"] == 1, "%s tells of attempt %d first" % (service.name, line["attempt"]))
        finally:
            around.server("start", "postgres")
        for service in services:
            service.wait_for("ready")


CASES = {
    "every message is bad": every_message_is_bad,
    "servers that come and go": servers_flap,
    "sessions that are ended": sessions_flap,
    "the first try that fails": begins_without_database,
}
if __name__ == "__main__":
    sys.exit(harness.run(CASES))
