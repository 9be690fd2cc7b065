#!/usr/bin/env python3
"""e2e.stopping: a service stops within ten seconds of SIGTERM, and its health port answers meanwhile. It does so
whatever it waits for: a deleted topic, a server that never answers, a log that nobody reads, slow connections."""
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time

import harness
from followup_stage import FollowupStage
from harness import Stage, expect, until
from test_manager import event, free_port, get, metrics

F_SETPIPE_SZ = 1031
ANSWER_S = 5
STOP_S = 10


def stops(service, what):
    began = time.monotonic()
    code = service.stop(STOP_S)
    expect(code == 0, "%s: ended with %s: %s" % (what, code, service.tail()))
    expect(service.lines()[-1]["event"] == "stopped", "%s: the last line is %s" % (what, service.tail(1)))
    return time.monotonic() - began


def answers(port, path="/healthz"):
    """Status, within the time that is allowed."""
    began = time.monotonic()
    status = get(port, path)[0]
    took = time.monotonic() - began
    expect(took < ANSWER_S, "%s took %.1f s" % (path, took))
    return status


# --- a topic that was deleted

def topic_deleted(around):
    for pause in (2, 8):
        with Stage(around, partitions=3) as stage:
            intake = stage.start_intake()
            stage.wait_taken(stage.publish([event(n) for n in range(3)]))
            around.topics("delete", stage.topic)
            time.sleep(pause)
            stops(intake, "%d s after its topic was deleted" % pause)


def topics_of_followup_deleted(around):
    with FollowupStage(around) as stage:
        stage.start_intake()
        followup = stage.start_followup()
        stage.wait_taken(stage.publish([event(n) for n in range(3)]))
        stage.wait_idle()
        around.topics("delete", *stage.out.values())
        time.sleep(5)
        stops(followup, "after its topics were deleted")


# --- a Kafka library that never ends

def hanging(around, client):
    library = around.bin / "e2e_hangs.so"
    if not library.exists():
        raise harness.NotRun("needs e2e_hangs.so")
    return {"LD_PRELOAD": str(library), "DAYFOUR_TEST_HANGS": client}


def library_hangs(around):
    """A service that ends leaves a hanging client behind."""
    with FollowupStage(around) as stage:
        stops(stage.start_intake(env=hanging(around, "dayfour-intake")), "intake, whose consumer never ends")
        stops(stage.start_followup(env=hanging(around, "dayfour-followup")), "followup, whose producer never ends")
        stops(stage.start_intake(env=hanging(around, "dayfour-intake-watch")), "intake, whose watch never ends")


def left_behind(followup):
    return sum("hanging" in line for line in followup.lines())


def producers_hang(around):
    """Followup continues with a new one; with three left behind it asks to be started again."""
    with FollowupStage(around) as stage:
        stage.start_intake()
        followup = stage.start_followup(env=hanging(around, "dayfour-followup"))
        stage.wait_taken(stage.publish([event(1)]))
        stage.wait_idle()
        for n in (1, 2, 3):  # each takeover asks for a producer of its own
            stage.sql("update followup.shard set epoch = epoch + 1, owner = 'somebody else', until = '-infinity'")
            until(lambda n=n: left_behind(followup) >= n, "a producer to be left behind", 60)
            if n < 3:
                stage.wait_taken(stage.publish([event(n + 1)]))
                stage.wait_idle(60)
        code = followup.wait(20)
        last = followup.lines()[-1]
        expect(code == 75, "ended with %s: %s" % (code, followup.tail()))
        expect(last["event"] == "stopped" and last["code"] == "start_again", "last: %s" % last)
        expect(left_behind(followup) == 3, "named: %s" % followup.tail())
        stage.start_followup()
        stage.wait_idle(60)


# --- a server that lets in and never answers

class Deaf:
    """Hands a login on to the real server, and from then on nothing more, either way."""

    def __init__(self, dsn):
        words = dict(word.split("=", 1) for word in dsn.split() if "=" in word)
        self.to = (words["host"], int(words.get("port", "5432")))
        self.deaf = True
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.server.getsockname()[1]
        self.dsn = " ".join("%s=%s" % pair for pair in {
            **words, "host": "127.0.0.1", "port": self.port, "sslmode": "disable"}.items())
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def connect(self):
        if self.to[0].startswith("/"):
            real = socket.socket(socket.AF_UNIX)
            real.connect("%s/.s.PGSQL.%d" % self.to)
            return real
        return socket.create_connection(self.to)

    def serve(self, client):
        real = self.connect()
        in_session = False
        while True:
            for source in select.select([client, real], [], [])[0]:
                try:
                    data = source.recv(65536)
                    if not data:
                        client.close()
                        real.close()
                        return
                    if in_session and self.deaf:
                        continue
                    (real if source is client else client).sendall(data)
                except OSError:
                    return
                in_session |= source is real and data.endswith(b"Z\0\0\0\5I")

    def close(self):
        self.server.close()


def server_never_answers(around):
    with FollowupStage(around) as stage:
        stage.start_intake().stop()
        for start, role in ((stage.start_intake, "intake"), (stage.start_followup, "followup")):
            deaf = Deaf(stage.dsn(role))
            port = free_port()
            service = start(wait=False, pg__dsn=deaf.dsn, http__listen="127.0.0.1:%d" % port)
            time.sleep(3)
            for _ in range(20):
                expect(answers(port) == 200, "not alive")
                expect(answers(port, "/readyz") == 503, "ready without a database")
                time.sleep(0.3)
            stops(service, "%s, whose server never answers" % role)
            service = start(wait=False, pg__dsn=deaf.dsn, http__listen="127.0.0.1:%d" % port)
            time.sleep(2)
            deaf.deaf = False
            service.wait_for("ready", 60)
            deaf.deaf = True
            time.sleep(2)
            for _ in range(20):
                expect(answers(port) == 200, "not alive")
                time.sleep(0.3)
            stops(service, "%s, whose server went deaf" % role)
            deaf.close()


def frozen_server_for_the_command(around):
    """A person gets an answer, and does not wait for ever."""
    with Stage(around) as stage:
        deaf = Deaf(stage.dsn())
        env = {**os.environ, "PG_DSN": deaf.dsn}
        began = time.monotonic()
        done = subprocess.run([around.bin / "dayfour", "dead-letters", "list"], env=env, capture_output=True,
                              text=True, timeout=120, check=False)
        expect(done.returncode == 3, "ended with %d" % done.returncode)
        expect("database" in done.stderr, "said: %s" % done.stderr)
        expect(time.monotonic() - began < 100, "took too long")
        deaf.close()


# --- a log that nobody reads

def piped(stage, program, settings):
    """Its standard output is a pipe of one page; gives the process and the pipe's reading end."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
    conf = stage.dir / (program + ".piped.conf")
    conf.touch(0o600)  # it holds a password
    conf.write_text("".join("%s = %s\n" % pair for pair in settings.items()))
    clean = {k: v for k, v in os.environ.items()
             if k not in ("PG_DSN", "KAFKA_BROKERS") and not k.startswith("DAYFOUR_")}
    process = subprocess.Popen([stage.around.bin / program, "--config", conf], stdout=writer, stderr=writer,
                               stdin=subprocess.DEVNULL, env=clean, start_new_session=True)
    os.close(writer)
    return process, reader


def settings_of(stage, program, port):
    settings = {"kafka.brokers": stage.around.brokers, "kafka.prop.session.timeout.ms": "6000",
                "pg.dsn": stage.dsn(program.split("-")[1]), "log.level": "debug",
                "http.listen": "127.0.0.1:%d" % port}
    if program == "dayfour-intake":
        settings.update({"kafka.topic.absences": stage.topic, "kafka.group": stage.id})
    else:
        settings.update({"kafka.topic.follow_up": stage.out["follow-up"],
                         "kafka.topic.return_to_work": stage.out["return-to-work"],
                         "kafka.topic.dead_letter": stage.out["dead-letter"]})
    return settings


def lines_of(reader, seconds):
    data = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([reader], [], [], 0.1)[0]:
            got = os.read(reader, 65536)
            if not got:
                break
            data += got
    return [json.loads(line) for line in data.splitlines()]


def ends(process, what):
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise harness.Failure("%s: does not end" % what) from None
    expect(code == 0, "%s: ended with %s" % (what, code))


def make_noise(stage, port, process):
    """Until lines must have been dropped: sessions are cut, again and again."""
    def lost():
        stage.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = '%s'"
                  " and application_name like 'dayfour-%%'" % stage.id)
        time.sleep(0.4)
        expect(process.poll() is None, "it died: %s" % process.returncode)
        expect(answers(port) == 200, "not alive")
        return metrics(port).get("dayfour_log_lines_lost_total", 0) > 0
    until(lost, "lines to be lost", 90)


def log_not_read(around):
    for program in ("dayfour-intake", "dayfour-followup"):
        with FollowupStage(around) as stage:
            port = free_port()
            process, reader = piped(stage, program, settings_of(stage, program, port))
            try:
                until(lambda port=port: is_ready(port), "to be ready", 60)
                make_noise(stage, port, process)
                told = lines_of(reader, 4)
                said = [line for line in told if line["event"] == "left_out" and line.get("of") == "log"]
                expect(said and said[0]["suppressed"] > 0, "not told: %s" % told[-5:])
                make_noise(stage, port, process)
                ends(process, "%s, whose log is not read" % program)
            finally:
                process.kill()
                os.close(reader)


def log_reader_gone(around):
    for program in ("dayfour-intake", "dayfour-followup"):
        with FollowupStage(around) as stage:
            port = free_port()
            process, reader = piped(stage, program, settings_of(stage, program, port))
            try:
                until(lambda port=port: is_ready(port), "to be ready", 60)
                os.close(reader)
                make_noise(stage, port, process)
                ends(process, "%s, whose log's reader is gone" % program)
            finally:
                process.kill()


def is_ready(port):
    try:
        return get(port, "/readyz")[0] == 200
    except OSError:
        return False


# --- the last line

def failed_starts(around):
    with FollowupStage(around) as stage:
        for start, settings, code, why in (
                (stage.start_intake, {"http__listen": "192.0.2.1:1"}, 2, "config"),
                (stage.start_followup, {"followup__shards": "99"}, 2, "config"),
                (stage.start_intake, {"no__such": "1"}, 2, "config")):
            service = start(wait=False, **settings)
            ended = service.wait(30)
            last = service.lines()[-1]
            expect(ended == code, "ended with %s, not %s: %s" % (ended, code, service.tail()))
            expect((last["event"], last["exit"], last["code"]) == ("stopped", code, why), "last: %s" % last)
            expect(last["msg"], "no reason: %s" % last)


# --- slow connections

def slow_connections(around):
    with Stage(around) as stage:
        port = free_port()
        intake = stage.start_intake(http__listen="127.0.0.1:%d" % port)
        stop = threading.Event()
        made = [0]

        def slow():
            """A thousand that send a byte now and then, made again as they are closed."""
            open_now = []
            while not stop.is_set():
                while len(open_now) < 250 and not stop.is_set():
                    s = socket.socket()
                    s.settimeout(1)
                    try:
                        s.connect(("127.0.0.1", port))
                    except OSError:
                        s.close()
                        break
                    s.setblocking(False)
                    open_now.append(s)
                    made[0] += 1
                alive = []
                for s in open_now:
                    try:
                        s.send(b"G")
                        alive.append(s)
                    except BlockingIOError:
                        alive.append(s)
                    except OSError:
                        s.close()
                open_now = alive
                time.sleep(0.2)
            for s in open_now:
                s.close()

        threads = [threading.Thread(target=slow) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(3)
            for _ in range(20):
                expect(answers(port) == 200, "not alive")
                time.sleep(0.3)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        expect(made[0] >= 1000, "only %d were made" % made[0])
        stops(intake, "after slow connections")


CASES = {
    "the topic was deleted": topic_deleted,
    "the topics of followup were deleted": topics_of_followup_deleted,
    "a library that never ends": library_hangs,
    "producers that never end": producers_hang,
    "a server that never answers": server_never_answers,
    "a frozen server and the command": frozen_server_for_the_command,
    "a log that is not read": log_not_read,
    "a log whose reader is gone": log_reader_gone,
    "failed starts": failed_starts,
    "a thousand slow connections": slow_connections,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
