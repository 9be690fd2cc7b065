"""What a report should say, worked out from the definitions (`dayfour report --define`) and the table of spells in
tests/data/report, one spell at a time, in fractions. Knows nothing of the product's tables.

    python3 tests/e2e/report_by_hand.py    writes answers.csv and expected.csv beside the table
"""
import csv
import datetime
import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data" / "report"
TODAY = datetime.date(2026, 12, 7)
LIVE_FROM = {"LV1": datetime.date(2026, 9, 15)}
MONTHS = ("2026-09", "2026-10", "2026-11")
PATHWAY = {"S10": "stress", "S11": "msk", "S12": "msk"}
KINDS = ("in_target", "missed", "late_report", "reason_late", "opted_out", "left_employment", "no_contact_due")
OUTCOMES = ("fast_track_treatment", "self_management_advice", "onward_referral", "no_action_needed", "declined")
DAY = datetime.timedelta(1)


def table(name):
    with open(DATA / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def date(text):
    return datetime.date.fromisoformat(text) if text else None


def spells():
    """The rows of the table, those of one spell together."""
    found = {}
    for row in table("spells.csv"):
        found.setdefault(int(row["spell"]), []).append(row)
    return found


# ---- one spell ----


def end_of(row):
    """The last day of one record, or None: still off. A person who left is off until the last day of employment."""
    return date(row["left"]) or date(row["last_day"])


def days_off(rows):
    """{(assignment, day): FTE}: each day of an assignment once. A person who died is off until that day."""
    found = {}
    for row in rows:
        day = date(row["onset"])
        until = end_of(row) or date(rows[0]["died"]) or TODAY
        while day <= until:
            place = (row["assignment"], day)
            found[place] = max(found.get(place, 0), Fraction(row["fte"]))
            day += DAY
    return found


def answer(number, rows, relapses):
    """A spell by its rows; relapses: the spells that another follows within 56 days."""
    first = rows[0]
    onset = min(date(row["onset"]) for row in rows)
    ends = [end_of(row) for row in rows]
    last = None if None in ends else max(ends)
    notice = min(date(row["notice"]) for row in rows)
    due = onset + 4 * DAY
    contact, attempt = date(first["contact"]), date(first["attempt"])
    tries = [d for d in (attempt, contact) if d]
    known = last or date(first["died"]) or TODAY
    off = days_off(rows)
    pathway = PATHWAY.get(first["code"])
    live = LIVE_FROM.get(first["organisation"])
    why_not = ("cancelled" if first["cancelled"] else "no pathway" if pathway is None
               else "before live_from" if live and onset < live else "")
    found = {
        "spell": number, "organisation": first["organisation"], "pathway": pathway or "",
        "month": onset.isoformat()[:7], "left_out": why_not, "onset": onset, "due": due,
        "kind": "" if why_not else kind(first, onset, due, last, notice, contact, tries),
        "attempted_in_target": bool(tries) and min(tries) <= due,
        "days_to_contact": (contact - onset).days if contact else None,
        "notice_to_contact": max(0, (contact - notice).days) if contact else None,
        "report_lag": max(0, (notice - onset).days),
        "days_off": (known - onset).days + 1,
        "returned": last is not None and not first["left"],
        "closed": last is not None,
        "relapsed": number in relapses,
        "long_term": (known - onset).days + 1 >= 28,
        "outcome": first["outcome"]}
    for month in MONTHS:
        found["fte_" + month] = sum((fte for (_, day), fte in off.items() if day.isoformat()[:7] == month), Fraction(0))
    return found


def kind(row, onset, due, last, notice, contact, tries):
    """In target, or the first of the reasons that fits why not."""
    tried = bool(tries) and min(tries) <= due
    if contact and contact <= due:
        return "in_target"
    if notice > due and not tried:
        return "late_report"
    if row["opted_out"] and not contact:
        return "opted_out"
    if (row["left"] or row["died"]) and not contact:
        return "left_employment"
    if not contact and ((last and last < due) or (last is None and due >= TODAY)):
        return "no_contact_due"
    if row["first_code"] and date(row["amended"]) > due and not tried:
        return "reason_late"
    assert onset <= due
    return "missed"


def answers():
    all_rows = spells()
    relapses = set()
    for number, rows in all_rows.items():
        for other, later in all_rows.items():
            same = rows[0]["person"] == later[0]["person"] and PATHWAY.get(rows[0]["code"]) == PATHWAY.get(
                later[0]["code"])
            last = end_of(rows[0])
            if other > number and same and last and 0 <= (date(later[0]["onset"]) - last).days - 1 <= 56:
                relapses.add(number)
    return [answer(number, rows, relapses) for number, rows in all_rows.items()]


# ---- a month of a pathway ----


def nth(values, share):
    """The smallest value that at least this share of them do not exceed."""
    values = sorted(values)
    return values[math.ceil(share * len(values)) - 1] if values else None


def kaplan_meier(mine):
    """The first day after which at most half are still off."""
    still = Fraction(1)
    for day in sorted({a["days_off"] for a in mine}):
        at_risk = sum(a["days_off"] >= day for a in mine)
        still *= 1 - Fraction(sum(a["days_off"] == day and a["returned"] for a in mine), at_risk)
        if still <= Fraction(1, 2):
            return day
    return None


def percent(part, whole):
    """Rounded to one decimal, half up."""
    return Decimal(math.floor(Fraction(1000 * part, whole) + Fraction(1, 2))).scaleb(-1) if whole else None


def decimal(value):
    """Exactly; what is not a decimal fraction has no place here."""
    found = Decimal(value.numerator) / Decimal(value.denominator)
    assert Fraction(found) == value
    return found.normalize() + 0


def cell(everybody, organisation, pathway, month):
    """Every measure of it, exactly, nothing held back."""
    of_pathway = [a for a in everybody if (a["organisation"], a["pathway"]) == (organisation, pathway)
                  and not a["left_out"]]
    mine = [a for a in of_pathway if a["month"] == month]
    count = {name: sum(a["kind"] == name for a in mine) for name in KINDS}
    closed = sum(a["closed"] for a in mine)
    relapsed = sum(a["closed"] and a["relapsed"] for a in mine)
    long_term = sum(a["long_term"] for a in mine)
    attempted = sum(a["attempted_in_target"] for a in mine)
    achievable = count["in_target"] + count["missed"]
    days = [a["days_to_contact"] for a in mine if a["days_to_contact"] is not None]
    notice = [a["notice_to_contact"] for a in mine if a["notice_to_contact"] is not None]
    lag = [a["report_lag"] for a in mine]
    half, most = Fraction(1, 2), Fraction(9, 10)
    found = {
        "spells": len(mine), "in_target": count["in_target"],
        "in_target_raw_percent": percent(count["in_target"], len(mine)),
        "achievable": achievable, "in_target_achievable_percent": percent(count["in_target"], achievable),
        **{name: count[name] for name in KINDS[1:]},
        "attempted_in_target": attempted, "attempted_percent": percent(attempted, len(mine)),
        "days_to_contact_median": nth(days, half), "days_to_contact_p90": nth(days, most),
        "notice_to_contact_median": nth(notice, half), "notice_to_contact_p90": nth(notice, most),
        "report_lag_median": nth(lag, half), "report_lag_p90": nth(lag, most),
        "fte_days_lost": decimal(sum((a["fte_" + month] for a in of_pathway), Fraction(0))),
        "duration_median": kaplan_meier(mine),
        "closed": closed, "long_term": long_term, "long_term_percent": percent(long_term, len(mine)),
        "relapsed": relapsed, "relapse_percent": percent(relapsed, closed)}
    for name in OUTCOMES:
        found[name] = sum(a["outcome"] == name and a["kind"] in KINDS[:4] for a in mine)
    return found


def cells(everybody):
    for organisation, pathway in (("LV1", "msk"), ("RW3", "msk"), ("RW3", "stress")):
        for month in MONTHS:
            yield organisation, pathway, month, cell(everybody, organisation, pathway, month)


# ---- what HR sent ----


def quality(organisation, month):
    """The records of it, those of no spell among them. Without a reason for two days, they were asked about."""
    rows = [r for r in table("spells.csv") + table("others.csv")
            if r["organisation"] == organisation and not r.get("cancelled")]
    mine = [r for r in rows if r["onset"].startswith(month)
            and date(r["onset"]) >= LIVE_FROM.get(organisation, date(r["onset"]))]
    unknown = ("S98", "S99", "none")
    asked = [r for r in mine if (r["first_code"] or r["code"]) in unknown
             and (not r["last_day"] or date(r["last_day"]) >= date(r["onset"]) + 2 * DAY)]
    in_time = sum(r["code"] not in unknown and date(r["amended"]) <= date(r["onset"]) + 4 * DAY for r in asked)
    without = sum(r["code"] in unknown for r in mine)
    backdated = sum(bool(r["first_onset"]) and r["first_onset"] > r["onset"] for r in mine)
    return {"records": len(mine), "without_reason": without, "without_reason_percent": percent(without, len(mine)),
            "asked_for_reason": len(asked), "reason_by_day_4": in_time,
            "reason_by_day_4_percent": percent(in_time, len(asked)),
            "backdated": backdated, "backdated_percent": percent(backdated, len(mine))}


# ---- files ----


def text(value):
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, Fraction):
        return f"{decimal(value):f}"
    return "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def answer_lines():
    found = answers()
    return [list(found[0])] + [[text(v) for v in a.values()] for a in found]


def expected_lines():
    lines = [["organisation", "pathway", "month", "measure", "value"]]
    for organisation, pathway, month, values in cells(answers()):
        lines += [[organisation, pathway, month, name, text(v)] for name, v in values.items()]
    for organisation, month in (("LV1", "2026-09"), ("RW3", "2026-09"), ("RW3", "2026-10")):
        lines += [[organisation, "", month, name, text(v)] for name, v in quality(organisation, month).items()]
    return lines


def main():
    for name, lines in (("answers.csv", answer_lines()), ("expected.csv", expected_lines())):
        with open(DATA / name, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(lines)


if __name__ == "__main__":
    main()
