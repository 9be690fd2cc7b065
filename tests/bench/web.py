#!/usr/bin/env python3
"""Measures the page with a team at work: `./run bench web`.

    web.py [--spells N] [--users N] [--seconds N] [--json FILE]

One organisation with so many open and closed cases, intake and followup beside it, and users who each ask once a
second: six times the list, three times a case from it, once a search. Prints median and 99th percentile by screen, the
memory of dayfour-web, and, as the ceiling, the page that asks no database and the same statements without the page. The
exit code is 1 where the 99th percentile of all is over 100 ms.
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import lists

sys.path.insert(0, str(lists.ROOT / "tests" / "e2e"))
from database import dsn_of  # noqa: E402  pylint: disable=wrong-import-position
from process import cpu_seconds, memory_mib  # noqa: E402  pylint: disable=wrong-import-position
from web_client import Client  # noqa: E402  pylint: disable=wrong-import-position
from web_stage import free_port  # noqa: E402  pylint: disable=wrong-import-position

GOAL_MS = 100
ORGANISATION = "T00"
PASSWORD = "an invented password"
ROUND = ("list",) * 6 + ("case",) * 3 + ("search",)


def share(took, part):
    took = sorted(took)
    return took[min(len(took) - 1, int(len(took) * part))]


class Programs:
    """The three services on the filled database, each with a login of its own."""

    def __init__(self, dsn, database, folder):
        self.port, self.running = free_port(), []
        for name in ("intake", "followup", "web"):
            login = "bench_%s" % name
            database.run("create role %s login password '%s' in role dayfour_%s" % (login, PASSWORD, name))
            env = {**os.environ, "DAYFOUR_PG_DSN": dsn_of(dsn, login, PASSWORD), "DAYFOUR_LOG_LEVEL": "warn"}
            env.pop("PG_DSN")
            if name == "web":
                env.pop("KAFKA_BROKERS")
                env["DAYFOUR_WEB_LISTEN"] = "127.0.0.1:%d" % self.port
            log = open(folder / (name + ".log"), "wb")  # pylint: disable=consider-using-with
            self.running.append(subprocess.Popen([lists.BIN / ("dayfour-" + name)], env=env, stdout=log, stderr=log))

    @property
    def web(self):
        return self.running[-1].pid

    def wait(self):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                if Client(self.port).get("/login").status == 200 and all(p.poll() is None for p in self.running):
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit("the services did not start: see their logs")

    def end(self):
        for program in self.running:
            program.terminate()
        for program in self.running:
            program.wait(20)


class User(threading.Thread):
    """Logs in, then asks once a second, at an offset of its own."""

    def __init__(self, port, number, seconds):
        super().__init__(daemon=True)
        # Each at a desk of its own: log-ins from one address are limited.
        self.client, self.number, self.seconds = Client(port, source="127.0.1.%d" % (number + 1)), number, seconds
        self.took, self.cases, self.wrong = [], [], None
        self.rng = random.Random(number)

    def step(self, what):
        if what == "case" and self.cases:
            return self.client.get("/case/%s" % self.rng.choice(self.cases))
        if what == "search":
            page = self.client.get("/find")
            if page.status != 200:
                return page
            form = page.form("/find")
            found = self.client.post("/find", {**form, "text": "%04d" % (9000 + self.rng.randrange(1000))})
            return self.client.follow(found)
        answer = self.client.get("/calls?view=" + self.rng.choice(("today", "all", "unassigned")))
        self.cases = re.findall(r'href="/case/([0-9A-Z]{12})"', answer.text) or self.cases
        return answer

    def ask(self, what):
        began = time.monotonic()
        answer = self.step(what)
        if answer.status != 200:  # also a way to the log-in: a session that is not there any more
            self.wrong = "%s: %d %s" % (what, answer.status, answer.headers.get("Location", ""))
        self.took.append((what, (time.monotonic() - began) * 1000))

    def run(self):
        try:
            entered = self.client.log_in(login_of(self.number), PASSWORD)
            if entered.status != 303:
                raise SystemError("log-in: %d %s" % (entered.status, entered.words[:300]))
            self.ask("list")
            self.took.clear()
            begin = time.monotonic() + 2 + self.rng.random()
            for n in range(self.seconds):
                time.sleep(max(0, begin + n - time.monotonic()))
                self.ask(ROUND[(n + self.number) % len(ROUND)])
        except Exception as problem:  # the run says so in the end
            self.wrong = repr(problem)


def login_of(number):
    return "bench-web-%02d" % number


def add_staff(dsn, users, folder):
    password = folder / "password"
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    for number in range(users):
        lists.command("staff", "add", login_of(number), ORGANISATION, "--name", "Test Clinician %d" % number, "--role",
                      "physiotherapist", "--queues", "physiotherapy", "--password-file", str(password),
                      env={**os.environ, "PG_DSN": dsn})


def ceilings(port, dsn):
    """The page without a database, and the list's statements without the page."""
    helped = lists.milliseconds(lambda: Client(port).get("/help"), 200)
    session = lists.Database(dsn=dsn_of(dsn, login_of(0), PASSWORD))
    counts = lists.milliseconds(lambda: session.run("select * from oh.call_counts()"), 50)
    calls = lists.milliseconds(lambda: session.run("select * from oh.calls('today')"), 50)
    session.close()
    return {"GET /help alone": helped, "oh.call_counts alone": counts, "oh.calls alone": calls}


def measure(programs, args):
    users = [User(programs.port, number, args.seconds) for number in range(args.users)]
    cpu = cpu_seconds(programs.web)
    for user in users:
        user.start()
    for user in users:
        user.join()
    wrong = [user.wrong for user in users if user.wrong]
    if wrong:
        raise SystemExit("%d users met errors: %s" % (len(wrong), wrong[0]))
    took = [one for user in users for one in user.took]
    report = {"screens": {}, "users": args.users, "seconds": args.seconds, "requests": len(took)}
    for what in ("list", "case", "search", "all"):
        some = [ms for name, ms in took if what in (name, "all")]
        report["screens"][what] = {"p50": share(some, 0.5), "p99": share(some, 0.99), "worst": max(some),
                                   "n": len(some)}
    report["web MiB"] = memory_mib(programs.web, "VmRSS")
    report["web cpu ms a request"] = (cpu_seconds(programs.web) - cpu) * 1000 / len(took)
    return report


def show(report):
    for what, figures in report["ceilings"].items():
        print("%-22s median %6.1f ms, worst %6.1f" % (what, figures["median"], figures["worst"]))
    for what, f in report["screens"].items():
        print("%-22s p50 %6.1f ms, p99 %6.1f, worst %6.1f of %d" % (what, f["p50"], f["p99"], f["worst"], f["n"]))
    print("dayfour-web %.1f MiB, %.2f ms of CPU a request; load %.1f" % (
        report["web MiB"], report["web cpu ms a request"], report["load"]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--spells", type=int, default=100000)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--json")
    args = parser.parse_args()
    dsn, database = lists.filled(args.spells, 1)
    still_open = database.run("select count(*) from casework.spell where state = 'open'")[0]
    print("%d cases, %s open" % (args.spells, still_open))
    with tempfile.TemporaryDirectory(prefix="dayfour-bench-web.") as folder:
        add_staff(dsn, args.users, Path(folder))
        programs = Programs(dsn, database, Path(folder))
        try:
            programs.wait()
            report = measure(programs, args)
            report["ceilings"] = ceilings(programs.port, dsn)
        finally:
            programs.end()
            for login in [*map(login_of, range(args.users)), "bench_intake", "bench_followup", "bench_web"]:
                database.run('drop owned by "%s"' % login)
                database.run('drop role "%s"' % login)
    report["load"] = os.getloadavg()[0]
    show(report)
    if args.json:
        Path(args.json).write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 1 if report["screens"]["all"]["p99"] > GOAL_MS else 0


if __name__ == "__main__":
    sys.exit(main())
