"""Messages judged by what they say: the envelope, what is ignored, what is missing."""
import base64
import json

from .corpus import (ABSENCE, PERSON, STRUCTURED, accept, ce_headers, data, encode, envelope,
                     ignore, leaver, reject, spliced_data)


def good_messages():
    for kind in ("opened", "amended", "closed", "cancelled"):
        accept("absence-" + kind, "every kind carries the whole record",
               envelope(data(), ABSENCE % kind))
        accept("absence-%s-binary" % kind, "the same in binary mode", data(),
               headers=ce_headers(ABSENCE % kind))
    full = data(
        assignment_id="P-77-1", open_ended=False, expected_return="2026-09-21", fte="0.60000",
        contact={"name": "Test Person 00077", "phone": "07700 900077",
                 "email": "test.person.00077@example.invalid", "language": "en",
                 "preferred_time": "mornings", "voicemail": True},
        fit_note={"from": "2026-09-14", "to": "2026-09-28"}, phased_return_from="2026-09-21",
        site="Site 3", staff_group="Staff group 4", job="Job 5", recorded_at="2026-09-07T07:55:00Z")
    full["contact"].update(channel="phone", needs="a text", date_of_birth="1984-03-04")
    accept("absence-all-members", "nothing left out", envelope(full))
    bare = {k: full[k] for k in ("organisation", "absence_id", "version", "person_id",
                                 "category", "onset_date")}
    accept("absence-required-only", "what is not required may be missing", envelope(bare))
    nulls = {k: None for k in full if k not in bare}
    accept("absence-nulls", "null is absent", envelope({**bare, **nulls}))
    inner = {"reason": {"scheme": None, "code": None}, "fit_note": {"from": None, "to": None},
             "contact": {k: None for k in full["contact"]}}
    accept("absence-inner-nulls", "null is absent inside objects too", envelope({**bare, **inner}))
    accept("absence-empty-objects", "objects without members",
           envelope({**bare, "reason": {}, "contact": {}, "fit_note": {}}))
    accept("unknown-members", "unknown members anywhere are ignored, whatever their type",
           envelope(data(Version="x", ward={"deep": [1, {"n": None}]}, contact={"fax": 7},
                         fit_note={"signed_by": []}), traceparent="00-0-0-00", x=[[]]))
    accept("blanks-around", "JSON's own blanks around and between tokens",
           " \t\r\n" + json.dumps(envelope(data()), indent=1) + " \t\r\n")
    accept("escapes", "escaped member names and values are the same names and values",
           json.dumps(envelope(data()), separators=(",", ":")).replace(
               "absence_id", "\\u0061bsence\\u005fid").replace("P-77", "P\\u002d77"))
    accept("no-headers-at-all", "neither header: structured", envelope(data()), headers=[])
    accept("absence-no-time", "time is not required of absences", envelope(data(), time=...))
    accept("time-null", "null is absent", envelope(data(), time=None))
    accept("closed-one-day", "last day on the day of onset",
           envelope(data(last_day="2026-09-07"), ABSENCE % "closed"))
    accept("cancelled-closed", "a cancelled record keeps its dates",
           envelope(data(last_day="2026-09-09", version=3), ABSENCE % "cancelled"))
    accept("expected-return-before-onset", "no rule orders these two",
           envelope(data(expected_return="2026-09-01")))


def modes():
    accept("content-type-upper-case", "the value of content-type in any case", envelope(data()),
           headers=[["content-type", "APPLICATION/CloudEvents+JSON"]])
    accept("content-type-bare", "it needs only to begin so", envelope(data()),
           headers=[["content-type", "application/cloudevents"]])
    accept("content-type-other-no-ce", "no ce_specversion: structured", envelope(data()),
           headers=[["content-type", "application/json"]])
    accept("content-type-wins", "application/cloudevents beats ce_ headers, which are not read",
           envelope(data()), headers=STRUCTURED + [["ce_specversion", "0.3"], ["ce_type", "x"]])
    accept("binary-no-content-type", "ce_specversion alone makes it binary", data(),
           headers=ce_headers(**{"content-type": ...}))
    accept("binary-text-plain", "the value is read as JSON whatever content-type says", data(),
           headers=ce_headers(**{"content-type": "text/plain"}))
    accept("binary-unknown-headers", "other headers are ignored", data(),
           headers=ce_headers() + [["traceparent", "00-0-0-00"], ["ce_partitionkey", "k"],
                                   ["x-empty", None], ["x-bytes", {"b64": "/wA="}]])
    accept("binary-no-time", "time is not required of absences", data(),
           headers=ce_headers(ce_time=...))
    accept("binary-envelope-members", "in binary mode type in the data is an unknown member",
           data(type="x", specversion="0.3", source=7), headers=ce_headers())
    accept("datacontenttype-charset", "parameters are fine",
           envelope(data(), datacontenttype="application/json; charset=utf-8"))
    accept("datacontenttype-missing", "not required", envelope(data(), datacontenttype=...))
    reject("content-type-batch", "not_cloudevent", "", "a batch is structured by its content-type, "
           "and no object", [envelope(data())],
           headers=[["content-type", "application/cloudevents-batch+json"]])
    reject("binary-envelope-in-value", "missing_field", "data.organisation",
           "binary by its headers, so the value is the data and the envelope is not looked for",
           envelope(data()), headers=ce_headers())
    reject("structured-data-only", "not_cloudevent", "specversion",
           "data alone without headers", data(), headers=[])


def not_cloudevents():
    for name, body in (("array", "[]"), ("null", "null"), ("number", "7"), ("string", '"x"'),
                       ("true", "true")):
        reject("lone-" + name, "not_cloudevent", "", "good JSON, but no object", body)
    reject("lone-array-binary", "not_cloudevent", "", "no object in binary mode", "[]",
           headers=ce_headers())
    reject("empty-object", "not_cloudevent", "specversion", "no attribute at all", "{}")
    for a in ("specversion", "id", "source", "type"):
        reject("%s-missing" % a, "not_cloudevent", a, "required", envelope(data(), **{a: ...}))
        reject("%s-null" % a, "not_cloudevent", a, "null is absent", envelope(data(), **{a: None}))
        reject("%s-empty" % a, "not_cloudevent", a, "empty", envelope(data(), **{a: ""}))
        reject("%s-number" % a, "not_cloudevent", a, "not a string",
               envelope(data(), **{a: 1.0}))
        h = "ce_" + a
        if a != "specversion":
            reject("binary-%s-missing" % a, "not_cloudevent", h, "required in binary mode",
                   data(), headers=ce_headers(**{h: ...}))
        reject("binary-%s-empty" % a, "not_cloudevent", h, "empty in binary mode", data(),
               headers=ce_headers(**{h: ""}))
    reject("binary-type-null", "not_cloudevent", "ce_type", "a header without a value", data(),
           headers=ce_headers(ce_type=None))
    for v in ("0.3", "1", "1.0.2", "1.1", " 1.0"):
        reject("specversion-" + v.strip().replace(".", "-") + ("-blank" if v[0] == " " else ""),
               "not_cloudevent", "specversion", "only 1.0 will do",
               envelope(data(), specversion=v))
    reject("binary-specversion-0-3", "not_cloudevent", "ce_specversion", "only 1.0 will do",
           data(), headers=ce_headers(ce_specversion="0.3"))
    reject("unknown-type-no-id", "not_cloudevent", "id", "an event of another type is still one",
           envelope(data(), "org.example.other.v1", id=...))
    reject("other-category-no-source", "not_cloudevent", "source", "before the category",
           envelope(data(category="maternity"), source=...))


def ignored():
    for name, kind in (("other", "org.example.other.v1"),
                       ("upper-case", (ABSENCE % "opened").upper()),
                       ("capitals", "org.dayfour.Absence.Opened.v1"), ("word", "opened"),
                       ("ours", "org.dayfour.contact.overdue.v1"),
                       ("no-dot", "org.dayfour.absences.v1")):
        ignore("type-" + name, "of another namespace", envelope(data(), kind))
    ignore("type-other-binary", "in binary mode", data(), headers=ce_headers("org.example.o.v1"))
    ignore("type-other-no-data", "nothing more is looked at",
           envelope(..., "org.example.other.v1"))
    ignore("type-other-bad-data", "nothing more is looked at",
           envelope([1], "org.example.other.v1", time=7))
    ignore("type-other-base64", "somebody else's bytes are not looked at",
           envelope(..., "org.example.other.v1", data_base64="/wA="))
    for c in ("maternity", "15", "7", "07", "disability leave", "carer's leave", "Annual Leave"):
        ignore("category-" + c.lower().replace(" ", "-").replace("'", ""),
               "a category that is passed over", envelope(data(category=c)))
    ignore("category-other-blank", "trimmed of every Unicode space",
           envelope(data(category="\u2003 Maternity\u00a0\t")))
    ignore("category-other-binary", "in binary mode", data(category="maternity"),
           headers=ce_headers())
    ignore("category-other-esr", "S12 under disability leave", envelope(data(category="15")))
    ignore("category-other-missing-fields", "the rest of the record is not looked at",
           envelope({"category": "maternity"}))
    ignore("category-other-bad-fields", "the rest of the record is not looked at",
           envelope(data(category="maternity", version="x", onset_date="2026-02-30")))
    ignore("category-other-cancelled", "of every kind of event",
           envelope(data(category="paternity"), ABSENCE % "cancelled"))
    for name, c in (("08", "08"), ("capitals", "SICKNESS"), ("capitalised", "Sickness"),
                    ("mixed", "sickNESS"), ("8", "8"), ("blank-after", "sickness "),
                    ("spaces", "\u2003Sickness\u00a0"), ("8-blank", " 8\t")):
        accept("category-" + name, "sickness, however written", envelope(data(category=c)))
    own = {"settings": "../settings/good/ignored-categories.json"}
    ignore("category-own", "one of the settings' own list", envelope(data(category="TRAVEL Leave ")),
           **own)
    ignore("category-own-digit", "a single digit has a leading zero", envelope(data(category="3")),
           **own)
    reject("category-own-shipped", "unknown_category", "data.category",
           "a list of one's own stands instead of the shipped one",
           envelope(data(category="maternity")), schema="cannot-say", **own)
    accept("category-own-sickness", "sickness is taken whatever the list", envelope(data()), **own)


def unknown():
    for name, kind in (("v2", ABSENCE[:-1] % "opened" + "2"), ("updated", ABSENCE % "updated"),
                       ("prefix", ABSENCE % "opened" + ".x"), ("blank", ABSENCE % "opened" + " "),
                       ("person", PERSON % "moved"), ("feed", "org.dayfour.feed.silent.v1"),
                       ("namespace-alone", "org.dayfour.absence.")):
        reject("unknown-type-" + name, "unknown_type", "type", "of our namespaces, and none of ours",
               envelope(data(), kind))
    reject("unknown-type-binary", "unknown_type", "ce_type", "in binary mode", data(),
           headers=ce_headers(ABSENCE % "updated"))
    reject("unknown-type-no-data", "unknown_type", "type", "before the data is looked at",
           envelope(..., ABSENCE % "updated"))
    reject("unknown-type-category", "unknown_type", "type", "before the category",
           envelope(data(category="maternity"), ABSENCE % "updated"))
    for c in ("sick", "S", "sickness leave", "disability", "18", "008", "88", "sick\u200bness",
              "x" * 200):
        reject("unknown-category-" + "".join(x if x.isascii() and x.isalnum() else "-" for x in c)[:20],
               "unknown_category", "data.category", "neither sickness nor passed over",
               envelope(data(category=c)), schema="cannot-say")
    reject("unknown-category-binary", "unknown_category", "data.category", "in binary mode",
           data(category="sick"), headers=ce_headers(), schema="cannot-say")
    reject("unknown-category-missing-fields", "unknown_category", "data.category",
           "before what is missing", envelope({"category": "sick"}), schema="cannot-say")
    reject("unknown-category-bad-fields", "unknown_category", "data.category",
           "before what is bad", envelope(data(category="sick", version="x"), id="i" * 1025), schema="cannot-say")
    reject("unknown-category-cancelled", "unknown_category", "data.category", "of every kind",
           envelope(data(category="sick"), ABSENCE % "cancelled"),
           schema="cannot-say")
    for name, c in (("empty", ""), ("blank", " "), ("spaces", "\u2003\u00a0\u3000")):
        reject("category-only-" + name, "missing_field", "data.category",
               "nothing but white space is no category", envelope(data(category=c)))


def base64_data():
    def b64(body):
        return base64.b64encode(encode(body)).decode()

    def wrapped(body, kind=ABSENCE % "opened", **changes):
        return envelope(..., kind, data_base64=b64(body), **changes)

    accept("data-base64", "the data as base64", wrapped(data()))
    accept("data-base64-person", "of a person", wrapped(leaver(), PERSON % "left"))
    accept("data-base64-beside-null", "null is absent", envelope(None, data_base64=b64(data())))
    accept("data-base64-null", "null is absent", envelope(data(), data_base64=None))
    accept("data-base64-binary-member", "in binary mode an unknown member", data(data_base64=7),
           headers=ce_headers())
    ignore("data-base64-category", "a category that is passed over",
           wrapped(data(category="maternity")))
    accept("data-base64-depth", "nesting is counted from the start", wrapped(
        spliced_data("[" * 31 + "]" * 31)))
    for name, reason, body in (
            ("not-utf8", "not_utf8", b'{"site":"\xff"}'), ("not-json", "not_json", b"{"),
            ("empty", "not_json", b""), ("mark", "not_json", b"\xef\xbb\xbf{}"),
            ("too-deep", "too_deep", b"[" * 33), ("duplicate", "duplicate_key", b'{"a":1,"a":2}'),
            ("u0000", "bad_field", b'{"site":"\\u0000"}'), ("surrogate", "bad_field",
                                                           b'{"site":"\\ud800"}')):
        reject("data-base64-" + name, reason, "data_base64", "what it holds is scanned as strictly",
               wrapped(body), schema="cannot-say")
    reject("data-base64-beside-data", "bad_field", "data_base64", "one of the two",
           envelope(data(), data_base64=b64(data())))
    reject("data-base64-number", "bad_field", "data_base64", "a string", envelope(..., data_base64=7))
    text = b64(data()).rstrip("=")
    for name, t in (("unpadded", b64(data(site="x")).rstrip("=") if len(text) % 4 == 0 else text),
                    ("line-break", b64(data())[:76] + "\n" + b64(data())[76:]),
                    ("blank-before", " " + b64(data())[:-1]), ("url", "_" * 4), ("dash", "-" * 4),
                    ("padding-inside", "e=30"), ("padding-three", "e==="), ("word", "????")):
        reject("data-base64-" + name, "bad_field", "data_base64",
               "the standard alphabet, padded, and nothing else", envelope(..., data_base64=t),
               schema="cannot-say")
    reject("data-base64-holds-null", "missing_field", "data", "null is absent", wrapped("null"),
           schema="cannot-say")
    reject("data-base64-holds-list", "bad_field", "data", "not an object", wrapped("[]"),
           schema="cannot-say")
    reject("data-base64-member", "bad_field", "data.onset_date", "its members are the data's",
           wrapped(data(onset_date="2026-02-30")), schema="cannot-say")
    reject("data-base64-missing", "missing_field", "data.person_id", "its members are the data's",
           wrapped(data(person_id=...)), schema="cannot-say")


def heartbeats():
    k = "org.dayfour.feed.heartbeat.v1"

    def beat(**changes):
        d = {"organisation": "RW3", "as_of": "2026-09-07T06:00:00Z", "records": 60000, "sent": 300,
             "rejected": 0}
        d.update(changes)
        return {m: v for m, v in d.items() if v is not ...}

    accept("heartbeat", "a source is alive", envelope(beat(), k))
    accept("heartbeat-binary", "in binary mode", beat(), headers=ce_headers(k))
    accept("heartbeat-bare", "counts are not required",
           envelope(beat(records=..., sent=None, rejected=...), k, time=...))
    accept("heartbeat-offset", "a time with its offset",
           envelope(beat(as_of="2026-09-07T07:00:00.5+01:00"), k))
    for m in ("organisation", "as_of"):
        for name, v in (("no", ...), ("null", None)):
            reject("heartbeat-%s-%s" % (name, m.replace("_", "-")), "missing_field", "data." + m,
                   "required", envelope(beat(**{m: v}), k))
    for name, v in (("date", "2026-09-07"), ("number", 7), ("no-offset", "2026-09-07T06:00:00")):
        reject("heartbeat-as-of-" + name, "bad_field", "data.as_of", "RFC 3339 with its offset",
               envelope(beat(as_of=v), k))
    for m in ("records", "sent", "rejected"):
        for name, v in (("negative", -1), ("text", "1"), ("fraction", 1.5)):
            reject("heartbeat-%s-%s" % (m, name), "bad_field", "data." + m, "a whole number from 0",
                   envelope(beat(**{m: v}), k))
    reject("heartbeat-no-data", "missing_field", "data", "no data", envelope(..., k))
    reject("heartbeat-organisation-blank", "bad_field", "data.organisation", "nothing around it",
           envelope(beat(organisation="RW3 "), k))
    reject("heartbeat-source-not-allowed", "source_not_allowed", "source",
           "RW3's source speaks for RW3 alone", envelope(beat(organisation="SC1"), k),
           schema="cannot-say", settings="../settings/good/sources-bound.json")


def missing_fields():
    for m in ("organisation", "absence_id", "version", "person_id", "category", "onset_date"):
        reject("missing-" + m.replace("_", "-"), "missing_field", "data." + m, "required",
               envelope(data(**{m: ...})))
        reject("null-" + m.replace("_", "-"), "missing_field", "data." + m, "null is absent",
               envelope(data(**{m: None})))
    reject("missing-data", "missing_field", "data", "no data", envelope(...))
    reject("null-data", "missing_field", "data", "null is absent", envelope(None))
    reject("missing-binary", "missing_field", "data.person_id", "in binary mode",
           data(person_id=...), headers=ce_headers())
    reject("missing-cancelled", "missing_field", "data.onset_date",
           "a cancellation carries the whole record too",
           envelope(data(onset_date=...), ABSENCE % "cancelled"))
    reject("missing-two", "missing_field", "data.organisation", "the first in the contract's order",
           envelope(data(organisation=..., onset_date=...)))
    reject("missing-before-bad", "missing_field", "data.onset_date",
           "missing is looked for before bad", envelope(data(organisation=7, onset_date=...)))


def later_reasons():
    no_scheme = {"code": "S12"}
    reject("missing-scheme", "missing_scheme", "data.reason.scheme",
           "S12 is a bad back in one scheme and a broken neck in another",
           envelope(data(reason=no_scheme)))
    reject("missing-scheme-null", "missing_scheme", "data.reason.scheme", "null is absent",
           envelope(data(reason={"scheme": None, "code": "S12"})))
    reject("missing-scheme-binary", "missing_scheme", "data.reason.scheme", "in binary mode",
           data(reason=no_scheme), headers=ce_headers())
    reject("missing-scheme-cancelled", "missing_scheme", "data.reason.scheme",
           "of every kind of event", envelope(data(reason=no_scheme), ABSENCE % "cancelled"))
    reject("bad-before-missing-scheme", "bad_field", "data.fte", "bad is looked for first",
           envelope(data(reason=no_scheme, fte="2")))
    early = {"last_day": "2026-09-06"}
    for name, more in (("", {}), ("-open-ended", {"open_ended": True})):
        reject("last-day-before-onset" + name, "last_day_before_onset", "data.last_day",
               "the day before", envelope(data(**early, **more), ABSENCE % "closed"),
               schema="cannot-say")
    reject("last-day-before-onset-binary", "last_day_before_onset", "data.last_day",
           "in binary mode", data(last_day="2025-12-31"), schema="cannot-say",
           headers=ce_headers(ABSENCE % "closed"))
    reject("missing-scheme-before-last-day", "missing_scheme", "data.reason.scheme",
           "the scheme is looked at first", envelope(data(reason=no_scheme, **early)))
    bound = {"settings": "../settings/good/sources-bound.json"}
    accept("source-bound", "the source may speak for RW3", envelope(data()), **bound)
    accept("source-shared", "a source of two organisations",
           envelope(data(organisation="SC1"), source="/hr/shared"), **bound)
    for name, reason, detail, body in (
            ("organisation", "source_not_allowed", "source", envelope(data(organisation="SC1"))),
            ("unlisted", "source_not_allowed", "source", envelope(data(), source="/hr/other")),
            ("case", "source_not_allowed", "source", envelope(data(), source="/HR/RW3")),
            ("person", "source_not_allowed", "source",
             envelope(leaver(organisation="SC1"), PERSON % "died")),
            ("after-last-day", "last_day_before_onset", "data.last_day",
             envelope(data(organisation="SC1", **early))),
            ("after-missing", "missing_field", "data.person_id",
             envelope(data(organisation="SC1", person_id=...)))):
        reject("source-not-allowed-" + name, reason, detail, "RW3's source speaks for RW3 alone",
               body, schema="invalid" if reason == "missing_field" else "cannot-say", **bound)
    reject("source-not-allowed-binary", "source_not_allowed", "ce_source", "in binary mode",
           data(organisation="SC1"), headers=ce_headers(), schema="cannot-say", **bound)
    ignore("source-not-allowed-category", "another category is ignored before that",
           envelope(data(organisation="SC1", category="maternity")), **bound)


def people():
    for kind in ("left", "died", "opted-out", "opted-in"):
        k = PERSON % kind
        accept("person-" + kind, "a fact about a person", envelope(leaver(), k))
        accept("person-%s-binary" % kind, "in binary mode", leaver(), headers=ce_headers(k))
        reject("person-%s-no-time" % kind, "missing_field", "time",
               "the greatest time counts, so there has to be one",
               envelope(leaver(), k, time=...))
        for m in ("organisation", "person_id"):
            reject("person-%s-no-%s" % (kind, m.replace("_", "-")), "missing_field", "data." + m,
                   "required", envelope(leaver(**{m: ...}), k))
    for kind in ("left", "died"):
        accept("person-%s-back" % kind, "null takes it back",
               envelope(leaver(on=None), PERSON % kind))
    for kind in ("opted-out", "opted-in"):
        reject("person-%s-on-null" % kind, "bad_field", "data.on",
               "null withdraws only a left or a died",
               envelope(leaver(on=None), PERSON % kind))
    for kind in ("left", "died", "opted-out", "opted-in"):
        reject("person-%s-no-on" % kind, "missing_field", "data.on",
               "null says something, leaving it out does not",
               envelope(leaver(on=...), PERSON % kind))
    reject("person-no-on-before-bad", "missing_field", "data.on", "missing is looked for first",
           envelope(leaver(on=..., person_id=7), PERSON % "died"))
    reject("person-bad-before-on-null", "bad_field", "data.person_id", "in the order of the members",
           envelope(leaver(on=None, person_id=7), PERSON % "opted-out"))
    k = PERSON % "left"
    reject("person-no-time-binary", "missing_field", "ce_time", "in binary mode", leaver(),
           headers=ce_headers(k, ce_time=...))
    reject("person-time-null", "missing_field", "time", "null is absent",
           envelope(leaver(), k, time=None))
    for name, t in (("word", "yesterday"), ("date", "2026-09-30"),
                    ("no-offset", "2026-09-30T12:00:00"), ("month", "2026-13-30T12:00:00Z"),
                    ("hour", "2026-09-30T24:00:00Z"), ("empty", "")):
        reject("person-time-" + name, "bad_field", "time", "RFC 3339 with its offset",
               envelope(leaver(), k, time=t))
    reject("person-time-day", "bad_field", "time", "no such day",
           envelope(leaver(), k, time="2026-02-30T12:00:00Z"), schema="cannot-say")
    reject("person-time-binary", "bad_field", "ce_time", "in binary mode", leaver(),
           headers=ce_headers(k, ce_time="yesterday"))
    for name, t in (("offset", "2026-09-30T12:00:00+01:00"), ("west", "2026-09-30T12:00:00-11:30"),
                    ("fraction", "2026-09-30T12:00:00.123456Z")):
        accept("person-time-" + name, "RFC 3339 with its offset", envelope(leaver(), k, time=t))
    for name, on in (("day", "2026-02-30"), ("number", 20260930), ("empty", ""), ("true", True)):
        reject("person-on-" + name, "bad_field", "data.on", "a date",
               envelope(leaver(on=on), k))
    reject("person-id-number", "bad_field", "data.person_id", "a string that identifies",
           envelope(leaver(person_id=77), k))
    reject("person-organisation-101", "bad_field", "data.organisation", "101 bytes",
           envelope(leaver(organisation="R" * 101), PERSON % "died"))
    accept("person-category", "a person has no category: an unknown member",
           envelope(leaver(category="maternity"), k))
    reject("person-data-list", "bad_field", "data", "not an object", envelope([], k))
