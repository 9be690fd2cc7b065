#!/usr/bin/env python3
"""Histories that failed once, cut down; a number in a name is that of the block it came from."""
import copy
import os
import sys
import unittest
from pathlib import Path

import compare
import dates
from compare import histories

import cases  # of tests/model/reference, as the next two
import changes
import scenes

PROGRAM = Path(os.environ.get("DAYFOUR_BIN", compare.ROOT / "build/dev/bin")) / "histories"
KEYED = cases.Keyed(bytes.fromhex(histories.TEST_KEY))


def loaded(at, *made):
    """Settings with these changes, one after the other."""
    document = histories.settings_document()
    for change in made:
        change(document)
    document["version"] = "-".join(change.__name__ for change in made) or "first"
    return {"at": at, "settings": copy.deepcopy(document)}


def contact(entered_at, outcome, record, pathway, **members):
    task_id = KEYED.id("s", record["organisation"], record["person"], record["source"],
                       record["absence_id"], pathway)
    anchor = {"person_id": record["person"], "pathway": pathway,
              **{name: record[name] for name in ("organisation", "source", "absence_id")}}
    return {"at": entered_at, "fact": {"kind": "contact", "entry": "one", "task_id": task_id,
                               "anchor": anchor, "by": "clin_two", "outcome": outcome, **members}}


def watch_s11(document):
    document["watch"].append({"scheme": "esr", "match": ["S11"]})


class History(compare.Block):
    """As if a seed had given just these lines."""

    def __init__(self, lines, until):
        self.seed, self.persons = 1, 1
        self.document = histories.settings_document()
        self.lines = [{**line, "offset": n} if "value" in line else line
                      for n, line in enumerate(lines)]
        self.until = dates.parse_instant(until)

    @property
    def now(self):
        return self.until


class Found(unittest.TestCase):
    def holds(self, lines, until):
        """No property is broken, and the model says the same: looking once, in the end, and living along."""
        history = History(lines, until)
        printed = compare.Program(PROGRAM, history).run(history.lines, 1, 8)
        for live in (False, True):
            report = compare.Report(history, printed, live)
            self.assertEqual([row["rule"] for row in report.broken], [])
            self.assertEqual(report.differences(), {})
            self.assertEqual(report.refused, [])
        return {row["task_id"]: row for row in report.tasks}

    # A settled period whose facts change is judged by the settings of today.

    def test_due_later_by_another_reason_1000335(self):
        record = dict(organisation="SC1", absence_id="A-2-0", person="P-2", onset="2026-10-30",
                      source="/roster")
        self.holds([
            scenes.absence("2026-10-31T04:44:35Z", version=2, code="S10", **record),
            contact("2026-11-03T06:14:35Z", "declined", record, "stress"),
            scenes.absence("2026-11-27T08:09:05Z", "closed", version=3, code="S10",
                           last_day="2026-11-26", **record),
            loaded("2027-04-09T02:36:47Z", changes.target),
            scenes.absence("2027-04-26T08:09:05Z", "amended", version=4, code="S13",
                           last_day="2026-11-26", **record)], "2027-10-16T15:30:35Z")

    def test_due_later_as_another_record_moves_2000385(self):
        later = dict(organisation="RX1", absence_id="A-12-1", person="P-12", onset="2026-11-21",
                     source="/hr/main", last_day="2026-12-25")
        moves = dict(organisation="RX1", absence_id="A-12-0", onset="2026-11-03", code=None,
                     source="/hr/main", last_day="2026-11-20")
        self.holds([
            scenes.absence("2026-11-12T00:19:05Z", "closed", version=3, code="S10", **later),
            scenes.absence("2026-11-21T22:41:57Z", "closed", version=6, person="P-12", **moves),
            loaded("2027-07-01T12:39:51Z", changes.target),
            scenes.absence("2027-08-08T22:41:57Z", "amended", version=7, person="P-13", **moves)],
            "2027-11-26T10:46:04Z")

    def test_due_later_as_a_reason_is_lost_2000505(self):
        record = dict(organisation="RX1", absence_id="A-30-1", person="P-30", onset="2026-12-08",
                      source="/roster", fte=0.8)
        self.holds([
            scenes.absence("2026-12-10T22:14:35Z", "amended", version=7, code="S10", **record),
            contact("2026-12-12T18:14:35Z", "onward_referral", record, "stress",
                    at="2026-12-11T16:14:35Z"),
            scenes.absence("2026-12-19T06:46:06Z", "closed", version=8, code="S10",
                           last_day="2026-12-16", **record),
            loaded("2027-06-18T18:02:16Z", changes.target),
            scenes.absence("2027-09-05T06:46:06Z", "amended", version=9, code="S99",
                           last_day="2026-12-16", **record)], "2027-09-05T06:46:06Z")

    # Rows that are first looked at when they have settled are all of one look.

    def test_two_pathways_first_seen_settled_2000550(self):
        rows = self.holds([
            loaded("2026-09-04T08:48:15Z", changes.another_pathway, changes.both),
            scenes.absence("2026-09-26T09:57:37Z", "closed", version=9, organisation="RT2",
                           absence_id="A-19-0", person="P-19", onset="2026-09-27", code="S12",
                           source="/roster", last_day="2026-09-28")], "2027-03-12T15:27:08Z")
        self.assertEqual(sorted(row["pathway"] for row in rows.values()), ["backs", "stress"])

    def test_a_record_begins_after_a_death_2000167(self):
        who = dict(organisation="RT2", person="P-1", source="/hr/main")
        rows = self.holds([
            scenes.absence("2026-05-08T08:06:40Z", "closed", absence_id="A-1-2", version=2,
                           onset="2026-07-29", last_day="2026-08-18", **who),
            scenes.person("2026-05-16T06:06:40Z", "died", "2026-03-27", person="P-1",
                          organisation="RT2"),
            scenes.absence("2026-08-20T12:03:03Z", absence_id="A-1-0", version=5,
                           onset="2026-02-17", code="S99", **who),
            scenes.absence("2026-08-20T12:03:03Z", "amended", absence_id="A-1-3", version=2,
                           onset="2026-09-08", code="S11", **who)], "2026-12-29T01:22:41Z")
        self.assertEqual([row["end_reason"] for row in rows.values()], ["died", "died"])

    # A spell that is no more in a settled period keeps the reason it had then.

    def reason_in_the_end(self, *lines):
        rows = self.holds(lines, "2027-12-17T12:10:36Z")
        [row] = [row for row in rows.values() if row["pathway"] == "msk"]
        return row["end_reason"]

    RECORD = dict(organisation="RW3", absence_id="A-2-0", person="P-2", onset="2026-12-02",
                  code="S11", source="/hr/main")
    OPENED = scenes.absence("2026-12-02T09:00:00Z", **RECORD)
    CLOSED = scenes.absence("2027-01-06T23:57:15Z", "closed", version=2, last_day="2027-01-05",
                            **RECORD)
    CLOSED_LATE = scenes.absence("2027-04-10T09:00:00Z", "closed", version=2,
                                 last_day="2027-04-09", **RECORD)
    MOVED = loaded("2027-03-22T00:04:49Z", changes.move_code)
    WATCHED = loaded("2027-03-22T00:04:49Z", watch_s11)
    NEVER_LATE = loaded("2027-09-16T15:04:50Z", changes.move_code, changes.never)
    AS_BEFORE = loaded("2027-09-16T15:04:50Z")

    def test_superseded_stays_once_settled_1000551(self):
        self.assertEqual(self.reason_in_the_end(self.CLOSED, self.MOVED, self.NEVER_LATE),
                         "superseded")

    def test_superseded_while_off_stays_once_settled(self):
        """As the one before, but it was no more before its settling was known."""
        self.assertEqual(self.reason_in_the_end(self.OPENED, self.MOVED, self.CLOSED_LATE,
                                                self.NEVER_LATE), "superseded")

    def test_it_does_not_come_back_once_settled(self):
        self.assertEqual(self.reason_in_the_end(self.CLOSED, self.MOVED, self.AS_BEFORE),
                         "superseded")
        for lines in ((self.CLOSED, self.WATCHED),
                      (self.OPENED, self.WATCHED, self.CLOSED_LATE)):
            with self.subTest(len(lines)):
                self.assertEqual(self.reason_in_the_end(*lines, self.AS_BEFORE),
                                 "pathway_no_longer_matches")


if __name__ == "__main__":
    loader = unittest.defaultTestLoader.loadTestsFromTestCase(Found)
    result = unittest.TextTestRunner(verbosity=1).run(loader)
    bad = len(result.failures) + len(result.errors)
    print("cases: %d passed, %d failed, %d skipped" % (
        result.testsRun - bad - len(result.skipped), bad, len(result.skipped)))
    sys.exit(1 if bad else 0)
