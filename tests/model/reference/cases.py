"""The case of one person at one time: periods, and spells of each pathway within them."""
import base64
import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass, field

from dates import DAY

CROCKFORD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
CONTACT_FIELDS = ("name", "phone", "email", "language", "preferred_time", "voicemail", "channel", "needs", "date_of_birth", "job")


class Keyed:
    """Everything that is derived with the installation's key."""

    def __init__(self, install_key):
        self.install_key = install_key
        self.ids = {}

    def digest(self, *parts):
        message = b"\x1f".join(part.encode() for part in parts)
        return hmac.new(self.install_key, message, hashlib.sha256).digest()

    def id(self, *parts):
        """12 characters of Crockford base32: the first 60 bits."""
        if parts not in self.ids:
            text = base64.b32encode(self.digest(*parts)).decode()
            self.ids[parts] = text[:12].translate(CROCKFORD)
        return self.ids[parts]

    def topic_key(self, *parts):
        return self.digest(*parts).hex()[:32]


@dataclass
class Member:
    """A record that takes part, and where it ends: on last_day, on the day of leaving, or open."""
    record: object
    end: dt.date
    by_left: bool

    @property
    def onset(self):
        return self.record.onset


@dataclass
class Span:
    """Days off: from onset to end, inclusive; end None while somebody is still off."""
    members: list
    onset: dt.date = None
    end: dt.date = None
    anchor: object = None

    def __post_init__(self):
        self.onset = min(member.onset for member in self.members)
        ends = [member.end for member in self.members]
        self.end = None if None in ends else max(ends)
        self.anchor = min((m.record for m in self.members), key=lambda r: r.anchor_order)

    def off(self, day):
        return self.onset <= day and (self.end is None or self.end >= day)

    @property
    def first_notice_at(self):
        return self.anchor.first_notice_at

    @property
    def by_left(self):
        return any(member.by_left for member in self.members)

    @property
    def absence_ids(self):
        return sorted({m.record.absence_id for m in self.members}, key=str.encode)

    @property
    def keys(self):
        return {member.record.key for member in self.members}

    def ended_before_notice(self, calendar):
        return self.end is not None and calendar.local_date(self.first_notice_at) > self.end


@dataclass
class Period(Span):
    id: str = None
    spells: list = field(default_factory=list)

    @property
    def expected_return(self):
        """The latest of its open records'."""
        known = [m.record.return_expected for m in self.members if m.end is None]
        return max((day for day in known if day is not None), default=None)

    def survives(self, died_on):
        """Not closed before the day of death."""
        return died_on is not None and (self.end is None or self.end >= died_on)


@dataclass
class Spell(Span):
    id: str = None
    pathway: object = None
    period: Period = None
    previous: object = None  # the spell this one relapses from
    due_date: dt.date = None
    entries: list = field(default_factory=list)
    taken_back: list = field(default_factory=list)  # entries, too: those that were

    @property
    def relapse(self):
        return self.previous is not None


@dataclass
class Case:
    person: object
    organisation: object  # settings of the organisation
    now: dt.datetime
    periods: list
    contact_details: dict
    hr: object = None  # HR's view: hrview.View

    @property
    def calendar(self):
        return self.organisation.calendar

    @property
    def today(self):
        return self.calendar.local_date(self.now)

    @property
    def spells(self):
        return [spell for period in self.periods for spell in period.spells]

    @property
    def left_on(self):
        """The last day of employment, once it has passed."""
        left_on = self.person.left_on
        return left_on if left_on is not None and self.today > left_on else None

    @property
    def opted_out_on(self):
        """The day from which the opt-out is in force, once it has come."""
        opted_out_on = self.person.opted_out_on
        return opted_out_on if opted_out_on is not None and opted_out_on <= self.today else None

    def spell(self, spell_id):
        return next((spell for spell in self.spells if spell.id == spell_id), None)


def derive(person, records, organisation, keyed, now):
    """The whole case of a person, from the newest facts."""
    case = Case(person, organisation, now, [], {})
    live = [r for r in records if not r.cancelled and r.onset <= case.today]
    members = sorted((member(case, record) for record in live),
                     key=lambda m: (m.onset, m.record.anchor_order))
    case.periods = [Period(group) for group in chain_periods(members, case.left_on)]
    for period in case.periods:
        anchor = period.anchor
        period.id = keyed.id("p", organisation.name, person.person_id, *anchor.key)
        for pathway in organisation.pathways.values():
            for group in chain_spells(period, pathway, person, organisation.join_days):
                period.spells.append(new_spell(case, period, pathway, group, keyed))
    for spell in case.spells:
        spell.previous = relapsed_from(spell, case)
    attach_entries(case)
    case.contact_details = contact_details(live)
    return case


def member(case, record):
    left_on = case.left_on
    ended = record.has_ended(case.today)
    if left_on is not None and record.onset <= left_on and (
            not ended or record.last_day >= left_on):
        return Member(record, left_on, True)
    return Member(record, record.last_day if ended else None, False)


def chain(members, joins):
    """Groups of members, each joined to the group before it where joins(group, its end, member)."""
    groups, end = [], None
    for item in members:
        if groups and joins(groups[-1], end, item):
            groups[-1].append(item)
            end = None if None in (end, item.end) else max(end, item.end)
        else:
            groups.append([item])
            end = item.end
    return groups


def chain_periods(members, left_on):
    """Next onset at most the day after the end so far; leaving separates."""
    def joins(group, end, item):
        if left_on is not None and group[-1].onset <= left_on < item.onset:
            return False
        return end is None or item.onset <= end + DAY
    return chain(members, joins)


def chain_spells(period, pathway, person, join_days):
    """The period's records of one pathway, at most join_days between an end and the next onset."""
    held = contacted_keys(person, pathway.name)
    members = [m for m in period.members if pathway.name in m.record.match.pathways
               or m.record.key in held and m.record.match.kind != "never"]
    return chain(members, lambda group, end, item:
                 end is None or (item.onset - end).days - 1 <= join_days)


def contacted_keys(person, pathway):
    """Records that were in a spell of the pathway when somebody was reached about it."""
    return {key for entry in person.entries
            if entry.kind == "contact" and entry.counts and entry.pathway == pathway
            for key in entry.record_keys}


def new_spell(case, period, pathway, group, keyed):
    spell = Spell(group, pathway=pathway, period=period)
    spell.id = keyed.id("s", case.organisation.name, case.person.person_id, *spell.anchor.key,
                        pathway.name)
    spell.due_date = pathway.due_date(case.calendar, spell.onset)
    return spell


def relapsed_from(spell, case):
    earlier = [other for other in case.spells
               if other.pathway is spell.pathway and other.end is not None
               and other.onset < spell.onset]
    if not earlier:
        return None
    previous = max(earlier, key=lambda other: other.end)
    gap = (spell.onset - previous.end).days - 1
    return previous if 1 <= gap <= case.organisation.link_days else None


def attach_entries(case):
    """Each to the spell of its pathway that holds its anchor, else a record, else its date."""
    for entry in case.person.entries:
        spells = sorted((s for s in case.spells if s.pathway.name == entry.pathway),
                        key=lambda s: s.onset)
        day = case.calendar.local_date(entry.at)
        for fits in (lambda s: entry.anchor_key in s.keys,
                     lambda s: not s.keys.isdisjoint(entry.record_keys),
                     lambda s: s.off(day)):
            found = next(filter(fits, spells), None)
            if found:
                (found.entries if entry.counts else found.taken_back).append(entry)
                break
    for spell in case.spells:
        spell.entries.sort(key=lambda entry: (entry.at, entry.serial))


def contact_details(live):
    """Each from the matched or watched record that has it, the latest onset first."""
    sources = sorted((r for r in live if r.match.kind in ("match", "watch")),
                     key=lambda r: (-r.onset.toordinal(), r.anchor_order))
    details = {}
    for name in CONTACT_FIELDS:
        details[name] = next((r.contact[name] for r in sources
                              if r.contact.get(name) is not None), None)
    return details
