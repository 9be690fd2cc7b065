"""Somebody with a login and SQL who wants more than theirs."""
import re

from harness import Refused, case, equal, refused

BASE = ("casework.spell", "fact.person", "fact.person_contact", "fact.absence", "fact.contact", "fact.install_key",
        "fact.settings", "followup.emitted", "followup.outbox", "intake.dead_letter", "audit.entry", "oh.staff",
        "oh.sight", "oh.task_row", "oh.entry_row", "oh.prompt", "ops.backlog", "ops.clock",
        "audit.reading", "audit.reader_day", "audit.seal", "ops.feed_owner", "ops.dead_letter", "ops.dead_letter_raw")


def secret_case(w):
    """A case of another organisation whose details must not be shown, and one of amy's own."""
    person = w.person("XX9")
    w.record(person, person + "-A", organisation="XX9")
    w.details(person, person + "-A", organisation="XX9", name="Secret Person", phone="07700 900666")
    theirs = w.spell(person, organisation="XX9", records=[("/hr", person + "-A")])
    own = w.person()
    w.record(own, own + "-A")
    w.details(own, own + "-A", name="Own Person", phone="07700 900111")
    return theirs, w.spell(own, records=[("/hr", own + "-A")])


@case
def no_base_table(w):
    for table in BASE:
        for statement in (f"select 1 from {table}", f"delete from {table}", f"update {table} set at = at",
                          f"insert into {table} default values", f"truncate {table}", f"copy {table} to stdout"):
            for who in ("amy", "ada"):
                try:
                    w.at(who).run(statement)
                    raise AssertionError(f"{who} did: {statement}")
                except Refused as error:
                    equal(error.state in ("42501", "42703", "42809", "55000"), True, f"{statement}: {error}")
        w.at("amy").run("begin")
        refused("42501", w.at("amy"), f"lock table {table} in access share mode")
        w.at("amy").run("rollback")


def not_done(w, statement):
    """Refused for want of a right, or because the view cannot be written to by anybody."""
    try:
        w.at("amy").run(statement)
    except Refused as error:
        equal(error.state in ("42501", "55000", "0A000"), True, f"{statement}: {error}")
        return
    raise AssertionError(f"done: {statement}")


@case
def views_are_not_written_to(w):
    for view in ("task", "worklist", "spell", "event", "entry", "record"):
        for statement in (f"delete from oh.{view}", f"insert into oh.{view} default values",
                          f"select 1 from oh.{view} for update"):
            not_done(w, statement)
    not_done(w, "update oh.task set state = 'ended'")


@case
def no_other_role(w):
    for role in ("dayfour_oh_owner", "dayfour_audit_owner", "dayfour_ops_owner", "dayfour_intake",
                 "dayfour_followup", "dayfour_oh_admin", "dayfour_auditor", "dayfour_retention", w.role("xen")):
        refused("42501", w.at("amy"), f"set role {role}")
        refused("42501", w.at("amy"), f"set session authorization {role}")


@case
def a_group_role_changes_nothing(w):
    theirs, own = secret_case(w)
    amy = w.at("amy")
    amy.run("set role dayfour_clinician")
    equal(amy.column(f"select task_id from oh.task where task_id in ('{theirs}', '{own}')"), [own])
    amy.run(f"select oh.claim('{own}')")
    amy.run("reset role")
    equal(w.fact(own)["by"], w.role("amy"))


@case
def settings_of_the_session_change_nothing(w):
    theirs, own = secret_case(w)
    amy = w.at("amy")
    for setting in ("row_security = off", "search_path = pg_temp, oh, pg_catalog", "role = none",
                    "enable_indexscan = off", "enable_seqscan = off", "plan_cache_mode = force_generic_plan"):
        amy.run(f"set {setting}")
        try:
            equal(amy.column(f"select task_id from oh.task where task_id in ('{theirs}', '{own}')"), [own], setting)
        except Refused as error:  # row_security = off makes it an error, which is as good
            equal((setting, error.state), ("row_security = off", "42501"))
        amy.run("reset all")
    refused("42501", amy, "set session_replication_role = replica")


@case
def conditions_see_no_row_of_others(w):
    theirs, own = secret_case(w)
    amy = w.at("amy")
    # A cast names the value it fails on.
    for column in ("name", "phone", "person_id", "task_id", "email"):
        for view in ("task", "worklist"):
            try:
                amy.run(f"select 1 from oh.{view} where {column}::int = 1 and organisation = 'XX9'")
            except Refused as error:
                equal("Secret" in error.text or "900666" in error.text or theirs in error.text, False, error.text)
    text = refused("22P02", amy, f"select 1 from oh.task where task_id in ('{theirs}', '{own}') and name::int = 1")
    equal("Own Person" in text, True, "the reader's own row is tried: " + text)


@case
def a_leaky_function_is_given_no_row_of_others(w):
    theirs, own = secret_case(w)
    amy = w.at("amy")
    # Cheap, so that the planner would like to call it first of all.
    w.root.run("""create function public.leak(v text) returns boolean language plpgsql cost 0.0000001 as
                  $$ begin raise notice '%', v; return true; end $$""")
    for view in ("task", "worklist"):
        amy.run(f"select count(*) from oh.{view} where public.leak(name) and public.leak(task_id)")
        equal(own in amy.notices, True, "it is called")
        equal([n for n in amy.notices if n in ("Secret Person", theirs)], [], view)
    for view in ("spell", "event"):
        amy.run(f"select count(*) from oh.{view} where public.leak(organisation)")
        equal("XX9" in amy.notices, False, view)
    amy.run("select count(*) from oh.task a left join oh.task b on public.leak(b.name)")
    equal("Secret Person" in amy.notices, False)
    w.root.run("drop function public.leak(text)")


@case
def a_division_by_zero_tells_nothing(w):
    theirs, _ = secret_case(w)
    equal(w.at("amy").run(f"select 1 / (case when task_id = '{theirs}' then 0 else 1 end) from oh.task"
                          f" where task_id = '{theirs}'"), [])


@case
def nothing_is_made_by_a_clinician(w):
    amy = w.at("amy")
    for statement in ("create table t (x int)", "create temporary table t (x int)", "create schema mine",
                      "create view v as select 1", "create table oh.t (x int)", "create table public.t (x int)",
                      "create function oh.f() returns int language sql as 'select 1'",
                      "create function pg_temp.f() returns int language sql as 'select 1'",
                      "create function public.session_user() returns name language sql as 'select 1'"):
        try:
            amy.run(statement)
            raise AssertionError(f"made: {statement}")
        except Refused as error:
            equal(error.state in ("42501", "42601"), True, f"{statement}: {error}")
    for statement in ("alter view oh.task set (security_barrier = false)", "alter view oh.task owner to current_user",
                      "drop view oh.task", "alter function oh.claim(text, uuid) reset all",
                      "create or replace function oh.claim(task_id text, request_id uuid) returns void language sql as ''",
                      "alter table casework.spell disable row level security",
                      "create policy mine on casework.spell using (true)",
                      "grant dayfour_oh_admin to current_user", "alter role current_user superuser"):
        refused("42501", amy, statement)


@case
def names_put_before_pg_catalog_are_not_used(w):
    """With the right to make temporary objects, which they do not have, they would still gain nothing."""
    theirs, own = secret_case(w)
    w.root.run(f"grant temporary, create on database {w.dbname} to {w.role('amy')}")
    amy = w.at("amy")
    amy.run("create schema trap")
    amy.run("grant usage on schema trap to public")  # else whoever may not use it passes over it
    amy.run("create temporary table staff (login text, organisation text, queues text[])")
    amy.run(f"insert into staff values ('{w.role('amy')}', 'XX9', '{{physiotherapy}}')")
    amy.run("create function trap.lower(text) returns text language plpgsql as"
            " $$ begin perform set_config('trap.seen', current_user, false); return $1; end $$")
    amy.run("create function trap.yes(text, name) returns boolean language sql as 'select true'")
    amy.run("create operator trap.= (leftarg = text, rightarg = name, function = trap.yes)")
    amy.run("create function trap.yes2(text, text) returns boolean language plpgsql as"
            " $$ begin perform set_config('trap.seen', current_user, false); return true; end $$")
    amy.run("create operator trap.= (leftarg = text, rightarg = text, function = trap.yes2)")
    amy.run("set trap.seen = 'nobody'")
    amy.run("set search_path = trap, pg_temp, pg_catalog")
    equal(amy.column("select organisation from oh.task group by organisation"), ["RW3"])
    refused("OH001", amy, f"select oh.claim('{theirs}')")
    amy.run(f"select oh.claim('{own}')")
    amy.run(f"select oh.record_contact('{own}', 'declined')")
    amy.run("reset search_path")
    equal(amy.value("show trap.seen"), "nobody", "no function of theirs ran with other rights")
    w.root.run(f"drop owned by {w.role('amy')}")
    w.root.run("drop schema if exists trap cascade")


@case
def a_function_of_ones_own_does_not_run_with_the_views_rights(w):
    """An expression in a statement runs as its author, even inside a view's sub-select."""
    _, own = secret_case(w)
    w.root.run("""create function public.whoami() returns text language sql volatile as 'select current_user::text'""")
    equal(w.at("amy").value(f"select public.whoami() from oh.task where task_id = '{own}'"), w.role("amy"))
    w.root.run("drop function public.whoami()")


@case
def statements_in_text_stay_text(w):
    _, own = secret_case(w)
    amy = w.at("amy")
    nasty = ["'; drop table casework.spell; --", "$$ || pg_sleep(9) || $$", "\\'; select 1; --", "%s %I %L",
             "T' or 'x'='x", "{\"a\":1}", "a,b}{"]
    for text in nasty:
        quoted = "'" + text.replace("'", "''") + "'"
        refused("OH001", amy, f"select oh.claim({quoted})")
        refused("22023", amy, f"select oh.record_attempt('{own}', {quoted})")
        refused("22023", amy, f"select oh.assign('{own}', {quoted})")
        refused("22023", amy, f"select oh.close_case('{own}', {quoted})")
        refused("OH001", amy, f"select oh.opt_out({quoted}, 'P-1')")
        amy.run(f"select oh.opt_out('RW3', {quoted})")
        w.take_up()
        equal(w.root.value(f"select count(*) from fact.person where person_id = {quoted} and opted_out"), "1", text)
        amy.run(f"select oh.record_attempt('{own}', 'no_answer')")
        entry = w.fact(own)["entry_id"]
        amy.run(f"select oh.retract({entry}, {quoted})")
        w.take_up()
        equal(w.root.value(f"select retracted_why = {quoted} from fact.contact where entry_id = {entry}"), "t", text)
    equal(w.root.value(f"select state from casework.spell where spell_id = '{own}'"), "open")


@case
def internals_are_not_called(w):
    amy = w.at("amy")
    for call in ("oh.refuse('OH001', 'x')", "oh.lock_task('x')", "oh.wake('XX9', 'P-1', 1)", "oh.holder('x')",
                 "oh.is_closed('x')", "oh.opt('XX9', 'P-1', true)", "oh.clock()", "oh.sees('XX9', 'x')",
                 "oh.leads('XX9')", "oh.enter(null, null)", "oh.is_repeat(null, 'x', 'y')",
                 "oh.is_unreachable('x')", "oh.is_flagged('x')", "oh.channel_no('phone')", "audit.note_read('oh.task')",
                 "audit.note_person('oh.task', now(), now(), 'RW3', 'P-1', true)", "audit.fold(1)",
                 "audit.note_letter('v', now(), now(), 'RW3', '')", "audit.uncounted('RW3', 'P-1')",
                 "nextval('audit.reading_no')", "ops.my_feeds()",
                 "audit.write('x', null, null, null, null)", "audit.purge()", "fact.check_ruleset(1)",
                 "intake.take_positions('t', '{0}', 'me', '{null}')", "ops.note_emission()"):
        refused("42501", amy, f"select {call}")


@case
def noting_is_no_way_to_others_either(w):
    """The views' functions get no row of others, and a reader cannot use them to hide a read of their own."""
    theirs, own = secret_case(w)
    amy = w.at("amy")
    for setting in ("search_path = pg_temp, oh, pg_catalog", "enable_seqscan = on", "default_transaction_isolation = 'serializable'",
                    "session_replication_role = origin", "plan_cache_mode = force_generic_plan", "from_collapse_limit = 1",
                    "join_collapse_limit = 1", "geqo_threshold = 2", "jit = off", "debug_parallel_query = on",
                    "force_parallel_mode = on"):
        try:
            amy.run(f"set {setting}")
        except Refused:
            continue
        before = w.root.value("select count(*) from audit.reading")
        equal(amy.column(f"select task_id from oh.task where task_id in ('{theirs}', '{own}')"), [own], setting)
        equal(int(w.root.value("select count(*) from audit.reading")), int(before) + 1, setting)
        amy.run("reset all")
    equal(w.root.value(f"select count(*) from audit.entry where person_id = (select person_id from casework.spell"
                       f" where spell_id = '{theirs}')"), "0", "a row of others is not even noted")
    refused("OH001", amy, f"select oh.open_case('{theirs}')")


@case
def what_policies_call_tells_no_more_than_ones_own(w):
    equal(w.at("amy").value("select oh.my_organisations()"), "{RW3}")
    equal(w.at("amy").value("select oh.led_organisations()"), "{}")
    equal(w.at("amy").run("select * from oh.my_queues()"), [("RW3", "physiotherapy")])


@case
def statistics_are_not_read(w):
    secret_case(w)
    w.root.run("analyze")
    for view in ("pg_stats", "pg_stats_ext"):
        equal(w.at("amy").run(f"select * from {view} where schemaname in ('fact', 'casework', 'followup', 'audit',"
                              " 'intake', 'oh')"), [], view)
    refused("42501", w.at("amy"), "select 1 from pg_statistic limit 1")
    refused("42501", w.at("amy"), "select 1 from pg_authid")
    refused("42501", w.at("amy"), "select pg_read_file('postgresql.conf')")


# ---- reports ----

REPORTS = ("measures", "quality", "arrivals", "places", "unreached", "whole")


def reported(w):
    """Makes a month of both organisations in which every report has figures. Gives what names XX9's."""
    w.cluster.login("rep", "reporter")
    w.root.run("insert into fact.settings (version, document, loaded_at) values ('reports', '"
               '{"defaults": {"time_zone": "Europe/London"}, "pathways": {"msk": {}, "stress": {}}}\', now())')
    for n in range(24):
        organisation, whose = ("RW3", "Own") if n % 2 else ("XX9", "Secret")
        w.root.run("insert into intake.feed values ('t', 0, '%s', now()) on conflict do nothing" % organisation)
        person = w.person(organisation)
        w.record(person, person + "-A", organisation=organisation, onset="2026-07-06",
                 site=whose + " Site", staff_group=whose + " Group", last_day="2026-07-20",
                 first_notice_at="2026-07-06T08:00Z", recorded_at="2026-07-06T08:00Z",
                 reason_given_at="2026-07-08T08:00Z" if n < 12 else "2026-07-06T08:00Z")
        closed = n < 12
        w.spell(person, organisation=organisation, records=[("/hr", person + "-A")], onset_date="2026-07-06",
                last_day="2026-07-20", first_notice_at="2026-07-06T08:00Z", due_date="2026-07-10",
                state="open" if closed else "contacted", elapsed_days=None if closed else 2, case_closed=closed,
                close_reason="unable_to_contact" if closed else None,
                closed_at="2026-07-20T08:00Z" if closed else None)
    return ("XX9", "Secret Site", "Secret Group")


def called(signature):
    """A call of it with nothing but nulls, of the right types."""
    name, types = re.fullmatch(r"(.*)\((.*)\)", signature).groups()
    return f"{name}({', '.join('null::' + t for t in types.split(',') if t)})"


@case
def every_function_of_reports_is_tried_by_everybody(w):
    """By the catalogue, so that a new one is tried too. Leads and reporters have seven, nobody else has any."""
    reported(w)
    free = {"report.is_over(text)", "report.whole(date,date,text,text)", "report.measures(date,date,text,text)",
            "report.unreached(date,date,text,text)",
            *(f"report.{name}(date,date,text)" for name in ("quality", "arrivals", "places"))}
    functions = w.root.column("select p.oid::regprocedure from pg_proc p"
                              " where p.pronamespace = 'report'::regnamespace")
    equal(free - set(functions), set(), "all of them are there")
    for who, group in (("ope", "operator"), ("aud", "auditor"), ("fee", "feed_owner"), ("mow", "retention"),
                       ("run", "feed"), ("pag", "web"), ("int", "intake"), ("fol", "followup")):
        w.cluster.login(who, group)
    for who in ("rep", "ada", "amy", "nob", "ope", "aud", "fee", "mow", "run", "pag", "int", "fol"):
        for signature in functions:
            if who in ("rep", "ada") and signature in free:
                w.at(who).run(f"select {called(signature)}")
            else:
                refused("42501", w.at(who), f"select {called(signature)}")


@case
def a_lead_gets_no_report_of_others_by_any_argument(w):
    secrets = reported(w)
    ada, rep = w.at("ada"), w.at("rep")
    for report in REPORTS:
        told = str(rep.run(f"select row_to_json(x)::text from report.{report}('2026-07-01', '2026-07-01') x"))
        equal("XX9" in told, True, f"{report} has figures of theirs: {told}")
        for argument in ("null", "'XX9'", "'xx9'", "'%'", "'RW3'' or true --'", "'{RW3,XX9}'", "''", "'RW3'"):
            told = str(ada.run(f"select row_to_json(x)::text from report.{report}('2026-07-01', '2026-07-01',"
                               f" {argument}) x"))
            equal([s for s in secrets if s in told], [], f"{report}({argument})")
    ada.run("set row_security = off")
    refused("42501", ada, "select told::text from report.whole('2026-07-01', '2026-07-01')")
    ada.run("reset all")
    for statement in ("set role dayfour_oh_admin", "set search_path = pg_temp, report, oh, pg_catalog",
                      "set plan_cache_mode = force_generic_plan"):
        ada.run(statement)
        told = str(ada.run("select told::text from report.whole('2026-07-01', '2026-07-01')"))
        equal(([s for s in secrets if s in told], "Own Site" in told), ([], True), statement)
        ada.run("reset role")
        ada.run("reset all")
    for role in ("dayfour_reporter", "dayfour_report_owner"):
        refused("42501", ada, f"set role {role}")


@case
def a_leaky_function_is_given_no_report_of_others(w):
    """Nor what is withheld: it sees the rows that the login would."""
    secrets = reported(w)
    w.root.run("""create function public.leak(v text) returns boolean language plpgsql cost 0.0000001 as
                  $$ begin raise notice '%', v; return true; end $$""")
    for report in REPORTS:
        w.at("ada").run(f"select count(*) from report.{report}('2026-07-01', '2026-07-01') x"
                        " where public.leak(row_to_json(x)::text)")
        seen = str(w.at("ada").notices)
        equal(([s for s in secrets if s in seen], "RW3" in seen), ([], True), report)
    w.root.run("drop function public.leak(text)")


@case
def a_report_uses_no_name_put_before_pg_catalog(w):
    """Operators and functions of theirs do not run as the owner of the reports."""
    secrets = reported(w)
    for who in ("ada", "rep"):
        w.root.run(f"grant temporary, create on database {w.dbname} to {w.role(who)}")
        me = w.at(who)
        me.run("create schema trap")
        me.run("grant usage on schema trap to public")
        me.run("create temporary table spell (organisation text)")
        for name, types in (("eq", "text, text"), ("ge", "date, date"), ("lt", "date, date")):
            me.run(f"create function trap.{name}({types}) returns boolean language plpgsql as"
                   " $$ begin perform set_config('trap.seen', current_user, false); return true; end $$")
        for operator, function, kind in (("=", "eq", "text"), (">=", "ge", "date"), ("<", "lt", "date")):
            me.run(f"create operator trap.{operator} (leftarg = {kind}, rightarg = {kind}, function = trap.{function})")
        me.run("create function trap.to_char(date, text) returns text language plpgsql as"
               " $$ begin perform set_config('trap.seen', current_user, false); return 'x'; end $$")
        me.run("set trap.seen = 'nobody'")
        me.run("set search_path = trap, pg_temp, pg_catalog")
        for report in REPORTS:
            told = str(me.run(f"select pg_catalog.row_to_json(x)::pg_catalog.text from report.{report}('2026-07-01',"
                              " '2026-07-01') x"))
            if who == "ada":
                equal([s for s in secrets if s in told], [], report)
        me.run("select report.is_over('2026-07')")
        me.run("reset search_path")
        equal(me.value("show trap.seen"), "nobody", who)
        w.root.run(f"drop owned by {w.role(who)}")
        w.root.run("drop schema if exists trap cascade")
        w.sessions.pop(who).close()
        w.root.run(f"grant dayfour_{'oh_admin' if who == 'ada' else 'reporter'} to {w.role(who)}")


@case
def statements_in_the_text_of_a_report_stay_text(w):
    reported(w)
    for who in ("ada", "rep"):
        for text in ("'; drop table casework.spell; --", "$$ || pg_sleep(9) || $$", "\\'; select 1; --", "%s %I %L",
                     "RW3' or 'x'='x"):
            quoted = "'" + text.replace("'", "''") + "'"
            for report in REPORTS:
                rows = w.at(who).run(f"select * from report.{report}('2026-07-01', '2026-07-01', {quoted})")
                equal(rows, [], f"{report}({quoted})")
            for report in ("measures", "unreached"):
                equal(w.at(who).run(f"select * from report.{report}('2026-07-01', '2026-07-01', 'RW3', {quoted})"), [])
            equal(w.at(who).value(f"select report.is_over({quoted}) is not null"), "t")
    equal(w.root.value("select count(*) > 0 from casework.spell"), "t")
