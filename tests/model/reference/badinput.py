"""Messages that must not be stored: each reason for a dead letter, and what is merely ignored."""
import json


def text(document):
    return json.dumps(document, ensure_ascii=False)


def changed(good, **changes):
    return {**good, "data": {**good["data"], **changes}}


def without(good, name):
    return {**good, "data": {k: v for k, v in good["data"].items() if k != name}}


def spoiled(rng, good):
    """(what it must come to, value as bytes or None) from a good structured message."""
    whole = text(good)
    makers = {
        "no_value": lambda: rng.choice([None, b""]),
        "too_large": lambda: (whole + " " * 262145).encode(),
        "not_utf8": lambda: whole.encode()[:-1] + rng.choice([b"\xff}", b"\xed\xa0\x80}"]),
        "not_json": lambda: rng.choice([
            "\ufeff" + whole, whole + "x", whole[:-1], whole[:-1] + ',"n":007}',
            whole[:-1] + ',"n":1e999}', whole[:-1] + ',"n":"a\tb"}', whole[:-1] + ",}"]).encode(),
        "too_deep": lambda: (whole[:-1] + ',"n":' + "[" * 32 + "]" * 32 + "}").encode(),
        "duplicate_key": lambda: rng.choice([
            whole[:-1] + ',"specversion":"1.0"}',
            whole[:-1] + ',"extra":{"a":1,"\\u0061":2}}']).encode(),
        "bad_field": lambda: text(changed(good, **rng.choice([
            {"onset_date": "2026-02-30"}, {"version": 0}, {"version": "1"}, {"person_id": ""},
            {"organisation": "x" * 101}, {"absence_id": "A-1 "}, {"person_id": "\u200bP-1"}, {"fte": "1.5"}, {"contact": {"phone": 7700900001}},
            {"reason": {"scheme": "icd11", "code": "X1"}}, {"open_ended": "no"},
            {"fit_note": {"to": "soon"}}, {"site": "\0"}]))).encode(),
        "not_cloudevent": lambda: text(rng.choice([
            {**good, "specversion": "0.3"}, {**good, "id": ""}, {**good, "source": None},
            [good]])).encode(),
        "missing_field": lambda: text(without(good, rng.choice([
            "organisation", "absence_id", "version", "person_id", "category",
            "onset_date"]))).encode(),
        "unknown_type": lambda: text({**good, "type": rng.choice([
            "org.dayfour.absence.updated.v1", "org.dayfour.absence.opened.v2",
            "org.dayfour.person.moved.v1"])}).encode(),
        "unknown_category": lambda: text(changed(good, category=rng.choice([
            "sick", "S", "18"]))).encode(),
        "missing_scheme": lambda: text(changed(good, reason={"code": "S12"})).encode(),
        "last_day_before_onset": lambda: text(changed(good, last_day="1999-12-31")).encode(),
        "ignored": lambda: text(rng.choice([
            # of no record that is stored: it would be cancelled, and the order would matter
            changed(good, category=rng.choice(["maternity", "15", "Annual leave ", "7"]),
                    absence_id="other"),
            {**good, "type": "org.example.roster.changed.v1"}])).encode(),
    }
    name = rng.choice(sorted(makers))
    return name, makers[name]()
