#!/usr/bin/env python3
"""e2e.feed: what a feed says beside its absences. A record of a category that is passed over cancels one
that is stored, whoever holds it; heartbeats are kept, a row a source; and which of all these is a sign of
life of the organisation's feed."""
import json
import sys
import threading

import harness
from harness import Stage, expect, until
from test_followup_faults import absence

NOW = "2026-09-15T10:30:00Z"
LATER = "2026-09-15T11:30:00Z"


def line(number, version, partition=0, **data):
    """The record of that number as HR sends it; data: what is not as usual."""
    made = absence(number, version)
    event = json.loads(made["value"])
    event["data"].update(data)
    return {**made, "partition": partition, "value": json.dumps(event)}


def beat(as_of, source="/hr/RW3", **counts):
    event = {"specversion": "1.0", "id": "beat-" + as_of, "source": source,
             "type": "org.dayfour.feed.heartbeat.v1",
             "data": {"organisation": "RW3", "as_of": as_of, **counts}}
    return {**absence(0), "value": json.dumps(event)}


def results(intake):
    found = intake.lines("batches_stored")
    return {name: sum(told[name] for told in found) for name in ("stored", "stale", "ignored", "dead")}


def not_sickness(around, rows, sessions):
    """Batches of `rows` messages: the record comes in the same batch as its cancelling, or in an earlier one."""
    with Stage(around, 2, now=NOW) as stage:
        intake = stage.start_intake(batch__max_rows=rows, intake__sessions=sessions)
        stage.wait_taken(stage.publish([line(n, 2) for n in range(6)]))
        stage.step_clock(LATER)
        ends = stage.publish([
            line(0, 3, category="maternity", person_id="P-other"),
            line(1, 2, category="maternity"), line(2, 1, category="15"),      # no effect
            line(9, 1, category="annual leave"),                              # nobody's
            line(3, 3, person_id="P-moved"), line(3, 4, category=" 7 "),      # moved, in the same batch
            line(8, 1), line(8, 2, category="Carer's leave", onset_date="never", fte="x"),
            line(4, 3, category="maternity", absence_id=7),                   # which one cannot be told
            line(5, 3, category="sick")])
        stage.wait_taken(ends)
        found = stage.sql("select string_agg(absence_id || ' ' || person_id || ' ' || version || ' ' || cancelled"
                          " || ' ' || (code is null), ',' order by absence_id) from fact.absence")
        expect(found == ",".join(["A-0 P-0 3 true true", "A-1 P-1 2 false false", "A-2 P-2 2 false false",
                                  "A-3 P-moved 4 true true", "A-4 P-4 2 false false", "A-5 P-5 2 false false",
                                  "A-8 P-8 2 true true"]), "rows: %s" % found)
        ended = stage.sql("select string_agg(person_id, ',' order by person_id) from casework.spell"
                          " where end_reason = 'entered_in_error'")
        # A record that came and went in one batch never had a task. Each by itself, P-3's moved first.
        expect(ended == ("P-0,P-8,P-moved" if rows == "1" else "P-0,P-3"), "ended: %s" % ended)
        expect(stage.sql("select string_agg(person_id, ',' order by person_id) from oh.task where state = 'open'")
               == "P-1,P-2,P-4,P-5", "open tasks")
        expect(stage.sql("select reason || ' ' || detail from intake.dead_letter")
               == "unknown_category data.category", "dead letters")
        expect(intake.stop() == 0, "intake did not stop: %s" % intake.tail())
        expect(results(intake) == {"stored": 11, "stale": 0, "ignored": 4, "dead": 1}, "%s" % results(intake))


MOVE = """begin;
lock table fact.person in access exclusive mode;
do $$ begin
    for n in 1..6000 loop
        exit when exists (select from pg_catalog.pg_locks where relation = 'fact.person'::regclass and not granted);
        perform pg_catalog.pg_sleep(0.01);
    end loop;
end $$;
insert into fact.person (organisation, person_id, revision) values ('RW3', 'P-moved', 1);
update fact.absence set person_id = 'P-moved', version = 3 where absence_id = 'A-1';
commit;"""


def moved_meanwhile(around):
    """Another session gives the record to somebody else after this one asked who holds it: it is not passed
    over, but asked for again."""
    with Stage(around, now=NOW) as stage:
        intake = stage.start_intake()
        stage.wait_taken(stage.publish([line(1, 2)]))
        mover = threading.Thread(target=stage.sql, args=(MOVE,))
        mover.start()
        until(lambda: stage.sql("select count(*) from pg_locks where relation = 'fact.person'::regclass and granted"
                                " and mode = 'AccessExclusiveLock'") == "1", "the other session", 60)
        ends = stage.publish([line(1, 4, category="maternity")])
        mover.join()
        stage.wait_taken(ends)
        found = stage.sql("select person_id || ' ' || version || ' ' || cancelled from fact.absence")
        expect(found == "P-moved 4 true", "rows: %s" % found)
        expect(len(intake.lines("batch_retried")) >= 1, "it was not asked for again")


def signs_of_life(around):
    with Stage(around, now=NOW) as stage:
        intake = stage.start_intake()

        def last():
            return stage.sql("select to_char(last_valid_at at time zone 'UTC', 'HH24:MI') from intake.feed")

        stage.wait_taken(stage.publish([line(1, 2)]))
        expect(last() == "10:30", "an absence: %s" % last())
        for hour, what, expected in (
                ("11", line(1, 2, category="maternity"), "10:30"), ("12", line(2, 1, category="15"), "10:30"),
                ("13", line(1, 3, category="maternity"), "13:30"),
                ("14", beat("2026-09-15T05:00:00Z", records=5, sent=2), "14:30"),
                ("15", beat("nonsense"), "14:30"), ("16", line(1, 1), "16:30")):
            stage.step_clock("2026-09-15T%s:30:00Z" % hour)
            stage.wait_taken(stage.publish([what]))
            expect(last() == expected, "at %s: %s" % (hour, last()))
        expect(intake.running, "intake gave up")


def heartbeats(around):
    """The greatest as_of stays, in whatever order and batches they come; counts that are not given are null."""
    with Stage(around, now=NOW) as stage:
        stage.start_intake()
        for lines in ([beat("2026-09-15T06:00:00Z", records=60000, sent=300, rejected=1),
                       beat("2026-09-15T05:00:00Z", records=1), beat("2026-09-15T06:00:00Z", "/hr/other")],
                      [beat("2026-09-15T04:00:00Z", records=2)],
                      [beat("2026-09-15T07:00:00+00:00", "/hr/other", sent=0)]):
            stage.wait_taken(stage.publish(lines))
        found = stage.sql("select string_agg(concat_ws(' ', source, to_char(as_of at time zone 'UTC', 'HH24'),"
                          " coalesce(records::text, '-'), coalesce(sent::text, '-'), coalesce(rejected::text, '-')),"
                          " ',' order by source) from intake.heartbeat where organisation = 'RW3'")
        expect(found == "/hr/RW3 06 60000 300 1,/hr/other 07 - 0 -", found)
        expect(stage.sql("select count(*) from fact.person") == "0", "a heartbeat is about nobody")


def main():
    return harness.run({
        "no sickness, in one batch": lambda around: not_sickness(around, "1000", "1"),
        "no sickness, one by one": lambda around: not_sickness(around, "1", "2"),
        "a record moves meanwhile": moved_meanwhile,
        "signs of life": signs_of_life,
        "heartbeats": heartbeats,
    })


if __name__ == "__main__":
    sys.exit(main())
