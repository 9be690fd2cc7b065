#!/usr/bin/env python3
"""e2e.clock: the product's now is bounded. A service whose clock is apart from the database's stands still: it stores
nothing, publishes nothing, holds no lease and is not ready. Once the clocks agree it continues. A last_now that is
wrong is neither believed nor kept: an operator accepts the database's clock. Small steps change nothing."""
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import harness
from followup_stage import FollowupStage
from harness import NotRun, expect, free_port, until

TEN_YEARS = 10 * 365 * 86400
WAIT = 60
STILL = 4  # seconds in which a service that does not stand still would have done something


def event(number, onset=None):
    day = onset or time.strftime("%Y-%m-%d", time.gmtime())
    return {"partition": 0, "key_b64": None, "headers": [], "value": json.dumps({
        "specversion": "1.0", "id": "e%d" % number, "source": "/hr/RW3", "type": "org.dayfour.absence.opened.v1",
        "data": {"organisation": "RW3", "absence_id": "A-%d" % number, "version": 1, "person_id": "P-%d" % number,
                 "category": "sickness", "onset_date": day, "reason": {"scheme": "esr", "code": "S12"}}})}


class Machine:
    """A stage on the machine's clock, and services on one whose clock the case moves."""

    def __init__(self, around, **kwargs):
        ahead = around.bin / "libclock_ahead.so"
        if not ahead.exists() or "asan" in str(around.bin):
            raise NotRun("needs libclock_ahead.so, without a sanitizer")
        self.stage = FollowupStage(around, **kwargs)
        self.file = self.stage.dir / "ahead"
        self.set(0)
        self.env = {"LD_PRELOAD": str(ahead), "AHEAD_FILE": str(self.file)}
        self.ports = {}

    def set(self, seconds):
        new = self.file.with_suffix(".new")
        new.write_text("%d\n" % seconds)
        new.rename(self.file)

    def start(self, which, wait=True, **settings):
        port = free_port()
        start = self.stage.start_intake if which == "intake" else self.stage.start_followup
        service = start(self.env, None, clock__file="", http__listen="127.0.0.1:%d" % port, **settings)
        if wait:
            service.wait_for("ready", WAIT)
        self.ports[which] = port
        return service

    def status(self, which):
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/readyz" % self.ports[which], timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as answer:
            return answer.code
        except OSError:
            return 0

    def wait_status(self, code, seconds=WAIT):
        for which in self.ports:
            until(lambda w=which: self.status(w) == code, "%s to answer %d, not %d" % (
                which, code, self.status(which)), seconds, 0.05)

    def metric(self, which, name):
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % self.ports[which], timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[1])
        return None

    def why_not(self, which):
        """A service that is not ready: its metrics and its last lines."""
        names = ("dayfour_clock_apart", "dayfour_kafka_up", "dayfour_topic_missing", "dayfour_db_failures_total")
        service = [s for s in self.stage.services if which in s.name][-1]
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % self.ports[which], timeout=5) as answer:
            found = [line for line in answer.read().decode().splitlines() if line.startswith(names)]
        return "%s is not ready: %s: %s" % (which, "; ".join(found), service.tail(8))

    def count(self, table="fact.absence"):
        return int(self.stage.sql("select count(*) from " + table))

    def bounded(self):
        expect(self.stage.sql("select coalesce(last_now, '-infinity') <= now() + interval '5 min' from ops.clock")
               == "t", "last_now is %s" % self.stage.sql("select last_now from ops.clock"))
        expect(self.stage.sql("select oh.now() <= now() + interval '5 min' and oh.clock() <= now() + interval '6 min'")
               == "t", "oh.now() is %s" % self.stage.sql("select oh.now()"))

    def told(self):
        return [e for e in self.stage.events("follow-up") if e["type"] == "org.dayfour.contact-task.created.v1"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stage.close()


def stands_still(m, stored, told):
    time.sleep(STILL)
    m.bounded()
    expect(m.count() == stored, "%d records are stored, %d were" % (m.count(), stored))
    expect(len(m.told()) == told, "%d events are out, %d were" % (len(m.told()), told))
    for which in m.ports:
        expect(m.status(which) == 503, "%s: %d" % (which, m.status(which)))
        expect(m.metric(which, "dayfour_clock_apart") == 1, "%s: the metric" % which)


def apart_from_the_start(around, ahead):
    with Machine(around) as m:
        m.set(ahead)
        services = [m.start("followup", wait=False), m.start("intake", wait=False)]
        for service in services:
            service.wait_for("clock_apart", WAIT)
        ends = m.stage.publish([event(1), event(2)])
        stands_still(m, 0, 0)
        expect(m.stage.sql("select count(*) from followup.shard where until > now()") == "0", "it holds a lease")
        expect(m.stage.sql("select count(*) from intake.position") == "0", "it has taken partitions")
        m.set(0)
        m.wait_status(200)
        m.stage.wait_taken(ends, WAIT)
        until(lambda: len(m.told()) == 2, "two events, not %d" % len(m.told()), WAIT)
        m.bounded()
        for service in services:
            expect(service.stop() == 0, "%s: %s" % (service.name, service.tail()))


def jumps(around, seconds):
    """The clock is set while they run, and back: messages that came meanwhile are stored then, with the right time."""
    with Machine(around) as m:
        m.start("followup")
        m.start("intake")
        m.stage.wait_taken(m.stage.publish([event(1)]), WAIT)
        until(lambda: len(m.told()) == 1, "the first event", WAIT)
        m.set(seconds)
        m.wait_status(503, 10)
        ends = m.stage.publish([event(2)])
        stands_still(m, 1, 1)
        m.set(0)
        m.wait_status(200)
        m.stage.wait_taken(ends, WAIT)
        until(lambda: len(m.told()) == 2, "the second event", WAIT)
        expect(m.stage.sql("select bool_and(abs(extract(epoch from now() - first_notice_at)) < 300)"
                           " from fact.absence") == "t", "first notices")
        m.bounded()


def a_wrong_last_now(around):
    """As a program of before could leave it. Nothing but an operator's word brings it back."""
    with Machine(around) as m:
        m.stage.sql("update ops.clock set last_now = now() + interval '10 years'")
        expect(m.stage.sql("select oh.now() <= now() + interval '5 min' and oh.clock() <= now() + interval '6 min'")
               == "t", "oh.now() is %s" % m.stage.sql("select oh.now()"))
        m.start("followup", wait=False)
        m.start("intake", wait=False)
        ends = m.stage.publish([event(1)])
        for service in m.stage.services:
            service.wait_for("clock_apart", WAIT)
        time.sleep(STILL)
        expect(m.count() == 0 and not m.told(), "something was stored or told")
        expect(run(m, "purge").returncode == 3, "purge goes on")
        expect(run(m, "purge", "--dry-run").returncode == 3, "purge --dry-run goes on")
        expect(run(m, "clock").returncode == 3, "clock finds nothing")
        expect(run(m, "clock", "accept", text="no\n").returncode == 1, "it takes no for an answer")
        m.wait_status(503)
        done = run(m, "clock", "accept", text="yes\n")
        expect(done.returncode == 0, done.stderr)
        m.wait_status(200)
        m.stage.wait_taken(ends, WAIT)
        until(lambda: len(m.told()) == 1, "the event", WAIT)
        m.bounded()
        expect(run(m, "clock").returncode == 0 and run(m, "purge").returncode == 0, "clock and purge")
        expect(m.stage.sql("select count(*), bool_and(detail ->> 'last_now' > '2030')"
                           " from audit.entry where what = 'clock_accepted'") == "1|t", "the audit")


def purge_by_a_wrong_clock(around):
    """The machine of who purges is wrong; or time comes from a file, and nothing is compared."""
    with Machine(around) as m:
        for ahead, code in ((0, 0), (200, 0), (-200, 0), (400, 3), (-400, 3), (TEN_YEARS, 3)):
            m.set(ahead)
            found = run(m, "purge", env=m.env).returncode
            expect(found == code, "%d s ahead: %d" % (ahead, found))
        found = run(m, "clock", "accept", "--yes", env=m.env)
        expect(found.returncode == 1, "accepted by a machine that is wrong itself")
        m.stage.sql("update ops.clock set rehearsal_at = now() + interval '10 years'")
        expect(run(m, "purge", env=m.env).returncode == 0, "a rehearsal")


def small_steps(around):
    """Within the bound, as ever: now does not go back, and nothing is withdrawn."""
    with Machine(around) as m:
        m.start("followup")
        m.start("intake")
        number = 0
        for seconds in (120, -60, 200, 0):
            m.set(seconds)
            number += 1
            m.stage.wait_taken(m.stage.publish([event(number)]), WAIT)
            until(lambda: len(m.told()) == number, "event %d" % number, WAIT)
            for which in m.ports:
                expect(m.status(which) == 200, m.why_not(which))
        expect(m.stage.sql("select bool_and(b >= a) from (select first_notice_at as b, lag(first_notice_at)"
                           " over (order by absence_id) as a from fact.absence) x") == "t", "it went back")
        expect(len(m.told()) == number == len(m.stage.events("follow-up")), "something was withdrawn")


def a_step_back_of_unequal_services(around):
    """followup has seen less of the time ahead than intake. An event that intake stores then goes out at once, and does
    not wait until the clock has come that far again."""
    with Machine(around) as m:
        followup = m.start("followup")
        m.start("intake")
        m.set(120)
        m.stage.wait_taken(m.stage.publish([event(1)]), WAIT)
        until(lambda: len(m.told()) == 1, "the first event", WAIT)
        followup.signal(signal.SIGSTOP)
        time.sleep(3)
        m.set(-60)
        followup.signal(signal.SIGCONT)
        m.stage.wait_taken(m.stage.publish([event(2)]), WAIT)
        until(lambda: len(m.told()) == 2, "the second event", 20)


def a_machine_ahead(around):
    """intake's machine is two minutes ahead, followup's is not. Neither waits for the other's time."""
    with Machine(around) as m:
        m.set(120)
        m.start("intake")
        m.env = {}
        m.start("followup")
        for number in (1, 2, 3):
            began = time.monotonic()
            m.stage.wait_taken(m.stage.publish([event(number)]), WAIT)
            until(lambda: len(m.told()) == number, "event %d" % number, 20)
            expect(time.monotonic() - began < 4, "event %d took %.1f s" % (number, time.monotonic() - began))


def accepted_in_an_open_transaction(around):
    """An operator accepts the clocks and does not commit: no service waits for it."""
    with Machine(around) as m:
        services = m.start("followup"), m.start("intake")
        m.stage.wait_taken(m.stage.publish([event(1)]), WAIT)
        until(lambda: len(m.told()) == 1, "the first event", WAIT)
        with subprocess.Popen(["psql", "-XAtq", "-d", m.stage.dsn()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as operator:
            operator.stdin.write("begin; select ops.accept_clock(); \\echo done\n")
            operator.stdin.flush()
            while operator.stdout.readline().strip() != "done":
                pass
            for number in range(2, 14):  # now is stored each five seconds
                m.stage.wait_taken(m.stage.publish([event(number)]), 5)
                until(lambda n=number: len(m.told()) == n, "event %d" % number, 5)
                for which in m.ports:
                    expect(m.status(which) == 200, m.why_not(which))
                time.sleep(1)
            operator.stdin.write("commit;\n")
        for service in services:
            expect(not service.lines("db_down"), "%s: %s" % (service.name, service.tail()))
        was = m.stage.sql("select last_now from ops.clock")
        until(lambda: m.stage.sql("select last_now > '%s' and accepted = 1 from ops.clock" % was) == "t",
              "now to be stored again", 20)


def a_setting(around):
    with Machine(around) as m:
        m.start("intake", clock__apart_seconds=20)
        m.set(15)
        time.sleep(STILL)
        expect(m.status("intake") == 200, "15 s are within 20")
        m.set(25)
        m.wait_status(503, 10)
        for bad in ("0", "301"):
            service = m.stage.start_intake(wait=False, clock__apart_seconds=bad)
            expect(service.wait(10) == 2, "%s is taken" % bad)


def after_a_rehearsal(around):
    """A service that uses the machine's clock clears the traces of a rehearsal."""
    with Machine(around, now="2036-05-05T08:00:00Z") as m:
        rehearsing = m.stage.start_intake()
        m.stage.wait_taken(m.stage.publish([event(1, "2036-05-05")]), WAIT)
        expect(m.stage.sql("select extract(year from oh.now())") == "2036", "the rehearsal")
        expect(rehearsing.stop() == 0, "it did not end")
        m.start("intake")
        until(lambda: m.stage.sql("select rehearsal_at is null and oh.now() <= now() + interval '5 min'"
                                  " from ops.clock") == "t", "it to be cleared", WAIT)
        m.wait_status(200)


def a_broker_that_refuses_the_time(around):
    """Its own clock is behind, or it is set narrowly: that is named, and nothing counts as too large."""
    with Machine(around, follow_up="3:message.timestamp.after.max.ms=20000") as m:
        followup = m.start("followup")
        m.start("intake")
        m.set(120)
        ends = m.stage.publish([event(1)])
        m.stage.wait_taken(ends, WAIT)
        until(lambda: [x for x in followup.lines("clock_apart") if "broker" in x["msg"]], "it to be named", WAIT)
        expect(not m.told(), "it went out")
        expect(m.status("followup") == 503, "followup is ready")
        m.set(0)
        until(lambda: len(m.told()) == 1, "the event", 2 * WAIT)
        expect(m.stage.sql("select count(*) from followup.outbox") == "0", "the outbox")


def run(m, *arguments, env=None, text=None):
    import os
    clean = {k: v for k, v in os.environ.items() if not k.startswith("DAYFOUR_")}
    clean.update(PG_DSN=m.stage.dsn(), KAFKA_BROKERS=m.stage.around.brokers, **(env or {}))
    return subprocess.run([m.stage.around.bin / "dayfour", *arguments], env=clean, input=text or "", timeout=60,
                          capture_output=True, text=True, check=False)


CASES = {
    "ten years ahead from the start": lambda around: apart_from_the_start(around, TEN_YEARS),
    "an hour behind from the start": lambda around: apart_from_the_start(around, -3600),
    "ten years ahead, set while it runs": lambda around: jumps(around, TEN_YEARS),
    "a day behind, set while it runs": lambda around: jumps(around, -86400),
    "a last_now that is wrong": a_wrong_last_now,
    "purge by a wrong clock": purge_by_a_wrong_clock,
    "small steps": small_steps,
    "a step back of unequal services": a_step_back_of_unequal_services,
    "a machine ahead": a_machine_ahead,
    "accepted in an open transaction": accepted_in_an_open_transaction,
    "the bound is a setting": a_setting,
    "after a rehearsal": after_a_rehearsal,
    "a broker that refuses the time": a_broker_that_refuses_the_time,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
