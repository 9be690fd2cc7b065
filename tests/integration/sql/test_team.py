"""A lead's team and weeks, readers of a case, moving many cases, one's own password."""
from harness import case, equal, refused

REQUEST = "00000000-0000-4000-8000-000000000001"


@case
def colleagues_are_those_of_the_queue(w):
    spell = w.spell()
    equal(sorted(w.at("amy").column(f"select login from oh.colleagues('{spell}')")),
          sorted(w.role(who) for who in ("ada", "amy", "ben", "two")))
    for who in ("mia", "xen", "nob"):
        refused("OH001", w.at(who), f"select * from oh.colleagues('{spell}')")


@case
def only_leads_see_who_looked(w):
    spell = w.spell()
    w.at("amy").run(f"select * from oh.open_case('{spell}')")
    w.at("amy").run(f"select * from oh.open_case('{spell}')")
    for who in ("amy", "mia", "nob"):
        refused("42501", w.at(who), f"select * from oh.looked('{spell}')")
    rows = w.at("ada").run(f"select login, what, times from oh.looked('{spell}')")
    assert (w.role("amy"), "open", "2") in rows, rows
    assert (w.role("ada"), "looked", "1") in rows, rows
    other = w.spell(organisation="XX9")
    refused("OH001", w.at("ada"), f"select * from oh.looked('{other}')")


@case
def what_is_printed_is_noted(w):
    mine, other = w.spell(), w.spell(organisation="XX9")
    w.at("amy").run(f"select oh.printed(array['{mine}', '{other}', 'T99999999999'])")
    equal(w.root.column("select person_id from audit.entry where what = 'print'"), [w.person_of(mine)])


@case
def each_case_is_given_by_itself(w):
    open_one, ended = w.spell(), w.spell(state="ended", end_reason="returned_before_contact")
    stranger = w.spell(organisation="XX9")
    rows = w.at("ada").run(f"select task_id, state from oh.assign_each(array['{open_one}', '{ended}', '{stranger}'],"
                           f" '{w.role('ben')}', '{REQUEST}')")
    given = dict(rows)
    equal(given[stranger], "OH001")
    equal(w.root.value(f"select count(*) from oh.entry_row where task_id = '{open_one}' and kind = 'assign'"), "1")
    again = w.at("ada").run(f"select task_id, state from oh.assign_each(array['{open_one}'], '{w.role('ben')}',"
                            f" '{REQUEST}')")
    equal(w.root.value(f"select count(*) from oh.entry_row where task_id = '{open_one}' and kind = 'assign'"), "1",
          "sent twice: %s" % again)
    refused("42501", w.at("amy"), f"select * from oh.assign_each(array['{open_one}'], '{w.role('ben')}', '{REQUEST}')")


@case
def a_team_is_of_the_led_organisations(w):
    person = w.person(no_reason_since="2026-09-05")
    w.record(person, "A-900", code=None, onset="2026-09-05")
    held, free, other = w.spell(assigned_to=w.role("ben")), w.spell(), w.spell(organisation="XX9")
    ada = w.at("ada")
    equal(ada.column(f"select task_id from oh.team_cases('{w.role('ben')}')"), [held])
    rows = ada.column("select task_id from oh.team_cases(null)")
    assert free in rows and other not in rows, rows
    equal(ada.run("select * from oh.team_missing()"), [("1", "6")])
    for question in ("oh.team_cases(null)", "oh.team_missing()", "oh.team_week('2026-09-07')"):
        refused("42501", w.at("amy"), f"select * from {question}")


@case
def a_week_counts_what_came_of_its_calls(w):
    w.root.run("delete from casework.spell")
    w.spell(due_date="2026-09-08", contacted_at="2026-09-08T22:59Z", state="contacted")   # 11:59pm in London
    w.spell(due_date="2026-09-08", contacted_at="2026-09-08T23:01Z", state="contacted")   # the day after
    w.spell(due_date="2026-09-09")
    w.spell(due_date="2026-09-09", late_report=True)
    w.spell(due_date="2026-09-10")
    w.spell(due_date="2026-09-10", state="ended", end_reason="returned_before_contact")
    w.spell(due_date="2026-09-10", state="ended", end_reason="opted_out")
    w.spell(due_date="2026-09-11")                                                         # not today yet
    w.spell(due_date="2026-09-08", organisation="XX9")
    w.spell(due_date="2026-09-04")                                                         # the week before
    rows = w.at("ada").run("select span, due, in_time, not_in_time, back_first, reported_late, others, still_open,"
                           " raw_percent, achievable_percent from oh.team_week('2026-09-07')")
    equal(rows, [("week", "7", "1", "2", "1", "1", "1", "1", "14", "33"),
                 ("four weeks", "8", "1", "3", "1", "1", "1", "1", "13", "25")])
    w.root.run("delete from fact.absence")
    for onset, missing, organisation in (("2026-09-07", "true", "RW3"), ("2026-09-08", "false", "RW3"),
                                         ("2026-09-09", "false", "RW3"), ("2026-08-20", "false", "RW3"),
                                         ("2026-09-08", "true", "XX9")):
        w.record(w.person(organisation=organisation), "A-%s" % onset, onset=onset, organisation=organisation,
                 reason_missing=missing)
    equal(w.at("ada").column("select no_reason_percent from oh.team_week('2026-09-07')"), ["33", "25"])
    for bad in ("2026-09-08", "2026-09-14", "2020-01-06"):
        refused("22023", w.at("ada"), f"select * from oh.team_week('{bad}')")


@case
def a_password_is_given_as_a_verifier(w):
    verifier = "SCRAM-SHA-256$4096:" + "c2FsdHNhbHRzYWx0c2FsdA==$" + "A" * 43 + "=:" + "B" * 43 + "="
    w.at("amy").run(f"select oh.change_password('{verifier}')")
    equal(w.root.value(f"select rolpassword from pg_authid where rolname = '{w.role('amy')}'"), verifier)
    for bad in ("secret words here", "md5" + "0" * 32, verifier + "; drop", ""):
        refused("22023", w.at("amy"), f"select oh.change_password('{bad}')")
    w.root.run(f"alter role {w.role('amy')} password '{w.cluster.logins['amy'][1]}'")
