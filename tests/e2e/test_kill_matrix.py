#!/usr/bin/env python3
"""e2e.kill_matrix: followup ends at each of its crash points, as by SIGKILL, over and over: what comes
out is what the model says, each once, byte for byte as it was frozen.

    test_kill_matrix.py [--long] [--kills N] [--seed N] [POINT...]

For each point: a clock that goes on day by day, each day messages of another share of the fixed set,
and a followup that dies at the point the n-th time it passes (n by the seed: also with a batch claimed
ahead and one on its way to Kafka), then one that goes on.
"""
import argparse
import functools
import random
import sys

import compare
import harness
from followup_stage import FollowupStage, compare_said
from harness import Failure, expect, until
from test_followup import digests, fixed, frozen

import ledger

NOW = "2026-09-15T10:30:00Z"
START = compare.dates.parse_instant(NOW)
PEOPLE = 4  # at a time, so that a day has several batches
DIED = 137
ONCE = ("leased", "opened", "confirmed")  # passed once in a life, or only when all is done
SHARE = 90  # messages of a day


def day(number):
    return compare.dates.format_instant(START + number * compare.dates.DAY)


class Matrix:
    def __init__(self, kills, rng):
        self.lines = fixed(1)[:kills * SHARE]
        self.instants = [day(n) for n in range(kills)]
        for number, line in enumerate(self.lines):
            line["at"] = self.instants[number // SHARE]
        self.expected = ledger.simulate(compare.new_world(), self.lines,
                                        [compare.dates.parse_instant(at) for at in self.instants])
        self.rng = rng
        self.kept = {}
        self.kills = self.ahead = 0

    def kill(self, stage, point):
        """Dies on the way, with what it had frozen noted."""
        passes = 1 if point in ONCE else self.rng.choice((1, 1, 2, 3))
        dying = stage.start_followup({"DAYFOUR_FAULT": "followup.%s:%d" % (point, passes)}, wait=None,
                                     followup__batch_people=str(PEOPLE))
        until(lambda: not dying.running or (passes > 1 and stage.is_idle()),
              "it to end at %s: %s" % (point, dying.tail()), 30)
        if dying.running:  # fewer batches than that
            dying.kill()
        elif dying.wait(1) != DIED:
            raise Failure("it ended with %s: %s" % (dying.process.returncode, dying.tail()))
        else:
            self.kills += 1
        rows = frozen(stage)
        self.ahead += len({batch for batch, _ in rows}) > 1
        for place, digest in rows.items():
            expect(self.kept.setdefault(place, digest) == digest, "%s was frozen anew" % (place,))
        stage.free_leases()

    def go_on(self, stage):
        again = stage.start_followup(followup__batch_people=str(PEOPLE))
        stage.wait_idle(60)
        expect(again.stop() == 0, "it did not end with 0: %s" % again.tail())


def matrix(around, point, kills, seed):
    m = Matrix(kills, random.Random("%s/%s" % (seed, point)))
    with FollowupStage(around, 1, now=NOW) as stage:
        stage.start_intake()
        for at in m.instants:
            stage.step_clock(at)
            stage.wait_taken(stage.publish([line for line in m.lines if line["at"] == at]))
            m.kill(stage, point)
            m.go_on(stage)
        events = stage.events()
        compare_said(m.expected, events)
        found = digests(stage)
        lost = sum(found[digest] == 0 for digest in m.kept.values())
        twice = sum(n > 1 for n in found.values())
        expect(lost == 0 and twice == 0, "%d lost or changed, %d twice" % (lost, twice))
    expect(m.kills > kills // 2, "it died only %d times" % m.kills)
    print("  | %s | %d | %d | %d | %d | 0 | 0 |" % (
        point, m.kills, m.ahead, len(m.kept), sum(found.values())))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("points", nargs="*")
    args = parser.parse_args()
    kills = args.kills or (20 if args.long else 2)
    points = [name.split(".")[1] for name in harness.crash_points("followup")]
    print("  | point | kills | of them with two batches frozen | records frozen then | records out in"
          " the end | lost or changed | twice |")
    return harness.run({point: functools.partial(matrix, point=point, kills=kills, seed=args.seed)
                        for point in points if not args.points or point in args.points}, [])


if __name__ == "__main__":
    sys.exit(main())
