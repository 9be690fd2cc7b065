"""`./run faults --cluster`: the same stream and the same verdict over three brokers and three databases on a network.

With a synchronous standby nothing may be lost or doubled, whichever standby is promoted. With --asynchronous one is
promoted now and then that lacks commits: followup must stop by name (position_ahead), and what operators are told to
do (doc/operations.md) must bring everything back, where records may come again with the same id and the same bytes."""
import collections
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import harness
from cluster import BROKERS, DATABASES, Cluster, until
from faults import PARTITIONS, Actor, Run
from followup_stage import FollowupStage
from nemesis import PATIENCE, Nemesis
from network import Network, NoNetwork
from verdict import demand

SERVICES = ("s1", "s2")
BEHIND = (1, 4)  # seconds by which a standby lags that is then promoted
AHEAD = "position_ahead"


def kafka_home():
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return sorted((cache / "dayfour").glob("kafka-*"))[-1]


class ClusterStage(FollowupStage):
    more_env = {"DAYFOUR_ALLOW_INSECURE": "true"}


class ClusterActor(Actor):
    """followup may stop by name where a standby without the last commits was promoted."""

    def stopped_by_name(self):
        ended = self.service.process.poll() is not None
        return ended and any(line.get("reason") == AHEAD or line.get("event") == AHEAD
                             for line in self.service.lines()[-3:])

    def check(self):
        if self.run.asynchronous and not self.expected_dead and self.stopped_by_name():
            return  # the nemesis brings it back
        super().check()


class ClusterRun(Run):
    where = "three of each"

    def __init__(self, around, seed, minutes, asynchronous):
        self.asynchronous = asynchronous
        if asynchronous:
            self.where = "three of each, asynchronous"
        self.folder = Path(tempfile.mkdtemp(prefix="dayfour-cluster."))
        self.folder.chmod(0o755)
        self.net = self.cluster = None
        self.served = 0
        try:
            self.net = Network(["t", *SERVICES, *BROKERS, *DATABASES], around.bin / "fault_switch")
            self.net.enter("t")
            self.cluster = Cluster(self.net, self.folder, kafka_home())
            self.cluster.start()
            around.dsn, around.brokers = self.cluster.dsn, self.cluster.bootstrap
            super().__init__(around, seed, minutes)
        except NoNetwork as why:
            self.close_servers()
            raise harness.NotRun(str(why)) from why
        except BaseException:
            self.close_servers()
            raise

    def new_stage(self, settings):
        return ClusterStage(self.around, PARTITIONS, settings, now=self.now)

    def new_nemesis(self):
        self.disk = None
        return ClusterNemesis(self)

    def new_actor(self, kind):
        return ClusterActor(self, kind)

    def ways(self, kind):
        return {"pg__dsn": self.stage.dsn(kind), "kafka__brokers": self.around.brokers, "allow_insecure": "true"}

    def next_host(self):
        self.served += 1
        return self.net.on(SERVICES[self.served % len(SERVICES)])

    def cuts(self):
        return {}

    def servers_up(self):
        self.calm()

    def server_logs(self):
        return sorted(self.folder.glob("*.log"))

    def calm(self):
        if self.net.switch.poll() is None:
            self.net.heal()
        for server in [*self.cluster.brokers, *self.cluster.databases.values()]:
            server.resume()

    def close(self):
        try:
            self.calm()
            self.nemesis.close()
            self.stage.close()
        except subprocess.TimeoutExpired as problem:  # no primary is left to drop the database: it goes with the folder
            print("  %s" % problem)
        finally:
            self.close_servers()

    def close_servers(self):
        if self.cluster is not None:
            self.cluster.close()
        if self.net is not None:
            self.net.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class ClusterNemesis(Nemesis):
    def __init__(self, run):
        super().__init__(run)
        self.cluster, self.net = run.cluster, run.net

    def pause(self, *seconds):
        time.sleep(self.rng.choice(seconds))

    # --- brokers

    def crash_broker(self):
        broker = self.rng.choice(self.cluster.brokers)
        broker.kill()
        self.pause(0, 1, 4, 8)
        broker.start()
        return "a broker killed", time.monotonic()

    def crash_two_brokers(self):
        """Too few in step: nobody may write until one is back."""
        two = self.rng.sample(self.cluster.brokers, 2)
        for broker in two:
            broker.kill()
            self.pause(0, 0.5)
        self.pause(0, 2, 5)
        for broker in two:
            broker.start()
        return "two brokers killed", time.monotonic()

    def freeze_broker(self):
        broker = self.rng.choice(self.cluster.brokers)
        broker.pause()
        self.pause(1, 4, 8, 14)
        broker.resume()
        return "a broker frozen", time.monotonic()

    def cut_off_broker(self):
        """Its clients still reach it, and it does not know that it no longer leads."""
        host = self.rng.choice(BROKERS)
        for other in BROKERS:
            if other != host:
                self.net.cut(host, other)
        self.pause(2, 6, 12)
        self.net.heal()
        return "a broker cut off from the others", time.monotonic()

    # --- databases

    def crash_database(self):
        primary = self.cluster.databases[self.cluster.primary]
        primary.kill()
        self.pause(0, 0.5, 3)
        primary.start()
        self.cluster.wait_sql(self.cluster.primary)
        return "the primary crashed", time.monotonic()

    def freeze_database(self):
        host = self.rng.choice(DATABASES)
        self.cluster.databases[host].pause()
        self.pause(1, 3, 7)
        self.cluster.databases[host].resume()
        return "%s frozen" % ("the primary" if host == self.cluster.primary else "a standby"), time.monotonic()

    def crash_standby(self):
        """Without the synchronous one no commit is answered."""
        standby = self.cluster.databases[self.cluster.synchronous]
        standby.kill()
        self.pause(0, 2, 5)
        standby.start()
        self.cluster.wait_sql(standby.host)
        return "the synchronous standby killed", time.monotonic()

    def promote(self):
        """The primary dies; the synchronous standby takes over."""
        self.cluster.databases[self.cluster.primary].kill()
        self.pause(0, 1, 4)
        self.cluster.promote(self.cluster.synchronous)
        self.stage.end_session()
        return "the synchronous standby promoted", time.monotonic()

    def promote_behind_a_cut(self):
        """The old primary lives on, out of everybody's reach, and comes back believing that it still is one: no
        commit of it can have been answered, as it has no standby."""
        old, new = self.cluster.primary, self.cluster.synchronous
        self.net.cut_off(old)
        self.pause(0, 2, 5)
        self.cluster.sql(new, "select pg_promote(true, 60)", seconds=90)
        self.pause(0, 1)
        self.net.heal()
        self.pause(0, 1, 3)
        self.cluster.promote(new)
        self.stage.end_session()
        return "a standby promoted behind a cut", time.monotonic()

    def promote_asynchronous(self):
        """A standby that lacks the last commits takes over. followup stops by name, or has nothing to stop for."""
        late = self.cluster.asynchronous
        self.net.cut(late, self.cluster.primary)
        time.sleep(self.rng.uniform(*BEHIND))
        self.cluster.databases[self.cluster.primary].kill()
        self.cluster.databases[self.cluster.synchronous].kill()
        self.net.heal()
        self.cluster.promote(late)
        self.stage.end_session()
        self.stage.positions.clear()
        self.run.told.clear()
        since = time.monotonic()
        self.bring_back()
        return "a standby without the last commits promoted", since

    def bring_back(self):
        """As doc/operations.md has it: the command, then the service is started again."""
        stopped = []

        def settled():
            stopped[:] = [a for a in self.run.actors if a.kind == "followup" and a.stopped_by_name()]
            return stopped or self.someone_confirms()

        self.confirmed = None
        until(settled, "followup to stop by name, or to publish", PATIENCE)
        if stopped:
            self.side["followup stopped by name"] += len(stopped)
            time.sleep(1)
            for actor in self.run.actors:
                if actor.kind == "followup" and not actor.stopped_by_name():
                    actor.end()
            self.accept_the_older_database()
            for actor in self.run.actors:
                if actor.kind == "followup":
                    actor.start()

    def someone_confirms(self):
        rows = self.stage.ask("select shard, confirmed_batch from followup.shard order by 1")
        if rows and self.confirmed is None:
            self.confirmed = rows
        return rows and rows != self.confirmed

    def accept_the_older_database(self):
        for shard in self.stage.sql("select shard from followup.shard order by 1").split():
            self.stage.dayfour("positions", "recover", shard, typed="recover\n")

    # --- the network

    def between(self):
        """Two hosts that talk to each other."""
        return self.rng.choice([
            (self.rng.choice(SERVICES), self.rng.choice(BROKERS)),
            (self.rng.choice(SERVICES), self.cluster.primary),
            tuple(self.rng.sample(BROKERS, 2)), (self.cluster.primary, self.cluster.synchronous)])

    @staticmethod
    def kind_of_host(host):
        return {"s": "a service", "k": "a broker", "p": "a database"}[host[0]]

    def cut_two(self):
        one, other = self.between()
        one_way = self.rng.random() < 0.3
        if one_way:
            self.net.cut_one_way(*self.rng.sample([one, other], 2))
        else:
            self.net.cut(one, other)
        self.pause(1, 4, 9, 13)
        self.net.heal()
        return "%s and %s cut%s" % (self.kind_of_host(one), self.kind_of_host(other),
                                    " one way" if one_way else ""), time.monotonic()

    def cut_off_service(self):
        self.net.cut_off(self.rng.choice(SERVICES))
        self.pause(2, 6, 13)
        self.net.heal()
        return "a host of services cut off", time.monotonic()

    def slow_down(self):
        one, other = self.between()
        self.net.slow(one, other, self.rng.choice([5, 50, 300]))
        time.sleep(self.rng.uniform(1, 4))
        self.net.heal()
        return "%s and %s slow" % (self.kind_of_host(one), self.kind_of_host(other)), time.monotonic()

    def deeds_and_weights(self):
        deeds = [(self.kill_service, 6), (self.freeze_service, 3), (self.freeze_two, 1), (self.kill_both, 2),
                 (self.storm, 1), (self.add_partition, 1), (self.crash_broker, 4), (self.crash_two_brokers, 2),
                 (self.freeze_broker, 3), (self.cut_off_broker, 3), (self.crash_database, 2),
                 (self.freeze_database, 2), (self.crash_standby, 2), (self.promote, 3),
                 (self.promote_behind_a_cut, 2), (self.no_connections, 1), (self.step_clock, 2), (self.cut_two, 5),
                 (self.cut_off_service, 2), (self.slow_down, 3), (self.hold_tasks, 2), (self.flood, 1)]
        return deeds + ([(self.promote_asynchronous, 4)] if self.run.asynchronous else [])
