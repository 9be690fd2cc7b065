#!/usr/bin/env python3
"""e2e.confidentiality: names, phones, staff numbers, codes and pathways are planted in everything
that comes in; then every byte that somebody without a right to them can see is searched."""
import base64
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request

import harness
from followup_stage import FollowupStage
from harness import expect, free_port

NOW = "2026-09-15T10:30:00Z"
LATER = ("2026-09-19T10:30:00Z", "2026-10-06T10:30:00Z", "2026-10-30T10:30:00Z")
ORGANISATION = "RW3"

# Identifying values; none of them occurs anywhere else in the product's words.
PEOPLE = ["Zebedee", "Quillfeather", "07700 900417", "07700900417", "quill@zq.example", "STAFF-ZQ",
          "ASG-ZQ", "KEY-ZQ", "SITE-ZQ", "GROUP-ZQ", "JOB-ZQ", "NEEDS-ZQ", "1957-11-23", "HEADER-ZQ", "EVENT-ZQ"]
ABSENCES = ["ABS-ZQ"]
# Values that show the state of their health.
CLINICAL = ["S12", "S10", "S99", "M54.5", "M545", "279039007", "Musculoskeletal", "msk", "stress",
            "physiotherapy", "mental-health", "esr", "icd10", "snomed", "sciatica"]
SECRETS = PEOPLE + ABSENCES + CLINICAL

REASONS = [{"scheme": "esr", "code": "S12"}, {"scheme": "esr", "code": "S10"},
           {"scheme": "esr", "code": "S99"}, {"scheme": "icd10", "code": "M54.5"},
           {"scheme": "snomed", "code": "279039007"}, {"scheme": "esr", "code": "S13"},
           {"scheme": "text", "code": "Musculoskeletal problems"},
           {"scheme": "text", "code": "sciatica"}, None]


def found(words, data):
    """The words that are in it, short codes only where they stand alone."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    return [w for w in words
            if re.search(r"(?<![0-9A-Za-z])%s(?![0-9A-Za-z])" % re.escape(w), text, re.I)
            or (len(w) > 6 and w.lower() in text.lower())]


def none_of(words, data, where):
    hits = found(words, data or "")
    expect(not hits, "%s tells %s" % (where, hits))


# --- what comes in

def record(number, version=1, **data):
    return {"organisation": ORGANISATION, "absence_id": "ABS-ZQ-%d" % number, "version": version,
            "person_id": "STAFF-ZQ-%d" % number, "assignment_id": "ASG-ZQ-%d" % number,
            "category": "sickness", "onset_date": "2026-09-14",
            "reason": REASONS[number % len(REASONS)], "site": "SITE-ZQ", "staff_group": "GROUP-ZQ",
            "job": "JOB-ZQ" * (1 + 20 * (number % 2)), "recorded_at": "2026-09-14T07:55:00Z",
            "contact": {"name": "Zebedee Quillfeather", "phone": "07700 900417",
                        "email": "quill@zq.example", "needs": "NEEDS-ZQ", "date_of_birth": "1957-11-23",
                        "channel": "phone" if number % 2 else "NEEDS-ZQ"}, **data}


def message(number, data, value=None, kind="absence.opened", **envelope):
    event = {"specversion": "1.0", "id": "EVENT-ZQ-%d" % number, "source": "/hr/RW3", "time": NOW,
             "type": "org.dayfour.%s.v1" % kind, "data": data, **envelope}
    return {"partition": 0, "key_b64": base64.b64encode(b"KEY-ZQ-%d" % number).decode(),
            "headers": [["x-staff", "HEADER-ZQ"]],
            "value": json.dumps(event) if value is None else value}


def good():
    lines = [message(n, record(n)) for n in range(27)]
    lines += [message(n, record(n, 2, last_day="2026-09-16", reason=REASONS[(n + 1) % 9]))
              for n in range(0, 27, 3)]
    lines += [message(n, record(n, 3), kind="absence.cancelled") for n in range(1, 27, 6)]
    person = {"organisation": ORGANISATION, "on": "2026-09-15"}
    lines += [message(60 + n, {**person, "person_id": "STAFF-ZQ-%d" % n}, kind=kind)
              for n, kind in ((2, "person.left"), (5, "person.died"), (8, "person.opted-out"))]
    return lines


def bad():
    """Every sort of refusal, with the secret as close to the fault as possible."""
    wrong = [{"onset_date": "STAFF-ZQ"}, {"fte": "07700 900417"}, {"version": "STAFF-ZQ"},
             {"reason": {"scheme": "sciatica", "code": "S12"}}, {"reason": {"code": "S12"}},
             {"contact": {"name": ["Zebedee"]}}, {"person_id": 7700900417},
             {"last_day": "2026-01-01"}, {"organisation": ""}, {"site": {"sciatica": 1}},
             {"fit_note": {"from": "Quillfeather"}}, {"category": ["stress"]}]
    lines = [message(100 + n, record(100 + n, **data)) for n, data in enumerate(wrong)]
    lines += [message(150, None, value=text) for text in (
        '{"Zebedee Quillfeather": 07700900417}', 'STAFF-ZQ', '{"msk":1,"msk":2}', "",
        '{"STAFF-ZQ":' * 40, '{"id":"EVENT-ZQ","a":"\\u0000 Zebedee"}')]
    lines.append(message(151, record(151), specversion="STAFF-ZQ"))
    lines.append(message(152, record(152), source="STAFF-ZQ" * 20))
    lines.append({**message(153, None), "value": None,
                  "value_b64": base64.b64encode(b'{"Zebedee":"\xff\xfe"}').decode()})
    lines.append({**message(154, None, value='"Zebedee"'),
                  "headers": [["ce_specversion", "1.0"], ["ce_type", "STAFF-ZQ"]]})
    return lines


# --- what goes out

def search_logs(stage):
    for service in stage.services:
        for file in (service.log, service.log.with_suffix(".err")):
            none_of(SECRETS, file.read_bytes(), "log of " + service.name)
            none_of([stage.password], file.read_bytes(), "log of " + service.name)


def page(port, path):
    """None where nobody listens: a service without pages shows nothing."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d/%s" % (port, path), timeout=5) as answer:
            return answer.read()
    except urllib.error.HTTPError as answer:  # 503 is an answer too
        return answer.read()
    except urllib.error.URLError:
        return None


def search_metrics(intake, followup):
    expect(b"dayfour_intake_records_total" in (page(intake, "metrics") or b""), "no metrics")
    for what in (b"text_cut", b"channel_left_out"):
        expect(b'dayfour_intake_members_shortened_total{what="%s"}' % what in page(intake, "metrics"), "not counted")
    for port in (intake, followup):
        for path in ("metrics", "healthz", "readyz"):
            none_of(SECRETS, page(port, path), "/" + path)


def search_topics(stage):
    counts = []
    for kind in stage.out:
        records = stage.records(kind)
        counts.append(len(records))
        for one in records:
            none_of(SECRETS, one["key"], "a key of " + kind)
            # a dead letter carries its own headers on, to whoever sent them
            ours = [(n, v) for n, v in one["headers"] if kind != "dead-letter" or n != "x-staff"
                    and not n.startswith("ce_")]
            for name, value in ours:
                none_of(SECRETS, name + " " + (value or ""), "header %s of %s" % (name, kind))
            if kind == "return-to-work":
                data = json.loads(one["value"])
                expect(data.pop("person_id").startswith("STAFF-ZQ"), "another person")
                expect(all(a.startswith("ABS-ZQ") for a in data.pop("absence_ids")), "absences")
                none_of(SECRETS, json.dumps(data), "a value of " + kind)
            elif kind == "follow-up":
                hidden = [w for w in PEOPLE if w != "STAFF-ZQ"] + CLINICAL[:6]
                none_of(hidden, one["value"], "a value of " + kind)
    expect(all(n > 10 for n in counts), "too few records to search: %s" % counts)


def search_operators_views(stage):
    names = stage.sql("select table_name from information_schema.tables where table_schema in"
                      " ('ops', 'report') order by 1").split()
    expect("dead_letter" in names, "no view of dead letters")
    for name in stage.sql("select table_schema || '.' || table_name from information_schema.tables"
                          " where table_schema in ('ops', 'report')").split():
        rows = stage.sql("select json_agg(t) from %s t" % name)
        words = PEOPLE + ABSENCES
        if name.startswith("report."):
            words = PEOPLE + ABSENCES + ["S12", "S10", "M54.5", "279039007"]
        none_of(words, rows, name)


def search_command_lines(stage):
    for service in stage.services:
        if service.running:
            line = open("/proc/%d/cmdline" % service.process.pid, "rb").read()
            none_of([stage.password], line, "the command line of " + service.name)
        shown = subprocess.run(
            [stage.around.bin / service.name.rsplit("-", 1)[0], "--config", service.conf,
             "--check-config"], capture_output=True, timeout=20, check=False)
        expect(shown.returncode == 0, "check-config: %s" % shown.stderr)
        none_of([stage.password], shown.stdout + shown.stderr, "--check-config")


def sweep(around):
    with FollowupStage(around, 1, now=NOW) as stage:
        ports = [free_port(), free_port()]
        stage.start_intake(http__listen="127.0.0.1:%d" % ports[0])
        stage.start_followup(http__listen="127.0.0.1:%d" % ports[1])
        stage.wait_taken(stage.publish(good() + bad()))
        stage.wait_idle()
        for now in LATER:
            stage.step_clock(now)
            stage.wait_idle()
        around.server("kill", "postgres")
        around.server("start", "postgres")
        stage.wait_taken(stage.publish(good() + bad()), 90)
        stage.wait_idle(90)
        search_metrics(*ports)
        search_logs(stage)
        search_topics(stage)
        search_operators_views(stage)
        search_command_lines(stage)


def dying_words(around):
    """The log when a batch cannot be stored, when the schema is broken, and when a program ends for good."""
    with FollowupStage(around, 1, now=NOW) as stage:
        stage.sql("alter table fact.absence add constraint zq check (onset_date is null) not valid")
        intake = stage.start_intake()
        ends = stage.publish(good())
        intake.wait_for("aside_stopped", 60)  # set aside one by one, until the brake holds the rest
        stage.sql("alter table fact.absence drop constraint zq")
        stage.wait_taken(ends, 60)
        refused = stage.sql("select count(*) from intake.dead_letter where reason = 'not_storable'")
        expect(int(refused) > 0, "nothing was refused")
        stage.start_followup()
        stage.wait_idle(60)
        stage.sql("drop table fact.absence cascade")
        stage.publish(good())
        intake.wait_for("db_down", 60)
        stage.sql("update fact.install_key set key = sha256('another')")
        expect(intake.wait(60) == 3, "it did not end: %s" % intake.tail())
        search_logs(stage)


def tools_refuse_without_quoting(around):
    """Messages to HR about a bad file name lines and members."""
    with FollowupStage(around, 1, now=NOW) as stage:
        file = stage.dir / "bad.jsonl"
        file.write_text("".join(line["value"] + "\n" for line in bad() if line.get("value")))
        for command in (["publish", file], ["publish", "--dry-run", file]):
            done = subprocess.run(
                [around.bin / "dayfour", *command], capture_output=True, timeout=60, check=False,
                env={"PG_DSN": stage.dsn(), "KAFKA_BROKERS": around.brokers})
            expect(done.returncode == 1, "%s: %d" % (command[0], done.returncode))
            expect(done.stderr or done.stdout, "%s says nothing" % command[0])
            none_of(PEOPLE + ABSENCES + ["S12", "sciatica"], done.stdout + done.stderr, command[0])


CASES = {
    "everything that can be seen": sweep,
    "what is said when nothing goes any more": dying_words,
    "tools refuse without quoting": tools_refuse_without_quoting,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
