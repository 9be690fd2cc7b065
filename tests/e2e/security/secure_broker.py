"""A real broker with TLS listeners and ACLs, beside the plain one of the tests: it takes over
deploy/kafka's template and adds what a protected installation has.

Listeners: plain, on loopback, whose users may do everything (the test's own hands); secure, which
asks for a certificate and takes its common name for the principal; three whose own certificate
is expired, for another name, and of an authority nobody knows; and password, with SCRAM within TLS."""
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "deploy" / "kafka"), str(HERE)]
import harness  # noqa: E402
import topics  # noqa: E402
from authority import Authority  # noqa: E402

KINDS = ("secure", "expired", "misnamed", "unknown")
PASSWORD = "password"  # that listener, which is no kind of certificate
USERS = {"intake": "i-1234567", "followup": "f-1234567"}
TOPIC, GROUP, TRANSACTIONAL_ID = 2, 3, 5
RESOURCES = {"topic": TOPIC, "group": GROUP, "transactional-id": TRANSACTIONAL_ID}
OPERATIONS = {"read": 3, "write": 4, "describe": 8}
LITERAL, PREFIXED, ALLOW, CREATE_ACLS = 3, 4, 3, 30


def free_ports(count):
    ports = set()
    while len(ports) < count:
        ports.add(harness.free_port())
    return list(ports)


def jars():
    version = re.search(r"<kafka.version>(.*)</kafka.version>",
                        (ROOT / "deploy/kafka/pom.xml").read_text()).group(1)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = cache / "dayfour" / ("kafka-" + version) / "lib"
    if not found.exists():
        raise harness.NotRun("needs the broker's jars")
    return str(found / "*")


class SecureBroker:
    def __init__(self, folder):
        self.dir = Path(folder)
        self.ours = Authority(folder, "ours")
        self.stranger = Authority(folder, "stranger")
        certificates = {
            "secure": self.ours.issue("broker"),
            "expired": self.ours.issue("broker-expired", end="20210101000000Z"),
            "misnamed": self.ours.issue("broker-misnamed", hosts="DNS:other.example"),
            "unknown": self.stranger.issue("broker-unknown")}
        plain, controller, *rest = free_ports(3 + len(KINDS))
        self.ports = dict(zip((*KINDS, PASSWORD), rest))
        certificates[PASSWORD] = certificates["secure"]
        self.brokers = "127.0.0.1:%d" % plain
        self.config = self.dir / "server.properties"
        self.config.write_text(self.properties(plain, controller, certificates))
        java = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", jars()]
        subprocess.run(java + ["kafka.tools.StorageTool", "format", "-t",
                               "AAAAAAAAAAAAAAAAAAAAAA"[:21] + "g", "-c", self.config,
                               *(word for user in USERS.items() for word in (
                                   "--add-scram", "SCRAM-SHA-512=[name=%s,password=%s]" % user))],
                       check=True, capture_output=True, timeout=120)
        self.java = java
        self.process = None
        self.start()

    def properties(self, plain, controller, certificates):
        text = (ROOT / "deploy/kafka/server.properties.in").read_text()
        for name, value in (("PORT", plain), ("CONTROLLER_PORT", controller),
                            ("DATA", self.dir / "data")):
            text = text.replace("@%s@" % name, str(value))
        lines = [line for line in text.splitlines() if not re.match(
            r"(listeners|advertised.listeners|listener.security.protocol.map)=", line)]
        names = ",".join("%s://127.0.0.1:%d" % (k.upper(), p) for k, p in self.ports.items())
        lines += ["listeners=PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d,%s" % (
                      plain, controller, names),
                  "advertised.listeners=PLAINTEXT://127.0.0.1:%d,%s" % (plain, names),
                  "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,"
                  + ",".join(k.upper() + ":SSL" for k in KINDS) + ",%s:SASL_SSL" % PASSWORD.upper(),
                  "listener.name.%s.sasl.enabled.mechanisms=SCRAM-SHA-512" % PASSWORD,
                  "listener.name.%s.scram-sha-512.sasl.jaas.config="
                  "org.apache.kafka.common.security.scram.ScramLoginModule required;" % PASSWORD,
                  "inter.broker.listener.name=PLAINTEXT",
                  "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                  "super.users=User:ANONYMOUS",
                  "ssl.principal.mapping.rules=RULE:^CN=([^,]*).*$/$1/"]
        for kind, (cert, key) in certificates.items():
            both = self.dir / (kind + ".store.pem")
            both.write_text(key.read_text() + cert.read_text())
            prefix = "listener.name.%s.ssl." % kind
            lines += [prefix + "keystore.type=PEM", prefix + "keystore.location=%s" % both,
                      prefix + "truststore.type=PEM",
                      prefix + "truststore.location=%s" % self.ours.cert,
                      prefix + "client.auth=" + ("none" if kind == PASSWORD else "required")]
        return "\n".join(lines) + "\n"

    def start(self):
        with open(self.dir / "broker.log", "ab") as log:
            self.process = subprocess.Popen(self.java + ["kafka.Kafka", self.config], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True)
        end = time.monotonic() + 90
        while True:
            try:
                topics.metadata(self.brokers)
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise harness.Failure("the broker does not start: %s" % (
                        self.dir / "broker.log").read_text()[-2000:]) from None
                time.sleep(0.2)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    # --- rights

    def allow(self, lines):
        """(principal, resource, name, operations) as in deploy/kafka/acls.txt."""
        acls = []
        for principal, resource, name, operations in lines:
            pattern = PREFIXED if name.endswith("*") else LITERAL
            for operation in operations:
                acls.append(bytes([RESOURCES[resource]]) + topics.string(name.rstrip("*"))
                            + bytes([pattern]) + topics.string("User:" + principal)
                            + topics.string("*") + bytes([OPERATIONS[operation], ALLOW]))
        r = topics.ask(self.brokers, CREATE_ACLS, 1, topics.array(acls))
        r.take("i")
        for _ in range(r.take("i")):
            code, why = r.take("h"), r.text()
            harness.expect(code == 0, "ACL: %s" % why)

    # --- clients

    def client(self, name, kind="secure", authority=None, cert=None):
        """Properties of a client with a certificate of that name."""
        pair = cert or self.ours.issue(name)
        return {"bootstrap.servers": "127.0.0.1:%d" % self.ports[kind],
                "security.protocol": "ssl", "ssl.ca.location": (authority or self.ours).cert,
                "ssl.certificate.location": pair[0], "ssl.key.location": pair[1]}


    def client_by_password(self, name, password=None):
        return {"bootstrap.servers": "127.0.0.1:%d" % self.ports[PASSWORD], "security.protocol": "sasl_ssl",
                "ssl.ca.location": self.ours.cert, "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": name,
                "sasl.password": password or USERS[name]}


def shipped_acls(rename):
    """deploy/kafka/acls.txt, with names replaced as rename says."""
    for line in (ROOT / "deploy/kafka/acls.txt").read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            yield words[0], words[1], rename.get(words[2], words[2]), words[3:]


def as_settings(properties):
    """For Stage.start_intake and its like."""
    found = {"kafka__prop__" + name.replace(".", "__"): value
             for name, value in properties.items() if name != "bootstrap.servers"}
    found["kafka__brokers"] = properties["bootstrap.servers"]
    return found


def kcat(properties, *arguments, data=None):
    """(exit code, output, errors)"""
    words = [w for name, value in properties.items() for w in ("-X", "%s=%s" % (name, value))]
    done = subprocess.run(["kcat", *words, *arguments], input=data, capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr
