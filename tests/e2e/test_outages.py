#!/usr/bin/env python3
"""e2e.outages: servers that go away, zombies, lost positions, being asked to stop. Never may a good
message become a dead letter for it, and the rows are right in the end."""
import signal
import subprocess
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import Stage, expect, until
from process import cpu_seconds
from test_fixed2000 import NOW, check, expected

PARTITIONS = 3
HALF = 1000


class Run:
    """The fixed set in two halves, with something in between."""

    def __init__(self, around):
        self.lines, self.world = expected(PARTITIONS)
        self.stage = Stage(around, PARTITIONS, now=NOW)

    def first_half(self):
        """Published whole, and begun with."""
        self.stage.publish(self.lines[:HALF])
        self.stage.wait_progress({})

    def finish(self, seconds=60):
        ends = self.stage.publish(self.lines[HALF:])
        self.stage.wait_taken(ends, seconds)
        check(self.stage, self.lines, self.world)

    def __enter__(self):
        self.stage.__enter__()
        return self

    def __exit__(self, *why):
        self.stage.__exit__(*why)


# --- the database

def database_crashes(around):
    with Run(around) as run:
        intake = run.stage.start_intake()
        run.first_half()
        around.server("kill", "postgres")
        try:
            run.stage.publish(run.lines[HALF:HALF + 300])
            intake.wait_for("db_down")
        finally:
            around.server("start", "postgres")
        rest, run.lines = run.lines, run.lines[:HALF] + run.lines[HALF + 300:]
        ends = run.stage.publish(run.lines[HALF:])
        run.stage.wait_taken(ends)
        check(run.stage, rest, run.world)
        expect(intake.running, "intake gave up")


def share_of_a_core(services, seconds=4):
    before = [cpu_seconds(s.process.pid) for s in services]
    time.sleep(seconds)
    return [(cpu_seconds(s.process.pid) - b) / seconds for s, b in zip(services, before)]


def waiting_costs_nothing(around):
    """Both services wait without spinning, whatever is away."""
    with FollowupStage(around, PARTITIONS, now=NOW) as stage:
        services = [stage.start_intake(), stage.start_followup()]
        stage.wait_taken(stage.publish(expected(PARTITIONS)[0][:HALF]))
        stage.wait_idle()
        around.server("kill", "postgres")
        try:
            for service in services:
                service.wait_for("db_down")
            time.sleep(2)
            without_database = share_of_a_core(services)
            around.server("kill", "kafka")
            try:
                time.sleep(2)
                without_both = share_of_a_core(services)
            finally:
                around.server("start", "kafka")
        finally:
            around.server("start", "postgres")
        expect(max(without_database) < 0.1, "shares of a core without a database: %s" % without_database)
        expect(max(without_both) < 0.1, "shares of a core without anything: %s" % without_both)
        stage.wait_idle(60)


def database_hangs(around):
    with Run(around) as run:
        run.stage.start_intake()
        run.first_half()
        around.server("pause", "postgres")
        try:
            time.sleep(4)
        finally:
            around.server("resume", "postgres")
        run.finish()


def database_comes_late(around):
    with Run(around) as run:
        run.stage.publish(run.lines[:HALF])
        around.server("stop", "postgres")
        try:
            intake = run.stage.start_intake(wait=False)
            intake.wait_for("db_down")
        finally:
            around.server("start", "postgres")
        intake.wait_for("ready")
        run.finish()


def refused(run, forbid, allow):
    """The database refuses rows for a while, and gets them later."""
    role = run.stage.id + "_intake"
    intake = run.stage.start_intake()
    run.first_half()
    run.stage.sql(forbid % role)
    cut_sessions(run.stage, role)
    intake.wait_for("db_down", 30)
    before = sum(run.stage.look_at_positions().values())
    run.stage.publish([])
    time.sleep(1)
    expect(sum(run.stage.look_at_positions().values()) == before, "it goes on nevertheless")
    run.stage.sql(allow % role)
    run.finish()
    expect(intake.running and intake.lines("db_up"), "intake did not come back by itself")


def cut_sessions(stage, role):
    stage.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = '%s'" % role)


def too_many_connections(around):
    with Run(around) as run:
        refused(run, "alter role %s connection limit 0", "alter role %s connection limit -1")


def read_only(around):
    with Run(around) as run:
        refused(run, "alter role %s set default_transaction_read_only = on",
                "alter role %s reset default_transaction_read_only")


def sessions_cut_again_and_again(around):
    with Run(around) as run:
        run.stage.start_intake(batch__max_rows="10")
        ends = run.stage.publish(run.lines)
        for _ in range(12):
            time.sleep(0.15)
            cut_sessions(run.stage, run.stage.id + "_intake")
            run.stage.look_at_positions()
        run.stage.wait_taken(ends)
        check(run.stage, run.lines, run.world)


def rows_locked(around):
    """Somebody holds the people's rows for longer than a batch waits for them."""
    with Run(around) as run:
        run.stage.start_intake()
        run.first_half()
        holder = subprocess.Popen(
            ["psql", "-XAtq", "-d", run.stage.dsn(), "-c",
             "begin; select 1 from fact.person for update; select pg_sleep(7); rollback"],
            stdout=subprocess.DEVNULL)
        try:
            run.finish()
        finally:
            holder.wait(20)


def settings_loaded_meanwhile(around):
    """Batches that were derived under an older ruleset are done again."""
    with Run(around) as run:
        run.stage.start_intake(batch__max_rows="5")
        ends = run.stage.publish(run.lines)
        for _ in range(5):
            run.stage.dayfour("settings", "load", harness.ROOT / "deploy/settings/pathways.json")
            run.stage.look_at_positions()
        run.stage.wait_taken(ends)
        check(run.stage, run.lines, run.world)


# --- the broker

def broker_crashes(around):
    with Run(around) as run:
        intake = run.stage.start_intake()
        run.first_half()
        around.server("kill", "kafka")
        try:
            time.sleep(1)
        finally:
            around.server("start", "kafka")
        run.finish(90)
        expect(intake.running, "intake gave up")


def broker_comes_late(around):
    with Run(around) as run:
        run.stage.publish(run.lines[:HALF])
        around.server("stop", "kafka")
        try:
            intake = run.stage.start_intake(wait=False)
            time.sleep(2)
            expect(intake.running, "intake gave up: %s" % intake.tail())
        finally:
            around.server("start", "kafka")
        intake.wait_for("ready", 60)
        run.finish(90)


# --- being asked to stop

def ends_well(intake, what):
    began = time.monotonic()
    code = intake.stop(10)
    expect(code == 0, "%s: ended with %s" % (what, code))
    last = intake.lines()[-1]
    expect(last["event"] == "stopped", "%s: the last line is %s" % (what, last))
    return time.monotonic() - began


def stops_when_asked(around):
    with Run(around) as run:
        ends_well(run.stage.start_intake(), "with nothing to do")
        run.stage.publish(run.lines[:HALF])
        busy = run.stage.start_intake(batch__max_rows="10")
        run.stage.wait_progress({})
        ends_well(busy, "in the middle of work")
        run.stage.start_intake()
        run.finish()


def stops_without_database(around):
    with Run(around) as run:
        run.stage.publish(run.lines[:HALF])
        down = run.stage.start_intake(batch__max_rows="5")
        run.stage.wait_progress({})
        around.server("stop", "postgres")
        try:
            down.wait_for("db_down")
            ends_well(down, "while the database is down")
        finally:
            around.server("start", "postgres")
        run.stage.start_intake()
        run.finish()


def stops_while_database_hangs(around):
    with Run(around) as run:
        run.stage.publish(run.lines[:HALF])
        hanging = run.stage.start_intake(batch__max_rows="5")
        run.stage.wait_progress({})
        around.server("pause", "postgres")
        try:
            time.sleep(1.5)
            ends_well(hanging, "while the database hangs")
        finally:
            around.server("resume", "postgres")
        run.stage.start_intake()
        run.finish()


def stops_while_idle_and_database_hangs(around):
    """Without a batch under way, but with the product's time to be stored now and then."""
    with Stage(around, now=NOW) as stage:
        intake = stage.start_intake(clock__file=None)
        around.server("pause", "postgres")
        try:
            time.sleep(6)
            ends_well(intake, "while the database hangs")
        finally:
            around.server("resume", "postgres")


def stops_without_broker(around):
    with Run(around) as run:
        intake = run.stage.start_intake()
        run.first_half()
        around.server("pause", "kafka")
        try:
            time.sleep(1)
            ends_well(intake, "while the broker hangs")
        finally:
            around.server("resume", "kafka")
        run.stage.start_intake()
        run.finish()


def stops_on_second_start(around):
    """SIGINT at once after the start, before anything is ready."""
    with Run(around) as run:
        early = run.stage.start_intake(wait=False)
        early.wait_for("settings_loaded")
        early.signal(signal.SIGINT)
        expect(early.wait(10) == 0, "ended with %s" % early.process.returncode)


# --- configuration

def bad_configuration(around):
    cases = [("kafka.brokers = x:1\nno.such.key = 1\n", ":2"), ("batch.max_rows = many\n", ":1"),
             ("batch.max_rows = 0\n", ":1"), ("\n\n# a comment\nbatch.linger_ms = -1\n", ":4"),
             ("kafka.prop.enable.auto.commit = true\n", ":1"),
             ("kafka.prop.isolation.level = read_uncommitted\n", ":1")]
    with Stage(around, now=NOW) as stage:
        for text, line in cases:
            file = stage.dir / "bad.conf"
            file.write_text(text)
            done = subprocess.run([around.bin / "dayfour-intake", "--config", file], env={},
                                  capture_output=True, text=True, timeout=20, check=False)
            expect(done.returncode == 2, "%r: exit %d" % (text, done.returncode))
            expect(str(file) + line in done.stderr, "%r: %s" % (text, done.stderr))


def told_at_the_start(around):
    """Two settings are accepted although records may be lost or mixed up. Each service says so, in one line, once."""
    commits, sources = "synchronous_commit is off", "sources is empty"
    with FollowupStage(around, now=NOW) as stage:
        for bound, off in ((False, False), (False, True), (True, True), (True, False)):
            if bound:
                stage.sql("update fact.settings set document = (document::jsonb || jsonb_build_object('sources',"
                          " jsonb_build_object('/hr/RW3', array['RW3'])))::text")
            for start, role in ((stage.start_intake, "intake"), (stage.start_followup, "followup")):
                dsn = stage.dsn(role) + (" options='-c synchronous_commit=off'" if off else "")
                service = start(pg__dsn=dsn)
                service.wait_for("ready")
                stage.sql("select pg_terminate_backend(pid) from pg_stat_activity"
                          " where usename = '%s_%s'" % (stage.id, role))
                service.wait_for("db_up", 30)
                said = [line["msg"] for line in service.lines("config")]
                expect(len(said) == (off or not bound), "%s: %s" % (service.name, said))
                expect(not said or (commits in said[0], sources in said[0]) == (off, not bound), "%s" % said)
                expect(service.stop() == 0, "it did not stop: %s" % service.tail())


# --- other owners, other topics

def zombie(around):
    """An intake is stopped past its session, another takes over, then the first wakes up."""
    with Run(around) as run:
        stage = run.stage
        sleepy = stage.start_intake(batch__max_rows="5")
        first = stage.publish(run.lines[:HALF])
        stage.wait_progress({})
        sleepy.signal(signal.SIGSTOP)
        other = stage.start_intake()
        stage.wait_taken(first)
        sleepy.signal(signal.SIGCONT)
        until(lambda: sleepy.lines("fenced") or sleepy.lines("revoked"),
              "the one that slept to learn it", 30)
        run.finish()
        expect(sleepy.running and other.running, "one of them gave up: %s\n%s" % (sleepy.tail(), sleepy.log.with_suffix(".err").read_text()))


def zombie_in_both_sessions(around):
    """The same with a session timeout that hides the sleep: only the database shows it."""
    with Run(around) as run:
        stage = run.stage
        sleepy = stage.start_intake(batch__max_rows="5", kafka__prop__session__timeout__ms="60000")
        first = stage.publish(run.lines[:HALF])
        stage.wait_progress({})
        sleepy.signal(signal.SIGSTOP)
        partitions = ",".join(str(p) for p in range(PARTITIONS))
        until(lambda: taken_over(stage, partitions), "the positions", 40)
        sleepy.signal(signal.SIGCONT)
        # Fenced, or, where the server had ended a transaction it slept in, by losing that session.
        until(lambda: sleepy.lines("fenced") or sleepy.lines("db_down"), "the one that slept to learn it", 30)
        stage.wait_taken(first)
        run.finish()


def taken_over(stage, partitions):
    """As another intake would; a transaction of the sleeper's may still hold the rows."""
    done = stage.sql("set lock_timeout = '1s'; select count(*) from intake.take_positions('%s',"
                     " array[%s], 'somebody else', array_fill(null::bigint, array[%d]))"
                     % (stage.topic, partitions, PARTITIONS), check=False)
    return done == str(PARTITIONS)


def position_trimmed_away(around):
    with Run(around) as run:
        stage = run.stage
        ends = stage.publish(run.lines[:HALF])
        intake = stage.start_intake()
        stage.wait_taken(ends)
        expect(intake.stop() == 0, "did not stop")
        ends = stage.publish(run.lines[HALF:HALF + 300])
        partition = max(ends, key=ends.get)
        subprocess.run([around.bin / "e2e_topic", "trim", around.brokers, stage.topic,
                        str(partition), str(ends[partition])], check=True, timeout=60)
        names_lost_position(stage, partition)


def topic_made_anew(around):
    with Run(around) as run:
        stage = run.stage
        ends = stage.publish(run.lines[:HALF])
        intake = stage.start_intake()
        stage.wait_taken(ends)
        expect(intake.stop() == 0, "did not stop")
        around.topics("delete", stage.topic)
        until(lambda: stage.topic + " " not in around.topics("list"), "the topic to go")
        around.topics("create", "%s:%d" % (stage.topic, PARTITIONS))
        names_lost_position(stage, None)


def names_lost_position(stage, partition):
    before = stage.look_at_positions()
    lost = stage.start_intake(wait=False)
    code = lost.wait(40)
    expect(code == 3, "ended with %s: %s" % (code, lost.tail()))
    lines = lost.lines("position_lost")
    expect(lines, "position_lost is not told: %s" % lost.tail())
    after = stage.look_at_positions()
    if partition is None:
        expect(after == before, "positions were moved")
    else:
        expect("partition %d" % partition in lines[-1]["msg"], lines[-1]["msg"])
        expect(after[partition] == before[partition], "the position was moved")


CASES = {
    "the database crashes": database_crashes,
    "waiting costs nothing": waiting_costs_nothing,
    "the database hangs": database_hangs,
    "the database comes late": database_comes_late,
    "too many connections": too_many_connections,
    "a read-only database": read_only,
    "sessions cut again and again": sessions_cut_again_and_again,
    "people's rows locked": rows_locked,
    "settings loaded meanwhile": settings_loaded_meanwhile,
    "the broker crashes": broker_crashes,
    "the broker comes late": broker_comes_late,
    "stops when asked": stops_when_asked,
    "stops without a database": stops_without_database,
    "stops while the database hangs": stops_while_database_hangs,
    "stops idle while the database hangs": stops_while_idle_and_database_hangs,
    "stops while the broker hangs": stops_without_broker,
    "stops before it is ready": stops_on_second_start,
    "bad configuration": bad_configuration,
    "told at the start": told_at_the_start,
    "a zombie of the group": zombie,
    "a zombie only the database knows": zombie_in_both_sessions,
    "position trimmed away": position_trimmed_away,
    "topic made anew": topic_made_anew,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
