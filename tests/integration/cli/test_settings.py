"""settings and calendar."""
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from harness import ROOT, case, dsn_of, equal, holds

SHIPPED = ROOT / "deploy" / "settings" / "pathways.json"
DATA = ROOT / "tests" / "data" / "settings"


def state(w):
    return w.sql("select r.serial, r.settings_serial, r.calendar_loads, (select count(*) from fact.settings),"
                 " (select count(*) from audit.entry) from fact.ruleset r")


@case
def set_up(w):
    equal(w.run("migrate").code, 0)


@case
def check_needs_no_database(w):
    none = {"PG_DSN": None, "KAFKA_BROKERS": None}
    for item in json.loads((DATA / "manifest.json").read_text(encoding="utf-8")):
        ran = w.run("settings", "check", DATA / item["file"], env=none)
        equal(ran.code, 0 if item["verdict"] == "good" else 1, item["file"])
        if item["verdict"] != "good":
            equal(len(ran.err.splitlines()), 1, ran.err)


@case
def a_bad_file_changes_nothing(w):
    before = state(w)
    for path in sorted((DATA / "bad").iterdir()):
        equal(w.run("settings", "load", "--yes", path).code, 1, path.name)
    equal(w.run("settings", "load", w.dir / "none").code, 1)
    equal(w.run("calendar", "load", SHIPPED).code, 1)
    equal(state(w), before)


@case
def load(w):
    w.sql("insert into fact.person (organisation, person_id, revision, next_wake_at)"
          " values ('RW3', 'P-1', 7, null), ('RW3', 'P-2', 1, '2000-01-01'), ('RW3', 'P-3', 1, '2100-01-01')")
    document = json.loads(SHIPPED.read_text(encoding="utf-8"))
    document["version"] = "2026-2"
    text = json.dumps(document)
    serial = int(w.value("select serial from fact.ruleset"))
    ran = w.run("settings", "load", w.file("new.json", text))
    equal(ran.code, 0, ran.err)
    equal(w.run("settings", "show").out, text + "\n")
    equal(int(w.value("select serial from fact.ruleset")), serial + 1)
    equal(w.sql("select person_id, revision, next_wake_at <= now() from fact.person order by 1"),
          [("P-1", "8", "t"), ("P-2", "2", "t"), ("P-3", "2", "t")])
    equal(w.sql("select who, detail ->> 'version' from audit.entry where what = 'settings_load'"),
          [(w.words["user"], "2026-2")])


@case
def dry_run_changes_nothing(w):
    before = state(w)
    ran = w.run("settings", "load", "--dry-run", SHIPPED)
    equal(ran.code, 0, ran.err)
    equal(state(w), before)


@case
def calendar(w):
    serial = int(w.value("select serial from fact.ruleset"))
    others = w.sql("select * from fact.holiday where division <> 'scotland' order by 1, 2")
    book = {"scotland": {"division": "scotland", "events": [
        {"title": "St Andrew’s Day", "date": "2027-11-30", "notes": "", "bunting": True}]}}
    ran = w.run("calendar", "load", w.file("days.json", json.dumps(book)))
    equal(ran.code, 0, ran.err)
    equal(w.sql("select day, title from fact.holiday where division = 'scotland'"),
          [("2027-11-30", "St Andrew’s Day")])
    equal(w.sql("select * from fact.holiday where division <> 'scotland' order by 1, 2"), others)
    equal(int(w.value("select serial from fact.ruleset")), serial + 1)
    holds(w.value("select count(*) from audit.entry where what = 'calendar_load'") == "1", "audited")


@case
def a_file_of_another_form(w):
    cut = "not JSON, at line 1 or the next: is a comma, a quote or a bracket missing?"
    for name, text, fault in (("other.json", "{}", "an object of divisions"), ("cut.json", "[", cut)):
        ran = w.run("calendar", "load", w.file(name, text))
        equal(ran.code, 1)
        equal(ran.err.split("/")[-1], f"{name}: not in the form of gov.uk's bank-holidays.json: {fault}\n")


@case
def only_an_owner_loads(w):
    role = w.role("nobody")
    w.sql(f"create role {role} login password 'x'")
    before = state(w)
    ran = w.run("settings", "load", "--yes", SHIPPED, user=role, password="x")
    equal((ran.code, "settings, calendar, staff and migrate need the database's owner" in ran.err), (3, True), ran.err)
    equal(w.run("calendar", "load", ROOT / "deploy" / "settings" / "bank-holidays.json", user=role,
                password="x").code, 3)
    equal(state(w), before)


def meets_a_batch(w, *command):
    """A command that wakes everybody, while a session locks people in the other order: who wakes is the victim."""
    w.sql(f"alter database {w.dbname} set deadlock_timeout = '2s'")
    env = dict(os.environ, PGPASSWORD=w.words.get("password", ""))
    words = dict({k: v for k, v in w.words.items() if k != "password"}, dbname=w.dbname)
    with subprocess.Popen(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", dsn_of(words)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True, env=env) as batch, ThreadPoolExecutor() as pool:
        def do(text):
            batch.stdin.write(text + "; select 'done';\n")
            batch.stdin.flush()
        do("set deadlock_timeout = '1min'; begin; update fact.person set oh_wake_at = oh_wake_at where person_id = 'P-2'")
        equal(batch.stdout.readline(), "done\n")
        ran = pool.submit(w.run, *command)
        while w.value("select count(*) from pg_stat_activity where datname = current_database()"
                      " and wait_event_type = 'Lock'") == "0":
            holds(not ran.done(), "it waits for nobody")
        do("update fact.person set oh_wake_at = oh_wake_at where person_id in ('P-1', 'P-3'); commit")
        equal(batch.stdout.readline(), "done\n")
        ran = ran.result()
        batch.stdin.close()
    w.sql(f"alter database {w.dbname} reset deadlock_timeout")
    return ran


@case
def a_deadlock_is_tried_again(w):
    serial = int(w.value("select serial from fact.ruleset"))
    before = w.sql("select person_id, revision::int from fact.person order by 1")
    ran = meets_a_batch(w, "settings", "load", "--yes", SHIPPED)
    equal((ran.code, ran.out.count("in force")), (0, 1), ran.err)
    ran = meets_a_batch(w, "calendar", "load", ROOT / "deploy" / "settings" / "bank-holidays.json")
    equal(ran.code, 0, ran.err)
    equal(int(w.value("select serial from fact.ruleset")), serial + 2)
    equal(w.sql("select person_id, revision - 2 from fact.person order by 1"), before)
