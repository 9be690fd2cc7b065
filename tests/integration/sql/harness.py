"""Sessions on a throw-away database: each is one psql, logged in for real, that lives as long as its test file.

PG_DSN names the server and an account that may make databases and roles. Everything made is dropped again.
"""
import contextlib
import os
import re
import secrets
import shlex
import subprocess
import threading
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
MIGRATIONS = os.path.join(ROOT, "schemas", "sql")
NULL = "<null>"
FIELD, ROW = "\x1f", "\x1e"
STATE = re.compile(r"^(?:psql:[^ ]* )?(ERROR|FATAL):\s+([0-9A-Z]{5}): ?(.*)$", re.M)
NOTICE = re.compile(r"^(?:psql:[^ ]* )?NOTICE:\s+[0-9A-Z]{5}: ?(.*)$", re.M)


def conninfo(dsn):
    """The dsn as keywords, whichever of the two forms it has."""
    if re.match(r"postgres(ql)?://", dsn):
        url = urllib.parse.urlsplit(dsn)
        words = {"host": url.hostname, "port": url.port, "user": url.username, "password": url.password,
                 "dbname": url.path.lstrip("/")}
        words.update(urllib.parse.parse_qsl(url.query))
        return {k: urllib.parse.unquote(str(v)) for k, v in words.items() if v}
    return dict(word.split("=", 1) for word in shlex.split(dsn))


class Refused(Exception):
    def __init__(self, state, text):
        super().__init__(f"{state}: {text}")
        self.state = state
        self.text = text


class Session:
    """One psql. Answers are lists of tuples of text, NULL for null."""

    def __init__(self, words, user=None, password=None, dbname=None):
        words = dict(words, **{k: v for k, v in (("user", user), ("password", password), ("dbname", dbname)) if v})
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        env.update(PGPASSWORD=words.pop("password", ""), PGCONNECT_TIMEOUT="10", PGAPPNAME="test")
        text = " ".join("{}='{}'".format(k, v.replace("\\", "\\\\").replace("'", "\\'")) for k, v in words.items())
        self.psql = subprocess.Popen(
            ["psql", "-XqAt", "-F", FIELD, "-R", ROW, "-P", "null=" + NULL, "-v", "VERBOSITY=verbose",
             "-v", "SHOW_CONTEXT=never", text],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, text=True)
        self.notices = []
        self.pid = None
        try:
            self.pid = int(self.run("select pg_backend_pid()")[0][0])
        except BrokenPipeError as gone:
            raise Refused("closed", self.psql.stderr.read()) from gone

    def send(self, sql):
        """Starts a statement and does not wait for it."""
        self.psql.stdin.write(sql.rstrip().rstrip(";") + ";\n\\echo --end--\n\\warn --end--\n")
        self.psql.stdin.flush()

    def collect(self):
        """The result of the statement sent last."""
        out, err = self._until_end(self.psql.stdout), self._until_end(self.psql.stderr)
        self.notices = NOTICE.findall(err)
        found = STATE.search(err)
        if found:
            raise Refused(found.group(2), found.group(3))
        if out is None:
            raise Refused("closed", err or "")
        return [tuple(row.split(FIELD)) for row in re.split(f"{ROW}|\n", out.strip("\n")) if row]

    @staticmethod
    def _until_end(stream):
        lines = []
        for line in stream:
            if line.rstrip("\n").endswith("--end--"):
                lines.append(line.rstrip("\n")[:-len("--end--")])
                return "".join(lines)
            lines.append(line)
        return "".join(lines)

    def run(self, sql):
        self.send(sql)
        return self.collect()

    def value(self, sql):
        rows = self.run(sql)
        if len(rows) != 1 or len(rows[0]) != 1:
            raise AssertionError(f"one value expected: {rows}")
        return rows[0][0]

    def column(self, sql):
        return [row[0] for row in self.run(sql)]

    def close(self):
        with contextlib.suppress(OSError):
            self.psql.stdin.close()
        threading.Timer(5, self.psql.kill).start() if self.psql.poll() is None else None
        self.psql.wait()


class Cluster:
    """The databases and logins that one run of the tests makes."""

    def __init__(self, dsn):
        self.words = conninfo(dsn)
        self.tag = "t" + secrets.token_hex(4)
        self.root = Session(self.words)
        self.databases = []
        self.logins = {}
        self.files = [os.path.join(folder, f) for folder in ("", "repeatable")
                      for f in sorted(os.listdir(os.path.join(MIGRATIONS, folder))) if f.endswith(".sql")]

    def make_database(self, name, owner=None):
        name = f"dayfour_sql_{self.tag}_{name}"
        self.root.run(f"create database {name} template template0" + (f" owner {owner}" if owner else ""))
        self.databases.append(name)
        return name

    def migrate(self, session):
        """As `dayfour migrate` does: the files in order, each in a transaction of its own."""
        session.run("create schema ops")
        session.run("create table ops.migration (name text primary key, number int not null,"
                    " repeatable boolean not null default false, sha256 text not null, serves int,"
                    " applied_at timestamptz not null default now())")
        session.run("set client_min_messages = warning")
        for name in self.files:
            session.run("begin")
            session.psql.stdin.write(f"\\i {os.path.join(MIGRATIONS, name)}\n")
            session.run("select 1")
            session.run("commit")
        session.run("reset client_min_messages")

    def login(self, name, *groups):
        """A role that can log in, made once a run; returns its name."""
        if name not in self.logins:
            role = f"{self.tag}_{name}"
            password = secrets.token_hex(8)
            self.root.run(f"create role {role} login password '{password}'")
            self.logins[name] = (role, password)
            for group in groups:
                self.root.run(f"grant dayfour_{group} to {role}")
        return self.logins[name][0]

    def session(self, name, dbname):
        role, password = self.logins[name]
        return Session(self.words, user=role, password=password, dbname=dbname)

    def drop(self):
        for name in reversed(self.databases):
            with contextlib.suppress(Refused):
                self.root.run(f"drop database if exists {name} with (force)")
        for role, _ in self.logins.values():
            with contextlib.suppress(Refused):
                self.root.run(f"drop role if exists {role}")
        self.root.close()


class World:
    """A database with two organisations' staff, and ways to put cases into it."""

    STAFF = {"amy": ("RW3", "physiotherapy"), "ben": ("RW3", "physiotherapy"), "mia": ("RW3", "mental-health"),
             "xen": ("XX9", "physiotherapy"), "ada": ("RW3", None), "two": ("RW3", "physiotherapy")}

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.dbname = cluster.make_database(name)
        self.root = Session(cluster.words, dbname=self.dbname)
        cluster.migrate(self.root)
        self.sessions = {}
        self.serial = 0
        self.root.run("insert into fact.settings (version, document, loaded_at) values"
                      " ('test', '{\"defaults\":{\"time_zone\":\"Europe/London\"}}', now())")
        for who, (organisation, queue) in self.STAFF.items():
            role = cluster.login(who, "oh_admin" if queue is None else "clinician")
            queues = "{}" if queue is None else "{" + queue + "}"
            self.root.run(f"insert into oh.staff values ('{role}', '{organisation}', '{queues}')")
        # Somebody who works for both, on different queues.
        self.root.run(f"insert into oh.staff values ('{self.role('two')}', 'XX9', '{{mental-health}}')")
        cluster.login("nob", "clinician")  # the group, but no line in oh.staff
        self.clock("2026-09-10T12:00:00Z")

    def role(self, who):
        return self.cluster.logins[who][0]

    def at(self, who):
        """The session of that person."""
        if who not in self.sessions:
            self.sessions[who] = self.cluster.session(who, self.dbname)
        return self.sessions[who]

    def clock(self, instant):
        self.root.run(f"update ops.clock set rehearsal_at = '{instant}'")

    def close(self):
        for session in [self.root, *self.sessions.values()]:
            session.close()

    # ---- putting things there, as intake and followup would ----

    def insert(self, table, **columns):
        def literal(v):
            if v is None:
                return "null"
            if isinstance(v, bool):
                return "true" if v else "false"
            if isinstance(v, (list, tuple)):
                return "array[" + ",".join(literal(x) for x in v) + "]::text[]"
            return "'" + str(v).replace("'", "''") + "'"
        self.root.run(f"insert into {table} ({', '.join(columns)})"
                      f" values ({', '.join(literal(v) for v in columns.values())})")

    def person(self, organisation="RW3", person=None, **more):
        self.serial += 1
        person = person or f"P-{self.serial}"
        self.insert("fact.person", organisation=organisation, person_id=person, revision=1, **more)
        return person

    def record(self, person, absence, organisation="RW3", source="/hr", code="S12", onset="2026-09-07", **more):
        columns = dict(organisation=organisation, person_id=person, source=source, absence_id=absence, version=1,
                       first_version=1, first_onset_date=onset, onset_date=onset, open_ended=False,
                       match=1 if code else 2, scheme=1 if code else 0, code=code, settings_serial=1, cancelled=False,
                       first_notice_at="2026-09-07T08:00Z", changed_at="2026-09-07T08:00Z")
        columns.update(more)
        self.insert("fact.absence", **columns)

    def details(self, person, absence, organisation="RW3", source="/hr", name="Test Person 1", phone="07700 900001",
                **more):
        columns = dict(name=name, phone=phone, email="p1@example.test", language="en", preferred_time="mornings",
                       voicemail=True)
        columns.update(more)
        self.insert("fact.person_contact", organisation=organisation, person_id=person, source=source,
                    absence_id=absence, **columns)

    def spell(self, person=None, organisation="RW3", queue="physiotherapy", records=None, **more):
        """A spell with its person and record, and its id; more: columns that matter to the test."""
        self.serial += 1
        if person is None:
            person = self.person(organisation)
        pathway = {"physiotherapy": "msk", "mental-health": "stress"}[queue]
        if records is None:
            records = [("/hr", f"A-{self.serial}")]
            self.record(person, records[0][1], organisation)
        columns = {
            "spell_id": f"T{self.serial:011d}", "organisation": organisation, "person_id": person,
            "period_id": f"P{self.serial:011d}", "pathway": pathway, "queue": queue,
            "anchor_source": records[0][0], "anchor_absence_id": records[0][1],
            "absence_ids": sorted({r[1] for r in records}), "record_sources": [r[0] for r in records],
            "record_ids": [r[1] for r in records], "onset_date": "2026-09-07",
            "first_notice_at": "2026-09-07T08:00Z", "late_report": False, "backdated": False, "review_first": False,
            "priority": 2, "due_date": "2026-09-11", "state": "open", "tombstone": False, "attempts": 0,
            "red_flag": False, "reason_changed": False, "case_closed": False, "fingerprint": 1}
        columns.update(more)
        self.insert("casework.spell", **columns)
        return columns["spell_id"]

    def take_up(self, most=100):
        """As a claim of followup begins: what was entered is put where it counts."""
        self.cluster.login("fol", "followup")
        return self.at("fol").column(f"select person_id from followup.take_wake_ups({most}, 1, 0,"
                                     " (select rehearsal_at from ops.clock))")

    def person_of(self, spell):
        return self.root.value(f"select person_id from casework.spell where spell_id = '{spell}'")

    def emitted(self, spell, kind, happens_at, person=None, organisation="RW3", **more):
        subject = "s" + spell if spell else more.pop("subject")
        columns = {"organisation": organisation, "person_id": self.person_of(spell) if spell else person,
                   "subject": subject, "kind": kind, "occurrence": happens_at[:10], "nth": 1,
                   "topic": "oh.follow-up.events", "spell_id": spell, "happens_at": happens_at,
                   "occurs_on": happens_at[:10], "late": False, "data": "{}", "emitted_at": happens_at}
        columns.update(more)
        self.insert("followup.emitted", **columns)

    def fact(self, spell):
        """The newest entry about the spell's person."""
        names = ("kind", "outcome", "at", "by", "assignee", "review_on", "red_flag", "record_sources", "record_ids",
                 "record_codes", "anchor_absence_id", "pathway", "entry_id")
        rows = self.root.run(f"select {', '.join(names)} from fact.contact where person_id ="
                             f" '{self.person_of(spell)}' order by entry_id desc limit 1")
        return dict(zip(names, rows[0])) if rows else None

    def wait_for_lock(self, session):
        """Until that session waits for somebody else's lock."""
        for _ in range(500):
            if self.root.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                               f" and pid = {session.pid}") == "1":
                return
            time.sleep(0.02)
        raise AssertionError("it does not wait")


# ---- cases ----

CASES = []


def case(function):
    CASES.append(function)
    return function


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what + ': ' if what else ''}got {got!r}, wanted {wanted!r}")


def refused(state, session, sql):
    """The statement fails with that SQLSTATE; returns what it said."""
    try:
        rows = session.run(sql)
    except Refused as error:
        equal(error.state, state, sql)
        return error.text
    raise AssertionError(f"wanted {state}, but it did: {sql}: {rows!r}")
