#!/usr/bin/env python3
"""e2e.sleepers: a followup that slept while it made its producer, and wakes to a world that went on:
the model in tests/model/spin found that it took what another had published for a loss of the database's."""
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "faults"))
import harness
from followup_stage import FollowupStage
from harness import expect, until
from proxy import Proxy
from test_followup_faults import absence, created, people, takes

NOW = "2026-09-15T10:30:00Z"


def wakes_to_a_topic_that_is_ahead(around):
    with FollowupStage(around, now=NOW) as stage:
        target = dict(word.split("=", 1) for word in around.dsn.split())
        proxy = Proxy((target["host"], int(target["port"])), 1)
        stage.start_intake()
        around.server("pause", "kafka")
        try:
            sleeper = stage.start_followup(
                wait=None, pg__dsn="%s host=127.0.0.1 port=%d" % (stage.dsn("followup"),
                                                                  proxy.port))
            until(lambda: stage.sql("select epoch from followup.shard") == "1", "the lease", 20)
            time.sleep(0.7)  # it has heard so, and waits for the broker
            sleeper.signal(signal.SIGSTOP)
        finally:
            around.server("resume", "kafka")
        stage.free_leases()
        stage.start_followup()
        for number in (1, 2, 3):
            takes(stage, absence(number))
            stage.wait_idle()
        proxy.dark = True  # what the lease has come to, it learns later than where the topic is
        sleeper.signal(signal.SIGCONT)
        last = 3
        end = time.monotonic() + 6  # enough for its producer, and the position
        while time.monotonic() < end:
            last += 1
            expect(sleeper.running, "it gave up: %s" % sleeper.tail())
            takes(stage, absence(last))
            time.sleep(0.3)
        proxy.dark = False
        stage.wait_idle()
        until(lambda: not sleeper.running or sleeper.lines("standby"), "it to give way", 30)
        expect(sleeper.running, "it gave up: %s" % sleeper.tail())
        takes(stage, absence(last + 1))
        stage.wait_idle()
        expect(created(stage) == people(*range(1, last + 2)), "created for %s" % created(stage))
        proxy.close()


CASES = {"wakes to a topic that is ahead": wakes_to_a_topic_that_is_ahead}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
