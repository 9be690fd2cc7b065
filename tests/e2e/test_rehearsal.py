#!/usr/bin/env python3
"""e2e.rehearsal: weeks and months of it, through both services and a broker, on a clock that moves.

    test_rehearsal.py [--long] [--days N] [--people N] [--seed N]

Random histories, spread over the time, and the heartbeats of sources. The clock stops twice a day, at nine and when the last message of the
day has come; what clinicians enter comes after that. At the end of each month, and of it all, what stands by
what is on the topics (said, and not taken back) is what the reference model says, and at the end so is every
record that ever went out, and every row of oh.task. --long: a year of 2,000 people.
"""
import argparse
import datetime as dt
import random
import signal
import sys
import time
import zoneinfo

import compare
import entries_made
import harness
from followup_stage import TOPICS, FollowupStage, compare_said, plain_data
from harness import expect
from test_histories import END, PARTITIONS, History, by_day

import dates
import entries
import histories
import ledger
import model

START = dt.date(2026, 9, 1)
LONDON = zoneinfo.ZoneInfo("Europe/London")
ATTENDED = 350  # people about whom clinicians enter something


def nine(day):
    local = dt.datetime(day.year, day.month, day.day, 9, tzinfo=LONDON)
    return dates.format_instant(local.astimezone(dates.UTC))


def messages(seed, people, days):
    rng = random.Random("rehearsal/%s" % seed)
    found = []
    for number in range(people):
        era = START + dates.DAY * rng.randrange(days)
        for arrival, event in histories.PersonHistory(seed, number, era).generate():
            if START <= arrival.date() < START + dates.DAY * days:
                found.append((arrival, len(found), histories.message_line(rng, arrival, event)))
    beats = random.Random("beats/%s" % seed)
    for arrival, event in histories.heartbeats(seed, START, days):
        found.append((arrival, len(found), histories.message_line(beats, arrival, event)))
    lines = [line for _, _, line in sorted(found, key=lambda item: item[:2])]
    offsets = {}
    for line in lines:
        line["offset"] = offsets.get(line["partition"], 0)
        offsets[line["partition"]] = line["offset"] + 1
    return lines


def with_entries(seed, lines, document):
    world = model.new_world(document, model.load(None, "bank-holidays.json"),
                            bytes.fromhex(harness.TEST_KEY))
    whole = entries.interleave(random.Random("entries/%s" % seed), world, lines)
    last, labels, kept = lines[-1]["at"], set(), []
    for line in whole:
        fact = line.get("fact")
        if fact is None:
            kept.append(line)
        elif line["at"] <= last and (fact.get("entry") in labels or number_of(fact) < ATTENDED):
            labels.add(fact.get("entry"))
            kept.append(line)
    return kept


def number_of(fact):
    """The person it is about; an undo has only that entry's label."""
    person = fact.get("person_id") or fact.get("anchor", {}).get("person_id")
    return ATTENDED if person is None else int(person.split("-")[1])


def with_mornings(by_days, days):
    stops = {}
    for now, group in by_days:
        stops.setdefault(now, []).extend(group)
    for number in range(days):
        stops.setdefault(nine(START + number * dates.DAY), [])
    return sorted(stops.items())


class Rehearsal(History):
    def __init__(self, around, seed, people, days):  # pylint: disable=super-init-not-called
        document = histories.settings_document()
        lines = with_entries(seed, messages(seed, people, days), document)
        self.days = with_mornings(by_day(lines), days)
        self.lines = [line for _, group in self.days for line in group]
        self.world = compare.new_world(document)
        self.book = ledger.Ledger(self.world)
        self.surprises = []
        self.counts = []
        self.steps = 0
        self.stage = FollowupStage(around, PARTITIONS, document, now=self.days[0][0])

    def deliver(self):
        stage = self.stage
        stage.start_intake(batch__max_rows="500", log__level="info")
        self.followup = stage.start_followup(log__level="info")
        clinicians = entries_made.Entries(stage)
        self.logins = clinicians.logins
        month = self.days[0][0][:7]
        for now, lines in self.days:
            if now[:7] != month:
                self.check_standing(month)
                month = now[:7]
            self.stop_at(now, [line for line in lines if "fact" not in line])
            for line in lines:
                if "fact" in line:
                    self.enter(clinicians, now, line)
        self.end = self.at(self.days[-1][0]) + END
        self.stop_at(dates.format_instant(self.end), [])
        self.check_standing("the end")

    def stop_at(self, now, lines):
        self.followup.signal(signal.SIGSTOP)  # it sees what came as a whole, as the model does
        self.stage.step_clock(now)
        if lines:
            self.stage.wait_taken(self.stage.publish(lines))
        self.followup.signal(signal.SIGCONT)
        self.stage.wait_told(120)
        self.apply(now, lines)
        if lines:  # in the end the newest is often the last, whichever is kept
            compare.report(compare.heartbeat_differences(self.stage, self.world))

    def apply(self, now, lines):
        """Every step of its own, also of those at one instant: what is compared goes by steps."""
        before = len(self.book.said)
        super().apply(now, lines)
        self.steps += 1
        for said in self.book.said[before:]:
            said["at"] = self.steps

    def check_standing(self, when):
        expected = {(TOPICS[said.event.topic], said.id): plain_data(said.data)
                    for said in self.book.said_and_standing()}
        said, taken_back = {}, set()
        for event in self.stage.events():
            if "withdraws" in event["data"]:
                taken_back.add((event["topic"], event["data"]["withdraws"]))
            else:
                said[event["topic"], event["id"]] = event["data"]
        found = {name: data for name, data in said.items() if name not in taken_back}
        lines = ["%s stands, the model says it does not" % (name,) for name in found.keys() - expected.keys()]
        lines += ["%s does not stand" % (name,) for name in expected.keys() - found.keys()]
        lines += ["%s says %s, the model %s" % (name, found[name], expected[name])
                  for name in found.keys() & expected.keys() if found[name] != expected[name]]
        expect(not lines, "%s: %d differences\n    %s" % (when, len(lines), "\n    ".join(sorted(lines)[:12])))
        self.counts.append("%s: %d stand of %d said" % (when, len(found), len(said)))
        print("    " + self.counts[-1], flush=True)

    def check(self):
        compare.report(self.surprises)
        self.check_enough()
        compare_said(self.book, self.stage.events())
        compare.compare_all(self.stage, self.world, self.lines, self.end, self.logins)


    def check_enough(self):
        """The steps had what the rules of a team's day hang on: promises, red flags, heartbeats."""
        entered = [entry for _, entry in self.world.entered]
        silent = [said["id"] for said in self.book.said if said["subject"] == "o" + histories.QUIET]
        found = {
            "promises": sum(entry.call_back_at is not None for entry in entered),
            "red flags": sum(entry.red_flag for entry in entered),
            "acknowledged": sum(entry.kind == "acknowledge" for entry in entered),
            "call-back.due": sum(".call-back.due" in said["type"] for said in self.book.said),
            "urgent.raised": sum(".urgent.raised" in said["type"] for said in self.book.said),
            "heartbeats": len(self.world.facts.heartbeats),
            "silences": len(silent),
            "of them withdrawn": sum(name.endswith("/withdrawn") for name in silent)}
        print("    " + ", ".join("%s %d" % pair for pair in found.items()), flush=True)
        expect(all(found.values()), "too little happened: %s" % found)


def rehearse(around, seed, people, days):
    began = time.monotonic()
    case = Rehearsal(around, seed, people, days)
    with case.stage:
        case.deliver()
        case.check()
        records = sum(len(case.stage.records(kind)) for kind in ("follow-up", "return-to-work"))
        print("  %d people, %d days: %d messages, %d entries, %d tasks, %d records out, %.0f s" % (
            people, days, sum(case.world.counts.values()), len(case.world.entered), len(case.world.stored),
            records, time.monotonic() - began))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--days", type=int)
    parser.add_argument("--people", type=int)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    days = args.days or (365 if args.long else 30)
    people = args.people or (2000 if args.long else 60)
    return harness.run({"%d people, %d days, seed %d" % (people, days, args.seed):
                        lambda around: rehearse(around, args.seed, people, days)}, [])


if __name__ == "__main__":
    sys.exit(main())
