#!/usr/bin/env python3
"""Publishes one absence record as HR holds it: publish.py BROKERS [PROPERTY=VALUE...]

Needs confluent-kafka. A property for TLS: security.protocol=ssl."""
import datetime
import json
import sys
import uuid

from confluent_kafka import Producer

RECORD = {
    "organisation": "RW3", "absence_id": "A-3001", "version": 1, "person_id": "P-91",
    "category": "sickness", "onset_date": datetime.date.today().isoformat(), "last_day": None,
    "reason": {"scheme": "esr", "code": "S12"},
    "contact": {"name": "Test Person 91", "phone": "07700 900091", "voicemail": False},
}


def event(kind, record):
    """The whole record as it now stands, as a structured CloudEvent."""
    return {
        "specversion": "1.0", "id": str(uuid.uuid4()), "source": "/hr/RW3",
        "type": "org.dayfour.absence.%s.v1" % kind,
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "datacontenttype": "application/json", "data": record}


def main(brokers, *properties):
    failures = []

    def delivered(error, _message):
        if error is not None:
            failures.append(error)

    producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True,
                         **dict(item.split("=", 1) for item in properties)})
    producer.produce(
        "absence.events", key=RECORD["person_id"],
        value=json.dumps(event("opened", RECORD)),
        headers={"content-type": "application/cloudevents+json"}, on_delivery=delivered)
    left = producer.flush(30)
    for error in failures:
        print("not delivered:", error, file=sys.stderr)
    return 1 if failures or left else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
