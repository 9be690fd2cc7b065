"""Measures followup: a backlog, nine o'clock with a million people waiting, one message at a time.

The services run on a clock file, so that nine o'clock is when it is measured. Times of records are those
that followup's producer gives them.
"""
import datetime as dt
import os
import signal
import subprocess
import time
from pathlib import Path

from process import cpu_seconds, memory_mib

TODAY = dt.date(2026, 9, 14)  # a Monday in summer time
EARLY, NINE = "2026-09-14T07:00:00Z", "2026-09-14T08:00:00Z"
SHARE = 30  # % of a pathway
IDLE_S = 10


class Stage:
    """Topics, a database with people in it, copies of that, a clock."""

    def __init__(self, bench, dsn, brokers, people, due):
        self.bench, self.dsn, self.brokers, self.people, self.due = bench, dsn, brokers, people, due
        self.folder = Path(os.environ.get("DAYFOUR_RUN_DIR", "/tmp"))
        self.clock = self.folder / "bench-clock"
        self.days = (TODAY - dt.date(1970, 1, 1)).days
        self.set_clock(EARLY)
        bench.topic_new(brokers, "bench.followup.absences")
        bench.run(bench.BIN / "bench_followup", "fill", brokers, "bench.followup.absences", people, due, self.days,
                  SHARE)
        mine = bench.database_new(dsn, "bench_filled")
        intake = bench.Intake(mine, brokers, "bench.followup.absences", "bench-followup", self.env())
        intake.wait_for(people)
        intake.stop()
        bench.sql(mine, "vacuum analyze")

    def env(self):
        return {"DAYFOUR_CLOCK_FILE": str(self.clock)}.items()

    def set_clock(self, now):
        new = self.clock.with_suffix(".new")
        new.write_text(now + "\n")
        new.rename(self.clock)

    def copy(self, number):
        name = "bench_followup_%d" % number
        self.bench.sql(self.dsn, "drop database if exists %s" % name)
        self.bench.sql(self.dsn, "create database %s template bench_filled" % name)
        return "%s dbname=%s" % (self.dsn, name)


class Followup:
    def __init__(self, stage, dsn, number):
        self.dsn = dsn
        self.stage = stage
        self.topics = {name: "bench.followup.%s.%d" % (name, number) for name in ("oh", "hr", "dead")}
        for topic in self.topics.values():
            stage.bench.topic_new(stage.brokers, topic)
        env = {**os.environ, "PG_DSN": dsn, "KAFKA_BROKERS": stage.brokers, **dict(stage.env()),
               "DAYFOUR_KAFKA_TOPIC_FOLLOW_UP": self.topics["oh"],
               "DAYFOUR_KAFKA_TOPIC_RETURN_TO_WORK": self.topics["hr"],
               "DAYFOUR_KAFKA_TOPIC_DEAD_LETTER": self.topics["dead"],
               "DAYFOUR_KAFKA_TRANSACTIONAL_ID": "bench-followup-%d" % number}
        env.pop("DAYFOUR_BIN", None)
        self.log = open(stage.folder / "bench-followup.log", "ab")
        self.process = subprocess.Popen([stage.bench.BIN / "dayfour-followup"], stdout=self.log, env=env)

    def wait_finished(self, now, seconds=900):
        """It has nothing left to do at that instant."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.stage.bench.sql(self.dsn, "select 1 from ops.clock where finished_at = '%s'" % now):
                return time.monotonic()
            if self.process.poll() is not None:
                raise SystemExit("followup ended with %d" % self.process.returncode)
            time.sleep(0.05)
        raise SystemExit("followup did not finish")

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def peak(self):
        return memory_mib(self.process.pid, "VmHWM")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.log.close()


def cpu_of_sessions(bench, dsn):
    """The processor time of followup's sessions, by their servers' processes."""
    pids = bench.sql(dsn, "select pid from pg_stat_activity where application_name = 'dayfour-followup'").split()
    return sum(cpu_seconds(int(pid)) for pid in pids)


def one_run(stage, number, figures, keep):
    bench = stage.bench
    stage.set_clock(EARLY)
    dsn = stage.copy(number)
    backlog = int(bench.sql(dsn, "select count(*) from fact.person where oh_wake_at <= '%s' or next_wake_at <= '%s'"
                            % (EARLY, EARLY)))
    began = time.monotonic()
    followup = Followup(stage, dsn, number)
    took = followup.wait_finished(EARLY) - began
    keep("backlog", backlog / took)
    bench.sql(dsn, "vacuum analyze")
    keep("idle", idle(followup))
    waiting = int(bench.sql(dsn, "select count(*) from fact.person where next_wake_at > '%s'" % EARLY))
    cpu, sessions = followup.cpu(), cpu_of_sessions(bench, dsn)
    records = int(bench.sql(dsn, "select count(*) from followup.emitted"))
    since, began = int(time.time() * 1000), time.monotonic()
    stage.set_clock(NINE)
    took = followup.wait_finished(NINE) - began
    records = int(bench.sql(dsn, "select count(*) from followup.emitted")) - records
    keep("nine", stage.due / took)
    keep("nine_s", took)
    keep("cpu", (followup.cpu() - cpu) / stage.due * 1e6)
    keep("sessions", (cpu_of_sessions(bench, dsn) - sessions) / stage.due * 1e6)
    figures.setdefault("about", "%d waiting, %d due, %d records" % (waiting, stage.due, records))
    half, _, most, _ = bench.run(bench.BIN / "bench_followup", "watch", stage.brokers, followup.topics["hr"],
                                 stage.due, since).split()
    keep("burst_p50", float(half) / 1000)
    keep("burst_p99", float(most) / 1000)
    keep("peak", followup.peak())
    return followup, dsn


def idle(followup):
    before = followup.cpu()
    time.sleep(IDLE_S)
    return (followup.cpu() - before) / IDLE_S * 100


def latencies(stage, followup, dsn, events, keep):
    """Measures one event at a time through both services, with everybody else waiting."""
    intake = stage.bench.Intake(dsn, stage.brokers, "bench.followup.absences", "bench-latency", stage.env())
    time.sleep(5)
    told = stage.bench.run(stage.bench.BIN / "bench_followup", "latency", stage.brokers, "bench.followup.absences",
                           followup.topics["oh"], events, 50, stage.days).split()
    for name, value in zip(("p50", "p90", "p99", "most"), told):
        keep("latency_" + name, float(value))
    intake.stop()


NAMES = [("backlog", "followup, a backlog of new tasks", "people/s"),
         ("nine", "followup, woken at nine", "people/s"),
         ("nine_s", "followup, all of nine o'clock told", "s"),
         ("burst_p50", "nine o'clock to topic, p50", "s"), ("burst_p99", "nine o'clock to topic, p99", "s"),
         ("cpu", "followup, own CPU per million woken", "s"),
         ("sessions", "its database sessions' CPU per million", "s"),
         ("idle", "followup idle, share of a core", "%"), ("peak", "followup, peak resident memory", "MiB"),
         ("latency_p50", "message to task on topic, p50", "ms"), ("latency_p90", "message to task on topic, p90", "ms"),
         ("latency_p99", "message to task on topic, p99", "ms"),
         ("latency_most", "message to task on topic, slowest", "ms")]


def measure(bench, figures, dsn, brokers, people, due, repeat, events):
    stage = Stage(bench, dsn, brokers, people, due)
    values, about = {}, {}

    def keep(name, value):
        values.setdefault(name, []).append(value)
    for number in range(repeat):
        followup, mine = one_run(stage, number, about, keep)
        if number == repeat - 1:
            latencies(stage, followup, mine, events, keep)
        followup.stop()
    for name, title, unit in NAMES:
        figures.add(title, values[name], unit, about["about"] if name == "nine" else "")
