#!/usr/bin/env python3
"""Writes a fixed set of 2,000 Kafka records for end-to-end tests, one JSON object a line.

    python3 tests/data/gen_fixed.py --out FILE      write it
    python3 tests/data/gen_fixed.py --check         compare it with fixed-2000.sha256

    {"partition_hint":3,"headers":[["ce_id","…"],…],"key_b64":"…","value_b64":"…"}

Few people with many records each, so that periods and spells chain, merge and part; in two
organisations that share person ids. Versions come in any order and often twice, records move to
other people, people leave, die, opt out and in. Fifty records are bad: they are taken from the
corpus in messages/, so each has its expected reason there. No two messages say different things
under one version of one record (a cancellation apart), so any order must end in the same state.
Onsets lie from May to October 2026; a test sets its clock.
"""
import argparse
import base64
import datetime
import hashlib
import json
import os
import random
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
DAY = datetime.timedelta(days=1)
FIRST_ONSET = datetime.date(2026, 5, 4)
PARTITIONS = 8
ORGANISATIONS = ("RW3", "RW3", "RW3", "SC1")
# matched, matched otherwise, watched, never, of no pathway, of no token
REASONS = (
    [{"scheme": "esr", "code": c} for c in
     ("S11", "S12", "S12", "S12 Other musculoskeletal problems", "s11", "S10", "S10", "S98", "S99",
      "S17", "S30", "S32", "S13", "S25", "S28", "sore throat")]
    + [{"scheme": "icd10", "code": c} for c in
       ("M54.5", "m545", "M80.0", "F43.2", "Z730", "Z73.1", "S12.0", "S10.9", "J06")]
    + [{"scheme": "snomed", "code": c} for c in ("279039007", "73595000", "195967001")]
    + [{"scheme": "text", "code": c} for c in
       ("musculoskeletal PROBLEMS", "Stress", "Mental ill health", "Stress at home")]
    + [None, None, {}, {"scheme": "esr"}, {"scheme": "esr", "code": None}])
# how many bad records of each reason
BAD = (("no_value", 3), ("too_large", 1), ("not_utf8", 7), ("not_json", 8), ("too_deep", 3),
       ("duplicate_key", 5), ("bad_field", 7), ("not_cloudevent", 5), ("unknown_type", 2),
       ("unknown_category", 1), ("missing_field", 5),
       ("missing_scheme", 1), ("last_day_before_onset", 2))


class Set:
    def __init__(self, seed):
        self.rng = random.Random("fixed/%d" % seed)
        self.records = []  # (place, record)
        self.clock = 0.0
        self.ids = 0

    def chance(self, share):
        return self.rng.random() < share

    def add(self, key, headers, value, place=None):
        hint = zlib.crc32(key or b"") % PARTITIONS
        self.records.append((self.clock if place is None else place, {
            "partition_hint": hint, "headers": headers,
            "key_b64": None if key is None else base64.b64encode(key).decode(),
            "value_b64": None if value is None else base64.b64encode(value).decode()}))

    def event(self, kind, data, source, time):
        """One message, structured or binary, displaced by up to some hundreds; at times twice."""
        self.ids += 1
        attributes = {"specversion": "1.0", "id": "m-%05d" % self.ids, "source": source,
                      "type": kind}
        if time is not None:
            attributes["time"] = time
        key = person_key(data.get("organisation", ""), data.get("person_id", ""))
        if self.chance(0.35):
            headers = [["ce_" + k, v] for k, v in attributes.items()]
            headers.append(["content-type", "application/json"])
            self.rng.shuffle(headers)
            value = data
        else:
            headers = [["content-type", "application/cloudevents+json"]]
            value = {**attributes, "datacontenttype": "application/json", "data": data}
        text = json.dumps(value, ensure_ascii=self.chance(0.5), separators=(",", ":"))
        self.clock += 1
        spread = self.rng.choice((0, 0, 3, 40, 400))
        self.add(key, headers, text.encode("utf-8"), self.clock + self.rng.uniform(-spread, spread))
        if self.chance(0.09):
            self.add(key, headers, text.encode("utf-8"),
                     self.clock + self.rng.choice((0.5, 5, 700)))


def person_key(organisation, person_id):
    text = organisation + "\x1f" + person_id
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32].encode("ascii")


def iso(day):
    return None if day is None else day.isoformat()


def new_record(s, number, organisation, person_id, onset):
    rng = s.rng
    length = max(1, min(150, round(rng.lognormvariate(0, 1.1) * 8)))
    return {"organisation": organisation, "absence_id": "A-%04d" % number, "person_id": person_id,
            "assignment_id": "%s-%d" % (person_id, rng.choice((1, 1, 1, 2))),
            "category": rng.choice(("sickness", "sickness", "08", "Sickness")),
            "onset": onset, "last_day": onset + (length - 1) * DAY if s.chance(0.35) else None,
            "length": length, "open_ended": None, "expected_return": None,
            "reason": rng.choice(REASONS), "fte": rng.choice((None, "1.00000", "0.60000", 0.4)),
            "contact": contact(s, person_id), "fit_note": None, "phased_return_from": None}


def contact(s, person_id):
    if s.chance(0.15):
        return None
    number = int(person_id[2:])
    return {"name": "Test Person %s \u2013 \u00c5" % number, "phone": "07700 900%03d" % number,
            "email": None, "language": s.rng.choice(("en", "cy", None)),
            "voicemail": s.rng.choice((True, False, None))}


def render(record, version):
    data = {k: v for k, v in record.items() if k not in ("onset", "length")}
    data.update(version=version, onset_date=iso(record["onset"]), last_day=iso(record["last_day"]))
    for member in ("expected_return", "phased_return_from"):
        data[member] = iso(record[member])
    return data


def amend(s, record, people):
    """Changes one thing about a record, as its HR system might."""
    rng = s.rng
    r = dict(record)
    usual = r["onset"] + (r["length"] - 1) * DAY
    change = rng.choice(("reason", "reason", "close", "close", "close", "reopen", "onset",
                         "expected", "open_ended", "fit_note", "phased", "contact", "move"))
    if change == "reason":
        r["reason"] = rng.choice(REASONS)
    elif change == "close":
        r["last_day"], r["open_ended"] = usual + rng.choice((-1, 0, 0, 0, 1, 5)) * DAY, False
    elif change == "reopen":
        r["last_day"] = None
    elif change == "onset":
        r["onset"] += rng.choice((-20, -3, -1, 1, 2, 9)) * DAY
    elif change == "expected":
        r["expected_return"] = rng.choice((None, usual + DAY, usual + 6 * DAY))
    elif change == "open_ended":
        r["last_day"], r["open_ended"] = usual + 3 * DAY, True
    elif change == "fit_note":
        r["fit_note"] = {"from": iso(r["onset"] + 7 * DAY), "to": iso(usual + 7 * DAY)}
    elif change == "phased":
        r["phased_return_from"] = rng.choice((None, usual + DAY, usual - 2 * DAY))
    elif change == "contact":
        r["contact"] = contact(s, r["person_id"])
    elif s.chance(0.3):
        r["person_id"] = rng.choice(people)
    if r["last_day"] is not None and r["last_day"] < r["onset"]:
        r["last_day"] = r["onset"]
    return r, change


def send_history(s, number, organisation, people, onsets):
    """One record from its first version to its last."""
    person_id = s.rng.choice(people)
    # near an earlier absence of the same person, so that they touch, nearly touch, or relapse
    near = onsets.get((organisation, person_id))
    onset = FIRST_ONSET + s.rng.randrange(165) * DAY
    if near and s.chance(0.6):
        onset = near + s.rng.choice((0, 1, 3, 8, 9, 20, 57, 64)) * DAY
    record = new_record(s, number, organisation, person_id, onset)
    onsets[(organisation, person_id)] = record["last_day"] or onset
    source = "/hr/%s%s" % (organisation, s.rng.choice(("", "", "/bank")))
    kind, version = "opened", s.rng.choice((1, 1, 1, 7))
    for _ in range(s.rng.choice((1, 1, 2, 2, 3, 4, 5, 7))):
        time = "2026-%02d-%02dT%02d:00:00Z" % (onset.month, onset.day, s.rng.randrange(24))
        s.event("org.dayfour.absence.%s.v1" % kind, render(record, version), source,
                time if s.chance(0.9) else None)
        if s.chance(0.06):  # cancelled under the same version wins, under the next one too
            version += s.rng.choice((0, 1))
            s.event("org.dayfour.absence.cancelled.v1", render(record, version), source, time)
        version += s.rng.choice((1, 1, 1, 2, 1000))
        record, change = amend(s, record, people)
        kind = "closed" if change == "close" else "amended"


def send_person_fact(s, organisation, people):
    kind = s.rng.choice(("left", "left", "died", "opted-out", "opted-out", "opted-in"))
    on = iso(FIRST_ONSET + s.rng.randrange(180) * DAY)
    if kind in ("left", "died") and s.chance(0.3):
        on = None
    time = "2026-%02d-%02dT12:%02d:%02d%s" % (
        s.rng.randrange(5, 11), s.rng.randrange(1, 29), s.rng.randrange(60), s.rng.randrange(60),
        s.rng.choice(("Z", "Z", ".250Z", "+01:00")))
    s.event("org.dayfour.person.%s.v1" % kind,
            {"organisation": organisation, "person_id": s.rng.choice(people), "on": on},
            "/hr/" + organisation, time)


def send_ignored(s, number, organisation, people):
    onset = FIRST_ONSET + s.rng.randrange(165) * DAY
    data = render(new_record(s, number, organisation, s.rng.choice(people), onset), 1)
    kind = "org.dayfour.absence.opened.v1"
    if s.chance(0.5):
        data["category"] = s.rng.choice(("maternity", "15", "annual leave"))
    else:
        kind = s.rng.choice(("org.example.rota.published.v1", "org.example.rota.changed.v1"))
    s.event(kind, data, "/hr/" + organisation, None)


def add_bad(s, total):
    folder = os.path.join(HERE, "messages")
    with open(os.path.join(folder, "manifest.json"), encoding="ascii") as f:
        manifest = [m for m in json.load(f) if m["verdict"] == "reject" and "settings" not in m]
    for reason, count in BAD:
        candidates = [m for m in manifest if m["reason"] == reason]
        for m in s.rng.sample(candidates, count):
            key = s.rng.choice((None, b"", b"P-77", b"\xff\x00\xfe", person_key("RW3", "P-077")))
            s.add(key, m["headers"], corpus_value(folder, m), s.rng.uniform(0, total))


def corpus_value(folder, m):
    if m["file"] is None:
        return None
    with open(os.path.join(folder, m["file"]), "rb") as f:
        value = f.read()
    if "pad_to" in m:
        value = value[:1] + b" " * (m["pad_to"] - len(value)) + value[1:]
    return value


def generate(seed, total):
    s = Set(seed)
    people = {o: ["P-%03d" % n for n in range(1, 91 if o == "RW3" else 31)] for o in ORGANISATIONS}
    onsets = {}
    number = 0
    bad = sum(count for _, count in BAD)
    while len(s.records) < total - bad:
        number += 1
        organisation = s.rng.choice(ORGANISATIONS)
        draw = s.rng.random()
        if draw < 0.07:
            send_person_fact(s, organisation, people[organisation])
        elif draw < 0.15:
            send_ignored(s, number, organisation, people[organisation])
        else:
            send_history(s, number, organisation, people[organisation], onsets)
    del s.records[total - bad:]
    add_bad(s, s.clock)
    s.records.sort(key=lambda placed: placed[0])
    return "".join(json.dumps(r, separators=(",", ":")) + "\n" for _, r in s.records)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--out", metavar="FILE")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another set")
    parser.add_argument("--records", type=int, default=2000)
    args = parser.parse_args()
    if not args.out and not args.check:
        parser.error("--out FILE or --check")
    if args.records < 100:
        parser.error("--records is at least 100")
    text = generate(args.seed, args.records).encode("ascii")
    if args.out:
        with open(args.out, "wb") as f:
            f.write(text)
    if args.check:
        with open(os.path.join(HERE, "fixed-2000.sha256"), encoding="ascii") as f:
            expected = f.read().split()[0]
        if hashlib.sha256(text).hexdigest() != expected:
            print("not the set that was agreed on: the generator or the corpus has changed")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
