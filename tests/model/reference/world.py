"""The whole installation: facts arrive line by line, rows are stored, vanished spells stay."""
import base64
import datetime as dt
from dataclasses import dataclass, field, replace

import cases
import dates
import envelope
import hrview
import tasks
from records import Facts
from settings import Settings


class Refused(Exception):
    """An entry that the database functions would refuse; args[0] is the SQLSTATE."""


@dataclass
class Entry:
    """A clinician's entry: the person, the pathway, the time, the spell's records then."""
    serial: int
    kind: str
    organisation: str
    person_id: str
    pathway: str
    anchor_key: tuple
    record_keys: frozenset
    at: dt.datetime
    entered_at: dt.datetime
    outcome: str = None
    review_on: dt.date = None
    red_flag: bool = False
    assignee: str = None
    by: str = "clinician"
    channel: str = None
    call_back_at: dt.datetime = None
    no_follow_up: bool = False
    oh_record: str = None
    codes: dict = field(default_factory=dict)  # of the records: the code kept then, or None
    retracted: bool = False

    @property
    def counts(self):
        return not self.retracted


@dataclass
class StoredSpell:
    row: dict
    spell_row: dict
    contact: dict
    person_key: tuple
    pathway: str
    anchor: tuple  # (organisation, source, absence_id)
    record_keys: frozenset
    closed: bool  # the case, by a clinician
    task: object
    settled: bool  # it was by then
    tombstone: str = None


@dataclass
class World:
    settings: Settings
    holidays: dates.Holidays
    install_key: bytes
    facts: Facts = None
    stored: dict = field(default_factory=dict)  # spell id -> StoredSpell
    by_person: dict = field(default_factory=dict)  # person key -> ids of its stored spells
    refreshed_on: dict = field(default_factory=dict)
    dead_letters: list = field(default_factory=list)
    counts: dict = field(default_factory=lambda: dict(stored=0, stale=0, ignored=0, dead=0))
    entered: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    last_case: dict = field(default_factory=dict)
    loads: list = field(default_factory=list)  # (until, settings document) of settings no longer in force

    def __post_init__(self):
        self.keyed = cases.Keyed(self.install_key)
        self.facts = Facts(self.settings)

    # --- what arrives

    def apply(self, line):
        """Takes one input line. Gives the person keys concerned."""
        now = dates.parse_instant(line["at"])
        if "fact" in line:
            return self.enter(line["fact"], now)
        if "settings" in line or "calendar" in line:
            return self.load(line, now)
        return self.message(line, now)

    def message(self, line, now):
        try:
            event = envelope.decode([tuple(h) for h in line.get("headers", ())],
                                    value_of(line), self.settings)
        except envelope.Other as other:
            return self.not_sickness(other.args[0], now)
        except envelope.Ignore:
            self.counts["ignored"] += 1
            return set()
        except envelope.Reject as reject:
            self.counts["dead"] += 1
            self.dead_letters.append({
                "partition": line.get("partition", 0), "offset": line.get("offset", 0),
                "reason": reject.reason, "detail": reject.detail})
            return set()
        self.facts.last_valid_at[event.organisation] = now
        if isinstance(event, envelope.Heartbeat):
            self.counts[self.facts.store_heartbeat(event, now)] += 1
            return set()
        if isinstance(event, envelope.PersonEvent):
            return self.person_fact(event.organisation, event.person_id, event.kind, event.on,
                                    event.time, event.id, now)
        return self.absence(event, now)

    def not_sickness(self, other, now):
        """A stored record whose higher version is no sickness absence counts as cancelled."""
        known = other and self.facts.records.get((other.organisation, other.source,
                                                  other.absence_id))
        if known is None or other.version <= known.version:
            self.counts["ignored"] += 1
            return set()
        self.facts.last_valid_at[other.organisation] = now
        return self.absence(replace(known.event, version=other.version, cancelled=True), now)

    def absence(self, event, now):
        concerned = {(event.organisation, event.person_id)}
        known = self.facts.records.get((event.organisation, event.source, event.absence_id))
        if known is not None:
            concerned.add((event.organisation, known.person_id))
        self.refresh_stale(concerned, now)
        self.note_gone(concerned, now)
        before, facts = self.companions(known, concerned, now), known and known.facts
        hr_before, hr_facts = self.hr_companions(known, concerned, now), known and known.hr_facts
        verdict = self.facts.store_absence(event, now)
        self.counts[verdict] += 1
        known = self.facts.records[(event.organisation, event.source, event.absence_id)]
        if known.facts != facts:
            for record in before | self.companions(known, concerned, now):
                self.facts.records[(event.organisation, *record)].changed_at = now
        if known.hr_facts != hr_facts and known.gone_at is None:
            for record in hr_before | self.hr_companions(known, concerned, now):
                self.facts.records[(event.organisation, *record)].hr_changed_at = now
        self.refresh(concerned, now)
        return concerned

    def note_gone(self, concerned, now):
        """Before a message changes anything: what has gone for HR by itself."""
        for key in concerned & set(self.facts.persons):
            for record, at in self.case(key, now).hr.gone.items():
                self.facts.records[(key[0], *record)].gone_at = at

    def hr_companions(self, record, concerned, now):
        """The same in HR's view."""
        if record is None or record.gone_at is not None:
            return set()
        periods = [p for key in concerned for p in self.case(key, now).hr.periods]
        return set().union(*(p.keys for p in periods if record.key in p.keys))

    def companions(self, record, concerned, now):
        """Keys of the records in one period with this one, as things are."""
        if record is None:
            return set()
        periods = [p for key in concerned for p in self.case(key, now).periods]
        return {record.key}.union(*(p.keys for p in periods if record.key in p.keys))

    def person_fact(self, organisation, person_id, kind, on, time, event_id, now):
        key = (organisation, person_id)
        self.refresh_stale({key}, now)
        self.note_gone({key}, now)
        verdict = self.facts.store_person_fact(organisation, person_id, kind, on, time, event_id,
                                               now)
        self.counts[verdict] += 1
        self.refresh({key}, now)
        return {key}

    def load(self, line, now):
        """A new settings document or calendar holds at once, for everybody."""
        self.refresh_stale(set(self.facts.persons), now)
        document = line.get("settings", self.settings.document)
        if "settings" in line:
            self.loads.append((now, self.settings))
        if "calendar" in line:
            self.holidays.load(line["calendar"])
        self.settings = Settings(document, self.holidays)
        if "settings" in line:
            self.facts.load_settings(self.settings, now)
        self.refresh(set(self.facts.persons), now)
        return set(self.facts.persons)

    # --- what clinicians enter

    def enter(self, fact, now):
        try:
            key = self.entry(dict(fact), now)
        except Refused as refused:
            self.refused.append({"fact": fact, "sqlstate": refused.args[0]})
            return set()
        self.refresh({key}, now)
        return {key}

    def entry(self, fact, now):
        kind = fact["kind"]
        if kind in ("opt_out", "opt_in"):
            return self.opt((fact["organisation"], fact["person_id"]), kind == "opt_out", now)
        if kind == "retract":
            return self.retract(fact, now)
        about = fact.get("anchor")
        if about:
            self.refresh_stale({(about["organisation"], about["person_id"])}, now)
        task = self.task_of(fact)
        self.refresh_stale({task.person_key}, now)
        task = self.task_of(fact)
        if task.tombstone:
            raise Refused("OH002")
        entry = self.new_entry(kind, fact, task, now)
        if kind in ("claim", "assign") and entry.assignee == task.row["assigned_to"]:
            return task.person_key  # theirs already
        self.facts.person(*task.person_key).entries.append(entry)
        self.entered.append((fact.get("entry"), entry))
        return task.person_key

    def opt(self, key, out, now):
        """By what OH enters the person is out, or in, from today; what is so already stays as it is."""
        today = self.today(key, now)
        self.refresh_stale({key}, now)
        person = self.facts.person(*key)
        since, known = person.opted_out_on, person.facts.get("opted")
        if out == (since is not None) and (not out or since <= today):
            return key
        time = now if known is None else max(now, known.order[0] + dt.timedelta(microseconds=1))
        self.facts.store_person_fact(*key, "opted-out" if out else "opted-in", today, time, "oh",
                                     now)
        return key

    def task_of(self, fact):
        anchor = fact.get("anchor")
        task_id = fact.get("task_id") or fact.get("spell_id")
        if task_id is None and anchor:
            task_id = self.keyed.id("s", anchor["organisation"], anchor["person_id"],
                                    anchor["source"], anchor["absence_id"], anchor["pathway"])
        if task_id not in self.stored:
            raise Refused("OH001")
        return self.stored[task_id]

    def new_entry(self, kind, fact, task, now):
        row, by = task.row, fact.get("by", "clinician")
        at = dates.parse_instant(fact["at"]) if fact.get("at") else now
        entry = Entry(len(self.entered) + 1, kind, *task.person_key, task.pathway,
                      task.anchor[1:], task.record_keys, at, now)
        entry.by = by
        records = self.facts.records
        entry.codes = {key: records[task.person_key[0], *key].kept_code for key in task.record_keys}
        calendar = self.settings.of(row["organisation"]).calendar
        if kind in ("attempt", "contact"):
            allowed = tasks.ATTEMPT_OUTCOMES if kind == "attempt" else tasks.CONTACT_OUTCOMES
            if (fact["outcome"] not in allowed or at > now
                    or calendar.local_date(at) < row["onset_date"]):
                raise Refused("22023")
            self.check_there(task, calendar.local_date(at))
            entry.outcome = fact["outcome"]
            entry.channel = fact.get("channel") or "phone"
            entry.red_flag = bool(fact.get("red_flag")) or entry.outcome == "urgent_care_advised"
            entry.no_follow_up = fact.get("review_on") == "infinity"
            if fact.get("review_on") and not entry.no_follow_up:
                entry.review_on = dates.parse_date(fact["review_on"])
            if entry.no_follow_up and entry.red_flag:
                raise Refused("22023")
            if entry.review_on is not None and entry.review_on < calendar.local_date(at):
                raise Refused("22023")
            if fact.get("call_back_at"):
                entry.call_back_at = dates.parse_instant(fact["call_back_at"])
                if entry.outcome != "call_back" or not (
                        now < entry.call_back_at <= now + dt.timedelta(days=28)):
                    raise Refused("22023")
        elif kind in ("claim", "assign", "release"):
            self.check_holder(kind, row, by)
            entry.assignee = {"claim": by, "assign": fact.get("login"), "release": None}[kind]
        elif kind in ("close", "reopen"):
            if task.closed == (kind == "close"):
                raise Refused("OH002")
            entry.outcome = fact.get("reason")
            if entry.outcome == "unable_to_contact" and not task.row["unreachable"]:
                raise Refused("OH002")
        elif kind == "acknowledge":
            if not task.row["red_flag_open"]:
                raise Refused("OH002")
        elif kind == "oh_record":
            entry.oh_record = fact["text"] or None
        else:
            raise ValueError("unknown kind of fact: " + kind)
        return entry

    def check_there(self, task, day):
        """Nobody calls the dead, nor, about an absence of then, who has left by that day."""
        person = self.facts.person(*task.person_key)
        left_on = person.left_on if task.row["onset_date"] <= (person.left_on or dt.date.min) else None
        if any(last is not None and day > last for last in (person.died_on, left_on)):
            raise Refused("OH002")

    @staticmethod
    def check_holder(kind, row, by):
        if row["assigned_to"] is None if kind == "release" else row["state"] == "ended":
            raise Refused("OH002")
        if row["assigned_to"] not in (None, by):
            raise Refused("OH003")

    def entry_task_id(self, entry):
        """The task it was entered on."""
        return self.keyed.id("s", entry.organisation, entry.person_id, *entry.anchor_key,
                             entry.pathway)

    def retract(self, fact, now):
        for label, entry in self.entered:
            if label is not None and label == fact["entry"]:
                if entry.retracted:
                    return (entry.organisation, entry.person_id)
                if (fact.get("by", "clinician") != entry.by
                        or entry.entered_at < now - dt.timedelta(days=7)):
                    raise Refused("OH002")
                key = (entry.organisation, entry.person_id)
                self.refresh_stale({key}, now)
                entry.retracted = True
                entry.entered_at = now  # the latest change of the facts
                return key
        raise Refused("OH001")

    # --- rows

    def case(self, key, now):
        organisation, person_id = key
        person = self.facts.person(organisation, person_id)
        records, settings = self.facts.records_of(person), self.settings.of(organisation)
        case = cases.derive(person, records, settings, self.keyed, now)
        case.hr = hrview.view(person, records, settings, self.keyed, self.past(organisation), now)
        return case

    def past(self, organisation):
        """How long facts were kept before the settings of now."""
        return [hrview.Keeping(until, dt.timedelta(days=settings.of(organisation).unmatched_days),
                               dt.timedelta(days=settings.of(organisation).settle_days))
                for until, settings in self.loads]

    def today(self, key, now):
        return self.settings.of(key[0]).calendar.local_date(now)

    def refresh_stale(self, keys, now):
        """Brings rows up to date with the calendar before something changes."""
        self.refresh({key for key in keys if key in self.facts.persons
                      and self.refreshed_on.get(key) != self.today(key, now)}, now)

    def refresh(self, keys, now):
        for key in sorted(keys):
            case = self.case(key, now)
            for day in self.settling_days(key, case):
                self.store(key, self.case(key, case.calendar.at(day)))
            self.store(key, case)
            self.refreshed_on[key] = self.today(key, now)

    def settling_days(self, key, case):
        """The days, since the last look, on which a period settled that is still open on paper, of a person who
        died."""
        known, before = self.refreshed_on.get(key), self.last_case.get(key)
        if case.person.died_on is None or before is None:
            return []
        days = {self.settles_on(period, of) for of in (before, case) for period in of.periods
                if period.survives(case.person.died_on)}
        return sorted(day for day in days if known < day < case.today)

    def store(self, key, case):
        frozen = set().union(*(p.keys for p in case.periods if self.settled(p, case)))
        ids = self.by_person.setdefault(key, set())
        full = {period.id for period in case.periods if self.settled_with_rows(period, ids)}
        for spell in case.spells:
            stored, settled = self.stored.get(spell.id), spell.anchor.key in frozen
            if settled and stored is not None and stored.settled:
                continue
            if settled and (stored is None or stored.tombstone) and spell.period.id in full:
                continue
            task = tasks.Task(spell, case)
            self.stored[spell.id] = StoredSpell(
                task.row(), task.spell_row(), case.contact_details, key, spell.pathway.name,
                (key[0], *spell.anchor.key), frozenset(spell.keys), task.case_closed, task,
                settled)
            ids.add(spell.id)
        for spell_id in ids:
            stored = self.stored[spell_id]
            if case.spell(spell_id) is None and not (
                    stored.settled and stored.anchor[1:] in frozen):
                stored.tombstone = self.tombstone_reason(stored, case)
                stored.settled = stored.anchor[1:] in frozen
        self.last_case[key] = case

    def settled_with_rows(self, period, ids):
        """Such a period gets no more rows, whatever settings have become; with rows before this look, that is."""
        return any(stored.settled and not stored.tombstone and stored.anchor[1:] in period.keys
                   for stored in map(self.stored.get, ids))

    def tombstone_reason(self, stored, case):
        record = self.facts.records[stored.anchor]
        if record.cancelled:
            return "entered_in_error"
        if record.person_id != stored.person_key[1]:
            return "moved"
        if record.onset > case.today:
            return "not_yet"
        if record.match.pathways and stored.pathway not in record.match.pathways:
            return "superseded"
        if any(record.key in s.keys for s in case.spells if s.pathway.name == stored.pathway):
            return "merged"
        return "pathway_no_longer_matches"

    def settled(self, period, case):
        day = self.settles_on(period, case)
        return day is not None and day <= case.today

    def frozen(self, case):
        """By topic: ids of the settled periods, and for HR of those that are gone. Nothing comes of them."""
        hr, records = case.hr, {r.key: r for r in self.facts.records_of(case.person)}
        settled = {p.id for p in hr.periods
                   if hr.settles_on[p.id] is not None and hr.settles_on[p.id] <= case.today}
        gone = {self.keyed.id("p", case.organisation.name, case.person.person_id, *key)
                for key in hr.gone if key in records}
        return {"return-to-work.events": settled | (gone - {p.id for p in hr.periods}),
                "oh.follow-up.events": {p.id for p in case.periods if self.settled(p, case)}}

    def settles_on(self, period, case):
        """So many days after the later of its last day and the last change of a fact of it; None: not yet known."""
        person = case.person
        end = period.end
        if end is None and period.survives(person.died_on):
            end = person.died_on  # HR may never end the record
        if end is None:
            return None
        days = dt.timedelta(days=case.organisation.settle_days)
        changes = [m.record.changed_at for m in period.members]
        changes += [max(e.entered_at, e.at)
                    for spell in period.spells for e in spell.entries + spell.taken_back]
        if person.changed_at is not None and any(
                fact.on is None or fact.on <= end + days for fact in person.facts.values()):
            changes.append(person.changed_at)
        return days + max([end] + [case.calendar.local_date(change) for change in changes])

    def run(self, lines):
        for line in lines:
            self.apply(line)

    def task_rows(self, now):
        self.refresh(set(self.facts.persons), now)
        rows = []
        for spell_id in sorted(self.stored):
            stored = self.stored[spell_id]
            row = {**stored.row, **stored.contact}
            if stored.tombstone:
                row.update(state="ended", end_reason=stored.tombstone, in_target=None,
                           red_flag_open=False, call_back_at=None)
            today = self.today(stored.person_key, now)
            row["days_left"] = (row["due_date"] - today).days
            rows.append(row)
        return rows

    def spell_rows(self):
        rows = []
        for spell_id in sorted(self.stored):
            row = dict(self.stored[spell_id].spell_row)
            if self.stored[spell_id].tombstone:
                row["state"] = "ended"
            rows.append(row)
        return rows


def value_of(line):
    if line.get("value_b64") is not None:
        return base64.b64decode(line["value_b64"])
    return line["value"].encode("utf-8") if line.get("value") is not None else None
