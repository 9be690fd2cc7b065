#!/usr/bin/env python3
"""e2e.followup: what goes out, against the reference model."""
import collections
import functools
import hashlib
import struct
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


def frozen(stage):
    """The outbox: {(batch, ord): (key, headers and value)}."""
    return {(row["batch_no"], row["ord"]): row["bytes"] for row in stage.rows(
        "select batch_no, ord, md5(coalesce(encode(key, 'hex'), '-') || encode(headers, 'hex')"
        " || coalesce(encode(value, 'hex'), '-')) as bytes from followup.outbox")}


def digests(stage):
    """The same of all that is on the topics, with how often it is there."""
    found = collections.Counter()
    for kind in stage.out:
        for record in stage.records(kind):
            headers = b"".join(framed(name.encode()) + framed(as_bytes(data))
                               for name, data in record["headers"])
            found[hashlib.md5((hexed(as_bytes(record["key"])) + headers.hex()
                               + hexed(record["value"])).encode()).hexdigest()] += 1
    return found


def as_bytes(text):
    return None if text is None else text.encode("utf-8", "surrogateescape")


def hexed(data):
    return "-" if data is None else data.hex()


def framed(data):
    return b"\xff\xff\xff\xff" if data is None else struct.pack(">I", len(data)) + data


def day(number):
    return "2026-09-%02dT10:30:00Z" % (15 + number) if number < 16 else \
        "2026-10-%02dT10:30:00Z" % (number - 15)


def crashed(around, point, days=3):
    """Ended at the point on each of some days, then started again: all once, as it was frozen."""
    lines = fixed(1)[:700]
    instants = [day(n) for n in range(days)]
    expected = ledger.simulate(compare.new_world(), lines,
                               [compare.dates.parse_instant(at) for at in instants])
    with FollowupStage(around, 1, now=NOW) as stage:
        intake = stage.start_intake()
        stage.wait_taken(stage.publish(lines))
        intake.stop()
        kept = {}
        for at in instants:
            stage.set_clock(at)
            dying = stage.start_followup({"DAYFOUR_FAULT": point}, wait=None)
            expect(dying.wait(20) == 137, "it did not end at %s: %s" % (point, dying.tail()))
            kept.update(frozen(stage))
            stage.free_leases()
            again = stage.start_followup()
            stage.wait_idle()
            expect(again.stop() == 0, "it did not end with 0: %s" % again.tail())
        compare_said(expected, stage.events())
        found = digests(stage)
        expect(all(found[bytes_of] == 1 for bytes_of in kept.values()),
               "what was frozen is not there once, byte for byte")
        expect(all(n == 1 for n in found.values()), "something is there twice")


def over_days(around, days=24, partitions=2):
    """The fixed 2,000 spread over some weeks: emissions, withdrawals and emissions again."""
    lines = fixed(partitions)
    instants = [day(n) for n in range(days)]
    share = len(lines) // (days // 2) + 1
    for number, line in enumerate(lines):
        line["at"] = instants[number // share]
    expected = ledger.simulate(compare.new_world(), lines,
                               [compare.dates.parse_instant(at) for at in instants])
    with FollowupStage(around, partitions, now=NOW) as stage:
        stage.start_intake()
        for at in instants:
            stage.step_clock(at)
            ends = stage.publish([line for line in lines if line["at"] == at])
            stage.wait_taken(ends)
            followup = stage.start_followup()
            stage.wait_idle()
            expect(followup.stop() == 0, "it did not end with 0: %s" % followup.tail())
        compare_said(expected, stage.events())


CASES = {"whole": whole, "over_days": over_days}
for _point in harness.crash_points("followup"):
    CASES["crashed_" + _point.split(".")[1]] = functools.partial(crashed, point=_point)

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
