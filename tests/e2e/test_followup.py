#!/usr/bin/env python3
"""e2e.followup: what goes out, against the reference model."""
import sys

import compare
import harness
from followup_stage import FollowupStage, compare_said
from harness import expect

import ledger

NOW = "2026-09-15T10:30:00Z"


def fixed(partitions):
    with harness.tempfile.TemporaryDirectory() as folder:
        return compare.fixed_set(harness.Path(folder), partitions, NOW)


def whole(around):
    """The fixed 2,000 at one instant: each event of the model's once, dead letters byte for byte."""
    lines = fixed(2)
    world = compare.new_world()
    expected = ledger.simulate(world, lines, [compare.dates.parse_instant(NOW)])
    with FollowupStage(around, 2, now=NOW) as stage:
        stage.start_intake()
        stage.wait_taken(stage.publish(lines))
        followup = stage.start_followup()
        stage.wait_idle()
        compare_said(expected, stage.events())
        expect(len(stage.records("dead-letter")) == 50, "not 50 dead letters")
        expect(followup.stop() == 0, "followup did not end with 0: %s" % followup.tail())


CASES = {"whole": whole}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
