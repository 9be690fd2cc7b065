"""positions, dead-letters, emission."""
import base64

from harness import absence, case, equal, holds, lines

BYTES = b"\xff\x1b["


def header(name, value):
    def text(b):
        return len(b).to_bytes(4, "big") + b
    return text(name) + (b"\xff\xff\xff\xff" if value is None else text(value))


def letter(w, offset, reason, detail, organisation, value, key=None, size=None, headers=b""):
    def hexed(b):
        return "null" if b is None else f"'\\x{b.hex()}'"
    where = "null" if organisation is None else f"'{organisation}'"
    w.sql(f"""insert into intake.dead_letter (topic, partition, "offset", reason, detail, organisation, key, value,
          headers, size, received_at) values ('{w.topic}', 2, {offset}, '{reason}', '{detail}', {where},
          {hexed(key)}, {hexed(value)}, {hexed(headers)}, {size or len(value)},
          '2026-09-07T08:00:0{offset}Z')""")


@case
def set_up(w):
    equal(w.run("migrate").code, 0)


@case
def positions(w):
    equal(w.run("publish", "-", stdin=lines(*(absence(i, f"P-{i}") for i in range(40)))).code, 0)
    w.sql(f"insert into intake.position values ('{w.topic}', 1, 3, 1, 'intake-1')")
    found = w.run("positions", "--json").json()
    equal([p["partition"] for p in found], [0, 1, 2, 3])
    equal(sum(p["log_end"] for p in found), 40)
    for p in found:
        if p["partition"] == 1:
            equal((p["next_offset"], p["owner"], p["lag"]), (3, "intake-1", p["log_end"] - 3))
        else:
            equal((p["next_offset"], p["owner"], p["lag"]), (None, None, p["log_end"]))
    table = w.run("positions")
    equal((table.code, len(table.out.splitlines())), (0, 6), table.out)


@case
def a_position_past_the_log(w):
    """The topic was made again: nothing waits, and intake does not run. The table must not look as if all were well."""
    was = w.sql(f"select next_offset from intake.position where topic = '{w.topic}' and partition = 1")
    w.sql(f"update intake.position set next_offset = 1000 where topic = '{w.topic}' and partition = 1")
    table = w.run("positions").out.splitlines()
    equal([line.split()[3] == "lost" for line in table[1:5]], [False, True, False, False], table)
    holds(table[-1].endswith("; 1 position is not in its log: see position_lost in doc/operations.md"), table[-1])
    ran = w.run("positions", "set", w.topic, "1", "earliest", stdin="")
    holds("the position 1000 is not in it" in ran.err and "taken in again" not in ran.err, ran.err)
    w.sql(f"update intake.position set next_offset = {was[0][0]} where topic = '{w.topic}' and partition = 1")


@case
def a_position_set_by_hand(w):
    ends = {p["partition"]: p["log_end"] for p in w.run("positions", "--json").json()}
    before = w.sql(f"select next_offset, epoch from intake.position where topic = '{w.topic}' and partition = 1")
    for arguments in ((w.topic, "x", "0"), (w.topic, "1", "-1"), (w.topic, "1", str(ends[1] + 1)), (w.topic, "1")):
        equal(w.run("positions", "set", *arguments, stdin=f"{w.topic}\n").code, 1, arguments)
    equal(w.run("positions", "set", w.topic, "1", "end", stdin="another\n").code, 1)
    equal(w.run("positions", "set", w.topic, "1", "end", stdin="").code, 1)
    equal(w.sql(f"select next_offset, epoch from intake.position where topic = '{w.topic}' and partition = 1"), before)
    ran = w.run("positions", "set", w.topic, "1", "end", stdin=f"{w.topic}\n")
    equal((ran.code, ran.out), (0, f"intake reads partition 1 of {w.topic} from {ends[1]}\n"), ran.err)
    holds(f"{ends[1] - 3} messages will be skipped" in ran.err, ran.err)
    equal(w.sql(f"select next_offset, owner from ops.position where topic = '{w.topic}' and partition = 1"),
          [(str(ends[1]), "set by hand")])
    equal(w.sql(f"select next_offset, epoch from intake.position where topic = '{w.topic}' and partition = 1"), before,
          "an intake does it, nobody else")
    equal(w.run("positions", "set", w.topic, "1", "3", stdin=f"{w.topic}\n").code, 0)
    equal(w.run("positions", "set", w.topic, "3", "earliest", stdin=f"{w.topic}\n").code, 0)
    equal(w.sql(f"select next_offset from ops.position where topic = '{w.topic}' order by partition"),
          [("3",), ("0",)])
    equal(w.sql("select detail->>'partition', detail->>'before', detail->>'after' from audit.entry"
                " where what = 'position_set' order by entry_id"),
          [("1", "3", str(ends[1])), ("1", str(ends[1]), "3"), ("3", "", "0")])
    w.sql(f"delete from intake.position_request where topic = '{w.topic}';"
          f" update intake.position set owner = 'intake-1' where topic = '{w.topic}'")
    role = w.role("watcher")
    w.sql(f"create role {role} login password 'x' in role dayfour_feed_owner")
    equal(w.run("positions", "set", w.topic, "1", "0", stdin=f"{w.topic}\n", user=role, password="x").code, 3)
    w.sql(f"grant dayfour_operator to {role}")
    equal(w.run("positions", "set", w.topic, "1", "3", stdin=f"{w.topic}\n", user=role, password="x").code, 0)


@case
def a_shard_let_go_on(w):
    w.sql("insert into followup.shard (shard, owner, epoch, until, next_batch, confirmed_batch)"
          " values (7, 'me', 1, '-infinity', 6, 4)")
    for arguments in (("x",), ("",), ("8",), ()):
        equal(w.run("positions", "recover", *arguments, stdin="recover\n").code, 1, arguments)
    equal(w.run("positions", "recover", "7", stdin="yes\n").code, 1)
    equal(w.sql("select count(*) from followup.recovery"), [("0",)])
    ran = w.run("positions", "recover", "7", stdin="recover\n")
    equal((ran.code, ran.out), (0, "shard 7: followup may continue; start it\n"), ran.err)
    holds("at batch 6, 1 not confirmed" in ran.err, ran.err)
    equal(w.run("positions", "recover", "7", stdin="").code, 0)  # it may already
    equal(w.sql("select shard from followup.recovery"), [("7",)])
    equal(w.sql("select detail->>'shard' from audit.entry where what = 'shard_recovery'"), [("7",)])
    w.sql("delete from followup.recovery; delete from followup.shard where shard = 7")


@case
def positions_without_brokers(w):
    ran = w.run("positions", "--json", env={"KAFKA_BROKERS": "127.0.0.1:1"})
    equal(ran.code, 3)
    equal([(p["partition"], p["next_offset"], p["log_end"]) for p in ran.json()], [(1, 3, None)])
    table = w.run("positions", env={"KAFKA_BROKERS": "127.0.0.1:1"})
    equal(table.out.splitlines()[-1], f"{w.topic}: 1 partition; how many records wait is not known")


@case
def no_letters(w):
    equal(w.run("dead-letters", "list").code, 0)
    equal(w.run("dead-letters", "list", "--json").json(), [])


@case
def letters(w):
    letter(w, 1, "bad_field", "data.onset_date", "RW3", b'{"a":"\x1b[31m"}', b"k\xff", None,
           header(b"content-type", b"application/cloudevents+json") + header(b"x", None))
    letter(w, 2, "not_utf8", "", None, BYTES)
    found = w.run("dead-letters", "list", "--json").json()
    equal([(d["place"], d["reason"], d["detail"], d["organisation"], d["size"]) for d in found],
          [(f"{w.topic}/2/1", "bad_field", "data.onset_date", "RW3", 13), (f"{w.topic}/2/2", "not_utf8", "", None, 3)])
    holds(all("key" not in d and "value" not in d and "headers" not in d for d in found), "nothing of the sender's")
    equal(len(w.run("dead-letters", "list", "--json", "--reason", "not_utf8").json()), 1)
    equal([d["offset"] for d in w.run("dead-letters", "list", "--json", "--limit", "1").json()], [2])
    equal(w.run("dead-letters", "list", "--limit", "0").code, 1)


@case
def one_letter(w):
    found = w.run("dead-letters", "show", "--json", f"{w.topic}/2/1").json()
    equal(found["value"], '{"a":"\x1b[31m"}')
    equal(found["headers"], [["content-type", "application/cloudevents+json"], ["x", None]])
    equal(base64.b64decode(found["key"]["base64"]), b"k\xff")
    equal(base64.b64decode(w.run("dead-letters", "show", "--json", f"{w.topic}/2/2").json()["value"]["base64"]), BYTES)
    holds("\x1b" not in w.run("dead-letters", "show", f"{w.topic}/2/1").out, "nothing speaks to the terminal")
    for place in (f"{w.topic}/2/3", f"{w.topic}/2", "x", f"{w.topic}/a/1", f"{w.topic}/-1/1"):
        equal(w.run("dead-letters", "show", place).code, 1, place)


@case
def an_operator_sees_no_value(w):
    role = w.role("operator")
    w.sql(f"create role {role} login password 'x'; grant dayfour_operator to {role}")
    found = w.run("dead-letters", "show", "--json", f"{w.topic}/2/1", user=role, password="x")
    equal(found.code, 0, found.err)
    holds(not {"value", "key", "headers"} & set(found.json()), found.out)
    equal(w.run("dead-letters", "list", user=role, password="x").code, 0)
    equal(w.run("positions", user=role, password="x").code, 0)
    equal(w.run("dead-letters", "replay", f"{w.topic}/2/1", user=role, password="x").code, 3)
    equal(w.run("emission", "pause", user=role, password="x").code, 0)
    equal(w.run("emission", "resume", user=role, password="x").code, 0)
    equal(w.run("tasks", user=role, password="x").code, 3)


@case
def the_owner_of_the_feed_sees_it(w):
    role = w.role("feed")
    w.sql(f"create role {role} login password 'x'; grant dayfour_feed_owner to {role};"
          f" insert into ops.feed_owner values ('{role}', 'RW3')")
    found = w.run("dead-letters", "show", "--json", f"{w.topic}/2/1", user=role, password="x")
    equal(found.code, 0, found.err)
    equal(found.json()["value"], '{"a":"\x1b[31m"}')
    nobodys = w.run("dead-letters", "show", "--json", f"{w.topic}/2/2", user=role, password="x")
    equal((nobodys.code, "value" in nobodys.json()), (0, False), "of no readable organisation")


@case
def replay(w):
    topic = w.make_topic("replay", 1)
    good = lines(absence(7, "P-7")).encode()
    letter(w, 3, "source_not_allowed", "source", "RW3", good, b"k\xff", None,
           header(b"content-type", b"application/cloudevents+json") + header(b"x", None))
    ran = w.run("dead-letters", "replay", f"{w.topic}/2/3", topic=topic)
    equal(ran.code, 0, ran.err)
    equal(w.records(topic), [(b"0", b"k\xff", b"content-type=application/cloudevents+json,x=NULL", good)])
    equal(w.run("dead-letters", "replay", f"{w.topic}/2/3", f"{w.topic}/2/2", topic=topic).code, 1)
    equal(len(w.records(topic)), 1, "all of them or none")
    equal(w.run("dead-letters", "replay", "--force", f"{w.topic}/2/2", topic=topic).code, 0)
    equal(w.records(topic)[1][3], BYTES)
    letter(w, 4, "too_large", "", None, b"beginning", None, 300000)
    equal(w.run("dead-letters", "replay", "--force", f"{w.topic}/2/4", topic=topic).code, 1)


@case
def emission(w):
    equal(w.run("emission", "pause").out, "emission paused\n")
    equal(w.sql("select paused, by from ops.emission"), [("t", w.words["user"])])
    equal(w.run("emission", "pause").out, "emission was already paused\n")
    equal(w.run("emission", "resume").code, 0)
    equal(w.value("select paused from ops.emission"), "f")
    equal(w.run("emission", "stop").code, 1)


@case
def people_set_aside(w):
    equal(w.run("set-aside", "list", "--json").json(), [])
    w.sql("insert into fact.person (organisation, person_id, revision) values ('RW3', 'P-7701', 1)")
    w.sql("insert into casework.set_aside (organisation, person_id, service, code, what, since, last_at, retry_at)"
          " values ('RW3', 'P-7701', 'followup', '23514', 'zq', now(), now(), now() + interval '1 hour')")
    found = w.run("set-aside", "list", "--json").json()
    equal([(f["service"], f["code"], f["what"], f["tries"]) for f in found], [("followup", "23514", "zq", 1)])
    table = w.run("set-aside", "list")
    holds("23514" in table.out and "P-7701" not in table.out, table.out)
    equal(w.run("set-aside", "retry", "0").code, 1)
    equal(w.run("set-aside", "retry", "x").code, 1)
    equal(w.run("set-aside", "retry", str(found[0]["no"] + 1)).code, 1)
    ran = w.run("set-aside", "retry", str(found[0]["no"]))
    equal((ran.code, ran.out[:2]), (0, "1 "), ran.err)
    equal(w.sql("select no from casework.retry_wanted"), [(str(found[0]["no"]),)])
    w.sql("delete from fact.person where person_id = 'P-7701'; delete from casework.retry_wanted")
    equal(w.sql("select count(*) from casework.set_aside"), [("0",)])
