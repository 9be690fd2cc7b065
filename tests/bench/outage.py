#!/usr/bin/env python3
"""Measures the memory of both services while PostgreSQL is away and the topic is full. `./run bench outage [--minutes
N]`.

Half of the messages are taken in, then PostgreSQL is shut down for so many minutes, then all must come in. Memory and
descriptors are looked at from the second minute to the end of the outage: what grows by then fails the run.
"""
import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import bench
import bench_followup
from process import cpu_seconds, descriptors, memory_mib

GROWTH_MIB = 2


def server(do):
    subprocess.run([bench.ROOT / "run", "server", do, "postgres"], check=True, stdout=subprocess.DEVNULL)


class Held:
    """One process: MiB resident and descriptors, at each look."""

    def __init__(self, pid):
        self.pid, self.looks, self.cpu = pid, [], cpu_seconds(pid)

    def look(self):
        self.looks.append((memory_mib(self.pid, "VmRSS"), descriptors(self.pid)))

    def told(self, name, seconds):
        memory, files = zip(*self.looks)
        share = (cpu_seconds(self.pid) - self.cpu) / seconds * 100
        print("%-10s %6.1f MiB in the second minute, %6.1f at the end, %6.1f at most; %d, %d and %d descriptors;"
              " %.2f %% of a core" % (name, memory[0], memory[-1], max(memory), files[0], files[-1], max(files), share))
        return memory[-1] > memory[0] + GROWTH_MIB or files[-1] > files[0]


class Stage:
    """The stage that bench_followup.Followup needs; time is the machine's."""

    def __init__(self, brokers):
        self.bench, self.brokers, self.folder = bench, brokers, Path(os.environ.get("DAYFOUR_RUN_DIR", "/tmp"))

    def env(self):
        return {}.items()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--events", type=int, default=1000000)
    args = parser.parse_args()
    dsn, brokers = os.environ["PG_DSN"], os.environ["KAFKA_BROKERS"]
    for key, value in bench.machine(dsn).items():
        print("%-12s %s" % (key, value))
    mine = bench.database_new(dsn, "bench_outage")
    bench.topic_new(brokers, "bench.outage")
    bench.run(bench.BIN / "bench_topic", "produce", brokers, "bench.outage", args.events, 1, args.events * 2 // 5,
              bench.days_since_1970())
    intake = bench.Intake(mine, brokers, "bench.outage", "bench-outage")
    followup = bench_followup.Followup(Stage(brokers), mine, 0)
    while intake.taken() < args.events // 2:
        time.sleep(0.1)
    server("stop")
    time.sleep(60)
    held = {"intake": Held(intake.process.pid), "followup": Held(followup.process.pid)}
    began = time.monotonic()
    while not held["intake"].looks or time.monotonic() < began + args.minutes * 60 - 60:
        for one in held.values():
            one.look()
        time.sleep(5)
    seconds = time.monotonic() - began
    grew = [one.told(name, seconds) for name, one in held.items()]
    server("start")
    began = time.monotonic()
    intake.watch = bench.Database(dsn=mine)
    while intake.taken() < args.events:
        time.sleep(0.1)
    print("all %d messages taken in %.1f s after the end of %g minutes" % (args.events, time.monotonic() - began,
                                                                         args.minutes))
    followup.stop()
    intake.stop()
    if any(grew):
        sys.exit("something grew while there was nothing to do")
    print("cases: 1 passed, 0 failed, 0 skipped")


main()
