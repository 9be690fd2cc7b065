"""TCP proxies between the services and their servers that can be told to be slow, to let nothing
through, and to cut a session in the middle of a commit, before or after the server has it: a COMMIT
of PostgreSQL's, the end of a transaction of Kafka's."""
import random
import selectors
import socket
import struct
import threading
import time

COMMIT = b"commit"  # the name of the statement, as every bind of it carries it
CHUNK = 65536


class Proxy:
    def __init__(self, target, seed):
        self.target = target
        self.rng = random.Random(seed)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.pairs = set()
        self.delay = 0.0     # seconds for each chunk
        self.dark = False    # nothing passes, nothing is refused
        self.cuts_wanted = 0 # of COMMITs to come
        self.cuts = 0
        self.closed = False
        threading.Thread(target=self.accept, daemon=True).start()

    # --- what the test asks for

    def cut_commits(self, count):
        self.cuts_wanted += count

    def cut_all(self):
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            self.end(pair)

    def calm(self):
        self.delay, self.dark, self.cuts_wanted = 0.0, False, 0

    def close(self):
        self.closed = True
        self.listener.close()
        self.cut_all()

    # --- what it does

    def accept(self):
        while not self.closed:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            server = socket.create_connection(self.target, timeout=5)
        except OSError:
            client.close()
            return
        for s in (client, server):
            s.settimeout(20)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (client, server)
        with self.lock:
            self.pairs.add(pair)
        try:
            self.pump(pair)
        except OSError:
            pass
        self.end(pair)

    def pump(self, pair):
        client, server = pair
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while not self.closed:
                for key, _ in ready.select(0.2):
                    while self.dark and not self.closed:
                        time.sleep(0.02)
                    data = key.fileobj.recv(CHUNK)
                    if not data:
                        return
                    if self.delay:
                        time.sleep(self.delay)
                    if key.fileobj is client and COMMIT in data and self.cuts_wanted > 0:
                        self.cuts_wanted -= 1
                        self.cuts += 1
                        if self.rng.random() < 0.6:  # the server has it, its answer is lost
                            server.sendall(data)
                            time.sleep(self.rng.choice([0, 0.002, 0.02, 0.1]))
                        return
                    key.data.sendall(data)

    def end(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()


# --- Kafka

METADATA, OFFSET_FETCH, FIND_COORDINATOR, ADD_OFFSETS, END_TXN = 3, 9, 10, 25, 26
NAMES_BROKERS = (METADATA, FIND_COORDINATOR)


class Frames:
    """Bytes of a stream, cut into whole requests or answers."""

    def __init__(self):
        self.held = b""

    def feed(self, data):
        self.held += data
        while len(self.held) >= 4:
            size = 4 + struct.unpack(">i", self.held[:4])[0]
            if len(self.held) < size:
                return
            frame, self.held = self.held[:size], self.held[size:]
            yield frame


class KafkaProxy(Proxy):
    """Stands before one broker on 127.0.0.1. Where the broker names itself, its clients get the proxy's address."""

    def __init__(self, target, seed):
        # Cuts the next transaction's end: "request" or "answer", and then all is dark; "connection", with the request;
        # "silence", the request alone.
        self.drop_end = None
        self.late = None      # such an end that never came, sent on in the middle of the next transaction
        self.late_at = None   # before the first request of this kind after it has become light again
        self.late_answer = None
        self.requests = []    # (what, version, frame) of those that are watched
        self.watched = ()
        super().__init__(target, seed)
        self.real = target[0].encode() + struct.pack(">i", target[1])
        self.ours = target[0].encode() + struct.pack(">i", self.port)

    def pump(self, pair):
        client, server = pair
        frames = {client: Frames(), server: Frames()}
        naming = set()  # requests whose answers name brokers
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ)
            ready.register(server, selectors.EVENT_READ)
            while not self.closed:
                for key, _ in ready.select(0.2):
                    while self.dark and not self.closed:
                        time.sleep(0.02)
                    data = key.fileobj.recv(CHUNK)
                    if not data:
                        return
                    if self.delay:
                        time.sleep(self.delay)
                    for frame in frames[key.fileobj].feed(data):
                        if key.fileobj is server:
                            client.sendall(self.renamed(frame, naming))
                        elif not self.pass_request(frame, server, naming):
                            return

    def renamed(self, frame, naming):
        number = frame[4:8]
        if number not in naming:
            return frame
        naming.discard(number)
        return frame.replace(self.real, self.ours)

    def pass_request(self, frame, server, naming):
        """False: the session is cut here."""
        what, version = struct.unpack(">hh", frame[4:8])
        if what in NAMES_BROKERS:
            naming.add(frame[8:12])
        if what in self.watched:
            self.requests.append((what, version, frame))
        if what == END_TXN and self.drop_end is not None:
            dropped, self.drop_end, self.late = self.drop_end, None, frame
            if dropped == "connection":
                return False
            if dropped == "answer":
                server.sendall(frame)
            self.dark = dropped != "silence"
            return True
        if self.late is not None and what == self.late_at:
            self.deliver_late()
        if what == END_TXN and self.cuts_wanted > 0:
            self.cuts_wanted -= 1
            self.cuts += 1
            if self.rng.random() < 0.6:  # the broker has it, its answer is lost
                server.sendall(frame)
                time.sleep(self.rng.choice([0, 0.002, 0.02, 0.1]))
            return False
        server.sendall(frame)
        return True

    def deliver_late(self):
        """As if it had been on its way all the time; waits for the broker to have done it."""
        frame, self.late = self.late, None
        with socket.create_connection(self.target, timeout=20) as late:
            late.sendall(frame)
            self.late_answer = late.recv(CHUNK)
