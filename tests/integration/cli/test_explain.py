"""dayfour explain."""
import json

from harness import ROOT, absence, case, equal, holds, lines

SHIPPED = ROOT / "deploy" / "settings" / "pathways.json"
MSK = {"scheme": "esr", "code": "S12"}
STRESS = {"scheme": "esr", "code": "S10"}


def explain(w, *events, at="2026-09-08T12:00:00Z"):
    clock = w.file("now", at + "\n")
    ran = w.run("explain", "--json", "--settings", SHIPPED, "-", stdin=lines(*events),
                env={"PG_DSN": None, "KAFKA_BROKERS": None, "DAYFOUR_CLOCK_FILE": str(clock)})
    found = [json.loads(line) for line in ran.out.splitlines()]
    equal(ran.code, 1 if "reject" in [f["verdict"] for f in found] else 0, ran.err)
    return [json.loads(line) for line in ran.out.splitlines()]


@case
def without_a_database(w):
    found = explain(w, absence(1, "P-1", reason=MSK), absence(1, "P-1", reason=MSK),
                    absence(1, "P-1", version=3, reason=MSK, onset="2026-09-05"),
                    absence(1, "P-1", version=2, reason=MSK), absence(2, "P-2", onset="x"),
                    absence(3, "P-3", category="bank holiday"), absence(4, "P-4"),
                    absence(5, "P-5", reason={"scheme": "esr", "code": "S13"}),
                    absence(6, "P-6", reason={"scheme": "esr", "code": "S17"}))
    equal([(f["line"], f["verdict"], f["reason"], f["detail"], f["matches"], f["due_date"]) for f in found],
          [(1, "accept", "matched", "", ["msk"], "2026-09-11"), (2, "stale", "repeated", "", ["msk"], "2026-09-11"),
           (3, "accept", "matched", "", ["msk"], "2026-09-09"), (4, "stale", "lower_version", "", ["msk"], "2026-09-09"),
           (5, "reject", "bad_field", "data.onset_date", [], None), (6, "ignore", "other_category", "", [], None),
           (7, "accept", "watched", "", [], None), (8, "accept", "no_match", "", [], None),
           (9, "accept", "never", "", [], None)])
    equal(found[0]["would"], ["open msk task due 2026-09-11", "emit contact-task.created"])
    equal(found[2]["would"][0], "move msk task from 2026-09-11 to 2026-09-09")
    equal(found[7]["would"], [])
    equal(found[6]["will"][0], "reason.missing on 2026-09-09 at 09:00")
    equal(found[7]["will"], ["fit-note.due on 2026-09-14 at 09:00"])
    holds("higher version" in found[3]["note"], found[3])
    equal([f["note"] for f in found[6:]], ["", "no pathway has this reason", ""])
    holds("a date as 2026-09-07" in found[4]["wanted"], found[4])


@case
def the_default_of_the_schema_is_what_is_passed_over(w):
    schema = json.loads((SHIPPED.parent / "pathways.schema.json").read_text())
    shipped = schema["properties"]["ignored_categories"]["default"]
    found = explain(w, *(absence(n, "P-1", category=c) for n, c in enumerate(shipped)))
    equal({(f["verdict"], f["reason"]) for f in found}, {("ignore", "other_category")})
    equal(len(found), len(shipped))


@case
def types_and_categories_that_are_none(w):
    foreign = absence(2, "P-2")
    foreign["type"] = "opened"
    found = explain(w, absence(1, "P-1", kind="updated"), foreign, absence(3, "P-3", category="sick"))
    equal([(f["verdict"], f["reason"], f["detail"]) for f in found],
          [("reject", "unknown_type", "type"), ("ignore", "other_type", ""),
           ("reject", "unknown_category", "data.category")])


@case
def a_record_that_is_no_sickness_any_more(w):
    first, second = (json.loads(line) for line in (ROOT / "tests" / "data" / "feeds" / "recategorised.jsonl")
                     .read_text().splitlines())
    found = explain(w, first, second, second)
    equal([(f["verdict"], f["reason"]) for f in found],
          [("accept", "matched"), ("accept", "not_sickness"), ("ignore", "other_category")])
    equal(found[1]["would"][0], "end msk task: entered_in_error")
    equal(explain(w, second)[0]["verdict"], "ignore", "it comes first")


@case
def a_heartbeat(w):
    beat = {"specversion": "1.0", "id": "h", "source": "/hr/RW3", "type": "org.dayfour.feed.heartbeat.v1",
            "data": {"organisation": "RW3", "as_of": "2026-09-07T06:00:00Z"}}
    equal([(f["verdict"], f["reason"]) for f in explain(w, beat)], [("accept", "heartbeat")])


@case
def in_words(w):
    clock = w.file("now", "2026-09-08T12:00:00Z\n")
    env = {"PG_DSN": None, "KAFKA_BROKERS": None, "DAYFOUR_CLOCK_FILE": str(clock)}
    pretty = json.dumps(absence(2, "P-2"), indent=2)
    ran = w.run("explain", "--settings", SHIPPED, "-", stdin=lines(absence(1, "P-1")) + pretty, env=env)
    equal(ran.code, 1)
    told = ran.out.splitlines()
    equal(told[0], "line 1: accept (watched): nothing now; then reason.missing on 2026-09-09 at 09:00, "
                   "fit-note.due on 2026-09-14 at 09:00")
    equal(len(told), 2, "the printed event is one line")
    holds(told[1].startswith("line 2: reject: an event printed over several lines"), told)


@case
def a_corrected_reason_and_a_cancellation(w):
    found = explain(w, absence(1, "P-1", reason=MSK), absence(1, "P-1", version=2, reason=STRESS),
                    absence(1, "P-1", version=3, reason=STRESS, kind="cancelled"))
    equal(found[1]["would"][:2], ["end msk task: superseded", "open stress task due 2026-09-11"])
    equal(found[2]["reason"], "cancelled")
    equal(found[2]["would"][0], "end stress task: entered_in_error")


@case
def faults(w):
    equal(w.run("explain").code, 1)
    equal(w.run("explain", "a", "b").code, 1)
    equal(w.run("explain", "--person", "a").code, 1)
    equal(w.run("explain", "--settings", ROOT / "README.md", "-", stdin="").code, 1)
    equal(w.run("explain", w.dir / "none").code, 3, "the database is asked first, and is not migrated")


@case
def touches_nothing(w):
    equal(w.run("migrate").code, 0)
    before = w.value("select pg_current_wal_insert_lsn() is not null and count(*) = 0 from fact.person")
    ran = w.run("explain", "--json", "-", stdin=lines(absence(1, "P-1", reason=MSK)))
    equal(ran.code, 0, ran.err)
    equal(json.loads(ran.out)["due_date"], "2026-09-11")
    equal(w.value("select count(*) from fact.person"), "0")
    equal(before, "t")


@case
def against_what_is_stored(w):
    w.sql("""insert into fact.person (organisation, person_id, revision) values ('RW3', 'P-1', 1);
          insert into fact.absence (organisation, person_id, source, absence_id, version, first_version,
              first_onset_date, onset_date, open_ended, match, scheme, code, settings_serial, cancelled,
              first_notice_at, changed_at)
          values ('RW3', 'P-1', '/hr/RW3', 'A-1', 5, 1, '2026-09-07', '2026-09-07', false, 1, 1, 'S12', 1, false,
              '2026-09-07T10:00:00Z', '2026-09-07T10:00:00Z')""")
    ran = w.run("explain", "--json", "-", stdin=lines(absence(1, "P-1", version=4, reason=MSK),
                                                     absence(1, "P-1", version=6, reason=STRESS)))
    equal(ran.code, 0, ran.err)
    old, new = (json.loads(line) for line in ran.out.splitlines())
    equal((old["verdict"], old["reason"]), ("stale", "lower_version"))
    equal((new["would"][:2], new["note"]), (["end msk task: superseded", "open stress task due 2026-09-11"], ""))
    equal(w.value("select version from fact.absence"), "5")


@case
def a_record_that_names_another_person_now(w):
    ran = w.run("explain", "--json", "-", stdin=lines(absence(1, "P-9", version=6, reason=MSK)))
    equal(ran.code, 0, ran.err)
    equal(ran.json()["note"], "the record was another person's, and moves; another absence needs an absence_id of its own")


@case
def a_person(w):
    ran = w.run("explain", "--json", "--person", "RW3", "P-1")
    equal(ran.code, 0, ran.err)
    found = ran.json()
    equal([(r["absence_id"], r["version"], r["reason"]) for r in found["records"]], [("A-1", 5, "kept")])
    equal([(t["pathway"], t["due_date"]) for t in found["tasks"]], [("msk", "2026-09-11")])
    holds("contact-task.created" in [e["kind"] for e in found["events"]], found["events"])
    equal(w.run("explain", "--person", "RW3", "P-1").code, 0)
    equal(set(w.sql("select what, organisation, person_id from audit.entry where what = 'open'")), {("open", "RW3", "P-1")})
    equal(w.value("select count(*) from audit.entry where what = 'open'"), "2")
    unknown = w.run("explain", "--person", "RW3", "P-9")
    equal(unknown.code, 1)
    equal(unknown.err, "dayfour: explain: nobody of that number is known in that organisation; leading zeros and "
                       "capitals count\n")


@case
def a_person_in_local_minutes_with_what_was_withdrawn(w):
    w.sql("""insert into followup.emitted (organisation, person_id, subject, kind, occurrence, nth, topic, happens_at,
              occurs_on, late, data, emitted_at, withdrawn_at)
          values ('RW3', 'P-1', 'sX', 'contact.overdue', '2026-09-12', 1, 'oh', '2026-09-11T23:00:00Z', '2026-09-12',
              false, '{}', '2026-09-11T23:00:01Z', '2026-09-12T10:15:30Z')""")
    ran = w.run("explain", "--person", "RW3", "P-1")
    equal(ran.code, 0, ran.err)
    holds("2026-09-07 11:00" in ran.out and "T10:00:00" not in ran.out, ran.out)
    holds("2026-09-12 00:00 contact.overdue of 2026-09-12, withdrawn 2026-09-12 11:15" in ran.out, ran.out)
    equal([(e["kind"], e["withdrawn_at"]) for e in w.run("explain", "--json", "--person", "RW3", "P-1").json()
           ["withdrawn"]], [("contact.overdue", "2026-09-12T10:15:30Z")])


@case
def what_became_of_a_message(w):
    topic = w.make_topic("at", 1)
    text = lines(absence(1, "P-1", version=4, reason=MSK), absence(7, "P-7", onset="x"), absence(8, "P-8"))
    equal(w.run("publish", "--force", "-", stdin=text, topic=topic).code, 0)
    w.sql(f"""insert into intake.dead_letter (topic, partition, "offset", reason, detail, size, received_at)
              values ('{topic}', 0, 1, 'bad_field', 'data.onset_date', 9, '2026-09-07T10:00:00Z');
              insert into intake.position (topic, partition, next_offset, epoch, owner, updated_at)
              values ('{topic}', 0, 2, 1, 'x', now())""")
    found = [w.run("explain", "--json", "--at", f"{topic}/0/{n}").json() for n in range(4)]
    equal([(f["state"], f["reason"]) for f in found],
          [("taken_in", ""), ("dead_letter", "bad_field"), ("waiting", ""), ("waiting", "")])
    equal([f["message"] and (f["message"]["verdict"], f["message"]["reason"]) for f in found],
          [("stale", "lower_version"), ("reject", "bad_field"), ("accept", "watched"), None])
    holds("a date as 2026-09-07" in found[1]["wanted"] and found[3]["unread"] != "", found)
    ran = w.run("explain", "--at", f"{topic}/0/1")
    holds(ran.code == 0 and "a dead letter of " in ran.out and "P-7" not in ran.out, ran.out)
    equal(w.run("explain", "--at", "nonsense").code, 1)
    unread = w.run("explain", "--at", f"{topic}/0/0", env={"KAFKA_BROKERS": "127.0.0.1:1"})
    holds(unread.code == 0 and "taken it in" in unread.out, unread.out)
