#!/usr/bin/env python3
"""e2e.doubt: transactions of followup's whose end it never hears of: the broker has committed, or has
never been asked to; either way each event is on its topic once."""
import functools
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "faults"))
import harness
from followup_stage import FollowupStage
from harness import expect, until
from proxy import OFFSET_FETCH, KafkaProxy
from test_followup_faults import absence, created, people, takes

NOW = "2026-09-15T10:30:00Z"
WAIT = 120


def proxy_of(around):
    host, _, port = around.brokers.rpartition(":")
    return KafkaProxy((host, int(port)), 1)


def through(stage, proxy, **settings):
    return stage.start_followup(kafka__brokers="127.0.0.1:%d" % proxy.port, **settings)


def end_unknown(around, dropped):
    """The request that ends a transaction, or the answer to it, is lost, and then nothing passes until
    followup has given up waiting: it must not believe either way, and asks."""
    proxy = proxy_of(around)
    try:
        with FollowupStage(around, now=NOW) as stage:
            stage.start_intake()
            followup = through(stage, proxy)
            takes(stage, absence(1))
            stage.wait_idle(WAIT)
            proxy.drop_end = dropped
            takes(stage, absence(2), absence(3))
            until(lambda: proxy.dark, "the end of a transaction", WAIT)
            until(lambda: [line for line in followup.lines("kafka_down") if "attempt" in line],
                  "it to give up waiting: %s" % followup.tail(), WAIT)
            proxy.calm()
            stage.wait_idle(WAIT)
            takes(stage, absence(4))
            stage.wait_idle(WAIT)
            expect(created(stage) == people(1, 2, 3, 4), "created for %s" % created(stage))
            expect(stage.sql("select count(*) from followup.outbox") == "0", "an outbox that is left")
            expect(followup.running, "it ended: %s" % followup.tail())
    finally:
        proxy.close()


def end_cut(around):
    """The connection ends in the middle of it, again and again, before or after the broker has it."""
    proxy = proxy_of(around)
    try:
        with FollowupStage(around, now=NOW) as stage:
            stage.start_intake()
            followup = through(stage, proxy)
            numbers = range(1, 25)
            for number in numbers:
                proxy.cut_commits(1)
                takes(stage, absence(number))
                stage.wait_idle(WAIT)
            expect(proxy.cuts >= len(numbers) - 2, "only %d cut" % proxy.cuts)
            expect(created(stage) == people(*numbers), "created for %s" % created(stage))
            expect(followup.running, "it ended: %s" % followup.tail())
    finally:
        proxy.close()


def killed_in_doubt(around):
    """The one that asked for the end dies, too; who comes after it, beside the proxy, settles it."""
    proxy = proxy_of(around)
    try:
        with FollowupStage(around, now=NOW) as stage:
            stage.start_intake()
            takes(stage, absence(1))
            for number, dropped in enumerate(("answer", "request") * 2):
                doomed = through(stage, proxy)
                stage.wait_idle(WAIT)
                proxy.drop_end = dropped
                takes(stage, absence(2 + number))
                until(lambda: proxy.dark, "the end of a transaction", WAIT)
                doomed.kill()
                proxy.calm()
                stage.free_leases()
                heir = stage.start_followup()
                stage.wait_idle(WAIT)
                expect(heir.stop(30) == 0, "it did not stop: %s" % heir.tail())
            expect(created(stage) == people(1, 2, 3, 4, 5), "created for %s" % created(stage))
    finally:
        proxy.close()


def committed_only(around):
    """The position is asked for as it is once every transaction before has ended: to be seen on the
    wire alone, the broker's window between the two is too small to be hit."""
    proxy = proxy_of(around)
    proxy.watched = (OFFSET_FETCH,)
    try:
        with FollowupStage(around, now=NOW) as stage:
            through(stage, proxy)
            stage.wait_idle(WAIT)
            asked = [(version, frame) for _, version, frame in proxy.requests
                     if b"dayfour-followup-position" in frame]
            expect(asked, "the position was not asked for")
            for version, frame in asked:
                # require_stable, then an empty list of tagged fields
                expect(version >= 7 and frame[-2:] == b"\x01\x00",
                       "version %d, ends with %s" % (version, frame[-4:].hex()))
    finally:
        proxy.close()


def zombie_with_a_transaction(around):
    """One is frozen with a transaction open, its lease goes to another, and it wakes up to end it."""
    proxy = proxy_of(around)
    try:
        with FollowupStage(around, now=NOW) as stage:
            stage.start_intake()
            sleeper = through(stage, proxy)
            stage.wait_idle(WAIT)
            proxy.drop_end = "request"
            takes(stage, absence(1))
            until(lambda: proxy.dark, "the end of a transaction", WAIT)
            sleeper.signal(signal.SIGSTOP)
            stage.free_leases()
            heir = stage.start_followup()
            stage.wait_idle(WAIT)
            proxy.calm()
            sleeper.signal(signal.SIGCONT)
            time.sleep(2)
            takes(stage, absence(2))
            stage.wait_idle(WAIT)
            expect(heir.running and sleeper.running, "one of them ended")
            expect(created(stage) == people(1, 2), "created for %s" % created(stage))
    finally:
        proxy.close()


CASES = {"the answer to the end of a transaction is lost": functools.partial(end_unknown, dropped="answer"),
         "the end of a transaction is lost": functools.partial(end_unknown, dropped="request"),
         "ends of transactions are cut": end_cut,
         "killed in doubt": killed_in_doubt,
         "only committed positions count": committed_only,
         "a zombie with a transaction": zombie_with_a_transaction}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
