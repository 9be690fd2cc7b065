#!/usr/bin/env python3
"""Thousands of invented histories through the C of casework, against the reference model and against one another.

    properties.py [--persons 2000] [--seed 1] [--live 120] [--tries 6] [--processes 2]

Histories come in blocks of people, each block with settings, calendars and an era of its own. `histories` (C) plays a
block and prints its rows; the model (tests/model/reference) does the same; then `histories` plays each history again in other
orders, batches and with duplicates (checks.h). --live people are also followed event by event as they are emitted and
taken back, which takes the model long. A history that fails is cut down to the messages that it needs and left in
a file that `dayfour explain` reads.
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import compare
import shrink

ROOT = Path(__file__).resolve().parents[3]
BLOCK = 40
LIVE_BLOCK = 10


def blocks(seed, persons, live):
    """(seed, people, live?) of each block: together `persons`, and `live` of them live."""
    found, number = [], seed * 1000
    for total, size, is_live in ((live, LIVE_BLOCK, True), (persons - live, BLOCK, False)):
        while total > 0:
            found.append((number, min(size, total), is_live))
            total -= size
            number += 1
    return found


def program():
    built = Path(os.environ.get("DAYFOUR_BIN", ROOT / "build/dev/bin")) / "histories"
    return Path(os.environ.get("DAYFOUR_HISTORIES", built))


def run_block(args):
    """What came of a block: counts and failures, each with the lines it needs (brief: with none)."""
    (seed, persons, live), tries, histories, brief = args
    block = compare.Block(seed, persons)
    play = compare.Program(histories, block)
    failures = []
    try:
        report = compare.Report(block, play.run(block.lines, seed, tries), live)
    except subprocess.CalledProcessError as failed:
        return {"seed": seed, "failures": [("crash", failed.stderr.strip(), block.lines)]}
    if brief:
        failures = [(history["rule"], history["detail"], []) for history in report.broken]
        failures += [("model", difference, []) for difference in report.differences().values()]
        return {"seed": seed, "failures": failures, "people": persons, **report.counts()}
    for history in report.broken:
        lines = [block.lines[number - 1] for number in history["lines"]]
        small = shrink.smallest(lines, lambda some, rule=history["rule"]: any(
            found["rule"] == rule for found in play.broken(some, seed, 4 * tries)))
        failures.append((history["rule"], history["detail"], small))
    for person, difference in report.differences().items():
        lines = report.lines_of(person)
        failures.append(("model", *shrunk_difference(block, play, live, lines, difference)))
    return {"seed": seed, "failures": failures, "people": persons, "live": persons if live else 0,
            **report.counts()}


def shrunk_difference(block, play, live, lines, difference):
    """What differs with as few lines as possible, and those."""
    def differences(some):
        return compare.Report(block, play.run(some, block.seed, 0), live, some).differences()

    small = shrink.smallest(lines, lambda some: bool(differences(some)))
    return next(iter(differences(small).values()), difference), small


def tell(failure, name, folder):
    rule, detail, lines = failure
    if not lines:
        print("FAILED %s: %s" % (rule, detail), flush=True)
        return
    path = shrink.write(folder, "%s-%s" % (name, rule.replace(" ", "-")), lines)
    print("FAILED %s: %s\n    %d lines: %s" % (rule, detail, len(lines), path), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--persons", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--live", type=int, default=120, help="people followed event by event")
    parser.add_argument("--tries", type=int, default=6, help="how often each history is dealt anew")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--most", type=int, default=10, help="end after so many failures")
    parser.add_argument("--brief", action="store_true", help="what fails is not cut down")
    args = parser.parse_args()
    began = time.monotonic()
    folder = Path(os.environ.get("DAYFOUR_RUN_DIR", tempfile.gettempdir())) / "failing-histories"
    todo = [(block, args.tries, program(), args.brief)
            for block in blocks(args.seed, args.persons, args.live)]
    total = dict.fromkeys(("people", "live", "lines", "tasks", "events", "said", "dead", "refused",
                           "plays"), 0)
    failed = 0
    with concurrent.futures.ProcessPoolExecutor(args.processes) as pool:
        for done in pool.map(run_block, todo):
            for failure in done["failures"]:
                failed += 1
                tell(failure, "%d-%d" % (done["seed"], failed), folder)
            for name in total:
                total[name] += done.get(name, 0)
            if failed >= args.most:
                print("no further")
                pool.shutdown(cancel_futures=True)
                break
    print("%(people)d histories of a person, %(lines)d lines, %(tasks)d tasks, %(events)d events standing, "
          "%(dead)d dead letters, %(refused)d entries refused; %(live)d live, %(said)d "
          "events said; played %(plays)d times" % total
          + ", %.0f s" % (time.monotonic() - began))
    print("cases: %d passed, %d failed, 0 skipped" % (total["people"] - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
