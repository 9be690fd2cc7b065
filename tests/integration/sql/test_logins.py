"""The ways in which a login could hold up everybody else."""
from harness import Refused, case, equal, refused

LARGE = ("select lo_create(0)", "select lo_creat(-1)", "select lo_from_bytea(0, 'x')", "select lo_import('/etc/passwd')",
         "select lo_put(1, 0, 'x')", "select lo_truncate(0, 1)", "select lowrite(0, 'x')", "select lo_open(1, 131072)",
         "select lo_unlink(1)", "select lo_export(1, '/tmp/x')")
COUNTS = ("select n_tup_ins from pg_stat_user_tables", "select n_live_tup from pg_stat_all_tables",
          "select pg_stat_get_tuples_inserted('casework.spell'::regclass)",
          "select pg_stat_get_xact_tuples_inserted(1259)", "select seq_scan from pg_stat_user_tables",
          "select heap_blks_hit from pg_statio_user_tables", "select idx_scan from pg_stat_user_indexes",
          "select pg_relation_size('casework.spell'::regclass)", "select pg_total_relation_size(1259)",
          "select pg_table_size(1259)", "select pg_indexes_size(1259)",
          "select last_autoanalyze from pg_stat_user_tables", "select autovacuum_count from pg_stat_user_tables")


def connects(w, name):
    try:
        w.cluster.session(name, w.dbname).close()
    except (Refused, IndexError):  # psql has ended, at once or a little later
        return False
    return True


def sessions(w, *names):
    for name in names:
        w.cluster.login("in_" + name, name)
        yield w.at("in_" + name)


@case
def only_the_groups_connect(w):
    stranger = w.cluster.login("stranger")
    equal(connects(w, "stranger"), False, stranger)
    for group in ("intake", "followup", "clinician", "oh_admin", "operator", "feed_owner", "reporter", "auditor",
                  "retention"):
        w.cluster.login("in_" + group, group)
        equal(w.at("in_" + group).value("select 1"), "1")


@case
def nobody_fills_the_disk_with_large_objects(w):
    for session in (w.at("amy"), *sessions(w, "reporter", "operator", "intake")):
        for statement in LARGE:
            refused("42501", session, statement)


@case
def nobody_reads_how_many_rows_there_are(w):
    for session in (w.at("amy"), *sessions(w, "reporter", "operator")):
        for statement in COUNTS:
            refused("42501", session, statement)
    w.cluster.login("monitor", "operator")
    w.root.run(f"grant pg_monitor to {w.role('monitor')}")
    w.at("monitor").run("select n_tup_ins, idx_scan from pg_stat_user_tables")


@case
def people_have_a_few_connections(w):
    limit = f"select rolconnlimit from pg_roles where rolname = '{w.role('amy')}'"
    w.root.run("select ops.bound_logins()")
    equal(w.root.value(limit), "5")
    w.root.run(f"alter role {w.role('amy')} connection limit 7")  # somebody's own
    equal(w.root.run("select ops.bound_logins()"), [])
    equal(w.root.value(limit), "7")
    w.root.run(f"alter role {w.role('amy')} connection limit 5")
    w.at("amy")
    more = [w.cluster.session("amy", w.dbname) for _ in range(4)]
    equal(connects(w, "amy"), False, "a sixth session")
    for session in more:
        session.close()
    list(sessions(w, "intake"))
    w.root.run(f"insert into oh.staff values ('{w.role('in_intake')}', 'RW3', '{{}}')")
    w.root.run("select ops.bound_logins()")
    equal(w.root.value(f"select rolconnlimit from pg_roles where rolname = '{w.role('in_intake')}'"), "-1", "a service")


@case
def an_owner_who_is_no_superuser_does_what_they_can(w):
    owner = w.cluster.login("logins_owner")
    w.cluster.root.run(f"alter role {owner} createrole")
    name = w.cluster.make_database("logins_owned", owner)
    if int(w.root.value("show server_version_num")) >= 160000:
        w.cluster.root.run("grant dayfour_oh_owner, dayfour_audit_owner, dayfour_ops_owner, dayfour_report_owner"
                           f" to {owner}")
    session = w.cluster.session("logins_owner", name)
    w.cluster.migrate(session)
    left = session.column("select ops.bound_logins()")
    equal(len([line for line in left if "large objects" in line]), 1, left)
    equal(session.value("select has_database_privilege('public', current_database(), 'connect')"), "f")
    equal(session.value("select has_database_privilege('dayfour_clinician', current_database(), 'connect')"), "t")
    session.close()


@case
def nobody_else_calls_it(w):
    for session in (w.at("amy"), *sessions(w, "operator", "intake")):
        refused("42501", session, "select ops.bound_logins()")
