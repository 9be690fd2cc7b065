#!/usr/bin/env python3
"""table: the runs of the nemesis in doc/reliability.md, made from tests/e2e/faults/ledger.jsonl.

    table.py [--write]

Without --write it ends with 1 if the document says something else than the ledger.
"""
import collections
import json
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LEDGER = ROOT / "tests" / "e2e" / "faults" / "ledger.jsonl"
DOCUMENT = ROOT / "doc" / "reliability.md"
BEGIN, END = "<!-- tests/e2e/faults/table.py -->\n", "<!-- end -->\n"
FOUND = ("lost", "doubled", "stuck", "wrong", "gave up")


def row(cells):
    return "| %s |" % " | ".join(str(cell) for cell in cells)


def run_rows(runs):
    yield row(["date", "seed", "commit", "minutes", "actions", "messages", "events out",
               "dead letters", *FOUND])
    yield "|---" * (8 + len(FOUND)) + "|"
    for run in runs:
        actions = sum(run["actions"].values())
        if run["verdict"] == "none":
            yield row([run["date"], run["seed"], run["commit"], "%g" % run["minutes"],
                       "%d, no verdict" % actions, run["messages"], "", "", *[""] * len(FOUND)])
        else:
            yield row([run["date"], run["seed"], run["commit"], "%g" % run["minutes"], actions,
                       run["messages"], run["events published"], run["dead letters"],
                       *[run[kind] for kind in FOUND]])
    judged = [run for run in runs if run["verdict"] != "none"]
    yield row(["together", "%d runs" % len(judged), "",
               "%g" % sum(run["minutes"] for run in judged),
               sum(sum(run["actions"].values()) for run in judged),
               *[sum(run[what] for run in judged)
                 for what in ("messages", "events published", "dead letters", *FOUND)]])


def recovery_rows(runs):
    done = collections.Counter()
    took = collections.defaultdict(list)
    for run in runs:
        done.update(run["actions"])
        for name, seconds in run["recoveries"].items():
            took[name] += seconds
    yield row(["what was done", "times", "measured", "median s", "worst s"])
    yield "|---" * 5 + "|"
    for name in sorted(done.keys() | took.keys(), key=lambda n: (-done[n], n)):
        seconds = took[name]
        yield row([name, done[name] or "", len(seconds)] + (
            ["%.1f" % statistics.median(seconds), "%.1f" % max(seconds)] if seconds else ["", ""]))


def text(runs):
    passed = [run for run in runs if run["verdict"] != "none"]
    return "\n".join(["", *run_rows(runs), "", *recovery_rows(passed), "", ""])


def main():
    runs = [json.loads(line) for line in LEDGER.read_text(encoding="utf-8").splitlines()]
    document = DOCUMENT.read_text(encoding="utf-8")
    before, begin, rest = document.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit("%s: no place for the table" % DOCUMENT)
    new = text(runs)
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(before + begin + new + end + after, encoding="utf-8")
    elif new != old:
        print("doc/reliability.md says something else than tests/e2e/faults/ledger.jsonl:"
              " tests/e2e/faults/table.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
