"""A stage with followup on it: topics of its own for what goes out, read back as they are committed."""
import json
import re
import subprocess

import harness
from harness import Failure, Service, Stage, decode, expect, until

MARKER = "dayfour-batch"


class FollowupStage(Stage):
    """out: settings of topics by name, as `partitions` or `partitions:key=value`."""

    def __init__(self, around, partitions=1, settings=None, now="2026-09-15T10:30:00Z",
                 follow_up="3", return_to_work="3", dead_letter="2"):
        if not around.has_followup:
            raise harness.NotRun("needs dayfour-followup")
        super().__init__(around, partitions, settings, now)
        self.out = {kind: "%s.%s" % (self.id, kind)
                    for kind in ("follow-up", "return-to-work", "dead-letter")}
        try:
            around.topics("create", *("%s:%s" % pair for pair in zip(
                self.out.values(), (follow_up, return_to_work, dead_letter))))
        except BaseException:
            self.close()
            raise

    def start_followup(self, env=None, wait="ready", **settings):
        service = Service(self, "dayfour-followup", {
            "kafka.brokers": self.around.brokers, "pg.dsn": self.dsn("followup"),
            "kafka.topic.follow_up": self.out["follow-up"],
            "kafka.topic.return_to_work": self.out["return-to-work"],
            "kafka.topic.dead_letter": self.out["dead-letter"],
            "clock.file": self.clock, "log.level": "debug",
            "kafka.prop.reconnect.backoff.max.ms": "1000",
            **{name.replace("__", "."): value for name, value in settings.items()
               if value is not None}}, env, len(self.services))
        self.services.append(service)
        return service.wait_for(wait) if wait else service

    def free_leases(self):
        """As if the ten seconds had passed that a lease outlives who held it."""
        self.sql("update followup.shard set until = '-infinity'")

    def is_idle(self, now=None):
        """Whether followup has finished with that instant."""
        at = now or self.now
        return self.sql("select people_due = 0 and unconfirmed = 0 and clock = '%s' and not exists"
                        " (select from intake.dead_letter where published_batch is null)"
                        " from ops.backlog" % at) == "t"

    def wait_idle(self, seconds=30):
        until(self.is_idle, "followup to finish with %s: %s" % (
            self.now, self.sql("select * from ops.backlog")), seconds)

    def records(self, kind):
        """All that is committed, by partition and offset."""
        done = subprocess.run([self.around.bin / "e2e_topic", "consume", self.around.brokers,
                               self.out.get(kind, kind)], capture_output=True, text=True,
                              timeout=60, check=False)
        expect(done.returncode == 0, "consume: %s" % done.stderr)
        found = []
        for line in done.stdout.splitlines():
            partition, offset, key, value, *headers = line.split(" ")
            found.append({
                "partition": int(partition), "offset": int(offset),
                "key": text_of(decode(key)), "value": decode(value),
                "headers": [(decode(name).decode(), text_of(decode(data)))
                            for name, data in zip(headers[::2], headers[1::2])]})
        return found

    def events(self, kind=None):
        """The events on both topics, each in the order of its partition."""
        if kind is None:
            return self.events("follow-up") + self.events("return-to-work")
        said = []
        for record in self.records(kind):
            headers = dict(record["headers"])
            expect(len(headers) == len(record["headers"]), "a header comes twice")
            expect(headers["ce_specversion"] == "1.0", "specversion")
            expect(headers["content-type"] == "application/json", "content type")
            said.append({"topic": kind, "key": record["key"], "id": headers["ce_id"],
                         "type": headers["ce_type"], "source": headers["ce_source"],
                         "subject": headers["ce_subject"], "at": headers["ce_time"],
                         "data": json.loads(record["value"]), "batch": headers[MARKER],
                         "partition": record["partition"], "offset": record["offset"]})
        return said

    def drop(self):
        super().drop()
        try:
            self.around.topics("delete", *self.out.values())
        except Failure as problem:
            print("cleaning up: %s" % problem)


def text_of(data):
    return None if data is None else data.decode("utf-8", "surrogateescape")


# --- against the model

# In the order in which they come at one instant: that of common/casework/event_kind.h.
KINDS = re.findall(r'X\(\w+, "([a-z.-]+)"', (
    harness.ROOT / "common/casework/event_kind.h").read_text())
TOPICS = {"oh.follow-up.events": "follow-up", "return-to-work.events": "return-to-work"}


def plain_data(data):
    return {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in data.items()}


def compare_said(ledger, events):
    """Exactly what the model says: each once, and in its order for each key and topic."""
    lines = []
    said = {}
    for event in events:
        name = (event["topic"], event["id"])
        if name in said:
            lines.append("%s twice" % (name,))
        said[name] = event
    expected = {}
    for one in ledger.said:
        expected[TOPICS[one["topic"]], one["id"]] = one
    for name in sorted(expected.keys() | said.keys()):
        if name not in said:
            lines.append("%s was not said" % (name,))
        elif name not in expected:
            lines.append("%s was said: %s" % (name, said[name]["data"]))
        else:
            lines += one_difference(name, expected[name], said[name])
    lines += order_differences(ledger, events)
    expect(not lines, "%d differences\n    %s" % (len(lines), "\n    ".join(lines[:12])))


def one_difference(name, expected, found):
    lines = []
    mine = {"key": expected["key"], "type": expected["type"], "source": expected["source"],
            "subject": expected["subject"], "data": plain_data(expected["data"])}
    for member, value in mine.items():
        if found[member] != value:
            lines.append("%s: %s is %s, the model says %s" % (name, member, found[member], value))
    return lines


def order_differences(ledger, events):
    """Within a step and a key: by T, but a withdrawal before what replaces it, one of its kind."""
    lines = []
    found = {}
    for event in events:
        found.setdefault((event["topic"], event["key"]), []).append(event["id"])
    for who, names in expected_orders(ledger).items():
        if sorted(found.get(who, [])) == sorted(names) and found[who] != names:
            lines.append("%s: in the order %s, expected %s" % (who, found[who], names))
    return lines


def expected_orders(ledger):
    instants = {e.id: e.event.T for emissions in ledger.emitted.values() for e in emissions}
    steps = {}
    for one in ledger.said:
        step = steps.setdefault((TOPICS[one["topic"]], one["key"]), {}).setdefault(one["at"], [])
        takes_back = one["id"].endswith("/withdrawn")
        step.append([instants[one["id"].removesuffix("/withdrawn")], not takes_back,
                     one["data"]["kind"], one["id"]])
    orders = {}
    for who, by_instant in steps.items():
        for step in by_instant.values():
            for move in step:
                if not move[1]:
                    move[0] = min([move[0]] + [m[0] for m in step if m[1] and m[2] == move[2]])
            step.sort(key=lambda m: (m[0], m[1], KINDS.index(m[2]), m[3].split("/")[0], m[3]))
            orders.setdefault(who, []).extend(move[3] for move in step)
    return orders
