"""dayfour feed check: files as a trust exports them, and the mistakes of somebody who writes a mapping for the first
time. No case needs a database."""
import copy
import json

from harness import ROOT, case, equal, holds

HEAD = "Employee No.;Absence Ref;Abs Category;Date From;Date To;Reason Title;Contract FTE\r\n"
FIRST = HEAD + "12301;900001;Sickness;01/09/2026;31/12/4712;S11 Back Problems;1.0\r\n"
STAFF = 'Emp No,Surname and Forename,Work Mobile\r\n00012301,"Ren\u00e9e, Test Person",07700 900101\r\n'
MAP = {
    "source": "/hr/RW3", "organisation": "RW3", "extract": "full",
    "file": {"pattern": "sickness_*.csv", "delimiter": ";", "as_of": "name:%Y%m%d"},
    "columns": {
        "person_id": {"column": "Employee No.", "pad": 8}, "absence_id": "Absence Ref",
        "category": {"column": "Abs Category", "values": {"Sickness": "sickness", "Annual Leave": None}},
        "onset_date": {"column": "Date From", "format": "%d/%m/%Y"},
        "last_day": {"column": "Date To", "format": "%d/%m/%Y", "never": ["31/12/4712"]},
        "reason.code": {"column": "Reason Title", "scheme": "esr"}, "fte": "Contract FTE"},
    "staff": {"pattern": "staff_*.csv", "file": {"encoding": "windows-1252", "delimiter": ","},
              "columns": {"person_id": "Emp No", "contact.name": "Surname and Forename",
                          "contact.phone": "Work Mobile"}},
}


def check(w, extract=FIRST, change=None, staff=STAFF, options=(), text=None):
    """The mapping and files at hand, with what differs; without a database."""
    mapping = copy.deepcopy(MAP)
    if change is not None:
        change(mapping)
    clock = w.file("now", "2026-09-07T12:00:00Z\n")
    paths = [w.file("map.json", text if text is not None else json.dumps(mapping, indent=1))]
    for name, content in (("sickness_20260907.csv", extract), ("staff_20260907.csv", staff)):
        path = w.dir / name
        path.write_bytes(content if isinstance(content, bytes) else
                         content.encode("cp1252" if name.startswith("staff") else "utf-8"))
        paths.append(path)
    return w.run("feed", "check", *options, *paths,
                 env={"PG_DSN": None, "KAFKA_BROKERS": None, "DAYFOUR_CLOCK_FILE": str(clock)})


def fault(w, change=None, text=None):
    ran = check(w, change=change, text=text)
    equal((ran.code, ran.out), (2, ""), ran.err)
    return ran.err.strip().split("map.json: ", 1)[1]


@case
def a_file_with_a_mark_and_another_staff_list(w):
    ran = check(w, extract="\ufeff" + FIRST)
    equal((ran.code, ran.err), (0, ""), ran.out)
    holds("rows: 1; records: 1, passed over: 0, rejected: 0" in ran.out, ran.out)
    holds("with a reason, with a telephone number" in ran.out, ran.out)


@case
def a_member_that_there_is_not(w):
    """The message lists those that there are: a misspelt one, or one that stands elsewhere, is found among them."""
    equal(fault(w, lambda m: m["staff"].update(encoding="windows-1252")),
          "staff.encoding: no such member; there are: file, pattern, columns, required")
    equal(fault(w, lambda m: m["columns"]["last_day"].update(last_day_is="exclusive")),
          "columns.last_day.last_day_is: no such member; there are: column, value, format, pad, values, true, never, "
          "scheme, ambiguous")
    told = fault(w, lambda m: m["columns"].update(phone="Work Mobile"))
    holds(told.startswith("columns.phone: no such member; there are: absence_id, person_id, ")
          and "contact.phone" in told and "left_on" not in told, told)
    told = fault(w, lambda m: m["staff"]["columns"].update(phone="Work Mobile"))
    holds("contact.phone" in told and "left_on" in told and "onset_date" not in told, told)


@case
def a_mapping_that_is_no_json(w):
    good = json.dumps(MAP, indent=1)
    broken = good.replace('"person_id": "Emp No",', '"person_id": "Emp No"')
    line = 1 + broken[:broken.index('"person_id": "Emp No"')].count("\n")
    equal(fault(w, text=broken), f"not JSON, at line {line} or the next: is a comma, a quote or a bracket missing?")
    equal(fault(w, text=good.replace('"', "'")),
          "not JSON, at line 2 or the next: is a comma, a quote or a bracket missing?")
    equal(fault(w, text=""), "not JSON")


@case
def a_refused_file_names_the_line(w):
    ran = check(w, extract=FIRST + 'a "b;c\r\n')
    holds("REFUSED (csv): line 3: a quote inside a cell" in ran.out, ran.out)
    ran = check(w, extract=(FIRST + "12302;900002;Sickness;01/09/2026;;R\u00e9;1\r\n").encode("cp1252"))
    holds("REFUSED (encoding): line 3: UTF-8 is expected" in ran.out
          and "windows-1252" in ran.out, ran.out)
    ran = check(w, change=lambda m: m["staff"].pop("file"))
    equal(ran.code, 1)
    holds("for its staff list: line 2: " in ran.out and "`file` in `staff`" in ran.out, ran.out)
    ran = check(w, change=lambda m: m["staff"]["file"].pop("delimiter"))
    holds("for its staff list: line 2: a quote inside a cell" in ran.out and 'is ";" between the cells?' in ran.out
          and "`file` in `staff`" in ran.out, ran.out)


@case
def bad_cells_are_shown_and_explained(w):
    extract = (FIRST + "12302;900002;Annual Leave;01/09/2026;;;\r\n"
               "12303;900003;Sickness;09-07-2026;;S11;1.0\r\n12304;900004;Sickness;01/09/2026;;S11;0,60\r\n"
               "12305;900005;Sickness;09-08-2026;;S11;1.0\r\n")
    ran = check(w, extract=extract)
    equal(ran.code, 0, ran.out)
    holds("2 NOT UNDERSTOOD, as 99-99-9999\n" in ran.out, ran.out)
    holds("1 NOT UNDERSTOOD, as 9,99\n" in ran.out, ran.out)
    holds("for example Xxxxxx Xxxxx -> passed over\n" in ran.out, ran.out)
    holds("    2 bad_date: a date that the column's `format` does not describe, or no such day\n" in ran.out, ran.out)
    holds("    1 out_of_range: " in ran.out and "`never`" in ran.out and "`fte`" in ran.out, ran.out)


@case
def reasons_that_ask_for_no_call(w):
    """A mapping can be right in form, and its reasons be words that no list has: then nobody would be called."""
    row = "\r\n1230{0};90000{0};Sickness;0{0}/09/2026;;{1};1.0"
    extract = (HEAD.strip() + "".join(row.format(n, r) for n, r in enumerate(
        ("S11 Back Problems", "S10", "", "S99 Unknown", "S13 Cold", "S17"), 1)) + "\r\n")
    ran = check(w, extract=extract)
    equal(ran.code, 0, ran.out)
    holds("  Reasons, by the shipped settings: 2 ask for a call, 2 are missing or unknown, 2 ask for no call\n" in ran.out,
          ran.out)
    holds("no reason asks for a call" not in ran.out, ran.out)
    ran = check(w, change=lambda m: m["columns"]["reason.code"].update(scheme="text"))
    equal(ran.code, 0, ran.out)
    holds("0 ask for a call, 0 are missing or unknown, 1 asks for no call\n" in ran.out, ran.out)
    holds("  NOTE: no reason asks for a call, so nobody would be called: are `scheme` and `values` of reason.code "
          "right?\n" in ran.out, ran.out)
    settings = json.loads((ROOT / "deploy" / "settings" / "pathways.json").read_text())
    settings["pathways"]["msk"]["codes"].append({"scheme": "text", "match": ["S11 Back problems"]})
    path = w.file("ours.json", json.dumps(settings))
    ran = check(w, change=lambda m: m["columns"]["reason.code"].update(scheme="text"), options=("--settings", path))
    equal(ran.code, 0, ran.err)
    holds("by these settings: 1 asks for a call, 0 are missing or unknown, 0 ask for no call\n" in ran.out, ran.out)
    ran = check(w, options=("--settings", w.dir / "map.json"))
    equal(ran.code, 1, ran.out)
    holds("--settings: " in ran.err, ran.err)
