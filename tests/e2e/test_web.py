"""The page over plain HTTP: statuses, headers, sessions, wrong passwords, forms of elsewhere. Also what comes between opening and saving, what is sent twice, a kill in the middle of a save, slow clients."""
import functools
import re
import socket
import subprocess
import sys
import threading
import time

import harness
from harness import expect, until
from web_client import Client
from web_stage import WebStage, event, free_port

NOW = "2026-09-10T07:30:00Z"  # Thursday, 8:30am in London
PHONE = "07700 9001%02d"
WRONG = "not-this-one"
SHARED = {}


def contact(n, **more):
    return {"name": "Test Person %d" % n, "phone": PHONE % n, **more}


PEOPLE = [
    *[event("P-2%02d" % n, "A-%d" % n, "2026-09-06", None, "S12", contact(n)) for n in range(1, 20)],
    event("P-250", "A-50", "2026-09-07", None, "S10", contact(50)),
    *[event("P-3%02d" % n, "B-%d" % n, "2026-09-08", None, "S12", contact(20 + n)) for n in range(15)],
]


class Page:
    def __init__(self, around):
        self.stage = WebStage(around, now="2026-09-08T08:00:00Z")
        try:
            add = self.stage.add_staff
            self.amy = add("amy", "--queues", "physiotherapy", shown="Amy Jones", role="physiotherapist")
            self.ben = add("ben", "--queues", "physiotherapy", shown="Ben Carter", role="physiotherapist")
            self.lena = add("lena", "--admin", shown="Lena Hughes", role="lead")
            self.stage.start_intake()
            self.stage.start_followup()
            self.stage.hr(*PEOPLE)
            self.stage.step_clock(NOW)
            self.stage.wait_idle()
            self.web = self.stage.start_web(web__forwarded_for="X-Forwarded-For")
        except BaseException:
            self.stage.close()
            raise

    def client(self, **headers):
        return Client(self.stage.port, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def logged_in(self, login):
        c = self.client()
        answer = c.log_in(login, self.stage.password)
        expect(answer.status == 303 and answer.headers["Location"] == "/calls",
               "log-in: %d %s" % (answer.status, answer.words[:200]))
        return c

    def entries(self, task, kind):
        return int(self.stage.sql("select count(*) from oh.entry_row where task_id = '%s' and kind = '%s'" % (task, kind)))


def shared(around):
    if "page" not in SHARED:
        SHARED["page"] = Page(around)
    return SHARED["page"]


# --- log in and out

def logging_in_and_out(around):
    page = shared(around)
    c = page.client()
    first = c.get("/calls?view=all")
    expect(first.status == 303 and first.headers["Location"] == "/login", "no session: %d" % first.status)
    shown = c.follow(first)
    expect(shown.status == 200 and shown.h1 == "Log in", "the log-in page: %s" % shown.h1)
    for fields, message in (({"login": "", "password": ""}, "Enter your user name"),
                            ({"login": page.amy, "password": ""}, "Enter your password"),
                            ({"login": page.amy, "password": WRONG}, "The user name or password is not right"),
                            ({"login": "nobody_at_all", "password": WRONG}, "The user name or password is not right")):
        answer = c.post("/login", fields)
        expect(answer.status == 422 and message in answer.words, "%s: %d" % (message, answer.status))
        expect("<title>Error: " in answer.text, "the title says nothing of an error")
    answer = c.log_in(page.amy, page.stage.password)
    expect(answer.status == 303 and answer.headers["Location"] == "/calls?view=all", "the way was not kept")
    listed = c.follow(answer)
    expect(listed.status == 200 and listed.h1 == "Calls, Thursday 10 September", "calls: %d %s" % (listed.status, listed.h1))
    expect("Amy Jones, physiotherapist" in listed.words.replace(" ,", ","), "nobody is named")
    expect(c.get("/login").status == 303, "a session is asked to log in")
    expect(c.get("/logged-out?why=idle").headers.get("Location") == "/calls", "a living session ended")
    token = listed.form("/logout")
    expect(c.post("/logout", {"token": "0" * 32}).status == 403, "log-out by a stranger's form")
    expect(c.post("/logout", token).headers["Location"] == "/logged-out", "log-out")
    expect(c.get("/logged-out").h1 == "You are logged out", "logged out")
    expect(c.get("/calls").status == 303, "the session goes on")
    words = page.stage.sql("select string_agg(what, ' ' order by entry_id) from audit.entry"
                           " where who = '%s' and what in ('login', 'logout')" % page.amy)
    expect(words == "login logout", "audit: %s" % words)
    until(lambda: page.stage.sql("select count(*) from audit.entry where what = 'login_refused'") == "2",
          "refusals in the audit", 10)


def without_a_role(around):
    page = shared(around)
    stage = page.stage
    for name, role, text in (("aud", "dayfour_auditor", "Your role has no calls."),
                             ("none", "dayfour_clinician", "You have no access here. Ask your lead."),
                             ("bare", None, "You have no access here. Ask your lead.")):
        login = "%s_%s" % (stage.id, name)
        stage.sql("create role %s login password '%s'%s" % (login, stage.password, " in role " + role if role else ""))
        stage.roles.append(name)
        if role is None:
            stage.sql("grant connect on database %s to %s" % (stage.sql("select current_database()"), login))
        answer = page.client().log_in(login, stage.password)
        expect(answer.status == 403 and text in answer.words, "%s: %d %s" % (name, answer.status, answer.words[:200]))
        until(lambda: stage.sql("select count(*) from pg_stat_activity where usename = '%s'" % login) == "0",
              "the connection of %s to be closed" % name, 5)


def too_many_tries(around):
    page = shared(around)
    there = page.client(X_Forwarded_For="192.0.2.7")
    for n in range(5):
        expect(there.log_in(page.ben, WRONG).status == 422, "try %d" % (n + 1))
    shut = there.log_in(page.ben, page.stage.password)
    expect(shut.status == 429 and shut.headers["Retry-After"] == "900", "the sixth, though right: %d" % shut.status)
    elsewhere = page.client(X_Forwarded_For="192.0.2.8")
    expect(elsewhere.log_in(page.ben, page.stage.password).status == 303, "from elsewhere")
    for n in range(14):
        expect(there.log_in("nobody_%d" % n, WRONG).status == 422, "name %d" % n)
    expect(there.log_in("nobody_15", WRONG).status == 422, "the twentieth")
    expect(there.log_in("nobody_16", WRONG).status == 429, "the twenty-first of an address")
    expect(elsewhere.get("/calls").status == 200, "a session goes on")


def sessions_of_a_login(around):
    page = shared(around)
    one, two = page.logged_in(page.ben), page.logged_in(page.ben)
    before = audited(page, page.ben, "logout")
    three = page.logged_in(page.ben)
    gone = one.follow(one.get("/calls"))
    expect(gone.h1 == "Log in" and "You logged in elsewhere" in gone.words, "the oldest: %s" % gone.words[:200])
    expect(two.get("/calls").status == 200 and three.get("/calls").status == 200, "the newer two")
    until(lambda: audited(page, page.ben, "logout") > before, "the oldest to be noted as logged out", 5)
    page.stage.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = '%s'" % page.ben)
    until(lambda: two.get("/calls").status == 303, "sessions to end with their connection", 5)
    cookies = {two.cookie, three.cookie}
    expect(len(cookies) == 2, "one id twice")


def audited(page, login, what):
    return int(page.stage.sql("select count(*) from audit.entry where who = '%s' and what = '%s'" % (login, what)))


def idle_for_too_long(around):
    """A session that nobody uses ends, and the audit has its end like one by hand."""
    page = shared(around)
    port = free_port()
    page.stage.start_web(web__listen="127.0.0.1:%d" % port, web__origin="http://127.0.0.1:%d" % port,
                         http__listen="127.0.0.1:%d" % free_port(), web__idle_minutes="1")
    c = Client(port)
    expect(c.log_in(page.lena, page.stage.password).status == 303, "log-in")
    before = audited(page, page.lena, "logout")
    until(lambda: audited(page, page.lena, "logout") == before + 1, "the end of an idle session to be noted", 90)
    until(lambda: page.stage.sql("select count(*) from pg_stat_activity where usename = '%s'" % page.lena) == "0",
          "its connection to be closed", 10)
    gone = c.follow(c.get("/calls"))
    expect(gone.h1 == "Log in" and "nothing was clicked" in gone.words, gone.words[:200])
    page.stage.services[-1].stop()
    expect(audited(page, page.lena, "logout") == before + 1, "noted twice")


# --- what every answer has

def headers(around):
    page = shared(around)
    c = page.logged_in(page.amy)
    task = page.stage.task_of("P-201")
    paths = ["/", "/login", "/logged-out", "/calls", "/case/" + task, "/case/%s/spoke" % task, "/case/%s/not-reached" % task,
             "/nowhere", "/case/0000", "/favicon.ico"]
    for path in paths:
        for client in (c, page.client()):
            answer = client.get(path)
            h = answer.headers
            expect(h["Cache-Control"] == "no-store", "%s is kept" % path)
            expect("default-src 'none'" in h["Content-Security-Policy"] and "unsafe" not in h["Content-Security-Policy"],
                   "%s: CSP" % path)
            expect(h["Referrer-Policy"] == "no-referrer" and h["X-Content-Type-Options"] == "nosniff", "%s: headers" % path)
    listed = c.get("/calls")
    expect(listed.headers["Refresh"] == "1805; url=/logged-out?why=idle", "refresh: %s" % listed.headers["Refresh"])
    expect("Refresh" not in page.client().get("/login").headers, "a page without a session ends one")
    style = re.search(r'href="(/assets/[^"]*\.css)"', listed.text)[1]
    sheet = page.client().get(style)
    expect(sheet.status == 200 and "immutable" in sheet.headers["Cache-Control"], "the stylesheet")
    given = page.client().get("/calls").headers["Set-Cookie"]
    expect("HttpOnly" in given and "SameSite=Lax" in given and given.startswith("dayfour="), "cookie: %s" % given)
    for name in ("Test Person", "07700", "P-201", "S12"):
        expect(name not in given and name not in re.search("<title>.*</title>", c.get("/case/" + task).text)[0], name)


def methods_and_paths(around):
    page = shared(around)
    c = page.logged_in(page.amy)
    task = page.stage.task_of("P-201")
    expect(c.get("/case/%s/take" % task).headers["Allow"] == "POST", "GET of a POST")
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "GETX"):
        expect(c.ask(method, "/calls").status == 405, method)
    for path in ("/nowhere", "/calls/", "/case/" + task.lower(), "/case/" + task[:8], "/case/%s/" % task, "/calls%2f",
                 "/case/%%%02X%s" % (ord(task[0]), task[1:]), "//calls", "/assets/style.css", "/case/" + "0" * 12,
                 "/calls?view=none", "/calls?page=0", "/calls?page=x", "/calls?view=", "/case/" + page.stage.task_of(
                     "P-250", "mental-health")):
        expect(c.get(path).status == 404, "%s: %d" % (path, c.get(path).status))
    expect(c.ask("HEAD", "/calls").body == b"", "HEAD has a body")
    expect(c.get("/calls?view=all&page=999").status == 200, "a page over the last")
    expect(c.get("/calls?queue=none-of-mine").status == 200, "a queue that is not mine")
    one = c.get("/case/" + "0" * 12).text
    other = c.get("/case/" + page.stage.task_of("P-250", "mental-health")).text
    strip = re.compile(r'name="(request|token)" value="[^"]*"')
    expect(strip.sub("", one) == strip.sub("", other), "not yours looks different from not there")


def bodies(around):
    page = shared(around)
    c = page.logged_in(page.amy)
    path = "/case/%s/spoke" % page.stage.task_of("P-201")
    form = c.get(path).form(path)
    expect(c.post(path, form, {"Content-Type": "application/json"}).status == 415, "JSON")
    expect(c.post(path, form, {"Content-Type": "multipart/form-data; boundary=x"}).status == 415, "multipart")
    expect(c.post(path, {**form, "x": "y" * 17000}).status == 413, "17 KB")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    expect(c.ask("POST", path, "a=1&a=2", kind).status == 400, "a field twice")
    expect(c.ask("POST", path, "&".join("f%d=1" % n for n in range(101)), kind).status == 400, "101 fields")
    expect(c.ask("POST", path, "a=%zz", kind).status == 400, "a broken escape")
    expect(c.ask("POST", path, b"a=\xff\xfe", kind).status == 400, "no UTF-8")
    expect(c.ask("POST", path, "a=%00", kind).status == 400, "a NUL")
    expect(c.get("/calls?view=all&view=mine").status == 400, "a query twice")


def forms_of_elsewhere(around):
    page = shared(around)
    c = page.logged_in(page.amy)
    path = "/case/%s/take" % page.stage.task_of("P-202")
    task = page.stage.task_of("P-202")
    form = c.get("/case/" + task).form(path)
    for more in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
                 {"Origin": "https://elsewhere.example"}, {"Origin": page.stage.address, "Sec-Fetch-Site": "cross-site"}):
        expect(c.post(path, form, more).status == 403, "taken from elsewhere: %s" % more)
        expect(page.client().post("/login", {"login": page.amy, "password": page.stage.password}, more).status == 403,
               "logged in from elsewhere: %s" % more)
    for token in ("", "0" * 32, None):
        changed = {**form, "token": token} if token is not None else {k: v for k, v in form.items() if k != "token"}
        expect(c.post(path, changed).status == 403, "token %s" % token)
    expect(c.post(path, {**form, "request": "x"}).status == 403, "a request id that is none")
    expect(page.entries(task, "claim") == 0, "something was taken")
    expect(c.post(path, form, {"Origin": "null"}).status == 303, "our own form under no-referrer")
    expect(c.post(path, {**form, "token": form["token"]}, {"Origin": page.stage.address}).status == 303, "again")
    expect(page.entries(task, "claim") == 1, "taken twice")


# --- saving

def spoke_fields(**more):
    return {"urgent": "no", "agreed": "self_management_advice", "review": "default", "channel": "phone", "when": "now",
            "next": "no", **more}


def errors_come_back(around):
    page = shared(around)
    c = page.logged_in(page.amy)
    path = "/case/%s/spoke" % page.stage.task_of("P-203")
    form = c.get(path).form(path)
    answer = c.post(path, {**form, "likely-day": "31", "likely-month": "feb", "likely-year": "2026", "related": "partly"})
    expect(answer.status == 303 and "?r=" in answer.headers["Location"], "errors: %d" % answer.status)
    shown = c.follow(answer)
    expect(shown.status == 422, "re-shown: %d" % shown.status)
    for message in ("Select yes if anything needed urgent care", "Select what you agreed",
                    "Likely return must be a real date"):
        expect(message in shown.words, message)
    expect(shown.form(path)["likely-month"] == "feb" and shown.form(path)["related"] == "partly", "what was typed is gone")
    path = "/case/%s/not-reached" % page.stage.task_of("P-203")
    form = c.get(path).form(path)
    for fields, message in (
            ({}, "Select what happened"),
            ({"outcome": "call_back"}, "Enter when they asked you to call"),
            ({"outcome": "call_back", "back-day": "9", "back-month": "9", "back-year": "2026", "back-time": "2pm"},
             "The call back must be in the future"),
            ({"outcome": "call_back", "back-day": "9", "back-month": "11", "back-year": "2026", "back-time": "2pm"},
             "The call back must be within 28 days"),
            ({"outcome": "no_answer", "when": "other", "at-day": "1", "at-month": "9", "at-year": "2026", "at-time": "9:00"},
             "The time you tried must be on or after Sunday 6 September"),
            ({"outcome": "no_answer", "when": "other", "at-day": "10", "at-month": "sep", "at-year": "2026",
              "at-time": "23:00"}, "The time you tried must not be in the future"),
            ({"outcome": "no_answer", "when": "other", "at-day": "", "at-month": "", "at-year": "", "at-time": "25"},
             "Enter a time, for example 2:00pm")):
        shown = c.follow(c.post(path, {**form, **fields, "next": "no"}))
        expect(shown.status == 422 and message in shown.words, "%s: %d" % (message, shown.status))
    expect(page.entries(page.stage.task_of("P-203"), "attempt") == 0, "an entry with errors was saved")


def a_day_of_calls(around):
    """Take, try, promise, speak, and on to the next."""
    page = shared(around)
    c = page.logged_in(page.amy)
    task = page.stage.task_of("P-204")
    case = "/case/" + task
    expect(c.follow(c.post(case + "/take", c.get(case).form(case + "/take"))).h1 == "Test Person 4", "take")
    expect("Test Person 4" in c.get("/calls?view=mine").words, "mine")
    path = case + "/not-reached"
    form = c.get(path).form(path)
    saved = c.follow(c.post(path, {**form, "outcome": "call_back", "back-day": "10", "back-month": "9",
                                   "back-year": "2026", "back-time": "2:00pm", "next": "no"}))
    expect(saved.status == 200 and "call them back today 2:00pm" in saved.words, saved.words[:300])
    listed = c.get("/calls").words
    expect("2:00pm today" in listed and "PROMISED" in listed, listed[:400])
    path = case + "/spoke"
    form = c.get(path).form(path)
    answer = c.post(path, {**form, **spoke_fields(next="yes")})
    shown = c.follow(answer)
    expect(answer.status == 303 and "Your next" in shown.words, shown.words[:300])
    expect(shown.h1.startswith("Test Person") and shown.h1 != "Test Person 4", "next: %s" % shown.h1)
    expect(page.stage.sql("select state from casework.spell where spell_id = '%s'" % task) == "contacted", "state")
    expect("Test Person 4 " not in c.get("/calls?view=all").words, "the next list shows it still")


def sent_twice(around):
    page = shared(around)
    c = page.logged_in(page.amy)
    task = page.stage.task_of("P-205")
    path = "/case/%s/spoke" % task
    form = {**c.get(path).form(path), **spoke_fields()}
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(c.post(path, form).status)) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    expect(answers == [303, 303, 303], "sent at once: %s" % answers)
    expect(c.post(path, form).status == 303, "sent again")
    expect(page.entries(task, "contact") == 1, "saved %d times" % page.entries(task, "contact"))
    other = "/case/%s/spoke" % page.stage.task_of("P-206")
    stale = {**c.get(other).form(other), **spoke_fields(), "request": form["request"]}
    expect(c.post(other, stale).status == 403, "a request id used for something else")
    expect(page.entries(page.stage.task_of("P-206"), "contact") == 0, "saved all the same")


def two_at_a_time(around):
    """Amy and Ben on the same cases: taken meanwhile, given meanwhile, both spoke."""
    page = shared(around)
    amy, ben = page.logged_in(page.amy), page.logged_in(page.ben)
    task = page.stage.task_of("P-207")
    case = "/case/" + task
    his, hers = ben.get(case).form(case + "/take"), amy.get(case).form(case + "/take")
    spoke = amy.get(case + "/spoke").form(case + "/spoke")
    expect(ben.post(case + "/take", his).status == 303, "Ben takes it")
    late = amy.post(case + "/take", hers)
    expect(late.status == 409 and "Ben Carter took this case at 8:30am" in late.words, late.words[:300])
    changed = amy.post(case + "/spoke", {**spoke, **spoke_fields()})
    expect(changed.status == 409 and "Ben Carter has this case now" in changed.words, changed.words[:400])
    expect(page.entries(task, "contact") == 0, "saved before it was confirmed")
    again = changed.form(case + "/spoke")
    expect(again["agreed"] == "self_management_advice", "what was typed is gone")
    saved = amy.follow(amy.post(case + "/spoke", {**again, "next": "no"}))
    expect(saved.status == 200 and page.entries(task, "contact") == 1, "saved at last: %s" % saved.words[:300])

    task = page.stage.task_of("P-208")
    path = "/case/%s/spoke" % task
    hers, his = amy.get(path).form(path), ben.get(path).form(path)
    expect(ben.post(path, {**his, **spoke_fields()}).status == 303, "Ben spoke to them")
    both = amy.follow(amy.post(path, {**hers, **spoke_fields(agreed="no_action_needed")}))
    expect("Ben Carter also spoke to them" in both.words and "follow-up" in both.words, both.words[:400])
    expect(page.entries(task, "contact") == 2, "one of both is lost")


def undone_or_opted_out_too_late(around):
    """An undo, no calls and calls again are judged like every entry: what came between is shown first."""
    page = shared(around)
    amy, ben = page.logged_in(page.amy), page.logged_in(page.ben)
    task = page.stage.task_of("P-217")
    case = "/case/" + task

    def attempt(c):
        path = case + "/not-reached"
        expect(c.post(path, {**c.get(path).form(path), "outcome": "busy", "next": "no"}).status == 303, "an attempt")
        page.stage.settle()

    def late(path, screen, **more):
        """Ben records something while Amy's form is open; gives the form that saves all the same."""
        form = {**amy.get(screen).form(path), **more}
        attempt(ben)
        changed = amy.post(path, form)
        expect(changed.status == 409 and "While you were on this page" in changed.words
               and "Ben Carter did not reach them: busy" in changed.words, "%s: %d %s" % (
                   path, changed.status, changed.words[:400]))
        return changed.form(path)

    def entries_undone():
        return page.stage.sql("select count(*) from oh.entry where task_id = '%s' and retracted_at is not null" % task)

    attempt(amy)
    undo = case + "/entry/1/undo"
    again = late(undo, undo, why="wrong outcome")
    expect(entries_undone() == "0", "undone before it was confirmed")
    expect(amy.post(undo, again).status == 303 and entries_undone() == "1", "not undone")
    expect(amy.post(undo, again).status == 303, "sent twice, it is not answered the same")
    theirs = amy.get(case + "/entry/2/undo").words
    expect("You cannot undo this entry" in theirs, theirs[:200])
    expect(amy.post(case + "/entry/99/undo", {**again, "request": again["request"][:-4] + "0000"}).status in (403, 404),
           "an entry that is not there")

    out = case + "/no-calls"
    again = late(out, out)
    expect("They do not want calls" in amy.get(case).words, "opted out before it was confirmed")
    expect(amy.post(out, again).status == 303, "no calls")
    page.stage.settle()
    expect("They asked us not to" in amy.get(case).words, "not opted out")
    back = case + "/opt-in"
    form = amy.get(case).form(back)
    path = case + "/spoke"
    expect(ben.post(path, {**ben.get(path).form(path), **spoke_fields()}).status == 303, "an incoming call")
    page.stage.settle()
    changed = amy.post(back, form)
    expect(changed.status == 409 and "Ben Carter spoke to them" in changed.words
           and "Go back and change it" not in changed.words, "%d %s" % (changed.status, changed.words[:400]))
    expect(amy.post(back, changed.form(back)).status == 303, "calls again")
    page.stage.settle()
    expect("They asked us not to" not in amy.get(case).words, "still opted out")


def changed_by_hr(around):
    page = shared(around)
    c = page.logged_in(page.amy)
    task = page.stage.task_of("P-209")
    path = "/case/%s/not-reached" % task
    form = {**c.get(path).form(path), "outcome": "no_answer", "next": "no"}
    page.stage.hr(event("P-209", "A-9", "2026-09-06", "2026-09-09", "S12", contact(9), 2, "closed"))
    answer = c.post(path, form)
    expect(answer.status == 409 and "last day off Wednesday 9 September" in answer.words, answer.words[:400])
    expect(page.entries(task, "attempt") == 0, "saved unasked")
    expect(c.post(path, {**answer.form(path), "next": "no"}).status == 303, "saved when asked")
    expect(page.entries(task, "attempt") == 1, "not saved when asked")


def moved_away(around):
    """The reason changes while somebody types: the case is another queue's, and the text can be copied."""
    page = shared(around)
    c = page.logged_in(page.amy)
    task = page.stage.task_of("P-210")
    path = "/case/%s/spoke" % task
    form = {**c.get(path).form(path), **spoke_fields()}
    page.stage.sql("update oh.staff set queues = '{mental-health}' where login = '%s'" % page.amy)
    try:
        answer = c.post(path, form)
        expect(answer.status == 404 and "Your entry was not saved" in answer.words, answer.words[:300])
        expect("self_management_advice" in answer.words, "what was typed cannot be copied")
        expect(c.get("/calls").status == 200, "the session ended")
    finally:
        page.stage.sql("update oh.staff set queues = '{physiotherapy}' where login = '%s'" % page.amy)


def logged_out_while_typing(around):
    page = shared(around)
    c = page.logged_in(page.amy)
    task = page.stage.task_of("P-211")
    path = "/case/%s/spoke" % task
    form = {**c.get(path).form(path), **spoke_fields(agreed="already_in_care")}
    page.stage.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = '%s'" % page.amy)
    until(lambda: Client(page.stage.port).get("/login").status == 200, "the page", 5)
    time.sleep(0.3)
    stranger = Client(page.stage.port)
    stranger.cookie = c.cookie
    expect("kept for 15 minutes" not in stranger.post(path, {**form, "token": "0" * 32}).words, "kept for a stranger")
    asked = c.post(path, form)
    expect(asked.h1 == "Log in" and "kept for 15 minutes" in asked.words, asked.words[:300])
    other = Client(page.stage.port)
    other.cookie = c.cookie
    expect(page.entries(task, "contact") == 0, "saved without a session")
    back = c.log_in(page.amy, page.stage.password)
    expect(back.headers["Location"].startswith(path + "?r="), "back to: %s" % back.headers["Location"])
    filled = c.follow(back)
    expect(filled.form(path)["agreed"] == "already_in_care", "what was typed is gone")
    expect(c.post(path, filled.form(path) | {"next": "no"}).status == 303, "saved after all")
    expect(page.entries(task, "contact") == 1, "not saved")


# --- what goes wrong underneath

def killed_while_saving(around):
    page = shared(around)
    stage = page.stage
    task = stage.task_of("P-212")
    path = "/case/%s/spoke" % task
    c = page.logged_in(page.amy)
    form = {**c.get(path).form(path), **spoke_fields()}
    held = subprocess.Popen(["psql", "-XAtq", "-d", stage.dsn()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    held.stdin.write("begin; lock table oh.task_turn; select 'held';\n")
    held.stdin.flush()
    held.stdout.readline()
    try:
        failed = []
        def send():
            try:
                c.post(path, form)
            except OSError as e:
                failed.append(e)
        t = threading.Thread(target=send)
        t.start()
        until(lambda: stage.sql("select count(*) from pg_stat_activity where usename = '%s' and state = 'active'" %
                                page.amy) != "0", "the save to be under way", 5)
        page.web.kill()
        t.join()
    finally:
        held.stdin.close()
        held.wait()
    expect(failed, "the answer came from a service that was killed")
    page.web = stage.start_web(web__forwarded_for="X-Forwarded-For")
    asked = c.post(path, form)
    expect(asked.h1 == "Log in", "after the kill: %s" % asked.h1)
    c = page.logged_in(page.amy)
    again = c.get(path).form(path)
    done = page.entries(task, "contact")
    answer = c.post(path, {**form, "token": again["token"]})
    expect(answer.status == 303 and page.entries(task, "contact") == 1,
           "%d, then %d times, %d" % (done, page.entries(task, "contact"), answer.status))


def crashed(around, point):
    """Ended at a point of a log-in or a save: nothing is there twice, and people log in again."""
    page = shared(around)
    task = page.stage.task_of({"web.logged_in": "P-213", "web.save_sent": "P-214", "web.saved": "P-215"}[point])
    path = "/case/%s/spoke" % task
    page.web.stop()
    page.web = page.stage.start_web(web__forwarded_for="X-Forwarded-For", env={"DAYFOUR_FAULT": point})
    c, form = page.client(), None
    try:
        c.log_in(page.amy, page.stage.password)
        form = {**c.get(path).form(path), **spoke_fields()}
        c.post(path, form)
    except OSError:
        pass
    expect(page.web.wait(10) == 137, "it did not end at %s" % point)
    page.web = page.stage.start_web(web__forwarded_for="X-Forwarded-For")
    c = page.logged_in(page.amy)
    fresh = c.get(path).form(path)
    answer = c.post(path, {**(form or {**fresh, **spoke_fields()}), "token": fresh["token"]})
    expect(answer.status == 303 and page.entries(task, "contact") == 1,
           "%d, %d times" % (answer.status, page.entries(task, "contact")))


def slow_and_half_open(around):
    page = shared(around)
    c = page.logged_in(page.amy)
    slow = []
    for n in range(50):
        s = socket.create_connection(("127.0.0.1", page.stage.port))
        s.sendall((b"GET /calls HTTP/1.1\r\nHost: x\r\nX-Slow: ",
                   b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                   b"Content-Length: 100\r\n\r\nlogin=", b"")[n % 3])
        slow.append(s)
    began = time.monotonic()
    for _ in range(5):
        expect(c.get("/calls").status == 200, "the page does not answer beside slow clients")
    expect(time.monotonic() - began < 5, "the page is slow beside slow clients")
    def all_gone():
        gone = 0
        for s in slow:
            s.setblocking(False)
            try:
                gone += s.recv(1) == b""
            except BlockingIOError:
                pass
            except OSError:
                gone += 1
        return gone == len(slow)
    for n in range(20):
        time.sleep(1)
        for s in slow:
            try:
                s.send(b"a")
            except OSError:
                pass
        if all_gone():
            break
    expect(all_gone(), "slow clients stay for ever")
    for s in slow:
        s.close()


def many_at_once(around):
    """A session's requests wait for each other, four at most; the fifth that waits is asked to come again."""
    page = shared(around)
    c = page.logged_in(page.amy)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(c.get("/calls").status)) for _ in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    expect(set(answers) <= {200, 503} and answers.count(200) >= 5, "answers: %s" % answers)


def by_header(around):
    """A proxy signs people in, over a socket that only it reaches."""
    page = shared(around)
    stage = page.stage
    key = stage.dir / "web.key"
    key.write_text("0123456789abcdef" * 4 + "\n")
    key.chmod(0o600)
    stage.dayfour("staff", "add", "%s_sam" % stage.id, "RW3", "--queues", "physiotherapy", "--name", "Sam Green",
                  "--sso", "--web-key-file", key)
    stage.roles.append("sam")
    sam = "%s_sam" % stage.id
    path = str(stage.dir / "web.sock")
    settings = {"web__identity": "header", "web__key_file": key, "web__listen": "unix:" + path, "http__listen": "",
                "web__origin": "https://calls.example.org"}
    web = stage.start_web(**settings)
    def client(*values):
        c = Client(path)
        c.more = {"X-Remote-User": values[0]} if values else {}
        return c
    c = client(sam)
    listed = c.follow(c.get("/calls"))
    expect(listed.status == 200 and "Sam Green" in listed.words, "signed in: %d %s" % (listed.status, listed.words[:200]))
    expect(c.cookie.startswith("__Host-dayfour="), "cookie: %s" % c.cookie)
    for name in (None, "", "x" * 64, "a\tb"):
        other = client() if name is None else client(name)
        other.cookie = c.cookie
        expect(other.get("/calls").status == 403, "name %r" % name)
    expect(c.get("/calls").status == 200, "the session ended with somebody else's name")
    unknown = client("nobody_here")
    answer = unknown.follow(unknown.get("/calls"))
    expect(answer.status == 403 and "have no access here" in answer.words, answer.words[:200])
    out = c.follow(c.post("/logout", c.get("/calls").form("/logout")))
    expect("Log in again" in out.words, out.words[:200])
    expect(c.follow(c.get("/calls")).h1 == "Log in", "logged in again by a link")
    again = c.follow(c.post("/login", {}))
    expect(again.h1.startswith("Calls"), "the button: %s" % again.h1)
    other = client(page.amy)
    other.cookie = c.cookie
    expect(other.get("/calls").status == 303, "another name has the session")
    expect(c.get("/calls").status == 303, "the session goes on after another name")
    expect(web.stop() == 0, "it did not end with 0")
    ignored = page.client(X_Remote_User=sam)
    expect(ignored.get("/calls").status == 303, "a header from elsewhere signs in")
    until(lambda: page.web.lines("identity_ignored"), "the log to say so", 5)
    for wrong in ({"web__listen": "127.0.0.1:0"}, {"web__key_file": None}, {"web__origin": "calls.example.org"}):
        bad = stage.start_web(wait=False, **{**settings, **wrong})
        expect(bad.wait(10) == 2, "%s: %s" % (wrong, bad.errors()))
    key.chmod(0o644)
    expect(stage.start_web(wait=False, **settings).wait(10) == 2, "a key that everybody reads")


def health(around):
    page = shared(around)
    c = Client(int(page.stage.http.rsplit(":", 1)[1]))
    expect(c.get("/healthz").status == 200 and c.get("/readyz").status == 200, "health")
    text = c.get("/metrics").text
    for name in ("dayfour_web_requests_total{route=\"/calls\",status=\"200\"}", "dayfour_web_request_seconds_bucket{route=\"",
                 "dayfour_web_sessions", "dayfour_web_refused_total{why=\""):
        expect(name in text, name)
    for word in ("Test Person", "07700", "P-2", page.amy, page.stage.task_of("P-201")):
        expect(word not in text, "%s in a metric" % word)
    log = page.web.log.read_text()
    for word in ("Test Person", "07700", "P-20", page.amy, page.stage.task_of("P-201"), page.stage.password):
        expect(word not in log, "%s in the log" % word)


CASES = {f.__name__: f for f in (
    logging_in_and_out, without_a_role, too_many_tries, sessions_of_a_login, idle_for_too_long, headers, methods_and_paths,
    bodies, forms_of_elsewhere, errors_come_back, a_day_of_calls, sent_twice, two_at_a_time, undone_or_opted_out_too_late, changed_by_hr, moved_away,
    logged_out_while_typing, killed_while_saving, slow_and_half_open, many_at_once, by_header, health)}
for _point in harness.crash_points("web"):
    CASES["crashed_" + _point.split(".")[1]] = functools.partial(crashed, point=_point)

if __name__ == "__main__":
    try:
        status = harness.run(CASES)
    finally:
        if "page" in SHARED:
            SHARED["page"].stage.close()
    sys.exit(status)
