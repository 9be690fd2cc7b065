#!/usr/bin/env python3
"""Lives through four weeks in some seconds, as the services' clock.file lets one do.

    python3 scripts/demo/replay.py FOLDER --today 2026-09-28 --team LOGIN --password-file FILE

FOLDER holds absences.jsonl and sent.txt as generate.py writes them, and the files intake.clock and
followup.clock the services run on. At each stop intake's clock is set, and the messages that HR had sent by
then are published. When intake has taken them all, followup's clock is set. When followup has caught up,
the OH team makes the day's calls. If both had one clock, followup would take the feed for silent
before the messages are there. Later messages of HR are left in FOLDER/rest.jsonl.
PG_DSN, KAFKA_BROKERS and DAYFOUR (the program) come from the environment.
"""
import argparse
import datetime
import os
import subprocess
import time
from pathlib import Path

from database import Database

PATIENCE = 120  # seconds for one stop
COUNTS = """select (select count(*) from oh.task) as tasks,
                   (select count(*) from oh.entry where kind in ('attempt', 'contact')) as calls,
                   (select count(*) from oh.event) as events"""
TAKEN = "select coalesce(sum(next_offset), 0) from ops.position"
LEFT = "select people_due + unconfirmed, clock >= '%s', oh.now() >= '%s' from ops.backlog"


def at(day, hour, minute):
    """An instant of that day, local time, in UTC."""
    local = datetime.datetime.combine(day, datetime.time(hour, minute))
    return local.astimezone(datetime.timezone.utc)


def stops(today, now):
    """(instant, whether a day's messages and calls belong to it): sparse at first, then dense, so
    that what is still on the list has happened at its proper hour."""
    found = []
    for back in range(28, -1, -1):
        day = today - datetime.timedelta(back)
        if back <= 1:
            found += [(at(day, 0, 1), False), (at(day, 9, 1), False)]
        if back <= 3 or day.weekday() == 4:
            found.append((at(day, 16, 30), True))
    return [stop for stop in found if stop[0] < now - datetime.timedelta(minutes=1)]


class Replay:
    def __init__(self, args):
        self.folder = Path(args.folder)
        self.lines = (self.folder / "absences.jsonl").read_text(encoding="utf-8").splitlines(True)
        self.sent = (self.folder / "sent.txt").read_text(encoding="utf-8").split()
        self.published = 0
        self.calls = (Path(__file__).parent / "calls.sql").read_text(encoding="utf-8")
        self.watch = Database()
        self.team = Database(args.team, args.password_file)
        self.shown = {"messages": 0, "tasks": 0, "calls": 0, "events": 0}

    def set_clock(self, service, instant):
        new = self.folder / (service + ".new")
        new.write_text(instant.strftime("%Y-%m-%dT%H:%M:%SZ\n"))
        new.rename(self.folder / (service + ".clock"))

    def publish(self, until):
        text = until.strftime("%Y-%m-%dT%H:%M:%SZ")
        first = self.published
        while self.published < len(self.lines) and self.sent[self.published] <= text:
            self.published += 1
        done = subprocess.run([os.environ["DAYFOUR"], "publish", "--force", "-"], check=False,
                              input="".join(self.lines[first:self.published]), text=True,
                              capture_output=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)

    def wait(self, query, answer):
        end = time.monotonic() + PATIENCE
        while self.watch.run(query) != [answer]:
            if time.monotonic() > end:
                raise SystemExit("the services do not catch up: see their logs")
            time.sleep(0.02)

    def stop_at(self, instant, whole_day):
        self.set_clock("intake", instant)
        if whole_day:
            self.publish(instant)
            self.wait(TAKEN, str(self.published))
        self.set_clock("followup", instant)
        self.wait(LEFT % (instant, instant), "0|t|t")
        if whole_day and instant.weekday() < 5:
            self.team.run(self.calls)

    def show_week(self, instant):
        now = {"messages": self.published, **self.watch.rows(COUNTS)[0]}
        print("  %s %10s %10s %10s %12s" % (
            instant.strftime("%a %d %b"), *("{:,}".format(now[k] - self.shown[k])
                                            for k in ("messages", "tasks", "calls", "events"))),
              flush=True)
        self.shown = now

    def run(self, plan):
        print("  until      %10s %10s %10s %12s" % ("messages", "new tasks", "calls", "events out"),
              flush=True)
        weeks = [(plan[-1][0].date() - instant.date()).days // 7 for instant, _ in plan]
        for n, (instant, whole_day) in enumerate(plan):
            self.stop_at(instant, whole_day)
            if n in (0, 2, 5):
                self.watch.run("analyze")  # autovacuum does it where weeks take weeks
            if weeks[n] not in weeks[n + 1:]:
                self.show_week(instant)
        (self.folder / "rest.jsonl").write_text("".join(self.lines[self.published:]),
                                                encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder")
    parser.add_argument("--today", required=True, type=datetime.date.fromisoformat)
    parser.add_argument("--team", required=True, metavar="LOGIN")
    parser.add_argument("--password-file", required=True, metavar="FILE")
    args = parser.parse_args()
    os.environ["TZ"] = "Europe/London"
    time.tzset()
    plan = stops(args.today, datetime.datetime.now(datetime.timezone.utc))
    Replay(args).run(plan)


if __name__ == "__main__":
    main()
