#!/usr/bin/env python3
"""Takes one guard of exactly-once after another out of the code, and runs the tests that must notice.

    ./run with python3 tests/model/mutations/once.py [--write] [--quick] [--rest] [--only TEXT]...

Each guard is broken in a copy of the sources, the programs are built, and the tests named in guards.py are run
until one fails. Ends with 1 if none does. First all of them are run with nothing broken, unless --quick: for a tree
whose tests have just passed. --write puts what came out into doc/reliability.md; what was tried before and is not asked
for again stays.
"""
import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import guards
from run import ROOT, here, must, run

COPY = ROOT / "build" / "mutations-once"
TREE, BUILD = COPY / "src", COPY / "build"
RESULTS = ROOT / "tests" / "model" / "mutations" / "once.json"
DOCUMENT = ROOT / "doc" / "reliability.md"
BEGIN, END = "<!-- tests/model/mutations/once.py -->\n", "<!-- end of once -->\n"
SECONDS = 900  # for one test


def copy_tree():
    shutil.rmtree(TREE, ignore_errors=True)
    must(["git", "-C", ROOT, "checkout-index", "-a", "-f", "--prefix=%s/" % TREE])
    for name in run(["git", "-C", ROOT, "ls-files", "-m", "-o", "--exclude-standard"]).stdout.splitlines():
        if (ROOT / name).is_file():  # not committed yet
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, TREE / name)


def build():
    unit = {"test_" + test.split(".")[1] for guard in guards.GUARDS for test in guard["tests"]
            if test.startswith("unit.")}
    return run(["cmake", "--build", BUILD, "-j", os.environ.get("DAYFOUR_JOBS", str(os.cpu_count())),
                "--target", "dayfour", "dayfour-intake", "dayfour-followup", "e2e_topic",
                "e2e_early", *sorted(unit)])


def notices(test):
    """The test's failure; None: it passes."""
    folder, script, *case = test.split(".", 2)
    if folder == "models":
        command = ["bash", "tests/model/spin/run.sh", script]
    elif folder == "unit":
        command = [BUILD / "bin" / ("test_" + script), "--filter", "%s/%s" % (script, case[0])]
    elif folder == "sql":
        command = [sys.executable, "-B", "tests/integration/sql/run.py", "test_%s.%s" % (script, case[0])]
    else:
        command = [sys.executable, "-B", "tests/e2e/test_%s.py" % script, *case]
    try:
        done = run(command, cwd=TREE, timeout=SECONDS, env={**os.environ, "DAYFOUR_BIN": str(BUILD / "bin")})
    except subprocess.TimeoutExpired:
        return "does not end"
    if done.returncode == 0 and re.search(
            r"cases: [1-9]\d* passed, 0 failed|Passing: [1-9]\d* \| Failing: 0 \| Crashing: 0", done.stdout):
        return None
    said = re.search(r"^(?:FAILED|failed|FAIL\b|\[FAIL\]).*", done.stdout, re.M)
    if done.returncode not in (0, 1) or not said:
        sys.exit("%s did not run:\n%s" % (test, done.stdout[-2000:]))
    return said.group(0)


def broken(changes):
    """Makes the changes; gives what was there before."""
    before = {}
    for name, text, other in changes:
        path = TREE / name
        source = path.read_text(encoding="utf-8")
        before.setdefault(path, source)
        if source.count(text) != 1:
            sys.exit("%s: %d times, not once: %s" % (name, source.count(text), text))
        path.write_text(source.replace(text, other), encoding="utf-8")
    return before


def mutate(guard):
    """The first of its tests that notices, and what that says."""
    before = broken(guard["changes"])
    try:
        done = build()
        if done.returncode != 0:
            sys.exit("%s\n%s: does not build" % (done.stdout[-2000:], guard["guard"]))
        for test in guard["tests"]:
            said = notices(test)
            if said is not None:
                return test, said
        return None, ""
    finally:
        for path, source in before.items():
            path.write_text(source, encoding="utf-8")


def text_of(results):
    rows = [(guard, results[guard["guard"]]) for guard in guards.GUARDS if guard["guard"] in results]
    lines = ["", "%d of %d noticed." % (sum(bool(r["test"]) for _, r in rows), len(rows)), "",
             "| guard taken out | in | noticed by | tried |", "|---|---|---|---|"]
    for guard, result in rows:
        files = ", ".join(dict.fromkeys("`%s`" % Path(name).name for name, _, _ in guard["changes"]))
        lines.append("| %s | %s | %s | %s |" % (
            guard["guard"], files, "`%s`" % result["test"] if result["test"] else "nothing", result["tried"]))
    return "\n".join([*lines, "", ""])


def write(results):
    document = DOCUMENT.read_text(encoding="utf-8")
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit("%s: no place for the table" % DOCUMENT)
    DOCUMENT.write_text(before + begin + text_of(results) + end + after, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--write", action="store_true", help="what came out goes into doc/reliability.md")
    parser.add_argument("--quick", action="store_true", help="do not run the tests with nothing broken")
    parser.add_argument("--rest", action="store_true", help="only what has not been tried yet")
    parser.add_argument("--only", action="append", help="guards with this in their name or files")
    args = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    wanted = [guard for guard in guards.GUARDS if args.only is None or any(
        text in guard["guard"] + " " + " ".join(name for name, _, _ in guard["changes"]) for text in args.only)]
    if args.rest:
        wanted = [guard for guard in wanted if guard["guard"] not in results]
    tree = here()
    copy_tree()
    must(["cmake", "--preset", "dev", "-B", BUILD, "-DDAYFOUR_WERROR=OFF", "-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1",
          "-DCMAKE_RUNTIME_OUTPUT_DIRECTORY=%s" % (BUILD / "bin")], cwd=TREE)
    done = build()
    if done.returncode != 0:
        sys.exit(done.stdout[-3000:])
    for test in dict.fromkeys(test for guard in wanted if not args.quick for test in guard["tests"]):
        said = notices(test)
        if said is not None:
            sys.exit("with nothing broken %s fails: %s" % (test, said))
    missed = 0
    for guard in wanted:
        began = time.monotonic()
        test, said = mutate(guard)
        missed += test is None
        print("%s: %s (%d s)\n    %s" % (guard["guard"], test or "NOT NOTICED", time.monotonic() - began,
                                        said[:300]), flush=True)
        results[guard["guard"]] = {"test": test, "tried": "%s %s" % (datetime.date.today(), tree)}
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print("cases: %d passed, %d failed, 0 skipped" % (len(wanted) - missed, missed))
    if args.write:
        write(results)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
