#!/usr/bin/env python3
"""e2e.waits: few errors end a service. All others are waited for: the service is alive, not ready, says so, and
continues by itself; nothing is lost, nothing is a dead letter for it."""
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import Stage, expect, until
from test_followup_faults import absence, created, people
from test_manager import free_port, get
from test_refusals import ALLOW, REFUSE

NOW = "2026-09-15T10:30:00Z"
WAIT = 180
# NOTIFY's queue is full, of another version, a table that is not there, a broken session, a bug of the server, a
# corrupt table, a right that is missing, what somebody raises.
STATES = ("54000", "0A000", "42P01", "25P04", "XX000", "XX001", "42501", "P0001")


class Both:
    """Intake and followup with their addresses."""

    def __init__(self, stage, env=None):
        self.stage = stage
        self.ports = [free_port(), free_port()]
        self.services = [stage.start_intake(env, http__listen="127.0.0.1:%d" % self.ports[0]),
                         stage.start_followup(env, http__listen="127.0.0.1:%d" % self.ports[1])]
        self.numbers = 0
        self.readiness(200)

    def readiness(self, status):
        for port in self.ports:
            until(lambda p=port: get(p, "/readyz")[0] == status, "/readyz to be %d" % status, WAIT)

    def stays_unready(self, seconds=2):
        """Not now and then only."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for port in self.ports:
                expect(get(port, "/readyz")[0] == 503, "it says that it is ready")
                expect(get(port, "/healthz")[0] == 200, "the loop stands")
            time.sleep(0.05)

    def more(self):
        """Ten people more; gives the ends."""
        lines = [absence(n) for n in range(self.numbers, self.numbers + 10)]
        self.numbers += 10
        return self.stage.publish(lines)

    def all_well(self, ends):
        """Everything is stored and published, each once."""
        self.stage.wait_taken(ends, WAIT)
        self.stage.wait_idle(WAIT)
        self.readiness(200)
        expect(created(self.stage) == people(*range(self.numbers)), "created for %s" % created(self.stage))
        expect(self.stage.sql("select count(*) from intake.dead_letter") == "0", "a dead letter")
        expect(self.stage.sql("select count(*) from casework.set_aside") == "0", "somebody is set aside")
        for service in self.services:
            expect(service.running, "%s ended: %s" % (service.name, service.tail()))


def refused_for_a_while(around):
    """Each state in turn, in what intake and what followup writes."""
    with FollowupStage(around, now=NOW) as stage:
        both = Both(stage)
        for state in STATES:
            for table, port in (("fact.absence", both.ports[0]), ("followup.outbox", both.ports[1])):
                stage.sql(REFUSE % (state, table))
                ends = both.more()
                until(lambda p=port: get(p, "/readyz")[0] == 503, "%s: not to be ready" % state, WAIT)
                end = time.monotonic() + 1
                while time.monotonic() < end:
                    expect(get(port, "/readyz")[0] == 503, "%s: it says that it is ready" % state)
                stage.sql(ALLOW % table)
                both.all_well(ends)


def schema_away(around):
    """As while a database is restored in place."""
    with FollowupStage(around, now=NOW) as stage:
        both = Both(stage)
        both.all_well(both.more())
        for schema in ("fact", "casework", "intake"):
            stage.sql("alter schema %s rename to gone" % schema)
            ends = both.more()
            both.readiness(503)
            both.stays_unready()
            stage.sql("alter schema gone rename to %s" % schema)
            both.all_well(ends)


def database_away(around):
    """Renamed, and back."""
    with FollowupStage(around, now=NOW) as stage:
        both = Both(stage)
        both.all_well(both.more())
        stage.end_session()
        stage.sql("alter database %s allow_connections false" % stage.id, database=None)
        stage.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = '%s'" % stage.id, database=None)
        stage.sql("alter database %s rename to %s_gone" % (stage.id, stage.id), database=None)
        try:
            both.readiness(503)
            both.stays_unready()
        finally:
            stage.sql("alter database %s_gone rename to %s" % (stage.id, stage.id), database=None)
            stage.sql("alter database %s allow_connections true" % stage.id, database=None)
        both.all_well(both.more())


def rights_away(around):
    """Revoked, as while a dump is read whose grants come last, and granted."""
    with FollowupStage(around, now=NOW) as stage:
        both = Both(stage)
        for right in ("usage on schema casework", "select on fact.ruleset"):
            for role in ("intake", "followup"):
                stage.sql("revoke %s from dayfour_%s" % (right, role))
            ends = both.more()
            cut_sessions(stage)
            time.sleep(7)  # followup counts, and so needs this right, every five seconds
            both.readiness(503)
            both.stays_unready()
            for role in ("intake", "followup"):
                stage.sql("grant %s to dayfour_%s" % (right, role))
            both.all_well(ends)


def password_of(stage, password):
    for role in ("intake", "followup"):
        stage.sql("alter role %s_%s password '%s'" % (stage.id, role, password))
    stage.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename like '%s\\_%%'" % stage.id)


def password_changed(around):
    """It is changed before the services know it: for a while nothing ends, the old one works again."""
    with FollowupStage(around, now=NOW) as stage:
        both = Both(stage)
        password_of(stage, "another")
        ends = both.more()  # who has nothing to do need not notice
        for service in both.services:
            until(lambda s=service: any(line.get("code") == "28P01" for line in s.lines("db_down")), "28P01", WAIT)
        both.stays_unready(5)
        password_of(stage, stage.password)
        both.all_well(ends)


def end_by_name(both, code):
    both.more()
    for service in both.services:
        expect(service.wait(WAIT) == 3, "%s ended with %s" % (service.name, service.process.returncode))
        expect(service.lines("failed")[-1]["code"] == code, "%s" % service.tail())


def cut_sessions(stage):
    stage.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename like '%s\\_%%'" % stage.id)


def ends_after_ten_minutes(around):
    """A password refused, a right missing, for ten minutes (in this test three seconds): then it ends by name, with
    the exit code after which it is not started again."""
    env = {"DAYFOUR_TEST_PATIENCE_MS": "3000"}
    with FollowupStage(around, now=NOW) as stage:
        both = Both(stage, env)
        password_of(stage, "another")
        end_by_name(both, "28P01")
        password_of(stage, stage.password)
        stage.free_leases()
        both = Both(stage, env)
        for role in ("intake", "followup"):
            stage.sql("revoke usage on schema fact from dayfour_%s" % role)
        cut_sessions(stage)
        end_by_name(both, "42501")


def key_changed(around):
    """Ids would be others: both end at once, by name. A key that is away, as during a restore, is waited for."""
    with FollowupStage(around, now=NOW) as stage:
        both = Both(stage)
        stage.sql("create table public.kept as table fact.install_key; delete from fact.install_key")
        cut_sessions(stage)
        ends = both.more()
        both.readiness(503)
        both.stays_unready()
        stage.sql("insert into fact.install_key table public.kept")
        both.all_well(ends)
        stage.sql("update fact.install_key set key = decode(repeat('07', 32), 'hex')")
        cut_sessions(stage)
        end_by_name(both, "install_key")


def no_memory(around):
    """Is no reason to stay down: the exit code is one after which it is started again, or it waits for memory where a
    library only reports the want of it."""
    with Stage(around, now=NOW) as stage:
        import resource
        intake = stage.start_intake()
        resource.prlimit(intake.process.pid, resource.RLIMIT_AS, (1 << 20, 1 << 20))
        ends = stage.publish([absence(n, contact={"name": "x" * 200}) for n in range(2000)])
        time.sleep(20)
        if intake.running:
            forever = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(intake.process.pid, resource.RLIMIT_AS, forever)
            stage.wait_taken(ends, WAIT)
        else:
            code = intake.process.returncode
            expect(code in (75, -6, -11), "it ended with %s" % code)


CASES = {
    "refused for a while": refused_for_a_while,
    "a schema is away": schema_away,
    "the database is away": database_away,
    "rights are away": rights_away,
    "a password changed": password_changed,
    "ends after ten minutes": ends_after_ten_minutes,
    "the install key": key_changed,
    "no memory": no_memory,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
