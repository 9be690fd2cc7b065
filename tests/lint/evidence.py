#!/usr/bin/env python3
"""Holds the documents that name tests as evidence to the tests there are; see evidence.sh.

Tests stand behind "Held by:" and in the last column of tables headed "Held by": `sql.NAME.CASE`, `cli.NAME.CASE`,
`e2e.NAME.CASE`, `security.NAME.CASE` for `def CASE` in test_NAME.py of that folder, `SUITE.NAME` for a unit test.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("doc/hazard-log.md", "doc/information-governance.md")
FOLDERS = {"sql": "tests/integration/sql", "cli": "tests/integration/cli", "e2e": "tests/e2e",
           "security": "tests/e2e/security"}
HAZARDS = ["H%d" % n for n in range(1, 12)]


def unit_tests():
    found = set()
    for path in sorted((ROOT / "tests/unit").glob("test_*.c")):
        for suite, name in re.findall(r"^(?:Parameterized)?Test\((\w+),\s*(\w+)", path.read_text(encoding="utf-8"), re.M):
            found.add("%s.%s" % (suite, name))
    return found


def exists(name, units):
    words = name.split(".")
    if words[0] in FOLDERS and len(words) == 3:
        path = ROOT / FOLDERS[words[0]] / ("test_%s.py" % words[1])
        return path.exists() and bool(re.search(r"^def %s\(" % re.escape(words[2]), path.read_text(encoding="utf-8"), re.M))
    return name in units


def evidence(text):
    """(line number, what it says) of every place where tests stand."""
    in_table = False
    for number, line in enumerate(text.split("\n"), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            in_table = False
        elif in_table and not set(line) <= set("|- "):
            yield number, cells[-1]
        elif cells[-1] == "Held by":
            in_table = True
        if line.startswith("Held by:"):
            yield number, line[len("Held by:"):]


def check(name, units):
    text = (ROOT / name).read_text(encoding="utf-8")
    for number, said in evidence(text):
        tests = re.findall(r"`([^`]+)`", said)
        if not tests:
            yield number, "no test is named"
        for test in tests:
            if not exists(test, units):
                yield number, "there is no test %s" % test


def hazards():
    """Every hazard has a section, and the section a line of tests."""
    text = (ROOT / DOCUMENTS[0]).read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (H\d+) (.*?)(?=^## |\Z)", text, re.M | re.S))
    for hazard in HAZARDS:
        if "\nHeld by:" not in sections.get(hazard, ""):
            yield 1, "%s has no section with tests" % hazard


def main():
    units = unit_tests()
    faults = [(name, *fault) for name in DOCUMENTS for fault in check(name, units)]
    faults += [(DOCUMENTS[0], *fault) for fault in hazards()]
    for name, number, fault in faults:
        print("%s:%d: %s" % (name, number, fault))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
