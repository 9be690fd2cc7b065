"""Properties that hold for any history: in any order of arrival, with duplicates, however often woken."""
import json
import random
import unittest
from datetime import timedelta

import events
import histories
import ledger
import model
from dates import format_instant, parse_instant
from world import value_of


def new_world():
    return model.new_world(histories.settings_document(), model.load(None, "bank-holidays.json"),
                           bytes.fromhex(histories.TEST_KEY))


def outcome(lines, now, instants=None):
    """Rows without tombstones, and what was said and stands, superseded events apart."""
    world = new_world()
    book = (ledger.simulate_live(world, lines, now) if instants is None
            else ledger.simulate(world, lines, instants))
    rows = [row for row in world.task_rows(now) if not world.stored[row["task_id"]].tombstone]
    standing = {row["id"]: row for row in book.standing(now)}
    said = {emission.event.id for emission in book.said_and_standing()}
    return rows, standing, said, world, book


def comparable(standing, said):
    return sorted(name for name in said if not (name in standing and standing[name]["superseded"]))


class Orders(unittest.TestCase):
    def test_any_arrival_order(self):
        """All messages at one instant: shuffled and with duplicates, the same rows and events."""
        for seed in range(6):
            lines = histories.messages(seed, 25)
            now = parse_instant(lines[len(lines) * 2 // 3]["at"]) + timedelta(days=20)
            lines = [{**line, "at": format_instant(now)} for line in lines]
            rng = random.Random(seed)
            wanted = None
            for _ in range(3):
                rows, standing, said, world, _ = outcome(lines, now, [now])
                found = json.dumps([rows, comparable(standing, said)], default=model.plain)
                wanted = wanted or found
                self.assertEqual(found, wanted, "seed %d" % seed)
                lines = lines + rng.sample(lines, len(lines) // 10)
                rng.shuffle(lines)

    def test_what_was_said_is_what_stands(self):
        """Awake all the time or seldom: nothing that stands is missing, nothing else was left."""
        for seed in range(6, 12):
            lines = histories.history(seed, 20)
            now = parse_instant(lines[len(lines) * 3 // 4]["at"])
            lines = [line for line in lines if parse_instant(line["at"]) <= now]
            for instants in (None, [now - timedelta(days=day) for day in (60, 33, 20, 7, 0)]):
                _, standing, said, world, book = outcome(lines, now, instants)
                must = {name for name, row in standing.items()
                        if not row["superseded"] and row["held"] is None}
                old = {e.event.id for e in book.said_and_standing() if e.event.topic == events.HR
                       and e.event.T < now - timedelta(days=28)}
                self.assertEqual(must - said, set(), "seed %d: not said" % seed)
                self.assertEqual(said - set(standing) - old, set(), "seed %d: not withdrawn" % seed)

    def test_ids_and_order(self):
        """Ids never repeat; a withdrawal follows what it withdraws; nothing clinical reaches HR."""
        lines = histories.history(3, 40)
        now = parse_instant(lines[-1]["at"])
        _, _, _, _, book = outcome(lines, now)
        seen = set()
        for item in book.said:
            self.assertNotIn(item["id"], seen)
            seen.add(item["id"])
            if item["id"].endswith("/withdrawn"):
                self.assertIn(item["data"]["withdraws"], seen)
            if item["topic"] == events.HR:
                self.assertEqual(item["subject"][0], "p")
                self.assertLessEqual(set(item["data"]), {
                    "organisation", "person_id", "absence_ids", "kind", "occurrence", "occurs_on",
                    "due_on", "late", "withdraws"})

    def test_hr_cannot_tell_a_match(self):
        """The same histories with other reasons and no calls: HR gets the same events."""
        def told(lines):
            book = ledger.simulate_live(new_world(), lines, parse_instant(lines[-1]["at"]))
            return [item for item in book.said if item["topic"] == events.HR]

        lines, plain = histories.history(4, 30, bad_share=0), []
        for line in histories.messages(4, 30, bad_share=0):
            event = json.loads(value_of(line))
            data = event.get("data", event)
            if "onset_date" in data:
                data["reason"] = {"scheme": "esr", "code": "S13"}
            plain.append({**line, "value_b64": None, "value": json.dumps(event)})
        last = {"at": lines[-1]["at"], "calendar": {}}
        self.assertGreater(len(told(plain + [last])), 100)
        self.assertEqual(told(lines + [last]), told(plain + [last]))


class Determinism(unittest.TestCase):
    def test_same_seed_same_bytes(self):
        one, other = (json.dumps(histories.history(5, 30)) for _ in range(2))
        self.assertEqual(one, other)
        self.assertNotEqual(one, json.dumps(histories.history(6, 30)))
