"""Hosts of our own on one machine: a network namespace each, on a switch (switch.c) that can lose or delay what
passes between any two of them. It takes root; `./run faults` keeps it in a mount namespace, so that the names
end with the run whatever becomes of it."""
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
NET = "10.99.0"


class NoNetwork(Exception):
    """None can be made here."""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoNetwork("%s: %s" % (" ".join(command), done.stderr.strip()))


class Network:
    def __init__(self, hosts, program):
        self.hosts = list(hosts)
        self.tag = "df%d" % os.getpid()
        self.made = []
        self.switch = None
        try:
            self.make(program)
        except BaseException:
            self.close()
            raise

    def name(self, host):
        return "%s-%s" % (self.tag, host)

    def number(self, host):
        return self.hosts.index(host) + 1

    def address(self, host):
        return "%s.%d" % (NET, self.number(host))

    def make(self, program):
        for host in self.hosts:
            run("ip", "netns", "add", self.name(host))
            self.made.append(host)
        self.switch = subprocess.Popen([program, *map(self.name, self.hosts)], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True, start_new_session=True)
        if self.switch.stdout.readline() != "ready\n":
            raise NoNetwork("no switch can be made here")
        for host in self.hosts:
            within = ("ip", "-n", self.name(host))
            run(*within, "link", "set", "lan", "address", "02:00:00:00:00:%02x" % self.number(host))
            run(*within, "addr", "add", self.address(host) + "/24", "dev", "lan")
            run(*within, "link", "set", "lan", "up")
            run(*within, "link", "set", "lo", "up")

    def on(self, host):
        """The prefix of a command that runs on that host."""
        return ["ip", "netns", "exec", self.name(host)]

    def enter(self, host):
        """This thread, and what it starts from now on."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/var/run/netns/" + self.name(host), "rb") as ns:
            if libc.setns(ns.fileno(), CLONE_NEWNET) != 0:
                raise NoNetwork(os.strerror(ctypes.get_errno()))

    def tell(self, *words):
        self.switch.stdin.write(" ".join(map(str, words)) + "\n")
        self.switch.stdin.flush()
        if self.switch.stdout.readline() != "ok\n":
            raise NoNetwork("the switch has ended")

    def cut(self, one, other):
        self.tell("cut", self.number(one), self.number(other))

    def cut_one_way(self, sender, receiver):
        self.tell("one", self.number(sender), self.number(receiver))

    def cut_off(self, host, but=()):
        for other in self.hosts:
            if other != host and other not in but:
                self.cut(host, other)

    def slow(self, one, other, ms):
        self.tell("slow", self.number(one), self.number(other), ms)

    def heal(self):
        self.tell("heal")

    def close(self):
        if self.switch is not None:
            self.switch.stdin.close()
            try:
                self.switch.wait(5)
            except subprocess.TimeoutExpired:
                self.switch.kill()
                self.switch.wait()
            self.switch.stdout.close()
        for host in self.made:
            subprocess.run(["ip", "netns", "del", self.name(host)], capture_output=True, check=False)
