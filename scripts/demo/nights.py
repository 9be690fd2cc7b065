#!/usr/bin/env python3
"""Lives through four weeks of nightly files in some seconds: what replay.py is for messages.

    python3 scripts/demo/nights.py PHASE FOLDER --nightly FOLDER --today 2026-09-28
        --team LOGIN --password-file FILE --feed LOGIN --feed-password-file FILE

FOLDER holds nights/, absences.jsonl and sent.txt as generate.py --nights writes them. The files of a
night are put into the folder of `dayfour feed` with the time at which HR's system wrote them. Then the
feed runs as its own login, while the clock is a few minutes later.
Phase first takes two nights and shows the output of `feed check` and `feed run`. Phase weeks takes the
other nights but today's, and prints a line for each. Phase morning takes today's, on the real clock.
"""
import argparse
import datetime
import json
import os
import shutil
import subprocess
import textwrap
import time
from pathlib import Path

import files
from database import dsn_of
from replay import COUNTS, LEFT, TAKEN, Replay, at

MAPPING = "roster.json"
WIDTH = 100
EXTRACT_COLUMNS_SHOWN = 8  # of each row of the extract; all of them would be too wide
NIGHT, CLOCK, CALLS = range(3)
COLUMNS = ("rows", "messages", "tasks", "calls", "events")


def stops(today, now):
    """(instant, what, the night's as_of): dense at the end, so that what is still on the list has
    happened at its proper hour. Today's file is left for the real clock."""
    written = {night.date(): night for night in files.nights(today)}
    first = min(written)
    found = []
    for back in range(27, -1, -1):
        day = today - back * files.DAY
        if back <= 1:
            found.append((at(day, 0, 1), CLOCK, None))
        if back > 0 and day in written:
            found.append((at(day, 5, 35), NIGHT, written[day]))
        if back == 1:
            found.append((at(day, 9, 1), CLOCK, None))
        if back > 0 and day in written and day != first:
            found.append((at(day, 16, 30), CALLS, None))
    return [stop for stop in found if stop[0] < now - datetime.timedelta(minutes=1)]


def wrapped(line):
    """Lines of at most WIDTH characters, cut between words."""
    return textwrap.wrap(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False)


def essence(lines):
    """The lines of `feed check` that somebody new has to see. Columns that explain themselves,
    examples of columns, and all but two events are left out."""
    found, events = [], 0
    for line in lines:
        events += ": opened: " in line
        if (not line or line.startswith(" " * 10) or " -> " in line and not line.endswith(")")
                or ": opened: " in line and events > 2 or line.startswith("    of no row")):
            continue
        found.append(line)
    return found


class Nights(Replay):
    def __init__(self, args):
        super().__init__(args)
        self.nightly = Path(args.nightly)
        self.organisation = json.loads((self.nightly / MAPPING).read_text())["organisation"]
        self.saved = self.folder / "nights.json"
        self.shown = dict.fromkeys(COLUMNS, 0)
        self.messages = 0  # that the feed has published, and those that no file can carry
        self.done = []     # of the table's lines
        self.feed_env = dict(os.environ, DAYFOUR_PG_PASSWORD_FILE=args.feed_password_file)
        self.feed_env["DAYFOUR_PG_DSN"] = dsn_of(self.feed_env.pop("PG_DSN"), args.feed)  # instead of a superuser's
        self.clock = {"DAYFOUR_CLOCK_FILE": str((self.folder / "intake.clock").resolve())}

    # --- files

    def names(self, night):
        """(staff list, extract)"""
        return (files.name_of("staff", self.organisation, night - datetime.timedelta(minutes=30)),
                files.name_of("sickness", self.organisation, night))

    def put(self, night):
        for name in self.names(night):
            path = self.nightly / name
            shutil.copyfile(self.folder / "nights" / name, path)
            path.chmod(0o640)
            os.utime(path, (night.timestamp(), night.timestamp()))

    def feed(self, *words, real_clock=False):
        env = dict(self.feed_env, **({} if real_clock else self.clock))
        done = subprocess.run([os.environ["DAYFOUR"], "feed", *words], cwd=self.nightly, env=env,
                              check=False, text=True, capture_output=True)
        if done.returncode != 0:
            raise SystemExit("dayfour feed %s: exit code %d\n%s" % (
                words[0], done.returncode, done.stderr))
        return done

    def run_feed(self, *options, shows=False, real_clock=False):
        """The counts of the file that it took. People read standard error, programs the log."""
        done = self.feed("run", MAPPING, *options, real_clock=real_clock)
        if shows:
            print(" ".join(("$ dayfour feed run", MAPPING) + options))
            for line in done.stderr.splitlines():
                print("\n".join(wrapped(line)), flush=True)
        logged = [json.loads(line) for line in done.stdout.splitlines()]
        taken = [line for line in logged if line["event"] == "feed_taken"]
        if len(taken) != 1:
            raise SystemExit("the feed took %d files, not one" % len(taken))
        return taken[0]

    # --- a stop

    def publish_facts(self, instant):
        first = self.published
        text = instant.strftime("%Y-%m-%dT%H:%M:%SZ")
        if first < len(self.lines) and self.sent[first] <= text:
            self.publish(instant)
        self.messages += self.published - first

    def night_at(self, instant, night, *options, shows=False):
        self.put(night)
        self.set_clock("intake", instant)
        taken = self.run_feed(*options, shows=shows)
        self.messages += taken["events"] + 1  # the heartbeat ends them
        self.publish_facts(instant)
        self.wait(TAKEN, str(self.messages))
        self.follow(instant)
        self.done.append([night.strftime("%a %d %b"), taken["rows"]])

    def follow(self, instant):
        self.set_clock("followup", instant)
        self.wait(LEFT % (instant, instant), "0|t|t")

    def stop_at(self, instant, what):
        self.set_clock("intake", instant)
        self.follow(instant)
        if what == CALLS and instant.weekday() < 5:
            self.team.run(self.calls)

    # --- the table

    def close_line(self):
        """The line of the newest file ends when the next file comes."""
        now = {"messages": self.messages, **self.watch.rows(COUNTS)[0]}
        self.done[-1] += [now[c] - self.shown[c] for c in COLUMNS[1:]]
        self.shown = now

    @staticmethod
    def print_line(line):
        print("  %s %8s %10s %10s %8s %12s" % (line[0], *("{:,}".format(n) for n in line[1:])),
              flush=True)

    def save(self):
        self.saved.write_text(json.dumps([self.published, self.messages, self.shown, self.done]))

    def restore(self):
        self.published, self.messages, self.shown, self.done = json.loads(self.saved.read_text())

    # --- the phases

    def show_extract(self, name):
        print("$ head -4 %s | cut -d, -f1-%d" % (name, EXTRACT_COLUMNS_SHOWN))
        with open(self.nightly / name, encoding="cp1252") as file:
            for _ in range(4):
                print(",".join(next(file).rstrip().split(",")[:EXTRACT_COLUMNS_SHOWN]))
        print()

    def show_check(self, night):
        staff, extract = self.names(night)
        print("$ dayfour feed check %s %s %s" % (MAPPING, staff, extract))
        for line in essence(self.feed("check", MAPPING, staff, extract).stdout.splitlines()):
            print("\n".join(wrapped(line)))
        print(flush=True)

    def first(self, plan):
        (one, _, first_night), (two, _, second_night) = [s for s in plan if s[1] == NIGHT][:2]
        self.put(first_night)
        self.set_clock("intake", one)
        self.show_extract(self.names(first_night)[1])
        self.show_check(first_night)
        self.night_at(one, first_night, "--first", shows=True)
        self.close_line()
        print()
        self.night_at(two, second_night, shows=True)
        self.watch.run("analyze")  # autovacuum does it where weeks take weeks
        self.save()

    def weeks(self, plan):
        self.restore()
        begun = [n for n, stop in enumerate(plan) if stop[1] == NIGHT][1]
        print("  file of        rows   messages  new tasks    calls   events out")
        self.print_line(self.done[0])
        for n, (instant, what, night) in enumerate(plan[begun + 1:]):
            if what == NIGHT:
                self.close_line()
                self.print_line(self.done[-1])
                self.night_at(instant, night)
            else:
                self.stop_at(instant, what)
            if n in (2, 5):
                self.watch.run("analyze")
        self.close_line()
        self.print_line(self.done[-1])
        (self.folder / "rest.jsonl").write_text("".join(self.lines[self.published:]),
                                                encoding="utf-8")

    def morning(self, today):
        night = files.nights(today)[-1]
        if not (self.folder / "nights" / self.names(night)[1]).exists():
            print("This morning's file is written at %s." % night.strftime("%H:%M"))
            return
        self.put(night)
        self.run_feed(shows=True, real_clock=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("phase", choices=("first", "weeks", "morning"))
    parser.add_argument("folder")
    parser.add_argument("--nightly", required=True, metavar="FOLDER", help="of `dayfour feed`")
    parser.add_argument("--today", required=True, type=datetime.date.fromisoformat)
    parser.add_argument("--team", required=True, metavar="LOGIN")
    parser.add_argument("--password-file", required=True, metavar="FILE")
    parser.add_argument("--feed", required=True, metavar="LOGIN")
    parser.add_argument("--feed-password-file", required=True, metavar="FILE")
    args = parser.parse_args()
    os.environ["TZ"] = "Europe/London"
    time.tzset()
    nights = Nights(args)
    plan = stops(args.today, datetime.datetime.now(datetime.timezone.utc))
    if args.phase == "first":
        nights.first(plan)
    elif args.phase == "weeks":
        nights.weeks(plan)
    else:
        nights.morning(args.today)


if __name__ == "__main__":
    main()
