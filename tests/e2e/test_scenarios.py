#!/usr/bin/env python3
"""e2e.scenarios: the worked scenarios of the rules, through broker, intake, database and followup.

    test_scenarios.py [--long] [CASE...]

The events are read back from the topics as they are committed. It must be what the reference model says,
and what stands here beside each scenario: that was worked out by hand, so that the model and the programs
cannot be wrong together. Instants are UTC; the dates of events are local (one hour ahead until 25 October).

    the scenarios   all but two on one stage: other people, one clock
    9, every order  each order of four messages, one of them twice at any place, and either service
                    killed after each; --long: every order message by message
    15, a burst     a file of people, each sent twice, and the database crashing meanwhile
"""
import itertools
import json
import random
import signal
import sys
import time

import compare
import entries_made
import harness
import scenes
from followup_stage import FollowupStage, compare_said
from harness import expect
from test_rehearsal import Rehearsal

import ledger
import model

SOURCE = "/hr/RW3"
START = "2026-04-01T07:00:00Z"
ORGANISATIONS = {
    "SC2": {"division": "scotland"},
    "EW1": {"pathways": {"msk": {"contact_day_basis": "working"}}},
    "SC1": {"division": "scotland", "pathways": {"msk": {"contact_day_basis": "working"}}},
    "LT9": {"long_term_day": 29},
}


def hr(at, person, kind="opened", version=1, onset="2026-09-07", code="S12", record=1, **data):
    """A record as HR sends it; record: which of theirs."""
    return scenes.absence(at, kind, "A-%s/%d" % (person, record), version, person, onset, code,
                          data.pop("scheme", "esr"), data.pop("organisation", "RW3"), SOURCE, **data)


def contact(at, person, pathway="msk", **members):
    return scenes.contact(at, person=person, absence_id="A-%s/1" % person, pathway=pathway,
                          source=SOURCE, **members)


def entry(at, kind, person, **members):
    return scenes.fact(at, kind, "A-%s/1" % person, person, source=SOURCE, **members)


def closed(at, person, last_day, **data):
    return hr(at, person, "closed", data.pop("version", 2), last_day=last_day, **data)


def bank_holidays(at, without=()):
    document = model.load(None, "bank-holidays.json")
    scotland = document["scotland"]["events"]
    document["scotland"]["events"] = [day for day in scotland if day["date"] not in without]
    return {"at": at, "calendar": document}


class Person:
    """The events about a person on the days until a date.

    says: lines of `kind, occurs on, due on, flags`, all there is of these kinds; never: kinds that are not
    said at all; silent: nothing whatever stands. tasks: `pathway, state, end reason, due, to work by` of
    those that stand when all is over; None: looked at elsewhere. A - stands for none.
    """

    def __init__(self, name, says="", never="", tasks="", until="2026-09-30", silent=False,
                 organisation="RW3"):
        self.key = (organisation, name)
        self.says = sorted(line.split() for line in says.strip().splitlines())
        self.never = never.split()
        self.tasks = None if tasks is None else sorted(
            line.split() for line in tasks.strip().splitlines())
        self.until = until
        self.silent = silent


# ---- when the clock stops besides: at each instant that a scenario names, some of them a second before ----

STOPS = """
2026-04-05T08:00:00Z 2026-04-05T23:00:00Z 2026-04-06T23:00:00Z 2026-04-08T08:00:00Z 2026-04-09T08:00:00Z
2026-04-09T23:00:00Z 2026-04-10T23:00:00Z
2026-06-16T08:00:00Z 2026-06-17T08:00:00Z 2026-06-17T23:00:00Z 2026-06-18T23:00:00Z
2026-09-09T08:00:00Z 2026-09-10T08:00:00Z 2026-09-10T23:00:00Z 2026-09-11T08:00:00Z 2026-09-11T22:59:59Z
2026-09-11T23:00:00Z 2026-09-12T23:00:00Z 2026-09-21T22:59:59Z 2026-09-21T23:00:00Z 2026-09-23T08:00:00Z
2026-09-13T22:59:59Z 2026-09-13T23:00:00Z 2026-09-14T08:00:00Z 2026-09-10T12:59:59Z 2026-09-10T13:00:00Z
2026-09-25T23:00:00Z 2026-09-28T08:00:00Z 2026-10-01T08:00:00Z 2026-10-02T08:00:00Z 2026-10-04T08:00:00Z
2026-10-05T08:00:00Z 2026-10-23T22:59:59Z 2026-10-23T23:00:00Z 2026-10-26T23:59:59Z 2026-10-27T00:00:00Z
2028-03-01T23:59:59Z 2028-03-02T00:00:00Z
""".split()

# ---- the scenarios: what happens, and what is said ----

SCENARIOS = {}

SCENARIOS["1 plain"] = [
    hr("2026-09-07T08:10:00Z", "P1", code="S11"),
    contact("2026-09-11T15:00:00Z", "P1"),
    hr("2026-09-07T08:10:00Z", "P1b", code="S11"),
], [
    Person("P1", """contact-task.created 2026-09-07 2026-09-11
                    contact.due-soon     2026-09-10 2026-09-11
                    follow-up.due        2026-09-25 2026-09-25""",
           never="contact.overdue", tasks="msk contacted - 2026-09-11 2026-09-11"),
    Person("P1b", """contact-task.created 2026-09-07 2026-09-11
                     contact.due-soon     2026-09-10 2026-09-11
                     contact.overdue      2026-09-12 2026-09-11""",
           never="follow-up.due", tasks="msk open - 2026-09-11 2026-09-11"),
]

SCENARIOS["2 the reason comes later"] = [
    hr("2026-09-07T08:10:00Z", "P2", code="S99"),
    hr("2026-09-10T10:00:00Z", "P2", "amended", 2),
    hr("2026-09-07T08:10:00Z", "P2b", code="S99"),
    hr("2026-09-14T10:00:00Z", "P2b", "amended", 2),
], [
    Person("P2", """reason.missing       2026-09-09 2026-09-09 withdrawn
                    contact-task.created 2026-09-07 2026-09-11 late
                    contact.due-soon     2026-09-10 2026-09-11 late""",
           until="2026-09-11", tasks="msk open - 2026-09-11 2026-09-11"),
    Person("P2b", """reason.missing       2026-09-09 2026-09-09 withdrawn
                     contact-task.created 2026-09-07 2026-09-11 late
                     contact.overdue      2026-09-12 2026-09-11 late""",
           never="contact.due-soon", tasks="msk open - 2026-09-11 2026-09-11"),
]

SCENARIOS["3 closed before contact"] = [
    hr("2026-09-08T08:00:00Z", "P3", onset="2026-09-08"),
    closed("2026-09-14T08:00:00Z", "P3", "2026-09-10", onset="2026-09-08"),
    hr("2026-09-08T08:00:00Z", "P3b", onset="2026-09-08"),
    closed("2026-09-17T08:00:00Z", "P3b", "2026-09-16", onset="2026-09-08"),
], [
    Person("P3", """contact-task.created 2026-09-08 2026-09-12
                    contact.due-soon     2026-09-11 2026-09-12 withdrawn
                    contact.overdue      2026-09-13 2026-09-12 withdrawn
                    contact-task.ended   2026-09-11 - late
                    returned-to-work     2026-09-11 2026-09-11 late""",
           tasks="msk ended returned_before_contact 2026-09-12 2026-09-11"),
    Person("P3b", """contact.overdue      2026-09-13 2026-09-12
                     contact-task.ended   2026-09-17 - late
                     returned-to-work     2026-09-17 2026-09-17 late""",
           tasks="msk ended returned_uncontacted 2026-09-12 2026-09-11"),
]

SCENARIOS["4 two assignments"] = [
    hr("2026-09-07T08:00:00Z", "P4", assignment_id="1", fte="0.60000"),
    hr("2026-09-07T09:00:00Z", "P4", record=2, onset="2026-09-06", assignment_id="2", fte="0.40000"),
    closed("2026-09-14T08:00:00Z", "P4", "2026-09-13", assignment_id="1", fte="0.60000"),
    closed("2026-09-21T08:00:00Z", "P4", "2026-09-20", record=2, onset="2026-09-06",
           assignment_id="2", fte="0.40000"),
    hr("2026-09-07T08:00:00Z", "P4", organisation="RX1"),
], [
    Person("P4", """contact-task.created   2026-09-07 2026-09-11
                    contact.due-soon       2026-09-09 2026-09-10
                    contact.overdue        2026-09-11 2026-09-10
                    return-to-work.partial 2026-09-14 2026-09-14 late
                    returned-to-work       2026-09-21 2026-09-21 late""",
           never="relapse.detected", tasks="msk ended returned_uncontacted 2026-09-10 2026-09-10"),
    Person("P4", """contact-task.created 2026-09-07 2026-09-11
                    contact.due-soon     2026-09-10 2026-09-11
                    contact.overdue      2026-09-12 2026-09-11""",
           never="return-to-work.partial returned-to-work", organisation="RX1",
           tasks="msk open - 2026-09-11 2026-09-11"),
]

SCENARIOS["5 Easter, and a calendar that comes later"] = [
    bank_holidays(START, without=["2026-06-15"]),
    *(hr("2026-04-02T08:00:00Z", "P5", onset="2026-04-02", code="S11", organisation=name)
      for name in ("RW3", "SC2", "EW1", "SC1")),
    *(hr("2026-06-11T08:00:00Z", "P5b", onset="2026-06-11", code="S11", organisation=name)
      for name in ("EW1", "SC1")),
    bank_holidays("2026-06-12T08:00:00Z"),
], [
    Person("P5", """contact-task.created 2026-04-02 2026-04-06
                    contact.due-soon     2026-04-02 2026-04-06
                    contact.overdue      2026-04-07 2026-04-06""",
           tasks="msk open - 2026-04-06 2026-04-02"),
    Person("P5", """contact-task.created 2026-04-02 2026-04-06
                    contact.due-soon     2026-04-02 2026-04-06
                    contact.overdue      2026-04-07 2026-04-06""",
           tasks="msk open - 2026-04-06 2026-04-06", organisation="SC2"),
    Person("P5", """contact-task.created 2026-04-02 2026-04-10
                    contact.due-soon     2026-04-09 2026-04-10
                    contact.overdue      2026-04-11 2026-04-10""",
           tasks="msk open - 2026-04-10 2026-04-10", organisation="EW1"),
    Person("P5", """contact-task.created 2026-04-02 2026-04-09
                    contact.due-soon     2026-04-08 2026-04-09
                    contact.overdue      2026-04-10 2026-04-09""",
           tasks="msk open - 2026-04-09 2026-04-09", organisation="SC1"),
    Person("P5b", """contact-task.created 2026-06-11 2026-06-17
                     contact.due-soon     2026-06-16 2026-06-17
                     contact.overdue      2026-06-18 2026-06-17""",
           tasks="msk open - 2026-06-17 2026-06-17", organisation="EW1"),
    Person("P5b", """contact-task.created 2026-06-11 2026-06-17
                     contact.due-soon     2026-06-17 2026-06-18
                     contact.overdue      2026-06-19 2026-06-18""",
           tasks="msk open - 2026-06-18 2026-06-18", organisation="SC1"),
]

SCENARIOS["6 backdated"] = [
    hr("2026-09-09T08:00:00Z", "P6", onset="2026-09-09"),
    hr("2026-09-10T08:00:00Z", "P6", "amended", 2, onset="2026-09-04"),
    hr("2026-09-11T08:00:00Z", "P6", "amended", 3, onset="2026-09-07"),
    hr("2026-09-09T08:00:00Z", "P6b", onset="2026-09-09"),
    hr("2026-09-10T08:00:00Z", "P6b", "amended", 2, onset="2026-09-04"),
], [
    Person("P6", """contact-task.created 2026-09-09 2026-09-13
                    contact.overdue      2026-09-11 2026-09-08 late_report backdated withdrawn
                    contact.due-soon     2026-09-10 2026-09-11 late backdated
                    contact.overdue      2026-09-12 2026-09-11 backdated""",
           tasks="msk open - 2026-09-11 2026-09-11"),
    Person("P6b", """contact-task.created 2026-09-09 2026-09-13
                     contact.overdue      2026-09-11 2026-09-08 late_report backdated
                     long-term.reached    2026-10-01 2026-10-01 late_report backdated""",
           never="contact.due-soon", until="2026-10-10", tasks="msk open - 2026-09-08 2026-09-08"),
]

SCENARIOS["7 again within eight weeks"] = [
    *(line for name in ("P7", "P7b", "P7c", "P7d") for line in (
        hr("2026-09-07T08:00:00Z", name), closed("2026-09-17T08:00:00Z", name, "2026-09-16"))),
    hr("2026-11-12T09:00:00Z", "P7", record=2, onset="2026-11-12", code="S11"),
    hr("2026-11-13T09:00:00Z", "P7b", record=2, onset="2026-11-13", code="S11"),
    hr("2026-11-12T09:00:00Z", "P7c", record=2, onset="2026-11-12", code="S10"),
    hr("2026-11-12T09:00:00Z", "P7d", record=2, onset="2026-11-12", code="S13"),
    hr("2026-04-01T08:00:00Z", "P7e", onset="2026-04-01", last_day="2026-04-05"),
    hr("2026-04-07T08:00:00Z", "P7e", record=2, onset="2026-04-06"),
], [
    Person("P7", """contact-task.created 2026-09-07 2026-09-11
                    returned-to-work     2026-09-17 2026-09-17 late
                    relapse.detected     2026-11-12 -
                    contact-task.created 2026-11-12 2026-11-16""", until="2026-11-13",
           tasks="""msk ended returned_uncontacted 2026-09-11 2026-09-11
                    msk open - 2026-11-16 2026-11-16"""),
    Person("P7b", """contact-task.created 2026-09-07 2026-09-11
                     contact-task.created 2026-11-13 2026-11-17""",
           never="relapse.detected", until="2026-11-13",
           tasks="""msk ended returned_uncontacted 2026-09-11 2026-09-11
                    msk open - 2026-11-17 2026-11-17"""),
    Person("P7c", """contact-task.created 2026-09-07 2026-09-11
                     contact-task.created 2026-11-12 2026-11-16""",
           never="relapse.detected", until="2026-11-13",
           tasks="""msk ended returned_uncontacted 2026-09-11 2026-09-11
                    stress open - 2026-11-16 2026-11-16"""),
    Person("P7d", "contact-task.created 2026-09-07 2026-09-11",
           never="relapse.detected", until="2028-12-31",
           tasks="msk ended returned_uncontacted 2026-09-11 2026-09-11"),
    Person("P7e", """contact-task.created 2026-04-01 2026-04-05
                     contact-task.ended   2026-04-06 - withdrawn
                     returned-to-work     2026-04-06 2026-04-06 withdrawn""",
           never="relapse.detected", until="2028-12-31", tasks="msk open - 2026-04-05 2026-04-02"),
]

SCENARIOS["8 entered in error"] = [
    *(line for name in ("P8", "P8b") for line in (
        hr("2026-09-07T08:00:00Z", name, code="S10"),
        contact("2026-09-09T10:00:00Z", name, "stress"),
        hr("2026-09-24T08:00:00Z", name, "cancelled", 3, code="S10"),
        hr("2026-09-24T09:00:00Z", name, "amended", 2, code="S10"))),
    hr("2026-09-24T10:00:00Z", "P8b", "amended", 4, code="S10"),
], [
    Person("P8", """contact-task.created 2026-09-07 2026-09-11 withdrawn
                    follow-up.due        2026-09-23 2026-09-23 withdrawn""",
           never="contact.due-soon contact.overdue long-term.reached review.due", until="2028-12-31",
           silent=True, tasks=None),
    Person("P8b", """contact-task.created 2026-09-07 2026-09-11 withdrawn
                     contact-task.created 2026-09-07 2026-09-11 late
                     follow-up.due        2026-09-23 2026-09-23 withdrawn
                     follow-up.due        2026-09-23 2026-09-23 late""",
           tasks="stress contacted - 2026-09-11 2026-09-11"),
]

VERSIONS = [dict(kind="opened", version=1, code="S99"),
            dict(kind="amended", version=2),
            dict(kind="amended", version=3, expected_return="2026-09-21"),
            dict(kind="closed", version=4, last_day="2026-09-18")]
SCENARIOS["9 as it happens"] = [
    hr(at, "P9", **version) for at, version in zip(
        ["2026-09-07T08:00:00Z", "2026-09-08T08:00:00Z", "2026-09-10T08:00:00Z",
         "2026-09-21T08:00:00Z"], VERSIONS)
], [
    Person("P9", """contact-task.created 2026-09-07 2026-09-11 late
                    contact.due-soon     2026-09-10 2026-09-11
                    contact.overdue      2026-09-12 2026-09-11
                    contact-task.ended   2026-09-19 - late
                    returned-to-work     2026-09-19 2026-09-19 late""",
           never="reason.missing", tasks="msk ended returned_uncontacted 2026-09-11 2026-09-11"),
]

SCENARIOS["10 late, open-ended, expected back"] = [
    line for name in ("RW3", "LT9") for line in (
        hr("2026-09-19T08:00:00Z", "P10", organisation=name),
        hr("2026-09-25T08:00:00Z", "P10", "amended", 2, last_day="2026-09-30", open_ended=True,
           organisation=name))
], [
    Person("P10", """contact-task.created        2026-09-19 2026-09-11 late_report
                     contact.overdue             2026-09-22 2026-09-11 late_report
                     expected-return.approaching 2026-09-28 2026-10-01
                     expected-return.passed      2026-10-02 2026-10-01
                     long-term.reached           2026-10-%s 2026-10-%s late_report""" % (day, day),
           never="contact.due-soon returned-to-work", until="2026-10-20",
           tasks="msk open - 2026-09-11 2026-09-11", organisation=name)
    for name, day in (("RW3", "04"), ("LT9", "05"))
]

SCENARIOS["11 another pathway"] = [
    hr("2026-09-07T08:00:00Z", "P11"),
    hr("2026-09-09T08:00:00Z", "P11", "amended", 2, code="S10"),
    hr("2026-09-07T08:00:00Z", "P11b"),
    hr("2026-09-09T08:00:00Z", "P11b", "amended", 2, code="S13"),
], [
    Person("P11", """contact-task.created 2026-09-07 2026-09-11 withdrawn
                     contact-task.created 2026-09-07 2026-09-11 late
                     contact.due-soon     2026-09-10 2026-09-11
                     contact.overdue      2026-09-12 2026-09-11""",
           tasks="""stress open - 2026-09-11 2026-09-11"""),
    Person("P11b", "contact-task.created 2026-09-07 2026-09-11 withdrawn",
           never="contact.due-soon contact.overdue", until="2028-12-31", tasks=None),
]

ALIKE = {"P12": "S12", "P12b": "S13", "P12c": "S17"}
SCENARIOS["12 nobody else can tell"] = [
    *(line for name, code in ALIKE.items() for line in (
        hr("2026-09-07T08:00:00Z", name, code=code, expected_return="2026-09-21"),
        closed("2026-09-25T08:00:00Z", name, "2026-09-25", code=code))),
    contact("2026-09-09T10:00:00Z", "P12"),
], [
    *(Person(name, "returned-to-work 2026-09-26 2026-09-26", tasks=None) for name in ALIKE),
]

SCENARIOS["13 codes of several schemes"] = [
    hr("2026-09-07T08:00:00Z", "P13", code="S12.0", scheme="icd10"),
    hr("2026-09-07T08:00:00Z", "P13b", code="S10.9", scheme="icd10"),
    hr("2026-09-07T08:00:00Z", "P13c", code="m545", scheme="icd10"),
    hr("2026-09-07T08:00:00Z", "P13d", code="Z730", scheme="icd10"),
    hr("2026-09-07T08:00:00Z", "P13e", scheme=None),
    hr("2026-09-07T08:00:00Z", "P13f", category="15"),
], [
    *(Person(name, never="contact-task.created contact.overdue", until="2028-12-31")
      for name in ("P13", "P13b")),
    Person("P13c", "contact-task.created 2026-09-07 2026-09-11",
           tasks="msk open - 2026-09-11 2026-09-11"),
    Person("P13d", "contact-task.created 2026-09-07 2026-09-11",
           tasks="stress open - 2026-09-11 2026-09-11"),
    *(Person(name, until="2028-12-31", silent=True) for name in ("P13e", "P13f")),
]

SCENARIOS["13 no sickness absence any more"] = [
    hr("2026-09-07T08:00:00Z", "P13g"),
    hr("2026-09-08T08:00:00Z", "P13g", "amended", 2, category=" Maternity", last_day="2026-12-01"),
    hr("2026-09-07T08:00:00Z", "P13h"),
    hr("2026-09-08T08:00:00Z", "P13h", "amended", 2, category="15"),
    hr("2026-09-09T08:00:00Z", "P13h", "amended", 3),
    hr("2026-09-07T08:00:00Z", "P13i", version=2),
    hr("2026-09-08T08:00:00Z", "P13i", "cancelled", 2, category="maternity"),
    # Nothing else is read of it, not even whom it names.
    hr("2026-09-07T08:00:00Z", "P13j"),
    scenes.absence("2026-09-08T08:00:00Z", "amended", "A-P13j/1", 2, "P13k", "never", None, "esr",
                   "RW3", SOURCE, category="7"),
], [
    *(Person(name, until="2028-12-31", silent=True) for name in ("P13g", "P13j", "P13k")),
    Person("P13h", """contact-task.created 2026-09-07 2026-09-11 withdrawn
                      contact-task.created 2026-09-07 2026-09-11 late
                      contact.overdue      2026-09-12 2026-09-11""",
           tasks="msk open - 2026-09-11 2026-09-11"),
    Person("P13i", """contact-task.created 2026-09-07 2026-09-11
                      contact.overdue      2026-09-12 2026-09-11""",
           tasks="msk open - 2026-09-11 2026-09-11"),
]

SCENARIOS["14 a changed clock, a leap year"] = [
    hr("2026-10-22T08:00:00Z", "P14", onset="2026-10-22"),
    hr("2026-10-19T08:00:00Z", "P14b", onset="2026-10-19"),
    hr("2028-02-26T08:00:00Z", "P14c", onset="2028-02-26"),
], [
    Person("P14", """contact-task.created 2026-10-22 2026-10-26
                     contact.overdue      2026-10-27 2026-10-26""",
           until="2026-10-31", tasks="msk open - 2026-10-26 2026-10-26"),
    Person("P14b", """contact-task.created 2026-10-19 2026-10-23
                      contact.overdue      2026-10-24 2026-10-23""",
           until="2026-10-31", tasks="msk open - 2026-10-23 2026-10-23"),
    Person("P14c", """contact-task.created 2028-02-26 2028-03-01
                      contact.overdue      2028-03-02 2028-03-01""",
           until="2028-12-31", tasks="msk open - 2028-03-01 2028-03-01"),
]

SCENARIOS["16 due at a weekend"] = [
    hr("2026-09-09T08:10:00Z", "P16", onset="2026-09-09"),
], [
    Person("P16", """contact-task.created 2026-09-09 2026-09-13
                     contact.due-soon     2026-09-11 2026-09-13
                     contact.overdue      2026-09-14 2026-09-13""",
           tasks="msk open - 2026-09-13 2026-09-11"),
]

SCENARIOS["17 a red flag on Friday"] = [
    *(line for name in ("P17", "P17b", "P17c") for line in (
        hr("2026-09-09T08:10:00Z", name, onset="2026-09-09"),
        contact("2026-09-11T10:00:00Z", name, outcome="urgent_care_advised"))),
    entry("2026-09-11T10:30:00Z", "acknowledge", "P17"),
    scenes.person("2026-09-11T11:00:00Z", "opted-out", "2026-09-11", "P17b"),
    scenes.person("2026-09-11T12:00:00Z", "died", "2026-09-11", "P17c"),
], [
    Person("P17", """urgent.raised 2026-09-11 -
                     follow-up.due 2026-09-14 2026-09-14
                     follow-up.due 2026-09-28 2026-09-28""", never="contact.overdue",
           tasks="msk contacted - 2026-09-13 2026-09-11"),
    Person("P17b", "urgent.raised 2026-09-11 -", never="follow-up.due",
           tasks="msk contacted - 2026-09-13 2026-09-11"),
    Person("P17c", "urgent.raised 2026-09-11 - withdrawn", never="follow-up.due",
           tasks="msk ended died 2026-09-13 2026-09-11"),
]

SCENARIOS["18 a promise for 14:00 tomorrow"] = [
    *(line for name in ("P18", "P18b", "P18c") for line in (
        hr("2026-09-08T08:10:00Z", name, onset="2026-09-08"),
        entry("2026-09-09T10:00:00Z", "attempt", name, outcome="call_back",
              call_back_at="2026-09-10T13:00:00Z"))),
    entry("2026-09-10T13:30:00Z", "attempt", "P18", outcome="no_answer"),
    entry("2026-09-10T12:00:00Z", "attempt", "P18b", outcome="busy"),
    entry("2026-09-10T12:00:00Z", "attempt", "P18c", outcome="text_sent", channel="text"),
], [
    Person("P18", "call-back.due 2026-09-10 -", tasks="msk open - 2026-09-12 2026-09-11"),
    Person("P18b", never="call-back.due", tasks="msk open - 2026-09-12 2026-09-11"),
    Person("P18c", "call-back.due 2026-09-10 -", tasks="msk open - 2026-09-12 2026-09-11"),
]

SCENARIOS["19 not reached"] = [
    hr("2026-09-07T08:10:00Z", "P19"),
    entry("2026-09-08T08:00:00Z", "attempt", "P19", outcome="no_answer"),
    entry("2026-09-08T14:00:00Z", "attempt", "P19", outcome="voicemail"),
    entry("2026-09-09T08:00:00Z", "attempt", "P19", outcome="text_sent", channel="text"),
    entry("2026-09-09T15:00:00Z", "attempt", "P19", outcome="no_answer"),
    entry("2026-09-10T08:00:00Z", "close", "P19", reason="unable_to_contact"),
    contact("2026-09-11T09:00:00Z", "P19"),
], [
    Person("P19", """contact.unreachable 2026-09-09 2026-09-11
                     follow-up.due       2026-09-25 2026-09-25""", never="contact.overdue",
           tasks="msk contacted - 2026-09-11 2026-09-11"),
]

# Tasks that stand no more, and beside them those that do.
ENDS = {"P8": {"stress": "entered_in_error"}, "P11": {"msk": "superseded", "stress": None},
        "P11b": {"msk": "pathway_no_longer_matches"}}


# ---- played ----

def settings_document():
    document = model.load(None, "pathways.json")
    document["organisations"].update(ORGANISATIONS)
    return document


def with_offsets(lines):
    """They go to one partition, in the order of their instants."""
    placed, offset = [], 0
    for line in sorted(lines, key=lambda line: line["at"]):
        if "value" in line:
            line = {**line, "offset": offset}
            offset += 1
        placed.append(line)
    return placed


class Play(Rehearsal):
    """Lines at their instants, against the model; the clock stops at these and at STOPS."""

    def __init__(self, around, lines, start):  # pylint: disable=super-init-not-called
        self.lines = with_offsets(lines)
        self.world = compare.new_world(settings_document())
        self.book = ledger.Ledger(self.world)
        self.surprises = []
        self.steps = 0
        self.end = self.at(start)
        self.logins = {}
        self.stage = FollowupStage(around, 1, settings_document(), now=start)

    def deliver(self):
        self.stage.start_intake()
        self.followup = self.stage.start_followup()
        clinicians = entries_made.Entries(self.stage)
        self.logins = clinicians.logins
        stops = sorted({line["at"] for line in self.lines} | set(STOPS))
        for now in stops:
            mine = [line for line in self.lines if line["at"] == now]
            self.stop_at(now, [line for line in mine if "fact" not in line])
            for line in mine:
                if "fact" in line:
                    self.enter(clinicians, now, self.with_task(line))
        self.end = self.at(stops[-1])

    def stop_at(self, now, lines):
        """Calendars come before messages."""
        calendars = [line for line in lines if "calendar" in line]
        messages = [line for line in lines if "value" in line]
        self.followup.signal(signal.SIGSTOP)  # it sees what came as a whole, as the model does
        self.stage.step_clock(now)
        for line in calendars:
            file = self.stage.dir / "calendar.json"
            file.write_text(json.dumps(line["calendar"]))
            self.stage.dayfour("calendar", "load", file)
        if messages:
            self.stage.wait_taken(self.stage.publish(messages))
        self.followup.signal(signal.SIGCONT)
        self.stage.wait_told(120)
        self.apply(now, [*calendars, *messages])

    def with_task(self, line):
        about = line["fact"]["anchor"]
        task_id = self.world.keyed.id("s", *(about[name] for name in (
            "organisation", "person_id", "source", "absence_id", "pathway")))
        return {**line, "fact": {**line["fact"], "task_id": task_id}}

    def check(self):
        self.stage.wait_idle()
        self.said = self.stage.events()
        compare.report(self.surprises)
        compare_said(self.book, self.said)
        compare.report(self.instant_differences())
        compare.compare_all(self.stage, self.world, [line for line in self.lines if "value" in line],
                            self.end, self.logins)

    def instant_differences(self):
        """The instants of each emission and withdrawal, by the clock."""
        expected = [{"id": one.event.id, "nth": nth, "emitted_at": one.emitted_at,
                     "withdrawn_at": one.withdrawn_at}
                    for emissions in self.book.emitted.values()
                    for nth, one in enumerate(emissions, 1)]
        found = self.stage.rows("select subject || '/' || kind || '/' || occurrence as id, nth,"
                                " emitted_at, withdrawn_at from followup.emitted")
        return compare.differences("emission", ["id", "nth"], expected, found)


# ---- against what was worked out by hand ----

def said_of(events, key):
    """[(kind, occurs on, due on, sorted flags)] of one person, in the order in which they were said."""
    taken_back = {event["data"]["withdraws"] for event in events if "withdraws" in event["data"]}
    found = []
    for event in events:
        data = event["data"]
        if (data["organisation"], data["person_id"]) == key and "withdraws" not in data:
            flags = {name for name in ("late", "late_report", "backdated") if data.get(name)}
            flags |= {"withdrawn"} if event["id"] in taken_back else set()
            found.append([data["kind"], data["occurs_on"], data["due_on"] or "-", *sorted(flags)])
    return found


def person_differences(person, events, tasks):
    kinds = {line[0] for line in person.says} | set(person.never)
    everything = said_of(events, person.key)
    found = sorted(line for line in everything if line[0] in kinds and line[1] <= person.until)
    wanted = sorted([*line[:3], *sorted(line[3:])] for line in person.says)
    lines = ["%s: said %s" % (person.key, " ".join(line)) for line in found if line not in wanted]
    lines += ["%s: not said: %s" % (person.key, " ".join(line)) for line in wanted if line not in found]
    if not lines and found != wanted:
        lines.append("%s: said more than once: %s" % (person.key, found))
    standing = [line for line in everything if "withdrawn" not in line]
    if person.silent and standing:
        lines.append("%s: stands: %s" % (person.key, standing))
    if person.tasks is not None and tasks.get(person.key, []) != person.tasks:
        lines.append("%s: tasks %s" % (person.key, tasks.get(person.key, [])))
    return lines


def task_lines(stage):
    """{(organisation, person): [[pathway, state, end reason, due, to work by]]}, those that stand."""
    found = {}
    for row in stage.rows(compare.TASKS % compare.TOMBSTONE + " order by task_id"):
        if not row["tombstone"]:
            found.setdefault((row["organisation"], row["person_id"]), []).append(
                [str(row[name] or "-") for name in (
                    "pathway", "state", "end_reason", "due_date", "work_by_date")])
    return {key: sorted(lines) for key, lines in found.items()}


def ends_of(stage, person):
    """{pathway: why the task ended}, those included that no longer stand."""
    return {row["pathway"]: row["end_reason"] for row in stage.rows(
        "select pathway, end_reason from oh.task where person_id = '%s'" % person)}


def check_alike(events):
    """12: what HR's topic says of the three differs in nothing but whom it is about."""
    told = {}
    for event in events:
        data = event["data"]
        if event["topic"] == "return-to-work" and data["person_id"] in ALIKE:
            told.setdefault(data["person_id"], []).append({
                name: value for name, value in data.items()
                if name not in ("person_id", "absence_ids", "withdraws")})
    expect(len(told) == len(ALIKE), "HR is not told of all three")
    expect(all(one == told["P12"] for one in told.values()), "HR can tell them apart: %s" % told)


def check_secrets(stage, lines):
    """12: neither a log, nor a key or header, nor what HR may read holds what it must not."""
    people = {json.loads(line["value"])["data"]["person_id"] for line in lines if "value" in line}
    numbers = ['"%s"' % name for name in people] + ["A-%s/" % name for name in people]
    clinical = ["S10", "S11", "S12", "S99", "msk", "stress", "physio", "mental", "pathway", "queue"]
    places = {service.name: service.log.read_text() + service.errors() for service in stage.services}
    codes = {name: clinical[:4] for name in places}
    for kind in stage.out:
        records = stage.records(kind)
        places["keys and headers of " + kind] = json.dumps(
            [[record["key"], record["headers"]] for record in records])
        codes["keys and headers of " + kind] = clinical
        if kind == "return-to-work":
            hr_sees = b"".join(record["value"] for record in records).decode()
            found = [word for word in clinical if word in hr_sees]
            expect(not found, "HR reads %s" % found)
    for place, text in places.items():
        found = [word for word in numbers + codes[place] if word in text]
        expect(not found, "%s hold %d words that they must not" % (place, len(found)))


def check_dead_letters(stage):
    """13: the one without a scheme, and nothing of the other."""
    reasons = stage.rows("select reason from intake.dead_letter")
    expect(reasons == [{"reason": "missing_scheme"}], "dead letters: %s" % reasons)
    expect(len(stage.records("dead-letter")) == 1, "not one dead letter on its topic")


def all_on_one_stage(around):
    play = Play(around, [line for lines, _ in SCENARIOS.values() for line in lines], START)
    with play.stage as stage:
        play.deliver()
        play.check()
        tasks = task_lines(stage)
        lines = ["%s %s" % (name, line) for name, (_, people) in SCENARIOS.items()
                 for person in people for line in person_differences(person, play.said, tasks)]
        compare.report(lines)
        for name, ends in ENDS.items():
            expect(ends_of(stage, name) == ends, "%s: %s" % (name, ends_of(stage, name)))
        loads = stage.rows("select at from audit.entry where what = 'calendar_load' and who is not null")
        expect(len(loads) == 2, "5: the audit has %d calendars" % len(loads))
        check_alike(play.said)
        check_secrets(stage, play.lines)
        check_dead_letters(stage)
        print("  %d messages, %d stops of the clock, %d events and withdrawals" % (
            sum(play.world.counts.values()), play.steps, len(play.said)))


# ---- 9: every order ----

FIXED = "2026-09-25T08:00:00Z"


def orders():
    """{person: their messages}: each of the 24 orders, with the second message again at each place."""
    found = {}
    for number, order in enumerate(itertools.permutations(VERSIONS)):
        for place in range(5):
            messages = list(order)
            messages.insert(place, VERSIONS[1])
            name = "O%02d%d" % (number, place)
            found[name] = [hr(FIXED, name, **version) for version in messages]
    return found


class Killed(Play):
    """So many messages at a time, a service killed while it has them in hand, the other the next time."""

    def deliver(self, share):  # pylint: disable=arguments-differ
        chance = random.Random(9)
        intake, followup = self.stage.start_intake(), self.stage.start_followup()
        self.kills = self.in_hand = 0
        for number, first in enumerate(range(0, len(self.lines), share)):
            lines = self.lines[first:first + share]
            ends = self.stage.publish(lines)
            if number % 2 == 0:
                time.sleep(chance.uniform(0, 0.05))
                intake.kill()
                at = self.stage.look_at_positions()
                self.in_hand += any(at.get(partition, 0) < end for partition, end in ends.items())
                intake = self.stage.start_intake()
                self.stage.wait_taken(ends)
            else:
                self.stage.wait_taken(ends)
                time.sleep(chance.uniform(0, 0.05))
                followup.kill()
                self.in_hand += not self.stage.is_idle()
                self.stage.free_leases()
                followup = self.stage.start_followup()
            self.stage.wait_told(120)
            self.apply(FIXED, lines)
            self.kills += 1


def every_order(around, long):
    people = orders()
    if long:  # each order with the second message again at one place, message by message
        people = {name: people[name] for number, name in enumerate(people)
                  if number % 5 == number // 5 % 5}
        lines = [line for lines in people.values() for line in lines]
    else:  # everybody's first message, everybody's second
        lines = [line for lines in zip(*people.values()) for line in lines]
    play = Killed(around, lines, FIXED)
    with play.stage as stage:
        play.deliver(1 if long else len(people))
        play.check()
        tasks = task_lines(stage)
        ends = stage.rows("select distinct to_jsonb(t) - '{task_id,spell_id,period_id,person_id,absence_ids}'"
                          "::text[] as row from oh.task t")
        expect(len(ends) == 1, "the orders end in %d ways: %s" % (len(ends), ends[:2]))
        for name in people:
            standing = [line for line in said_of(play.said, ("RW3", name)) if "withdrawn" not in line]
            expect(sorted(standing) == [["interview.due", "2026-09-19", "2026-09-19", "late"],
                                        ["returned-to-work", "2026-09-19", "2026-09-19", "late"]],
                   "%s: stands %s" % (name, standing))
            expect(tasks[("RW3", name)] == [
                ["msk", "ended", "returned_before_notice", "2026-09-11", "2026-09-11"]],
                   "%s: tasks %s" % (name, tasks[("RW3", name)]))
        print("  %d people, %d messages, %d kills, %d of them with work left, %d events and withdrawals" % (
            len(people), len(lines), play.kills, play.in_hand, len(play.said)))


# ---- 15: a burst ----

def burst(around):
    codes = ("S12", "S10", "S13", "S99")
    lines = [hr("2026-09-07T08:00:00Z", "B%03d" % n, code=codes[n % 4]) for n in range(400)] * 2
    play = Play(around, lines, "2026-09-07T08:00:00Z")
    with play.stage as stage:
        stage.start_intake()
        stage.start_followup()
        stage.publish(play.lines[:300])
        stage.end_session()
        around.server("kill", "postgres")
        try:
            ends = stage.publish(play.lines[300:])
            time.sleep(2)
        finally:
            around.server("start", "postgres")
        stage.wait_taken(ends)
        stage.wait_told(120)
        play.apply("2026-09-07T08:00:00Z", play.lines)
        play.check()
        kinds = [line[0] for n in range(400) for line in said_of(play.said, ("RW3", "B%03d" % n))]
        expect(kinds == ["contact-task.created"] * 200, "not 200 tasks are told, each once")
        expect(len(stage.rows("select from oh.task where state = 'open'")) == 200, "not 200 tasks")


def main():
    long = "--long" in sys.argv
    return harness.run({
        "the scenarios": all_on_one_stage,
        "9, every order": lambda around: every_order(around, long),
        "15, a burst": burst,
    })


if __name__ == "__main__":
    sys.exit(main())
