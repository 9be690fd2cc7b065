"""Bad input, reason by reason, and the order of the checks."""
import json
import unittest
from pathlib import Path

import model
import reasons
from envelope import Ignore, Reject, decode
from scenes import envelope

GOOD = {"organisation": "RW3", "absence_id": "A-1", "version": 1, "person_id": "P-1",
        "category": "sickness", "onset_date": "2026-09-07"}
ACCEPTED, IGNORED = ("accepted", ""), ("ignored", "")


def rules(**changes):
    document = {**model.load(None, "pathways.json"), **changes}
    return model.new_world(document, {}, b"key").settings


RULES = rules()


def verdict(value, headers=(), settings=RULES):
    if isinstance(value, str):
        value = value.encode()
    try:
        decode(headers, value, settings)
    except Reject as reject:
        return reject.reason, reject.detail
    except Ignore:
        return IGNORED
    return ACCEPTED


def with_data(changes, kind="absence.opened", base=GOOD, **attributes):
    data = {**base, **changes}
    data = {name: value for name, value in data.items() if value != "DROP"}
    return json.dumps(envelope(kind, data, **attributes))


def raw(member):
    """A good message whose data has one more member, as written."""
    return with_data({}).replace('"data": {', '"data": {' + member + ", ")


class Values(unittest.TestCase):
    def check(self, table):
        for value, expected in table:
            with self.subTest(value=value[:80] if value else value):
                self.assertEqual(verdict(value), expected)

    def test_before_reading(self):
        self.check([(None, ("no_value", "")), (b"", ("no_value", "")),
                    (b" " * 262145, ("too_large", "")), (b" " * 262144, ("not_json", "")),
                    (b"\xff" * 262145, ("too_large", "")), (b'{"a":"\xff"}', ("not_utf8", "")),
                    (b'"\xed\xa0\x80"', ("not_utf8", "")), (b'"\xc0\x80"', ("not_utf8", ""))])

    def test_scan(self):
        deep, too_deep = "[" * 32 + "]" * 32, "[" * 33 + "]" * 33
        not_json = ("not_json", "")
        self.check([
            ("{", not_json), (" ", not_json), ("\ufeff" + with_data({}), not_json),
            ('{"a":"\t"}', not_json), ('{"a":007}', not_json), ('{"a":1e999}', not_json),
            ('{"a":+1}', not_json), ('{"a":1.}', not_json), ('{"a":.5}', not_json),
            ('{"a":NaN}', not_json), ("{'a':1}", not_json), ('{"a":1,}', not_json),
            ("[1 2]", not_json), (with_data({}) + "x", not_json), (with_data({}) + "{}", not_json),
            ('{"a":"\\x"}', not_json), ('{"a":"\\u12g4"}', not_json), ('{"a":tru}', not_json),
            ('{"a":"', not_json), ("\x00", not_json), ('"\x00"', not_json),
            (deep, ("not_cloudevent", "")), (too_deep, ("too_deep", "")),
            ('{"a":1,"a":2}', ("duplicate_key", "")),
            ('{"a":1,"\\u0061":2}', ("duplicate_key", "")),
            ('{"x":{"a":1,"a":2}}', ("duplicate_key", "")), ('{"a":1,"a" x', ("duplicate_key", "")),
            ('{"a":1,"a":2}' + too_deep, ("duplicate_key", "")), (too_deep + "x", ("too_deep", "")),
            ('{"x":"\\u0000","a":1,"a":2}', ("duplicate_key", ""))])

    def test_escapes(self):
        self.check([
            (raw('"site":"\\u0000"'), ("bad_field", "data.site")),
            (raw('"else":"\\ud800"'), ("bad_field", "data.else")),
            (raw('"else":"\\ude00\\ud83d"'), ("bad_field", "data.else")),
            (raw('"else":"\\ud83d\\ude00"'), ACCEPTED),
            (raw('"\\u0000":1'), ("bad_field", "data")),
            ('{"a":"\\u0000"}', ("bad_field", "a"))])

    def test_every_message_of_the_corpus(self):
        folder = Path(__file__).resolve().parents[2] / "data" / "messages"
        for m in json.loads((folder / "manifest.json").read_text()):
            value = (folder / m["file"]).read_bytes() if m["file"] else None
            if "pad_to" in m:
                value = value[:1] + b" " * (m["pad_to"] - len(value)) + value[1:]
            if any(isinstance(v, dict) for _, v in m["headers"]):
                continue  # bytes in a header are no text
            own = json.loads((folder / m["settings"]).read_text()) if "settings" in m else {}
            bound = rules(**{name: own[name] for name in ("sources", "ignored_categories")
                             if name in own})
            expected = {"accept": ACCEPTED, "ignore": IGNORED, "reject": (m["reason"], m["detail"])}
            found = verdict(value, [tuple(h) for h in m["headers"]], bound)
            with self.subTest(name=m["name"]):
                if m["detail"] is None or m["reason"] == "duplicate_key":
                    self.assertEqual(found[0], m["reason"])
                else:
                    self.assertEqual(found, expected[m["verdict"]])

    def test_cloudevent(self):
        def without(name):
            event = json.loads(with_data({}))
            del event[name]
            return json.dumps(event)
        self.check(
            [(without(name), ("not_cloudevent", name))
             for name in ("specversion", "id", "source", "type")] +
            [(with_data({}, **{name: ""}), ("not_cloudevent", name))
             for name in ("id", "source", "type")] +
            [("[]", ("not_cloudevent", "")), ('"text"', ("not_cloudevent", "")),
             (with_data({}, specversion="1.1"), ("not_cloudevent", "specversion")),
             (with_data({}, specversion=1.0), ("not_cloudevent", "specversion")),
             (with_data({}, id=5), ("not_cloudevent", "id")),
             (with_data({}, id=None), ("not_cloudevent", "id")),
             (with_data({"version": 0}, type="org.example.other"), IGNORED),
             (with_data({"version": 0}, type="org.dayfour.absence.opened.v2"),
              ("unknown_type", "type")),
             (with_data({"category": "sick", "version": 0}), ("unknown_category", "data.category")),
             (with_data({"category": " 8"}), ACCEPTED),
             (with_data({"category": " "}), ("missing_field", "data.category")),
             (with_data({"category": "maternity", "version": 0}), IGNORED),
             (with_data({"category": "07", "person_id": "DROP"}), IGNORED),
             (with_data({"category": "SickNess"}), ACCEPTED),
             (with_data({"category": "08"}), ACCEPTED),
             (with_data({"category": 8}), ("bad_field", "data.category"))])


class Fields(unittest.TestCase):
    def check(self, changes, *expected):
        with self.subTest(**changes):
            self.assertEqual(verdict(with_data(changes)), expected)

    def test_missing(self):
        for name in GOOD:
            self.check({name: "DROP"}, "missing_field", "data." + name)
            self.check({name: None}, "missing_field", "data." + name)
        event = json.loads(with_data({}))
        for data, reason in ((None, "missing_field"), ([], "bad_field"), ("x", "bad_field")):
            event["data"] = data
            self.assertEqual(verdict(json.dumps(event)), (reason, "data"))
        self.check({"version": 0, "person_id": None}, "missing_field", "data.person_id")

    def test_bad(self):
        for name in ("organisation", "absence_id", "person_id", "assignment_id"):
            for value in ("", 5, "x" * 101, "é" * 51, [], True, " A", "A\u2003", "\ufeffA"):
                self.check({name: value}, "bad_field", "data." + name)
            self.check({name: "é" * 50}, *ACCEPTED)
        for value in ("1", 0, -1, 1.0, 2 ** 53, True, 10 ** 30):
            self.check({"version": value}, "bad_field", "data.version")
        self.check({"version": 2 ** 53 - 1}, *ACCEPTED)
        self.assertEqual(verdict(with_data({}).replace('"version": 1', '"version": 1e0')),
                         ("bad_field", "data.version"))
        for name in ("onset_date", "expected_return", "phased_return_from"):
            for value in ("2026-02-29", "2026-9-07", "20260907", "1899-12-31", "2201-01-01",
                          "2026-09-07T00:00:00Z", 20260907, ""):
                self.check({name: value}, "bad_field", "data." + name)
        for value in ("1.1", "-0", ".5", "1.", "1e-1", "", " 1", 2, -1, True):
            self.check({"fte": value}, "bad_field", "data.fte")
        for value in ("0.60000", "1", 1, 0, 0.5, "00.5", None):
            self.check({"fte": value}, *ACCEPTED)
        for name, value in (("open_ended", "true"), ("reason", "S12"), ("contact", []),
                            ("fit_note", "2026-09-07"), ("site", 5), ("staff_group", {})):
            self.check({name: value}, "bad_field", "data." + name)
        self.check({"contact": {"phone": 7700900123}}, "bad_field", "data.contact.phone")
        self.check({"contact": {"voicemail": "yes"}}, "bad_field", "data.contact.voicemail")
        self.check({"fit_note": {"to": "2026-13-01"}}, "bad_field", "data.fit_note.to")
        self.check({"reason": {"scheme": 1, "code": "S12"}}, "bad_field", "data.reason.scheme")
        self.check({"reason": {"scheme": "esr", "code": 12}}, "bad_field", "data.reason.code")
        self.check({"unknown": {"anything": [1, {}]}}, *ACCEPTED)

    def test_after_the_types(self):
        self.check({"reason": {"scheme": "icd11", "code": "X"}}, "bad_field", "data.reason.scheme")
        self.check({"reason": {"scheme": "ESR", "code": "S12"}}, "bad_field", "data.reason.scheme")
        self.check({"reason": {"scheme": "icd11"}}, *ACCEPTED)
        self.check({"reason": {"code": "S12"}}, "missing_scheme", "data.reason.scheme")
        self.check({"reason": {"code": "S12"}, "fte": 2}, "bad_field", "data.fte")
        self.check({"reason": {"code": None}}, *ACCEPTED)
        self.check({"reason": {"code": " "}}, *ACCEPTED)
        self.check({"last_day": "2026-09-06"}, "last_day_before_onset", "data.last_day")
        self.check({"last_day": "2026-09-06", "reason": {"code": "S12"}},
                   "missing_scheme", "data.reason.scheme")
        self.check({"last_day": "2026-09-07"}, *ACCEPTED)

    def test_sources(self):
        bound = rules(sources={"/hr/RW3": ["RW3"]})
        self.assertEqual(verdict(with_data({}), settings=bound), ACCEPTED)
        for value in (with_data({"organisation": "RX1"}), with_data({}, source="/hr/RX1")):
            self.assertEqual(verdict(value, settings=bound), ("source_not_allowed", "source"))
        self.assertEqual(verdict(with_data({}, source="s" * 101)), ("bad_field", "source"))

    def test_persons(self):
        def check(expected, kind="person.left", time="2026-09-07T08:00:00Z", **data):
            base = {"organisation": "RW3", "person_id": "P-1", "on": "2026-09-07"}
            value = with_data(data, kind, base, time=time)
            with self.subTest(kind=kind, time=time, **data):
                self.assertEqual(verdict(value), expected)
        check(ACCEPTED)
        check(ACCEPTED, on=None)
        check(("missing_field", "data.on"), kind="person.died", on="DROP")
        check(("bad_field", "data.on"), kind="person.opted-out", on=None)
        check(("missing_field", "time"), time=None)
        check(("missing_field", "data.person_id"), time=None, person_id=None)
        for time in ("2026-09-07", "2026-09-07T08:00:00", "2026-02-30T08:00:00Z", "x", 5):
            check(("bad_field", "time"), time=time)
        check(ACCEPTED, time="2026-09-07t08:00:00.123456789+01:00")
        check(("bad_field", "data.on"), on="tomorrow")


class Binary(unittest.TestCase):
    HEADERS = [("ce_specversion", "1.0"), ("ce_id", "1"), ("ce_source", "/hr/RW3"),
               ("ce_type", "org.dayfour.absence.opened.v1"), ("content-type", "application/json")]

    def check(self, expected, value=None, **changes):
        headers = [(name, changes.get(name, text)) for name, text in self.HEADERS
                   if changes.get(name, text) is not None]
        with self.subTest(value=value, **changes):
            self.assertEqual(verdict(json.dumps(GOOD) if value is None else value, headers),
                             expected)

    def test_headers(self):
        self.check(ACCEPTED)
        for name in ("ce_id", "ce_source", "ce_type"):
            self.check(("not_cloudevent", name), **{name: None})
            self.check(("not_cloudevent", name), **{name: ""})
        self.check(("not_cloudevent", "ce_specversion"), ce_specversion="0.3")
        self.check(("not_cloudevent", "specversion"), ce_specversion=None)
        self.check(IGNORED, ce_type="org.example.other")
        self.check(("not_cloudevent", ""), value="[]")
        self.check(("not_cloudevent", ""), value="null")
        self.check(("bad_field", "data.site"), value='{"site":"\\u0000"}')
        self.check(("not_json", ""), value="{")
        structured = "application/cloudevents+json; charset=utf-8"
        self.assertEqual(verdict(with_data({}), [("content-type", structured)]), ACCEPTED)
        headers = self.HEADERS[:4] + [("content-type", structured)]
        self.assertEqual(verdict(json.dumps(GOOD), headers), ("not_cloudevent", "specversion"))


class Reasons(unittest.TestCase):
    def test_matching(self):
        msk, stress, none = "msk", "stress", "none"
        for scheme, code, expected in [
                ("esr", "S12", msk), ("esr", " s11 Back Problems", msk), ("esr", "S12-x", msk),
                ("esr", "S121", none), ("esr", "S12.1", none), ("esr", "S12ABC", none),
                ("esr", "S10 Anxiety/stress", stress), ("esr", "Stress", none),
                ("esr", "", "watch"),
                ("esr", "S99", "watch"), ("esr", "S98", "watch"), ("esr", "S17", "never"),
                ("esr", "S30", "never"), ("esr", "S32", "never"), ("esr", "S13", none),
                ("esr", "XS12", none), ("esr", "M54", none),
                ("icd10", "M54.5", msk), ("icd10", "m545", msk), ("icd10", "M99.9 other", msk),
                ("icd10", "M54.XYZ", msk), ("icd10", "M54XYZ", none), ("icd10", "N00", none),
                ("icd10", "F43.2", stress), ("icd10", "Z73.0", stress), ("icd10", "Z730", stress),
                ("icd10", "Z73", none), ("icd10", "Z73.1", none), ("icd10", "S12", none),
                ("snomed", "279039007", msk), ("snomed", "0279039007", none),
                ("text", "MUSCULOSKELETAL problems", msk), ("text", "Musculoskeletal", none),
                ("text", "S12", none)]:
            found = reasons.match(RULES, "RW3", scheme, code)
            with self.subTest(scheme=scheme, code=code):
                self.assertEqual(",".join(found.pathways) or found.kind, expected)
        self.assertEqual(reasons.match(RULES, "RW3", "icd10", "M01.2").review_first, {"msk"})
        self.assertEqual(reasons.match(RULES, "RW3", "icd10", "M54.5").review_first, set())
