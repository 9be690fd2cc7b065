#!/usr/bin/env python3
"""The services' messages to systemd: ready, their state, alive, stopping."""
import json
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import harness
from followup_stage import FollowupStage
from harness import Stage, expect, free_port, until

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


def get(port, path):
    """Status and text."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def metrics(port):
    found = {}
    for line in get(port, "/metrics")[1].splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def followup_counts(around):
    """/healthz, /readyz and /metrics of followup, with the database there and away."""
    with FollowupStage(around) as stage:
        port = free_port()
        stage.start_intake()
        stage.start_followup(http__listen="127.0.0.1:%d" % port)
        expect(get(port, "/healthz")[0] == 200 and get(port, "/readyz")[0] == 200, "not ready")
        stage.publish([{"partition": 0, "key_b64": None, "headers": [], "value": json.dumps({
            "specversion": "1.0", "id": "1", "source": "/hr/RW3",
            "type": "org.dayfour.absence.opened.v1",
            "data": {"organisation": "RW3", "absence_id": "A-1", "version": 1, "person_id": "P-77",
                     "category": "sickness", "onset_date": "2026-09-14",
                     "reason": {"scheme": "esr", "code": "S12"}}})}])
        name = 'dayfour_followup_events_total{topic="%s"}' % stage.out["follow-up"]
        until(lambda: metrics(port).get(name) == 1, "an event to be counted", 30)
        until(lambda: metrics(port)["dayfour_followup_people_due"] == 0, "nobody to be due", 20)
        found = metrics(port)
        expect(found["dayfour_followup_oldest_due_seconds"] == 0, found)
        expect(found['dayfour_followup_active{shard="0"}'] == 1, found)
        expect(found["dayfour_db_failures_total"] == 0 and found["dayfour_fenced_total"] == 0, found)
        other = free_port()  # one that starts now need not wait a minute for its next count
        stage.set_clock("2026-09-20T08:00:00Z")
        stage.wait_idle()
        stage.start_followup(http__listen="127.0.0.1:%d" % other)
        until(lambda: metrics(other).get("dayfour_tasks_open") == 1, "tasks to be counted", 20)
        expect(metrics(other)["dayfour_tasks_overdue"] == 1, metrics(other))
        around.server("stop", "postgres")
        try:
            until(lambda: get(port, "/readyz")[0] == 503, "not to be ready", 20)
            expect(get(port, "/healthz")[0] == 200, "the loop stands")
            expect(metrics(port)["dayfour_db_failures_total"] >= 1, "an outage is not counted")
        finally:
            around.server("start", "postgres")
        until(lambda: get(port, "/readyz")[0] == 200, "to be ready again", 30)


def event(number):
    return {"partition": 0, "key_b64": None, "headers": [], "value": json.dumps({
        "specversion": "1.0", "id": "e%d" % number, "source": "/hr/RW3",
        "type": "org.dayfour.absence.opened.v1",
        "data": {"organisation": "RW3", "absence_id": "A-%d" % number, "version": 1,
                 "person_id": "P-%d" % number, "category": "sickness",
                 "onset_date": "2026-09-14"}})}


def intake_counts_what_waits(around):
    """The lag is still shown while the database is away: that is when it matters."""
    with Stage(around) as stage:
        port = free_port()
        stage.start_intake(http__listen="127.0.0.1:%d" % port)
        lag = 'dayfour_intake_lag_records{topic="%s",partition="0"}' % stage.topic
        stage.wait_taken(stage.publish([event(n) for n in range(10)]))
        until(lambda: metrics(port).get(lag) == 0, "no lag", 20)
        around.server("stop", "postgres")
        try:
            ends = stage.publish([event(n) for n in range(10, 35)])
            until(lambda: metrics(port)["dayfour_db_failures_total"] >= 1, "the outage to show", 20)
            until(lambda: metrics(port).get(lag) == 25, "what waits to show", 20)
        finally:
            around.server("start", "postgres")
        stage.wait_taken(ends)
        until(lambda: metrics(port).get(lag) == 0, "no lag again", 20)


CASES = {
    "intake counts what waits": intake_counts_what_waits,
    "followup counts": followup_counts,
    "intake": lambda around: managed(around, starts_lives_stops, intake),
    "followup": lambda around: managed(around, starts_lives_stops, followup),
    "waits for the broker": waits_for_the_broker,
    "stands by": stands_by,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
