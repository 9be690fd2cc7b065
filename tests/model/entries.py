"""What clinicians would enter while a history runs: attempts, contacts, claims, mistakes."""
import datetime as dt
import heapq

import tasks
from dates import DAY, format_instant, parse_instant

LOGINS = ("clin_one", "clin_two")
PLANS = (["attempt", "contact"], ["attempt", "attempt", "attempt"], ["contact"],
         ["contact", "contact"],
         ["claim", "contact", "close"], ["claim", "release"], ["assign", "attempt", "contact"],
         ["contact", "close", "reopen"], ["contact", "retract"], ["attempt", "retract", "contact"],
         ["attempt", "attempt", "attempt", "attempt", "contact"], ["opt_out"],
         ["opt_out", "opt_in", "contact"], ["contact", "opt_out"])


def interleave(rng, world, lines):
    """The lines with entries between them, each where its time has come; runs the world along."""
    result, planned, seen = [], [], set()
    for line in lines:
        at = parse_instant(line["at"])
        carry_out(rng, world, planned, at, result)
        world.apply(line)
        result.append(line)
        for spell_id in sorted(set(world.stored) - seen):
            seen.add(spell_id)
            if rng.random() < 0.6:
                plan(rng, planned, at, spell_id)
    carry_out(rng, world, planned, parse_instant(lines[-1]["at"]) + 60 * DAY, result)
    return result


def plan(rng, planned, at, spell_id):
    label = None
    for kind in rng.choice(PLANS):
        at += dt.timedelta(minutes=rng.choice([30, 240, 1200, 1440, 3000, 9000]))
        number = len(planned) + rng.randrange(10 ** 9)
        entry = "%s-%d" % (spell_id, number)
        heapq.heappush(planned, (at, number, kind, spell_id, entry, label))
        label = entry


def carry_out(rng, world, planned, until, result):
    while planned and planned[0][0] <= until:
        at, _, kind, spell_id, entry, earlier = heapq.heappop(planned)
        fact = fact_for(rng, world, kind, spell_id, entry, earlier, at)
        if fact is not None:
            line = {"at": format_instant(at), "fact": fact}
            world.apply(line)
            result.append(line)


def fact_for(rng, world, kind, spell_id, entry, earlier, at):
    stored = world.stored[spell_id]
    organisation, person_id = stored.person_key
    if kind in ("opt_out", "opt_in"):
        return {"kind": kind, "organisation": organisation, "person_id": person_id}
    if kind == "retract":
        return {"kind": kind, "entry": earlier, "why": "entered by mistake"}
    world.refresh({stored.person_key}, at)
    stored = world.stored[spell_id]
    if stored.tombstone:
        return None
    anchor = dict(zip(("organisation", "source", "absence_id"), stored.anchor),
                  person_id=person_id, pathway=stored.pathway)
    fact = {"kind": kind, "entry": entry, "task_id": spell_id, "anchor": anchor,
            "by": rng.choice(LOGINS)}
    if kind in ("attempt", "contact"):
        outcomes = tasks.ATTEMPT_OUTCOMES if kind == "attempt" else tasks.CONTACT_OUTCOMES
        fact["outcome"] = rng.choice(outcomes)
        earlier_at = at - dt.timedelta(hours=rng.choice([0, 0, 0, 2, 26, 70]))
        if earlier_at != at:
            fact["at"] = format_instant(earlier_at)
        if kind == "contact" and rng.random() < 0.3:
            fact["review_on"] = (at.date() + DAY * rng.choice([1, 7, 10, 20])).isoformat()
        if kind == "contact" and rng.random() < 0.15:
            fact["red_flag"] = True
    elif kind == "assign":
        fact["login"] = rng.choice(LOGINS)
    elif kind == "close":
        fact["reason"] = rng.choice(["recovered", "referred", "declined", "other"])
    return fact
