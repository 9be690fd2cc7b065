#!/usr/bin/env python3
"""security.postgres: verify-full to a real server with certificates good, expired, for another
name and of an authority nobody knows; and plain connections refused before anything is sent."""
import functools
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]),
                str(Path(__file__).resolve().parent)]
import harness  # noqa: E402
from authority import Authority  # noqa: E402
from harness import NotRun, Stage, expect, until  # noqa: E402

NOW = "2026-09-15T10:30:00Z"


class Tls:
    """A stage whose server speaks TLS with that certificate, until the end of the case."""

    def __init__(self, around, make):
        if not shutil.which("openssl"):
            raise NotRun("needs openssl")
        if not (around.run_dir / "ports.postgres").exists():
            raise NotRun("the database is not one of our own")
        self.stage = Stage(around, now=NOW)
        self.ours = Authority(self.stage.dir, "ours")
        self.stranger = Authority(self.stage.dir, "stranger")
        cert, key = make(self)
        where = Path(self.stage.sql("show data_directory"))
        owner = where.stat()
        for source, name in ((cert, "test.pem"), (key, "test.key")):
            (where / name).write_bytes(source.read_bytes())
            os.chmod(where / name, 0o600)
            os.chown(where / name, owner.st_uid, owner.st_gid)
        self.alter("ssl_cert_file = 'test.pem'", "ssl_key_file = 'test.key'", "ssl = on")

    def alter(self, *settings):
        for setting in settings:
            self.stage.sql("alter system set " + setting)
        self.stage.sql("select pg_reload_conf()")
        until(lambda: self.stage.sql("show ssl") == "on", "TLS", 10)

    def dsn(self, role, ca=None, host="localhost", mode="verify-full"):
        return "%s host=%s hostaddr=127.0.0.1 sslmode=%s sslrootcert=%s" % (
            self.stage.dsn(role), host, mode, (ca or self.ours).cert)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in ("ssl", "ssl_cert_file", "ssl_key_file"):
            self.stage.sql("alter system reset " + name, check=False)
        self.stage.sql("select pg_reload_conf()", check=False)
        self.stage.close()


def good(tls):
    return tls.ours.issue("server")


def runs_over_tls(around):
    with Tls(around, good) as tls:
        tls.stage.start_intake(pg__dsn=tls.dsn("intake"))
        seen = tls.stage.sql(
            "select count(*) from pg_stat_ssl s join pg_stat_activity a using (pid)"
            " where a.application_name = 'dayfour-intake' and a.datname = current_database()"
            " and s.ssl")
        expect(int(seen) >= 2, "sessions over TLS: %s" % seen)


def refused(make, word, around):
    with Tls(around, make) as tls:
        service = tls.stage.start_intake(wait=False, pg__dsn=tls.dsn("intake"))
        until(lambda: any(word in line["msg"] for line in service.lines("db_down")), "it to say %s" % word, 60)
        expect(service.running, "ended: %s" % service.tail())  # the server may get a better one
        expect(tls.stage.password not in service.log.read_text(), "the password is in the log")


def other_machines_need_verify_full(around):
    """Nobody listens there: the refusal comes before any connection."""
    with Stage(around, now=NOW) as stage:
        host = socket.gethostname() + ".example"
        for mode, start in (("prefer", stage.start_intake), ("require", stage.start_followup)):
            dsn = "%s host=%s sslmode=%s" % (stage.dsn("intake"), host, mode)
            service = start(wait=False, pg__dsn=dsn)
            expect(service.wait(10) == 2, "ended with %s" % service.process.returncode)
            expect("verify-full" in service.errors(), service.errors())
            expect(stage.password not in service.errors(), "the password is told")


def plain_kafka_needs_leave(around):
    with Stage(around, now=NOW) as stage:
        for start in (stage.start_intake, stage.start_followup):
            service = start(wait=False, kafka__brokers="kafka.example:9092")
            expect(service.wait(10) == 2, "ended with %s" % service.process.returncode)
            expect("security.protocol" in service.errors(), service.errors())


CASES = {
    "runs over TLS": runs_over_tls,
    "an expired certificate": functools.partial(
        refused, lambda tls: tls.ours.issue("server", end="20210101000000Z"), "certificate"),
    "a certificate for another name": functools.partial(
        refused, lambda tls: tls.ours.issue("server", hosts="DNS:other.example"), "host name"),
    "a certificate of a stranger": functools.partial(
        refused, lambda tls: tls.stranger.issue("server"), "certificate"),
    "other machines need verify-full": other_machines_need_verify_full,
    "plain Kafka needs leave": plain_kafka_needs_leave,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
