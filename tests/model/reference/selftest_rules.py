"""Rule by rule, where the worked scenarios do not reach."""
import unittest
from datetime import date

import model
from scenes import Scene, absence, contact, fact, person

OPENED = absence("2026-09-07T08:00:00Z")
CLOSED = absence("2026-09-21T08:00:00Z", "closed", version=2, last_day="2026-09-20")


def amended(at, version=2, **data):
    return absence(at, "amended", version=version, **data)


def settings(**defaults):
    document = model.load(None, "pathways.json")
    document["defaults"].update(defaults)
    return document


class Identity(unittest.TestCase):
    def test_ids(self):
        """Reckoned apart, by openssl: 54322b64384e225…, 2b3021310802fb7…, cecb092b0b2272fa…"""
        scene = Scene([OPENED], "2026-09-07T09:00:00Z")
        row = scene.task()
        self.assertEqual((row["task_id"], row["period_id"]), ("AGS2PS1R9RH5", "5CR22C880BXQ"))
        self.assertEqual(scene.ledger.said[0]["key"], "cecb092b0b2272fa9f12add7a2e9ac8d")
        self.assertEqual(row["task_id"], row["spell_id"])

    def test_anchor_is_the_first_noticed(self):
        later = absence("2026-09-07T09:00:00Z", absence_id="A-0", onset="2026-09-01")
        scene = Scene([OPENED, later], "2026-09-07T10:00:00Z")
        self.assertEqual(scene.task()["task_id"], "AGS2PS1R9RH5")
        self.assertEqual(scene.task()["onset_date"], date(2026, 9, 1))


class Versions(unittest.TestCase):
    def test_equal_and_lower_versions(self):
        same = absence("2026-09-08T08:00:00Z", "amended", onset="2026-09-01")
        lower = absence("2026-09-08T09:00:00Z", version=2, onset="2026-09-20")
        scene = Scene([amended("2026-09-07T08:00:00Z", version=3),
                       amended("2026-09-08T08:00:00Z", version=3, onset="2026-09-01"), lower],
                      "2026-09-09T00:00:00Z")
        self.assertEqual(scene.task()["onset_date"], date(2026, 9, 7))
        self.assertEqual(scene.world.counts["stale"], 2)
        self.assertIs(scene.task()["backdated"], True)  # the lowest version said 20 September
        cancelled = absence("2026-09-08T10:00:00Z", "cancelled")
        scene = Scene([OPENED, cancelled, same], "2026-09-09T00:00:00Z")
        self.assertEqual(scene.task()["end_reason"], "entered_in_error")

    def test_a_resend_heals_after_new_settings(self):
        wide = settings()
        wide["pathways"]["msk"]["codes"][0]["match"].append("S28")
        load = {"at": "2026-09-08T08:00:00Z", "settings": wide}
        first = absence("2026-09-07T08:00:00Z", code="S28")
        self.assertEqual(Scene([first, load], "2026-09-09T00:00:00Z").tasks, [])
        again = absence("2026-09-08T09:00:00Z", code="S28")
        healed = Scene([first, load, again], "2026-09-09T00:00:00Z")
        self.assertEqual(healed.task()["state"], "open")
        narrow = settings()
        narrow["pathways"]["msk"]["codes"][0]["match"].remove("S12")
        load = {"at": "2026-09-08T08:00:00Z", "settings": narrow}
        self.assertEqual(Scene([OPENED, load], "2026-09-09T00:00:00Z").task()["end_reason"],
                         "pathway_no_longer_matches")


class Tombstones(unittest.TestCase):
    def reason(self, *lines, until="2026-09-10T00:00:00Z"):
        scene = Scene([OPENED, *lines], until)
        return [r["end_reason"] for r in scene.tasks if r["task_id"] == "AGS2PS1R9RH5"], scene

    def test_reasons(self):
        self.assertEqual(self.reason(amended("2026-09-08T08:00:00Z", person="P-2"))[0], ["moved"])
        self.assertEqual(self.reason(amended("2026-09-08T08:00:00Z", onset="2026-09-11"))[0],
                         ["not_yet"])
        self.assertEqual(self.reason(amended("2026-09-08T08:00:00Z", code="S17"))[0],
                         ["pathway_no_longer_matches"])
        found, scene = self.reason(amended("2026-09-08T08:00:00Z", person="P-2"),
                                   amended("2026-09-09T08:00:00Z", version=3))
        self.assertEqual(found, [None])
        self.assertEqual(scene.task(person_id="P-2")["end_reason"], "moved")

    def test_merged(self):
        early = absence("2026-08-02T08:00:00Z", absence_id="A-0", onset="2026-08-01",
                        last_day="2026-08-20")
        bridge = amended("2026-09-08T08:00:00Z", absence_id="A-0", onset="2026-08-01",
                         last_day="2026-09-06")
        found, scene = self.reason(early, bridge)
        self.assertEqual(found, ["merged"])
        self.assertEqual(scene.task(state="open")["absence_ids"], ["A-0", "A-1"])

    def test_future_onset_waits(self):
        planned = absence("2026-09-01T08:00:00Z", onset="2026-09-07")
        self.assertEqual(Scene([planned], "2026-09-06T22:59:59Z").tasks, [])
        scene = Scene([planned], "2026-09-06T23:00:00Z")
        self.assertEqual(scene.task()["state"], "open")
        self.assertEqual(scene.said("contact-task.created"), ["2026-09-06T23:00:00Z"])

    def test_contacted_stays_whatever_the_reason(self):
        call = contact("2026-09-08T08:00:00Z")
        found, scene = self.reason(call, amended("2026-09-09T08:00:00Z", code="S10"))
        self.assertEqual(found, [None])
        row = scene.task(pathway="msk")
        self.assertEqual((row["state"], row["reason_changed"]), ("contacted", True))
        self.assertEqual(scene.task(pathway="stress")["state"], "open")
        found, scene = self.reason(call, amended("2026-09-09T08:00:00Z", code="S32"))
        self.assertEqual(found, ["pathway_no_longer_matches"])

    def test_contact_carries_over(self):
        """The anchor is cancelled: the spell of the other record inherits the call."""
        other = absence("2026-09-07T09:00:00Z", absence_id="A-2")
        found, scene = self.reason(other, contact("2026-09-08T08:00:00Z"),
                                   absence("2026-09-09T08:00:00Z", "cancelled", version=2))
        self.assertEqual(found, ["entered_in_error"])
        self.assertEqual(scene.task(absence_ids=["A-2"])["state"], "contacted")


class Spells(unittest.TestCase):
    def test_join_days(self):
        """Back pain, influenza, back pain: up to seven days between make one spell."""
        def spells(onset):
            scene = Scene([absence("2026-09-07T08:00:00Z", last_day="2026-09-09"),
                           absence("2026-09-07T08:00:00Z", absence_id="F", code="S13"),
                           absence("2026-09-20T08:00:00Z", absence_id="A-2", onset=onset)],
                          "2026-09-20T09:00:00Z")
            return sorted(row["relapse"] for row in scene.tasks)
        self.assertEqual(spells("2026-09-17"), [False])
        self.assertEqual(spells("2026-09-18"), [False, True])

    def test_contact_details(self):
        scene = Scene([
            absence("2026-09-07T08:00:00Z",
                    contact={"name": "Test Person 1", "phone": "07700 900001"}),
            absence("2026-09-08T08:00:00Z", absence_id="A-2", onset="2026-09-08", code="S99",
                    contact={"phone": "07700 900002", "voicemail": False}),
            absence("2026-09-09T08:00:00Z", absence_id="A-3", onset="2026-09-09", code="S13",
                    contact={"phone": "07700 900003"})], "2026-09-09T09:00:00Z")
        row = scene.task()
        self.assertEqual((row["name"], row["phone"], row["voicemail"]),
                         ("Test Person 1", "07700 900002", False))

    def test_closes_at_midnight(self):
        ahead = absence("2026-09-07T08:00:00Z", last_day="2026-09-20")
        self.assertIsNone(Scene([ahead], "2026-09-20T22:59:00Z").task()["last_day"])
        scene = Scene([ahead], "2026-09-20T23:00:00Z")
        self.assertEqual(scene.task()["end_reason"], "returned_uncontacted")
        self.assertEqual(scene.said("returned-to-work"), ["2026-09-20T23:00:00Z"])
        self.assertEqual(scene.said("expected-return.approaching"), ["2026-09-16T08:00:00Z"])
        self.assertEqual(scene.said("expected-return.approaching", withdrawn=True),
                         ["2026-09-20T23:00:00Z"])


class People(unittest.TestCase):
    def test_left(self):
        gone = person("2026-09-10T08:00:00Z", "left", "2026-09-15")
        before = Scene([OPENED, gone], "2026-09-15T22:00:00Z")
        self.assertEqual(before.task()["state"], "open")
        scene = Scene([OPENED, gone], "2026-10-15T00:00:00Z")
        row = scene.task()
        self.assertEqual((row["end_reason"], row["last_day"]),
                         ("left_employment", date(2026, 9, 15)))
        self.assertEqual(scene.kinds(), ["contact.due-soon", "contact.overdue", "feed.silent"])
        back = absence("2026-09-20T08:00:00Z", absence_id="A-2", onset="2026-09-16")
        scene = Scene([OPENED, gone, back], "2026-10-15T00:00:00Z")
        self.assertEqual(scene.task(onset_date=date(2026, 9, 16))["state"], "open")
        self.assertEqual(scene.stands("returned-to-work"), [])
        taken_back = person("2026-09-16T08:00:00Z", "left", None, event_id="e-2")
        self.assertEqual(Scene([OPENED, gone, taken_back], "2026-09-17T00:00:00Z").task()["state"],
                         "open")

    def test_the_latest_statement_counts(self):
        early = person("2026-09-10T09:00:00Z", "left", "2026-09-30", time="2026-09-09T08:00:00Z")
        late = person("2026-09-10T08:00:00Z", "left", "2026-09-08", time="2026-09-09T09:00:00Z")
        scene = Scene([OPENED, late, early], "2026-09-11T00:00:00Z")
        self.assertEqual(scene.task()["end_reason"], "left_employment")
        self.assertEqual(scene.world.counts["stale"], 1)

    def test_died(self):
        earlier = absence("2026-07-01T08:00:00Z", absence_id="A-0", onset="2026-07-01",
                          last_day="2026-07-20")
        scene = Scene([earlier, OPENED, contact("2026-09-08T08:00:00Z"),
                       person("2026-09-20T08:00:00Z", "died", "2026-09-14")],
                      "2026-10-15T00:00:00Z")
        self.assertEqual(scene.task(onset_date=date(2026, 9, 7))["end_reason"], "died")
        self.assertEqual(scene.task(onset_date=date(2026, 7, 1))["end_reason"],
                         "returned_uncontacted")
        self.assertEqual(scene.stands("follow-up.due"), [])
        self.assertEqual(scene.stands("returned-to-work"), ["2026-07-21"])
        self.assertEqual(scene.stands("contact.overdue"), ["2026-07-06"])

    def test_opted_out(self):
        out = person("2026-09-09T08:00:00Z", "opted-out", "2026-09-09")
        scene = Scene([out, OPENED, CLOSED], "2026-09-22T00:00:00Z")
        self.assertEqual(scene.task()["end_reason"], "opted_out")
        self.assertEqual(scene.stands("contact-task.created"), [])
        self.assertEqual(scene.stands("contact.due-soon"), [])
        self.assertEqual(scene.stands("returned-to-work"), ["2026-09-21"])
        called = Scene([OPENED, contact("2026-09-08T08:00:00Z"), out], "2026-10-22T00:00:00Z")
        self.assertEqual(called.task()["state"], "contacted")
        self.assertEqual(called.stands("contact-task.created"), ["2026-09-07"])
        self.assertEqual(called.stands("follow-up.due"), [])
        in_again = person("2026-09-10T08:00:00Z", "opted-in", "2026-09-10", event_id="e-2")
        self.assertEqual(Scene([OPENED, out, in_again], "2026-09-10T09:00:00Z").task()["state"],
                         "open")
        after = person("2026-09-22T08:00:00Z", "opted-out", "2026-09-22")
        over = Scene([OPENED, CLOSED, after], "2026-09-23T00:00:00Z")
        self.assertEqual(over.task()["end_reason"], "returned_uncontacted")


class Clinicians(unittest.TestCase):
    def test_after_the_last_day(self):
        scene = Scene([OPENED, CLOSED, contact("2026-09-22T08:00:00Z")], "2026-09-23T00:00:00Z")
        row = scene.task()
        self.assertEqual((row["state"], row["end_reason"], row["in_target"]),
                         ("ended", "returned_uncontacted", False))
        self.assertIsNotNone(row["contacted_at"])

    def test_unreachable(self):
        def tries(*times):
            lines = [fact(at, "attempt", outcome="no_answer") for at in times]
            return Scene([OPENED, *lines], "2026-09-10T12:00:00Z").said("contact.unreachable")
        self.assertEqual(tries("2026-09-08T08:00:00Z", "2026-09-08T12:00:00Z",
                               "2026-09-08T16:00:00Z"), [])
        self.assertEqual(tries("2026-09-08T08:00:00Z", "2026-09-08T12:00:00Z",
                               "2026-09-08T23:30:00Z"), ["2026-09-08T23:30:00Z"])

    def test_follow_ups(self):
        first = contact("2026-09-08T08:00:00Z")
        scene = Scene([OPENED, first], "2026-10-21T12:00:00Z")
        self.assertEqual(scene.stands("follow-up.due"), ["2026-09-22", "2026-10-06", "2026-10-20"])
        self.assertEqual(scene.stands("review.due"), ["2026-10-18"])
        again = contact("2026-09-25T08:00:00Z", review_on="2026-10-01")
        scene = Scene([OPENED, first, again, fact("2026-10-16T08:00:00Z", "close",
                                                  reason="recovered")], "2026-11-01T12:00:00Z")
        self.assertEqual(scene.stands("follow-up.due"), ["2026-09-22", "2026-10-01", "2026-10-15"])
        self.assertEqual(scene.stands("review.due"), [])
        declined = Scene([OPENED, contact("2026-09-08T08:00:00Z", "declined")],
                         "2026-11-01T12:00:00Z")
        self.assertEqual(declined.stands("follow-up.due"), [])
        asleep = Scene([OPENED, first], "2026-10-21T12:00:00Z",
                       instants=["2026-09-08T09:00:00Z", "2026-10-21T12:00:00Z"])
        self.assertEqual(asleep.stands("follow-up.due"), ["2026-10-20"])

    def test_retract_and_refusals(self):
        scene = Scene([OPENED, contact("2026-09-08T08:00:00Z", entry="one"),
                       {"at": "2026-09-08T09:00:00Z", "fact": {"kind": "retract", "entry": "one"}},
                       contact("2026-09-08T10:00:00Z", outcome="no_answer"),
                       contact("2026-09-08T10:00:00Z", at="2026-09-06T10:00:00Z"),
                       contact("2026-09-08T10:00:00Z", at="2026-09-09T10:00:00Z"),
                       contact("2026-09-08T10:00:00Z", absence_id="A-9"),
                       fact("2026-09-08T11:00:00Z", "claim", by="one"),
                       fact("2026-09-08T11:01:00Z", "claim", by="two")], "2026-09-08T12:00:00Z")
        self.assertEqual(scene.task()["state"], "open")
        self.assertEqual([r["sqlstate"] for r in scene.world.refused],
                         ["22023", "22023", "22023", "OH001", "OH003"])
        self.assertEqual(scene.task()["assigned_to"], "one")

    def test_check_in(self):
        scene = Scene([OPENED, contact("2026-09-08T08:00:00Z"), CLOSED], "2026-11-01T12:00:00Z")
        self.assertEqual(scene.stands("check-in.due"), ["2026-10-05"])
        long = Scene([OPENED, contact("2026-09-08T08:00:00Z"),
                      absence("2026-10-05T08:00:00Z", "closed", version=2, last_day="2026-10-04")],
                     "2026-12-01T12:00:00Z")
        self.assertEqual(long.stands("check-in.due"), ["2026-10-19", "2026-11-02"])
        again = Scene([OPENED, contact("2026-09-08T08:00:00Z"), CLOSED,
                       absence("2026-10-05T06:00:00Z", absence_id="A-2", onset="2026-10-05")],
                      "2026-10-06T12:00:00Z")
        self.assertEqual(again.stands("check-in.due"), [])


class Calls(unittest.TestCase):
    """Off from Wednesday 9 September, due on Sunday 13."""
    OFF = absence("2026-09-09T08:10:00Z", onset="2026-09-09")

    def scene(self, *lines, until):
        return Scene([self.OFF, *lines], until)

    def act_by(self, *lines, until):
        import worklist
        scene = self.scene(*lines, until=until)
        listed = worklist.worklist(scene.world, scene.now)
        return [str(day) for task, day in worklist.acts(scene.world, scene.now).items() if task in listed]

    def test_due_at_a_weekend(self):
        self.assertEqual(self.act_by(until="2026-09-09T12:00:00Z"), ["2026-09-11"])
        scene = self.scene(until="2026-09-14T00:00:00Z")
        self.assertEqual(scene.said("contact.due-soon"), ["2026-09-11T08:00:00Z"])
        self.assertEqual(scene.said("contact.overdue"), ["2026-09-13T23:00:00Z"])

    def test_red_flag_on_friday(self):
        flag = contact("2026-09-11T10:00:00Z", "urgent_care_advised")
        scene = self.scene(flag, until="2026-09-15T00:00:00Z")
        self.assertEqual(scene.said("urgent.raised"), ["2026-09-11T10:00:00Z"])
        self.assertEqual(scene.said("follow-up.due"), ["2026-09-14T08:00:00Z"])
        self.assertEqual(self.act_by(flag, until="2026-09-12T10:00:00Z"), ["2026-09-12"])
        out = person("2026-09-11T11:00:00Z", "opted-out", "2026-09-11")
        self.assertEqual(self.act_by(flag, out, until="2026-09-12T10:00:00Z"), ["2026-09-12"])
        self.assertEqual(self.scene(flag, out, until="2026-09-15T00:00:00Z").stands("urgent.raised"), ["2026-09-11"])
        died = person("2026-09-11T11:00:00Z", "died", "2026-09-11")
        self.assertEqual(self.act_by(flag, died, until="2026-09-12T10:00:00Z"), [])
        seen = fact("2026-09-11T10:30:00Z", "acknowledge")
        self.assertEqual(self.act_by(flag, seen, until="2026-09-12T10:00:00Z"), [])
        self.assertEqual(self.act_by(flag, seen, until="2026-09-15T10:00:00Z"), ["2026-09-14"])
        twice = self.scene(flag, seen, fact("2026-09-11T10:40:00Z", "acknowledge"), until="2026-09-12T00:00:00Z")
        self.assertEqual([r["sqlstate"] for r in twice.world.refused], ["OH002"])

    def test_promise_for_tomorrow(self):
        promise = fact("2026-09-09T10:00:00Z", "attempt", outcome="call_back", call_back_at="2026-09-10T13:00:00Z")
        self.assertEqual(self.act_by(promise, until="2026-09-09T12:00:00Z"), ["2026-09-10"])
        tried = fact("2026-09-10T13:30:00Z", "attempt", outcome="no_answer")
        self.assertEqual(self.scene(promise, tried, until="2026-09-11T00:00:00Z").said("call-back.due"),
                         ["2026-09-10T13:00:00Z"])
        self.assertEqual(self.act_by(promise, tried, until="2026-09-10T14:00:00Z"), ["2026-09-11"])
        before = fact("2026-09-10T12:00:00Z", "attempt", outcome="busy")
        self.assertEqual(self.scene(promise, before, until="2026-09-11T00:00:00Z").said("call-back.due"), [])
        text = fact("2026-09-10T12:00:00Z", "attempt", outcome="no_answer", channel="text")
        self.assertEqual(self.scene(promise, text, until="2026-09-11T00:00:00Z").said("call-back.due"),
                         ["2026-09-10T13:00:00Z"])

    def test_not_reached(self):
        tries = [fact(at, "attempt", outcome="no_answer") for at in (
            "2026-09-09T09:00:00Z", "2026-09-09T14:00:00Z", "2026-09-10T09:00:00Z")]
        close = fact("2026-09-10T10:00:00Z", "close", reason="unable_to_contact")
        self.assertEqual(len(self.scene(*tries[:2], close, until="2026-09-11T00:00:00Z").world.refused), 1)
        self.assertEqual(self.act_by(*tries, close, until="2026-09-11T00:00:00Z"), [])
        again = contact("2026-09-11T09:00:00Z")
        self.assertEqual(self.act_by(*tries, close, again, until="2026-09-25T09:00:00Z"), ["2026-09-25"])

    def test_late_reasons(self):
        unknown = absence("2026-09-09T08:10:00Z", onset="2026-09-09", code="S99")
        for at, late in (("2026-09-13T22:59:00Z", False), ("2026-09-13T23:00:00Z", True)):
            row = Scene([unknown, absence(at, "amended", version=2, onset="2026-09-09")], "2026-09-16T00:00:00Z").task()
            self.assertEqual((row["reason_late"], model.plain(row["known_at"])), (late, at))


class HumanResources(unittest.TestCase):
    def test_fit_notes(self):
        scene = Scene([OPENED], "2026-09-15T00:00:00Z")
        self.assertEqual(scene.stands("fit-note.due"), ["2026-09-14"])
        note = amended("2026-09-15T08:00:00Z", fit_note={"from": "2026-09-14", "to": "2026-09-28"})
        scene = Scene([OPENED, note], "2026-09-24T00:00:00Z")
        self.assertEqual(scene.stands("fit-note.due"), [])
        self.assertEqual(scene.stands("fit-note.expiring"), ["2026-09-23"])

    def test_phased_return(self):
        phased = absence("2026-09-20T08:00:00Z", "closed", version=2, last_day="2026-09-20",
                         phased_return_from="2026-09-21")
        scene = Scene([OPENED, phased], "2026-11-01T00:00:00Z")
        self.assertEqual(scene.stands("phased-return.review-due"),
                         ["2026-09-28", "2026-10-05", "2026-10-12"])
        self.assertEqual(scene.stands("phased-return.ending"), ["2026-10-18"])
        self.assertEqual(scene.stands("return-to-work.partial"), [])
        while_off = amended("2026-09-20T08:00:00Z", phased_return_from="2026-09-21")
        self.assertEqual(Scene([OPENED, while_off], "2026-09-22T00:00:00Z").stands(
            "return-to-work.partial"), ["2026-09-21"])

    def test_horizon(self):
        """More than 28 days after T no HR event is emitted or withdrawn."""
        old = absence("2026-11-01T08:00:00Z", last_day="2026-09-20")
        self.assertEqual(Scene([old], "2026-11-02T00:00:00Z").kinds("return-to-work.events"), [])
        cancelled = absence("2026-11-01T08:00:00Z", "cancelled", version=3)
        scene = Scene([OPENED, CLOSED, cancelled], "2026-11-02T00:00:00Z")
        self.assertEqual(scene.stands("returned-to-work"), ["2026-09-21"])
        self.assertEqual(scene.said("returned-to-work", withdrawn=True), [])

    def test_before_notice(self):
        late = absence("2026-09-25T08:00:00Z", last_day="2026-09-20", expected_return="2026-09-21",
                       phased_return_from="2026-09-15", code="S99")
        scene = Scene([late], "2026-09-30T00:00:00Z")
        self.assertEqual(scene.kinds(), ["feed.silent", "interview.due", "returned-to-work"])


class Whole(unittest.TestCase):
    def test_live_from_and_off(self):
        rules = settings(live_from="2026-09-10", off=["fit-note.due"])
        scene = Scene([OPENED], "2026-09-15T00:00:00Z", settings=rules)
        self.assertEqual(scene.kinds(), ["contact.due-soon", "contact.overdue"])
        later = {"at": "2026-09-20T08:00:00Z", "settings": settings(live_from="2026-09-15")}
        scene = Scene([OPENED, later], "2026-09-21T00:00:00Z")
        self.assertEqual(scene.said("contact.overdue", withdrawn=True), [])

    def test_feed_silence(self):
        """Friday afternoon to Monday afternoon; the next message withdraws it."""
        friday = absence("2026-09-11T14:00:00Z", onset="2026-09-11")
        scene = Scene([friday, amended("2026-09-15T09:00:00Z", onset="2026-09-11")],
                      "2026-09-15T10:00:00Z")
        self.assertEqual(scene.said("feed.silent"), ["2026-09-14T14:00:00Z"])
        self.assertEqual(scene.said("feed.silent", withdrawn=True), ["2026-09-15T09:00:00Z"])
        holiday = absence("2026-12-24T10:00:00Z", onset="2026-12-24")
        self.assertEqual(Scene([holiday], "2027-01-01T00:00:00Z").said("feed.silent"),
                         ["2026-12-29T10:00:00Z"])

    def test_settled_periods_are_left_alone(self):
        loose = settings()
        loose["pathways"]["msk"]["contact_target_days"] = 20
        def due(at):
            scene = Scene([OPENED, CLOSED, {"at": at, "settings": loose}], "2027-03-01T00:00:00Z")
            return scene.task()["due_date"], scene.said("contact.overdue", withdrawn=True)
        self.assertEqual(due("2027-01-18T12:00:00Z"),
                         (date(2026, 9, 27), ["2027-01-18T12:00:00Z"]))
        self.assertEqual(due("2027-01-19T12:00:00Z"), (date(2026, 9, 11), []))

    def test_worklist(self):
        import worklist
        def listed(*lines, until):
            scene = Scene([OPENED, *lines], until)
            return len(worklist.worklist(scene.world, scene.now))
        call = contact("2026-09-08T08:00:00Z")
        self.assertEqual(listed(until="2026-09-08T00:00:00Z"), 1)
        self.assertEqual(listed(call, until="2026-09-22T07:59:00Z"), 0)
        self.assertEqual(listed(call, until="2026-09-22T08:00:00Z"), 1)
        self.assertEqual(listed(call, contact("2026-09-22T09:00:00Z"),
                                until="2026-09-22T09:30:00Z"), 0)
        self.assertEqual(listed(call, CLOSED, until="2026-09-24T08:00:00Z"), 0)
        self.assertEqual(listed(call, CLOSED, until="2026-10-05T08:00:00Z"), 1)
        self.assertEqual(listed(call, CLOSED, until="2026-11-03T08:00:00Z"), 0)
        died = person("2026-09-09T08:00:00Z", "died", "2026-09-09")
        self.assertEqual(listed(died, until="2026-09-10T08:00:00Z"), 0)

