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
    equal(ran.code, 0, ran.err)
    return [json.loads(line) for line in ran.out.splitlines()]


@case
def without_a_database(w):
    found = explain(w, absence(1, "P-1", reason=MSK), absence(1, "P-1", reason=MSK),
                    absence(1, "P-1", version=3, reason=MSK, onset="2026-09-05"),
                    absence(1, "P-1", version=2, reason=MSK), absence(2, "P-2", onset="x"),
                    absence(3, "P-3", category="holiday"), absence(4, "P-4"),
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
    equal(new["would"][:2], ["end msk task: superseded", "open stress task due 2026-09-11"])
    equal(w.value("select version from fact.absence"), "5")


@case
def a_person(w):
    ran = w.run("explain", "--json", "--person", "RW3", "P-1")
    equal(ran.code, 0, ran.err)
    found = ran.json()
    equal([(r["absence_id"], r["version"], r["reason"]) for r in found["records"]], [("A-1", 5, "kept")])
    equal([(t["pathway"], t["due_date"]) for t in found["tasks"]], [("msk", "2026-09-11")])
    holds("contact-task.created" in [e["kind"] for e in found["events"]], found["events"])
    equal(w.run("explain", "--person", "RW3", "P-1").code, 0)
    equal(w.value("select count(*) from audit.entry where what = 'read'"), "2")
    equal(w.run("explain", "--person", "RW3", "P-9").code, 1)
