"""What the corpus is built of: plain messages, changes to them, and entries of the manifest."""
import json

STRUCTURED = [["content-type", "application/cloudevents+json; charset=UTF-8"]]
ABSENCE = "org.dayfour.absence.%s.v1"
PERSON = "org.dayfour.person.%s.v1"

entries = []
bodies = {}


def data(**changes):
    """A plain absence; a change to ... leaves the member out."""
    d = {
        "organisation": "RW3", "absence_id": "A-1001", "version": 1, "person_id": "P-77",
        "category": "sickness", "onset_date": "2026-09-07", "last_day": None,
        "reason": {"scheme": "esr", "code": "S12"},
    }
    d.update(changes)
    return {k: v for k, v in d.items() if v is not ...}


def leaver(**changes):
    d = {"organisation": "RW3", "person_id": "P-77", "on": "2026-09-30"}
    d.update(changes)
    return {k: v for k, v in d.items() if v is not ...}


def envelope(d, kind=ABSENCE % "opened", **changes):
    e = {"specversion": "1.0", "id": "e-1", "source": "/hr/RW3", "type": kind,
         "time": "2026-09-07T08:10:00Z", "datacontenttype": "application/json", "data": d}
    e.update(changes)
    return {k: v for k, v in e.items() if v is not ...}


def ce_headers(kind=ABSENCE % "opened", **changes):
    h = {"ce_specversion": "1.0", "ce_id": "e-1", "ce_source": "/hr/RW3", "ce_type": kind,
         "ce_time": "2026-09-07T08:10:00Z", "content-type": "application/json"}
    h.update(changes)
    return [[k, v] for k, v in h.items() if v is not ...]


def encode(value):
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value.encode("utf-8")


def put(name, why, body, verdict="accept", reason="", detail="", schema=None, headers=None,
        **more):
    assert name not in bodies, name
    bodies[name] = None if body is None else encode(body)
    headers = STRUCTURED if headers is None else headers
    named = {h[0] for h in headers}
    opening = next((h[1] for h in headers if h[0] == "content-type"), None) or ""
    binary = not opening.lower().startswith("application/cloudevents") \
        and "ce_specversion" in named
    if schema is None:
        schema = {"accept": "valid", "ignore": "valid", "reject": "invalid"}[verdict]
    entry = {"name": name, "file": None if body is None else name + ".msg",
             "mode": "binary" if binary else "structured", "headers": headers,
             "verdict": verdict, "reason": reason, "detail": detail, "schema": schema, "why": why}
    entry.update(more)
    entries.append(entry)


def accept(name, why, body, **more):
    put(name, why, body, **more)


def ignore(name, why, body, **more):
    put(name, why, body, "ignore", **more)


def reject(name, reason, detail, why, body, **more):
    put(name, why, body, "reject", reason, detail, **more)


def syntax(name, reason, why, body, detail="", **more):
    """What a schema never gets to see, or sees changed by its JSON parser."""
    reject(name, reason, detail, why, body, schema="cannot-say", **more)


def spliced(member, text, d=None):
    """The plain envelope with `text`, as it stands, for the value of one member of data."""
    d = dict(d or data())
    d[member] = "@@"
    return json.dumps(envelope(d), ensure_ascii=False, separators=(",", ":")).replace('"@@"', text)


def extra(text):
    """The plain envelope with an unknown member of data whose value is `text`."""
    return spliced("x", text)


def spliced_data(text):
    return json.dumps(data(x="@@"), separators=(",", ":")).replace('"@@"', text)
