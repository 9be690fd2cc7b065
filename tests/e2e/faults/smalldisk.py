"""A small filesystem for the tables of one database, that can be filled. It takes root, and a server of our
own; `./run faults` keeps it in a mount namespace, so that it ends with the run whatever becomes of that."""
import errno
import os
import pwd
import subprocess
import time
from pathlib import Path

SIZE = 512 << 20
PAGE = 4096
REFUSED = b"No space left on device"


class NoSmallDisk(Exception):
    """None can be made here."""


class SmallDisk:
    def __init__(self, stage, run_dir):
        self.stage = stage
        self.log = Path(run_dir) / "log" / "postgres.log"
        self.name = stage.id + "_small"
        place = Path(run_dir) / "postgres.dir"
        if os.geteuid() != 0 or not place.exists():
            raise NoSmallDisk("only root can make a small disk, for a server of its own")
        self.folder = Path(place.read_text().strip() + ".small")
        self.ballast = self.folder / "ballast"
        self.mounted = False
        try:
            self.mount()
            stage.end_session()
            stage.sql("create tablespace %s location '%s'" % (self.name, self.folder / "tables"),
                      database=None)
            stage.sql("alter database %s set tablespace %s" % (stage.id, self.name), database=None)
        except BaseException:
            self.close()
            raise

    def mount(self):
        self.folder.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d,mode=0755" % SIZE, "none", self.folder],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoSmallDisk("no small disk can be made here: %s" % done.stderr.strip())
        self.mounted = True
        owner = pwd.getpwnam("postgres")
        tables = self.folder / "tables"
        tables.mkdir(mode=0o700)
        os.chown(tables, owner.pw_uid, owner.pw_gid)

    def free(self):
        here = os.statvfs(self.folder)
        return here.f_bavail * here.f_frsize

    def fill(self):
        """To the last page, while the server takes some, too."""
        with open(self.ballast, "ab") as out:
            more = max(self.free(), PAGE)
            while more >= PAGE:
                try:
                    os.posix_fallocate(out.fileno(), os.fstat(out.fileno()).st_size, more)
                    more = self.free()
                except OSError as full:
                    if full.errno != errno.ENOSPC:
                        raise
                    more //= 2

    def empty(self):
        self.ballast.unlink(missing_ok=True)

    def refusals(self):
        """How often the server has said so."""
        return self.log.read_bytes().count(REFUSED)

    def full(self, seconds, at_most):
        """Is full so long, from the first time on that something was refused for it; gives how often."""
        before = self.refusals()
        end = time.monotonic() + at_most
        try:
            while self.refusals() == before and time.monotonic() < end:
                self.fill()
                time.sleep(0.1)
            time.sleep(seconds)
            return self.refusals() - before
        finally:
            self.empty()

    def close(self):
        """After the stage, whose database lies on it."""
        self.stage.sql("drop tablespace if exists %s" % self.name, database=None, check=False)
        if self.mounted:
            self.empty()
            subprocess.run(["umount", "-l", self.folder], check=False)
            self.mounted = False
        try:
            self.folder.rmdir()
        except OSError as problem:
            print("cleaning up: %s" % problem)
