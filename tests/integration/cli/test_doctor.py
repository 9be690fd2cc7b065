"""dayfour doctor: a set-up that is well, and broken ones, each of which it names."""
import json
import socket
import subprocess

from harness import TOPICS, case, dsn_of, equal, holds


class Setup:
    """What the services of this run would be started with."""
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


def doctor(w, env=None, **how):
    env = {"DAYFOUR_KAFKA_TOPIC_ABSENCES": None, **(env or {})}  # else it goes before the file
    ran = w.run("doctor", "--json", "--intake", Setup.intake, "--followup", Setup.followup, env=env, **how)
    found = [json.loads(line) for line in ran.out.splitlines()]
    wrong = [f["check"] for f in found if f["state"] == "wrong"]
    equal(ran.code, 3 if wrong else 0, ran.err)
    for finding in found:
        holds(finding["state"] == "fine" or finding["mend"], f"{finding['check']} says no cure")
    return wrong


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
def an_unknown_key(w):
    names(w, ["intake_configuration", "followup_configuration"], extra="no.such.key = 1\n")


@case
def a_password_everybody_can_read(w):
    path = w.file("password", "x\n")
    path.chmod(0o644)
    names(w, ["password_file"], extra=f"pg.password_file = {path}\n")


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
    last = w.sql("select number, name, sha256 from ops.migration order by number desc limit 1")[0]
    w.sql(f"delete from ops.migration where number = {last[0]}")
    names(w, ["migrations"])
    w.sql("insert into ops.migration (number, name, sha256) values ('{}', '{}', '{}')".format(*last))


@case
def programs_too_old(w):
    w.sql("insert into ops.migration (number, name, sha256) values (9999, '9999_later.sql', 'x')")
    names(w, ["programs_too_old"])
    w.sql("delete from ops.migration where number = 9999")


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
def emission_is_paused(w):
    equal(w.run("emission", "pause").code, 0)
    names(w, ["emission_paused"])
    equal(w.run("emission", "resume").code, 0)


@case
def dead_letters_wait(w):
    w.sql(f"""insert into intake.dead_letter (topic, partition, "offset", reason, size, received_at)
              values ('{w.topic}', 0, 0, 'not_json', 0, now() - interval '1 hour')""")
    names(w, ["dead_letters_wait"])
    w.sql("delete from intake.dead_letter")


@case
def bank_holidays_run_out(w):
    w.sql("create table public.kept as table fact.holiday; delete from fact.holiday where day > current_date")
    names(w, ["bank_holidays"])
    w.sql("insert into fact.holiday select * from public.kept on conflict do nothing; drop table public.kept")


@case
def a_rehearsal_left_behind(w):
    w.sql("update ops.clock set rehearsal_at = now() - interval '1 year'")
    names(w, ["rehearsal"])
    w.sql("update ops.clock set rehearsal_at = null")


@case
def followup_is_gone(w):
    w.sql("insert into followup.shard values (0, 'gone', 1, now() - interval '1 hour', 1, 0)")
    names(w, ["followup_gone"])
    w.sql("delete from followup.shard")


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
    names(w, ["topic_retention"], absences=make(w, "short", "1:retention.ms=3600000"))


@case
def events_compacted(w):
    names(w, ["topic_compacted"], absences=make(w, "compact", "1:cleanup.policy=compact"))


@case
def messages_too_large_for_the_topic(w):
    names(w, ["topic_message_size"], absences=make(w, "small", "1:max.message.bytes=65536"))


@case
def a_position_that_is_nowhere(w):
    w.sql(f"insert into intake.position values ('{w.topic}', 1, 77, 1, 'intake-1')")
    names(w, ["position_lost"])
    w.sql("delete from intake.position")
