"""dayfour doctor: a set-up that is well, and broken ones, each of which it names."""
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

from harness import ROOT, TOPICS, NotRun, case, dsn_of, equal, holds


class Setup:
    """The configuration of this run's services."""
    intake = followup = None
    topics = {}


def write(w, **changes):
    topics = dict(Setup.topics)
    topics.update({k: v for k, v in changes.items() if k in topics})
    words = dict(w.words, dbname=changes.get("dbname", w.dbname))
    words.update({k: v for k, v in changes.items() if k in ("host", "port")})
    common = f"kafka.brokers = {changes.get('brokers', w.brokers)}\n{changes.get('extra', '')}"

    def dsn(service):
        login = dict(words, user=changes.get("user", f"{w.tag}_{service}"), password=changes.get("password", "x"))
        return f"pg.dsn = {dsn_of(login)}\n"
    Setup.intake = w.file("intake.conf", common + dsn("intake") + f"kafka.topic.absences = {topics['absences']}\n")
    Setup.followup = w.file("followup.conf", common + dsn("followup") + "".join(
        f"kafka.topic.{name} = {topics[name]}\n" for name in ("follow_up", "return_to_work", "dead_letter"))
        + changes.get("followup", ""))


def findings(w, env=None, **how):
    """(check, state) of each; what is not fine says a cure."""
    env = {"DAYFOUR_KAFKA_TOPIC_ABSENCES": None, **(env or {})}  # else it goes before the file
    ran = w.run("doctor", "--json", "--intake", Setup.intake, "--followup", Setup.followup, env=env, **how)
    found = [json.loads(line) for line in ran.out.splitlines()]
    for finding in found:
        holds(finding["state"] == "fine" or finding["mend"], f"{finding['check']} says no cure")
    equal(ran.code, 3 if any(f["state"] == "wrong" for f in found) else 0, ran.err)
    return [(f["check"], f["state"]) for f in found]


def doctor(w, env=None, **how):
    return [check for check, state in findings(w, env, **how) if state == "wrong"]


def notes(w, expected, how=None, **changes):
    """Nothing is wrong; these are worth knowing, beside that one broker keeps one copy."""
    write(w, **changes)
    found = findings(w, **(how or {}))
    equal([c for c, state in found if state == "wrong"], [], expected)
    equal(sorted({c for c, state in found if state == "note"} - {"topic_copies", "not_started", "sources"}),
          sorted(expected), expected)


def names(w, expected, how=None, **changes):
    write(w, **changes)
    found = doctor(w, **(how or {}))
    equal(sorted(set(found)), sorted(set(expected)), expected)


def make(w, name, how):
    topic = f"{w.tag}.{name}"
    subprocess.run(["python3", TOPICS, "--brokers", w.brokers, "create", f"{topic}:{how}"], check=True,
                   capture_output=True)
    w.topics.append(topic)
    return topic


@case
def set_up(w):
    equal(w.run("migrate").code, 0)
    for service in ("intake", "followup"):
        role = w.role(service)
        w.sql(f"create role {role} login password 'x' in role dayfour_{service}")
    Setup.topics = {"absences": w.topic, "follow_up": w.make_topic("out", 2), "return_to_work": w.make_topic("rtw", 1),
                    "dead_letter": make(w, "dlq", "1:max.message.bytes=1048588")}


@case
def all_is_well(w):
    names(w, [])
    table = w.run("doctor", "--intake", Setup.intake, "--followup", Setup.followup,
                  env={"DAYFOUR_KAFKA_TOPIC_ABSENCES": None})
    holds(table.out.splitlines()[-1].startswith("0 wrong, "), table.out)


@case
def mappings_and_folders_of_a_feed(w):
    write(w)
    mappings = w.dir / "mappings"
    folder = w.dir / "files"
    mappings.mkdir()
    folder.mkdir(mode=0o750)
    mapping = json.loads((ROOT / "deploy" / "feed" / "roster.json").read_text())
    mapping["file"]["dir"] = str(folder)
    path = mappings / "roster.json"

    def found():
        ran = w.run("doctor", "--json", "--intake", Setup.intake, "--followup", Setup.followup, "--feed", mappings,
                    env={"DAYFOUR_KAFKA_TOPIC_ABSENCES": None})
        return {f["check"]: f["state"] for f in map(json.loads, ran.out.splitlines()) if f["check"].startswith("feed")}
    path.write_text(json.dumps(mapping))
    equal(found(), {"feed_mapping": "fine", "feed_folder": "fine"})
    folder.chmod(0o755)
    equal(found(), {"feed_mapping": "fine", "feed_folder": "wrong"}, "everybody may look into it")
    folder.chmod(0o750)
    w.sql("insert into feed.source (source, organisations, as_of) values ('/healthroster/RW3', '{RW3}', now())")
    equal(found()["feed_file"], "fine")
    w.sql("update feed.source set as_of = now() - interval '2 days'")
    equal(found()["feed_file"], "wrong", "an old file")
    w.sql("insert into feed.held values ('/healthroster/RW3', '\\\\x00', 'a.csv', now(), 'a*', 'missing', '{}', now())")
    equal(found()["feed_held"], "wrong", "a file is held")
    w.sql("delete from feed.source")
    path.write_text("{}")
    equal(found(), {"feed_mapping": "wrong"})


@case
def an_unknown_key(w):
    names(w, ["intake_configuration", "followup_configuration"], extra="no.such.key = 1\n")


@case
def a_password_everybody_can_read(w):
    path = w.file("password", "x\n")
    path.chmod(0o644)
    names(w, ["password_file"], extra=f"pg.password_file = {path}\n")


@case
def each_role_that_asks(w):
    """Nobody is asked whether PostgreSQL runs: what a login may not look at is named, with who may."""
    write(w)
    parts = {"operator": {"settings"}, "feed_owner": {"settings", "migrations"}}
    every = {"migrations", "operation", "services", "settings"}
    for group in ("clinician", "oh_admin", "operator", "feed_owner", "reporter", "auditor", "retention"):
        role = w.role("as_" + group)
        w.sql(f"create role {role} login password 'x' in role dayfour_{group}")
        found = findings(w, user=role, password="x")
        equal([check for check, state in found if state == "wrong"], [], group)
        seen = {check for check, state in found if state == "note"}
        equal(seen & every, parts.get(group, every), group)


@case
def a_clock_file(w):
    names(w, ["clock_file"], extra=f"clock.file = {w.file('now', '2026-09-08T12:00:00Z')}\n")


@case
def no_database_server(w):
    write(w)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        bad = dsn_of(dict(w.words, host="127.0.0.1", port=nobody.getsockname()[1]))
        found = doctor(w, env={"PG_DSN": bad})
    equal(found, ["database_unreachable"])


@case
def no_database_named(w):
    write(w)
    equal(doctor(w, env={"PG_DSN": ""}), ["database_unknown"])


@case
def a_wrong_password(w):
    names(w, ["database_login"], password="y")


@case
def no_such_database(w):
    names(w, ["database_missing"], dbname="no_such_database_here", how={"dbname": "no_such_database_here"})


@case
def not_migrated(w):
    empty = w.make_database()
    names(w, ["migrations"], dbname=empty, how={"dbname": empty})


@case
def migrated_to_an_older_version(w):
    last = w.sql("select number, name, sha256, serves from ops.migration where not repeatable"
                 " order by number desc limit 1")[0]
    w.sql(f"delete from ops.migration where name = '{last[1]}'")
    names(w, ["migrations"])
    w.sql("insert into ops.migration (number, name, sha256, serves) values ('{}', '{}', '{}', '{}')".format(*last))


@case
def views_and_functions_of_another_version(w):
    w.sql("update ops.migration set number = number - 1 where repeatable")
    names(w, ["migrations"])
    w.sql("update ops.migration set number = number + 1 where repeatable")
    w.sql("update ops.migration set sha256 = sha256 || 'x' where name = '10_oh_time.sql'")
    names(w, ["migrations"])
    w.sql("update ops.migration set sha256 = rtrim(sha256, 'x') where name = '10_oh_time.sql'")


@case
def made_by_a_development_version(w):
    old = w.make_database()
    w.sql("create schema ops; create table ops.migration (number int primary key, name text not null,"
          " sha256 text not null); insert into ops.migration values (1, '0001_core.sql', 'x'); create view ops.clocks as"
          " select now() as database_clock, null::timestamptz as last_now, null::timestamptz as rehearsal_at,"
          " 0 as accepted", old)
    names(w, ["schema_development"], dbname=old, how={"dbname": old})


@case
def programs_too_old(w):
    w.sql("insert into ops.migration (number, name, sha256, serves) values (9999, '9999_later.sql', 'x', 9999)")
    names(w, ["programs_too_old"])
    w.sql("update ops.migration set serves = 10 where number = 9999")
    newest = w.value("select max(number) from ops.migration where repeatable")
    w.sql("update ops.migration set number = 9999 where repeatable")
    notes(w, ["programs_older"])
    w.sql("update ops.migration set serves = null where not repeatable and number = 9999")
    notes(w, ["programs_older"])
    w.sql(f"update ops.migration set number = {newest} where repeatable")
    w.sql("delete from ops.migration where number = 9999")


@case
def a_now_that_cannot_be(w):
    w.sql("update ops.clock set last_now = now() + interval '10 years'")
    names(w, ["clock_apart"])
    equal(w.run("clock", "accept", "--yes").code, 0)
    names(w, [])


@case
def anybody_connects(w):
    w.sql(f"grant connect on database {w.dbname} to public")
    names(w, ["anybody_connects"])
    equal(w.run("migrate").out, "nothing to do\n")
    names(w, [])


@case
def rights_that_only_a_superuser_takes_away(w):
    w.sql("grant execute on function lo_create(oid) to public")
    notes(w, ["superuser_rights"])
    w.sql("revoke execute on function lo_create(oid) from public;"
          " grant execute on function pg_stat_get_tuples_inserted(oid) to public")
    notes(w, ["superuser_rights"])
    equal(w.run("migrate").code, 0)
    notes(w, [])


@case
def a_login_without_a_limit(w):
    role = w.role("many")
    w.sql(f"create role {role} login in role dayfour_clinician;"
          f" insert into oh.staff (login, organisation) values ('{role}', 'RW3')")
    notes(w, ["login_limits"])
    equal(w.run("migrate").code, 0)
    notes(w, [])
    w.sql(f"delete from oh.staff; drop role {role}")
    role = w.role("added")
    equal(w.run("staff", "add", role, "RW3", "--queues", "physiotherapy", "--peer").code, 0)
    equal(w.value(f"select rolconnlimit from pg_roles where rolname = '{role}'"), "5")
    w.sql("delete from oh.staff")


@case
def any_feed_for_any_organisation(w):
    write(w)
    holds(("sources", "note") in findings(w), "the shipped settings bind no source")
    w.sql("create table public.kept as table fact.settings; update fact.settings set document ="
          " (document::jsonb || jsonb_build_object('sources', jsonb_build_object('/hr/RW3', array['RW3'])))::text")
    holds("sources" not in dict(findings(w)), "a bound source")
    w.sql("update fact.settings s set document = k.document from public.kept k where k.serial = s.serial;"
          " drop table public.kept")


@case
def commits_that_a_power_cut_loses(w):
    for how, back in ((f"alter role {w.tag}_followup set synchronous_commit = off",
                       f"alter role {w.tag}_followup reset synchronous_commit"),
                      (f"alter database {w.dbname} set synchronous_commit = off",
                       f"alter database {w.dbname} reset synchronous_commit")):
        w.sql(how)
        names(w, ["synchronous_commit"])
        w.sql(back)
    names(w, [])


@case
def a_read_only_database(w):
    w.sql(f"alter database {w.dbname} set default_transaction_read_only = on")
    names(w, ["database_read_only"])
    w.sql(f"alter database {w.dbname} reset default_transaction_read_only", w.words["dbname"])


@case
def a_login_without_the_group(w):
    w.sql(f"revoke dayfour_followup from {w.tag}_followup")
    write(w)
    found = doctor(w)
    holds("service_rights" in found, found)  # and service_logins, unless another database has one
    holds(set(found) <= {"service_rights", "service_logins"}, found)
    w.sql(f"grant dayfour_followup to {w.tag}_followup")


@case
def transactions_that_nobody_may_end(w):
    for right in ("pg_signal_backend", "pg_read_all_stats"):
        w.sql(f"revoke {right} from dayfour_ops_owner")
        try:
            notes(w, ["session_rights"])
        finally:
            w.sql(f"grant {right} to dayfour_ops_owner")


@case
def emission_is_paused(w):
    equal(w.run("emission", "pause").code, 0)
    names(w, ["emission_paused"])
    equal(w.run("emission", "resume").code, 0)


@case
def somebody_is_set_aside(w):
    w.sql("insert into fact.person (organisation, person_id, revision) values ('RW3', 'P-7701', 1)")
    w.sql("insert into casework.set_aside (organisation, person_id, service, code, what, since, last_at, retry_at)"
          " values ('RW3', 'P-7701', 'followup', '23514', 'zq', now(), now(), now() + interval '1 hour')")
    names(w, ["set_aside"])
    w.sql("delete from fact.person where person_id = 'P-7701'")


@case
def dead_letters_wait(w):
    w.sql(f"""insert into intake.dead_letter (topic, partition, "offset", reason, size, received_at)
              values ('{w.topic}', 0, 0, 'not_json', 0, now() - interval '1 hour')""")
    names(w, ["dead_letters_wait"])
    w.sql("delete from intake.dead_letter")


@case
def bank_holidays_run_out(w):
    w.sql("create table public.kept as table fact.holiday;"
          " delete from fact.holiday where day > current_date and division = 'northern-ireland'")
    notes(w, ["bank_holidays"])  # nobody goes by it
    w.sql("delete from fact.holiday where day > current_date")
    names(w, ["bank_holidays"])
    w.sql("insert into fact.holiday select * from public.kept on conflict do nothing; drop table public.kept")


@case
def a_rehearsal_left_behind(w):
    w.sql("update ops.clock set rehearsal_at = now() - interval '1 year'")
    names(w, ["rehearsal"])
    w.sql("update ops.clock set rehearsal_at = null")


class Session:
    """A session as a service has it."""

    def __init__(self, w, service):
        dsn = dsn_of(dict(w.words, dbname=w.dbname, user=f"{w.tag}_{service}", password="x",
                          application_name=f"dayfour-{service}"))
        self.process = subprocess.Popen(["psql", "-XAtq", "-d", dsn], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.process.stdin.write("select 'there';\n")
        self.process.stdin.flush()
        equal(self.process.stdout.readline(), "there\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate(timeout=20)


@case
def nothing_runs(w):
    """Worth knowing before the first start; wrong once something was done."""
    write(w)
    equal([f for f in findings(w) if f[0] in ("not_started", "service")], [("not_started", "note")] * 2)
    w.sql("update ops.clock set finished_at = now()")
    names(w, ["followup_gone"])
    w.sql(f"insert into intake.position values ('{w.topic}', 0, 0, 1, 'gone')")
    names(w, ["followup_gone", "intake_gone"])
    with Session(w, "intake"), Session(w, "followup"):
        equal([f for f in findings(w) if f[0] == "service"], [("service", "fine")] * 2)
        names(w, [])
        w.sql("insert into followup.shard values (0, 'gone', 1, now() - interval '1 hour', 1, 0)")
        names(w, ["followup_gone"])
    w.sql("delete from followup.shard; delete from intake.position; update ops.clock set finished_at = null")


class Liar:
    """Between doctor and the server: says that the server is another version."""

    def __init__(self, w, version):
        self.server = (w.words["host"], int(w.words["port"]))
        real = int(w.value("show server_version_num"))
        self.words = ((str(real).encode(), str(version).encode()), (struct.pack(">i", real), struct.pack(">i", version)))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.server)
                threading.Thread(target=self.pass_on, args=(client, server, ()), daemon=True).start()
                threading.Thread(target=self.pass_on, args=(server, client, self.words), daemon=True).start()
        except OSError:  # closed
            pass

    @staticmethod
    def pass_on(source, target, words):
        try:
            while data := source.recv(65536):
                for real, said in words:
                    data = data.replace(real, said)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@case
def a_server_too_old(w):
    for version, expected in ((140011, ["database_version"]), (160001, [])):
        liar = Liar(w, version)
        write(w)
        equal(doctor(w, env={"PG_DSN": dsn_of(dict(w.words, dbname=w.dbname, host="127.0.0.1", port=liar.port))}),
              expected, version)
        liar.listener.close()


def server_of_ours(w):
    if not Path(os.environ.get("DAYFOUR_RUN_DIR", ".run"), "ports.postgres").exists():
        raise NotRun("the server is not one of our own")


@case
def a_server_that_a_power_cut_destroys(w):
    server_of_ours(w)
    for setting in ("fsync", "full_page_writes"):
        w.sql(f"alter system set {setting} = off")
        w.sql("select pg_reload_conf()")
        try:
            names(w, ["database_unsafe"])
        finally:
            w.sql(f"alter system reset {setting}")
            w.sql("select pg_reload_conf()")


@case
def a_server_that_is_almost_full(w):
    server_of_ours(w)
    write(w)
    dsn = dsn_of(dict(w.words, dbname=w.dbname)).replace("'", "''")
    w.sql("create extension dblink")
    left = int(w.value("select current_setting('max_connections')::int - count(*) from pg_stat_activity"))
    holder = subprocess.Popen(["psql", "-Xq", dsn_of(dict(w.words, dbname=w.dbname))], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, text=True)
    try:
        holder.stdin.write(f"select count(dblink_connect('c' || n, '{dsn}')) from generate_series(1, {left - 9}) n;\n"
                           "create table public.held ();\n")
        holder.stdin.flush()
        end = time.monotonic() + 30
        while w.value("select to_regclass('public.held') is null") == "t":
            holds(time.monotonic() < end, "no sessions")
            time.sleep(0.1)
        equal(doctor(w), ["database_connections"])
    finally:
        holder.kill()
        holder.wait()
        holder.stdin.close()
    w.sql("drop extension dblink; drop table public.held")


@case
def a_database_that_is_not_utf8(w):
    latin = w.make_database(encoding="SQL_ASCII")
    names(w, ["database_encoding", "migrations"], dbname=latin, how={"dbname": latin})


@case
def no_settings(w):
    w.sql("create table public.kept as table fact.install_key; delete from fact.install_key")
    names(w, ["settings"])
    w.sql("insert into fact.install_key select * from public.kept; drop table public.kept")


@case
def clocks_apart(w):
    ahead = w.bin / "libclock_ahead.so"
    holds(ahead.exists(), f"{ahead} is not built")
    env = {"LD_PRELOAD": str(ahead)}
    if "asan" in str(w.bin):
        raise NotRun("a library before the sanitizer's")
    write(w)
    equal(doctor(w, env={**env, "AHEAD_S": "4"}), [], "four seconds")
    equal(doctor(w, env={**env, "AHEAD_S": "7"}), ["clocks"], "ahead")
    equal(doctor(w, env={**env, "AHEAD_S": "-3600"}), ["clocks"], "behind")


@case
def a_full_disk(w):
    """In a place of its own, where /var is small."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise NotRun("only root can make a small disk")
    write(w)
    around = {k: v for k, v in os.environ.items() if not k.startswith(("DAYFOUR_", "PG"))}
    around.update(PG_DSN=dsn_of(dict(w.words, dbname=w.dbname)), KAFKA_BROKERS=w.brokers)
    script = ('mount -t tmpfs -o size=1m none /var && head -c "$1" /dev/zero >/var/full && shift && exec "$@"')
    for size, expected in ((900 * 1024, []), (1000 * 1024, ["disk"])):
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", str(size), w.bin / "dayfour", "doctor",
                               "--json", "--intake", Setup.intake, "--followup", Setup.followup], env=around,
                              capture_output=True, text=True, timeout=60, check=False)
        if done.stderr.startswith(("unshare:", "mount:")):
            raise NotRun("no small disk can be made here")
        found = [json.loads(line) for line in done.stdout.splitlines()]
        equal([f["check"] for f in found if f["state"] == "wrong"], expected, f"{size}: {done.stderr}")


@case
def a_password_beside_the_configuration(w):
    """As the packages have it: the unit hands it over, the configuration does not name it."""
    write(w)
    plain = Setup.intake.read_text()
    Setup.intake.write_text(plain.replace(" password='x'", ""))
    equal(doctor(w), ["database_login"], "no password at all")
    beside = w.file("intake.password", "x\n")
    equal(doctor(w), [])
    beside.write_text("y\n")
    equal(doctor(w), ["database_login"], "a wrong one")
    beside.unlink()


@case
def another_machine_without_tls(w):
    """As allow_insecure lets the services do it. 0.0.0.0 leads here, and is no loopback address."""
    names(w, ["database_insecure"], host="0.0.0.0")
    names(w, [], extra="allow_insecure = true\n", host="0.0.0.0")


@case
def a_library_the_brokers_refuse(w):
    """The check itself is in unit.kafka; here doctor prints its result."""
    write(w, extra="kafka.prop.security.protocol = sasl_plaintext\nkafka.prop.sasl.mechanism = SCRAM-SHA-512\n"
                   "kafka.prop.sasl.username = u\nkafka.prop.sasl.password = p\n")
    holds("kafka_unreachable" in doctor(w), "a plain broker takes no password")


@case
def worth_knowing(w):
    notes(w, [])
    notes(w, ["topic_partitions"], absences=make(w, "single", "1"))
    notes(w, ["topic_retention_bytes"], absences=make(w, "bounded", "2:retention.bytes=1000000000"))
    notes(w, ["topic_retention"], return_to_work=make(w, "brief", "1:retention.ms=3600000"))


@case
def no_broker(w):
    names(w, ["kafka_unreachable"], brokers="127.0.0.1:1")


@case
def a_setting_the_library_does_not_know(w):
    names(w, ["kafka_configuration"], extra="kafka.prop.no.such.setting = 1\n")


@case
def topics_missing(w):
    names(w, ["topic_missing"], return_to_work=w.tag + ".nowhere")


@case
def more_shards_than_partitions(w):
    names(w, ["shards"], followup="followup.shards = 3\n")


@case
def events_kept_too_shortly(w):
    names(w, ["topic_retention"], absences=make(w, "short", "2:retention.ms=3600000"))


@case
def events_compacted(w):
    names(w, ["topic_compacted"], absences=make(w, "compact", "2:cleanup.policy=compact"))


@case
def messages_too_large_for_the_topic(w):
    names(w, ["topic_message_size"], absences=make(w, "small", "2:max.message.bytes=65536"))


@case
def a_position_that_is_nowhere(w):
    w.sql(f"insert into intake.position values ('{w.topic}', 1, 77, 1, 'intake-1')")
    names(w, ["position_lost", "intake_gone"])
    w.sql("delete from intake.position")
