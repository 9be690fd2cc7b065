#!/usr/bin/env python3
"""e2e.audit: followup seals the audit, whichever of them works on shard 0, and nothing waits for that."""
import json
import signal
import sys
import time

import harness
from followup_stage import FollowupStage
from harness import expect, until


def write(stage, what, n=1):
    stage.sql("insert into audit.entry (at, what) select now(), '%s' from generate_series(1, %d)" % (what, n))


def unsealed(stage):
    return int(stage.sql("select count(*) from audit.unsealed"))


def wait_sealed(stage, seconds=20):
    until(lambda: unsealed(stage) == 0, "the audit to be sealed", seconds)


def verify(stage):
    return json.loads(stage.dayfour("audit", "verify", "--json"))


def each_second(around):
    """Entries are sealed soon, and a backlog is drained in small steps without waiting between them."""
    with FollowupStage(around) as stage:
        write(stage, "before", 3)
        followup = stage.start_followup()
        wait_sealed(stage)
        best = 99.0
        for _ in range(5):
            write(stage, "one")
            began = time.monotonic()
            wait_sealed(stage)
            best = min(best, time.monotonic() - began)
        expect(best < 2, "at best sealed after %.1f s" % best)
        write(stage, "backlog", 4000)
        began = time.monotonic()
        wait_sealed(stage)
        took = time.monotonic() - began
        expect(took < 7, "4,000 entries took %.1f s: a second each 500?" % took)
        found = verify(stage)
        expect(found["entries"] >= 4008 and not found["faults"], found)
        expect(followup.stop() == 0, "did not end with 0")
        said = followup.lines("audit_sealed")[-1]
        expect("%d:%s" % (said["seal"], said["hash"]) == found["seal"], "the log names another seal: %s" % said)


def by_one_at_a_time(around):
    """A standby has no session for it; when it takes over, it continues where the other ended."""
    sessions = ("select count(*) from pg_stat_activity where datname = '%s' and query like '%%audit.seal(%%'"
                " and pid <> pg_backend_pid()")
    with FollowupStage(around) as stage:
        first = stage.start_followup()
        write(stage, "one", 10)
        wait_sealed(stage)
        second = stage.start_followup()
        second.wait_for("standby")
        write(stage, "two", 10)
        wait_sealed(stage)
        expect(stage.sql(sessions % stage.id) == "1", "both of them seal")
        first.signal(signal.SIGSTOP)
        write(stage, "three", 10)
        stage.free_leases()
        wait_sealed(stage)
        second.wait_for("active")
        first.signal(signal.SIGCONT)  # it does not know yet that it is no longer to
        write(stage, "four", 10)
        wait_sealed(stage)
        until(lambda: stage.sql(sessions % stage.id) == "1", "the first to leave it to the second")
        expect(not verify(stage)["faults"], verify(stage))


def without_holding_anything_up(around):
    """If sealing fails, followup logs it and retries; events are published all the same."""
    with FollowupStage(around) as stage:
        stage.sql("revoke execute on function audit.seal(int) from dayfour_followup")
        followup = stage.start_followup()
        write(stage, "waits", 5)
        followup.wait_for("audit_unsealed")
        stage.wait_idle()
        stage.step_clock("2026-09-15T10:40:00Z")
        stage.wait_idle()
        expect(unsealed(stage) >= 5, "sealed without the right to")
        stage.sql("grant execute on function audit.seal(int) to dayfour_followup")
        wait_sealed(stage, 60)
        # Somebody who holds up sealing holds up nothing else.
        holder = harness.subprocess.Popen(
            ["psql", "-XqAt", stage.dsn()], stdin=harness.subprocess.PIPE, stdout=harness.subprocess.PIPE, text=True)
        holder.stdin.write("begin; select seal_no from audit.head for update;\n")
        holder.stdin.flush()
        holder.stdout.readline()
        write(stage, "waits again", 5)
        stage.step_clock("2026-09-15T10:50:00Z")
        stage.wait_idle()
        expect(unsealed(stage) >= 5, "sealed past the lock")
        holder.stdin.close()
        holder.wait(10)
        wait_sealed(stage, 60)
        expect(not verify(stage)["faults"], verify(stage))


CASES = {"each_second": each_second, "by_one_at_a_time": by_one_at_a_time,
         "without_holding_anything_up": without_holding_anything_up}

if __name__ == "__main__":
    sys.exit(harness.run(CASES))
