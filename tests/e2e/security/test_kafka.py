#!/usr/bin/env python3
"""security.kafka: certificates on both sides to a real broker, and rights as the documents give
them: each principal can do its part, and HR's reader nothing but read HR's topic."""
import copy
import ctypes
import functools
import shutil
import sys
import tempfile
import time

from secure_broker import SecureBroker, as_settings, kcat, shipped_acls

import harness
from followup_stage import FollowupStage
from harness import Failure, NotRun, expect, until
from test_fixed2000 import NOW, check, expected
from test_manager import free_port, get

PARTITIONS = 3
broker = None


def stage_of(around):
    here = copy.copy(around)
    here.brokers = broker.brokers
    stage = FollowupStage(here, PARTITIONS, now=NOW)
    broker.allow(shipped_acls({
        "absence.events": stage.topic, "dayfour-intake*": stage.id,
        "oh.follow-up.events": stage.out["follow-up"],
        "return-to-work.events": stage.out["return-to-work"],
        "absence.events.dead-letter": stage.out["dead-letter"]}))
    return stage


def rights_of_the_documents_suffice(around):
    """Everything comes out as without TLS and rights; the broker dies once on the way."""
    lines, world = expected(PARTITIONS)
    with stage_of(around) as stage:
        intake = as_settings(broker.client("intake"))
        followup = as_settings(broker.client("followup"))
        first = stage.publish(lines[:len(lines) // 2])
        one = stage.start_intake(**intake)
        other = stage.start_followup(**followup)
        stage.wait_taken(first)
        broker.kill()
        broker.start()
        ends = stage.publish(lines[len(lines) // 2:])
        stage.wait_taken(ends, 90)
        check(stage, lines, world)
        stage.wait_idle(60)
        expect(stage.events("return-to-work"), "nothing was said")
        expect(one.running and other.running, "one of them ended")


def hr_reads_hr_s_topic_alone(around):
    with stage_of(around) as stage:
        hr = broker.client("hr-reader")
        for kind, topic in {**stage.out, "absences": stage.topic}.items():
            code, out, why = kcat(hr, "-C", "-t", topic, "-o", "beginning", "-e", "-q")
            if kind == "return-to-work":
                expect(code == 0, "HR may read %s: %s" % (kind, why))
            else:
                expect(code != 0 and not out and "authoriz" in why.lower(),
                       "HR can read %s: %d %s %s" % (kind, code, out, why))
            code, _, why = kcat(hr, "-P", "-t", topic, data="x\n")
            expect(code != 0, "HR can write to %s" % kind)
        _, listed, _ = kcat(hr, "-L")
        for kind in ("follow-up", "dead-letter"):
            expect(stage.out[kind] not in listed, "HR can see that %s is there" % kind)


def intake_may_not_write(around):
    with stage_of(around) as stage:
        for topic in (*stage.out.values(), stage.topic):
            code, _, _ = kcat(broker.client("intake"), "-P", "-t", topic, data="x\n")
            expect(code != 0, "intake can write to %s" % topic)
        code, out, why = kcat(broker.client("followup"), "-C", "-t", stage.topic, "-o",
                              "beginning", "-e", "-q")
        expect(code != 0, "followup can read absences: %s %s" % (out, why))


def refused(kind, around):
    """The broker's certificate is not to be trusted: both services say so, are not ready, and wait."""
    with stage_of(around) as stage:
        for start, name in ((stage.start_intake, "intake"), (stage.start_followup, "followup")):
            waits_saying("certificate", start, broker.client(name, kind))


def waits_saying(word, start, properties, seconds=6):
    """Not ready, alive, and its log has that word at level warn; gives it and the address of /readyz."""
    port = free_port()
    service = start(wait=None, http__listen="127.0.0.1:%d" % port, **as_settings(properties))
    until(lambda: any(word.lower() in str(line).lower() for line in service.lines()
                      if line["level"] in ("warn", "error")), "it to say %s" % word, 60)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        expect(service.running, "%s ended: %s" % (service.name, service.tail()))
        expect(get(port, "/readyz")[0] == 503, "%s says that it is ready" % service.name)
        time.sleep(0.2)
    return service, port


def client_certificate_of_a_stranger(around):
    with stage_of(around) as stage:
        pair = broker.stranger.issue("intake")
        service = stage.start_intake(wait=None, **as_settings(broker.client("intake", cert=pair)))
        until(lambda: not service.running or service.lines("kafka_down"), "it to be told", 45)
        expect(not service.lines("ready"), "it was let in")


def rights_come_later(around):
    """A principal without rights, as while a broker loads them: it waits, and begins once it has them."""
    with stage_of(around) as stage:
        here = {"absence.events": stage.topic, "dayfour-intake*": stage.id,
                "oh.follow-up.events": stage.out["follow-up"], "return-to-work.events": stage.out["return-to-work"],
                "absence.events.dead-letter": stage.out["dead-letter"]}
        both = [waits_saying("authoriz", start, broker.client("late-" + name))
                for start, name in ((stage.start_intake, "intake"), (stage.start_followup, "followup"))]
        broker.allow([("late-" + principal, *rest) for principal, *rest in shipped_acls(here)
                      if principal in ("intake", "followup")])
        for service, port in both:
            until(lambda p=port: get(p, "/readyz")[0] == 200, "%s to be ready" % service.name, 120)
        lines, world = expected(PARTITIONS)
        stage.wait_taken(stage.publish(lines), 90)
        check(stage, lines, world)


def passwords(around):
    """By SCRAM, where the library can do it; where it cannot, it is said beforehand and at the end."""
    with stage_of(around) as stage:
        starts = ((stage.start_intake, "intake"), (stage.start_followup, "followup"))
        if ctypes.CDLL("librdkafka.so.1").rd_kafka_version() < 0x02060100:
            for start, name in starts:
                service, _ = waits_saying("authentic", start, broker.client_by_password(name))
                expect("2.6.1" in service.lines("config")[0]["msg"], "no warning: %s" % service.lines()[0])
            return
        lines, world = expected(PARTITIONS)
        services = [start(**as_settings(broker.client_by_password(name))) for start, name in starts]
        ends = stage.publish(lines)
        stage.wait_taken(ends, 90)
        check(stage, lines, world)
        stage.wait_idle(60)
        expect(stage.events("return-to-work"), "nothing was said")
        for service in services:
            expect(service.stop() == 0, "%s does not end well" % service.name)


def wrong_password(around):
    with stage_of(around) as stage:
        for start, name in ((stage.start_intake, "intake"), (stage.start_followup, "followup")):
            waits_saying("authentic", start, broker.client_by_password(name, "not-it"))


CASES = {
    "the documents' rights suffice": rights_of_the_documents_suffice,
    "HR reads HR's topic alone": hr_reads_hr_s_topic_alone,
    "intake writes nowhere, followup reads no absences": intake_may_not_write,
    "rights come later": rights_come_later,
    "passwords, by SCRAM": passwords,
    "a wrong password": wrong_password,
    "a client's certificate of a stranger": client_certificate_of_a_stranger,
    **{"a broker's certificate: " + kind: functools.partial(refused, kind)
       for kind in ("expired", "misnamed", "unknown")},
}


def main():
    global broker
    folder = tempfile.mkdtemp(prefix="secure.")
    try:
        if not all(map(shutil.which, ("openssl", "kcat", "java"))):
            raise NotRun("needs openssl, kcat and java")
        broker = SecureBroker(folder)
        return harness.run(CASES)
    except NotRun as why:
        print(why)
        return harness.NOT_RUN
    except Failure as why:
        print(why)
        return 1
    finally:
        if broker is not None:
            broker.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
