"""Invented entries of clinicians while a history runs: attempts, promises, contacts, red flags, claims, mistakes."""
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
         ["opt_out", "opt_in", "contact"], ["contact", "opt_out"],
         ["promise", "attempt"], ["promise", "promise", "contact"], ["promise", "opt_out"], ["promise"],
         ["contact", "promise", "attempt", "close"], ["flag", "acknowledge"], ["flag", "contact"],
         ["flag", "acknowledge", "flag", "opt_out"], ["flag", "retract"], ["oh_record", "contact", "oh_record"],
         ["failed", "failed", "failed", "give_up", "contact"], ["failed", "failed", "failed", "failed", "give_up"])


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
        by = next((e.by for label, e in world.entered if label == earlier), LOGINS[0])
        return {"kind": kind, "entry": earlier, "why": "entered by mistake", "by": by}
    world.refresh({stored.person_key}, at)
    stored = world.stored[spell_id]
    if stored.tombstone:
        return None
    anchor = dict(zip(("organisation", "source", "absence_id"), stored.anchor),
                  person_id=person_id, pathway=stored.pathway)
    kind, how = {"promise": ("attempt", "call_back"), "flag": ("contact", "red"), "failed": ("attempt", "failed"),
                 "give_up": ("close", "unable_to_contact")}.get(kind, (kind, None))
    fact = {"kind": kind, "entry": entry, "task_id": spell_id, "anchor": anchor,
            "by": rng.choice(LOGINS)}
    if kind in ("attempt", "contact"):
        outcomes = tasks.ATTEMPT_OUTCOMES if kind == "attempt" else tasks.CONTACT_OUTCOMES
        fact["outcome"] = rng.choice(outcomes)
        if rng.random() < 0.3:
            fact["channel"] = rng.choice(("video", "in_person", "text", "email", "letter"))
        earlier_at = at - dt.timedelta(hours=rng.choice([0, 0, 0, 2, 26, 70]))
        if earlier_at != at:
            fact["at"] = format_instant(earlier_at)
        if kind == "contact" and rng.random() < 0.3:
            fact["review_on"] = (at.date() + DAY * rng.choice([1, 7, 10, 20])).isoformat()
        if kind == "contact" and rng.random() < 0.15:
            fact["red_flag"] = True
        if kind == "contact" and rng.random() < 0.1:
            fact["review_on"] = "infinity"
        if how == "failed":
            fact["outcome"] = rng.choice(tasks.FAILED_OUTCOMES)
        elif how == "call_back":
            fact["outcome"] = "call_back"
            hours = rng.choice([1, 3, 20, 24, 30, 90, 400, 672, 673])
            fact["call_back_at"] = format_instant(at + dt.timedelta(hours=hours))
        elif how == "red":
            fact["outcome"] = rng.choice(("urgent_care_advised", "already_in_care", "declined"))
            fact["red_flag"] = True
            fact.pop("at", None)
    elif kind == "assign":
        fact["login"] = rng.choice(LOGINS)
    elif kind == "close":
        fact["reason"] = how or rng.choice(tasks.CLOSE_REASONS)
    elif kind == "oh_record":
        fact["text"] = "OH-%d" % rng.randrange(1000)
    return fact
