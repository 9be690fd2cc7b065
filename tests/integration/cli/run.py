#!/usr/bin/env python3
"""Tests of the program dayfour. run.py [NAME...] runs the cases whose name holds a NAME.

Last line: cases: P passed, F failed, S skipped.
"""
import importlib
import os
import shutil
import sys
import traceback

import harness

FILES = ["test_migrate", "test_publish", "test_feed_check", "test_operators", "test_settings", "test_teams",
         "test_explain", "test_audit", "test_doctor", "test_reconcile", "test_retention",
         "test_report"]
NOT_RUN = 77


def run_file(name, wanted, counts):
    harness.CASES.clear()
    importlib.import_module(name)
    cases = [c for c in harness.CASES if not wanted or any(w in f"{name}.{c.__name__}" for w in wanted)]
    if not cases:
        return
    world = harness.World()
    try:
        for case in cases:
            try:
                case(world)
                counts[0] += 1
            except harness.NotRun as why:
                counts[2] += 1
                print(f"not run: {name}.{case.__name__}: {why}")
            except Exception as problem:  # whatever it is, the case failed and the next one runs
                counts[1] += 1
                print(f"failed: {name}.{case.__name__}: {problem}")
                if not isinstance(problem, AssertionError):
                    traceback.print_exc()
    finally:
        world.close()


def main():
    missing = [n for n in ("PG_DSN", "KAFKA_BROKERS") if not os.environ.get(n)]
    missing += [p for p in ("psql", "kcat") if not shutil.which(p)]
    if missing:
        print("not run: missing " + ", ".join(missing))
        return NOT_RUN
    counts = [0, 0, 0]
    for name in FILES:
        run_file(name, sys.argv[1:], counts)
    print("cases: {} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] or not counts[0] else 0


if __name__ == "__main__":
    sys.exit(main())
