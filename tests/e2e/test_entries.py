#!/usr/bin/env python3
"""e2e.entries: clinicians hold up nobody: not by a transaction left open, not by many entries; and what they enter shows
within a second, whatever else is due."""
import signal
import json
import subprocess
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import expect, until

SOON_S = 1.0     # what the contract says
BUSY_S = 15.0    # what a machine with other things to do is given
MANY = 20000
ENTRIES = 10000


def absence(person, version=1, **more):
    data = {"organisation": "RW3", "absence_id": "A-" + person, "version": version, "person_id": person,
            "category": "sickness", "onset_date": "2026-09-14", "reason": {"scheme": "esr", "code": "S12"}, **more}
    return {"partition": 0, "key_b64": None, "headers": [], "value": json.dumps({
        "specversion": "1.0", "id": "%s-%d" % (person, version), "source": "/hr/RW3",
        "type": "org.dayfour.absence.amended.v1", "data": data})}


class Clinician:
    """A session of a login that stays open; each statement is done when said() is back."""

    def __init__(self, stage, name):
        self.login = stage.new_clinician(name, ["RW3"], ["physiotherapy", "mental-health"])
        self.psql = subprocess.Popen(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-d", "%s user=%s password=%s" % (
                stage.dsn(), self.login, stage.password)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.psql.kill()
        self.psql.communicate()

    def said(self, text):
        self.psql.stdin.write(text + ";\n\\echo .\n")
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line == ".\n":
                return "".join(lines).strip()
            lines.append(line)
        raise harness.Failure("psql ended at: %s" % text)


def task_of(stage, person):
    return until(lambda: stage.ask("select spell_id from casework.spell where person_id = '%s'" % person),
                 "the task of " + person)


def waited(*services):
    """For a lock. Others may have worked on the same people meanwhile (CT002)."""
    return [line for s in services for line in s.lines("batch_retried") if line["code"] != "CT002"]


def a_transaction_left_open(around):
    """Whatever its entries, intake and followup continue about these very people."""
    with FollowupStage(around) as stage:
        intake, followup = stage.start_intake(), stage.start_followup()
        stage.wait_taken(stage.publish([absence("P-1"), absence("P-2"), absence("P-3")]))
        with Clinician(stage, "amy") as amy, Clinician(stage, "ben") as ben:
            task, other = task_of(stage, "P-1"), task_of(stage, "P-2")
            amy.said("select oh.record_contact('%s', 'declined')" % task)
            until(lambda: stage.ask("select state from casework.spell where person_id = 'P-1'") == "contacted", "it")
            entry = stage.ask("select max(entry_id) from fact.contact")
            amy.said("begin")
            amy.said("select oh.claim('%s')" % task)
            amy.said("select oh.retract(%s, 'rang somebody else')" % entry)
            amy.said("select oh.opt_out('RW3', 'P-2')")
            amy.said("select oh.opt_out('RW3', 'NEVER-SEEN')")
            began = time.monotonic()
            for version in range(2, 12):
                stage.wait_taken(stage.publish([
                    absence(person, version, expected_return="2026-10-%02d" % version)
                    for person in ("P-1", "P-2", "P-3", "NEVER-SEEN")]), 20)
            ben.said("select oh.claim('%s')" % other)  # of somebody of whom amy said something else
            until(lambda: stage.ask("select assigned_to from casework.spell where person_id = 'P-2'") == ben.login,
                  "ben's claim", BUSY_S)
            stage.wait_idle(60)
            took = time.monotonic() - began
            expect(not waited(intake, followup), "somebody waited: %s" % waited(intake, followup)[:3])
            expect(stage.ask("select string_agg(distinct version::text, ',') from fact.absence") == "11", "versions")
            expect(stage.ask("select state, assigned_to from casework.spell where person_id = 'P-1'") == "contacted|",
                   "nothing of it counts yet")
            expect(stage.ask("select state from casework.spell where person_id = 'NEVER-SEEN'") == "open", "no task")
            amy.said("commit")
            stage.wait_idle(60)
            wanted = {"P-1": "open|" + amy.login, "P-2": "ended|" + ben.login, "P-3": "open|", "NEVER-SEEN": "ended|"}
            for person, state in wanted.items():
                got = stage.ask("select state, assigned_to from casework.spell where person_id = '%s'" % person)
                expect(got == state, "%s: %s, not %s" % (person, got, state))
            expect(stage.ask("select count(*) from fact.person p where contacts <> (select count(*) from fact.contact c"
                             " where c.organisation = p.organisation and c.person_id = p.person_id)") == "0", "counts")
            expect(stage.ask("select (select count(*) from followup.wake_up), (select count(*) from fact.opting),"
                             " (select count(*) from fact.retraction)") == "0|0|0", "something is left")
            print("    40 messages beside it in %.1f s" % took)


def an_intake_that_had_loaded(around):
    """Entries at the very person HR sends amendments of, as fast as both can: none is missing in the end."""
    with FollowupStage(around) as stage:
        stage.start_intake(batch__max_rows="1")
        stage.start_followup()
        stage.wait_taken(stage.publish([absence("P-1")]))
        with Clinician(stage, "amy") as amy:
            task = task_of(stage, "P-1")
            ends = stage.publish([absence("P-1", version, expected_return="2026-10-%02d" % (1 + version % 28))
                                  for version in range(2, 300)])
            for n in range(150):
                amy.said("select oh.record_attempt('%s', 'no_answer')" % task)
                if n % 10 == 9:
                    amy.said("select oh.retract((select max(entry_id) from oh.entry), 'a mistake')")
            stage.wait_taken(ends, 120)
            stage.wait_idle(60)
            expect(stage.ask("select attempts from casework.spell where person_id = 'P-1'") == "135", "attempts: %s" %
                   stage.ask("select attempts from casework.spell where person_id = 'P-1'"))
            expect(stage.ask("select contacts from fact.person where person_id = 'P-1'") == "150", "the count")


def behind_many(around):
    """At nine o'clock 20,000 people are due for both topics; meanwhile somebody claims one task after the other."""
    with FollowupStage(around, now="2026-09-15T10:30:00Z") as stage:
        stage.start_intake(batch__max_rows="2000", log__level="info")
        stage.start_followup(log__level="info")
        stage.wait_taken(stage.publish([absence("P-%d" % n) for n in range(MANY)]), 300)
        stage.wait_idle(300)
        with Clinician(stage, "amy") as amy:
            tasks = stage.ask("select spell_id from casework.spell order by person_id limit 400").split()
            stage.set_clock("2026-09-18T08:30:00Z")
            until(lambda: int(stage.ask("select people_due from ops.backlog")) > 10000, "the rush", 60)
            times = []
            while int(stage.ask("select people_due from ops.backlog")) > 0 and len(times) < len(tasks):
                task = tasks[len(times)]
                amy.said("select oh.claim('%s')" % task)
                began = time.monotonic()
                until(lambda t=task: stage.ask("select assigned_to is not null from casework.spell"
                                               " where spell_id = '%s'" % t) == "t", "the claim", 60, 0.01)
                times.append(time.monotonic() - began)
            stage.wait_idle(300)
        late = [t for t in times if t > SOON_S]
        print("    %d entries in the rush: median %.2f s, slowest %.2f s" % (
            len(times), sorted(times)[len(times) // 2], max(times)))
        expect(len(times) >= 3, "there was no rush")
        expect(sorted(times)[len(times) // 2] <= SOON_S and max(times) < BUSY_S, "%d of %d late" % (len(late), len(times)))


def many_entries(around):
    """Rows put there by the owner of the table, past what the functions allow: linear in time and memory."""
    with FollowupStage(around) as stage:
        intake, followup = stage.start_intake(), stage.start_followup()
        stage.wait_taken(stage.publish([absence("P-1")]))
        with Clinician(stage, "amy") as amy:
            task = task_of(stage, "P-1")
            amy.said("select oh.record_attempt('%s', 'no_answer')" % task)
        stage.wait_idle(60)
        stage.sql("insert into fact.contact (organisation, person_id, pathway, kind, at, entered_at, by, outcome,"
                  " anchor_source, anchor_absence_id, record_sources, record_ids, record_codes) select organisation,"
                  " person_id, pathway, kind, at, entered_at, by, outcome, anchor_source, anchor_absence_id,"
                  " record_sources, record_ids, record_codes from fact.contact, generate_series(2, %d)" % ENTRIES)
        stage.sql("insert into followup.wake_up (organisation, person_id, at) values ('RW3', 'P-1', now())")
        before = [peak(s) for s in (intake, followup)]
        began = time.monotonic()
        stage.wait_taken(stage.publish([absence("P-1", 2, expected_return="2026-10-01")]), 60)
        stage.wait_idle(60)
        took = time.monotonic() - began
        grown = [peak(s) - b for s, b in zip((intake, followup), before)]
        print("    %.1f s; intake took %d MB more, followup %d MB" % (took, *(g // 1024 for g in grown)))
        expect(stage.ask("select attempts from casework.spell") == str(ENTRIES), "attempts")
        expect(took < BUSY_S, "it took %.1f s" % took)
        expect(max(grown) < 100 * 1024, "memory: %s KB" % grown)


def many_people_with_many(around):
    """More entries in one batch of messages than are loaded at once: the batch is done in parts, all of it."""
    people, each = 250, 1500  # however many of them a batch has
    with FollowupStage(around) as stage:
        intake = stage.start_intake(batch__max_rows="2000")
        stage.wait_taken(stage.publish([absence("P-%d" % n) for n in range(people)]))
        stage.sql("insert into fact.contact (organisation, person_id, pathway, kind, at, entered_at, by, outcome,"
                  " anchor_source, anchor_absence_id, record_sources, record_ids, record_codes) select organisation,"
                  " person_id, pathway, 0, '%s', '%s', 'x', 1, anchor_source, anchor_absence_id, record_sources,"
                  " record_ids, array['S12'] from casework.spell, generate_series(1, %d)" % (stage.now, stage.now, each))
        before = peak(intake)
        intake.signal(signal.SIGSTOP)  # or they would come one by one
        ends = stage.publish([absence("P-%d" % n, 2, expected_return="2026-10-01") for n in range(people)])
        intake.signal(signal.SIGCONT)
        stage.wait_taken(ends, 90)
        expect([line for line in intake.lines("batch_retried") if line["code"] == "entries"], "it was in one")
        expect(stage.ask("select min(attempts), max(attempts), count(*) from casework.spell") == "%d|%d|%d" % (
            each, each, people), stage.ask("select min(attempts), max(attempts), count(*) from casework.spell"))
        expect(stage.ask("select min(version), max(version) from fact.absence") == "2|2", "versions")
        print("    intake took %d MB more" % ((peak(intake) - before) // 1024))


def peak(service):
    with open("/proc/%d/status" % service.process.pid, encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


CASES = {
    "a transaction left open": a_transaction_left_open,
    "an intake that had loaded before": an_intake_that_had_loaded,
    "behind twenty thousand": behind_many,
    "ten thousand entries of one person": many_entries,
    "more entries than a batch may have": many_people_with_many,
}
if __name__ == "__main__":
    sys.exit(harness.run(CASES))
