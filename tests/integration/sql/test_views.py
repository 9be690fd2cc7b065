"""Columns and contents of oh.task, oh.spell, oh.event, oh.entry, oh.record."""
from harness import NULL, case, equal

TASK = ("task_id organisation queue pathway priority person_id name phone email language preferred_time voicemail"
        " onset_date due_date work_by_date respond_by days_left state end_reason assigned_to attempts last_outcome"
        " first_attempt_at contacted_at in_target elapsed_days elapsed_working_days relapse late_report backdated"
        " review_first red_flag reason_changed expected_return last_day spell_id period_id absence_ids act_by act_in_days"
        " known_at reason_late call_back_at red_flag_open unreachable assigned_name oh_record"
        " site staff_group job channel needs date_of_birth display_reason")
COLUMNS = {
    "task": TASK,
    "worklist": TASK,
    "spell": "spell_id period_id organisation person_id pathway onset_date last_day state relapse previous_spell"
             " absence_ids",
    "event": "event_id topic subject kind occurrence organisation person_id spell_id period_id occurs_on due_on late"
             " late_report backdated emitted_at withdrawn_at",
    "entry": "entry_id task_id kind outcome at by retracted_at assignee review_on red_flag entered_at retracted_why"
             " call_back_at channel work_related work_ability likely_return service oh_record",
    "record": "task_id organisation person_id absence_id version first_notice_at changed_at first_onset_date onset_date"
              " last_day open_ended expected_return fit_note_from fit_note_to phased_return_from cancelled scheme code"}


@case
def views_have_the_columns_promised(w):
    for view, wanted in COLUMNS.items():
        got = w.root.column("select column_name from information_schema.columns where table_schema = 'oh'"
                            f" and table_name = '{view}' order by ordinal_position")
        equal(" ".join(got), wanted, view)


@case
def views_people_read_keep_their_conditions_out(w):
    equal(w.root.column("select c.oid::regclass::text from pg_class c where c.relkind = 'v'"
                        " and c.relnamespace = 'oh'::regnamespace and has_table_privilege('dayfour_clinician', c.oid,"
                        " 'select') and not coalesce(c.reloptions, '{}') @> '{security_barrier=true}'"), [])


@case
def a_task_shows_what_is_stored(w):
    person = w.person()
    w.record(person, "A-all", site="Site 3", staff_group="Nursing")
    w.details(person, "A-all", job="Staff nurse", channel="letter", needs="a text relay", date_of_birth="1984-03-04")
    spell = w.spell(person, records=[("/hr", "A-all")], priority=1, work_by_date="2026-09-10",
                    respond_by="2026-09-09", previous_spell="T0", late_report=True, backdated=True,
                    review_first=True, red_flag=True, reason_changed=True, expected_return="2026-10-01", attempts=2,
                    last_outcome="voicemail", first_attempt_at="2026-09-08T09:00Z", assigned_to="amy",
                    known_at="2026-09-07T08:00Z", reason_late=True, call_back_at="2026-09-10T23:30Z",
                    unreachable=True, oh_record="OH-9")
    equal(w.at("amy").run(f"select * from oh.task where task_id = '{spell}'"), [(
        spell, "RW3", "physiotherapy", "msk", "1", person, "Test Person 1", "07700 900001", "p1@example.test", "en",
        "mornings", "t", "2026-09-07", "2026-09-11", "2026-09-10", "2026-09-09", "1", "open", NULL, "amy", "2",
        "voicemail", "2026-09-08 09:00:00+00", NULL, NULL, NULL, NULL, "t", "t", "t", "t", "t", "t", "2026-10-01",
        NULL, spell, "P" + spell[1:], "{A-all}", "2026-09-11", "1", "2026-09-07 08:00:00+00", "t",
        "2026-09-10 23:30:00+00", "f", "t", "amy", "OH-9", "Site 3", "Nursing", "Staff nurse", "letter",
        "a text relay", "1984-03-04", NULL)])


@case
def each_detail_is_that_of_the_latest_record_that_has_it(w):
    person = w.person()
    for absence, onset in (("old", "2026-09-01"), ("new", "2026-09-05"), ("next", "2026-09-11")):
        w.record(person, f"{person}-{absence}", onset=onset)
    w.details(person, person + "-old", name="Test Person 2", phone="07700 900002", voicemail=True)
    w.details(person, person + "-new", name="Test Person 3", phone=None, email=None, language=None,
              preferred_time=None, voicemail=False)
    w.details(person, person + "-next", name="Test Person 4", phone="07700 900004")
    spell = w.spell(person, records=[("/hr", person + "-old")])
    look = f"select name, phone, email, voicemail from oh.task where task_id = '{spell}'"
    equal(w.at("amy").run(look), [("Test Person 3", "07700 900002", "p1@example.test", "f")],
          "not those of a record that is still to come")
    w.root.run(f"update fact.absence set cancelled = true where absence_id = '{person}-new'")
    equal(w.at("amy").run(look), [("Test Person 2", "07700 900002", "p1@example.test", "t")])
    w.root.run(f"delete from fact.person_contact where person_id = '{person}'")
    equal(w.at("amy").run(look), [(NULL, NULL, NULL, NULL)])


@case
def site_and_staff_group_come_from_the_absence(w):
    """They stay when contact details have gone; of the latest record that has them, with details or without."""
    person = w.person()
    w.record(person, person + "-old", onset="2026-09-01", site="Site 1", staff_group="Nursing")
    w.record(person, person + "-new", onset="2026-09-05", site="Site 2")
    w.record(person, person + "-off", onset="2026-09-06", site="Site 3", cancelled=True)
    w.details(person, person + "-old", job="Staff nurse")
    spell = w.spell(person, records=[("/hr", person + "-old")])
    for view in ("oh.task", "oh.worklist"):
        equal(w.at("amy").run(f"select site, staff_group, job from {view} where task_id = '{spell}'"),
              [("Site 2", "Nursing", "Staff nurse")], view)
    w.root.run(f"delete from fact.person_contact where person_id = '{person}'")
    equal(w.at("amy").run(f"select site, staff_group, job from oh.task where task_id = '{spell}'"),
          [("Site 2", "Nursing", NULL)])


@case
def the_reason_in_words(w):
    """The title of the settings, else the code; none of what may be another queue's matter by now."""
    def shown(scheme, code, match=1, **spell):
        person = w.person()
        w.record(person, person + "-a", scheme=scheme, code=code, match=match)
        task = w.spell(person, records=[("/hr", person + "-a")], **spell)
        return w.at("amy").value(f"select display_reason from oh.task where task_id = '{task}'")
    equal(shown(1, "S12"), "Other musculoskeletal problems")
    equal(shown(1, "S11"), "Back Problems")
    equal(shown(2, "M545"), "M545", "no title for it")
    equal(shown(2, "S12"), "S12", "another scheme, another reason")
    equal(shown(1, "S12", reason_changed=True), NULL)
    equal(shown(1, "S12", tombstone=True, state="ended", end_reason="superseded"), NULL)
    equal(shown(0, None, match=0), NULL)


@case
def what_the_service_is_called(w):
    equal(w.at("amy").run("select * from oh.page_settings()"), [(NULL, NULL, NULL)])


@case
def in_target(w):
    """Each line: state, end_reason, contacted_at, now, in_target; the due date is 11 September."""
    lines = [
        ("open", None, None, "2026-09-11T22:59:59Z", NULL),
        ("open", None, None, "2026-09-11T23:00:00Z", "f"),
        ("contacted", None, "2026-09-11T22:59:59Z", "2026-10-11T12:00Z", "t"),
        ("contacted", None, "2026-09-11T23:00:00Z", "2026-10-11T12:00Z", "f"),
        ("ended", "returned_uncontacted", None, "2026-10-11T12:00Z", "f"),
        ("ended", "returned_uncontacted", "2026-09-20T12:00Z", "2026-10-11T12:00Z", "f"),
        ("ended", "returned_before_contact", None, "2026-10-11T12:00Z", NULL),
        ("ended", "returned_before_notice", None, "2026-10-11T12:00Z", NULL),
        ("ended", "opted_out", None, "2026-10-11T12:00Z", NULL),
        ("ended", "left_employment", "2026-09-09T12:00Z", "2026-10-11T12:00Z", "t"),
        ("ended", "died", None, "2026-10-11T12:00Z", NULL),
    ]
    for state, reason, contacted, now, wanted in lines:
        spell = w.spell(state=state, end_reason=reason, contacted_at=contacted)
        w.clock(now)
        equal(w.at("amy").value(f"select in_target from oh.task where task_id = '{spell}'"), wanted,
              f"{state} {reason} {contacted} at {now}")
    w.clock("2026-09-10T12:00:00Z")


@case
def spells_are_open_closed_or_ended(w):
    look = "select state from oh.spell where spell_id = '{}'"
    amy = w.at("amy")
    equal(amy.value(look.format(w.spell())), "open")
    equal(amy.value(look.format(w.spell(last_day="2026-09-10"))), "open", "the last day is one of absence")
    equal(amy.value(look.format(w.spell(last_day="2026-09-09", state="contacted"))), "closed")
    equal(amy.value(look.format(w.spell(state="ended", end_reason="merged", tombstone=True))), "ended")


@case
def a_relapse_names_the_spell_before(w):
    spell = w.spell(previous_spell="T0BEFORE")
    equal(w.at("amy").run(f"select relapse, previous_spell from oh.spell where spell_id = '{spell}'"),
          [("t", "T0BEFORE")])


@case
def an_event_is_a_row_an_emission(w):
    spell = w.spell()
    w.emitted(spell, "contact.overdue", "2026-09-11T23:00:00Z", occurrence="2026-09-12", occurs_on="2026-09-12",
              due_on="2026-09-11", withdrawn_at="2026-09-12T09:00:00Z", late_report=False, backdated=True)
    w.emitted(spell, "contact.overdue", "2026-09-11T23:00:00Z", occurrence="2026-09-12", occurs_on="2026-09-12",
              nth=2)
    rows = w.at("amy").run("select event_id, topic, subject, kind, occurrence, spell_id, occurs_on, due_on, late,"
                           f" late_report, backdated, withdrawn_at from oh.event where spell_id = '{spell}'"
                           " order by event_id")
    first = f"s{spell}/contact.overdue/2026-09-12"
    equal(rows, [
        (first, "oh.follow-up.events", "s" + spell, "contact.overdue", "2026-09-12", spell, "2026-09-12",
         "2026-09-11", "f", "f", "t", "2026-09-12 09:00:00+00"),
        (first + "/2", "oh.follow-up.events", "s" + spell, "contact.overdue", "2026-09-12", spell, "2026-09-12",
         NULL, "f", NULL, NULL, NULL)])


@case
def events_without_a_spell(w):
    person = w.person()
    w.emitted(None, "reason.missing", "2026-09-09T08:00Z", person=person, subject="pREASON", period_id="REASON")
    w.emitted(None, "interview.due", "2026-09-09T08:00Z", person=person, subject="pRETURN", period_id="RETURN",
              topic="return-to-work.events")
    w.emitted(None, "feed.silent", "2026-09-09T08:00Z", person="", subject="oRW3")
    w.emitted(None, "feed.silent", "2026-09-09T08:00Z", person="", subject="oXX9", organisation="XX9")
    look = "select kind, person_id from oh.event where spell_id is null order by kind"
    equal(w.at("amy").run(look), [("reason.missing", person)])
    equal(w.at("mia").run(look), [("reason.missing", person)])
    equal(w.at("xen").run(look), [])
    equal(w.at("ada").run(look), [("feed.silent", NULL), ("interview.due", person), ("reason.missing", person)])


@case
def entries_are_listed_with_their_task(w):
    spell = w.spell()
    amy = w.at("amy")
    amy.run(f"select oh.claim('{spell}')")
    amy.run(f"select oh.record_attempt('{spell}', 'voicemail', '2026-09-08T10:00Z')")
    amy.run(f"select oh.record_contact('{spell}', 'declined', '2026-09-09T10:00Z')")
    amy.run(f"select oh.close_case('{spell}', 'referred')")
    amy.run(f"select oh.reopen_case('{spell}')")
    amy.run(f"select oh.assign('{spell}', '{w.role('ben')}')")
    rows = w.at("ben").run(f"select kind, outcome, by from oh.entry where task_id = '{spell}' order by entry_id")
    equal(rows, [(kind, outcome, w.role("amy")) for kind, outcome in (
        ("claim", NULL), ("attempt", "voicemail"), ("contact", "declined"), ("close", "referred"), ("reopen", NULL),
        ("assign", NULL))])


@case
def an_entry_goes_with_the_spell_that_holds_its_anchor(w):
    person = w.person()
    for absence in ("A-1", "A-2", "A-3"):
        w.record(person, f"{person}-{absence}")
    ids = [("/hr", f"{person}-A-{n}") for n in (1, 2, 3)]
    old = w.spell(person, records=ids[1:], onset_date="2026-09-01")
    w.at("amy").run(f"select oh.record_attempt('{old}', 'voicemail', '2026-09-08T10:00Z')")
    look = f"select task_id from oh.entry where entry_id = {w.fact(old)['entry_id']}"
    # The anchor, A-2, is now alone in a later spell; an earlier one holds the other record.
    w.root.run(f"update casework.spell set tombstone = true, state = 'ended' where spell_id = '{old}'")
    other = w.spell(person, records=[ids[0], ids[2]], onset_date="2026-08-01", last_day="2026-08-10")
    anchor = w.spell(person, records=[ids[1]], onset_date="2026-09-01")
    equal(w.at("amy").value(look), anchor)
    # The anchor is gone from every spell: the one that holds any other record.
    w.root.run(f"delete from casework.spell where spell_id = '{anchor}'")
    equal(w.at("amy").value(look), other)
    # None of the records is in any: the one that covers the date.
    w.root.run(f"delete from casework.spell where spell_id = '{other}'")
    covers = w.spell(person, records=[("/hr", f"{person}-A-9")], onset_date="2026-09-08")
    w.spell(person, records=[("/hr", f"{person}-A-8")], onset_date="2026-09-09")
    w.root.run(f"delete from casework.spell where spell_id = '{old}'")
    equal(w.at("amy").value(look), covers)


@case
def the_same_absence_id_from_another_source_is_another_record(w):
    person = w.person()
    w.record(person, f"{person}-A", source="/hr")
    w.record(person, f"{person}-A", source="/roster")
    one = w.spell(person, records=[("/hr", f"{person}-A")], onset_date="2026-07-01", last_day="2026-07-03")
    two = w.spell(person, records=[("/roster", f"{person}-A")])
    w.at("amy").run(f"select oh.record_attempt('{two}', 'voicemail', '2026-09-08T10:00Z')")
    equal(w.at("amy").column(f"select task_id from oh.entry where task_id in ('{one}', '{two}')"), [two])


@case
def nor_is_it_one_of_those_entered_with(w):
    person = w.person()
    w.record(person, f"{person}-A", source="/hr")
    w.record(person, f"{person}-A", source="/roster")
    old = w.spell(person, records=[("/hr", f"{person}-B"), ("/hr", f"{person}-A")])
    w.at("amy").run(f"select oh.record_attempt('{old}', 'voicemail', '2026-09-08T10:00Z')")
    entry = w.fact(old)["entry_id"]
    w.root.run(f"delete from casework.spell where spell_id = '{old}'")
    w.spell(person, records=[("/roster", f"{person}-A")], onset_date="2026-07-01", last_day="2026-07-03")
    right = w.spell(person, records=[("/hr", f"{person}-A")])
    equal(w.at("amy").value(f"select task_id from oh.entry where entry_id = {entry}"), right)


@case
def entries_of_another_pathway_stay_with_it(w):
    person = w.person()
    w.record(person, f"{person}-A")
    physio = w.spell(person, records=[("/hr", f"{person}-A")])
    stress = w.spell(person, queue="mental-health", records=[("/hr", f"{person}-A")])
    w.at("mia").run(f"select oh.record_attempt('{stress}', 'voicemail', '2026-09-08T10:00Z')")
    equal(w.at("mia").column(f"select task_id from oh.entry where task_id in ('{physio}', '{stress}')"), [stress])
    equal(w.at("amy").column(f"select task_id from oh.entry where task_id in ('{physio}', '{stress}')"), [])
    equal(w.at("ada").column(f"select task_id from oh.entry where task_id in ('{physio}', '{stress}')"), [stress])


@case
def a_record_is_what_hr_said_to_those_who_see_the_case(w):
    person = w.person()
    for absence, code in (("one", "S12"), ("two", "S11"), ("else", "S10")):
        w.record(person, f"{person}-{absence}", code=code)
    w.record(person, f"{person}-other", organisation="XX9")
    spell = w.spell(person, records=[("/hr", f"{person}-one"), ("/hr", f"{person}-two"), ("/hr", f"{person}-other")])
    w.root.run(f"update fact.absence set last_day = '2026-09-20', fit_note_to = '2026-09-18', cancelled = true, version = 3"
               f" where absence_id = '{person}-two'")
    look = ("select absence_id, version, onset_date, last_day, fit_note_to, cancelled, scheme, code from oh.record"
            f" where task_id = '{spell}' order by absence_id")
    wanted = [(f"{person}-one", "1", "2026-09-07", NULL, NULL, "f", "esr", "S12"),
              (f"{person}-two", "3", "2026-09-07", "2026-09-20", "2026-09-18", "t", "esr", "S11")]
    equal(w.at("amy").run(look), wanted)
    equal(w.at("ada").run(look), wanted)
    for who in ("mia", "xen", "nob"):
        equal(w.at(who).run(look), [], who)
    for change in ("reason_changed = true", "tombstone = true"):
        w.root.run(f"update casework.spell set {change} where spell_id = '{spell}'")
        equal(w.at("amy").column(look.replace("absence_id, version, onset_date, last_day, fit_note_to, cancelled, scheme,",
                                              "")), [NULL, NULL], change)
        w.root.run(f"update casework.spell set reason_changed = false, tombstone = false where spell_id = '{spell}'")


@case
def an_entry_tells_all_that_was_entered(w):
    spell = w.spell()
    amy = w.at("amy")
    amy.run(f"select oh.assign('{spell}', '{w.role('ben')}')")
    amy.run(f"select oh.record_contact('{spell}', 'onward_referral', review_on => '2026-10-01', red_flag => true)")
    entry = w.fact(spell)["entry_id"]
    amy.run(f"select oh.retract({entry}, 'another person')")
    equal(amy.run("select kind, assignee, review_on, red_flag, entered_at, retracted_why from oh.entry"
                  f" where task_id = '{spell}' order by entry_id"),
          [("assign", w.role("ben"), NULL, "f", "2026-09-10 12:00:00+00", NULL),
           ("contact", NULL, "2026-10-01", "t", "2026-09-10 12:00:00+00", "another person")])
