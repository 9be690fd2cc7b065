#!/usr/bin/env python3
"""e2e.refusals: what other consumers get wrong. While the database refuses for a reason of its own no
message becomes a dead letter, no position moves, nothing goes out, and afterwards nothing is missing
and nothing is twice; of a batch with one message that cannot be stored all the others are stored."""
import functools
import subprocess
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import Stage, expect, until
from test_fixed2000 import NOW as FIXED_NOW, check, expected
from test_followup_faults import absence, created, people
from test_outages import HALF, PARTITIONS

NOW = "2026-09-15T10:30:00Z"
WAIT = 120
# Full disk, no memory, too many connections, cancelled, shut down, starting up, an input or output error, a broken
# session, deadlock, not serializable, a lock not to be had, read-only.
STATES = ("53100", "53200", "53300", "57014", "57P01", "57P03", "58030", "08006", "40P01", "40001",
          "55P03", "25006")
MEETING = ("40P01", "40001", "55P03")  # of somebody else at work on the same rows
HOURS = ["2026-09-15T%d:30:00Z" % hour for hour in (11, 12, 13)]
REFUSE = ("create or replace function public.refuse() returns trigger language plpgsql as $$"
          " begin raise exception 'refused for a while' using errcode = '%s'; end $$;"
          " create or replace trigger refuse before insert on %s"
          " for each statement execute function public.refuse()")
ALLOW = "drop trigger refuse on %s"


def group_at(stage):
    """The offset committed to the group for partition 0; 0: none."""
    done = subprocess.run([stage.around.bin / "e2e_topic", "position", stage.around.brokers, stage.id,
                           stage.topic, "0"], capture_output=True, text=True, timeout=60, check=False)
    expect(done.returncode == 0, "position: %s" % done.stderr)
    return max(0, int(done.stdout))


def intake_waits(around, table):
    """Each of the states in turn, on the table that a batch writes to."""
    with Stage(around, now=NOW) as stage:
        intake = stage.start_intake(batch__max_rows="5")
        stored = 0
        for number, state in enumerate(STATES):
            lines = [absence(20 * number + n) for n in range(19)]
            bad = {**absence(20 * number + 19), "value": "{"}
            before = sum(stage.look_at_positions().values())
            stage.sql(REFUSE % (state, table))
            failures = len(intake.lines("db_down")) + len(intake.lines("batch_retried"))
            ends = stage.publish([bad, *lines])
            until(lambda n=failures: len(intake.lines("db_down")) + len(intake.lines("batch_retried"))
                  > n, "%s to be noticed" % state, WAIT)
            time.sleep(1.2)
            expect(sum(stage.look_at_positions().values()) == before,
                   "%s: the position moved, though nothing was stored" % state)
            expect(group_at(stage) <= before, "%s: the group was told of what was not stored" % state)
            expect(stage.sql("select count(*) from intake.dead_letter") == str(number),
                   "%s: a dead letter" % state)
            expect(stage.sql("select count(*) from fact.absence") == str(stored), "a row")
            stage.sql(ALLOW % table)
            stage.wait_taken(ends, WAIT)
            stored += len(lines)
            expect(stage.sql("select count(*) from fact.absence") == str(stored),
                   "%s: rows are missing afterwards" % state)
        expect(stage.sql("select string_agg(distinct reason, ',') from intake.dead_letter")
               == "not_json", "other dead letters")
        expect(intake.running, "intake gave up")


def followup_waits(around):
    """The same of what is to go out. A person in conflict again and again is deferred for an hour."""
    with FollowupStage(around, now=NOW) as stage:
        stage.start_intake()
        followup = stage.start_followup()
        numbers = []
        for number, state in enumerate(STATES):
            stage.sql(REFUSE % (state, "followup.outbox"))
            failures = len(followup.lines("db_down")) + len(followup.lines("batch_retried"))
            new = list(range(10 * number, 10 * number + 10))
            ends = stage.publish([absence(n) for n in new] + [{**absence(0), "value": "{"}])
            stage.wait_taken(ends, WAIT)
            until(lambda n=failures: len(followup.lines("db_down"))
                  + len(followup.lines("batch_retried")) > n, "%s to be noticed" % state, WAIT)
            time.sleep(0.5)
            expect(created(stage) == people(*numbers), "%s: something went out" % state)
            expect(len(stage.records("dead-letter")) == number, "%s: a dead letter went out" % state)
            stage.sql(ALLOW % "followup.outbox")
            if state in MEETING:
                stage.wait_idle(WAIT)  # who was refused just before is put off from now, not from then
                stage.step_clock(HOURS[MEETING.index(state)])
            stage.wait_idle(WAIT)
            numbers += new
        expect(created(stage) == people(*numbers), "not each once")
        expect(len(stage.records("dead-letter")) == len(STATES), "dead letters")
        expect(followup.running, "followup gave up")


def all_but_one(around, careful_sessions):
    """Two messages that the database refuses for good, among many, in one batch: they are set aside,
    and the batch is done again from its start without them, in its order."""
    with Stage(around, now=NOW) as stage:
        stage.sql("alter table fact.absence add constraint zq check (absence_id not in ('A-17', 'A-61'))")
        lines = [absence(n) for n in range(100)]
        lines += [absence(n, 2, last_day="2026-09-15") for n in range(0, 100, 5)]
        ends = stage.publish(lines)
        intake = stage.start_intake(batch__max_rows="1000", intake__sessions=careful_sessions)
        stage.wait_taken(ends, WAIT)
        expect(stage.sql("select string_agg(\"offset\" || ' ' || reason, ',' order by \"offset\")"
                         " from intake.dead_letter") == "17 not_storable,61 not_storable",
               "dead letters: %s" % stage.sql("select \"offset\", reason from intake.dead_letter"))
        expect(stage.sql("select count(*) from fact.absence") == "98", "records are missing")
        expect(stage.sql("select count(*) from fact.absence where version = 2"
                         " and last_day = '2026-09-15'") == "20", "second versions are missing")
        expect(intake.running, "intake gave up")


def handed_over_again(around):
    """After each assignment and each seek the library hands over messages from before the position: they
    are not taken a second time."""
    early = around.bin / "e2e_early.so"
    if not early.exists():
        raise harness.NotRun("needs e2e_early.so")
    lines, world = expected(PARTITIONS)
    with Stage(around, PARTITIONS, now=FIXED_NOW) as stage:
        first = stage.start_intake()
        stage.wait_taken(stage.publish(lines[:HALF]), WAIT)
        expect(first.stop() == 0, "the first did not stop: %s" % first.tail())
        ends = stage.publish(lines[HALF:])
        intake = stage.start_intake({"LD_PRELOAD": str(early)}, batch__max_rows="5")
        for _ in range(5):
            stage.dayfour("settings", "load", harness.ROOT / "deploy/settings/pathways.json")
            stage.look_at_positions()
        stage.wait_taken(ends, WAIT)
        check(stage, lines, world)
        expect(intake.stop() == 0, "intake did not stop: %s" % intake.tail())
        taken = sum(line["records"] for line in intake.lines("batches_stored"))
        expect(taken == len(lines) - HALF, "%d messages were taken, of %d" % (taken, len(lines) - HALF))


CASES = {
    "intake, records refused": functools.partial(intake_waits, table="fact.absence"),
    "intake, dead letters refused": functools.partial(intake_waits, table="intake.dead_letter"),
    "followup, the outbox refused": followup_waits,
    "messages handed over again": handed_over_again,
    "all but what cannot be stored": functools.partial(all_but_one, careful_sessions="1"),
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
