#!/usr/bin/env python3
"""e2e.doubt: transactions of followup's whose end it never hears of: the broker has committed, or has
never been asked to; either way each event is on its topic once."""
import functools
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "faults"))
import harness
from followup_stage import FollowupStage
from harness import expect, until
from proxy import ADD_OFFSETS, OFFSET_FETCH, KafkaProxy
from test_followup_faults import absence, created, people, takes

NOW = "2026-09-15T10:30:00Z"
WAIT = 120
PUBLISHING = 60  # longer than followup waits for a transaction to end


def proxy_of(around):
    host, _, port = around.brokers.rpartition(":")
    return KafkaProxy((host, int(port)), 1)


def through(stage, proxy, **settings):
    return stage.start_followup(kafka__brokers="127.0.0.1:%d" % proxy.port, **settings)


def gave_up(followup):
    return followup.lines("publish_failed")


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
            end = time.monotonic() + PUBLISHING
            while time.monotonic() < end and not gave_up(followup):
                time.sleep(0.1)
            proxy.calm()
            stage.wait_idle(WAIT)
            takes(stage, absence(4))
            stage.wait_idle(WAIT)
            expect(created(stage) == people(1, 2, 3, 4), "created for %s" % created(stage))
            expect(stage.sql("select count(*) from followup.outbox") == "0", "an outbox that is left")
            expect(gave_up(followup), "it never gave up waiting: nothing was in doubt")
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
    """A followup is frozen with a transaction open, its lease goes to another, and it wakes up to end it."""
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


def end_comes_late(around):
    """The end of a transaction that was given up arrives in the middle of the next one, which then dies
    before its own end: nothing of it may have been committed by the older end."""
    proxy = proxy_of(around)
    try:
        with FollowupStage(around, now=NOW) as stage:
            stage.start_intake()
            doomed = stage.start_followup({"DAYFOUR_FAULT": "followup.position_sent:3"},
                                          kafka__brokers="127.0.0.1:%d" % proxy.port)
            takes(stage, absence(1))
            stage.wait_idle(WAIT)
            proxy.drop_end = "request"
            takes(stage, absence(2))
            until(lambda: proxy.dark, "the end of a transaction", WAIT)
            until(lambda: gave_up(doomed), "it to give up waiting", WAIT)
            proxy.late_at = ADD_OFFSETS
            proxy.calm()
            takes(stage, absence(3))
            expect(doomed.wait(WAIT) == 137, "it did not die: %s" % doomed.tail())
            expect(proxy.late_answer, "the late end never came")
            stage.free_leases()
            stage.start_followup()
            stage.wait_idle(WAIT)
            expect(created(stage) == people(1, 2, 3), "created for %s" % created(stage))
    finally:
        proxy.close()


def end_asked_for_twice(around, dropped):
    """The connection breaks, or is given up as nothing comes, with the end of a transaction on its way; the library
    asks again over another. Its first request arrives in the middle of the next transaction, which then dies
    before its own end. Where the broker ended the transaction before the library asked again, it is another case."""
    for _ in range(4):
        if asked_again_in_time(around, dropped):
            return
    raise harness.Failure("the broker ended the transaction first, each time")


def asked_again_in_time(around, dropped):
    proxy = proxy_of(around)
    try:
        with FollowupStage(around, now=NOW) as stage:
            stage.start_intake()
            doomed = stage.start_followup({"DAYFOUR_FAULT": "followup.position_sent:3"},
                                          kafka__brokers="127.0.0.1:%d" % proxy.port)
            takes(stage, absence(1))
            stage.wait_idle(WAIT)
            proxy.drop_end = dropped
            takes(stage, absence(2))
            until(lambda: stage.is_idle() or not doomed.running, "followup to finish, or to be fenced", WAIT)
            expect(proxy.late is not None, "no connection was cut")
            if doomed.lines("fenced"):
                return False
            proxy.late_at = ADD_OFFSETS
            takes(stage, absence(3))
            expect(doomed.wait(WAIT) == 137, "it did not die: %s" % doomed.tail())
            expect(proxy.late_answer, "the late end never came")
            stage.free_leases()
            stage.start_followup()
            stage.wait_idle(WAIT)
            expect(created(stage) == people(1, 2, 3), "created for %s" % created(stage))
            return True
    finally:
        proxy.close()


def held_meanwhile(around):
    """A batch waits for a broker out of reach; cases are derived all the same, and that confirms nothing."""
    proxy = proxy_of(around)
    try:
        with FollowupStage(around, now=NOW) as stage:
            stage.start_intake()
            through(stage, proxy)
            takes(stage, absence(1))
            stage.wait_idle(WAIT)
            proxy.dark = True
            takes(stage, absence(2))
            until(lambda: stage.sql("select count(*) from followup.outbox") == "1", "a batch", WAIT)
            takes(stage, absence(3))
            until(lambda: stage.sql("select count(*) from followup.held") == "1",
                  "somebody to be held back", WAIT)
            expect(stage.sql("select count(*) from followup.outbox") == "1", "it was forgotten")
            proxy.calm()
            stage.wait_idle(WAIT)
            expect(created(stage) == people(1, 2, 3), "created for %s" % created(stage))
    finally:
        proxy.close()


CASES = {"the answer to the end of a transaction is lost": functools.partial(end_unknown, dropped="answer"),
         "the end of a transaction is lost": functools.partial(end_unknown, dropped="request"),
         "ends of transactions are cut": end_cut,
         "killed in doubt": killed_in_doubt,
         "the end of a transaction comes late": end_comes_late,
         "the end of a transaction is asked for twice": functools.partial(
             end_asked_for_twice, dropped="connection"),
         "an end without an answer is asked for twice": functools.partial(
             end_asked_for_twice, dropped="silence"),
         "a batch waits while cases are derived": held_meanwhile,
         "only committed positions count": committed_only,
         "a zombie with a transaction": zombie_with_a_transaction}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
