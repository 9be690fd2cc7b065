"""staff, and what OH teams do. The cases of people are put into the tables as intake writes them."""
import base64
import hashlib
import hmac
import json
import re
import subprocess
import unicodedata

from harness import ROOT, absence, case, equal, holds, lines

# Whom one would ring otherwise than the rest.
CONTACT = {1: {"name": "Test Person 1", "email": "p1@example.test", "voicemail": False, "channel": "letter",
               "needs": "a text relay", "date_of_birth": "1984-03-04"},
           2: {"name": "Test Person 2", "phone": "07700 900002", "language": "cy", "preferred_time": "after 14:00",
               "voicemail": True},
           3: {"name": "Test Person 3"}}


FACTS = {"site": "Site 3", "staff_group": "Nursing", "job": "J" * 101, "recorded_at": "2026-09-07T07:55:00Z"}


def start_cases(w):
    """Six people through the real intake, stopped once it has taken them in."""
    today = w.value("select current_date - 2")
    events = [absence(i, f"P-{i}", onset=today, organisation="RW3" if i < 4 else "RX1",
                      reason={"scheme": "esr", "code": "S12" if i % 2 == 0 else "S10"},
                      **(FACTS if i in (1, 3) else {}),
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


def take_up(w):
    """As a claim of followup begins: what was entered is put where it counts."""
    w.sql("select followup.take_wake_ups(100, 1, 0, oh.now())")


@case
def set_up(w):
    equal(w.run("migrate").code, 0)
    start_cases(w)
    w.password = "test-pw-" + w.tag
    w.cara, w.adam, w.carl = w.role("cara"), w.role('adam "x"'), w.role("carl")


@case
def facts_of_a_call(w):
    """The facts of a matching absence are there for the caller; those of another are not kept."""
    equal(w.sql("select site, staff_group, job, channel, needs, date_of_birth, display_reason from oh.task"
                " where person_id = 'P-1'"),
          [("Site 3", "Nursing", "J" * 100, "letter", "a text relay", "1984-03-04",
            "Anxiety/stress/depression/other psychiatric illnesses")])
    equal(w.sql("select reason_missing, reason_given_at = first_notice_at, recorded_at from fact.absence"
                " where person_id = 'P-1'"), [("f", "t", "2026-09-07 07:55:00+00")])
    equal(w.sql("select site, display_reason from oh.task where person_id = 'P-0'"),
          [("", "Other musculoskeletal problems")])


def cara(w, *args):
    return w.run(*args, user=w.cara, password=w.password)


@case
def staff(w):
    path = w.file("pw", w.password + "\n")
    both = ("--queues", "physiotherapy,mental-health")
    equal(w.run("staff", "add", w.cara, "RW3", *both).code, 1, "a new login needs a way in")
    ran = w.run("staff", "add", w.cara, "RW3", "--password-file", path)
    equal((ran.code, "--queues" in ran.err), (1, True), "a clinician needs queues: " + ran.err)
    equal(w.run("staff", "add", w.cara, "RW3", *both, "--password-file", path, "--name", "Cara \"O'Test\"", "--role",
                "physiotherapist").code, 0)
    equal(w.run("staff", "add", w.cara, "RW3", *both).code, 0, "again")
    equal(w.run("staff", "add", w.carl, "RW3", "--queues", "physiotherapy", "--peer").code, 0)
    equal(w.run("staff", "add", w.adam, "RW3", "RX1", "--admin", "--password-file", path).code, 0)
    mine = [r for r in w.run("staff", "list", "--json").json() if r["login"].startswith(w.tag)]
    equal([(r["login"][10:], r["organisation"], r["queues"], r["admin"], r["display_name"], r["role"], r["sso"])
           for r in mine if not r["feed_owner"]],
          [('adam "x"', "RW3", [], True, None, None, False),
           ('adam "x"', "RX1", [], True, None, None, False),
           ("cara", "RW3", ["physiotherapy", "mental-health"], False, "Cara \"O'Test\"", "physiotherapist", False),
           ("carl", "RW3", ["physiotherapy"], False, None, None, False)])
    holds(w.value(f"select rolpassword from pg_authid where rolname = '{w.cara}'").startswith("SCRAM-SHA-256$4096:"),
          "kept as SCRAM")
    for login in (w.cara, w.carl, w.adam):
        equal(w.sql("select rolconfig from pg_roles where rolname = '{}'".format(login)),
              [("{idle_in_transaction_session_timeout=60s,temp_file_limit=1GB}",)], "a forgotten session holds nobody up for long")
    empty = w.file("empty", "\n")
    equal(w.run("staff", "add", w.role("y"), "RW3", *both, "--password-file", empty).code, 2, "no password")
    accent = w.role("zoë")
    equal(w.run("staff", "add", accent, "RW3", *both, "--password-file", w.file("accent", "Grüße ½\n")).code, 0)
    equal(w.run("tasks", user=accent, password="Grüße ½").code, 0)
    equal(w.run("staff", "remove", accent).code, 0)
    equal(w.run("staff", "add", w.carl, "RW3", "--queues", "a,,b").code, 1)
    before = w.sql("select * from oh.staff order by 1, 2")
    ran = w.run("staff", "add", w.carl, "RW3", "--queues", "physiotherapy,phisiotherapy")
    equal(ran.code, 1, "a queue that nobody sends tasks to")
    holds("mental-health, physiotherapy" in ran.err, ran.err)
    same = w.role("z")
    equal(w.run("staff", "add", same, "RW3", *both, "--password-file", w.file("same", same + "\n")).code, 1)
    equal(w.value(f"select count(*) from pg_roles where rolname = '{w.tag}_z'"), "0")
    equal(w.sql("select * from oh.staff order by 1, 2"), before)
    ran = w.run("staff", "add", w.adam, "RW3", "RW7", "--admin")
    equal((ran.code, [line[:4] for line in ran.out.splitlines()[1:]]), (0, ["RW7:"]), "HR sent nothing of it: " + ran.out)
    equal(w.run("staff", "remove", w.adam, "RW7").code, 0)
    equal(w.run("staff", "add", "", "RW3", *both, "--peer").code, 1)
    equal(w.run("staff", "add", w.role("x"), "RW3", *both, "--peer", "--password-file", path).code, 1)


def derived(key, login):
    """The password of a login that the page's proxy names."""
    mac = hmac.new(key.encode(), b"web\x1f" + login.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


@case
def logins_of_the_pages_proxy(w):
    """Their passwords come of the web key; rekey gives them those of another."""
    sara, own = w.role("sara@trust.example"), w.role("own")
    old, new = "0123456789abcdef" * 4, "fedcba9876543210" * 4
    first, second = w.file("web.key", old + "\n"), w.file("web2.key", new)
    team = ("--queues", "physiotherapy")
    for wrong in (("--sso",), ("--web-key-file", first), ("--sso", "--web-key-file", first, "--peer")):
        equal(w.run("staff", "add", sara, "RW3", *team, *wrong).code, 1, wrong)
    equal(w.run("staff", "add", sara, "RW3", *team, "--sso", "--web-key-file", w.file("short", "00")).code, 2)
    ran = w.run("staff", "add", sara, "RW3", *team, "--sso", "--web-key-file", first)
    equal(ran.code, 0, ran.err)
    equal(w.run("tasks", user=sara, password=derived(old, sara)).code, 0)
    equal(w.run("staff", "add", own, "RW3", *team, "--password-file", w.file("pw", w.password + "\n")).code, 0)
    equal(w.run("staff", "rekey", "--web-key-file", second, own).code, 1, "that one has a password of its own")
    equal(w.run("staff", "rekey", "--web-key-file", second, w.role("nobody")).code, 1)
    ran = w.run("staff", "rekey", "--web-key-file", second)
    equal((ran.code, ran.out), (0, "1 login of the page has the password of this key\n"), ran.err)
    equal(w.run("tasks", user=sara, password=derived(old, sara)).code, 3)
    equal(w.run("tasks", user=sara, password=derived(new, sara)).code, 0)
    equal(w.run("tasks", user=own, password=w.password).code, 0)
    equal(w.run("staff", "add", sara, "RX1", "--queues", "physiotherapy").code, 0)
    equal(w.sql(f"select organisation, sso from oh.staff where login = '{sara}' order by 1"), [("RW3", "t"), ("RX1", "t")])
    for login in (sara, own):
        equal(w.run("staff", "remove", login).code, 0)


@case
def a_lead_lists_the_staff_of_their_organisations(w):
    lead = w.role("rx1 lead")
    equal(w.run("staff", "add", lead, "RX1", "--admin", "--password-file", w.file("pw", w.password + "\n")).code, 0)
    ran = w.run("staff", "list", "--json", user=lead, password=w.password)
    equal(sorted({r["organisation"] for r in ran.json()}), ["RX1"], ran.err)
    equal(sorted(r["login"] for r in ran.json()), sorted([lead, w.adam]))
    equal(cara(w, "staff", "list").code, 3, "a clinician does not")
    equal(w.run("staff", "remove", lead).code, 0)


@case
def feed_owners(w):
    """Read the dead letters of the organisations they were added for, and no case."""
    hr = w.role("hr")
    path = w.file("pw", w.password + "\n")
    ran = w.run("staff", "add", hr, "RW3", "RX1", "--feed-owner", "--password-file", path)
    equal((ran.code, ran.out.splitlines()[0]), (0, f"{hr} may see the dead letters of 2 organisations"), ran.err)
    equal(w.run("staff", "add", hr, "RW3", "--feed-owner", "--admin").code, 1)
    equal(w.run("staff", "add", hr, "RW3", "--feed-owner", "--queues", "physiotherapy").code, 1)
    equal([(r["organisation"], r["queues"], r["admin"], r["feed_owner"]) for r in w.run("staff", "list", "--json").json()
           if r["login"] == hr], [("RW3", [], False, True), ("RX1", [], False, True)])
    equal(w.run("tasks", user=hr, password=w.password).code, 3)
    for offset, organisation in enumerate(("RW3", "RX1", "RZ9")):
        w.sql("insert into intake.dead_letter (topic, partition, \"offset\", reason, detail, organisation, key, value, headers,"
              f" size, received_at) values ('t', 0, {offset}, 'bad_field', 'data.fte', '{organisation}', 'k', 'v', '', 1, now())")

    def sees(offset):
        ran = w.run("dead-letters", "show", "--json", f"t/0/{offset}", user=hr, password=w.password)
        equal(ran.code, 0, ran.err)
        return {"key", "value", "headers"} <= set(ran.json())
    equal([sees(n) for n in range(3)], [True, True, False])
    equal(len(w.run("dead-letters", "list", "--json", user=hr, password=w.password).json()), 3)
    equal(w.run("dead-letters", "replay", "--force", "t/0/2", user=hr, password=w.password).code, 1)
    equal(w.run("staff", "remove", hr, "RX1").code, 0)
    equal([sees(n) for n in range(3)], [True, False, False])
    ran = w.run("staff", "remove", hr)
    equal((ran.code, ran.out), (0, f"{hr} no longer works for 1 organisation, and sees nothing any more\n"), ran.err)
    equal(w.run("dead-letters", "show", "t/0/0", user=hr, password=w.password).code, 3)
    w.sql("delete from intake.dead_letter")


@case
def the_login_of_a_feed(w):
    """Is in dayfour_feed alone: it sees the state of feeds, and no case."""
    login = w.role("feed")
    path = w.file("pw", w.password + "\n")
    equal(w.run("staff", "add", login, "--password-file", path).code, 1, "neither an organisation nor --feed")
    equal(w.run("staff", "add", login, "RW3", "--feed", "--password-file", path).code, 1)
    equal(w.run("staff", "add", login, "--feed", "--admin", "--password-file", path).code, 1)
    ran = w.run("staff", "add", login, "--feed", "--password-file", path)
    equal((ran.code, ran.out), (0, f"{login} may run dayfour feed\n"), ran.err)
    equal([(r["organisation"], r["feed"], r["feed_owner"]) for r in w.run("staff", "list", "--json").json()
           if r["login"] == login], [(None, True, False)])
    equal(w.run("feed", "status", "--json", user=login, password=w.password).json(), [])
    equal(w.run("tasks", user=login, password=w.password).code, 3)
    equal(w.run("staff", "remove", login, "RX1").code, 1)
    ran = w.run("staff", "remove", login)
    equal((ran.code, ran.out), (0, f"{login} no longer runs dayfour feed\n"), ran.err)
    equal(w.run("feed", "status", user=login, password=w.password).code, 3)
    equal(w.run("staff", "remove", login).code, 1)


@case
def worklist(w):
    ran = cara(w, "tasks", "--json")
    equal(ran.code, 0, ran.err)
    found = ran.json()
    equal(sorted(t["person_id"] for t in found), ["P-0", "P-1", "P-2", "P-3"])
    one = next(t for t in found if t["person_id"] == "P-0")
    equal((one["queue"], one["name"], one["phone"], one["state"], one["days_left"], one["absence_ids"]),
          ("physiotherapy", "Test Person 0", "07700 900000", "open", 2, ["A-0"]))
    equal(len(one), 52, "every column of a call")
    w.task = one["task_id"]
    equal(len(cara(w, "tasks", "--json", "--queue", "mental-health").json()), 2)
    equal(cara(w, "tasks", "--json", "--overdue").json(), [])
    equal(cara(w, "tasks", "--json", "--organisation", "RX1").json(), [])
    equal(len(w.run("tasks", "--json", user=w.adam, password=w.password).json()), 6)
    table = cara(w, "tasks").out.splitlines()
    equal(len(table), 5)
    holds(table[0].startswith("TASK") and w.task in "".join(table), table)
    equal(cara(w, "tasks", "--overdue").out, "no calls\n")
    row = {t["person_id"]: next(line for line in table if t["task_id"] in line) for t in found}
    holds("none: e-mail" in row["P-1"] and re.search(r"none(?!:)", row["P-3"]), "a missing number is shown as such")
    holds(re.search(r"07700 900002 +nobody .*after 14:00 +yes +cy", row["P-2"]), row["P-2"])
    holds(re.search(r"none: e-mail +nobody .* no\b", row["P-1"]), "no voicemail for them: " + row["P-1"])


def columns(text):
    """The width on a terminal, by the tables of Python and not by those of the C library."""
    return sum(0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


@case
def names_of_any_script_and_length(w):
    """Phone numbers stand below each other, nothing is shown backwards, and no name fills the screen."""
    names = ["\u6d4b\u8bd5 \u4eba\u5458 3", "\uff34\uff45\uff53\uff54 15", "\u0e17\u0e14\u0e2a\u0e2d\u0e1a \u0e04\u0e19 13",
             "Test \U0001f469 Person 4", "Teste\u0301 Person 10", "Test\u200bPerson 12", "\u05d0\u05d1\u05d2 Person 9",
             "Test \u202ePerson\u202c 8", "e" + "\u0301" * 30000, "T" * 300, "\u6d4b" * 70000]
    kept = w.sql("select name, phone, voicemail, email from fact.person_contact where person_id = 'P-0'")[0]
    for name in names:
        w.sql(f"update fact.person_contact set name = '{name[:60]}' || repeat('{name[-1]}', {max(0, len(name) - 60)}),"
              " phone = '07700 900000' where person_id = 'P-0'")
        lines_of = cara(w, "tasks").out.splitlines()
        equal(len(lines_of), 5, "a line a task")
        where = {columns(line[:line.index("07700 9000")]) for line in lines_of if "07700 9000" in line}
        equal(where, {columns(lines_of[0][:lines_of[0].index("PHONE")])}, f"the number's column beside {name[:20]!r}")
        row = next(line for line in lines_of if "07700 900000" in line)
        equal([c for c in row if c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"], [], "marks of direction")
        holds(max(map(columns, lines_of)) < 260 and len(row.encode()) < 1000, f"{name[:20]!r} fills {len(row.encode())} bytes")
        if len(name) > 100:
            holds("\u2026" in row and "\ufffd" not in row, "it says that something is left out")
            shown = cara(w, "show", w.task).out
            holds(max(map(len, shown.splitlines())) < 200, "the story too")
            equal(next(t["name"] for t in cara(w, "tasks", "--json").json() if t["person_id"] == "P-0"), name)
    w.sql(f"update fact.person_contact set name = '{kept[0]}', phone = '{kept[1]}' where person_id = 'P-0'")


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
    entry = w.value("select max(entry_id) from fact.contact")
    equal((ran.code, ran.out), (0, f"claimed {w.task}: Test Person 0, entry {entry}\n"), ran.err)
    equal(cara(w, "claim", w.task).out, f"claimed {w.task}: Test Person 0, no new entry was needed\n", "again")
    equal(w.sql("select kind, by, assignee from fact.contact"), [("2", w.cara, w.cara)])
    adam = w.run("claim", w.task, user=w.adam, password=w.password)
    equal(adam.code, 1)
    holds("claimed by another" in adam.err, adam.err)
    equal(cara(w, "release", w.task).code, 0)
    equal(cara(w, "assign", w.task, w.carl).code, 0)
    equal(cara(w, "assign", w.task, "nobody-at-all").code, 1)
    three = [t["task_id"] for t in w.run("tasks", "--json", user=w.adam, password=w.password).json()
             if t["organisation"] == "RW3" and t["task_id"] != w.task]
    ran = w.run("assign", *three, w.cara, user=w.adam, password=w.password)
    equal((ran.code, len(ran.out.splitlines())), (0, 3), "many at once: " + ran.err)
    equal(w.value(f"select count(*) from fact.contact where kind = 4 and assignee = '{w.cara}'"), "3")
    equal(w.run("release", *three, user=w.adam, password=w.password).code, 0)
    equal(cara(w, "claim", "ZZZZZZ").code, 1)
    equal(cara(w, "claim", "not an id").code, 1)
    other = next(t for t in w.run("tasks", "--json", user=w.adam, password=w.password).json()
                 if t["organisation"] == "RX1")
    equal(cara(w, "claim", other["task_id"]).code, 1, "another organisation's")


@case
def attempts_and_contacts(w):
    ran = cara(w, "attempt", w.task, "no_answer")
    entry = w.value("select max(entry_id) from fact.contact")
    equal((ran.code, ran.out), (0, f"attempt noted on {w.task}: Test Person 0, no answer, entry {entry}\n"), ran.err)
    onset_day = w.value("select current_date - 2")
    equal(cara(w, "attempt", w.task, "voicemail", "--at", f"{onset_day} 10:30").code, 0)
    equal(cara(w, "attempt", w.task, "voicemail", "--at", f"{onset_day}T11:30:00Z").code, 0)
    w.sql("update casework.spell set attempts = 3 where spell_id = '%s'" % w.task)  # as followup would
    row = next(line for line in cara(w, "tasks").out.splitlines() if w.task in line)
    day = w.value(f"select to_char('{onset_day}'::date, 'Dy')")
    holds(re.search(fr"{day} \d+ 10:30, {day} \d+ 1[12]:30, ", row), "when it was tried: " + row)
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
def promises_channels_and_red_flags(w):
    task = w.value("select task_id from oh.task where person_id = 'P-1'")
    ran = cara(w, "attempt", task, "call_back", "--call-back", "tomorrow 14:00")
    entry = w.value("select max(entry_id) from fact.contact")
    day = w.value("select to_char(current_date + 1, 'Dy FMDD Mon')")
    equal((ran.code, ran.out), (0, f"attempt noted on {task}: Test Person 1, call back {day} 14:00, entry {entry}\n"),
          ran.err)
    equal(w.value(f"select call_back_at = (current_date + 1 + time '14:00') at time zone 'Europe/London'"
                  f" from fact.contact where entry_id = {entry}"), "t")
    equal(cara(w, "attempt", task, "text_sent").code, 0)
    equal(w.value("select channel from oh.entry order by entry_id desc limit 1"), "text")
    for wrong in (["busy", "--call-back", "tomorrow 14:00"], ["call_back", "--call-back", "yesterday"],
                  ["call_back", "--call-back", "2200-01-01 10:00"], ["no_answer", "--channel", "fax"]):
        ran = cara(w, "attempt", task, *wrong)
        equal((ran.code, len(ran.err.splitlines())), (1, 1), f"{wrong}: {ran.err}")
    equal(cara(w, "acknowledge", task).code, 1, "there is no red flag")
    equal(cara(w, "close", task, "unable_to_contact").code, 1)
    ran = cara(w, "contact", task, "urgent_care_advised", "--channel", "video", "--work-related", "partly",
               "--work-ability", "not_yet", "--likely-return", w.value("select current_date + 9"), "--service", "clinic")
    equal(ran.code, 0, ran.err)
    equal(w.sql("select red_flag, channel, work_related, work_ability, likely_return - current_date, service"
                " from oh.entry order by entry_id desc limit 1"), [("t", "video", "partly", "not_yet", "9", "clinic")])
    for wrong in (["--review-on", "never", "--red-flag"], ["--work-related", "maybe"], ["--work-ability", "soon"],
                  ["--likely-return", "soon"], ["--likely-return", "2020-01-01"]):
        ran = cara(w, "contact", task, "declined", *wrong)
        equal((ran.code, len(ran.err.splitlines())), (1, 1), f"{wrong}: {ran.err}")
    entry = int(w.value("select max(entry_id) from fact.contact")) + 1
    ran = cara(w, "acknowledge", task)
    equal(ran.out, f"red flag seen to on {task}: Test Person 1, entry {entry}\n", ran.err)
    equal(cara(w, "contact", task, "no_action_needed", "--review-on", "never").code, 0)
    equal(w.value("select review_on from oh.entry order by entry_id desc limit 1"), "infinity")


@case
def in_few_keys(w):
    """Beginnings of outcomes, days in words; a slip is answered with what was meant to be typed."""
    task = w.value("select task_id from oh.task where person_id = 'P-1'")

    def newest(columns):
        return w.sql(f"select {columns} from fact.contact c order by c.entry_id desc limit 1")[0]
    for word, outcome in (("voic", "voicemail"), ("no-answer", "no answer"), ("no an", "no answer"), ("bus", "busy")):
        ran = cara(w, "attempt", task, word)
        holds(f", {outcome}, entry " in ran.out, f"{word}: {ran.out}{ran.err}")
    for command, word in (("attempt", "no"), ("attempt", "no_"), ("attempt", "vo"), ("contact", "no_a"),
                          ("contact", "no_an"), ("attempt", "no_answers"), ("contact", "")):
        ran = cara(w, command, task, word)
        equal(ran.code, 1, f"{command} {word}")
        holds("OUTCOME: one of " in ran.err, ran.err)
    ran = cara(w, "attempt", task, "call_back")
    holds(", call back, at no time: --call-back puts it on the list of a day, entry " in ran.out, ran.out)
    ran = cara(w, "attempt", task, "call", "--call-back", "fri 9:05")
    equal(newest("extract(isodow from call_back_at at time zone 'Europe/London'),"
                 " to_char(call_back_at at time zone 'Europe/London', 'HH24:MI'),"
                 " (call_back_at at time zone 'Europe/London')::date - current_date between 1 and 7"),
          ("5", "09:05", "t"), ran.err)
    equal(cara(w, "attempt", task, "no_answer", "--at", "yesterday 12:00").code, 0)
    equal(newest("(at at time zone 'Europe/London')::date - current_date"), ("-1",))
    ran = cara(w, "contact", task, "self", "--review-on", "Thursday", "--work-related", "no")
    equal(newest("extract(isodow from review_on), review_on - current_date between 1 and 7"), ("4", "t"), ran.err)
    holds(f", self management advice, look again on {newest('review_on')[0]}, entry " in ran.out, ran.out)
    equal(cara(w, "tasks", "--by", "tomorrow").code, 0)
    for wrong in ("24/9", "14:00 tomorrow", "tomorrow 2pm", "someday 14:00", "tomorrow 24:00"):
        ran = cara(w, "attempt", task, "call_back", "--call-back", wrong)
        equal((ran.code, len(ran.err.splitlines())), (1, 1), f"{wrong}: {ran.out}{ran.err}")
    ran = cara(w, "assign", task, "nobody-at-all")
    holds(w.cara in ran.err and w.adam in ran.err, "those there are: " + ran.err)
    ran = cara(w, "claim", task, "ZZZZZZ", task)
    equal(ran.code, 1)
    holds("that was task 2 of 3; 1 done, 1 not tried" in ran.err, ran.err)
    ran = cara(w, "find", "900")
    equal(ran.code, 1)
    holds("at least 4 digits" in ran.err, ran.err)


@case
def story(w):
    found = cara(w, "show", "s" + w.task, "--json").json()
    equal(found["task"]["task_id"], w.task)
    kinds = sorted(e["kind"] for e in found["entries"])
    equal(kinds, ["assign", "attempt", "attempt", "attempt", "claim", "contact", "release"])
    equal(found["events"], [], "nothing was told yet")
    equal([(r["absence_id"], r["scheme"], r["code"]) for r in found["records"]], [("A-0", "esr", "S12")])
    text = cara(w, "show", w.task).out
    for part in (r"person +Test Person 0, staff number P-0 of RW3\n", r"call +07700 900000\n",
                 fr"case +{w.task} of physiotherapy, open\n", r"HR next +fit-note.due on 20\d\d-\d\d-\d\d, as for every absence"):
        holds(re.search(part, text), part + "\n" + text)
    lines_of = [re.sub(" +", " ", line[18:]) for line in text.split("WHAT\n")[1].splitlines()]
    review = w.value("select current_date + 10")
    onset, due = w.value("select current_date - 2"), w.value("select current_date + 2")
    first = [line for line in lines_of if line.startswith(("HR", "Dayfour"))]
    equal(first, [f"HR absence A-0: off since {onset}, reason Other musculoskeletal problems (S12)",
                  f"Dayfour case opened for physiotherapy, due {due}"])
    said = [re.sub(r"^.*? (\d+) ", "", line) for line in lines_of if line not in first]
    days_after = f", entered on {w.value('select (oh.now() at time zone oh.time_zone())::date')}"
    equal(said, [f"did not reach them: voicemail{days_after}", f"did not reach them: voicemail{days_after}", "took the case",
                 "put the case back", f"gave the case to {w.carl}", "did not reach them: no answer",
                 f"spoke to them: self management advice, red flag, look again on {review}"])
    w.entry = next(e["entry_id"] for e in found["entries"] if e["kind"] == "contact")
    equal((found["told_hr"][0]["planned"], "others" in found), (True, False))
    others = cara(w, "show", w.task, "--person", "--json").json()["others"]
    equal(others, [], "the only case")
    equal(cara(w, "show", "--person", "RW3", "P-0", "--json").json()["task"]["task_id"], w.task)
    equal(cara(w, "show", "--person", "RX1", "P-0").code, 1)
    equal(cara(w, "show", "RW3", "P-0").code, 1, "two arguments are a person only with --person")
    holds("no other case" in cara(w, "show", w.task, "--person").out, "in words")
    equal(cara(w, "show", "ZZZZZZZZ").code, 1)
    w.entry = next(e["entry_id"] for e in found["entries"] if e["kind"] == "contact")


@case
def who_looked(w):
    """Whichever command it was: the person's lists are noted once a day, an opened case each time."""
    def looked(*options):
        return [(e["who"], e["what"]) for e in w.run("audit", "list", "--person", "RW3", "P-0", "--json", "--limit", "500",
                                                     *options).json() if e["what"] in ("read_about", "reads", "open")]
    before = looked()
    equal({what for _, what in before}, {"read_about", "reads", "open"}, "the cases above")
    equal(before[-1][1], "reads", "those of today that are not counted yet")
    for _ in range(2):
        equal(cara(w, "show", w.task).code, 0)
    equal(cara(w, "tasks").code, 0)
    after = looked()
    equal(after.count((w.cara, "open")), before.count((w.cara, "open")) + 2)
    equal(after.count((w.cara, "read_about")), 1, "once a day")
    equal(looked("--who", w.carl), [])
    other = w.run("audit", "list", "--person", "RW3", "P-3", "--json").json()
    equal({e["what"] for e in other if e["who"] == w.cara}, {"read_about", "reads"}, "on the list, and not opened")
    equal(w.run("audit", "list", "--person", "RX1", "P-0", "--json").json(), [])
    plain = {e["what"] for e in w.run("audit", "list", "--json", "--limit", "500").json()}
    holds("read" in plain and "read_about" not in plain, plain)
    everything = {e["what"] for e in w.run("audit", "list", "--json", "--all", "--limit", "500").json()}
    holds("read_about" in everything, everything)
    equal(w.run("audit", "list", "RW3", "P-0").code, 1)
    equal(w.run("audit", "list", "P-0").code, 1)
    text = w.run("audit", "list", "--person", "RW3", "P-0").out
    holds("read_about" in text and '"times"' in text, text)


@case
def a_reader_who_rolls_back(w):
    """Leaves a number that verify shows, and no fault."""
    before = w.run("audit", "verify", "--json").json()["readings_without_entry"]
    w.sql("begin; select name from oh.task; rollback")
    equal(cara(w, "tasks").code, 0)
    ran = w.run("audit", "verify", "--json")
    lost = [g for g in ran.json()["readings_without_entry"] if g not in before]
    equal((ran.code, ran.json()["faults"], len(lost)), (0, [], 1), ran.out)
    equal(lost[0][0], lost[0][1], "one")
    text = w.run("audit", "verify").out
    holds("readings without an entry: " in text and str(lost[0][0]) in text, text)


@case
def retracting(w):
    ran = cara(w, "retract", w.entry, "wrong person")
    equal((ran.code, ran.out), (0, f"retracted entry {w.entry}: Test Person 0\n"), ran.err)
    take_up(w)
    equal(w.sql(f"select retracted_by, retracted_why from fact.contact where entry_id = {w.entry}"),
          [(w.cara, "wrong person")])
    equal(cara(w, "retract", w.entry, "again").code, 0, "no effect")
    equal(w.value(f"select retracted_why from fact.contact where entry_id = {w.entry}"), "wrong person")
    equal(cara(w, "retract", "x", "why").code, 1)
    equal(cara(w, "retract", w.entry, "").code, 1)


@case
def a_wrong_password(w):
    ran = w.run("tasks", user=w.cara, password="another")
    equal((ran.code, ran.err), (3, "dayfour: tasks: the database refused the password of this login\n"))


@case
def without_the_right(w):
    """No words of the server reach a person."""
    for words in (["staff", "list"], ["report"], ["audit", "list"], ["dead-letters", "list"], ["positions"],
                  ["settings", "show"], ["purge", "--dry-run"], ["emission", "pause"]):
        ran = cara(w, *words)
        equal((ran.code, len(ran.err.splitlines())), (3, 1), ran.err)
        holds("you have no right to this" in ran.err and "denied" not in ran.err and "schema" not in ran.err, ran.err)


@case
def closing(w):
    equal(cara(w, "close", w.task, "recovered").code, 0)
    equal(cara(w, "close", w.task, "recovered").code, 1)
    equal(cara(w, "reopen", w.task).code, 0)
    equal(cara(w, "reopen", w.task).code, 1)
    equal(cara(w, "close", w.task, "bored").code, 1)


@case
def opting_out(w):
    ran = cara(w, "opt-out", "RW3", "P-1")
    equal((ran.code, ran.out), (0, "opted out from today: Test Person 1; 1 open task ends\n"), ran.err)
    opted = w.value("select count(*) from audit.entry where what = 'opt_out'")
    for wrong in (["RW3", "P-100"], ["RW9", "P-1"]):
        equal(cara(w, "opt-out", *wrong).code, 1, "nobody of that number")
        equal(cara(w, "opt-in", *wrong).code, 1, "nobody of that number")
    equal(w.value("select count(*) from audit.entry where what = 'opt_out'"), opted, "and nothing is stored")
    equal(cara(w, "opt-out", "--unknown", "RW3", "P-200").code, 0, "before any absence")
    take_up(w)
    equal(w.sql("select opted_out, opt_on = (select oh.today()) from fact.person where person_id = 'P-1'"), [("t", "t")])
    equal(cara(w, "opt-in", "RW3", "P-1").code, 0)
    take_up(w)
    equal(cara(w, "opt-out", "RX1", "P-4").code, 1)


@case
def the_brake_of_a_load(w):
    document = json.loads((ROOT / "deploy" / "settings" / "pathways.json").read_text(encoding="utf-8"))
    document["version"] = "2026-2"
    document["pathways"]["msk"]["contact_target_days"] = 6
    path = w.file("slower.json", json.dumps(document))
    ran = w.run("settings", "load", "--dry-run", path)
    equal(ran.code, 0, ran.err)
    holds("of 5 open tasks 0 would end and 3 would get another due date or queue; 0 would open" in ran.out, ran.out)
    before = w.value("select serial from fact.ruleset")
    ran = w.run("settings", "load", path)
    equal(ran.code, 1)
    holds("3 of 5 open tasks" in ran.err, ran.err)
    equal(w.value("select serial from fact.ruleset"), before)
    equal(w.run("settings", "load", "--yes", path).code, 0)
    equal(w.run("settings", "load", path).code, 0, "nothing moves now")


@case
def a_confirmation_is_one_short_line(w):
    w.sql("update fact.person_contact set name = repeat('T', 200000) || E'\\u202e' where person_id = 'P-2'")
    ran = cara(w, "opt-in", "RW3", "P-2")
    equal((ran.code, ran.out), (0, "opted in again: " + "T" * 59 + "\u2026\n"), ran.err[:200])
    w.sql("update fact.person_contact set name = 'Test Person 2' where person_id = 'P-2'")


@case
def finding(w):
    """Somebody calls back; nobody and not yours look the same."""
    for words in (["person", "0"], ["Test Pers", "0"], ["900000"], ["P-0"]):
        ran = cara(w, "find", *words, "--json")
        equal([(r["task_id"], r["staff_no_end"], r["more"]) for r in ran.json()], [(w.task, "0", False)], words)
    nobody = cara(w, "find", "nobody")
    equal((nobody.code, nobody.out), (0, "nobody found among your cases\n"))
    equal(cara(w, "find", "900004").out, nobody.out, "of another organisation")
    for words in (["ab"], [" a "]):
        ran = cara(w, "find", *words)
        equal((ran.code, ran.out, ran.err), (1, "", "dayfour: find: enter at least 3 characters\n"))


@case
def reasons_that_are_missing(w):
    equal(cara(w, "missing-reasons").out, "no reason is missing\n")
    w.sql("update fact.person set no_reason_since = (select oh.today()) - 2 where person_id in ('P-2', 'P-4')")
    rows = cara(w, "missing-reasons", "--json").json()
    equal([(r["person_id"], r["name"], r["days_off"], r["absence_ids"]) for r in rows], [("P-2", "Test Person 2", 3, ["A-2"])])
    equal(cara(w, "missing-reasons", "--organisation", "RX1", "--json").json(), [])
    equal(len(w.run("missing-reasons", "--json", user=w.adam, password=w.password).json()), 2)
    w.sql("update fact.person set no_reason_since = null")


@case
def ones_own_password(w):
    def change(login, password, new):
        path = w.file("new-pw", new + "\n")
        return w.run("password", "--password-file", path, user=login, password=password)
    short = change(w.cara, w.password, "short")
    equal(short.code, 1)
    equal("short" in short.out + short.err.replace("is short", ""), False, "never the value")
    equal(change(w.cara, "not the password", "a-new-test-password").code, 3)
    equal(w.run("password", user=w.cara, password=w.password, stdin="x\nx\n").code, 1, "no terminal to type on")
    ran = change(w.cara, w.password, "a-new-test-password")
    equal((ran.code, ran.out), (0, "password changed\n"), ran.err)
    equal(cara(w, "tasks").code, 3, "the one before")
    equal(w.run("tasks", user=w.cara, password="a-new-test-password").code, 0)
    equal(w.value(f"select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = '{w.cara}'"), "t")
    equal(change(w.cara, "a-new-test-password", w.password).code, 0)


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
    seen = [re.sub("\x1b.*?m", "", line) for line in done.stdout.splitlines()]
    holds(all(len(line) <= 100 for line in seen), seen)
    holds(len([line for line in seen if not line.startswith(" ")]) == 7, seen)
    holds(any("best time after 14:00" in line for line in seen), "what has no room stands below")
    w.sql("update casework.spell set due_date = (select oh.today()) - 1 where person_id = 'P-0'")
    for around, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        done = subprocess.run(["script", "-qec", f"{w.bin}/dayfour tasks", "/dev/null"], env=dict(env, **around),
                              capture_output=True, text=True, check=True)
        equal("\x1b[31m" in done.stdout, coloured, around)
    holds("\x1b" not in w.run("tasks").out, "no colour but on a terminal")
    w.sql("update casework.spell set due_date = onset_date + 4")
    holds(json.dumps(seen), ROOT.name)


@case
def each_way_of_reading_names_whom_it_showed_and_nobody_else(w):
    """The audit has the person, whatever a command asks the database. Each command is the first of a new login."""
    path = w.file("pw", w.password + "\n")
    task = w.value("select spell_id from casework.spell where person_id = 'P-2'")
    equal(w.value("select count(distinct person_id) > 2 from casework.spell where organisation = 'RW3'"), "t")

    def noted(number, *commands):
        login = w.role(f"reads{number}")
        equal(w.run("staff", "add", login, "RW3", "--queues", "physiotherapy,mental-health", "--password-file", path).code, 0)
        for words in commands:
            ran = w.run(*(words(ran) if callable(words) else words), user=login, password=w.password)
            equal(ran.code, 0, f"{words}: {ran.err}")
        return ran, {row[0] for row in w.sql(
            f"select person_id from audit.reading where who = '{login}' union"
            f" select person_id from audit.entry where who = '{login}' and person_id is not null")}

    number = 0
    for commands in ([("show", task)], [("show", task, "--json")], [("show", task, "--json", "--person")],
                     [("show", "--person", "RW3", "P-2", "--json")], [("find", "Test Person 2")],
                     [("claim", task)], [("opt-in", "RW3", "P-2")],
                     [("attempt", task, "no_answer"),
                      lambda ran: ("retract", re.search(r"entry (\d+)", ran.out)[1], "a mistake")]):
        number += 1
        ran, people = noted(number, *commands)
        equal(people, {"P-2"}, str(commands[0]))
    for words in (("tasks", "--json"), ("tasks", "--contacted", "--json"), ("missing-reasons", "--json"),
                  ("find", "Test Person", "--json")):
        number += 1
        ran, people = noted(number, words)
        equal(people, {row.get("person_id", row["name"].replace("Test Person ", "P-")) for row in ran.json()}, str(words))
