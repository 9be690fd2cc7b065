#!/usr/bin/env python3
"""Tests of the database: views, functions, rights. run.py [NAME...] runs the cases whose name holds a NAME.

PG_DSN: a server and an account that may make databases and roles. Last line: cases: P passed, F failed, S skipped.
"""
import importlib
import os
import shutil
import sys
import traceback

import harness

FILES = ["test_time", "test_logins", "test_views", "test_worklist", "test_functions", "test_calls", "test_team",
         "test_sight", "test_adversary", "test_audit", "test_readers", "test_reads", "test_access", "test_services",
         "test_fencing", "test_ops", "test_retention", "test_report"]
NOT_RUN = 77


def run_file(cluster, name, wanted, counts):
    harness.CASES.clear()
    importlib.import_module(name)
    cases = [c for c in harness.CASES if not wanted or any(w in f"{name}.{c.__name__}" for w in wanted)]
    if not cases:
        return
    world = harness.World(cluster, name.removeprefix("test_"))
    for case in cases:
        try:
            case(world)
            counts[0] += 1
        except Exception as problem:  # whatever it is, the case failed and the next one runs
            counts[1] += 1
            print(f"failed: {name}.{case.__name__}: {problem}")
            if not isinstance(problem, (AssertionError, harness.Refused)):
                traceback.print_exc()
            world.close()
            cluster.root.run(f"drop database {world.dbname} with (force)")
            world = harness.World(cluster, name.removeprefix("test_"))
    world.close()


def main():
    dsn = os.environ.get("PG_DSN")
    if not dsn or not shutil.which("psql"):
        print("not run: PG_DSN is not set, or there is no psql")
        return NOT_RUN
    counts = [0, 0, 0]
    cluster = harness.Cluster(dsn)
    try:
        for name in FILES:
            run_file(cluster, name, sys.argv[1:], counts)
    finally:
        cluster.drop()
    print("cases: {} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] or not counts[0] else 0


if __name__ == "__main__":
    sys.exit(main())
