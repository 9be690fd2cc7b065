"""dayfour publish."""
import hashlib
import json

from harness import absence, case, equal, holds, lines


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
    other = absence(5, "P-79", category="holiday")
    ran = w.run("publish", "-", stdin=lines(other, absence(6, "P-79")), topic=topic)
    equal(ran.code, 0)
    holds(ran.out.startswith("sent 2 events, 1 of"), ran.out)
    equal({r[1] for r in w.records(topic)}, {key("RW3", "P-79")})


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
