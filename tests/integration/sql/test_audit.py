"""Each action and read is written down once, under the login's own name, and stays."""
from harness import NULL, case, equal, refused


def entries(w, since):
    """Actions, and each statement that read; the people read about: test_readers."""
    return w.root.run("select who, what, organisation, person_id, why, detail ->> 'view' from audit.entry"
                      f" where entry_id > {since} and what <> 'read_about' order by entry_id")


def mark(w):
    return w.root.value("select coalesce(max(entry_id), 0) from audit.entry")


@case
def every_view_of_people_writes_who_read_it(w):
    for view in ("task", "worklist", "spell", "event", "entry", "record"):
        since = mark(w)
        w.at("amy").run(f"select * from oh.{view} where organisation = 'RW3'" if view != "entry"
                        else "select * from oh.entry")
        equal(entries(w, since), [(w.role("amy"), "read", NULL, NULL, NULL, "oh." + view)])


@case
def one_entry_a_statement(w):
    for _ in range(3):
        w.spell()
    statements = [
        "select count(*) from oh.task a join oh.task b using (task_id), oh.spell",
        "select 1 from oh.task t where exists (select from oh.event e where e.spell_id = t.spell_id)",
        "select (select count(*) from oh.entry n where n.task_id = t.task_id) from oh.task t",
        "select 1 from oh.task union all select 1 from oh.worklist",
        "with x as materialized (select * from oh.task) select count(*) from x, oh.task",
        "do $$ begin perform 1 from oh.task; perform 1 from oh.worklist; end $$",
        "copy (select name from oh.task) to stdout",
        "table oh.worklist"]
    for statement in statements:
        since = mark(w)
        w.at("amy").run(statement)
        equal(len(entries(w, since)), 1, statement)


@case
def each_statement_has_its_own(w):
    since = mark(w)
    amy = w.at("amy")
    amy.run("begin")
    for _ in range(3):
        amy.run("select 1 from oh.task")
    amy.run("commit")
    amy.run("prepare look as select 1 from oh.task")
    amy.run("execute look")
    amy.run("execute look")
    amy.run("deallocate look")
    equal(len(entries(w, since)), 5)


@case
def a_reader_cannot_keep_the_entry_from_being_written(w):
    w.spell()
    amy = w.at("amy")
    for statement in ("select 1 from oh.task limit 1", "select 1 from oh.task where person_id = 'nobody'",
                      "select 1 from oh.task where random() < 0", "select exists (select from oh.task)",
                      "select 1 from (values (1)) v left join oh.task on false or name is not null",
                      "select max(name) from oh.worklist", "select 1 from oh.worklist where state = 'contacted'", "select 1 from oh.task offset 1000"):
        since = mark(w)
        amy.run(statement)
        equal(len(entries(w, since)), 1, statement)
    # Markers a session could set by itself are not asked.
    amy.run("discard all")
    since = mark(w)
    amy.run("begin")
    amy.run("savepoint a")
    amy.run("select 1 from oh.task")
    amy.run("rollback to savepoint a")
    amy.run("do $$ begin begin perform 1 from oh.task; raise exception 'x'; exception when others then null; end;"
            " perform 1 from oh.task; end $$")
    amy.run("commit")
    equal(len(entries(w, since)), 1, "the entry taken back with a savepoint is written again")


@case
def nothing_is_read_where_nothing_can_be_written(w):
    amy = w.at("amy")
    amy.run("begin read only")
    refused("25006", amy, "select 1 from oh.task")
    amy.run("rollback")


@case
def the_text_of_a_statement_is_not_kept(w):
    """It may name people, and says nothing of whom it showed."""
    since = mark(w)
    w.at("amy").run("select 1 from oh.task where person_id = 'P-looked-for' or name = 'Test Person 12'")
    equal(w.root.column(f"select (detail - 'reading')::text from audit.entry where entry_id > {since} and what = 'read'"),
          ['{"view": "oh.task"}'])
    equal(w.root.value("select count(*) from audit.entry e where e::text like '%looked-for%'"), "0")


@case
def every_function_writes_what_was_done(w):
    spell = w.spell()
    person = w.person_of(spell)
    amy = w.at("amy")
    calls = [("claim", f"oh.claim('{spell}')", NULL), ("release", f"oh.release('{spell}')", NULL),
             ("assign", f"oh.assign('{spell}', '{w.role('ben')}')", NULL),
             ("attempt", f"oh.record_attempt('{spell}', 'no_answer')", NULL),
             ("contact", f"oh.record_contact('{spell}', 'declined')", NULL),
             ("contact", f"oh.record_contact('{spell}', 'urgent_care_advised')", NULL),
             ("acknowledge", f"oh.acknowledge('{spell}')", NULL),
             ("oh_record", f"oh.set_oh_record('{spell}', 'OH-9')", NULL),
             ("close", f"oh.close_case('{spell}', 'recovered')", "recovered"),
             ("reopen", f"oh.reopen_case('{spell}')", NULL),
             ("opt_out", f"oh.opt_out('RW3', '{person}')", NULL), ("opt_in", f"oh.opt_in('RW3', '{person}')", NULL)]
    for what, call, why in calls:
        since = mark(w)
        amy.run(f"select {call}")
        equal(entries(w, since), [(w.role("amy"), what, "RW3", person, why, NULL)], what)
    entry = w.fact(spell)["entry_id"]
    since = mark(w)
    amy.run(f"select oh.retract({entry}, 'a mistake')")
    equal(entries(w, since), [(w.role("amy"), "retract", "RW3", person, "a mistake", NULL)])


@case
def times_follow_the_clock(w):
    w.clock("2026-09-10T13:00:00Z")
    w.at("amy").run("select 1 from oh.task")
    equal(w.root.value("select at from audit.entry order by entry_id desc limit 1"), "2026-09-10 13:00:00+00")
    w.clock("2026-09-10T12:00:00Z")


@case
def what_is_refused_leaves_no_entry_of_having_been_done(w):
    spell = w.spell(organisation="XX9")
    since = mark(w)
    refused("OH001", w.at("amy"), f"select oh.claim('{spell}')")
    equal(entries(w, since), [])


@case
def who_is_the_login_whatever_the_role(w):
    since = mark(w)
    w.at("amy").run("set role dayfour_clinician")
    w.at("amy").run("select 1 from oh.task")
    w.at("amy").run("reset role")
    equal(entries(w, since)[0][0], w.role("amy"))


@case
def services_cannot_write_in_anothers_name(w):
    w.cluster.login("flw", "followup")
    flw = w.at("flw")
    flw.run("insert into audit.entry (at, what, organisation, person_id, detail)"
            " values (now(), 'due_date_moved', 'RW3', 'P-1', '{}')")
    equal(w.root.value("select who from audit.entry order by entry_id desc limit 1"), w.role("flw"))
    refused("42501", flw, f"insert into audit.entry (at, who, what) values (now(), '{w.role('amy')}', 'read')")
    refused("42501", flw, "insert into audit.entry (at, what, xact) values (now(), 'read', '1')")
    for statement in ("select 1 from audit.entry", "update audit.entry set what = 'x'", "delete from audit.entry",
                      "truncate audit.entry"):
        refused("42501", flw, statement)


@case
def not_even_the_owner_changes_an_entry(w):
    w.at("amy").run("select 1 from oh.task")
    for statement in ("update audit.entry set who = 'x'", "delete from audit.entry", "truncate audit.entry"):
        refused("42501", w.root, statement)


@case
def the_auditor_reads_and_nothing_else(w):
    w.cluster.login("aud", "auditor")
    aud = w.at("aud")
    equal(int(aud.value("select count(*) from audit.entry")) > 0, True)
    for statement in ("insert into audit.entry (at, what) values (now(), 'x')", "update audit.entry set what = 'x'",
                      "delete from audit.entry", "select 1 from oh.task", "select 1 from fact.person",
                      "select audit.purge()", "select audit.write('x', null, null, null, null)"):
        refused("42501", aud, statement)


@case
def old_entries_go_by_purge_alone(w):
    w.cluster.login("ret", "retention")
    w.root.run("insert into audit.entry (at, what) values ('2018-09-11T11:59:59Z', 'old'),"
               " ('2018-09-12T12:00:01Z', 'young')")
    refused("42501", w.at("ret"), "delete from audit.entry where what = 'old'")
    equal(w.at("ret").value("select audit.purge()"), "1")
    equal(w.root.column("select what from audit.entry where what in ('old', 'young')"), ["young"])
    equal(w.root.run("select who, what, detail from audit.entry order by entry_id desc limit 1"),
          [(w.role("ret"), "purge", '{"entries": 1}')])


@case
def how_long_is_a_setting(w):
    w.root.run("""insert into fact.settings (version, document, loaded_at)
                  values ('short', '{"retention":{"audit_days":10}}', now())""")
    w.cluster.login("ret", "retention")
    w.root.run("insert into audit.entry (at, what) values ('2026-08-31T11:59:59Z', 'old'),"
               " ('2026-08-31T12:00:01Z', 'young')")
    w.at("ret").run("select audit.purge()")
    equal(w.root.column("select what from audit.entry where what in ('old', 'young')"
                        " and at > '2026-01-01'"), ["young"])
    w.root.run("delete from fact.settings where version = 'short'")


@case
def staff_is_audited(w):
    since = mark(w)
    w.root.run("insert into oh.staff values ('somebody', 'RW3', '{physiotherapy}')")
    w.root.run("update oh.staff set queues = '{mental-health}' where login = 'somebody'")
    w.root.run("delete from oh.staff where login = 'somebody'")
    equal(w.root.run("select what, organisation, detail -> 'before' ->> 'queues', detail -> 'after' ->> 'queues'"
                     f" from audit.entry where entry_id > {since} order by entry_id"),
          [("staff_insert", "RW3", NULL, '["physiotherapy"]'),
           ("staff_update", "RW3", '["physiotherapy"]', '["mental-health"]'),
           ("staff_delete", "RW3", '["mental-health"]', NULL)])
