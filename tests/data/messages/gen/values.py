"""Members of an absence with good and bad values."""
import json

from .corpus import (data, envelope, ce_headers, accept, reject, spliced)


def bad_fields():
    def bad(name, detail, why, schema="invalid", **changes):
        reject("bad-" + name, "bad_field", detail, why, envelope(data(**changes)), schema=schema)

    for m in ("organisation", "absence_id", "person_id", "assignment_id"):
        n = m.replace("_", "-")
        bad(n + "-number", "data." + m, "a string that identifies is no number", **{m: 77})
        bad(n + "-empty", "data." + m, "1 to 100 bytes", **{m: ""})
        bad(n + "-object", "data." + m, "not a string", **{m: {}})
        accept(n + "-100-bytes", "100 bytes", envelope(data(**{m: "x" * 100})))
        bad(n + "-101-bytes", "data." + m, "101 bytes", **{m: "x" * 101})
        for name, text in (("blank-before", " A-1"), ("blank-after", "A-1\t"), ("blank", " "),
                           ("no-break", "\u00a0A-1"), ("em", "A-1\u2003"), ("line", "A-1\u2028"),
                           ("next-line", "\u0085A-1"), ("zero-width", "A-1\u200b"),
                           ("joiner", "\u2060A-1"), ("mark", "\ufeffA-1")):
            bad(n + "-" + name, "data." + m, "nothing around it that nobody sees", **{m: text})
        accept(n + "-blank-inside", "inside there may be any",
               envelope(data(**{m: "A \u00a0\u200b1"})))
    accept("person-id-100-bytes-accents", "50 characters of two bytes",
           envelope(data(person_id="\u00e9" * 50)))
    bad("person-id-101-bytes-accents", "data.person_id", "51 characters, 101 bytes",
        schema="cannot-say", person_id="\u00e9" * 50 + "x")
    accept("person-id-100-bytes-emoji", "25 characters of four bytes",
           envelope(data(person_id="\U0001f600" * 25)))
    bad("person-id-104-bytes-emoji", "data.person_id", "26 characters, 104 bytes",
        schema="cannot-say", person_id="\U0001f600" * 26)
    accept("absence-id-100-bytes-escaped", "bytes are counted after escapes are undone",
           spliced("absence_id", '"' + "\\u0041" * 100 + '"'))
    reject("bad-source-101-bytes", "bad_field", "source", "the source identifies the record too",
           envelope(data(), source="/" + "x" * 100))
    reject("bad-source-101-bytes-binary", "bad_field", "ce_source", "in binary mode", data(),
           headers=ce_headers(ce_source="/" + "x" * 100))
    accept("source-100-bytes", "100 bytes", envelope(data(), source="/" + "x" * 99))
    for name, text in (("blank-before", " e"), ("blank-after", "e "), ("zero-width", "e\u200b"),
                       ("mark", "\ufeffe")):
        for m in ("id", "source"):
            reject("bad-%s-%s" % (m, name), "bad_field", m, "nothing around it that nobody sees",
                   envelope(data(), **{m: text}))
            reject("bad-%s-%s-binary" % (m, name), "bad_field", "ce_" + m, "in binary mode", data(),
                   headers=ce_headers(**{"ce_" + m: text}))

    for name, text, schema in (
            ("1-0", "1.0", "cannot-say"), ("1e0", "1e0", "cannot-say"),
            ("capital-1e0", "1E0", "cannot-say"), ("0", "0", "invalid"),
            ("negative", "-1", "invalid"),
            ("2-53", "9007199254740992", "invalid"), ("text", '"1"', "invalid"),
            ("true", "true", "invalid"), ("fraction", "1.5", "invalid"),
            ("30-digits", "1" * 30, "invalid"), ("array", "[1]", "invalid")):
        reject("bad-version-" + name, "bad_field", "data.version",
               "a whole number from 1 to 2^53-1, without point or exponent",
               spliced("version", text), schema=schema)
    accept("version-2-53-less-1", "the greatest", spliced("version", "9007199254740991"))

    bad("category-number", "data.category", "a string", category=8)
    bad("category-true", "data.category", "a string", category=True)
    bad("open-ended-text", "data.open_ended", "true or false", open_ended="false")
    bad("open-ended-number", "data.open_ended", "true or false", open_ended=0)
    accept("open-ended", "the last day is only provisional",
           envelope(data(last_day="2026-09-30", open_ended=True)))
    bad("site-number", "data.site", "a string", site=3)
    bad("staff-group-list", "data.staff_group", "a string", staff_group=["x"])
    bad("job-number", "data.job", "a string", job=7)
    bad("recorded-at-date", "data.recorded_at", "an instant, not a day", recorded_at="2026-09-07")
    bad("recorded-at-no-offset", "data.recorded_at", "its offset from UTC is missing", recorded_at="2026-09-07T07:55:00")
    bad("recorded-at-number", "data.recorded_at", "a string", recorded_at=20260907)
    for name, value, why in (("channel-number", 7, "a string"), ("channel-list", ["phone"], "a string")):
        bad(name, "data.contact.channel", why, contact={"channel": value})
    bad("needs-true", "data.contact.needs", "a string", contact={"needs": True})
    bad("date-of-birth-british", "data.contact.date_of_birth", "year first", contact={"date_of_birth": "04/03/1984"})
    bad("date-of-birth-number", "data.contact.date_of_birth", "a string", contact={"date_of_birth": 19840304})
    for channel in ("phone", "email", "text", "letter", "pigeon", "Phone", ""):
        accept("channel-" + {"": "empty", "Phone": "capital"}.get(channel, channel),
               "one of four, or left out", envelope(data(contact={"channel": channel})))
    accept("texts-cut", "longer than is kept: cut, not refused", envelope(data(
        site="S" * 101, staff_group="\u00e9" * 51, job="\U0001f600" * 26, contact={"needs": "n" * 199 + "\u00e9"})))
    accept("texts-just-fit", "as long as may be", envelope(data(
        site="S" * 100, staff_group="\u00e9" * 50, job="\U0001f600" * 25, contact={"needs": "n" * 198 + "\u00e9"})))
    dates(bad)
    objects(bad)
    ftes()
    reject("bad-time-number", "bad_field", "time", "an attribute of the wrong type",
           envelope(data(), time=20260907))
    for name, d in (("list", [data()]), ("text", json.dumps(data())), ("number", 7)):
        reject("bad-data-" + name, "bad_field", "data", "not an object", envelope(d))
    reject("bad-binary", "bad_field", "data.onset_date", "in binary mode",
           data(onset_date="2026-02-30"), headers=ce_headers())


def dates(bad):
    for d in ("1900-01-01", "2200-12-31", "2028-02-29", "2000-02-29", "2026-12-31"):
        accept("onset-" + d, "a real date within 1900-2200", envelope(data(onset_date=d)))
    for name, d, why in (
            ("1899-12-31", "1899-12-31", "before 1900"), ("2201-01-01", "2201-01-01", "after 2200"),
            ("2026-02-30", "2026-02-30", "no such day"),
            ("2026-02-29", "2026-02-29", "no leap year"),
            ("1900-02-29", "1900-02-29", "1900 was no leap year"),
            ("2100-02-29", "2100-02-29", "2100 is no leap year"),
            ("2026-09-31", "2026-09-31", "no such day"),
            ("2026-09-00", "2026-09-00", "no such day"),
            ("2026-13-01", "2026-13-01", "no such month"),
            ("2026-00-01", "2026-00-01", "no such month"), ("short", "2026-9-7", "two digits each"),
            ("basic", "20260907", "with hyphens"), ("slashes", "2026/09/07", "with hyphens"),
            ("british", "07/09/2026", "year first"), ("empty", "", "not a date"),
            ("with-time", "2026-09-07T00:00:00Z", "a date alone"),
            ("week", "2026-W37-1", "no week"),
            ("blank-before", " 2026-09-07", "nothing around it"),
            ("blank-after", "2026-09-07 ", "nothing around it"),
            ("newline-after", "2026-09-07\n", "nothing around it"),
            ("five-digit-year", "12026-09-07", "four digits"), ("sign", "+2026-09-07", "no sign"),
            ("wide-digits", "\uff12\uff10\uff12\uff16-09-07", "digits of ASCII")):
        bad("onset-" + name, "data.onset_date", why, onset_date=d)
    bad("onset-number", "data.onset_date", "a string", onset_date=20260907)
    for m in ("last_day", "expected_return", "phased_return_from"):
        bad(m.replace("_", "-"), "data." + m, "no such day", **{m: "2026-11-31"})
        bad(m.replace("_", "-") + "-number", "data." + m, "a string", **{m: 7})
        bad(m.replace("_", "-") + "-empty", "data." + m, "not a date: null would be absent",
            **{m: ""})


def objects(bad):
    bad("reason-text", "data.reason", "an object", reason="S12")
    bad("reason-list", "data.reason", "an object", reason=[])
    bad("reason-code-number", "data.reason.code", "a string", reason={"scheme": "esr", "code": 12})
    bad("reason-scheme-number", "data.reason.scheme", "a string",
        reason={"scheme": 10, "code": "S12"})
    bad("reason-scheme-unknown", "data.reason.scheme", "not one of the four",
        reason={"scheme": "icd9", "code": "724.5"})
    bad("fit-note-text", "data.fit_note", "an object", fit_note="2026-09-14")
    bad("fit-note-from", "data.fit_note.from", "no such day", fit_note={"from": "2026-09-31"})
    bad("fit-note-to", "data.fit_note.to", "no such day",
        fit_note={"from": "2026-09-14", "to": "2026-09-31"})
    bad("fit-note-to-number", "data.fit_note.to", "a string", fit_note={"to": 28})
    accept("fit-note-to-alone", "an end without a start", envelope(data(
        fit_note={"to": "2026-09-28"})))
    bad("contact-text", "data.contact", "an object", contact="07700 900077")
    bad("contact-list", "data.contact", "an object", contact=[])
    for m in ("name", "phone", "email", "language", "preferred_time"):
        bad("contact-" + m.replace("_", "-"), "data.contact." + m, "a string", contact={m: 7})
    bad("contact-voicemail", "data.contact.voicemail", "true or false",
        contact={"voicemail": "yes"})
    for scheme, code in (("esr", "S12"), ("icd10", "M54.5"), ("icd10", "m545"),
                         ("snomed", "279039007"), ("text", "Back pain \u2013 after a fall"),
                         ("esr", "S12 Other musculoskeletal problems"), ("esr", "no code at all")):
        accept("reason-%s-%s" % (scheme, "".join(c if c.isalnum() and c.isascii() else "-"
                                                 for c in code.lower())[:12].strip("-")),
               "a code no rule knows is no match, not an error",
               envelope(data(reason={"scheme": scheme, "code": code})))
    for name, code in (("no-break", "\u00a0S12"), ("em", "S12\u2003"), ("blank-alone", "\u2003\u00a0")):
        accept("reason-code-" + name, "trimmed of every Unicode space",
               envelope(data(reason={"scheme": "esr", "code": code})))
    accept("reason-code-spaces-no-scheme", "nothing but white space is no code",
           envelope(data(reason={"code": "\u2003"})))
    accept("reason-scheme-alone", "a scheme without a code: watched",
           envelope(data(reason={"scheme": "esr"})))
    accept("reason-scheme-unknown-alone", "the scheme matters only where a code is given",
           envelope(data(reason={"scheme": "icd9", "code": None})))


def ftes():
    for name, text in (("decimal", '"0.60000"'), ("number", "0.6"), ("one", '"1"'),
                       ("one-decimal", '"1.00000"'), ("zero", '"0"'), ("number-one", "1"),
                       ("number-zero", "0"), ("number-minus-zero", "-0"),
                       ("number-exponent", "5e-1"), ("null", "null")):
        accept("fte-" + name, "a decimal string or a number from 0 to 1", spliced("fte", text))
    for name, text in (("above", '"1.00001"'), ("number-above", "1.00001"),
                       ("negative", '"-0.1"'), ("number-negative", "-0.1"), ("empty", '""'),
                       ("blank", '" 0.5"'), ("comma", '"0,5"'), ("word", '"half"'),
                       ("percent", '"60%"'), ("nan", '"NaN"'), ("true", "true"), ("list", "[1]"),
                       ("hex", '"0x1"'), ("point", '"."'), ("two", "2"), ("digits", '"10"')):
        reject("bad-fte-" + name, "bad_field", "data.fte",
               "a decimal string or a number from 0 to 1", spliced("fte", text))
