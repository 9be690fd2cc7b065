"""The task of a spell: its state and the columns that a clinician sees."""
import datetime as dt
from dataclasses import dataclass

CONTACT_OUTCOMES = ("fast_track_treatment", "self_management_advice", "onward_referral",
                    "no_action_needed", "declined", "already_in_care", "urgent_care_advised")
FAILED_OUTCOMES = ("no_answer", "voicemail", "wrong_number")
WRITTEN_OUTCOMES = ("text_sent", "email_sent", "letter_sent")
ATTEMPT_OUTCOMES = FAILED_OUTCOMES + WRITTEN_OUTCOMES + ("call_back", "busy", "message_with_other")
CLOSE_REASONS = ("recovered", "referred", "declined", "unable_to_contact", "other")
WRITTEN_CHANNELS = ("text", "email", "letter")


def written(entry):
    return entry.outcome in WRITTEN_OUTCOMES or entry.channel in WRITTEN_CHANNELS


def later(one, other):
    return (one.at, one.serial) > (other.at, other.serial)


@dataclass
class Task:
    """The task that follows from a spell and its entries."""
    spell: object
    case: object

    @property
    def contacts(self):
        return [entry for entry in self.spell.entries if entry.kind == "contact"]

    @property
    def attempts(self):
        return [entry for entry in self.spell.entries if entry.kind == "attempt"]

    @property
    def calls(self):
        """Every try to reach the person, the successful ones too."""
        return [entry for entry in self.spell.entries if entry.kind in ("attempt", "contact")]

    @property
    def contacted_at(self):
        return self.contacts[0].at if self.contacts else None

    @property
    def contacted_on(self):
        return self.case.calendar.local_date(self.contacted_at) if self.contacts else None

    @property
    def contacted_while_off(self):
        end = self.spell.end
        return self.contacted_on is not None and (end is None or self.contacted_on <= end)

    @property
    def first_notice_on(self):
        return self.case.calendar.local_date(self.spell.first_notice_at)

    @property
    def late_report(self):
        return self.first_notice_on > self.spell.due_date

    @property
    def respond_by(self):
        if not self.late_report:
            return None
        return self.case.calendar.step(self.first_notice_on, 1)

    @property
    def state(self):
        return self.state_and_reason[0]

    @property
    def end_reason(self):
        return self.state_and_reason[1]

    @property
    def state_and_reason(self):
        """Where several apply: died, left, contacted, opted out, returned."""
        end, case = self.spell.end, self.case
        died_on, opted_out_on = case.person.died_on, case.opted_out_on
        if self.spell.period.survives(died_on) and (
                self.contacted_while_off or end is None or end >= died_on):
            return "ended", "died"
        if self.spell.by_left:
            return "ended", "left_employment"
        if self.contacted_while_off:
            return "contacted", None
        if opted_out_on is not None and (end is None or opted_out_on <= end):
            return "ended", "opted_out"
        if end is None:
            return "open", None
        if self.spell.ended_before_notice(case.calendar):
            return "ended", "returned_before_notice"
        if end < self.spell.due_date:
            return "ended", "returned_before_contact"
        return "ended", "returned_uncontacted"

    @property
    def in_target(self):
        if self.contacted_on is not None:
            return self.contacted_on <= self.spell.due_date
        if self.end_reason == "returned_uncontacted":
            return False
        if self.state == "open" and self.case.today > self.spell.due_date:
            return False
        return None

    @property
    def backdated(self):
        return any(m.record.onset < m.record.lowest_onset for m in self.spell.members)

    @property
    def red_flag(self):
        return any(entry.red_flag for entry in self.contacts)

    @property
    def reason_changed(self):
        """The code of a record that was there at the latest contact has changed since."""
        if not self.contacts:
            return False
        now = {m.record.key: m.record.kept_code for p in self.case.periods for m in p.members}
        return any(key in now and now[key] != code
                   for key, code in self.contacts[-1].codes.items())

    @property
    def priority(self):
        live_from = self.case.organisation.live_from
        if live_from is not None and self.spell.onset < live_from:
            return 2
        return 1 if self.spell.relapse or self.late_report or self.red_flag else 2

    @property
    def assigned_to(self):
        moves = [e for e in self.spell.entries if e.kind in ("claim", "assign", "release")]
        if not moves:
            return None
        return max(moves, key=lambda entry: entry.serial).assignee

    @property
    def last_outcome(self):
        return self.calls[-1].outcome if self.calls else None

    def closing_at(self, instant):
        """The closing in force just before that instant: neither reopened nor followed by a contact."""
        turns = [e for e in self.spell.entries if e.kind in ("close", "reopen") and e.at < instant]
        if not turns or turns[-1].kind == "reopen":
            return None
        closing = turns[-1]
        return None if any(closing.at < c.at < instant for c in self.contacts) else closing

    def case_closed_at(self, instant):
        return self.closing_at(instant) is not None

    @property
    def closing(self):
        return self.closing_at(self.case.now + dt.timedelta(microseconds=1))

    @property
    def known_at(self):
        return min((m.record.known[self.spell.pathway.name] for m in self.spell.members
                    if self.spell.pathway.name in m.record.known), default=None)

    @property
    def reason_late(self):
        return (not self.late_report and self.known_at is not None
                and self.case.calendar.local_date(self.known_at) > self.spell.due_date)

    @property
    def failed(self):
        return [a for a in self.attempts if a.outcome in FAILED_OUTCOMES and not written(a)]

    @property
    def unreachable_by(self):
        """The attempt that makes three on two days before any contact."""
        before = [a for a in self.failed if not any(later(a, c) for c in self.contacts)]
        for count, attempt in enumerate(before, 1):
            days = {self.case.calendar.local_date(a.at) for a in before[:count]}
            if count >= 3 and len(days) >= 2:
                return attempt
        return None

    @property
    def unreachable(self):
        return self.unreachable_by is not None and not self.contacts

    @property
    def promises(self):
        return [a for a in self.attempts if a.call_back_at is not None]

    def answer_to(self, promise):
        """The first thing done about a promise."""
        done = [e for e in self.calls if later(e, promise) and (e.kind == "contact" or not written(e))]
        return done[0] if done else None

    @property
    def call_back_at(self):
        """The earliest promise that is open."""
        return min((p.call_back_at for p in self.promises if self.answer_to(p) is None), default=None)

    @property
    def red_flag_open(self):
        """The latest contact raised it, and nobody acknowledged it since it was written down."""
        if not self.contacts or not self.contacts[-1].red_flag:
            return False
        return not any(e.kind == "acknowledge" and e.serial > self.contacts[-1].serial
                       for e in self.spell.entries)

    @property
    def oh_record(self):
        return next((e.oh_record for e in reversed(self.spell.entries) if e.kind == "oh_record"), None)

    @property
    def case_closed(self):
        """By what has been entered so far."""
        return self.case_closed_at(self.case.now + dt.timedelta(microseconds=1))

    def row(self):
        spell, calendar, contacted_on = self.spell, self.case.calendar, self.contacted_on
        state, end_reason = self.state_and_reason
        attempts = self.attempts
        return {
            "task_id": spell.id,
            "organisation": self.case.organisation.name,
            "queue": spell.pathway.queue,
            "pathway": spell.pathway.name,
            "priority": self.priority,
            "person_id": self.case.person.person_id,
            "onset_date": spell.onset,
            "due_date": spell.due_date,
            "work_by_date": calendar.last_service_day(spell.onset, spell.due_date),
            "respond_by": self.respond_by,
            "state": state,
            "end_reason": end_reason,
            "assigned_to": self.assigned_to,
            "attempts": len(attempts),
            "last_outcome": self.last_outcome,
            "first_attempt_at": attempts[0].at if attempts else None,
            "contacted_at": self.contacted_at,
            "in_target": self.in_target,
            "elapsed_days": contacted_on and max(0, (contacted_on - spell.onset).days),
            "elapsed_working_days": contacted_on and calendar.working_days_between(
                spell.onset, contacted_on),
            "relapse": spell.relapse,
            "late_report": self.late_report,
            "backdated": self.backdated,
            "review_first": any(spell.pathway.name in m.record.match.review_first
                                for m in spell.members),
            "red_flag": self.red_flag,
            "reason_changed": self.reason_changed,
            "expected_return": spell.period.expected_return,
            "last_day": spell.end,
            "spell_id": spell.id,
            "period_id": spell.period.id,
            "absence_ids": spell.absence_ids,
            "known_at": self.known_at,
            "reason_late": self.reason_late,
            "call_back_at": self.call_back_at,
            "red_flag_open": self.red_flag_open,
            "unreachable": self.unreachable,
            "closed_at": self.closing.at if self.closing else None,
            "close_reason": self.closing.outcome if self.closing else None,
            "oh_record": self.oh_record,
        }

    def spell_row(self):
        spell = self.spell
        closed = spell.end is not None or self.end_reason == "died"
        return {
            "spell_id": spell.id,
            "period_id": spell.period.id,
            "organisation": self.case.organisation.name,
            "person_id": self.case.person.person_id,
            "pathway": spell.pathway.name,
            "onset_date": spell.onset,
            "last_day": spell.end,
            "state": "closed" if closed else "open",
            "relapse": spell.relapse,
            "previous_spell": spell.previous.id if spell.previous else None,
            "absence_ids": spell.absence_ids,
        }
