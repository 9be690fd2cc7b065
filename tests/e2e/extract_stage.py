"""A stage for `dayfour feed`: a folder, a mapping, a login in dayfour_feed, and what came onto the topic."""
import contextlib
import csv
import io
import json
import os
import subprocess
import time

from followup_stage import text_of
from harness import Stage, decode, expect, until

COLUMNS = ["Id", "Person", "Post", "Group", "Start", "End", "Open", "Reason"]
STAFF_COLUMNS = ["Person", "Name", "Phone", "Left"]
SOURCE = "/roster/RW3"
MAPPING = {
    "source": SOURCE, "organisation": "RW3",
    "file": {"pattern": "sick_*.csv", "encoding": "windows-1252", "delimiter": ",", "as_of": "name:%Y%m%d_%H%M"},
    "extract": "full", "covers_days": 400,
    "columns": {
        "absence_id": "Id", "person_id": "Person", "assignment_id": "Post",
        "category": {"column": "Group", "values": {"Sickness": "sickness", "Leave": None}},
        "onset_date": {"column": "Start", "format": "%d/%m/%Y"},
        "last_day": {"column": "End", "format": "%d/%m/%Y"},
        "open_ended": {"column": "Open", "true": ["Y"]},
        "reason.code": {"column": "Reason", "scheme": "esr"}},
    "rules": {"hold_if_missing": {"percent": 2, "at_least": 20}, "hold_if_rows_fall_percent": 20,
              "hold_if_rejected_percent": 1},
    "staff": {"pattern": "staff_*.csv", "columns": {
        "person_id": "Person", "contact.name": "Name", "contact.phone": "Phone",
        "left_on": {"column": "Left", "format": "%d/%m/%Y"}}}}


def merged(base, changes):
    """A mapping with some members changed; None takes one out."""
    made = dict(base)
    for name, value in changes.items():
        if value is None:
            made.pop(name, None)
        elif isinstance(value, dict) and isinstance(made.get(name), dict):
            made[name] = merged(made[name], value)
        else:
            made[name] = value
    return made


def row(number, start, end="", opened="", reason="S12 Other musculoskeletal problems", group="Sickness", person=None):
    """A row of the roster extract, of person P-number."""
    who = person or "P-%d" % number
    return ["U-%d" % number, who, who + "-1", group, start, end, opened, reason]


def person(number, left=""):
    """A row of the staff list."""
    return ["P-%d" % number, "Test Person %d" % number, "07700 900%03d" % number, left]


class Ran:
    """How a command ended."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def logged(self, event):
        lines = [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]


class ExtractStage(Stage):
    """One source."""

    def __init__(self, around, mapping=None, now="2026-09-15T10:30:00Z"):
        super().__init__(around, 1, now=now)
        try:
            self.sql("create role %s_feed login password '%s' in role dayfour_feed" % (self.id, self.password))
            self.roles.append("feed")
            self.folder = self.dir / "in"
            self.folder.mkdir(mode=0o700)
            self.key = self.dir / "feed.key"
            self.map = self.write_mapping(mapping or {})
        except BaseException:
            self.close()
            raise

    def write_mapping(self, changes, name="map.json"):
        path = self.dir / name
        path.write_text(json.dumps(merged(MAPPING, changes)))
        return path

    # --- files

    def put(self, name, rows, columns=None, encoding="cp1252", age=120):
        """A file as HR's transfer leaves it; age: seconds since it was last written."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([columns or COLUMNS, *rows])
        return self.put_text(name, text.getvalue().encode(encoding), age)

    def put_text(self, name, data, age=120):
        path = self.folder / name
        path.write_bytes(data)
        then = time.time() - age
        os.utime(path, (then, then))
        return path

    def put_staff(self, name, rows, columns=None):
        return self.put(name, rows, columns or STAFF_COLUMNS)

    def files(self, under=""):
        """Names in the folder, or in one beneath it; not those that begin with a dot."""
        folder = self.folder / under
        return sorted(p.name for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")) \
            if folder.exists() else []

    # --- commands

    def environment(self, env=None):
        clean = {k: v for k, v in os.environ.items() if k != "PG_DSN" and not k.startswith("DAYFOUR_")}
        return {**clean, "PG_DSN": self.dsn("feed"), "KAFKA_BROKERS": self.around.brokers,
                "DAYFOUR_KAFKA_TOPIC_ABSENCES": self.topic, "DAYFOUR_CLOCK_FILE": str(self.clock),
                "DAYFOUR_FEED_KEY_FILE": str(self.key), **(env or {})}

    def feed(self, *arguments, env=None, given=""):
        done = subprocess.run([self.around.bin / "dayfour", "feed", *map(str, arguments)], env=self.environment(env),
                              input=given, timeout=120, capture_output=True, text=True, check=False)
        return Ran(done)

    def run_feed(self, *more, env=None, mapping=None):
        return self.feed("run", mapping or self.map, "--in", self.folder, *more, env=env)

    def start_feed(self):
        """A run that the test does not wait for."""
        return subprocess.Popen([self.around.bin / "dayfour", "feed", "run", self.map, "--in", self.folder],
                                env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @contextlib.contextmanager
    def locked(self, table):
        """Nobody else writes to the table meanwhile."""
        with subprocess.Popen(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.dsn()], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as session:
            session.stdin.write("begin; lock table %s in exclusive mode; select 1;\n" % table)
            session.stdin.flush()
            expect(session.stdout.readline() == "1\n", "no lock")
            yield
            session.stdin.write("commit;\n")
            session.stdin.close()

    def wait_blocked(self):
        """Until a login of dayfour_feed waits for a lock."""
        until(lambda: self.sql("select count(*) from pg_stat_activity where usename = '%s_feed' and wait_event_type ="
                               " 'Lock'" % self.id) == "1", "a run that waits for the lock")

    def take(self, *more, code=0, env=None, mapping=None):
        """A run that has to end like that."""
        ran = self.run_feed(*more, env=env, mapping=mapping)
        expect(ran.code == code, "feed run: %d instead of %d: %s" % (ran.code, code, ran.err))
        return ran

    def status(self):
        ran = self.feed("status", "--json")
        expect(ran.code == 0, "feed status: %d %s" % (ran.code, ran.err))
        return json.loads(ran.out)

    # --- what came out

    def records(self):
        """All records of the topic, oldest first: (key, value, headers)."""
        done = subprocess.run([self.around.bin / "e2e_topic", "consume", self.around.brokers, self.topic],
                              capture_output=True, text=True, timeout=60, check=False)
        expect(done.returncode == 0, "consume: %s" % done.stderr)
        found = []
        for line in done.stdout.splitlines():
            _, _, key, value, *headers = line.split(" ")
            found.append((text_of(decode(key)), decode(value).decode(),
                          {decode(n).decode(): text_of(decode(v)) for n, v in zip(headers[::2], headers[1::2])}))
        return found

    def events(self):
        return [json.loads(value) for _, value, _ in self.records()]

    def absences(self, skip=0):
        return [event for event in self.events()[skip:] if "absence_id" in event["data"]]

    def told(self, skip=0):
        """Events from the skip-th on, in short: "opened U-1", "left P-1 2026-09-30"; heartbeats left out."""
        return [short(event) for event in self.events()[skip:] if not event["type"].endswith("heartbeat.v1")]


def short(event):
    kind = event["type"].split(".")[-2]
    data = event["data"]
    if kind == "left":
        return "left %s %s" % (data["person_id"], data["on"])
    return "%s %s" % (kind, data["absence_id"])


def same(found, expected, what):
    expect(found == expected, "%s: %s instead of %s" % (what, found, expected))
