"""The clock of the services, set forward and back; and what of the rows may depend on when that was.

Some rows hold the clock's instant at which a message was stored: a record's first notice, since when it is known to
match, and when an organisation was last heard of. The run decides which instant that is. It cannot be one at which the
message was stored already, nor one that the clock had left before the message was sent."""
import datetime as dt

from verdict import demand

import dates
import envelope
from world import value_of

HOURS = (-26, -1, 0, 0.5, 3, 14, 30, 75)  # from where it began


class Stop:
    """An instant at which the clock stood. taken, sent: {partition: offset} when it was set to it."""

    def __init__(self, at, taken, sent):
        self.at, self.taken, self.sent = at, dict(taken), dict(sent)


class ClockSteps:
    def __init__(self, run):
        self.run = run
        self.began = dates.parse_instant(run.now)
        self.stops = [Stop(self.began, {}, {})]

    @property
    def latest(self):
        return max(stop.at for stop in self.stops)

    @property
    def earliest(self):
        return min(stop.at for stop in self.stops)

    def set(self, at):
        stage = self.run.stage
        self.run.watch()
        self.stops.append(Stop(at, stage.positions, self.run.ends))
        stage.set_clock(dates.format_instant(at))

    def step(self, rng):
        """Somewhere else; True: forward."""
        before = self.stops[-1].at
        at = before
        while at == before:
            at = self.began + dt.timedelta(hours=rng.choice(HOURS))
        self.set(at)
        return at > before

    def to_latest(self):
        """Where everything that was ever said is in the past."""
        if self.stops[-1].at != self.latest:
            self.set(self.latest)

    # --- what may have been

    def stored_at(self, partition, offset):
        """The instants at which that message may have been stored. A service at work on a batch has the
        clock of when it began that, so it may be one behind."""
        found = set()
        for stop, after_next in zip(self.stops, self.stops[2:] + [None, None]):
            if offset < stop.taken.get(partition, 0):
                continue
            if after_next is None or offset < after_next.sent.get(partition, 0):
                found.add(stop.at)
        return found

    def take_over(self, world, lines):
        """Puts into the model at which of its instants things were first heard of, as the database has
        it; demands that it may be so."""
        records, feeds, may_match = self.heard(world, lines)
        for row in self.run.stage.rows("select organisation, source, absence_id, first_notice_at, known from fact.absence"):
            name = (row["organisation"], row["source"], row["absence_id"])
            first = dt.datetime.fromisoformat(row["first_notice_at"])
            known = {pathway: dates.parse_instant(at) for at, pathway in (text.split(" ") for text in row["known"] or ())}
            for at in (first, *known.values()):
                demand(name not in records or at in records[name], "wrong", "record %s: a message stored at"
                       " %s, which can only have been at %s" % (name, at, sorted(records.get(name, ()))))
            if name in world.facts.records:
                record = world.facts.records[name]
                demand(set(known) <= may_match.get(name, set()), "wrong", "record %s: other pathways are known" % (name,))
                record.first_notice_at, record.known = first, known
        world.facts.last_valid_at.clear()
        for row in self.run.stage.rows("select partition, organisation, last_valid_at from intake.feed"):
            name = (row["partition"], row["organisation"])
            at = dt.datetime.fromisoformat(row["last_valid_at"])
            low, high = feeds.get(name, (None, None))
            demand(low is not None and low <= at <= high, "wrong",
                   "%s last heard of at %s, not from %s to %s" % (name, at, low, high))
            known = world.facts.last_valid_at.get(name[1], at)
            world.facts.last_valid_at[name[1]] = max(known, at)

    def heard(self, world, lines):
        """({record: instants}, {(partition, organisation): (earliest, latest) it was last heard of}, {record: pathways}).
        Versions that name two people are on two partitions, so some of them may never have been the newest."""
        records, feeds, may_match = {}, {}, {}
        for line in lines:
            try:
                event = envelope.decode([tuple(h) for h in line["headers"]], value_of(line),
                                        world.settings)
            except (envelope.Ignore, envelope.Reject):
                continue
            may = self.stored_at(line["partition"], line["offset"])
            if isinstance(event, envelope.AbsenceEvent):
                name = (event.organisation, event.source, event.absence_id)
                records.setdefault(name, set()).update(may)
                may_match.setdefault(name, set()).update(world.facts.meaning(event).pathways)
            low, high = feeds.get((line["partition"], event.organisation), (min(may), max(may)))
            feeds[line["partition"], event.organisation] = (max(low, min(may)), max(high, max(may)))
        return records, feeds, may_match
