"""The verdict of a run: its faults, sorted into lost, doubled, stuck and the rest. There is no verdict where the
harness itself failed."""
import collections
import json

import compare
import harness
from followup_stage import TOPICS

import ledger

COUNTED = ("lost", "doubled", "stuck", "wrong", "gave up")


class Violation(Exception):
    """Something that must never happen. problems: [(one of COUNTED, what)]."""

    def __init__(self, problems):
        super().__init__("; ".join("%s: %s" % problem for problem in problems[:12]))
        self.problems = problems

    def counts(self):
        found = collections.Counter(kind for kind, _ in self.problems)
        return {kind: found[kind] for kind in COUNTED}


class NoVerdict(Exception):
    """The harness waited too long for something that is not the product's to do."""


def demand(condition, kind, what):
    if not condition:
        raise Violation([(kind, what)])


# --- rows

def kind_of_difference(text):
    if "not there; the model has" in text:
        return "lost"
    return "doubled" if "the model has none" in text or "comes twice" in text else "wrong"


def row_problems(stage, world, lines, now):
    found = (compare.dead_letter_differences(stage, world, lines)
             + compare.record_differences(stage, world) + compare.person_differences(stage, world)
             + compare.task_differences(stage, world, now, {}))
    return [(kind_of_difference(text), text) for text in found]


# --- events

EMITTED = ("select topic, subject || '/' || kind || '/' || occurrence as base, nth,"
           " withdrawn_at is not null as withdrawn, data::json as data,"
           " happens_at >= '%s'::timestamptz - '%d days'::interval"
           " and happens_at < '%s'::timestamptz - '%d days'::interval as passed_horizon"
           " from followup.emitted")


def kind_of(stage, topic):
    return TOPICS.get(topic) or next(k for k, t in stage.out.items() if t == topic)


def on_topics(stage):
    """({(topic, id): how often}, {(topic, id): data})."""
    times = collections.Counter()
    said = {}
    for kind in ("follow-up", "return-to-work"):
        for event in stage.events(kind):
            times[kind, event["id"]] += 1
            said[kind, event["id"]] = event["data"]
    return times, said


def event_problems(stage, world, clock, counts, may_repeat=False):
    """Each emission and each withdrawal once on its topic, nothing else; what stands is what the
    model says stands, each once; apart from prompts that HR's horizon has passed since the clock's
    earliest, for which nothing is emitted or withdrawn any more. may_repeat: the database lost its last commits, so
    what they had emitted is on the topic already: it may come again, and what no longer stands need not."""
    times, said = on_topics(stage)
    counts["events published"] = sum(times.values())
    problems = [("doubled", "%s %s on its topic %d times" % (*name, n))
                for name, n in times.items() if n != 1 and not may_repeat]
    expected = set()
    standing = collections.Counter()
    days = world.settings.of("").prompt_days
    for row in stage.rows(EMITTED % (clock.earliest, days, clock.latest, days)):
        kind = kind_of(stage, row["topic"])
        name = row["base"] if row["nth"] == 1 else "%s/%d" % (row["base"], row["nth"])
        expected.add((kind, name))
        if row["withdrawn"]:
            expected.add((kind, name + "/withdrawn"))
        else:
            standing[row["base"]] += not (kind == "return-to-work" and row["passed_horizon"])
            if (kind, name) in said and said[kind, name] != row["data"]:
                problems.append(("wrong", "%s says something else than was emitted" % name))
    problems += [("lost", "%s %s was emitted and is not on its topic" % name)
                 for name in sorted(expected - times.keys())]
    problems += [("doubled", "%s %s is on its topic and was not emitted" % name)
                 for name in sorted(times.keys() - expected) if not may_repeat]
    counts["events standing"] = len(+standing)
    return problems + standing_problems(+standing, world, clock.latest)


def standing_problems(standing, world, now):
    model = {row["id"]: row for row in ledger.Ledger(world).standing(now) if row["held"] is None}
    problems = [("doubled", "%s stands %d times" % (name, n))
                for name, n in standing.items() if n != 1]
    problems += [("lost", "%s stands and was not said" % name)
                 for name, row in sorted(model.items())
                 if not row["superseded"] and name not in standing]
    problems += [("wrong", "%s was said and does not stand" % name)
                 for name in sorted(standing.keys() - model.keys())]
    return problems


def letter_problems(stage, world, counts, may_repeat=False):
    found = collections.Counter()
    for record in stage.records("dead-letter"):
        headers = dict(record["headers"])
        found[int(headers["__connect.errors.partition"]),
              int(headers["__connect.errors.offset"]), headers["dlq-reason"]] += 1
    expected = collections.Counter(
        (dead["partition"], dead["offset"], dead["reason"]) for dead in world.dead_letters)
    counts["dead letters"] = sum(found.values())
    return [("lost" if found[name] < expected[name] else "doubled",
             "dead letter %s: %d on the topic, %d expected" % (name, found[name], expected[name]))
            for name in sorted(found.keys() | expected.keys())
            if found[name] < expected[name] or (found[name] != expected[name] and not may_repeat)]


def check(run):
    """All of it against the model; raises what is wrong."""
    lines = as_published(run)
    run.world.run(lines)
    run.clock.take_over(run.world, lines)
    problems = (row_problems(run.stage, run.world, lines, run.clock.latest)
                + event_problems(run.stage, run.world, run.clock, run.counts, run.asynchronous)
                + letter_problems(run.stage, run.world, run.counts, run.asynchronous))
    if problems:
        raise Violation(problems)


def as_published(run):
    """The lines as they stand on the topic: sent once each, whatever became of the broker."""
    by_bytes = collections.Counter()
    for line in run.lines:
        by_bytes[line["partition"], harness.value_of(line)] += 1
    lines = []
    for record in run.stage.records(run.stage.topic):
        by_bytes[record["partition"], record["value"]] -= 1
        lines.append({
            "at": run.now, "partition": record["partition"], "offset": record["offset"],
            "key_b64": b64(record["key"]), "headers": record["headers"],
            "value_b64": b64(record["value"])})
    if any(by_bytes.values()):
        raise NoVerdict("the topic does not hold what was sent")
    return lines


def b64(data):
    if data is None:
        return None
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
    return harness.base64.b64encode(raw).decode()


# --- the ledger of runs

def remember(path, line):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as out:
        out.write(json.dumps(line, sort_keys=True) + "\n")
