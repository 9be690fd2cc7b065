"""A database and topics of their own for tests of the command line program.

PG_DSN (an account that may make databases and roles), KAFKA_BROKERS and DAYFOUR_BIN say where servers and
programs are; `./run test` and `./run with` set them. Everything made is removed again.
"""
import json
import os
import re
import secrets
import shlex
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TOPICS = ROOT / "deploy" / "kafka" / "topics.py"
CASES = []


class NotRun(Exception):
    """Something that a case needs is not here."""


def case(function):
    CASES.append(function)
    return function


def equal(found, expected, what=""):
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, expected {expected!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def words_of(dsn):
    if re.match(r"postgres(ql)?://", dsn):
        url = urllib.parse.urlsplit(dsn)
        words = {"host": url.hostname, "port": url.port, "user": url.username, "password": url.password,
                 "dbname": url.path.lstrip("/")}
        words.update(urllib.parse.parse_qsl(url.query))
        return {k: urllib.parse.unquote(str(v)) for k, v in words.items() if v}
    return dict(word.split("=", 1) for word in shlex.split(dsn))


def dsn_of(words):
    return " ".join("{}='{}'".format(k, str(v).replace("\\", "\\\\").replace("'", "\\'"))
                    for k, v in words.items())


class Ran:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)


class World:
    """Made once for a file of cases."""

    def __init__(self):
        self.words = words_of(os.environ["PG_DSN"])
        self.brokers = os.environ["KAFKA_BROKERS"]
        self.bin = Path(os.environ.get("DAYFOUR_BIN", ROOT / "build" / "dev" / "bin"))
        self.tag = "t" + secrets.token_hex(4)
        self.databases, self.topics, self.roles = [], [], []
        self.folder = tempfile.TemporaryDirectory()
        self.dir = Path(self.folder.name)
        self.dbname = self.make_database()
        self.topic = self.make_topic("in", 4)

    # ---- servers ----

    def sql(self, text, dbname=None):
        """Rows of text fields."""
        words = dict(self.words, dbname=dbname or self.dbname)
        env = dict(os.environ, PGPASSWORD=words.pop("password", ""), PGOPTIONS="-c client_min_messages=error")
        done = subprocess.run(["psql", "-XqAt", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-c", text,
                               dsn_of(words)], env=env, capture_output=True, text=True, check=False)
        holds(done.returncode == 0, f"psql: {done.stderr.strip()}")
        return [tuple(line.split("\x1f")) for line in done.stdout.splitlines()]

    def value(self, text, dbname=None):
        return self.sql(text, dbname)[0][0]

    def make_database(self, owner=None, encoding=None):
        name = f"dayfour_cli_{self.tag}_{len(self.databases)}"
        self.sql(f"create database {name} template template0" + (f" owner {owner}" if owner else "")
                 + (f" encoding '{encoding}' locale 'C'" if encoding else ""), self.words["dbname"])
        self.databases.append(name)
        return name

    def make_topic(self, name, partitions):
        topic = f"{self.tag}.{name}"
        subprocess.run(["python3", TOPICS, "--brokers", self.brokers, "create", f"{topic}:{partitions}"],
                       check=True, capture_output=True)
        self.topics.append(topic)
        return topic

    def records(self, topic):
        """(partition, key, headers, value) of every record, bytes as they are."""
        form = "%p\x1f%k\x1f%h\x1f%s\x1e"
        done = subprocess.run(["kcat", "-b", self.brokers, "-C", "-q", "-e", "-t", topic, "-o", "beginning",
                               "-f", form], capture_output=True, check=True, timeout=60)
        rows = done.stdout.split(b"\x1e")[:-1]
        return [tuple(row.split(b"\x1f", 3)) for row in rows]

    # ---- the program ----

    def run(self, *args, stdin=None, user=None, password=None, dbname=None, env=None, topic=None):
        words = dict(self.words, dbname=dbname or self.dbname)
        if user:
            words.update(user=user, password=password)
        around = {k: v for k, v in os.environ.items() if not k.startswith(("DAYFOUR_", "PG"))}
        around.update(PG_DSN=dsn_of(words), KAFKA_BROKERS=self.brokers, DAYFOUR_RUN_DIR=str(self.dir / "none"),
                      DAYFOUR_KAFKA_TOPIC_ABSENCES=topic or self.topic, TZ="UTC")
        around.update(env or {})
        around = {k: v for k, v in around.items() if v is not None}
        return Ran(subprocess.run([self.bin / "dayfour", *map(str, args)], input=stdin, env=around,
                                  capture_output=True, text=True, timeout=120, check=False))

    def file(self, name, text):
        path = self.dir / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    def role(self, name):
        """A login's name of this run's own; dropped with it."""
        role = f"{self.tag}_{name}"
        self.roles.append(role)
        return role

    def close(self):
        for name in self.databases:
            self.sql(f"drop database if exists {name} with (force)", self.words["dbname"])
        for role in self.roles:
            self.sql('drop role if exists "{}"'.format(role.replace('"', '""')), self.words["dbname"])
        if self.topics:
            subprocess.run(["python3", TOPICS, "--brokers", self.brokers, "delete", *self.topics],
                           check=False, capture_output=True)
        self.folder.cleanup()


def absence(number, person, onset="2026-09-07", version=1, kind="opened", organisation="RW3", **data):
    body = {"organisation": organisation, "absence_id": f"A-{number}", "version": version, "person_id": person,
            "category": "sickness", "onset_date": onset}
    body.update(data)
    return {"specversion": "1.0", "id": f"e{number}-{version}", "source": f"/hr/{organisation}",
            "type": f"org.dayfour.absence.{kind}.v1", "data": body}


def lines(*events):
    return "".join(json.dumps(event) + "\n" for event in events)
