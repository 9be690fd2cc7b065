#!/usr/bin/env python3
"""e2e.purge: a year's history is purged while both services run: what is not settled stays as it is, nobody is
told, and what is sent again afterwards tells HR nothing. And somebody is erased in the middle of a case."""
import datetime
import json
import random
import subprocess
import sys
import threading
import time

import harness
from followup_stage import FollowupStage
from harness import ROOT, expect, until

START = datetime.date(2025, 9, 15)
END = datetime.date(2026, 9, 15)
PERSONS = 120
STEP_DAYS = 15
UNMATCHED_DAYS, MATCHED_DAYS, SETTLE_DAYS = 120, 150, 120
CODES = ("S12", "S12", "S10", "S25", "S25", "S13", "S98", "S17", None)
TABLES = ("fact.absence", "fact.person_contact", "fact.contact", "casework.spell", "followup.emitted")


class Stage(FollowupStage):
    def lines_of(self, program, event):
        return [line for s in self.services if program in s.name for line in s.lines(event)]

    def wait_idle_paused(self):
        until(lambda: self.sql("select people_due = 0 and clock = '%s' from ops.backlog" % self.now) == "t",
              "followup to have derived everybody")


def days(n):
    return datetime.timedelta(days=n)


def settings():
    document = json.loads((ROOT / "deploy/settings/pathways.json").read_text())
    document["retention"] = {"unmatched_days": UNMATCHED_DAYS, "matched_days": MATCHED_DAYS,
                             "contact_details_days": 600, "dead_letter_days": 14, "audit_days": 2920}
    return document


def message(rec, version, last_day=None, kind="opened", **more):
    data = {"organisation": "RW3", "absence_id": rec["id"], "version": version, "person_id": rec["person"],
            "category": "sickness", "onset_date": rec["onset"].isoformat(),
            "last_day": last_day and last_day.isoformat(),
            "contact": {"name": "Test %s" % rec["person"], "phone": "07700 900001"}, **more}
    if rec["code"]:
        data["reason"] = {"scheme": "esr", "code": rec["code"]}
    event = {"specversion": "1.0", "id": "%s-%d" % (rec["id"], version), "source": "/hr/RW3",
             "type": "org.dayfour.absence.%s.v1" % kind, "time": "%sT08:00:00Z" % rec["onset"], "data": data}
    return {"partition": 0, "key_b64": None, "headers": [], "value": json.dumps(event)}


def year(rng):
    """Records of a year, each with the messages about it: (day, message)."""
    records = []
    for n in range(PERSONS):
        day = START + days(rng.randrange(90))
        while day < END:
            last = day + days(rng.choice((0, 1, 3, 6, 13, 30, 60)))
            rec = {"id": "A-%d" % (len(records) + 1), "person": "P-%d" % n, "onset": day,
                   "code": rng.choice(CODES), "last": last if last < END and rng.random() > 0.06 else None}
            rec["messages"] = [(day, message(rec, 1))]
            records.append(rec)
            if rec["last"] is None:
                break
            rec["messages"].append((last + days(1), message(rec, 2, last, "closed")))
            if rng.random() < 0.05:
                rec["messages"].append((last + days(5), message(rec, 3, last, "cancelled")))
            day = last + days(rng.choice((1, 2, 5, 20, 40, 50, 90, 150)))
    return records


def play(stage, records, rng):
    """The year passes: messages as they come, and a clinician who reaches some."""
    todo = sorted((pair for rec in records for pair in rec["messages"]), key=lambda pair: pair[0])
    day = START
    while day <= END:
        stage.step_clock("%sT10:30:00Z" % day)
        now = [m for when, m in todo if when <= day]
        todo = todo[len(now):]
        stage.wait_taken(stage.publish(now))
        stage.wait_idle(60)
        for task in stage.sql("select task_id from oh.task_row where state = 'open' order by 1").split():
            if rng.random() < 0.3:
                stage.as_login("amy", "select oh.record_contact('%s', 'self_management_advice')" % task)
        stage.wait_idle(60)
        day += days(STEP_DAYS)
    stage.step_clock("%sT10:30:00Z" % END)
    stage.wait_idle(60)


# --- what is there

def table(stage, name):
    return {json.dumps(row, sort_keys=True) for row in stage.rows("select * from " + name)}


def snapshot(stage):
    return {name: [json.loads(row) for row in sorted(table(stage, name))] for name in TABLES}


def said(stage):
    """How many records about people each topic has: that a feed fell silent and came back is not."""
    return {kind: sum(not dict(r["headers"]).get("ce_subject", "").startswith("o") for r in stage.records(kind))
            for kind in stage.out}


def day_of(text):
    return datetime.date.fromisoformat(text[:10])


def periods(shot):
    """Lists of records that go together, by the facts alone: live ones that touch, and each cancelled one."""
    people = {}
    units = []
    for rec in shot["fact.absence"]:
        if rec["cancelled"]:
            units.append([rec])
        else:
            people.setdefault(rec["person_id"], []).append(rec)
    for mine in people.values():
        mine.sort(key=lambda r: r["onset_date"])
        end = None
        for rec in mine:
            if end is not None and day_of(rec["onset_date"]) <= end + days(1):
                units[-1].append(rec)
            else:
                units.append([rec])
                end = datetime.date.min
            end = max(end, day_of(rec["last_day"]) if rec["last_day"] else datetime.date.max - days(1))
    return units


def about(unit, shot):
    """The rows of other tables that belong to a period."""
    ids = {r["absence_id"] for r in unit}
    return {"casework.spell": [s for s in shot["casework.spell"] if s["anchor_absence_id"] in ids],
            "fact.contact": [c for c in shot["fact.contact"] if c["anchor_absence_id"] in ids],
            "followup.emitted": [e for e in shot["followup.emitted"] if set(json.loads(e["data"])["absence_ids"]) & ids]}


def judge(unit, shot):
    """(settled, old enough to go) by the words of the rules."""
    rest = about(unit, shot)
    changed = max([day_of(r["changed_at"]) for r in unit] + [day_of(c["entered_at"]) for c in rest["fact.contact"]])
    if unit[0]["cancelled"]:
        last = changed
    elif any(r["last_day"] is None for r in unit):
        return False, False
    else:
        last = max(day_of(r["last_day"]) for r in unit)
    keep = MATCHED_DAYS if rest["casework.spell"] or rest["fact.contact"] else UNMATCHED_DAYS
    settled = max(last, changed) + days(SETTLE_DAYS) <= END
    for_hr = max(day_of(r["hr_changed_at"]) for r in unit)
    last_for_hr = for_hr if unit[0]["cancelled"] else last
    gone = last_for_hr + days(UNMATCHED_DAYS) < END and for_hr + days(SETTLE_DAYS) < END
    return settled, settled and gone and last + days(keep) <= END


def split(shot):
    """The periods that must stay, and those that must go."""
    stay, go = [], []
    for unit in periods(shot):
        (go if judge(unit, shot)[1] else stay).append(unit)
    needed = {s["previous_spell"] for unit in stay if not judge(unit, shot)[0]
              for s in about(unit, shot)["casework.spell"]}
    for unit in list(go):
        # A relapse that is not settled is one only because of the spell before it.
        if {s["spell_id"] for s in about(unit, shot)["casework.spell"]} & needed:
            go.remove(unit)
            stay.append(unit)
    return stay, go


def same(row):
    """A purge notes on a record that it is gone for HR."""
    return json.dumps({k: v for k, v in row.items() if k != "gone_at"}, sort_keys=True)


def compare(before, after, stay, go):
    kept = {name: {same(row) for row in after[name]} for name in TABLES}
    for unit in stay:
        for name, wanted in dict(about(unit, before), **{"fact.absence": unit}).items():
            for row in wanted:
                expect(same(row) in kept[name], "%s: a row that must stay is gone or changed: %s" % (name, row))
    gone = {r["absence_id"] for unit in go for r in unit}
    left = gone & {r["absence_id"] for r in after["fact.absence"]}
    expect(not left, "records that must go are there: %s" % sorted(left))
    for name in ("casework.spell", "fact.contact"):
        left = [row for row in after[name] if row["anchor_absence_id"] in gone]
        expect(not left, "%s of what went: %s" % (name, left[:3]))
    left = [e for e in after["followup.emitted"] if e["person_id"] and set(json.loads(e["data"])["absence_ids"]) <= gone]
    expect(not left, "still known as told: %s" % left[:3])
    left = [c for c in after["fact.person_contact"] if c["absence_id"] in gone]
    expect(not left, "contact details are left: %d" % len(left))


def holds_together(stage):
    """The rows about people agree with each other."""
    for what, query in {
            "counts of what was told": "select 1 from fact.person p where p.emitted <> (select count(*) from"
            " followup.emitted e where e.organisation = p.organisation and e.person_id = p.person_id)",
            "counts of prompts": "select 1 from fact.person p where p.prompted <> (select count(*) from followup.emitted e"
            " where e.organisation = p.organisation and e.person_id = p.person_id and e.topic like '%return-to-work')",
            "counts of entries": "select 1 from fact.person p where p.contacts <> (select count(*) from fact.contact c"
            " where c.organisation = p.organisation and c.person_id = p.person_id)",
            "records without a person": "select 1 from fact.absence a where not exists (select from fact.person p where"
            " p.organisation = a.organisation and p.person_id = a.person_id)",
            "spells without a record": "select 1 from casework.spell s where not exists (select from fact.absence a"
            " where a.organisation = s.organisation and a.absence_id = s.anchor_absence_id)",
            "details without a record": "select 1 from fact.person_contact c where not exists (select from fact.absence"
            " a where a.organisation = c.organisation and a.absence_id = c.absence_id and a.contact_hash is not null)"}.items():
        found = stage.sql("select count(*) from (%s) x" % query)
        expect(found == "0", "%s: %s" % (what, found))


def with_services(stage):
    stage.new_clinician("amy", ["RW3"], ["physiotherapy", "mental-health"])
    stage.sql("create role %s_keep login password '%s' in role dayfour_retention" % (stage.id, stage.password))
    stage.roles.append("keep")
    stage.start_intake()
    stage.start_followup()


def dayfour(stage, *arguments):
    """As somebody with the rights of retention and no more."""
    env = {k: v for k, v in harness.os.environ.items() if not k.startswith(("DAYFOUR_", "PG"))}
    done = subprocess.run([stage.around.bin / "dayfour", *arguments], env={**env, "PG_DSN": stage.dsn("keep")},
                          timeout=120, capture_output=True, text=True, check=False)
    expect(done.returncode == 0, "dayfour %s: %d %s" % (arguments[0], done.returncode, done.stderr))
    return done.stdout


# --- the cases

def a_year(around):
    rng = random.Random(7)
    records = year(rng)
    with Stage(around, settings=settings(), now="%sT10:30:00Z" % START) as stage:
        with_services(stage)
        play(stage, records, rng)
        before = snapshot(stage)
        stay, go = split(before)
        counts = [sum(len(about(u, before)["casework.spell"]) > 0 for u in units) for units in (stay, go)]
        expect(min(len(stay), len(go), *counts) > 20, "too little of a history: %d %d %s" % (len(stay), len(go), counts))
        people = {row["person_id"]: row for row in stage.rows("select * from fact.person")}
        told = said(stage)
        expect(told["return-to-work"] > 200 and told["follow-up"] > 100, told)

        looked = json.loads(dayfour(stage, "purge", "--dry-run", "--json"))
        expect(snapshot(stage) == before, "looking changed something")
        purged = json.loads(dayfour(stage, "purge", "--json"))
        expect({k: v for k, v in purged.items() if k != "dry_run"} == {k: v for k, v in looked.items() if k != "dry_run"},
               "announced %s, did %s" % (looked, purged))
        compare(before, snapshot(stage), stay, go)
        expect(purged["records"] == sum(map(len, go)), "%s, of %d" % (purged, sum(map(len, go))))
        holds_together(stage)
        touched = {r["person_id"] for unit in go for r in unit}
        touched |= set(stage.sql("select person_id from fact.absence where gone_at is not null").split())
        for row in stage.rows("select * from fact.person"):
            expect(row["person_id"] in touched or row == people[row["person_id"]], "changed: %s" % row)
        # Everybody is derived again, as after a load of settings: still no event.
        stage.sql("update fact.person set next_wake_at = '%s', oh_wake_at = '%s'" % (stage.now, stage.now))
        stage.wait_idle(60)
        expect(said(stage) == told, "a purge was told: %s, then %s" % (told, said(stage)))
        compare(before, snapshot(stage), stay, go)
        expect(json.loads(dayfour(stage, "purge", "--json"))["records"] == 0, "the second purge found more")

        resent(stage, records, go, told)


def resent(stage, records, go, told):
    """Purged records come again: first as they were at last, then a few as if they were still open."""
    gone = {r["absence_id"] for unit in go for r in unit}
    mine = [rec for rec in records if rec["id"] in gone]
    opened = mine[:5]
    stage.wait_taken(stage.publish([rec["messages"][-1][1] for rec in mine[5:]]))
    stage.wait_idle(60)
    expect(said(stage) == told, "resent and told: %s, then %s" % (told, said(stage)))
    stage.wait_taken(stage.publish([m for rec in reversed(mine[5:]) for _, m in rec["messages"]]))
    stage.wait_idle(60)
    expect(said(stage) == told, "resent again and told: %s, then %s" % (told, said(stage)))
    stage.wait_taken(stage.publish([rec["messages"][0][1] for rec in opened]))
    stage.wait_idle(60)
    now = said(stage)
    expect(now["return-to-work"] == told["return-to-work"], "HR was told: %s, then %s" % (told, now))
    expect(json.loads(dayfour(stage, "purge", "--json"))["records"] == 0, "what was taken in today is not old")
    holds_together(stage)


def while_messages_come(around):
    """Purging again and again while the same people's records are changed: both give way, nothing is lost."""
    rng = random.Random(11)
    old = [{"id": "A-%d" % n, "person": "P-%d" % n, "onset": END - days(400), "code": rng.choice(("S12", "S25"))}
           for n in range(200)]
    with Stage(around, settings=settings(), now="%sT10:30:00Z" % (END - days(300))) as stage:
        with_services(stage)
        stage.wait_taken(stage.publish([message(r, 1, END - days(390), "closed") for r in old]))
        stage.wait_idle(60)
        stage.step_clock("%sT10:30:00Z" % END)
        stage.wait_idle(60)
        done = threading.Event()
        purged = []

        def purge():
            while not done.is_set():
                purged.append(json.loads(dayfour(stage, "purge", "--json"))["records"])

        worker = threading.Thread(target=purge)
        worker.start()
        try:
            rng.shuffle(old)
            new = [{"id": "B-" + r["id"], "person": r["person"], "onset": END - days(1), "code": "S12"} for r in old]
            longest = 0
            for k in range(0, 200, 10):
                began = time.monotonic()
                stage.wait_taken(stage.publish([message(r, 1) for r in new[k:k + 10]]))
                longest = max(longest, time.monotonic() - began)
        finally:
            done.set()
            worker.join(120)
        stage.wait_idle(60)
        dayfour(stage, "purge")
        expect(longest < 5, "intake waited for %.1f s" % longest)
        expect(stage.sql("select count(*) from fact.absence where absence_id like 'B-%'") == "200", "not all are there")
        left = stage.sql("select count(*) from fact.absence where absence_id like 'A-%'")
        expect(left == "0", "%s old ones are left, purged %s" % (left, purged))
        expect(stage.sql("select count(*) from casework.spell where state = 'open'") == "200", "tasks")
        holds_together(stage)
        created = [e["data"]["absence_ids"] for e in stage.events("follow-up")
                   if e["type"] == "org.dayfour.contact-task.created.v1"]
        expect(sorted(created) == sorted([r["id"]] for r in new), "created %d times" % len(created))


def who_is_purged_meanwhile_does_not_come_back(around):
    """Intake has read a person and waits; the person is deleted; what it derived must not be stored."""
    rec = {"id": "A-1", "person": "P-1", "onset": END - days(400), "code": "S25"}
    with Stage(around, settings=settings(), now="%sT10:30:00Z" % END) as stage:
        with_services(stage)
        stage.wait_taken(stage.publish([message(rec, 1, END - days(390), "closed")]))
        stage.wait_idle()
        revision = int(stage.sql("select revision from fact.person"))
        holder = subprocess.Popen(["psql", "-XqAt", stage.dsn()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)
        holder.stdin.write("begin; lock table fact.absence in share row exclusive mode; select 1;\n")
        holder.stdin.flush()
        holder.stdout.readline()
        ends = stage.publish([message({**rec, "id": "A-2", "onset": END}, 1)])
        until(lambda: stage.sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname ="
                                " '%s'" % stage.id) == "1", "intake to wait")
        holder.stdin.write("delete from fact.absence; delete from fact.person; delete from followup.emitted; commit;\n")
        holder.stdin.close()
        holder.wait(10)
        stage.wait_taken(ends)
        stage.wait_idle()
        expect(revision >= 1, "it was there")
        rows = stage.sql("select p.revision < 4, p.emitted, count(a) from fact.person p join fact.absence a using"
                         " (person_id) group by 1, 2")
        expect(rows == "t|0|1", rows)
        expect(stage.lines_of("intake", "batch_retried"), "the batch was not done again")
        holds_together(stage)


def erased_in_the_middle(around):
    """All events of an open case are withdrawn, on both topics, before it goes; others' stay."""
    mine = {"id": "A-1", "person": "P-1", "onset": END - days(20), "code": "S12"}
    other = {"id": "A-2", "person": "P-2", "onset": END - days(20), "code": "S12"}
    with Stage(around, settings=settings(), now="%sT10:30:00Z" % (END - days(19))) as stage:
        with_services(stage)
        stage.wait_taken(stage.publish([message(r, 1, expected_return=(END - days(3)).isoformat())
                                        for r in (mine, other)]))
        stage.wait_idle()
        stage.step_clock("%sT10:30:00Z" % END)
        stage.wait_idle()
        before = standing(stage)
        expect({topic for topic, who, _ in before if who == "P-1"} == {"follow-up", "return-to-work"}, before)
        out = dayfour(stage, "person", "erase", "RW3", "P-1", "--reason", "request 4")
        expect(out.startswith("erased: 1 records, 1 spells"), out)
        stage.wait_idle()
        expect(standing(stage) == {x for x in before if x[1] == "P-2"}, standing(stage))
        for name in (*TABLES, "fact.person", "fact.erasure"):
            expect(stage.sql("select count(*) from %s where person_id = 'P-1'" % name) == "0", name)
        holds_together(stage)
        # While it waits no more events come about the person, and pausing makes it wait.
        stage.sql("update ops.emission set paused = true")
        out = dayfour(stage, "person", "erase", "RW3", "P-2", "--reason", "request 5", "--no-wait")
        expect(out.startswith("marked"), out)
        stage.step_clock("%sT10:30:00Z" % (END + days(12)))
        stage.wait_idle_paused()
        expect(json.loads(dayfour(stage, "purge", "--json"))["people_erased"] == 0, "erased what stands")
        stage.sql("update ops.emission set paused = false")
        until(lambda: stage.sql("select withdrawn_at is not null from fact.erasure") == "t", "it to be taken back")
        stage.wait_idle()
        expect(not standing(stage), standing(stage))
        expect(json.loads(dayfour(stage, "purge", "--json"))["people_erased"] == 1, "not erased")
        expect(stage.sql("select count(*) from fact.person") == "0", "somebody is left")
        verified = json.loads(stage.dayfour("audit", "verify", "--json"))
        expect(not verified["faults"], verified)


def standing(stage):
    """(topic, person, id) of the events emitted about people and not withdrawn."""
    events = stage.events()
    taken = {(e["topic"], e["data"]["withdraws"]) for e in events if "withdraws" in e["data"]}
    return {(e["topic"], e["data"]["person_id"], e["id"]) for e in events
            if e["data"]["person_id"] and "withdraws" not in e["data"] and (e["topic"], e["id"]) not in taken}


CASES = {"a year": a_year, "while messages come": while_messages_come,
         "who is purged meanwhile does not come back": who_is_purged_meanwhile_does_not_come_back,
         "erased in the middle": erased_in_the_middle}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
