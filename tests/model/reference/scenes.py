"""Short ways to write messages and facts for the tests of the model."""
import json

import ledger
import model
from dates import parse_instant

KEY = bytes(range(32))
SOURCE = "/hr/RW3"


def envelope(kind, data, **attributes):
    event = {"specversion": "1.0", "id": "e-1", "source": SOURCE,
             "type": "org.dayfour." + kind + ".v1", "data": data}
    event.update(attributes)
    return event


def line(at, event, offset=0):
    return {"at": at, "partition": 0, "offset": offset, "headers": [],
            "value": json.dumps(event)}


def absence(at, kind="opened", absence_id="A-1", version=1, person="P-1", onset="2026-09-07",
            code="S12", scheme="esr", organisation="RW3", source=SOURCE, **data):
    body = {"organisation": organisation, "absence_id": absence_id, "version": version,
            "person_id": person, "category": "sickness", "onset_date": onset, **data}
    if code is not None:
        body["reason"] = {"scheme": scheme, "code": code}
    return line(at, envelope("absence." + kind, body, source=source))


def person(at, kind, on, person="P-1", organisation="RW3", time=None, event_id="e-1"):
    return line(at, envelope("person." + kind, {
        "organisation": organisation, "person_id": person, "on": on},
        time=time or at, id=event_id))


def fact(entered_at, kind, absence_id="A-1", person="P-1", pathway="msk", organisation="RW3",
         source=SOURCE, **members):
    anchor = {"organisation": organisation, "person_id": person, "source": source,
              "absence_id": absence_id, "pathway": pathway}
    return {"at": entered_at, "fact": {"kind": kind, "anchor": anchor, **members}}


def contact(entered_at, outcome="self_management_advice", **members):
    return fact(entered_at, "contact", outcome=outcome, **members)


class Scene:
    """Lines sent to a service that never sleeps, up to an instant; then questions."""

    def __init__(self, lines, until, settings=None, calendar=None, instants=None):
        settings = settings or model.load(None, "pathways.json")
        calendar = calendar or model.load(None, "bank-holidays.json")
        self.world = model.new_world(settings, calendar, KEY)
        self.now = parse_instant(until)
        ordered = sorted(lines, key=lambda item: parse_instant(item["at"]))
        if instants is None:
            self.ledger = ledger.simulate_live(self.world, ordered, self.now)
        else:
            self.ledger = ledger.simulate(self.world, ordered,
                                          [parse_instant(text) for text in instants])
        self.tasks = self.world.task_rows(self.now)

    def task(self, **wanted):
        rows = [row for row in self.tasks
                if all(row[name] == value for name, value in wanted.items())]
        assert len(rows) == 1, [(r["pathway"], r["state"], r["end_reason"]) for r in rows]
        return rows[0]

    def said(self, kind, withdrawn=False):
        """When a kind went out, as UTC text."""
        wanted = "org.dayfour." + kind + (".withdrawn.v1" if withdrawn else ".v1")
        return [model.plain(item["at"]) for item in self.ledger.said if item["type"] == wanted]

    def stands(self, kind):
        """Local dates of what was said of a kind and not withdrawn."""
        return sorted(str(e.event.occurs_on) for e in self.ledger.said_and_standing()
                      if e.event.kind == kind)

    def kinds(self, topic=None):
        return sorted({e.event.kind for e in self.ledger.said_and_standing()
                       if topic in (None, e.event.topic)})
