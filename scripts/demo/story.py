#!/usr/bin/env python3
"""It prints one person's history, from HR's messages or files to the events that followed.

    python3 scripts/demo/story.py FOLDER --queue QUEUE [--task-file FILE] [--nights]

Picks a task of that queue's worklist that much happened about. FOLDER is the one replay.py worked
on, or nights.py with --nights; PG_DSN comes from the environment.
"""
import argparse
import csv
import datetime
import json
import os
import time
from pathlib import Path

from database import Database
from files import NEVER, ZONE

LONGEST = 16  # lines
TASKS = """select task_id, person_id, spell_id, period_id, absence_ids, due_date, state, attempts
           from oh.worklist where queue = '%s' and contacted_at is not null"""
ENTRIES = "select task_id, kind, outcome, at, by from oh.entry where retracted_at is null"
EVENTS = """select topic, kind, person_id, spell_id, due_on, emitted_at, withdrawn_at from oh.event
            where person_id is not null"""


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def day(text):
    return datetime.date.fromisoformat(text).strftime("%d %b")


def told(data, before):
    """The differences between a version of a record and the one before it."""
    parts = []

    def changed(member):
        return data.get(member) != before.get(member)
    if changed("onset_date"):
        parts.append("off since " + day(data["onset_date"]))
    if changed("reason"):
        parts.append("reason %s %s" % (data["reason"]["scheme"], data["reason"]["code"])
                     if data.get("reason") else "no reason")
    if changed("expected_return") and data.get("expected_return"):
        parts.append("back on " + day(data["expected_return"]))
    if changed("fit_note") and data.get("fit_note"):
        parts.append("fit note to " + day(data["fit_note"]["to"]))
    if changed("phased_return_from") and data.get("phased_return_from"):
        parts.append("phased return from " + day(data["phased_return_from"]))
    if changed("last_day") or changed("open_ended"):
        parts.append("last day %s%s" % (day(data["last_day"]) if data.get("last_day") else "open",
                                        ", perhaps" if data.get("open_ended") else ""))
    return ", ".join(parts) or "nothing new"


def changed_in_row(row, before):
    """The differences between a row and the same row of the file before."""
    parts = []

    def changed(*columns):
        return any(row[c] != before.get(c) for c in columns)
    if changed("Start"):
        parts.append("off since " + slashed_day(row["Start"]))
    if changed("Reason"):
        parts.append("reason " + row["Reason"].split(" ")[0] if row["Reason"] else "no reason")
    if changed("End", "Open Ended"):
        parts.append("no last day yet" if row["End"] == NEVER else
                     "last day %s%s" % (slashed_day(row["End"]),
                                        ", perhaps" if row["Open Ended"] == "Y" else ""))
    return ", ".join(parts) or "other columns"


def slashed_day(text):
    """The text itself where a row is wrong on purpose."""
    try:
        return datetime.datetime.strptime(text, "%d/%m/%Y").strftime("%d %b")
    except ValueError:
        return text


class Stories:
    corrected = "version 2: reason"  # in a line: HR has sent another reason

    def __init__(self, folder, queue):
        self.read_hr(folder)
        database = Database()
        self.tasks = database.rows(TASKS % queue)
        self.entries = database.rows(ENTRIES)
        self.events = database.rows(EVENTS)
        database.close()

    def read_hr(self, folder):
        self.messages = {}  # person: [(sent, event)]
        lines = (folder / "absences.jsonl").read_text(encoding="utf-8").splitlines()
        for sent, line in zip((folder / "sent.txt").read_text().split(), lines):
            event = json.loads(line)
            self.messages.setdefault(event["data"].get("person_id"), []).append(
                (instant(sent), event))

    def of_hr(self, task):
        records, lines = {}, []
        for sent, event in self.messages[task["person_id"]]:
            data, kind = event["data"], event["type"].split(".")[-2]
            record = records.get(data.get("absence_id"), {})
            if data.get("version", 0) <= record.get("version", 0):
                what = "sent again, or overtaken: nothing changes"
            else:
                what = told(data, record)
                records[data["absence_id"]] = data
            lines.append((sent, 0, "HR sends", "%s, version %s: %s" % (
                kind, data.get("version", "-"), what)))
        return lines

    def of_oh(self, task):
        return [(instant(e["at"]), 1, "OH rings", "%s: %s" % (
            e["kind"], e["outcome"])) for e in self.entries
                if e["task_id"] == task["task_id"] and e["kind"] in ("attempt", "contact")]

    def of_dayfour(self, task):
        lines = []
        for e in self.events:
            if e["person_id"] != task["person_id"] or e["spell_id"] not in (None, task["spell_id"]):
                continue
            to = "HR is told" if e["topic"].startswith("return") else "OH is told"
            due = ", due " + day(e["due_on"]) if e["due_on"] else ""
            lines.append((instant(e["emitted_at"]), 2, to, e["kind"] + due))
            if e["withdrawn_at"]:
                lines.append((instant(e["withdrawn_at"]), 3, to, e["kind"] + " withdrawn"))
        return lines

    def lines(self, task):
        return sorted(self.of_hr(task) + self.of_oh(task) + self.of_dayfour(task))

    def best(self):
        """The one with the most different things in it that is not too long to read."""
        def variety(task):
            lines = self.lines(task)
            kinds = {(line[2], line[3].split(",")[0]) for line in lines}
            corrected = any(self.corrected in line[3] for line in lines)
            return (len(lines) <= LONGEST, corrected, len(kinds), task["task_id"])
        return max(self.tasks, key=variety) if self.tasks else None


class NightStories(Stories):
    """The same of nightly files: what changed in a person's rows from file to file."""
    corrected = "row changed: reason"

    def read_hr(self, folder):
        self.changes = {}  # person: lines
        rows = {}
        for path in sorted((folder / "nights").glob("*_sickness_*.csv")):
            written = datetime.datetime.strptime("_".join(path.stem.split("_")[2:]), "%Y%m%d_%H%M")
            with open(path, encoding="cp1252", newline="") as file:
                newest = {row["Unavailability ID"]: row for row in csv.DictReader(file)}
            self.compare(written.replace(tzinfo=ZONE), rows, newest)
            rows = newest

    def compare(self, written, rows, newest):
        for name in {**rows, **newest}:
            row, before = newest.get(name), rows.get(name)
            if row == before:
                continue
            text = ("row gone" if row is None else "new row: " + changed_in_row(row, {})
                    if before is None else "row changed: " + changed_in_row(row, before))
            person = (row or before)["Employee Number"]
            self.changes.setdefault(person, []).append((written, 0, "HR's file", text))

    def of_hr(self, task):
        return self.changes[task["person_id"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--queue", required=True)
    parser.add_argument("--task-file", metavar="FILE", help="takes the task's id")
    parser.add_argument("--nights", action="store_true", help="HR wrote files, not messages")
    args = parser.parse_args()
    os.environ["TZ"] = "Europe/London"
    time.tzset()
    stories = (NightStories if args.nights else Stories)(args.folder, args.queue)
    task = stories.best()
    if args.task_file:
        Path(args.task_file).write_text(task["task_id"] if task else "")
    for when, _, who, what in stories.lines(task)[:LONGEST] if task else ():
        print("  %s  %-10s  %s" % (when.astimezone().strftime("%a %d %b %H:%M"), who, what))


if __name__ == "__main__":
    main()
