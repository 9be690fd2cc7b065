"""The emitted events. A standing event is emitted once; an emitted event that no longer stands is withdrawn."""
import datetime as dt
from dataclasses import dataclass, field

import events
from dates import DAY, UTC, parse_instant

LATE = dt.timedelta(minutes=10)
FAR = dt.timedelta(days=400)
LONG_AGO = dt.datetime(1900, 1, 1, tzinfo=UTC)


@dataclass
class Emission:
    event: events.Event
    id: str
    data: dict
    emitted_at: dt.datetime
    withdrawn_at: dt.datetime = None


@dataclass
class Ledger:
    world: object
    emitted: dict = field(default_factory=dict)  # base id -> its emissions, oldest first
    by_person: dict = field(default_factory=dict)  # person key -> base ids
    said: list = field(default_factory=list)
    due: dict = field(default_factory=dict)  # person key -> when to look again
    last_step: dt.datetime = LONG_AGO

    # --- one step

    def step(self, now, concerned=()):
        """Emits and withdraws for the persons concerned, and those whose time has come."""
        world = self.world
        for key in sorted(world.facts.persons):
            if key in concerned or self.due.get(key, now) <= now:
                self.settle_up(key, now)
        self.silences(now)
        self.last_step = now

    def settle_up(self, key, now):
        world = self.world
        world.refresh({key}, now)
        case = world.last_case[key]
        changing = changes_by_itself(case, world.facts.records_of(case.person))
        ahead = events.timeline(case, now + (DAY if changing else FAR))
        standing = [event for event in ahead if event.T <= now]
        frozen = world.frozen(case)
        self.compare(key, standing, frozen, case.organisation, now)
        later = [event.T for event in ahead if event.T > now]
        if changing:
            later.append(case.calendar.at(case.today + DAY))
        self.due[key] = min(later, default=now + FAR)

    def compare(self, key, standing, frozen, organisation, now):
        """Withdrawals and emissions in the order of T, a withdrawal before what replaces it."""
        ids = {event.id for event in standing}
        moves = []
        for base in self.by_person.get(key, ()):
            last = self.emitted[base][-1]
            if (last.withdrawn_at is None and base not in ids and last.event.T <= now
                    and not self.beyond_horizon(last.event, organisation, now)
                    and not self.is_frozen(last.event, frozen)):
                moves.append((last.event.T, 0, base, last))
        for event in standing:
            if not self.is_said(event.id) and self.held(event, organisation, now) is None \
                    and not self.is_frozen(event, frozen) \
                    and not events.superseded(event, standing):
                moves.append((event.T, 1, event.id, event))
        for _, emits, base, thing in sorted(moves, key=lambda move: move[:3]):
            if emits:
                self.emit(key, thing, now)
            else:
                self.withdraw(thing, now)

    def is_said(self, base):
        said = self.emitted.get(base)
        return bool(said) and said[-1].withdrawn_at is None

    def beyond_horizon(self, event, organisation, now):
        return (event.topic == events.HR
                and event.T < now - dt.timedelta(days=organisation.prompt_days))

    def held(self, event, organisation, now):
        """Why a standing event is not to be emitted, or None."""
        if event.kind in organisation.off:
            return "off"
        live_from = organisation.live_from
        if live_from is not None and event.T < organisation.calendar.at(live_from):
            return "live_from"
        return "horizon" if self.beyond_horizon(event, organisation, now) else None

    def is_frozen(self, event, frozen):
        return event.period is not None and event.period.id in frozen[event.topic]

    # --- saying it

    def emit(self, key, event, now):
        said = self.emitted.setdefault(event.id, [])
        nth = len(said) + 1
        emission = Emission(event, event.id if nth == 1 else "%s/%d" % (event.id, nth),
                            event.data(now - event.T > LATE), now)
        said.append(emission)
        self.by_person.setdefault(key, set()).add(event.id)
        self.say(emission, emission.id, event.type + ".v1", emission.data, now)

    def withdraw(self, emission, now):
        emission.withdrawn_at = now
        self.say(emission, emission.id + "/withdrawn", emission.event.type + ".withdrawn.v1",
                 {**emission.data, "withdraws": emission.id}, now)

    def say(self, emission, event_id, event_type, data, now):
        event = emission.event
        parts = (event.organisation,) if event.person_id is None else (
            event.organisation, event.person_id)
        self.said.append({
            "at": now, "topic": event.topic, "key": self.world.keyed.topic_key(*parts),
            "id": event_id, "type": event_type, "source": "/dayfour/" + event.organisation,
            "subject": event.subject, "data": data})

    def silences(self, now):
        for name, last_valid_at in sorted(self.world.facts.last_valid_at.items()):
            organisation = self.world.settings.of(name)
            event = events.feed_silent(organisation, last_valid_at)
            self.compare((name, None), [event] if event.T <= now else [], {}, organisation, now)

    def silence_times(self):
        facts, settings = self.world.facts, self.world.settings
        return [events.feed_silent(settings.of(name), at).T
                for name, at in facts.last_valid_at.items()]

    # --- what stands, whatever was said

    def standing(self, now):
        rows = []
        for key in sorted(self.world.facts.persons):
            self.world.refresh({key}, now)
            case = self.world.last_case[key]
            rows += self.rows(events.timeline(case, now), case, now)
        for name, last_valid_at in sorted(self.world.facts.last_valid_at.items()):
            organisation = self.world.settings.of(name)
            event = events.feed_silent(organisation, last_valid_at)
            if event.T <= now:
                rows.append(self.row(event, [event], self.held(event, organisation, now)))
        return rows

    def rows(self, standing, case, now):
        frozen = self.world.frozen(case)
        return [self.row(event, standing, "settled" if self.is_frozen(event, frozen)
                         else self.held(event, case.organisation, now)) for event in standing]

    def row(self, event, standing, held):
        data = event.data(None)
        del data["late"]
        return {"id": event.id, "topic": event.topic, "T": event.T, "data": data,
                "superseded": events.superseded(event, standing), "held": held}

    def said_and_standing(self):
        """Emissions that have not been withdrawn."""
        return [said[-1] for said in self.emitted.values() if said[-1].withdrawn_at is None]


def changes_by_itself(case, records):
    """Whether midnight may bring something: off, soon off, soon to leave or to be opted out."""
    person, today = case.person, case.today
    return (any(member.end is None for period in case.periods for member in period.members)
            or any(record.onset > today for record in records)
            or any(on is not None and on >= today for on in (person.left_on, person.opted_out_on)))


def simulate(world, lines, instants):
    """Events go out at each of the instants; a line at the same instant comes first."""
    ledger = Ledger(world)
    concerned = set()
    pending = list(lines)
    for instant in sorted(instants):
        while pending and parse_instant(pending[0]["at"]) <= instant:
            concerned |= world.apply(pending.pop(0))
        ledger.step(instant, concerned)
        concerned = set()
    world.run(pending)
    return ledger


def simulate_live(world, lines, until):
    """As a service that is never down: events go out at every line and at every T."""
    ledger = Ledger(world)
    pending = list(lines)
    while True:
        times = list(ledger.due.values()) + ledger.silence_times()
        if pending:
            times.append(parse_instant(pending[0]["at"]))
        now = min((t for t in times if t > ledger.last_step), default=until)
        if now > until:
            now = until
        concerned = set()
        while pending and parse_instant(pending[0]["at"]) <= now:
            concerned |= world.apply(pending.pop(0))
        ledger.step(now, concerned)
        if now >= until:
            return ledger
