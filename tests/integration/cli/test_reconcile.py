"""dayfour reconcile."""
import hashlib
import json

from harness import ROOT, absence, case, equal, holds, lines

AS_OF = "2026-09-20T06:00:00Z"
MSK = {"scheme": "esr", "code": "S12"}


def stored(w, number, person, version=1, onset="2026-09-07", noticed="2026-09-07T10:00:00Z", changed=None,
           match=1, organisation="RW3", **columns):
    row = {"organisation": organisation, "person_id": person, "source": f"/hr/{organisation}",
           "absence_id": f"A-{number}", "version": version, "first_version": 1, "first_onset_date": onset,
           "onset_date": onset, "open_ended": "false", "match": match, "scheme": 1 if match == 1 else 0,
           "settings_serial": 1, "cancelled": "false", "first_notice_at": noticed, "changed_at": changed or noticed}
    if match == 1:
        row["code"] = "S12"
    row.update(columns)
    w.sql(f"insert into fact.person (organisation, person_id, revision) values ('{organisation}', '{person}', 1)"
          " on conflict do nothing;"
          "insert into fact.absence ({}) values ({})".format(
              ", ".join(row), ", ".join(f"'{v}'" for v in row.values())))


def findings(w, *events, publish=False, **how):
    ran = w.run("reconcile", "-", "--as-of", AS_OF, "--json", *(["--publish"] if publish else []),
                stdin=lines(*events), **how)
    equal(ran.code, 0, ran.err)
    found = [json.loads(line) for line in ran.out.splitlines()]
    return [(f["finding"], f["absence_id"], f["version_there"], f["version_here"], f["members"], f["sendable"])
            for f in found]


def same(number, person, **how):
    return absence(number, person, reason=MSK, **how)


@case
def set_up(w):
    equal(w.run("migrate").code, 0)
    for number in range(1, 9):
        stored(w, number, f"P-{number}")


@case
def nothing_to_do(w):
    equal(findings(w, *(same(n, f"P-{n}") for n in range(1, 9))), [])
    equal(w.value("select detail->>'findings' from audit.entry where what = 'reconcile'"), "0")


@case
def each_kind(w):
    events = [same(n, f"P-{n}") for n in range(1, 5)]
    events += [same(5, "P-5", version=3, last_day="2026-09-10"), same(6, "P-6", onset="2026-09-08"),
               same(9, "P-9")]
    equal(findings(w, *events), [
        ("different", "A-5", 3, 1, "last_day", True), ("different", "A-6", 1, 1, "onset_date", False),
        ("missing_there", "A-7", None, 1, "", True), ("missing_there", "A-8", None, 1, "", True),
        ("missing_here", "A-9", 1, None, "", True)])


@case
def only_organisations_and_sources_of_the_file(w):
    stored(w, 50, "P-50", organisation="RW4")
    equal(findings(w, *(same(n, f"P-{n}") for n in range(1, 9))), [])
    equal(len(findings(w, same(51, "P-51", organisation="RW4"))), 2)


@case
def what_is_left_out(w):
    all_of_them = [same(n, f"P-{n}") for n in range(1, 9)]
    # Noticed after the extract; changed after it; settled here; settled there and purged here.
    stored(w, 20, "P-20", noticed="2026-09-20T06:00:01Z")
    stored(w, 21, "P-21", version=4, changed="2026-09-20T07:00:00Z")
    stored(w, 22, "P-22", onset="2026-01-05", noticed="2026-01-05T10:00:00Z", last_day="2026-01-09")
    equal(findings(w, *all_of_them, same(21, "P-21", version=3),
                   same(23, "P-23", onset="2026-01-05", last_day="2026-01-09")), [])
    # An absence that ended as long ago, but was reported lately, is not settled.
    stored(w, 24, "P-24", onset="2026-01-05", last_day="2026-01-09")
    equal([f[:2] for f in findings(w, *all_of_them)], [("missing_there", "A-24")])
    w.sql("delete from fact.absence where absence_id in ('A-20', 'A-21', 'A-22', 'A-24')")


@case
def reasons(w):
    rest = [same(n, f"P-{n}") for n in range(1, 9)]
    stored(w, 30, "P-30", match=2)
    stored(w, 31, "P-31", match=3)
    stored(w, 32, "P-32", match=0)
    known = absence(32, "P-32")
    anything = {"scheme": "esr", "code": "S13"}
    equal(findings(w, *rest, absence(30, "P-30", reason=anything), absence(31, "P-31", reason=anything), known), [])
    equal(findings(w, *rest[1:], absence(1, "P-1", reason=anything), absence(30, "P-30"), absence(31, "P-31"),
                   absence(32, "P-32", reason=MSK)),
          [("different", "A-1", 1, 1, "reason", False), ("different", "A-32", 1, 1, "reason", False)])
    w.sql("delete from fact.absence where absence_id in ('A-30', 'A-31', 'A-32')")


@case
def cancelled_ones(w):
    rest = [same(n, f"P-{n}") for n in range(2, 9)]
    stored(w, 40, "P-40", cancelled="true", match=2)
    equal(findings(w, *rest, same(1, "P-1", kind="cancelled"), same(41, "P-41", kind="cancelled")),
          [("different", "A-1", 1, 1, "cancelled", True)])
    equal(findings(w, *rest, same(1, "P-1"), same(40, "P-40")),
          [("different", "A-40", 1, 1, "cancelled", False)])
    w.sql("delete from fact.absence where absence_id = 'A-40'")


@case
def publishes(w):
    w.sql("update fact.absence set version = 7, last_day = '2026-09-15' where absence_id = 'A-7'")
    events = [same(n, f"P-{n}") for n in (1, 2, 3, 4, 8)]
    events += [same(5, "P-5", version=3), same(6, "P-6", onset="2026-09-08"), same(9, "P-9")]
    topic = w.make_topic("reconciled", 1)
    found = findings(w, *events, publish=True, topic=topic)
    equal([f[0] for f in found], ["different", "different", "missing_there", "missing_here"])
    sent = {}
    for _, key, _, value in w.records(topic):
        event = json.loads(value)
        person = f"RW3\x1f{event['data']['person_id']}".encode()
        equal(key.decode(), hashlib.sha256(person).hexdigest()[:32])
        sent[event["data"]["absence_id"]] = event
    equal(sorted(sent), ["A-5", "A-7", "A-9"])
    equal(sent["A-5"]["data"]["version"], 3)
    gone = sent["A-7"]
    equal((gone["type"], gone["source"]), ("org.dayfour.absence.cancelled.v1", "/hr/RW3"))
    equal(gone["data"], {"organisation": "RW3", "absence_id": "A-7", "version": 7, "person_id": "P-7",
                         "category": "sickness", "onset_date": "2026-09-07", "last_day": "2026-09-15"})
    equal(w.run("explain", "--json", "-", stdin=json.dumps(gone)).json()["verdict"], "accept")


@case
def from_csv(w):
    header = "type,source,organisation,absence_id,version,person_id,category,onset_date,reason.scheme,reason.code\n"
    rows = "".join(f"org.dayfour.absence.amended.v1,/hr/RW3,RW3,A-{n},{7 if n == 7 else 1},P-{n},sickness,2026-09-07,"
                   "esr,S12\n" for n in range(2, 9))
    ran = w.run("reconcile", "--as-of", AS_OF, w.file("extract.csv", header + rows))
    equal(ran.code, 0, ran.err)
    holds(ran.out.splitlines()[-1].startswith(f"as of {AS_OF[:-1]}"), ran.out)
    holds("missing there  RW3 /hr/RW3 A-1  version there -, here 1" in ran.out, ran.out)
    holds("6 agree, 0 missing here, 1 missing there, 1 different, 0 left out" in ran.out, ran.out)


SIX = ROOT / "tests" / "data" / "feeds"


def six(w):
    w.sql("delete from fact.absence; delete from fact.person")
    for n in range(1, 7):
        stored(w, 0, f"RQ{n}", organisation="RQ1", absence_id=f"A-RQ{n}")


@case
def the_time_of_the_extract_is_needed(w):
    for words in ([], ["--as-of", "2026-09-07"]):
        ran = w.run("reconcile", *words, SIX / "six-cut.csv")
        equal((ran.code, ran.err), (1, "dayfour: reconcile: --as-of TIME is needed: when the extract was made, as "
                                       "2026-09-07T08:10:00Z\n"))


@case
def a_cut_extract_cancels_nobody(w):
    six(w)
    topic = w.make_topic("cut", 1)
    for answer in ("", "no\n", "y\n"):
        ran = w.run("reconcile", "--as-of", AS_OF, "--publish", SIX / "six-cut.csv", topic=topic, stdin=answer)
        equal(ran.code, 1, ran.err)
        holds("lacks 5 of the 6 absences" in ran.err and "--yes" in ran.err, ran.err)
        equal(w.records(topic), [])
    ran = w.run("reconcile", "--as-of", AS_OF, "--publish", "--csv", "-", topic=topic,
                stdin=(SIX / "six-cut.csv").read_text())
    equal((ran.code, w.records(topic)), (1, []), "standard input is no answer")
    equal(w.run("reconcile", "--as-of", AS_OF, SIX / "six-cut.csv").code, 0, "without --publish nothing is asked")
    ran = w.run("reconcile", "--as-of", AS_OF, "--publish", SIX / "six-cut.csv", topic=topic, stdin="yes\n")
    equal((ran.code, len(w.records(topic))), (0, 5), ran.err)
    ran = w.run("reconcile", "--as-of", AS_OF, "--publish", "--yes", SIX / "six-cut.csv", topic=topic, stdin="")
    equal((ran.code, len(w.records(topic))), (0, 10), ran.err)


@case
def a_stray_quote_and_lines_passed_over_cancel_nobody(w):
    six(w)
    topic = w.make_topic("quote", 1)
    text = (SIX / "six.csv").read_text()
    for bad in ((SIX / "stray-quote-extract.csv").read_text(), text.replace("absence.opened", "absence.updated", 1),
                text.replace("org.dayfour.absence.opened.v1", "opened", 1), text.replace("sickness", "sick", 1)):
        ran = w.run("reconcile", "--as-of", AS_OF, "--publish", "--yes", "--csv", "-", topic=topic, stdin=bad)
        equal((ran.code, w.records(topic)), (1, []), ran.err)
        holds("line 2: " in ran.err and "nothing was done" in ran.err, ran.err)


@case
def another_category_in_the_extract_is_not_missing(w):
    six(w)
    equal(w.run("reconcile", "--as-of", AS_OF, SIX / "six-category-8.csv").out.splitlines()[-1].split(":")[-1],
          " 6 agree, 0 missing here, 0 missing there, 0 different, 0 left out (settled, or news after that)")
    rows = (SIX / "six.csv").read_text()
    rows = rows.replace("A-RQ2,1,RQ2,sickness", "A-RQ2,1,RQ2,maternity").replace(
        "A-RQ3,1,RQ3,sickness", "A-RQ3,2,RQ3,15").replace("A-RQ6", "A-RQ7").replace(
        "RQ7,1,RQ6,sickness", "RQ7,1,RQ7,maternity")
    topic = w.make_topic("other", 1)
    ran = w.run("reconcile", "--json", "--as-of", AS_OF, "--publish", "--csv", "-", topic=topic, stdin=rows)
    equal(ran.code, 0, ran.err)
    found = [json.loads(line) for line in ran.out.splitlines()]
    equal([(f["finding"], f["absence_id"], f["members"], f["sendable"]) for f in found],
          [("different", "A-RQ2", "category", False), ("different", "A-RQ3", "category", True),
           ("missing_there", "A-RQ6", "", True)])
    sent = [json.loads(r[3]) for r in w.records(topic)]
    equal([(s["type"].split(".")[3], s["data"]["absence_id"], s["data"]["category"]) for s in sent],
          [("opened", "A-RQ3", "15"), ("cancelled", "A-RQ6", "sickness")])


@case
def many_are_cancelled_only_after_a_question(w):
    w.sql("delete from fact.absence; delete from fact.person")
    w.sql("""insert into fact.person (organisation, person_id, revision)
                 select 'RW5', 'P-' || n, 1 from generate_series(1, 1000) n;
             insert into fact.absence (organisation, person_id, source, absence_id, version, first_version,
                 first_onset_date, onset_date, open_ended, match, scheme, code, settings_serial, cancelled,
                 first_notice_at, changed_at)
             select 'RW5', 'P-' || n, '/hr/RW5', 'A-' || n, 1, 1, '2026-09-07', '2026-09-07', false, 1, 1, 'S12', 1,
                 false, '2026-09-07T10:00:00Z', '2026-09-07T10:00:00Z' from generate_series(1, 1000) n""")
    topic = w.make_topic("many", 1)
    # 2 % of 1,000 are 20: only more than that is asked about.
    for missing, asked in ((20, False), (21, True)):
        path = w.file("many.jsonl", lines(*(same(n, f"P-{n}", organisation="RW5") for n in range(missing + 1, 1001))))
        before = len(w.records(topic))
        ran = w.run("reconcile", "--as-of", AS_OF, "--publish", path, topic=topic, stdin="")
        equal((ran.code, len(w.records(topic)) - before), (1, 0) if asked else (0, missing), ran.err)


@case
def faults(w):
    one = w.file("one.jsonl", lines(same(1, "P-1")))
    for arguments in ((one,), (one, "--as-of", "yesterday"), (w.dir / "none", "--as-of", AS_OF)):
        equal(w.run("reconcile", *arguments).code, 1, arguments)
    bad = w.run("reconcile", "--as-of", AS_OF, w.file("bad.jsonl", lines(same(1, "P-1"), absence(2, "P-2", onset="x"))))
    equal(bad.code, 1)
    holds("line 2: onset_date: a date as 2026-09-07" in bad.err and "bad_field at data.onset_date" in bad.err, bad.err)
