#!/usr/bin/env python3
"""e2e.teams_page: doc/oh-teams.md, run from top to bottom, comes out as it stands there.

    test_teams_page.py [--write]    puts what came out into the page, for a person to read

```console blocks hold commands behind `who$ ` and what they print, ```sql who a statement, a ```text block behind it
its rows. A comment `at INSTANT` moves the clock. Task ids are those of the test key, so they are always the same.
"""
import json
import os
import pty
import re
import shlex
import subprocess
import sys

import harness
from followup_stage import FollowupStage
from harness import NotRun, expect, until

PAGE = harness.ROOT / "doc" / "oh-teams.md"
STAFF = ("amy", "ben", "lena", "auditor")
WIDTH = "80"

# person, absence, first day, last day, code, contact
ABSENT = [
    ("P-201", "A-1", "2026-09-06", None, "S12", {"name": "Test Person 1", "phone": "07700 900101", "language": "en",
                                                 "preferred_time": "after 14:00", "voicemail": True,
                                                 "date_of_birth": "1984-03-04"}),
    ("P-202", "A-2", "2026-09-07", None, "S12", {"name": "Test Person 2", "email": "person2@example.org"}),
    ("P-203", "A-3", "2026-08-31", None, "S11", {"name": "Test Person 3", "phone": "07700 900103", "language": "cy",
                                                 "voicemail": False}),
    ("P-204", "A-4", "2026-09-05", None, "S12", {"name": "Test Person 4", "phone": "07700 900104", "language": "en"}),
    ("P-205", "A-5", "2026-09-08", None, "S12", {"name": "Test Person 5", "phone": "07700 900105"}),
    ("P-206", "A-6", "2026-07-20", "2026-07-31", "S12", {"name": "Test Person 6", "phone": "07700 900106"}),
    ("P-206", "A-7", "2026-09-07", None, "S12", {"name": "Test Person 6", "phone": "07700 900106"}),
    ("P-207", "A-8", "2026-09-07", None, "S10", {"name": "Test Person 7", "phone": "07700 900107"}),
    ("P-208", "A-9", "2026-09-04", None, None, {"name": "Test Person 8", "phone": "07700 900108"}),
]


def event(person, absence, onset, last_day, code, contact):
    return {"specversion": "1.0", "id": absence, "source": "/hr/RW3", "type": "org.dayfour.absence.opened.v1",
            "data": {"organisation": "RW3", "absence_id": absence, "version": 1, "person_id": person,
                     "category": "sickness", "onset_date": onset, "last_day": last_day,
                     "reason": {"scheme": "esr", "code": code} if code else None, "contact": contact,
                     "site": "Wythenshawe", "job": "Theatre nurse"}}


class Page:
    def __init__(self, stage):
        self.stage = stage
        self.written = []
        self.faults = []

    def dsn(self, who):
        if who == "operator":
            return self.stage.dsn()
        return "%s user=%s password=%s" % (self.stage.dsn(), who, self.stage.password)

    def run(self, who, words):
        """On a terminal of some width, as a person would; gives what is seen there."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("DAYFOUR_", "PG"))}
        env.update(PG_DSN=self.dsn(who), TERM="dumb", COLUMNS=WIDTH, TZ="UTC", PGTZ="Europe/London", PAGER="")
        ours, theirs = pty.openpty()
        process = subprocess.Popen(words, env=env, cwd=self.stage.dir, stdin=subprocess.DEVNULL, stdout=theirs,
                                   stderr=theirs)
        os.close(theirs)
        seen = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            seen += part
        os.close(ours)
        process.wait(60)
        text = seen.decode().replace("\r\n", "\n")
        return process.returncode, [line.rstrip() for line in text.rstrip("\n").split("\n")] if text.strip() else []

    def settle(self):
        self.stage.wait_idle()
        until(lambda: self.stage.sql("select count(*) from audit.unsealed") == "0", "the audit to be sealed", 20)

    def command(self, line):
        who, _, text = line.partition("$ ")
        words = shlex.split(text)
        code, seen = self.run(who, [str(self.stage.around.bin / words[0]), *words[1:]])
        expect(code in (0, 1), "%s: %d %s" % (line, code, seen))
        self.settle()
        # A seal covers the moments of reading too, so it is another each time.
        return [re.sub(r"\b[0-9a-f]{64}\b", "SEAL", line) for line in seen]

    def statement(self, who, lines):
        psql = ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-P", "footer=off", "-P", "pager=off", "-c", "\n".join(lines),
                self.dsn(who)]
        code, seen = self.run(who, psql)
        expect(code == 0, "%s: %s" % (lines, seen))
        self.settle()
        return seen

    def play(self):
        block = None  # (language, who, lines) of the block we are in
        rows = None   # what the statement before gave, until its block of text
        for line in PAGE.read_text(encoding="utf-8").rstrip("\n").split("\n"):
            clock = re.match(r"<!-- at (\S+) -->", line)
            if clock:
                self.stage.step_clock(clock.group(1))
                self.settle()
            if block is not None and line.startswith("```"):
                rows = self.end_block(block, line, rows)
                block = None
                continue
            if block is not None:
                block[2].append(line)
                continue
            fence = re.match(r"```(console|sql \w+|text)$", line)
            if fence:
                language, _, who = fence.group(1).partition(" ")
                block = (language, who, [])
                if language != "text":
                    self.written.append(line)
            else:
                if rows is not None and line.strip():  # a statement without a block of its rows yet
                    self.put_rows(rows, None)
                    self.written.append("")
                    rows = None
                self.written.append(line)

    def put_rows(self, rows, lines):
        self.written += ["```text", *rows, "```"]
        if rows != lines:
            self.faults.append("rows %s, the page has %s" % (rows, lines))

    def end_block(self, block, line, rows):
        language, who, lines = block
        if language == "text":
            self.put_rows(rows, lines)
            return None
        if language == "sql":
            self.written += [*lines, line]
            return self.statement(who, lines)
        commands = [n for n, text in enumerate(lines) if re.match(r"\w+\$ ", text)]
        for n, until_n in zip(commands, [*commands[1:], len(lines)]):
            seen = self.command(lines[n])
            self.written += [lines[n], *seen]
            if seen != lines[n + 1:until_n]:
                self.faults.append("%s: %s, the page has %s" % (lines[n], seen, lines[n + 1:until_n]))
        self.written.append(line)
        return None


def as_it_stands(around):
    with FollowupStage(around, now="2026-09-08T08:00:00Z") as stage:
        if stage.sql("select count(*) from pg_roles where rolname in %s" % (STAFF,)) != "0":
            raise NotRun("the server has logins of those names")
        try:
            for login in STAFF:
                file = stage.dir / (login + ".pw")
                file.write_text(stage.password + "\n")
                file.chmod(0o600)
            stage.sql("create role auditor login password '%s'; grant dayfour_auditor to auditor" % stage.password)
            stage.start_intake()
            stage.start_followup()
            lines = [json.dumps(event(*row)) for row in ABSENT]
            stage.wait_taken(stage.publish([{"partition": 0, "key_b64": None, "value": line, "headers": [
                ["content-type", "application/cloudevents+json"]]} for line in lines]))
            stage.wait_idle()
            page = Page(stage)
            page.play()
        finally:
            for login in STAFF:
                stage.sql("drop owned by %s" % login, check=False)
                stage.sql("drop role if exists %s" % login, check=False)
        if "--write" in sys.argv:
            PAGE.write_text("\n".join(page.written) + "\n", encoding="utf-8")
        else:
            expect(not page.faults, "doc/oh-teams.md (--write puts it right):\n    " + "\n    ".join(page.faults[:5]))


CASES = {"as_it_stands": as_it_stands}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
