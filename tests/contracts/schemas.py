#!/usr/bin/env python3
"""Holds the published schemas, their examples, the shipped settings and the test data together.

    python3 tests/contracts/schemas.py [-v]

Needs python3-jsonschema 4.10 or newer; leaves with 77 where it is missing.
"""
import copy
import csv
import datetime
import filecmp
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    from jsonschema import Draft202012Validator, FormatChecker
except ImportError:
    print("not run: python3-jsonschema 4.10 or newer is missing")
    sys.exit(77)

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EVENTS = os.path.join(TOP, "schemas", "events")
SETTINGS = os.path.join(TOP, "deploy", "settings")
FEED = os.path.join(TOP, "deploy", "feed")
DATA = os.path.join(TOP, "tests", "data")
MESSAGES = os.path.join(DATA, "messages")
REASONS = ("no_value", "too_large", "not_utf8", "not_json", "too_deep", "duplicate_key",
           "not_cloudevent", "unknown_type", "unknown_category", "missing_field", "bad_field", "missing_scheme",
           "last_day_before_onset", "source_not_allowed")
VERBOSE = "-v" in sys.argv[1:]
counts = {"passed": 0, "failed": 0}


def check(what, ok, why=""):
    counts["passed" if ok else "failed"] += 1
    if VERBOSE or not ok:
        print("%s: %s%s" % ("ok" if ok else "FAILED", what, ": " + why if why and not ok else ""))


def load(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return json.load(f)


def at(document, pointer):
    for step in pointer.lstrip("#/").split("/") if pointer.strip("#/") else ():
        step = step.replace("~1", "/").replace("~0", "~")
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def validator(schema, pointer=""):
    if pointer:
        # not the subschema alone: what it refers to is found from the root
        schema = {**{k: v for k, v in schema.items() if k in ("$schema", "$id", "$defs")},
                  "$ref": pointer}
    return Draft202012Validator(schema, format_checker=FormatChecker(["date"]))


def first_error(v, document):
    error = next(v.iter_errors(document), None)
    return "" if error is None else "/".join(map(str, error.absolute_path)) + " " + str(
        error.validator)


def walk(node, pointer="#"):
    yield node, pointer
    steps = node.items() if isinstance(node, dict) else (
        enumerate(node) if isinstance(node, list) else ())
    for step, child in steps:
        yield from walk(child, "%s/%s" % (pointer, str(step).replace("~", "~0").replace("/", "~1")))


def check_schema(name, schema):
    try:
        Draft202012Validator.check_schema(schema)
        check(name + " is a schema", True)
    except Exception as e:  # whatever the library calls it this year
        check(name + " is a schema", False, str(e).split("\n", maxsplit=1)[0])
    check(name + " has a versioned urn for its $id",
          re.fullmatch(r"urn:dayfour:[a-z:-]+:[0-9]+", schema.get("$id", "")) is not None)
    for node, pointer in walk(schema):
        if not isinstance(node, dict):
            continue
        ref = node.get("$ref")
        if isinstance(ref, str):
            try:
                at(schema, ref)
                found = ref.startswith("#/")
            except (KeyError, IndexError, ValueError):
                found = False
            check("%s %s leads somewhere" % (name, ref), found)
        if isinstance(node.get("examples"), list):
            for n, example in enumerate(node["examples"]):
                check("%s example %d at %s" % (name, n, pointer),
                      *good(validator(schema, pointer), example))


def good(v, document):
    error = first_error(v, document)
    return not error, error


class Schemas:
    def __init__(self):
        self.files = {n: load(EVENTS, n) for n in sorted(os.listdir(EVENTS))
                      if n.endswith(".v1.json")}
        self.types = load(EVENTS, "types.json")

    def of(self, where):
        name, pointer = where.split("#")
        return validator(self.files[name], "#" + pointer)


def check_types(schemas):
    examples = os.path.join(EVENTS, "examples")
    check("every type has its example, every example its type",
          {t + ".json" for t in schemas.types} == set(os.listdir(examples)))
    for kind, row in schemas.types.items():
        example = load(examples, kind + ".json")
        if row["topic"] == "absence.events":
            check("example " + kind, *good(schemas.of(row["event"]), example))
            check("example %s, its data" % kind, *good(schemas.of(row["data"]), example["data"]))
            check("example %s at the root" % kind,
                  *good(validator(schemas.files["absence-events.v1.json"]), example))
            other = dict(example, type="org.dayfour.other.v1")
            check("type %s is no other" % kind, not schemas.of(row["event"]).is_valid(other))
        else:
            check_output(schemas, kind, row, example)
    check_audience(schemas)


def check_output(schemas, kind, row, example):
    v = schemas.of(row["data"])
    headers, data = example["headers"], example["data"]
    check("example " + kind, *good(v, data))
    check("example %s at the root" % kind,
          *good(validator(schemas.files[row["data"].split("#", maxsplit=1)[0]]), data))
    check("example %s, its topic" % kind, example["topic"] == row["topic"])
    withdrawn = kind.endswith(".withdrawn.v1")
    name = re.fullmatch(r"org\.dayfour\.(.+?)(\.withdrawn)?\.v1", kind).group(1)
    event = "%s/%s/%s" % (headers["ce_subject"], name, data["occurrence"])
    check("example %s, its headers" % kind,
          headers["ce_type"] == kind and headers["ce_specversion"] == "1.0"
          and headers["ce_source"] == "/dayfour/" + data["organisation"]
          and headers["content-type"] == "application/json"
          and headers["ce_id"] == event + ("/withdrawn" if withdrawn else "")
          and data.get("withdraws") == (event if withdrawn else None)
          and re.fullmatch("[0-9a-f]{32}", example["key"]) is not None)
    check("example %s, its absences in order" % kind,
          data["absence_ids"] == sorted(data["absence_ids"]))
    again = dict(data, **({"withdraws": event + "/2"} if withdrawn else {}))
    check("%s of a second emission" % kind, v.is_valid(again))
    for member in data:
        check("%s without %s is not one" % (kind, member),
              not v.is_valid({k: x for k, x in data.items() if k != member}))
    check("%s of another kind is not one" % kind, not v.is_valid(dict(data, kind="x.y")))
    flipped = {k: x for k, x in data.items() if k != "withdraws"} if withdrawn else dict(
        data, withdraws=event)
    check("%s is not its own opposite" % kind, not v.is_valid(flipped))


def check_audience(schemas):
    """What HR reads has no room for what it must not learn."""
    name = "return-to-work-events.v1.json"
    v = validator(schemas.files[name])
    clinical = ("spell_id", "task_id", "pathway", "queue", "late_report", "backdated", "reason",
                "end_reason", "outcome")
    for kind, row in schemas.types.items():
        if row["topic"] == "return-to-work.events":
            data = load(EVENTS, "examples", kind + ".json")["data"]
            for member in clinical:
                check("%s with %s is refused" % (kind, member),
                      not v.is_valid(dict(data, **{member: None})))
    off = at(load(SETTINGS, "pathways.schema.json"), "#/$defs/off/items/enum")
    kinds = {re.fullmatch(r"org\.dayfour\.(.+?)(\.withdrawn)?\.v1", t).group(1)
             for t, row in schemas.types.items() if row["topic"] != "absence.events"}
    check("settings can switch off every kind, and no other", set(off) == kinds)


def check_settings():
    schema = load(SETTINGS, "pathways.schema.json")
    check_schema("pathways.schema.json", schema)
    v = validator(schema)
    check("pathways.json", *good(v, load(SETTINGS, "pathways.json")))
    folder = os.path.join(DATA, "settings")
    manifest = load(folder, "manifest.json")
    listed = {m["file"] for m in manifest}
    present = {"%s/%s" % (d, f) for d in ("good", "bad")
               for f in os.listdir(os.path.join(folder, d))}
    check("settings: the manifest lists what is there", listed == present)
    for m in manifest:
        try:
            document = load(folder, m["file"])
        except ValueError:
            check("settings %s is not for the schema to judge" % m["file"],
                  m["schema"] == "cannot-say")
            continue
        valid = v.is_valid(document)
        if m["schema"] == "cannot-say":
            check("settings %s: the schema cannot say" % m["file"], valid)
        else:
            check("settings %s is %s" % (m["file"], m["schema"]), valid == (m["schema"] == "valid"))
            check("settings %s: one verdict" % m["file"],
                  (m["schema"] == "valid") == (m["verdict"] == "good"))


def check_mappings():
    """The schema of `dayfour feed`'s mappings, against the lines that its parser is held to."""
    schema = load(FEED, "feed.schema.json")
    check_schema("feed.schema.json", schema)
    v = validator(schema)
    for name in sorted(os.listdir(FEED)):
        if name.endswith(".json") and name != "feed.schema.json":
            check(name, *good(v, load(FEED, name)))
    with open(os.path.join(DATA, "mappings.tsv"), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            path, verdict, text = line.split("\t")
            check("mapping %d (%s) is %s" % (number, path, verdict),
                  v.is_valid(json.loads(text)) == (verdict != "invalid"))
            check("mapping %d: one verdict" % number, (path == "-") == (verdict == "valid"))


def check_holidays():
    shipped = load(SETTINGS, "bank-holidays.json")
    divisions = {"england-and-wales", "scotland", "northern-ireland"}
    check("bank holidays: the three divisions", set(shipped) == divisions)
    for division, d in shipped.items():
        dates = [e["date"] for e in d["events"]]
        check("bank holidays of %s: in order, each once, on weekdays" % division,
              d["division"] == division and dates == sorted(set(dates))
              and all(datetime.date.fromisoformat(x).weekday() < 5 for x in dates))
        check("bank holidays of %s: the shape" % division,
              all(set(e) == {"title", "date", "notes", "bunting"} for e in d["events"]))
    before = copy.deepcopy(shipped)
    before["scotland"]["events"] = [e for e in before["scotland"]["events"]
                                    if e["date"] != "2026-06-15"]
    check("bank holidays before 15 June 2026 was proclaimed differ in that day alone",
          before != shipped and before == load(DATA, "bank-holidays-before-2026-06-15.json"))


def message_event(m):
    """The message as a structured CloudEvent, whatever its mode."""
    with open(os.path.join(MESSAGES, m["file"]), "rb") as f:
        body = json.loads(f.read().decode("utf-8"))
    if m["mode"] == "structured":
        return body
    if not isinstance(body, dict):
        return body
    event = {k[3:]: v for k, v in m["headers"] if k.startswith("ce_") and isinstance(v, str)}
    event["data"] = body
    return event


def check_messages(schemas):
    manifest = load(MESSAGES, "manifest.json")
    names = [m["name"].lower() for m in manifest]
    check("messages: names differ, also where case does not count", len(set(names)) == len(names))
    files = {f for f in os.listdir(MESSAGES) if f.endswith(".msg")}
    check("messages: the manifest lists what is there",
          files == {m["file"] for m in manifest if m["file"]})
    check("messages: every reason has some, and there is no other",
          {m["reason"] for m in manifest if m["verdict"] == "reject"} == set(REASONS))
    v = validator(schemas.files["absence-events.v1.json"])
    for m in manifest:
        what = "message " + m["name"]
        check(what + ": a reason if and only if it is rejected",
              (m["verdict"] == "reject") == bool(m["reason"]))
        if m["schema"] == "cannot-say":
            check(what + ": only a reject is left unsaid", m["verdict"] == "reject")
            continue
        check(what + ": one verdict", (m["schema"] == "valid") == (m["verdict"] != "reject"))
        valid = v.is_valid(message_event(m))
        check("%s is %s" % (what, m["schema"]), valid == (m["schema"] == "valid"))
    check_generated(os.path.join(MESSAGES, "gen_messages.py"), MESSAGES, "messages")


def check_generated(script, folder, what):
    with tempfile.TemporaryDirectory() as fresh:
        subprocess.run([sys.executable, script, fresh], check=True, stdout=subprocess.DEVNULL)
        names = os.listdir(fresh)
        same, differ, missing = filecmp.cmpfiles(fresh, folder, names, shallow=False)
        check("%s: committed is what the generator writes" % what,
              len(same) == len(names) and not differ and not missing,
              " ".join(differ + missing))


def check_demo(schemas):
    script = os.path.join(TOP, "scripts", "demo", "generate.py")
    v = validator(schemas.files["absence-events.v1.json"])
    with tempfile.TemporaryDirectory() as folder:
        outs = [os.path.join(folder, n) for n in ("a", "b", "c")]
        for out, seed in zip(outs, ("1", "1", "2")):
            subprocess.run([sys.executable, script, "--out", out, "--seed", seed, "--today",
                            "2026-09-28", "--events", "1500"], check=True,
                           stdout=subprocess.DEVNULL)
        check("demo: the same seed, the same bytes", filecmp.cmp(outs[0], outs[1], shallow=False))
        check("demo: another seed, other bytes", not filecmp.cmp(outs[0], outs[2], shallow=False))
        with open(outs[0], encoding="utf-8") as f:
            events = [json.loads(line) for line in f]
    bad = [e for e in events if not v.is_valid(e) or last_day_before_onset(e["data"])]
    check("demo: ten lines are wrong, and no other", len({e["id"] for e in bad}) == 10,
          str(len(bad)))
    phones = {(e["data"].get("contact") or {}).get("phone") for e in events
              if not isinstance(e["data"].get("contact"), str)} - {None}
    check("demo: telephone numbers nobody has",
          all(re.fullmatch(r"07700 900\d{3}", p) for p in phones))


def demo_nights(folder, seed, staff=400):
    """The demo's nightly files, and the messages of the same absences as (sent, event)."""
    script = os.path.join(TOP, "scripts", "demo", "generate.py")
    common = ["--seed", seed, "--today", "2026-09-28", "--events", "1500", "--staff", str(staff)]
    stream, sent, facts = (os.path.join(folder, n) for n in ("stream", "sent", "facts"))
    for options in (["--out", stream, "--sent", sent],
                    ["--out", facts, "--nights", os.path.join(folder, "nights")]):
        subprocess.run([sys.executable, script, *common, *options], check=True,
                       stdout=subprocess.DEVNULL)
    with open(stream, encoding="utf-8") as events, open(sent, encoding="utf-8") as times:
        lines = [(when.strip(), json.loads(line)) for when, line in zip(times, events)]
    with open(facts, encoding="utf-8") as f:
        return lines, [json.loads(line) for line in f]


def expected_rows(lines, until, wrong):
    """id: (person, start, reason) of the records that stand at that instant, by their messages."""
    newest, gone = {}, set()
    for sent, event in lines:
        data = event["data"]
        if sent > until or ".absence." not in event["type"] or event["id"] in wrong:
            continue
        if event["type"].endswith("cancelled.v1"):
            gone.add(data["absence_id"])
        if data["version"] > newest.get(data["absence_id"], {"version": 0})["version"]:
            newest[data["absence_id"]] = data
    return {name: (d["person_id"], "/".join(reversed(d["onset_date"].split("-"))),
                   (d["reason"] or {}).get("code", ""))
            for name, d in newest.items() if name not in gone}


def check_demo_nights(schemas):
    v = validator(schemas.files["absence-events.v1.json"])
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two, \
            tempfile.TemporaryDirectory() as three:
        lines, facts = demo_nights(one, "1")
        demo_nights(two, "1")
        demo_nights(three, "2")
        folders = [os.path.join(folder, "nights") for folder in (one, two, three)]
        names = sorted(os.listdir(folders[0]))
        check("demo: the same seed, the same files", names == sorted(os.listdir(folders[1]))
              and filecmp.cmpfiles(*folders[:2], names, shallow=False)[0] == names)
        check("demo: another seed, other files",
              len(filecmp.cmpfiles(folders[0], folders[2], names, shallow=False)[1]) > 8)
        wrong = {e["id"] for _, e in lines if not v.is_valid(e) or last_day_before_onset(e["data"])}
        check_extracts(folders[0], [n for n in names if "sickness" in n], lines, wrong)
        check_staff_list(folders[0], [n for n in names if "staff" in n][-1], lines)
    check("demo: messages are left for what no file has",
          {e["type"] for e in facts} == {"org.dayfour.person.%s.v1" % kind
                                         for kind in ("died", "opted-in", "opted-out")})


def read_csv(*path):
    with open(os.path.join(*path), encoding="windows-1252", newline="") as f:
        return list(csv.DictReader(f))


def check_extracts(folder, names, lines, wrong):
    mapping = load(FEED, "roster.json")["columns"]
    columns = {c if isinstance(c, str) else c["column"] for c in mapping.values()}
    check("demo: the first two nights, Fridays, and the last four", len(names) == 9, str(names))
    for number, name in enumerate(names):
        rows = read_csv(folder, name)
        # 05:30 of British Summer Time
        until = "%s-%s-%sT04:30:00Z" % (name[13:17], name[17:19], name[19:21])
        found = {r["Unavailability ID"]: (r["Employee Number"], r["Start"], r["Reason"][:3])
                 for r in rows}
        expected = expected_rows(lines, until, wrong)
        bad = [r for r in rows if r["Unavailability ID"] not in expected]
        check("demo: %s has the columns of roster.json" % name, set(rows[0]) == columns)
        check("demo: %s has each id once" % name, len(found) == len(rows))
        check("demo: %s has what the messages say" % name,
              {k: v for k, v in found.items() if k in expected} == expected)
        check("demo: %s: rows that are wrong on purpose" % name,
              len(bad) == (3, 4)[number] if number < 2 else 4 <= len(bad) <= 6, str(len(bad)))
        check("demo: %s has an end of time for ends that nobody entered" % name,
              any(r["End"] == "31/12/4712" and r["Open Ended"] == "Y" for r in rows))


def check_staff_list(folder, name, lines):
    rows = read_csv(folder, name)
    left = {e["data"]["person_id"] for _, e in lines if e["type"].endswith("left.v1")}
    check("demo: the staff list has everybody once",
          [r["Employee Number"] for r in rows] == ["P-%05d" % n for n in range(1, 401)])
    check("demo: leaving dates of those who left",
          {r["Employee Number"] for r in rows if r["Termination Date"]} <= left and left)
    check("demo: telephone numbers of the list that nobody has", all(
        re.fullmatch(r"(07700 900\d{3})?", r["Personal Mobile"] + r["Home Phone"]) for r in rows))


def check_fixed():
    script = os.path.join(DATA, "gen_fixed.py")
    check("fixed set: the generator writes what was agreed on",
          subprocess.run([sys.executable, script, "--check"], check=False).returncode == 0)


def last_day_before_onset(data):
    return bool(data.get("last_day")) and data["last_day"] < data.get("onset_date", "")


def main():
    schemas = Schemas()
    for name, schema in schemas.files.items():
        check_schema(name, schema)
    check_types(schemas)
    check_settings()
    check_mappings()
    check_holidays()
    check_messages(schemas)
    check_demo(schemas)
    check_demo_nights(schemas)
    check_fixed()
    print("cases: %(passed)d passed, %(failed)d failed, 0 skipped" % counts)
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
