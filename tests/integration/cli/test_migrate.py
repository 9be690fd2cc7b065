"""dayfour migrate."""
import hashlib

from harness import ROOT, case, equal, holds

FILES = sorted((ROOT / "schemas" / "sql").glob("*.sql"))


@case
def dry_run_touches_nothing(w):
    ran = w.run("migrate", "--dry-run")
    equal(ran.code, 0, ran.err)
    equal(ran.out.splitlines(), [f"would apply {f.name}" for f in FILES])
    equal(w.value("select count(*) from pg_namespace where nspname in ('ops', 'fact')"), "0")


@case
def twice(w):
    equal(w.run("migrate").code, 0)
    rows = w.sql("select number, name, sha256 from ops.migration order by number")
    equal(rows, [(str(int(f.name[:4])), f.name, hashlib.sha256(f.read_bytes()).hexdigest()) for f in FILES])
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
    w.sql("update ops.migration set sha256 = 'x' where number = 2")
    ran = w.run("migrate")
    equal(ran.code, 3)
    holds("0002" in ran.err, ran.err)
    w.sql(f"update ops.migration set sha256 = '{hashlib.sha256(FILES[1].read_bytes()).hexdigest()}'"
          " where number = 2")
    w.sql("insert into ops.migration (number, name, sha256) values (9999, '9999_later.sql', 'x')")
    equal(w.run("migrate").code, 3)
    w.sql("delete from ops.migration where number = 9999")
    equal(w.run("migrate").code, 0)


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
