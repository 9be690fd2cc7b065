"""dayfour migrate."""
import hashlib

from harness import ROOT, case, equal, holds

NUMBERED = sorted((ROOT / "schemas" / "sql").glob("*.sql"))
REPEATABLE = sorted((ROOT / "schemas" / "sql" / "repeatable").glob("*.sql"))
NEWEST = str(int(NUMBERED[-1].name[:4]))


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


@case
def dry_run_touches_nothing(w):
    ran = w.run("migrate", "--dry-run")
    equal(ran.code, 0, ran.err)
    equal(ran.out.splitlines()[:-1], [f"would apply {f.name}" for f in NUMBERED + REPEATABLE])
    equal(ran.out.splitlines()[-1].split(";")[0], f"the schema is {NEWEST}", ran.out)
    equal(w.value("select count(*) from pg_namespace where nspname in ('ops', 'fact')"), "0")


@case
def twice(w):
    equal(w.run("migrate").code, 0)
    rows = w.sql("select number, name, sha256 from ops.migration order by repeatable, name")
    equal(rows, [(str(int(f.name[:4])), f.name, sha256(f)) for f in NUMBERED]
          + [(NEWEST, f.name, sha256(f)) for f in REPEATABLE])
    before = w.sql("select key, (select serial from fact.ruleset), (select count(*) from fact.holiday),"
                   " (select count(*) from fact.settings) from fact.install_key")
    equal(before[0][3], "1")
    holds(int(before[0][2]) > 20, "bank holidays are loaded")
    again = w.run("migrate")
    equal((again.code, again.out), (0, "nothing to do\n"))
    after = w.sql("select key, (select serial from fact.ruleset), (select count(*) from fact.holiday),"
                  " (select count(*) from fact.settings) from fact.install_key")
    equal(after, before)


@case
def the_shipped_settings_are_in_force(w):
    shipped = (ROOT / "deploy" / "settings" / "pathways.json").read_text(encoding="utf-8")
    equal(w.run("settings", "show").out, shipped)


@case
def refuses_what_was_changed(w):
    w.sql("update ops.migration set sha256 = 'x' where name ~ '^0002'")
    ran = w.run("migrate")
    equal(ran.code, 3)
    holds("0002" in ran.err, ran.err)
    w.sql(f"update ops.migration set sha256 = '{sha256(NUMBERED[1])}' where name ~ '^0002'")
    w.sql("insert into ops.migration (number, name, sha256) values (9999, '9999_later.sql', 'x')")
    equal(w.run("migrate").code, 3)
    w.sql("update ops.migration set serves = 9998 where number = 9999")
    ran = w.run("migrate")
    equal(ran.code, 3)
    holds("serves programs from 9998 on" in ran.err, ran.err)
    w.sql("delete from ops.migration where number = 9999")
    equal(w.run("migrate").code, 0)


@case
def a_repeatable_file_with_another_text_is_applied_again(w):
    file = REPEATABLE[0]
    w.sql("create or replace function oh.today() returns date language sql return date '2001-01-01';"
          f" update ops.migration set sha256 = 'x' where name = '{file.name}'")
    ran = w.run("migrate", "--dry-run")
    equal((ran.code, ran.out.splitlines()[0]), (0, f"would apply {file.name}"), ran.err)
    ran = w.run("migrate")
    equal((ran.code, ran.out.splitlines()[0]), (0, f"applied {file.name}"), ran.err)
    equal(w.sql(f"select number, sha256 from ops.migration where name = '{file.name}'"), [(NEWEST, sha256(file))])
    equal(w.value("select oh.today() > date '2001-01-01'"), "t")


@case
def all_repeatable_files_are_applied_again_after_a_numbered_one(w):
    w.sql(f"update ops.migration set number = {int(NEWEST) - 1} where repeatable")
    ran = w.run("migrate")
    equal((ran.code, ran.out.splitlines()[:-1]), (0, [f"applied {f.name}" for f in REPEATABLE]), ran.err)
    equal(w.run("migrate").out, "nothing to do\n")


@case
def rows_of_repeatable_files_that_are_gone_are_removed(w):
    w.sql("insert into ops.migration (number, name, repeatable, sha256) values (1, '99_gone.sql', true, 'x')")
    equal(w.run("migrate").out, "nothing to do\n", "a row that nobody knows is no reason to work")
    w.sql(f"update ops.migration set sha256 = 'x' where name = '{REPEATABLE[0].name}'")
    equal(w.run("migrate").code, 0)
    equal(w.value("select count(*) from ops.migration where name = '99_gone.sql'"), "0")


@case
def a_database_of_a_development_version_is_refused_by_name(w):
    name = w.make_database()
    w.sql("create schema ops; create table ops.migration (number int primary key, name text not null,"
          " sha256 text not null, applied_at timestamptz not null default now());"
          " insert into ops.migration (number, name, sha256) values (1, '0001_core.sql', 'x'), (32, '0032_team.sql', 'x')",
          name)
    before = w.sql("select * from ops.migration order by number", name)
    for words in (("migrate",), ("migrate", "--dry-run")):
        ran = w.run(*words, dbname=name)
        equal(ran.code, 3, ran.err)
        holds("0001_core.sql" in ran.err and "drop it, create it again and run dayfour migrate" in ran.err, ran.err)
    equal(w.sql("select * from ops.migration order by number", name), before)
    equal(w.value("select count(*) from pg_namespace where nspname = 'fact'", name), "0")


@case
def brings_a_key(w):
    name = w.make_database()
    key = bytes(range(32))
    path = w.file("key", key.hex() + "\n")
    equal(w.run("migrate", "--install-key-file", path, dbname=name).code, 0)
    equal(w.value("select encode(key, 'hex') from fact.install_key", name), key.hex())
    equal(w.run("migrate", "--install-key-file", path, dbname=name).code, 0)
    other = w.file("other", bytes(32).hex())
    equal(w.run("migrate", "--install-key-file", other, dbname=name).code, 1)
    equal(w.value("select encode(key, 'hex') from fact.install_key", name), key.hex())
    short = w.file("short", "0011")
    equal(w.run("migrate", "--install-key-file", short, dbname=name).code, 1)


@case
def by_an_owner_who_may_make_roles(w):
    role = w.role("owner")
    w.sql(f"create role {role} login createrole password 'x'")
    name = w.make_database(role)
    if int(w.value("show server_version_num")) >= 160000:
        # There CREATEROLE is no right to roles that somebody else has made, as for the first database of this server.
        ran = w.run("migrate", user=role, password="x", dbname=name)
        equal((ran.code, "made by somebody else" in ran.err), (3, True), ran.err)
        w.sql(f"grant dayfour_oh_owner, dayfour_audit_owner, dayfour_ops_owner, dayfour_report_owner to {role}")
    ran = w.run("migrate", user=role, password="x", dbname=name)
    equal(ran.code, 0, ran.err)
    equal(w.run("migrate", user=role, password="x", dbname=name).out, "nothing to do\n")
    w.sql(f"drop database {name} with (force)", w.words["dbname"])
    w.databases.remove(name)
    w.sql(f"drop owned by {role}", w.words["dbname"])


@case
def a_database_that_is_not_there(w):
    ran = w.run("migrate", dbname="no_such_database_here")
    equal(ran.code, 3)
    equal(len(ran.err.splitlines()), 1, ran.err)


@case
def configuration_faults(w):
    equal(w.run("--config", w.file("bad.conf", "no.such.key = 1\n"), "migrate").code, 2)
    ran = w.run("migrate", env={"PG_DSN": None})
    equal(ran.code, 2, ran.err)


@case
def arguments(w):
    equal(w.run("--help").code, 0)
    equal(w.run("--version").out.split()[0], "dayfour")
    equal(w.run().code, 1)
    equal(w.run("migrat").code, 1)
    equal(w.run("migrate", "--no").code, 1)
    equal(w.run("migrate", "extra").code, 1)
    holds("--dry-run" in w.run("help", "migrate").out, "help of one command")


@case
def env_of_the_run_folder(w):
    folder = w.dir / "run"
    folder.mkdir()
    dsn = f"host={w.words['host']} port={w.words['port']} user={w.words['user']} dbname={w.dbname}"
    secret = w.words.get("password", "").replace("'", "'\\''")
    (folder / "env").write_text(f"export PG_DSN='{dsn} password={secret}' KAFKA_BROKERS={w.brokers}\n")
    none = {"PG_DSN": None, "KAFKA_BROKERS": None, "DAYFOUR_RUN_DIR": str(folder)}
    equal(w.run("migrate", env=none).out, "nothing to do\n")
    equal(w.run("positions", env=none).code, 0)
