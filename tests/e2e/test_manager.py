#!/usr/bin/env python3
"""What the services tell systemd: ready, how they stand, that they live, that they stop."""
import socket
import sys
import tempfile
import time
from pathlib import Path

import harness
from followup_stage import FollowupStage
from harness import Stage, expect, until

WATCHDOG_S = 3


class Manager:
    """The socket a service manager listens at."""

    def __init__(self, folder):
        self.path = str(Path(folder) / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.heard = []

    def env(self):
        return {"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": str(WATCHDOG_S * 1000000)}

    def listen(self):
        while True:
            try:
                self.heard.append((time.monotonic(), self.socket.recv(4096).decode()))
            except BlockingIOError:
                return [text for _, text in self.heard]

    def wait_for(self, text, seconds=30):
        until(lambda: text in self.listen(), "%s, heard %s" % (text, self.heard[-5:]), seconds)

    def feeds(self, seconds):
        """How often the watchdog was fed in that time from now."""
        before = self.listen().count("WATCHDOG=1")
        time.sleep(seconds)
        return self.listen().count("WATCHDOG=1") - before

    def close(self):
        self.socket.close()


def managed(around, what, start):
    with tempfile.TemporaryDirectory() as folder:
        manager = Manager(folder)
        try:
            what(around, manager, start)
        finally:
            manager.close()


def starts_lives_stops(around, manager, start):
    with FollowupStage(around, partitions=2) as stage:
        service = start(stage, manager.env())
        manager.wait_for("READY=1")
        expect(service.lines("ready"), "ready for systemd before it was ready")
        expect(manager.feeds(WATCHDOG_S) >= 2, "fed too rarely: %s" % manager.heard)
        status = [text for text in manager.listen() if text.startswith("STATUS=")]
        expect(status, "no status")
        around.server("stop", "postgres")
        try:
            manager.wait_for("STATUS=the database is away")
            expect(manager.feeds(WATCHDOG_S) >= 2, "an outage of the database is not ours to die of")
        finally:
            around.server("start", "postgres")
        until(lambda: [t for t in manager.listen() if t.startswith("STATUS=")][-1] == status[-1],
              "the status of before, not %s" % manager.heard[-1][1], 30)
        expect(service.stop() == 0, "did not end well")
        heard = manager.listen()
        expect(heard.count("READY=1") == 1 and heard.count("STOPPING=1") == 1, heard)
        expect(heard[-1] == "STATUS=stopped", heard[-1])


def intake(stage, env, **settings):
    return stage.start_intake(env=env, clock__file=None, **settings)


def followup(stage, env, **settings):
    return stage.start_followup(env=env, clock__file=None, **settings)


def waits_for_the_broker(around):
    """Not ready before it has partitions; no feeding is asked for until then either."""
    with tempfile.TemporaryDirectory() as folder, Stage(around) as stage:
        manager = Manager(folder)
        try:
            service = stage.start_intake(env=manager.env(), wait=False,
                                         kafka__brokers="127.0.0.1:1")
            time.sleep(3)
            expect("READY=1" not in manager.listen(), "ready without a broker")
            expect(service.stop() == 0, "did not end well")
        finally:
            manager.close()


def stands_by(around):
    """A second followup is ready too, and says so; so is an intake without partitions."""
    with tempfile.TemporaryDirectory() as folder, FollowupStage(around, partitions=1) as stage:
        manager = Manager(folder)
        try:
            stage.start_followup(clock__file=None)
            followup(stage, manager.env())
            manager.wait_for("READY=1")
            manager.wait_for("STATUS=active on 0 of 1 shards")
            stage.start_intake(clock__file=None)
            manager.heard.clear()
            stage.start_intake(env=manager.env(), clock__file=None, wait=False)
            manager.wait_for("READY=1")
            until(lambda: any("partitions" in text for text in manager.listen()), "a status", 20)
        finally:
            manager.close()


CASES = {
    "intake": lambda around: managed(around, starts_lives_stops, intake),
    "followup": lambda around: managed(around, starts_lives_stops, followup),
    "waits for the broker": waits_for_the_broker,
    "stands by": stands_by,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
