"""What `doctor` says of a SQLite file: journal, durability, file system, disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from ..values import Finding

NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "ncpfs",
     "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "vboxsf", "prl_fs"}
)  # fmt: skip
"""File systems that are on another machine: their locks, and shared memory, do not hold between machines."""
MOUNTS: Final = "/proc/self/mounts"
MIB: Final = 1024 * 1024
FEW_BYTES: Final = 1024 * MIB
TOO_FEW_BYTES: Final = 100 * MIB
NORMAL: Final = 1
"""What `PRAGMA synchronous` says of NORMAL; less is OFF."""


def examine(conn: Connection) -> Iterator[Finding]:
    """All of them; of an in-memory database none."""
    path = str(conn.exec_driver_sql("PRAGMA database_list").fetchone()[2])  # type: ignore[index]
    if path:
        yield _journal(str(conn.exec_driver_sql("PRAGMA journal_mode").scalar()))
        yield _durability(int(conn.exec_driver_sql("PRAGMA synchronous").scalar() or 0))
        yield _file_system(path)
        yield _disk(path)


def _journal(mode: str) -> Finding:
    if mode == "wal":
        return Finding.ok("journal", "write-ahead log: readers do not wait for writers")
    words = f"the journal mode is {mode}, not wal: readers and writers wait for each other"
    hint = "put the file on a local disk; end whatever keeps it open in another mode, and start again"
    return Finding.serious("journal", words, hint)


def _durability(synchronous: int) -> Finding:
    if synchronous > NORMAL:
        return Finding.ok("durability", "a job that was accepted survives a power failure")
    words = "a power failure may lose the jobs of the last moments"
    return Finding.warning("durability", words, 'leave JOBS_SQLITE_SYNCHRONOUS at "FULL" where that matters')


def _file_system(path: str) -> Finding:
    kind = file_system_of(path)
    if kind in NETWORK:
        words = f"the file is on {kind}, a network file system: it will be corrupted"
        return Finding.serious("file system", words, "move it to a local disk, or use PostgreSQL")
    return Finding.ok("file system", f"{kind or 'unknown'}, {path}")


def file_system_of(path: str, mounts: str = MOUNTS) -> str | None:
    """The kind of the file system that `path` is on; None where the system does not tell."""
    try:
        lines = Path(mounts).read_text(errors="replace").splitlines()
    except OSError:
        return None
    place, found, depth = os.path.realpath(path), None, -1
    for line in lines:
        _device, at, kind, *_ = line.split(" ")
        at = at.replace("\\040", " ")
        # Later ones lie over earlier ones.
        if os.path.commonpath((place, at)) == at and len(at) >= depth:
            found, depth = kind, len(at)
    return found


def _disk(path: str) -> Finding:
    free = shutil.disk_usage(os.path.dirname(path)).free
    words = f"{free / MIB:,.0f} MiB are free"
    if free >= FEW_BYTES:
        return Finding.ok("disk", words)
    level = Finding.serious if free < TOO_FEW_BYTES else Finding.warning
    return level("disk", words, "make room; keep finished jobs for less long (JOBS_RETENTION)")
