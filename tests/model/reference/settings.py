"""The settings document: defaults, organisations, pathways, and what holds in one organisation."""
import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path

import reasons
from dates import Calendar

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parent.parent.parent / "deploy" / "settings"
DEFAULTS = {
    "division": "england-and-wales", "time_zone": "Europe/London",
    "service_days": ["mon", "tue", "wed", "thu", "fri"], "closures": [], "live_from": None,
    "long_term_day": 28, "long_term_approaching_day": 21, "review_days": [42, 91],
    "link_days": 56, "join_days": 7, "follow_up_days": 14, "feed_silent_hours": 24,
    "prompt_days": 28, "settle_days": 120, "off": [], "ask_reasons": False,
}
IGNORED_CATEGORIES = ["%02d" % n for n in range(1, 18) if n != 8] + [
    "annual leave", "bank holiday", "time off in lieu", "maternity", "maternity leave", "paternity",
    "paternity leave", "adoption", "adoption leave", "parental leave", "shared parental leave",
    "study leave", "training", "special leave", "compassionate leave", "bereavement leave",
    "carer's leave", "carers leave", "disability leave", "unpaid leave", "career break",
    "suspension", "medical suspension", "jury service", "other leave"]
UNKNOWN_REASONS = [{"scheme": "esr", "match": ["S99"]}]
PATHWAY_DEFAULTS = {"contact_target_days": 4, "contact_day_basis": "calendar", "onset_is_day": 0,
                    "codes": []}


@dataclass(frozen=True)
class Pathway:
    name: str
    queue: str
    target_days: int
    working_basis: bool
    onset_is_day: int
    codes: list = field(hash=False, compare=False)

    def due_date(self, calendar, onset):
        steps = self.target_days - self.onset_is_day
        if self.working_basis:
            return calendar.step(onset, steps)
        return onset + dt.timedelta(days=steps)


def plain_category(text):
    """As categories are compared."""
    text = text.strip(reasons.BLANKS).casefold()
    return "0" + text if len(text) == 1 and text in "0123456789" else text


class Organisation:
    """Settings and calendar of one organisation."""

    def __init__(self, document, name, holidays):
        own = document.get("organisations", {}).get(name, {})
        values = {**DEFAULTS, **document.get("defaults", {}), **own}
        values["time_zone"] = document.get("defaults", {}).get(
            "time_zone", DEFAULTS["time_zone"])  # one zone for the whole installation
        for key in ("long_term_day", "long_term_approaching_day", "review_days", "link_days",
                    "join_days", "follow_up_days", "feed_silent_hours", "prompt_days",
                    "settle_days"):
            setattr(self, key, values[key])
        self.unmatched_days = document.get("retention", {}).get("unmatched_days", 120)
        self.name = name
        unasked = [] if values["ask_reasons"] else ["absence-reason.due"]
        self.off = frozenset([*values["off"], *unasked])
        self.live_from = dt.date.fromisoformat(values["live_from"]) if values["live_from"] else None
        self.calendar = Calendar(values["time_zone"], holidays.of(values["division"]),
                                 values["service_days"],
                                 [dt.date.fromisoformat(day) for day in values["closures"]])
        self.pathways = pathways(document.get("pathways", {}), own.get("pathways", {}))


def pathways(shared, own):
    merged = {}
    for name in {**shared, **own}:
        values = {**PATHWAY_DEFAULTS, **shared.get(name, {}), **(own.get(name) or {})}
        merged[name] = Pathway(name, values.get("queue"), values["contact_target_days"],
                               values["contact_day_basis"] == "working", values["onset_is_day"],
                               values["codes"])
    return merged


class Settings:
    def __init__(self, document, holidays):
        self.document = document
        self.holidays = holidays
        self.watch = document.get("watch", [])
        self.never = document.get("never", [])
        self.unknown_reasons = document.get("unknown_reasons", UNKNOWN_REASONS)
        self.sources = document.get("sources", {})
        self.ignored_categories = {plain_category(text) for text in document.get(
            "ignored_categories", IGNORED_CATEGORIES)}
        self._organisations = {}

    def of(self, organisation):
        if organisation not in self._organisations:
            self._organisations[organisation] = Organisation(
                self.document, organisation, self.holidays)
        return self._organisations[organisation]

    def source_allowed(self, source, organisation):
        if not self.sources:
            return True
        if source not in self.sources:
            return False
        return not self.sources[source] or organisation in self.sources[source]


def read_json(name):
    """A shipped settings file, or the copy kept with the tests while there is none."""
    shipped = SHIPPED / name
    path = shipped if shipped.exists() else HERE / "data" / name
    return json.loads(path.read_text(encoding="utf-8"))
