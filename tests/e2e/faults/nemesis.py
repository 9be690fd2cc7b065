"""The deeds done to services, servers and the network, and the time until work continues after each."""
import collections
import os
import random
import signal
import subprocess
import time

import harness
from harness import Failure
from verdict import NoVerdict, demand

STUCK = 240          # seconds without having recovered, with servers that answer
BUSY = 24            # load beyond which a machine proves nothing about that
SERVER_TRIES = 4     # a broker on a busy machine may take several
SERVER_SECONDS = 600
PATIENCE = 600       # for whatever else the harness itself waits for
PILED_UP = 0.35      # of the deeds, the share after which the next one does not wait
PARTITIONS_MOST = 12
FULL_AT_MOST = 12    # seconds to wait for a write that is refused
SEVERAL = "the last of several in a row"


class Nemesis:
    def __init__(self, run):
        self.run, self.stage = run, run.stage
        self.rng = random.Random("nemesis/%d" % run.seed)
        self.deeds = collections.Counter()
        self.side = collections.Counter()          # what came with them
        self.recoveries = collections.defaultdict(list)
        self.partitions = run.stage.partitions
        self.last = ""
        self.login = None
        self.sessions = []                         # of the clinician

    # --- servers

    def server(self, action, name):
        """As often and as long as it takes: that they come up is not what is tested."""
        for attempt in range(SERVER_TRIES):
            try:
                done = subprocess.run(
                    [harness.ROOT / "run", "server", action, name], timeout=SERVER_SECONDS,
                    env={**os.environ, "DAYFOUR_RUN_DIR": str(self.run.around.run_dir)},
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
            except subprocess.TimeoutExpired:
                continue
            if done.returncode == 0:
                return
            print("  %s %s, try %d: %s" % (action, name, attempt + 1, done.stderr.strip()[-300:]),
                  flush=True)
            time.sleep(2)
        raise NoVerdict("%s: could not %s it" % (name, action))

    # --- who does what now

    def owners(self):
        """Process ids that own a partition, and that own a shard."""
        text = self.stage.ask("select 'i', owner from intake.position where topic = '%s' union all"
                              " select 'f', owner from followup.shard where until > now()"
                              % self.stage.topic)
        found = {"intake": set(), "followup": set()}
        for row in text.split():
            which, _, owner = row.partition("|")
            if owner.count("/") >= 1:
                found["intake" if which == "i" else "followup"].add(int(owner.split("/")[1]))
        return found

    def name_of(self, actor):
        idle = actor.service.process.pid not in self.owners()[actor.kind]
        return actor.kind + (" standing by" if idle else "")

    def pick(self):
        return self.rng.choice(self.run.actors)

    # --- deeds: each gives its name, and the moment from which recovery is counted

    def kill_service(self):
        actor = self.pick()
        name = self.name_of(actor)
        actor.kill()
        since = time.monotonic()
        time.sleep(self.rng.choice([0, 0.3, 2]))
        actor.start()
        return name + " killed", since

    def freeze_service(self):
        actor = self.pick()
        name = self.name_of(actor)
        actor.service.signal(signal.SIGSTOP)
        time.sleep(self.rng.choice([0.5, 2, 5, 13]))
        actor.service.signal(signal.SIGCONT)
        return name + " frozen", time.monotonic()

    def freeze_two(self):
        one, other = self.rng.sample(self.run.actors, 2)
        one.service.signal(signal.SIGSTOP)
        time.sleep(self.rng.choice([1, 5, 12]))
        other.service.signal(signal.SIGSTOP)
        one.service.signal(signal.SIGCONT)
        time.sleep(self.rng.choice([1, 5]))
        other.service.signal(signal.SIGCONT)
        return "two services frozen in turn", time.monotonic()

    def kill_both(self):
        """Both of a kind at once."""
        kind = self.rng.choice(["intake", "followup"])
        both = [actor for actor in self.run.actors if actor.kind == kind]
        for actor in both:
            actor.kill()
        since = time.monotonic()
        for actor in both:
            actor.start()
        return "both %ss killed" % kind, since

    def storm(self):
        """Members of the group that come and go."""
        for _ in range(self.rng.randint(2, 4)):
            extra = self.run.new_actor("intake")
            time.sleep(self.rng.uniform(0.3, 2))
            if self.rng.random() < 0.5:
                extra.kill()
            else:
                extra.end()
            self.side["rebalances forced"] += 2
        return "intakes come and go", time.monotonic()

    def add_partition(self):
        if self.partitions >= PARTITIONS_MOST:
            return self.storm()
        self.partitions += 1
        self.run.around.topics("grow", "%s:%d" % (self.stage.topic, self.partitions))
        return "partition added", time.monotonic()

    def crash_broker(self):
        self.server("kill", "kafka")
        time.sleep(self.rng.choice([0, 1, 4]))
        self.server("start", "kafka")
        return "broker killed", time.monotonic()

    def freeze_broker(self):
        self.server("pause", "kafka")
        time.sleep(self.rng.choice([1, 4, 8]))
        self.server("resume", "kafka")
        return "broker frozen", time.monotonic()

    def crash_database(self):
        self.server("kill", "postgres")
        time.sleep(self.rng.choice([0, 0.5, 3]))
        self.server("start", "postgres")
        return "database crashed", time.monotonic()

    def freeze_database(self):
        self.server("pause", "postgres")
        time.sleep(self.rng.choice([1, 3, 7]))
        self.server("resume", "postgres")
        return "database frozen", time.monotonic()

    def refuse(self, forbid, allow):
        """The database refuses something to both services for a while."""
        roles = ["%s_%s" % (self.stage.id, kind) for kind in ("intake", "followup")]
        for role in roles:
            self.stage.sql(forbid % role)
        self.cut_by_server()
        time.sleep(self.rng.choice([1, 4]))
        for role in roles:
            self.stage.sql(allow % role)
        self.cut_by_server()  # what was opened under the other rule
        return time.monotonic()

    def cut_by_server(self):
        self.stage.sql("select count(pg_terminate_backend(pid)) from pg_stat_activity"
                       " where usename like '%s\\_%%'" % self.stage.id)

    def no_connections(self):
        return "too many connections", self.refuse(
            "alter role %s connection limit 0", "alter role %s connection limit -1")

    def read_only(self):
        return "database read-only", self.refuse(
            "alter role %s set default_transaction_read_only = on",
            "alter role %s reset default_transaction_read_only")

    def disk_full(self):
        """For the tables. Where no small disk can be made it is left out."""
        if self.run.disk is None:
            return self.read_only()
        self.side["writes refused by a full disk"] += self.run.disk.full(
            self.rng.choice([0, 1, 4]), FULL_AT_MOST)
        return "disk full", time.monotonic()

    def step_clock(self):
        forward = self.run.clock.step(self.rng)
        since = time.monotonic()
        time.sleep(0.5)  # they look at it five times a second
        return "clock set %s" % ("forward" if forward else "back"), since

    def network(self):
        """(what, the proxy before it)."""
        return self.rng.choice([("database", self.run.proxy), ("broker", self.run.kafka_proxy)])

    def cut_sessions(self):
        what, proxy = self.network()
        proxy.cut_all()
        return "sessions with the %s cut" % what, time.monotonic()

    def cut_commits(self):
        what, proxy = self.network()
        proxy.cut_commits(self.rng.choice([1, 2, 5]))
        end = time.monotonic() + 8
        while proxy.cuts_wanted > 0 and time.monotonic() < end:
            time.sleep(0.02)
        proxy.cuts_wanted = 0
        return "%s cut in the middle" % (
            "COMMITs" if what == "database" else "ends of Kafka transactions"), time.monotonic()

    def slow_down(self):
        what, proxy = self.network()
        proxy.delay = self.rng.choice([0.005, 0.05, 0.3])
        time.sleep(self.rng.uniform(1, 4))
        proxy.delay = 0.0
        return what + " slow", time.monotonic()

    def part_network(self):
        what, proxy = self.network()
        proxy.dark = True
        time.sleep(self.rng.choice([1, 4, 12]))
        proxy.dark = False
        return what + " out of reach", time.monotonic()

    # --- logins that mean no harm, or some

    def clinician(self):
        """A login of its own, made by the first deed that needs one."""
        if self.login is None:
            self.login = self.stage.new_clinician("nemesis", ["RW3", "RX1"], ["physiotherapy", "mental-health"])
        return "%s user=%s password=%s" % (self.stage.dsn(), self.login, self.stage.password)

    def as_clinician(self, *statements):
        """A session that is left alone with these; it ends by itself, or with the run."""
        session = subprocess.Popen(["psql", "-XAtq", "-d", self.clinician()], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
        session.stdin.write("".join(s + ";\n" for s in statements))
        session.stdin.close()
        self.sessions = [s for s in self.sessions if s.poll() is None] + [session]

    def hold_tasks(self):
        """A transaction left open over a screen full of tasks. It is rolled back: the model knows no claims here."""
        seconds = self.rng.choice([3, 10, 25])
        self.as_clinician(
            "begin", "select count(oh.claim(task_id)) from (select task_id from oh.worklist where assigned_to is null"
            " limit 20) t", "select oh.opt_out('RW3', 'NEVER-SEEN')", "select pg_sleep(%d)" % seconds, "rollback")
        time.sleep(0.3)
        return "a clinician holds a transaction", time.monotonic()

    def flood(self):
        """Notifications and large transactions, as fast as one login can."""
        self.as_clinician(
            "begin", "select count(pg_notify('dayfour_wake', repeat(n::text, 1000))) from generate_series(1, 20000) n",
            "select count(*) from oh.worklist, generate_series(1, 20)", "commit")
        time.sleep(0.3)
        return "a clinician floods", time.monotonic()

    def deeds_and_weights(self):
        return [(self.kill_service, 9), (self.freeze_service, 4), (self.freeze_two, 1), (self.kill_both, 2),
                (self.storm, 2), (self.add_partition, 1), (self.crash_broker, 1), (self.freeze_broker, 1.5),
                (self.crash_database, 2), (self.freeze_database, 1.5), (self.no_connections, 1), (self.read_only, 1),
                (self.disk_full, 1.5), (self.step_clock, 3), (self.cut_sessions, 4), (self.cut_commits, 7),
                (self.slow_down, 2), (self.part_network, 2), (self.hold_tasks, 2), (self.flood, 1)]

    def choose(self):
        deeds = self.deeds_and_weights()
        return self.rng.choices([d for d, _ in deeds], [w for _, w in deeds])[0]

    def close(self):
        for session in self.sessions:
            session.kill()
            session.wait()

    # --- recovery

    def state(self):
        """({partition: next offset}, {shard: (next batch, confirmed)}, nothing is left to do);
        None: nobody answers."""
        text = self.stage.ask(
            "select 'p', partition, next_offset, 0 from intake.position where topic = '%s'"
            " union all select 's', shard, next_batch, confirmed_batch from followup.shard"
            " union all select 'i', 0, (people_due = 0 and unconfirmed = 0)::int, 0 from ops.backlog"
            % self.stage.topic)
        if not text:
            return None
        at, shards, idle = {}, {}, False
        for row in text.split():
            which, a, b, c = row.split("|")
            if which == "p":
                at[int(a)] = int(b)
            elif which == "s":
                shards[int(a)] = (int(b), int(c))
            else:
                idle = b == "1"
        return at, shards, idle

    def wait_recovered(self, name, since):
        """Until of each partition a message that came after the deed is taken in, and then each shard
        has claimed and confirmed another batch, or nothing is left to do. The stream continues."""
        before = dict(self.run.ends)
        ends, marks = {}, None
        end = time.monotonic() + STUCK
        while True:
            streaming = self.run.publishing.is_alive()
            now = dict(self.run.ends)
            for partition in before:
                if not streaming or now[partition] > before[partition]:
                    ends.setdefault(partition, now[partition])
            state = self.state()
            if state is not None:
                at, shards, idle = state
                if marks is None and len(ends) == len(before) and all(
                        at.get(p, 0) >= n for p, n in ends.items()):
                    marks = {shard: following for shard, (following, _) in shards.items()}
                if marks is not None and (idle or all(
                        shards[shard][1] >= mark for shard, mark in marks.items())):
                    self.recoveries[name].append(round(time.monotonic() - since, 2))
                    return
            self.run.look_at_actors()
            if time.monotonic() > end:
                self.stuck("%s s after %s: at %s, published up to %s, shards %s" % (
                    STUCK, name, state and state[0], now, state and state[1]))
            time.sleep(0.1)

    def stuck(self, what):
        if os.getloadavg()[0] > BUSY:
            raise NoVerdict("too busy a machine: " + what)
        self.servers_answer()
        demand(False, "stuck", what)

    def servers_answer(self):
        """Otherwise nobody knows whose fault it is."""
        try:
            self.stage.sql("select 1")
            self.run.around.topics("list")
        except (Failure, subprocess.TimeoutExpired) as problem:
            raise NoVerdict("a server does not answer: %s" % problem) from problem

    # --- all of it

    def disturb(self, seconds):
        began = time.monotonic()
        waited = True  # after the deed before
        while time.monotonic() - began < seconds:
            time.sleep(self.rng.uniform(0.2, 1.5))
            deed = self.choose()
            piled_up = self.rng.random() < PILED_UP
            at = time.monotonic() - began
            self.last = deed.__name__
            name, since = deed()
            self.deeds[name] += 1
            self.run.watch()
            took = ""
            if not piled_up:
                self.wait_recovered(name if waited else SEVERAL, since)
                took = ": %.1f s" % self.recoveries[name if waited else SEVERAL][-1]
            waited = not piled_up
            print("  %4d s  %s%s" % (at, name, took), flush=True)
