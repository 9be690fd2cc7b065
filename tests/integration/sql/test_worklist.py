"""The tasks that are on a worklist, and those that are not."""
from harness import case, equal


def listed(w, spell, who="amy"):
    return w.at(who).column(f"select state from oh.worklist where task_id = '{spell}'") != []


def contacted(w, **more):
    return w.spell(**dict(dict(state="contacted", contacted_at="2026-09-08T10:00Z", attempts=1), **more))


@case
def open_tasks_are_on_it(w):
    equal(listed(w, w.spell()), True)
    equal(listed(w, w.spell(due_date="2026-09-01")), True, "overdue")


@case
def ended_tasks_are_not(w):
    for reason in ("returned_before_contact", "returned_uncontacted", "opted_out", "merged", "entered_in_error"):
        spell = w.spell(state="ended", end_reason=reason)
        w.emitted(spell, "check-in.due", "2026-09-10T08:00Z")
        equal(listed(w, spell), False, reason)


@case
def contacted_ones_wait_for_a_prompt(w):
    spell = contacted(w)
    equal(listed(w, spell), False)
    for kind in ("contact-task.created", "contact.overdue", "long-term.reached"):
        w.emitted(spell, kind, "2026-09-09T08:00Z")
    equal(listed(w, spell), False)
    w.emitted(spell, "follow-up.due", "2026-09-10T08:00Z")
    equal(listed(w, spell), True)


@case
def a_withdrawn_prompt_does_not_count(w):
    spell = contacted(w)
    w.emitted(spell, "review.due", "2026-09-10T08:00Z", withdrawn_at="2026-09-10T09:00Z")
    equal(listed(w, spell), False)


@case
def a_prompt_counts_until_a_later_contact(w):
    spell = contacted(w)
    w.root.run("update ops.clock set rehearsal_at = '2026-10-10T12:00Z'")
    w.emitted(spell, "follow-up.due", "2026-10-09T08:00Z")
    w.at("amy").run(f"select oh.record_contact('{spell}', 'no_action_needed', '2026-10-09T07:59:59Z')")
    equal(listed(w, spell), True, "an earlier contact, written down later")
    w.at("amy").run(f"select oh.record_attempt('{spell}', 'voicemail', '2026-10-10T08:00Z')")
    equal(listed(w, spell), True, "an attempt")
    w.at("amy").run(f"select oh.record_contact('{spell}', 'no_action_needed', '2026-10-10T08:00Z')")
    equal(listed(w, spell), False, "a later contact")
    w.at("amy").run(f"select oh.retract({w.fact(spell)['entry_id']}, 'somebody else')")
    equal(listed(w, spell), True, "retracted")
    w.clock("2026-09-10T12:00:00Z")


@case
def follow_ups_and_reviews_count_until_the_spell_ends(w):
    for kind in ("follow-up.due", "review.due"):
        spell = contacted(w, last_day="2026-09-10")
        w.emitted(spell, kind, "2026-09-10T08:00Z")
        equal(listed(w, spell), True, kind + " on the last day")
        w.root.run(f"update casework.spell set last_day = '2026-09-09' where spell_id = '{spell}'")
        equal(listed(w, spell), False, kind + " after it")


@case
def a_check_in_counts_for_28_days(w):
    spell = contacted(w, onset_date="2026-08-01", last_day="2026-08-10")
    w.emitted(spell, "check-in.due", "2026-08-24T08:00Z")
    for now, wanted in (("2026-08-24T08:00Z", True), ("2026-09-20T22:59Z", True), ("2026-09-20T23:00Z", False)):
        w.clock(now)
        equal(listed(w, spell), wanted, now)
    w.clock("2026-09-10T12:00:00Z")


@case
def the_last_check_in_of_a_long_absence_is_found(w):
    # Ten working days over Christmas, then 28 days, then nearly 28 more.
    spell = contacted(w, onset_date="2026-11-01", last_day="2026-12-23", contacted_at="2026-11-03T10:00Z")
    w.emitted(spell, "check-in.due", "2027-02-09T09:00Z")
    w.clock("2027-03-08T23:00Z")
    equal(listed(w, spell), True)
    w.clock("2026-09-10T12:00:00Z")


@case
def a_closed_case_is_off_it(w):
    spell = contacted(w, case_closed=True)
    w.emitted(spell, "follow-up.due", "2026-09-10T08:00Z")
    equal(listed(w, spell), False)


@case
def nobody_who_died(w):
    spell = w.spell(w.person(died_on="2026-09-12"))
    equal(listed(w, spell), False, "from receipt, whatever the day")
    w.root.run(f"update fact.person set died_on = null where person_id = '{w.person_of(spell)}'")
    equal(listed(w, spell), True, "taken back")


@case
def nobody_who_left(w):
    person = w.person(left_on="2026-09-10")
    before = w.spell(person, records=[("/hr", person + "-1")])
    equal(listed(w, before), True, "the last day of employment")
    w.clock("2026-09-10T23:00Z")
    equal(listed(w, before), False, "the day after")
    after = w.spell(person, records=[("/hr", person + "-2")], onset_date="2026-09-11")
    equal(listed(w, after), True, "an absence after coming back")
    w.clock("2026-09-10T12:00:00Z")


@case
def nobody_who_opted_out(w):
    person = w.person(opted_out=True, opt_on="2026-09-11", opt_time="2026-09-01T10:00Z", opt_id="1")
    spell = w.spell(person, records=[("/hr", person + "-1")])
    equal(listed(w, spell), True, "the day before it is in force")
    w.clock("2026-09-10T23:00Z")
    equal(listed(w, spell), False, "in force")
    w.root.run(f"update fact.person set opted_out = false where person_id = '{person}'")
    equal(listed(w, spell), True, "opted in")
    w.clock("2026-09-10T12:00:00Z")


@case
def the_same_for_contacted_ones(w):
    for more in (dict(died_on="2026-09-01"), dict(left_on="2026-09-09"),
                 dict(opted_out=True, opt_on="2026-09-01")):
        spell = contacted(w, person=w.person(**more))
        w.emitted(spell, "follow-up.due", "2026-09-10T08:00Z")
        equal(listed(w, spell), False, str(more))


@case
def opting_out_shows_at_once(w):
    spell = w.spell()
    w.at("amy").run(f"select oh.opt_out('RW3', '{w.person_of(spell)}')")
    equal(listed(w, spell), False)
    w.at("amy").run(f"select oh.opt_in('RW3', '{w.person_of(spell)}')")
    equal(listed(w, spell), True)


@case
def each_task_is_listed_once(w):
    spell = contacted(w)
    for day in ("2026-09-08", "2026-09-09", "2026-09-10"):
        w.emitted(spell, "follow-up.due", day + "T11:00Z")
    w.emitted(spell, "review.due", "2026-09-10T08:00Z")
    equal(len(w.at("amy").run(f"select 1 from oh.worklist where task_id = '{spell}'")), 1)
