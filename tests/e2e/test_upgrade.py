#!/usr/bin/env python3
"""e2e.upgrade: what doc/operations.md promises of an upgrade: services restarted one after the other, and a database
migrated under the old ones, while messages come. Nothing is lost, nothing is said twice, intake hardly pauses.

    test_upgrade.py [--rounds N] [PART OF A CASE'S NAME...]

The next version's migration is made up: a column more in every table there is, which hits whatever the old programs
take for granted about a table (`select *`, an insert that names no columns, a row type).
"""
import json
import re
import subprocess
import sys
import threading
import time

import harness
from followup_stage import FollowupStage
from harness import NotRun, expect, until

PARTITIONS = 4
A_SECOND = 100         # messages
PAUSE_MOST_S = 5.0
NEXT = "dayfour-next"  # `dayfour` with one migration more: tests/e2e/CMakeLists.txt
REGULAR = ("select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace where relkind in ('r', 'p')"
           " and nspname in ('intake', 'fact', 'casework', 'followup', 'oh', 'ops', 'audit', 'report')")


def message(number):
    return {"partition": number % PARTITIONS, "key_b64": None, "headers": [], "value": json.dumps({
        "specversion": "1.0", "id": "e%d" % number, "source": "/hr/RW3", "type": "org.dayfour.absence.opened.v1",
        "data": {"organisation": "RW3", "absence_id": "A-%d" % number, "version": 1, "person_id": "P-%d" % number,
                 "category": "sickness", "onset_date": "2026-09-14", "reason": {"scheme": "esr", "code": "S12"}}})}


class Load:
    """Messages at a steady rate, and when what was taken in moved on: seen every 20 ms."""

    def __init__(self, stage):
        self.stage = stage
        self.sent = 0
        self.ends = {}
        self.ended = threading.Event()
        self.fault = None
        self.moved = []  # (time, messages taken in)
        self.threads = [threading.Thread(target=self.guarded, args=(work,)) for work in (self.send, self.watch)]
        stage.producer()

    def guarded(self, work):
        try:
            work()
        except Exception as fault:  # told by the thread of the case
            self.fault = fault
            self.ended.set()

    def send(self):
        began = time.monotonic()
        while not self.ended.is_set():
            due = int((time.monotonic() - began) * A_SECOND)
            if due > self.sent:
                self.ends.update(self.stage.publish([message(n) for n in range(self.sent, due)]))
                self.sent = due
            time.sleep(0.02)

    def watch(self):
        while not self.ended.is_set():
            at = sum(self.stage.look_at_positions().values())
            if not self.moved or at > self.moved[-1][1]:
                self.moved.append((time.monotonic(), at))
            time.sleep(0.02)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join(60)

    def wait_for_some(self, seconds=1.0):
        """So that what comes next is a pause of its own."""
        time.sleep(seconds)
        expect(self.fault is None, "the load: %s" % self.fault)

    def longest_pause(self, since):
        """Between two moments at which intake had moved on, until now; messages came all the while."""
        times = [since, *(t for t, _ in self.moved if t >= since), time.monotonic()]
        return max(b - a for a, b in zip(times, times[1:]))


def all_is_there(stage, load):
    """Each message one task; each task said once."""
    expect(load.fault is None, "the load: %s" % load.fault)
    stage.wait_taken(load.ends)
    stage.wait_idle(60)
    count = str(load.sent)
    expect(stage.sql("select count(*) from fact.absence") == count, "absences of %s messages: %s" % (
        count, stage.sql("select count(*) from fact.absence")))
    expect(stage.sql("select count(*) from oh.task") == count, "tasks")
    expect(stage.sql("select count(*) from intake.dead_letter") == "0", "dead letters")
    said = [e["id"] for e in stage.events("follow-up") if e["type"] == "org.dayfour.contact-task.created.v1"]
    expect(len(said) == load.sent and len(set(said)) == load.sent, "%d said, %d of them different, of %d" % (
        len(said), len(set(said)), load.sent))


def restart(service, start):
    """The old one gets SIGTERM, and the new one is started once it has ended, as a package's upgrade does."""
    began = time.monotonic()
    code = service.stop()
    expect(code == 0, "%s ended with %s: %s" % (service.name, code, service.tail()))
    return start(), time.monotonic() - began


def rolling(around, intakes, rounds):
    with FollowupStage(around, partitions=PARTITIONS) as stage:
        running = [stage.start_intake() for _ in range(intakes)]
        others = [stage.start_followup() for _ in range(2)]
        pauses = []
        with Load(stage) as load:
            load.wait_for_some(2)
            for _ in range(rounds):
                for group, start in ((running, stage.start_intake), (others, stage.start_followup)):
                    for n, service in enumerate(group):
                        since = time.monotonic()
                        group[n], _ = restart(service, start)
                        load.wait_for_some()
                        if group is running:
                            pauses.append(load.longest_pause(since))
            load.wait_for_some()
        all_is_there(stage, load)
        print("    %d messages, %d restarts of intake: it paused for %s s" % (
            load.sent, len(pauses), ", ".join("%.2f" % p for p in pauses)))
        expect(max(pauses) < PAUSE_MOST_S, "intake paused for %.2f s" % max(pauses))


def one_of_each(around):
    """A single intake: what it leaves waits until it is back."""
    rolling(around, 1, ROUNDS)


def two_of_each(around):
    """The other takes over meanwhile."""
    rolling(around, 2, ROUNDS)


def old_programs_on_the_next_schema(around):
    """The order of the documents: migrate first, under the running services; then restart them. And the old ones
    again on what is new, as when one goes back to the version before."""
    if not (around.bin / NEXT).exists():
        raise NotRun("needs " + NEXT)
    with FollowupStage(around, partitions=PARTITIONS) as stage:
        intake, followup = stage.start_intake(), stage.start_followup()
        with Load(stage) as load:
            load.wait_for_some(2)
            tables = int(stage.sql(REGULAR))
            said = stage.dayfour("migrate", "--dry-run", program=NEXT)
            serves = max(int(n) for file in (harness.ROOT / "schemas" / "sql").glob("*.sql")
                         for n in re.findall(r"^-- serves: (\d+)", file.read_text(), re.M))
            expect("serves programs from %d on" % serves in said, "it does not say whom it serves: %s" % said)
            expect("would apply 9000" in stage.dayfour("migrate", "--dry-run", program=NEXT), "it does not say so")
            since = time.monotonic()
            seen = stage.dayfour("migrate", program=NEXT)
            took = time.monotonic() - since
            expect("applied 9000" in seen, "it says %s" % seen)
            more = int(stage.sql("select count(*) from information_schema.columns where column_name = 'next_version'"
                                 " and table_schema <> 'shadow'"))
            expect(more >= tables > 20, "%d columns more in %d tables" % (more, tables))
            load.wait_for_some(2)
            paused = load.longest_pause(since)
            expect(intake.running and followup.running, "one of them ended: %s %s" % (intake.tail(), followup.tail()))
            for service in (intake, followup):
                expect(not service.lines("failed"), "%s: %s" % (service.name, service.tail()))
            old_commands(stage)
            intake, _ = restart(intake, stage.start_intake)
            followup, _ = restart(followup, stage.start_followup)
            load.wait_for_some()
        all_is_there(stage, load)
        print("    %d messages; %d tables with a column more in %.2f s, intake paused for %.2f s" % (
            load.sent, tables, took, paused))
        expect(paused < PAUSE_MOST_S, "intake paused for %.2f s" % paused)
        expect("nothing to do" in stage.dayfour("migrate", program=NEXT), "it is not safe to repeat")


def stops_by_name(service, code):
    expect(service.wait(60) == 3, "%s ended with %s: %s" % (service.name, service.process.returncode, service.tail()))
    last = service.lines("failed")[-1]
    expect(last["code"] == code, "%s: %s" % (service.name, last))


def out_of_range(around):
    """A schema that no longer serves these programs stops them by name, at work or at a start; so does one that is
    older than they need. Once it serves them again nothing is missing and nothing is twice."""
    with FollowupStage(around, partitions=PARTITIONS) as stage:
        def both():
            return stage.start_intake(wait=False), stage.start_followup(wait=None)
        starts, events = both(), [message(n) for n in range(30)]
        for service in starts:
            service.wait_for("ready")
        stage.producer()
        stage.wait_taken(stage.publish(events[:10]))
        newest = int(stage.sql("select max(number) from ops.migration"))
        add = "insert into ops.migration (number, name, sha256, serves) values (%d, '%d_later.sql', 'x', %s)"
        stage.sql(add % (9001, 9001, newest))
        time.sleep(5)
        expect(all(service.running for service in starts), "one ended within its range")
        stage.wait_taken(stage.publish(events[10:20]))
        stage.sql(add % (9002, 9002, newest + 1))
        ends = stage.publish(events[20:])
        for service in starts:
            stops_by_name(service, "schema_too_new")
        for service in both():
            stops_by_name(service, "schema_too_new")
        stage.sql("delete from ops.migration where number > 9000")
        stage.sql("insert into ops.migration (number, name, sha256) values (1, '0001_core.sql', 'x')")
        for service in both():
            stops_by_name(service, "schema_development")
        stage.sql("delete from ops.migration where name = '0001_core.sql'")
        stage.sql("create table public.kept as select * from ops.migration where number = %d;"
                  " delete from ops.migration where number = %d" % (newest, newest))
        for service in both():
            stops_by_name(service, "schema_too_old")
        stage.sql("insert into ops.migration select * from public.kept; drop table public.kept")
        for service in both():
            service.wait_for("ready")
        stage.wait_taken(ends)
        stage.wait_idle(60)
        expect(stage.sql("select count(*) from fact.absence") == "30", "records")
        said = [e["id"] for e in stage.events("follow-up") if e["type"] == "org.dayfour.contact-task.created.v1"]
        expect(len(said) == 30 and len(set(said)) == 30, "%d said, %d different" % (len(said), len(set(said))))


def among_others(around):
    """A migration and somebody's transaction wait for each other: it gives way, and is done again."""
    if not (around.bin / NEXT).exists():
        raise NotRun("needs " + NEXT)
    with FollowupStage(around, partitions=PARTITIONS) as stage, subprocess.Popen(
            ["psql", "-XAtq", "-d", stage.dsn()], stdin=subprocess.PIPE, text=True) as other:
        said = []
        migrating = threading.Thread(target=lambda: said.append(stage.dayfour("migrate", program=NEXT)))
        waits = "select count(*) from pg_locks l join pg_database d on d.oid = l.database where %s and datname = '" \
            + stage.id + "'"
        other.stdin.write("begin; lock table casework.spell in share update exclusive mode;\n")
        other.stdin.flush()
        until(lambda: stage.sql(waits % "granted and mode = 'ShareUpdateExclusiveLock'") != "0", "the lock", 10)
        migrating.start()
        until(lambda: stage.sql(waits % "not granted") != "0", "the migration to wait", 10, 0.02)
        other.stdin.write("lock table intake.position in access share mode; commit;\n")
        other.stdin.flush()
        migrating.join(90)
        expect(said and "applied 9000" in said[0], "it was not applied")


def old_commands(stage):
    """The commands work too; doctor has one new finding."""
    for words in (("positions",), ("dead-letters", "list"), ("purge", "--dry-run"), ("audit", "list"),
                  ("report",), ("settings", "show")):
        stage.dayfour(*words)


ROUNDS = 1
CASES = {
    "one of each, restarted one after the other": one_of_each,
    "two of each, restarted one after the other": two_of_each,
    "old programs on the next version's schema": old_programs_on_the_next_schema,
    "a migration among others": among_others,
    "a schema out of range": out_of_range,
}

if __name__ == "__main__":
    if "--rounds" in sys.argv:
        at = sys.argv.index("--rounds")
        ROUNDS = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    sys.exit(harness.run(CASES))
