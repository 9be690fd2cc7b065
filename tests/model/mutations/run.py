#!/usr/bin/env python3
"""Breaks one rule after another in a copy of the sources, and asks the tests whether they notice.

    run.py [--write] [--only TEXT]... [--histories N]

Unit tests of casework and casefile, then N histories (tests/model/properties). Ends with 1 if a rule can be
broken unnoticed. --write puts what came out into doc/mutations.md.
"""
import argparse
import collections
import concurrent.futures
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import rules

ROOT = Path(__file__).resolve().parents[3]
COPY = ROOT / "build" / "mutations"
TREE, BUILD = COPY / "src", COPY / "build"
UNITS = ("settings pathway calendar apply period_peers derive task task_ends entry timeline timeline_ends prompts hr scenarios"
         " properties caseload diff").split()
FAILED = re.compile(r"\[(?:FAIL|CRASH)\]\S* (\w+)::(\w+)")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
DOCUMENT = ROOT / "doc" / "mutations.md"
RESULTS = ROOT / "build" / "mutations.json"  # the latest of each
ABOUT = """`./run mutations` breaks one rule after another in a copy of the sources and asks the unit tests of
casework and casefile, then some hundreds of histories (`tests/model/properties`), whether they notice; it ends with 1 if one is not
noticed. `--write` writes this table, `--only TEXT` tries some of them again. Each change is in
`tests/model/mutations/rules.py`. Of histories the checks that failed are named, and how often: `model` is the reference
model, the others are those of [Properties](reliability.md#properties). Tried: the day and the commit, with a + where
something was not committed yet."""


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False, **options)


def must(command, **options):
    done = run(command, **options)
    if done.returncode != 0:
        sys.exit("%s\n%s: ended with %d" % (done.stdout[-3000:], command[0], done.returncode))


def copy_tree():
    shutil.rmtree(COPY, ignore_errors=True)
    must(["git", "-C", ROOT, "checkout-index", "-a", "-f", "--prefix=%s/" % TREE])
    for name in run(["git", "-C", ROOT, "ls-files", "-m", "-o", "--exclude-standard"]).stdout.splitlines():
        if (ROOT / name).is_file():  # not committed yet
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, TREE / name)


def build():
    targets = ["test_" + name for name in UNITS] + ["histories"]
    return run(["cmake", "--build", BUILD, "-j", os.environ.get("DAYFOUR_JOBS", str(os.cpu_count())),
                "--target", *targets])


def unit_test(name):
    """The tests of a program that fail, as suite.name."""
    try:
        done = run([BUILD / "bin" / ("test_" + name)], cwd=TREE, timeout=120)
    except subprocess.TimeoutExpired:
        return [name + " (does not end)"]
    tests = [".".join(test) for test in FAILED.findall(COLOURS.sub("", done.stdout))]
    return list(dict.fromkeys(tests)) if tests or done.returncode == 0 else [name]


def unit_tests():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [test for found in pool.map(unit_test, UNITS) for test in found]


def histories(persons):
    """The checks of the histories that failed: rule -> how often."""
    command = [sys.executable, "-B", TREE / "tests/model/properties/properties.py", "--brief", "--persons",
               str(persons), "--live", str(persons // 8), "--tries", "2", "--most", "40"]
    try:
        done = run(command, env={**os.environ, "DAYFOUR_BIN": str(BUILD / "bin")}, timeout=300)
    except subprocess.TimeoutExpired:
        return {"does not end": 1}
    found = collections.Counter(re.findall(r"^FAILED ([\w -]+):", done.stdout, re.M))
    if done.returncode != 0 and not found:
        found["crash"] = 1
    return dict(found)


def mutate(mutation, persons):
    """(unit tests, histories) that notice; None: it cannot even be built."""
    _, _, name, text, other = mutation
    path = TREE / name
    source = path.read_text(encoding="utf-8")
    if source.count(text) != 1:
        sys.exit("%s: %d times, not once: %s" % (name, source.count(text), text))
    path.write_text(source.replace(text, other), encoding="utf-8")
    try:
        done = build()
        if done.returncode != 0:
            sys.exit("%s\n%s: does not build" % (done.stdout[-2000:], mutation[0]))
        return unit_tests(), histories(persons)
    finally:
        path.write_text(source, encoding="utf-8")


def told(units, played):
    """Both columns of the table."""
    shown = ", ".join("`%s`" % test for test in units[:3])
    if len(units) > 3:
        shown += " and %d more" % (len(units) - 3)
    return shown or "-", ", ".join("%s %d" % item for item in sorted(played.items())) or "-"


def here():
    """The commit that is tried; with a + where more has changed."""
    commit = run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"]).stdout.strip()
    changed = run(["git", "-C", ROOT, "status", "--porcelain", "--", "common", "services", "tests"]).stdout
    return commit + ("+" if changed.strip() else "")


def remember(mutation, units, played, results, tree):
    unit, histories_said = told(units, played)
    results[mutation[0]] = {"tried": "%s %s" % (datetime.date.today(), tree), "units": unit,
                            "histories": histories_said, "noticed": bool(units or played)}
    RESULTS.write_text(json.dumps(results, indent=1), encoding="utf-8")


def document(results):
    """The latest result of every rule."""
    rows = [(m, results[m[0]]) for m in rules.MUTATIONS if m[0] in results]
    lines = ["# Rules broken on purpose", "", textwrap.fill(ABOUT, 126), "",
             "%d of %d noticed." % (sum(row["noticed"] for _, row in rows), len(rows)), "",
             "| rule broken | | in | unit tests that fail | histories that fail | tried |",
             "|---|---|---|---|---|---|"]
    for mutation, row in rows:
        lines.append("| %s | %s | `%s` | %s | %s | %s |" % (
            mutation[0], mutation[1], Path(mutation[2]).name, row["units"], row["histories"],
            row["tried"]))
    DOCUMENT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--write", action="store_true", help="what came out goes into doc/mutations.md")
    parser.add_argument("--only", action="append", help="those whose rule or file has this in it")
    parser.add_argument("--histories", type=int, default=200)
    args = parser.parse_args()
    tree = here()
    copy_tree()
    must(["cmake", "--preset", "dev", "-B", BUILD, "-DDAYFOUR_WERROR=OFF",
          "-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1",
          "-DCMAKE_RUNTIME_OUTPUT_DIRECTORY=%s" % (BUILD / "bin")], cwd=TREE)
    done = build()
    if done.returncode != 0:
        sys.exit(done.stdout[-3000:])
    units, played = unit_tests(), histories(args.histories)
    if units or played:
        sys.exit("with nothing broken they fail: %s, %s" % told(units, played))
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    rows = []
    for mutation in rules.MUTATIONS:
        name = "%s %s" % (mutation[0], mutation[2])
        if args.only is None or any(text in name for text in args.only):
            rows.append((mutation, *mutate(mutation, args.histories)))
            remember(*rows[-1], results, tree)
            print("%s: %s; %s" % (mutation[0], *told(*rows[-1][1:])), flush=True)
    missed = [row[0][0] for row in rows if not row[1] and not row[2]]
    for name in missed:
        print("NOT NOTICED: %s" % name)
    print("cases: %d passed, %d failed, 0 skipped" % (len(rows) - len(missed), len(missed)))
    if args.write:
        document(results)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
