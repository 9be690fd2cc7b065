#!/usr/bin/env python3
"""A history that fails is cut down and left in a file that `dayfour explain` reads."""
import contextlib
import io
import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import compare
import properties
import shrink

BIN = Path(os.environ.get("DAYFOUR_BIN", compare.ROOT / "build/dev/bin"))
SETTINGS = compare.ROOT / "deploy/settings/pathways.json"

# As the real one, but it takes a cancelled record with a later version for a mistake.
FAULTY = """#!%s
import json, subprocess, sys
sys.path[:0] = %r
import compare
text = sys.stdin.read()
done = subprocess.run([%r, *sys.argv[1:]], input=text, stdout=subprocess.PIPE, text=True)
sys.stdout.write(done.stdout)
events = [compare.event_of(json.loads(line)) for line in text.splitlines()]
absences = [event for event in events if hasattr(event, "absence_id")]
key = lambda e: (e.organisation, e.source, e.absence_id)
if any(a.cancelled and key(a) == key(b) and a.version < b.version
       for a in absences for b in absences):
    lines = list(range(1, len(events) + 1))
    print(json.dumps({"broken": {"history": 1, "rule": "made up", "detail": "", "lines": lines}}))
"""


def explained(path):
    done = subprocess.run([BIN / "dayfour", "explain", "--settings", SETTINGS, "--json", path],
                          capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr  # 1: a line is rejected
    return [json.loads(line) for line in done.stdout.splitlines()]


class Shrinking(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def failing(self):
        """The failure that properties.py finds with the faulty program, and its file."""
        faulty = self.folder / "histories"
        faulty.write_text(FAULTY % (sys.executable, sys.path, str(BIN / "histories")))
        faulty.chmod(faulty.stat().st_mode | stat.S_IXUSR)
        for seed in range(1, 9):
            found = properties.run_block(((seed, 6, False), 0, faulty, False))
            if found["failures"]:
                break
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            properties.tell(found["failures"][0], "%d-1" % seed, self.folder)
        return found["failures"][0], Path(said.getvalue().split()[-1]), said.getvalue()

    def test_a_failing_history_ends_as_a_file_for_explain(self):
        (rule, _, lines), path, said = self.failing()
        self.assertEqual(rule, "made up")
        self.assertEqual(len(lines), 2, "the cancelling message and a later version")
        self.assertTrue(said.startswith("FAILED made up"))
        rows = explained(path)
        self.assertEqual([row["line"] for row in rows], [1, 2])
        self.assertIn("accept", {row["verdict"] for row in rows})
        kept = path.with_suffix(".input").read_text().splitlines()
        self.assertEqual([json.loads(line) for line in kept], lines)

    def test_whatever_is_in_it(self):
        """Bad messages, binary ones and entries, too."""
        lines = compare.Block(2, 25).lines
        path = shrink.write(self.folder, "all", lines)
        written = path.read_text(encoding="utf-8").splitlines()
        rows = explained(path)
        self.assertEqual(len(rows), len(written))
        self.assertGreater(len(rows), 100)
        self.assertEqual({row["verdict"] for row in rows} - {"ignore"},
                         {"accept", "stale", "reject"})
        decoded = sum(compare.event_of(line) is not None for line in lines)
        accepted = sum(row["verdict"] in ("accept", "stale") for row in rows)
        self.assertEqual(accepted, decoded, "as good and as bad as they came")

    def test_as_few_as_possible(self):
        found = shrink.smallest(list(range(100)), lambda some: {3, 70, 71} <= set(some))
        self.assertEqual(found, [3, 70, 71])
        self.assertEqual(shrink.smallest([1, 2], lambda some: False), [1, 2])


if __name__ == "__main__":
    loader = unittest.defaultTestLoader.loadTestsFromTestCase(Shrinking)
    result = unittest.TextTestRunner(verbosity=1).run(loader)
    bad = len(result.failures) + len(result.errors)
    print("cases: %d passed, %d failed, %d skipped" % (
        result.testsRun - bad - len(result.skipped), bad, len(result.skipped)))
    sys.exit(1 if bad else 0)
