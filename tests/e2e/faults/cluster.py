"""Three Kafka brokers (two in step at least, min.insync.replicas 2) and three PostgreSQL servers (one primary, one
synchronous and one asynchronous standby), each on a host of its own (network.py)."""
import base64
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

import harness
from verdict import NoVerdict

BROKERS = ("k1", "k2", "k3")
DATABASES = ("p1", "p2", "p3")
KAFKA_PORT, CONTROLLER_PORT, PG_PORT = 9092, 9093, 5432
PATIENCE = 180

# The differences from the one node of deploy/kafka/server.properties.in.
BROKER_LINES = """
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
replica.lag.time.max.ms=4000
replica.socket.timeout.ms=4000
controller.quorum.election.timeout.ms=1500
controller.quorum.fetch.timeout.ms=3000
unclean.leader.election.enable=false
auto.leader.rebalance.enable=true
leader.imbalance.check.interval.seconds=20
"""

PG_LINES = """
listen_addresses = '%s'
unix_socket_directories = ''
max_connections = 60
shared_buffers = 64MB
wal_level = replica
max_wal_senders = 8
wal_keep_size = 512MB
hot_standby = on
synchronous_commit = on
synchronous_standby_names = ''
wal_receiver_timeout = 6s
wal_sender_timeout = 6s
wal_retrieve_retry_interval = 500ms
wal_log_hints = on
password_encryption = scram-sha-256
logging_collector = off
log_line_prefix = '%%m [%%p] %%a '
timezone = 'UTC'
"""


def until(done, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise NoVerdict("%s: not within %d s" % (what, seconds))
        time.sleep(0.1)


class Server:
    """A process on a host, that is killed, paused and started."""

    def __init__(self, cluster, host):
        self.cluster, self.net, self.host = cluster, cluster.net, host
        self.dir = cluster.dir / host
        self.log = cluster.dir / (host + ".log")
        self.process = None

    def spawn(self, command, **more):
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(self.net.on(self.host) + command, stdout=out, stderr=out, cwd="/",
                                            stdin=subprocess.DEVNULL, start_new_session=True, **more)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal_all(self, number):
        """PostgreSQL is several processes; they have a session of their own."""
        if self.running:
            os.killpg(self.process.pid, number)

    def kill(self):
        self.signal_all(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def pause(self):
        self.signal_all(signal.SIGSTOP)

    def resume(self):
        self.signal_all(signal.SIGCONT)


class Broker(Server):
    def __init__(self, cluster, host):
        super().__init__(cluster, host)
        self.number = BROKERS.index(host) + 1
        self.dir.mkdir()
        self.conf = self.dir / "server.properties"
        self.conf.write_text(self.properties())
        data = self.dir / "data"
        data.mkdir()
        shutil.copy(cluster.kafka / "bootstrap.checkpoint", data)
        (data / "meta.properties").write_text("version=1\nnode.id=%d\ncluster.id=%s\ndirectory.id=%s\n" % (
            self.number, cluster.cluster_id, cluster.random_id()))

    def properties(self):
        text = (harness.ROOT / "deploy/kafka/server.properties.in").read_text()
        here = self.net.address(self.host)
        lines = [line for line in text.splitlines()
                 if not line.startswith(("node.id", "controller.quorum", "listeners", "advertised", "offsets.topic.rep",
                                         "transaction.state.log.r", "transaction.state.log.m", "auto.leader"))]
        voters = ",".join("%d@%s:%d" % (n + 1, self.net.address(host), CONTROLLER_PORT)
                          for n, host in enumerate(BROKERS))
        lines += ["node.id=%d" % self.number, "controller.quorum.voters=" + voters,
                  "listeners=PLAINTEXT://%s:%d,CONTROLLER://%s:%d" % (here, KAFKA_PORT, here, CONTROLLER_PORT),
                  "advertised.listeners=PLAINTEXT://%s:%d" % (here, KAFKA_PORT), BROKER_LINES]
        return "\n".join(lines).replace("@DATA@", str(self.dir / "data"))

    def start(self):
        archive = sorted(self.cluster.kafka.glob("classes-*.jsa"))
        self.spawn(["java", "-XX:+UseSerialGC", "-cp", "%s/lib/*" % self.cluster.kafka,
                    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Xms96m", "-Xmx384m",
                    "-XX:TieredStopAtLevel=1", *("-XX:SharedArchiveFile=%s" % a for a in archive[:1]),
                    "kafka.Kafka", str(self.conf)])


class Database(Server):
    def __init__(self, cluster, host):
        super().__init__(cluster, host)
        self.bin = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]

    def as_postgres(self, *command):
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *map(str, command)]

    def tool(self, *command):
        env = {**os.environ, "PGPASSWORD": self.cluster.secret}
        done = subprocess.run(self.net.on(self.host) + self.as_postgres(*command), cwd="/", env=env,
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise NoVerdict("%s: %s" % (command[0], done.stderr.strip()))

    def fresh_folder(self):
        owner = pwd.getpwnam("postgres")
        # The postmaster was killed, and its last children may still write: they end within a second or so.
        until(lambda: shutil.rmtree(self.dir, ignore_errors=True) or not self.dir.exists(), "the old folder to go")
        self.dir.mkdir(mode=0o700)
        os.chown(self.dir, owner.pw_uid, owner.pw_gid)

    def make(self):
        self.fresh_folder()
        secret = self.cluster.dir / "secret"
        secret.write_text(self.cluster.secret)
        shutil.chown(secret, "postgres")
        self.tool(self.bin / "initdb", "-D", self.dir, "-U", "postgres", "--pwfile=%s" % secret, "-E", "UTF8",
                  "--locale=C.UTF-8", "--data-checksums", "--auth=scram-sha-256", "--no-instructions")
        (self.dir / "pg_hba.conf").write_text(
            "host all all 10.99.0.0/24 scram-sha-256\nhost replication all 10.99.0.0/24 scram-sha-256\n")
        self.settle_in()

    def settle_in(self):
        """The settings of this host, beside the primary's that a copy brings."""
        (self.dir / "host.conf").write_text(PG_LINES % self.net.address(self.host))
        text = (self.dir / "postgresql.conf").read_text()
        if "host.conf" not in text:
            (self.dir / "postgresql.conf").write_text(text + "\ninclude 'host.conf'\n")

    def start(self):
        """Children of a killed postmaster hold its memory for a moment. Until they end, a new one ends at once."""
        until(self.stays, "PostgreSQL on %s to start" % self.host)

    def stays(self):
        self.spawn(self.as_postgres(self.bin / "postgres", "-D", self.dir, "-p", PG_PORT))
        time.sleep(0.5)
        return self.running

    def copy_of(self, primary):
        """A standby of that primary, made from nothing."""
        self.kill()
        self.fresh_folder()
        self.tool(self.bin / "pg_basebackup", "-h", self.net.address(primary), "-p", PG_PORT, "-U", "postgres", "-D",
                  self.dir, "-R", "-X", "stream", "-c", "fast")
        self.settle_in()
        (self.dir / "postgresql.auto.conf").write_text(
            "primary_conninfo = 'host=%s port=%d user=postgres password=%s application_name=%s'\n" % (
                self.net.address(primary), PG_PORT, self.cluster.secret, self.host))
        shutil.chown(self.dir / "postgresql.auto.conf", "postgres")
        self.start()
        self.cluster.wait_sql(self.host)

    def sql(self, text, check=True):
        return self.cluster.sql(self.host, text, check)


class Cluster:
    """The hosts k1 to k3 and p1 to p3 of a network; the caller's thread is on another of its hosts."""

    def __init__(self, net, folder, kafka):
        self.net, self.dir, self.kafka = net, Path(folder), Path(kafka)
        self.cluster_id = self.random_id()
        self.secret = secrets.token_hex(16)
        self.brokers = [Broker(self, host) for host in BROKERS]
        self.databases = {host: Database(self, host) for host in DATABASES}
        self.primary, self.synchronous = "p1", "p2"

    @staticmethod
    def random_id():
        return base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")

    @property
    def bootstrap(self):
        return ",".join("%s:%d" % (self.net.address(host), KAFKA_PORT) for host in BROKERS)

    @property
    def dsn(self):
        return "host=%s port=%s user=postgres password=%s target_session_attrs=read-write connect_timeout=3" % (
            ",".join(self.net.address(host) for host in DATABASES), ",".join([str(PG_PORT)] * 3), self.secret)

    def sql(self, host, text, check=True, seconds=20):
        try:
            done = subprocess.run(
                ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
                 "host=%s port=%d user=postgres password=%s dbname=postgres connect_timeout=3" % (
                     self.net.address(host), PG_PORT, self.secret), "-c", text],
                capture_output=True, text=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired as slow:
            if check:
                raise NoVerdict("%s does not answer" % host) from slow
            return None
        if done.returncode != 0:
            if check:
                raise NoVerdict("%s: %s" % (host, done.stderr.strip()))
            return None
        return done.stdout.strip()

    def wait_sql(self, host):
        until(lambda: self.sql(host, "select 1", check=False) == "1", "PostgreSQL on " + host)

    def start(self):
        for broker in self.brokers:
            broker.start()
        first = self.databases[self.primary]
        first.make()
        first.start()
        self.wait_sql(self.primary)
        for host in DATABASES[1:]:
            self.databases[host].copy_of(self.primary)
        self.be_synchronous(self.synchronous)

    def be_synchronous(self, standby):
        """From now on no commit is answered before that standby has it."""
        self.synchronous = standby
        self.sql(self.primary, "alter system set synchronous_standby_names = '%s'" % standby)
        self.sql(self.primary, "select pg_reload_conf()")
        until(lambda: self.sql(self.primary, "select sync_state from pg_stat_replication where application_name = '%s'"
                               % standby, check=False) == "sync", standby + " to be in step")

    @property
    def asynchronous(self):
        return next(h for h in DATABASES if h not in (self.primary, self.synchronous))

    def promote(self, host):
        """The primary is dead for good; the others become standbys of the new one."""
        for other in DATABASES:
            if other != host:
                self.databases[other].kill()
        # A commit on the new primary waits for a synchronous standby again before it is answered: the setting came
        # with the copy, and names one that is yet to be made.
        standby, late = (h for h in DATABASES if h != host)
        if self.sql(host, "select pg_is_in_recovery()") == "t":
            self.sql(host, "select pg_promote(true, 60)", seconds=90)
        self.primary = host
        self.sql(host, "alter system set synchronous_standby_names = '%s'" % standby)
        self.sql(host, "select pg_reload_conf()")
        self.databases[standby].copy_of(host)
        self.be_synchronous(standby)
        self.databases[late].copy_of(host)

    def close(self):
        for server in [*self.brokers, *self.databases.values()]:
            server.resume()
            server.kill()
