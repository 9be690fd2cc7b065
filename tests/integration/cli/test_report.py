"""report: as somebody who may do nothing else, in every form it has."""
import csv
import io
import json
import xml.etree.ElementTree as xml

from harness import case, equal, holds

SVG = "{http://www.w3.org/2000/svg}"
MONTHS = [f"2026-{m:02}" for m in range(1, 9)]


@case
def set_up(w):
    equal(w.run("migrate").code, 0)
    w.sql("update ops.clock set rehearsal_at = '2026-09-15T12:00Z'")
    w.sql("insert into intake.feed values ('in', 0, 'RW3', now()), ('in', 0, 'Q<&>\"1', now())")
    # In each month as many spells more than four as its number says; every third of them not contacted.
    w.sql("""
        insert into casework.spell (spell_id, organisation, person_id, period_id, pathway, queue, anchor_source,
            anchor_absence_id, absence_ids, record_sources, record_ids, onset_date, last_day, first_notice_at,
            late_report, backdated, review_first, priority, due_date, state, tombstone, attempts, first_attempt_at,
            elapsed_days, last_outcome, red_flag, reason_changed, case_closed, fingerprint)
        select 'R' || m || 'x' || i, 'RW3', 'P-' || m || i, 'Q', 'msk', 'q', '/hr', 'A' || m || 'x' || i, '{A}',
               '{/hr}', array['A' || m || 'x' || i], d, d + 9, d::timestamp at time zone 'UTC', false, false, false, 2, d + 4,
               case when i % 3 = 0 then 'ended' else 'contacted' end, false, 1,
               case when i % 3 > 0 then d + 3 end::timestamp at time zone 'UTC', case when i % 3 > 0 then 3 end,
               case when i % 3 > 0 then 'declined' end, false, false, false, 1
        from generate_series(1, 8) m, generate_series(1, 11 + m) i,
             lateral (select make_date(2026, m, i) as d) x""")
    w.sql("""
        insert into fact.absence (organisation, person_id, source, absence_id, version, first_version, first_onset_date,
            onset_date, last_day, open_ended, match, scheme, code, settings_serial, fte, cancelled, first_notice_at,
            changed_at)
        select organisation, person_id, '/hr', anchor_absence_id, 1, 1, onset_date, onset_date, last_day, false, 1, 1,
               'S12', 1, 0.1, false, first_notice_at, first_notice_at from casework.spell""")


def reporter(w, *arguments):
    """As a login that has that role and no other."""
    if not hasattr(w, "reporter"):
        w.reporter = w.role("reporter")
        w.sql(f"create role {w.reporter} login password 'x' in role dayfour_reporter")
    return w.run(*arguments, user=w.reporter, password="x")


def rows(w, *arguments):
    ran = reporter(w, "report", "--json", *arguments)
    equal(ran.code, 0, ran.err)
    return ran.json()


@case
def a_reporter_gets_a_report(w):
    found = rows(w, "--organisation", "RW3", "--pathway", "msk", "--from", "2026-01", "--to", "2026-08")
    equal([row["month"] for row in found["measures"]], MONTHS)
    equal([row["spells"] for row in found["measures"]], [12, 13, 14, 15, 16, 17, 18, 19])
    may = found["measures"][4]
    # The report does not show that all others were missed: it would show that nobody opted out, left and so on.
    equal((may["in_target"], may["in_target_raw_percent"], may["missed"], may["in_target_achievable_at_least"]),
          (11, 68.8, None, 68.7))
    equal(found["quality"], [], "quality is by organisation, not by pathway")


@case
def and_nothing_else(w):
    for command in (("tasks",), ("show", "R5x1"), ("explain", "--person", "RW3", "P-51"), ("staff", "list"),
                    ("dead-letters", "list"), ("positions",), ("audit", "list"), ("emission", "pause"),
                    ("settings", "show")):
        ran = reporter(w, *command)
        equal(ran.code, 3, f"{command}: {ran.out}")
        holds("P-5" not in ran.out + ran.err and "R5x" not in ran.out, f"{command} tells of a person: {ran.out}")
    text = "".join(reporter(w, "report", *form).out for form in ((), ("--json",), ("--csv",), ("--svg", "-")))
    for secret in ("P-", "R5x", "A5x", "S12"):
        holds(secret not in text, f"{secret} is told")


@case
def without_arguments_the_twelve_months_that_are_over(w):
    found = rows(w)["measures"]
    equal(sorted({row["month"] for row in found}),
          ["2025-09", "2025-10", "2025-11", "2025-12", *MONTHS])
    equal({row["organisation"] for row in found}, {"RW3", 'Q<&>"1'})


@case
def months_that_are_none(w):
    for text in ("2026", "2026-13", "May", ""):
        equal(reporter(w, "report", "--from", text).code, 1, text)
    equal(reporter(w, "report", "--from", "2026-05", "--to", "2026-04").code, 1)


@case
def csv_has_the_same_numbers(w):
    ran = reporter(w, "report", "--csv")
    equal(ran.code, 0, ran.err)
    found = list(csv.DictReader(io.StringIO(ran.out, newline="")))
    said = {(r["organisation"], r["pathway"], r["month"], r["measure"]): r["value"] for r in found}
    equal(len(said), len(found))
    whole = json.loads(reporter(w, "report", "--json").out, parse_float=str, parse_int=str)
    for row in whole["measures"]:
        for name, value in row.items():
            if name not in ("organisation", "pathway", "month"):
                equal(said[row["organisation"], row["pathway"], row["month"], name], value or "", name)


@case
def no_cell_is_a_formula_or_speaks(w):
    """An organisation's name is the feed's to choose."""
    names = ["=HYPERLINK(\"http://example.test\")", "+1+2", "-1+2", "@SUM(A1)", "\u202eRW3\u202c", "\u009b31m"]
    for name in names:
        w.sql(f"insert into intake.feed values ('in', 7, '{name}', now())")
    ran = reporter(w, "report", "--csv")
    said = {r["organisation"] for r in csv.DictReader(io.StringIO(ran.out, newline=""))}
    equal(said, {"RW3", 'Q<&>"1', *("'" + n for n in names[:4]), "?RW3?", "?31m"})
    for form in ((), ("--svg", "-")):
        text = reporter(w, "report", *form).out
        holds("?RW3?" in text and not {"\u202e", "\u202c", "\u009b"} & set(text), f"{form}: marks of direction")
    equal({r["organisation"] for r in json.loads(reporter(w, "report", "--json").out)["measures"]},
          {"RW3", 'Q<&>"1', *names})
    w.sql("delete from intake.feed where partition = 7")


@case
def a_table_with_stars_for_what_is_held_back(w):
    ran = reporter(w, "report", "--from", "2026-08", "--to", "2026-09", "--organisation", "RW3")
    equal(ran.code, 0, ran.err)
    lines = [line.split() for line in ran.out.splitlines() if line.startswith("RW3")]
    august = next(line for line in lines if line[:3] == ["RW3", "msk", "2026-08"])
    equal(august[3:9], ["19", "68.4", "%", ">=", "68.4", "%"])
    september = next(line for line in lines if line[:3] == ["RW3", "msk", "2026-09"])
    equal(set(september[3:]), {"not", "over"}, "which is not the same as fewer than five")
    holds("held back" in ran.out, ran.out)


@case
def every_number_is_defined(w):
    ran = w.run("report", "--define")
    equal(ran.code, 0)
    names = {line.split()[0] for line in ran.out.splitlines() if line.startswith("  ")}
    whole = rows(w)
    equal(names, {n for part in whole.values() for row in part for n in row} - {"organisation", "pathway", "month"})


# ---- the drawing ----


def drawing(w, *arguments):
    path = w.dir / "report.svg"
    ran = reporter(w, "report", "--svg", path, *arguments)
    equal(ran.code, 0, ran.err)
    return xml.parse(path).getroot()


def words(element):
    return " ".join("".join(element.itertext()).split())


@case
def a_drawing_can_be_heard(w):
    """A screen reader finds a title and all that is drawn in words."""
    root = drawing(w, "--from", "2026-01", "--to", "2026-08")
    equal((root.tag, root.get("role")), (SVG + "svg", "img"))
    named = {e.get("id"): e for e in root.iter() if e.get("id")}
    equal(root.get("aria-labelledby").split(), ["title", "desc"])
    equal((named["title"].tag, named["desc"].tag), (SVG + "title", SVG + "desc"))
    equal([e.tag for e in root][:2], [SVG + "title", SVG + "desc"])
    said = words(named["desc"])
    holds(words(named["title"]), "a title")
    for row in rows(w, "--from", "2026-01", "--to", "2026-08")["measures"]:
        percent, days = row["in_target_raw_percent"], row["days_to_contact_median"]
        holds(f"{row['month']}: contacted in target, of all " + (f"{percent:g} per cent" if percent else "held back")
              in said, row)
        holds("half contacted within " + (f"{days} days" if days is not None else "held back") in said, row)
    holds('Q<&>"1, msk.' in said, "names are written as they are")


@case
def a_drawing_needs_no_colour(w):
    """Two series of a plot differ in the line and the mark, and are named beside it; all is drawn as shapes and text on
    white, without pictures, scripts, fonts or anything from elsewhere."""
    root = drawing(w)
    tags = {e.tag.removeprefix(SVG) for e in root.iter()}
    equal(tags - {"svg", "title", "desc", "style", "rect", "text", "tspan", "path", "circle", "g"}, set())
    style = "".join(root.find(SVG + "style").itertext())
    rules = dict(part.split("{") for part in style.split("}") if part)
    holds("stroke-dasharray" in rules[".d"] and "stroke-dasharray" not in rules[".l"], "one line is dashed")
    holds("url(" not in style and "@import" not in style, "nothing from elsewhere")
    classes = [(e.tag.removeprefix(SVG), e.get("class")) for e in root.iter()]
    holds(("circle", "o") in classes and ("rect", "q") in classes, "dots and squares")
    names = [words(e) for e in root.iter(SVG + "text")]
    for name in ("of all", "of those achievable", "half within", "nine in ten within"):
        holds(name in names, name)
    paper = root.find(SVG + "rect")
    equal(paper.get("fill"), "#fff")


@case
def a_drawing_fits_on_its_paper(w):
    root = drawing(w, "--from", "2025-01", "--to", "2026-08")
    _, _, width, height = map(float, root.get("viewBox").split())
    for e in root.iter():
        x, y = e.get("cx") or e.get("x"), e.get("cy") or e.get("y")
        if x is not None and y is not None:
            holds(0 <= float(x) <= width and 0 <= float(y) <= height, f"{e.tag} lies outside: {x}, {y}")


@case
def a_drawing_of_nothing_and_to_nowhere(w):
    root = drawing(w, "--organisation", "none")
    holds("Nothing" in words(root), "it says so")
    equal(reporter(w, "report", "--svg", w.dir / "not" / "there.svg").code, 1)
