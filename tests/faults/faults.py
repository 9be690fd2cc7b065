#!/usr/bin/env python3
"""faults: a known stream of events, two intakes, two followups, real servers, and a nemesis that
kills, freezes and cuts at random times; at the end every effect is there exactly once.

    ./run faults [--minutes N] [--seed S]

The clock of the services stands still, so that what must come out does not depend on when anything
happened: rows as the reference model has them; of each event that stands one emission, on its topic
once under read_committed; of every emission its record and, if taken back, its withdrawal, once;
dead letters exactly, positions never back. A violation prints the seed and keeps the evidence.
"""
import argparse
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(Path(__file__).resolve().parent)]
import compare  # noqa: E402
import harness  # noqa: E402
from followup_stage import TOPICS, FollowupStage  # noqa: E402
from harness import Failure, NotRun, expect, until  # noqa: E402
from proxy import Proxy  # noqa: E402

import dates  # noqa: E402
import histories  # noqa: E402
import ledger  # noqa: E402

EVIDENCE = ROOT / "build" / "faults"
PARTITIONS = 6
SHARDS = "2"
PERSONS_A_MINUTE = 700
CHUNK = 60
PAIRS = {"intake": 2, "followup": 2}
QUIET = 120  # seconds to settle, once nothing is disturbed any more


class Actor:
    """One of the four services, started again when it was killed."""

    def __init__(self, run, kind):
        self.run, self.kind = run, kind
        self.service = None
        self.expected_dead = False
        self.start()

    def start(self):
        dsn = "%s host=127.0.0.1 port=%d" % (self.run.stage.dsn(self.kind), self.run.proxy.port)
        self.expected_dead = False
        if self.kind == "intake":
            self.service = self.run.stage.start_intake(
                wait=False, pg__dsn=dsn, log__level="info")
        else:
            self.service = self.run.stage.start_followup(
                wait=None, pg__dsn=dsn, log__level="info", followup__shards=SHARDS)

    def kill(self):
        self.expected_dead = True
        self.service.signal(signal.SIGCONT)
        self.service.kill()

    def check(self):
        if not self.expected_dead and not self.service.running:
            raise Failure("%s gave up with %s: %s" % (
                self.service.name, self.service.process.returncode, self.service.tail()))


class Run:
    def __init__(self, around, seed, minutes):
        self.around, self.seed, self.minutes = around, seed, minutes
        self.rng = random.Random("nemesis/%d" % seed)
        self.counts = collections.Counter()
        self.told = {}
        settings = histories.settings_document()
        lines = histories.history(seed, int(PERSONS_A_MINUTE * minutes), messages_only=True)
        self.now = lines[-1]["at"]
        self.lines = [{**line, "at": self.now, "partition": line["partition"] % PARTITIONS}
                      for line in lines]
        self.world = compare.new_world(settings)
        self.stage = FollowupStage(around, PARTITIONS, settings, now=self.now)
        target = dict(word.split("=", 1) for word in around.dsn.split())
        self.proxy = Proxy((target["host"], int(target["port"])), seed)
        self.published = 0
        self.ends = {}
        self.publishing = None
        self.trouble = None
        self.actors = []

    # --- the stream

    def publish_all(self, seconds):
        """Evenly over the time there is; the broker's outages only delay it."""
        began = time.monotonic()
        try:
            for at in range(0, len(self.lines), CHUNK):
                due = began + seconds * at / len(self.lines)
                time.sleep(max(0.0, due - time.monotonic()))
                self.ends = self.stage.publish(self.lines[at:at + CHUNK])
                self.published = min(at + CHUNK, len(self.lines))
        except Exception as problem:  # told by the main thread
            self.trouble = problem

    # --- the nemesis

    def pick(self):
        return self.rng.choice(self.actors)

    def kill_service(self):
        actor = self.pick()
        actor.kill()
        time.sleep(self.rng.choice([0, 0.3, 2]))
        actor.start()
        self.counts["services killed"] += 1

    def freeze_service(self):
        actor = self.pick()
        actor.service.signal(signal.SIGSTOP)
        time.sleep(self.rng.choice([0.5, 2, 5, 13]))
        actor.service.signal(signal.SIGCONT)
        self.counts["services frozen"] += 1

    def freeze_two(self):
        one, other = self.rng.sample(self.actors, 2)
        one.service.signal(signal.SIGSTOP)
        time.sleep(self.rng.choice([1, 5, 12]))
        other.service.signal(signal.SIGSTOP)
        one.service.signal(signal.SIGCONT)
        time.sleep(self.rng.choice([1, 5]))
        other.service.signal(signal.SIGCONT)
        self.counts["services frozen"] += 2

    def crash_broker(self):
        self.around.server("kill", "kafka")
        time.sleep(self.rng.choice([0, 1, 4]))
        self.around.server("start", "kafka")
        self.counts["broker killed"] += 1

    def freeze_broker(self):
        self.around.server("pause", "kafka")
        time.sleep(self.rng.choice([1, 4, 8]))
        self.around.server("resume", "kafka")
        self.counts["broker frozen"] += 1

    def crash_database(self):
        self.around.server("kill", "postgres")
        time.sleep(self.rng.choice([0, 0.5, 3]))
        self.around.server("start", "postgres")
        self.counts["database crashed"] += 1

    def cut_sessions(self):
        self.proxy.cut_all()
        self.counts["sessions cut"] += 1

    def cut_commits(self):
        self.proxy.cut_commits(self.rng.choice([1, 2, 5]))
        self.counts["commits to cut"] += 1

    def slow_down(self):
        self.proxy.delay = self.rng.choice([0.005, 0.05, 0.3])
        time.sleep(self.rng.uniform(1, 4))
        self.proxy.delay = 0.0
        self.counts["database slowed"] += 1

    def part_network(self):
        self.proxy.dark = True
        time.sleep(self.rng.choice([1, 4, 12]))
        self.proxy.dark = False
        self.counts["database out of reach"] += 1

    def storm(self):
        """Members of the group that come and go."""
        for _ in range(self.rng.randint(2, 4)):
            extra = Actor(self, "intake")
            time.sleep(self.rng.uniform(0.3, 2))
            if self.rng.random() < 0.5:
                extra.kill()
            else:
                extra.expected_dead = True
                expect(extra.service.stop(15) == 0, "an intake did not stop: %s"
                       % extra.service.tail())
            self.counts["rebalances forced"] += 2

    def kill_both(self):
        """Both of a kind at once."""
        kind = self.rng.choice(["intake", "followup"])
        for actor in self.actors:
            if actor.kind == kind:
                actor.kill()
                self.counts["services killed"] += 1
        for actor in self.actors:
            if actor.kind == kind:
                actor.start()

    def nemesis(self):
        deeds = [(self.kill_service, 6), (self.freeze_service, 4), (self.freeze_two, 2),
                 (self.crash_broker, 1), (self.freeze_broker, 1), (self.crash_database, 2),
                 (self.cut_sessions, 3), (self.cut_commits, 6), (self.slow_down, 2),
                 (self.part_network, 1), (self.storm, 2), (self.kill_both, 1)]
        return self.rng.choices([d for d, _ in deeds], [w for _, w in deeds])[0]

    def watch(self):
        """What must hold at every moment."""
        self.stage.look_at_positions()
        for row in self.stage.ask("select shard, confirmed_batch from followup.shard").split():
            shard, batch = map(int, row.split("|"))
            expect(batch >= self.told.get(shard, 0), "shard %d went back" % shard)
            self.told[shard] = batch
        for actor in self.actors:
            actor.check()
        if self.trouble is not None:
            raise Failure("the stream broke: %s" % self.trouble)

    def disturb(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(self.rng.uniform(0.2, 2.5))
            deed = self.nemesis()
            print("  %4d s  %s" % (seconds - (end - time.monotonic()), deed.__name__), flush=True)
            deed()
            self.watch()

    # --- the end

    def settle(self):
        self.proxy.calm()
        self.publishing.join(180)
        expect(not self.publishing.is_alive(), "the stream did not come to its end")
        self.watch()
        self.stage.wait_taken(self.ends, QUIET)
        self.stage.wait_idle(QUIET)
        self.watch()

    def as_published(self):
        """The lines as they stand on the topic: sent once each, whatever became of the broker."""
        by_bytes = collections.Counter()
        for line in self.lines:
            by_bytes[line["partition"], harness.value_of(line)] += 1
        lines = []
        for record in self.stage.records(self.stage.topic):
            by_bytes[record["partition"], record["value"]] -= 1
            lines.append({
                "at": self.now, "partition": record["partition"], "offset": record["offset"],
                "key_b64": b64(record["key"]), "headers": record["headers"],
                "value_b64": b64(record["value"])})
        expect(not any(by_bytes.values()), "the topic does not hold what was sent")
        return lines

    def check(self):
        lines = self.as_published()
        self.world.run(lines)
        now = dates.parse_instant(self.now)
        compare.compare_all(self.stage, self.world, lines, now)
        compare.report(self.event_differences(now) + self.letter_differences())

    def event_differences(self, now):
        rows = self.stage.rows(
            "select topic, subject || '/' || kind || '/' || occurrence as base, nth,"
            " withdrawn_at is not null as withdrawn, data::json as data from followup.emitted")
        problems = []
        on_topics = collections.Counter()
        said = {}
        for kind in ("follow-up", "return-to-work"):
            for event in self.stage.events(kind):
                on_topics[kind, event["id"]] += 1
                said[kind, event["id"]] = event
        self.counts["events published"] = sum(on_topics.values())
        problems += ["%s on its topic %d times" % (name, n) for name, n in on_topics.items()
                     if n != 1]
        expected = set()
        standing = collections.Counter()
        for row in rows:
            kind = self.kind_of(row["topic"])
            name = row["base"] if row["nth"] == 1 else "%s/%d" % (row["base"], row["nth"])
            expected.add((kind, name))
            if row["withdrawn"]:
                expected.add((kind, name + "/withdrawn"))
            else:
                standing[row["base"]] += 1
                if (kind, name) in said and said[kind, name]["data"] != row["data"]:
                    problems.append("%s says something else than was emitted" % name)
        problems += ["%s %s was emitted and is not on its topic" % n
                     for n in sorted(expected - on_topics.keys())]
        problems += ["%s %s is on its topic and was not emitted" % n
                     for n in sorted(on_topics.keys() - expected)]
        problems += ["%s stands %d times" % (n, c) for n, c in standing.items() if c != 1]
        model = {row["id"]: row for row in ledger.Ledger(self.world).standing(now)
                 if row["held"] is None}
        self.counts["events standing"] = len(standing)
        problems += ["%s stands and was not said" % name for name, row in sorted(model.items())
                     if not row["superseded"] and name not in standing]
        problems += ["%s was said and does not stand" % name
                     for name in sorted(standing.keys() - model.keys())]
        return problems

    def kind_of(self, topic):
        return TOPICS.get(topic) or next(k for k, t in self.stage.out.items() if t == topic)

    def letter_differences(self):
        found = collections.Counter()
        for record in self.stage.records("dead-letter"):
            headers = dict(record["headers"])
            found[int(headers["__connect.errors.partition"]),
                  int(headers["__connect.errors.offset"]), headers["dlq-reason"]] += 1
        expected = collections.Counter(
            (dead["partition"], dead["offset"], dead["reason"]) for dead in self.world.dead_letters)
        self.counts["dead letters"] = sum(found.values())
        return ["dead letter %s: %d on the topic, %d expected" % (name, found[name], expected[name])
                for name in sorted(found.keys() | expected.keys()) if found[name] != expected[name]]

    def carry_out(self):
        seconds = self.minutes * 60
        self.actors = [Actor(self, kind) for kind, n in PAIRS.items() for _ in range(n)]
        for actor in self.actors:
            actor.service.wait_for("ready", 60)
        self.publishing = threading.Thread(target=self.publish_all, args=(seconds * 0.9,),
                                           daemon=True)
        self.publishing.start()
        self.disturb(seconds)
        self.settle()
        self.check()
        for actor in self.actors:
            expect(actor.service.stop(15) == 0, "%s did not stop: %s" % (
                actor.service.name, actor.service.tail()))
            actor.expected_dead = True

    def keep_evidence(self):
        folder = EVIDENCE / ("%d-%s" % (self.seed, time.strftime("%H%M%S")))
        folder.mkdir(parents=True, exist_ok=True)
        for file in self.stage.dir.iterdir():
            if file.suffix in (".jsonl", ".err"):
                shutil.copy(file, folder)
        with open(folder / "database.sql", "wb") as out:
            subprocess.run(["pg_dump", "-d", self.stage.dsn()], stdout=out, check=False,
                           timeout=120)
        for kind in self.stage.out:
            with open(folder / (kind + ".json"), "w", encoding="utf-8") as out:
                json.dump(self.stage.records(kind), out, default=repr, indent=0)
        return folder

    def close(self):
        self.proxy.calm()
        self.stage.close()
        self.proxy.close()


def b64(data):
    if data is None:
        return None
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
    return harness.base64.b64encode(raw).decode()


def servers_up(around):
    """Whatever a broken run left paused or dead."""
    for name in ("kafka", "postgres"):
        for action in ("resume", "start"):
            try:
                around.server(action, name)
            except subprocess.CalledProcessError:
                pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(3), "big")
    try:
        around = harness.Surroundings()
        if not around.has_followup:
            raise NotRun("needs dayfour-followup")
    except NotRun as why:
        print("not run: %s" % why)
        return harness.NOT_RUN
    print("faults: seed %d, %g minutes" % (seed, args.minutes), flush=True)
    run = Run(around, seed, args.minutes)
    try:
        run.carry_out()
    except Exception as problem:  # a test that cannot go on has not passed either
        if not isinstance(problem, Failure):
            traceback.print_exc(file=sys.stdout)
        servers_up(around)
        run.proxy.calm()
        print("VIOLATION with seed %d after %s: %s" % (seed, dict(run.counts), problem))
        print("evidence: %s" % run.keep_evidence())
        print("cases: 0 passed, 1 failed, 0 skipped")
        return 1
    finally:
        run.close()
    run.counts["commits cut"] = run.proxy.cuts
    print("  %d messages; %s" % (len(run.lines), ", ".join(
        "%d %s" % (n, what) for what, n in sorted(run.counts.items()) if what != "commits to cut")))
    print("  0 lost, 0 doubled (seed %d)" % seed)
    print("cases: 1 passed, 0 failed, 0 skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
