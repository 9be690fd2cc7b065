#!/usr/bin/env python3
"""Back up under load, lose the database, restore: what doc/operations.md promises."""
import json
import os
import signal
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
    intake = stage.start_intake(batch__max_rows="1")
    return stage, intake


def restored_while_nothing_was_told(around):
    """The emission is paused for the backup: nothing can be ahead of it, and all continues by itself."""
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
    """More was published than the backup has: followup stops by name, and publishes again when permitted."""
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
        stopped = stage.start_followup(wait=None)
        expect(stopped.wait(40) == 3, "ended with %s" % stopped.process.returncode)
        said = stopped.lines("position_ahead")
        expect(said, "position_ahead is not told: %s" % stopped.tail())
        expect(created(stage) == before, "it told something all the same")
        recover(stage)
        stage.free_leases()
        stage.start_followup()
        until(lambda: stage.sql("select count(*) from followup.emitted where kind ="
                                " 'contact-task.created'") == str(PEOPLE), "all to be told again", 60)
        stage.wait_idle()
        time.sleep(1)
        after = created(stage)
        expect(set(after) == set(before), "other ids than before")
        expect(len(after) <= 2 * PEOPLE, "said more than twice")


def recover(stage):
    """As doc/operations.md has it."""
    done = subprocess.run([stage.around.bin / "dayfour", "positions", "recover", "0"], input="recover\n",
                          env={**os.environ, "PG_DSN": stage.dsn(), "KAFKA_BROKERS": stage.around.brokers},
                          capture_output=True, text=True, timeout=60, check=False)
    expect(done.returncode == 0, "positions recover: %s" % done.stderr)


def on_topic(stage):
    """Every event that counts as emitted is on its topic."""
    emitted = set(stage.sql("select subject || '/' || kind || '/' || occurrence from followup.emitted").split())
    said = {e["id"] for e in stage.events()}
    expect(emitted <= said, "%d of %d emitted are on no topic" % (len(emitted - said), len(emitted)))


def set_back_alive(around):
    """The database is replaced by an older one under living services: followup stops by name, before it writes;
    the way on repeats, and loses nothing."""
    stage, intake = busy_stage(around)
    with stage:
        followup = stage.start_followup()
        first = stage.publish(lines(0, PEOPLE // 2))
        stage.wait_taken(first)
        told_all(stage, PEOPLE // 2)
        stage.wait_idle()
        file = dump(stage)
        more = stage.publish(lines(PEOPLE // 2, PEOPLE // 2))
        stage.wait_taken(more)
        before = told_all(stage, PEOPLE)
        stage.wait_idle()
        for service in (intake, followup):  # a failover is quicker than a restore
            service.signal(signal.SIGSTOP)
        lose_and_restore(stage, file)
        for service in (intake, followup):
            service.signal(signal.SIGCONT)
        was = stage.sql("select next_batch, confirmed_batch from followup.shard")
        expect(followup.wait(60) == 3, "ended with %s: %s" % (followup.process.returncode, followup.tail()))
        expect(followup.lines("position_ahead"), "position_ahead is not told: %s" % followup.tail())
        expect(stage.sql("select next_batch, confirmed_batch from followup.shard") == was, "it wrote all the same")
        expect(created(stage) == before, "it told something all the same")
        expect(intake.running, "intake gave up: %s" % intake.tail())
        stage.wait_taken(more)
        stage.free_leases()
        stopped = stage.start_followup(wait=None)
        expect(stopped.wait(40) == 3, "ended with %s" % stopped.process.returncode)
        expect(stopped.lines("position_ahead"), "position_ahead is not told: %s" % stopped.tail())
        recover(stage)
        stage.free_leases()
        again = stage.start_followup()
        stage.wait_idle(60)
        expect(set(created(stage)) == set(before), "other ids than before")
        expect(len(created(stage)) <= 2 * PEOPLE, "said more than twice")
        on_topic(stage)
        expect(stage.sql("select count(*) from followup.recovery") == "0", "it may be used again")
        # The permission was for once.
        expect(again.stop() == 0, "it did not stop")
        stage.sql("update followup.shard set next_batch = next_batch - 1, confirmed_batch = confirmed_batch - 1")
        expect(stage.start_followup(wait=None).wait(40) == 3, "it went on without a permission")


def unconfirmed_is_published(around):
    """A batch claimed and not published when the database was set back is published by the recovery."""
    stage, _ = busy_stage(around)
    with stage:
        followup = stage.start_followup()
        for first in range(0, 20, 5):  # a batch each, so that the topic's position is beyond 2
            stage.wait_taken(stage.publish(lines(first, 5)))
            told_all(stage, first + 5)
        stage.wait_idle()
        followup.kill()
        stage.free_leases()
        stage.wait_taken(stage.publish(lines(20, 20)))
        dying = stage.start_followup({"DAYFOUR_FAULT": "followup.claimed"}, wait=None)
        expect(dying.wait(30) == 137, "it did not end")
        # Claimed under a number that the topic is beyond: as a followup of an older version could.
        stage.sql("begin; update followup.outbox set batch_no = 1; update followup.shard set next_batch = 2,"
                  " confirmed_batch = 0, until = '-infinity'; commit")
        stopped = stage.start_followup(wait=None)
        expect(int(position_of(stage)) > 2, "all went out in one batch")
        expect(stopped.wait(40) == 3, "ended with %s" % stopped.process.returncode)
        expect(stopped.lines("position_ahead"), "position_ahead is not told: %s" % stopped.tail())
        recover(stage)
        stage.free_leases()
        stage.start_followup()
        stage.wait_idle(60)
        on_topic(stage)
        expect(len(set(created(stage))) == 40, "%d said" % len(set(created(stage))))


def position_of(stage):
    done = subprocess.run([stage.around.bin / "e2e_topic", "position", stage.around.brokers, "dayfour-followup-position",
                           stage.out["follow-up"], "0"], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout or "-1"


CASES = {
    "restored while nothing was told": restored_while_nothing_was_told,
    "the topic is ahead": topic_ahead,
    "set back under living services": set_back_alive,
    "what was not confirmed is published": unconfirmed_is_published,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
