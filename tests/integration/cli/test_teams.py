"""staff, and what OH teams do. The cases of people are put into the tables as intake writes them."""
import json
import re
import subprocess

from harness import ROOT, absence, case, equal, holds, lines

# Whom one would ring otherwise than the rest.
CONTACT = {1: {"name": "Test Person 1", "email": "p1@example.test", "voicemail": False},
           2: {"name": "Test Person 2", "phone": "07700 900002", "language": "cy", "preferred_time": "after 14:00",
               "voicemail": True},
           3: {"name": "Test Person 3"}}


def start_cases(w):
    """Six people through the real intake, stopped once it has taken them in."""
    today = w.value("select current_date - 2")
    events = [absence(i, f"P-{i}", onset=today, organisation="RW3" if i < 4 else "RX1",
                      reason={"scheme": "esr", "code": "S12" if i % 2 == 0 else "S10"},
                      contact=CONTACT.get(i, {"name": f"Test Person {i}", "phone": f"07700 90000{i}"}))
              for i in range(6)]
    equal(w.run("publish", "-", stdin=lines(*events)).code, 0)
    dsn = " ".join(f"{k}='{v}'" for k, v in dict(w.words, dbname=w.dbname).items())
    env = {"PATH": "/usr/bin:/bin", "PG_DSN": dsn, "KAFKA_BROKERS": w.brokers,
           "DAYFOUR_KAFKA_TOPIC_ABSENCES": w.topic, "DAYFOUR_KAFKA_GROUP": w.tag}
    intake = subprocess.Popen([w.bin / "dayfour-intake"], env=env, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            if w.value("select count(*) from casework.spell") == "6":
                return
            subprocess.run(["sleep", "0.1"], check=True)
        raise AssertionError("intake took nothing in")
    finally:
        intake.terminate()
        intake.wait(20)


@case
def set_up(w):
    equal(w.run("migrate").code, 0)
    start_cases(w)
    w.password = "test-pw-" + w.tag
    w.cara, w.adam, w.carl = w.role("cara"), w.role('adam "x"'), w.role("carl")


def cara(w, *args):
    return w.run(*args, user=w.cara, password=w.password)


@case
def staff(w):
    path = w.file("pw", w.password + "\n")
    equal(w.run("staff", "add", w.cara, "RW3").code, 1, "a new login needs a way in")
    equal(w.run("staff", "add", w.cara, "RW3", "--password-file", path).code, 0)
    equal(w.run("staff", "add", w.cara, "RW3").code, 0, "again")
    equal(w.run("staff", "add", w.carl, "RW3", "--queues", "physiotherapy", "--peer").code, 0)
    equal(w.run("staff", "add", w.adam, "RW3", "RX1", "--admin", "--password-file", path).code, 0)
    mine = [r for r in w.run("staff", "list", "--json").json() if r["login"].startswith(w.tag)]
    equal([(r["login"][10:], r["organisation"], r["queues"], r["admin"]) for r in mine],
          [('adam "x"', "RW3", ["physiotherapy", "mental-health"], True),
           ('adam "x"', "RX1", ["physiotherapy", "mental-health"], True),
           ("cara", "RW3", ["physiotherapy", "mental-health"], False),
           ("carl", "RW3", ["physiotherapy"], False)])
    holds(w.value(f"select rolpassword from pg_authid where rolname = '{w.cara}'").startswith("SCRAM-SHA-256$4096:"),
          "kept as SCRAM")
    for login in (w.cara, w.carl, w.adam):
        equal(w.sql("select rolconfig from pg_roles where rolname = '{}'".format(login)),
              [("{idle_in_transaction_session_timeout=60s}",)], "a forgotten session holds nobody up for long")
    empty = w.file("empty", "\n")
    equal(w.run("staff", "add", w.role("y"), "RW3", "--password-file", empty).code, 2, "no password")
    accent = w.role("zoë")
    equal(w.run("staff", "add", accent, "RW3", "--password-file", w.file("accent", "Grüße ½\n")).code, 0)
    equal(w.run("tasks", user=accent, password="Grüße ½").code, 0)
    equal(w.run("staff", "remove", accent).code, 0)
    equal(w.run("staff", "add", w.carl, "RW3", "--queues", "a,,b").code, 1)
    equal(w.run("staff", "add", "", "RW3", "--peer").code, 1)
    equal(w.run("staff", "add", w.role("x"), "RW3", "--peer", "--password-file", path).code, 1)


@case
def worklist(w):
    ran = cara(w, "tasks", "--json")
    equal(ran.code, 0, ran.err)
    found = ran.json()
    equal(sorted(t["person_id"] for t in found), ["P-0", "P-1", "P-2", "P-3"])
    one = next(t for t in found if t["person_id"] == "P-0")
    equal((one["queue"], one["name"], one["phone"], one["state"], one["days_left"], one["absence_ids"]),
          ("physiotherapy", "Test Person 0", "07700 900000", "open", 2, ["A-0"]))
    equal(len(one), 38, "every column of oh.task")
    w.task = one["task_id"]
    equal(len(cara(w, "tasks", "--json", "--queue", "mental-health").json()), 2)
    equal(cara(w, "tasks", "--json", "--overdue").json(), [])
    equal(cara(w, "tasks", "--json", "--organisation", "RX1").json(), [])
    equal(len(w.run("tasks", "--json", user=w.adam, password=w.password).json()), 6)
    table = cara(w, "tasks").out.splitlines()
    equal(len(table), 5)
    holds(table[0].startswith("TASK") and w.task in "".join(table), table)
    equal(cara(w, "tasks", "--overdue").out, "nothing to do\n")
    row = {t["person_id"]: next(line for line in table if t["task_id"] in line) for t in found}
    holds("none: e-mail" in row["P-1"] and re.search(r"none(?!:)", row["P-3"]), "a missing number is shown as such")
    holds(re.search(r"07700 900002 +cy +after 14:00 +yes", row["P-2"]), row["P-2"])
    holds(re.search(r"none: e-mail +no\b", row["P-1"]), "no voicemail for them: " + row["P-1"])


@case
def whose_and_when(w):
    """The choices of the list, each by itself and together."""
    def people(*options):
        return sorted(t["person_id"] for t in cara(w, "tasks", "--json", *options).json())
    w.sql("update casework.spell set assigned_to = case person_id when 'P-0' then '%s' else 'somebody' end"
          " where person_id in ('P-0', 'P-1')" % w.cara)
    w.sql("update casework.spell set due_date = (select oh.today()) - case person_id when 'P-0' then 0 else 1 end"
          " where person_id in ('P-0', 'P-2')")
    equal(people("--mine"), ["P-0"])
    equal(people("--unclaimed"), ["P-2", "P-3"])
    equal(people("--due-today"), ["P-0"])
    equal(people("--overdue"), ["P-2"])
    equal(people("--unclaimed", "--queue", "physiotherapy"), ["P-2"])
    equal(people("--mine", "--overdue"), [])
    w.sql("update casework.spell set assigned_to = null, due_date = onset_date + 4")


@case
def claims(w):
    ran = cara(w, "claim", w.task[:7].lower())
    equal((ran.code, ran.out), (0, f"claimed {w.task}\n"), ran.err)
    equal(w.sql("select kind, by, assignee from fact.contact"), [("2", w.cara, w.cara)])
    adam = w.run("claim", w.task, user=w.adam, password=w.password)
    equal(adam.code, 1)
    holds("claimed by another" in adam.err, adam.err)
    equal(cara(w, "release", w.task).code, 0)
    equal(cara(w, "assign", w.task, w.carl).code, 0)
    equal(cara(w, "assign", w.task, "nobody-at-all").code, 1)
    equal(cara(w, "claim", "ZZZZZZ").code, 1)
    equal(cara(w, "claim", "not an id").code, 1)
    other = next(t for t in w.run("tasks", "--json", user=w.adam, password=w.password).json()
                 if t["organisation"] == "RX1")
    equal(cara(w, "claim", other["task_id"]).code, 1, "another organisation's")


@case
def attempts_and_contacts(w):
    equal(cara(w, "attempt", w.task, "no_answer").code, 0)
    onset_day = w.value("select current_date - 2")
    equal(cara(w, "attempt", w.task, "voicemail", "--at", f"{onset_day} 10:30").code, 0)
    equal(cara(w, "attempt", w.task, "voicemail", "--at", f"{onset_day}T11:30:00Z").code, 0)
    w.sql("update casework.spell set attempts = 3 where spell_id = '%s'" % w.task)  # as followup would
    row = next(line for line in cara(w, "tasks").out.splitlines() if w.task in line)
    day = w.value(f"select to_char('{onset_day}'::date, 'Dy')")
    holds(re.search(fr"{day} 10:30, {day} 1[12]:30, ", row), "when it was tried: " + row)
    equal(w.sql(f"select count(*) from fact.contact where kind = 0 and (at at time zone 'Europe/London')"
                f" = '{onset_day} 10:30'"), [("1",)], "local time of the installation")
    for wrong in (["gone"], ["declined"], ["no_answer", "--at", "2200-01-01T00:00:00Z"],
                  ["no_answer", "--at", "2026-01-01T00:00:00Z"], ["no_answer", "--at", "25:00"], ["no_answer", "--at", ""]):
        ran = cara(w, "attempt", w.task, *wrong)
        equal(ran.code, 1, wrong)
        equal(len(ran.err.splitlines()), 1, ran.err)
    review = w.value("select current_date + 10")
    equal(cara(w, "contact", w.task, "self_management_advice", "--review-on", review, "--red-flag").code, 0)
    equal(w.sql("select review_on, red_flag from fact.contact where kind = 1"), [(review, "t")])
    equal(cara(w, "contact", w.task, "no_answer").code, 1)
    equal(cara(w, "contact", w.task, "declined", "--review-on", "soon").code, 1)
    equal(cara(w, "contact", w.task, "declined", "--review-on", "2020-01-01").code, 1)


@case
def story(w):
    found = cara(w, "show", "s" + w.task, "--json").json()
    equal(found["task"]["task_id"], w.task)
    kinds = sorted(e["kind"] for e in found["entries"])
    equal(kinds, ["assign", "attempt", "attempt", "attempt", "claim", "contact", "release"])
    equal(found["events"], [], "nothing was told yet")
    equal([(r["absence_id"], r["scheme"], r["code"]) for r in found["records"]], [("A-0", "esr", "S12")])
    text = cara(w, "show", w.task).out
    for part in ("person     Test Person 0, P-0 of RW3\n", "ring       07700 900000, voicemail not asked\n",
                 f"task       {w.task} of physiotherapy (msk), open, 2 days left, priority 2\n"):
        holds(part in text, text)
    told = [re.sub(" +", " ", line[18:]) for line in text.split("WHAT\n")[1].splitlines()]
    review = w.value("select current_date + 10")
    onset, due = w.value("select current_date - 2"), w.value("select current_date + 2")
    first = [line for line in told if line.startswith(("HR", "Dayfour"))]
    equal(first, [f"HR absence A-0: from {onset}, reason esr S12",
                  f"Dayfour matched msk: a task for physiotherapy, due {due}"])
    said = [line.split(" ", 2)[2] for line in told if line not in first]
    days_after = f", written down on {w.value('select (oh.now() at time zone oh.time_zone())::date')}"
    equal(said, [f"tried to ring: voicemail{days_after}", f"tried to ring: voicemail{days_after}", "claimed", "released",
                 f"assigned to {w.carl}", "tried to ring: no answer",
                 f"spoke to them: self management advice, red flag, follow up on {review}"])
    equal(cara(w, "show", "ZZ").code, 1)
    w.entry = next(e["entry_id"] for e in found["entries"] if e["kind"] == "contact")


@case
def retracting(w):
    equal(cara(w, "retract", w.entry, "wrong person").code, 0)
    equal(w.sql(f"select retracted_by, retracted_why from fact.contact where entry_id = {w.entry}"),
          [(w.cara, "wrong person")])
    equal(cara(w, "retract", w.entry, "again").code, 1)
    equal(cara(w, "retract", "x", "why").code, 1)
    equal(cara(w, "retract", w.entry, "").code, 1)


@case
def closing(w):
    equal(cara(w, "close", w.task, "recovered").code, 0)
    equal(cara(w, "close", w.task, "recovered").code, 1)
    equal(cara(w, "reopen", w.task).code, 0)
    equal(cara(w, "reopen", w.task).code, 1)
    equal(cara(w, "close", w.task, "bored").code, 1)


@case
def opting_out(w):
    equal(cara(w, "opt-out", "RW3", "P-1").code, 0)
    equal(w.sql("select opted_out, opt_on = (select oh.today()) from fact.person where person_id = 'P-1'"), [("t", "t")])
    equal(cara(w, "opt-in", "RW3", "P-1").code, 0)
    equal(cara(w, "opt-out", "RX1", "P-4").code, 1)


@case
def the_brake_of_a_load(w):
    document = json.loads((ROOT / "deploy" / "settings" / "pathways.json").read_text(encoding="utf-8"))
    document["version"] = "2026-2"
    document["pathways"]["msk"]["contact_target_days"] = 6
    path = w.file("slower.json", json.dumps(document))
    ran = w.run("settings", "load", "--dry-run", path)
    equal(ran.code, 0, ran.err)
    holds("of 6 open tasks 0 would be ended and 3 moved; 0 opened" in ran.out, ran.out)
    before = w.value("select serial from fact.ruleset")
    ran = w.run("settings", "load", path)
    equal(ran.code, 1)
    holds("3 of 6 open tasks" in ran.err, ran.err)
    equal(w.value("select serial from fact.ruleset"), before)
    equal(w.run("settings", "load", "--yes", path).code, 0)
    equal(w.run("settings", "load", path).code, 0, "nothing moves now")


@case
def leaving(w):
    equal(w.run("staff", "remove", w.adam, "RX1").code, 0)
    equal(len(w.run("tasks", "--json", user=w.adam, password=w.password).json()), 4)
    equal(w.run("staff", "remove", w.adam).code, 0)
    equal(w.run("tasks", "--json", user=w.adam, password=w.password).code, 3)
    equal(w.run("staff", "remove", w.adam).code, 1)


@case
def terminals(w):
    """A narrow terminal gets lines that fit, another reader everything."""
    if subprocess.run(["which", "script"], capture_output=True, check=False).returncode != 0:
        return
    dsn = " ".join(f"{k}='{v}'" for k, v in dict(w.words, dbname=w.dbname).items())
    env = {"PATH": "/usr/bin:/bin", "PG_DSN": dsn, "COLUMNS": "100", "TERM": "xterm"}
    done = subprocess.run(["script", "-qec", f"{w.bin}/dayfour tasks", "/dev/null"], env=env,
                          capture_output=True, text=True, check=True)
    seen = done.stdout.splitlines()
    holds(len(seen) == 7 and all(len(re.sub("\x1b.*?m", "", line)) <= 100 for line in seen), seen)
    w.sql("update casework.spell set due_date = (select oh.today()) - 1 where person_id = 'P-0'")
    for around, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        done = subprocess.run(["script", "-qec", f"{w.bin}/dayfour tasks", "/dev/null"], env=dict(env, **around),
                              capture_output=True, text=True, check=True)
        equal("\x1b[31m" in done.stdout, coloured, around)
    holds("\x1b" not in w.run("tasks").out, "no colour but on a terminal")
    w.sql("update casework.spell set due_date = onset_date + 4")
    holds(json.dumps(seen), ROOT.name)
