"""Rows of the database against those of the reference model."""
import base64
import datetime as dt
import hashlib
import json
import re
import subprocess
import sys

from harness import ROOT, TEST_KEY, decoded, expect, value_of

import dates
import model
import worklist

SHIPPED = ROOT / "deploy" / "settings"
CUT = 65536  # of a value that is too large, this much is kept
SHOWN = 12
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")


def new_world(settings=None):
    if settings is None:
        settings = json.loads((SHIPPED / "pathways.json").read_text())
    calendar = json.loads((SHIPPED / "bank-holidays.json").read_text())
    return model.new_world(settings, calendar, bytes.fromhex(TEST_KEY))


def fixed_set(stage_dir, partitions=1, now="2026-09-15T10:30:00Z"):
    """The fixed 2,000 as input lines, their partitions folded into fewer."""
    file = stage_dir / "fixed.jsonl"
    subprocess.run([sys.executable, ROOT / "tests/data/gen_fixed.py", "--check", "--out", file],
                   check=True)
    lines = []
    ends = {}
    for text in file.read_text().splitlines():
        line = json.loads(text)
        partition = line.pop("partition_hint") % partitions
        offset = ends.get(partition, 0)
        ends[partition] = offset + 1
        lines.append({"at": now, "partition": partition, "offset": offset, **line})
    return lines


# --- what is compared

def plain(value):
    """Instants as UTC text, dates as text, whatever side they come from."""
    if isinstance(value, dt.datetime):
        return dates.format_instant(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str) and INSTANT.match(value):
        return dates.format_instant(dt.datetime.fromisoformat(value))
    return value


def differences(kind, key, expected, found):
    """Lines that say what differs between two lists of dicts with the same key columns."""
    mine = {tuple(row[k] for k in key): row for row in expected}
    theirs = {tuple(row[k] for k in key): row for row in found}
    lines = []
    if len(mine) != len(expected) or len(theirs) != len(found):
        lines.append("%s: a key comes twice" % kind)
    for name in sorted(mine.keys() | theirs.keys(), key=str):
        if name not in theirs:
            lines.append("%s %s: not there; the model has %s" % (kind, name, brief(mine[name])))
        elif name not in mine:
            lines.append("%s %s: the model has none: %s" % (kind, name, brief(theirs[name])))
        else:
            for column, value in mine[name].items():
                if plain(value) != plain(theirs[name].get(column)):
                    lines.append("%s %s: %s is %s, the model says %s" % (
                        kind, name, column, plain(theirs[name].get(column)), plain(value)))
    return lines


def brief(row):
    return {k: plain(v) for k, v in row.items() if v not in (None, False, 0, [], "")}


def report(lines):
    expect(not lines, "%d differences\n    %s" % (len(lines), "\n    ".join(lines[:SHOWN])))


# --- tables

TASKS = """select t.*, (%s) as tombstone from oh.task t"""
TOMBSTONE = "select s.tombstone from casework.spell s where s.spell_id = t.task_id"


def live_tasks(world, now):
    """How to reach a person is the same on all their tasks, on those of settled periods too."""
    rows = []
    for row in world.task_rows(now):
        stored = world.stored[row["task_id"]]
        if not stored.tombstone:
            rows.append({**row, **world.last_case[stored.person_key].contact_details})
    return rows


def task_differences(stage, world, now, logins):
    """oh.task without tombstones: those depend on what was stored in between."""
    found = [row for row in stage.rows(TASKS % TOMBSTONE) if not row["tombstone"]]
    acts = worklist.acts(world, now)
    expected = [{**row, "assigned_to": logins.get(row["assigned_to"], row["assigned_to"]),
                 "act_by": acts[row["task_id"]]} for row in live_tasks(world, now)]
    for row in expected:
        del row["closed_at"], row["close_reason"]  # no columns of the view
        if row["state"] == "contacted":
            del row["act_by"]  # hangs on which prompts were emitted while followup was awake
    return differences("task", ["task_id"], expected, found)


def record_differences(stage, world):
    columns = ("organisation source absence_id version person_id onset_date first_onset_date "
               "last_day open_ended expected_return cancelled first_notice_at").split()
    expected = [{name: row[name] for name in columns} for row in model.record_rows(world)]
    found = stage.rows("select %s from fact.absence" % ", ".join(columns))
    return differences("record", columns[:3], expected, found)


def person_differences(stage, world):
    expected = []
    for (organisation, person_id), person in world.facts.persons.items():
        if person.facts:
            expected.append({"organisation": organisation, "person_id": person_id,
                             "left_on": person.left_on, "died_on": person.died_on,
                             "out_on": person.opted_out_on})
    found = stage.rows(
        "select organisation, person_id, left_on, died_on, case when opted_out then opt_on end"
        " as out_on from fact.person where left_id is not null or died_id is not null"
        " or opt_id is not null")
    return differences("person", ["organisation", "person_id"], expected, found)


def heartbeat_differences(stage, world):
    columns = "organisation source as_of records sent rejected received_at".split()
    expected = [{**vars(event), "received_at": at} for event, at in world.facts.heartbeats.values()]
    found = stage.rows("select %s from intake.heartbeat" % ", ".join(columns))
    return differences("heartbeat", columns[:2], expected, found)


def dead_letter_differences(stage, world, lines):
    """Reason and detail as the model says (where a member nobody reads is at fault, its path may be
    reported or not); key and value as they were sent."""
    sent = {(line["partition"], line["offset"]): line for line in lines if "partition" in line}
    expected = []
    for dead in world.dead_letters:
        line = sent[dead["partition"], dead["offset"]]
        value = value_of(line)
        cut = dead["reason"] == "too_large" and len(value) > CUT
        expected.append({
            **dead, "key": hexed(decoded(line.get("key_b64"))),
            "value": hexed(value[:CUT] if cut else value), "size": len(value or b""),
            "sha256": hashlib.sha256(value).hexdigest() if cut else None})
    found = stage.rows("select partition, \"offset\", reason, "
                       " case reason when 'duplicate_key' then '' else detail end as detail, encode(key, 'hex') as key,"
                       " encode(value, 'hex') as value, size, encode(sha256, 'hex') as sha256"
                       " from intake.dead_letter where topic = '%s'" % stage.topic)
    return differences("dead letter", ["partition", "offset"], expected, found)


def hexed(data):
    return None if data is None else data.hex()


def compare_all(stage, world, lines, now, logins=None):
    """All facts and tasks, after the lines were applied to the world; logins: what clinicians of the
    model are called in the database."""
    report(dead_letter_differences(stage, world, lines) + record_differences(stage, world)
           + person_differences(stage, world) + heartbeat_differences(stage, world)
           + task_differences(stage, world, now, logins or {}))
