#!/usr/bin/env python3
"""e2e.docs: every command of README.md and doc/ is run as it stands there, or says beside it that it is not, and why.

    test_docs.py [PART OF A CASE'S NAME...]

A block ```sh, ```sql or ```console is one of commands; other blocks are not, and must not look like it. What is not
run is marked for every reader, in the paragraph after its block: *Not run by the tests: REASON.*, or, of single lines,
*Of these, not run by the tests: `LINE`, `LINE`: REASON.* A block that is neither run nor marked fails. Servers are those that `./run up` starts, in a folder that goes away; SUBSTITUTES says what else differs.
doc/oh-teams.md is played by test_teams_page.py.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import demo_output
import harness
from followup_stage import FollowupStage
from harness import ROOT, Failure, NotRun, expect, free_port, until

sys.path.insert(0, str(ROOT / "tests" / "e2e" / "security"))
from authority import Authority  # noqa: E402
from secure_broker import jars  # noqa: E402

COMMANDS = ("sh", "sql", "console")
OTHER = ("json", "yaml", "text", "ini")
TEAMS = "doc/oh-teams.md"  # every console and sql block of it, from top to bottom, is test_teams_page.py's
MARK = re.compile(r"\s*\*(Not|Of these, not) run by the tests:\s+(.+)\*$", re.S)
SERVICE = re.compile(r"^((?:\w+=(?:'[^']*'|\S*) )*)((?:build/bin/)?(dayfour-(?:intake|followup))(?: [^&|]*)?)$")
PASSWORD = "..."  # as the pages have it


class Block:
    def __init__(self, page, number, marks, lines):
        self.page, self.number = page, number
        self.language = marks[0] if marks else ""
        self.marks = marks[1:]
        self.lines = lines
        self.reason = None     # why it, or some of it, is not run
        self.left_out = []     # the lines that are not
        self.was_run = False

    def __str__(self):
        return "%s:%d" % (self.page, self.number)

    @property
    def text(self):
        return "\n".join(line for line in self.lines if line.strip() not in self.left_out)

    @property
    def is_marked_whole(self):
        return self.reason is not None and not self.left_out

    def take_mark(self, paragraph):
        mark = MARK.match(paragraph)
        if mark is None:
            return
        self.reason = mark.group(2)
        if mark.group(1) == "Not":
            return
        self.left_out = re.findall(r"`([^`]+)`", self.reason.rpartition(": ")[0])
        known = [text.strip() for text in self.lines]
        expect(self.left_out and set(self.left_out) < set(known), "%s: the mark names lines that are not there" % self)


def pages():
    found = [ROOT / "README.md", *sorted((ROOT / "doc").rglob("*.md"))]
    return [str(path.relative_to(ROOT)) for path in found]


def blocks_of(page):
    """Every fenced block of a page, with the mark in the paragraph behind it."""
    found, block, paragraph = [], None, []

    def end_paragraph():
        if found and paragraph and not found[-1].closed:
            found[-1].take_mark("\n".join(paragraph))
            found[-1].closed = True
        paragraph.clear()

    for number, line in enumerate((ROOT / page).read_text(encoding="utf-8").split("\n"), 1):
        fence = re.match(r"( *)```(.*)", line)
        if fence and block is None:
            end_paragraph()
            block = Block(page, number, fence.group(2).split(), [])
            block.closed = False
            indent = len(fence.group(1))
        elif fence:
            found.append(block)
            block = None
        elif block is not None:
            block.lines.append(line[indent:])
        elif line.strip():
            paragraph.append(line)
        else:
            end_paragraph()
    end_paragraph()
    expect(block is None, "%s: a block that never ends" % page)
    return found


# --- a set-up as the pages have it


class Place:
    """A clone's folder to type commands in, and servers of its own."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="docs."))
        self.dir.chmod(0o755)
        self.etc = self.dir / "etc"
        self.etc.mkdir()
        self.ports = [("127.0.0.1:%d" % wanted, "127.0.0.1:%d" % free_port()) for wanted in (9464, 9465)]
        self.running = []  # (name, log, process id)
        for name in ("doc", "deploy", "schemas", "tests", "build"):
            (self.dir / name).symlink_to(ROOT / name)
        (self.dir / "bin").mkdir()
        self.script("run", 'DAYFOUR_RUN_DIR="%s" exec "%s" "$@"' % (self.dir / ".run", ROOT / "run"))
        self.script("bin/kafka-topics.sh", "exec java -Xmx256m -XX:TieredStopAtLevel=1 -cp '%s' "
                    "org.apache.kafka.tools.TopicCommand \"$@\"" % jars())
        self.script("bin/logger", "cat >>'%s'" % (self.dir / "logged"))
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("DAYFOUR_", "PG", "KAFKA_"))}
        self.env["PATH"] = "%s:%s:%s" % (self.dir / "bin", ROOT / "build" / "bin", os.environ["PATH"])
        self.env["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        self.env["HOME"] = str(self.dir)

    def script(self, name, text):
        path = self.dir / name
        path.write_text("#!/bin/bash\n%s\n" % text)
        path.chmod(0o755)

    def up(self, *options):
        self.type("./run up " + " ".join(options), 600)
        text = (self.dir / ".run" / "env").read_text()
        self.brokers = re.search(r"KAFKA_BROKERS='([^']*)'", text).group(1)
        self.dsn = re.search(r"PG_DSN='([^']*)'", text).group(1)
        self.words = dict(word.split("=", 1) for word in self.dsn.split())

    def encrypt(self):
        """The database's server, with a certificate for the name it has on the pages."""
        self.authority = Authority(self.dir, "authority")
        where = Path(self.sql("show data_directory"))
        owner = where.stat()
        for source, name in zip(self.authority.issue("db", hosts="DNS:db.example.org"), ("pages.pem", "pages.key")):
            (where / name).write_bytes(source.read_bytes())
            (where / name).chmod(0o600)
            os.chown(where / name, owner.st_uid, owner.st_gid)
        for setting in ("ssl_cert_file = 'pages.pem'", "ssl_key_file = 'pages.key'", "ssl = on"):
            self.sql("alter system set " + setting)
        self.sql("select pg_reload_conf()")
        until(lambda: self.sql("show ssl") == "on", "TLS", 10)
        # The name leads here, and is checked against the certificate all the same.
        self.env.update(PGHOSTADDR="127.0.0.1", PGPORT=self.words["port"], PGPASSWORD=self.words["password"])

    def substitute(self, text):
        """Values that differ here: the addresses of the servers, and their number."""
        for here, there in (
                ("kafka1.example.org:9093,kafka2.example.org:9093", self.brokers),
                ("SECURITY_PROTOCOL=ssl", "SECURITY_PROTOCOL=plaintext"),
                ("security.protocol = ssl", "security.protocol = plaintext"),
                ("--command-config admin.properties ", ""),
                ("--replication-factor 3", "--replication-factor 1"),
                ("min.insync.replicas=2", "min.insync.replicas=1"),
                ("/etc/ssl/certs/ca-certificates.crt", str(self.authority.cert) if hasattr(self, "authority") else ""),
                *self.ports,
                ("/etc/dayfour", str(self.etc)),
                ("dayfour doctor", "dayfour doctor --intake %s/intake.conf --followup %s/followup.conf" % (
                    self.etc, self.etc)),
                ("/usr/share/doc/dayfour", str(ROOT / "doc")),
                ("install -m 0640 -g dayfour-feed", "install -D -m 0640"),
                ("install -m 0640 -g dayfour", "install -m 0640"),
                ("/usr/share/dayfour/feed", str(ROOT / "deploy" / "feed")),
                ("/usr/share/dayfour/settings", str(ROOT / "deploy" / "settings")),
                ("/usr/share/dayfour/prometheus", str(ROOT / "deploy" / "prometheus"))):
            text = text.replace(here, there)
        return text

    def sql(self, text, dsn=None):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", dsn or self.dsn, "-c", text],
                              capture_output=True, text=True, timeout=60, check=False)
        expect(done.returncode == 0, "psql: %s: %s" % (text[:60], done.stderr.strip()))
        return done.stdout.strip()

    def type(self, text, seconds=120, stdin="", codes=(0,)):
        """In a shell that lasts from block to block: its exports stay."""
        kept = self.dir / "exported"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text + "\nenv -0 >'%s'" % kept], cwd=self.dir, env=self.env,
            input=stdin, capture_output=True, text=True, timeout=seconds, check=False)
        expect(done.returncode in codes, "%s: ended with %d: %s %s" % (
            text, done.returncode, done.stdout[-1500:], done.stderr[-1500:]))
        if done.returncode == 0:
            self.env = dict(item.split("=", 1) for item in kept.read_text().split("\0") if item)
        return done.stdout

    def shell(self, block, **how):
        text = self.substitute(block.text).replace("\\\n", " ")
        lines = []
        for line in text.split("\n"):
            service = SERVICE.match(line)
            if service and "--check-config" not in line:  # it stays in the foreground
                log = self.dir / ("%s.%d.jsonl" % (service.group(3), len(self.running)))
                self.running.append((service.group(3), log, log.with_suffix(".pid")))
                line = "%s%s >%s 2>&1 </dev/null & echo $! >%s" % (*service.group(1, 2), log, log.with_suffix(".pid"))
            elif re.match(r"kcat -C ", line) and " -e" not in line:  # and so does this
                line = "timeout 6 %s || [ $? = 124 ]" % line
            lines.append(line)
        seen = self.type("\n".join(lines), **how)
        self.wait_ready()
        block.was_run = True
        return seen

    def start_as_unit(self, name):
        """By the command line and environment of its unit, with the password as systemd hands it over."""
        unit = (ROOT / "deploy" / "systemd" / ("dayfour-%s.service" % name)).read_text()
        command = re.search(r"^ExecStart=/usr/bin/(.*)", unit, re.M).group(1)
        variable = re.search(r"^Environment=(\w+)=%d/pg.password", unit, re.M).group(1)
        before = dict(self.env)
        self.forget_servers()
        self.env[variable] = str(self.etc / (name + ".password"))
        self.shell(Block("deploy/systemd", 0, ["sh"], [command]))
        self.env = before

    def forget_servers(self):
        """But where the name of the database's leads."""
        for key in list(self.env):
            if key.startswith(("PG", "KAFKA", "DAYFOUR_")) and key not in ("PGHOSTADDR", "PGPORT"):
                del self.env[key]

    def kafka_topics(self, *arguments):
        subprocess.run([sys.executable, ROOT / "deploy/kafka/topics.py", "--brokers", self.brokers, *arguments],
                       check=True, capture_output=True, timeout=60)

    def wait_ready(self):
        for name, log, _ in self.running:
            try:
                until(lambda log=log: '"event":"ready"' in log.read_text(), "%s to be ready" % name, 30)
            except Failure as failure:
                raise Failure("%s: %s" % (failure, log.read_text()[-500:])) from failure

    def end_services(self):
        """Each by a signal; each has to say that it ended as it should."""
        running, self.running = self.running, []
        for _, _, pid in running:
            os.kill(int(pid.read_text()), signal.SIGTERM)
        for name, log, _ in running:
            until(lambda log=log: '"event":"stopped"' in log.read_text(), "%s to end" % name, 15)

    def statements(self, block, text=None, dsn=None):
        self.sql(self.substitute(text or block.text), dsn)
        block.was_run = True

    def wait_taken(self):
        """Until intake has taken in everything that is in the topic."""
        def taken():
            at = self.sql("select coalesce(json_agg(json_build_object('topic', topic, 'partition', partition,"
                          " 'next_offset', next_offset)), '[]') from intake.position")
            ends = subprocess.run([sys.executable, ROOT / "deploy/kafka/topics.py", "--brokers", self.brokers, "ends",
                                   "absence.events"], capture_output=True, text=True, timeout=30, check=True).stdout
            wanted = {int(p): int(n) for _, p, n in (line.split() for line in ends.splitlines())}
            found = {row["partition"]: row["next_offset"] for row in json.loads(at)}
            return all(found.get(p, 0) >= n for p, n in wanted.items() if n)
        until(taken, "intake to take in what was published", 60, 0.1)

    def close(self):
        for _, _, pid in self.running:
            try:
                os.kill(int(pid.read_text()), signal.SIGKILL)
            except (OSError, ValueError):
                pass
        subprocess.run([self.dir / "run", "down"], stdout=subprocess.DEVNULL, timeout=120, check=False)
        where = self.dir / ".run" / "postgres.dir"  # it may be elsewhere: see `pg_dir` of scripts
        if where.exists():
            shutil.rmtree(where.read_text().strip(), ignore_errors=True)
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


ALL = {}  # page -> its blocks; what was run is noted in them


def commands_of(page):
    others = ("console", "sql") if page == TEAMS else ()
    return [b for b in ALL[page] if b.language in COMMANDS and b.language not in others and not b.is_marked_whole]


def play(place, page, hooks=()):
    """From top to bottom. hooks: (words of the block, function of place and block that runs it)."""
    left = dict(hooks)
    for block in commands_of(page):
        words = [w for w in left if w in "\n".join(block.lines)]
        if words:
            left.pop(words[0])(place, block)
        elif block.language == "sh":
            place.shell(block)
        else:
            place.statements(block)
    expect(not left, "%s: no block has %s" % (page, list(left)))


# --- the pages


def readme(_):
    """Build, migrate, log in, start; then an absence goes through."""
    with Place() as place:
        place.up("--infra")
        place.encrypt()
        place.sql("drop database dayfour", place.dsn.replace("dbname=dayfour", "dbname=postgres"))

        def create_database(place, block):
            place.statements(block, dsn=place.dsn.replace("dbname=dayfour", "dbname=postgres"))

        def build(place, block):
            place.shell(block, seconds=900)

        def start(place, block):
            place.env.pop("PGPASSWORD")
            for name in ("intake", "followup"):
                file = place.dir / (name + ".password")
                file.write_text(PASSWORD + "\n")
                file.chmod(0o600)
            place.shell(block)

        play(place, "README.md", [("./run demo", lambda *_: None), ("CREATE DATABASE", create_database), ("./run build", build),
                                  ("dayfour-intake", start)])
        expect(len(place.running) == 2, "two services are started")
        place.type("build/bin/dayfour publish doc/examples/absences.jsonl")
        place.wait_taken()
        expect(int(place.sql("select count(*) from fact.absence")) > 0, "nothing was stored")
        expect(place.sql("select count(*) from intake.dead_letter") == "0", "a dead letter")
        place.end_services()


def message_in_task_out(around):
    """The message as it stands there gives the row that stands there, and what is said to come of it."""
    sent, row = [json.loads(b.text) for b in ALL["README.md"] if b.language == "json"]
    told = [json.loads(b.text) for b in ALL["doc/hr-integration.md"] if b.language == "json"][-1]
    with FollowupStage(around, now="2026-09-07T08:10:01Z") as stage:
        stage.start_intake()
        stage.start_followup()

        def say(event):
            stage.wait_taken(stage.publish([{"partition": 0, "key_b64": None, "headers": [],
                                             "value": json.dumps(event)}]))
            stage.wait_idle()

        def types():
            said = [e["type"].removeprefix("org.dayfour.").removesuffix(".v1") for e in stage.events("follow-up")]
            return [kind for kind in said if kind.startswith("contact")]  # that a feed of one message falls silent, too

        def at(instant):
            stage.step_clock(instant)
            stage.wait_idle()

        say(sent)
        stage.new_clinician("physio", ["RW3"], ["physiotherapy"])
        text, fault = stage.as_login("physio", "select row_to_json(w) from oh.worklist w")
        expect(not fault, "the list cannot be read: " + fault)
        seen = {k: v for k, v in json.loads(text).items() if v is not None and v is not False or k in row}
        expect({k: seen.get(k) for k in row} == row, "the row is %s" % seen)
        expect(set(seen) == set(row), "columns left out on the page: %s" % (set(seen) - set(row)))
        expect(types() == ["contact-task.created"], "said: %s" % types())
        at("2026-09-10T07:59:59Z")
        expect("contact.due-soon" not in types(), "too early")
        at("2026-09-10T08:00:00Z")
        expect(types()[-1] == "contact.due-soon", "said: %s" % types())
        at("2026-09-12T12:00:00Z")
        expect(types()[-1] == "contact.overdue", "said: %s" % types())
        sent["data"].update(version=2, reason={"scheme": "esr", "code": "S13"})
        say(sent)
        expect(stage.sql("select count(*) from oh.task where state = 'open'") == "0", "the task does not end")
        expect(sum(t.endswith(".withdrawn") for t in types()) == 3, "said: %s" % types())
        sent["data"].update(version=3, last_day="2026-09-24")
        say(sent)
        at("2026-09-25T08:00:00Z")
        data = [e["data"] for e in stage.events("return-to-work") if e["type"] == "org.dayfour.interview.due.v1"]
        expect(data == [told], "HR is told %s" % data)


def demo(_):
    """The first command of all, and what it says of itself."""
    block = commands_of("README.md")[0]
    expect(block.text == "./run demo", "README begins with %s" % block.text)
    with Place() as place:
        seen = place.type(block.text, 900)
        rows = demo_output.expect_files(seen)
        feed = json.loads(place.type(". .run/feed && dayfour feed status --json"))
        expect([(f["rows"], f["rejected"], f["held"]) for f in feed] == [(rows, 6, None)], "the feed: %s" % feed)
        login = place.type("PGPASSWORD=$(cat \"$DAYFOUR_PG_PASSWORD_FILE\") psql -XAtd \"$DAYFOUR_PG_DSN\" -c "
                           "'select rolsuper, rolcreaterole from pg_roles where rolname = session_user'")
        expect(login.strip() == "f|f", "the login of the feed may %s" % login)
        words = place.type("./run status")
        for name in ("postgres", "kafka", "dayfour-intake", "dayfour-followup"):
            expect(re.search(r"^%s +running" % name, words, re.M), words)
        place.type("./run down")
        words = place.type("./run status")
        expect("running   pid" not in words, words)
        block.was_run = True


def demo_of_messages(_):
    """The other way of the demo, which leaves nothing behind."""
    with Place() as place:
        demo_output.expect_messages(place.type("./run demo --stream --once", 900))
        left = [str(path) for path in (place.dir / ".run").rglob("*") if path.name in ("demo-data", "postgres.made")]
        expect(not left, "left behind: %s" % left)


def hr_integration(_):
    page = "doc/hr-integration.md"
    mapping = next(b.text for b in ALL[page] if b.language == "json")
    expect(mapping + "\n" == (ROOT / "doc/examples/feed/map.json").read_text(), "the mapping is not the example's")
    with Place() as place:
        place.up()

        def dead_letters(place, block):
            place.type("echo '{' | kcat -P -b %s -t absence.events -k P-1" % place.brokers)
            place.wait_taken()
            until(lambda: place.sql("select count(*) from intake.dead_letter where published_batch is null") == "0",
                  "the dead letter to go out", 30, 0.1)
            seen = place.shell(block)
            expect("dlq-reason=not_json" in seen, "kcat shows %s" % seen)

        def on_her_list(place, block):
            place.wait_taken()
            until(lambda: place.sql("select count(*) from oh.task where person_id = 'P-94'") == "1", "a task", 30, 0.1)
            seen = place.shell(block)
            head, row = seen.splitlines()[-2:]
            expect(head.startswith("TASK ") and " Test Person 94  07700 900094 " in row, "amy sees %s" % seen)

        def files_make_calls(place, block):
            place.wait_taken()
            until(lambda: place.sql("select string_agg(person_id, ' ') from oh.task where state = 'open'") == "P-95",
                  "a task", 30, 0.1)
            expect(" msk: " in place.shell(block), "no pathway")

        play(place, page, [("explain --person RW3 P-95", files_make_calls), ("dayfour tasks", on_her_list), ("absence.events.dead-letter", dead_letters)])
        place.wait_taken()
        said = place.sql("select string_agg(absence_id, ' ' order by absence_id) from fact.absence").split()
        for wanted in ("A-1001", "A-3001", "A-4001"):
            expect(wanted in said, "%s is not stored, only %s" % (wanted, said))
        expect(int(place.sql("select count(*) from fact.person where person_id = 'P-78'"
                             " and left_on = '2026-09-30'")) == 1,
               "the event in binary mode is not stored")
        expect(place.sql("select count(*) from intake.dead_letter where reason <> 'not_json'") == "0", "a dead letter")


def operations(_):
    """Installed from nothing, used, backed up, restored, and put right after the worst."""
    page = "doc/operations.md"
    with Place() as place:
        place.up("--infra")
        place.encrypt()
        server = place.dsn.replace("dbname=dayfour", "dbname=postgres")
        place.sql("drop database dayfour", server)
        place.kafka_topics("delete", "absence.events", "oh.follow-up.events", "return-to-work.events",
                           "absence.events.dead-letter")
        for block in ALL[page]:  # what goes into files, there
            name = re.match(r"# /etc/dayfour/(\S+)$", block.lines[0])
            if name:
                (place.etc / name.group(1)).write_text(place.substitute(block.text) + "\n")

        def first_look(place, block):
            place.shell(block, codes=(3,))  # nothing is there yet

        def create_database(place, block):
            place.statements(block, dsn=server)

        def password_files(place, block):
            place.shell(block)
            for name in ("intake", "followup"):
                file = place.etc / (name + ".password")
                expect(file.stat().st_mode & 0o777 == 0o600, "others can read %s" % file)
                file.write_text(PASSWORD + "\n")

        def look_and_start(place, block):
            seen = place.shell(block)
            expect("0 wrong" in seen, "doctor finds something: %s" % seen)
            for name in ("intake", "followup"):
                place.start_as_unit(name)
            place.wait_ready()

        def password_for_purge(place, block):
            """And what cron would do at night, from its own empty environment."""
            place.shell(block)
            (place.etc / "purge.password").write_text(PASSWORD + "\n")
            night = [b for b in ALL[page] if b.lines[0] == "# /etc/cron.d/dayfour-purge"]
            expect(len(night) == 1, "one line for cron")
            *settings, line = place.substitute(night[0].text).split("\n")[1:]
            before = dict(place.env)
            place.forget_servers()
            command = re.match(r"(?:\S+ ){5}dayfour  (.*)", line).group(1)
            place.type("\n".join(["export " + setting for setting in settings] + [command]))
            place.env = before
            seen = (place.dir / "logged").read_text()
            expect(isinstance(json.loads(seen.splitlines()[-1]), dict), "it logs %s" % seen)

        def send(place, block):
            place.shell(block)
            place.wait_taken()
            expect(place.sql("select count(*) from fact.absence") == "2", "not all is stored")

        def overdue(place, block):
            until(lambda: place.sql("select count(*) from oh.task") == "1", "a task", 30, 0.1)
            seen = place.shell(block)
            expect(" reported late " in seen and " P-81 " in seen, "the list is %s" % seen)

        def take_out(place, block):
            place.shell(block)  # it asks nothing
            expect(place.sql("select count(*) from fact.person") == "0", "somebody is still there")

        def restore(place, block):
            place.end_services()
            place.shell(block)
            both = ["select count(*), max(changed_at) from fact.absence", "table intake.position",
                    "select key from fact.install_key"]
            for text in both:
                expect(place.sql(text) == place.sql(text, place.dsn.replace("dbname=dayfour", "dbname=restored")),
                       "the restored database differs: " + text)

        def position_lost(place, block):
            shutil.copy(ROOT / "doc/examples/absences.csv", place.dir / "extract.csv")
            place.sql("insert into intake.position values ('absence.events', 3, 77, 1, 'intake-1')"
                      " on conflict (topic, partition) do update set next_offset = 77")
            place.shell(block, stdin="absence.events\n", codes=(0, 3))
            expect(place.sql("select next_offset from ops.position where partition = 3") == "0", "it is not set")

        def clocks_apart(place, block):
            place.shell(block, stdin="yes\n")

        def position_ahead(place, block):
            place.shell(block, stdin="recover\n")
            expect(place.sql("select shard from followup.recovery") == "0", "it is not permitted")

        play(place, page, [
            ("CREATE DATABASE", create_database), ("install -m 0600", password_files),
            ("systemctl enable", look_and_start), ("dayfour publish", send), ("dayfour tasks", overdue),
            ("person erase", take_out),
            ("purge.password", password_for_purge),
            ("pg_restore", restore), ("positions set", position_lost), ("positions recover", position_ahead),
            ("clock accept", clocks_apart), ("dayfour doctor", first_look)])
        for text in asked_for(page):
            place.sql(text)


def every_setting(_):
    """The table has each member of the document that says what one is, and no other."""
    schema = json.loads((ROOT / "deploy/settings/pathways.schema.json").read_text())["properties"]
    known = set(schema) | set(schema["pathways"]["additionalProperties"]["properties"])
    for group in ("defaults", "retention"):
        known |= set(schema[group]["properties"])
    text = (ROOT / "doc/operations.md").read_text(encoding="utf-8").partition("\n## Settings\n")[2].partition("\n## ")[0]
    said = set(re.findall(r"`([a-z_]+)`", text))
    expect(known <= said, "not on the page: %s" % (known - said))
    rows = "\n".join(line.split("|")[1] for line in text.split("\n") if line.startswith("| `"))
    expect(set(re.findall(r"`(\w+)`", rows)) <= known, "no settings: %s" % (set(re.findall(r"`(\w+)`", rows)) - known))


def asked_for(page):
    """Statements within the text."""
    text = re.sub(r"^ *```.*?^ *```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.M | re.S)
    return [re.sub(r"\s+", " ", code) for code in re.findall(r"`(select\b[^`]+)`", text)]


def scrape(_):
    """Prometheus accepts the configuration that the page gives it."""
    if not shutil.which("promtool"):
        raise NotRun("needs promtool")
    blocks = [b for b in ALL["doc/operations.md"] if b.language == "yaml"]
    expect(len(blocks) == 1, "one configuration for Prometheus")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "prometheus.yml"
        file.write_text(blocks[0].text.replace("/usr/share/dayfour/prometheus", str(ROOT / "deploy" / "prometheus")))
        done = subprocess.run(["promtool", "check", "config", file], capture_output=True, text=True, timeout=60,
                              check=False)
        expect(done.returncode == 0 and "SUCCESS" in done.stdout, done.stdout + done.stderr)


def information_governance(_):
    with Place() as place:
        place.up()
        place.type("build/bin/dayfour publish doc/examples/absences.jsonl")
        place.wait_taken()
        person = place.sql("select person_id from fact.absence where organisation = 'RW3' limit 1")
        place.sql("create role keeper login password 'x' in role dayfour_retention")
        place.env["PG_DSN"] = dsn_as(place, "keeper")

        def about_somebody(place, block):
            seen = place.shell(block, stdin="P-77\n")
            expect("P-77" in seen or "erased" in seen, "it says %s" % seen)

        expect(person == "P-77", "nobody is P-77: " + person)
        play(place, "doc/information-governance.md", [("person export", about_somebody),
                                                      ("person erase", about_somebody)])
        expect(place.sql("select count(*) from fact.absence where person_id = 'P-77'") == "0", "P-77 is still there")


def dsn_as(place, login):
    return "host=127.0.0.1 port=%s dbname=dayfour user=%s password=x" % (place.words["port"], login)


def reports(_):
    with Place() as place:
        place.up("--infra")
        place.sql("create role writer login password 'x' in role dayfour_reporter")
        place.env["PG_DSN"] = dsn_as(place, "writer")
        play(place, "doc/reports.md")
        expect((place.dir / "report.svg").read_text().lstrip().startswith("<"), "no drawing")


def teams(_):
    """The one block that test_teams_page.py does not play: who somebody is."""
    with Place() as place:
        place.up("--infra")
        place.encrypt()
        place.env.pop("PGPASSWORD")
        (place.dir / "amy").write_text("x\n")
        (place.dir / "amy").chmod(0o600)
        place.type("PG_DSN='%s' build/bin/dayfour staff add amy RW3 --queues physiotherapy --password-file amy"
                   % place.dsn)
        play(place, TEAMS)
        place.type("PGPASSWORD=x build/bin/dayfour tasks")


PAGES = {
    "README.md": readme,
    "doc/operations.md": operations,
    "doc/hr-integration.md": hr_integration,
    "doc/information-governance.md": information_governance,
    "doc/reports.md": reports,
    TEAMS: teams,
}


def every_block(_):
    """None is neither run nor marked; none has a form in which it would be overlooked."""
    faults = []
    for page in ALL:
        for block in ALL[page]:
            if block.language not in COMMANDS + OTHER:
                faults.append("%s: say of the block what it is: %s" % (block, " ".join(COMMANDS + OTHER)))
            elif block.language in COMMANDS and page not in PAGES and not block.is_marked_whole:
                faults.append("%s: commands that no case runs, without a mark" % block)
            elif block.reason is not None and block.language not in COMMANDS:
                faults.append("%s: a mark of what is no command" % block)
            elif block.language not in COMMANDS:
                faults += ["%s: it looks like a command" % block for line in block.lines
                           if re.match(r"\s*(\$ |\./run |dayfour |kcat |psql |systemctl |apt)", line)]
        # The server's name leads to this machine here, for which nobody asks it.
        text = (ROOT / page).read_text(encoding="utf-8")
        faults += ["%s: connects without encryption, which is refused: %s" % (page, line.strip())
                   for line in text.split("\n") if re.search("(PG_DSN=|pg.dsn = ).*host=db[-.1a-z]*example", line)
                   and "sslmode=verify-full" not in line and "PGSSLMODE=verify-full" not in text]
    expect(not faults, "\n    ".join(["", *faults]))


def all_was_run(_):
    """After all the others: what they ought to have run, they did."""
    if any(not word.startswith("-") for word in sys.argv[1:]):
        raise NotRun("only some of the cases were asked for")
    left = [str(block) for page in PAGES for block in commands_of(page) if not block.was_run]
    expect(not left, "not run: " + ", ".join(left))


CASES = {
    "every block says what it is": every_block,
    "README.md, the message": message_in_task_out,
    "README.md, the demo": demo,
    "README.md, the demo of messages": demo_of_messages,
    **PAGES,
    "doc/operations.md, Prometheus": scrape,
    "doc/operations.md, every setting": every_setting,
    "all was run": all_was_run,
}
if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing stays behind
    for name in pages():
        ALL[name] = blocks_of(name)
    sys.exit(harness.run(CASES))
