#!/usr/bin/env python3
"""faults: a known stream of events, two intakes, two followups, real servers, and a nemesis that
kills, freezes and cuts at random times; at the end every effect is there exactly once.

    ./run faults [--cluster [--asynchronous]] [--minutes N] [--seed S] [--ledger FILE]

The clock of the services stands still between the nemesis' steps of it, forward and back, and in the end
at the latest instant of all, so that what must come out hardly depends on when anything happened
(clocksteps.py has what does): rows as the reference model has them; of each event that stands one emission, on its topic
once under read_committed; of every emission its record and, if taken back, its withdrawal, once;
dead letters exactly, positions never back. A violation prints the seed and keeps the evidence.
Where the harness itself waits in vain there is no verdict: neither passed nor failed, status 3, and
the evidence is kept too. One line of JSON for each run goes to the ledger.
"""
import argparse
import collections
import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(Path(__file__).resolve().parent)]
import compare  # noqa: E402
import harness  # noqa: E402
from followup_stage import FollowupStage  # noqa: E402
from harness import Failure, NotRun  # noqa: E402
from clocksteps import ClockSteps  # noqa: E402
from nemesis import PATIENCE, STUCK, Nemesis  # noqa: E402
from proxy import KafkaProxy, Proxy  # noqa: E402
from smalldisk import NoSmallDisk, SmallDisk  # noqa: E402
from verdict import COUNTED, NoVerdict, Violation, check, demand, remember  # noqa: E402

import histories  # noqa: E402

EVIDENCE = ROOT / "build" / "faults"
PARTITIONS = 6
SHARDS = "2"
PERSONS_A_MINUTE = 400
CHUNK = 25
PAIRS = {"intake": 2, "followup": 2}
NO_VERDICT = 3
DIED_EARLY = -signal.SIGTERM  # asked to stop before it had begun to listen for that


class Actor:
    """A service of the four, started again when it was killed."""

    def __init__(self, run, kind):
        self.run, self.kind = run, kind
        self.service = None
        self.expected_dead = False
        self.start()

    def start(self):
        settings = {**self.run.ways(self.kind), "log__level": "info"}
        self.expected_dead = False
        self.run.stage.host = self.run.next_host()
        if self.kind == "intake":
            self.service = self.run.stage.start_intake(
                wait=False, kafka__prop__topic__metadata__refresh__interval__ms="5000", **settings)
        else:
            self.service = self.run.stage.start_followup(
                wait=None, followup__shards=SHARDS, **settings)

    def kill(self):
        self.expected_dead = True
        self.service.signal(signal.SIGCONT)
        self.service.kill()

    def end(self):
        """Asks it to stop; waits for that as long as a busy machine may take."""
        self.expected_dead = True
        self.service.signal(signal.SIGTERM)
        try:
            code = self.service.process.wait(PATIENCE)
        except subprocess.TimeoutExpired as slow:
            raise NoVerdict("%s did not end: %s" % (self.service.name, self.service.tail())) from slow
        early = code == DIED_EARLY and not self.service.log.read_text()
        demand(code == 0 or early, "gave up", "%s did not stop but ended with %s: %s" % (
            self.service.name, code, self.service.tail()))

    def check(self):
        demand(self.expected_dead or self.service.running, "gave up", "%s gave up with %s: %s" % (
            self.service.name, self.service.process.returncode, self.service.tail()))


class Run:
    where = "one server of each kind"
    asynchronous = False  # a database may lose its last commits: records may come again

    def __init__(self, around, seed, minutes):
        self.around, self.seed, self.minutes = around, seed, minutes
        self.commit = commit()
        self.counts = collections.Counter()
        self.told = {}
        settings = histories.settings_document()
        lines = histories.history(seed, int(PERSONS_A_MINUTE * minutes), messages_only=True)
        self.now = lines[-1]["at"]
        self.lines = [{**line, "at": self.now, "partition": line["partition"] % PARTITIONS}
                      for line in lines]
        self.world = compare.new_world(settings)
        self.stage = self.new_stage(settings)
        self.clock = ClockSteps(self)
        self.nemesis = self.new_nemesis()
        self.ends = {}
        self.publishing = None
        self.trouble = None
        self.actors = []

    # --- one server of each kind, behind proxies

    def new_stage(self, settings):
        return FollowupStage(self.around, PARTITIONS, settings, now=self.now)

    def new_nemesis(self):
        self.disk = self.small_disk()
        target = dict(word.split("=", 1) for word in self.around.dsn.split())
        self.proxy = Proxy((target["host"], int(target["port"])), self.seed)
        host, _, port = self.around.brokers.rpartition(":")
        self.kafka_proxy = KafkaProxy((host, int(port)), self.seed)
        return Nemesis(self)

    def ways(self, kind):
        """The settings by which a service finds its servers."""
        return {"pg__dsn": "%s host=127.0.0.1 port=%d" % (self.stage.dsn(kind), self.proxy.port),
                "kafka__brokers": "127.0.0.1:%d" % self.kafka_proxy.port}

    def next_host(self):
        return ()

    def cuts(self):
        return {"commits cut": self.proxy.cuts, "ends of transactions cut": self.kafka_proxy.cuts}

    def servers_up(self):
        """Everything that a broken run left paused or dead."""
        for name in ("kafka", "postgres"):
            for action in ("resume", "start"):
                try:
                    self.nemesis.server(action, name)
                except NoVerdict as problem:
                    print("  %s" % problem)

    def server_logs(self):
        return [self.around.run_dir / "kafka" / "log", self.around.run_dir / "log/postgres.log"]

    def small_disk(self):
        try:
            return SmallDisk(self.stage, self.around.run_dir)
        except NoSmallDisk as why:
            print("  %s: disk full is left out" % why, flush=True)
            return None

    def new_actor(self, kind):
        return Actor(self, kind)

    # --- the stream

    def publish_all(self, seconds):
        """Evenly over the time there is; the broker's outages only delay it."""
        began = time.monotonic()
        try:
            for at in range(0, len(self.lines), CHUNK):
                due = began + seconds * at / len(self.lines)
                time.sleep(max(0.0, due - time.monotonic()))
                self.ends = {**self.ends, **self.stage.publish(self.lines[at:at + CHUNK])}
        except Exception as problem:  # told by the main thread
            self.trouble = problem

    # --- what must hold at every moment

    def look_at_actors(self):
        for actor in self.actors:
            actor.check()
        if self.trouble is not None:
            raise NoVerdict("the stream broke: %s" % self.trouble)

    def watch(self):
        before = dict(self.stage.positions)
        try:
            self.stage.look_at_positions()
        except Failure as back:
            raise Violation([("doubled", "%s, from %s" % (back, before))]) from back
        for row in self.stage.ask("select shard, confirmed_batch from followup.shard").split():
            shard, batch = map(int, row.split("|"))
            demand(batch >= self.told.get(shard, 0), "doubled", "shard %d went back" % shard)
            self.told[shard] = batch
        self.look_at_actors()

    # --- the end

    def all_done(self, state):
        at, _, idle = state
        return idle and all(at.get(p, 0) >= n for p, n in self.ends.items()) and self.stage.is_idle()

    def settle(self):
        """Nothing is disturbed any more: as long as something moves it is waited for."""
        self.calm()
        self.clock.to_latest()
        self.publishing.join(PATIENCE)
        if self.publishing.is_alive():
            raise NoVerdict("the stream did not come to its end")
        moved, before, began = time.monotonic(), None, time.monotonic()
        while True:
            self.watch()
            state = self.nemesis.state()
            if state is not None and self.all_done(state):
                return
            now = time.monotonic()
            if state != before:
                moved, before = now, state
            if now - moved > STUCK:
                self.nemesis.stuck("in the end, nothing has moved for %d s: %s" % (STUCK, state))
            if now - began > 2 * PATIENCE:
                raise NoVerdict("it moves, but does not come to its end: %s" % (state,))
            time.sleep(0.1)

    def carry_out(self):
        seconds = self.minutes * 60
        self.actors = [self.new_actor(kind) for kind, n in PAIRS.items() for _ in range(n)]
        for actor in self.actors:
            actor.service.wait_for("ready", PATIENCE)
        self.publishing = threading.Thread(target=self.publish_all, args=(seconds,), daemon=True)
        self.publishing.start()
        self.nemesis.disturb(seconds)
        self.settle()
        check(self)
        for actor in self.actors:
            actor.end()

    def keep_evidence(self):
        folder = EVIDENCE / ("%d-%s" % (self.seed, time.strftime("%H%M%S")))
        folder.mkdir(parents=True, exist_ok=True)
        for file in self.stage.dir.iterdir():
            if file.suffix in (".jsonl", ".err"):
                shutil.copy(file, folder)
        for log in self.server_logs():
            if log.exists():
                shutil.copy(log, folder / ("%s-%s" % (log.parent.name, log.name)))
        with open(folder / "database.sql", "wb") as out:
            subprocess.run(["pg_dump", "-d", self.stage.dsn()], stdout=out, check=False,
                           timeout=PATIENCE)
        for kind in [*self.stage.out, self.stage.topic]:
            try:
                with open(folder / (kind + ".json"), "w", encoding="utf-8") as out:
                    json.dump(self.stage.records(kind), out, default=repr, indent=0)
            except (Failure, subprocess.TimeoutExpired) as problem:
                print("  %s could not be kept: %s" % (kind, problem))
        return folder

    def calm(self):
        self.proxy.calm()
        self.kafka_proxy.calm()

    def close(self):
        self.calm()
        self.nemesis.close()
        self.stage.close()
        if self.disk is not None:
            self.disk.close()
        self.proxy.close()
        self.kafka_proxy.close()


def commit():
    """What was tried; with a + where more was changed, "?" outside a repository."""
    here = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"],
                          capture_output=True, text=True, check=False)
    changed = subprocess.run(["git", "-C", ROOT, "status", "--porcelain", "--", "common", "services",
                              "schemas", "tests"], capture_output=True, text=True, check=False)
    return (here.stdout.strip() or "?") + ("+" if changed.stdout.strip() else "")


def line_of(run, verdict, problems, why):
    """The lines of the ledger."""
    n = run.nemesis
    return {"date": datetime.date.today().isoformat(), "seed": run.seed, "commit": run.commit,
            "minutes": run.minutes, "where": run.where, "verdict": verdict, **problems, "why": why[:300],
            "actions": dict(sorted(n.deeds.items())), "side": dict(sorted(n.side.items())),
            "recoveries": {name: took for name, took in sorted(n.recoveries.items())},
            "messages": len(run.lines), "events published": run.counts["events published"],
            "dead letters": run.counts["dead letters"], "load": round(os.getloadavg()[1], 1)}


def carried_out(run):
    """(verdict, what was found, why)."""
    nothing = {kind: 0 for kind in COUNTED}
    try:
        run.carry_out()
        return "passed", nothing, ""
    except Violation as found:
        return "violation", found.counts(), str(found)
    except Exception as problem:  # of the harness: it proves nothing, one way or the other
        if not isinstance(problem, (Failure, NoVerdict)):
            traceback.print_exc(file=sys.stdout)
        return "none", nothing, "%s: %s" % (type(problem).__name__, problem)


def new_run(around, seed, args):
    if not args.cluster:
        return Run(around, seed, args.minutes)
    from cluster_run import ClusterRun  # it needs this module
    return ClusterRun(around, seed, args.minutes, args.asynchronous)


def tell(line):
    done = sum(line["actions"].values())
    print("  %d messages, %d events out, %d dead letters; %d actions: %s" % (
        line["messages"], line["events published"], line["dead letters"], done, ", ".join(
            "%d %s" % (n, what) for what, n in line["actions"].items())))
    for name, took in line["recoveries"].items():
        took = sorted(took)
        print("  recovered from %s: median %.1f s, worst %.1f s, of %d" % (
            name, took[len(took) // 2], took[-1], len(took)))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what it made goes too
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--ledger", type=Path, default=EVIDENCE / "ledger.jsonl")
    parser.add_argument("--cluster", action="store_true", help="three brokers and three databases, on a network")
    parser.add_argument("--asynchronous", action="store_true",
                        help="with --cluster: now and then a standby that lacks commits is promoted")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(3), "big")
    try:
        around = harness.Surroundings()
        if not around.has_followup:
            raise NotRun("needs dayfour-followup")
    except NotRun as why:
        print("not run: %s" % why)
        return harness.NOT_RUN
    print("faults: seed %d, %g minutes%s" % (seed, args.minutes, ", a cluster" if args.cluster else ""), flush=True)
    try:
        run = new_run(around, seed, args)
    except (Failure, subprocess.TimeoutExpired) as problem:
        print("NO VERDICT with seed %d, nothing was begun: %s" % (seed, problem))
        print("cases: 0 passed, 0 failed, 1 skipped")
        return NO_VERDICT
    try:
        verdict, problems, why = carried_out(run)
        run.nemesis.side.update(run.cuts())
        line = line_of(run, verdict, problems, why)
        remember(args.ledger, line)
        tell(line)
        if verdict != "passed":
            print("%s with seed %d after %s: %s" % (
                "VIOLATION" if verdict == "violation" else "NO VERDICT", seed, run.nemesis.last, why))
            run.servers_up()
            run.calm()
            print("evidence: %s" % run.keep_evidence(), flush=True)
    finally:
        run.close()
    if verdict == "passed":
        print("  0 lost, 0 doubled, 0 stuck (seed %d)" % seed)
    print("cases: %d passed, %d failed, %d skipped" % (
        verdict == "passed", verdict == "violation", verdict == "none"))
    return {"passed": 0, "violation": 1}.get(verdict, NO_VERDICT)


if __name__ == "__main__":
    sys.exit(main())
