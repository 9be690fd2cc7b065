#!/usr/bin/env python3
"""Measures intake and followup beside the ceilings of the same machine, in one run. Called by tests/bench/run.sh.

Prints a text report; --json FILE writes it for programs. --quick: under two minutes, fails only on absurdity.
"""
import argparse
import datetime as dt
import json
import os
import platform
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts" / "demo"), str(ROOT / "tests" / "e2e")]
import bench_followup  # noqa: E402  pylint: disable=wrong-import-position
import plot  # noqa: E402  pylint: disable=wrong-import-position
from database import Database  # noqa: E402  pylint: disable=wrong-import-position
from process import cpu_seconds, descriptors, memory_mib  # noqa: E402  pylint: disable=wrong-import-position

BIN = ROOT / "build/bench/bin"
PARTITIONS = 8
SUSTAINED = 5000000  # events: what the aim for intake is about


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        sys.exit("%s: exit %d\n%s" % (command[0], done.returncode, done.stderr[-2000:]))
    return done.stdout


def sql(dsn, statement):
    return run("psql", dsn, "-XAtqc", statement).strip()


class Figures:
    """Every figure: its repeats, their median and range."""

    def __init__(self):
        self.rows = []

    def add(self, name, values, unit, note=""):
        values = [float(v) for v in values]
        self.rows.append({"name": name, "median": statistics.median(values), "min": min(values), "max": max(values),
                          "n": len(values), "unit": unit, "note": note})
        row = self.rows[-1]
        spread = "" if len(values) == 1 else "  (%s-%s, n=%d)" % (short(row["min"]), short(row["max"]), len(values))
        print("%-44s %12s %-10s%s %s" % (name, short(row["median"]), unit, spread, note), flush=True)

    def __getitem__(self, name):
        return next(r["median"] for r in self.rows if r["name"] == name)


def short(value):
    return "%.0f" % value if value >= 100 else "%.3g" % value


def topic_new(brokers, name):
    run(sys.executable, ROOT / "deploy/kafka/topics.py", "--brokers", brokers, "create", "%s:%d" % (name, PARTITIONS))


def database_new(dsn, name):
    sql(dsn, 'drop database if exists "%s"' % name)
    sql(dsn, 'create database "%s"' % name)
    mine = dsn + " dbname=" + name
    run(BIN / "dayfour", "migrate", env={**os.environ, "PG_DSN": mine})
    return mine


class Intake:
    """Measures one intake from its start with a full topic until all is committed."""

    def __init__(self, dsn, brokers, topic, group, extra=()):
        env = {**os.environ, "PG_DSN": dsn, "KAFKA_BROKERS": brokers, "DAYFOUR_KAFKA_TOPIC_ABSENCES": topic,
               "DAYFOUR_KAFKA_GROUP": group, **dict(extra)}
        env.pop("DAYFOUR_BIN", None)
        self.watch = Database(dsn=dsn)
        self.topic = topic
        self.seen = []  # when, events committed, CPU seconds of intake and its sessions until then
        self.sessions = []
        self.early = None  # memory and descriptors once a tenth is stored
        self.log = open(os.devnull, "wb")
        self.process = subprocess.Popen([BIN / "dayfour-intake"], stdout=self.log, env=env)

    def taken(self):
        return int(self.watch.run("select coalesce(sum(next_offset), 0) from intake.position where topic = '%s'"
                                  % self.topic)[0])

    def wait_for(self, events, seconds=1800):
        """Events a second, from the first committed batch's sight to the last's."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            taken = self.taken()
            if taken > 0:
                self.seen.append((time.monotonic(), taken, self.cpu_seconds() + self.cpu_of_sessions()))
            if self.early is None and taken >= events // 10:
                self.early = self.holds()
            if taken >= events:
                return self.rate(0, 1)
            if self.process.poll() is not None:
                sys.exit("intake ended with %d" % self.process.returncode)
            time.sleep(0.1)
        sys.exit("intake did not finish: %d of %d" % (self.taken(), events))

    def rate(self, begin, end):
        """Events a second between these shares of all events."""
        most = self.seen[-1][1]
        part = [one for one in self.seen if begin * most <= one[1] <= end * most]
        if len(part) < 2:
            return 0
        (began, first, _), (ended, last, _) = part[0], part[-1]
        return (last - first) / (ended - began)

    def costs(self, parts=10):
        """For each tenth of the events: how many were stored at its end, and CPU microseconds an event took."""
        ends = [0]
        for n in range(1, parts + 1):
            ends.append(next(i for i, one in enumerate(self.seen) if one[1] >= self.seen[-1][1] * n / parts))
        return [(self.seen[b][1], (self.seen[b][2] - self.seen[a][2]) / (self.seen[b][1] - self.seen[a][1]) * 1e6)
                for a, b in zip(ends, ends[1:]) if b > a]

    def holds(self):
        return self.status("VmHWM"), descriptors(self.process.pid)

    def status(self, field):
        return memory_mib(self.process.pid, field)

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def cpu_of_sessions(self):
        if not self.sessions:
            self.sessions = [int(pid) for pid in self.watch.run(
                "select pid from pg_stat_activity where application_name = 'dayfour-intake'")]
        return sum(cpu_seconds(pid) for pid in self.sessions)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.watch.close()
        self.log.close()


def machine(dsn):
    cpu = next((l.split(":", 1)[1].strip() for l in Path("/proc/cpuinfo").read_text().splitlines()
                if l.startswith("model name")), "?")
    return {"date": dt.date.today().isoformat(), "cpu": cpu, "cores": os.cpu_count(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            "system": platform.platform(), "postgresql": sql(dsn, "show server_version"),
            "commit": run("git", "-C", ROOT, "rev-parse", "--short", "HEAD").strip() if shutil.which("git") else "?",
            "settings": sql(dsn, "select string_agg(name || '=' || setting, ' ' order by name) from pg_settings where name"
                                 " in ('shared_buffers','fsync','synchronous_commit','max_wal_size','wal_compression')")}


def ceilings(figures, dsn, brokers, topic, events, repeat, today):
    figures.add("produce", [run(BIN / "bench_topic", "produce", brokers, topic, events, 1, int(events * 0.4), today)],
                "events/s")
    figures.add("raw consume", [run(BIN / "bench_topic", "consume", brokers, topic, events) for _ in range(repeat)],
                "events/s")
    for line in run(BIN / "bench_pure", ROOT / "deploy/settings/pathways.json", today).splitlines():
        name, value, unit = line.split(" ", 2)
        figures.add({"decode": "strict decode alone, one core"}.get(name, name), [value], unit)
    for rows, people in ((60000, 30000), (120000, 60000), (500000, 60000)):
        for line in run(BIN / "bench_feed", rows, people, 300).splitlines():
            name, value, unit = line.split(" ", 2)
            figures.add("feed, %d rows, %s" % (rows, {"first": "a first file", "night": "a night with 300 changes",
                                                      "memory": "peak memory"}[name]), [value], unit)
    rows = max(events // 2, 100000)
    for kind, connections in (("copy", 1), ("upsert", 1), ("upsert", 2)):
        figures.add("%s of plain rows, %d connection%s" % (kind, connections, "s" if connections > 1 else ""),
                    [run(BIN / "bench_rows", kind, dsn, connections, rows) for _ in range(repeat)], "rows/s")


def intake_end_to_end(figures, dsn, brokers, topic, events, repeat):
    rates, firsts, cpus, sessions, peaks, flat, grown, held = [], [], [], [], [], [], [], []
    for i in range(repeat):
        mine = database_new(dsn, "bench_%d" % i)
        sql(dsn, "checkpoint")  # what the ceilings wrote is no load of intake's
        intake = Intake(mine, brokers, topic, "bench-%d" % i)
        rates.append(intake.wait_for(events))
        cpus.append(intake.cpu_seconds() / events * 1e6)
        sessions.append(intake.cpu_of_sessions() / events * 1e6)
        peaks.append(intake.status("VmHWM"))
        firsts.append(intake.rate(0, SUSTAINED / events))
        held.append((intake.early, intake.holds()))
        costs = intake.costs()
        grown.append(costs[-1][1] / statistics.median(cost for _, cost in costs[1:4]))
        if intake.rate(0.25, 0.5) > 0:
            flat.append(intake.rate(0.75, 1) / intake.rate(0.25, 0.5))
        intake.stop()
        if i + 1 < repeat:
            sql(dsn, "drop database bench_%d" % i)
    figures.add("intake, topic to committed rows", rates, "events/s")
    if events > SUSTAINED:
        figures.add("over its first five million", firsts, "events/s")
    figures.add("intake, own CPU per million events", cpus, "s")
    figures.add("its database sessions' CPU per million", sessions, "s")
    figures.add("intake, peak resident memory", peaks, "MiB")
    figures.add("its peak until a tenth was stored", [early[0] for early, _ in held], "MiB")
    figures.add("descriptors more at the end than then", [late[1] - early[1] for early, late in held], "")
    figures.add("CPU of the last tenth beside the second to fourth", grown, "times")
    if flat:
        figures.add("intake, last quarter beside the second", flat, "of its rate")
    return "%s dbname=bench_%d" % (dsn, repeat - 1), costs


EVENT = ('{"specversion":"1.0","id":"prompt-%(n)d","source":"/hr/T01","type":"org.dayfour.absence.opened.v1","data":'
         '{"organisation":"T01","absence_id":"PROMPT-%(n)d","version":1,"person_id":"P-%(n)d","category":"sickness",'
         '"onset_date":"%(day)s","reason":{"scheme":"esr","code":"S12"}}}')


def intake_at_rest(figures, dsn, brokers, times):
    """Measures one event at a time, from the producer until its task is committed; then an idle time."""
    topic = "bench.one.at.a.time"
    topic_new(brokers, topic)
    intake = Intake(dsn, brokers, topic, "bench-prompt")
    with subprocess.Popen([BIN / "bench_topic", "drip", brokers, topic], stdin=subprocess.PIPE, text=True) as producer:
        took = []
        for n in range(times + 20):
            began = time.monotonic()
            producer.stdin.write(EVENT % {"n": n, "day": dt.date.today().isoformat()} + "\n")
            producer.stdin.flush()
            while intake.taken() <= n:
                if time.monotonic() - began > 30:
                    sys.exit("a message was not taken in within 30 s")
            if n >= 20:  # by then the sessions are warm
                took.append((time.monotonic() - began) * 1000)
            time.sleep(0.05)
        producer.stdin.close()
    took.sort()
    figures.add("message to committed task, p50", [took[len(took) // 2]], "ms")
    figures.add("message to committed task, p99", [took[int(len(took) * 0.99) - 1]], "ms")
    time.sleep(3)
    cpu = intake.cpu_seconds()
    time.sleep(20)
    figures.add("intake idle, share of a core", [(intake.cpu_seconds() - cpu) / 20 * 100], "%")
    figures.add("intake idle, resident memory", [intake.status("VmRSS")], "MiB")
    intake.stop()


def sizes(figures, dsn):
    for table in ("fact.person", "fact.absence", "fact.person_contact", "casework.spell"):
        figures.add("size of %s with indexes" % table, [int(sql(dsn, "select pg_total_relation_size('%s')" % table)) / 2**20],
                    "MiB", sql(dsn, "select count(*) || ' rows' from %s" % table))


def days_since_1970():
    return (dt.date.today() - dt.date(1970, 1, 1)).days


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1000000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--svg", help="a folder for the drawings")
    parser.add_argument("--only", choices=("intake", "followup"))
    parser.add_argument("--people", type=int, default=1200000, help="off sick while followup is measured")
    parser.add_argument("--due", type=int, default=120000, help="of whom HR is told something at nine")
    args = parser.parse_args()
    if args.quick:
        args.events, args.repeat = min(args.events, 200000), 1
        args.people, args.due = min(args.people, 120000), min(args.due, 20000)
    dsn, brokers = os.environ["PG_DSN"], os.environ["KAFKA_BROKERS"]
    today = days_since_1970()
    about = machine(dsn)
    for key, value in about.items():
        print("%-12s %s" % (key, value))
    print("data         %d events, %d partitions, 40 %% of a pathway\n" % (args.events, PARTITIONS), flush=True)
    figures = Figures()
    ratios = {}
    if args.only != "followup":
        ratios = measure_intake(figures, dsn, brokers, args, today)
    if args.only != "intake":
        bench_followup.measure(sys.modules[__name__], figures, dsn, brokers, args.people, args.due, args.repeat,
                               50 if args.quick else 300)
    print()
    for name, value in ratios.items():
        print("%-44s %12.2f" % (name, value))
    if args.json:
        Path(args.json).write_text(json.dumps({"about": about, "events": args.events, "figures": figures.rows,
                                               "ratios": ratios, "client_maxrss_kib":
                                                   resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}, indent=1))
    if args.quick and ratios.get("share of array upsert, 2 connections", 1) < 0.1:
        sys.exit("the intake is absurdly slow beside what the database can do")
    if args.quick and args.only != "intake" and figures["followup, woken at nine"] < 500:
        sys.exit("followup is absurdly slow")
    print("cases: 1 passed, 0 failed, 0 skipped")


def draw(folder, figures, costs):
    folder.mkdir(parents=True, exist_ok=True)
    names = ("strict decode alone, one core", "copy of plain rows, 1 connection", "upsert of plain rows, 1 connection",
             "upsert of plain rows, 2 connections", "intake, topic to committed rows")
    rows = [(name, figures[name]) for name in names]
    (folder / "intake.svg").write_text(plot.bars(
        "Intake beside the ceilings of the same run",
        ". ".join("%s: %.0f a second" % row for row in rows), "/s", rows))
    (folder / "growth.svg").write_text(plot.line(
        "CPU of intake and its database sessions, by events stored",
        "From %.1f microseconds an event to %.1f at %d events" % (costs[0][1], costs[-1][1], costs[-1][0]),
        "events stored", "microseconds an event", costs))


def measure_intake(figures, dsn, brokers, args, today):
    topic = "bench.absence.events"
    topic_new(brokers, topic)
    ceilings(figures, dsn, brokers, topic, args.events, args.repeat, today)
    last, costs = intake_end_to_end(figures, dsn, brokers, topic, args.events, args.repeat)
    if args.svg:
        draw(Path(args.svg), figures, costs)
    sizes(figures, last)
    intake_at_rest(figures, database_new(dsn, "bench_prompt"), brokers, 50 if args.quick else 300)
    intake = figures["intake, topic to committed rows"]
    return {"share of array upsert, 2 connections": intake / figures["upsert of plain rows, 2 connections"],
            "share of array upsert, 1 connection": intake / figures["upsert of plain rows, 1 connection"],
            "share of raw consume": intake / figures["raw consume"]}


if __name__ == "__main__":
    main()
