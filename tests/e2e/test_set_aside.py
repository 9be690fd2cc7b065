#!/usr/bin/env python3
"""e2e.set_aside: one message or one person that the database refuses never stops the rest, and what is refused for
another reason waits, says so, and continues by itself: nothing is lost, nothing is a dead letter for it."""
import base64
import hashlib
import hmac
import os
import subprocess
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import Stage, expect, until
from process import memory_mib
from test_followup_faults import absence, created, people
from test_manager import free_port, get, metrics

NOW = "2026-09-15T10:30:00Z"
WAIT = 180
CROCKFORD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
BAD = {"partition": 0, "key_b64": None, "headers": [], "value": '{"not":"a cloudevent"}'}


def spell_id(number):
    """The id of the task that absence(number) leads to, whose reason is of the pathway msk."""
    parts = ("s", "RW3", "P-%d" % number, "/hr/RW3", "A-%d" % number, "msk")
    mac = hmac.new(bytes.fromhex(harness.TEST_KEY), "\x1f".join(parts).encode(), hashlib.sha256)
    return base64.b32encode(mac.digest()).decode()[:12].translate(CROCKFORD)


def count(stage, what, where="true"):
    return int(stage.sql("select count(*) from %s where %s" % (what, where)))


def set_back(stage):
    """The position of partition 0, to where the log begins; who holds it is fenced and reads it again."""
    stage.sql("select ops.set_position('%s', 0, 0)" % stage.topic)
    stage.positions.clear()


# --- dead letters that are there already

def read_again(around):
    """The position is set back behind dead letters: they stay as they are, and the rest is taken in."""
    with FollowupStage(around, now=NOW) as stage:
        intake = stage.start_intake(batch__max_rows="5")
        stage.start_followup()
        stage.wait_taken(stage.publish([BAD, absence(1), {**absence(2), "value": "{"}, absence(3)]), WAIT)
        stage.wait_idle(WAIT)
        before = stage.rows("select * from intake.dead_letter order by \"offset\"")
        expect(len(before) == 2 and len(stage.records("dead-letter")) == 2, "dead letters: %s" % before)
        expect(intake.stop() == 0, "intake did not stop")
        set_back(stage)
        intake = stage.start_intake(batch__max_rows="5")
        stage.wait_taken(stage.publish([absence(4)]), WAIT)
        stage.wait_idle(WAIT)
        expect(stage.rows("select * from intake.dead_letter order by \"offset\"") == before,
               "the dead letters are others")
        expect(len(stage.records("dead-letter")) == 2, "a dead letter went out twice")
        expect(count(stage, "fact.absence") == 3 and created(stage) == people(1, 3, 4), "records")
        expect(intake.running, "intake ended")


def another_at_its_place(around):
    """The topic was deleted and created: a bad record at the offset of an older bad one is kept as well."""
    with FollowupStage(around, now=NOW) as stage:
        stage.start_followup()
        stage.sql("insert into intake.dead_letter (topic, partition, \"offset\", reason, value, headers, size,"
                  " received_at, published_batch) values ('%s', 0, 0, 'not_json', 'old', '', 3, now(), 1)" % stage.topic)
        stage.start_intake()
        stage.wait_taken(stage.publish([BAD, absence(1)]), WAIT)
        stage.wait_idle(WAIT)
        expect(stage.sql("select reason || ' ' || convert_from(value, 'UTF8') from intake.dead_letter")
               == "not_cloudevent " + BAD["value"], "the dead letter is the old one")
        expect([r["value"].decode() for r in stage.records("dead-letter")] == [BAD["value"]], "it did not go out")


# --- one message, one person

def shared_id(around):
    """Two people whose tasks have the same id: both are set aside, everybody else is stored."""
    with FollowupStage(around, now=NOW) as stage:
        port = free_port()
        intake = stage.start_intake(batch__max_rows="200", http__listen="127.0.0.1:%d" % port)
        stage.wait_taken(stage.publish([absence(1)]), WAIT)
        stage.sql("update casework.spell set spell_id = '%s' where person_id = 'P-17'; "
                  "update casework.spell set spell_id = '%s' where person_id = 'P-1'" % (spell_id(1), spell_id(17)))
        stage.wait_taken(stage.publish([absence(n) for n in range(2, 101)]), WAIT)
        expect(count(stage, "fact.absence") == 100 and count(stage, "casework.spell") == 99, "not all others are stored")
        expect(count(stage, "intake.dead_letter") == 0, "a good message became a dead letter")
        expect(stage.sql("select string_agg(person_id, ' ' order by person_id) from casework.set_aside") == "P-1 P-17",
               "set aside: %s" % stage.sql("table casework.set_aside"))
        shown = stage.rows("select * from ops.set_aside order by no")
        expect(len(shown) == 2 and all(s["service"] == "intake" and s["code"] == "23505" and s["what"] == "spell_pkey"
                                       for s in shown), "operators see %s" % shown)
        expect(not any("P-1" in str(s) or "RW3" in str(s) or "msk" in str(s) for s in shown), "the view names somebody")
        said = intake.lines("set_aside")
        expect(len(said) == 1 and said[0]["code"] == "23505" and "P-17" not in str(said), "the log says %s" % said)
        expect(metrics(port)['dayfour_set_aside_total{what="person"}'] == 1, "it is not counted")
        # The next message about that person is taken as well, and at once.
        stage.wait_taken(stage.publish([absence(17, 2, last_day="2026-09-15"), absence(101)]), 20)
        expect(stage.sql("select version from fact.absence where person_id = 'P-17'") == "2", "version 2 is missing")
        expect(intake.running, "intake gave up")


def one_persons_case(around):
    """What is derived for one person cannot be stored: the facts are, HR is told as ever, everybody else's case is
    as it should be; and there is a way back, by hand and by itself."""
    with FollowupStage(around, now=NOW) as stage:
        intake = stage.start_intake(batch__max_rows="200")
        port = free_port()
        followup = stage.start_followup(http__listen="127.0.0.1:%d" % port)
        stage.sql("alter table casework.spell add constraint zq check (person_id <> 'P-17' or attempts > 0)")
        stage.wait_taken(stage.publish([absence(n, last_day="2026-09-14") for n in range(40)]), WAIT)
        expect(count(stage, "fact.absence") == 40, "facts are missing")
        expect(count(stage, "casework.spell", "person_id <> 'P-17'") == 39, "cases are missing")
        expect(count(stage, "intake.dead_letter") == 0, "a dead letter")
        expect(count(stage, "casework.set_aside", "person_id = 'P-17'") == 1, "nobody is set aside")
        until(lambda: len([e for e in stage.events("return-to-work") if ".returned-to-work." in e["type"]]) == 40,
              "HR to be told of everybody", WAIT, 0.5)
        until(lambda: metrics(port).get("dayfour_set_aside_people") == 1, "the gauge", WAIT)
        stage.step_clock("2026-09-15T12:00:00Z")  # an hour later it is tried again, by followup
        until(lambda: count(stage, "casework.set_aside", "tries > 1 and service = 'followup'") == 1, "another try", WAIT)
        expect(followup.lines("set_aside") and followup.running and intake.running, "followup says nothing")
        stage.sql("alter table casework.spell drop constraint zq")
        expect("1 " in stage.dayfour("set-aside", "retry"), "retry")
        until(lambda: count(stage, "casework.spell", "person_id = 'P-17'") == 1, "the case to be stored", WAIT)
        until(lambda: count(stage, "casework.set_aside") == 0, "nobody to be set aside", WAIT)
        until(lambda: metrics(port).get("dayfour_set_aside_people") == 0, "the gauge", WAIT)


def one_silence(around):
    """The silence of a feed cannot be noted: nobody is set aside for it, and what is due for people goes out."""
    with FollowupStage(around, now=NOW) as stage:
        stage.start_intake()
        followup = stage.start_followup()
        stage.wait_taken(stage.publish([absence(n) for n in range(10)]), WAIT)
        stage.wait_idle(WAIT)
        stage.sql("alter table followup.emitted add constraint zq check (kind <> 'feed.silent')")
        stage.set_clock("2026-09-17T08:30:00Z")  # reminders are due, and the feed is silent
        until(lambda: len([e for e in stage.events("follow-up") if ".due-soon." in e["type"]]) == 10, "reminders", WAIT, 1)
        expect(count(stage, "casework.set_aside") == 0, "somebody is set aside for it")
        expect(not followup.lines("feed_silent"), "the log tells what is not committed")
        stage.sql("alter table followup.emitted drop constraint zq")
        stage.wait_idle(WAIT)
        expect(len(followup.lines("feed_silent")) == 1, "the log does not tell it once")


def one_message(around):
    """A value that the database refuses in the facts themselves: that message is a dead letter, and named."""
    with Stage(around, now=NOW) as stage:
        intake = stage.start_intake(batch__max_rows="200")
        stage.sql("alter table fact.absence add constraint zq check (absence_id <> 'A-17')")
        stage.wait_taken(stage.publish([absence(n) for n in range(40)]), WAIT)
        expect(count(stage, "fact.absence") == 39 and count(stage, "casework.spell") == 39, "the rest is not stored")
        expect(stage.sql("select \"offset\" || ' ' || reason from intake.dead_letter") == "17 not_storable", "dead letters")
        said = intake.lines("set_aside")
        expect(len(said) == 1 and (said[0]["partition"], said[0]["offset"], said[0]["code"]) == (0, 17, "23514"),
               "the log says %s" % said)
        expect(not any("P-17" in str(line) or "A-17" in str(line) for line in intake.lines()), "the log names somebody")


# --- what is retried

def retried_for_a_minute(around):
    """A batch that meets others for ever: few tries, and after a minute an error, a metric, not ready."""
    with Stage(around, now=NOW) as stage:
        port = free_port()
        intake = stage.start_intake(http__listen="127.0.0.1:%d" % port)
        stage.sql("create sequence public.tries; grant usage on sequence public.tries to public;"
                  "create function public.refuse() returns trigger language plpgsql as $$ begin"
                  " perform nextval('public.tries'); raise exception 'met' using errcode = '40001'; end $$;"
                  "create trigger refuse before insert on fact.absence for each statement"
                  " execute function public.refuse()")
        ends = stage.publish([absence(n) for n in range(20)])
        time.sleep(30)
        tries = int(stage.sql("select last_value from public.tries"))
        expect(3 < tries < 100, "%d tries in 30 s" % tries)
        expect(not [line for line in intake.lines("batch_retried") if line["level"] == "error"], "an error already")
        until(lambda: get(port, "/readyz")[0] == 503, "not to be ready", 60)
        errors = until(lambda: [x for x in intake.lines("batch_retried") if x["level"] == "error"], "an error")
        expect(len(errors) == 1 and errors[0]["code"] == "40001", "errors: %s" % errors)
        expect(metrics(port)["dayfour_batch_retried_seconds"] >= 60, "the metric")
        stage.sql("drop trigger refuse on fact.absence")
        stage.wait_taken(ends, WAIT)
        until(lambda: get(port, "/readyz")[0] == 200, "to be ready", 30)
        expect(metrics(port)["dayfour_batch_retried_seconds"] == 0, "the metric stays")
        expect(count(stage, "fact.absence") == 20 and count(stage, "intake.dead_letter") == 0, "rows")


# --- memory

def large_headers(around):
    """A thousand small messages whose headers are as large as a topic allows: memory stays bounded, and of the
    headers only that they were dropped is kept."""
    with FollowupStage(around, now=NOW) as stage:
        big = "x" * 900_000
        os.environ["E2E_CODEC"] = "gzip"  # on the topic it is one thousandth of that
        producer = stage.producer()
        del os.environ["E2E_CODEC"]
        for n in range(10):
            for _ in range(100):
                producer.send(0, None, None, [("h", big)])
            ends = producer.end()
        producer.send(0, None, None, [("small", "kept")])
        producer.send_line(absence(1))
        ends = producer.end()
        intake = stage.start_intake(batch__max_rows="1000")
        stage.wait_taken(ends, WAIT)
        most = memory_mib(intake.process.pid, "VmHWM")
        expect(most < 400, "%d MiB" % most)
        expect(count(stage, "intake.dead_letter", "octet_length(headers) > 65536") == 0, "large headers are kept")
        expect(count(stage, "intake.dead_letter") == 1001 and count(stage, "fact.absence") == 1, "rows")
        stage.start_followup()
        until(lambda: len(stage.records("dead-letter")) == 1001, "the dead letters", WAIT, 1)
        headers = [dict(r["headers"]) for r in stage.records("dead-letter")]
        expect(sum(h.get("dlq-headers-dropped") == "true" and "h" not in h for h in headers) == 1000, "headers")
        expect(sum(h.get("small") == "kept" and "dlq-headers-dropped" not in h for h in headers) == 1, "the small one")


def pseudonym(key):
    return hmac.new(bytes.fromhex(harness.TEST_KEY), key, hashlib.sha256).hexdigest()[:32]


def large_keys(around):
    """The same of keys: the beginning of each is kept, and it goes out under the pseudonym of the whole."""
    with FollowupStage(around, now=NOW) as stage:
        os.environ["E2E_CODEC"] = "gzip"
        producer = stage.producer()
        del os.environ["E2E_CODEC"]
        for n in range(500):
            producer.send(0, b"%04d" % (n // 2) + b"x" * 900_000, None)
            if n % 100 == 99:
                ends = producer.end()
        producer.send_line(absence(1))
        ends = producer.end()
        intake = stage.start_intake(batch__max_rows="1000")
        stage.wait_taken(ends, WAIT)
        expect(count(stage, "intake.dead_letter") == 500 and count(stage, "fact.absence") == 1, "rows")
        expect(count(stage, "intake.dead_letter", "octet_length(key) > 65536") == 0, "large keys are kept")
        followup = stage.start_followup()
        until(lambda: len(stage.records("dead-letter")) == 500, "the dead letters", WAIT, 1)
        for service in (intake, followup):
            most = memory_mib(service.process.pid, "VmHWM")
            expect(most < 400, "%s: %d MiB" % (service.name, most))
        keys = {pseudonym(b"%04d" % n + b"x" * 900_000) for n in range(250)}
        expect({r["key"] for r in stage.records("dead-letter")} == keys, "keys")


CASES = {
    "dead letters read again": read_again,
    "another dead letter at its place": another_at_its_place,
    "an id that two people share": shared_id,
    "one person's case refused": one_persons_case,
    "one silence refused": one_silence,
    "one message refused": one_message,
    "a batch retried for a minute": retried_for_a_minute,
    "large headers": large_headers,
    "large keys": large_keys,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
