"""dayfour purge, person export, person erase: what goes, what stays as it is, and what is written down."""
import datetime
import json
import subprocess

from harness import ROOT, case, dsn_of, equal, holds

NOW = "2026-09-15T10:30:00Z"
TODAY = datetime.date(2026, 9, 15)
TABLES = ("fact.person", "fact.absence", "fact.person_contact", "fact.contact", "casework.spell", "followup.emitted")
ABOUT_PEOPLE = (*TABLES, "followup.held", "fact.erasure")


@case
def set_up(w):
    equal(w.run("migrate").code, 0)
    w.sql(f"update ops.clock set rehearsal_at = '{NOW}'")
    w.password = "test-pw-" + w.tag
    w.logins = {}
    for group in ("retention", "operator", "auditor", "followup", "intake"):
        w.logins[group] = w.role(group)
        w.sql(f"create role {w.logins[group]} login password '{w.password}' in role dayfour_{group}")


def retention(w, *args, group="retention"):
    return w.run(*args, user=w.logins[group], password=w.password)


def days_ago(n):
    return (TODAY - datetime.timedelta(days=n)).isoformat()


def clean(w):
    w.sql("truncate " + ", ".join((*ABOUT_PEOPLE, "intake.dead_letter", "report.letters_purged")))


def person(w, who, **facts):
    columns = dict(organisation="RW3", person_id=who, revision=1, **facts)
    put(w, "fact.person", columns)


def put(w, table, columns):
    def literal(v):
        if isinstance(v, (list, tuple)):
            return "array[" + ",".join(map(literal, v)) + "]::text[]"
        return "null" if v is None else str(v).lower() if isinstance(v, bool) else "'" + str(v).replace("'", "''") + "'"
    w.sql(f"insert into {table} ({', '.join(columns)}) values ({', '.join(map(literal, columns.values()))})")


def record(w, who, absence, onset, last_day, code=None, changed=None, **more):
    """As taken in when it began, and closed the day after it ended, unless said otherwise."""
    changed = changed or f"{last_day or onset}T09:00Z"
    columns = dict(organisation="RW3", person_id=who, source="/hr", absence_id=absence, version=1, first_version=1,
                   first_onset_date=onset, onset_date=onset, last_day=last_day, open_ended=False,
                   match=1 if code else 2, scheme=1 if code else 0, code=code, settings_serial=1, cancelled=False,
                   first_notice_at=f"{onset}T08:00Z", changed_at=changed)
    columns.update(more)
    put(w, "fact.absence", columns)


def details(w, who, absence):
    put(w, "fact.person_contact", dict(organisation="RW3", person_id=who, source="/hr", absence_id=absence,
                                       name="Test Person 12", phone="07700 900012", language="cy"))
    w.sql(f"update fact.absence set contact_hash = 1 where absence_id = '{absence}'")


def spell(w, who, absence, onset, last_day, **more):
    columns = dict(spell_id=f"S{absence}", organisation="RW3", person_id=who, period_id=f"P{absence}", pathway="msk",
                   queue="physiotherapy", anchor_source="/hr", anchor_absence_id=absence, absence_ids=[absence],
                   record_sources=["/hr"], record_ids=[absence], onset_date=onset, last_day=last_day,
                   first_notice_at=f"{onset}T08:00Z", late_report=False, backdated=False, review_first=False,
                   priority=2, due_date=onset, state="ended", end_reason="returned_uncontacted", tombstone=False,
                   attempts=0, red_flag=False, reason_changed=False, case_closed=False, fingerprint=1)
    columns.update(more)
    put(w, "casework.spell", columns)


def told(w, who, absence, at, kind="contact-task.created", subject=None, **more):
    columns = dict(organisation="RW3", person_id=who, subject=subject or f"sS{absence}", kind=kind, occurrence="1",
                   nth=1, topic="oh.follow-up.events", happens_at=at, occurs_on=at[:10], late=False,
                   data=json.dumps({"absence_ids": [absence], "pathway": "msk"}), emitted_at=at)
    columns.update(more)
    put(w, "followup.emitted", columns)
    prompts = 1 if columns["topic"].startswith("return") else 0
    w.sql(f"update fact.person set emitted = emitted + 1, prompted = prompted + {prompts} where person_id = '{who}'")


def entry(w, who, absence, at, kind=1, outcome=6):
    put(w, "fact.contact", dict(organisation="RW3", person_id=who, pathway="msk", kind=kind, at=at, entered_at=at,
                                by="amy", outcome=outcome, anchor_source="/hr", anchor_absence_id=absence,
                                record_sources=["/hr"], record_ids=[absence], record_codes=["S12"]))
    w.sql(f"update fact.person set contacts = contacts + 1 where person_id = '{who}'")


def matched(w, who, absence, onset, last_day, **more):
    person(w, who) if not w.sql(f"select 1 from fact.person where person_id = '{who}'") else None
    record(w, who, absence, onset, last_day, code="S12", **more)
    details(w, who, absence)
    spell(w, who, absence, onset, last_day)
    told(w, who, absence, f"{onset}T08:00Z")


def rows(w, who=None, tables=ABOUT_PEOPLE):
    where = f" where t.person_id = '{who}'" if who else ""
    return {t: w.sql(f"select t::text from {t} t{where} order by 1") for t in tables}


def count(w, who, tables=TABLES):
    return [int(w.value(f"select count(*) from {t} where person_id = '{who}'")) for t in tables]


# ---- purge ----

@case
def days_are_counted_exactly(w):
    clean(w)
    for days in (120, 121):  # it is purged once it is gone for HR
        person(w, f"P-u{days}")
        record(w, f"P-u{days}", f"U{days}", days_ago(days + 3), days_ago(days))
    for days in (2554, 2555):
        matched(w, f"P-m{days}", f"M{days}", days_ago(days + 3), days_ago(days))
    # Changed later than it ended: settled only so long after that.
    person(w, "P-late")
    record(w, "P-late", "L", days_ago(300), days_ago(250), changed=f"{days_ago(119)}T09:00Z")
    ran = retention(w, "purge", "--json")
    equal(ran.code, 0, ran.err)
    equal([count(w, p)[:2] for p in ("P-u120", "P-u121", "P-m2554", "P-m2555", "P-late")],
          [[1, 1], [0, 0], [1, 1], [0, 0], [1, 1]])
    equal(count(w, "P-m2555"), [0] * 6)
    found = ran.json()
    equal({k: found[k] for k in ("unmatched_periods", "matched_periods", "records", "spells", "told", "people")},
          {"unmatched_periods": 1, "matched_periods": 1, "records": 2, "spells": 1, "told": 1, "people": 2})


@case
def looking_first_changes_nothing(w):
    clean(w)
    person(w, "P-1")
    record(w, "P-1", "A-1", days_ago(400), days_ago(300))
    matched(w, "P-2", "A-2", days_ago(3000), days_ago(2900))
    before = rows(w)
    audit = w.value("select count(*) from audit.entry")
    looked = retention(w, "purge", "--dry-run", "--json")
    equal((looked.code, rows(w), w.value("select count(*) from audit.entry")), (0, before, audit), looked.err)
    done = retention(w, "purge", "--json").json()
    wanted = looked.json()
    equal(dict(wanted, dry_run=False, audit_entries=0), dict(done, audit_entries=0))
    holds(wanted["records"] == 2 and wanted["dry_run"], wanted)
    text = retention(w, "purge", "--dry-run")
    holds("Would be deleted" in text.out and "P-" not in text.out, text.out)


@case
def whole_periods_or_nothing(w):
    """Two records that touch are one period: it goes by the later one, with what was cancelled in its own time."""
    clean(w)
    person(w, "P-1")
    record(w, "P-1", "A-1", days_ago(200), days_ago(150))
    record(w, "P-1", "A-2", days_ago(149), days_ago(100))
    record(w, "P-1", "A-3", days_ago(300), days_ago(290))
    record(w, "P-1", "A-4", days_ago(300), days_ago(290), cancelled=True, changed=f"{days_ago(120)}T09:00Z")
    record(w, "P-1", "A-5", days_ago(300), None, cancelled=True, changed=f"{days_ago(121)}T09:00Z")
    told(w, "P-1", "A-1", f"{days_ago(99)}T00:00Z", "returned-to-work", "pX", topic="return-to-work.events")
    told(w, "P-1", "A-3", f"{days_ago(289)}T00:00Z", "returned-to-work", "pY", topic="return-to-work.events")
    equal(retention(w, "purge").code, 0)
    equal(w.sql("select absence_id from fact.absence order by 1"), [("A-1",), ("A-2",), ("A-4",)])
    equal(w.sql("select subject from followup.emitted"), [("pX",)])
    equal(w.sql("select emitted, prompted, revision from fact.person"), [("1", "1", "2")])


@case
def what_is_open_stays_and_what_was_forgotten_is_listed(w):
    clean(w)
    matched(w, "P-open", "A-1", days_ago(1000), None, changed=f"{days_ago(400)}T09:00Z")
    matched(w, "P-near", "A-2", days_ago(1000), None, changed=f"{days_ago(399)}T09:00Z")
    matched(w, "P-ended", "A-3", days_ago(1000), days_ago(990), changed=f"{days_ago(400)}T09:00Z", open_ended=True)
    person(w, "P-left", left_on=days_ago(900), left_time=f"{days_ago(900)}T09:00Z", left_id="x",
           changed_at=f"{days_ago(900)}T09:00Z")
    record(w, "P-left", "A-4", days_ago(1000), None)
    before = rows(w, "P-open"), rows(w, "P-near"), rows(w, "P-ended")
    ran = retention(w, "purge", "--json")
    equal((rows(w, "P-open"), rows(w, "P-near"), rows(w, "P-ended")), before, ran.err)
    equal([(f["person_id"], f["absence_id"]) for f in ran.json()["left_open"]],
          [("P-ended", "A-3"), ("P-open", "A-1")])
    # Leaving had closed that one; that the person left is remembered a while.
    equal(count(w, "P-left")[:2], [1, 0])
    text = retention(w, "purge").out
    holds("P-open since" in text and "P-near" not in text, text)


@case
def an_entry_about_it_keeps_it_as_long_as_a_case(w):
    clean(w)
    person(w, "P-1")
    record(w, "P-1", "A-1", days_ago(400), days_ago(300))
    entry(w, "P-1", "A-1", f"{days_ago(350)}T10:00Z")
    equal(retention(w, "purge").code, 0)
    equal(count(w, "P-1"), [1, 1, 0, 1, 0, 0])


@case
def a_tombstone_goes_with_its_record(w):
    clean(w)
    person(w, "P-1")
    record(w, "P-1", "A-1", days_ago(3000), days_ago(2900), code=None)
    spell(w, "P-1", "A-1", days_ago(3000), None, tombstone=True, end_reason="superseded")
    told(w, "P-1", "A-1", f"{days_ago(3000)}T08:00Z", withdrawn_at=f"{days_ago(2999)}T08:00Z")
    record(w, "P-1", "A-2", days_ago(2000), days_ago(1990), code="S12")
    spell(w, "P-1", "A-2", days_ago(2000), days_ago(1990))
    equal(retention(w, "purge").code, 0)
    equal(w.sql("select spell_id from casework.spell"), [("SA-2",)])
    equal(count(w, "P-1"), [1, 1, 0, 0, 1, 0])


@case
def what_a_relapse_rests_on_stays(w):
    """Old enough by itself; but the case after it, not settled yet, is a relapse of it."""
    clean(w)
    document = json.loads((ROOT / "deploy/settings/pathways.json").read_text())
    document["retention"].update(matched_days=150)
    equal(w.run("settings", "load", w.file("short.json", json.dumps(document)), "--yes").code, 0)
    matched(w, "P-1", "A-1", days_ago(210), days_ago(200))
    matched(w, "P-1", "A-2", days_ago(150), days_ago(119))
    matched(w, "P-2", "A-3", days_ago(210), days_ago(200))
    matched(w, "P-2", "A-4", days_ago(142), days_ago(119))  # 57 days between: none
    matched(w, "P-3", "A-5", days_ago(210), days_ago(200))
    matched(w, "P-3", "A-6", days_ago(150), days_ago(120))  # settled: it stays as it is anyway
    equal(retention(w, "purge").code, 0)
    equal(w.sql("select absence_id from fact.absence order by 1"), [("A-1",), ("A-2",), ("A-4",), ("A-6",)])
    equal(w.run("settings", "load", ROOT / "deploy/settings/pathways.json", "--yes").code, 0)


@case
def contact_details_go_before_the_record(w):
    clean(w)
    matched(w, "P-364", "A-1", days_ago(370), days_ago(364))
    matched(w, "P-365", "A-2", days_ago(370), days_ago(365))
    before = rows(w, "P-365", ("casework.spell", "followup.emitted"))
    w.sql("update fact.absence set site = 'Site 3', staff_group = 'Nursing'")
    equal(retention(w, "purge", "--json").json()["contact_details"], 1)
    equal(w.sql("select person_id from fact.person_contact"), [("P-364",)])
    equal(w.sql("select person_id, contact_hash is null from fact.absence order by 1"),
          [("P-364", "f"), ("P-365", "t")])
    equal(w.sql("select distinct site, staff_group from fact.absence"), [("Site 3", "Nursing")], "for reports")
    equal(rows(w, "P-365", ("casework.spell", "followup.emitted")), before)


@case
def an_opt_out_is_remembered(w):
    clean(w)
    opted = dict(opt_on=days_ago(3000), opt_time=f"{days_ago(3000)}T09:00Z", opt_id="x", opted_out=True,
                 changed_at=f"{days_ago(3000)}T09:00Z")
    person(w, "P-out", **opted)
    person(w, "P-in", **dict(opted, opted_out=False))
    person(w, "P-gone", left_on=days_ago(2900), left_id="y", left_time=f"{days_ago(2900)}T09:00Z",
           **dict(opted, changed_at=f"{days_ago(2900)}T09:00Z"))
    person(w, "P-none")
    equal(retention(w, "purge").code, 0)
    equal(w.sql("select person_id from fact.person"), [("P-out",)])


@case
def who_is_being_worked_on_is_left_for_the_next_run(w):
    clean(w)
    for who in ("P-1", "P-2"):
        person(w, who)
        record(w, who, "A" + who, days_ago(400), days_ago(300))
    holder = subprocess.Popen(["psql", "-XqAt", dsn_of(dict(w.words, dbname=w.dbname))], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    holder.stdin.write("begin; select 1 from fact.person where person_id = 'P-2' for update;\n")
    holder.stdin.flush()
    holder.stdout.readline()
    try:
        ran = retention(w, "purge", "--json")
    finally:
        holder.stdin.close()
        holder.wait(10)
    equal(ran.code, 0, ran.err)
    equal(ran.json()["people_busy"], 2)
    equal(retention(w, "purge", "--json").json()["people"], 2)


@case
def old_dead_letters_go_once_they_are_published(w):
    clean(w)
    for offset, (days, batch) in enumerate([(15, 1), (13, 1), (15, None)]):
        put(w, "intake.dead_letter", {"topic": "t", "partition": 0, '"offset"': offset, "reason": "not_json", "size": 3,
                                      "value": "\\x616263", "received_at": f"{days_ago(days)}T09:00Z",
                                      "published_batch": batch})
    ran = retention(w, "purge", "--dry-run", "--json")
    equal((ran.json()["dead_letters"], ran.json()["dead_letters_not_yet_published"]), (1, 1), ran.err)
    holds("not yet published" in retention(w, "purge").out, "it is said")
    equal(w.sql('select "offset" from intake.dead_letter order by 1'), [("1",), ("2",)])
    equal(w.sql("select organisation, letters from report.letters_purged"), [("", "1")])


@case
def the_audit_goes_piece_by_piece_and_its_chain_holds(w):
    clean(w)
    w.sql("begin; set local session_replication_role = replica; delete from audit.entry; delete from audit.seal;"
          " delete from audit.unsealed; update audit.head set seal_no = 0, hash = decode(repeat('00', 32), 'hex');"
          " commit")
    w.sql(f"insert into audit.entry (at, what) select '{days_ago(2921)}T09:00Z', 'old' from generate_series(1, 1201)")
    w.sql(f"insert into audit.entry (at, what) select '{days_ago(2919)}T09:00Z', 'kept' from generate_series(1, 3)")
    w.sql("select sealed from audit.seal(100000)")
    looked = retention(w, "purge", "--dry-run", "--json").json()
    done = retention(w, "purge", "--json").json()
    equal((looked["audit_entries"], done["audit_entries"]), (1201, 1201))
    equal(w.sql("select what, count(*) from audit.entry group by 1 order by 1"), [("kept", "3"), ("purge", "3")])
    w.sql("select sealed from audit.seal(100000)")
    ran = retention(w, "audit", "verify", group="auditor")
    equal(ran.code, 0, ran.out)


@case
def what_went_is_written_down_without_names(w):
    clean(w)
    person(w, "P-named")
    record(w, "P-named", "A-1", days_ago(400), days_ago(300))
    since = w.value("select coalesce(max(entry_id), 0) from audit.entry")
    equal(retention(w, "purge").code, 0)
    found = w.sql("select who, what, person_id is null, detail ->> 'unmatched_periods', strpos(detail::text, 'P-named')"
                  f" from audit.entry where entry_id > {since}")
    equal(found, [(w.logins["retention"], "purge", "t", "1", "0")])


@case
def nobody_else_may(w):
    clean(w)
    person(w, "P-1")
    record(w, "P-1", "A-1", days_ago(400), days_ago(300))
    before = rows(w)
    for group in ("operator", "auditor", "followup", "intake"):
        for command in (["purge"], ["purge", "--dry-run"], ["person", "export", "RW3", "P-1", "--reason", "r"],
                        ["person", "erase", "RW3", "P-1", "--reason", "r"]):
            ran = retention(w, *command, group=group)
            equal((ran.code, ran.out), (3, ""), (group, command))
    equal(rows(w), before)


# ---- one person ----

def letter(w, offset, value, organisation=None):
    put(w, "intake.dead_letter", {"topic": "t", "partition": 0, '"offset"': offset, "reason": "missing_field",
                                  "size": len(value), "value": "\\x" + value.encode().hex(),
                                  "received_at": f"{days_ago(1)}T09:00Z", "organisation": organisation})


def settled_person(w, who="P-77", absence="A-77", days=200):
    matched(w, who, absence, days_ago(days + 10), days_ago(days))
    entry(w, who, absence, f"{days_ago(days + 9)}T10:00Z")
    told(w, who, absence, f"{days_ago(days - 1)}T00:00Z", "returned-to-work", f"pP{absence}",
         topic="return-to-work.events", data=json.dumps({"absence_ids": [absence]}))


@case
def everything_held_is_exported_with_a_reading(w):
    clean(w)
    settled_person(w)
    settled_person(w, "P-78", "A-78")
    letter(w, 1, '{"data":{"person_id":"P-77","x":1}}', "RW3")
    letter(w, 2, '{"data":{"person_id":"P-777"}}', "RW3")
    letter(w, 3, '{"data":{"person_id":"P-77"}}', "XX9")
    ran = retention(w, "person", "export", "RW3", "P-77", "--reason", "asked for by letter 12")
    equal(ran.code, 0, ran.err)
    found = ran.json()
    equal((found["organisation"], found["person_id"]), ("RW3", "P-77"))
    sizes = {part: len(found[part]) for part in ("person", "absences", "contact_details", "spells", "entries", "told",
                                                 "erasure", "dead_letters")}
    equal(sizes, {"person": 1, "absences": 1, "contact_details": 1, "spells": 1, "entries": 1, "told": 2, "erasure": 0,
                  "dead_letters": 1})
    holds("P-78" not in ran.out and "A-78" not in ran.out, "nobody else's")
    equal((found["absences"][0]["code"], found["contact_details"][0]["phone"], found["entries"][0]["outcome"]),
          ("S12", "07700 900012", "self_management_advice"))
    reading = " ".join(found["reading"])
    for said in ("The reason it gave, Other musculoskeletal problems, is kept.", "a telephone number", "occupational health (msk, queue"
                 " physiotherapy)", "occupational health was told: contact task created.", "your employer's HR was told: returned to work.",
                 "amy entered: contact, self management advice"):
        holds(said in reading, f"{said}: {reading}")
    holds(any("Backups" in line for line in found["not_in_here"]), found["not_in_here"])
    equal(w.sql("select who, organisation, person_id, why from audit.entry where what = 'person_export'"),
          [(w.logins["retention"], "RW3", "P-77", "asked for by letter 12")])
    holds(any(a["what"] == "person_export" for a in found["audit"]), "the export is in what was written down")


@case
def every_column_about_a_person_is_exported(w):
    """Each column of each table, also of later ones: its value is in the export, or the column is listed here."""
    clean(w)
    settled_person(w)
    w.sql("update fact.person set left_on = '2021-01-02', died_on = '2021-01-03', opt_on = '2021-01-04',"
          " opted_out = true, opt_id = 'o', changed_at = '2021-01-05T00:00Z'")
    w.sql("update fact.absence set assignment_id = 'P-77-1', expected_return = '2021-02-01', fte = 0.61,"
          " fit_note_from = '2021-02-02', fit_note_to = '2021-02-03', phased_return_from = '2021-02-04',"
          " reason_given_at = '2021-02-05T09:00Z', site = 'Site 9', staff_group = 'Porters',"
          " recorded_at = '2021-02-06T09:00Z'")
    w.sql("update fact.person_contact set email = 'p77@example.org', preferred_time = 'after six', voicemail = true,"
          " channel = 'letter', needs = 'a text relay', date_of_birth = '1984-03-04', job = 'Porter of nights'")
    w.sql("update fact.contact set review_on = '2021-03-01', assignee = 'ben', retracted_at = '2021-03-02T00:00Z',"
          " retracted_by = 'cat', retracted_why = 'slip'")
    w.sql("update casework.spell set work_by_date = '2021-04-01', respond_by = '2021-04-02', assigned_to = 'dan',"
          " previous_spell = 'SPREV', expected_return = '2021-04-03', review_on = '2021-04-04',"
          " contacted_at = '2021-04-05T10:00Z', first_attempt_at = '2021-04-06T10:00Z', last_outcome = 'voicemail',"
          " elapsed_days = 41, elapsed_working_days = 43, settled_at = '2021-04-07T00:00Z'")
    ran = retention(w, "person", "export", "RW3", "P-77", "--reason", "r")
    # Columns of the machinery: wake-ups, owners, revisions; and values that the export has in another form.
    inner = {"revision", "next_wake_at", "oh_wake_at", "emitted", "prompted", "contacts", "fingerprint",
             "contact_hash", "settings_serial", "left_time", "left_id", "died_time", "died_id", "opt_time", "opt_id",
             "match", "scheme", "kind", "outcome", "first_version", "version", "tombstone"}
    for table in TABLES:
        for row in json.loads(w.value(f"select json_agg(to_json(t)) from {table} t where person_id = 'P-77'")):
            for column, value in row.items():
                if column in inner or value is None or isinstance(value, bool) or value in ([], 0):
                    continue
                for one in value if isinstance(value, list) else [value]:
                    text = json.dumps(one)
                    inside = json.loads(text)
                    seen = text in ran.out or str(inside).replace(" ", "") in ran.out.replace(" ", "")
                    holds(seen, f"{table}.{column}: {one}")


@case
def what_followup_has_not_taken_up_yet_is_exported_too(w):
    clean(w)
    settled_person(w)
    w.sql("insert into fact.opting (organisation, person_id, opted_out, opt_on, opt_time, opt_id, entered_at, by) values"
          " ('RW3', 'P-77', true, '2021-05-01', now(), 'oh:1', '2021-05-01T10:00Z', 'amy')")
    w.sql("insert into fact.retraction (entry_id, organisation, person_id, at, by, why) select entry_id, organisation,"
          " person_id, '2021-05-02T10:00Z', 'amy', 'slip' from fact.contact")
    found = retention(w, "person", "export", "RW3", "P-77", "--reason", "r").json()
    equal([(o["opted_out"], o["by"]) for o in found["opting"]], [(True, "amy")])
    equal([e["retracted_why"] for e in found["entries"]], ["slip"])
    equal(sum("do not want to be rung" in line for line in found["reading"]), 1)
    w.sql("delete from fact.opting; delete from fact.retraction")


@case
def a_reason_is_needed_and_somebody_who_is_held(w):
    clean(w)
    settled_person(w)
    for command in ("export", "erase"):
        for more in ([], ["--reason", ""], ["--reason", "  "], ["--reason", "x" * 1001]):
            ran = retention(w, "person", command, "RW3", "P-77", *more)
            equal((ran.code, ran.out), (1, ""), (command, more))
            holds("--reason" in ran.err and "P-77" not in ran.err, ran.err)
        ran = retention(w, "person", command, "RW3", "P-none", "--reason", "r")
        equal((ran.code, ran.out), (1, ""))
        holds("P-none" not in ran.err, ran.err)
    equal(count(w, "P-77"), [1, 1, 1, 1, 1, 2])


@case
def who_is_settled_is_erased_at_once(w):
    clean(w)
    settled_person(w)
    settled_person(w, "P-78", "A-78")
    letter(w, 1, '{"data":{"person_id":"P-77"}}')
    letter(w, 2, '{"data":{"person_id":"P-78"}}')
    w.sql("insert into audit.entry (at, what, why, organisation, person_id, detail) values"
          " (now(), 'contact', 'w', 'RW3', 'P-77', '{\"task_id\": \"SA-77\"}'),"
          " (now(), 'read', null, null, null, '{\"query\": \"select 1 from oh.task where person_id = ''P-77''\"}'),"
          " (now(), 'contact', 'w', 'RW3', 'P-78', '{}')")
    w.sql("select sealed from audit.seal(100000)")
    others = rows(w, "P-78")
    ran = retention(w, "person", "erase", "RW3", "P-77", "--reason", "request 4 of 2026")
    equal(ran.code, 0, ran.err)
    holds("erased: 1 records, 1 spells, 1 entries, 2 emitted events, 1 dead letters" in ran.out, ran.out)
    equal(count(w, "P-77", ABOUT_PEOPLE), [0] * len(ABOUT_PEOPLE))
    equal(rows(w, "P-78"), others)
    equal(w.sql('select "offset" from intake.dead_letter'), [("2",)])
    equal(w.value("select count(*) from followup.outbox"), "0")
    # In no column of any table.
    for table in w.sql("select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid ="
                       " c.relnamespace where c.relkind = 'r' and n.nspname !~ '^(pg_|information)'"):
        found = w.sql(f"select t::text from {table[0]} t where t::text like '%P-77%' or t::text like '%A-77%'")
        equal(found, [], table[0])
    entries = w.sql("select who, what, why, organisation, person_id is null from audit.entry"
                    " where what = 'person_erase'")
    equal(entries, [(w.logins["retention"], "person_erase", "request 4 of 2026", "RW3", "t")])
    w.sql("select sealed from audit.seal(100000)")
    equal(retention(w, "audit", "verify", group="auditor").code, 0, "the chain holds")


@case
def that_somebody_opted_out_or_died_outlives_an_erasure(w):
    clean(w)
    settled_person(w)
    w.sql(f"update fact.person set opt_on = '{days_ago(900)}', opt_time = '{days_ago(900)}T09:00Z', opt_id = 'x',"
          f" opted_out = true, changed_at = '{days_ago(900)}T09:00Z'")
    ran = retention(w, "person", "erase", "RW3", "P-77", "--reason", "r")
    holds(ran.code == 0 and "opted out, or died" in ran.out, ran.out + ran.err)
    equal(count(w, "P-77"), [1, 0, 0, 0, 0, 0])
    equal(w.sql("select emitted, prompted, contacts, opted_out from fact.person"), [("0", "0", "0", "t")])


@case
def who_is_not_settled_waits_for_followup(w):
    """Which is not running here: the person is marked, and the next purge after it does the rest."""
    clean(w)
    matched(w, "P-77", "A-77", days_ago(10), None)
    before = rows(w, tables=TABLES[1:])
    ran = w.run("person", "erase", "RW3", "P-77", "--reason", "why not", "--no-wait", user=w.logins["retention"],
                password=w.password)
    equal(ran.code, 0, ran.err)
    holds(ran.out.startswith("marked:"), ran.out)
    equal(rows(w, tables=TABLES[1:]), before, "nothing goes yet")
    equal(w.sql("select organisation, person_id, asked_by, why, withdrawn_at is null from fact.erasure"),
          [("RW3", "P-77", w.logins["retention"], "why not", "t")])
    equal(w.sql("select next_wake_at = oh.now(), oh_wake_at = oh.now(), revision from fact.person"),
          [("t", "t", "2")])
    equal(retention(w, "purge", "--json").json()["people_erased"], 0)
    equal(w.run("person", "export", "RW3", "P-77", "--reason", "r", user=w.logins["retention"],
                password=w.password).json()["erasure"][0]["why"], "why not")
    w.sql("update fact.erasure set withdrawn_at = oh.now()")
    equal(retention(w, "purge", "--dry-run", "--json").json()["people_erased"], 0)
    equal(retention(w, "purge", "--json").json()["people_erased"], 1)
    equal(count(w, "P-77", ABOUT_PEOPLE), [0] * len(ABOUT_PEOPLE))
    equal(w.value("select count(*) from audit.entry where what = 'person_erase' and why = 'why not'"), "1")
    equal(w.value("select count(*) from audit.entry where person_id = 'P-77'"), "0")


@case
def who_was_purged_while_marked_is_erased_all_the_same(w):
    clean(w)
    put(w, "fact.erasure", dict(organisation="RW3", person_id="P-77", asked_at=NOW, why="r"))
    w.sql("insert into audit.entry (at, what, organisation, person_id) values (now(), 'contact', 'RW3', 'P-77')")
    equal(retention(w, "purge", "--json").json()["people_erased"], 1)
    equal(w.sql("select 1 from fact.erasure union all select 1 from audit.entry where person_id = 'P-77'"), [])
