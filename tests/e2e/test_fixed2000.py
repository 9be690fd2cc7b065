#!/usr/bin/env python3
"""e2e.fixed2000: 2,000 fixed messages, 50 of them bad, against the reference model."""
import functools
import random
import sys
import time

import compare
import harness
from harness import Stage, expect

import dates

NOW = "2026-09-15T10:30:00Z"


@functools.lru_cache(maxsize=None)
def expected(partitions):
    """The lines in the order of publishing, and the model after them."""
    with harness.tempfile.TemporaryDirectory() as folder:
        lines = compare.fixed_set(harness.Path(folder), partitions, NOW)
    world = compare.new_world()
    world.run(lines)
    return lines, world


def check(stage, lines, world):
    compare.compare_all(stage, world, lines, dates.parse_instant(NOW))


def whole(around, partitions, **settings):
    lines, world = expected(partitions)
    expect(len(lines) == 2000 and len(world.dead_letters) == 50, "it is another set")
    with Stage(around, partitions, now=NOW) as stage:
        ends = stage.publish(lines)
        intake = stage.start_intake(**settings)
        stage.wait_taken(ends)
        check(stage, lines, world)
        expect(intake.stop() == 0, "intake did not end with 0: %s" % intake.tail())
        told = [sum(line[name] for line in intake.lines("batches_stored"))
                for name in ("records", "dead", "ignored")]
        expect(told == [2000, 50, world.counts["ignored"]], "the log counts %s" % told)


def killed(around, partitions, kills):
    """Two intakes, killed in turn while messages come; another takes the place of the dead one."""
    lines, world = expected(partitions)
    rng = random.Random("fixed/%d" % partitions)
    with Stage(around, partitions, now=NOW) as stage:
        pair = [stage.start_intake(), stage.start_intake(wait=False)]
        ends = {}
        for round_no in range(kills):
            beyond = ends
            ends = stage.publish(lines[round_no * 300:(round_no + 1) * 300])
            stage.wait_progress(beyond)
            time.sleep(rng.uniform(0, 0.05))
            pair[round_no % 2].kill()
            pair[round_no % 2] = stage.start_intake(wait=False)
        ends = stage.publish(lines[kills * 300:])
        stage.wait_taken(ends)
        check(stage, lines, world)


def aborted_transactions(around):
    """Aborted records were never there; control records are no messages."""
    lines, world = expected(1)
    with Stage(around, 1, now=NOW) as stage:
        producer = stage.producer("%s-tx" % stage.id)
        stage.start_intake()
        offsets = 0
        moved = []
        for i, line in enumerate(lines[:200]):
            if i % 50 == 0:
                producer.send(0, b"taken back", b"{not json", [])
                producer.end("abort")
                offsets += 2
            moved.append({**line, "offset": offsets})
            offsets += 1
            producer.send_line(line)
            if i % 50 == 49:
                ends = producer.end("commit")
                offsets += 1
        stage.wait_taken(ends)
        again = compare.new_world()
        again.run(moved)
        check(stage, moved, again)


CASES = {
    "one partition": lambda around: whole(around, 1),
    "three partitions": lambda around: whole(around, 3),
    "eight partitions": lambda around: whole(around, 8),
    "large batches, four sessions": lambda around: whole(
        around, 8, batch__max_rows="5000", intake__sessions="4"),
    "batches of one": lambda around: whole(around, 3, batch__max_rows="1"),
    "one partition, killed five times": lambda around: killed(around, 1, 5),
    "eight partitions, killed five times": lambda around: killed(around, 8, 5),
    "transactions taken back": aborted_transactions,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
