"""Events for HR and line managers, derived from dates alone.

Nothing in here can see a reason, a pathway, a contact or an opt-out; only whether HR gave a reason.
"""
import datetime as dt
from dataclasses import dataclass

from dates import DAY


@dataclass(frozen=True)
class Absence:
    """A period, as far as HR may know it."""
    onset: dt.date
    end: dt.date
    first_notice_on: dt.date
    by_left: bool
    expected_return: dt.date
    assignments: list  # (assignment_id, onset and end of one of its records)
    phased_from: set
    has_fit_note: bool
    fit_note_to: dt.date
    reason_missing_since: dt.date  # the earliest onset of a record without a reason

    def off(self, day):
        return self.onset <= day and (self.end is None or self.end >= day)


def events(absence, calendar):
    """(kind, T, due_on) of every event that is right."""
    found = returned(absence, calendar)
    if absence.end is not None and absence.first_notice_on > absence.end:
        return found
    found += partial(absence, calendar) + reason(absence, calendar)
    if absence.end is None:
        found += expected_return(absence, calendar)
        found += fit_notes(absence, calendar)
    return found + phased_return(absence, calendar)


def returned(absence, calendar):
    if absence.end is None or absence.by_left:
        return []
    day = absence.end + DAY
    return [("returned-to-work", calendar.at(day), day),
            ("interview.due", calendar.at(day, 9), day)]


def partial(absence, calendar):
    """Back in one of several jobs, or on reduced hours, while the period lasts."""
    days = set(absence.phased_from)
    for name, _, end in absence.assignments:
        if end is not None and not off_in(absence, name, end + DAY):
            days.add(end + DAY)
    return [("return-to-work.partial", calendar.at(day), day)
            for day in sorted(days) if absence.off(day)]


def reason(absence, calendar):
    """HR is asked for a reason the morning after, whatever the other records have."""
    if absence.reason_missing_since is None:
        return []
    day = absence.reason_missing_since + DAY
    return [("absence-reason.due", calendar.at(day, 9), day)] if absence.off(day) else []


def off_in(absence, name, day):
    """Whether some record of the assignment holds that day. A record that begins later does not count yet."""
    return any(assignment == name and onset <= day and (end is None or end >= day)
               for assignment, onset, end in absence.assignments)


def expected_return(absence, calendar):
    due = absence.expected_return
    if due is None:
        return []
    found = []
    day = calendar.step(due, -3)
    if absence.off(day):
        found.append(("expected-return.approaching", calendar.at(day, 9), due))
    if absence.off(due) and absence.off(due + DAY):
        found.append(("expected-return.passed", calendar.at(due + DAY, 9), due))
    return found


def fit_notes(absence, calendar):
    found = []
    day = absence.onset + 7 * DAY
    if absence.off(day) and not absence.has_fit_note:
        found.append(("fit-note.due", calendar.at(day, 9), day))
    if absence.fit_note_to is not None:
        day = calendar.step(absence.fit_note_to, -3)
        if absence.off(day):
            found.append(("fit-note.expiring", calendar.at(day, 9), absence.fit_note_to))
    return found


def phased_return(absence, calendar):
    """Weekly reviews while somebody is back on reduced hours, and the end after four weeks."""
    found = set()
    for start in absence.phased_from:
        for days, kind in ((7, "review-due"), (14, "review-due"), (21, "review-due"),
                           (27, "ending")):
            day = start + days * DAY
            if (absence.end is not None and absence.end < start) or absence.off(day):
                found.add(("phased-return." + kind, calendar.at(day, 9), day))
    return sorted(found)
