#!/usr/bin/env python3
"""Back up under load, lose the database, restore: what doc/operations.md promises."""
import json
import subprocess
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import expect, until

PARTITIONS = 2
PEOPLE = 400


def lines(first, count):
    return [{"partition": n % PARTITIONS, "key_b64": None, "headers": [], "value": json.dumps({
        "specversion": "1.0", "id": "e%d" % n, "source": "/hr/RW3",
        "type": "org.dayfour.absence.opened.v1",
        "data": {"organisation": "RW3", "absence_id": "A-%d" % n, "version": 1,
                 "person_id": "P-%d" % n, "category": "sickness", "onset_date": "2026-09-14",
                 "reason": {"scheme": "esr", "code": "S12"}}})} for n in range(first, first + count)]


def dump(stage):
    file = stage.dir / "backup"
    done = subprocess.run(["pg_dump", "-Fc", "-f", file, "-d", stage.dsn()], capture_output=True,
                          text=True, timeout=120, check=False)
    expect(done.returncode == 0, "pg_dump: %s" % done.stderr)
    return file


def lose_and_restore(stage, file):
    stage.sql("drop database %s with (force)" % stage.id, database=None)
    stage.sql("create database %s" % stage.id, database=None)
    done = subprocess.run(["pg_restore", "--exit-on-error", "-d", stage.dsn(), file],
                          capture_output=True, text=True, timeout=120, check=False)
    expect(done.returncode == 0, "pg_restore: %s" % done.stderr)
    stage.positions.clear()  # they went back, as they should


def created(stage):
    """ids of contact-task.created, each as often as it was said."""
    return sorted(e["id"] for e in stage.events("follow-up")
                  if e["type"] == "org.dayfour.contact-task.created.v1")


def told_all(stage, count):
    until(lambda: len(set(created(stage))) == count, "all to be told", 60, 0.5)
    return created(stage)


def busy_stage(around):
    stage = FollowupStage(around, partitions=PARTITIONS)
    intake = stage.start_intake(batch__max_rows="5")
    return stage, intake


def restored_while_nothing_was_told(around):
    """The emission is paused for the backup: nothing can be ahead of it, all goes on by itself."""
    stage, intake = busy_stage(around)
    with stage:
        followup = stage.start_followup()
        first = stage.publish(lines(0, PEOPLE // 4))
        stage.wait_taken(first)
        told_all(stage, PEOPLE // 4)
        stage.dayfour("emission", "pause")
        until(lambda: stage.sql("select count(*) from followup.outbox") == "0" and stage.is_idle(),
              "the outbox to be empty", 30)
        ends = stage.publish(lines(PEOPLE // 4, PEOPLE // 2))
        stage.wait_progress(first)
        file = dump(stage)
        stage.wait_taken(ends)
        intake.kill()
        followup.kill()
        before = int(stage.sql("select sum(next_offset) from intake.position"))
        lose_and_restore(stage, file)
        after = int(stage.sql("select sum(next_offset) from intake.position"))
        expect(0 < after < before, "the backup was not made under load: %d of %d" % (after, before))
        ends.update(stage.publish(lines(3 * PEOPLE // 4, PEOPLE // 4)))
        stage.start_intake()
        stage.free_leases()
        stage.start_followup()
        stage.wait_taken(ends)
        stage.dayfour("emission", "resume")
        said = told_all(stage, PEOPLE)
        expect(len(said) == PEOPLE, "%d said of %d" % (len(said), PEOPLE))
        expect(stage.sql("select count(*) from casework.spell") == str(PEOPLE), "tasks")


def topic_ahead(around):
    """More was told than the backup knows: followup stops by name, and tells again when told to."""
    stage, intake = busy_stage(around)
    with stage:
        followup = stage.start_followup()
        first = stage.publish(lines(0, PEOPLE // 2))
        stage.wait_progress({})
        file = dump(stage)
        stage.wait_taken(first)
        told_all(stage, PEOPLE // 2)
        more = stage.publish(lines(PEOPLE // 2, PEOPLE // 2))
        stage.wait_taken(more)
        before = told_all(stage, PEOPLE)
        intake.kill()
        followup.kill()
        lose_and_restore(stage, file)
        stage.free_leases()
        stage.start_intake()
        stage.wait_taken(more)
        stopped = stage.start_followup(wait=False)
        expect(stopped.wait(40) == 3, "ended with %s" % stopped.process.returncode)
        said = stopped.lines("position_ahead")
        expect(said, "position_ahead is not told: %s" % stopped.tail())
        expect(created(stage) == before, "it told something all the same")
        # As doc/operations.md has it: on from where the topic is.
        position = int(said[-1]["msg"].split("the topic is at batch ")[1].split(",")[0])
        stage.sql("begin; delete from followup.outbox where shard = 0; update followup.shard"
                  " set next_batch = %d, confirmed_batch = %d where shard = 0; commit"
                  % (position, position - 1))
        stage.free_leases()
        stage.start_followup()
        until(lambda: stage.sql("select count(*) from followup.emitted where kind ="
                                " 'contact-task.created'") == str(PEOPLE), "all to be told again", 60)
        stage.wait_idle()
        time.sleep(1)
        after = created(stage)
        expect(set(after) == set(before), "other ids than before")
        expect(len(after) <= 2 * PEOPLE, "said more than twice")


CASES = {
    "restored while nothing was told": restored_while_nothing_was_told,
    "the topic is ahead": topic_ahead,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
