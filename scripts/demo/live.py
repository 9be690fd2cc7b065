#!/usr/bin/env python3
"""It publishes one message, and measures the time until a clinician has its task.

    python3 scripts/demo/live.py EVENT-FILE --login LOGIN --password-file FILE

EVENT-FILE holds one absence event. PG_DSN, KAFKA_BROKERS and DAYFOUR (the program) come from the
environment.
"""
import argparse
import json
import os
import subprocess
import time
from pathlib import Path

from database import Database

PATIENCE = 30  # seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("event", type=Path)
    parser.add_argument("--login", required=True)
    parser.add_argument("--password-file", required=True)
    args = parser.parse_args()
    event = json.loads(args.event.read_text(encoding="utf-8"))
    person = event["data"]["person_id"]
    clinician = Database(args.login, args.password_file)
    began = time.monotonic()
    subprocess.run([os.environ["DAYFOUR"], "publish", "-"], input=json.dumps(event), text=True,
                   stdout=subprocess.DEVNULL, check=True)
    sent = time.monotonic()
    query = """select task_id, due_date, name, phone from oh.worklist
               where person_id = '%s' and '%s' = any(absence_ids)""" % (
                   person, event["data"]["absence_id"])
    task = clinician.rows(query)
    while not task and time.monotonic() < sent + PATIENCE:
        time.sleep(0.01)
        task = clinician.rows(query)
    if not task:
        raise SystemExit("no task after %d s" % PATIENCE)
    print("  On the worklist %.2f s after `dayfour publish` was called (%.2f s after it ended):" % (
        time.monotonic() - began, time.monotonic() - sent))
    print("  task {task_id}, due {due_date}: ring {name}, {phone}".format(**task[0]))


if __name__ == "__main__":
    main()
