"""Which tasks are on the list, and by when each is to be acted on."""
import datetime as dt

import events

CHECK_IN_STAYS = dt.timedelta(days=28)


def on_worklist(case, spell, task, standing):
    """standing: the events of the person that stand now."""
    if case.person.died_on is not None:
        return False
    if task.red_flag_open:
        return True
    if barred(case, spell):
        return False
    if task.state == "open":
        return not task.case_closed
    if task.state != "contacted":
        return False
    return task.call_back_at is not None or bool(prompts(task, standing, case.now))


def barred(case, spell):
    """Nobody is called who left or opted out."""
    return (case.opted_out_on is not None
            or (case.left_on is not None and spell.onset <= case.left_on))


def prompts(task, standing, now):
    """The events for which a contacted task is on the list."""
    return [event for event in standing if event.subject == "s" + task.spell.id
            and still_to_do(task, event, now)]


def still_to_do(task, event, now):
    if event.kind not in ("follow-up.due", "review.due", "check-in.due"):
        return False
    if any(contact.at >= event.T for contact in task.contacts):
        return False
    if task.closing is not None and task.closing.at >= event.T:
        return False
    if event.kind == "check-in.due":
        return now <= event.T + CHECK_IN_STAYS
    return task.spell.end is None


def act_by(case, task, standing):
    """The day on which something is to be done; None: nothing is."""
    promise = task.call_back_at and case.calendar.local_date(task.call_back_at)
    flag = case.today if task.red_flag_open else None
    if task.state == "open":
        return promise or task.respond_by or case.calendar.last_service_day(
            task.spell.onset, task.spell.due_date) or task.spell.due_date
    if task.state == "ended":
        return flag
    days = [event.occurs_on for event in prompts(task, standing, case.now)]
    return min((day for day in [promise, flag, *days] if day), default=None)


def tasks_now(world, now):
    """(case, spell, task, standing) of every spell that the facts yield; the task as it is stored."""
    for key in sorted(world.facts.persons):
        world.refresh({key}, now)
        case = world.last_case[key]
        standing = events.timeline(case, now)
        for spell in case.spells:
            if spell.id in world.stored:
                yield case, spell, world.stored[spell.id].task, standing


def worklist(world, now):
    """Ids of the tasks on the worklist of somebody who sees everything."""
    return sorted(spell.id for case, spell, task, standing in tasks_now(world, now)
                  if on_worklist(case, spell, task, standing))


def acts(world, now):
    """Task id -> by when to act."""
    return {spell.id: act_by(case, task, standing) for case, spell, task, standing in tasks_now(world, now)}
