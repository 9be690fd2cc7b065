#!/usr/bin/env python3
"""e2e.doctor: `dayfour doctor` where brokers ask who one is: with the rights of the documents nothing is wrong, and
what is wrong with rights and certificates is named. Cases that need no such broker are in tests/integration/cli."""
import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile

import harness
from followup_stage import FollowupStage
from harness import NotRun, expect

sys.path.insert(0, str(harness.ROOT / "tests" / "e2e" / "security"))
from secure_broker import SecureBroker, as_settings, shipped_acls  # noqa: E402

BROKER = None


class Setup:
    def __init__(self, around):
        here = copy.copy(around)
        here.brokers = BROKER.brokers
        self.stage = FollowupStage(here, 2)
        stage = self.stage
        BROKER.allow(shipped_acls({
            "absence.events": stage.topic, "dayfour-intake": stage.id, "oh.follow-up.events": stage.out["follow-up"],
            "return-to-work.events": stage.out["return-to-work"],
            "absence.events.dead-letter": stage.out["dead-letter"]}))

    def doctor(self, intake=None, followup=None):
        """{(check, state): what} with the services' configurations, or these clients' instead."""
        stage = self.stage
        files = []
        for name, client, topics in (
                ("intake", intake, {"absences": stage.topic}),
                ("followup", followup, {"follow_up": stage.out["follow-up"],
                                        "return_to_work": stage.out["return-to-work"],
                                        "dead_letter": stage.out["dead-letter"]})):
            settings = {key.replace("__", "."): value for key, value in as_settings(
                client or BROKER.client(name)).items()}
            settings.update({"pg.dsn": stage.dsn(name)})
            settings.update({"kafka.topic." + kind: topic for kind, topic in topics.items()})
            if name == "intake":
                settings["kafka.group"] = stage.id
            files.append(stage.dir / (name + ".conf"))
            files[-1].write_text("".join("%s = %s\n" % pair for pair in settings.items()))
            files[-1].chmod(0o600)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("DAYFOUR_", "KAFKA_"))}
        env.update(PG_DSN=stage.dsn())
        done = subprocess.run([stage.around.bin / "dayfour", "doctor", "--json", "--intake", files[0], "--followup",
                               files[1]], env=env, capture_output=True, text=True, timeout=120, check=False)
        expect(done.returncode in (0, 3), "ended with %d: %s" % (done.returncode, done.stderr))
        found = {}
        for finding in map(json.loads, done.stdout.splitlines()):
            found.setdefault((finding["check"], finding["state"]), []).append(finding["what"])
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stage.close()


def wrong(found):
    return {check for check, state in found if state == "wrong"}


def the_rights_of_the_documents(around):
    """Nothing is wrong; that the settings of topics cannot be seen with them is said, of each."""
    with Setup(around) as setup:
        found = setup.doctor()
        expect(not wrong(found), "wrong: %s" % {k: v for k, v in found.items() if k[1] == "wrong"})
        expect(len(found["topic", "fine"]) == 4, "topics seen: %s" % found["topic", "fine"])
        expect(len(found["topic_settings", "note"]) == 4, "said of settings: %s" % found.get(("topic_settings", "note")))


def no_rights(around):
    with Setup(around) as setup:
        found = setup.doctor(intake=BROKER.client("nobody"))
        expect(wrong(found) == {"topic_rights"}, "wrong: %s" % found)
        expect(len(found["topic_rights", "wrong"]) == 1, "of followup nothing is wrong")


def each_other_s_rights(around):
    """The two configurations, exchanged."""
    with Setup(around) as setup:
        found = setup.doctor(intake=BROKER.client("followup"), followup=BROKER.client("intake"))
        expect(len(found["topic_rights", "wrong"]) == 4, "wrong: %s" % found)


def a_certificate_nobody_knows(around):
    with Setup(around) as setup:
        found = setup.doctor(intake=BROKER.client("intake", "unknown"))
        expect(wrong(found) == {"kafka_unreachable"}, "wrong: %s" % found)


CASES = {
    "the rights of the documents": the_rights_of_the_documents,
    "no rights": no_rights,
    "each other's rights": each_other_s_rights,
    "a broker's certificate of an unknown authority": a_certificate_nobody_knows,
}


def main():
    global BROKER
    folder = tempfile.mkdtemp(prefix="doctor.")
    try:
        if not all(map(shutil.which, ("openssl", "java"))):
            raise NotRun("needs openssl and java")
        BROKER = SecureBroker(folder)
        return harness.run(CASES)
    except NotRun as why:
        print("not run: %s" % why)
        return harness.NOT_RUN
    finally:
        if BROKER is not None:
            BROKER.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
