#!/usr/bin/env python3
"""e2e.histories: random histories, delivered day by day, against the reference model.

    test_histories.py [--long] [--seed N] [--persons N] [--messages-only]

All messages of a day come at the instant of its last line: the clock file is stepped there, then they
are published and taken in, and followup says what is to be said. After that clinicians enter what
they do on that day, one after the other, and see what comes of it before the next does.
"""
import argparse
import signal
import sys
import time

import compare
import entries_made
import harness
from harness import Stage, expect

import dates
import histories
import ledger

PARTITIONS = 4
END = dates.DAY * 40  # so long after the last message the rows are looked at


def by_day(lines):
    """[(instant, lines)], each line moved to the last instant of its day, messages before entries."""
    days = []
    for line in lines:
        day = line["at"][:10]
        if not days or days[-1][0] != day:
            days.append((day, []))
        days[-1][1].append(line)
    moved = []
    for _, group in days:
        last = max(line["at"] for line in group)
        group = sorted(group, key=lambda line: "fact" in line)
        moved.append((last, [{**line, "at": last} for line in group]))
    return moved


class History:
    def __init__(self, around, seed, persons, messages_only):
        document = histories.settings_document()
        self.days = by_day(histories.history(seed, persons, messages_only))
        self.lines = [line for _, group in self.days for line in group]
        self.world = compare.new_world(document)
        self.book = ledger.Ledger(self.world)
        self.surprises = []
        self.stage = Stage(around, PARTITIONS, document, now=self.days[0][0])

    def deliver(self):
        stage = self.stage
        stage.start_intake(batch__max_rows="500")
        followup = stage.start_followup()
        clinicians = entries_made.Entries(stage)
        self.logins = clinicians.logins
        for now, lines in self.days:
            messages = [line for line in lines if "fact" not in line]
            followup.signal(signal.SIGSTOP)  # it sees the day as a whole, as the model does
            stage.step_clock(now)
            stage.wait_taken(stage.publish(messages))
            followup.signal(signal.SIGCONT)
            stage.wait_told()
            self.apply(now, messages)
            for line in lines[len(messages):]:
                self.enter(clinicians, now, line)
        self.end = self.at(self.days[-1][0]) + END
        stage.step_clock(dates.format_instant(self.end))
        stage.wait_told()
        self.book.step(self.end)

    def apply(self, now, lines):
        self.book.step(self.at(now), set().union(*map(self.world.apply, lines)))

    def enter(self, clinicians, now, line):
        """The model must accept the entries that the database accepts. Calls are refused by both: on the task of a
        spell that no longer stands, or never stood at the end of a day. Who has a task in hand, and
        whether its case is closed, the database looks at more closely."""
        state = clinicians.make(line["fact"])
        self.stage.wait_told()
        if state in ("OH002", "OH003") and line["fact"]["kind"] not in ("attempt", "contact"):
            return
        before = len(self.world.refused)
        self.apply(now, [line])
        refused = [entry["sqlstate"] for entry in self.world.refused[before:]] or [""]
        if state != refused[0] and {state, refused[0]} != {"OH001", "OH002"}:
            self.surprises.append("entry %s at %s: %s, the model says %s" % (
                line["fact"], now, state or "taken", refused[0] or "taken"))

    @staticmethod
    def at(now):
        return dates.parse_instant(now)

    def check(self):
        compare.report(self.surprises)
        compare.compare_all(self.stage, self.world, self.lines, self.end, self.logins)
        compare.report(event_differences(self.stage, self.book))


def event_differences(stage, book):
    """The events emitted and not withdrawn, by id, with their contents."""
    expected = [{"id": said.event.id, **said.event.data(None)} for said in book.said_and_standing()]
    found = [{"id": row["id"], **row["data"]} for row in stage.rows(
        "select subject || '/' || kind || '/' || occurrence as id, data::json as data"
        " from followup.emitted where withdrawn_at is null")]
    for row in expected:
        del row["late"]  # depends on when a service was awake
    return compare.differences("event", ["id"], expected, found)


def history(around, seed, persons, messages_only):
    if not around.has_followup:
        raise harness.NotRun("no dayfour-followup")
    began = time.monotonic()
    case = History(around, seed, persons, messages_only)
    with case.stage:
        case.deliver()
        case.check()
        expect(case.world.dead_letters, "no bad message among them")
    print("  %d messages (%d bad) and %d entries on %d days, %d tasks, %.0f s" % (
        sum(case.world.counts.values()), len(case.world.dead_letters), len(case.world.entered),
        len(case.days), len(case.world.stored), time.monotonic() - began))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--persons", type=int)
    parser.add_argument("--messages-only", action="store_true")
    args = parser.parse_args()
    seeds = args.seed or (range(1, 7) if args.long else (1, 2))
    persons = args.persons or (2000 if args.long else 100)
    cases = {"seed %d, %d people" % (seed, persons):
             lambda around, seed=seed: history(around, seed, persons, args.messages_only)
             for seed in seeds}
    return harness.run(cases, [])


if __name__ == "__main__":
    sys.exit(main())
