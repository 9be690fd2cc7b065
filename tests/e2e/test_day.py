#!/usr/bin/env python3
"""e2e.day: a day with the list. Sixty tasks, three physiotherapists with logins of their own, both services.

The results were worked out by hand from doc/rules.md, and are tables here: rows of oh.task, events, audit. Times are
local (Europe/London, so an hour ahead of UTC); the day is Thursday 10 September 2026.
"""
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import expect, until

DAY = "2026-09-10"
MATCHED, STRESS = "S12", "S10"

# ---- what HR sends, on Wednesday at 16:00 ----

# People, organisation, first day of absence.
ABSENT = [
    ("01-10", "RW3", "2026-09-06"),
    ("11-24", "RW3", "2026-09-07"),
    ("25-32", "RW3", "2026-09-08"),
    ("33-36", "RW3", "2026-09-09"),
    ("37-38", "RW3", "2026-09-05"),
    ("39-40", "RW3", "2026-09-01"),
    ("41-50", "RX1", "2026-09-06"),
    ("51-58", "RX1", "2026-09-07"),
    ("59-60", "RX1", "2026-09-08"),
]

# ---- what happens on the day: at, who, what ----

SCRIPT = """
00:00 clock
08:30 amy  claim 01 02 03 04 05
08:35 ben  claim 06 07 08 09 10
08:40 ben  claim 01                                          refused
08:45 cyd  claim 41 42 43 44 45
08:50 cyd  claim 11                                          refused
09:00 clock
09:05 amy  attempt 01 no_answer
09:08 ben  attempt 06 no_answer --at 2026-09-09T16:30
09:10 amy  contact 02 self_management_advice
09:15 ben  attempt 06 no_answer
09:20 amy  attempt 03 voicemail
09:30 cyd  contact 41 self_management_advice
09:31 amy  contact 04 fast_track_treatment --review-on 2026-09-17
09:40 amy  contact 05 declined
09:45 cyd  contact 42 no_action_needed
10:00 amy  contact 11 no_action_needed
10:05 cyd  contact 43 onward_referral
10:10 amy  contact 12 self_management_advice
10:15 cyd  attempt 44 call_back
10:20 amy  retract 12 the call was to somebody else
10:25 amy  contact 13 self_management_advice --at 10:10
10:26 cyd  attempt 45 voicemail
10:30 ben  contact 07 onward_referral --red-flag
10:45 ben  release 08
10:50 amy  claim 08
11:00 amy  attempt 01 no_answer
11:05 amy  contact 08 self_management_advice
11:15 ben  assign 09 amy
11:30 ben  contact 39 self_management_advice
11:40 ben  contact 37 self_management_advice
12:00 HR   back 14 2026-09-09
12:05 cyd  contact 46 self_management_advice
12:30 HR   reason 15
13:00 ben  attempt 06 wrong_number
13:30 amy  opt-out 16
14:00 amy  attempt 01 no_answer
14:30 amy  contact 09 self_management_advice
15:00 cyd  close 42 recovered
15:05 cyd  close 41 other
15:10 cyd  reopen 41
16:00 clock
16:30 cyd  contact 45 self_management_advice
24:00 clock
"""

# ---- the tasks in the end ----

# Nobody did anything about these: state, due, to work by, in target.
UNTOUCHED = [
    ("17-24", "open", "2026-09-11", "2026-09-11", None),
    ("25-32", "open", "2026-09-12", "2026-09-11", None),
    ("33-36", "open", "2026-09-13", "2026-09-11", None),
    ("38",    "open", "2026-09-09", "2026-09-09", False),
    ("47-50", "open", "2026-09-10", "2026-09-10", False),
    ("51-58", "open", "2026-09-11", "2026-09-11", None),
    ("59-60", "open", "2026-09-12", "2026-09-11", None),
]
# The rest, in full. due and work_by are days of September, times those of the day.
COLUMNS = ("person state end_reason due work_by respond_by assigned_to attempts first_attempt contacted last_outcome"
           " in_target elapsed elapsed_working priority red_flag queue")
TOUCHED = """
01 open      -                        10 10 -  amy 3 09:05            -     no_answer              no  - - 2 no  physiotherapy
02 contacted -                        10 10 -  amy 0 -                09:10 self_management_advice yes 4 4 2 no  physiotherapy
03 open      -                        10 10 -  amy 1 09:20            -     voicemail              no  - - 2 no  physiotherapy
04 contacted -                        10 10 -  amy 0 -                09:31 fast_track_treatment   yes 4 4 2 no  physiotherapy
05 contacted -                        10 10 -  amy 0 -                09:40 declined               yes 4 4 2 no  physiotherapy
06 open      -                        10 10 -  ben 3 2026-09-09T16:30 -     wrong_number           no  - - 2 no  physiotherapy
07 contacted -                        10 10 -  ben 0 -                10:30 onward_referral        yes 4 4 1 yes physiotherapy
08 contacted -                        10 10 -  amy 0 -                11:05 self_management_advice yes 4 4 2 no  physiotherapy
09 contacted -                        10 10 -  amy 0 -                14:30 self_management_advice yes 4 4 2 no  physiotherapy
10 open      -                        10 10 -  ben 0 -                -     -                      no  - - 2 no  physiotherapy
11 contacted -                        11 11 -  -   0 -                10:00 no_action_needed       yes 3 3 2 no  physiotherapy
12 open      -                        11 11 -  -   0 -                -     -                      -   - - 2 no  physiotherapy
13 contacted -                        11 11 -  -   0 -                10:10 self_management_advice yes 3 3 2 no  physiotherapy
14 ended     returned_before_contact  11 11 -  -   0 -                -     -                      -   - - 2 no  physiotherapy
15 ended     superseded               11 11 -  -   0 -                -     -                      -   - - 2 no  physiotherapy
15 open      -                        11 11 -  -   0 -                -     -                      -   - - 2 no  mental-health
16 ended     opted_out                11 11 -  -   0 -                -     -                      -   - - 2 no  physiotherapy
37 contacted -                        09 09 -  -   0 -                11:40 self_management_advice no  5 4 2 no  physiotherapy
39 contacted -                        05 04 10 -   0 -                11:30 self_management_advice no  9 7 1 no  physiotherapy
40 open      -                        05 04 10 -   0 -                -     -                      no  - - 1 no  physiotherapy
41 contacted -                        10 10 -  cyd 0 -                09:30 self_management_advice yes 4 4 2 no  physiotherapy
42 contacted -                        10 10 -  cyd 0 -                09:45 no_action_needed       yes 4 4 2 no  physiotherapy
43 contacted -                        10 10 -  cyd 0 -                10:05 onward_referral        yes 4 4 2 no  physiotherapy
44 open      -                        10 10 -  cyd 1 10:15            -     call_back              no  - - 2 no  physiotherapy
45 contacted -                        10 10 -  cyd 1 10:26            16:30 self_management_advice yes 4 4 2 no  physiotherapy
46 contacted -                        10 10 -  -   0 -                12:05 self_management_advice yes 4 4 2 no  physiotherapy
"""

# ---- the events ----

# kind, people, subject, occurrence, occurs on, due on, late, emitted, withdrawn.
EVENTS = """
contact-task.created 01-10,41-50 s 1          2026-09-09 2026-09-10 no  2026-09-09T16:00 -
contact-task.created 11-13,17-24 s 1          2026-09-09 2026-09-11 no  2026-09-09T16:00 -
contact-task.created 51-58       s 1          2026-09-09 2026-09-11 no  2026-09-09T16:00 -
contact-task.created 14          s 1          2026-09-09 2026-09-11 no  2026-09-09T16:00 -
contact-task.created 15          s 1          2026-09-09 2026-09-11 no  2026-09-09T16:00 12:30
contact-task.created 16          s 1          2026-09-09 2026-09-11 no  2026-09-09T16:00 13:30
contact-task.created 25-32,59-60 s 1          2026-09-09 2026-09-12 no  2026-09-09T16:00 -
contact-task.created 33-36       s 1          2026-09-09 2026-09-13 no  2026-09-09T16:00 -
contact-task.created 37-38       s 1          2026-09-09 2026-09-09 no  2026-09-09T16:00 -
contact-task.created 39-40       s 1          2026-09-09 2026-09-05 no  2026-09-09T16:00 -
contact-task.created 15          s 1          2026-09-09 2026-09-11 yes 12:30            -
contact.due-soon     01-10,41-50 s 2026-09-09 2026-09-09 2026-09-10 yes 2026-09-09T16:00 -
contact.due-soon     37-38       s 2026-09-08 2026-09-08 2026-09-09 yes 2026-09-09T16:00 -
contact.due-soon     11-13,17-24 s 2026-09-10 2026-09-10 2026-09-11 no  09:00            -
contact.due-soon     51-58       s 2026-09-10 2026-09-10 2026-09-11 no  09:00            -
contact.due-soon     14          s 2026-09-10 2026-09-10 2026-09-11 no  09:00            12:00
contact.due-soon     15          s 2026-09-10 2026-09-10 2026-09-11 no  09:00            12:30
contact.due-soon     15          s 2026-09-10 2026-09-10 2026-09-11 yes 12:30            -
contact.due-soon     16          s 2026-09-10 2026-09-10 2026-09-11 no  09:00            13:30
contact.overdue      37-38       s 2026-09-10 2026-09-10 2026-09-09 no  00:00            -
contact.overdue      01,03,06,10 s 2026-09-11 2026-09-11 2026-09-10 no  24:00            -
contact.overdue      44,47-50    s 2026-09-11 2026-09-11 2026-09-10 no  24:00            -
contact.overdue      40          s 2026-09-11 2026-09-11 2026-09-05 no  24:00            -
contact.unreachable  06          s 1          2026-09-10 2026-09-10 no  13:00            -
urgent.raised        07          s 2026-09-10T09:30:00Z 2026-09-10 - no 10:30            -
contact-task.ended   14          s 2026-09-10 2026-09-10 -          yes 12:00            -
returned-to-work     14          p 2026-09-10 2026-09-10 2026-09-10 yes 12:00            -
interview.due        14          p 2026-09-10 2026-09-10 2026-09-10 yes 12:00            -
fit-note.due         39-40       p 2026-09-08 2026-09-08 2026-09-08 yes 2026-09-09T16:00 -
feed.silent          RX1         o 2026-09-10 2026-09-10 -          no  16:00            -
"""
LATE_REPORTS = "39-40"  # their OH events say so

# ---- the audit ----

# The entries of the three, in order: login, entry, person. What was refused did not happen.
DONE = """
08:30 amy claim 01
08:30 amy claim 02
08:30 amy claim 03
08:30 amy claim 04
08:30 amy claim 05
08:35 ben claim 06
08:35 ben claim 07
08:35 ben claim 08
08:35 ben claim 09
08:35 ben claim 10
08:45 cyd claim 41
08:45 cyd claim 42
08:45 cyd claim 43
08:45 cyd claim 44
08:45 cyd claim 45
09:05 amy attempt 01
09:08 ben attempt 06
09:10 amy contact 02
09:15 ben attempt 06
09:20 amy attempt 03
09:30 cyd contact 41
09:31 amy contact 04
09:40 amy contact 05
09:45 cyd contact 42
10:00 amy contact 11
10:05 cyd contact 43
10:10 amy contact 12
10:15 cyd attempt 44
10:20 amy retract 12 the call was to somebody else
10:25 amy contact 13
10:26 cyd attempt 45
10:30 ben contact 07
10:45 ben release 08
10:50 amy claim 08
11:00 amy attempt 01
11:05 amy contact 08
11:15 ben assign 09
11:30 ben contact 39
11:40 ben contact 37
12:05 cyd contact 46
13:00 ben attempt 06
13:30 amy opt_out 16
14:00 amy attempt 01
14:30 amy contact 09
15:00 cyd close 42 recovered
15:05 cyd close 41 other
15:10 cyd reopen 41
16:30 cyd contact 45
"""
# How often they read what: each looks at the list once, and every command that names a task looks it up. The
# numbers of entries to retract come from `show --json`: the task found, then itself, its records, entries, events.
# A command that enters something reads the task before and after, and its entries, to say whose it was.
READ = {("amy", "oh.whose"): 55, ("amy", "oh.task"): 1, ("amy", "oh.record"): 1, ("amy", "oh.entry"): 2,
        ("amy", "oh.event"): 1, ("amy", "oh.told_hr"): 1, ("ben", "oh.whose"): 40, ("cyd", "oh.whose"): 45}


# ---- reading the tables ----

def people(text):
    """"01-03,07": P-01, P-02, P-03, P-07."""
    found = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += ["P-%02d" % n for n in range(int(first), int(last or first) + 1)]
    return found


def instant(text):
    """A time of the day, or a local date and time, as RFC 3339 in UTC; "-" is None."""
    if text == "-":
        return None
    if len(text) == 5:
        hour, minute = map(int, text.split(":"))
        local = dt.datetime.fromisoformat(DAY) + dt.timedelta(hours=hour, minutes=minute)
    else:
        local = dt.datetime.fromisoformat(text)
    return (local - dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def word(text):
    return {"-": None, "yes": True, "no": False}.get(text, text)


def table(text):
    return [line.split() for line in text.strip().splitlines()]


def organisation(person):
    return "RW3" if person <= "P-40" else "RX1"


# ---- the stage ----

LOGINS = {"amy": ["RW3"], "ben": ["RW3"], "cyd": ["RX1"], "lead": ["RW3", "RX1"]}


class Day:
    def __init__(self, stage):
        self.stage = stage
        self.tasks = {}
        self.shown = []  # seconds until what was entered showed in oh.task
        self.at = "16:00"

    # people

    def hire(self):
        file = self.stage.dir / "password"
        file.write_text(self.stage.password + "\n")
        file.chmod(0o600)
        for login, organisations in LOGINS.items():
            queues = ["--admin"] if login == "lead" else ["--queues", "physiotherapy"]
            self.stage.dayfour("staff", "add", self.name(login), *organisations, *queues,
                               "--password-file", file)

    def name(self, login):
        return "%s_%s" % (self.stage.id, login)

    def dismiss(self):
        for login in LOGINS:
            self.stage.sql("drop owned by %s; drop role if exists %s" % ((self.name(login),) * 2), check=False)

    def run(self, login, *words):
        env = {k: v for k, v in os.environ.items() if not k.startswith("DAYFOUR_")}
        env.update(PG_DSN=self.stage.dsn(login), TZ="UTC")
        return subprocess.run([self.stage.around.bin / "dayfour", *words], env=env, timeout=120,
                              capture_output=True, text=True, check=False)

    # HR

    def tell(self, events, now):
        """Publishes, and waits until both services are done with it."""
        file = self.stage.dir / "events.jsonl"
        file.write_text("".join(json.dumps(e) + "\n" for e in events))
        env = {k: v for k, v in os.environ.items() if not k.startswith("DAYFOUR_")}
        env.update(KAFKA_BROKERS=self.stage.around.brokers, DAYFOUR_KAFKA_TOPIC_ABSENCES=self.stage.topic)
        done = subprocess.run([self.stage.around.bin / "dayfour", "publish", file], env=env, timeout=60,
                              capture_output=True, text=True, check=False)
        expect(done.returncode == 0, done.stderr)
        self.sent += len(events)
        until(lambda: sum(self.stage.look_at_positions().values()) == self.sent, "the messages to be taken in")
        self.stage.wait_idle()
        expect(now == self.stage.now, "the clock moved")

    sent = 0

    def event(self, person, version=1, reason=MATCHED, onset=None, **more):
        onset = onset or next(o for who, _, o in ABSENT if person in people(who))
        number = person[2:]
        return {"specversion": "1.0", "id": "e%s-%d" % (number, version), "source": "/hr",
                "type": "org.dayfour.absence.%s.v1" % ("opened" if version == 1 else "amended"),
                "data": {"organisation": organisation(person), "absence_id": "A-" + number, "version": version,
                         "person_id": person, "category": "sickness", "onset_date": onset,
                         "reason": {"scheme": "esr", "code": reason},
                         "contact": {"name": "Test Person " + number, "phone": "07700 9000" + number}, **more}}

    # time

    def go_to(self, time_of_day):
        now = instant(time_of_day)
        if now != self.stage.now:
            self.stage.step_clock(now)
            self.stage.wait_idle()
        self.at = time_of_day

    # the script

    def look(self, person):
        return self.stage.ask("select row(t.*) from oh.task t where task_id = '%s'" % self.tasks[person])

    def wait_shown(self, person, before):
        began = time.monotonic()
        until(lambda: self.look(person) != before, "what was entered about %s to show" % person, 60, 0.005)
        self.shown.append(time.monotonic() - began)

    def entry_of(self, login, person):
        done = self.run(login, "show", "--json", self.tasks[person])
        return str(json.loads(done.stdout)["entries"][-1]["entry_id"])

    def arguments(self, login, verb, words):
        """As the program wants them: tasks by their ids, colleagues by their logins."""
        person = "P-" + words[0]
        if verb == "opt-out":
            return [organisation(person), person]
        if verb == "retract":
            return [self.entry_of(login, person), " ".join(words[1:])]
        if verb == "claim":
            return [self.tasks["P-" + w] for w in words]
        rest = [w.replace("T", " ") if "T" in w else w for w in words[1:]]
        return [self.tasks[person], *(self.name(w) if verb == "assign" else w for w in rest)]

    def act(self, login, verb, words):
        refused = words[-1] == "refused"
        words = words[:-1] if refused else words
        persons = ["P-" + w for w in (words if verb == "claim" else words[:1])]
        before = [self.look(p) for p in persons]
        arguments = self.arguments(login, verb, words)
        done = self.run(login, verb, *arguments)
        expect(done.returncode == (1 if refused else 0), "%s %s %s: %d %s" % (
            login, verb, words, done.returncode, done.stderr))
        if refused:
            return
        if verb in ("close", "reopen"):  # a closed case looks no different there
            self.stage.wait_idle()
            return
        for person, row in zip(persons, before):
            self.wait_shown(person, row)
        self.stage.wait_idle()

    def play(self):
        for time_of_day, who, *what in table(SCRIPT):
            self.go_to(time_of_day)
            if who == "clock":
                continue
            if who == "HR":
                person = "P-" + what[1]
                self.tell([self.event(person, 2, last_day=what[2]) if what[0] == "back"
                           else self.event(person, 2, STRESS)], self.stage.now)
            else:
                self.act(who, what[0], what[1:])


# ---- what came of it ----

def rows_as(day, login, query):
    """Rows as that login sees them."""
    done = subprocess.run(
        ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", day.stage.dsn(login), "-c",
         "select coalesce(json_agg(row_to_json(q)), '[]') from (%s) q" % query],
        capture_output=True, text=True, timeout=60, check=False)
    expect(done.returncode == 0, done.stderr)
    return json.loads(done.stdout)


def utc(text):
    return None if text is None else dt.datetime.fromisoformat(text).astimezone(dt.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def same(what, found, expected):
    missing = [row for row in expected if row not in found]
    extra = [row for row in found if row not in expected]
    expect(not missing and not extra, "%s: %d missing, %d too many\n    missing %s\n    too many %s" % (
        what, len(missing), len(extra), missing[:4], extra[:4]))
    expect(len(found) == len(expected), "%s: %d, expected %d" % (what, len(found), len(expected)))


def check_tasks(day):
    expected = []
    for who, state, due, work_by, in_target in UNTOUCHED:
        for person in people(who):
            expected.append([person, state, None, due, work_by, None, None, 0, None, None, None, in_target, None, None,
                             2, False, "physiotherapy"])
    for row in table(TOUCHED):
        number, state, end_reason, due, work_by, respond_by, assigned, attempts, first, contacted = row[:10]
        outcome, in_target, elapsed, working, priority, red_flag, queue = row[10:]
        days = ["2026-09-" + d if d != "-" else None for d in (due, work_by, respond_by)]
        expected.append(["P-" + number, state, word(end_reason), *days,
                         None if assigned == "-" else day.name(assigned), int(attempts), instant(first),
                         instant(contacted), word(outcome), word(in_target), *(
                             None if n == "-" else int(n) for n in (elapsed, working)),
                         int(priority), word(red_flag), queue])
    query = ("select person_id, state, end_reason, due_date, work_by_date, respond_by, assigned_to, attempts,"
             " first_attempt_at, contacted_at, last_outcome, in_target, elapsed_days, elapsed_working_days, priority,"
             " red_flag, queue from oh.task")
    found = [list(row.values()) for row in rows_as(day, "lead", query)]
    for row in found:
        row[8], row[9] = utc(row[8]), utc(row[9])
    same("tasks", found, expected)
    expect(len(found) == 61, "sixty tasks, and the one that a reason was corrected to")
    for login, seen in (("amy", 40), ("ben", 40), ("cyd", 20)):
        mine = rows_as(day, login, "select person_id, queue from oh.task")
        expect(len(mine) == seen and all(t["queue"] == "physiotherapy" for t in mine)
               and all(organisation(t["person_id"]) in LOGINS[login] for t in mine), "%s sees %s" % (login, mine))


def check_events(day):
    expected = []
    for kind, who, subject, occurrence, occurs, due, late, emitted, withdrawn in table(EVENTS):
        for person in [None] if kind == "feed.silent" else people(who):
            oh = subject == "s"
            expected.append([who if person is None else organisation(person), person, subject, kind, occurrence, occurs,
                             word(due), word(late), person in people(LATE_REPORTS) if oh else None,
                             False if oh else None, instant(emitted), instant(withdrawn)])
    query = ("select organisation, person_id, left(subject, 1) as s, kind, occurrence, occurs_on, due_on, late,"
             " late_report, backdated, emitted_at, withdrawn_at from oh.event")
    found = [list(row.values()) for row in rows_as(day, "lead", query)]
    for row in found:
        row[10], row[11] = utc(row[10]), utc(row[11])
    same("events", found, expected)
    # The published events are those of the table: each emission and each withdrawal once.
    said = day.stage.events()
    withdrawn = sum(1 for row in expected if row[11] is not None)
    expect(len(said) == len(expected) + withdrawn, "%d said, %d and %d withdrawn expected" % (
        len(said), len(expected), withdrawn))
    hr = sorted(e["type"] for e in said if e["topic"] == "return-to-work")
    expect(hr == ["org.dayfour.%s.v1" % k for k in ("fit-note.due", "fit-note.due", "interview.due", "returned-to-work")],
           "HR was told %s" % hr)


def check_audit(day, since):
    staff = ", ".join("'%s'" % day.name(who) for who in ("amy", "ben", "cyd"))
    expected = []
    for time_of_day, who, what, number, *why in table(DONE):
        person = "P-" + number
        expected.append([instant(time_of_day), day.name(who), what, organisation(person), person,
                         " ".join(why) or None])
    found = [list(row.values()) for row in day.stage.rows(
        "select at, who, what, organisation, person_id, why from audit.entry where who in (%s)"
        " and what not in ('read', 'read_about', 'read_bulk', 'open', 'list') order by entry_id" % staff)]
    for row in found:
        row[0] = utc(row[0])
    expect(found == expected, "audit: %s" % [pair for pair in zip(found, expected) if pair[0] != pair[1]][:3])
    reads = {(row["who"].rsplit("_", 1)[1], row["view"]): row["n"] for row in day.stage.rows(
        "select who, detail ->> 'view' as view, count(*) as n from audit.entry where what = 'read' and who in (%s)"
        " and entry_id <= %d group by 1, 2" % (staff, since))}
    expect(reads == READ, "reads: %s" % {k: (reads.get(k), READ.get(k)) for k in reads.keys() | READ.keys()
                                         if reads.get(k) != READ.get(k)})
    # Nobody else did anything about anybody.
    others = day.stage.rows("select distinct who, what from audit.entry where person_id is not null and who not in (%s)"
                            " and what not in ('reads', 'read_about')" % staff)
    expect(not others, "others: %s" % others)
    until(lambda: day.stage.sql("select count(*) from audit.unsealed") == "0", "the audit to be sealed", 20)
    verdict = json.loads(day.stage.dayfour("audit", "verify", "--json"))
    expect(not verdict["faults"] and verdict["entries"] >= len(expected) + sum(READ.values()), verdict)


def check_lists(day):
    """Each looks at their list in the morning."""
    for login, n in (("amy", 40), ("ben", 40), ("cyd", 20)):
        done = day.run(login, "tasks", "--json")
        expect(done.returncode == 0 and len(json.loads(done.stdout)) == n, "%s: %s" % (login, done.stderr))


def check_speed(day):
    """An entry shows within a second, when nothing else runs; on a busy machine the test retries."""
    shown = sorted(day.shown)
    print("shown in oh.task after: median %.0f ms, 95th of 100 %.0f ms, longest %.0f ms (%d entries)" % (
        1000 * statistics.median(shown), 1000 * shown[int(len(shown) * 0.95)], 1000 * shown[-1], len(shown)))
    for _ in range(10):
        day.shown = []
        for person in people("17-21"):
            day.act("amy", "attempt", [person[2:], "no_answer"])
        if max(day.shown) <= 1:
            print("shown within %.0f ms, five of five" % (1000 * max(day.shown)))
            return
    expect(False, "never five in a row within a second: %s" % day.shown)


def a_day(around):
    with FollowupStage(around, now=instant("2026-09-09T16:00")) as stage:
        day = Day(stage)
        try:
            day.hire()
            stage.start_intake()
            stage.start_followup()
            day.tell([day.event(p) for who, _, _ in ABSENT for p in people(who)], stage.now)
            day.tasks = {row["person_id"]: row["spell_id"] for row in stage.rows(
                "select person_id, spell_id from casework.spell")}
            expect(len(day.tasks) == 60, "%d tasks" % len(day.tasks))
            check_lists(day)
            day.play()
            since = int(stage.sql("select max(entry_id) from audit.entry"))
            check_tasks(day)
            check_events(day)
            check_audit(day, since)
            check_speed(day)
            for service in stage.services:
                expect(service.stop() == 0, "%s did not end with 0" % service.name)
        finally:
            day.dismiss()


CASES = {"a_day": a_day}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
