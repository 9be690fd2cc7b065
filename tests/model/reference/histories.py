"""Seeded random histories: what HR systems send and clinicians enter, in the model's input format.

    histories.py --seed 7 --persons 200 [--messages-only] [--settings-out F] [--output F]

Every seed lies in one of several eras: clock changes, Easter, a leap day, the turn of the year. A history covers some
months. The same arguments give the same bytes.
"""
import argparse
import base64
import datetime as dt
import hashlib
import json
import random
import sys

import badinput
import changes
import entries
import model
from dates import DAY, UTC, format_instant

TEST_KEY = bytes(range(32)).hex()
ERAS = [dt.date(2026, 9, 7), dt.date(2026, 3, 28), dt.date(2026, 10, 22), dt.date(2026, 12, 22),
        dt.date(2028, 2, 26), dt.date(2027, 3, 24)]
ORGANISATIONS = ["RW3", "RW3", "RX1", "SC1", "SC1", "NI1", "RQ6", "RT2"]
QUIET = "ZZ9"  # an organisation with nobody ill
SOURCES = ["/hr/main", "/hr/main", "/hr/main", "/roster"]
REASONS = [("esr", code) for code in
           ["S12"] * 7 + ["S11"] * 4 + ["S10"] * 6 + ["S99"] * 4 + ["S98", "S13", "S13", "S25",
                                                                   "S17", "S30", "S28"]]
REASONS += [("esr", "S12 Other musculoskeletal problems"), ("icd10", "M54.5"), ("icd10", "M80.0"),
            ("icd10", "S12.0"), ("icd10", "F43.2"), ("snomed", "279039007"), ("snomed", "12345"),
            ("text", "musculoskeletal PROBLEMS"), ("text", "Cold"), (None, None)]


def settings_document():
    """The shipped settings with organisations that differ from one another."""
    document = model.load(None, "pathways.json")
    document["organisations"] = {
        "SC1": {"division": "scotland", "long_term_day": 29,
                "pathways": {"msk": {"contact_day_basis": "working"}}},
        "NI1": {"division": "northern-ireland",
                "pathways": {"stress": {"contact_day_basis": "working",
                                        "contact_target_days": 3}}},
        "RQ6": {"ask_reasons": True, "live_from": "2026-09-07", "off": ["fit-note.due", "review.due"],
                "join_days": 3, "link_days": 28, "follow_up_days": 7},
        "RT2": {"service_days": ["mon", "wed", "sat"], "closures": ["2026-09-12", "2026-10-26"],
                "pathways": {"msk": {"onset_is_day": 1}}},
    }
    return document


class PersonHistory:
    """The messages about one person, each with the instant at which it arrives."""

    def __init__(self, seed, number, era):
        self.rng = random.Random("%s/%d" % (seed, number))
        self.number = number
        self.era = era
        self.organisation = self.rng.choice(ORGANISATIONS)
        self.person_id = "P-%d" % number
        self.messages = []  # (arrival, event)
        self.serial = 0

    def generate(self):
        rng = self.rng
        onset = self.era + DAY * rng.randint(-60, 30)
        last = onset
        for number in range(rng.choices([1, 2, 3, 4], [5, 3, 2, 1])[0]):
            if number:
                onset = self.next_onset(onset, last)
            last = self.record(number, onset)
        if rng.random() < 0.25:
            self.person_events()
        if rng.random() < 0.3:
            self.shuffle()
        return self.messages

    def next_onset(self, onset, last):
        """Overlapping, adjoining, near the limits of joining and linking, or anywhere."""
        rng = self.rng
        return rng.choice([
            onset + DAY * rng.randint(-3, 3), last + DAY,
            last + DAY * rng.choice([2, 4, 5, 8, 9, 10]),
            last + DAY * rng.choice([29, 30, 57, 58]), onset + DAY * rng.randint(5, 60)])

    def record(self, number, onset):
        """All versions of one record; gives the last day that was meant."""
        rng = self.rng
        length = rng.choice([1, 2, 3, 4, 5, 6, 8, 9, 14, 21, 27, 28, 29, 35, 45, 95])
        last_day = onset + DAY * (length - 1)
        source = rng.choice(SOURCES)
        state = {"organisation": self.organisation, "absence_id": "A-%d-%d" % (self.number, number),
                 "person_id": self.person_id,
                 "category": rng.choice(["sickness", "08", "Sickness"]),
                 "onset_date": onset, "assignment_id": rng.choice([None, "1", "1", "2"]),
                 "reason": self.reason()}
        if rng.random() < 0.5:
            state["contact"] = self.contact(number)
        version = rng.choice([1, 1, 1, 5])
        delay = rng.choice([0, 0, 0, 0, 1, 1, 2, 3, 6, 12, -3])
        arrival = self.instant(onset + DAY * delay)
        self.send(arrival, "opened", version, state, source)
        for _ in range(rng.choices([0, 1, 2, 3, 4], [3, 4, 3, 2, 1])[0]):
            version += rng.choice([1, 1, 1, 3])
            arrival += dt.timedelta(hours=rng.choice([1, 5, 20, 24, 49, 100, 170]))
            kind = self.amend(state, onset, last_day)
            self.send(arrival, kind, version, state, source)
        if rng.random() < 0.6:
            arrival = max(arrival, self.instant(last_day + DAY * rng.choice([-2, 0, 1, 1, 3, 8])))
            state.update(last_day=last_day, open_ended=False)
            self.send(arrival, "closed", version + 1, state, source)
        return last_day

    def amend(self, state, onset, last_day):
        rng = self.rng
        choice = rng.randrange(15)
        if choice == 0:
            state["onset_date"] = onset - DAY * rng.choice([1, 3, 5, 10])
        elif choice == 1:
            state["onset_date"] = min(onset + DAY * rng.choice([1, 3, 20]),
                                      state.get("last_day") or dt.date(2100, 1, 1))
        elif choice in (2, 3, 4):
            state["reason"] = self.reason()
        elif choice == 5:
            state["expected_return"] = last_day + DAY * rng.randint(-5, 5)
        elif choice == 6:
            state["last_day"] = max(state["onset_date"], last_day - DAY * rng.choice([0, 1, 4]))
            state["open_ended"] = rng.random() < 0.4
        elif choice == 7:
            state["last_day"] = None
        elif choice == 8:
            state["fte"] = rng.choice(["0.60000", "0.5", 1, 0.8])
        elif choice == 9:
            start = onset + DAY * 7
            state["fit_note"] = {"from": start, "to": start + DAY * rng.choice([7, 14, 28])}
        elif choice == 10:
            state["phased_return_from"] = last_day + DAY * rng.choice([-10, -3, 1, 1, 4])
        elif choice == 11:
            return "cancelled"
        elif choice == 12 and rng.random() < 0.3:
            state["person_id"] = "P-%d" % (self.number + 1)
        elif choice == 13:
            state["contact"] = self.contact(rng.randrange(9))
        else:
            state["person_id"] = self.person_id
        return "amended"

    def reason(self):
        scheme, code = self.rng.choice(REASONS)
        return {"scheme": scheme, "code": code} if scheme else None

    def contact(self, number):
        return {"name": "Test Person %d" % self.number, "voicemail": self.rng.random() < 0.5,
                "phone": "07700 900%03d" % ((self.number * 7 + number) % 1000),
                "language": self.rng.choice(["en", "cy", None])}

    def instant(self, day):
        hour = self.rng.choice([0, 6, 8, 9, 12, 15, 22, 23])
        return dt.datetime(day.year, day.month, day.day, hour, self.rng.randrange(60),
                           self.rng.randrange(60), tzinfo=UTC)

    def send(self, arrival, kind, version, state, source):
        data = {name: value.isoformat() if isinstance(value, dt.date) else value
                for name, value in {**state, "version": version}.items()}
        if isinstance(data.get("fit_note"), dict):
            data["fit_note"] = {k: v.isoformat() for k, v in data["fit_note"].items()}
        self.post(arrival, "absence." + kind, data, source)
        while self.rng.random() < 0.12:  # again, perhaps as another type of the same version
            again = kind if kind == "cancelled" else self.rng.choice([kind] * 5 + ["amended"] * 4 +
                                                                     ["cancelled"])
            self.post(arrival + dt.timedelta(hours=self.rng.choice([0, 1, 30, 400])),
                      "absence." + again, data, source)

    def post(self, arrival, kind, data, source, **attributes):
        self.serial += 1
        event = {"specversion": "1.0", "id": "e-%d-%d" % (self.number, self.serial),
                 "source": source, "type": "org.dayfour." + kind + ".v1", "data": data}
        self.messages.append((arrival, {**event, **attributes}))

    def person_events(self):
        """Left, died, opted out and in; the latest time need not come last."""
        rng = self.rng
        kinds = rng.choice([["left"], ["left", "left"], ["died"], ["died", "died"],
                            ["opted-out"], ["opted-out", "opted-in"],
                            ["opted-in", "opted-out", "opted-out"], ["opted-out", "left"]])
        for kind in kinds:
            on = self.era + DAY * rng.randint(-70, 70)
            arrival = self.instant(on + DAY * rng.choice([-10, -1, 0, 1, 5, 20]))
            time = arrival - dt.timedelta(hours=rng.choice([0, 0, 30, 300]))
            taken_back = kind in ("left", "died") and rng.random() < 0.15
            data = {"organisation": self.organisation, "person_id": self.person_id,
                    "on": None if taken_back else on.isoformat()}
            self.post(arrival, "person." + kind, data, "/hr/main", time=format_instant(time))

    def shuffle(self):
        """The same messages at the same instants, in another order."""
        times = [arrival for arrival, _ in self.messages]
        events = [event for _, event in self.messages]
        self.rng.shuffle(events)
        self.messages = list(zip(times, events))


SENDERS = [("RW3", "/hr/main", 1.0), ("SC1", "/hr/main", 0.9), ("SC1", "/roster", 0.6),
           (QUIET, "/hr/main", 0.5), (QUIET, "/hr/other", 0.1)]  # and on how many days


def heartbeats(seed, start, days):
    """Sources say how fresh their data is: (arrival, event).

    Nobody else speaks for QUIET, so its silences hang on these alone. A few are sent twice, are about older data than
    an earlier one, or are spoiled.
    """
    rng = random.Random("heartbeats/%s" % seed)
    found = []
    for number in range(days):
        for organisation, source, share in SENDERS:
            if rng.random() < share:
                arrival = dt.datetime(*(start + DAY * number).timetuple()[:3], rng.choice([4, 6, 7, 13]),
                                      rng.randrange(60), tzinfo=UTC)
                beat = heartbeat(rng, arrival, organisation, source, "b-%d" % len(found))
                found += [(arrival, beat)] * rng.choice([1] * 9 + [2])
    return found


def heartbeat(rng, arrival, organisation, source, name):
    as_of = format_instant(arrival - dt.timedelta(hours=rng.choice([0, 1, 2, 2, 26, 80])))
    data = {"organisation": organisation, "as_of": as_of,
            **{count: rng.randrange(60000) for count in ("records", "sent", "rejected") if rng.random() < 0.7}}
    if rng.random() < 0.05:
        data.update(rng.choice([{"as_of": "this morning"}, {"as_of": None}, {"records": -1}, {"sent": "12"}]))
    return {"specversion": "1.0", "id": name, "source": source, "type": "org.dayfour.feed.heartbeat.v1", "data": data}


def message_line(rng, arrival, event, value=None):
    """Gives one input line; some are in binary mode."""
    data = event["data"]
    identity = "%s\x1f%s" % (data.get("organisation"), data.get("person_id"))
    key = hashlib.sha256(identity.encode()).hexdigest()[:32]
    line = {"at": format_instant(arrival), "partition": int(key[:4], 16) % 4, "offset": 0,
            "headers": [["content-type", "application/cloudevents+json"]],
            "key_b64": base64.b64encode(key.encode()).decode()}
    if value is None and rng.random() < 0.2:
        line["headers"] = [["content-type", "application/json"]] + [
            ["ce_" + name, text] for name, text in event.items() if name != "data"]
        line["value"] = json.dumps(data)
    else:
        line["value_b64"] = base64.b64encode(
            json.dumps(event).encode() if value is None else value).decode()
    return line


def messages(seed, persons, bad_share=0.02, late_share=0):
    """All messages in the order of arrival, with positions."""
    rng = random.Random("messages/%s" % seed)
    late = random.Random("late/%s" % seed)
    era = ERAS[int(seed) % len(ERAS)]
    found = []
    for number in range(persons):
        history = PersonHistory(seed, number, era).generate()
        for arrival, event in history + changes.late_messages(late, history, late_share):
            found.append((arrival, len(found), message_line(rng, arrival, event)))
            if rng.random() < bad_share:
                good = json.loads(json.dumps(event))
                if "version" not in good["data"]:
                    continue
                _, value = badinput.spoiled(rng, good)
                line = message_line(rng, arrival, good, value or b"")
                if value is None:
                    line["value_b64"] = None
                found.append((arrival, len(found), line))
    lines = [line for _, _, line in sorted(found, key=lambda item: item[:2])]
    offsets = {}
    for line in lines:
        line["offset"] = offsets.get(line["partition"], 0)
        offsets[line["partition"]] = line["offset"] + 1
    return lines


def history(seed, persons, messages_only=False, install_key=TEST_KEY, bad_share=0.02,
            late_share=0, loads=False):
    """late_share: of the records that are corrected months after; loads: settings and calendars too."""
    lines = messages(seed, persons, bad_share, late_share)
    document, calendar = settings_document(), model.load(None, "bank-holidays.json")
    if loads:
        rng = random.Random("loads/%s" % seed)
        lines = changes.between(
            lines, changes.loads(rng, document, calendar, *changes.span(lines)))
    if messages_only:
        return lines
    world = model.new_world(document, calendar, bytes.fromhex(install_key))
    return entries.interleave(random.Random("entries/%s" % seed), world, lines)


def main(argv=None):
    parser = argparse.ArgumentParser(description="Random histories for the reference model")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--persons", type=int, default=200)
    parser.add_argument("--messages-only", action="store_true", help="no clinicians' entries")
    parser.add_argument("--bad-share", type=float, default=0.02)
    parser.add_argument("--late-share", type=float, default=0,
                        help="of records that are corrected months after")
    parser.add_argument("--loads", action="store_true", help="settings and calendars loaded, too")
    parser.add_argument("--install-key", default=TEST_KEY, help="for the ids of tasks in entries")
    parser.add_argument("--settings-out", help="write the settings these histories are meant for")
    parser.add_argument("--output", help="default: standard output")
    args = parser.parse_args(argv)
    if args.settings_out:
        with open(args.settings_out, "w", encoding="utf-8") as stream:
            json.dump(settings_document(), stream, indent=2)
    stream = open(args.output, "w", encoding="utf-8") if args.output else sys.stdout
    for line in history(args.seed, args.persons, args.messages_only, args.install_key,
                        args.bad_share, args.late_share, args.loads):
        stream.write(json.dumps(line, separators=(",", ":")) + "\n")
    stream.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
