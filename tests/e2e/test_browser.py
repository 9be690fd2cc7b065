"""The page in a real browser: journeys by keyboard with scripts on and off, and the checks of every screen and state.
Pictures of every screen stay in the run folder (screens/).

Needs chromium, chromedriver, python3-selenium, npm (for axe-core and the checker) and Java; else the test is not run.
"""
import sys
import threading
import time

import harness
from browser import Browser, Checks
from harness import expect
from web_pages import log_in
from web_stage import WebStage, event

PHONE = "07700 9001%02d"
NOW = "2026-09-10T07:30:00Z"  # Thursday, 8:30am in London


def contact(n, **more):
    return {"name": "Test Person %d" % n, "phone": PHONE % n, **more}


PEOPLE = [
    event("P-201", "A-1", "2026-09-06", None, "S12", contact(1, preferred_time="after 14:00", voicemail=True)),
    event("P-202", "A-2", "2026-09-07", None, "S12", {"name": "Test Person 2", "email": "person2@example.org"}),
    event("P-203", "A-3", "2026-08-31", None, "S11", contact(3, language="cy", voicemail=False)),
    event("P-204", "A-4", "2026-09-05", None, "S12", contact(4)),
    event("P-205", "A-5", "2026-09-08", None, "S12", contact(5)),
    event("P-206", "A-6", "2026-07-20", "2026-07-31", "S12", contact(6)),
    event("P-206", "A-7", "2026-09-07", None, "S12", contact(6)),
    event("P-207", "A-8", "2026-09-07", None, "S10", contact(7)),
    event("P-208", "A-9", "2026-09-06", None, "S12", {
        "name": "Test <b>Person</b> & \"8\" \u202e mark", "phone": PHONE % 8}),
    event("P-209", "A-10", "2026-09-06", None, "S12", {
        "name": "\u0645\u0631\u064a\u0636 \u062a\u062c\u0631\u064a\u0628\u064a 9", "phone": PHONE % 9}),
    event("P-210", "A-11", "2026-09-04", None, None, contact(10)),
    event("P-211", "A-12", "2026-09-07", None, "S12", {
        "name": "Test Person 11 " + "Long" * 30, "phone": PHONE % 11}),
    *[event("P-3%02d" % n, "B-%d" % n, "2026-09-09", None, "S12", contact(20 + n)) for n in range(30)],
]
LATEST = event("P-212", "A-13", "2026-09-09", None, "S12", contact(12))
NEVER = ["Test Person", "07700", "P-2", "P-3", "S12", "S10"]


class Page:
    """A stage with everything on it, for all cases of one run."""

    def __init__(self, around):
        self.stage = WebStage(around, now="2026-09-08T08:00:00Z")
        try:
            self.amy = self.stage.add_staff("amy", "--queues", "physiotherapy", shown="Amy Jones", role="physiotherapist")
            self.ben = self.stage.add_staff("ben", "--queues", "physiotherapy", shown="Ben Carter",
                                            role="physiotherapist")
            self.lena = self.stage.add_staff("lena", "--admin", shown="Lena Hughes", role="lead")
            self.stage.start_intake()
            self.stage.start_followup()
            self.stage.hr(*PEOPLE)
            self.stage.step_clock(NOW)
            self.stage.hr(LATEST)
            self.stage.start_web()
        except BaseException:
            self.stage.close()
            raise

    def task(self, person):
        return self.stage.task_of(person)

    def browser(self, checks=None, **options):
        return Browser(self.stage.address, checks, **options)


# --- journeys by keyboard alone

def journey(page, scripts):
    with page.browser(scripts=scripts) as b:
        log_in(b, page.amy, page.stage.password)
        expect(b.h1.startswith("Calls, Thursday 10 September"), "after log-in: %s" % b.h1)
        person = "Test Person 4" if scripts else "Test Person 1"
        b.press("Take, " + person)
        b.says("You took this case")
        expect(b.h1 == person, "the case: %s" % b.h1)
        case = b.path.partition("?")[0]
        b.visit(case).tab_to("Skip to main content", 1)
        b.keys("\ue007")
        steps = b.tab_to("I spoke to them", 20)
        expect(steps <= 6, "I spoke to them is %d tabs after the skip link" % steps)
        b.visit(case).press("I did not reach them")
        b.choose("No answer")
        b.press("Save", 60)
        b.visit("/calls?view=mine").press(person)
        b.says("no answer")
        b.press("I spoke to them")
        b.choose("No")
        b.choose("Self-management advice")
        b.press("Save and next call", 60)
        page.stage.settle()
        expect(page.stage.sql("select state from casework.spell where person_id = '%s'" %
                              ("P-204" if scripts else "P-201")) == "contacted", "the call was not saved")
        b.press("Log out")
        b.says("Log in")


def by_keyboard_with_scripts(around):
    journey(shared(around), True)


def by_keyboard_without_scripts(around):
    journey(shared(around), False)


def the_little_script(around):
    """It shows a password, copies, and says when a page is about to close; nothing of it asks the network."""
    page = shared(around)
    checks = checks_of(around)
    with page.browser(checks) as b:
        b.visit("/login").fill("password", "seen")
        b.one("main button[type=button]").click()
        expect(b.one("[name=password]").get_attribute("type") == "text", "the password is not shown")
        b.screen("login-with-scripts")
        log_in(b, page.amy, page.stage.password)
        case = "/case/" + page.task("P-203")
        b.visit(case).one("summary").click()
        b.click_here("Copy")
        b.says("Copied").screen("case-copied")
        before = len(b.requests())
        b.visit(case + "/spoke")
        b.driver.execute_script("document.querySelector('[data-closes-in]').setAttribute('data-closes-in', '120')")
        script = b.driver.execute_script("return document.querySelector('script').src")
        b.driver.execute_async_script("""
            const done = arguments[1], again = document.createElement("script");
            again.src = arguments[0]; again.onload = () => setTimeout(done, 100); document.head.appendChild(again);""", script)
        b.says("This page closes in 2 minutes").screen("closing")
        asked = [url for url in b.requests()[before:]
                 if not url.endswith(("/spoke", "/favicon.ico")) and "/assets/" not in url]
        expect(not asked, "the script asked the network for %s" % asked)


# --- every screen and state

def screens_of_a_clinician(around):
    page = shared(around)
    checks = checks_of(around)
    stage = page.stage
    with page.browser(checks, scripts=False) as b:
        b.visit("/help").screen("help-logged-out")
        b.visit("/login").screen("login")
        b.click("Log in").says("There is a problem", "Enter your user name").screen("login-errors")
        b.fill("login", page.amy).fill("password", "wrong").click("Log in").screen("login-refused")
        log_in(b, page.amy, stage.password)
        b.screen("calls-today")
        shown, _ = b.paper("calls-today")
        expect(not shown, "the list is printed with telephone numbers")
        for view in ("all", "mine", "unassigned", "not-reached", "follow-up"):
            b.visit("/calls?view=" + view).screen("calls-" + view)
        b.visit("/calls?view=all&page=2").screen("calls-page-2")
        b.visit("/calls?view=all&queue=none").screen("calls-no-match")
        case = "/case/" + page.task("P-203")
        b.visit(case).screen("case")
        shown, _ = b.paper("case")
        expect(not shown, "the case is printed with its telephone number")
        b.visit(case + "/print").screen("case-print")
        shown, text = b.paper("case-print")
        expect(shown and "Confidential" in text and "Amy Jones" in text, "the print of a case: %s" % text[:300])
        b.visit("/calls/print").screen("calls-print")
        b.paper("calls-print")
        b.visit(case + "/not-reached").screen("not-reached")
        b.click("Save").says("Select what happened").screen("not-reached-errors")
        b.check("outcome", "call_back").screen("not-reached-call-back")
        b.visit(case + "/spoke").screen("spoke")
        b.click("Save").screen("spoke-errors")
        b.visit(case + "/give").screen("give")
        b.click("Give").says("Select a colleague").screen("give-errors")
        b.visit(case + "/close").screen("close")
        b.click("Close the case").says("Select why you close the case").screen("close-errors")
        b.visit(case + "/no-calls").screen("no-calls")
        b.visit(case + "/history").screen("history")
        b.visit("/case/AAAAAAAAAAAA").says("Case not found").screen("case-not-found")
        b.visit("/find").screen("find")
        b.fill("text", "te").click("Find").says("Enter at least 3 characters").screen("find-errors")
        b.fill("text", "person 3").click("Find").says("Test Person 3").screen("find-found")
        b.visit("/find").fill("text", "zzzz").click("Find").says("Nobody found among your cases").screen("find-nobody")
        b.visit("/missing").screen("missing")
        for name in ("help", "accessibility", "privacy", "password"):
            b.visit("/" + name).screen(name)
        b.visit("/team").screen("team-refused")
        b.visit("/nowhere").screen("nowhere")
        b.only_own_host()
        b.visit("/calls").click("Log out").screen("logged-out")


def screens_of_entries(around):
    """A case from taking to closing, with an undo, an opt-out and a red flag."""
    page = shared(around)
    checks = checks_of(around)
    stage = page.stage
    with page.browser(checks, scripts=False) as b:
        log_in(b, page.amy, stage.password)
        case = "/case/" + page.task("P-205")
        b.visit(case).click("Take").visit(case).screen("case-mine")
        b.visit(case + "/not-reached").check("outcome", "voicemail").click("Save").screen("saved-attempt")
        b.visit(case).click("Undo").screen("undo")
        b.click("Undo the entry").says("Select why you undo the entry").screen("undo-errors")
        b.check("why", "wrong outcome").click("Undo the entry").screen("undone")
        b.visit(case + "/history").screen("history-undone")
        b.visit(case + "/spoke").check("urgent", "yes").check("agreed", "onward_referral").click("Save")
        b.screen("urgent")
        b.visit(case).screen("case-red-flag")
        b.visit(case + "/close").check("reason", "referred").click("Close the case").screen("closed")
        b.visit(case).screen("case-closed")
        b.click("Open this case again").screen("case-reopened")
        out = "/case/" + page.task("P-301")
        b.visit(out + "/no-calls").click("Save: no more calls").screen("case-no-calls")


def screens_of_a_lead(around):
    page = shared(around)
    checks = checks_of(around)
    with page.browser(checks, scripts=False) as b:
        log_in(b, page.lena, page.stage.password)
        b.visit("/calls").screen("lead-calls")
        b.visit("/team").screen("team")
        b.click("Share out").screen("team-move")
        b.click("Move").says("Select at least one call", "Select a colleague").screen("team-move-errors")
        b.driver.execute_script("document.querySelector('input[type=checkbox]').click()")
        b.check("to", page.ben).click("Move").says("1 call moved").screen("team-moved")
        b.visit("/team/week").screen("team-week")
        expect(b.h1 == "This week", "the heading of this week: %s" % b.h1)
        b.click("Week before").screen("team-week-before")
        expect(b.h1 == "Week from Monday 31 August", "the heading of the week before: %s" % b.h1)
        b.visit("/case/%s/looked" % page.task("P-203")).says("Lena Hughes").screen("looked")


def another_password(around):
    page = shared(around)
    checks = checks_of(around)
    new = "correct horse battery"
    with page.browser(checks, scripts=False) as b:
        log_in(b, page.ben, page.stage.password)
        b.visit("/password").click("Change password")
        b.says("Enter your present password", "New password must have at least 12 characters").screen("password-errors")
        b.fill("password-current", "wrong-wrong-wrong").fill("password-new", new).fill("password-again", new).click("Change password")
        b.says("The present password is not right")
        expect(not any(e.get_attribute("value") for e in b.all("input[type=password]")), "a password came back")
        b.fill("password-current", page.stage.password).fill("password-new", new).fill("password-again", new).click("Change password")
        b.says("Your password is changed").screen("password-changed").click("Log out")
        b.visit("/login").fill("login", page.ben).fill("password", page.stage.password).click("Log in")
        b.says("The user name or password is not right")
        log_in(b, page.ben, new)
        expect(b.h1.startswith("Calls"), "the new password is refused: %s" % b.body()[:300])
    page.stage.sql("alter role %s password '%s'" % (page.ben, page.stage.password))


# --- what a tired person needs

LAPTOP = (1366, 640)  # what a browser leaves of the commonest screen


def a_low_screen(around):
    """The buttons of a call are in sight without scrolling, and the first question has the focus."""
    page = shared(around)
    with page.browser(scripts=False, size=LAPTOP) as b:
        log_in(b, page.amy, page.stage.password)
        case = "/case/" + page.task("P-313")
        b.visit(case)
        for text in ("I spoke to them", "I did not reach them"):
            expect([e for e in b.all("main .button") if e.text == text and b.in_sight(e)], "%s is out of sight" % text)
        for form, first in (("/spoke", "No"), ("/not-reached", "No answer")):
            b.visit(case + form)
            expect(b.focused() == first, "%s: the focus is at %r" % (form, b.focused()))
            expect(b.in_sight(b.one("h1")), "%s: the heading is out of sight" % form)
            expect(b.in_sight(b.one(".button[value=yes]")), "%s: the button that saves is out of sight" % form)
        b.visit("/find")
        expect(b.driver.execute_script("return document.activeElement.name") == "text", "/find: the focus is elsewhere")


def only_a_day(around):
    """Month and year may be left out: the next such day, and the page says which one it understood."""
    page = shared(around)
    with page.browser(scripts=False) as b:
        log_in(b, page.amy, page.stage.password)
        case = "/case/" + page.task("P-314")
        b.visit(case + "/not-reached").check("outcome", "call_back").fill("back-day", "11").fill("back-time", "2pm")
        b.click("Save and next call").says("Test Person 34. Not reached: call them back tomorrow 2:00pm.")
        page.stage.settle()
        expect(page.stage.sql("select call_back_at at time zone 'Europe/London' from oh.entry where task_id = '%s'"
                              % page.task("P-314")) == "2026-09-11 14:00:00", "the promise is for another time")
        b.visit(case + "/spoke").check("urgent", "no").check("agreed", "no_action_needed").check("review", "other")
        b.fill("again-day", "9").fill("again-month", "10").click("Save").says("Follow-up: Friday 9 October.")


def a_red_flag_of_ones_own(around):
    """The button that hides it from the lead is not where the habit of saving finds it."""
    page = shared(around)
    case = "/case/" + page.task("P-315")
    with page.browser(scripts=False) as b:
        log_in(b, page.amy, page.stage.password)
        b.visit(case + "/spoke").check("urgent", "yes").check("agreed", "self_management_advice").click("Save and next call")
        b.says("Urgent care advised. Your lead sees this now. Follow-up: Friday 11 September.", "You raised it.")
        expect(not [e for e in b.all("main button") if e.is_displayed() and e.text == "I have seen to it"],
               "the button is beside what was saved")
    with page.browser(scripts=False) as b:
        log_in(b, page.lena, page.stage.password)
        b.visit("/team").leave(b.one(".callout a[href*=follow-up]").click)
        b.click("Test Person 35").click("I have seen to it")
        b.says_not("Red flag: urgent care")


def sums_of_today(around):
    """Only the list of today has the figures of the whole day."""
    page = shared(around)
    with page.browser(scripts=False) as b:
        log_in(b, page.ben, page.stage.password)
        b.says("promised for today").visit("/calls?view=mine").says_not("promised for today", "to reach by today")


def sharing_out(around):
    """Five at a press, from the top."""
    page = shared(around)
    with page.browser() as b:
        log_in(b, page.lena, page.stage.password)
        b.visit("/team").click("Share out").click_here("Select 5 more").click_here("Select 5 more")
        ticked = [e.is_selected() for e in b.all("input[type=checkbox]")]
        expect(ticked[:10] == [True] * 10 and not any(ticked[10:]), "ticked: %s" % ticked)


# --- two at once

def race_for_a_case(around):
    page = shared(around)
    checks = checks_of(around)
    case = "/case/" + page.task("P-310")
    with page.browser(checks, scripts=False) as one, page.browser(checks, scripts=False) as two:
        log_in(one, page.amy, page.stage.password)
        log_in(two, page.ben, page.stage.password)
        for b in (one, two):
            b.visit(case)
        threads = [threading.Thread(target=b.click, args=("Take",)) for b in (one, two)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        lost = [b for b in (one, two) if b.h1 == "Taken by a colleague"]
        expect(len(lost) == 1, "both took it, or neither: %s | %s" % (one.body()[:300], two.body()[:300]))
        lost[0].says("Amy Jones" if lost[0] is two else "Ben Carter").screen("taken-meanwhile")
        expect(page.stage.sql("select count(*) from oh.entry where kind = 'claim' and task_id = '%s'"
                              % page.task("P-310")) == "1", "more than one took it")


def changed_by_hr(around):
    page = shared(around)
    checks = checks_of(around)
    stage = page.stage
    case = "/case/" + page.task("P-311")
    with page.browser(checks, scripts=False) as b:
        log_in(b, page.amy, stage.password)
        b.visit(case + "/not-reached").check("outcome", "busy")
        stage.hr(event("P-311", "B-11", "2026-09-07", None, "S12", contact(31), version=2, type="amended"))
        b.click("Save").says("While you were on this page").screen("changed")
        b.click("Save my entry")
        stage.settle()
        expect(stage.sql("select count(*) from oh.entry where task_id = '%s' and outcome = 'busy'"
                         % page.task("P-311")) == "1", "the entry was not saved")
        b.visit("/calls?view=all").screen("calls-hr-changed")


def session_ends_while_typing(around):
    page = shared(around)
    checks = checks_of(around)
    case = "/case/" + page.task("P-312")
    with page.browser(checks, scripts=False) as b:
        log_in(b, page.amy, page.stage.password)
        b.visit(case + "/not-reached").check("outcome", "voicemail")
        page.stage.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = '%s'" % page.amy)
        time.sleep(0.5)
        b.click("Save").says("Log in").screen("login-kept-form")
        b.fill("login", page.amy).fill("password", page.stage.password).click("Log in")
        expect(b.one("input[name=outcome][value=voicemail]").is_selected(), "what was typed is lost: %s" % b.body()[:300])
        b.screen("form-came-back")


def old_data(around):
    """The warning stands before the list, and the list before its empty words."""
    page = shared(around)
    checks = checks_of(around)
    page.stage.step_clock("2026-09-14T08:00:00Z")
    page.stage.wait_idle()
    with page.browser(checks, scripts=False) as b:
        log_in(b, page.amy, page.stage.password)
        b.says("HR data is from").screen("calls-old-data")


def all_is_well(around):
    """Last: what the checks of all screens found."""
    checks = checks_of(around)
    print("screens: %d, in %s" % (len(checks.seen), checks.pictures))
    checks.end()


SHARED = {}


def shared(around):
    if "page" not in SHARED:
        SHARED["page"] = Page(around)
    return SHARED["page"]


def checks_of(around):
    if "checks" not in SHARED:
        SHARED["checks"] = Checks(around.run_dir, NEVER)
    return SHARED["checks"]


CASES = {
    "by_keyboard_with_scripts": by_keyboard_with_scripts,
    "by_keyboard_without_scripts": by_keyboard_without_scripts,
    "the_little_script": the_little_script,
    "screens_of_a_clinician": screens_of_a_clinician,
    "screens_of_entries": screens_of_entries,
    "screens_of_a_lead": screens_of_a_lead,
    "another_password": another_password,
    "a_low_screen": a_low_screen,
    "only_a_day": only_a_day,
    "a_red_flag_of_ones_own": a_red_flag_of_ones_own,
    "sums_of_today": sums_of_today,
    "sharing_out": sharing_out,
    "race_for_a_case": race_for_a_case,
    "changed_by_hr": changed_by_hr,
    "session_ends_while_typing": session_ends_while_typing,
    "old_data": old_data,
    "all_is_well": all_is_well,
}

if __name__ == "__main__":
    try:
        status = harness.run(CASES)
    finally:
        if "page" in SHARED:
            SHARED["page"].stage.close()
    sys.exit(status)
