"""A block of histories, played by the C of casework and by the reference model, row against row."""
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "model" / "reference"))

import dates  # noqa: E402
import envelope  # noqa: E402
import histories  # noqa: E402
import ledger  # noqa: E402
import model  # noqa: E402
from settings import IGNORED_CATEGORIES, plain_category  # noqa: E402
from world import value_of  # noqa: E402

CALENDAR = ROOT / "deploy" / "settings" / "bank-holidays.json"
TASK = ("task_id organisation person_id queue pathway priority onset_date last_day due_date work_by_date "
        "respond_by state end_reason assigned_to attempts last_outcome first_attempt_at contacted_at "
        "elapsed_days elapsed_working_days relapse late_report backdated review_first red_flag "
        "reason_changed expected_return period_id absence_ids known_at reason_late call_back_at "
        "red_flag_open unreachable closed_at close_reason oh_record").split()
SAID = "occurs_on due_on late".split()
STANDING = "occurs_on due_on spell_id pathway queue late_report backdated end_reason".split()


class Block:
    """Some people's histories; every third block has new settings, every other late corrections."""

    def __init__(self, seed, persons):
        self.seed, self.persons = seed, persons
        self.late = 0.15 if seed % 2 else 0
        self.loads = seed % 3 == 0
        self.document = histories.settings_document()
        self.lines = histories.history(seed, persons, late_share=self.late, loads=self.loads)

    @property
    def now(self):
        return dates.parse_instant(self.lines[-1]["at"])

    def world(self):
        return model.new_world(self.document, json.loads(CALENDAR.read_text(encoding="utf-8")),
                               bytes.fromhex(histories.TEST_KEY))


class Program:
    """The C program, with the settings of a block."""

    def __init__(self, path, block):
        self.path, self.now = path, block.now
        self.settings = tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8")
        json.dump(block.document, self.settings)
        self.settings.flush()

    def run(self, lines, seed, tries, *options):
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        done = subprocess.run(
            [self.path, self.settings.name, CALENDAR, histories.TEST_KEY, "--now",
             dates.format_instant(self.now), "--seed", str(seed), "--tries", str(tries), *options],
            input=text, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise subprocess.CalledProcessError(done.returncode, str(self.path), done.stdout,
                                                done.stderr or "ended with %d" % done.returncode)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def broken(self, lines, seed, tries):
        return [row["broken"] for row in self.run(lines, seed, tries, "--no-rows")
                if "broken" in row]


class Report:
    """The rows of the program and those of the model."""

    def __init__(self, block, printed, live, lines=None):
        self.lines = block.lines if lines is None else lines
        self.block, self.live = block, live
        self.printed = defaultdict(list)
        for row in printed:
            for kind, members in row.items():
                self.printed[kind].append(members)
        self.broken = self.printed["broken"]
        self.said, self.dead, self.refused, self.tasks, self.standing = None, [], [], [], []
        self.ask_model()

    def ask_model(self):
        world = self.block.world()
        book = ledger.Ledger(world)
        if self.live:
            book = ledger.simulate_live(world, self.lines, self.block.now)
            self.said = book.said
        else:
            world.run(self.lines)
        self.world = world
        for row in world.task_rows(self.block.now):
            row["tombstone"] = world.stored[row["task_id"]].tombstone is not None
            self.tasks.append(row)
        self.standing = book.standing(self.block.now)
        self.dead = world.dead_letters
        self.refused = world.refused

    def counts(self):
        return {"lines": len(self.lines), "tasks": len(self.tasks), "events": len(self.standing),
                "said": len(self.said or ()), "dead": len(self.dead), "refused": len(self.refused),
                "plays": sum(row["plays"] for row in self.printed["tried"])}

    # --- what differs

    def differences(self):
        """Person -> the first thing about that person in which the two differ."""
        found = {}
        for person, text in [*self.task_differences(), *self.standing_differences(),
                             *self.said_differences(), *self.dead_differences()]:
            found.setdefault(person, text)
        return found

    def task_differences(self):
        mine = {row["task_id"]: flat(row) for row in self.tasks}
        theirs = {row["task_id"]: row for row in self.printed["task"]}
        for task_id in sorted(mine.keys() | theirs.keys()):
            if not self.live and (task_id not in mine or task_id not in theirs) and (
                    mine.get(task_id) or theirs[task_id])["tombstone"]:
                continue  # nobody looked in between
            yield from differing("task " + task_id, mine.get(task_id), theirs.get(task_id), TASK)

    def standing_differences(self):
        mine = {row["id"]: {**flat(row["data"]), "held": row["held"],
                            "superseded": row["superseded"]} for row in self.standing}
        theirs = {row["id"]: row for row in self.printed["standing"]}
        for name in sorted(mine.keys() | theirs.keys()):
            columns = () if name.startswith("o") else STANDING + ["held", "superseded"]
            yield from differing("standing " + name, mine.get(name), theirs.get(name), columns)

    def said_differences(self):
        if self.said is None:
            return
        mine, theirs = defaultdict(list), defaultdict(list)
        for said in self.said:
            if said["data"]["person_id"] is not None:
                data = flat(said["data"])
                mine[data["organisation"], data["person_id"]].append(
                    [dates.format_instant(said["at"]), said["id"], *(str(data[c]) for c in SAID)])
        for said in self.printed["said"]:
            theirs[said["organisation"], said["person_id"]].append(
                [said["at"], said["id"], *(str(said[c]) for c in SAID)])
        for person in sorted(mine.keys() | theirs.keys()):
            # Of one instant in the order of their ids: which comes first among equals is nobody's business.
            for one, other in zip(sorted(mine[person]) + [None], sorted(theirs[person]) + [None]):
                if one != other:
                    yield person, "said %s, the model %s" % (other, one)
                    break

    def dead_differences(self):
        mine = {(row["partition"], row["offset"]): row for row in self.dead}
        theirs = {(row["partition"], row["offset"]): row for row in self.printed["dead"]}
        for at in sorted(mine.keys() | theirs.keys()):
            one, other = mine.get(at), theirs.get(at)
            if one is None or other is None or one["reason"] != other["reason"]:
                yield at, "dead letter %s: %s, the model %s" % (at, other, one)

    # --- whose lines

    def lines_of(self, person):
        """All lines of the people who ever shared a record with that one."""
        sharing = defaultdict(set)
        for line in self.lines:
            for record in self.record_of(line):
                sharing[record].update(people_of(line))
        people, before = {person}, None
        while people != before:
            before = set(people)
            for shared in sharing.values():
                if shared & people:
                    people |= shared
        entries = {line["fact"].get("entry") for line in self.lines
                   if "fact" in line and people & people_of(line)}
        return [line for line in self.lines
                if not set(line).isdisjoint(("settings", "calendar")) or people & people_of(line)
                or (line.get("partition"), line.get("offset")) == person
                or line.get("fact", {}).get("entry") in entries - {None}]

    @staticmethod
    def record_of(line):
        event = event_of(line)
        return [] if event is None or not hasattr(event, "absence_id") else [
            (event.organisation, event.source, event.absence_id)]


def flat(row):
    """As the program prints it."""
    return json.loads(json.dumps(row, default=model.plain))


def differing(name, mine, theirs, columns):
    row = mine or theirs
    person = row.get("organisation"), row.get("person_id")
    if mine is None or theirs is None:
        yield person, "%s: %s the model: %s" % (
            name, "only by" if theirs is None else "unknown to", brief(row))
        return
    told = [] if mine.get("tombstone") == theirs.get("tombstone") else ["tombstone"]
    if not mine.get("tombstone"):
        told += [column for column in columns if mine.get(column) != theirs.get(column)]
    elif mine["end_reason"] != theirs["end_reason"]:
        told.append("end_reason")
    if told:
        yield person, "%s: %s" % (name, ", ".join(
            "%s %s, the model %s" % (c, theirs.get(c), mine.get(c)) for c in told))


def brief(row):
    return {name: value for name, value in row.items() if value not in (None, False, 0, [], "")}


def event_of(line):
    if set(line).isdisjoint(("value", "value_b64")):
        return None
    try:
        return envelope.decode([tuple(h) for h in line.get("headers", ())], value_of(line), AnySource)
    except (envelope.Ignore, envelope.Reject):
        return None


class AnySource:
    ignored_categories = frozenset(plain_category(text) for text in IGNORED_CATEGORIES)

    @staticmethod
    def source_allowed(_source, _organisation):
        return True


def people_of(line):
    fact = line.get("fact")
    if fact is not None:
        about = fact.get("anchor", fact)
        return {(about.get("organisation"), about.get("person_id"))}
    event = event_of(line)
    return set() if not hasattr(event, "person_id") else {(event.organisation, event.person_id)}
