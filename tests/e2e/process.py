"""The kernel's figures of a process."""
import os
from pathlib import Path


def cpu_seconds(pid):
    """User and system, since it began."""
    parts = Path("/proc/%d/stat" % pid).read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid, field):
    """field: as in /proc/PID/status, such as VmHWM for the most that was resident."""
    for line in Path("/proc/%d/status" % pid).read_text(encoding="utf-8").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return 0


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))
