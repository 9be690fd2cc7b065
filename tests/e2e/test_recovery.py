#!/usr/bin/env python3
"""e2e.recovery: however long a server was away, work continues soon after it is back."""
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import expect, until
from test_followup_faults import absence, created, people

NOW = "2026-09-15T10:30:00Z"
AWAY = 14  # seconds; by then the pauses between two tries are as long as they get
SOON = 6   # of which half is what a busy machine may need


def after_the_database(around):
    with FollowupStage(around, now=NOW) as stage:
        services = [stage.start_intake(), stage.start_followup()]
        stage.wait_taken(stage.publish([absence(1)]))
        stage.wait_idle()
        for number in (2, 3):
            around.server("kill", "postgres")
            try:
                ends = stage.publish([absence(number)])
                time.sleep(AWAY)
            finally:
                around.server("start", "postgres")
            back = time.monotonic()
            stage.wait_taken(ends)
            until(lambda n=number: created(stage) == people(*range(1, n + 1)), "the event", 60)
            took = time.monotonic() - back
            expect(took < SOON, "it took %.1f s after the database was back" % took)
        expect(all(service.running for service in services), "one of them gave up")


CASES = {"after the database": after_the_database}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
