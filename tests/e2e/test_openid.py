"""The page behind Apache with the sample site of deploy/web: people sign in at an OpenID provider.

The cases forge names, cookies and tokens, log out of the page and the provider, and read what the proxy writes down.
"""
import os
import re
import subprocess
import sys
import urllib.parse
from pathlib import Path

import apache_stage
import harness
from apache_stage import ADDRESS, GROUP, HOST, ApacheStage
from harness import NotRun, expect, until
from web_client import Client
from web_stage import event

NOW = "2026-09-10T07:30:00Z"  # Thursday, 8:30am in London
SHARED = {}
BACK = "Test Person 1", "Test Person 2"
STRESS = "Test Person 50"


def contact(n):
    return {"name": "Test Person %d" % n, "phone": "07700 9001%02d" % n}


PEOPLE = [
    event("P-201", "A-1", "2026-09-06", None, "S12", contact(1)),
    event("P-202", "A-2", "2026-09-06", None, "S12", contact(2)),
    event("P-250", "A-50", "2026-09-07", None, "S10", contact(50)),
]


class Front:
    def __init__(self, around):
        self.stage = ApacheStage(around, now="2026-09-08T08:00:00Z")
        try:
            self.amy = self.stage.add_signed_in("amy", "--queues", "physiotherapy", shown="Amy Jones")
            self.mia = self.stage.add_signed_in("mia", "--queues", "mental-health", shown="Mia Green")
            self.pat = self.stage.add_staff("pat", "--queues", "physiotherapy", shown="Pat Brown")
            self.stage.start_intake()
            self.stage.start_followup()
            self.stage.hr(*PEOPLE)
            self.stage.step_clock(NOW)
            self.stage.wait_idle()
            self.stage.start_page()
            self.stage.start_provider()
            self.stage.start_proxy()
        except BaseException:
            self.stage.close()
            raise
        self.provider = self.stage.provider
        for name in (self.amy, self.mia, self.pat, "stranger"):
            self.provider.people[name] = {"preferred_username": name}

    def audited(self, who, what):
        return int(self.stage.sql("select count(*) from audit.entry where who = '%s' and what = '%s'" % (who, what)))

    def refused(self, login):
        return int(self.stage.sql("select count(*) from audit.entry where what = 'login_refused'"
                                  " and detail->>'login' = '%s'" % login))

    def requests(self):
        """How many the page has answered."""
        text = Client(self.stage.http_port).get("/metrics").text
        return sum(int(n) for n in re.findall(r"^dayfour_web_requests_total\{.*\} (\d+)$", text, re.M))


def shared(around):
    if "front" not in SHARED:
        SHARED["front"] = Front(around)
    return SHARED["front"]


def is_sent_to_the_provider(front, answer):
    """The query with which somebody is sent there."""
    to = urllib.parse.urlsplit(answer.headers.get("Location", ""))
    expect(answer.status == 302 and "%s://%s" % (to.scheme, to.netloc) == front.provider.issuer
           and to.path == "/authorization",
           "not sent to the provider: %d %s" % (answer.status, answer.headers.get("Location")))
    return dict(urllib.parse.parse_qsl(to.query))


def first_to_the_provider(around):
    front = shared(around)
    before = front.requests()
    task = front.stage.task_of("P-201")
    for path in ("/", "/calls", "/login", "/case/" + task, "/help", "/assets/style.css", "/openidx"):
        answer = front.stage.browser().get(path)
        asked = is_sent_to_the_provider(front, answer)
        expect(asked["client_id"] == "dayfour-web" and asked["redirect_uri"] == ADDRESS + "/openid"
               and asked["response_type"] == "code" and asked["code_challenge_method"] == "S256", "asked: %s" % asked)
        expect(task not in str(asked), "the provider learns which case")
        expect("no-store" in answer.headers["Cache-Control"], "kept: %s" % answer.headers["Cache-Control"])
        expect(answer.headers["Strict-Transport-Security"] == "max-age=31536000", "no HSTS")
    plain = front.stage.browser().get("http://%s/calls" % HOST)
    expect(plain.status == 301 and plain.headers["Location"] == ADDRESS + "/calls", "without TLS: %d" % plain.status)
    expect(front.requests() == before, "somebody unknown reached the page")


def the_right_person(around):
    front = shared(around)
    for login, shown, theirs, others in ((front.amy, "Amy Jones", BACK, (STRESS,)),
                                         (front.mia, "Mia Green", (STRESS,), BACK)):
        before = front.audited(login, "login")
        b = front.stage.browser()
        listed = b.sign_in(login, "/calls?view=all")
        expect(listed.status == 200 and b.way[-1] == ADDRESS + "/calls?view=all",
               "%s: %d, %s" % (shown, listed.status, b.way[-1]))
        expect(listed.h1 == "Calls, Thursday 10 September" and shown in listed.words, listed.words[:300])
        for name in theirs:
            expect(name in listed.words, "%s does not see %s" % (shown, name))
        for name in others:
            expect(name not in listed.words, "%s sees %s" % (shown, name))
        expect(front.audited(login, "login") == before + 1, "the audit has not one log-in of %s" % shown)
        address = front.stage.sql("select detail->>'address' from audit.entry where who = '%s' and what = 'login'"
                                  " order by entry_id desc limit 1" % login)
        expect(address == "127.0.0.1", "address: %s" % address)
        again = b.get("/calls")
        expect(again.status == 200 and again.headers["Cache-Control"] == "no-store", "again: %d" % again.status)
        expect(set(b.jars[HOST]) == {"__Host-openid", "__Host-dayfour"}, "cookies: %s" % sorted(b.jars[HOST]))
        for cookie in b.set_cookies:
            expect("Secure" in cookie and "HttpOnly" in cookie,
                   "a cookie that others can read: %s" % cookie.partition("=")[0])
    expect(not front.provider.faults, "the proxy asked the provider wrongly: %s" % front.provider.faults)


def entries_are_theirs(around):
    front = shared(around)
    task = front.stage.task_of("P-201")
    b = front.stage.browser()
    path = "/case/%s/take" % task
    form = b.sign_in(front.amy, "/case/" + task).form(path)
    taken = b.post(path, form, [("Origin", ADDRESS), ("Sec-Fetch-Site", "same-origin")])
    expect(taken.status == 303, "taking: %d %s" % (taken.status, taken.words[:200]))
    who = front.stage.sql("select string_agg(by, ' ') from oh.entry_row where task_id = '%s' and kind = 'claim'" % task)
    expect(who == front.amy, "entered by %s" % who)
    strange = b.post(path, {}, [("Sec-Fetch-Site", "cross-site")])
    expect(strange.status == 403, "a form of elsewhere: %d" % strange.status)


def forged_names(around):
    front = shared(around)
    b = front.stage.browser()
    b.sign_in(front.amy)
    before = front.audited(front.mia, "login")
    reached = front.requests()
    for forged in ([("X-Remote-User", front.mia)], [("x-remote-user", front.mia)], [("X-Remote-User", "")],
                   [("X-Remote-User", front.mia), ("X-Remote-User", front.amy)], [("X_Remote_User", front.mia)],
                   [("X-Remote-User", front.mia), ("X-Forwarded-User", front.mia),
                    ("OIDC_CLAIM_preferred_username", front.mia)],
                   [("Authorization", "Basic bWlhOm1pYQ==")]):
        shown = b.get("/calls", forged)
        expect(shown.status == 200 and "Amy Jones" in shown.words and "Mia" not in shown.words,
               "%s: %d %s" % (forged, shown.status, shown.words[:200]))
        is_sent_to_the_provider(front, front.stage.browser().get("/calls", forged))
    expect(front.requests() == reached + 7, "strangers reached the page")
    # A name in Connection is taken away on the way; then nobody is named, and nobody gets in.
    for forged in ([("Connection", "close, X-Remote-User")],
                   [("Connection", "X-Remote-User"), ("X-Remote-User", front.mia)]):
        shown = b.get("/calls", forged)
        expect(shown.status == 403 or (shown.status == 200 and "Amy Jones" in shown.words and "Mia" not in shown.words),
               "%s: %d %s" % (forged, shown.status, shown.words[:200]))
    expect(b.get("/calls").status == 200, "Amy's session ended")
    expect(front.audited(front.mia, "login") == before, "somebody logged in as another")


def forged_cookies(around):
    """The page's cookie of one person with the proxy's of another, and a proxy's cookie that is made up."""
    front = shared(around)
    amy, mia = front.stage.browser(), front.stage.browser()
    amy.sign_in(front.amy)
    mia.sign_in(front.mia)
    mia.jars[HOST]["__Host-dayfour"] = amy.jars[HOST]["__Host-dayfour"]
    shown = mia.go("/calls?view=all")
    expect("Amy" not in shown.words and not any(name in shown.words for name in BACK), shown.words[:300])
    amy.jars[HOST]["__Host-openid"] = "00000000-0000-0000-0000-000000000000"
    is_sent_to_the_provider(front, amy.get("/calls"))


def only_the_proxy_reaches_the_page(around):
    front = shared(around)
    pid = front.stage.web.process.pid
    sockets = {os.readlink(path) for path in Path("/proc/%d/fd" % pid).iterdir()}
    listening = [line.split() for name in ("tcp", "tcp6")
                 for line in Path("/proc/net/" + name).read_text().splitlines()[1:]]
    ports = [int(words[1].rpartition(":")[2], 16) for words in listening
             if words[3] == "0A" and "socket:[%s]" % words[9] in sockets]
    expect(ports == [front.stage.http_port], "the page listens at %s" % ports)
    there = Client(front.stage.http_port).get("/calls", {"X-Remote-User": front.amy})
    expect(there.status == 404, "the port of the metrics serves calls: %d" % there.status)
    expect(front.stage.socket.stat().st_mode & 0o777 == 0o660, "everybody may open the socket")
    if not front.stage.is_root:
        raise NotRun("another user of this machine: only root can be one")
    opening = "use IO::Socket::UNIX; IO::Socket::UNIX->new(Peer => $ARGV[0]) or die $!"
    for user, group, refusal in (("nobody", "nogroup", "Permission denied"), (GROUP, GROUP, "")):
        done = subprocess.run(["perl", "-e", opening, front.stage.socket], user=user, group=group, extra_groups=[],
                              capture_output=True, text=True, timeout=30, check=False, cwd="/")
        expect(done.stderr.startswith(refusal) and (done.returncode == 0) == (refusal == ""),
               "%s: %d %s" % (user, done.returncode, done.stderr))


def unknown_to_dayfour(around):
    """The provider knows them; the page refuses, and says whom to ask."""
    front = shared(around)
    for login in ("stranger", front.pat):  # pat has a password of their own, and none that the page derives
        b = front.stage.browser()
        answer = b.sign_in(login)
        expect(answer.status == 403 and "You are logged in to the trust as %s" % login in answer.words
               and "have no access here. Ask your lead." in answer.words,
               "%s: %d %s" % (login, answer.status, answer.words[:300]))
        expect(b.go("/calls").status == 403, "in by asking again")
        until(lambda name=login: front.refused(name) > 0, "the refusal of %s in the audit" % login, 10)
        expect(front.audited(login, "login") == 0, "a log-in of %s" % login)


def no_name_from_the_provider(around):
    front = shared(around)
    front.provider.people["nameless"] = {"name": front.amy, "upn": front.amy}
    front.provider.people["empty"] = {"preferred_username": ""}
    front.provider.people["long"] = {"preferred_username": "x" * 64}
    front.provider.people["two"] = {"preferred_username": [front.amy, front.mia]}
    front.provider.people["line"] = {"preferred_username": front.amy + "\r\nX-Remote-User: " + front.mia}
    before = [front.audited(login, "login") for login in (front.amy, front.mia)]
    for name in ("nameless", "empty", "long", "two", "line"):
        b = front.stage.browser()
        answer = b.sign_in(name)
        expect("You have no access here" in answer.words or urllib.parse.urlsplit(b.way[-1]).path == "/openid",
               "%s: %d %s" % (name, answer.status, answer.words[:200]))
        expect(b.get("/calls").status in (302, 403), "%s is in" % name)
    expect([front.audited(login, "login") for login in (front.amy, front.mia)] == before, "somebody is in")


def forged_tokens(around):
    front = shared(around)
    before = front.audited(front.amy, "login"), front.requests()

    def in_with(claims):
        front.provider.spoil = lambda made: made.update(claims)
        try:
            return front.stage.browser().sign_in(front.amy)
        finally:
            front.provider.spoil = None
    for claims in ({"aud": "another"}, {"nonce": "another"}, {"iss": "https://another.example"}, {"exp": 1000000000}):
        answer = in_with(claims)
        expect(answer.status >= 400 or "Calls" not in answer.h1, "in with %s: %d" % (claims, answer.status))
    front.provider.by_other_key = True
    answer = front.stage.browser().sign_in(front.amy)
    front.provider.by_other_key = False
    expect(answer.status >= 400 or "Calls" not in answer.h1, "in with another's signature: %d" % answer.status)
    b = front.stage.browser()
    answer = b.get("/openid?code=x&state=y")
    expect("Calls" not in b.follow(answer).h1, "in with a state that was made up")
    expect((front.audited(front.amy, "login"), front.requests()) == before, "it reached the page")
    expect(in_with({}).h1.startswith("Calls"), "a good token is refused too, so this shows nothing")


def out_of_both(around):
    front = shared(around)
    b = front.stage.browser()
    listed = b.sign_in(front.amy)
    old = dict(b.jars[HOST])
    before = front.audited(front.amy, "logout")
    shown = b.follow(b.post("/logout", listed.form("/logout")))
    expect(shown.h1 == "You are logged out" and 'href="%s/openid?logout="' % ADDRESS in shown.text, shown.words[:300])
    expect(front.audited(front.amy, "logout") == before + 1, "the audit has no log-out")
    expect(b.go("/calls").h1 == "Log in", "back in without the button")
    hints = len(front.provider.hints)
    done = b.go(ADDRESS + "/openid?logout=")
    expect(done.h1 == "Signed out of the trust" and len(front.provider.hints) == hints + 1, done.words[:300])
    expect("__Host-openid" not in b.jars[HOST], "the proxy's cookie stays")
    asked = b.go("/calls")
    expect(asked.h1 == "Sign in at the trust", "the provider asks nothing: %s" % asked.words[:200])
    b.jars[HOST] = old
    is_sent_to_the_provider(front, b.get("/calls"))


def the_next_person_at_the_desk(around):
    """Out of the proxy alone, with a session of the page open: the next person gets their own."""
    front = shared(around)
    b = front.stage.browser()
    b.sign_in(front.amy)
    expect(b.go(ADDRESS + "/openid?logout=").h1 == "Signed out of the trust", "out")
    shown = b.sign_in(front.mia)
    if shown.h1 == "Log in":
        shown = b.follow(b.post("/login", {}))
    expect("Mia Green" in shown.words and "Amy" not in shown.words, shown.words[:300])


def no_form_is_lost(around):
    """The proxy's session ends while somebody types."""
    front = shared(around)
    task = front.stage.task_of("P-202")
    path = "/case/%s/take" % task
    b = front.stage.browser()
    form = b.sign_in(front.amy, "/case/" + task).form(path)
    del b.jars[HOST]["__Host-openid"]
    reached = front.requests()
    lost = b.post(path, form)
    expect(lost.status == 401 and "this was not saved" in lost.text and "Location" not in lost.headers,
           "without the proxy's session: %d %s" % (lost.status, lost.text[:300]))
    count = "select count(*) from oh.entry_row where task_id = '%s' and kind = 'claim'" % task
    expect(front.requests() == reached and front.stage.sql(count) == "0", "it was saved")
    listed = b.go("/calls")  # the provider knows them still
    expect(listed.h1.startswith("Calls"), listed.words[:200])
    expect(b.post(path, form).status == 303 and front.stage.sql(count) == "1", "sent again")


def the_page_is_restarted(around):
    front = shared(around)
    b = front.stage.browser()
    b.sign_in(front.amy)
    expect(front.stage.web.stop() == 0, "it did not end with 0")
    away = b.get("/calls")
    expect(away.status == 503, "while it is away: %d" % away.status)
    front.stage.start_page()
    shown = b.go("/calls")
    if shown.h1 == "Log in":
        shown = b.follow(b.post("/login", {}))
    expect(shown.h1.startswith("Calls"), "after it is back: %d %s" % (shown.status, shown.words[:200]))


def nothing_personal_is_logged(around):
    """All that the proxy wrote in this run."""
    front = shared(around)
    b = front.stage.browser()
    task = front.stage.task_of("P-201")
    b.sign_in(front.amy, "/case/" + task)
    front.stage.stop_proxy()
    logs = {path.name: path.read_text() for path in front.stage.front.glob("*.log")}
    expect(len(logs["dayfour-web-access.log"].splitlines()) >= 5, "the access log is nearly empty")
    words = [front.amy, front.mia, "Amy", "Test Person", "P-20", "07700", task, "/case/", "code=", "state=",
             front.stage.secret,
             front.stage.password, *b.jars[HOST].values(), *front.provider.issued]
    for name, text in logs.items():
        for word in words:
            expect(word not in text, "%s has %s" % (name, word if len(word) < 20 else word[:8] + "..."))
    expect("X-Remote-User" not in front.stage.web.log.read_text(), "the page logs the name's header")
    expect(not front.stage.web.lines("identity_ignored"), "the page ignored the proxy")


CASES = {f.__name__: f for f in (
    first_to_the_provider, the_right_person, entries_are_theirs, forged_names, forged_cookies,
    only_the_proxy_reaches_the_page, unknown_to_dayfour, no_name_from_the_provider, forged_tokens, out_of_both,
    the_next_person_at_the_desk, no_form_is_lost, the_page_is_restarted, nothing_personal_is_logged)}

if __name__ == "__main__":
    absent = apache_stage.missing()
    if absent:
        print("not run: needs %s" % ", ".join(absent))
        sys.exit(harness.NOT_RUN)
    try:
        status = harness.run(CASES)
    finally:
        if "front" in SHARED:
            SHARED["front"].stage.close()
    sys.exit(status)
