"""Makes the entries of a history through the functions of schema oh, each by a login."""
from harness import Failure

import entries
import histories

CALLS = {
    "attempt": "oh.record_attempt({task}, {outcome}, {at}, {call_back_at}, {channel})",
    "contact": "oh.record_contact({task}, {outcome}, {at}, {review_on}, {red_flag}, {channel})",
    "acknowledge": "oh.acknowledge({task})",
    "oh_record": "oh.set_oh_record({task}, {text})",
    "claim": "oh.claim({task})",
    "release": "oh.release({task})",
    "assign": "oh.assign({task}, {login})",
    "close": "oh.close_case({task}, {reason})",
    "reopen": "oh.reopen_case({task})",
    "opt_out": "oh.opt_out({organisation}, {person_id})",
    "opt_in": "oh.opt_in({organisation}, {person_id})",
    "retract": "oh.retract({entry_id}, {why})",
}


def quoted(value):
    if value is None:
        return "null"
    if isinstance(value, (bool, int)):
        return str(value).lower()
    return "'%s'" % str(value).replace("'", "''")


class Entries:
    """The clinicians of a stage, and what they have entered so far."""

    def __init__(self, stage):
        self.stage = stage
        self.numbers = {}  # label of an entry -> its number in the database
        queues = ("physiotherapy", "mental-health")
        organisations = sorted(set(histories.ORGANISATIONS))
        self.logins = {name: stage.new_clinician(name, organisations, queues)
                       for name in entries.LOGINS}

    def make(self, fact):
        """Gives the SQLSTATE of a refusal, or ""."""
        values = {"task": fact.get("task_id"), "outcome": None, "review_on": None,
                  "red_flag": False, "why": None, "reason": None, "organisation": None,
                  "person_id": None, "call_back_at": None, "channel": "phone", **fact,
                  "at": fact.get("at", self.stage.now),
                  "login": self.logins.get(fact.get("login")),
                  "entry_id": self.numbers.get(fact.get("entry"), -1)}
        call = CALLS[fact["kind"]].format(**{k: quoted(v) for k, v in values.items()})
        printed, state = self.stage.as_login(fact.get("by", entries.LOGINS[0]), "select " + call)
        if state and len(state) != 5:
            raise Failure("%s: %s" % (call, state or printed))
        if not state and "entry" in fact and fact["kind"] != "retract":
            self.numbers[fact["entry"]] = int(
                self.stage.ask("select max(entry_id) from fact.contact"))
        return state
