"""Process identity, by which another process on the same machine can prove that it ended (promise 4)."""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process, unique over reboots and reused pids. What the system does not tell is None."""

    host: str
    pid: int
    boot_id: str | None
    pid_namespace: str | None
    process_start: str | None

    def as_dict(self) -> dict[str, Any]:
        """The values by name."""
        return asdict(self)

    def proves_dead(self, observer: ProcessIdentity) -> bool:
        """Whether `observer`, on the same boot and in the same pid namespace, finds no such process."""
        # Without any of them nothing is proven: then only the heartbeat tells.
        if None in (self.boot_id, self.pid_namespace, self.process_start):
            return False
        if (self.boot_id, self.pid_namespace) != (observer.boot_id, observer.pid_namespace):
            return False
        return _process_start(self.pid) != self.process_start


def own_identity() -> ProcessIdentity:
    """The identity of the calling process."""
    # Not cached: a forked child would claim to be its parent.
    pid = os.getpid()
    return ProcessIdentity(socket.gethostname()[:255], pid, _boot_id(), _pid_namespace(), _process_start(pid))


def _boot_id() -> str | None:
    return _read(Path("/proc/sys/kernel/random/boot_id"))


def _pid_namespace() -> str | None:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return None


def _process_start(pid: int) -> str | None:
    """Clock ticks since boot at which `pid` began (proc(5), field 22); None where it is gone or a zombie."""
    stat = _read(Path(f"/proc/{pid}/stat"))
    if stat is None:
        return None
    # After the last ")": the command's name in field 2 may hold spaces and parentheses itself.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else fields[19]


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
