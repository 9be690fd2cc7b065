#!/usr/bin/env python3
"""e2e.pairs: a reader of return-to-work.events alone cannot find out whose absence is of a pathway.

What that reader sees of the topic is all a broker gives who may read it: records with their keys,
values, headers, timestamps and offsets, what is not committed included, and so by gaps in the offsets
where a transaction ends. It is looked at after each step of the clock.

    pairs   people who differ in the code alone, two by two, beside each other
    worlds  the same people and messages with nobody, everybody and every second one of a pathway:
            the topic is the same, offset by offset

The database holds each person's next prompt, and oh.told_hr() shows it as HR's own: it is compared in the same way.
"""
import functools
import json
import signal
import subprocess
import sys

import harness
import years
from followup_stage import FollowupStage
from harness import decode, expect

ORGANISATION = "RW3"
STEPS = ["2026-09-07T08:00:00Z",  # Monday, 09:00 local
         "2026-09-08T10:00:00Z", "2026-09-10T08:00:00Z", "2026-09-11T23:00:00Z",
         "2026-09-14T08:00:00Z", "2026-09-15T12:00:00Z",
         "2026-09-21T08:00:00Z",  # from here on many days at once, as after an outage
         "2026-10-05T08:00:00Z", "2026-10-12T09:30:00Z", "2026-11-02T09:00:00Z",
         "2026-11-30T09:00:00Z"]
AFTER = "2027-06-01T09:00:00Z"  # all is settled, and may be purged

# A code of a pathway, watched or never to be matched, and one that is none of that. Whether HR gave a reason is HR's
# own knowledge, so that both of a pair did, or neither: 3 and 6.
CODES = [(("esr", "S12"), ("esr", "S13")), (("esr", "S10"), ("esr", "S25")),
         (("icd10", "M54.5"), ("icd10", "J45")), (("esr", "S99"), ("text", "not known")),
         (("snomed", "279039007"), ("snomed", "12345")), (("esr", "S17"), ("esr", "S15")),
         (None, ("text", "not known")), (("esr", "S98"), ("esr", "S13"))]
# Where HR is not asked for reasons, a reason that is not known is like any other, and like none.
UNASKED = [(("esr", "S12"), ("esr", "S99")), (("esr", "S10"), ("esr", "S99")), (("icd10", "M54.5"), None),
           (("esr", "S99"), ("esr", "S13")), (("esr", "S98"), None), (("esr", "S12"), None),
           (("esr", "S17"), ("esr", "S99")), (None, ("esr", "S25"))]

# ---- what happens to somebody: (step, type, members that change) ----
# "onset" and the like are short for the members of the record; "code": 1 is another code of the same
# side, "other" a code of the other side.

STORIES = {
    "stays off": [(0, "opened", {})],
    "one day": [(0, "opened", {}), (1, "closed", {"last_day": "2026-09-07"})],
    "expected": [(0, "opened", {"expected_return": "2026-09-16"})],
    "expected later": [(0, "opened", {"expected_return": "2026-09-16"}),
                       (3, "amended", {"expected_return": "2026-09-24"})],
    "fit note": [(0, "opened", {"fit_note": {"from": "2026-09-14", "to": "2026-09-28"}})],
    "phased": [(0, "opened", {"phased_return_from": "2026-09-14"}),
               (4, "closed", {"last_day": "2026-09-13"})],
    "reported late": [(1, "opened", {"onset_date": "2026-08-20"})],
    "reported very late": [(2, "opened", {"onset_date": "2026-07-01"})],
    "told when over": [(4, "closed", {"onset_date": "2026-09-08", "last_day": "2026-09-10"})],
    "backdated": [(0, "opened", {}), (2, "amended", {"onset_date": "2026-09-01"})],
    "back earlier": [(0, "opened", {}), (4, "closed", {"last_day": "2026-09-13"}),
                     (5, "amended", {"last_day": "2026-09-10"})],
    "not back": [(0, "opened", {}), (2, "closed", {"last_day": "2026-09-09"}),
                 (4, "amended", {"last_day": None})],
    "reinstated": [(0, "opened", {}), (3, "cancelled", {}), (4, "amended", {})],
    "cancelled": [(0, "opened", {}), (5, "cancelled", {})],
    "left": [(0, "opened", {}), (4, "left", {})],
    "died": [(0, "opened", {}), (4, "died", {})],
    "opted out": [(0, "opened", {}), (2, "opted-out", {})],
    "again": [(0, "opened", {}), (2, "closed", {"last_day": "2026-09-09"}),
              (7, "opened", {"absence": "second", "onset_date": "2026-10-05"})],
    "two posts": [(0, "opened", {"assignment_id": "1"}),
                  (0, "opened", {"assignment_id": "2", "absence": "second"}),
                  (4, "closed", {"assignment_id": "1", "last_day": "2026-09-13"}),
                  (6, "closed", {"assignment_id": "2", "absence": "second",
                                 "last_day": "2026-09-20"})],
    "another code": [(0, "opened", {}), (2, "amended", {"code": 1})],
    "no reason at first": [(0, "opened", {"code": 3}), (2, "amended", {})],
    "no reason any more": [(0, "opened", {}), (2, "amended", {"code": 3})],
    "no reason beside one": [(0, "opened", {"assignment_id": "1"}),
                             (0, "opened", {"assignment_id": "2", "absence": "second", "code": 3}),
                             (3, "amended", {"assignment_id": "2", "absence": "second"})],
    "a reason beside none": [(0, "opened", {"assignment_id": "1", "code": 3}),
                             (1, "opened", {"assignment_id": "2", "absence": "second"}),
                             (4, "closed", {"assignment_id": "2", "absence": "second", "last_day": "2026-09-12"})],
    "code of the other side": [(0, "opened", {}), (3, "amended", {"code": "other"})],
    "code found late": [(0, "opened", {"code": "other"}), (3, "amended", {})],
}
DATES = {"left": "2026-09-12", "died": "2026-09-12", "opted-out": "2026-09-10"}
RESENT = {8: 0, 9: 1}  # on these steps HR sends all its records again, with so much higher versions


class Person:
    def __init__(self, name, story, code, matched, codes=CODES):
        self.name = name
        self.codes = codes
        self.story = STORIES[story]
        self.code = code
        self.matched = matched
        self.records = {}
        self.serial = 0

    def reason(self, code):
        side = self.matched if code != "other" else not self.matched
        pair = self.codes[(self.code + (code if code != "other" else 0)) % len(self.codes)]
        found = pair[0 if side else 1]
        return None if found is None else {"scheme": found[0], "code": found[1]}

    def messages(self, step):
        lines = [self.message(kind, dict(change), STEPS[step])
                 for at, kind, change in self.story if at == step]
        if step in RESENT:
            lines += self.again(RESENT[step], STEPS[step])
        return lines

    def again(self, higher, now):
        return [self.line(kind, {**data, "version": data["version"] + higher}, now)
                for kind, data in self.records.values()]

    def message(self, kind, change, now):
        if kind in DATES:
            return self.line(kind, {"organisation": ORGANISATION, "person_id": self.name,
                                    "on": DATES[kind]}, now, "person")
        absence = self.name + "/" + change.pop("absence", "first")
        reason = self.reason(change.pop("code", 0))
        _, data = self.records.get(absence, (None, {
            "organisation": ORGANISATION, "absence_id": absence, "version": 0,
            "person_id": self.name, "category": "sickness", "onset_date": "2026-09-07"}))
        data = {**data, **change, "reason": reason, "version": data["version"] + 1}
        self.records[absence] = (kind, data)
        return self.line(kind, data, now)

    def line(self, kind, data, now, what="absence"):
        self.serial += 1
        event = {"specversion": "1.0", "id": "e-%s-%d" % (self.name, self.serial),
                 "source": "/hr/RW3", "type": "org.dayfour.%s.%s.v1" % (what, kind), "time": now,
                 "data": data}
        return {"partition": 0, "key_b64": None, "headers": [], "value": json.dumps(event)}


# ---- what the reader sees ----

def look(stage):
    """(records in the order of their offsets, where each partition ends)."""
    done = subprocess.run(
        [stage.around.bin / "e2e_topic", "look", stage.around.brokers, stage.out["return-to-work"]],
        capture_output=True, text=True, timeout=60, check=False)
    expect(done.returncode == 0, "look: %s" % done.stderr)
    records, ends = [], {}
    for line in done.stdout.splitlines():
        word, partition, offset, *rest = line.split(" ")
        if word == "end":
            ends[int(partition)] = int(offset)
            continue
        stamp, key, value, *headers = rest
        records.append({
            "partition": int(partition), "offset": int(offset), "stamp": int(stamp),
            "key": decode(key), "value": decode(value),
            "headers": [(decode(n).decode(), decode(v)) for n, v in zip(headers[::2], headers[1::2])]})
    records.sort(key=lambda r: (r["partition"], r["offset"]))
    return records, ends


def header(record, name):
    return dict(record["headers"]).get(name, b"").decode()


def transactions(records):
    """{(partition, offset): the transaction it came with}, by the gaps that ends of transactions leave."""
    found, number, last = {}, 0, None
    for record in records:
        if last is not None and (record["partition"], record["offset"] - 1) != last:
            number += 1
        last = (record["partition"], record["offset"])
        found[last] = number
    return found


def view(records, gaps):
    """{person: what there is of theirs, without what names them}."""
    seen = {}
    for record in records:
        data = json.loads(record["value"])
        name = data["person_id"]
        plain = {k: v for k, v in data.items() if k not in ("person_id", "absence_ids")}
        seen.setdefault(name, []).append({
            "data": {**plain, "withdraws": plain.get("withdraws", "/").split("/", 1)[1]},
            "absences": [a.split("/", 1)[1] for a in data["absence_ids"]],
            "size": len(record["value"]), "key": len(record["key"]),
            "headers": [(n, len(v), v if n in ("ce_type", "ce_time", "ce_source", "content-type",
                                               "ce_specversion") else None)
                        for n, v in record["headers"]],
            "batch": header(record, "dayfour-batch"),
            "transaction": gaps[record["partition"], record["offset"]]})
    return seen


def check_form(records, gaps):
    """The order by transactions: each is one batch, in the order of people."""
    batches = {}
    for record in records:
        place = record["partition"], record["offset"]
        name = json.loads(record["value"])["person_id"]
        batches.setdefault(gaps[place], []).append(
            (header(record, "dayfour-batch"), name, record["stamp"]))
    for rows in batches.values():
        expect(len({batch for batch, _, _ in rows}) == 1, "a transaction of several batches")
        names = [name for _, name, _ in rows]
        expect(names == sorted(names), "people are not in order: %s" % names[:20])
        stamps = [stamp for _, _, stamp in rows]
        expect(stamps == sorted(stamps), "timestamps are not in the order of offsets")


# ---- the stage ----

class Play:
    def __init__(self, stage, people, **settings):
        self.stage = stage
        self.people = people
        self.intake = stage.start_intake(batch__max_rows="1000", batch__linger_ms="200")
        self.followup = stage.start_followup(**settings)
        self.nurse = stage.new_clinician("nurse", [ORGANISATION],
                                         ("physiotherapy", "mental-health"))

    def step(self, number):
        """Followup sees the step as a whole; then clinicians do something about the tasks there are."""
        self.send(STEPS[number], [line for p in self.people for line in p.messages(number)])
        for which, call in (
                ("2", "oh.record_attempt(task_id, 'no_answer')"),
                ("3", "oh.record_contact(task_id, 'self_management_advice')"),
                ("4", "oh.record_attempt(task_id, 'call_back', call_back_at => oh.now() + interval '1 day')"),
                ("5", "oh.record_contact(task_id, 'urgent_care_advised')")):
            self.stage.as_login("nurse", "select %s from oh.task where state = 'open'"
                                " and onset_date <= oh.now()::date and person_id ~ '%s.$'" % (
                                    call, which))
        self.stage.wait_idle(60)
        self.stage.as_login("nurse", "select oh.acknowledge(task_id) from oh.task where red_flag_open")
        self.stage.wait_idle(60)

    def send(self, now, lines):
        self.stage.wait_idle(60)
        self.followup.signal(signal.SIGSTOP)
        try:
            self.stage.step_clock(now)
            if lines:
                self.stage.wait_taken(self.stage.publish(lines))
        finally:
            self.followup.signal(signal.SIGCONT)
        self.stage.wait_idle(60)


def asking():
    """The shipped settings, but that HR is asked for reasons."""
    document = json.loads((harness.ROOT / "deploy/settings/pathways.json").read_text())
    document["defaults"]["ask_reasons"] = True
    document["unknown_reasons"].append({"scheme": "text", "match": ["not known"]})
    return document


def stage_for(around, settings=None):
    return FollowupStage(around, 1, settings or asking(), now=STEPS[0], return_to_work="1")


# ---- two by two ----

def couples(codes=CODES):
    """Every story with every pair of codes that it may differ by; who of the two comes first varies."""
    people, pairs = [], []
    for number, story in enumerate(STORIES):
        for turn, code in enumerate((number % len(codes), (number + 3) % len(codes), 0)):
            stem = "P-%02d%d" % (number, turn)
            first = (number + turn) % 2 == 0
            people += [Person(stem + "a", story, code, first, codes), Person(stem + "b", story, code, not first, codes)]
            pairs.append((stem + "a", stem + "b", "%s, %s" % (story, codes[code])))
    return people, pairs


def planned(stage):
    """{person: ["kind day" of each period's next prompt, in order]}."""
    return {row["person_id"]: sorted(part.split(" ", 1)[1] for part in row["next_prompts"].split(";"))
            for row in stage.rows("select person_id, next_prompts from fact.person where next_prompts is not null")}


def compare_pairs(stage, pairs, when):
    ahead = planned(stage)
    for one, other, what in pairs:
        expect(ahead.get(one) == ahead.get(other), "%s, %s: HR next: %s, but %s" % (
            when, what, ahead.get(one), ahead.get(other)))
    records, _ = look(stage)
    gaps = transactions(records)
    check_form(records, gaps)
    seen = view(records, gaps)
    for one, other, what in pairs:
        mine, theirs = seen.get(one, []), seen.get(other, [])
        expect(len(mine) == len(theirs), "%s, %s: %d and %d records: %s" % (
            when, what, len(mine), len(theirs), [r["data"]["kind"] for r in mine + theirs]))
        for a, b in zip(mine, theirs):
            differing = [k for k in a if a[k] != b[k]]
            expect(not differing, "%s, %s: %s differs: %s" % (
                when, what, differing, [(a[k], b[k]) for k in differing]))
    return len(records)


def play_through(stage, people, pairs):
    """Gives the play, and how many records there were in the end."""
    play, ahead = Play(stage, people), 0
    for number, now in enumerate(STEPS):
        play.step(number)
        count = compare_pairs(stage, pairs, now)
        ahead += sum(one in planned(stage) for one, _, _ in pairs)
    expect(ahead > 3 * len(pairs), "a prompt was ahead %d times" % ahead)
    print("  %d pairs, %d steps, %d records, %d times a prompt ahead" % (len(pairs), len(STEPS), count, ahead))
    return play, count


def side_by_side(around):
    people, pairs = couples()
    with stage_for(around) as stage:
        play, count = play_through(stage, people, pairs)
        records, _ = look(stage)
        kinds = [json.loads(r["value"])["kind"] for r in records]
        expect(kinds.count("absence-reason.due") > 20, "HR was asked %d times" % kinds.count("absence-reason.due"))
        tasks = int(stage.sql("select count(*) from casework.spell"))
        entries = int(stage.sql("select count(*) from fact.contact"))
        expect(count > 1.5 * len(people) and tasks > len(pairs) // 3 and entries > 20,
               "too little happened: %d records, %d tasks, %d entries" % (count, tasks, entries))
        resend(play, AFTER)
        compare_pairs(stage, pairs, "long after")


def not_asked(around):
    """As shipped, HR is not asked for reasons: S12 beside S99, and either beside none."""
    people, pairs = couples(UNASKED)
    document = asking()
    document["defaults"]["ask_reasons"] = False
    with stage_for(around, document) as stage:
        play_through(stage, people, pairs)


def resend(play, now):
    """Old records once more: as they were, and as newer versions."""
    for higher in (2, 3):
        play.send(now, [line for p in play.people for line in p.again(higher, now)])


def purged(around):
    """Purged records come again: HR gets events of both in a pair, or of neither."""
    people, pairs = couples()
    with stage_for(around) as stage:
        if "purge" not in stage.dayfour("--help"):
            raise harness.NotRun("there is no dayfour purge")
        play = Play(stage, people)
        for number in range(len(STEPS)):
            play.step(number)
        play.send(AFTER, [])
        stage.dayfour("purge")
        compare_pairs(stage, pairs, "after the purge")
        resend(play, AFTER)
        compare_pairs(stage, pairs, "resent after the purge")


# ---- worlds ----

def population(which):
    people = []
    for number, story in enumerate(STORIES):
        for turn in range(3):
            matched = which(number + turn)
            people.append(Person("P-%02d%dw" % (number, turn), story, (number + turn) % len(CODES),
                                 matched))
    return people


def world(around, which, **settings):
    """What the reader saw after each step."""
    sights = []
    with stage_for(around) as stage:
        play = Play(stage, population(which), **settings)
        for number in range(len(STEPS)):
            play.step(number)
            records, ends = look(stage)
            sights.append(([anonymous(records, n) for n in range(len(records))], ends, next_prompts(stage)))
    return sights


def next_prompts(stage):
    """With the ids of the periods. Whose row is purged has no prompt ahead."""
    return {row["person_id"]: row["next_prompts"] for row in stage.rows(
        "select person_id, next_prompts from fact.person where next_prompts is not null")}


def compare_next(mine, theirs, when):
    for person in sorted(mine.keys() | theirs.keys()):
        expect(mine.get(person) == theirs.get(person), "%s: next for %s: %s, but %s" % (
            when, person, mine.get(person), theirs.get(person)))


def anonymous(records, number):
    """A record but for its timestamp, which is the machine's, and with the number of the first record
    of its batch for the mark of the batch."""
    record = records[number]
    mark = header(record, "dayfour-batch")
    first = next(n for n, r in enumerate(records) if header(r, "dayfour-batch") == mark)
    headers = [(n, first if n == "dayfour-batch" else v) for n, v in record["headers"]]
    return (record["partition"], record["offset"], record["key"], record["value"], headers)


def the_same(around, people_at_a_time):
    settings = {"followup__batch_people": str(people_at_a_time)}
    nobody = world(around, lambda n: False, **settings)
    for name, which in (("everybody", lambda n: True), ("every second", lambda n: n % 2 == 0)):
        other = world(around, which, **settings)
        for now, mine, theirs in zip(STEPS, nobody, other):
            for a, b in zip(mine[0], theirs[0]):
                expect(a == b, "%s, nobody against %s: %s, but %s" % (now, name, a, b))
            compare_next(mine[2], theirs[2], "%s, nobody against %s" % (now, name))
            expect(mine == theirs, "%s, nobody against %s: %d and %d records, to %s and %s" % (
                now, name, len(mine[0]), len(theirs[0]), mine[1], theirs[1]))
    print("  3 worlds, %d steps, %d records each" % (len(STEPS), len(nobody[-1][0])))


# ---- years ----

def gone_for_both(around):
    """An absence of May, a purge in October: one of two records is gone, the other kept. HR amends both."""
    with FollowupStage(around, 1, now="2026-05-04T09:00:00Z", return_to_work="1") as stage:
        stage.start_intake()
        stage.start_followup()

        def line(name, code, version, now, **more):
            data = {"organisation": ORGANISATION, "absence_id": name + "/first", "version": version,
                    "person_id": name, "category": "sickness", "onset_date": "2026-05-04",
                    "reason": {"scheme": "esr", "code": code}, **more}
            event = {"specversion": "1.0", "id": "%s-%d" % (name, version), "source": "/hr/RW3",
                     "type": "org.dayfour.absence.amended.v1", "time": now, "data": data}
            return {"partition": 0, "key_b64": None, "headers": [], "value": json.dumps(event)}

        def send(now, version, **more):
            stage.step_clock(now)
            stage.wait_taken(stage.publish([line(name, code, version, now, **more)
                                            for name, code in (("P-1", "S12"), ("P-2", "S13"))]))
            stage.wait_idle(60)

        send("2026-05-04T09:00:00Z", 1)
        send("2026-05-13T09:00:00Z", 2, last_day="2026-05-12")
        stage.step_clock("2026-10-05T09:00:00Z")
        stage.wait_idle(60)
        stage.dayfour("purge")
        expect(stage.sql("select string_agg(person_id, ' ') from fact.absence") == "P-1", "what was purged")
        send("2026-10-05T10:00:00Z", 3, last_day="2026-05-12", phased_return_from="2026-10-01")
        for now in ("2026-10-09T09:00:00Z", "2026-10-30T09:00:00Z"):
            stage.step_clock(now)
            stage.wait_idle(60)
        told = {name: [json.loads(r["value"])["kind"] for r in stage.records("return-to-work")
                       if json.loads(r["value"])["person_id"] == name] for name in ("P-1", "P-2")}
        expect(told["P-1"] == told["P-2"], "HR was told %s" % told)
        expect(told["P-1"] == ["fit-note.due", "fit-note.due", "returned-to-work", "interview.due"],
               "HR was told %s" % told["P-1"])


# Keeping periods at each step where they change: (unmatched_days, matched_days, settle_days). The digest of a gone
# record is kept for matched_days.
KEEPING = {"2026-07-20": (60, 1200, 40), "2026-11-02": (400, 2555, 120), "2027-07-05": (120, 1000, 120)}


def keep(stage, periods):
    document = json.loads((harness.ROOT / "deploy/settings/pathways.json").read_text())
    document["retention"].update(unmatched_days=periods[0], matched_days=periods[1],
                                 contact_details_days=max(periods))
    document["defaults"].update(settle_days=periods[2], prompt_days=min(28, periods[2]))
    document["organisations"] = {}
    path = stage.around.run_dir / ("%s-settings.json" % stage.id)
    path.write_text(json.dumps(document))
    stage.dayfour("settings", "load", str(path), "--yes")


def years_of(around, people, seed, matched, purges, clinicians):
    """What the reader saw after each step. purges: whether there is one after a step."""
    sights = []
    history = years.history(people, seed, matched)
    with FollowupStage(around, 1, now=years.instant(history[0][0]), return_to_work="1") as stage:
        stage.start_intake(batch__max_rows="1000", batch__linger_ms="200")
        followup = stage.start_followup()
        stage.new_clinician("nurse", [ORGANISATION], ("physiotherapy", "mental-health"))
        for number, (day, lines) in enumerate(history):
            stage.wait_idle(60)
            followup.signal(signal.SIGSTOP)
            try:
                stage.step_clock(years.instant(day))
                if day in KEEPING:
                    keep(stage, KEEPING[day])
                stage.wait_taken(stage.publish(lines))
            finally:
                followup.signal(signal.SIGCONT)
            stage.wait_idle(60)
            if clinicians:
                stage.as_login("nurse", "select oh.record_contact(task_id, 'self_management_advice')"
                               " from oh.task where state = 'open' and onset_date <= oh.now()::date")
                stage.wait_idle(60)
            if purges(number):
                stage.dayfour("purge")
            sights.append((day, look(stage), next_prompts(stage)))
        digests = int(stage.sql("select count(*) from fact.gone"))
        gone = int(stage.sql("select count(*) from fact.absence where gone_at is not null"))
    return [(day, [anonymous(records, n) for n in range(len(records))], ends, ahead)
            for day, (records, ends), ahead in sights], digests, gone


def over_years(around, people=40, seeds=(1,)):
    for seed in seeds:
        one, digests, _ = years_of(around, people, seed, lambda n: False, lambda step: step % 3 != 1, False)
        other, _, gone = years_of(around, people, seed, lambda n: n % 5 != 0, lambda step: step % 4 == 3, True)
        expect(digests > 0 and gone > 0, "too little happened: %d digests, %d gone" % (digests, gone))
        for (day, mine, my_ends, my_next), (_, theirs, their_ends, their_next) in zip(one, other):
            for a, b in zip(mine, theirs):
                expect(a == b, "seed %d, %s: %s, but %s" % (seed, day, a, b))
            compare_next(my_next, their_next, "seed %d, %s" % (seed, day))
            expect(my_ends == their_ends and len(mine) == len(theirs),
                   "seed %d, %s: %d and %d records, to %s and %s" % (
                       seed, day, len(mine), len(theirs), my_ends, their_ends))
        print("  seed %d: %d histories in two worlds, %d steps, %d records each, %d digests" % (
            seed, people, len(one), len(one[-1][1]), digests))


CASES = {
    "gone for both": gone_for_both,
    "over years": over_years,
    "side by side": side_by_side,
    "nobody asked for reasons": not_asked,
    "after a purge": purged,
    "worlds, all at once": functools.partial(the_same, people_at_a_time=500),
    "worlds, seven at a time": functools.partial(the_same, people_at_a_time=7),
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
