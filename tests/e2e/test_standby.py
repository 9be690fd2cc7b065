#!/usr/bin/env python3
"""A commit that was not confirmed by the synchronous standby counts as not done, although the server answers it.

While no standby is there, the server answers a waiting COMMIT only when somebody cancels it, and then as if it had
succeeded. The standby that is promoted next would not know what followup published then."""
import sys
import threading
import time

import harness
from followup_stage import FollowupStage
from harness import expect, until

EVENT = ('{"specversion":"1.0","id":"%s","source":"/hr/RW3","type":"org.dayfour.absence.opened.v1",'
         '"time":"2026-09-15T10:00:00Z","data":{"organisation":"RW3","absence_id":"%s","version":1,"person_id":"%s",'
         '"category":"sickness","onset_date":"2026-09-14","reason":{"scheme":"esr","code":"S12"}}}')
WAITING = "from pg_stat_activity where wait_event = 'SyncRep' and usename like '%s\\_%%'"


def line(n):
    return {"partition": 0, "headers": [], "value": EVENT % (n, "A-%d" % n, "P-%d" % n)}


class NoStandby:
    """Commits of everybody else wait for a standby that does not exist."""

    def __init__(self, stage):
        self.stage = stage

    def set(self, name):
        for text in ("alter system set synchronous_standby_names = '%s'" % name, "select pg_reload_conf()"):
            self.stage.sql("set synchronous_commit = local; " + text if text.startswith("select") else text)

    def __enter__(self):
        self.set("nobody")
        return self

    def __exit__(self, *_):
        self.set("")


def cancel_all(stage, stop):
    while not stop.is_set():
        stage.ask("select count(pg_cancel_backend(pid)) " + WAITING % stage.id)
        time.sleep(0.1)


def not_published(around):
    with FollowupStage(around) as stage:
        stage.start_intake()
        stage.start_followup()
        stage.wait_taken(stage.publish([line(1)]))
        until(lambda: len(stage.events("follow-up")) == 1, "the first event")
        stage.wait_idle()
        stop = threading.Event()
        with NoStandby(stage):
            stage.publish([line(2)])
            until(lambda: stage.ask("select count(*) " + WAITING % stage.id) != "0", "a commit to wait")
            canceller = threading.Thread(target=cancel_all, args=(stage, stop))
            canceller.start()
            try:
                until(lambda: stage.sql("select count(*) from casework.spell") == "2", "the commit to be answered")
                time.sleep(5)
                expect(len(stage.events("follow-up")) == 1, "an event was published that no standby has")
            finally:
                stop.set()
                canceller.join()
        stage.wait_idle(60)
        said = [event["data"]["person_id"] for event in stage.events("follow-up")]
        expect(sorted(said) == ["P-1", "P-2"], "published: %s" % said)


if __name__ == "__main__":
    sys.exit(harness.run({"not_published": not_published}))
