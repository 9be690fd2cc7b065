#!/usr/bin/env python3
"""One person's story, from what HR sent to what came of it.

    python3 deploy/demo/story.py FOLDER --queue QUEUE [--task-file FILE]

Picks a task of that queue's worklist that much happened about. FOLDER is the one replay.py worked
on; PG_DSN comes from the environment.
"""
import argparse
import datetime
import json
import os
import time
from pathlib import Path

from database import Database

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
    """What a version of a record says that the one before did not."""
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


class Stories:
    def __init__(self, folder, queue):
        self.messages = {}  # person: [(sent, event)]
        lines = (folder / "absences.jsonl").read_text(encoding="utf-8").splitlines()
        for sent, line in zip((folder / "sent.txt").read_text().split(), lines):
            event = json.loads(line)
            self.messages.setdefault(event["data"].get("person_id"), []).append(
                (instant(sent), event))
        database = Database()
        self.tasks = database.rows(TASKS % queue)
        self.entries = database.rows(ENTRIES)
        self.events = database.rows(EVENTS)
        database.close()

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
            corrected = any("version 2: reason" in line[3] for line in lines)
            return (len(lines) <= LONGEST, corrected, len(kinds), task["task_id"])
        return max(self.tasks, key=variety) if self.tasks else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--queue", required=True)
    parser.add_argument("--task-file", metavar="FILE", help="takes the task's id")
    args = parser.parse_args()
    os.environ["TZ"] = "Europe/London"
    time.tzset()
    stories = Stories(args.folder, args.queue)
    task = stories.best()
    if args.task_file:
        Path(args.task_file).write_text(task["task_id"] if task else "")
    for when, _, who, what in stories.lines(task)[:LONGEST] if task else ():
        print("  %s  %-10s  %s" % (when.astimezone().strftime("%a %d %b %H:%M"), who, what))


if __name__ == "__main__":
    main()
