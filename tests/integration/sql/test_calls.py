"""Promises, channels, red flags, closing as unable to contact, and calls that are sent twice."""
from harness import NULL, case, equal, refused

ID = "00000000-0000-4000-8000-%012d"


def attempt(w, spell, outcome="no_answer", at="2026-09-10T11:00Z", more=""):
    w.at("amy").run(f"select oh.record_attempt('{spell}', '{outcome}', '{at}'{more})")


def listed(w, spell):
    rows = w.at("amy").run(f"select act_by from oh.worklist where task_id = '{spell}'")
    return rows[0][0] if rows else None


@case
def a_call_back_may_have_a_time(w):
    spell = w.spell()
    attempt(w, spell, "call_back", more=", call_back_at => '2026-09-11T13:00Z'")
    equal(w.at("amy").run(f"select outcome, call_back_at, channel from oh.entry where task_id = '{spell}'"),
          [("call_back", "2026-09-11 13:00:00+00", "phone")])
    attempt(w, spell, "call_back")
    for bad in ("2026-09-10T12:00Z", "2026-10-08T12:00:01Z", "infinity", "-infinity"):
        refused("22023", w.at("amy"), f"select oh.record_attempt('{spell}', 'call_back', call_back_at => '{bad}')")
    attempt(w, spell, "call_back", more=", call_back_at => '2026-10-08T12:00Z'")
    refused("22023", w.at("amy"), f"select oh.record_attempt('{spell}', 'busy', call_back_at => '2026-09-11T13:00Z')")


@case
def writing_has_a_channel_of_its_own(w):
    spell = w.spell()
    for outcome, channel in (("text_sent", "text"), ("email_sent", "email"), ("letter_sent", "letter")):
        attempt(w, spell, outcome)
        attempt(w, spell, outcome, more=f", channel => '{channel}'")
        equal(w.at("amy").column(f"select distinct channel from oh.entry where task_id = '{spell}'"
                                 f" and outcome = '{outcome}'"), [channel])
    for bad in ("'fax'", "null", "''"):
        refused("22023", w.at("amy"), f"select oh.record_attempt('{spell}', 'no_answer', channel => {bad})")
        refused("22023", w.at("amy"), f"select oh.record_contact('{spell}', 'declined', channel => {bad})")


@case
def a_contact_says_how_work_is(w):
    spell = w.spell()
    amy = w.at("amy")
    amy.run(f"select oh.record_contact('{spell}', 'onward_referral', review_on => 'infinity', channel => 'video',"
            " work_related => 'partly', work_ability => 'with_changes', likely_return => '2026-10-01',"
            " service => 'joint-pain')")
    equal(amy.run("select outcome, review_on, red_flag, channel, work_related, work_ability, likely_return, service"
                  f" from oh.entry where task_id = '{spell}'"),
          [("onward_referral", "infinity", "f", "video", "partly", "with_changes", "2026-10-01", "joint-pain")])
    for bad in ("work_related => 'maybe'", "work_ability => ''", "likely_return => '2026-09-06'",
                "likely_return => 'infinity'", "service => ''", "service => repeat('x', 101)"):
        refused("22023", amy, f"select oh.record_contact('{spell}', 'declined', {bad})")


@case
def a_red_flag_needs_a_follow_up(w):
    spell = w.spell()
    amy = w.at("amy")
    for flag in ("'declined', review_on => 'infinity', red_flag => true",
                 "'urgent_care_advised', review_on => 'infinity'"):
        refused("22023", amy, f"select oh.record_contact('{spell}', {flag})")
    amy.run(f"select oh.record_contact('{spell}', 'urgent_care_advised')")
    equal(amy.column(f"select red_flag from oh.entry where task_id = '{spell}'"), ["t"])


@case
def a_red_flag_is_acknowledged_once(w):
    spell = w.spell()
    amy = w.at("amy")
    refused("OH002", amy, f"select oh.acknowledge('{spell}')")
    amy.run(f"select oh.record_contact('{spell}', 'urgent_care_advised', '2026-09-10T10:00Z')")
    amy.run(f"select oh.acknowledge('{spell}')")
    equal(w.fact(spell)["kind"], "7")
    refused("OH002", w.at("ben"), f"select oh.acknowledge('{spell}')")
    amy.run(f"select oh.record_contact('{spell}', 'declined', '2026-09-10T09:00Z', red_flag => true)")
    refused("OH002", amy, f"select oh.acknowledge('{spell}')")  # an earlier contact, written down later
    amy.run(f"select oh.record_contact('{spell}', 'declined', '2026-09-10T11:00Z', red_flag => true)")
    amy.run(f"select oh.record_contact('{spell}', 'declined', '2026-09-10T11:30Z')")
    refused("OH002", amy, f"select oh.acknowledge('{spell}')")
    stone = w.spell(state="ended", end_reason="moved", tombstone=True)
    refused("OH002", amy, f"select oh.acknowledge('{stone}')")
    refused("OH001", amy, f"select oh.acknowledge('{w.spell(organisation='XX9')}')")


@case
def unable_to_contact_after_three_calls_on_two_days(w):
    spell = w.spell()
    close = f"select oh.close_case('{spell}', 'unable_to_contact')"
    attempt(w, spell, at="2026-09-08T09:00Z")
    attempt(w, spell, at="2026-09-08T10:00Z")
    attempt(w, spell, "text_sent", "2026-09-09T09:00Z")
    attempt(w, spell, "voicemail", "2026-09-09T09:00Z", ", channel => 'text'")
    attempt(w, spell, "busy", "2026-09-09T10:00Z")
    refused("OH002", w.at("amy"), close)
    attempt(w, spell, "voicemail", "2026-09-09T11:00Z")
    w.at("amy").run(close)
    equal(w.at("amy").value(f"select outcome from oh.entry where task_id = '{spell}' and kind = 'close'"),
          "unable_to_contact")
    refused("OH002", w.at("amy"), f"select oh.close_case('{spell}', 'other')")
    w.at("amy").run(f"select oh.record_contact('{spell}', 'declined', '2026-09-08T08:00Z')")
    refused("OH002", w.at("amy"), f"select oh.close_case('{spell}', 'other')")
    w.clock("2026-09-10T12:10:00Z")
    w.at("amy").run(f"select oh.record_contact('{spell}', 'declined')")
    refused("OH002", w.at("amy"), f"select oh.reopen_case('{spell}')")  # the later contact did
    refused("OH002", w.at("amy"), close)
    w.at("amy").run(f"select oh.close_case('{spell}', 'declined')")
    w.clock("2026-09-10T12:00:00Z")


@case
def after_a_death_or_leaving_only_what_was_done_before(w):
    for what in ("died_on", "left_on"):
        spell = w.spell(w.person(**{what: "2026-09-09"}), records=[("/hr", what)])
        attempt(w, spell, at="2026-09-09T22:59Z")
        for at in ("2026-09-09T23:00Z", "2026-09-10T10:00Z"):
            refused("OH002", w.at("amy"), f"select oh.record_attempt('{spell}', 'no_answer', '{at}')")
            refused("OH002", w.at("amy"), f"select oh.record_contact('{spell}', 'declined', '{at}')")
    back = w.spell(w.person(left_on="2026-09-06"), records=[("/hr", "back")])
    attempt(w, back)


@case
def where_the_notes_are(w):
    spell = w.spell()
    amy = w.at("amy")
    amy.run(f"select oh.set_oh_record('{spell}', ' OH-2026/17 ')")
    equal(amy.run(f"select kind, oh_record, outcome from oh.entry where task_id = '{spell}'"),
          [("oh_record", "OH-2026/17", NULL)])
    amy.run(f"select oh.set_oh_record('{spell}', repeat('x', 40))")
    for bad in ("repeat('x', 41)", "repeat('é', 21)", "E'a\\nb'"):
        refused("22023", amy, f"select oh.set_oh_record('{spell}', {bad})")
    for nothing in ("''", "null"):
        amy.run(f"select oh.set_oh_record('{spell}', {nothing})")
    equal(amy.value(f"select oh_record from oh.entry where task_id = '{spell}' order by entry_id desc limit 1"), NULL)


@case
def one_undoes_ones_own_of_seven_days(w):
    def entry():
        spell = w.spell()
        attempt(w, spell)
        return w.fact(spell)["entry_id"]
    mine, old = entry(), entry()
    refused("OH002", w.at("ben"), f"select oh.retract({mine}, 'not mine')")
    w.at("amy").run(f"select oh.retract({mine}, 'slip')")
    w.at("ben").run(f"select oh.retract({mine}, 'again')")
    w.clock("2026-09-17T12:00:01Z")
    refused("OH002", w.at("amy"), f"select oh.retract({old}, 'too late')")
    w.at("ada").run(f"select oh.retract({old}, 'a lead may')")
    w.clock("2026-09-10T12:00:00Z")


@case
def a_request_sent_twice_is_done_once(w):
    spell, other = w.spell(), w.spell()
    amy, person = w.at("amy"), w.person_of(spell)
    calls = [f"oh.claim('{spell}'", f"oh.assign('{spell}', '{w.role('ben')}'",
             f"oh.release('{spell}'", f"oh.record_attempt('{spell}', 'no_answer'",
             f"oh.record_contact('{spell}', 'urgent_care_advised'", f"oh.acknowledge('{spell}'",
             f"oh.close_case('{spell}', 'other'", f"oh.reopen_case('{spell}'", f"oh.set_oh_record('{spell}', 'OH-1'",
             f"oh.opt_out('RW3', '{person}'", f"oh.opt_in('RW3', '{person}'"]
    count = "select count(*) from audit.entry where what not like 'read%'"
    for n, call in enumerate(calls):
        who = w.at("ben") if "release" in call else amy
        before = int(w.root.value(count))
        who.run(f"select {call}, request_id => '{ID % n}')")
        who.run(f"select {call}, request_id => '{ID % n}')")
        equal(int(w.root.value(count)), before + 1, call)
    refused("22023", amy, f"select oh.claim('{other}', request_id => '{ID % 0}')")
    refused("22023", amy, f"select oh.release('{spell}', request_id => '{ID % 0}')")
    refused("OH002", amy, f"select oh.acknowledge('{spell}', request_id => '{ID % 90}')")
    amy.run(f"select oh.claim('{other}', request_id => '{ID % 90}')")
    w.at("ben").run(f"select oh.record_attempt('{spell}', 'busy', request_id => '{ID % 0}')")
    w.clock("2026-09-11T12:00:01Z")
    amy.run(f"select oh.record_attempt('{spell}', 'busy', request_id => '{ID % 0}')")
    equal(w.root.value(f"select count(*) from oh.request where login = '{w.role('amy')}'"), "1",
          "the others are forgotten")
    w.clock("2026-09-10T12:00:00Z")


@case
def what_is_to_be_done_by_when(w):
    for columns, wanted in (({}, "2026-09-11"), ({"work_by_date": "2026-09-10"}, "2026-09-10"),
                            ({"work_by_date": "2026-09-10", "respond_by": "2026-09-12"}, "2026-09-12"),
                            ({"respond_by": "2026-09-09", "call_back_at": "2026-09-13T23:00Z"}, "2026-09-14")):
        equal(listed(w, w.spell(**columns)), wanted, str(columns))
    met = {"state": "contacted", "contacted_at": "2026-09-08T10:00Z"}
    equal(listed(w, w.spell(**met)), None)
    equal(listed(w, w.spell(**met, call_back_at="2026-09-12T10:00Z")), "2026-09-12")
    spell = w.spell(**met, call_back_at="2026-09-12T10:00Z", red_flag_open=True, case_closed=True)
    equal(listed(w, spell), "2026-09-10", "an open red flag is for today")
    spell = w.spell(**met, call_back_at="2026-09-12T10:00Z")
    w.emitted(spell, "follow-up.due", "2026-09-09T08:00Z")
    w.emitted(spell, "follow-up.due", "2026-09-10T08:00Z")
    equal(listed(w, spell), "2026-09-09", "the earliest of what it is on the list for")
    gone = {"state": "ended", "end_reason": "opted_out"}
    equal(listed(w, w.spell(**gone, call_back_at="2026-09-12T10:00Z")), None)
    equal(listed(w, w.spell(**gone, red_flag_open=True)), "2026-09-10")
    equal(listed(w, w.spell(w.person(died_on="2026-09-09"), records=[("/hr", "dead")], **gone, red_flag_open=True)),
          None, "never of somebody who died")
    equal(listed(w, w.spell(case_closed=True)), None, "an open task of a closed case")


@case
def a_check_in_stays_until_a_later_closing(w):
    for closed_at, wanted in (("2026-09-09T10:00Z", "2026-09-10"), ("2026-09-10T10:00Z", None)):
        spell = w.spell(state="contacted", contacted_at="2026-09-08T10:00Z", last_day="2026-08-28",
                        onset_date="2026-08-20", case_closed=True, closed_at=closed_at)
        w.emitted(spell, "check-in.due", "2026-09-10T08:00Z")
        equal(listed(w, spell), wanted, closed_at)


@case
def who_has_it_is_named(w):
    w.root.run(f"update oh.staff set display_name = 'Test Person 90' where login = '{w.role('ben')}'")
    spell = w.spell(assigned_to=w.role("ben"))
    equal(w.at("amy").run(f"select assigned_to, assigned_name from oh.task where task_id = '{spell}'"),
          [(w.role("ben"), "Test Person 90")])


@case
def of_one_request_sent_twice_at_once_one_is_done(w):
    spell = w.spell()
    call = f"select oh.record_attempt('{spell}', 'busy', request_id => '{ID % 70}')"
    amy, again = w.at("amy"), w.cluster.session("amy", w.dbname)
    amy.run("begin")
    amy.run(call)
    again.send(call)
    w.wait_for_lock(again)
    amy.run("commit")
    again.collect()
    equal(w.root.value(f"select count(*) from fact.contact where person_id = '{w.person_of(spell)}'"), "1")
    amy.run("begin")
    amy.run(f"select oh.record_attempt('{spell}', 'busy', request_id => '{ID % 71}')")
    refused("OH002", again, f"select oh.record_attempt('{spell}', 'busy', request_id => '{ID % 71}')")  # after a second
    amy.run("rollback")
    again.run(f"select oh.record_attempt('{spell}', 'busy', request_id => '{ID % 71}')")
    equal(w.root.value(f"select count(*) from fact.contact where person_id = '{w.person_of(spell)}'"), "2")
    again.close()
