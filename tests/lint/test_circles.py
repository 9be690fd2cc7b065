#!/usr/bin/env python3
"""The lint of circles finds them, and nothing else: on small trees made for it."""
import subprocess
import sys
import tempfile
from pathlib import Path

LINT = Path(__file__).resolve().parent / "circles.py"


def lint(files):
    """Exit status and lines of the lint over a tree of {name: names of the headers it includes}."""
    with tempfile.TemporaryDirectory() as folder:
        for name, included in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join('#include "%s"\n' % header for header in included), encoding="utf-8")
        done = subprocess.run([sys.executable, "-B", str(LINT), folder], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()


def a_chain_is_no_circle():
    status, lines = lint({"common/x/a.h": [], "common/x/a.c": ["common/x/a.h", "common/x/b.h"],
                          "common/x/b.h": ["common/x/c.h"], "common/x/c.h": [],
                          "services/y/d.c": ["common/x/a.h", "common/x/c.h"]})
    assert (status, lines) == (0, []), lines


def two_headers():
    status, lines = lint({"common/x/a.h": ["common/x/b.h"], "common/x/b.h": ["common/x/a.h"]})
    assert status == 1, lines
    assert lines == ["circle: common/x/a -> common/x/b -> common/x/a",
                     "  common/x/a.h:1 includes common/x/b.h", "  common/x/b.h:1 includes common/x/a.h"], lines


def a_source_and_a_header():
    """The compiler sees no fault here: the circle goes through a .c file."""
    status, lines = lint({"common/x/a.h": [], "common/x/a.c": ["common/x/a.h", "common/x/b.h"],
                          "common/x/b.h": ["common/x/a.h"]})
    assert status == 1, lines
    assert lines[1:] == ["  common/x/a.c:2 includes common/x/b.h", "  common/x/b.h:1 includes common/x/a.h"], lines


def through_others_and_layers():
    status, lines = lint({"common/x/a.h": ["common/y/b.h"], "common/y/b.h": [], "common/y/b.c": ["services/z/c.h"],
                          "services/z/c.h": ["common/x/a.h"], "services/z/d.h": ["services/z/c.h"]})
    assert status == 1, lines
    assert lines[0] == "circle: common/x/a -> common/y/b -> services/z/c -> common/x/a", lines


def two_circles_are_both_named():
    status, lines = lint({"common/x/a.h": ["common/x/b.h"], "common/x/b.h": ["common/x/a.h"],
                          "common/x/c.h": ["common/x/d.h"], "common/x/d.h": ["common/x/c.h"]})
    assert status == 1, lines
    assert sum(line.startswith("circle: ") for line in lines) == 2, lines


def an_empty_tree_is_a_fault():
    status, _ = lint({})
    assert status == 1


CASES = [a_chain_is_no_circle, two_headers, a_source_and_a_header, through_others_and_layers,
         two_circles_are_both_named, an_empty_tree_is_a_fault]


def main():
    failed = 0
    for case in CASES:
        try:
            case()
        except AssertionError as fault:
            failed += 1
            print("FAILED: %s: %s" % (case.__name__, fault))
    print("cases: %d passed, %d failed, 0 skipped" % (len(CASES) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
