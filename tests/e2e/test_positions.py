#!/usr/bin/env python3
"""e2e.positions: a position is held by what stands at it, not by its number; nobody who sets one holds up a service.

    test_positions.py [PART OF A CASE'S NAME...]
"""
import json
import subprocess
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import Stage, expect, until


def message(number, partition=0, version=1):
    return {"partition": partition, "key_b64": None, "headers": [["from", "test"]], "value": json.dumps({
        "specversion": "1.0", "id": "e%d" % number, "source": "/hr/RW3", "type": "org.dayfour.absence.opened.v1",
        "data": {"organisation": "RW3", "absence_id": "A-%d" % number, "version": version,
                 "person_id": "P-%d" % number, "category": "sickness", "onset_date": "2026-09-14",
                 "reason": {"scheme": "esr", "code": "S12"}}})}


def messages(first, count, partition=0):
    return [message(n, partition) for n in range(first, first + count)]


def stored(stage):
    return int(stage.sql("select count(*) from fact.absence"))


def make_again(stage, partitions=1):
    around = stage.around
    while stage.producers:
        stage.producers.pop().close()
    around.topics("delete", stage.topic)
    until(lambda: stage.topic + " " not in around.topics("list"), "the topic to go")
    around.topics("create", "%s:%d" % (stage.topic, partitions))


def trim(stage, partition, offset):
    subprocess.run([stage.around.bin / "e2e_topic", "trim", stage.around.brokers, stage.topic, str(partition),
                    str(offset)], check=True, timeout=60)


def set_position(stage, partition, to):
    conf = stage.dir / "operator.conf"
    conf.touch(0o600)  # it holds a password
    conf.write_text("kafka.topic.absences = %s\nkafka.brokers = %s\npg.dsn = %s\n" % (
        stage.topic, stage.around.brokers, stage.dsn()))
    done = subprocess.run([stage.around.bin / "dayfour", "--config", conf, "positions", "set", stage.topic,
                           str(partition), str(to)], input=stage.topic + "\n", capture_output=True, text=True,
                          timeout=60, check=False)
    expect(done.returncode == 0, "positions set: %s %s" % (done.stdout, done.stderr))


def stops_by_name(service, seconds=40):
    code = service.wait(seconds)
    expect(code == 3, "it ended with %s: %s" % (code, service.tail()))
    expect(service.lines("position_lost"), "position_lost is not told: %s" % service.tail())


def taken_then_stopped(stage, count=43):
    ends = stage.publish(messages(0, count))
    intake = stage.start_intake()
    stage.wait_taken(ends)
    expect(intake.stop() == 0, "it did not stop")
    return ends


def made_again(count):
    """A topic made again, with `count` records, while no intake runs."""
    def case(around):
        with Stage(around) as stage:
            taken_then_stopped(stage)
            make_again(stage)
            if count:
                stage.publish(messages(1000, count))
            before = stage.look_at_positions()
            stops_by_name(stage.start_intake(wait=False))
            expect(stage.look_at_positions() == before, "the position was moved")
            expect(stored(stage) == 43, "%d are stored" % stored(stage))
            # The documented way on.
            stage.positions.clear()
            set_position(stage, 0, "earliest")
            stage.start_intake()
            stage.wait_taken({0: count})
            ends = stage.publish(messages(5000, 3))
            stage.wait_taken(ends)
            expect(stored(stage) == 43 + count + 3, "%d are stored" % stored(stage))
    return case


def made_again_while_running(around):
    with Stage(around) as stage:
        intake = stage.start_intake()
        stage.wait_taken(stage.publish(messages(0, 43)))
        make_again(stage)
        stage.publish(messages(1000, 49))
        stops_by_name(intake, 60)
        expect(stored(stage) == 43, "%d are stored" % stored(stage))


def restarts_find_it(around):
    """Restarts, reloads and broker restarts read the same record again: no alarm, nothing twice."""
    with Stage(around, partitions=3) as stage:
        total = 0
        for round_ in range(3):
            ends = {}
            for partition in (0, 1):  # nothing ever comes by the third
                ends.update(stage.publish(messages(1000 * round_ + 100 * partition, 7, partition)))
                total += 7
            intake = stage.start_intake()
            stage.wait_taken(ends)
            if round_ == 1:
                around.server("kill", "kafka")
                around.server("start", "kafka")
                ends = stage.publish(messages(90000, 5))
                total += 5
                stage.wait_taken(ends, 90)
            stage.sql("update fact.ruleset set serial = serial + 1")
            ends = stage.publish(messages(50000 + round_, 1))
            total += 1
            stage.wait_taken(ends)
            expect(intake.stop() == 0, "it did not stop: %s" % intake.tail())
            expect(stored(stage) == total, "%d of %d stored" % (stored(stage), total))
        marks = stage.sql("select count(*) from intake.position where last_offset = next_offset - 1"
                          " and octet_length(last_digest) = 16")
        expect(marks == "2", "%s positions are held by a record" % marks)
        expect(stage.sql("select count(*) from intake.dead_letter") == "0", "dead letters")


def zero_is_a_position(around):
    """Nothing was ever read, and the first messages are deleted: they are missed by name."""
    with Stage(around) as stage:
        intake = stage.start_intake()
        until(lambda: stage.sql("select next_offset from intake.position") == "0", "the position to be known", 20)
        expect(intake.stop() == 0, "it did not stop")
        stage.publish(messages(0, 10))
        trim(stage, 0, 4)
        stops_by_name(stage.start_intake(wait=False))
        expect(stored(stage) == 0, "something is stored")


def begins_where_the_log_does(around):
    """The topic existed before intake: the first assignment stores where its log begins."""
    with Stage(around) as stage:
        stage.publish(messages(0, 10))
        trim(stage, 0, 4)
        intake = stage.start_intake()
        stage.wait_taken({0: 10})
        expect(stored(stage) == 6, "%d are stored" % stored(stage))
        expect(stage.sql("select log_start from intake.position") == "4", "the beginning is not noted")
        expect(intake.stop() == 0, "it did not stop")


def earlier_beginning(around):
    """Nothing was delivered that could be compared; a log that begins earlier is another's."""
    with Stage(around) as stage:
        stage.publish(messages(0, 10))
        trim(stage, 0, 10)
        intake = stage.start_intake()
        until(lambda: stage.sql("select next_offset from intake.position") == "10", "the position to be known", 20)
        expect(intake.stop() == 0, "it did not stop")
        make_again(stage)
        stage.publish(messages(1000, 20))
        stops_by_name(stage.start_intake(wait=False))
        expect(stored(stage) == 0, "something is stored")


def nothing_unread_deleted(around):
    """Retention took what had been taken in, all of it: no loss."""
    with Stage(around) as stage:
        ends = taken_then_stopped(stage, 20)
        for keep in (5, 0):
            trim(stage, 0, ends[0] - keep)
            intake = stage.start_intake()
            ends = stage.publish(messages(ends[0] * 100, 2))
            stage.wait_taken(ends)
            expect(intake.stop() == 0, "it did not stop: %s" % intake.tail())
        expect(stored(stage) == 24, "%d are stored" % stored(stage))


def deleted_while_running(around):
    """Retention takes the record a position is held by, and the broker restarts: no alarm."""
    with Stage(around) as stage:
        intake = stage.start_intake()
        ends = stage.publish(messages(0, 20))
        stage.wait_taken(ends)
        trim(stage, 0, ends[0])
        around.server("kill", "kafka")
        around.server("start", "kafka")
        ends = stage.publish(messages(1000, 2))
        stage.wait_taken(ends, 90)
        expect(intake.stop() == 0, "it did not stop: %s" % intake.tail())
        expect(stored(stage) == 22, "%d are stored" % stored(stage))


def transactions(around):
    """Control records and aborted ones stand behind the last message: no alarm at any restart."""
    with Stage(around) as stage:
        total = 0
        for round_ in range(3):
            producer = stage.producer("%s-tx%d" % (stage.id, round_))
            for word in ("commit", "abort"):
                for n in range(3):
                    producer.send_line(message(1000 * round_ + 10 * (word == "abort") + n))
                ends = producer.end(word)
                if word == "commit":
                    total += 3
                    taken = ends
            intake = stage.start_intake()
            stage.wait_taken(taken)
            expect(intake.stop() == 0, "it did not stop: %s" % intake.tail())
            expect(stored(stage) == total, "%d of %d stored" % (stored(stage), total))
            stage.producers.remove(producer)
            producer.close()


def committed(stage, first, count, then_abort=False):
    """Publishes in a transaction, whose marker stands behind the last record, and perhaps one that is given up."""
    producer = stage.producer("%s-marked-%d" % (stage.id, first))
    for n in range(count):
        producer.send_line(message(first + n))
    ends = producer.end("commit")
    if then_abort:
        producer.send_line(message(first + count))
        producer.end("abort")
    stage.producers.remove(producer)
    producer.close()
    return ends


END_IS_SEEN = "select seen_end > next_offset from intake.position"


def marker_deleted(around):
    """Retention deletes all of the log, the marker of a transaction behind the last record too: no loss."""
    with Stage(around) as stage:
        total = 0
        for round_ in range(3):
            intake = stage.start_intake()
            stage.wait_taken(committed(stage, 1000 * round_, 3, then_abort=round_ == 1))
            total += 3
            until(lambda: stage.sql(END_IS_SEEN) == "t", "the end to be noted", 10)
            expect(intake.stop() == 0, "it did not stop")
            trim(stage, 0, -1)
        intake = stage.start_intake()
        stage.wait_taken(stage.publish(messages(9000, 2)))
        expect(intake.stop() == 0, "it did not stop: %s" % intake.tail())
        expect(stored(stage) == total + 2, "%d are stored" % stored(stage))


def marker_deleted_while_running(around):
    """The same under a living intake, whose client looks at the topic again and again."""
    with Stage(around) as stage:
        intake = stage.start_intake(kafka__prop__topic__metadata__refresh__interval__ms="3000")
        stage.wait_taken(committed(stage, 0, 3))
        trim(stage, 0, -1)
        time.sleep(4)
        stage.wait_taken(stage.publish(messages(1000, 2)))
        expect(intake.stop() == 0, "it did not stop: %s" % intake.tail())
        expect(stored(stage) == 5, "%d are stored" % stored(stage))


def marker_and_more_deleted(around):
    """Behind the end that was seen stood records that were never read: they are missed by name."""
    with Stage(around) as stage:
        intake = stage.start_intake()
        stage.wait_taken(committed(stage, 0, 3))
        until(lambda: stage.sql(END_IS_SEEN) == "t", "the end to be noted", 10)
        expect(intake.stop() == 0, "it did not stop")
        committed(stage, 1000, 1)
        trim(stage, 0, -1)
        stops_by_name(stage.start_intake(wait=False))
        expect(stored(stage) == 3, "%d are stored" % stored(stage))
        # The documented way on.
        stage.positions.clear()
        set_position(stage, 0, "earliest")
        stage.start_intake()
        stage.wait_taken(stage.publish(messages(5000, 2)))
        expect(stored(stage) == 5, "%d are stored" % stored(stage))


def nobody_holds_up_intake(around):
    """An operator sets a position in a transaction that stays open."""
    with Stage(around, partitions=2) as stage:
        intake = stage.start_intake()
        stage.wait_taken(stage.publish(messages(0, 5) + messages(100, 5, 1)))
        operator = subprocess.Popen(["psql", "-XAtq", "-d", stage.dsn()], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
        try:
            operator.stdin.write("begin; select ops.set_position('%s', 0, 2); \\echo done\n" % stage.topic)
            operator.stdin.flush()
            while operator.stdout.readline().strip() != "done":
                pass
            stage.wait_taken(stage.publish(messages(10, 5) + messages(110, 5, 1)), 20)
            other = stage.start_intake()  # and partitions are given to others meanwhile
            stage.wait_taken(stage.publish(messages(20, 5) + messages(120, 5, 1)), 20)
            stage.positions.clear()
            epoch = int(stage.sql("select epoch from intake.position where partition = 0"))
            operator.stdin.write("commit;\n")
            operator.stdin.flush()
            until(lambda: int(stage.sql("select epoch from intake.position where partition = 0")) > epoch,
                  "what was asked for to be done", 20)
            stage.wait_taken({0: 15, 1: 15})
            expect(intake.running and other.running, "one of them gave up")
            expect(stage.sql("select count(*) from intake.position_request") == "0", "it is asked for still")
            expect(stored(stage) == 30, "%d are stored" % stored(stage))
        finally:
            operator.kill()
            operator.wait()
            operator.stdin.close()
            operator.stdout.close()


def database_set_back(around):
    """A living intake finds the database behind what it had committed: it says so and reads again."""
    with Stage(around) as stage:
        intake = stage.start_intake()
        stage.wait_taken(stage.publish(messages(0, 10)))
        stage.sql("create table public.was as select * from intake.position")
        stage.wait_taken(stage.publish(messages(10, 10)))
        stage.positions.clear()
        stage.sql("begin; delete from fact.absence where absence_id >= 'A-10' and absence_id <= 'A-19'"
                  " and length(absence_id) = 4;"
                  " update intake.position p set next_offset = w.next_offset, last_offset = w.last_offset,"
                  " last_digest = w.last_digest, epoch = w.epoch from public.was w; commit;"
                  " select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                  " and application_name = 'dayfour-intake'")
        intake.wait_for("position_set_back", 30)
        stage.wait_taken({0: 20})
        expect(stored(stage) == 20, "%d are stored" % stored(stage))
        expect(intake.running, "it gave up: %s" % intake.tail())


def two_installations(around):
    """Two databases read one topic, with everything by default: each gets all of it."""
    with Stage(around, partitions=2) as first, Stage(around, partitions=2) as second:
        # Every stage's key is the same: make the second installation another.
        second.sql("alter table fact.install_key disable trigger user;"
                   " update fact.install_key set key = decode(repeat('ab', 32), 'hex')")
        intakes = [stage.start_intake(kafka__group=None, kafka__topic__absences=first.topic)
                   for stage in (first, second)]
        first.publish(messages(0, 20) + messages(100, 20, 1))
        for stage in (first, second):
            until(lambda stage=stage: stored(stage) == 40, "all to be stored by each", 40)
        expect(all(i.running for i in intakes), "one of them gave up")
        expect(not any(i.lines("fenced") for i in intakes), "they take work from each other")


def foreign_position(around):
    """Two installations share one follow-up topic: the second learns whose the position is, not that it is ahead."""
    with FollowupStage(around) as first, FollowupStage(around) as second:
        first.start_intake()
        followup = first.start_followup()
        first.wait_taken(first.publish(messages(0, 3)))
        first.wait_idle()
        expect(followup.stop() == 0, "it did not stop")
        second.sql("alter table fact.install_key disable trigger user;"
                   " update fact.install_key set key = decode(repeat('ab', 32), 'hex')")
        other = second.start_followup(wait=None, kafka__topic__follow_up=first.out["follow-up"])
        expect(other.wait(40) == 3, "ended with %s: %s" % (other.process.returncode, other.tail()))
        expect(other.lines("position_foreign"), "position_foreign is not told: %s" % other.tail())
        expect(not other.lines("position_ahead"), "position_ahead is told")
        first.free_leases()
        first.start_followup()
        first.wait_taken(first.publish(messages(10, 3)))
        first.wait_idle()


CASES = {
    "made again, empty": made_again(0),
    "made again, shorter": made_again(20),
    "made again, up to the last record": made_again(42),
    "made again, equal": made_again(43),
    "made again, grown past": made_again(49),
    "made again while intake runs": made_again_while_running,
    "restarts find it": restarts_find_it,
    "zero is a position": zero_is_a_position,
    "begins where the log does": begins_where_the_log_does,
    "an earlier beginning": earlier_beginning,
    "nothing unread deleted": nothing_unread_deleted,
    "deleted while running": deleted_while_running,
    "transactions": transactions,
    "the marker behind the last record deleted": marker_deleted,
    "that marker deleted while intake runs": marker_deleted_while_running,
    "that marker and more deleted": marker_and_more_deleted,
    "nobody holds up intake": nobody_holds_up_intake,
    "the database set back": database_set_back,
    "two installations": two_installations,
    "a position of another installation": foreign_position,
}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
