#!/usr/bin/env python3
"""Measures what an HR system's nightly file costs: `./run bench feed`.

    feed.py [--rows N] [--changed N] [--first N] [--json FILE]

The mapping is the roster extract of deploy/feed. Two sources: one sends its first file, of 400 days. The other sends a
file whose records are known, and then the next night's, in which some changed. Prints time, processor time, memory and
events of each `dayfour feed run`. The ceilings of the same run are two: a reader only splits the lines of the file, and
a producer only sends as many messages. The exit code is 1 where a run published other events than the files say.
"""
import argparse
import csv
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench

sys.path.insert(0, str(bench.ROOT / "tests" / "e2e"))
from database import dsn_of  # noqa: E402  pylint: disable=wrong-import-position
from process import memory_mib  # noqa: E402  pylint: disable=wrong-import-position

MAPPING = bench.ROOT / "deploy/feed/roster.json"
PASSWORD = "an invented password"
DAYS = 400
COLUMNS = ["Unavailability ID", "Employee Number", "Assignment Number", "Group", "Start", "End", "Open Ended", "Reason",
           "FTE", "Site", "Staff Group", "Job Role", "Created"]
STAFF = ["Employee Number", "Preferred Name", "Personal Mobile", "Home Phone", "Personal Email", "Termination Date"]
REASONS = ["S10 Anxiety/stress/depression/other psychiatric illnesses", "S11 Back Problems", "S12 Other musculoskeletal "
           "problems", "S13 Cold Cough Flu - Influenza", "S25 Gastrointestinal problems", "S98 Other known causes"]
ROWS_A_PERSON = 5


def day(date):
    return date.strftime("%d/%m/%Y")


def roster(rows, today):
    """So many rows, spread over the days that a file covers; the absences of the last week have no end yet."""
    for i in range(rows):
        age = i * (DAYS - 1) // rows
        start = today - datetime.timedelta(days=age)
        ended = age >= 7
        person = "P-%d" % (i % (rows // ROWS_A_PERSON))
        yield ["U-%d" % i, person, person + "-1", "Sickness", day(start),
               day(start + datetime.timedelta(days=5)) if ended else "", "" if ended else "Y",
               REASONS[i % len(REASONS)], "1.00000", "Test Site North", "Nursing", "Test Role A", day(start) + " 07:40"]


def next_night(rows, changed):
    """The same rows; some have another reason, as far apart from each other as may be."""
    step = max(1, len(rows) // changed)
    for i, row in enumerate(rows):
        yield [*row[:7], REASONS[(i + 1) % len(REASONS)], *row[8:]] if i % step == 0 and i // step < changed else row


def staff(people):
    for i in range(people):
        yield ["P-%d" % i, "Test Person %d" % i, "07700 900%03d" % (i % 1000), "", "person%d@example.org" % i, ""]


def put(folder, name, columns, rows):
    path = folder / name
    with path.open("w", encoding="windows-1252", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows([columns, *rows])
    then = time.time() - 600  # a file that just changed may not be whole yet
    os.utime(path, (then, then))
    return path


class Source:
    """A folder of HR's, with a database and a topic of its own."""

    def __init__(self, name, dsn, brokers, place):
        self.name, self.brokers, self.topic = name, brokers, "bench.feed." + name
        self.folder = place / name
        self.folder.mkdir(mode=0o700)
        bench.topic_new(brokers, self.topic)
        self.database = bench.database_new(dsn, "bench_feed_" + name)
        login = "bench_feed_" + name
        bench.sql(self.database, "create role %s login password '%s' in role dayfour_feed" % (login, PASSWORD))
        clean = {k: v for k, v in os.environ.items() if not k.startswith("DAYFOUR_")}
        self.env = {**clean, "PG_DSN": dsn_of(self.database, login, PASSWORD), "KAFKA_BROKERS": brokers,
                    "DAYFOUR_KAFKA_TOPIC_ABSENCES": self.topic, "DAYFOUR_FEED_KEY_FILE": str(place / (name + ".key"))}

    def end(self):
        bench.sql(self.database, "drop owned by bench_feed_%s; drop role bench_feed_%s" % (self.name, self.name))

    def take(self, *more):
        """Runs `feed run`. Returns what it logged of the extract that it took, and what the run cost."""
        out, wrong = self.folder.parent / (self.name + ".out"), self.folder.parent / (self.name + ".err")
        with out.open("w", encoding="utf-8") as file, wrong.open("w", encoding="utf-8") as said:
            began, peak, pid = time.monotonic(), 0, 0
            with subprocess.Popen([bench.BIN / "dayfour", "feed", "run", MAPPING, "--in", self.folder, *more],
                                  env=self.env, stdout=file, stderr=said) as program:
                while pid == 0:  # the kernel's own figure of the most would count this script's before the start
                    peak = max(peak, memory_mib(program.pid, "VmHWM"))
                    pid, status, used = os.wait4(program.pid, os.WNOHANG)
                    time.sleep(0.005)
                program.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.monotonic() - began
        lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
        taken = [line for line in lines if line.get("event") == "feed_taken"]
        if program.returncode != 0 or len(taken) != 1:
            sys.exit("feed run: exit %d, %d files taken\n%s" % (program.returncode, len(taken), wrong.read_text()[-2000:]))
        counts = {name: taken[0][name] for name in ("rows", "events", "opened", "amended", "closed", "rejected")}
        return {**counts, "seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "MiB": peak}


def split_only(path):
    """Seconds to read the file, decode it and split its lines, and nothing else."""
    began = time.monotonic()
    with path.open(encoding="windows-1252", newline="") as file:
        for _ in csv.reader(file):
            pass
    return time.monotonic() - began


def send_only(brokers, topic, messages):
    """Seconds for a producer of as many messages, as fast as the broker takes them."""
    bench.topic_new(brokers, topic)
    rate = bench.run(bench.BIN / "bench_topic", "produce", brokers, topic, messages, 1, messages, bench.days_since_1970())
    return messages / float(rate)


def measured(source, path, wanted, *more):
    """A file taken, beside its ceilings. wanted: the events about absences that the file must make."""
    split = split_only(path)
    took = source.take(*more)
    took["split"] = split
    took["send"] = send_only(source.brokers, "%s.%s.ceiling" % (source.topic, path.stem), max(1, wanted))
    took["exact"] = took["opened"] + took["amended"] + took["closed"] == wanted and took["rejected"] == 0
    return took


def show(name, f):
    print("%-22s %8d rows, %7d events  %6.2f s, %6.2f s of CPU, %5.1f MiB  split alone %.2f s, send alone %.2f s%s" % (
        name, f["rows"], f["events"], f["seconds"], f["cpu"], f["MiB"], f["split"], f["send"],
        "" if f["exact"] else "  NOT EXACT"), flush=True)


def run(args, place):
    dsn, brokers = os.environ["PG_DSN"], os.environ["KAFKA_BROKERS"]
    today = datetime.date.today() - datetime.timedelta(days=2)
    names = ["RW3_sickness_%s_0600.csv" % (today + datetime.timedelta(days=n)).strftime("%Y%m%d") for n in (0, 1)]
    report = {}
    nightly, first = [Source(name, dsn, brokers, place) for name in ("nightly", "first")]
    try:
        put(first.folder, "RW3_staff_%s_0500.csv" % today.strftime("%Y%m%d"), STAFF, staff(args.first // ROWS_A_PERSON))
        path = put(first.folder, names[0], COLUMNS, roster(args.first, today))
        report["the first file"] = measured(first, path, args.first, "--first")
        show("the first file", report["the first file"])

        rows = list(roster(args.rows, today))
        put(nightly.folder, "RW3_staff_%s_0500.csv" % today.strftime("%Y%m%d"), STAFF, staff(args.rows // ROWS_A_PERSON))
        put(nightly.folder, names[0], COLUMNS, rows)
        nightly.take("--first")
        path = put(nightly.folder, names[1], COLUMNS, next_night(rows, args.changed))
        report["the next night"] = measured(nightly, path, args.changed)
        show("the next night", report["the next night"])
    finally:
        for source in (nightly, first):
            source.end()
    return report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=60000)
    parser.add_argument("--changed", type=int, default=300)
    parser.add_argument("--first", type=int, default=120000)
    parser.add_argument("--json")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dayfour-bench-feed.") as folder:
        report = run(args, Path(folder))
    if args.json:
        Path(args.json).write_text(json.dumps({**report, "load": os.getloadavg()[0]}, indent=1), encoding="utf-8")
    return 0 if all(f["exact"] for f in report.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
