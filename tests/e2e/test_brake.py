#!/usr/bin/env python3
"""e2e.brake: a schema error that refuses everybody sets few aside; the rest waits, by name, and continues by itself."""
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import Stage, expect, until
from test_followup_faults import absence, created, people
from test_manager import free_port, get, metrics

NOW = "2026-09-15T10:30:00Z"
WAIT = 180
MANY = 90
MOST = 20  # people in a row


def count(stage, what, where="true"):
    return int(stage.sql("select count(*) from %s where %s" % (what, where)))


def unmatched(number):
    return absence(number, reason={"scheme": "esr", "code": "S25"})


def is_held(port, service):
    """The service logs a line, sets a metric and is not ready, without waiting for a minute."""
    service.wait_for("aside_stopped", 120)
    expect(get(port, "/readyz")[0] == 503, "it is ready")
    expect(metrics(port)["dayfour_aside_stopped"] == 1, "the metric")
    said = service.lines("aside_stopped")
    expect(len(said) == 1 and (said[0]["code"], said[0]["constraint"]) == ("23514", "zq"), "the log says %s" % said)


def is_well(port):
    until(lambda: get(port, "/readyz")[0] == 200, "to be ready", 30)
    expect(metrics(port)["dayfour_aside_stopped"] == 0, "the metric stays")


def stays(count_it, most):
    """At most so many, and no more of them in ten seconds."""
    before = count_it()
    expect(0 < before <= most, "%d are set aside" % before)
    time.sleep(10)
    expect(count_it() == before, "%d and then %d are set aside" % (before, count_it()))


def facts_refused(around):
    """No record can be stored."""
    with Stage(around, partitions=3, now=NOW) as stage:
        port = free_port()
        intake = stage.start_intake(http__listen="127.0.0.1:%d" % port)
        stage.sql("alter table fact.absence add constraint zq check (false)")
        ends = stage.publish([{**absence(n), "partition": n % 3} for n in range(MANY)])
        is_held(port, intake)
        stays(lambda: count(stage, "intake.dead_letter"), MOST)
        stage.sql("alter table fact.absence drop constraint zq")
        stage.wait_taken(ends, WAIT)
        is_well(port)
        dead = count(stage, "intake.dead_letter")
        expect(count(stage, "fact.absence") == MANY - dead, "records are missing")
        expect(intake.running and intake.lines("aside_resumed"), "the log does not say that it goes on")


def cases_refused(around):
    """No case can be stored, and of most people there is none: their records show nothing."""
    with FollowupStage(around, now=NOW) as stage:
        port = free_port()
        intake = stage.start_intake(http__listen="127.0.0.1:%d" % port)
        stage.sql("alter table casework.spell add constraint zq check (false)")
        ends = stage.publish([(unmatched if n % 3 else absence)(n) for n in range(MANY * 3)])
        is_held(port, intake)
        stays(lambda: count(stage, "casework.set_aside"), MOST)
        expect(count(stage, "intake.dead_letter") == 0, "dead letters")
        stage.sql("alter table casework.spell drop constraint zq")
        stage.wait_taken(ends, WAIT)
        is_well(port)
        expect(count(stage, "fact.absence") == MANY * 3, "records are missing")
        stage.start_followup()
        stage.dayfour("set-aside", "retry")
        until(lambda: count(stage, "casework.spell") == MANY, "all cases", WAIT)
        until(lambda: count(stage, "casework.set_aside") == 0, "nobody to be set aside", WAIT)
        until(lambda: len(created(stage)) == MANY, "all tasks", WAIT, 1)
        expect(intake.running, "intake gave up")


def refused_now_and_then(around):
    """Many people, but others in between: each is set aside, and all the others are stored."""
    with Stage(around, now=NOW) as stage:
        port = free_port()
        intake = stage.start_intake(http__listen="127.0.0.1:%d" % port)
        stage.sql("alter table casework.spell add constraint zq check (substr(person_id, 3)::int % 2 = 0)")
        stage.wait_taken(stage.publish([absence(n) for n in range(MANY)]), WAIT)
        expect(count(stage, "casework.set_aside") == MANY // 2, "%d are set aside" % count(stage, "casework.set_aside"))
        expect(count(stage, "casework.spell") == MANY // 2, "cases are missing")
        expect(not intake.lines("aside_stopped") and get(port, "/readyz")[0] == 200, "it is held")


def claims_refused(around):
    """Followup's: what is due for many people at once cannot be stored."""
    with FollowupStage(around, now=NOW) as stage:
        stage.start_intake()
        port = free_port()
        followup = stage.start_followup(http__listen="127.0.0.1:%d" % port)
        stage.wait_taken(stage.publish([absence(n) for n in range(MANY)]), WAIT)
        stage.wait_idle(WAIT)
        expect(created(stage) == people(*range(MANY)), "tasks")
        stage.sql("create function public.refuse() returns trigger language plpgsql as $$ begin"
                  " raise exception 'no' using errcode = '23514', constraint = 'zq'; end $$;"
                  "create trigger refuse before insert or update on followup.emitted for each row when (new.person_id <> '')"
                  " execute function public.refuse()")
        stage.set_clock("2026-09-18T09:30:00Z")  # reminders are due
        is_held(port, followup)
        stays(lambda: count(stage, "casework.set_aside"), MOST)
        expect(followup.running, "followup gave up")
        stage.sql("drop trigger refuse on followup.emitted")
        stage.dayfour("set-aside", "retry")
        until(lambda: count(stage, "casework.set_aside") == 0, "nobody to be set aside", WAIT)
        stage.wait_idle(WAIT)
        is_well(port)
        soon = {e["data"]["person_id"] for e in stage.events("follow-up") if ".due-soon." in e["type"]}
        expect(len(soon) == MANY, "%d of %d are reminded of" % (len(soon), MANY))


CASES = {
    "no record can be stored": facts_refused,
    "no case can be stored": cases_refused,
    "refused now and then": refused_now_and_then,
    "no claim can be stored": claims_refused,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
