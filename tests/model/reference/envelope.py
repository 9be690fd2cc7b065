"""From a Kafka message to an absence event or a person event, or ignored, or rejected.

The checks run in one fixed order and the first failure names the reason; `detail` is the path at
fault and never a value.
"""
import base64
import binascii
import datetime as dt
import re
from dataclasses import dataclass, field

import dates
import jsonscan
import reasons
from settings import plain_category

MAX_BYTES = 262144
PREFIX = "org.dayfour."
ABSENCE_TYPES = {PREFIX + "absence." + name + ".v1": name
                 for name in ("opened", "amended", "closed", "cancelled")}
PERSON_TYPES = {PREFIX + "person." + name + ".v1": name
                for name in ("left", "died", "opted-out", "opted-in")}
HEARTBEAT = PREFIX + "feed.heartbeat.v1"
NAMESPACES = tuple(PREFIX + name for name in ("absence.", "person.", "feed."))
INVISIBLE = reasons.BLANKS + "\u200b\u2060\ufeff"
DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
INTEGER = re.compile(r"[1-9][0-9]*", re.ASCII)
MAX_VERSION = 2 ** 53 - 1
CHANNELS = ("phone", "email", "text", "letter")
CONTACT_TEXTS = ("name", "phone", "email", "language", "preferred_time")


class Reject(Exception):
    def __init__(self, reason, detail=""):
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class Ignore(Exception):
    """A type or category that is none of our business."""


class Other(Ignore):
    """A category that is passed over: args[0] is a NotSickness, or None."""


@dataclass
class AbsenceEvent:
    organisation: str
    source: str
    absence_id: str
    version: int
    person_id: str
    onset: dt.date
    cancelled: bool
    assignment_id: str = None
    last_day: dt.date = None
    open_ended: bool = False
    expected_return: dt.date = None
    scheme: str = None
    code: str = None
    fte: str = "1"
    contact: dict = field(default_factory=dict)
    site: str = None
    staff_group: str = None
    recorded_at: dt.datetime = None
    has_fit_note: bool = False
    fit_note_from: dt.date = None
    fit_note_to: dt.date = None
    phased_from: dt.date = None


@dataclass
class PersonEvent:
    organisation: str
    source: str
    person_id: str
    kind: str
    on: dt.date
    time: dt.datetime
    id: str


@dataclass
class NotSickness:
    """A record of a category that is passed over; it matters to one that is stored."""
    organisation: str
    source: str
    absence_id: str
    version: int


@dataclass
class Heartbeat:
    organisation: str
    source: str
    as_of: dt.datetime
    records: int = None
    sent: int = None
    rejected: int = None


def decode(headers, value, settings, max_bytes=MAX_BYTES):
    """The event of a message; raises Reject or Ignore."""
    document = parse(value, max_bytes)
    attributes, prefix = envelope(headers, document)
    fault = None
    try:
        check_cloudevent(attributes, prefix)
        if not attributes["type"].startswith(NAMESPACES):
            raise Ignore("type")
    except Reject as reject:
        fault = reject
    if not prefix:
        attributes = unwrapped(attributes)
    if fault:
        raise fault
    kind = attributes["type"]
    reader = Reader(attributes, prefix)
    if kind in ABSENCE_TYPES:
        reader.category(settings)
        event = reader.absence(ABSENCE_TYPES[kind])
    elif kind in PERSON_TYPES:
        event = reader.person(PERSON_TYPES[kind])
    elif kind == HEARTBEAT:
        event = reader.heartbeat()
    else:
        raise Reject("unknown_type", prefix + "type")
    if not settings.source_allowed(event.source, event.organisation):
        raise Reject("source_not_allowed", prefix + "source")
    return event


def parse(value, max_bytes):
    if not value:
        raise Reject("no_value")
    if len(value) > max_bytes:
        raise Reject("too_large")
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise Reject("not_utf8") from None
    try:
        document, bad_text_path = jsonscan.scan(text)
    except jsonscan.Fault as fault:
        raise Reject(fault.args[0]) from None
    return document, bad_text_path


def envelope(headers, document):
    """(attributes with data, prefix of their names): structured mode, or binary by its headers."""
    value, bad_text_path = document
    last = {name: text for name, text in headers if text is not None}
    structured = ascii_lower(last.get("content-type", "")).startswith("application/cloudevents")
    binary = not structured and "ce_specversion" in last
    if bad_text_path is not None:
        raise Reject("bad_field", ".".join(filter(None, ["data" if binary else "", bad_text_path])))
    if binary:
        attributes = {name[3:]: text for name, text in last.items() if name.startswith("ce_")}
        attributes["data"] = value
        return attributes, "ce_"
    if not isinstance(value, dict):
        raise Reject("not_cloudevent")
    return value, ""


def unwrapped(attributes):
    """The attributes with what data_base64 holds for their data."""
    text = attributes.get("data_base64")
    if text is None:
        return attributes
    if not isinstance(text, str) or attributes.get("data") is not None:
        raise Reject("bad_field", "data_base64")
    try:
        if not text.isascii():
            raise ValueError("not base64")
        body = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Reject("bad_field", "data_base64") from None
    try:
        value, bad_text_path = jsonscan.scan(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise Reject("not_utf8", "data_base64") from None
    except jsonscan.Fault as fault:
        raise Reject(fault.args[0], "data_base64") from None
    if bad_text_path is not None:
        raise Reject("bad_field", "data_base64")
    return {**attributes, "data": value}


def check_cloudevent(attributes, prefix):
    if attributes.get("specversion") != "1.0":
        raise Reject("not_cloudevent", prefix + "specversion")
    for name in ("id", "source", "type"):
        text = attributes.get(name)
        if not isinstance(text, str) or not text:
            raise Reject("not_cloudevent", prefix + name)
    if prefix and not isinstance(attributes.get("data"), dict):
        raise Reject("not_cloudevent")


def ascii_lower(text):
    return "".join(char.lower() if char.isascii() else char for char in text)


class Reader:
    """Takes the known members out of an event: first all that must be there, then each type."""

    def __init__(self, attributes, prefix):
        self.attributes = attributes
        self.prefix = prefix
        self.data = attributes.get("data")

    # --- shapes

    def require(self, *names):
        if self.data is None:
            raise Reject("missing_field", "data")
        if not isinstance(self.data, dict):
            raise Reject("bad_field", "data")
        for name in names:
            if self.data.get(name) is None:
                raise Reject("missing_field", "data." + name)

    def typed(self, holder, path, name, check):
        value = holder.get(name)
        if value is None:
            return None
        try:
            return check(value)
        except ValueError:
            raise Reject("bad_field", path + name) from None

    def get(self, name, check):
        return self.typed(self.data, "data.", name, check)

    def part(self, name):
        return self.get(name, as_object) or {}

    def identity(self):
        """The CloudEvents attributes that we store."""
        self.typed(self.attributes, self.prefix, "id", as_event_id)
        self.typed(self.attributes, self.prefix, "source", as_id)
        self.typed(self.attributes, self.prefix, "time", as_text)

    # --- events

    def category(self, settings):
        """Continues for a sickness absence, and where absence() must name the fault."""
        category = self.data.get("category") if isinstance(self.data, dict) else None
        if not isinstance(category, str):
            return
        plain = plain_category(category)
        if not plain:
            self.data = {**self.data, "category": None}
        elif plain in settings.ignored_categories and plain not in ("sickness", "08"):
            raise Other(self.not_sickness(settings))
        elif plain not in ("sickness", "08"):
            raise Reject("unknown_category", "data.category")

    def not_sickness(self, settings):
        """None where that is all there is to know."""
        try:
            event = NotSickness(as_id(self.data.get("organisation")),
                                as_id(self.attributes["source"]),
                                as_id(self.data.get("absence_id")),
                                as_version(self.data.get("version")))
        except ValueError:
            return None
        return event if settings.source_allowed(event.source, event.organisation) else None

    def heartbeat(self):
        self.require("organisation", "as_of")
        self.identity()
        event = Heartbeat(self.get("organisation", as_id), self.attributes["source"],
                          self.get("as_of", as_instant))
        for name in ("records", "sent", "rejected"):
            setattr(event, name, self.get(name, as_count))
        return event

    def absence(self, kind):
        self.require("organisation", "absence_id", "version", "person_id", "category", "onset_date")
        self.identity()
        event = AbsenceEvent(
            organisation=self.get("organisation", as_id),
            source=self.attributes["source"],
            absence_id=self.get("absence_id", as_id),
            version=self.get("version", as_version),
            person_id=self.get("person_id", as_id),
            onset=None,
            cancelled=kind == "cancelled")
        event.assignment_id = self.get("assignment_id", as_id)
        self.get("category", as_text)
        event.onset = self.get("onset_date", as_date)
        event.last_day = self.get("last_day", as_date)
        event.open_ended = bool(self.get("open_ended", as_bool))
        event.expected_return = self.get("expected_return", as_date)
        self.reason(event)
        event.fte = self.get("fte", as_fte) or "1"
        self.contact(event)
        self.fit_note(event)
        event.phased_from = self.get("phased_return_from", as_date)
        event.site = cut(self.get("site", as_text), 100)
        event.staff_group = cut(self.get("staff_group", as_text), 100)
        event.contact["job"] = cut(self.get("job", as_text), 100)
        event.recorded_at = self.get("recorded_at", as_instant)
        if event.code is not None and event.scheme is None:
            raise Reject("missing_scheme", "data.reason.scheme")
        if event.last_day is not None and event.last_day < event.onset:
            raise Reject("last_day_before_onset", "data.last_day")
        return event

    def reason(self, event):
        part = self.part("reason")
        scheme = self.typed(part, "data.reason.", "scheme", as_text)
        code = self.typed(part, "data.reason.", "code", as_text)
        if code is None or not code.strip(reasons.BLANKS):
            return  # no code: nothing to match, whatever the scheme says
        if scheme is not None and scheme not in reasons.SCHEMES:
            raise Reject("bad_field", "data.reason.scheme")
        event.scheme, event.code = scheme, code

    def contact(self, event):
        part = self.part("contact")
        for name in CONTACT_TEXTS:
            event.contact[name] = self.typed(part, "data.contact.", name, as_text)
        event.contact["voicemail"] = self.typed(part, "data.contact.", "voicemail", as_bool)
        channel = self.typed(part, "data.contact.", "channel", as_text)
        event.contact["channel"] = channel if channel in CHANNELS else None
        event.contact["needs"] = cut(self.typed(part, "data.contact.", "needs", as_text), 200)
        event.contact["date_of_birth"] = self.typed(part, "data.contact.", "date_of_birth", as_date)

    def fit_note(self, event):
        part = self.part("fit_note")
        event.fit_note_from = start = self.typed(part, "data.fit_note.", "from", as_date)
        event.fit_note_to = self.typed(part, "data.fit_note.", "to", as_date)
        event.has_fit_note = start is not None or event.fit_note_to is not None

    def person(self, kind):
        self.require("organisation", "person_id")
        if "on" not in self.data:
            raise Reject("missing_field", "data.on")
        if self.attributes.get("time") is None:
            raise Reject("missing_field", self.prefix + "time")
        self.identity()
        time = self.typed(self.attributes, self.prefix, "time", as_instant)
        event = PersonEvent(
            organisation=self.get("organisation", as_id),
            source=self.attributes["source"],
            person_id=self.get("person_id", as_id),
            kind=kind,
            on=self.get("on", as_date),
            time=time,
            id=self.attributes["id"])
        if event.on is None and kind.startswith("opted"):
            raise Reject("bad_field", "data.on")
        return event


# --- the types of members; each gives the value or raises ValueError

def cut(text, size):
    """At most so many bytes, cut at a character; an empty text is not given."""
    if not text:
        return None
    return text.encode()[:size].decode(errors="ignore")


def as_text(value):
    if not isinstance(value, str):
        raise ValueError("not a string")
    return value


def as_id(value):
    if not 1 <= len(as_text(value).encode("utf-8")) <= 100:
        raise ValueError("length")
    return as_trimmed(value)


def as_trimmed(value):
    if value.strip(INVISIBLE) != value:
        raise ValueError("something around it")
    return value


def as_event_id(value):
    if not 1 <= len(as_text(value).encode("utf-8")) <= 1024:
        raise ValueError("length")
    return as_trimmed(value)


def as_object(value):
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def as_bool(value):
    if not isinstance(value, bool):
        raise ValueError("not a boolean")
    return value


def as_date(value):
    return dates.parse_date(as_text(value))


def as_instant(value):
    return dates.parse_instant(as_text(value))


def as_version(value):
    if not isinstance(value, jsonscan.Num) or not INTEGER.fullmatch(value.text):
        raise ValueError("not a version")
    if len(value.text) > 16 or int(value.text) > MAX_VERSION:
        raise ValueError("out of range")
    return int(value.text)


def as_count(value):
    if isinstance(value, jsonscan.Num) and value.text == "0":
        return 0
    return as_version(value)


def as_fte(value):
    text = value.text if isinstance(value, jsonscan.Num) else as_text(value)
    if not isinstance(value, jsonscan.Num) and not DECIMAL.fullmatch(text):
        raise ValueError("not a decimal")
    if not 0 <= float(text) <= 1:
        raise ValueError("out of range")
    return text
