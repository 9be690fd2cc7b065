"""Whom a reader read about: known whichever way there is of reading, and erased for one person by themselves."""
from harness import NULL, case, equal, refused

VIEWS = ("task", "worklist", "spell", "event", "entry", "record")


def known(w):
    """Somebody of whom each view has a row; the person and the task."""
    person = w.person()
    w.record(person, person + "-A")
    w.details(person, person + "-A")
    spell = w.spell(person, records=[("/hr", person + "-A")])
    w.emitted(spell, "contact-task.created", "2026-09-07T08:00:00Z")
    w.at("ben").run(f"select oh.claim('{spell}')")
    return person, spell


def readers(w, person, organisation="RW3"):
    """(who, views) of each that is known to have read about them."""
    rows = w.root.run("select who, string_agg(distinct view, ',' order by view) from ("
                      "  select e.who, e.detail ->> 'view' as view from audit.entry e"
                      f"  where e.what = 'read_about' and e.organisation = '{organisation}' and e.person_id = '{person}'"
                      "  union all select r.who, r.view from audit.reading r"
                      f"  where r.organisation = '{organisation}' and r.person_id = '{person}') x group by 1 order by 1")
    return rows


def mark(w):
    return w.root.value("select coalesce(max(entry_id), 0) from audit.entry")


def seal(w):
    while w.root.value("select sealed from audit.seal(1000)") == "1000":
        pass


@case
def each_view_says_whom_it_showed(w):
    for view in VIEWS:
        person, spell = known(w)
        other, _ = known(w)
        key = {"event": "spell_id", "spell": "spell_id"}.get(view, "task_id")
        equal(len(w.at("amy").run(f"select * from oh.{view} where {key} = '{spell}'")), 1, view)
        equal(readers(w, person), [(w.role("amy"), "oh." + view)], view)
        equal(readers(w, other), [], f"{view}: who was not shown")


@case
def no_form_of_a_statement_hides_it(w):
    amy = w.at("amy")
    whole = "select name, phone from oh.task where person_id = '{}'"
    forms = {
        "prepared": ["prepare p as " + whole, "execute p", "deallocate p"],
        "prepared with a parameter": ["prepare p(text) as " + whole.replace("'{}'", "$1"), "execute p('{}')",
                                      "deallocate p"],
        "cursor": ["begin", "declare c cursor for " + whole, "fetch 1 from c", "commit"],
        "cursor that stays": ["begin", "declare c cursor with hold for " + whole, "commit", "fetch 1 from c", "close c"],
        "several in a message": ["select 1 \\; " + whole + " \\; select 2"],
        "after another view in the same message": ["select 1 from oh.spell where false \\; " + whole],
        "a long comment": ["/* " + "x" * 1000 + " */ " + whole],
        "count": ["select count(*) from oh.task where person_id = '{}'"],
        "exists": ["select exists (select from oh.task where person_id = '{}')"],
        "nothing of it": ["select from oh.task where person_id = '{}'"],
        "explain analyze": ["explain analyze " + whole],
        "copy": ["copy (" + whole + ") to stdout"],
        "a block": ["do $$ begin perform 1 from oh.task where person_id = '{}'; end $$"],
        "a block that does it in a string": ["do $$ begin execute 'select 1 from oh.task where person_id = ' ||"
                                             " quote_literal('{}'); end $$"],
        "a union": ["select 1 where false union all select 1 from oh.task where person_id = '{}'"],
        "a lateral": ["select 1 from (values ('{}')) v(p), lateral (select * from oh.task t where t.person_id = v.p) x"],
        "a condition of two tables": ["select 1 from (values ('{}')) v(p) join oh.task t on t.person_id = v.p"],
        "a group": ["select person_id, count(*) from oh.task where person_id = '{}' group by 1"],
        "another role": ["set role dayfour_clinician", whole, "reset role"],
        "half rolled back": ["begin", "savepoint a", whole, "rollback to a", whole, "commit"],
        "a name that is not theirs": ["select 1 from oh.task where name like 'Test%' and person_id = '{}'"],
        "generic plans": ["set plan_cache_mode = force_generic_plan", whole, "reset plan_cache_mode"],
        "no index": ["set enable_indexscan = off", "set enable_bitmapscan = off", whole, "reset all"],
        "the worklist": ["select 1 from oh.worklist where person_id = '{}'"],
        "an operator of two rows": ["select 1 from oh.task a, oh.task b where a.person_id = '{}' and b.task_id = a.task_id"],
    }
    for name, statements in forms.items():
        person, _ = known(w)
        for statement in statements:
            amy.run(statement.replace("{}", person))
        equal([who for who, _ in readers(w, person)], [w.role("amy")], name)


@case
def conditions_are_no_way_round(w):
    """A condition that sees the row is evaluated after the note."""
    person, _ = known(w)
    for condition in ("name not like 'Test%'", "length(name) > 100", "name || phone = ''"):
        before = w.root.value(f"select count(*) from audit.reading where person_id = '{person}'")
        equal(w.at("amy").run(f"select 1 from oh.task where person_id = '{person}' and {condition}"), [], condition)
        equal(int(w.root.value(f"select count(*) from audit.reading where person_id = '{person}'")), int(before) + 1,
              condition)


@case
def who_is_not_on_the_list_was_not_read_about(w):
    person, spell = known(w)
    gone, _ = known(w)
    w.root.run(f"update fact.person set died_on = '2026-09-09' where person_id = '{gone}'")
    equal(len(w.at("amy").run(f"select 1 from oh.worklist where person_id in ('{person}', '{gone}')")), 1)
    equal((len(readers(w, person)), len(readers(w, gone))), (1, 0))
    done, spell = known(w)
    w.root.run(f"update casework.spell set state = 'contacted' where spell_id = '{spell}'")
    equal(w.at("amy").run(f"select 1 from oh.worklist where person_id = '{done}'"), [])
    equal(readers(w, done), [])


@case
def once_a_day_with_first_last_and_how_often(w):
    person, _ = known(w)
    amy = w.at("amy")
    for at in ("2026-09-10T08:00:00Z", "2026-09-10T09:00:00Z", "2026-09-10T22:30:00Z", "2026-09-10T23:30:00Z"):
        w.clock(at)  # the last is of the next day: London is an hour ahead
        amy.run(f"select 1 from oh.task where person_id = '{person}'")
        seal(w)
    amy.run(f"select 1 from oh.spell where person_id = '{person}'")
    look = ("select what, at, detail - 'view' from audit.about('RW3', '{}') where what in ('read_about', 'reads')"
            .format(person))
    first_day = ('{"last": "2026-09-10T22:30:00+00:00", "first": "2026-09-10T08:00:00+00:00", "times": 3,'
                 ' "views": ["oh.task"], "reader": "%s"}' % w.role("amy"))
    next_day = ('{"last": "2026-09-10T23:30:00+00:00", "first": "2026-09-10T23:30:00+00:00", "times": 2,'
                ' "views": ["oh.spell", "oh.task"], "reader": "%s"}' % w.role("amy"))
    rows = w.root.run(look)
    equal([r[:2] for r in rows if r[0] == "read_about"],
          [("read_about", "2026-09-10 08:00:00+00"), ("read_about", "2026-09-10 23:30:00+00")])
    equal([r[2] for r in rows if r[0] == "reads"], [first_day, next_day])
    w.clock("2026-09-12T08:00:00Z")
    seal(w)
    equal([r[2] for r in w.root.run(look) if r[0] == "reads"], [first_day, next_day], "the same once they are over")
    equal(w.root.value("select count(*) from audit.reader_day"), "0")
    equal(w.root.value("select count(*) from audit.reading"), "0")
    w.clock("2026-09-10T12:00:00Z")


@case
def one_person_is_erased_by_themselves(w):
    person, spell = known(w)
    other, _ = known(w)
    amy = w.at("amy")
    for _ in range(2):
        amy.run(f"select 1 from oh.task where person_id in ('{person}', '{other}')")
        w.root.run("select audit.fold(1000)")
    amy.run(f"select 1 from oh.task where person_id in ('{person}', '{other}')")
    amy.run(f"select oh.open_case('{spell}')")
    seal(w)
    w.root.run(f"select audit.erase('RW3', '{person}')")
    for table in ("audit.entry", "audit.reading", "audit.reader_day"):
        equal(w.root.value(f"select count(*) from {table} x where x::text like '%{person}%'"), "0", table)
    equal(w.root.run(f"select * from audit.about('RW3', '{person}')"), [])
    equal([(r[1], r[2]) for r in w.root.run(f"select at, who, what from audit.about('RW3', '{other}')")
           if r[2].startswith("read")], [(w.role("amy"), "read_about"), (w.role("amy"), "reads")])
    equal(w.root.value("select count(*) from audit.entry e join audit.seal s using (entry_id) where e.what = 'read_about'"
                       f" and e.person_id = '{other}' and s.salt is not null"), "1", "with a salt of their own")


@case
def above_a_thousand_one_mark(w):
    w.root.run("insert into fact.person (organisation, person_id, revision) select 'XX9', 'M-' || i, 1"
               " from generate_series(1, 1300) i")
    w.root.run("insert into casework.spell (spell_id, organisation, person_id, period_id, pathway, queue, anchor_source,"
               " anchor_absence_id, absence_ids, record_sources, record_ids, onset_date, first_notice_at, late_report,"
               " backdated, review_first, priority, due_date, state, tombstone, attempts, red_flag, reason_changed,"
               " case_closed, fingerprint) select 'M' || lpad(i::text, 11, '0'), 'XX9', 'M-' || i, 'Q', 'msk',"
               " 'physiotherapy', '/hr', 'A', '{A}', '{/hr}', '{A}', '2026-09-07', now(), false, false, false, 2,"
               " '2026-09-11', 'open', false, 0, false, false, false, 1 from generate_series(1, 1300) i")
    since = mark(w)
    equal(w.at("xen").value("select count(*) from oh.task"), "1300")
    equal(w.root.run(f"select what, organisation, count(*) from audit.entry where entry_id > {since} group by 1, 2"
                     " order by 1"),
          [("read", NULL, "1"), ("read_about", "XX9", "1000"), ("read_bulk", "XX9", "1")])
    since = mark(w)
    w.at("xen").run("select count(*) from oh.task a, oh.spell b where a.task_id = b.spell_id")
    equal(w.root.value(f"select count(*) from audit.entry where entry_id > {since} and what = 'read_bulk'"), "1")
    w.root.run("delete from casework.spell where organisation = 'XX9'")


@case
def a_reading_that_was_rolled_back_leaves_a_gap(w):
    person, _ = known(w)
    amy = w.at("amy")
    amy.run("select 1 from oh.task where false or task_id = 'x'")
    before = int(w.root.value("select last_value from audit.reading_no"))
    amy.run("begin")
    amy.run(f"select name from oh.task where person_id = '{person}'")
    amy.run("rollback")
    equal(readers(w, person), [])
    amy.run("select 1 from oh.task where task_id = 'x'")
    numbers = [int(n) for n in w.root.column("select detail ->> 'reading' from audit.entry where what = 'read'"
                                             " order by entry_id desc limit 2")]
    equal(numbers, [before + 2, before])


@case
def a_case_that_is_opened_is_noted_each_time(w):
    person, spell = known(w)
    for _ in range(2):
        w.at("amy").run(f"select oh.open_case('{spell}')")
    equal(w.root.run("select who, organisation, detail ->> 'task_id' from audit.entry where what = 'open'"
                     f" and person_id = '{person}'"), [(w.role("amy"), "RW3", spell)] * 2)
    for who in ("xen", "mia", "nob"):
        refused("OH001", w.at(who), f"select oh.open_case('{spell}')")
    refused("OH001", w.at("amy"), "select oh.open_case('T99999999999')")
    refused("OH001", w.at("amy"), "select oh.open_case(null)")


@case
def two_sessions_of_a_login_wait_for_nobody(w):
    person, _ = known(w)
    amy, more = w.at("amy"), w.cluster.session("amy", w.dbname)
    amy.run("begin")
    amy.run(f"select 1 from oh.task where person_id = '{person}'")
    more.run("set statement_timeout = '5s'")
    more.run(f"select 1 from oh.task where person_id = '{person}'")
    w.root.run("set statement_timeout = '5s'")
    seal(w)
    w.root.run("reset statement_timeout")
    amy.run("commit")
    more.close()
    seal(w)
    equal(w.root.run(f"select times, entries from audit.reader_day where person_id = '{person}'"), [("2", "2")])


@case
def nobody_writes_or_removes_what_was_noted(w):
    person, _ = known(w)
    w.cluster.login("aud", "auditor")
    w.cluster.login("ret", "retention")
    w.cluster.login("opr", "operator")
    w.cluster.login("flw", "followup")
    w.cluster.login("rep", "reporter")
    w.cluster.login("own", "feed_owner")
    for who in ("amy", "ada", "aud", "ret", "opr", "flw", "rep", "own"):
        session = w.at(who)
        for table in ("audit.reading", "audit.reader_day"):
            for statement in (f"delete from {table}", f"update {table} set who = 'x'", f"truncate {table}",
                              f"insert into {table} default values", f"select 1 from {table}"):
                refused("42501", session, statement)
        for call in ("nextval('audit.reading_no')", "setval('audit.reading_no', 1)", "audit.fold(1)",
                     "audit.note_person('v', now(), now(), 'RW3', 'P-1', true)",
                     "audit.note_letter('v', now(), now(), 'RW3', '')"):
            refused("42501", session, f"select {call}")
        if who != "aud":
            refused("42501", session, "select last_value from audit.reading_no")
            refused("42501", session, f"select * from audit.uncounted('RW3', '{person}')")
    equal(w.at("aud").run(f"select * from audit.uncounted('RW3', '{person}')"), [])
    for who in ("aud", "ret", "opr", "flw", "rep", "own"):
        refused("42501", w.at(who), "select oh.open_case('x')")


# ---- dead letters ----


def letter(w, offset, organisation, value, key="P-77", headers="\\x00"):
    where = "null" if organisation is None else f"'{organisation}'"
    w.root.run("insert into intake.dead_letter (topic, partition, \"offset\", reason, detail, organisation, key, value,"
               f" headers, size, received_at) values ('absence.events', 0, {offset}, 'bad_field', 'data.onset_date', {where},"
               f" '{key}', convert_to('{value}', 'UTF8'), '{headers}', 17, '2026-09-10T11:00Z')")


@case
def feed_owners_see_their_organisations_only(w):
    own, two = w.cluster.login("own", "feed_owner"), w.cluster.login("both", "feed_owner")
    person = "P-letter"
    letter(w, 1, "RW3", '{"data": {"person_id": "%s", "onset_date": "x", "reason": {"code": "S10"}}}' % person)
    letter(w, 2, "XX9", '{"person_id": "P-other"}')
    letter(w, 3, None, "Secret Person of nobody")
    look = 'select "offset" from ops.dead_letter_raw order by 1'
    equal(w.at("own").run(look), [], "of an organisation they were not added for")
    w.root.run(f"insert into ops.feed_owner values ('{own}', 'RW3'), ('{two}', 'RW3'), ('{two}', 'XX9')")
    equal(w.at("own").column(look), ["1"])
    equal(w.at("both").column(look), ["1", "2"], "nobody reads one of no organisation")
    equal(w.root.column(look), ["1", "2", "3"])
    for leak in ("value", "key", "headers"):
        try:
            w.at("own").run(f"select 1 from ops.dead_letter_raw where encode({leak}, 'escape')::int = 1")
        except Exception as error:
            equal("Secret" in str(error) or "P-other" in str(error), False, "a condition sees rows of others")
    equal([who for who, _ in readers(w, person)], sorted([own, two, w.root.value("select session_user")]))
    equal([who for who, _ in readers(w, "P-other", "XX9")], sorted([two, w.root.value("select session_user")]))
    equal(w.root.run(f"select what, organisation, detail -> 'after' ->> 'login' from audit.entry where what like 'staff%'"
                     f" and detail -> 'after' ->> 'login' = '{own}'"), [("staff_insert", "RW3", own)])
    for who in ("own", "both"):
        for statement in ("select 1 from ops.feed_owner", f"insert into ops.feed_owner values ('{own}', 'XX9')",
                          "delete from ops.feed_owner", "select 1 from intake.dead_letter"):
            refused("42501", w.at(who), statement)
    equal(w.at("own").value("select ops.my_feeds()"), "{RW3}")


@case
def operators_see_no_header(w):
    w.cluster.login("opr", "operator")
    letter(w, 4, "RW3", "x", headers="\\x63655f7375626a656374")
    rows = w.at("opr").run('select * from ops.dead_letter where "offset" = 4')
    equal([c for row in rows for c in row if "63655f" in c or "P-77" in c], [])
    refused("42703", w.at("opr"), "select headers from ops.dead_letter")
    refused("42501", w.at("opr"), "select headers from ops.dead_letter_raw")
