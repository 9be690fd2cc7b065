#!/usr/bin/env python3
"""e2e.extracts_killed: a run of `dayfour feed` is killed, and something else follows than the same run: another staff
list, an earlier file, a run after `forget`. The newest messages then say what the newest files say."""
import sys

import harness
from extract_stage import SOURCE, person, row, same
from harness import expect
from test_extracts import NIGHT, STAFF, begun, version

GONE = {"rules": {"hold_if_missing": {"percent": 90}, "hold_if_rows_fall_percent": 90}}
LISTS = ["staff_202609%02d_0500.csv" % day for day in range(10, 31)]


def leaver_off_the_list(around):
    """The run is killed while it publishes a leaving date, and the next list lacks the person. A later list has the
    person again, without a date: one message takes the date back."""
    rows = [row(2, "09/09/2026")]
    with begun(around, rows, GONE) as stage:
        stage.put_staff(LISTS[1], [person(1, "30/09/2026"), *STAFF[1:]])
        stage.put(NIGHT[1], rows)
        same(stage.run_feed(env={"DAYFOUR_FAULT": "feed.acknowledged"}).code, 137, "killed")
        same(stage.told()[-1], "left P-1 2026-09-30", "told")
        stage.put_staff(LISTS[2], STAFF[1:])
        stage.put(NIGHT[2], rows)
        stage.take()
        count = len(stage.records())
        expect("left P-1 None" not in stage.told(), "told of somebody who is not on the list")
        stage.put_staff(LISTS[3], STAFF)
        stage.put(NIGHT[3], rows)
        stage.take()
        same(stage.told(count), ["left P-1 None"], "back on the list")
        stage.put(NIGHT[4], rows)
        stage.take()
        same(stage.told(count), ["left P-1 None"], "once")


def two_lists_later(around):
    """The run is killed while it publishes a leaving date, and two later lists come before the next run. The newest one
    counts: its date is published once, with a later time than the first message has."""
    rows = [row(2, "09/09/2026")]
    with begun(around, rows, GONE) as stage:
        stage.put_staff(LISTS[1], [person(1, "30/09/2026"), *STAFF[1:]])
        stage.put(NIGHT[1], rows)
        same(stage.run_feed(env={"DAYFOUR_FAULT": "feed.acknowledged"}).code, 137, "killed")
        count = len(stage.records())
        stage.put_staff(LISTS[2], STAFF[1:])
        stage.put_staff(LISTS[3], [person(1, "31/10/2026"), *STAFF[1:]])
        stage.put(NIGHT[2], rows)
        stage.put(NIGHT[3], rows)
        stage.take()
        of_one = [e for e in stage.events()[count:] if e["data"].get("person_id") == "P-1"]
        same([(e["data"]["on"], e["time"]) for e in of_one], [("2026-10-31", "2026-09-11T05:00:00.001000Z")], "told")


def two_lists_without(around):
    """The same, and both lists lack the person: nothing is published, until a list has the person again."""
    rows = [row(2, "09/09/2026")]
    with begun(around, rows, GONE) as stage:
        stage.put_staff(LISTS[1], [person(1, "30/09/2026"), *STAFF[1:]])
        stage.put(NIGHT[1], rows)
        same(stage.run_feed(env={"DAYFOUR_FAULT": "feed.produced"}).code, 137, "killed")
        for night in (2, 3):
            stage.put_staff(LISTS[night], STAFF[1:])
            stage.put(NIGHT[night], rows)
        stage.take()
        count = len(stage.records())
        stage.put_staff(LISTS[4], [person(1, "30/09/2026"), *STAFF[1:]])
        stage.put(NIGHT[4], rows)
        stage.take()
        same(stage.told(count), ["left P-1 2026-09-30"], "on the list again")
        same(stage.sql("select count(*) from feed.leaver where begun"), "0", "nothing is in doubt")


def earlier_file(around):
    """The run is killed while it publishes a file, and an earlier file comes. The next run skips it, as it
    would without the kill: its versions would be smaller than those on the topic."""
    with begun(around, [row(1, "09/09/2026"), row(2, "09/09/2026")], GONE) as stage:
        stage.put(NIGHT[1], [row(1, "08/09/2026"), row(2, "09/09/2026"), row(3, "09/09/2026")])
        same(stage.run_feed(env={"DAYFOUR_FAULT": "feed.acknowledged"}).code, 137, "killed")
        count = len(stage.records())
        stage.put("sick_20260910_1800.csv", [row(1, "07/09/2026"), row(2, "09/09/2026")])
        ran = stage.take()
        same([(line["file"], line["why"]) for line in ran.logged("feed_skipped")],
             [("sick_20260910_1800.csv", "older")], "skipped")
        same(stage.records()[count:], stage.records()[3:count], "the same bytes")


def earlier_file_alone(around):
    """The same, and the file that was begun is gone: the next later file is published whole."""
    with begun(around, [row(1, "09/09/2026")], GONE) as stage:
        stage.put(NIGHT[1], [row(1, "08/09/2026")])
        same(stage.run_feed(env={"DAYFOUR_FAULT": "feed.acknowledged"}).code, 137, "killed")
        (stage.folder / NIGHT[1]).unlink()
        stage.put("sick_20260910_1800.csv", [row(1, "07/09/2026")])
        stage.put(NIGHT[2], [row(1, "07/09/2026")])
        stage.take()
        newest = max(stage.absences(), key=lambda e: e["data"]["version"])["data"]
        same((newest["onset_date"], newest["version"]), ("2026-09-07", version(12, 1)), "the newest version")


def forget_given_up(around):
    """`forget --cancel` is killed after some cancellations, and the next file comes first: its records are published
    whole, so that none stays cancelled."""
    rows = [row(1, "09/09/2026"), row(2, "09/09/2026")]
    with begun(around, rows) as stage:
        same(stage.feed("forget", SOURCE, "--cancel", given=SOURCE + "\n",
                        env={"DAYFOUR_FAULT": "feed.acknowledged"}).code, 137, "killed")
        same(sorted(stage.told(3)), ["cancelled U-1", "cancelled U-2"], "cancelled")
        count = len(stage.records())
        stage.put(NIGHT[1], rows)
        stage.take()
        newest = {}
        for event in stage.absences():
            before = newest.get(event["data"]["absence_id"])
            if before is None or event["data"]["version"] > before["data"]["version"]:
                newest[event["data"]["absence_id"]] = event
        same(sorted(e["type"].split(".")[-2] for e in newest.values()), ["amended", "amended"], "what stands")
        same([e for e in stage.told(count) if "U-" in e], ["amended U-1", "amended U-2"], "whole")


def the_same_file_after_forget(around):
    """`forget --cancel`, and the last file is taken once more: in versions after the cancellations."""
    rows = [row(1, "09/09/2026"), row(2, "09/09/2026")]
    with begun(around, rows) as stage:
        same(stage.feed("forget", SOURCE, "--cancel", given=SOURCE + "\n").code, 0, "forgotten")
        cancelled = max(e["data"]["version"] for e in stage.absences())
        same(stage.feed("forget", SOURCE, given=SOURCE + "\n").code, 1, "nothing is known")
        count = len(stage.records())
        stage.put("sick_20260909_0600.csv", rows)
        same([line["why"] for line in stage.take("--first").logged("feed_skipped")], ["older"], "an earlier file")
        same(len(stage.records()), count, "nothing came of it")
        (stage.folder / "done" / NIGHT[0]).rename(stage.folder / NIGHT[0])
        stage.take(code=4)
        stage.take("--first")
        found = {e["data"]["absence_id"]: e["data"]["version"] for e in stage.absences(count)}
        same(sorted(found), ["U-1", "U-2"], "published")
        expect(min(found.values()) > cancelled, "%s are not later than %d" % (found, cancelled))
        count = len(stage.records())
        stage.put(NIGHT[1], rows)
        stage.take()
        same(stage.told(count), [], "a quiet night")


CASES = {
    "a leaver off the next list": leaver_off_the_list,
    "two later lists, back in the second": two_lists_later,
    "two later lists without the person": two_lists_without,
    "an earlier file": earlier_file,
    "an earlier file, and its successor is gone": earlier_file_alone,
    "forget is given up": forget_given_up,
    "the same file after forget": the_same_file_after_forget,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
