"""HR's view of a person: periods of what is not gone for HR, from HR's facts alone.

Nothing in here reads a reason, a pathway, a contact or an opt-out, nor when occupational health did anything.
"""
import datetime as dt
from dataclasses import dataclass, field

import cases
from dates import DAY


@dataclass
class Keeping:
    """How long facts are kept, in force until an instant (None: in force now)."""
    until: dt.datetime
    unmatched: dt.timedelta
    settle: dt.timedelta


@dataclass
class View:
    person: object
    organisation: object
    past: list  # of Keeping
    now: dt.datetime
    periods: list = field(default_factory=list)
    gone: dict = field(default_factory=dict)  # record key -> since when
    settles_on: dict = field(default_factory=dict)  # period id -> day, or None
    goes_at: dict = field(default_factory=dict)  # period id -> instant, or None

    @property
    def calendar(self):
        return self.organisation.calendar

    @property
    def today(self):
        return self.calendar.local_date(self.now)

    def keeping(self):
        own = self.organisation
        return self.past + [Keeping(None, dt.timedelta(days=own.unmatched_days), dt.timedelta(days=own.settle_days))]

    def first_gone(self, over_on, changed_on=None):
        """The first midnight on which that has been long enough ago, by what was in force on it."""
        since = None
        for keep in self.keeping():
            last = over_on + keep.unmatched
            if changed_on is not None:
                last = max(last, changed_on + keep.settle)
            at = self.calendar.at(last + DAY)
            at = at if since is None else max(at, since)
            if keep.until is None or at < keep.until:
                return at
            since = keep.until if since is None else max(since, keep.until)
        raise AssertionError("the last one has no end")

    def counts(self, slot, record):
        """Leaving, or death, counts for records that were this person's soon enough."""
        fact = self.person.facts.get(slot)
        return fact is not None and (fact.on is None or record.held_since < self.first_gone(fact.on))

    def on(self, slot, members):
        """The day of leaving or death, where it counts for any of them; else None."""
        fact = self.person.facts.get(slot)
        return fact.on if fact is not None and any(self.counts(slot, m.record) for m in members) else None

    def left_on(self, members):
        """Once it has passed."""
        left_on = self.on("left", members)
        return left_on if left_on is not None and self.today > left_on else None

    def survives(self, period):
        return period.survives(self.on("died", period.members))


def view(person, records, organisation, keyed, past, now):
    found = View(person, organisation, past, now)
    live = []
    for record in records:
        if record.gone_at is not None:
            found.gone[record.key] = record.gone_at
        elif record.cancelled:
            day = found.calendar.local_date(record.hr_changed_at)
            at = found.first_gone(day, day)
            if at <= now:
                found.gone[record.key] = at
        elif record.onset <= found.today:
            live.append(record)
    members = sorted((member(found, record) for record in live),
                     key=lambda m: (m.onset, m.record.event.source.encode(), m.record.event.absence_id.encode()))
    for group in chain(found, members):
        period = cases.Period(group)
        period.id = keyed.id("p", organisation.name, person.person_id, *period.anchor.key)
        end, changed_on = over(found, period)
        at = None if end is None else found.first_gone(end, changed_on)
        if at is not None and at <= now:
            found.gone.update({m.record.key: at for m in group})
            continue
        found.periods.append(period)
        found.goes_at[period.id] = at
        found.settles_on[period.id] = None if end is None else (
            dt.timedelta(days=organisation.settle_days) + max(end, changed_on))
    return found


def member(found, record):
    left_on = found.person.facts["left"].on if found.counts("left", record) else None
    left_on = left_on if left_on is not None and found.today > left_on else None
    ended = record.has_ended(found.today)
    if left_on is not None and record.onset <= left_on and (not ended or record.last_day >= left_on):
        return cases.Member(record, left_on, True)
    return cases.Member(record, record.last_day if ended else None, False)


def chain(found, members):
    def joins(group, end, item):
        left = found.person.facts.get("left")
        if any(m.by_left for m in group) and end is not None and item.onset > left.on:
            return False
        return end is None or item.onset <= end + DAY
    return cases.chain(members, joins)


def over(found, period):
    """The day it is over since, and the day of the last change; None, None while it is not over."""
    end = period.end
    if end is None and found.survives(period):
        end = found.on("died", period.members)  # HR may never end the record
    if end is None:
        return None, None
    days = dt.timedelta(days=found.organisation.settle_days)
    changes = [m.record.hr_changed_at for m in period.members]
    if any(concerns(found, slot, period, end + days) for slot in ("left", "died")) \
            and found.person.hr_changed_at is not None:
        changes.append(found.person.hr_changed_at)
    return end, max(found.calendar.local_date(change) for change in changes)


def concerns(found, slot, period, last):
    fact = found.person.facts.get(slot)
    return (fact is not None and any(found.counts(slot, m.record) for m in period.members)
            and (fact.on is None or fact.on <= last))


def allowed(found, event):
    """Whether an HR event is right: none after death or leaving, nor once the period is gone."""
    members = event.period.members
    died_on, left_on = found.on("died", members), found.left_on(members)
    goes_at = found.goes_at[event.period.id]
    if died_on is not None and event.T >= found.calendar.at(died_on):
        return False
    if goes_at is not None and event.T >= goes_at:
        return False
    return not (left_on is not None and event.period.onset <= left_on < found.calendar.local_date(event.T))
