"""dayfour publish."""
import hashlib
import json

from harness import ROOT, absence, case, equal, holds, lines


def key(organisation, person):
    return hashlib.sha256(f"{organisation}\x1f{person}".encode()).hexdigest()[:32].encode()


@case
def lines_arrive_as_they_are(w):
    events = [absence(1, "P-77"), absence(2, "P-78", reason={"scheme": "esr", "code": "S12"}),
              absence(1, "P-77", version=2, last_day="2026-09-09", kind="closed")]
    texts = [json.dumps(e).encode() for e in events]
    path = w.file("good.jsonl", "\n".join(t.decode() for t in texts[:2]) + "\r\n\n" + texts[2].decode())
    ran = w.run("publish", path)
    equal((ran.code, ran.out), (0, "sent 3 events\n"), ran.err)
    found = w.records(w.topic)
    equal(sorted(r[3] for r in found), sorted(texts))
    for partition, k, headers, value in found:
        equal(k, key("RW3", json.loads(value)["data"]["person_id"]))
        equal(headers, b"content-type=application/cloudevents+json")
    of_77 = [r for r in found if r[1] == key("RW3", "P-77")]
    equal([json.loads(r[3])["data"]["version"] for r in of_77], [1, 2], "in the order of the file")
    equal(len({r[0] for r in of_77}), 1)


@case
def nothing_of_a_bad_file_is_sent(w):
    topic = w.make_topic("bad", 1)
    bad = absence(2, "P-78", onset="2026-02-30")
    ran = w.run("publish", w.file("bad.jsonl", lines(absence(1, "P-77"), bad)), topic=topic)
    equal(ran.code, 1)
    holds("line 2" in ran.err and "bad_field" in ran.err and "data.onset_date" in ran.err, ran.err)
    holds("2026-02-30" not in ran.err, "the value is not told")
    equal(w.records(topic), [])
    ran = w.run("publish", "-", stdin="{\n", topic=topic)
    equal(ran.code, 1)
    holds("line 1" in ran.err and "not_json" in ran.err, ran.err)


@case
def unless_forced(w):
    topic = w.make_topic("forced", 1)
    text = lines(absence(2, "P-78", onset="2026-02-30")) + "{\n"
    equal(w.run("publish", "--force", "-", stdin=text, topic=topic).code, 0)
    found = w.records(topic)
    equal([r[1] for r in found], [key("RW3", "P-78"), b""])
    equal(found[1][3], b"{")


@case
def dry_run_sends_nothing(w):
    topic = w.make_topic("dry", 1)
    equal(w.run("publish", "--dry-run", "-", stdin=lines(absence(1, "P-77")), topic=topic).code, 0)
    equal(w.records(topic), [])


@case
def what_is_passed_over_is_sent_and_counted(w):
    topic = w.make_topic("other", 1)
    other = absence(5, "P-79", category="annual leave")
    foreign = absence(7, "P-79")
    foreign["type"] = "org.example.rota.changed.v1"
    text = lines(absence(6, "P-79"), other, foreign)
    refused = w.run("publish", "--strict", "-", stdin=text, topic=topic)
    equal(refused.code, 1)
    equal(w.records(topic), [])
    ran = w.run("publish", "-", stdin=text, topic=topic)
    equal(ran.code, 0)
    holds(ran.out.startswith("sent 3 events, 2 of"), ran.out)
    for found in (ran.err, refused.err):
        holds("line 2: passed over: category" in found and "line 3: passed over: type" in found, found)
        holds("annual" not in found and "rota" not in found, "values are not told")
    equal({r[1] for r in w.records(topic)}, {key("RW3", "P-79")})


def feed(name):
    return ROOT / "tests" / "data" / "feeds" / name


def checked(w, name, *options):
    ran = w.run("publish", "--dry-run", *options, feed(name), env={"PG_DSN": None, "KAFKA_BROKERS": None})
    return ran.code, ran.out, ran.err


@case
def a_stray_quote_swallows_no_rows(w):
    for name in ("stray-quote.csv", "stray-quote-extract.csv"):
        code, out, err = checked(w, name)
        equal((code, out), (1, ""), err)
        holds(err.startswith("line 2: ") and "line 4" in err and "Test Person" not in err, err)


@case
def what_spreadsheets_write(w):
    for name in ("category-8.csv", "category-blank.csv", "spreadsheet-true.csv"):
        equal(checked(w, name)[:2], (0, "checked 1 event\n"), name)
    code, _, err = checked(w, "spreadsheet-dates.csv")
    equal(code, 1)
    holds(err.startswith("line 2: onset_date: a date as 2026-09-07"), err)
    equal(checked(w, "spreadsheet-dates.csv", "--dates", "%d/%m/%Y")[:2], (0, "checked 1 event\n"))
    code, _, err = checked(w, "spreadsheet-true.csv", "--dates", "%d/%m/%Y")
    holds(code == 1 and "a date as 07/09/2026" in err, err)
    topic = w.make_topic("sheet", 1)
    equal(w.run("publish", feed("spreadsheet-true.csv"), topic=topic).code, 0)
    equal(json.loads(w.records(topic)[0][3])["data"]["contact"]["voicemail"], True)


@case
def types_that_are_none(w):
    code, _, err = checked(w, "type-updated.csv")
    holds(code == 1 and err.startswith("line 2: type: ") and "unknown_type" in err, err)
    code, out, err = checked(w, "type-word.csv")
    equal(code, 0)
    holds(out.startswith("checked 1 event, 1 of") and err.startswith("line 2: passed over: type"), err)
    equal(checked(w, "type-word.csv", "--strict")[0], 1)


@case
def the_end_of_time_is_no_last_day(w):
    for name in ("end-of-time-4712.csv", "end-of-time-9999.csv"):
        code, _, err = checked(w, name)
        equal(code, 1)
        holds("last_day: a date as 2026-09-07 from 1900 to 2200, or none where it is not known" in err, err)


@case
def data_as_base64(w):
    equal(checked(w, "data-base64.jsonl")[:2], (0, "checked 1 event\n"))


@case
def every_bad_line_is_named(w):
    events = [absence(n, f"P-{n}", onset="7/9/2026" if n % 2 else "2026-09-07") for n in range(60)]
    ran = w.run("publish", "--dry-run", "-", stdin=lines(*events))
    equal(ran.code, 1)
    named = [line for line in ran.err.splitlines() if line.startswith("line ")]
    equal([line.split(":")[0] for line in named], [f"line {n}" for n in range(2, 42, 2)])
    holds("and 10 more bad lines" in ran.err and "30 of 60 lines are bad" in ran.err, ran.err)
    holds("7/9/2026" not in ran.err, "the value is not told")


@case
def unknown_names_all_at_once(w):
    event = absence(1, "P-1", lastDay="2026-09-09", Site="x")
    event["data"]["contact"] = {"Phone": "07700 900001"}
    event["traceparent"] = "00-0-0-00"
    ran = w.run("publish", "--dry-run", "-", stdin=lines(event, absence(2, "P-2", lastDay=None)))
    equal(ran.code, 0, ran.err)
    for name in ("data.lastDay is not known, and ignored (in 2 lines)", "data.Site", "data.contact.Phone",
                 "known members are: type source id time organisation"):
        holds(name in ran.err, ran.err)
    holds("traceparent" not in ran.err and "900001" not in ran.err, ran.err)
    equal(w.run("publish", "--dry-run", "--strict", "-", stdin=lines(event)).code, 1)
    head, row = CSV.splitlines()[:2]
    ran = w.run("publish", "--dry-run", "--csv", "-",
                stdin=head.replace("fte", "FTE").replace("last_day", "lastDay") + "\n" + row + "\n")
    equal(ran.code, 1)
    holds("line 1: columns that are not known: lastDay, FTE. Known are: type source id time" in ran.err, ran.err)
    ran = w.run("publish", "--dry-run", "--csv", "-", stdin=row + "\n")
    holds(ran.code == 1 and "none of the columns is known" in ran.err and "P-77" not in ran.err, ran.err)


@case
def records_that_come_again(w):
    events = [absence(1, "P-1", version=2), absence(1, "P-1", version=2), absence(1, "P-9", version=1),
              absence(1, "P-1", version=2, onset="2026-09-01"), absence(1, "P-1", version=3),
              absence(1, "P-1", version=3, kind="cancelled"), absence(2, "P-1")]
    ran = w.run("publish", "--dry-run", "-", stdin=lines(*events))
    equal((ran.code, ran.out), (0, "checked 7 events\n"))
    told = ran.err.splitlines()
    equal(len(told), 3, ran.err)
    holds(told[0].startswith("line 2: the record of line 1 again"), told)
    holds(told[1].startswith("line 3: the record of line 1 with a lower version"), told)
    holds(told[2].startswith("line 4: the record of line 1 with the same version"), told)


@case
def a_number_that_names_another_person_now(w):
    """The version counts, so the record moves: more often the number was used again."""
    events = [absence(1, "P-1"), absence(1, "P-9", version=2), absence(1, "P-9", version=3),
              absence(2, "P-1"), absence(2, "P-9", version=2, kind="cancelled")]
    ran = w.run("publish", "--dry-run", "-", stdin=lines(*events))
    equal((ran.code, ran.out), (0, "checked 5 events\n"))
    equal(ran.err.splitlines(), ["line 2: the record of line 1 with another person_id: it moves to that person; "
                                 "another absence needs an absence_id of its own"])


@case
def forms_are_named_by_the_mistake(w):
    """Each message names what the usual mistake lacks."""
    number = absence(1, "P-1")
    number["data"]["person_id"] = 77
    text = absence(2, "P-2", version="1")
    string = absence(3, "P-3")
    string["data"] = json.dumps(string["data"])
    ran = w.run("publish", "--dry-run", "-",
                stdin=lines(number, text, string, absence(4, "P-4", category="sicknes")) + str(absence(5, "P-5")) + "\n")
    equal(ran.code, 1)
    told = ran.err.splitlines()
    equal(told[:5], [
        "line 1: person_id: a text, not a number, of 1 to 100 bytes with no blanks around it is wanted "
        "(bad_field at data.person_id)",
        "line 2: version: a whole number from 1 on, without quotes, point or exponent is wanted "
        "(bad_field at data.version)",
        "line 3: data: a JSON object, and no text that holds one is wanted (bad_field at data)",
        "line 4: category: sickness or 08, or a category that the setting ignored_categories passes over is wanted "
        "(unknown_category at data.category)",
        "line 5: one JSON object a line, with names and texts in double quotes, is wanted (not_json)"])
    holds("P-5" not in ran.err, ran.err)


@case
def a_delimiter_that_is_no_comma(w):
    for mark in ";\t":
        ran = w.run("publish", "--dry-run", "--csv", "-", stdin=CSV.replace(",", mark))
        equal(ran.code, 1)
        holds(ran.err.startswith("line 1: none of the columns is known: the first line has to name them, and a comma "
                                 "has to stand between its cells. Known are: "), ran.err)


@case
def an_event_printed_over_several_lines(w):
    pretty = json.dumps(absence(1, "P-1"), indent=2)
    ran = w.run("publish", "--dry-run", "-", stdin=pretty + "\n" + pretty + "\n" + lines(absence(2, "P-2")))
    equal(ran.code, 1)
    last = pretty.count("\n") + 1
    told = ran.err.splitlines()
    equal(len(told), 3, ran.err)
    holds(told[0].startswith(f"line 1: an event printed over several lines, to line {last}: one event a line"), told)
    holds(told[1].startswith(f"line {last + 1}: ") and "jq" not in told[1] and "2 of 3 lines" in told[2], told)
    ran = w.run("publish", "--dry-run", "-", stdin=json.dumps([absence(1, "P-1")], indent=1))
    holds(ran.code == 1 and "a list of events" in ran.err and "jq -c '.[]'" in ran.err, ran.err)


@case
def columns_that_are_set(w):
    topic = w.make_topic("set", 1)
    text = "absence_id,version,person_id,onset_date,\n\n A-1 ,1,P-1,7/9/2026,\n,,,,\nA-2,1,P-2,08/09/2026,\n"
    options = ["--set", "type=org.dayfour.absence.opened.v1", "--set", "source=/hr/RW3", "--set=organisation=RW3",
               "--set", "category=sickness", "--dates", "%d/%m/%Y"]
    ran = w.run("publish", "--csv", *options, "-", stdin=text, topic=topic)
    equal((ran.code, ran.out), (0, "sent 2 events\n"), ran.err)
    equal([json.loads(r[3])["data"] for r in w.records(topic)],
          [{"organisation": "RW3", "absence_id": f"A-{n}", "version": 1, "person_id": f"P-{n}",
            "category": "sickness", "onset_date": f"2026-09-0{n + 6}"} for n in (1, 2)])
    equal(w.run("publish", "--csv", *options, "--set", "version=2", "-", stdin=text).code, 1, "a column twice")
    for bad in (["--set", "source"], ["--dates", "%d/%m"]):
        equal(w.run("publish", "--csv", *bad, "-", stdin=text).code, 1, bad)
    equal(w.run("publish", "--set", "source=/x", "-", stdin=lines(absence(1, "P-1"))).code, 1, "not CSV")


CSV = """type,source,organisation,absence_id,version,person_id,category,onset_date,last_day,reason.scheme,\
reason.code,fte,contact.name,contact.voicemail,on
org.dayfour.absence.opened.v1,/hr/RW3,RW3,A-1,1,P-77,sickness,2026-09-07,,esr,S12,0.6,"Person, ""Test"" 12",true,
org.dayfour.person.left.v1,/hr/RW3,RW3,,,P-78,,,,,,,,,2026-09-30
org.dayfour.person.left.v1,/hr/RW3,RW3,,,P-78,,,,,,,,,
"""


@case
def csv(w):
    topic = w.make_topic("csv", 1)
    ran = w.run("publish", w.file("absences.csv", CSV), topic=topic)
    equal((ran.code, ran.out), (0, "sent 3 events\n"), ran.err)
    found = w.records(topic)
    first, left, back = (json.loads(r[3]) for r in found)
    equal(found[0][1], key("RW3", "P-77"))
    equal(first["data"], {"organisation": "RW3", "absence_id": "A-1", "version": 1, "person_id": "P-77",
                          "category": "sickness", "onset_date": "2026-09-07", "fte": "0.6",
                          "reason": {"scheme": "esr", "code": "S12"},
                          "contact": {"name": 'Person, "Test" 12', "voicemail": True}})
    equal((first["specversion"], first["source"]), ("1.0", "/hr/RW3"))
    equal(left["data"]["on"], "2026-09-30")
    equal(back["data"]["on"], None)
    holds(left["time"] < back["time"], "the later row is the later event")
    equal(w.run("publish", w.dir / "absences.csv", topic=topic).code, 0)
    equal(json.loads(w.records(topic)[3][3])["id"], first["id"], "the same row is the same event")


@case
def csv_faults(w):
    topic = w.make_topic("csvbad", 1)
    head, row = CSV.splitlines()[:2]
    faults = [(CSV.replace("onset_date", "onset"), "line 1"), (f"{head}\n{row},more\n", "line 2"),
              (CSV.replace("2026-09-07", "7/9/2026"), "data.onset_date"), (f'{head}\n"{row}\n', "line 2"),
              (CSV.replace(",1,P-77", ",1.0,P-77"), "data.version"), ("", "line 1"),
              (CSV.replace("true", "ja"), "data.contact.voicemail")]
    for text, told in faults:
        ran = w.run("publish", "--csv", "-", stdin=text, topic=topic)
        equal(ran.code, 1, text)
        holds(told in ran.err, ran.err)
    equal(w.records(topic), [])


@case
def a_clock_file_dates_the_rows(w):
    topic = w.make_topic("clock", 1)
    clock = w.file("clock", "2026-12-24T18:00:00Z\n")
    ran = w.run("publish", w.dir / "absences.csv", topic=topic, env={"DAYFOUR_CLOCK_FILE": str(clock)})
    equal(ran.code, 0, ran.err)
    equal(json.loads(w.records(topic)[0][3])["time"], "2026-12-24T18:00:00Z")


@case
def many(w):
    topic = w.make_topic("many", 4)
    text = lines(*(absence(i, f"P-{i % 977}") for i in range(20000)))
    ran = w.run("publish", w.file("many.jsonl", text), topic=topic)
    equal((ran.code, ran.out), (0, "sent 20000 events\n"), ran.err)
    equal(sorted(r[3].decode() for r in w.records(topic)), sorted(text.splitlines()))


@case
def servers_that_are_not_there(w):
    ran = w.run("publish", "-", stdin=lines(absence(1, "P-77")), env={"KAFKA_BROKERS": "127.0.0.1:1"})
    equal(ran.code, 3, ran.err)
    ran = w.run("publish", "--topic", w.tag + ".nowhere", "-", stdin=lines(absence(1, "P-77")))
    equal(ran.code, 3, ran.err)
    ran = w.run("publish", "-", stdin=lines(absence(1, "P-77")), env={"KAFKA_BROKERS": None})
    equal(ran.code, 2, ran.err)
    equal(w.run("publish", w.dir / "no such file").code, 1)
