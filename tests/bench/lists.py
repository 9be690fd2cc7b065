#!/usr/bin/env python3
"""Measures what a physiotherapist waits for, with a million spells stored: `./run bench lists`.

    lists.py [--spells N] [--looks N] [--finds N] [--json FILE]

40 organisations, two queues; of each 100 spells one or two are open and two contacted. Prints the median and the worst of
the looks, as the clinician sees them: rights, audit entry and all. Searches are wanted in 50 ms; the medians of one for
somebody of another team and of one for nobody within a millisecond of each other. Otherwise the exit code is 1.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "demo"))
from database import Database, dsn_of  # noqa: E402  pylint: disable=wrong-import-position

BIN = ROOT / "build" / "bench" / "bin"
ORGANISATIONS = 40
LOGIN = "bench-physio"

# Person N has spells N and N + 400000 and so on; the rows are what intake and followup write, but for their ids.
FILL = """
create temporary table n as
    select i, 'T' || lpad((i % {orgs})::text, 2, '0') as o, 'P-' || i % 400000 as p, 'A-' || i as a, i % 100 as k,
           case i % 3 when 0 then 'stress' else 'msk' end as pathway, oh.today() - (i % 330)::int as onset
    from generate_series(1, {spells}) i;
insert into fact.person (organisation, person_id, revision) select distinct o, p, 1 from n;
insert into fact.absence (organisation, person_id, source, absence_id, version, first_version, first_onset_date, onset_date,
                          last_day, open_ended, match, scheme, code, settings_serial, cancelled, contact_hash,
                          first_notice_at, changed_at)
    select o, p, '/hr', a, 1, 1, onset, onset, case when k > 3 then onset + 6 end, false, 1, 1, 'S12', 1, false, 1,
           now(), now() from n;
insert into fact.person_contact (organisation, person_id, source, absence_id, name, phone)
    select o, p, '/hr', a, 'Test Person ' || i, '07700 900' || lpad((i % 1000)::text, 3, '0') from n;
insert into casework.spell (spell_id, organisation, person_id, period_id, pathway, queue, anchor_source, anchor_absence_id,
                            absence_ids, record_sources, record_ids, onset_date, last_day, first_notice_at, late_report,
                            backdated, review_first, priority, due_date, state, end_reason, tombstone, attempts,
                            contacted_at, red_flag, reason_changed, case_closed, fingerprint)
    select lpad(upper(to_hex(i)), 12, '0'), o, p, lpad(upper(to_hex(i + 9000000)), 12, '0'), pathway,
           case pathway when 'msk' then 'physiotherapy' else 'mental-health' end, '/hr', a, array[a], array['/hr'], array[a],
           onset, case when k > 3 then onset + 6 end, now(), false, false, false, 2, onset + 4,
           case when k < 2 and onset > oh.today() - 30 then 'open' when k < 4 then 'contacted' else 'ended' end,
           case when k >= 4 then 'returned_uncontacted' end, false, 0,
           case when k < 4 and not (k < 2 and onset > oh.today() - 30) then now() end, false, false, false, 1 from n;
"""


def milliseconds(look, times):
    taken = []
    for _ in range(times):
        began = time.monotonic()
        look()
        taken.append((time.monotonic() - began) * 1000)
    return {"median": statistics.median(taken), "worst": max(taken), "looks": times}


def command(*words, env):
    done = subprocess.run([str(BIN / "dayfour"), *words], env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit("dayfour %s: %s" % (" ".join(words), done.stderr))
    return done.stdout


def filled(spells, organisations=ORGANISATIONS):
    admin = os.environ["PG_DSN"]
    Database().run("create database bench_lists")
    dsn = admin + " dbname=bench_lists"
    command("migrate", env={**os.environ, "PG_DSN": dsn})
    database = Database(dsn=dsn)
    for statement in FILL.format(orgs=organisations, spells=spells).split(";\n"):
        if statement.strip():
            database.run(statement)
    database.run("vacuum analyze")
    return dsn, database


def newest(spells, of_queue):
    """The number of the newest spell of the first organisation whose queue is the clinician's, or is not."""
    return next(i for i in range(spells, 0, -1) if i % ORGANISATIONS == 1 and (i % 3 != 0) == of_queue)


def searches(session, spells):
    """The searches, by name."""
    def find(text):
        return lambda: session.run("select * from oh.find('%s')" % text)
    mine, theirs = newest(spells, True), newest(spells, False)
    return {"oh.find by name": find("person %d" % mine), "oh.find by four digits": find("%04d" % (mine % 1000 + 9000)),
            "oh.find, many names": find("test person"), "oh.find by staff number": find("P-%d" % (mine % 400000)),
            "oh.find, another team's": find("person %d" % theirs), "oh.find, nobody": find("person x%d" % mine)}


def is_slow_or_tells(report):
    """Whether a search takes over 50 ms, or its time depends on whether there is somebody."""
    slow = [name for name, took in report.items() if name.startswith("oh.find") and took["median"] > 50]
    apart = abs(report["oh.find, another team's"]["median"] - report["oh.find, nobody"]["median"])
    print("another team's and nobody: medians %.2f ms apart" % apart)
    if slow:
        print("over 50 ms: " + ", ".join(slow))
    return bool(slow) or apart > 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--spells", type=int, default=1000000)
    parser.add_argument("--looks", type=int, default=30)
    parser.add_argument("--finds", type=int, default=1000)
    parser.add_argument("--json")
    args = parser.parse_args()
    dsn, database = filled(args.spells)
    with tempfile.NamedTemporaryFile("w", suffix=".pw") as password:
        password.write("bench\n")
        password.flush()
        env = {**os.environ, "PG_DSN": dsn}
        command("staff", "add", LOGIN, "T01", "--queues", "physiotherapy", "--password-file", password.name, env=env)
        env["PG_DSN"] = dsn_of(dsn, LOGIN, "bench")
        session = Database(dsn=env["PG_DSN"])
        found = {"oh.worklist of one queue": lambda: session.run(
                     "select * from oh.worklist where queue = 'physiotherapy' order by due_date"),
                 "oh.calls('today')": lambda: session.run("select * from oh.calls('today')"),
                 "oh.call_counts()": lambda: session.run("select * from oh.call_counts()"),
                 "oh.open_case": lambda: session.run("select o.digest from oh.tasks_of('T01', 'P-1') t,"
                                                     " oh.open_case(t.task_id) o limit 1"),
                 "dayfour tasks": lambda: command("tasks", "--json", env=env),
                 "dayfour tasks --overdue": lambda: command("tasks", "--overdue", env=env)}
        print("%d spells, %s on the list" % (args.spells, session.run("select count(*) from oh.worklist")[0]))
        report = {}
        for name, look in found.items():
            look()
            report[name] = milliseconds(look, args.looks)
            print("%-28s median %5.1f ms, worst %5.1f ms of %d" % (name, *report[name].values()), flush=True)
        session.run("begin")  # a commit waits for the disk, whatever was searched for
        for name, look in searches(session, args.spells).items():
            look()
            report[name] = milliseconds(look, args.finds)
            print("%-28s median %5.1f ms, worst %5.1f ms of %d" % (name, *report[name].values()), flush=True)
        session.run("commit")
        session.close()
    database.run("drop owned by \"%s\"" % LOGIN)
    database.run("drop role \"%s\"" % LOGIN)
    if args.json:
        Path(args.json).write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 1 if is_slow_or_tells(report) else 0


if __name__ == "__main__":
    sys.exit(main())
