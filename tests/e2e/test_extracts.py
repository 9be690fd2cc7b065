#!/usr/bin/env python3
"""e2e.extracts: `dayfour feed` over nightly files of an invented trust. The cases hold the events on the topic after
each file, and what is held, refused and skipped. A run killed anywhere and run again has the same effect once. Neither
state, logs nor rejected files hold a name, a telephone number or a reason."""
import json
import os
import stat
import subprocess
import sys
import time
import urllib.request

import harness
from extract_stage import COLUMNS, SOURCE, ExtractStage, person, row, same
from harness import ROOT, expect

NIGHT = ["sick_202609%02d_0600.csv" % day for day in range(10, 31)]  # NIGHT[0] is the tenth
STAFF = [person(n) for n in range(1, 41)]
LATER = "2026-09-30T10:30:00Z"


def version(day, bump=0):
    """The version of records in the file of that day of September 2026, 06:00 London time."""
    return 1789016400000 + (day - 10) * 86400000 + bump


def begun(around, rows, mapping=None, now=LATER):
    """A stage whose first file, of the tenth, is taken."""
    stage = ExtractStage(around, mapping, now)
    stage.put_staff("staff_20260909_0500.csv", STAFF)
    stage.put(NIGHT[0], rows)
    stage.take("--first")
    return stage


# ---- sequences of files ----

def reason_late(around):
    """The reason comes a day after the absence: one amendment, with the reason, and later nothing."""
    with begun(around, [row(1, "09/09/2026", reason=""), row(2, "09/09/2026")]) as stage:
        same(stage.told(), ["opened U-1", "opened U-2"], "first night")
        expect("reason" not in stage.events()[0]["data"] or not stage.events()[0]["data"]["reason"], "a reason")
        stage.put(NIGHT[1], [row(1, "09/09/2026"), row(2, "09/09/2026")])
        stage.take()
        same(stage.told(3), ["amended U-1"], "second night")
        event = stage.events()[3]
        same(event["data"]["reason"], {"scheme": "esr", "code": "S12 Other musculoskeletal problems"}, "reason")
        same(event["data"]["version"], version(11), "version")
        same((event["source"], event["data"]["organisation"], event["data"]["contact"]["phone"]),
             (SOURCE, "RW3", "07700 900001"), "whole record")
        stage.put(NIGHT[2], [row(1, "09/09/2026"), row(2, "09/09/2026")])
        stage.take()
        same(stage.told(), ["opened U-1", "opened U-2", "amended U-1"], "a night without changes")
        same(sum(e["type"].endswith("heartbeat.v1") for e in stage.events()), 3, "heartbeats")


def gone(around):
    """A row that is gone once is nothing; gone from two files in a row, the record is cancelled; back, amended."""
    rows = [row(n, "09/09/2026") for n in range(1, 4)]
    with begun(around, rows, {"rules": {"hold_if_missing": {"percent": 90}, "hold_if_rows_fall_percent": 90}}) as stage:
        told = stage.told()
        stage.put(NIGHT[1], rows[1:])
        stage.take()
        same(stage.status()[0]["missing"], 1, "missing")
        stage.put(NIGHT[2], rows)
        stage.take()
        stage.put(NIGHT[3], rows[1:])
        stage.take()
        same(stage.told(), told, "gone once, and once more")
        stage.put(NIGHT[4], rows[1:])
        stage.take()
        same(stage.told(), told + ["cancelled U-1"], "gone twice in a row")
        stage.put(NIGHT[5], rows)
        stage.take()
        same(stage.told(), told + ["cancelled U-1", "amended U-1"], "back")


def half_a_file(around):
    """Cut off in a row: refused. Cut off between rows: held, accepted, taken once; the next like it is held again."""
    rows = [row(n, "09/09/2026") for n in range(1, 31)]
    with begun(around, rows, {"rules": {"hold_if_missing": {"percent": 2, "at_least": 3}}}) as stage:
        before = len(stage.records())
        stage.put_text(NIGHT[1], ",".join(COLUMNS).encode() + b"\r\nU-1,P-1,P-1-1,Sick")
        ran = stage.take(code=1)
        same([(line["file"], line["why"]) for line in ran.logged("feed_refused")], [(NIGHT[1], "cut_off")], "refused")
        stage.put(NIGHT[2], rows[:10])
        ran = stage.take(code=4)
        same(len(stage.records()), before, "held: nothing is published")
        held = stage.status()[0]["held"]
        same((held["file"], held["why"] in ("missing", "rows_fall")), (NIGHT[2], True), "status")
        same([line["file"] for line in ran.logged("feed_held")], [NIGHT[2]], "log")
        same(stage.take(code=4).logged("feed_taken"), [], "held again")
        same(stage.feed("accept", SOURCE).code, 1, "accept without a reason")
        same(stage.feed("accept", "/other", "--reason", "test").code, 1, "accept of another source")
        same(stage.feed("accept", SOURCE, "--reason", "a ward has closed").code, 0, "accept")
        same(stage.sql("select who || ' ' || why from audit.entry where what = 'feed_accepted'"),
             "%s_feed a ward has closed" % stage.id, "audit")
        stage.take(code=1)
        same(stage.status()[0]["held"], None, "held no more")
        same(stage.files(), ["staff_20260909_0500.csv"], "the refused file is done with too")
        same(stage.feed("accept", SOURCE, "--reason", "test").code, 1, "nothing to accept")
        stage.put(NIGHT[3], rows[:3])
        stage.take(code=4)


def shapes(around):
    """Ends: provisional while ahead, closed once reached without another message; moved, extended."""
    with begun(around, [row(1, "09/09/2026", "20/09/2026"), row(2, "01/09/2026", "05/09/2026")]) as stage:
        opened = stage.events()
        same([(e["type"].split(".")[-2], e["data"]["open_ended"]) for e in opened[:2]],
             [("opened", True), ("opened", False)], "provisional, and over")
        stage.put(NIGHT[5], [row(1, "09/09/2026", "22/09/2026"), row(2, "01/09/2026", "05/09/2026")])
        stage.take()
        stage.put(NIGHT[13], [row(1, "09/09/2026", "22/09/2026"), row(2, "02/09/2026", "05/09/2026")])
        stage.take()
        same(stage.told(3), ["amended U-1", "closed U-1", "closed U-2"], "extended, reached; start moved")


def leavers(around):
    with begun(around, [row(1, "09/09/2026")]) as stage:
        stage.put_staff("staff_20260911_0500.csv", [person(1, "30/09/2026"), person(2)])
        stage.put(NIGHT[1], [row(1, "09/09/2026")])
        stage.take(code=4)  # most of the staff list is gone
        same(stage.feed("accept", SOURCE, "--reason", "test").code, 0, "accept")
        stage.take()
        same(stage.told(2), ["left P-1 2026-09-30"], "a leaving date")
        same(stage.files("done"), [NIGHT[0], NIGHT[1], "staff_20260909_0500.csv"], "the replaced list")
        stage.put_staff("staff_20260912_0500.csv", [person(1), person(2)])
        stage.put(NIGHT[2], [row(1, "09/09/2026")])
        stage.take()
        same(stage.told(2), ["left P-1 2026-09-30", "left P-1 None"], "taken back")


# ---- files that are not taken ----

def order_and_names(around):
    rows = [row(1, "09/09/2026")]
    with begun(around, rows) as stage:
        count = len(stage.records())
        stage.put("sick_20260909_0600.csv", rows)               # earlier, the same bytes
        stage.put("sick_20260908_0600.csv", [row(2, "08/09/2026")])
        stage.put("sick_20260912_0600.csv.part", rows)
        stage.put("notes_20260912_0600.csv", rows)
        stage.put("sick_tomorrow.csv", rows)                    # no time in its name
        ran = stage.take(code=1)
        same([(line["file"], line["why"]) for line in ran.logged("feed_skipped")],
             [("sick_20260908_0600.csv", "older"), ("sick_20260909_0600.csv", "same")], "skipped")
        same([line["why"] for line in ran.logged("feed_refused")], ["no_as_of"], "refused")
        (stage.folder / "sick_tomorrow.csv").unlink()
        stage.put(NIGHT[0], [row(3, "08/09/2026")])             # the same time, other bytes
        same([line["why"] for line in stage.take(code=1).logged("feed_refused")], ["conflict"], "conflict")
        stage.put("sick_20261001_0600.csv", rows)
        same([line["why"] for line in stage.take(code=1).logged("feed_refused")], ["conflict", "as_of_ahead"], "ahead")
        (stage.folder / "sick_20261001_0600.csv").unlink()
        same(len(stage.records()), count, "nothing came of any of them")
        stage.put(NIGHT[1], rows)                               # the same bytes under a later time: a quiet night
        stage.take(code=1)
        same(stage.told(count), [], "a quiet night")
        same(len(stage.records()), count + 1, "its heartbeat")
        same(stage.take().logged("feed_skipped"), [], "nothing left to say")
        same(stage.files("done").count("sick_20260910_0600.2.csv"), 1, "a number is added to a name that is there")
        same(stage.files(), ["notes_20260912_0600.csv", "sick_20260912_0600.csv.part", "staff_20260909_0500.csv"],
             "what nobody asked for stays")


def uploads(around):
    with ExtractStage(around, now=LATER) as stage:
        stage.put_staff("staff_20260909_0500.csv", STAFF)
        stage.put(NIGHT[0], [row(1, "09/09/2026")], age=10)
        stage.take("--first")
        same(stage.records(), [], "still being written")
        stage.put(NIGHT[0], [row(1, "09/09/2026")])
        os.symlink("/etc/passwd", stage.folder / NIGHT[1])
        stage.take("--first")
        same(stage.told(), ["opened U-1"], "written")


def no_staff_list(around):
    with ExtractStage(around, now=LATER) as stage:
        stage.put(NIGHT[0], [row(1, "09/09/2026")])
        same([line["why"] for line in stage.take("--first", code=1).logged("feed_refused")], ["no_staff_list"], "none")
        optional = stage.write_mapping({"staff": {"required": False}}, "optional.json")
        stage.take("--first", mapping=optional)
        same(stage.told(), ["opened U-1"], "not required")


def bad_rows(around):
    rows = [row(n, "09/09/2026") for n in range(1, 20)] + [row(20, "31/02/2026"), row(21, "09/09/26", reason="S99")]
    with ExtractStage(around, {"rules": {"hold_if_rejected_percent": 50}}, LATER) as stage:
        stage.put_staff("staff_20260909_0500.csv", STAFF)
        stage.put(NIGHT[0], rows)
        stage.take("--first")
        same((stage.folder / "rejected" / NIGHT[0]).read_text().splitlines(),
             ["line,column,reason", "21,Start,bad_date", "22,Start,two_digit_year"], "rejected rows")
        same(len(stage.told()), 19, "the rest goes on")
        same(stage.status()[0]["rejected"], 2, "status")


def folders(around):
    with ExtractStage(around, now=LATER) as stage:
        stage.put_staff("staff_20260909_0500.csv", STAFF)
        stage.put(NIGHT[0], [row(1, "09/09/2026"), row(2, "99/99/9999")])
        stage.folder.chmod(0o755)
        same(stage.run_feed("--first").code, 1, "everybody may read it")
        stage.folder.chmod(0o700)
        same(stage.run_feed("--first", mapping=stage.write_mapping({"rules": {"hold_if_rejected_percent": 90}})).code, 0,
             "its owner alone")
        for name, mode in (("done", 0o750), ("rejected", 0o750), ("done/" + NIGHT[0], 0o640),
                           ("rejected/" + NIGHT[0], 0o640)):
            same(oct(stat.S_IMODE((stage.folder / name).stat().st_mode)), oct(mode), name)
        same(oct(stat.S_IMODE(stage.key.stat().st_mode)), oct(0o600), "the key")
        (stage.folder / "rejected").chmod(0o751)
        same(stage.run_feed().code, 1, "everybody may enter rejected/")
        (stage.folder / "rejected").chmod(0o750)
        stage.key.chmod(0o640)
        same(stage.run_feed().code, 2, "a key that the group may read")
        stage.key.chmod(0o600)
        stage.key.write_text("00" * 32 + "\n")
        same(stage.run_feed().code, 2, "another key")
        same(stage.run_feed(mapping=stage.dir / "missing.json").code, 2, "no mapping")


def expiry(around):
    with begun(around, [row(1, "09/09/2026")], now="2026-09-15T10:30:00Z") as stage:
        stage.set_clock("2026-09-18T10:29:59Z")
        stage.take()
        same(stage.files("done"), [NIGHT[0]], "three days are not over")
        stage.set_clock("2026-09-18T10:30:00Z")
        stage.take()
        same(stage.files("done"), [], "three days are over")


# ---- once in effect ----

def state_of(stage):
    """The whole state but for times of day."""
    return [stage.sql("select to_jsonb(t) - 'taken_at' - 'runs_pid' - 'runs_since' - 'begun_at' from feed.%s t"
                      " order by 1" % table) for table in ("source", "file", "begun", "held", "record", "leaver")]


def nights(stage):
    """Two files with something of everything."""
    stage.put_staff("staff_20260909_0500.csv", STAFF)
    stage.put(NIGHT[0], [row(n, "09/09/2026") for n in range(1, 6)])
    yield
    stage.put_staff("staff_20260911_0500.csv", [person(1, "30/09/2026"), *STAFF[1:]])
    stage.put(NIGHT[1], [row(1, "09/09/2026", "10/09/2026"), *(row(n, "08/09/2026") for n in range(2, 6)),
                         row(6, "10/09/2026"), row(7, "31/02/2026")])
    yield


LENIENT = {"rules": {"hold_if_missing": {"percent": 90}, "hold_if_rejected_percent": 90, "hold_if_changed": {"percent": 90}}}


def kills(around):
    """Killed at each point of the second file and run again: the same events, each with the same bytes, and the same
    state as without."""
    with ExtractStage(around, LENIENT, LATER) as stage:
        key = None
        for _ in nights(stage):
            stage.take("--first")
        key = stage.key.read_text()
        expected, whole = [r[:2] for r in stage.records()], state_of(stage)
    for point in harness.crash_points("feed") + ["feed.produced:4"]:
        with ExtractStage(around, LENIENT, LATER) as stage:
            stage.key.write_text(key)
            stage.key.chmod(0o600)
            steps = nights(stage)
            next(steps)
            stage.take("--first")
            next(steps)
            ran = stage.run_feed(env={"DAYFOUR_FAULT": point})
            expect(ran.code == 137, "%s: not killed: %d %s" % (point, ran.code, ran.err))
            stage.take()
            stage.take()
            found = [r[:2] for r in stage.records()]
            once = [r for i, r in enumerate(found) if r not in found[:i]]
            same(once, expected, point)
            same([s.replace(stage.id, "") for s in state_of(stage)],
                 [s.replace(whole_id(whole), "") for s in whole], point + ": state")
            same(stage.files(), ["staff_20260911_0500.csv"], point + ": files")
            same(stage.files("done"), [NIGHT[0], NIGHT[1], "staff_20260909_0500.csv"], point + ": done")
            same(stage.files("rejected"), [NIGHT[1]], point + ": rejected")
            ledger = next((stage.folder / "done").glob(".ledger-*")).read_text().splitlines()
            same(sorted({json.loads(line)["name"] for line in ledger}), stage.files("done"), point + ": ledger")


def whole_id(state):
    return json.loads(state[0])["runs_login"].rpartition("_")[0]


def begun_with_others(around):
    """A run that was killed while it published, and then another staff list: later versions, whole, in order."""
    with begun(around, [row(1, "09/09/2026"), row(2, "09/09/2026")]) as stage:
        count = len(stage.records())
        stage.put(NIGHT[1], [row(1, "08/09/2026"), row(2, "09/09/2026")])
        same(stage.run_feed(env={"DAYFOUR_FAULT": "feed.acknowledged"}).code, 137, "killed")
        same([e["data"].get("version") for e in stage.events()[count:]], [version(11), None], "one record")
        stage.put_staff("staff_20260910_0500.csv", [*STAFF[1:], ["P-1", "Test Person 1", "07700 900999", ""]])
        more = len(stage.records())
        same(stage.run_feed(env={"DAYFOUR_FAULT": "feed.acknowledged"}).code, 137, "killed once more")
        same(sorted((e["data"]["absence_id"], e["data"]["version"]) for e in stage.absences(more)),
             [("U-1", version(11, 1)), ("U-2", version(11, 1))], "whole, one later")
        again = len(stage.records())
        stage.take()
        same(stage.records()[again:], stage.records()[more:again], "the same three: the same bytes")
        (stage.folder / "staff_20260910_0500.csv").unlink()
        same(stage.sql("select count(*) from feed.begun"), "0", "nothing is under way")


def vanished(around):
    """Killed while it published, and the file is gone: the next file is published whole, in later versions."""
    with begun(around, [row(1, "09/09/2026"), row(2, "09/09/2026")]) as stage:
        stage.put(NIGHT[1], [row(1, "08/09/2026"), row(2, "09/09/2026")])
        same(stage.run_feed(env={"DAYFOUR_FAULT": "feed.acknowledged"}).code, 137, "killed")
        (stage.folder / NIGHT[1]).unlink()
        count = len(stage.records())
        stage.put(NIGHT[2], [row(1, "09/09/2026"), row(2, "09/09/2026")])
        stage.take()
        same(sorted((e["data"]["absence_id"], e["data"]["version"]) for e in stage.absences(count)),
             [("U-1", version(12, 1)), ("U-2", version(12, 1))], "whole, one later")


def opened_and_vanished(around):
    """A record opened by a run that was killed, of which no later file knows: it is cancelled like any other that is
    missing."""
    with begun(around, [row(1, "09/09/2026")], {"rules": {"hold_if_missing": {"percent": 90}}}) as stage:
        stage.put(NIGHT[1], [row(1, "09/09/2026"), row(2, "09/09/2026")])
        same(stage.run_feed(env={"DAYFOUR_FAULT": "feed.acknowledged"}).code, 137, "killed")
        (stage.folder / NIGHT[1]).unlink()
        stage.put(NIGHT[2], [row(1, "09/09/2026")])
        stage.take()
        stage.put(NIGHT[3], [row(1, "09/09/2026")])
        stage.take()
        same([e for e in stage.told() if e.endswith("U-2")], ["opened U-2", "cancelled U-2"], "events")


def away(around):
    """Without a broker or a database a run cannot continue; the next one publishes once."""
    with begun(around, [row(1, "09/09/2026")]) as stage:
        stage.put(NIGHT[1], [row(1, "08/09/2026"), row(2, "09/09/2026")])
        same(stage.run_feed(env={"KAFKA_BROKERS": "127.0.0.1:1"}).code, 3, "no broker")
        same(stage.run_feed(env={"DAYFOUR_KAFKA_TOPIC_ABSENCES": stage.topic + ".none"}).code, 3, "no topic")
        same(stage.run_feed(env={"PG_DSN": "host=127.0.0.1 port=1 connect_timeout=1"}).code, 3, "no database")
        same(stage.files(), [NIGHT[1], "staff_20260909_0500.csv"], "the file waits")
        stage.take()
        same(stage.told(), ["opened U-1", "amended U-1", "opened U-2"], "events")
        same(stage.events()[2]["data"]["version"], version(11), "of the first attempt")


def two_mappings(around):
    """Two mappings of one source share its state and its order."""
    with begun(around, [row(1, "09/09/2026")]) as stage:
        other = stage.write_mapping({"extract": "changes", "file": {"pattern": "late_*.csv"}}, "late.json")
        stage.put("late_20260910_1200.csv", [row(2, "09/09/2026")])
        stage.take(code=4, mapping=other)  # a mapping that nobody has seen yet
        same(stage.feed("accept", SOURCE, "--reason", "the late rows").code, 0, "accept")
        stage.take(mapping=other)
        same(stage.told(), ["opened U-1", "opened U-2"], "both")
        stage.put(NIGHT[1], [row(n, "09/09/2026") for n in (1, 2, 4)])
        stage.take()
        stage.put("late_20260911_1200.csv", [row(3, "09/09/2026")])
        stage.take(mapping=other)
        same(stage.told()[2:], ["opened U-4", "opened U-3"], "in turn")
        stage.put("sick_20260910_0900.csv", [row(1, "08/09/2026")])
        same([line["why"] for line in stage.take().logged("feed_skipped")], ["older"], "the order is one")
        same(len(stage.status()), 1, "one source")


def two_at_once(around):
    with begun(around, [row(1, "09/09/2026")]) as stage:
        lock = subprocess.Popen(["psql", "-XAtq", "-d", stage.dsn()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True)
        lock.stdin.write("select pg_advisory_lock(7170418, hashtext('%s'));\n" % SOURCE)
        lock.stdin.flush()
        try:
            harness.until(lambda: stage.ask("select count(*) from pg_locks where locktype = 'advisory'"
                                            " and classid = 7170418") == "1", "the other run")
            stage.put(NIGHT[1], [row(1, "08/09/2026")])
            ran = stage.take(code=3, env={"DAYFOUR_TEST_FEED_WAIT_MS": "300"})
            expect("%s_feed" % stage.id in ran.err, "who runs is not named: %s" % ran.err)
            slow = stage.start_feed()
            time.sleep(0.5)
            expect(slow.poll() is None, "the second did not wait")
        finally:
            lock.stdin.close()
            lock.wait()
            lock.stdout.close()
        same(slow.wait(60), 0, "the second, once the first is over")
        same(stage.told(), ["opened U-1", "amended U-1"], "events")


def concurrent(around):
    """Four runs started at once: one effect."""
    with ExtractStage(around, LENIENT, LATER) as stage:
        for _ in nights(stage):
            pass
        runs = [subprocess.Popen([around.bin / "dayfour", "feed", "run", stage.map, "--in", stage.folder, "--first"],
                                 env=stage.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                for _ in range(4)]
        ends = [run.communicate(timeout=120)[1].decode() for run in runs]
        same([run.returncode for run in runs], [0] * 4, "codes: %s" % ends)
        ids = [event["id"] for event in stage.events()]
        same(len(ids), len(set(ids)), "events twice")


BACKUP = ("source", "file", "record", "leaver", "held", "begun")


def restored(around):
    """The state of an older backup: files in done/ are taken again, with the same bytes; and one that is gone there
    stops the run."""
    with begun(around, [row(1, "09/09/2026"), row(2, "09/09/2026")]) as stage:
        for table in BACKUP:
            stage.sql("create table backup_%s as table feed.%s" % (table, table))
        stage.put(NIGHT[1], [row(1, "08/09/2026"), row(2, "09/09/2026")])
        stage.take()
        stage.put(NIGHT[2], [row(1, "08/09/2026"), row(2, "07/09/2026")])
        stage.take()
        whole = state_of(stage)
        once = stage.records()

        def restore():
            stage.sql("alter table feed.source disable trigger forgotten; delete from feed.source; alter table"
                      " feed.source enable trigger forgotten")
            for table in BACKUP:
                stage.sql("insert into feed.%s table backup_%s" % (table, table))
        restore()
        stage.put(NIGHT[3], [row(1, "08/09/2026"), row(2, "07/09/2026", "12/09/2026")])
        stage.take()
        again = stage.records()[len(once):]
        same([r[:2] for r in again[:4]], [r[:2] for r in once[3:]], "the same bytes")
        same([e["data"].get("version") for e in stage.events()[len(once) + 4:]], [version(13), None], "and the new file")
        restore()
        (stage.folder / "done" / NIGHT[2]).unlink()
        ran = stage.take(code=1)
        expect("forget" in ran.err and NIGHT[2] in ran.err, "the way out is not named: %s" % ran.err)
        expect(whole != state_of(stage), "the state moved")


def restored_with_another_list(around):
    """Taken again with a newer staff list than then: in later versions, so that nobody keeps the old bytes."""
    with begun(around, [row(1, "09/09/2026")]) as stage:
        for table in BACKUP:
            stage.sql("create table backup_%s as table feed.%s" % (table, table))
        stage.put(NIGHT[1], [row(1, "08/09/2026")])
        stage.take()
        stage.put_staff("staff_20260912_0500.csv", [["P-1", "Test Person 1", "07700 900999", ""], *STAFF[1:]])
        stage.sql("alter table feed.source disable trigger forgotten; delete from feed.source; alter table"
                  " feed.source enable trigger forgotten")
        for table in BACKUP:
            stage.sql("insert into feed.%s table backup_%s" % (table, table))
        count = len(stage.records())
        stage.take()
        same([(e["data"].get("version"), e["data"].get("contact", {}).get("phone")) for e in stage.absences(count)],
             [(version(11, 1), "07700 900999")], "one later")


# ---- mappings, the end of a source ----

def mappings(around):
    rows = [row(n, "09/09/2026") for n in range(1, 4)]
    with begun(around, rows) as stage:
        same(stage.run_feed(mapping=stage.write_mapping({"organisation": "RX1"}, "other.json")).code, 2, "organisation")
        ran = stage.run_feed(mapping=stage.write_mapping({"columns": {"onset_date": {"format": "%d/%m/%y"}}}, "bad.json"))
        same(ran.code, 2, "a year of two digits")
        expect("columns.onset_date.format" in ran.err, "the path is not named: %s" % ran.err)
        other = stage.write_mapping({"columns": {"site": {"value": "Test Site"}}}, "site.json")
        stage.put(NIGHT[1], rows)
        stage.take(code=4, mapping=other)
        same(stage.status()[0]["held"]["why"], "mapping", "held")
        staff = stage.folder / "staff_20260909_0500.csv"
        for mapping, wanted in ((other, True), (stage.map, False)):
            ran = stage.feed("check", "--known", mapping, stage.folder / NIGHT[1], staff)
            same((ran.code, "3 of 3 known records" in ran.out), (0, wanted), "check: %s%s" % (ran.out, ran.err))
        stage.feed("accept", SOURCE, "--reason", "sites are new")
        stage.take(mapping=other)
        same(stage.told(4), ["amended U-%d" % n for n in range(1, 4)], "published anew")


def forget(around):
    with begun(around, [row(1, "09/09/2026"), row(2, "09/09/2026")]) as stage:
        same(stage.feed("forget", "/nobody", given="/nobody\n").code, 1, "unknown")
        same(stage.feed("forget", SOURCE, given="yes\n").code, 1, "another name")
        same(stage.feed("forget", SOURCE, "--cancel", given=SOURCE + "\n",
                        env={"DAYFOUR_FAULT": "feed.acknowledged"}).code, 137, "killed")
        count = len(stage.records())
        same(stage.feed("forget", SOURCE, "--cancel", given=SOURCE + "\n").code, 0, "forgotten")
        same(sorted(set(stage.told(3))), ["cancelled U-1", "cancelled U-2"], "cancelled")
        same(stage.records()[count:], stage.records()[3:count], "the same bytes")
        expect(all(e["data"]["version"] > version(10) for e in stage.events()[3:]), "later versions")
        same(stage.status(), [], "nothing is known")
        same(stage.sql("select count(*) from feed.record"), "0", "records")
        stage.put(NIGHT[4], [row(1, "09/09/2026")])
        stage.take(code=4)
        stage.take("--first")
        same(stage.told()[-1], "opened U-1", "a new beginning")
        same(stage.feed("forget", SOURCE, given=SOURCE + "\n").code, 0, "without cancelling")
        same(stage.told()[-1], "opened U-1", "nothing was published")


def clock_apart(around):
    """The machine's clock is ten years ahead: a run takes nothing and removes nothing until it is right."""
    ahead = around.bin / "libclock_ahead.so"
    if not ahead.exists() or "asan" in str(around.bin):
        raise harness.NotRun("needs libclock_ahead.so, without a sanitizer")
    wall = {"DAYFOUR_CLOCK_FILE": ""}
    with ExtractStage(around) as stage:
        stage.put_staff("staff_20260909_0500.csv", STAFF)
        stage.put(NIGHT[0], [row(1, "09/09/2026")])
        stage.take("--first", env=wall)
        before = stage.files("done")
        expect(NIGHT[0] in before, "done: %s" % before)
        stage.put(NIGHT[1], [row(1, "09/09/2026"), row(2, "10/09/2026")])
        for seconds in (10 * 365 * 86400, -86400):
            ran = stage.take(code=3, env={**wall, "LD_PRELOAD": str(ahead), "AHEAD_S": str(seconds)})
            expect("the database's: no file is taken" in ran.err, "it says %s" % ran.err)
            same(stage.files("done"), before, "done")
            same(stage.told(), ["opened U-1"], "told")
        stage.take(env=wall)
        same(stage.told(), ["opened U-1", "opened U-2"], "told once it is right")


def by_time_of_change(around):
    """as_of by the file's time: the same bytes are a heartbeat and count nobody missing."""
    with ExtractStage(around, {"file": {"as_of": "mtime"}}, harness_now()) as stage:
        stage.put_staff("staff_1.csv", STAFF)
        stage.put("sick_a.csv", [row(1, "09/09/2026")], age=3000)
        stage.take("--first")
        stage.put("sick_b.csv", [row(1, "09/09/2026")], age=2000)
        stage.take()
        same(len(stage.told()), 1, "the same bytes")
        same(len(stage.records()), 3, "a heartbeat")


def replaced(around):
    """HR writes a file's name again after it was compared, and before it is moved. The run takes what it read; what it
    did not read stays, and counts in the next run: as a later file, or as a conflict where both have one time."""
    for as_of, then in (("mtime", ["opened U-1", "opened U-2", "opened U-3"]), (None, ["opened U-1", "opened U-2"])):
        with ExtractStage(around, {"file": {"as_of": as_of}} if as_of else {}, harness_now()) as stage:
            stage.put_staff("staff_20260909_0500.csv", STAFF)
            stage.put(NIGHT[0], [row(1, "09/09/2026")], age=3000)
            stage.take("--first")
            second = stage.put(NIGHT[1], [row(1, "09/09/2026"), row(2, "09/09/2026")], age=2000)
            read = second.read_bytes()
            with stage.locked("feed.file"):
                run = stage.start_feed()
                stage.wait_blocked()
                stage.put(NIGHT[1], [row(1, "09/09/2026"), row(2, "09/09/2026"), row(3, "09/09/2026")], age=1000)
                unread = second.read_bytes()
            same(run.wait(60), 0, "the run")
            expect(unread != read and second.exists() and second.read_bytes() == unread, "the unread file is gone")
            expect(NIGHT[1] not in stage.files("done"), "a file that nobody read is in done/")
            same(stage.told(), ["opened U-1", "opened U-2"], "what was read")
            refused = [line["why"] for line in stage.take(code=0 if as_of else 1).logged("feed_refused")]
            same(refused, [] if as_of else ["conflict"], "the next run")
            same(stage.told(), then, "what was not read, as_of %s" % as_of)
            expect(second.exists() == (as_of is None), "a conflict stays where HR sees it")


def harness_now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


# ---- what people see, and what nobody sees ----

def status_shape(around):
    with begun(around, [row(1, "09/09/2026"), row(2, "09/09/2026")]) as stage:
        found = stage.status()
        same(len(found), 1, "sources")
        same({name: found[0][name] for name in ("source", "organisations", "file", "as_of", "rows", "events", "rejected",
                                                "missing", "staff_list", "held")},
             {"source": SOURCE, "organisations": ["RW3"], "file": NIGHT[0], "as_of": "2026-09-10T05:00:00Z", "rows": 2,
              "events": 2, "rejected": 0, "missing": 0, "staff_list": "staff_20260909_0500.csv", "held": None}, "status")
        same(found[0]["taken_at"], LATER, "taken_at")


SECRETS = ["Test Person", "07700", "musculoskeletal", "S12", "Zz-Reason", "P-7 ", "P-7,", "\"P-7\"", "U-7"]


def confidentiality(around):
    """Names, telephone numbers and reasons are in no table of the state, and with HR's identifiers in no log, message,
    ledger or file of rejected rows; nor does check print them."""
    rows = [row(n, "09/09/2026", reason="S12 Zz-Reason %d" % n) for n in range(1, 30)] + [row(31, "P-7 U-7 S12")]
    with ExtractStage(around, {"rules": {"hold_if_rejected_percent": 50}}, LATER) as stage:
        stage.put_staff("staff_20260909_0500.csv", STAFF)
        stage.put(NIGHT[0], rows)
        texts = {}
        ran = stage.take(code=4)
        texts["held"] = ran.out + ran.err
        ran = stage.take("--first")
        texts["taken"] = ran.out + ran.err
        stage.put(NIGHT[1], [row(7, "09/09/2026", reason="S12 \"")])
        stage.put_text(NIGHT[2], b"Id,Person,Post,Group,Start,End,Open,Reason\r\nU-7,P-7,\"P-7,Test Person 7 07700 900007")
        ran = stage.run_feed()
        texts["refused"] = ran.out + ran.err
        ran = stage.feed("check", stage.map, stage.folder / "done" / NIGHT[0], stage.folder / "staff_20260909_0500.csv")
        same(ran.code, 0, "check: %s" % ran.err)
        texts["check"] = ran.out + ran.err
        for path in [*(stage.folder / "rejected").iterdir(), *(stage.folder / "done").glob(".ledger-*")]:
            texts[path.name] = path.read_text()
        texts["status"] = json.dumps(stage.status())
        for name, text in texts.items():
            for secret in SECRETS:
                expect(secret not in text, "%s holds %r: %s" % (name, secret, text))
        dump = subprocess.run(["pg_dump", "-d", stage.dsn(), "--schema=feed", "--data-only"], capture_output=True,
                              text=True, check=True, timeout=60).stdout
        expect("U-7" in dump, "the dump has no state")
        for secret in SECRETS[:5] + [stage.key.read_text().strip()]:
            expect(secret not in dump, "the state holds %r" % secret)


def examples(around):
    """The shipped mappings with the shipped files: fine for check, and taken without a dead letter."""
    folder = ROOT / "deploy" / "feed"
    for name, files in (("roster", ["RW3_sickness_20260914_0600.csv", "RW3_sickness_20260915_0600.csv",
                                    "RW3_staff_20260914_0500.csv"]),
                        ("hr-self-service", ["RW3_absence_2026-09-15_0530.csv", "RW3_people_2026-09-15_0500.csv"]),
                        ("shifts", ["RW3_shifts_20260915_0600.csv", "RW3_phones_20260914_0500.csv"])):
        with ExtractStage(around) as stage:
            mapping = folder / (name + ".json")
            paths = [folder / "examples" / file for file in files]
            ran = stage.feed("check", mapping, *paths, env={"PG_DSN": "host=127.0.0.1 port=1", "KAFKA_BROKERS": "127.0.0.1:1"})
            same(ran.code, 0, "check %s: %s%s" % (name, ran.out, ran.err))
            for path in paths:
                stage.put_text(path.name, path.read_bytes())
            stage.take("--first", mapping=mapping)
            intake = stage.start_intake()
            stage.wait_taken({0: len(stage.records())})
            same(stage.sql("select count(*) from intake.dead_letter"), "0", name + ": dead letters")
            expect(int(stage.sql("select count(*) from oh.task where state = 'open'")) >= 1, name + ": no call")
            same(intake.stop(), 0, "intake")


def age(around):
    """The age of each source's newest data, as intake shows it: by as_of, not by when the heartbeat came."""
    with begun(around, [row(1, "09/09/2026")], now="2026-09-10T07:00:00Z") as stage:
        port = harness.free_port()
        intake = stage.start_intake(http__listen="127.0.0.1:%d" % port)
        stage.wait_taken({0: len(stage.records())})
        same(intake.stop(), 0, "intake")
        intake = stage.start_intake(http__listen="127.0.0.1:%d" % port)  # it asks once a minute, and first of all

        def shown():
            with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % port, timeout=5) as answer:
                text = answer.read().decode()
            return [line for line in text.splitlines() if line.startswith("dayfour_intake_source_age_seconds{")]
        found = harness.until(shown, "the age of the source")
        same(found, ['dayfour_intake_source_age_seconds{source="%s"} 7200' % SOURCE], "age")
        same(intake.stop(), 0, "intake")


def rights(around):
    """The login of the feed sees its own schema and nothing else."""
    with begun(around, [row(1, "09/09/2026")]) as stage:
        same(stage.as_login("feed", "select count(*) from feed.record"), ("1", ""), "its own state")
        for statement in ("select count(*) from fact.absence", "select count(*) from oh.task",
                          "select count(*) from audit.entry", "select count(*) from intake.heartbeat",
                          "select count(*) from ops.position"):
            same(stage.as_login("feed", statement), ("", "42501"), statement)
        same(stage.as_login("feed", "insert into feed.held values ('%s', 'x', 'n', now(), 'p', 'first', '{}', now(), now(),"
                            " 'x', 'y') returning accepted_at is null" % SOURCE), ("t", ""), "accepted behind the audit's back")


CASES = {
    "a reason a day late": reason_late,
    "a row gone once, and twice": gone,
    "half a file: refused, held, accepted": half_a_file,
    "ends and starts that move": shapes,
    "leavers, and a replaced staff list": leavers,
    "order, and names": order_and_names,
    "uploads that are not finished": uploads,
    "no staff list": no_staff_list,
    "bad rows": bad_rows,
    "rights of folders and of the key": folders,
    "files are removed after three days": expiry,
    "killed at each point": kills,
    "killed, and another staff list": begun_with_others,
    "killed, and the file is gone": vanished,
    "killed, and its new record is gone": opened_and_vanished,
    "no broker, no topic, no database": away,
    "two mappings": two_mappings,
    "two at once": two_at_once,
    "four at once": concurrent,
    "an older state": restored,
    "an older state and a newer staff list": restored_with_another_list,
    "mappings that change": mappings,
    "forget": forget,
    "a clock that is apart": clock_apart,
    "as_of by the time of change": by_time_of_change,
    "a file replaced while it is taken": replaced,
    "status": status_shape,
    "nothing is given away": confidentiality,
    "the shipped examples": examples,
    "age of a source": age,
    "rights": rights,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
