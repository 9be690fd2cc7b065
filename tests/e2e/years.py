"""Histories of some people over years, the same in every world but for the reasons: what HR sends, step by step.

Records are amended, sent again (older versions too), moved, cancelled and reinstated long after they ended; others
begin the day after one that ended long ago; leaving and death are reported late.
"""
import datetime
import json
import random

ORGANISATION = "RW3"
STEPS = ["2026-05-04", "2026-05-12", "2026-05-20", "2026-06-10", "2026-07-20", "2026-10-05", "2026-10-12", "2026-11-02",
         "2027-01-11", "2027-03-15", "2027-03-22", "2027-07-05", "2027-07-12", "2027-12-06", "2028-05-08", "2028-05-15"]
MATCHED, UNMATCHED = ("S12", "S10", "S11"), ("S13", "S25", "S15")


def instant(day):
    return day + "T09:00:00Z"


def date(text):
    return datetime.date.fromisoformat(text)


def moved(text, days):
    return (date(text) + datetime.timedelta(days=days)).isoformat()


class Person:
    def __init__(self, number, seed):
        self.name = "P-%03d" % number
        self.dice = random.Random("%s/%d" % (seed, number))
        self.records = []
        self.serial = 0

    def step(self, today, others):
        """(kind, data) of each message of that step; what changes is decided by HR's facts alone."""
        found = []
        dice = self.dice
        if not self.records or dice.random() < 0.2:
            found.append(self.opened(moved(today, -dice.choice((0, 1, 5, 30, 200))), today))
        for rec in list(self.records):
            if dice.random() < 0.35:
                found += self.changed(rec, today, others)
        if dice.random() < 0.05:
            found.append((dice.choice(("left", "died")), {"on": moved(today, -dice.choice((0, 3, 40, 130, 300)))}))
        return found

    def opened(self, onset, today, last=None):
        length = self.dice.choice((None, 0, 3, 9, 20))
        if last is None and length is not None and moved(onset, length) < today:
            last = moved(onset, length)
        rec = {"organisation": ORGANISATION, "absence_id": "%s/%d" % (self.name, len(self.records)), "version": 3,
               "person_id": self.name, "category": "sickness", "onset_date": onset, "last_day": last}
        self.records.append(rec)
        return "opened", dict(rec)

    def changed(self, rec, today, others):
        what = self.dice.choice(("closed", "phased", "reopened", "shifted", "expected", "same", "newer", "older",
                                 "adjoined", "merged", "cancelled", "reinstated", "fit note"))
        if what == "adjoined":
            end = rec["last_day"] or moved(today, -1)
            return [self.opened(min(moved(end, 1), today), today)]
        if what in ("same", "newer", "older"):
            rec["version"] += what == "newer"
            return [("amended", {**rec, "version": max(rec["version"] - (2 if what == "older" else 0), 1)})]
        rec["version"] += 1
        if what == "closed":
            rec["last_day"] = max(rec["onset_date"], moved(today, -self.dice.choice((1, 2, 10))))
        elif what == "phased":
            rec["phased_return_from"] = moved(today, self.dice.choice((-14, 0, 3)))
        elif what == "reopened":
            rec["last_day"] = None
        elif what == "shifted" and rec["last_day"]:
            rec["last_day"] = max(rec["onset_date"], moved(rec["last_day"], self.dice.choice((-2, 1, 4))))
        elif what == "expected":
            rec["expected_return"] = moved(today, self.dice.choice((2, 9)))
        elif what == "fit note":
            rec["fit_note"] = {"from": rec["onset_date"], "to": moved(today, 10)}
        elif what == "merged" and others:
            rec["person_id"] = self.dice.choice(others).name
        return [("cancelled" if what == "cancelled" else "amended", dict(rec))]

    def lines(self, today, others, codes):
        lines = []
        for kind, data in self.step(today, others):
            self.serial += 1
            person = kind in ("left", "died")
            if person:
                data = {"organisation": ORGANISATION, "person_id": self.name, **data}
            else:
                data = {**data, "reason": {"scheme": "esr", "code": codes[self.serial % len(codes)]}}
            event = {"specversion": "1.0", "id": "%s-%d" % (self.name, self.serial), "source": "/hr/RW3",
                     "type": "org.dayfour.%s.%s.v1" % ("person" if person else "absence", kind),
                     "time": instant(today), "data": data}
            lines.append({"partition": 0, "key_b64": None, "headers": [], "value": json.dumps(event)})
        return lines


def history(people, seed, matched):
    """[(day, lines)]: matched(number) says whose reasons are of a pathway."""
    crowd = [Person(n, seed) for n in range(people)]
    found = []
    for day in STEPS:
        lines = []
        for number, person in enumerate(crowd):
            others = [p for p in crowd if p is not person][:3]
            lines += person.lines(day, others, MATCHED if matched(number) else UNMATCHED)
        found.append((day, lines))
    return found
