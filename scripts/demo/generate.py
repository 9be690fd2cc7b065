#!/usr/bin/env python3
"""Writes the absences of one invented trust, four weeks of them, for `dayfour publish FILE`.

    python3 scripts/demo/generate.py --out FILE --seed 1 --today 2026-09-28

JSON lines, each a structured CloudEvent, in the order an HR system would have sent them. They have
openings, amendments, closings and cancellations, also twice, late or in the wrong order. They have two
assignments of one person, Monday peaks, and some lines that are wrong on purpose (--bad).
--sent writes when each line is sent, --until leaves out what is sent later.
--nights FOLDER writes the same absences as the nightly files of an HR system (files.py). Then --out has
only the messages that no file can carry.
The same arguments write the same bytes. Nobody in it exists.
"""
import argparse
import datetime
import json
import random
from pathlib import Path

import files

DAY = datetime.timedelta(days=1)
INSTANT = "%Y-%m-%dT%H:%M:%SZ"

# ESR reason, share of episodes in 1,000, median length in days, spread (sigma of its logarithm)
REASONS = (
    ("S12", 80, 7, 1.2), ("S11", 40, 6, 1.1), ("S10", 90, 18, 1.1), ("S13", 215, 3, 0.6),
    ("S25", 190, 2, 0.7), ("S16", 65, 2, 0.6), ("S15", 50, 5, 0.8), ("S28", 35, 10, 1.0),
    ("S27", 35, 5, 0.7), ("S26", 30, 5, 0.9), ("S21", 25, 3, 0.7), ("S30", 20, 6, 1.0),
    ("S19", 13, 12, 1.1), ("S22", 12, 2, 0.6), ("S23", 10, 4, 0.8), ("S31", 8, 4, 0.8),
    ("S17", 7, 45, 0.8), ("S29", 7, 9, 1.0), ("S24", 5, 6, 0.9), ("S14", 4, 4, 0.7),
    ("S18", 2, 8, 0.9), ("S20", 2, 4, 0.8), ("S32", 2, 20, 0.9), ("S98", 28, 5, 0.9),
    ("S99", 25, 4, 0.8))
# how likely an absence begins on a Monday, a Tuesday, ...
WEEKDAYS = (27, 18, 16, 14, 12, 6, 7)
OTHER_CATEGORIES = ("maternity", "paternity", "15", "special leave", "study leave")
SITES = ("Site 1", "Site 2", "Site 3", "Site 4", "Site 5")
STAFF_GROUPS = ("Nursing and midwifery", "Allied health professions", "Medical and dental",
                "Estates and ancillary", "Administrative and clerical", "Additional clinical")
FTES = ("1.00000", "1.00000", "1.00000", "0.80000", "0.60000", "0.53333", "0.40000")


class Trust:
    """The people, the random numbers, and the lines written so far as (sent, order, event)."""

    def __init__(self, args):
        self.rng = random.Random("%s/%s/%s" % (args.seed, args.today, args.organisation))
        self.organisation = args.organisation
        self.source = "/hr/" + args.organisation
        self.staff = args.staff
        self.today = args.today
        self.first_day = args.today - 28 * DAY
        self.lines = []
        self.absences = 0
        self.wrong = set()  # absences that are wrong on purpose
        self.onset_days = [self.first_day + n * DAY for n in range(29)]
        self.onset_weights = [WEEKDAYS[d.weekday()] for d in self.onset_days]

    def chance(self, share):
        return self.rng.random() < share

    def morning(self, day):
        """An instant of that day, most likely in the first hours of the day shift."""
        seconds = 6 * 3600 + int(self.rng.triangular(0, 9 * 3600, 3600))
        if day == self.today:
            seconds = 6 * 3600 + int(self.rng.random() * 2.5 * 3600)
        return datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(0, seconds)

    def send(self, kind, data, when, sent=None, **attributes):
        """Adds a line; `sent` is its place in the file where that is not its own time."""
        event = {"specversion": "1.0", "id": "%016x" % self.rng.getrandbits(64),
                 "source": self.source, "type": "org.dayfour.%s.v1" % kind,
                 "time": when.strftime(INSTANT),
                 "datacontenttype": "application/json", "data": dict(data)}
        event.update(attributes)
        sent = sent or when
        self.lines.append((sent, len(self.lines), event))
        if self.chance(0.02):  # sent again by a retry, or by the night's batch
            again = sent + datetime.timedelta(0, self.rng.choice((2, 2, 2, 40000)))
            if again.date() <= self.today:
                self.lines.append((again, len(self.lines), event))

    def person(self):
        number = self.rng.randrange(self.staff) + 1
        return number, "P-%05d" % number

    def contact(self, number):
        r = random.Random(number)  # the same person has the same details all along
        contact = {"name": "Test Person %05d" % number,
                   "phone": "07700 900%03d" % r.randrange(1000),
                   "email": "test.person.%05d@example.invalid" % number,
                   "language": "en" if r.random() < 0.93 else r.choice(("cy", "pl", "ur", "pt")),
                   "preferred_time": r.choice(("any", "mornings", "afternoons", "after 17:00")),
                   "voicemail": r.random() < 0.6}
        for member in ("phone", "email", "preferred_time", "language"):
            if r.random() < 0.04:
                contact[member] = None
        return contact

    def record(self, number, person_id, onset, reason, assignment=1, fte=None):
        self.absences += 1
        r = random.Random("%d/%d" % (number, assignment))
        return {"organisation": self.organisation, "absence_id": "A-%06d" % self.absences,
                "version": 1, "person_id": person_id,
                "assignment_id": "%s-%d" % (person_id, assignment), "category": "sickness",
                "onset_date": onset.isoformat(), "last_day": None, "open_ended": False,
                "expected_return": None, "reason": {"scheme": "esr", "code": reason},
                "fte": fte or r.choice(FTES), "contact": self.contact(number),
                "fit_note": None, "phased_return_from": None, "site": r.choice(SITES),
                "staff_group": r.choice(STAFF_GROUPS)}


def pick_reason(trust):
    code, _, median, spread = trust.rng.choices(REASONS, [r[1] for r in REASONS])[0]
    days = max(1, min(200, round(trust.rng.lognormvariate(0, spread) * median)))
    return code, days


def send_record(trust, record, length, reported, code):
    """Sends one absence from its opening to whatever its HR system knows of it today."""
    rng, today = trust.rng, trust.today
    onset = datetime.date.fromisoformat(record["onset_date"])
    last_day = onset + (length - 1) * DAY
    steps = []  # (day, kind, what changes)
    if record["reason"]["code"] != code:
        steps.append((reported + rng.choice((1, 2, 2, 3, 4)) * DAY, "amended",
                      {"reason": {"scheme": "esr", "code": code}}))
    if trust.chance(0.45):
        steps.append((reported + rng.randrange(0, 3) * DAY, "amended",
                      {"expected_return": (last_day + rng.choice((-2, 0, 1, 1, 3)) * DAY
                                           if length > 3 else last_day + DAY).isoformat()}))
    if length >= 8 and trust.chance(0.8):
        end = min(last_day, onset + rng.choice((13, 20, 27)) * DAY)
        steps.append((onset + rng.choice((5, 6, 6, 7, 8)) * DAY, "amended", {
            "fit_note": {"from": (onset + 7 * DAY).isoformat(), "to": end.isoformat()},
            "expected_return": (end + DAY).isoformat()}))
    if trust.chance(0.03):
        steps.append((reported + rng.randrange(1, 4) * DAY, "amended",
                      {"onset_date": (onset - rng.choice((1, 1, 2, 3)) * DAY).isoformat()}))
    if length >= 14 and trust.chance(0.25):
        steps.append((last_day - 3 * DAY, "amended",
                      {"phased_return_from": (last_day + DAY).isoformat()}))
    if trust.chance(0.012):
        steps.append((reported + rng.randrange(0, 4) * DAY, "cancelled", {}))
    elif trust.chance(0.06):  # an end that is only provisional, confirmed or not
        steps.append((reported + DAY, "amended",
                      {"last_day": (last_day + DAY).isoformat(), "open_ended": True}))
    if trust.chance(0.95):  # the rest nobody ever closes
        steps.append((last_day + rng.choice((1, 1, 1, 1, 2, 3, 5)) * DAY, "closed",
                      {"last_day": last_day.isoformat(), "open_ended": False}))
    steps = [s for s in steps if s[0] <= today]
    steps.sort(key=lambda s: s[0])
    for n, step in enumerate(steps):
        if step[1] == "cancelled":
            steps = steps[:n + 1]
            break
    send_steps(trust, record, reported, steps)


def send_steps(trust, record, reported, steps):
    when = trust.morning(reported)
    times = []
    for day, _, _ in [(reported, None, None)] + steps:
        when = max(when + datetime.timedelta(0, 60 * trust.rng.randrange(1, 20)),
                   trust.morning(max(day, reported)))
        times.append(when)
    places = list(times)
    if len(times) > 1 and trust.chance(0.03):  # two of them overtake each other on the way
        n = trust.rng.randrange(len(times) - 1)
        places[n], places[n + 1] = places[n + 1], places[n]
    trust.send("absence.opened", record, times[0], places[0])
    for n, (_, kind, change) in enumerate(steps):
        record = {**record, **change, "version": record["version"] + 1}
        trust.send("absence." + kind, record, times[n + 1], places[n + 1])


def episode(trust):
    """A person goes off: one record, or two where they hold two posts."""
    number, person_id = trust.person()
    code, length = pick_reason(trust)
    onset = trust.rng.choices(trust.onset_days, trust.onset_weights)[0]
    if trust.chance(0.03):  # off since long before; the window opens with HR's list of them
        onset = trust.first_day - trust.rng.randrange(1, 80) * DAY
        length = (trust.first_day - onset).days + trust.rng.randrange(3, 90)
    reported = max(onset, trust.first_day)
    if trust.chance(0.12):
        reported += trust.rng.choice((1, 1, 2, 3, 5, 9, 12)) * DAY
    elif trust.chance(0.01):
        reported = max(onset - trust.rng.randrange(1, 10) * DAY, trust.first_day)  # an operation
    reported = min(reported, trust.today)
    first = code
    if code in ("S10", "S11", "S12") and trust.chance(0.12):
        first = trust.rng.choice(("S99", "S99", "S98", "S28"))
    posts = ((1, None),) if not trust.chance(0.03) else ((1, "0.60000"), (2, "0.40000"))
    for assignment, fte in posts:
        record = trust.record(number, person_id, onset, first, assignment, fte)
        if trust.chance(0.004):
            record["reason"] = None
            send_record_without_reason(trust, record, reported)
            continue
        send_record(trust, record, length + (assignment - 1) * 4, reported, code)
    if code in ("S10", "S11", "S12") and length <= 6 and trust.chance(0.08):
        relapse(trust, number, person_id, onset + (length + trust.rng.randrange(9, 16)) * DAY, code)


def send_record_without_reason(trust, record, reported):
    send_steps(trust, record, reported, [])


def relapse(trust, number, person_id, onset, code):
    if onset <= trust.today:
        record = trust.record(number, person_id, onset, code)
        send_record(trust, record, pick_reason(trust)[1] + 3, onset, code)


def other_leave(trust):
    number, person_id = trust.person()
    onset = trust.rng.choice(trust.onset_days)
    record = trust.record(number, person_id, onset, "S12")
    record.update(category=trust.rng.choice(OTHER_CATEGORIES), reason=None,
                  expected_return=(onset + trust.rng.randrange(5, 200) * DAY).isoformat())
    trust.send("absence.opened", record, trust.morning(onset))


def person_facts(trust):
    for kind, count in (("left", 14), ("opted-out", 9), ("opted-in", 2), ("died", 1)):
        for _ in range(count):
            day = trust.rng.choice(trust.onset_days)
            on = day + (trust.rng.randrange(0, 28) * DAY if kind == "left" else 0 * DAY)
            trust.send("person." + kind, {"organisation": trust.organisation,
                                          "person_id": trust.person()[1],
                                          "on": on.isoformat()}, trust.morning(day))


def bad_lines(trust, count):
    """Good JSON that intake has to turn away, each for another reason."""
    faults = (
        ({"onset_date": "2026-02-30"}, {}), ({"reason": {"code": "S12"}}, {}),
        ({"onset_date": trust.today.isoformat(),
          "last_day": (trust.today - DAY).isoformat()}, {}),
        ({"onset_date": ...}, {}), ({"version": "1"}, {}), ({"fte": "2"}, {}),
        ({"reason": {"scheme": "icd9", "code": "724.5"}}, {}), ({"person_id": ""}, {}),
        ({}, {"specversion": "0.3"}), ({}, {"source": ""}), ({"open_ended": "no"}, {}),
        ({"contact": "07700 900123"}, {}))
    for n in range(count):
        number, person_id = trust.person()
        day = trust.rng.choice(trust.onset_days)
        record = trust.record(number, person_id, day, "S12")
        trust.wrong.add(record["absence_id"])
        data, attributes = faults[n % len(faults)]
        record.update(data)
        record = {k: v for k, v in record.items() if v is not ...}
        trust.send("absence.opened", record, trust.morning(day), **attributes)


def generate(args):
    trust = Trust(args)
    person_facts(trust)
    while len(trust.lines) + args.bad < args.events:
        if trust.chance(0.04):
            other_leave(trust)
        else:
            episode(trust)
    bad_lines(trust, args.bad)
    trust.lines.sort(key=lambda line: line[:2])
    lines = [line for line in trust.lines if args.until is None or line[0] <= args.until]
    if args.nights:
        files.write(trust, args.nights, args.until)
        lines = [line for line in lines if files.is_in_no_file(line[2])]
    with open(args.out, "w", encoding="utf-8") as out:
        for _, _, event in lines:
            out.write(json.dumps(event, separators=(",", ":")) + "\n")
    if args.sent:
        with open(args.sent, "w", encoding="utf-8") as out:
            for sent, _, _ in lines:
                out.write(sent.strftime(INSTANT) + "\n")
    return len(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", required=True, metavar="FILE")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--today", required=True, type=datetime.date.fromisoformat,
                        metavar="YYYY-MM-DD", help="the last day of the four weeks")
    parser.add_argument("--staff", type=int, default=29000)
    parser.add_argument("--events", type=int, default=10000, help="about that many lines")
    parser.add_argument("--organisation", default="RW3")
    parser.add_argument("--bad", type=int, default=10, help="lines that are wrong on purpose")
    parser.add_argument("--sent", metavar="FILE", help="an instant for each line of --out")
    parser.add_argument("--nights", metavar="FOLDER", type=Path,
                        help="write nightly files there, and to --out what they cannot carry")
    parser.add_argument("--until", metavar="INSTANT",
                        type=lambda text: datetime.datetime.strptime(text, INSTANT))
    args = parser.parse_args()
    if args.staff < 1 or args.events < 1 or args.bad < 0:
        parser.error("--staff and --events are at least 1, --bad is not negative")
    print("%d lines" % generate(args))


if __name__ == "__main__":
    main()
