"""Schema report: what a reporter gets, and that nobody can be found in it by subtraction."""
import datetime
import itertools
import json
import random
from fractions import Fraction

from harness import case, equal, refused

DOCUMENT = {"defaults": {"time_zone": "Europe/London", "long_term_day": 28, "live_from": None},
            "pathways": {"msk": {}, "stress": {}}, "watch": [{"scheme": "esr", "match": ["S98", "S99"]}],
            "organisations": {"LV1": {"live_from": "2026-03-01", "long_term_day": 29}}}
OUTCOMES = ("fast_track_treatment", "self_management_advice", "onward_referral", "no_action_needed", "declined")
TODAY = datetime.date(2026, 12, 15)
KEPT_APART = ("late_report", "reason_late", "opted_out", "left_employment", "no_contact_due")
NAMES = ("organisation", "pathway", "month")


def begin(w, organisations=("RW3", "LV1")):
    w.root.run("truncate casework.spell, fact.absence, fact.person, followup.emitted, intake.feed, intake.dead_letter")
    w.root.run("insert into fact.settings (version, document, loaded_at)"
               f" values ('report', '{json.dumps(DOCUMENT)}', now())")
    for organisation in organisations:
        w.root.run(f"insert into intake.feed values ('in', 0, '{organisation}', now())")
    w.clock(f"{TODAY}T12:00:00Z")
    w.cluster.login("rep", "reporter")
    return w.at("rep")


def quoted(value):
    return "null" if value is None else f"'{value}'"


class Spell:
    """A spell as report reads it; times in days after the onset."""

    def __init__(self, onset, pathway="msk", organisation="RW3", elapsed=None, tried=None, lag=0, last=None, end=None,
                 late=False, told=0, outcome=None, code="S12"):
        self.onset, self.pathway, self.organisation = onset, pathway, organisation
        self.elapsed, self.tried, self.lag, self.last = elapsed, tried, lag, last
        self.end, self.late, self.told, self.outcome, self.code = end, late, told, outcome, code
        self.previous = None
        self.number = 0

    @property
    def id(self):
        return f"R{self.number:011d}"

    @property
    def cell(self):
        return self.organisation, self.pathway, self.onset.strftime("%Y-%m")

    @property
    def class_(self):
        """The one of the six it counts in, by the definitions."""
        in_time = self.tried is not None and self.tried <= 4
        if self.elapsed is not None and self.elapsed <= 4:
            return "in_target"
        if self.late and not in_time:
            return "late_report"
        if self.end == "opted_out":
            return "opted_out"
        if self.end == "left_employment" and self.elapsed is None:
            return "left_employment"
        if self.end == "returned_before_contact" or (
                self.end is None and self.elapsed is None and self.onset + datetime.timedelta(4) >= TODAY):
            return "no_contact_due"
        if self.told > 4 and not in_time:
            return "reason_late"
        return "missed"

    def counts_in(self):
        """The names of the counts it is in."""
        yield "spells"
        yield self.class_
        if self.class_ in ("in_target", "missed"):
            yield "achievable"
        if self.tried is not None and self.tried <= 4:
            yield "attempted_in_target"
        if self.last is not None:
            yield "closed"
            if self.previous:
                yield "relapsed"
        off = self.last if self.last is not None else (TODAY - self.onset).days
        if off + 1 >= 28:
            yield "long_term"
        if self.outcome and self.class_ in ("in_target", "missed", "late_report", "reason_late"):
            yield self.outcome

    def row(self):
        n, day = self.number, datetime.timedelta
        state = "ended" if self.end else "contacted" if self.elapsed is not None else "open"
        last = None if self.last is None else self.onset + day(self.last)
        tried = None if self.tried is None else f"{self.onset + day(self.tried)}T10:00Z"
        return (f"('{self.id}', '{self.organisation}', 'P-{n}', 'Q{n}', '{self.pathway}', 'q', '/hr', 'A-{n}',"
                f" '{{A-{n}}}', '{{/hr}}', '{{A-{n}}}', '{self.onset}', {quoted(last)},"
                f" '{self.onset + day(self.lag)}T09:00Z', {self.late}, false, false, 2, '{self.onset + day(4)}',"
                f" '{state}', {quoted(self.end)}, false, 0, {quoted(tried)}, {quoted(self.elapsed)},"
                f" {quoted(self.outcome)}, false, false, false, 1)")

    def record(self):
        n = self.number
        last = None if self.last is None else self.onset + datetime.timedelta(self.last)
        return (f"('{self.organisation}', 'P-{n}', '/hr', 'A-{n}', 1, 1, '{self.onset}', '{self.onset}',"
                f" {quoted(last)}, false, 1, 1, '{self.code}', 1, 1, false, '{self.onset}T09:00Z',"
                f" '{self.onset}T09:00Z')")

    def telling(self):
        at = f"{self.onset + datetime.timedelta(self.told)}T09:00Z"
        return (f"('{self.organisation}', 'P-{self.number}', 's{self.id}', 'contact-task.created', '1', 1, 't',"
                f" '{at}', '{at[:10]}', {self.told > 0}, '{{}}', '{at}', '{self.id}')")


def put(w, spells):
    spells = list(spells)
    for s in spells:
        w.serial += 1
        s.number = w.serial
    if not spells:
        return spells
    w.root.run("insert into casework.spell (spell_id, organisation, person_id, period_id, pathway, queue,"
               " anchor_source, anchor_absence_id, absence_ids, record_sources, record_ids, onset_date, last_day,"
               " first_notice_at, late_report, backdated, review_first, priority, due_date, state,"
               " end_reason, tombstone, attempts, first_attempt_at, elapsed_days, last_outcome, red_flag,"
               " reason_changed, case_closed, fingerprint) values " + ",".join(s.row() for s in spells))
    records(w, (s.record() for s in spells))
    w.root.run("insert into followup.emitted (organisation, person_id, subject, kind, occurrence, nth, topic,"
               " happens_at, occurs_on, late, data, emitted_at, spell_id) values "
               + ",".join(s.telling() for s in spells))
    return spells


def records(w, rows):
    w.root.run("insert into fact.absence (organisation, person_id, source, absence_id, version, first_version,"
               " first_onset_date, onset_date, last_day, open_ended, match, scheme, code, settings_serial, fte,"
               " cancelled, first_notice_at, changed_at) values " + ",".join(rows))


def relapses(w, rng, spells):
    """Some of those that are over are followed by another, which lies where no report of these tests looks."""
    before = [s for s in spells if s.last is not None and rng.random() < 0.4]
    after = put(w, (Spell(datetime.date(2027, 6, 1), organisation=s.organisation) for s in before))
    for s, again in zip(before, after):
        s.previous = again.id
        w.root.run(f"update casework.spell set previous_spell = '{s.id}' where spell_id = '{again.id}'")


def some(rng, month, n, pathway="msk", organisation="RW3"):
    """n spells of a month, of all kinds that there are, often several of a kind and few of another."""
    kinds = ["in", "in", "late", "never", "report", "reason", "out", "left", "short"]
    kinds = rng.choices(kinds, [rng.choice((1, 3, 9)) for _ in kinds], k=n)
    outcomes = rng.choices(OUTCOMES, k=rng.choice((2, 5)))
    for kind in kinds:
        s = {"lag": rng.choice((0, 0, 0, 1, 2)), "last": rng.choice((None, 2, 9, 30))}
        if kind == "in":
            s.update(elapsed=rng.randint(0, 4), outcome=rng.choice(outcomes))
            s["tried"] = s["elapsed"]
        elif kind == "late":
            s.update(elapsed=rng.randint(5, 12), tried=rng.choice((2, 6)), outcome=rng.choice(outcomes))
        elif kind == "report":
            s.update(late=True, lag=6)
        elif kind == "reason":
            s.update(told=6)
        elif kind == "out":
            s.update(end="opted_out", tried=rng.choice((None, 1)))
        elif kind == "left":
            s.update(end="left_employment", last=3)
        elif kind == "short":
            s.update(end="returned_before_contact", last=2)
        elif s["last"] == 2:
            s.update(last=9)
        yield Spell(datetime.date(2026, month, rng.randint(1, 28)), pathway, organisation, **s)


def measures(session, *arguments):
    query = ", ".join("null" if a is None else f"'{a}'" for a in arguments)
    return [json.loads(row[0]) for row in session.run(f"select row_to_json(m) from report.measures({query}) m")]


def quality(session, *arguments):
    query = ", ".join("null" if a is None else f"'{a}'" for a in arguments)
    return [json.loads(row[0]) for row in session.run(f"select row_to_json(m) from report.quality({query}) m")]


COUNTS = ("spells", "in_target", "achievable", "missed", *KEPT_APART, "attempted_in_target", "closed", "long_term",
          "relapsed", *OUTCOMES)


def key(row):
    return tuple(row[name] for name in NAMES)


def counts(row):
    """The numbers of spells in it that are shown."""
    return {name: row[name] for name in COUNTS if row[name] is not None}


# ---- who may ask ----


@case
def a_reporter_calls_seven_functions_and_nothing_else(w):
    rep = begin(w)
    equal(len(measures(rep, "2026-01-01", "2026-12-01", "RW3", "msk")), 12)
    equal(sorted({row["month"] for row in measures(rep)}), ["2025-12", *(f"2026-{m:02}" for m in range(1, 12))])
    rep.run("select * from report.quality()")
    mine = set(rep.column("select p.oid::regprocedure from pg_proc p where p.pronamespace in (select n.oid from"
                          " pg_namespace n where n.nspname !~ '^(pg_|information_schema)')"
                          " and has_function_privilege(p.oid, 'execute')"))
    equal(mine, {"report.measures(date,date,text,text)", "report.quality(date,date,text)",
                 "report.whole(date,date,text,text)", "report.arrivals(date,date,text)",
                 "report.places(date,date,text)", "report.unreached(date,date,text,text)", "report.is_over(text)"})
    for name in w.root.column("select p.oid::regprocedure from pg_proc p"
                              " where p.pronamespace = 'report'::regnamespace"):
        equal(w.root.value(f"select proowner::regrole from pg_proc where oid = '{name}'::regprocedure"),
              "dayfour_report_owner", name)
        if name not in mine:
            call = name.replace("date", "null::date").replace("boolean", "null::boolean").replace("numeric", "null::numeric")
            call = call.replace("integer", "null::int").replace("text", "null::text")
            refused("42501", rep, f"select {call}")
    refused("42501", rep, "create or replace function report.hidden(int[]) returns boolean[] language sql as"
                          " 'select ''{f}''::boolean[]'")
    refused("42501", rep, "create table report.mine (x int)")
    refused("22023", rep, "select * from report.measures('2026-05-01', '2026-04-01')")
    refused("22023", rep, "select * from report.measures('2010-05-01', '2026-04-01')")
    refused("22023", rep, "select * from report.whole('2026-05-01', '2026-04-01')")


def audited(w):
    return w.root.run("select what, organisation, detail from audit.entry order by entry_id")


@case
def one_count_for_both_halves(w):
    """report.whole says what the others say, byte for byte, and is in the audit as they are."""
    year(w, random.Random(7))
    rep = w.at("rep")
    for i in range(7):  # of other reasons, so that the quality is told; and letters in which no organisation was read
        records(w, ["('{0}', 'O-{1}{2}', '/hr', 'O-{1}{2}', 1, 1, '2026-05-0{1}', '2026-05-02', null, false, {3}, 0, null, 1,"
                    " 1, false, '2026-05-02T09:00Z', '2026-05-02T09:00Z')".format(o, i + 1, o, 2 * (i % 2))
                    for o in ("RW3", "LV1")])
        w.root.run("insert into intake.dead_letter (topic, partition, \"offset\", reason, organisation, value, size,"
                   f" received_at) values ('t', 0, {i}, 'not_json', null, '', 0, '2026-05-09T12:00Z')")
    shown = 0
    for arguments in ("", "'2026-01-01', '2026-06-30'", "'2026-02-01', '2026-11-01', 'LV1'"):
        start = audited(w)
        apart = rep.run(f"select 'measures', row_to_json(m)::text from report.measures({arguments}) m")
        for part in ("quality", "arrivals", "places", "unreached"):
            apart += rep.run(f"select '{part}', row_to_json(q)::text from report.{part}({arguments}) q")
        middle = audited(w)
        equal(rep.run(f"select part, told::text from report.whole({arguments})"), apart)
        equal(audited(w)[len(middle):], middle[len(start):])
        equal(len(middle) - len(start), 5)
        shown += sum('"records":null' not in row[1] for row in apart if row[0] == "quality")
    equal(shown > 1, True, f"{shown} rows of quality are shown")
    of_one = rep.run("select part, told::text from report.whole('2026-01-01', '2026-06-30', null, 'msk')"
                     " where part <> 'unreached'")
    equal(of_one, rep.run("select 'measures', row_to_json(m)::text"
                          " from report.measures('2026-01-01', '2026-06-30', null, 'msk') m"))


@case
def a_reporter_reads_no_table_and_no_view(w):
    rep = begin(w)
    put(w, some(random.Random(3), 4, 20))
    rows = w.root.run("select format('%I.%I', n.nspname, c.relname), n.nspname from pg_class c join pg_namespace n"
                      " on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f')"
                      " and n.nspname !~ '^(pg_|information_schema)'")
    if len(rows) < 25:
        raise AssertionError(f"too few tables are looked at: {rows}")
    for name, _ in rows:
        refused("42501", rep, f"select count(*) from {name}")
    equal(rep.value("select count(*) from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n"
                    " on n.oid = c.relnamespace where n.nspname !~ '^(pg_|information_schema)' and a.attnum > 0"
                    " and has_column_privilege(c.oid, a.attnum, 'select')"), "0")
    for who in ("dayfour_report_owner", "dayfour_clinician", "dayfour_followup"):
        refused("42501", rep, f"set role {who}")


@case
def others_do_not_get_reports(w):
    begin(w)
    for what in ("measures", "quality", "arrivals", "places", "unreached", "whole"):
        refused("42501", w.at("amy"), f"select * from report.{what}()")
    refused("42501", w.at("amy"), "select report.is_over('2026-01')")


@case
def a_lead_gets_those_of_the_organisations_they_lead(w):
    """The same rows as a reporter, of RW3 alone; of others what nobody has."""
    year(w, random.Random(11))
    rep, ada = w.at("rep"), w.at("ada")
    for what in ("measures", "quality", "arrivals", "places", "unreached"):
        whole = rep.run(f"select row_to_json(x)::text from report.{what}('2026-01-01', '2026-11-30') x")
        mine = [row for row in whole if json.loads(row[0])["organisation"] == "RW3"]
        equal(ada.run(f"select row_to_json(x)::text from report.{what}('2026-01-01', '2026-11-30') x"), mine, what)
        equal(ada.run(f"select * from report.{what}('2026-01-01', '2026-11-30', 'LV1')"), [], what)
        equal(ada.run(f"select * from report.{what}('2026-01-01', '2026-11-30', 'NOBODY')"), [], what)
    equal({json.loads(row[1])["organisation"] for row in ada.run("select part, told::text from report.whole()")}, {"RW3"})


def told_late(w, serial, onset, given=None, recorded=None, match=1, last=None, **more):
    """A record whose reason came, and which HR recorded, so many days after its onset."""
    onset = datetime.date.fromisoformat(onset)
    day = lambda n: None if n is None else f"{onset + datetime.timedelta(days=n)}T12:00Z"  # noqa: E731
    columns = dict(organisation="RW3", person_id=f"L-{serial}", source="/hr", absence_id=f"L-{serial}", version=1,
                   first_version=1, first_onset_date=onset, onset_date=onset,
                   last_day=None if last is None else onset + datetime.timedelta(days=last), open_ended=False,
                   match=match, scheme=0, settings_serial=1, cancelled=False, first_notice_at=day(0), changed_at=day(0),
                   reason_given_at=day(given), recorded_at=day(recorded))
    columns.update(more)
    w.insert("fact.absence", **columns)


@case
def how_late_absences_and_reasons_arrive(w):
    """Ten with a reason on the day, six on day 1, six on day 3, eight never; two of those were back on day 1."""
    rep = begin(w)
    plan = [(0, 9)] * 10 + [(1, 9)] * 6 + [(3, 9)] * 6 + [(None, 9)] * 6 + [(None, 0)] * 2
    for serial, (given, last) in enumerate(plan):
        told_late(w, serial, "2026-05-04", given=given, recorded=1 if serial < 15 else 5, last=last)
    told_late(w, 90, "2026-05-04", match=2, recorded=30)  # of another reason: how late it was recorded is not kept
    told_late(w, 91, "2026-05-04", cancelled=True)
    told_late(w, 92, "2026-12-01")  # a month that is not over
    found = rep.run("select * from report.arrivals('2026-05-01', '2026-12-31', 'RW3') where month in ('2026-05', '2026-12')")
    # Off on day 1: 29 (the one of another reason is there too, without a reason); 13 of them without a reason on day 1.
    equal(found, [("RW3", "2026-05", "44.8", "44.8", "24.1", "1", "5", "1", "3"),
                  ("RW3", "2026-12", *["<null>"] * 7)])
    equal(rep.run("select report.is_over('2026-05'), report.is_over('2026-12')"), [("t", "f")])


@case
def a_share_of_few_is_held_back(w):
    rep = begin(w)
    for serial in range(20):
        told_late(w, serial, "2026-05-04", given=None if serial < 4 else 0, last=9)
    row = rep.run("select * from report.arrivals('2026-05-01', '2026-05-31', 'RW3')")[0]
    equal(row[2:5], ("<null>",) * 3, "four without a reason")
    equal(row[5:], ("0", "0", "0", "0"))


@case
def nobody_was_reached_is_a_line_of_its_own(w):
    """12 of 20 without a contact were closed as unable to contact."""
    rep = begin(w)
    made = put(w, [Spell(datetime.date(2026, 5, 4), last=3) for _ in range(20)]
               + [Spell(datetime.date(2026, 5, 4), elapsed=2, tried=2, last=3) for _ in range(10)]
               + [Spell(datetime.date(2026, 6, 1), last=3) for _ in range(20)])
    for month, few in ((made[:20], 12), (made[30:], 4)):
        ids = ", ".join(f"'{s.id}'" for s in month[:few])
        w.root.run("update casework.spell set case_closed = true, close_reason = 'unable_to_contact', closed_at = now()"
                   f" where spell_id in ({ids})")
    ids = f"'{made[20].id}'"
    w.root.run("update casework.spell set case_closed = true, close_reason = 'unable_to_contact', closed_at = now()"
               f" where spell_id in ({ids})")  # reached after all
    equal(rep.run("select month, unable_to_contact from report.unreached('2026-05-01', '2026-06-30', 'RW3', 'msk')"),
          [("2026-05", "12"), ("2026-06", "<null>")])
    w.root.run("update casework.spell set case_closed = true, close_reason = 'unable_to_contact', closed_at = now()"
               f" where spell_id in ({', '.join(repr(s.id) for s in made[12:17])})")
    equal(rep.run("select unable_to_contact from report.unreached('2026-05-01', '2026-05-31', 'RW3', 'msk')"),
          [("<null>",)], "17 of 20 leave 3")


@case
def by_site_and_staff_group(w):
    rep = begin(w)
    made = put(w, [Spell(datetime.date(2026, 5, 4), elapsed=2 if n % 2 else None, tried=2, last=3) for n in range(60)])
    for n, s in enumerate(made):
        site = "A" if n < 20 else "B" if n < 40 else "C" if n < 57 else "D"
        w.root.run(f"update fact.absence set site = '{site}', staff_group = 'Nursing' where absence_id in"
                   f" (select anchor_absence_id from casework.spell where spell_id = '{s.id}')")
    # Three of D are held back, and C with them: else D would be what is left.
    equal(rep.run("select dimension, value, spells, in_target_percent from report.places('2026-05-01', '2026-05-31')"),
          [("site", "A", "20", "50.0"), ("site", "B", "20", "50.0"), ("staff_group", "Nursing", "60", "50.0")])


@case
def places_less_measures_tell_of_nobody(w):
    """The places of a month add up to its spells. A pathway that measures withhold is not left over."""
    rep = begin(w)
    for month, stress, reached in ((5, 3, 0), (6, 20, 3), (7, 20, 9)):
        made = put(w, [Spell(datetime.date(2026, month, 4), elapsed=2 if n < 20 else None, tried=2, last=3)
                       for n in range(40)]
                   + [Spell(datetime.date(2026, month, 5), "stress", elapsed=2 if n < reached else None, last=3)
                      for n in range(stress)])
        for site in "AB":
            ids = ", ".join(f"'{s.id}'" for s in made["AB".index(site)::2])
            w.root.run(f"update fact.absence set site = '{site}', staff_group = 'Nursing' where absence_id in"
                       f" (select anchor_absence_id from casework.spell where spell_id in ({ids}))")
    told = {key(row): (row["spells"], row["in_target"]) for row in measures(rep, "2026-05-01", "2026-07-31", "RW3")}
    places = rep.run("select month, dimension, sum(spells), sum(round(spells * in_target_percent / 100))"
                     " from report.places('2026-05-01', '2026-07-31', 'RW3') group by 1, 2 order by 1, 2")
    for month, withheld, sums in (("2026-05", (None, None), ("40", "20")), ("2026-06", (20, None), ("60", "<null>")),
                                  ("2026-07", (20, 9), ("60", "29"))):
        equal((told["RW3", "msk", month], told["RW3", "stress", month]), ((40, 20), withheld), month)
        equal([row[1:] for row in places if row[0] == month], [("site", *sums), ("staff_group", *sums)], month)


@case
def what_is_held_back_by_place_cannot_be_had(w):
    """The sum of the counts is known, and yet each that is under 5 could be anything from 0 to 4."""
    rng = random.Random(5)
    for _ in range(300):
        counts = [rng.choice((0, 1, 2, 3, 4, 5, 6, 9, 30)) for _ in range(rng.randrange(1, 7))]
        hidden = w.root.value(f"select report.covered(array{counts}::int[])").strip("{}").split(",")
        small = [c for c, h in zip(counts, hidden) if h == "t"]
        equal([h for c, h in zip(counts, hidden) if c < 5], ["t"] * sum(c < 5 for c in counts), counts)
        if all(h == "t" for h in hidden):
            continue
        least = [5 if c >= 5 else 0 for c in small]
        for n, c in enumerate(small):
            rest = sum(small)
            others = least[:n] + least[n + 1:]
            room = all(any(sum(others) <= rest - v <= (10 ** 6 if any(o == 5 for o in others) else 4 * len(others))
                           for v in (x,)) for x in range(5)) if c < 5 else True
            equal(room, True, (counts, hidden))


@case
def asking_is_written_down(w):
    rep = begin(w)
    measures(rep, "2026-01-01", "2026-12-01", "RW3")
    equal(w.root.run("select who, what, organisation, detail ->> 'to' from audit.entry order by entry_id desc limit 1"),
          [(w.role("rep"), "report", "RW3", "2026-12-01")])


# ---- what is shown ----


@case
def a_days_month_is_meant_whole(w):
    rep = begin(w)
    put(w, some(random.Random(5), 4, 20))
    whole = measures(rep, "2026-04-01", "2026-04-30")
    equal(len(whole), 4)
    equal({row["spells"] for row in whole if key(row)[:2] == ("RW3", "msk")}, {20})
    for a, b in ((1, 1), (17, 17), (30, 30), (3, 9)):
        equal(measures(rep, f"2026-04-{a:02}", f"2026-04-{b:02}"), whole)


@case
def the_numbers_are_those_of_the_spells(w):
    """Exact ones, before anything is held back; and what is shown is one of them."""
    rng = random.Random(11)
    rep = begin(w)
    spells = [s for month in range(1, 13) for s in put(w, some(rng, month, rng.randint(5, 60)))]
    relapses(w, rng, spells)
    rows = {key(row): row for row in measures(rep, "2026-01-01", "2026-12-01", "RW3", "msk")}
    shown = set()
    for month in range(1, 12):
        where = ("RW3", "msk", f"2026-{month:02}")
        mine = [list(s.counts_in()) for s in spells if s.cell == where]
        for name, n in counts(rows[where]).items():
            equal(n, sum(name in names for names in mine), f"{where} {name}")
            shown.add(name)
        atoms = w.root.value(f"select atoms from report.cells('{where[2]}-01', '{where[2]}-01') where pathway = 'msk'")
        for name, n in zip(("in_target", "missed", *KEPT_APART), atoms.strip("{}").split(",")):
            equal(int(n), sum(name in names for names in mine), f"{where} {name}")
    if len(shown) < len(COUNTS) - 1:
        raise AssertionError(f"never shown: {set(COUNTS) - shown}")


@case
def fewer_than_five_look_like_none(w):
    rep = begin(w)
    put(w, some(random.Random(1), 5, 4))
    rows = {row["month"]: row for row in measures(rep, "2026-05-01", "2026-06-01", "RW3", "msk")}
    equal({k: v for k, v in rows["2026-05"].items() if k != "month"},
          {k: v for k, v in rows["2026-06"].items() if k != "month"})
    equal({k for k, v in rows["2026-05"].items() if v is not None}, set(NAMES))


@case
def before_live_from_nothing_counts(w):
    rep = begin(w)
    put(w, (Spell(datetime.date(2026, 2, d), organisation="LV1") for d in range(1, 20)))
    equal({row["spells"] for row in measures(rep, "2026-01-01", "2026-12-01", "LV1")}, {None})
    equal({row["fte_days_lost"] for row in measures(rep, "2026-01-01", "2026-12-01", "LV1")}, {None})


@case
def all_in_target_is_told_as_a_bound(w):
    rep = begin(w)
    put(w, (Spell(datetime.date(2026, 6, 1 + i), elapsed=1, tried=1, outcome="declined") for i in range(20)))
    row = measures(rep, "2026-06-01", "2026-06-01", "RW3", "msk")[0]
    equal((row["in_target"], row["in_target_raw_percent"], row["in_target_raw_at_least"],
           row["in_target_achievable_at_least"]), (None, None, 80.0, 80.0))


@case
def a_day_of_an_assignment_counts_once(w):
    """Five spells of 1 to 10 June as one record each, and one of several that overlap: what they add is counted by
    hand."""
    begin(w)
    put(w, (Spell(datetime.date(2026, 6, 1), last=9) for _ in range(5)))
    several = put(w, [Spell(datetime.date(2026, 5, 30), last=35)])[0]  # to 4 July
    parts = (("a", None, "0.5", "05-30", "06-09"), ("b", None, "0.75", "06-08", "06-12"),  # 8 and 9 June: 0.75
             ("c", "'X'", "0.2", "06-09", "07-04"),  # another assignment
             ("d", None, "0.5", "06-20", "06-20"), ("e", None, "0.5", "06-20", "06-21"))
    w.root.run(f"update casework.spell set record_ids = '{{{','.join(p[0] for p in parts)}}}',"
               f" record_sources = array_fill('/hr'::text, array[5]) where spell_id = '{several.id}'")
    for name, assignment, fte, onset, last in parts:
        records(w, [several.record().replace(f"'A-{several.number}'", f"'{name}'").replace(
            f"'{several.onset}', '2026-07-04', false", f"'2026-{onset}', '2026-{last}', false")])
        w.root.run(f"update fact.absence set fte = {fte}, assignment_id = {assignment or 'null'}"
                   f" where absence_id = '{name}'")
    june = 7 * Fraction(1, 2) + 5 * Fraction(3, 4) + 22 * Fraction(1, 5) + 2 * Fraction(1, 2)
    found = dict(w.root.run("select key % 4096 % 12, fte_days"
                            " from report.fte_days('2026-05-01', '2026-08-01', '2026-12-15')"))
    equal({k: Fraction(v) for k, v in found.items()},
          {"5": 2 * Fraction(1, 2), "6": 50 + june, "7": 4 * Fraction(1, 5)})


@case
def days_of_a_post_tell_nobodys_part_of_it(w):
    """Nine of a month, whose days everybody can see but one's: is that one, of a known part of a post, among them?
    Every way of asking gives the same whole number, and each of them fits somebody of a whole post as well."""
    rep = begin(w)
    others = put(w, (Spell(datetime.date(2026, 6, 1 + i), last=6) for i in range(9)))
    one = put(w, [Spell(datetime.date(2026, 6, 10), last=8)])[0]
    put(w, (Spell(datetime.date(2026, m, 3), "stress", "LV1", last=20) for m in (4, 5) for _ in range(6)))
    whole = {}
    for fte, last in [("0.53333", d) for d in range(3, 19)] + [("0.6", d) for d in range(3, 19)] + [("1", d) for d in range(19)]:
        w.root.run(f"update fact.absence set fte = {fte}, last_day = date '2026-06-10' + {last} where absence_id = 'A-{one.number}'")
        w.root.run(f"update casework.spell set last_day = date '2026-06-10' + {last} where spell_id = '{one.id}'")
        asked = [measures(rep, f"2026-{a:02}-01", f"2026-{b:02}-01", *who)
                 for a, b in ((6, 6), (5, 7), (1, 12)) for who in itertools.product((None, "RW3"), (None, "msk"))]
        asked.append([json.loads(told) for part, told in rep.run("select * from report.whole('2026-06-01', '2026-06-01')")
                      if part == "measures"])
        found = {str(row["fte_days_lost"]) for rows in asked for row in rows
                 if (row["organisation"], row["pathway"], row["month"]) == ("RW3", "msk", "2026-06")}
        equal(len(found), 1, f"one number for {fte}, {last}: {found}")
        equal({v for rows in asked for row in rows for v in [row["fte_days_lost"]] if v is not None and v != int(v)}, set())
        whole.setdefault(found.pop(), set()).add(fte)
    equal([k for k, v in whole.items() if v - {"1"} and "1" not in v], [], "numbers that only somebody of a part explains")
    equal(others[0].cell, one.cell)


# ---- looking for one person: between two reports ----


@case
def the_month_under_way_is_not_told(w):
    """A reader who asks before and after cannot find out who is off sick since today, or why."""
    rep = begin(w)
    put(w, some(random.Random(7), 11, 30))
    put(w, (Spell(datetime.date(2026, 12, d)) for d in range(1, 15)))
    before = measures(rep, "2026-01-01", "2026-12-31"), quality(rep, "2026-01-01", "2026-12-31")
    equal({row["spells"] for row in before[0] if row["month"] == "2026-12"}, {None})
    equal({row["records"] for row in before[1] if row["month"] == "2026-12"}, {None})
    put(w, [Spell(TODAY), Spell(TODAY, "stress")])
    w.root.run("insert into intake.dead_letter (topic, partition, \"offset\", reason, organisation, value, size,"
               f" received_at) select 't', 0, i, 'not_json', 'RW3', '', 0, '{TODAY}' from generate_series(1, 9) i")
    equal((measures(rep, "2026-01-01", "2026-12-31"), quality(rep, "2026-01-01", "2026-12-31")), before)
    w.clock("2027-01-01T12:00:00Z")
    equal([row["spells"] for row in measures(rep, "2026-12-01", "2026-12-31", "RW3", "msk")], [15])


def year(w, rng):
    """The spells of a year that count, by chance."""
    begin(w)
    spells = []
    for organisation, pathway, month in itertools.product(("RW3", "LV1"), ("msk", "stress"), range(1, 13)):
        n = rng.choice((0, 3, 4, 5, 6, 8, 12, 20, 30, 40, 60, 90))
        spells += put(w, some(rng, month, n, pathway, organisation))
    relapses(w, rng, spells)
    spells = [s for s in spells if s.organisation != "LV1" or s.onset >= datetime.date(2026, 3, 1)]
    return spells


def published(rep):
    """Every kind of report there is of that year."""
    reports = []
    for a, b in ((1, 12), (1, 6), (6, 6), (7, 11)):
        for who in itertools.product((None, "RW3", "LV1"), (None, "msk", "stress")):
            reports.append(measures(rep, f"2026-{a:02}-01", f"2026-{b:02}-01", *who))
    reports.append(measures(rep, "2025-06-01", "2026-07-31"))
    reports.append(measures(rep))
    return reports


@case
def no_two_reports_differ_in_what_they_say_of_a_cell(w):
    """A cell is the same in every report, so no two reports can be subtracted."""
    for seed in range(2):
        cells = {}
        year(w, random.Random(seed))
        for report in published(w.at("rep")):
            for row in report:
                equal(cells.setdefault(key(row), row), row, str(key(row)))


# The sums that hold, whoever is counted.
PARTS = {"spells": COUNTS, "achievable": ("in_target", "missed"), "attempted_in_target": ("in_target",),
         "closed": ("relapsed", "no_contact_due", "left_employment")}


@case
def no_pair_of_published_numbers_tells_of_few(w):
    """All numbers of all reports as the sets of spells they count, all pairs of them: either they count no spell in
    common, or they are of one cell; and there, where one is part of the other, the rest is at least five. (That
    everybody's absence is over may be told; and that of those achievable nobody was missed could not be hidden.)"""
    for seed in range(3):
        spells = year(w, random.Random(20 + seed))
        members = {}
        for i, s in enumerate(spells):
            for name in s.counts_in():
                members[s.cell, name] = members.get((s.cell, name), 0) | 1 << i
        groups = {}
        for row in itertools.chain.from_iterable(published(w.at("rep"))):
            for name, n in counts(row).items():
                mask = members.get((key(row), name), 0)
                equal(n, mask.bit_count() if hasattr(mask, "bit_count") else bin(mask).count("1"), f"{key(row)} {name}")
                groups[key(row), name] = (mask, n)
        if len(groups) < 120:
            raise AssertionError(f"only {len(groups)} numbers are published")
        for what, (_, n) in groups.items():
            if n < 5:
                raise AssertionError(f"{what} is {n}")
        for (a, (one, n)), (b, (other, m)) in itertools.permutations(groups.items(), 2):
            if a[0] != b[0]:
                equal(one & other, 0, f"{a} and {b} count the same spell")
            elif b[1] in PARTS.get(a[1], ()) and b[1] != a[1]:
                equal(one & other, other, f"{b} is not part of {a}")
                if n - m < 5 and (n > m or b[1] not in ("closed", "achievable")):
                    raise AssertionError(f"seed {seed}: {a} less {b} is {n - m}")


# ---- within one cell ----

# The terms of each sum, and the sums that are whole, as an attacker knows them from `dayfour report --define`.
TARGET = ("in_target", "missed", *KEPT_APART)
EQUATIONS = (
    TARGET,
    ("in_target", "tried", "untried", "late_report", "reason_late"),
    ("long_term", "short", "no_contact_due"),
    ("closed", "open"),
    (*OUTCOMES, "no_outcome", "opted_out", "left_employment", "no_contact_due"),
)


@case
def no_linear_combination_tells_of_few(w):
    """Solves for what is held back: no sum of hidden numbers that is determined is under five."""
    for seed in range(4):
        year(w, random.Random(100 + seed))
        for row in measures(w.at("rep"), "2026-01-01", "2026-11-30"):
            if row["spells"] is not None:
                attack(row)


def attack(row):
    c = counts(row)
    if "attempted_in_target" in c and "in_target" in c:
        c["tried"] = c["attempted_in_target"] - c["in_target"]
    if "achievable" in c and "in_target" in c:
        equal(c["achievable"] - c["in_target"], c["missed"])
    names = sorted({n for e in EQUATIONS for n in e} - set(c))
    matrix = []
    for equation in EQUATIONS:
        known = sum(c[n] for n in equation if n in c)
        matrix.append([Fraction(n in equation) for n in names] + [Fraction(row["spells"] - known)])
    for line in reduced(matrix):
        terms = {n: v for n, v in zip(names, line) if v}
        if set(terms) == {"open"} and line[-1] == 0:
            continue  # that a month is all over tells of nobody
        if terms and all(v > 0 for v in terms.values()):
            if line[-1] < 5:
                raise AssertionError(f"{row['month']}: {sorted(terms)} is {line[-1]} of {c}")
        elif not terms and line[-1]:
            raise AssertionError(f"the numbers do not add up: {row}")
    if all(n in c for n in OUTCOMES) and "in_target" in c:
        if abs(sum(c[n] for n in OUTCOMES) - c["in_target"]) < 5:
            raise AssertionError(f"{row['month']}: contacted late, of {c}")
    over = [c[n] for n in ("left_employment", "no_contact_due") if n in c]
    if "closed" in c and c["closed"] < c["spells"] and c["closed"] - sum(over) < 5:
        raise AssertionError(f"{row['month']}: over and neither left nor back early, of {c}")


def reduced(matrix):
    """Reduced row echelon form."""
    rows, at = [list(r) for r in matrix], 0
    for col in range(len(matrix[0]) - 1):
        pivot = next((i for i in range(at, len(rows)) if rows[i][col]), None)
        if pivot is None:
            continue
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [v / rows[at][col] for v in rows[at]]
        for i, other in enumerate(rows):
            if i != at and other[col]:
                rows[i] = [v - other[col] * p for v, p in zip(other, rows[at])]
        at += 1
    return rows


def told_of(worlds):
    """A query of those worlds (arrays of seven) and what is published of each."""
    return (f"select w.c, report.shown(w.c || array_fill(0, array[9]), null, null, null)::text as told"
            f" from ({worlds}) w(c)")


@case
def knowing_how_it_is_done_does_not_help(w):
    """Every way in which few spells can fall into the seven classes, by what would be published of it: whatever is held
    back could be at least three different numbers, for somebody who knows the rules by heart."""
    begin(w)
    for first, rest in (("generate_series(0, 9)", 9), ("(values (6))", 11)):
        worlds = f"""
            with recursive world(c, rest) as (
                select array[i], {rest} - case when {rest} = 9 then i else 0 end from {first} f(i)
                union all
                select w.c || i, w.rest - i from world w cross join generate_series(0, {rest}) i
                where cardinality(w.c) < 6 and i <= w.rest
            )
            select w.c || w.rest from world w where cardinality(w.c) = 6"""
        equal(w.root.run(f"""
            select t.told, i, array_agg(distinct t.c[i]) from ({told_of(worlds)}) t cross join generate_series(1, 7) i
            group by 1, 2 having min(t.c[i]) < 5 and count(distinct t.c[i]) < 3 limit 1"""), [], f"of {rest}")


def shared(total, parts):
    """Every way to share a number out."""
    if parts == 1:
        yield (total,)
        return
    for i in range(total + 1):
        for more in shared(total - i, parts - 1):
            yield (i, *more)


@case
def nor_with_larger_numbers(w):
    """The same of many spells: what is shown is as it is, what is held back any way that comes to the same sum."""
    rng = random.Random(8)
    begin(w)
    tried = 0
    while tried < 40:
        c = [rng.choice((6, 30))] + [rng.choice((1, 4, 5, 5, 6, 7, 8, 20)) for _ in range(6)]
        hidden = [h == "t" for h in w.root.value(f"select report.hidden(array{c})").strip("{}").split(",")]
        at = [i for i in range(7) if hidden[i]]
        total = sum(c[i] for i in at)
        if not at or len(at) > 4 or total > 20:
            continue
        tried += 1
        worlds = []
        for values in shared(total, len(at)):
            world = list(c)
            for i, value in zip(at, values):
                world[i] = value
            worlds.append(f"(array{world})")
        found = w.root.run(f"with t as materialized ({told_of('values ' + ', '.join(worlds))})"
                           f" select t.c from t where t.told = (select x.told from t x where x.c = array{c})")
        for i in at:
            could_be = {row[0].strip("{}").split(",")[i] for row in found}
            if c[i] < 5 and len(could_be) < 3:
                raise AssertionError(f"{c}: the {i + 1}th can only be {could_be}")


# ---- what HR sends ----


@case
def absences_of_other_reasons_are_not_found_by_subtraction(w):
    """Records less the spells of the other report: 3 of another reason among 40, then 5."""
    rep = begin(w)
    put(w, (Spell(datetime.date(2026, 5, 1 + i), organisation="RW3") for i in range(25)))
    put(w, (Spell(datetime.date(2026, 5, 1 + i), "stress") for i in range(12)))
    other = ["('RW3', 'O-{0}', '/hr', 'O-{0}', 1, 1, '2026-05-02', '2026-05-02', null, false, 2, 0, null, 1, 1, false,"
             " '2026-05-02T09:00Z', '2026-05-02T09:00Z')".format(i) for i in range(5)]
    records(w, other[:3])
    equal([row["records"] for row in quality(rep, "2026-05-01", "2026-05-01", "RW3")], [None])
    records(w, other[3:])
    equal([row["records"] for row in quality(rep, "2026-05-01", "2026-05-01", "RW3")], [42])


@case
def the_quality_of_what_came(w):
    rep = begin(w)
    day = "2026-05-02"
    rows = []
    for i in range(60):
        match, code = (0, "null") if i < 7 else (1, "'S99'") if i < 13 else (2, "null")
        first = "2026-05-05" if i >= 50 else day
        rows.append(f"('RW3', 'Q-{i}', '/hr', 'Q-{i}', 1, 1, '{first}', '{day}', null, false, {match},"
                    f" {1 if match == 1 else 0}, {code}, 1, 1, false, '{day}T09:00Z', '{day}T09:00Z')")
        # 32 were asked for a reason, of whom 6 gave it by day 4, 13 later and 13 not.
        taken_back = "null" if i < 13 else "'2026-05-06T12:00Z'" if i < 19 else "'2026-05-07T12:00Z'"
        if i < 32:
            w.root.run("insert into followup.emitted (organisation, person_id, subject, kind, occurrence, nth, topic,"
                       " happens_at, occurs_on, late, data, emitted_at, withdrawn_at) values ('RW3',"
                       f" 'Q-{i}', 'pQ{i}', 'reason.missing', '2026-05-04', 1, 't', '2026-05-04T08:00Z', '2026-05-04',"
                       f" false, '{{\"absence_ids\":[\"Q-{i}\"]}}', '2026-05-04T08:00Z', {taken_back})")
    records(w, rows)
    for i, organisation in enumerate(["RW3"] * 5 + ["LV1"] * 4 + [None] * 6):
        w.root.run("insert into intake.dead_letter (topic, partition, \"offset\", reason, organisation, value, size,"
                   f" received_at) values ('t', 0, {i}, 'not_json', {quoted(organisation)}, '', 0,"
                   " '2026-05-09T12:00Z')")
    found = {row["organisation"]: row for row in quality(rep, "2026-05-01", "2026-05-31")}
    equal(found["RW3"], {
        "organisation": "RW3", "month": "2026-05", "records": 60, "without_reason": 13, "without_reason_percent": 21.7,
        "asked_for_reason": 32, "reason_by_day_4": 6, "reason_by_day_4_percent": 18.8, "backdated": 10,
        "backdated_percent": 16.7, "dead_letters": 5})
    equal((found["LV1"]["records"], found["LV1"]["dead_letters"]), (None, None))
    equal((found[None]["records"], found[None]["dead_letters"]), (None, 6))
