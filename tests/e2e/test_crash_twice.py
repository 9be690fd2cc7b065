#!/usr/bin/env python3
"""e2e.crash_twice: every pair of crash points. A service ends at the first, is started again, ends at
the second the first time it passes that, and is started once more: what comes of it is what the model
says, each once.

    test_crash_twice.py [intake|followup|both]... [POINT]...

Tried are, for intake and followup, each pair of its own points, and for `both` each pair of one of intake's and one
of followup's, which then end at about the same time. A POINT leaves only the pairs that begin with it.
Takes some minutes: part of `./run test --long`.
"""
import functools
import sys

import compare
import harness
from followup_stage import FollowupStage, compare_said
from harness import Stage, expect
from test_fixed2000 import NOW, check, expected
from test_followup import digests, frozen
from test_followup_faults import absence, expect_standing, told

import ledger

DIED = 137
WAIT = 120
PARTITIONS = 3
SHORT = {"kafka__prop__session__timeout__ms": "1000", "kafka__prop__heartbeat__interval__ms": "300"}
PEOPLE = 4   # to a batch of followup's
HALF = 12    # new people before the first crash, and as many between the two
START = compare.dates.parse_instant(NOW)


def names(service):
    return [point.split(".")[1] for point in harness.crash_points(service)]


def died(service, point):
    code = service.wait(WAIT)
    expect(code == DIED, "%s: it ended with %s instead: %s" % (point, code, service.tail()))


# --- intake

def intake_pairs(around, first):
    """The fixed 2,000 in as many parts as there are second points; both crashes in each part."""
    lines, world = expected(PARTITIONS)
    seconds = names("intake")
    share = -(-len(lines) // len(seconds))
    with Stage(around, PARTITIONS, now=NOW) as stage:
        for number, second in enumerate(seconds):
            ends = stage.publish(lines[number * share:(number + 1) * share])
            for point in (first, second):
                died(stage.start_intake({"DAYFOUR_FAULT": "intake." + point}, wait=False, **SHORT),
                     point)
                at = stage.look_at_positions()
                expect(any(at.get(p, 0) < end for p, end in ends.items()),
                       "nothing was left to do after %s, then %s" % (first, second))
            last = stage.start_intake(wait=False, **SHORT)
            stage.wait_taken(ends, WAIT)
            expect(last.stop(30) == 0, "it did not stop: %s" % last.tail())
        check(stage, lines, world)
    return len(seconds)


# --- followup

def day(number):
    return compare.dates.format_instant(START + number * compare.dates.DAY)


def new_people(number, half, at):
    """Some off, some back already, one message that is none."""
    today = at[:10]
    begin = (2 * number + half) * (HALF + 1)  # of the offsets
    lines = []
    for i in range(HALF):
        who = (2 * number + half) * HALF + i
        more = {"last_day": today} if i % 3 == 2 else {}
        lines.append({**absence(who, onset_date=today, **more), "at": at, "offset": begin + i})
    return lines + [{**absence(0), "value": "{", "at": at, "offset": begin + HALF}]


def followup_pairs(around, first):
    """A day for each second point: new people, the first crash, more new people, the second."""
    seconds = names("followup")
    instants = [day(number) for number in range(len(seconds))]
    halves = [[new_people(number, half, at) for half in (0, 1)]
              for number, at in enumerate(instants)]
    model = ledger.simulate(compare.new_world(),
                            [line for pair in halves for half in pair for line in half],
                            [compare.dates.parse_instant(at) for at in instants])
    kept = {}
    with FollowupStage(around, 1, now=NOW) as stage:
        stage.start_intake()
        for at, pair, second in zip(instants, halves, seconds):
            stage.step_clock(at)
            for half, point in zip(pair, (first, second)):
                stage.wait_taken(stage.publish(half), WAIT)
                died(start(stage, {"DAYFOUR_FAULT": "followup." + point}), point)
                note(stage, kept)
                stage.free_leases()
            last = start(stage)
            stage.wait_idle(WAIT)
            expect(last.stop(30) == 0, "it did not stop: %s" % last.tail())
        compare_said(model, stage.events())
        letters = len(stage.records("dead-letter"))
        expect(letters == 2 * len(seconds), "%d dead letters" % letters)
        each_once(stage, kept)
    return len(seconds)


def start(stage, env=None):
    return stage.start_followup(env, wait=None, followup__batch_people=str(PEOPLE))


def note(stage, kept):
    """An outbox batch stays as it is until it is published."""
    for place, digest in frozen(stage).items():
        expect(kept.setdefault(place, digest) == digest, "%s was frozen anew" % (place,))


def each_once(stage, kept):
    found = digests(stage)
    lost = sum(found[digest] == 0 for digest in kept.values())
    twice = sum(n > 1 for n in found.values())
    expect(lost == 0 and twice == 0, "%d lost or changed, %d twice" % (lost, twice))


# --- one of each

def both_pairs(around, first):
    """intake ends at the first point while followup, beside it, ends at the second."""
    seconds = names("followup")
    instants = [day(number) for number in range(len(seconds))]
    days = [new_people(number, 0, at) for number, at in enumerate(instants)]
    lines = [line for of_day in days for line in of_day]
    world = compare.new_world()
    for line in lines:
        world.apply(line)
    with FollowupStage(around, 1, now=NOW) as stage:
        for at, part, second in zip(instants, days, seconds):
            stage.set_clock(at)
            ends = stage.publish(part)
            one = stage.start_intake({"DAYFOUR_FAULT": "intake." + first}, wait=False,
                                     batch__max_rows="4", **SHORT)
            other = start(stage, {"DAYFOUR_FAULT": "followup." + second})
            died(one, first)
            again = stage.start_intake(wait=False, batch__max_rows="4", **SHORT)
            died(other, second)
            stage.free_leases()
            last = start(stage)
            stage.wait_taken(ends, WAIT)
            stage.wait_idle(WAIT)
            for service in (again, last):
                expect(service.stop(30) == 0, "it did not stop: %s" % service.tail())
        expect_standing(world, stage.now, told(stage))
        each_once(stage, {})
    return len(seconds)


# --- all of them

KINDS = {"intake": intake_pairs, "followup": followup_pairs, "both": both_pairs}


def counted(pairs, done, kind):
    def case(around):
        done[kind] = done.get(kind, 0) + pairs(around)
    return case


def main():
    asked = [name for name in sys.argv[1:] if not name.startswith("-")]
    kinds = [kind for kind in KINDS if kind in asked] or list(KINDS)
    points = [name for name in asked if name not in KINDS]
    done = {}
    cases = {}
    for kind in kinds:
        for first in names("followup" if kind == "followup" else "intake"):
            if not points or first in points:
                cases["%s: %s, then each" % (kind, first)] = counted(
                    functools.partial(KINDS[kind], first=first), done, kind)
    status = harness.run(cases, [])
    print("pairs passed: %s" % ", ".join("%s %d" % pair for pair in done.items()))
    return status


if __name__ == "__main__":
    sys.exit(main())
