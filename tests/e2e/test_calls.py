#!/usr/bin/env python3
"""e2e.calls: a team's days, through both services: the list in its order, promises, red flags, people not reached.

The list is read as a clinician reads it, events are read back from the topic.
"""
import json
import sys

import harness
from followup_stage import FollowupStage
from harness import expect

START = "2026-09-09T08:10:00Z"  # a Wednesday
LIST = ("select person_id, act_by, act_in_days, to_char(call_back_at at time zone 'Europe/London', 'HH24:MI') from"
        " oh.worklist order by act_by, priority, onset_date, task_id")


class Day:
    """A stage with one clinician on it."""

    def __init__(self, stage):
        self.stage = stage
        stage.start_intake()
        stage.start_followup()
        stage.new_clinician("amy", ["RW3"], ["physiotherapy"])
        self.versions = {}

    def hr(self, person, onset="2026-09-09", code="S12", **more):
        version = self.versions[person] = self.versions.get(person, 0) + 1
        reason = {"reason": {"scheme": "esr", "code": code}} if code else {}
        self.stage.wait_taken(self.stage.publish([{
            "partition": 0, "key_b64": None, "headers": [], "value": json.dumps({
                "specversion": "1.0", "id": "%s-%d" % (person, version), "source": "/hr/RW3",
                "type": "org.dayfour.absence.amended.v1", "data": {
                    "organisation": "RW3", "absence_id": "A-" + person, "version": version, "person_id": person,
                    "category": "sickness", "onset_date": onset, **reason, **more}})}]))
        self.stage.wait_told()

    def at(self, instant):
        self.stage.step_clock(instant)
        self.stage.wait_told()

    def amy(self, text):
        """The answer that amy gets, in lines."""
        printed, state = self.stage.as_login("amy", text)
        expect(not state, "%s: %s" % (text, state))
        self.stage.wait_told()
        return printed.splitlines()

    def task(self, person):
        return self.stage.ask("select spell_id from casework.spell where person_id = '%s' and not tombstone" % person)

    def enters(self, call, person, *arguments):
        self.amy("select oh.%s('%s'%s)" % (call, self.task(person), "".join(", " + a for a in arguments)))

    def expects_list(self, *lines):
        found = [line.replace("|", " ").strip() for line in self.amy(LIST)]
        expect(found == list(lines), "%s: the list is %s" % (self.stage.now, found))

    def expects_events(self, person, kind, *wanted):
        """Occurrences of that kind about the person, on OH's topic; a - is before those withdrawn."""
        self.stage.wait_idle()
        said, gone = [], set()
        for event in self.stage.events("follow-up"):
            data = event["data"]
            if data["person_id"] == person and data["kind"] == kind:
                gone.add(data.get("withdraws"))
                said += [] if "withdraws" in data else [(event["id"], data["occurrence"])]
        found = ["-" * (name in gone) + occurrence for name, occurrence in said]
        expect(found == list(wanted), "%s of %s: %s" % (kind, person, found))


def due_at_a_weekend(around):
    with FollowupStage(around, now=START) as stage:
        day = Day(stage)
        day.hr("P-1")                                           # due on Sunday
        day.hr("P-2", onset="2026-09-08")                       # due on Saturday
        day.hr("P-3", onset="2026-09-07")                       # due on Friday
        day.expects_list("P-3 2026-09-11 2", "P-2 2026-09-11 2", "P-1 2026-09-11 2")
        day.at("2026-09-11T07:59:59Z")
        day.expects_events("P-1", "contact.due-soon")
        day.at("2026-09-11T08:00:00Z")
        day.expects_events("P-1", "contact.due-soon", "2026-09-11")
        day.expects_events("P-3", "contact.due-soon", "2026-09-10")
        day.expects_list("P-3 2026-09-11 0", "P-2 2026-09-11 0", "P-1 2026-09-11 0")
        day.at("2026-09-13T23:00:00Z")
        day.expects_events("P-1", "contact.overdue", "2026-09-14")
        day.expects_list("P-3 2026-09-11 -3", "P-2 2026-09-11 -3", "P-1 2026-09-11 -3")


def a_promise(around):
    with FollowupStage(around, now=START) as stage:
        day = Day(stage)
        day.hr("P-1")
        day.hr("P-2", onset="2026-09-08")
        day.at("2026-09-09T10:00:00Z")
        day.enters("record_attempt", "P-1", "'call_back'", "call_back_at => '2026-09-10T13:00:00Z'")
        day.expects_list("P-1 2026-09-10 1 14:00", "P-2 2026-09-11 2")
        day.at("2026-09-10T12:59:59Z")
        day.expects_events("P-1", "call-back.due")
        day.enters("record_attempt", "P-1", "'text_sent'")
        day.at("2026-09-10T13:00:00Z")
        day.expects_events("P-1", "call-back.due", "2026-09-10T13:00:00Z")
        day.expects_list("P-1 2026-09-10 0 14:00", "P-2 2026-09-11 1")
        day.at("2026-09-10T13:30:00Z")
        day.enters("record_attempt", "P-1", "'no_answer'")
        day.expects_list("P-2 2026-09-11 1", "P-1 2026-09-11 1")
        day.expects_events("P-1", "call-back.due", "2026-09-10T13:00:00Z")
        # Written down later: somebody had called before two o'clock.
        day.enters("record_attempt", "P-1", "'busy'", "'2026-09-10T12:00:00Z'")
        day.expects_events("P-1", "call-back.due", "-2026-09-10T13:00:00Z")


def a_red_flag(around):
    with FollowupStage(around, now=START) as stage:
        day = Day(stage)
        day.hr("P-1")
        day.hr("P-2", onset="2026-09-07")
        day.at("2026-09-11T10:00:00Z")
        day.enters("record_contact", "P-1", "'urgent_care_advised'")
        day.expects_events("P-1", "urgent.raised", "2026-09-11T10:00:00Z")
        day.expects_list("P-1 2026-09-11 0", "P-2 2026-09-11 0")
        day.amy("select oh.opt_out('RW3', 'P-1')")
        day.at("2026-09-12T10:00:00Z")
        day.expects_list("P-2 2026-09-11 -1", "P-1 2026-09-12 0")
        day.amy("select oh.opt_in('RW3', 'P-1')")
        day.at("2026-09-14T08:00:00Z")
        day.expects_events("P-1", "follow-up.due", "2026-09-14")
        day.expects_list("P-2 2026-09-11 -3", "P-1 2026-09-14 0")
        day.enters("acknowledge", "P-1")
        day.at("2026-09-15T08:00:00Z")
        day.expects_list("P-2 2026-09-11 -4", "P-1 2026-09-14 -1")
        day.enters("record_contact", "P-1", "'no_action_needed'", "review_on => 'infinity'")
        day.expects_list("P-2 2026-09-11 -4")
        day.expects_events("P-1", "urgent.raised", "2026-09-11T10:00:00Z")


def not_reached(around):
    with FollowupStage(around, now=START) as stage:
        day = Day(stage)
        day.hr("P-1")
        for at in ("2026-09-09T09:00:00Z", "2026-09-09T14:00:00Z", "2026-09-10T09:00:00Z"):
            day.at(at)
            day.enters("record_attempt", "P-1", "'no_answer'")
        day.expects_events("P-1", "contact.unreachable", "1")
        expect(day.amy("select unreachable from oh.task") == ["t"], "it is not unreachable")
        day.enters("close_case", "P-1", "'unable_to_contact'")
        day.expects_list()
        day.at("2026-09-11T09:00:00Z")
        day.enters("record_contact", "P-1", "'self_management_advice'")
        expect(day.amy("select state, unreachable from oh.task") == ["contacted|f"], "the contact does not count")
        day.at("2026-09-25T08:00:00Z")
        day.expects_list("P-1 2026-09-25 0")
        day.expects_events("P-1", "follow-up.due", "2026-09-25")


def reasons_that_come_late(around):
    document = json.loads((harness.ROOT / "deploy/settings/pathways.json").read_text())
    with FollowupStage(around, now=START, settings=document) as stage:
        day = Day(stage)
        for person in ("P-1", "P-2", "P-3"):
            day.hr(person, code="S98" if person == "P-2" else "S99")
        day.at("2026-09-11T09:00:00Z")
        day.hr("P-3")
        day.at("2026-09-15T09:00:00Z")
        day.hr("P-1")
        document["watch"][0]["match"].remove("S98")
        document["pathways"]["msk"]["codes"][0]["match"].append("S98")
        document["version"] = "2026-2"
        file = stage.dir / "more.json"
        file.write_text(json.dumps(document))
        stage.dayfour("settings", "load", "--yes", file)
        stage.wait_told()
        look = "select person_id, reason_late, late_report, known_at at time zone 'UTC' from oh.task order by person_id"
        wanted = ["P-1|t|f|2026-09-15 09:00:00", "P-2|t|f|2026-09-15 09:00:00", "P-3|f|f|2026-09-11 09:00:00"]
        expect(day.amy(look) == wanted, str(day.amy(look)))
        day.at("2026-09-16T09:00:00Z")
        stage.dayfour("settings", "load", "--yes", file)
        day.hr("P-1", code="S10")
        day.hr("P-1", code="S11")
        expect(day.amy(look) == wanted, "the first time counts: %s" % day.amy(look))


CASES = {"due at a weekend": due_at_a_weekend, "a promise": a_promise, "a red flag": a_red_flag,
         "not reached": not_reached, "reasons that come late": reasons_that_come_late}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
