#!/usr/bin/env python3
"""Finds circles of modules in common/ and services/, within a layer too; see circles.sh.

A module is a header with the .c file of its name. It depends on a module whose header one of its two files includes.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.M)


def module(name):
    return name.rsplit(".", 1)[0]


def dependencies(root):
    """The modules that each module depends on, each with the place of the first include."""
    found = {}
    for folder in ("common", "services"):
        for path in sorted((root / folder).rglob("*.[ch]")):
            name = path.relative_to(root).as_posix()
            text = path.read_text(encoding="utf-8")
            others = found.setdefault(module(name), {})
            for include in INCLUDE.finditer(text):
                if module(include[1]) != module(name):
                    line = text.count("\n", 0, include.start(1)) + 1
                    others.setdefault(module(include[1]), "%s:%d" % (name, line))
    return found


def way(found, start, end):
    """The shortest way from one module to another, as a list of modules; None: there is none."""
    before, ahead = {start: None}, [start]
    for here in ahead:
        for there in sorted(found.get(here, ())):
            if there == end:
                steps = [end]
                while here is not None:
                    steps.append(here)
                    here = before[here]
                return steps[::-1]
            if there not in before:
                before[there] = here
                ahead.append(there)
    return None


def circles(found):
    """Circles in which every module of any circle appears at least once."""
    seen, out = set(), []
    for start in sorted(found):
        steps = None if start in seen else way(found, start, start)
        if steps:
            seen.update(steps)
            out.append(steps)
    return out


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    found = dependencies(root)
    out = circles(found)
    for steps in out:
        print("circle: %s" % " -> ".join(steps))
        for here, there in zip(steps, steps[1:]):
            print("  %s includes %s.h" % (found[here][there], there))
    return 1 if out or not found else 0


if __name__ == "__main__":
    sys.exit(main())
