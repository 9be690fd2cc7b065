"""Which tasks are on the list: open ones, and contacted ones with something to do again."""
import datetime as dt

import events
import tasks

CHECK_IN_STAYS = dt.timedelta(days=28)


def on_worklist(case, spell, standing):
    """standing: the events of the person that stand now."""
    task = tasks.Task(spell, case)
    if barred(case, spell):
        return False
    if task.state == "open":
        return True
    if task.state != "contacted":
        return False
    mine = [event for event in standing if event.subject == "s" + spell.id]
    return any(still_to_do(task, event, case.now) for event in mine)


def barred(case, spell):
    """Nobody is called who died, left or opted out."""
    return (case.person.died_on is not None or case.opted_out_on is not None
            or (case.left_on is not None and spell.onset <= case.left_on))


def still_to_do(task, event, now):
    if event.kind not in ("follow-up.due", "review.due", "check-in.due"):
        return False
    if any(contact.at >= event.T for contact in task.contacts) or closed_since(task, event.T, now):
        return False
    if event.kind == "check-in.due":
        return now <= event.T + CHECK_IN_STAYS
    return task.spell.end is None


def closed_since(task, instant, now):
    moment = dt.timedelta(microseconds=1)
    return task.case_closed_at(now + moment) and any(
        entry.kind == "close" and entry.at >= instant for entry in task.spell.entries)


def worklist(world, now):
    """Ids of the tasks on the worklist of somebody who sees everything."""
    found = []
    for key in sorted(world.facts.persons):
        world.refresh({key}, now)
        case = world.last_case[key]
        standing = events.timeline(case, now)
        found += [spell.id for spell in case.spells if on_worklist(case, spell, standing)]
    return sorted(found)
