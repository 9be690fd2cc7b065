#!/usr/bin/env python3
"""Counts the cases behind ctest's results: count_tests.py EXIT-STATUS JUNIT-FILE...

Criterion's Synthesis lines and lines `cases: P passed, F failed, S skipped` count what they say,
any other test counts as one. The last line printed is the sum.
"""
import re
import sys
import xml.etree.ElementTree as xml

SYNTHESIS = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)")
CASES = re.compile(r"^cases: (\d+) passed, (\d+) failed, (\d+) skipped\s*$", re.M)
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
NOT_RUN = re.compile(r"^not run: (.*)$", re.M)


def counts(output):
    """(passed, failed, skipped) as the test itself counts, or None if it does not say."""
    found = SYNTHESIS.findall(output)
    total = [0, 0, 0]
    for _, passing, failing, crashing in found:
        total[0] += int(passing)
        total[1] += int(failing) + int(crashing)
    for case in CASES.findall(output):
        total = [t + int(n) for t, n in zip(total, case)]
        found.append(case)
    return total if found else None


def reason(output):
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return re.sub(r"^(not run|skipped?): *", "", lines[-1], flags=re.I) if lines else "no reason given"


def judge(case):
    name = case.get("name")
    status = case.get("status")
    output = COLOUR.sub("", case.findtext("system-out") or "")
    skipped = case.find("skipped")
    if skipped is not None and "SKIP_RETURN_CODE" in (skipped.get("message") or ""):
        print(f"not run: {name} ({reason(output)})")
        return 0, 0, 1
    if status == "disabled":
        print(f"not run: {name} (disabled)")
        return 0, 0, 1
    for line in NOT_RUN.findall(output):
        print(f"not run: {name}: {line}")
    said = counts(output)
    if status == "run":
        if said is not None and sum(said) == 0:
            print(f"failed: {name} (it ran no case)")
            return 0, 1, 0
        if said is not None and said[1]:
            print(f"failed: {name} (it counts {said[1]} failed and yet says it passed)")
        return said or (1, 0, 0)
    print(f"failed: {name}")
    passed, failed, left_out = said or (0, 0, 0)
    return passed, max(failed, 1), left_out


def main():
    total = [0, 0, 0]
    for name in sys.argv[2:]:
        try:
            for case in xml.parse(name).getroot().iter("testcase"):
                total = [t + n for t, n in zip(total, judge(case))]
        except (OSError, xml.ParseError) as problem:
            print(f"no results from ctest: {problem}")
            total[1] += 1
    bad = total[1] > 0 or total[0] == 0
    if not bad and sys.argv[1] != "0":
        print(f"ctest ended with status {sys.argv[1]}")
        bad = True
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
