#!/usr/bin/env python3
"""Prints which branches were not taken: report.py FILE-OF-GCOVR-JSON"""
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PARTS = ("common/casework", "common/event", "common/json/")
LEAST = 95  # percent


class Part:
    def __init__(self, name):
        self.name = name
        self.taken = self.branches = 0
        self.missed = []

    def add(self, path, number, branches, text):
        missed = sum(one["count"] == 0 for one in branches)
        self.branches += len(branches)
        self.taken += len(branches) - missed
        if missed:
            self.missed.append("  %s:%d: %d of %d: %s" % (path, number, missed, len(branches), text))

    def percent(self):
        return 100 * self.taken / self.branches

    def tell(self):
        print("%s: %.1f %%, %d of %d branches" % (self.name, self.percent(), self.taken, self.branches))
        for line in self.missed:
            print(line)


def main():
    parts = {name: Part(name) for name in PARTS}
    for file in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["files"]:
        part = next(one for name, one in parts.items() if file["file"].startswith(name))
        source = (ROOT / file["file"]).read_text(encoding="utf-8").splitlines()
        for line in file["lines"]:
            number = line["line_number"]
            part.add(file["file"], number, line["branches"], source[number - 1].strip())
    for part in parts.values():
        part.tell()
    return 0 if all(part.percent() >= LEAST for part in parts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
