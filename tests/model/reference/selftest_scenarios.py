"""Worked scenarios, with dates and numbers reckoned by hand. September 2026 is BST (UTC + 1 h)."""
import itertools
import json
import unittest
from datetime import date

import model
from scenes import Scene, absence, contact


def settings(**changes):
    document = model.load(None, "pathways.json")
    document["organisations"].update(changes)
    return document


class FirstContact(unittest.TestCase):
    def test_1_plain(self):
        opened = absence("2026-09-07T08:10:00Z", code="S11")
        called = Scene([opened, contact("2026-09-11T15:00:00Z")], "2026-09-20T00:00:00Z")
        row = called.task()
        self.assertEqual((row["queue"], row["due_date"], row["state"], row["in_target"],
                          row["elapsed_days"], row["elapsed_working_days"]),
                         ("physiotherapy", date(2026, 9, 11), "contacted", True, 4, 4))
        self.assertEqual(called.said("contact-task.created"), ["2026-09-07T08:10:00Z"])
        self.assertEqual(called.said("contact.due-soon"), ["2026-09-10T08:00:00Z"])
        self.assertEqual(called.said("contact.overdue"), [])
        missed = Scene([opened], "2026-09-20T00:00:00Z")
        self.assertEqual(missed.said("contact.overdue"), ["2026-09-11T23:00:00Z"])
        self.assertIs(missed.task()["in_target"], False)

    def test_2_reason_comes_later(self):
        unknown = absence("2026-09-07T08:10:00Z", code="S99")
        on_day_three = absence("2026-09-10T10:00:00Z", "amended", version=2)
        scene = Scene([unknown, on_day_three], "2026-09-10T10:00:00Z")
        self.assertEqual(scene.said("reason.missing"), ["2026-09-09T08:00:00Z"])
        self.assertEqual(scene.said("reason.missing", withdrawn=True), ["2026-09-10T10:00:00Z"])
        self.assertEqual(scene.task()["due_date"], date(2026, 9, 11))
        self.assertEqual(scene.said("contact.due-soon"), ["2026-09-10T10:00:00Z"])
        self.assertEqual([item["data"]["late"] for item in scene.ledger.said
                          if item["type"] == "org.dayfour.contact.due-soon.v1"], [True])
        late = Scene([unknown, absence("2026-09-14T10:00:00Z", "amended", version=2)],
                     "2026-09-15T00:00:00Z")
        self.assertEqual(late.task()["due_date"], date(2026, 9, 11))
        self.assertEqual(late.said("contact.overdue"), ["2026-09-14T10:00:00Z"])
        self.assertEqual(late.said("contact.due-soon"), [])

    def test_3_closed_before_contact(self):
        scene = Scene([absence("2026-09-08T08:00:00Z", onset="2026-09-08"),
                       absence("2026-09-14T08:00:00Z", "closed", version=2, onset="2026-09-08",
                               last_day="2026-09-10")], "2026-09-14T09:00:00Z")
        row = scene.task()
        self.assertEqual((row["due_date"], row["work_by_date"], row["state"], row["end_reason"],
                          row["in_target"]),
                         (date(2026, 9, 12), date(2026, 9, 11), "ended",
                          "returned_before_contact", None))
        self.assertEqual(scene.said("contact.overdue"), ["2026-09-12T23:00:00Z"])
        self.assertEqual(scene.said("contact.overdue", withdrawn=True), ["2026-09-14T08:00:00Z"])
        self.assertEqual(scene.said("contact.due-soon", withdrawn=True), ["2026-09-14T08:00:00Z"])
        self.assertEqual(scene.stands("returned-to-work"), ["2026-09-11"])
        self.assertEqual(scene.stands("contact-task.ended"), ["2026-09-11"])
        self.assertEqual((row["last_day"] - row["onset_date"]).days + 1, 3)

    def test_4_two_assignments(self):
        lines = [absence("2026-09-07T08:00:00Z", fte="0.60000", assignment_id="1"),
                 absence("2026-09-07T09:00:00Z", absence_id="B-1", onset="2026-09-06",
                         fte="0.40000", assignment_id="2"),
                 absence("2026-09-14T08:00:00Z", "closed", version=2, fte="0.60000",
                         assignment_id="1", last_day="2026-09-13"),
                 absence("2026-09-07T10:00:00Z", organisation="RX1")]
        scene = Scene(lines, "2026-09-15T00:00:00Z")
        self.assertEqual(len(scene.tasks), 2)
        row = scene.task(organisation="RW3")
        self.assertEqual((row["due_date"], row["state"], row["last_day"], row["absence_ids"]),
                         (date(2026, 9, 10), "open", None, ["A-1", "B-1"]))
        self.assertEqual(scene.stands("return-to-work.partial"), ["2026-09-14"])
        lines.append(absence("2026-09-21T08:00:00Z", "closed", absence_id="B-1", version=2,
                             onset="2026-09-06", assignment_id="2", last_day="2026-09-20"))
        scene = Scene(lines, "2026-09-22T00:00:00Z")
        self.assertEqual(scene.stands("returned-to-work"), ["2026-09-21"])
        self.assertEqual(scene.task(organisation="RW3")["last_day"], date(2026, 9, 20))

    def test_5_easter_and_a_new_calendar(self):
        def row(division, basis, onset, extra=()):
            rules = settings(RW3={"division": division,
                                  "pathways": {"msk": {"contact_day_basis": basis}}})
            scene = Scene([absence(onset + "T08:00:00Z", onset=onset), *extra],
                          onset[:8] + "30T12:00:00Z", settings=rules)
            return scene.task()["due_date"].isoformat(), str(scene.task()["work_by_date"])
        self.assertEqual(row("england-and-wales", "calendar", "2026-04-02"),
                         ("2026-04-06", "2026-04-02"))
        self.assertEqual(row("scotland", "calendar", "2026-04-02"), ("2026-04-06", "2026-04-06"))
        self.assertEqual(row("england-and-wales", "working", "2026-04-02")[0], "2026-04-10")
        self.assertEqual(row("scotland", "working", "2026-04-02")[0], "2026-04-09")
        self.assertEqual(row("england-and-wales", "working", "2026-06-11")[0], "2026-06-17")
        calendar = model.load(None, "bank-holidays.json")
        days = [d for d in calendar["scotland"]["events"] if d["date"] != "2026-06-15"]
        without = {"at": "2026-06-11T07:00:00Z", "calendar": {"scotland": {"events": days}}}
        with_it = {"at": "2026-06-12T08:00:00Z",
                   "calendar": {"scotland": {"events": days + [{"date": "2026-06-15"}]}}}
        self.assertEqual(row("scotland", "working", "2026-06-11", [without])[0], "2026-06-17")
        self.assertEqual(row("scotland", "working", "2026-06-11", [without, with_it])[0],
                         "2026-06-18")

    def test_6_backdated(self):
        first = absence("2026-09-09T08:00:00Z", onset="2026-09-09")
        earlier = absence("2026-09-10T08:00:00Z", "amended", version=2, onset="2026-09-04")
        scene = Scene([first, earlier], "2026-10-02T00:00:00Z")
        row = scene.task()
        self.assertEqual((row["due_date"], row["backdated"], row["late_report"],
                          row["respond_by"], row["priority"]),
                         (date(2026, 9, 8), True, True, date(2026, 9, 10), 1))
        self.assertEqual(scene.said("contact.overdue"), ["2026-09-10T23:00:00Z"])
        self.assertEqual(scene.stands("long-term.reached"), ["2026-10-01"])
        later = absence("2026-09-11T08:00:00Z", "amended", version=3, onset="2026-09-07")
        scene = Scene([first, earlier, later], "2026-09-11T09:00:00Z")
        self.assertEqual(scene.task()["due_date"], date(2026, 9, 11))
        self.assertEqual(scene.said("contact.overdue", withdrawn=True), ["2026-09-11T08:00:00Z"])

    def test_7_relapse(self):
        def second(onset, code, last="2026-09-16", first_onset="2026-09-07", now="T12:00:00Z"):
            return Scene([absence("2026-09-07T08:00:00Z", onset=first_onset, last_day=last),
                          absence(onset + "T08:00:00Z", absence_id="A-2", onset=onset, code=code)],
                         onset + now)
        linked = second("2026-11-12", "S11")
        row = linked.task(onset_date=date(2026, 11, 12))
        self.assertEqual((row["relapse"], row["priority"]), (True, 1))
        self.assertEqual(linked.stands("relapse.detected"), ["2026-11-12"])
        self.assertEqual([s["previous_spell"] for s in linked.world.spell_rows()
                          if s["relapse"]],
                         [linked.task(onset_date=date(2026, 9, 7))["spell_id"]])
        apart = second("2026-11-13", "S11")
        self.assertIs(apart.task(onset_date=date(2026, 11, 13))["relapse"], False)
        self.assertEqual(apart.stands("relapse.detected"), [])
        other = second("2026-11-12", "S10")
        self.assertIs(other.task(pathway="stress")["relapse"], False)
        self.assertEqual(len(second("2026-11-12", "S13").tasks), 1)
        split = Scene([absence("2026-04-01T08:00:00Z", onset="2026-04-01", last_day="2026-04-05"),
                       absence("2026-04-07T08:00:00Z", absence_id="A-2", onset="2026-04-06")],
                      "2026-04-07T12:00:00Z")
        self.assertEqual(split.task()["absence_ids"], ["A-1", "A-2"])
        self.assertEqual(split.said("returned-to-work"), ["2026-04-05T23:00:00Z"])
        self.assertEqual(split.said("returned-to-work", withdrawn=True), ["2026-04-07T08:00:00Z"])

    def test_8_entered_in_error(self):
        lines = [absence("2026-09-07T08:00:00Z", code="S10"),
                 contact("2026-09-09T10:00:00Z", pathway="stress"),
                 absence("2026-09-24T08:00:00Z", "cancelled", version=3, code="S10")]
        scene = Scene(lines, "2026-12-24T08:00:00Z")
        self.assertEqual(scene.said("follow-up.due"), ["2026-09-23T08:00:00Z"])
        self.assertEqual(scene.said("follow-up.due", withdrawn=True), ["2026-09-24T08:00:00Z"])
        self.assertEqual(scene.task()["end_reason"], "entered_in_error")
        self.assertEqual(scene.kinds(), ["feed.silent"])
        lines.append(absence("2026-09-24T09:00:00Z", "amended", version=2, code="S10"))
        again = Scene(lines, "2026-09-24T10:00:00Z")
        self.assertEqual(again.task()["end_reason"], "entered_in_error")
        lines.append(absence("2026-09-24T10:00:00Z", "amended", version=4, code="S10"))
        back = Scene(lines, "2026-09-24T11:00:00Z")
        self.assertEqual((back.task()["task_id"], back.task()["state"]),
                         (scene.task()["task_id"], "contacted"))
        ids = [item["id"] for item in back.ledger.said if "follow-up" in item["id"]]
        base = "s" + scene.task()["spell_id"] + "/follow-up.due/2026-09-23"
        self.assertEqual(ids, [base, base + "/withdrawn", base + "/2"])


class Orders(unittest.TestCase):
    AT = "2026-09-25T08:00:00Z"
    VERSIONS = [dict(kind="opened", version=1, code="S99"),
                dict(kind="amended", version=2),
                dict(kind="amended", version=3, expected_return="2026-09-21"),
                dict(kind="closed", version=4, last_day="2026-09-18")]

    def test_9_every_order(self):
        seen = set()
        for order in itertools.permutations(self.VERSIONS):
            for place in range(5):
                messages = list(order)
                messages.insert(place, self.VERSIONS[1])
                scene = Scene([absence(self.AT, **m) for m in messages], self.AT,
                              instants=[self.AT] * 5)
                standing = sorted(e.event.id for e in scene.ledger.said_and_standing())
                seen.add(json.dumps([scene.tasks, standing], default=model.plain))
                self.assertEqual(scene.stands("returned-to-work"), ["2026-09-19"])
                self.assertEqual(scene.kinds(), ["interview.due", "returned-to-work"])
                self.assertEqual(scene.task()["end_reason"], "returned_before_notice")
        self.assertEqual(len(seen), 1)

    def test_9_in_real_time(self):
        times = ["2026-09-07T08:00:00Z", "2026-09-08T08:00:00Z", "2026-09-10T08:00:00Z",
                 "2026-09-21T08:00:00Z"]
        scene = Scene([absence(at, **m) for at, m in zip(times, self.VERSIONS)],
                      "2026-09-25T08:00:00Z")
        self.assertEqual(scene.task()["end_reason"], "returned_uncontacted")
        self.assertEqual(scene.stands("contact.overdue"), ["2026-09-12"])


class Longer(unittest.TestCase):
    def test_10_late_and_open_ended(self):
        late = absence("2026-09-19T08:00:00Z")
        scene = Scene([late], "2026-09-25T00:00:00Z")
        row = scene.task()
        self.assertEqual((row["due_date"], row["late_report"], row["respond_by"]),
                         (date(2026, 9, 11), True, date(2026, 9, 21)))
        self.assertEqual(scene.said("contact.overdue"), ["2026-09-21T23:00:00Z"])
        ended = absence("2026-09-25T08:00:00Z", "amended", version=2, last_day="2026-09-30",
                        open_ended=True)
        scene = Scene([late, ended], "2026-10-05T12:00:00Z")
        self.assertEqual(scene.task()["expected_return"], date(2026, 10, 1))
        self.assertIsNone(scene.task()["last_day"])
        self.assertEqual(scene.stands("expected-return.approaching"), ["2026-09-28"])
        self.assertEqual(scene.stands("expected-return.passed"), ["2026-10-02"])
        self.assertEqual(scene.stands("long-term.reached"), ["2026-10-04"])
        scots = Scene([late, ended], "2026-10-05T12:00:00Z",
                      settings=settings(RW3={"long_term_day": 29}))
        self.assertEqual(scots.stands("long-term.reached"), ["2026-10-05"])

    def test_11_pathway_switch(self):
        first = absence("2026-09-07T08:00:00Z")
        scene = Scene([first, absence("2026-09-09T08:00:00Z", "amended", version=2, code="S10")],
                      "2026-09-09T09:00:00Z")
        self.assertEqual(scene.task(pathway="msk")["end_reason"], "superseded")
        row = scene.task(pathway="stress")
        self.assertEqual((row["state"], row["due_date"]), ("open", date(2026, 9, 11)))
        gone = Scene([first, absence("2026-09-09T08:00:00Z", "amended", version=2, code="S13")],
                     "2026-09-09T09:00:00Z")
        self.assertEqual(gone.task()["end_reason"], "pathway_no_longer_matches")

    def test_12_hr_sees_no_match(self):
        def told(code):
            scene = Scene([absence("2026-09-07T08:00:00Z", code=code,
                                   expected_return="2026-09-21"),
                           *([contact("2026-09-09T08:00:00Z")] if code == "S12" else []),
                           absence("2026-09-25T08:00:00Z", "closed", version=2, code=code,
                                   last_day="2026-09-25")], "2026-12-01T00:00:00Z")
            return [item for item in scene.ledger.said
                    if item["topic"] == "return-to-work.events"]
        self.assertEqual(told("S12"), told("S13"))
        self.assertEqual(told("S12"), told("S17"))
        self.assertNotEqual(told("S12"), [])

    def test_13_scheme_clash(self):
        def matched(code, scheme="icd10", **data):
            scene = Scene([absence("2026-09-07T08:00:00Z", code=code, scheme=scheme, **data)],
                          "2026-09-07T09:00:00Z")
            return [row["pathway"] for row in scene.tasks], scene.world
        self.assertEqual(matched("S12.0")[0], [])
        self.assertEqual(matched("S10.9")[0], [])
        self.assertEqual(matched("m545")[0], ["msk"])
        self.assertEqual(matched("Z730")[0], ["stress"])
        self.assertEqual(matched("S12", "esr", category="15")[1].counts["ignored"], 1)
        self.assertEqual(matched("S12", None)[1].dead_letters[0]["reason"], "missing_scheme")

    def test_a_record_that_is_no_sickness_absence_any_more(self):
        def scene(*more):
            return Scene([absence("2026-09-07T08:00:00Z", version=2), *more],
                         "2026-09-10T12:00:00Z")
        ended = scene(absence("2026-09-08T08:00:00Z", version=3, category="Maternity", code=None,
                              person="P-2", onset="never"))
        self.assertEqual(ended.task()["end_reason"], "entered_in_error")
        self.assertEqual(ended.said("contact-task.created", withdrawn=True), ["2026-09-08T08:00:00Z"])
        self.assertEqual(ended.world.counts["stored"], 2)
        again = scene(absence("2026-09-08T08:00:00Z", version=3, category="15"),
                      absence("2026-09-09T08:00:00Z", version=4))
        self.assertEqual(again.task()["state"], "open")
        for version in (1, 2):
            same = scene(absence("2026-09-08T08:00:00Z", version=version, category="maternity"))
            self.assertEqual(same.task()["state"], "open")
            self.assertEqual(same.world.counts, dict(stored=1, stale=0, ignored=1, dead=0))
        first = Scene([absence("2026-09-07T08:00:00Z", version=3, category="maternity"),
                       absence("2026-09-08T08:00:00Z", version=2)], "2026-09-09T12:00:00Z")
        self.assertEqual(first.task()["state"], "open")

    def test_14_clock_change_and_leap_day(self):
        def overdue(onset):
            scene = Scene([absence(onset + "T08:00:00Z", onset=onset)], "2026-11-01T00:00:00Z")
            return scene.said("contact.overdue")
        self.assertEqual(overdue("2026-10-22"), ["2026-10-27T00:00:00Z"])
        self.assertEqual(overdue("2026-10-19"), ["2026-10-23T23:00:00Z"])
        leap = Scene([absence("2028-02-26T08:00:00Z", onset="2028-02-26")], "2028-02-26T09:00:00Z")
        self.assertEqual(leap.task()["due_date"], date(2028, 3, 1))

    def test_15_a_burst(self):
        lines = [absence("2026-09-07T08:00:00Z", absence_id="A-%d" % n, person="P-%d" % n,
                         code=("S12", "S10", "S13", "S99")[n % 4]) for n in range(400)]
        scene = Scene(lines + lines, "2026-09-07T08:00:01Z")
        self.assertEqual(len(scene.tasks), 200)
        self.assertEqual(scene.world.counts, dict(stored=400, stale=400, ignored=0, dead=0))
        self.assertEqual(len(scene.said("contact-task.created")), 200)
