"""Facts as they are kept: the newest version of each record, and what is known of a person."""
import datetime as dt
from dataclasses import dataclass, field

import reasons


@dataclass
class Record:
    """An absence record, identified by (organisation, source, absence_id)."""
    event: object  # the AbsenceEvent that counts
    match: reasons.Match
    settings_serial: int
    first_notice_at: dt.datetime
    lowest_version: int
    lowest_onset: dt.date
    changed_at: dt.datetime
    code_kept: bool = None  # it matched or was watched when it was received
    hr_changed_at: dt.datetime = None  # when one of hr_facts last changed
    held_since: dt.datetime = None  # when it became this person's
    gone_at: dt.datetime = None  # noted: gone for HR from then on
    known: dict = field(default_factory=dict)  # pathway -> since when it is known to match
    reason_missing: bool = False  # HR gave none with the newest version, as judged when it was stored
    reason_given_at: dt.datetime = None  # now when one was first stored after none had been given

    def __post_init__(self):
        self.code_kept = self.match.keeps_code
        self.hr_changed_at = self.changed_at
        self.held_since = self.first_notice_at

    def __getattr__(self, name):
        return getattr(self.event, name)

    def know(self, now):
        """The first time counts, whatever its reason was in between."""
        for pathway in self.match.pathways if not self.cancelled else ():
            self.known.setdefault(pathway, now)

    @property
    def key(self):
        return (self.event.source, self.event.absence_id)

    @property
    def anchor_order(self):
        """The smallest of these among the members is the anchor."""
        return (self.first_notice_at, self.event.source.encode(), self.event.absence_id.encode())

    @property
    def facts(self):
        """The facts that the rules read. Its version and how to reach the person are not among these."""
        event = self.event
        return (event.person_id, event.assignment_id, event.onset, event.last_day,
                event.open_ended, event.expected_return, float(event.fte), event.fit_note_from,
                event.fit_note_to, event.phased_from, event.cancelled, self.reason_kept,
                self.lowest_onset)

    @property
    def hr_facts(self):
        """The facts that HR's view reads."""
        event = self.event
        return (event.person_id, event.assignment_id, event.onset, event.last_day, event.open_ended,
                event.expected_return, event.fit_note_from, event.fit_note_to, event.phased_from, event.cancelled)

    @property
    def reason_kept(self):
        if self.cancelled:
            return None
        return (self.scheme, self.kept_code) if self.code_kept else self.match.kind

    @property
    def kept_code(self):
        """As it is compared; None: not kept, or none was given."""
        kept = self.code_kept and not self.cancelled
        return reasons.normalised(self.event.scheme, self.event.code) if kept else None

    def has_ended(self, today):
        return self.last_day is not None and not self.open_ended and self.last_day < today

    @property
    def return_expected(self):
        """For a record that is still open."""
        if self.last_day is not None:
            return self.last_day + dt.timedelta(days=1)
        return self.expected_return


@dataclass
class PersonFact:
    """The statement that counts: the one with the greatest (time, id)."""
    order: tuple
    kind: str
    on: dt.date


@dataclass
class Person:
    organisation: str
    person_id: str
    record_keys: set = field(default_factory=set)
    facts: dict = field(default_factory=dict)  # left, died, opted -> PersonFact
    entries: list = field(default_factory=list)  # what clinicians entered
    changed_at: dt.datetime = None  # when one of these facts last changed
    hr_changed_at: dt.datetime = None  # when leaving or death did

    def on(self, slot, kind):
        fact = self.facts.get(slot)
        return fact.on if fact and fact.kind == kind else None

    @property
    def in_force(self):
        return self.left_on, self.died_on, self.opted_out_on

    @property
    def left_on(self):
        return self.on("left", "left")

    @property
    def died_on(self):
        return self.on("died", "died")

    @property
    def opted_out_on(self):
        return self.on("opted", "opted-out")


class Facts:
    """All facts of the installation, and how one more message changes them."""

    def __init__(self, settings):
        self.settings = settings
        self.serial = 1
        self.records = {}  # (organisation, source, absence_id) -> Record
        self.persons = {}  # (organisation, person_id) -> Person
        self.last_valid_at = {}  # organisation -> when its last message passed all checks
        self.heartbeats = {}  # (organisation, source) -> (the one with the greatest as_of, when it came)

    def store_heartbeat(self, event, now):
        key = (event.organisation, event.source)
        if key not in self.heartbeats or event.as_of > self.heartbeats[key][0].as_of:
            self.heartbeats[key] = (event, now)
        return "stored"

    def person(self, organisation, person_id):
        key = (organisation, person_id)
        if key not in self.persons:
            self.persons[key] = Person(organisation, person_id)
        return self.persons[key]

    def records_of(self, person):
        return [self.records[(person.organisation, *key)] for key in person.record_keys]

    def load_settings(self, settings, now):
        """Records whose code was kept are matched again; the others wait for their next message."""
        self.settings = settings
        self.serial += 1
        for record in self.records.values():
            if record.code_kept and not record.cancelled:
                record.match = self.meaning(record.event)
                record.know(now)

    def judge(self, record, event, now):
        missing = not event.cancelled and reasons.missing(self.settings, event.scheme, event.code)
        if missing or event.cancelled:
            record.reason_given_at = None
        elif record.reason_missing or record.reason_given_at is None:
            record.reason_given_at = now
        record.reason_missing = missing

    def meaning(self, event):
        return reasons.match(self.settings, event.organisation, event.scheme, event.code)

    def store_absence(self, event, now):
        """`stored` where it had an effect, else `stale`."""
        identity = (event.organisation, event.source, event.absence_id)
        known = self.records.get(identity)
        before, hr_before = known and known.facts, known and known.hr_facts
        verdict = self.take(known, event, identity, now)
        self.records[identity].know(now)
        if known is not None and known.facts != before:
            known.changed_at = now
        if known is not None and known.hr_facts != hr_before:
            known.hr_changed_at = now
            known.held_since = now if known.person_id != hr_before[0] else known.held_since
        return verdict

    def take(self, known, event, identity, now):
        if known is None:
            record = Record(event, self.meaning(event), self.serial, now, event.version,
                            event.onset, now)
            self.judge(record, event, now)
            self.records[identity] = record
            self.person(event.organisation, event.person_id).record_keys.add(record.key)
            return "stored"
        if event.version < known.lowest_version:
            known.lowest_version, known.lowest_onset = event.version, event.onset
        if event.version > known.version or (
                event.version == known.version and event.cancelled and not known.cancelled):
            self.move(known, event)
            known.event = event
            known.match, known.settings_serial = self.meaning(event), self.serial
            known.code_kept = known.match.keeps_code
            self.judge(known, event, now)
            return "stored"
        if event.version == known.version and not known.cancelled and not event.cancelled:
            return self.rematch(known, event, now)
        return "stale"

    def rematch(self, known, event, now):
        """A resend heals a record that was matched under earlier settings."""
        if known.settings_serial == self.serial:
            return "stale"
        before = known.reason_kept, known.reason_missing
        known.settings_serial = self.serial
        known.event.scheme, known.event.code = event.scheme, event.code
        known.match = self.meaning(event)
        known.code_kept = known.match.keeps_code
        self.judge(known, event, now)
        return "stale" if (known.reason_kept, known.reason_missing) == before else "stored"

    def move(self, known, event):
        if known.person_id != event.person_id:
            self.person(known.organisation, known.person_id).record_keys.discard(known.key)
            self.person(event.organisation, event.person_id).record_keys.add(known.key)

    def store_person_fact(self, organisation, person_id, kind, on, time, event_id, now):
        """The greatest (time, id) counts: of left, of died, and of the two opt kinds together."""
        person = self.person(organisation, person_id)
        slot = "opted" if kind.startswith("opted") else kind
        order = (time, event_id.encode())
        known = person.facts.get(slot)
        if known and known.order >= order:
            return "stale"
        before = person.in_force
        person.facts[slot] = PersonFact(order, kind, on)
        if person.in_force != before:
            person.changed_at = now
            if slot != "opted":
                person.hr_changed_at = now
        return "stored"
