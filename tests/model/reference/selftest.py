"""Runs the model's own tests (selftest_*.py) and ends with one line of counts."""
import sys
import unittest
from pathlib import Path


def main():
    sys.path.insert(0, str(Path(__file__).parent))
    suite = unittest.defaultTestLoader.discover(str(Path(__file__).parent), "selftest_*.py")
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    print("cases: %d passed, %d failed, %d skipped"
          % (result.testsRun - failed - skipped, failed, skipped), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
