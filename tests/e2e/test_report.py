#!/usr/bin/env python3
"""e2e.report: the sixty spells of tests/data/report, told to the product as they happened, and every measure of
`dayfour report` against what was worked out by hand, to the last decimal."""
import base64
import csv
import decimal
import json
import os
import subprocess
import sys
from datetime import timedelta

import harness
import report_by_hand as hand
from followup_stage import FollowupStage
from harness import expect

END = "2026-12-07T12:00:00Z"
MONTHS = ("--from", "2026-09", "--to", "2026-12")

# The numbers that are shown, and the bounds of the others. In September of msk every class has five; few are among
# those
# contacted longest after the onset or the notice, and few had the other three outcomes.
SHOWN = {
    ("RW3", "msk", "2026-09"): set(hand.cell(hand.answers(), "RW3", "msk", "2026-09")) - {
        "days_to_contact_p90", "notice_to_contact_p90", "onward_referral", "no_action_needed", "declined"},
    ("RW3", "msk", "2026-10"): {"spells", "fte_days_lost", "report_lag_median", "report_lag_p90"},
    ("RW3", "stress", "2026-09"): {"spells", "fte_days_lost", "report_lag_median", "report_lag_p90"}}
BOUNDS = {("RW3", "msk", "2026-09"): ("19.5", "53.3"),
          # 7 spells, then 6: at most 4 of them not in target.
          ("RW3", "msk", "2026-10"): ("42.8", "42.8"), ("RW3", "stress", "2026-09"): ("33.3", "33.3")}


def same(found, expected, what):
    expect(found == expected, "%s: %r, by hand %r" % (what, found, expected))


# ---- the tables ----

def the_tables_are_what_the_definitions_say(_):
    for name, lines in (("answers.csv", hand.answer_lines()), ("expected.csv", hand.expected_lines())):
        with open(hand.DATA / name, encoding="utf-8", newline="") as file:
            for nth, (found, expected) in enumerate(zip(csv.reader(file), lines, strict=True), 1):
                same(expected, found, "%s, line %d" % (name, nth))
    spells = hand.answers()
    same(len(spells), 60, "spells")
    same(hand.text(spells[0]["fte_2026-09"]), "10.2", "FTE days of two assignments")


# ---- what HR sends ----

def event(kind, at, number, data):
    return at, {"partition": 0, "headers": [], "key_b64": base64.b64encode(data["person_id"].encode()).decode(),
                "value": json.dumps({"specversion": "1.0", "id": "e%s" % number, "type": "org.dayfour.%s.v1" % kind,
                                     "source": "/hr/" + data["organisation"], "time": at, "data": data})}


def record_events(nth, row):
    """A record as it became known: at first, as amended, closed and cancelled."""
    base = {"organisation": row["organisation"], "person_id": row["person"], "absence_id": "A-%d" % nth,
            "category": "sickness", "assignment_id": row.get("assignment") or None, "fte": row.get("fte") or "1"}
    version = 0

    def send(kind, at, onset, last_day, code):
        nonlocal version
        version += 1
        reason = None if code == "none" else {"scheme": "esr", "code": code}
        return event("absence." + kind, at, "%d-%d" % (nth, version),
                     {**base, "version": version, "onset_date": onset, "last_day": last_day, "reason": reason})

    known = {"onset": row["first_onset"] or row["onset"], "code": row["first_code"] or row["code"]}
    last = row["last_day"] or None
    closed = row.get("closed_on") or (str(hand.date(last) + timedelta(1)) if last else None)
    told_last = last if closed and closed <= row["notice"] else None
    # The second assignment is an hour later than the first.
    hour = "09" if row.get("assignment", "").endswith("-2") else "08"
    yield send("opened", row["notice"] + "T%s:00:00Z" % hour, known["onset"], told_last, known["code"])
    steps = [(row["amended"], "amended")] if row["amended"] else []
    steps += [(closed, "closed")] if closed and not told_last else []
    for day, kind in sorted(steps):
        if kind == "amended":
            known = {"onset": row["onset"], "code": row["code"]}
        else:
            told_last = last
        at = day + ("T12:00:00Z" if kind == "amended" else "T07:00:00Z")
        yield send("closed" if told_last else "amended", at, known["onset"], told_last, known["code"])
    if row.get("cancelled"):
        yield send("cancelled", row["cancelled"] + "T12:00:00Z", row["onset"], told_last, row["code"])


def person_events(row):
    for kind, name in (("left", "left"), ("died", "died"), ("opted-out", "opted_out")):
        if row[name]:
            yield event("person." + kind, row[name] + "T14:00:00Z", row["person"] + kind,
                        {"organisation": row["organisation"], "person_id": row["person"], "on": row[name]})


def bad_events():
    """Five that can never be taken."""
    for i in range(5):
        yield event("absence.opened", "2026-09-09T10:00:00Z", "bad%d" % i,
                    {"organisation": "RW3", "person_id": "P-99", "absence_id": "A-99%d" % i, "version": 1,
                     "category": "sickness", "onset_date": "2026-09-31"})


def story():
    """[(instant, messages)], in order."""
    events = list(bad_events())
    rows = hand.table("spells.csv") + hand.table("others.csv")
    for nth, row in enumerate(rows, 1):
        events += record_events(nth, row)
        if "left" in row:
            events += person_events(row)
    found = {}
    for at, line in sorted(events, key=lambda e: e[0]):
        found.setdefault(at, []).append(line)
    return found.items()


# ---- what clinicians enter ----

def entries(stage):
    """As statements, each about the one spell of the person that began on that day."""
    lines = []
    for rows in hand.spells().values():
        row, onset = rows[0], min(r["onset"] for r in rows)
        task = ("(select task_id from oh.task where organisation = '%s' and person_id = '%s' and onset_date = '%s')"
                % (row["organisation"], row["person"], onset))
        if row["attempt"]:
            lines.append("select oh.record_attempt(%s, 'no_answer', '%sT10:00Z')" % (task, row["attempt"]))
        if row["contact"]:
            lines.append("select oh.record_contact(%s, '%s', '%sT10:00Z')" % (task, row["outcome"], row["contact"]))
    _, state = stage.as_login("amy", ";\n".join(lines))
    same(state, "", "entries")


# ---- what is reported ----

def report(stage, *arguments):
    env = {k: v for k, v in os.environ.items() if not k.startswith("DAYFOUR_")}
    env.update(PG_DSN=stage.dsn("reporter"), KAFKA_BROKERS=stage.around.brokers)
    done = subprocess.run([stage.around.bin / "dayfour", "report", *arguments], env=env, timeout=60,
                          capture_output=True, text=True, check=False)
    same(done.returncode, 0, "report: " + done.stderr)
    return json.loads(done.stdout, parse_float=str, parse_int=str)


def compare_exact(stage):
    """Before anything is held back, as only the owner of the database can see it."""
    names = ("in_target", "missed", "late_report", "reason_late", "opted_out", "left_employment", "no_contact_due",
             "tried", "closed", "relapsed", "long_term", *hand.OUTCOMES)
    days = ("days_to_contact_median", "days_to_contact_p90", "notice_to_contact_median", "notice_to_contact_p90",
            "report_lag_median", "report_lag_p90", "duration_median")
    rows = {(r["organisation"], r["pathway"], r["starts"][:7]): r
            for r in stage.rows("select c.*, c.fte_days::text as fte from report.cells('2026-09-01', '2026-11-01') c")}
    for organisation, pathway, month, expected in hand.cells(hand.answers()):
        found = rows.pop((organisation, pathway, month), None)
        where = "%s %s %s" % (organisation, pathway, month)
        if expected["spells"] == 0:
            same(found, None, where)
            continue
        expected = {**expected, "tried": expected["attempted_in_target"] - expected["in_target"]}
        same(found["spells"], expected["spells"], where)
        same(dict(zip(names, found["atoms"], strict=True)), {n: expected[n] for n in names}, where)
        same(dict(zip(days, found["days"], strict=True)), {n: expected[n] for n in days}, where)
        same(found["fte"], hand.text(expected["fte_days_lost"]), where)
    same(rows, {}, "cells of nobody")


def compare_told(told):
    rows = {(r["organisation"], r["pathway"], r["month"]): r for r in told["measures"]}
    same(len(rows), 2 * 2 * 4, "rows")
    exact = {cell[:3]: cell[3] for cell in hand.cells(hand.answers())}
    for where, row in rows.items():
        shown = SHOWN.get(where, set())
        raw, achievable = BOUNDS.get(where, (None, None))
        for name, value in row.items():
            if name == "in_target_raw_at_least":
                same(value, raw, "%s %s" % (where, name))
            elif name == "in_target_achievable_at_least":
                same(value, achievable, "%s %s" % (where, name))
            elif name not in ("organisation", "pathway", "month"):
                expected = exact[where][name] if name in shown else None
                if name == "fte_days_lost" and expected is not None:  # told in whole days
                    expected = expected.to_integral_value(decimal.ROUND_HALF_UP)
                expected = None if expected is None else hand.text(expected)
                same(value, expected, "%s %s" % (where, name))


def compare_quality(told):
    rows = {(r["organisation"], r["month"]): r for r in told["quality"]}
    same(set(rows), {(o, m) for o in ("LV1", "RW3") for m in (*hand.MONTHS, "2026-12")}, "rows")
    for (organisation, month), row in rows.items():
        whole = organisation == "RW3" and month == "2026-09"
        expected = {n: hand.text(v) for n, v in hand.quality(organisation, month).items()} if whole else {}
        expected["dead_letters"] = "5" if whole else None
        for name, value in row.items():
            if name not in ("organisation", "month"):
                same(value, expected.get(name), "%s %s %s" % (organisation, month, name))


def sixty_spells_by_hand(around):
    with open(harness.ROOT / "deploy/settings/pathways.json", encoding="utf-8") as file:
        settings = json.load(file)
    settings["organisations"] = {"LV1": {"live_from": "2026-09-15"}}
    steps = story()
    with FollowupStage(around, settings=settings, now=min(at for at, _ in steps)) as stage:
        stage.new_clinician("amy", ["RW3", "LV1"], ["physiotherapy", "mental-health"])
        stage.sql("create role %s_reporter login password '%s' in role dayfour_reporter" % (stage.id, stage.password))
        stage.roles.append("reporter")
        stage.start_intake()
        stage.start_followup()
        for at, lines in steps:
            if at != stage.now:
                stage.step_clock(at)
            stage.wait_taken(stage.publish(lines))
            stage.wait_idle()
        stage.step_clock(END)
        stage.wait_idle()
        entries(stage)
        stage.wait_idle()
        compare_exact(stage)
        told = report(stage, "--json", *MONTHS)
        compare_told(told)
        compare_quality(told)


if __name__ == "__main__":
    sys.exit(harness.run({"tables": the_tables_are_what_the_definitions_say, "sixty": sixty_spells_by_hand}))
