"""The timeline of a person: every event that the newest facts make right, with its instant T.

An event stands at `now` once T <= now. HR's events are derived in hr.py, from dates alone.
"""
import datetime as dt
from dataclasses import dataclass, field

import hr
import hrview
import tasks
from dates import DAY, format_instant

OH, HR = "oh.follow-up.events", "return-to-work.events"
ONCE = ("contact-task.created", "relapse.detected", "contact.unreachable")
INSTANTS = ("call-back.due", "urgent.raised")  # there may be several a day
CREATED_REASONS = (None, "returned_before_contact", "returned_uncontacted")
SUPERSEDED_BY = {
    "contact.due-soon": ("contact.overdue",),
    "long-term.approaching": ("long-term.reached",),
    "expected-return.approaching": ("expected-return.passed",),
    "follow-up.due": ("follow-up.due",),
    "review.due": ("review.due",),
    "check-in.due": ("check-in.due",),
    "phased-return.review-due": ("phased-return.review-due", "phased-return.ending"),
}


@dataclass
class Event:
    topic: str
    subject: str
    kind: str
    T: dt.datetime
    occurs_on: dt.date
    due_on: dt.date
    organisation: str
    person_id: str
    absence_ids: list
    about: dict = field(default_factory=dict)  # members that only the OH topic has
    extra: dict = field(default_factory=dict)
    period: object = None

    @property
    def occurrence(self):
        if self.kind in INSTANTS:
            return format_instant(self.T.replace(microsecond=0))
        return "1" if self.kind in ONCE else self.occurs_on.isoformat()

    @property
    def id(self):
        return "/".join((self.subject, self.kind, self.occurrence))

    @property
    def type(self):
        return "org.dayfour." + self.kind

    def data(self, late):
        data = {"organisation": self.organisation, "person_id": self.person_id,
                "absence_ids": self.absence_ids, "kind": self.kind,
                "occurrence": self.occurrence, "occurs_on": self.occurs_on,
                "due_on": self.due_on, "late": late}
        if self.topic == OH:
            empty = dict.fromkeys(("spell_id", "task_id", "pathway", "queue", "late_report",
                                   "backdated"))
            data.update(empty, **self.about)
        data.update(self.extra)
        return data


def timeline(case, until):
    """All events of the person with T <= until that are right by the newest facts."""
    found = []
    for period in case.periods:
        if period.survives(case.person.died_on):
            continue
        found += missing_reason(case, period)
        for spell in period.spells:
            found += SpellEvents(case, spell, until).all()
    for period in case.hr.periods:
        if not case.hr.survives(period):
            found += hr_events(case, period)
    unique = {(event.topic, event.id): event for event in sorted(found, key=lambda e: e.T, reverse=True)}
    return sorted((e for e in unique.values() if e.T <= until and allowed(case, e)),
                  key=lambda e: (e.T, e.id))


def allowed(case, event):
    """No event stands after death, leaving or opting out, each by its own rule."""
    if event.topic == HR:
        return hrview.allowed(case.hr, event)
    calendar = case.calendar
    if event.kind == "urgent.raised":  # whatever ends the task: death alone
        died_on = case.person.died_on
        return died_on is None or event.T < calendar.at(died_on)
    died_on, left_on, opted_out_on = case.person.died_on, case.left_on, case.opted_out_on
    if died_on is not None and event.T >= calendar.at(died_on):
        return False
    if left_on is not None and event.period.onset <= left_on < calendar.local_date(event.T):
        return False
    return not (opted_out_on is not None and event.topic == OH
                and event.T >= calendar.at(opted_out_on))


def hr_events(case, period):
    calendar = case.calendar
    notice = calendar.local_date(period.first_notice_at)
    absence = hr.Absence(
        onset=period.onset, end=period.end, first_notice_on=notice, by_left=period.by_left,
        expected_return=period.expected_return,
        assignments=[(m.record.assignment_id, m.onset, m.end) for m in period.members],
        phased_from={m.record.phased_from for m in period.members if m.record.phased_from},
        has_fit_note=any(m.record.has_fit_note for m in period.members),
        fit_note_to=max((m.record.fit_note_to for m in period.members if m.record.fit_note_to),
                        default=None),
        reason_missing_since=min((m.onset for m in period.members if m.record.reason_missing),
                                 default=None))
    return [Event(HR, "p" + period.id, kind, instant, calendar.local_date(instant), due_on,
                  case.organisation.name, case.person.person_id, period.absence_ids,
                  period=period)
            for kind, instant, due_on in hr.events(absence, calendar)]


def missing_reason(case, period):
    """On the OH topic, though about the period: a reason is awaited and no record matches."""
    kinds = {m.record.match.kind for m in period.members}
    if "watch" not in kinds or "match" in kinds or period.ended_before_notice(case.calendar):
        return []
    onset = min(m.onset for m in period.members if m.record.match.kind == "watch")
    day = onset + 2 * DAY
    if not period.off(day):
        return []
    return [Event(OH, "p" + period.id, "reason.missing", case.calendar.at(day, 9), day, day,
                  case.organisation.name, case.person.person_id, period.absence_ids,
                  period=period)]


class SpellEvents:
    def __init__(self, case, spell, until):
        self.case, self.spell, self.until = case, spell, until
        self.calendar = case.calendar
        self.task = tasks.Task(spell, case)
        self.settings = case.organisation
        self.found = []

    def add(self, kind, instant, due_on, **extra):
        task, spell = self.task, self.spell
        about = {"spell_id": spell.id, "task_id": spell.id, "pathway": spell.pathway.name,
                 "queue": spell.pathway.queue, "late_report": task.late_report,
                 "backdated": task.backdated}
        self.found.append(Event(
            OH, "s" + spell.id, kind, instant, self.calendar.local_date(instant), due_on,
            self.settings.name, self.case.person.person_id, spell.absence_ids, about, extra,
            spell.period))

    def all(self):
        self.urgent()
        if self.spell.ended_before_notice(self.calendar):
            return self.found
        self.created()
        self.due_soon_and_overdue()
        self.ended()
        self.unreachable()
        self.call_backs()
        self.follow_ups()
        self.long_term_and_reviews()
        self.check_ins()
        return self.found

    def contacted_before(self, instant):
        return any(contact.at < instant for contact in self.task.contacts)

    def declined_before(self, instant):
        before = [c for c in self.task.contacts if c.at < instant]
        return bool(before) and before[-1].outcome == "declined"

    def created(self):
        if self.task.end_reason not in CREATED_REASONS:
            return
        instant = max(self.spell.first_notice_at, self.calendar.at(self.spell.onset))
        self.add("contact-task.created", instant, self.spell.due_date)
        if self.spell.relapse:
            self.add("relapse.detected", instant, None)

    def due_soon_day(self):
        """The last service day before the due date, so that a weekend's is seen on Friday."""
        spell, due = self.spell, self.spell.due_date
        if spell.pathway.working_basis:
            return self.calendar.step(due, -1)
        last = self.calendar.last_service_day(spell.onset, due - DAY)
        work_by = self.calendar.last_service_day(spell.onset, due)
        return last or min(due - DAY, work_by or due)

    def due_soon_and_overdue(self):
        spell, calendar, due = self.spell, self.calendar, self.spell.due_date
        late = self.task.late_report
        day = self.due_soon_day()
        instant = calendar.at(day, 9)
        if spell.off(day) and not late and not self.contacted_before(instant):
            self.add("contact.due-soon", instant, due)
        last = self.task.respond_by if late else due
        instant = calendar.at(last + DAY)
        if spell.off(last) and not self.contacted_before(instant):
            self.add("contact.overdue", instant, due)

    def ended(self):
        if self.task.end_reason in CREATED_REASONS[1:]:
            self.add("contact-task.ended", self.calendar.at(self.spell.end + DAY), None,
                     end_reason=self.task.end_reason)

    def unreachable(self):
        attempt = self.task.unreachable_by
        if attempt is not None:
            self.add("contact.unreachable", attempt.at, self.spell.due_date)

    def call_backs(self):
        for promise in self.task.promises:
            answer, instant = self.task.answer_to(promise), promise.call_back_at
            if (answer is None or answer.at >= instant) and self.spell.off(
                    self.calendar.local_date(instant)):
                self.add("call-back.due", instant, None)

    def urgent(self):
        for contact in self.task.contacts:
            if contact.red_flag:
                self.add("urgent.raised", contact.at, None)

    def unasked(self, contact):
        """When to call again where no day was agreed."""
        day = self.calendar.local_date(contact.at)
        if contact.red_flag:
            return self.calendar.step(day, 1)
        return day + dt.timedelta(days=self.settings.follow_up_days)

    def follow_ups(self):
        contacts = self.task.contacts
        for index, contact in enumerate(contacts):
            if contact.outcome == "declined" or contact.no_follow_up:
                continue
            next_at = contacts[index + 1].at if index + 1 < len(contacts) else None
            every = dt.timedelta(days=self.settings.follow_up_days)
            day = contact.review_on or self.unasked(contact)
            while self.calendar.at(day, 9) <= self.until:
                instant = self.calendar.at(day, 9)
                if next_at is not None and instant > next_at:
                    break
                if (instant > contact.at and self.spell.off(day)
                        and not self.task.case_closed_at(instant)):
                    self.add("follow-up.due", instant, day)
                day += every

    def long_term_and_reviews(self):
        onset = self.spell.period.onset
        numbered = [("long-term.approaching", self.settings.long_term_approaching_day),
                    ("long-term.reached", self.settings.long_term_day)]
        numbered += [("review.due", number) for number in self.settings.review_days]
        for kind, number in numbered:
            day = onset + dt.timedelta(days=number - 1)
            instant = self.calendar.at(day, 9)
            if not self.spell.off(day) or kind == "review.due" and (
                    self.task.case_closed_at(instant) or self.declined_before(instant)):
                continue
            self.add(kind, instant, day)

    @property
    def long_term_reached(self):
        onset = self.spell.period.onset
        return self.spell.off(onset + dt.timedelta(days=self.settings.long_term_day - 1))

    def check_ins(self):
        period, calendar = self.spell.period, self.calendar
        if period.end is None:
            return
        return_date = period.end + DAY
        days = [calendar.step(return_date, 10)]
        if self.long_term_reached:
            days.append(return_date + dt.timedelta(days=28))
        for day in days:
            instant = calendar.at(day, 9)
            had_contact = self.contacted_before(instant) and not self.declined_before(instant)
            if (had_contact or self.long_term_reached) and not self.new_spell_by(day) \
                    and instant >= self.spell.first_notice_at:
                self.add("check-in.due", instant, day)

    def new_spell_by(self, day):
        return any(other.pathway is self.spell.pathway and self.spell.onset < other.onset <= day
                   for other in self.case.spells)


def superseded(event, standing):
    """Whether a standing event has taken the place of this one."""
    later = SUPERSEDED_BY.get(event.kind, ())
    return any(other.subject == event.subject and other.kind in later and other.T > event.T
               for other in standing)


def feed_silent(organisation, last_valid_at):
    """The one silence that would follow the last valid message of an organisation."""
    calendar = organisation.calendar
    instant = calendar.after_working_hours(last_valid_at, organisation.feed_silent_hours)
    return Event(OH, "o" + organisation.name, "feed.silent", instant, calendar.local_date(instant),
                 None, organisation.name, None, [])
