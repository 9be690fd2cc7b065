#!/usr/bin/env python3
"""Topics of a broker without authentication, in milliseconds where Kafka's own tool starts a JVM.

  topics.py --brokers HOST:PORT[,...] [--timeout S] [--pid PID] create NAME:PARTITIONS[:key=value]...
  topics.py --brokers HOST:PORT[,...] list | ends NAME... | delete NAME... | grow NAME:PARTITIONS...
  topics.py --brokers HOST:PORT[,...] reached NAME <POSITIONS

create leaves topics that exist as they are, waits for the broker to come up and for every
partition to have a leader. --pid gives up at once when that process is gone. ends prints topic,
partition and end offset. reached succeeds if the positions (JSON, from `dayfour positions`) are
at the end of every partition.
"""
import argparse
import json
import os
import socket
import struct
import sys
import time

LIST_OFFSETS, METADATA, CREATE_TOPICS, DELETE_TOPICS, CREATE_PARTITIONS = 2, 3, 19, 20, 37
TOPIC_EXISTS, NO_SUCH_TOPIC = 36, 3
ERRORS = {3: "no such topic", 7: "request timed out", 17: "invalid topic name", 29: "not allowed",
          36: "exists", 37: "invalid number of partitions", 38: "invalid replication factor",
          40: "invalid setting"}


class Failed(Exception):
    pass


def string(text):
    raw = text.encode()
    return struct.pack(">h", len(raw)) + raw


def array(items):
    return struct.pack(">i", len(items)) + b"".join(items)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, fmt):
        (value,) = struct.unpack_from(">" + fmt, self.data, self.at)
        self.at += struct.calcsize(">" + fmt)
        return value

    def text(self):
        length = self.take("h")
        if length < 0:
            return None
        raw = self.data[self.at:self.at + length]
        self.at += length
        return raw.decode()

    def list(self, item):
        return [item() for _ in range(self.take("i"))]


def connect(brokers):
    last = None
    for broker in brokers.split(","):
        host, _, port = broker.strip().rpartition(":")
        try:
            return socket.create_connection((host.strip("[]"), int(port)), timeout=10)
        except OSError as error:
            last = error
    raise last or OSError("no broker named")


def exactly(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise OSError("connection closed")
        data += part
    return data


def ask(brokers, key, version, body):
    with connect(brokers) as sock:
        request = struct.pack(">hhi", key, version, 1) + string("dayfour-topics") + body
        sock.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", exactly(sock, 4))
        reader = Reader(exactly(sock, size))
    reader.take("i")
    return reader


def metadata(brokers, names=None):
    """{name: (error, [leader of each partition])}; all topics without names."""
    wanted = struct.pack(">i", -1) if names is None else array([string(n) for n in names])
    r = ask(brokers, METADATA, 4, wanted + b"\0")
    r.take("i")
    nodes = r.list(lambda: (r.take("i"), r.text(), r.take("i"), r.text()))
    r.text()
    r.take("i")

    def partition():
        r.take("h")
        r.take("i")
        leader = r.take("i")
        r.list(lambda: r.take("i"))
        r.list(lambda: r.take("i"))
        return leader

    def topic():
        error, name = r.take("h"), r.text()
        r.take("b")
        return name, (error, r.list(partition))

    topics = dict(r.list(topic))
    return topics if nodes else {}


def outcome(r, has_text, fine):
    """Reads the answers of a create, delete or grow; raises for the first one that is not fine."""
    r.take("i")
    for _ in range(r.take("i")):
        name, code = r.text(), r.take("h")
        text = r.text() if has_text else None
        if code not in fine:
            raise Failed(f"{name}: {text or ERRORS.get(code, f'error {code}')}")


def ends(brokers, name):
    """[(partition, end offset)]; of committed records. One broker only: it leads every partition."""
    error, leaders = metadata(brokers, [name])[name]
    if error:
        raise Failed(f"{name}: {ERRORS.get(error, f'error {error}')}")
    latest = [struct.pack(">iq", p, -1) for p in range(len(leaders))]
    body = struct.pack(">ib", -1, 1) + array([string(name) + array(latest)])
    r = ask(brokers, LIST_OFFSETS, 2, body)
    r.take("i")
    found = []
    for _ in range(r.take("i")):
        r.text()
        for _ in range(r.take("i")):
            partition, error, _, offset = r.take("i"), r.take("h"), r.take("q"), r.take("q")
            if error:
                raise Failed(f"{name} {partition}: {ERRORS.get(error, f'error {error}')}")
            found.append((partition, offset))
    return sorted(found)


def reached(brokers, name, text):
    rows = json.loads(text) if text.startswith("[") else [json.loads(t) for t in text.splitlines()]
    at = {r["partition"]: r["next_offset"] for r in rows if r["topic"] == name}
    return all(at.get(partition, 0) >= end for partition, end in ends(brokers, name))


def parse(spec):
    name, _, rest = spec.partition(":")
    partitions, _, settings = rest.partition(":")
    pairs = [s.split("=", 1) for s in settings.split(",") if s]
    return name, int(partitions), pairs


def create(brokers, specs, timeout_s, pid):
    topics = []
    for name, partitions, pairs in specs:
        settings = array([string(k) + string(v) for k, v in pairs])
        topics.append(string(name) + struct.pack(">ih", partitions, -1) + array([]) + settings)
    body = array(topics) + struct.pack(">i?", 10000, False)
    until = time.monotonic() + timeout_s
    created = False
    while True:
        try:
            if not created:
                outcome(ask(brokers, CREATE_TOPICS, 4, body), True, (0, TOPIC_EXISTS))
                created = True
            found = metadata(brokers, [s[0] for s in specs])
            if all(error == 0 and min(leaders, default=-1) >= 0 for error, leaders in found.values()):
                return
            why = "partitions without a leader"
        except OSError as error:
            why = str(error)
        if pid and not os.path.exists(f"/proc/{pid}"):
            raise Failed("the broker ended")
        if time.monotonic() > until:
            raise Failed(f"broker not ready in {timeout_s} s: {why}")
        time.sleep(0.05)


def main():
    args = argparse.ArgumentParser(usage=__doc__)
    args.add_argument("--brokers", required=True)
    args.add_argument("--timeout", type=float, default=60)
    args.add_argument("--pid", type=int)
    args.add_argument("command", choices=["create", "list", "ends", "reached", "delete", "grow"])
    args.add_argument("topics", nargs="*")
    a = args.parse_args()
    if a.command == "create":
        create(a.brokers, [parse(t) for t in a.topics], a.timeout, a.pid)
    elif a.command == "list":
        for name, (_, leaders) in sorted(metadata(a.brokers).items()):
            print(f"{name} {len(leaders)}")
    elif a.command == "ends":
        for name in a.topics:
            for partition, end in ends(a.brokers, name):
                print(f"{name} {partition} {end}")
    elif a.command == "reached":
        sys.exit(0 if reached(a.brokers, a.topics[0], sys.stdin.read().strip()) else 1)
    elif a.command == "delete":
        body = array([string(t) for t in a.topics]) + struct.pack(">i", 10000)
        outcome(ask(a.brokers, DELETE_TOPICS, 3, body), False, (0, NO_SUCH_TOPIC))
    else:
        items = [string(n) + struct.pack(">ii", p, -1) for n, p, _ in map(parse, a.topics)]
        body = array(items) + struct.pack(">i?", 10000, False)
        outcome(ask(a.brokers, CREATE_PARTITIONS, 1, body), True, (0,))


if __name__ == "__main__":
    try:
        main()
    except (Failed, OSError, ValueError) as problem:
        sys.exit(f"topics: {problem}")
