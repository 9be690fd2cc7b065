"""Entries of OH teams: the stored fact, the wake-up, and the refusals."""
import time

from harness import NULL, Refused, Session, case, equal, refused


def revision(w, spell):
    return int(w.root.value("select p.revision from fact.person p join casework.spell s using (organisation,"
                            f" person_id) where s.spell_id = '{spell}'"))


@case
def a_claim_is_a_fact(w):
    person = w.person(next_wake_at="2026-09-11T08:00Z")
    w.record(person, person + "-2", code="S11")
    w.record(person, person + "-1", code=None)
    spell = w.spell(person, records=[("/hr", person + "-2"), ("/hr", person + "-1")])
    w.at("amy").run(f"select oh.claim('{spell}')")
    fact = w.fact(spell)
    fact.pop("entry_id")
    equal(fact, {"kind": "2", "outcome": "0", "at": "2026-09-10 12:00:00+00", "by": w.role("amy"),
                 "assignee": w.role("amy"), "review_on": NULL, "red_flag": "f", "record_sources": "{/hr,/hr}",
                 "record_ids": "{%s-2,%s-1}" % (person, person), "record_codes": '{S11,""}',
                 "anchor_absence_id": person + "-2", "pathway": "msk"})
    look = f"select revision, contacts, oh_wake_at, next_wake_at from fact.person where person_id = '{person}'"
    equal(w.root.run(look), [("1", "0", NULL, "2026-09-11 08:00:00+00")], "the person's row is nothing of a clinician's")
    equal(w.root.run(f"select at, entry_id is not null from followup.wake_up where person_id = '{person}'"),
          [("2026-09-10 12:00:00+00", "t")])
    equal(w.take_up(), [person])
    equal(w.root.run(look), [("2", "1", NULL, "2026-09-11 08:00:00+00")], "the queue of prompts knows nothing of it")
    equal(w.take_up(), [])


@case
def nobody_is_notified(w):
    """A commit that notifies waits for every other one that does, and fails where the server's queue is full."""
    spell = w.spell()
    listener = Session(w.cluster.words, dbname=w.dbname)
    listener.run("listen dayfour_wake")
    w.at("amy").run(f"select oh.claim('{spell}')")
    heard = listener.run("select 1") + listener.run("select 1")
    listener.close()
    equal(any("dayfour_wake" in str(row) for row in heard), False, str(heard))


@case
def a_second_claim_is_refused(w):
    spell = w.spell()
    w.at("amy").run(f"select oh.claim('{spell}')")
    equal(w.root.value(f"select assigned_to from casework.spell where spell_id = '{spell}'"), NULL,
          "the derived column is behind")
    refused("OH003", w.at("ben"), f"select oh.claim('{spell}')")
    w.at("amy").run(f"select oh.claim('{spell}')")
    equal(w.root.value(f"select count(*) from fact.contact where person_id = '{w.person_of(spell)}'"), "1",
          "claiming one's own changes nothing")


@case
def of_two_claims_at_once_one_wins(w):
    spell = w.spell()
    amy, ben = w.at("amy"), w.at("ben")
    amy.run("begin")
    amy.run(f"select oh.claim('{spell}')")
    ben.send(f"select oh.claim('{spell}')")
    w.wait_for_lock(ben)
    amy.run("commit")
    try:
        ben.collect()
        raise AssertionError("both have it")
    except Refused as error:
        equal(error.state, "OH003")
    equal(w.root.column(f"select assignee from fact.contact where person_id = '{w.person_of(spell)}'"),
          [w.role("amy")])


@case
def a_claim_rolled_back_is_free_for_the_next(w):
    spell = w.spell()
    amy, ben = w.at("amy"), w.at("ben")
    amy.run("begin")
    amy.run(f"select oh.claim('{spell}')")
    ben.send(f"select oh.claim('{spell}')")
    w.wait_for_lock(ben)
    amy.run("rollback")
    ben.collect()
    equal(w.fact(spell)["assignee"], w.role("ben"))


@case
def a_claim_under_a_snapshot_taken_before_cannot_win(w):
    spell = w.spell()
    amy, ben = w.at("amy"), w.at("ben")
    ben.run("begin isolation level repeatable read")
    ben.run("select 1 from oh.task limit 1")
    amy.run(f"select oh.claim('{spell}')")
    equal("somebody is entering" in refused("OH002", ben, f"select oh.claim('{spell}')"), True)
    ben.run("rollback")
    equal(w.root.value(f"select count(*) from fact.contact where person_id = '{w.person_of(spell)}'"), "1")


@case
def of_two_claims_under_snapshots_one_wins(w):
    """Whether the task had been touched before or not; the other waits for no longer than a second."""
    for first in (False, True):
        spell = w.spell()
        if first:
            w.at("amy").run(f"select oh.record_attempt('{spell}', 'no_answer')")
        amy, ben = w.at("amy"), w.at("ben")
        for session in (amy, ben):
            session.run("begin isolation level repeatable read")
            session.run("select 1 from oh.task limit 1")
        amy.run(f"select oh.claim('{spell}')")
        ben.send(f"select oh.claim('{spell}')")
        w.wait_for_lock(ben)
        amy.run("commit")
        try:
            ben.collect()
            raise AssertionError("both have it")
        except Refused as error:
            equal(error.state, "OH002")
        ben.run("rollback")
        equal(w.fact(spell)["assignee"], w.role("amy"))


@case
def a_colleague_waits_a_second_for_a_transaction_left_open(w):
    spell, other = w.spell(), w.spell()
    amy, ben = w.at("amy"), w.at("ben")
    amy.run("begin")
    amy.run(f"select oh.claim('{spell}')")
    ben.run("set lock_timeout = 0")
    began = time.monotonic()
    text = refused("OH002", ben, f"select oh.record_attempt('{spell}', 'no_answer')")
    equal("somebody is entering something about this case" in text, True, text)
    equal(time.monotonic() - began < 20, True, "how long it took")
    ben.run(f"select oh.claim('{other}')")
    amy.run("commit")
    ben.run(f"select oh.record_attempt('{spell}', 'no_answer')")


@case
def what_services_lock_is_free_while_a_clinician_enters(w):
    """A service gets at each of these rows at once, whatever an open transaction did."""
    spell = w.spell()
    person = w.person_of(spell)
    w.at("amy").run(f"select oh.record_contact('{spell}', 'declined')")
    w.take_up()
    amy = w.at("amy")
    amy.run("begin")
    amy.run(f"select oh.claim('{spell}')")
    amy.run(f"select oh.retract({w.fact(spell)['entry_id']}, 'a mistake')")
    amy.run(f"select oh.opt_out('RW3', '{person}')")
    amy.run("select oh.opt_out('RW3', 'NEVER-SEEN')")
    amy.run("savepoint s")
    for statement in (f"select 1 from fact.person where person_id = '{person}' for update",
                      "insert into fact.person (organisation, person_id, revision) values ('RW3', 'x', 1)",
                      "update fact.contact set retracted_at = null"):
        refused("42501", amy, statement)
        amy.run("rollback to s")
    w.cluster.login("fol", "followup")
    followup = w.at("fol")
    followup.run("begin; set local lock_timeout = 1")
    followup.run("insert into fact.person (organisation, person_id, revision) values ('RW3', 'NEVER-SEEN', 1)")
    followup.run(f"select 1 from fact.person where person_id = '{person}' for update")
    followup.run(f"update fact.person set revision = revision + 1 where person_id = '{person}'")
    followup.run(f"update casework.spell set attempts = 1 where spell_id = '{spell}'")
    followup.run("update fact.contact set retracted_at = now() where retracted_at is not null")
    equal(followup.run("select * from followup.take_wake_ups(100, 1, 0, now())"), [])
    followup.run("rollback")
    amy.run("commit")
    equal(sorted(w.take_up()), sorted([person, "NEVER-SEEN"]))


@case
def a_task_takes_so_many_entries(w):
    spell = w.spell()
    amy = w.at("amy")
    amy.run(f"select oh.record_attempt('{spell}', 'no_answer') from generate_series(1, 499)")
    amy.run(f"select oh.retract({w.fact(spell)['entry_id']}, 'retracted ones count, too')")
    amy.run(f"select oh.claim('{spell}')")
    for call in ("oh.release('{}')", "oh.record_attempt('{}', 'no_answer')", "oh.close_case('{}', 'other')"):
        refused("OH002", amy, "select " + call.format(spell))
    amy.run(f"select oh.record_contact('{spell}', 'declined') from generate_series(1, 100)")
    refused("OH002", amy, f"select oh.record_contact('{spell}', 'declined')")
    amy.run(f"select oh.retract({w.fact(spell)['entry_id']}, 'always')")
    refused("OH002", amy, f"select oh.record_contact('{spell}', 'declined')")
    amy.run(f"select oh.claim('{spell}')")
    equal(w.root.value(f"select count(*) from fact.contact where person_id = '{w.person_of(spell)}'"), "600")


@case
def entries_from_before_are_counted(w):
    spell = w.spell()
    w.at("amy").run(f"select oh.record_attempt('{spell}', 'no_answer')")
    w.root.run("insert into fact.contact (organisation, person_id, pathway, kind, at, entered_at, by, outcome,"
               " anchor_source, anchor_absence_id, record_sources, record_ids, record_codes) select organisation,"
               " person_id, pathway, kind, at, entered_at, by, outcome, anchor_source, anchor_absence_id, record_sources,"
               f" record_ids, record_codes from fact.contact, generate_series(1, 499) where person_id = '{w.person_of(spell)}'")
    w.root.run(f"delete from oh.task_turn where task_id = '{spell}'")
    refused("OH002", w.at("amy"), f"select oh.record_attempt('{spell}', 'no_answer')")
    w.at("amy").run(f"select oh.record_contact('{spell}', 'declined')")


@case
def release(w):
    spell = w.spell()
    refused("OH002", w.at("amy"), f"select oh.release('{spell}')")
    w.at("amy").run(f"select oh.claim('{spell}')")
    refused("OH003", w.at("ben"), f"select oh.release('{spell}')")
    w.at("amy").run(f"select oh.release('{spell}')")
    equal((w.fact(spell)["kind"], w.fact(spell)["assignee"]), ("3", NULL))
    refused("OH002", w.at("amy"), f"select oh.release('{spell}')")
    w.at("ben").run(f"select oh.claim('{spell}')")
    w.at("ada").run(f"select oh.release('{spell}')")
    equal(w.fact(spell)["by"], w.role("ada"), "an administrator may")


@case
def a_retracted_claim_is_none(w):
    spell = w.spell()
    w.at("amy").run(f"select oh.claim('{spell}')")
    w.at("amy").run(f"select oh.retract({w.fact(spell)['entry_id']}, 'wrong person')")
    w.at("ben").run(f"select oh.claim('{spell}')")


@case
def a_claim_carries_over_to_the_spell_that_holds_its_anchor(w):
    person = w.person()
    w.record(person, person + "-1")
    old = w.spell(person, records=[("/hr", person + "-1")])
    w.at("amy").run(f"select oh.claim('{old}')")
    w.root.run(f"update casework.spell set tombstone = true, state = 'ended', end_reason = 'merged'"
               f" where spell_id = '{old}'")
    new = w.spell(person, records=[("/hr", person + "-1")])
    refused("OH003", w.at("ben"), f"select oh.claim('{new}')")


@case
def assign(w):
    spell = w.spell()
    amy, ben = w.role("amy"), w.role("ben")
    w.at("amy").run(f"select oh.assign('{spell}', '{ben}')")
    equal((w.fact(spell)["kind"], w.fact(spell)["assignee"], w.fact(spell)["by"]), ("4", ben, amy))
    refused("OH003", w.at("amy"), f"select oh.assign('{spell}', '{amy}')")
    refused("OH003", w.at("amy"), f"select oh.claim('{spell}')")
    w.at("ben").run(f"select oh.assign('{spell}', '{amy}')")
    w.at("ada").run(f"select oh.assign('{spell}', '{w.role('ada')}')")
    equal(w.fact(spell)["assignee"], w.role("ada"), "an administrator takes it, with no queue of their own")
    for stranger in (w.role("mia"), w.role("xen"), w.role("nob"), "nobody-at-all", ""):
        refused("22023", w.at("ada"), f"select oh.assign('{spell}', '{stranger}')")
    refused("22023", w.at("ada"), f"select oh.assign('{spell}', null)")


@case
def a_task_that_ended_is_not_taken(w):
    for more in (dict(end_reason="opted_out"), dict(end_reason="merged", tombstone=True)):
        spell = w.spell(state="ended", **more)
        refused("OH002", w.at("amy"), f"select oh.claim('{spell}')")
        refused("OH002", w.at("amy"), f"select oh.assign('{spell}', '{w.role('ben')}')")
    w.at("amy").run(f"select oh.claim('{w.spell(state='contacted', contacted_at='2026-09-08T10:00Z')}')")


@case
def attempts(w):
    spell = w.spell()
    for number, outcome in enumerate(("no_answer", "voicemail", "wrong_number", "call_back"), 1):
        w.at("amy").run(f"select oh.record_attempt('{spell}', '{outcome}')")
        fact = w.fact(spell)
        equal((fact["kind"], fact["outcome"], fact["at"], fact["by"]),
              ("0", str(number), "2026-09-10 12:00:00+00", w.role("amy")), outcome)
    equal(w.at("amy").column(f"select outcome from oh.entry where task_id = '{spell}' order by entry_id"),
          ["no_answer", "voicemail", "wrong_number", "call_back"])


@case
def contacts(w):
    spell = w.spell()
    for number, outcome in enumerate(("fast_track_treatment", "self_management_advice", "onward_referral",
                                      "no_action_needed", "declined"), 5):
        w.at("amy").run(f"select oh.record_contact(task_id => '{spell}', outcome => '{outcome}',"
                        " at => '2026-09-09T10:00Z', review_on => '2026-09-09', red_flag => true)")
        fact = w.fact(spell)
        equal((fact["kind"], fact["outcome"], fact["at"], fact["review_on"], fact["red_flag"]),
              ("1", str(number), "2026-09-09 10:00:00+00", "2026-09-09", "t"), outcome)
    equal(w.at("amy").value(f"select outcome from oh.entry where task_id = '{spell}' order by entry_id desc limit 1"),
          "declined")


@case
def outcomes_are_judged(w):
    spell = w.spell()
    for bad in ("'declined'", "'No_Answer'", "''", "null", "'x'", "'no_answer '"):
        refused("22023", w.at("amy"), f"select oh.record_attempt('{spell}', {bad})")
    for bad in ("'voicemail'", "'recovered'", "null"):
        refused("22023", w.at("amy"), f"select oh.record_contact('{spell}', {bad})")
    for bad in ("'voicemail'", "'fast_track_treatment'", "null"):
        refused("22023", w.at("amy"), f"select oh.close_case('{spell}', {bad})")
    equal(w.fact(spell), None)


@case
def when_is_judged(w):
    spell = w.spell()  # onset on 7 September, which begins at 23:00 UTC the day before
    for function, outcome in (("record_attempt", "no_answer"), ("record_contact", "declined")):
        for bad in ("'2026-09-10T12:00:00.000001Z'", "'2026-09-06T22:59:59Z'", "'infinity'", "'-infinity'", "null"):
            refused("22023", w.at("amy"), f"select oh.{function}('{spell}', '{outcome}', {bad})")
        for good in ("2026-09-06T23:00Z", "2026-09-10T12:00Z"):
            w.at("amy").run(f"select oh.{function}('{spell}', '{outcome}', '{good}')")


@case
def the_review_is_not_before_the_contact(w):
    spell = w.spell()
    for bad in ("2026-09-08", "2201-01-01", "-infinity"):
        refused("22023", w.at("amy"),
                f"select oh.record_contact('{spell}', 'declined', '2026-09-09T10:00Z', '{bad}')")
    # 23:30 UTC is the next day in London.
    refused("22023", w.at("amy"),
            f"select oh.record_contact('{spell}', 'declined', '2026-09-08T23:30Z', '2026-09-08')")


@case
def any_task_but_a_tombstone_takes_a_contact(w):
    for reason in ("opted_out", "returned_uncontacted", "left_employment", "died"):
        spell = w.spell(state="ended", end_reason=reason, last_day="2026-09-09")
        w.at("amy").run(f"select oh.record_contact('{spell}', 'no_action_needed')")
        w.at("amy").run(f"select oh.record_attempt('{spell}', 'no_answer')")
    spell = w.spell(state="ended", end_reason="entered_in_error", tombstone=True)
    refused("OH002", w.at("amy"), f"select oh.record_contact('{spell}', 'no_action_needed')")
    refused("OH002", w.at("amy"), f"select oh.record_attempt('{spell}', 'no_answer')")


@case
def a_colleague_may_record_on_a_claimed_task(w):
    spell = w.spell()
    w.at("amy").run(f"select oh.claim('{spell}')")
    w.at("ben").run(f"select oh.record_contact('{spell}', 'declined')")


@case
def a_case_is_closed_and_reopened(w):
    spell = w.spell(state="contacted", contacted_at="2026-09-08T10:00Z")
    refused("OH002", w.at("amy"), f"select oh.reopen_case('{spell}')")
    for number, reason in ((10, "recovered"), (11, "referred"), (9, "declined"), (12, "other")):
        w.at("amy").run(f"select oh.close_case('{spell}', '{reason}')")
        equal((w.fact(spell)["kind"], w.fact(spell)["outcome"]), ("5", str(number)))
        equal(w.at("amy").value(f"select outcome from oh.entry where task_id = '{spell}'"
                                " order by entry_id desc limit 1"), reason)
        refused("OH002", w.at("amy"), f"select oh.close_case('{spell}', 'other')")
        w.at("amy").run(f"select oh.reopen_case('{spell}')")
        equal(w.fact(spell)["kind"], "6")
    w.at("amy").run(f"select oh.close_case('{spell}', 'other')")
    w.at("amy").run(f"select oh.retract({w.fact(spell)['entry_id']}, 'the wrong one')")
    refused("OH002", w.at("amy"), f"select oh.reopen_case('{spell}')")
    stone = w.spell(state="ended", end_reason="moved", tombstone=True)
    refused("OH002", w.at("amy"), f"select oh.close_case('{stone}', 'other')")


@case
def opting_out_is_a_fact_about_the_person(w):
    spell = w.spell()
    person = w.person_of(spell)
    look = f"select opted_out, opt_on, opt_time, revision from fact.person where person_id = '{person}'"
    while w.take_up():
        pass
    w.at("amy").run(f"select oh.opt_in('RW3', '{person}')")
    equal(w.take_up(), [], "there was nothing to take back")
    w.clock("2026-09-10T23:30:00Z")
    w.at("amy").run(f"select oh.opt_out('RW3', '{person}')")
    equal(w.root.run(look), [(NULL, NULL, NULL, "1")])
    equal(w.at("amy").column(f"select state from oh.worklist where task_id = '{spell}'"), [], "nobody rings meanwhile")
    w.take_up()
    equal(w.root.run(look), [("t", "2026-09-11", "2026-09-10 23:30:00+00", "2")])
    w.clock("2026-09-20T12:00:00Z")
    w.at("amy").run(f"select oh.opt_out('RW3', '{person}')")
    equal(w.take_up(), [])
    equal(w.root.run(look)[0][1], "2026-09-11", "in force since the first time")
    w.at("ben").run(f"select oh.opt_in('RW3', '{person}')")
    equal(w.at("amy").column(f"select state from oh.worklist where task_id = '{spell}'"), ["open"])
    w.take_up()
    equal(w.root.run(look)[0][:3], ("f", "2026-09-20", "2026-09-20 12:00:00+00"))
    w.clock("2026-09-10T12:00:00Z")


@case
def opting_out_beats_a_message_from_the_future(w):
    person = w.person(opted_out=False, opt_on="2026-09-01", opt_time="2026-12-01T00:00Z", opt_id="x")
    w.at("amy").run(f"select oh.opt_out('RW3', '{person}')")
    w.take_up()
    equal(w.root.run(f"select opted_out, opt_on, opt_time from fact.person where person_id = '{person}'"),
          [("t", "2026-09-10", "2026-12-01 00:00:00.000001+00")])


@case
def opting_out_brings_forward_one_that_was_to_come(w):
    person = w.person(opted_out=True, opt_on="2026-10-01", opt_time="2026-09-01T00:00Z", opt_id="x")
    w.at("amy").run(f"select oh.opt_out('RW3', '{person}')")
    w.take_up()
    equal(w.root.value(f"select opt_on from fact.person where person_id = '{person}'"), "2026-09-10")


@case
def the_newest_of_what_hr_and_oh_said_counts(w):
    """By (time, id), whichever is put there first."""
    look = "select opted_out, opt_on, changed_at from fact.person where person_id = '{}'"
    for time_, wanted in (("2026-09-10T12:00:01Z", ("f", "2026-09-01", NULL)),
                          ("2026-09-10T11:59:59Z", ("t", "2026-09-10", "2026-09-10 12:00:00+00"))):
        person = w.person()
        w.at("amy").run(f"select oh.opt_out('RW3', '{person}')")
        w.root.run(f"update fact.person set opted_out = false, opt_on = '2026-09-01', opt_time = '{time_}', opt_id = 'x'"
                   f" where person_id = '{person}'")
        w.take_up()
        equal(w.root.run(look.format(person)), [wanted])
    person = w.person()
    amy, ben = w.at("amy"), w.at("ben")
    amy.run("begin")
    amy.run(f"select oh.opt_out('RW3', '{person}')")
    w.clock("2026-09-10T12:00:05Z")
    ben.run(f"select oh.opt_out('RW3', '{person}')")
    ben.run(f"select oh.opt_in('RW3', '{person}')")
    w.clock("2026-09-10T12:00:00Z")
    w.take_up()
    amy.run("commit")
    w.take_up()
    equal(w.root.value(f"select opted_out from fact.person where person_id = '{person}'"), "f", "amy's is older")


@case
def opting_out_counts_before_any_absence(w):
    w.at("amy").run("select oh.opt_out('RW3', 'P-never-seen')")
    w.take_up()
    equal(w.root.run("select opted_out, opt_on from fact.person where person_id = 'P-never-seen'"),
          [("t", "2026-09-10")])
    for bad in ("''", "null", "repeat('x', 101)"):
        refused("22023", w.at("amy"), f"select oh.opt_out('RW3', {bad})")


@case
def retract(w):
    spell = w.spell()
    w.at("amy").run(f"select oh.record_contact('{spell}', 'declined')")
    entry = w.fact(spell)["entry_id"]
    for bad in ("null", "''", "'  '", "repeat('x', 1001)"):
        refused("22023", w.at("amy"), f"select oh.retract({entry}, {bad})")
    w.take_up()
    before = revision(w, spell)
    w.at("amy").run(f"select oh.retract({entry}, 'rang the wrong person')")
    equal(w.at("ben").value(f"select retracted_why from oh.entry where entry_id = {entry}"), "rang the wrong person")
    w.at("amy").run(f"select oh.retract({entry}, 'again')")
    w.take_up()
    equal(revision(w, spell), before + 1)
    equal(w.root.run(f"select retracted_at, retracted_by, retracted_why from fact.contact where entry_id = {entry}"),
          [("2026-09-10 12:00:00+00", w.role("amy"), "rang the wrong person")])
    equal(w.at("ben").value(f"select retracted_at from oh.entry where entry_id = {entry}"), "2026-09-10 12:00:00+00")
    w.at("amy").run(f"select oh.retract({entry}, 'again')")
    equal(w.take_up(), [], "again: no effect")
    refused("OH001", w.at("amy"), "select oh.retract(999999999, 'no such entry')")
    refused("OH001", w.at("amy"), "select oh.retract(null, 'no such entry')")
