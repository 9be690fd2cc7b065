"""The base of every end-to-end test: a stage with its own database, topics and clock, programs that run on it, and
cases that are counted.

    PG_DSN, KAFKA_BROKERS, DAYFOUR_BIN and DAYFOUR_RUN_DIR say where the servers and programs are;
    `./run test` and `./run with COMMAND` set them. Without them a test ends with 77: not run.
"""
import base64
import contextlib
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "model" / "reference"))
TEST_KEY = bytes(range(32)).hex()
NOT_RUN = 77


class Failure(Exception):
    """A case did not come out as it should."""


class NotRun(Exception):
    """Something that a case needs is not here."""


def expect(condition, what):
    if not condition:
        raise Failure(what)


def until(done, what, seconds=60, pause=0.02):
    """Waits until done() gives something true, and gives that."""
    end = time.monotonic() + seconds
    while True:
        found = done()
        if found:
            return found
        if time.monotonic() > end:
            raise Failure("%s: not within %d s" % (what, seconds))
        time.sleep(pause)


def free_port():
    """Below the range from which the kernel takes ports of connections: those would take it before a service does."""
    while True:
        port = random.randrange(11000, 20000)
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", port))
            return port


class Surroundings:
    """Servers and programs, as the environment names them."""

    def __init__(self):
        missing = [name for name in ("PG_DSN", "KAFKA_BROKERS", "DAYFOUR_BIN")
                   if not os.environ.get(name)]
        self.bin = Path(os.environ.get("DAYFOUR_BIN", "."))
        for program in ("dayfour", "dayfour-intake", "e2e_topic"):
            if not (self.bin / program).exists():
                missing.append(program)
        if missing:
            raise NotRun("needs " + ", ".join(missing))
        self.dsn = os.environ["PG_DSN"]
        self.brokers = os.environ["KAFKA_BROKERS"]
        self.run_dir = Path(os.environ.get("DAYFOUR_RUN_DIR", ".run"))
        self.has_followup = (self.bin / "dayfour-followup").exists()

    def server(self, action, name):
        """Starts, stops, kills, pauses or resumes one of the throw-away servers."""
        if not (self.run_dir / ("ports." + name)).exists():
            raise NotRun("%s is not one of our own" % name)
        subprocess.run([ROOT / "run", "server", action, name], check=True, timeout=120,
                       env={**os.environ, "DAYFOUR_RUN_DIR": str(self.run_dir)},
                       stdout=subprocess.DEVNULL)

    def topics(self, *arguments):
        done = subprocess.run(
            [sys.executable, ROOT / "deploy/kafka/topics.py", "--brokers", self.brokers,
             *arguments], capture_output=True, text=True, timeout=120, check=False)
        expect(done.returncode == 0, "topics %s: %s" % (arguments[0], done.stderr.strip()))
        return done.stdout


class Service:
    """A started program: its output, its end."""

    def __init__(self, stage, program, settings, env=None, number=0):
        self.stage = stage
        self.name = "%s-%d" % (program, number)
        self.conf = stage.dir / (self.name + ".conf")
        self.conf.write_text("".join("%s = %s\n" % pair for pair in settings.items()
                                     if pair[1] is not None))
        self.conf.chmod(0o600)
        self.log = stage.dir / (self.name + ".jsonl")
        clean = {k: v for k, v in os.environ.items()
                 if k not in ("PG_DSN", "KAFKA_BROKERS") and not k.startswith("DAYFOUR_")}
        with open(self.log, "wb") as out, open(self.log.with_suffix(".err"), "wb") as err:
            self.process = subprocess.Popen(
                [*stage.host, stage.around.bin / program, "--config", self.conf], stdout=out, stderr=err,
                stdin=subprocess.DEVNULL, env={**clean, **(env or {})}, start_new_session=True)

    @property
    def running(self):
        return self.process.poll() is None

    def lines(self, event=None):
        """The log so far; of an event only those lines."""
        found = []
        for text in self.log.read_text().splitlines(keepends=True):
            if text.endswith("\n"):
                line = json.loads(text)
                if event is None or line.get("event") == event:
                    found.append(line)
        return found

    def errors(self):
        return self.log.with_suffix(".err").read_text()

    def wait_for(self, event, seconds=30, count=1):
        def seen():
            if len(self.lines(event)) >= count:
                return True
            expect(self.running, "%s ended with %s: %s %s" % (
                self.name, self.process.returncode, self.errors(), self.tail()))
            return False
        until(seen, "%s to log %s" % (self.name, event), seconds)
        return self

    def tail(self, n=4):
        return " | ".join(self.log.read_text().splitlines()[-n:])

    def signal(self, number):
        if self.running:
            self.process.send_signal(number)

    def kill(self):
        """As a power cut would."""
        self.signal(signal.SIGKILL)
        return self.process.wait(10)

    def stop(self, seconds=10):
        """SIGTERM; gives the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired as slow:
            raise Failure("%s did not end in %d s: %s" % (self.name, seconds,
                                                          self.tail())) from slow


class Producer:
    """Records byte for byte into one topic."""

    def __init__(self, stage, topic, transactional_id=None):
        command = [stage.around.bin / "e2e_topic", "produce", stage.around.brokers, topic]
        self.log = open(stage.dir / "producer.err", "ab")
        self.process = subprocess.Popen(command + ([transactional_id] if transactional_id else []),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, start_new_session=True)

    def send_line(self, line):
        """A line of the model's input."""
        self.send(line["partition"], decoded(line.get("key_b64")), value_of(line),
                  line["headers"])

    def send(self, partition, key, value, headers=()):
        words = [str(partition), encode(key), encode(value)]
        for name, text in headers:
            words += [encode(name.encode()), encode(None if text is None else text.encode())]
        self.process.stdin.write(" ".join(words) + "\n")

    def end(self, word="flush"):
        """flush, commit or abort. {partition: offset after its last record}."""
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        expect(answer.endswith("\n"), "the producer ended")
        return {int(p): int(n) for p, n in (pair.split(":") for pair in answer.split())}

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


def decoded(text):
    """Base64 of an input line; None stays None."""
    return None if text is None else base64.b64decode(text)


def value_of(line):
    """The bytes of an input line, None for null."""
    if line.get("value") is not None:
        return line["value"].encode()
    return decoded(line.get("value_b64"))


def encode(data):
    return "-" if data is None else base64.b64encode(data).decode() or "="


def decode(text):
    return None if text == "-" else b"" if text == "=" else base64.b64decode(text)


class Stage:
    """A database, topics and a clock for one case."""

    serial = 0
    host = ()             # what a command begins with that runs on another host
    more_env = {}         # for the command line program

    def __init__(self, around, partitions=1, settings=None, now="2026-09-15T10:30:00Z"):
        Stage.serial += 1
        self.around = around
        self.id = "e2e_%d_%d" % (os.getpid(), Stage.serial)
        self.dir = Path(tempfile.mkdtemp(prefix=self.id + "."))
        self.topic = self.id + ".absences"
        self.partitions = partitions
        self.services = []
        self.producers = []
        self.outputs = {}  # name of the setting -> topic, of followup
        self.positions = {}
        self.session = None
        self.roles = ["intake", "followup"]
        self.clock = self.dir / "clock"
        self.set_clock(now)
        self.password = secrets.token_hex(16)
        try:
            self.make_database(settings)
            around.topics("create", "%s:%d:max.message.bytes=2097152" % (self.topic, partitions))
        except BaseException:
            self.close()
            raise

    # --- time

    def set_clock(self, now):
        new = self.clock.with_suffix(".new")
        new.write_text(now + "\n")
        new.rename(self.clock)
        self.now = now

    def step_clock(self, now, seconds=60):
        """Sets it, and waits until every service has seen it: they look every 200 ms."""
        self.set_clock(now)
        time.sleep(0.2)
        until(lambda: self.ask("select rehearsal_at = '%s'::timestamptz from ops.clock" % now)
              == "t", "a service to see the clock", seconds, 0.01)

    # --- the database

    def make_database(self, settings):
        self.sql("create database %s" % self.id, database=None)
        key = self.dir / "key"
        key.write_text(TEST_KEY + "\n")
        self.dayfour("migrate", "--install-key-file", key)
        for role in self.roles:
            self.sql("create role %s_%s login password '%s' in role dayfour_%s" % (
                self.id, role, self.password, role))
        if settings is not None:
            file = self.dir / "settings.json"
            file.write_text(json.dumps(settings))
            self.dayfour("settings", "load", file)

    def dsn(self, role=None, database=""):
        words = [self.around.dsn, "dbname=%s" % (self.id if database == "" else database)]
        if role:
            words += ["user=%s_%s" % (self.id, role), "password=%s" % self.password]
        return " ".join(words)

    def dayfour(self, *arguments, program="dayfour", typed=None):
        return self.dayfour_with({}, *arguments, program=program, typed=typed)

    def dayfour_with(self, settings, *arguments, program="dayfour", typed=None):
        """The same with more in its environment."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("DAYFOUR_")}
        env.update(PG_DSN=self.dsn(), KAFKA_BROKERS=self.around.brokers, **self.more_env, **settings)
        done = subprocess.run([self.around.bin / program, *arguments], env=env, timeout=120, input=typed,
                              capture_output=True, text=True, check=False)
        expect(done.returncode == 0, "dayfour %s: %d %s%s" % (
            arguments[0], done.returncode, done.stdout, done.stderr))
        return done.stdout

    def sql(self, text, database="", check=True):
        """The output of psql, unaligned, as the superuser."""
        dsn = self.around.dsn if database is None else self.dsn(database=database)
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-c", text],
                              capture_output=True, text=True, timeout=60, check=False)
        if check:
            expect(done.returncode == 0, "psql: %s" % done.stderr.strip())
        return done.stdout.strip()

    def ask(self, text):
        """The same through a session that is kept; "" where there is none."""
        if self.session is None:
            self.session = subprocess.Popen(
                ["psql", "-XAtq", "-d", self.dsn()], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            self.session.stdin.write(text + ";\n\\echo .\n")
            self.session.stdin.flush()
        except BrokenPipeError:
            return self.end_session()
        lines = []
        for line in self.session.stdout:
            if line == ".\n":
                return "".join(lines).strip()
            lines.append(line)
        return self.end_session()

    def as_login(self, name, text):
        """A statement of somebody else's: (what psql prints, "") or ("", SQLSTATE)."""
        login = "%s_%s" % (self.id, name)
        done = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=sqlstate", "-d",
             "%s user=%s password=%s" % (self.dsn(), login, self.password), "-c", text],
            capture_output=True, text=True, timeout=60, check=False)
        if done.returncode == 0:
            return done.stdout.strip(), ""
        return "", done.stderr.strip().rpartition(" ")[2]

    def new_clinician(self, name, organisations, queues):
        """A login that works on these queues of these organisations."""
        login = "%s_%s" % (self.id, name)
        self.sql("create role %s login password '%s' in role dayfour_clinician" % (
            login, self.password))
        self.roles.append(name)
        for organisation in organisations:
            self.sql("insert into oh.staff values ('%s', '%s', '{%s}')" % (
                login, organisation, ",".join(queues)))
        return login

    def end_session(self):
        if self.session is not None:
            self.session.kill()
            self.session.stdout.close()
            self.session.wait()
            try:
                self.session.stdin.close()
            except BrokenPipeError:
                pass
        self.session = None
        return ""

    def rows(self, query):
        """Its rows as dicts."""
        text = self.sql("select coalesce(json_agg(row_to_json(q)), '[]') from (%s) q" % query)
        return json.loads(text)

    # --- services

    def start_intake(self, env=None, wait=True, **settings):
        number = len(self.services)
        service = Service(self, "dayfour-intake", {
            "kafka.brokers": self.around.brokers, "kafka.topic.absences": self.topic,
            "kafka.group": self.id, "kafka.prop.session.timeout.ms": "3000",
            "kafka.prop.heartbeat.interval.ms": "500",
            "kafka.prop.reconnect.backoff.max.ms": "1000", "pg.dsn": self.dsn("intake"),
            "clock.file": self.clock, "batch.max_rows": "50", "log.level": "debug",
            **{name.replace("__", "."): value for name, value in settings.items()}}, env, number)
        self.services.append(service)
        return service.wait_for("ready") if wait else service

    def start_followup(self, env=None, wait=True, **settings):
        """With output topics of its own, made by the first call."""
        if not self.outputs:
            self.outputs = {name: "%s.%s" % (self.id, name)
                            for name in ("follow_up", "return_to_work", "dead_letter")}
            self.around.topics("create", *(name + ":1" for name in self.outputs.values()))
        service = Service(self, "dayfour-followup", {
            "kafka.brokers": self.around.brokers, "pg.dsn": self.dsn("followup"),
            **{"kafka.topic." + name: topic for name, topic in self.outputs.items()},
            "kafka.prop.reconnect.backoff.max.ms": "1000",
            "clock.file": self.clock, "log.level": "debug",
            **{name.replace("__", "."): value for name, value in settings.items()}},
            env, len(self.services))
        self.services.append(service)
        return service.wait_for("ready") if wait else service

    def wait_told(self, seconds=60):
        """Until followup has nothing left to do at this now."""
        until(lambda: self.ask("select people_due = 0 and unconfirmed = 0 and clock >= '%s'"
                               " from ops.backlog" % self.now) == "t",
              "followup to have nothing left to do: %s" % self.ask("table ops.backlog"), seconds)

    # --- messages

    def producer(self, transactional_id=None):
        self.producers.append(Producer(self, self.topic, transactional_id))
        return self.producers[-1]

    def publish(self, lines):
        """Lines of the model's input, into their partitions; gives the ends."""
        if not self.producers:
            self.producer()
        for line in lines:
            self.producers[0].send_line(line)
        return self.producers[0].end()

    def look_at_positions(self):
        """{partition: next_offset}; never goes back."""
        rows = self.ask("select partition, next_offset from intake.position where topic = '%s'"
                        % self.topic)
        at = {int(p): int(n) for p, n in (row.split("|") for row in rows.split())}
        for partition, offset in at.items():
            expect(offset >= self.positions.get(partition, 0), "position %d went back" % partition)
            self.positions[partition] = offset
        return at

    def wait_taken(self, ends, seconds=60):
        """Until everything before those offsets is taken in."""
        def taken():
            at = self.look_at_positions()
            return all(at.get(partition, 0) >= end for partition, end in ends.items())
        until(taken, "%s to be taken in, only %s is" % (ends, self.positions), seconds)

    def wait_progress(self, beyond, seconds=60):
        """Until messages beyond those offsets are taken in."""
        before = sum(beyond.values())
        until(lambda: sum(self.look_at_positions().values()) > before,
              "messages after %s to be taken in" % beyond, seconds, 0.005)

    # --- the end

    def close(self):
        for service in self.services:
            service.signal(signal.SIGCONT)
            service.kill()
        self.end_session()
        for producer in self.producers:
            producer.close()
        if not os.environ.get("DAYFOUR_TEST_KEEP"):
            self.drop()
            shutil.rmtree(self.dir, ignore_errors=True)

    def drop(self):
        self.sql("drop database if exists %s with (force)" % self.id, database=None, check=False)
        for role in self.roles:
            self.sql("drop role if exists %s_%s" % (self.id, role), database=None, check=False)
        try:
            self.around.topics("delete", self.topic, *self.outputs.values())
        except Failure as problem:
            print("cleaning up: %s" % problem)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None and os.environ.get("DAYFOUR_TEST_KEEP"):
            print("kept: %s" % self.dir)
        self.close()


# --- cases

def crash_points(service):
    """The names that FAULT_POINTS lists for a service."""
    text = (ROOT / "common" / "runtime" / "fault.h").read_text()
    return re.findall(r'X\("(%s\.[a-z_]+)"' % service, text)


def run(cases, argv=None):
    """Runs cases ({name: function of the surroundings}), those whose names contain an argument."""
    wanted = [a for a in (sys.argv[1:] if argv is None else argv) if not a.startswith("-")]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a case ends what it started
    try:
        around = Surroundings()
    except NotRun as reason:
        print("not run: %s" % reason)
        return NOT_RUN
    counts = {"ok": 0, "FAILED": 0, "not run": 0}
    for name, case in cases.items():
        if wanted and not any(part in name for part in wanted):
            continue
        began = time.monotonic()
        outcome, why = attempt(case, around)
        counts[outcome] += 1
        print("%s: %s%s (%.1f s)" % (outcome, name, why, time.monotonic() - began), flush=True)
    print("cases: %d passed, %d failed, %d skipped" % tuple(counts.values()))
    return 1 if counts["FAILED"] else 0


def attempt(case, around):
    try:
        case(around)
    except NotRun as reason:
        return "not run", ": %s" % reason
    except Failure as failure:
        return "FAILED", ": %s" % failure
    except Exception:  # whatever else a case runs into is its failure, the next one still runs
        traceback.print_exc(file=sys.stdout)
        return "FAILED", ""
    return "ok", ""
