"""doc/access.md against the catalogue, and what the tables of rights rest on."""
import os

from harness import HERE, ROOT, Session, case, equal

OWNERS = "dayfour_oh_owner, dayfour_audit_owner, dayfour_ops_owner, dayfour_report_owner"
PAGE = os.path.join(ROOT, "doc", "access.md")


def table(heading):
    """The rows of the table under that heading, as tuples of cells."""
    with open(PAGE, encoding="utf-8") as page:
        text = page.read().split("\n## " + heading + "\n")[1].split("\n## ")[0]
    lines = [line.strip().strip("|") for line in text.splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in line.split("|")) for line in lines[2:]]


def catalogue(w):
    with open(os.path.join(HERE, "grants.sql"), encoding="utf-8") as query:
        return set(w.root.run(query.read()))


def said():
    rows = set()
    for name, roles, rights in table("Rights"):
        for role in roles.split(", "):
            rows.add((name, role, rights))
    return rows


def hold(said_rows, got_rows):
    too_many = sorted(got_rows - said_rows)
    too_few = sorted(said_rows - got_rows)
    if too_many or too_few:
        raise AssertionError(f"not in doc/access.md: {too_many}; only there: {too_few}")


@case
def rights_are_those_of_the_page(w):
    hold(said(), catalogue(w))


@case
def one_right_too_many_is_noticed(w):
    for statement in ("grant select on fact.person to dayfour_operator",
                      "grant select (phone) on fact.person_contact to dayfour_reporter",
                      "grant execute on function audit.purge() to public",
                      "grant usage on schema fact to dayfour_clinician",
                      "create function public.free() returns int language sql as 'select 1'",
                      "grant temporary on database {} to public".format(w.dbname)):
        w.root.run("begin")
        w.root.run(statement)
        try:
            hold(said(), catalogue(w))
        except AssertionError:
            continue
        finally:
            w.root.run("rollback")
        raise AssertionError(f"not noticed: {statement}")


@case
def row_security_is_that_of_the_page(w):
    got = w.root.run("""
        select n.nspname || '.' || c.relname, p.polname,
               (select string_agg(coalesce(replace(r::regrole::text, 'dayfour_', ''), '?'), ', '
                                  order by r::regrole::text)
                from unnest(p.polroles) r),
               case p.polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                             when 'd' then 'delete' end
        from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace""")
    hold({row[:4] for row in table("Row-level security")}, set(got))


@case
def every_table_about_people_has_row_security(w):
    equal(w.root.column("""
        select distinct c.oid::regclass::text
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relkind in ('r', 'p') and not c.relrowsecurity and c.relnamespace::regnamespace::text !~ '^(pg_|info)'
          and a.attname in ('person_id', 'absence_id', 'name', 'phone', 'key', 'value', 'login')
          and c.oid::regclass::text not in ('ops.migration', 'fact.install_key')"""), [])


@case
def our_roles_are_plain_groups(w):
    equal(w.root.column("select rolname from pg_roles where rolname ~ '^dayfour_' and (rolsuper or rolbypassrls"
                        " or rolcreaterole or rolcreatedb or rolreplication or rolcanlogin)"), [])
    equal(w.root.run("select m.roleid::regrole, m.member::regrole from pg_auth_members m join pg_roles a"
                     " on a.oid = m.member where a.rolname ~ '^dayfour_' order by m.roleid::regrole::text"),
          [("pg_read_all_stats", "dayfour_ops_owner"), ("pg_signal_backend", "dayfour_ops_owner")],
          "to end transactions, nothing else")


@case
def functions_and_views_belong_to_no_superuser(w):
    equal(w.root.run("""
        select p.oid::regprocedure::text, r.rolname
        from pg_proc p join pg_roles r on r.oid = p.proowner
        where p.prosecdef and (r.rolsuper or r.rolname !~ '^dayfour_(oh|audit|ops|report|find)_owner$')
          and p.pronamespace::regnamespace::text !~ '^(pg_|info)'"""), [])
    equal(w.root.run("""
        select c.oid::regclass::text, r.rolname
        from pg_class c join pg_roles r on r.oid = c.relowner
        where c.relkind = 'v' and (r.rolsuper or r.rolname !~ '^dayfour_(oh|ops)_owner$')
          and c.relnamespace::regnamespace::text !~ '^(pg_|info)'"""), [])


@case
def owners_make_nothing_new(w):
    for role in ("oh", "audit", "ops", "report", "find"):
        equal(w.root.column("select nspname from pg_namespace where"
                            f" has_schema_privilege('dayfour_{role}_owner', oid, 'create')"), [], role)


@case
def functions_with_other_rights_fix_their_search_path(w):
    equal(w.root.column("""
        select p.oid::regprocedure::text from pg_proc p
        where p.pronamespace::regnamespace::text in ('oh', 'audit', 'ops', 'fact', 'intake', 'report')
          and p.prosqlbody is null  -- what such a body names was bound when it was made
          and (p.proconfig is null or not p.proconfig && array['search_path=pg_catalog, pg_temp',
                                                               'search_path=pg_catalog'])"""), [])
    equal(w.root.column("""
        select p.oid::regprocedure::text from pg_proc p
        where p.prosecdef and p.pronamespace::regnamespace::text !~ '^(pg_|info)'
          and not p.proconfig @> array['search_path=pg_catalog, pg_temp']"""), [])


@case
def new_objects_start_with_no_rights(w):
    equal(w.root.run("select * from pg_default_acl"), [])


@case
def the_reporter_sees_only_reports(w):
    w.cluster.login("rep", "reporter")
    equal(w.at("rep").column("select nspname from pg_namespace where has_schema_privilege(oid, 'usage')"
                             " and nspname !~ '^pg_' order by 1"), ["information_schema", "public", "report"])


@case
def the_operator_sees_only_ops(w):
    w.cluster.login("opr", "operator")
    equal(w.at("opr").column("select nspname from pg_namespace where has_schema_privilege(oid, 'usage')"
                             " and nspname !~ '^pg_' order by 1"), ["information_schema", "ops", "public"])


@case
def the_owner_of_the_database_may_migrate_without_being_superuser(w):
    """And a second database of the cluster does, with roles that are there already."""
    owner = w.cluster.login("dba")
    w.cluster.root.run(f"alter role {owner} createrole")
    name = w.cluster.make_database("owned", owner)
    if int(w.root.value("show server_version_num")) >= 160000:  # roles of others are not theirs to grant any more
        w.cluster.root.run(f"grant {OWNERS} to {owner}")
    session = w.cluster.session("dba", name)
    w.cluster.migrate(session)
    other = Session(w.cluster.words, dbname=name)
    role = w.role("amy")
    session.run(f"insert into oh.staff values ('{role}', 'RW3', '{{physiotherapy}}')")
    amy = w.cluster.session("amy", name)
    equal(amy.run("select 1 from oh.task"), [])
    equal(session.run("select who, what from audit.entry where what = 'read'"), [(role, "read")])
    equal(other.run("select 1 from pg_proc p join pg_roles r on r.oid = p.proowner where p.prosecdef and"
                    f" r.rolname = '{owner}'"), [])
    page, got = said(), set()
    with open(os.path.join(HERE, "grants.sql"), encoding="utf-8") as query:
        got = set(session.run(query.read()))
    hold(page, got)
    for s in (amy, session, other):
        s.close()
    w.cluster.root.run(f"revoke {OWNERS} from {owner}")
