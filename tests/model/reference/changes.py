"""Further things that happen to histories: corrections long after, new settings, new bank holidays."""
import copy
import datetime as dt

from dates import DAY, format_instant, parse_instant

CORRECTIONS = ("again", "cancelled", "shorter", "longer", "reason", "earlier", "moved", "note")


def late_messages(rng, messages, share):
    """(arrival, event) of records that are corrected when their periods may have settled."""
    newest = {}
    for arrival, event in messages:
        if "absence_id" in event["data"]:
            key = event["source"], event["data"]["absence_id"]
            if key not in newest or event["data"]["version"] > newest[key][1]["data"]["version"]:
                newest[key] = arrival, event
    found = []
    for arrival, event in newest.values():
        if rng.random() < share:
            later = arrival + dt.timedelta(days=rng.choice([100, 119, 121, 126, 150, 200, 260]))
            found.append((later, corrected(rng, event)))
    return found


def corrected(rng, event):
    event = copy.deepcopy(event)
    data, kind = event["data"], rng.choice(CORRECTIONS)
    event["id"] += "-late"
    data["version"] += 1
    onset = dt.date.fromisoformat(data["onset_date"])
    last = dt.date.fromisoformat(data.get("last_day") or data["onset_date"])
    if kind == "cancelled":
        event["type"] = "org.dayfour.absence.cancelled.v1"
    elif kind == "shorter":
        data["last_day"], data["open_ended"] = onset.isoformat(), False
    elif kind == "longer":
        data["last_day"] = (last + DAY * rng.choice([1, 7, 40])).isoformat()
    elif kind == "reason":
        data["reason"] = {"scheme": "esr", "code": rng.choice(["S12", "S10", "S13", "S99", "S17"])}
    elif kind == "earlier":
        data["onset_date"] = (onset - DAY * rng.choice([1, 8, 60])).isoformat()
    elif kind == "moved":
        data["person_id"] = "P-%d" % (int(data["person_id"][2:]) + 1)
    elif kind == "note":
        data["fit_note"] = {"from": data["onset_date"], "to": last.isoformat()}
    if kind != "cancelled":
        event["type"] = "org.dayfour.absence.amended.v1"
    return event


# --- what operators load

def codes(document, pathway):
    return next(rule for rule in document["pathways"][pathway]["codes"] if rule["scheme"] == "esr")


def give_away(document, pathway, code):
    """A pathway has a code less; ValueError: it is not there, or the last one."""
    match = codes(document, pathway)["match"]
    if match == [code]:
        raise ValueError("a list of codes is never empty")
    match.remove(code)


def move_code(document):
    """S11 becomes a matter of the other team."""
    give_away(document, "msk", "S11")
    codes(document, "stress")["match"].append("S11")


def widen(document):
    codes(document, "msk")["match"] += ["S28", "S13"]


def narrow(document):
    codes(document, "stress")["match"] = ["S24"]


def never(document):
    document["never"].append({"scheme": "esr", "match": ["S11"]})


def watch(document):
    document["watch"].append({"scheme": "esr", "match": ["S13", "S12"]})


def target(document):
    document["pathways"]["msk"]["contact_target_days"] = 2
    document["pathways"]["stress"]["contact_day_basis"] = "working"


def lengths(document):
    document["defaults"].update(join_days=2, link_days=28, follow_up_days=10, long_term_day=20,
                                long_term_approaching_day=15, review_days=[10, 30, 60])


def held_back(document):
    document["defaults"].update(off=["follow-up.due", "returned-to-work"], prompt_days=10)


def closed_days(document):
    document["defaults"].update(service_days=["tue", "sat"], closures=["2026-09-08", "2026-12-29"])


def another_pathway(document):
    """A pathway of its own for what was msk's."""
    give_away(document, "msk", "S12")
    document["pathways"]["backs"] = {
        "queue": "backs", "contact_target_days": 3, "contact_day_basis": "calendar",
        "onset_is_day": 0, "codes": [{"scheme": "esr", "match": ["S12"]}]}


def both(document):
    """Two teams claim one code."""
    codes(document, "stress")["match"].append("S12")
    codes(document, "stress")["review_first"] = ["S12"]


SETTINGS = (move_code, both, widen, narrow, never, watch, target, lengths, held_back,
            closed_days, another_pathway)


def loads(rng, document, calendar, first, last):
    """Input lines of one to three loads between two instants."""
    found, document, calendar = [], copy.deepcopy(document), copy.deepcopy(calendar)
    days = (last - first).days
    for number in range(rng.choice([1, 1, 2, 3])):
        at = first + dt.timedelta(days=rng.randrange(days), hours=rng.randrange(24), seconds=number)
        found.append(at)
    lines = []
    for at in sorted(found):
        line = {"at": format_instant(at)}
        if rng.random() < 0.75:
            change = rng.choice(SETTINGS)
            try:
                change(document)
            except ValueError:
                continue  # made already
            document["version"] = "%s-%d" % (change.__name__, len(lines))
            line["settings"] = copy.deepcopy(document)
        else:
            division = rng.choice(sorted(calendar))
            line["calendar"] = {division: another_holiday(rng, calendar[division], first, days)}
        lines.append(line)
    return lines


def another_holiday(rng, division, first, days):
    """The division's holidays with one or two more, or without some."""
    events = [event for event in division["events"] if rng.random() < 0.95]
    for _ in range(2):
        day = first.date() + DAY * rng.randrange(days)
        events.append({"title": "Invented holiday", "date": day.isoformat(), "notes": "",
                       "bunting": True})
    return {**division, "events": sorted(
        {event["date"]: event for event in events}.values(), key=lambda event: event["date"])}


def between(lines, more):
    """Both in the order of time; of the same instant the second's last."""
    keyed = [(parse_instant(line["at"]), n, line) for n, line in enumerate(lines + more)]
    return [line for _, _, line in sorted(keyed, key=lambda item: item[:2])]


def span(lines):
    instants = [parse_instant(line["at"]) for line in lines]
    return min(instants), max(instants)
