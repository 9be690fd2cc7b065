#!/usr/bin/env python3
"""e2e.crash: intake dies at each of its crash points and continues as if nothing had happened."""
import functools
import sys

import harness
from harness import Stage, expect
from test_fixed2000 import NOW, check, expected

PARTITIONS = 3
DIED = 137  # what a crash point exits with, as a shell tells SIGKILL
# Passed once for each assignment, the others for every batch.
FIRST = {"intake.assigned"}


def dies_at(point, around):
    lines, world = expected(PARTITIONS)
    passes = 1 if point in FIRST else 2
    with Stage(around, PARTITIONS, now=NOW) as stage:
        ends = stage.publish(lines)
        doomed = stage.start_intake({"DAYFOUR_FAULT": "%s:%d" % (point, passes)}, wait=False)
        code = doomed.wait(30)
        expect(code == DIED, "ended with %s instead of at the point: %s" % (code, doomed.tail()))
        before = stage.look_at_positions()
        expect(sum(before.values()) < len(lines), "everything was taken in before the crash")
        stage.start_intake()
        stage.wait_taken(ends)
        check(stage, lines, world)


def dies_at_every_turn(around):
    """Crashes come one after the other, each a few batches after the one before, in one stage."""
    lines, world = expected(PARTITIONS)
    with Stage(around, PARTITIONS, now=NOW) as stage:
        ends = stage.publish(lines)
        for passes, point in enumerate(harness.crash_points("intake"), 1):
            passes = 1 if point in FIRST else passes
            doomed = stage.start_intake({"DAYFOUR_FAULT": "%s:%d" % (point, passes)}, wait=False)
            expect(doomed.wait(30) == DIED, "did not die at %s: %s" % (point, doomed.tail()))
            stage.look_at_positions()
        stage.start_intake()
        stage.wait_taken(ends)
        check(stage, lines, world)


CASES = {point: functools.partial(dies_at, point) for point in harness.crash_points("intake")}
CASES["one after the other"] = dies_at_every_turn

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
